//! From counts to points: exact rationals, rounded half-up once, at two decimals (index-766.md §5).

use super::definition::{Scoring, ScoringKind, WhenEmpty};

/// Hundredths of a point.
pub type Hundredths = u64;

/// An exact ratio; the denominator may be 0, which is "nothing to measure".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ratio {
    /// What counts.
    pub numerator: u128,
    /// What it is divided by.
    pub denominator: u128,
}

impl Ratio {
    /// `numerator / denominator`.
    pub fn of(numerator: u64, denominator: u64) -> Ratio {
        Ratio { numerator: numerator.into(), denominator: denominator.into() }
    }

    /// The product; nothing to measure stays nothing.
    #[must_use]
    pub fn times(self, other: Ratio) -> Ratio {
        Ratio {
            numerator: self.numerator.saturating_mul(other.numerator),
            denominator: self.denominator.saturating_mul(other.denominator),
        }
    }

    /// Hundredths of a percent, half-up; `None` when there is nothing to measure.
    pub fn percent_hundredths(self) -> Option<u64> {
        (self.denominator > 0).then(|| half_up(self.numerator, 10_000, self.denominator))
    }

    /// Points out of `max`.
    pub fn points(self, max: u64, scoring: Scoring) -> Hundredths {
        let full = max * 100;
        if self.denominator == 0 {
            return match scoring.when_empty {
                WhenEmpty::Zero => 0,
                WhenEmpty::Full => full,
            };
        }
        match scoring.kind {
            ScoringKind::Linear => half_up(self.numerator, full, self.denominator),
            ScoringKind::Cap => {
                let threshold = u128::from(scoring.full_at_percent.unwrap_or(100));
                let needed = self.denominator.saturating_mul(threshold);
                let reached = self.numerator.saturating_mul(100);
                if reached >= needed { full } else { half_up(reached, full, needed) }
            }
        }
    }
}

/// `numerator × scale / denominator`, rounded half-up.
pub fn half_up(numerator: u128, scale: u64, denominator: u128) -> u64 {
    let (mut numerator, mut denominator) = (numerator, denominator);
    // Far beyond any count that can be listed, precision gives way before the sum overflows.
    while numerator >= 1 << 100 || denominator >= 1 << 110 {
        (numerator, denominator) = (numerator >> 1, denominator >> 1);
    }
    let doubled = 2 * numerator * u128::from(scale) + denominator;
    u64::try_from(doubled / (2 * denominator.max(1))).unwrap_or(u64::MAX)
}

/// `1234` hundredths as `12.34`.
pub fn decimal(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// `12.34` (two decimals, no sign) as hundredths.
pub fn parse_decimal(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.')?;
    let digits =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok());
    (fraction.len() == 2).then_some(())?;
    digits(whole)??.checked_mul(100)?.checked_add(digits(fraction)??)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(when_empty: WhenEmpty) -> Scoring {
        Scoring { kind: ScoringKind::Linear, full_at_percent: None, when_empty }
    }

    #[test]
    fn halves_round_up_once() {
        assert_eq!(decimal(half_up(1, 100, 200)), "0.01");
        assert_eq!(decimal(Ratio::of(358_660, 405_424).points(20, linear(WhenEmpty::Zero))), "17.69");
        assert_eq!(Ratio::of(5, 8).percent_hundredths(), Some(6250));
    }

    #[test]
    fn a_hundred_percent_of_nothing_is_a_policy_never_an_accident() {
        // OpenCPS showed 100 % when nothing was released.
        let nothing = Ratio::of(0, 0);
        assert_eq!(nothing.percent_hundredths(), None);
        assert_eq!(nothing.points(6, linear(WhenEmpty::Zero)), 0);
        assert_eq!(nothing.points(6, linear(WhenEmpty::Full)), 600);
    }

    #[test]
    fn a_cap_is_full_from_its_threshold_on() {
        let cap = Scoring { kind: ScoringKind::Cap, full_at_percent: Some(80), when_empty: WhenEmpty::Zero };
        assert_eq!(Ratio::of(4, 5).points(2, cap), 200);
        assert_eq!(Ratio::of(2, 5).points(2, cap), 100);
        assert_eq!(Ratio::of(5, 5).points(2, cap), 200);
    }
}
