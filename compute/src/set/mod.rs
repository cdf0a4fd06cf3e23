//! Indicator sets: versioned data that says what counts, and how counts become points.
//!
//! `definition` holds the shapes of the files, `condition` compiles their SQL, `memo`
//! remembers what they gave, `catalogue` loads and checks
//! whole sets (and refuses nonsense at start), `points` is the arithmetic. Nothing here names an indicator.

pub mod catalogue;
pub mod condition;
pub mod definition;
mod example;
pub(crate) mod memo;
pub mod points;

pub use catalogue::{Catalogue, Indicator, IndicatorSet, Management, SetError};
pub use condition::{Conditions, Mask};
