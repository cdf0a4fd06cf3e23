//! An edition is what the events give, is recounted by the engine's own conditions, and stays as it was published.

use acceptance_tests::program::nhip;
use acceptance_tests::server::within;
use acceptance_tests::story::events;
use editions::seal::Sealed;
use serde_json::{Value, json};

use super::{AT_ONCE, MONTH, PATIENCE, STORY, Scene};

/// What `nhip score` gives for a story, of the first set.
fn scored(story: &str, as_of: &str, by: &str) -> Value {
    let ran = nhip(
        &["score", "-", "--format", "json", "--period", MONTH, "--as-of", as_of, "--by", by],
        events(story).as_bytes(),
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    serde_json::from_str::<Value>(&ran.text()).expect("JSON")["units"].clone()
}

/// The units of an edition as the API shows them, of the set `portal-2026`.
fn units(shown: &Value) -> Value {
    let sets = shown["units"].as_array().expect("a list").iter();
    let mut sets = sets.filter(|set| set["set"]["id"] == "portal-2026");
    sets.next().expect("the set is there")["units"].clone()
}

#[test]
fn figures_are_those_of_a_batch_over_the_same_events() {
    let scene = Scene::told("");
    scene.close();
    let shown = scene.shown(MONTH);
    let as_of = shown["as_of"].as_str().expect("an instant");
    assert_eq!(units(&shown), scored(STORY, as_of, "agency"));
    let late: Vec<&str> = shown["delayed"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["dossier"].as_str())
        .collect();
    assert_eq!(late, ["LATE1", "LATE2", "LATE3"]);
    assert_eq!(shown["delayed"][0]["due"], "2026-10-02T17:30:00+07:00");
    assert_eq!(shown["delayed"][0]["ended_at"], "2026-10-06T10:00:00+07:00");
    // Friday 17:30 to Tuesday 10:00: Monday's eight hours, and from 07:30 on.
    assert_eq!(shown["delayed"][0]["over_seconds"], json!((8 * 60 + 150) * 60));
}

#[test]
fn the_recount_is_what_a_batch_gives_in_which_the_dossier_was_not_late() {
    let scene = Scene::told("");
    scene.close();
    let before = units(&scene.shown(MONTH));
    scene.object("LATE1", "outage");
    scene.object("LATE2", "wrong_sync");
    scene.accept(1);
    scene.accept(2);
    let shown = scene.shown(MONTH);
    let as_of = shown["as_of"].as_str().expect("an instant");
    // All else as it is: the due date that was first in force is missed all the same.
    let otherwise: String =
        STORY.lines().filter(|line| !line.contains("LATE2")).map(|line| line.to_owned() + "\n").collect();
    let otherwise = otherwise + "01/10 09:00 LATE1 due_changed due=09/10 17:30 reason=x id=moved\n";
    assert_eq!(units(&shown), scored(&otherwise, as_of, "agency"));
    assert_ne!(units(&shown), before);
    let changed = shown["recount"].as_array().expect("a list");
    let on_time = changed
        .iter()
        .find(|one| one["unit"] == "C1" && one["indicator"] == "2.1" && one["set"] == "portal-2026");
    let on_time = on_time.expect("2.1 of C1 moves");
    let counts = |side: &str| (on_time[side]["numerator"].as_u64(), on_time[side]["denominator"].as_u64());
    assert_eq!((counts("before"), counts("after")), ((Some(1), Some(3)), (Some(2), Some(2))));
    assert!(changed.iter().any(|one| one["unit"] == "O1" && one["level"] == "officer"), "officers move too");
    // The live figures are untouched.
    let live = scene.server.get(&format!("/api/v1/scores?period={MONTH}")).json();
    assert_eq!(live["units"], scored(STORY, as_of, "agency"));
}

#[test]
fn an_edition_keeps_its_bytes_whatever_comes_later_and_a_revision_names_the_cause() {
    let scene = Scene::told(AT_ONCE);
    scene.close();
    scene.approve_and_publish(MONTH);
    let (bytes, page) = (scene.sealed(MONTH), scene.server.get(&format!("/ky/{MONTH}")).text());
    let difference =
        |scene: &Scene| scene.server.get(&format!("/api/v1/editions/{MONTH}/differences")).json();
    assert_eq!(difference(&scene)["count"], 0, "nothing was heard since");
    // It ended in time after all: the event was on its way.
    // A letter of apology changes what is owed, and no figure of the index: it is no cause.
    let late = events("02/10 09:00 LATE1 processed id=later\n12/10 09:00 LATE2 apologised id=letter");
    assert_eq!(scene.server.post_batch(&late).status, 202);
    assert!(within(PATIENCE, || difference(&scene)["count"] != 0), "the live figures move");
    let told = difference(&scene);
    let causes: Vec<&str> =
        told["causes"].as_array().expect("a list").iter().filter_map(|one| one["subject"].as_str()).collect();
    assert_eq!(causes, ["LATE1"], "{told}");
    assert_eq!(told["causes"][0]["events"][0]["type"], "dossier.processed", "{told}");
    assert_eq!(scene.sealed(MONTH), bytes, "not one byte");
    assert_eq!(scene.server.get(&format!("/ky/{MONTH}")).text(), page);
    let unsaid = scene.post("/api/v1/editions", &json!({ "by": "an", "period": MONTH }));
    assert_eq!(unsaid.status, 400, "a revision says why");
    let revised =
        scene.act("/api/v1/editions", &json!({ "by": "an", "period": MONTH, "reason": "đến muộn" }));
    assert_eq!(revised["id"], format!("{MONTH}.2"));
    scene.approve_and_publish(&format!("{MONTH}.2"));
    let second = scene.server.get(&format!("/ky/{MONTH}/ban-2"));
    assert!(second.status == 200 && second.text().contains("đến muộn"));
    assert_eq!(scene.sealed(MONTH), bytes, "the first stays");
    assert!(
        scene.server.get(&format!("/ky/{MONTH}")).text().contains(&format!("/ky/{MONTH}/ban-2")),
        "and says so"
    );
    let page = scene.server.get(&format!("/an-ban/{MONTH}.2/khac-biet")).text();
    assert!(page.contains("data-cause=\"LATE1\""), "the diff names the dossier: {page}");
}

/// A published edition's file, and the folder of the server that has stopped.
fn published() -> (Scene, String, Vec<u8>) {
    let scene = Scene::told("");
    // Long enough to object on a slow machine; approval waits for its end.
    let until = super::in_seconds(15);
    scene.act("/api/v1/editions", &json!({ "by": "an", "period": MONTH, "objections_until": until }));
    scene.object("LATE1", "applicant");
    scene.accept(1);
    scene.approve_and_publish(MONTH);
    let bytes = scene.sealed(MONTH);
    let file = scene.folder.write("taken.edition", &bytes);
    (scene, file, bytes)
}

#[test]
fn an_edition_is_checked_offline_and_recounted_from_the_log() {
    let (mut scene, file, bytes) = published();
    let offline = nhip(&["verify-edition", &file], b"");
    assert_eq!(offline.status, 0, "{}{}", offline.text(), offline.stderr);
    for said in ["1 judged otherwise", "whose key it is was not checked", "the log was not recounted"] {
        assert!(offline.text().contains(said), "{}", offline.text());
    }
    // Events that come later do not matter: the log is read up to the edition's offset.
    scene.server.post_batch(&events("20/10 09:00 LATER accepted due=21/10 17:30 id=later"));
    scene.server.terminate();
    scene.server.ended(PATIENCE);
    let data = scene.folder.path("data");
    let whole = nhip(&["verify-edition", &file, "--data", &data], b"");
    assert_eq!(whole.status, 0, "{}{}", whole.text(), whole.stderr);
    assert!(whole.text().contains("rows are equal, byte for byte"), "{}", whole.text());
    let story = scene.folder.write("story.ndjson", events(STORY));
    let from_files = nhip(&["verify-edition", &file, "--events", &story], b"");
    assert_eq!(from_files.status, 0, "{}{}", from_files.text(), from_files.stderr);
    let other =
        scene.folder.write("other.ndjson", events(&STORY.replace("06/10 10:00 LATE1", "02/10 10:00 LATE1")));
    let differs = nhip(&["verify-edition", &file, "--events", &other], b"");
    assert!(differs.status == 1 && differs.text().contains("LATE1"), "{}", differs.text());
    let key = Sealed::read(&bytes).expect("it holds").key;
    assert_eq!(nhip(&["verify-edition", &file, "--key", &key], b"").status, 0);
    let wrong = nhip(&["verify-edition", &file, "--key", &"0".repeat(64)], b"");
    assert!(wrong.status == 1 && wrong.text().contains("is signed with the key"), "{}", wrong.text());
}

#[test]
fn a_tampered_byte_is_found_wherever_it_is() {
    let (scene, _, bytes) = published();
    let sealed = Sealed::read(&bytes).expect("it holds");
    assert!(bytes.len() > 10_000, "an edition has many bytes: {}", bytes.len());
    // Every byte of the seal, and one in 61 of the rest.
    let tail = bytes.len() - 600;
    let places = (0..tail).step_by(61).chain(tail..bytes.len());
    for place in places {
        let mut tampered = bytes.clone();
        tampered[place] ^= 1 << (place % 8);
        assert!(Sealed::read(&tampered).is_err(), "byte {place}");
    }
    for place in [5, bytes.len() / 2, bytes.len() - 20] {
        let mut tampered = bytes.clone();
        tampered[place] ^= 1;
        let file = scene.folder.write("tampered.edition", &tampered);
        let refused = nhip(&["verify-edition", &file], b"");
        assert!(
            refused.status == 1 && refused.text().contains("refused:"),
            "byte {place}: {}",
            refused.text()
        );
    }
    // Signed again with a key of somebody's own, figures changed: the key is another, and the sums do not hold.
    let line = sealed.lines.iter().position(|line| line.contains("\"row\":\"figure\"")).expect("a figure");
    let proof = scene.server.get(&format!("/api/v1/editions/{MONTH}/proof?row={line}")).json();
    assert_eq!(proof["line"].as_str(), Some(sealed.lines[line]));
    assert_eq!(proof["root"].as_str(), Some(sealed.root.as_str()));
    let hashes: Vec<editions::tree::Hash> = proof["proof"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|hash| hash_of(hash.as_str().expect("a hash")))
        .collect();
    let leaf = editions::tree::leaf(sealed.lines[line].as_bytes());
    let root = editions::tree::proven(leaf, (line, sealed.lines.len()), &hashes).expect("a proof");
    assert_eq!(root, hash_of(&sealed.root), "the line is proven to be in the edition");
}

fn hash_of(text: &str) -> editions::tree::Hash {
    let byte = |place: usize| u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).expect("digits");
    std::array::from_fn(byte)
}

#[test]
fn figures_that_the_rows_do_not_give_are_found_though_they_are_signed() {
    let (scene, ..) = published();
    let path = scene.file("key.pkcs8");
    let key = editions::seal::Key::of(&std::fs::read(path).expect("the key")).expect("a key");
    let file = scene.sealed(MONTH);
    let sealed = Sealed::read(&file).expect("it holds");
    let mut lines: Vec<String> = sealed.lines.iter().map(|line| (*line).to_owned()).collect();
    let place = lines.iter().position(|line| line.contains("\"row\":\"total\"")).expect("a total");
    lines[place] = lines[place].replace("\"measured_max\":", "\"measured_max\":1");
    let file = scene.folder.write("signed.edition", key.seal(&lines));
    let refused = nhip(&["verify-edition", &file], b"");
    assert!(
        refused.status == 1 && refused.text().contains("is not what the rows give"),
        "{}",
        refused.text()
    );
}

#[test]
fn what_cannot_be_recounted_is_said() {
    let (scene, file, bytes) = published();
    let key = Sealed::read(&bytes).expect("it holds").key;
    // The folder of another server: its log ends before the edition does.
    let mut other = Scene::empty("");
    other.server.terminate();
    other.server.ended(PATIENCE);
    let data = other.folder.path("data");
    let short = nhip(&["verify-edition", &file, "--key", &key, "--data", &data], b"");
    assert!(short.text().contains("not recounted: the edition counted up to offset"), "{}", short.text());
    let foreign = nhip(&["verify-edition", &file, "--data", &data], b"");
    assert!(foreign.status == 1 && foreign.text().contains("is signed with the key"), "{}", foreign.text());
    drop(scene);
}
