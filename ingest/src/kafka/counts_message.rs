//! What messages of the topic of counts say: the counts of one place in one period, and how far a share has come.
//!
//! Everything is named by texts, since codes differ from process to process; keys are JSON arrays, so that no letter of
//! a code can be mistaken. Not here: sending (`counts_topic`), reading (`counts_reader`), adding (`compute`).

use compute::engine::Tally;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::durable::consumed::Positions;

/// The second word of the key of a [`ShareState`].
const STATE: &str = "state";
/// The second word of the key of a message with identities.
const IDENTITIES: &str = "identities";
const UNIT: &str = "unit";
const OFFICER: &str = "officer";
const PROCEDURE: &str = "procedure";

/// A place that has counts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CountPlace {
    /// A unit's code.
    Unit(String),
    /// An officer's code.
    Officer(String),
    /// A procedure's code within a unit's.
    Procedure {
        /// The unit.
        unit: String,
        /// The procedure.
        procedure: String,
    },
}

/// What a message with counts is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CountKey {
    /// The period, as `2026-03`.
    pub period: String,
    /// The place.
    pub place: CountPlace,
}

impl CountKey {
    /// The key of the message, as `[3,"2026-03","unit","H44.13"]`.
    pub fn text(&self, share: i32) -> String {
        let period = self.period.as_str();
        let key = match &self.place {
            CountPlace::Unit(code) => serde_json::json!([share, period, UNIT, code]),
            CountPlace::Officer(code) => serde_json::json!([share, period, OFFICER, code]),
            CountPlace::Procedure { unit, procedure } => {
                serde_json::json!([share, period, PROCEDURE, unit, procedure])
            }
        };
        key.to_string()
    }
}

/// What a key says: its share, and the counts it is about, or that it is a share's state, or which of its messages with
/// identities.
pub(super) enum Key {
    Counts(i32, CountKey),
    State(i32),
    Identities(i32, u64),
}

/// Reads a key; `None` for one that is not ours.
pub(super) fn read_key(key: &[u8]) -> Option<Key> {
    let words: Vec<Value> = serde_json::from_slice(key).ok()?;
    let share = i32::try_from(words.first()?.as_i64()?).ok()?;
    let texts: Option<Vec<&str>> = words[1..].iter().map(Value::as_str).collect();
    let (period, place) = match texts?.as_slice() {
        [STATE] => return Some(Key::State(share)),
        [IDENTITIES, number] => return Some(Key::Identities(share, number.parse().ok()?)),
        [period, UNIT, code] => (*period, CountPlace::Unit((*code).to_owned())),
        [period, OFFICER, code] => (*period, CountPlace::Officer((*code).to_owned())),
        [period, PROCEDURE, unit, procedure] => {
            let (unit, procedure) = ((*unit).to_owned(), (*procedure).to_owned());
            (*period, CountPlace::Procedure { unit, procedure })
        }
        _ => return None,
    };
    Some(Key::Counts(share, CountKey { period: period.to_owned(), place }))
}

/// The key of a share's message with identities, as `[3,"identities","12"]`.
pub(super) fn identities_key(share: i32, number: u64) -> String {
    serde_json::json!([share, IDENTITIES, number.to_string()]).to_string()
}

/// Counts by condition.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Counts {
    /// What they depend on beside the events: conditions, calendar, program.
    pub fingerprint: String,
    /// By condition; of a procedure, by the conditions procedures ask for.
    pub counts: Vec<u32>,
}

/// How far a share has come: written in one transaction with the counts it speaks of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShareState {
    /// Partitions of the topic of dossiers when the share began; subjects stay in theirs only while these do not change.
    pub shares: usize,
    /// Who published it.
    pub owner: String,
    /// Where its owner is asked for lists, as `http://10.0.0.3:7660`; empty: nowhere.
    #[serde(default)]
    pub address: String,
    /// What its counts depend on beside the events.
    pub fingerprint: String,
    /// The year from which it has periods.
    pub from_year: i32,
    /// The instant its counts are as of.
    pub as_of: String,
    /// The next offset wanted of each partition read.
    pub positions: Positions,
    /// Events of its partition handed in.
    pub consumed: u64,
    /// Of them, stored as events of their own.
    pub applied: u64,
    /// Of them, the same as what was stored.
    pub duplicate: u64,
    /// Of them, lost against another copy.
    pub superseded: u64,
    /// Messages of its partition that were not understood.
    pub set_aside: u64,
    /// Messages in a topic they do not belong in, which could not be counted rightly.
    pub misplaced: u64,
    /// Stretches of messages the broker no longer had when they were wanted.
    pub gaps: u64,
}

impl ShareState {
    /// The key of its message.
    pub(super) fn key(share: i32) -> String {
        serde_json::json!([share, STATE]).to_string()
    }

    /// What became of the events of its partition.
    pub fn tally(&self) -> Tally {
        let ShareState { consumed, applied, duplicate, superseded, .. } = *self;
        Tally { consumed, applied, duplicate, superseded }
    }

    /// Whether its counts hold every message there was.
    pub fn is_complete(&self) -> bool {
        self.gaps == 0 && self.misplaced == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_whatever_stands_in_its_codes() {
        let odd = "a|\"],[\\".to_owned();
        let places = [
            CountPlace::Unit(odd.clone()),
            CountPlace::Officer(odd.clone()),
            CountPlace::Procedure { unit: odd.clone(), procedure: "state".to_owned() },
        ];
        for place in places {
            let key = CountKey { period: "2026-03".to_owned(), place };
            match read_key(key.text(7).as_bytes()) {
                Some(Key::Counts(7, read)) => assert_eq!(read, key),
                _ => panic!("{key:?} is not read back"),
            }
        }
        assert!(matches!(read_key(ShareState::key(7).as_bytes()), Some(Key::State(7))));
        assert!(matches!(read_key(identities_key(7, 12).as_bytes()), Some(Key::Identities(7, 12))));
        for not in ["", "[]", "[1]", "[1,2]", "{}", "[\"1\",\"state\"]", "[1,\"2026\",\"province\",\"H\"]"] {
            assert!(read_key(not.as_bytes()).is_none(), "{not}");
        }
    }
}
