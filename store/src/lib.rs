//! The data folder of `nhip serve --data DIR`: a durable log of events, snapshots of state, and their disk.
//!
//! It exists so that a province needs no other service to lose nothing: what [`EventLog::append`] has
//! acknowledged survives a power cut, a full disk and a process killed at any instant, and a flipped bit in
//! any file is found instead of believed.
//!
//! It deliberately knows only bytes. What an event is, what a snapshot holds, and which of two copies of an
//! event counts, is decided above; there is no clock, no thread and no setting read here.

mod archive;
mod backup;
mod book;
mod days;
mod disk;
mod encoding;
mod folder;
mod log;
mod snapshots;

pub use archive::{
    ARCHIVE_KEY_BYTES_MAX, ARCHIVE_VALUE_BYTES_MAX, Archive, ArchiveDraft, ArchiveError, ArchiveReport, Scan,
    ScanEntry, SegmentSize, Segments,
};
pub use backup::{BackupError, backup, check_backup, restore, restore_on};
pub use book::{Book, BookChange, BookError};
pub use days::{Days, DaysFound};
pub use disk::local::{LocalDisk, LocalDiskError};
pub use disk::simulated::{Lasting, SimulatedDisk, Trouble};
pub use disk::{Disk, DiskFile};
pub use folder::{DataFolder, FolderError, FolderSettings};
pub use log::chunk::{CHUNK_BYTES_MAX, StoredChunk};
pub use log::error::LogError;
pub use log::reader::{LogChunks, LogReader};
pub use log::verify::{VerifyProgress, VerifyReport};
pub use log::{Appended, Chunk, EventLog, LEDGER_BYTES_MAX, LogSettings, SET_ASIDE_BYTES_MAX, SetAside};
pub use snapshots::reader::SnapshotReader;
pub use snapshots::writer::SnapshotWriter;
pub use snapshots::{SnapshotError, SnapshotInfo, Snapshots};
