//! Subjects at rest: dossiers that have ended, whose periods are closed, and of which nothing was heard for a while.
//!
//! They lie in an archive outside memory, with what they count as, and their counts stay. An event, a retraction, a
//! complaint, a redefinition or a question about one brings it back; a subject in memory always stands before its copy
//! in the archive. Going to rest is part of a save: the state lists what is in memory, the archive holds the others, and
//! only when both are durable do they leave memory. Not here: files (`store`), which snapshot rests on which of them.

mod draft;
mod entry;
mod leave;
mod refold;
mod wake;

use std::fmt::Debug;
use std::io;

pub use draft::RestDraft;
pub(super) use entry::{RestingSubject, Whose, all_subjects, key_of_rows, mask_of_row};
pub(super) use leave::{Chooser, Leaving, ShardResting, hash_of};
pub(super) use wake::Woken;

use crate::instant::Instant;

/// An entry of an archive: its key and its value.
pub type ArchiveEntry = (Vec<u8>, Vec<u8>);

/// Where subjects at rest lie: entries sorted by key, of equal keys the one written last.
pub trait Archive: Debug + Send + Sync {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>>;
    /// Whether there may be entries whose key begins so, by the part of it a [`RestDraft`] named for this; asks no disk.
    fn may_hold(&self, key: &[u8]) -> bool;
    /// The entries whose keys begin so, in order.
    fn scan<'a>(&'a self, prefix: &[u8]) -> Box<dyn Iterator<Item = io::Result<ArchiveEntry>> + 'a>;
    /// The same for a key that [`Archive::may_hold`] may be asked for.
    fn scan_held<'a>(&'a self, key: &[u8]) -> Box<dyn Iterator<Item = io::Result<ArchiveEntry>> + 'a> {
        self.scan(key)
    }
}

/// Which dossiers go to rest with a save.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RestRule {
    /// Those of which no event is dated at or after this.
    pub quiet_since: Instant,
    /// So many at most; the others with a later save.
    pub subjects_max: usize,
}

/// How much is at rest, less what was brought back.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct AtRest {
    /// Subjects.
    pub subjects: u64,
    /// Their events.
    pub events: u64,
}
