//! The catalogue of administrative procedures, and how it changes during the plan.
//!
//! About a fifth of the procedures are done at communes, the rest at one department each. Rank in the list is
//! demand: the first are the everyday ones. Announcing, publishing and repealing follow the rules behind
//! indicators 1.1–1.3, with a share that comes late or incomplete.

use super::chance::Chance;
use super::courier::Courier;
use super::happening::{Agency, Procedure, ProcedureEvent, Source, Subject, What};
use super::names;
use super::province::PROVINCE;
use super::working_clock::{WorkingClock, day_of, midnight};

#[derive(Debug, Clone, Copy)]
pub(super) enum Duration {
    WorkingDays(u32),
    WorkingHours(u32),
    Days(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnlineService {
    None,
    Partial,
    Full,
}

#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "the flags of procedure.defined")]
pub(super) struct ProcedureRecord {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) field: &'static str,
    pub(super) owner: Agency,
    pub(super) is_for_communes: bool,
    pub(super) is_for_province: bool,
    pub(super) duration: Option<Duration>,
    pub(super) online: OnlineService,
    pub(super) is_full_eligible: bool,
    pub(super) has_paper_result: bool,
    pub(super) fee_vnd: u32,
    pub(super) has_integrated_payment: bool,
    pub(super) is_for_citizens: bool,
}

/// The procedures in order of demand, the communes' first, and how many are the communes'.
pub(super) fn procedures(wanted: u32, departments: u32, chance: &mut Chance) -> (Vec<ProcedureRecord>, u32) {
    let for_communes = (wanted * 21 / 100).max(4);
    let for_departments = (wanted.saturating_sub(for_communes)).max(departments);
    let mut procedures: Vec<ProcedureRecord> =
        (0..for_communes).map(|rank| commune_procedure(rank, departments, chance)).collect();
    procedures.extend((0..for_departments).map(|rank| department_procedure(rank, departments, chance)));
    (procedures, for_communes)
}

fn commune_procedure(rank: u32, departments: u32, chance: &mut Chance) -> ProcedureRecord {
    let mut procedure = any_procedure(rank, rank.is_multiple_of(60), chance);
    if let Some((name, field)) = names::COMMUNE_PROCEDURES.get(rank as usize) {
        procedure.name = (*name).into();
        procedure.field = field;
    }
    procedure.owner = if rank.is_multiple_of(20) {
        PROVINCE
    } else {
        Agency(1 + chance.below(u64::from(departments)) as u32)
    };
    procedure.is_for_communes = true;
    procedure.is_for_province = chance.happens(80);
    procedure.is_for_citizens = chance.happens(950);
    procedure.duration = match rank {
        0 | 3 | 15 => Some(Duration::WorkingHours(chance.pick(&[4, 8]))),
        1 | 2 | 4 | 6 => Some(Duration::WorkingDays(1)),
        5 => Some(Duration::WorkingDays(3)),
        _ => any_duration(chance),
    };
    if rank < 2 {
        procedure.fee_vnd = if rank == 0 { 8_000 } else { 0 };
        procedure.has_paper_result = true;
    }
    procedure
}

fn department_procedure(rank: u32, departments: u32, chance: &mut Chance) -> ProcedureRecord {
    let mut procedure = any_procedure(10_000 + rank, rank < departments * 10, chance);
    procedure.owner = Agency(1 + rank % departments);
    procedure.is_for_province = true;
    procedure.is_for_citizens = chance.happens(600);
    procedure
}

fn any_procedure(number: u32, is_in_demand: bool, chance: &mut Chance) -> ProcedureRecord {
    let act = chance.pick(&names::PROCEDURE_ACTS);
    let thing = chance.pick(&names::PROCEDURE_THINGS);
    let has_fee = chance.happens(if is_in_demand { 400 } else { 220 });
    ProcedureRecord {
        code: format!("{}.{:06}", 1 + number % 3, 1_000 + number * 7),
        name: format!("{act} {thing}"),
        field: chance.pick(&names::PROCEDURE_FIELDS),
        owner: PROVINCE,
        is_for_communes: false,
        is_for_province: false,
        duration: any_duration(chance),
        online: match chance.below(100) {
            0..14 => OnlineService::None,
            14..50 => OnlineService::Partial,
            _ => OnlineService::Full,
        },
        is_full_eligible: chance.happens(700),
        has_paper_result: chance.happens(750),
        fee_vnd: if has_fee {
            chance.pick(&[5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000])
        } else {
            0
        },
        has_integrated_payment: has_fee && chance.happens(800),
        is_for_citizens: true,
    }
}

fn any_duration(chance: &mut Chance) -> Option<Duration> {
    match chance.below(100) {
        0..4 => None,
        4..10 => Some(Duration::WorkingHours(chance.pick(&[4, 8, 16, 24]))),
        10..20 => Some(Duration::Days(chance.pick(&[7, 10, 15, 20, 30]))),
        _ => Some(Duration::WorkingDays(chance.pick(&[1, 2, 3, 3, 5, 5, 5, 7, 10, 10, 15, 20, 30]))),
    }
}

/// A procedure gets a new version at the opening of a day.
#[derive(Debug)]
pub(super) struct Amendment {
    pub(super) day: i64,
    procedure: Procedure,
}

impl Amendment {
    /// Changes the duration, and sometimes what is offered online.
    pub(super) fn apply(&self, procedures: &mut [ProcedureRecord], chance: &mut Chance) -> Subject {
        let record = &mut procedures[self.procedure.0 as usize];
        record.duration = any_duration(chance).or(record.duration);
        if chance.happens(300) {
            record.online = OnlineService::Full;
        }
        Subject::Procedure(self.procedure)
    }
}

/// Sends the catalogue as it stands on the first day and every later decision; returns the amendments to
/// come, by day.
pub(super) fn send_catalogue(
    count: usize,
    source: Source,
    opening: i64,
    days: std::ops::Range<i64>,
    clock: &WorkingClock,
    chance: &mut Chance,
    courier: &mut Courier,
) -> Vec<Amendment> {
    let mut amendments = Vec::new();
    let yearly_share = 170 * (days.end - days.start) / 365;
    for number in 0..count as u32 {
        let procedure = Procedure(number);
        let subject = Subject::Procedure(procedure);
        let mut send = |at, event| courier.send_settled(at, source, subject, What::Procedure(event));
        send(opening, ProcedureEvent::Defined);
        if chance.happens(960) {
            let published_on = days.start - chance.between(1, 900);
            send(
                opening + 1,
                ProcedureEvent::Published { decision: None, published_on, parts: parts_shown(chance) },
            );
        }
        // Never fewer than a few decisions, or a short plan would show nothing under publicity.
        if chance.happens((yearly_share as u32).max(20)) {
            let decided_on = days.start + chance.below((days.end - days.start).max(1) as u64) as i64;
            let decision = 100 + number;
            let (kind, effective_on) = announce(decided_on, decision, clock, chance, &mut send);
            if kind != "repealed" && chance.happens(500) {
                amendments.push(Amendment { day: effective_on, procedure });
            }
        }
    }
    amendments.sort_by_key(|amendment| amendment.day);
    amendments
}

fn announce(
    decided_on: i64,
    decision: u32,
    clock: &WorkingClock,
    chance: &mut Chance,
    send: &mut impl FnMut(i64, ProcedureEvent),
) -> (&'static str, i64) {
    let office_hours = 9 * 3600;
    let kind = chance.pick(&["amended", "amended", "amended", "amended", "new", "repealed"]);
    let lead = if chance.happens(550) { chance.between(6, 25) } else { chance.between(0, 5) };
    let effective_on = day_of(clock.end_of_working_day_after(midnight(decided_on), lead.max(1)));
    send(
        midnight(decided_on) + office_hours,
        ProcedureEvent::Announced { decision, decided_on, effective_on, kind },
    );
    let wait = if chance.happens(750) { chance.between(1, 5) } else { chance.between(6, 20) };
    let published_at = clock.end_of_working_day_after(midnight(decided_on), wait) - chance.between(60, 7200);
    if kind == "repealed" {
        send(published_at, ProcedureEvent::Unpublished);
    } else if chance.happens(930) {
        let decision = chance.perhaps(850, decision);
        let parts = parts_shown(chance);
        send(published_at, ProcedureEvent::Published { decision, published_on: day_of(published_at), parts });
    }
    (kind, effective_on)
}

fn parts_shown(chance: &mut Chance) -> usize {
    if chance.happens(820) { 7 } else { chance.between(4, 6) as usize }
}
