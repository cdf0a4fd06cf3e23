//! From our picture of a dossier to the portal's, one kind of difference at a time.
//!
//! Each step takes over one kind of fact and leaves the others, so the kinds add up to the whole gap, to the dossier.
//! Pure: what a step counts as is worked out by whoever asks (`mod`).

use super::super::rows::{DossierRows, Window};
use super::Difference;
use super::believed::Believed;
use crate::dossier::{Life, State, Surroundings};
use crate::event::contract::CHANNELS;
use crate::instant::Instant;

/// A fact that is other at the portal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// Its name, as the column of a list is called.
    pub fact: &'static str,
    /// As we have it.
    pub ours: String,
    /// As the portal has it.
    pub theirs: String,
}

/// One step: what is taken over, and the dossier after it, `None` when the portal does not have it.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    pub(super) difference: Difference,
    pub(super) said: Vec<Said>,
    pub(super) after: Option<Judged<'a>>,
}

/// A dossier, and whether it is late, and late against the base due date.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    pub(super) rows: DossierRows<'a>,
    pub(super) late: (bool, bool),
}

/// The steps from `ours` to what the portal believes; none when both agree.
pub(super) fn steps<'a>(
    ours: &Judged<'a>,
    believed: &Believed<'a>,
    window: &Window,
    around: Surroundings<'_>,
) -> Vec<Taken<'a>> {
    let (life, judged, verdict) = match believed {
        Believed::Absent(difference) => {
            return vec![Taken { difference: *difference, said: Vec::new(), after: None }];
        }
        Believed::Present { life, judged, verdict } => (life, *judged, *verdict),
    };
    let mut now = ours.rows.life.clone();
    let mut late = ours.late;
    let mut taken = Vec::new();
    let complained = ours.rows.is_complained_about;
    let judged_of = |life: &Life<'a>, late| {
        let rows = DossierRows::of(life.clone(), Vec::new(), around, complained);
        Some(Judged { rows, late })
    };
    let is_same_due = now.clock.due == life.clock.due;
    let said = status(&now, life);
    if !said.is_empty() {
        take_status(&mut now, life);
        judge(&mut now);
        late = match judged.filter(|_| is_same_due) {
            Some(known) => known,
            None => (now.is_late(window.cut), now.is_late_base(window.cut)),
        };
        taken.push(Taken { difference: Difference::Status, said, after: judged_of(&now, late) });
    }
    if !is_same_due {
        let said = vec![said_of("due_at", now.clock.due, life.clock.due)];
        now.clock.due = life.clock.due;
        judge(&mut now);
        late = judged.unwrap_or_else(|| (now.is_late(window.cut), now.is_late_base(window.cut)));
        taken.push(Taken { difference: Difference::Due, said, after: judged_of(&now, late) });
    }
    let said = marks(&now, life);
    if !said.is_empty() {
        take_marks(&mut now, life);
        taken.push(Taken { difference: Difference::ChannelOrFlag, said, after: judged_of(&now, late) });
    }
    if let Some(verdict) = verdict.filter(|verdict| *verdict != late.0) {
        let said = vec![Said { fact: "late", ours: yes(late.0), theirs: yes(verdict) }];
        late.0 = verdict;
        taken.push(Taken { difference: Difference::Rule, said, after: judged_of(&now, late) });
    }
    taken
}

/// Whether one that is known from a list only is late.
pub(super) fn is_late(life: &Life<'_>, cut: Instant) -> bool {
    let mut life = life.clone();
    judge(&mut life);
    life.is_late(cut)
}

fn yes(is: bool) -> String {
    if is { "1" } else { "0" }.to_owned()
}

fn said_of(fact: &'static str, ours: Option<Instant>, theirs: Option<Instant>) -> Said {
    let text = |at: Option<Instant>| at.map(Instant::to_local).unwrap_or_default();
    Said { fact, ours: text(ours), theirs: text(theirs) }
}

fn state(life: &Life<'_>) -> &'static str {
    match life.state() {
        _ if life.is_deleted => "deleted",
        _ if life.accepted_at.is_none() => "filed",
        State::Running => "running",
        State::Waiting => "waiting",
        State::Paused => "paused",
        State::Ended => "ended",
    }
}

/// What differs in where it stands.
fn status(ours: &Life<'_>, theirs: &Life<'_>) -> Vec<Said> {
    let mut said = Vec::new();
    if state(ours) != state(theirs) {
        said.push(Said { fact: "status", ours: state(ours).to_owned(), theirs: state(theirs).to_owned() });
    }
    let stop = |life: &Life<'_>| life.clock.stop.map(|stop| stop.since);
    for (fact, ours, theirs) in [
        ("accepted_at", ours.accepted_at, theirs.accepted_at),
        ("ended_at", ours.ended_at, theirs.ended_at),
        ("stopped_at", stop(ours), stop(theirs)),
    ] {
        if ours != theirs {
            said.push(said_of(fact, ours, theirs));
        }
    }
    if ours.supplement_requests != theirs.supplement_requests {
        said.push(Said {
            fact: "supplement_requests",
            ours: ours.supplement_requests.to_string(),
            theirs: theirs.supplement_requests.to_string(),
        });
    }
    said
}

fn take_status(now: &mut Life<'_>, theirs: &Life<'_>) {
    let due = now.clock.due;
    now.accepted_at = theirs.accepted_at;
    now.ended_at = theirs.ended_at;
    now.is_deleted = theirs.is_deleted;
    now.is_processed = theirs.is_processed;
    now.supplement_requests = theirs.supplement_requests;
    (now.was_late, now.was_late_base) = (theirs.was_late, theirs.was_late_base);
    now.clock = theirs.clock.clone();
    now.clock.due = due;
}

/// Late in the end: by the portal's end, or the stop before it, and the due date taken so far.
fn judge(now: &mut Life<'_>) {
    let Some(ended_at) = now.ended_at else { return };
    let stood = now.clock.stood.last().filter(|(_, until)| *until == ended_at);
    let compared = stood.map_or(ended_at, |(since, _)| *since);
    let is_past = |due: Option<Instant>| now.accepted_at.is_some() && due.is_some_and(|due| compared > due);
    (now.was_late, now.was_late_base) = (is_past(now.clock.due), is_past(now.clock.base_due));
}

/// What differs in what it is filed as, and in its marks.
fn marks(ours: &Life<'_>, theirs: &Life<'_>) -> Vec<Said> {
    let mut said = Vec::new();
    let channel = |life: &Life<'_>| CHANNELS[usize::from(life.channel.unwrap_or(0))];
    if channel(ours) != channel(theirs) {
        said.push(Said {
            fact: "channel",
            ours: channel(ours).to_owned(),
            theirs: channel(theirs).to_owned(),
        });
    }
    // Their codes are no use to a reader without the code book: that they differ is said.
    for (fact, differs) in
        [("agency", ours.agency != theirs.agency), ("procedure", ours.procedure != theirs.procedure)]
    {
        if differs {
            said.push(Said { fact, ours: String::new(), theirs: String::new() });
        }
    }
    let flags = |life: &Life<'_>| {
        [
            ("result_digital", life.has_digital_result),
            ("digitised", life.parts[0] > 0),
            ("reused", life.parts[1] > 0),
            ("from_portal_store", life.parts[2] > 0),
            ("population_data", life.population_data),
            ("paid_online", life.is_paid_online),
            ("synced", life.is_synced),
            ("satisfied", !life.is_dissatisfied),
        ]
    };
    for ((fact, ours), (_, theirs)) in flags(ours).into_iter().zip(flags(theirs)) {
        if ours != theirs {
            said.push(Said { fact, ours: yes(ours), theirs: yes(theirs) });
        }
    }
    if ours.fee_vnd != theirs.fee_vnd {
        let text = |fee: Option<u64>| fee.map(|fee| fee.to_string()).unwrap_or_default();
        said.push(Said { fact: "fee_vnd", ours: text(ours.fee_vnd), theirs: text(theirs.fee_vnd) });
    }
    said
}

fn take_marks(now: &mut Life<'_>, theirs: &Life<'_>) {
    now.channel = theirs.channel;
    now.agency = theirs.agency;
    now.procedure = theirs.procedure;
    now.has_digital_result = theirs.has_digital_result;
    now.parts = theirs.parts;
    now.population_data = theirs.population_data;
    now.is_paid_online = theirs.is_paid_online;
    now.is_synced = theirs.is_synced;
    now.is_dissatisfied = theirs.is_dissatisfied;
    now.fee_vnd = theirs.fee_vnd;
}
