//! Days: one small file for each, written once, whole or not there, with a checksum.
//!
//! It exists so that what was shown at the start of a day outlives the process. Nothing is counted from it: a file that
//! is damaged is told of and passed over.
//!
//! It deliberately knows neither what a day holds nor what day it is.

use crate::disk::{Disk, read_whole, write_whole};
use crate::encoding::checksum_of;
use std::io;
use std::sync::Arc;

const FOLDER: &str = "days";
const ENDING: &str = ".day";
/// A day's content at most.
const DAY_BYTES_MAX: u64 = 64 << 20;
/// `checksum` and eight digits, on a line of its own.
const CHECKSUM_BYTES: usize = 18;

/// The days of a data folder.
#[derive(Debug, Clone)]
pub struct Days {
    disk: Arc<dyn Disk>,
}

/// What was found: days by name, oldest first, and sentences about those that cannot be used.
#[derive(Debug, Default)]
pub struct DaysFound {
    /// Name and content.
    pub days: Vec<(String, Vec<u8>)>,
    /// Each names its file.
    pub problems: Vec<String>,
}

impl Days {
    pub(crate) fn on(disk: Arc<dyn Disk>) -> Days {
        Days { disk }
    }

    /// The newest `count` days; names sort as days do.
    pub fn newest(&self, count: usize) -> DaysFound {
        let mut found = DaysFound::default();
        let names = match self.disk.list(FOLDER) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return found,
            Err(error) => {
                found.problems.push(format!("the disk failed at {FOLDER}: {error}"));
                return found;
            }
        };
        let mut names: Vec<&str> = names.iter().filter_map(|name| name.strip_suffix(ENDING)).collect();
        names.sort_unstable();
        for name in names.split_off(names.len().saturating_sub(count)) {
            let path = path(name);
            match read_whole(self.disk.as_ref(), &path, DAY_BYTES_MAX) {
                Err(error) => found.problems.push(format!("the disk failed at {path}: {error}")),
                Ok(bytes) => match unsealed(name, bytes) {
                    Some(content) => found.days.push((name.to_owned(), content)),
                    None => found.problems.push(format!("{path} is damaged; that day is left out")),
                },
            }
        }
        found
    }

    /// Sentences about the days that cannot be used, oldest first.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.newest(usize::MAX).problems
    }

    /// Writes a day, and removes all but the newest `kept`.
    ///
    /// # Errors
    /// What the disk says; then the day is not there.
    pub fn write(&self, name: &str, content: &[u8], kept: usize) -> io::Result<()> {
        self.disk.create_folder(FOLDER)?;
        self.disk.sync_folder("")?;
        let mut bytes = content.to_vec();
        bytes.extend_from_slice(seal(name, content).as_bytes());
        write_whole(self.disk.as_ref(), FOLDER, &path(name), &bytes)?;
        let mut names = self.disk.list(FOLDER)?;
        names.retain(|name| name.ends_with(ENDING));
        names.sort_unstable();
        for name in &names[..names.len().saturating_sub(kept.max(1))] {
            self.disk.remove(&format!("{FOLDER}/{name}"))?;
        }
        Ok(())
    }
}

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}{ENDING}")
}

fn seal(name: &str, content: &[u8]) -> String {
    format!("checksum {:08x}\n", checksum_of(0, &[name.as_bytes(), content]))
}

fn unsealed(name: &str, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let end = bytes.len().checked_sub(CHECKSUM_BYTES)?;
    let found = bytes.split_off(end);
    (found == seal(name, &bytes).as_bytes()).then_some(bytes)
}
