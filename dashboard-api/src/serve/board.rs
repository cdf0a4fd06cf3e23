//! Rankings made once a snapshot and shared by everyone who looks at the same period and set.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use compute::engine::{PeriodSnapshot, Snapshot};
use compute::figures::{Figures, Level};
use compute::period::{Kind, Period};
use compute::set::points::decimal;
use serde_json::{Map, Value, json};

use super::access::scope::{Scope, What};
use super::answers::Answers;
use super::history::History;
use super::lists::UrgentLists;
use super::live::Live;
use super::problem::Problem;
use super::telling::Telling;
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
    pub(super) rows: Vec<Row>,
    /// Of the snapshot it was made from.
    pub(super) version: u64,
    /// Which rows changed is known for every version from this one on.
    pub(super) known_since: u64,
    /// What its rows were written from.
    figures: Arc<Figures>,
    day_started_at: Option<String>,
}

/// A unit's row of a ranking.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The unit.
    pub(super) code: String,
    /// Its JSON.
    pub(super) text: Arc<str>,
    /// The first version it is known to read so.
    pub(super) since: u64,
}

/// What a viewer looks at.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct View {
    /// The period; the current month unless named.
    pub(super) period: Option<Period>,
    /// The set's id; the first unless named.
    pub(super) set: Option<String>,
}

/// The figures of one version for one view, and the counts they were read from.
type Made = HashMap<(View, Level), (u64, PeriodSnapshot, Arc<Figures>)>;

/// The rankings and figures made so far.
#[derive(Debug, Default)]
pub(crate) struct Board {
    rankings: Mutex<HashMap<View, Arc<Ranking>>>,
    figures: Mutex<Made>,
    /// Scores as JSON.
    pub(super) answers: Answers,
    /// What those who watch are told.
    pub(super) telling: Telling,
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
        let before = held().get(view).cloned();
        if let Some(known) = before.as_ref().filter(|known| known.version == snapshot.version) {
            return Ok(Arc::clone(known));
        }
        let figures = self.figures(&snapshot, view, Level::Agency)?;
        let ranking = Arc::new(make(&snapshot, (view, figures), &self.history, before.as_deref())?);
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
        let before = held().get(&key).cloned();
        if let Some((_, _, known)) = before.as_ref().filter(|(version, ..)| *version == snapshot.version) {
            return Ok(Arc::clone(known));
        }
        let (period, set) = (period(snapshot, view)?, set(snapshot, view)?);
        // A month may have ended since: then there is nothing to take over.
        let before = before.as_ref().filter(|(_, counts, _)| counts.frame.period == period.frame.period);
        let before = before.map(|(_, counts, known)| (counts, &**known));
        let made = Arc::new(Figures::after(before, snapshot, period, set, level));
        let mut figures = held();
        if figures.len() >= BOARDS_MAX && !figures.contains_key(&key) {
            figures.clear();
        }
        figures.insert(key, (snapshot.version, period.clone(), Arc::clone(&made)));
        Ok(made)
    }
}

fn make(
    snapshot: &Snapshot,
    (view, figures): (&View, Arc<Figures>),
    history: &History,
    before: Option<&Ranking>,
) -> Result<Ranking, Problem> {
    let set = set(snapshot, view)?;
    let mut head =
        view::ranking_head(&figures, set, &snapshot.catalogue, &periods(snapshot), snapshot.version);
    head.insert("events_applied".to_owned(), json!(snapshot.tally.applied));
    let period = figures.period.to_string();
    let morning = history.start_of_day(figures.as_of, (&period, &set.file.id));
    let day_started_at = morning.as_ref().map(|morning| morning.as_of().to_owned());
    head.insert("day_started_at".to_owned(), json!(day_started_at));
    let before = before.filter(|before| before.figures.period == figures.period);
    let same_day = before.filter(|before| before.day_started_at == day_started_at);
    let rows = figures.units.iter().map(|unit| {
        let known = before.and_then(|before| {
            let place =
                before.rows.binary_search_by(|row| row.code.as_bytes().cmp(unit.code.as_bytes())).ok()?;
            Some((&before.rows[place], &before.figures.units[place]))
        });
        if let Some((row, _)) = known.filter(|(_, known)| same_day.is_some() && *known == unit) {
            return row.clone();
        }
        let mut row = view::ranking_row(unit, set);
        let shown = morning.as_ref().and_then(|morning| morning.unit(&unit.code));
        row["day_start"] = shown
            .map_or(Value::Null, |shown| json!({ "total": shown.total.map(decimal), "rank": shown.rank }));
        let text: Arc<str> = row.to_string().into();
        match known.filter(|(known, _)| known.text == text) {
            Some((known, _)) => known.clone(),
            None => Row { code: unit.code.clone(), text, since: snapshot.version },
        }
    });
    let rows: Vec<Row> = rows.collect();
    // A unit that has gone has no row to say so.
    let has_all = |before: &&Ranking| {
        let is_there =
            |row: &Row| rows.binary_search_by(|known| known.code.as_bytes().cmp(row.code.as_bytes()));
        before.rows.iter().all(|row| is_there(row).is_ok())
    };
    let known_since = before.filter(has_all).map_or(snapshot.version, |before| before.known_since);
    Ok(Ranking { head, rows, version: snapshot.version, known_since, figures, day_started_at })
}

/// Whether a row of a ranking is of a unit that `scope` may see.
pub(super) fn is_theirs(row: &Row, scope: &Scope, snapshot: &Snapshot) -> bool {
    scope.may(What::Unit(&row.code), snapshot)
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
