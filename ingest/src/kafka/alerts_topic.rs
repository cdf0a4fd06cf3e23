//! The topic of alerts: the newest word about each alert under its id, for other systems.
//!
//! One message of the outbox holds the records of one notice. It is taken when the broker has all of them; tried again,
//! all are sent again under the same keys, so a reader may meet one twice and never misses one. Not here: which alerts,
//! and when to try again (`alerts`).

use std::time::Duration;

use rdkafka::message::{Header, OwnedHeaders};
use serde_json::Value;

use super::KafkaError;
use super::producer::{Compression, Mode, Producer};
use super::settings::Settings;

/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The header that says which message of the outbox a record came with.
const MESSAGE: &str = "nhip_message";

/// The way to the topic.
#[derive(Debug)]
pub struct AlertsTopic {
    settings: Settings,
    topic: String,
    producer: Option<Producer>,
}

impl AlertsTopic {
    /// Nothing is connected yet.
    pub fn new(settings: &Settings, topic: &str) -> AlertsTopic {
        AlertsTopic { settings: settings.clone(), topic: topic.to_owned(), producer: None }
    }

    /// Sends the records of one message, a JSON array; each has its key in `id`.
    ///
    /// # Errors
    /// [`KafkaError`] when the broker has not taken all of them.
    pub fn send(&mut self, message: &str, records: &str) -> Result<(), KafkaError> {
        let records: Vec<Value> = serde_json::from_str(records).unwrap_or_default();
        let mut producer = match self.producer.take() {
            Some(producer) => producer,
            None => Producer::open(&self.settings, Compression::Gzip, Mode::Structured)?,
        };
        for record in &records {
            let key = record["id"].as_str().unwrap_or_default();
            let headers = OwnedHeaders::new().insert(Header { key: MESSAGE, value: Some(message) });
            producer.put(&self.topic, key, record.to_string().as_bytes(), headers)?;
        }
        producer.settle(PATIENCE)?;
        // One that failed is given up with what it still holds.
        self.producer = Some(producer);
        Ok(())
    }
}
