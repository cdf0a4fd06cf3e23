//! Snapshots of state: one file each, named for the log offset it was taken at, whole or not there.
//!
//! It exists so that a restart reads the newest good state and the tail of the log instead of the whole log. A
//! file is written under another name, synced, renamed, and only then are older ones removed. Every byte of it is
//! under a checksum that is bound to its place.
//!
//! It deliberately does not choose: the caller goes from the newest to the oldest and gets for each the reason why
//! it cannot be used.

pub(crate) mod reader;
pub(crate) mod writer;

use crate::disk::{Disk, UNFINISHED, unfinished};
use reader::SnapshotReader;
use std::io;
use std::sync::Arc;
use writer::SnapshotWriter;

pub(crate) const SNAPSHOT_FOLDER: &str = "state";
const ENDING: &str = ".snapshot";

const MAGIC: [u8; 8] = *b"NHIPSNAP";
const CONTAINER_VERSION: u32 = 1;
/// Magic, version of this container, version of the content, offset; a checksum follows.
const HEADER_BYTES: usize = 8 + 4 + 4 + 8;
/// The bytes of content in a block.
const BLOCK_BYTES: usize = 1 << 20;
/// Kind, position, length before and after compression, checksum.
const BLOCK_HEADER_BYTES: usize = 1 + 8 + 4 + 4 + 4;
const KIND_BLOCK: u8 = 1;
const KIND_TRAILER: u8 = 2;
/// Blocks, length of the content, checksum of the content; kind before and checksum behind.
const TRAILER_BYTES: usize = 1 + 8 + 8 + 4 + 4;

/// Why a snapshot cannot be written or used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The disk is full.
    #[error("no space is left on the disk for {file}; free some space, the next snapshot then succeeds")]
    NoSpace {
        /// The file.
        file: String,
    },
    /// The disk refused.
    #[error("the disk failed at {file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What it said.
        source: io::Error,
    },
    /// The file is not as it was written.
    #[error("the snapshot {file} is damaged: {why}; the one before it is used")]
    Damaged {
        /// The file.
        file: String,
        /// Which part does not fit.
        why: String,
    },
    /// The content has another format.
    #[error(
        "the snapshot {file} has format {found} and this program reads {wanted}; state is rebuilt from the log"
    )]
    Incompatible {
        /// The file.
        file: String,
        /// Its format.
        found: u32,
        /// The format asked for.
        wanted: u32,
    },
    /// Another writer is at work on the same offset.
    #[error("the snapshot {file} is being written already")]
    InProgress {
        /// The file.
        file: String,
    },
    /// An earlier push failed.
    #[error("the snapshot {file} failed before; begin a new one")]
    Failed {
        /// The file.
        file: String,
    },
}

impl SnapshotError {
    fn io(file: &str) -> impl Fn(io::Error) -> SnapshotError + '_ {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                SnapshotError::NoSpace { file: file.to_owned() }
            }
            io::ErrorKind::AlreadyExists => SnapshotError::InProgress { file: file.to_owned() },
            _ => SnapshotError::Io { file: file.to_owned(), source },
        }
    }
}

/// A snapshot that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// The log offset it was taken at.
    pub offset: u64,
    /// The version of its content.
    pub format_version: u32,
    /// Its blocks.
    pub blocks: u64,
    /// The bytes of its content.
    pub bytes: u64,
}

/// The snapshots of a data folder. Clones are cheap and go to other threads.
#[derive(Debug, Clone)]
pub struct Snapshots {
    disk: Arc<dyn Disk>,
    keep: usize,
}

fn snapshot_path(offset: u64) -> String {
    format!("{SNAPSHOT_FOLDER}/{offset:020}{ENDING}")
}

impl Snapshots {
    /// Opens the folder, creating it when it is not there, and removes what an interrupted writer left.
    ///
    /// The newest `keep` are kept, at least one. Only one such value may write at a time for one disk: opening
    /// would remove the unfinished file of another.
    pub fn open(disk: Arc<dyn Disk>, keep: usize) -> Result<Snapshots, SnapshotError> {
        let io = SnapshotError::io(SNAPSHOT_FOLDER);
        disk.create_folder(SNAPSHOT_FOLDER).map_err(&io)?;
        disk.sync_folder("").map_err(&io)?;
        // What a killed process saw renamed may not be so after a power cut, until this.
        disk.sync_folder(SNAPSHOT_FOLDER).map_err(&io)?;
        for name in disk.list(SNAPSHOT_FOLDER).map_err(&io)? {
            if name.ends_with(UNFINISHED) {
                disk.remove(&format!("{SNAPSHOT_FOLDER}/{name}")).map_err(&io)?;
            }
        }
        Ok(Snapshots { disk, keep: keep.max(1) })
    }

    /// The snapshots of a folder that another process writes: to be listed and read, nothing is made or removed.
    pub fn open_to_read(disk: Arc<dyn Disk>) -> Snapshots {
        Snapshots { disk, keep: 1 }
    }

    /// The offsets of all snapshots, oldest first, good or not.
    pub fn list(&self) -> Result<Vec<u64>, SnapshotError> {
        let names = self.disk.list(SNAPSHOT_FOLDER).map_err(SnapshotError::io(SNAPSHOT_FOLDER))?;
        let mut offsets: Vec<u64> =
            names.iter().filter_map(|name| name.strip_suffix(ENDING)?.parse().ok()).collect();
        offsets.sort_unstable();
        Ok(offsets)
    }

    /// Begins a snapshot of the state at `offset`. Dropped before [`SnapshotWriter::finish`], it leaves nothing.
    pub fn begin(&self, offset: u64, format_version: u32) -> Result<SnapshotWriter, SnapshotError> {
        SnapshotWriter::begin(self.clone(), offset, format_version)
    }

    /// Opens a snapshot whose content has this format.
    pub fn open_snapshot(&self, offset: u64, format_version: u32) -> Result<SnapshotReader, SnapshotError> {
        let reader = SnapshotReader::open(self.disk.as_ref(), offset)?;
        if reader.format_version() == format_version {
            return Ok(reader);
        }
        let found = reader.format_version();
        Err(SnapshotError::Incompatible { file: snapshot_path(offset), found, wanted: format_version })
    }

    /// Reads a whole snapshot of any format and checks it.
    pub fn check(&self, offset: u64) -> Result<SnapshotInfo, SnapshotError> {
        let mut reader = SnapshotReader::open(self.disk.as_ref(), offset)?;
        while reader.next_block()?.is_some() {}
        Ok(reader.info())
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        self.disk.as_ref()
    }

    /// Makes a written file the snapshot of `offset` and removes the ones that are too old.
    fn publish(&self, offset: u64) -> Result<(), SnapshotError> {
        let path = snapshot_path(offset);
        let io = SnapshotError::io(&path);
        self.disk.rename(&unfinished(&path), &path).map_err(&io)?;
        self.disk.sync_folder(SNAPSHOT_FOLDER).map_err(&io)?;
        let offsets = self.list()?;
        let surplus = offsets.len().saturating_sub(self.keep);
        // The one that was just made durable stays, also when others have higher offsets.
        for old in offsets.into_iter().take(surplus).filter(|old| *old != offset) {
            self.disk.remove(&snapshot_path(old)).map_err(&io)?;
        }
        Ok(())
    }
}
