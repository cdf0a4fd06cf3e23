//! An excerpt: the events that the figures of one unit or officer rest on, lifted out of the engine.
//!
//! Engines of its own are made of it: one that stands at an earlier instant, one that stands at one to come, with events
//! that nobody has sent. So "what it was", "what changed" and "what would be" are worked out by the same fold as what is,
//! while the engine goes on counting. It is collected in portions, since a province has millions of subjects. Not here:
//! what such engines are compared for (`change`, `forecast`).

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::shard::Shard;
use super::{Engine, Keep, Scope, Setup, Who};
use crate::codes::Code;
use crate::event::contract::FieldId;
use crate::event::record::subject_hash;
use crate::event::{EventType, Family, Record};
use crate::instant::Instant;
use crate::period::Period;

/// Dossiers lifted; of a unit that has more, the units below it are asked about.
pub const EXCERPT_DOSSIERS_MAX: usize = 100_000;

/// Why there is no excerpt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ExcerptError {
    /// There are too many dossiers.
    #[error("there are more than {EXCERPT_DOSSIERS_MAX} dossiers; ask about one of the units below")]
    TooLarge,
    /// Some of the dossiers are at rest.
    #[error("dossiers of {0} are at rest; ask about a period that is not over, or use `nhip score --as-of`")]
    AtRest(Period),
}

/// Events lifted out, or on their way.
#[derive(Debug)]
pub struct Excerpt {
    setup: Setup,
    who: Who,
    as_of: Instant,
    subjects: Vec<Lifted>,
    dossiers: usize,
    /// Of a unit, by agency: whether it was ever below the unit.
    below: HashMap<Code, bool, RandomState>,
    /// The shard and place to go on from.
    next: (usize, usize),
}

#[derive(Debug)]
struct Lifted {
    family: Family,
    code: Box<[u8]>,
    events: Box<[u8]>,
}

/// One event of a dossier, as little as a list of causes shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Happened {
    /// When.
    pub time: Instant,
    /// Its type.
    pub event_type: EventType,
}

impl Engine {
    /// Begins an excerpt of what `who` has in `period`; [`Engine::lift`] fills it.
    ///
    /// # Errors
    /// [`ExcerptError::AtRest`] when part of it is not in memory.
    pub fn excerpt(&self, who: Who, period: Period) -> Result<Excerpt, ExcerptError> {
        if self.has_at_rest(who, period) {
            return Err(ExcerptError::AtRest(period));
        }
        let setup = Setup { shards: 1, keep: Keep::Only(period), scope: Scope::All, ..self.setup.clone() };
        Ok(Excerpt {
            setup,
            who,
            as_of: self.as_of,
            subjects: Vec::new(),
            dossiers: 0,
            below: HashMap::default(),
            next: (0, 0),
        })
    }

    /// Goes on with an excerpt for so many places; whether there are more.
    ///
    /// # Errors
    /// [`ExcerptError::TooLarge`].
    pub fn lift(&self, excerpt: &mut Excerpt, places: usize) -> Result<bool, ExcerptError> {
        let mut left = places;
        while let Some(shard) = self.shards.get(excerpt.next.0) {
            let from = excerpt.next.1;
            let end = shard.subjects.len().min(from.saturating_add(left));
            for place in from..end {
                self.lift_one(excerpt, shard, place)?;
            }
            left -= end.saturating_sub(from);
            excerpt.next.1 = end;
            if end < shard.subjects.len() {
                return Ok(true);
            }
            excerpt.next = (excerpt.next.0 + 1, 0);
        }
        Ok(false)
    }

    fn lift_one(&self, excerpt: &mut Excerpt, shard: &Shard, place: usize) -> Result<(), ExcerptError> {
        let subject = &shard.subjects[place];
        let is_wanted = match subject.family {
            Family::Source => false,
            // Few, and they say what dossiers are judged against.
            Family::Agency | Family::Procedure | Family::Officer | Family::Petition | Family::Retraction => {
                true
            }
            // One that has moved away, or counts nowhere any more, counted here before.
            Family::Dossier => match excerpt.who {
                Who::Agency(unit) => {
                    let counted = subject.counted();
                    let is_counted = counted.is_some_and(|at| shard.chains.units(at.chain).contains(&unit));
                    is_counted
                        || subject.records().any(|record| self.is_below(&mut excerpt.below, unit, &record))
                }
                Who::Officer(officer) => {
                    subject.records().any(|record| record.code(FieldId::Officer) == Some(officer))
                }
            },
        };
        if !is_wanted || subject.is_vacant() {
            return Ok(());
        }
        excerpt.dossiers += usize::from(subject.family == Family::Dossier);
        if excerpt.dossiers > EXCERPT_DOSSIERS_MAX {
            return Err(ExcerptError::TooLarge);
        }
        let (code, events) = (subject.code().into(), subject.events().into());
        excerpt.subjects.push(Lifted { family: subject.family, code, events });
        Ok(())
    }

    /// Whether a record names an agency that is, or at any time was, the unit or below it.
    fn is_below(
        &self,
        below: &mut HashMap<Code, bool, RandomState>,
        unit: Code,
        record: &Record<'_>,
    ) -> bool {
        let is_entry =
            matches!(record.event_type, EventType::Submitted | EventType::Accepted | EventType::Assigned);
        let Some(agency) = is_entry.then(|| record.code(FieldId::Agency)).flatten() else { return false };
        *below.entry(agency).or_insert_with(|| {
            let reference = &self.reference;
            let mut instants = reference.tree_edges.iter().copied().chain([Instant::FIRST, self.as_of]);
            instants.any(|at| reference.organisation.chain(agency, at).contains(&unit))
        })
    }

    /// What happened to a dossier from `from` on and before `to`, in the order of time.
    pub fn happened(&self, dossier: &str, from: Instant, to: Instant) -> Vec<Happened> {
        let Some((shard, place)) = self.find(Family::Dossier, dossier) else { return Vec::new() };
        let records = self.shards[shard].subjects[place].records();
        let between = records.filter(|record| from <= record.time && record.time < to);
        let mut happened: Vec<Happened> =
            between.map(|record| Happened { time: record.time, event_type: record.event_type }).collect();
        happened.sort_unstable_by_key(|happened| (happened.time, happened.event_type as u8));
        happened
    }
}

impl Excerpt {
    /// The instant of the engine it was taken from.
    pub fn as_of(&self) -> Instant {
        self.as_of
    }

    /// An engine of these events, of one period, which stands at no instant yet.
    pub fn engine(&self) -> Engine {
        let mut engine = Engine::new(self.setup.clone());
        engine.is_timed = true;
        for lifted in &self.subjects {
            let hash = subject_hash(std::str::from_utf8(&lifted.code).unwrap_or_default());
            let shard = &mut engine.shards[0];
            let place = shard.restore(lifted.family, &lifted.code, hash, &lifted.events);
            shard.mark(place);
        }
        engine
    }
}
