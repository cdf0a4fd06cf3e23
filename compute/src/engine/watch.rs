//! What somebody who watches hears: of which subjects something holds that is looked for, told when they are folded.
//!
//! Everything looked for holds from an instant on, given what has happened so far. So a subject's timer rings at the next
//! such instant, no one goes through all subjects, and what is told of a subject is always the whole of it: what is not
//! named does not hold. Nothing is counted differently because somebody watches. Not here: what an alert is, who is
//! told (`alerts`).

use super::Engine;
use super::shard::Shard;
use super::subject::Counted;
use crate::calendar::Calendar;
use crate::codes::Code;
use crate::dossier::{Flag, Flags, Life, State, Surroundings};
use crate::event::Family;
use crate::instant::Instant;
use crate::petition::Petition;

/// Sightings waiting to be taken, a shard; beyond it they are dropped, and everything must be looked at again.
const SIGHTINGS_MAX: usize = 200_000;

/// One thing to look for. Working time is in seconds of sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watched {
    /// A dossier whose clock runs is due within so much working time.
    DueWithin(u64),
    /// A dossier whose clock runs is due today.
    DueToday,
    /// A dossier in hand is overdue.
    Overdue,
    /// The letter of apology for a missed due date was not sent in time; an end changes nothing.
    ApologyOverdue,
    /// A filed dossier is not accepted within so much working time.
    NotAccepted(u64),
    /// An open petition's limit is so many working days away or fewer.
    PetitionWithin(u64),
    /// An open petition is past its limit.
    PetitionPast,
    /// One of these irregularities shows.
    Flagged(Flags),
}

/// What makes one holding another than the last: a new due date is a new cause.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cause {
    /// The due date, the limit, or the filing.
    At(Instant),
    /// The irregularity.
    Flag(Flag),
}

/// Something that is looked for holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holding {
    /// Place in what is looked for.
    pub watched: usize,
    /// From when on.
    pub since: Instant,
    /// Because of what.
    pub cause: Cause,
}

/// A subject, and all that holds of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// Dossier or petition.
    pub family: Family,
    /// Its code.
    pub code: String,
    /// Where it was accepted, or sent to.
    pub agency: Option<Code>,
    /// Who was named last.
    pub officer: Option<Code>,
    /// The due date in force, or the limit.
    pub due: Option<Instant>,
    /// What holds; nothing, when what held does no longer.
    pub holdings: Vec<Holding>,
}

/// What was seen since the last taking.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// In the order it was folded, a subject perhaps more than once.
    pub sightings: Vec<Sighting>,
    /// Some were dropped: look at everything again.
    pub is_partial: bool,
}

/// What a fold shows of one subject.
#[derive(Debug)]
pub(super) struct Outlook {
    agency: Option<Code>,
    officer: Option<Code>,
    due: Option<Instant>,
    holdings: Vec<Holding>,
    /// When something begins to hold.
    pub(super) next: Instant,
}

impl Outlook {
    fn new(agency: Option<Code>, officer: Option<Code>, due: Option<Instant>) -> Outlook {
        Outlook { agency, officer, due, holdings: Vec::new(), next: Instant::LAST }
    }

    /// From `since` on `watched` holds.
    fn turn(&mut self, as_of: Instant, watched: usize, since: Instant, cause: Cause) {
        if since <= as_of {
            self.holdings.push(Holding { watched, since, cause });
        } else {
            self.next = self.next.min(since);
        }
    }

    pub(super) fn of_dossier(
        watched: &[Watched],
        life: &Life<'_>,
        last_event: Instant,
        as_of: Instant,
        around: Surroundings<'_>,
    ) -> Outlook {
        let calendar = around.calendar;
        let mut outlook = Outlook::new(life.agency, life.officer, life.clock.due);
        for (place, one) in watched.iter().enumerate() {
            match *one {
                Watched::Flagged(wanted) => {
                    for flag in life.flags.iter().filter(|flag| wanted.has(*flag)) {
                        outlook.turn(as_of, place, last_event, Cause::Flag(flag));
                    }
                }
                Watched::ApologyOverdue => {
                    let apology = life.apology((as_of, as_of), around.duties, calendar);
                    if let Some(apology) = apology.filter(|apology| apology.duty.is_open())
                        && let Some(limit) = apology.limit
                    {
                        outlook.turn(as_of, place, limit.just_after(), Cause::At(apology.missed));
                    }
                }
                _ if life.is_deleted || life.ended_at.is_some() => {}
                Watched::NotAccepted(seconds) => {
                    let filed = life.submitted_at.filter(|_| life.accepted_at.is_none());
                    let limit = filed.and_then(|at| calendar.after_session_time(at, seconds));
                    if let (Some(filed), Some(limit)) = (filed, limit) {
                        outlook.turn(as_of, place, limit.just_after(), Cause::At(filed));
                    }
                }
                Watched::DueWithin(_) | Watched::DueToday | Watched::Overdue => {
                    let due = life.clock.due.filter(|_| life.accepted_at.is_some());
                    if let Some(due) = due {
                        outlook.turn_of_due(as_of, place, *one, (life, due), calendar);
                    }
                }
                Watched::PetitionWithin(_) | Watched::PetitionPast => {}
            }
        }
        outlook
    }

    fn turn_of_due(
        &mut self,
        as_of: Instant,
        place: usize,
        watched: Watched,
        (life, due): (&Life<'_>, Instant),
        calendar: &Calendar,
    ) {
        let since = match watched {
            // A clock that stands shows what was when it stopped, and time alone changes nothing.
            Watched::Overdue => match life.clock.stop {
                Some(stop) if stop.since <= due => None,
                _ => Some(due.just_after()),
            },
            _ if life.state() != State::Running || as_of > due => None,
            Watched::DueWithin(seconds) => calendar.before_session_time(due, seconds),
            _ => Some(due.day().start()),
        };
        if let Some(since) = since {
            self.turn(as_of, place, since, Cause::At(due));
        }
    }

    pub(super) fn of_petition(
        watched: &[Watched],
        petition: &Petition<'_>,
        as_of: Instant,
        calendar: &Calendar,
    ) -> Outlook {
        let limit = petition.limit(calendar);
        let mut outlook = Outlook::new(Some(petition.agency), petition.officer, limit);
        let Some(limit) = limit else { return outlook };
        for (place, one) in watched.iter().enumerate() {
            let since = match one {
                Watched::PetitionPast => Some(limit.just_after()),
                Watched::PetitionWithin(days) if as_of <= limit => calendar
                    .working_day_before(limit.just_before().day(), *days)
                    .map(crate::instant::Day::start),
                _ => None,
            };
            if let Some(since) = since {
                outlook.turn(as_of, place, since, Cause::At(limit));
            }
        }
        outlook
    }
}

impl Shard {
    /// Tells of a subject, if anything holds of it or did when it was told of last.
    pub(super) fn note(&mut self, place: usize, outlook: Outlook) {
        let subject = &mut self.subjects[place];
        let is_silent = outlook.holdings.is_empty() && !subject.is_seen;
        subject.is_seen = !outlook.holdings.is_empty();
        if is_silent {
            return;
        }
        if self.seen.sightings.len() >= SIGHTINGS_MAX {
            self.seen = Seen { sightings: Vec::new(), is_partial: true };
            return;
        }
        let Outlook { agency, officer, due, holdings, .. } = outlook;
        let code = String::from_utf8_lossy(subject.code()).into_owned();
        self.seen.sightings.push(Sighting { family: subject.family, code, agency, officer, due, holdings });
    }
}

impl Engine {
    /// Begins to look for these. What holds already is told once everything was looked at ([`Engine::look_again`]).
    pub fn watch(&mut self, watched: &[Watched]) {
        for shard in &mut self.shards {
            shard.watched = watched.into();
            shard.seen = Seen::default();
            shard.subjects.iter_mut().for_each(|subject| subject.is_seen = false);
        }
    }

    /// Has the next step look at `limit` places of each shard from `from` on: at what has not ended, and at what events
    /// not before `heard_since` were about, and what is owed a letter. The place to go on from; `None` at the end.
    pub fn look_again(&mut self, from: usize, limit: usize, heard_since: Instant) -> Option<usize> {
        let until = from.saturating_add(limit);
        let owed = 1 << self.setup.catalogue.owed_bit;
        let (row_lists, classes) = (&self.row_lists, &self.classes);
        let is_owed = |counted: Counted| {
            row_lists[counted.rows as usize].iter().any(|row| classes[row.class as usize] & owed != 0)
        };
        for shard in &mut self.shards {
            for place in from..until.min(shard.subjects.len()) {
                let subject = &shard.subjects[place];
                let is_it = matches!(subject.family, Family::Dossier | Family::Petition)
                    && !subject.is_vacant()
                    && (subject.is_open
                        || subject.counted().is_some_and(is_owed)
                        || subject.records().any(|record| record.time >= heard_since));
                if is_it {
                    // Even if nothing holds any more: who watches may remember that it did.
                    shard.subjects[place].is_seen = true;
                    shard.mark(place);
                }
            }
        }
        self.shards.iter().any(|shard| shard.subjects.len() > until).then_some(until)
    }

    /// Has the next step look at these dossiers too; one at rest is brought back.
    pub fn look_at(&mut self, dossiers: &[String]) {
        for code in dossiers {
            if let Some((number, place)) = self.find_or_wake(code) {
                self.shards[number].subjects[place].is_seen = true;
                self.shards[number].mark(place);
            }
        }
    }

    /// Takes what was seen.
    pub fn take_seen(&mut self) -> Seen {
        let mut all = Seen::default();
        for shard in &mut self.shards {
            let seen = std::mem::take(&mut shard.seen);
            all.is_partial |= seen.is_partial;
            all.sightings.extend(seen.sightings);
        }
        all
    }
}
