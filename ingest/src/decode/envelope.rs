//! The CloudEvents envelope: attributes, and `data` read in the light of `type`.
//!
//! One pass when `type` stands before `data`, as senders write it; otherwise `data` is kept as text and read
//! when the type is known. Of repeated members the last counts.

use std::borrow::Cow;
use std::fmt;

use compute::event::record::Given;
use compute::event::{Draft, EventType};
use compute::instant::Instant;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use sonic_rs::LazyValue;

use super::data::{self, Slots};
use crate::rejection::{Reason, Rejection};

/// 2000-01-01T00:00:00Z and 2100-01-01T00:00:00Z, in Unix seconds; the upper bound is excluded.
const TIME_FROM: i64 = 946_684_800;
const TIME_TO: i64 = 4_102_444_800;

/// Reads one event.
pub(super) fn read(text: &str) -> Result<Draft<'_>, Rejection> {
    let mut envelope = parse(text, Seed { is_data_kept: false })?;
    if let (Data::Read(read_for, _), Attribute::Text(last)) = (&envelope.data, &envelope.kind)
        && EventType::find(last) != Some(*read_for)
    {
        // `type` was given again after `data`: of repeated members the last counts.
        envelope = parse(text, Seed { is_data_kept: true })?;
    }
    envelope.check()
}

fn parse(text: &str, seed: Seed) -> Result<Envelope<'_>, Rejection> {
    let mut parser = sonic_rs::Deserializer::from_str(text);
    let read = seed.deserialize(&mut parser).and_then(|envelope| parser.end().map(|()| envelope));
    read.map_err(|_| {
        let is_json = sonic_rs::from_str::<IgnoredAny>(text).is_ok();
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
#[derive(Debug)]
enum Data<'a> {
    Absent,
    /// Read for the type that stood before it.
    Read(EventType, Box<Slots<'a>>),
    /// Kept as text until the type is known.
    Raw(LazyValue<'a>),
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
    data: Data<'a>,
}

impl<'a> Envelope<'a> {
    fn check(self) -> Result<Draft<'a>, Rejection> {
        let id = self.id.required("id")?;
        let source = self.source.required("source")?;
        let kind = self.kind.required("type")?;
        let subject = self.subject.required("subject")?;
        let time = self.time.required("time")?;
        let time = Instant::parse(&time).ok_or(Rejection::field(Reason::NotInstant, "time"))?;
        if !(TIME_FROM..TIME_TO).contains(&time.unix_seconds()) {
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
        let slots = match self.data {
            Data::Absent => Box::default(),
            Data::Read(read_for, slots) if read_for == event_type => slots,
            Data::Read(..) | Data::NotObject => return Err(Rejection::field(Reason::WrongType, "data")),
            Data::Raw(raw) => owned(&raw, event_type)?,
        };
        let values = data::check(event_type, *slots)?;
        Ok(Draft { event_type, source, id, subject, time, recorded, values })
    }
}

/// Reads `data` that stood before its type. Rare, so its texts are copied.
fn owned<'a>(raw: &LazyValue<'_>, event_type: EventType) -> Result<Box<Slots<'a>>, Rejection> {
    let mut parser = sonic_rs::Deserializer::from_str(raw.as_raw_str());
    let read = data::Seed(event_type).deserialize(&mut parser);
    let slots = read.ok().flatten().ok_or(Rejection::field(Reason::WrongType, "data"))?;
    Ok(Box::new(slots.map(|slot| slot.map(|value| value.map(own)))))
}

fn own<'a>(value: Given<'_>) -> Given<'a> {
    match value {
        Given::Text(text) => Given::Text(Cow::Owned(text.into_owned())),
        Given::Bool(value) => Given::Bool(value),
        Given::Whole(value) => Given::Whole(value),
        Given::Instant(at) => Given::Instant(at),
        Given::Date(day) => Given::Date(day),
        Given::Choice(place) => Given::Choice(place),
        Given::Choices(places) => Given::Choices(places),
        Given::Texts(texts) => Given::Texts(texts),
        Given::Parts(counts) => Given::Parts(counts),
        Given::Duration(value, unit) => Given::Duration(value, unit),
        Given::Dropped => Given::Dropped,
    }
}

/// Whether `data` is kept as text even when its type is known.
#[derive(Clone, Copy)]
struct Seed {
    is_data_kept: bool,
}

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Envelope<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CloudEvent")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let absent = Attribute::default;
        let mut envelope = Envelope {
            id: absent(),
            source: absent(),
            kind: absent(),
            subject: absent(),
            time: absent(),
            recorded: absent(),
            data: Data::Absent,
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
                    let kind = if self.is_data_kept { &Attribute::Absent } else { &envelope.kind };
                    envelope.data = read_data(&mut map, kind)?;
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

fn read_data<'de, A: MapAccess<'de>>(map: &mut A, kind: &Attribute<'de>) -> Result<Data<'de>, A::Error> {
    let known = match kind {
        Attribute::Text(text) => EventType::find(text),
        Attribute::Absent | Attribute::Other => None,
    };
    let Some(event_type) = known else {
        let raw: LazyValue<'de> = map.next_value()?;
        return Ok(match raw.as_raw_str().as_bytes().first() {
            Some(b'{') => Data::Raw(raw),
            Some(b'n') => Data::Absent,
            _ => Data::NotObject,
        });
    };
    Ok(match map.next_value_seed(data::MaybeSeed(event_type))? {
        data::MaybeData::Null => Data::Absent,
        data::MaybeData::NotObject => Data::NotObject,
        data::MaybeData::Object(slots) => Data::Read(event_type, Box::new(slots)),
    })
}
