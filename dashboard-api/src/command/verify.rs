//! `nhip verify`: recomputes everything from the log and compares it, byte for byte, with the state that would be served.
//!
//! First every file is checked, those beside the log too, then the state is restored as a start of the server would, then a second engine counts
//! the whole log in one batch, in one shard. Both must print the same results. Nothing in the folder is changed.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use compute::codes::CodeBook;
use compute::engine::{Engine, Keep, Scope, Setup};
use compute::figures::Level;
use compute::instant::Instant;
use compute::result;
use ingest::durable::{Kept, Ledger, recover, replay};
use store::FolderSettings;

use super::{Failure, ReferenceArguments, print, serve};
use crate::reference_data;
use crate::serve::access;
use crate::serve::live::Clock;

/// Differing lines shown.
const DIFFERENCES_SHOWN: usize = 10;

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The data folder of a server that is stopped
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    reference: ReferenceArguments,
}

pub(super) fn run(arguments: &VerifyArguments) -> Result<u8, Failure> {
    let mut folder = serve::open(&arguments.data, FolderSettings::default())?;
    let broken = |problem: &dyn std::fmt::Display| Failure::broken(problem.to_string());
    let checked = folder.verify(|_| {}).map_err(|error| broken(&error))?;
    let catalogue = reference_data::catalogue(arguments.reference.sets.as_deref())?;
    let calendar = reference_data::calendar(arguments.reference.calendars.as_deref())?;
    let setup = |shards, from| Setup {
        catalogue: Arc::clone(&catalogue),
        calendar: Arc::clone(&calendar),
        codes: Arc::new(CodeBook::default()),
        shards,
        keep: Keep::From(from),
        scope: Scope::All,
    };
    let from = serve::last_year(Clock::System.now());
    let log = folder.log.reader();
    let kept = Kept { log: &log, snapshots: &folder.snapshots, archive: &folder.archive };
    let recovered = recover(kept, &mut || setup(2, from), &mut |_, _| {});
    let mut recovered = recovered.map_err(|error| broken(&error))?;
    let ledger = Ledger::read(folder.log.ledger()).map_err(|error| broken(&error))?;
    recovered.check(&ledger).map_err(|error| broken(&error))?;
    // The instant the state was saved for; without one, now.
    let as_of = recovered.engine.as_of();
    let as_of = if as_of > Instant::FIRST { as_of } else { Clock::System.now() };
    recovered.engine.advance(as_of).map_err(|error| broken(&error))?;
    let kept = recovered.engine.snapshot().periods.iter().map(|state| state.frame.period.start()).min();
    if log.first_offset() > 0 {
        return Err(Failure::question(format!(
            "every file is good, but events before offset {} were forgotten (--forget-saved-events) and cannot be \
             recounted",
            log.first_offset()
        )));
    }
    let mut batch = Engine::new(setup(1, kept.unwrap_or(from)));
    replay(&mut batch, &log, 0, u64::MAX, &mut |_, _| {}).map_err(|error| broken(&error))?;
    batch.advance(as_of).map_err(|error| broken(&error))?;
    let results = |engine: &Engine| result::all(&engine.snapshot(), &[Level::Agency, Level::Officer]);
    let (ours, theirs) = (results(&recovered.engine), results(&batch));
    let mut told = String::new();
    let kept_of_access = access::folder_in(&arguments.data);
    if kept_of_access.is_dir() {
        let _ = write!(told, "record of access: {}", super::audit::verified(&kept_of_access)?);
    }
    for problem in &recovered.passed_over {
        let _ = writeln!(told, "passed over: {problem}");
    }
    let _ = writeln!(
        told,
        "{} events from offset {} on, {} result lines as of {}",
        log.next_offset() - log.first_offset(),
        log.first_offset(),
        ours.lines().count(),
        as_of.to_local()
    );
    let differing: Vec<(&str, &str)> =
        ours.lines().zip(theirs.lines()).filter(|(one, other)| one != other).collect();
    let is_equal = ours == theirs;
    for (one, other) in differing.iter().take(DIFFERENCES_SHOWN) {
        let _ = writeln!(told, "state:  {one}\nbatch:  {other}");
    }
    let verdict = if is_equal {
        "the state and a recount of the log are equal, byte for byte"
    } else {
        "the state and a recount of the log differ"
    };
    let _ = writeln!(told, "{verdict} ({checked:?})");
    print(&told)?;
    folder.close().map_err(|error| broken(&error))?;
    Ok(u8::from(!is_equal))
}
