//! Messages that were not understood, sent on whole to a topic of their own, with origin, reason and field.
//!
//! They are set aside in the data folder all the same, before they are sent: that list is the whole one, and a topic
//! that cannot be written holds nothing up. Not here: what is kept in the folder (`durable::set_aside`).

use std::collections::VecDeque;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use super::KafkaError;
use super::batch::origin;
use super::client;
use super::settings::Settings;
use super::status::SharedStatus;
use crate::rejection::Rejection;

/// Letters that may wait here while the producer is full.
const WAITING_MAX: usize = 10_000;
/// How long a publication waits for what is under way.
const SETTLE: Duration = Duration::from_secs(1);
/// How long a stop waits for what is under way.
const GOODBYE: Duration = Duration::from_secs(5);

/// A message for the topic.
#[derive(Debug)]
pub struct Letter {
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: OwnedHeaders,
}

impl Letter {
    /// The whole message, and why it was not understood.
    pub(super) fn of<M: Message>(message: &M, rejection: &Rejection) -> Letter {
        let copied = message.headers().map_or_else(OwnedHeaders::new, |headers| {
            let given = (0..headers.count()).filter_map(|place| headers.try_get(place));
            given.fold(OwnedHeaders::new(), OwnedHeaders::insert)
        });
        Letter {
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: Letter::marked(copied, &origin(message), rejection),
        }
    }

    /// The message's own headers, and ours.
    pub(super) fn marked(headers: OwnedHeaders, origin: &str, rejection: &Rejection) -> OwnedHeaders {
        let ours = [
            ("nhip_origin", origin),
            ("nhip_reason", rejection.reason.code()),
            ("nhip_field", rejection.field.unwrap_or_default()),
        ];
        ours.into_iter()
            .fold(headers, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
    }
}

/// Counts what the broker took.
struct Counting(SharedStatus);

impl ClientContext for Counting {
    fn error(&self, error: ClientError, reason: &str) {
        self.0.note(format!("dead letters: {error}: {reason}"));
    }
}

impl ProducerContext for Counting {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let mut status = self.0.write();
        match result {
            Ok(_) => status.dead_letters.produced += 1,
            Err((error, _)) => {
                status.dead_letters.failed += 1;
                status.trouble = Some(format!("a dead letter was not taken: {error}"));
            }
        }
    }
}

/// The way to the topic.
pub struct DeadLetters {
    producer: BaseProducer<Counting>,
    topic: String,
    waiting: VecDeque<Letter>,
    status: SharedStatus,
}

impl std::fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeadLetters").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl DeadLetters {
    /// `None` when no topic is named.
    ///
    /// # Errors
    /// When librdkafka refuses a setting.
    pub fn open(settings: &Settings, status: &SharedStatus) -> Result<Option<DeadLetters>, KafkaError> {
        let Some(topic) = settings.dead_letters() else { return Ok(None) };
        // The one packing that even the plainest clients read.
        let config = client::producer(settings, "gzip")?;
        let producer = config.create_with_context(Counting(status.clone()))?;
        let (topic, waiting) = (topic.to_owned(), VecDeque::new());
        Ok(Some(DeadLetters { producer, topic, waiting, status: status.clone() }))
    }

    /// Sends what was set aside.
    pub fn send(&mut self, letters: Vec<Letter>) {
        self.waiting.extend(letters);
        self.go_on();
        while self.waiting.len() > WAITING_MAX {
            self.waiting.pop_front();
            self.status.write().dead_letters.failed += 1;
        }
    }

    /// Waits a bounded time until what was sent is taken; whether it is.
    pub fn settle(&mut self) -> bool {
        self.go_on();
        self.waiting.is_empty() && self.producer.in_flight_count() == 0
            || self.producer.flush(SETTLE).is_ok() && self.waiting.is_empty()
    }

    /// Sends what waits, and hears what became of what was sent.
    pub(super) fn go_on(&mut self) {
        self.producer.poll(Duration::ZERO);
        while let Some(letter) = self.waiting.pop_front() {
            let mut record: BaseRecord<'_, [u8], [u8]> =
                BaseRecord::to(&self.topic).headers(letter.headers.clone());
            if let Some(key) = &letter.key {
                record = record.key(key);
            }
            if let Some(value) = &letter.value {
                record = record.payload(value);
            }
            match self.producer.send(record) {
                Ok(()) => {}
                Err((error, _)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                    self.waiting.push_front(letter);
                    return;
                }
                Err((error, _)) => {
                    let mut status = self.status.write();
                    status.dead_letters.failed += 1;
                    status.trouble = Some(format!("a dead letter was not sent: {error}"));
                }
            }
        }
    }

    /// Waits a while for what is under way.
    pub(super) fn close(mut self) {
        self.go_on();
        if self.producer.flush(GOODBYE).is_err() || !self.waiting.is_empty() {
            self.status
                .note("not every dead letter was taken; the list of the data folder has them".to_owned());
        }
    }
}
