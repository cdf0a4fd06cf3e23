//! Entries on their way into an archive, in one piece of memory.

/// Entries for an archive, in no order; of equal keys the later counts.
#[derive(Clone, Default, Debug)]
pub struct RestDraft {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u32,
    filtered: u32,
    value: u32,
}

impl RestDraft {
    /// Adds an entry. `filtered` leading bytes of the key are what [`super::Archive::may_hold`] will be asked for; 0 for
    /// never.
    pub(super) fn push(&mut self, key: &[u8], filtered: usize, value: &[u8]) {
        let length =
            |length: usize| u32::try_from(length).expect("an entry is shorter than its subject's events");
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.entries.push(Entry {
            key: length(key.len()),
            filtered: length(filtered),
            value: length(value.len()),
        });
    }

    /// Key, bytes of it to be filtered by, value.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], usize, &[u8])> {
        let mut rest = self.bytes.as_slice();
        self.entries.iter().map(move |entry| {
            let (key, behind) = rest.split_at(entry.key as usize);
            let (value, behind) = behind.split_at(entry.value as usize);
            rest = behind;
            (key, entry.filtered as usize, value)
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
