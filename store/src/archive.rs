//! Subjects at rest: immutable segments of sorted entries, and lists of which ones a state snapshot rests on.
//!
//! It exists so that dossiers whose periods are closed need no memory and are there again when a late event comes. A
//! segment is written under another name, synced and renamed; it never changes. What belongs together at a log
//! offset is said by the list of that offset, which is there whole or not at all.
//!
//! It deliberately does not know what an entry means, nor when to write, merge or tidy: no thread, no clock.

mod block;
mod draft;
mod error;
mod filter;
mod format;
mod list;
mod scan;
mod segment;
mod segments;
mod writer;

pub use draft::{ARCHIVE_KEY_BYTES_MAX, ARCHIVE_VALUE_BYTES_MAX, ArchiveDraft};
pub use error::ArchiveError;
pub(crate) use format::{ARCHIVE_FOLDER, list_path, segment_path};
pub(crate) use list::{LIST_BYTES_MAX, decode_list};
use list::{encode_list, read_list};
pub use scan::{Scan, ScanEntry};
pub(crate) use segment::Segment;
pub use segments::{SegmentSize, Segments};

use crate::disk::{Disk, UNFINISHED, remove_if_there, write_whole};
use format::Named;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use writer::SegmentWriter;

/// What [`Archive::check`] read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ArchiveReport {
    /// The segments.
    pub segments: u64,
    /// Their entries.
    pub entries: u64,
    /// Their bytes on disk.
    pub bytes: u64,
    /// The lists.
    pub lists: u64,
}

/// The archive of a data folder. Clones are cheap and go to other threads.
#[derive(Debug, Clone)]
pub struct Archive {
    disk: Arc<dyn Disk>,
    register: Arc<Mutex<Register>>,
}

/// What the clones must agree on.
#[derive(Debug, Default)]
struct Register {
    next_id: u64,
    /// The segments this process has written, or is writing, that no list has named yet.
    unlisted: BTreeSet<u64>,
    /// The segments someone has open: a filter is in memory once.
    open: BTreeMap<u64, Weak<Segment>>,
}

impl Archive {
    /// Opens the folder, creating it when it is not there, and removes what an interrupted writer left.
    ///
    /// Only one such value, and its clones, may be there at a time for one disk.
    pub fn open(disk: Arc<dyn Disk>) -> Result<Archive, ArchiveError> {
        let io = ArchiveError::io(ARCHIVE_FOLDER);
        disk.create_folder(ARCHIVE_FOLDER).map_err(&io)?;
        disk.sync_folder("").map_err(&io)?;
        // What a killed process saw renamed may not be so after a power cut, until this.
        disk.sync_folder(ARCHIVE_FOLDER).map_err(&io)?;
        for name in disk.list(ARCHIVE_FOLDER).map_err(&io)? {
            if name.ends_with(UNFINISHED) {
                disk.remove(&format!("{ARCHIVE_FOLDER}/{name}")).map_err(&io)?;
            }
        }
        let archive = Archive { disk, register: Arc::default() };
        let Names { segments: mut ids, lists } = archive.names()?;
        for offset in lists {
            match archive.list(offset) {
                Ok(listed) => ids.extend(listed),
                // It stops who needs it; here it would stop everybody.
                Err(ArchiveError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        archive.register().next_id = ids.into_iter().max().map_or(0, |last| last + 1);
        Ok(archive)
    }

    /// Writes the entries as a new segment, durably; says its id, or `None` for a draft without entries.
    ///
    /// Until a list names it, tidying leaves it alone as long as this process runs, unless it is
    /// [given up](Archive::give_up).
    pub fn write(&self, mut draft: ArchiveDraft) -> Result<Option<u64>, ArchiveError> {
        if draft.is_empty() {
            return Ok(None);
        }
        draft.sort();
        self.write_segment(draft.filter_keys(), |writer| {
            draft.entries().try_for_each(|entry| writer.push(entry.key, entry.filter_bytes, entry.value))
        })
        .map(Some)
    }

    /// Writes what the segments, given newest first, hold together as a new segment, durably; says its id.
    ///
    /// The given ones stay; it protects the new one from tidying as [`Archive::write`] does.
    pub fn merge(&self, ids: &[u64]) -> Result<u64, ArchiveError> {
        assert!(!ids.is_empty(), "a merge of no segments");
        let segments = self.open_segments(ids)?;
        let mut entries = segments.scan(&[]);
        self.write_segment(segments.filter_keys(), |writer| {
            while let Some(entry) = entries.next_block_entry()? {
                writer.push(entry.key(), entry.filter_bytes(), entry.value())?;
            }
            Ok(())
        })
    }

    fn write_segment(
        &self,
        filter_keys: u64,
        fill: impl FnOnce(&mut SegmentWriter<'_>) -> Result<(), ArchiveError>,
    ) -> Result<u64, ArchiveError> {
        let id = {
            let mut register = self.register();
            let id = register.next_id;
            register.next_id += 1;
            register.unlisted.insert(id);
            id
        };
        let written = SegmentWriter::begin(self.disk.as_ref(), id, filter_keys).and_then(|mut writer| {
            fill(&mut writer)?;
            writer.finish()
        });
        if written.is_err() {
            self.give_up(&[id]);
        }
        written.map(|()| id)
    }

    /// Lets tidying remove segments that this process has written and that no list will name.
    pub fn give_up(&self, ids: &[u64]) {
        let mut register = self.register();
        for id in ids {
            register.unlisted.remove(id);
        }
    }

    /// Sets, durably, which segments, newest first, the state snapshot at `offset` rests on.
    ///
    /// It must be set before that snapshot has its name, and an offset whose snapshot is there already keeps the
    /// list it has: between two files no step is one.
    pub fn set_list(&self, offset: u64, ids: &[u64]) -> Result<(), ArchiveError> {
        // Held to the end, so that nothing is tidied away between the look and the list.
        let mut register = self.register();
        let there = self.names()?.segments;
        if let Some(missing) = ids.iter().find(|id| !there.contains(id)) {
            return Err(ArchiveError::Missing { file: segment_path(*missing) });
        }
        let path = list_path(offset);
        write_whole(self.disk.as_ref(), ARCHIVE_FOLDER, &path, &encode_list(offset, ids))
            .map_err(ArchiveError::io(&path))?;
        for id in ids {
            register.unlisted.remove(id);
        }
        Ok(())
    }

    /// The segments of the list of `offset`, newest first.
    pub fn list(&self, offset: u64) -> Result<Vec<u64>, ArchiveError> {
        read_list(self.disk.as_ref(), offset)
    }

    /// Opens segments, given newest first. Those that are open already are shared.
    pub fn open_segments(&self, ids: &[u64]) -> Result<Segments, ArchiveError> {
        ids.iter().map(|id| self.open_segment(*id)).collect::<Result<_, _>>().map(Segments::new)
    }

    fn open_segment(&self, id: u64) -> Result<Arc<Segment>, ArchiveError> {
        let open = self.register().open.get(&id).and_then(Weak::upgrade);
        if let Some(segment) = open {
            return Ok(segment);
        }
        // Without the lock: a filter of many megabytes is read.
        let segment = Arc::new(Segment::open(self.disk.as_ref(), id)?);
        let open = &mut self.register().open;
        open.retain(|_, segment| segment.strong_count() > 0);
        open.insert(id, Arc::downgrade(&segment));
        Ok(segment)
    }

    /// Removes the lists of all offsets but these, and the segments that no remaining list names.
    ///
    /// When a list that stays cannot be read, that is the error and nothing is removed.
    pub fn tidy(&self, offsets: &[u64]) -> Result<(), ArchiveError> {
        // Held to the end, so that no list is set meanwhile.
        let register = self.register();
        let names = self.names()?;
        let (kept, old): (Vec<u64>, Vec<u64>) =
            names.lists.into_iter().partition(|offset| offsets.contains(offset));
        let mut needed = register.unlisted.clone();
        for offset in kept {
            needed.extend(self.list(offset)?);
        }
        self.remove_all(old.into_iter().map(Named::List))?;
        self.remove_all(names.segments.into_iter().filter(|id| !needed.contains(id)).map(Named::Segment))
    }

    /// Removes files for good: after a power cut no list is back whose segments are gone.
    fn remove_all(&self, files: impl Iterator<Item = Named>) -> Result<(), ArchiveError> {
        let mut is_changed = false;
        for path in files.map(Named::path) {
            remove_if_there(self.disk.as_ref(), &path).map_err(ArchiveError::io(&path))?;
            is_changed = true;
        }
        if is_changed {
            self.disk.sync_folder(ARCHIVE_FOLDER).map_err(ArchiveError::io(ARCHIVE_FOLDER))?;
        }
        Ok(())
    }

    /// Reads every byte of all segments and lists and checks it; the first that does not fit is the error.
    ///
    /// Tidying at the same time makes files go missing.
    pub fn check(&self) -> Result<ArchiveReport, ArchiveError> {
        let names = self.names()?;
        let mut report = ArchiveReport::default();
        for &id in &names.segments {
            // Opened anew: what was read when someone else opened it may be damaged by now.
            let segment = Segment::open(self.disk.as_ref(), id)?;
            segment.check()?;
            report.segments += 1;
            report.entries += segment.entries();
            report.bytes += segment.bytes();
        }
        for offset in names.lists {
            let listed = self.list(offset)?;
            if let Some(missing) = listed.into_iter().find(|id| !names.segments.contains(id)) {
                return Err(ArchiveError::Missing { file: segment_path(missing) });
            }
            report.lists += 1;
        }
        Ok(report)
    }

    fn names(&self) -> Result<Names, ArchiveError> {
        let mut names = Names::default();
        for name in self.disk.list(ARCHIVE_FOLDER).map_err(ArchiveError::io(ARCHIVE_FOLDER))? {
            match Named::parse(&name) {
                Some(Named::Segment(id)) => names.segments.push(id),
                Some(Named::List(offset)) => names.lists.push(offset),
                None => {}
            }
        }
        Ok(names)
    }

    fn register(&self) -> MutexGuard<'_, Register> {
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The files in the folder.
#[derive(Debug, Default)]
struct Names {
    segments: Vec<u64>,
    lists: Vec<u64>,
}
