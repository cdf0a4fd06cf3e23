//! Messages that are gone before they were taken: marked for good, told, never jumped over in silence.

use std::time::Duration;

use acceptance_tests::server::{Server, within};
use ingest::kafka::{Compression, Mode};
use serde_json::Value;

use super::broker::shared;
use super::load::{events, seed};
use super::scene::{PATIENCE, Scene, await_counted, await_idle, await_told, told};
use super::truth::{assert_shows, health, sum};

/// Events of the topic that is spoilt, and all others, which come first.
fn split(lines: &[String]) -> (Vec<String>, Vec<String>) {
    lines.iter().cloned().partition(|line| line.contains(r#""type":"dossier."#))
}

/// Has the server take the others and the first of the dossiers' events.
fn begin(scene: &Scene, others: &[String], first: &[String]) -> Server {
    let server = scene.serve();
    let both = [others, first].concat();
    scene.produce(&both, Compression::Lz4, Mode::Structured);
    await_counted(&server, &both);
    server
}

fn incomplete(server: &Server) -> Vec<Value> {
    told(server)["kafka"]["incomplete"].as_array().cloned().unwrap_or_default()
}

fn ends(scene: &Scene) -> (i64, i64) {
    let told = scene.client(&["offsets", &scene.topic("dossiers")]);
    let of = |name: &str| told[0][name].as_str().unwrap().parse().unwrap();
    (of("low"), of("high"))
}

fn assert_marked(server: &Server, kind: &str, from: i64, to: i64) {
    let marks = incomplete(server);
    assert_eq!(marks.len(), 1, "{marks:?}");
    let mark = &marks[0];
    assert_eq!(
        (&mark["kind"], &mark["from"], &mark["to"]),
        (&kind.into(), &from.into(), &to.into()),
        "{mark}"
    );
    assert!(server.get("/metrics").text().contains("nhip_kafka_incomplete 1"));
    assert!(server.stderr().contains("incomplete"), "an alarm is logged:\n{}", server.stderr());
}

#[test]
fn records_deleted_before_they_were_read_leave_a_mark_that_survives() {
    let scene = Scene::new(shared(), "deleted.", 1, &[]);
    let lines = events(seed() + 130, 3_000);
    let (dossiers, others) = split(&lines);
    let (first, rest) = dossiers.split_at(dossiers.len() / 3);
    let (lost, rest) = rest.split_at(rest.len() / 2);
    let server = begin(&scene, &others, first);
    server.kill();
    let (_, from) = ends(&scene);
    scene.produce(lost, Compression::Lz4, Mode::Structured);
    let (_, to) = ends(&scene);
    scene.client(&["delete-records", &scene.topic("dossiers"), "0", &to.to_string()]);
    scene.produce(rest, Compression::Lz4, Mode::Structured);

    let server = scene.serve();
    let there = [&others, first, rest].concat();
    await_counted(&server, &there);
    assert_shows(&server, &there);
    assert_marked(&server, "expired", from, to);
    server.kill();
    // What is missing is known from the log, after any stop; and sending it again is all it takes.
    let server = scene.serve();
    await_idle(&server);
    assert_eq!(incomplete(&server).len(), 1);
    scene.produce(lost, Compression::Lz4, Mode::Structured);
    await_counted(&server, &lines);
    assert_shows(&server, &lines);
    assert_eq!(incomplete(&server).len(), 1, "a mark is for good");
}

#[test]
fn messages_that_expired_while_the_server_was_down_leave_a_mark() {
    let scene = Scene::new(shared(), "under.", 1, &["retention.ms=1000", "segment.ms=500"]);
    let lines = events(seed() + 131, 3_000);
    let (dossiers, others) = split(&lines);
    let (first, rest) = dossiers.split_at(dossiers.len() / 2);
    let server = begin(&scene, &others, first);
    server.kill();
    let (_, from) = ends(&scene);
    scene.produce(rest, Compression::Lz4, Mode::Structured);
    let (_, to) = ends(&scene);
    // Retention works on whole segments: a later message makes the broker begin another.
    let is_expired = within(PATIENCE, || {
        scene.produce(&rest[..1], Compression::None, Mode::Structured);
        std::thread::sleep(Duration::from_millis(600));
        ends(&scene).0 >= to
    });
    assert!(is_expired, "nothing expires: {:?}", ends(&scene));
    let server = scene.serve();
    await_told(&server, "a mark", |_| !incomplete(&server).is_empty());
    let mark = &incomplete(&server)[0];
    assert_eq!((&mark["kind"], &mark["from"]), (&"expired".into(), &from.into()), "{mark}");
    assert!(mark["to"].as_i64().unwrap() >= to, "{mark}");
    scene.produce(rest, Compression::Lz4, Mode::Structured);
    await_counted(&server, &lines);
    assert_shows(&server, &lines);
}

#[test]
fn a_topic_made_anew_is_read_from_its_beginning_and_marked() {
    let scene = Scene::new(shared(), "anew.", 1, &[]);
    let lines = events(seed() + 132, 3_000);
    let (dossiers, others) = split(&lines);
    let (first, rest) = dossiers.split_at(2 * dossiers.len() / 3);
    let server = begin(&scene, &others, first);
    server.kill();
    let (_, before) = ends(&scene);
    scene.client(&["delete", &scene.topic("dossiers")]);
    scene.client(&["create", &scene.topic("dossiers"), "1"]);
    scene.produce(rest, Compression::Lz4, Mode::Structured);
    let (_, high) = ends(&scene);
    assert!(high < before);
    let server = scene.serve();
    await_counted(&server, &lines);
    assert_shows(&server, &lines);
    assert_marked(&server, "truncated", high, before);
}

#[test]
fn a_topic_made_anew_under_a_running_consumer_is_noticed() {
    let scene = Scene::new(shared(), "live.", 1, &[]);
    let lines = events(seed() + 133, 3_000);
    let (dossiers, others) = split(&lines);
    let (first, rest) = dossiers.split_at(2 * dossiers.len() / 3);
    let server = begin(&scene, &others, first);
    scene.client(&["delete", &scene.topic("dossiers")]);
    scene.client(&["create", &scene.topic("dossiers"), "1"]);
    scene.produce(rest, Compression::Lz4, Mode::Structured);
    await_counted(&server, &lines);
    assert_shows(&server, &lines);
    let marks = incomplete(&server);
    assert!(marks.iter().all(|mark| mark["kind"] == "truncated") && !marks.is_empty(), "{marks:?}");
    assert_eq!(sum(&health(&server), "set_aside"), 0);
}
