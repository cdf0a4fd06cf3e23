//! Numbers, dates and periods as people of either language write them.
//!
//! Exact text of the core in, text out: nothing is rounded here.

use compute::instant::Instant;
use compute::period::{Kind, Period};
use compute::set::points::decimal;

use super::words::Words;

/// Seconds of an hour and of a minute.
const HOUR: u64 = 3600;
const MINUTE: u64 = 60;

impl Words {
    /// `1.234` in Vietnamese, `1,234` in English.
    pub(super) fn number(self, number: u64) -> String {
        let digits = number.to_string();
        let mut out = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                out.push(if self.is_english() { ',' } else { '.' });
            }
            out.push(digit);
        }
        out
    }

    /// Hundredths with two decimals: `17,69` in Vietnamese.
    pub(super) fn points(self, hundredths: u64) -> String {
        self.decimals(&decimal(hundredths))
    }

    /// Hundredths of a percent: `87,50 %` in Vietnamese.
    pub(super) fn percent(self, hundredths: u64) -> String {
        self.points(hundredths) + " %"
    }

    /// A text with a decimal point, as the language writes it.
    pub(super) fn decimals(self, text: &str) -> String {
        if self.is_english() { text.to_owned() } else { text.replace('.', ",") }
    }

    /// `22/11/2026`.
    pub(super) fn day(self, at: Instant) -> String {
        let (year, month, day) = at.day().civil();
        if self.is_english() {
            format!("{year:04}-{month:02}-{day:02}")
        } else {
            format!("{day:02}/{month:02}/{year:04}")
        }
    }

    /// `17:00 22/11/2026`, in Vietnam's zone.
    pub(super) fn moment(self, at: Instant) -> String {
        let second = at.second_of_day();
        let clock = format!("{:02}:{:02}", second / 3600, second / 60 % 60);
        if self.is_english() {
            format!("{} {clock}", self.day(at))
        } else {
            format!("{clock} {}", self.day(at))
        }
    }

    /// A moment, or a dash.
    pub(super) fn moment_or(self, at: Option<Instant>) -> String {
        at.map_or_else(|| "–".to_owned(), |at| self.moment(at))
    }

    /// Working time left, or gone over.
    pub(super) fn working_time(self, seconds: i64) -> String {
        let whole = seconds.unsigned_abs();
        let (hours, minutes) = (self.number(whole / HOUR), (whole % HOUR / MINUTE).to_string());
        let with = [("hours", hours.as_str()), ("minutes", minutes.as_str())];
        if seconds < 0 { self.fill("over_hours", &with) } else { self.fill("left_hours", &with) }
    }

    /// A period's name.
    pub(super) fn period(self, period: Period) -> String {
        let (year, month, _) = period.start().day().civil();
        let (year, quarter, month) = (year.to_string(), month.div_ceil(3).to_string(), month.to_string());
        let with = [("year", year.as_str()), ("quarter", quarter.as_str()), ("month", month.as_str())];
        match period.kind() {
            Kind::Month => self.fill("period.month", &with),
            Kind::Quarter => self.fill("period.quarter", &with),
            Kind::Half if month == "1" => self.fill("period.half.1", &with),
            Kind::Half => self.fill("period.half.2", &with),
            Kind::Year => self.fill("period.year", &with),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_language_does() {
        let (vi, en) = (Words::of(None), Words::of(Some("en")));
        for (number, in_vi, in_en) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1000, "1.000", "1,000"),
            (1_234_567, "1.234.567", "1,234,567"),
        ] {
            assert_eq!((vi.number(number).as_str(), en.number(number).as_str()), (in_vi, in_en));
        }
        assert_eq!((vi.points(1769), en.points(1769)), ("17,69".to_owned(), "17.69".to_owned()));
    }

    #[test]
    fn working_time_is_told_left_or_over() {
        let vi = Words::of(None);
        assert_eq!(vi.working_time(3_600 * 9 + 61), "9 giờ 1 phút làm việc");
        assert_eq!(vi.working_time(-1_800), "quá 0 giờ 30 phút làm việc");
    }

    #[test]
    fn periods_have_names() {
        let name = |code| Words::of(None).period(Period::parse(code).expect("a period"));
        assert_eq!(
            ["2026-11", "2026-Q4", "2026-H2", "2026-H1", "2026"].map(name),
            ["Tháng 11/2026", "Quý 4/2026", "6 tháng cuối năm 2026", "6 tháng đầu năm 2026", "Năm 2026"]
        );
    }
}
