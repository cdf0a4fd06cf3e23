//! The dossier (hồ sơ): its standing events folded into one life, and what that life means at a cut.
//!
//! `life` is the fold of index-766.md §2; `clock` holds due date and stops; `flag` the integrity flags of §7;
//! `step` what happened, told event by event for explanations; `apology` what is owed for a due date that was missed. Not here: which period or unit it counts for.

mod apology;
mod clock;
pub mod flag;
mod life;
pub mod step;

pub use apology::{APOLOGY_WORKING_DAYS, Apology, Duties, Duty, Letters};
pub use clock::{Clock, Stop};
pub use flag::{Flag, Flags};
pub use life::{Life, State, Surroundings};
pub use step::Step;
