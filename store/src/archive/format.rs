//! How the files of the archive lie on disk: names, header, sizes, trailer.
//!
//! A segment is a header, blocks of entries, the index (the first key and the length of each block), the filter
//! and a trailer at the very end that says how long index and filter are. Each part has a checksum that is bound
//! to the segment, the kind of part and, for a block, its number; so no byte is believed where it does not belong.
//!
//! It deliberately has one version: a segment of another one is refused, not converted.

use crate::encoding::{CHECKSUM_BYTES, Fields};

pub(crate) const ARCHIVE_FOLDER: &str = "archive";
const SEGMENT_ENDING: &str = ".segment";
const LIST_ENDING: &str = ".list";

pub(super) const MAGIC_SEGMENT: [u8; 8] = *b"NHIPREST";
pub(super) const MAGIC_LIST: [u8; 8] = *b"NHIPLIST";
pub(super) const VERSION: u32 = 1;
/// Magic, version, id, checksum.
pub(super) const HEADER_BYTES: usize = 8 + 4 + 8 + CHECKSUM_BYTES;
/// A block ends with the entry that fills it up to this: smaller ones are read faster, larger ones are fewer.
pub(super) const BLOCK_BYTES: usize = 32 << 10;
/// Length before compression, entries, checksum.
pub(super) const BLOCK_HEADER_BYTES: usize = 4 + 4 + CHECKSUM_BYTES;
/// A line of the processor's cache.
pub(super) const FILTER_LINE_BYTES: usize = 64;
/// The fields of [`Trailer`] and their checksum.
pub(super) const TRAILER_BYTES: usize = 5 * 8 + 2 * 4 + CHECKSUM_BYTES;

/// What a checksum says it is about.
pub(super) mod part {
    pub(in super::super) const BLOCK: &[u8] = b"block";
    pub(in super::super) const INDEX: &[u8] = b"index";
    pub(in super::super) const FILTER: &[u8] = b"filter";
}

/// What the end of a segment says of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Trailer {
    pub(super) blocks: u64,
    pub(super) entries: u64,
    /// The keys that were added to the filter; of keys that come twice some are counted twice.
    pub(super) filter_keys: u64,
    pub(super) index_bytes: u64,
    pub(super) filter_lines: u64,
    pub(super) index_checksum: u32,
    pub(super) filter_checksum: u32,
}

impl Trailer {
    pub(super) fn encode(&self) -> Vec<u8> {
        let Trailer { blocks, entries, filter_keys, index_bytes, filter_lines, .. } = *self;
        let numbers = [blocks, entries, filter_keys, index_bytes, filter_lines];
        let mut bytes: Vec<u8> = numbers.into_iter().flat_map(u64::to_le_bytes).collect();
        bytes.extend([self.index_checksum, self.filter_checksum].into_iter().flat_map(u32::to_le_bytes));
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Trailer> {
        let mut fields = Fields(bytes);
        let trailer = Trailer {
            blocks: fields.u64()?,
            entries: fields.u64()?,
            filter_keys: fields.u64()?,
            index_bytes: fields.u64()?,
            filter_lines: fields.u64()?,
            index_checksum: fields.u32()?,
            filter_checksum: fields.u32()?,
        };
        fields.end().map(|()| trailer)
    }
}

pub(crate) fn segment_path(id: u64) -> String {
    format!("{ARCHIVE_FOLDER}/{id:020}{SEGMENT_ENDING}")
}

pub(crate) fn list_path(offset: u64) -> String {
    format!("{ARCHIVE_FOLDER}/{offset:020}{LIST_ENDING}")
}

/// What a name in the folder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// The segment with this id.
    Segment(u64),
    /// The list of this offset.
    List(u64),
}

impl Named {
    /// `None` if the name is not ours.
    pub(super) fn parse(name: &str) -> Option<Named> {
        let named = match name.strip_suffix(SEGMENT_ENDING) {
            Some(id) => Named::Segment(id.parse().ok()?),
            None => Named::List(name.strip_suffix(LIST_ENDING)?.parse().ok()?),
        };
        // A file that someone named nearly like ours is left alone.
        (named.path().strip_prefix(ARCHIVE_FOLDER)?.strip_prefix('/')? == name).then_some(named)
    }

    pub(super) fn path(self) -> String {
        match self {
            Named::Segment(id) => segment_path(id),
            Named::List(offset) => list_path(offset),
        }
    }
}
