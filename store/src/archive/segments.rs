//! Open segments that are read as one: what the newest of them says of a key counts.
//!
//! It exists so that many threads ask at once, without a lock, while other segments are written and merged. The
//! files stay readable as long as they are open here, also when tidying has removed their names.
//!
//! It deliberately keeps no block in memory: subjects at rest are asked for seldom, and each once.

use super::ArchiveError;
use super::block::Block;
use super::filter::hash;
use super::scan::Scan;
use super::segment::Segment;
use std::sync::Arc;

/// What one segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentSize {
    /// The segment.
    pub id: u64,
    /// Its entries.
    pub entries: u64,
    /// The length of its file.
    pub bytes: u64,
}

/// Open segments, newest first. Clones are cheap and go to other threads.
#[derive(Debug, Clone)]
pub struct Segments {
    ids: Arc<[u64]>,
    segments: Arc<[Arc<Segment>]>,
}

impl Segments {
    pub(super) fn new(segments: Vec<Arc<Segment>>) -> Segments {
        Segments { ids: segments.iter().map(|segment| segment.id()).collect(), segments: segments.into() }
    }

    /// The segments, newest first.
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// The entries of all segments; a key in two of them is counted twice.
    pub fn entries(&self) -> u64 {
        self.segments.iter().map(|segment| segment.entries()).sum()
    }

    /// The bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes()).sum()
    }

    /// The bytes in memory: filters and indexes.
    pub fn memory(&self) -> usize {
        self.segments.iter().map(|segment| segment.memory()).sum()
    }

    /// What each segment holds, newest first, so that a caller can choose which to merge.
    pub fn sizes(&self) -> Vec<SegmentSize> {
        let size = |segment: &Arc<Segment>| SegmentSize {
            id: segment.id(),
            entries: segment.entries(),
            bytes: segment.bytes(),
        };
        self.segments.iter().map(size).collect()
    }

    pub(super) fn filter_keys(&self) -> u64 {
        self.segments.iter().map(|segment| segment.filter_keys()).sum()
    }

    /// The value of a key that was pushed with all its bytes in the filter.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ArchiveError> {
        let hash = hash(key);
        let mut block = Block::default();
        for segment in self.segments.iter().filter(|segment| segment.may_hold(hash)) {
            // An entry that is here by chance, its filter saying less, is not found today and missed tomorrow.
            if segment.find(key, &mut block)? && block.filter_bytes() == key.len() {
                return Ok(Some(block.value().to_vec()));
            }
        }
        Ok(None)
    }

    /// Whether an entry may be there whose first bytes in the filter are exactly these. Costs no disk; is wrong for
    /// less than one absent key in a hundred for each segment, and never for one that is there.
    pub fn may_hold(&self, filter_key: &[u8]) -> bool {
        let hash = hash(filter_key);
        self.segments.iter().any(|segment| segment.may_hold(hash))
    }

    /// All entries whose keys begin with `prefix`.
    pub fn scan(&self, prefix: &[u8]) -> Scan {
        Scan::new(self.segments.to_vec(), prefix)
    }

    /// The entries whose keys begin with `filter_key`, from those segments alone whose filter does not deny it:
    /// all of them, when they were pushed with exactly these bytes in the filter.
    pub fn scan_filtered(&self, filter_key: &[u8]) -> Scan {
        let hash = hash(filter_key);
        let held = self.segments.iter().filter(|segment| segment.may_hold(hash));
        Scan::new(held.cloned().collect(), filter_key)
    }
}
