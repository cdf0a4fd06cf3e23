//! The source: a thread that consumes topics into the log for as long as it is wanted, through every failure.
//!
//! It knows where accepted events go only by [`Intake`]; a consumer that ends for good (fenced, refused by the broker)
//! is made anew. Not here: one consumer's life (`reader`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use compute::codes::CodeBook;

use super::KafkaError;
use super::reader::Reader;
use super::settings::Settings;
use super::status::SharedStatus;
use crate::durable::{Accepted, Consumed};
use crate::exchange::FindingKind;
use crate::rejection::Rejection;

/// Before a consumer that ended is made anew.
const PAUSE: Duration = Duration::from_secs(3);
/// Between two looks whether the source is still wanted.
const BEAT: Duration = Duration::from_millis(50);

/// What became of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is in the log and counted.
    Kept,
    /// It is not in the log as far as anyone knows; the log's positions will tell.
    Refused(String),
}

/// A batch under way.
pub trait Ticket {
    /// What became of it; `None` while nobody knows.
    fn answer(&mut self) -> Option<Answer>;
}

/// Why a batch is not under way.
#[derive(Debug)]
pub enum NotNow {
    /// Too much is waiting; here it is again.
    Busy(Box<Accepted>),
    /// Nothing more is taken by this process.
    Stopped,
}

/// Where accepted events go, and the time.
pub trait Intake {
    /// The way a batch is asked after.
    type Ticket: Ticket;
    /// The instant it is, on a clock that never goes back.
    fn now(&self) -> Instant;
    /// An empty batch that arrives now.
    fn begin(&self) -> Accepted;
    /// The codes events must be packed with.
    fn codes(&self) -> Arc<CodeBook>;
    /// How far the log has come.
    fn consumed(&self) -> Consumed;
    /// Whether the log can be written.
    fn is_open(&self) -> bool;
    /// Hands a batch over without waiting.
    ///
    /// # Errors
    /// [`NotNow`] when it was not taken.
    fn hand_over(&self, accepted: Accepted) -> Result<Self::Ticket, NotNow>;
    /// What was set aside, and what was odd about exchange messages; told once the log has it.
    fn note(&self, rejections: &[Rejection], findings: &BTreeMap<FindingKind, u64>);
    /// Says to whoever runs it what must be looked at.
    fn alarm(&self, text: &str);
    /// Says what happened.
    fn tell(&self, text: &str);
}

/// Asks a source to end.
#[derive(Clone, Default, Debug)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// It is no longer wanted.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether that was said.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Topics consumed into the log.
#[derive(Debug)]
pub struct Source<I> {
    settings: Settings,
    intake: I,
    status: SharedStatus,
    stop: Stop,
}

impl<I: Intake> Source<I> {
    /// Does nothing yet.
    pub fn new(settings: Settings, intake: I) -> Source<I> {
        let status = SharedStatus::default();
        status.write().group.clone_from(&settings.group);
        Source { settings, intake, status, stop: Stop::default() }
    }

    /// How it stands, now and later.
    pub fn status(&self) -> SharedStatus {
        self.status.clone()
    }

    /// Asks it to end.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Consumes until asked to end; what was gathered is handed over first.
    pub fn run(self) {
        while !self.stop.is_asked() {
            if let Err(error) = self.consume() {
                self.intake.alarm(&format!("{error}; a new consumer is made in a moment"));
                self.status.note(error.to_string());
                self.pause();
            }
            self.status.write().partitions.clear();
        }
    }

    fn consume(&self) -> Result<(), KafkaError> {
        Reader::open(&self.settings, &self.intake, &self.status)?.run(&self.stop)
    }

    fn pause(&self) {
        let until = self.intake.now() + PAUSE;
        while !self.stop.is_asked() && self.intake.now() < until {
            std::thread::sleep(BEAT);
        }
    }
}
