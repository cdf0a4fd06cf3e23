//! A data folder under everything that goes wrong: killed processes, flipped bits, a full disk, too much at once.
//!
//! The real program serves, and after each blow it must show what one batch over the acknowledged events shows, to the
//! last figure of closed periods. Chance comes from seeds; `NHIP_KILLS=200` kills longer, `NHIP_SEED` chooses another
//! story. Not here: a crash at every single write (the crate `store` does that on a simulated disk).

#![allow(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod bounds;
mod damage;
mod full_disk;
mod kills;
mod load;
mod rejects;
mod rest;
mod serving;
mod truth;
