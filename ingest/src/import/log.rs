//! Reads the whole CSV and gathers its rows into dossiers, in the order in which dossiers first appear. The
//! whole log is held at once, within named bounds: rows of a dossier may lie anywhere, and who belongs to
//! which agency is known only at the end. It sets bad rows aside and goes on; it makes no events.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder};

use super::mapping::Mapping;
use super::raw_text::RawText;
use super::row::{Activity, Facts, FaultAt, Row, RowFault, RowReader};
use super::{ImportError, RejectedRow};

/// More rows than this must be imported in parts, each with whole dossiers.
pub(super) const ROWS_MAX: u64 = 10_000_000;
/// Above this a record is an open quote that swallows the rest of the file.
pub(super) const RECORD_BYTES_MAX: usize = 1 << 20;

/// All that the log says, less the rows set aside.
#[derive(Default)]
pub(super) struct Log {
    pub dossiers: Vec<Dossier>,
    pub rows: u64,
    pub left_out: u64,
    pub rejected: u64,
    /// How many rows disagree with their dossier's first row, by column.
    pub disagreements: BTreeMap<String, u64>,
}

pub(super) struct Dossier {
    pub code: String,
    pub facts: Facts,
    /// In the order of time, then of the file.
    pub activities: Vec<Activity>,
}

pub(super) fn read_log(
    mapping: &Mapping,
    input: impl Read,
    rejects: &mut dyn FnMut(RejectedRow),
) -> Result<Log, ImportError> {
    let mut reader = ReaderBuilder::new()
        .delimiter(mapping.delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(RawText::new(input, RECORD_BYTES_MAX));
    let mut record = ByteRecord::new();
    next_record(&mut reader, &mut record)?;
    let mut row_reader = RowReader::new(mapping, &record)?;
    let mut gathering = Gathering::new(mapping);
    while let Some(line) = next_record(&mut reader, &mut record)? {
        gathering.log.rows += 1;
        if gathering.log.rows > ROWS_MAX {
            return Err(ImportError::TooManyRows);
        }
        let taken = match row_reader.read(&record) {
            Ok(Some(row)) => gathering.add(row),
            Ok(None) => {
                gathering.log.left_out += 1;
                Ok(())
            }
            Err(fault_at) => Err(fault_at),
        };
        if let Err((column, fault)) = taken {
            gathering.log.rejected += 1;
            rejects(RejectedRow { line, column, fault });
        }
    }
    Ok(gathering.finished())
}

/// The line on which the record just read begins, or `None` at the end.
fn next_record<R: Read>(
    reader: &mut csv::Reader<RawText<R>>,
    record: &mut ByteRecord,
) -> Result<Option<u64>, ImportError> {
    let byte = reader.position().byte();
    reader.get_mut().begin_record();
    let read = reader.read_byte_record(record);
    let text = reader.get_mut();
    match read {
        Ok(true) => Ok(Some(text.line_at(byte))),
        Ok(false) => Ok(None),
        Err(_) if text.is_record_too_long() => Err(ImportError::RecordTooLong { line: text.line_at(byte) }),
        Err(error) => Err(ImportError::Read(error)),
    }
}

/// The log so far, and where to find a dossier in it.
struct Gathering<'m> {
    mapping: &'m Mapping,
    log: Log,
    places: HashMap<String, usize>,
    row_ids: HashSet<(usize, Rc<str>)>,
}

impl<'m> Gathering<'m> {
    fn new(mapping: &'m Mapping) -> Gathering<'m> {
        Gathering { mapping, log: Log::default(), places: HashMap::new(), row_ids: HashSet::new() }
    }

    fn add(&mut self, row: Row) -> Result<(), FaultAt> {
        let place = self.places.get(&row.dossier).copied();
        let place_if_new = self.log.dossiers.len();
        if let Some(activity) = &row.activity
            && !self.row_ids.insert((place.unwrap_or(place_if_new), Rc::clone(&activity.row)))
        {
            let column = self.mapping.columns.activity.as_ref().and_then(|columns| columns.row.clone());
            return Err((column, RowFault::RowTwice));
        }
        if let Some(dossier) = place.and_then(|place| self.log.dossiers.get_mut(place)) {
            for column in dossier.facts.disagreements(&row.facts, self.mapping) {
                *self.log.disagreements.entry(column.to_owned()).or_default() += 1;
            }
            dossier.activities.extend(row.activity);
        } else {
            self.places.insert(row.dossier.clone(), place_if_new);
            let activities = row.activity.into_iter().collect();
            self.log.dossiers.push(Dossier { code: row.dossier, facts: row.facts, activities });
        }
        Ok(())
    }

    fn finished(mut self) -> Log {
        for dossier in &mut self.log.dossiers {
            dossier.activities.sort_by_key(|activity| activity.time);
        }
        self.log
    }
}
