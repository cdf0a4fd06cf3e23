//! The core of Nhịp: dossier events in, the Decision 766 index out.
//!
//! An [`engine::Engine`] takes packed events ([`event::Batch`]), is told what time it is, and keeps every count
//! of every period as the difference between what a subject counted as before and counts as now. A
//! [`engine::Snapshot`] is what readers see; [`figures`] turns its counts into ratios, points and ranks when they
//! are read. Batch and live are one path: a batch is one big step.
//!
//! The core has no clock, no files, no environment, no network: they are arguments. It depends on no sibling.

pub mod calendar;
pub mod change;
pub mod codes;
pub mod dossier;
pub mod engine;
pub mod event;
pub mod explain;
pub mod facts;
pub mod figures;
pub mod forecast;
pub mod instant;
pub mod organisation;
pub mod period;
pub mod petition;
pub mod procedure;
pub mod reconciliation;
pub mod result;
pub mod set;

/// Something that cannot be kept going: the engine stops rather than lie.
#[derive(Debug, thiserror::Error)]
pub enum ComputeError {
    /// A checked condition failed on real facts.
    #[error(transparent)]
    Condition(#[from] set::condition::ConditionError),
    /// A subject at rest cannot be had.
    #[error("subjects at rest cannot be read ({0}); restore the data folder from a backup")]
    AtRest(String),
}
