//! A table on paper: its values as people write them, in the template `templates/paper/table.toml`.
//!
//! Not here: typesetting (`typeset`), which table.

use serde_json::{Value, json};

use super::super::words::Words;
use super::table::{Cell, Column, Kind, Row, Table};
use crate::typeset::{self, Template, TypesetError};

/// Columns from which on a page is laid on its side.
const WIDE: usize = 7;

/// The table as a PDF.
pub(super) fn pdf(table: &Table, rows: Vec<Row>, words: Words) -> Result<Vec<u8>, TypesetError> {
    let template = Template::parse(include_str!("../../../../templates/paper/table.toml"))?;
    typeset::pdf(&template, &data(table, rows, words))
}

fn data(table: &Table, rows: Vec<Row>, words: Words) -> Value {
    let columns: Vec<Value> = table.columns.iter().map(|column| head(column, words)).collect();
    let texts: Vec<Vec<String>> = rows.into_iter().map(|row| cells(&row, &table.columns, words)).collect();
    // The title is the heading.
    let about = table.about.iter().skip(1);
    let about: Vec<[String; 2]> =
        about.map(|entry| [entry.label.clone(), plain(&entry.value, words)]).collect();
    let cut = table.about.iter().find(|entry| entry.id == "cut");
    let cut = cut.map_or_else(String::new, |entry| format!("{} {}", entry.label, plain(&entry.value, words)));
    json!({
        "lang": words.lang(), "title": table.title, "wide": table.columns.len() > WIDE,
        "running": format!("{} · {cut}", table.title),
        "page": words.t("export.page"),
        "columns": columns, "rows": texts,
        "about_columns": [{ "head": "", "align": "left" }, { "head": "", "align": "left" }], "about": about,
    })
}

fn head(column: &Column, words: Words) -> Value {
    let align = match column.kind {
        Kind::Text | Kind::Moment => "left",
        Kind::YesNo => "centre",
        Kind::Whole | Kind::WorkingSeconds | Kind::Points | Kind::Percent => "right",
    };
    // People are told hours and minutes.
    let is_time = column.kind == Kind::WorkingSeconds;
    json!({ "head": if is_time { words.t("left") } else { &column.head }, "align": align })
}

fn cells(row: &Row, columns: &[Column], words: Words) -> Vec<String> {
    row.iter().zip(columns).map(|(cell, column)| text(cell, column.kind, words)).collect()
}

fn plain(cell: &Cell, words: Words) -> String {
    text(cell, Kind::Text, words)
}

/// A value as the pages write it.
pub(super) fn text(cell: &Cell, kind: Kind, words: Words) -> String {
    match cell {
        Cell::Nothing => "–".to_owned(),
        Cell::Text(text) => text.clone(),
        Cell::Whole(seconds) if kind == Kind::WorkingSeconds => words.working_time(*seconds),
        Cell::Whole(whole) if *whole < 0 => format!("-{}", words.number(whole.unsigned_abs())),
        Cell::Whole(whole) => words.number(whole.unsigned_abs()),
        Cell::Points(points) => words.points(*points),
        Cell::Percent(percent) => words.percent(*percent).replace(' ', "\u{a0}"),
        Cell::Moment(at) => words.moment(*at),
        Cell::YesNo(is_so) => words.t(if *is_so { "yes" } else { "no" }).to_owned(),
    }
}
