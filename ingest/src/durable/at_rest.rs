//! Subjects at rest in files: what the engine asks of an archive, and what a save writes into it.
//!
//! The segments a snapshot rests on are listed, durably, before the snapshot has its name. There are few of them: small
//! neighbours are merged, as every event of a dossier not in memory asks each. Not here: what lies in an entry
//! (`compute::engine`), files (`store`).

use std::io;

use compute::engine::{ArchiveEntry, RestDraft};
use store::{Archive, ArchiveDraft, ArchiveError, Segments};

/// Segments a state rests on.
const SEGMENTS_MAX: usize = 6;

/// Segments, as the engine asks them.
#[derive(Debug)]
pub struct RestingPlace(pub Segments);

impl compute::engine::Archive for RestingPlace {
    fn get(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        self.0.get(key).map_err(io::Error::other)
    }

    fn may_hold(&self, key: &[u8]) -> bool {
        self.0.may_hold(key)
    }

    fn scan<'a>(&'a self, prefix: &[u8]) -> Box<dyn Iterator<Item = io::Result<ArchiveEntry>> + 'a> {
        Box::new(self.0.scan(prefix).map(|entry| entry.map_err(io::Error::other)))
    }

    fn scan_held<'a>(&'a self, key: &[u8]) -> Box<dyn Iterator<Item = io::Result<ArchiveEntry>> + 'a> {
        Box::new(self.0.scan_filtered(key).map(|entry| entry.map_err(io::Error::other)))
    }
}

/// What goes to rest with one save.
#[derive(Debug)]
pub struct RestWriter {
    archive: Archive,
    /// Newest first.
    ids: Vec<u64>,
    draft: ArchiveDraft,
}

impl RestWriter {
    /// For a state that rests on the segments `ids` so far, newest first.
    pub fn new(archive: &Archive, ids: &[u64]) -> RestWriter {
        RestWriter { archive: archive.clone(), ids: ids.to_vec(), draft: ArchiveDraft::new() }
    }

    /// Takes what the engine hands over.
    ///
    /// # Errors
    /// [`ArchiveError`] for an entry beyond all bounds.
    pub fn take(&mut self, draft: &RestDraft) -> Result<(), ArchiveError> {
        draft.iter().try_for_each(|(key, filtered, value)| self.draft.push(key, filtered, value))
    }

    /// Writes all that, and lists the segments for the snapshot at `offset`, which must not have its name yet.
    ///
    /// # Errors
    /// [`ArchiveError`] of the disk; the state then rests on what it did before.
    pub fn finish(self, offset: u64) -> Result<Segments, ArchiveError> {
        let RestWriter { archive, mut ids, draft } = self;
        let mut written = Vec::new();
        let listed = write(&archive, draft, &mut ids, &mut written)
            .and_then(|()| archive.set_list(offset, &ids))
            .and_then(|()| archive.open_segments(&ids));
        // What is listed now needs no other protection; what is not is tidied away.
        archive.give_up(&written);
        listed
    }
}

fn write(
    archive: &Archive,
    draft: ArchiveDraft,
    ids: &mut Vec<u64>,
    written: &mut Vec<u64>,
) -> Result<(), ArchiveError> {
    let newest = archive.write(draft)?;
    written.extend(newest);
    ids.splice(0..0, newest);
    while ids.len() > SEGMENTS_MAX {
        let sizes = archive.open_segments(ids)?.sizes();
        // Only neighbours: which of two entries is newer is told by the order of their segments.
        let smallest = (1..sizes.len()).min_by_key(|at| sizes[at - 1].entries + sizes[*at].entries);
        let at = smallest.expect("more than one segment") - 1;
        let merged = archive.merge(&ids[at..at + 2])?;
        written.push(merged);
        ids.splice(at..at + 2, [merged]);
    }
    Ok(())
}
