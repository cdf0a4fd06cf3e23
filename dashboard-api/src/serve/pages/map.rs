//! The tile map: one tile for each commune-level agency, where it lies among its neighbours, in the colour of its grade,
//! or of its share of a group's points.
//!
//! Each tile is a link with name, grade or share, and points; the same agencies stand below as a table, and whoever lies nowhere is
//! listed. Not here: where agencies lie and which tile that is (`crate::tiles`).

use askama::Template;
use axum::extract::State;
use compute::figures::{Figures, Level, UnitFigures};

use super::super::Server;
use super::super::problem::Problem;
use super::agency::name_of;
use super::links::Link;
use super::parts::{Chip, chip, groups};
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
    /// What tiles can tell: the total, or one of the set's groups.
    kinds: Vec<Link>,
    /// What they tell.
    measure: String,
    /// What stands where there is nothing to tell.
    without: &'static str,
    columns: usize,
    /// Row by row from the north, column by column from the west; nothing where nobody lies.
    cells: Vec<Option<Row>>,
    legend: Vec<Step>,
    rows: Vec<Row>,
    unplaced: Vec<Link>,
}

/// A grade or share, and how many have it.
struct Step {
    chip: Option<Chip>,
    count: String,
}

/// What tiles tell.
#[derive(Clone, Copy)]
enum Measure {
    Total,
    /// The group at this place among the set's.
    Group(usize),
}

/// An agency.
#[derive(Clone)]
struct Row {
    code: String,
    name: String,
    href: String,
    rank: Option<u32>,
    points: String,
    step: Option<Chip>,
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
    let place = asked.place("/ban-do").with("group", asked.group.as_deref());
    let ground = Ground::new(&snapshot, &view, place, words)?;
    let measure = Measure::of(asked.group.as_deref(), &ground)?;
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
        cells[tile.row * grid.columns + tile.column] =
            Some(row(&ground, measure, unit, (tile.row, tile.column)));
    }
    let mut rows: Vec<Row> = cells.iter().flatten().cloned().collect();
    rows.sort_by_key(|row| (row.rank.is_none(), row.rank, row.code.clone()));
    let link =
        |unit: &&UnitFigures| Link::new(ground.place.to_code("/don-vi", &unit.code), name_of(unit, &ground));
    let title = words.t("map_title").to_owned();
    Ok(MapPage {
        why: words.t("map_why").to_owned(),
        kinds: measure.kinds(&ground),
        measure: measure.title(&ground),
        without: match measure {
            Measure::Total => words.t("map_no_grade"),
            Measure::Group(_) => words.t("map_not_measured"),
        },
        columns: grid.columns,
        legend: legend(&ground, measure, &rows),
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

impl Measure {
    fn of(group: Option<&str>, ground: &Ground<'_>) -> Result<Measure, Problem> {
        let Some(group) = group.filter(|id| !id.is_empty()) else { return Ok(Measure::Total) };
        let place = ground.set.groups().iter().position(|known| known.id == group);
        let known: Vec<&str> = ground.set.groups().iter().map(|known| known.id.as_str()).collect();
        let unknown = || Problem::unknown("group", format!("there are {}", known.join(", ")));
        Ok(Measure::Group(place.ok_or_else(unknown)?))
    }

    fn title(self, ground: &Ground<'_>) -> String {
        let of_group = |place: usize| {
            let group = &ground.set.groups()[place];
            ground.words.one_of(&group.vi, &group.en).to_owned()
        };
        match self {
            Measure::Total => ground.words.t("total").to_owned(),
            Measure::Group(place) => of_group(place),
        }
    }

    /// Links to the map of each measure, this one chosen.
    fn kinds(self, ground: &Ground<'_>) -> Vec<Link> {
        let total = (Measure::Total, ground.place.to("/ban-do", &[]));
        let groups = ground.set.groups().iter().enumerate().map(|(place, group)| {
            (Measure::Group(place), ground.place.to("/ban-do", &[("group", &group.id)]))
        });
        let chosen = self.title(ground);
        let all = std::iter::once(total).chain(groups).map(|(measure, href)| {
            let text = measure.title(ground);
            Link { is_chosen: text == chosen, ..Link::new(href, text) }
        });
        all.collect()
    }

    /// A unit's points, and how good they are.
    fn told(self, ground: &Ground<'_>, unit: &UnitFigures) -> (String, Option<Chip>) {
        match self {
            Measure::Total => {
                let points = unit.total.map_or_else(|| "–".to_owned(), |total| ground.words.points(total));
                (points, chip(ground.set, unit.total, ground.words))
            }
            Measure::Group(place) => match groups(ground, unit).swap_remove(place) {
                group if group.is_measured => {
                    let word = share(ground, "map_share", group.permille / 10);
                    (format!("{} / {}", group.points, group.max), Some(Chip { step: group.step, word }))
                }
                _ => ("–".to_owned(), None),
            },
        }
    }
}

fn share(ground: &Ground<'_>, key: &str, percent: u64) -> String {
    ground.words.fill(key, &[("share", &ground.words.number(percent))])
}

fn row(ground: &Ground<'_>, measure: Measure, unit: &UnitFigures, (down, right): (usize, usize)) -> Row {
    let with = [("row", (down + 1).to_string()), ("column", (right + 1).to_string())];
    let with: Vec<(&str, &str)> = with.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let (points, step) = measure.told(ground, unit);
    Row {
        code: unit.code.clone(),
        name: name_of(unit, ground),
        href: ground.place.to_code("/don-vi", &unit.code),
        rank: unit.rank,
        points,
        step,
        place: ground.words.fill("map_place", &with),
    }
}

/// The grades of the set from the best down, or the shares they begin at; those without one last.
fn legend(ground: &Ground<'_>, measure: Measure, rows: &[Row]) -> Vec<Step> {
    let steps = ground.set.file.grades.iter().enumerate().filter_map(|(place, grade)| {
        let chip = match measure {
            Measure::Total => chip(ground.set, Some(grade.from * 100), ground.words)?,
            Measure::Group(_) => Chip { step: place + 1, word: share(ground, "map_share_from", grade.from) },
        };
        let count =
            rows.iter().filter(|row| row.step.as_ref().is_some_and(|of| of.step == chip.step)).count();
        Some(Step { count: count.to_string(), chip: Some(chip) })
    });
    let without = rows.iter().filter(|row| row.step.is_none()).count();
    let without = (without > 0).then(|| Step { count: without.to_string(), chip: None });
    steps.chain(without).collect()
}
