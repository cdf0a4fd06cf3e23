//! Working calendars: which days are worked, in which sessions, and arithmetic on them.
//!
//! Data, one TOML file a year (`compute/calendars/`), with its legal source. A count that needs a day of a
//! year without a calendar is `None`: unknown, never guessed (index-766.md §1). Only the days really counted
//! are needed. Not here: reading files, deciding what an unknown count means for a figure.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use crate::instant::{Day, Instant};

/// Why a calendar file is refused.
#[derive(Debug, Error)]
pub enum CalendarError {
    /// Not TOML, or not the documented keys.
    #[error("calendar {file}: {problem}")]
    Unreadable {
        /// The file's name.
        file: String,
        /// What the parser says, with line and column.
        problem: String,
    },
    /// A date outside the file's year.
    #[error("calendar {file}: {date} is not in {year}; a file holds one year")]
    OtherYear {
        /// The file's name.
        file: String,
        /// The date at fault.
        date: String,
        /// The year the file declares.
        year: i32,
    },
    /// Sessions that are empty, overlap or are not times of day.
    #[error("calendar {file}: sessions must be times like [\"07:30\", \"11:30\"], in order and apart")]
    Sessions {
        /// The file's name.
        file: String,
    },
    /// A weekday no one knows.
    #[error("calendar {file}: {name} is no day of the week; use monday to sunday")]
    Weekday {
        /// The file's name.
        file: String,
        /// The word at fault.
        name: String,
    },
    /// Two files for one year.
    #[error("calendar {file}: {year} has a calendar already; keep one file a year")]
    Twice {
        /// The second file's name.
        file: String,
        /// The year given twice.
        year: i32,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFile {
    year: i32,
    #[serde(rename = "source")]
    _source: String,
    weekly_off: Vec<String>,
    sessions: Vec<[String; 2]>,
    #[serde(default)]
    holidays: Vec<Holiday>,
    #[serde(default)]
    make_up_days: Vec<MakeUpDay>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holiday {
    date: toml::value::Datetime,
    #[serde(rename = "name")]
    _name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MakeUpDay {
    date: toml::value::Datetime,
    #[serde(rename = "for")]
    _swapped: Option<toml::value::Datetime>,
    #[serde(rename = "name")]
    _name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Year {
    first: Day,
    /// One entry a day of the year.
    is_working: Vec<bool>,
    /// Seconds of the day, `[from, to)`, in order.
    sessions: Vec<(u32, u32)>,
}

/// The working calendars known, by year.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeMap<i32, Year>,
}

impl Calendar {
    /// The calendars shipped with Nhịp.
    ///
    /// # Errors
    /// None in a release: the embedded files are checked by the tests.
    pub fn embedded() -> Result<Calendar, CalendarError> {
        let mut calendar = Calendar::default();
        for (file, text) in [
            ("vn-2025.toml", include_str!("../calendars/vn-2025.toml")),
            ("vn-2026.toml", include_str!("../calendars/vn-2026.toml")),
            ("vn-2027.toml", include_str!("../calendars/vn-2027.toml")),
        ] {
            calendar.add(file, text)?;
        }
        Ok(calendar)
    }

    /// Adds one year's file.
    ///
    /// # Errors
    /// [`CalendarError`] naming the file and what is wrong with it.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), CalendarError> {
        let named = || file.to_owned();
        let parsed: CalendarFile = toml::from_str(text)
            .map_err(|error| CalendarError::Unreadable { file: named(), problem: error.to_string() })?;
        if self.years.contains_key(&parsed.year) {
            return Err(CalendarError::Twice { file: named(), year: parsed.year });
        }
        let (first, last) =
            Day::from_civil(parsed.year, 1, 1).zip(Day::from_civil(parsed.year, 12, 31)).ok_or_else(
                || CalendarError::Unreadable { file: named(), problem: "year out of range".into() },
            )?;
        let weekly_off = parsed
            .weekly_off
            .iter()
            .map(|name| {
                weekday(name).ok_or_else(|| CalendarError::Weekday { file: named(), name: name.clone() })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut is_working: Vec<bool> =
            (first.0..=last.0).map(|day| !weekly_off.contains(&Day(day).weekday())).collect();
        // Make-up days come last: they beat both the weekly rest and a holiday.
        let off = parsed.holidays.iter().map(|holiday| (holiday.date, false));
        for (date, works) in off.chain(parsed.make_up_days.iter().map(|day| (day.date, true))) {
            let day = date
                .date
                .and_then(|date| Day::from_civil(date.year.into(), date.month.into(), date.day.into()))
                .filter(|day| (first..=last).contains(day))
                .ok_or_else(|| CalendarError::OtherYear {
                    file: named(),
                    date: date.to_string(),
                    year: parsed.year,
                })?;
            is_working[(day.0 - first.0).unsigned_abs() as usize] = works;
        }
        let sessions = sessions(&parsed.sessions).ok_or_else(|| CalendarError::Sessions { file: named() })?;
        self.years.insert(parsed.year, Year { first, is_working, sessions });
        Ok(())
    }

    fn year(&self, day: Day) -> Option<&Year> {
        // Nearly every question is about one of very few years: walk them instead of dividing.
        self.years.values().find(|year| {
            day >= year.first && ((day.0 - year.first.0).unsigned_abs() as usize) < year.is_working.len()
        })
    }

    /// Whether `day` is worked; `None` when its year has no calendar.
    pub fn is_working(&self, day: Day) -> Option<bool> {
        let year = self.year(day)?;
        year.is_working.get((day.0 - year.first.0).unsigned_abs() as usize).copied()
    }

    /// The `count`-th working day strictly after `day`; `count` ≥ 1.
    pub fn working_day_after(&self, day: Day, count: u64) -> Option<Day> {
        self.walk(day, count, 1)
    }

    /// The `count`-th working day strictly before `day`; `count` ≥ 1.
    pub fn working_day_before(&self, day: Day, count: u64) -> Option<Day> {
        self.walk(day, count, -1)
    }

    fn walk(&self, mut day: Day, count: u64, step: i32) -> Option<Day> {
        let mut left = count;
        while left > 0 {
            day = Day(day.0.checked_add(step)?);
            left -= u64::from(self.is_working(day)?);
        }
        Some(day)
    }

    /// The first working day on or after `day`.
    pub fn working_day_from(&self, mut day: Day) -> Option<Day> {
        while !self.is_working(day)? {
            day = Day(day.0.checked_add(1)?);
        }
        Some(day)
    }

    /// Whether `at` lies between the opening and the close of a working day; `None` in a year without calendar.
    pub fn is_open(&self, at: Instant) -> Option<bool> {
        let day = at.day();
        let (first, last) =
            self.year(day).and_then(|year| year.sessions.first().zip(year.sessions.last()))?;
        Some(self.is_working(day)? && (first.0..last.1).contains(&at.second_of_day()))
    }

    /// The first opening of a working day after `at`.
    pub fn next_opening(&self, at: Instant) -> Option<Instant> {
        let mut day = self.working_day_from(at.day())?;
        loop {
            let opening = day.at_second(self.year(day)?.sessions.first()?.0);
            if opening > at {
                return Some(opening);
            }
            day = self.working_day_after(day, 1)?;
        }
    }

    /// The end of the last session of `day`.
    pub fn end_of_work(&self, day: Day) -> Option<Instant> {
        self.year(day)?.sessions.last().map(|(_, to)| day.at_second(*to))
    }

    /// The instant at which `seconds` of session time after `from` are used up.
    pub fn after_session_time(&self, from: Instant, seconds: u64) -> Option<Instant> {
        const NANOS: u64 = 1_000_000_000;
        let mut day = from.day();
        let mut since = u64::from(from.second_of_day()) * NANOS + u64::from(from.subsecond_nanos());
        let mut left = seconds.checked_mul(NANOS)?;
        loop {
            if self.is_working(day)? {
                for (start, end) in &self.year(day)?.sessions {
                    let begin = (u64::from(*start) * NANOS).max(since);
                    let room = (u64::from(*end) * NANOS).saturating_sub(begin);
                    if room > 0 && left <= room {
                        let at = begin + left;
                        let whole = day.at_second(u32::try_from(at / NANOS).ok()?);
                        return Some(Instant::from_unix(
                            whole.unix_seconds(),
                            u32::try_from(at % NANOS).ok()?,
                        ));
                    }
                    left -= room;
                }
            }
            (day, since) = (Day(day.0.checked_add(1)?), 0);
        }
    }

    /// The first instant from which no more than `seconds` of session time remain until `to`: overnight nothing goes by,
    /// so a working day that is left is left from the end of the day before.
    pub fn before_session_time(&self, to: Instant, seconds: u64) -> Option<Instant> {
        let (mut day, mut until, mut left) = (to.day(), to.second_of_day(), seconds);
        self.is_working(day)?;
        loop {
            let Some(is_working) = self.is_working(day) else {
                // Before the first year nothing is known; from its first instant on it is.
                return Some(Day(day.0 + 1).start());
            };
            if is_working {
                for (start, end) in self.year(day)?.sessions.iter().rev() {
                    let room = u64::from((*end).min(until).saturating_sub(*start));
                    if left < room {
                        return Some(day.at_second((*end).min(until) - u32::try_from(left).ok()?));
                    }
                    left -= room;
                }
            }
            (day, until) = (Day(day.0.checked_sub(1)?), u32::MAX);
        }
    }

    /// Whole seconds of session time between two instants, 0 when `to` is not after `from`.
    pub fn session_seconds_between(&self, from: Instant, to: Instant) -> Option<u64> {
        let (mut day, mut total) = (from.day(), 0);
        while day <= to.day() && from < to {
            if self.is_working(day)? {
                for (start, end) in &self.year(day)?.sessions {
                    let begin = if day == from.day() { (*start).max(from.second_of_day()) } else { *start };
                    let stop = if day == to.day() { (*end).min(to.second_of_day()) } else { *end };
                    total += u64::from(stop.saturating_sub(begin));
                }
            }
            day = Day(day.0.checked_add(1)?);
        }
        Some(total)
    }
}

fn weekday(name: &str) -> Option<u32> {
    const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    NAMES.iter().position(|known| *known == name).and_then(|place| u32::try_from(place).ok())
}

fn sessions(texts: &[[String; 2]]) -> Option<Vec<(u32, u32)>> {
    let second = |text: &str| -> Option<u32> {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour <= 24 && minute <= 59 && hour * 60 + minute <= 24 * 60).then_some(hour * 3600 + minute * 60)
    };
    let sessions: Vec<(u32, u32)> =
        texts.iter().map(|[from, to]| Some((second(from)?, second(to)?))).collect::<Option<_>>()?;
    let in_order = sessions.windows(2).all(|pair| pair[0].1 <= pair[1].0);
    (!sessions.is_empty() && in_order && sessions.iter().all(|(from, to)| from < to)).then_some(sessions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn working_days_skip_weekends_holidays_and_honour_make_up_days() {
        let calendar = Calendar::embedded().unwrap();
        let check = |from: &str, count, to: &str| {
            assert_eq!(calendar.working_day_after(day(from), count), Some(day(to)), "{count} after {from}");
        };
        check("2026-02-13", 1, "2026-02-23");
        check("2026-08-21", 1, "2026-08-22");
        check("2026-08-28", 1, "2026-09-03");
        check("2026-10-02", 5, "2026-10-09");
        assert_eq!(calendar.working_day_before(day("2026-09-03"), 1), Some(day("2026-08-28")));
        assert_eq!(calendar.working_day_after(day("2027-12-31"), 1), None, "2028 has no calendar");
        assert_eq!(calendar.working_day_from(day("2026-02-14")), Some(day("2026-02-23")));
    }

    #[test]
    fn session_time_is_used_up_at_the_end_of_a_session() {
        let calendar = Calendar::embedded().unwrap();
        let check = |from: &str, hours: u64, to: &str| {
            let from = Instant::parse(from).unwrap();
            let due = calendar.after_session_time(from, hours * 3600).unwrap();
            assert_eq!(due, Instant::parse(to).unwrap(), "{hours} h after {from:?}");
        };
        check("2026-10-05T07:30:00+07:00", 4, "2026-10-05T11:30:00+07:00");
        check("2026-10-05T09:30:00+07:00", 4, "2026-10-05T15:30:00+07:00");
        check("2026-10-05T12:00:00+07:00", 4, "2026-10-05T17:30:00+07:00");
        check("2026-10-02T16:30:00+07:00", 8, "2026-10-05T16:30:00+07:00");
        check("2026-10-05T11:29:59.5+07:00", 1, "2026-10-05T14:29:59.5+07:00");
        check("2026-10-05T10:30:00.5+07:00", 1, "2026-10-05T13:30:00.5+07:00");
        check("2026-10-05T05:00:00.5+07:00", 4, "2026-10-05T11:30:00+07:00");
    }

    #[test]
    fn what_remains_is_known_from_the_first_instant_of_the_first_year() {
        let calendar = Calendar::embedded().unwrap();
        let (first, _) = calendar.years.first_key_value().unwrap();
        let check = |to: &str, hours: u64, from: Option<&str>| {
            let found = calendar.before_session_time(Instant::parse(to).unwrap(), hours * 3600);
            assert_eq!(found, from.map(|from| Instant::parse(from).unwrap()), "{hours} h before {to}");
        };
        check("2026-10-05T09:30:00+07:00", 4, Some("2026-10-02T15:30:00+07:00"));
        check("2026-10-05T17:30:00+07:00", 8, Some("2026-10-02T17:30:00+07:00"));
        check(&format!("{first}-01-02T09:30:00+07:00"), 8, Some(&format!("{first}-01-01T00:00:00+07:00")));
        check(&format!("{}-12-31T09:30:00+07:00", first - 1), 8, None);
    }

    #[test]
    fn a_file_with_a_slip_is_refused_by_name() {
        let check = |text: &str, says: &str| {
            let error = Calendar::default().add("x.toml", text).unwrap_err().to_string();
            assert!(error.contains("x.toml") && error.contains(says), "{error}");
        };
        let head = "year = 2026\nsource = \"s\"\n";
        check("year = 2026", "missing field");
        check(&format!("{head}weekly_off = [\"sun\"]\nsessions = [[\"07:30\", \"11:30\"]]"), "sun is no day");
        check(&format!("{head}weekly_off = []\nsessions = [[\"11:30\", \"07:30\"]]"), "sessions");
        check(
            &format!(
                "{head}weekly_off = []\nsessions = [[\"07:30\", \"11:30\"]]\nholidays = [{{ date = 2025-01-01, name = \"\" }}]"
            ),
            "not in 2026",
        );
    }
}
