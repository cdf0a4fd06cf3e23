//! Counts of dossiers and petitions per unit, officer and condition, for one period.
//!
//! Shared with snapshots by reference count: counts are copied, chunk by chunk, only when they change after a
//! snapshot took them. Integers only; a count that would go below zero stops the engine. Not here: what a bit means.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::saved::{RestoreError, Source, put_number};
use crate::codes::Code;
use crate::set::Mask;

/// Slots copied together when one of them changes after a snapshot.
const CHUNK_SLOTS: usize = 64;

/// Counts by bit.
type Counts = Arc<[u32]>;

/// For each procedure, how many dossiers meet each of the conditions that procedures ask for.
type ByProcedure = Arc<HashMap<Code, Box<[u32]>, RandomState>>;

/// Something for each code, cheap to share: a snapshot takes the chunks, a change copies one of them.
#[derive(Clone, Debug)]
struct Table<T> {
    chunks: Vec<Arc<Vec<Option<T>>>>,
}

impl<T: Clone> Table<T> {
    fn new() -> Table<T> {
        Table { chunks: Vec::new() }
    }

    fn get(&self, code: Code) -> Option<&T> {
        self.chunks.get(code.index() / CHUNK_SLOTS)?[code.index() % CHUNK_SLOTS].as_ref()
    }

    /// What there is, and the index of its code.
    fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let slots = self.chunks.iter().flat_map(|chunk| chunk.iter());
        (0..).zip(slots).filter_map(|(code, slot)| Some((code, slot.as_ref()?)))
    }

    fn slot(&mut self, code: Code) -> &mut Option<T> {
        let chunk = code.index() / CHUNK_SLOTS;
        if self.chunks.len() <= chunk {
            self.chunks.resize_with(chunk + 1, || Arc::new(vec![None; CHUNK_SLOTS]));
        }
        &mut Arc::make_mut(&mut self.chunks[chunk])[code.index() % CHUNK_SLOTS]
    }
}

/// The counts of one period.
#[derive(Clone, Debug)]
pub struct Cells {
    bits: usize,
    units: Table<Counts>,
    officers: Table<Counts>,
    procedures: Table<ByProcedure>,
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
    pub(super) fn new(bits: usize, with_dossier: &Arc<[usize]>) -> Cells {
        Cells {
            bits,
            units: Table::new(),
            officers: Table::new(),
            procedures: Table::new(),
            with_dossier: Arc::clone(with_dossier),
            with_dossier_mask: with_dossier.iter().fold(0, |mask, bit| mask | 1 << bit),
        }
    }

    /// Counts `mask` in, or takes it back.
    pub(super) fn count(&mut self, target: Target<'_>, mask: Mask, is_in: bool) {
        for unit in target.units {
            change(self.units.slot(*unit), self.bits, mask, is_in);
        }
        if let Some(officer) = target.officer {
            change(self.officers.slot(officer), self.bits, mask, is_in);
        }
        let Some(procedure) = target.procedure.filter(|_| mask & self.with_dossier_mask != 0) else { return };
        for unit in target.units {
            let by_procedure = Arc::make_mut(self.procedures.slot(*unit).get_or_insert_default());
            let counts = by_procedure
                .entry(procedure)
                .or_insert_with(|| vec![0; self.with_dossier.len()].into_boxed_slice());
            for (count, bit) in counts.iter_mut().zip(self.with_dossier.iter()) {
                if mask & (1 << bit) != 0 {
                    *count = step(*count, is_in);
                }
            }
        }
    }

    /// Appends all counts, for a saved state.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        for table in [&self.units, &self.officers] {
            put_number(out, table.iter().count() as u64);
            for (code, counts) in table.iter() {
                put_number(out, code);
                counts.iter().for_each(|count| put_number(out, u64::from(*count)));
            }
        }
        put_number(out, self.procedures.iter().count() as u64);
        for (code, by_procedure) in self.procedures.iter() {
            put_number(out, code);
            put_number(out, by_procedure.len() as u64);
            for (procedure, counts) in by_procedure.iter() {
                put_number(out, procedure.index() as u64);
                counts.iter().for_each(|count| put_number(out, u64::from(*count)));
            }
        }
    }

    /// Takes back what [`Cells::put`] wrote.
    pub(super) fn take(&mut self, source: &mut Source<'_>) -> Result<(), RestoreError> {
        let counts_of = |source: &mut Source<'_>, bits: usize| -> Result<Vec<u32>, RestoreError> {
            (0..bits).map(|_| source.small()).collect()
        };
        for table in [&mut self.units, &mut self.officers] {
            for _ in 0..source.place()? {
                let code = Code::from_index(source.place()?);
                *table.slot(code) = Some(counts_of(source, self.bits)?.into());
            }
        }
        for _ in 0..source.place()? {
            let code = Code::from_index(source.place()?);
            let mut by_procedure = HashMap::default();
            for _ in 0..source.place()? {
                let procedure = Code::from_index(source.place()?);
                by_procedure
                    .insert(procedure, counts_of(source, self.with_dossier.len())?.into_boxed_slice());
            }
            *self.procedures.slot(code) = Some(Arc::new(by_procedure));
        }
        Ok(())
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
        let by_procedure = self.procedures.get(unit);
        by_procedure.into_iter().flat_map(|by_procedure| by_procedure.iter()).filter_map(
            move |(procedure, counts)| place.filter(|place| counts[*place] > 0).map(|_| *procedure),
        )
    }
}

fn step(count: u32, is_in: bool) -> u32 {
    let next = if is_in { count.checked_add(1) } else { count.checked_sub(1) };
    next.expect("a count is what was counted in, less what was taken back")
}

fn change(slot: &mut Option<Counts>, bits: usize, mut mask: Mask, is_in: bool) {
    let counts = Arc::make_mut(slot.get_or_insert_with(|| vec![0; bits].into()));
    while mask != 0 {
        let bit = mask.trailing_zeros() as usize;
        counts[bit] = step(counts[bit], is_in);
        mask &= mask - 1;
    }
}
