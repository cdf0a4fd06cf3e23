//! From a life to rows of facts: one a period the subject belongs to.
//!
//! index-766.md §2: R is accepted in the period and before the cut; H is accepted before the cut and not ended
//! before the period's start. A closed dossier counts as it is; an open one as it stood at the cut. Not here:
//! the conditions on these facts.

use crate::calendar::Calendar;
use crate::dossier::{Duties, Life, State, Surroundings};
use crate::event::Record;
use crate::event::contract::{APPLICANTS, CHANNELS, PETITION_ROUTES, PETITION_SUBJECTS};
use crate::facts::Fact;
use crate::instant::Instant;
use crate::period::Period;
use crate::petition::{Outcome, Petition};

/// Session seconds before the due date from which an open dossier is due soon (8 working hours).
pub(super) const DUE_SOON_SECONDS: u64 = 8 * 3600;
/// Further away than this, nothing is due soon: saves walking the calendar.
const DUE_SOON_DAYS_MAX: i32 = 31;

/// A period, its bounds and its cut, worked out once a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) period: Period,
    pub(super) start: Instant,
    pub(super) end: Instant,
    pub(super) cut: Instant,
    /// What was done about what was missed by the cut counts until now.
    pub(super) as_of: Instant,
}

impl Window {
    pub(super) fn new(period: Period, as_of: Instant) -> Window {
        let end = period.end();
        Window { period, start: period.start(), end, cut: as_of.min(end), as_of }
    }
}

/// A dossier folded, with what its rows need.
#[derive(Debug)]
pub(super) struct DossierRows<'a> {
    pub(super) life: Life<'a>,
    /// Its standing events, in order.
    pub(super) records: Vec<Record<'a>>,
    pub(super) is_complained_about: bool,
    /// Does the procedure at acceptance cost a fee, end in paper.
    pub(super) has_fee: bool,
    pub(super) has_paper_result: bool,
}

impl<'a> DossierRows<'a> {
    pub(super) fn fold(
        records: Vec<Record<'a>>,
        around: Surroundings<'_>,
        is_complained_about: bool,
    ) -> DossierRows<'a> {
        let life = Life::fold(&records, around, &mut |_| {});
        DossierRows::of(life, records, around, is_complained_about)
    }

    /// The rows of a life; `records` are those it was folded from, if any.
    pub(super) fn of(
        life: Life<'a>,
        records: Vec<Record<'a>>,
        around: Surroundings<'_>,
        is_complained_about: bool,
    ) -> DossierRows<'a> {
        let procedure = life.procedure.and_then(|code| around.procedures.get(&code));
        let definition =
            life.accepted_at.zip(procedure).and_then(|(at, procedure)| procedure.definition_at(at));
        DossierRows {
            is_complained_about,
            has_fee: definition.is_some_and(|definition| definition.has_fee),
            has_paper_result: definition.is_some_and(|definition| definition.paper_result),
            life,
            records,
        }
    }

    /// Whether it is accepted in the window (R), and whether it is in hand (H); `None` when it is neither.
    pub(super) fn membership(&self, window: &Window) -> Option<(bool, bool)> {
        let accepted_at = self.life.accepted_at?;
        if self.life.is_deleted || accepted_at >= window.cut {
            return None;
        }
        let is_received = window.start <= accepted_at;
        let is_in_hand = self.life.ended_at.is_none_or(|ended_at| ended_at >= window.start);
        (is_received || is_in_hand).then_some((is_received, is_in_hand))
    }

    /// Late, and late against the base due date, judged for a window.
    pub(super) fn lateness(&self, window: &Window, as_of: Instant, around: Surroundings<'_>) -> (bool, bool) {
        if self.life.ended_at.is_some() || window.cut == as_of {
            return (self.life.is_late(window.cut), self.life.is_late_base(window.cut));
        }
        let before = self.records.partition_point(|record| record.time < window.cut);
        if before == self.records.len() {
            return (self.life.is_late(window.cut), self.life.is_late_base(window.cut));
        }
        let then = Life::fold(&self.records[..before], around, &mut |_| {});
        (then.is_late(window.cut), then.is_late_base(window.cut))
    }

    /// The facts of one window; in the order of the dossier columns.
    pub(super) fn facts(
        &self,
        window: &Window,
        membership: (bool, bool),
        as_of: Instant,
        around: Surroundings<'_>,
    ) -> [Fact; 29] {
        self.facts_judged(window, membership, self.lateness(window, as_of, around), around)
    }

    /// The same, judged late, and late against the base due date, as said.
    pub(super) fn facts_judged(
        &self,
        window: &Window,
        (is_received, is_in_hand): (bool, bool),
        (is_late, is_late_base): (bool, bool),
        around: Surroundings<'_>,
    ) -> [Fact; 29] {
        let life = &self.life;
        let word = |words: &'static [&'static str], place: Option<u8>| {
            place.and_then(|place| words.get(place as usize).copied())
        };
        let state = match life.state() {
            State::Running => "running",
            State::Waiting => "waiting",
            State::Paused => "paused",
            State::Ended => "ended",
        };
        let apology = life.apology((window.cut, window.as_of), around.duties, around.calendar);
        let is_ended_in_period = life.ended_at.is_some_and(|at| window.start <= at && at < window.end);
        [
            Fact::Bool(is_received),
            Fact::Bool(is_in_hand),
            Fact::Bool(life.clock.due.is_some()),
            Fact::Bool(is_late),
            Fact::Bool(is_late_base),
            Fact::Word(word(CHANNELS, Some(life.channel.unwrap_or(0)))),
            Fact::Word(word(APPLICANTS, life.applicant)),
            Fact::Bool(self.has_fee),
            Fact::Bool(self.has_paper_result),
            Fact::Whole(life.fee_vnd.and_then(|fee| i64::try_from(fee).ok())),
            Fact::Bool(life.fee_vnd == Some(0)),
            Fact::Bool(life.has_digital_result),
            Fact::Bool(life.parts[0] > 0),
            Fact::Bool(life.parts[1] > 0),
            Fact::Bool(life.parts[2] > 0),
            Fact::Bool(life.population_data),
            Fact::Bool(life.is_paid_online),
            Fact::Bool(life.is_synced),
            Fact::Bool(life.is_dissatisfied),
            Fact::Bool(self.is_complained_about),
            Fact::Bool(life.ended_at.is_some()),
            Fact::Bool(is_ended_in_period),
            Fact::Bool(life.is_processed),
            Fact::Word(Some(state)),
            Fact::Bool(!is_late && self.is_due_soon(window.cut, around.calendar)),
            Fact::Whole(Some(i64::from(life.supplement_requests))),
            Fact::Bool(life.flags.has(crate::dossier::Flag::OnBehalf)),
            Fact::Bool(!life.flags.is_empty()),
            Fact::Word(Some(apology.map_or("none", |apology| apology.duty.name()))),
        ]
    }

    fn is_due_soon(&self, cut: Instant, calendar: &Calendar) -> bool {
        let Some(due) = self.life.clock.due.filter(|_| self.life.state() == State::Running) else {
            return false;
        };
        if due < cut || due.day().number() - cut.day().number() > DUE_SOON_DAYS_MAX {
            return false;
        }
        calendar.session_seconds_between(cut, due).is_some_and(|left| left <= DUE_SOON_SECONDS)
    }

    /// The next instant at which time alone changes a row of an open period.
    pub(super) fn next_change(&self, as_of: Instant, duties: Duties, calendar: &Calendar) -> Instant {
        let life = &self.life;
        // A letter is owed whatever the dossier's state, until the limit at least.
        let apology = life.apology((as_of, as_of), duties, calendar).filter(|apology| apology.duty.is_open());
        let limit = apology.and_then(|apology| apology.limit).map(Instant::just_after);
        let limit = limit.filter(|limit| *limit > as_of).unwrap_or(Instant::LAST);
        if life.state() != State::Running || life.accepted_at.is_none() {
            return limit;
        }
        let soon = life.clock.due.and_then(|due| calendar.before_session_time(due, DUE_SOON_SECONDS));
        // A due date that was moved leaves the one first set to pass on its own.
        let passed = [life.clock.due, life.clock.base_due].into_iter().flatten().map(Instant::just_after);
        let turns = passed.chain(soon).filter(|turn| *turn > as_of);
        turns.min().unwrap_or(Instant::LAST).min(limit)
    }
}

/// Whether a petition belongs to a window, and its facts in the order of the petition columns.
pub(super) fn petition_facts(
    petition: &Petition<'_>,
    window: &Window,
    calendar: &Calendar,
) -> Option<[Fact; 7]> {
    if petition.received_at >= window.cut {
        return None;
    }
    let is_received = window.start <= petition.received_at;
    let is_in_hand = petition.closed_at().is_none_or(|closed_at| closed_at >= window.start);
    if !is_received && !is_in_hand {
        return None;
    }
    let is_open = match petition.outcome {
        Outcome::Open | Outcome::Answered(_, None) => true,
        Outcome::Waiting(_) | Outcome::Refused(_) | Outcome::Answered(_, Some(_)) => false,
    };
    let word = |words: &'static [&'static str], place: u8| Fact::Word(words.get(place as usize).copied());
    Some([
        Fact::Bool(is_received),
        Fact::Bool(is_in_hand),
        Fact::Maybe(petition.is_in_time(window.cut, calendar)),
        Fact::Bool(petition.is_dissatisfied),
        Fact::Bool(is_open),
        word(PETITION_SUBJECTS, petition.about),
        word(PETITION_ROUTES, petition.via),
    ])
}
