//! Reading the log while it is written.
//!
//! It exists so that replay, verification, backup and the list of set-aside messages never wait for the writer,
//! nor it for them: a reader holds the newest segment only for one batch of chunks at a time.
//!
//! It deliberately checks a sealed file whole, once a process, before the library may look into it: the library
//! trusts a file that says it was closed cleanly.

use super::SetAside;
use super::chunk::{PackedChunk, StoredChunk, Unpacker};
use super::error::LogError;
use super::seal::Seal;
use super::segment::{self, Ends, Reading, Wanted, segment_path};
use crate::disk::Disk;
use redb::{Database, ReadOnlyDatabase};
use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The compressed bytes a reader takes at a time; one chunk may be larger.
const BATCH_BYTES: usize = 1 << 20;

/// What the writer and the readers share.
pub(super) struct Shared {
    disk: Arc<dyn Disk>,
    sealed: RwLock<Vec<Seal>>,
    active: RwLock<Active>,
    next: AtomicU64,
    /// The sealed segments that were checked whole.
    checked: Mutex<BTreeSet<u64>>,
}

/// The segment that is written.
struct Active {
    first: u64,
    path: String,
    /// `None` after an error, until the log is opened again.
    database: Option<Database>,
}

impl Active {
    fn new((ends, database): (Ends, Database)) -> Active {
        Active { first: ends.first, path: segment_path(ends.first), database: Some(database) }
    }

    fn database(&self) -> Result<&Database, LogError> {
        self.database.as_ref().ok_or_else(|| self.closed())
    }

    fn closed(&self) -> LogError {
        LogError::Closed { reason: format!("{} is not open", self.path) }
    }

    fn close(&mut self, seal: impl FnOnce(&str) -> Result<Seal, LogError>) -> Result<Seal, LogError> {
        let database = self.database.take().ok_or_else(|| self.closed())?;
        database.close().map_err(LogError::segment(&self.path))?;
        seal(&self.path)
    }
}

impl Shared {
    pub(super) fn new(disk: Arc<dyn Disk>, sealed: Vec<Seal>, active: (Ends, Database)) -> Shared {
        Shared {
            disk,
            sealed: RwLock::new(sealed),
            next: AtomicU64::new(active.0.next),
            active: RwLock::new(Active::new(active)),
            checked: Mutex::default(),
        }
    }

    pub(super) fn disk(&self) -> &dyn Disk {
        self.disk.as_ref()
    }

    fn sealed(&self) -> RwLockReadGuard<'_, Vec<Seal>> {
        self.sealed.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn sealed_mut(&self) -> RwLockWriteGuard<'_, Vec<Seal>> {
        self.sealed.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn active(&self) -> RwLockReadGuard<'_, Active> {
        self.active.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn active_mut(&self) -> RwLockWriteGuard<'_, Active> {
        self.active.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn with_active<T>(
        &self,
        work: impl FnOnce(&Database, &str) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        let active = self.active();
        work(active.database()?, &active.path)
    }

    pub(super) fn with_active_mut<T>(
        &self,
        work: impl FnOnce(&mut Database, &str) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        let mut active = self.active_mut();
        let closed = active.closed();
        let Active { path, database, .. } = &mut *active;
        work(database.as_mut().ok_or(closed)?, path)
    }

    /// Closes the newest segment for good and does `seal` before a reader can look again.
    pub(super) fn close_active(
        &self,
        seal: impl FnOnce(&str) -> Result<Seal, LogError>,
    ) -> Result<Seal, LogError> {
        self.active_mut().close(seal)
    }

    /// Closes the newest segment, does `seal`, and puts the next one in its place, in one step for readers.
    pub(super) fn succeed_active(
        &self,
        next: (Ends, Database),
        seal: impl FnOnce(&str) -> Result<Seal, LogError>,
    ) -> Result<(), LogError> {
        let mut active = self.active_mut();
        let seal = active.close(seal)?;
        self.sealed_mut().push(seal);
        *active = Active::new(next);
        Ok(())
    }

    pub(super) fn replace_all(&self, sealed: Vec<Seal>, active: (Ends, Database)) {
        *self.sealed_mut() = sealed;
        self.committed(active.0);
        *self.active_mut() = Active::new(active);
    }

    pub(super) fn abandon_active(&self) {
        self.active_mut().database = None;
    }

    pub(super) fn committed(&self, ends: Ends) {
        self.next.store(ends.next, Ordering::Release);
    }

    pub(super) fn next_offset(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    pub(super) fn first_offset(&self) -> u64 {
        // The newest segment is held meanwhile, so that it does not become a sealed one unseen.
        let active = self.active();
        self.oldest_sealed().map_or(active.first, |seal| seal.first)
    }

    pub(super) fn oldest_sealed(&self) -> Option<Seal> {
        self.sealed().first().copied()
    }

    pub(super) fn forget_sealed(&self, first: u64) {
        self.sealed_mut().retain(|seal| seal.first != first);
    }

    pub(super) fn sealed_bytes(&self) -> u64 {
        self.sealed().iter().map(|seal| seal.fingerprint.length).sum()
    }

    pub(super) fn sealed_list(&self) -> Vec<Seal> {
        self.sealed().clone()
    }

    fn sealed_with(&self, offset: u64) -> Option<Seal> {
        self.sealed().iter().copied().find(|seal| seal.first <= offset && offset < seal.end)
    }

    /// Checks a sealed segment whole unless that was done before.
    fn check_once(&self, seal: Seal) -> Result<(), LogError> {
        let checked = || self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked().contains(&seal.first) {
            return Ok(());
        }
        seal.verify(self.disk(), &segment_path(seal.first))?;
        checked().insert(seal.first);
        Ok(())
    }
}

/// Reads the log; clones are cheap and go to other threads.
#[derive(Clone)]
pub struct LogReader {
    pub(super) shared: Arc<Shared>,
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LogReader").field("next_offset", &self.next_offset()).finish_non_exhaustive()
    }
}

impl LogReader {
    pub(super) fn new(shared: Arc<Shared>) -> LogReader {
        LogReader { shared }
    }

    /// The chunks from the one that holds `offset` on, in order and without a gap.
    ///
    /// The iterator ends at the present end of the log; asked again later, it goes on. After an error it ends.
    pub fn read_from(&self, offset: u64) -> LogChunks {
        LogChunks {
            shared: Arc::clone(&self.shared),
            position: Position::Sought(offset),
            open: None,
            batch: VecDeque::new(),
            unpacker: Unpacker::new(),
        }
    }

    /// The oldest offset that is kept.
    pub fn first_offset(&self) -> u64 {
        self.shared.first_offset()
    }

    /// The offset the next event gets.
    pub fn next_offset(&self) -> u64 {
        self.shared.next_offset()
    }

    /// The first offset behind the sealed files whose every event arrived before `arrived`, in nanoseconds since 1970;
    /// the oldest offset kept when there is none. Reads one chunk a file, and the file behind the last of them too.
    pub fn offset_arrived_before(&self, arrived: i64) -> Result<u64, LogError> {
        let mut reached = self.first_offset();
        for seal in self.shared.sealed_list() {
            // Events arrive in the order of their offsets: what follows a file is not older than the file.
            let next = self.read_from(seal.end).next().transpose()?;
            if next.is_none_or(|chunk| chunk.arrived >= arrived) {
                break;
            }
            reached = seal.end;
        }
        Ok(reached)
    }

    /// The messages set aside, numbered `from` on, at most `limit` of them.
    pub fn set_aside_list(&self, from: u64, limit: usize) -> Result<Vec<SetAside>, LogError> {
        self.shared.with_active(|database, path| Reading::begin(database, path)?.set_aside(from, limit))
    }

    /// One message set aside; `None` when it was resolved, dropped or never there.
    pub fn set_aside(&self, number: u64) -> Result<Option<SetAside>, LogError> {
        let mut found = self.set_aside_list(number, 1)?;
        Ok(found.pop().filter(|message| message.number == number))
    }
}

enum Position {
    /// This offset was asked for; the chunk that holds it is not found yet.
    Sought(u64),
    /// The next chunk begins here.
    At(u64),
    /// An error was reported.
    Failed,
}

/// The chunks of the log from an offset on.
pub struct LogChunks {
    shared: Arc<Shared>,
    position: Position,
    /// The sealed segment that is read.
    open: Option<(Seal, ReadOnlyDatabase)>,
    /// Chunks read and not handed out.
    batch: VecDeque<(u64, Vec<u8>)>,
    unpacker: Unpacker,
}

impl std::fmt::Debug for LogChunks {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LogChunks").field("batch", &self.batch.len()).finish_non_exhaustive()
    }
}

impl Iterator for LogChunks {
    type Item = Result<StoredChunk, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.advance() {
            Ok(chunk) => chunk.map(Ok),
            Err(error) => {
                self.position = Position::Failed;
                self.open = None;
                self.batch.clear();
                Some(Err(error))
            }
        }
    }
}

impl LogChunks {
    fn advance(&mut self) -> Result<Option<StoredChunk>, LogError> {
        let offset = match self.position {
            Position::Failed => return Ok(None),
            Position::Sought(offset) | Position::At(offset) => offset,
        };
        if self.batch.is_empty() && !self.fill(offset)? {
            return Ok(None);
        }
        let Some((first, value)) = self.batch.pop_front() else { return Ok(None) };
        let misplaced = match self.position {
            Position::At(expected) => first != expected,
            Position::Sought(_) | Position::Failed => false,
        };
        if misplaced {
            return Err(LogError::Gap { file: self.file(), expected: offset, found: first });
        }
        let chunk = PackedChunk::check(first, &value).and_then(|packed| packed.unpack(&mut self.unpacker));
        let chunk = chunk.map_err(|why| LogError::damaged(&self.file(), why))?;
        if chunk.next() <= offset {
            return Err(LogError::Gap { file: self.file(), expected: chunk.next(), found: offset });
        }
        self.position = Position::At(chunk.next());
        Ok(Some(chunk))
    }

    /// The file that is read.
    fn file(&self) -> String {
        let sealed = self.open.as_ref().map(|(seal, _)| segment_path(seal.first));
        sealed.unwrap_or_else(|| self.shared.active().path.clone())
    }

    /// Reads the next batch; `false` at the end of the log.
    fn fill(&mut self, offset: u64) -> Result<bool, LogError> {
        let next = self.shared.next_offset();
        if offset == next {
            return Ok(false);
        }
        if offset > next {
            return Err(LogError::BeyondEnd { offset, next });
        }
        let shared = Arc::clone(&self.shared);
        {
            // The newest segment is held while it is asked, so that it is not sealed meanwhile.
            let active = shared.active();
            if offset >= active.first {
                self.open = None;
                let reading = Reading::begin(active.database()?, &active.path)?;
                return self.take(&reading, offset..next, &active.path);
            }
        }
        if self.open.as_ref().is_none_or(|(seal, _)| !(seal.first..seal.end).contains(&offset)) {
            self.open = None;
            let Some(seal) = shared.sealed_with(offset) else {
                return Err(LogError::Retired { offset, first: shared.first_offset() });
            };
            shared.check_once(seal)?;
            self.open = Some((seal, segment::open_sealed(shared.disk(), &segment_path(seal.first))?));
        }
        let (seal, database) = self.open.as_ref().expect("just opened");
        let path = segment_path(seal.first);
        let reading = Reading::begin(database, &path)?;
        self.take(&reading, offset..next, &path)
    }

    /// Takes chunks of these offsets. A chunk is in the library a moment before the writer has said so; one
    /// beyond the end that was seen before is left for the next time.
    fn take(&mut self, reading: &Reading, offsets: Range<u64>, path: &str) -> Result<bool, LogError> {
        let from = match self.position {
            Position::Sought(_) => reading.first_of_chunk_with(offsets.start)?.unwrap_or(offsets.start),
            Position::At(_) | Position::Failed => offsets.start,
        };
        let mut bytes = 0;
        let batch = &mut self.batch;
        reading.chunks(from..offsets.end, |first, value| {
            batch.push_back((first, value.to_vec()));
            bytes += value.len();
            Ok(if bytes < BATCH_BYTES { Wanted::More } else { Wanted::Enough })
        })?;
        if self.batch.is_empty() {
            return Err(LogError::Gap { file: path.to_owned(), expected: offsets.start, found: offsets.end });
        }
        Ok(true)
    }
}
