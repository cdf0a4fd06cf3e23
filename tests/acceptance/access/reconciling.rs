//! The portal's figures beside ours: who may import them, and whose rows and dossiers each sees.
//!
//! Not here: how gaps are classed (`reconciliation`).

use super::scene::{MONTH, PEOPLE, Scene, bearer};
use acceptance_tests::server::Answer;

/// Both communes and the province, one dossier fewer in time than by us.
fn published() -> String {
    let row = |unit: &str| format!("{MONTH}-20,{MONTH},{unit},ON_TIME,0,9,0\n");
    let rows: String = ["P", "C1", "C2"].map(row).concat();
    format!("snapshot,period,unit_code,metric_code,numerator,denominator,score\n{rows}")
}

fn import(scene: &Scene, token: Option<&str>, path: &str, body: &str) -> Answer {
    scene.ask("POST", &format!("/api/v1/reconciliations/{path}"), &bearer(token), body.as_bytes())
}

#[test]
fn who_leads_the_province_imports_and_everybody_sees_their_own_rows() {
    let scene = Scene::told();
    let list =
        format!("dossier,accepted_at,due_at,status,ended_at\nDOSSIERTWO,{MONTH}-01T09:00:00+07:00,,4,\n");
    let leader = scene.token(&["--role", "leader"]);
    for (who, words) in PEOPLE.into_iter().filter(|(who, _)| *who != "leader") {
        let token = scene.token(words);
        let refused = import(&scene, Some(&token), "may", &published());
        assert_eq!(refused.status, 403, "{who}: {}", refused.text());
    }
    assert_eq!(import(&scene, None, "may", &published()).status, 403, "nobody changes anything");
    by_form(&scene, &leader);
    let wrong = import(&scene, Some(&leader), "may", &published().replace(",9,0\n", ",nine,0\n"));
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("dòng 2, cột denominator"), "{}", wrong.text());
    assert_eq!(import(&scene, Some(&leader), "..%2Fmay", &published()).status, 400);
    assert_eq!(import(&scene, Some(&leader), "may/dossiers", &list).status, 404, "figures come first");
    assert_eq!(import(&scene, Some(&leader), "may", &published()).status, 200);
    assert_eq!(import(&scene, Some(&leader), "may/dossiers", &list).status, 200);
    for (who, words) in PEOPLE {
        let token = scene.token(words);
        let gaps = scene.get("/api/v1/reconciliations/may", Some(&token));
        let page = scene.get("/doi-soat?import=may&class=all", Some(&token));
        let units: Option<&[&str]> = match who {
            "leader" | "auditor" => Some(&["P", "C1", "C2"]),
            "head of C1" | "staff of C1" => Some(&["C1"]),
            "head of S1" | "officer" => Some(&[]),
            _ => None,
        };
        let Some(units) = units else {
            assert_eq!((gaps.status, page.status), (403, 403), "{who}");
            continue;
        };
        assert_eq!((gaps.status, page.status), (200, 200), "{who}: {}", gaps.text());
        let told = gaps.json();
        let shown =
            told["gaps"].as_array().expect("gaps").iter().map(|gap| gap["unit"].as_str().unwrap_or_default());
        assert_eq!(shown.collect::<Vec<_>>(), units, "{who}");
        assert_eq!(told["rows"].as_u64(), Some(units.len() as u64), "{who}");
        for unit in ["P", "C1", "C2"] {
            let asked = format!("unit={unit}&indicator=2.1&part=den");
            let wanted = if units.contains(&unit) { 200 } else { 403 };
            let listed = scene.get(&format!("/api/v1/reconciliations/may/dossiers?{asked}"), Some(&token));
            assert_eq!(listed.status, wanted, "{who} asks for {unit}: {}", listed.text());
            let page = scene.get(&format!("/doi-soat/ho-so?import=may&{asked}"), Some(&token));
            assert_eq!(page.status, wanted, "{who} asks for {unit}");
            let is_told = listed.text().contains("DOSSIERTWO") || page.text().contains("DOSSIERTWO");
            assert!(!is_told || unit != "C1" && units.contains(&unit), "{who} reads DOSSIERTWO at {unit}");
        }
    }
}

/// The form of the page: for who leads the province only, and what is wrong is said.
fn by_form(scene: &Scene, leader: &str) {
    let bring = |token: &str, name: &str, file: &str| {
        let part = |head: &str, value: &str| {
            format!("--x\r\nContent-Disposition: form-data; name={head}\r\n\r\n{value}\r\n")
        };
        let body =
            [part("\"import\"", name), part("\"file\"; filename=\"a.csv\"", file), "--x--\r\n".to_owned()];
        let headers = bearer(Some(token)) + "content-type: multipart/form-data; boundary=x\r\n";
        scene.ask("POST", "/doi-soat", &headers, body.concat().as_bytes())
    };
    for (who, words) in PEOPLE.into_iter().filter(|(who, _)| *who != "leader") {
        let token = scene.token(words);
        assert_eq!(bring(&token, "form", &published()).status, 403, "{who}");
        let page = scene.get("/doi-soat", Some(&token)).text();
        assert!(!page.contains("type=\"file\""), "{who} is shown no form");
    }
    assert!(scene.get("/doi-soat", Some(leader)).text().contains("type=\"file\""));
    for (name, file, says) in [
        ("Form!", published(), "0-9 và dấu -"),
        ("form", published().replace(",9,0\n", ",nine,0\n"), "dòng 2, cột denominator"),
        ("form", String::new(), "dòng 1"),
    ] {
        let wrong = bring(leader, name, &file);
        assert!(wrong.status == 400 && wrong.text().contains(says), "{name}: {}", wrong.text());
    }
    assert_eq!(bring(leader, "form", &published()).status, 303);
    let imports = scene.get("/api/v1/reconciliations", Some(leader)).json();
    assert_eq!(imports["imports"][0]["name"], "form", "{imports}");
}

#[test]
fn a_gap_is_counted_again_when_asked_and_an_import_replaces_what_was_found() {
    let scene = Scene::told();
    let leader = scene.token(&["--role", "leader"]);
    assert_eq!(import(&scene, Some(&leader), "may", &published()).status, 200);
    let gaps = |more: &str| scene.get(&format!("/api/v1/reconciliations/may{more}"), Some(&leader)).json();
    let first = gaps("");
    let producer = scene.token(&["--role", "producer", "--source", "/mot-cua"]);
    let more = acceptance_tests::story::events("02/10 08:00 DOSSIERNEW accepted agency=C1 due=30/12 17:30");
    // Ids of their own: those of the story are taken.
    let more = more.replace("\"id\":\"", "\"id\":\"more-");
    assert_eq!(scene.send(&producer, &more).status, 202);
    assert_eq!(gaps("")["offset"], first["offset"], "what was found is kept");
    let again = gaps("?anew=1");
    assert!(again["offset"].as_u64() > first["offset"].as_u64());
    let denominator = |told: &serde_json::Value| told["gaps"][1]["ours"]["denominator"].as_u64();
    assert_eq!(denominator(&again), denominator(&first).map(|count| count + 1));
    let other = published().replace(",0,9,0", ",1,2,10");
    assert_eq!(import(&scene, Some(&leader), "may", &other).status, 200);
    assert_eq!(gaps("")["gaps"][1]["theirs"]["denominator"], 2);
    let forgotten = scene.get("/api/v1/reconciliations/june", Some(&leader));
    assert_eq!((forgotten.status, forgotten.json()["code"].as_str()), (404, Some("unknown_import")));
}
