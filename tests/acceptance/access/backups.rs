//! A machine that burns: the backup of its running server brings back who gets in, what was written down, which alerts
//! were taken on, and what days began with.
//!
//! Not here: events and state in a backup (`store`), flips in one (`store`).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use acceptance_tests::program::{Folder, nhip};
use acceptance_tests::server::within;
use acceptance_tests::story::events;
use serde_json::{Value, json};

use super::scene::{PATIENCE, Scene, bearer};

const SETTINGS: &str = "requests_per_second = 10000\n[alerts]\nlink_base = \"https://nhip.example.vn\"\n";

fn alerts(scene: &Scene, token: &str) -> Value {
    scene.get("/api/v1/alerts", Some(token)).json()["alerts"].clone()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a file");
        }
    }
}

/// Files that others than their owner may read.
fn readable_by_others(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        if path.is_dir() {
            found.extend(readable_by_others(&path));
        } else if mode & 0o077 != 0 && !path.ends_with("lock") {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_backup_brings_back_who_gets_in_what_was_written_down_taken_on_and_noted() {
    let scene = Scene::of(Folder::new(), SETTINGS);
    let producer = scene.token(&["--role", "producer", "--source", "/mot-cua"]);
    let (leader, operator) = (scene.token(&["--role", "leader"]), scene.token(&["--role", "operator"]));
    let taken = scene.send(&producer, &events("01/10 08:00 H1 accepted due=02/10 17:30"));
    assert_eq!(taken.status, 202, "{}", taken.text());
    assert!(within(PATIENCE, || alerts(&scene, &leader).as_array().is_some_and(|all| !all.is_empty())));
    let id = alerts(&scene, &leader)[0]["id"].as_str().expect("an id").to_owned();
    let kind = "content-type: application/json\r\n";
    let body = json!({ "by": "An" }).to_string();
    let path = format!("/api/v1/alerts/{id}/acknowledge");
    let acknowledged = scene.ask("POST", &path, &(bearer(Some(&leader)) + kind), body.as_bytes());
    assert_eq!(acknowledged.status, 200, "{}", acknowledged.text());
    let days = |scene: &Scene| scene.get("/api/v1/history?unit=C1", Some(&leader)).json()["days"].clone();
    assert!(within(PATIENCE, || days(&scene).as_array().is_some_and(|days| !days.is_empty())));
    let (alerts_before, days_before) = (alerts(&scene, &leader), days(&scene));

    let made = scene.ask("POST", "/api/v1/backups", &bearer(Some(&operator)), b"");
    assert_eq!(made.status, 200, "{}", made.text());
    let backup = made.json()["folder"].as_str().expect("a folder").to_owned();
    let burned = Folder::new();
    copy(Path::new(&backup), Path::new(&burned.path("backup")));
    drop(scene);

    let restored = nhip(&["restore", "--from", &burned.path("backup"), "--data", &burned.path("data")], b"");
    assert_eq!(restored.status, 0, "{}", restored.stderr);
    assert_eq!(
        readable_by_others(Path::new(&burned.path("data"))),
        [""; 0],
        "all of it is the owner's alone"
    );
    let verified = nhip(&["verify", "--data", &burned.path("data")], b"");
    assert_eq!(verified.status, 0, "{}{}", verified.text(), verified.stderr);
    assert!(verified.text().contains("record of access: "), "{}", verified.text());
    let scene = Scene::of(burned, SETTINGS);
    assert_eq!(scene.get("/api/v1/ranking", Some(&leader)).status, 200, "the token is known");
    assert_eq!(alerts(&scene, &leader), alerts_before, "taken on by whom, and not raised again");
    assert_eq!(days(&scene), days_before);
    let audit = nhip(&["audit", "verify", "--data", &scene.folder.path("data")], b"");
    assert_eq!(audit.status, 0, "{}{}", audit.text(), audit.stderr);
    let record =
        fs::read_to_string(scene.folder.path("data/access/audit/records.jsonl")).expect("it is there");
    assert!(record.contains("POST /api/v1/alerts/{id}/acknowledge"), "{record}");
}
