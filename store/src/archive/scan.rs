//! Walking through several segments at once in the order of keys.
//!
//! It exists for two users: reading all entries with a prefix, and merging segments into one. Of a key that is in
//! several, the entry of the newest segment is seen and the others are not.
//!
//! It deliberately holds one block of each segment, whatever the segments hold.

use super::ArchiveError;
use super::block::Block;
use super::segment::Segment;
use std::cmp::Ordering;
use std::sync::Arc;

/// One segment that is walked through; it always stands at an entry.
#[derive(Debug)]
struct Cursor {
    segment: Arc<Segment>,
    next_block: usize,
    block: Block,
}

impl Cursor {
    /// Stands at the first entry that is not before `from`; `None` if there is none.
    fn begin(segment: &Arc<Segment>, from: &[u8]) -> Result<Option<Cursor>, ArchiveError> {
        let next_block = segment.block_of(from);
        let mut cursor = Cursor { segment: Arc::clone(segment), next_block, block: Block::default() };
        while cursor.advance()? {
            if cursor.block.key() >= from {
                return Ok(Some(cursor));
            }
        }
        Ok(None)
    }

    fn advance(&mut self) -> Result<bool, ArchiveError> {
        while !self.segment.advance(&mut self.block)? {
            if self.next_block == self.segment.blocks() {
                return Ok(false);
            }
            self.segment.read_block(self.next_block, &mut self.block)?;
            self.next_block += 1;
        }
        Ok(true)
    }
}

/// An entry that lies in the memory of the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanEntry<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
}

/// The entries whose keys begin with a prefix, in order, each key once. Ends after an error.
#[derive(Debug)]
pub struct Scan {
    prefix: Vec<u8>,
    /// The segments not begun yet, newest first.
    waiting: Vec<Arc<Segment>>,
    /// The others, newest first.
    cursors: Vec<Cursor>,
    /// The cursors that stand at the current key, newest first.
    current: Vec<usize>,
}

impl Scan {
    pub(super) fn new(segments: Vec<Arc<Segment>>, prefix: &[u8]) -> Scan {
        let cursors = Vec::with_capacity(segments.len());
        Scan { prefix: prefix.to_vec(), waiting: segments, cursors, current: Vec::new() }
    }

    /// The next entry, without a copy of it.
    pub fn next_entry(&mut self) -> Result<Option<ScanEntry<'_>>, ArchiveError> {
        Ok(self.next_block_entry()?.map(|block| ScanEntry { key: block.key(), value: block.value() }))
    }

    /// The block that stands at the next entry.
    pub(super) fn next_block_entry(&mut self) -> Result<Option<&Block>, ArchiveError> {
        if let Err(error) = self.leave_current() {
            self.cursors.clear();
            return Err(error);
        }
        self.choose();
        let block = self.current.first().map(|newest| &self.cursors[*newest].block);
        Ok(block.filter(|block| block.key().starts_with(&self.prefix)))
    }

    /// Moves on all cursors that stand at the current key, and drops those that are at their end.
    fn leave_current(&mut self) -> Result<(), ArchiveError> {
        for segment in std::mem::take(&mut self.waiting) {
            self.cursors.extend(Cursor::begin(&segment, &self.prefix)?);
        }
        // From behind, so that the places of the others stay.
        while let Some(place) = self.current.pop() {
            if !self.cursors[place].advance()? {
                self.cursors.remove(place);
            }
        }
        Ok(())
    }

    /// Finds the smallest key. There are few segments, so looking at each is no slower than a heap.
    fn choose(&mut self) {
        self.current.clear();
        for (place, cursor) in self.cursors.iter().enumerate() {
            let smallest = self.current.first().map(|newest| self.cursors[*newest].block.key());
            match smallest.map_or(Ordering::Less, |smallest| cursor.block.key().cmp(smallest)) {
                Ordering::Less => {
                    self.current.clear();
                    self.current.push(place);
                }
                Ordering::Equal => self.current.push(place),
                Ordering::Greater => {}
            }
        }
    }
}

impl Iterator for Scan {
    type Item = Result<(Vec<u8>, Vec<u8>), ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.next_entry().transpose()?;
        Some(entry.map(|entry| (entry.key.to_vec(), entry.value.to_vec())))
    }
}
