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

/// How the topic of figures stands.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct FiguresStatus {
    /// The topic.
    pub topic: String,
    /// Whether it is known what the topic holds.
    pub is_read_back: bool,
    /// The snapshot last compared with it.
    pub version: u64,
    /// Rows the broker took.
    pub published: u64,
    /// Rows taken away.
    pub removed: u64,
    /// Rows not taken after all tries; they are sent again.
    pub failed: u64,
    /// Messages that the broker has not answered.
    pub under_way: u64,
    /// Tables (a period under a set) of which not every row was sent.
    pub tables_behind: u64,
    /// What went wrong last, and is not over.
    pub trouble: Option<String>,
}

impl FiguresStatus {
    /// Whether the topic holds every row of the snapshot last looked at.
    pub fn is_settled(&self) -> bool {
        self.is_read_back && self.under_way == 0 && self.tables_behind == 0
    }
}

/// The same, written by who publishes and read by others.
#[derive(Clone, Debug)]
pub struct SharedFiguresStatus(Arc<Mutex<FiguresStatus>>);

impl SharedFiguresStatus {
    /// Of a topic nothing is known of yet.
    pub fn new(topic: &str) -> SharedFiguresStatus {
        let status = FiguresStatus { topic: topic.to_owned(), ..FiguresStatus::default() };
        SharedFiguresStatus(Arc::new(Mutex::new(status)))
    }

    /// How it stands now.
    pub fn read(&self) -> FiguresStatus {
        self.write().clone()
    }

    pub(super) fn write(&self) -> MutexGuard<'_, FiguresStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The snapshot of this version was compared with the topic.
    pub fn looked_at(&self, version: u64) {
        self.write().version = version;
    }

    /// Something went wrong.
    pub fn note(&self, trouble: String) {
        self.write().trouble = Some(trouble);
    }
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
