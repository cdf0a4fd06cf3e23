//! How the source stands, as it is told to people and metrics.
//!
//! Not here: what is kept in the log (`durable::consumed`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One partition that this process reads.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PartitionStatus {
    /// The next offset the log wants; `None` before the first message is kept.
    pub position: Option<i64>,
    /// The offset behind the last message the broker has; `None` until it said so.
    pub end: Option<i64>,
    /// Whether fetching is held back.
    pub is_paused: bool,
}

impl PartitionStatus {
    /// Messages that wait at the broker.
    pub fn lag(&self) -> Option<u64> {
        let waiting = self.end?.saturating_sub(self.position.unwrap_or(0));
        Some(u64::try_from(waiting).unwrap_or(0))
    }
}

/// What became of dead letters.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct DeadLetterCounts {
    /// Taken by the broker.
    pub produced: u64,
    /// Not taken after all tries; the list of the data folder has them.
    pub failed: u64,
}

/// How the source stands.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Status {
    /// The group.
    pub group: String,
    /// Whether a broker answers.
    pub is_connected: bool,
    /// By topic and partition.
    pub partitions: BTreeMap<(String, i32), PartitionStatus>,
    /// Times that partitions came or went.
    pub rebalances: u64,
    /// Batches that the log refused.
    pub refused: u64,
    /// Messages that had been taken before.
    pub repeated: u64,
    /// What became of dead letters.
    pub dead_letters: DeadLetterCounts,
    /// What went wrong last, and is not over.
    pub trouble: Option<String>,
}

/// A status that the source writes and others read.
#[derive(Clone, Default, Debug)]
pub struct SharedStatus(Arc<Mutex<Status>>);

impl SharedStatus {
    /// How the source stands now.
    pub fn read(&self) -> Status {
        self.write().clone()
    }

    pub(super) fn write(&self) -> MutexGuard<'_, Status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something went wrong.
    pub(super) fn note(&self, trouble: String) {
        self.write().trouble = Some(trouble);
    }
}
