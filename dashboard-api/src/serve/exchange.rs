//! Taking national exchange messages over HTTP: the same bounds, durability and answers as for events.
//!
//! A message is taken whole or set aside whole. Not here: what a message means (`ingest::exchange`).

use std::collections::{BTreeMap, HashSet};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use compute::codes::LocalCodes;
use ingest::Rejection;
use ingest::durable::Accepted;
use ingest::exchange::{self, Message};
use serde_json::{Value, json};

use super::Server;
use super::access::producing::{self, Permit};
use super::access::scope::Scope;
use super::intake;
use super::live::Phase;
use super::problem::Problem;

/// Messages told one by one in an answer; all are taken and counted.
const MESSAGES_TOLD_MAX: usize = 1000;
/// Bytes of a source's name.
const SOURCE_BYTES_MAX: usize = 256;

/// `POST /api/v1/exchange?source=/hoa-binh/mot-cua`.
pub(super) async fn take_messages(
    State(server): State<Server>,
    request: Request,
) -> Result<Response, Problem> {
    if let Phase::Recovering(reached, wanted) = server.live.phase() {
        return Err(Problem::Recovering { reached, wanted });
    }
    let source = source(request.uri().query().unwrap_or_default())?;
    let scope = request.extensions().get::<Scope>().cloned().unwrap_or_default();
    let mut permit = Permit::of(scope, &server.live);
    permit
        .check_source(&source)
        .map_err(|rejection| Problem::Forbidden(rejection.reason.advice().to_owned()))?;
    intake::content_type(request.headers(), &["application/json", "application/x-ndjson"])?;
    let (_room, body) = intake::read(&server, request).await?;
    if permit.needs_homes() {
        let (again, from) = (body.clone(), source.clone());
        let named = tokio::task::spawn_blocking(move || dossiers(&again, &from)).await;
        let named = named.map_err(|_| Problem::malformed("body", "the body could not be decoded"))?;
        permit.learn(&server.live, named).await?;
    }
    let reader = server.clone();
    // Reading thirty megabytes is too long for an async thread.
    let decoded = tokio::task::spawn_blocking(move || decode(&reader, &body, &source, &permit)).await;
    let (accepted, told) =
        decoded.map_err(|_| Problem::malformed("body", "the body could not be decoded"))?;
    if told.messages == 0 {
        return Err(Problem::malformed("body", "send one message, an array of them, or one a line"));
    }
    let taken = accepted.events;
    for (reason, count) in &told.rejected {
        server.telemetry.rejected.with_label_values(&[reason]).inc_by(*count);
    }
    let applied = server.live.apply(accepted).await?;
    for (finding, count) in &told.findings {
        server.telemetry.findings.with_label_values(&[finding]).inc_by(*count);
    }
    let answer = json!({
        "messages": told.messages, "events": taken, "rejected_count": told.rejected.values().sum::<u64>(),
        "outcomes": told.outcomes, "version": applied.version,
    });
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

/// What an answer tells.
#[derive(Default)]
struct Told {
    messages: usize,
    /// By the code of the reason.
    rejected: BTreeMap<&'static str, u64>,
    /// By the code of the finding.
    findings: BTreeMap<&'static str, u64>,
    /// Of the first messages.
    outcomes: Vec<Value>,
}

/// The source named in the query.
fn source(query: &str) -> Result<String, Problem> {
    let needed = || Problem::malformed("source", "say who sends, once: ?source=/hoa-binh/mot-cua");
    let mut sources = query.split('&').filter_map(|pair| pair.strip_prefix("source="));
    let (Some(source), None) = (sources.next(), sources.next()) else { return Err(needed()) };
    let source = plain(source).ok_or_else(needed)?;
    if source.is_empty() || source.len() > SOURCE_BYTES_MAX || source.chars().any(char::is_control) {
        return Err(needed());
    }
    Ok(source)
}

/// A query's value without its escapes.
pub(super) fn plain(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        bytes.push(match byte {
            b'%' => u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?,
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The dossiers that messages are about.
fn dossiers(body: &[u8], source: &str) -> HashSet<String> {
    let mut named = HashSet::new();
    exchange::read_each(body, source, |message| {
        let events = message.outcome.iter().flat_map(|mapped| &mapped.events);
        named.extend(producing::dossiers(events.map(|event| event.line.as_bytes())));
    });
    named
}

/// Whether all events of a message are the sender's to write.
fn check(permit: &Permit, message: &Message) -> Result<(), Rejection> {
    let events = message.outcome.iter().flat_map(|mapped| &mapped.events);
    for event in events {
        let draft = ingest::decode::decode(event.line.as_bytes())?;
        permit.check(&draft)?;
    }
    Ok(())
}

fn decode(server: &Server, body: &[u8], source: &str, permit: &Permit) -> (Accepted, Told) {
    let (mut accepted, mut told) = (server.live.accepted(), Told::default());
    let mut codes = LocalCodes::new(&server.live.codes());
    exchange::read_each(body, source, |message| {
        if let Err(rejection) = check(permit, &message) {
            *told.rejected.entry(rejection.reason.code()).or_default() += 1;
            if told.messages < MESSAGES_TOLD_MAX {
                told.outcomes.push(tell_refused(told.messages, &message, &rejection));
            }
            told.messages += 1;
            return;
        }
        accepted.take_exchange(&message, (source, exchange::VIA), told.messages, &mut codes);
        match &message.outcome {
            Ok(mapped) => {
                mapped
                    .findings
                    .iter()
                    .for_each(|one| *told.findings.entry(one.kind.code()).or_default() += 1);
            }
            Err(unmapped) => *told.rejected.entry(unmapped.rejection.reason.code()).or_default() += 1,
        }
        if told.messages < MESSAGES_TOLD_MAX {
            told.outcomes.push(tell(told.messages, &message));
        }
        told.messages += 1;
    });
    (accepted, told)
}

/// A message that is not its sender's to send: nothing of it is kept.
fn tell_refused(position: usize, message: &Message, rejection: &Rejection) -> Value {
    json!({
        "position": position, "dossier": message.dossier, "events": [], "findings": [],
        "rejection": {
            "reason": rejection.reason.code(), "field": rejection.field, "advice": rejection.reason.advice(),
        },
    })
}

fn tell(position: usize, message: &Message) -> Value {
    let (events, findings, rejection) = match &message.outcome {
        Ok(mapped) => {
            let events: Vec<Value> = mapped
                .events
                .iter()
                .map(|event| {
                    json!({ "id": event.id, "type": event.event_type.name(), "time": event.time.to_local() })
                })
                .collect();
            let findings: Vec<Value> = mapped
                .findings
                .iter()
                .map(
                    |one| json!({ "code": one.kind.code(), "field": one.field, "advice": one.kind.advice() }),
                )
                .collect();
            (events, findings, Value::Null)
        }
        Err(unmapped) => {
            let rejection = &unmapped.rejection;
            let told = json!({
                "reason": rejection.reason.code(), "field": rejection.field,
                "advice": rejection.reason.advice(),
            });
            (Vec::new(), Vec::new(), told)
        }
    };
    json!({
        "position": position, "dossier": message.dossier, "events": events, "findings": findings,
        "rejection": rejection,
    })
}
