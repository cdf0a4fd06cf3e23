//! A table as CSV: for programs (`machine`) and for a Vietnamese Excel (`excel-vi`).
//!
//! What a spreadsheet would run as a formula is written as text. Not here: which table.

use compute::instant::Instant;
use compute::set::points::decimal;

use super::table::{Cell, Row, Table};

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialect {
    /// RFC 4180, UTF-8, commas, decimal points, RFC 3339.
    Machine,
    /// With the mark by which Excel knows UTF-8, semicolons, decimal commas, days first.
    ExcelVi,
}

/// A table on its way into CSV.
#[derive(Debug)]
pub(super) struct Csv {
    dialect: Dialect,
}

impl Csv {
    pub(super) fn new(dialect: Dialect) -> Csv {
        Csv { dialect }
    }

    /// The heads.
    pub(super) fn start(&self, table: &Table) -> Vec<u8> {
        let head = |column: &super::table::Column| match self.dialect {
            Dialect::Machine => column.id.clone(),
            Dialect::ExcelVi => harmless(&column.head),
        };
        let mark = if self.dialect == Dialect::ExcelVi { "\u{feff}" } else { "" };
        let heads: Vec<String> = table.columns.iter().map(head).collect();
        [mark.as_bytes(), &written(self.dialect, std::iter::once(heads))].concat()
    }

    /// Some rows.
    pub(super) fn rows(&self, rows: &[Row]) -> Vec<u8> {
        written(
            self.dialect,
            rows.iter().map(|row| row.iter().map(|cell| text(cell, self.dialect)).collect()),
        )
    }
}

/// A value as programs read it, where no spreadsheet is.
pub(super) fn exact(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        other => text(other, Dialect::Machine),
    }
}

/// A value as this reader wants it.
pub(super) fn text(cell: &Cell, dialect: Dialect) -> String {
    let decimals = |hundredths: u64| match dialect {
        Dialect::Machine => decimal(hundredths),
        Dialect::ExcelVi => decimal(hundredths).replace('.', ","),
    };
    match cell {
        Cell::Nothing => String::new(),
        Cell::Text(text) => harmless(text),
        Cell::Whole(number) => number.to_string(),
        Cell::Points(hundredths) | Cell::Percent(hundredths) => decimals(*hundredths),
        Cell::Moment(at) if dialect == Dialect::Machine => at.to_local(),
        Cell::Moment(at) => day_first(*at),
        Cell::YesNo(is_so) => is_so.to_string(),
    }
}

fn day_first(at: Instant) -> String {
    let ((year, month, day), second) = (at.day().civil(), at.second_of_day());
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{day:02}/{month:02}/{year:04} {hour:02}:{minute:02}:{second:02}")
}

/// A spreadsheet runs what begins so; an apostrophe before it makes it text.
fn harmless(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// Whether a spreadsheet would run it.
pub(super) fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

fn written(dialect: Dialect, rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let delimiter = match dialect {
        Dialect::Machine => b',',
        Dialect::ExcelVi => b';',
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        // Writing to memory cannot fail.
        let _ = writer.write_record(&row);
    }
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for (text, written) in
            [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-2", "'-2"), ("H28-1", "H28-1")]
        {
            assert_eq!(harmless(text), written);
        }
    }

    #[test]
    fn rows_are_written_as_each_reader_wants_them() {
        let row = vec![Cell::Text("a,b;\"c\"".into()), Cell::Whole(-2), Cell::Points(1769), Cell::Nothing];
        let text =
            |dialect| String::from_utf8(Csv::new(dialect).rows(std::slice::from_ref(&row))).expect("UTF-8");
        assert_eq!(text(Dialect::Machine), "\"a,b;\"\"c\"\"\",-2,17.69,\r\n");
        assert_eq!(text(Dialect::ExcelVi), "\"a,b;\"\"c\"\"\";-2;17,69;\r\n");
    }
}
