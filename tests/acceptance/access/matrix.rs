//! Every route for every role: who comes in, and that what they get is what their own rows give and nothing else.
//!
//! What each may see is written here a second time, from the words, so that a slip in the program's table shows.

use super::scene::{MONTH, PEOPLE, Scene, bearer};
use acceptance_tests::server::Answer;
use acceptance_tests::story::events;
use acceptance_tests::taken;
use serde_json::Value;

/// What of a unit's, an officer's or the server's an address shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shows {
    Everybodys,
    Definitions,
    AgenciesAll,
    Agency(&'static str),
    Dossiers(&'static str),
    /// Filtered by what each may see.
    Alerts,
    Officer(&'static str, &'static str),
    Officers,
    /// All of an edition.
    Whole,
    Operations,
    Upkeep,
    Records,
}

/// Addresses and what they show; `{month}` is filled in.
const ADDRESSES: &[(&str, Shows)] = &[
    ("/cong-khai?period={month}", Shows::Everybodys),
    ("/assets/style.css", Shows::Everybodys),
    ("/livez", Shows::Everybodys),
    ("/readyz", Shows::Everybodys),
    ("/openapi.json", Shows::Everybodys),
    ("/dang-nhap", Shows::Everybodys),
    ("/", Shows::AgenciesAll),
    ("/api/v1/indicators", Shows::Definitions),
    ("/api/v1/ranking?period={month}", Shows::AgenciesAll),
    ("/api/v1/scores?period={month}", Shows::AgenciesAll),
    ("/api/v1/scores?period={month}&by=agency", Shows::AgenciesAll),
    ("/api/v1/scores?period={month}&by=officer", Shows::Officers),
    ("/api/v1/scores?period={month}&%62y=%6Ffficer", Shows::Officers),
    ("/api/v1/scores?period={month}&by=officer&find=officer", Shows::Officers),
    ("/chi-tieu/2.1?period={month}", Shows::AgenciesAll),
    ("/don-vi/C1?period={month}", Shows::Agency("C1")),
    ("/don-vi/C2?period={month}", Shows::Agency("C2")),
    ("/don-vi/C2?period={month}&lang=en", Shows::Agency("C2")),
    ("/can-bo/OFFICERMINE?period={month}", Shows::Officer("OFFICERMINE", "C1")),
    ("/can-bo/OFFICERONE?period={month}", Shows::Officer("OFFICERONE", "C1")),
    ("/can-bo/OFFICERTWO?period={month}", Shows::Officer("OFFICERTWO", "C2")),
    ("/danh-sach?period={month}&unit=C1&indicator=2.1&part=den", Shows::Dossiers("C1")),
    ("/danh-sach?period={month}&unit=C2&indicator=2.1&part=den", Shows::Dossiers("C2")),
    ("/danh-sach?period={month}&unit=P&indicator=2.1&part=den", Shows::Dossiers("P")),
    (
        "/danh-sach?period={month}&officer=OFFICERTWO&indicator=2.1&part=den",
        Shows::Officer("OFFICERTWO", "C2"),
    ),
    (
        "/danh-sach?period={month}&officer=OFFICERMINE&indicator=2.1&part=den",
        Shows::Officer("OFFICERMINE", "C1"),
    ),
    ("/danh-sach.csv?period={month}&unit=C1&indicator=2.1&part=den", Shows::Dossiers("C1")),
    ("/danh-sach.csv?period={month}&unit=C2&indicator=2.1&part=den", Shows::Dossiers("C2")),
    ("/danh-sach.csv?period={month}&unit=C2&indicator=2.1&part=den&form=excel-vi", Shows::Dossiers("C2")),
    ("/danh-sach.parquet?period={month}&unit=C1&indicator=2.1&part=den", Shows::Dossiers("C1")),
    ("/danh-sach.parquet?period={month}&unit=C2&indicator=2.1&part=den", Shows::Dossiers("C2")),
    (
        "/danh-sach.csv?period={month}&officer=OFFICERTWO&indicator=2.1&part=den",
        Shows::Officer("OFFICERTWO", "C2"),
    ),
    ("/api/v1/lists?period={month}&unit=C1&indicator=2.1&part=den", Shows::Dossiers("C1")),
    ("/api/v1/lists?period={month}&unit=C2&indicator=2.1&part=den", Shows::Dossiers("C2")),
    ("/api/v1/lists?period={month}&unit=P&indicator=2.1&part=num", Shows::Dossiers("P")),
    (
        "/api/v1/lists?period={month}&by=officer&unit=OFFICERTWO&indicator=2.1&part=den",
        Shows::Officer("OFFICERTWO", "C2"),
    ),
    (
        "/api/v1/lists?period={month}&by=officer&unit=OFFICERMINE&indicator=2.1&part=den",
        Shows::Officer("OFFICERMINE", "C1"),
    ),
    ("/don-vi/C1/thay-doi?period={month}&from={month}-05", Shows::Dossiers("C1")),
    ("/don-vi/C1/diem-mat?period={month}", Shows::Dossiers("C1")),
    ("/don-vi/C1/dau-hieu?period={month}", Shows::Dossiers("C1")),
    ("/don-vi/C1/neu?period={month}", Shows::Dossiers("C1")),
    ("/api/v1/changes?period={month}&unit=C1&from={month}-05T00:00:00%2B07:00", Shows::Dossiers("C1")),
    ("/api/v1/scores?period={month}&unit=C1&as_of={month}-05T00:00:00%2B07:00", Shows::Dossiers("C1")),
    (
        "/api/v1/lists?period={month}&unit=C1&indicator=2.1&part=den&as_of={month}-05T00:00:00%2B07:00",
        Shows::Dossiers("C1"),
    ),
    ("/api/v1/scores?period={month}&unit=C2&as_of={month}-05T00:00:00%2B07:00", Shows::Dossiers("C2")),
    (
        "/api/v1/lists?period={month}&unit=C2&indicator=2.1&part=den&as_of={month}-05T00:00:00%2B07:00",
        Shows::Dossiers("C2"),
    ),
    ("/api/v1/losses?period={month}&unit=C1", Shows::Dossiers("C1")),
    ("/api/v1/forecasts?period={month}&unit=C1&by=2099-01-01T00:00:00%2B07:00", Shows::Dossiers("C1")),
    ("/api/v1/history?period={month}&unit=C1", Shows::Agency("C1")),
    ("/don-vi/C1/chi-tieu.csv?period={month}", Shows::Agency("C1")),
    ("/don-vi/C2/thay-doi?period={month}&from={month}-05", Shows::Dossiers("C2")),
    ("/don-vi/C2/diem-mat?period={month}", Shows::Dossiers("C2")),
    ("/don-vi/C2/dau-hieu?period={month}", Shows::Dossiers("C2")),
    ("/don-vi/C2/neu?period={month}", Shows::Dossiers("C2")),
    ("/api/v1/changes?period={month}&unit=C2&from={month}-05T00:00:00%2B07:00", Shows::Dossiers("C2")),
    ("/api/v1/losses?period={month}&unit=C2", Shows::Dossiers("C2")),
    ("/api/v1/forecasts?period={month}&unit=C2&by=2099-01-01T00:00:00%2B07:00", Shows::Dossiers("C2")),
    ("/api/v1/history?period={month}&unit=C2", Shows::Agency("C2")),
    ("/don-vi/C2/chi-tieu.csv?period={month}", Shows::Agency("C2")),
    ("/don-vi/C2/chi-tieu.parquet?period={month}", Shows::Agency("C2")),
    ("/ban-do?period={month}", Shows::AgenciesAll),
    ("/xep-hang.csv?period={month}", Shows::AgenciesAll),
    ("/xep-hang.parquet?period={month}", Shows::AgenciesAll),
    ("/tai-lieu-api", Shows::Everybodys),
    ("/api/v1/alerts?state=all", Shows::Alerts),
    ("/canh-bao?state=all", Shows::Alerts),
    ("/viec-phai-lam", Shows::Alerts),
    ("/viec-phai-lam?unit=C1", Shows::Dossiers("C1")),
    ("/viec-phai-lam?unit=C2&what=overdue", Shows::Dossiers("C2")),
    ("/viec-phai-lam?officer=OFFICERTWO", Shows::Officer("OFFICERTWO", "C2")),
    ("/viec-phai-lam?officer=OFFICERMINE", Shows::Officer("OFFICERMINE", "C1")),
    ("/api/v1/duties", Shows::Alerts),
    ("/api/v1/duties?unit=C1", Shows::Dossiers("C1")),
    ("/api/v1/duties?unit=C2", Shows::Dossiers("C2")),
    ("/api/v1/duties?officer=OFFICERTWO", Shows::Officer("OFFICERTWO", "C2")),
    ("/an-ban", Shows::Alerts),
    ("/api/v1/editions", Shows::Alerts),
    ("/an-ban/{month}", Shows::Alerts),
    ("/api/v1/editions/{month}", Shows::Alerts),
    ("/an-ban/{month}/khac-biet", Shows::Whole),
    ("/api/v1/editions/{month}/file", Shows::Whole),
    ("/api/v1/editions/{month}/proof?row=3", Shows::Whole),
    ("/api/v1/editions/{month}/differences", Shows::Whole),
    ("/ky", Shows::Everybodys),
    ("/ky/2026-09", Shows::Everybodys),
    ("/ky/2026-09/ban-1", Shows::Everybodys),
    ("/ky/2026-09/ban-1.csv", Shows::Everybodys),
    ("/doi-soat", Shows::Alerts),
    ("/api/v1/reconciliations", Shows::Alerts),
    ("/van-hanh", Shows::Operations),
    ("/api/v1/health", Shows::Operations),
    ("/metrics", Shows::Operations),
    ("/api/v1/rejects", Shows::Upkeep),
    ("/api/v1/rejects/0", Shows::Upkeep),
    ("/nhat-ky", Shows::Records),
];

/// The words, once more.
fn may(who: &str, shows: Shows) -> bool {
    let reads = ["leader", "head of C1", "staff of C1", "head of S1", "officer", "auditor"];
    match shows {
        Shows::Everybodys => true,
        Shows::Definitions => reads.contains(&who) || who == "operator",
        Shows::AgenciesAll | Shows::Alerts => reads.contains(&who),
        Shows::Agency(unit) => reads.contains(&who) && (who != "officer" || unit == "C1"),
        Shows::Dossiers(unit) => match who {
            "leader" | "auditor" => true,
            "head of C1" | "staff of C1" => unit == "C1",
            _ => false,
        },
        Shows::Officer(officer, agency) => match who {
            "leader" | "auditor" => true,
            "head of C1" => agency == "C1",
            "officer" => officer == "OFFICERMINE",
            _ => false,
        },
        Shows::Officers => ["leader", "head of C1", "head of S1", "officer", "auditor"].contains(&who),
        Shows::Whole => ["leader", "auditor"].contains(&who),
        Shows::Operations => ["operator", "auditor"].contains(&who),
        Shows::Upkeep => who == "operator",
        Shows::Records => who == "auditor",
    }
}

/// What `who` must find nowhere, whatever they ask.
fn foreign(who: &str) -> &'static [&'static str] {
    match who {
        "leader" | "auditor" => &[],
        "head of C1" | "staff of C1" => &["OFFICERTWO", "DOSSIERTWO"],
        "officer" => &["OFFICERTWO", "OFFICERONE", "DOSSIERTWO", "DOSSIERONE", "\"C2\"", ">C2<"],
        _ => &["OFFICERTWO", "OFFICERONE", "OFFICERMINE", "DOSSIERTWO", "DOSSIERONE", "DOSSIERMINE"],
    }
}

/// What an answer says beside what was asked: an address given back is no leak.
fn told(answer: &Answer, path: &str) -> String {
    if answer.status == 200 && path.contains(".parquet") {
        // Its texts are packed; cells stand in quotation marks, as in JSON.
        return format!("{:?}", taken::parquet(&answer.body));
    }
    let text = answer.text();
    if answer.status == 200 { text } else { text.replace(path, "") }
}

#[test]
fn everybody_gets_in_where_they_belong_and_nowhere_else() {
    let scene = Scene::told();
    scene.close_and_publish("2026-09");
    scene.close(MONTH);
    let mut compared = 0;
    let people = PEOPLE.map(|(who, words)| (who, Some(scene.token(words))));
    for (who, token) in people.into_iter().chain([("nobody", None)]) {
        for (path, shows) in ADDRESSES {
            let path = path.replace("{month}", MONTH);
            let answer = scene.get(&path, token.as_deref());
            let is_page = !path.starts_with("/api") && !path.starts_with("/metrics");
            let wanted = match (may(who, *shows), who, is_page) {
                (true, ..) if path == "/api/v1/rejects/0" => 404,
                (true, ..) => 200,
                (false, "nobody", true) => 303,
                (false, "nobody", false) => 401,
                (false, ..) => 403,
            };
            assert_eq!(answer.status, wanted, "{who} asks for {path}: {}", answer.text());
            let text = told(&answer, &path);
            // What everybody may see has all agencies, and nobody's dossiers and officers.
            let foreign = if *shows == Shows::Everybodys { foreign("nobody") } else { foreign(who) };
            for word in foreign {
                assert!(!text.contains(word), "{who} reads {word} at {path}:\n{text}");
            }
            if *shows != Shows::Everybodys && answer.status == 200 {
                // What bears a tag is kept by the browser, and asked about each time.
                let kept = if answer.header("etag").is_empty() { "no-store" } else { "no-cache" };
                assert!(answer.header("cache-control").contains(kept), "{path}");
                assert!(answer.header("cache-control").contains("private"), "{path}");
                assert!(answer.header("vary").contains("cookie"), "{path}");
            }
            compared += 1;
        }
    }
    assert!(compared > 300, "only {compared} answers were compared");
}

/// Each dossier, for each role.
#[test]
fn a_dossier_is_told_to_those_for_whom_it_counts() {
    let scene = Scene::told();
    for (who, words) in PEOPLE {
        let token = scene.token(words);
        for (dossier, unit, officer) in [
            ("DOSSIERONE", "C1", "OFFICERONE"),
            ("DOSSIERTWO", "C2", "OFFICERTWO"),
            ("DOSSIERMINE", "C1", "OFFICERMINE"),
        ] {
            let is_theirs = match who {
                "leader" | "auditor" => true,
                "head of C1" | "staff of C1" => unit == "C1",
                "officer" => officer == "OFFICERMINE",
                _ => false,
            };
            for path in [format!("/ho-so/{dossier}"), format!("/api/v1/subjects/{dossier}")] {
                let answer = scene.get(&path, Some(&token));
                assert_eq!(answer.status, if is_theirs { 200 } else { 403 }, "{who} asks for {path}");
                assert_eq!(answer.text().contains(officer), is_theirs, "{who} at {path}");
            }
        }
        // Whether a code is somebody else's or nobody's looks the same to those who see a part.
        let none = scene.get("/api/v1/subjects/DOSSIERNONE", Some(&token));
        let other = scene.get("/api/v1/subjects/DOSSIERTWO", Some(&token));
        if other.status == 403 {
            assert_eq!((none.status, none.text()), (403, other.text()), "{who}");
        }
    }
}

/// The rows of an answer whose unit is among these.
fn rows(answer: &Value, key: &str, keep: impl Fn(&Value) -> bool) -> Vec<Value> {
    let rows = answer[key].as_array().unwrap_or_else(|| panic!("no {key} in {answer}"));
    rows.iter().filter(|row| keep(row)).cloned().collect()
}

#[test]
fn a_part_is_the_whole_less_what_is_not_theirs() {
    let scene = Scene::told();
    let leader = scene.token(&["--role", "leader"]);
    for (who, words) in PEOPLE {
        let token = scene.token(words);
        for (path, key, shows) in [
            (format!("/api/v1/ranking?period={MONTH}"), "rows", Shows::AgenciesAll),
            (format!("/api/v1/scores?period={MONTH}"), "units", Shows::AgenciesAll),
            (format!("/api/v1/scores?period={MONTH}&by=officer"), "units", Shows::Officers),
        ] {
            if !may(who, shows) {
                continue;
            }
            let is_theirs = |row: &Value| {
                let code = row["code"].as_str().expect("a row has a code");
                match (who, shows) {
                    ("officer", Shows::AgenciesAll) => code == "C1",
                    ("officer", _) => code == "OFFICERMINE",
                    ("head of C1", Shows::Officers) => row["class"] == "C1",
                    ("head of S1", Shows::Officers) => row["class"] == "S1",
                    _ => true,
                }
            };
            let whole = scene.get(&path, Some(&leader)).json();
            let part = scene.get(&path, Some(&token)).json();
            assert!(rows(&whole, key, |_| true).len() >= 4);
            assert_eq!(rows(&part, key, |_| true), rows(&whole, key, is_theirs), "{who} at {path}");
        }
    }
}

#[test]
fn what_is_not_in_the_table_is_refused_to_everybody() {
    let scene = Scene::told();
    let leader = bearer(Some(&scene.token(&["--role", "leader"])));
    for method in ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE"] {
        for path in ["/api/v1/ranking", "/don-vi/C1", "/api/v1/rejects/0", "/cong-khai"] {
            assert_eq!(scene.ask(method, path, &leader, b"").status, 403, "{method} {path}");
        }
    }
    for path in [
        "/../etc/passwd",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "//don-vi/C1",
        "/Don-vi/C1",
    ] {
        let answer = scene.get(path, None);
        assert!([303, 400, 401, 403, 404].contains(&answer.status), "{path}: {}", answer.status);
        assert!(!answer.text().contains("root:") && !answer.text().contains("[workspace"), "{path}");
    }
    assert_eq!(scene.ask("HEAD", "/api/v1/ranking", "", b"").status, 401);
}

#[test]
fn a_stream_shows_a_part_and_ends_when_its_token_is_revoked() {
    use acceptance_tests::program::nhip;
    use std::io::{Read as _, Write as _};
    let scene = Scene::told();
    let token = scene.token(&["--role", "officer", "--unit", "C1", "--officer", "OFFICERMINE"]);
    let mut stream = acceptance_tests::server::connect(scene.server.address()).expect("it listens");
    let head =
        format!("GET /api/v1/stream?period={MONTH} HTTP/1.1\r\nhost: nhip\r\n{}\r\n", bearer(Some(&token)));
    stream.write_all(head.as_bytes()).expect("the request is taken");
    let mut text = String::new();
    let mut part = [0; 4096];
    while !text.contains("\"rows\"") {
        let count = stream.read(&mut part).expect("it is text");
        assert!(count > 0, "it goes on: {text}");
        text += &String::from_utf8_lossy(&part[..count]);
    }
    let data = scene.folder.path("data");
    let list = nhip(&["token", "list", "--data", &data], b"").text();
    let id = list.lines().find(|line| line.contains("OFFICERMINE")).and_then(|line| line.split('\t').next());
    let revoked = std::time::Instant::now();
    let ran = nhip(&["token", "revoke", "--data", &data, id.expect("it is listed")], b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    // The end of the stream: nothing more to read.
    loop {
        let count = stream.read(&mut part).expect("it ends in good order");
        text += &String::from_utf8_lossy(&part[..count]);
        if count == 0 || text.ends_with("0\r\n\r\n") {
            break;
        }
        assert!(revoked.elapsed().as_secs() < 60, "it goes on after the token was revoked");
    }
    assert!(revoked.elapsed().as_secs() < 30, "it took {:?}", revoked.elapsed());
    assert!(text.contains("\"code\":\"C1\"") && !text.contains("\"code\":\"C2\""), "{text}");
    assert_eq!(scene.get("/api/v1/ranking", Some(&token)).status, 401);
}

#[test]
fn a_unit_that_moves_out_of_sight_leaves_the_stream() {
    let scene = Scene::told();
    let producer = scene.token(&["--role", "producer", "--source", "/mot-cua"]);
    let officer = scene.token(&["--role", "officer", "--unit", "S1", "--officer", "OFFICERMINE"]);
    let below = "02/10 08:00 C3 agency.defined kind=commune parent=S1 id=below\n";
    assert_eq!(scene.send(&producer, &events(below)).status, 202);
    let path = format!("/api/v1/stream?period={MONTH}");
    let mut stream = scene.server.follow_with(&path, &bearer(Some(&officer)));
    let units = |message: &Value| -> Vec<String> {
        let rows = message["rows"].as_array().expect("rows").iter();
        rows.map(|row| row["code"].as_str().expect("a code").to_owned()).collect()
    };
    assert_eq!(units(&stream.next_ranking()), ["C3", "S1"]);
    let moved = format!("{below}03/10 08:00 C3 agency.defined kind=commune parent=P id=moved\n");
    assert_eq!(scene.send(&producer, &events(&moved)).status, 202);
    let message = stream.next_ranking();
    assert_eq!((message["is_whole"].as_bool(), units(&message)), (Some(true), vec!["S1".to_owned()]));
}

#[test]
fn unchanged_is_said_only_to_the_scope_that_was_given_it() {
    let scene = Scene::told();
    let (one, other) = (scene.token(&["--role", "leader"]), scene.token(&["--role", "auditor"]));
    let path = format!("/api/v1/ranking?period={MONTH}");
    let tag = scene.get(&path, Some(&one)).header("etag").to_owned();
    let again = |token: &str| {
        let asked = format!("{}if-none-match: {tag}\r\n", bearer(Some(token)));
        scene.ask("GET", &path, &asked, b"").status
    };
    if !tag.is_empty() {
        assert_eq!(again(&one), 304, "{tag}");
    }
    assert_eq!(again(&other), 200, "{tag}");
    assert_eq!(scene.ask("GET", &path, &format!("if-none-match: {tag}\r\n"), b"").status, 401);
}
