//! What the live stream tells: rows that changed, as server-sent events, written once for all who look at the same.
//!
//! A change is told at once; after it there is a pause, the longer the more viewers there are, in which changes gather.
//! So a page moves within a few thousandths of a second, and a thousand of them get no more than a message a second
//! each. What is known of a viewer is the version they were told of. Not here: one viewer's stream (`stream`), how a row
//! looks (`view`), whose it is (`board`).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use serde_json::json;
use tokio::sync::broadcast::{Receiver, Sender, channel};

use super::Server;
use super::access::scope::{Scope, Units};
use super::answers::with_rows;
use super::board::{Ranking, Row, View};
use super::conditional::PROCESS;
use super::problem::Problem;
use super::routes::freshness;

/// The least and the longest pause after a message.
const PAUSES: [Duration; 2] = [Duration::from_millis(25), Duration::from_secs(1)];
/// The pause for each viewer there is.
const PAUSE_EACH: Duration = Duration::from_millis(1);
/// How often it is told that the server lives, when no row changes.
const TICK: Duration = Duration::from_secs(5);
/// Messages kept for a viewer that has not taken them yet.
const KEPT_MAX: usize = 8;

/// What is looked at, and whose rows of it: those with the same sight are told the same.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Sight {
    view: View,
    /// None where no agency's figures may be seen.
    units: Option<Units>,
}

/// A message.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// The version it tells of.
    pub(super) version: u64,
    is_tick: bool,
    pub(super) text: Bytes,
}

/// Who is told what.
#[derive(Debug, Default)]
pub(super) struct Telling {
    told: Mutex<HashMap<Sight, Sender<Told>>>,
}

impl Told {
    /// Whether it says more than a message about `version` did.
    pub(super) fn is_news_after(&self, version: u64) -> bool {
        self.version > version || (self.is_tick && self.version == version)
    }
}

impl Sight {
    /// What `scope` may see of `view`.
    pub(super) fn of(view: View, scope: &Scope) -> Sight {
        Sight { view, units: scope.agencies().cloned() }
    }

    /// The id of the message about a version: the run of the server, what is looked at, and the version.
    ///
    /// Versions begin anew with each run, and rows seen in one view say nothing of another.
    fn id(&self, version: u64) -> String {
        format!("{}{version}", self.stem())
    }

    /// The version of an id of this run and sight.
    pub(super) fn version_of(&self, id: &str) -> Option<u64> {
        id.strip_prefix(&self.stem())?.parse().ok()
    }

    fn stem(&self) -> String {
        format!("{:x}-{:08x}-", *PROCESS, crc32fast::hash(format!("{self:?}").as_bytes()))
    }

    /// The rows of a ranking that are in sight.
    fn rows<'a>(&self, server: &Server, ranking: &'a Ranking) -> Vec<&'a Row> {
        let snapshot = server.live.snapshot();
        let is_theirs = |row: &&Row| match &self.units {
            Some(units) => units.cover(&row.code, &snapshot),
            None => false,
        };
        ranking.rows.iter().filter(is_theirs).collect()
    }

    /// The first message to one who knows the rows of a version, or none.
    pub(super) fn first(&self, server: &Server, known: Option<u64>) -> Result<Told, Problem> {
        let ranking = server.board.ranking(&server.live, &self.view)?;
        let known = known.filter(|version| is_known(&ranking, *version));
        Ok(self.message(server, &ranking, &self.rows(server, &ranking), known))
    }

    /// The rows that changed since a version; all of them where none is known.
    fn message(&self, server: &Server, ranking: &Ranking, rows: &[&Row], known: Option<u64>) -> Told {
        let changed = rows.iter().filter(|row| known.is_none_or(|version| row.since > version));
        let texts: Vec<Arc<str>> = changed.map(|row| Arc::clone(&row.text)).collect();
        let mut head = ranking.head.clone();
        head.insert("freshness".to_owned(), freshness(&server.live));
        head.insert("is_whole".to_owned(), known.is_none().into());
        self.event("ranking", ranking.version, &with_rows(&head, "rows", &texts))
    }

    fn tick(&self, server: &Server, ranking: &Ranking) -> Told {
        let tick = json!({
            "as_of": ranking.head["as_of"], "version": ranking.version, "freshness": freshness(&server.live),
        });
        Told { is_tick: true, ..self.event("tick", ranking.version, &tick.to_string()) }
    }

    /// JSON without line breaks, as an event of a stream.
    fn event(&self, kind: &str, version: u64, json: &str) -> Told {
        let text = format!("event: {kind}\nid: {}\ndata: {json}\n\n", self.id(version));
        Told { version, is_tick: false, text: text.into() }
    }
}

/// Whether it is known which rows changed since `version`.
fn is_known(ranking: &Ranking, version: u64) -> bool {
    (ranking.known_since..=ranking.version).contains(&version)
}

impl Telling {
    /// All that is told from here on to those who have this sight.
    pub(super) fn listen(&self, server: &Server, sight: &Sight) -> Result<Receiver<Told>, Problem> {
        // What is told first is what changed after this ranking, which no first message is older than.
        let ranking = server.board.ranking(&server.live, &sight.view)?;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(send) = told.get(sight) {
            return Ok(send.subscribe());
        }
        let (send, receive) = channel(KEPT_MAX);
        told.insert(sight.clone(), send.clone());
        tokio::spawn(tell(server.clone(), sight.clone(), ranking, send));
        Ok(receive)
    }

    /// Stops telling if nobody listens, or always.
    fn end(&self, sight: &Sight, is_forced: bool) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = told.get(sight).is_none_or(|send| send.receiver_count() == 0);
        if is_idle || is_forced {
            told.remove(sight);
        }
        is_idle || is_forced
    }
}

/// Tells what changes after `before` to all who listen, until nobody does.
async fn tell(server: Server, sight: Sight, before: Arc<Ranking>, send: Sender<Told>) {
    let telling = &server.board.telling;
    let mut snapshots = server.live.watch();
    let codes = |rows: &[&Row]| -> HashSet<String> { rows.iter().map(|row| row.code.clone()).collect() };
    let mut shown = codes(&sight.rows(&server, &before));
    let (mut version, mut last_told) = (before.version, tokio::time::Instant::now());
    while !telling.end(&sight, false) {
        snapshots.mark_unchanged();
        let Ok(ranking) = server.board.ranking(&server.live, &sight.view) else { break };
        let rows = sight.rows(&server, &ranking);
        // Where units have come or gone, all rows say so.
        let are_others = rows.len() != shown.len() || rows.iter().any(|row| !shown.contains(&row.code));
        let known = Some(version).filter(|version| !are_others && is_known(&ranking, *version));
        let is_changed = known.is_none_or(|version| rows.iter().any(|row| row.since > version));
        let message = if is_changed {
            Some(sight.message(&server, &ranking, &rows, known))
        } else if last_told.elapsed() >= TICK {
            Some(sight.tick(&server, &ranking))
        } else {
            None
        };
        if are_others {
            shown = codes(&rows);
        }
        version = ranking.version;
        drop(ranking);
        if let Some(message) = message {
            last_told = tokio::time::Instant::now();
            // Whether anybody listens is asked above.
            let _ = send.send(message);
        }
        tokio::time::sleep(pause(server.telemetry.viewers.get())).await;
        tokio::select! {
            changed = snapshots.changed() => if changed.is_err() { break },
            () = tokio::time::sleep(TICK) => {}
        }
    }
    telling.end(&sight, true);
}

fn pause(viewers: i64) -> Duration {
    let viewers = u32::try_from(viewers).unwrap_or(0);
    PAUSE_EACH.saturating_mul(viewers).clamp(PAUSES[0], PAUSES[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_viewers_the_longer_changes_gather_and_never_longer_than_a_second() {
        let milliseconds = [0, 25, 26, 400, 1_000, 50_000].map(|viewers| pause(viewers).as_millis());
        assert_eq!(milliseconds, [25, 25, 26, 400, 1_000, 1_000]);
    }
}
