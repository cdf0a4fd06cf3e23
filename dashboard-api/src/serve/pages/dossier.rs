//! A dossier's story: its events, its clock, the arithmetic of its due date, and where it counts.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use compute::codes::Code;
use compute::engine::{Story, counts_in};
use compute::explain;
use compute::figures::Level;

use super::super::Server;
use super::super::access;
use super::super::problem::Problem;
use super::agency::{crumbs, name_of, unit_of};
use super::links::Link;
use super::shell::{Ground, Shell};
use super::{Asked, Made, code_of, html, restored};

#[derive(Template)]
#[template(path = "dossier.html")]
struct DossierPage {
    shell: Shell,
    code: String,
    facts: Vec<Fact>,
    periods: Vec<InPeriod>,
    events: Vec<Happened>,
    text: String,
}

/// Something known of it, with a link or without.
struct Fact {
    label: String,
    text: String,
    href: String,
}

struct InPeriod {
    title: String,
    is_late: bool,
    is_chosen: bool,
    marks: Vec<Mark>,
}

struct Mark {
    code: String,
    title: String,
    href: String,
    counts: bool,
    word: String,
}

struct Happened {
    time: String,
    kind: &'static str,
    data: String,
    source: String,
    is_standing: bool,
}

/// `GET /ho-so/{dossier}`.
pub(super) async fn dossier(
    State(server): State<Server>,
    code: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Made {
    let trouble = asked.trouble();
    let code = code_of(code).map_err(&trouble)?;
    let page = make(&server, &code, &asked).await.map_err(trouble)?;
    Ok(html(&page))
}

async fn make(server: &Server, code: &str, asked: &Asked) -> Result<DossierPage, Problem> {
    restored(server)?;
    let (view, words) = (asked.view()?, asked.words());
    let story = server.live.story(code.to_owned()).await?;
    let snapshot = server.live.snapshot();
    let story = access::only_whose_dossier(&asked.scope, story, code, &snapshot)?;
    let path = format!("/ho-so/{}", super::links::encoded(code));
    let ground = Ground::new(&snapshot, &view, asked.place(&path), words)?;
    let figures = server.board.figures(&snapshot, &view, Level::Agency)?;
    let names = snapshot.codes.names();
    let home = story.codes.1.and_then(|agency| unit_of(&figures, names.text(agency)).ok());
    let mut above = home.map_or_else(Vec::new, |home| crumbs(&figures, home, &ground));
    above.extend(
        home.map(|home| Link::new(ground.place.to_code("/don-vi", &home.code), name_of(home, &ground))),
    );
    let text = explain::tell(code, &story, ground.set, &names, &server.live.calendar());
    let events = story.events.iter().map(|event| Happened {
        time: words.moment(event.time),
        kind: event.event_type.name(),
        data: event.data.trim_start_matches('{').trim_end_matches('}').to_owned(),
        source: event.source.clone(),
        is_standing: event.is_standing,
    });
    Ok(DossierPage {
        shell: Shell::new(server, &ground, code.to_owned(), above).still(),
        code: code.to_owned(),
        facts: facts(&ground, &story, home.map(|home| name_of(home, &ground))),
        periods: periods(&ground, &story),
        events: events.collect(),
        text,
    })
}

fn facts(ground: &Ground<'_>, story: &Story, home: Option<String>) -> Vec<Fact> {
    let (words, names) = (ground.words, ground.snapshot.codes.names());
    let text = |code: Option<Code>| code.map_or("–", |code| names.text(code)).to_owned();
    let to = |folder: &str, code: Option<Code>| {
        code.map_or_else(String::new, |code| ground.place.to_code(folder, names.text(code)))
    };
    let (procedure, agency, officer) = story.codes;
    let plain = |key: &str, text: String| Fact { label: words.t(key).to_owned(), text, href: String::new() };
    let chain: Vec<&str> = story.chain.iter().map(|unit| names.text(*unit)).collect();
    let mut facts = vec![
        plain("procedure", text(procedure)),
        Fact { href: to("/don-vi", agency), ..plain("agency", home.unwrap_or_else(|| text(agency))) },
        Fact { href: to("/can-bo", officer), ..plain("officer", ground.officer(officer)) },
        plain("accepted", words.moment_or(story.dates.1)),
        plain("due", words.moment_or(story.due)),
        plain("ended", words.moment_or(story.dates.2)),
        plain("chain", if chain.is_empty() { "–".to_owned() } else { chain.join(" › ") }),
    ];
    if !story.flags.is_empty() {
        let flags: Vec<&str> = story.flags.iter().map(compute::dossier::Flag::name).collect();
        facts.push(plain("flags", flags.join(", ")));
    }
    facts
}

fn periods(ground: &Ground<'_>, story: &Story) -> Vec<InPeriod> {
    let words = ground.words;
    let told = story.periods.iter().map(|(period, is_late, mask)| {
        let marks = counts_in(ground.set, *mask).map(|(indicator, counts)| Mark {
            code: indicator.file.code.clone(),
            title: words.one_of(&indicator.file.words.vi.title, &indicator.file.words.en.title).to_owned(),
            href: ground.place.to_code("/chi-tieu", &indicator.file.code),
            counts,
            word: words.t(if counts { "in_numerator" } else { "in_denominator" }).to_owned(),
        });
        let is_chosen = *period == ground.period;
        InPeriod { title: words.period(*period), is_late: *is_late, is_chosen, marks: marks.collect() }
    });
    told.collect()
}
