//! The routes of `/api/v1` and of operation. Handlers read, ask, and shape; they compute nothing.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use compute::codes::LocalCodes;
use compute::engine::{Part, Who};
use compute::explain;
use compute::figures::Level;
use compute::period::Period;
use ingest::{Reason, Rejection, decode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::board::{self, View};
use super::live::Live;
use super::problem::Problem;
use super::{Server, pages, stream};
use crate::view;

/// Bytes one request may bring.
const BODY_BYTES_MAX: usize = 32 << 20;
/// Rejections told in one answer; all are counted.
const REJECTIONS_TOLD_MAX: usize = 1000;
/// Headers every answer carries.
const HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// The whole surface.
pub(crate) fn router(server: Server) -> Router {
    Router::new()
        .route("/", get(pages::index))
        .route("/assets/{*path}", get(pages::asset))
        .route("/livez", get(|| async { "live\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
        .route("/api/v1/events", post(take_events))
        .route("/api/v1/scores", get(scores))
        .route("/api/v1/ranking", get(ranking))
        .route("/api/v1/stream", get(follow))
        .route("/api/v1/indicators", get(indicators))
        .route("/api/v1/lists", get(list))
        .route("/api/v1/subjects/{code}", get(subject))
        .fallback(|| async { Problem::unknown("path", "/openapi.json lists what there is") })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(harden))
        .with_state(server)
}

async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn ready(State(server): State<Server>) -> Result<&'static str, Problem> {
    if server.live.is_running() { Ok("ready\n") } else { Err(Problem::Stopped) }
}

async fn metrics(State(server): State<Server>) -> impl IntoResponse {
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
    })
}

/// Query of most reads.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    period: Option<String>,
    set: Option<String>,
    by: Option<String>,
    unit: Option<String>,
    indicator: Option<String>,
    part: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked, Problem> {
        let read = Query::<Asked>::from_request_parts(parts, state).await;
        read.map(|Query(asked)| asked)
            .map_err(|_| Problem::malformed("query", "give each parameter once, as UTF-8"))
    }
}

impl Asked {
    fn view(&self) -> Result<View, Problem> {
        let period = match self.period.as_deref() {
            None | Some("") => None,
            Some(code) => Some(
                Period::parse(code)
                    .ok_or_else(|| Problem::malformed("period", "write 2026-10, 2026-Q4, 2026-H2 or 2026"))?,
            ),
        };
        Ok(View { period, set: self.set.clone().filter(|set| !set.is_empty()) })
    }

    fn level(&self) -> Result<Level, Problem> {
        match self.by.as_deref() {
            None | Some("agency") => Ok(Level::Agency),
            Some("officer") => Ok(Level::Officer),
            Some(_) => Err(Problem::malformed("by", "by is agency or officer")),
        }
    }
}

async fn scores(State(server): State<Server>, asked: Asked) -> Result<Json<Value>, Problem> {
    let (snapshot, view) = (server.live.snapshot(), asked.view()?);
    let figures = board::figures(&snapshot, &view, asked.level()?)?;
    Ok(Json(view::scores(&figures, board::set(&snapshot, &view)?, &snapshot.catalogue)))
}

async fn ranking(State(server): State<Server>, asked: Asked) -> Result<Json<Value>, Problem> {
    let ranking = server.board.ranking(&server.live, &asked.view()?)?;
    let mut message = ranking.head.clone();
    message.insert("freshness".to_owned(), freshness(&server.live));
    message.insert("rows".to_owned(), Value::Array(ranking.rows.clone()));
    Ok(Json(Value::Object(message)))
}

async fn follow(State(server): State<Server>, asked: Asked) -> Result<Response, Problem> {
    let view = asked.view()?;
    server.board.ranking(&server.live, &view)?;
    Ok(stream::stream(server, view).into_response())
}

async fn indicators(State(server): State<Server>, asked: Asked) -> Result<Json<Value>, Problem> {
    let snapshot = server.live.snapshot();
    Ok(Json(view::indicators(board::set(&snapshot, &asked.view()?)?)))
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
        _ => return Err(Problem::malformed("part", "part is num or den")),
    };
    let indicator = set.position(&code).map(|place| set.indicators[place].clone());
    let indicator =
        indicator.ok_or_else(|| Problem::unknown("indicator", format!("{code} is not in the set")))?;
    let period =
        view.period.unwrap_or_else(|| Period::containing(snapshot.as_of, compute::period::Kind::Month));
    let known = server.codes.names().find(&unit);
    let known = known.ok_or_else(|| Problem::unknown("unit", format!("no event names {unit}")))?;
    let who = match asked.level()? {
        Level::Agency => Who::Agency(known),
        Level::Officer => Who::Officer(known),
    };
    let listed = server.live.list(period, who, indicator, part).await?;
    let listed = listed.map_err(|error| Problem::unknown("list", error.to_string()))?;
    Ok(Json(json!({
        "period": period.to_string(), "unit": unit, "indicator": code, "part": asked.part,
        "count": listed.len(), "subjects": listed,
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
    let story =
        story.ok_or_else(|| Problem::unknown("subject", format!("no event names the dossier {code}")))?;
    let text = explain::tell(&code, &story, set, &server.codes.names(), &server.live.calendar());
    Ok(Json(view::story(&code, &story, set, &text)))
}

async fn take_events(
    State(server): State<Server>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|rejected| match rejected.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge { bytes_max: BODY_BYTES_MAX },
        _ => Problem::malformed("body", "the body could not be read whole"),
    })?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_batch = match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/cloudevents+json" => false,
        "application/cloudevents-batch+json" => true,
        _ => {
            let types = "application/cloudevents+json or application/cloudevents-batch+json";
            return Err(Problem::malformed("content_type", format!("send {types}")));
        }
    };
    let reader = server.clone();
    // Decoding thirty megabytes is too long for an async thread.
    let decoded = tokio::task::spawn_blocking(move || decode_body(&reader, &body, is_batch)).await;
    let decoded = decoded.map_err(|_| Problem::malformed("body", "the body could not be decoded"))??;
    let (accepted, count) = (decoded.routed.len(), decoded.rejections.len());
    server.live.count_rejected(count);
    for (_, rejection) in &decoded.rejections {
        server.telemetry.rejected.with_label_values(&[rejection.reason.code()]).inc();
    }
    let applied = server.live.apply(decoded.routed).await?;
    let told = decoded.rejections.iter().take(REJECTIONS_TOLD_MAX).map(|(position, rejection)| {
        json!({
            "position": position, "reason": rejection.reason.code(), "field": rejection.field,
            "advice": rejection.reason.advice(),
        })
    });
    let answer = json!({
        "accepted": accepted, "rejected_count": count, "rejected": told.collect::<Vec<_>>(),
        "version": applied.version,
    });
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

struct Decoded {
    routed: compute::engine::Routed,
    rejections: Vec<(usize, Rejection)>,
}

fn decode_body(server: &Server, body: &[u8], is_batch: bool) -> Result<Decoded, Problem> {
    let mut decoded = Decoded { routed: server.live.routed(), rejections: Vec::new() };
    let mut codes = LocalCodes::new(&Arc::clone(&server.codes));
    let mut take = |position: usize, event: Result<compute::event::Draft<'_>, Rejection>| match event {
        Ok(draft) => decoded.routed.push(&draft, &mut codes),
        Err(rejection) => decoded.rejections.push((position, rejection)),
    };
    if !is_batch {
        take(0, decode::decode(body));
        return Ok(decoded);
    }
    let text = std::str::from_utf8(body).map_err(|_| Problem::malformed("body", Reason::NotUtf8.advice()))?;
    let elements =
        decode::batch(text).map_err(|_| Problem::malformed("body", "a batch is a JSON array of events"))?;
    for (position, element) in elements.into_iter().enumerate() {
        take(position, decode::decode(element.as_bytes()));
    }
    Ok(decoded)
}
