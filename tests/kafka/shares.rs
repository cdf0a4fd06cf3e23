//! What workers do beside counting, and what they refuse: letters, exchange messages, figures out, identities of two
//! shares, a topic that grows, a broker that dies.
//!
//! Not here: workers and readers that come and go (`scale`).

use acceptance_tests::server::Server;
use acceptance_tests::story;
use ingest::kafka::{Compression, Mode};
use serde_json::{Value, json};

use super::broker::{Broker, shared};
use super::encoding::plain;
use super::load::{events, seed};
use super::scale::{Province, assert_shows, await_shares, await_so};
use super::scene::{Scene, told};

const BROKER_KILLS: usize = 2;

fn why(reader: &Value) -> String {
    reader["incomplete"].to_string()
}

/// A sum over all shares.
fn sum(health: &Value, name: &str) -> u64 {
    health["shares"].as_array().into_iter().flatten().filter_map(|share| share[name].as_u64()).sum()
}

fn consumed(health: &Value) -> u64 {
    sum(health, "consumed")
}

fn applied(health: &Value) -> u64 {
    sum(health, "applied")
}

/// Dossiers of one office, one line each: `id` and subject.
fn submitted(id: &str, subject: &str) -> String {
    json!({
        "specversion": "1.0", "id": id, "source": "/s", "type": "dossier.submitted", "subject": subject,
        "time": "2026-10-05T08:00:00+07:00",
        "data": { "procedure": "T", "agency": "C1", "channel": "online" },
    })
    .to_string()
}

#[test]
fn one_identity_in_two_shares_and_a_topic_that_grows_are_said_and_never_passed_over() {
    let province = Province::new(shared(), "identity.", "");
    let (worker, reader) = (province.worker(), province.reader());
    await_shares(&[&worker]);
    let mut lines: Vec<String> = story::events("").lines().map(str::to_owned).collect();
    lines.extend((0..40).map(|number| submitted(&format!("e{number}"), &format!("H{number}"))));
    // The same event again is one event, wherever it stands.
    let again = lines.clone();
    province.produce(&lines);
    province.produce(&again);
    await_so(&reader, "every event twice", |health| sum(health, "duplicate") == 40);
    assert_eq!(told(&reader)["status"], "ok", "{:#}", told(&reader));
    worker.kill();
    // Whoever takes the shares over reads them from the beginning and says no identity twice.
    let worker = province.worker_on("elsewhere");
    await_shares(&[&worker]);
    assert_eq!(told(&reader)["identities_clashing"], 0, "{:#}", told(&reader));

    // One identity on other dossiers, some of which lie in other shares: one process would drop a copy.
    let clashing: Vec<String> = (0..6).map(|number| submitted("e1", &format!("X{number}"))).collect();
    province.produce(&clashing);
    await_so(&reader, "every event", |health| consumed(health) == 86);
    let health = told(&reader);
    assert!(health["identities_clashing"].as_u64() > Some(0), "{health:#}");
    assert_eq!(health["status"], "incomplete", "{health:#}");
    assert!(why(&health).contains("source and id"), "{health:#}");
    assert_eq!(reader.get("/api/v1/scores?period=2026-10").json()["is_incomplete"], true);
    // A reader started later finds the same.
    let other = province.reader();
    assert_eq!(told(&other)["identities_clashing"], health["identities_clashing"]);

    // More partitions: subjects no longer stay in theirs.
    province.scene.client(&["grow", &province.scene.topic("dossiers"), "8"]);
    await_so(&worker, "the refusal", |health| health.to_string().contains("had 6 partitions and has 8"));
    await_so(&other, "what it means", |health| why(health).contains("was one of 6 partitions"));
    assert!(worker.stderr().contains("new prefix"), "the way out is told: {}", worker.stderr());
}

#[test]
fn workers_send_dead_letters_map_exchange_messages_and_a_reader_publishes_figures() {
    let more = "dead_letters = \"beside.dead-letters\"\nfigures = \"beside.figures\"\n\
                exchange = [{ topic = \"mot-cua\", source = \"/hoa-binh/mot-cua\" }]\n";
    let province = Province::new(shared(), "beside.", more);
    let scene = &province.scene;
    scene.client(&["create", &scene.topic("mot-cua"), "3"]);
    scene.client(&["create", &scene.topic("figures"), "2", "cleanup.policy=compact"]);
    let (one, two, reader) = (province.worker(), province.worker(), province.reader());
    await_shares(&[&one, &two]);
    let office: Vec<String> = story::events("").lines().map(str::to_owned).collect();
    let mut lines = office.clone();
    lines.push("no event".to_owned());
    province.produce(&lines);
    // What everybody reads is read by every share, and its letter is sent once.
    let bad = scene.folder.write("bad.ndjson", "no petition\n".to_owned());
    scene.client(&["produce", &scene.topic("petitions"), &bad, "raw", "none"]);
    let messages: Vec<String> = (0..40)
        .map(|number| {
            json!({
                "MaHoSo": format!("H{number}"), "MaTTHC": "T", "DonViXuLy": "C1", "TrangThaiHoSo": 2,
                "NgayNopHoSo": "20261005073000", "NgayTiepNhan": "20261005080000", "NgayHenTra": "20261014173000",
            })
            .to_string()
        })
        .chain(["[]".to_owned()])
        .collect();
    let file = scene.folder.write("messages.ndjson", messages.join("\n") + "\n");
    // Sent twice, as after a crash of whoever maps them.
    for _ in 0..2 {
        scene.client(&["produce", &scene.topic("mot-cua"), &file, "raw", "gzip"]);
    }
    let both = |part: &str, name: &str| -> u64 {
        [&one, &two].iter().filter_map(|worker| told(worker)[part][name].as_u64()).sum()
    };
    await_so(&one, "every message mapped", |_| both("exchange", "messages") == 82);
    await_so(&one, "every letter", |_| both("dead_letters", "produced") == 4);
    await_so(&reader, "two events of forty dossiers, once", |health| applied(health) == 80);
    for dossier in ["H0", "H39"] {
        assert_eq!(reader.get(&format!("/api/v1/subjects/{dossier}")).status, 200, "{dossier} is there");
    }
    let letters = scene.client(&["read", &scene.topic("dead-letters")]);
    let origins: Vec<&str> =
        letters.as_array().unwrap().iter().filter_map(|one| one["headers"]["nhip_origin"].as_str()).collect();
    assert_eq!(origins.len(), 4, "{letters}");
    for topic in ["dossiers", "petitions", "mot-cua"] {
        assert!(origins.iter().any(|origin| origin.contains(&scene.topic(topic))), "{topic}: {origins:?}");
    }
    // Started again, a worker sends no letter a second time.
    one.kill();
    await_shares(&[&two]);
    let again = province.worker_on("elsewhere");
    two.kill();
    await_shares(&[&again]);
    await_so(&again, "nothing twice", |health| health["dead_letters"]["produced"] == 0);
    assert_eq!(scene.client(&["read", &scene.topic("dead-letters")]).as_array().map(Vec::len), Some(4));
    check_figures(scene, &reader);
}

/// The topic holds what the reader shows.
fn check_figures(scene: &Scene, reader: &Server) {
    // A look behind the last event: then every row that it moved was looked at.
    let version = told(reader)["version"].as_u64();
    await_so(reader, "published figures", |health| {
        health["figures"]["is_settled"] == true && health["figures"]["version"].as_u64() > version
    });
    let mut last = std::collections::BTreeMap::new();
    for message in scene.client(&["read", &scene.topic("figures")]).as_array().unwrap() {
        last.insert(message["key"].as_str().unwrap().to_owned(), message["value"].as_str().map(plain));
    }
    let shown = reader.get("/api/v1/scores?period=2026-10").json();
    let unit = shown["units"].as_array().unwrap().iter().find(|row| row["code"] == "C1").unwrap();
    for figure in unit["indicators"].as_array().unwrap() {
        let key = format!(
            "2026-10|C1|{}|{}",
            shown["set"]["id"].as_str().unwrap(),
            figure["code"].as_str().unwrap()
        );
        let row: Value = serde_json::from_str(last[&key].as_ref().unwrap()).unwrap();
        for name in ["numerator", "denominator", "ratio", "points"] {
            assert_eq!(row[name], figure[name], "{key}");
        }
    }
}

#[test]
fn a_broker_killed_under_load_costs_workers_and_readers_nothing() {
    let mut broker = Broker::start();
    let province = Province::new(&broker, "lost.", "");
    let lines = events(seed() + 190, 12_000);
    let workers = [province.worker(), province.worker(), province.worker()];
    let reader = province.reader();
    await_shares(&workers.each_ref());
    for some in lines.chunks(lines.len().div_ceil(BROKER_KILLS)) {
        let before = consumed(&told(&reader));
        province.scene.while_producing(some, || {
            await_so(&reader, "something new", |health| consumed(health) > before);
            broker.kill();
            broker.up();
        });
    }
    assert_shows(&reader, &lines);
    await_shares(&workers.each_ref());
    assert_shows(&reader, &lines);
}

#[test]
fn events_of_one_mode_and_packing_are_as_good_as_another_for_workers() {
    let province = Province::new(shared(), "modes.", "");
    let (worker, reader) = (province.worker(), province.reader());
    await_shares(&[&worker]);
    let lines = events(seed() + 191, 2_000);
    let packed = [Compression::Gzip, Compression::Snappy, Compression::Zstd, Compression::None];
    for (place, some) in lines.chunks(lines.len().div_ceil(packed.len())).enumerate() {
        let mode = if place % 2 == 0 { Mode::Binary } else { Mode::Structured };
        province.scene.produce(some, packed[place], mode);
    }
    assert_shows(&reader, &lines);
}
