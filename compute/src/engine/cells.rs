//! Counts of dossiers and petitions per unit, officer and condition, for one period.
//!
//! Shared with snapshots by reference count: counts are copied, run by run, only when they change after a
//! snapshot took them. Integers only; a count that would go below zero stops the engine. Counts of several engines over
//! different dossiers add up. Not here: what a bit means.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::saved::{RestoreError, Source, put_number};
use crate::codes::Code;
use crate::set::{Catalogue, Mask};

/// Units or officers whose counts are copied together: they lie side by side, so that a copy is one piece of memory.
const RUN: usize = 8;
/// Procedures copied together; they have few counts each.
const RUN_OF_PROCEDURES: usize = 32;

/// Counts of many codes, `width` for each, cheap to share: a snapshot takes the runs, a change copies one of them.
///
/// Runs are in the order of the codes. A code that counts for nothing is as one that was never seen.
#[derive(Clone, Debug)]
struct Counters<const RUN: usize> {
    width: usize,
    runs: Vec<(u32, Arc<[u32]>)>,
}

impl<const RUN: usize> Counters<RUN> {
    fn new(width: usize) -> Counters<RUN> {
        Counters { width, runs: Vec::new() }
    }

    fn get(&self, code: Code) -> Option<&[u32]> {
        let run = self.place(code).ok()?;
        let first = code.index() % RUN * self.width;
        Some(&self.runs[run].1[first..first + self.width])
    }

    /// The counts of `code`, no longer shared with any snapshot.
    fn of(&mut self, code: Code) -> &mut [u32] {
        let run = self.place(code).unwrap_or_else(|place| {
            self.runs.insert(place, (run_of::<RUN>(code), vec![0; RUN * self.width].into()));
            place
        });
        let first = code.index() % RUN * self.width;
        &mut Arc::make_mut(&mut self.runs[run].1)[first..first + self.width]
    }

    fn place(&self, code: Code) -> Result<usize, usize> {
        self.runs.binary_search_by_key(&run_of::<RUN>(code), |(run, _)| *run)
    }

    /// Whether the counts of `code` are the very object that `other` has: then they are equal.
    fn is_same(&self, other: &Counters<RUN>, code: Code) -> bool {
        match (self.place(code), other.place(code)) {
            (Ok(one), Ok(two)) => Arc::ptr_eq(&self.runs[one].1, &other.runs[two].1),
            (one, two) => one.is_err() && two.is_err(),
        }
    }

    /// The codes that count for anything, in their order.
    fn iter(&self) -> impl Iterator<Item = (Code, &[u32])> {
        let all = self
            .runs
            .iter()
            .flat_map(|(run, counts)| (*run as usize * RUN..).zip(counts.chunks_exact(self.width.max(1))));
        all.filter(|(_, counts)| counts.iter().any(|count| *count > 0))
            .map(|(code, counts)| (Code::from_index(code), counts))
    }

    /// Every code whose run is another object than in `before`.
    fn changed(&self, before: Option<&Counters<RUN>>, mut each: impl FnMut(Code, &[u32])) {
        for (run, counts) in &self.runs {
            let known = before.and_then(|before| {
                let place = before.runs.binary_search_by_key(run, |(run, _)| *run).ok()?;
                Some(&before.runs[place].1)
            });
            if known.is_some_and(|known| Arc::ptr_eq(known, counts)) {
                continue;
            }
            for (code, counts) in (*run as usize * RUN..).zip(counts.chunks_exact(self.width.max(1))) {
                each(Code::from_index(code), counts);
            }
        }
    }

    /// Takes `before` back and puts `after` in; whole or not at all.
    fn shift(&mut self, code: Code, before: &[u32], after: &[u32]) -> Result<(), ShiftError> {
        let fits = |counts: &[u32]| counts.is_empty() || counts.len() == self.width;
        if !fits(before) || !fits(after) {
            return Err(ShiftError::OtherConditions);
        }
        let of = |counts: &[u32], place: usize| counts.get(place).copied().unwrap_or(0);
        let counts = self.of(code);
        let next: Option<Vec<u32>> = (counts.iter().enumerate())
            .map(|(place, count)| count.checked_sub(of(before, place))?.checked_add(of(after, place)))
            .collect();
        counts.copy_from_slice(&next.ok_or(ShiftError::OutOfBounds)?);
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, self.iter().count() as u64);
        for (code, counts) in self.iter() {
            put_number(out, code.index() as u64);
            for count in counts {
                put_number(out, u64::from(*count));
            }
        }
    }

    fn take(&mut self, source: &mut Source<'_>) -> Result<(), RestoreError> {
        for _ in 0..source.place()? {
            let code = Code::from_index(source.place()?);
            for count in self.of(code) {
                *count = source.small()?;
            }
        }
        Ok(())
    }
}

fn run_of<const RUN: usize>(code: Code) -> u32 {
    u32::try_from(code.index() / RUN).unwrap_or(u32::MAX)
}

/// A place that has counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum At {
    /// A unit, by condition.
    Unit(Code),
    /// An officer, by condition.
    Officer(Code),
    /// A procedure within a unit, by the conditions that procedures ask for.
    Procedure {
        /// The unit.
        unit: Code,
        /// The procedure.
        procedure: Code,
    },
}

/// Counts that cannot be added.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ShiftError {
    /// There are more or fewer of them than conditions.
    #[error("the counts are of other conditions; run the same release and indicator sets everywhere")]
    OtherConditions,
    /// More would be taken back than is there, or the sum has no room.
    #[error("more would be taken back than was put in")]
    OutOfBounds,
}

/// The counts of one period.
#[derive(Clone, Debug)]
pub struct Cells {
    units: Counters<RUN>,
    officers: Counters<RUN>,
    /// By unit: for each procedure, how many dossiers meet each of the conditions that procedures ask for.
    procedures: BTreeMap<Code, Arc<Counters<RUN_OF_PROCEDURES>>>,
    /// The bits counted by procedure.
    with_dossier: Arc<[usize]>,
    with_dossier_mask: Mask,
}

/// Where a row counts: the units of a chain, an officer, a procedure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) units: &'a [Code],
    pub(super) officer: Option<Code>,
    pub(super) procedure: Option<Code>,
}

impl Cells {
    /// No counts yet, of the conditions of `catalogue`.
    pub fn of(catalogue: &Catalogue) -> Cells {
        let indicators = catalogue.sets.iter().flat_map(|set| &set.indicators);
        let mut bits: Vec<usize> = indicators.filter_map(|indicator| indicator.with_dossier_bit).collect();
        bits.sort_unstable();
        bits.dedup();
        Cells::new(catalogue.conditions.len(), &bits.into())
    }

    fn new(bits: usize, with_dossier: &Arc<[usize]>) -> Cells {
        Cells {
            units: Counters::new(bits),
            officers: Counters::new(bits),
            procedures: BTreeMap::new(),
            with_dossier: Arc::clone(with_dossier),
            with_dossier_mask: with_dossier.iter().fold(0, |mask, bit| mask | 1 << bit),
        }
    }

    /// Counts `mask` in, or takes it back.
    pub(super) fn count(&mut self, target: Target<'_>, mask: Mask, is_in: bool) {
        for unit in target.units {
            change(self.units.of(*unit), mask, is_in);
        }
        if let Some(officer) = target.officer {
            change(self.officers.of(officer), mask, is_in);
        }
        let Some(procedure) = target.procedure.filter(|_| mask & self.with_dossier_mask != 0) else { return };
        for unit in target.units {
            let by_procedure = self.procedures.entry(*unit);
            let by_procedure =
                by_procedure.or_insert_with(|| Arc::new(Counters::new(self.with_dossier.len())));
            let counts = Arc::make_mut(by_procedure).of(procedure);
            for (count, bit) in counts.iter_mut().zip(self.with_dossier.iter()) {
                if mask & (1 << bit) != 0 {
                    *count = step(*count, is_in);
                }
            }
        }
    }

    /// Tells every count that may differ from `before`: of codes whose run is another object, with zeros, so that what
    /// no longer counts is heard of too. Without `before`, every count there is.
    pub fn changed(&self, before: Option<&Cells>, mut each: impl FnMut(At, &[u32])) {
        self.units.changed(before.map(|before| &before.units), |code, counts| each(At::Unit(code), counts));
        let officers = before.map(|before| &before.officers);
        self.officers.changed(officers, |code, counts| each(At::Officer(code), counts));
        for (unit, by_procedure) in &self.procedures {
            let known = before.and_then(|before| before.procedures.get(unit));
            if known.is_some_and(|known| Arc::ptr_eq(known, by_procedure)) {
                continue;
            }
            by_procedure.changed(known.map(AsRef::as_ref), |code, counts| {
                each(At::Procedure { unit: *unit, procedure: code }, counts);
            });
        }
    }

    /// Takes `before` back at a place and puts `after` in; an empty one is all zeros.
    ///
    /// # Errors
    /// [`ShiftError`] when they are not counts of these conditions, or less was there than is taken back; then nothing
    /// has changed.
    pub fn shift(&mut self, at: At, before: &[u32], after: &[u32]) -> Result<(), ShiftError> {
        let with_dossier = self.with_dossier.len();
        match at {
            At::Unit(code) => self.units.shift(code, before, after),
            At::Officer(code) => self.officers.shift(code, before, after),
            At::Procedure { unit, procedure } => {
                let by_procedure = self.procedures.entry(unit);
                let by_procedure = by_procedure.or_insert_with(|| Arc::new(Counters::new(with_dossier)));
                Arc::make_mut(by_procedure).shift(procedure, before, after)
            }
        }
    }

    /// These counts and those of `other`, which are of the same conditions and codes.
    ///
    /// # Errors
    /// [`ShiftError`] when they are of others.
    pub fn plus(&self, other: &Cells) -> Result<Cells, ShiftError> {
        let (mut sum, mut outcome) = (self.clone(), Ok(()));
        other.changed(None, |at, counts| {
            if outcome.is_ok() && counts.iter().any(|count| *count > 0) {
                outcome = sum.shift(at, &[], counts);
            }
        });
        outcome.map(|()| sum)
    }

    /// Appends all counts, for a saved state.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        self.units.put(out);
        self.officers.put(out);
        put_number(out, self.procedures.len() as u64);
        for (unit, by_procedure) in &self.procedures {
            put_number(out, unit.index() as u64);
            by_procedure.put(out);
        }
    }

    /// Takes back what [`Cells::put`] wrote.
    pub(super) fn take(&mut self, source: &mut Source<'_>) -> Result<(), RestoreError> {
        self.units.take(source)?;
        self.officers.take(source)?;
        for _ in 0..source.place()? {
            let unit = Code::from_index(source.place()?);
            let mut by_procedure = Counters::new(self.with_dossier.len());
            by_procedure.take(source)?;
            self.procedures.insert(unit, Arc::new(by_procedure));
        }
        Ok(())
    }

    /// Whether nothing counts anywhere.
    pub fn is_empty(&self) -> bool {
        let mut is_empty = true;
        self.changed(None, |_, counts| is_empty &= counts.iter().all(|count| *count == 0));
        is_empty
    }

    /// Whether no count of a unit can be other than in `other`; quick, and sure only when it says yes.
    pub fn is_same_of_unit(&self, other: &Cells, unit: Code) -> bool {
        let by_procedure = match (self.procedures.get(&unit), other.procedures.get(&unit)) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (one, two) => one.is_none() && two.is_none(),
        };
        by_procedure && self.units.is_same(&other.units, unit)
    }

    /// Whether no count of an officer can be other than in `other`; quick, and sure only when it says yes.
    pub fn is_same_of_officer(&self, other: &Cells, officer: Code) -> bool {
        self.officers.is_same(&other.officers, officer)
    }

    /// A unit's count of the condition `bit`.
    pub fn unit(&self, unit: Code, bit: usize) -> u64 {
        self.units.get(unit).map_or(0, |counts| u64::from(counts[bit]))
    }

    /// An officer's count of the condition `bit`.
    pub fn officer(&self, officer: Code, bit: usize) -> u64 {
        self.officers.get(officer).map_or(0, |counts| u64::from(counts[bit]))
    }

    /// The procedures of which `unit` has at least one dossier meeting the condition `bit`.
    pub fn procedures(&self, unit: Code, bit: usize) -> impl Iterator<Item = Code> {
        let place = self.with_dossier.iter().position(|known| *known == bit);
        let by_procedure = self.procedures.get(&unit);
        by_procedure.into_iter().flat_map(|by_procedure| by_procedure.iter()).filter_map(
            move |(procedure, counts)| place.filter(|place| counts[*place] > 0).map(|_| procedure),
        )
    }
}

fn step(count: u32, is_in: bool) -> u32 {
    let next = if is_in { count.checked_add(1) } else { count.checked_sub(1) };
    next.expect("a count is what was counted in, less what was taken back")
}

fn change(counts: &mut [u32], mut mask: Mask, is_in: bool) {
    while mask != 0 {
        let bit = mask.trailing_zeros() as usize;
        counts[bit] = step(counts[bit], is_in);
        mask &= mask - 1;
    }
}
