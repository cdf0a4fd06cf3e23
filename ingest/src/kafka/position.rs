//! Where a partition is taken up: facts in, a decision out.
//!
//! Not here: asking the broker, or marking what is missing.

use crate::durable::GapKind;

/// What the broker still has of a partition: the first offset, and the one behind the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kept {
    pub(super) low: i64,
    pub(super) high: i64,
}

/// Where to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Start {
    /// A partition never seen: from the first message it has.
    Earliest,
    /// Where the log ends.
    At(i64),
    /// Messages are missing, from the first offset to the one behind the last; go on at `at`.
    Gap { from: i64, to: i64, at: i64, kind: GapKind },
}

/// Decides where to go on.
pub(super) fn start(position: Option<i64>, kept: Kept) -> Start {
    match position {
        None => Start::Earliest,
        Some(position) if position < kept.low => {
            Start::Gap { from: position, to: kept.low, at: kept.low, kind: GapKind::Expired }
        }
        // The partition is another one, or lost its end: everything it has is read (again), and identity absorbs what
        // is known. What stood before the position in the former one and never came cannot be known.
        Some(position) if position > kept.high => {
            Start::Gap { from: kept.high, to: position, at: kept.low, kind: GapKind::Truncated }
        }
        Some(position) => Start::At(position),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_kept_while_the_broker_has_it() {
        let kept = Kept { low: 5, high: 9 };
        assert_eq!(start(None, kept), Start::Earliest);
        for position in 5..=9 {
            assert_eq!(start(Some(position), kept), Start::At(position));
        }
    }

    #[test]
    fn what_is_gone_is_a_gap_and_never_a_jump() {
        let kept = Kept { low: 5, high: 9 };
        let expired = Start::Gap { from: 4, to: 5, at: 5, kind: GapKind::Expired };
        assert_eq!(start(Some(4), kept), expired);
        let truncated = Start::Gap { from: 9, to: 10, at: 5, kind: GapKind::Truncated };
        assert_eq!(start(Some(10), kept), truncated);
    }
}
