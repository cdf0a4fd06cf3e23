//! The server: events in over HTTP, figures out, live; the same figures as from files.
//!
//! The server's clock is the system's, so events happen a few minutes ago, and their month is asked about.
//! Not here: the document that describes the routes (`openapi`).

use acceptance_tests::program::{figures, nhip};
use acceptance_tests::server::{Answer, Server};
use acceptance_tests::story::events;
use compute::instant::Instant;
use compute::period::{Kind, Period};
use serde_json::Value;

const ONE: &str = "application/cloudevents+json";
const MANY: &str = "application/cloudevents-batch+json";

/// `minutes` ago, as stories write it, and the month of it.
fn ago(minutes: u64) -> (String, String) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    let then = i64::try_from(now.as_secs() - 60 * minutes).expect("it is before the year 2100");
    let local = Instant::from_unix(then, 0).to_local();
    let story = format!("{}/{}/{} {}", &local[8..10], &local[5..7], &local[..4], &local[11..19]);
    (story, local[..7].to_owned())
}

fn problem(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text());
    let problem = answer.json();
    assert_eq!(problem["status"], answer.status);
    let code = problem["code"].as_str().expect("a problem has a code").to_owned();
    assert_eq!(problem["type"], format!("urn:nhip:problem:{code}"));
    (answer.status, code)
}

#[test]
fn one_event_and_a_batch_are_taken_counted_and_shown_at_once() {
    let server = Server::start();
    let (then, month) = ago(5);
    let story = events(&format!("{then} H1 accepted\n{then} H2 accepted"));
    let (last, rest) = {
        let mut lines: Vec<&str> = story.lines().collect();
        (lines.pop().expect("a line"), lines.join("\n"))
    };
    let taken = server.post_batch(&format!("{rest}\n{{\"id\":\"x\"}}"));
    assert_eq!(taken.status, 202, "{}", taken.text());
    let taken = taken.json();
    assert_eq!((&taken["accepted"], &taken["rejected_count"]), (&8.into(), &1.into()));
    assert_eq!(taken["rejected"][0]["position"], 8);
    assert_eq!(
        (&taken["rejected"][0]["reason"], &taken["rejected"][0]["field"]),
        (&"missing".into(), &"source".into())
    );
    assert_eq!(received(&server, &month, "C1"), 1);
    for _ in 0..2 {
        let taken = server.post("/api/v1/events", ONE, last.as_bytes());
        assert_eq!((taken.status, taken.json()["accepted"].as_u64()), (202, Some(1)));
        assert_eq!(received(&server, &month, "C1"), 2, "sending again adds nothing");
    }
    let freshness = &server.get("/api/v1/ranking").json()["freshness"];
    assert_eq!(
        (freshness["events_applied"].as_u64(), freshness["events_rejected"].as_u64()),
        (Some(9), Some(1))
    );
}

fn received(server: &Server, month: &str, unit: &str) -> u64 {
    let ranking = server.get(&format!("/api/v1/ranking?period={month}")).json();
    let rows = ranking["rows"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["code"] == unit).expect("the unit has a row");
    row["received"].as_u64().expect("a count")
}

#[test]
fn what_cannot_be_taken_or_answered_is_a_problem_with_a_stable_code() {
    let server = Server::start();
    server.post_batch(&events(""));
    let post = |kind: &str, body: &[u8]| problem(&server.post("/api/v1/events", kind, body));
    assert_eq!(post("text/plain", b"{}"), (400, "malformed_content_type".to_owned()));
    assert_eq!(post("application/json", b"{}"), (400, "malformed_content_type".to_owned()));
    assert_eq!(post(MANY, b"{}"), (400, "malformed_body".to_owned()));
    assert_eq!(post(MANY, b"[\"\xff\"]"), (400, "malformed_body".to_owned()));
    assert_eq!(post(ONE, &vec![b' '; (32 << 20) + 1]), (413, "too_large".to_owned()));
    let table = [
        ("scores?period=2026-13", 400, "malformed_period"),
        ("scores?by=mayor", 400, "malformed_by"),
        ("scores?period=1999-01", 404, "unknown_period"),
        ("ranking?set=none", 404, "unknown_set"),
        ("stream?set=none", 404, "unknown_set"),
        ("indicators?set=none", 404, "unknown_set"),
        ("lists?unit=C1&indicator=2.1", 400, "malformed_query"),
        ("lists?unit=C1&indicator=2.1&part=top", 400, "malformed_part"),
        ("lists?unit=C1&indicator=9.9&part=num", 404, "unknown_indicator"),
        ("lists?unit=C9&indicator=2.1&part=num", 404, "unknown_unit"),
        ("subjects/H404", 404, "unknown_subject"),
    ];
    for (path, status, code) in table {
        assert_eq!(problem(&server.get(&format!("/api/v1/{path}"))), (status, code.to_owned()), "{path}");
    }
}

#[test]
fn the_stream_shows_a_posted_event() {
    let server = Server::start();
    let (then, month) = ago(5);
    server.post_batch(&events(""));
    let mut follower = server.follow(&format!("/api/v1/stream?period={month}"));
    let first = follower.next_ranking();
    assert_eq!(first["rows"].as_array().map(Vec::len), Some(4), "{first}");
    server.post_batch(&events(&format!("{then} H1 accepted")));
    loop {
        let message = follower.next_ranking();
        let rows = message["rows"].as_array().expect("rows");
        if let Some(row) = rows.iter().find(|row| row["code"] == "C1") {
            assert_eq!(row["received"], 1, "{message}");
            assert!(rows.iter().all(|row| row["code"] != "C2"), "only what changed is sent: {message}");
            break;
        }
    }
}

#[test]
fn a_dossier_can_be_asked_about_and_says_no_names() {
    let server = Server::start();
    let (then, month) = ago(5);
    let story = events(&format!("{then} H1 accepted due=01/01/2001 00:00"));
    server.post_batch(
        &story.replace("\"data\":{", "\"data\":{\"applicant\":\"citizen\",\"name_of\":\"NGUYEN_VAN_ANH\","),
    );
    let answer = server.get("/api/v1/subjects/H1");
    let story = answer.json();
    assert_eq!(
        (story["code"].as_str(), story["events"][0]["type"].as_str()),
        (Some("H1"), Some("dossier.accepted"))
    );
    let periods = story["periods"].as_array().expect("periods");
    let period = periods.iter().find(|period| period["period"] == month.as_str()).expect("its month is told");
    assert_eq!(period["late"], true);
    assert!(!answer.text().contains("NGUYEN_VAN_ANH"));
}

/// A small province's life over the whole of last month and this one until now.
fn province() -> (String, Period) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    let now = Instant::from_unix(i64::try_from(now.as_secs()).expect("it is before 2100"), 0);
    let this_month = Period::containing(now, Kind::Month);
    let last_month =
        Period::containing(Instant::from_unix(this_month.start().unix_seconds() - 1, 0), Kind::Month);
    let (from, until) = (last_month.start().to_local(), now.to_local());
    let size =
        ["--events", "4000", "--departments", "2", "--communes", "3", "--officers", "6", "--procedures", "6"];
    let ran = nhip(&[&["simulate", "--from", &from, "--until", &until], size.as_slice()].concat(), b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    (ran.text(), last_month)
}

#[test]
fn live_figures_are_those_of_the_files() {
    let server = Server::start();
    let (told, last_month) = province();
    let lines: Vec<&str> = told.lines().collect();
    let this_month = ago(0).1;
    for part in lines.chunks(700) {
        assert_eq!(server.post_batch(&part.join("\n")).status, 202);
        // What was answered before is taken over where it has not changed: it must not show.
        for (by, period) in [("agency", &last_month.to_string()), ("officer", &this_month)] {
            server.get(&format!("/api/v1/scores?period={period}&by={by}"));
        }
    }
    for by in ["agency", "officer"] {
        for period in [last_month.to_string(), this_month.clone(), this_month[..4].to_owned()] {
            let live = server.get(&format!("/api/v1/scores?period={period}&by={by}")).json();
            let as_of = live["as_of"].as_str().expect("figures say as of when");
            let asked = ["score", "-", "--format", "csv", "--by", by, "--period", &period, "--as-of", as_of];
            let ran = nhip(&asked, told.as_bytes());
            let filed: Vec<String> = figures(&ran.text())
                .iter()
                .filter(|row| row.indicator != "TOTAL")
                .map(|row| {
                    format!(
                        "{} {} {}/{} {}",
                        row.unit, row.indicator, row.numerator, row.denominator, row.points
                    )
                })
                .collect();
            let mut shown = lines_of(&live);
            shown.sort();
            assert!(shown.len() > 50, "{period} by {by} has only {} figures", shown.len());
            assert_eq!(shown, filed, "{period} by {by} as of {as_of}");
        }
    }
}

fn lines_of(scores: &Value) -> Vec<String> {
    let units = scores["units"].as_array().expect("units").iter();
    units
        .flat_map(|unit| {
            unit["indicators"].as_array().expect("indicators").iter().map(|figure| {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let [code, numerator, denominator, points] =
                    ["code", "numerator", "denominator", "points"].map(|key| text(&figure[key]));
                format!("{} {code} {numerator}/{denominator} {points}", text(&unit["code"]))
            })
        })
        .collect()
}

#[test]
fn every_live_count_is_a_list_of_that_length() {
    let server = Server::start();
    let (told, month) = province();
    server.post_batch(&told);
    let mut compared = 0;
    for by in ["agency", "officer"] {
        // A month that is over no longer changes by time alone, so the questions need not be simultaneous.
        let scores = server.get(&format!("/api/v1/scores?period={month}&by={by}")).json();
        for unit in scores["units"].as_array().expect("units") {
            for figure in unit["indicators"].as_array().expect("indicators") {
                for (part, key) in [("num", "numerator"), ("den", "denominator")] {
                    let is_reported = part == "den" && figure["denominator_is_reported"] == true;
                    let count = if is_reported { &unit["received"] } else { &figure[key] };
                    let (unit, code) = (&unit["code"], &figure["code"]);
                    let path = format!(
                        "/api/v1/lists?period={month}&by={by}&unit={}&indicator={}&part={part}",
                        unit.as_str().expect("a code"),
                        code.as_str().expect("a code")
                    );
                    let list = server.get(&path).json();
                    assert_eq!(
                        list["subjects"].as_array().map(Vec::len).map(Value::from).as_ref(),
                        Some(count),
                        "{path}"
                    );
                    assert_eq!(&list["count"], count, "{path}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 200, "only {compared} counts were compared");
}

#[test]
fn operators_can_see_that_it_lives_is_ready_and_how_much_it_took() {
    let server = Server::start();
    server.post_batch(&format!("{}{{}}", events("")));
    assert_eq!((server.get("/livez").status, server.get("/livez").text().as_str()), (200, "live\n"));
    assert_eq!((server.get("/readyz").status, server.get("/readyz").text().as_str()), (200, "ready\n"));
    assert_eq!(server.get("/api/v1/subjects/H-4711").status, 404);
    let metrics = server.get("/metrics").text();
    let answers = "nhip_http_request_seconds_count{route=\"/api/v1/subjects/{code}\",status=\"4xx\"} 1\n";
    assert!(metrics.contains(answers) && !metrics.contains("4711"), "{metrics}");
    assert!(metrics.contains("nhip_events_total{outcome=\"applied\"} 7\n"), "{metrics}");
    assert!(metrics.contains("nhip_events_rejected_total{reason=\"missing\"} 1\n"), "{metrics}");
    for header in ["content-security-policy", "x-content-type-options", "referrer-policy"] {
        assert!(!server.get("/").header(header).is_empty(), "{header} is missing");
    }
}

#[test]
fn listening_beyond_this_machine_is_refused() {
    let ran = nhip(&["serve", "--listen", "0.0.0.0:0"], b"");
    assert_eq!((ran.status, ran.stdout.len()), (2, 0));
    assert!(ran.stderr.contains("0.0.0.0:0 is not loopback"), "{}", ran.stderr);
}
