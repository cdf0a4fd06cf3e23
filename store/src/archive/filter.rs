//! Which keys a segment may hold, told from memory.
//!
//! It exists because most questions to the archive are about a subject that is not at rest: the answer then costs
//! one line of the processor's cache for each segment and no disk. It is a Bloom filter in blocks of 64 bytes: a
//! key sets seven bits in one of them. At twelve bits a key it is wrong for less than one absent key in a hundred.
//!
//! It deliberately has a hash of its own, as the filter lies on disk and must mean the same in every release.

use super::format::FILTER_LINE_BYTES;

const LINE_BITS: u64 = FILTER_LINE_BYTES as u64 * 8;
const BITS_A_KEY: u64 = 12;
/// The bits a key sets, each chosen by nine bits of a hash.
const PROBES: u32 = 7;
const PROBE_BITS: u32 = LINE_BITS.ilog2();

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// The hash of a filter key. Each step keeps apart what was apart before, until the bytes are mixed at the end.
pub(super) fn hash(key: &[u8]) -> u64 {
    // Without the length, a key would be the same as one with zeros behind it.
    let mut state = (key.len() as u64).wrapping_mul(FACTOR);
    for word in key.chunks(8) {
        let mut bytes = [0; 8];
        bytes[..word.len()].copy_from_slice(word);
        state = (state ^ u64::from_le_bytes(bytes)).wrapping_mul(FACTOR);
        state ^= state >> 32;
    }
    mixed(state)
}

/// The finish of `SplitMix64`: every bit of the result hangs on every bit of the state.
fn mixed(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

/// A line of the processor's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(64))]
struct Line([u64; FILTER_LINE_BYTES / 8]);

/// The keys a segment may hold. Without a line it holds none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter {
    lines: Vec<Line>,
}

impl Filter {
    /// A filter with room for so many keys.
    pub(super) fn with_room(keys: u64) -> Filter {
        let lines =
            usize::try_from((keys * BITS_A_KEY).div_ceil(LINE_BITS)).expect("a filter fits in memory");
        Filter { lines: vec![Line([0; FILTER_LINE_BYTES / 8]); lines] }
    }

    /// An empty filter with so many lines, to be filled by [`Filter::read_lines`].
    pub(super) fn with_lines(lines: usize) -> Filter {
        Filter { lines: Vec::with_capacity(lines) }
    }

    /// Adds lines as they lie on disk.
    pub(super) fn read_lines(&mut self, bytes: &[u8]) {
        self.lines.extend(bytes.chunks_exact(FILTER_LINE_BYTES).map(|line| {
            let mut words = [0; FILTER_LINE_BYTES / 8];
            for (word, bytes) in words.iter_mut().zip(line.chunks_exact(8)) {
                *word = u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
            }
            Line(words)
        }));
    }

    /// The lines as they lie on disk.
    pub(super) fn bytes(&self) -> impl Iterator<Item = [u8; FILTER_LINE_BYTES]> {
        self.lines.iter().map(|line| {
            let mut bytes = [0; FILTER_LINE_BYTES];
            for (into, word) in bytes.chunks_exact_mut(8).zip(line.0) {
                into.copy_from_slice(&word.to_le_bytes());
            }
            bytes
        })
    }

    pub(super) fn lines(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn memory(&self) -> usize {
        self.lines.capacity() * size_of::<Line>()
    }

    /// Adds the key with this hash.
    pub(super) fn add(&mut self, hash: u64) {
        let line = self.line_of(hash);
        for (word, bit) in probes(hash) {
            self.lines[line].0[word] |= bit;
        }
    }

    /// Whether a key with this hash may have been added; never wrong for one that was.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        if self.lines.is_empty() {
            return false;
        }
        let line = &self.lines[self.line_of(hash)].0;
        probes(hash).all(|(word, bit)| line[word] & bit != 0)
    }

    /// Scales the hash to the number of lines, which is no power of two.
    fn line_of(&self, hash: u64) -> usize {
        let line = (u128::from(hash) * self.lines.len() as u128) >> u64::BITS;
        usize::try_from(line).expect("below the number of lines")
    }
}

/// The word of a line and the bit in it for each probe. Mixed again, so that keys of one line differ in it.
fn probes(hash: u64) -> impl Iterator<Item = (usize, u64)> {
    let bits = mixed(hash ^ FACTOR);
    (0..PROBES).map(move |probe| {
        let place = (bits >> (probe * PROBE_BITS)) % LINE_BITS;
        (
            usize::try_from(place / u64::from(u64::BITS)).expect("a word of a line"),
            1 << (place % u64::from(u64::BITS)),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{Filter, hash, probes};

    #[test]
    fn the_hash_is_the_same_in_every_release() {
        let keys: [&[u8]; 5] = [b"", b"\0", b"H40.17-2026", b"H40.17-2026-0001", b"H40.17-2026-0001-"];
        let pinned =
            [0, 0xFF1C_4C3B_FBA5_9CF8, 0x72B8_2070_5E6C_035F, 0xB999_6658_D86F_3B78, 0x973C_9738_705B_34BE];
        assert_eq!(keys.map(hash), pinned, "filters on disk would deny what they hold");
    }

    #[test]
    fn the_bits_of_a_key_are_the_same_in_every_release() {
        let places: Vec<u32> = probes(hash(b"H40.17-2026"))
            .map(|(word, bit)| u32::try_from(word).unwrap() * 64 + bit.trailing_zeros())
            .collect();
        assert_eq!(places, [20, 433, 391, 151, 62, 424, 458]);
        let mut filter = Filter::with_room(1000);
        filter.add(hash(b"H40.17-2026"));
        let line = filter.bytes().position(|line| line.iter().any(|byte| *byte != 0));
        assert_eq!((filter.lines(), line), (24, Some(10)));
    }
}
