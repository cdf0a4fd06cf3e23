//! What was set aside: listed, shown, mended and sent again.
//!
//! A retry is an event like any other: only when it has been kept is the message it mends taken off the list. Not here:
//! what is kept of a message (`ingest::durable::set_aside`).

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use compute::codes::LocalCodes;
use ingest::durable::SetAsideMessage;
use serde_json::{Value, json};
use store::SetAside;

use super::Server;
use super::live::Phase;
use super::problem::Problem;
use super::routes::Asked;

/// Messages told at once.
const TOLD_MAX: usize = 500;

/// `GET /api/v1/rejects`: from the number `from` on.
pub(super) async fn list(State(server): State<Server>, asked: Asked) -> Result<Json<Value>, Problem> {
    let from = asked.number("from")?.unwrap_or(0);
    let (log, _) = server.live.log().ok_or_else(without_folder)?;
    // Reading the disk is no work for an async thread.
    let read = tokio::task::spawn_blocking(move || log.set_aside_list(from, TOLD_MAX)).await;
    let messages =
        read.map_err(|_| Problem::Stopped)?.map_err(|error| Problem::NotReadable(error.to_string()))?;
    let next = (messages.len() == TOLD_MAX).then(|| messages.last().map(|last| last.number + 1)).flatten();
    let told: Vec<Value> = messages.iter().map(told).collect();
    Ok(Json(json!({ "rejects": told, "next": next })))
}

/// `GET /api/v1/rejects/{number}`.
pub(super) async fn show(
    State(server): State<Server>,
    number: Result<Path<u64>, PathRejection>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(told(&find(&server, number_of(number)?).await?)))
}

/// `POST /api/v1/rejects/{number}/retry`: the event in the body, or with none what was kept of it; for a national exchange message
/// the mended message.
pub(super) async fn retry(
    State(server): State<Server>,
    number: Result<Path<u64>, PathRejection>,
    body: Bytes,
) -> Result<Response, Problem> {
    if let Phase::Recovering(reached, wanted) = server.live.phase() {
        return Err(Problem::Recovering { reached, wanted });
    }
    let number = number_of(number)?;
    let kept = find(&server, number).await?;
    let was = SetAsideMessage::read(&kept.bytes).ok();
    let exchange_source = was.as_ref().and_then(SetAsideMessage::exchange_source).map(str::to_owned);
    let event = if body.trim_ascii().is_empty() {
        let event = was.and_then(|was| was.event).ok_or_else(|| {
            Problem::malformed(
                "body",
                "only the hash of this message was kept; send the mended event as the body",
            )
        })?;
        event.to_string().into_bytes()
    } else {
        body.to_vec()
    };
    let mut accepted = server.live.accepted();
    let mut codes = LocalCodes::new(&server.live.codes());
    let taken = match exchange_source {
        None => accepted.take(&event, "retry", 0, &mut codes),
        Some(source) => accepted.retake_exchange(&event, &source, &mut codes),
    };
    if let Err(rejection) = taken {
        // It stays on the list as it was: nothing is set aside twice.
        let field = rejection.field.unwrap_or("the whole");
        return Err(Problem::malformed("event", format!("{field}: {}", rejection.reason.advice())));
    }
    let applied = server.live.apply(accepted).await?;
    let is_resolved = server.live.resolve(number).await?;
    let answer = json!({ "number": number, "is_resolved": is_resolved, "version": applied.version });
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

fn number_of(number: Result<Path<u64>, PathRejection>) -> Result<u64, Problem> {
    number
        .map(|Path(number)| number)
        .map_err(|_| Problem::malformed("number", "write a whole number, as the list has it"))
}

async fn find(server: &Server, number: u64) -> Result<SetAside, Problem> {
    let (log, _) = server.live.log().ok_or_else(without_folder)?;
    let read = tokio::task::spawn_blocking(move || log.set_aside(number)).await;
    let found =
        read.map_err(|_| Problem::Stopped)?.map_err(|error| Problem::NotReadable(error.to_string()))?;
    found.ok_or_else(|| Problem::unknown("reject", format!("no message {number} is set aside (any more)")))
}

fn without_folder() -> Problem {
    Problem::unknown(
        "reject",
        "without a data folder nothing that was set aside is kept; serve with --data DIR",
    )
}

fn told(kept: &SetAside) -> Value {
    let mut told = serde_json::from_slice(&kept.bytes).unwrap_or_else(|_| json!({}));
    told["number"] = json!(kept.number);
    told
}
