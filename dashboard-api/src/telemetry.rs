//! Metrics: names are constants here, counted where things happen, read at `/metrics`. Never officers in labels.

use std::time::Duration;

use ingest::durable::Consumed;
use ingest::kafka::{DeadLetterCounts, FiguresStatus, Status};
use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

const EVENTS: &str = "nhip_events_total";
const REJECTED: &str = "nhip_events_rejected_total";
const FINDINGS: &str = "nhip_exchange_findings_total";
const STEP_SECONDS: &str = "nhip_step_seconds";
const VERSION: &str = "nhip_snapshot_version";
const APPEND_SECONDS: &str = "nhip_log_append_seconds";
const LOG_BYTES: &str = "nhip_log_bytes";
const LOG_TROUBLE: &str = "nhip_log_trouble";
const HTTP_SECONDS: &str = "nhip_http_request_seconds";
const VIEWERS: &str = "nhip_stream_viewers";
const KAFKA_CONNECTED: &str = "nhip_kafka_connected";
const KAFKA_LAG: &str = "nhip_kafka_lag";
const KAFKA_PAUSED: &str = "nhip_kafka_paused";
const KAFKA_REBALANCES: &str = "nhip_kafka_rebalances_total";
const KAFKA_REFUSED: &str = "nhip_kafka_refused_batches_total";
const KAFKA_DEAD_LETTERS: &str = "nhip_kafka_dead_letters_total";
const KAFKA_INCOMPLETE: &str = "nhip_kafka_incomplete";
const SHARES: &str = "nhip_shares";
const FENCED: &str = "nhip_shares_fenced_total";
const PUBLICATIONS: &str = "nhip_shares_published_total";
const FIGURES: &str = "nhip_figures_published_total";
const FIGURES_BEHIND: &str = "nhip_figures_behind";
const ALERTS_FIRING: &str = "nhip_alerts_firing";
const ALERT_MESSAGES: &str = "nhip_alert_messages_total";
const ALERT_CHANNEL_DEAD: &str = "nhip_alert_channel_dead";
const ALERT_LAG: &str = "nhip_alert_lag_seconds";

/// The metrics of one server.
#[derive(Clone, Debug)]
pub(crate) struct Telemetry {
    registry: Registry,
    /// By outcome: applied, duplicate, superseded.
    pub(crate) events: IntCounterVec,
    /// By reason.
    pub(crate) rejected: IntCounterVec,
    /// What was odd about national exchange messages, by kind.
    pub(crate) findings: IntCounterVec,
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
    /// From a request's head to its answer's, by route and class of status.
    http_seconds: HistogramVec,
    /// Topics that are consumed.
    pub(crate) kafka: KafkaMetrics,
    /// Figures that are published.
    pub(crate) figures: FiguresMetrics,
    /// Shares of workers and readers.
    pub(crate) scale: ScaleMetrics,
    /// Alerts.
    pub(crate) alerts: AlertMetrics,
}

/// The metrics of workers and readers.
#[derive(Clone, Debug)]
pub(crate) struct ScaleMetrics {
    shares: IntGaugeVec,
    fenced: IntCounter,
    published: IntCounter,
}

impl ScaleMetrics {
    fn new(registry: &Registry) -> Result<ScaleMetrics, prometheus::Error> {
        let shares = Opts::new(
            SHARES,
            "Shares: owned, current and incomplete ones of a worker; missing ones, and reasons why figures are incomplete, of a reader",
        );
        let shares = IntGaugeVec::new(shares, &["which"])?;
        let fenced = IntCounter::new(FENCED, "Shares dropped since another process has them")?;
        let published = IntCounter::new(PUBLICATIONS, "Publications of counts")?;
        registry.register(Box::new(shares.clone()))?;
        registry.register(Box::new(fenced.clone()))?;
        registry.register(Box::new(published.clone()))?;
        Ok(ScaleMetrics { shares, fenced, published })
    }

    /// Shares of a worker: owned, current, incomplete.
    pub(crate) fn note_worker(&self, counts: [usize; 3], fenced: u64, published: u64) {
        for (which, count) in ["owned", "current", "incomplete"].into_iter().zip(counts) {
            self.set(which, count);
        }
        catch_up(&self.fenced, fenced);
        catch_up(&self.published, published);
    }

    /// Shares a reader lacks, and reasons why its figures are not whole.
    pub(crate) fn note_reader(&self, missing: usize, reasons: usize) {
        self.set("missing", missing);
        self.set("incomplete", reasons);
    }

    fn set(&self, which: &str, count: usize) {
        self.shares.with_label_values(&[which]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

/// The metrics of alerts.
#[derive(Clone, Debug)]
pub(crate) struct AlertMetrics {
    firing: IntGauge,
    messages: IntCounterVec,
    dead: IntGaugeVec,
    /// From the instant a cause begins to the instant its alert is kept and handed to the channels.
    pub(crate) lag: Histogram,
}

impl AlertMetrics {
    fn new(registry: &Registry) -> Result<AlertMetrics, prometheus::Error> {
        let firing = IntGauge::new(ALERTS_FIRING, "Alerts nobody has taken on")?;
        let messages = Opts::new(ALERT_MESSAGES, "Tries to send messages of alerts, by channel and outcome");
        let messages = IntCounterVec::new(messages, &["channel", "outcome"])?;
        let lag = HistogramOpts::new(
            ALERT_LAG,
            "From a due date that passes to its alert being kept and on its way",
        );
        let lag = Histogram::with_opts(lag.buckets(vec![0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0]))?;
        registry.register(Box::new(firing.clone()))?;
        registry.register(Box::new(messages.clone()))?;
        let dead =
            Opts::new(ALERT_CHANNEL_DEAD, "1 while a channel of alerts has failed several times in a row");
        let dead = IntGaugeVec::new(dead, &["channel"])?;
        registry.register(Box::new(dead.clone()))?;
        registry.register(Box::new(lag.clone()))?;
        Ok(AlertMetrics { firing, messages, dead, lag })
    }

    /// How many fire.
    pub(crate) fn note_firing(&self, firing: u64) {
        self.firing.set(i64::try_from(firing).unwrap_or(i64::MAX));
    }

    /// What became of a try, and whether its channel is dead.
    pub(crate) fn note_message(&self, channel: &str, outcome: &str, is_dead: bool) {
        self.dead.with_label_values(&[channel]).set(i64::from(is_dead));
        self.messages.with_label_values(&[channel, outcome]).inc();
    }
}

/// The metrics of the topic of figures.
#[derive(Clone, Debug)]
pub(crate) struct FiguresMetrics {
    published: IntCounterVec,
    behind: IntGauge,
}

impl FiguresMetrics {
    fn new(registry: &Registry) -> Result<FiguresMetrics, prometheus::Error> {
        let published = Opts::new(FIGURES, "Rows for the topic of figures, by outcome");
        let published = IntCounterVec::new(published, &["outcome"])?;
        let behind = IntGauge::new(FIGURES_BEHIND, "1 while the topic does not hold the figures last shown")?;
        registry.register(Box::new(published.clone()))?;
        registry.register(Box::new(behind.clone()))?;
        Ok(FiguresMetrics { published, behind })
    }

    /// Takes over how the topic stands.
    pub(crate) fn note(&self, status: &FiguresStatus) {
        let counts =
            [("published", status.published), ("removed", status.removed), ("failed", status.failed)];
        for (outcome, count) in counts {
            catch_up(&self.published.with_label_values(&[outcome]), count);
        }
        self.behind.set(i64::from(!status.is_settled()));
    }
}

/// Two readers at once may both see the difference; the second then adds nothing, or a little too much once.
fn catch_up(counter: &IntCounter, count: u64) {
    counter.inc_by(count.saturating_sub(counter.get()));
}

/// The metrics of the source, taken over from its status when they are asked for.
#[derive(Clone, Debug)]
pub(crate) struct KafkaMetrics {
    connected: IntGauge,
    lag: IntGaugeVec,
    paused: IntGauge,
    rebalances: IntCounter,
    refused: IntCounter,
    dead_letters: IntCounterVec,
    incomplete: IntGauge,
}

impl KafkaMetrics {
    fn new() -> Result<KafkaMetrics, prometheus::Error> {
        let lag = Opts::new(KAFKA_LAG, "Messages that wait at the broker");
        let dead_letters =
            Opts::new(KAFKA_DEAD_LETTERS, "Messages for the topic of dead letters, by outcome");
        Ok(KafkaMetrics {
            connected: IntGauge::new(KAFKA_CONNECTED, "1 while a broker answers")?,
            lag: IntGaugeVec::new(lag, &["topic", "partition"])?,
            paused: IntGauge::new(KAFKA_PAUSED, "Partitions held back since the log is busy or refuses")?,
            rebalances: IntCounter::new(KAFKA_REBALANCES, "Times that partitions came or went")?,
            refused: IntCounter::new(KAFKA_REFUSED, "Batches the log refused; they are read again")?,
            dead_letters: IntCounterVec::new(dead_letters, &["outcome"])?,
            incomplete: IntGauge::new(KAFKA_INCOMPLETE, "Gaps: messages gone before they were taken")?,
        })
    }

    fn all(&self) -> [Box<dyn Collector>; 7] {
        [
            Box::new(self.connected.clone()),
            Box::new(self.lag.clone()),
            Box::new(self.paused.clone()),
            Box::new(self.rebalances.clone()),
            Box::new(self.refused.clone()),
            Box::new(self.dead_letters.clone()),
            Box::new(self.incomplete.clone()),
        ]
    }

    /// Takes over what became of dead letters.
    pub(crate) fn note_letters(&self, letters: DeadLetterCounts) {
        catch_up(&self.dead_letters.with_label_values(&["produced"]), letters.produced);
        catch_up(&self.dead_letters.with_label_values(&["failed"]), letters.failed);
    }

    /// Takes over how the source stands.
    pub(crate) fn note(&self, status: &Status, consumed: &Consumed) {
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.connected.set(i64::from(status.is_connected));
        self.lag.reset();
        for ((topic, partition), one) in &status.partitions {
            if let Some(lag) = one.lag() {
                self.lag.with_label_values(&[topic.as_str(), &partition.to_string()]).set(whole(lag));
            }
        }
        self.paused.set(whole(status.partitions.values().filter(|one| one.is_paused).count() as u64));
        catch_up(&self.rebalances, status.rebalances);
        catch_up(&self.refused, status.refused);
        self.note_letters(status.dead_letters);
        self.incomplete.set(whole(consumed.gaps()));
    }
}

impl Telemetry {
    pub(crate) fn new() -> Result<Telemetry, prometheus::Error> {
        let registry = Registry::new();
        let events = IntCounterVec::new(Opts::new(EVENTS, "Events taken, by outcome"), &["outcome"])?;
        let rejected = IntCounterVec::new(Opts::new(REJECTED, "Events set aside, by reason"), &["reason"])?;
        let findings = Opts::new(FINDINGS, "Odd things about national exchange messages taken, by kind");
        let findings = IntCounterVec::new(findings, &["finding"])?;
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
        registry.register(Box::new(findings.clone()))?;
        registry.register(Box::new(step_seconds.clone()))?;
        registry.register(Box::new(append_seconds.clone()))?;
        registry.register(Box::new(log_bytes.clone()))?;
        registry.register(Box::new(log_trouble.clone()))?;
        registry.register(Box::new(version.clone()))?;
        registry.register(Box::new(viewers.clone()))?;
        let buckets = vec![0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
        let options = HistogramOpts::new(HTTP_SECONDS, "From a request's head to its answer's, by route");
        let http_seconds = HistogramVec::new(options.buckets(buckets), &["route", "status"])?;
        registry.register(Box::new(http_seconds.clone()))?;
        let kafka = KafkaMetrics::new()?;
        for metric in kafka.all() {
            registry.register(metric)?;
        }
        let figures = FiguresMetrics::new(&registry)?;
        let scale = ScaleMetrics::new(&registry)?;
        let alerts = AlertMetrics::new(&registry)?;
        Ok(Telemetry {
            registry,
            events,
            rejected,
            findings,
            step_seconds,
            append_seconds,
            log_bytes,
            log_trouble,
            version,
            viewers,
            http_seconds,
            kafka,
            figures,
            scale,
            alerts,
        })
    }

    /// How long an answer took. `route` is the template, so that no code of anybody is in a label.
    pub(crate) fn note_answer(&self, route: &str, status: u16, took: Duration) {
        let class = ["1xx", "2xx", "3xx", "4xx", "5xx"].get(usize::from(status / 100).wrapping_sub(1));
        let labels = [route, class.copied().unwrap_or("other")];
        self.http_seconds.with_label_values(&labels).observe(took.as_secs_f64());
    }

    /// The text exposition.
    pub(crate) fn text(&self) -> String {
        let mut bytes = Vec::new();
        // Encoding into memory fails only on metrics without a name, which there are none of.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut bytes);
        String::from_utf8(bytes).unwrap_or_default()
    }
}
