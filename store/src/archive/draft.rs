//! The entries of a segment that is not written yet, in any order.
//!
//! It exists because a round of rest gathers about a million small entries: they lie in one piece of memory, at
//! 24 bytes an entry beside their own, and are put in order once.
//!
//! It deliberately compares nothing before that: which of two copies of a key counts is seen when it is written.

use super::ArchiveError;

/// The most bytes a key may have.
pub const ARCHIVE_KEY_BYTES_MAX: usize = u16::MAX as usize;
/// The most bytes a value may have.
pub const ARCHIVE_VALUE_BYTES_MAX: usize = 256 << 20;

/// Entries for a segment. Of a key that is pushed twice, the later push counts.
#[derive(Debug, Default)]
pub struct ArchiveDraft {
    /// Keys and values, one behind the other.
    bytes: Vec<u8>,
    places: Vec<Place>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// The first eight bytes of the key, so that sorting seldom leaves this list.
    key_start: u64,
    start: usize,
    value_bytes: u32,
    key_bytes: u16,
    filter_bytes: u16,
}

/// An entry of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DraftEntry<'a> {
    pub(super) key: &'a [u8],
    pub(super) filter_bytes: usize,
    pub(super) value: &'a [u8],
}

impl ArchiveDraft {
    /// An empty draft.
    pub fn new() -> ArchiveDraft {
        ArchiveDraft::default()
    }

    /// Adds an entry; its first `filter_bytes` bytes go into the filter of the segment, none if 0.
    ///
    /// [`super::Segments::get`] finds an entry whose whole key is in the filter,
    /// [`super::Segments::scan_filtered`] those with exactly the prefix it is asked for, and
    /// [`super::Segments::scan`] finds them all. All copies of a key must have the same `filter_bytes`, also
    /// those of other segments.
    pub fn push(&mut self, key: &[u8], filter_bytes: usize, value: &[u8]) -> Result<(), ArchiveError> {
        assert!(filter_bytes <= key.len(), "the filter takes {filter_bytes} bytes of {}", key.len());
        let too_large = |what, bytes, limit| ArchiveError::TooLarge { what, bytes, limit };
        let (Ok(key_bytes), Ok(filter_bytes)) = (u16::try_from(key.len()), u16::try_from(filter_bytes))
        else {
            return Err(too_large("a key", key.len(), ARCHIVE_KEY_BYTES_MAX));
        };
        let value_bytes = u32::try_from(value.len()).ok().filter(|_| value.len() <= ARCHIVE_VALUE_BYTES_MAX);
        let value_bytes =
            value_bytes.ok_or_else(|| too_large("a value", value.len(), ARCHIVE_VALUE_BYTES_MAX))?;
        let mut key_start = [0; 8];
        let known = key.len().min(key_start.len());
        key_start[..known].copy_from_slice(&key[..known]);
        let (key_start, start) = (u64::from_be_bytes(key_start), self.bytes.len());
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.places.push(Place { key_start, start, value_bytes, key_bytes, filter_bytes });
        Ok(())
    }

    /// The entries pushed so far, copies counted.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The bytes in memory.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.places.len() * size_of::<Place>()
    }

    /// Puts the entries in the order of their keys and drops all but the last copy of each.
    pub(super) fn sort(&mut self) {
        let bytes = &self.bytes;
        let key = |place: &Place| &bytes[place.start..place.start + usize::from(place.key_bytes)];
        self.places.sort_unstable_by(|one, other| {
            let by_key = one.key_start.cmp(&other.key_start).then_with(|| key(one).cmp(key(other)));
            by_key.then(other.start.cmp(&one.start))
        });
        // The later push begins further behind, so it comes first, and `dedup` keeps the first.
        self.places.dedup_by(|one, kept| one.key_start == kept.key_start && key(one) == key(kept));
    }

    /// The entries, in order after [`ArchiveDraft::sort`].
    pub(super) fn entries(&self) -> impl Iterator<Item = DraftEntry<'_>> {
        self.places.iter().map(|place| {
            let (key, rest) = self.bytes[place.start..].split_at(usize::from(place.key_bytes));
            let value = &rest[..usize::try_from(place.value_bytes).expect("a value fits in memory")];
            DraftEntry { key, filter_bytes: usize::from(place.filter_bytes), value }
        })
    }

    /// The keys for the filter, those with one prefix counted once when they are neighbours.
    pub(super) fn filter_keys(&self) -> u64 {
        let mut last: &[u8] = &[];
        let mut count = 0;
        for entry in self.entries() {
            let filter_key = &entry.key[..entry.filter_bytes];
            if !filter_key.is_empty() && filter_key != last {
                last = filter_key;
                count += 1;
            }
        }
        count
    }
}
