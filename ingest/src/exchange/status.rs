//! `TrangThaiHoSo` and `TrangThai`: the ten states of the national exchange, and which of them step back.

use compute::event::EventType;
use serde_json::{Value, json};

use super::event::{Place, Telling};
use super::fields::Row;
use crate::rejection::Rejection;
use compute::instant::Instant;

/// Where a dossier stands, by the national number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Status {
    /// 1
    Filed,
    /// 2
    Accepted,
    /// 3
    Refused,
    /// 4
    Processing,
    /// 5
    SupplementRequested,
    /// 6
    FeeDue,
    /// 7
    Withdrawn,
    /// 8
    Stopped,
    /// 9
    Processed,
    /// 10
    Returned,
}

impl Status {
    /// All of them; the national number is the place, from 1.
    pub const ALL: [Status; 10] = [
        Status::Filed,
        Status::Accepted,
        Status::Refused,
        Status::Processing,
        Status::SupplementRequested,
        Status::FeeDue,
        Status::Withdrawn,
        Status::Stopped,
        Status::Processed,
        Status::Returned,
    ];

    /// The status in the member called `name`.
    pub(super) fn read(row: &Row, name: &'static str) -> Result<Option<Status>, Rejection> {
        let number = row.number(name, (1, 10))?;
        Ok(number.and_then(|number| Status::ALL.get(usize::try_from(number).ok()? - 1).copied()))
    }

    /// Whether the dossier has ended.
    pub fn is_end(self) -> bool {
        match self {
            Status::Refused | Status::Withdrawn | Status::Stopped | Status::Processed | Status::Returned => {
                true
            }
            Status::Filed
            | Status::Accepted
            | Status::Processing
            | Status::SupplementRequested
            | Status::FeeDue => false,
        }
    }

    /// Whether `self` after `earlier` is a step back.
    pub fn is_before(self, earlier: Status) -> bool {
        let rank = |status: Status| match status {
            Status::Filed => 0,
            Status::Accepted => 1,
            Status::Processing | Status::SupplementRequested | Status::FeeDue => 2,
            Status::Refused | Status::Withdrawn | Status::Stopped | Status::Processed => 3,
            Status::Returned => 4,
        };
        rank(self) < rank(earlier)
    }

    /// The happening at `at`, for a status that needs nothing but a time. Processing means that whatever the dossier
    /// waited for has come.
    pub(super) fn tell(self, at: Instant, telling: &mut Telling<'_>) {
        let duty = || json!({ "reason": "financial_duty" });
        let reason = || json!({ "reason": "" });
        match self {
            Status::Filed | Status::Accepted => {}
            Status::Refused => telling.tell(EventType::Refused, Place::Refused, at, json!({})),
            Status::Processing => {
                telling.tell(EventType::SupplementReceived, Place::SupplementReceived, at, json!({}));
                telling.tell(EventType::Resumed, Place::Resumed, at, duty());
            }
            Status::SupplementRequested => {
                telling.tell(EventType::SupplementRequested, Place::SupplementRequested, at, json!({}));
            }
            Status::FeeDue => telling.tell(EventType::Paused, Place::Paused, at, duty()),
            Status::Withdrawn => telling.tell(EventType::Withdrawn, Place::Withdrawn, at, json!({})),
            Status::Stopped => telling.tell(EventType::Stopped, Place::Stopped, at, reason()),
            Status::Processed => {
                telling.tell_once(EventType::Processed, Place::Processed, at, outcome("granted"));
            }
            Status::Returned => telling.tell(EventType::Returned, Place::Returned, at, json!({})),
        }
    }
}

/// Data of `dossier.processed`. A digital result is an event of its own, for it may come later.
pub(super) fn outcome(word: &str) -> Value {
    json!({ "outcome": word, "result_digital": false })
}
