//! `?as_of=` over the API: what stood at an earlier instant, as `nhip score` counts it from the same events.

use std::time::Duration;

use acceptance_tests::program::{figures, nhip};
use acceptance_tests::server::{Server, within};
use acceptance_tests::story::events;

const STORY: &str = "
    02/02 08:00 H1 accepted due=09/02 17:30
    03/02 08:00 H2 accepted due=06/02 17:30
    05/02 08:00 H1 returned
    10/02 08:00 H2 returned
    10/02 09:00 H3 accepted due=20/02 17:30";
const THEN: &str = "2026-02-09T12:00:00+07:00";
const ASKED: &str = "period=2026-02&as_of=2026-02-09T12:00:00%2B07:00";

fn told() -> (Server, String) {
    let server = Server::launch(&["--from", "2026-01-01"]).expect("it serves");
    assert!(within(Duration::from_secs(30), || server.get("/readyz").status == 200), "it is ready");
    let told = events(STORY);
    let taken = server.post_batch(&told);
    assert_eq!((taken.status, &taken.json()["rejected_count"]), (202, &0.into()), "{}", taken.text());
    (server, told)
}

#[test]
fn figures_of_an_earlier_instant_are_those_of_the_log() {
    let (server, told) = told();
    let scores = server.get(&format!("/api/v1/scores?unit=P&{ASKED}")).json();
    assert_eq!(scores["as_of"], THEN);
    assert_eq!((&scores["cut"], &scores["set"]["version"]), (&THEN.into(), &1.into()));
    assert!(scores["known_at"].as_str().expect("an instant") > THEN, "counted from what is known now");
    let asked = ["score", "-", "--format", "csv", "--period", "2026-02", "--as-of", THEN];
    let counted = nhip(&asked, told.as_bytes());
    let mut compared = 0;
    for row in figures(&counted.text()).iter().filter(|row| row.indicator != "TOTAL") {
        let units = scores["units"].as_array().expect("units");
        let unit = units.iter().find(|unit| unit["code"] == row.unit).expect("all are below the province");
        let all = unit["indicators"].as_array().expect("indicators");
        let figure = all.iter().find(|figure| figure["code"] == row.indicator).expect("the indicator");
        let told = |name: &str| figure[name].to_string();
        assert_eq!(
            (told("numerator"), told("denominator"), figure["points"].as_str()),
            (row.numerator.clone(), row.denominator.clone(), Some(row.points.as_str())),
            "{} {}",
            row.unit,
            row.indicator
        );
        assert_eq!((&unit["rank"], unit["received"].is_u64()), (&().into(), true), "no rank is made up");
        compared += 1;
    }
    assert!(compared > 50, "only {compared} figures");
    let below: Vec<String> = {
        let scores = server.get(&format!("/api/v1/scores?unit=C1&{ASKED}")).json();
        let units = scores["units"].as_array().expect("units").iter();
        units.map(|unit| unit["code"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(below, ["C1"], "a commune has nothing below it");
}

#[test]
fn what_an_officer_had_at_an_earlier_instant_is_what_the_log_counts() {
    let (server, told) = told();
    let scores = server.get(&format!("/api/v1/scores?unit=O1&by=officer&{ASKED}")).json();
    let asked = ["score", "-", "--format", "csv", "--by", "officer", "--period", "2026-02", "--as-of", THEN];
    let counted = nhip(&asked, told.as_bytes());
    let units = scores["units"].as_array().expect("units");
    assert_eq!((units.len(), &units[0]["code"]), (1, &"O1".into()), "{scores}");
    let figures = figures(&counted.text());
    let of_officer = figures.iter().filter(|row| row.unit == "O1" && row.indicator != "TOTAL");
    let mut compared = 0;
    for row in of_officer {
        let all = units[0]["indicators"].as_array().expect("indicators");
        let figure = all.iter().find(|figure| figure["code"] == row.indicator).expect("the indicator");
        let told = (figure["numerator"].to_string(), figure["denominator"].to_string());
        assert_eq!(told, (row.numerator.clone(), row.denominator.clone()), "{}", row.indicator);
        let list = format!("/api/v1/lists?unit=O1&by=officer&indicator={}&part=den&{ASKED}", row.indicator);
        assert_eq!(server.get(&list).json()["count"].to_string(), row.denominator, "{list}");
        compared += 1;
    }
    assert!(compared > 3, "only {compared} figures");
}

#[test]
fn a_list_of_an_earlier_instant_is_as_long_as_its_count() {
    let (server, _) = told();
    let list =
        |more: &str| server.get(&format!("/api/v1/lists?unit=C1&indicator=2.1&part=den&{more}")).json();
    let (then, now) = (list(ASKED), list("period=2026-02"));
    let scores = server.get(&format!("/api/v1/scores?unit=C1&{ASKED}")).json();
    let figures = scores["units"][0]["indicators"].as_array().expect("indicators");
    let figure = figures.iter().find(|figure| figure["code"] == "2.1").expect("the indicator");
    assert_eq!((&then["count"], &then["as_of"]), (&figure["denominator"], &THEN.into()));
    assert_eq!(then["subjects"], serde_json::json!(["H1", "H2"]));
    assert_eq!(now["subjects"], serde_json::json!(["H1", "H2", "H3"]));
    let first = list(&format!("{ASKED}&limit=1"));
    let next = first["next"].as_str().expect("there is more");
    assert_eq!(list(&format!("{ASKED}&limit=1&cursor={next}"))["subjects"], serde_json::json!(["H2"]));
}

#[test]
fn what_cannot_be_told_of_then_says_why_and_what_can() {
    let (server, _) = told();
    for (path, status, code, hint) in [
        (
            "scores?period=2026-02&as_of=2026-02-09T12:00:00%2B07:00",
            400,
            "malformed_query",
            "unit is missing",
        ),
        ("scores?unit=C1&period=2026-02&as_of=yesterday", 400, "malformed_as_of", "with its offset"),
        (
            "scores?unit=C1&period=2026-02&as_of=2099-01-01T00:00:00%2B07:00",
            400,
            "malformed_as_of",
            "has passed",
        ),
        (
            "scores?unit=C1&period=2026-02&as_of=2026-01-01T00:00:00%2B07:00",
            400,
            "malformed_as_of",
            "begins at 2026-02-01",
        ),
        (
            "scores?unit=C1&by=officer&period=2026-02&as_of=2026-02-09T12:00:00%2B07:00",
            404,
            "unknown_standing",
            "choose a later instant",
        ),
        (
            "lists?unit=C9&indicator=2.1&part=den&period=2026-02&as_of=2026-02-09T12:00:00%2B07:00",
            404,
            "unknown_unit",
            "C9",
        ),
    ] {
        let answer = server.get(&format!("/api/v1/{path}"));
        let problem = answer.json();
        assert_eq!((answer.status, problem["code"].as_str()), (status, Some(code)), "{path}: {problem}");
        let detail = problem["detail_en"].as_str().expect("a detail");
        assert!(detail.contains(hint), "{path}: {detail}");
    }
}
