//! Published editions, for everybody and for good: `/ky/2026-10`, its revisions `/ky/2026-10/ban-2`, and tables of both.
//!
//! Cells of few people are hidden as on the public page; officers are named only where the approval says so. What is not
//! published looks as if it were not there. Not here: who published it.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use compute::instant::Instant;
use compute::period::Period;

use super::super::super::Server;
use super::super::super::board;
use super::super::super::editions::{self as served, Entry, View};
use super::super::super::problem::Problem;
use super::super::export::published::{self as taking, Class, DelayedRow, OfficerRow, What};
use super::super::export::sealing;
use super::super::links::{Link, Place};
use super::super::shell::{Ground, Shell, languages};
use super::super::withheld::FEW;
use super::super::{Asked, Made, html, restored};
use super::parts;

#[derive(Template)]
#[template(path = "published_all.html")]
struct PublishedAll {
    shell: Shell,
    rows: Vec<(Link, String)>,
}

#[derive(Template)]
#[template(path = "published.html")]
struct PublishedPage {
    shell: Shell,
    group_titles: Vec<String>,
    exports: Vec<Link>,
    delayed_exports: Vec<Link>,
    officers_exports: Vec<Link>,
    seal: Link,
    sets: Vec<Link>,
    newer: Vec<Link>,
    facts: Vec<(String, String)>,
    tables: Vec<Class>,
    delayed: Vec<DelayedRow>,
    names_officers: bool,
    officers: Vec<OfficerRow>,
    few_people: String,
}

/// `GET /ky`.
pub(in crate::serve::pages) async fn all(State(server): State<Server>, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let made = async {
        let words = asked.words();
        let place = Place::new("/ky", None, None, words);
        let mut shell = Shell::bare(words, words.t("published_editions"));
        shell.languages = languages(&place, words);
        let known = served::of(&server)?.all().await;
        let published = known.into_iter().filter_map(|(_, known)| known.ok()).filter(parts::is_published);
        let rows = published.map(|entry| {
            let at = entry.case.published.as_ref().and_then(|(_, at)| Instant::parse(at));
            let link = Link::new(place.to(&parts::public_path(&entry), &[]), parts::name(&entry, words));
            (link, words.moment_or(at))
        });
        Ok(PublishedAll { rows: rows.collect(), shell })
    };
    made.await.map(|page| html(&page)).map_err(trouble)
}

/// `GET /ky/{period}`.
pub(in crate::serve::pages) async fn first(
    State(server): State<Server>,
    period: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Made {
    let trouble = asked.trouble();
    let made = async {
        let Path(period) = period.map_err(|_| unknown())?;
        answer(&server, &asked, (&period, "ban-1")).await
    };
    made.await.map_err(trouble)
}

/// `GET /ky/{period}/{edition}`: `ban-2`, `ban-1.pdf`.
pub(in crate::serve::pages) async fn numbered(
    State(server): State<Server>,
    asked_for: Result<Path<(String, String)>, PathRejection>,
    asked: Asked,
) -> Made {
    let trouble = asked.trouble();
    let made = async {
        let Path((period, edition)) = asked_for.map_err(|_| unknown())?;
        answer(&server, &asked, (&period, &edition)).await
    };
    made.await.map_err(trouble)
}

fn unknown() -> Problem {
    Problem::unknown("edition", "/ky lists what is published")
}

async fn answer(
    server: &Server,
    asked: &Asked,
    (period, edition): (&str, &str),
) -> Result<Response, Problem> {
    restored(server)?;
    let (name, ending) =
        edition.split_once('.').map_or((edition, None), |(name, ending)| (name, Some(ending)));
    let name = name.strip_prefix("ban-").ok_or_else(unknown)?;
    let (number, what) = name.split_once('-').map_or((name, ""), |(number, what)| (number, what));
    let number = number.parse::<u32>().map_err(|_| unknown())?;
    let what = What::find(what).ok_or_else(unknown)?;
    let period = Period::parse(period).ok_or_else(unknown)?;
    let editions = served::of(server)?;
    let id = ::editions::content::id(period, number);
    // What is not published yet is nobody's to know of.
    let entry = editions.entry(&id).await.map_err(|problem| match problem {
        Problem::Unknown { .. } => unknown(),
        other => other,
    })?;
    if !parts::is_published(&entry) {
        return Err(unknown());
    }
    let view = editions.view(&id).await?;
    let shown = board::View { period: Some(period), set: asked.set.clone().filter(|set| !set.is_empty()) };
    let place = Place::new(&parts::public_path(&entry), None, shown.set.clone(), asked.words());
    let ground = Ground::new(&view.snapshot, &shown, place, asked.words())?;
    match ending {
        Some("seal") if what == What::Ranking => return sealing::send(editions, &view).await,
        Some(ending) => {
            let asked = (what, ending, asked.form.as_deref());
            return taking::send_as(asked, (&view, editions.repeated_from()), &ground).await;
        }
        None if what != What::Ranking => return Err(unknown()),
        None => {}
    }
    let newer = newer(server, &entry, &ground).await?;
    Ok(html(&page(&view, &ground, editions.public_key(), (newer, editions.repeated_from()))))
}

/// The published revisions of an edition.
async fn newer(server: &Server, entry: &Entry, ground: &Ground<'_>) -> Result<Vec<Link>, Problem> {
    let known = served::of(server)?.all().await;
    let newer = known.into_iter().filter_map(|(_, known)| known.ok()).filter(|other| {
        other.period == entry.period && other.number > entry.number && parts::is_published(other)
    });
    let link = |other: Entry| {
        Link::new(ground.place.to(&parts::public_path(&other), &[]), parts::name(&other, ground.words))
    };
    Ok(newer.map(link).collect())
}

fn page(view: &View, ground: &Ground<'_>, key: &str, (newer, repeated): (Vec<Link>, u64)) -> PublishedPage {
    let words = ground.words;
    let name = parts::name(&view.entry, words);
    let title = words.fill("published_of", &[("edition", &name)]);
    let mut shell = Shell::bare(words, &title);
    shell.crumbs = vec![Link::new(ground.place.to("/ky", &[]), words.t("published_editions"))];
    shell.languages = languages(&ground.place, words);
    shell.as_of = words.fill("as_of", &[("as_of", &words.moment(view.content.frozen.as_of))]);
    let is_provisional = view.content.frozen.as_of < view.content.frozen.period.end();
    words.t(if is_provisional { "provisional" } else { "closed" }).clone_into(&mut shell.stamp);
    shell.is_provisional = is_provisional;
    let titles = ground.set.groups().iter().map(|group| words.one_of(&group.vi, &group.en).to_owned());
    let sets = view.catalogue.sets.iter().map(|set| {
        let href = ground.place.clone().of_set(&set.file.id).in_words(words);
        let is_chosen = set.file.id == ground.set.file.id;
        Link { is_chosen, ..Link::new(href, ground.set_title(set)) }
    });
    let names_officers = view.content.head.names_officers == Some(true);
    PublishedPage {
        group_titles: titles.collect(),
        exports: taking::links(What::Ranking, view, ground),
        delayed_exports: taking::links(What::Delayed, view, ground),
        officers_exports: taking::links(What::Officers, view, ground),
        seal: Link::new(sealing::path(view), words.t("published_seal")),
        sets: sets.collect(),
        newer,
        facts: facts(view, ground, key),
        tables: taking::classes(ground),
        delayed: taking::delayed(view, ground),
        officers: if names_officers { taking::officers(view, repeated) } else { Vec::new() },
        names_officers,
        few_people: words.fill("withheld_why", &[("few", &FEW.to_string())]),
        shell,
    }
}

fn facts(view: &View, ground: &Ground<'_>, key: &str) -> Vec<(String, String)> {
    let words = ground.words;
    let fact = |key: &str, value: String| (words.t(key).to_owned(), value);
    let published = view.entry.case.published.as_ref().and_then(|(_, at)| Instant::parse(at));
    let mut facts = vec![
        fact("edition_published_at", words.moment_or(published)),
        fact("edition_as_of", words.moment(view.content.frozen.as_of)),
        fact("set", format!("{} v{}", ground.set.file.id, ground.set.file.version)),
    ];
    if let Some(reason) = &view.content.head.reason {
        facts.push(fact("edition_reason", reason.clone()));
    }
    facts.push(fact("edition_root", view.root.clone()));
    facts.push(fact("edition_key", key.to_owned()));
    facts
}
