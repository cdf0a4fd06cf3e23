//! Writing a snapshot a few bytes at a time.
//!
//! It exists so that the caller can write between other work, from any thread, and give up at any moment.
//!
//! It deliberately syncs only at the end: until the file has its name nobody relies on it.

use super::{
    BLOCK_BYTES, CONTAINER_VERSION, KIND_BLOCK, KIND_TRAILER, MAGIC, SnapshotError, SnapshotInfo, Snapshots,
    snapshot_path,
};
use crate::disk::{DiskFile, remove_if_there, unfinished};
use crate::encoding::{checksum_of, with_checksum};

/// zstd level 1: the state is written far more often than it is read.
const COMPRESSION_LEVEL: i32 = 1;

/// A snapshot that is being written.
pub struct SnapshotWriter {
    snapshots: Snapshots,
    file: Box<dyn DiskFile>,
    info: SnapshotInfo,
    compressor: zstd::bulk::Compressor<'static>,
    /// The content of the next block.
    block: Vec<u8>,
    /// Where the file ends.
    end: u64,
    content_checksum: crc32fast::Hasher,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Writing,
    Failed,
    Finished,
}

impl std::fmt::Debug for SnapshotWriter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SnapshotWriter")
            .field("info", &self.info)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

impl SnapshotWriter {
    pub(super) fn begin(
        snapshots: Snapshots,
        offset: u64,
        format_version: u32,
    ) -> Result<SnapshotWriter, SnapshotError> {
        let path = snapshot_path(offset);
        let file = snapshots.disk.create(&unfinished(&path)).map_err(SnapshotError::io(&path))?;
        let mut writer = SnapshotWriter {
            snapshots,
            file,
            info: SnapshotInfo { offset, format_version, blocks: 0, bytes: 0 },
            compressor: zstd::bulk::Compressor::new(COMPRESSION_LEVEL).expect("zstd knows level 1"),
            block: Vec::with_capacity(BLOCK_BYTES),
            end: 0,
            content_checksum: crc32fast::Hasher::new(),
            stage: Stage::Writing,
        };
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(&CONTAINER_VERSION.to_le_bytes());
        header.extend_from_slice(&format_version.to_le_bytes());
        header.extend_from_slice(&offset.to_le_bytes());
        writer.write(&with_checksum(offset, header))?;
        Ok(writer)
    }

    /// Adds content; writes to the disk when a block is full. After an error only dropping is left.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), SnapshotError> {
        self.refuse_when_failed()?;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.block.len()));
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() == BLOCK_BYTES {
                self.write_block()?;
            }
        }
        Ok(())
    }

    /// Writes the rest, makes the snapshot durable and removes older ones beyond the number that is kept.
    pub fn finish(mut self) -> Result<SnapshotInfo, SnapshotError> {
        self.refuse_when_failed()?;
        if !self.block.is_empty() {
            self.write_block()?;
        }
        let mut trailer = vec![KIND_TRAILER];
        trailer.extend_from_slice(&self.info.blocks.to_le_bytes());
        trailer.extend_from_slice(&self.info.bytes.to_le_bytes());
        trailer.extend_from_slice(&self.content_checksum.clone().finalize().to_le_bytes());
        self.write(&with_checksum(self.info.offset, trailer))?;
        let path = self.path();
        self.file.sync().map_err(SnapshotError::io(&path))?;
        self.snapshots.publish(self.info.offset)?;
        self.stage = Stage::Finished;
        Ok(self.info)
    }

    fn path(&self) -> String {
        snapshot_path(self.info.offset)
    }

    fn refuse_when_failed(&self) -> Result<(), SnapshotError> {
        if self.stage == Stage::Failed { Err(SnapshotError::Failed { file: self.path() }) } else { Ok(()) }
    }

    fn write_block(&mut self) -> Result<(), SnapshotError> {
        let compressed = self.compressor.compress(&self.block).map_err(SnapshotError::io(&self.path()))?;
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("a block is small").to_le_bytes();
        let mut record = Vec::with_capacity(super::BLOCK_HEADER_BYTES + compressed.len());
        record.push(KIND_BLOCK);
        record.extend_from_slice(&self.info.blocks.to_le_bytes());
        record.extend_from_slice(&length(&self.block));
        record.extend_from_slice(&length(&compressed));
        let checksum = checksum_of(self.info.offset, &[&record, &compressed]);
        record.extend_from_slice(&checksum.to_le_bytes());
        record.extend_from_slice(&compressed);
        self.write(&record)?;
        self.info.blocks += 1;
        self.info.bytes += self.block.len() as u64;
        self.content_checksum.update(&self.block);
        self.block.clear();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        if let Err(error) = self.file.write_at(self.end, bytes) {
            self.stage = Stage::Failed;
            return Err(SnapshotError::io(&self.path())(error));
        }
        self.end += bytes.len() as u64;
        Ok(())
    }
}

impl Drop for SnapshotWriter {
    fn drop(&mut self) {
        if self.stage != Stage::Finished {
            // What cannot be removed now is removed when the folder is opened again.
            let _ = remove_if_there(self.snapshots.disk.as_ref(), &unfinished(&self.path()));
        }
    }
}
