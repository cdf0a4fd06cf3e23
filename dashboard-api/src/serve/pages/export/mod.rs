//! Figures and lists to take along: CSV, XLSX, PDF, Arrow and Parquet, from the same table, scope and filters as the pages.
//!
//! `table` is the table, `listed`, `figures` and `published` make it, `csv`, `xlsx` (with `zip`), `arrow`, `parquet` and
//! `paper` write it, `sending` hands it on as it is written, `sealing` says which files of an edition were published.
//! `letters` are drafts of what is owed for a late dossier. Addresses are those of the pages with the form's ending. Not here: what a
//! figure or a list is (`compute`), which one an address names (`list`, `agency`).

mod arrow;
mod csv;
mod figures;
#[cfg(test)]
mod formats;
pub(super) mod letters;
mod listed;
mod paper;
mod parquet;
pub(super) mod published;
pub(super) mod sealing;
mod sending;
mod table;
mod xlsx;
mod zip;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use compute::figures::Level;

use super::agency::unit_of;
use super::links::{Link, Place};
use super::list::{named, place_of};
use super::shell::Ground;
use super::{Asked, Made, code_of, restored};
use crate::serve::Server;
use crate::serve::access;
use crate::serve::access::scope::What;
use crate::serve::problem::Problem;
use sending::{Form, Rows, send};
use table::{Cell, Entry};

/// Every address that gives a table.
pub(super) fn router() -> Router<Server> {
    Router::new()
        .route("/danh-sach.csv", get(list))
        .route("/danh-sach.xlsx", get(list))
        .route("/danh-sach.pdf", get(list))
        .route("/danh-sach.arrow", get(list))
        .route("/danh-sach.parquet", get(list))
        .route("/xep-hang.csv", get(ranking))
        .route("/xep-hang.xlsx", get(ranking))
        .route("/xep-hang.pdf", get(ranking))
        .route("/xep-hang.arrow", get(ranking))
        .route("/xep-hang.parquet", get(ranking))
        .route("/don-vi/{unit}/chi-tieu.csv", get(indicators))
        .route("/don-vi/{unit}/chi-tieu.xlsx", get(indicators))
        .route("/don-vi/{unit}/chi-tieu.pdf", get(indicators))
        .route("/don-vi/{unit}/chi-tieu.arrow", get(indicators))
        .route("/don-vi/{unit}/chi-tieu.parquet", get(indicators))
        .route("/ho-so/{dossier}/thu-xin-loi.pdf", get(letters::letter))
        .route("/ho-so/{dossier}/thu-xin-loi.docx", get(letters::letter))
        .route("/ho-so/{dossier}/giai-trinh.pdf", get(letters::letter))
        .route("/ho-so/{dossier}/giai-trinh.docx", get(letters::letter))
}

/// Links to a table in every form, for the page it is of; `path` has no ending.
pub(super) fn links(place: &Place, path: &str) -> Vec<Link> {
    let words = place.words();
    let to = |ending: &str, form: Option<&str>, key: &str| {
        let there = place.clone().at(&format!("{path}.{ending}")).with("form", form);
        Link::new(there.in_words(words), words.t(key))
    };
    vec![
        to("xlsx", None, "export_xlsx"),
        to("pdf", None, "export_pdf"),
        to("csv", None, "export_csv"),
        to("csv", Some("excel-vi"), "export_excel"),
        to("arrow", None, "export_arrow"),
        to("parquet", None, "export_parquet"),
    ]
}

async fn list(State(server): State<Server>, uri: Uri, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let made = async {
        restored(&server)?;
        let form = Form::of(uri.path(), asked.form.as_deref())?;
        let (snapshot, view) = (server.live.snapshot(), asked.view()?);
        let ground = Ground::new(&snapshot, &view, place_of(&asked), asked.words())?;
        let named = named(&ground, &asked)?;
        let level = if named.is_officer { Level::Officer } else { Level::Agency };
        access::only_whose_list(&asked.scope, &named.code, level, &snapshot)?;
        let (table, lines) = listed::table(&server, &snapshot, &ground, (named, asked.scope.clone())).await?;
        send(form, table, Rows::Listed(Box::new(lines)), asked.words()).await
    };
    made.await.map_err(trouble)
}

async fn ranking(State(server): State<Server>, uri: Uri, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let made = async {
        restored(&server)?;
        let form = Form::of(uri.path(), asked.form.as_deref())?;
        let (snapshot, view) = (server.live.snapshot(), asked.view()?);
        let ground = Ground::new(&snapshot, &view, asked.place("/xep-hang"), asked.words())?;
        let figures = server.board.figures(&snapshot, &view, Level::Agency)?;
        let part = asked.scope.part_of(&figures, &snapshot);
        let figures = part.as_ref().unwrap_or(&figures);
        let (table, rows) = figures::ranking(&ground, figures, about(&server, &ground));
        send(form, table, Rows::Known(rows), asked.words()).await
    };
    made.await.map_err(trouble)
}

async fn indicators(
    State(server): State<Server>,
    code: Result<Path<String>, PathRejection>,
    uri: Uri,
    asked: Asked,
) -> Made {
    let trouble = asked.trouble();
    let made = async {
        restored(&server)?;
        let (code, form) = (code_of(code)?, Form::of(uri.path(), asked.form.as_deref())?);
        unit_indicators(&server, &code, form, &asked).await
    };
    made.await.map_err(trouble)
}

async fn unit_indicators(
    server: &Server,
    code: &str,
    form: Form,
    asked: &Asked,
) -> Result<Response, Problem> {
    let (snapshot, view) = (server.live.snapshot(), asked.view()?);
    let ground = Ground::new(&snapshot, &view, asked.place("/don-vi"), asked.words())?;
    let figures = Arc::clone(&server.board.figures(&snapshot, &view, Level::Agency)?);
    let unit = unit_of(&figures, code)?;
    access::only(&asked.scope, What::Unit(code), &snapshot)?;
    let (table, rows) = figures::indicators(&ground, &figures, unit, about(server, &ground));
    send(form, table, Rows::Known(rows), asked.words()).await
}

/// What every table holds for: period, cut, set and version, and when it was made.
fn about(server: &Server, ground: &Ground<'_>) -> Vec<Entry> {
    let Ground { snapshot, period, set, words, .. } = ground;
    let cut = snapshot.as_of.min(period.end());
    let stamp = words.t(if snapshot.as_of < period.end() { "provisional" } else { "closed" });
    let entry = |id, key, value| Entry { id, label: words.t(key).to_owned(), value };
    let (start, end) = (period.start(), period.end());
    vec![
        entry("period", "period", Cell::text(format!("{period} ({})", words.period(*period)))),
        entry("start", "export.start", Cell::Moment(start)),
        entry("end", "export.end", Cell::Moment(end)),
        entry("as_of", "export.as_of", Cell::Moment(snapshot.as_of)),
        entry("cut", "export.cut", Cell::Moment(cut)),
        entry("state", "state", Cell::text(stamp)),
        entry("set", "set", Cell::text(set.file.id.clone())),
        entry("set_version", "export.set_version", Cell::count(set.file.version.into())),
        entry("set_title", "export.set_title", Cell::text(ground.set_title(set))),
        entry("version", "version", Cell::count(snapshot.version)),
        entry("made_at", "export.made_at", Cell::Moment(server.live.now())),
    ]
}
