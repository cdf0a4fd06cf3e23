//! The disk as an argument: what the log and the snapshots may ask of a folder, and nothing else.
//!
//! It exists so that every write, sync and rename can be made to fail or to be the last one before a power
//! cut, in tests that take seconds. Paths are relative, with `/`, at most two sub-folders deep.
//!
//! It deliberately says `io::Error`, the only error type its callers above and `redb` below both speak; the
//! sentence that names the thing is made by the caller.

pub(crate) mod local;
pub(crate) mod simulated;

use std::fmt::Debug;
use std::io;

/// The bytes copied or checked at a time when a whole file is read.
const COPY_BYTES: usize = 1 << 20;

/// A folder with files and sub-folders.
///
/// What was written to a file is durable after [`DiskFile::sync`]; that the file has its name, or has lost it,
/// is durable after [`Disk::sync_folder`] of its folder. Before that, a power cut may keep any part of it.
pub trait Disk: Debug + Send + Sync + 'static {
    /// Creates a sub-folder, or does nothing when it is there.
    fn create_folder(&self, folder: &str) -> io::Result<()>;
    /// Creates a file; fails with `AlreadyExists` when it is there.
    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file for reading and writing; fails with `NotFound` when it is not there.
    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name in the same folder, replacing a file that has it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file. Handles that are open go on reading it.
    fn remove(&self, path: &str) -> io::Result<()>;
    /// The names of the files and sub-folders in a folder, sorted; the root is `""`.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;
    /// Makes the names in a folder durable; the root is `""`.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;
}

/// An open file. Positions are arguments, so that readers and a writer share one handle without a lock.
pub trait DiskFile: Debug + Send + Sync + 'static {
    /// The length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Fills `into` from `offset` on; fails with `UnexpectedEof` when the file ends before that.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;
    /// Writes all `bytes` at `offset`, lengthening the file when needed.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Shortens the file, or lengthens it with zeros.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Makes everything written so far durable.
    fn sync(&self) -> io::Result<()>;
}

/// The name a file has until it is whole.
pub(crate) fn unfinished(path: &str) -> String {
    format!("{path}{UNFINISHED}")
}

/// What ends the name of a file that is not whole yet; such files are removed when a folder is opened.
pub(crate) const UNFINISHED: &str = ".new";

/// Writes a small file so that after a power cut it is there whole or not at all.
pub(crate) fn write_whole(disk: &dyn Disk, folder: &str, path: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = unfinished(path);
    remove_if_there(disk, &unfinished)?;
    let file = disk.create(&unfinished)?;
    file.write_at(0, bytes)?;
    file.sync()?;
    disk.rename(&unfinished, path)?;
    disk.sync_folder(folder)
}

/// Reads a small file; `limit` keeps a damaged length from filling the memory.
pub(crate) fn read_whole(disk: &dyn Disk, path: &str, limit: u64) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let length = file.length()?.min(limit);
    let mut bytes = vec![0; usize::try_from(length).expect("a limit that fits in memory")];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}

/// Removes a file that may not be there.
pub(crate) fn remove_if_there(disk: &dyn Disk, path: &str) -> io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Hands the whole file to `each`, piece by piece.
pub(crate) fn read_pieces(
    file: &dyn DiskFile,
    mut each: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let length = file.length()?;
    let mut piece = vec![0; COPY_BYTES.min(usize::try_from(length).unwrap_or(COPY_BYTES))];
    let mut offset = 0;
    while offset < length {
        let count = usize::try_from(length - offset).unwrap_or(COPY_BYTES).min(COPY_BYTES);
        file.read_at(offset, &mut piece[..count])?;
        each(offset, &piece[..count])?;
        offset += count as u64;
    }
    Ok(length)
}

/// The length and CRC-32 of a whole file.
pub(crate) fn fingerprint(file: &dyn DiskFile) -> io::Result<Fingerprint> {
    let mut checksum = crc32fast::Hasher::new();
    let length = read_pieces(file, |_, piece| {
        checksum.update(piece);
        Ok(())
    })?;
    Ok(Fingerprint { length, checksum: checksum.finalize() })
}

/// What tells a file from a damaged copy of itself. CRC-32 finds every single flipped bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    pub(crate) length: u64,
    pub(crate) checksum: u32,
}
