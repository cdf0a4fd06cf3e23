//! The seal of a segment: a small file beside it that says how long it is, which events it ends before, and
//! its checksum.
//!
//! It exists because the library checks only pages in use, and only after a crash: with the seal a bit flipped
//! anywhere in a finished file is found. The newest segment has one between a clean close and the next open.
//!
//! It deliberately does not say when or why it was sealed.

use super::{LOG_FOLDER, error::LogError};
use crate::disk::{Disk, Fingerprint, fingerprint, read_whole, write_whole};
use crate::encoding::{Fields, checked, with_checksum};
use std::io;

const MAGIC: u64 = u64::from_le_bytes(*b"NHIPSEAL");
const VERSION: u8 = 1;
/// A seal is this long; a longer file is read so far and does not fit.
const SEAL_BYTES_MAX: u64 = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seal {
    /// The offset of the segment's first event.
    pub(super) first: u64,
    /// The offset after its last event.
    pub(super) end: u64,
    pub(super) fingerprint: Fingerprint,
}

pub(super) fn seal_path(first: u64) -> String {
    format!("{LOG_FOLDER}/{first:020}.seal")
}

impl Seal {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut record = vec![VERSION];
        for field in [self.first, self.end, self.fingerprint.length] {
            record.extend_from_slice(&field.to_le_bytes());
        }
        record.extend_from_slice(&self.fingerprint.checksum.to_le_bytes());
        with_checksum(MAGIC, record)
    }

    fn decode(stored: &[u8]) -> Option<Seal> {
        let mut fields = Fields(checked(MAGIC, stored)?);
        if fields.byte()? != VERSION {
            return None;
        }
        let (first, end, length, checksum) = (fields.u64()?, fields.u64()?, fields.u64()?, fields.u32()?);
        fields.end()?;
        Some(Seal { first, end, fingerprint: Fingerprint { length, checksum } })
    }

    /// Reads the seal of a segment; `None` when it has none.
    pub(super) fn read(disk: &dyn Disk, first: u64) -> Result<Option<Seal>, LogError> {
        let path = seal_path(first);
        let stored = match read_whole(disk, &path, SEAL_BYTES_MAX) {
            Ok(stored) => stored,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LogError::io(&path)(error)),
        };
        match Seal::decode(&stored) {
            Some(seal) if seal.first == first => Ok(Some(seal)),
            Some(_) | None => Err(LogError::damaged(&path, "it is not the seal that was written")),
        }
    }

    /// Takes the checksum of a closed segment and writes its seal, durably.
    pub(super) fn put(disk: &dyn Disk, segment: &str, first: u64, end: u64) -> Result<Seal, LogError> {
        let file = disk.open(segment).map_err(LogError::io(segment))?;
        let fingerprint = fingerprint(file.as_ref()).map_err(LogError::io(segment))?;
        let seal = Seal { first, end, fingerprint };
        let path = seal_path(first);
        write_whole(disk, LOG_FOLDER, &path, &seal.encode()).map_err(LogError::io(&path))?;
        Ok(seal)
    }

    /// Reads the whole segment and compares.
    pub(super) fn verify(&self, disk: &dyn Disk, segment: &str) -> Result<(), LogError> {
        let file = disk.open(segment).map_err(LogError::io(segment))?;
        let found = fingerprint(file.as_ref()).map_err(LogError::io(segment))?;
        if found == self.fingerprint {
            return Ok(());
        }
        Err(LogError::damaged(segment, "its checksum does not fit its seal"))
    }
}
