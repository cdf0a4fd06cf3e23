//! Our figures beside the portal's published ones, and every gap parted among its causes.
//!
//! The engine says what each kind of difference moves (`engine::Engine::reconcile`); here the figures after each kind are
//! read, the published row is put beside the last, and what is left over is named: another rule, or unexplained. Not here:
//! how published rows and lists are read (`ingest::portal`), how gaps are shown.

use std::sync::Arc;

use crate::engine::{Difference, Part, PeriodSnapshot, Reconciled, Snapshot, Turn};
use crate::facts::Subject;
use crate::figures::{Figures, Level, UnitFigures};
use crate::set::points::{Hundredths, Ratio};
use crate::set::{Catalogue, Indicator, IndicatorSet};

/// A row the portal published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// The unit, by our code.
    pub unit: String,
    /// The unit's name, if given.
    pub unit_name: String,
    /// The indicator's portal code.
    pub portal_code: String,
    /// What counts, if published.
    pub numerator: Option<u64>,
    /// What it is divided by, if published.
    pub denominator: Option<u64>,
    /// Points, if published.
    pub points: Option<Hundredths>,
    /// The line of the file.
    pub line: u64,
}

/// Counts and the points they earn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counts {
    /// What counts.
    pub numerator: u64,
    /// What it is divided by.
    pub denominator: u64,
    /// Points.
    pub points: Hundredths,
}

/// What one kind of difference moves: theirs less ours.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Moved {
    /// In the numerator.
    pub numerator: i64,
    /// In the denominator.
    pub denominator: i64,
}

impl Moved {
    /// Whether nothing moves.
    pub fn is_nothing(self) -> bool {
        self == Moved::default()
    }

    fn between(before: Counts, after: (u64, u64)) -> Moved {
        let less = |after: u64, before: u64| after.cast_signed() - before.cast_signed();
        Moved { numerator: less(after.0, before.numerator), denominator: less(after.1, before.denominator) }
    }
}

/// Why the portal's number is other than ours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// Dossiers differ so.
    Dossiers(Difference),
    /// The same counts earn other points, or another set's rule gives just their counts.
    Rule,
    /// Nothing we know explains it.
    Unexplained,
}

impl Class {
    /// The stable name in files and addresses.
    pub fn name(self) -> &'static str {
        match self {
            Class::Dossiers(difference) => difference.name(),
            Class::Rule => Difference::Rule.name(),
            Class::Unexplained => "unexplained",
        }
    }
}

/// One published row beside ours.
#[derive(Clone, Debug)]
pub struct Gap {
    /// The unit's code.
    pub unit: String,
    /// Its name here.
    pub name: String,
    /// Place in the set's indicators.
    pub indicator: usize,
    /// As we count.
    pub ours: Counts,
    /// As published.
    pub theirs: Published,
    /// What each kind of difference moves; kinds that move nothing are left out.
    pub moved: Vec<(Difference, Moved)>,
    /// What is left over of the published counts; `None` when none are published.
    pub left: Option<Moved>,
    /// The points their own counts earn by our rule; `None` when that cannot be said.
    pub points_by_our_rule: Option<Hundredths>,
    /// The other set whose rule gives just their counts or points.
    pub rule_of: Option<String>,
    /// In the order of the classes; empty when both agree.
    pub classes: Vec<Class>,
}

/// A published row that has no row of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unmatched {
    /// No such unit has a row in the period.
    Unit(Box<Published>),
    /// The set has no such portal code.
    Indicator(Box<Published>),
}

/// Every published row, compared.
#[derive(Clone, Debug, Default)]
pub struct Gaps {
    /// In the order of the file.
    pub rows: Vec<Gap>,
    /// Rows nothing here answers to.
    pub unmatched: Vec<Unmatched>,
}

/// Compares. `snapshot` is of the engine that was reconciled, `period` its snapshot of the period.
pub fn gaps(
    snapshot: &Snapshot,
    period: &PeriodSnapshot,
    set: &IndicatorSet,
    reconciled: &Reconciled,
    published: &[Published],
) -> Gaps {
    let read = |set: &IndicatorSet, picture: &crate::engine::Cells| {
        let then = PeriodSnapshot { cells: Arc::new(picture.clone()), ..period.clone() };
        Figures::of(snapshot, &then, set, Level::Agency).units
    };
    let pictures: Vec<Vec<UnitFigures>> =
        reconciled.pictures.iter().map(|picture| read(set, picture)).collect();
    let last = reconciled.pictures.last();
    let others = snapshot.catalogue.sets.iter().filter(|other| other.file.id != set.file.id);
    let others: Vec<(&IndicatorSet, Vec<UnitFigures>)> =
        others.filter_map(|other| Some((other, read(other, last?)))).collect();
    let reader = Reader { set, catalogue: &snapshot.catalogue, pictures, others, published };
    let mut gaps = Gaps::default();
    for row in published {
        match reader.gap(row) {
            Ok(gap) => gaps.rows.push(gap),
            Err(unmatched) => gaps.unmatched.push(unmatched),
        }
    }
    gaps
}

struct Reader<'a> {
    set: &'a IndicatorSet,
    catalogue: &'a Catalogue,
    pictures: Vec<Vec<UnitFigures>>,
    others: Vec<(&'a IndicatorSet, Vec<UnitFigures>)>,
    published: &'a [Published],
}

impl Reader<'_> {
    fn gap(&self, row: &Published) -> Result<Gap, Unmatched> {
        let place = |indicator: &Indicator| indicator.file.portal_code == row.portal_code;
        let indicator = self.set.indicators.iter().position(place);
        let indicator = indicator.ok_or_else(|| Unmatched::Indicator(Box::new(row.clone())))?;
        let steps: Option<Vec<Counts>> =
            self.pictures.iter().map(|units| counts(units, &row.unit, indicator)).collect();
        let steps = steps.ok_or_else(|| Unmatched::Unit(Box::new(row.clone())))?;
        let name = unit(&self.pictures[0], &row.unit).map_or_else(String::new, |unit| unit.name.clone());
        let (ours, last) = (steps[0], *steps.last().unwrap_or(&steps[0]));
        let moved = Difference::ALL.iter().zip(steps.windows(2)).map(|(difference, pair)| {
            (*difference, Moved::between(pair[0], (pair[1].numerator, pair[1].denominator)))
        });
        let moved: Vec<_> = moved.filter(|(_, moved)| !moved.is_nothing()).collect();
        let theirs = row.numerator.zip(row.denominator);
        let left = theirs.map(|theirs| Moved::between(last, theirs));
        let points_by_our_rule = theirs.and_then(|theirs| self.points(self.set, row, theirs));
        let mut gap = Gap {
            unit: row.unit.clone(),
            name,
            indicator,
            ours,
            theirs: row.clone(),
            moved,
            left,
            points_by_our_rule,
            rule_of: None,
            classes: Vec::new(),
        };
        self.class(&mut gap, last);
        Ok(gap)
    }

    fn class(&self, gap: &mut Gap, last: Counts) {
        let row = gap.theirs.clone();
        let theirs = row.numerator.zip(row.denominator);
        let mut classes: Vec<Class> =
            gap.moved.iter().map(|(difference, _)| Class::Dossiers(*difference)).collect();
        if gap.left.is_some_and(|left| !left.is_nothing()) {
            gap.rule_of = self.others.iter().find_map(|(other, units)| {
                let place = place_of(other, &row.portal_code)?;
                let counted = counts(units, &row.unit, place)?;
                (Some((counted.numerator, counted.denominator)) == theirs).then(|| other.file.id.clone())
            });
            classes.push(if gap.rule_of.is_some() { Class::Rule } else { Class::Unexplained });
        }
        // Points are compared with what their own counts earn, so that one gap is not told twice.
        let expected = gap.points_by_our_rule.or_else(|| theirs.is_none().then_some(last.points));
        if let (Some(published), Some(expected)) = (row.points, expected)
            && published != expected
        {
            let by_another = theirs.and_then(|theirs| {
                let sets = self.catalogue.sets.iter().filter(|other| other.file.id != self.set.file.id);
                sets.filter(|other| self.points(other, &row, theirs) == Some(published))
                    .map(|other| other.file.id.clone())
                    .next()
            });
            let is_rule = theirs.is_some();
            gap.rule_of = gap.rule_of.take().or(by_another);
            classes.push(if is_rule { Class::Rule } else { Class::Unexplained });
        }
        classes.sort_unstable();
        classes.dedup_by_key(|class| class.name());
        gap.classes = classes;
    }

    /// The points counts of the portal earn under a set; `None` when they also rest on a row it did not publish.
    fn points(&self, set: &IndicatorSet, row: &Published, theirs: (u64, u64)) -> Option<Hundredths> {
        let place = place_of(set, &row.portal_code)?;
        let indicator = &set.indicators[place];
        let mut ratio = Ratio::of(theirs.0, theirs.1);
        if let Some(other) = &indicator.file.measure.multiply_by {
            let other = set.indicators.iter().find(|known| known.file.code == *other)?;
            let is_it =
                |known: &&Published| known.unit == row.unit && known.portal_code == other.file.portal_code;
            let by = self.published.iter().find(is_it)?;
            ratio = ratio.times(Ratio::of(by.numerator?, by.denominator?));
        }
        // A maximum that moves is the unit's own.
        let of_set = self.others.iter().find(|(other, _)| other.file.id == set.file.id);
        let units = of_set.map_or(&self.pictures[0], |(_, units)| units);
        let max = unit(units, &row.unit)?.figures.iter().find(|figure| figure.indicator == place)?.max;
        Some(indicator.points(ratio, max))
    }
}

fn place_of(set: &IndicatorSet, portal_code: &str) -> Option<usize> {
    set.indicators.iter().position(|indicator| indicator.file.portal_code == portal_code)
}

fn unit<'u>(units: &'u [UnitFigures], code: &str) -> Option<&'u UnitFigures> {
    let place = units.binary_search_by(|unit| unit.code.as_bytes().cmp(code.as_bytes())).ok()?;
    Some(&units[place])
}

fn counts(units: &[UnitFigures], code: &str, indicator: usize) -> Option<Counts> {
    let figure = unit(units, code)?.figures.iter().find(|figure| figure.indicator == indicator)?;
    Some(Counts { numerator: figure.numerator, denominator: figure.denominator, points: figure.points })
}

/// Whether a turn of a dossier moves a part of an indicator of a unit, and which way: theirs less ours.
pub fn moves(turn: &Turn, unit: crate::codes::Code, indicator: &Indicator, part: Part) -> i64 {
    let bit = match (part, indicator.subject(), indicator.with_dossier_bit) {
        (Part::Numerator, Subject::Dossier, _) => indicator.numerator_bit,
        (Part::Denominator, Subject::Dossier, _) => indicator.denominator_bit,
        // A procedure counts by the dossiers it has.
        (Part::Numerator, Subject::Procedure, Some(bit)) => bit,
        _ => return 0,
    };
    let holds = |counts: &Option<crate::engine::CountsAs>| {
        counts.as_ref().is_some_and(|counts| counts.mask & (1 << bit) != 0 && counts.units.contains(&unit))
    };
    i64::from(holds(&turn.after)) - i64::from(holds(&turn.before))
}
