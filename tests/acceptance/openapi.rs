//! The description of the API against the API: every route described, every answer as described.
//!
//! The check of shapes knows the few words of JSON Schema that `openapi.json` uses, and refuses others.

use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Answer, Server, within};
use acceptance_tests::shared;
use acceptance_tests::story::events;
use compute::instant::Instant;
use serde_json::Value;

/// Longer than a start takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where people come in and go out, and what is written of them.
const DOORS: [&str; 6] =
    ["/dang-nhap", "/dang-nhap/oidc", "/dang-nhap/ve", "/dang-xuat", "/dang-xuat/nguon", "/nhat-ky"];

fn document() -> Value {
    let path = shared::root().join("dashboard-api/openapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the description is there"))
        .expect("it is JSON")
}

#[test]
fn every_route_is_described_and_every_description_has_a_route() {
    let read = |file: &str| {
        let path = shared::root().join("dashboard-api/src/serve").join(file);
        std::fs::read_to_string(path).expect("the routes are there")
    };
    let routes = read("routes.rs") + &read("pages/mod.rs") + &read("pages/export/mod.rs");
    let mut built: Vec<String> = routes
        .split(".route(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(|path| path.replace('*', ""))
        .collect();
    let document = document();
    let mut described: Vec<&String> = document["paths"].as_object().expect("paths").keys().collect();
    built.sort();
    described.sort();
    assert_eq!(built.iter().collect::<Vec<_>>(), described);
}

#[test]
fn the_server_gives_its_own_description() {
    assert_eq!(Server::start().get("/openapi.json").json(), document());
}

#[test]
fn every_path_answers_as_described() {
    let folder = Folder::new();
    let (data, backups) = (folder.path("data"), folder.path("backups"));
    let settings = folder.write("settings.toml", "[editions]\nobjection_working_days = 0\n");
    let arguments = ["--data", &data, "--backups", &backups, "--settings", &settings];
    let server = Server::launch(&arguments).expect("it serves");
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready at last");
    server.post_batch(&events("01/02 08:00 H1 accepted due=09/02 17:30\n01/02 08:00 K petition.received"));
    // Two messages are set aside, 0 and 1; retrying the second mends it.
    server.post("/api/v1/events", "application/cloudevents-batch+json", b"[{},{}]");
    let mended = events("01/02 08:00 H2 accepted due=09/02 17:30");
    let alert = alert_of_h1(&server);
    editions(&server);
    let imported = post_portal_file(&server, "/api/v1/reconciliations/may");
    assert_eq!(imported.status, 200, "{}", imported.text());
    let document = document();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let filled = filled(path).replace("{id}", &alert);
        for (method, operation) in operations.as_object().expect("operations") {
            let (status, answer) = match method.as_str() {
                "get" if path == "/api/v1/stream" => {
                    let told = server.follow("/api/v1/stream").next_ranking();
                    fits(&document, &document["components"]["schemas"]["Ranking"], &told, path);
                    continue;
                }
                // A server that asks nobody has no doors and no record.
                "get" if DOORS.contains(&path.as_str()) => (404, server.get(&filled)),
                "post" if DOORS.contains(&path.as_str()) => {
                    (404, server.post(&filled, "application/x-www-form-urlencoded", b"mark="))
                }
                "get" => (200, server.get(&format!("{filled}{}", question(path)))),
                "post" if path.starts_with("/api/v1/reconciliations") => {
                    (200, post_portal_file(&server, &filled))
                }
                "post" if path == "/doi-soat" => (303, bring_portal_file(&server)),
                "post" if path.ends_with("/retry") => (
                    202,
                    server.post(
                        &filled,
                        "application/json",
                        mended.lines().last().unwrap_or_default().as_bytes(),
                    ),
                ),
                "post" if path == "/api/v1/exchange" => (202, exchange(&server)),
                "post" if path == "/api/v1/backups" => (200, server.post(&filled, "application/json", b"")),
                "post" if path.contains("/{id}/") => act_on_alert(&server, &filled),
                "post" if path == "/an-ban" || path.contains("editions") || path.contains("{edition}") => {
                    act_on_edition(&server, path)
                }
                "post" if path.ends_with("/sent") || path.ends_with("/da-gui") => {
                    send_letter(&server, &filled)
                }
                "post" => (202, server.post(&filled, "application/cloudevents-batch+json", b"[{}]")),
                other => panic!("{path} has a method this test does not know: {other}"),
            };
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
            if status == 303 {
                assert!(operation["responses"].get("303").is_some(), "{path} leads back");
                continue;
            }
            let kind = answer.header("content-type").split(';').next().unwrap_or_default().to_owned();
            let content = &operation["responses"][status.to_string()]["content"];
            let described = content.get(&kind).unwrap_or_else(|| panic!("{path} answers with {kind}"));
            if kind == "application/json" {
                fits(&document, &described["schema"], &answer.json(), path);
            }
        }
    }
}

/// Two messages of the national exchange, of which one is none.
fn exchange(server: &Server) -> Answer {
    let messages = br#"[{"MaHoSo":"H3","MaTTHC":"T","DonViXuLy":"C1","NgayTiepNhan":"20261001080000"},7]"#;
    server.post("/api/v1/exchange?source=/s", "application/json", messages)
}

/// Says that a letter of apology was sent.
fn send_letter(server: &Server, path: &str) -> (u16, Answer) {
    if path.ends_with("/sent") {
        (202, server.post(path, "application/json", br#"{"letter":"1/PXL"}"#))
    } else {
        (303, server.post(path, "application/x-www-form-urlencoded", b"letter=2%2FPXL"))
    }
}

/// Imports figures the portal published, or its list of dossiers.
fn post_portal_file(server: &Server, path: &str) -> Answer {
    let text = if path.ends_with("/dossiers") {
        "dossier,accepted_at\nH1,20260201080000\n"
    } else {
        "snapshot,period,unit_code,metric_code,numerator,denominator,score\n2026-03-01,2026-02,C1,ON_TIME,1,2,10\n"
    };
    server.post(path, "text/csv", text.as_bytes())
}

/// Brings the same figures by the form of the page.
fn bring_portal_file(server: &Server) -> Answer {
    let part = |head: &str, value: &str| {
        format!("--x\r\nContent-Disposition: form-data; name={head}\r\n\r\n{value}\r\n")
    };
    let figures = "snapshot,period,unit_code,metric_code,numerator,denominator,score\n2026-03-01,2026-02,C1,ON_TIME,1,2,10\n";
    let body = [
        part("\"import\"", "may"),
        part("\"what\"", "published"),
        part("\"file\"; filename=\"a.csv\"", figures),
        "--x--\r\n".to_owned(),
    ];
    server.post("/doi-soat", "multipart/form-data; boundary=x", body.concat().as_bytes())
}

/// A path with something in its holes.
fn filled(path: &str) -> String {
    let filled =
        path.replace("{code}", "H1").replace("{path}", "style.css").replace("{number}/retry", "1/retry");
    let filled = filled.replace("{number}", "0").replace("{unit}", "C1").replace("{officer}", "O1");
    let filled = filled.replace("{indicator}", "2.1").replace("{dossier}", "H1").replace("{name}", "may");
    let filled = filled.replace("/{period}/{edition}", "/2026-02/ban-1").replace("{period}", "2026-02");
    filled.replace("{edition}", edition_of(path))
}

/// An edition that is where the path needs it.
fn edition_of(path: &str) -> &'static str {
    match path.rsplit('/').next().unwrap_or_default() {
        "phan-hoi" | "objections" => "2026-05",
        "duyet" => "2026-01",
        "cong-bo" => "2026-03",
        "approval" => "2026-04",
        "publication" => "2026-06",
        "quyet-dinh" | "decisions" => "2026-09",
        _ => "2026-02",
    }
}

/// Editions in every state; H1 and H2 are late in all of them.
fn editions(server: &Server) {
    server.post_batch(&events("01/02 08:00 H9 accepted due=09/02 17:30 id=h9"));
    let post = |path: &str, body: &str| {
        let answer = server.post(&format!("/api/v1/editions{path}"), "application/json", body.as_bytes());
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    };
    for period in ["2026-01", "2026-02", "2026-03", "2026-04", "2026-06"] {
        post("", &format!(r#"{{"by":"An","period":"{period}"}}"#));
    }
    let tomorrow = tomorrow();
    for period in ["2026-05", "2026-09"] {
        post("", &format!(r#"{{"by":"An","period":"{period}","objections_until":"{tomorrow}"}}"#));
    }
    for dossier in ["H1", "H9"] {
        let asked = format!(r#"{{"by":"B","unit":"C1","dossier":"{dossier}","reason":"outage","text":"x"}}"#);
        post("/2026-09/objections", &asked);
    }
    for period in ["2026-02", "2026-03", "2026-06"] {
        post(&format!("/{period}/approval"), r#"{"by":"An"}"#);
    }
    post("/2026-02/publication", r#"{"by":"An"}"#);
}

/// Does what an address of editions is for, over the API or by a form.
fn act_on_edition(server: &Server, path: &str) -> (u16, Answer) {
    let address = filled(path);
    if path.starts_with("/an-ban") {
        let form =
            "by=An&period=2026-07&unit=C1&dossier=H1&reason=outage&text=x&objection=1&accepted=yes&why=x";
        return (303, server.post(&address, "application/x-www-form-urlencoded", form.as_bytes()));
    }
    let asked = match path.rsplit('/').next().unwrap_or_default() {
        "editions" => r#"{"by":"An","period":"2026-08"}"#,
        "objections" => r#"{"by":"B","unit":"C1","dossier":"H9","reason":"outage","text":"x"}"#,
        "decisions" => r#"{"by":"An","objection":2,"accepted":true,"why":"x"}"#,
        _ => r#"{"by":"An"}"#,
    };
    (200, server.post(&address, "application/json", asked.as_bytes()))
}

/// What a path must be asked besides.
fn question(path: &str) -> &'static str {
    match path {
        "/api/v1/lists" | "/api/v1/reconciliations/{name}/dossiers" => "?unit=C1&indicator=2.1&part=den",
        "/api/v1/changes" => "?unit=C1&from=2026-01-01T00:00:00%2B07:00",
        "/api/v1/forecasts" => "?unit=C1&by=2099-01-01T00:00:00%2B07:00&what=open",
        "/doi-soat" => "?import=may",
        "/doi-soat/ho-so" => "?import=may&unit=C1&indicator=2.1&part=den",
        "/api/v1/losses" | "/api/v1/history" => "?unit=C1",
        _ if path.starts_with("/danh-sach") => "?unit=C1&count=received",
        _ => "",
    }
}

/// The id of the alert about H1, whose due date has long passed.
fn alert_of_h1(server: &Server) -> String {
    let [rule, subject, cause] = ["overdue", "H1", "2026-02-09T17:30:00+07:00"].map(str::to_owned);
    let alert = alerts::Key { rule, subject, cause }.id();
    let is_there = || server.get("/api/v1/alerts").text().contains(&alert);
    assert!(within(PATIENCE, is_there), "the alert is there");
    alert
}

/// This time tomorrow.
fn tomorrow() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    let tomorrow = i64::try_from(now.as_secs()).expect("it is before the year 2100") + 86_400;
    Instant::from_unix(tomorrow, 0).to_local()
}

/// Acknowledges or snoozes, over the API or by a form.
fn act_on_alert(server: &Server, path: &str) -> (u16, Answer) {
    let until = tomorrow();
    if path.starts_with("/canh-bao") {
        let form = format!("by=An&reason=x&until={}", until.replace(':', "%3A").replace('+', "%2B"));
        return (303, server.post(path, "application/x-www-form-urlencoded", form.as_bytes()));
    }
    let asked = format!(r#"{{"by":"An","reason":"x","until":"{until}"}}"#);
    (200, server.post(path, "application/json", asked.as_bytes()))
}

#[test]
fn problems_come_as_described() {
    let server = Server::start();
    let document = document();
    for (path, name) in [("/api/v1/scores?period=x", "Malformed"), ("/api/v1/subjects/H404", "Unknown")] {
        let answer = server.get(path);
        let described = &document["components"]["responses"][name];
        fits(&document, &document["components"]["schemas"]["Problem"], &answer.json(), path);
        let code = answer.json()["code"].as_str().expect("a code").to_owned();
        assert!(
            described["description"].as_str().is_some_and(|text| text.contains(&code)),
            "{code} is not described"
        );
    }
}

/// Fails unless `value` has the shape of `schema`.
fn fits(document: &Value, schema: &Value, value: &Value, place: &str) {
    for (word, rule) in schema.as_object().expect("a schema is an object") {
        match word.as_str() {
            "$ref" => {
                let pointer = rule.as_str().expect("a reference is text").trim_start_matches('#');
                fits(document, document.pointer(pointer).expect("references lead somewhere"), value, place);
            }
            "allOf" => {
                rule.as_array().expect("a list").iter().for_each(|one| fits(document, one, value, place));
            }
            // Only "this or null" is used.
            "anyOf" if !value.is_null() => fits(document, &rule[0], value, place),
            "type" => {
                let is_of = |name: &Value| name == kind(value);
                let is_right = rule.as_array().map_or_else(|| is_of(rule), |names| names.iter().any(is_of));
                assert!(is_right, "{place} is {value}, not {rule}");
            }
            "required" if value.is_object() => {
                for name in rule.as_array().expect("a list").iter().filter_map(Value::as_str) {
                    assert!(value.get(name).is_some(), "{place} has no {name}: {value}");
                }
            }
            "properties" => {
                for (name, inner) in rule.as_object().expect("properties") {
                    if let Some(found) = value.get(name) {
                        fits(document, inner, found, &format!("{place}.{name}"));
                    }
                }
            }
            "additionalProperties" => {
                for (name, found) in value.as_object().into_iter().flatten() {
                    fits(document, rule, found, &format!("{place}.{name}"));
                }
            }
            "items" => {
                for (number, found) in value.as_array().into_iter().flatten().enumerate() {
                    fits(document, rule, found, &format!("{place}[{number}]"));
                }
            }
            "enum" => assert!(rule.as_array().is_some_and(|list| list.contains(value)), "{place} is {value}"),
            "const" => assert_eq!(rule, value, "{place}"),
            "anyOf" | "required" | "description" | "format" | "pattern" | "examples" | "maxItems"
            | "minLength" => {}
            other => panic!("the check does not know {other}"),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
