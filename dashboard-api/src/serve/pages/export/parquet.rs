//! A table as a Parquet file: the columns of the Arrow stream, what the table is about in the file's own metadata.
//!
//! A group of rows is kept, packed, until it is full, and then sent: no more than [`GROUP_ROWS_MAX`] rows of a table are
//! in memory. Packed with Snappy, which every reader of Parquet knows. Not here: which table, and what a column's type
//! is (`arrow`).

use std::collections::HashMap;
use std::sync::Arc;

use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::arrow::Batches;
use super::csv::exact;
use super::table::{Row, Table};

/// Rows of a group: a reader skips whole groups by what their columns hold at least and at most.
const GROUP_ROWS_MAX: usize = 16_384;

/// A table on its way into a file.
pub(super) struct Parquet {
    batches: Batches,
    writer: ArrowWriter<Vec<u8>>,
}

impl Parquet {
    pub(super) fn new(table: &Table) -> Result<Parquet, ParquetError> {
        let entry = |id: &str, value: String| KeyValue::new(id.to_owned(), value);
        let about = table.about.iter().map(|told| entry(told.id, exact(&told.value))).collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(GROUP_ROWS_MAX))
            .set_key_value_metadata(Some(about))
            .build();
        let batches = Batches::new(table, HashMap::new());
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(batches.schema()), Some(properties))?;
        Ok(Parquet { batches, writer })
    }

    /// Some rows: bytes whenever a group is full, else nothing yet.
    pub(super) fn rows(&mut self, rows: &[Row]) -> Result<Vec<u8>, ParquetError> {
        self.writer.write(&self.batches.of(rows)?)?;
        // Taking what was written is no writing: where each group lies is counted before the bytes come here.
        Ok(std::mem::take(self.writer.inner_mut()))
    }

    /// The last group, and where each lies.
    pub(super) fn end(self) -> Result<Vec<u8>, ParquetError> {
        self.writer.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use axum::body::Bytes;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::file::metadata::RowGroupMetaData;

    use super::super::table::{Cell, Column, Entry, Kind};
    use super::*;

    fn table() -> Table {
        Table {
            file: String::new(),
            title: String::new(),
            about: vec![Entry { id: "set", label: String::new(), value: Cell::text("one") }],
            columns: vec![Column::new("number", "Number", Kind::Whole)],
        }
    }

    #[test]
    fn a_group_that_is_full_leaves_before_the_rest_is_there() {
        let mut parquet = Parquet::new(&table()).expect("it starts");
        let rows = |count: i64| (0..count).map(|number| vec![Cell::Whole(number)]).collect::<Vec<_>>();
        let few = parquet.rows(&rows(500)).expect("they are written");
        assert_eq!(few.len(), 0, "a group that is not full waits");
        let many = parquet.rows(&rows(40_000)).expect("they are written");
        assert!(many.len() > 4, "two groups are full");
        assert!(parquet.writer.in_progress_rows() <= GROUP_ROWS_MAX, "and only what is left waits");
        let file = Bytes::from([few, many, parquet.end().expect("it ends")].concat());
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("it is a file");
        let groups =
            reader.metadata().row_groups().iter().map(RowGroupMetaData::num_rows).collect::<Vec<_>>();
        assert_eq!(groups, [16_384, 16_384, 7_732]);
        let told = reader.metadata().file_metadata().key_value_metadata().expect("it is about something");
        assert!(
            told.iter().any(|told| told.key == "set" && told.value.as_deref() == Some("one")),
            "{told:?}"
        );
        let mut read = Vec::new();
        for batch in reader.build().expect("it can be read") {
            read.extend(batch.expect("a batch").column(0).as_primitive::<Int64Type>().values().to_vec());
        }
        assert_eq!(read, (0..500).chain(0..40_000).collect::<Vec<i64>>(), "nothing is lost or moved");
    }

    #[test]
    fn a_table_without_rows_is_a_whole_file() {
        let file = Bytes::from(Parquet::new(&table()).expect("it starts").end().expect("it ends"));
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("it is a file");
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
        assert_eq!(reader.schema().field(0).name(), "number");
    }
}
