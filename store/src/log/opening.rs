//! Finding out what is in the log folder, after a clean close, a crash, or in the middle of anything.
//!
//! It exists to have one way in: opening, opening again after an error, and opening a backup all come here.
//!
//! It deliberately reads the sealed files not at all: their seals are checked, and their content when it is used.

use super::error::LogError;
use super::seal::{Seal, seal_path};
use super::segment::{self, Ends, Reading, Unsynced, segment_path};
use super::{LOG_FOLDER, begin_file};
use crate::disk::{Disk, UNFINISHED, unfinished};
use redb::Database;
use std::io;
use std::sync::Arc;

pub(super) struct Found {
    /// The sealed segments, oldest first.
    pub(super) sealed: Vec<Seal>,
    pub(super) ends: Ends,
    pub(super) ledger: Vec<u8>,
    pub(super) database: Database,
}

pub(super) fn open(disk: &dyn Disk, unsynced: &Arc<Unsynced>) -> Result<Found, LogError> {
    let io = LogError::io(LOG_FOLDER);
    disk.create_folder(LOG_FOLDER).map_err(&io)?;
    disk.sync_folder("").map_err(&io)?;
    // What a killed process saw renamed may not be so after a power cut, until this.
    disk.sync_folder(LOG_FOLDER).map_err(&io)?;
    let names = disk.list(LOG_FOLDER).map_err(&io)?;
    for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
        disk.remove(&format!("{LOG_FOLDER}/{name}")).map_err(&io)?;
    }
    let mut segments = offsets(&names, ".redb");
    remove_lone_seals(disk, &segments, &offsets(&names, ".seal"))?;
    let Some(newest) = segments.pop() else { return begin(disk, unsynced) };
    let sealed = read_seals(disk, &segments, newest)?;
    let (ends, ledger, database) = open_newest(disk, newest, unsynced)?;
    Ok(Found { sealed, ends, ledger, database })
}

/// The offsets in the names that end so, in order.
fn offsets(names: &[String], ending: &str) -> Vec<u64> {
    let mut offsets: Vec<u64> =
        names.iter().filter_map(|name| name.strip_suffix(ending)?.parse().ok()).collect();
    offsets.sort_unstable();
    offsets
}

/// A segment that is retired goes before its seal; any other seal without a segment is a loss.
fn remove_lone_seals(disk: &dyn Disk, segments: &[u64], seals: &[u64]) -> Result<(), LogError> {
    for first in seals.iter().filter(|first| !segments.contains(first)) {
        if segments.first().is_none_or(|oldest| first > oldest) {
            return Err(LogError::Missing { file: segment_path(*first) });
        }
        let path = seal_path(*first);
        disk.remove(&path).map_err(LogError::io(&path))?;
    }
    Ok(())
}

fn begin(disk: &dyn Disk, unsynced: &Arc<Unsynced>) -> Result<Found, LogError> {
    let ends = Ends::default();
    let path = segment_path(ends.first);
    let database = begin_file(disk, &path, unsynced, ends, &[], None)?;
    disk.rename(&unfinished(&path), &path).map_err(LogError::io(&path))?;
    disk.sync_folder(LOG_FOLDER).map_err(LogError::io(&path))?;
    Ok(Found { sealed: Vec::new(), ends, ledger: Vec::new(), database })
}

/// Checks that each older segment has its seal and ends where the next begins.
fn read_seals(disk: &dyn Disk, segments: &[u64], newest: u64) -> Result<Vec<Seal>, LogError> {
    let mut sealed: Vec<Seal> = Vec::with_capacity(segments.len());
    for (position, &first) in segments.iter().enumerate() {
        let path = segment_path(first);
        let seal = Seal::read(disk, first)?.ok_or(LogError::Missing { file: seal_path(first) })?;
        let length = disk.open(&path).and_then(|file| file.length()).map_err(LogError::io(&path))?;
        if length != seal.fingerprint.length {
            return Err(LogError::damaged(
                &path,
                format!("it has {length} bytes instead of {}", seal.fingerprint.length),
            ));
        }
        let next = segments.get(position + 1).copied().unwrap_or(newest);
        if seal.end != next {
            return Err(LogError::Gap { file: path, expected: seal.end, found: next });
        }
        sealed.push(seal);
    }
    Ok(sealed)
}

fn open_newest(
    disk: &dyn Disk,
    first: u64,
    unsynced: &Arc<Unsynced>,
) -> Result<(Ends, Vec<u8>, Database), LogError> {
    let path = segment_path(first);
    let seal = Seal::read(disk, first)?;
    if let Some(seal) = seal {
        seal.verify(disk, &path)?;
        // Before the first write, durably: a seal that no longer fits would look like damage.
        remove_seal(disk, first).map_err(LogError::io(&path))?;
    } else {
        // A sync may have failed in a former process, which then ended before it could write again.
        unsynced.write_all_again(disk, &path)?;
    }
    let database = segment::open(disk, &path, unsynced)?;
    let reading = Reading::begin(&database, &path)?;
    let ends = reading.ends()?;
    let ledger = reading.ledger()?;
    match seal {
        Some(seal) if seal.end != ends.next => {
            return Err(LogError::Gap { file: path, expected: ends.next, found: seal.end });
        }
        Some(_) => {}
        None => reading.check()?,
    }
    Ok((ends, ledger, database))
}

fn remove_seal(disk: &dyn Disk, first: u64) -> io::Result<()> {
    disk.remove(&seal_path(first))?;
    disk.sync_folder(LOG_FOLDER)
}
