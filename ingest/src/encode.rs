//! An accepted event as a line of JSON again: only what the system keeps, for the log.
//!
//! What is read back from the line is the event that was accepted, to the byte of its packed record; nothing of a
//! member the contract does not know, and no free text, can be in it (personal data). Required free text is written
//! as an empty string, so that the line is an event by the contract. Not here: decoding (`decode`), the log (`store`).

use std::fmt::Write;

use compute::event::canonical::put_text;
use compute::event::contract::{DURATION_UNITS, Field, FieldKind};
use compute::event::{Draft, Given};
use compute::instant::Instant;

/// Appends `draft` to `out` as one line, without the line's end. An event whose sender did not say when it was recorded
/// was recorded when it `arrived` (events.md).
pub fn line(draft: &Draft<'_>, arrived: Instant, out: &mut Vec<u8>) {
    let mut json = String::with_capacity(LINE_BYTES_USUAL);
    json.push_str("{\"specversion\":\"1.0\",\"id\":");
    put_text(&mut json, &draft.id);
    json.push_str(",\"source\":");
    put_text(&mut json, &draft.source);
    json.push_str(",\"type\":\"");
    json.push_str(draft.event_type.name());
    json.push_str("\",\"subject\":");
    put_text(&mut json, &draft.subject);
    json.push_str(",\"time\":\"");
    draft.time.put_utc(&mut json);
    json.push('"');
    json.push_str(",\"recordedtime\":\"");
    draft.recorded.unwrap_or(arrived).put_utc(&mut json);
    json.push_str("\",\"data\":{");
    let mut is_first = true;
    for (field, value) in draft.event_type.fields().iter().zip(&draft.values) {
        let Some(value) = value else { continue };
        if *value == Given::Dropped && !field.is_required {
            continue;
        }
        if !is_first {
            json.push(',');
        }
        is_first = false;
        json.push('"');
        json.push_str(field.id.name());
        json.push_str("\":");
        put_value(&mut json, field, value);
    }
    json.push_str("}}");
    out.extend_from_slice(json.as_bytes());
}

/// Room for most lines.
const LINE_BYTES_USUAL: usize = 512;

fn put_value(json: &mut String, field: &Field, value: &Given<'_>) {
    let word = |place: &u8| match field.kind {
        FieldKind::OneOf(words) | FieldKind::SomeOf(words) => {
            words.get(usize::from(*place)).copied().unwrap_or_default()
        }
        _ => "",
    };
    match value {
        Given::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
        Given::Whole(value) => {
            let _ = write!(json, "{value}");
        }
        Given::Instant(at) => {
            json.push('"');
            at.put_utc(json);
            json.push('"');
        }
        Given::Date(day) => put_text(json, &day.to_string()),
        Given::Choice(place) => put_text(json, word(place)),
        Given::Choices(places) => put_list(json, places.iter().map(word)),
        Given::Text(text) => put_text(json, text),
        Given::Texts(texts) => put_list(json, texts.iter().map(String::as_str)),
        Given::Parts(counts) => {
            let [total, digitised, reused, stored] = **counts;
            // Writing into a string cannot fail.
            let _ = write!(
                json,
                "{{\"total\":{total},\"digitised\":{digitised},\"reused\":{reused},\"from_portal_store\":{stored}}}"
            );
        }
        Given::Duration(value, unit) => {
            let unit = DURATION_UNITS.get(usize::from(*unit)).copied().unwrap_or_default();
            let _ = write!(json, "{{\"value\":{value},\"unit\":\"{unit}\"}}");
        }
        Given::Dropped => json.push_str("\"\""),
    }
}

fn put_list<'a>(json: &mut String, texts: impl Iterator<Item = &'a str>) {
    json.push('[');
    for (place, text) in texts.enumerate() {
        if place > 0 {
            json.push(',');
        }
        put_text(json, text);
    }
    json.push(']');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use compute::codes::{CodeBook, LocalCodes};
    use compute::event::Batch;

    use super::*;
    use crate::decode::decode;
    use crate::simulate::{Plan, Stream};

    const ARRIVED: &str = "2026-10-02T00:00:00.000000001Z";

    /// Reads `text`, writes it for the log, reads that: the same packed event, and the line it became.
    fn check(text: &[u8]) -> String {
        let arrived = Instant::parse(ARRIVED).expect("an instant");
        let draft = decode(text).unwrap_or_else(|rejection| panic!("{rejection}"));
        let mut kept = Vec::new();
        line(&draft, arrived, &mut kept);
        let again = decode(&kept).unwrap_or_else(|rejection| panic!("{rejection}: the log would lose it"));
        let mut codes = LocalCodes::new(&Arc::<CodeBook>::default());
        let mut batch = Batch::default();
        batch.push(&draft, 0, &mut codes);
        batch.push(&again, 0, &mut codes);
        let [one, other] = [0, 1].map(|place| batch.entries()[place]);
        assert_eq!(batch.record(&one).bytes(), batch.record(&other).bytes());
        assert_eq!(batch.subject(&one), batch.subject(&other));
        assert_eq!(again.recorded, Some(draft.recorded.unwrap_or(arrived)));
        let kept = String::from_utf8(kept).expect("a line is UTF-8");
        assert!(!kept.contains('\n'), "one line: {kept}");
        kept
    }

    #[test]
    fn what_the_log_keeps_is_the_event_that_was_accepted() {
        for seed in 1..4 {
            let mut story = Stream::new(&Plan { seed, events: 3_000, ..Plan::default() });
            while let Some((_, line)) = story.next_line() {
                check(line);
            }
        }
    }

    #[test]
    fn every_kind_of_field_survives() {
        let event = |kind: &str, data: &str| {
            format!(
                r#"{{"id":"\"\\\n","source":"/s\u0001","type":"{kind}","subject":"Đ","time":"2026-10-01T08:00:00.123456789+07:00","data":{data}}}"#
            )
        };
        let kept = check(event("dossier.stopped", r#"{"reason":"cụ Nguyễn Văn A đã mất"}"#).as_bytes());
        assert!(kept.contains(r#""reason":"""#) && !kept.contains("Nguy"), "no free text: {kept}");
        let kept = check(
            event("dossier.rated", r#"{"satisfied":true,"aspects":{"a":[1]},"phone":"09"}"#).as_bytes(),
        );
        assert!(kept.ends_with(r#""data":{"satisfied":true}}"#), "{kept}");
        assert!(kept.contains(&format!(r#""recordedtime":"{ARRIVED}""#)), "{kept}");
        check(event("dossier.accepted", r#"{"procedure":"P","agency":"A","officer":"O","fee_vnd":9007199254740991,
            "parts":{"total":1,"digitised":2,"reused":3,"from_portal_store":4},"due_at":"9999-12-31T23:59:59Z"}"#).as_bytes());
        check(
            event("procedure.published", r#"{"published_on":"2026-02-28","parts":["agency","name","name"]}"#)
                .as_bytes(),
        );
        check(
            event(
                "agency.defined",
                r#"{"name":"\u2028","kind":"unit","valid_from":"2025-07-01","predecessors":["","B"]}"#,
            )
            .as_bytes(),
        );
        check(event("procedure.defined", r#"{"name":"","levels":[],"agency":"A","duration":{"value":3,"unit":"day"},
            "online":"full","full_eligible":true,"paper_result":false,"fee":true,"payment_integrated":false,"for_citizens":true}"#).as_bytes());
        check(event("portal.reported", r#"{"period":"2026-Q1","received":7}"#).as_bytes());
    }
}
