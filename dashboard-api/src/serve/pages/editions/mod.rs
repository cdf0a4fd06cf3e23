//! Editions for people: which there are and which are due (`/an-ban`), one of them with everything that can be done
//! about it (`one`), what differs from today (`differing`), and what is published for everybody (`published`).
//!
//! Every act is a plain form. Not here: who may do what (`editions`), what is hidden from the public (`withheld`).

mod differing;
mod one;
mod parts;
mod published;

use askama::Template;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Redirect};
use compute::instant::Instant;
use serde::Deserialize;

use super::super::Server;
use super::super::access::scope::Scope;
use super::super::alerting::asking;
use super::super::editions::{self, Asking, Deciding, Objecting, asks_who, leads};
use super::super::problem::Problem;
use super::forms;
use super::links::{Link, Place};
use super::shell::{Shell, languages};
use super::words::Words;
use super::{Asked, Made, Trouble, code_of, html, restored};

pub(super) use differing::page as differing;
pub(super) use one::{delayed_of, page as one};
pub(super) use parts::name;
pub(super) use published::{all, first, numbered};

#[derive(Template)]
#[template(path = "editions.html")]
struct EditionsPage {
    shell: Shell,
    leads: bool,
    asks_who: bool,
    due: Vec<DueRow>,
    rows: Vec<Row>,
    key: String,
    kept: Vec<(&'static str, String)>,
}

struct DueRow {
    period: String,
    text: String,
    by: String,
    is_overdue: bool,
}

struct Row {
    id: String,
    edition: Link,
    state: &'static str,
    state_text: String,
    closed: String,
    until: String,
    objections: String,
    published: Option<Link>,
    trouble: String,
}

/// `GET /an-ban`.
pub(super) async fn list(State(server): State<Server>, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let made = async {
        restored(&server)?;
        let (words, known) = (asked.words(), editions::of(&server)?);
        let place = Place::new("/an-ban", None, None, words);
        let now = server.live.now();
        let mut shell = Shell::bare(words, words.t("editions"));
        shell.languages = languages(&place, words);
        let due = known.due(&server.live).await.into_iter().map(|due| DueRow {
            period: due.period.to_string(),
            text: words.period(due.period),
            by: words.moment_or(due.by.map(Instant::just_before)),
            is_overdue: due.by.is_some_and(|by| by < now),
        });
        let rows = known.all().await.into_iter().map(|(id, known)| row(id, known, &place, words));
        Ok(EditionsPage {
            leads: leads(&asked.scope),
            asks_who: asks_who(&asked.scope),
            due: due.collect(),
            rows: rows.collect(),
            key: known.public_key().to_owned(),
            kept: place.kept(),
            shell,
        })
    };
    made.await.map(|page| html(&page)).map_err(trouble)
}

fn row(id: String, known: Result<editions::Entry, String>, place: &Place, words: Words) -> Row {
    let none = || "–".to_owned();
    match known {
        Err(trouble) => Row {
            edition: Link::new(place.to_code("/an-ban", &id), id.clone()),
            state: "damaged",
            state_text: words.t("edition_state.damaged").to_owned(),
            closed: none(),
            until: none(),
            objections: none(),
            published: None,
            trouble,
            id,
        },
        Ok(entry) => {
            let case = &entry.case;
            let closed = entry.acts.first().and_then(|done| Instant::parse(&done.at));
            let public = case.published.as_ref().map(|_| {
                Link::new(place.to(&parts::public_path(&entry), &[]), words.t("edition_public").to_owned())
            });
            Row {
                edition: Link::new(place.to_code("/an-ban", &id), parts::name(&entry, words)),
                state: case.stage.name(),
                state_text: parts::stage(&entry, words),
                closed: words.moment_or(closed),
                until: words.moment(case.objections_until),
                objections: words.number(case.objections.len() as u64),
                published: public,
                trouble: String::new(),
                id,
            }
        }
    }
}

/// What a form of these pages sends.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
struct Form {
    by: String,
    period: String,
    reason: String,
    objections_until: String,
    unit: String,
    dossier: String,
    text: String,
    objection: usize,
    accepted: String,
    why: String,
    officers: String,
    lang: Option<String>,
}

impl Form {
    fn read(body: &Bytes) -> Result<Form, Trouble> {
        forms::read(body).map_err(|problem| Trouble { problem, words: Words::default() })
    }

    fn words(&self) -> Words {
        Words::of(self.lang.as_deref())
    }

    fn who(&self, scope: Option<Extension<Scope>>) -> Asking {
        Asking { scope: asking(scope), by: self.by.clone() }
    }

    /// Back to the page of the edition, or to where it came from.
    fn back(&self, id: &str, done: Result<(), Problem>) -> Made {
        let words = self.words();
        done.map_err(|problem| Trouble { problem, words })?;
        let place = Place::new("/an-ban", None, None, words);
        Ok(Redirect::to(&place.to_code("/an-ban", id)).into_response())
    }
}

type Id = Result<Path<String>, PathRejection>;

fn id_of(id: Id, words: Words) -> Result<String, Trouble> {
    code_of(id).map_err(|problem| Trouble { problem, words })
}

/// `POST /an-ban`: somebody closes a period.
pub(super) async fn close(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    body: Bytes,
) -> Made {
    let form = Form::read(&body)?;
    let asked = (form.period.as_str(), form.reason.as_str(), form.objections_until.as_str());
    let closed = editions::close_period(&server, &form.who(scope), asked).await;
    match closed {
        Ok(id) => form.back(&id, Ok(())),
        Err(problem) => form.back("", Err(problem)),
    }
}

/// `POST /an-ban/{edition}/phan-hoi`: a unit objects.
pub(super) async fn object(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Id,
    body: Bytes,
) -> Made {
    let form = Form::read(&body)?;
    let id = id_of(id, form.words())?;
    let Form { unit, dossier, reason, text, .. } = form.clone();
    let given = Objecting { unit, dossier, reason, text };
    let done = editions::object_to(&server, &form.who(scope), (&id, &given)).await;
    form.back(&id, done.map(|_| ()))
}

/// `POST /an-ban/{edition}/quyet-dinh`: somebody decides about an objection.
pub(super) async fn decide(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Id,
    body: Bytes,
) -> Made {
    let form = Form::read(&body)?;
    let id = id_of(id, form.words())?;
    let is_accepted = form.accepted == "yes";
    let given = Deciding { objection: form.objection, is_accepted, why: form.why.clone() };
    let done = editions::decide_on(&server, &form.who(scope), (&id, &given)).await;
    form.back(&id, done.map(|_| ()))
}

/// `POST /an-ban/{edition}/duyet`: somebody approves the result.
pub(super) async fn approve(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Id,
    body: Bytes,
) -> Made {
    let form = Form::read(&body)?;
    let id = id_of(id, form.words())?;
    let done = editions::approve_it(&server, &form.who(scope), (&id, form.officers == "yes")).await;
    form.back(&id, done)
}

/// `POST /an-ban/{edition}/cong-bo`: somebody publishes it.
pub(super) async fn publish(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Id,
    body: Bytes,
) -> Made {
    let form = Form::read(&body)?;
    let id = id_of(id, form.words())?;
    let done = editions::publish_it(&server, &form.who(scope), &id).await;
    form.back(&id, done)
}
