//! A message of a topic as the bytes of one structured event: CloudEvents' Kafka binding, binary and structured mode.
//!
//! In binary mode the envelope stands in headers `ce_…` and the value is `data`; headers win over whatever the value
//! says. The one decoder then judges both. Not here: what an event may look like (`decode`).

use std::borrow::Cow;

use serde::de::IgnoredAny;

use crate::rejection::{Reason, Rejection};

/// The attributes the decoder reads; headers name them behind [`PREFIX`].
const ATTRIBUTES: [&str; 6] = ["id", "source", "type", "subject", "time", "recordedtime"];
const PREFIX: &str = "ce_";
/// Media types that begin so carry the envelope in the value.
const STRUCTURED: &[u8] = b"application/cloudevents";

/// A message as an event's bytes, and what is wrong with it that they do not show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct EventBytes<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) fault: Option<Rejection>,
}

impl<'a> EventBytes<'a> {
    fn plain(bytes: Cow<'a, [u8]>) -> EventBytes<'a> {
        EventBytes { bytes, fault: None }
    }
}

/// The event of a message with these headers.
pub(super) fn event_bytes<'a, 'h>(
    headers: impl Iterator<Item = (&'h str, Option<&'h [u8]>)>,
    value: &'a [u8],
) -> EventBytes<'a> {
    let (mut is_structured, mut is_binary, mut found) = (false, false, [None; ATTRIBUTES.len()]);
    // Once: each look at a header goes through librdkafka.
    for (name, text) in headers {
        if let Some(attribute) = name.strip_prefix(PREFIX) {
            is_binary = true;
            if let Some(place) = ATTRIBUTES.iter().position(|known| *known == attribute) {
                // Of repeated headers the last counts, as of repeated members.
                found[place] = text;
            }
        } else if name.eq_ignore_ascii_case("content-type") {
            let start = text.and_then(|text| text.get(..STRUCTURED.len()));
            is_structured |= start.is_some_and(|start| start.eq_ignore_ascii_case(STRUCTURED));
        }
    }
    if is_structured || !is_binary {
        return EventBytes::plain(Cow::Borrowed(value));
    }
    let mut line = Vec::with_capacity(value.len() + 256);
    line.push(b'{');
    for (attribute, text) in ATTRIBUTES.into_iter().zip(found) {
        if let Some(text) = text {
            put_name(attribute, &mut line);
            put_text(text, &mut line);
            line.push(b',');
        }
    }
    put_name("data", &mut line);
    // A value of two pieces of JSON could speak in the headers' name: it must be one, whole.
    let fault = match value {
        [] => None,
        _ if std::str::from_utf8(value).is_err() => Some(Reason::NotUtf8),
        _ if serde_json::from_slice::<IgnoredAny>(value).is_err() => Some(Reason::NotJson),
        _ => None,
    };
    let is_absent = value.is_empty() || fault.is_some();
    line.extend_from_slice(if is_absent { b"null" } else { value });
    line.push(b'}');
    EventBytes { bytes: Cow::Owned(line), fault: fault.map(|reason| Rejection::field(reason, "data")) }
}

fn put_name(name: &str, line: &mut Vec<u8>) {
    line.push(b'"');
    line.extend_from_slice(name.as_bytes());
    line.extend_from_slice(b"\":");
}

/// Text as JSON; bytes that are not UTF-8 stay as they are, for the decoder to refuse.
fn put_text(text: &[u8], line: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    line.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => line.extend_from_slice(&[b'\\', *byte]),
            0..0x20 => {
                line.extend_from_slice(b"\\u00");
                line.push(DIGITS[usize::from(byte >> 4)]);
                line.push(DIGITS[usize::from(byte & 15)]);
            }
            _ => line.push(*byte),
        }
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode;

    const HEADERS: [(&str, &str); 6] = [
        ("ce_specversion", "1.0"),
        ("ce_id", "1\"\\\n"),
        ("ce_source", "/đ"),
        ("ce_type", "dossier.paid"),
        ("ce_subject", "H1"),
        ("ce_time", "2026-10-01T08:00:00+07:00"),
    ];

    fn binary<'a>(headers: &[(&str, &str)], value: &'a str) -> EventBytes<'a> {
        let headers: Vec<_> = headers.iter().map(|(name, text)| (*name, Some(text.as_bytes()))).collect();
        event_bytes(headers.into_iter(), value.as_bytes())
    }

    #[test]
    fn both_modes_are_the_same_event() {
        let data = r#"{"amount_vnd":5000,"method":"portal"}"#;
        let structured = format!(
            r#"{{"id":"1\"\\\n","source":"/đ","type":"dossier.paid","subject":"H1","time":"2026-10-01T08:00:00+07:00","data":{data}}}"#
        );
        let one = binary(&HEADERS, data);
        let other = binary(&[("content-type", "Application/CloudEvents+json; charset=utf-8")], &structured);
        let (one, other) = (decode(&one.bytes), decode(&other.bytes));
        assert_eq!(format!("{:?}", one.expect("it is an event")), format!("{:?}", other.expect("it is one")));
        assert_eq!(binary(&[], &structured).bytes, structured.as_bytes(), "without headers it is structured");
        let with_both = [("content-type", "application/cloudevents+json"), ("ce_id", "2")];
        assert_eq!(binary(&with_both, &structured).bytes, structured.as_bytes());
    }

    #[test]
    fn the_value_cannot_speak_in_the_headers_name() {
        for value in [r#"{},"id":"evil""#, "{} {}", "{", "x"] {
            let event = binary(&HEADERS, value);
            assert_eq!(event.fault, Some(Rejection::field(Reason::NotJson, "data")), "{value}");
            assert!(!String::from_utf8_lossy(&event.bytes).contains("evil"));
        }
        let event = binary(&HEADERS, r#"{"id":"evil","amount_vnd":5000,"method":"portal"}"#);
        assert_eq!(decode(&event.bytes).expect("unknown members are ignored").id, "1\"\\\n");
        let event = event_bytes([("ce_id", Some(&b"1"[..]))].into_iter(), b"\xff");
        assert_eq!(event.fault, Some(Rejection::field(Reason::NotUtf8, "data")));
    }

    #[test]
    fn no_value_is_no_data() {
        let mut headers = HEADERS;
        headers[3].1 = "dossier.result_attached";
        let event = binary(&headers, "");
        assert_eq!(event.fault, None);
        decode(&event.bytes).expect("this type needs no data");
        let refused = event_bytes([("ce_id", Some(&b"\xff"[..]))].into_iter(), b"");
        assert_eq!(decode(&refused.bytes).expect_err("no UTF-8").reason, Reason::NotUtf8);
    }
}
