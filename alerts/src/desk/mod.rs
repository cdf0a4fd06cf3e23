//! The desk: what is observed goes in, alerts move, what people must be told comes out. Pure: the time is an argument.
//!
//! The same observations at the same instants give the same alerts and the same notices, and a cause that was raised
//! once is never raised again: neither after a restart, nor when history is replayed, nor when an event comes late.
//! Work is in proportion to what changed and what is due, not to how many alerts there are. Not here: keeping
//! (`book`), channels (`outbox`).

mod moving;
mod observing;
mod sighting;
mod telling;

use std::collections::{BTreeMap, BTreeSet};

use compute::calendar::Calendar;
use compute::instant::Instant;
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use crate::alert::{About, Alert, Key, Phase, State};
use crate::rule::Rule;

/// Found by what is the same in every run, and in no order that means anything.
type Map<K, V> = std::collections::HashMap<K, V, FixedState>;
/// Keys, each once, in no order that means anything.
pub type KeySet = std::collections::HashSet<Key, FixedState>;

/// Alerts kept; what comes on top is counted and not kept.
pub const ALERTS_MAX: usize = 1_000_000;

/// One condition that holds of a subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    /// The rule's id.
    pub rule: String,
    /// Because of what.
    pub cause: String,
    /// From when on.
    pub since: Instant,
}

/// What was observed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Observation {
    /// All that holds of one dossier or petition; rules that are not named do not hold.
    Subject {
        /// Dossier or petition.
        about: About,
        /// Its code.
        subject: String,
        /// Whose it is.
        unit: String,
        /// Who was named last.
        officer: Option<String>,
        /// The due date or limit.
        due: Option<Instant>,
        /// What holds.
        conditions: Vec<Condition>,
    },
    /// Everything is going to be looked at.
    LookBegins,
    /// Everything was: what was not seen since it began does not hold.
    LookEnds,
    /// A measure of a rule; nothing where there is nothing to measure.
    Measure {
        /// The rule's id.
        rule: String,
        /// What it is about.
        about: About,
        /// The unit, officer, indicator of a unit, or source.
        subject: String,
        /// The unit it belongs to.
        unit: String,
        /// Hundredths, or a count.
        value: Option<i64>,
    },
    /// Every measure was taken once: those that come from here on are news.
    RoundEnds,
}

/// What people are to be told: alerts of one unit and one rule, together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The rule's id.
    pub rule: String,
    /// The unit.
    pub unit: String,
    /// What about them.
    pub phase: Phase,
    /// Who: 0 officer, 1 head of the unit, 2 province office.
    pub step: u8,
    /// When.
    pub at: Instant,
    /// The alerts, in the order of their keys.
    pub alerts: Vec<Alert>,
}

/// A line of the daily digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DigestLine {
    /// The unit.
    pub unit: String,
    /// The rule's id.
    pub rule: String,
    /// Open ones.
    pub open: u64,
    /// Of these, raised since the last digest.
    pub new: u64,
}

/// What a step came to.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Step {
    /// Alerts that changed or are gone.
    pub changed: KeySet,
    /// Something changed that a new process would not come to by itself: it must be kept before anything else happens.
    /// Without it a crash may take the step back, and the same people are told the same.
    pub is_pressing: bool,
    /// What people are to be told.
    pub notices: Vec<Notice>,
    /// The daily digest, when it is time for it.
    pub digest: Option<Vec<DigestLine>>,
}

/// Alerts of one kind about one unit, not told yet.
type Group = (String, String, Phase, u8);

/// What is remembered besides the alerts.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// By rule: when it was first looked for; what held before is history.
    begun: BTreeMap<String, i64>,
    /// Rules whose measures were all taken once.
    rounded: BTreeSet<String>,
    /// The last step.
    last_step: Option<i64>,
    /// The next daily digest, and the last.
    next_digest: Option<i64>,
    last_digest: Option<i64>,
    /// By rule, unit, phase and step: when people were told last.
    told: BTreeMap<String, i64>,
    /// By rule and subject: totals by day, for what falls.
    levels: BTreeMap<String, BTreeMap<i32, i64>>,
    /// Alerts that did not fit.
    refused: u64,
}

impl Memory {
    /// When the last step was, if there was one.
    pub fn last_step(&self) -> Option<Instant> {
        self.last_step.map(Instant::from_bits)
    }
}

/// All alerts, and what they wait for.
#[derive(Clone, Default, Debug)]
pub struct Desk {
    rules: Vec<Rule>,
    alerts: Map<Key, Alert>,
    keys: Map<String, Key>,
    /// By subject: those that are open.
    open: Map<String, Vec<Key>>,
    /// When an alert changes by itself.
    agenda: BTreeSet<(Instant, Key)>,
    owing: BTreeMap<Group, BTreeSet<Key>>,
    memory: Memory,
    /// By state: how many.
    counts: BTreeMap<&'static str, u64>,
    /// Seen since everything began to be looked at.
    looked: Option<KeySet>,
}

/// Why an alert was not changed as asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// There is none of this id.
    #[error("there is no alert of this id")]
    Unknown,
    /// It is over.
    #[error("the alert is resolved already")]
    Over,
    /// The instant has passed or is too far away.
    #[error("snooze until an instant after now, at most 30 days away")]
    Until,
}

/// How far away a snooze may end.
const SNOOZE_SECONDS_MAX: u64 = 30 * 86_400;

impl Desk {
    /// A desk with what was kept.
    pub fn new(rules: Vec<Rule>, alerts: Vec<Alert>, memory: Memory, calendar: &Calendar) -> Desk {
        let mut desk = Desk { rules, memory, ..Desk::default() };
        for alert in alerts {
            desk.keys.insert(alert.id(), alert.key.clone());
            desk.plan(&alert, calendar);
            desk.count_in(&alert);
            desk.alerts.insert(alert.key.clone(), alert);
        }
        desk
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Every alert, in no order that means anything.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values()
    }

    /// One alert.
    pub fn alert(&self, key: &Key) -> Option<&Alert> {
        self.alerts.get(key)
    }

    /// How many are in a state.
    pub fn count(&self, state: &str) -> u64 {
        self.counts.get(state).copied().unwrap_or(0)
    }

    /// What must be kept besides the alerts.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Alerts that did not fit.
    pub fn refused(&self) -> u64 {
        self.memory.refused
    }

    /// Takes observations in, lets time pass to `now`.
    pub fn step(&mut self, now: Instant, observed: Vec<Observation>, calendar: &Calendar) -> Step {
        let mut step = Step::default();
        for rule in &self.rules {
            if !self.memory.begun.contains_key(&rule.id) {
                self.memory.begun.insert(rule.id.clone(), now.to_bits());
                step.is_pressing = true;
            }
        }
        for one in observed {
            self.take(now, one, calendar, &mut step);
        }
        self.ring(now, calendar, &mut step);
        self.digest(now, calendar, &mut step);
        // While everything is looked at, what an outage brought is still news, however long the look takes.
        // And it is told together, when all of it is known.
        if self.looked.is_none() {
            self.flush(now, calendar, &mut step);
            self.memory.last_step = Some(now.to_bits());
        }
        step
    }

    /// Somebody takes an alert on.
    pub fn acknowledge(
        &mut self,
        id: &str,
        by: &str,
        now: Instant,
        calendar: &Calendar,
    ) -> Result<Step, Refusal> {
        self.change(id, calendar, |alert, is_notice| {
            alert.state = if is_notice {
                State::Resolved { at: now }
            } else {
                State::Acknowledged { at: now, by: by.to_owned() }
            };
        })
    }

    /// Somebody puts an alert off.
    pub fn snooze(
        &mut self,
        id: &str,
        (by, reason): (&str, &str),
        (now, until): (Instant, Instant),
        calendar: &Calendar,
    ) -> Result<Step, Refusal> {
        if until <= now || until.seconds_since(now) > SNOOZE_SECONDS_MAX {
            return Err(Refusal::Until);
        }
        self.change(id, calendar, |alert, _| {
            alert.state = State::Snoozed { until, by: by.to_owned(), reason: reason.to_owned() };
        })
    }

    fn change(
        &mut self,
        id: &str,
        calendar: &Calendar,
        set: impl FnOnce(&mut Alert, bool),
    ) -> Result<Step, Refusal> {
        let key = self.keys.get(id).cloned().ok_or(Refusal::Unknown)?;
        let is_notice = self.rule(&key.rule).is_some_and(Rule::is_notice);
        let mut alert = self.alerts.get(&key).cloned().ok_or(Refusal::Unknown)?;
        if !alert.state.is_open() {
            return Err(Refusal::Over);
        }
        set(&mut alert, is_notice);
        // Whoever has taken it on or put it off has been told.
        alert.owed = None;
        let mut step = Step::default();
        self.put(alert, calendar, &mut step);
        Ok(step)
    }

    fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }
}

/// So many seconds after `at`.
fn later(at: Instant, seconds: i64) -> Instant {
    Instant::from_unix(at.unix_seconds().saturating_add(seconds), at.subsecond_nanos())
}
