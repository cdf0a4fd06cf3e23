//! What must be shown: the figures of one batch over the acknowledged events, and where each event went.
//!
//! Only closed periods are compared: they do not depend on the moment of asking. Both sets, agencies and officers,
//! every indicator, point and rank. Not here: how the server came to its figures.

use std::path::Path;
use std::time::Duration;

use acceptance_tests::program::{Folder, nhip};
use acceptance_tests::server::{Server, within};
use serde_json::Value;

/// A closed quarter and one of its months: where late and wrong events lie.
const PERIODS: [&str; 2] = ["2026-Q1", "2026-02"];
/// The same a year before: everything in them is closed.
const PERIODS_BEFORE: [&str; 3] = ["2025-Q1", "2025-02", "2025"];
const SETS: [&str; 2] = ["portal-2026", "method-note-2026"];
const LEVELS: [&str; 2] = ["agency", "officer"];
/// How long a restart may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Figures by question.
pub(crate) type Figures = Vec<(String, Value)>;

fn questions(
    periods: &'static [&'static str],
) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    periods
        .iter()
        .copied()
        .flat_map(|period| SETS.into_iter().flat_map(move |set| LEVELS.map(|level| (period, set, level))))
}

/// The figures of one batch.
pub(crate) fn batch(lines: &[String]) -> Figures {
    batch_of(lines, &PERIODS)
}

/// The figures of one batch over events of the year before.
pub(crate) fn batch_of_last_year(lines: &[String]) -> Figures {
    batch_of(lines, &PERIODS_BEFORE)
}

fn batch_of(lines: &[String], periods: &'static [&'static str]) -> Figures {
    let folder = Folder::new();
    let file = folder.write("events.ndjson", lines.join("\n") + "\n");
    let ask = |(period, set, level): (&str, &str, &str)| {
        let question = ["score", &file, "--period", period, "--set", set, "--by", level];
        let form = ["--as-of", "2026-11-01", "--format", "json", "--strict"];
        let ran = nhip(&[&question[..], &form[..]].concat(), b"");
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
        (format!("{period} {set} {level}"), told["units"].clone())
    };
    questions(periods).map(ask).collect()
}

/// The figures a server shows.
pub(crate) fn shown(server: &Server) -> Figures {
    shown_of(server, &PERIODS)
}

/// The figures a server shows of the year before.
pub(crate) fn shown_of_last_year(server: &Server) -> Figures {
    shown_of(server, &PERIODS_BEFORE)
}

fn shown_of(server: &Server, periods: &'static [&'static str]) -> Figures {
    let ask = |(period, set, level): (&str, &str, &str)| {
        let answer = server.get(&format!("/api/v1/scores?period={period}&set={set}&by={level}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let told = answer.json();
        assert_eq!(told["provisional"], false, "{period} is closed");
        (format!("{period} {set} {level}"), told["units"].clone())
    };
    questions(periods).map(ask).collect()
}

/// Says where two results differ.
pub(crate) fn assert_same(shown: &Figures, expected: &Figures) {
    for ((question, found), (_, wanted)) in shown.iter().zip(expected) {
        let (found, wanted) = (found.as_array().unwrap(), wanted.as_array().unwrap());
        assert!(!wanted.is_empty(), "{question} has units");
        let codes = |units: &[Value]| units.iter().map(|unit| unit["code"].to_string()).collect::<Vec<_>>();
        assert_eq!(codes(found), codes(wanted), "the units of {question}");
        for (found, wanted) in found.iter().zip(wanted) {
            assert_eq!(found, wanted, "{question}");
        }
    }
    assert_eq!(shown.len(), expected.len(), "every question was answered");
}

/// Waits until the server shows everything kept, and its log says how much that is.
pub(crate) fn await_ready(server: &Server) {
    let is_ready = within(PATIENCE, || server.get("/readyz").status == 200);
    assert!(is_ready, "it is not ready:\n{}", server.stderr());
    // The thread that writes the log tells how it stands a moment after the figures are there.
    let is_told = within(PATIENCE, || {
        let log = server.get("/api/v1/health").json()["log"].clone();
        log["next_offset"] == log["counted_offset"]
    });
    assert!(is_told, "what is kept is not what is counted: {}", server.get("/api/v1/health").text());
}

/// Starts a server on `folder` and waits until it is ready.
pub(crate) fn serve(folder: &str) -> Server {
    let server = Server::launch(&["--data", folder, "--save-minutes", "1"]).unwrap();
    await_ready(&server);
    server
}

/// `/api/v1/health`, of which nothing may be lost or counted twice.
pub(crate) fn health(server: &Server) -> Value {
    let health = server.get("/api/v1/health").json();
    assert_eq!(health["is_conserved"], true, "{health}");
    for source in health["sources"].as_array().unwrap() {
        let of = |name: &str| source[name].as_u64().unwrap();
        assert_eq!(of("consumed"), of("applied") + of("duplicate") + of("superseded"), "{source}");
        assert_eq!(of("came"), of("consumed") + of("set_aside"), "{source}");
    }
    health
}

/// A count of `/api/v1/health` over all sources.
pub(crate) fn sum(health: &Value, name: &str) -> u64 {
    health["sources"].as_array().unwrap().iter().map(|source| source[name].as_u64().unwrap()).sum()
}

/// The log offset the next event gets.
pub(crate) fn next_offset(health: &Value) -> u64 {
    let log = &health["log"];
    assert_eq!(log["next_offset"], log["counted_offset"], "what is kept is counted");
    log["next_offset"].as_u64().unwrap()
}

/// The server shows what one batch over `lines` shows, and has counted each of them.
pub(crate) fn assert_shows(server: &Server, lines: &[String]) {
    let health = health(server);
    assert_eq!(health["status"], "ok", "{health}");
    assert_eq!(sum(&health, "consumed"), next_offset(&health), "{health}");
    assert_eq!(sum(&health, "applied"), super::load::identities(lines), "{health}");
    assert_same(&shown(server), &batch(lines));
}

/// All files below `folder`, by their path in it.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()).into_iter().map(|below| format!("{name}/{below}")));
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}
