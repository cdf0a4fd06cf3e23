//! Lifts the rows of a period out of the engine, a portion at a time between its steps, and exactly as of one instant.
//!
//! Rows collected before the last portion hold for it too, or are thrown away: counts of a period that change are another
//! object than before, and so is the archive. What a row does not say of a delayed dossier is folded from its events,
//! which the last portion lifts, on the thread of whoever asked. Not here: what is done with the rows.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::{
    Delay, FreezeError, Frozen, FrozenAgency, FrozenOfficer, FrozenProcedure, FrozenSubject, FrozenUnit,
};
use crate::calendar::Calendar;
use crate::codes::{Code, CodeBook, Names};
use crate::dossier::Surroundings;
use crate::engine::cells::Cells;
use crate::engine::frame::Frame;
use crate::engine::reference::Reference;
use crate::engine::rest::{Archive, RestingSubject, all_subjects};
use crate::engine::rows::{DossierRows, Window};
use crate::engine::shard::Shard;
use crate::engine::subject::Counted;
use crate::engine::{Engine, known};
use crate::event::Family;
use crate::event::record::subject_hash;
use crate::facts::{Fact, Subject};
use crate::instant::Instant;
use crate::period::Period;
use crate::set::memo::Masks;
use crate::set::{Catalogue, Mask};

/// A row on its way out.
#[derive(Debug)]
struct Row {
    is_petition: bool,
    code: Box<[u8]>,
    chain: u32,
    officer: Option<Code>,
    procedure: Option<Code>,
    mask: Mask,
    /// Shard and place; none for one at rest.
    at: Option<(usize, usize)>,
    /// Packed events of a delayed dossier, and the retractions on its code.
    events: Option<(Vec<u8>, Vec<u8>)>,
    is_complained_about: bool,
}

/// Rows being lifted out.
#[derive(Debug)]
pub struct Freezing {
    period: Period,
    place: usize,
    cells: Arc<Cells>,
    frame: Arc<Frame>,
    archive: Option<Arc<dyn Archive>>,
    rows: Vec<Row>,
    chains: HashMap<Box<[Code]>, u32, RandomState>,
    /// Dossiers at rest, as the archive has them.
    resting: Vec<Row>,
    taken: HashSet<Box<[u8]>, RandomState>,
    next: (usize, usize),
    delayed_bit: usize,
    codes: Arc<CodeBook>,
}

/// Rows lifted out, with all that is needed to tell of them without the engine.
#[derive(Debug)]
pub struct Lifted {
    freezing: Freezing,
    as_of: Instant,
    reference: Arc<Reference>,
    calendar: Arc<Calendar>,
    catalogue: Arc<Catalogue>,
}

impl Engine {
    /// Begins to freeze a period that has begun; [`Freezing::read_archive`], then [`Engine::freeze_some`] until it says
    /// that there is no more, then [`Engine::freeze_rest`].
    ///
    /// # Errors
    /// [`FreezeError::Unknown`], [`FreezeError::NotBegun`].
    pub fn freeze(&self, period: Period) -> Result<Freezing, FreezeError> {
        let place = self.periods.iter().position(|state| state.period == period);
        let place = place.ok_or(FreezeError::Unknown(period))?;
        if self.as_of <= period.start() {
            return Err(FreezeError::NotBegun(period));
        }
        let state = &self.periods[place];
        Ok(Freezing {
            period,
            place,
            cells: Arc::clone(&state.cells),
            frame: Arc::clone(&state.frame),
            archive: self.archive.clone(),
            rows: Vec::new(),
            chains: HashMap::default(),
            resting: Vec::new(),
            taken: HashSet::default(),
            next: (0, 0),
            delayed_bit: self.setup.catalogue.delayed_bit,
            codes: Arc::clone(&self.setup.codes),
        })
    }

    /// Goes on for so many places; whether there are more.
    pub fn freeze_some(&self, freezing: &mut Freezing, places: usize) -> bool {
        let mut left = places;
        while let Some(shard) = self.shards.get(freezing.next.0) {
            let from = freezing.next.1;
            let end = shard.subjects.len().min(from.saturating_add(left));
            for place in from..end {
                self.freeze_one(freezing, (freezing.next.0, place));
            }
            left -= end - from;
            freezing.next.1 = end;
            if end < shard.subjects.len() {
                return true;
            }
            freezing.next = (freezing.next.0 + 1, 0);
        }
        self.freeze_resting(freezing, left)
    }

    /// Those at rest, unless one is in memory: that stands before its copy.
    fn freeze_resting(&self, freezing: &mut Freezing, places: usize) -> bool {
        for _ in 0..places {
            let Some(row) = freezing.resting.pop() else { return false };
            if freezing.taken.contains(&row.code) {
                continue;
            }
            match self.find(Family::Dossier, std::str::from_utf8(&row.code).unwrap_or_default()) {
                Some(at) => self.freeze_one(freezing, at),
                None => freezing.rows.push(row),
            }
        }
        !freezing.resting.is_empty()
    }

    fn freeze_one(&self, freezing: &mut Freezing, at: (usize, usize)) {
        let shard = &self.shards[at.0];
        let subject = &shard.subjects[at.1];
        let (Family::Dossier | Family::Petition, Some(counted)) = (subject.family, subject.counted()) else {
            return;
        };
        let rows = self.row_lists[counted.rows as usize].iter();
        let mut masks = rows.filter(|row| usize::from(row.period) == freezing.place);
        let Some(row) = masks.next() else { return };
        let mask = self.classes[row.class as usize];
        let Counted { chain, officer, procedure, .. } = counted;
        let chain = freezing.chain(shard.chains.units(chain));
        let code: Box<[u8]> = subject.code().into();
        if freezing.archive.is_some() && !freezing.taken.insert(code.clone()) {
            return;
        }
        freezing.rows.push(Row {
            is_petition: subject.family == Family::Petition,
            code,
            chain,
            officer: known(officer),
            procedure: known(procedure),
            mask,
            at: Some(at),
            events: None,
            is_complained_about: false,
        });
    }

    /// The last portion: rows lifted before hold now too, or the period moved.
    ///
    /// # Errors
    /// [`FreezeError::Moved`]: begin again.
    pub fn freeze_rest(&self, mut freezing: Freezing) -> Result<Lifted, FreezeError> {
        let state = &self.periods[freezing.place];
        let is_same_archive = match (&freezing.archive, &self.archive) {
            (None, None) => true,
            (Some(then), Some(now)) => Arc::ptr_eq(then, now),
            _ => false,
        };
        let is_same = Arc::ptr_eq(&freezing.cells, &state.cells) && is_same_archive;
        if !is_same || state.period != freezing.period {
            return Err(FreezeError::Moved);
        }
        freezing.frame = Arc::clone(&state.frame);
        let bit = 1 << freezing.delayed_bit;
        for row in freezing.rows.iter_mut().filter(|row| row.mask & bit != 0 && !row.is_petition) {
            let text = std::str::from_utf8(&row.code).unwrap_or_default();
            row.is_complained_about = self.complaints.get(&row.code).is_some_and(|count| *count > 0);
            if let Some((number, place)) = row.at {
                // A place may have been given to somebody else: the counts would tell, but nothing is taken on trust.
                let subject = &self.shards[number].subjects[place];
                let subject = if subject.code() == &*row.code {
                    subject
                } else {
                    let (number, place) = self.find(Family::Dossier, text).ok_or(FreezeError::Moved)?;
                    &self.shards[number].subjects[place]
                };
                row.events = Some((subject.events().to_vec(), Vec::new()));
            }
            let retractions = self.find(Family::Retraction, text);
            let retractions = retractions.map(|(number, place)| &self.shards[number].subjects[place]);
            if let (Some((_, known)), Some(retractions)) = (&mut row.events, retractions) {
                *known = retractions.events().to_vec();
            }
        }
        Ok(Lifted {
            freezing,
            as_of: self.as_of,
            reference: Arc::clone(&self.reference),
            calendar: Arc::clone(&self.setup.calendar),
            catalogue: Arc::clone(&self.setup.catalogue),
        })
    }

    /// All of it in one go.
    ///
    /// # Errors
    /// [`FreezeError`].
    pub fn freeze_whole(&self, period: Period) -> Result<Lifted, FreezeError> {
        let mut freezing = self.freeze(period)?;
        freezing.read_archive()?;
        while self.freeze_some(&mut freezing, usize::MAX) {}
        self.freeze_rest(freezing)
    }
}

impl Freezing {
    /// Reads those at rest, from the disk: not for the engine's thread.
    ///
    /// # Errors
    /// [`FreezeError::AtRest`].
    pub fn read_archive(&mut self) -> Result<(), FreezeError> {
        let Some(archive) = self.archive.clone() else { return Ok(()) };
        let broken = |error: &dyn std::fmt::Display| FreezeError::AtRest(error.to_string());
        for entry in archive.scan(all_subjects()) {
            let (key, value) = entry.map_err(|error| broken(&error))?;
            let resting = RestingSubject::read(value).map_err(|error| broken(&error))?;
            let Some(counted) = resting.counted else { continue };
            let Some((_, mask)) = counted.rows.iter().find(|(period, _)| *period == self.period) else {
                continue;
            };
            let (chain, mask) = (self.chain(&counted.chain), *mask);
            let is_delayed = mask & (1 << self.delayed_bit) != 0;
            self.resting.push(Row {
                is_petition: false,
                code: key[all_subjects().len()..].into(),
                chain,
                officer: known(counted.officer),
                procedure: known(counted.procedure),
                mask,
                at: None,
                events: is_delayed.then_some((resting.events, Vec::new())),
                is_complained_about: false,
            });
        }
        Ok(())
    }

    fn chain(&mut self, units: &[Code]) -> u32 {
        if let Some(number) = self.chains.get(units) {
            return *number;
        }
        let number = u32::try_from(self.chains.len()).expect("fewer than four billion chains");
        self.chains.insert(units.into(), number);
        number
    }
}

impl Lifted {
    /// The instant it holds for.
    pub fn as_of(&self) -> Instant {
        self.as_of
    }

    /// Everything as plain data, in an order that depends on nothing but the data.
    ///
    /// # Errors
    /// [`FreezeError::Torn`] when a condition fails, which a checked one does not.
    pub fn finish(self) -> Result<Frozen, FreezeError> {
        // A copy: whoever takes events must not wait until all is told.
        let names = self.freezing.codes.names().clone();
        let delays = self.delays(&names)?;
        let text = |code: Code| names.text(code).to_owned();
        let (frame, period) = (&self.freezing.frame, self.freezing.period);
        let (chains, numbers) = self.chains(&names);
        let mut subjects: Vec<FrozenSubject> = (self.freezing.rows.iter().zip(delays))
            .map(|(row, delay)| FrozenSubject {
                is_petition: row.is_petition,
                code: String::from_utf8_lossy(&row.code).into_owned(),
                chain: numbers[row.chain as usize],
                officer: row.officer.map(text),
                procedure: row.procedure.map(text),
                mask: row.mask,
                delay,
            })
            .collect();
        subjects.sort_unstable_by(|one, other| {
            (one.is_petition, &one.code).cmp(&(other.is_petition, &other.code))
        });
        let mut frozen = Frozen {
            period,
            as_of: self.as_of,
            units: frame.frozen_units(&names),
            officers: (frame.officers.iter())
                .map(|officer| FrozenOfficer {
                    code: text(officer.code),
                    name: officer.name.to_string(),
                    agency: text(officer.agency),
                })
                .collect(),
            procedures: frame.frozen_procedures(&names),
            agencies: frame.frozen_agencies(&names),
            chains,
            subjects,
        };
        frozen.units.sort_unstable_by(|one, other| one.code.cmp(&other.code));
        frozen.officers.sort_unstable_by(|one, other| one.code.cmp(&other.code));
        frozen.procedures.sort_unstable_by(|one, other| one.code.cmp(&other.code));
        frozen.agencies.sort_unstable_by(|one, other| one.code.cmp(&other.code));
        Ok(frozen)
    }

    /// Chains as texts, sorted, and the new number of each.
    fn chains(&self, names: &Names) -> (Vec<Vec<String>>, Vec<u32>) {
        let used: HashSet<u32, RandomState> = self.freezing.rows.iter().map(|row| row.chain).collect();
        let told = self.freezing.chains.iter().filter(|(_, number)| used.contains(*number));
        let mut told: Vec<(Vec<String>, u32)> = told
            .map(|(units, number)| (units.iter().map(|unit| names.text(*unit).to_owned()).collect(), *number))
            .collect();
        told.sort_unstable();
        let mut numbers = vec![0; self.freezing.chains.len()];
        for (place, (_, number)) in told.iter().enumerate() {
            numbers[*number as usize] = u32::try_from(place).unwrap_or(u32::MAX);
        }
        (told.into_iter().map(|(units, _)| units).collect(), numbers)
    }

    /// By row: how late, of the delayed ones.
    fn delays(&self, names: &Names) -> Result<Vec<Option<Delay>>, FreezeError> {
        let window = Window::new(self.freezing.period, self.as_of);
        let mut masks = Masks::new(Subject::Dossier);
        let late = Subject::Dossier.column("late").expect("lateness is a fact");
        let apology = Subject::Dossier.column("apology").expect("so is what is owed for it");
        let mut found = Vec::with_capacity(self.freezing.rows.len());
        for row in &self.freezing.rows {
            let Some((events, retractions)) = &row.events else {
                found.push(None);
                continue;
            };
            let text = std::str::from_utf8(&row.code).unwrap_or_default();
            let mut shard = Shard::new(0);
            if !retractions.is_empty() {
                shard.restore(Family::Retraction, &row.code, subject_hash(text), retractions);
            }
            let place = shard.restore(Family::Dossier, &row.code, subject_hash(text), events);
            let (records, idle) = shard.standing(place, self.as_of, names);
            let around = Surroundings {
                calendar: &self.calendar,
                procedures: &self.reference.procedures,
                duties: self.catalogue.duties,
            };
            let mut dossier = DossierRows::fold(records, around, row.is_complained_about);
            if idle > 0 {
                dossier.life.flags.raise(crate::dossier::Flag::ImpossibleOrder);
            }
            let membership = dossier.membership(&window).unwrap_or((false, false));
            let mut facts = dossier.facts(&window, membership, self.as_of, around);
            facts[late] = Fact::Bool(false);
            facts[apology] = Fact::Word(Some("none"));
            let (due, ended_at) = (dossier.life.clock.due, dossier.life.ended_at);
            let until = ended_at.unwrap_or(window.cut);
            let over = due.filter(|due| *due < until);
            let over_seconds = over.and_then(|due| self.calendar.session_seconds_between(due, until));
            found.push(Some((masks.find(&facts), due, ended_at, over_seconds)));
        }
        let fresh = masks.evaluate(&self.catalogue.conditions);
        let fresh = fresh.map_err(|error| FreezeError::Torn(error.to_string()))?;
        let delay = |(found, due, ended_at, over_seconds): (crate::set::memo::Found, _, _, _)| Delay {
            due,
            ended_at,
            over_seconds,
            mask_in_time: found.mask(&fresh),
        };
        Ok(found.into_iter().map(|found| found.map(delay)).collect())
    }
}

impl Frame {
    fn frozen_units(&self, names: &Names) -> Vec<FrozenUnit> {
        let text = |code: Code| names.text(code).to_owned();
        let with_row = self.units().len();
        let unit = |(place, unit): (usize, &crate::engine::frame::UnitFrame)| FrozenUnit {
            code: text(unit.code),
            kind: unit.kind.name().to_owned(),
            name: unit.name.to_string(),
            name_en: unit.name_en.as_deref().map(str::to_owned),
            parent: unit.parent.map(text),
            province: unit.province.map(text),
            reported: unit.reported,
            has_row: place < with_row,
        };
        self.all_units().iter().enumerate().map(unit).collect()
    }

    fn frozen_procedures(&self, names: &Names) -> Vec<FrozenProcedure> {
        self.plain_procedures()
            .map(|(code, masks, [is_in_force, is_communal, is_provincial], owners)| FrozenProcedure {
                code: names.text(code).to_owned(),
                masks,
                is_in_force,
                is_communal,
                is_provincial,
                owners: owners.iter().map(|owner| names.text(*owner).to_owned()).collect(),
            })
            .collect()
    }

    fn frozen_agencies(&self, names: &Names) -> Vec<FrozenAgency> {
        self.plain_agencies()
            .map(|(code, masks, units)| FrozenAgency {
                code: names.text(code).to_owned(),
                masks,
                units: units.iter().map(|unit| names.text(*unit).to_owned()).collect(),
            })
            .collect()
    }
}
