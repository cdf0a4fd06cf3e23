//! What the acceptance tests speak with: stories as text, the real program, and a small HTTP client.
//!
//! `story` reads the language, `program` runs `nhip`, `server` keeps one serving, `shared` finds data that lies
//! beside the repository, `taken` reads tables that were taken along, `watch` tells stories of alerts, `readers` are those
//! of what comes from outside. Nothing here knows the rules of the index: expectations are written in the tests.

pub mod program;
pub mod readers;
pub mod server;
pub mod shared;
pub mod story;
pub mod taken;
pub mod watch;
