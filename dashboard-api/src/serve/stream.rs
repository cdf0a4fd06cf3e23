//! The live stream: rows that changed, as server-sent events, conflated so that no viewer is flooded.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;

use super::Server;
use super::access::scope::Scope;
use super::board::{self, View};
use super::routes::freshness;

/// The least time between two messages to one viewer.
const CONFLATE: Duration = Duration::from_millis(25);
/// How often a viewer hears that the server lives, when no row changes.
const TICK: Duration = Duration::from_secs(5);
/// How often it is asked again whether the viewer may still look.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Messages that may wait for a slow viewer; it is then skipped until it has read them.
const WAITING_MAX: usize = 4;

/// Streams what `scope` may see of `view` to one viewer.
pub(super) fn stream(
    server: Server,
    view: View,
    scope: Scope,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (send, receive) = mpsc::channel(WAITING_MAX);
    tokio::spawn(follow(server, (view, scope), send));
    Sse::new(ReceiverStream::new(receive)).keep_alive(KeepAlive::default())
}

async fn follow(server: Server, (view, scope): (View, Scope), send: mpsc::Sender<Result<Event, Infallible>>) {
    server.telemetry.viewers.inc();
    let mut snapshots = server.live.watch();
    let mut shown: HashMap<String, Value> = HashMap::new();
    let mut is_first = true;
    let mut last_told = tokio::time::Instant::now();
    let mut last_asked = last_told;
    loop {
        snapshots.mark_unchanged();
        if last_asked.elapsed() >= ASK_AGAIN {
            last_asked = tokio::time::Instant::now();
            if !server.access.still_lets_in(&scope) {
                break;
            }
        }
        let Ok(ranking) = server.board.ranking(&server.live, &view) else { break };
        let snapshot = server.live.snapshot();
        let mut changed = Vec::new();
        let mut seen = 0;
        for row in ranking.rows.iter().filter(|row| board::is_theirs(row, &scope, &snapshot)) {
            seen += 1;
            let code = row["code"].as_str().unwrap_or_default();
            if shown.get(code) != Some(row) {
                shown.insert(code.to_owned(), row.clone());
                changed.push(row.clone());
            }
        }
        if shown.len() > seen {
            // A unit has gone; the viewer connects again and gets all rows anew.
            break;
        }
        let is_due = last_told.elapsed() >= TICK;
        let event = if is_first || !changed.is_empty() {
            let mut message = ranking.head.clone();
            message.insert("freshness".to_owned(), freshness(&server.live));
            message.insert("rows".to_owned(), Value::Array(changed));
            Some(
                Event::default()
                    .event("ranking")
                    .id(ranking.version.to_string())
                    .data(Value::Object(message).to_string()),
            )
        } else if is_due {
            let tick = json!({
                "as_of": ranking.head["as_of"], "version": ranking.version, "freshness": freshness(&server.live),
            });
            Some(Event::default().event("tick").data(tick.to_string()))
        } else {
            None
        };
        if let Some(event) = event {
            is_first = false;
            last_told = tokio::time::Instant::now();
            if send.send(Ok(event)).await.is_err() {
                break;
            }
        }
        tokio::time::sleep(CONFLATE).await;
        tokio::select! {
            changed = snapshots.changed() => if changed.is_err() { break },
            () = send.closed() => break,
            () = tokio::time::sleep(TICK) => {}
        }
    }
    server.telemetry.viewers.dec();
}
