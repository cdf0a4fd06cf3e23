//! Duties: letters of apology owed for due dates that were missed, listed by the time left, and marked as sent.
//!
//! What is owed is counted by the engine, by conditions of the indicator set, so a count here is the length of its list
//! everywhere. `sending` writes that a letter was sent as an event of Nhịp's own, through the log; `api` answers
//! programs. Not here: when a letter is owed (`compute::dossier`), pages (`pages::duties`), what a letter says
//! (`pages::export::letters`).

mod api;
mod sending;

use compute::engine::{Line, Snapshot, Who};
use compute::figures::Level;
use compute::period::{Kind, Period};
use compute::set::{IndicatorSet, Management};

use super::Server;
use super::access;
use super::access::role::Role;
use super::access::scope::{Scope, Units};
use super::board::{self, View};
use super::lists::{Count, LINES_MAX, Question};
use super::problem::Problem;

pub(super) use api::{list, sent};
pub(super) use sending::{SOURCE, Sending, may_send, new_date, send};

/// The states of a duty in addresses, and the count behind each.
pub(super) const STATES: [(&str, &str); 4] = [
    ("owed", "apology_owed"),
    ("overdue", "apology_overdue"),
    ("sent", "apologised"),
    ("sent_late", "apologised_late"),
];

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) view: View,
    pub(super) unit: Option<String>,
    pub(super) officer: Option<String>,
    /// One of [`STATES`]; what is owed unless it is said.
    pub(super) state: Option<String>,
    pub(super) from: usize,
    pub(super) limit: usize,
}

/// Duties as they are shown.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) period: Period,
    /// Whose they are; one, unless somebody has several units.
    pub(super) whose: Vec<(String, Level)>,
    pub(super) state: &'static str,
    /// How many there are of each of [`STATES`].
    pub(super) counts: [usize; 4],
    /// How many there are of the state.
    pub(super) count: usize,
    /// A page of them.
    pub(super) lines: Vec<Line>,
    /// The least time left first; by code where there are too many to sort.
    pub(super) is_by_limit: bool,
}

/// The view, of the year unless a period is named: what was sent is counted in it.
pub(super) fn of_the_year(view: View, snapshot: &Snapshot) -> View {
    let year = Period::containing(snapshot.as_of, Kind::Year);
    View { period: view.period.or(Some(year)), ..view }
}

/// The duties somebody has to do with.
pub(super) async fn shown(
    server: &Server,
    scope: &Scope,
    snapshot: &Snapshot,
    wanted: Wanted,
) -> Result<Shown, Problem> {
    let view = of_the_year(wanted.view.clone(), snapshot);
    let (set, period) = (board::set(snapshot, &view)?, board::period(snapshot, &view)?.frame.period);
    let state = wanted.state.as_deref().unwrap_or("owed");
    let place = STATES.iter().position(|(known, _)| *known == state);
    let place =
        place.ok_or_else(|| Problem::malformed("state", "state is owed, overdue, sent or sent_late"))?;
    let whose = whose(scope, snapshot, period, &wanted)?;
    // What is open is a duty whatever its year: in January last year's late endings are still owed their letters.
    let years = match wanted.view.period {
        Some(_) => vec![period],
        None => years(snapshot),
    };
    let mut lists = Vec::with_capacity(STATES.len());
    for (state, id) in STATES {
        let periods = if is_open(state) { &years[..] } else { &[period][..] };
        lists.push(codes(server, snapshot, (periods, &whose), count_of(set, id)?).await?);
    }
    let counts = [0, 1, 2, 3].map(|place: usize| lists[place].len());
    let codes = lists.swap_remove(place);
    let (count, end) = (codes.len(), codes.len().min(wanted.from.saturating_add(wanted.limit)));
    let from = wanted.from.min(end);
    let is_by_limit = count <= LINES_MAX;
    let lines = if is_by_limit {
        let mut lines = server.live.lines(codes).await?;
        let limit = |line: &Line| line.apology.and_then(|apology| apology.limit);
        lines.sort_by(|one, other| {
            let key = |line: &Line| (limit(line).is_none(), limit(line));
            key(one).cmp(&key(other)).then_with(|| one.code.cmp(&other.code))
        });
        // One that has just changed may have gone.
        let end = end.min(lines.len());
        lines.drain(from.min(end)..end).collect()
    } else {
        server.live.lines(codes[from..end].to_vec()).await?
    };
    Ok(Shown { period, whose, state: STATES[place].0, counts, count, lines, is_by_limit })
}

/// Whether the state is that of a letter that has not been sent.
fn is_open(state: &str) -> bool {
    matches!(state, "owed" | "overdue")
}

/// Every year that is counted.
fn years(snapshot: &Snapshot) -> Vec<Period> {
    let periods = snapshot.periods.iter().map(|period| period.frame.period);
    periods.filter(|period| period.kind() == Kind::Year).collect()
}

fn count_of<'a>(set: &'a IndicatorSet, id: &str) -> Result<&'a Management, Problem> {
    set.management.iter().find(|count| count.file.id == id).ok_or_else(|| {
        Problem::unknown("count", format!("the indicator set does not count {id}; add it to management.toml"))
    })
}

/// The dossiers of a count, each once.
async fn codes(
    server: &Server,
    snapshot: &Snapshot,
    (periods, whose): (&[Period], &[(String, Level)]),
    count: &Management,
) -> Result<Vec<String>, Problem> {
    let mut all = Vec::new();
    for (period, at) in periods.iter().flat_map(|period| (0..whose.len()).map(|at| (*period, at))) {
        let (code, level) = &whose[at];
        let Some(code) = snapshot.codes.names().find(code) else { continue };
        let who = match level {
            Level::Agency => Who::Agency(code),
            Level::Officer => Who::Officer(code),
        };
        let count = Count::Management(Box::new(count.clone()));
        let question = Question { period, who, count, by_due: false, from: 0, limit: 0 };
        all.extend(server.live.part_of_list(question).await?.codes);
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Whose duties are meant: the unit or officer named, else whoever asks, else the units nothing is above.
fn whose(
    scope: &Scope,
    snapshot: &Snapshot,
    period: Period,
    wanted: &Wanted,
) -> Result<Vec<(String, Level)>, Problem> {
    let one = |code: &String, level| -> Result<Vec<(String, Level)>, Problem> {
        access::only_whose_list(scope, code, level, snapshot)?;
        if snapshot.codes.names().find(code).is_none() {
            return Err(Problem::unknown("unit", format!("no event names {code}")));
        }
        Ok(vec![(code.clone(), level)])
    };
    match (&wanted.unit, &wanted.officer) {
        (Some(_), Some(_)) => Err(Problem::malformed("query", "name a unit or an officer, and only one")),
        (Some(unit), None) => one(unit, Level::Agency),
        (None, Some(officer)) => one(officer, Level::Officer),
        (None, None) => Ok(own(scope, snapshot, period)),
    }
}

fn own(scope: &Scope, snapshot: &Snapshot, period: Period) -> Vec<(String, Level)> {
    if scope.role == Role::Officer {
        return scope.officer.iter().map(|officer| (officer.clone(), Level::Officer)).collect();
    }
    let agency = |code: String| (code, Level::Agency);
    match &scope.units {
        Units::Under(roots) => roots.iter().cloned().map(agency).collect(),
        Units::All => {
            let names = snapshot.codes.names();
            let units = snapshot.period(period).map_or(&[][..], |state| state.frame.units());
            let top = units.iter().filter(|unit| unit.parent.is_none());
            top.map(|unit| agency(names.text(unit.code).to_owned())).collect()
        }
    }
}
