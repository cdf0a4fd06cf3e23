//! A block of entries: writing it entry by entry, and walking through it.
//!
//! It exists because neighbours in order begin alike: an entry says how many bytes of the key before it it keeps,
//! and then only the rest. A block begins without a key before it, so that each is read on its own.
//!
//! It deliberately knows no disk, compression or checksum.

use crate::encoding::{Fields, put_varint};
use std::cmp::Ordering;
use std::ops::Range;

/// What the bytes of a block are when they are no entries.
#[derive(Debug)]
pub(super) struct Misshapen;

/// A block that is being filled.
#[derive(Debug, Default)]
pub(super) struct BlockDraft {
    bytes: Vec<u8>,
    entries: u32,
    last_key: Vec<u8>,
}

impl BlockDraft {
    pub(super) fn push(&mut self, key: &[u8], filter_bytes: usize, value: &[u8]) {
        let before: &[u8] = if self.entries == 0 { &[] } else { &self.last_key };
        let shared = before.iter().zip(key).take_while(|(one, other)| one == other).count();
        for number in [shared, key.len() - shared, filter_bytes, value.len()] {
            put_varint(&mut self.bytes, number as u64);
        }
        self.bytes.extend_from_slice(&key[shared..]);
        self.bytes.extend_from_slice(value);
        self.entries += 1;
        self.last_key.truncate(shared);
        self.last_key.extend_from_slice(&key[shared..]);
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.entries = 0;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn entries(&self) -> u32 {
        self.entries
    }

    /// The key pushed last, also of the block before.
    pub(super) fn last_key(&self) -> &[u8] {
        &self.last_key
    }
}

/// Where the parts of an entry lie in a block.
#[derive(Debug)]
struct Entry {
    /// The bytes its key has in common with the key before.
    shared: usize,
    /// The rest of the key.
    rest: Range<usize>,
    filter_bytes: usize,
    value: Range<usize>,
}

/// A block that is walked through. Before the first [`Block::advance`] it stands at no entry.
#[derive(Debug, Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    /// Where the next entry begins.
    next: usize,
    key: Vec<u8>,
    filter_bytes: usize,
    value: Range<usize>,
}

impl Block {
    /// Begins another block in the memory of this one; `fill` gets it empty.
    pub(super) fn refill<E>(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        self.bytes.clear();
        (self.next, self.value) = (0, 0..0);
        self.key.clear();
        fill(&mut self.bytes)
    }

    /// Goes to the next entry; `false` behind the last.
    pub(super) fn advance(&mut self) -> Result<bool, Misshapen> {
        if self.next == self.bytes.len() {
            return Ok(false);
        }
        self.read_entry().map(|()| true).ok_or(Misshapen)
    }

    fn read_entry(&mut self) -> Option<()> {
        let entry = self.entry_at_next()?;
        if entry.shared > self.key.len() {
            return None;
        }
        self.key.truncate(entry.shared);
        self.key.extend_from_slice(&self.bytes[entry.rest.clone()]);
        self.stand_at(entry);
        (self.filter_bytes <= self.key.len()).then_some(())
    }

    /// Goes to the entry of `key`, in a block that was not walked through yet; `false` if there is none.
    ///
    /// Compares each entry by the part it does not share with the one before, and puts no key together but the
    /// one it finds.
    pub(super) fn find(&mut self, key: &[u8]) -> Result<bool, Misshapen> {
        // How many bytes of the entry before, which is smaller, are those of `key`.
        let mut alike = 0;
        while self.next < self.bytes.len() {
            let entry = self.entry_at_next().ok_or(Misshapen)?;
            if entry.shared < alike {
                // It is greater than the one before at a byte where that one was like `key`.
                return Ok(false);
            }
            self.next = entry.value.end;
            if entry.shared > alike {
                continue;
            }
            let (rest, wanted) = (&self.bytes[entry.rest.clone()], &key[alike..]);
            match rest.cmp(wanted) {
                Ordering::Less => {
                    alike += rest.iter().zip(wanted).take_while(|(one, other)| one == other).count();
                }
                Ordering::Equal => {
                    self.key = key.to_vec();
                    self.stand_at(entry);
                    return if self.filter_bytes <= key.len() { Ok(true) } else { Err(Misshapen) };
                }
                Ordering::Greater => return Ok(false),
            }
        }
        Ok(false)
    }

    fn entry_at_next(&self) -> Option<Entry> {
        let mut fields = Fields(&self.bytes[self.next..]);
        let mut number = || fields.varint().and_then(|number| usize::try_from(number).ok());
        let (shared, rest_bytes, filter_bytes, value_bytes) = (number()?, number()?, number()?, number()?);
        let start = self.bytes.len() - fields.rest().len();
        let value_start = start.checked_add(rest_bytes)?;
        let end = value_start.checked_add(value_bytes).filter(|end| *end <= self.bytes.len())?;
        Some(Entry { shared, rest: start..value_start, filter_bytes, value: value_start..end })
    }

    fn stand_at(&mut self, entry: Entry) {
        self.next = entry.value.end;
        (self.filter_bytes, self.value) = (entry.filter_bytes, entry.value);
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    pub(super) fn filter_bytes(&self) -> usize {
        self.filter_bytes
    }

    /// What of the key the filter knows.
    pub(super) fn filter_key(&self) -> &[u8] {
        &self.key[..self.filter_bytes]
    }

    pub(super) fn value(&self) -> &[u8] {
        &self.bytes[self.value.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, BlockDraft};

    /// All words of up to six letters from two, in order: most begin like their neighbours.
    fn words() -> Vec<Vec<u8>> {
        let letters = |length: usize, bits: usize| {
            (0..length).map(move |letter| if bits >> letter & 1 == 0 { b'a' } else { b'b' }).collect()
        };
        let mut words: Vec<Vec<u8>> =
            (0..7).flat_map(|length| (0..1 << length).map(move |bits| letters(length, bits))).collect();
        words.sort();
        words
    }

    #[test]
    fn a_key_is_found_in_a_block_exactly_when_walking_through_it_finds_it() {
        for seed in 1..200_usize {
            let mut draft = BlockDraft::default();
            let words = words();
            let is_there =
                |place: usize| ((place * 7919 + 13).wrapping_mul(seed * 31) / 64).is_multiple_of(3);
            let there =
                || words.iter().enumerate().filter(|(place, _)| is_there(*place)).map(|(_, word)| word);
            there().for_each(|word| draft.push(word, word.len() / 2, word));
            let filled = || {
                let mut block = Block::default();
                let fill = |bytes: &mut Vec<u8>| {
                    bytes.extend_from_slice(draft.bytes());
                    Ok::<(), ()>(())
                };
                block.refill(fill).unwrap();
                block
            };
            let mut walked = filled();
            for word in there() {
                assert!(walked.advance().unwrap());
                assert_eq!((walked.key(), walked.value()), (&**word, &**word), "seed {seed}");
            }
            assert!(!walked.advance().unwrap());
            for (place, word) in words.iter().enumerate() {
                let mut block = filled();
                assert_eq!(block.find(word).unwrap(), is_there(place), "seed {seed}: {word:?}");
                if is_there(place) {
                    assert_eq!((block.key(), block.value()), (&**word, &**word), "seed {seed}");
                    assert_eq!(block.filter_bytes(), word.len() / 2, "seed {seed}");
                }
            }
        }
    }

    #[test]
    fn bytes_that_are_no_entries_are_refused_and_nothing_panics() {
        let mut draft = BlockDraft::default();
        for word in words() {
            draft.push(&word, word.len() / 2, &word);
        }
        for place in 0..draft.bytes().len() {
            for wrong in [0, 1, 0x7F, 0x80, 0xFF] {
                let mut block = Block::default();
                let fill = |bytes: &mut Vec<u8>| {
                    bytes.extend_from_slice(draft.bytes());
                    bytes[place] = wrong;
                    Ok::<(), ()>(())
                };
                block.refill(fill).unwrap();
                let _ = block.find(b"bbbbbb");
                block.refill(fill).unwrap();
                while block.advance().unwrap_or(false) {}
            }
        }
    }
}
