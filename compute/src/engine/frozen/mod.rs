//! A period frozen: every row its figures rest on, lifted out as plain data, and a snapshot made of such rows again.
//!
//! A result that is published must be defensible years later, so what is frozen holds for itself: units, officers,
//! procedures and agencies as they were seen, every dossier and petition with the units it counts for and the mask of
//! conditions that held, and of each delayed dossier how late it was and what would hold were it not late. `lift` takes
//! the rows out of the engine in portions, `rebuild` counts them again by the engine's own frame and cells. Not here:
//! files, signatures, objections (`editions`).

mod lift;
mod rebuild;

pub use lift::{Freezing, Lifted};

use crate::instant::Instant;
use crate::period::Period;
use crate::set::Mask;

/// Why nothing is frozen, or frozen rows cannot be counted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FreezeError {
    /// The period is not among those kept.
    #[error("period {0} is not among those kept; start the server with an earlier --from")]
    Unknown(Period),
    /// The period has not begun.
    #[error("period {0} has not begun yet")]
    NotBegun(Period),
    /// Counts of the period changed between two portions.
    #[error("figures of the period changed while they were lifted out; close it again")]
    Moved,
    /// What is at rest cannot be read.
    #[error("dossiers at rest cannot be read ({0}); restore the data folder from a backup")]
    AtRest(String),
    /// Rows that do not hold together.
    #[error("the frozen rows do not hold together: {0}")]
    Torn(String),
}

/// An agency, or a province whose figures agencies inherit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrozenUnit {
    /// Its code.
    pub code: String,
    /// Its kind, by the contract's word.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its English name.
    pub name_en: Option<String>,
    /// The unit above it.
    pub parent: Option<String>,
    /// The province whose figures it inherits.
    pub province: Option<String>,
    /// What it reported as received, and its share of last year's reports.
    pub reported: (u64, u64),
    /// Whether it has a row of its own.
    pub has_row: bool,
}

/// An officer with a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrozenOfficer {
    /// Their code.
    pub code: String,
    /// Their name; internal.
    pub name: String,
    /// Where they serve.
    pub agency: String,
}

/// A procedure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrozenProcedure {
    /// Its code.
    pub code: String,
    /// What holds where it is not in a unit's authority, and where it is.
    pub masks: [Mask; 2],
    /// Defined and not repealed.
    pub is_in_force: bool,
    /// At commune level.
    pub is_communal: bool,
    /// At province level.
    pub is_provincial: bool,
    /// The owner and every unit above it; empty when it is not defined.
    pub owners: Vec<String>,
}

/// An agency as one of the communes of its units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrozenAgency {
    /// Its code.
    pub code: String,
    /// What holds seen from a unit it is no commune of, and from one it is.
    pub masks: [Mask; 2],
    /// The units whose commune it is.
    pub units: Vec<String>,
}

/// A dossier or petition that counts in the period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrozenSubject {
    /// A petition; else a dossier.
    pub is_petition: bool,
    /// Its code.
    pub code: String,
    /// Place among the chains.
    pub chain: u32,
    /// The responsible officer.
    pub officer: Option<String>,
    /// The procedure.
    pub procedure: Option<String>,
    /// The conditions that hold.
    pub mask: Mask,
    /// What is known of the delay, of a delayed dossier.
    pub delay: Option<Delay>,
}

/// How late a dossier was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Delay {
    /// The due date in force.
    pub due: Option<Instant>,
    /// When it ended; `None` when it had not.
    pub ended_at: Option<Instant>,
    /// Working seconds between the due date and the end, or the cut; `None` where a calendar does not tell.
    pub over_seconds: Option<u64>,
    /// The conditions that would hold were it not late, all else as it is.
    pub mask_in_time: Mask,
}

/// Everything a period's figures rest on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frozen {
    /// The period.
    pub period: Period,
    /// Facts are as of here.
    pub as_of: Instant,
    /// Sorted by code.
    pub units: Vec<FrozenUnit>,
    /// Sorted by code.
    pub officers: Vec<FrozenOfficer>,
    /// Sorted by code.
    pub procedures: Vec<FrozenProcedure>,
    /// Sorted by code.
    pub agencies: Vec<FrozenAgency>,
    /// The units that subjects count for, nearest first; sorted.
    pub chains: Vec<Vec<String>>,
    /// Dossiers, then petitions, by code.
    pub subjects: Vec<FrozenSubject>,
}
