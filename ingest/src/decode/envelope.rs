//! The CloudEvents envelope: attributes, and `data` read in the light of `type`.
//!
//! One pass when `type` stands before `data`, as senders write it; otherwise `data` is kept as text and read
//! when the type is known. Of repeated members the last counts.

use std::borrow::Cow;
use std::fmt;

use compute::event::{Draft, EventType};
use compute::instant::Instant;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::data::{self, Slots};
use crate::rejection::{Reason, Rejection};

/// 2000-01-01T00:00:00Z and 2100-01-01T00:00:00Z, in Unix seconds; the upper bound is excluded.
const TIME_FROM: i64 = 946_684_800;
const TIME_TO: i64 = 4_102_444_800;

/// Whether `time` may be an event's.
pub(crate) fn is_in_range(time: Instant) -> bool {
    (TIME_FROM..TIME_TO).contains(&time.unix_seconds())
}

/// Reads one event.
pub(super) fn read(text: &str) -> Result<Draft<'_>, Rejection> {
    let mut slots = Slots::default();
    let envelope = parse(text, None, &mut slots)?;
    let kind = match &envelope.kind {
        Attribute::Text(kind) => EventType::find(kind),
        Attribute::Absent | Attribute::Other => None,
    };
    let Some(event_type) = kind.filter(|kind| envelope.data_read_for != Some(*kind)) else {
        return envelope.check(slots);
    };
    if envelope.data == Data::Absent {
        return envelope.check(slots);
    }
    // `data` stood before its type, or the type was given again after it: read it for the type that counts.
    slots.clear();
    parse(text, Some(event_type), &mut slots)?.check(slots)
}

fn parse<'a>(
    text: &'a str,
    event_type: Option<EventType>,
    slots: &mut Slots<'a>,
) -> Result<Envelope<'a>, Rejection> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let seed = Seed { event_type, slots };
    let read = seed.deserialize(&mut parser).and_then(|envelope| parser.end().map(|()| envelope));
    read.map_err(|_| {
        let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
        Rejection::whole(if is_json { Reason::NotObject } else { Reason::NotJson })
    })
}

/// A string attribute as found.
#[derive(Clone, Debug, Default)]
enum Attribute<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    Other,
}

impl<'a> Attribute<'a> {
    fn required(self, name: &'static str) -> Result<Cow<'a, str>, Rejection> {
        match self {
            Attribute::Absent => Err(Rejection::field(Reason::Missing, name)),
            Attribute::Other => Err(Rejection::field(Reason::WrongType, name)),
            Attribute::Text(text) if text.is_empty() => Err(Rejection::field(Reason::Empty, name)),
            Attribute::Text(text) => Ok(text),
        }
    }
}

/// `data` as found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Data {
    Absent,
    Object,
    NotObject,
}

#[derive(Debug)]
struct Envelope<'a> {
    id: Attribute<'a>,
    source: Attribute<'a>,
    kind: Attribute<'a>,
    subject: Attribute<'a>,
    time: Attribute<'a>,
    recorded: Attribute<'a>,
    data: Data,
    data_read_for: Option<EventType>,
}

impl<'a> Envelope<'a> {
    fn check(self, slots: Slots<'a>) -> Result<Draft<'a>, Rejection> {
        let id = self.id.required("id")?;
        let source = self.source.required("source")?;
        let kind = self.kind.required("type")?;
        let subject = self.subject.required("subject")?;
        let time = self.time.required("time")?;
        let time = Instant::parse(&time).ok_or(Rejection::field(Reason::NotInstant, "time"))?;
        if !is_in_range(time) {
            return Err(Rejection::field(Reason::OutOfRange, "time"));
        }
        let recorded = match self.recorded {
            Attribute::Absent => None,
            Attribute::Other => return Err(Rejection::field(Reason::WrongType, "recordedtime")),
            Attribute::Text(text) => {
                Some(Instant::parse(&text).ok_or(Rejection::field(Reason::NotInstant, "recordedtime"))?)
            }
        };
        let event_type = EventType::find(&kind).ok_or(Rejection::field(Reason::UnknownType, "type"))?;
        if self.data == Data::NotObject {
            return Err(Rejection::field(Reason::WrongType, "data"));
        }
        Ok(Draft { event_type, source, id, subject, time, recorded, values: slots.check(event_type)? })
    }
}

/// Reads the envelope, and `data` for `event_type` or else for the type that stands before it.
struct Seed<'s, 'de> {
    event_type: Option<EventType>,
    slots: &'s mut Slots<'de>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, 'de> {
    type Value = Envelope<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, 'de> {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CloudEvent")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let absent = Attribute::default;
        let mut envelope = Envelope {
            id: absent(),
            source: absent(),
            kind: absent(),
            subject: absent(),
            time: absent(),
            recorded: absent(),
            data: Data::Absent,
            data_read_for: None,
        };
        while let Some(name) = map.next_key_seed(data::Name)? {
            let attribute = match &*name {
                "id" => &mut envelope.id,
                "source" => &mut envelope.source,
                "type" => &mut envelope.kind,
                "subject" => &mut envelope.subject,
                "time" => &mut envelope.time,
                "recordedtime" => &mut envelope.recorded,
                "data" => {
                    self.read_data(&mut map, &mut envelope)?;
                    continue;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *attribute = match map.next_value_seed(data::AnyText)? {
                data::Found::Text(text) => Attribute::Text(text),
                data::Found::Null => Attribute::Absent,
                data::Found::Other => Attribute::Other,
            };
        }
        Ok(envelope)
    }
}

impl<'de> Seed<'_, 'de> {
    fn read_data<A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
        envelope: &mut Envelope<'de>,
    ) -> Result<(), A::Error> {
        // Of repeated members the last counts, so what an earlier `data` said is forgotten.
        if envelope.data == Data::Object {
            self.slots.clear();
        }
        let before = match &envelope.kind {
            Attribute::Text(text) => EventType::find(text),
            Attribute::Absent | Attribute::Other => None,
        };
        let Some(event_type) = self.event_type.or(before) else {
            map.next_value::<IgnoredAny>()?;
            (envelope.data, envelope.data_read_for) = (Data::Object, None);
            return Ok(());
        };
        let seed = data::Seed { event_type, slots: self.slots };
        (envelope.data, envelope.data_read_for) = match map.next_value_seed(seed)? {
            data::Shape::Null => (Data::Absent, Some(event_type)),
            data::Shape::NotObject => (Data::NotObject, Some(event_type)),
            data::Shape::Object => (Data::Object, Some(event_type)),
        };
        Ok(())
    }
}
