//! Which copy of an event wins, and the canonical form of what is kept.
//!
//! `(source, id)` is an event's identity. When copies differ in what the system keeps, the smaller by `(time,
//! type, subject, kept data as canonical JSON)` wins, compared as instant and then bytes (events.md). Canonical
//! JSON is RFC 8785: keys sorted, shortest escapes, no spaces.

use std::fmt::Write;

use super::contract::{DURATION_UNITS, Family, Field, FieldKind};
use super::record::{Record, Value};
use crate::codes::Names;

/// The order in which copies of one identity compete; the least wins. `Equal` means they are one event.
pub fn compete(
    (one, one_subject): (&Record<'_>, &[u8]),
    (other, other_subject): (&Record<'_>, &[u8]),
    names: &Names,
) -> std::cmp::Ordering {
    one.time
        .cmp(&other.time)
        .then_with(|| one.event_type.name().as_bytes().cmp(other.event_type.name().as_bytes()))
        .then_with(|| one_subject.cmp(other_subject))
        .then_with(|| {
            if one.bytes() == other.bytes() {
                return std::cmp::Ordering::Equal;
            }
            kept_json(one, names).as_bytes().cmp(kept_json(other, names).as_bytes())
        })
}

/// The order in which events of one subject take effect.
pub fn takes_effect(one: &Record<'_>, other: &Record<'_>, names: &Names) -> std::cmp::Ordering {
    one.time.cmp(&other.time).then_with(|| {
        let source = |record: &Record<'_>| names.text(record.source).as_bytes();
        let sources = if one.source == other.source {
            std::cmp::Ordering::Equal
        } else {
            source(one).cmp(source(other))
        };
        sources.then_with(|| one.id.cmp(other.id))
    })
}

/// The kept data of `record` as RFC 8785 JSON.
pub fn kept_json(record: &Record<'_>, names: &Names) -> String {
    let mut fields: Vec<_> = record.fields().map(|(id, value)| (id.name(), id, value)).collect();
    // Names are ASCII: bytes sort as RFC 8785's UTF-16 code units do.
    fields.sort_unstable_by_key(|(name, ..)| *name);
    let contract = record.event_type.fields();
    let mut json = String::from("{");
    for (place, (name, id, value)) in fields.into_iter().enumerate() {
        if place > 0 {
            json.push(',');
        }
        let _ = write!(json, "\"{name}\":");
        if let Some(field) = contract.iter().find(|field| field.id == id) {
            put_value(&mut json, field, value, names);
        }
    }
    json.push('}');
    json
}

fn put_value(json: &mut String, field: &Field, value: Value<'_>, names: &Names) {
    let word = |place: u8| match field.kind {
        FieldKind::OneOf(words) | FieldKind::SomeOf(words) => {
            words.get(place as usize).copied().unwrap_or("")
        }
        _ => "",
    };
    match value {
        Value::Bool(value) => json.push_str(if value { "true" } else { "false" }),
        Value::Whole(value) => {
            let _ = write!(json, "{value}");
        }
        Value::Instant(at) => put_text(json, &at.to_utc()),
        Value::Date(day) => put_text(json, &day.to_string()),
        Value::Choice(place) => put_text(json, word(place)),
        Value::Choices(places) => put_list(json, places.iter().map(|place| word(*place))),
        Value::Code(code) => put_text(json, names.text(code)),
        Value::Text(text) => put_text(json, text),
        Value::Texts(_) => put_list(json, value.texts().into_iter()),
        Value::Parts([total, digitised, reused, from_portal_store]) => {
            let _ = write!(
                json,
                "{{\"digitised\":{digitised},\"from_portal_store\":{from_portal_store},\"reused\":{reused},\"total\":{total}}}"
            );
        }
        Value::Duration(value, unit) => {
            let _ = write!(json, "{{\"unit\":\"{}\",\"value\":{value}}}", DURATION_UNITS[unit as usize]);
        }
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

/// A JSON string with RFC 8785's escapes: the two-letter ones where they exist, `\u00xx` for other controls.
pub fn put_text(json: &mut String, text: &str) {
    json.push('"');
    let mut rest = text;
    // Nearly every text is one run; what must be escaped is a byte of its own in UTF-8.
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        let (plain, escaped) = rest.split_at(at);
        json.push_str(plain);
        match escaped.as_bytes()[0] {
            b'"' => json.push_str("\\\""),
            b'\\' => json.push_str("\\\\"),
            8 => json.push_str("\\b"),
            12 => json.push_str("\\f"),
            b'\n' => json.push_str("\\n"),
            b'\r' => json.push_str("\\r"),
            b'\t' => json.push_str("\\t"),
            control => {
                // Writing into a string cannot fail.
                let _ = write!(json, "\\u{control:04x}");
            }
        }
        rest = &escaped[1..];
    }
    json.push_str(rest);
    json.push('"');
}

/// Drops the events that a standing retraction names, and the retractions; `records` must be in the order
/// they take effect and hold one family's events and all retractions of the subject's code.
///
/// A retraction works iff the event it names is among `records`, earlier in order, and is itself not retracted
/// later: resolved from the last back. Returns how many retractions had no effect here.
pub fn retract(records: &mut Vec<Record<'_>>, names: &Names) -> usize {
    let mut falls = vec![false; records.len()];
    let mut idle = 0;
    for place in (0..records.len()).rev() {
        let retraction = records[place];
        if retraction.event_type.family() != Family::Retraction || falls[place] {
            continue;
        }
        let (id, source) = named(&retraction, names);
        let target = records[..place]
            .iter()
            .position(|record| record.id == id.as_bytes() && names.text(record.source) == source);
        match target {
            Some(target) => falls[target] = true,
            None => idle += 1,
        }
    }
    let mut place = 0;
    records.retain(|record| {
        place += 1;
        !falls[place - 1] && record.event_type.family() != Family::Retraction
    });
    idle
}

/// The identity a retraction names: `(id, source)`.
fn named<'a>(retraction: &Record<'a>, names: &'a Names) -> (&'a str, &'a str) {
    use super::contract::FieldId;
    (
        retraction.text(FieldId::Id).unwrap_or(""),
        retraction.text(FieldId::Source).unwrap_or_else(|| names.text(retraction.source)),
    )
}
