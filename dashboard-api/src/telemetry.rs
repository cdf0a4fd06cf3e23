//! Metrics: names are constants here, counted where things happen, read at `/metrics`. Never officers in labels.

use prometheus::{Encoder, Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

const EVENTS: &str = "nhip_events_total";
const REJECTED: &str = "nhip_events_rejected_total";
const STEP_SECONDS: &str = "nhip_step_seconds";
const VERSION: &str = "nhip_snapshot_version";
const APPEND_SECONDS: &str = "nhip_log_append_seconds";
const LOG_BYTES: &str = "nhip_log_bytes";
const LOG_TROUBLE: &str = "nhip_log_trouble";
const VIEWERS: &str = "nhip_stream_viewers";

/// The metrics of one server.
#[derive(Clone, Debug)]
pub(crate) struct Telemetry {
    registry: Registry,
    /// By outcome: applied, duplicate, superseded.
    pub(crate) events: IntCounterVec,
    /// By reason.
    pub(crate) rejected: IntCounterVec,
    /// Taking a batch and counting it.
    pub(crate) step_seconds: Histogram,
    /// Making a group of events durable.
    pub(crate) append_seconds: Histogram,
    /// The log on disk.
    pub(crate) log_bytes: IntGauge,
    /// 1 while nothing can be kept.
    pub(crate) log_trouble: IntGauge,
    /// Of the snapshot readers see.
    pub(crate) version: IntGauge,
    /// Open live streams.
    pub(crate) viewers: IntGauge,
}

impl Telemetry {
    pub(crate) fn new() -> Result<Telemetry, prometheus::Error> {
        let registry = Registry::new();
        let events = IntCounterVec::new(Opts::new(EVENTS, "Events taken, by outcome"), &["outcome"])?;
        let rejected = IntCounterVec::new(Opts::new(REJECTED, "Events set aside, by reason"), &["reason"])?;
        let buckets = vec![0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
        let options =
            HistogramOpts::new(STEP_SECONDS, "One step: events taken, time moved, figures published");
        let step_seconds = Histogram::with_opts(options.buckets(buckets.clone()))?;
        let options = HistogramOpts::new(APPEND_SECONDS, "Making a group of events durable");
        let append_seconds = Histogram::with_opts(options.buckets(buckets))?;
        let log_bytes = IntGauge::new(LOG_BYTES, "Bytes of the log on disk")?;
        let log_trouble = IntGauge::new(LOG_TROUBLE, "1 while the log cannot be written")?;
        let version = IntGauge::new(VERSION, "Version of the published snapshot")?;
        let viewers = IntGauge::new(VIEWERS, "Open live streams")?;
        registry.register(Box::new(events.clone()))?;
        registry.register(Box::new(rejected.clone()))?;
        registry.register(Box::new(step_seconds.clone()))?;
        registry.register(Box::new(append_seconds.clone()))?;
        registry.register(Box::new(log_bytes.clone()))?;
        registry.register(Box::new(log_trouble.clone()))?;
        registry.register(Box::new(version.clone()))?;
        registry.register(Box::new(viewers.clone()))?;
        Ok(Telemetry {
            registry,
            events,
            rejected,
            step_seconds,
            append_seconds,
            log_bytes,
            log_trouble,
            version,
            viewers,
        })
    }

    /// The text exposition.
    pub(crate) fn text(&self) -> String {
        let mut bytes = Vec::new();
        // Encoding into memory fails only on metrics without a name, which there are none of.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut bytes);
        String::from_utf8(bytes).unwrap_or_default()
    }
}
