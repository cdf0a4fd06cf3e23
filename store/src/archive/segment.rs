//! One open segment: its index and filter in memory, its blocks on disk.
//!
//! It exists so that a look at a key costs at most one block. Every byte that is used was checked first; what does
//! not fit names the file.
//!
//! It deliberately keeps no block: who reads brings the memory for it.

use super::block::Block;
use super::filter::{Filter, hash};
use super::format::{
    BLOCK_BYTES, BLOCK_HEADER_BYTES, FILTER_LINE_BYTES, HEADER_BYTES, MAGIC_SEGMENT, TRAILER_BYTES, Trailer,
    VERSION, part, segment_path,
};
use super::{ARCHIVE_KEY_BYTES_MAX, ARCHIVE_VALUE_BYTES_MAX, ArchiveError};
use crate::disk::{Disk, DiskFile};
use crate::encoding::{CHECKSUM_BYTES, Fields, checked, checksum_of};

/// The most bytes of entries in a block: full but for one, then the largest entry.
const RAW_BYTES_MAX: usize = BLOCK_BYTES + ARCHIVE_KEY_BYTES_MAX + ARCHIVE_VALUE_BYTES_MAX + 64;
/// The bytes of a filter read at a time.
const FILTER_READ_BYTES: usize = 1 << 18;

#[derive(Debug)]
pub(crate) struct Segment {
    id: u64,
    path: String,
    file: Box<dyn DiskFile>,
    bytes: u64,
    trailer: Trailer,
    index: Index,
    filter: Filter,
}

/// The first key of each block, one behind the other, and where the blocks are.
#[derive(Debug, Default)]
struct Index {
    keys: Vec<u8>,
    /// Where each key ends.
    key_ends: Vec<usize>,
    /// Where each block begins, and where the last one ends.
    offsets: Vec<u64>,
}

impl Index {
    fn decode(bytes: &[u8], trailer: &Trailer, blocks_end: u64) -> Option<Index> {
        let mut index = Index { offsets: vec![HEADER_BYTES as u64], ..Index::default() };
        let mut fields = Fields(bytes);
        let mut end = HEADER_BYTES as u64;
        for _ in 0..trailer.blocks {
            let key_bytes = usize::try_from(fields.varint()?).ok()?;
            index.keys.extend_from_slice(fields.bytes(key_bytes)?);
            index.key_ends.push(index.keys.len());
            end = end.checked_add(fields.varint()?)?;
            index.offsets.push(end);
        }
        fields.end()?;
        let is_sorted = (1..index.key_ends.len()).all(|block| index.key(block - 1) < index.key(block));
        let is_long_enough =
            index.offsets.windows(2).all(|pair| pair[1] - pair[0] > BLOCK_HEADER_BYTES as u64);
        index.keys.shrink_to_fit();
        (end == blocks_end && is_sorted && is_long_enough).then_some(index)
    }

    fn blocks(&self) -> usize {
        self.key_ends.len()
    }

    fn key(&self, block: usize) -> &[u8] {
        let start = block.checked_sub(1).map_or(0, |before| self.key_ends[before]);
        &self.keys[start..self.key_ends[block]]
    }

    /// The only block that may hold `key`, and the first that may hold one behind it.
    fn block_of(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.blocks());
        while low < high {
            let middle = low.midpoint(high);
            if self.key(middle) <= key { low = middle + 1 } else { high = middle }
        }
        low.saturating_sub(1)
    }

    fn memory(&self) -> usize {
        self.keys.capacity()
            + self.key_ends.capacity() * size_of::<usize>()
            + self.offsets.capacity() * size_of::<u64>()
    }
}

impl Segment {
    pub(crate) fn open(disk: &dyn Disk, id: u64) -> Result<Segment, ArchiveError> {
        let path = segment_path(id);
        let file = disk.open(&path).map_err(ArchiveError::io(&path))?;
        let bytes = file.length().map_err(ArchiveError::io(&path))?;
        let mut segment = Segment {
            id,
            path,
            file,
            bytes,
            trailer: Trailer::default(),
            index: Index::default(),
            filter: Filter::with_room(0),
        };
        segment.read_header()?;
        segment.read_trailer()?;
        Ok(segment)
    }

    fn read_header(&self) -> Result<(), ArchiveError> {
        let mut header = [0; HEADER_BYTES];
        self.read(0, &mut header)?;
        let fields = checked(self.id, &header).and_then(|header| header.split_first_chunk::<8>());
        let Some((&MAGIC_SEGMENT, fields)) = fields else {
            return Err(self.damaged("its header does not fit"));
        };
        let mut fields = Fields(fields);
        if fields.u32() == Some(VERSION) && fields.u64() == Some(self.id) {
            return Ok(());
        }
        Err(self.damaged("it is of a version or number this program does not know"))
    }

    /// Reads trailer, index and filter, which must fill the file to its end together with the blocks.
    fn read_trailer(&mut self) -> Result<(), ArchiveError> {
        let trailer_at = self.bytes.checked_sub(TRAILER_BYTES as u64);
        let trailer_at = trailer_at.ok_or_else(|| self.damaged("it is cut off"))?;
        let mut stored = [0; TRAILER_BYTES];
        self.read(trailer_at, &mut stored)?;
        let trailer = checked(self.id, &stored).and_then(Trailer::decode);
        let trailer = trailer.ok_or_else(|| self.damaged("its trailer does not fit"))?;
        // Checked against the file before anything is read, so that no length is believed that is not there.
        let filter_at = trailer.filter_lines.checked_mul(FILTER_LINE_BYTES as u64);
        let filter_at = filter_at.and_then(|bytes| trailer_at.checked_sub(bytes));
        let index_at = filter_at.and_then(|at| at.checked_sub(trailer.index_bytes));
        let (Some(filter_at), Some(index_at)) = (filter_at, index_at) else {
            return Err(self.damaged("its trailer says more than there is"));
        };
        let mut index = vec![0; self.in_memory(trailer.index_bytes)?];
        self.read(index_at, &mut index)?;
        if checksum_of(self.id, &[part::INDEX, &index]) != trailer.index_checksum {
            return Err(self.damaged("its index has a checksum that does not fit"));
        }
        self.index = Index::decode(&index, &trailer, index_at)
            .ok_or_else(|| self.damaged("its index does not fit its blocks"))?;
        self.filter = self.read_filter(filter_at, &trailer)?;
        self.trailer = trailer;
        Ok(())
    }

    fn read_filter(&self, mut at: u64, trailer: &Trailer) -> Result<Filter, ArchiveError> {
        let mut left = self.in_memory(trailer.filter_lines)? * FILTER_LINE_BYTES;
        let mut filter = Filter::with_lines(left / FILTER_LINE_BYTES);
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&self.id.to_le_bytes());
        checksum.update(part::FILTER);
        let mut piece = vec![0; FILTER_READ_BYTES.min(left)];
        while left > 0 {
            let now = &mut piece[..FILTER_READ_BYTES.min(left)];
            self.read(at, now)?;
            checksum.update(now);
            filter.read_lines(now);
            at += now.len() as u64;
            left -= now.len();
        }
        if checksum.finalize() == trailer.filter_checksum {
            return Ok(filter);
        }
        Err(self.damaged("its filter has a checksum that does not fit"))
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// The length of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn entries(&self) -> u64 {
        self.trailer.entries
    }

    pub(super) fn filter_keys(&self) -> u64 {
        self.trailer.filter_keys
    }

    pub(super) fn memory(&self) -> usize {
        self.filter.memory() + self.index.memory()
    }

    pub(super) fn blocks(&self) -> usize {
        self.index.blocks()
    }

    pub(super) fn block_of(&self, key: &[u8]) -> usize {
        self.index.block_of(key)
    }

    /// Whether a filter key with this hash may be here.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        self.filter.may_hold(hash)
    }

    /// Reads a block into the memory of `into`.
    pub(super) fn read_block(&self, number: usize, into: &mut Block) -> Result<(), ArchiveError> {
        into.refill(|raw| self.read_raw(number, raw))
    }

    fn read_raw(&self, number: usize, raw: &mut Vec<u8>) -> Result<(), ArchiveError> {
        let damaged = |why: &str| self.damaged(&format!("block {number} {why}"));
        let (start, end) = (self.index.offsets[number], self.index.offsets[number + 1]);
        let mut stored = vec![0; self.in_memory(end - start)?];
        self.read(start, &mut stored)?;
        let (header, compressed) = stored.split_at(BLOCK_HEADER_BYTES);
        let (record, checksum) = header.split_at(BLOCK_HEADER_BYTES - CHECKSUM_BYTES);
        let found = checksum_of(self.id, &[part::BLOCK, &(number as u64).to_le_bytes(), record, compressed]);
        if checksum != found.to_le_bytes() {
            return Err(damaged("has a checksum that does not fit"));
        }
        let raw_bytes = Fields(record).u32().and_then(|bytes| usize::try_from(bytes).ok());
        let raw_bytes = raw_bytes.filter(|bytes| *bytes <= RAW_BYTES_MAX);
        let raw_bytes = raw_bytes.ok_or_else(|| damaged("has a length that no block has"))?;
        raw.resize(raw_bytes, 0);
        let decompressed = zstd::bulk::decompress_to_buffer(compressed, raw.as_mut_slice());
        if decompressed.ok() == Some(raw_bytes) { Ok(()) } else { Err(damaged("does not decompress")) }
    }

    /// Goes to the next entry of a block of this segment.
    pub(super) fn advance(&self, block: &mut Block) -> Result<bool, ArchiveError> {
        block.advance().map_err(|_| self.misshapen())
    }

    /// Lets `block` stand at the entry of `key`; `false` if there is none.
    pub(super) fn find(&self, key: &[u8], block: &mut Block) -> Result<bool, ArchiveError> {
        self.read_block(self.block_of(key), block)?;
        block.find(key).map_err(|_| self.misshapen())
    }

    /// Reads every block and compares what it holds with index, filter and trailer.
    pub(crate) fn check(&self) -> Result<(), ArchiveError> {
        let mut block = Block::default();
        let mut last_key: Option<Vec<u8>> = None;
        let mut entries = 0;
        for number in 0..self.blocks() {
            let misplaced = |what| self.damaged(&format!("block {number} {what}"));
            self.read_block(number, &mut block)?;
            let mut is_first = true;
            while self.advance(&mut block)? {
                if is_first && block.key() != self.index.key(number) {
                    return Err(misplaced("does not begin with the key its index says"));
                }
                if last_key.as_deref().is_some_and(|last| last >= block.key()) {
                    return Err(misplaced("is not in order"));
                }
                if block.filter_bytes() > 0 && !self.may_hold(hash(block.filter_key())) {
                    return Err(misplaced("has a key its filter denies"));
                }
                is_first = false;
                entries += 1;
                let last = last_key.get_or_insert_default();
                last.clear();
                last.extend_from_slice(block.key());
            }
        }
        if entries == self.entries() { Ok(()) } else { Err(self.damaged("it does not hold all its entries")) }
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), ArchiveError> {
        self.file.read_at(at, into).map_err(ArchiveError::io(&self.path))
    }

    /// A length that was compared with the file, as one of this machine.
    fn in_memory(&self, length: u64) -> Result<usize, ArchiveError> {
        usize::try_from(length).map_err(|_| self.damaged("it is larger than the memory of this machine"))
    }

    fn misshapen(&self) -> ArchiveError {
        self.damaged("a block holds what is no entry")
    }

    fn damaged(&self, why: &str) -> ArchiveError {
        ArchiveError::damaged(&self.path, why)
    }
}
