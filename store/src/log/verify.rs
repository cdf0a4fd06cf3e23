//! Reading everything the log holds and checking it.
//!
//! It exists to find a damaged file before it is needed. Sealed files are compared whole with their seals; the
//! newest one is checked by the library, page by page; then every chunk is read as a replay would read it.
//!
//! It deliberately changes nothing and does not stop the readers; appends wait while the newest file is checked.

use super::seal::Seal;
use super::segment::segment_path;
use super::{EventLog, error::LogError};

/// How far the verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyProgress {
    /// The files that are done.
    pub files_done: usize,
    /// All files.
    pub files: usize,
    /// The events read so far.
    pub events: u64,
}

/// What a verification read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// The files of the log.
    pub files: usize,
    /// Its chunks.
    pub chunks: u64,
    /// Its events.
    pub events: u64,
}

impl EventLog {
    /// Reads and checks everything, telling `progress` after each file; the first thing that does not fit is
    /// the error.
    pub fn verify(&mut self, mut progress: impl FnMut(VerifyProgress)) -> Result<VerifyReport, LogError> {
        self.refuse_when_closed()?;
        let sealed = self.shared.sealed_list();
        let files = sealed.len() + 1;
        let mut report = VerifyReport { files, ..VerifyReport::default() };
        for (position, seal) in sealed.iter().enumerate() {
            seal.verify(self.shared.disk(), &segment_path(seal.first))?;
            self.verify_chunks(seal.first, seal.end, &mut report)?;
            progress(VerifyProgress { files_done: position + 1, files, events: report.events });
        }
        match self.check_newest() {
            Err(busy @ LogError::Busy { .. }) => return Err(busy),
            other => self.close_on_error(other)?,
        }
        self.verify_chunks(self.ends.first, self.ends.next, &mut report)?;
        self.reader().set_aside_list(0, usize::MAX)?;
        progress(VerifyProgress { files_done: files, files, events: report.events });
        Ok(report)
    }

    fn check_newest(&self) -> Result<(), LogError> {
        self.shared.with_active_mut(|database, path| match database.check_integrity() {
            Ok(true) => Ok(()),
            Ok(false) => Err(LogError::damaged(path, "its pages did not fit and were repaired")),
            Err(error) => Err(LogError::segment(path)(error)),
        })
    }

    fn verify_chunks(&self, from: u64, end: u64, report: &mut VerifyReport) -> Result<(), LogError> {
        if from == end {
            return Ok(());
        }
        for chunk in self.reader().read_from(from) {
            let chunk = chunk?;
            report.chunks += 1;
            report.events += u64::from(chunk.events);
            if chunk.next() >= end {
                return Ok(());
            }
        }
        Err(LogError::Gap { file: segment_path(from), expected: from, found: end })
    }
}

/// The files of a sealed segment, for a copy.
pub(super) fn sealed_files(seal: &Seal) -> [String; 2] {
    [segment_path(seal.first), super::seal::seal_path(seal.first)]
}
