//! Events on their way into an engine, parted by shard where they are decoded, beside the engine's thread.
//!
//! Not here: taking them (`mod`), which shard has which subject for good (`shard`).

use super::shard_of;
use crate::codes::LocalCodes;
use crate::event::record::subject_hash;
use crate::event::{Batch, Draft};

/// Events on their way in, already parted by shard.
#[derive(Debug)]
pub struct Routed {
    pub(super) batches: Vec<Batch>,
}

impl Routed {
    /// For an engine of so many shards.
    pub fn new(shards: usize) -> Routed {
        Routed { batches: (0..shards.max(1)).map(|_| Batch::default()).collect() }
    }

    /// Packs one event for the shard its subject belongs to.
    pub fn push(&mut self, draft: &Draft<'_>, codes: &mut LocalCodes) {
        let hash = subject_hash(&draft.subject);
        let shard = shard_of(hash, self.batches.len());
        self.batches[shard].push(draft, hash, codes);
    }

    /// How many events.
    pub fn len(&self) -> usize {
        self.batches.iter().map(Batch::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.batches.iter_mut().for_each(Batch::clear);
    }
}
