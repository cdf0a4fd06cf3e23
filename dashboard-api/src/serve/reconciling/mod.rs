//! Reconciling with the portal on a running server: imports in a folder, one comparison at a time, its results kept.
//!
//! An import is a file `NAME.csv` of published figures in the folder `portal` of the data folder, and beside it, where the
//! office has it, `NAME.dossiers.csv`. It is compared with an engine of its own, which counts the log as of the portal's
//! instant while the live one goes on; a result is kept until somebody asks anew. Not here: comparing (`portal`), pages.

mod api;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use compute::codes::{CodeBook, LocalCodes};
use compute::engine::{Engine, Keep, Scope, Setup};
use compute::instant::Instant;
use compute::period::Period;
use ingest::durable::replay;
use ingest::portal::{Publication, Refusal, kept_of_list, kept_of_published, read_list, read_publications};
use tokio::sync::Semaphore;

use super::Server;
use super::live::Live;
use super::problem::Problem;
use crate::portal::{Compared, compare};

pub(super) use api::{
    Brought, Question, add_list, add_published, choose, gaps, imports, keep, list, may_import, may_import_by,
    part_of,
};

/// The folder in the data folder.
const FOLDER: &str = "portal";
/// Imports kept.
const IMPORTS_MAX: usize = 100;
/// Letters of an import's name.
const NAME_LETTERS_MAX: usize = 64;
/// Bytes of a file's first line.
const HEADER_BYTES_MAX: u64 = 64 << 10;
/// Results kept.
const RESULTS_MAX: usize = 4;
/// Threads of a comparison's engine: the live one keeps the rest of the machine.
const SHARDS: usize = 2;

/// What of a file is kept.
type Known = fn(&[u8]) -> Result<Vec<u8>, csv::Error>;

/// Whether a file can be read.
type IsRead = fn(&[u8]) -> bool;

/// Imports and what comparing them found.
#[derive(Clone, Debug)]
pub(crate) struct Reconciling {
    folder: PathBuf,
    live: Live,
    /// A comparison holds all events of the log; there is room for one.
    one: Arc<Semaphore>,
    kept: Arc<Mutex<BTreeMap<Asked, Arc<Counted>>>>,
}

/// What is compared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Asked {
    pub(super) import: String,
    pub(super) set: String,
    pub(super) period: Option<Period>,
    pub(super) snapshot: Option<Instant>,
}

/// What comparing found, and of which events.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) compared: Compared,
    /// Events of the log it counted.
    pub(super) offset: u64,
    /// When it was counted.
    pub(super) at: Instant,
    /// What the import holds: periods and snapshots.
    pub(super) held: Vec<(Period, Instant)>,
}

/// An import in the folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Import {
    pub(super) name: String,
    pub(super) has_dossiers: bool,
}

/// Reconciling of this server; a part of one, and one without a data folder, has none.
pub(super) fn of(server: &Server) -> Result<&Reconciling, Problem> {
    server.reconciling.as_ref().ok_or_else(|| {
        let advice = "a server that stands alone and has a data folder (`--data`) reconciles with the portal";
        Problem::elsewhere("reconciled_elsewhere", advice)
    })
}

impl Reconciling {
    /// Begins; `data` is the data folder.
    pub(crate) fn new(data: &Path, live: &Live) -> Reconciling {
        let (folder, kept) = (data.join(FOLDER), Arc::default());
        let reconciling = Reconciling { folder, live: live.clone(), one: Arc::new(Semaphore::new(1)), kept };
        if let Err(why) = reconciling.keep_only_known() {
            tracing::warn!(%why, "columns of an import that say nothing here could not be taken out");
        }
        reconciling
    }

    /// Takes out of what earlier builds kept, or somebody put there, all columns that say nothing here. A file that
    /// cannot be read stays as it is, and says so to whoever compares it.
    ///
    /// # Errors
    /// A sentence naming the file.
    fn keep_only_known(&self) -> Result<(), String> {
        let said = |path: &Path, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        for import in self.imports().map_err(|problem| problem.told().detail)? {
            let (published, dossiers) = (self.published_of(&import.name), self.dossiers_of(&import.name));
            let mut files = vec![(published, kept_of_published as Known, is_published as IsRead)];
            files.extend(import.has_dossiers.then_some((dossiers, kept_of_list as Known, is_list as IsRead)));
            for (path, kept, is_read) in files {
                let header = header(&path).map_err(|error| said(&path, &error))?;
                if kept(&header).is_ok_and(|known| columns(&known) != columns(&header)) {
                    let bytes = fs::read(&path).map_err(|error| said(&path, &error))?;
                    if !is_read(&bytes) {
                        continue;
                    }
                    let written = self.write(&path, kept(&bytes));
                    written.map_err(|problem| said(&path, &problem.told().detail))?;
                    tracing::warn!(path = %path.display(), "columns that say nothing here were taken out of an import");
                }
            }
        }
        Ok(())
    }

    /// The imports there are, by name.
    pub(super) fn imports(&self) -> Result<Vec<Import>, Problem> {
        let failed = |error: io::Error| Problem::NotReadable(format!("{}: {error}", self.folder.display()));
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            let name = name.strip_suffix(".csv").filter(|name| is_name(name)).map(str::to_owned);
            names.extend(name);
        }
        names.sort_unstable();
        names.truncate(IMPORTS_MAX);
        let import = |name: String| Import { has_dossiers: self.dossiers_of(&name).exists(), name };
        Ok(names.into_iter().map(import).collect())
    }

    fn published_of(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.csv"))
    }

    fn dossiers_of(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.dossiers.csv"))
    }

    /// Keeps a file of published figures.
    fn keep_published(&self, name: &str, bytes: &[u8]) -> Result<usize, Problem> {
        let all = read_publications(bytes).map_err(|refusal| refused("published", &refusal))?;
        let imports = self.imports()?;
        if imports.len() >= IMPORTS_MAX && imports.iter().all(|known| known.name != name) {
            let advice = format!("there are {IMPORTS_MAX} imports; remove some from the folder {FOLDER}");
            return Err(Problem::malformed("import", advice));
        }
        self.write(&self.published_of(name), kept_of_published(bytes))?;
        self.forget(name);
        Ok(all.iter().map(|one| one.rows.len()).sum())
    }

    /// Keeps the portal's list of dossiers beside the figures of the same name.
    fn keep_dossiers(&self, name: &str, bytes: &[u8]) -> Result<usize, Problem> {
        let codes = Arc::new(CodeBook::default());
        let list = read_list(bytes, &mut LocalCodes::new(&codes));
        let list = list.map_err(|refusal| refused("dossiers", &refusal))?;
        if !self.published_of(name).exists() {
            return Err(Problem::unknown("import", format!("import the published figures of {name} first")));
        }
        self.write(&self.dossiers_of(name), kept_of_list(bytes))?;
        self.forget(name);
        Ok(list.dossiers.len())
    }

    /// Whole or not at all, and only the columns that say something here.
    fn write(&self, path: &Path, kept: Result<Vec<u8>, csv::Error>) -> Result<(), Problem> {
        let bytes = kept.map_err(|error| Problem::malformed("body", error.to_string()))?;
        let unfinished = path.with_extension("unfinished");
        let written = fs::create_dir_all(&self.folder)
            .and_then(|()| fs::File::create(&unfinished))
            .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&unfinished, path));
        written.map_err(|error| Problem::NotWritten(format!("{}: {error}", path.display())))
    }

    /// What was found of an import that has changed is nothing any more.
    fn forget(&self, name: &str) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|asked, _| asked.import != name);
    }

    /// What comparing finds: as found before, or counted `anew`.
    pub(super) async fn counted(&self, asked: Asked, anew: bool) -> Result<Arc<Counted>, Problem> {
        let known = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.get(&asked).filter(|_| !anew).map(Arc::clone)
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let permit = Arc::clone(&self.one).try_acquire_owned().map_err(|_| Problem::Busy)?;
        let (this, question) = (self.clone(), asked.clone());
        let counting = tokio::task::spawn_blocking(move || {
            let counted = this.count(&question);
            drop(permit);
            counted
        });
        let counted = counting.await.map_err(|_| Problem::NotReadable("comparing stopped".to_owned()))??;
        let counted = Arc::new(counted);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= RESULTS_MAX {
            // The oldest goes.
            let oldest = kept.iter().min_by_key(|(_, counted)| counted.at).map(|(asked, _)| asked.clone());
            oldest.and_then(|oldest| kept.remove(&oldest));
        }
        kept.insert(asked, Arc::clone(&counted));
        Ok(counted)
    }

    fn count(&self, asked: &Asked) -> Result<Counted, Problem> {
        let snapshot = self.live.snapshot();
        let set = snapshot.catalogue.set(&asked.set);
        let set =
            set.ok_or_else(|| Problem::unknown("set", format!("there are {}", snapshot.catalogue.ids())))?;
        let (held, publication) = self.publication(asked)?;
        let as_of = publication.snapshot;
        if as_of <= publication.period.start() {
            let (as_of, period) = (as_of.to_local(), publication.period);
            return Err(Problem::malformed(
                "published",
                format!("{as_of} is not after the start of {period}"),
            ));
        }
        if as_of > self.live.now() {
            return Err(Problem::malformed("published", format!("{} is later than now", as_of.to_local())));
        }
        let codes = Arc::new(CodeBook::default());
        let mut engine = Engine::new(Setup {
            catalogue: Arc::clone(&snapshot.catalogue),
            calendar: self.live.calendar(),
            codes: Arc::clone(&codes),
            shards: SHARDS,
            keep: Keep::Only(publication.period),
            scope: Scope::All,
        });
        let (log, _) = self.live.log().ok_or(Problem::Stopped)?;
        if log.first_offset() > 0 {
            let advice =
                "events were forgotten (--forget-saved-events), so that nothing before can be counted";
            return Err(Problem::elsewhere("events_forgotten", advice));
        }
        let unreadable = |problem: &dyn std::fmt::Display| Problem::NotReadable(problem.to_string());
        let offset = replay(&mut engine, &log, 0, log.next_offset(), &mut |_, _| {});
        let offset = offset.map_err(|error| unreadable(&error))?;
        let path = self.dossiers_of(&asked.import);
        let list = match fs::File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            file => {
                let file = BufReader::new(file.map_err(|error| unreadable(&error))?);
                let list = read_list(file, &mut LocalCodes::new(&codes));
                Some(list.map_err(|refusal| refused("dossiers", &refusal))?)
            }
        };
        engine.advance(as_of).map_err(|error| unreadable(&error))?;
        let compared = compare(&engine, set, publication, list.as_ref()).map_err(Problem::NotReadable)?;
        Ok(Counted { compared, offset, at: self.live.now(), held })
    }

    /// What the import holds, and the part of it that is asked for: the newest unless another is named.
    fn publication(&self, asked: &Asked) -> Result<(Vec<(Period, Instant)>, Publication), Problem> {
        let path = self.published_of(&asked.import);
        let unknown = |_| Problem::unknown("import", format!("there is no import {}", asked.import));
        let all = read_publications(fs::File::open(&path).map_err(unknown)?);
        let all = all.map_err(|refusal| refused("published", &refusal))?;
        let held: Vec<(Period, Instant)> = all.iter().map(|one| (one.period, one.snapshot)).collect();
        let is_asked = |one: &Publication| {
            asked.period.is_none_or(|period| period == one.period)
                && asked.snapshot.is_none_or(|snapshot| snapshot == one.snapshot)
        };
        let newest = all.into_iter().filter(is_asked).max_by_key(|one| one.snapshot);
        let none = || Problem::unknown("snapshot", "the import holds no such period and snapshot");
        Ok((held, newest.ok_or_else(none)?))
    }
}

fn is_published(bytes: &[u8]) -> bool {
    read_publications(bytes).is_ok()
}

fn is_list(bytes: &[u8]) -> bool {
    read_list(bytes, &mut LocalCodes::new(&Arc::new(CodeBook::default()))).is_ok()
}

/// The first line of a file.
fn header(path: &Path) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(fs::File::open(path)?).take(HEADER_BYTES_MAX).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// How many columns a first line has.
fn columns(header: &[u8]) -> usize {
    header.split(|byte| *byte == b',').count()
}

fn refused(what: &'static str, refusal: &Refusal) -> Problem {
    Problem::malformed(what, refusal.to_string())
}

/// Whether a name is one of a file and of nothing else.
fn is_name(name: &str) -> bool {
    let fits = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    !name.is_empty() && name.len() <= NAME_LETTERS_MAX && name.bytes().all(fits)
}
