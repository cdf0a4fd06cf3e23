//! Alerts over a topic: every alert under its id, also that it is over, and none missed while the broker is away.
//!
//! The server's clock is the system's: a dossier is due a moment from now. Not here: which alerts there are (`alerts`).

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use acceptance_tests::server::within;
use acceptance_tests::shared::root;
use acceptance_tests::story;
use compute::instant::Instant;
use serde_json::{Value, json};

use super::broker::Broker;
use super::encoding::plain;
use super::scene::{PATIENCE, Scene, await_told};

/// Between two looks.
const BEAT: Duration = Duration::from_millis(200);

fn now(seconds: i64) -> Instant {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Instant::from_unix(i64::try_from(now.as_secs()).unwrap() + seconds, 0)
}

fn event(kind: &str, subject: &str, at: Instant, data: &Value) -> String {
    json!({
        "specversion": "1.0", "id": format!("{kind}-{subject}"), "source": "/s", "type": kind, "subject": subject,
        "time": at.to_local(), "data": data,
    })
    .to_string()
}

/// A dossier that is overdue in a moment.
fn due_soon(subject: &str) -> String {
    let data = json!({
        "procedure": "T", "agency": "C1", "officer": "O1", "channel": "online", "due_at": now(3).to_local(),
    });
    event("dossier.accepted", subject, now(-60), &data)
}

/// Key, phase, subject and the outbox's message of every record.
fn records(scene: &Scene) -> Vec<(String, String, String, String)> {
    let members: BTreeSet<String> = {
        let text = std::fs::read_to_string(root().join("docs/asyncapi.json")).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        document["components"]["schemas"]["Alert"]["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let messages = scene.client(&["read", &scene.topic("alerts")]);
    let read = |message: &Value| {
        let value: Value = serde_json::from_str(&plain(message["value"].as_str().unwrap())).unwrap();
        assert_eq!(
            value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(),
            members,
            "as described"
        );
        assert_eq!((&value["id"], &value["unit"]), (&message["key"], &json!("C1")), "{value}");
        let of = |name: &str| value[name].as_str().unwrap().to_owned();
        (
            of("id"),
            of("phase"),
            of("subject"),
            message["headers"]["nhip_message"].as_str().unwrap().to_owned(),
        )
    };
    messages.as_array().unwrap().iter().map(read).collect()
}

fn phases(scene: &Scene, subject: &str) -> Vec<String> {
    let all = records(scene).into_iter().filter(|record| record.2 == subject);
    all.map(|record| record.1).collect()
}

#[test]
fn every_alert_goes_to_the_topic_under_its_id_also_over_a_broker_that_is_away() {
    let mut broker = Broker::start();
    let scene = Scene::new(&broker, "alerts.", 1, &[]);
    scene.client(&["create", &scene.topic("alerts"), "2", "cleanup.policy=compact"]);
    let rules = scene.folder.write(
        "rules.toml",
        "[[rule]]\nid = \"overdue\"\nlook_for = \"overdue\"\nseverity = \"critical\"\nvi = \"Hồ sơ quá hạn\"\n\
         en = \"Dossier overdue\"\nat_once = true\nevery_minutes = 0\n",
    );
    // The bound of an hour is for people: nothing of a topic is folded.
    scene.set(
        "",
        &format!(
            "[alerts]\nrules = {}\nmessages_per_hour = 1\n[[alerts.channels]]\nname = \"others\"\nkind = \"kafka\"\n\
             topic = \"alerts.alerts\"\n",
            json!(rules)
        ),
    );
    let server = scene.serve();
    await_told(&server, "everything looked at", |health| health["alerts"]["is_looking"] == false);
    server.post_batch(&story::events(""));
    server.post_batch(&(due_soon("A1") + "\n"));
    let told = |subject: &str, phase: &str| {
        within(PATIENCE, || {
            std::thread::sleep(BEAT);
            phases(&scene, subject).iter().any(|known| known == phase)
        })
    };
    assert!(told("A1", "raised"), "{:?}\n{}", records(&scene), server.stderr());
    let done = json!({ "outcome": "granted", "result_digital": true });
    server.post_batch(&(event("dossier.processed", "A1", now(0), &done) + "\n"));
    assert!(told("A1", "resolved"), "{:?}\n{}", records(&scene), server.stderr());
    let of_one: BTreeSet<String> = records(&scene).into_iter().map(|record| record.0).collect();
    assert_eq!(of_one.len(), 1, "one cause, one key: compaction leaves its last word");

    // While the broker is away alerts wait; a process killed meanwhile owes them still.
    broker.kill();
    server.post_batch(&(due_soon("A2") + "\n" + &due_soon("A3") + "\n"));
    await_told(&server, "an alert that is owed", |health| {
        health["alerts"]["channels"].to_string().contains("\"failures\":") && owed(health) > 0
    });
    server.kill();
    broker.up();
    let server = scene.serve();
    for subject in ["A2", "A3"] {
        assert!(told(subject, "raised"), "{subject}: {:?}\n{}", records(&scene), server.stderr());
    }
    await_told(&server, "nothing owed", |health| owed(health) == 0);
    // Whatever came twice came under one key and one number.
    let all = records(&scene);
    let once: BTreeSet<_> = all.iter().cloned().collect();
    assert!(once.len() == 4 || once.len() == 3, "{all:?}");
}

fn owed(health: &Value) -> u64 {
    let channels = health["alerts"]["channels"].as_array().cloned().unwrap_or_default();
    channels.iter().filter_map(|channel| channel["owed"].as_u64()).sum()
}
