//! `data`: the known fields of a type, each checked for what it must hold.
//!
//! Unknown members are skipped without being read into anything. A fault is remembered in the field's place and
//! raised only at the end, since a later member of the same name may mend it.

use std::borrow::Cow;
use std::fmt;

use compute::event::EventType;
use compute::event::contract::{DURATION_UNITS, FIELDS_MAX, Field, FieldId, FieldKind};
use compute::event::record::Given;
use compute::instant::{Day, Instant};
use compute::period::Period;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::rejection::{Reason, Rejection};

/// 2^53 − 1, the largest integer every JSON parser agrees on.
pub(super) const WHOLE_MAX: u64 = (1 << 53) - 1;

/// The members of `parts`, in the order they are stored.
pub(super) const PART_NAMES: [&str; 4] = ["total", "digitised", "reused", "from_portal_store"];

/// What a field's place holds: nothing, a value, or what is wrong with it.
pub(super) type Slot<'a> = Option<Result<Given<'a>, Reason>>;

/// The known fields found so far, in the contract's order, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Slots<'a> {
    values: [Option<Given<'a>>; FIELDS_MAX],
    faults: [Option<Reason>; FIELDS_MAX],
}

impl<'a> Slots<'a> {
    fn set(&mut self, place: usize, slot: Slot<'a>) {
        (self.values[place], self.faults[place]) = match slot {
            None => (None, None),
            Some(Ok(value)) => (Some(value), None),
            Some(Err(reason)) => (None, Some(reason)),
        };
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Slots::default();
    }

    /// The values, unless a field is at fault or a required one is missing.
    pub(super) fn check(self, event_type: EventType) -> Result<[Option<Given<'a>>; FIELDS_MAX], Rejection> {
        for (place, field) in event_type.fields().iter().enumerate() {
            if let Some(reason) = self.faults[place] {
                return Err(Rejection::field(reason, field.id.name()));
            }
            if field.is_required && self.values[place].is_none() {
                return Err(Rejection::field(Reason::Missing, field.id.name()));
            }
        }
        Ok(self.values)
    }
}

/// A member's name, borrowed where it can be.
pub(super) struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A value that should be a string.
pub(super) enum Found<'a> {
    Text(Cow<'a, str>),
    Null,
    Other,
}

/// Reads any value, keeping it only if it is a string.
pub(super) struct AnyText;

impl<'de> DeserializeSeed<'de> for AnyText {
    type Value = Found<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Any(|scalar| match scalar {
            Scalar::Text(text) => Found::Text(text),
            Scalar::Null => Found::Null,
            Scalar::Bool(_) | Scalar::Whole(_) | Scalar::Number | Scalar::Container => Found::Other,
        })
        .deserialize(deserializer)
    }
}

/// A JSON value with containers left unread.
enum Scalar<'a> {
    Null,
    Bool(bool),
    /// A non-negative integer that fits 64 bits.
    Whole(u64),
    /// Any other number.
    Number,
    Text(Cow<'a, str>),
    /// An array or object, skipped.
    Container,
}

/// Reads any value and hands on what it is.
struct Any<F>(F);

impl<'de, T, F: FnOnce(Scalar<'de>) -> T> DeserializeSeed<'de> for Any<F> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T, F: FnOnce(Scalar<'de>) -> T> Visitor<'de> for Any<F> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<T, E> {
        Ok((self.0)(Scalar::Null))
    }
    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok((self.0)(Scalar::Bool(value)))
    }
    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok((self.0)(Scalar::Whole(value)))
    }
    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok((self.0)(u64::try_from(value).map_or(Scalar::Number, Scalar::Whole)))
    }
    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        // `-0` comes as a float; `-0.0` is told apart by nobody, and no count depends on it.
        let is_minus_zero = value == 0.0 && value.is_sign_negative();
        Ok((self.0)(if is_minus_zero { Scalar::Whole(0) } else { Scalar::Number }))
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok((self.0)(Scalar::Text(Cow::Borrowed(text))))
    }
    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok((self.0)(Scalar::Text(Cow::Owned(text.to_owned()))))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok((self.0)(Scalar::Container))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok((self.0)(Scalar::Container))
    }
}

/// What `data` is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    Null,
    NotObject,
    Object,
}

/// Reads `data`, whatever it is, into the slots.
pub(super) struct Seed<'s, 'de> {
    pub(super) event_type: EventType,
    pub(super) slots: &'s mut Slots<'de>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, 'de> {
    type Value = Shape;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, 'de> {
    type Value = Shape;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::NotObject)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::NotObject)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::NotObject)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::NotObject)
    }
    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::NotObject)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Shape::NotObject)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let fields = self.event_type.fields();
        while let Some(name) = map.next_key_seed(Name)? {
            match fields.iter().position(|field| field.id.name() == name) {
                Some(place) => self.slots.set(place, map.next_value_seed(Value(&fields[place]))?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Shape::Object)
    }
}

/// Reads the value of one field.
struct Value<'f>(&'f Field);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Slot<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.0.kind {
            FieldKind::SomeOf(words) => deserializer
                .deserialize_any(List(|text: &str| word(words, text).ok_or(Reason::NotInList)))
                .map(|list| list.map(|list| list.map(Given::Choices))),
            FieldKind::Texts => deserializer
                .deserialize_any(List(|text: &str| Ok(text.to_owned())))
                .map(|list| list.map(|list| list.map(Given::Texts))),
            FieldKind::Parts => {
                let parts = deserializer
                    .deserialize_any(Members { names: &PART_NAMES, kinds: &[FieldKind::Whole; 4] })?;
                Ok(parts.map(|parts| parts.and_then(|parts| whole_parts(&parts))))
            }
            FieldKind::Duration => {
                const KINDS: [FieldKind; 2] = [FieldKind::Whole, FieldKind::OneOf(DURATION_UNITS)];
                let parts =
                    deserializer.deserialize_any(Members { names: &["value", "unit"], kinds: &KINDS })?;
                Ok(parts.map(|parts| parts.and_then(|parts| duration(&parts))))
            }
            kind => Any(|scalar| scalar_slot(kind, scalar)).deserialize(deserializer),
        }
    }
}

fn whole_parts<'a>(parts: &[Slot<'_>]) -> Result<Given<'a>, Reason> {
    let mut counts = [0; 4];
    for (count, part) in counts.iter_mut().zip(parts) {
        *count = match part {
            Some(Ok(Given::Whole(count))) => *count,
            Some(Err(reason)) => return Err(*reason),
            _ => return Err(Reason::Missing),
        };
    }
    Ok(Given::Parts(Box::new(counts)))
}

fn duration<'a>(parts: &[Slot<'_>]) -> Result<Given<'a>, Reason> {
    match parts {
        [Some(Err(reason)), _] | [_, Some(Err(reason))] => Err(*reason),
        [Some(Ok(Given::Whole(0))), Some(Ok(_))] => Err(Reason::ZeroDuration),
        [Some(Ok(Given::Whole(value))), Some(Ok(Given::Choice(unit)))] => Ok(Given::Duration(*value, *unit)),
        _ => Err(Reason::Missing),
    }
}

/// The place of a word in its list.
pub(super) fn word(words: &[&str], text: &str) -> Option<u8> {
    words.iter().position(|known| *known == text).and_then(|place| u8::try_from(place).ok())
}

/// A scalar as the kind of field asks.
fn scalar_slot(kind: FieldKind, scalar: Scalar<'_>) -> Slot<'_> {
    let scalar = match scalar {
        Scalar::Null => return None,
        scalar => scalar,
    };
    Some(match (kind, scalar) {
        (FieldKind::Anything, _) | (FieldKind::FreeText, Scalar::Text(_)) => Ok(Given::Dropped),
        (FieldKind::Bool, Scalar::Bool(value)) => Ok(Given::Bool(value)),
        (FieldKind::Whole, Scalar::Whole(value)) if value <= WHOLE_MAX => Ok(Given::Whole(value)),
        (FieldKind::Whole, Scalar::Whole(_) | Scalar::Number) => Err(Reason::NotWhole),
        (FieldKind::Code | FieldKind::Text, Scalar::Text(text)) => Ok(Given::Text(text)),
        (FieldKind::Instant, Scalar::Text(text)) => {
            Instant::parse(&text).map(Given::Instant).ok_or(Reason::NotInstant)
        }
        (FieldKind::Date, Scalar::Text(text)) => Day::parse(&text).map(Given::Date).ok_or(Reason::NotDate),
        (FieldKind::DateOrInstant, Scalar::Text(text)) => {
            let instant = Day::parse(&text).map(Day::start).or_else(|| Instant::parse(&text));
            instant.map(Given::Instant).ok_or(Reason::NotInstant)
        }
        (FieldKind::OneOf(words), Scalar::Text(text)) => {
            word(words, &text).map(Given::Choice).ok_or(Reason::NotInList)
        }
        (FieldKind::Period, Scalar::Text(text)) => {
            if Period::parse(&text).is_some() {
                Ok(Given::Text(text))
            } else {
                Err(Reason::NotPeriod)
            }
        }
        _ => Err(Reason::WrongType),
    })
}

/// A list of strings, each turned by `F`.
struct List<F>(F);

impl<'de, T, F: Fn(&str) -> Result<T, Reason>> Visitor<'de> for List<F> {
    type Value = Option<Result<Vec<T>, Reason>>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Some(Err(Reason::WrongType)))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Some(Err(Reason::WrongType)))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Some(Err(Reason::WrongType)))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Some(Err(Reason::WrongType)))
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Some(Err(Reason::WrongType)))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Some(Err(Reason::WrongType)))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Ok(Vec::new());
        while let Some(found) = seq.next_element_seed(AnyText)? {
            let turned = match found {
                Found::Text(text) => (self.0)(&text),
                Found::Null | Found::Other => Err(Reason::WrongType),
            };
            list = match (list, turned) {
                (Ok(mut list), Ok(one)) => {
                    list.push(one);
                    Ok(list)
                }
                (Err(reason), _) | (_, Err(reason)) => Err(reason),
            };
        }
        Ok(Some(list))
    }
}

/// The known members of a nested object.
struct Members<'m> {
    names: &'m [&'m str],
    kinds: &'m [FieldKind],
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Option<Result<Vec<Slot<'de>>, Reason>>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Some(Err(Reason::WrongType)))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Some(Err(Reason::WrongType)))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Some(Err(Reason::WrongType)))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Some(Err(Reason::WrongType)))
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Some(Err(Reason::WrongType)))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(Err(Reason::WrongType)))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut slots: Vec<Slot<'de>> = self.names.iter().map(|_| None).collect();
        while let Some(name) = map.next_key_seed(Name)? {
            match self.names.iter().position(|known| *known == name) {
                Some(place) => {
                    let field = Field { id: FieldId::Parts, kind: self.kinds[place], is_required: true };
                    slots[place] = map.next_value_seed(Value(&field))?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Some(Ok(slots)))
    }
}
