//! The state as bytes, and back: what a restart starts from.
//!
//! A save is a cut: it shows the engine exactly as it stood when [`Engine::begin_save`] was called, though it is
//! written a little at a time between steps. A subject about to change that is not written yet is written first, as it
//! was. Small tables that only grow are written last, up to the length they had at the cut.
//!
//! A state remembers what it was counted with. If calendar, indicator sets or this program have changed since, or it
//! lacks a period that is wanted now, the events are taken from it and everything is counted anew. Not here: files,
//! checksums, log offsets (`store`), subjects at rest (`rest`).

mod bytes;
mod read;
mod write;

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

pub(super) use bytes::{Source, put_bytes, put_mask, put_number};
pub(super) use write::{Saving, ShardSaving};

use super::{Scope, Setup};

/// Rises when the bytes below, or what is counted and timed from events, change; a state of another format is not read.
pub const STATE_FORMAT: u32 = 3;

/// Why a state cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Written by another release.
    #[error("the state has format {found}, this program reads {STATE_FORMAT}; build it anew from the log")]
    Format {
        /// What the state says.
        found: u32,
    },
    /// It does not hold together.
    #[error("the state cannot be read: {0}")]
    Torn(&'static str),
    /// It has subjects at rest and their archive is not there.
    #[error("{0} of its subjects are at rest and their archive is missing")]
    NoArchive(u64),
    /// Its bytes cannot be had.
    #[error("the state cannot be read: {0}")]
    Input(#[from] std::io::Error),
}

/// What came of restoring.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// Calendar, sets, program and periods are those it was counted with, so that nothing need be counted anew.
    pub is_counted: bool,
    /// Subjects taken, without those at rest.
    pub subjects: usize,
    /// Their events.
    pub events: u64,
    /// What was read of the input beyond the state: the head of whatever stands behind it.
    pub behind: Vec<u8>,
}

impl Setup {
    /// What counts depend on beside the events, as a short text: calendar, conditions, and the program itself. Counts
    /// of setups that differ in it are not added.
    pub fn fingerprint(&self) -> String {
        let conditions = &self.catalogue.conditions;
        let duties = self.catalogue.duties;
        let said = format!("{} {:?} {:?} {duties:?}", env!("CARGO_PKG_VERSION"), conditions, self.calendar);
        format!("{:016x}", FixedState::with_seed(3).hash_one(said.as_bytes()))
    }
}

/// As [`Setup::fingerprint`], and what is counted at all.
fn fingerprint(setup: &Setup) -> u64 {
    let said = u64::from_str_radix(&setup.fingerprint(), 16).unwrap_or_default();
    match setup.scope {
        Scope::All => said,
        Scope::Dossiers => !said,
    }
}
