//! The list behind a number: as long as the number, sorted, paged, and to be taken along.

use askama::Template;
use axum::extract::State;
use compute::engine::{Part, Who};
use compute::figures::Level;

use super::super::Server;
use super::super::access;
use super::super::board::View;
use super::super::lists::{Count, LINES_MAX, Question};
use super::super::problem::Problem;
use super::agency::{crumbs, name_of, unit_of};
use super::links::{Link, Place};
use super::parts::{DossierLine, dossiers};
use super::shell::{Ground, Shell};
use super::{Asked, Made, export, html};

/// Entries of one page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    shell: Shell,
    heading: String,
    meaning: String,
    count: usize,
    count_text: String,
    range: String,
    note: String,
    actions: Vec<Link>,
    lines: Vec<DossierLine>,
    codes: Vec<String>,
    pages: Vec<Link>,
}

/// What an address names: whose list, and of what.
pub(super) struct Named {
    pub(super) count: Count,
    pub(super) who: Who,
    /// The unit's or officer's code.
    pub(super) code: String,
    pub(super) is_officer: bool,
}

/// `GET /danh-sach`.
pub(super) async fn list(State(server): State<Server>, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let page = make(&server, &asked).await.map_err(trouble)?;
    Ok(html(&page))
}

/// Reads what list is meant.
pub(super) fn named(ground: &Ground<'_>, asked: &Asked) -> Result<Named, Problem> {
    let (code, is_officer) = match (&asked.unit, &asked.officer) {
        (Some(unit), None) => (unit.clone(), false),
        (None, Some(officer)) => (officer.clone(), true),
        _ => return Err(Problem::malformed("query", "name a unit or an officer, and only one")),
    };
    let known = ground.snapshot.codes.names().find(&code);
    let known = known.ok_or_else(|| Problem::unknown("unit", format!("no event names {code}")))?;
    let who = if is_officer { Who::Officer(known) } else { Who::Agency(known) };
    let count = match (&asked.indicator, &asked.count) {
        (Some(indicator), None) => {
            let place = ground.set.position(indicator);
            let place = place
                .ok_or_else(|| Problem::unknown("indicator", format!("{indicator} is not in the set")))?;
            let part = match asked.part.as_deref() {
                Some("num") => Part::Numerator,
                Some("den") => Part::Denominator,
                Some("missing") => Part::Missing,
                _ => return Err(Problem::malformed("part", "part is num, den or missing")),
            };
            Count::Indicator(Box::new(ground.set.indicators[place].clone()), part)
        }
        (None, Some(id)) => {
            let count = ground.set.management.iter().find(|count| count.file.id == *id);
            let count = count.ok_or_else(|| {
                let ids: Vec<&str> =
                    ground.set.management.iter().map(|count| count.file.id.as_str()).collect();
                Problem::unknown("count", format!("there are {}", ids.join(", ")))
            })?;
            Count::Management(Box::new(count.clone()))
        }
        _ => return Err(Problem::malformed("query", "name an indicator with its part, or a count")),
    };
    Ok(Named { count, who, code, is_officer })
}

/// The address of a list, without page and order.
pub(super) fn place_of(asked: &Asked) -> Place {
    let place = asked.place("/danh-sach");
    let place = place.with("unit", asked.unit.as_deref()).with("officer", asked.officer.as_deref());
    let place = place.with("indicator", asked.indicator.as_deref()).with("part", asked.part.as_deref());
    place.with("count", asked.count.as_deref())
}

/// What the list is of, in words: a heading, and what it means.
pub(super) fn told(ground: &Ground<'_>, count: &Count) -> (String, String) {
    let words = ground.words;
    match count {
        Count::Management(count) => (words.one_of(&count.file.vi, &count.file.en).to_owned(), String::new()),
        Count::Indicator(indicator, part) => {
            let file = &indicator.file;
            let wording = if words.is_english() { &file.words.en } else { &file.words.vi };
            let (key, meaning) = match part {
                Part::Numerator => ("part_num", wording.numerator.clone()),
                Part::Denominator => ("part_den", wording.denominator.clone()),
                Part::Missing => ("part_missing", format!("{} ≠ {}", wording.denominator, wording.numerator)),
            };
            (format!("{} – {}", words.fill(key, &[("code", &file.code)]), wording.title), meaning)
        }
    }
}

/// The name of whose list it is.
pub(super) fn whose(server: &Server, ground: &Ground<'_>, named: &Named) -> Result<String, Problem> {
    let view = View { period: Some(ground.period), set: Some(ground.set.file.id.clone()) };
    let level = if named.is_officer { Level::Officer } else { Level::Agency };
    let figures = server.board.figures(ground.snapshot, &view, level)?;
    Ok(name_of(unit_of(&figures, &named.code)?, ground))
}

async fn make(server: &Server, asked: &Asked) -> Result<ListPage, Problem> {
    let (snapshot, view, words) = asked.opening(server)?;
    let ground = Ground::new(&snapshot, &view, place_of(asked), words)?;
    let named = named(&ground, asked)?;
    let level = if named.is_officer { Level::Officer } else { Level::Agency };
    access::only_whose_list(&asked.scope, &named.code, level, &snapshot)?;
    let from = asked.from.as_deref().map_or(Ok(0), str::parse::<usize>);
    let from = from.map_err(|_| Problem::malformed("from", "write a whole number"))?;
    let by_due = asked.sort.as_deref() != Some("code");
    let (who, count) = (named.who, named.count.clone());
    let question = Question { period: ground.period, who, count, by_due, from, limit: PAGE };
    let part = server.live.part_of_list(question).await?;
    let figures = server.board.figures(&snapshot, &view, level)?;
    let unit = unit_of(&figures, &named.code)?;
    let whose = name_of(unit, &ground);
    let (what, meaning) = told(&ground, &named.count);
    let count = part.codes.len();
    let end = count.min(from.saturating_add(PAGE));
    let is_dossiers = !part.lines.is_empty();
    let mut above = if named.is_officer { Vec::new() } else { crumbs(&figures, unit, &ground) };
    let folder = if named.is_officer { "/can-bo" } else { "/don-vi" };
    above.push(Link::new(ground.place.to_code(folder, &named.code), whose.clone()));
    let number = |number: usize| words.number(number as u64);
    let range = [("from", number(from + 1)), ("to", number(end))];
    let range: Vec<(&str, &str)> = range.iter().map(|(name, text)| (*name, text.as_str())).collect();
    Ok(ListPage {
        shell: Shell::new(server, &ground, what.clone(), above).still(),
        heading: words.fill("list_of", &[("what", &what), ("who", &whose)]),
        meaning,
        count,
        count_text: words.fill("entries", &[("count", &number(count))]),
        range: if count > PAGE { words.fill("shown_range", &range) } else { String::new() },
        note: if by_due && is_dossiers && !part.is_by_due {
            words.fill("sort_too_many", &[("max", &number(LINES_MAX))])
        } else {
            String::new()
        },
        actions: actions(&ground.place, words, is_dossiers.then_some(part.is_by_due)),
        lines: dossiers(&part.lines, &ground),
        codes: if is_dossiers { Vec::new() } else { part.codes[from.min(count)..end].to_vec() },
        pages: pages(&ground.place, words, (from, count), asked.sort.as_deref()),
    })
}

/// Another order, for dossiers, and the list in every form.
fn actions(place: &Place, words: super::words::Words, is_by_due: Option<bool>) -> Vec<Link> {
    let sorted = is_by_due.map(|is_by_due| {
        let (sort, key) = if is_by_due { ("code", "sort_code") } else { ("due", "sort_due") };
        Link::new(place.clone().with("sort", Some(sort)).in_words(words), words.t(key))
    });
    sorted.into_iter().chain(export::links(place, "/danh-sach")).collect()
}

fn pages(
    place: &Place,
    words: super::words::Words,
    (from, count): (usize, usize),
    sort: Option<&str>,
) -> Vec<Link> {
    let page = |first: usize, key: &str| {
        let first = (first > 0).then(|| first.to_string());
        let there = place.clone().with("sort", sort).with("from", first.as_deref());
        Link::new(there.in_words(words), words.t(key))
    };
    let previous = (from > 0).then(|| page(from.saturating_sub(PAGE), "previous"));
    let next = (from.saturating_add(PAGE) < count).then(|| page(from + PAGE, "next"));
    previous.into_iter().chain(next).collect()
}
