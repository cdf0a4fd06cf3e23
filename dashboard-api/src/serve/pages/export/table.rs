//! What is taken along, before it is written: a table with typed columns, what it is about, and rows a portion at a time.
//!
//! Every form (CSV, XLSX, Arrow, Parquet, PDF) is written from this one table, so that all carry the same figures. Not here: how
//! a form writes a value (`csv`, `xlsx`, `arrow`, `parquet`, `paper`).

use compute::instant::Instant;
use compute::set::points::Hundredths;

/// Rows a program or a spreadsheet is given at most.
pub(super) const ROWS_MAX: usize = 200_000;
/// Rows that are put on paper at most.
pub(super) const PAPER_ROWS_MAX: usize = 5_000;

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Words and codes.
    Text,
    /// Whole numbers.
    Whole,
    /// Whole seconds of working time, shown to people as hours and minutes.
    WorkingSeconds,
    /// Points.
    Points,
    /// Hundredths of a percent.
    Percent,
    /// An instant.
    Moment,
    /// Yes or no.
    YesNo,
}

/// Who reads a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Readers {
    /// Everyone.
    All,
    /// Programs: what people find in the heading stands in every row.
    Programs,
    /// People: names beside codes.
    People,
}

/// A column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Column {
    /// What programs call it.
    pub(super) id: String,
    /// What people call it.
    pub(super) head: String,
    pub(super) kind: Kind,
    pub(super) readers: Readers,
}

/// A value; of its column's kind, or nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Cell {
    Nothing,
    Text(String),
    Whole(i64),
    Points(Hundredths),
    Percent(u64),
    Moment(Instant),
    YesNo(bool),
}

/// One row, as long as there are columns.
pub(super) type Row = Vec<Cell>;

/// A fact about the table, for its heading or its sheet of metadata.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) id: &'static str,
    pub(super) label: String,
    pub(super) value: Cell,
}

/// A table without its rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Table {
    /// What a file with it is called, without ending.
    pub(super) file: String,
    pub(super) title: String,
    /// Period, cut, set, filters: what the figures hold for.
    pub(super) about: Vec<Entry>,
    pub(super) columns: Vec<Column>,
}

impl Column {
    pub(super) fn new(id: impl Into<String>, head: impl Into<String>, kind: Kind) -> Column {
        Column { id: id.into(), head: head.into(), kind, readers: Readers::All }
    }

    pub(super) fn only_for(self, readers: Readers) -> Column {
        Column { readers, ..self }
    }
}

impl Cell {
    /// A text; nothing when it is empty.
    pub(super) fn text(text: impl Into<String>) -> Cell {
        let text = text.into();
        if text.is_empty() { Cell::Nothing } else { Cell::Text(text) }
    }

    pub(super) fn count(count: u64) -> Cell {
        Cell::Whole(i64::try_from(count).unwrap_or(i64::MAX))
    }

    pub(super) fn moment(at: Option<Instant>) -> Cell {
        at.map_or(Cell::Nothing, Cell::Moment)
    }
}

impl Table {
    /// The same with the columns that are not for `others` only, and which places they had.
    pub(super) fn without_those_for(mut self, others: Readers) -> (Table, Vec<usize>) {
        let kept: Vec<usize> =
            (0..self.columns.len()).filter(|place| self.columns[*place].readers != others).collect();
        self.columns.retain(|column| column.readers != others);
        (self, kept)
    }
}

/// A row with the cells at these places.
pub(super) fn only(row: Row, kept: &[usize]) -> Row {
    let mut row: Vec<Option<Cell>> = row.into_iter().map(Some).collect();
    kept.iter().map(|place| row[*place].take().unwrap_or(Cell::Nothing)).collect()
}

/// A file name of letters that no system minds.
pub(super) fn file_name(parts: &[&str]) -> String {
    let parts = parts.iter().filter(|part| !part.is_empty());
    let plain = |part: &&str| -> String {
        let letters = part.chars().take(60);
        letters
            .map(|letter| if letter.is_ascii_alphanumeric() || "._".contains(letter) { letter } else { '-' })
            .collect()
    };
    parts.map(plain).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_have_no_letters_that_lead_elsewhere() {
        assert_eq!(file_name(&["nhip", "H28/../\"x", "", "2026-10"]), "nhip-H28-..--x-2026-10");
    }

    #[test]
    fn a_column_for_others_goes_with_its_cells() {
        let column = |id: &str| Column::new(id, id, Kind::Whole);
        let table = Table {
            file: String::new(),
            title: String::new(),
            about: Vec::new(),
            columns: vec![column("a"), column("b").only_for(Readers::People), column("c")],
        };
        let (table, kept) = table.without_those_for(Readers::People);
        assert_eq!(table.columns.iter().map(|column| column.id.as_str()).collect::<Vec<_>>(), ["a", "c"]);
        let row = only(vec![Cell::Whole(1), Cell::Whole(2), Cell::Whole(3)], &kept);
        assert_eq!(row, [Cell::Whole(1), Cell::Whole(3)]);
    }
}
