//! `nhip simulate`: a made-up province's life, the same bytes for the same seed.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use compute::instant::Instant;
use ingest::simulate::{Disorder, Plan, write_events};

use super::{Failure, instant};

#[derive(Debug, Args)]
pub(super) struct SimulateArguments {
    /// Another seed is another province
    #[arg(long, default_value_t = 766)]
    seed: u64,
    /// About how many events
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// First instant of the story [default: 2026-01-01]
    #[arg(long, value_parser = instant)]
    from: Option<Instant>,
    /// End of the story [default: 2026-04-01]
    #[arg(long, value_parser = instant)]
    until: Option<Instant>,
    /// Departments
    #[arg(long)]
    departments: Option<u32>,
    /// Communes
    #[arg(long)]
    communes: Option<u32>,
    /// Officers
    #[arg(long)]
    officers: Option<u32>,
    /// Procedures
    #[arg(long)]
    procedures: Option<u32>,
    /// No duplicates, corrections, late or shuffled arrivals
    #[arg(long)]
    orderly: bool,
    /// Write here [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &SimulateArguments) -> Result<u8, Failure> {
    let mut plan = Plan { seed: arguments.seed, events: arguments.events, ..Plan::default() };
    plan.from = arguments.from.map_or(plan.from, Instant::unix_seconds);
    plan.until = arguments.until.map_or(plan.until, Instant::unix_seconds);
    plan.agencies.departments = arguments.departments.unwrap_or(plan.agencies.departments);
    plan.agencies.communes = arguments.communes.unwrap_or(plan.agencies.communes);
    plan.officers = arguments.officers.unwrap_or(plan.officers);
    plan.procedures = arguments.procedures.unwrap_or(plan.procedures);
    if arguments.orderly {
        plan.disorder = Disorder::NONE;
    }
    if plan.until <= plan.from {
        return Err(Failure::question("--until must lie after --from"));
    }
    let mut out: Box<dyn Write> = match &arguments.out {
        Some(path) => {
            let failed = |error| Failure::question(format!("{} cannot be written: {error}", path.display()));
            Box::new(BufWriter::with_capacity(1 << 20, File::create(path).map_err(failed)?))
        }
        None => Box::new(BufWriter::with_capacity(1 << 16, std::io::stdout().lock())),
    };
    let written = write_events(&plan, &mut out).and_then(|written| out.flush().map(|()| written));
    match written {
        Ok(written) => {
            eprintln!(
                "{} events of {} dossiers and {} petitions",
                written.events, written.dossiers, written.petitions
            );
            Ok(0)
        }
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(Failure::broken(format!("events cannot be written: {error}"))),
    }
}
