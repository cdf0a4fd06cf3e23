//! How values of a message are spelt: dates in two shapes, codes, numbers, marks of yes and no.
//!
//! What fits no shape is a rejection that names the field, never a guess. A date without an offset is Vietnam time.
//! Not here: which value a message needs (`dossier`, `progress`).

use compute::event::contract::CHANNELS;
use compute::instant::{Day, Instant};

use super::fields::{Found, Row};
use crate::decode::is_in_range;
use crate::rejection::{Reason, Rejection};

/// Amounts beyond this are no JSON integer that every reader understands.
const WHOLE_MAX: u64 = (1 << 53) - 1;

/// `yyyyMMddHHmmss` at +07:00, RFC 3339, or RFC 3339 without its offset, which then is +07:00.
pub(crate) fn parse_date(text: &str) -> Option<Instant> {
    if text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = |from: usize, to: usize| text[from..to].parse::<u32>().ok();
        let day = Day::from_civil(i32::try_from(number(0, 4)?).ok()?, number(4, 6)?, number(6, 8)?)?;
        let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
        let is_of_day = hour < 24 && minute < 60 && second < 60;
        return is_of_day.then(|| day.at_second(hour * 3600 + minute * 60 + second));
    }
    Instant::parse(text).or_else(|| Instant::parse(&format!("{text}+07:00")))
}

impl Row {
    /// The instant called `name`.
    pub(super) fn date(&self, name: &'static str) -> Result<Option<Instant>, Rejection> {
        let parsed = match self.get(name) {
            None => return Ok(None),
            Some(Found::Text(text)) => parse_date(text),
            Some(Found::Whole(digits)) => parse_date(&digits.to_string()),
            Some(Found::Truth(_) | Found::Something | Found::Other) => None,
        };
        let instant = parsed.ok_or(Rejection::field(Reason::NotExchangeDate, name))?;
        if is_in_range(instant) { Ok(Some(instant)) } else { Err(Rejection::field(Reason::OutOfRange, name)) }
    }

    /// The code called `name`.
    pub(super) fn code(&self, name: &'static str) -> Result<Option<&str>, Rejection> {
        match self.get(name) {
            None => Ok(None),
            Some(Found::Text(text)) => Ok(Some(text)),
            Some(_) => Err(Rejection::field(Reason::WrongType, name)),
        }
    }

    /// The number called `name`, from `from` to `to`, as a number or as digits.
    pub(super) fn number(
        &self,
        name: &'static str,
        (from, to): (u64, u64),
    ) -> Result<Option<u64>, Rejection> {
        let number = match self.get(name) {
            None => return Ok(None),
            Some(Found::Whole(number)) => Some(*number),
            Some(Found::Text(digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok()
            }
            Some(_) => None,
        };
        let number = number.filter(|number| (from..=to).contains(number));
        number.map(Some).ok_or(Rejection::field(Reason::NotInTable, name))
    }

    /// Yes or no: 1 or 0, as a number, digits or a truth.
    pub(super) fn mark(&self, name: &'static str) -> Result<Option<bool>, Rejection> {
        if let Some(Found::Truth(is_set)) = self.get(name) {
            return Ok(Some(*is_set));
        }
        Ok(self.number(name, (0, 1))?.map(|number| number == 1))
    }

    /// An amount in whole đồng.
    pub(super) fn amount(&self, name: &'static str) -> Result<Option<u64>, Rejection> {
        let not_whole = |_| Rejection::field(Reason::NotWhole, name);
        self.number(name, (0, WHOLE_MAX)).map_err(not_whole)
    }

    /// The way it was filed, a word of [`CHANNELS`]; absent is the counter.
    pub(super) fn channel(&self) -> Result<&'static str, Rejection> {
        let number = self.number("KenhThucHien", (1, 3))?.unwrap_or(1);
        let place = usize::try_from(number - 1).unwrap_or_default();
        Ok(CHANNELS.get(place).copied().unwrap_or(CHANNELS[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let found = parse_date(text).map(Instant::to_local);
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn dates_have_two_shapes_and_24_hours() {
        check("20261001080000", Some("2026-10-01T08:00:00+07:00"));
        check("20261001123000", Some("2026-10-01T12:30:00+07:00"));
        check("20261001003000", Some("2026-10-01T00:30:00+07:00"));
        check("20261001235959", Some("2026-10-01T23:59:59+07:00"));
        check("2026-10-01T08:00:00+07:00", Some("2026-10-01T08:00:00+07:00"));
        check("2026-10-01T01:00:00Z", Some("2026-10-01T08:00:00+07:00"));
        check("2026-10-01T08:00:00", Some("2026-10-01T08:00:00+07:00"));
        check("2026-10-01T08:00:00.5", Some("2026-10-01T08:00:00.5+07:00"));
    }

    #[test]
    fn what_fits_neither_shape_is_no_date() {
        for text in [
            "20261001",
            "20261001240000",
            "20261301080000",
            "20260230080000",
            "20261001086000",
            "2026100108000",
            "202610010800000",
            "2026-10-01",
            "2026-10-01 08:00:00",
            "2026-10-01T08:00",
            "01/10/2026 08:00:00",
            "01-10-2026",
            " 20261001080000",
            "٢0261001080000",
            "soon",
            "+07:00",
        ] {
            check(text, None);
        }
    }
}
