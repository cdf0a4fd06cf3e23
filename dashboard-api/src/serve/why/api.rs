//! The same answers for programs: `/api/v1/changes`, `/api/v1/losses`, `/api/v1/forecasts`.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Json;
use compute::change::{Change, Share};
use compute::codes::Names;
use compute::figures::UnitFigures;
use compute::instant::Instant;
use compute::period::{Kind, Period};
use compute::set::IndicatorSet;
use compute::set::points::decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Server;
use super::super::access::{
    self,
    role::Field,
    scope::{Scope, What},
};
use super::super::board::{self, View};
use super::super::problem::Problem;
use super::super::query;
use super::{About, Finished, Lost, kind};

/// Which unit, when, under which set.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Asked {
    unit: Option<String>,
    period: Option<String>,
    set: Option<String>,
    from: Option<String>,
    by: Option<String>,
    what: Option<String>,
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

impl Asked {
    fn about(&self, server: &Server) -> Result<About, Problem> {
        if server.reading.is_some() {
            return Err(Problem::elsewhere(
                "lists_at_workers",
                "a reader asks workers for lists and stories; what changed and why is told by a server that stands alone (`--role all`)",
            ));
        }
        let snapshot = server.live.snapshot();
        let view = query::view(self.period.as_deref(), self.set.as_deref())?;
        let set = board::set(&snapshot, &view)?.clone();
        let period = view.period.unwrap_or_else(|| Period::containing(snapshot.as_of, Kind::Month));
        board::period(&snapshot, &View { period: Some(period), set: None })?;
        let unit = self.unit.as_deref().ok_or_else(|| Problem::malformed("query", "unit is missing"))?;
        access::only(&self.scope, What::DossiersOf(unit), &snapshot)?;
        let known = snapshot.codes.names().find(unit);
        let unit = known.ok_or_else(|| Problem::unknown("unit", format!("no event names {unit}")))?;
        Ok(About { unit, period, set })
    }
}

fn instant(name: &'static str, text: Option<&str>) -> Result<Instant, Problem> {
    let text = text.ok_or_else(|| Problem::malformed("query", format!("{name} is missing")))?;
    Instant::parse(text).ok_or_else(|| Problem::malformed(name, "write an instant with its offset"))
}

/// `GET /api/v1/changes`.
pub(in super::super) async fn changes(
    State(server): State<Server>,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    let (about, from) = (asked.about(&server)?, instant("from", asked.from.as_deref())?);
    let from = from.max(about.period.start().just_after());
    let answer = server.board.why.changed(&server.live, about.clone(), from).await?;
    let mut told = told(&about, &answer.change, (answer.from, answer.to));
    told["unit"] = json!(answer.change.after.code);
    Ok(Json(told))
}

/// `GET /api/v1/losses`.
pub(in super::super) async fn losses(
    State(server): State<Server>,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    let about = asked.about(&server)?;
    let losses = server.board.why.lost(&server.live, about.clone()).await?;
    let answer = &losses.answer;
    let mut told = told(&about, &answer.change, (answer.from, answer.to));
    let snapshot = server.live.snapshot();
    let names = snapshot.codes.names();
    told["unit"] = json!(answer.change.after.code);
    told["by_procedure"] = lost(&losses.by_procedure, &names);
    if asked.scope.has(Field::Officers) {
        told["by_officer"] = lost(&losses.by_officer, &names);
    }
    Ok(Json(told))
}

/// `GET /api/v1/forecasts`.
pub(in super::super) async fn forecasts(
    State(server): State<Server>,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    let (about, by) = (asked.about(&server)?, instant("by", asked.by.as_deref())?);
    let finished = match asked.what.as_deref() {
        None | Some("" | "due") => Finished::Due,
        Some("overdue") => Finished::Overdue,
        Some("open") => Finished::Open,
        Some(_) => return Err(Problem::malformed("what", "what is due, overdue or open")),
    };
    let forecast = server.board.why.forecast(&server.live, about.clone(), by, finished).await?;
    let mut told = told(&about, &forecast.answer.change, (forecast.answer.from, forecast.answer.to));
    told["unit"] = json!(forecast.now.figures.code);
    told["total_now"] = total(&forecast.now.figures);
    told["finished"] = json!(forecast.finished);
    Ok(Json(told))
}

fn total(row: &UnitFigures) -> Value {
    row.total.map_or(Value::Null, |total| json!(decimal(total)))
}

/// Ten-thousandths of a point as text, exact.
fn share(share: Share) -> String {
    let size = share.unsigned_abs();
    format!("{}{}.{:04}", if share < 0 { "-" } else { "" }, size / 10_000, size % 10_000)
}

fn told(about: &About, change: &Change, (from, to): (Instant, Instant)) -> Value {
    let set: &IndicatorSet = &about.set;
    let code = |place: usize| set.indicators[change.indicators[place].after.indicator].file.code.as_str();
    let indicators = change.indicators.iter().enumerate().map(|(place, one)| {
        let side = |figure: &compute::figures::Figure| {
            json!({
                "num": figure.numerator, "den": figure.denominator,
                "points": decimal(figure.points), "max": figure.max,
            })
        };
        json!({
            "indicator": code(place), "share": share(one.share()), "rest": share(one.rest),
            "before": side(&one.before), "after": side(&one.after),
        })
    });
    let subjects = change.subjects(set).into_iter().map(|one| {
        let parts =
            one.parts.iter().map(|(place, part)| json!({"indicator": code(*place), "share": share(*part)}));
        json!({
            "kind": kind(one.subject), "code": one.code, "share": share(one.share),
            "parts": parts.collect::<Vec<_>>(),
        })
    });
    json!({
        "period": about.period.to_string(), "set": set.file.id, "set_version": set.file.version,
        "from": from.to_local(), "to": to.to_local(),
        "total_before": total(&change.before), "total_after": total(&change.after),
        "share": share(change.share()), "rest": share(change.rest()),
        "indicators": indicators.collect::<Vec<_>>(), "subjects": subjects.collect::<Vec<_>>(),
    })
}

fn lost(lost: &[Lost], names: &Names) -> Value {
    let rows = lost.iter().map(|one| {
        json!({
            "code": one.code.map(|code| names.text(code)), "dossiers": one.dossiers, "share": share(one.share),
        })
    });
    Value::Array(rows.collect())
}
