//! From bytes to checked events: what comes in, what is set aside and why.
//!
//! `decode` turns one CloudEvent into a typed draft or a [`Rejection`], `encode` writes what is kept of it; `files` reads NDJSON, plain or compressed,
//! on several threads; `kafka` consumes topics; `import` translates any CSV event log by a mapping; `exchange` takes
//! national exchange messages; `portal` reads what the portal published; `simulate` makes up a province. Figures
//! are none of this crate's business.

pub mod decode;
pub mod durable;
pub mod encode;
pub mod exchange;
pub mod files;
pub mod import;
pub mod kafka;
pub mod portal;
pub mod rejection;
pub mod simulate;

pub use rejection::{Reason, Rejection};
