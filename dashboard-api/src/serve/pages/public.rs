//! The page for everybody: agencies only, complete without a script, and no way from it to a dossier or an officer.

use askama::Template;
use axum::extract::State;
use compute::figures::Level;

use super::super::Server;
use super::super::problem::Problem;
use super::export::published::{Class, classes_of};
use super::links::Link;
use super::shell::{Ground, Shell};
use super::withheld::FEW;
use super::{Asked, Made, export, html};

#[derive(Template)]
#[template(path = "public.html")]
struct PublicPage {
    shell: Shell,
    group_titles: Vec<String>,
    exports: Vec<Link>,
    tables: Vec<Class>,
    few_people: String,
}

/// `GET /cong-khai`.
pub(super) async fn public(State(server): State<Server>, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let page = make(&server, &asked).map_err(trouble)?;
    Ok(html(&page))
}

fn make(server: &Server, asked: &Asked) -> Result<PublicPage, Problem> {
    let (snapshot, view, words) = asked.opening(server)?;
    let ground = Ground::new(&snapshot, &view, asked.place("/cong-khai"), words)?;
    let figures = server.board.figures(&snapshot, &view, Level::Agency)?;
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
        tables: classes_of(&ground, &figures),
    })
}
