//! Reading a snapshot block by block.
//!
//! It exists so that no byte is handed out that was not checked, and so that the end is only reported when the
//! trailer was there and fits. A caller must throw away what it built when an error comes after good blocks.
//!
//! It deliberately holds one block in memory, not the file.

use super::{
    BLOCK_BYTES, BLOCK_HEADER_BYTES, CONTAINER_VERSION, HEADER_BYTES, KIND_BLOCK, KIND_TRAILER, MAGIC,
    SnapshotError, SnapshotInfo, TRAILER_BYTES, snapshot_path,
};
use crate::disk::{Disk, DiskFile};
use crate::encoding::{CHECKSUM_BYTES, Fields, checked, checksum_of};
use std::io;

/// The most bytes a compressed block may have: what zstd adds to content it cannot compress is far less.
const STORED_BYTES_MAX: usize = BLOCK_BYTES + BLOCK_BYTES / 16;

/// A snapshot that is being read.
#[derive(Debug)]
pub struct SnapshotReader {
    file: Box<dyn DiskFile>,
    path: String,
    info: SnapshotInfo,
    at: u64,
    content_checksum: crc32fast::Hasher,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reading,
    Failed,
    Finished,
}

impl SnapshotReader {
    pub(super) fn open(disk: &dyn Disk, offset: u64) -> Result<SnapshotReader, SnapshotError> {
        let path = snapshot_path(offset);
        let file = disk.open(&path).map_err(SnapshotError::io(&path))?;
        let mut header = [0; HEADER_BYTES + CHECKSUM_BYTES];
        let damaged = |why: &str| SnapshotError::Damaged { file: path.clone(), why: why.to_owned() };
        match file.read_at(0, &mut header) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(damaged("it has no header"));
            }
            other => other.map_err(SnapshotError::io(&path))?,
        }
        let fields = checked(offset, &header).and_then(|header| header.split_first_chunk::<8>());
        let Some((&MAGIC, fields)) = fields else { return Err(damaged("its header does not fit")) };
        let mut fields = Fields(fields);
        let (container, format_version) = (fields.u32(), fields.u32());
        if container != Some(CONTAINER_VERSION) || fields.u64() != Some(offset) {
            return Err(damaged("its container is of a version or offset this program does not know"));
        }
        let format_version = format_version.ok_or_else(|| damaged("its header is short"))?;
        Ok(SnapshotReader {
            file,
            path,
            info: SnapshotInfo { offset, format_version, blocks: 0, bytes: 0 },
            at: header.len() as u64,
            content_checksum: crc32fast::Hasher::new(),
            stage: Stage::Reading,
        })
    }

    /// The version of the content.
    pub fn format_version(&self) -> u32 {
        self.info.format_version
    }

    /// What was read so far; the whole once [`SnapshotReader::next_block`] has said `None`.
    pub fn info(&self) -> SnapshotInfo {
        self.info
    }

    /// The next piece of content; `None` after the last, when the trailer was there and fits.
    pub fn next_block(&mut self) -> Result<Option<Vec<u8>>, SnapshotError> {
        match self.stage {
            Stage::Finished => return Ok(None),
            Stage::Failed => return Err(SnapshotError::Failed { file: self.path.clone() }),
            Stage::Reading => {}
        }
        let result = self.read_block();
        if result.is_err() {
            self.stage = Stage::Failed;
        }
        result
    }

    fn read_block(&mut self) -> Result<Option<Vec<u8>>, SnapshotError> {
        let [kind] = self.read_array::<1>(self.at)?;
        match kind {
            KIND_BLOCK => self.read_content().map(Some),
            KIND_TRAILER => self.read_trailer().map(|()| None),
            _ => Err(self.damaged("is neither block nor trailer")),
        }
    }

    fn read_content(&mut self) -> Result<Vec<u8>, SnapshotError> {
        let header = self.read_array::<BLOCK_HEADER_BYTES>(self.at)?;
        let (record, checksum) = header.split_at(BLOCK_HEADER_BYTES - CHECKSUM_BYTES);
        let mut fields = Fields(&record[1..]);
        let (position, raw, stored) = (fields.u64(), fields.u32(), fields.u32());
        let length = |length: Option<u32>| length.and_then(|length| usize::try_from(length).ok());
        let (Some(raw), Some(stored)) = (length(raw), length(stored)) else {
            return Err(self.damaged("has no lengths"));
        };
        if raw > BLOCK_BYTES || stored > STORED_BYTES_MAX {
            return Err(self.damaged("has lengths that no block has"));
        }
        let mut bytes = vec![0; stored];
        self.read(self.at + BLOCK_HEADER_BYTES as u64, &mut bytes)?;
        if checksum != checksum_of(self.info.offset, &[record, &bytes]).to_le_bytes() {
            return Err(self.damaged("has a checksum that does not fit"));
        }
        if position != Some(self.info.blocks) {
            return Err(self.damaged("belongs to another place"));
        }
        let content = zstd::bulk::decompress(&bytes, raw)
            .ok()
            .filter(|content| content.len() == raw)
            .ok_or_else(|| self.damaged("does not decompress"))?;
        self.content_checksum.update(&content);
        self.info.blocks += 1;
        self.info.bytes += raw as u64;
        self.at += (BLOCK_HEADER_BYTES + stored) as u64;
        Ok(content)
    }

    fn read_trailer(&mut self) -> Result<(), SnapshotError> {
        let stored = self.read_array::<TRAILER_BYTES>(self.at)?;
        let trailer =
            checked(self.info.offset, &stored).ok_or_else(|| self.damaged("is a damaged trailer"))?;
        let mut fields = Fields(&trailer[1..]);
        let found = (fields.u64(), fields.u64(), fields.u32());
        let content = self.content_checksum.clone().finalize();
        if found != (Some(self.info.blocks), Some(self.info.bytes), Some(content)) {
            return Err(self.damaged("is a trailer that does not fit what was read"));
        }
        let length = self.file.length().map_err(SnapshotError::io(&self.path))?;
        if length != self.at + TRAILER_BYTES as u64 {
            return Err(self.damaged("is a trailer with more behind it"));
        }
        self.stage = Stage::Finished;
        Ok(())
    }

    fn read_array<const N: usize>(&self, at: u64) -> Result<[u8; N], SnapshotError> {
        let mut bytes = [0; N];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), SnapshotError> {
        match self.file.read_at(at, into) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.damaged("is cut off")),
            other => other.map_err(SnapshotError::io(&self.path)),
        }
    }

    fn damaged(&self, why: &str) -> SnapshotError {
        let why = format!("block {} {why}", self.info.blocks);
        SnapshotError::Damaged { file: self.path.clone(), why }
    }
}
