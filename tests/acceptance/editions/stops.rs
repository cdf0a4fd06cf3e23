//! An edition outlives a power cut between any two steps; what a stop leaves behind is no edition; damage is said.

use acceptance_tests::program::nhip;
use serde_json::{Value, json};

use super::{AT_ONCE, MONTH, Scene};

/// What must be the same before and after a stop.
fn standing(scene: &Scene, id: &str) -> Value {
    let mut shown = scene.shown(id);
    shown.as_object_mut().expect("an object").remove("units");
    shown
}

#[test]
fn a_power_cut_between_any_two_steps_changes_nothing() {
    let mut scene = Scene::told("");
    let until = super::in_seconds(25);
    scene.act("/api/v1/editions", &json!({ "by": "an", "period": MONTH, "objections_until": until }));
    let steps: [&dyn Fn(&Scene); 6] = [
        &|_| {},
        &|scene| scene.object("LATE1", "outage"),
        &|scene| assert_eq!(scene.decide("bình", 1, true).status, 200),
        &|scene| assert_eq!(scene.decide("chi", 1, true).status, 200),
        &|scene| scene.approve(MONTH),
        &|scene| {
            scene.act(&format!("/api/v1/editions/{MONTH}/publication"), &json!({ "by": "an" }));
        },
    ];
    for (number, step) in steps.into_iter().enumerate() {
        step(&scene);
        let before = standing(&scene, MONTH);
        scene = scene.killed_and_started();
        assert_eq!(standing(&scene, MONTH), before, "after step {number}");
    }
    assert_eq!(scene.shown(MONTH)["state"], "published");
    let file = scene.folder.write("taken.edition", scene.sealed(MONTH));
    assert_eq!(nhip(&["verify-edition", &file], b"").status, 0);
}

#[test]
fn what_a_stop_left_half_done_is_no_edition() {
    let scene = Scene::told(AT_ONCE);
    scene.close();
    let sealed = std::fs::read(scene.file(&format!("{MONTH}.frozen"))).expect("it is there");
    // A closing that was cut off before its first act, and one cut off while it wrote.
    std::fs::write(scene.file("2026-09.frozen"), &sealed).expect("it can be written");
    std::fs::write(scene.file("2026-08.acts.unfinished"), "half").expect("it can be written");
    let scene = scene.killed_and_started();
    let known = scene.server.get("/api/v1/editions").json();
    let ids: Vec<&str> =
        known["editions"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(ids, [MONTH]);
    scene.act("/api/v1/editions", &json!({ "by": "an", "period": "2026-09" }));
    assert_eq!(scene.shown("2026-09")["period"], "2026-09");
}

#[test]
fn a_damaged_file_is_said_and_not_shown() {
    let scene = Scene::told(AT_ONCE);
    scene.close();
    scene.approve_and_publish(MONTH);
    scene.act("/api/v1/editions", &json!({ "by": "an", "period": "2026-09" }));
    let flip = |scene: &Scene, name: &str| {
        let path = scene.file(name);
        let mut bytes = std::fs::read(&path).expect("it is there");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(path, bytes).expect("it can be written");
    };
    flip(&scene, &format!("{MONTH}.edition"));
    flip(&scene, "2026-09.acts");
    let scene = scene.killed_and_started();
    let public = scene.server.get(&format!("/ky/{MONTH}"));
    assert_eq!(public.status, 500, "{}", public.text());
    let answer = scene.server.get(&format!("/api/v1/editions/{MONTH}"));
    assert_eq!((answer.status, answer.json()["code"].as_str()), (500, Some("damaged")));
    let known = scene.server.get("/api/v1/editions").json();
    let damaged = known["editions"].as_array().expect("a list").iter().find(|one| one["id"] == "2026-09");
    assert_eq!(damaged.expect("it is listed")["state"], "damaged");
    assert!(scene.server.get("/an-ban").text().contains("2026-09.acts"), "the page names the file");
    assert!(scene.server.stderr().contains("an edition is damaged"), "and so does the server");
}

#[test]
fn without_a_data_folder_there_are_no_editions_and_that_is_said() {
    let server = acceptance_tests::server::Server::start();
    let answer = server.get("/api/v1/editions");
    assert_eq!((answer.status, answer.json()["code"].as_str()), (409, Some("editions_elsewhere")));
    assert!(answer.text().contains("--data"), "{}", answer.text());
}

#[test]
fn the_key_is_its_owners_alone_and_a_lost_one_is_not_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::told(AT_ONCE);
    scene.close();
    let path = scene.file("key.pkcs8");
    let mode = std::fs::metadata(&path).expect("the key is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::remove_file(&path).expect("it can be removed");
    let Scene { server, folder, settings } = scene;
    server.kill();
    let not =
        acceptance_tests::server::Server::launch(&["--data", &folder.path("data"), "--settings", &settings]);
    let not = not.expect_err("it does not start");
    assert!(not.stderr.contains("the key is gone"), "{}", not.stderr);
}
