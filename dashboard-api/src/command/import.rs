//! `nhip import`: any CSV event log becomes events, by a mapping.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::PathBuf;

use clap::Args;
use ingest::import::{Mapping, import};

use super::Failure;

/// Rejected rows shown; more are only counted.
const SHOWN_MAX: usize = 20;

#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// The mapping (docs/import.md)
    #[arg(long, value_name = "M.toml")]
    mapping: PathBuf,
    /// The CSV event log
    file: PathBuf,
    /// Write the events here [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &ImportArguments) -> Result<u8, Failure> {
    let failed = |path: &PathBuf, error: std::io::Error| {
        Failure::question(format!("{} cannot be opened: {error}", path.display()))
    };
    let text =
        std::fs::read_to_string(&arguments.mapping).map_err(|error| failed(&arguments.mapping, error))?;
    let mapping = Mapping::parse(&text, &arguments.mapping.display().to_string())
        .map_err(|error| Failure::question(error.to_string()))?;
    let input = BufReader::new(File::open(&arguments.file).map_err(|error| failed(&arguments.file, error))?);
    let mut out: Box<dyn std::io::Write> = match &arguments.out {
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|error| failed(path, error))?)),
        None => Box::new(BufWriter::new(std::io::stdout().lock())),
    };
    let mut shown = 0;
    let imported = import(&mapping, input, &mut out, &mut |row| {
        shown += 1;
        if shown <= SHOWN_MAX {
            eprintln!("{row}");
        }
    })
    .map_err(|error| Failure::question(format!("{}: {error}", arguments.file.display())))?;
    eprintln!(
        "{} rows, {} rejected, {} dossiers, {} events",
        imported.rows, imported.rejected, imported.dossiers, imported.events
    );
    for (column, rows) in &imported.disagreements {
        eprintln!("note: {rows} rows disagree with the first of their dossier in {column}; the first counts");
    }
    Ok(0)
}
