//! A copy of a running data folder, and bringing it back.
//!
//! It exists so that one machine can burn. The snapshots are listed before the log is copied, so that the copied
//! log reaches at least as far as each copied snapshot; with a snapshot goes what it rests on in the archive, and with
//! all of it what lies beside. A list of all files with their checksums is written last: without it the folder is no
//! backup.
//!
//! It deliberately copies whole: no increments, no compression beyond what the files have.

use crate::archive::{ARCHIVE_FOLDER, ArchiveError};
use crate::book::{Book, BookError};
use crate::disk::local::{LOCK_FILE, LocalDisk, LocalDiskError};
use crate::disk::{Disk, DiskFile, Fingerprint, fingerprint, read_pieces, read_whole, write_whole};
use crate::encoding::checksum_of;
use crate::folder::MARKER;
use crate::log::LOG_FOLDER;
use crate::log::error::LogError;
use crate::log::reader::LogReader;
use crate::snapshots::{SNAPSHOT_FOLDER, SnapshotError, Snapshots};
use std::fmt::Write;
use std::io;
use std::path::Path;

mod beside;
mod rested;

/// The folders every backup has.
const FOLDERS: [&str; 3] = [LOG_FOLDER, SNAPSHOT_FOLDER, ARCHIVE_FOLDER];
/// The list of the files of a backup.
pub(crate) const MANIFEST: &str = "backup";
const MANIFEST_NAME: &str = "nhip backup 1";
const MANIFEST_BYTES_MAX: u64 = 16 << 20;

/// Why a backup cannot be made or brought back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A folder cannot be used or is in use.
    #[error(transparent)]
    Disk(#[from] LocalDiskError),
    /// A disk refused.
    #[error("the disk failed at {file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What it said.
        source: io::Error,
    },
    /// The target has files.
    #[error("the folder to write to has files, such as {file}; choose an empty one")]
    NotEmpty {
        /// One of them.
        file: String,
    },
    /// The folder has no list of files, so the backup was not finished.
    #[error("the folder is no finished backup: the file {MANIFEST} is missing")]
    Unfinished,
    /// A file is not as it was written.
    #[error("the file {file} of the backup is damaged or missing; use another backup")]
    Damaged {
        /// The file.
        file: String,
    },
    /// The log cannot be copied.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A snapshot cannot be copied.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// What a snapshot rests on cannot be copied; it may be nowhere else, so there is no backup without it.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A book beside the log cannot be copied.
    #[error(transparent)]
    Book(#[from] BookError),
    /// A snapshot was written again and again while it was copied.
    #[error("the snapshot at offset {offset} did not stay the same while it was copied; try again")]
    Restless {
        /// Its offset.
        offset: u64,
    },
}

fn io_at(file: &str) -> impl Fn(io::Error) -> BackupError + '_ {
    move |source| BackupError::Io { file: file.to_owned(), source }
}

/// Copies log, good snapshots with what they rest on, what lies beside, and marker to an empty disk while all of it is
/// written. `books` are those of the folder that are open, with their names in it.
pub fn backup(
    log: &LogReader,
    snapshots: &Snapshots,
    books: &[(&str, Book)],
    to: &dyn Disk,
) -> Result<(), BackupError> {
    refuse_files(to)?;
    let offsets = snapshots.list()?;
    log.copy_to(to)?;
    to.create_folder(SNAPSHOT_FOLDER).map_err(io_at(SNAPSHOT_FOLDER))?;
    to.create_folder(ARCHIVE_FOLDER).map_err(io_at(ARCHIVE_FOLDER))?;
    for offset in offsets {
        rested::copy_snapshot(snapshots, offset, to)?;
    }
    beside::copy_beside(snapshots.disk(), books, to)?;
    copy(snapshots.disk(), to, MARKER).map_err(io_at(MARKER))?;
    finish_backup(to)
}

/// Syncs the names and writes the list of files.
fn finish_backup(to: &dyn Disk) -> Result<(), BackupError> {
    let mut manifest = format!("{MANIFEST_NAME}\n");
    sync_folders(to)?;
    for path in backed_up_files(to)? {
        let file = to.open(&path).map_err(io_at(&path))?;
        let Fingerprint { length, checksum } = fingerprint(file.as_ref()).map_err(io_at(&path))?;
        writeln!(manifest, "{checksum:08x} {length} {path}").expect("memory takes any text");
    }
    let checksum = checksum_of(0, &[manifest.as_bytes()]);
    writeln!(manifest, "{checksum:08x}").expect("memory takes any text");
    write_whole(to, "", MANIFEST, manifest.as_bytes()).map_err(io_at(MANIFEST))
}

fn backed_up_files(disk: &dyn Disk) -> Result<Vec<String>, BackupError> {
    let mut paths = vec![MARKER.to_owned()];
    for folder in FOLDERS {
        let names = disk.list(folder).map_err(io_at(folder))?;
        paths.extend(names.into_iter().map(|name| format!("{folder}/{name}")));
    }
    for folder in beside::FOLDERS {
        paths.extend(beside::listed(disk, folder)?.into_iter().map(|name| format!("{folder}/{name}")));
    }
    paths.extend(beside::listed_books(disk)?);
    Ok(paths)
}

/// Makes the names in all folders durable; those beside the log may not be there.
fn sync_folders(disk: &dyn Disk) -> Result<(), BackupError> {
    for folder in FOLDERS.into_iter().chain([""]) {
        disk.sync_folder(folder).map_err(io_at(folder))?;
    }
    for folder in beside::FOLDERS {
        match disk.sync_folder(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.map_err(io_at(folder))?,
        }
    }
    Ok(())
}

/// Brings a backup into an empty folder of this machine.
pub fn restore(from: &Path, to: &Path) -> Result<(), BackupError> {
    restore_on(&LocalDisk::open(from)?, &LocalDisk::open(to)?)
}

/// Reads a whole backup and compares it with its list of files; writes nothing.
pub fn check_backup(from: &dyn Disk) -> Result<(), BackupError> {
    for (path, expected) in read_manifest(from)? {
        let found = from.open(&path).and_then(|file| fingerprint(file.as_ref()));
        same_file(&path, found, expected)?;
    }
    Ok(())
}

/// Brings a backup to an empty disk. Copies every listed file and compares; the marker comes last, so that half of it is no data folder.
pub fn restore_on(from: &dyn Disk, to: &dyn Disk) -> Result<(), BackupError> {
    refuse_files(to)?;
    let files = read_manifest(from)?;
    let is_used = |folder: &&str| files.iter().any(|(path, _)| path.starts_with(&format!("{folder}/")));
    for folder in FOLDERS.into_iter().chain(beside::FOLDERS.into_iter().filter(is_used)) {
        to.create_folder(folder).map_err(io_at(folder))?;
    }
    let (marker, content): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| path == MARKER);
    for (path, expected) in content {
        copy_checked(from, to, path, *expected)?;
    }
    sync_folders(to)?;
    for (path, expected) in marker {
        copy_checked(from, to, path, *expected)?;
    }
    to.sync_folder("").map_err(io_at(""))
}

fn read_manifest(from: &dyn Disk) -> Result<Vec<(String, Fingerprint)>, BackupError> {
    let stored = match read_whole(from, MANIFEST, MANIFEST_BYTES_MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BackupError::Unfinished),
        other => other.map_err(io_at(MANIFEST))?,
    };
    parse_manifest(&stored).ok_or_else(|| BackupError::Damaged { file: MANIFEST.to_owned() })
}

fn parse_manifest(stored: &[u8]) -> Option<Vec<(String, Fingerprint)>> {
    let text = std::str::from_utf8(stored).ok()?;
    let content = &text[..=text.strip_suffix('\n')?.rfind('\n')?];
    let checksum = checksum_of(0, &[content.as_bytes()]);
    if text != format!("{content}{checksum:08x}\n") {
        return None;
    }
    let mut lines = content.lines();
    if lines.next()? != MANIFEST_NAME {
        return None;
    }
    lines
        .map(|line| {
            let mut fields = line.splitn(3, ' ');
            let checksum = u32::from_str_radix(fields.next()?, 16).ok()?;
            let length = fields.next()?.parse().ok()?;
            Some((fields.next()?.to_owned(), Fingerprint { length, checksum }))
        })
        .collect()
}

fn refuse_files(disk: &dyn Disk) -> Result<(), BackupError> {
    let names = disk.list("").map_err(io_at(""))?;
    match names.into_iter().find(|name| name != LOCK_FILE) {
        Some(file) => Err(BackupError::NotEmpty { file }),
        None => Ok(()),
    }
}

/// Copies a file and says what went through.
fn copy(from: &dyn Disk, to: &dyn Disk, path: &str) -> io::Result<Fingerprint> {
    copy_opened(from.open(path)?.as_ref(), to, path)
}

/// Copies a file that is open, also when its name is gone.
fn copy_opened(source: &dyn DiskFile, to: &dyn Disk, path: &str) -> io::Result<Fingerprint> {
    let target = to.create(path)?;
    let mut checksum = crc32fast::Hasher::new();
    let length = read_pieces(source, |offset, piece| {
        checksum.update(piece);
        target.write_at(offset, piece)
    })?;
    target.sync()?;
    Ok(Fingerprint { length, checksum: checksum.finalize() })
}

fn copy_checked(
    from: &dyn Disk,
    to: &dyn Disk,
    path: &str,
    expected: Fingerprint,
) -> Result<(), BackupError> {
    same_file(path, copy(from, to, path), expected)
}

fn same_file(path: &str, found: io::Result<Fingerprint>, expected: Fingerprint) -> Result<(), BackupError> {
    let damaged = || BackupError::Damaged { file: path.to_owned() };
    match found {
        Ok(found) if found == expected => Ok(()),
        Ok(_) => Err(damaged()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(damaged()),
        Err(error) => Err(io_at(path)(error)),
    }
}
