//! A message that was not understood, kept so that it can be looked at, mended and sent again.
//!
//! Only what the contract knows is kept: the envelope, and of `data` the fields of the event's type that hold no free
//! text. A message that is no JSON object is kept as its hash and length alone, since nobody can say what is in it
//! (personal data); its sender has it. Not here: where it is stored.

use std::fmt::Write;

use compute::event::EventType;
use compute::event::contract::FieldKind;
use compute::instant::Instant;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::decode::EVENT_BYTES_MAX;
use crate::exchange;
use crate::rejection::Rejection;

/// Attributes of the envelope that are kept.
const ATTRIBUTES: [&str; 7] = ["specversion", "id", "source", "type", "subject", "time", "recordedtime"];
/// Kept JSON beyond this is not kept.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// A message set aside.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SetAsideMessage {
    /// When it arrived.
    pub arrived: String,
    /// How it came: `http`, `retry`, `kafka:topic/partition/offset`; a national exchange message `exchange`, or
    /// `exchange:kafka:topic/partition/offset`.
    pub via: String,
    /// Its place in the request that brought it, from 0; its offset in the partition.
    pub position: usize,
    /// Code of the reason.
    pub reason: String,
    /// The field at fault.
    pub field: Option<String>,
    /// What to do about it.
    pub advice: String,
    /// The sending system, if it could be read.
    pub source: Option<String>,
    /// SHA-256 of the message, in hexadecimal digits.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: usize,
    /// What is kept of it.
    pub event: Option<Value>,
}

impl SetAsideMessage {
    /// What is kept of `bytes`.
    pub fn new(
        bytes: &[u8],
        rejection: &Rejection,
        via: &str,
        position: usize,
        arrived: Instant,
    ) -> SetAsideMessage {
        let event = kept(bytes);
        let source = event.as_ref().and_then(|event| event["source"].as_str()).map(str::to_owned);
        let digest = Sha256::digest(bytes);
        SetAsideMessage {
            arrived: arrived.to_utc(),
            via: via.to_owned(),
            position,
            reason: rejection.reason.code().to_owned(),
            field: rejection.field.map(str::to_owned),
            advice: rejection.reason.advice().to_owned(),
            source,
            sha256: hexadecimal(&digest),
            bytes: bytes.len(),
            event,
        }
    }

    /// What is kept of a national exchange message that `source` sent and that came by way of `via`.
    pub fn of_exchange(
        unmapped: &exchange::Unmapped,
        (source, via): (&str, &str),
        position: usize,
        arrived: Instant,
    ) -> SetAsideMessage {
        let rejection = &unmapped.rejection;
        let kept = unmapped.kept.clone().filter(|kept| kept.to_string().len() <= KEPT_BYTES_MAX);
        SetAsideMessage {
            arrived: arrived.to_utc(),
            via: via.to_owned(),
            position,
            reason: rejection.reason.code().to_owned(),
            field: rejection.field.map(str::to_owned),
            advice: rejection.reason.advice().to_owned(),
            source: Some(source.to_owned()),
            sha256: hexadecimal(&unmapped.sha256),
            bytes: unmapped.bytes,
            event: kept,
        }
    }

    /// The source of a national exchange message; `None` for any other.
    pub fn exchange_source(&self) -> Option<&str> {
        self.source.as_deref().filter(|_| self.via.split(':').next() == Some(exchange::VIA))
    }

    /// As the log keeps it.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`SetAsideMessage::to_bytes`] gave.
    ///
    /// # Errors
    /// When it is something else.
    pub fn read(bytes: &[u8]) -> Result<SetAsideMessage, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn kept(bytes: &[u8]) -> Option<Value> {
    if bytes.len() > EVENT_BYTES_MAX {
        return None;
    }
    let Value::Object(given) = serde_json::from_slice(bytes).ok()? else { return None };
    let mut kept = Map::new();
    for name in ATTRIBUTES {
        if let Some(value) = given.get(name).filter(|value| !value.is_object() && !value.is_array()) {
            kept.insert(name.to_owned(), value.clone());
        }
    }
    let event_type = given.get("type").and_then(Value::as_str).and_then(EventType::find);
    if let (Some(event_type), Some(Value::Object(data))) = (event_type, given.get("data")) {
        let mut fields = Map::new();
        for field in event_type.fields() {
            let Some(value) = data.get(field.id.name()) else { continue };
            match field.kind {
                // Its words are nobody's business; that it was there is.
                FieldKind::FreeText | FieldKind::Anything if value.is_string() => {
                    fields.insert(field.id.name().to_owned(), Value::String(String::new()));
                }
                FieldKind::FreeText | FieldKind::Anything => {}
                _ => {
                    fields.insert(field.id.name().to_owned(), value.clone());
                }
            }
        }
        kept.insert("data".to_owned(), Value::Object(fields));
    }
    let kept = Value::Object(kept);
    (kept.to_string().len() <= KEPT_BYTES_MAX).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode;

    fn set_aside(text: &str) -> SetAsideMessage {
        let rejection = decode(text.as_bytes()).expect_err("a message that is not understood");
        SetAsideMessage::new(text.as_bytes(), &rejection, "http", 3, Instant::from_unix(0, 0))
    }

    #[test]
    fn nothing_an_applicant_would_not_want_kept_is_kept() {
        let message = set_aside(
            r#"{"id":"1","source":"/s","type":"dossier.stopped","subject":"D","time":"2026-13-01T08:00:00Z",
                "applicant":"Nguyen Van A","data":{"reason":"Nguyen Van A","phone":"0912"}}"#,
        );
        let text = String::from_utf8(message.to_bytes()).expect("JSON is UTF-8");
        assert!(!text.contains("Nguyen") && !text.contains("0912"), "{text}");
        assert_eq!((message.reason.as_str(), message.field.as_deref()), ("not_instant", Some("time")));
        assert_eq!(message.source.as_deref(), Some("/s"));
        assert_eq!(SetAsideMessage::read(&message.to_bytes()).expect("what was written"), message);
    }

    #[test]
    fn what_is_no_json_is_known_by_its_hash() {
        let message = set_aside("Nguyen Van A, 0912");
        assert_eq!((message.event, message.bytes), (None, 18));
        assert_eq!(message.sha256.len(), 64);
    }
}
