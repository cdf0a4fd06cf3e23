//! What differs between two contents: figures, and the rows that make the difference.
//!
//! Both are of one period. Every figure that differs is there, and every dossier or petition that counts otherwise in an
//! indicator: figures for steering, such as letters still owed, go on moving after a period and are no cause. Which
//! events did it is for whoever has the log. Not here: parting points among dossiers (`compute::change`).

use std::collections::BTreeMap;
use std::sync::Arc;

use compute::engine::{FrozenSubject, Snapshot};
use compute::figures::{Figures, Level};
use compute::result::ratio;
use compute::set::points::decimal;
use compute::set::{Catalogue, IndicatorSet, Mask};

use crate::content::{Content, ContentError};

/// Numerator, denominator, ratio, points; of a total: nothing, nothing, rank, points.
pub type Values = (Option<u64>, Option<u64>, String, String);

/// A figure before and after.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FigureChange {
    /// The set's id.
    pub set: String,
    /// Agencies or officers.
    pub level: &'static str,
    /// The unit or officer.
    pub unit: String,
    /// The indicator's code, or `TOTAL`.
    pub indicator: String,
    /// `None` when there was none.
    pub before: Option<Values>,
    /// `None` when there is none.
    pub after: Option<Values>,
}

/// What became of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowChange {
    /// It counts and did not.
    Came,
    /// It counted and does not.
    Went,
    /// It counts otherwise, or elsewhere.
    Changed,
}

impl RowChange {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            RowChange::Came => "came",
            RowChange::Went => "went",
            RowChange::Changed => "changed",
        }
    }
}

/// A dossier or petition that makes a difference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// A petition; else a dossier.
    pub is_petition: bool,
    /// Its code.
    pub code: String,
    /// What became of it.
    pub change: RowChange,
    /// The units it counted or counts for, nearest first.
    pub units: Vec<String>,
}

/// What differs.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Difference {
    /// By set, level, unit and indicator.
    pub figures: Vec<FigureChange>,
    /// By code.
    pub causes: Vec<Cause>,
}

type Key = (String, &'static str, String, String);

impl Difference {
    /// From `before` to `after`.
    ///
    /// # Errors
    /// [`ContentError::Rows`].
    pub fn between(
        before: (&Content, &Arc<Catalogue>),
        after: (&Content, &Arc<Catalogue>),
    ) -> Result<Difference, ContentError> {
        let (was, is) = (values(&before.0.snapshot(before.1)?), values(&after.0.snapshot(after.1)?));
        let mut keys: Vec<&Key> = was.keys().chain(is.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        let changed = keys.into_iter().filter(|key| was.get(*key) != is.get(*key));
        let figures = changed.map(|key| FigureChange {
            set: key.0.clone(),
            level: key.1,
            unit: key.2.clone(),
            indicator: key.3.clone(),
            before: was.get(key).cloned(),
            after: is.get(key).cloned(),
        });
        Ok(Difference { figures: figures.collect(), causes: causes(before, after) })
    }
}

fn values(snapshot: &Snapshot) -> BTreeMap<Key, Values> {
    let mut values = BTreeMap::new();
    for set in &snapshot.catalogue.sets {
        for level in [Level::Agency, Level::Officer] {
            put(&Figures::of(snapshot, &snapshot.periods[0], set, level), set, &mut values);
        }
    }
    values
}

fn put(figures: &Figures, set: &IndicatorSet, values: &mut BTreeMap<Key, Values>) {
    let level = figures.level.name();
    let key =
        |unit: &str, indicator: &str| (set.file.id.clone(), level, unit.to_owned(), indicator.to_owned());
    for unit in &figures.units {
        for figure in &unit.figures {
            let told = (
                Some(figure.numerator),
                Some(figure.denominator),
                ratio(figure.ratio),
                decimal(figure.points),
            );
            values.insert(key(&unit.code, &set.indicators[figure.indicator].file.code), told);
        }
        let rank = unit.rank.map(|rank| rank.to_string()).unwrap_or_default();
        let total = unit.total.map(decimal).unwrap_or_default();
        values.insert(key(&unit.code, "TOTAL"), (None, None, rank, total));
    }
}

/// The bits indicators are counted by.
fn counted(catalogue: &Catalogue) -> Mask {
    let indicators = catalogue.sets.iter().flat_map(|set| &set.indicators);
    indicators.fold(1 << catalogue.received_bit, |bits, one| {
        let with = one.with_dossier_bit.map_or(0, |bit| 1 << bit);
        bits | 1 << one.numerator_bit | 1 << one.denominator_bit | with
    })
}

fn causes(before: (&Content, &Arc<Catalogue>), after: (&Content, &Arc<Catalogue>)) -> Vec<Cause> {
    let (bits_before, bits_after) = (counted(before.1), counted(after.1));
    let (before, after) = (before.0.rows(), after.0.rows());
    let by_code = |subjects: &[FrozenSubject]| -> BTreeMap<(bool, String), usize> {
        let keyed = subjects.iter().enumerate();
        keyed.map(|(place, subject)| ((subject.is_petition, subject.code.clone()), place)).collect()
    };
    let (was, is) = (by_code(&before.subjects), by_code(&after.subjects));
    let mut keys: Vec<&(bool, String)> = was.keys().chain(is.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let cause = |key: &(bool, String)| {
        let (old, new) = (was.get(key), is.get(key));
        let units = |rows: &compute::engine::Frozen, place: usize| {
            rows.chains.get(rows.subjects[place].chain as usize).cloned().unwrap_or_default()
        };
        let told = |rows: &compute::engine::Frozen, bits: Mask, place: usize| {
            let one = &rows.subjects[place];
            (one.mask & bits, units(rows, place), one.officer.clone(), one.procedure.clone())
        };
        let (change, units) = match (old, new) {
            (Some(old), Some(new)) if told(&before, bits_before, *old) == told(&after, bits_after, *new) => {
                return None;
            }
            (_, Some(new)) => {
                (if old.is_some() { RowChange::Changed } else { RowChange::Came }, units(&after, *new))
            }
            (Some(old), None) => (RowChange::Went, units(&before, *old)),
            (None, None) => return None,
        };
        Some(Cause { is_petition: key.0, code: key.1.clone(), change, units })
    };
    keys.into_iter().filter_map(cause).collect()
}
