//! Sending events to topics, each keyed by its subject, so that one subject's events stay in one partition.
//!
//! For `nhip replay` and for tests; idempotent, so that a message sent again stands once. Not here: what is sent, and
//! how fast.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use serde_json::Value;

use super::settings::Settings;
use super::{KafkaError, client as config};

/// How long a full queue is waited for at a time.
const BEAT: Duration = Duration::from_millis(5);

/// How messages are packed on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4.
    #[default]
    Lz4,
    /// Zstandard.
    Zstd,
}

impl Compression {
    fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }
}

/// Where the envelope of an event stands.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Mode {
    /// In the value.
    #[default]
    Structured,
    /// In headers.
    Binary,
}

/// The topic of an event's type, without the prefix; the first for what has none.
pub fn topic_of(kind: &str) -> &'static str {
    match kind.split('.').next().unwrap_or_default() {
        "procedure" => "procedures",
        "petition" => "petitions",
        // A retraction does not say of which family it is, so it goes where everybody reads it.
        "event" | "agency" | "officer" | "portal" | "certified_copy" | "source" => "organisation",
        _ => "dossiers",
    }
}

/// What became of what was sent.
#[derive(Clone, Default)]
struct Outcome {
    taken: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
    reason: Arc<Mutex<String>>,
}

impl ClientContext for Outcome {
    fn error(&self, error: ClientError, reason: &str) {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = format!("{error}: {reason}");
    }
}

impl ProducerContext for Outcome {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => self.taken.fetch_add(1, Ordering::Relaxed),
            Err((error, _)) => {
                *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = error.to_string();
                self.failed.fetch_add(1, Ordering::Relaxed)
            }
        };
    }
}

/// Sends events to the topics of the settings.
pub struct Producer {
    client: BaseProducer<Outcome>,
    outcome: Outcome,
    prefix: String,
    mode: Mode,
    sent: u64,
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer").field("mode", &self.mode).field("sent", &self.sent).finish_non_exhaustive()
    }
}

impl Producer {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// When librdkafka refuses a setting.
    pub fn open(settings: &Settings, compression: Compression, mode: Mode) -> Result<Producer, KafkaError> {
        let outcome = Outcome::default();
        let config = config::producer(settings, compression.name())?;
        let client = config.create_with_context(outcome.clone())?;
        Ok(Producer { client, outcome, prefix: settings.topic_prefix.clone(), mode, sent: 0 })
    }

    /// Sends one structured event, waiting for room. What is no event goes to the topic of dossiers as it is.
    ///
    /// # Errors
    /// When librdkafka refuses it.
    pub fn send(&mut self, line: &[u8]) -> Result<(), KafkaError> {
        let event: Value = serde_json::from_slice(line).unwrap_or_default();
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let topic = format!("{}{}", self.prefix, topic_of(text("type")));
        let key = text("subject");
        match (self.mode, event.is_object()) {
            (Mode::Binary, true) => {
                let (headers, data) = binary(&event);
                self.put(&topic, key, &data, headers)
            }
            (Mode::Structured, true) => {
                let value = Some("application/cloudevents+json; charset=UTF-8");
                let headers = OwnedHeaders::new().insert(Header { key: "content-type", value });
                self.put(&topic, key, line, headers)
            }
            (_, false) => self.put(&topic, key, line, OwnedHeaders::new()),
        }
    }

    pub(super) fn put(
        &mut self,
        topic: &str,
        key: &str,
        value: &[u8],
        headers: OwnedHeaders,
    ) -> Result<(), KafkaError> {
        let mut record = BaseRecord::to(topic).key(key).payload(value).headers(headers);
        loop {
            self.client.poll(Duration::ZERO);
            match self.client.send(record) {
                Ok(()) => break,
                Err((error, again)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                    record = again;
                    self.client.poll(BEAT);
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
        self.sent += 1;
        Ok(())
    }

    /// Messages the broker has taken.
    pub fn taken(&self) -> u64 {
        self.outcome.taken.load(Ordering::Relaxed)
    }

    /// Waits until everything sent is taken.
    ///
    /// # Errors
    /// [`KafkaError::NotTaken`] when it is not.
    pub fn finish(mut self, patience: Duration) -> Result<u64, KafkaError> {
        self.settle(patience)
    }

    /// The same, and more may be sent; how many were taken so far.
    ///
    /// # Errors
    /// As for [`Producer::finish`].
    pub fn settle(&mut self, patience: Duration) -> Result<u64, KafkaError> {
        let flushed = self.client.flush(patience);
        let taken = self.taken();
        if flushed.is_ok() && taken == self.sent {
            return Ok(taken);
        }
        let reason = self.outcome.reason.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Err(KafkaError::NotTaken { failed: self.sent - taken, sent: self.sent, reason })
    }
}

/// The headers and the value of an event in binary mode.
fn binary(event: &Value) -> (OwnedHeaders, Vec<u8>) {
    let value = Some("application/json");
    let mut headers = OwnedHeaders::new().insert(Header { key: "content-type", value });
    for (name, value) in event.as_object().into_iter().flatten().filter(|(name, _)| *name != "data") {
        let key = format!("ce_{name}");
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        headers = headers.insert(Header { key: &key, value: Some(&text) });
    }
    let data = event.get("data").map_or_else(Vec::new, |data| data.to_string().into_bytes());
    (headers, data)
}
