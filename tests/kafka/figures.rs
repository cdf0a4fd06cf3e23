//! Figures published to a compacted topic: its last values are what the server shows, whatever happens to either.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acceptance_tests::server::{Server, within};
use acceptance_tests::shared::root;
use ingest::kafka::{Compression, Mode};
use serde_json::{Value, json};

use super::broker::{Broker, shared};
use super::encoding::plain;
use super::load::{events, seed};
use super::scene::{PATIENCE, Scene, await_counted, await_told, told};
use super::truth::sum;

const SETS: [&str; 2] = ["portal-2026", "method-note-2026"];
/// A row at most so often, in milliseconds.
const APART_MIN: i64 = 900;

/// Numerator, denominator, ratio and points by key.
type Rows = BTreeMap<String, Value>;

fn scene(broker: &Broker, prefix: &str) -> Scene {
    let scene = Scene::new(broker, prefix, 3, &[]);
    scene.client(&["create", &scene.topic("figures"), "2", "cleanup.policy=compact"]);
    scene.set(&format!("figures = \"{prefix}figures\""), "");
    scene
}

fn content(row: &Value) -> Value {
    json!([row["numerator"], row["denominator"], row["ratio"], row["points"]])
}

/// Every row of every period and set the server shows.
fn shown(server: &Server) -> Rows {
    let mut rows = Rows::new();
    let periods = server.get("/api/v1/ranking").json()["periods"].clone();
    for period in periods.as_array().expect("periods are told") {
        let period = period.as_str().unwrap();
        for set in SETS {
            let scores = server.get(&format!("/api/v1/scores?period={period}&set={set}")).json();
            for unit in scores["units"].as_array().unwrap() {
                for one in unit["indicators"].as_array().unwrap() {
                    let (code, indicator) = (unit["code"].as_str().unwrap(), one["code"].as_str().unwrap());
                    rows.insert(format!("{period}|{code}|{set}|{indicator}"), content(one));
                }
            }
        }
    }
    rows
}

/// The members of a figure, as the description of the topics says.
fn described() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("docs/asyncapi.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let members = document["components"]["schemas"]["Figure"]["properties"].as_object().unwrap();
    members.keys().cloned().collect()
}

/// The last value of every key.
fn published(scene: &Scene) -> Rows {
    let mut last = BTreeMap::new();
    let messages = scene.client(&["read", &scene.topic("figures")]);
    for message in messages.as_array().unwrap() {
        let key = message["key"].as_str().unwrap().to_owned();
        last.insert(key, message["value"].as_str().map(plain));
    }
    let described = described();
    let mut rows = Rows::new();
    for (key, value) in last {
        let Some(value) = value else { continue };
        let value: Value = serde_json::from_str(&value).unwrap();
        let of = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        assert_eq!([of("period"), of("unit"), of("set"), of("indicator")].join("|"), key);
        assert_eq!(value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(), described);
        assert!(value["version"].is_u64() && of("as_of").ends_with("+07:00"), "{value}");
        rows.insert(key, content(&value));
    }
    rows
}

/// Waits until the topic is told to hold everything, then compares it whole.
fn check(scene: &Scene, server: &Server) {
    // Two looks behind the last event: then every row that it moved was looked at.
    let version = told(server)["version"].as_u64().unwrap();
    await_told(server, "a settled topic", |health| {
        health["figures"]["is_settled"] == true && health["figures"]["version"].as_u64() > Some(version)
    });
    let (shown, published) = (shown(server), published(scene));
    assert!(shown.len() > 1_000, "{} rows are shown", shown.len());
    let differ: Vec<_> = shown.iter().filter(|(key, row)| published.get(*key) != Some(row)).take(3).collect();
    assert!(differ.is_empty(), "{differ:?} are not published so");
    let strange: Vec<_> = published.keys().filter(|key| !shown.contains_key(*key)).take(3).collect();
    assert!(strange.is_empty(), "{strange:?} are published and not shown");
}

#[test]
fn the_last_value_of_every_key_is_what_is_shown() {
    let scene = scene(shared(), "out.");
    let lines = events(seed() + 160, 6_000);
    let server = scene.serve();
    for some in lines.chunks(2_000) {
        scene.produce(some, Compression::Lz4, Mode::Structured);
    }
    await_counted(&server, &lines);
    check(&scene, &server);
    let officers = server.get("/api/v1/scores?period=2026-02&by=officer").json();
    let officer = officers["units"][0]["code"].as_str().expect("there are officers").to_owned();
    let keys = published(&scene);
    assert!(keys.keys().all(|key| key.split('|').nth(1) != Some(&officer)), "officers are never published");
    assert!(server.get("/metrics").text().contains("nhip_figures_behind 0"));

    // Each key at most once a second, by the broker's own clock.
    let mut last = BTreeMap::new();
    for message in scene.client(&["read", &scene.topic("figures")]).as_array().unwrap() {
        let key = message["key"].as_str().unwrap().to_owned();
        let at: i64 = message["timestamp"].as_str().unwrap().parse().unwrap();
        if let Some(before) = last.insert(key.clone(), at) {
            assert!(at - before >= APART_MIN, "{key} came twice within {} ms", at - before);
        }
    }
}

#[test]
fn after_kill_9_in_the_middle_the_topic_comes_to_what_is_shown_and_rows_that_are_gone_are_taken_away() {
    let scene = scene(shared(), "outkill.");
    let lines = events(seed() + 161, 12_000);
    // Rows of nobody, as a former life with other periods or units would leave them.
    let stray = [("2019-01|X|portal-2026|1.1", "{}"), ("2026-02|X|portal-2026|1.1", "{}")];
    let stray: Vec<String> =
        stray.iter().map(|(key, value)| json!({ "key": key, "value": value }).to_string()).collect();
    let file = scene.folder.write("stray.ndjson", stray.join("\n") + "\n");
    scene.client(&["put", &scene.topic("figures"), &file]);
    for some in lines.chunks(lines.len() / 3) {
        scene.while_producing(some, || {
            let server = scene.serve();
            let before = sum(&told(&server), "applied");
            await_told(&server, "something published", |health| {
                health["figures"]["published"].as_u64() > Some(0) && sum(health, "applied") > before
            });
            server.kill();
        });
    }
    let server = scene.serve();
    await_counted(&server, &lines);
    check(&scene, &server);
    server.kill();
    // Nothing has changed: nothing is sent again.
    let server = scene.serve();
    check(&scene, &server);
    assert!(told(&server)["figures"]["published"].as_u64() < Some(500), "{}", told(&server)["figures"]);
}

#[test]
fn a_broker_that_is_gone_makes_figures_late_and_nothing_else() {
    let mut broker = Broker::start();
    let scene = scene(&broker, "outlate.");
    let lines = events(seed() + 162, 4_000);
    let server = scene.serve();
    let (first, rest) = lines.split_at(lines.len() / 2);
    scene.produce(first, Compression::Lz4, Mode::Structured);
    await_counted(&server, first);
    check(&scene, &server);
    broker.kill();
    // Over HTTP intake goes on as ever.
    for some in rest.chunks(500) {
        server.post_batch(&(some.join("\n") + "\n"));
    }
    let is_late = within(PATIENCE, || {
        std::thread::sleep(Duration::from_millis(100));
        let figures = &told(&server)["figures"];
        figures["is_settled"] == false && figures["failed"].as_u64() > Some(0)
    });
    assert!(is_late, "{}", told(&server)["figures"]);
    assert_eq!(told(&server)["status"], "ok");
    assert!(server.get("/metrics").text().contains("nhip_figures_behind 1"));
    broker.up();
    check(&scene, &server);
}
