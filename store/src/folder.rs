//! The data folder: log, snapshots, archive, and the marker that says which layout they have.
//!
//! It exists so that a folder of a newer release, of another program, or a backup is refused with a sentence
//! instead of being written into.
//!
//! It deliberately converts nothing: there is one layout so far.

use crate::archive::{Archive, ArchiveError};
use crate::backup::{self, BackupError, MANIFEST};
use crate::book::{BOOK_ENDING, Book, BookError};
use crate::days::Days;
use crate::disk::local::{LOCK_FILE, LocalDisk, LocalDiskError};
use crate::disk::{Disk, UNFINISHED, read_whole, write_whole};
use crate::encoding::checksum_of;
use crate::log::error::LogError;
use crate::log::verify::{VerifyProgress, VerifyReport};
use crate::log::{EventLog, LogSettings};
use crate::snapshots::{SnapshotError, Snapshots};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The file that says what the folder is.
pub(crate) const MARKER: &str = "format";
const MARKER_NAME: &str = "nhip data folder";
const LAYOUT_VERSION: u32 = 1;
const MARKER_BYTES_MAX: u64 = 256;

/// The bounds of a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderSettings {
    /// The bounds of the log.
    pub log: LogSettings,
    /// How many snapshots are kept.
    pub snapshots_kept: usize,
}

impl Default for FolderSettings {
    fn default() -> FolderSettings {
        FolderSettings { log: LogSettings::default(), snapshots_kept: 3 }
    }
}

/// Why a data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be used or is in use.
    #[error(transparent)]
    Disk(#[from] LocalDiskError),
    /// The disk refused.
    #[error("the disk failed at {file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What it said.
        source: io::Error,
    },
    /// There are files, and none of them says that this is a data folder.
    #[error("the folder has files, such as {file}, but is no data folder of nhip; choose an empty one")]
    Foreign {
        /// One of the files.
        file: String,
    },
    /// It is a backup.
    #[error("the folder is a backup; restore it into an empty folder first, so that it stays as it is")]
    IsBackup,
    /// A newer release wrote it.
    #[error(
        "the folder has layout {found} and this program knows up to {known}; use the newer nhip that wrote it"
    )]
    Newer {
        /// Its layout.
        found: u32,
        /// The newest layout this program knows.
        known: u32,
    },
    /// The marker is not as it was written.
    #[error("the file {MARKER} is damaged; restore the folder from a backup")]
    DamagedMarker,
    /// The log cannot be opened.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The snapshots cannot be opened.
    #[error(transparent)]
    Snapshots(#[from] SnapshotError),
    /// The archive cannot be opened.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What was noted of a day cannot be used.
    #[error("{problem}")]
    Day {
        /// Names the file.
        problem: String,
    },
    /// A book cannot be used.
    #[error(transparent)]
    Book(#[from] BookError),
}

/// An open data folder.
#[derive(Debug)]
pub struct DataFolder {
    /// The log; move it to the thread that writes.
    pub log: EventLog,
    /// The snapshots.
    pub snapshots: Snapshots,
    /// The subjects at rest, on which snapshots rest.
    pub archive: Archive,
    /// What was shown at the start of each day.
    pub days: Days,
}

impl DataFolder {
    /// Opens the folder `root`, creating it when it is not there.
    pub fn open(root: &Path, settings: FolderSettings) -> Result<DataFolder, FolderError> {
        DataFolder::open_on(Arc::new(LocalDisk::open(root)?), settings)
    }

    /// Opens a folder on any disk.
    pub fn open_on(disk: Arc<dyn Disk>, settings: FolderSettings) -> Result<DataFolder, FolderError> {
        mark(disk.as_ref())?;
        let log = EventLog::open(Arc::clone(&disk), settings.log)?;
        let snapshots = Snapshots::open(Arc::clone(&disk), settings.snapshots_kept)?;
        let days = Days::on(Arc::clone(&disk));
        let archive = Archive::open(disk)?;
        Ok(DataFolder { log, snapshots, archive, days })
    }

    /// Copies the folder as it is at one instant into a new one, which [`crate::restore`] reads; no book of it is open.
    pub fn backup(&self, to: &Path) -> Result<(), BackupError> {
        backup::backup(&self.log.reader(), &self.snapshots, &[], &LocalDisk::open(to)?)
    }

    /// Reads and checks everything; the first thing that does not fit is the error.
    pub fn verify(&mut self, progress: impl FnMut(VerifyProgress)) -> Result<VerifyReport, FolderError> {
        let report = self.log.verify(progress)?;
        for offset in self.snapshots.list()? {
            self.snapshots.check(offset)?;
        }
        self.archive.check()?;
        if let Some(problem) = self.days.problems().into_iter().next() {
            return Err(FolderError::Day { problem });
        }
        let disk = self.snapshots.disk();
        let names = disk.list("").map_err(|source| FolderError::Io { file: String::new(), source })?;
        for name in names.iter().filter(|name| name.ends_with(BOOK_ENDING)) {
            Book::open_on(disk, name)?;
        }
        Ok(report)
    }

    /// Closes the log and seals it.
    pub fn close(self) -> Result<(), FolderError> {
        Ok(self.log.close()?)
    }
}

/// The marker: for people two lines, for the program a checksum.
pub(crate) fn marker(version: u32) -> String {
    let content = format!("{MARKER_NAME}\nlayout {version}\n");
    let checksum = checksum_of(0, &[content.as_bytes()]);
    format!("{content}checksum {checksum:08x}\n")
}

/// Checks the marker; writes it, first of all files, when the folder is empty.
fn mark(disk: &dyn Disk) -> Result<(), FolderError> {
    let io = |source| FolderError::Io { file: MARKER.to_owned(), source };
    let names = disk.list("").map_err(io)?;
    if names.iter().any(|name| name == MANIFEST) {
        return Err(FolderError::IsBackup);
    }
    if names.iter().any(|name| name == MARKER) {
        let stored = read_whole(disk, MARKER, MARKER_BYTES_MAX).map_err(io)?;
        return check_marker(&stored);
    }
    // An interrupted beginning leaves the unfinished marker, and nothing else of ours comes before the marker.
    let unfinished = format!("{MARKER}{UNFINISHED}");
    if let Some(file) = names.into_iter().find(|name| *name != LOCK_FILE && *name != unfinished) {
        return Err(FolderError::Foreign { file });
    }
    write_whole(disk, "", MARKER, marker(LAYOUT_VERSION).as_bytes()).map_err(io)
}

fn check_marker(stored: &[u8]) -> Result<(), FolderError> {
    let version = std::str::from_utf8(stored).ok().and_then(|text| {
        let version = text.lines().nth(1)?.strip_prefix("layout ")?.parse().ok()?;
        (text == marker(version)).then_some(version)
    });
    match version {
        Some(LAYOUT_VERSION) => Ok(()),
        Some(found) => Err(FolderError::Newer { found, known: LAYOUT_VERSION }),
        None => Err(FolderError::DamagedMarker),
    }
}
