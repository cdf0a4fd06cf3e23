//! What changed between two instants: every point gained or lost, parted among the subjects that made it.
//!
//! Of each indicator the lists behind its two counts are compared. A subject that came, went, or changed sides moves the
//! ratio by an amount that depends on nothing but the counts before and after, and these amounts add up to the whole:
//! with r̄ and d̄ the means of ratio and denominator, Δr = Σ (Δn − r̄·Δd) / d̄. Points are parted in that proportion, in
//! whole ten-thousandths, so that what is shown adds up to what is shown. Not here: where the lists come from (`engine`).

use std::collections::BTreeMap;

use crate::ComputeError;
use crate::codes::Code;
use crate::engine::{Engine, ListError, Part, Snapshot, Who};
use crate::facts::Subject;
use crate::figures::{Figure, Figures, Level, UnitFigures};
use crate::instant::Instant;
use crate::set::IndicatorSet;
use crate::set::definition::ScoringKind;

/// Ten-thousandths of a point.
pub type Share = i64;
/// Shares in a hundredth of a point.
const SHARES: i64 = 100;

/// Why a change cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The engine stopped.
    #[error(transparent)]
    Compute(#[from] ComputeError),
    /// A list cannot be had.
    #[error(transparent)]
    List(#[from] ListError),
    /// The unit has no row at one of the instants.
    #[error("the unit has no row in the period as of {0}; choose a later instant")]
    NoRow(String),
}

/// A subject that made a difference to an indicator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Its code.
    pub code: String,
    /// What it adds to the numerator: 1, 0 or −1.
    pub numerator: i8,
    /// What it adds to the denominator.
    pub denominator: i8,
    /// Its part of the points gained or lost.
    pub share: Share,
}

/// One indicator, before and after.
#[derive(Clone, Debug)]
pub struct IndicatorChange {
    /// Its figure at the earlier instant.
    pub before: Figure,
    /// Its figure at the later one.
    pub after: Figure,
    /// Who made the difference, the largest part first, then by code.
    pub items: Vec<Item>,
    /// What no subject made: reports of the portal, a maximum that moved.
    pub rest: Share,
}

impl IndicatorChange {
    /// Points gained, negative when lost.
    pub fn share(&self) -> Share {
        difference(self.before.points, self.after.points)
    }
}

/// A subject with all it changed.
#[derive(Clone, Debug)]
pub struct SubjectChange {
    /// What kind of thing.
    pub subject: Subject,
    /// Its code.
    pub code: String,
    /// Its part of the points gained or lost, over all indicators.
    pub share: Share,
    /// By place among the changed indicators: its part of that one.
    pub parts: Vec<(usize, Share)>,
}

/// What changed for a unit.
#[derive(Clone, Debug)]
pub struct Change {
    /// All figures at the earlier instant.
    pub before: UnitFigures,
    /// All figures at the later one.
    pub after: UnitFigures,
    /// Every indicator whose counts or points changed, the largest change first.
    pub indicators: Vec<IndicatorChange>,
}

impl Change {
    /// Points gained in all, negative when lost. The sum over the indicators.
    pub fn share(&self) -> Share {
        self.indicators.iter().map(IndicatorChange::share).sum()
    }

    /// What no subject made, over all indicators.
    pub fn rest(&self) -> Share {
        self.indicators.iter().map(|change| change.rest).sum()
    }

    /// The same by subject, the largest part first, then by code: with [`Change::rest`] they add up to the change.
    pub fn subjects(&self, set: &IndicatorSet) -> Vec<SubjectChange> {
        let mut found: BTreeMap<(&str, u8), SubjectChange> = BTreeMap::new();
        for (place, change) in self.indicators.iter().enumerate() {
            let subject = set.indicators[change.after.indicator].subject();
            for item in &change.items {
                let one = found.entry((&item.code, subject as u8)).or_insert_with(|| SubjectChange {
                    subject,
                    code: item.code.clone(),
                    share: 0,
                    parts: Vec::new(),
                });
                one.share += item.share;
                one.parts.push((place, item.share));
            }
        }
        let mut found: Vec<SubjectChange> = found.into_values().collect();
        found.sort_by(|one, other| {
            other.share.abs().cmp(&one.share.abs()).then_with(|| one.code.cmp(&other.code))
        });
        found
    }

    /// What `engine`, which must not be later than `from`, says of `unit` at two instants of its first period.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn between(
        engine: &mut Engine,
        unit: Code,
        set: &IndicatorSet,
        (from, to): (Instant, Instant),
    ) -> Result<Change, ChangeError> {
        engine.advance(from)?;
        let before = Standing::of(engine, unit, set)?;
        engine.advance(to)?;
        let after = Standing::of(engine, unit, set)?;
        Ok(Change::of(before, after, set))
    }

    /// What lies between two standings of one unit under one set.
    pub fn of(before: Standing, after: Standing, set: &IndicatorSet) -> Change {
        let mut indicators: Vec<IndicatorChange> = (0..set.indicators.len())
            .map(|place| part_of(&before, &after, set, place))
            .filter(|change| {
                let counts = |figure: &Figure| (figure.numerator, figure.denominator, figure.points);
                counts(&change.before) != counts(&change.after) || !change.items.is_empty()
            })
            .collect();
        indicators.sort_by_key(|change| std::cmp::Reverse(change.share().abs()));
        Change { before: before.figures, after: after.figures, indicators }
    }
}

/// A unit's figures at an instant, and the lists behind them.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The figures.
    pub figures: UnitFigures,
    /// By indicator: the codes counted in the numerator and in the denominator, sorted.
    lists: Vec<[Vec<String>; 2]>,
}

impl Standing {
    /// What `engine` says of `unit` in its first period.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn of(engine: &Engine, unit: Code, set: &IndicatorSet) -> Result<Standing, ChangeError> {
        let snapshot = engine.snapshot();
        let figures = figures_of(&snapshot, unit, set)?;
        let period = snapshot.periods[0].frame.period;
        let list = |place: usize, part| engine.list(period, Who::Agency(unit), &set.indicators[place], part);
        let lists = (0..set.indicators.len())
            .map(|place| Ok([list(place, Part::Numerator)?, list(place, Part::Denominator)?]))
            .collect::<Result<_, ListError>>()?;
        Ok(Standing { figures, lists })
    }
}

impl Standing {
    /// The same with everything that is measured in full: what lies between it and the standing is what was lost.
    #[must_use]
    pub fn in_full(&self, set: &IndicatorSet) -> Standing {
        let mut full = self.clone();
        for (figure, lists) in full.figures.figures.iter_mut().zip(&mut full.lists) {
            if figure.denominator > 0 {
                figure.numerator = figure.denominator;
                figure.points = figure.max * 100;
                let [met, all] = lists;
                met.clone_from(all);
            } else if set.indicators[figure.indicator].is_full_when_empty() {
                figure.points = figure.max * 100;
            }
        }
        full.figures.total = Some(full.figures.figures.iter().map(|figure| figure.points).sum());
        full
    }
}

/// The unit's row in the snapshot's first period.
fn figures_of(snapshot: &Snapshot, unit: Code, set: &IndicatorSet) -> Result<UnitFigures, ChangeError> {
    let none = || ChangeError::NoRow(snapshot.as_of.to_local());
    let period = snapshot.periods.first().ok_or_else(none)?;
    let figures = Figures::of(snapshot, period, set, Level::Agency);
    let names = snapshot.codes.names();
    figures.units.into_iter().find(|row| row.code == names.text(unit)).ok_or_else(none)
}

fn difference(before: u64, after: u64) -> Share {
    (after.cast_signed() - before.cast_signed()) * SHARES
}

/// By code: what it adds to numerator and denominator.
type Moves<'a> = BTreeMap<&'a str, (i8, i8)>;

fn moves<'a>(before: &'a [Vec<String>; 2], after: &'a [Vec<String>; 2]) -> Moves<'a> {
    let mut moves = Moves::new();
    for (place, sign) in [(before, -1), (after, 1)] {
        for code in &place[0] {
            moves.entry(code).or_default().0 += sign;
        }
        for code in &place[1] {
            moves.entry(code).or_default().1 += sign;
        }
    }
    moves.retain(|_, moved| *moved != (0, 0));
    moves
}

fn part_of(before: &Standing, after: &Standing, set: &IndicatorSet, place: usize) -> IndicatorChange {
    let (was, is) = (before.figures.figures[place], after.figures.figures[place]);
    let indicator = &set.indicators[place];
    let whole = difference(was.points, is.points);
    if was.max != is.max {
        // Points moved here from another indicator, or away: nobody's doing.
        return IndicatorChange { before: was, after: is, items: Vec::new(), rest: whole };
    }
    let multiplier = indicator.file.measure.multiply_by.as_ref().and_then(|code| set.position(code));
    let factor = multiplier.map(|other| Factor::of(before, after, other));
    let own = Factor::of(before, after, place);
    let (by, times) = match &factor {
        Some(factor) => (factor.mean_ratio(), own.mean_ratio()),
        None => (1.0, 0.0),
    };
    let mut parts: BTreeMap<&str, (i8, i8, f64)> = BTreeMap::new();
    let is_full_when_empty = indicator.is_full_when_empty();
    for (code, (numerator, denominator)) in &own.moves {
        let weight = own.weight(f64::from(*numerator), f64::from(*denominator), is_full_when_empty);
        parts.insert(*code, (*numerator, *denominator, weight * by));
    }
    let mut rest = own.rest(is_full_when_empty) * by;
    if let Some(factor) = &factor {
        for (code, (numerator, denominator)) in &factor.moves {
            let weight = factor.weight(f64::from(*numerator), f64::from(*denominator), is_full_when_empty);
            parts.entry(*code).or_default().2 += weight * times;
        }
        rest += factor.rest(is_full_when_empty) * times;
    }
    let scoring = indicator.file.scoring;
    let threshold = match scoring.kind {
        ScoringKind::Linear => 100,
        ScoringKind::Cap => scoring.full_at_percent.unwrap_or(100),
    };
    let slope = if threshold == 100 || own.mean_ratio() * 100.0 < count(threshold) {
        count(is.max * 10_000 * 100) / count(threshold)
    } else {
        0.0
    };
    let mut weights: Vec<f64> = parts.values().map(|(_, _, weight)| *weight).collect();
    weights.push(rest);
    let mut shares = parted(whole, &weights, slope);
    let rest = shares.pop().unwrap_or(0);
    let items = parts.into_iter().zip(shares).map(|((code, (numerator, denominator, _)), share)| Item {
        code: code.to_owned(),
        numerator,
        denominator,
        share,
    });
    let mut items: Vec<Item> = items.collect();
    items.sort_by(|one, other| {
        other.share.abs().cmp(&one.share.abs()).then_with(|| one.code.cmp(&other.code))
    });
    IndicatorChange { before: was, after: is, items, rest }
}

/// One ratio before and after, and who moved it.
struct Factor<'a> {
    before: (f64, f64),
    after: (f64, f64),
    moves: Moves<'a>,
}

impl<'a> Factor<'a> {
    fn of(before: &'a Standing, after: &'a Standing, place: usize) -> Factor<'a> {
        let counts = |standing: &Standing| {
            let figure = &standing.figures.figures[place];
            (count(figure.numerator), count(figure.denominator))
        };
        Factor {
            before: counts(before),
            after: counts(after),
            moves: moves(&before.lists[place], &after.lists[place]),
        }
    }

    fn mean_ratio(&self) -> f64 {
        let ratios = [self.before, self.after].into_iter().filter(|(_, denominator)| *denominator > 0.0);
        let ratios: Vec<f64> = ratios.map(|(numerator, denominator)| numerator / denominator).collect();
        if ratios.is_empty() { 0.0 } else { ratios.iter().sum::<f64>() / count(ratios.len() as u64) }
    }

    /// By how much such a move changes the ratio.
    fn weight(&self, numerator: f64, denominator: f64, is_full_when_empty: bool) -> f64 {
        let (was, is) = (self.before.1, self.after.1);
        if was > 0.0 && is > 0.0 {
            return (numerator - self.mean_ratio() * denominator) / f64::midpoint(was, is);
        }
        // Nothing was measured at one of the instants: full points are lost by what is missing, or none are gained but by
        // what counts.
        let measured = was.max(is);
        if measured == 0.0 {
            return 0.0;
        }
        (if is_full_when_empty { numerator - denominator } else { numerator }) / measured
    }

    /// What the counts moved beyond what subjects did.
    fn rest(&self, is_full_when_empty: bool) -> f64 {
        let moved = self.moves.values().fold((0.0, 0.0), |sum: (f64, f64), moved| {
            (sum.0 + f64::from(moved.0), sum.1 + f64::from(moved.1))
        });
        let numerator = self.after.0 - self.before.0 - moved.0;
        let denominator = self.after.1 - self.before.1 - moved.1;
        self.weight(numerator, denominator, is_full_when_empty)
    }
}

/// Counts are far below 2^52, where this is exact.
#[allow(clippy::cast_precision_loss, reason = "see above")]
fn count(number: u64) -> f64 {
    number as f64
}

/// Parts `whole` in the proportion of `weights`, to whole shares that add up to it. Weights that cancel out part
/// nothing: each is then worth its `slope`.
///
/// Weights are approximate, which moves a share by one at most; the sum is exact.
fn parted(whole: i64, weights: &[f64], slope: f64) -> Vec<i64> {
    let sum: f64 = weights.iter().sum();
    let spread: f64 = weights.iter().map(|weight| weight.abs()).sum();
    let scale = if sum.abs() > spread * 1e-12 && whole != 0 { count_signed(whole) / sum } else { slope };
    let exact: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
    let mut shares: Vec<i64> = exact.iter().map(|share| floor(*share)).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let fraction = |place: &usize| exact[*place] - exact[*place].floor();
    order.sort_by(|one, other| fraction(other).total_cmp(&fraction(one)).then(one.cmp(other)));
    let missing = whole - shares.iter().sum::<i64>();
    let size = i64::try_from(weights.len().max(1)).unwrap_or(i64::MAX);
    let (each, more) = (missing.div_euclid(size), missing.rem_euclid(size));
    for (rank, place) in (0..).zip(order) {
        shares[place] += each + i64::from(rank < more);
    }
    shares
}

#[allow(clippy::cast_precision_loss, reason = "shares are far below 2^52")]
fn count_signed(number: i64) -> f64 {
    number as f64
}

#[allow(clippy::cast_possible_truncation, reason = "shares are far below 2^52")]
fn floor(number: f64) -> i64 {
    number.floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_whatever_the_weights() {
        for (whole, weights) in [
            (100, vec![1.0, 1.0, 1.0]),
            (-7, vec![0.3, 0.3, 0.1, 0.0]),
            (5, vec![-1.0, 2.0]),
            (0, vec![0.5, -0.5]),
            (3, vec![0.0]),
        ] {
            assert_eq!(parted(whole, &weights, 10.0).iter().sum::<i64>(), whole, "{weights:?}");
        }
        assert_eq!(parted(0, &[0.5, -0.5], 10.0), [5, -5], "what cancels out is still told");
        assert_eq!(parted(-90, &[2.0, 1.0], 1.0), [-60, -30]);
    }
}
