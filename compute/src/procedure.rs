//! Administrative procedures (TTHC): versions of their definition, announcements and publications.
//!
//! Each `procedure.defined` is in force from its time; a dossier uses the one in force at its acceptance, the
//! first if it was accepted earlier. Not here: which unit a procedure belongs to (`engine::authority`).

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::calendar::Calendar;
use crate::codes::Code;
use crate::event::contract::PROCEDURE_PARTS;
use crate::event::{EventType, FieldId, Record, Value};
use crate::instant::{Day, Instant};
use crate::period::Period;

/// Working days an announcement must precede its legal effect, and a publication may follow the decision by.
const PUBLICITY_WORKING_DAYS: u64 = 5;
const LEVEL_PROVINCE: u8 = 0;
const LEVEL_COMMUNE: u8 = 1;
/// Place of `repealed` among the announcement kinds.
const REPEALED: u8 = 2;

/// How long a procedure may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Duration {
    /// To the end of the n-th working day after the day of acceptance.
    WorkingDays(u64),
    /// n hours of session time.
    WorkingHours(u64),
    /// To the end of the working day of the n-th calendar day after, or of the next working day.
    Days(u64),
}

impl Duration {
    fn read(value: u64, unit: u8) -> Duration {
        match unit {
            0 => Duration::WorkingDays(value),
            1 => Duration::WorkingHours(value),
            _ => Duration::Days(value),
        }
    }

    /// The due date of a dossier accepted at `accepted_at`; `None` when a needed year has no calendar.
    pub fn due(self, accepted_at: Instant, calendar: &Calendar) -> Option<Instant> {
        match self {
            Duration::WorkingDays(days) => {
                calendar.end_of_work(calendar.working_day_after(accepted_at.day(), days)?)
            }
            Duration::WorkingHours(hours) => {
                calendar.after_session_time(accepted_at, hours.checked_mul(3600)?)
            }
            Duration::Days(days) => {
                calendar.end_of_work(calendar.working_day_from(accepted_at.day().plus(days)?)?)
            }
        }
    }
}

/// One `procedure.defined`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Definition {
    /// In force from here.
    pub from: Instant,
    /// Name of the procedure.
    pub name: String,
    /// The agency that owns it.
    pub owner: Code,
    /// Handled at province level.
    pub is_provincial: bool,
    /// Handled at commune level.
    pub is_communal: bool,
    /// How long it may take, if said.
    pub duration: Option<Duration>,
    /// Place in `ONLINE_LEVELS`.
    pub online: u8,
    /// Could be served fully online.
    pub full_eligible: bool,
    /// Ends in a paper result.
    pub paper_result: bool,
    /// Costs a fee.
    pub has_fee: bool,
    /// Payment is integrated with the portal.
    pub payment_integrated: bool,
    /// Addressed to citizens.
    pub for_citizens: bool,
}

#[derive(Clone, Debug)]
struct Announcement {
    decision: String,
    decided_on: Day,
    effective_on: Day,
    is_repeal: bool,
}

#[derive(Clone, Debug)]
struct Publication {
    decision: Option<String>,
    published_on: Day,
    is_complete: bool,
}

/// All standing events of one procedure.
#[derive(Clone, Debug, Default)]
pub struct Procedure {
    definitions: Vec<Definition>,
    announcements: Vec<Announcement>,
    publications: Vec<Publication>,
    is_public: bool,
}

/// The province's publicity facts of one procedure in one period (1.1–1.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Publicity {
    /// A decision lies in the period.
    pub is_decided: bool,
    /// Every such decision was announced in time; `None` when a day count is unknown.
    pub is_announced_in_time: Option<bool>,
    /// Every such decision was published, or still may be, in time; `None` when a day count is unknown.
    pub is_published_in_time: Option<bool>,
}

impl Procedure {
    /// Takes one standing event; they come in order.
    pub fn take(&mut self, record: &Record<'_>) {
        match record.event_type {
            EventType::ProcedureDefined => self.definitions.extend(definition(record)),
            EventType::ProcedureAnnounced => self.announcements.extend(announcement(record)),
            EventType::ProcedurePublished => {
                self.publications.extend(publication(record));
                self.is_public = true;
            }
            EventType::ProcedureUnpublished => self.is_public = false,
            _ => {}
        }
    }

    /// The definition in force at `at`, or the first if it came later.
    pub fn definition_at(&self, at: Instant) -> Option<&Definition> {
        let in_force = self.definitions.iter().rev().find(|definition| definition.from <= at);
        in_force.or(self.definitions.first())
    }

    /// All definitions, in order.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// The last definition.
    pub fn current(&self) -> Option<&Definition> {
        self.definitions.last()
    }

    /// Whether the last announcement repealed it with effect on or before `day`.
    pub fn is_repealed_on(&self, day: Day) -> bool {
        self.announcements.last().is_some_and(|last| last.is_repeal && last.effective_on <= day)
    }

    /// Whether the last of published and unpublished is published.
    pub fn is_public(&self) -> bool {
        self.is_public
    }

    /// Whether the last publication has all seven parts.
    pub fn is_complete(&self) -> bool {
        self.publications.last().is_some_and(|last| last.is_complete)
    }

    /// Judges the decisions that lie in `period` and began before `cut`.
    pub fn publicity(&self, period: Period, cut: Instant, calendar: &Calendar) -> Publicity {
        let mut judged = Publicity {
            is_decided: false,
            is_announced_in_time: Some(true),
            is_published_in_time: Some(true),
        };
        let counted = self
            .announcements
            .iter()
            .filter(|decision| period.contains_day(decision.decided_on) && decision.decided_on.start() < cut);
        for decision in counted {
            judged.is_decided = true;
            let announced = calendar
                .working_day_before(decision.effective_on, PUBLICITY_WORKING_DAYS)
                .map(|limit| decision.decided_on <= limit);
            let published = calendar.working_day_after(decision.decided_on, PUBLICITY_WORKING_DAYS).map(
                |limit| match self.published_on(decision) {
                    Some(day) => day <= limit,
                    None => cut <= limit.end(),
                },
            );
            judged.is_announced_in_time = both(judged.is_announced_in_time, announced);
            judged.is_published_in_time = both(judged.is_published_in_time, published);
        }
        judged
    }

    /// The earliest publication that belongs to `decision`.
    fn published_on(&self, decision: &Announcement) -> Option<Day> {
        let belongs = |publication: &&Publication| match &publication.decision {
            Some(named) => *named == decision.decision,
            None => publication.published_on >= decision.decided_on,
        };
        self.publications.iter().filter(belongs).map(|publication| publication.published_on).min()
    }
}

/// One late decision makes the procedure late; one unknown day count leaves it out.
fn both(so_far: Option<bool>, next: Option<bool>) -> Option<bool> {
    Some(so_far? && next?)
}

fn definition(record: &Record<'_>) -> Option<Definition> {
    let Some(Value::Choices(levels)) = record.field(FieldId::Levels) else { return None };
    Some(Definition {
        from: record.time,
        name: record.text(FieldId::Name)?.to_owned(),
        owner: record.code(FieldId::Agency)?,
        is_provincial: levels.contains(&LEVEL_PROVINCE),
        is_communal: levels.contains(&LEVEL_COMMUNE),
        duration: match record.field(FieldId::Duration) {
            Some(Value::Duration(value, unit)) => Some(Duration::read(value, unit)),
            _ => None,
        },
        online: record.choice(FieldId::Online)?,
        full_eligible: record.is_set(FieldId::FullEligible),
        paper_result: record.is_set(FieldId::PaperResult),
        has_fee: record.is_set(FieldId::Fee),
        payment_integrated: record.is_set(FieldId::PaymentIntegrated),
        for_citizens: record.is_set(FieldId::ForCitizens),
    })
}

fn day(record: &Record<'_>, id: FieldId) -> Option<Day> {
    match record.field(id) {
        Some(Value::Date(day)) => Some(day),
        _ => None,
    }
}

fn announcement(record: &Record<'_>) -> Option<Announcement> {
    Some(Announcement {
        decision: record.text(FieldId::Decision)?.to_owned(),
        decided_on: day(record, FieldId::DecidedOn)?,
        effective_on: day(record, FieldId::LegalEffectiveOn)?,
        is_repeal: record.choice(FieldId::Kind) == Some(REPEALED),
    })
}

fn publication(record: &Record<'_>) -> Option<Publication> {
    let Some(Value::Choices(parts)) = record.field(FieldId::Parts) else { return None };
    Some(Publication {
        decision: record.text(FieldId::Decision).map(str::to_owned),
        published_on: day(record, FieldId::PublishedOn)?,
        is_complete: (0..PROCEDURE_PARTS.len())
            .all(|part| parts.iter().any(|given| usize::from(*given) == part)),
    })
}

/// All procedures, by code.
pub type Procedures = HashMap<Code, Procedure, RandomState>;
