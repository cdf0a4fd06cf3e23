//! `nhip verify-edition`: whether an edition is what was signed, whether its rows give its figures, and whether the log
//! gives its rows.
//!
//! A file that was published for everybody is checked by the seal of the edition's public files.
//! Without a data folder or files of events only the file is checked, and that is said. Nothing is changed. Not here: how
//! an edition is made (`serve::editions`).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use compute::codes::CodeBook;
use compute::engine::{Engine, Keep, Scope, Setup};
use compute::set::Catalogue;
use editions::content::{Content, hash_of_files};
use editions::public::PublicFiles;
use editions::seal::{SealError, Sealed};
use ingest::durable::replay;
use ingest::files::{Files, Reading};
use store::FolderSettings;

use super::{Failure, print, serve};
use crate::reference_data;
use crate::serve::EditionsFolder;

/// Where the end of a sealed file is looked for.
const SEAL_BYTES: usize = 512;
/// Differing rows shown.
const DIFFERENCES_SHOWN: usize = 10;

#[derive(Debug, Args)]
pub(crate) struct VerifyEditionArguments {
    /// The edition, as the server gives it
    file: PathBuf,
    /// The data folder of a server that is stopped: its key, and its log to recompute the edition from
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Files of events to recompute the edition from; they must hold all that was counted, and nothing else
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "data")]
    events: Vec<PathBuf>,
    /// The public key that must have signed it, in hexadecimal digits
    #[arg(long, value_name = "HEX")]
    key: Option<String>,
    /// The seal of the edition's public files: FILE is one of them, such as a PDF or a table
    #[arg(long, value_name = "SEAL", conflicts_with = "events")]
    seal: Option<PathBuf>,
    /// Folder of working calendars that replaces the embedded ones
    #[arg(long, value_name = "DIR")]
    calendars: Option<PathBuf>,
}

pub(super) fn run(arguments: &VerifyEditionArguments) -> Result<u8, Failure> {
    let bytes = read(&arguments.file)?;
    let mut told = String::new();
    if let Some(seal) = &arguments.seal {
        return public(arguments, (&bytes, &read(seal)?), &mut told);
    }
    let sealed = match unsealed(arguments, &bytes, &mut told)? {
        Ok(sealed) => sealed,
        Err(SealError::NoSeal | SealError::Changed) if !looks_sealed(&bytes) => {
            let why =
                "the file has no seal; a public file is checked with --seal and the seal of its edition";
            return refused(&mut told, &why);
        }
        Err(why) => return refused(&mut told, &why),
    };
    if let Ok(public) = PublicFiles::read(&sealed.lines) {
        let (edition, count) = (&public.of.edition, public.files.len());
        let _ = writeln!(
            told,
            "seal of the {count} public files of edition {edition}: give a file, and this as --seal"
        );
        print(&told)?;
        return Ok(0);
    }
    let (content, catalogue) = match Content::read(&sealed.lines) {
        Ok(read) => read,
        Err(why) => return refused(&mut told, &why),
    };
    let _ = writeln!(
        told,
        "figures: every one of edition {} is what its rows give; {} dossiers and petitions, {} delayed, {} judged otherwise",
        content.id(),
        content.frozen.subjects.len(),
        content.delayed().count(),
        content.judged.len()
    );
    let recomputed = recompute(arguments, &content, &catalogue, &mut told)?;
    let status = match recomputed {
        None => 0,
        Some(lines) => compare(&lines, &sealed.lines, &mut told),
    };
    print(&told)?;
    Ok(status)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::question(format!("{}: {error}", path.display())))
}

/// Whether a file is text that ends as sealed ones do.
fn looks_sealed(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(SEAL_BYTES)..];
    tail.windows(6).any(|word| word == b"\"seal\"")
}

/// The lines under a seal that holds, and whose key it is.
fn unsealed<'b>(
    arguments: &VerifyEditionArguments,
    bytes: &'b [u8],
    told: &mut String,
) -> Result<Result<Sealed<'b>, SealError>, Failure> {
    let sealed = match Sealed::read(bytes) {
        Ok(sealed) => sealed,
        Err(why) => return Ok(Err(why)),
    };
    let _ = writeln!(told, "seal: {} rows, hash {}, key {}", sealed.lines.len(), sealed.root, sealed.key);
    let key = match (&arguments.key, &arguments.data) {
        (Some(key), _) => Some(key.clone()),
        (None, Some(data)) => EditionsFolder::public_key_in(data).map_err(Failure::question)?,
        (None, None) => None,
    };
    let Some(key) = key else {
        let _ = writeln!(told, "whose key it is was not checked: give --key HEX, or --data DIR");
        return Ok(Ok(sealed));
    };
    Ok(sealed.signed_by(&key))
}

/// Whether a public file is one of those the seal speaks of.
fn public(
    arguments: &VerifyEditionArguments,
    (file, seal): (&[u8], &[u8]),
    told: &mut String,
) -> Result<u8, Failure> {
    let sealed = match unsealed(arguments, seal, told)? {
        Ok(sealed) => sealed,
        Err(why) => return refused(told, &why),
    };
    let public = match PublicFiles::read(&sealed.lines) {
        Ok(public) => public,
        Err(why) => return refused(told, &why),
    };
    let Some(found) = public.find(file) else {
        let edition = &public.of.edition;
        let why =
            format!("it is none of the public files of edition {edition}; it was changed, or is of another");
        return refused(told, &why);
    };
    let of = &public.of;
    let _ = writeln!(
        told,
        "file: {} as it was published, {} bytes, of edition {} as of {}, whose hash is {}",
        found.address, found.bytes, of.edition, of.as_of, of.root
    );
    print(told)?;
    Ok(0)
}

fn refused(told: &mut String, why: &dyn std::fmt::Display) -> Result<u8, Failure> {
    let _ = writeln!(told, "refused: {why}");
    print(told)?;
    Ok(1)
}

/// The edition's lines, from the log or from files; nothing where there is neither, or part of the log is forgotten.
fn recompute(
    arguments: &VerifyEditionArguments,
    content: &Content,
    catalogue: &Arc<Catalogue>,
    told: &mut String,
) -> Result<Option<Vec<String>>, Failure> {
    let calendar = reference_data::calendar(arguments.calendars.as_deref())?;
    let (period, as_of) = (content.frozen.period, content.frozen.as_of);
    let mut engine = Engine::new(Setup {
        catalogue: Arc::clone(catalogue),
        calendar: Arc::clone(&calendar),
        codes: Arc::new(CodeBook::default()),
        shards: 1,
        keep: Keep::Only(period),
        scope: Scope::All,
    });
    let broken = |problem: &dyn std::fmt::Display| Failure::broken(problem.to_string());
    if let Some(data) = &arguments.data {
        let Some(events) = counted(data, content, &mut engine, told)? else { return Ok(None) };
        let _ = writeln!(told, "log: {events} events recounted as of {}", as_of.to_local());
    } else if arguments.events.is_empty() {
        let _ = writeln!(told, "the log was not recounted: give --data DIR, or --events FILE…");
        return Ok(None);
    } else {
        let events = read_files(&arguments.events, &mut engine)?;
        let _ = writeln!(told, "files: {events} events recounted as of {}", as_of.to_local());
    }
    if hash_of_files(&[(String::new(), format!("{calendar:?}"))]) != content.head.calendar_hash {
        let _ = writeln!(told, "the working calendar is another than the edition's: give --calendars DIR");
    }
    engine.advance(as_of).map_err(|error| broken(&error))?;
    let frozen = engine.freeze_whole(period).and_then(compute::engine::Lifted::finish);
    let frozen = frozen.map_err(|error| broken(&error))?;
    let anew = Content { head: content.head.clone(), frozen, judged: content.judged.clone() };
    anew.lines(catalogue).map(Some).map_err(|error| broken(&error))
}

/// Has `engine` take the log up to where the edition counted; nothing when that cannot be.
fn counted(
    data: &Path,
    content: &Content,
    engine: &mut Engine,
    told: &mut String,
) -> Result<Option<u64>, Failure> {
    let broken = |problem: &dyn std::fmt::Display| Failure::broken(problem.to_string());
    let Some(until) = content.head.log_offset else {
        let _ = writeln!(told, "the edition was made without a log and cannot be recounted from one");
        return Ok(None);
    };
    let folder = serve::open(data, FolderSettings::default())?;
    let log = folder.log.reader();
    let counted = if log.first_offset() > 0 {
        let first = log.first_offset();
        let _ = writeln!(told, "not recounted: events before offset {first} of the log were forgotten");
        None
    } else if log.next_offset() < until {
        let next = log.next_offset();
        let _ = writeln!(
            told,
            "not recounted: the edition counted up to offset {until}, this log ends at {next}"
        );
        None
    } else {
        Some(replay(engine, &log, 0, until, &mut |_, _| {}).map_err(|error| broken(&error))?)
    };
    folder.close().map_err(|error| broken(&error))?;
    Ok(counted)
}

/// Has `engine` take files of events; what cannot be understood counted nowhere.
fn read_files(paths: &[PathBuf], engine: &mut Engine) -> Result<u64, Failure> {
    let reading = Reading { threads: 1, shards: engine.shards(), known_at: None };
    let mut files = Files::new(paths.to_vec(), reading, &engine.codes());
    let mut events = 0;
    while let Some(round) = files.round().map_err(|error| Failure::question(error.to_string()))? {
        events += round.routed.iter().map(|routed| routed.len() as u64).sum::<u64>();
        engine.apply(&round.routed);
        files.recycle(round.routed);
    }
    Ok(events)
}

fn compare(ours: &[String], theirs: &[&str], told: &mut String) -> u8 {
    let differing =
        ours.iter().map(String::as_str).zip(theirs.iter().copied()).filter(|(one, other)| one != other);
    let differing: Vec<(&str, &str)> = differing.collect();
    if differing.is_empty() && ours.len() == theirs.len() {
        let _ = writeln!(told, "recount: all {} rows are equal, byte for byte", ours.len());
        return 0;
    }
    for (one, other) in differing.iter().take(DIFFERENCES_SHOWN) {
        let _ = writeln!(told, "edition: {other}\nrecount: {one}");
    }
    let _ = writeln!(told, "recount: {} rows, the edition has {}; they differ", ours.len(), theirs.len());
    1
}
