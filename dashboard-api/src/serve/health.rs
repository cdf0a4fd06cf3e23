//! `/api/v1/health`: whether what is shown can be trusted, and where every event went.
//!
//! For each source: consumed = applied + duplicate + superseded, and what came in = consumed + waiting. It answers while
//! the state is restored, and when the engine has stopped. Beside it, backups. Not here:
//! metrics (`telemetry`).

use axum::extract::State;
use axum::response::Json;
use serde_json::{Value, json};
use store::LocalDisk;

use super::live::{Phase, SourceCounts};
use super::problem::Problem;
use super::{Server, alerting, figures_out, kafka, scale};

/// `GET /api/v1/health`.
pub(super) async fn health(State(server): State<Server>) -> Json<Value> {
    Json(told(&server).await)
}

/// How everything stands.
pub(super) async fn told(server: &Server) -> Value {
    let live = &server.live;
    let sources = match live.phase() {
        Phase::Recovering(..) => None,
        Phase::Running => live.sources().await.ok(),
    };
    // Behind the engine, so that the log is never told to hold less than is counted.
    let log = live.log();
    let trouble = log.as_ref().and_then(|(_, state)| state.trouble.clone());
    let is_conserved = sources.as_ref().map(|(sources, _)| sources.iter().all(is_conserved));
    let status = match (live.is_running(), live.phase(), &trouble) {
        (true, Phase::Running, _) if is_conserved == Some(false) => "not_conserved",
        (false, _, _) => "stopped",
        (true, Phase::Recovering(..), _) => "recovering",
        (true, Phase::Running, Some(_)) => "intake_refused",
        (true, Phase::Running, None) => "ok",
    };
    let mut told = json!({ "status": status });
    if let Some(reading) = &server.reading {
        scale::health(reading, &mut told);
    }
    if let Phase::Recovering(reached, wanted) = live.phase() {
        told["recovering"] = json!({ "reached_offset": reached, "wanted_offset": wanted });
        return told;
    }
    let snapshot = live.snapshot();
    (told["as_of"], told["version"]) = (json!(snapshot.as_of.to_local()), json!(snapshot.version));
    if let Some((_, state)) = &log {
        let saved = live.saved();
        told["log"] = json!({
            "first_offset": state.first_offset, "next_offset": state.next_offset, "bytes": state.bytes,
            "trouble": state.trouble,
            "counted_offset": sources.as_ref().map(|(_, offset)| *offset),
        });
        told["state"] =
            json!({ "saved_offset": saved.offset, "bytes": saved.bytes, "trouble": saved.trouble });
        let at_rest = snapshot.at_rest;
        told["at_rest"] =
            json!({ "subjects": at_rest.subjects, "events": at_rest.events, "bytes": saved.resting_bytes });
    }
    if let (Some(consuming), Some((_, state))) = (&server.kafka, &log) {
        told["kafka"] = kafka::told(consuming, &state.consumed);
    }
    if let Some(publishing) = &server.figures {
        told["figures"] = figures_out::told(publishing);
    }
    if let Some(alerting) = &server.alerts {
        // A desk that is too busy cannot say; the rest is told all the same.
        told["alerts"] = alerting::told(alerting).await.unwrap_or_default();
    }
    // An engine that is too busy or has stopped cannot say; the rest is told all the same.
    if let Some((sources, _)) = sources {
        told["is_conserved"] = json!(is_conserved);
        told["sources"] = sources.iter().map(source).collect();
    }
    told
}

/// `POST /api/v1/backups`: copies the data folder into a new one, named for the instant, under the folder the server
/// was started with.
pub(super) async fn back_up(State(server): State<Server>) -> Result<Json<Value>, Problem> {
    let source = server.live.backup().ok_or_else(|| {
        Problem::unknown(
            "backups",
            "this server was not told where backups go; serve with --data DIR --backups DIR",
        )
    })?;
    let name = server.live.now().to_utc().replace(':', "-");
    let folder = source.under.join(name);
    let to = folder.clone();
    let books: Vec<_> = server.alerts.iter().map(alerting::Alerting::book).collect();
    let made = tokio::task::spawn_blocking(move || {
        let disk = LocalDisk::open(&to).map_err(|error| error.to_string())?;
        store::backup(&source.log, &source.snapshots, &books, &disk).map_err(|error| error.to_string())
    });
    made.await.map_err(|_| Problem::Stopped)?.map_err(Problem::NotKept)?;
    Ok(Json(json!({ "folder": folder.display().to_string() })))
}

fn is_conserved(counts: &SourceCounts) -> bool {
    counts.tally.is_conserved() && counts.came.accepted == counts.tally.consumed
}

fn source(counts: &SourceCounts) -> Value {
    let (came, tally) = (counts.came, counts.tally);
    json!({
        "source": counts.source, "came": came.accepted + came.set_aside, "consumed": tally.consumed,
        "applied": tally.applied, "duplicate": tally.duplicate, "superseded": tally.superseded,
        "set_aside": came.set_aside, "is_conserved": is_conserved(counts),
    })
}
