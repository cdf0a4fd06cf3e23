//! The live engine: one thread that takes events, moves with the clock, and publishes snapshots.
//!
//! Events that arrive while a step runs are taken together in the next one. The queue is bounded: when it is
//! full, senders are told to come back. Not here: decoding (done before), HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use compute::calendar::Calendar;
use compute::engine::{Engine, Part, Routed, Setup, Snapshot, Story, Who};
use compute::instant::Instant;
use compute::period::Period;
use tokio::sync::{oneshot, watch};

use crate::command::Failure;
use crate::telemetry::Telemetry;

/// Requests that may wait for the engine.
const QUEUE_MAX: usize = 256;
/// Events taken in one step.
const STEP_EVENTS_MAX: usize = 50_000;
/// How often time moves when nothing arrives.
const TICK: Duration = Duration::from_millis(100);

/// What time it is: the system's clock, or one that is told (the demo's story).
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    /// The machine's.
    System,
    /// Bits of the instant last told.
    Told(Arc<AtomicI64>),
}

impl Clock {
    /// The instant now.
    pub(crate) fn now(&self) -> Instant {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Instant::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos())
            }
            Clock::Told(bits) => Instant::from_bits(bits.load(Ordering::Acquire)),
        }
    }
}

/// What a batch came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Applied {
    /// Version of the snapshot that shows it.
    pub(crate) version: u64,
}

/// A question only the engine can answer.
type Question = Box<dyn FnOnce(&Engine) + Send>;

enum Request {
    Events(Routed, oneshot::Sender<Applied>),
    Ask(Question),
}

/// Why the engine did not take a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// The queue is full.
    Busy,
    /// The engine has stopped.
    Stopped,
}

/// The handle everyone holds.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    requests: SyncSender<Request>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    shards: usize,
    calendar: Arc<Calendar>,
    rejected: Arc<AtomicU64>,
    last_event: Arc<AtomicI64>,
}

impl Live {
    /// Starts the engine's thread.
    pub(crate) fn start(setup: Setup, clock: Clock, telemetry: Telemetry) -> Result<Live, Failure> {
        let calendar = Arc::clone(&setup.calendar);
        let mut engine = Engine::new(setup);
        engine.advance(clock.now()).map_err(|error| Failure::broken(error.to_string()))?;
        let (requests, queue) = sync_channel(QUEUE_MAX);
        let (publish, snapshots) = watch::channel(Arc::new(engine.snapshot()));
        let shards = engine.shards();
        let worker = Worker { engine, clock: clock.clone(), publish, telemetry };
        std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || worker.run(&queue))
            .map_err(|error| Failure::broken(format!("the engine's thread cannot start: {error}")))?;
        let (rejected, last_event) = (Arc::default(), Arc::new(AtomicI64::new(Instant::FIRST.to_bits())));
        Ok(Live { requests, snapshots, clock, shards, calendar, rejected, last_event })
    }

    /// An empty batch that [`Live::apply`] takes.
    pub(crate) fn routed(&self) -> Routed {
        Routed::new(self.shards)
    }

    /// The working calendar figures are judged by.
    pub(crate) fn calendar(&self) -> Arc<Calendar> {
        Arc::clone(&self.calendar)
    }

    /// Hands events over; answers when a snapshot shows them.
    pub(crate) async fn apply(&self, routed: Routed) -> Result<Applied, Refused> {
        let (answer, applied) = oneshot::channel();
        self.send(Request::Events(routed, answer))?;
        self.last_event.store(self.clock.now().to_bits(), Ordering::Release);
        applied.await.map_err(|_| Refused::Stopped)
    }

    /// Hands events over from a thread, waiting for room; answers when a snapshot shows them.
    pub(crate) fn apply_blocking(&self, routed: Routed) -> Result<Applied, Refused> {
        let (answer, applied) = oneshot::channel();
        self.requests.send(Request::Events(routed, answer)).map_err(|_| Refused::Stopped)?;
        self.last_event.store(self.clock.now().to_bits(), Ordering::Release);
        applied.blocking_recv().map_err(|_| Refused::Stopped)
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (answer, answered) = oneshot::channel();
        self.send(Request::Ask(Box::new(move |engine| {
            // The asker may have gone; then nobody wants the answer.
            let _ = answer.send(question(engine));
        })))?;
        answered.await.map_err(|_| Refused::Stopped)
    }

    /// The subjects behind a count.
    pub(crate) async fn list(
        &self,
        period: Period,
        who: Who,
        indicator: compute::set::Indicator,
        part: Part,
    ) -> Result<Result<Vec<String>, compute::engine::ListError>, Refused> {
        self.ask(move |engine| engine.list(period, who, &indicator, part)).await
    }

    /// A dossier's story.
    pub(crate) async fn story(&self, dossier: String) -> Result<Option<Story>, Refused> {
        self.ask(move |engine| engine.story(&dossier)).await
    }

    fn send(&self, request: Request) -> Result<(), Refused> {
        self.requests.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Busy,
            TrySendError::Disconnected(_) => Refused::Stopped,
        })
    }

    /// What readers see now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// Tells of new snapshots.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Whether the engine still runs.
    pub(crate) fn is_running(&self) -> bool {
        self.snapshots.has_changed().is_ok()
    }

    /// Counts events set aside before they reached the engine.
    pub(crate) fn count_rejected(&self, count: usize) {
        self.rejected.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Events set aside so far, and when the last event was taken.
    pub(crate) fn intake(&self) -> (u64, Option<Instant>) {
        let last = Instant::from_bits(self.last_event.load(Ordering::Acquire));
        (self.rejected.load(Ordering::Relaxed), (last > Instant::FIRST).then_some(last))
    }
}

/// The engine and what it publishes to.
struct Worker {
    engine: Engine,
    clock: Clock,
    publish: watch::Sender<Arc<Snapshot>>,
    telemetry: Telemetry,
}

impl Worker {
    fn run(mut self, queue: &Receiver<Request>) {
        loop {
            let first = match queue.recv_timeout(TICK) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let started = std::time::Instant::now();
            let before = self.engine.tally();
            let (mut waiting, mut questions, mut events) = (Vec::new(), Vec::new(), 0);
            let mut next = first;
            while let Some(request) = next.take() {
                match request {
                    Request::Events(routed, answer) => {
                        events += routed.len();
                        self.engine.apply(&[routed]);
                        waiting.push(answer);
                    }
                    Request::Ask(question) => questions.push(question),
                }
                if events < STEP_EVENTS_MAX {
                    next = queue.try_recv().ok();
                }
            }
            if let Err(error) = self.engine.advance(self.clock.now()) {
                // Stop rather than lie: readers keep the last snapshot, and are told that it is stale.
                tracing::error!(%error, "the engine stops; reads go on from the last snapshot");
                return;
            }
            let version = self.publish(before);
            for answer in waiting {
                // A sender that has gone away does not want to know.
                let _ = answer.send(Applied { version });
            }
            for question in questions {
                question(&self.engine);
            }
            self.telemetry.step_seconds.observe(started.elapsed().as_secs_f64());
        }
    }

    fn publish(&mut self, before: compute::engine::Tally) -> u64 {
        let snapshot = Arc::new(self.engine.snapshot());
        let (version, tally) = (snapshot.version, snapshot.tally);
        let counted = |outcome, count| self.telemetry.events.with_label_values(&[outcome]).inc_by(count);
        counted("applied", tally.applied.saturating_sub(before.applied));
        counted("duplicate", tally.duplicate.saturating_sub(before.duplicate));
        counted("superseded", tally.superseded.saturating_sub(before.superseded));
        self.telemetry.version.set(i64::try_from(version).unwrap_or(i64::MAX));
        self.publish.send_replace(snapshot);
        version
    }
}
