//! The list of an offset: which segments, newest first, the state snapshot at that offset rests on.
//!
//! It exists because segments and snapshots are written at different times: what is set in one step is the list.
//!
//! It deliberately does not look whether the segments are there; the archive does.

use super::ArchiveError;
use super::format::{MAGIC_LIST, VERSION, list_path};
use crate::disk::{Disk, read_whole};
use crate::encoding::{Fields, checked, with_checksum};
use std::io;

/// A damaged length must not fill the memory; so many bytes hold more segments than anyone merges.
pub(crate) const LIST_BYTES_MAX: u64 = 1 << 20;

pub(super) fn encode_list(offset: u64, ids: &[u64]) -> Vec<u8> {
    let mut record = MAGIC_LIST.to_vec();
    record.extend_from_slice(&VERSION.to_le_bytes());
    record.extend_from_slice(&offset.to_le_bytes());
    record.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
    assert!((record.len() as u64) < LIST_BYTES_MAX, "{} segments are too many for a list", ids.len());
    with_checksum(offset, record)
}

/// The segments of the list of `offset`.
pub(super) fn read_list(disk: &dyn Disk, offset: u64) -> Result<Vec<u64>, ArchiveError> {
    let path = list_path(offset);
    match read_whole(disk, &path, LIST_BYTES_MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ArchiveError::NotListed { offset }),
        Err(error) => Err(ArchiveError::io(&path)(error)),
        Ok(stored) => decode_list(offset, &stored),
    }
}

/// The segments of a list as it is stored.
pub(crate) fn decode_list(offset: u64, stored: &[u8]) -> Result<Vec<u64>, ArchiveError> {
    ids_of(offset, stored)
        .ok_or_else(|| ArchiveError::damaged(&list_path(offset), "its content does not fit"))
}

fn ids_of(offset: u64, stored: &[u8]) -> Option<Vec<u64>> {
    let (&MAGIC_LIST, fields) = checked(offset, stored)?.split_first_chunk::<8>()? else { return None };
    let mut fields = Fields(fields);
    if fields.u32()? != VERSION || fields.u64()? != offset {
        return None;
    }
    let (ids, rest) = fields.rest().as_chunks::<8>();
    rest.is_empty().then(|| ids.iter().map(|id| u64::from_le_bytes(*id)).collect())
}
