//! The server: an engine on its own thread, and HTTP around the snapshots it publishes.
//!
//! `live` owns the engine, `board` turns snapshots into shared rankings, `routes` answers, `problem` is the one
//! place that knows status codes, `demo` streams a made-up province in. State lives in memory.

mod board;
pub(crate) mod demo;
pub(crate) mod live;
mod pages;
mod problem;
mod routes;
mod stream;

use std::sync::Arc;

use compute::codes::CodeBook;

use crate::telemetry::Telemetry;
use board::Board;
use live::Live;

pub(crate) use routes::router;

/// What every request can reach.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) live: Live,
    pub(crate) board: Arc<Board>,
    pub(crate) codes: Arc<CodeBook>,
    pub(crate) telemetry: Telemetry,
}
