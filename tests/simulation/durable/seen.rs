//! How often what happened in the worlds of a run. Not here: whether it went well (`world`).

/// How often what happened, so that a world in which nothing happens is noticed.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Seen {
    pub(super) crashes: u64,
    pub(super) kills: u64,
    pub(super) failed_starts: u64,
    pub(super) from_snapshot: u64,
    pub(super) from_log: u64,
    pub(super) replayed: u64,
    pub(super) refused: u64,
    pub(super) handed_on: u64,
    pub(super) snapshots: u64,
    pub(super) rested: u64,
    pub(super) woken: u64,
    pub(super) stopped: u64,
    pub(super) failed_snapshots: u64,
    pub(super) abandoned: u64,
    pub(super) retired: u64,
    pub(super) sealed: u64,
    pub(super) set_aside: u64,
    pub(super) compared: u64,
}

impl Seen {
    /// All of them.
    pub(super) fn counts(&mut self) -> [&mut u64; 18] {
        let Seen {
            crashes,
            kills,
            failed_starts,
            from_snapshot,
            from_log,
            replayed,
            refused,
            handed_on,
            snapshots,
            rested,
            woken,
            stopped,
            failed_snapshots,
            abandoned,
            retired,
            sealed,
            set_aside,
            compared,
        } = self;
        [
            crashes,
            kills,
            failed_starts,
            from_snapshot,
            from_log,
            replayed,
            refused,
            handed_on,
            snapshots,
            rested,
            woken,
            stopped,
            failed_snapshots,
            abandoned,
            retired,
            sealed,
            set_aside,
            compared,
        ]
    }

    /// Adds what another world saw.
    pub(super) fn add(&mut self, mut other: Seen) {
        for (count, more) in self.counts().into_iter().zip(other.counts()) {
            *count += *more;
        }
    }
}
