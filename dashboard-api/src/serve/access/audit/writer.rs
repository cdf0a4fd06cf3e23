//! The thread that writes the record: what waits goes to disk in one go, and those who wait are told.
//!
//! When the disk refuses, the file is cut back to what is whole, those who wait are told no, and the next is tried. Not
//! here: what is written.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use super::chain::{self, End};
use super::head::{self, Head, Key};
use super::{FILE, Waiting};

/// Entries written in one go.
const AT_ONCE_MAX: usize = 256;

/// What writes.
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    file: File,
    key: Key,
    end: End,
    bytes: u64,
}

impl Writer {
    /// Opens the record, and checks it from its first line on.
    pub(super) fn open(folder: &Path) -> Result<Writer, String> {
        let path = folder.join(FILE);
        let said = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let key = Key::of(folder)?;
        let bytes = super::bytes(folder)?;
        let end = check(folder, head::read(folder)?.as_ref(), &bytes)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| said(&error))?;
        // A line that a power cut left unfinished was never acknowledged to anybody.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place as u64 + 1);
        file.set_len(whole).and_then(|()| file.seek(SeekFrom::End(0))).map_err(|error| said(&error))?;
        Ok(Writer { folder: folder.to_owned(), file, key, end, bytes: whole })
    }

    /// Until nobody can send any more.
    pub(super) fn run(mut self, waiting: &Receiver<Waiting>) {
        while let Ok(first) = waiting.recv() {
            let mut batch = vec![first];
            batch.extend(waiting.try_iter().take(AT_ONCE_MAX - 1));
            let written = self.write(&batch);
            if let Err(problem) = &written {
                tracing::error!(%problem, "the record of access cannot be written; what it would tell of is refused");
                // What is half written would break the chain.
                let _ = self.file.set_len(self.bytes).and_then(|()| self.file.seek(SeekFrom::End(0)));
            }
            for (_, done) in batch {
                // Whoever waited may have gone.
                let _ = done.send(written.is_ok());
            }
        }
    }

    fn write(&mut self, batch: &[Waiting]) -> std::io::Result<()> {
        let at = super::super::now().to_local();
        let (mut text, mut end) = (String::new(), self.end.clone());
        for (entry, _) in batch {
            let (line, next) = chain::next(&end, entry.told(&at));
            text += &line;
            text.push('\n');
            end = next;
        }
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()?;
        self.key.sign(&self.folder, &end, &at)?;
        // Only now does it count: a head that cannot be written takes its lines back.
        (self.end, self.bytes) = (end, self.bytes + text.len() as u64);
        Ok(())
    }
}

/// What a record goes to; a sentence where it does not hold together.
pub(crate) fn check(folder: &Path, head: Option<&Head>, bytes: &[u8]) -> Result<End, String> {
    let mut is_met = head.is_none_or(|head| head.number == 0);
    let end = chain::follow(bytes, |end| {
        is_met |= head.is_some_and(|head| head.number == end.number && head.hash == end.hash);
    });
    let told = |why: &dyn std::fmt::Display| {
        format!("the record of access in {} does not hold together: {why}", folder.display())
    };
    let end = end.map_err(|broken| told(&broken))?;
    let Some(head) = head else {
        return if end.number == 0 { Ok(end) } else { Err(told(&"its signed head is gone")) };
    };
    if !head.is_signed(folder)? {
        return Err(told(&"its head is not signed with its key"));
    }
    if end.number < head.number {
        let why =
            format!("{} records were signed and {} are left: its end was cut off", head.number, end.number);
        return Err(told(&why));
    }
    if !is_met {
        return Err(told(&format!("record {} is not the one that was signed", head.number)));
    }
    Ok(end)
}
