//! What is gathered from topics until it is handed over: one batch for the log.
//!
//! Not here: where messages come from, and when a batch goes (`source`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use compute::codes::{CodeBook, LocalCodes};
use rdkafka::message::{Headers, Message, OwnedHeaders};

use super::dead_letters::Letter;
use super::message::event_bytes;
use super::settings::Settings;
use crate::durable::{Accepted, Begin, Gap};
use crate::rejection::Rejection;

/// When a batch is full, and how long it waits to become so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) messages: usize,
    pub(super) bytes: usize,
    pub(super) wait: Duration,
}

impl Bounds {
    pub(super) fn of(settings: &Settings) -> Bounds {
        let wait = Duration::from_millis(settings.batch_milliseconds);
        Bounds { messages: settings.batch_messages, bytes: settings.batch_bytes, wait }
    }
}

/// A batch that is being gathered.
pub(super) struct Batch {
    accepted: Accepted,
    codes: LocalCodes,
    letters: Vec<Letter>,
    keeps_letters: bool,
    messages: usize,
    bytes: usize,
    since: Instant,
}

impl Batch {
    /// An empty one, begun `now`.
    pub(super) fn new(accepted: Accepted, codes: &Arc<CodeBook>, keeps_letters: bool, now: Instant) -> Batch {
        let codes = LocalCodes::new(codes);
        Batch { accepted, codes, letters: Vec::new(), keeps_letters, messages: 0, bytes: 0, since: now }
    }

    pub(super) fn is_full(&self, bounds: &Bounds) -> bool {
        self.messages >= bounds.messages || self.bytes >= bounds.bytes
    }

    /// Whether it has waited long enough.
    pub(super) fn is_old(&self, bounds: &Bounds, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= bounds.wait
    }

    /// A partition's first message in this batch is the one wanted at this position.
    pub(super) fn begin(&mut self, begin: Begin) {
        self.accepted.begins.push(begin);
    }

    /// When it began.
    pub(super) fn arrived(&self) -> compute::instant::Instant {
        self.accepted.arrived
    }

    /// Something is missing.
    pub(super) fn mark(&mut self, gap: Gap) {
        self.accepted.came.consumed.incomplete.push(gap);
    }

    /// Takes one message, or sets it aside.
    pub(super) fn take<M: Message>(&mut self, message: &M) -> Result<(), Rejection> {
        let value = message.payload().unwrap_or_default();
        let headers = message.headers();
        let event = match headers {
            Some(headers) => {
                let pairs = (0..headers.count()).filter_map(|place| headers.try_get(place));
                event_bytes(&pairs.map(|header| (header.key, header.value)), value)
            }
            None => event_bytes(&std::iter::empty(), value),
        };
        self.messages += 1;
        self.bytes += value.len();
        // A name is made only for what is set aside.
        let origin = || format!("kafka:{}/{}/{}", message.topic(), message.partition(), message.offset());
        let position = usize::try_from(message.offset()).unwrap_or_default();
        let taken = match event.fault {
            Some(rejection) => {
                self.accepted.set_aside(&event.bytes, &rejection, &origin(), position);
                Err(rejection)
            }
            None => self.accepted.take_from(&event.bytes, origin, position, &mut self.codes),
        };
        if let (Err(rejection), true) = (&taken, self.keeps_letters) {
            let copied = headers.map_or_else(OwnedHeaders::new, copy);
            self.letters.push(Letter {
                key: message.key().map(<[u8]>::to_vec),
                value: message.payload().map(<[u8]>::to_vec),
                headers: Letter::marked(copied, &origin(), rejection),
            });
        }
        taken
    }

    /// Its end: the next offset wanted of a partition.
    pub(super) fn end(&mut self, topic: &str, partition: i32, next: i64) {
        self.accepted.came.consumed.set_position(topic, partition, next);
    }

    /// What goes to the log, and what goes to the topic of dead letters once it is there.
    pub(super) fn finish(self) -> (Accepted, Vec<Letter>) {
        (self.accepted, self.letters)
    }
}

fn copy<H: Headers>(headers: &H) -> OwnedHeaders {
    let given = (0..headers.count()).filter_map(|place| headers.try_get(place));
    given.fold(OwnedHeaders::new(), OwnedHeaders::insert)
}
