//! When this province works: days, sessions and the counting of working time.
//!
//! Officers act in sessions (07:30–11:30, 13:30–17:30), so their acts are planned on an axis of *working
//! seconds* that has no nights, weekends or Tết, and are mapped back to instants. Days off are those of the
//! shipped calendars of 2025–2027; other years have weekends and the fixed feasts only. It decides when
//! made-up people act and never how a figure is counted: scoring has its own calendar, read from data.

pub(super) const DAY_SECONDS: i64 = 86_400;
/// `Asia/Ho_Chi_Minh` has had no other offset since 1975.
pub(super) const ZONE_SECONDS: i64 = 7 * 3600;
pub(super) const WORKING_DAY: i64 = 8 * 3600;
pub(super) const WORKING_HOUR: i64 = 3600;
const MORNING_OPENS: i64 = 7 * 3600 + 1800;
const AFTERNOON_OPENS: i64 = 13 * 3600 + 1800;
const SESSION: i64 = 4 * 3600;

const DAYS_OFF: [(i64, u32, u32); 40] = [
    (2025, 1, 1),
    (2025, 1, 27),
    (2025, 1, 28),
    (2025, 1, 29),
    (2025, 1, 30),
    (2025, 1, 31),
    (2025, 2, 1),
    (2025, 4, 7),
    (2025, 4, 30),
    (2025, 5, 1),
    (2025, 5, 2),
    (2025, 9, 1),
    (2025, 9, 2),
    (2026, 1, 1),
    (2026, 1, 2),
    (2026, 2, 16),
    (2026, 2, 17),
    (2026, 2, 18),
    (2026, 2, 19),
    (2026, 2, 20),
    (2026, 4, 27),
    (2026, 4, 30),
    (2026, 5, 1),
    (2026, 8, 31),
    (2026, 9, 1),
    (2026, 9, 2),
    (2026, 11, 24),
    (2027, 1, 1),
    (2027, 2, 4),
    (2027, 2, 5),
    (2027, 2, 8),
    (2027, 2, 9),
    (2027, 2, 10),
    (2027, 4, 16),
    (2027, 4, 30),
    (2027, 5, 3),
    (2027, 9, 2),
    (2027, 9, 3),
    (2027, 11, 24),
    (2027, 2, 7),
];
const FIXED_FEASTS: [(u32, u32); 4] = [(1, 1), (4, 30), (5, 1), (9, 2)];
const MAKE_UP_DAYS: [(i64, u32, u32); 3] = [(2025, 4, 26), (2026, 1, 10), (2026, 8, 22)];
/// Tết is the only break this long; even online filing stops.
const QUIET_RUN_DAYS: usize = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    pub(super) month: u32,
    pub(super) day: u32,
}

/// The Gregorian date of a day number counted from 1970-01-01.
pub(super) fn date_of(day_number: i64) -> Date {
    let shifted = day_number + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Date { year, month: month as u32, day: (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32 }
}

/// The local day on which an instant falls.
pub(super) fn day_of(at_seconds: i64) -> i64 {
    (at_seconds + ZONE_SECONDS).div_euclid(DAY_SECONDS)
}

/// The instant at a local day's midnight.
pub(super) fn midnight(day_number: i64) -> i64 {
    day_number * DAY_SECONDS - ZONE_SECONDS
}

/// Monday is 0.
pub(super) fn weekday(day_number: i64) -> i64 {
    (day_number + 3).rem_euclid(7)
}

/// Working days of the plan and a margin after it, for due dates beyond its end.
#[derive(Debug)]
pub(super) struct WorkingClock {
    first_day: i64,
    is_working: Vec<bool>,
    is_quiet: Vec<bool>,
    working_days_before: Vec<i64>,
    working_days: Vec<i64>,
}

impl WorkingClock {
    pub(super) fn new(first_day: i64, last_day: i64) -> Self {
        let is_working: Vec<bool> = (first_day..=last_day).map(is_working_day).collect();
        let mut working_days_before = Vec::with_capacity(is_working.len());
        let mut working_days = Vec::new();
        for (day, works) in (first_day..=last_day).zip(&is_working) {
            working_days_before.push(working_days.len() as i64);
            if *works {
                working_days.push(day);
            }
        }
        let is_quiet = quiet_days(&is_working);
        Self { first_day, is_working, is_quiet, working_days_before, working_days }
    }

    fn position(&self, day: i64) -> usize {
        (day - self.first_day).clamp(0, self.is_working.len() as i64 - 1) as usize
    }

    pub(super) fn works_on(&self, day: i64) -> bool {
        self.is_working[self.position(day)]
    }

    /// Inside a long feast: nobody files at all.
    pub(super) fn is_quiet_on(&self, day: i64) -> bool {
        self.is_quiet[self.position(day)]
    }

    /// Working seconds elapsed at an instant; it stands still outside the sessions.
    pub(super) fn worked(&self, at_seconds: i64) -> i64 {
        let day = day_of(at_seconds);
        let position = self.position(day);
        let before = self.working_days_before[position] * WORKING_DAY;
        if !self.is_working[position] {
            return before;
        }
        let second = at_seconds - midnight(day);
        let morning = (second - MORNING_OPENS).clamp(0, SESSION);
        before + morning + (second - AFTERNOON_OPENS).clamp(0, SESSION)
    }

    /// The instant at which so many working seconds have elapsed; a session's last second opens the next one.
    pub(super) fn instant(&self, worked: i64) -> i64 {
        let second = worked.rem_euclid(WORKING_DAY);
        let opens = if second < SESSION { MORNING_OPENS } else { AFTERNOON_OPENS - SESSION };
        midnight(self.working_day(worked.div_euclid(WORKING_DAY))) + opens + second
    }

    /// As `instant`, but time used up at 11:30 is due at 11:30 and not at 13:30.
    pub(super) fn instant_used_up(&self, worked: i64) -> i64 {
        self.instant(worked - 1) + 1
    }

    /// End of the n-th working day strictly after the day of an instant.
    pub(super) fn end_of_working_day_after(&self, at_seconds: i64, count: i64) -> i64 {
        let position = self.position(day_of(at_seconds));
        let up_to_today = self.working_days_before[position] + i64::from(self.is_working[position]);
        end_of_day(self.working_day(up_to_today + count - 1))
    }

    /// End of the n-th calendar day after an instant, or of the next working day.
    pub(super) fn end_of_day_after(&self, at_seconds: i64, count: i64) -> i64 {
        let position = self.position(day_of(at_seconds) + count);
        end_of_day(self.working_day(self.working_days_before[position]))
    }

    /// Whether a day is one of its month's last three working days.
    pub(super) fn closes_month(&self, day: i64) -> bool {
        let position = self.position(day);
        let third_next = self.working_day(self.working_days_before[position] + 3);
        self.is_working[position] && date_of(third_next).month != date_of(day).month
    }

    fn working_day(&self, ordinal: i64) -> i64 {
        let last = self.working_days.len() as i64 - 1;
        if ordinal > last {
            return self.first_day + self.is_working.len() as i64 + ordinal - last;
        }
        self.working_days.get(ordinal.max(0) as usize).copied().unwrap_or(self.first_day)
    }
}

fn end_of_day(day: i64) -> i64 {
    midnight(day) + AFTERNOON_OPENS + SESSION
}

fn is_working_day(day_number: i64) -> bool {
    let Date { year, month, day } = date_of(day_number);
    if MAKE_UP_DAYS.contains(&(year, month, day)) {
        return true;
    }
    let is_feast = FIXED_FEASTS.contains(&(month, day)) || DAYS_OFF.contains(&(year, month, day));
    weekday(day_number) < 5 && !is_feast
}

fn quiet_days(is_working: &[bool]) -> Vec<bool> {
    let mut is_quiet = vec![false; is_working.len()];
    let mut run_start = 0;
    for position in 0..=is_working.len() {
        if is_working.get(position).is_none_or(|works| *works) {
            if position - run_start >= QUIET_RUN_DAYS {
                is_quiet[run_start..position].fill(true);
            }
            run_start = position + 1;
        }
    }
    is_quiet
}

#[cfg(test)]
mod tests {
    use super::{WorkingClock, date_of, day_of, midnight, weekday};

    const NEW_YEAR_2026: i64 = 20_454;

    fn clock() -> WorkingClock {
        WorkingClock::new(NEW_YEAR_2026 - 20, NEW_YEAR_2026 + 400)
    }

    #[test]
    fn day_numbers_are_dates() {
        let date = date_of(NEW_YEAR_2026);
        assert_eq!((date.year, date.month, date.day, weekday(NEW_YEAR_2026)), (2026, 1, 1, 3));
    }

    #[test]
    fn working_time_and_instants_are_each_others_inverse() {
        let clock = clock();
        for worked in (400_000..900_000).step_by(977) {
            assert_eq!(clock.worked(clock.instant(worked)), worked);
        }
    }

    #[test]
    fn tet_has_nine_quiet_days_and_a_weekend_none() {
        let clock = clock();
        let quiet = (NEW_YEAR_2026..NEW_YEAR_2026 + 90).filter(|day| clock.is_quiet_on(*day)).count();
        assert_eq!(quiet, 9);
    }

    #[test]
    fn five_working_days_over_tet_end_on_the_friday_after() {
        let friday_before = midnight(NEW_YEAR_2026 + 43) + 9 * 3600;
        let due = clock().end_of_working_day_after(friday_before, 5);
        assert_eq!(day_of(due), NEW_YEAR_2026 + 43 + 14);
    }
}
