//! Observations become moves: what holds of a subject, what a measure says.
//!
//! Not here: what a move does to an alert (`moving`).

use std::collections::BTreeSet;

use compute::calendar::Calendar;
use compute::instant::{Day, Instant};

use super::{Condition, Desk, KeySet, Observation, Step, later};
use crate::alert::{About, Alert, Key, State};
use crate::rule::{LookFor, Rule};

/// Days whose totals are remembered, to see what falls.
const LEVEL_DAYS_MAX: usize = 64;

impl Desk {
    pub(super) fn take(&mut self, now: Instant, observed: Observation, calendar: &Calendar, step: &mut Step) {
        match observed {
            Observation::LookBegins => self.looked = Some(KeySet::default()),
            Observation::LookEnds => self.end_look(now, calendar, step),
            Observation::Subject { about, subject, unit, officer, due, conditions } => {
                for key in self.open.get(&subject).cloned().unwrap_or_default() {
                    let is_held = |one: &Condition| one.rule == key.rule && one.cause == key.cause;
                    let is_watched = self.rule(&key.rule).is_some_and(Rule::is_of_subjects);
                    if is_watched && !conditions.iter().any(is_held) {
                        self.resolve(&key, now, calendar, step);
                    }
                }
                for condition in conditions {
                    let key = Key { rule: condition.rule, subject: subject.clone(), cause: condition.cause };
                    if let Some(looked) = &mut self.looked {
                        looked.insert(key.clone());
                    }
                    let new = Alert {
                        due,
                        officer: officer.clone(),
                        ..blank(key, about, unit.clone(), condition.since, now)
                    };
                    self.hold(new, None, now, calendar, step);
                }
            }
            Observation::Measure { rule, about, subject, unit, value } => {
                self.measure((rule, about, subject, unit), value, now, calendar, step);
            }
            Observation::RoundEnds => {
                for rule in self.rules.iter().filter(|rule| rule.marks().is_some()) {
                    step.is_pressing |= self.memory.rounded.insert(rule.id.clone());
                }
            }
        }
    }

    fn end_look(&mut self, now: Instant, calendar: &Calendar, step: &mut Step) {
        let Some(looked) = self.looked.take() else { return };
        let about_subjects: BTreeSet<&str> =
            self.rules.iter().filter(|rule| rule.is_of_subjects()).map(|rule| rule.id.as_str()).collect();
        let gone: Vec<Key> = self
            .alerts
            .iter()
            .filter(|(key, alert)| {
                let is_gone = self.rule(&key.rule).is_none()
                    || about_subjects.contains(key.rule.as_str()) && !looked.contains(*key);
                alert.state.is_open() && is_gone
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            self.resolve(&key, now, calendar, step);
        }
    }

    /// The open alert of a measured rule about a subject: the first, should there be more.
    fn open_of(&self, rule: &str, subject: &str) -> Option<Key> {
        self.open.get(subject)?.iter().filter(|key| key.rule == rule).min().cloned()
    }

    fn measure(
        &mut self,
        (rule_id, about, subject, unit): (String, About, String, String),
        value: Option<i64>,
        now: Instant,
        calendar: &Calendar,
        step: &mut Step,
    ) {
        let Some(rule) = self.rule(&rule_id).cloned() else { return };
        let Some(marks) = rule.marks() else { return };
        let value = match rule.look_for {
            LookFor::Falling { days, .. } => {
                self.fall(&format!("{rule_id}\n{subject}"), value, (days, now), step)
            }
            _ => value,
        };
        let open = self.open_of(&rule_id, &subject);
        let Some(key) = open else {
            if value.is_some_and(|value| marks.is_raised_by(value)) {
                let key = Key { rule: rule_id, subject, cause: now.to_local() };
                let is_first = !self.memory.rounded.contains(&key.rule);
                let new = Alert { value, is_history: is_first, ..blank(key, about, unit, now, now) };
                let for_seconds = i64::from(rule.for_minutes) * 60;
                let until = (for_seconds > 0 && !is_first).then(|| later(now, for_seconds));
                self.hold(new, until, now, calendar, step);
            }
            return;
        };
        let Some(alert) = self.alerts.get(&key) else { return };
        let is_pending = matches!(alert.state, State::Pending { .. });
        let is_over = match value {
            None => true,
            Some(value) if is_pending => !marks.is_raised_by(value),
            Some(value) => marks.is_cleared_by(value),
        };
        if is_over && is_pending {
            // It never was: an episode too short to speak of.
            self.forget(&key, calendar, step);
        } else if is_over {
            self.resolve(&key, now, calendar, step);
        } else if alert.value != value {
            let alert = Alert { value, ..alert.clone() };
            self.put(alert, calendar, step);
        }
    }

    /// How much lower the total is than so many days ago; remembers today's.
    fn fall(
        &mut self,
        name: &str,
        value: Option<i64>,
        (days, now): (u32, Instant),
        step: &mut Step,
    ) -> Option<i64> {
        let value = value?;
        let today = now.day().number();
        let first = today.saturating_sub(i32::try_from(days).unwrap_or(i32::MAX));
        let levels = self.memory.levels.entry(name.to_owned()).or_default();
        step.is_pressing |= levels.insert(today, value).is_none();
        // Figures are of a month: with a new one they begin anew, and have not fallen.
        let month = now.day().civil().1;
        levels.retain(|day, _| *day >= first && Day::from_number(*day).civil().1 == month);
        while levels.len() > LEVEL_DAYS_MAX {
            levels.pop_first();
        }
        levels.first_key_value().map(|(_, before)| before - value)
    }
}

fn blank(key: Key, about: About, unit: String, since: Instant, now: Instant) -> Alert {
    Alert {
        key,
        about,
        unit,
        officer: None,
        state: State::Firing,
        since,
        raised_at: now,
        due: None,
        value: None,
        is_history: false,
        step: 0,
        told_at: None,
        owed: None,
    }
}
