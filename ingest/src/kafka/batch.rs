//! What is gathered from topics until it is handed over: one batch for the log.
//!
//! Not here: where messages come from, and when a batch goes (`source`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use compute::codes::{CodeBook, LocalCodes};
use rdkafka::message::{Headers, Message, OwnedHeaders};

use super::dead_letters::Letter;
use super::message::event_bytes;
use super::settings::Settings;
use crate::durable::{Accepted, Begin, Gap};
use crate::exchange::{self, FindingKind};
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

/// What is told of a batch once the log has it.
#[derive(Default)]
pub(super) struct Report {
    /// For the topic of dead letters.
    pub(super) letters: Vec<Letter>,
    /// Why messages were set aside.
    pub(super) rejections: Vec<Rejection>,
    /// What was odd about exchange messages.
    pub(super) findings: BTreeMap<FindingKind, u64>,
}

/// A batch that is being gathered.
pub(super) struct Batch {
    accepted: Accepted,
    codes: LocalCodes,
    report: Report,
    keeps_letters: bool,
    messages: usize,
    bytes: usize,
    since: Instant,
}

impl Batch {
    /// An empty one, begun `now`.
    pub(super) fn new(accepted: Accepted, codes: &Arc<CodeBook>, keeps_letters: bool, now: Instant) -> Batch {
        let (codes, report) = (LocalCodes::new(codes), Report::default());
        Batch { accepted, codes, report, keeps_letters, messages: 0, bytes: 0, since: now }
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

    /// Takes one message with an event, or sets it aside.
    pub(super) fn take<M: Message>(&mut self, message: &M) {
        let value = message.payload().unwrap_or_default();
        let headers = message.headers();
        let event = match headers {
            Some(headers) => {
                let pairs = (0..headers.count()).filter_map(|place| headers.try_get(place));
                event_bytes(pairs.map(|header| (header.key, header.value)), value)
            }
            None => event_bytes(std::iter::empty(), value),
        };
        self.messages += 1;
        self.bytes += value.len();
        // A name is made only for what is set aside.
        let origin = || origin(message);
        let position = usize::try_from(message.offset()).unwrap_or_default();
        let taken = match event.fault {
            Some(rejection) => {
                self.accepted.set_aside(&event.bytes, &rejection, &origin(), position);
                Err(rejection)
            }
            None => self.accepted.take_from(&event.bytes, origin, position, &mut self.codes),
        };
        let Err(rejection) = taken else { return };
        if self.keeps_letters {
            self.report.letters.push(Letter::of(message, &rejection));
        }
        self.report.rejections.push(rejection);
    }

    /// Takes what one message of `source` holds: national exchange messages, each whole or set aside.
    pub(super) fn take_exchange<M: Message>(&mut self, message: &M, source: &str) {
        let value = message.payload().unwrap_or_default();
        self.messages += 1;
        self.bytes += value.len();
        let origin = origin(message);
        let via = format!("{}:{origin}", exchange::VIA);
        let position = usize::try_from(message.offset()).unwrap_or_default();
        let mut messages = exchange::read(value, source);
        if messages.is_empty() {
            messages.push(exchange::nothing_in(value));
        }
        for one in messages {
            self.accepted.take_exchange(&one, (source, &via), position, &mut self.codes);
            match one.outcome {
                Ok(mapped) => {
                    for finding in mapped.findings {
                        *self.report.findings.entry(finding.kind).or_default() += 1;
                    }
                }
                Err(unmapped) => {
                    if self.keeps_letters {
                        self.report.letters.push(exchange_letter(&unmapped, &origin));
                    }
                    self.report.rejections.push(unmapped.rejection);
                }
            }
        }
    }

    /// Its end: the next offset wanted of a partition.
    pub(super) fn end(&mut self, topic: &str, partition: i32, next: i64) {
        self.accepted.came.consumed.set_position(topic, partition, next);
    }

    /// What goes to the log, and what is told once it is there.
    pub(super) fn finish(self) -> (Accepted, Report) {
        (self.accepted, self.report)
    }
}

pub(super) fn origin<M: Message>(message: &M) -> String {
    format!("kafka:{}/{}/{}", message.topic(), message.partition(), message.offset())
}

/// An exchange message names its applicant, so only what may be kept of it leaves this program, and nothing of its key
/// and headers; the whole stands at its origin.
pub(super) fn exchange_letter(unmapped: &exchange::Unmapped, origin: &str) -> Letter {
    Letter {
        key: None,
        value: unmapped.kept.as_ref().map(|kept| kept.to_string().into_bytes()),
        headers: Letter::marked(OwnedHeaders::new(), origin, &unmapped.rejection),
    }
}
