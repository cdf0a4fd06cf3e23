//! An indicator: how it is counted, in words and by law, under both sets, and where each unit stands on it.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use compute::figures::{Figures, Level, UnitFigures};
use compute::set::Indicator;

use super::super::Server;
use super::super::board::View;
use super::super::problem::Problem;
use super::agency::name_of;
use super::links::Link;
use super::parts::{FigureRow, figure_row};
use super::shell::{Ground, Shell};
use super::{Asked, Made, code_of, html};

/// Peer classes in the order of their tabs.
const KINDS: [&str; 5] = ["department", "commune", "district", "unit", "province"];

#[derive(Template)]
#[template(path = "indicator.html")]
struct IndicatorPage {
    shell: Shell,
    code: String,
    title: String,
    words: Vec<(String, String)>,
    province: String,
    sets: Vec<SetRow>,
    kinds: Vec<Link>,
    units: Vec<FigureRow>,
}

/// The province's row under one set.
struct SetRow {
    id: String,
    title: String,
    href: String,
    numerator: String,
    numerator_href: String,
    denominator: String,
    denominator_href: String,
    ratio: String,
    points: String,
    max: u64,
}

/// `GET /chi-tieu/{indicator}`.
pub(super) async fn indicator(
    State(server): State<Server>,
    code: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Made {
    let trouble = asked.trouble();
    let code = code_of(code).map_err(&trouble)?;
    let page = make(&server, &code, &asked).map_err(trouble)?;
    Ok(html(&page))
}

fn make(server: &Server, code: &str, asked: &Asked) -> Result<IndicatorPage, Problem> {
    let (snapshot, view, words) = asked.opening(server)?;
    let path = format!("/chi-tieu/{}", super::links::encoded(code));
    let place = asked.place(&path).with("kind", asked.kind.as_deref());
    let ground = Ground::new(&snapshot, &view, place, words)?;
    let number = ground.set.position(code);
    let number = number.ok_or_else(|| Problem::unknown("indicator", format!("{code} is not in the set")))?;
    let figures = server.board.figures(&snapshot, &view, Level::Agency)?;
    let part = asked.scope.part_of(&figures, &snapshot);
    let figures = part.as_ref().unwrap_or(&figures);
    let province = province(figures);
    let mut sets = Vec::new();
    for set in &snapshot.catalogue.sets {
        let other = View { period: view.period, set: Some(set.file.id.clone()) };
        let figures = server.board.figures(&snapshot, &other, Level::Agency)?;
        let row = province.and_then(|province| figures.units.iter().find(|unit| unit.code == province.code));
        let (Some(number), Some(row)) = (set.position(code), row) else { continue };
        let place = asked.place(&path).of_set(&set.file.id);
        let ground = Ground { snapshot: &snapshot, period: ground.period, set, words, place };
        let figure = figure_row(&ground, row, &row.figures[number]);
        sets.push(SetRow {
            id: set.file.id.clone(),
            title: ground.set_title(set).to_owned(),
            href: ground.place.in_words(words),
            numerator: figure.numerator,
            numerator_href: figure.numerator_href,
            denominator: figure.denominator,
            denominator_href: figure.denominator_href,
            ratio: figure.ratio,
            points: figure.points,
            max: figure.max,
        });
    }
    let (kinds, units) = units(&ground, figures, number, asked.kind.as_deref());
    let indicator = &ground.set.indicators[number];
    let title = words.one_of(&indicator.file.words.vi.title, &indicator.file.words.en.title).to_owned();
    Ok(IndicatorPage {
        shell: Shell::new(server, &ground, code.to_owned(), Vec::new()),
        code: code.to_owned(),
        title,
        words: in_words(&ground, indicator),
        province: province.map_or_else(String::new, |province| name_of(province, &ground)),
        sets,
        kinds,
        units,
    })
}

/// The province at work: one merged this period has a row too, but fewer dossiers.
fn province(figures: &Figures) -> Option<&UnitFigures> {
    figures.units.iter().filter(|unit| unit.class == "province").max_by_key(|unit| unit.received)
}

fn in_words(ground: &Ground<'_>, indicator: &Indicator) -> Vec<(String, String)> {
    let (words, file) = (ground.words, &indicator.file);
    let wording = if words.is_english() { &file.words.en } else { &file.words.vi };
    [
        ("population", wording.population.clone()),
        ("denominator", wording.denominator.clone()),
        ("numerator", wording.numerator.clone()),
        ("scoring", wording.scoring.clone()),
        ("max_points", file.max.to_string()),
        ("portal_code", file.portal_code.clone()),
        ("basis_law", file.basis.clone()),
    ]
    .into_iter()
    .map(|(key, text)| (words.t(key).to_owned(), text))
    .collect()
}

/// The units of one class, most points lost first, and links to the other classes.
fn units(
    ground: &Ground<'_>,
    figures: &Figures,
    number: usize,
    asked: Option<&str>,
) -> (Vec<Link>, Vec<FigureRow>) {
    let there: Vec<&str> =
        KINDS.into_iter().filter(|kind| figures.units.iter().any(|unit| unit.class == *kind)).collect();
    let chosen = asked.filter(|kind| there.contains(kind)).or(there.first().copied());
    let code = &ground.set.indicators[number].file.code;
    let path = format!("/chi-tieu/{}", super::links::encoded(code));
    let link = |kind: &&str| Link {
        href: ground.place.to(&path, &[("kind", kind)]),
        text: ground.words.t(kind).to_owned(),
        is_chosen: Some(*kind) == chosen,
    };
    let of_kind = figures.units.iter().filter(|unit| Some(unit.class.as_str()) == chosen);
    let mut rows: Vec<FigureRow> = of_kind
        .map(|unit| FigureRow {
            code: unit.code.clone(),
            title: name_of(unit, ground),
            href: ground.place.to_code("/don-vi", &unit.code),
            ..figure_row(ground, unit, &unit.figures[number])
        })
        .collect();
    rows.sort_by(|one, other| {
        other.lost_points.cmp(&one.lost_points).then_with(|| one.title.cmp(&other.title))
    });
    (there.iter().map(link).collect(), rows)
}
