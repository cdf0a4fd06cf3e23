//! An agency: where it stands, what to act on now, and which dossiers cost which points.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use compute::figures::{Figures, Level, UnitFigures};

use super::super::Server;
use super::super::access;
use super::super::access::scope::What;
use super::super::problem::Problem;
use super::links::Link;
use super::parts::{
    Chip, Counted, DossierLine, FigureRow, GroupMeter, chip, counted, dossiers, figure_row, groups,
    list_of_count,
};
use super::shell::{Ground, Shell};
use super::{Asked, Made, code_of, export, html};

/// Urgent dossiers shown on the page; the rest is on their list.
const URGENT_MAX: usize = 10;
/// What is urgent, by the ids of its counts.
const URGENT: [&str; 2] = ["due_soon", "overdue"];
/// Units or officers shown in a table.
const PEOPLE_MAX: usize = 300;
/// Counts of a unit or officer in a table.
const COUNTS: [&str; 3] = ["received", "overdue", "due_soon"];

#[derive(Template)]
#[template(path = "agency.html")]
struct AgencyPage {
    shell: Shell,
    name: String,
    kind: String,
    total: String,
    out_of: String,
    grade: Option<Chip>,
    rank: String,
    measured: String,
    line: Option<DayLine>,
    workload: Vec<Counted>,
    groups: Vec<GroupMeter>,
    urgent: Vec<DossierLine>,
    urgent_more: Vec<Link>,
    has_dossiers: bool,
    why: Vec<Link>,
    indicators: Vec<FigureRow>,
    exports: Vec<Link>,
    people: Vec<People>,
}

/// A table of units below, or of officers.
struct People {
    id: &'static str,
    title: String,
    note: String,
    rows: Vec<Person>,
}

struct Person {
    name: String,
    href: String,
    total: String,
    grade: Option<Chip>,
    counts: Vec<Counted>,
    overdue: u64,
}

/// `GET /don-vi/{unit}`.
pub(super) async fn agency(
    State(server): State<Server>,
    code: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Made {
    let trouble = asked.trouble();
    let code = code_of(code).map_err(&trouble)?;
    let page = make(&server, &code, &asked).await.map_err(trouble)?;
    Ok(html(&page))
}

async fn make(server: &Server, code: &str, asked: &Asked) -> Result<AgencyPage, Problem> {
    let (snapshot, view, words) = asked.opening(server)?;
    let path = format!("/don-vi/{}", super::links::encoded(code));
    let ground = Ground::new(&snapshot, &view, asked.place(&path), words)?;
    let figures = server.board.figures(&snapshot, &view, Level::Agency)?;
    access::only(&asked.scope, What::Unit(code), &snapshot)?;
    let unit = unit_of(&figures, code)?;
    let sees_dossiers = asked.scope.may(What::DossiersOf(code), &snapshot);
    let urgent = if sees_dossiers { Some(urgent(server, &ground, unit).await) } else { None };
    // Figures are shown whether or not those who have the dossiers can be asked.
    let urgent = match urgent {
        Some(Err(Problem::NotReachable(_) | Problem::Elsewhere { .. })) | None => None,
        Some(urgent) => Some(urgent?),
    };
    let (has_dossiers, (urgent, urgent_more)) = (urgent.is_some(), urgent.unwrap_or_default());
    let officers = server.board.figures(&snapshot, &view, Level::Officer)?;
    let mut indicators: Vec<FigureRow> =
        unit.figures.iter().map(|figure| figure_row(&ground, unit, figure)).collect();
    indicators.sort_by_key(|row| std::cmp::Reverse(row.lost_points));
    let below = figures.units.iter().filter(|other| {
        other.parent.as_deref() == Some(code) && asked.scope.may(What::Unit(&other.code), &snapshot)
    });
    let here = officers.units.iter().filter(|officer| {
        let officer = What::Officer { officer: &officer.code, agency: code };
        asked.scope.may(officer, &snapshot)
    });
    let here = here.filter(|officer| officer.class == code);
    let people = [
        people(&ground, "below", "", "/don-vi", ("unit", below.collect())),
        people(&ground, "officers", words.t("officers_internal"), "/can-bo", ("officer", here.collect())),
    ];
    let rank = match unit.rank {
        Some(rank) => words
            .fill("rank_of", &[("rank", &rank.to_string()), ("peers", &words.number(u64::from(unit.peers)))]),
        None => words.t("unranked").to_owned(),
    };
    let is_part = unit.measured_max < 100;
    let counts = ["received", "in_progress", "overdue", "due_soon", "apology_owed", "apology_overdue"];
    Ok(AgencyPage {
        shell: Shell::new(server, &ground, name_of(unit, &ground), crumbs(&figures, unit, &ground)),
        name: name_of(unit, &ground),
        kind: words.t(&unit.class).to_owned(),
        total: unit.total.map_or_else(|| "–".to_owned(), |total| words.points(total)),
        out_of: words.fill("out_of", &[("max", "100")]),
        grade: chip(ground.set, unit.total, words),
        rank,
        measured: if is_part {
            words.fill("measured_part", &[("max", &unit.measured_max.to_string())])
        } else {
            String::new()
        },
        line: day_line(server, &ground, unit),
        workload: counts.map(|id| counted(&ground, "unit", unit, id)).to_vec(),
        groups: groups(&ground, unit),
        urgent,
        urgent_more,
        has_dossiers,
        why: if server.reading.is_none() && sees_dossiers { why(&ground, code) } else { Vec::new() },
        indicators,
        exports: export::links(&ground.place, &format!("{path}/chi-tieu")),
        people: people.into_iter().filter(|table| !table.rows.is_empty()).collect(),
    })
}

/// The line of a unit's totals, a point a day.
struct DayLine {
    points: String,
    words: String,
}

/// What the days of the period began with, and now; `None` until there are two points.
fn day_line(server: &Server, ground: &Ground<'_>, unit: &UnitFigures) -> Option<DayLine> {
    let (period, words) = (ground.period.to_string(), ground.words);
    let days = server.board.history.line((&period, &ground.set.file.id), &unit.code);
    let (first, _) = *days.first()?;
    let shown = days.iter().filter_map(|(day, shown)| Some((day.number(), shown.total?)));
    let now = (ground.snapshot.as_of.day().number() + 1, unit.total?);
    let all: Vec<(i32, u64)> = shown.chain([now]).collect();
    let (low, high) =
        all.iter().fold((u64::MAX, 0), |(low, high), (_, total)| (low.min(*total), high.max(*total)));
    let days_wide = i64::from((now.0 - all[0].0).max(1));
    let height = i64::try_from((high - low).max(100)).ok()?;
    let points = all.iter().map(|(day, total)| {
        let across = i64::from(day - all[0].0) * 300 / days_wide;
        let up = i64::try_from(total - low).unwrap_or(0) * 52 / height;
        format!("{across},{}", 56 - up)
    });
    let with = [("from", words.day(first.start())), ("low", words.points(low)), ("high", words.points(high))];
    let with: Vec<(&str, &str)> = with.iter().map(|(name, text)| (*name, text.as_str())).collect();
    (all.len() > 1).then(|| DayLine {
        points: points.collect::<Vec<_>>().join(" "),
        words: words.fill("day_line", &with),
    })
}

/// What changed, where points are lost, what finishing would bring.
fn why(ground: &Ground<'_>, code: &str) -> Vec<Link> {
    let path = format!("/don-vi/{}", super::links::encoded(code));
    [("thay-doi", "change"), ("diem-mat", "loss"), ("neu", "forecast"), ("dau-hieu", "survey")]
        .map(|(page, key)| Link::new(ground.place.to(&format!("{path}/{page}"), &[]), ground.words.t(key)))
        .to_vec()
}

/// The unit's row.
pub(super) fn unit_of<'a>(figures: &'a Figures, code: &str) -> Result<&'a UnitFigures, Problem> {
    let unit = figures.units.iter().find(|unit| unit.code == code);
    unit.ok_or_else(|| Problem::unknown("unit", format!("{code} has no row in {}", figures.period)))
}

pub(super) fn name_of(unit: &UnitFigures, ground: &Ground<'_>) -> String {
    let english = unit.name_en.as_deref().unwrap_or(&unit.name);
    ground.words.one_of(&unit.name, english).to_owned()
}

/// The units above, from the top down.
pub(super) fn crumbs(figures: &Figures, unit: &UnitFigures, ground: &Ground<'_>) -> Vec<Link> {
    let mut crumbs = Vec::new();
    let mut above = unit.parent.as_deref();
    // A tree that is a ring is refused at intake; a bound all the same.
    for _ in 0..8 {
        let Some(parent) = above.and_then(|code| figures.units.iter().find(|other| other.code == code))
        else {
            break;
        };
        crumbs.push(Link::new(ground.place.to_code("/don-vi", &parent.code), name_of(parent, ground)));
        above = parent.parent.as_deref();
    }
    crumbs.reverse();
    crumbs
}

/// What is overdue or due soon, the most urgent first, and links to all of it.
async fn urgent(
    server: &Server,
    ground: &Ground<'_>,
    unit: &UnitFigures,
) -> Result<(Vec<DossierLine>, Vec<Link>), Problem> {
    let Some(code) = ground.snapshot.codes.names().find(&unit.code) else {
        return Ok((Vec::new(), Vec::new()));
    };
    let counts = URGENT.map(|id| ground.set.management.iter().find(|count| count.file.id == id));
    let counts: Vec<_> = counts.into_iter().flatten().collect();
    let key = (ground.period, code, ground.set.file.id.clone());
    let portions = server.board.urgent.of(&server.live, key, &counts, URGENT_MAX).await?;
    let (mut lines, mut more) = (Vec::new(), Vec::new());
    for (count, portion) in
        counts.iter().zip(portions.iter()).filter(|(_, portion)| !portion.codes.is_empty())
    {
        let id = count.file.id.as_str();
        let all = ground.words.number(portion.codes.len() as u64);
        let text =
            format!("{}: {}", ground.words.t(id), ground.words.fill("all_of_them", &[("count", &all)]));
        more.push(Link::new(list_of_count(&ground.place, "unit", &unit.code, id), text));
        lines.extend(portion.lines.iter().cloned());
    }
    if server.alerts.is_some() {
        more.push(Link::new(ground.place.to("/canh-bao", &[("unit", &unit.code)]), ground.words.t("alerts")));
    }
    // What can still be saved comes first: nobody can be on time any more with the others.
    lines.sort_by_key(|line| (line.is_late, line.seconds_left));
    lines.truncate(URGENT_MAX);
    Ok((dossiers(&lines, ground), more))
}

fn people(
    ground: &Ground<'_>,
    id: &'static str,
    note: &str,
    folder: &str,
    (whose, units): (&str, Vec<&UnitFigures>),
) -> People {
    let overdue = ground.set.management.iter().position(|count| count.file.id == "overdue");
    let mut rows: Vec<Person> = units
        .into_iter()
        .map(|unit| Person {
            name: name_of(unit, ground),
            href: ground.place.to_code(folder, &unit.code),
            total: unit.total.map_or_else(|| "–".to_owned(), |total| ground.words.points(total)),
            grade: (whose == "unit").then(|| chip(ground.set, unit.total, ground.words)).flatten(),
            counts: COUNTS.map(|id| counted(ground, whose, unit, id)).to_vec(),
            overdue: overdue.map_or(0, |place| unit.management[place]),
        })
        .collect();
    rows.sort_by(|one, other| other.overdue.cmp(&one.overdue).then_with(|| one.name.cmp(&other.name)));
    rows.truncate(PEOPLE_MAX);
    People { id, title: ground.words.t(id).to_owned(), note: note.to_owned(), rows }
}
