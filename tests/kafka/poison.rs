//! Messages that are no events, among good ones: set aside, sent on whole, and nothing is held up.

use ingest::kafka::{Compression, Mode};
use serde_json::{Value, json};

use super::broker::shared;
use super::load::{events, seed};
use super::scene::{Scene, await_counted, await_told, told};
use super::truth::{assert_same, batch, health, shown, sum};

/// One in so many is poison.
const EVERY: usize = 100;

#[test]
fn one_poisoned_message_in_a_hundred_is_set_aside_and_sent_to_the_dead_letters() {
    let scene = Scene::new(shared(), "poison.", 3, &[]);
    let good = events(seed() + 140, 20_000);
    let poison = [
        "Nguyen Van A, 0912".to_owned(),
        json!({ "id": "1", "source": "/s", "type": "dossier.paid", "subject": "H", "time": "2026-13-01" }).to_string(),
        json!({ "id": "2", "source": "/s", "type": "dossier.unheard_of", "subject": "H", "time": "2026-02-01T08:00:00Z" })
            .to_string(),
    ];
    let mut lines = Vec::new();
    let mut sent = 0u64;
    for (place, line) in good.iter().enumerate() {
        lines.push(line.clone());
        if place % EVERY == 0 {
            lines.push(poison[place / EVERY % poison.len()].clone());
            sent += 1;
        }
    }
    let server = scene.serve();
    let (first, rest) = lines.split_at(lines.len() / 2);
    scene.produce(first, Compression::Lz4, Mode::Structured);
    let file = scene.folder.write("rest.ndjson", rest.join("\n") + "\n");
    scene.client(&["produce", &scene.topic("dossiers"), &file, "binary", "gzip"]);
    await_counted(&server, &good);
    await_told(&server, "every dead letter", |health| health["kafka"]["dead_letters"]["produced"] == sent);

    let health = health(&server);
    assert_eq!(sum(&health, "set_aside"), sent, "{health}");
    assert_same(&shown(&server), &batch(&good));
    assert_eq!(told(&server)["status"], "ok");
    let listed = server.get("/api/v1/rejects").json()["rejects"].as_array().unwrap().clone();
    assert_eq!(listed.len() as u64, sent, "each is on the list");
    let letters = scene.client(&["read", &scene.topic("dead-letters")]);
    let letters = letters.as_array().unwrap();
    assert_eq!(letters.len() as u64, sent, "each is a dead letter, once");
    let mut matched = 0;
    for letter in letters {
        let headers = &letter["headers"];
        let of = |name: &str| headers[name].as_str().unwrap_or_default().to_owned();
        let same = listed.iter().find(|one| one["via"] == of("nhip_origin").as_str()).expect("on the list");
        assert_eq!(same["reason"], of("nhip_reason"), "{letter}");
        assert_eq!(same["field"].as_str().unwrap_or_default(), of("nhip_field"), "{letter}");
        matched += usize::from(of("x-sender") == "independent" && letter["key"] == "poison");
    }
    assert!(matched > 0, "headers and keys of the sender are kept");

    // Mended and sent again, it is taken off the list, as any other.
    let number = &listed[0]["number"];
    let answer =
        server.post(&format!("/api/v1/rejects/{number}/retry"), "application/json", good[0].as_bytes());
    assert_eq!(
        (answer.status, &answer.json()["is_resolved"]),
        (202, &Value::Bool(true)),
        "{}",
        answer.text()
    );
}

#[test]
fn a_dead_letter_topic_that_is_missing_holds_nothing_up() {
    let scene = Scene::new(shared(), "letters.", 1, &[]);
    scene.set("", "");
    let text = std::fs::read_to_string(scene.settings_file()).unwrap();
    scene.folder.write("settings.toml", text.replace("letters.dead-letters", "letters.nowhere"));
    let mut lines = events(seed() + 141, 1_000);
    let server = scene.serve();
    lines.insert(10, "no event".to_owned());
    scene.produce(&lines, Compression::Lz4, Mode::Structured);
    lines.remove(10);
    await_counted(&server, &lines);
    assert_eq!(sum(&health(&server), "set_aside"), 1);
    assert_eq!(told(&server)["kafka"]["dead_letters"]["produced"], 0);
}
