//! Events at rest: a packed record of only the known fields, a few dozen bytes each.
//!
//! A [`Draft`] is what decoding found; [`Batch::push`] packs it; a [`Record`] reads it back without copying.
//! Two records of one identity hold the same kept data iff their bytes are equal. Not here: JSON.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use super::contract::{EventType, FIELDS_MAX, Family, Field, FieldId, FieldKind};
use crate::codes::{Code, LocalCodes};
use crate::instant::{Day, Instant};

/// A field's value as decoded, before codes are interned.
#[derive(Clone, PartialEq, Debug)]
pub enum Given<'a> {
    /// `true`/`false`.
    Bool(bool),
    /// A whole number.
    Whole(u64),
    /// An instant.
    Instant(Instant),
    /// A date.
    Date(Day),
    /// The place of a word in its list.
    Choice(u8),
    /// Places of words, in the order given.
    Choices(Vec<u8>),
    /// A code or text.
    Text(Cow<'a, str>),
    /// A list of strings.
    Texts(Vec<String>),
    /// total, digitised, reused, from the portal's store; boxed, being rare and large.
    Parts(Box<[u64; 4]>),
    /// Value and the unit's place in the list.
    Duration(u64, u8),
    /// Present and checked, but not kept (free text).
    Dropped,
}

/// A decoded event.
#[derive(Clone, PartialEq, Debug)]
pub struct Draft<'a> {
    /// Its type.
    pub event_type: EventType,
    /// The sending system.
    pub source: Cow<'a, str>,
    /// Unique within the source.
    pub id: Cow<'a, str>,
    /// Code of the thing it is about.
    pub subject: Cow<'a, str>,
    /// When it happened.
    pub time: Instant,
    /// When the sending side recorded it.
    pub recorded: Option<Instant>,
    /// By place in [`EventType::fields`].
    pub values: [Option<Given<'a>>; FIELDS_MAX],
}

/// A field's value as kept.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'a> {
    /// `true`/`false`.
    Bool(bool),
    /// A whole number.
    Whole(u64),
    /// An instant.
    Instant(Instant),
    /// A date.
    Date(Day),
    /// The place of a word in its list.
    Choice(u8),
    /// Places of words, in the order given.
    Choices(&'a [u8]),
    /// An interned code.
    Code(Code),
    /// Text.
    Text(&'a str),
    /// Packed texts, see [`Value::texts`].
    Texts(&'a [u8]),
    /// total, digitised, reused, from the portal's store.
    Parts([u64; 4]),
    /// Value and the unit's place in the list.
    Duration(u64, u8),
}

impl<'a> Value<'a> {
    /// The strings of [`Value::Texts`].
    pub fn texts(self) -> Vec<&'a str> {
        let Value::Texts(mut bytes) = self else { return Vec::new() };
        let mut texts = Vec::new();
        while !bytes.is_empty() {
            let length = take_number(&mut bytes);
            texts.push(text(take(&mut bytes, length)));
        }
        texts
    }
}

/// A packed event, read in place.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its type.
    pub event_type: EventType,
    /// When it happened.
    pub time: Instant,
    /// The sending system.
    pub source: Code,
    /// Unique within the source.
    pub id: &'a [u8],
    /// Presence bits and values.
    body: &'a [u8],
    /// All its bytes, without the length before them.
    whole: &'a [u8],
}

impl<'a> Record<'a> {
    fn read(whole: &'a [u8]) -> Record<'a> {
        let mut bytes = whole;
        let event_type = EventType::ALL[take(&mut bytes, 1)[0] as usize];
        let time = take_instant(&mut bytes);
        let source = Code::from_index(take_number(&mut bytes));
        let length = take_number(&mut bytes);
        let id = take(&mut bytes, length);
        Record { event_type, time, source, id, body: bytes, whole }
    }

    /// The records of a subject, in the order they are stored.
    pub fn all(bytes: &'a [u8]) -> impl Iterator<Item = Record<'a>> {
        packed(bytes).map(|(_, whole)| Record::read(whole))
    }

    /// The record with this identity among a subject's; `identity_hash` spares reading the others.
    pub fn find(bytes: &'a [u8], identity_hash: u64, source: Code, id: &[u8]) -> Option<Record<'a>> {
        let print = fingerprint(identity_hash);
        packed(bytes)
            .filter(|(known, _)| *known == print)
            .map(|(_, whole)| Record::read(whole))
            .find(|record| record.source == source && record.id == id)
    }

    /// The packed bytes, without length.
    pub fn bytes(&self) -> &'a [u8] {
        self.whole
    }

    /// The fields present, in the contract's order. Free text is never among them.
    pub fn fields(&self) -> impl Iterator<Item = (FieldId, Value<'a>)> + use<'a> {
        let mut bytes = self.body;
        let presence = if bytes.len() < 2 { 0 } else { u16::from_le_bytes([bytes[0], bytes[1]]) };
        bytes = bytes.get(2..).unwrap_or(&[]);
        self.event_type
            .fields()
            .iter()
            .enumerate()
            .filter(move |(place, _)| presence & (1 << place) != 0)
            .map(move |(_, field)| (field.id, take_value(&mut bytes, field)))
    }

    /// One field, if present.
    pub fn field(&self, id: FieldId) -> Option<Value<'a>> {
        self.fields().find(|(found, _)| *found == id).map(|(_, value)| value)
    }

    /// One code field, if present.
    pub fn code(&self, id: FieldId) -> Option<Code> {
        match self.field(id) {
            Some(Value::Code(code)) => Some(code),
            _ => None,
        }
    }

    /// One text field, if present.
    pub fn text(&self, id: FieldId) -> Option<&'a str> {
        match self.field(id) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// One instant field, if present.
    pub fn instant(&self, id: FieldId) -> Option<Instant> {
        match self.field(id) {
            Some(Value::Instant(at)) => Some(at),
            _ => None,
        }
    }

    /// One word field's place in its list, if present.
    pub fn choice(&self, id: FieldId) -> Option<u8> {
        match self.field(id) {
            Some(Value::Choice(place)) => Some(place),
            _ => None,
        }
    }

    /// Whether a boolean field is present and true.
    pub fn is_set(&self, id: FieldId) -> bool {
        self.field(id) == Some(Value::Bool(true))
    }
}

/// Where an event of a [`Batch`] lies, and the hashes that route it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Routes to a shard; the same for all families of a code.
    pub subject_hash: u64,
    /// Of `(source, id)`.
    pub identity_hash: u64,
    /// Its family.
    pub family: Family,
    subject: (u32, u32),
    record: (u32, u32),
}

/// Packed events on their way to a shard.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

impl Batch {
    /// Packs `draft`; `subject_hash` is [`subject_hash`] of its subject.
    pub fn push(&mut self, draft: &Draft<'_>, subject_hash: u64, codes: &mut LocalCodes) {
        if matches!(
            draft.event_type.family(),
            Family::Procedure | Family::Agency | Family::Officer | Family::Source
        ) {
            // Units, officers and procedures are counted by code even when no dossier names them.
            codes.code(&draft.subject);
        }
        let place = |bytes: &Vec<u8>| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let subject = place(&self.bytes);
        self.bytes.extend_from_slice(draft.subject.as_bytes());
        let record = place(&self.bytes);
        self.pack(draft, codes);
        self.entries.push(Entry {
            subject_hash,
            identity_hash: identity_hash(&draft.source, &draft.id),
            family: draft.event_type.family(),
            subject: (subject, record),
            record: (record, place(&self.bytes)),
        });
    }

    fn pack(&mut self, draft: &Draft<'_>, codes: &mut LocalCodes) {
        let out = &mut self.bytes;
        out.push(draft.event_type as u8);
        out.extend_from_slice(&draft.time.to_bits().to_le_bytes());
        put_number(out, u64::from(codes.code(&draft.source).0));
        put_bytes(out, draft.id.as_bytes());
        let kept = |value: &Option<Given<'_>>| !matches!(value, None | Some(Given::Dropped));
        let presence = draft.values.iter().enumerate().filter(|(_, value)| kept(value));
        let presence = presence.fold(0u16, |bits, (place, _)| bits | 1 << place);
        if presence == 0 {
            return;
        }
        out.extend_from_slice(&presence.to_le_bytes());
        for (field, value) in draft.event_type.fields().iter().zip(&draft.values) {
            if let Some(value) = value {
                put_value(out, field, value, codes);
            }
        }
    }

    /// The events, in the order they were pushed.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The subject's code.
    pub fn subject(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.subject.0 as usize..entry.subject.1 as usize]
    }

    /// The packed record.
    pub fn record(&self, entry: &Entry) -> Record<'_> {
        Record::read(&self.bytes[entry.record.0 as usize..entry.record.1 as usize])
    }

    /// Bytes of the packed record.
    pub fn record_bytes(&self, entry: &Entry) -> usize {
        (entry.record.1 - entry.record.0) as usize
    }

    /// How many events.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }
}

/// The hash that routes a subject to its shard.
pub fn subject_hash(subject: &str) -> u64 {
    FixedState::with_seed(1).hash_one(subject.as_bytes())
}

/// The hash of an event's identity.
pub fn identity_hash(source: &str, id: &str) -> u64 {
    let mut hasher = FixedState::with_seed(2).build_hasher();
    hasher.write(source.as_bytes());
    hasher.write_u8(0xff);
    hasher.write(id.as_bytes());
    hasher.finish()
}

/// Appends `record` to a subject's bytes.
pub fn append(bytes: &mut Vec<u8>, identity_hash: u64, record: &[u8]) {
    bytes.reserve_exact(record.len() + 4);
    bytes.push(fingerprint(identity_hash));
    put_bytes(bytes, record);
}

/// A subject's bytes without the record of this identity.
pub fn without(bytes: &[u8], source: Code, id: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len());
    for (print, whole) in packed(bytes) {
        let record = Record::read(whole);
        if record.source != source || record.id != id {
            kept.push(print);
            put_bytes(&mut kept, whole);
        }
    }
    kept
}

fn fingerprint(identity_hash: u64) -> u8 {
    identity_hash.to_le_bytes()[5]
}

/// Fingerprint and bytes of each of a subject's records.
fn packed(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (print, tail) = rest.split_first()?;
        rest = tail;
        let length = take_number(&mut rest);
        Some((*print, take(&mut rest, length)))
    })
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_value(out: &mut Vec<u8>, field: &Field, value: &Given<'_>, codes: &mut LocalCodes) {
    match value {
        Given::Bool(value) => out.push(u8::from(*value)),
        Given::Whole(value) => put_number(out, *value),
        Given::Instant(at) => out.extend_from_slice(&at.to_bits().to_le_bytes()),
        Given::Date(day) => out.extend_from_slice(&day.0.to_le_bytes()),
        Given::Choice(place) => out.push(*place),
        Given::Choices(places) => put_bytes(out, places),
        Given::Text(text) if field.kind == FieldKind::Code => put_number(out, u64::from(codes.code(text).0)),
        Given::Text(text) => put_bytes(out, text.as_bytes()),
        Given::Texts(texts) => {
            let mut inner = Vec::new();
            for text in texts {
                put_bytes(&mut inner, text.as_bytes());
            }
            put_bytes(out, &inner);
        }
        Given::Parts(counts) => counts.iter().for_each(|count| put_number(out, *count)),
        Given::Duration(value, unit) => {
            put_number(out, *value);
            out.push(*unit);
        }
        Given::Dropped => {}
    }
}

#[inline]
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (head, tail) = bytes.split_at(count);
    *bytes = tail;
    head
}

#[inline]
fn take_u64(bytes: &mut &[u8]) -> u64 {
    if let [byte @ 0..=0x7f, tail @ ..] = *bytes {
        *bytes = tail;
        return u64::from(*byte);
    }
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = take(bytes, 1)[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return number;
        }
        shift += 7;
    }
}

#[inline]
fn take_number(bytes: &mut &[u8]) -> usize {
    usize::try_from(take_u64(bytes)).unwrap_or(usize::MAX)
}

#[inline]
fn take_instant(bytes: &mut &[u8]) -> Instant {
    let mut raw = [0; 8];
    raw.copy_from_slice(take(bytes, 8));
    Instant::from_bits(i64::from_le_bytes(raw))
}

/// Packed text was UTF-8 when it was packed.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn take_value<'a>(bytes: &mut &'a [u8], field: &Field) -> Value<'a> {
    match field.kind {
        FieldKind::Code => Value::Code(Code::from_index(take_number(bytes))),
        FieldKind::Bool => Value::Bool(take(bytes, 1)[0] != 0),
        FieldKind::Whole => Value::Whole(take_u64(bytes)),
        FieldKind::Instant | FieldKind::DateOrInstant => Value::Instant(take_instant(bytes)),
        FieldKind::Date => {
            let raw = take(bytes, 4);
            Value::Date(Day(i32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]])))
        }
        FieldKind::OneOf(_) => Value::Choice(take(bytes, 1)[0]),
        FieldKind::SomeOf(_) => {
            let length = take_number(bytes);
            Value::Choices(take(bytes, length))
        }
        FieldKind::Text | FieldKind::FreeText | FieldKind::Anything | FieldKind::Period => {
            let length = take_number(bytes);
            Value::Text(text(take(bytes, length)))
        }
        FieldKind::Texts => {
            let length = take_number(bytes);
            Value::Texts(take(bytes, length))
        }
        FieldKind::Parts => Value::Parts(std::array::from_fn(|_| take_u64(bytes))),
        FieldKind::Duration => Value::Duration(take_u64(bytes), take(bytes, 1)[0]),
    }
}
