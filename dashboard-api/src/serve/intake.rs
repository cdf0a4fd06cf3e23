//! Taking events over HTTP: bounded before a byte of the body is read, decoded off the async threads, kept, counted.
//!
//! A 202 says that every event of the request is durable (with a data folder) and shown. Anything else says that
//! nothing of it need be remembered by the sender as taken; sending it again is always safe, since an event's identity
//! makes a second copy a duplicate. Not here: what an event may look like (`ingest::decode`).

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use compute::codes::LocalCodes;
use ingest::durable::Accepted;
use ingest::{Reason, Rejection, decode};
use serde_json::json;

use super::Server;
use super::access::producing::{self, Permit};
use super::access::scope::Scope;
use super::live::Phase;
use super::problem::Problem;

/// Bytes one request may bring.
pub(super) const BODY_BYTES_MAX: usize = 32 << 20;
/// How long a sender may take to bring them.
const BODY_PATIENCE: Duration = Duration::from_mins(1);
/// Rejections told in one answer; all are counted.
const REJECTIONS_TOLD_MAX: usize = 1000;

/// `POST /api/v1/events`.
pub(super) async fn take_events(State(server): State<Server>, request: Request) -> Result<Response, Problem> {
    if let Phase::Recovering(reached, wanted) = server.live.phase() {
        return Err(Problem::Recovering { reached, wanted });
    }
    let is_batch = is_batch(request.headers())?;
    let scope = request.extensions().get::<Scope>().cloned().unwrap_or_default();
    let (_room, body) = read(&server, request).await?;
    let mut permit = Permit::of(scope, &server.live);
    if permit.needs_homes() {
        let again = body.clone();
        let named =
            tokio::task::spawn_blocking(move || producing::dossiers(elements(&again, is_batch).into_iter()));
        let named = named.await.map_err(|_| Problem::malformed("body", "the body could not be decoded"))?;
        permit.learn(&server.live, named).await?;
    }
    let reader = server.clone();
    // Decoding thirty megabytes is too long for an async thread.
    let decoded = tokio::task::spawn_blocking(move || decode_body(&reader, &body, is_batch, &permit)).await;
    let (accepted, rejections) =
        decoded.map_err(|_| Problem::malformed("body", "the body could not be decoded"))??;
    let (taken, count) = (accepted.events, rejections.len());
    for (_, rejection) in &rejections {
        server.telemetry.rejected.with_label_values(&[rejection.reason.code()]).inc();
    }
    let applied = server.live.apply(accepted).await?;
    let told = rejections.iter().take(REJECTIONS_TOLD_MAX).map(|(position, rejection)| {
        json!({
            "position": position, "reason": rejection.reason.code(), "field": rejection.field,
            "advice": rejection.reason.advice(),
        })
    });
    let answer = json!({
        "accepted": taken, "rejected_count": count, "rejected": told.collect::<Vec<_>>(),
        "version": applied.version,
    });
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

fn is_batch(headers: &HeaderMap) -> Result<bool, Problem> {
    let types = ["application/cloudevents+json", "application/cloudevents-batch+json"];
    content_type(headers, &types).map(|place| place == 1)
}

/// The place of the body's type among `types`.
pub(super) fn content_type(headers: &HeaderMap, types: &[&str]) -> Result<usize, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let place = types.iter().position(|known| *known == kind);
    place.ok_or_else(|| Problem::malformed("content_type", format!("send {}", types.join(" or "))))
}

/// The body, and its share of what may be under way at once.
pub(super) async fn read(
    server: &Server,
    request: Request,
) -> Result<(tokio::sync::OwnedSemaphorePermit, axum::body::Bytes), Problem> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    // A sender that does not say how much it brings may bring the most.
    let length = length.and_then(|text| text.parse::<usize>().ok()).unwrap_or(BODY_BYTES_MAX);
    if length > BODY_BYTES_MAX {
        return Err(Problem::TooLarge { bytes_max: BODY_BYTES_MAX });
    }
    let room = server.live.room(length)?;
    let body: Body = request.into_body();
    let read = tokio::time::timeout(BODY_PATIENCE, axum::body::to_bytes(body, BODY_BYTES_MAX)).await;
    match read {
        Ok(Ok(bytes)) => Ok((room, bytes)),
        Ok(Err(error)) if is_too_large(&error) => Err(Problem::TooLarge { bytes_max: BODY_BYTES_MAX }),
        Ok(Err(_)) | Err(_) => Err(Problem::malformed("body", "the body could not be read whole")),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    error.to_string().contains("length limit exceeded")
}

/// The events of a body, as far as it can be taken apart.
fn elements(body: &[u8], is_batch: bool) -> Vec<&[u8]> {
    if !is_batch {
        return vec![body];
    }
    let parts = std::str::from_utf8(body).ok().and_then(|text| decode::batch(text).ok());
    parts.unwrap_or_default().into_iter().map(str::as_bytes).collect()
}

type Decoded = (Accepted, Vec<(usize, Rejection)>);

fn decode_body(server: &Server, body: &[u8], is_batch: bool, permit: &Permit) -> Result<Decoded, Problem> {
    let mut accepted = server.live.accepted();
    accepted.reserve(body.len());
    let mut rejections = Vec::new();
    let mut codes = LocalCodes::new(&server.live.codes());
    let mut take = |position: usize, bytes: &[u8]| {
        let taken = accepted.take_if(bytes, "http", position, &mut codes, |draft| permit.check(draft));
        if let Err(rejection) = taken {
            rejections.push((position, rejection));
        }
    };
    if !is_batch {
        take(0, body);
        return Ok((accepted, rejections));
    }
    let text = std::str::from_utf8(body).map_err(|_| Problem::malformed("body", Reason::NotUtf8.advice()))?;
    let elements =
        decode::batch(text).map_err(|_| Problem::malformed("body", "a batch is a JSON array of events"))?;
    for (position, element) in elements.into_iter().enumerate() {
        take(position, element.as_bytes());
    }
    Ok((accepted, rejections))
}
