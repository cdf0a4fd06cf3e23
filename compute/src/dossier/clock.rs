//! A dossier's clock: the due date in force, what stops it, and what moves it (index-766.md §2).
//!
//! Not here: which event does what (`life`), and when a dossier counts as late in a period.

use super::step::{DueSource, Step};
use crate::instant::Instant;

/// The clock stands: since when, and for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stop {
    /// The start of the union of overlapping stops.
    pub since: Instant,
    /// Waiting for the applicant's supplement.
    pub for_supplement: bool,
    /// Waiting for a financial duty.
    pub for_finance: bool,
}

/// What stops the clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// `supplement_requested` … `supplement_received`.
    Supplement,
    /// `paused` … `resumed` for a financial duty.
    Finance,
}

/// Due date and stops of a dossier, as of some event.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Clock {
    /// The due date in force.
    pub due: Option<Instant>,
    /// The due date first in force.
    pub base_due: Option<Instant>,
    /// The stop that stands.
    pub stop: Option<Stop>,
    /// Replacements of the due date that took effect.
    pub changes: u32,
    /// The stretches it stood for, in order.
    pub stood: Vec<(Instant, Instant)>,
    /// A replacement was tried after the due date had passed.
    pub was_changed_late: bool,
}

impl Clock {
    /// Sets the first due date.
    pub fn set_base(&mut self, due: Instant, source: DueSource, tell: &mut impl FnMut(Step)) {
        (self.due, self.base_due) = (Some(due), Some(due));
        tell(Step::BaseDue { due, source });
    }

    /// A due date given by an event at `at`; `is_ended` since the last reopening.
    pub fn give(&mut self, at: Instant, new: Instant, is_ended: bool, tell: &mut impl FnMut(Step)) {
        let Some(due) = self.due else {
            self.set_base(new, DueSource::GivenLater, tell);
            return;
        };
        // What is in force already is stated again, not changed.
        if new == due {
            return tell(Step::DueGiven { at, due: new, is_effective: !is_ended });
        }
        // The clock's instant: where it stood until this event, else the event's own.
        let instant = self.stop.map_or(at, |stop| stop.since);
        let is_effective = !is_ended && instant <= due;
        if is_effective {
            self.due = Some(new);
            self.changes += 1;
        }
        self.was_changed_late |= !is_ended && instant > due;
        tell(Step::DueGiven { at, due: new, is_effective });
    }

    /// Stops the clock; starting again what already stands changes nothing.
    pub fn stop(&mut self, at: Instant, cause: Cause, tell: &mut impl FnMut(Step)) {
        let stop = self.stop.get_or_insert_with(|| {
            tell(Step::Stopped { at, is_supplement: cause == Cause::Supplement });
            Stop { since: at, for_supplement: false, for_finance: false }
        });
        match cause {
            Cause::Supplement => stop.for_supplement = true,
            Cause::Finance => stop.for_finance = true,
        }
    }

    /// Ends one cause. The event that ends the last one moves the due date by the time the clock stood,
    /// unless it `gives` a due date itself.
    pub fn resume(&mut self, at: Instant, cause: Cause, gives: Option<Instant>, tell: &mut impl FnMut(Step)) {
        let Some(mut stop) = self.stop else {
            return self.give_if(at, gives, tell);
        };
        let stood = match cause {
            Cause::Supplement => std::mem::take(&mut stop.for_supplement),
            Cause::Finance => std::mem::take(&mut stop.for_finance),
        };
        let is_last = stood && !stop.for_supplement && !stop.for_finance;
        self.give_if(at, gives, tell);
        if !is_last {
            self.stop = Some(stop);
            return;
        }
        self.stop = None;
        self.stood.push((stop.since, at));
        if gives.is_none() {
            self.due = self.due.map(|due| due.moved_by(stop.since, at));
            tell(Step::Moved { at, since: stop.since, due: self.due });
        }
    }

    fn give_if(&mut self, at: Instant, gives: Option<Instant>, tell: &mut impl FnMut(Step)) {
        if let Some(due) = gives {
            self.give(at, due, false, tell);
        }
    }

    /// An end closes every stop without moving the due date; the instant to compare with it.
    pub fn end(&mut self, at: Instant) -> Instant {
        self.stop.take().map_or(at, |stop| {
            self.stood.push((stop.since, at));
            stop.since
        })
    }
}
