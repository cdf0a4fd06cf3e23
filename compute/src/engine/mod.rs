//! The engine: keeps every count of every period equal to what a recompute from all events would give.
//!
//! Events go into their subject's list; subjects that changed, or whose time has come, are folded again; what a
//! subject counted as is taken back and what it counts as now is put in. So order, duplication, lateness and batching
//! cannot matter, and "batch" is one big step. Not here: wire forms, storage, the clock.

mod behind;
mod cells;
mod chain;
mod excerpt;
mod frame;
mod frozen;
mod holders;
mod identity;
mod kept;
mod listing;
mod pages;
mod reconcile;
mod reference;
mod renewal;
mod rest;
mod routed;
mod rows;
mod saved;
mod shard;
mod step;
mod subject;
mod survey;
mod watch;

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

pub use cells::{At, Cells, ShiftError};
pub use excerpt::{EXCERPT_DOSSIERS_MAX, Excerpt, ExcerptError, Happened};
pub use frame::{Frame, OfficerFrame, UnitFrame};
pub use frozen::{
    Delay, FreezeError, Freezing, Frozen, FrozenAgency, FrozenOfficer, FrozenProcedure, FrozenSubject,
    FrozenUnit, Lifted,
};
pub use listing::{Line, ListError, Part, Story, StoryEvent, Who, counts_in};
pub use pages::{CodePage, Codes};
pub use reconcile::{
    CountsAs, Difference, Differing, Evidence, Listed, PortalList, Reconciled, Said, Standing, Turn,
};
pub use reference::Reference;
pub use rest::{Archive, ArchiveEntry, AtRest, RestDraft, RestRule};
pub use routed::Routed;
pub use saved::{RestoreError, Restored, STATE_FORMAT};
pub use shard::{Clash, Tally};
pub use survey::{Bundle, Flagged, Handling, Survey};
pub use watch::{Cause, Holding, Seen, Sighting, Watched};

use crate::calendar::Calendar;
use crate::codes::{Code, CodeBook};
use crate::event::record::subject_hash;
use crate::event::{Family, Record, canonical};
use crate::instant::Instant;
use crate::period::{Kind, Period};
use crate::set::{Catalogue, Mask};
use identity::{Candidate, Identities};
use rows::Window;
use shard::{Shard, SubjectRef, Taken, clash};
use subject::{CountedRow, NOBODY};

/// Below this many events or subjects, threads cost more than they bring.
const PARALLEL_FROM: usize = 2048;
/// Clashes listed; more are only counted.
const CLASHES_MAX: usize = 10_000;

/// Which periods are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// One, for a batch question.
    Only(Period),
    /// Every month, quarter, half and year that meets `[from, now]`, and time moves them on.
    From(Instant),
}

/// What an engine is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Indicator sets.
    pub catalogue: Arc<Catalogue>,
    /// Working days.
    pub calendar: Arc<Calendar>,
    /// The codes events were packed with.
    pub codes: Arc<CodeBook>,
    /// How many shards; results do not depend on it.
    pub shards: usize,
    /// Which periods.
    pub keep: Keep,
    /// Which subjects it counts.
    pub scope: Scope,
}

/// Which subjects an engine counts; what it does not count it still knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// All it has.
    All,
    /// Dossiers only: petitions say which of them are complained about and are counted elsewhere.
    Dossiers,
}

/// The state and its counts.
#[derive(Debug)]
pub struct Engine {
    setup: Setup,
    shards: Vec<Shard>,
    identities: Identities,
    reference: Arc<Reference>,
    is_reference_dirty: bool,
    /// What conditions gave for rows of procedures and agencies.
    frame_masks: frame::FrameMasks,
    /// The next instant at which a frame may change with no event.
    next_frame_change: Instant,
    /// By petition: the dossiers it names.
    named: HashMap<SubjectRef, Vec<Box<[u8]>>, RandomState>,
    /// How many standing petitions name a dossier.
    complaints: HashMap<Box<[u8]>, u32, RandomState>,
    timers: std::collections::BTreeMap<Instant, Vec<SubjectRef>>,
    /// What time alone changes is timed.
    is_timed: bool,
    as_of: Instant,
    periods: Vec<PeriodState>,
    classes: Vec<Mask>,
    class_numbers: HashMap<Mask, u32, RandomState>,
    /// What subjects count as, each list once.
    row_lists: Vec<Box<[CountedRow]>>,
    row_numbers: HashMap<Box<[CountedRow]>, u32, RandomState>,
    row_buffer: Vec<CountedRow>,
    tally: Tally,
    /// By code of the source.
    sources: Vec<Tally>,
    clashes: Vec<Clash>,
    version: u64,
    /// A save under way.
    saving: Option<saved::Saving>,
    /// Where subjects at rest lie.
    archive: Option<Arc<dyn Archive>>,
    at_rest: AtRest,
    /// Subjects on their way to rest.
    leaving: Option<rest::Leaving>,
    /// All at rest is to be folded again; whether it is among the counts.
    refold: Option<bool>,
    /// The archive failed.
    trouble: Option<String>,
    /// Lists at hand.
    kept: kept::KeptLists,
}

#[derive(Debug)]
struct PeriodState {
    period: Period,
    cells: Arc<Cells>,
    frame: Arc<Frame>,
    /// The cut its frame was built for; time alone changes only frames whose cut still moves.
    frame_cut: Instant,
}

/// What readers see of one period.
#[derive(Clone, Debug)]
pub struct PeriodSnapshot {
    /// The earlier of `as_of` and the period's end.
    pub cut: Instant,
    /// Rows, and counts of procedures and agencies.
    pub frame: Arc<Frame>,
    /// Counts of dossiers and petitions.
    pub cells: Arc<Cells>,
}

/// What readers see: immutable, cheap to make.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Facts are as of here.
    pub as_of: Instant,
    /// Rises with every change.
    pub version: u64,
    /// What happened to the events so far.
    pub tally: Tally,
    /// How much of it lies outside memory.
    pub at_rest: AtRest,
    /// The periods kept, in order of their start, then shorter first.
    pub periods: Vec<PeriodSnapshot>,
    /// Indicator sets.
    pub catalogue: Arc<Catalogue>,
    /// The texts behind codes.
    pub codes: Arc<CodeBook>,
}

impl Snapshot {
    /// The snapshot of one period.
    pub fn period(&self, period: Period) -> Option<&PeriodSnapshot> {
        self.periods.iter().find(|known| known.frame.period == period)
    }
}

impl Engine {
    /// An engine that has seen nothing.
    pub fn new(setup: Setup) -> Engine {
        let shards = setup.shards.max(1);
        Engine {
            shards: (0..shards).map(Shard::new).collect(),
            is_timed: matches!(setup.keep, Keep::From(_)),
            setup: Setup { shards, ..setup },
            identities: Identities::new(),
            reference: Arc::default(),
            is_reference_dirty: true,
            frame_masks: frame::FrameMasks::default(),
            next_frame_change: Instant::FIRST,
            named: HashMap::default(),
            complaints: HashMap::default(),
            timers: std::collections::BTreeMap::new(),
            as_of: Instant::FIRST,
            periods: Vec::new(),
            classes: Vec::new(),
            class_numbers: HashMap::default(),
            row_lists: Vec::new(),
            row_numbers: HashMap::default(),
            row_buffer: Vec::new(),
            tally: Tally::default(),
            sources: Vec::new(),
            clashes: Vec::new(),
            version: 0,
            saving: None,
            archive: None,
            at_rest: AtRest::default(),
            leaving: None,
            refold: None,
            trouble: None,
            kept: kept::KeptLists::default(),
        }
    }

    /// The codes events must be packed with.
    pub fn codes(&self) -> Arc<CodeBook> {
        Arc::clone(&self.setup.codes)
    }

    /// How many shards there are.
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// What happened to the events so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// What happened to the events of each source, by its code; sources nothing came from are left out.
    pub fn tallies(&self) -> Vec<(Code, Tally)> {
        let tallies = self.sources.iter().enumerate().filter(|(_, tally)| tally.consumed > 0);
        tallies.map(|(code, tally)| (Code::from_index(code), *tally)).collect()
    }

    fn set_tallies(&mut self, tallies: &[(Code, Tally)]) {
        for (code, tally) in tallies {
            let code = code.index();
            if self.sources.len() <= code {
                self.sources.resize(code + 1, Tally::default());
            }
            self.sources[code] = *tally;
            self.tally.add(*tally);
        }
    }

    /// Copies that lost against another of the same identity, the first ten thousand.
    pub fn clashes(&self) -> &[Clash] {
        &self.clashes
    }

    /// Facts are as of here.
    pub fn as_of(&self) -> Instant {
        self.as_of
    }

    /// What dossiers are judged against.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Takes events. They count from the next [`Engine::advance`] on. `routed` is emptied by the caller.
    pub fn apply(&mut self, routed: &[Routed]) {
        let codes = Arc::clone(&self.setup.codes);
        let names = codes.names();
        let (count, shards) = (routed.iter().map(Routed::len).sum::<usize>(), self.shards.len());
        let archive = self.archive.clone();
        let take = |(number, shard): (usize, &mut Shard)| -> Taken {
            let mut taken = Taken::default();
            for batch in routed.iter().map(|routed| &routed.batches[number]) {
                let one = shard.take(batch, shards, &names, archive.as_deref());
                taken.stored.extend(one.stored);
                taken.clashes.extend(one.clashes);
                taken.woken.extend(one.woken);
                taken.trouble = taken.trouble.or(one.trouble);
            }
            taken
        };
        let taken: Vec<Taken> = if count < PARALLEL_FROM {
            self.shards.iter_mut().enumerate().map(take).collect()
        } else {
            std::thread::scope(|scope| {
                let work: Vec<_> =
                    self.shards.iter_mut().enumerate().map(|work| scope.spawn(move || take(work))).collect();
                work.into_iter().map(|thread| thread.join().expect("a shard that can be trusted")).collect()
            })
        };
        let mut stored = Vec::new();
        for (number, taken) in taken.into_iter().enumerate() {
            if let Some(why) = taken.trouble {
                self.note_trouble(&why);
            }
            self.welcome(number, taken.woken);
            let room = CLASHES_MAX.saturating_sub(self.clashes.len());
            self.clashes.extend(taken.clashes.into_iter().take(room));
            stored.push(taken.stored);
        }
        for shard in &mut self.shards {
            for (source, tally) in shard.take_tallies() {
                let source = source as usize;
                if self.sources.len() <= source {
                    self.sources.resize(source + 1, Tally::default());
                }
                self.sources[source].add(tally);
                self.tally.add(tally);
            }
        }
        drop(names);
        self.wake_holders(&stored);
        let candidates = self.identities.add(&stored, shards);
        for candidate in candidates {
            self.settle(candidate);
        }
        assert!(
            self.tally.is_conserved(),
            "every event is applied, duplicate or superseded: {:?}",
            self.tally
        );
    }

    /// One identity on two subjects: the smaller copy wins, the other is dropped.
    fn settle(&mut self, candidate: Candidate) {
        let codes = Arc::clone(&self.setup.codes);
        let names = codes.names();
        let count = self.shards.len();
        let (new, old) = (candidate.stored.subject, candidate.other);
        let subject = |at: SubjectRef| &self.shards[at.shard(count)].subjects[at.place(count)];
        let hash = candidate.stored.identity_hash;
        let is_it = |record: &Record<'_>| {
            let id = std::str::from_utf8(record.id).unwrap_or_default();
            crate::event::record::identity_hash(names.text(record.source), id) == hash
        };
        let find = |at: SubjectRef| subject(at).records().find(is_it);
        let (Some(one), Some(other)) = (find(new), find(old)) else { return };
        if one.source != other.source || one.id != other.id {
            return;
        }
        let order = canonical::compete((&one, subject(new).code()), (&other, subject(old).code()), &names);
        let (winner, loser) = if order.is_lt() { (new, old) } else { (old, new) };
        let listed = clash(if order.is_lt() { &one } else { &other }, subject(winner).code(), &names);
        let (source, id) = (one.source, Box::<[u8]>::from(one.id));
        for tally in [&mut self.tally, &mut self.sources[source.index()]] {
            tally.applied -= 1;
            tally.superseded += 1;
        }
        if self.clashes.len() < CLASHES_MAX {
            self.clashes.push(listed);
        }
        let (number, place) = (loser.shard(count), loser.place(count));
        let shard = &mut self.shards[number];
        shard.before_change(place);
        shard.subjects[place].remove(source, &id);
        shard.mark(place);
        self.identities.remove(identity::Stored { identity_hash: hash, subject: loser });
    }

    /// The windows of all periods that have begun at `as_of`.
    fn windows(&self) -> Vec<Window> {
        self.periods.iter().map(|state| Window::new(state.period, self.as_of)).collect()
    }

    /// Periods begin as time passes; a new one has all dossiers in hand folded again.
    fn begin_periods(&mut self) -> bool {
        let mut wanted = match self.setup.keep {
            Keep::Only(period) => vec![period],
            Keep::From(from) => periods_between(from, self.as_of),
        };
        wanted.retain(|period| !self.periods.iter().any(|known| known.period == *period));
        for period in &wanted {
            let cells = Arc::new(Cells::of(&self.setup.catalogue));
            let frame = Arc::new(Frame::empty(*period));
            self.periods.push(PeriodState { period: *period, cells, frame, frame_cut: Instant::FIRST });
        }
        !wanted.is_empty()
    }

    /// What readers see now.
    pub fn snapshot(&self) -> Snapshot {
        let mut periods: Vec<PeriodSnapshot> = self
            .periods
            .iter()
            .map(|state| PeriodSnapshot {
                cut: Window::new(state.period, self.as_of).cut,
                frame: Arc::clone(&state.frame),
                cells: Arc::clone(&state.cells),
            })
            .collect();
        periods.sort_by_key(|state| (state.frame.period.start(), state.frame.period.kind()));
        Snapshot {
            as_of: self.as_of,
            version: self.version,
            tally: self.tally,
            at_rest: self.at_rest,
            periods,
            catalogue: Arc::clone(&self.setup.catalogue),
            codes: Arc::clone(&self.setup.codes),
        }
    }

    /// Whether anything was ever heard of this subject; one at rest is not looked for.
    pub fn knows(&self, family: Family, code: &str) -> bool {
        self.find(family, code).is_some()
    }

    /// The class of a mask, new or known.
    fn class(&mut self, mask: Mask) -> u32 {
        *self.class_numbers.entry(mask).or_insert_with(|| {
            self.classes.push(mask);
            u32::try_from(self.classes.len() - 1).expect("fewer classes than rows")
        })
    }

    /// The number of a list of rows, new or known.
    fn rows(&mut self, rows: &[CountedRow]) -> u32 {
        if let Some(number) = self.row_numbers.get(rows) {
            return *number;
        }
        let number = u32::try_from(self.row_lists.len()).expect("fewer lists than subjects");
        self.row_lists.push(rows.into());
        self.row_numbers.insert(rows.into(), number);
        number
    }

    fn find(&self, family: Family, code: &str) -> Option<(usize, usize)> {
        let hash = subject_hash(code);
        let number = shard_of(hash, self.shards.len());
        self.shards[number].place(family, code.as_bytes(), hash).map(|place| (number, place))
    }
}

/// The shard of a subject.
fn shard_of(subject_hash: u64, shards: usize) -> usize {
    usize::try_from(subject_hash >> 32).unwrap_or(0) % shards
}

/// Every period of every kind that begins before `now` and does not end before `from`.
fn periods_between(from: Instant, now: Instant) -> Vec<Period> {
    let mut periods = Vec::new();
    for kind in Kind::ALL {
        let mut period = Period::containing(from, kind);
        while period.start() < now {
            periods.push(period);
            period = period.next();
        }
    }
    periods
}

/// `NOBODY` as an absent code.
fn known(number: u32) -> Option<Code> {
    (number != NOBODY).then(|| Code::from_index(number as usize))
}

/// The code as a number, `NOBODY` if absent.
fn number(code: Option<Code>) -> u32 {
    code.map_or(NOBODY, |code| code.0)
}
