//! Alerts and channels as they are shown: filtered, the most urgent first, a page at a time; and how it all stands.

use alerts::{About, Alert, Attempt, Severity, State};
use compute::engine::Snapshot;
use compute::instant::Instant;
use serde_json::{Value, json};

use super::super::access::role::Field;
use super::super::access::scope::{Scope, What};
use super::super::live::{Live, Refused};
use super::super::problem::Problem;
use super::Alerting;
use super::watch::{Units, Watcher};

/// Alerts of one answer.
pub(in crate::serve) const PAGE: usize = 100;
/// How long the desk is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);
/// Tries told on the page of operations.
const ATTEMPTS_TOLD_MAX: usize = 20;

/// Which alerts are asked for.
#[derive(Clone, Default, Debug)]
pub(in crate::serve) struct Filter {
    /// A unit, with everything below it.
    pub(in crate::serve) unit: Option<String>,
    /// A state; all that are not resolved if none is named.
    pub(in crate::serve) state: Option<String>,
    /// A rule.
    pub(in crate::serve) rule: Option<String>,
    /// The first one wanted.
    pub(in crate::serve) from: usize,
    /// Who asks.
    pub(in crate::serve) scope: Scope,
}

/// Whether somebody may see an alert.
pub(super) fn sees(scope: &Scope, alert: &Alert, snapshot: &Snapshot) -> bool {
    match alert.about {
        About::Officer => {
            let officer = What::Officer { officer: &alert.key.subject, agency: &alert.unit };
            scope.may(officer, snapshot)
        }
        About::Source => scope.has(Field::Operations),
        About::Dossier | About::Petition | About::Unit => scope.may(What::DossiersOf(&alert.unit), snapshot),
    }
}

/// A page of alerts.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Shown {
    /// How many there are of what was asked for.
    pub(in crate::serve) count: usize,
    pub(in crate::serve) alerts: Vec<Alert>,
    /// Every rule: id, in Vietnamese, in English, how much it matters.
    pub(in crate::serve) rules: Vec<(String, String, String, Severity)>,
}

/// The states an address may name.
const STATES: [&str; 7] = ["open", "pending", "firing", "acknowledged", "snoozed", "resolved", "all"];

impl Filter {
    /// Refuses a state that does not exist.
    pub(in crate::serve) fn check(&self) -> Result<(), Problem> {
        match &self.state {
            Some(state) if !STATES.contains(&state.as_str()) => {
                Err(Problem::malformed("state", format!("state is {}", STATES.join(", "))))
            }
            _ => Ok(()),
        }
    }

    fn takes(&self, alert: &Alert, units: &Units) -> bool {
        let is_state = match self.state.as_deref() {
            None | Some("open") => alert.state.is_open() && !matches!(alert.state, State::Pending { .. }),
            Some("all") => true,
            Some(state) => alert.state.name() == state,
        };
        let is_rule = self.rule.as_ref().is_none_or(|rule| alert.key.rule == *rule);
        is_state && is_rule && self.unit.as_ref().is_none_or(|unit| units.lineage(&alert.unit).contains(unit))
    }
}

impl Alerting {
    /// A page of the alerts asked for: nobody's before somebody's, then by how much they matter, the newest first.
    pub(in crate::serve) async fn shown(&self, live: &Live, filter: Filter) -> Result<Shown, Problem> {
        filter.check()?;
        let snapshot = live.snapshot();
        let asked = self.ask(move |watcher| {
            let units = Units::of(&snapshot);
            let desk = watcher.desk();
            let severity = |alert: &Alert| {
                desk.rules().iter().find(|rule| rule.id == alert.key.rule).map(|rule| rule.severity)
            };
            let mut found: Vec<&Alert> = desk.alerts().collect();
            found.retain(|alert| filter.takes(alert, &units) && sees(&filter.scope, alert, &snapshot));
            found.sort_by_cached_key(|alert| {
                let is_taken = alert.state != State::Firing;
                let newest = std::cmp::Reverse(alert.raised_at);
                (is_taken, alert.is_history, std::cmp::Reverse(severity(alert)), newest, alert.key.clone())
            });
            let shows_officers = filter.scope.has(Field::Officers);
            let page = found.iter().skip(filter.from).take(PAGE).map(|alert| {
                let mut alert = (*alert).clone();
                alert.officer = alert.officer.filter(|_| shows_officers);
                alert
            });
            let rules = desk.rules().iter();
            let rules = rules
                .map(|rule| (rule.id.clone(), rule.vi.clone(), rule.en.clone(), rule.severity))
                .collect();
            Shown { count: found.len(), alerts: page.collect(), rules }
        });
        Ok(asked.await?)
    }
}

/// An alert for the API.
pub(super) fn alert(alert: &Alert) -> Value {
    let mut told = json!({
        "id": alert.id(), "rule": alert.key.rule, "subject": alert.key.subject, "cause": alert.key.cause,
        "about": alert.about, "unit": alert.unit, "officer": alert.officer, "state": alert.state.name(),
        "since": alert.since.to_local(), "raised_at": alert.raised_at.to_local(),
        "due": alert.due.map(Instant::to_local), "value": alert.value, "is_history": alert.is_history,
        "told_at": alert.told_at.map(Instant::to_local), "step": alert.step,
    });
    match &alert.state {
        State::Acknowledged { at, by } => {
            (told["by"], told["acknowledged_at"]) = (json!(by), json!(at.to_local()));
        }
        State::Snoozed { until, by, reason } => {
            (told["by"], told["reason"]) = (json!(by), json!(reason));
            told["until"] = json!(until.to_local());
        }
        State::Resolved { at } => told["resolved_at"] = json!(at.to_local()),
        State::Pending { .. } | State::Firing => {}
    }
    told
}

/// How alerts and their channels stand, for `/api/v1/health`.
///
/// A desk that is busy does not hold up who asks whether the server is well.
pub(in crate::serve) async fn told(alerting: &Alerting) -> Result<Value, Refused> {
    let settings = std::sync::Arc::clone(&alerting.settings);
    let asked = alerting.ask(move |watcher| {
        let set = settings.channels.iter().map(|one| (one.name.as_str(), one.kind.name()));
        // One that was removed is shown for as long as it is owed something.
        let is_set = |name: &str| settings.channels.iter().any(|one| one.name == name);
        let removed = watcher.channels.iter().filter(|(name, state)| !is_set(name) && state.read().owed > 0);
        let removed = removed.map(|(name, _)| (name.as_str(), "removed"));
        let channels = set.chain(removed).map(|(name, kind)| {
            let standing = watcher.channels.get(name).map(super::send::ChannelState::read);
            let standing = standing.unwrap_or_default();
            json!({
                "channel": name, "kind": kind, "is_dead": standing.is_dead(),
                "owed": standing.owed, "failures": standing.failures, "trouble": standing.trouble,
                "folded": watcher.outbox().folded(name),
                "last_delivered": standing.last_delivered.map(|at| Instant::from_unix(at, 0).to_local()),
            })
        });
        let last = watcher.attempts.iter().rev().take(ATTEMPTS_TOLD_MAX).map(attempt);
        let desk = watcher.desk();
        json!({
            "firing": desk.count("firing"), "acknowledged": desk.count("acknowledged"),
            "snoozed": desk.count("snoozed"), "refused": desk.refused(), "trouble": watcher.trouble,
            "is_looking": watcher.is_looking(),
            "channels": channels.collect::<Vec<_>>(), "attempts": last.collect::<Vec<_>>(),
        })
    });
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(Refused::Busy))
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "message": attempt.message, "channel": attempt.channel, "subject": attempt.subject,
        "at": Instant::from_unix(attempt.at, 0).to_local(), "outcome": attempt.outcome.name(), "why": attempt.why,
    })
}

impl Watcher {
    /// Alerts of what holds already may not all be there yet.
    fn is_looking(&self) -> bool {
        !self.has_looked()
    }
}
