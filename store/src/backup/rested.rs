//! Copying a snapshot together with the segments it rests on, while newer ones are written and old ones removed.
//!
//! It exists because a snapshot without its segments is half a state. The files are opened first and the snapshot
//! is read after that: as long as it is there nothing of it was tidied away, and what is open stays readable.
//!
//! It deliberately holds up nobody: when the list was replaced meanwhile, it begins again.

use super::{BackupError, copy, copy_opened, io_at};
use crate::archive::{
    ARCHIVE_FOLDER, ArchiveError, LIST_BYTES_MAX, Segment, decode_list, list_path, segment_path,
};
use crate::disk::{Disk, DiskFile, read_whole, write_whole};
use crate::snapshots::{SNAPSHOT_FOLDER, Snapshots};
use std::io;

/// How often a snapshot of one offset may be replaced while it is copied.
const ATTEMPTS_MAX: usize = 5;

/// Copies the snapshot of an offset, with its list and segments, unless it is gone or damaged.
pub(super) fn copy_snapshot(snapshots: &Snapshots, offset: u64, to: &dyn Disk) -> Result<(), BackupError> {
    let from = snapshots.disk();
    let path = format!("{SNAPSHOT_FOLDER}/{offset:020}.snapshot");
    for _ in 0..ATTEMPTS_MAX {
        let rested = Rested::open(from, offset);
        // One that is gone meanwhile was replaced by a newer one; one that is damaged helps nobody.
        if snapshots.check(offset).is_err() {
            return Ok(());
        }
        // Only now is a missing or damaged file of the archive a loss.
        let rested = rested?;
        copy(from, to, &path).map_err(io_at(&path))?;
        if rested.list == read_stored(from, offset)? {
            return rested.copy(offset, to);
        }
        to.remove(&path).map_err(io_at(&path))?;
    }
    Err(BackupError::Restless { offset })
}

/// What a snapshot rests on, open.
struct Rested {
    /// The list as it is stored; `None` for a snapshot that rests on nothing.
    list: Option<Vec<u8>>,
    segments: Vec<(u64, Box<dyn DiskFile>)>,
}

impl Rested {
    fn open(from: &dyn Disk, offset: u64) -> Result<Rested, BackupError> {
        let list = read_stored(from, offset)?;
        let ids = list.as_ref().map(|list| decode_list(offset, list)).transpose()?.unwrap_or_default();
        let open = |id| match from.open(&segment_path(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ArchiveError::Missing { file: segment_path(id) }.into())
            }
            other => other.map(|file| (id, file)).map_err(io_at(&segment_path(id))),
        };
        Ok(Rested { list, segments: ids.into_iter().map(open).collect::<Result<_, BackupError>>()? })
    }

    /// Copies the segments that another snapshot has not brought already, and the list.
    fn copy(self, offset: u64, to: &dyn Disk) -> Result<(), BackupError> {
        let Some(list) = self.list else { return Ok(()) };
        for (id, file) in self.segments {
            let path = segment_path(id);
            match copy_opened(file.as_ref(), to, &path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                other => other.map_err(io_at(&path))?,
            };
            // The copy is checked, not the source, so that damage on the way is found as well.
            Segment::open(to, id)?.check()?;
        }
        let path = list_path(offset);
        write_whole(to, ARCHIVE_FOLDER, &path, &list).map_err(io_at(&path))
    }
}

/// The bytes of a list; `None` if there is none.
fn read_stored(from: &dyn Disk, offset: u64) -> Result<Option<Vec<u8>>, BackupError> {
    match read_whole(from, &list_path(offset), LIST_BYTES_MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some).map_err(io_at(&list_path(offset))),
    }
}
