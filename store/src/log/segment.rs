//! One file of the log: a `redb` database on our disk, with the tables of chunks, set-aside messages and state.
//!
//! It exists to keep the library in one place. A transaction is one append: chunk, set-aside messages, ledger
//! and ends become durable together or not at all.
//!
//! It deliberately does not decide when to begin a new file, nor which file is the newest.

use super::{LOG_FOLDER, SetAside, chunk::PackedChunk, error::LogError};
use crate::disk::{Disk, DiskFile, remove_if_there, unfinished};
use crate::encoding::{Fields, checked, with_checksum};
use redb::{
    Builder, Database, ReadOnlyDatabase, ReadTransaction, ReadableTableMetadata, StorageBackend,
    TableDefinition, WriteTransaction,
};
use std::collections::BTreeMap;
use std::io;
use std::ops::RangeBounds;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const CHUNKS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("chunks");
const SET_ASIDE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("set aside");
const STATE: TableDefinition<'_, u8, &[u8]> = TableDefinition::new("state");
const ENDS_KEY: u8 = 0;
const LEDGER_KEY: u8 = 1;

/// What the library may keep in memory for the segment that is written; it writes out more than that early.
const WRITE_CACHE_BYTES: usize = 32 << 20;
/// What it may keep for a segment that is only read: a reader goes through once.
const READ_CACHE_BYTES: usize = 4 << 20;
/// More un-synced pieces than this are remembered as one piece that spans them.
const UNSYNCED_PIECES_MAX: usize = 4096;
/// What is written again at a time.
const REWRITE_BYTES: usize = 1 << 20;

pub(super) fn segment_path(first: u64) -> String {
    format!("{LOG_FOLDER}/{first:020}.redb")
}

/// Where a segment begins and ends, and what is counted over all segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ends {
    /// The offset of the segment's first event.
    pub(super) first: u64,
    /// The next offset.
    pub(super) next: u64,
    /// The number the next set-aside message gets.
    pub(super) next_set_aside: u64,
    /// Set-aside messages that were dropped, over all time.
    pub(super) set_aside_dropped: u64,
    /// The bytes the chunks of this segment take.
    pub(super) used: u64,
}

impl Ends {
    const VERSION: u8 = 1;

    fn encode(self) -> Vec<u8> {
        let mut record = vec![Ends::VERSION];
        for field in [self.first, self.next, self.next_set_aside, self.set_aside_dropped, self.used] {
            record.extend_from_slice(&field.to_le_bytes());
        }
        with_checksum(u64::from(ENDS_KEY), record)
    }

    fn decode(stored: &[u8]) -> Option<Ends> {
        let mut fields = Fields(checked(u64::from(ENDS_KEY), stored)?);
        if fields.byte()? != Ends::VERSION {
            return None;
        }
        let ends = Ends {
            first: fields.u64()?,
            next: fields.u64()?,
            next_set_aside: fields.u64()?,
            set_aside_dropped: fields.u64()?,
            used: fields.u64()?,
        };
        fields.end()?;
        Some(ends)
    }
}

/// The pieces of files that were written and not synced since.
///
/// After a failed sync the page cache calls them clean although they may not be on the disk; a later sync does
/// not write them. Writing them again does (<https://wiki.postgresql.org/wiki/Fsync_Errors>).
#[derive(Debug, Default)]
pub(super) struct Unsynced {
    pieces: Mutex<BTreeMap<String, Vec<Piece>>>,
    /// The length of the newest file, which the library doubles when it is full.
    length: AtomicU64,
}

type Piece = (u64, u64);

impl Unsynced {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Piece>>> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The length of the newest file.
    pub(super) fn length(&self) -> u64 {
        self.length.load(Ordering::Relaxed)
    }

    fn add(&self, path: &str, offset: u64, length: u64) {
        let mut files = self.files();
        if !files.contains_key(path) {
            files.insert(path.to_owned(), Vec::new());
        }
        let pieces = files.get_mut(path).expect("just put there");
        pieces.push((offset, offset.saturating_add(length)));
        if pieces.len() > UNSYNCED_PIECES_MAX {
            let start = pieces.iter().map(|piece| piece.0).min().unwrap_or(0);
            let end = pieces.iter().map(|piece| piece.1).max().unwrap_or(0);
            *pieces = vec![(start, end)];
        }
    }

    /// Writes a whole file again as it is read now, and syncs.
    pub(super) fn write_all_again(&self, disk: &dyn Disk, path: &str) -> Result<(), LogError> {
        self.add(path, 0, u64::MAX);
        self.write_again(disk)
    }

    /// Writes the pieces again as they are read now, and syncs. Files that are gone need it no more.
    pub(super) fn write_again(&self, disk: &dyn Disk) -> Result<(), LogError> {
        let files = self.files().clone();
        for (path, pieces) in files {
            match write_again(disk, &path, &pieces) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(LogError::io(&path)(error));
                }
                Ok(()) | Err(_) => self.files().remove(&path),
            };
        }
        Ok(())
    }
}

fn write_again(disk: &dyn Disk, path: &str, pieces: &[Piece]) -> io::Result<()> {
    let file = disk.open(path)?;
    let length = file.length()?;
    for &(start, end) in pieces {
        let (mut at, end) = (start, end.min(length));
        while at < end {
            let mut bytes = vec![0; usize::try_from(end - at).unwrap_or(REWRITE_BYTES).min(REWRITE_BYTES)];
            file.read_at(at, &mut bytes)?;
            file.write_at(at, &bytes)?;
            at += bytes.len() as u64;
        }
    }
    file.sync()
}

/// A file of our disk as the library wants it.
#[derive(Debug)]
struct Backend {
    file: Box<dyn DiskFile>,
    /// The name the file has, or gets when it is whole.
    path: String,
    unsynced: Arc<Unsynced>,
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.unsynced.length.store(len, Ordering::Relaxed);
        self.file.set_length(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync()?;
        self.unsynced.files().remove(&self.path);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.unsynced.add(&self.path, offset, data.len() as u64);
        self.file.write_at(offset, data)
    }
}

/// Opens the segment that is written, repairing it when it was not closed cleanly.
pub(super) fn open(disk: &dyn Disk, path: &str, unsynced: &Arc<Unsynced>) -> Result<Database, LogError> {
    let file = disk.open(path).map_err(LogError::io(path))?;
    let length = file.length().map_err(LogError::io(path))?;
    unsynced.length.store(length, Ordering::Relaxed);
    if length == 0 {
        // The library would begin an empty file as a new segment.
        return Err(LogError::damaged(path, "it is empty"));
    }
    let backend = Backend { file, path: path.to_owned(), unsynced: Arc::clone(unsynced) };
    // After a kill, what the dead process wrote last may be read although it was never synced; the library syncs
    // the whole file before it hands it out.
    Builder::new()
        .set_cache_size(WRITE_CACHE_BYTES)
        .create_with_backend(backend)
        .map_err(LogError::segment(path))
}

/// Begins a segment in a new file, which does not have its own name yet.
pub(super) fn create(disk: &dyn Disk, path: &str, unsynced: &Arc<Unsynced>) -> Result<Database, LogError> {
    let unfinished = unfinished(path);
    remove_if_there(disk, &unfinished).map_err(LogError::io(&unfinished))?;
    let file = disk.create(&unfinished).map_err(LogError::io(&unfinished))?;
    let backend = Backend { file, path: path.to_owned(), unsynced: Arc::clone(unsynced) };
    Builder::new()
        .set_cache_size(WRITE_CACHE_BYTES)
        .create_with_backend(backend)
        .map_err(LogError::segment(path))
}

/// Opens a sealed segment.
pub(super) fn open_sealed(disk: &dyn Disk, path: &str) -> Result<ReadOnlyDatabase, LogError> {
    let file = disk.open(path).map_err(LogError::io(path))?;
    let backend = Backend { file, path: path.to_owned(), unsynced: Arc::default() };
    Builder::new()
        .set_cache_size(READ_CACHE_BYTES)
        .open_read_only_with_backend(backend)
        .map_err(LogError::segment(path))
}

/// A transaction that writes; all or nothing.
pub(super) struct Writing<'p> {
    transaction: WriteTransaction,
    path: &'p str,
}

impl<'p> Writing<'p> {
    pub(super) fn begin(database: &Database, path: &'p str) -> Result<Writing<'p>, LogError> {
        let mut transaction = database.begin_write().map_err(LogError::segment(path))?;
        // One sync more, and damage to the last transaction is found instead of taken for one that was never finished.
        transaction.set_two_phase_commit(true);
        Ok(Writing { transaction, path })
    }

    /// Adds a packed chunk. An offset that is there already is a fault of ours, never overwritten.
    pub(super) fn chunk(&self, first: u64, value: &[u8]) -> Result<(), LogError> {
        let mut table = self.transaction.open_table(CHUNKS).map_err(LogError::segment(self.path))?;
        let former = table.insert(first, value).map_err(LogError::segment(self.path))?;
        assert!(former.is_none(), "the chunk at offset {first} is written twice");
        Ok(())
    }

    pub(super) fn set_aside(&self, number: u64, bytes: &[u8]) -> Result<(), LogError> {
        let mut table = self.transaction.open_table(SET_ASIDE).map_err(LogError::segment(self.path))?;
        let stored = with_checksum(number, bytes.to_vec());
        table.insert(number, stored.as_slice()).map_err(LogError::segment(self.path))?;
        Ok(())
    }

    /// Removes the oldest messages until at most `limit` are left; says how many.
    pub(super) fn drop_oldest_set_aside(&self, limit: u64) -> Result<u64, LogError> {
        let mut table = self.transaction.open_table(SET_ASIDE).map_err(LogError::segment(self.path))?;
        let mut dropped = 0;
        while table.len().map_err(LogError::segment(self.path))? > limit {
            table.pop_first().map_err(LogError::segment(self.path))?;
            dropped += 1;
        }
        Ok(dropped)
    }

    /// Removes a message; says whether it was there.
    pub(super) fn resolve(&self, number: u64) -> Result<bool, LogError> {
        let mut table = self.transaction.open_table(SET_ASIDE).map_err(LogError::segment(self.path))?;
        let former = table.remove(number).map_err(LogError::segment(self.path))?;
        Ok(former.is_some())
    }

    /// Replaces ends and ledger, and makes everything durable.
    pub(super) fn commit(self, ends: Ends, ledger: &[u8]) -> Result<(), LogError> {
        {
            let mut table = self.transaction.open_table(STATE).map_err(LogError::segment(self.path))?;
            let ledger = with_checksum(u64::from(LEDGER_KEY), ledger.to_vec());
            table.insert(ENDS_KEY, ends.encode().as_slice()).map_err(LogError::segment(self.path))?;
            table.insert(LEDGER_KEY, ledger.as_slice()).map_err(LogError::segment(self.path))?;
        }
        self.transaction.commit().map_err(LogError::segment(self.path))
    }
}

/// A view of a segment at one instant.
pub(super) struct Reading {
    transaction: ReadTransaction,
    path: String,
}

impl Reading {
    pub(super) fn begin(database: &impl redb::ReadableDatabase, path: &str) -> Result<Reading, LogError> {
        let transaction = database.begin_read().map_err(LogError::segment(path))?;
        Ok(Reading { transaction, path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Hands out the stored chunks with a key in `range`, in order, until `each` says that it has enough.
    pub(super) fn chunks(
        &self,
        range: impl RangeBounds<u64>,
        mut each: impl FnMut(u64, &[u8]) -> Result<Wanted, LogError>,
    ) -> Result<(), LogError> {
        // A segment without a chunk has no table yet.
        let table = match self.transaction.open_table(CHUNKS) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(()),
            other => other.map_err(LogError::segment(&self.path))?,
        };
        for entry in table.range(range).map_err(LogError::segment(&self.path))? {
            let (first, value) = entry.map_err(LogError::segment(&self.path))?;
            if each(first.value(), value.value())? == Wanted::Enough {
                break;
            }
        }
        Ok(())
    }

    /// The offset of the chunk that holds `offset`, or would.
    pub(super) fn first_of_chunk_with(&self, offset: u64) -> Result<Option<u64>, LogError> {
        let table = match self.transaction.open_table(CHUNKS) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            other => other.map_err(LogError::segment(&self.path))?,
        };
        let mut range = table.range(..=offset).map_err(LogError::segment(&self.path))?;
        let entry = range.next_back().transpose().map_err(LogError::segment(&self.path))?;
        Ok(entry.map(|(first, _)| first.value()))
    }

    /// The set-aside messages numbered `from` on, at most `limit`.
    pub(super) fn set_aside(&self, from: u64, limit: usize) -> Result<Vec<SetAside>, LogError> {
        let table = match self.transaction.open_table(SET_ASIDE) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            other => other.map_err(LogError::segment(&self.path))?,
        };
        let mut messages = Vec::new();
        for entry in table.range(from..).map_err(LogError::segment(&self.path))?.take(limit) {
            let (number, stored) = entry.map_err(LogError::segment(&self.path))?;
            let number = number.value();
            let bytes = checked(number, stored.value()).ok_or_else(|| {
                LogError::damaged(
                    &self.path,
                    format!("the checksum of set-aside message {number} does not fit"),
                )
            })?;
            messages.push(SetAside { number, bytes: bytes.to_vec() });
        }
        Ok(messages)
    }

    pub(super) fn ends(&self) -> Result<Ends, LogError> {
        let ends = self.state(ENDS_KEY, "its ends", Ends::decode)?;
        if segment_path(ends.first) == self.path {
            return Ok(ends);
        }
        Err(LogError::damaged(&self.path, format!("it is the segment of offset {}", ends.first)))
    }

    pub(super) fn ledger(&self) -> Result<Vec<u8>, LogError> {
        self.state(LEDGER_KEY, "its ledger", |stored| {
            checked(u64::from(LEDGER_KEY), stored).map(<[u8]>::to_vec)
        })
    }

    fn state<T>(&self, key: u8, what: &str, decode: impl Fn(&[u8]) -> Option<T>) -> Result<T, LogError> {
        let table = self.transaction.open_table(STATE).map_err(LogError::segment(&self.path))?;
        let stored = table.get(key).map_err(LogError::segment(&self.path))?;
        stored
            .and_then(|stored| decode(stored.value()))
            .ok_or_else(|| LogError::damaged(&self.path, format!("{what} cannot be read")))
    }

    /// Checks every chunk against its checksum and the one before it.
    pub(super) fn check(&self) -> Result<(), LogError> {
        let ends = self.ends()?;
        let mut next = ends.first;
        self.chunks(.., |first, value| {
            if first != next {
                return Err(LogError::Gap { file: self.path.clone(), expected: next, found: first });
            }
            let chunk = PackedChunk::check(first, value).map_err(|why| LogError::damaged(&self.path, why))?;
            next = chunk.next();
            Ok(Wanted::More)
        })?;
        if next == ends.next {
            return Ok(());
        }
        Err(LogError::Gap { file: self.path.clone(), expected: next, found: ends.next })
    }
}

/// Whether a reader wants more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    More,
    Enough,
}
