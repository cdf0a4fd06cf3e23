//! How a log spells its instants: patterns such as `yyyy-MM-dd HH:mm:ss[.S]XXX`, each read strictly. A log
//! that mixes spellings lists several; a value that fits none, or fits two that disagree, is refused, because
//! a figure must never rest on a guess. Clocks have 24 hours: `hh` is refused, or 12:30 could mean half past
//! midnight. Named zones with summer time are not known here: give an offset in the value (`XXX`) or a fixed
//! zone.

use super::instant::{CivilTime, Instant};

/// One pattern, ready to read values.
#[derive(Clone, Debug)]
pub(super) struct TimeFormat {
    pieces: Vec<Piece>,
    /// What the pattern itself does not say: the zone, and for a bare date the time of day.
    assumed: CivilTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Digits {
        part: Part,
        least: usize,
        most: usize,
    },
    /// `[.S]`: a point and digits, or nothing.
    Fraction,
    Offset(OffsetShape),
    Literal(char),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OffsetShape {
    /// `X`: `+07`
    Hours,
    /// `XX`: `+0700`
    HoursMinutes,
    /// `XXX`: `+07:00`
    HoursColonMinutes,
}

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's sentence says what it is")]
pub enum PatternError {
    #[error(
        "`{0}` has no meaning here; known are yyyy MM M dd d HH H mm ss [.S] X XX XXX, T and punctuation"
    )]
    UnknownLetters(String),
    #[error("`hh` is a 12-hour clock, on which 12:30 is a guess; write HH")]
    TwelveHourClock,
    #[error("it names the {0} twice")]
    Twice(&'static str),
    #[error("it names no {0}")]
    Without(&'static str),
    #[error("`{0}` has no fixed width and digits follow it at once; write it twice or separate them")]
    Unbounded(String),
    #[error(
        "it has no hours: say which time of day a bare date means, `{{ pattern = …, clock = \"HH:mm\" }}`"
    )]
    NoClock,
    #[error("it has hours already, so `clock` contradicts it")]
    ClockTwice,
    #[error("clock `{0}` is no time of day; write HH:mm or HH:mm:ss")]
    Clock(String),
    #[error("it has no offset: add XXX if the values carry one, or a `zone` such as \"+07:00\" under [time]")]
    NoZone,
    #[error(
        "zone `{0}` is not known; write a fixed offset such as \"+07:00\", \"UTC\" or \"Asia/Ho_Chi_Minh\""
    )]
    Zone(String),
}

/// Why a value is no instant. Values stay out of the message: a column chosen wrongly may hold a citizen's
/// name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's sentence says what it is")]
pub enum TimeRefusal {
    #[error("a value of the shape `{shape}` fits none of the time formats")]
    FitsNone { shape: String },
    #[error("a value of the shape `{shape}` fits two time formats that disagree")]
    Ambiguous { shape: String },
    #[error("the instant lies outside 2000-01-01..2100-01-01")]
    OutsideBounds,
}

impl TimeFormat {
    /// `zone` and `clock` fill in what the pattern leaves out, and nothing else.
    pub(super) fn parse(
        pattern: &str,
        zone: Option<&str>,
        clock: Option<&str>,
    ) -> Result<TimeFormat, PatternError> {
        let pieces = pieces_of(pattern)?;
        check_pieces(&pieces)?;
        let mut assumed = match (has(&pieces, Part::Hour), clock) {
            (true, None) => CivilTime::default(),
            (true, Some(_)) => return Err(PatternError::ClockTwice),
            (false, None) => return Err(PatternError::NoClock),
            (false, Some(clock)) => clock_of(clock).ok_or_else(|| PatternError::Clock(clock.to_owned()))?,
        };
        if !pieces.iter().any(|piece| matches!(piece, Piece::Offset(_))) {
            let zone = zone.ok_or(PatternError::NoZone)?;
            assumed.offset_minutes = zone_minutes(zone).ok_or_else(|| PatternError::Zone(zone.to_owned()))?;
        }
        Ok(TimeFormat { pieces, assumed })
    }

    /// The instant `text` spells in this format, read to its last character, or `None`.
    pub(super) fn read(&self, text: &str) -> Option<Instant> {
        let (civil, rest) = read_pieces(&self.pieces, text, self.assumed)?;
        if rest.is_empty() { civil.instant() } else { None }
    }
}

/// The instant all fitting formats agree on.
pub(super) fn read_instant(formats: &[TimeFormat], text: &str) -> Result<Instant, TimeRefusal> {
    let mut fitting = formats.iter().filter_map(|format| format.read(text));
    let Some(instant) = fitting.next() else {
        return Err(TimeRefusal::FitsNone { shape: shape_of(text) });
    };
    if fitting.any(|other| other != instant) {
        return Err(TimeRefusal::Ambiguous { shape: shape_of(text) });
    }
    if instant.is_within_bounds() { Ok(instant) } else { Err(TimeRefusal::OutsideBounds) }
}

/// Minutes east of UTC of a fixed zone. Vietnam has kept +07:00 for all the years the contract allows.
pub(super) fn zone_minutes(zone: &str) -> Option<i32> {
    if matches!(zone, "UTC" | "Z") {
        return Some(0);
    }
    if zone == "Asia/Ho_Chi_Minh" {
        return Some(7 * 60);
    }
    let (minutes, rest) = read_offset(OffsetShape::HoursColonMinutes, zone)?;
    rest.is_empty().then_some(minutes)
}

fn pieces_of(pattern: &str) -> Result<Vec<Piece>, PatternError> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("[.S]") {
            pieces.push(Piece::Fraction);
            rest = after;
            continue;
        }
        if !first.is_alphanumeric() && !matches!(first, '[' | ']') {
            pieces.push(Piece::Literal(first));
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let length = rest.find(|c| c != first).unwrap_or(rest.len());
        let (letters, after) = rest.split_at(length);
        pieces.push(piece_of(letters)?);
        rest = after;
    }
    Ok(pieces)
}

fn piece_of(letters: &str) -> Result<Piece, PatternError> {
    let digits = |part, least, most| Piece::Digits { part, least, most };
    Ok(match letters {
        "yyyy" => digits(Part::Year, 4, 4),
        "MM" => digits(Part::Month, 2, 2),
        "M" => digits(Part::Month, 1, 2),
        "dd" => digits(Part::Day, 2, 2),
        "d" => digits(Part::Day, 1, 2),
        "HH" => digits(Part::Hour, 2, 2),
        "H" => digits(Part::Hour, 1, 2),
        "mm" => digits(Part::Minute, 2, 2),
        "ss" => digits(Part::Second, 2, 2),
        "X" => Piece::Offset(OffsetShape::Hours),
        "XX" => Piece::Offset(OffsetShape::HoursMinutes),
        "XXX" => Piece::Offset(OffsetShape::HoursColonMinutes),
        "T" => Piece::Literal('T'),
        "h" | "hh" => return Err(PatternError::TwelveHourClock),
        other => return Err(PatternError::UnknownLetters(other.to_owned())),
    })
}

fn check_pieces(pieces: &[Piece]) -> Result<(), PatternError> {
    let count = |wanted: &dyn Fn(&Piece) -> bool| pieces.iter().filter(|piece| wanted(piece)).count();
    let is_part =
        |wanted: Part| move |piece: &Piece| matches!(piece, Piece::Digits { part, .. } if *part == wanted);
    let parts = [
        ("year", count(&is_part(Part::Year)), true),
        ("month", count(&is_part(Part::Month)), true),
        ("day", count(&is_part(Part::Day)), true),
        ("hour", count(&is_part(Part::Hour)), has(pieces, Part::Minute)),
        ("minute", count(&is_part(Part::Minute)), has(pieces, Part::Hour) || has(pieces, Part::Second)),
        ("second", count(&is_part(Part::Second)), pieces.contains(&Piece::Fraction)),
        ("fraction", count(&|piece| *piece == Piece::Fraction), false),
        ("offset", count(&|piece| matches!(piece, Piece::Offset(_))), false),
    ];
    for (name, times, is_required) in parts {
        match times {
            0 if is_required => return Err(PatternError::Without(name)),
            0 | 1 => {}
            _ => return Err(PatternError::Twice(name)),
        }
    }
    for pair in pieces.windows(2) {
        if let [Piece::Digits { part, least: 1, .. }, Piece::Digits { .. }] = pair {
            return Err(PatternError::Unbounded(format!("{part:?}").to_lowercase()));
        }
    }
    Ok(())
}

fn has(pieces: &[Piece], wanted: Part) -> bool {
    pieces.iter().any(|piece| matches!(piece, Piece::Digits { part, .. } if *part == wanted))
}

fn clock_of(clock: &str) -> Option<CivilTime> {
    let digits = |part| Piece::Digits { part, least: 2, most: 2 };
    let with_seconds = [
        digits(Part::Hour),
        Piece::Literal(':'),
        digits(Part::Minute),
        Piece::Literal(':'),
        digits(Part::Second),
    ];
    let shapes = [&with_seconds[..], &with_seconds[..3]];
    let (civil, _) = shapes
        .iter()
        .filter_map(|shape| read_pieces(shape, clock, CivilTime::default()))
        .find(|(_, rest)| rest.is_empty())?;
    (civil.hour < 24 && civil.minute < 60 && civil.second < 60).then_some(civil)
}

fn read_pieces<'a>(pieces: &[Piece], text: &'a str, assumed: CivilTime) -> Option<(CivilTime, &'a str)> {
    let (mut civil, mut rest) = (assumed, text);
    for piece in pieces {
        rest = match *piece {
            Piece::Literal(literal) => rest.strip_prefix(literal)?,
            Piece::Digits { part, least, most } => {
                let (number, after) = read_digits(rest, least, most)?;
                *part_of(&mut civil, part) = number;
                after
            }
            Piece::Fraction => {
                let (nanosecond, after) = read_fraction(rest)?;
                civil.nanosecond = nanosecond;
                after
            }
            Piece::Offset(shape) => {
                let (minutes, after) = read_offset(shape, rest)?;
                civil.offset_minutes = minutes;
                after
            }
        };
    }
    Some((civil, rest))
}

fn part_of(civil: &mut CivilTime, part: Part) -> &mut u32 {
    match part {
        Part::Year => &mut civil.year,
        Part::Month => &mut civil.month,
        Part::Day => &mut civil.day,
        Part::Hour => &mut civil.hour,
        Part::Minute => &mut civil.minute,
        Part::Second => &mut civil.second,
    }
}

fn read_digits(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if length < least {
        return None;
    }
    let (digits, rest) = text.split_at(length);
    Some((digits.parse().ok()?, rest))
}

/// Digits after the ninth are cut, as everywhere in the contract.
fn read_fraction(text: &str) -> Option<(u32, &str)> {
    let Some(after_point) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let length = after_point.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = after_point.split_at(length);
    let kept = &digits[..length.min(9)];
    if kept.is_empty() { None } else { Some((format!("{kept:0<9}").parse().ok()?, rest)) }
}

fn read_offset(shape: OffsetShape, text: &str) -> Option<(i32, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((0, rest));
    }
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hours, rest) = read_digits(rest, 2, 2)?;
    let (minutes, rest) = match shape {
        OffsetShape::Hours => (0, rest),
        OffsetShape::HoursMinutes => read_digits(rest, 2, 2)?,
        OffsetShape::HoursColonMinutes => read_digits(rest.strip_prefix(':')?, 2, 2)?,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some((sign * i32::try_from(hours * 60 + minutes).ok()?, rest))
}

/// What a value looks like without saying what it is: digits as 9, letters as a, at most 40 characters.
fn shape_of(text: &str) -> String {
    let mark = |c: char| match c {
        _ if c.is_numeric() => '9',
        _ if c.is_alphabetic() => 'a',
        _ if c.is_control() => '?',
        _ => c,
    };
    text.chars().take(40).map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "yyyy-MM-dd HH:mm:ss[.S]XXX";

    fn check(pattern: &str, text: &str, expected: &str) {
        let format = TimeFormat::parse(pattern, Some("+07:00"), None).expect(pattern);
        let read = match read_instant(&[format], text) {
            Ok(instant) => instant.to_string(),
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(read, expected, "{text} by {pattern}");
    }

    fn refused(pattern: &str, text: &str) {
        let format = TimeFormat::parse(pattern, Some("+07:00"), None).expect(pattern);
        assert_eq!(format.read(text), None, "{text} by {pattern}");
    }

    #[test]
    fn an_offset_in_the_value_decides_whatever_the_zone() {
        check(LOG, "2011-10-11 13:42:22.688000+02:00", "2011-10-11T11:42:22.688Z");
        check(LOG, "2011-12-22 01:06:40+01:00", "2011-12-22T00:06:40Z");
        check(LOG, "2011-12-22 01:06:40Z", "2011-12-22T01:06:40Z");
        check(LOG, "2011-12-31 23:30:00-09:30", "2012-01-01T09:00:00Z");
        check("yyyyMMddHHmmssXX", "20260731120000+0700", "2026-07-31T05:00:00Z");
        check("yyyy-MM-dd HH:mm:ssX", "2026-07-31 12:00:00+07", "2026-07-31T05:00:00Z");
    }

    #[test]
    fn without_an_offset_the_fixed_zone_decides() {
        check("yyyy-MM-dd HH:mm:ss", "2026-10-01 06:59:59", "2026-09-30T23:59:59Z");
        check("yyyyMMddHHmmss", "20261001070000", "2026-10-01T00:00:00Z");
        check("d/M/yyyy H:mm", "1/10/2026 7:05", "2026-10-01T00:05:00Z");
        check("dd/MM/yyyy HH:mm", "31/12/2026 17:30", "2026-12-31T10:30:00Z");
    }

    #[test]
    fn twelve_is_noon_and_zero_is_midnight() {
        check("yyyyMMddHHmmss", "20260731123456", "2026-07-31T05:34:56Z");
        check("yyyyMMddHHmmss", "20260731003456", "2026-07-30T17:34:56Z");
        check(LOG, "2011-10-11 12:00:00.000001+02:00", "2011-10-11T10:00:00.000001Z");
        check(LOG, "2011-10-11 00:00:00+02:00", "2011-10-10T22:00:00Z");
        refused("yyyyMMddHHmmss", "20260731243456");
        refused("yyyyMMddHHmmss", "20260731236060");
    }

    #[test]
    fn digits_after_the_ninth_are_cut() {
        check(LOG, "2011-10-11 13:42:22.1234567899+02:00", "2011-10-11T11:42:22.123456789Z");
    }

    #[test]
    fn what_does_not_fit_to_the_last_character_is_refused() {
        for text in [
            "",
            "2011-10-11",
            "2011-10-11 13:42:22",
            "2011-10-11T13:42:22+02:00",
            "2011-10-11 13:42:22.+02:00",
        ] {
            refused(LOG, text);
        }
        for text in ["2011-10-11 13:42:22+02:00 ", " 2011-10-11 13:42:22+02:00", "2011-10-11 13:42:22+24:00"]
        {
            refused(LOG, text);
        }
        refused("yyyyMMddHHmmss", "2026073112345");
        refused("yyyyMMddHHmmss", "202607311234567");
        refused("yyyyMMddHHmmss", "２０２６0731123456");
        refused("dd/MM/yyyy HH:mm", "12/31/2026 17:30");
    }

    #[test]
    fn a_refusal_shows_the_shape_and_not_the_value() {
        check(LOG, "Nguyễn 0912", "a value of the shape `aaaaaa 9999` fits none of the time formats");
        check(LOG, "1970-01-01 00:00:00Z", "the instant lies outside 2000-01-01..2100-01-01");
    }

    #[test]
    fn a_value_that_two_formats_read_differently_is_refused() {
        let formats = ["dd/MM/yyyy HH:mm", "MM/dd/yyyy HH:mm"]
            .map(|pattern| TimeFormat::parse(pattern, Some("UTC"), None).expect(pattern));
        let read = |text| read_instant(&formats, text).map(|instant| instant.to_string());
        assert_eq!(read("31/12/2026 08:00"), Ok("2026-12-31T08:00:00Z".to_owned()));
        assert_eq!(read("05/05/2026 08:00"), Ok("2026-05-05T08:00:00Z".to_owned()));
        assert!(matches!(read("05/06/2026 08:00"), Err(TimeRefusal::Ambiguous { .. })));
    }

    #[test]
    fn a_bare_date_needs_a_stated_time_of_day() {
        let end_of_work =
            TimeFormat::parse("dd/MM/yyyy", Some("+07:00"), Some("17:30")).expect("a bare date");
        assert_eq!(
            end_of_work.read("01/10/2026").map(|i| i.to_string()).as_deref(),
            Some("2026-10-01T10:30:00Z")
        );
        let fault = |pattern, clock| TimeFormat::parse(pattern, Some("UTC"), clock).err();
        assert_eq!(fault("dd/MM/yyyy", None), Some(PatternError::NoClock));
        assert_eq!(fault("dd/MM/yyyy", Some("24:00")), Some(PatternError::Clock("24:00".to_owned())));
        assert_eq!(fault("dd/MM/yyyy HH:mm", Some("08:00")), Some(PatternError::ClockTwice));
    }

    #[test]
    fn a_pattern_that_leaves_room_for_a_guess_is_refused() {
        let fault = |pattern| TimeFormat::parse(pattern, None, None).err();
        assert_eq!(fault("yyyy-MM-dd hh:mm:ss"), Some(PatternError::TwelveHourClock));
        assert_eq!(fault("yyyy-MM-dd HH:mm:ss"), Some(PatternError::NoZone));
        assert_eq!(fault("yy-MM-dd HH:mm:ssXXX"), Some(PatternError::UnknownLetters("yy".to_owned())));
        assert_eq!(fault("yyyy-MM-dd HH:mm:ssZ"), Some(PatternError::UnknownLetters("Z".to_owned())));
        assert_eq!(fault("yyyy-MM HH:mmXXX"), Some(PatternError::Without("day")));
        assert_eq!(fault("yyyy-MM-dd HHXXX"), Some(PatternError::Without("minute")));
        assert_eq!(fault("yyyy-MM-dd dd HH:mmXXX"), Some(PatternError::Twice("day")));
        assert_eq!(fault("yyyyMdd HH:mmXXX"), Some(PatternError::Unbounded("month".to_owned())));
        let named = TimeFormat::parse("yyyyMMddHHmmss", Some("Europe/Amsterdam"), None).err();
        assert_eq!(named, Some(PatternError::Zone("Europe/Amsterdam".to_owned())));
    }
}
