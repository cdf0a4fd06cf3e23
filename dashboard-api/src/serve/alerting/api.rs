//! `/api/v1/alerts`: which alerts there are; taking one on, putting one off.
//!
//! Who acts is who signed in; where nobody is asked, a name given as text. [`actor`] is the one place that decides.

use alerts::{Alert, Refusal};
use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::response::Json;
use compute::instant::Instant;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Server;
use super::super::access::scope::{Pass, Scope};
use super::super::problem::Problem;
use super::Alerting;
use super::told::{self, Filter};

/// Letters of a name or reason.
const LETTERS_MAX: usize = 500;
/// Bytes of a request.
const BODY_BYTES_MAX: usize = 8 << 10;

/// What an address asks for.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Asked {
    unit: Option<String>,
    state: Option<String>,
    rule: Option<String>,
    from: Option<usize>,
}

/// `GET /api/v1/alerts`.
pub(in crate::serve) async fn list(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked
        .map_err(|_| Problem::malformed("query", "there are unit, state, rule, and from, a whole number"))?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let filter = Filter {
        unit: given(asked.unit),
        state: given(asked.state),
        rule: given(asked.rule),
        from: asked.from.unwrap_or(0),
        scope: asking(scope),
    };
    let from = filter.from;
    let shown = of(&server)?.shown(&server.live, filter).await?;
    Ok(Json(json!({
        "count": shown.count, "from": from, "alerts": shown.alerts.iter().map(told::alert).collect::<Vec<_>>(),
        "rules": shown.rules.iter().map(|(id, vi, en, severity)| {
            json!({ "id": id, "vi": vi, "en": en, "severity": severity.name() })
        }).collect::<Vec<_>>(),
    })))
}

/// What somebody asks to be done with an alert.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Act {
    #[serde(default)]
    pub(in crate::serve) by: String,
    #[serde(default)]
    pub(in crate::serve) reason: String,
    #[serde(default)]
    pub(in crate::serve) until: String,
}

/// `POST /api/v1/alerts/{id}/acknowledge`.
pub(in crate::serve) async fn acknowledge(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let (id, act) = (id_of(id)?, read(&body)?);
    take_on(&server, asking(scope), id.clone(), &act).await?;
    Ok(Json(json!({ "id": id, "state": "acknowledged" })))
}

/// `POST /api/v1/alerts/{id}/snooze`.
pub(in crate::serve) async fn snooze(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let (id, act) = (id_of(id)?, read(&body)?);
    let until = Instant::parse(&act.until)
        .ok_or_else(|| Problem::malformed("until", "write an instant like 2026-11-23T08:00:00+07:00"))?;
    put_off(&server, asking(scope), id.clone(), &act, until).await?;
    Ok(Json(json!({ "id": id, "state": "snoozed", "until": until.to_local() })))
}

fn read(body: &Bytes) -> Result<Act, Problem> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Problem::TooLarge { bytes_max: BODY_BYTES_MAX });
    }
    serde_json::from_slice(body).map_err(|_| {
        Problem::malformed("body", "send JSON: {\"by\": …}, and to snooze \"reason\" and \"until\" too")
    })
}

/// The alerts of a server; a part of one has none.
pub(in crate::serve) fn of(server: &Server) -> Result<&Alerting, Problem> {
    server.alerts.as_ref().ok_or_else(|| {
        Problem::elsewhere("alerts_elsewhere", "a server that stands alone (`--role all`) watches for alerts")
    })
}

/// Who asks; nobody unless the guard says so.
pub(in crate::serve) fn asking(scope: Option<Extension<Scope>>) -> Scope {
    scope.map(|Extension(scope)| scope).unwrap_or_default()
}

/// Who acts: who signed in, or the name given where nobody is asked.
fn actor(scope: &Scope, act: &Act) -> Result<String, Problem> {
    match scope.pass {
        Pass::Token(_) | Pass::Session(_) => Ok(scope.who.clone()),
        Pass::None | Pass::Open => text("by", &act.by),
    }
}

fn text(what: &'static str, given: &str) -> Result<String, Problem> {
    let given = given.trim();
    if given.is_empty() || given.chars().count() > LETTERS_MAX || given.chars().any(char::is_control) {
        return Err(Problem::malformed(what, format!("write 1 to {LETTERS_MAX} letters on one line")));
    }
    Ok(given.to_owned())
}

/// Takes an alert on for whoever asks.
pub(in crate::serve) async fn take_on(
    server: &Server,
    scope: Scope,
    id: String,
    act: &Act,
) -> Result<(), Problem> {
    let by = actor(&scope, act)?;
    let snapshot = server.live.snapshot();
    let done = of(server)?.ask(move |watcher| {
        let is_theirs = |alert: &Alert| alert.id() == id && told::sees(&scope, alert, &snapshot);
        if !watcher.desk().alerts().any(is_theirs) {
            return Err(Refusal::Unknown);
        }
        watcher.acknowledge(&id, &by)
    });
    done.await?.map_err(refused)
}

/// Puts an alert off for whoever asks.
pub(in crate::serve) async fn put_off(
    server: &Server,
    scope: Scope,
    id: String,
    act: &Act,
    until: Instant,
) -> Result<(), Problem> {
    let (by, reason) = (actor(&scope, act)?, text("reason", &act.reason)?);
    let snapshot = server.live.snapshot();
    let done = of(server)?.ask(move |watcher| {
        let is_theirs = |alert: &Alert| alert.id() == id && told::sees(&scope, alert, &snapshot);
        if !watcher.desk().alerts().any(is_theirs) {
            return Err(Refusal::Unknown);
        }
        watcher.snooze(&id, (&by, &reason), until)
    });
    done.await?.map_err(refused)
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Unknown => Problem::unknown("alert", refusal.to_string()),
        Refusal::Over => Problem::malformed("alert", refusal.to_string()),
        Refusal::Until => Problem::malformed("until", refusal.to_string()),
    }
}

fn id_of(id: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    id.map(|Path(id)| id).map_err(|_| Problem::malformed("id", "write the alert's id as UTF-8"))
}
