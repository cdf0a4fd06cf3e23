//! Figures of the current month as measures of rules: counts, points, ratios, and how long a source has been silent.
//!
//! Points are measured in hundredths of a percent of what is measured of a unit, so that a unit that cannot earn some of
//! them is not blamed for it. Not here: whether a measure is an alert (`alerts`).

use std::collections::BTreeMap;

use alerts::{About, Level as Whose, LookFor, Observation, Rule};
use compute::calendar::Calendar;
use compute::engine::Snapshot;
use compute::figures::{Figures, Level, UnitFigures};
use compute::instant::Instant;
use compute::period::{Kind, Period};
use compute::set::IndicatorSet;

/// A unit with less received swings too much for its points to mean anything.
const LEAST_RECEIVED: u64 = 20;
/// So much of 100 points must be measured for a total to mean anything.
const LEAST_MEASURED: u64 = 30;
/// A percent in hundredths.
const HUNDRED_PERCENT: u64 = 10_000;

/// Since when nothing came from a source.
#[derive(Debug, Default)]
pub(super) struct Silence {
    heard: BTreeMap<String, Heard>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    events: u64,
    last: Instant,
    /// It was heard of since this process began; before that nobody knows.
    is_sure: bool,
}

impl Silence {
    /// Takes in how many events came from each source so far.
    pub(super) fn note(&mut self, sources: &BTreeMap<String, u64>, now: Instant) {
        for (source, events) in sources {
            match self.heard.get_mut(source) {
                None => {
                    self.heard.insert(source.clone(), Heard { events: *events, last: now, is_sure: false });
                }
                Some(heard) if heard.events != *events => {
                    *heard = Heard { events: *events, last: now, is_sure: true };
                }
                Some(_) => {}
            }
        }
    }

    /// Working time since something came. A source not heard of yet is silent for at least so long: that raises, and does
    /// not clear.
    fn measures(&self, rule: &Rule, now: Instant, calendar: &Calendar, out: &mut Vec<Observation>) {
        for (source, heard) in &self.heard {
            let seconds = calendar.session_seconds_between(heard.last, now);
            let value = seconds.and_then(|seconds| i64::try_from(seconds).ok());
            let raises =
                value.is_some_and(|value| rule.marks().is_some_and(|marks| marks.is_raised_by(value)));
            if heard.is_sure || raises {
                out.push(Observation::Measure {
                    rule: rule.id.clone(),
                    about: About::Source,
                    subject: source.clone(),
                    unit: String::new(),
                    value,
                });
            }
        }
    }
}

/// Every measure of every rule.
pub(super) fn measures(
    snapshot: &Snapshot,
    rules: &[Rule],
    silence: &Silence,
    (now, calendar): (Instant, &Calendar),
) -> Vec<Observation> {
    let mut out = Vec::new();
    let month = snapshot.period(Period::containing(snapshot.as_of, Kind::Month));
    let set = snapshot.catalogue.sets.iter().find(|set| set.file.based_on.is_none());
    let (Some(month), Some(set)) = (month, set) else { return out };
    let is_about = |whose: Whose| {
        rules.iter().any(|rule| matches!(&rule.look_for, LookFor::Count { level, .. } if *level == whose))
    };
    let units = Figures::of(snapshot, month, set, Level::Agency).units;
    let officers = if is_about(Whose::Officer) {
        Figures::of(snapshot, month, set, Level::Officer).units
    } else {
        Vec::new()
    };
    for rule in rules.iter().filter(|rule| rule.marks().is_some()) {
        if let LookFor::SourceSilent { .. } = rule.look_for {
            silence.measures(rule, now, calendar, &mut out);
        } else if matches!(rule.look_for, LookFor::Count { level: Whose::Officer, .. }) {
            for officer in &officers {
                measure(rule, set, officer, &mut out);
            }
        } else {
            for unit in &units {
                measure(rule, set, unit, &mut out);
            }
        }
    }
    out
}

fn measure(rule: &Rule, set: &IndicatorSet, unit: &UnitFigures, out: &mut Vec<Observation>) {
    let mut push = |about, subject: String, of: String, value| {
        out.push(Observation::Measure { rule: rule.id.clone(), about, subject, unit: of, value });
    };
    let own = || unit.code.clone();
    match &rule.look_for {
        LookFor::Count { count, level, .. } => {
            let place = set.management.iter().position(|known| known.file.id == *count);
            let value = place.and_then(|place| i64::try_from(*unit.management.get(place)?).ok());
            match level {
                Whose::Unit => push(About::Unit, own(), own(), value),
                // Of an officer the class is the agency.
                Whose::Officer => push(About::Officer, own(), unit.class.clone(), value),
            }
        }
        LookFor::TotalBelow { .. } | LookFor::Falling { .. } => {
            let is_any = unit.received >= LEAST_RECEIVED && unit.measured_max >= LEAST_MEASURED;
            let value = unit.total.filter(|_| is_any).and_then(|total| share(total, unit.measured_max));
            push(About::Unit, own(), own(), value);
        }
        LookFor::GroupBelow { group, .. } => {
            for known in set.groups().iter().filter(|known| group.is_empty() || known.id == *group) {
                push(
                    About::Unit,
                    format!("{} {}", unit.code, known.id),
                    own(),
                    group_share(set, unit, &known.id),
                );
            }
        }
        LookFor::BelowFull { indicator, least } => {
            for figure in &unit.figures {
                let code = &set.indicators[figure.indicator].file.code;
                if indicator.is_empty() || indicator == code {
                    let lost = (figure.max * 100).saturating_sub(figure.points);
                    let value = (figure.denominator >= *least).then_some(lost);
                    let value = value.and_then(|lost| i64::try_from(lost).ok());
                    push(About::Unit, format!("{} {code}", unit.code), own(), value);
                }
            }
        }
        LookFor::RatioBelow { indicator, least, .. } => {
            for figure in &unit.figures {
                let code = &set.indicators[figure.indicator].file.code;
                if indicator == code {
                    let percent = (figure.numerator * HUNDRED_PERCENT).checked_div(figure.denominator);
                    let value = percent.filter(|_| figure.denominator >= *least);
                    let value = value.and_then(|percent| i64::try_from(percent).ok());
                    push(About::Unit, format!("{} {code}", unit.code), own(), value);
                }
            }
        }
        _ => {}
    }
}

/// Hundredths of points as hundredths of a percent of the points measured.
fn share(points: u64, max: u64) -> Option<i64> {
    i64::try_from((points * 100).checked_div(max)?).ok()
}

fn group_share(set: &IndicatorSet, unit: &UnitFigures, group: &str) -> Option<i64> {
    if unit.received < LEAST_RECEIVED {
        return None;
    }
    let (mut points, mut max) = (0, 0);
    for figure in &unit.figures {
        let indicator = &set.indicators[figure.indicator];
        let is_measured = figure.denominator > 0 || indicator.is_full_when_empty();
        if indicator.file.group == group && is_measured {
            points += figure.points;
            max += figure.max;
        }
    }
    share(points, max)
}
