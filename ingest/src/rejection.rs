//! Why an event is set aside: the reason, and the field at fault.
//!
//! A rejection is data, listed and counted; it never stops the stream. It never carries the event's content,
//! which may hold personal data.

use std::fmt;

/// What is wrong with an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// Bytes that are not UTF-8, or half a surrogate pair.
    NotUtf8,
    /// Not JSON.
    NotJson,
    /// JSON, but not an object.
    NotObject,
    /// More than 1 MiB.
    TooLong,
    /// Nested deeper than 512 levels.
    TooDeep,
    /// A required field is missing or null.
    Missing,
    /// A required attribute is an empty string.
    Empty,
    /// A known field holds the wrong type.
    WrongType,
    /// Not RFC 3339 with an offset.
    NotInstant,
    /// Not `YYYY-MM-DD`.
    NotDate,
    /// `time` lies outside 2000-01-01..2100-01-01.
    OutOfRange,
    /// A type the contract does not know.
    UnknownType,
    /// A word outside its list.
    NotInList,
    /// Not a JSON integer from 0 to 2^53 − 1.
    NotWhole,
    /// A duration of 0.
    ZeroDuration,
    /// Not the code of a period.
    NotPeriod,
    /// A date of a national exchange message in neither of its two shapes.
    NotExchangeDate,
    /// A number outside the table of the national exchange messages.
    NotInTable,
    /// The sender may not write for this source.
    NotYourSource,
    /// The sender may not write about this unit.
    NotYourUnit,
}

impl Reason {
    /// The stable code in files, addresses and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Reason::NotUtf8 => "not_utf8",
            Reason::NotJson => "not_json",
            Reason::NotObject => "not_object",
            Reason::TooLong => "too_long",
            Reason::TooDeep => "too_deep",
            Reason::Missing => "missing",
            Reason::Empty => "empty",
            Reason::WrongType => "wrong_type",
            Reason::NotInstant => "not_instant",
            Reason::NotDate => "not_date",
            Reason::OutOfRange => "out_of_range",
            Reason::UnknownType => "unknown_type",
            Reason::NotInList => "not_in_list",
            Reason::NotWhole => "not_whole",
            Reason::ZeroDuration => "zero_duration",
            Reason::NotPeriod => "not_period",
            Reason::NotExchangeDate => "not_exchange_date",
            Reason::NotInTable => "not_in_table",
            Reason::NotYourSource => "not_your_source",
            Reason::NotYourUnit => "not_your_unit",
        }
    }

    /// What to do about it, for the sender.
    pub fn advice(self) -> &'static str {
        match self {
            Reason::NotUtf8 => "send UTF-8; an escaped character beyond U+FFFF needs both halves",
            Reason::NotJson => "send one JSON object",
            Reason::NotObject => "send a JSON object with the CloudEvents attributes",
            Reason::TooLong => "an event may have 1 MiB at most",
            Reason::TooDeep => "nest at most 512 levels",
            Reason::Missing => "give the required field",
            Reason::Empty => "give a value that is not empty",
            Reason::WrongType => "give the type the event contract names",
            Reason::NotInstant => "write RFC 3339 with an offset, such as 2026-10-01T08:00:00+07:00",
            Reason::NotDate => "write YYYY-MM-DD",
            Reason::OutOfRange => "time must lie in 2000-01-01..2100-01-01 (UTC)",
            Reason::UnknownType => "use a type of event contract version 1",
            Reason::NotInList => "use one of the words the event contract lists",
            Reason::NotWhole => "write an integer from 0 to 9007199254740991, without a point",
            Reason::ZeroDuration => "a duration is 1 or more",
            Reason::NotPeriod => "write a period such as 2026-10, 2026-Q4, 2026-H2 or 2026",
            Reason::NotExchangeDate => {
                "write yyyyMMddHHmmss, 24-hour Vietnam time, such as 20261001133000, or ISO 8601 with seconds, such as 2026-10-01T13:30:00+07:00"
            }
            Reason::NotInTable => "write a number of the table in docs/exchange.md",
            Reason::NotYourSource => "send with the token of this source; nothing of the event was kept",
            Reason::NotYourUnit => {
                "send with a token that covers this unit, dossier or procedure; nothing of the event was kept"
            }
        }
    }
}

/// An event set aside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejection {
    /// What is wrong.
    pub reason: Reason,
    /// Where: an attribute, or a member of `data`; `None` for the whole.
    pub field: Option<&'static str>,
}

impl Rejection {
    /// A rejection of the whole event.
    pub fn whole(reason: Reason) -> Rejection {
        Rejection { reason, field: None }
    }

    /// A rejection because of one field.
    pub fn field(reason: Reason, field: &'static str) -> Rejection {
        Rejection { reason, field: Some(field) }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "{field}: {}; {}", self.reason.code(), self.reason.advice()),
            None => write!(f, "{}; {}", self.reason.code(), self.reason.advice()),
        }
    }
}
