//! Every count is a list on a reader too: lists and stories asked from workers are those of one server, for whoever may
//! see them, and whole or not there.
//!
//! Not here: counts (`scale`), every route for every role (`tests/acceptance/access`).

use std::collections::BTreeSet;

use acceptance_tests::program::nhip;
use acceptance_tests::server::{Answer, Server, ask, within};
use serde_json::{Value, json};

use super::broker::shared;
use super::load::{events, seed};
use super::scale::{Province, assert_shows, await_shares, await_so};
use super::scene::PATIENCE;

const SET: &str = "portal-2026";
/// Lists compared.
const LISTS: usize = 40;

fn json_of(server: &Server, path: &str) -> Value {
    let answer = server.get(path);
    assert_eq!(answer.status, 200, "{path}: {}\n{}", answer.text(), server.stderr());
    answer.json()
}

/// Lists of units and officers, each behind a count above 0: the path, and the count.
fn lists(server: &Server) -> Vec<(String, u64)> {
    let mut lists = Vec::new();
    for level in ["agency", "officer"] {
        let scores = json_of(server, &format!("/api/v1/scores?period=2026-Q1&set={SET}&by={level}"));
        for unit in scores["units"].as_array().unwrap() {
            for figure in unit["indicators"].as_array().unwrap() {
                let (code, indicator) = (unit["code"].as_str().unwrap(), figure["code"].as_str().unwrap());
                let count = figure["numerator"].as_u64().unwrap();
                let path = format!(
                    "/api/v1/lists?period=2026-Q1&set={SET}&by={level}&unit={code}&indicator={indicator}&part=num"
                );
                if count > 0 && server.get(&path).status == 200 {
                    lists.push((path, count));
                }
            }
        }
    }
    let step = lists.len().div_ceil(LISTS).max(1);
    lists.into_iter().step_by(step).collect()
}

fn alone(lines: &[String]) -> Server {
    let alone = Server::start();
    for some in lines.chunks(500) {
        assert_eq!(alone.post_batch(&(some.join("\n") + "\n")).status, 202);
    }
    alone
}

/// What one server says of lists and stories, a reader says.
fn compare(alone: &Server, reader: &Server) -> Vec<String> {
    let lists = lists(alone);
    assert!(lists.len() > LISTS / 2, "{} lists", lists.len());
    let mut dossiers = Vec::new();
    for (path, count) in &lists {
        let (one, other) = (json_of(alone, path), json_of(reader, path));
        assert_eq!(one["subjects"], other["subjects"], "{path}");
        assert_eq!((&one["count"], other["count"].as_u64()), (&other["count"], Some(*count)), "{path}");
        dossiers.extend(one["subjects"].as_array().unwrap().iter().take(1).cloned());
    }
    let mut stories = Vec::new();
    for code in dossiers.iter().filter_map(Value::as_str) {
        let path = format!("/api/v1/subjects/{code}?set={SET}");
        if alone.get(&path).status == 200 {
            assert_eq!(json_of(alone, &path), json_of(reader, &path), "{path}");
            stories.push(code.to_owned());
        }
    }
    assert!(stories.len() > LISTS / 4, "{stories:?}");
    assert_eq!(reader.get("/api/v1/subjects/NOBODY").status, 404);
    for unit in ["P", "H"] {
        let path = format!("/danh-sach?period=2026-Q1&unit={unit}&count=received");
        assert_eq!(alone.get(&path).status, reader.get(&path).status, "{path}");
    }
    stories
}

#[test]
fn a_reader_shows_the_lists_and_stories_of_one_server_to_whoever_may_see_them() {
    let province = Province::new(shared(), "lists.", "");
    let folder = &province.scene.folder;
    let secret = |name: &str, text: &str| {
        let file = folder.write(name, text.to_owned());
        format!("worker_secret_file = {}\n", json!(file))
    };
    let (ours, theirs) =
        (secret("secret", "a-secret-of-sixteen-plus\n"), secret("other", "quite-another-secret"));
    let lines = events(seed() + 200, 4_000);
    let (one, two) = (province.worker_with(&ours), province.worker_with(&ours));
    await_shares(&[&one, &two]);
    let reader = province.reader_with(&ours, "");
    province.produce(&lines);
    assert_shows(&reader, &lines);
    let alone = alone(&lines);
    let stories = compare(&alone, &reader);

    // Who shows no secret, or another, is told nothing.
    for none in [String::new(), theirs] {
        let stranger = province.reader_with(&none, "");
        let answer = stranger.get(&format!("/api/v1/subjects/{}", stories[0]));
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (503, &json!("not_reachable")),
            "{}",
            answer.text()
        );
        let asked = json!({ "fingerprint": "", "question": { "story": stories[0] } }).to_string();
        let direct = one.post("/api/v1/shares/0", "application/json", asked.as_bytes());
        assert_eq!(direct.status, 401, "{}", direct.text());
    }
    guarded(&province, &ours, &alone, &stories);

    // A share that cannot be asked is named, and figures are shown all the same.
    let path = format!("/api/v1/subjects/{}", stories[0]);
    one.kill();
    let is_refused = within(PATIENCE, || reader.get(&path).json()["code"] == "not_reachable");
    assert!(is_refused, "half a list would be a lie");
    let scores = format!("/api/v1/scores?period=2026-Q1&set={SET}");
    assert_eq!(reader.get(&scores).status, 200);
    assert!(reader.get(&path).text().contains("share "), "{}", reader.get(&path).text());
    await_shares(&[&two]);
    await_so(&reader, "lists again", |_| reader.get(&path).status == 200);
    compare(&alone, &reader);
}

/// A reader that asks who comes hands on what they may see and no more.
fn guarded(province: &Province, secret: &str, alone: &Server, stories: &[String]) {
    let home = province.scene.folder.path("reader");
    let access = format!(
        "[access]\npublic_url = \"http://127.0.0.1:7660\"\nrequests_per_second = 10000\nfolder = {}\n",
        json!(home)
    );
    let reader = province.reader_with(secret, &access);
    let get = |path: &str, token: &str| -> Answer {
        let header =
            if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
        ask(reader.address(), "GET", path, &header, b"").expect("it answers")
    };
    let token = |words: &[&str]| {
        let ran = nhip(&[&["token", "add", "--folder", &home, "--name", "test"], words].concat(), b"");
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let token = ran.text().trim().to_owned();
        let is_known = || get("/api/v1/indicators", &token).status != 401;
        assert!(within(PATIENCE, is_known), "the token becomes known");
        token
    };
    // The agencies that dossiers were accepted at, as one server tells it.
    let agencies: BTreeSet<String> = stories
        .iter()
        .flat_map(|code| {
            json_of(alone, &format!("/api/v1/subjects/{code}"))["events"].as_array().cloned().unwrap()
        })
        .filter(|event| event["type"] == "dossier.accepted")
        .filter_map(|event| event["data"]["agency"].as_str().map(str::to_owned))
        .collect();
    let agencies: Vec<&String> = agencies.iter().take(2).collect();
    let [mine, other] = agencies.as_slice() else { panic!("there are two agencies: {agencies:?}") };
    let leader = token(&["--role", "leader"]);
    let staff = token(&["--role", "agency_staff", "--unit", mine]);
    let status = |code: &str, token: &str| get(&format!("/api/v1/subjects/{code}"), token).status;
    assert!(stories.iter().all(|code| status(code, "") == 401), "nobody is told nothing");
    assert!(stories.iter().all(|code| status(code, &leader) == 200), "a leader sees all");
    let seen: Vec<u16> = stories.iter().map(|code| status(code, &staff)).collect();
    assert!(seen.contains(&200) && seen.iter().any(|status| *status != 200), "{mine}: {seen:?}");
    assert!(seen.iter().all(|status| [200, 403, 404].contains(status)), "{seen:?}");
    let list = |unit: &str, token: &str| {
        let path = format!("/api/v1/lists?period=2026-Q1&set={SET}&unit={unit}&indicator=2.1&part=den");
        get(&path, token).status
    };
    assert_eq!((list(mine, ""), list(mine, &leader), list(mine, &staff)), (401, 200, 200));
    assert_eq!((list(other, &leader), list(other, &staff)), (200, 403), "another agency's list");
}
