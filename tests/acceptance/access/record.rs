//! The record of access: what is written down, that nothing is shown without it, and that a slip in it is found.

use std::fs;

use acceptance_tests::program::nhip;
use acceptance_tests::server::{Server, within};
use serde_json::Value;

use super::scene::{MONTH, PATIENCE, Scene};

fn records(scene: &Scene) -> Vec<Value> {
    let text =
        fs::read_to_string(scene.folder.path("data/access/audit/records.jsonl")).expect("it can be read");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn verify(scene: &Scene) -> (i32, String) {
    let ran = nhip(&["audit", "verify", "--data", &scene.folder.path("data")], b"");
    (ran.status, ran.text() + &ran.stderr)
}

#[test]
fn who_saw_took_along_changed_or_was_refused_is_written_down() {
    let scene = Scene::told();
    let (auditor, staff) =
        (scene.token(&["--role", "auditor"]), scene.token(&["--role", "agency_staff", "--unit", "C1"]));
    let operator = scene.token(&["--role", "operator"]);
    let paths = [
        ("seen", &auditor, "/ho-so/DOSSIERTWO".to_owned(), 200),
        ("exported", &staff, format!("/danh-sach.csv?period={MONTH}&unit=C1&indicator=2.1&part=den"), 200),
        ("seen", &auditor, format!("/api/v1/scores?period={MONTH}&by=officer"), 200),
        ("refused", &staff, "/api/v1/rejects".to_owned(), 403),
    ];
    let before = records(&scene).len();
    for (_, token, path, status) in &paths {
        assert_eq!(scene.get(path, Some(token)).status, *status, "{path}");
    }
    // What shows neither dossiers nor officers is not written down.
    assert_eq!(scene.get(&format!("/api/v1/scores?period={MONTH}"), Some(&auditor)).status, 200);
    let asked = super::scene::bearer(Some(&operator));
    assert_eq!(scene.ask("POST", "/api/v1/backups", &asked, b"").status, 200);
    let written = &records(&scene)[before..];
    let told: Vec<(&str, &str)> = written
        .iter()
        .map(|record| (record["did"].as_str().expect("it says"), record["what"].as_str().expect("it says")))
        .collect();
    assert_eq!(
        told,
        [
            ("seen", "GET /ho-so/{dossier}"),
            ("exported", "GET /danh-sach.csv"),
            ("seen", "GET /api/v1/scores"),
            ("refused", "GET /api/v1/rejects"),
            ("changed", "POST /api/v1/backups"),
        ]
    );
    assert_eq!(written[0]["of"]["dossier"], "DOSSIERTWO");
    assert_eq!((&written[1]["of"]["unit"], &written[1]["of"]["indicator"]), (&"C1".into(), &"2.1".into()));
    assert!(written.iter().all(|record| record["who"].as_str().is_some_and(|who| who.starts_with("token:"))));
    let (status, text) = verify(&scene);
    assert_eq!(status, 0, "{text}");
    let found = scene.get("/nhat-ky?text=dossiertwo", Some(&auditor)).text();
    assert!(
        found.contains("DOSSIERTWO") && !found.contains("danh-sach.csv"),
        "the search finds it and no other"
    );
}

#[test]
fn every_slip_in_the_record_is_found_and_the_server_does_not_go_on_with_it() {
    let scene = Scene::told();
    let auditor = scene.token(&["--role", "auditor"]);
    for name in
        ["ho-so/DOSSIERONE", "ho-so/DOSSIERTWO", "can-bo/OFFICERONE", "can-bo/OFFICERTWO", "don-vi/C1"]
    {
        assert_eq!(scene.get(&format!("/{name}?period={MONTH}"), Some(&auditor)).status, 200, "{name}");
    }
    let data = scene.folder.path("data");
    let settings = scene.folder.path("settings.toml");
    let Scene { server, folder } = scene;
    server.kill();
    let path = folder.path("data/access/audit/records.jsonl");
    let whole = fs::read_to_string(&path).expect("it can be read");
    let lines: Vec<&str> = whole.lines().collect();
    let joined = |lines: &[&str]| lines.iter().fold(String::new(), |text, line| text + line + "\n");
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    let edited = whole.replacen("DOSSIERONE", "DOSSIERTWO", 1);
    for (slip, text, says) in [
        ("an edit", edited, "was changed or replaced"),
        ("a line taken out", joined(&[&lines[..1], &lines[2..]].concat()), "taken out"),
        ("lines moved", joined(&swapped), "moved"),
        ("the end cut off", joined(&lines[..lines.len() - 1]), "its end was cut off"),
        ("nothing left", String::new(), "its end was cut off"),
    ] {
        fs::write(&path, text).expect("it can be written");
        let ran = nhip(&["audit", "verify", "--data", &data], b"");
        assert_eq!(ran.status, 1, "{slip}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{slip}: {}", ran.stderr);
        let not = Server::launch(&["--data", &data, "--settings", &settings]).expect_err("it does not start");
        assert!(not.stderr.contains("does not hold together"), "{slip}: {}", not.stderr);
    }
    // Half a line is what a power cut leaves of an entry nobody was told is kept.
    fs::write(&path, format!("{whole}{{\"n\":")).expect("it can be written");
    let server = Server::launch(&["--data", &data, "--settings", &settings]).expect("it starts");
    assert!(within(PATIENCE, || server.get("/readyz").status == 200));
    drop(server);
    let head = folder.path("data/access/audit/head.json");
    let signed = fs::read_to_string(&head).expect("it can be read");
    fs::write(&head, signed.replacen("\"number\":", "\"number\":1", 1)).expect("it can be written");
    let ran = nhip(&["audit", "verify", "--data", &data], b"");
    assert!(ran.status == 1 && ran.stderr.contains("not signed"), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_written_down_is_not_shown() {
    let scene = Scene::told();
    let auditor = scene.token(&["--role", "auditor"]);
    assert_eq!(scene.get("/ho-so/DOSSIERONE", Some(&auditor)).status, 200);
    let folder = scene.folder.path("data/access/audit");
    // The head cannot be replaced by a file where a folder stands in the way.
    fs::create_dir(format!("{folder}/head.unfinished")).expect("a folder can be made");
    assert_eq!(
        scene.get("/ho-so/DOSSIERONE", Some(&auditor)).status,
        200,
        "that they see it stands there already"
    );
    let refused = scene.get("/ho-so/DOSSIERTWO", Some(&auditor));
    assert_eq!(refused.status, 503, "{}", refused.text());
    let refused_too = scene.get("/api/v1/subjects/DOSSIERTWO", Some(&auditor));
    assert_eq!((refused_too.status, &refused_too.json()["code"]), (503, &"not_recorded".into()));
    assert!(!refused.text().contains("OFFICERTWO"));
    assert_eq!(
        scene.get(&format!("/api/v1/ranking?period={MONTH}"), Some(&auditor)).status,
        200,
        "the rest goes on"
    );
    fs::remove_dir(format!("{folder}/head.unfinished")).expect("it can be taken away");
    assert_eq!(scene.get("/ho-so/DOSSIERTWO", Some(&auditor)).status, 200);
    let told = records(&scene).into_iter().filter(|record| record["did"] == "seen").count();
    assert_eq!(told, 2, "a page seen again a moment later is one line");
    let (status, text) = verify(&scene);
    assert_eq!(status, 0, "{text}");
}
