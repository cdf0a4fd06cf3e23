//! The log of events: chunks of bytes, each durable before it is acknowledged, in files that begin anew at a size.
//!
//! It exists so that what was accepted is there after any stop. Only the newest file (segment) is ever written:
//! after a crash only that one needs repair, and retention deletes whole files. Beside the chunks a segment
//! carries the messages set aside and the caller's ledger, so that all three change in one transaction; a new
//! segment begins with a copy of the two.
//!
//! It deliberately has no thread and no clock: grouping appends, retrying `reopen` and deciding what is old are
//! the caller's. After any error of the disk nothing more is written until `reopen` has looked at what is there.

pub(crate) mod chunk;
mod copy;
pub(crate) mod error;
mod opening;
pub(crate) mod reader;
mod seal;
mod segment;
pub(crate) mod verify;

use crate::disk::{Disk, remove_if_there, unfinished};
use chunk::{CHUNK_BYTES_MAX, Packer};
use error::LogError;
use reader::{LogReader, Shared};
use redb::Database;
use seal::{Seal, seal_path};
use segment::{Ends, Reading, Unsynced, Writing, segment_path};
use std::sync::Arc;

pub(crate) const LOG_FOLDER: &str = "log";
/// The most bytes one set-aside message may have.
pub const SET_ASIDE_BYTES_MAX: usize = 1 << 20;
/// The most bytes the ledger may have.
pub const LEDGER_BYTES_MAX: usize = 1 << 20;
/// What the library keeps beside the chunks, as a divisor of the segment size.
const SEGMENT_RESERVE: u64 = 16;

/// The bounds of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// The most bytes of a file, beyond which a new one begins; files get between half of it and all of it. After
    /// a crash at most one file is read and repaired.
    pub segment_bytes: u64,
    /// The most bytes of chunks; an append beyond it is refused.
    pub log_bytes_max: u64,
    /// The most messages set aside; the oldest are dropped and counted beyond it.
    pub set_aside_max: u64,
}

impl Default for LogSettings {
    fn default() -> LogSettings {
        LogSettings { segment_bytes: 256 << 20, log_bytes_max: 64 << 30, set_aside_max: 10_000 }
    }
}

/// What is appended at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chunk<'a> {
    /// When it arrived, in nanoseconds since 1970.
    pub arrived: i64,
    /// The number of events in `bytes`; each takes one offset.
    pub events: u32,
    /// The events; empty when and only when there are none.
    pub bytes: &'a [u8],
    /// Messages that could not be understood.
    pub set_aside: &'a [&'a [u8]],
    /// What the caller counts; replaces the former one.
    pub ledger: &'a [u8],
}

/// Where what was appended is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The offset of the first event, or the next offset when there was none.
    pub first_offset: u64,
    /// The number of the first message set aside, or the next number when there was none.
    pub first_set_aside: u64,
}

/// A message set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Its number.
    pub number: u64,
    /// The message.
    pub bytes: Vec<u8>,
}

/// The one writer of the log.
pub struct EventLog {
    shared: Arc<Shared>,
    settings: LogSettings,
    ends: Ends,
    ledger: Vec<u8>,
    packer: Packer,
    unsynced: Arc<Unsynced>,
    /// The error that closed the log.
    trouble: Option<String>,
}

impl std::fmt::Debug for EventLog {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("EventLog")
            .field("ends", &self.ends)
            .field("trouble", &self.trouble)
            .finish_non_exhaustive()
    }
}

impl EventLog {
    /// Opens the log, beginning one when there is none and repairing the newest file after a crash.
    pub fn open(disk: Arc<dyn Disk>, settings: LogSettings) -> Result<EventLog, LogError> {
        let unsynced = Arc::default();
        let found = opening::open(disk.as_ref(), &unsynced)?;
        let shared = Shared::new(disk, found.sealed, (found.ends, found.database));
        let (ends, ledger) = (found.ends, found.ledger);
        Ok(EventLog {
            shared: Arc::new(shared),
            settings,
            ends,
            ledger,
            packer: Packer::new(),
            unsynced,
            trouble: None,
        })
    }

    /// Appends a chunk, messages set aside and the ledger in one transaction, durable when this returns.
    ///
    /// After [`LogError::Full`] and [`LogError::TooLarge`] nothing has changed. After any other error the log is
    /// closed until [`EventLog::reopen`], which then says whether this append is in the log, whole, or not.
    pub fn append(&mut self, chunk: Chunk<'_>) -> Result<Appended, LogError> {
        self.refuse_when_closed()?;
        check_sizes(&chunk)?;
        let value = (chunk.events > 0)
            .then(|| self.packer.pack(self.ends.next, &chunk).map_err(LogError::io("a chunk in memory")))
            .transpose()?;
        let cost = value.as_ref().map_or(0, |value| stored_cost(value.len()));
        let bytes = self.shared.sealed_bytes() + self.ends.used;
        if bytes + cost > self.settings.log_bytes_max {
            return Err(LogError::Full { bytes, limit: self.settings.log_bytes_max });
        }
        let result = self.append_within_bounds(&chunk, value.as_deref(), cost);
        self.close_on_error(result)
    }

    fn append_within_bounds(
        &mut self,
        chunk: &Chunk<'_>,
        value: Option<&[u8]>,
        cost: u64,
    ) -> Result<Appended, LogError> {
        if !self.has_room(cost) {
            self.begin_segment()?;
        }
        let appended = Appended { first_offset: self.ends.next, first_set_aside: self.ends.next_set_aside };
        let mut ends = self.ends;
        let limit = self.settings.set_aside_max;
        self.shared.with_active(|database, path| {
            let writing = Writing::begin(database, path)?;
            if let Some(value) = value {
                writing.chunk(ends.next, value)?;
            }
            for message in chunk.set_aside {
                writing.set_aside(ends.next_set_aside, message)?;
                ends.next_set_aside += 1;
            }
            if !chunk.set_aside.is_empty() {
                ends.set_aside_dropped += writing.drop_oldest_set_aside(limit)?;
            }
            ends.next += u64::from(chunk.events);
            ends.used += cost;
            writing.commit(ends, chunk.ledger)
        })?;
        self.committed(ends);
        chunk.ledger.clone_into(&mut self.ledger);
        Ok(appended)
    }

    /// Whether the newest file takes `cost` more bytes without growing beyond a segment.
    fn has_room(&self, cost: u64) -> bool {
        let room = |bytes: u64| self.ends.used + cost <= bytes - bytes / SEGMENT_RESERVE;
        let limit = self.settings.segment_bytes;
        let length = self.unsynced.length();
        // The library doubles a full file, so it is left a little before that when two of it are too many. And a
        // segment is named for its first event, so one without events cannot have a successor.
        (room(limit) && (2 * length <= limit || room(length))) || self.ends.next == self.ends.first
    }

    fn committed(&mut self, ends: Ends) {
        self.ends = ends;
        self.shared.committed(ends);
    }

    /// Closes and seals the newest segment and begins the next one.
    ///
    /// The new file gets its name last: until then a crash leaves the old one newest, as after a clean close.
    fn begin_segment(&mut self) -> Result<(), LogError> {
        let disk = self.shared.disk();
        let ends = Ends { first: self.ends.next, used: 0, ..self.ends };
        let path = segment_path(ends.first);
        let database = self.shared.with_active(|former, former_path| {
            let carried = Reading::begin(former, former_path)?;
            begin_file(disk, &path, &self.unsynced, ends, &self.ledger, Some(&carried))
        })?;
        self.shared.succeed_active((ends, database), |former_path| {
            let seal = Seal::put(disk, former_path, self.ends.first, self.ends.next)?;
            disk.rename(&unfinished(&path), &path).map_err(LogError::io(&path))?;
            disk.sync_folder(LOG_FOLDER).map_err(LogError::io(&path))?;
            Ok(seal)
        })?;
        self.ends = ends;
        Ok(())
    }

    /// Looks again at what is on the disk after an error and opens the log for writing, without manual repair.
    ///
    /// The append that failed may be in the log, whole: read on from where you stood. When this fails the log
    /// stays closed and it can be called again.
    pub fn reopen(&mut self) -> Result<(), LogError> {
        self.shared.abandon_active();
        let disk = self.shared.disk();
        self.unsynced.write_again(disk)?;
        let found = opening::open(disk, &self.unsynced)?;
        if found.ends.next < self.ends.next {
            return Err(LogError::Lost { acknowledged: self.ends.next, found: found.ends.next });
        }
        self.ends = found.ends;
        self.ledger = found.ledger;
        self.shared.replace_all(found.sealed, (found.ends, found.database));
        self.trouble = None;
        Ok(())
    }

    /// Closes the log and seals its newest file, so that the next open finds a flipped bit in it.
    pub fn close(mut self) -> Result<(), LogError> {
        self.refuse_when_closed()?;
        let disk = self.shared.disk();
        let Ends { first, next, .. } = self.ends;
        self.trouble = Some("it was closed".to_owned());
        self.shared.close_active(|path| Seal::put(disk, path, first, next))?;
        Ok(())
    }

    /// Deletes the files that end at or before `before_offset`, oldest first; says how many bytes that freed.
    ///
    /// The newest file stays, and with it the ledger and every message set aside.
    pub fn retire(&mut self, before_offset: u64) -> Result<u64, LogError> {
        self.refuse_when_closed()?;
        let result = self.retire_files(before_offset);
        self.close_on_error(result)
    }

    fn retire_files(&mut self, before_offset: u64) -> Result<u64, LogError> {
        let disk = self.shared.disk();
        let mut freed = 0;
        while let Some(seal) = self.shared.oldest_sealed().filter(|seal| seal.end <= before_offset) {
            self.shared.forget_sealed(seal.first);
            let path = segment_path(seal.first);
            disk.remove(&path).map_err(LogError::io(&path))?;
            // One after the other: were a newer one to go first, a power cut could leave a gap.
            disk.sync_folder(LOG_FOLDER).map_err(LogError::io(&path))?;
            let path = seal_path(seal.first);
            remove_if_there(disk, &path).map_err(LogError::io(&path))?;
            freed += seal.fingerprint.length;
        }
        Ok(freed)
    }

    /// Removes a message set aside, durably; says whether it was there.
    pub fn set_aside_resolve(&mut self, number: u64) -> Result<bool, LogError> {
        self.refuse_when_closed()?;
        let (ends, ledger) = (self.ends, &self.ledger);
        let result = self.shared.with_active(|database, path| {
            let writing = Writing::begin(database, path)?;
            let was_there = writing.resolve(number)?;
            writing.commit(ends, ledger)?;
            Ok(was_there)
        });
        self.close_on_error(result)
    }

    /// A reader for another thread.
    pub fn reader(&self) -> LogReader {
        LogReader::new(Arc::clone(&self.shared))
    }

    /// The oldest offset that is kept.
    pub fn first_offset(&self) -> u64 {
        self.shared.first_offset()
    }

    /// The offset the next event gets.
    pub fn next_offset(&self) -> u64 {
        self.ends.next
    }

    /// The ledger of the last append.
    pub fn ledger(&self) -> &[u8] {
        &self.ledger
    }

    /// The number the next message set aside gets.
    pub fn next_set_aside(&self) -> u64 {
        self.ends.next_set_aside
    }

    /// How many messages were dropped because too many were set aside.
    pub fn set_aside_dropped(&self) -> u64 {
        self.ends.set_aside_dropped
    }

    /// What counts against [`LogSettings::log_bytes_max`].
    pub fn bytes_on_disk(&self) -> u64 {
        self.shared.sealed_bytes() + self.ends.used
    }

    /// The error that closed the log for the writer; `None` while it is open. An error of the disk that only a reader
    /// has met is told by the next append.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    fn refuse_when_closed(&self) -> Result<(), LogError> {
        match &self.trouble {
            None => Ok(()),
            Some(reason) => Err(LogError::Closed { reason: reason.clone() }),
        }
    }

    fn close_on_error<T>(&mut self, result: Result<T, LogError>) -> Result<T, LogError> {
        if let Err(error) = &result {
            self.trouble = Some(error.to_string());
            self.shared.abandon_active();
        }
        result
    }
}

fn check_sizes(chunk: &Chunk<'_>) -> Result<(), LogError> {
    assert_eq!(chunk.events == 0, chunk.bytes.is_empty(), "a chunk has bytes when it has events");
    let check = |what, bytes: usize, limit| {
        if bytes > limit { Err(LogError::TooLarge { what, bytes, limit }) } else { Ok(()) }
    };
    check("a chunk", chunk.bytes.len(), CHUNK_BYTES_MAX)?;
    check("a ledger", chunk.ledger.len(), LEDGER_BYTES_MAX)?;
    for message in chunk.set_aside {
        check("a message set aside", message.len(), SET_ASIDE_BYTES_MAX)?;
    }
    Ok(())
}

/// What a chunk takes in a segment: the library gives a large value pages of a power of two.
fn stored_cost(bytes: usize) -> u64 {
    const PAGE_BYTES: u64 = 4096;
    const ENTRY_BYTES: u64 = 32;
    let bytes = bytes as u64 + ENTRY_BYTES;
    if bytes > PAGE_BYTES / 2 { bytes.next_power_of_two().max(PAGE_BYTES) } else { bytes }
}

/// Writes a new segment, not yet under its own name, that begins with what is carried over.
fn begin_file(
    disk: &dyn Disk,
    path: &str,
    unsynced: &Arc<Unsynced>,
    ends: Ends,
    ledger: &[u8],
    carried: Option<&Reading>,
) -> Result<Database, LogError> {
    let database = segment::create(disk, path, unsynced)?;
    let writing = Writing::begin(&database, path)?;
    if let Some(carried) = carried {
        for message in carried.set_aside(0, usize::MAX)? {
            writing.set_aside(message.number, &message.bytes)?;
        }
    }
    writing.commit(ends, ledger)?;
    Ok(database)
}
