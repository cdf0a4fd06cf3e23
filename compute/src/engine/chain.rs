//! Chains: the units a dossier counts for, as small numbers.
//!
//! Between two edges of the tree a unit's chain does not change, so it is looked up once per unit and stretch.
//! Chains are kept even when the tree changes, since what was counted for one must be taken back from it.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::codes::Code;
use crate::instant::Instant;
use crate::organisation::Organisation;

/// A shard's chains.
#[derive(Debug, Default)]
pub(super) struct Chains {
    units: Vec<Box<[Code]>>,
    numbers: HashMap<Box<[Code]>, u32, RandomState>,
    by_unit: HashMap<(Code, u32), u32, RandomState>,
    /// Version of the organisation `by_unit` was filled from.
    version: u64,
}

impl Chains {
    /// The units of a chain, nearest first.
    pub(super) fn units(&self, chain: u32) -> &[Code] {
        &self.units[chain as usize]
    }

    /// By number of a chain: whether it names one of `units`, which are sorted.
    pub(super) fn that_name(&self, units: &[Code]) -> Vec<bool> {
        let names = |chain: &[Code]| chain.iter().any(|unit| units.binary_search(unit).is_ok());
        self.units.iter().map(|chain| names(chain)).collect()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.units.len()
    }

    /// The number of a chain, new or known.
    pub(super) fn number(&mut self, units: Box<[Code]>) -> u32 {
        if let Some(chain) = self.numbers.get(&units) {
            return *chain;
        }
        let chain = u32::try_from(self.units.len()).expect("fewer than four billion chains");
        self.units.push(units.clone());
        self.numbers.insert(units, chain);
        chain
    }

    /// The chain of `agency` by the tree in force at `at`; `edges` are the tree's, sorted.
    pub(super) fn of(
        &mut self,
        agency: Code,
        at: Instant,
        organisation: &Organisation,
        edges: &[Instant],
        version: u64,
    ) -> u32 {
        if self.version != version {
            self.by_unit.clear();
            self.version = version;
        }
        let stretch = u32::try_from(edges.partition_point(|edge| *edge <= at)).unwrap_or(u32::MAX);
        if let Some(chain) = self.by_unit.get(&(agency, stretch)) {
            return *chain;
        }
        let units = organisation.chain(agency, at).into_boxed_slice();
        let chain = self.number(units);
        self.by_unit.insert((agency, stretch), chain);
        chain
    }
}
