//! What is owed for a due date that passed unmet: a letter of apology to the applicant, and the head's explanation with it.
//!
//! A due date that was missed never changes any more (`clock`), so a dossier misses at most one, and owes one letter. A
//! letter is about the due date in force: one that moves it before it passes is about the date it replaced, and the new
//! date, once missed, asks for a letter of its own. Not here: who writes the letter, and what it says.

use super::life::Life;
use crate::calendar::Calendar;
use crate::instant::Instant;

/// Working days for a letter after a missed due date, where no indicator set says so.
pub const APOLOGY_WORKING_DAYS: u64 = 1;

/// Within what duties are to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Duties {
    /// The letter: by the end of the n-th working day after the day of the due date that was missed.
    pub apology_working_days: u64,
}

impl Default for Duties {
    fn default() -> Duties {
        Duties { apology_working_days: APOLOGY_WORKING_DAYS }
    }
}

/// What the fold keeps of letters.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Letters {
    /// The due date that was missed, where an event showed it: the clock was stopped past it, or the end came after it.
    pub(super) missed: Option<Instant>,
    /// The first letter about the due date in force.
    pub first_at: Option<Instant>,
    /// All letters, about whatever date.
    pub count: u32,
}

/// Whether a letter is owed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Duty {
    /// It should have been sent by now.
    Overdue,
    /// It is to be sent.
    Owed,
    /// It was sent, after the limit.
    SentLate,
    /// It was sent in time, or before the due date passed.
    Sent,
}

impl Duty {
    /// All.
    pub const ALL: [Duty; 4] = [Duty::Overdue, Duty::Owed, Duty::SentLate, Duty::Sent];

    /// The word in conditions and answers.
    pub fn name(self) -> &'static str {
        match self {
            Duty::Overdue => "overdue",
            Duty::Owed => "owed",
            Duty::SentLate => "sent_late",
            Duty::Sent => "sent",
        }
    }

    /// Whether it is still to be done.
    pub fn is_open(self) -> bool {
        matches!(self, Duty::Overdue | Duty::Owed)
    }
}

/// A duty, and what it follows from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Apology {
    /// The due date that was missed.
    pub missed: Instant,
    /// The last instant in time; `None` when a needed year has no calendar, and then it is never overdue.
    pub limit: Option<Instant>,
    /// The letter.
    pub sent_at: Option<Instant>,
    /// Where it stands.
    pub duty: Duty,
}

impl Life<'_> {
    /// The due date that was missed before `now`; `None` while none was. A clock that stands keeps what was in time in
    /// time: a second request for papers makes a dossier late for the index, and breaks no promise.
    pub fn missed_due(&self, now: Instant) -> Option<Instant> {
        if self.is_deleted || self.accepted_at.is_none() {
            return None;
        }
        let passed = || {
            let due = self.clock.due.filter(|_| self.ended_at.is_none())?;
            let until = self.clock.stop.map_or(now, |stop| stop.since);
            (until > due).then_some(due)
        };
        self.letters.missed.or_else(passed).filter(|missed| *missed < now)
    }

    /// The letter owed or sent for a due date missed before `cut`, as of `as_of`.
    pub fn apology(
        &self,
        (cut, as_of): (Instant, Instant),
        duties: Duties,
        calendar: &Calendar,
    ) -> Option<Apology> {
        let missed = self.missed_due(cut)?;
        let limit = duties.limit(missed, calendar);
        let sent_at = self.letters.first_at;
        let is_past = |at: Instant| limit.is_some_and(|limit| at > limit);
        let duty = match sent_at {
            Some(at) if is_past(at) => Duty::SentLate,
            Some(_) => Duty::Sent,
            None if is_past(as_of) => Duty::Overdue,
            None => Duty::Owed,
        };
        Some(Apology { missed, limit, sent_at, duty })
    }
}

impl Duties {
    /// The last instant in time for a letter about a due date that was missed.
    pub fn limit(self, missed: Instant, calendar: &Calendar) -> Option<Instant> {
        calendar.end_of_work(calendar.working_day_after(missed.day(), self.apology_working_days)?)
    }
}
