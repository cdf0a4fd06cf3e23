//! The way from what happened to what arrives: delays, outages, duplicates, corrections.
//!
//! Lives are told to the courier in plain truth; disorder is added here and nowhere else, from its own
//! chance, so that the same seed with another disorder tells of the same dossiers. A mistaken event is sent
//! first, then retracted and sent again corrected; the end state is the truth.

use super::chance::Chance;
use super::day_book::{DayBook, NANOS};
use super::happening::{
    Acceptance, DossierEvent, EventNumber, Happening, OrganisationEvent, PaidBy, Passage, PetitionEvent,
    Source, Subject, Submission, What,
};
use super::working_clock::date_of;
use super::{Disorder, Plan};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A sending system is cut off; its events arrive when it is back.
#[derive(Debug, Clone, Copy)]
struct Outage {
    starts_millis: i64,
    ends_millis: i64,
}

#[derive(Debug)]
pub(super) struct Courier {
    /// Milliseconds of what happens; apart from the chance of disorder, so that times do not depend on it.
    moments: Chance,
    chance: Chance,
    disorder: Disorder,
    book: DayBook,
    outages: Vec<Option<Outage>>,
    event_counts: Vec<u32>,
    from_millis: i64,
    until_millis: i64,
}

impl Courier {
    pub(super) fn new(plan: &Plan, first_day: i64, source_count: usize) -> Self {
        let mut chance = Chance::new(plan.seed, "courier");
        let (from_millis, until_millis) = (plan.from.saturating_mul(1000), plan.until.saturating_mul(1000));
        let outages =
            (0..source_count).map(|_| outage(plan, from_millis, until_millis, &mut chance)).collect();
        Self {
            moments: Chance::new(plan.seed, "moments"),
            chance,
            disorder: plan.disorder,
            book: DayBook::new(first_day, plan.until),
            outages,
            event_counts: vec![0; source_count],
            from_millis,
            until_millis,
        }
    }

    pub(super) fn open(&mut self, day: i64) {
        self.book.open(day);
    }

    /// Sends an event of a life. What happens outside the plan is not sent.
    pub(super) fn send(&mut self, at_seconds: i64, source: Source, subject: Subject, what: What) {
        let time_millis = at_seconds * 1000 + self.moments.below(1000) as i64;
        let recorded_millis = time_millis + self.moments.between(100, 3000);
        let mut happening = Happening {
            time_millis,
            recorded_millis,
            arrival_nanos: 0,
            source,
            subject,
            what,
            passage: Passage::First,
        };
        let arrival_millis = self.delay(&mut happening);
        self.note(happening, arrival_millis);
    }

    /// Sends an event that meets no disorder: the organisation and the catalogue.
    pub(super) fn send_settled(&mut self, at_seconds: i64, source: Source, subject: Subject, what: What) {
        let time_millis = at_seconds * 1000;
        let recorded_millis = time_millis + self.moments.between(5, 900);
        let passage = Passage::Settled;
        let happening =
            Happening { time_millis, recorded_millis, arrival_nanos: 0, source, subject, what, passage };
        self.note(happening, recorded_millis);
    }

    /// A sign of life; a source that is cut off never sends it.
    pub(super) fn send_heartbeat(&mut self, at_seconds: i64, source: Source) {
        let time_millis = at_seconds * 1000;
        let what = What::Organisation(OrganisationEvent::Heartbeat);
        let recorded_millis = time_millis + i64::from(source.0 % 900);
        if self.outage_at(source, time_millis).is_none() {
            let happening = Happening {
                time_millis,
                recorded_millis,
                arrival_nanos: 0,
                source,
                subject: Subject::Source(source),
                what,
                passage: Passage::Settled,
            };
            self.note(happening, recorded_millis);
        }
    }

    /// How many events wait or have left, without the follow-ups still to be caused.
    pub(super) fn noted(&self) -> u64 {
        self.book.noted
    }

    /// The next arrival of the open day, with its number; follow-ups of a first passage are noted on the way.
    pub(super) fn next(&mut self) -> Option<(Happening, EventNumber)> {
        let mut happening = self.book.next()?;
        if let Passage::Again(number) = happening.passage {
            return Some((happening, number));
        }
        let number = self.number(happening.source, happening.recorded_millis);
        if matches!(happening.passage, Passage::First) {
            if self.chance.happens(self.disorder.corrections) {
                self.correct(&mut happening, number);
            }
            if self.chance.happens(self.disorder.duplicates) {
                let delay = if self.chance.happens(700) {
                    self.chance.between(20, 30_000)
                } else {
                    self.chance.long_tailed(DAY)
                };
                let again = Happening { passage: Passage::Again(number), ..happening };
                self.note(again, happening.arrival_nanos / 1_000_000 + 1 + delay);
            }
        }
        Some((happening, number))
    }

    fn note(&mut self, mut happening: Happening, arrival_millis: i64) {
        if happening.time_millis < self.from_millis || happening.time_millis >= self.until_millis {
            return;
        }
        happening.arrival_nanos = arrival_millis * 1_000_000 + self.chance.below(NANOS as u64 / 1000) as i64;
        self.book.note(happening);
    }

    fn delay(&mut self, happening: &mut Happening) -> i64 {
        let mut arrival = happening.recorded_millis + self.chance.between(30, 1500);
        let drawn = self.chance.below(1000) as u32;
        if drawn < self.disorder.shuffled {
            arrival += self.chance.between(MINUTE, 3 * HOUR);
        } else if drawn < self.disorder.shuffled + self.disorder.late_arrivals {
            arrival += match self.chance.below(10) {
                0..6 => self.chance.between(3 * HOUR, 2 * DAY),
                6..9 => self.chance.between(2 * DAY, 14 * DAY),
                _ => self.chance.between(14 * DAY, 60 * DAY),
            };
            // Either the line was down, or a clerk entered it afterwards and only then was it recorded.
            if self.chance.happens(500) {
                happening.recorded_millis = arrival - 200;
            }
        }
        match self.outage_at(happening.source, arrival) {
            Some(outage) => outage.ends_millis + self.chance.between(0, 10 * MINUTE),
            None => arrival,
        }
    }

    fn outage_at(&self, source: Source, at_millis: i64) -> Option<Outage> {
        self.outages[source.0 as usize]
            .filter(|outage| (outage.starts_millis..outage.ends_millis).contains(&at_millis))
    }

    fn number(&mut self, source: Source, recorded_millis: i64) -> EventNumber {
        let count = &mut self.event_counts[source.0 as usize];
        *count += 1;
        let year = date_of(super::working_clock::day_of(recorded_millis.div_euclid(1000))).year;
        EventNumber { year: year as u32, number: *count }
    }

    /// Makes the leaving event a mistaken one and notes its retraction and the corrected event; or, now and
    /// then, retracts a true event by mistake and takes the retraction back.
    fn correct(&mut self, happening: &mut Happening, number: EventNumber) {
        let truth = *happening;
        let is_true_after_all = self.chance.happens(60);
        let noticed = truth.arrival_nanos / 1_000_000 + 5 * MINUTE + self.chance.long_tailed(DAY);
        if is_true_after_all {
            let retraction = self.retract(&truth, number, noticed);
            let noticed_again = noticed + 20 * MINUTE;
            self.retract(&truth, retraction, noticed_again);
        } else if mistake(&mut happening.what) {
            self.retract(&truth, number, noticed);
            let corrected = Happening { recorded_millis: noticed + 1500, passage: Passage::Settled, ..truth };
            self.note(corrected, noticed + 2500);
        }
    }

    /// The number is given at once: a retraction may itself have to be named before it leaves.
    fn retract(&mut self, named: &Happening, event: EventNumber, at_millis: i64) -> EventNumber {
        let number = self.number(named.source, at_millis);
        let names_source = self.chance.happens(300);
        let retraction = Happening {
            time_millis: at_millis,
            recorded_millis: at_millis + 400,
            passage: Passage::Again(number),
            what: What::Retracted { event, names_source },
            ..*named
        };
        self.note(retraction, at_millis + 900);
        number
    }
}

/// One source in three is cut off once a quarter, for two hours to two days.
fn outage(plan: &Plan, from_millis: i64, until_millis: i64, chance: &mut Chance) -> Option<Outage> {
    let quarters = (until_millis - from_millis) / (90 * DAY) + 1;
    let per_thousand = if plan.disorder.late_arrivals == 0 { 0 } else { 330 * quarters.min(3) as u32 };
    let starts_millis = chance.between(from_millis + DAY, until_millis);
    let ends_millis = starts_millis + chance.between(2 * HOUR, 2 * DAY);
    chance.perhaps(per_thousand, Outage { starts_millis, ends_millis })
}

/// Puts a plausible slip into an event; false if this kind is not corrected in practice.
fn mistake(what: &mut What) -> bool {
    match what {
        What::Dossier(event) => mistake_in_dossier(event),
        What::Petition(PetitionEvent::Rated { is_satisfied }) => {
            *is_satisfied = !*is_satisfied;
            true
        }
        What::Petition(PetitionEvent::Received { about, .. }) => {
            *about = if *about == "conduct" { "regulation" } else { "conduct" };
            true
        }
        What::Petition(_) | What::Procedure(_) | What::Organisation(_) | What::Retracted { .. } => false,
    }
}

fn mistake_in_dossier(event: &mut DossierEvent) -> bool {
    match event {
        DossierEvent::Submitted(Submission { on_behalf, .. }) => *on_behalf = Some(true),
        DossierEvent::Accepted(Acceptance { due_at: Some(due_at), .. })
        | DossierEvent::DueChanged { due_at, .. } => {
            *due_at += 10 * 86_400;
        }
        DossierEvent::Accepted(Acceptance { population_data, .. }) => *population_data = Some(false),
        DossierEvent::FeeSet { fee_vnd } => *fee_vnd *= 10,
        DossierEvent::Paid { amount_vnd, method, .. } => {
            *amount_vnd *= 10;
            *method = PaidBy::Cash;
        }
        DossierEvent::Processed { is_granted, is_digital, .. } => {
            *is_granted = !*is_granted;
            *is_digital = false;
        }
        DossierEvent::PartDigitised { count, .. } => *count += 10,
        DossierEvent::Rated { is_satisfied, .. } => *is_satisfied = !*is_satisfied,
        DossierEvent::Synced { is_accepted, .. } => *is_accepted = !*is_accepted,
        DossierEvent::Refused { .. }
        | DossierEvent::Assigned { .. }
        | DossierEvent::SupplementRequested { .. }
        | DossierEvent::SupplementReceived { .. }
        | DossierEvent::Paused { .. }
        | DossierEvent::Resumed { .. }
        | DossierEvent::ResultAttached
        | DossierEvent::Returned { .. }
        | DossierEvent::Withdrawn { .. }
        | DossierEvent::Stopped { .. }
        | DossierEvent::Reopened { .. }
        | DossierEvent::Closed
        | DossierEvent::Apologised { .. }
        | DossierEvent::Deleted { .. } => return false,
    }
    true
}
