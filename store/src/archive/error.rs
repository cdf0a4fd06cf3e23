//! Why the archive could not do what was asked.
//!
//! It exists so that the caller can tell what is over by itself (no space), what was never there (not listed) and
//! what needs a person (damage). It deliberately holds no type of a compression library.

use std::io;

/// Why the archive could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The disk is full. What was there before is there still.
    #[error("no space is left on the disk for {file}; free some space, the next attempt then succeeds")]
    NoSpace {
        /// The file.
        file: String,
    },
    /// The disk refused.
    #[error("the disk failed at {file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What it said.
        source: io::Error,
    },
    /// A file is not as it was written.
    #[error("the archive file {file} is damaged: {why}; restore the folder from a backup")]
    Damaged {
        /// The file.
        file: String,
        /// What does not fit.
        why: String,
    },
    /// A file is not there although something rests on it.
    #[error("the archive file {file} is missing; restore the folder from a backup")]
    Missing {
        /// The file.
        file: String,
    },
    /// No list was set for this offset.
    #[error("the archive has no list for the snapshot at offset {offset}; use an older one or read the log")]
    NotListed {
        /// The offset asked for.
        offset: u64,
    },
    /// What was given is larger than an entry may be; nothing was kept of it.
    #[error("{what} of {bytes} bytes is larger than the {limit} an archive entry takes")]
    TooLarge {
        /// What was given.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
}

impl ArchiveError {
    /// Names the file an error of the disk was about.
    pub(super) fn io(file: &str) -> impl Fn(io::Error) -> ArchiveError + '_ {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                ArchiveError::NoSpace { file: file.to_owned() }
            }
            io::ErrorKind::NotFound => ArchiveError::Missing { file: file.to_owned() },
            io::ErrorKind::UnexpectedEof => ArchiveError::damaged(file, "it is cut off"),
            _ => ArchiveError::Io { file: file.to_owned(), source },
        }
    }

    pub(super) fn damaged(file: &str, why: impl Into<String>) -> ArchiveError {
        ArchiveError::Damaged { file: file.to_owned(), why: why.into() }
    }
}
