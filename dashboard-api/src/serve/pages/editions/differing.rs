//! What would differ from an edition today, or what a revision changed: figures, and the dossiers and events that did it.
//!
//! From here a revision is asked for. Not here: how it is found (`editions::later`).

use askama::Template;
use axum::extract::State;
use compute::instant::Instant;
use editions::difference::Cause;

use super::super::super::Server;
use super::super::super::editions::{self as served, Later, asks_who, leads, sees_whole};
use super::super::super::problem::Problem;
use super::super::links::{Link, Place};
use super::super::shell::{Shell, languages};
use super::super::words::Words;
use super::super::{Asked, Made, html, restored};
use super::parts::{self, ChangeRow};
use super::{Id, id_of};

/// Figures and causes shown; the API has all.
const SHOWN_MAX: usize = 200;

#[derive(Template)]
#[template(path = "differing.html")]
struct DifferingPage {
    shell: Shell,
    period: String,
    may_revise: bool,
    asks_who: bool,
    parts: Vec<Part>,
    kept: Vec<(&'static str, String)>,
}

struct Part {
    id: &'static str,
    title: String,
    verdict: String,
    count: usize,
    note: String,
    changes: Vec<ChangeRow>,
    causes: Vec<CauseRow>,
}

struct CauseRow {
    subject: Link,
    unit: String,
    change: String,
    events: String,
}

/// `GET /an-ban/{edition}/khac-biet`.
pub(in crate::serve::pages) async fn page(State(server): State<Server>, id: Id, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let id = id_of(id, asked.words())?;
    let made = async {
        restored(&server)?;
        if !sees_whole(&asked.scope) {
            return Err(Problem::Forbidden(
                "the whole of an edition is for the province's leader and auditors".to_owned(),
            ));
        }
        let editions = served::of(&server)?;
        let view = editions.view(&id).await?;
        let words = asked.words();
        let place = Place::new(&format!("/an-ban/{id}/khac-biet"), None, None, words);
        let name = parts::name(&view.entry, words);
        let mut shell = Shell::bare(words, words.t("edition_differences"));
        shell.crumbs = vec![
            Link::new(place.to("/an-ban", &[]), words.t("editions")),
            Link::new(place.to_code("/an-ban", &id), name),
        ];
        shell.languages = languages(&place, words);
        let mut told = Vec::new();
        if let Some(revised) = editions.revised(&server, &view).await? {
            told.push(part(("revised", "edition_revised"), &revised, &place, words));
        }
        let later = editions.later(&server, &view).await?;
        told.push(part(("today", "edition_today"), &later, &place, words));
        Ok(DifferingPage {
            period: view.entry.period.to_string(),
            may_revise: leads(&asked.scope)
                && parts::is_published(&view.entry)
                && !later.difference.figures.is_empty(),
            asks_who: asks_who(&asked.scope),
            parts: told,
            kept: place.kept(),
            shell,
        })
    };
    made.await.map(|page| html(&page)).map_err(trouble)
}

fn part((id, title): (&'static str, &str), later: &Later, place: &Place, words: Words) -> Part {
    let count = later.difference.figures.len();
    let as_of = Instant::parse(&later.as_of).map_or_else(String::new, |at| words.moment(at));
    let with = [("count", words.number(count as u64)), ("as_of", as_of)];
    let with: Vec<(&str, &str)> = with.iter().map(|(name, text)| (*name, text.as_str())).collect();
    Part {
        id,
        title: words.t(title).to_owned(),
        verdict: words.fill(if count == 0 { "edition_same" } else { "edition_differs" }, &with),
        count,
        note: later.events_note.clone(),
        changes: later
            .difference
            .figures
            .iter()
            .take(SHOWN_MAX)
            .map(|change| parts::change(change, words))
            .collect(),
        causes: later
            .difference
            .causes
            .iter()
            .take(SHOWN_MAX)
            .map(|one| cause(one, later, place, words))
            .collect(),
    }
}

fn cause(cause: &Cause, later: &Later, place: &Place, words: Words) -> CauseRow {
    let events = later.events.get(&cause.code).into_iter().flatten();
    let told: Vec<String> = events
        .map(|(kind, at)| {
            let at = Instant::parse(at).map_or_else(|| at.clone(), |at| words.moment(at));
            format!("{} {at}", words.t(kind))
        })
        .collect();
    CauseRow {
        subject: Link::new(place.to_code("/ho-so", &cause.code), cause.code.clone()),
        unit: cause.units.first().cloned().unwrap_or_default(),
        change: words.t(&format!("row_change.{}", cause.change.name())).to_owned(),
        events: told.join("; "),
    }
}
