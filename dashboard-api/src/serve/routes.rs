//! The routes of `/api/v1` and of operation. Handlers read, ask, and shape; they compute nothing.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, MatchedPath, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use compute::engine::{CodePage, Part, Snapshot, Who};
use compute::explain;
use compute::figures::{Level, UnitFigures};
use compute::period::Period;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::guard::OfficersShown;
use super::access::scope::Scope;
use super::answers::with_rows;
use super::board::{self, View};
use super::earlier::{self, At};
use super::intake::{BODY_BYTES_MAX, take_events};
use super::live::{Live, Phase};
use super::paging::{self, Wanted};
use super::problem::{self, Problem};
use super::why::AsOf;
use super::{
    Server, access, alerting, conditional, duties, editions, exchange, find, health, history, pages, query,
    reconciling, rejects, scale, stream, why,
};
use crate::view;

/// Headers every answer carries.
const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// Officers on a page of scores where nobody says how many.
const OFFICERS_UNSAID: usize = 200;

/// For two years by TLS only, once a browser came by TLS.
const HTTPS_ONLY: &str = "max-age=63072000";

/// The whole surface.
pub(crate) fn router(server: Server) -> Router {
    Router::new()
        .route("/api/v1/events", post(take_events))
        .route("/api/v1/exchange", post(exchange::take_messages))
        .merge(figures(&server))
        .route("/api/v1/stream", get(follow))
        .route("/api/v1/lists", get(list))
        .route("/api/v1/subjects/{code}", get(subject))
        .route("/api/v1/history", get(history::history))
        .route("/api/v1/changes", get(why::changes))
        .route("/api/v1/losses", get(why::losses))
        .route("/api/v1/forecasts", get(why::forecasts))
        .route("/api/v1/alerts", get(alerting::list))
        .route("/api/v1/alerts/{id}/acknowledge", post(alerting::acknowledge))
        .route("/api/v1/alerts/{id}/snooze", post(alerting::snooze))
        .route("/api/v1/duties", get(duties::list))
        .route("/api/v1/duties/{dossier}/sent", post(duties::sent))
        .route("/api/v1/editions", get(editions::list).post(editions::close))
        .route("/api/v1/editions/{edition}", get(editions::show))
        .route("/api/v1/editions/{edition}/objections", post(editions::object))
        .route("/api/v1/editions/{edition}/decisions", post(editions::decide))
        .route("/api/v1/editions/{edition}/approval", post(editions::approve))
        .route("/api/v1/editions/{edition}/publication", post(editions::publish))
        .route("/api/v1/editions/{edition}/file", get(editions::file))
        .route("/api/v1/editions/{edition}/proof", get(editions::proof))
        .route("/api/v1/editions/{edition}/differences", get(editions::differences))
        .route("/api/v1/reconciliations", get(reconciling::imports))
        .route("/api/v1/reconciliations/{name}", get(reconciling::gaps).post(reconciling::add_published))
        .route("/api/v1/reconciliations/{name}/dossiers", get(reconciling::list).post(reconciling::add_list))
        .layer(middleware::from_fn_with_state(server.clone(), only_when_restored))
        .route("/api/v1/health", get(health::health))
        .route("/api/v1/rejects", get(rejects::list))
        .route("/api/v1/rejects/{number}", get(rejects::show))
        .route("/api/v1/rejects/{number}/retry", post(rejects::retry))
        .route("/api/v1/backups", post(health::back_up))
        .merge(pages::router())
        .route("/livez", get(|| async { "live\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi).layer(middleware::from_fn(conditional::of_content)))
        .layer(middleware::from_fn_with_state(server.clone(), only_of_this_role))
        .layer(middleware::from_fn_with_state(server.clone(), access::guard::guard))
        .fallback(|| async { Problem::unknown("path", "/openapi.json lists what there is") })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(problem::in_the_callers_words))
        .layer(middleware::from_fn_with_state(server.clone(), harden))
        .layer(middleware::from_fn_with_state(server.clone(), measure))
        .with_state(server)
}

/// Reads that depend on a snapshot and on what is asked, and on nothing else.
fn figures(server: &Server) -> Router<Server> {
    Router::new()
        .route("/api/v1/scores", get(scores))
        .route("/api/v1/ranking", get(ranking))
        .route("/api/v1/indicators", get(indicators))
        .layer(middleware::from_fn_with_state(server.clone(), conditional::of_figures))
}

async fn measure(State(server): State<Server>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let began = Instant::now();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    server.telemetry.note_answer(route, response.status().as_u16(), began.elapsed());
    response
}

async fn harden(State(server): State<Server>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if server.access.guarded().is_some_and(|guarded| guarded.settings.is_secure()) {
        response
            .headers_mut()
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HTTPS_ONLY));
    }
    response
}

/// Figures that are not all there yet are not shown.
async fn only_when_restored(State(server): State<Server>, request: Request, next: Next) -> Response {
    match server.live.phase() {
        Phase::Recovering(..) if !server.live.is_running() => Problem::Stopped.into_response(),
        Phase::Recovering(reached, wanted) => Problem::Recovering { reached, wanted }.into_response(),
        Phase::Running => next.run(request).await,
    }
}

/// A reader has counts; what it does not have it says.
async fn only_of_this_role(State(server): State<Server>, request: Request, next: Next) -> Response {
    match server.reading.as_ref().and_then(|_| scale::elsewhere(request.uri().path())) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

async fn ready(State(server): State<Server>) -> Result<&'static str, Problem> {
    match server.live.phase() {
        _ if !server.live.is_running() => Err(Problem::Stopped),
        Phase::Recovering(reached, wanted) => Err(Problem::Recovering { reached, wanted }),
        Phase::Running => Ok("ready\n"),
    }
}

async fn metrics(State(server): State<Server>) -> impl IntoResponse {
    if let (Some(consuming), Some((_, state))) = (&server.kafka, server.live.log()) {
        server.telemetry.kafka.note(&consuming.status(), &state.consumed);
    }
    if let Some(publishing) = &server.figures {
        server.telemetry.figures.note(&publishing.status());
    }
    if let Some(reading) = &server.reading {
        scale::note_metrics(reading, &server.telemetry);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], server.telemetry.text())
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("../../openapi.json"))
}

/// How fresh the data is.
pub(super) fn freshness(live: &Live) -> Value {
    let (rejected, last) = live.intake();
    json!({
        "last_event_at": last.map(compute::instant::Instant::to_local),
        "events_applied": live.snapshot().tally.applied,
        "events_rejected": rejected,
        // Nothing new can come in: the engine has stopped, the log cannot be written, or shares are missing.
        "is_stale": !live.is_running()
            || !live.is_complete()
            || live.log().is_some_and(|(_, state)| state.trouble.is_some()),
    })
}

/// Query of most reads.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    period: Option<String>,
    set: Option<String>,
    by: Option<String>,
    unit: Option<String>,
    indicator: Option<String>,
    part: Option<String>,
    from: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
    last_event_id: Option<String>,
    as_of: Option<String>,
    find: Option<String>,
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
    fn view(&self) -> Result<View, Problem> {
        query::view(self.period.as_deref(), self.set.as_deref())
    }

    /// A parameter that is a number.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<u64>, Problem> {
        let given = self.from.as_deref().map(str::parse);
        given.transpose().map_err(|_| Problem::malformed(name, "write a whole number"))
    }

    /// The earlier instant that is asked about, and whose figures of then.
    fn at(&self, snapshot: &Snapshot, view: &View) -> Result<Option<At<'_>>, Problem> {
        let Some(text) = self.as_of.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let at = earlier::instant(text)?;
        let code = self.unit.as_deref().ok_or_else(|| {
            let advice =
                "unit is missing: what was is worked out for one unit and those below it, or one officer";
            Problem::malformed("query", advice)
        })?;
        let who = who(code, self.level()?, snapshot)?;
        let period = board::period(snapshot, view)?.frame.period;
        Ok(Some(At { code, asked: AsOf { who, period, at }, scope: &self.scope }))
    }

    fn level(&self) -> Result<Level, Problem> {
        match self.by.as_deref() {
            None | Some("agency") => Ok(Level::Agency),
            Some("officer") => Ok(Level::Officer),
            Some(_) => Err(Problem::malformed("by", "by is agency or officer")),
        }
    }
}

/// Whose code it is.
fn who(code: &str, level: Level, snapshot: &Snapshot) -> Result<Who, Problem> {
    let known = snapshot.codes.names().find(code);
    let known = known.ok_or_else(|| Problem::unknown("unit", format!("no event names {code}")))?;
    Ok(match level {
        Level::Agency => Who::Agency(known),
        Level::Officer => Who::Officer(known),
    })
}

async fn scores(State(server): State<Server>, asked: Asked) -> Result<Response, Problem> {
    let (snapshot, view, level) = (server.live.snapshot(), asked.view()?, asked.level()?);
    if level == Level::Officer && !asked.scope.has(access::role::Field::Officers) {
        return Err(Problem::Forbidden("figures of officers are not shown to this role".to_owned()));
    }
    if let Some(at) = asked.at(&snapshot, &view)? {
        return at.scores(&server, board::set(&snapshot, &view)?.clone()).await;
    }
    let figures = server.board.figures(&snapshot, &view, level)?;
    let set = board::set(&snapshot, &view)?;
    let wanted = asked.find.as_deref().map(find::folded).unwrap_or_default();
    let is_found = |unit: &&UnitFigures| wanted.is_empty() || find::is_found(unit, level, &wanted);
    let theirs = figures.units.iter().filter(|unit| asked.scope.may_see(unit, level, &snapshot));
    let theirs = theirs.filter(is_found);
    let theirs: Vec<&UnitFigures> = theirs.collect();
    let unsaid = if level == Level::Officer { Some(OFFICERS_UNSAID) } else { None };
    let wanted = Wanted::read(asked.limit.as_deref(), asked.cursor.as_deref(), unsaid)?;
    let (after, limit) = wanted.bounds();
    let codes = theirs.iter().map(|unit| unit.code.as_str()).collect();
    let page = paging::page(CodePage::of(&codes, after, limit), &wanted)?;
    let mut head = view::scores_head(&figures, set, &snapshot.catalogue);
    for (name, value) in
        [("count", json!(page.count)), ("next", json!(page.next)), ("changed", json!(page.has_changed))]
    {
        head.insert(name.to_owned(), value);
    }
    if !server.live.is_complete() {
        head.insert("is_incomplete".to_owned(), json!(true));
    }
    let first = theirs.partition_point(|unit| after.is_some_and(|after| unit.code.as_str() <= after));
    let units = theirs[first..].iter().take(page.entries.len()).copied();
    let mut response = as_json(server.board.answers.scores(&view, (&figures, set), &head, units));
    if level == Level::Officer {
        response.extensions_mut().insert(OfficersShown);
    }
    Ok(response)
}

fn as_json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

async fn ranking(State(server): State<Server>, asked: Asked) -> Result<Response, Problem> {
    let ranking = server.board.ranking(&server.live, &asked.view()?)?;
    let mut head = ranking.head.clone();
    head.insert("freshness".to_owned(), freshness(&server.live));
    let snapshot = server.live.snapshot();
    let theirs = ranking.rows.iter().filter(|row| board::is_theirs(row, &asked.scope, &snapshot));
    let texts: Vec<_> = theirs.map(|row| Arc::clone(&row.text)).collect();
    Ok(as_json(with_rows(&head, "rows", &texts)))
}

async fn follow(State(server): State<Server>, headers: HeaderMap, asked: Asked) -> Result<Response, Problem> {
    let view = asked.view()?;
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let last_id = header.or(asked.last_event_id.as_deref());
    stream::stream(server, view, asked.scope, last_id)
}

async fn indicators(State(server): State<Server>, asked: Asked) -> Result<Response, Problem> {
    let snapshot = server.live.snapshot();
    let set = board::set(&snapshot, &asked.view()?)?;
    Ok(as_json(server.board.answers.indicators(set).to_string()))
}

async fn list(State(server): State<Server>, asked: Asked) -> Result<Json<Value>, Problem> {
    let (snapshot, view) = (server.live.snapshot(), asked.view()?);
    let set = board::set(&snapshot, &view)?;
    let needed = |value: &Option<String>, what| {
        value.clone().ok_or_else(|| Problem::malformed("query", format!("{what} is missing")))
    };
    let (unit, code) = (needed(&asked.unit, "unit")?, needed(&asked.indicator, "indicator")?);
    let part = match needed(&asked.part, "part")?.as_str() {
        "num" => Part::Numerator,
        "den" => Part::Denominator,
        "missing" => Part::Missing,
        _ => return Err(Problem::malformed("part", "part is num, den or missing")),
    };
    let indicator = set.position(&code).map(|place| set.indicators[place].clone());
    let indicator =
        indicator.ok_or_else(|| Problem::unknown("indicator", format!("{code} is not in the set")))?;
    let period =
        view.period.unwrap_or_else(|| Period::containing(snapshot.as_of, compute::period::Kind::Month));
    let level = asked.level()?;
    let who = who(&unit, level, &snapshot)?;
    access::only_whose_list(&asked.scope, &unit, level, &snapshot)?;
    let wanted = Wanted::read(asked.limit.as_deref(), asked.cursor.as_deref(), None)?;
    let (page, as_of, known_at) = if let Some(at) = asked.at(&snapshot, &view)? {
        let (page, known_at) = at.list(&server, (indicator, part), &wanted).await?;
        (page, at.asked.at, known_at)
    } else {
        let page = server.live.list_page((period, who), (indicator, part), wanted.bounds()).await?;
        (paging::page(page, &wanted)?, snapshot.as_of, snapshot.as_of)
    };
    Ok(Json(json!({
        "period": period.to_string(), "as_of": as_of.to_local(), "known_at": known_at.to_local(),
        "cut": as_of.min(period.end()).to_local(),
        "set": { "id": set.file.id, "version": set.file.version },
        "unit": unit, "indicator": code, "part": asked.part,
        "count": page.count, "subjects": page.entries, "next": page.next, "changed": page.has_changed,
    })))
}

async fn subject(
    State(server): State<Server>,
    code: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    let Path(code) = code.map_err(|_| Problem::malformed("code", "write the dossier's code as UTF-8"))?;
    let snapshot = server.live.snapshot();
    let set = board::set(&snapshot, &asked.view()?)?;
    let story = server.live.story(code.clone()).await?;
    let story = access::only_whose_dossier(&asked.scope, story, &code, &snapshot)?;
    let text = explain::tell(&code, &story, set, &snapshot.codes.names(), &server.live.calendar());
    Ok(Json(view::story(&code, &story, set, &text)))
}
