//! What the public sees of an edition, as rows and to take along: agencies class by class, delayed agencies, officers
//! where they are named.
//!
//! Page, CSV, XLSX and PDF show the same cells and hide the same. Not here: what is hidden (`withheld`), how a table is
//! written (`csv`, `xlsx`, `paper`).

use std::collections::BTreeMap;

use axum::response::Response;
use compute::figures::{Figures, Level, UnitFigures};

use super::super::agency::name_of;
use super::super::editions::{delayed_of, name};
use super::super::links::Link;
use super::super::parts::{Chip, GroupMeter, chip, groups};
use super::super::shell::Ground;
use super::super::withheld::{FEW, cells, hide};
use super::sending::{Form, Rows, send};
use super::table::{Cell, Column, Entry, Kind, Table, file_name};
use crate::serve::editions::View;
use crate::serve::problem::Problem;

/// Peer classes in the order of their tables.
const KINDS: [&str; 5] = ["province", "department", "commune", "district", "unit"];
/// What of an edition is taken along.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::serve::pages) enum What {
    /// Agencies by their results.
    Ranking,
    /// Agencies with delayed dossiers.
    Delayed,
    /// Officers with repeated delay, where they are named.
    Officers,
}

impl What {
    pub(super) const ALL: [What; 3] = [What::Ranking, What::Delayed, What::Officers];

    /// What follows the number of the edition in addresses.
    fn name(self) -> &'static str {
        match self {
            What::Ranking => "",
            What::Delayed => "don-vi-cham",
            What::Officers => "can-bo-cham",
        }
    }

    /// By its name.
    pub(in crate::serve::pages) fn find(name: &str) -> Option<What> {
        What::ALL.into_iter().find(|what| what.name() == name)
    }

    /// Where it is given out, without its ending.
    pub(super) fn path(self, view: &View) -> String {
        let between = if self == What::Ranking { "" } else { "-" };
        format!("/ky/{}/ban-{}{between}{}", view.entry.period, view.entry.number, self.name())
    }
}

/// Whether the public may have it.
pub(super) fn is_public(what: What, view: &View) -> bool {
    what != What::Officers || view.content.head.names_officers == Some(true)
}

/// Forms an edition is taken along in.
pub(super) const FORMS: [(&str, &str); 3] =
    [("pdf", "export_pdf"), ("xlsx", "export_xlsx"), ("csv", "export_csv")];

/// A peer class.
pub(in crate::serve::pages) struct Class {
    pub(in crate::serve::pages) id: &'static str,
    pub(in crate::serve::pages) title: String,
    pub(in crate::serve::pages) rows: Vec<Row>,
}

/// An agency, less what would tell of few people.
pub(in crate::serve::pages) struct Row {
    pub(in crate::serve::pages) rank: String,
    pub(in crate::serve::pages) name: String,
    pub(in crate::serve::pages) total: String,
    pub(in crate::serve::pages) grade: Option<Chip>,
    pub(in crate::serve::pages) groups: Vec<String>,
}

/// A delayed agency; nothing in place of numbers that would tell of few people.
pub(in crate::serve::pages) struct DelayedRow {
    pub(in crate::serve::pages) name: String,
    pub(in crate::serve::pages) delayed: String,
    pub(in crate::serve::pages) of: String,
}

/// An officer with repeated delay.
pub(in crate::serve::pages) struct OfficerRow {
    pub(in crate::serve::pages) name: String,
    pub(in crate::serve::pages) agency: String,
    pub(in crate::serve::pages) delayed: u64,
}

fn figures(ground: &Ground<'_>) -> Figures {
    Figures::of(ground.snapshot, &ground.snapshot.periods[0], ground.set, Level::Agency)
}

/// Agencies of an edition class by class.
pub(in crate::serve::pages) fn classes(ground: &Ground<'_>) -> Vec<Class> {
    classes_of(ground, &figures(ground))
}

/// Agencies class by class, by rank; the unranked last, by name: nothing is said of who among them is better.
pub(in crate::serve::pages) fn classes_of(ground: &Ground<'_>, figures: &Figures) -> Vec<Class> {
    let class = |id: &'static str| {
        let mut units: Vec<(&UnitFigures, Row)> = figures
            .units
            .iter()
            .filter(|unit| unit.class == id)
            .map(|unit| (unit, row(ground, unit)))
            .collect();
        units.sort_by_key(|(unit, row)| {
            let rank = unit.rank.filter(|_| row.rank != "–");
            (rank.is_none(), rank, row.name.clone())
        });
        let rows: Vec<Row> = units.into_iter().map(|(_, row)| row).collect();
        Class { id, title: ground.words.t(id).to_owned(), rows }
    };
    KINDS.into_iter().map(class).filter(|class| !class.rows.is_empty()).collect()
}

fn row(ground: &Ground<'_>, unit: &UnitFigures) -> Row {
    let hidden = hide(&cells(unit, ground.set));
    let few = || ground.words.t("withheld").to_owned();
    // Rank and grade are read off the total.
    let total = unit.total.filter(|_| !hidden.total);
    let group = |(group, is_hidden): (GroupMeter, bool)| match (is_hidden, group.is_measured) {
        (true, _) => few(),
        (false, true) => group.points,
        (false, false) => "–".to_owned(),
    };
    Row {
        rank: unit.rank.filter(|_| !hidden.total).map_or_else(|| "–".to_owned(), |rank| rank.to_string()),
        name: name_of(unit, ground),
        total: match (hidden.total, total) {
            (true, _) => few(),
            (false, Some(total)) => ground.words.points(total),
            (false, None) => "–".to_owned(),
        },
        grade: chip(ground.set, total, ground.words),
        groups: groups(ground, unit).into_iter().zip(hidden.cells.clone()).map(group).collect(),
    }
}

/// Agencies with delayed dossiers, the most first; those of few dossiers without numbers, and with them another of the
/// same parent, so that nobody subtracts.
pub(in crate::serve::pages) fn delayed(view: &View, ground: &Ground<'_>) -> Vec<DelayedRow> {
    let figures = figures(ground);
    let mut below: BTreeMap<Option<&str>, Vec<&UnitFigures>> = BTreeMap::new();
    for unit in &figures.units {
        below.entry(unit.parent.as_deref()).or_default().push(unit);
    }
    let mut rows: Vec<(bool, u64, DelayedRow)> = Vec::new();
    for units in below.values_mut() {
        units.sort_by_key(|unit| (unit.in_hand_with_due, unit.code.as_str()));
        let few = units.iter().filter(|unit| (1..FEW).contains(&unit.in_hand_with_due)).count();
        let measured = units.iter().filter(|unit| unit.in_hand_with_due > 0);
        for (place, unit) in measured.enumerate() {
            let delayed = delayed_of(view, Level::Agency, &unit.code);
            let is_hidden = place < if few == 1 { 2 } else { few };
            if delayed == 0 && !is_hidden {
                continue;
            }
            let number = |number: u64| {
                if is_hidden { ground.words.t("withheld").to_owned() } else { ground.words.number(number) }
            };
            let (delayed_text, of) = (number(delayed), number(unit.in_hand_with_due));
            let row = DelayedRow { name: name_of(unit, ground), delayed: delayed_text, of };
            rows.push((is_hidden, delayed, row));
        }
    }
    // The hidden ones by name: their place must not tell what they hide.
    rows.sort_by_key(|(is_hidden, delayed, row)| {
        (*is_hidden, std::cmp::Reverse(if *is_hidden { 0 } else { *delayed }), row.name.clone())
    });
    rows.into_iter().map(|(.., row)| row).collect()
}

/// Officers with repeated delay who have enough dossiers for it to tell of no citizen.
pub(in crate::serve::pages) fn officers(view: &View, repeated_from: u64) -> Vec<OfficerRow> {
    let names = view.snapshot.codes.names();
    let (bit, cells) = (view.catalogue.in_hand_with_due_bit, &view.snapshot.periods[0].cells);
    let frozen = &view.content.frozen;
    let agency = |code: &str| {
        frozen
            .units
            .iter()
            .find(|unit| unit.code == code)
            .map_or_else(|| code.to_owned(), |unit| unit.name.clone())
    };
    let mut rows: Vec<OfficerRow> = (frozen.officers.iter())
        .filter(|officer| names.find(&officer.code).is_some_and(|code| cells.officer(code, bit) >= FEW))
        .map(|officer| OfficerRow {
            name: officer.name.clone(),
            agency: agency(&officer.agency),
            delayed: delayed_of(view, Level::Officer, &officer.code),
        })
        .filter(|row| row.delayed >= repeated_from)
        .collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.delayed), row.name.clone()));
    rows
}

/// Links to the edition in every form.
pub(in crate::serve::pages) fn links(what: What, view: &View, ground: &Ground<'_>) -> Vec<Link> {
    let base = what.path(view);
    let link = |(ending, key): (&str, &str)| {
        Link::new(ground.place.to(&format!("{base}.{ending}"), &[]), ground.words.t(key))
    };
    FORMS.into_iter().map(link).collect()
}

/// The edition as a table to take along.
pub(in crate::serve::pages) async fn send_as(
    (what, ending, form): (What, &str, Option<&str>),
    (view, repeated_from): (&View, u64),
    ground: &Ground<'_>,
) -> Result<Response, Problem> {
    if !FORMS.iter().any(|(known, _)| *known == ending) {
        return Err(Problem::unknown("form", "an edition is there as .pdf, .xlsx and .csv"));
    }
    if !is_public(what, view) {
        return Err(Problem::unknown("edition", "/ky lists what is published"));
    }
    let form = Form::of(&format!("x.{ending}"), form)?;
    let (table, rows) = match what {
        What::Ranking => table(view, ground),
        What::Delayed => delayed_table(view, ground),
        What::Officers => officers_table(view, repeated_from, ground),
    };
    send(form, table, Rows::Known(rows), ground.words).await
}

fn delayed_table(view: &View, ground: &Ground<'_>) -> (Table, Vec<Vec<Cell>>) {
    let words = ground.words;
    let columns = vec![
        Column::new("name", words.t("agency"), Kind::Text),
        Column::new("delayed", words.t("edition_delayed_count"), Kind::Whole),
        Column::new("with_due", words.t("published_with_due"), Kind::Whole),
    ];
    let row = |row: DelayedRow| vec![Cell::text(row.name), whole(&row.delayed), whole(&row.of)];
    let rows = delayed(view, ground).into_iter().map(row).collect();
    (listed(view, ground, ("published_delayed", What::Delayed), columns), rows)
}

fn officers_table(view: &View, repeated_from: u64, ground: &Ground<'_>) -> (Table, Vec<Vec<Cell>>) {
    let words = ground.words;
    let columns = vec![
        Column::new("officer", words.t("officer"), Kind::Text),
        Column::new("name", words.t("agency"), Kind::Text),
        Column::new("delayed", words.t("edition_delayed_count"), Kind::Whole),
    ];
    let row = |row: OfficerRow| vec![Cell::text(row.name), Cell::text(row.agency), Cell::count(row.delayed)];
    let rows = officers(view, repeated_from).into_iter().map(row).collect();
    (listed(view, ground, ("published_officers", What::Officers), columns), rows)
}

/// The head of a list beside the ranking.
fn listed(view: &View, ground: &Ground<'_>, (key, what): (&str, What), columns: Vec<Column>) -> Table {
    let title = format!("{} · {}", ground.words.t(key), name(&view.entry, ground.words));
    let file = file_name(&["nhip", "ky", &view.id, what.name(), &ground.set.file.id]);
    Table { file, about: about(view, ground, &title), title, columns }
}

/// A number as it is shown, grouped, or the word that something is hidden.
fn whole(shown: &str) -> Cell {
    let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
    digits.parse().map_or_else(|_| Cell::text(shown), Cell::Whole)
}

fn table(view: &View, ground: &Ground<'_>) -> (Table, Vec<Vec<Cell>>) {
    let words = ground.words;
    let of = |id: &str, key: &str, kind| Column::new(id, words.t(key), kind);
    let mut columns = vec![
        of("class", "export.class", Kind::Text),
        of("rank", "rank", Kind::Whole),
        of("name", "agency", Kind::Text),
        of("total", "total", Kind::Points),
        of("grade", "grade", Kind::Text),
    ];
    columns.extend(ground.set.groups().iter().map(|group| {
        let head = format!("{} /{}", words.one_of(&group.vi, &group.en), group.max);
        Column::new(format!("points_{}", group.id), head, Kind::Points)
    }));
    let rows: Vec<Vec<Cell>> = (classes(ground).into_iter())
        .flat_map(|class| {
            class.rows.into_iter().map(move |row| (class.title.clone(), row)).collect::<Vec<_>>()
        })
        .map(|(class, row)| {
            let mut cells = vec![
                Cell::text(class),
                row.rank.parse().map_or(Cell::Nothing, Cell::Whole),
                Cell::text(row.name),
                points(&row.total),
                row.grade.map_or(Cell::Nothing, |grade| Cell::text(grade.word)),
            ];
            cells.extend(row.groups.iter().map(|text| points(text)));
            cells
        })
        .collect();
    let title = words.fill("published_of", &[("edition", &name(&view.entry, words))]);
    let about = about(view, ground, &title);
    let file = file_name(&["nhip", "ky", &view.id, &ground.set.file.id]);
    (Table { file, title, about, columns }, rows)
}

/// Points as they are shown: a number, or the word that something is hidden.
fn points(shown: &str) -> Cell {
    let plain = shown.replace(',', ".");
    match compute::set::points::parse_decimal(&plain) {
        Some(points) => Cell::Points(points),
        None if shown == "–" => Cell::Nothing,
        None => Cell::text(shown),
    }
}

fn about(view: &View, ground: &Ground<'_>, title: &str) -> Vec<Entry> {
    let (words, frozen) = (ground.words, &view.content.frozen);
    let entry = |id, key, value| Entry { id, label: words.t(key).to_owned(), value };
    vec![
        entry("title", "export.title", Cell::text(title)),
        entry("period", "period", Cell::text(frozen.period.to_string())),
        entry("number", "edition_is_number", Cell::count(view.entry.number.into())),
        entry("as_of", "export.as_of", Cell::Moment(frozen.as_of)),
        entry("cut", "export.cut", Cell::Moment(frozen.as_of.min(frozen.period.end()))),
        entry("set", "set", Cell::text(ground.set.file.id.clone())),
        entry("set_version", "export.set_version", Cell::count(ground.set.file.version.into())),
        entry("root", "edition_root", Cell::text(view.root.clone())),
    ]
}
