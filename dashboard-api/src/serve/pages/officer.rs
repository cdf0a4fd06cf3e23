//! An officer's own queue: what they hold, by the working time left.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use compute::engine::Who;
use compute::figures::Level;

use super::super::Server;
use super::super::access;
use super::super::lists::{Count, LINES_MAX, Question};
use super::super::problem::Problem;
use super::agency::{crumbs, name_of, unit_of};
use super::links::Link;
use super::parts::{Counted, DossierLine, counted, dossiers, list_of_count};
use super::shell::{Ground, Shell};
use super::{Asked, Made, code_of, html};

/// Dossiers shown on the page; the rest is on the list.
const QUEUE_MAX: usize = 200;

#[derive(Template)]
#[template(path = "officer.html")]
struct OfficerPage {
    shell: Shell,
    name: String,
    agency: Link,
    total: String,
    out_of: String,
    workload: Vec<Counted>,
    lines: Vec<DossierLine>,
    more: Vec<Link>,
}

/// `GET /can-bo/{officer}`.
pub(super) async fn officer(
    State(server): State<Server>,
    code: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Made {
    let trouble = asked.trouble();
    let code = code_of(code).map_err(&trouble)?;
    let page = make(&server, &code, &asked).await.map_err(trouble)?;
    Ok(html(&page))
}

async fn make(server: &Server, code: &str, asked: &Asked) -> Result<OfficerPage, Problem> {
    let (snapshot, view, words) = asked.opening(server)?;
    let path = format!("/can-bo/{}", super::links::encoded(code));
    let ground = Ground::new(&snapshot, &view, asked.place(&path), words)?;
    let figures = server.board.figures(&snapshot, &view, Level::Officer)?;
    access::only_whose_list(&asked.scope, code, Level::Officer, &snapshot)?;
    let officer = unit_of(&figures, code)?;
    let agencies = server.board.figures(&snapshot, &view, Level::Agency)?;
    let home = unit_of(&agencies, &officer.class).ok();
    let mut above = home.map_or_else(Vec::new, |home| crumbs(&agencies, home, &ground));
    let name = home.map_or_else(|| officer.class.clone(), |home| name_of(home, &ground));
    let agency = Link::new(ground.place.to_code("/don-vi", &officer.class), name);
    above.push(agency.clone());
    let who = snapshot.codes.names().find(code).map(Who::Officer);
    let count = ground.set.management.iter().find(|count| count.file.id == "in_progress");
    let (mut lines, mut more) = (Vec::new(), Vec::new());
    if let (Some(who), Some(count)) = (who, count) {
        let count = Count::Management(Box::new(count.clone()));
        let question =
            Question { period: ground.period, who, count, by_due: true, from: 0, limit: LINES_MAX };
        let part = server.live.part_of_list(question).await?;
        if part.codes.len() > QUEUE_MAX {
            let text = words.fill("all_of_them", &[("count", &words.number(part.codes.len() as u64))]);
            more.push(Link::new(list_of_count(&ground.place, "officer", code, "in_progress"), text));
        }
        let shown = &part.lines[..part.lines.len().min(QUEUE_MAX)];
        lines = dossiers(shown, &ground);
    }
    let counts = ["received", "in_progress", "overdue", "due_soon", "apology_owed", "apology_overdue"];
    Ok(OfficerPage {
        shell: Shell::new(server, &ground, officer.name.clone(), above),
        name: officer.name.clone(),
        agency,
        total: officer.total.map_or_else(|| "–".to_owned(), |total| words.points(total)),
        out_of: words.fill("out_of", &[("max", &officer.measured_max.to_string())]),
        workload: counts.map(|id| counted(&ground, "officer", officer, id)).to_vec(),
        lines,
        more,
    })
}
