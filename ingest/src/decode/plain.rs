//! The reader of plain lines: the shape nearly every sender writes, read by place instead of by parser.
//!
//! It stands before the full reader (`envelope`, `data`) and may only say two things: this draft, which is then
//! what the full reader would have said too, or nothing. An escape, `data` before `type`, a value of the wrong
//! kind, a missing field: whatever is not plainly right goes to the full reader, which alone judges and names
//! faults. `plain_tests` holds the two against each other. Why: docs/adr/0008.

use std::borrow::Cow;

use compute::event::contract::{DURATION_UNITS, FIELDS_MAX, Field, FieldKind};
use compute::event::{Draft, EventType, Given};
use compute::instant::{Day, Instant};
use compute::period::Period;

use super::cursor::{Cursor, Member};
use super::data::{PART_NAMES, WHOLE_MAX, word};
use super::envelope::is_in_range;

/// Reads one event, if it is plain.
pub(super) fn read(text: &str) -> Option<Draft<'_>> {
    let mut line = Cursor::new(text);
    let mut found = Attributes::default();
    let mut values = [const { None }; FIELDS_MAX];
    let (mut name, mut has_data) = (Name::Start, false);
    loop {
        name = next_name(&mut line, name)?;
        match name {
            Name::Id => found.id = Some(attribute(&mut line)?),
            Name::Source => found.source = Some(attribute(&mut line)?),
            // A second type before `data` counts; one after it would change what `data` is.
            Name::Type if !has_data => found.event_type = Some(EventType::find(attribute(&mut line)?)?),
            Name::Subject => found.subject = Some(attribute(&mut line)?),
            Name::Time => found.time = Some(line.instant().filter(|time| is_in_range(*time))?),
            Name::Recorded => found.recorded = Some(line.instant()?),
            Name::Data if !has_data => {
                has_data = true;
                read_data(&mut line, found.event_type?, &mut values)?;
            }
            Name::Start | Name::Type | Name::Data => return None,
            Name::Schema | Name::Other => line.skip()?,
            Name::End => break,
        }
    }
    line.end()?;
    found.draft(values, has_data)
}

/// The members of the envelope, as far as they matter here.
#[derive(Clone, Copy)]
enum Name {
    Start,
    Id,
    Source,
    Type,
    Subject,
    Time,
    Recorded,
    Schema,
    Data,
    Other,
    End,
}

/// The name that follows. Nearly all senders write the attributes in one order without white space, so that is
/// tried first; any other order costs a little more.
#[inline]
fn next_name(line: &mut Cursor<'_>, previous: Name) -> Option<Name> {
    let guess = match previous {
        Name::Start => line.take_all(b"{\"specversion\":\"1.0\",\"id\":").map(|()| Name::Id),
        Name::Id => line.take_all(b",\"source\":").map(|()| Name::Source),
        Name::Source => line.take_all(b",\"type\":").map(|()| Name::Type),
        Name::Type => line.take_all(b",\"subject\":").map(|()| Name::Subject),
        Name::Subject => line.take_all(b",\"time\":").map(|()| Name::Time),
        Name::Time => line.take_all(b",\"recordedtime\":").map(|()| Name::Recorded),
        Name::Recorded => {
            line.take_all(b",\"datacontenttype\":\"application/json\",\"dataschema\":").map(|()| Name::Schema)
        }
        Name::Schema => line.take_all(b",\"data\":").map(|()| Name::Data),
        Name::Data | Name::Other | Name::End => None,
    };
    if guess.is_some() { guess } else { any_name(line, previous) }
}

fn any_name(line: &mut Cursor<'_>, previous: Name) -> Option<Name> {
    let is_first = matches!(previous, Name::Start);
    if is_first {
        line.take(b'{')?;
    }
    Some(match line.member(is_first)? {
        Member::End => Name::End,
        Member::Named("id") => Name::Id,
        Member::Named("source") => Name::Source,
        Member::Named("type") => Name::Type,
        Member::Named("subject") => Name::Subject,
        Member::Named("time") => Name::Time,
        Member::Named("recordedtime") => Name::Recorded,
        Member::Named("data") => Name::Data,
        Member::Named(_) => Name::Other,
    })
}

/// A string attribute, which must not be empty.
#[inline]
fn attribute<'a>(line: &mut Cursor<'a>) -> Option<&'a str> {
    line.string().filter(|text| !text.is_empty())
}

/// Of repeated attributes the last counts, here as with the full reader.
#[derive(Default)]
struct Attributes<'a> {
    id: Option<&'a str>,
    source: Option<&'a str>,
    event_type: Option<EventType>,
    subject: Option<&'a str>,
    time: Option<Instant>,
    recorded: Option<Instant>,
}

impl<'a> Attributes<'a> {
    #[inline]
    fn draft(self, values: [Option<Given<'a>>; FIELDS_MAX], has_data: bool) -> Option<Draft<'a>> {
        let event_type = self.event_type?;
        if !has_data && event_type.fields().iter().any(|field| field.is_required) {
            return None;
        }
        Some(Draft {
            event_type,
            source: Cow::Borrowed(self.source?),
            id: Cow::Borrowed(self.id?),
            subject: Cow::Borrowed(self.subject?),
            time: self.time?,
            recorded: self.recorded,
            values,
        })
    }
}

/// Reads `data`; every required field is there.
fn read_data<'a>(
    line: &mut Cursor<'a>,
    event_type: EventType,
    values: &mut [Option<Given<'a>>; FIELDS_MAX],
) -> Option<()> {
    let fields = event_type.fields();
    let (mut next, mut is_first) = (0, true);
    line.take(b'{')?;
    loop {
        match next_field(line, fields, next, is_first)? {
            Next::Known(place) => {
                values[place] = if line.null()? { None } else { Some(read_value(line, fields[place].kind)?) };
                next = place + 1;
            }
            Next::Unknown => line.skip()?,
            Next::End => break,
        }
        is_first = false;
    }
    let is_whole = fields.iter().zip(values).all(|(field, value)| !field.is_required || value.is_some());
    is_whole.then_some(())
}

/// What follows in `data`: a field by its place, another member, or the end.
enum Next {
    Known(usize),
    Unknown,
    End,
}

#[inline]
fn next_field(line: &mut Cursor<'_>, fields: &[Field], next: usize, is_first: bool) -> Option<Next> {
    if fields.get(next).is_some_and(|field| line.takes_member(field.id.name(), is_first)) {
        return Some(Next::Known(next));
    }
    Some(match line.member(is_first)? {
        Member::Named(name) => place_of(fields, next, name).map_or(Next::Unknown, Next::Known),
        Member::End => Next::End,
    })
}

/// The field of this name. Senders write in the contract's order, so the search begins at `next`.
#[inline]
fn place_of(fields: &[Field], next: usize, name: &str) -> Option<usize> {
    let is_it = |field: &Field| field.id.name() == name;
    let (before, after) = fields.split_at_checked(next)?;
    after.iter().position(is_it).map(|place| next + place).or_else(|| before.iter().position(is_it))
}

/// Reads the value of a field, which is not null.
#[inline]
fn read_value<'a>(line: &mut Cursor<'a>, kind: FieldKind) -> Option<Given<'a>> {
    Some(match kind {
        FieldKind::Code | FieldKind::Text => Given::Text(Cow::Borrowed(line.string()?)),
        FieldKind::FreeText => {
            line.string()?;
            Given::Dropped
        }
        FieldKind::Anything => {
            line.skip()?;
            Given::Dropped
        }
        FieldKind::Bool => Given::Bool(line.truth()?),
        FieldKind::Whole => Given::Whole(read_whole(line)?),
        FieldKind::Instant => Given::Instant(line.instant()?),
        FieldKind::Date => Given::Date(Day::parse(line.string()?)?),
        FieldKind::DateOrInstant => {
            let text = line.string()?;
            Given::Instant(Day::parse(text).map(Day::start).or_else(|| Instant::parse(text))?)
        }
        FieldKind::OneOf(words) => Given::Choice(word(words, line.string()?)?),
        FieldKind::SomeOf(words) => Given::Choices(read_list(line, |text| word(words, text))?),
        FieldKind::Texts => Given::Texts(read_list(line, |text| Some(text.to_owned()))?),
        FieldKind::Parts => Given::Parts(Box::new(read_parts(line)?)),
        FieldKind::Duration => read_duration(line)?,
        FieldKind::Period => {
            let text = line.string()?;
            Period::parse(text)?;
            Given::Text(Cow::Borrowed(text))
        }
    })
}

fn read_whole(line: &mut Cursor<'_>) -> Option<u64> {
    line.whole().filter(|number| *number <= WHOLE_MAX)
}

fn read_list<T>(line: &mut Cursor<'_>, turn: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    line.take(b'[')?;
    let mut list = Vec::new();
    while line.goes_on(list.is_empty())? {
        list.push(turn(line.string()?)?);
    }
    Some(list)
}

fn read_parts(line: &mut Cursor<'_>) -> Option<[u64; 4]> {
    let mut counts = [None; 4];
    let mut is_first = true;
    line.take(b'{')?;
    while let Member::Named(name) = line.member(is_first)? {
        is_first = false;
        match PART_NAMES.iter().position(|known| *known == name) {
            Some(place) => counts[place] = Some(read_whole(line)?),
            None => line.skip()?,
        }
    }
    let [Some(total), Some(digitised), Some(reused), Some(from_portal_store)] = counts else { return None };
    Some([total, digitised, reused, from_portal_store])
}

fn read_duration<'a>(line: &mut Cursor<'_>) -> Option<Given<'a>> {
    let (mut value, mut unit, mut is_first) = (None, None, true);
    line.take(b'{')?;
    while let Member::Named(name) = line.member(is_first)? {
        is_first = false;
        match name {
            "value" => value = Some(read_whole(line)?),
            "unit" => unit = Some(word(DURATION_UNITS, line.string()?)?),
            _ => line.skip()?,
        }
    }
    Some(Given::Duration(value.filter(|value| *value > 0)?, unit?))
}
