//! Figures as tables: the ranking of all agencies, and the indicators of one unit.
//!
//! The same numbers as on the pages, from the same board. Not here: how they come about (`compute`).

use compute::figures::{Figure, Figures, UnitFigures};
use compute::set::definition::Group;
use compute::set::points::Hundredths;

use super::super::agency::name_of;
use super::super::shell::Ground;
use super::super::words::Words;
use super::table::{Cell, Column, Entry, Kind, Readers, Row, Table, file_name};

/// Peer classes in the order of the public page.
const KINDS: [&str; 5] = ["province", "department", "commune", "district", "unit"];
/// Counts without points that stand beside the points.
const COUNTS: [&str; 2] = ["overdue", "due_soon"];

/// All agencies, class by class, by rank.
pub(super) fn ranking(ground: &Ground<'_>, figures: &Figures, about: Vec<Entry>) -> (Table, Vec<Row>) {
    let words = ground.words;
    let of = |id: &str, key: &str, kind| Column::new(id, words.t(key), kind);
    let mut columns = vec![
        of("class", "export.class", Kind::Text).only_for(Readers::Programs),
        of("class_name", "export.class", Kind::Text).only_for(Readers::People),
        of("rank", "rank", Kind::Whole),
        of("code", "code", Kind::Text),
        of("name", "agency", Kind::Text),
        of("total", "total", Kind::Points),
        of("grade", "grade", Kind::Text),
        of("measured_max", "export.measured", Kind::Whole),
        of("received", "received", Kind::Whole),
    ];
    columns.extend(ground.set.groups().iter().map(|group| {
        let head = format!("{} /{}", words.one_of(&group.vi, &group.en), group.max);
        Column::new(format!("points_{}", group.id), head, Kind::Points)
    }));
    columns.extend(COUNTS.map(|id| of(id, id, Kind::Whole)));
    columns.extend(scope_columns(words));
    let mut units: Vec<&UnitFigures> = figures.units.iter().collect();
    let class = |unit: &UnitFigures| KINDS.iter().position(|kind| *kind == unit.class);
    units.sort_by_key(|unit| (class(unit), unit.rank.is_none(), unit.rank));
    let rows: Vec<Row> = units.into_iter().map(|unit| agency(ground, figures, unit)).collect();
    let title = words.t("export.ranking").to_owned();
    let table = Table {
        file: file_name(&[
            "nhip",
            words.one_of("xep-hang", "ranking"),
            &figures.period.to_string(),
            &figures.set.0,
        ]),
        about: whole(words, &title, about, rows.len()),
        title,
        columns,
    };
    (table, rows)
}

fn agency(ground: &Ground<'_>, figures: &Figures, unit: &UnitFigures) -> Row {
    let (set, words) = (ground.set, ground.words);
    let grade = unit.total.and_then(|total| set.grade(total));
    let mut row = vec![
        Cell::text(unit.class.clone()),
        Cell::text(words.t(&unit.class)),
        unit.rank.map_or(Cell::Nothing, |rank| Cell::count(rank.into())),
        Cell::text(unit.code.clone()),
        Cell::text(name_of(unit, ground)),
        unit.total.map_or(Cell::Nothing, Cell::Points),
        grade.map_or(Cell::Nothing, |grade| Cell::text(words.one_of(&grade.vi, &grade.en))),
        Cell::count(unit.measured_max),
        Cell::count(unit.received),
    ];
    row.extend(set.groups().iter().map(|group| Cell::Points(points_in(ground, unit, group))));
    row.extend(COUNTS.map(|id| {
        let place = set.management.iter().position(|count| count.file.id == id);
        place.map_or(Cell::Nothing, |place| Cell::count(unit.management[place]))
    }));
    row.extend(scope(figures));
    row
}

fn points_in(ground: &Ground<'_>, unit: &UnitFigures, group: &Group) -> Hundredths {
    let of_group = |figure: &&Figure| ground.set.indicators[figure.indicator].file.group == group.id;
    unit.figures.iter().filter(of_group).map(|figure| figure.points).sum()
}

/// Every indicator of one unit.
pub(super) fn indicators(
    ground: &Ground<'_>,
    figures: &Figures,
    unit: &UnitFigures,
    about: Vec<Entry>,
) -> (Table, Vec<Row>) {
    let words = ground.words;
    let of = |id: &str, key: &str, kind| Column::new(id, words.t(key), kind);
    let mut columns = vec![
        of("unit", "export.agency_code", Kind::Text).only_for(Readers::Programs),
        of("indicator", "code", Kind::Text),
        of("title", "indicator", Kind::Text),
        of("group", "export.group", Kind::Text),
        of("numerator", "numerator", Kind::Whole),
        of("denominator", "denominator", Kind::Whole),
        of("missing", "export.missing", Kind::Whole),
        of("ratio", "ratio", Kind::Percent),
        of("points", "points", Kind::Points),
        of("max", "max_points", Kind::Whole),
        of("measured", "export.is_measured", Kind::YesNo),
        of("denominator_is_reported", "export.is_reported", Kind::YesNo),
    ];
    columns.extend(scope_columns(words));
    let rows: Vec<Row> = unit.figures.iter().map(|figure| indicator(ground, figures, unit, figure)).collect();
    let title = words.fill("export.indicators", &[("who", &name_of(unit, ground))]);
    let table = Table {
        file: file_name(&[
            "nhip",
            &unit.code,
            words.one_of("chi-tieu", "indicators"),
            &figures.period.to_string(),
            &figures.set.0,
        ]),
        about: whole(words, &title, about, rows.len()),
        title,
        columns,
    };
    (table, rows)
}

fn indicator(ground: &Ground<'_>, figures: &Figures, unit: &UnitFigures, figure: &Figure) -> Row {
    let (set, words) = (ground.set, ground.words);
    let known = &set.indicators[figure.indicator];
    let title = words.one_of(&known.file.words.vi.title, &known.file.words.en.title);
    let group = set.groups().iter().find(|group| group.id == known.file.group);
    let missing = figure.denominator.saturating_sub(figure.numerator);
    let mut row = vec![
        Cell::text(unit.code.clone()),
        Cell::text(known.file.code.clone()),
        Cell::text(title),
        group.map_or(Cell::Nothing, |group| Cell::text(words.one_of(&group.vi, &group.en))),
        Cell::count(figure.numerator),
        Cell::count(figure.denominator),
        // What was reported is a number without subjects: nothing says which of them are missing.
        if figure.is_reported { Cell::Nothing } else { Cell::count(missing) },
        figure.ratio.percent_hundredths().map_or(Cell::Nothing, Cell::Percent),
        Cell::Points(figure.points),
        Cell::count(figure.max),
        Cell::YesNo(figure.denominator > 0 || known.is_full_when_empty()),
        Cell::YesNo(figure.is_reported),
    ];
    row.extend(scope(figures));
    row
}

/// What holds for every figure stands in every row, for programs that put tables together.
fn scope_columns(words: Words) -> [Column; 4] {
    [
        ("period", "period", Kind::Text),
        ("cut", "export.cut", Kind::Moment),
        ("set", "set", Kind::Text),
        ("set_version", "export.set_version", Kind::Whole),
    ]
    .map(|(id, key, kind)| Column::new(id, words.t(key), kind).only_for(Readers::Programs))
}

fn scope(figures: &Figures) -> [Cell; 4] {
    [
        Cell::text(figures.period.to_string()),
        Cell::Moment(figures.cut),
        Cell::text(figures.set.0.clone()),
        Cell::count(figures.set.1.into()),
    ]
}

fn whole(words: Words, title: &str, mut about: Vec<Entry>, rows: usize) -> Vec<Entry> {
    let title = Entry { id: "title", label: words.t("export.title").to_owned(), value: Cell::text(title) };
    about.insert(0, title);
    about.push(Entry {
        id: "rows",
        label: words.t("export.rows").to_owned(),
        value: Cell::count(rows as u64),
    });
    about
}
