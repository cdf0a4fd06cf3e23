//! `/api/v1/duties`: which letters of apology are owed, and marking one as sent.
//!
//! Not here: pages.

use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use compute::codes::Code;
use compute::engine::Line;
use compute::figures::Level;
use compute::instant::Instant;
use compute::period::Period;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{STATES, Sending, Wanted, send, shown};
use crate::serve::Server;
use crate::serve::access::scope::Scope;
use crate::serve::alerting::asking;
use crate::serve::board::View;
use crate::serve::problem::Problem;

/// Duties of one answer.
const PAGE: usize = 500;
/// Bytes of a request.
const BODY_BYTES_MAX: usize = 8 << 10;

/// What an address asks for.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Asked {
    period: Option<String>,
    set: Option<String>,
    unit: Option<String>,
    officer: Option<String>,
    state: Option<String>,
    from: Option<usize>,
}

/// What is said of a letter that was sent.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Said {
    letter: String,
    new_due_at: String,
}

/// `GET /api/v1/duties`.
pub(in crate::serve) async fn list(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked.map_err(|_| {
        Problem::malformed("query", "there are period, set, unit, officer, state, and from, a whole number")
    })?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let period = given(asked.period).map(|code| {
        Period::parse(&code)
            .ok_or_else(|| Problem::malformed("period", "write 2026-10, 2026-Q4, 2026-H2 or 2026"))
    });
    let from = asked.from.unwrap_or(0);
    let wanted = Wanted {
        view: View { period: period.transpose()?, set: given(asked.set) },
        unit: given(asked.unit),
        officer: given(asked.officer),
        state: given(asked.state),
        from,
        limit: PAGE,
    };
    let (snapshot, scope) = (server.live.snapshot(), asking(scope));
    let shown = shown(&server, &scope, &snapshot, wanted).await?;
    let names = snapshot.codes.names();
    let text = |code: Option<Code>| code.map(|code| names.text(code).to_owned());
    let counts: serde_json::Map<String, Value> = STATES
        .iter()
        .zip(shown.counts)
        .map(|((state, _), count)| ((*state).to_owned(), count.into()))
        .collect();
    let end = from.saturating_add(PAGE);
    Ok(Json(json!({
        "period": shown.period.to_string(), "as_of": snapshot.as_of.to_local(),
        "whose": shown.whose.iter().map(|(code, level)| {
            json!({ "code": code, "by": if *level == Level::Officer { "officer" } else { "agency" } })
        }).collect::<Vec<_>>(),
        "state": shown.state, "counts": counts, "count": shown.count,
        "duties": shown.lines.iter().map(|line| duty(line, text)).collect::<Vec<_>>(),
        "next": (end < shown.count).then_some(end),
    })))
}

fn duty(line: &Line, text: impl Fn(Option<Code>) -> Option<String>) -> Value {
    let local = |at: Option<Instant>| at.map(Instant::to_local);
    json!({
        "dossier": line.code, "procedure": text(line.procedure), "agency": text(line.agency),
        "officer": text(line.officer), "state": line.apology.map(|apology| apology.duty.name()),
        "missed_due_at": local(line.apology.map(|apology| apology.missed)),
        "send_by": local(line.apology.and_then(|apology| apology.limit)),
        "sent_at": local(line.apology.and_then(|apology| apology.sent_at)),
        "ended_at": local(line.ended_at), "due_changes": line.due_changes,
    })
}

/// `POST /api/v1/duties/{dossier}/sent`.
pub(in crate::serve) async fn sent(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    dossier: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Response, Problem> {
    let Path(dossier) =
        dossier.map_err(|_| Problem::malformed("code", "write the dossier's code as UTF-8"))?;
    if body.len() > BODY_BYTES_MAX {
        return Err(Problem::TooLarge { bytes_max: BODY_BYTES_MAX });
    }
    let said: Said = serde_json::from_slice(&body).map_err(|_| {
        Problem::malformed("body", "send JSON: {\"letter\": \"12/XL\", \"new_due_at\": \"2026-10-20\"}")
    })?;
    let sending = Sending { letter: said.letter, new_due_at: said.new_due_at };
    let sent = send(&server, &asking(scope), &dossier, &sending).await?;
    let status = if sent.is_new { StatusCode::ACCEPTED } else { StatusCode::OK };
    let answer = json!({
        "dossier": dossier, "sent_at": sent.at.to_local(), "is_new": sent.is_new, "version": sent.version,
    });
    Ok((status, Json(answer)).into_response())
}
