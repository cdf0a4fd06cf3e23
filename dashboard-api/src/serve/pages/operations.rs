//! Operations: whether what is shown can be trusted, and where every event went, for who runs the server.
//!
//! It shows what `/api/v1/health` tells, and nothing else.

use askama::Template;
use axum::extract::State;
use compute::instant::Instant;
use serde_json::Value;

use super::super::Server;
use super::super::health;
use super::shell::Shell;
use super::words::Words;
use super::{Asked, Made, html};

/// Rows of one table.
const ROWS_MAX: usize = 500;

#[derive(Template)]
#[template(path = "operations.html")]
struct OperationsPage {
    shell: Shell,
    status: String,
    status_text: String,
    is_well: bool,
    facts: Vec<(String, String)>,
    tables: Vec<Table>,
}

struct Table {
    id: &'static str,
    title: String,
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// `GET /van-hanh`.
pub(super) async fn operations(State(server): State<Server>, asked: Asked) -> Made {
    let words = asked.words();
    let told = health::told(&server).await;
    let status = told["status"].as_str().unwrap_or_default().to_owned();
    let mut shell = Shell::bare(words, words.t("operations"));
    shell.languages = super::shell::languages(&asked.place("/van-hanh"), words);
    let page = OperationsPage {
        shell,
        status_text: words.t(&format!("status.{status}")).to_owned(),
        is_well: status == "ok",
        status,
        facts: facts(&told, words),
        tables: [
            sources(&told, words),
            partitions(&told, words),
            channels(&told, words),
            attempts(&told, words),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    Ok(html(&page))
}

/// A value as a person reads it.
fn plain(value: &Value, words: Words) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Number(number) => {
            number.as_u64().map_or_else(|| number.to_string(), |whole| words.number(whole))
        }
        Value::String(text) => Instant::parse(text).map_or_else(|| text.clone(), |at| words.moment(at)),
        other => other.to_string(),
    }
}

fn facts(told: &Value, words: Words) -> Vec<(String, String)> {
    let conserved = told["is_conserved"].as_bool();
    let books = match conserved {
        Some(true) => words.t("conserved"),
        Some(false) => words.t("status.not_conserved"),
        None => "–",
    };
    let mut facts = vec![(words.t("books").to_owned(), books.to_owned())];
    for (key, value) in [
        ("time", &told["as_of"]),
        ("version", &told["version"]),
        ("log_next", &told["log"]["next_offset"]),
        ("log_bytes", &told["log"]["bytes"]),
        ("saved_offset", &told["state"]["saved_offset"]),
        ("at_rest", &told["at_rest"]["subjects"]),
        ("trouble", &told["log"]["trouble"]),
        ("trouble", &told["state"]["trouble"]),
        ("trouble", &told["figures"]["trouble"]),
        ("trouble", &told["alerts"]["trouble"]),
        ("firing", &told["alerts"]["firing"]),
    ] {
        if !value.is_null() {
            facts.push((words.t(key).to_owned(), plain(value, words)));
        }
    }
    facts
}

fn table(
    (id, key): (&'static str, &str),
    columns: &[(&str, &str)],
    rows: Option<&Vec<Value>>,
    words: Words,
) -> Option<Table> {
    let rows = rows?.iter().take(ROWS_MAX).map(|row| {
        let cell = |(name, _): &(&str, &str)| match &row[*name] {
            Value::Bool(is_so) => words.t(if *is_so { "agree" } else { "disagree" }).to_owned(),
            other => plain(other, words),
        };
        columns.iter().map(cell).collect()
    });
    let heads = columns.iter().map(|(_, key)| words.t(key).to_owned()).collect();
    Some(Table { id, title: words.t(key).to_owned(), heads, rows: rows.collect() })
}

fn sources(told: &Value, words: Words) -> Option<Table> {
    let columns = [
        ("source", "source"),
        ("came", "came"),
        ("applied", "applied"),
        ("duplicate", "duplicate"),
        ("superseded", "superseded"),
        ("set_aside", "set_aside"),
        ("is_conserved", "books"),
    ];
    table(("sources", "sources"), &columns, told["sources"].as_array(), words)
}

fn partitions(told: &Value, words: Words) -> Option<Table> {
    let columns = [
        ("topic", "topics"),
        ("partition", "partition"),
        ("position", "position"),
        ("end", "end"),
        ("lag", "lag"),
    ];
    table(("topics", "topics"), &columns, told["kafka"]["partitions"].as_array(), words)
}

fn channels(told: &Value, words: Words) -> Option<Table> {
    let columns = [
        ("channel", "channel"),
        ("kind", "channel_kind"),
        ("state", "channel_works"),
        ("owed", "channel_owed"),
        ("folded", "channel_folded"),
        ("failures", "channel_failures"),
        ("last_delivered", "channel_last"),
        ("trouble", "trouble"),
    ];
    let mut channels = told["alerts"]["channels"].as_array().filter(|channels| !channels.is_empty())?.clone();
    for channel in &mut channels {
        let key = if channel["is_dead"] == true { "channel_dead" } else { "channel_alive" };
        channel["state"] = Value::from(words.t(key));
    }
    table(("channels", "channels"), &columns, Some(&channels), words)
}

fn attempts(told: &Value, words: Words) -> Option<Table> {
    let columns = [
        ("subject", "attempt_subject"),
        ("at", "attempt_at"),
        ("channel", "channel"),
        ("outcome", "attempt_outcome"),
        ("why", "trouble"),
    ];
    let attempts = told["alerts"]["attempts"].as_array().filter(|attempts| !attempts.is_empty())?;
    table(("attempts", "attempts"), &columns, Some(attempts), words)
}
