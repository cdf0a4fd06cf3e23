//! Messages that were not understood: kept without what may be personal, through restarts, until they are mended.
//!
//! Not here: which messages are not understood and why (`tests/acceptance/rejects.rs`).

use std::path::Path;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Answer, Server};
use acceptance_tests::story;
use serde_json::{Value, json};

use super::load::{Chance, body, seed, send};
use super::truth::{files, health, serve, sum};

/// The name of an applicant, which must be found nowhere.
const APPLICANT: &str = "Zyxwvutsq-Applicant-0912345678";
/// Letters of free text that no compression makes small.
const FREE_TEXT_BYTES: usize = 600_000;

fn rejects(server: &Server) -> Vec<Value> {
    server.get("/api/v1/rejects").json()["rejects"].as_array().unwrap().clone()
}

fn retry(server: &Server, number: &Value, event: &str) -> Answer {
    server.post(&format!("/api/v1/rejects/{number}/retry"), "application/json", event.as_bytes())
}

/// `dossier.stopped`, whose reason is free text.
fn stopped(id: &str, time: &str, text: &str) -> String {
    json!({
        "specversion": "1.0", "id": id, "source": "/mot-cua", "type": "dossier.stopped", "subject": "H1",
        "time": time, "applicant": text, "data": { "reason": text, "applicant_name": text },
    })
    .to_string()
}

#[test]
fn a_message_set_aside_survives_a_restart_and_goes_when_it_is_mended() {
    let folder = Folder::new();
    let data = folder.path("data");
    let server = serve(&data);
    let good: Vec<String> =
        story::events("01/02 08:00 accepted due=09/02 17:30").lines().map(str::to_owned).collect();
    let bad = stopped("bad", "2026-02-30T08:00:00+07:00", "x");
    let mixed = [&good[..], &[bad]].concat();
    let answer = send(server.address(), &body(&mixed)).unwrap();
    assert_eq!((answer.status, &answer.json()["rejected_count"]), (202, &json!(1)), "{}", answer.text());
    let before = rejects(&server);
    assert_eq!(before.len(), 1, "{before:?}");
    let told = &before[0];
    assert_eq!((&told["reason"], &told["field"]), (&json!("not_instant"), &json!("time")), "{told}");
    server.kill();

    let server = serve(&data);
    assert_eq!(rejects(&server), before, "the list is as it was");
    assert_eq!(sum(&health(&server), "set_aside"), 1);
    let number = &told["number"];
    assert_eq!(server.get(&format!("/api/v1/rejects/{number}")).json(), *told);
    // What is kept of it is still wrong, and so is this.
    for event in ["", "{}"] {
        assert_eq!(retry(&server, number, event).status, 400, "{event:?}");
    }
    assert_eq!(rejects(&server), before, "a retry in vain changes nothing");
    let answer = retry(&server, number, &stopped("bad", "2026-02-03T08:00:00+07:00", "x"));
    assert_eq!((answer.status, &answer.json()["is_resolved"]), (202, &json!(true)), "{}", answer.text());
    assert_eq!(rejects(&server), Vec::<Value>::new());
    assert_eq!(server.get(&format!("/api/v1/rejects/{number}")).status, 404);
    let applied = sum(&health(&server), "applied");
    assert_eq!(applied, good.len() as u64 + 1, "the mended event counts");
    server.kill();

    let server = serve(&data);
    assert_eq!(rejects(&server), Vec::<Value>::new(), "it stays away");
    let health = health(&server);
    assert_eq!((sum(&health, "applied"), sum(&health, "set_aside")), (applied, 1), "{health}");
}

#[test]
fn nothing_an_applicant_would_not_want_kept_lies_anywhere_in_the_folder() {
    let folder = Folder::new();
    let data = folder.path("data");
    let mut server = serve(&data);
    let mut lines: Vec<String> =
        story::events("01/02 08:00 accepted due=09/02 17:30").lines().map(str::to_owned).collect();
    lines.push(stopped("accepted", "2026-02-03T08:00:00+07:00", APPLICANT));
    lines.push(stopped("rejected", "2026-02-30T08:00:00+07:00", APPLICANT));
    assert_eq!(send(server.address(), &body(&lines)).unwrap().status, 202);
    let one = "application/cloudevents+json";
    let not_json = server.post("/api/v1/events", one, format!("{{\"name\": {APPLICANT}").as_bytes());
    assert_eq!(not_json.status, 202, "{}", not_json.text());

    let listed = rejects(&server);
    assert_eq!(listed.len(), 2, "{listed:?}");
    let unread = listed.iter().find(|one| one["reason"] == "not_json").expect("it is listed");
    assert_eq!((&unread["event"], unread["sha256"].as_str().unwrap().len()), (&Value::Null, 64));
    assert_eq!(retry(&server, &unread["number"], "").status, 400, "there is nothing to retry");
    for path in ["/api/v1/rejects", "/api/v1/health", "/api/v1/subjects/H1", "/metrics"] {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains(APPLICANT), "{path}: {}", answer.text());
    }

    // The log is compressed, so that names cannot be looked for in all of it; but what cannot be compressed shows.
    let mut chance = Chance::new(seed());
    let letters = (0..FREE_TEXT_BYTES).map(|_| char::from(b'0' + u8::try_from(chance.below(75)).unwrap()));
    let noise: String = letters.collect::<String>().replace('\\', "/");
    let before = health(&server)["log"]["bytes"].as_u64().unwrap();
    let long = |id: &str, day: &str| stopped(id, &format!("2026-02-{day}T08:00:00+07:00"), &noise[..300_000]);
    for event in [long("long-good", "04"), long("long-bad", "31")] {
        assert_eq!(server.post("/api/v1/events", one, event.as_bytes()).status, 202);
    }
    let grown = health(&server)["log"]["bytes"].as_u64().unwrap() - before;
    assert!(grown < 64 << 10, "the log grew by {grown} bytes for two short events");
    server.terminate();
    assert_eq!(server.ended(std::time::Duration::from_secs(30)), Some(0), "{}", server.stderr());
    assert!(!server.stderr().contains(APPLICANT), "{}", server.stderr());
    for file in files(Path::new(&data)) {
        let bytes = std::fs::read(format!("{data}/{file}")).unwrap();
        let has = |words: &[u8]| bytes.windows(words.len()).any(|some| some == words);
        assert!(!has(APPLICANT.as_bytes()) && !has(&noise.as_bytes()[1000..1016]), "{file} has the name");
    }
    let snapshots = files(Path::new(&data)).into_iter().filter(|file| file.ends_with(".snapshot"));
    assert_eq!(snapshots.count(), 1, "the state is among what was searched");
}
