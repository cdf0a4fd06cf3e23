//! Any CSV event log becomes Nhịp events, by a declarative mapping: one structured `CloudEvent` a line,
//! definitions first, then dossier by dossier. How a mapping is written: `docs/import.md`.
//!
//! Why: a city that has only an export of its case system can be scored today, without anyone writing code.
//! The same log and mapping always give the same bytes, and ids come from the content, so importing twice
//! adds nothing.
//!
//! It does not decode events, compute figures, guess at a value that does not fit, or carry any column that
//! the mapping does not name.
//!
//! ```text
//! mapping.toml ─ mapping_file ─ mapping_check ─► Mapping ┐
//! log.csv ─────────────────────── row ─► log ────────────┴─► census, translate ─► event ─► NDJSON
//! ```

mod census;
mod event;
mod instant;
mod log;
mod mapping;
mod mapping_check;
mod mapping_error;
mod mapping_file;
mod raw_text;
mod row;
mod template;
#[cfg(test)]
mod tests;
mod time_format;
mod translate;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

pub use mapping::Mapping;
pub use mapping_error::{MappingError, MappingFault};
pub use row::{HeaderFault, RowFault};
pub use template::TemplateError;
pub use time_format::{PatternError, TimeRefusal};

/// What an import did. `rows` = taken + `rows_left_out` + `rejected`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows of data, the header apart.
    pub rows: u64,
    /// Rows that `[only]` leaves out.
    pub rows_left_out: u64,
    /// Rows set aside, each told to the caller.
    pub rejected: u64,
    /// Distinct dossiers of the rows taken.
    pub dossiers: u64,
    /// Dossiers of which the log shows none of the mapped moments.
    pub dossiers_without_events: u64,
    /// Lines written, definitions included.
    pub events: u64,
    /// How many rows disagree with the first row of their dossier, by column. The first row counts.
    pub disagreements: BTreeMap<String, u64>,
    /// Activities that the mapping names and the log never shows: misspelt, or rare.
    pub activities_unseen: Vec<String>,
}

/// A row set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRow {
    /// Where the row begins, the header being line 1.
    pub line: u64,
    /// The column at fault; none if the row as a whole is.
    pub column: Option<String>,
    /// Why.
    pub fault: RowFault,
}

impl std::fmt::Display for RejectedRow {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.column {
            Some(column) => write!(out, "line {}, column {column}: {}", self.line, self.fault),
            None => write!(out, "line {}: {}", self.line, self.fault),
        }
    }
}

/// Trouble that ends an import.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's sentence says what it is")]
pub enum ImportError {
    #[error(transparent)]
    Header(#[from] HeaderFault),
    #[error("the log has more than {} rows; import it in parts with whole dossiers", log::ROWS_MAX)]
    TooManyRows,
    #[error(
        "the row at line {line} is longer than {} bytes; look for a quote that is never closed",
        log::RECORD_BYTES_MAX
    )]
    RecordTooLong { line: u64 },
    #[error("the log cannot be read: {0}")]
    Read(#[source] csv::Error),
    #[error("the events cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Reads a log to its end, then writes its events: nothing is written of a log that cannot be read.
pub fn import(
    mapping: &Mapping,
    input: impl Read,
    events: &mut dyn Write,
    rejects: &mut dyn FnMut(RejectedRow),
) -> Result<Imported, ImportError> {
    let log = log::read_log(mapping, input, rejects)?;
    let mut imported = Imported {
        rows: log.rows,
        rows_left_out: log.left_out,
        rejected: log.rejected,
        dossiers: log.dossiers.len() as u64,
        activities_unseen: activities_unseen(mapping, &log),
        ..Imported::default()
    };
    for definition in census::Census::take(mapping, &log).definitions(mapping) {
        definition.write(&mapping.source, events)?;
        imported.events += 1;
    }
    for dossier in &log.dossiers {
        let translated = translate::dossier_events(mapping, dossier);
        imported.dossiers_without_events += u64::from(translated.is_empty());
        imported.events += translated.len() as u64;
        for event in translated {
            event.write(&mapping.source, events)?;
        }
    }
    events.flush()?;
    imported.disagreements = log.disagreements;
    Ok(imported)
}

fn activities_unseen(mapping: &Mapping, log: &log::Log) -> Vec<String> {
    let mut unseen = mapping.events.activity_names();
    for activity in log.dossiers.iter().flat_map(|dossier| &dossier.activities) {
        unseen.remove(&*activity.name);
    }
    unseen.into_iter().map(str::to_owned).collect()
}
