//! Duties: the letters of apology somebody has to do with, by the time left, with drafts, and a form that marks one as
//! sent.
//!
//! Not here: whose they are and how one is marked (`serve::duties`), what a letter says (`export::letters`).

use askama::Template;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Redirect};
use compute::engine::{Line, Snapshot};
use compute::figures::Level;
use compute::instant::Instant;
use serde::Deserialize;

use super::super::Server;
use super::super::access::scope::Scope;
use super::super::alerting::asking;
use super::super::duties::{self, STATES, Sending, Shown, Wanted, may_send, of_the_year};
use super::super::lists::LINES_MAX;
use super::super::problem::Problem;
use super::export::letters::REASONS;
use super::forms;
use super::links::{Link, Place, encoded};
use super::parts::Counted;
use super::shell::{Choice, Ground, Shell};
use super::words::Words;
use super::{Asked, Made, Trouble, code_of, html, restored};

/// Duties of one page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "duties.html")]
struct DutiesPage {
    shell: Shell,
    whose: String,
    counts: Vec<Counted>,
    state_text: String,
    count: usize,
    count_text: String,
    note: String,
    may_send: bool,
    tomorrow: String,
    reasons: Vec<Choice>,
    rows: Vec<Row>,
    pages: Vec<Link>,
    kept: Vec<(&'static str, String)>,
}

/// A duty in words.
struct Row {
    code: String,
    href: String,
    /// The folder of its papers.
    papers: String,
    act: String,
    procedure: String,
    agency: String,
    officer: String,
    missed: String,
    limit: String,
    left: String,
    state: &'static str,
    state_text: String,
    sent: String,
    ended: String,
    note: String,
    is_open: bool,
}

/// `GET /viec-phai-lam`.
pub(super) async fn page(State(server): State<Server>, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let page = make(&server, &asked).await.map_err(trouble)?;
    Ok(html(&page))
}

/// The address of the page with its choices.
fn place_of(asked: &Asked) -> Place {
    let place = asked.place("/viec-phai-lam");
    let place = place.with("unit", asked.unit.as_deref()).with("officer", asked.officer.as_deref());
    place.with("what", asked.what.as_deref())
}

async fn make(server: &Server, asked: &Asked) -> Result<DutiesPage, Problem> {
    restored(server)?;
    let (snapshot, words) = (server.live.snapshot(), asked.words());
    let asked_view = asked.view()?;
    let view = of_the_year(asked_view.clone(), &snapshot);
    let ground = Ground::new(&snapshot, &view, place_of(asked), words)?;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let from = asked.from.as_deref().map_or(Ok(0), str::parse::<usize>);
    let from = from.map_err(|_| Problem::malformed("from", "write a whole number"))?;
    let wanted = Wanted {
        view: asked_view,
        unit: given(&asked.unit),
        officer: given(&asked.officer),
        state: given(&asked.what),
        from,
        limit: PAGE,
    };
    let shown = duties::shown(server, &asked.scope, &snapshot, wanted).await?;
    let whose: Vec<String> = shown.whose.iter().map(|(code, level)| name(&ground, code, *level)).collect();
    let now = server.live.now();
    let rows = shown.lines.iter().map(|line| row(server, &ground, line, snapshot.as_of)).collect();
    Ok(DutiesPage {
        shell: Shell::new(server, &ground, words.t("duties").to_owned(), Vec::new()).still(),
        whose: whose.join(", "),
        counts: counts(&ground, asked, &shown),
        state_text: words.t(&format!("duty.{}", shown.state)).to_owned(),
        count: shown.count,
        count_text: words.fill("entries", &[("count", &words.number(shown.count as u64))]),
        note: if shown.is_by_limit {
            String::new()
        } else {
            words.fill("sort_too_many", &[("max", &words.number(LINES_MAX as u64))])
        },
        may_send: may_send(&asked.scope) && server.reading.is_none(),
        tomorrow: now.day().plus(1).map_or_else(String::new, |day| day.start().to_local()[..10].to_owned()),
        reasons: reasons(words),
        rows,
        pages: pages(&ground.place, words, (from, shown.count)),
        kept: kept(asked),
    })
}

fn reasons(words: Words) -> Vec<Choice> {
    let choice = |reason: &str| Choice {
        value: reason.to_owned(),
        text: words.t(&format!("letter.reason.{reason}")).to_owned(),
        is_chosen: false,
    };
    REASONS.iter().map(|reason| choice(reason)).collect()
}

/// What the form carries so that the page afterwards is the same.
fn kept(asked: &Asked) -> Vec<(&'static str, String)> {
    let own = [
        ("period", &asked.period),
        ("set", &asked.set),
        ("unit", &asked.unit),
        ("officer", &asked.officer),
        ("what", &asked.what),
        ("lang", &asked.lang),
    ];
    own.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
}

fn name(ground: &Ground<'_>, code: &str, level: Level) -> String {
    let known = ground.snapshot.codes.names().find(code);
    match level {
        Level::Agency => ground.agency(known),
        Level::Officer => ground.officer(known),
    }
}

/// Every state with how many there are, and the way to them.
fn counts(ground: &Ground<'_>, asked: &Asked, shown: &Shown) -> Vec<Counted> {
    let counted = |((state, _), count): (&(&str, &str), usize)| {
        let place = asked.place("/viec-phai-lam");
        let place = place.with("unit", asked.unit.as_deref()).with("officer", asked.officer.as_deref());
        Counted {
            label: ground.words.t(&format!("duty.{state}")).to_owned(),
            value: ground.words.number(count as u64),
            href: place.with("what", Some(state)).in_words(ground.words),
            is_alarming: *state == "overdue" && count > 0,
        }
    };
    STATES.iter().zip(shown.counts).map(counted).collect()
}

fn row(server: &Server, ground: &Ground<'_>, line: &Line, now: Instant) -> Row {
    let (words, calendar) = (ground.words, server.live.calendar());
    let code_text = |snapshot: &Snapshot, code: Option<compute::codes::Code>| {
        code.map_or_else(|| "–".to_owned(), |code| snapshot.codes.names().text(code).to_owned())
    };
    let (apology, code) = (line.apology, encoded(&line.code));
    let limit = apology.and_then(|apology| apology.limit);
    let seconds = |from, to| {
        let seconds = calendar.session_seconds_between(from, to)?;
        i64::try_from(seconds).ok()
    };
    let left =
        limit.and_then(
            |limit| {
                if limit < now { seconds(limit, now).map(|over| -over) } else { seconds(now, limit) }
            },
        );
    let is_open = apology.is_some_and(|apology| apology.duty.is_open());
    let state = apology.map_or("none", |apology| apology.duty.name());
    Row {
        code: line.code.clone(),
        href: ground.place.to_code("/ho-so", &line.code),
        papers: format!("/ho-so/{code}"),
        act: format!("/viec-phai-lam/{code}/da-gui"),
        procedure: code_text(ground.snapshot, line.procedure),
        agency: ground.agency(line.agency),
        officer: ground.officer(line.officer),
        missed: words.moment_or(apology.map(|apology| apology.missed)),
        limit: words.moment_or(limit),
        left: left.filter(|_| is_open).map_or_else(String::new, |seconds| words.working_time(seconds)),
        state,
        state_text: words.t(&format!("duty.{state}")).to_owned(),
        sent: apology.and_then(|apology| apology.sent_at).map_or_else(String::new, |at| words.moment(at)),
        ended: line
            .ended_at
            .map_or_else(String::new, |at| words.fill("state.ended_late", &[("at", &words.moment(at))])),
        note: if line.due_changes > 0 { words.t("duty_again").to_owned() } else { String::new() },
        is_open,
    }
}

fn pages(place: &Place, words: Words, (from, count): (usize, usize)) -> Vec<Link> {
    let to = |from: usize, key: &str| {
        let from = (from > 0).then(|| from.to_string());
        Link::new(place.clone().with("from", from.as_deref()).in_words(words), words.t(key))
    };
    let previous = (from > 0).then(|| to(from.saturating_sub(PAGE), "previous"));
    let next = (from.saturating_add(PAGE) < count).then(|| to(from + PAGE, "next"));
    previous.into_iter().chain(next).collect()
}

/// What the form of the page sends.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
struct Form {
    letter: String,
    new_due_at: String,
    period: Option<String>,
    set: Option<String>,
    unit: Option<String>,
    officer: Option<String>,
    what: Option<String>,
    lang: Option<String>,
}

impl Form {
    fn asked(&self) -> Asked {
        Asked {
            period: self.period.clone(),
            set: self.set.clone(),
            unit: self.unit.clone(),
            officer: self.officer.clone(),
            what: self.what.clone(),
            lang: self.lang.clone(),
            ..Asked::default()
        }
    }
}

/// `POST /viec-phai-lam/{dossier}/da-gui`: a letter was sent.
pub(super) async fn send(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    code: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Made {
    let form = forms::read::<Form>(&body).map_err(|problem| Trouble { problem, words: Words::default() })?;
    let asked = form.asked();
    let trouble = asked.trouble();
    let code = code_of(code).map_err(&trouble)?;
    let sending = Sending { letter: form.letter.clone(), new_due_at: form.new_due_at.clone() };
    duties::send(&server, &asking(scope), &code, &sending).await.map_err(trouble)?;
    Ok(Redirect::to(&place_of(&asked).in_words(asked.words())).into_response())
}
