//! Who may do what with an edition, and in which order; each refusal says why and changes nothing.

use serde_json::json;

use super::public::published;
use super::{AT_ONCE, MONTH, Scene, in_seconds};

#[test]
fn a_period_that_runs_is_not_closed_and_one_that_is_closed_is_not_closed_again() {
    let scene = Scene::told("");
    let running = scene.server.get("/api/v1/ranking").json()["period"].as_str().expect("a period").to_owned();
    let refused = scene.post("/api/v1/editions", &json!({ "by": "an", "period": running }));
    assert_eq!((refused.status, refused.json()["code"].as_str()), (409, Some("impossible")));
    let due = |scene: &Scene| {
        let due = scene.server.get("/api/v1/editions").json();
        let due = due["due"].as_array().expect("a list").iter();
        due.filter(|due| due["period"] == MONTH).count()
    };
    // How long ago the story's month is depends on when this runs; it is due at most once.
    let before = due(&scene);
    scene.close();
    assert_eq!(due(&scene), 0, "what is closed is not due any more, and was {before}");
    let again = scene.post("/api/v1/editions", &json!({ "by": "an", "period": MONTH }));
    assert_eq!(again.status, 409);
    assert!(again.text().contains("not published yet"), "{}", again.text());
    for period in ["2026-13", "", "../x"] {
        assert_eq!(scene.post("/api/v1/editions", &json!({ "by": "an", "period": period })).status, 400);
    }
}

#[test]
fn units_object_to_what_is_late_once_and_with_a_reason_there_is() {
    let scene = Scene::told("");
    scene.close();
    let path = format!("/api/v1/editions/{MONTH}/objections");
    let objection = |dossier: &str, unit: &str, reason: &str| json!({ "by": "của C1", "unit": unit, "dossier": dossier, "reason": reason, "text": "mất điện" });
    for (dossier, unit, reason, status) in [
        ("GOOD1", "C1", "outage", 404),
        ("LATE3", "C1", "outage", 404),
        ("LATE9", "C1", "outage", 404),
        ("LATE1", "C1", "rain", 400),
    ] {
        let refused = scene.post(&path, &objection(dossier, unit, reason));
        assert_eq!(refused.status, status, "{dossier} {unit} {reason}: {}", refused.text());
    }
    scene.act(&path, &objection("LATE1", "C1", "outage"));
    let again = scene.post(&path, &objection("LATE1", "C1", "other"));
    assert_eq!(again.status, 409, "{}", again.text());
    let nobody =
        scene.post(&path, &json!({ "unit": "C1", "dossier": "LATE2", "reason": "other", "text": "x" }));
    assert_eq!(nobody.status, 400, "whoever acts says who they are");
    assert_eq!(scene.shown(MONTH)["objections"].as_array().map(Vec::len), Some(1));
}

#[test]
fn two_different_people_decide_and_nothing_is_approved_before_that() {
    let scene = Scene::told("");
    // The story goes on until both have decided; nothing here waits for the end of objections.
    scene.close();
    scene.object("LATE1", "outage");
    let own = scene.decide("của C1", 1, true);
    assert_eq!(own.status, 409, "{}", own.text());
    assert_eq!(scene.decide("bình", 1, true).json()["accepted"], json!(null), "one is not enough");
    let same = scene.decide("bình", 1, true);
    assert!(same.status == 409 && same.text().contains("two different people"), "{}", same.text());
    let early = scene.post(&format!("/api/v1/editions/{MONTH}/approval"), &json!({ "by": "an" }));
    assert_eq!(early.status, 409, "{}", early.text());
    assert_eq!(scene.decide("chi", 1, true).json()["accepted"], json!(true), "two agree");
    assert_eq!(scene.decide("dung", 1, false).status, 409, "it is decided");
    assert_eq!(scene.decide("dung", 2, false).status, 409, "there is no second one");
    let publish = scene.post(&format!("/api/v1/editions/{MONTH}/publication"), &json!({ "by": "an" }));
    assert_eq!(publish.status, 409, "what is not approved is not published");
}

#[test]
fn an_objection_that_comes_too_late_is_refused() {
    let scene = Scene::told(AT_ONCE);
    scene.close();
    let body = json!({ "by": "của C1", "unit": "C1", "dossier": "LATE1", "reason": "outage", "text": "x" });
    let late = scene.post(&format!("/api/v1/editions/{MONTH}/objections"), &body);
    assert!(late.status == 409 && late.text().contains("objections were taken until"), "{}", late.text());
    for until in [in_seconds(-60), in_seconds(90 * 86_400)] {
        let body = json!({ "by": "an", "period": "2026-09", "objections_until": until });
        assert_eq!(scene.post("/api/v1/editions", &body).status, 400, "{until}");
    }
}

#[test]
fn what_is_not_published_is_not_there_for_the_public_and_then_it_is_in_every_form() {
    let scene = Scene::told(AT_ONCE);
    scene.close();
    let paths = [format!("/ky/{MONTH}"), format!("/ky/{MONTH}/ban-1"), format!("/ky/{MONTH}/ban-1.csv")];
    for path in &paths {
        assert_eq!(scene.server.get(path).status, 404, "{path}");
    }
    assert!(!scene.server.get("/ky").text().contains(MONTH));
    scene.approve_and_publish(MONTH);
    for (path, kind) in [
        (format!("/ky/{MONTH}"), "text/html"),
        (format!("/ky/{MONTH}/ban-1"), "text/html"),
        (format!("/ky/{MONTH}/ban-1.csv"), "text/csv"),
        (format!("/ky/{MONTH}/ban-1.xlsx"), "application/vnd.openxmlformats"),
        (format!("/ky/{MONTH}/ban-1.pdf"), "application/pdf"),
        ("/ky".to_owned(), "text/html"),
    ] {
        let answer = scene.server.get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        assert!(answer.header("content-type").starts_with(kind), "{path}");
        if kind == "text/html" || kind == "text/csv" {
            let text = answer.text();
            for word in ["LATE1", "LATE3", "O1"] {
                assert!(
                    !text.contains(&format!(">{word}")) && !text.contains(&format!(",{word}")),
                    "{path}: {word}"
                );
            }
        }
    }
    // Three dossiers of a commune are few: the public is not told how they went.
    let csv = scene.server.get(&format!("/ky/{MONTH}/ban-1.csv")).text();
    assert!(csv.contains(",ẩn"), "{csv}");
    for path in
        ["/ky/2026-10/ban-2", "/ky/2026-10/ban-01x", "/ky/2026-10/x", "/ky/2026-13", "/ky/2026-10/ban-1.zip"]
    {
        assert_eq!(scene.server.get(path).status, 404, "{path}");
    }
}

#[test]
fn officers_are_named_in_public_only_where_the_approval_says_so() {
    for names_officers in [false, true] {
        let scene = published(names_officers);
        let page = scene.server.get(&format!("/ky/{MONTH}")).text();
        assert_eq!(page.contains("NGUYENVANTEN"), names_officers, "{page}");
        let internal = scene.server.get(&format!("/an-ban/{MONTH}")).text();
        assert!(internal.contains("NGUYENVANTEN"), "inspection sees them either way");
    }
}
