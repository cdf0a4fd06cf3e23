//! The record of access, for auditors: who saw, took along and changed what, newest first, searched by a text.
//!
//! Not here: whether it holds together, which `nhip audit verify` says.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use compute::instant::Instant;
use serde_json::Value;

use super::super::Server;
use super::super::access::audit::search;
use super::super::problem::Problem;
use super::links::{Link, Place};
use super::shell::{Shell, languages};
use super::words::Words;
use super::{Asked, Made, html};

/// Letters of what is looked for.
const TEXT_MAX: usize = 200;

#[derive(Template)]
#[template(path = "records.html")]
struct RecordsPage {
    shell: Shell,
    text: String,
    rows: Vec<Row>,
    more: Vec<Link>,
}

struct Row {
    number: String,
    at: String,
    who: String,
    role: String,
    did: String,
    what: String,
    of: String,
}

/// `GET /nhat-ky?text=…&from=…`.
pub(super) async fn records(State(server): State<Server>, uri: Uri, asked: Asked) -> Made {
    let (trouble, words) = (asked.trouble(), asked.words());
    let none = || Problem::unknown("records", "this server asks nobody and records nothing");
    let guarded = server.access.guarded().ok_or_else(none).map_err(&trouble)?;
    let mut pairs = uri.query().unwrap_or_default().split('&');
    let text = pairs.find_map(|pair| pair.strip_prefix("text=")).unwrap_or_default();
    let text: String =
        super::super::exchange::plain(text).unwrap_or_default().chars().take(TEXT_MAX).collect();
    let before = asked.from.as_deref().filter(|from| !from.is_empty()).map(str::parse);
    let before =
        before.transpose().map_err(|_| trouble(Problem::malformed("from", "write a whole number")))?;
    let (folder, question) = (guarded.folder.clone(), search::Asked { text: text.clone(), before });
    // Reading the disk is no work for an async thread.
    let found = tokio::task::spawn_blocking(move || search::find(&folder, &question)).await;
    let found = found.map_err(|_| trouble(Problem::Stopped))?;
    let (records, next) = found.map_err(|why| trouble(Problem::NotReadable(why)))?;
    let place = Place::new("/nhat-ky", None, None, words).with("text", Some(&text));
    let mut shell = Shell::bare(words, words.t("records"));
    shell.languages = languages(&place, words);
    let more = next.map(|next| place.with("from", Some(&next.to_string())).in_words(words));
    let page = RecordsPage {
        shell,
        text,
        rows: records.iter().map(|record| row(record, words)).collect(),
        more: more.into_iter().map(|href| Link::new(href, words.t("next"))).collect(),
    };
    Ok(html(&page))
}

fn row(record: &Value, words: Words) -> Row {
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let of = record["of"].as_object().into_iter().flatten();
    let of: Vec<String> =
        of.map(|(name, value)| format!("{name} {}", value.as_str().unwrap_or("–"))).collect();
    let at = text("at");
    Row {
        number: words.number(record["n"].as_u64().unwrap_or(0)),
        at: Instant::parse(&at).map_or(at, |at| words.moment(at)),
        who: text("who"),
        role: words.t(&format!("role.{}", text("role"))).to_owned(),
        did: words.t(&format!("did.{}", text("did"))).to_owned(),
        what: text("what"),
        of: of.join(", "),
    }
}
