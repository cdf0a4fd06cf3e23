//! One CSV row becomes what it says of its dossier and of the thing done, or the reason why it is set aside.
//! A row is taken whole or not at all: a deadline that cannot be read must not leave a dossier without one.
//! Columns the mapping does not name are never looked at, so what they hold goes no further.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use csv::ByteRecord;

use super::event::event_id;
use super::instant::Instant;
use super::mapping::{ActivityColumns, Mapping, Moment};
use super::mapping_file::{Channel, OfficerRole};
use super::time_format::{TimeFormat, TimeRefusal, read_instant};

/// Longer values are a broken file, not codes and dates.
const VALUE_BYTES_MAX: usize = 4096;

/// Why a row is set aside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's sentence says what it is")]
pub enum RowFault {
    #[error(
        "the row has {found} fields and the header {expected}; look for a stray delimiter or an open quote"
    )]
    Width { expected: usize, found: usize },
    #[error("the value is longer than {VALUE_BYTES_MAX} bytes; look for an open quote")]
    TooLong,
    #[error("the value is not UTF-8; convert the file first")]
    NotUtf8,
    #[error("the value is empty, and the mapping needs one")]
    Empty,
    #[error("{0}")]
    Time(TimeRefusal),
    #[error("the value is not listed under [channels]; add it there if it is meant")]
    UnknownChannel,
    #[error(
        "an earlier row of the dossier has the same row id, or where the log has none, time, activity and doer"
    )]
    RowTwice,
}

/// A fault with the column it was found in; a fault of the whole row has none.
pub(super) type FaultAt = (Option<String>, RowFault);

/// What one row says.
pub(super) struct Row {
    pub dossier: String,
    pub facts: Facts,
    pub activity: Option<Activity>,
}

/// What the rows of a dossier say of it as a whole.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Facts {
    pub agency: Option<Rc<str>>,
    pub responsible: Option<Rc<str>>,
    pub channel: Option<Channel>,
    /// In the order of `Columns::dates`; `None` where the log has no value, i.e. it has not happened.
    pub dates: Vec<Option<Instant>>,
    pub procedure: Option<ProcedureFacts>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProcedureFacts {
    pub code: Rc<str>,
    pub name: Rc<str>,
}

/// One thing done.
pub(super) struct Activity {
    pub name: Rc<str>,
    pub time: Instant,
    /// What tells the row from all others of its dossier, spelt as a part of event ids.
    pub row: Rc<str>,
    pub doer: Option<Rc<str>>,
}

/// Why a header does not serve a mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's sentence says what it is")]
pub enum HeaderFault {
    #[error("the file is empty; its first line must name the columns")]
    NoHeader,
    #[error("column `{0}`, which the mapping names, is not in the header; check the name and the delimiter")]
    ColumnMissing(String),
    #[error("column `{0}`, which the mapping names, is twice in the header; rename one of them")]
    ColumnTwice(String),
}

/// Reads rows by the places their columns have in the header.
pub(super) struct RowReader<'m> {
    mapping: &'m Mapping,
    places: HashMap<&'m str, usize>,
    width: usize,
    words: Words,
}

/// Codes and names recur on every row of a dossier; each is kept once.
#[derive(Default)]
struct Words(HashSet<Rc<str>>);

impl Words {
    fn keep(&mut self, word: &str) -> Rc<str> {
        if let Some(kept) = self.0.get(word) {
            return Rc::clone(kept);
        }
        let kept: Rc<str> = word.into();
        self.0.insert(Rc::clone(&kept));
        kept
    }
}

impl<'m> RowReader<'m> {
    pub(super) fn new(mapping: &'m Mapping, header: &ByteRecord) -> Result<RowReader<'m>, HeaderFault> {
        if header.is_empty() {
            return Err(HeaderFault::NoHeader);
        }
        let mut places = HashMap::new();
        for name in mapping.column_names() {
            let mut found = header.iter().enumerate().filter(|(_, field)| *field == name.as_bytes());
            let (place, _) = found.next().ok_or_else(|| HeaderFault::ColumnMissing(name.to_owned()))?;
            if found.next().is_some() {
                return Err(HeaderFault::ColumnTwice(name.to_owned()));
            }
            places.insert(name, place);
        }
        Ok(RowReader { mapping, places, width: header.len(), words: Words::default() })
    }

    /// `None` for a row that [only] leaves out.
    pub(super) fn read(&mut self, record: &ByteRecord) -> Result<Option<Row>, FaultAt> {
        if record.len() != self.width {
            return Err((None, RowFault::Width { expected: self.width, found: record.len() }));
        }
        for (column, values) in &self.mapping.only {
            if !values.contains(self.value(record, column)?) {
                return Ok(None);
            }
        }
        let mapping = self.mapping;
        let dossier = self.required(record, &mapping.columns.dossier)?.to_owned();
        let facts = self.facts(record)?;
        let activity = match &mapping.columns.activity {
            Some(columns) => Some(self.activity(record, columns)?),
            None => None,
        };
        Ok(Some(Row { dossier, facts, activity }))
    }

    fn facts(&mut self, record: &ByteRecord) -> Result<Facts, FaultAt> {
        let mapping = self.mapping;
        let columns = &mapping.columns;
        let channel = match &columns.channel {
            Some(column) => {
                let value = self.value(record, column)?;
                let listed = mapping.channels.get(value).copied();
                Some(listed.ok_or_else(|| (Some(column.clone()), RowFault::UnknownChannel))?)
            }
            None => None,
        };
        let mut dates = Vec::with_capacity(columns.dates.len());
        for date in &columns.dates {
            let value = self.value(record, &date.column)?;
            dates.push(if value.is_empty() {
                None
            } else {
                Some(instant(value, &date.column, &date.formats)?)
            });
        }
        let procedure = match &mapping.procedure {
            Some(procedure) => {
                let code = procedure.code.fill(|column| self.required(record, column))?;
                let name = procedure.name.fill(|column| self.required(record, column))?;
                Some(ProcedureFacts { code: self.words.keep(&code), name: self.words.keep(&name) })
            }
            None => None,
        };
        Ok(Facts {
            agency: self.kept(record, columns.agency.as_deref())?,
            responsible: self.kept(record, columns.responsible.as_deref())?,
            channel,
            dates,
            procedure,
        })
    }

    fn activity(&mut self, record: &ByteRecord, columns: &ActivityColumns) -> Result<Activity, FaultAt> {
        let name = self.required(record, &columns.name)?;
        let time = instant(self.required(record, &columns.time)?, &columns.time, &columns.time_formats)?;
        let doer = match &columns.doer {
            // Work done by no one is a machine's; only an acceptance cannot do without a person.
            Some(column) if self.accepts_by_doer(name) => Some(self.required(record, column)?),
            Some(column) => Some(self.value(record, column)?).filter(|doer| !doer.is_empty()),
            None => None,
        };
        let row = match &columns.row {
            Some(column) => event_id(&[self.required(record, column)?]),
            None => event_id(&[&time.to_string(), name, doer.unwrap_or_default()]),
        };
        let doer = doer.map(|doer| self.words.keep(doer));
        Ok(Activity { name: self.words.keep(name), time, row: row.into(), doer })
    }

    fn accepts_by_doer(&self, activity: &str) -> bool {
        self.mapping.events.accepted.as_ref().is_some_and(|accepted| match (&accepted.at, accepted.officer) {
            (Moment::Activity(filter, _), OfficerRole::Doer) => filter.takes(activity),
            (Moment::Activity(..), OfficerRole::Responsible) | (Moment::Date(_), _) => false,
        })
    }

    fn kept(&mut self, record: &ByteRecord, column: Option<&str>) -> Result<Option<Rc<str>>, FaultAt> {
        let Some(column) = column else {
            return Ok(None);
        };
        let value = self.required(record, column)?;
        Ok(Some(self.words.keep(value)))
    }

    fn required<'r>(&self, record: &'r ByteRecord, column: &str) -> Result<&'r str, FaultAt> {
        let value = self.value(record, column)?;
        if value.is_empty() { Err((Some(column.to_owned()), RowFault::Empty)) } else { Ok(value) }
    }

    /// The value, or `""` where the log has one of its spellings of nothing.
    fn value<'r>(&self, record: &'r ByteRecord, column: &str) -> Result<&'r str, FaultAt> {
        let at_column = |fault| (Some(column.to_owned()), fault);
        let bytes = self.places.get(column).and_then(|place| record.get(*place)).unwrap_or_default();
        if bytes.len() > VALUE_BYTES_MAX {
            return Err(at_column(RowFault::TooLong));
        }
        let value = str::from_utf8(bytes).map_err(|_| at_column(RowFault::NotUtf8))?;
        Ok(if self.mapping.no_value.contains(value) { "" } else { value })
    }
}

fn instant(value: &str, column: &str, formats: &[TimeFormat]) -> Result<Instant, FaultAt> {
    read_instant(formats, value).map_err(|refusal| (Some(column.to_owned()), RowFault::Time(refusal)))
}

impl Facts {
    /// The columns in which a later row disagrees with these facts, which stand.
    pub(super) fn disagreements<'m>(&self, later: &Facts, mapping: &'m Mapping) -> Vec<&'m str> {
        if self == later {
            return Vec::new();
        }
        let columns = &mapping.columns;
        let facts = [
            (columns.agency.as_deref(), self.agency != later.agency),
            (columns.responsible.as_deref(), self.responsible != later.responsible),
            (columns.channel.as_deref(), self.channel != later.channel),
            (Some("[procedure]"), self.procedure != later.procedure),
        ];
        let dates = columns.dates.iter().zip(self.dates.iter().zip(&later.dates));
        let dates = dates.map(|(date, (first, other))| (Some(date.column.as_str()), first != other));
        facts
            .into_iter()
            .chain(dates)
            .filter(|(_, differs)| *differs)
            .filter_map(|(column, _)| column)
            .collect()
    }
}
