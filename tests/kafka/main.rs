//! Topics consumed by the real program from a real Apache Kafka, under everything that goes wrong between them.
//!
//! Whatever happens, closed periods must show what one batch over the same events shows. The broker is started here,
//! on loopback, from the artifacts in `NHIP_BROKER_HOME`; `tests/kafka/run.sh` fetches them. Not here: decoding of
//! single messages (`ingest::kafka`), a log that loses power (crate `store`).

#![allow(clippy::unwrap_used, reason = "a test stops where it is wrong")]

#[path = "../durability/load.rs"]
#[allow(dead_code, reason = "what senders over HTTP need is used by another target")]
mod load;
#[path = "../durability/truth.rs"]
#[allow(dead_code, reason = "the rest is used by another target")]
mod truth;

mod alerts;
mod broker;
mod crashes;
mod deploy;
mod encoding;
mod exchange;
mod figures;
mod independent;
mod lists;
mod measures;
mod missing;
mod poison;
mod rebalances;
mod round_trip;
mod scale;
mod scene;
mod shares;
mod stalls;
