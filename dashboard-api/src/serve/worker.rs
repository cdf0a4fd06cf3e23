//! The engine's thread: takes events, moves with the clock, publishes snapshots, and saves its state now and then.
//!
//! Events that arrive while a step runs are taken together in the next one. With a data folder it first restores what
//! was, telling how far it has come. A broken invariant stops it, loudly: readers keep the last snapshot, marked stale.
//! Not here: decoding, HTTP, durability of events (`keeper`).

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use compute::engine::{Engine, RestRule, Snapshot, Tally};
use ingest::durable::{Accepted, Ledger, Moved, RestWriter, RestingPlace, recovery};
use store::{Archive, LogReader, Snapshots};
use tokio::sync::{oneshot, watch};

use super::keeper::Errand;
use super::live::{Applied, Clock, Refused};
use super::saver::{Forgetting, Saved, Saver};
use super::scale::Merged;
use crate::telemetry::Telemetry;

/// Events taken in one step.
const STEP_EVENTS_MAX: usize = 50_000;
/// How often time moves when nothing arrives.
const TICK: Duration = Duration::from_millis(100);
/// Dossiers of which nothing was heard for so long may leave memory when all their periods are closed.
const QUIET_SECONDS: i64 = 30 * 86_400;
/// The most that go with one snapshot.
const RESTING_MAX: usize = 50_000;
/// The most that leave between two steps.
const LEAVING_MAX: usize = 200;
/// How often a snapshot under way goes on when nothing arrives.
const SAVE_BEAT: Duration = Duration::from_millis(1);

/// A question only the engine can answer.
pub(super) type Question = Box<dyn FnOnce(&mut Worker) + Send>;

/// What the engine is asked.
pub(super) enum Request {
    /// Count these, in the order of the log, if there is a log.
    Events(Vec<Incoming>),
    Ask(Question),
    /// Save the state if it can be saved, answer, and end.
    Finish(oneshot::Sender<()>),
}

/// Events of one sender's request.
pub(super) struct Incoming {
    pub(super) accepted: Accepted,
    /// The log's after them, if there is a log.
    pub(super) next_offset: Option<u64>,
    pub(super) answer: Option<oneshot::Sender<Result<Applied, Refused>>>,
}

/// How the state's snapshots stand.
#[derive(Clone, Default, Debug)]
pub(crate) struct StateSaved {
    /// The log offset of the newest snapshot.
    pub(crate) offset: Option<u64>,
    /// Its bytes.
    pub(crate) bytes: u64,
    /// Bytes of the subjects at rest.
    pub(crate) resting_bytes: u64,
    /// Why the last attempt failed.
    pub(crate) trouble: Option<String>,
    /// What the recount at the start moved, if there was one.
    pub(crate) moved: Option<Moved>,
}

/// Where snapshots of the state go, and how often.
pub(super) struct Saving {
    pub(super) snapshots: Snapshots,
    pub(super) archive: Archive,
    /// The segments of the archive the state rests on, newest first.
    pub(super) at_rest: Vec<u64>,
    pub(super) every: Duration,
    pub(super) keeper: SyncSender<Errand>,
    /// After how many days events before the oldest snapshot kept are removed, if ever.
    pub(super) forgets_after_days: Option<u32>,
    /// To see how old events are.
    pub(super) log: LogReader,
    pub(super) state: Arc<Mutex<StateSaved>>,
}

/// The engine and what it publishes to.
pub(super) struct Worker {
    pub(super) engine: Engine,
    pub(super) clock: Clock,
    pub(super) publish: watch::Sender<Arc<Snapshot>>,
    /// Counts of other processes, if this one is a reader.
    pub(super) merged: Option<Arc<Merged>>,
    pub(super) telemetry: Telemetry,
    /// What came in, as those say who took it in.
    pub(super) came: Ledger,
    /// The log's offset behind the last event counted.
    pub(super) offset: u64,
    pub(super) saving: Option<Saving>,
    pub(super) saver: Option<Saver>,
    /// Dossiers gone to rest with the last snapshot are leaving memory.
    pub(super) is_leaving: bool,
    pub(super) last_saved: Instant,
}

impl Worker {
    pub(super) fn run(mut self, queue: &Receiver<Request>) {
        loop {
            let patience = if self.saver.is_some() || self.is_leaving { SAVE_BEAT } else { TICK };
            let first = match queue.recv_timeout(patience) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let (mut step, mut finish) = (Step::default(), None);
            let mut next = first;
            while let Some(request) = next.take() {
                match request {
                    Request::Events(group) => step.take(group),
                    Request::Ask(question) => step.questions.push(question),
                    Request::Finish(answer) => finish = Some(answer),
                }
                if step.events < STEP_EVENTS_MAX && finish.is_none() {
                    next = queue.try_recv().ok();
                }
            }
            self.take(std::mem::take(&mut step.incoming));
            if let Err(problem) = self.step(step) {
                // Stop rather than lie: readers keep the last snapshot, and are told that it is stale.
                tracing::error!(%problem, "the engine stops; reads go on from the last snapshot");
                return;
            }
            if let Some(answer) = finish {
                self.save_whole();
                // Whoever asked may have lost patience.
                let _ = answer.send(());
                return;
            }
        }
    }

    /// Counts everything restored, as of now, and shows it.
    pub(super) fn catch_up(&mut self) -> Result<(), String> {
        self.engine.advance(self.clock.now()).map_err(|error| error.to_string())?;
        let tally = self.engine.tally();
        self.publish(tally).map(|_| ())
    }

    /// Takes all together: many small requests are counted as one large one.
    fn take(&mut self, incoming: Vec<(Accepted, Option<u64>)>) {
        let mut routed = Vec::with_capacity(incoming.len());
        for (accepted, next_offset) in incoming {
            self.came.add(&accepted.came);
            self.came.note_arrival(accepted.arrived.to_bits());
            self.offset = next_offset.unwrap_or(self.offset + u64::from(accepted.events));
            routed.push(accepted.routed);
        }
        if !routed.is_empty() {
            self.engine.apply(&routed);
        }
    }

    fn step(&mut self, step: Step) -> Result<(), String> {
        let (started, before) = (Instant::now(), self.publish.borrow().tally);
        self.engine.advance(self.clock.now()).map_err(|error| error.to_string())?;
        let version = self.publish(before)?;
        for answer in step.waiting {
            // A sender that has gone away does not want to know.
            let _ = answer.send(Ok(Applied { version }));
        }
        for question in step.questions {
            question(self);
        }
        self.telemetry.step_seconds.observe(started.elapsed().as_secs_f64());
        self.save()
    }

    fn publish(&mut self, before: Tally) -> Result<u64, String> {
        let snapshot = self.engine.snapshot();
        let snapshot = Arc::new(match &self.merged {
            None => snapshot,
            Some(merged) => merged.add_to(snapshot).map_err(|error| error.to_string())?,
        });
        let (version, tally) = (snapshot.version, snapshot.tally);
        let counted = |outcome, count| self.telemetry.events.with_label_values(&[outcome]).inc_by(count);
        counted("applied", tally.applied.saturating_sub(before.applied));
        counted("duplicate", tally.duplicate.saturating_sub(before.duplicate));
        counted("superseded", tally.superseded.saturating_sub(before.superseded));
        self.telemetry.version.set(i64::try_from(version).unwrap_or(i64::MAX));
        self.publish.send_replace(snapshot);
        Ok(version)
    }

    /// Begins a snapshot when it is time to, or goes on with the one under way.
    fn save(&mut self) -> Result<(), String> {
        if let Some(mut saver) = self.saver.take() {
            match saver.go_on(&mut self.engine) {
                None => self.saver = Some(saver),
                Some(saved) => self.note_saved(saved),
            }
            return Ok(());
        }
        if self.is_leaving {
            self.is_leaving = !self.engine.leave_some(LEAVING_MAX);
            return Ok(());
        }
        let Some(saving) = &self.saving else { return Ok(()) };
        let newest = saving.state.lock().unwrap_or_else(PoisonError::into_inner).offset;
        if self.last_saved.elapsed() < saving.every || newest == Some(self.offset) {
            return Ok(());
        }
        self.last_saved = Instant::now();
        // No event lost, none counted twice: held at every snapshot, source by source.
        recovery::check(&self.engine, &self.came).map_err(|problem| problem.to_string())?;
        let now = self.engine.as_of().unix_seconds();
        let quiet_since = compute::instant::Instant::from_unix(now.saturating_sub(QUIET_SECONDS), 0);
        let rule = RestRule { quiet_since, subjects_max: RESTING_MAX };
        let resting = RestWriter::new(&saving.archive, &saving.at_rest);
        let forgetting = saving.forgets_after_days.map(|days| {
            let arrived_before = self.clock.now().unix_seconds() - i64::from(days) * 86_400;
            let arrived_before = compute::instant::Instant::from_unix(arrived_before, 0);
            Forgetting { log: saving.log.clone(), arrived_before }
        });
        let to = (&saving.snapshots, resting, rule);
        match Saver::begin(&mut self.engine, to, self.offset, forgetting) {
            Ok(saver) => self.saver = Some(saver),
            Err(error) => {
                tracing::warn!(%error, "no snapshot of the state can be written; the log keeps every event");
                saving.state.lock().unwrap_or_else(PoisonError::into_inner).trouble = Some(error.to_string());
            }
        }
        Ok(())
    }

    fn note_saved(&mut self, saved: Saved) {
        let Some(saving) = &mut self.saving else { return };
        let mut state = saving.state.lock().unwrap_or_else(PoisonError::into_inner);
        match saved.outcome {
            Ok((info, segments)) => {
                saving.at_rest = segments.ids().to_vec();
                state.resting_bytes = segments.bytes();
                self.engine.rest_on(Arc::new(RestingPlace(segments)));
                self.is_leaving = true;
                tracing::info!(
                    offset = saved.offset,
                    bytes = info.bytes,
                    seconds = saved.seconds,
                    "state saved"
                );
                (state.offset, state.bytes, state.trouble) = (Some(saved.offset), info.bytes, None);
                // Which snapshots are kept must be known: what none of them needs is removed for good.
                let kept = match saving.snapshots.list() {
                    Ok(kept) => kept,
                    Err(error) => {
                        return tracing::warn!(%error, "nothing is removed: snapshots cannot be listed");
                    }
                };
                if let Err(error) = saving.archive.tidy(&kept) {
                    tracing::warn!(%error, "segments no longer needed could not be removed");
                }
                if let (Some(oldest), Some(old)) = (kept.into_iter().min(), saved.old_before) {
                    // A keeper that is busy is asked again at the next snapshot.
                    let _ = saving.keeper.try_send(Errand::Retire(oldest.min(old)));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no snapshot of the state was written; the log keeps every event");
                state.trouble = Some(error.to_string());
            }
        }
    }

    /// Writes a snapshot to its end, with nothing else going on.
    fn save_whole(&mut self) {
        if let Some(saving) = &self.saving {
            self.last_saved = Instant::now().checked_sub(saving.every).unwrap_or_else(Instant::now);
        }
        while self.saver.is_some() || self.is_leaving {
            self.go_on_waiting();
        }
        if let Err(problem) = self.save() {
            tracing::error!(%problem, "the state is not saved; the next start builds it from what was saved before");
            return;
        }
        while self.saver.is_some() {
            self.go_on_waiting();
        }
    }

    fn go_on_waiting(&mut self) {
        if self.save().is_ok() {
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

/// What one step is about.
#[derive(Default)]
struct Step {
    events: usize,
    /// Events, and the log's offset after them.
    incoming: Vec<(Accepted, Option<u64>)>,
    waiting: Vec<oneshot::Sender<Result<Applied, Refused>>>,
    questions: Vec<Question>,
}

impl Step {
    fn take(&mut self, group: Vec<Incoming>) {
        for Incoming { accepted, next_offset, answer } in group {
            self.events += accepted.routed.len();
            self.incoming.push((accepted, next_offset));
            self.waiting.extend(answer);
        }
    }
}
