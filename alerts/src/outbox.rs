//! The outbox: which channel takes which notice, and how many an hour; what is too much is folded into one.
//!
//! Pure: the time is an argument. Not here: words (`text`), keeping (`keeping`), sending (`channel`).

use std::collections::BTreeMap;

use compute::instant::Instant;
use serde::{Deserialize, Serialize};

use crate::alert::{About, Phase};
use crate::desk::{DigestLine, Notice, Step};
use crate::settings::{ChannelKind, ChannelSettings, Settings};

/// What becomes one message of one channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parcel {
    /// A notice.
    Notice(Notice),
    /// The daily digest.
    Digest(Instant, Vec<DigestLine>),
    /// What was too much for an hour: how many alerts of which unit and rule.
    Folded(Instant, Vec<DigestLine>),
}

/// How one channel stands.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
struct Budget {
    /// The hour, since 1970.
    hour: i64,
    /// Messages in it.
    sent: u32,
    /// Unit and rule of what was too much, with how many alerts.
    folded: BTreeMap<String, u64>,
}

/// All channels, by name.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Outbox {
    budgets: BTreeMap<String, Budget>,
}

impl Outbox {
    /// What each channel takes of a step, by its place in the settings. `lineage` is a unit and everything above it.
    pub fn take(
        &mut self,
        now: Instant,
        step: &Step,
        settings: &Settings,
        lineage: impl Fn(&str) -> Vec<String>,
    ) -> Vec<(usize, Parcel)> {
        let mut parcels = Vec::new();
        for (place, channel) in settings.channels.iter().enumerate() {
            let budget = self.budgets.entry(channel.name.clone()).or_default();
            let hour = now.unix_seconds().div_euclid(3600);
            if budget.hour != hour {
                (budget.hour, budget.sent) = (hour, 0);
                if !budget.folded.is_empty() {
                    budget.sent = 1;
                    let lines = std::mem::take(&mut budget.folded).into_iter().filter_map(|(name, count)| {
                        let (unit, rule) = name.split_once('\n')?;
                        Some(DigestLine {
                            unit: unit.to_owned(),
                            rule: rule.to_owned(),
                            open: count,
                            new: count,
                        })
                    });
                    parcels.push((place, Parcel::Folded(now, lines.collect())));
                }
            }
            let theirs = step.notices.iter().filter(|notice| is_for(channel, notice, &lineage));
            for notice in theirs.filter_map(|notice| shown_to(channel, notice)) {
                // Programs read a topic: nothing of it is folded.
                if channel.kind == ChannelKind::Kafka {
                    parcels.push((place, Parcel::Notice(notice)));
                } else if budget.sent < settings.messages_per_hour {
                    budget.sent += 1;
                    parcels.push((place, Parcel::Notice(notice)));
                } else {
                    let folded =
                        budget.folded.entry(format!("{}\n{}", notice.unit, notice.rule)).or_default();
                    *folded += notice.alerts.len() as u64;
                }
            }
            if let Some(lines) =
                step.digest.as_ref().filter(|_| channel.digest && channel.kind != ChannelKind::Kafka)
            {
                let is_theirs = |line: &&DigestLine| is_about(channel, &line.unit, &line.rule, &lineage);
                let lines: Vec<DigestLine> = lines.iter().filter(is_theirs).cloned().collect();
                if !lines.is_empty() {
                    parcels.push((place, Parcel::Digest(now, lines)));
                }
            }
        }
        parcels
    }

    /// Alerts of a channel that wait for the next hour.
    pub fn folded(&self, channel: &str) -> u64 {
        self.budgets.get(channel).map_or(0, |budget| budget.folded.values().sum())
    }

    /// Whether time alone brings a message.
    pub fn is_waiting(&self, now: Instant) -> bool {
        let hour = now.unix_seconds().div_euclid(3600);
        self.budgets.values().any(|budget| budget.hour != hour && !budget.folded.is_empty())
    }
}

/// What of a notice a channel may show: nothing of officers where it is not for them.
fn shown_to(channel: &ChannelSettings, notice: &Notice) -> Option<Notice> {
    let mut notice = notice.clone();
    if !channel.officers {
        notice.alerts.retain(|alert| alert.about != About::Officer);
        notice.alerts.iter_mut().for_each(|alert| alert.officer = None);
    }
    (!notice.alerts.is_empty()).then_some(notice)
}

fn is_for(channel: &ChannelSettings, notice: &Notice, lineage: &impl Fn(&str) -> Vec<String>) -> bool {
    // Who was told that it began is told that it is over.
    let is_heard = match notice.phase {
        Phase::Resolved => {
            (channel.resolved || channel.kind == ChannelKind::Kafka)
                && (0..=notice.step).any(|step| channel.hears(step))
        }
        Phase::Raised | Phase::Escalated | Phase::Again => channel.hears(notice.step),
    };
    is_heard && is_about(channel, &notice.unit, &notice.rule, lineage)
}

fn is_about(
    channel: &ChannelSettings,
    unit: &str,
    rule: &str,
    lineage: &impl Fn(&str) -> Vec<String>,
) -> bool {
    let is_rule = channel.rules.is_empty() || channel.rules.iter().any(|known| known == rule);
    is_rule && (channel.units.is_empty() || lineage(unit).iter().any(|above| channel.units.contains(above)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Alert, Key, State};

    fn alert(about: About, subject: &str) -> Alert {
        let key = Key { rule: "r".to_owned(), subject: subject.to_owned(), cause: "c".to_owned() };
        let at = Instant::from_unix(1_800_000_000, 0);
        Alert {
            key,
            about,
            unit: "C1".to_owned(),
            officer: Some("CB07".to_owned()),
            state: State::Firing,
            since: at,
            raised_at: at,
            due: None,
            value: None,
            is_history: false,
            step: 0,
            told_at: Some(at),
            owed: None,
        }
    }

    #[test]
    fn a_channel_that_is_not_for_officers_learns_of_none() {
        let settings = |officers: &str| {
            let text = format!(
                "[[channels]]\nname = \"a\"\nkind = \"alertmanager\"\nurl = \"http://127.0.0.1:1/\"\n{officers}"
            );
            Settings::read(Some(text.parse().expect("it is TOML"))).expect("they are right")
        };
        let alerts = vec![alert(About::Dossier, "H1"), alert(About::Officer, "CB07")];
        let (at, rule, unit) = (Instant::from_unix(1_800_000_000, 0), "r".to_owned(), "C1".to_owned());
        let notice = Notice { rule, unit, phase: Phase::Raised, step: 0, at, alerts: alerts.clone() };
        let shown = |officers: &str, alerts: &[Alert]| {
            let notice = Notice { alerts: alerts.to_vec(), ..notice.clone() };
            let step = Step { notices: vec![notice], ..Step::default() };
            let parcels =
                Outbox::default().take(at, &step, &settings(officers), |unit| vec![unit.to_owned()]);
            format!("{parcels:?}").matches("CB07").count()
        };
        assert!(shown("", &alerts) >= 3, "unless it is said, it is for them");
        assert_eq!(shown("officers = false", &alerts), 0);
        let outbox = Outbox::default().take(
            at,
            &Step {
                notices: vec![Notice { alerts: alerts[1..].to_vec(), ..notice.clone() }],
                ..Step::default()
            },
            &settings("officers = false"),
            |unit| vec![unit.to_owned()],
        );
        assert!(outbox.is_empty(), "nothing is left to be told");
    }
}
