//! The event vocabulary: what may enter, how it is held, and when two copies are one.
//!
//! `contract` is the table of types and fields, `record` the packed form a subject keeps, `canonical` the
//! order in which copies of one event compete. Not here: wire JSON (`ingest::decode`), meaning (`dossier`, …).

pub mod canonical;
pub mod contract;
pub mod record;

pub use contract::{EventType, Family, FieldId, FieldKind};
pub use record::{Batch, Draft, Entry, Given, Record, Value};
