//! Why the log could not do what was asked.
//!
//! It exists so that the caller can tell what must be answered (full, no space), what is over by itself after
//! [`super::EventLog::reopen`], and what needs a person (damage). It deliberately holds no `redb` type: which
//! library keeps the bytes is no promise.

use std::io;

/// Why the log could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The disk is full. Nothing of the append counts until `reopen` says so.
    #[error("no space is left on the disk for {file}; free some space, the log then opens again")]
    NoSpace {
        /// The file that was written.
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
    /// The log has reached its bound; nothing was written.
    #[error(
        "the log holds {bytes} bytes and may hold {limit}; raise the limit or shorten how long events are kept"
    )]
    Full {
        /// The bytes it holds.
        bytes: u64,
        /// The bound.
        limit: u64,
    },
    /// An earlier error closed the log. One of a reader closes the newest file too, until `reopen`.
    #[error("the log is closed since an earlier error ({reason}); reopen it")]
    Closed {
        /// The earlier error.
        reason: String,
    },
    /// Another view of the file is open.
    #[error("a backup is reading {file}; try again when it is done")]
    Busy {
        /// The file.
        file: String,
    },
    /// What was given is larger than the log takes at once; nothing was written.
    #[error("{what} of {bytes} bytes is larger than the {limit} the log takes; send it in smaller parts")]
    TooLarge {
        /// What was given.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// A file is not as it was written.
    #[error("the file {file} is damaged: {why}; restore the folder from a backup")]
    Damaged {
        /// The file.
        file: String,
        /// What does not fit.
        why: String,
    },
    /// Events are missing in the middle.
    #[error("events {expected} to {found} are missing in {file}; restore the folder from a backup")]
    Gap {
        /// The file where they should be.
        file: String,
        /// The first missing offset.
        expected: u64,
        /// The next offset that is there.
        found: u64,
    },
    /// The file is not there although the log says it was.
    #[error("the file {file} is missing; restore the folder from a backup")]
    Missing {
        /// The file.
        file: String,
    },
    /// The offset is older than what is kept.
    #[error("offset {offset} is no longer kept; the log begins at {first}")]
    Retired {
        /// The offset asked for.
        offset: u64,
        /// The first offset that is kept.
        first: u64,
    },
    /// The offset was never given out.
    #[error("offset {offset} is beyond the end of the log at {next}; the state is newer than its log")]
    BeyondEnd {
        /// The offset asked for.
        offset: u64,
        /// The next offset.
        next: u64,
    },
    /// What was acknowledged is not there any more.
    #[error(
        "the log ends at {found} although events up to {acknowledged} were acknowledged; the disk lost them"
    )]
    Lost {
        /// The next offset before the error.
        acknowledged: u64,
        /// The next offset that was found.
        found: u64,
    },
}

impl LogError {
    /// Names the file an error of the disk was about.
    pub(super) fn io(file: &str) -> impl Fn(io::Error) -> LogError + '_ {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                LogError::NoSpace { file: file.to_owned() }
            }
            _ => LogError::Io { file: file.to_owned(), source },
        }
    }

    /// Names the segment an error of the library was about.
    pub(super) fn segment<E: Into<redb::Error>>(file: &str) -> impl Fn(E) -> LogError + '_ {
        move |error| match error.into() {
            redb::Error::Io(source) => LogError::io(file)(source),
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => {
                LogError::Closed { reason: format!("{file} is closed") }
            }
            redb::Error::TransactionInProgress => LogError::Busy { file: file.to_owned() },
            other => LogError::Damaged { file: file.to_owned(), why: other.to_string() },
        }
    }

    pub(super) fn damaged(file: &str, why: impl Into<String>) -> LogError {
        LogError::Damaged { file: file.to_owned(), why: why.into() }
    }
}
