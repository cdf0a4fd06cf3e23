//! The live stream: rows that changed, as server-sent events, conflated so that no viewer is flooded.
//!
//! Each message has an id; who comes back with it gets what changed since, and everything where that is not known: after
//! a restart, when a unit has gone, when too much else was asked in between. What is known is one number a row. Not
//! here: how a row looks (`view`), whose it is (`board`).

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;

use super::Server;
use super::access::scope::Scope;
use super::answers::with_rows;
use super::board::{self, Ranking, Row, View};
use super::conditional::PROCESS;
use super::routes::freshness;

/// The least time between two messages to one viewer.
const CONFLATE: Duration = Duration::from_millis(25);
/// How often a viewer hears that the server lives, when no row changes.
const TICK: Duration = Duration::from_secs(5);
/// How often it is asked again whether the viewer may still look.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Messages that may wait for a slow viewer; it is then skipped until it has read them.
const WAITING_MAX: usize = 4;

/// Streams what `scope` may see of `view` to one viewer; to one who names the last message it had, only what changed
/// since, if that is known.
pub(super) fn stream(
    server: Server,
    view: View,
    scope: Scope,
    last_id: Option<String>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (send, receive) = mpsc::channel(WAITING_MAX);
    let ids = Ids::of(&view, &scope);
    let known = last_id.and_then(|id| ids.read(&id));
    tokio::spawn(follow(server, (view, scope), (ids, known), send));
    Sse::new(ReceiverStream::new(receive)).keep_alive(KeepAlive::default())
}

/// The ids of a stream's messages: the run of the server, what is looked at and by whom, and the version shown.
///
/// Versions begin anew with each run, and rows seen in one view say nothing of another.
#[derive(Clone, Debug)]
struct Ids {
    stem: String,
}

impl Ids {
    fn of(view: &View, scope: &Scope) -> Ids {
        let asked = crc32fast::hash(format!("{view:?} {}", scope.mark()).as_bytes());
        Ids { stem: format!("{:x}-{asked:08x}-", *PROCESS) }
    }

    fn write(&self, version: u64) -> String {
        format!("{}{version}", self.stem)
    }

    /// The version of an id of this run, view and viewer.
    fn read(&self, id: &str) -> Option<u64> {
        id.strip_prefix(&self.stem)?.parse().ok()
    }
}

/// What a viewer has seen.
#[derive(Default)]
struct Shown {
    rows: HashMap<String, Arc<str>>,
    has_any: bool,
}

impl Shown {
    /// As one who has seen `version` has.
    fn resumed(ranking: &Ranking, version: u64) -> Shown {
        let seen = ranking.rows.iter().filter(|row| row.since <= version);
        Shown { rows: seen.map(|row| (row.code.clone(), Arc::clone(&row.text))).collect(), has_any: true }
    }

    /// The rows that are other than shown, and whether a row shown is no longer there.
    fn see<'a>(&mut self, rows: impl Iterator<Item = &'a Row>) -> (Vec<Arc<str>>, bool) {
        let (mut changed, mut seen) = (Vec::new(), 0);
        for row in rows {
            seen += 1;
            if self.rows.get(&row.code) != Some(&row.text) {
                self.rows.insert(row.code.clone(), Arc::clone(&row.text));
                changed.push(Arc::clone(&row.text));
            }
        }
        (changed, self.rows.len() > seen)
    }
}

async fn follow(
    server: Server,
    (view, scope): (View, Scope),
    (ids, mut known): (Ids, Option<u64>),
    send: mpsc::Sender<Result<Event, Infallible>>,
) {
    server.telemetry.viewers.inc();
    let mut snapshots = server.live.watch();
    let mut shown = Shown::default();
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
        let theirs = || ranking.rows.iter().filter(|row| board::is_theirs(row, &scope, &snapshot));
        if let Some(version) = known.take().filter(|version| is_known(&ranking, *version)) {
            shown = Shown::resumed(&ranking, version);
            shown.rows.retain(|code, _| theirs().any(|row| row.code == *code));
        }
        let is_whole = !shown.has_any;
        let (changed, has_gone) = shown.see(theirs());
        if has_gone {
            // A unit has gone; the viewer connects again and gets all rows anew.
            break;
        }
        let event = if is_first || !changed.is_empty() {
            shown.has_any = true;
            let mut message = ranking.head.clone();
            message.insert("freshness".to_owned(), freshness(&server.live));
            message.insert("is_whole".to_owned(), is_whole.into());
            Some(Event::default().event("ranking").data(with_rows(&message, "rows", &changed)))
        } else if last_told.elapsed() >= TICK {
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
            if send.send(Ok(event.id(ids.write(ranking.version)))).await.is_err() {
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

/// Whether it is known which rows changed since `version`.
fn is_known(ranking: &Ranking, version: u64) -> bool {
    (ranking.known_since..=ranking.version).contains(&version)
}
