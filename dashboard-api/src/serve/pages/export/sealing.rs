//! The seal of an edition's public files: `/ky/2026-10/ban-1.seal`, by which anybody checks a file they were given.
//!
//! Every table of the edition is written in every form, set and language, once, and its hash goes under the seal. The page
//! is not among them: it links to later revisions, and shows what the files say. Not here: what the lines are
//! (`editions::public`), the check (`nhip verify-edition`).

use axum::http::header;
use axum::response::{IntoResponse, Response};
use compute::instant::Instant;
use editions::public::{Of, PublicFile, PublicFiles};

use super::super::links::Place;
use super::super::shell::Ground;
use super::super::words::Words;
use super::published::{FORMS, What, is_public, send_as};
use crate::serve::board;
use crate::serve::editions::{Editions, View};
use crate::serve::problem::Problem;

/// Bytes of one public file.
const FILE_BYTES_MAX: usize = 64 << 20;
/// Languages files are written in.
const LANGUAGES: [&str; 2] = ["vi", "en"];

/// Where the seal is given out.
pub(in crate::serve::pages) fn path(view: &View) -> String {
    format!("{}.seal", What::Ranking.path(view))
}

/// The seal, as a file.
pub(in crate::serve::pages) async fn send(editions: &Editions, view: &View) -> Result<Response, Problem> {
    let sealed = view.public_seal.get_or_try_init(|| async {
        let files = files(view, editions.repeated_from()).await?;
        Ok::<_, Problem>(editions.seal(&PublicFiles { of: of(view), files }.lines()))
    });
    let sealed = sealed.await?.clone();
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"nhip-ky-{}.seal\"", view.id)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, sealed).into_response())
}

fn of(view: &View) -> Of {
    let published = view.entry.case.published.as_ref().and_then(|(_, at)| Instant::parse(at));
    Of {
        edition: view.id.clone(),
        period: view.entry.period.to_string(),
        as_of: view.content.frozen.as_of.to_local(),
        published_at: published.map_or_else(String::new, Instant::to_local),
        root: view.root.clone(),
        names_officers: view.content.head.names_officers == Some(true),
    }
}

/// Every public file, in the order of sets, tables, languages and forms.
async fn files(view: &View, repeated_from: u64) -> Result<Vec<PublicFile>, Problem> {
    let mut files = Vec::new();
    let tables = What::ALL.into_iter().filter(|what| is_public(*what, view));
    let tables: Vec<What> = tables.collect();
    for set in &view.catalogue.sets {
        for what in &tables {
            for language in LANGUAGES {
                let words = Words::of(Some(language));
                let shown = board::View { period: Some(view.entry.period), set: Some(set.file.id.clone()) };
                let place = Place::new(&what.path(view), None, shown.set.clone(), words);
                let ground = Ground::new(&view.snapshot, &shown, place, words)?;
                for (ending, form) in forms() {
                    let asked = (*what, ending, form);
                    let sent = send_as(asked, (view, repeated_from), &ground).await?;
                    let bytes = axum::body::to_bytes(sent.into_body(), FILE_BYTES_MAX).await;
                    let bytes = bytes.map_err(|error| Problem::NotWritten(error.to_string()))?;
                    let more: Vec<(&str, &str)> = form.map(|form| ("form", form)).into_iter().collect();
                    let address = ground.place.to(&format!("{}.{ending}", what.path(view)), &more);
                    files.push(PublicFile::new(address, &bytes));
                }
            }
        }
    }
    Ok(files)
}

/// The forms of a table, with the second one CSV has.
fn forms() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    FORMS.into_iter().map(|(ending, _)| (ending, None)).chain([("csv", Some("excel-vi"))])
}
