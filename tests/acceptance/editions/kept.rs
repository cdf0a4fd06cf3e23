//! Editions after the machine has burned, after the log was forgotten, and of a period that still runs.

use std::path::Path;

use acceptance_tests::program::{Folder, nhip};
use acceptance_tests::server::within;
use acceptance_tests::story::events;
use serde_json::json;
use store::{Chunk, DataFolder, FolderSettings, LogSettings};

use super::{AT_ONCE, MONTH, PATIENCE, STORY, Scene, launch};

/// Stops the server in good order; its folder and settings.
fn stopped(scene: Scene) -> (Folder, String) {
    let Scene { mut server, folder, settings } = scene;
    server.terminate();
    server.ended(PATIENCE);
    (folder, settings)
}

#[test]
fn a_backup_brings_back_editions_that_are_verified_and_recounted() {
    let scene = Scene::told(AT_ONCE);
    scene.close();
    scene.approve_and_publish(MONTH);
    let (before, key) =
        (scene.sealed(MONTH), scene.server.get("/api/v1/editions").json()["public_key"].clone());
    let (folder, settings) = stopped(scene);
    let (backup, data) = (folder.path("backup"), folder.path("data"));
    let made = nhip(&["backup", "--data", &data, "--to", &backup], b"");
    assert_eq!(made.status, 0, "{}", made.stderr);
    std::fs::remove_dir_all(&data).expect("it burns");
    let restored = nhip(&["restore", "--from", &backup, "--data", &data], b"");
    assert_eq!(restored.status, 0, "{}", restored.stderr);
    assert!(Path::new(&format!("{data}/editions/key.pkcs8")).exists(), "the key is in the backup");
    let file = folder.write("taken.edition", &before);
    let verified = nhip(&["verify-edition", &file, "--data", &data], b"");
    assert_eq!(verified.status, 0, "{}{}", verified.text(), verified.stderr);
    assert!(verified.text().contains("rows are equal, byte for byte"), "{}", verified.text());
    let server = launch(&folder, &settings);
    let scene = Scene { server, folder, settings };
    assert_eq!(scene.sealed(MONTH), before, "not one byte");
    assert_eq!(scene.server.get("/api/v1/editions").json()["public_key"], key);
    assert_eq!(scene.server.get(&format!("/ky/{MONTH}")).status, 200);
    // What comes next is signed with the same key.
    scene.act("/api/v1/editions", &json!({ "by": "an", "period": MONTH, "reason": "sau khi phục hồi" }));
    assert_eq!(scene.shown(&format!("{MONTH}.2"))["state"], "closed");
}

/// What a server does that forgets saved events: a new file is begun, the ones before it go.
fn forget(data: &Path) {
    let log = LogSettings { segment_bytes: 1, ..LogSettings::default() };
    let mut opened =
        DataFolder::open(data, FolderSettings { log, ..FolderSettings::default() }).expect("it opens");
    let last = events("02/11 08:00 LAST accepted id=last");
    let last = last.lines().last().expect("an event");
    let chunk = Chunk { events: 1, bytes: last.as_bytes(), ..Chunk::default() };
    let appended = opened.log.append(chunk).expect("it is kept");
    opened.log.retire(appended.first_offset).expect("files can go");
    assert!(opened.log.reader().first_offset() > 0, "some were forgotten");
    opened.close().expect("it closes");
}

#[test]
fn where_the_log_was_forgotten_an_edition_still_holds_and_that_it_was_not_recounted_is_said() {
    let scene = Scene::empty(AT_ONCE);
    assert_eq!(scene.server.post_batch(&events(STORY)).status, 202);
    scene.close();
    scene.approve_and_publish(MONTH);
    let bytes = scene.sealed(MONTH);
    let (folder, _) = stopped(scene);
    let data = folder.path("data");
    forget(Path::new(&data));
    let file = folder.write("taken.edition", &bytes);
    let told = nhip(&["verify-edition", &file, "--data", &data], b"");
    assert_eq!(told.status, 0, "{}{}", told.text(), told.stderr);
    assert!(told.text().contains("were forgotten"), "{}", told.text());
    assert!(!told.text().contains("refused") && !told.text().contains("differ"), "{}", told.text());
}

#[test]
fn a_period_that_runs_is_closed_before_its_end_where_the_schedule_says_so_and_is_provisional() {
    let folder = Folder::new();
    let schedule =
        folder.write("schedule.toml", "[[close]]\nperiod = \"month\"\nfrom_day = 1\nby_day = 28\n");
    let settings = folder.write("settings.toml", format!("{AT_ONCE}schedule = {schedule:?}\n"));
    let server = launch(&folder, &settings);
    let scene = Scene { server, folder, settings };
    assert_eq!(scene.server.post_batch(&events(STORY)).status, 202);
    let running = scene.server.get("/api/v1/ranking").json()["period"].as_str().expect("a period").to_owned();
    let due = || scene.server.get("/api/v1/editions").json()["due"].clone();
    let is_due =
        |period: &str| due().as_array().is_some_and(|all| all.iter().any(|one| one["period"] == period));
    assert!(within(PATIENCE, || is_due(&running)), "{}", due());
    scene.act("/api/v1/editions", &json!({ "by": "an", "period": running }));
    assert!(!is_due(&running), "what is closed is not due");
    scene.approve_and_publish(&running);
    let sealed = String::from_utf8(scene.sealed(&running)).expect("it is text");
    assert!(sealed.lines().next().is_some_and(|head| head.contains("\"is_provisional\":true")), "it says so");
    let page = scene.server.get(&format!("/ky/{running}")).text();
    assert!(page.contains("Tạm tính"), "and so does its page: {page}");
    // A quarter is not in this schedule, and runs.
    let quarter = compute::period::Period::containing(
        compute::instant::Instant::parse(&super::in_seconds(0)).expect("now"),
        compute::period::Kind::Quarter,
    );
    let refused = scene.post("/api/v1/editions", &json!({ "by": "an", "period": quarter.to_string() }));
    assert_eq!(refused.status, 409, "{}", refused.text());
}
