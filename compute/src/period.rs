//! Periods: month, quarter, half, year, as `[start, end)` in Vietnam's zone.
//!
//! The code (`2026-10`, `2026-Q3`, `2026-H1`, `2026`) is the identity of a period everywhere: command line,
//! file, address. Not here: which periods are kept live (`engine`).

use std::fmt;

use crate::instant::{Day, Instant};

/// A scored period.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Period {
    year: i32,
    kind: Kind,
    /// Month 1..=12, quarter 1..=4, half 1..=2; 1 for a year.
    number: u32,
}

/// How long a period is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// One calendar month.
    Month,
    /// Three months.
    Quarter,
    /// Six months.
    Half,
    /// A calendar year.
    Year,
}

impl Kind {
    /// All four, shortest first.
    pub const ALL: [Kind; 4] = [Kind::Month, Kind::Quarter, Kind::Half, Kind::Year];

    fn months(self) -> u32 {
        match self {
            Kind::Month => 1,
            Kind::Quarter => 3,
            Kind::Half => 6,
            Kind::Year => 12,
        }
    }
}

impl Period {
    /// Reads a period's code; years 1..=9998. `None` for anything else.
    pub fn parse(code: &str) -> Option<Period> {
        if code.len() < 4 || !code.is_ascii() || !code.as_bytes()[..4].iter().all(u8::is_ascii_digit) {
            return None;
        }
        let year = code[..4].parse().ok().filter(|year| (1..=9998).contains(year))?;
        let digits = |text: &str, length: usize| {
            (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.parse::<u32>().ok())
                .flatten()
        };
        let (kind, number) = match &code[4..] {
            "" => (Kind::Year, 1),
            rest if rest.starts_with("-Q") => (Kind::Quarter, digits(&rest[2..], 1)?),
            rest if rest.starts_with("-H") => (Kind::Half, digits(&rest[2..], 1)?),
            rest if rest.starts_with('-') => (Kind::Month, digits(&rest[1..], 2)?),
            _ => return None,
        };
        (1..=12 / kind.months()).contains(&number).then_some(Period { year, kind, number })
    }

    /// The period of `kind` that `instant` lies in.
    pub fn containing(instant: Instant, kind: Kind) -> Period {
        let (year, month, _) = instant.day().civil();
        Period { year, kind, number: (month - 1) / kind.months() + 1 }
    }

    /// The first instant inside.
    pub fn start(self) -> Instant {
        self.first_day().start()
    }

    /// The first instant after.
    pub fn end(self) -> Instant {
        self.next().start()
    }

    /// Whether `instant` lies in `[start, end)`.
    pub fn contains(self, instant: Instant) -> bool {
        self.start() <= instant && instant < self.end()
    }

    /// Whether `day` lies in it.
    pub fn contains_day(self, day: Day) -> bool {
        self.first_day() <= day && day < self.next().first_day()
    }

    /// The period after this one, of the same kind.
    #[must_use]
    pub fn next(self) -> Period {
        if self.number < 12 / self.kind.months() {
            Period { number: self.number + 1, ..self }
        } else {
            Period { year: self.year + 1, number: 1, ..self }
        }
    }

    /// Month, quarter, half or year.
    pub fn kind(self) -> Kind {
        self.kind
    }

    /// The months it is made of, in order.
    pub fn months(self) -> impl Iterator<Item = Period> {
        let first = (self.number - 1) * self.kind.months() + 1;
        (first..first + self.kind.months()).map(move |month| Period {
            year: self.year,
            kind: Kind::Month,
            number: month,
        })
    }

    /// The whole year before the one it lies in.
    #[must_use]
    pub fn previous_year(self) -> Period {
        Period { year: self.year - 1, kind: Kind::Year, number: 1 }
    }

    /// How many such periods make a year: 12, 4, 2 or 1.
    pub fn per_year(self) -> u64 {
        u64::from(12 / self.kind.months())
    }

    fn first_day(self) -> Day {
        let month = (self.number - 1) * self.kind.months() + 1;
        Day::from_civil(self.year, month, 1).unwrap_or(Day(i32::MAX))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Month => write!(f, "{:04}-{:02}", self.year, self.number),
            Kind::Quarter => write!(f, "{:04}-Q{}", self.year, self.number),
            Kind::Half => write!(f, "{:04}-H{}", self.year, self.number),
            Kind::Year => write!(f, "{:04}", self.year),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_periods_and_nothing_else_does() {
        for code in ["2026-10", "2026-Q3", "2026-H1", "2026"] {
            assert_eq!(Period::parse(code).unwrap().to_string(), code);
        }
        for code in
            ["", "26-10", "2026-13", "2026-00", "2026-Q5", "2026-H3", "2026-1", "2026-", "2026-Q", "2026-+1"]
        {
            assert_eq!(Period::parse(code), None, "{code}");
        }
    }

    #[test]
    fn a_period_holds_its_first_instant_and_not_its_end() {
        // A dossier received exactly at the first instant belongs to the period; OpenCPS carried it over.
        let october = Period::parse("2026-10").unwrap();
        assert_eq!(october.start().to_local(), "2026-10-01T00:00:00+07:00");
        assert!(october.contains(october.start()) && !october.contains(october.end()));
        assert_eq!(Period::parse("2026-Q4").unwrap().end(), Period::parse("2027").unwrap().start());
        assert_eq!(Period::parse("2026-H2").unwrap().months().count(), 6);
    }
}
