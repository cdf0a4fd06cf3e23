//! Rankings made once a snapshot and shared by everyone who looks at the same period and set.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use compute::engine::{PeriodSnapshot, Snapshot};
use compute::figures::{Figures, Level};
use compute::period::{Kind, Period};
use compute::set::points::decimal;
use serde_json::{Map, Value, json};

use super::access::scope::{Scope, What};
use super::history::{History, StartOfDay};
use super::lists::UrgentLists;
use super::live::Live;
use super::problem::Problem;
use super::why::Why;
use crate::view;

/// Rankings kept; more than this many different questions at once are answered without being kept.
const BOARDS_MAX: usize = 64;

/// A ranking of one snapshot.
#[derive(Debug)]
pub(super) struct Ranking {
    /// Everything but the rows.
    pub(super) head: Map<String, Value>,
    /// One a unit, by code.
    pub(super) rows: Vec<Value>,
    /// Of the snapshot it was made from.
    pub(super) version: u64,
}

/// What a viewer looks at.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct View {
    /// The period; the current month unless named.
    pub(super) period: Option<Period>,
    /// The set's id; the first unless named.
    pub(super) set: Option<String>,
}

/// The figures of one version for one view.
type Made = HashMap<(View, Level), (u64, Arc<Figures>)>;

/// The rankings and figures made so far.
#[derive(Debug, Default)]
pub(crate) struct Board {
    rankings: Mutex<HashMap<View, Arc<Ranking>>>,
    figures: Mutex<Made>,
    /// What is urgent in a unit.
    pub(super) urgent: UrgentLists,
    /// What changed, was lost, would be.
    pub(super) why: Why,
    /// What each day began with.
    pub(crate) history: Arc<History>,
}

impl Board {
    /// The ranking of the newest snapshot.
    pub(super) fn ranking(&self, live: &Live, view: &View) -> Result<Arc<Ranking>, Problem> {
        let snapshot = live.snapshot();
        let held = || self.rankings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = held().get(view).filter(|known| known.version == snapshot.version) {
            return Ok(Arc::clone(known));
        }
        let ranking = Arc::new(make(&snapshot, view, &self.history)?);
        let mut rankings = held();
        if rankings.len() >= BOARDS_MAX && !rankings.contains_key(view) {
            rankings.clear();
        }
        rankings.insert(view.clone(), Arc::clone(&ranking));
        Ok(ranking)
    }

    /// The figures of `snapshot`, made once for everyone who looks at the same.
    pub(super) fn figures(
        &self,
        snapshot: &Snapshot,
        view: &View,
        level: Level,
    ) -> Result<Arc<Figures>, Problem> {
        let key = (view.clone(), level);
        let held = || self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = held().get(&key).filter(|(version, _)| *version == snapshot.version) {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(figures(snapshot, view, level)?);
        let mut figures = held();
        if figures.len() >= BOARDS_MAX && !figures.contains_key(&key) {
            figures.clear();
        }
        figures.insert(key, (snapshot.version, Arc::clone(&made)));
        Ok(made)
    }
}

fn make(snapshot: &Snapshot, view: &View, history: &History) -> Result<Ranking, Problem> {
    let figures = figures(snapshot, view, Level::Agency)?;
    let set = set(snapshot, view)?;
    let mut head =
        view::ranking_head(&figures, set, &snapshot.catalogue, &periods(snapshot), snapshot.version);
    head.insert("events_applied".to_owned(), json!(snapshot.tally.applied));
    let period = figures.period.to_string();
    let morning = history.start_of_day(figures.as_of, (&period, &set.file.id));
    head.insert("day_started_at".to_owned(), json!(morning.as_ref().map(StartOfDay::as_of)));
    let rows = figures.units.iter().map(|unit| {
        let mut row = view::ranking_row(unit, set);
        let shown = morning.as_ref().and_then(|morning| morning.unit(&unit.code));
        row["day_start"] = shown
            .map_or(Value::Null, |shown| json!({ "total": shown.total.map(decimal), "rank": shown.rank }));
        row
    });
    let rows = rows.collect();
    Ok(Ranking { head, rows, version: snapshot.version })
}

/// Whether a row of a ranking is of a unit that `scope` may see.
pub(super) fn is_theirs(row: &Value, scope: &Scope, snapshot: &Snapshot) -> bool {
    scope.may(What::Unit(row["code"].as_str().unwrap_or_default()), snapshot)
}

/// The set a view names, or the first.
pub(super) fn set<'a>(
    snapshot: &'a Snapshot,
    view: &View,
) -> Result<&'a compute::set::IndicatorSet, Problem> {
    let catalogue = &snapshot.catalogue;
    let found = match &view.set {
        None => catalogue.sets.iter().find(|set| set.file.based_on.is_none()),
        Some(id) => catalogue.set(id),
    };
    found.ok_or_else(|| Problem::unknown("set", format!("there are {}", catalogue.ids())))
}

/// The figures a view shows.
fn figures(snapshot: &Snapshot, view: &View, level: Level) -> Result<Figures, Problem> {
    Ok(Figures::of(snapshot, period(snapshot, view)?, set(snapshot, view)?, level))
}

/// The period a view names, or the current month.
pub(super) fn period<'a>(snapshot: &'a Snapshot, view: &View) -> Result<&'a PeriodSnapshot, Problem> {
    let wanted = view.period.unwrap_or_else(|| Period::containing(snapshot.as_of, Kind::Month));
    let period = snapshot.period(wanted);
    period.ok_or_else(|| Problem::unknown("period", format!("there are {}", periods(snapshot).join(", "))))
}

/// The periods kept, newest first.
fn periods(snapshot: &Snapshot) -> Vec<String> {
    snapshot.periods.iter().rev().map(|state| state.frame.period.to_string()).collect()
}
