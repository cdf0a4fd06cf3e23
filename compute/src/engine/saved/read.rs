//! Reading a state back: subjects first, then the tables they refer to, then what follows from both.

use std::io::Read;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::bytes::Source;
use super::write::{END, IS_COUNTED, IS_OPEN, SUBJECT, TABLES};
use super::{RestoreError, Restored, STATE_FORMAT, fingerprint};
use crate::ComputeError;
use crate::codes::Code;
use crate::engine::cells::Cells;
use crate::engine::frame::Frame;
use crate::engine::identity::Stored;
use crate::engine::reference::Reference;
use crate::engine::rest::{Archive, AtRest, hash_of};
use crate::engine::shard::{SubjectRef, Tally};
use crate::engine::subject::{Counted, CountedRow};
use crate::engine::{Clash, Engine, Keep, PARALLEL_FROM, PeriodState, Setup, periods_between, shard_of};
use crate::event::Family;
use crate::event::record::subject_hash;
use crate::instant::Instant;
use crate::period::Period;

/// Entries of one table; more is no state of ours.
const TABLE_MAX: usize = 1 << 28;

/// What a saved subject was counted as, and in which of the saved shards.
struct SavedCount {
    at: SubjectRef,
    shard: usize,
    counted: Counted,
}

/// The tables of a state.
#[derive(Default)]
struct Tables {
    as_of_bits: i64,
    version: u64,
    at_rest: AtRest,
    tally: Vec<(Code, Tally)>,
    clashes: Vec<Clash>,
    classes: Vec<u128>,
    row_lists: Vec<Box<[CountedRow]>>,
    chains: Vec<Vec<Box<[Code]>>>,
    periods: Vec<(Period, Cells)>,
}

impl Engine {
    /// The engine a saved state describes, in as many shards as `setup` asks for; `setup.codes` must be empty. What
    /// it was counted as holds if calendar, sets and program are the same; else everything is counted at the next
    /// [`Engine::advance`].
    ///
    /// # Errors
    /// [`RestoreError`] when it is of another format or does not hold together; nothing of it is then used.
    pub fn restore(
        setup: Setup,
        input: &mut dyn Read,
        archive: Option<Arc<dyn Archive>>,
    ) -> Result<(Engine, Restored), RestoreError> {
        let mut source = Source::new(input);
        let found = source.small()?;
        if found != STATE_FORMAT {
            return Err(RestoreError::Format { found });
        }
        let is_same = source.number()? == fingerprint(&setup);
        let mut engine = Engine::new(setup);
        let mut counts = Vec::new();
        loop {
            match source.byte()? {
                SUBJECT => engine.restore_subject(&mut source, &mut counts)?,
                TABLES => break,
                _ => return Err(RestoreError::Torn("neither a subject nor the end of them")),
            }
        }
        let tables = engine.read_tables(&mut source)?;
        let is_counted = is_same && engine.is_covered_by(&tables);
        let events = engine.restore_identities();
        engine.as_of = Instant::from_bits(tables.as_of_bits);
        engine.version = tables.version;
        engine.set_tallies(&tables.tally);
        engine.clashes.clone_from(&tables.clashes);
        (engine.at_rest, engine.archive) = (tables.at_rest, archive);
        if engine.at_rest.subjects > 0 && engine.archive.is_none() {
            return Err(RestoreError::NoArchive(engine.at_rest.subjects));
        }
        if events + engine.at_rest.events != engine.tally.applied {
            return Err(RestoreError::Torn("it holds other events than it says"));
        }
        let subjects = engine.shards.iter().map(|shard| shard.subjects.len()).sum();
        if is_counted {
            engine.restore_counts(tables, &counts)?;
        } else {
            engine.mark_everything();
        }
        Ok((engine, Restored { is_counted, subjects, events, behind: source.unread() }))
    }

    fn restore_subject(
        &mut self,
        source: &mut Source<'_>,
        counts: &mut Vec<SavedCount>,
    ) -> Result<(), RestoreError> {
        let saved_shard = source.place()?;
        let family = source.byte()?;
        let family = Family::ALL.get(usize::from(family)).copied();
        let family = family.ok_or(RestoreError::Torn("a family that does not exist"))?;
        let bits = source.byte()?;
        let (next_change, procedure) = (Instant::from_bits(source.signed()?), source.small()?);
        let code = source.bytes()?.to_vec();
        let text = std::str::from_utf8(&code).map_err(|_| RestoreError::Torn("a code is not UTF-8"))?;
        let hash = subject_hash(text);
        let shards = self.shards.len();
        let number = shard_of(hash, shards);
        let events = source.bytes()?;
        let shard = &mut self.shards[number];
        let place = shard.restore(family, &code, hash, events);
        shard.procedures[place] = procedure;
        let subject = &mut shard.subjects[place];
        (subject.is_open, subject.next_change) = (bits & IS_OPEN != 0, next_change);
        if bits & IS_COUNTED != 0 {
            let counted = Counted {
                chain: source.small()?,
                officer: source.small()?,
                procedure: source.small()?,
                rows: source.small()?,
            };
            counts.push(SavedCount {
                at: SubjectRef::new(number, place, shards),
                shard: saved_shard,
                counted,
            });
        }
        Ok(())
    }

    fn read_tables(&mut self, source: &mut Source<'_>) -> Result<Tables, RestoreError> {
        let mut tables = Tables { as_of_bits: source.signed()?, ..Tables::default() };
        tables.version = source.number()?;
        tables.at_rest = AtRest { subjects: source.number()?, events: source.number()? };
        for place in 0..count(source)? {
            if self.setup.codes.code(&source.text()?).index() != place {
                return Err(RestoreError::Torn("a code is listed twice, or the code book was not empty"));
            }
        }
        for _ in 0..count(source)? {
            let code = Code::from_index(source.place()?);
            let mut next = || source.number();
            let tally =
                Tally { consumed: next()?, applied: next()?, duplicate: next()?, superseded: next()? };
            tables.tally.push((code, tally));
        }
        for _ in 0..count(source)? {
            let clash = Clash { source: source.text()?, id: source.text()?, subject: source.text()? };
            tables.clashes.push(clash);
        }
        for _ in 0..count(source)? {
            tables.classes.push(source.mask()?);
        }
        for _ in 0..count(source)? {
            let rows = (0..count(source)?).map(|_| {
                let period = u16::try_from(source.number()?).map_err(|_| RestoreError::Torn("a period"))?;
                Ok(CountedRow { period, class: source.small()? })
            });
            tables.row_lists.push(rows.collect::<Result<_, RestoreError>>()?);
        }
        for _ in 0..count(source)? {
            let mut chains = Vec::new();
            for _ in 0..count(source)? {
                let units = (0..count(source)?).map(|_| Ok(Code::from_index(source.place()?)));
                chains.push(units.collect::<Result<Box<[Code]>, RestoreError>>()?);
            }
            tables.chains.push(chains);
        }
        for _ in 0..count(source)? {
            let period = Period::parse(&source.text()?).ok_or(RestoreError::Torn("a period"))?;
            let mut cells = Cells::of(&self.setup.catalogue);
            cells.take(source)?;
            tables.periods.push((period, cells));
        }
        if source.byte()? != END {
            return Err(RestoreError::Torn("it does not end where it should"));
        }
        Ok(tables)
    }

    /// Whether the state was counted for every period wanted at its instant. Those it lacks cannot be begun like a period
    /// that time brings: dossiers that have ended belong in them.
    fn is_covered_by(&self, tables: &Tables) -> bool {
        let as_of = Instant::from_bits(tables.as_of_bits);
        let wanted = match self.setup.keep {
            Keep::Only(period) => vec![period],
            Keep::From(from) => periods_between(from, as_of),
        };
        wanted.iter().all(|period| tables.periods.iter().any(|(known, _)| known == period))
    }

    /// Every event's identity, from the events themselves; how many there are.
    fn restore_identities(&mut self) -> u64 {
        let codes = Arc::clone(&self.setup.codes);
        let (names, shards) = (codes.names(), self.shards.len());
        let of =
            |(number, shard): (usize, &crate::engine::shard::Shard)| -> Vec<Stored> {
                let mut stored = Vec::new();
                for (place, subject) in shard.subjects.iter().enumerate() {
                    let subject_ref = SubjectRef::new(number, place, shards);
                    stored.extend(subject.records().map(|record| Stored {
                        identity_hash: hash_of(&record, &names),
                        subject: subject_ref,
                    }));
                }
                stored
            };
        let stored: Vec<Vec<Stored>> = std::thread::scope(|scope| {
            let work: Vec<_> =
                self.shards.iter().enumerate().map(|work| scope.spawn(move || of(work))).collect();
            work.into_iter().map(|thread| thread.join().expect("a thread that only reads")).collect()
        });
        let events = stored.iter().map(|stored| stored.len() as u64).sum();
        // Clashes were settled before the state was saved, so none can come of this.
        self.identities.add(&stored, if events < PARALLEL_FROM as u64 { 1 } else { shards });
        events
    }

    /// Takes over what subjects were counted as, and the counts that came of it.
    fn restore_counts(&mut self, tables: Tables, counts: &[SavedCount]) -> Result<(), RestoreError> {
        let shards = self.shards.len();
        let mut chains: HashMap<(usize, usize, u32), u32, RandomState> = HashMap::default();
        for saved in counts {
            let number = saved.at.shard(shards);
            let key = (number, saved.shard, saved.counted.chain);
            let chain = if let Some(chain) = chains.get(&key) {
                *chain
            } else {
                let units = tables.chains.get(saved.shard);
                let units = units.and_then(|units| units.get(saved.counted.chain as usize));
                let units = units.ok_or(RestoreError::Torn("a chain that is not listed"))?;
                let chain = self.shards[number].chains.number(units.clone());
                chains.insert(key, chain);
                chain
            };
            if tables.row_lists.get(saved.counted.rows as usize).is_none() {
                return Err(RestoreError::Torn("a list of rows that is not listed"));
            }
            let counted = Counted { chain, ..saved.counted };
            self.shards[number].count_as(saved.at.place(shards), Some(counted));
        }
        self.class_numbers = (0..).zip(&tables.classes).map(|(number, mask)| (*mask, number)).collect();
        self.classes = tables.classes;
        self.row_numbers =
            (0..).zip(&tables.row_lists).map(|(number, rows)| (rows.clone(), number)).collect();
        self.row_lists = tables.row_lists;
        let restored = tables.periods.into_iter().map(|(period, cells)| PeriodState {
            period,
            cells: Arc::new(cells),
            frame: Arc::new(Frame::empty(period)),
            frame_cut: Instant::FIRST,
        });
        self.periods = restored.collect();
        self.restore_surroundings().map_err(|_| RestoreError::Torn("its facts do not fit the conditions"))
    }

    /// Reference, frames and timers follow from the events.
    fn restore_surroundings(&mut self) -> Result<(), ComputeError> {
        let codes = Arc::clone(&self.setup.codes);
        let version = self.reference.version + 1;
        self.reference = Arc::new(Reference::build(&self.shards, self.as_of, &codes.names(), version));
        self.is_reference_dirty = false;
        self.rebuild_frames(true)?;
        let shards = self.shards.len();
        for number in 0..shards {
            for place in 0..self.shards[number].subjects.len() {
                let subject = &self.shards[number].subjects[place];
                if subject.next_change < Instant::LAST {
                    let at = SubjectRef::new(number, place, shards);
                    self.timers.entry(subject.next_change).or_default().push(at);
                }
                if subject.family == Family::Petition {
                    // Which dossiers it names is told when it is folded.
                    self.shards[number].mark(place);
                }
            }
        }
        Ok(())
    }

    /// Has everything counted at the next step.
    fn mark_everything(&mut self) {
        self.is_reference_dirty = true;
        self.refold_at_rest(false);
        for shard in &mut self.shards {
            for place in 0..shard.subjects.len() {
                shard.subjects[place].next_change = Instant::LAST;
                shard.mark(place);
            }
        }
    }
}

fn count(source: &mut Source<'_>) -> Result<usize, RestoreError> {
    let count = source.place()?;
    if count > TABLE_MAX {
        return Err(RestoreError::Torn("a table is beyond all bounds"));
    }
    Ok(count)
}
