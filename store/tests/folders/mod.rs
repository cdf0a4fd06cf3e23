//! What the tests share: chance, made-up content, and reading everything back.
//!
//! It deliberately does not know the format of any file.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]
#![allow(dead_code, reason = "each test file uses another part")]
#![allow(unreachable_pub, reason = "shared between test files")]

use std::sync::Arc;
use store::{
    Chunk, DataFolder, EventLog, FolderError, FolderSettings, LogSettings, SimulatedDisk, StoredChunk,
};

/// `SplitMix64`.
pub struct Chance(pub u64);

impl Chance {
    pub fn draw(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below
    }

    /// Bytes that hardly compress.
    pub fn bytes(&mut self, length: u64) -> Vec<u8> {
        (0..length).map(|_| u8::try_from(self.draw(256)).expect("a byte")).collect()
    }
}

/// Segments so small that a few chunks fill one.
pub const SMALL: FolderSettings = FolderSettings {
    log: LogSettings { segment_bytes: 60_000, log_bytes_max: 1 << 30, set_aside_max: 8 },
    snapshots_kept: 3,
};

pub fn open(disk: &SimulatedDisk) -> Result<DataFolder, FolderError> {
    DataFolder::open_on(Arc::new(disk.clone()), SMALL)
}

pub fn append(log: &mut EventLog, events: u32, bytes: &[u8]) -> u64 {
    log.append(Chunk { arrived: 7, events, bytes, ..Chunk::default() }).unwrap().first_offset
}

pub fn read_all(log: &EventLog, when: &str) -> Vec<StoredChunk> {
    let chunks = log.reader().read_from(log.first_offset());
    chunks.map(|chunk| chunk.unwrap_or_else(|error| panic!("{when}: {error}"))).collect()
}
