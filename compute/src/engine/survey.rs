//! A survey of one period: figures without points that need whole dossiers rather than counts.
//!
//! Average handling time per procedure, filings waiting too long for acceptance, linked-services cases, and
//! integrity flags with those that need more than one dossier to see (index-766.md §4, §7). One pass over all
//! dossiers, when asked. Not here: anything that earns points.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::Engine;
use super::rows::{DossierRows, Window};
use crate::calendar::Calendar;
use crate::codes::{Code, Names};
use crate::dossier::{Flag, Flags, Life, Surroundings};
use crate::event::{EventType, Family};
use crate::instant::Instant;
use crate::period::Period;
use crate::procedure::Duration;

/// Working seconds within which an online or counter filing should be accepted (8 working hours).
const ACCEPTANCE_SECONDS: u64 = 8 * 3600;
/// So many ends by one officer within so many seconds raise a flag.
const BULK_ENDS: usize = 20;
const BULK_SECONDS: u64 = 60;
/// A filing within this many seconds of a deletion is the same one filed again.
const AGAIN_SECONDS: u64 = 86_400;

/// How long dossiers of one procedure took, less the time the clock stood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handling {
    /// The procedure.
    pub procedure: Code,
    /// Dossiers that ended in the period.
    pub ended: u64,
    /// Seconds they took together: session seconds, or calendar seconds where the duration is in days.
    pub seconds: u64,
    /// Seconds in one of the procedure's own units; a working day where it has none.
    pub unit_seconds: u64,
    /// The name of that unit.
    pub unit: &'static str,
}

/// Dossiers of one linked-services case (liên thông).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// The case.
    pub code: String,
    /// Its parts, sorted.
    pub dossiers: Vec<String>,
    /// Every part has ended.
    pub is_complete: bool,
    /// No part is late.
    pub is_on_time: bool,
    /// The open part due last; of a complete case, the part that ended last.
    pub held_up_by: Option<String>,
}

/// A dossier with irregularities.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flagged {
    /// The dossier.
    pub dossier: String,
    /// Where it was filed.
    pub agency: Option<Code>,
    /// What was seen.
    pub flags: Flags,
}

/// What a survey found; every list sorted by code.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Survey {
    /// Average handling times.
    pub handling: Vec<Handling>,
    /// Filed, and not accepted within 8 working hours: dossier and agency.
    pub waiting_for_acceptance: Vec<(String, Option<Code>)>,
    /// Linked-services cases.
    pub bundles: Vec<Bundle>,
    /// Integrity flags.
    pub flagged: Vec<Flagged>,
    /// Dossiers whose agency was never defined, and dossiers without any due date: data-quality defects.
    pub without_agency: Vec<String>,
    /// See above.
    pub without_due: Vec<String>,
}

/// A dossier as the survey remembers it.
struct Seen {
    code: String,
    agency: Option<Code>,
    procedure: Option<Code>,
    officer: Option<Code>,
    filed_at: Option<Instant>,
    deleted_at: Option<Instant>,
    ended_at: Option<Instant>,
    due: Option<Instant>,
    bundle: Option<String>,
    is_late: bool,
    /// It belongs to the period: received, in hand, or deleted though accepted in it.
    is_of_period: bool,
    flags: Flags,
}

impl Engine {
    /// Surveys `period` as of the last step.
    pub fn survey(&self, period: Period) -> Survey {
        let names = self.setup.codes.names();
        let window = Window::new(period, self.as_of);
        let around = self.around();
        let mut survey = Survey::default();
        let mut handling: HashMap<Code, (u64, u64), RandomState> = HashMap::default();
        let mut seen = Vec::new();
        for shard in &self.shards {
            let dossiers = shard.subjects.iter().enumerate();
            for (place, subject) in dossiers.filter(|(_, subject)| subject.family == Family::Dossier) {
                let records = shard.standing(place, self.as_of, &names).0;
                let deletion = records.iter().find(|record| record.event_type == EventType::Deleted);
                let deleted_at = deletion.map(|record| record.time);
                let dossier = DossierRows::fold(records, around, false);
                let code = String::from_utf8_lossy(subject.code()).into_owned();
                self.look(&dossier, &code, &window, &mut survey);
                if let Some((procedure, seconds)) = handled(&dossier.life, &window, around) {
                    let sum = handling.entry(procedure).or_default();
                    *sum = (sum.0 + 1, sum.1 + seconds);
                }
                seen.push(remember(code, &dossier, deleted_at, &window));
            }
        }
        survey.handling = self.averages(handling, &names);
        seen.sort_unstable_by(|one, other| one.code.as_bytes().cmp(other.code.as_bytes()));
        raise_across(&mut seen, names.find(""));
        survey.bundles = bundles(&seen);
        survey.flagged = seen
            .into_iter()
            .filter(|seen| seen.is_of_period && !seen.flags.is_empty())
            .map(|seen| Flagged { dossier: seen.code, agency: seen.agency, flags: seen.flags })
            .collect();
        survey.waiting_for_acceptance.sort_unstable();
        survey.without_agency.sort_unstable();
        survey.without_due.sort_unstable();
        survey
    }

    fn look(&self, dossier: &DossierRows<'_>, code: &str, window: &Window, survey: &mut Survey) {
        let life = &dossier.life;
        if let (Some(filed), None, None, false) =
            (life.submitted_at, life.accepted_at, life.ended_at, life.is_deleted)
        {
            let waited = self.setup.calendar.session_seconds_between(filed, window.cut);
            if filed < window.cut && waited.is_some_and(|waited| waited > ACCEPTANCE_SECONDS) {
                survey.waiting_for_acceptance.push((code.to_owned(), life.agency));
            }
        }
        if dossier.membership(window).is_none() {
            return;
        }
        if life.agency.is_none_or(|agency| self.reference.organisation.agency(agency).is_none()) {
            survey.without_agency.push(code.to_owned());
        }
        if life.clock.due.is_none() {
            survey.without_due.push(code.to_owned());
        }
    }

    fn averages(&self, sums: HashMap<Code, (u64, u64), RandomState>, names: &Names) -> Vec<Handling> {
        let mut handling: Vec<Handling> = sums
            .into_iter()
            .map(|(procedure, (ended, seconds))| {
                let duration = self.reference.procedures.get(&procedure).and_then(|known| known.current());
                let (unit, unit_seconds) = match duration.and_then(|definition| definition.duration) {
                    Some(Duration::Days(_)) => ("day", 86_400),
                    Some(Duration::WorkingHours(_)) => ("working_hour", 3600),
                    Some(Duration::WorkingDays(_)) | None => ("working_day", ACCEPTANCE_SECONDS),
                };
                Handling { procedure, ended, seconds, unit_seconds, unit }
            })
            .collect();
        handling.sort_unstable_by(|one, other| names.text(one.procedure).cmp(names.text(other.procedure)));
        handling
    }
}

/// The procedure and handling seconds of a dossier that ended in the window.
fn handled(life: &Life<'_>, window: &Window, around: Surroundings<'_>) -> Option<(Code, u64)> {
    let (accepted, ended) = life.accepted_at.zip(life.ended_at)?;
    let procedure = life.procedure?;
    if life.is_deleted || ended < window.start || ended >= window.cut {
        return None;
    }
    let definition = around.procedures.get(&procedure).and_then(|known| known.definition_at(accepted));
    let is_calendar = matches!(definition.and_then(|known| known.duration), Some(Duration::Days(_)));
    let between = |from: Instant, to: Instant| time_between(from, to, is_calendar, around.calendar);
    let stood = life.clock.stood.iter().map(|(from, to)| between(*from, *to)).sum::<Option<u64>>()?;
    Some((procedure, between(accepted, ended)?.saturating_sub(stood)))
}

fn time_between(from: Instant, to: Instant, is_calendar: bool, calendar: &Calendar) -> Option<u64> {
    if is_calendar { Some(to.seconds_since(from)) } else { calendar.session_seconds_between(from, to) }
}

fn remember(code: String, dossier: &DossierRows<'_>, deleted_at: Option<Instant>, window: &Window) -> Seen {
    let life = &dossier.life;
    let is_accepted_in = life.accepted_at.is_some_and(|at| window.start <= at && at < window.cut);
    Seen {
        code,
        agency: life.agency,
        procedure: life.procedure,
        officer: life.officer,
        filed_at: life.submitted_at.or(life.accepted_at),
        deleted_at,
        ended_at: life.ended_at,
        due: life.clock.due,
        bundle: life.bundle.map(str::to_owned),
        is_late: life.is_late(window.cut),
        is_of_period: dossier.membership(window).is_some() || (life.is_deleted && is_accepted_in),
        flags: life.flags,
    }
}

/// Flags that take more than one dossier to see. Senders that name nobody leave the officer's code empty: `nobody`.
fn raise_across(seen: &mut [Seen], nobody: Option<Code>) {
    let mut by_officer: HashMap<Code, Vec<(Instant, usize)>, RandomState> = HashMap::default();
    let mut filings: HashMap<(Code, Code), Vec<Instant>, RandomState> = HashMap::default();
    for (place, dossier) in seen.iter().enumerate() {
        let officer = dossier.officer.filter(|officer| Some(*officer) != nobody);
        if let Some((officer, ended)) = officer.zip(dossier.ended_at) {
            by_officer.entry(officer).or_default().push((ended, place));
        }
        if let (Some(procedure), Some(agency), Some(filed)) =
            (dossier.procedure, dossier.agency, dossier.filed_at)
        {
            filings.entry((procedure, agency)).or_default().push(filed);
        }
    }
    for dossier in seen.iter_mut() {
        let home = dossier.procedure.zip(dossier.agency);
        if let Some((deleted, filed)) = dossier.deleted_at.zip(home.and_then(|home| filings.get(&home))) {
            let is_again = |at: &Instant| *at >= deleted && at.seconds_since(deleted) <= AGAIN_SECONDS;
            dossier.flags.raise_if(Flag::DeletedAndFiledAgain, filed.iter().any(is_again));
        }
    }
    for ends in by_officer.values_mut() {
        ends.sort_unstable();
        for last in BULK_ENDS - 1..ends.len() {
            let first = last + 1 - BULK_ENDS;
            if ends[last].0.seconds_since(ends[first].0) <= BULK_SECONDS {
                ends[first..=last].iter().for_each(|(_, place)| seen[*place].flags.raise(Flag::BulkEnd));
            }
        }
    }
}

/// Linked-services cases with a part that belongs to the period.
fn bundles(seen: &[Seen]) -> Vec<Bundle> {
    let mut cases: std::collections::BTreeMap<&str, Vec<&Seen>> = std::collections::BTreeMap::new();
    for dossier in seen.iter().filter(|dossier| dossier.deleted_at.is_none()) {
        if let Some(bundle) = &dossier.bundle {
            cases.entry(bundle).or_default().push(dossier);
        }
    }
    cases.retain(|_, parts| parts.iter().any(|part| part.is_of_period));
    let case = |(code, parts): (&str, Vec<&Seen>)| {
        let open = parts.iter().filter(|part| part.ended_at.is_none());
        let held_up_by = open.max_by_key(|part| part.due.unwrap_or(Instant::LAST));
        let held_up_by = held_up_by.or_else(|| parts.iter().max_by_key(|part| part.ended_at));
        Bundle {
            code: code.to_owned(),
            is_complete: parts.iter().all(|part| part.ended_at.is_some()),
            is_on_time: !parts.iter().any(|part| part.is_late),
            held_up_by: held_up_by.map(|part| part.code.clone()),
            dossiers: parts.iter().map(|part| part.code.clone()).collect(),
        }
    };
    cases.into_iter().map(case).collect()
}
