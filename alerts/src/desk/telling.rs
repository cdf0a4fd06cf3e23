//! What people are told, together: one notice a unit and rule, in working time, not too often; and the daily digest.
//!
//! Not here: which channel, and how much a channel may take (`outbox`).

use std::collections::BTreeMap;

use compute::calendar::Calendar;
use compute::instant::Instant;

use super::{Desk, DigestLine, Group, Notice, Step, later};
use crate::alert::{Alert, Phase, State};
use crate::rule::Tell;

impl Desk {
    /// Groups whose time has come become notices.
    pub(super) fn flush(&mut self, now: Instant, calendar: &Calendar, step: &mut Step) {
        // In a year without calendar nothing is held back: better heard at night than not at all.
        let is_open = calendar.is_open(now).unwrap_or(true);
        let is_due = |desk: &Desk, group: &Group| {
            let Some(rule) = desk.rule(&group.0) else { return false };
            let every = i64::from(rule.every_minutes) * 60;
            let last = desk.memory.told.get(&told_name(group)).copied().map(Instant::from_bits);
            (is_open || rule.at_once) && last.is_none_or(|last| later(last, every) <= now)
        };
        let due: Vec<Group> = self.owing.keys().filter(|group| is_due(self, group)).cloned().collect();
        for group in due {
            let keys = self.owing.get(&group).cloned().unwrap_or_default();
            let mut alerts = Vec::with_capacity(keys.len());
            for key in keys {
                let Some(alert) = self.alerts.get(&key) else { continue };
                let alert = Alert { owed: None, told_at: Some(now), ..alert.clone() };
                self.put(alert.clone(), calendar, step);
                alerts.push(alert);
            }
            self.memory.told.insert(told_name(&group), now.to_bits());
            let (rule, unit, phase, reached) = group;
            step.notices.push(Notice { rule, unit, phase, step: reached, at: now, alerts });
        }
    }

    pub(super) fn digest(&mut self, now: Instant, calendar: &Calendar, step: &mut Step) {
        let next = |at| calendar.next_opening(at).map(Instant::to_bits);
        let Some(due) = self.memory.next_digest.map(Instant::from_bits) else {
            self.memory.next_digest = next(now);
            return;
        };
        if due > now {
            return;
        }
        let last = self.memory.last_digest.map_or(Instant::FIRST, Instant::from_bits);
        let mut lines: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
        for alert in self.alerts.values() {
            let is_told = self.rule(&alert.key.rule).is_some_and(|rule| rule.tell != Tell::Page);
            if is_told && matches!(alert.state, State::Firing | State::Acknowledged { .. }) {
                let line = lines.entry((&alert.unit, &alert.key.rule)).or_default();
                line.0 += 1;
                line.1 += u64::from(alert.raised_at > last && !alert.is_history);
            }
        }
        let lines = lines.into_iter().map(|((unit, rule), (open, new))| DigestLine {
            unit: unit.to_owned(),
            rule: rule.to_owned(),
            open,
            new,
        });
        step.digest = Some(lines.collect());
        step.is_pressing = true;
        let yesterday = later(now, -86_400).to_bits();
        self.memory.told.retain(|_, at| *at >= yesterday);
        (self.memory.last_digest, self.memory.next_digest) = (Some(now.to_bits()), next(now));
    }
}

pub(super) fn group(alert: &Alert, phase: Phase) -> Group {
    (alert.key.rule.clone(), alert.unit.clone(), phase, alert.step)
}

fn told_name((rule, unit, phase, step): &Group) -> String {
    format!("{rule}\n{unit}\n{}\n{step}", phase.name())
}
