//! From a dossier message to events: what happened, at its own time; and what may be corrected, restated.
//!
//! A message is a snapshot of a dossier, sent again with more in it whenever something happens. Each happening is an
//! event of its own, at its own time, so that a fuller snapshot only adds. Agency, procedure, channel, fee and due date
//! may also be *corrected*: a snapshot younger than the acceptance states them again at the snapshot's own time, where
//! the last one given counts. No message is compared with another, so the order of arrival cannot matter.

use compute::event::EventType;
use compute::instant::Instant;
use serde_json::json;

use super::dossier::{Dossier, Supplement};
use super::event::{Place, Telling};
use super::finding::{Finding, FindingKind};
use super::status::{Status, outcome};

/// Tells the events of `dossier`, and what is odd about it.
pub(super) fn tell(dossier: &Dossier, telling: &mut Telling<'_>, findings: &mut Vec<Finding>) {
    enter(dossier, telling);
    attach(dossier, telling);
    let carries_due = supplements(dossier, telling, findings);
    end(dossier, telling);
    stand(dossier, telling, findings);
    restate(dossier, carries_due, telling);
    check(dossier, findings);
}

/// Filing and acceptance.
fn enter(dossier: &Dossier, telling: &mut Telling<'_>) {
    let (Some(procedure), Some(agency)) = (&dossier.procedure, &dossier.agency) else { return };
    let stated = |is_of: Status| dossier.stated.filter(|_| dossier.status == Some(is_of));
    let accepted = dossier.accepted.or_else(|| stated(Status::Accepted));
    // Who does not say when it was filed had it filed when it was accepted.
    let filed = dossier.filed.or(accepted).or_else(|| stated(Status::Filed));
    if let Some(at) = filed {
        let data = json!({ "procedure": procedure, "agency": agency, "channel": dossier.channel });
        telling.tell(EventType::Submitted, Place::Filed, at, data);
    }
    if let Some(at) = accepted {
        let data = json!({
            "procedure": procedure, "agency": agency, "officer": "", "channel": dossier.channel,
            "due_at": base_due(dossier).map(Instant::to_utc),
            "population_data": dossier.population_data.then_some(true),
        });
        telling.tell_once(EventType::Accepted, Place::Accepted, at, data);
    }
}

/// The due date the dossier was accepted with: what the first change says it was, else the one given, if nothing says
/// that it has changed.
pub(super) fn base_due(dossier: &Dossier) -> Option<Instant> {
    let first = dossier.supplements.iter().find(|entry| entry.due_before.or(entry.due_after).is_some());
    first.map_or(dossier.due, |entry| entry.due_before)
}

/// Parts and payment: where they have no time of their own, they came with the dossier.
fn attach(dossier: &Dossier, telling: &mut Telling<'_>) {
    let Some(at) = dossier.accepted.or(dossier.filed).or_else(|| dossier.as_of()) else { return };
    let mut told: Vec<[bool; 3]> = Vec::new();
    for marks in dossier.documents.iter().filter(|marks| marks.contains(&true)) {
        let [digitised, reused, stored] = marks.map(u8::from);
        let data = json!({ "count": digitised, "reused": reused, "from_portal_store": stored });
        let copy = told.iter().filter(|known| *known == marks).count();
        telling.tell_copy((EventType::PartDigitised, Place::PartDigitised), at, data, copy);
        told.push(*marks);
    }
    if dossier.has_digitised_parts && !told.iter().any(|[digitised, ..]| *digitised) {
        telling.tell(EventType::PartDigitised, Place::PartDigitised, at, json!({ "count": 1 }));
    }
    if let Some(method) = dossier.paid_by {
        let data = json!({ "amount_vnd": dossier.fee_vnd.unwrap_or_default(), "method": method });
        telling.tell(EventType::Paid, Place::Paid, at, data);
    }
    if let Some(fee_vnd) = dossier.fee_vnd {
        let at = dossier.as_of().map_or(at, |as_of| as_of.max(at));
        telling.tell(EventType::FeeSet, Place::FeeSet, at, json!({ "fee_vnd": fee_vnd }));
    }
}

/// Supplements, and the due dates they move; whether they say all there is to say of the due date.
fn supplements(dossier: &Dossier, telling: &mut Telling<'_>, findings: &mut Vec<Finding>) -> bool {
    let mut due = base_due(dossier);
    let mut is_told = true;
    for entry in &dossier.supplements {
        let changed = entry.due_before.filter(|before| due.is_some_and(|due| due != *before));
        if let Some((at, before)) = entry.requested.or(entry.received).zip(changed) {
            findings.push(Finding { kind: FindingKind::DueMovedUnexplained, field: "NgayHenTraTruoc" });
            change_due(Place::DueGivenBefore, at, before, telling);
        }
        supplement(dossier, entry, telling, findings);
        is_told &= entry.received.is_none() || entry.due_after.is_some();
        due = entry.due_after.or(entry.due_before).or(due);
    }
    let has_moved = dossier.supplements.iter().any(|entry| entry.due_after.is_some());
    // Where a due date moved by the time the clock stood, only the rules know it.
    !is_told || (has_moved && due == dossier.due)
}

fn supplement(dossier: &Dossier, entry: &Supplement, telling: &mut Telling<'_>, findings: &mut Vec<Finding>) {
    let (requested, received) = (entry.requested, entry.received);
    if let Some(at) = requested {
        telling.tell(EventType::SupplementRequested, Place::SupplementRequested, at, json!({}));
    }
    match (received, entry.due_after) {
        (Some(at), due) => {
            let data = json!({ "due_at": due.map(Instant::to_utc) });
            telling.tell(EventType::SupplementReceived, Place::SupplementReceived, at, data);
            if due.is_none() {
                findings.push(Finding { kind: FindingKind::SupplementWithoutDue, field: "NgayHenTraMoi" });
            }
        }
        // Nothing was received: the due date was moved by itself.
        (None, Some(due)) => {
            if let Some(at) = requested.or_else(|| dossier.as_of()) {
                change_due(Place::DueGiven, at, due, telling);
            }
        }
        (None, None) => {}
    }
    if requested.is_none() {
        findings.push(Finding { kind: FindingKind::SupplementWithoutDates, field: "NgayBoSung" });
    }
    if requested.zip(received).is_some_and(|(requested, received)| received < requested) {
        findings.push(Finding { kind: FindingKind::ImpossibleOrder, field: "NgayTiepNhanBoSung" });
    }
}

fn change_due(place: Place, at: Instant, due: Instant, telling: &mut Telling<'_>) {
    let data = json!({ "due_at": due.to_utc(), "reason": "" });
    telling.tell(EventType::DueChanged, place, at, data);
}

/// Ends that have a date. A dossier withdrawn or stopped ended by that, though its work has an end date too.
fn end(dossier: &Dossier, telling: &mut Telling<'_>) {
    if let Some(at) = dossier.ended {
        match dossier.status {
            Some(status @ (Status::Withdrawn | Status::Stopped)) => status.tell(at, telling),
            Some(Status::Refused) => {
                telling.tell_once(EventType::Processed, Place::Processed, at, outcome("rejected"));
            }
            _ => telling.tell_once(EventType::Processed, Place::Processed, at, outcome("granted")),
        }
    }
    if let Some(at) = dossier.refused {
        Status::Refused.tell(at, telling);
    }
    if let Some(at) = dossier.returned {
        Status::Returned.tell(at, telling);
    }
    if dossier.has_result_file
        && let Some(at) = dossier.ended.or(dossier.returned).or_else(|| dossier.as_of())
    {
        telling.tell(EventType::ResultAttached, Place::ResultAttached, at, json!({}));
    }
}

/// The status, where no date has told it already.
fn stand(dossier: &Dossier, telling: &mut Telling<'_>, findings: &mut Vec<Finding>) {
    let Some(status) = dossier.status else { return };
    let told_by = match status {
        Status::Filed => EventType::Submitted,
        Status::Accepted | Status::Processing => EventType::Accepted,
        Status::Refused => EventType::Refused,
        Status::SupplementRequested => EventType::SupplementRequested,
        Status::FeeDue => EventType::Paused,
        Status::Withdrawn => EventType::Withdrawn,
        Status::Stopped => EventType::Stopped,
        Status::Processed => EventType::Processed,
        Status::Returned => EventType::Returned,
    };
    if !status.is_end()
        && let Some(end) = dossier.end()
    {
        findings.push(Finding { kind: FindingKind::StatusBackwards, field: "TrangThaiHoSo" });
        return step_back(dossier, status, end, telling);
    }
    match dossier.stated {
        Some(at) if status == Status::Processing || !telling.has(told_by) => status.tell(at, telling),
        _ if telling.has(told_by) => {}
        _ => findings.push(Finding { kind: FindingKind::StatusWithoutTime, field: "TrangThaiHoSo" }),
    }
}

/// An ended dossier is being worked on. Before its result is with the applicant the process allows that: it is
/// reopened, at the time the sender states or at the first happening after the end. Else the clock is touched after
/// the end, which the rules flag, and the end stands.
fn step_back(dossier: &Dossier, status: Status, end: Instant, telling: &mut Telling<'_>) {
    let asked = dossier.supplements.iter().flat_map(|entry| [entry.requested, entry.received]);
    let after_end = |at: &Instant| *at > end;
    let later = dossier.stated.filter(after_end).or_else(|| asked.flatten().filter(after_end).min());
    match later {
        Some(at) if dossier.returned.is_none() => {
            telling.tell(EventType::Reopened, Place::Reopened, at, json!({ "reason": "" }));
            if dossier.stated == Some(at) {
                status.tell(at, telling);
            }
        }
        later => {
            let data = json!({ "reason": "financial_duty" });
            telling.tell(EventType::Resumed, Place::Backwards, later.unwrap_or(end), data);
        }
    }
}

/// What may have been corrected, stated again at the snapshot's time.
fn restate(dossier: &Dossier, carries_due: bool, telling: &mut Telling<'_>) {
    let (Some(as_of), Some(entered)) = (dossier.as_of(), dossier.accepted.or(dossier.filed)) else { return };
    if as_of <= entered {
        return;
    }
    if let (Some(procedure), Some(agency)) = (&dossier.procedure, &dossier.agency) {
        let data = json!({ "procedure": procedure, "agency": agency, "channel": dossier.channel });
        telling.tell(EventType::Submitted, Place::Filed, as_of, data);
    }
    let is_open = dossier.end().is_none() || telling.has(EventType::Reopened);
    if let Some(due) = dossier.due.filter(|_| dossier.accepted.is_some() && is_open && !carries_due) {
        change_due(Place::DueGiven, as_of, due, telling);
    }
}

/// What is missing or cannot be, though each value is well spelt.
fn check(dossier: &Dossier, findings: &mut Vec<Finding>) {
    if dossier.accepted.is_some() && dossier.due.is_none() {
        findings.push(Finding { kind: FindingKind::DueMissing, field: "NgayHenTra" });
    }
    let orders = [
        (dossier.filed, dossier.accepted, "NgayTiepNhan"),
        (dossier.accepted, dossier.due, "NgayHenTra"),
        (dossier.accepted, dossier.ended, "NgayKetThucXuLy"),
        (dossier.ended, dossier.returned, "NgayTra"),
    ];
    for (earlier, later, field) in orders {
        if earlier.zip(later).is_some_and(|(earlier, later)| later < earlier) {
            findings.push(Finding { kind: FindingKind::ImpossibleOrder, field });
        }
    }
}
