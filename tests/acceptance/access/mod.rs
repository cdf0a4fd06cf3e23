//! Who may see and do what, on a real server that asks: each refusal seen, each leak looked for.
//!
//! `scene` is the server and its people, `matrix` every route for every role, `keys` tokens and what they may write,
//! `people` sessions, `record` who saw what, `privacy` what must be nowhere, `reconciling` the portal's figures, `deploy` settings and realm.

mod deploy;
mod keys;
mod matrix;
mod people;
mod privacy;
mod reconciling;
mod record;
mod scene;
