//! The tile map: one tile for each commune-level agency, where it lies among its neighbours, in the colour of its grade.
//!
//! Each tile is a link with name, grade and total; the same agencies stand below as a table, and whoever lies nowhere is
//! listed. Not here: where agencies lie and which tile that is (`crate::tiles`).

use askama::Template;
use axum::extract::State;
use compute::figures::{Figures, Level, UnitFigures};

use super::super::Server;
use super::super::problem::Problem;
use super::agency::name_of;
use super::links::Link;
use super::parts::{Chip, chip};
use super::shell::{Ground, Shell};
use super::{Asked, Made, html};
use crate::tiles::{POINTS_MAX, Point, Tiles};

/// The peer class that has tiles.
const CLASS: &str = "commune";
/// The peer class whose agency names the province.
const PROVINCE: &str = "province";

#[derive(Template)]
#[template(path = "map.html")]
struct MapPage {
    shell: Shell,
    why: String,
    columns: usize,
    /// Row by row from the north, column by column from the west; nothing where nobody lies.
    cells: Vec<Option<Row>>,
    legend: Vec<Grade>,
    rows: Vec<Row>,
    unplaced: Vec<Link>,
}

/// A grade, and how many have it.
struct Grade {
    chip: Option<Chip>,
    count: String,
}

/// An agency.
#[derive(Clone)]
struct Row {
    code: String,
    name: String,
    href: String,
    rank: Option<u32>,
    total: String,
    grade: Option<Chip>,
    /// Its tile, in words.
    place: String,
}

/// `GET /ban-do`.
pub(super) async fn map(State(server): State<Server>, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let page = make(&server, &asked).map_err(trouble)?;
    Ok(html(&page))
}

fn make(server: &Server, asked: &Asked) -> Result<MapPage, Problem> {
    let (snapshot, view, words) = asked.opening(server)?;
    let ground = Ground::new(&snapshot, &view, asked.place("/ban-do"), words)?;
    let figures = server.board.figures(&snapshot, &view, Level::Agency)?;
    let theirs = asked.scope.part_of(&figures, &snapshot);
    let is_theirs = |unit: &UnitFigures| {
        theirs.as_ref().is_none_or(|part| part.units.iter().any(|other| other.code == unit.code))
    };
    // Laid out with all of them, so that everybody finds an agency at the same place.
    let (placed, nowhere) = parted(&figures, &server.tiles);
    let points: Vec<Point> = placed.iter().map(|(_, at)| *at).collect();
    let grid = server.tiles.laid_out(&points);
    let mut cells: Vec<Option<Row>> = vec![None; grid.rows * grid.columns];
    for ((unit, _), tile) in placed.iter().zip(&grid.tiles).filter(|((unit, _), _)| is_theirs(unit)) {
        cells[tile.row * grid.columns + tile.column] = Some(row(&ground, unit, (tile.row, tile.column)));
    }
    let mut rows: Vec<Row> = cells.iter().flatten().cloned().collect();
    rows.sort_by_key(|row| (row.rank.is_none(), row.rank, row.code.clone()));
    let link =
        |unit: &&UnitFigures| Link::new(ground.place.to_code("/don-vi", &unit.code), name_of(unit, &ground));
    let title = words.t("map_title").to_owned();
    Ok(MapPage {
        why: words.t("map_why").to_owned(),
        columns: grid.columns,
        legend: legend(&ground, &rows),
        rows,
        cells,
        unplaced: nowhere.iter().filter(|unit| is_theirs(unit)).map(link).collect(),
        shell: Shell::new(server, &ground, title, Vec::new()),
    })
}

/// Agencies of the class with where they lie, and those that lie nowhere.
fn parted<'a>(figures: &'a Figures, tiles: &Tiles) -> (Vec<(&'a UnitFigures, Point)>, Vec<&'a UnitFigures>) {
    let above = figures.units.iter().find(|unit| unit.class == PROVINCE).map(|unit| unit.name.as_str());
    let (mut placed, mut nowhere) = (Vec::new(), Vec::new());
    for unit in figures.units.iter().filter(|unit| unit.class == CLASS) {
        match tiles.positions().of(&unit.code, &unit.name, above) {
            Some(at) if placed.len() < POINTS_MAX => placed.push((unit, at)),
            _ => nowhere.push(unit),
        }
    }
    (placed, nowhere)
}

fn row(ground: &Ground<'_>, unit: &UnitFigures, (down, right): (usize, usize)) -> Row {
    let with = [("row", (down + 1).to_string()), ("column", (right + 1).to_string())];
    let with: Vec<(&str, &str)> = with.iter().map(|(name, text)| (*name, text.as_str())).collect();
    Row {
        code: unit.code.clone(),
        name: name_of(unit, ground),
        href: ground.place.to_code("/don-vi", &unit.code),
        rank: unit.rank,
        total: unit.total.map_or_else(|| "–".to_owned(), |total| ground.words.points(total)),
        grade: chip(ground.set, unit.total, ground.words),
        place: ground.words.fill("map_place", &with),
    }
}

/// The grades of the set from the best down, those without one last.
fn legend(ground: &Ground<'_>, rows: &[Row]) -> Vec<Grade> {
    let grades = ground.set.file.grades.iter().map(|grade| {
        let of_all = chip(ground.set, Some(grade.from * 100), ground.words);
        let is_it =
            |row: &&Row| row.grade.as_ref().map(|chip| &chip.word) == of_all.as_ref().map(|chip| &chip.word);
        let count = rows.iter().filter(is_it).count();
        Grade { count: count.to_string(), chip: of_all }
    });
    let without = rows.iter().filter(|row| row.grade.is_none()).count();
    let without = (without > 0).then(|| Grade { count: without.to_string(), chip: None });
    grades.chain(without).collect()
}
