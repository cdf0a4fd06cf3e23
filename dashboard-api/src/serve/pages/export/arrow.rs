//! A table as an Arrow IPC stream: types, exact decimals, and what the table is about in the schema's metadata.
//!
//! Instants are kept to the microsecond, which every reader knows. `Batches` are columns of rows, for `parquet` too. Not
//! here: which table.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};
use compute::instant::Instant;

use super::csv::exact;
use super::table::{Cell, Kind, Row, Table};

/// The zone in which figures are dated.
const ZONE: &str = "+07:00";
/// Digits of a decimal, and how many of them follow the point.
const DIGITS: (u8, i8) = (18, 2);

/// Makes columns of rows.
pub(super) struct Batches {
    schema: Arc<Schema>,
    kinds: Vec<Kind>,
}

/// A table on its way into a stream.
pub(super) struct Arrow {
    batches: Batches,
    writer: StreamWriter<Vec<u8>>,
}

impl Batches {
    /// For the columns of this table; the schema says beside them what it is told here.
    pub(super) fn new(table: &Table, told: HashMap<String, String>) -> Batches {
        let fields: Vec<Field> =
            table.columns.iter().map(|column| Field::new(&column.id, kind(column.kind), true)).collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, told));
        Batches { schema, kinds: table.columns.iter().map(|column| column.kind).collect() }
    }

    pub(super) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    pub(super) fn of(&self, rows: &[Row]) -> Result<RecordBatch, ArrowError> {
        let columns = self.kinds.iter().enumerate();
        let columns: Result<Vec<ArrayRef>, ArrowError> =
            columns.map(|(place, kind)| array(*kind, rows, place)).collect();
        RecordBatch::try_new(Arc::clone(&self.schema), columns?)
    }
}

impl Arrow {
    pub(super) fn new(table: &Table) -> Result<Arrow, ArrowError> {
        let about: HashMap<String, String> =
            table.about.iter().map(|entry| (entry.id.to_owned(), exact(&entry.value))).collect();
        let batches = Batches::new(table, about);
        let writer = StreamWriter::try_new(Vec::new(), batches.schema())?;
        Ok(Arrow { batches, writer })
    }

    /// Some rows, and what comes before the first.
    pub(super) fn rows(&mut self, rows: &[Row]) -> Result<Vec<u8>, ArrowError> {
        self.writer.write(&self.batches.of(rows)?)?;
        Ok(std::mem::take(self.writer.get_mut()))
    }

    /// The end.
    pub(super) fn end(mut self) -> Result<Vec<u8>, ArrowError> {
        self.writer.finish()?;
        self.writer.into_inner()
    }
}

fn kind(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8,
        Kind::Whole | Kind::WorkingSeconds => DataType::Int64,
        Kind::Points | Kind::Percent => DataType::Decimal128(DIGITS.0, DIGITS.1),
        Kind::Moment => DataType::Timestamp(TimeUnit::Microsecond, Some(ZONE.into())),
        Kind::YesNo => DataType::Boolean,
    }
}

fn array(kind: Kind, rows: &[Row], place: usize) -> Result<ArrayRef, ArrowError> {
    let cells = rows.iter().map(|row| &row[place]);
    Ok(match kind {
        Kind::Text => Arc::new(cells.map(text).collect::<StringArray>()),
        Kind::Whole | Kind::WorkingSeconds => Arc::new(cells.map(whole).collect::<Int64Array>()),
        Kind::Points | Kind::Percent => {
            let decimals = cells.map(hundredths).collect::<Decimal128Array>();
            Arc::new(decimals.with_precision_and_scale(DIGITS.0, DIGITS.1)?)
        }
        Kind::Moment => {
            let moments = cells.map(micros).collect::<TimestampMicrosecondArray>();
            Arc::new(moments.with_timezone(ZONE))
        }
        Kind::YesNo => Arc::new(cells.map(yes).collect::<BooleanArray>()),
    })
}

fn text(cell: &Cell) -> Option<&str> {
    if let Cell::Text(text) = cell { Some(text) } else { None }
}

fn whole(cell: &Cell) -> Option<i64> {
    if let Cell::Whole(whole) = cell { Some(*whole) } else { None }
}

fn hundredths(cell: &Cell) -> Option<i128> {
    if let Cell::Points(number) | Cell::Percent(number) = cell { Some(i128::from(*number)) } else { None }
}

fn micros(cell: &Cell) -> Option<i64> {
    let of = |at: Instant| {
        let whole = at.unix_seconds().checked_mul(1_000_000)?;
        whole.checked_add(i64::from(at.subsecond_nanos() / 1000))
    };
    if let Cell::Moment(at) = cell { of(*at) } else { None }
}

fn yes(cell: &Cell) -> Option<bool> {
    if let Cell::YesNo(is_so) = cell { Some(*is_so) } else { None }
}
