//! What can be wrong with a mapping, said so that its author finds the line and the way out.
//! Trouble with a log is not told here: that is `RowFault` for a row and `ImportError` for the whole file.

use super::template::TemplateError;
use super::time_format::PatternError;

/// A mapping that cannot be used, by its name and with its first fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mapping {mapping}: {fault}")]
pub struct MappingError {
    /// What the mapping was called when it was parsed, usually its path.
    pub mapping: String,
    /// The first thing found wrong with it.
    pub fault: MappingFault,
}

/// Keys are given by their path in the file, e.g. `events.accepted.due`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's sentence says what it is")]
pub enum MappingFault {
    #[error("line {line}: {problem}")]
    Toml { line: usize, problem: String },
    #[error("{key} is empty; give it a value or leave the key out")]
    Empty { key: String },
    #[error("column `{column}` stands for both {first} and {second}; one column has one meaning")]
    ColumnTwice { column: String, first: String, second: String },
    #[error("{key} is missing, and {needed_by} needs it")]
    Missing { key: String, needed_by: String },
    #[error("{key} is used by nothing; remove it, or give it a use")]
    Unused { key: String },
    #[error("{key} contradicts {other}; keep one of them")]
    Contradiction { key: String, other: String },
    #[error("{key} names the date `{date}`, which is not among [columns.dates]")]
    UnknownDate { key: String, date: String },
    #[error("{key} lists `{value}` twice")]
    ValueTwice { key: String, value: String },
    #[error("{key} says when by `date` or by `activities` with `occurrence`; give exactly one of the two")]
    MomentUnclear { key: String },
    #[error("{key} asks for the doer, but a date column has none; use officer = \"responsible\"")]
    DoerOfDate { key: String },
    #[error("delimiter `{delimiter}` is not one plain ASCII character; write e.g. \",\", \";\" or \"\\t\"")]
    Delimiter { delimiter: String },
    #[error(
        "defined_at is no instant between 2000 and 2100 with an offset; write e.g. 2010-01-01T00:00:00+07:00"
    )]
    DefinedAt,
    #[error("{key}: `{pattern}` is no usable time format: {error}")]
    Pattern { key: String, pattern: String, error: PatternError },
    #[error("{key}: `{text}` is no usable template: {error}")]
    Template { key: String, text: String, error: TemplateError },
    #[error(
        "procedure.name uses column `{column}`, which procedure.code does not: one code would have two names"
    )]
    NameWithoutCode { column: String },
    #[error("procedure.duration is not from 1 to 2^53 - 1; leave it out if the procedure has none")]
    DurationOutOfRange,
    #[error("[events] is empty, so nothing would be imported; map at least one event")]
    NoEvents,
}
