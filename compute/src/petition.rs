//! Petitions (phản ánh, kiến nghị): one petition's events become its facts, and a judgement at a cut.
//!
//! index-766.md §3. Only events after the base instant are judged; the first of an answer and a refusal
//! decides. Not here: counting (`engine`), the dossier a petition complains about (`engine` tells it).

use crate::calendar::Calendar;
use crate::codes::Code;
use crate::event::{EventType, FieldId, Record};
use crate::instant::{Day, Instant};

/// Working days to answer, to ask the sender for more, and to refuse or to publish an answer.
const ANSWER_DAYS: u64 = 15;
const SUPPLEMENT_DAYS: u64 = 5;
const REFUSAL_DAYS: u64 = 2;
const PUBLICATION_DAYS: u64 = 2;

/// What decided a petition so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing yet.
    Open,
    /// Waiting for its sender since the last request.
    Waiting(Instant),
    /// Refused.
    Refused(Instant),
    /// Answered, and published if so.
    Answered(Instant, Option<Instant>),
}

/// A petition's facts.
#[derive(Clone, Debug)]
pub struct Petition<'a> {
    /// The first `received`.
    pub received_at: Instant,
    /// Where its clock starts: received, or the last transfer.
    pub base: Instant,
    /// The unit it was last sent to.
    pub agency: Code,
    /// The officer named last.
    pub officer: Option<Code>,
    /// Every dossier it names.
    pub dossiers: Vec<&'a str>,
    /// Place in `PETITION_SUBJECTS`.
    pub about: u8,
    /// Place in `PETITION_ROUTES`.
    pub via: u8,
    /// What decided it.
    pub outcome: Outcome,
    /// The last rating after the base was not satisfied.
    pub is_dissatisfied: bool,
}

impl<'a> Petition<'a> {
    /// Folds the standing events, in order; `None` without a `received`.
    pub fn fold(records: &[Record<'a>]) -> Option<Petition<'a>> {
        let first = records.iter().position(|record| record.event_type == EventType::PetitionReceived)?;
        let transfer = records.iter().rposition(|record| record.event_type == EventType::PetitionTransferred);
        let base = transfer.unwrap_or(first);
        let mut petition = Petition {
            received_at: records[first].time,
            base: records[base].time,
            agency: records[base].code(FieldId::Agency)?,
            officer: None,
            dossiers: Vec::new(),
            about: 0,
            via: 0,
            outcome: Outcome::Open,
            is_dissatisfied: false,
        };
        for record in records.iter().filter(|record| record.event_type == EventType::PetitionReceived) {
            if transfer.is_none() {
                petition.agency = record.code(FieldId::Agency)?;
            }
            petition.officer = record.code(FieldId::Officer).or(petition.officer);
            petition.dossiers.extend(record.text(FieldId::Dossier));
            petition.about = record.choice(FieldId::About)?;
            petition.via = record.choice(FieldId::Via)?;
        }
        records[base + 1..].iter().for_each(|record| petition.judge(record));
        Some(petition)
    }

    fn judge(&mut self, record: &Record<'_>) {
        self.outcome = match (record.event_type, self.outcome) {
            (EventType::PetitionAnswered, Outcome::Open | Outcome::Waiting(_)) => {
                Outcome::Answered(record.time, None)
            }
            (EventType::PetitionRefused, Outcome::Open | Outcome::Waiting(_)) => {
                Outcome::Refused(record.time)
            }
            (EventType::PetitionSupplementRequested, Outcome::Open | Outcome::Waiting(_)) => {
                Outcome::Waiting(record.time)
            }
            (EventType::PetitionPublished, Outcome::Answered(answered, None)) => {
                Outcome::Answered(answered, Some(record.time))
            }
            (EventType::PetitionRated, outcome) => {
                self.is_dissatisfied = !record.is_set(FieldId::Satisfied);
                outcome
            }
            (_, outcome) => outcome,
        };
    }

    /// When it was closed, if it is.
    pub fn closed_at(&self) -> Option<Instant> {
        match self.outcome {
            Outcome::Open | Outcome::Answered(_, None) => None,
            Outcome::Waiting(at) | Outcome::Refused(at) | Outcome::Answered(_, Some(at)) => Some(at),
        }
    }

    /// Whether it was handled, or at `cut` may still be handled, in time; `None` when a day count that is
    /// needed meets a year without calendar.
    pub fn is_in_time(&self, cut: Instant, calendar: &Calendar) -> Option<bool> {
        let limit = |from: Instant, days| calendar.working_day_after(from.day(), days).map(Day::end);
        match self.outcome {
            Outcome::Open => Some(cut <= limit(self.base, ANSWER_DAYS)?),
            Outcome::Waiting(at) => Some(at <= limit(self.base, SUPPLEMENT_DAYS)?),
            Outcome::Refused(at) => Some(at <= limit(self.base, REFUSAL_DAYS)?),
            Outcome::Answered(at, published) => {
                if at > limit(self.base, ANSWER_DAYS)? {
                    return Some(false);
                }
                Some(published.unwrap_or(cut) <= limit(at, PUBLICATION_DAYS)?)
            }
        }
    }

    /// The last instant at which an open petition may still be answered, or its answer published, in time.
    pub fn limit(&self, calendar: &Calendar) -> Option<Instant> {
        let limit = |from: Instant, days| calendar.working_day_after(from.day(), days).map(Day::end);
        match self.outcome {
            Outcome::Open => limit(self.base, ANSWER_DAYS),
            Outcome::Answered(at, None) => limit(at, PUBLICATION_DAYS),
            Outcome::Waiting(_) | Outcome::Refused(_) | Outcome::Answered(_, Some(_)) => None,
        }
    }

    /// The next instant after `now` at which time alone changes the judgement.
    pub fn next_change(&self, now: Instant, calendar: &Calendar) -> Option<Instant> {
        let edge = self.limit(calendar)?;
        (edge >= now).then(|| edge.just_after())
    }
}
