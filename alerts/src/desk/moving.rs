//! How an alert moves from state to state, and what it waits for.
//!
//! Every change goes through `put`, so that agenda and groups always fit the alerts. Not here: what is observed
//! (`observing`), how people hear of it (`telling`).

use compute::calendar::Calendar;
use compute::instant::Instant;

use super::telling::group;
use super::{ALERTS_MAX, Desk, Step, later};
use crate::alert::{About, Alert, Key, Phase, State};
use crate::rule::{Rule, Tell};

/// How long one that is over is kept: a cause that began longer ago is history by itself.
const KEPT_SECONDS: i64 = 30 * 86_400;

/// What began so long before the last step was heard of too late to be news.
const HISTORY_SECONDS: i64 = 3 * 86_400;

impl Desk {
    /// A cause holds: it becomes an alert unless it is one.
    pub(super) fn hold(
        &mut self,
        new: Alert,
        until: Option<Instant>,
        now: Instant,
        calendar: &Calendar,
        step: &mut Step,
    ) {
        if let Some(known) = self.alerts.get(&new.key) {
            let is_notice = self.rule(&new.key.rule).is_some_and(Rule::is_notice);
            let is_back = !known.state.is_open() && !is_notice;
            let is_moved = known.unit != new.unit || known.officer != new.officer;
            if is_back || is_moved {
                let state = if is_back { State::Firing } else { known.state.clone() };
                // Whoever was told once is not told again: the cause is the same.
                let owed = match known.owed {
                    Some(Phase::Resolved) => None,
                    None if is_back && known.told_at.is_none() && !known.is_history => self.first_owed(&new),
                    owed => owed,
                };
                let alert = Alert { state, owed, unit: new.unit, officer: new.officer, ..known.clone() };
                self.put(alert, calendar, step);
            }
            return;
        }
        if self.alerts.len() >= ALERTS_MAX {
            self.memory.refused += 1;
            return;
        }
        let is_history = new.is_history || self.is_history(&new.key.rule, new.since);
        let mut alert = Alert { is_history, ..new };
        match until {
            Some(until) => alert.state = State::Pending { until },
            None => alert.owed = if is_history { None } else { self.first_owed(&alert) },
        }
        debug_assert!(alert.raised_at <= now);
        self.put(alert, calendar, step);
    }

    fn first_owed(&self, alert: &Alert) -> Option<Phase> {
        let tell = self.rule(&alert.key.rule).map(|rule| rule.tell);
        (tell == Some(Tell::Now)).then_some(Phase::Raised)
    }

    /// What held before anyone looked, or is heard of long after, is shown and not told.
    fn is_history(&self, rule: &str, since: Instant) -> bool {
        let begun = self.memory.begun.get(rule).copied().map_or(Instant::FIRST, Instant::from_bits);
        let last = self.memory.last_step.map_or(Instant::FIRST, Instant::from_bits);
        since <= begun || later(since, HISTORY_SECONDS) < last
    }

    pub(super) fn resolve(&mut self, key: &Key, now: Instant, calendar: &Calendar, step: &mut Step) {
        let Some(alert) = self.alerts.get(key) else { return };
        if !alert.state.is_open() {
            return;
        }
        if alert.is_history && alert.told_at.is_none() {
            // Nobody was told, and nobody will be: heard of again, it would be history again.
            self.forget(key, calendar, step);
            return;
        }
        // Only who was told that it began is told that it is over.
        let owed = alert.told_at.filter(|_| self.rule(&key.rule).is_some()).map(|_| Phase::Resolved);
        let alert = Alert { state: State::Resolved { at: now }, owed, ..alert.clone() };
        self.put(alert, calendar, step);
    }

    pub(super) fn ring(&mut self, now: Instant, calendar: &Calendar, step: &mut Step) {
        while let Some(entry) = self.agenda.first().filter(|(at, _)| *at <= now).cloned() {
            self.agenda.remove(&entry);
            let key = entry.1;
            let Some(mut alert) = self.alerts.get(&key).cloned() else { continue };
            match alert.state {
                State::Pending { .. } => {
                    alert.state = State::Firing;
                    alert.raised_at = now;
                    alert.owed = self.first_owed(&alert);
                }
                State::Snoozed { .. } => {
                    alert.state = State::Firing;
                    alert.owed =
                        alert.told_at.map_or_else(|| self.first_owed(&alert), |_| Some(Phase::Again));
                }
                State::Firing => {
                    alert.step += 1;
                    alert.owed = Some(Phase::Escalated);
                }
                // Nothing is planned for one that is over: it is forgotten when its time has come.
                State::Resolved { .. } => {
                    self.forget(&key, calendar, step);
                    continue;
                }
                State::Acknowledged { .. } => {
                    unreachable!("nothing is planned for what somebody has taken on")
                }
            }
            self.put(alert, calendar, step);
        }
    }

    /// When an alert changes by itself.
    fn turn(&self, alert: &Alert, calendar: &Calendar) -> Option<Instant> {
        match &alert.state {
            State::Pending { until } | State::Snoozed { until, .. } => Some(*until),
            State::Acknowledged { .. } => None,
            State::Resolved { at } => Some(later(*at, KEPT_SECONDS)),
            State::Firing => {
                let rule = self.rule(&alert.key.rule).filter(|_| alert.owed.is_none())?;
                let hours = rule.escalate_after_hours.get(usize::from(alert.step))?;
                calendar.after_session_time(alert.told_at?, hours * 3600)
            }
        }
    }

    /// Puts an alert where it waits for what comes next.
    pub(super) fn plan(&mut self, alert: &Alert, calendar: &Calendar) {
        if let Some(at) = self.turn(alert, calendar) {
            self.agenda.insert((at, alert.key.clone()));
        }
        if let Some(phase) = alert.owed {
            self.owing.entry(group(alert, phase)).or_default().insert(alert.key.clone());
        }
    }

    fn unplan(&mut self, alert: &Alert, calendar: &Calendar) {
        if let Some(at) = self.turn(alert, calendar) {
            self.agenda.remove(&(at, alert.key.clone()));
        }
        if let Some(phase) = alert.owed {
            let group = group(alert, phase);
            if let Some(keys) = self.owing.get_mut(&group) {
                keys.remove(&alert.key);
                if keys.is_empty() {
                    self.owing.remove(&group);
                }
            }
        }
    }

    pub(super) fn put(&mut self, alert: Alert, calendar: &Calendar, step: &mut Step) {
        step.is_pressing |= !is_found_again(&alert);
        if let Some(before) = self.alerts.remove(&alert.key) {
            step.is_pressing |= !is_found_again(&before);
            self.unplan(&before, calendar);
            self.count_out(&before);
        } else {
            self.keys.insert(alert.id(), alert.key.clone());
        }
        self.count_in(&alert);
        self.plan(&alert, calendar);
        step.changed.insert(alert.key.clone());
        self.alerts.insert(alert.key.clone(), alert);
    }

    /// Counts an alert by its state, and among the open ones of its subject.
    pub(super) fn count_in(&mut self, alert: &Alert) {
        *self.counts.entry(alert.state.name()).or_default() += 1;
        if alert.state.is_open() {
            self.open.entry(alert.key.subject.clone()).or_default().push(alert.key.clone());
        }
    }

    fn count_out(&mut self, alert: &Alert) {
        if let Some(count) = self.counts.get_mut(alert.state.name()) {
            *count -= 1;
        }
        if let Some(keys) = self.open.get_mut(&alert.key.subject) {
            keys.retain(|key| *key != alert.key);
            if keys.is_empty() {
                self.open.remove(&alert.key.subject);
            }
        }
    }

    pub(super) fn forget(&mut self, key: &Key, calendar: &Calendar, step: &mut Step) {
        if let Some(alert) = self.alerts.remove(key) {
            self.unplan(&alert, calendar);
            self.count_out(&alert);
            self.keys.remove(&alert.id());
            step.is_pressing |= !is_found_again(&alert);
            step.changed.insert(key.clone());
        }
    }
}

/// Whether a new process finds it as it is: what holds of a dossier or petition, and was history before anyone was told.
fn is_found_again(alert: &Alert) -> bool {
    let is_of_subject = matches!(alert.about, About::Dossier | About::Petition);
    let is_untold = alert.is_history && alert.told_at.is_none() && alert.owed.is_none();
    is_of_subject && is_untold && alert.state == State::Firing
}
