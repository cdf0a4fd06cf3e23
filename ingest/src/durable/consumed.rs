//! How far each partition of each topic has been taken into the log, and what was missing on the way.
//!
//! It is part of the ledger, hence written in one transaction with the events it speaks of: whatever a broker
//! believes, the next message wanted is known from the log alone. Not here: how messages are fetched (`kafka`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The next offset wanted, by topic and partition.
pub type Positions = BTreeMap<String, BTreeMap<i32, i64>>;

/// Gaps told one by one; beyond them they are only counted.
pub const GAPS_MAX: usize = 1000;

/// Why messages are missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// The broker no longer had them when they were wanted: retention, or deleted records.
    Expired,
    /// The broker's partition ended before what had been taken already: the topic was made anew, or lost its end.
    Truncated,
}

/// Messages that never came, or of which nobody can say that they came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Gap {
    /// The topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The first offset missing.
    pub from: i64,
    /// The offset behind the last one missing.
    pub to: i64,
    /// Why.
    pub kind: GapKind,
    /// When it was noticed.
    pub noticed: String,
}

/// What was taken from brokers.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Consumed {
    /// The next offset wanted.
    #[serde(default)]
    pub positions: Positions,
    /// What is missing, oldest first.
    #[serde(default)]
    pub incomplete: Vec<Gap>,
    /// Gaps beyond [`GAPS_MAX`].
    #[serde(default)]
    pub incomplete_more: u64,
}

impl Consumed {
    /// Nothing was ever taken from a broker.
    pub fn is_empty(&self) -> bool {
        *self == Consumed::default()
    }

    /// The next offset wanted of a partition; `None` if it was never seen.
    pub fn position(&self, topic: &str, partition: i32) -> Option<i64> {
        self.positions.get(topic)?.get(&partition).copied()
    }

    /// The next offset wanted of a partition is `next`.
    pub fn set_position(&mut self, topic: &str, partition: i32, next: i64) {
        if !self.positions.contains_key(topic) {
            self.positions.insert(topic.to_owned(), BTreeMap::new());
        }
        if let Some(partitions) = self.positions.get_mut(topic) {
            partitions.insert(partition, next);
        }
    }

    /// Whether a batch that takes up where `begins` says goes on exactly where this ends.
    pub fn is_followed_by(&self, begins: &[Begin]) -> bool {
        begins.iter().all(|begin| self.position(&begin.topic, begin.partition) == begin.at)
    }

    /// Takes over the positions and gaps of a batch that follows.
    pub fn add(&mut self, batch: &Consumed) {
        for (topic, partitions) in &batch.positions {
            for (partition, next) in partitions {
                self.set_position(topic, *partition, *next);
            }
        }
        for gap in &batch.incomplete {
            if self.incomplete.len() < GAPS_MAX {
                self.incomplete.push(gap.clone());
            } else {
                self.incomplete_more += 1;
            }
        }
        self.incomplete_more += batch.incomplete_more;
    }

    /// What came since `earlier`, a former state.
    #[must_use]
    pub fn since(&self, earlier: &Consumed) -> Consumed {
        Consumed {
            positions: self.positions.clone(),
            incomplete: self.incomplete.get(earlier.incomplete.len()..).unwrap_or_default().to_vec(),
            incomplete_more: self.incomplete_more.saturating_sub(earlier.incomplete_more),
        }
    }

    /// How many gaps there are.
    pub fn gaps(&self) -> u64 {
        self.incomplete.len() as u64 + self.incomplete_more
    }
}

/// Where a batch takes up a partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Begin {
    /// The topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The position it was fetched from; `None` for a partition never seen before.
    pub at: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(at: Option<i64>) -> [Begin; 1] {
        [Begin { topic: "dossiers".to_owned(), partition: 3, at }]
    }

    #[test]
    fn a_batch_follows_only_where_the_log_ends() {
        let mut consumed = Consumed::default();
        assert!(consumed.is_followed_by(&begin(None)) && !consumed.is_followed_by(&begin(Some(0))));
        consumed.set_position("dossiers", 3, 7);
        assert!(consumed.is_followed_by(&begin(Some(7))));
        for other in [None, Some(6), Some(8)] {
            assert!(!consumed.is_followed_by(&begin(other)), "{other:?}");
        }
    }

    #[test]
    fn gaps_are_kept_up_to_a_bound_and_counted_beyond() {
        let gap = Gap {
            topic: "dossiers".to_owned(),
            partition: 3,
            from: 0,
            to: 5,
            kind: GapKind::Expired,
            noticed: String::new(),
        };
        let one = Consumed { incomplete: vec![gap], ..Consumed::default() };
        let mut consumed = Consumed::default();
        for _ in 0..GAPS_MAX {
            consumed.add(&one);
        }
        let before = consumed.clone();
        consumed.add(&one);
        assert_eq!((consumed.gaps(), consumed.incomplete.len()), (GAPS_MAX as u64 + 1, GAPS_MAX));
        assert_eq!(consumed.since(&before).gaps(), 1);
        let text = serde_json::to_vec(&consumed).expect("it is JSON");
        assert_eq!(serde_json::from_slice::<Consumed>(&text).expect("it can be read"), consumed);
    }
}
