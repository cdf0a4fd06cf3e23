//! The keeper of the log: one thread that makes accepted events durable, then hands them to the engine.
//!
//! What arrives while the disk is busy is written together next time (group commit), so that one sync serves many
//! requests. When the disk refuses, so does the intake, clearly; the log is tried again until it opens, with no repair
//! by hand. Not here: counting (`worker`), what is written (`ingest::durable`).

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use compute::codes::CodeBook;
use ingest::durable::{Accepted, Consumed, Ledger, RecoveryError, left_behind};
use store::{Chunk, EventLog, LogError};
use tokio::sync::oneshot;

use super::live::{Applied, Refused};
use super::worker::{Incoming, Request};
use crate::telemetry::Telemetry;

/// Bytes of events written together.
const GROUP_BYTES_MAX: usize = 8 << 20;
/// Why a batch from a broker is not kept although the log is well.
const NOT_NEXT: &str = "the batch does not go on where the log ends; it is read again from there";
/// How often a log that refused is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Where the answer to a batch goes.
pub(super) type Answer = oneshot::Sender<Result<Applied, Refused>>;

/// What the keeper is asked to do.
pub(super) enum Errand {
    /// Make durable, then hand on; answered when readers see it, or at once when nothing can be kept.
    Keep(Accepted, Answer),
    /// A message set aside has been dealt with; answers whether it was there.
    Resolve(u64, oneshot::Sender<Result<bool, Refused>>),
    /// Events before this offset are no longer needed.
    Retire(u64),
    /// Everything before has been kept; the log is closed.
    Close(oneshot::Sender<()>),
}

/// How the log stands.
#[derive(Clone, Default, Debug)]
pub(crate) struct LogState {
    /// The oldest offset kept.
    pub(crate) first_offset: u64,
    /// The offset the next event gets.
    pub(crate) next_offset: u64,
    /// Bytes on disk.
    pub(crate) bytes: u64,
    /// Why nothing can be kept at present.
    pub(crate) trouble: Option<String>,
    /// How far topics have been taken, and what is missing of them.
    pub(crate) consumed: Consumed,
}

/// The log's state, for readers.
pub(super) type SharedState = Arc<Mutex<LogState>>;

/// The thread's own.
pub(super) struct Keeper {
    pub(super) log: EventLog,
    pub(super) ledger: Ledger,
    pub(super) engine: SyncSender<Request>,
    pub(super) state: SharedState,
    pub(super) telemetry: Telemetry,
    pub(super) last_tried: Instant,
    /// Events before this offset were handed to the engine.
    pub(super) handed: u64,
    pub(super) codes: Arc<CodeBook>,
    pub(super) shards: usize,
}

impl Keeper {
    pub(super) fn run(mut self, errands: &Receiver<Errand>) {
        loop {
            let first = match errands.recv_timeout(RETRY) {
                Ok(errand) => errand,
                Err(RecvTimeoutError::Timeout) => {
                    self.heal();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let (mut group, mut bytes, mut next) = (Vec::new(), 0, Some(first));
            while let Some(errand) = next.take() {
                match errand {
                    Errand::Keep(accepted, answer) => {
                        bytes += accepted.lines.len();
                        group.push((accepted, answer));
                    }
                    other => {
                        self.keep(std::mem::take(&mut group));
                        if let Some(closed) = self.serve(other) {
                            return self.close(closed);
                        }
                    }
                }
                if bytes < GROUP_BYTES_MAX {
                    next = errands.try_recv().ok();
                }
            }
            self.keep(group);
        }
        if let Err(error) = self.log.close() {
            tracing::warn!(%error, "the log was not closed in good order; the next start repairs it");
        }
    }

    fn close(self, closed: oneshot::Sender<()>) {
        if let Err(error) = self.log.close() {
            tracing::warn!(%error, "the log was not closed in good order; the next start repairs it");
        }
        // Whoever asked may have lost patience.
        let _ = closed.send(());
    }

    /// Does what is no intake; a request to close is handed back.
    fn serve(&mut self, errand: Errand) -> Option<oneshot::Sender<()>> {
        match errand {
            Errand::Close(closed) => return Some(closed),
            Errand::Keep(..) => {}
            Errand::Resolve(number, answer) => {
                let resolved = self.log.set_aside_resolve(number).map_err(|error| self.refuse(&error));
                // Whoever asked may have gone.
                let _ = answer.send(resolved);
            }
            Errand::Retire(before) => match self.log.retire(before) {
                Ok(0) => {}
                Ok(freed) => tracing::info!(before, freed, "events no longer needed were removed"),
                Err(error) => {
                    self.refuse(&error);
                }
            },
        }
        self.note(None);
        None
    }

    /// Writes a group in one transaction, then hands it to the engine in the order of its offsets.
    fn keep(&mut self, group: Vec<(Accepted, Answer)>) {
        if group.is_empty() {
            return;
        }
        if !self.heal() {
            let why = self.log.trouble().unwrap_or_default().to_owned();
            return refuse_all(group, &Refused::NotKept(why));
        }
        let (group, mut ledger) = self.in_order(group);
        if group.is_empty() {
            return;
        }
        let (mut set_aside, mut events, mut arrived) = (Vec::new(), 0u32, i64::MIN);
        let several = if group.len() > 1 { joined(&group) } else { Vec::new() };
        let lines = if group.len() > 1 { &several } else { &group[0].0.lines };
        for (accepted, _) in &group {
            set_aside.extend(accepted.set_aside.iter().map(Vec::as_slice));
            events = events.saturating_add(accepted.events);
            arrived = arrived.max(accepted.arrived.to_bits());
        }
        ledger.note_arrival(arrived);
        let bytes = ledger.to_bytes();
        let chunk = Chunk { arrived, events, bytes: lines, set_aside: &set_aside, ledger: &bytes };
        let started = Instant::now();
        let appended = match self.log.append(chunk) {
            Ok(appended) => appended,
            // Together too large, or one of them alone: no trouble of the log.
            Err(LogError::TooLarge { .. }) if group.len() > 1 => {
                return group.into_iter().for_each(|one| self.keep(vec![one]));
            }
            Err(error @ LogError::TooLarge { .. }) => {
                return refuse_all(group, &Refused::NotKept(error.to_string()));
            }
            Err(error) => {
                let refused = self.refuse(&error);
                return refuse_all(group, &refused);
            }
        };
        self.telemetry.append_seconds.observe(started.elapsed().as_secs_f64());
        self.ledger = ledger;
        // Told before anyone is answered: the log is never seen behind what is counted.
        self.note(None);
        self.handed = appended.first_offset;
        let incoming = group.into_iter().map(|(mut accepted, answer)| {
            // They are in the log; the engine has no use for them.
            accepted.lines = Vec::new();
            self.handed += u64::from(accepted.events);
            Incoming { accepted, next_offset: Some(self.handed), answer: Some(answer) }
        });
        let incoming = incoming.collect();
        if let Err(stopped) = self.engine.send(Request::Events(incoming))
            && let Request::Events(stopped) = stopped.0
        {
            for answer in stopped.into_iter().filter_map(|one| one.answer) {
                // They are kept all the same, and are counted at the next start.
                let _ = answer.send(Err(Refused::Stopped));
            }
        }
    }

    /// Those that go on where the log ends, one after another, and the ledger behind them. The others are refused: they
    /// would lose messages, or take them twice.
    fn in_order(&self, group: Vec<(Accepted, Answer)>) -> (Vec<(Accepted, Answer)>, Ledger) {
        let mut ledger = self.ledger.clone();
        let mut strays = Vec::new();
        let mut next = Vec::with_capacity(group.len());
        for one in group {
            if ledger.consumed.is_followed_by(&one.0.begins) {
                ledger.add(&one.0.came);
                next.push(one);
            } else {
                strays.push(one);
            }
        }
        refuse_all(strays, &Refused::NotKept(NOT_NEXT.to_owned()));
        (next, ledger)
    }

    /// Opens the log again if it is time to; whether it can be written.
    fn heal(&mut self) -> bool {
        // Open is not enough: what could not be read to be handed on would never be counted.
        if self.log.trouble().is_none() && self.handed == self.log.next_offset() {
            return true;
        }
        if self.last_tried.elapsed() < RETRY {
            return false;
        }
        self.last_tried = Instant::now();
        match self.open_again() {
            Ok(()) => {
                tracing::info!("the log can be written again");
                self.note(None);
                true
            }
            Err(error) => {
                self.note(Some(error.to_string()));
                false
            }
        }
    }

    fn open_again(&mut self) -> Result<(), RecoveryError> {
        self.log.reopen()?;
        self.hand_on()?;
        let ledger = self.ledger.to_bytes();
        self.log.append(Chunk { ledger: &ledger, ..Chunk::default() })?;
        Ok(())
    }

    /// What was refused when the disk failed may be in the log all the same; then it counts.
    fn hand_on(&mut self) -> Result<(), RecoveryError> {
        let into = (self.shards, &self.codes);
        let Some(left) = left_behind(&self.log, &self.ledger, self.handed, into)? else { return Ok(()) };
        (self.ledger, self.handed) = (left.ledger, left.next_offset);
        let request = Request::Events(vec![Incoming {
            accepted: left.accepted,
            next_offset: Some(self.handed),
            answer: None,
        }]);
        if self.engine.send(request).is_err() {
            tracing::warn!("the engine has stopped; what is kept is counted at the next start");
        }
        Ok(())
    }

    fn refuse(&mut self, error: &LogError) -> Refused {
        tracing::error!(%error, "nothing can be kept; senders are told to come back");
        if self.log.trouble().is_none() {
            self.last_tried = Instant::now();
        }
        self.note(Some(error.to_string()));
        Refused::NotKept(error.to_string())
    }

    /// Tells readers how the log stands.
    pub(super) fn note(&self, trouble: Option<String>) {
        let trouble = trouble.or_else(|| self.log.trouble().map(str::to_owned));
        let state = LogState {
            first_offset: self.log.first_offset(),
            next_offset: self.log.next_offset(),
            bytes: self.log.bytes_on_disk(),
            trouble,
            consumed: (*self.ledger.consumed).clone(),
        };
        self.telemetry.log_bytes.set(i64::try_from(state.bytes).unwrap_or(i64::MAX));
        self.telemetry.log_trouble.set(i64::from(state.trouble.is_some()));
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

fn joined(group: &[(Accepted, Answer)]) -> Vec<u8> {
    let bytes = group.iter().map(|(accepted, _)| accepted.lines.len()).sum();
    let mut lines = Vec::with_capacity(bytes);
    for (accepted, _) in group {
        lines.extend_from_slice(&accepted.lines);
    }
    lines
}

fn refuse_all(group: Vec<(Accepted, Answer)>, refused: &Refused) {
    for (_, answer) in group {
        // A sender that has gone away does not want to know.
        let _ = answer.send(Err(refused.clone()));
    }
}
