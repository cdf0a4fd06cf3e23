//! A point in time as the importer needs it: read from civil parts, compared, and written in the one
//! canonical spelling of the event contract (UTC with `Z`, no trailing zeros). Kept here so that importing
//! needs no time crate. It knows no calendar of working days and no named zones, and never asks the clock.

use std::fmt;

const SECONDS_A_DAY: i64 = 86_400;
/// The contract's bounds: 2000-01-01T00:00:00Z, included, and 2100-01-01T00:00:00Z, excluded.
const BOUNDS_SECONDS: std::ops::Range<i64> = 946_684_800..4_102_444_800;

/// Seconds since 1970 in UTC, with nanoseconds. Ordered as time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Instant {
    seconds: i64,
    nanoseconds: u32,
}

/// What stands on a clock and a wall calendar somewhere, with the distance of that place from UTC.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CivilTime {
    pub year: u32,
    pub month: u32,
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub nanosecond: u32,
    pub offset_minutes: i32,
}

impl CivilTime {
    /// The instant meant, or `None` where the calendar or a 24-hour clock has no such moment: 30 February,
    /// 24:00, a leap second.
    pub(super) fn instant(&self) -> Option<Instant> {
        let exists = (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60;
        if !exists {
            return None;
        }
        let clock = i64::from(self.hour * 3600 + self.minute * 60 + self.second);
        let days = days_since_1970(self.year, self.month, self.day);
        Some(Instant {
            seconds: days * SECONDS_A_DAY + clock - i64::from(self.offset_minutes) * 60,
            nanoseconds: self.nanosecond,
        })
    }
}

impl Instant {
    pub(super) fn is_within_bounds(self) -> bool {
        BOUNDS_SECONDS.contains(&self.seconds)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_date(self.seconds.div_euclid(SECONDS_A_DAY));
        let clock = self.seconds.rem_euclid(SECONDS_A_DAY);
        let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if self.nanoseconds > 0 {
            let digits = format!("{:09}", self.nanoseconds);
            write!(out, ".{}", digits.trim_end_matches('0'))?;
        }
        out.write_str("Z")
    }
}

fn days_in_month(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days in the Gregorian calendar, counted in years that begin in March so that the leap day comes last
/// (H. Hinnant, "chrono-compatible low-level date algorithms").
fn days_since_1970(year: u32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_date(days_since_1970: i64) -> (i64, i64, i64) {
    let days = days_since_1970 + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(year: u32, month: u32, day: u32, offset_minutes: i32) -> Option<String> {
        let civil = CivilTime { year, month, day, offset_minutes, ..CivilTime::default() };
        civil.instant().map(|instant| instant.to_string())
    }

    #[test]
    fn every_day_of_a_century_comes_back_as_it_went_in() {
        for year in 1999..=2101 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    let same = format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
                    assert_eq!(written(year, month, day, 0), Some(same));
                }
            }
        }
    }

    #[test]
    fn an_offset_may_move_the_date_across_a_leap_day() {
        assert_eq!(written(2012, 3, 1, 420).as_deref(), Some("2012-02-29T17:00:00Z"));
        assert_eq!(written(2011, 12, 31, -60).as_deref(), Some("2011-12-31T01:00:00Z"));
    }

    #[test]
    fn a_day_no_calendar_has_is_no_instant() {
        for (year, month, day) in [(2011, 2, 29), (2100, 2, 29), (2011, 4, 31), (2011, 13, 1), (2011, 1, 0)] {
            assert_eq!(written(year, month, day, 0), None);
        }
    }

    #[test]
    fn the_lower_bound_is_inside_and_the_upper_one_is_not() {
        let at = |year| CivilTime { year, month: 1, day: 1, ..CivilTime::default() }.instant();
        assert_eq!(at(2000).map(Instant::is_within_bounds), Some(true));
        assert_eq!(at(2100).map(Instant::is_within_bounds), Some(false));
        assert_eq!(at(1999).map(Instant::is_within_bounds), Some(false));
    }
}
