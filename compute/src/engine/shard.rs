//! A shard: the subjects whose codes hash to it, each with its own small list of packed events.
//!
//! A subject's list is unsorted bytes; it is ordered and folded again whenever it, the clock or its
//! surroundings change. All families of one code live in one shard. Not here: what a fold means (`rows`),
//! identities across subjects (`identity`).

use hashbrown::HashTable;

use super::holders::{Holder, Holders};
use super::identity::Stored;
use super::rest::{Archive, ShardResting, Woken};
use super::saved::ShardSaving;
use super::subject::{Counted, NOBODY, Subject};
use crate::codes::{Code, Names};
use crate::event::{Batch, Entry, Family, Record, canonical};
use crate::instant::Instant;
use crate::set::Mask;
use crate::set::memo::Masks;

/// Events whose subjects are looked up before the first of them is taken.
const LOOKUPS_AHEAD: usize = 32;
/// Bytes a record takes beside its own.
const RECORD_EXTRA: usize = 4;

/// A subject anywhere in the engine: its place in its shard, interleaved with the shard's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct SubjectRef(u32);

impl SubjectRef {
    pub(super) fn new(shard: usize, place: usize, shards: usize) -> SubjectRef {
        SubjectRef(u32::try_from(place * shards + shard).expect("fewer than four billion subjects"))
    }

    pub(super) fn shard(self, shards: usize) -> usize {
        self.0 as usize % shards
    }

    pub(super) fn place(self, shards: usize) -> usize {
        self.0 as usize / shards
    }
}

/// Counts of what happened to events handed in.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Events handed in.
    pub consumed: u64,
    /// Stored as events of their own.
    pub applied: u64,
    /// The same as what is stored.
    pub duplicate: u64,
    /// Lost a clash: another copy of the same identity is smaller.
    pub superseded: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: Tally) -> Tally {
        self.add(other);
        self
    }

    pub(super) fn add(&mut self, other: Tally) {
        self.consumed += other.consumed;
        self.applied += other.applied;
        self.duplicate += other.duplicate;
        self.superseded += other.superseded;
    }

    /// consumed = applied + duplicate + superseded.
    pub fn is_conserved(&self) -> bool {
        self.consumed == self.applied + self.duplicate + self.superseded
    }
}

/// A clash of copies, for the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clash {
    /// The sending system.
    pub source: String,
    /// The identity within it.
    pub id: String,
    /// The subject of the copy that won.
    pub subject: String,
}

#[derive(Debug, Default)]
pub(super) struct Shard {
    /// Which of the shards it is.
    number: usize,
    pub(super) subjects: Vec<Subject>,
    /// By place: the procedure a dossier was last folded for, [`MIXED`] if its events name several, else [`NOBODY`].
    /// Beside the subjects, not in them, since a new definition looks through all of them.
    pub(super) procedures: Vec<u32>,
    index: HashTable<(u32, u32)>,
    /// Places of subjects that have left memory.
    vacant: Vec<u32>,
    pub(super) dirty: Vec<u32>,
    pub(super) chains: super::chain::Chains,
    holders: Holders,
    has_retractions: bool,
    /// How far a save under way has come.
    pub(super) saving: Option<ShardSaving>,
    /// Subjects on their way to rest.
    pub(super) resting: Option<ShardResting>,
    /// What happened to events since [`Shard::take_tallies`], by code of their source.
    tallies: Vec<Tally>,
    /// The sources among them that anything happened to.
    touched: Vec<u32>,
    /// Masks of dossiers' rows, and of petitions', as far as they were ever evaluated.
    pub(super) dossier_masks: Option<Masks>,
    pub(super) petition_masks: Option<Masks>,
    /// What is looked for, and what was seen of it.
    pub(super) watched: std::sync::Arc<[super::watch::Watched]>,
    pub(super) seen: super::watch::Seen,
}

/// What taking a batch came to.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) stored: Vec<Stored>,
    pub(super) clashes: Vec<Clash>,
    /// Subjects brought back for it.
    pub(super) woken: Vec<Woken>,
    /// The archive failed; the batch is taken in part.
    pub(super) trouble: Option<String>,
}

fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Shard {
    /// The shard with this number.
    pub(super) fn new(number: usize) -> Shard {
        Shard { number, ..Shard::default() }
    }

    /// Which of the shards it is.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Takes a batch: each event is new, a duplicate, or clashes with the copy stored for its subject.
    pub(super) fn take(
        &mut self,
        batch: &Batch,
        shards: usize,
        names: &Names,
        archive: Option<&dyn Archive>,
    ) -> Taken {
        let mut taken = Taken::default();
        taken.stored.reserve(batch.len());
        let mut places = Vec::with_capacity(LOOKUPS_AHEAD);
        for entries in batch.entries().chunks(LOOKUPS_AHEAD) {
            // Looking up waits for memory: several side by side wait once.
            places.clear();
            for entry in entries {
                let (code, room) = (batch.subject(entry), batch.record_bytes(entry) + RECORD_EXTRA);
                let hash = entry.subject_hash;
                if let Some(place) = self.place(entry.family, code, hash) {
                    places.push(place);
                    continue;
                }
                let asked = archive.filter(|_| entry.family == Family::Dossier);
                match asked.map_or(Ok(None), |archive| self.wake(archive, names, code, hash)) {
                    Ok(Some(woken)) => {
                        places.push(woken.place);
                        taken.woken.push(woken);
                    }
                    Ok(None) => places.push(self.new_place(entry.family, code, hash, room)),
                    Err(error) => {
                        taken.trouble = Some(error.to_string());
                        return taken;
                    }
                }
            }
            for (entry, place) in entries.iter().zip(&places) {
                self.take_one(batch, entry, *place, (self.number, shards), names, &mut taken);
            }
        }
        taken
    }

    fn take_one(
        &mut self,
        batch: &Batch,
        entry: &Entry,
        place: usize,
        (shard, shards): (usize, usize),
        names: &Names,
        taken: &mut Taken,
    ) {
        let record = batch.record(entry);
        self.before_change(place);
        let subject = &mut self.subjects[place];
        let known = Record::find(subject.events(), entry.identity_hash, record.source, record.id);
        let Some(known) = known else {
            subject.append(entry.identity_hash, record.bytes());
            self.tally(record.source).applied += 1;
            let subject = SubjectRef::new(shard, place, shards);
            taken.stored.push(Stored { identity_hash: entry.identity_hash, subject });
            self.mark(place);
            return;
        };
        let order = canonical::compete((&record, subject.code()), (&known, subject.code()), names);
        if order.is_eq() {
            self.tally(record.source).duplicate += 1;
            return;
        }
        taken.clashes.push(clash(&record, subject.code(), names));
        if order.is_lt() {
            subject.remove(record.source, record.id);
            subject.append(entry.identity_hash, record.bytes());
            self.mark(place);
        }
        self.tally(record.source).superseded += 1;
    }

    /// The tally of a source, one event more consumed.
    fn tally(&mut self, source: Code) -> &mut Tally {
        if self.tallies.len() <= source.index() {
            self.tallies.resize(source.index() + 1, Tally::default());
        }
        let tally = &mut self.tallies[source.index()];
        if tally.consumed == 0 {
            self.touched.push(source.0);
        }
        tally.consumed += 1;
        tally
    }

    /// What happened to events since the last call, by source.
    pub(super) fn take_tallies(&mut self) -> impl Iterator<Item = (u32, Tally)> {
        let tallies = &mut self.tallies;
        self.touched.drain(..).map(|source| (source, std::mem::take(&mut tallies[source as usize])))
    }

    /// Takes a saved subject, of which nothing is known yet.
    pub(super) fn restore(&mut self, family: Family, code: &[u8], hash: u64, events: &[u8]) -> usize {
        let known = self.place(family, code, hash);
        let place = known.unwrap_or_else(|| self.new_place(family, code, hash, events.len()));
        self.subjects[place].restore(events);
        place
    }

    /// The place of a subject, if it is known.
    pub(super) fn place(&self, family: Family, code: &[u8], hash: u64) -> Option<usize> {
        let hash = index_hash(family, hash);
        let is_it = |entry: &&(u32, u32)| {
            let subject = &self.subjects[entry.1 as usize];
            entry.0 == hash && subject.family == family && subject.code() == code
        };
        self.index.iter_hash(spread(hash)).find(is_it).map(|entry| entry.1 as usize)
    }

    fn new_place(&mut self, family: Family, code: &[u8], hash: u64, room: usize) -> usize {
        self.has_retractions |= family == Family::Retraction;
        let subject = Subject::new(family, code, room);
        // While a save is under way places are not given anew: it knows subjects by them.
        let vacant = if self.saving.is_none() { self.vacant.pop() } else { None };
        let place = if let Some(place) = vacant {
            self.subjects[place as usize] = subject;
            place as usize
        } else {
            self.subjects.push(subject);
            self.procedures.push(NOBODY);
            self.subjects.len() - 1
        };
        let hash = index_hash(family, hash);
        let entry = (hash, u32::try_from(place).expect("fewer than four billion subjects a shard"));
        self.index.insert_unique(spread(hash), entry, |entry| spread(entry.0));
        place
    }

    /// A subject leaves memory; whoever counted it or knew its identities has seen to that.
    pub(super) fn forget(&mut self, place: usize) {
        self.count_as(place, None);
        let subject = std::mem::replace(&mut self.subjects[place], Subject::vacant());
        let text = std::str::from_utf8(subject.code()).unwrap_or_default();
        let hash = index_hash(subject.family, crate::event::record::subject_hash(text));
        let place = u32::try_from(place).expect("fewer than four billion subjects a shard");
        if let Ok(entry) = self.index.find_entry(spread(hash), |entry| *entry == (hash, place)) {
            entry.remove();
        }
        self.procedures[place as usize] = NOBODY;
        self.vacant.push(place);
    }

    /// Remembers what a subject counts as, and who holds it.
    pub(super) fn count_as(&mut self, place: usize, counted: Option<Counted>) {
        let before = self.subjects[place].counted().map(|counted| counted.holder());
        let after = counted.map(|counted| counted.holder());
        self.subjects[place].set_counted(counted);
        if before != after {
            self.holders.pass(&mut self.subjects, place, (before, after));
        }
    }

    /// The subjects counted for those who hold them, in no order.
    pub(super) fn held(&self, is_theirs: impl Fn(Holder) -> bool) -> impl Iterator<Item = &Subject> {
        self.holders.held(&self.subjects, is_theirs)
    }

    /// Has a subject folded again at the next step.
    pub(super) fn mark(&mut self, place: usize) {
        self.before_change(place);
        let subject = &mut self.subjects[place];
        if !subject.is_dirty {
            subject.is_dirty = true;
            self.dirty.push(u32::try_from(place).expect("fewer than four billion subjects a shard"));
        }
    }

    /// The standing records of a subject before `limit`, in the order they take effect; and how many of the
    /// retractions on its code had no effect for it.
    pub(super) fn standing<'a>(
        &'a self,
        place: usize,
        limit: Instant,
        names: &Names,
    ) -> (Vec<Record<'a>>, usize) {
        let subject = &self.subjects[place];
        let mut records: Vec<_> = subject.records().filter(|record| record.time < limit).collect();
        let retractions = self.retractions(subject.code());
        let has_retractions = retractions.is_some();
        if let Some(retractions) = retractions {
            records.extend(retractions.records().filter(|record| record.time < limit));
        }
        records.sort_unstable_by(|one, other| canonical::takes_effect(one, other, names));
        let idle = if has_retractions { canonical::retract(&mut records, names) } else { 0 };
        (records, idle)
    }

    /// The next instant, not before `as_of`, of an event of this subject or of a retraction on its code.
    pub(super) fn next_event(&self, place: usize, as_of: Instant) -> Option<Instant> {
        let subject = &self.subjects[place];
        let retractions = self.retractions(subject.code()).into_iter().flat_map(Subject::records);
        let times = subject.records().chain(retractions).map(|record| record.time);
        times.filter(|time| *time >= as_of).min()
    }

    fn retractions(&self, code: &[u8]) -> Option<&Subject> {
        if self.has_retractions {
            let hash = crate::event::record::subject_hash(std::str::from_utf8(code).unwrap_or_default());
            return self.place(Family::Retraction, code, hash).map(|place| &self.subjects[place]);
        }
        None
    }
}

/// Families of one code are kept apart.
fn index_hash(family: Family, hash: u64) -> u32 {
    let [_, _, a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d]).wrapping_add((family as u32).wrapping_mul(0x85EB_CA6B))
}

pub(super) fn clash(winner: &Record<'_>, subject: &[u8], names: &Names) -> Clash {
    Clash {
        source: names.text(winner.source).to_owned(),
        id: String::from_utf8_lossy(winner.id).into_owned(),
        subject: String::from_utf8_lossy(subject).into_owned(),
    }
}

/// A subject folded: what it counts as now.
#[derive(Debug)]
pub(super) struct Folded {
    pub(super) place: u32,
    pub(super) chain: u32,
    pub(super) officer: u32,
    pub(super) procedure: u32,
    /// Period and mask.
    pub(super) rows: Vec<(u16, Mask)>,
    /// Its next change differs from the one already timed.
    pub(super) is_timer_new: bool,
}
