//! Figures without points and integrity flags, as `nhip score --format json` tells them.

use serde_json::Value;

use acceptance_tests::program;

/// One dossier's events: `(day and time in October 2026, type, data)`.
fn events(dossier: &str, lines: &[(&str, &str, &str)]) -> String {
    let line = |(place, (at, kind, data)): (usize, &(&str, &str, &str))| {
        let (day, time) = at.split_once(' ').expect("day and time");
        format!(
            "{{\"id\":\"{dossier}-{place}\",\"source\":\"/s\",\"type\":\"{kind}\",\"subject\":\"{dossier}\",\"time\":\"2026-10-{day}T{time}:00+07:00\",\"data\":{data}}}\n"
        )
    };
    lines.iter().enumerate().map(line).fold(String::new(), |text, line| text + &line)
}

const ENTRY: &str = r#"{"procedure":"P","agency":"A","officer":"O","due_at":"2026-10-30T10:00:00Z"}"#;
const GRANTED: &str = r#"{"outcome":"granted","result_digital":true}"#;
const FILED: &str = r#"{"procedure":"P","agency":"A","channel":"online","bundle":"B1"}"#;

fn survey(events: &str) -> Value {
    let reference = concat!(
        r#"{"id":"a","source":"/o","type":"agency.defined","subject":"A","time":"2025-01-01T00:00:00Z","data":{"name":"A","kind":"department"}}"#,
        "\n",
        r#"{"id":"p","source":"/o","type":"procedure.defined","subject":"P","time":"2025-01-01T00:00:00Z","data":{"name":"P","levels":["province"],"agency":"A","duration":{"value":5,"unit":"working_day"},"online":"full","full_eligible":true,"paper_result":false,"fee":false,"payment_integrated":false,"for_citizens":true}}"#,
        "\n"
    );
    let asked =
        ["score", "-", "--period", "2026-10", "--as-of", "2026-11-01T00:00:00+07:00", "--format", "json"];
    let out = program::nhip(&asked, format!("{reference}{events}").as_bytes());
    assert_eq!(out.status, 0, "{}", out.stderr);
    let json: Value = serde_json::from_str(&out.text()).expect("JSON");
    json["survey"].clone()
}

#[test]
fn handling_time_is_working_time_less_the_time_the_clock_stood() {
    let told = survey(&events(
        "D",
        &[
            ("05 07:30", "dossier.accepted", ENTRY),
            ("06 07:30", "dossier.supplement_requested", "{}"),
            ("08 07:30", "dossier.supplement_received", "{}"),
            ("09 17:30", "dossier.processed", GRANTED),
        ],
    ));
    assert_eq!(told["average_handling"][0]["average"], "3.00", "Monday to Friday less two days: {told}");
    assert_eq!(told["average_handling"][0]["unit"], "working_day");
}

#[test]
fn a_filing_not_accepted_within_eight_working_hours_is_listed() {
    let long = events("D1", &[("28 09:00", "dossier.submitted", FILED)]);
    let short = events("D2", &[("30 16:00", "dossier.submitted", FILED)]);
    let told = survey(&(long + &short));
    assert_eq!(told["waiting_for_acceptance"], serde_json::json!([{ "dossier": "D1", "agency": "A" }]));
}

#[test]
fn a_linked_case_is_held_up_by_its_open_part() {
    let done = events(
        "D1",
        &[
            ("05 08:00", "dossier.submitted", FILED),
            ("05 09:00", "dossier.accepted", ENTRY),
            ("06 09:00", "dossier.processed", GRANTED),
        ],
    );
    let open =
        events("D2", &[("05 08:00", "dossier.submitted", FILED), ("05 09:00", "dossier.accepted", ENTRY)]);
    let case = &survey(&(done + &open))["linked_services"][0];
    assert_eq!((&case["complete"], &case["held_up_by"]), (&Value::Bool(false), &Value::from("D2")), "{case}");
}

#[test]
fn flags_are_raised_with_their_dossiers() {
    let reopened = events(
        "R",
        &[
            ("05 08:00", "dossier.accepted", &ENTRY.replace("30T", "06T")),
            ("08 08:00", "dossier.processed", GRANTED),
            ("09 08:00", "dossier.reopened", r#"{"reason":"x"}"#),
        ],
    );
    let again = events(
        "X",
        &[
            ("05 08:00", "dossier.submitted", FILED),
            ("05 09:00", "dossier.accepted", ENTRY),
            ("12 08:00", "dossier.deleted", r#"{"reason":"x"}"#),
        ],
    ) + &events(
        "Y",
        &[("12 10:00", "dossier.submitted", FILED), ("12 11:00", "dossier.accepted", ENTRY)],
    );
    let bulk: String = (0..20)
        .map(|number| {
            events(
                &format!("Z{number:02}"),
                &[("05 08:00", "dossier.accepted", ENTRY), ("16 16:59", "dossier.processed", GRANTED)],
            )
        })
        .fold(String::new(), |text, one| text + &one);
    let told = survey(&(reopened + &again + &bulk));
    let flagged = told["integrity_flags"].as_array().expect("a list");
    let with = |flag: &str| -> Vec<&str> {
        let has = |one: &&Value| {
            one["flags"].as_array().is_some_and(|flags| flags.iter().any(|known| known == flag))
        };
        flagged.iter().filter(has).filter_map(|one| one["dossier"].as_str()).collect()
    };
    assert_eq!(with("reopened_after_late_end"), ["R"]);
    assert_eq!(with("deleted_and_filed_again"), ["X"]);
    assert_eq!(with("bulk_end").len(), 20);
}
