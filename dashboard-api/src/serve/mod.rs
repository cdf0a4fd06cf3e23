//! The server: an engine on its own thread, and HTTP around the snapshots it publishes.
//!
//! `live` is the handle; behind it `worker` owns the engine, `keeper` the log, `saver` writes snapshots of the state,
//! `start` restores them.
//! `board` turns snapshots into shared rankings and figures, `lists` asks for what is behind a count, `why` for what changed, `history` keeps what each day began with, `routes` answers,
//! `pages` shows, `intake` takes events, `exchange` national exchange messages, `health` tells how things stand,
//! `rejects` lists what was set aside, `problem` is the one place that knows status codes, `demo` streams a made-up
//! province in, `kafka` has topics consumed into the index, `figures_out` publishes what changed, both `beside` it.
//! `conditional` tells who has an answer already, `paging` hands long lists on in pages.
//! `access` says who may see and do what, `doorway` takes connections, `alerting` watches for alerts and sends messages.
//! `duties` lists what is owed for late dossiers and takes down what was sent.
//! `editions` closes periods and publishes their results.
//! `reconciling` puts the portal's figures beside ours.
//! `scale` is workers and readers that share one province.

pub(crate) mod access;
mod alerting;
mod answers;
mod beside;
mod board;
mod conditional;
pub(crate) mod demo;
pub(crate) mod doorway;
mod duties;
mod earlier;
mod editions;
mod exchange;
mod figures_out;
mod find;
mod health;
mod history;
mod intake;
mod kafka;
mod keeper;
mod lists;
pub(crate) mod live;
mod pages;
mod paging;
mod problem;
mod problem_reasons;
mod problem_words;
mod query;
mod reconciling;
mod rejects;
mod routes;
mod saver;
mod scale;
mod start;
mod stream;
mod telling;
mod why;
mod worker;

use std::sync::Arc;

use crate::telemetry::Telemetry;
use crate::tiles::Tiles;
use access::Access;
use live::Live;

pub(crate) use alerting::{Alerting, AlertsSetup};
pub(crate) use board::Board;
pub(crate) use editions::{Editions, EditionsSetup, Keeping as EditionsFolder};
pub(crate) use figures_out::Publishing;
pub(crate) use kafka::Consuming;
pub(crate) use reconciling::Reconciling;
pub(crate) use scale::{Reading, Shown, WorkerServer, Working, WorkingSetup, worker_router};

pub(crate) use routes::router;

/// What every request can reach.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) live: Live,
    pub(crate) board: Arc<Board>,
    pub(crate) telemetry: Telemetry,
    /// What is asked of those who come.
    pub(crate) access: Access,
    /// Topics that are consumed, if any are.
    pub(crate) kafka: Option<Consuming>,
    /// Counts of other processes that are added, if this one is a reader.
    pub(crate) reading: Option<Reading>,
    /// Figures that are published, if a topic is named.
    pub(crate) figures: Option<Publishing>,
    /// Alerts, unless this process is part of one province's work.
    pub(crate) alerts: Option<Alerting>,
    /// Editions, where there is a data folder.
    pub(crate) editions: Option<Editions>,
    /// Reconciling with the portal, where there is a log to count.
    pub(crate) reconciling: Option<Reconciling>,
    /// Where agencies lie.
    pub(crate) tiles: Arc<Tiles>,
}
