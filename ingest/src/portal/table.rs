//! A CSV table by the names of its columns: every value with the line and column to blame.
//!
//! Not here: which columns a table must have.

use std::io::Read;

use compute::instant::{Day, Instant};
use csv::StringRecord;
use thiserror::Error;

use crate::exchange::parse_date;

/// Longer values are a broken file, not codes and dates.
const VALUE_BYTES_MAX: usize = 4096;

/// Why a file is refused, and where.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("line {line}{}: {fault}", .column.as_ref().map(|column| format!(", column {column}")).unwrap_or_default())]
pub struct Refusal {
    /// The line, the header being 1.
    pub line: u64,
    /// The column; none when the row as a whole is at fault.
    pub column: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a file. Values are not told: they may be a person's, in a column that slipped.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[allow(missing_docs, reason = "each variant's sentence says what it is")]
pub enum Fault {
    #[error("the file cannot be read: {0}")]
    NotReadable(String),
    #[error("the file is larger than {0} bytes; send it in parts")]
    TooLarge(u64),
    #[error("there are more than {0} rows; send them in parts")]
    TooMany(usize),
    #[error("the column is missing; name the columns in the first line")]
    NoColumn,
    #[error("the column is there twice")]
    ColumnTwice,
    #[error("the column stands only together with {0}")]
    NeedsColumn(&'static str),
    #[error("the value is empty, and one is needed")]
    Empty,
    #[error("the value is longer than {VALUE_BYTES_MAX} bytes; look for an open quote")]
    TooLong,
    #[error("the value is no whole number")]
    NotWhole,
    #[error("the value is no number of points with a decimal point")]
    NotPoints,
    #[error("the value is neither 0 nor 1")]
    NotYesOrNo,
    #[error("the value is no instant; write 2026-10-31T17:30:00+07:00 or 20261031173000")]
    NotInstant,
    #[error("the value is no period; write 2026-10, 2026-Q4, 2026-H2 or 2026")]
    NotPeriod,
    #[error("the value is none of {0}")]
    NotOneOf(&'static str),
    #[error("a dossier that has ended has an end, and only such a one")]
    EndWithoutEnding,
    #[error("the same is already on line {0}")]
    Twice(u64),
    #[error("there is no row")]
    NoRow,
    #[error("the file holds {0}; choose one with --period and --snapshot")]
    Several(String),
    #[error("no row is of the period and snapshot asked for; the file holds {0}")]
    NotThere(String),
}

/// A table being read, row by row.
pub(super) struct Table<R: Read> {
    reader: csv::Reader<std::io::Take<R>>,
    header: Vec<String>,
    record: StringRecord,
    bytes_max: u64,
    rows_max: usize,
    rows: usize,
}

/// One row.
pub(super) struct Row<'t> {
    header: &'t [String],
    record: &'t StringRecord,
    pub(super) line: u64,
}

impl<R: Read> Table<R> {
    pub(super) fn open(input: R, bytes_max: u64, rows_max: usize) -> Result<Table<R>, Refusal> {
        // One byte more than allowed tells that there are more.
        let mut reader = csv::ReaderBuilder::new().from_reader(input.take(bytes_max + 1));
        let header = reader.headers().map_err(|error| broken(&error, 1))?;
        // A byte order mark is how some office programs begin a file.
        let header: Vec<String> =
            header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        for (place, name) in header.iter().enumerate() {
            if header[..place].contains(name) && !name.is_empty() {
                let column = Some((place + 1).to_string());
                return Err(Refusal { line: 1, column, fault: Fault::ColumnTwice });
            }
        }
        Ok(Table { reader, header, record: StringRecord::new(), bytes_max, rows_max, rows: 0 })
    }

    /// The place of the column called by one of these names.
    pub(super) fn column(&self, names: &[&str]) -> Option<usize> {
        self.header.iter().position(|known| names.contains(&known.as_str()))
    }

    pub(super) fn needed(&self, names: &[&str]) -> Result<usize, Refusal> {
        self.column(names).ok_or_else(|| Refusal {
            line: 1,
            column: Some(names[0].to_owned()),
            fault: Fault::NoColumn,
        })
    }

    /// The next row.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, Refusal> {
        let line = self.reader.position().line();
        if !self.reader.read_record(&mut self.record).map_err(|error| broken(&error, line))? {
            return Ok(None);
        }
        let line = self.record.position().map_or(line, csv::Position::line);
        let refuse = |fault| Err(Refusal { line, column: None, fault });
        if self.reader.get_ref().limit() == 0 {
            return refuse(Fault::TooLarge(self.bytes_max));
        }
        self.rows += 1;
        if self.rows > self.rows_max {
            return refuse(Fault::TooMany(self.rows_max));
        }
        Ok(Some(Row { header: &self.header, record: &self.record, line }))
    }
}

fn broken(error: &csv::Error, line: u64) -> Refusal {
    let line = error.position().map_or(line, csv::Position::line);
    Refusal { line, column: None, fault: Fault::NotReadable(error.to_string()) }
}

impl Row<'_> {
    pub(super) fn refuse(&self, column: usize, fault: Fault) -> Refusal {
        Refusal { line: self.line, column: self.header.get(column).cloned(), fault }
    }

    /// The value of a column that may be missing; `None` when it is empty.
    pub(super) fn text(&self, column: Option<usize>) -> Result<Option<&str>, Refusal> {
        let Some(column) = column else { return Ok(None) };
        let text = self.record.get(column).unwrap_or_default().trim();
        if text.len() > VALUE_BYTES_MAX {
            return Err(self.refuse(column, Fault::TooLong));
        }
        Ok((!text.is_empty()).then_some(text))
    }

    pub(super) fn needed(&self, column: usize) -> Result<&str, Refusal> {
        self.text(Some(column))?.ok_or_else(|| self.refuse(column, Fault::Empty))
    }

    fn read<T>(
        &self,
        column: Option<usize>,
        read: impl FnOnce(&str) -> Option<T>,
        fault: Fault,
    ) -> Result<Option<T>, Refusal> {
        let (Some(place), Some(text)) = (column, self.text(column)?) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| self.refuse(place, fault))
    }

    pub(super) fn whole(&self, column: Option<usize>) -> Result<Option<u64>, Refusal> {
        self.read(column, |text| text.parse().ok(), Fault::NotWhole)
    }

    /// Points as hundredths, rounded half-up.
    pub(super) fn points(&self, column: Option<usize>) -> Result<Option<u64>, Refusal> {
        self.read(column, hundredths, Fault::NotPoints)
    }

    pub(super) fn yes(&self, column: Option<usize>) -> Result<Option<bool>, Refusal> {
        let read = |text: &str| match text {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        };
        self.read(column, read, Fault::NotYesOrNo)
    }

    pub(super) fn instant(&self, column: Option<usize>) -> Result<Option<Instant>, Refusal> {
        let read = |text: &str| parse_date(text).or_else(|| Day::parse(text).map(Day::start));
        self.read(column, read, Fault::NotInstant)
    }

    pub(super) fn one_of<T>(
        &self,
        column: Option<usize>,
        read: impl FnOnce(&str) -> Option<T>,
        words: &'static str,
    ) -> Result<Option<T>, Refusal> {
        self.read(column, read, Fault::NotOneOf(words))
    }
}

/// The table with the columns that are known and no others: what else is in a file may be a person's, and is not kept.
///
/// # Errors
/// Those of CSV that cannot be read.
pub(super) fn only_known(input: &[u8], is_known: impl Fn(&str) -> bool) -> Result<Vec<u8>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(input);
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    let mut known = None;
    for record in reader.records() {
        let record = record?;
        let name = |name: &str| is_known(name.trim_start_matches('\u{feff}').trim());
        let known: &Vec<bool> = known.get_or_insert_with(|| record.iter().map(name).collect());
        let kept = record.iter().zip(known).filter(|(_, is_known)| **is_known);
        writer.write_record(kept.map(|(value, _)| value.trim_start_matches('\u{feff}')))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// `5.9`, `20` or `17.685` as hundredths.
fn hundredths(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.len() > 9 {
        return None;
    }
    let digit = |place: usize| u64::from(fraction.as_bytes().get(place).map_or(0, |digit| digit - b'0'));
    let rounded = u64::from(digit(2) >= 5);
    Some(whole.parse::<u64>().ok()? * 100 + digit(0) * 10 + digit(1) + rounded)
}
