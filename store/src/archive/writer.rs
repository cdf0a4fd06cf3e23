//! Writing a segment entry by entry, in order.
//!
//! It exists so that a draft and a merge write the same file, with a block, the sparse index and the filter in
//! memory and nothing else.
//!
//! It deliberately syncs only at the end: until the file has its name nobody relies on it.

use super::ArchiveError;
use super::block::BlockDraft;
use super::filter::{Filter, hash};
use super::format::{
    ARCHIVE_FOLDER, BLOCK_BYTES, BLOCK_HEADER_BYTES, MAGIC_SEGMENT, Trailer, VERSION, part, segment_path,
};
use crate::disk::{Disk, DiskFile, remove_if_there, unfinished};
use crate::encoding::{checksum_of, put_varint, with_checksum};

/// zstd level 1: at level 3 writing takes twice as long for a tenth less.
const COMPRESSION_LEVEL: i32 = 1;
/// The bytes gathered for one write.
const WRITE_BYTES: usize = 1 << 20;

/// A segment that is being written. Dropped before [`SegmentWriter::finish`], it leaves nothing.
pub(super) struct SegmentWriter<'a> {
    disk: &'a dyn Disk,
    id: u64,
    path: String,
    file: Box<dyn DiskFile>,
    compressor: zstd::bulk::Compressor<'static>,
    /// What is not written yet, and how much is.
    gathered: Vec<u8>,
    written: u64,
    block: BlockDraft,
    index: Vec<u8>,
    filter: Filter,
    last_filter_key: Vec<u8>,
    trailer: Trailer,
    is_finished: bool,
}

impl<'a> SegmentWriter<'a> {
    /// Begins a segment whose filter has room for so many keys; more of them make it deny less.
    pub(super) fn begin(
        disk: &'a dyn Disk,
        id: u64,
        filter_keys: u64,
    ) -> Result<SegmentWriter<'a>, ArchiveError> {
        let path = segment_path(id);
        let file = disk.create(&unfinished(&path)).map_err(ArchiveError::io(&path))?;
        let mut header = MAGIC_SEGMENT.to_vec();
        header.extend_from_slice(&VERSION.to_le_bytes());
        header.extend_from_slice(&id.to_le_bytes());
        Ok(SegmentWriter {
            disk,
            id,
            path,
            file,
            compressor: zstd::bulk::Compressor::new(COMPRESSION_LEVEL).expect("zstd knows level 1"),
            gathered: with_checksum(id, header),
            written: 0,
            block: BlockDraft::default(),
            index: Vec::new(),
            filter: Filter::with_room(filter_keys),
            last_filter_key: Vec::new(),
            trailer: Trailer::default(),
            is_finished: false,
        })
    }

    /// Adds an entry, whose key must be behind the one before.
    pub(super) fn push(&mut self, key: &[u8], filter_bytes: usize, value: &[u8]) -> Result<(), ArchiveError> {
        assert!(
            self.trailer.entries == 0 || self.block.last_key() < key,
            "an entry of {} is out of order",
            self.path
        );
        if self.block.entries() == 0 {
            put_varint(&mut self.index, key.len() as u64);
            self.index.extend_from_slice(key);
        }
        self.block.push(key, filter_bytes, value);
        self.trailer.entries += 1;
        // Keys with one prefix are neighbours, so this sees nearly all that would be added again.
        if filter_bytes > 0 && self.last_filter_key != key[..filter_bytes] {
            self.last_filter_key.clear();
            self.last_filter_key.extend_from_slice(&key[..filter_bytes]);
            self.filter.add(hash(&self.last_filter_key));
            self.trailer.filter_keys += 1;
        }
        if self.block.bytes().len() >= BLOCK_BYTES { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> Result<(), ArchiveError> {
        let raw = self.block.bytes();
        let compressed = self.compressor.compress(raw).map_err(ArchiveError::io(&self.path))?;
        let mut record = Vec::with_capacity(BLOCK_HEADER_BYTES);
        record.extend_from_slice(&u32::try_from(raw.len()).expect("a block is small").to_le_bytes());
        record.extend_from_slice(&self.block.entries().to_le_bytes());
        let number = self.trailer.blocks.to_le_bytes();
        let checksum = checksum_of(self.id, &[part::BLOCK, &number, &record, &compressed]);
        record.extend_from_slice(&checksum.to_le_bytes());
        put_varint(&mut self.index, (record.len() + compressed.len()) as u64);
        self.gathered.extend_from_slice(&record);
        self.gathered.extend_from_slice(&compressed);
        self.trailer.blocks += 1;
        self.block.clear();
        self.write_when_more_than(WRITE_BYTES)
    }

    fn write_when_more_than(&mut self, bytes: usize) -> Result<(), ArchiveError> {
        if self.gathered.len() <= bytes {
            return Ok(());
        }
        self.file.write_at(self.written, &self.gathered).map_err(ArchiveError::io(&self.path))?;
        self.written += self.gathered.len() as u64;
        self.gathered.clear();
        Ok(())
    }

    /// Writes the rest and makes the segment durable under its name.
    pub(super) fn finish(mut self) -> Result<(), ArchiveError> {
        if self.block.entries() > 0 {
            self.end_block()?;
        }
        self.trailer.index_bytes = self.index.len() as u64;
        self.trailer.index_checksum = checksum_of(self.id, &[part::INDEX, &self.index]);
        self.gathered.append(&mut self.index);
        self.write_filter()?;
        let trailer = with_checksum(self.id, self.trailer.encode());
        self.gathered.extend_from_slice(&trailer);
        self.write_when_more_than(0)?;
        let io = ArchiveError::io(&self.path);
        self.file.sync().map_err(&io)?;
        self.disk.rename(&unfinished(&self.path), &self.path).map_err(&io)?;
        self.is_finished = true;
        if let Err(error) = self.disk.sync_folder(ARCHIVE_FOLDER) {
            // Nobody is told its id. What cannot be removed now is removed by tidying.
            let _ = remove_if_there(self.disk, &self.path);
            return Err(io(error));
        }
        Ok(())
    }

    fn write_filter(&mut self) -> Result<(), ArchiveError> {
        let filter = std::mem::replace(&mut self.filter, Filter::with_room(0));
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&self.id.to_le_bytes());
        checksum.update(part::FILTER);
        for line in filter.bytes() {
            checksum.update(&line);
            self.gathered.extend_from_slice(&line);
            self.write_when_more_than(WRITE_BYTES)?;
        }
        self.trailer.filter_lines = filter.lines() as u64;
        self.trailer.filter_checksum = checksum.finalize();
        Ok(())
    }
}

impl Drop for SegmentWriter<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            // What cannot be removed now is removed when the archive is opened again.
            let _ = remove_if_there(self.disk, &unfinished(&self.path));
        }
    }
}
