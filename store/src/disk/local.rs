//! A folder of the machine, locked for one process.
//!
//! It exists to give `std::fs` the shape of [`Disk`] and to keep two processes out of one folder.
//!
//! It deliberately does not cache, retry or hide an error: what a failed sync means is decided by the log.

use super::{Disk, DiskFile};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file whose lock says that a process uses the folder. It stays empty.
pub(crate) const LOCK_FILE: &str = "lock";

/// A folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LocalDiskError {
    /// Another process holds the lock.
    #[error("the folder {folder} is in use by another nhip; stop that one or choose another folder")]
    InUse {
        /// The folder.
        folder: String,
    },
    /// The operating system refused.
    #[error("the folder {folder} cannot be opened: {source}")]
    Io {
        /// The folder.
        folder: String,
        /// What it said.
        source: io::Error,
    },
}

/// A folder of the machine; no other process can open it as long as this lives, except to read.
#[derive(Debug)]
pub struct LocalDisk {
    root: PathBuf,
    _lock: Option<File>,
}

impl LocalDisk {
    /// Opens the folder, creating it when it is not there, and locks it.
    pub fn open(root: &Path) -> Result<LocalDisk, LocalDiskError> {
        let folder = || root.display().to_string();
        let lock =
            create_and_open_lock(root).map_err(|source| LocalDiskError::Io { folder: folder(), source })?;
        match lock.try_lock() {
            Ok(()) => Ok(LocalDisk { root: root.to_owned(), _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(LocalDiskError::InUse { folder: folder() }),
            Err(TryLockError::Error(source)) => Err(LocalDiskError::Io { folder: folder(), source }),
        }
    }

    /// A folder another process may be writing, for reading files that never change once they have their name. Nothing is
    /// created and no lock taken.
    pub fn open_to_read(root: &Path) -> LocalDisk {
        LocalDisk { root: root.to_owned(), _lock: None }
    }

    fn at(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }
}

fn create_and_open_lock(root: &Path) -> io::Result<File> {
    if !root.is_dir() {
        fs::create_dir_all(root)?;
        // A new folder is only there for good when the folder above it is synced too.
        if let Some(above) = root.canonicalize()?.parent() {
            File::open(above)?.sync_all()?;
        }
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(root.join(LOCK_FILE))
}

impl Disk for LocalDisk {
    fn create_folder(&self, folder: &str) -> io::Result<()> {
        match fs::DirBuilder::new().mode(0o700).create(self.at(folder)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        // Events name officers, and beside them lie hashes of tokens: all of it is the owner's alone.
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        Ok(Box::new(LocalFile(options.open(self.at(path))?)))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(LocalFile(OpenOptions::new().read(true).write(true).open(self.at(path))?)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.at(from), self.at(to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.at(path))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.at(folder))? {
            // A name that is not UTF-8 is not ours; it must still be seen as something being there.
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        File::open(self.at(folder))?.sync_all()
    }
}

#[derive(Debug)]
struct LocalFile(File);

impl DiskFile for LocalFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(into, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
