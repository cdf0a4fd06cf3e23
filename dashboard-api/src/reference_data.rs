//! Indicator sets and calendars: those in the binary, or those of a folder that replaces them.
//!
//! The only place that reads them from disk; checking is the core's.

use std::path::Path;
use std::sync::Arc;

use compute::calendar::Calendar;
use compute::set::Catalogue;

use crate::command::Failure;

/// The sets of `folder`, or the embedded ones.
pub(crate) fn catalogue(folder: Option<&Path>) -> Result<Arc<Catalogue>, Failure> {
    let loaded = match folder {
        None => Catalogue::embedded(),
        Some(folder) => {
            let mut files = Vec::new();
            collect(folder, "", &mut files)?;
            Catalogue::load(files)
        }
    };
    loaded.map(Arc::new).map_err(|error| Failure::question(format!("indicator sets: {error}")))
}

/// The files of the sets of `folder`, or the embedded ones.
pub(crate) fn set_files(folder: Option<&Path>) -> Result<Vec<(String, String)>, Failure> {
    let mut files = Vec::new();
    match folder {
        None => files = Catalogue::embedded_files(),
        Some(folder) => collect(folder, "", &mut files)?,
    }
    files.retain(|(name, _)| Path::new(name).extension().is_some_and(|kind| kind == "toml"));
    files.sort();
    Ok(files)
}

/// The calendars of `folder`, or the embedded ones.
pub(crate) fn calendar(folder: Option<&Path>) -> Result<Arc<Calendar>, Failure> {
    let refused = |error| Failure::question(format!("{error}"));
    let Some(folder) = folder else { return Calendar::embedded().map(Arc::new).map_err(refused) };
    let mut files = Vec::new();
    collect(folder, "", &mut files)?;
    let mut calendar = Calendar::default();
    for (name, text) in &files {
        calendar.add(name, text).map_err(refused)?;
    }
    Ok(Arc::new(calendar))
}

/// All `.toml` files below `folder`, in order of path.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let failed = |error| Failure::question(format!("{} cannot be read: {error}", folder.display()));
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else if entry.path().extension().is_some_and(|kind| kind == "toml") {
            let text = std::fs::read_to_string(entry.path())
                .map_err(|error| Failure::question(format!("{name} cannot be read: {error}")))?;
            files.push((name, text));
        }
    }
    Ok(())
}
