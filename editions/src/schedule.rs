//! Which periods are due to be closed: rules as data, an instant and a calendar in, periods out.
//!
//! Not here: closing, and whether a period is closed already.

use compute::calendar::Calendar;
use compute::instant::{Day, Instant};
use compute::period::{Kind, Period};
use serde::Deserialize;
use toml::Table;

/// The schedule that is built in.
pub const BUILT_IN: &str = include_str!("../schedule.toml");
/// Periods looked back at, of each kind.
const LOOKED_BACK: usize = 2;

/// What `[editions]` of the settings says.
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// File of the schedule that replaces the built-in one.
    pub schedule: std::path::PathBuf,
    /// Working days units have for objections.
    pub objection_working_days: u64,
    /// From how many delayed dossiers on a delay is a repeated one.
    pub repeated_from: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { schedule: std::path::PathBuf::new(), objection_working_days: 3, repeated_from: 3 }
    }
}

/// Why settings or schedule are refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The settings.
    #[error("settings of editions: {0}")]
    Settings(String),
    /// The schedule.
    #[error("schedule of editions: {0}")]
    Schedule(String),
}

impl Settings {
    /// Reads `[editions]`.
    ///
    /// # Errors
    /// [`ScheduleError::Settings`].
    pub fn read(table: Option<Table>) -> Result<Settings, ScheduleError> {
        let Some(table) = table else { return Ok(Settings::default()) };
        let wrong = |why: String| ScheduleError::Settings(why);
        let settings: Settings =
            table.try_into().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        if settings.objection_working_days > 60 {
            return Err(wrong("objection_working_days is at most 60".to_owned()));
        }
        if settings.repeated_from == 0 {
            return Err(wrong("repeated_from is at least 1".to_owned()));
        }
        Ok(settings)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    close: Vec<Close>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Close {
    period: String,
    within_working_days: Option<u64>,
    from_day: Option<u64>,
    by_day: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum When {
    AfterEnd { within_working_days: u64 },
    BeforeEnd { from_day: u64, by_day: u64 },
}

/// When periods are closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule(Vec<(Kind, When)>);

/// A period that is to be closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    /// Which.
    pub period: Period,
    /// From when on it can be closed.
    pub from: Instant,
    /// By when it is to be closed; `None` when a calendar does not tell.
    pub by: Option<Instant>,
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// [`ScheduleError::Schedule`].
    pub fn read(text: &str) -> Result<Schedule, ScheduleError> {
        let wrong = |why: String| ScheduleError::Schedule(why);
        let file: File = toml::from_str(text).map_err(|error| wrong(error.message().to_owned()))?;
        let mut rules: Vec<(Kind, When)> = Vec::new();
        for close in file.close {
            let kind = match close.period.as_str() {
                "month" => Kind::Month,
                "quarter" => Kind::Quarter,
                "half" => Kind::Half,
                "year" => Kind::Year,
                other => {
                    return Err(wrong(format!(
                        "{other} is no period; there are month, quarter, half and year"
                    )));
                }
            };
            if rules.iter().any(|(known, _)| *known == kind) {
                return Err(wrong(format!("{} stands there twice", close.period)));
            }
            let when = match (close.within_working_days, close.from_day, close.by_day) {
                (Some(within_working_days @ 1..=60), None, None) => When::AfterEnd { within_working_days },
                (None, Some(from_day @ 1..=28), Some(by_day)) if (from_day..=28).contains(&by_day) => {
                    When::BeforeEnd { from_day, by_day }
                }
                _ => {
                    return Err(wrong(format!(
                        "{}: give within_working_days (1 to 60), or from_day and by_day (1 to 28)",
                        close.period
                    )));
                }
            };
            rules.push((kind, when));
        }
        Ok(Schedule(rules))
    }

    /// The periods whose time to be closed has come at `now`, newest first of each kind.
    pub fn due(&self, now: Instant, calendar: &Calendar) -> Vec<Due> {
        let mut due = Vec::new();
        for (kind, when) in &self.0 {
            let mut period = Some(Period::containing(now, *kind));
            for _ in 0..=LOOKED_BACK {
                let Some(one) = period else { break };
                let found = when.of(one, calendar);
                due.extend(found.filter(|found| found.from <= now));
                period = Some(Period::containing(one.start().just_before(), *kind));
            }
        }
        due
    }

    /// Whether `period` may be closed at `now`.
    pub fn allows(&self, period: Period, now: Instant) -> bool {
        if period.end() <= now {
            return true;
        }
        let rule = self.0.iter().find(|(kind, _)| *kind == period.kind());
        let from = rule.and_then(|(_, when)| match when {
            When::AfterEnd { .. } => None,
            When::BeforeEnd { from_day, .. } => day_of_last_month(period, *from_day).map(Day::start),
        });
        from.is_some_and(|from| from <= now)
    }
}

impl When {
    fn of(self, period: Period, calendar: &Calendar) -> Option<Due> {
        match self {
            When::AfterEnd { within_working_days } => {
                let last = period.end().just_before().day();
                let by = calendar.working_day_after(last, within_working_days).map(Day::end);
                Some(Due { period, from: period.end(), by })
            }
            When::BeforeEnd { from_day, by_day } => {
                let (from, by) = (day_of_last_month(period, from_day)?, day_of_last_month(period, by_day)?);
                Some(Due { period, from: from.start(), by: Some(by.end()) })
            }
        }
    }
}

fn day_of_last_month(period: Period, day: u64) -> Option<Day> {
    let (year, month, _) = period.end().just_before().day().civil();
    Day::from_civil(year, month, u32::try_from(day).ok()?)
}

/// The last instant of objections of what is closed at `at`: the end of the nth working day after; without a calendar
/// for it, so many days.
pub fn objections_until(at: Instant, working_days: u64, calendar: &Calendar) -> Instant {
    let day = calendar.working_day_after(at.day(), working_days);
    if working_days == 0 {
        return at;
    }
    day.or_else(|| at.day().plus(working_days)).map_or(at, |day| day.end().just_before())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(at: &str) -> Vec<String> {
        let (at, calendar) =
            (Instant::parse(at).expect("an instant"), Calendar::embedded().expect("calendars"));
        let schedule = Schedule::read(BUILT_IN).expect("it is built in");
        let told = schedule.due(at, &calendar).into_iter();
        told.map(|due| format!("{} by {}", due.period, due.by.map_or("?".to_owned(), Instant::to_local)))
            .collect()
    }

    #[test]
    fn a_month_is_closed_on_working_days_after_its_end_and_a_quarter_by_the_18th() {
        let told = due("2026-11-03T08:00:00+07:00");
        // 1 November 2026 is a Sunday: five working days end on Friday the 6th... at 24:00.
        assert_eq!(told[0], "2026-10 by 2026-11-07T00:00:00+07:00", "{told:?}");
        assert!(!told.iter().any(|due| due.starts_with("2026-Q4")), "{told:?}");
        let told = due("2026-12-15T08:00:00+07:00");
        assert!(told.contains(&"2026-Q4 by 2026-12-19T00:00:00+07:00".to_owned()), "{told:?}");
    }

    #[test]
    fn a_running_month_is_not_closed_and_a_running_quarter_from_its_15th_on() {
        let schedule = Schedule::read(BUILT_IN).expect("it is built in");
        let allows = |period: &str, at: &str| {
            schedule.allows(Period::parse(period).expect("a period"), Instant::parse(at).expect("an instant"))
        };
        assert!(
            !allows("2026-10", "2026-10-31T23:00:00+07:00") && allows("2026-10", "2026-11-01T00:00:00+07:00")
        );
        assert!(
            !allows("2026-Q4", "2026-12-14T23:00:00+07:00") && allows("2026-Q4", "2026-12-15T00:00:00+07:00")
        );
    }

    #[test]
    fn a_wrong_schedule_is_refused_with_a_way_out() {
        for (text, wanted) in [
            ("[[close]]\nperiod = \"week\"", "week is no period"),
            ("[[close]]\nperiod = \"month\"", "give within_working_days"),
            ("[[close]]\nperiod = \"month\"\nfrom_day = 9\nby_day = 3", "give within_working_days"),
            ("[[close]]\nperiod = \"month\"\nsoon = 3", "unknown field"),
        ] {
            let refused = Schedule::read(text).expect_err(text).to_string();
            assert!(refused.contains(wanted), "{refused}");
        }
    }
}
