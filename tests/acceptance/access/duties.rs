//! Duties: everybody sees their own, and only those who do the work mark a letter as sent.
//!
//! Not here: when a letter is owed (`duties`), what page and API show (`duties_served`).

use super::scene::{PEOPLE, Scene, bearer};
use serde_json::Value;

fn listed(scene: &Scene, token: Option<&str>) -> Option<Vec<String>> {
    let answer = scene.get("/api/v1/duties?period=2026", token);
    if answer.status != 200 {
        return None;
    }
    let duties = answer.json()["duties"].as_array().cloned().unwrap_or_default();
    Some(duties.iter().filter_map(|duty| duty["dossier"].as_str().map(str::to_owned)).collect())
}

#[test]
fn everybody_sees_the_duties_of_their_own_units_or_their_own() {
    let scene = Scene::told();
    let wanted = |who: &str| -> Option<&[&str]> {
        match who {
            "leader" | "auditor" => Some(&["DOSSIERONE", "DOSSIERTWO"]),
            "head of C1" | "staff of C1" => Some(&["DOSSIERONE"]),
            "head of S1" | "officer" => Some(&[]),
            _ => None,
        }
    };
    for (who, words) in PEOPLE {
        let found = listed(&scene, Some(&scene.token(words)));
        let found = found.as_ref().map(|codes| codes.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found.as_deref(), wanted(who), "{who}");
    }
    assert_eq!(listed(&scene, None), None, "nobody sees any");
    let own = scene.token(&["--role", "officer", "--unit", "C1", "--officer", "OFFICERONE"]);
    assert_eq!(listed(&scene, Some(&own)), Some(vec!["DOSSIERONE".to_owned()]), "an officer's own");
}

#[test]
fn a_letter_is_marked_by_those_whose_dossier_it_is_and_by_nobody_who_reads_only() {
    let scene = Scene::told();
    let mark = |token: Option<&str>, dossier: &str| {
        let path = format!("/api/v1/duties/{dossier}/sent");
        scene.ask("POST", &path, &bearer(token), br#"{"letter":"1/PXL"}"#)
    };
    for (who, words) in PEOPLE {
        let token = scene.token(words);
        // Of the other commune: nobody but who leads the province.
        let status = mark(Some(&token), "DOSSIERTWO").status;
        assert_eq!(status, if who == "leader" { 202 } else { 403 }, "{who}");
        // Who may at all is told that it is not owed; the others are not told anything.
        let status = mark(Some(&token), "DOSSIERMINE").status;
        let may = ["leader", "head of C1", "staff of C1", "officer"].contains(&who);
        let is_late_by_now =
            listed(&scene, Some(&token)).is_some_and(|codes| codes.contains(&"DOSSIERMINE".to_owned()));
        assert!(!is_late_by_now, "the story's dossier is due on 30 December");
        assert_eq!(status, if may { 409 } else { 403 }, "{who}");
    }
    assert_eq!(mark(None, "DOSSIERONE").status, 403, "nobody changes anything");
    let own = scene.token(&["--role", "officer", "--unit", "C1", "--officer", "OFFICERONE"]);
    assert_eq!(mark(Some(&own), "DOSSIERONE").status, 202, "an officer marks their own");
}

#[test]
fn a_draft_is_for_those_whose_dossier_it_is() {
    let scene = Scene::told();
    for (who, words) in PEOPLE {
        let token = scene.token(words);
        for (dossier, unit) in [("DOSSIERONE", "C1"), ("DOSSIERTWO", "C2")] {
            let may = match who {
                "leader" | "auditor" => true,
                "head of C1" | "staff of C1" => unit == "C1",
                _ => false,
            };
            for paper in ["thu-xin-loi.pdf", "thu-xin-loi.docx", "giai-trinh.pdf", "giai-trinh.docx"] {
                let status = scene.get(&format!("/ho-so/{dossier}/{paper}"), Some(&token)).status;
                assert_eq!(status, if may { 200 } else { 403 }, "{who} {dossier} {paper}");
            }
        }
    }
    assert_eq!(scene.get("/ho-so/DOSSIERONE/thu-xin-loi.pdf", None).status, 303, "nobody is led to the door");
}

#[test]
fn who_marked_a_letter_is_in_the_record_of_access() {
    let scene = Scene::told();
    let head = scene.token(&["--role", "agency_head", "--unit", "C1"]);
    let answer =
        scene.ask("POST", "/api/v1/duties/DOSSIERONE/sent", &bearer(Some(&head)), br#"{"letter":"1/PXL"}"#);
    assert_eq!((answer.status, &answer.json()["is_new"]), (202, &Value::Bool(true)));
    let auditor = scene.token(&["--role", "auditor"]);
    let record = scene.get("/nhat-ky", Some(&auditor)).text();
    assert!(record.contains("POST /api/v1/duties/{dossier}/sent"), "{record}");
    assert!(record.contains("dossier DOSSIERONE"), "{record}");
}
