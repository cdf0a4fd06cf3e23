//! The fold: a dossier's standing events, in order, become its life.
//!
//! Pure and small: no clock, no lookup of other dossiers. Judging an open dossier at an earlier cut is the same
//! fold over the events before that cut. Not here: duplicates and retractions (`event::canonical`).

use super::apology::{Duties, Letters};
use super::clock::{Cause, Clock};
use super::flag::{Flag, Flags};
use super::step::{DueSource, Step};
use crate::calendar::Calendar;
use crate::codes::Code;
use crate::event::{EventType, FieldId, Record, Value};
use crate::instant::Instant;
use crate::procedure::Procedures;

/// Session seconds within which an online filing should be accepted (8 working hours).
const ACCEPTANCE_SECONDS: u64 = 8 * 3600;
/// A pause this close before the due date raises a flag (one working hour).
const LAST_HOUR_SECONDS: u64 = 3600;
/// Place of `financial_duty` among the pause reasons: the only one that stops the clock.
const FINANCIAL_DUTY: u8 = 0;
/// Place of `online` among the channels.
const ONLINE: u8 = 1;

/// What a dossier's fold looks up outside its own events.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Working days and sessions.
    pub calendar: &'a Calendar,
    /// Definitions by procedure.
    pub procedures: &'a Procedures,
    /// Within what letters of apology are to be sent.
    pub duties: Duties,
}

/// Where a dossier stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The clock runs.
    Running,
    /// Waiting for the applicant's supplement.
    Waiting,
    /// Paused for a financial duty.
    Paused,
    /// The last segment ended.
    Ended,
}

/// A dossier's facts after its events up to some instant.
#[derive(Clone, Debug, Default)]
pub struct Life<'a> {
    /// The first submission.
    pub submitted_at: Option<Instant>,
    /// The first acceptance.
    pub accepted_at: Option<Instant>,
    /// Last given by submitted or accepted.
    pub procedure: Option<Code>,
    /// Last given by submitted or accepted.
    pub agency: Option<Code>,
    /// Place in `CHANNELS`; `None` counts as counter.
    pub channel: Option<u8>,
    /// Place in `APPLICANTS`.
    pub applicant: Option<u8>,
    /// The linked-services case it is part of.
    pub bundle: Option<&'a str>,
    /// Last named by accepted, assigned or processed.
    pub officer: Option<Code>,
    /// Who holds it, if said.
    pub holder: Option<Code>,
    /// Any `deleted`.
    pub is_deleted: bool,
    /// The end of the last segment.
    pub ended_at: Option<Instant>,
    /// The first end of any segment was by `processed`.
    pub is_processed: bool,
    /// Due date and stops.
    pub clock: Clock,
    /// Letters of apology.
    pub letters: Letters,
    /// Requests since the first acceptance while the dossier was in hand.
    pub supplement_requests: u32,
    /// Some ended segment was late.
    pub was_late: bool,
    /// Some ended segment was late against the base due date.
    pub was_late_base: bool,
    /// A digital result exists.
    pub has_digital_result: bool,
    /// Parts digitised, reused, taken from the portal's store.
    pub parts: [u64; 3],
    /// Last given.
    pub population_data: bool,
    /// Last given; 0 is exempt.
    pub fee_vnd: Option<u64>,
    /// Any payment by portal or gateway.
    pub is_paid_online: bool,
    /// Acknowledged by the portal.
    pub is_synced: bool,
    /// The last rating was not satisfied.
    pub is_dissatisfied: bool,
    /// Irregularities that its own events show.
    pub flags: Flags,
}

impl<'a> Life<'a> {
    /// Folds standing `records`, in the order they take effect, telling each turn.
    pub fn fold(records: &[Record<'a>], around: Surroundings<'_>, tell: &mut impl FnMut(Step)) -> Life<'a> {
        let mut life = Life::default();
        let is_entry =
            |record: &&Record<'_>| matches!(record.event_type, EventType::Submitted | EventType::Accepted);
        // Known before the first acceptance is reached: a duration is the final procedure's.
        life.procedure = records.iter().rev().find(is_entry).and_then(|last| last.code(FieldId::Procedure));
        let mut start = 0;
        while start < records.len() {
            let stop = next_segment(records, start, tell, &mut life.flags);
            let segment = &records[start..stop];
            if start > 0 {
                life.reopen(segment[0].time, tell);
            }
            let end = segment_end(segment);
            for (place, record) in segment.iter().enumerate() {
                let is_ended = end.is_some_and(|end| place > end);
                life.take(record, is_ended, around, tell);
                if end == Some(place) {
                    life.end(record, tell);
                }
            }
            start = stop;
        }
        life
    }

    fn take(
        &mut self,
        record: &Record<'a>,
        is_ended: bool,
        around: Surroundings<'_>,
        tell: &mut impl FnMut(Step),
    ) {
        // The clock exists from the first acceptance on, and stands still once the segment has ended.
        let is_in_hand = self.accepted_at.is_some() && !is_ended;
        self.check_order(record, is_ended, tell);
        let changes = self.clock.changes;
        self.note_missed();
        match record.event_type {
            EventType::Submitted => self.submit(record, tell),
            EventType::Accepted => self.accept(record, is_ended, around, tell),
            EventType::Assigned => {
                self.officer = record.code(FieldId::Officer).or(self.officer);
                self.holder = record.code(FieldId::Agency).or(self.holder);
            }
            EventType::SupplementRequested if is_in_hand => {
                self.supplement_requests += 1;
                self.flags.raise_if(Flag::SecondSupplement, self.supplement_requests > 1);
                let is_past_due = self.clock.due.is_some_and(|due| record.time > due);
                self.flags.raise_if(Flag::SupplementAfterDue, is_past_due);
                self.clock.stop(record.time, Cause::Supplement, tell);
            }
            EventType::Paused if is_in_hand => self.pause(record, around.calendar, tell),
            EventType::SupplementReceived if is_in_hand => {
                let due = record.instant(FieldId::DueAt);
                self.clock.resume(record.time, Cause::Supplement, due, tell);
            }
            EventType::Resumed if is_in_hand && record.choice(FieldId::Reason) == Some(FINANCIAL_DUTY) => {
                let due = record.instant(FieldId::DueAt);
                self.clock.resume(record.time, Cause::Finance, due, tell);
            }
            EventType::SupplementReceived
            | EventType::Resumed
            | EventType::DueChanged
            | EventType::Apologised => {
                self.give_due(record, is_ended, tell);
            }
            _ => self.note(record, tell),
        }
        self.note_letter(record, self.clock.changes != changes);
    }

    /// A clock that was stopped past the due date has missed it, though running again moves the date.
    fn note_missed(&mut self) {
        if let (Some(due), Some(stop)) = (self.clock.due, self.clock.stop)
            && stop.since > due
        {
            self.letters.missed.get_or_insert(due);
        }
    }

    /// A letter is about the due date in force; one that changes it is about the date it replaced.
    fn note_letter(&mut self, record: &Record<'a>, is_due_changed: bool) {
        let is_letter = match record.event_type {
            EventType::Apologised => true,
            EventType::DueChanged => record.field(FieldId::Letter).is_some(),
            _ => false,
        };
        if is_due_changed {
            self.letters.first_at = None;
        }
        if is_letter && self.clock.due.is_some() {
            self.letters.count += 1;
            if !is_due_changed {
                self.letters.first_at.get_or_insert(record.time);
            }
        }
    }

    /// Work that goes on after the end, without a reopening, is applied and flagged.
    fn check_order(&mut self, record: &Record<'a>, is_ended: bool, tell: &mut impl FnMut(Step)) {
        let touches_clock = matches!(
            record.event_type,
            EventType::SupplementRequested
                | EventType::SupplementReceived
                | EventType::Paused
                | EventType::Resumed
        );
        if touches_clock && is_ended {
            self.anomaly(record, "the clock is touched after the end", tell);
        }
    }

    /// Facts that no clock depends on.
    fn note(&mut self, record: &Record<'a>, tell: &mut impl FnMut(Step)) {
        match record.event_type {
            EventType::PartDigitised => {
                for (id, value) in record.fields() {
                    let place = match id {
                        FieldId::Count => 0,
                        FieldId::Reused => 1,
                        _ => 2,
                    };
                    if let Value::Whole(count) = value {
                        self.parts[place] = self.parts[place].saturating_add(count);
                    }
                }
            }
            EventType::FeeSet => {
                if let Some(Value::Whole(fee)) = record.field(FieldId::FeeVnd) {
                    self.fee_vnd = Some(fee);
                }
            }
            EventType::Paid => {
                self.is_paid_online |= record.choice(FieldId::Method).is_some_and(|method| method <= 1);
                self.flags.raise_if(Flag::OnBehalf, record.is_set(FieldId::OnBehalf));
            }
            EventType::Processed => {
                self.has_digital_result |= record.is_set(FieldId::ResultDigital);
                self.officer = record.code(FieldId::Officer).or(self.officer);
                self.is_processed = true;
            }
            EventType::ResultAttached => self.has_digital_result = true,
            EventType::Returned => self.flags.raise_if(Flag::ReturnedBeforeProcessed, !self.is_processed),
            EventType::Closed => self.flags.raise_if(Flag::ClosedBeforeResult, !self.has_outcome()),
            EventType::Synced => {
                self.is_synced |=
                    record.choice(FieldId::Message) == Some(0) && record.is_set(FieldId::Accepted);
            }
            EventType::Rated => self.is_dissatisfied = !record.is_set(FieldId::Satisfied),
            EventType::Deleted => {
                self.is_deleted = true;
                self.flags.raise(Flag::Deleted);
            }
            EventType::SupplementRequested | EventType::Paused if self.accepted_at.is_none() => {
                self.anomaly(record, "the clock is stopped before acceptance", tell);
            }
            _ => {}
        }
    }

    fn reopen(&mut self, at: Instant, tell: &mut impl FnMut(Step)) {
        // Lateness survives: OpenCPS erased it by nulling the dates of the first end.
        self.flags.raise_if(Flag::ReopenedAfterLateEnd, self.was_late);
        self.ended_at = None;
        tell(Step::Reopened { at });
    }

    fn has_outcome(&self) -> bool {
        self.is_processed || self.ended_at.is_some()
    }

    fn submit(&mut self, record: &Record<'a>, tell: &mut impl FnMut(Step)) {
        // A second submission only states again what may have been corrected.
        if self.accepted_at.is_some() && self.submitted_at.is_none() {
            self.anomaly(record, "submitted after acceptance", tell);
        }
        self.submitted_at = self.submitted_at.or(Some(record.time));
        for (id, value) in record.fields() {
            match (id, value) {
                (FieldId::Agency, Value::Code(agency)) => self.agency = Some(agency),
                (FieldId::Channel, Value::Choice(channel)) => self.channel = Some(channel),
                (FieldId::Applicant, Value::Choice(applicant)) => self.applicant = Some(applicant),
                (FieldId::Bundle, Value::Text(bundle)) => self.bundle = Some(bundle),
                (FieldId::OnBehalf, Value::Bool(true)) => self.flags.raise(Flag::OnBehalf),
                _ => {}
            }
        }
    }

    fn accept(
        &mut self,
        record: &Record<'a>,
        is_ended: bool,
        around: Surroundings<'_>,
        tell: &mut impl FnMut(Step),
    ) {
        let mut due = None;
        for (id, value) in record.fields() {
            match (id, value) {
                (FieldId::Agency, Value::Code(agency)) => self.agency = Some(agency),
                (FieldId::Officer, Value::Code(officer)) => self.officer = Some(officer),
                (FieldId::Channel, Value::Choice(channel)) => self.channel = Some(channel),
                (FieldId::DueAt, Value::Instant(at)) => due = Some(at),
                (FieldId::FeeVnd, Value::Whole(fee)) => self.fee_vnd = Some(fee),
                (FieldId::PopulationData, Value::Bool(used)) => self.population_data = used,
                (FieldId::Parts, Value::Parts([_, digitised, reused, stored])) => {
                    for (sum, count) in self.parts.iter_mut().zip([digitised, reused, stored]) {
                        *sum = sum.saturating_add(count);
                    }
                }
                _ => {}
            }
        }
        if self.accepted_at.is_some() {
            self.anomaly(record, "accepted twice", tell);
            if let Some(due) = due {
                self.clock.give(record.time, due, is_ended, tell);
            }
            return;
        }
        self.accepted_at = Some(record.time);
        tell(Step::Accepted { at: record.time });
        self.set_base_due(record.time, due, around, tell);
        if let (Some(submitted), Some(ONLINE)) = (self.submitted_at, self.channel) {
            let waited = around.calendar.session_seconds_between(submitted, record.time);
            self.flags.raise_if(Flag::AcceptedLate, waited.is_some_and(|waited| waited > ACCEPTANCE_SECONDS));
        }
    }

    fn set_base_due(
        &mut self,
        accepted_at: Instant,
        given: Option<Instant>,
        around: Surroundings<'_>,
        tell: &mut impl FnMut(Step),
    ) {
        if let Some(due) = given {
            return self.clock.set_base(due, DueSource::Acceptance, tell);
        }
        let procedure = self.procedure.and_then(|code| around.procedures.get(&code));
        let duration =
            procedure.and_then(|known| known.definition_at(accepted_at)).and_then(|found| found.duration);
        if let Some(duration) = duration
            && let Some(due) = duration.due(accepted_at, around.calendar)
        {
            self.clock.set_base(due, DueSource::Duration(duration), tell);
        }
    }

    fn pause(&mut self, record: &Record<'a>, calendar: &Calendar, tell: &mut impl FnMut(Step)) {
        if let Some(due) = self.clock.due.filter(|due| record.time <= *due) {
            let left = calendar.session_seconds_between(record.time, due);
            self.flags.raise_if(Flag::PauseJustBeforeDue, left.is_some_and(|left| left <= LAST_HOUR_SECONDS));
        }
        if record.choice(FieldId::Reason) == Some(FINANCIAL_DUTY) {
            self.clock.stop(record.time, Cause::Finance, tell);
        }
    }

    /// A due date given by an event that resumes nothing.
    fn give_due(&mut self, record: &Record<'a>, is_ended: bool, tell: &mut impl FnMut(Step)) {
        let due = record.instant(FieldId::DueAt).or_else(|| record.instant(FieldId::NewDueAt));
        match due {
            Some(due) if self.accepted_at.is_some() => {
                self.clock.give(record.time, due, is_ended, tell);
                let is_irregular = self.clock.was_changed_late || self.clock.changes > 1;
                self.flags.raise_if(Flag::DueChangedLateOrTwice, is_irregular);
            }
            Some(_) => self.anomaly(record, "a due date before acceptance", tell),
            None => {}
        }
    }

    fn end(&mut self, record: &Record<'a>, tell: &mut impl FnMut(Step)) {
        let compared = self.clock.end(record.time);
        let is_accepted = self.accepted_at.is_some();
        if !is_accepted
            && record.event_type != EventType::Refused
            && record.event_type != EventType::Withdrawn
        {
            self.anomaly(record, "ended before acceptance", tell);
        }
        let is_past = |due: Option<Instant>| is_accepted && due.is_some_and(|due| compared > due);
        let is_late = is_past(self.clock.due);
        if let Some(due) = self.clock.due.filter(|_| is_late) {
            self.letters.missed.get_or_insert(due);
        }
        self.was_late |= is_late;
        self.was_late_base |= is_past(self.clock.base_due);
        self.ended_at = Some(record.time);
        tell(Step::Ended { at: record.time, compared, due: self.clock.due, is_late });
    }

    fn anomaly(&mut self, record: &Record<'_>, what: &'static str, tell: &mut impl FnMut(Step)) {
        self.flags.raise(Flag::ImpossibleOrder);
        tell(Step::Anomaly { at: record.time, what });
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        match (self.ended_at, self.clock.stop) {
            (Some(_), _) => State::Ended,
            (None, Some(stop)) if stop.for_supplement => State::Waiting,
            (None, Some(_)) => State::Paused,
            (None, None) => State::Running,
        }
    }

    /// Whether it is late, judged at `cut`; for one that has not ended, fold only its events before the cut.
    pub fn is_late(&self, cut: Instant) -> bool {
        self.was_late || self.is_open_late(self.clock.due, cut)
    }

    /// The same against the base due date.
    pub fn is_late_base(&self, cut: Instant) -> bool {
        self.was_late_base || self.is_open_late(self.clock.base_due, cut)
    }

    fn is_open_late(&self, due: Option<Instant>, cut: Instant) -> bool {
        let Some(due) = due else { return false };
        match (self.state(), self.clock.stop) {
            (State::Ended, _) => false,
            (State::Waiting, Some(stop)) => self.supplement_requests >= 2 || stop.since > due,
            (_, Some(stop)) => stop.since > due,
            (_, None) => cut > due,
        }
    }
}

fn is_end(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::Processed
            | EventType::Returned
            | EventType::Refused
            | EventType::Stopped
            | EventType::Withdrawn
    )
}

/// Where the segment that starts at `start` stops: before a reopening of an ended dossier. A reopening of one
/// that has not ended is an anomaly without effect.
fn next_segment(
    records: &[Record<'_>],
    start: usize,
    tell: &mut impl FnMut(Step),
    flags: &mut Flags,
) -> usize {
    let mut has_end = false;
    for (place, record) in records.iter().enumerate().skip(start) {
        has_end |= is_end(record.event_type);
        if record.event_type == EventType::Reopened && (place > start || start == 0) {
            if has_end {
                return place;
            }
            flags.raise(Flag::ImpossibleOrder);
            tell(Step::Anomaly { at: record.time, what: "reopened before it ended" });
        }
    }
    records.len()
}

/// The place of a segment's end: its first `processed`, else `returned`, else refused, stopped or withdrawn.
fn segment_end(segment: &[Record<'_>]) -> Option<usize> {
    let first =
        |wanted: &dyn Fn(EventType) -> bool| segment.iter().position(|record| wanted(record.event_type));
    first(&|kind| kind == EventType::Processed)
        .or_else(|| first(&|kind| kind == EventType::Returned))
        .or_else(|| first(&is_end))
}
