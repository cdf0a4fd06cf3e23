//! What came in from each source, counted where it came in.
//!
//! It is kept in the log with the events, in the same transaction. The engine counts by itself what it consumed; both
//! must agree for every source (consumed = applied + duplicate + superseded + set aside), or the engine stops.

use std::collections::BTreeMap;

use compute::instant::Instant;
use serde::{Deserialize, Serialize};

use super::consumed::Consumed;

/// What came from one source.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Came {
    /// Events that were understood.
    pub accepted: u64,
    /// Messages that were not.
    pub set_aside: u64,
}

impl Came {
    fn add(&mut self, other: Came) {
        self.accepted += other.accepted;
        self.set_aside += other.set_aside;
    }

    fn less(self, earlier: Came) -> Came {
        Came {
            accepted: self.accepted.saturating_sub(earlier.accepted),
            set_aside: self.set_aside.saturating_sub(earlier.set_aside),
        }
    }
}

/// Sources counted by their names.
pub const SOURCES_MAX: usize = 4096;
/// Bytes of names held.
pub const NAMES_BYTES_MAX: usize = 256 << 10;

/// What came in, by the sender's `source`; by the empty text where none could be read.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Ledger {
    sources: BTreeMap<String, Came>,
    /// What came from sources beyond those that are named.
    #[serde(default)]
    others: Came,
    /// Bits of the instant at which something last arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_arrived: Option<i64>,
    /// How far topics have been taken; apart, since most requests know of none.
    #[serde(default, skip_serializing_if = "Consumed::is_empty")]
    pub consumed: Box<Consumed>,
}

impl Ledger {
    /// Reads the bytes [`Ledger::to_bytes`] gave; none is an empty ledger.
    ///
    /// # Errors
    /// When they are something else.
    pub fn read(bytes: &[u8]) -> Result<Ledger, serde_json::Error> {
        if bytes.is_empty() { Ok(Ledger::default()) } else { serde_json::from_slice(bytes) }
    }

    /// The ledger as the log keeps it.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What came from `source`, to be counted on.
    pub fn of(&mut self, source: &str) -> &mut Came {
        if self.sources.contains_key(source) {
            // A name is made only for a new one: this is done for every event.
            return self.sources.get_mut(source).expect("a source that is known");
        }
        self.sources.entry(source.to_owned()).or_default()
    }

    /// Adds another ledger's counts. Nobody can make it grow without end: beyond [`SOURCES_MAX`] names or
    /// [`NAMES_BYTES_MAX`] bytes of them, new sources are counted together.
    pub fn add(&mut self, other: &Ledger) {
        for (source, came) in &other.sources {
            let known =
                if self.knows(source) || self.has_room(source) { self.of(source) } else { &mut self.others };
            known.add(*came);
        }
        self.others.add(other.others);
        self.consumed.add(&other.consumed);
    }

    /// Whether `source` is counted by its name.
    pub fn knows(&self, source: &str) -> bool {
        self.sources.contains_key(source)
    }

    fn has_room(&self, source: &str) -> bool {
        let held: usize = self.sources.keys().map(String::len).sum();
        self.sources.len() < SOURCES_MAX && held + source.len() <= NAMES_BYTES_MAX
    }

    /// What came from sources that are not counted by their names.
    pub fn others(&self) -> Came {
        self.others
    }

    /// What came in since `earlier`, a former state of this ledger.
    #[must_use]
    pub fn since(&self, earlier: &Ledger) -> Ledger {
        let mut since = Ledger { last_arrived: self.last_arrived, ..Ledger::default() };
        for (source, came) in &self.sources {
            let before = earlier.sources.get(source).copied().unwrap_or_default();
            *since.of(source) = came.less(before);
        }
        since.others = self.others.less(earlier.others);
        since.consumed = Box::new(self.consumed.since(&earlier.consumed));
        since
    }

    /// Something arrived at the instant with these bits.
    pub fn note_arrival(&mut self, bits: i64) {
        self.last_arrived = self.last_arrived.max(Some(bits));
    }

    /// When something last arrived.
    pub fn last_arrived(&self) -> Option<Instant> {
        self.last_arrived.map(Instant::from_bits)
    }

    /// Messages set aside, of all sources.
    pub fn set_aside(&self) -> u64 {
        self.sources.values().map(|came| came.set_aside).sum::<u64>() + self.others.set_aside
    }

    /// All sources, sorted.
    pub fn sources(&self) -> impl Iterator<Item = (&str, Came)> {
        self.sources.iter().map(|(source, came)| (source.as_str(), *came))
    }
}
