//! From accepted events to a log that keeps them, and back to an engine after a restart.
//!
//! `accepted` is what one request brought, ready for log and engine; `ledger` counts per source what came in, apart
//! from the engine, so that both can be held against each other; `consumed` is how far topics were taken; `set_aside` is
//! a message that was not understood, less what may be personal; `at_rest` are dossiers outside memory; `recovery` is a
//! restart; `kept_share` is a share's state where any worker finds it. The bytes are kept by the crate `store`. Not here: threads, HTTP.

pub mod accepted;
pub mod at_rest;
pub mod consumed;
pub mod kept_share;
pub mod ledger;
pub mod recovery;
pub mod set_aside;

pub use accepted::Accepted;
pub use at_rest::{RestWriter, RestingPlace};
pub use consumed::{Begin, Consumed, Gap, GapKind};
pub use kept_share::{KeptShare, ShareMark};
pub use ledger::{Came, Ledger};
pub use recovery::{Kept, LeftBehind, Moved, Recovered, RecoveryError, left_behind, recover, replay};
pub use set_aside::SetAsideMessage;
