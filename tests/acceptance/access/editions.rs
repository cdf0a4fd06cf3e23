//! Who sees and does what with an edition: units their own, the public what is published, and the record of access says
//! who did it.

use acceptance_tests::server::Answer;
use serde_json::{Value, json};

use super::scene::{MONTH, PEOPLE, Scene, bearer};

fn post(scene: &Scene, token: Option<&str>, path: &str, body: &Value) -> Answer {
    let headers = bearer(token) + "content-type: application/json\r\n";
    scene.ask("POST", path, &headers, body.to_string().as_bytes())
}

fn token_of(scene: &Scene, wanted: &str) -> String {
    let words = PEOPLE.iter().find(|(who, _)| *who == wanted).expect("somebody").1;
    scene.token(words)
}

/// This time tomorrow.
fn tomorrow() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    let now = i64::try_from(now.as_secs()).expect("it is before the year 2100");
    compute::instant::Instant::from_unix(now + 86_400, 0).to_local()
}

#[test]
fn a_unit_sees_and_objects_to_its_own_and_only_the_leader_decides() {
    let scene = Scene::told();
    let leader = token_of(&scene, "leader");
    for (who, words) in PEOPLE.iter().filter(|(who, _)| *who != "leader") {
        let token = scene.token(words);
        let refused = post(&scene, Some(&token), "/api/v1/editions", &json!({ "period": MONTH }));
        assert_eq!(refused.status, 403, "{who} closes: {}", refused.text());
    }
    let nobody = post(&scene, None, "/api/v1/editions", &json!({ "period": MONTH }));
    assert!(nobody.status == 401 || nobody.status == 403, "{}", nobody.status);
    let until = tomorrow();
    let body = json!({ "period": MONTH, "objections_until": until });
    let closed = post(&scene, Some(&leader), "/api/v1/editions", &body);
    assert_eq!(closed.status, 200, "{}", closed.text());

    let head = token_of(&scene, "head of C1");
    let edition = format!("/api/v1/editions/{MONTH}");
    for path in [edition.clone(), format!("/an-ban/{MONTH}")] {
        let text = scene.get(&path, Some(&head)).text();
        assert!(text.contains("DOSSIERONE"), "{path} shows C1 its own: {text}");
        assert!(
            !text.contains("DOSSIERTWO") && !text.contains("OFFICERTWO"),
            "{path} shows C1 nothing of C2: {text}"
        );
        let staff = scene.get(&path, Some(&token_of(&scene, "staff of C1"))).text();
        assert!(staff.contains("DOSSIERONE") && !staff.contains("DOSSIERTWO"), "{path}");
    }
    let objections = format!("{edition}/objections");
    let objection = |unit: &str, dossier: &str| json!({ "unit": unit, "dossier": dossier, "reason": "outage", "text": "mất mạng" });
    assert_eq!(post(&scene, Some(&head), &objections, &objection("C2", "DOSSIERTWO")).status, 403);
    let auditor = token_of(&scene, "auditor");
    assert_eq!(post(&scene, Some(&auditor), &objections, &objection("C1", "DOSSIERONE")).status, 403);
    assert_eq!(post(&scene, Some(&head), &objections, &objection("C1", "DOSSIERONE")).status, 200);
    let decision = json!({ "objection": 1, "accepted": true, "why": "đúng" });
    for who in ["head of C1", "staff of C1", "officer", "auditor"] {
        let refused = post(&scene, Some(&token_of(&scene, who)), &format!("{edition}/decisions"), &decision);
        assert_eq!(refused.status, 403, "{who} decides");
    }
    assert_eq!(post(&scene, Some(&leader), &format!("{edition}/decisions"), &decision).status, 200);
    let again = post(&scene, Some(&leader), &format!("{edition}/decisions"), &decision);
    assert_eq!(again.status, 409, "the same person does not decide twice");
    let second = token_of(&scene, "leader");
    let settled = post(&scene, Some(&second), &format!("{edition}/decisions"), &decision);
    assert_eq!((settled.status, settled.json()["accepted"].as_bool()), (200, Some(true)));

    for who in ["head of C1", "staff of C1", "officer"] {
        for path in [format!("{edition}/file"), format!("{edition}/proof"), format!("{edition}/differences")]
        {
            assert_eq!(scene.get(&path, Some(&token_of(&scene, who))).status, 403, "{who} at {path}");
        }
    }
    let other = scene.get(&edition, Some(&token_of(&scene, "head of S1"))).json();
    assert_eq!(
        (other["objections"].as_array().map(Vec::len), other["delayed"].as_array().map(Vec::len)),
        (Some(0), Some(0))
    );
    let record = scene.get("/nhat-ky?text=editions", Some(&auditor)).text();
    for act in ["/objections", "/decisions"] {
        assert!(record.contains(act), "the record says who did it: {act}");
    }
}

#[test]
fn a_page_elsewhere_changes_nothing_here() {
    let scene = Scene::told();
    let headers = "origin: http://evil.example\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    for path in ["/an-ban", "/an-ban/2026-10/duyet", "/an-ban/2026-10/cong-bo", "/an-ban/2026-10/quyet-dinh"]
    {
        let answer = scene.ask("POST", path, headers, b"period=2026-10");
        assert!(answer.status == 403, "{path}: {}", answer.status);
    }
}
