//! One value in every form: the table `formats.tsv` says how pages, CSV, spreadsheets and paper write it.
//!
//! Whoever changes how one of them writes a number changes that table, and reads there what the others do. A test only:
//! how a form writes is the form's own affair (`csv`, `xlsx`, `paper`, `write`).

use compute::instant::Instant;

use super::super::words::Words;
use super::csv::{self, Dialect};
use super::table::{Cell, Kind};
use super::{paper, xlsx};

/// A value of each kind, and those at which forms part: nothing, nought, thousands, below nought.
fn values() -> Vec<(&'static str, Kind, Cell)> {
    let at = |text| Cell::Moment(Instant::parse(text).expect("an instant"));
    vec![
        ("nothing", Kind::Points, Cell::Nothing),
        ("count", Kind::Whole, Cell::Whole(0)),
        ("count", Kind::Whole, Cell::Whole(1_234)),
        ("count", Kind::Whole, Cell::Whole(1_234_567)),
        ("points", Kind::Points, Cell::Points(0)),
        ("points", Kind::Points, Cell::Points(1_769)),
        ("points", Kind::Points, Cell::Points(123_450)),
        ("percent", Kind::Percent, Cell::Percent(0)),
        ("percent", Kind::Percent, Cell::Percent(8_750)),
        ("percent", Kind::Percent, Cell::Percent(10_000)),
        ("instant", Kind::Moment, at("2026-11-20T17:00:00+07:00")),
        ("instant", Kind::Moment, at("2026-01-02T00:00:00+07:00")),
        ("working time", Kind::WorkingSeconds, Cell::Whole(0)),
        ("working time", Kind::WorkingSeconds, Cell::Whole(4_000_000)),
        ("working time", Kind::WorkingSeconds, Cell::Whole(-1_800)),
        ("yes or no", Kind::YesNo, Cell::YesNo(true)),
        ("formula", Kind::Text, Cell::Text("=1+1".to_owned())),
    ]
}

/// As a page writes it.
fn on_a_page(cell: &Cell, kind: Kind, words: Words) -> String {
    match cell {
        Cell::Nothing => "–".to_owned(),
        Cell::Text(text) => text.clone(),
        Cell::Whole(seconds) if kind == Kind::WorkingSeconds => words.working_time(*seconds),
        Cell::Whole(whole) => words.number(whole.unsigned_abs()),
        Cell::Points(points) => words.points(*points),
        Cell::Percent(percent) => words.percent(*percent),
        Cell::Moment(at) => words.moment(*at),
        Cell::YesNo(is_so) => words.t(if *is_so { "yes" } else { "no" }).to_owned(),
    }
}

#[test]
fn every_form_writes_a_value_as_the_table_says() {
    let (vi, en) = (Words::of(None), Words::of(Some("en")));
    let mut written = "kind\tpage vi\tpage en\tpaper vi\tcsv machine\tcsv excel-vi\txlsx\n".to_owned();
    for (name, kind, cell) in values() {
        let forms = [
            name.to_owned(),
            on_a_page(&cell, kind, vi),
            on_a_page(&cell, kind, en),
            paper::text(&cell, kind, vi).replace('\u{a0}', "~"),
            csv::text(&cell, Dialect::Machine),
            csv::text(&cell, Dialect::ExcelVi),
            xlsx::cell("A1", &cell),
        ];
        written += &(forms.join("\t") + "\n");
    }
    assert!(written == include_str!("formats.tsv"), "forms write:\n{written}");
}
