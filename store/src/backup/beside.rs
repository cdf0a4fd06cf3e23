//! Copying what lies beside log and state: noted days, editions, what the portal published, who may get in, the record
//! of access, and a book.
//!
//! It exists so that a machine that burned comes back with its sessions of work, not only with its figures. Each file
//! is written whole under another name and renamed, or only grows at its end, so it can be copied while it is used; a
//! book is copied as of one instant.
//!
//! It deliberately knows no file by name, only folders.

use super::{BackupError, copy, io_at};
use crate::book::{BOOK_ENDING, Book};
use crate::disk::{Disk, UNFINISHED};
use std::io;

/// The folders beside log, snapshots and archive; one within another comes after it.
pub(super) const FOLDERS: [&str; 5] = ["days", "editions", "portal", "access", "access/audit"];
/// Ends of names of files that are not whole yet.
const PASSED_OVER: [&str; 2] = [UNFINISHED, ".unfinished"];

/// Copies it. `books` are those that are open, with their names in the folder; the others are copied as files.
pub(super) fn copy_beside(from: &dyn Disk, books: &[(&str, Book)], to: &dyn Disk) -> Result<(), BackupError> {
    for folder in FOLDERS {
        // Names are sorted: a signed head comes before the record it signs, which may have grown since.
        for name in listed(from, folder)? {
            to.create_folder(folder).map_err(io_at(folder))?;
            copy_file(from, &format!("{folder}/{name}"), to)?;
        }
    }
    for name in listed_books(from)? {
        match books.iter().find(|(open, _)| *open == name) {
            Some((_, book)) => book.copy_to(to, &name)?,
            None => copy_file(from, &name, to)?,
        }
    }
    Ok(())
}

fn copy_file(from: &dyn Disk, path: &str, to: &dyn Disk) -> Result<(), BackupError> {
    match copy(from, to, path) {
        // It was removed meanwhile, as the oldest of many is.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map(|_| ()).map_err(io_at(path)),
    }
}

/// The files in a folder that are whole; none when there is no such folder.
pub(super) fn listed(disk: &dyn Disk, folder: &str) -> Result<Vec<String>, BackupError> {
    let mut names = match disk.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(io_at(folder))?,
    };
    let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    names.retain(|name| {
        !FOLDERS.contains(&path(name).as_str()) && !PASSED_OVER.iter().any(|ending| name.ends_with(ending))
    });
    Ok(names)
}

/// The books of a folder.
pub(super) fn listed_books(disk: &dyn Disk) -> Result<Vec<String>, BackupError> {
    let mut names = listed(disk, "")?;
    names.retain(|name| name.ends_with(BOOK_ENDING));
    Ok(names)
}
