//! The page for everybody: agencies only, complete without a script, and no way from it to a dossier or an officer.

use askama::Template;
use axum::extract::State;
use compute::figures::{Figures, Level};

use super::super::Server;
use super::super::problem::Problem;
use super::agency::name_of;
use super::links::Link;
use super::parts::{Chip, chip, groups};
use super::shell::{Ground, Shell};
use super::withheld::{FEW, cells, hide};
use super::{Asked, Made, export, html, restored};

/// Peer classes in the order of their tables.
const KINDS: [&str; 5] = ["province", "department", "commune", "district", "unit"];

#[derive(Template)]
#[template(path = "public.html")]
struct PublicPage {
    shell: Shell,
    group_titles: Vec<String>,
    exports: Vec<Link>,
    tables: Vec<Class>,
    few_people: String,
}

struct Class {
    id: &'static str,
    title: String,
    rows: Vec<Row>,
}

struct Row {
    rank: String,
    name: String,
    total: String,
    grade: Option<Chip>,
    groups: Vec<String>,
}

/// `GET /cong-khai`.
pub(super) async fn public(State(server): State<Server>, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let page = make(&server, &asked).map_err(trouble)?;
    Ok(html(&page))
}

fn make(server: &Server, asked: &Asked) -> Result<PublicPage, Problem> {
    restored(server)?;
    let (snapshot, view, words) = (server.live.snapshot(), asked.view()?, asked.words());
    let ground = Ground::new(&snapshot, &view, asked.place("/cong-khai"), words)?;
    let figures = server.board.figures(&snapshot, &view, Level::Agency)?;
    let tables = KINDS.into_iter().map(|kind| class(&ground, &figures, kind));
    let title = words.t("public_title").to_owned();
    let titles = ground.set.groups().iter().map(|group| words.one_of(&group.vi, &group.en).to_owned());
    let few_people = words.fill("withheld_why", &[("few", &FEW.to_string())]);
    Ok(PublicPage {
        few_people,
        shell: Shell::new(server, &ground, title, Vec::new()).still(),
        group_titles: titles.collect(),
        // Where it is asked who somebody is, tables have what is hidden here: they are for whoever signs in.
        exports: if server.access.guarded().is_none() {
            export::links(&ground.place, "/xep-hang")
        } else {
            Vec::new()
        },
        tables: tables.filter(|table| !table.rows.is_empty()).collect(),
    })
}

/// A unit's row, less what would tell of few people.
fn row(ground: &Ground<'_>, unit: &compute::figures::UnitFigures) -> Row {
    let hidden = hide(&cells(unit, ground.set));
    let few = || ground.words.t("withheld").to_owned();
    // Rank and grade are read off the total.
    let total = unit.total.filter(|_| !hidden.total);
    let cell = |(group, is_hidden): (super::parts::GroupMeter, bool)| match (is_hidden, group.is_measured) {
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
        groups: groups(ground, unit).into_iter().zip(hidden.cells.clone()).map(cell).collect(),
    }
}

fn class(ground: &Ground<'_>, figures: &Figures, kind: &'static str) -> Class {
    let mut units: Vec<_> = figures.units.iter().filter(|unit| unit.class == kind).collect();
    // The unranked come last, by name: nothing is said of who among them is better.
    units.sort_by_key(|unit| {
        let rank = unit.rank.filter(|_| !hide(&cells(unit, ground.set)).total);
        (rank.is_none(), rank, name_of(unit, ground))
    });
    let row = |unit: &&compute::figures::UnitFigures| row(ground, unit);
    Class { id: kind, title: ground.words.t(kind).to_owned(), rows: units.iter().map(row).collect() }
}
