//! Reconciliation with the portal: planted differences are found, classed, and add up to every gap.
//!
//! `faults` makes two sides out of one simulated province; `seeded` compares them over several seeds; `files` is about
//! what is read and refused. Who may see what of it: `access/reconciling.rs`.

mod faults;
mod files;
mod seeded;
