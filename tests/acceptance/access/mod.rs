//! Who may see and do what, on a real server that asks: each refusal seen, each leak looked for.
//!
//! `scene` is the server and its people, `matrix` every route for every role, `keys` tokens and what they may write,
//! `editions` who sees and does what with one, `people` sessions, `record` who saw what, `privacy` what must be nowhere,
//! `certificates` senders that show one, `duties` who marks a letter as sent, `reconciling` the portal's figures, `deploy` settings and realm, `backups` what of all this outlives a machine.

mod backups;
mod certificates;
mod deploy;
mod duties;
mod editions;
mod keys;
mod matrix;
mod people;
mod privacy;
mod reconciling;
mod record;
mod scene;
