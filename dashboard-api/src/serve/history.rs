//! What was shown at the start of each day: totals and ranks of agencies in the periods that were running.
//!
//! It exists so that "since this morning" and the line of the last weeks outlive page and process. It is a record of
//! what people saw, not of what is known now: late events do not change it, and nothing is counted from it. A day on
//! which no server ran has a gap. Not here: what made a change (`why`).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use compute::engine::Snapshot;
use compute::figures::{Figures, Level};
use compute::instant::{Day, Instant};
use compute::set::points::decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Days;
use tokio::sync::watch;

use super::Server;
use super::access;
use super::access::scope::{Scope, What};
use super::board;
use super::problem::Problem;
use super::query;

/// Days kept: two years, so that a year can be laid beside the one before.
const DAYS_KEPT: usize = 750;
/// Days held in memory.
const DAYS_HELD: usize = 62;
/// How often the day is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A unit at the start of a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Shown {
    /// Hundredths of a point.
    pub(super) total: Option<u64>,
    pub(super) rank: Option<u32>,
}

/// A day as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct DayKept {
    as_of: String,
    views: Vec<ViewKept>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ViewKept {
    period: String,
    set: String,
    units: HashMap<String, Shown>,
}

/// The days held.
#[derive(Default, Debug)]
pub(crate) struct History {
    days: RwLock<BTreeMap<Day, Arc<DayKept>>>,
}

impl History {
    /// Reads what was kept, and goes on on a thread of its own until the engine ends.
    pub(crate) fn start(self: &Arc<History>, seen: watch::Receiver<Arc<Snapshot>>, kept: Option<Days>) {
        if let Some(days) = &kept {
            let found = days.newest(DAYS_HELD);
            for problem in found.problems {
                tracing::warn!(%problem, "what was shown on a day is lost; no figure depends on it");
            }
            for (name, content) in found.days {
                if let (Some(day), Ok(content)) = (Day::parse(&name), serde_json::from_slice(&content)) {
                    self.hold(day, content);
                } else {
                    tracing::warn!(%name, "a day is written in another way and left out");
                }
            }
        }
        let history = Arc::clone(self);
        let spawned = std::thread::Builder::new().name("history".to_owned()).spawn(move || {
            while seen.has_changed().is_ok() {
                let snapshot = Arc::clone(&seen.borrow());
                history.see(&snapshot, kept.as_ref());
                std::thread::sleep(LOOK_EVERY);
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread for the history: days are not noted");
        }
    }

    fn hold(&self, day: Day, content: DayKept) {
        let mut days = self.days.write().unwrap_or_else(PoisonError::into_inner);
        days.insert(day, Arc::new(content));
        while days.len() > DAYS_HELD {
            days.pop_first();
        }
    }

    /// Notes the day of `snapshot` if it is a new one with anything to show.
    fn see(&self, snapshot: &Snapshot, kept: Option<&Days>) {
        // An engine that has not moved yet stands before all days.
        if snapshot.periods.is_empty() {
            return;
        }
        let day = snapshot.as_of.day();
        {
            let days = self.days.read().unwrap_or_else(PoisonError::into_inner);
            if days.last_key_value().is_some_and(|(last, _)| *last >= day) {
                return;
            }
        }
        let content = note(snapshot);
        if content.views.is_empty() {
            return;
        }
        if let Some(days) = kept {
            let bytes = serde_json::to_vec(&content).unwrap_or_default();
            if let Err(error) = days.write(&day.to_string(), &bytes, DAYS_KEPT) {
                // The disk may have room again in a moment; until then it is known to this process only.
                tracing::warn!(%error, %day, "the start of the day cannot be kept");
            }
        }
        self.hold(day, content);
    }

    /// What was shown of a view at the start of the day of `now`: since when, and each unit.
    pub(super) fn start_of_day(&self, now: Instant, (period, set): (&str, &str)) -> Option<StartOfDay> {
        let days = self.days.read().unwrap_or_else(PoisonError::into_inner);
        let kept = Arc::clone(days.get(&now.day())?);
        let view =
            kept.views.iter().position(|view| (view.period.as_str(), view.set.as_str()) == (period, set))?;
        Some(StartOfDay { kept, view })
    }

    /// A unit's line: each day held, oldest first.
    pub(super) fn line(&self, (period, set): (&str, &str), unit: &str) -> Vec<(Day, Shown)> {
        let days = self.days.read().unwrap_or_else(PoisonError::into_inner);
        let of_day = |(day, kept): (&Day, &Arc<DayKept>)| {
            let mut views = kept.views.iter();
            let view = views.find(|view| (view.period.as_str(), view.set.as_str()) == (period, set))?;
            Some((*day, *view.units.get(unit)?))
        };
        days.iter().filter_map(of_day).collect()
    }
}

/// One view at the start of a day.
pub(super) struct StartOfDay {
    kept: Arc<DayKept>,
    view: usize,
}

impl StartOfDay {
    /// The instant it was shown for.
    pub(super) fn as_of(&self) -> &str {
        &self.kept.as_of
    }

    /// A unit's.
    pub(super) fn unit(&self, code: &str) -> Option<Shown> {
        self.kept.views[self.view].units.get(code).copied()
    }
}

/// What is shown now, of the periods that run; none when nobody has a row.
fn note(snapshot: &Snapshot) -> DayKept {
    let running = snapshot.periods.iter().filter(|period| period.frame.period.end() > snapshot.as_of);
    let views = running.flat_map(|period| {
        snapshot.catalogue.sets.iter().map(move |set| {
            let figures = Figures::of(snapshot, period, set, Level::Agency);
            let units = figures.units.into_iter();
            let units: HashMap<String, Shown> =
                units.map(|unit| (unit.code, Shown { total: unit.total, rank: unit.rank })).collect();
            ViewKept { period: figures.period.to_string(), set: set.file.id.clone(), units }
        })
    });
    DayKept { as_of: snapshot.as_of.to_local(), views: views.filter(|view| !view.units.is_empty()).collect() }
}

/// Which unit, in which view.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    unit: Option<String>,
    period: Option<String>,
    set: Option<String>,
    /// Who asks; nobody unless the guard says so.
    #[serde(skip)]
    scope: Scope,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked, Problem> {
        let (asked, scope) = query::read::<Asked, S>(parts, state).await?;
        Ok(Asked { scope, ..asked })
    }
}

/// `GET /api/v1/history`.
pub(super) async fn history(State(server): State<Server>, asked: Asked) -> Result<Json<Value>, Problem> {
    let snapshot = server.live.snapshot();
    let view = query::view(asked.period.as_deref(), asked.set.as_deref())?;
    let set = board::set(&snapshot, &view)?;
    let period = board::period(&snapshot, &view)?.frame.period.to_string();
    let unit = asked.unit.ok_or_else(|| Problem::malformed("query", "unit is missing"))?;
    access::only(&asked.scope, What::Unit(&unit), &snapshot)?;
    let line = server.board.history.line((&period, &set.file.id), &unit);
    let days = line.iter().map(|(day, shown)| {
        json!({ "day": day.to_string(), "total": shown.total.map(decimal), "rank": shown.rank })
    });
    Ok(Json(json!({
        "unit": unit, "period": period, "set": set.file.id, "set_version": set.file.version,
        "days": days.collect::<Vec<_>>(),
    })))
}
