//! A restart: the newest good snapshot of the state, and the tail of the log behind it.
//!
//! A damaged snapshot is told of and the one before it used; with none, everything is built from the log. What the
//! engine then has consumed must be what the ledger says came in, source by source. Not here: what time it is.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

use compute::codes::{CodeBook, LocalCodes};
use compute::engine::{Engine, Routed, STATE_FORMAT, Setup};
use compute::figures::Level;
use compute::instant::Instant;
use compute::result;
use memchr::memchr_iter;
use store::{Archive, ArchiveError, EventLog, LogError, LogReader, SnapshotError, SnapshotReader, Snapshots};
use thiserror::Error;

use super::accepted::Accepted;
use super::at_rest::RestingPlace;
use super::ledger::Ledger;
use crate::decode;

/// Events decoded before the engine takes them.
const ROUND_EVENTS: usize = 100_000;

/// Why a state cannot be had.
#[derive(Debug, Error)]
pub enum RecoveryError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The snapshots cannot be listed.
    #[error(transparent)]
    Snapshots(#[from] SnapshotError),
    /// An event of the log is none for this program.
    #[error(
        "event {offset} of the log is not understood ({rejection}); run the release that wrote it, or a newer one"
    )]
    NotUnderstood {
        /// Its offset.
        offset: u64,
        /// Why.
        rejection: String,
    },
    /// A chunk holds more or fewer events than it says.
    #[error(
        "the log holds {found} events from offset {first} on where it says {said}; restore the folder from a backup"
    )]
    Miscounted {
        /// Offset of the chunk.
        first: u64,
        /// Lines found.
        found: u64,
        /// Events it should hold.
        said: u64,
    },
    /// The log no longer begins where the state ends.
    #[error("the log begins at {first} and no snapshot reaches that far; restore the folder from a backup")]
    NoState {
        /// The first offset kept.
        first: u64,
    },
    /// A state was saved for events that the log does not have.
    #[error(
        "the log ends at {next} although the state was saved at {saved}; restore the folder from a backup"
    )]
    LogIsShort {
        /// The offset the log's next event would get.
        next: u64,
        /// Where a snapshot stands.
        saved: u64,
    },
    /// The engine and the ledger disagree.
    #[error(
        "of source {source_name:?} {consumed} events were counted and {accepted} came in; restore the folder from a backup"
    )]
    NotConserved {
        /// The source.
        source_name: String,
        /// By the engine.
        consumed: u64,
        /// By the ledger.
        accepted: u64,
    },
    /// The facts do not fit the conditions.
    #[error(transparent)]
    Compute(#[from] compute::ComputeError),
    /// The ledger is not readable.
    #[error("the ledger of the log is not readable: {0}")]
    Ledger(#[from] serde_json::Error),
}

/// What a restart reads.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'k> {
    /// The events.
    pub log: &'k LogReader,
    /// States.
    pub snapshots: &'k Snapshots,
    /// Subjects at rest.
    pub archive: &'k Archive,
}

/// A state that was had again.
#[derive(Debug)]
pub struct Recovered {
    /// It has taken every event of the log; time has not moved on yet.
    pub engine: Engine,
    /// The offset the next event gets.
    pub next_offset: u64,
    /// The snapshot it came from; `None` when it was built from the log alone.
    pub snapshot: Option<u64>,
    /// The segments of the archive it rests on.
    pub at_rest: RestsOn,
    /// Whether what it was counted as could be kept.
    pub is_counted: bool,
    /// Snapshots that could not be used, and why.
    pub passed_over: Vec<String>,
    /// Events taken from the log.
    pub replayed: u64,
    /// What a recount moved; `None` when nothing was counted anew.
    pub moved: Option<Moved>,
}

/// The segments of the archive a state rests on.
#[derive(Clone, Default, Debug)]
pub struct RestsOn {
    /// Newest first.
    pub segments: Vec<u64>,
    /// What they take on disk.
    pub bytes: u64,
}

/// What figures became when everything was counted anew, since calendar, sets or program had changed.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Moved {
    /// Figures of agencies that are other than shown before.
    pub figures: usize,
    /// Some of them: the line of the canonical CSV before and after, empty where there was or is none.
    pub examples: Vec<(String, String)>,
}

/// Examples kept of what moved.
const MOVED_EXAMPLES_MAX: usize = 20;

/// Restores the newest good state and replays what came after it. `setup` gives a fresh one each time, with an empty
/// code book; `progress` is told the offset reached and the offset wanted.
///
/// # Errors
/// [`RecoveryError`]; nothing is changed by it.
pub fn recover(
    kept: Kept<'_>,
    setup: &mut dyn FnMut() -> Setup,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Recovered, RecoveryError> {
    let Kept { log, snapshots, archive } = kept;
    let mut passed_over = Vec::new();
    let mut offsets = snapshots.list()?;
    offsets.sort_unstable();
    // A snapshot is begun only for what the log already holds: one that is ahead means that events are gone.
    if let Some(saved) = offsets.last().copied().filter(|offset| *offset > log.next_offset()) {
        return Err(RecoveryError::LogIsShort { next: log.next_offset(), saved });
    }
    for offset in offsets.into_iter().rev() {
        match restore((snapshots, archive), offset, setup()) {
            Ok((mut engine, is_counted, shown, at_rest)) if offset >= log.first_offset() => {
                let moved = (!is_counted).then(|| recount(&mut engine, &shown)).transpose()?;
                let (next_offset, snapshot, replayed) = (offset, Some(offset), 0);
                let mut recovered = Recovered {
                    engine,
                    next_offset,
                    snapshot,
                    at_rest,
                    is_counted,
                    passed_over,
                    replayed,
                    moved,
                };
                recovered.catch_up(log, progress)?;
                return Ok(recovered);
            }
            Ok(_) => passed_over.push(format!("snapshot {offset} is older than the log")),
            Err(problem) => passed_over.push(problem),
        }
    }
    if log.first_offset() > 0 {
        return Err(RecoveryError::NoState { first: log.first_offset() });
    }
    let engine = Engine::new(setup());
    let (next_offset, snapshot, is_counted, replayed) = (0, None, false, 0);
    let at_rest = RestsOn::default();
    let mut recovered =
        Recovered { engine, next_offset, snapshot, at_rest, is_counted, passed_over, replayed, moved: None };
    recovered.catch_up(log, progress)?;
    Ok(recovered)
}

impl Recovered {
    fn catch_up(&mut self, log: &LogReader, progress: &mut dyn FnMut(u64, u64)) -> Result<(), RecoveryError> {
        let first = self.next_offset;
        self.next_offset = replay(&mut self.engine, log, first, u64::MAX, progress)?;
        self.replayed = self.next_offset - first;
        Ok(())
    }

    /// Holds the engine's counts against the ledger of the log.
    ///
    /// # Errors
    /// [`RecoveryError::NotConserved`] naming the first source that does not agree.
    pub fn check(&self, ledger: &Ledger) -> Result<(), RecoveryError> {
        check(&self.engine, ledger)
    }
}

/// Every event the ledger says came in has been consumed, source by source, and no other.
///
/// # Errors
/// [`RecoveryError::NotConserved`] naming the first source that does not agree.
pub fn check(engine: &Engine, ledger: &Ledger) -> Result<(), RecoveryError> {
    let codes = engine.codes();
    let names = codes.names();
    let consumed: BTreeMap<&str, u64> =
        engine.tallies().into_iter().map(|(source, tally)| (names.text(source), tally.consumed)).collect();
    let came =
        ledger.sources().filter(|(_, came)| came.accepted > 0).map(|(name, came)| (name, came.accepted));
    let came: BTreeMap<&str, u64> = came.collect();
    for source in consumed.keys().chain(came.keys()).filter(|source| ledger.knows(source)) {
        let of = |counts: &BTreeMap<&str, u64>| counts.get(source).copied().unwrap_or(0);
        let (consumed, accepted) = (of(&consumed), of(&came));
        if consumed != accepted {
            return Err(RecoveryError::NotConserved {
                source_name: (*source).to_owned(),
                consumed,
                accepted,
            });
        }
    }
    // Sources beyond those the ledger names are counted together there.
    let consumed = consumed.iter().filter(|(source, _)| !ledger.knows(source)).map(|(_, count)| count).sum();
    let accepted = ledger.others().accepted;
    if consumed != accepted {
        let source_name = "(others)".to_owned();
        return Err(RecoveryError::NotConserved { source_name, consumed, accepted });
    }
    Ok(())
}

/// Has `engine` take the events of `log` from `first` up to `until`; the offset reached.
///
/// # Errors
/// [`RecoveryError`] when the log is damaged or holds what is no event.
pub fn replay(
    engine: &mut Engine,
    log: &LogReader,
    first: u64,
    until: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<u64, RecoveryError> {
    let mut codes = LocalCodes::new(&engine.codes());
    let mut routed = Routed::new(engine.shards());
    let mut next = first;
    for chunk in log.read_from(first) {
        let chunk = chunk?;
        let (lines, said) = (memchr_iter(b'\n', &chunk.bytes).count() as u64, u64::from(chunk.events));
        if lines != said {
            return Err(RecoveryError::Miscounted { first: chunk.first, found: lines, said });
        }
        let mut start = 0;
        for (offset, end) in (chunk.first..).zip(memchr_iter(b'\n', &chunk.bytes)) {
            let line = &chunk.bytes[start..end];
            start = end + 1;
            if offset < first || offset >= until {
                continue;
            }
            let draft = decode::decode(line).map_err(|rejection| RecoveryError::NotUnderstood {
                offset,
                rejection: rejection.to_string(),
            })?;
            routed.push(&draft, &mut codes);
            next = offset + 1;
        }
        if routed.len() >= ROUND_EVENTS {
            engine.apply(std::slice::from_ref(&routed));
            routed.clear();
            progress(next, log.next_offset().min(until));
        }
        if chunk.next() >= until {
            break;
        }
    }
    engine.apply(std::slice::from_ref(&routed));
    progress(next, log.next_offset().min(until));
    Ok(next)
}

/// What an append that was refused left in the log all the same, whole; it counts.
#[derive(Debug)]
pub struct LeftBehind {
    /// The events, and what came in; messages set aside may be all there is.
    pub accepted: Accepted,
    /// The ledger of the log as it is.
    pub ledger: Ledger,
    /// The offset behind the events.
    pub next_offset: u64,
}

/// Reads what the log holds from `handed` on and `ledger` does not know of; `None` when there is nothing.
///
/// # Errors
/// [`RecoveryError`] when the log cannot be read to its end; nothing of it may then be handed on.
pub fn left_behind(
    log: &EventLog,
    ledger: &Ledger,
    handed: u64,
    (shards, codes): (usize, &Arc<CodeBook>),
) -> Result<Option<LeftBehind>, RecoveryError> {
    let now = Ledger::read(log.ledger())?;
    let arrived = now.last_arrived().unwrap_or(Instant::from_unix(0, 0));
    let mut accepted = Accepted::new(Routed::new(shards), arrived);
    let (mut local, mut next_offset) = (LocalCodes::new(codes), handed);
    for chunk in log.reader().read_from(handed) {
        let chunk = chunk?;
        for (offset, line) in (chunk.first..chunk.next()).zip(chunk.bytes.split(|byte| *byte == b'\n')) {
            if offset >= handed {
                let draft = accepted.take(line, "log", 0, &mut local);
                draft.map_err(|rejection| RecoveryError::NotUnderstood {
                    offset,
                    rejection: rejection.to_string(),
                })?;
            }
        }
        next_offset = chunk.next();
    }
    accepted.came = now.since(ledger);
    Ok((now != *ledger).then_some(LeftBehind { accepted, ledger: now, next_offset }))
}

/// Counts everything anew as of the instant the state was saved for, and compares with what was shown then.
fn recount(engine: &mut Engine, shown: &str) -> Result<Moved, RecoveryError> {
    engine.advance(engine.as_of())?;
    let now = result::all(&engine.snapshot(), &[Level::Agency]);
    // A figure is named by what stands before its numbers.
    let by_name = |text: &str| -> BTreeMap<String, String> {
        let named = text.lines().map(|line| (line.rsplitn(6, ',').last().unwrap_or(line), line));
        named.map(|(name, line)| (name.to_owned(), line.to_owned())).collect()
    };
    let (before, after) = (by_name(shown), by_name(&now));
    let mut moved = Moved::default();
    for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
        let of = |lines: &BTreeMap<String, String>| lines.get(name).cloned().unwrap_or_default();
        let (before, after) = (of(&before), of(&after));
        if before != after {
            moved.figures += 1;
            if moved.examples.len() < MOVED_EXAMPLES_MAX {
                moved.examples.push((before, after));
            }
        }
    }
    Ok(moved)
}

/// The engine of a snapshot, whether it is counted, the figures that were shown when it was taken, and the segments it
/// rests on.
fn restore(
    (snapshots, archive): (&Snapshots, &Archive),
    offset: u64,
    setup: Setup,
) -> Result<(Engine, bool, String, RestsOn), String> {
    let ids = match archive.list(offset) {
        Ok(ids) => ids,
        // Nothing had gone to rest yet; a state that says otherwise is refused for it.
        Err(ArchiveError::NotListed { .. }) => Vec::new(),
        Err(problem) => return Err(problem.to_string()),
    };
    let segments = archive.open_segments(&ids).map_err(|problem| problem.to_string())?;
    let at_rest = RestsOn { bytes: segments.bytes(), segments: ids };
    let place = (!at_rest.segments.is_empty())
        .then(|| Arc::new(RestingPlace(segments)) as Arc<dyn compute::engine::Archive>);
    let reader = snapshots.open_snapshot(offset, STATE_FORMAT).map_err(|problem| problem.to_string())?;
    let mut input = Content::of(reader);
    let restored = Engine::restore(setup, &mut input, place);
    let (engine, restored) = restored.map_err(|problem| format!("snapshot {offset}: {problem}"))?;
    // Only behind the last block stands whether this was the whole.
    let mut shown = restored.behind;
    input.read_to_end(&mut shown).map_err(|problem| format!("snapshot {offset}: {problem}"))?;
    let shown =
        String::from_utf8(shown).map_err(|_| format!("snapshot {offset}: the figures are no text"))?;
    Ok((engine, restored.is_counted, shown, at_rest))
}

/// The content of a snapshot as a stream of bytes.
pub(super) struct Content {
    reader: SnapshotReader,
    block: Vec<u8>,
    start: usize,
}

impl Content {
    pub(super) fn of(reader: SnapshotReader) -> Content {
        Content { reader, block: Vec::new(), start: 0 }
    }
}

impl Read for Content {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.start == self.block.len() {
            match self.reader.next_block().map_err(io::Error::other)? {
                Some(block) => (self.block, self.start) = (block, 0),
                None => return Ok(0),
            }
        }
        let count = out.len().min(self.block.len() - self.start);
        out[..count].copy_from_slice(&self.block[self.start..self.start + count]);
        self.start += count;
        Ok(count)
    }
}
