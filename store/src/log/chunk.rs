//! A chunk at rest: header, checksum, compressed bytes.
//!
//! It exists so that a chunk is checked where it is used, whatever the library below verifies: the checksum
//! covers the key too, so that a chunk found under another offset does not fit.
//!
//! It deliberately keeps the chunk whole: events are not told apart here.

use super::Chunk;
use crate::encoding::{Fields, checksum_of};
use std::io;

/// The most bytes a chunk may have before compression.
pub const CHUNK_BYTES_MAX: usize = 64 << 20;

/// zstd level 1: the writer waits for it at every append.
const COMPRESSION_LEVEL: i32 = 1;
const VERSION: u8 = 1;

/// A chunk as it was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChunk {
    /// The offset of its first event.
    pub first: u64,
    /// When it arrived, in nanoseconds since 1970, as the caller said.
    pub arrived: i64,
    /// The number of events.
    pub events: u32,
    /// The events.
    pub bytes: Vec<u8>,
}

impl StoredChunk {
    /// The offset after its last event.
    pub fn next(&self) -> u64 {
        self.first + u64::from(self.events)
    }
}

/// Packs chunks; keeps the compressor's memory between them.
pub(super) struct Packer(zstd::bulk::Compressor<'static>);

impl Packer {
    pub(super) fn new() -> Packer {
        Packer(zstd::bulk::Compressor::new(COMPRESSION_LEVEL).expect("zstd knows level 1"))
    }

    pub(super) fn pack(&mut self, first: u64, chunk: &Chunk<'_>) -> io::Result<Vec<u8>> {
        let payload = self.0.compress(chunk.bytes)?;
        let raw_length = u32::try_from(chunk.bytes.len()).expect("bounded by CHUNK_BYTES_MAX");
        let mut value = Vec::with_capacity(HEADER_BYTES + payload.len());
        value.push(VERSION);
        value.extend_from_slice(&chunk.events.to_le_bytes());
        value.extend_from_slice(&chunk.arrived.to_le_bytes());
        value.extend_from_slice(&raw_length.to_le_bytes());
        let checksum = checksum_of(first, &[&value, &payload]);
        value.extend_from_slice(&checksum.to_le_bytes());
        value.extend_from_slice(&payload);
        Ok(value)
    }
}

/// Unpacks chunks; keeps the decompressor's memory between them.
pub(super) struct Unpacker(zstd::bulk::Decompressor<'static>);

impl Unpacker {
    pub(super) fn new() -> Unpacker {
        Unpacker(zstd::bulk::Decompressor::new().expect("zstd needs no dictionary"))
    }
}

/// Version, events, arrival, length before compression, checksum.
const HEADER_BYTES: usize = 1 + 4 + 8 + 4 + 4;
const CHECKSUM_AT: usize = HEADER_BYTES - 4;

/// A chunk whose checksum fits, not yet decompressed.
pub(super) struct PackedChunk<'a> {
    pub(super) first: u64,
    pub(super) events: u32,
    arrived: i64,
    raw_length: u32,
    payload: &'a [u8],
}

impl<'a> PackedChunk<'a> {
    /// Checks everything but the compression; the error says what does not fit.
    pub(super) fn check(first: u64, value: &'a [u8]) -> Result<PackedChunk<'a>, String> {
        let wrong = |what: &str| format!("the chunk at offset {first} has {what}");
        let mut fields = Fields(value);
        let chunk = (|| {
            let version = fields.byte()?;
            let events = fields.u32()?;
            let arrived = fields.i64()?;
            let raw_length = fields.u32()?;
            let checksum = fields.u32()?;
            Some((
                version,
                checksum,
                PackedChunk { first, events, arrived, raw_length, payload: fields.rest() },
            ))
        })();
        let (version, checksum, chunk) = chunk.ok_or_else(|| wrong("no header"))?;
        if checksum != checksum_of(first, &[&value[..CHECKSUM_AT], chunk.payload]) {
            return Err(wrong("a checksum that does not fit"));
        }
        if version != VERSION {
            return Err(wrong("a version this program does not know"));
        }
        Ok(chunk)
    }

    pub(super) fn unpack(&self, unpacker: &mut Unpacker) -> Result<StoredChunk, String> {
        let PackedChunk { first, events, arrived, raw_length, payload } = *self;
        let limit = usize::try_from(raw_length).map_or(CHUNK_BYTES_MAX, |length| length.min(CHUNK_BYTES_MAX));
        let bytes = unpacker
            .0
            .decompress(payload, limit)
            .map_err(|error| format!("the chunk at offset {first} does not decompress: {error}"))?;
        if bytes.len() != limit {
            return Err(format!(
                "the chunk at offset {first} has {} bytes instead of {raw_length}",
                bytes.len()
            ));
        }
        Ok(StoredChunk { first, arrived, events, bytes })
    }

    pub(super) fn next(&self) -> u64 {
        self.first + u64::from(self.events)
    }
}
