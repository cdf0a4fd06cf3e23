//! An event made of a message: its identity from its content, its line as the contract wants it.
//!
//! The id is a place in a dossier's life and a hash: `20-5f…`. Events of one source at one instant take effect in the
//! order of their ids, so the place says what comes first when a system stamps two happenings with one second. The hash
//! covers subject, type, time and data, so that the same fact, sent again or within a fuller message, is the same event.

use compute::event::{Draft, EventType};
use compute::instant::Instant;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::decode;
use crate::rejection::Rejection;

/// What the hash begins with; another scheme of identities would begin otherwise.
const SCHEME: &str = "exchange-1";
/// Hexadecimal digits of the hash that are kept.
const HASH_DIGITS: usize = 32;

/// Where an event stands among those of one instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Filed = 10,
    Accepted = 20,
    PartDigitised = 22,
    FeeSet = 24,
    Paid = 26,
    Assigned = 30,
    Reopened = 36,
    DueGivenBefore = 40,
    SupplementRequested = 50,
    SupplementReceived = 60,
    DueGiven = 62,
    Resumed = 64,
    Paused = 66,
    Refused = 70,
    Withdrawn = 72,
    Stopped = 74,
    Processed = 80,
    ResultAttached = 82,
    Returned = 90,
    /// A happening that cannot follow the end at the same instant: told after it.
    Backwards = 96,
}

/// An event made of a message.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MappedEvent {
    /// When it happened.
    pub time: Instant,
    /// Unique within the source, from its content.
    pub id: String,
    /// Its type.
    pub event_type: EventType,
    /// The event as the contract wants it, one line of JSON without the line's end.
    pub line: String,
}

impl MappedEvent {
    /// The event as decoded.
    ///
    /// # Errors
    /// Never for an event this module made, but the contract has the last word.
    pub fn draft(&self) -> Result<Draft<'_>, Rejection> {
        decode::decode_text(&self.line)
    }
}

/// The events of one message, as they are told.
#[derive(Debug)]
pub(super) struct Telling<'a> {
    subject: &'a str,
    source: &'a str,
    events: Vec<MappedEvent>,
}

impl<'a> Telling<'a> {
    /// Nothing yet about `subject`.
    pub(super) fn new(subject: &'a str, source: &'a str) -> Telling<'a> {
        Telling { subject, source, events: Vec::new() }
    }

    /// An event whose identity is subject, type, time and data.
    pub(super) fn tell(&mut self, event_type: EventType, place: Place, time: Instant, data: Value) {
        let identity = data.clone();
        self.put(event_type, place, time, data, &identity);
    }

    /// An event that can happen once at an instant, whatever is said of it: its identity leaves the data out.
    pub(super) fn tell_once(&mut self, event_type: EventType, place: Place, time: Instant, data: Value) {
        self.put(event_type, place, time, data, &Value::Null);
    }

    /// The `copy`-th of several events that may be alike.
    pub(super) fn tell_copy(
        &mut self,
        (event_type, place): (EventType, Place),
        time: Instant,
        data: Value,
        copy: usize,
    ) {
        let identity = json!([data, copy]);
        self.put(event_type, place, time, data, &identity);
    }

    /// Whether an event of this type was told.
    pub(super) fn has(&self, event_type: EventType) -> bool {
        self.events.iter().any(|event| event.event_type == event_type)
    }

    /// All of them, in the order in which they take effect, each once.
    pub(super) fn done(mut self) -> Vec<MappedEvent> {
        self.events.sort();
        self.events.dedup_by(|one, other| one.id == other.id);
        self.events
    }

    fn put(&mut self, event_type: EventType, place: Place, time: Instant, data: Value, identity: &Value) {
        let data = without_null(data);
        let at = time.to_utc();
        let content =
            json!([SCHEME, self.subject, event_type.name(), at, without_null(identity.clone())]).to_string();
        let hash = format!("{:x}", Sha256::digest(content));
        let id = format!("{}-{}", place as u8, &hash[..HASH_DIGITS]);
        let line = json!({
            "specversion": "1.0", "id": id, "source": self.source, "type": event_type.name(),
            "subject": self.subject, "time": at, "data": data,
        });
        self.events.push(MappedEvent { time, id, event_type, line: line.to_string() });
    }
}

/// Members that are null are left out: what is not said is not kept.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
        }
        other => other,
    }
}
