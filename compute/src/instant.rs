//! Instants and days: what time is to the core.
//!
//! An [`Instant`] is a point on the UTC line, to the nanosecond, in eight bytes; a [`Day`] is a date in
//! Vietnam's zone (+07:00, no daylight saving). The wire form is RFC 3339 as `events.md` reads it.
//! Not here: working days and sessions (`calendar`), months and quarters (`period`), the current time
//! (always an argument).

use std::fmt;

/// Seconds Vietnam's clocks are ahead of UTC.
const ZONE_SECONDS: i64 = 7 * 3600;
const DAY_SECONDS: i64 = 86_400;
const NANOS: i64 = 1_000_000_000;
/// Within this many seconds of 1970 (the years 1685 to 2255) instants keep nanoseconds; beyond, whole seconds.
const NEAR_SECONDS: i64 = 9_000_000_000;
const NEAR_NANOS: i64 = NEAR_SECONDS * NANOS;

/// A point in time. Ordered; exact to the nanosecond between the years 1685 and 2255, to the second elsewhere
/// in 0000–9999 (sentinels such as `9999-12-31` are real data and must sort and print).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// Before every instant that can be written.
    pub const FIRST: Instant = Instant(i64::MIN);
    /// After every instant that can be written.
    pub const LAST: Instant = Instant(i64::MAX);

    /// From Unix seconds and the nanoseconds within that second.
    #[inline]
    pub fn from_unix(seconds: i64, nanos: u32) -> Instant {
        if seconds >= NEAR_SECONDS {
            Instant(NEAR_NANOS.saturating_add(seconds - NEAR_SECONDS))
        } else if seconds < -NEAR_SECONDS {
            Instant((-NEAR_NANOS).saturating_add(seconds + NEAR_SECONDS))
        } else {
            Instant(seconds * NANOS + i64::from(nanos))
        }
    }

    /// The whole Unix second this instant lies in.
    #[inline]
    pub fn unix_seconds(self) -> i64 {
        if self.0 >= NEAR_NANOS {
            NEAR_SECONDS + (self.0 - NEAR_NANOS)
        } else if self.0 < -NEAR_NANOS {
            (self.0 + NEAR_NANOS) - NEAR_SECONDS
        } else {
            self.0.div_euclid(NANOS)
        }
    }

    /// Nanoseconds within the second, 0..1e9.
    pub fn subsecond_nanos(self) -> u32 {
        if self.0 >= NEAR_NANOS || self.0 < -NEAR_NANOS {
            return 0;
        }
        u32::try_from(self.0.rem_euclid(NANOS)).unwrap_or(0)
    }

    /// The ordered 64-bit form, for storage. Pairs with [`Instant::from_bits`].
    pub fn to_bits(self) -> i64 {
        self.0
    }

    /// Reads [`Instant::to_bits`] back.
    pub fn from_bits(bits: i64) -> Instant {
        Instant(bits)
    }

    /// The next instant that can be told apart; what "just after" means everywhere.
    #[must_use]
    pub fn just_after(self) -> Instant {
        Instant(self.0.saturating_add(1))
    }

    /// The instant just before this one.
    #[must_use]
    pub fn just_before(self) -> Instant {
        Instant(self.0.saturating_sub(1))
    }

    /// This instant moved later by the time between `from` and `to`.
    #[must_use]
    pub fn moved_by(self, from: Instant, to: Instant) -> Instant {
        let nanos = |at: Instant| {
            i128::from(at.unix_seconds()) * i128::from(NANOS) + i128::from(at.subsecond_nanos())
        };
        let moved = nanos(self) + (nanos(to) - nanos(from));
        let seconds = i64::try_from(moved.div_euclid(i128::from(NANOS))).unwrap_or(i64::MAX);
        Instant::from_unix(seconds, u32::try_from(moved.rem_euclid(i128::from(NANOS))).unwrap_or(0))
    }

    /// Whole seconds from `earlier` to here, 0 when it is not earlier.
    pub fn seconds_since(self, earlier: Instant) -> u64 {
        u64::try_from(self.unix_seconds() - earlier.unix_seconds()).unwrap_or(0)
    }

    /// The date in Vietnam at this instant.
    pub fn day(self) -> Day {
        Day(i32::try_from((self.unix_seconds() + ZONE_SECONDS).div_euclid(DAY_SECONDS)).unwrap_or(i32::MAX))
    }

    /// Seconds since midnight in Vietnam, 0..86,400.
    pub fn second_of_day(self) -> u32 {
        u32::try_from((self.unix_seconds() + ZONE_SECONDS).rem_euclid(DAY_SECONDS)).unwrap_or(0)
    }

    /// Reads RFC 3339 as the event contract does: `T` or `t` between date and time, an offset up to ±23:59 or
    /// `Z`/`z`, no leap second, digits after the ninth cut. `None` for anything else.
    #[inline]
    pub fn parse(text: &str) -> Option<Instant> {
        parse_usual(text.as_bytes()).or_else(|| Instant::parse_any(text.as_bytes()))
    }

    fn parse_any(text: &[u8]) -> Option<Instant> {
        let (date, rest) = (text.get(..10)?, text.get(10..)?);
        let day = Day::parse_bytes(date)?;
        if !matches!(rest.first()?, b'T' | b't') || rest.len() < 10 || rest[3] != b':' || rest[6] != b':' {
            return None;
        }
        let (hour, minute, second) = (two(&rest[1..])?, two(&rest[4..])?, two(&rest[7..])?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let (nanos, zone) = fraction(&rest[9..])?;
        let offset = offset_seconds(zone)?;
        let seconds = i64::from(day.0) * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
        Some(Instant::from_unix(seconds, nanos))
    }

    /// UTC with `Z` and no trailing zeros: the canonical form of kept data.
    pub fn to_utc(self) -> String {
        let mut text = String::with_capacity(30);
        self.put_utc(&mut text);
        text
    }

    /// Appends [`Instant::to_utc`].
    pub fn put_utc(self, text: &mut String) {
        self.write(text, 0);
        text.push('Z');
    }

    /// At +07:00, no fraction unless there is one: the form shown to people and in results.
    pub fn to_local(self) -> String {
        let mut text = String::with_capacity(35);
        self.write(&mut text, ZONE_SECONDS);
        text.push_str("+07:00");
        text
    }

    fn write(self, text: &mut String, offset: i64) {
        use fmt::Write;
        let local = self.unix_seconds() + offset;
        let day = Day(i32::try_from(local.div_euclid(DAY_SECONDS)).unwrap_or(i32::MAX));
        let second = local.rem_euclid(DAY_SECONDS);
        let (year, month, date) = day.civil();
        if (0..=9999).contains(&year) {
            // By hand: every event kept in the log has two or three of these, and the formatter is slow.
            let mut shape = *b"0000-00-00T00:00:00";
            let pairs = [(0, year / 100), (2, year % 100)].map(|(at, part)| (at, i64::from(part)));
            let days = [(5, month), (8, date)].map(|(at, part)| (at, i64::from(part)));
            let clock = [(11, second / 3600), (14, second / 60 % 60), (17, second % 60)];
            for (at, part) in pairs.into_iter().chain(days).chain(clock) {
                shape[at] += u8::try_from(part / 10).unwrap_or(0);
                shape[at + 1] += u8::try_from(part % 10).unwrap_or(0);
            }
            text.push_str(std::str::from_utf8(&shape).unwrap_or_default());
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "{day}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        }
        let nanos = self.subsecond_nanos();
        if nanos > 0 {
            let (mut digits, mut left) = (*b".000000000", nanos);
            for digit in digits[1..].iter_mut().rev() {
                *digit += u8::try_from(left % 10).unwrap_or(0);
                left /= 10;
            }
            text.push_str(std::str::from_utf8(&digits).unwrap_or_default().trim_end_matches('0'));
        }
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_local())
    }
}

/// What [`Instant::parse`] reads, for the shapes nearly every sender writes: seconds or milliseconds, at +07:00 or
/// `Z`. `None` decides nothing.
fn parse_usual(text: &[u8]) -> Option<Instant> {
    let (clock, rest) = text.split_first_chunk::<19>()?;
    let (fraction, offset) = match rest.strip_suffix(b"+07:00") {
        Some(fraction) => (fraction, ZONE_SECONDS),
        None => (rest.strip_suffix(b"Z")?, 0),
    };
    let fraction = match fraction {
        [] => [b'0'; 8],
        [b'.', tenths, hundredths, thousandths] => {
            [b'0', b'0', b'0', b'0', b'0', *tenths, *hundredths, *thousandths]
        }
        _ => return None,
    };
    let years = pairs(*clock.first_chunk()?, *b"0000-00-");
    let hours = pairs(*clock[8..].first_chunk()?, *b"00T00:00");
    let seconds = pairs(*clock.last_chunk()?, *b"00:00:00");
    let millis = pairs(fraction, *b"00000000");
    let [century, _, year, _, _, month, ..] = years.0.to_le_bytes();
    let [day, _, _, hour, _, _, minute, _] = hours.0.to_le_bytes();
    let second = seconds.0.to_le_bytes()[6];
    let [.., tenths, _, thousandths, _] = millis.0.to_le_bytes();
    let odd = years.1 | hours.1 | seconds.1 | millis.1;
    if odd != 0 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let year = i32::from(century) * 100 + i32::from(year);
    let day = Day::from_civil(year, u32::from(month), u32::from(day))?;
    let second_of_day = u32::from(hour) * 3600 + u32::from(minute) * 60 + u32::from(second);
    let millis = u32::from(tenths) * 100 + u32::from(thousandths);
    let seconds = i64::from(day.0) * DAY_SECONDS + i64::from(second_of_day) - offset;
    Some(Instant::from_unix(seconds, millis * 1_000_000))
}

/// The two-digit numbers that begin at each place of `text`, and bits where it is not like `shape`: a digit where
/// that has a zero, else the same byte. All eight at once, since every event brings several instants.
#[inline]
fn pairs(text: [u8; 8], shape: [u8; 8]) -> (u64, u64) {
    // Digits become 0..=9, and what must be the same becomes 0.
    let digits = u64::from_le_bytes(text) ^ u64::from_le_bytes(shape);
    // Added to a byte below 0x80, these reach its top bit when it is more than 9, or more than 0.
    let room = u64::from_le_bytes(shape.map(|byte| if byte == b'0' { 0x76 } else { 0x7f }));
    let odd = (digits | digits.wrapping_add(room)) & 0x8080_8080_8080_8080;
    (digits.wrapping_mul(10).wrapping_add(digits >> 8), odd)
}

/// Two ASCII digits at the start of `text`.
fn two(text: &[u8]) -> Option<i64> {
    let (tens, ones) = (text.first()?.wrapping_sub(b'0'), text.get(1)?.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// Nanoseconds of an optional `.digits`, and what follows.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    if text.first() != Some(&b'.') {
        return Some((0, text));
    }
    let digits = text[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let mut nanos = 0;
    for place in 0..9 {
        let digit = if place < digits { u32::from(text[1 + place] - b'0') } else { 0 };
        nanos = nanos * 10 + digit;
    }
    Some((nanos, &text[1 + digits..]))
}

fn offset_seconds(text: &[u8]) -> Option<i64> {
    let sign = match text.first()? {
        b'Z' | b'z' => return (text.len() == 1).then_some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    if text.len() != 6 || text[3] != b':' {
        return None;
    }
    let (hours, minutes) = (two(&text[1..])?, two(&text[4..])?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

/// A date, as days since 1970-01-01; in this system always a date in Vietnam.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub(crate) i32);

impl Day {
    /// From a civil date; `None` when there is no such day (years 0..=9999).
    #[inline]
    pub fn from_civil(year: i32, month: u32, day: u32) -> Option<Day> {
        let valid = (0..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        valid.then(|| {
            // Years are counted from March, which puts the leap day last, and 400 more of them (146,097 days)
            // keep the count unsigned.
            let year = year.unsigned_abs() + 400 - u32::from(month < 3);
            let month = if month < 3 { month + 9 } else { month - 3 };
            let century = year / 100;
            let days = year * 365 + year / 4 - century + century / 4 + (month * 153 + 2) / 5 + day;
            Day(days.cast_signed() - 146_097 - 719_469)
        })
    }

    /// `YYYY-MM-DD`, nothing else.
    pub fn parse(text: &str) -> Option<Day> {
        Day::parse_bytes(text.as_bytes())
    }

    fn parse_bytes(text: &[u8]) -> Option<Day> {
        if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
            return None;
        }
        let year = two(text)? * 100 + two(&text[2..])?;
        let (month, day) = (two(&text[5..])?, two(&text[8..])?);
        Day::from_civil(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
    }

    /// Year, month 1..=12, day of the month 1..=31.
    pub fn civil(self) -> (i32, u32, u32) {
        // Within a day of the truth, then corrected: 146,097 days make 400 years.
        let mut year = i32::try_from((i64::from(self.0) * 400).div_euclid(146_097) + 1970).unwrap_or(9999);
        while days_before_year(year) > self.0 {
            year -= 1;
        }
        while days_before_year(year + 1) <= self.0 {
            year += 1;
        }
        let of_year = self.0 - days_before_year(year);
        let month = (1..=12).rev().find(|month| days_before_month(year, *month) <= of_year).unwrap_or(1);
        (year, month, (of_year - days_before_month(year, month) + 1).unsigned_abs())
    }

    /// The civil year.
    pub fn year(self) -> i32 {
        self.civil().0
    }

    /// Day of the week, Monday = 0.
    pub fn weekday(self) -> u32 {
        (self.0 + 3).rem_euclid(7).unsigned_abs()
    }

    /// Midnight in Vietnam, the day's first instant.
    pub fn start(self) -> Instant {
        Instant::from_unix(i64::from(self.0) * DAY_SECONDS - ZONE_SECONDS, 0)
    }

    /// 24:00, which is the next day's first instant.
    pub fn end(self) -> Instant {
        Day(self.0.saturating_add(1)).start()
    }

    /// The instant `second` seconds into the day.
    pub fn at_second(self, second: u32) -> Instant {
        Instant::from_unix(i64::from(self.0) * DAY_SECONDS - ZONE_SECONDS + i64::from(second), 0)
    }

    /// This day plus `days`; `None` beyond what dates can hold.
    pub fn plus(self, days: u64) -> Option<Day> {
        self.0.checked_add(i32::try_from(days).ok()?).map(Day)
    }

    /// Days since 1970-01-01, for storage.
    pub fn number(self) -> i32 {
        self.0
    }

    /// Reads [`Day::number`] back.
    pub fn from_number(number: i32) -> Day {
        Day(number)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 => 28 + u32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_before_month(year: i32, month: u32) -> i32 {
    const BEFORE: [i32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    BEFORE[month as usize - 1] + i32::from(month > 2 && is_leap(year))
}

/// Days from 1970-01-01 to 1 January of `year`, negative before.
fn days_before_year(year: i32) -> i32 {
    let leaps =
        |year: i32| (year - 1).div_euclid(4) - (year - 1).div_euclid(100) + (year - 1).div_euclid(400);
    (year - 1970) * 365 + leaps(year) - leaps(1970)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_read_and_print_as_the_contract_says() {
        for (text, utc) in [
            ("2026-10-01T00:00:00+07:00", Some("2026-09-30T17:00:00Z")),
            ("2026-10-01t12:34:56.1234567899z", Some("2026-10-01T12:34:56.123456789Z")),
            ("2026-10-01T12:34:56.500-23:59", Some("2026-10-02T12:33:56.5Z")),
            ("9999-12-31T23:59:59Z", Some("9999-12-31T23:59:59Z")),
            ("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00Z")),
            ("2026-10-01 12:34:56Z", None),
            ("2026-10-01T12:34:60Z", None),
            ("2026-10-01T24:00:00Z", None),
            ("2026-02-29T00:00:00Z", None),
            ("2026-10-01T12:34:56", None),
            ("2026-10-01T12:34:56.Z", None),
            ("2026-10-01T12:34:56+24:00", None),
            ("2026-10-01T12:34:56+07", None),
        ] {
            assert_eq!(Instant::parse(text).map(Instant::to_utc).as_deref(), utc, "{text}");
        }
    }

    #[test]
    fn the_usual_shapes_read_as_any_shape_does() {
        let shapes = [
            "2026-10-01T12:34:56+07:00",
            "2024-02-29T23:59:59.987+07:00",
            "1999-12-31T00:00:00Z",
            "0001-01-01T00:00:00.001Z",
            "9999-12-31T23:59:59.999Z",
        ];
        for shape in shapes {
            assert!(parse_usual(shape.as_bytes()).is_some(), "{shape}");
            for place in 0..shape.len() {
                for byte in 0..=u8::MAX {
                    let mut text = shape.as_bytes().to_vec();
                    text[place] = byte;
                    let any = Instant::parse_any(&text);
                    assert!(
                        parse_usual(&text).is_none_or(|usual| any == Some(usual)),
                        "{shape} {place} {byte}"
                    );
                }
                for length in [place, place + 1] {
                    let mut text = shape.as_bytes().to_vec();
                    text.drain(place..length);
                    text.truncate(shape.len() - place % 3);
                    let any = Instant::parse_any(&text);
                    assert!(parse_usual(&text).is_none_or(|usual| any == Some(usual)), "{shape} {place}");
                }
            }
        }
    }

    #[test]
    fn noon_is_not_midnight() {
        // OpenCPS parsed 12:xx with a 12-hour clock and moved it to 00:xx.
        let noon = Instant::parse("2026-10-01T12:30:00+07:00").unwrap();
        assert_eq!(noon.second_of_day(), 12 * 3600 + 30 * 60);
        assert_eq!(noon.to_local(), "2026-10-01T12:30:00+07:00");
    }

    #[test]
    fn every_day_of_four_centuries_survives_the_round_trip() {
        let mut previous = Day::from_civil(1899, 12, 31).unwrap();
        assert_eq!(previous.number(), days_before_year(1900) - 1);
        for number in 1..146_097 {
            let day = previous.plus(1).unwrap();
            let (year, month, date) = day.civil();
            assert_eq!(Day::from_civil(year, month, date), Some(day), "day {number}");
            previous = day;
        }
        assert_eq!(Day::from_civil(2026, 11, 22).unwrap().weekday(), 6);
    }

    #[test]
    fn order_holds_across_the_change_of_precision() {
        let texts = [
            "0000-01-01T00:00:00Z",
            "1684-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "2255-12-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ];
        let instants: Vec<_> = texts.iter().map(|text| Instant::parse(text).unwrap()).collect();
        assert!(instants.is_sorted());
        assert!(instants.iter().zip(texts).all(|(instant, text)| instant.to_utc() == text));
    }
}
