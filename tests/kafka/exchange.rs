//! National exchange messages over Kafka show what they show over HTTP, and keep no more.

use acceptance_tests::server::{Server, within};
use acceptance_tests::story::events;
use serde_json::{Value, json};
use store::{DataFolder, FolderSettings};

use super::broker::shared;
use super::encoding::plain;
use super::scene::{PATIENCE, Scene, await_idle, await_told, told};
use super::truth::sum;

/// What stands for an applicant's name and number.
const PLANTED: &str = "PLANTED";

/// Dossiers of a commune, as a province's system tells of them: when accepted, and again when ended.
fn messages() -> Vec<Value> {
    let mut messages = Vec::new();
    for number in 0..60 {
        let day = 1 + number % 8;
        let mut message = json!({
            "MaHoSo": format!("H{number}"), "MaTTHC": "T", "DonViXuLy": if number % 3 == 0 { "C2" } else { "C1" },
            "KenhThucHien": 1 + number % 2, "TrangThaiHoSo": 2, "NgayNopHoSo": format!("202610{day:02}073000"),
            "NgayTiepNhan": format!("202610{day:02}080000"), "NgayHenTra": "20261014173000",
            "TaiLieuNop": [{ "DuocSoHoa": 1 }], "ChuHoSo": PLANTED, "SoDinhDanh": "001099PLANTED",
        });
        messages.push(message.clone());
        if number % 4 != 0 {
            let done = 10 + number % 10;
            message["TrangThaiHoSo"] = json!(9);
            message["NgayKetThucXuLy"] = json!(format!("202610{done:02}100000"));
            messages.push(message);
        }
        if number % 20 == 0 {
            // Ended, and nobody says when: odd, and taken.
            messages.push(
                json!({ "MaHoSo": format!("H{number}"), "TrangThaiHoSo": 6, "NgayHenTra": "20261014173000" }),
            );
        }
    }
    messages
}

fn figures(server: &Server) -> Vec<Value> {
    let ask = |(set, level)| {
        server.get(&format!("/api/v1/scores?period=2026-10&set={set}&by={level}")).json()["units"].clone()
    };
    let sets = ["portal-2026", "method-note-2026"];
    sets.into_iter().flat_map(|set| ["agency", "officer"].map(|level| (set, level))).map(ask).collect()
}

fn findings(server: &Server) -> Vec<String> {
    let metrics = server.get("/metrics").text();
    metrics
        .lines()
        .filter(|line| line.starts_with("nhip_exchange_findings_total"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn exchange_messages_show_over_kafka_what_they_show_over_http() {
    let scene = Scene::new(shared(), "exchange.", 2, &[]);
    scene.client(&["create", &scene.topic("mot-cua"), "3"]);
    scene.set("exchange = [{ topic = \"mot-cua\", source = \"/hoa-binh/mot-cua\" }]", "");
    let (consuming, posted) = (scene.serve(), Server::start());
    let messages = messages();
    for server in [&consuming, &posted] {
        server.post_batch(&events(""));
    }
    let lines: Vec<String> = messages.iter().map(Value::to_string).collect();
    let mut bad = messages[0].clone();
    bad["MaHoSo"] = json!("BAD");
    bad["NgayHenTra"] = json!("PLANTED 09/10/2026");
    let sent = [&lines[..], &[bad.to_string(), "[]".to_owned(), "PLANTED, no message".to_owned()]].concat();
    let file = scene.folder.write("messages.ndjson", sent.join("\n") + "\n");
    let produce = || scene.client(&["produce", &scene.topic("mot-cua"), &file, "raw", "gzip"]);
    produce();
    let answer = posted.post(
        "/api/v1/exchange?source=/hoa-binh/mot-cua",
        "application/x-ndjson",
        lines.join("\n").as_bytes(),
    );
    assert_eq!(answer.status, 202, "{}", answer.text());

    let came = |health: &Value| sum(health, "set_aside");
    await_told(&consuming, "three messages set aside", |health| {
        health["sources"].is_array() && came(health) == 3
    });
    await_idle(&consuming);
    let expected = figures(&posted);
    assert!(expected[0].as_array().is_some_and(|units| units.len() > 2), "{expected:?}");
    assert_eq!(figures(&consuming), expected);
    let odd = findings(&posted);
    assert!(!odd.is_empty());
    assert_eq!(findings(&consuming), odd, "what is odd is counted the same");

    // Sent again, whole: identity absorbs it, and the figures stay.
    let applied = sum(&told(&consuming), "applied");
    produce();
    await_told(&consuming, "the same set aside again", |health| {
        health["sources"].is_array() && came(health) == 6
    });
    await_idle(&consuming);
    assert_eq!(sum(&told(&consuming), "applied"), applied, "nothing is taken twice");
    assert_eq!(figures(&consuming), expected);
    let metrics = consuming.get("/metrics").text();
    assert!(metrics.contains("nhip_events_rejected_total{reason=\"not_exchange_date\"} 2"), "{metrics}");

    check_rejects(&scene, &consuming);
    consuming.kill();
    let again = scene.serve();
    assert_eq!(figures(&again), expected, "after a crash");
    assert_eq!(told(&again)["kafka"]["is_complete"], true);
    let shown = [again.stderr(), told(&again).to_string()].concat();
    assert!(!shown.contains(PLANTED), "{shown}");
    again.kill();
    check_folder(&scene);
}

/// On the list and in the dead letters, without an applicant's data; mended like any other.
fn check_rejects(scene: &Scene, server: &Server) {
    await_told(server, "every dead letter", |health| health["kafka"]["dead_letters"]["produced"] == 6);
    let letters = scene.client(&["read", &scene.topic("dead-letters")]);
    let listed = server.get("/api/v1/rejects").json();
    for letter in letters.as_array().unwrap() {
        let text = letter["value"].as_str().map(plain).unwrap_or_default();
        assert!(
            !text.contains(PLANTED) && !letter["headers"].to_string().contains(PLANTED),
            "{letter}: {text}"
        );
        let origin = letter["headers"]["nhip_origin"].as_str().unwrap();
        assert!(origin.starts_with("kafka:exchange.mot-cua/"), "{letter}");
        let via = format!("exchange:{origin}");
        let same = listed["rejects"].as_array().unwrap().iter().find(|one| one["via"] == via.as_str());
        assert_eq!(same.expect("on the list")["reason"], letter["headers"]["nhip_reason"], "{letter}");
    }
    assert!(!listed.to_string().contains(PLANTED), "{listed}");
    let bad = listed["rejects"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["reason"] == "not_exchange_date")
        .unwrap();
    let mended = json!({ "MaHoSo": "BAD", "MaTTHC": "T", "DonViXuLy": "C1", "KenhThucHien": 2,
        "NgayNopHoSo": "20261101073000", "NgayTiepNhan": "20261101080000", "NgayHenTra": "20261109173000" });
    let number = &bad["number"];
    let answer = server.post(
        &format!("/api/v1/rejects/{number}/retry"),
        "application/json",
        mended.to_string().as_bytes(),
    );
    assert_eq!(answer.status, 202, "{}", answer.text());
    let is_there = within(PATIENCE, || server.get("/api/v1/subjects/BAD").status == 200);
    assert!(is_there, "the mended message counts");
}

/// The log is packed, so it is read as the program reads it.
fn check_folder(scene: &Scene) {
    let folder = DataFolder::open(scene.folder.path("data").as_ref(), FolderSettings::default()).unwrap();
    let reader = folder.log.reader();
    let mut bytes = 0;
    for chunk in reader.read_from(reader.first_offset()) {
        let text = String::from_utf8(chunk.unwrap().bytes).unwrap();
        assert!(!text.contains(PLANTED), "{text}");
        bytes += text.len();
    }
    assert!(bytes > 10_000, "the log was read: {bytes}");
    for kept in reader.set_aside_list(0, 100).unwrap() {
        let text = String::from_utf8(kept.bytes).unwrap();
        assert!(!text.contains(PLANTED), "{text}");
    }
}
