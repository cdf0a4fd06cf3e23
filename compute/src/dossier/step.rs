//! What the fold did at each turn, so that a story can be told with the same arithmetic that counts.

use crate::instant::Instant;

/// Where the base due date came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DueSource {
    /// The first acceptance said it.
    Acceptance,
    /// The procedure's duration.
    Duration(crate::procedure::Duration),
    /// The first due date given later.
    GivenLater,
}

/// One turn of a dossier's life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The first acceptance.
    Accepted {
        /// When.
        at: Instant,
    },
    /// The due date came into being.
    BaseDue {
        /// The due date.
        due: Instant,
        /// Where from.
        source: DueSource,
    },
    /// The clock stopped.
    Stopped {
        /// Since when.
        at: Instant,
        /// For the applicant's supplement, else for a financial duty.
        is_supplement: bool,
    },
    /// The clock runs again and the due date moved by the time it stood.
    Moved {
        /// When it ran again.
        at: Instant,
        /// Since when it had stood.
        since: Instant,
        /// The due date after the move; `None` if none is known.
        due: Option<Instant>,
    },
    /// Another due date was given.
    DueGiven {
        /// By the event of this time.
        at: Instant,
        /// The due date given.
        due: Instant,
        /// Whether it replaced the one in force; without effect after the due date had passed, or after the end.
        is_effective: bool,
    },
    /// A segment ended.
    Ended {
        /// When.
        at: Instant,
        /// The instant compared with the due date: the start of a stop that still stood, else the end.
        compared: Instant,
        /// The due date in force.
        due: Option<Instant>,
        /// Whether that made it late.
        is_late: bool,
    },
    /// It was reopened and a new segment began.
    Reopened {
        /// When.
        at: Instant,
    },
    /// An event that is impossible for this dossier, applied by the rules all the same.
    Anomaly {
        /// Of the event.
        at: Instant,
        /// What is wrong, for people.
        what: &'static str,
    },
}
