//! A consistent copy of the log while it is written.
//!
//! It exists for backups. Sealed files are copied as they are; the newest is read through one transaction, which
//! is one instant, and written as a new file that is sealed at once. So the copy ends where the log stood.
//!
//! It deliberately tries once without holding up the writer, and only when the newest file is sealed meanwhile with.

use super::error::LogError;
use super::reader::LogReader;
use super::seal::Seal;
use super::segment::{Reading, Wanted, Writing, segment_path};
use super::verify::sealed_files;
use super::{LOG_FOLDER, begin_file};
use crate::disk::{Disk, remove_if_there, unfinished};
use std::io;
use std::sync::Arc;

impl LogReader {
    /// Copies the log into an empty folder; says the offset it ends before.
    pub(crate) fn copy_to(&self, to: &dyn Disk) -> Result<u64, LogError> {
        to.create_folder(LOG_FOLDER).map_err(LogError::io(LOG_FOLDER))?;
        // At one instant: the newest file and the sealed ones.
        let (newest, sealed) = self
            .shared
            .with_active(|database, path| Ok((Reading::begin(database, path)?, self.shared.sealed_list())))?;
        self.copy_sealed(&sealed, to)?;
        match copy_newest(&newest, to) {
            Err(LogError::Closed { .. }) => {}
            other => return other,
        }
        // It was sealed meanwhile. The rest is short, and a writer that wants to seal the next one waits.
        let unfinished = unfinished(newest.path());
        remove_if_there(to, &unfinished).map_err(LogError::io(&unfinished))?;
        self.shared.with_active(|database, path| {
            let newest = Reading::begin(database, path)?;
            let mut rest = self.shared.sealed_list();
            rest.retain(|seal| sealed.last().is_none_or(|last| seal.first > last.first));
            self.copy_sealed(&rest, to)?;
            copy_newest(&newest, to)
        })
    }

    fn copy_sealed(&self, seals: &[Seal], to: &dyn Disk) -> Result<(), LogError> {
        for path in seals.iter().flat_map(sealed_files) {
            copy_file(self.shared.disk(), to, &path).map_err(LogError::io(&path))?;
        }
        Ok(())
    }
}

fn copy_newest(reading: &Reading, to: &dyn Disk) -> Result<u64, LogError> {
    let ends = reading.ends()?;
    let path = segment_path(ends.first);
    let database = begin_file(to, &path, &Arc::default(), ends, &reading.ledger()?, Some(reading))?;
    let writing = Writing::begin(&database, &path)?;
    reading.chunks(.., |first, value| {
        writing.chunk(first, value)?;
        Ok(Wanted::More)
    })?;
    writing.commit(ends, &reading.ledger()?)?;
    Reading::begin(&database, &path)?.check()?;
    database.close().map_err(LogError::segment(&path))?;
    to.rename(&unfinished(&path), &path).map_err(LogError::io(&path))?;
    Seal::put(to, &path, ends.first, ends.next)?;
    Ok(ends.next)
}

fn copy_file(from: &dyn Disk, to: &dyn Disk, path: &str) -> io::Result<()> {
    let source = from.open(path)?;
    remove_if_there(to, path)?;
    let target = to.create(path)?;
    crate::disk::read_pieces(source.as_ref(), |offset, piece| target.write_at(offset, piece))?;
    target.sync()
}
