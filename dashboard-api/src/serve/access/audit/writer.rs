//! The thread that writes the record: what waits goes to disk in one go, and those who wait are told.
//!
//! When the disk refuses, the file is cut back to what is whole, those who wait are told no, and the next is tried. Not
//! here: what is written.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant as Moment};

use compute::instant::Instant;

use super::chain::{self, End};
use super::cut;
use super::head::{self, Head, Key, Mark};
use super::{Entry, FILE, Waiting};

/// Entries written in one go.
const AT_ONCE_MAX: usize = 256;
/// How often it is looked for what is older than is kept.
const CUT_EVERY: Duration = Duration::from_hours(24);

/// What writes.
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    file: File,
    key: Key,
    end: End,
    bytes: u64,
    /// For how many days records are kept, if not for good.
    keep_days: Option<u32>,
    next_cut: Moment,
}

impl Writer {
    /// Opens the record, and checks it from its first line on.
    pub(super) fn open(folder: &Path, keep_days: Option<u32>) -> Result<Writer, String> {
        let path = folder.join(FILE);
        let said = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let key = Key::of(folder)?;
        let bytes = super::bytes(folder)?;
        let end = check(folder, head::read(folder, Mark::Head)?.as_ref(), &bytes)?;
        cut::mark_beginning(folder, &key, &super::super::now().to_local())?;
        let mut file = open(folder).map_err(|error| said(&error))?;
        // A line that a power cut left unfinished was never acknowledged to anybody.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place as u64 + 1);
        file.set_len(whole).and_then(|()| file.seek(SeekFrom::End(0))).map_err(|error| said(&error))?;
        let next_cut = Moment::now();
        Ok(Writer { folder: folder.to_owned(), file, key, end, bytes: whole, keep_days, next_cut })
    }

    /// Until nobody can send any more.
    pub(super) fn run(mut self, waiting: &Receiver<Waiting>) {
        loop {
            self.cut_when_due();
            let first = match waiting.recv_timeout(CUT_EVERY) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            };
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
        self.append(batch.iter().map(|(entry, _)| entry))
    }

    /// Cuts off what is older than is kept, once a day, and writes that down first.
    fn cut_when_due(&mut self) {
        let Some(days) = self.keep_days.filter(|_| Moment::now() >= self.next_cut) else { return };
        self.next_cut = Moment::now() + CUT_EVERY;
        let now = super::super::now();
        let before = Instant::from_unix(now.unix_seconds() - i64::from(days) * 86_400, 0);
        if let Err(problem) = self.cut(before) {
            tracing::warn!(%problem, "the record of access is not cut off; it is whole and kept for longer");
        }
    }

    fn cut(&mut self, before: Instant) -> Result<(), String> {
        let folder = self.folder.clone();
        let said = |error: std::io::Error| format!("{}: {error}", folder.display());
        let bytes = super::bytes(&folder)?;
        let Some(last) = cut::last_before(&bytes, &cut::start(&folder, &bytes)?, before) else {
            return Ok(());
        };
        let entry = Entry {
            who: "nhip".to_owned(),
            role: "operator",
            did: "forgot",
            what: "audit".to_owned(),
            of: vec![("until".to_owned(), last.number.to_string())],
        };
        self.append(std::iter::once(&entry)).map_err(said)?;
        let bytes = super::bytes(&folder)?;
        let at = super::super::now().to_local();
        let done = cut::cut(&folder, &self.key, &bytes, &last, &at).map_err(said);
        // Whatever became of it, the file of that name is the record.
        let mut file = open(&folder).map_err(said)?;
        self.bytes = file.seek(SeekFrom::End(0)).map_err(said)?;
        self.file = file;
        done?;
        tracing::info!(until = last.number, "records of access that are no longer kept were cut off");
        Ok(())
    }

    fn append<'a>(&mut self, entries: impl Iterator<Item = &'a Entry>) -> std::io::Result<()> {
        let at = super::super::now().to_local();
        let (mut text, mut end) = (String::new(), self.end.clone());
        for entry in entries {
            let (line, next) = chain::next(&end, entry.told(&at));
            text += &line;
            text.push('\n');
            end = next;
        }
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()?;
        self.key.sign(&self.folder, Mark::Head, &end, &at)?;
        // Only now does it count: a head that cannot be written takes its lines back.
        (self.end, self.bytes) = (end, self.bytes + text.len() as u64);
        Ok(())
    }
}

fn open(folder: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600).open(folder.join(FILE))
}

/// What a record goes to; a sentence where it does not hold together.
pub(crate) fn check(folder: &Path, head: Option<&Head>, bytes: &[u8]) -> Result<End, String> {
    let told = |why: &dyn std::fmt::Display| {
        format!("the record of access in {} does not hold together: {why}", folder.display())
    };
    let start = cut::start(folder, bytes).map_err(|why| told(&why))?;
    let mut is_met = head.is_none_or(|head| head.number == 0);
    let mut is_through = start.through.as_ref().is_none_or(|through| *through == start.end);
    let end = chain::follow(bytes, &start.end, |end, _| {
        is_met |= head.is_some_and(|head| head.number == end.number && head.hash == end.hash);
        is_through |= start.through.as_ref() == Some(end);
    });
    let end = end.map_err(|broken| told(&broken))?;
    if !is_through {
        return Err(told(&"it does not lead to where it was cut off"));
    }
    let Some(head) = head else {
        return if end.number == 0 { Ok(end) } else { Err(told(&"its signed head is gone")) };
    };
    if !head.is_signed(folder, Mark::Head)? {
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
