//! Drafts of what is owed for a late dossier, as PDF and as DOCX: the letter of apology, and the head's explanation.
//!
//! Both forms come from one template (`templates/paper/`), in Vietnamese whatever the language of the page: they are
//! official papers. Who applied is not known here and stays a dotted line. Nothing is kept and nothing is sent; that a
//! letter was sent is said on the page of duties. Not here: typesetting (`typeset`), when a letter is owed.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use compute::engine::Line;
use compute::instant::Instant;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::links::Place;
use super::super::shell::Ground;
use super::super::words::Words;
use super::super::{Made, Trouble, code_of, restored};
use super::zip::Zip;
use crate::serve::Server;
use crate::serve::access;
use crate::serve::access::scope::Scope;
use crate::serve::alerting::asking;
use crate::serve::board::View;
use crate::serve::duties::{new_date, of_the_year};
use crate::serve::problem::Problem;
use crate::typeset::{self, Template, TypesetError};

/// Reasons an address may name; their words are `letter.reason.…`.
pub(in crate::serve::pages) const REASONS: [&str; 5] =
    ["coordination", "verification", "complexity", "workload", "technical"];
/// Where something is to be written by hand.
const DOTS: &str = "..........................................................................................................";

/// What an address asks for beside the dossier.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    new_due_at: String,
    reason: String,
    lang: Option<String>,
}

/// Which paper, and in which form.
#[derive(Clone, Copy, Debug)]
struct Paper {
    template: &'static str,
    file: &'static str,
    is_word: bool,
}

impl Paper {
    /// By the end of the address.
    fn of(path: &str) -> Option<Paper> {
        let (_, name) = path.rsplit_once('/')?;
        let (file, ending) = name.rsplit_once('.')?;
        let (file, template) = match file {
            "thu-xin-loi" => ("thu-xin-loi", include_str!("../../../../templates/paper/apology.toml")),
            "giai-trinh" => ("giai-trinh", include_str!("../../../../templates/paper/explanation.toml")),
            _ => return None,
        };
        Some(Paper { template, file, is_word: ending == "docx" })
    }
}

/// `GET /ho-so/{dossier}/thu-xin-loi.pdf` and its kin.
pub(super) async fn letter(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    code: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
    uri: Uri,
) -> Made {
    let asked = asked.map(|Query(asked)| asked).map_err(|_| Trouble {
        problem: Problem::malformed("query", "there are new_due_at, reason and lang, each once"),
        words: Words::default(),
    })?;
    let words = Words::of(asked.lang.as_deref());
    let trouble = |problem| Trouble { problem, words };
    let code = code_of(code).map_err(trouble)?;
    let made = async {
        restored(&server)?;
        let paper = Paper::of(uri.path()).ok_or_else(|| {
            Problem::unknown("path", "there are thu-xin-loi and giai-trinh, .pdf and .docx")
        })?;
        let data = data(&server, &asking(scope), &code, &asked).await?;
        print(paper, data).await
    };
    made.await.map_err(trouble)
}

async fn print(paper: Paper, data: Value) -> Result<Response, Problem> {
    let made = typeset::print(move || {
        let template = Template::parse(paper.template)?;
        if paper.is_word {
            return typeset::word(&template, &data).map(|text| package(&text));
        }
        typeset::pdf(&template, &data)
    });
    let bytes = made.await.map_err(|error| match error {
        TypesetError::Busy => Problem::Busy,
        other => Problem::NotWritten(other.to_string()),
    })?;
    let (ending, media_type) = if paper.is_word {
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
    } else {
        ("pdf", "application/pdf")
    };
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.{ending}\"", paper.file)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// The package around the text of a document (ECMA-376, part 2).
fn package(document: &str) -> Vec<u8> {
    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let kinds = format!(
        "{HEAD}<Types xmlns=\"{PACKAGE}/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/word/document.xml\" \
         ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>"
    );
    let relations = format!(
        "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" \
         Type=\"{RELATIONS}/officeDocument\" Target=\"word/document.xml\"/></Relationships>"
    );
    let mut zip = Zip::default();
    let parts = [
        ("[Content_Types].xml", kinds.as_str()),
        ("_rels/.rels", relations.as_str()),
        ("word/document.xml", document),
    ];
    for (name, text) in parts {
        zip.begin(name);
        zip.write(text.as_bytes());
    }
    zip.finish()
}

/// What a paper says of one dossier.
async fn data(server: &Server, scope: &Scope, code: &str, asked: &Asked) -> Result<Value, Problem> {
    let (now, calendar, words) = (server.live.now(), server.live.calendar(), Words::of(None));
    let new_due = new_date(&asked.new_due_at, now, &calendar)?;
    let reason = match asked.reason.as_str() {
        "" => DOTS.to_owned(),
        known if REASONS.contains(&known) => words.t(&format!("letter.reason.{known}")).to_owned(),
        _ => return Err(Problem::malformed("reason", format!("there are {}", REASONS.join(", ")))),
    };
    let story = server.live.story(code.to_owned()).await?;
    let snapshot = server.live.snapshot();
    access::only_whose_dossier(scope, story, code, &snapshot)?;
    let lines = server.live.lines(vec![code.to_owned()]).await?;
    let line = lines.into_iter().next();
    let none = || Problem::unknown("subject", format!("no event names the dossier {code}"));
    let line = line.ok_or_else(none)?;
    let missed = line.apology.map(|apology| apology.missed);
    let due = missed.or(line.due.filter(|_| line.ended_at.is_none())).ok_or_else(|| {
        let why = format!("{code} ended in time, or has no due date: there is nothing to apologise for");
        Problem::Impossible(why)
    })?;
    let view = of_the_year(View { period: None, set: None }, &snapshot);
    let ground = Ground::new(&snapshot, &view, Place::new("/", None, None, words), words)?;
    let unit = ground.agency(line.agency);
    let parent = |code| snapshot.period(ground.period)?.frame.unit(code)?.parent;
    let above = line.agency.and_then(parent).map_or_else(String::new, |above| ground.agency(Some(above)));
    let until = line.ended_at.unwrap_or(now);
    let over = if until > due { calendar.session_seconds_between(due, until) } else { None };
    let over = over.and_then(|seconds| i64::try_from(seconds).ok()).map_or(0, |seconds| -seconds);
    let (year, month, day) = now.day().civil();
    Ok(json!({
        "above": above.to_uppercase(), "unit": unit, "dossier": line.code,
        "date": format!(".........., ngày {day:02} tháng {month:02} năm {year}"),
        "procedure": procedure(server, &line).await?, "accepted": words.moment_or(line.accepted_at),
        "due": words.moment(due), "as_of": words.moment(until), "over": words.working_time(over),
        "standing": standing(&line, missed.is_some(), words), "reason": reason,
        "promise": promise(&line, new_due, words),
    }))
}

fn standing(line: &Line, is_missed: bool, words: Words) -> String {
    match line.ended_at {
        Some(at) => words.fill("letter.ended", &[("at", &words.moment(at))]),
        None if is_missed => words.t("letter.open").to_owned(),
        None => words.t("letter.foreseen").to_owned(),
    }
}

fn promise(line: &Line, new_due: Option<Instant>, words: Words) -> String {
    match (new_due, line.ended_at) {
        (Some(at), _) => words.fill("letter.promise", &[("at", &words.moment(at))]),
        (None, Some(_)) => words.t("letter.ready").to_owned(),
        (None, None) => {
            words.fill("letter.promise", &[("at", "...........................................")])
        }
    }
}

/// The procedure's name, where this process knows it, and its code.
async fn procedure(server: &Server, line: &Line) -> Result<String, Problem> {
    let Some(code) = line.procedure else { return Ok(DOTS.to_owned()) };
    let name = server.live.ask(move |worker| {
        let known = worker.engine.reference().procedures.get(&code)?;
        known.current().map(|definition| definition.name.clone())
    });
    let name = name.await?;
    let snapshot = server.live.snapshot();
    let names = snapshot.codes.names();
    let code = names.text(code);
    Ok(name.map_or_else(|| code.to_owned(), |name| format!("{name} ({code})")))
}
