//! Events that cannot be understood: set aside with position, reason and field, never stopping the rest.

use acceptance_tests::program::{Folder, nhip};
use acceptance_tests::story::events;
use serde_json::Value;

/// Puts `line` between good events; what the rejects file says of it.
fn rejection(line: &[u8]) -> Value {
    let folder = Folder::new();
    let (good, rejects) = (events("01/10 08:00 accepted due=30/11 17:30"), folder.path("rejects.ndjson"));
    let input = [good.as_bytes(), line, b"\n", good.as_bytes()].concat();
    let asked =
        ["score", "-", "--period", "2026-10", "--as-of", "2026-11-01", "--format", "csv", "--rejects"];
    let ran = nhip(&[&asked[..], &[&rejects]].concat(), &input);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let clean = nhip(&asked[..8], good.as_bytes());
    assert_eq!(ran.stdout, clean.stdout, "the rest goes on");
    let told = std::fs::read_to_string(&rejects).expect("rejects were written");
    assert_eq!(told.lines().count(), 1, "{told}");
    let told: Value = serde_json::from_str(&told).expect("a rejection is JSON");
    assert_eq!(told["line"], 9, "{told}");
    assert_eq!(told["offset"], good.len(), "{told}");
    assert_eq!(told["file"], "-", "{told}");
    assert!(told["advice"].as_str().is_some_and(|advice| !advice.is_empty()), "{told}");
    told
}

#[test]
fn every_reason_says_what_is_wrong_and_in_which_field() {
    let table = [
        ("not an event", "not_json", None),
        ("[1]", "not_object", None),
        ("{}", "missing", Some("id")),
        (
            r#"{"id":"","source":"/s","type":"t","subject":"x","time":"2026-10-01T08:00:00Z"}"#,
            "empty",
            Some("id"),
        ),
        (
            r#"{"id":7,"source":"/s","type":"t","subject":"x","time":"2026-10-01T08:00:00Z"}"#,
            "wrong_type",
            Some("id"),
        ),
        (&event("dossier.eaten", "2026-10-01T08:00:00Z", "{}"), "unknown_type", Some("type")),
        (&event("dossier.closed", "2026-10-01T08:00:00", "{}"), "not_instant", Some("time")),
        (&event("dossier.closed", "2026-10-01T08:00:60Z", "{}"), "not_instant", Some("time")),
        (&event("dossier.closed", "1999-12-31T23:59:59Z", "{}"), "out_of_range", Some("time")),
        (&event("dossier.reopened", "2026-10-01T08:00:00Z", "{}"), "missing", Some("reason")),
        (
            &event("dossier.fee_set", "2026-10-01T08:00:00Z", r#"{"fee_vnd":5000.0}"#),
            "not_whole",
            Some("fee_vnd"),
        ),
        (
            &event("dossier.paused", "2026-10-01T08:00:00Z", r#"{"reason":"lunch"}"#),
            "not_in_list",
            Some("reason"),
        ),
    ];
    for (line, reason, field) in table {
        let told = rejection(line.as_bytes());
        assert_eq!((told["reason"].as_str(), told["field"].as_str()), (Some(reason), field), "{line}");
    }
}

fn event(kind: &str, time: &str, data: &str) -> String {
    format!(r#"{{"id":"1","source":"/s","type":"{kind}","subject":"x","time":"{time}","data":{data}}}"#)
}

#[test]
fn bytes_that_are_no_text_and_lines_without_end_are_set_aside_too() {
    assert_eq!(rejection(b"{\"id\":\"\xff\"}")["reason"], "not_utf8");
    assert_eq!(rejection(br#"{"id":"\ud800"}"#)["reason"], "not_utf8");
    let padding = "x".repeat((1 << 20) + 1);
    assert_eq!(rejection(padding.as_bytes())["reason"], "too_long");
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(3 << 20));
    assert_eq!(rejection(long.as_bytes())["reason"], "too_long");
}

#[test]
fn a_line_set_aside_can_be_found_by_its_hash() {
    // sha256sum of the line without its end.
    let told = rejection(b"not an event");
    assert_eq!(told["sha256"], HASH_OF_NOT_AN_EVENT);
}

const HASH_OF_NOT_AN_EVENT: &str = "3e3de993b2db2c49fbfdeb10b2cd9e0b240b7a0c3f212c80b6b428036328ffb3";
