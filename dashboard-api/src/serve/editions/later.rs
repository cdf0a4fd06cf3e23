//! What was heard after an edition: which of its figures would differ today, and which dossiers and events did it.
//!
//! An edition never changes by it. The period is frozen again, in memory only, and compared; events are read from the
//! log between the offset of the edition and now. Not here: revising (`closing`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use editions::content::{Content, Head};
use editions::difference::Difference;
use ingest::decode;

use super::closing::frozen;
use super::views::View;
use super::{Editions, of};
use crate::serve::Server;
use crate::serve::problem::Problem;
use store::LogReader;

/// Events of the log that are looked through for causes.
const EVENTS_MAX: u64 = 5_000_000;
/// Events told of one dossier.
const TOLD_MAX: usize = 20;

/// An event that came after an edition: its type, and when it happened.
pub(in crate::serve) type CameLater = (String, String);

/// What would differ.
#[derive(Debug)]
pub(in crate::serve) struct Later {
    pub(in crate::serve) difference: Difference,
    /// By dossier or petition that makes a difference.
    pub(in crate::serve) events: BTreeMap<String, Vec<CameLater>>,
    /// Why events are not told; empty when they are.
    pub(in crate::serve) events_note: String,
    pub(in crate::serve) as_of: String,
}

impl Editions {
    /// What would differ if the period were closed now.
    pub(in crate::serve) async fn later(&self, server: &Server, view: &Arc<View>) -> Result<Later, Problem> {
        let Ok(_turn) = self.0.closing.try_lock() else { return Err(Problem::Busy) };
        let period = view.entry.period;
        let (frozen, offset) = frozen(&server.live, period).await?;
        let as_of = frozen.as_of.to_local();
        let head = Head { sources: self.0.sources.clone(), ..view.content.head.clone() };
        let now = Content { head, frozen, judged: view.content.judged.clone() };
        let (catalogue, view) = (Arc::clone(&self.0.catalogue), Arc::clone(view));
        let log = server.live.log().map(|(log, _)| log);
        let compared = tokio::task::spawn_blocking(move || {
            let before = (&view.content, &view.catalogue);
            let difference = Difference::between(before, (&now, &catalogue))
                .map_err(|why| Problem::Damaged(why.to_string()))?;
            let from = view.content.head.log_offset;
            let (events, events_note) = causes(log.as_ref(), (from, offset), &difference);
            Ok(Later { difference, events, events_note, as_of })
        });
        compared.await.map_err(|_| Problem::Stopped)?
    }

    /// What a revision changed of the edition before it, and by which events.
    pub(in crate::serve) async fn revised(
        &self,
        server: &Server,
        view: &Arc<View>,
    ) -> Result<Option<Later>, Problem> {
        if view.entry.number < 2 {
            return Ok(None);
        }
        let before = self.view(&editions::content::id(view.entry.period, view.entry.number - 1)).await?;
        let (log, view) = (server.live.log().map(|(log, _)| log), Arc::clone(view));
        let compared = tokio::task::spawn_blocking(move || {
            let difference =
                Difference::between((&before.content, &before.catalogue), (&view.content, &view.catalogue))
                    .map_err(|why| Problem::Damaged(why.to_string()))?;
            let between = (before.content.head.log_offset, view.content.head.log_offset.unwrap_or_default());
            let (events, events_note) = causes(log.as_ref(), between, &difference);
            let as_of = view.content.frozen.as_of.to_local();
            Ok(Some(Later { difference, events, events_note, as_of }))
        });
        compared.await.map_err(|_| Problem::Stopped)?
    }
}

/// The events about what differs, of those that came between two offsets; or why they cannot be told.
fn causes(
    log: Option<&LogReader>,
    (from, until): (Option<u64>, u64),
    difference: &Difference,
) -> (BTreeMap<String, Vec<CameLater>>, String) {
    let mut found: BTreeMap<String, Vec<CameLater>> = BTreeMap::new();
    let (Some(log), Some(from)) = (log, from) else {
        return (found, "there is no log to look them up in".to_owned());
    };
    if difference.causes.is_empty() {
        return (found, String::new());
    }
    if log.first_offset() > from {
        return (found, format!("events before offset {} were forgotten", log.first_offset()));
    }
    if until.saturating_sub(from) > EVENTS_MAX {
        return (found, format!("more than {EVENTS_MAX} events came in between"));
    }
    let wanted: BTreeSet<&str> = difference.causes.iter().map(|cause| cause.code.as_str()).collect();
    for chunk in log.read_from(from) {
        let Ok(chunk) = chunk else { return (found, "the log cannot be read at present".to_owned()) };
        for (offset, line) in (chunk.first..chunk.next()).zip(chunk.bytes.split(|byte| *byte == b'\n')) {
            if offset < from || offset >= until {
                continue;
            }
            let Ok(draft) = decode::decode(line) else { continue };
            if wanted.contains(draft.subject.as_ref()) {
                let events = found.entry(draft.subject.to_string()).or_default();
                if events.len() < TOLD_MAX {
                    events.push((draft.event_type.name().to_owned(), draft.time.to_local()));
                }
            }
        }
        if chunk.next() >= until {
            break;
        }
    }
    (found, String::new())
}

/// What would differ, for whoever leads or reads all.
pub(super) async fn later(server: &Server, id: &str) -> Result<Later, Problem> {
    let editions = of(server)?;
    let view = editions.view(id).await?;
    editions.later(server, &view).await
}
