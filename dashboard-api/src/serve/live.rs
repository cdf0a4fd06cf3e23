//! The live index: the handle everyone holds, and how it comes to life.
//!
//! Accepted events go to the keeper of the log, if there is one, and from there to the engine; both have a thread of
//! their own and a bounded queue before them: when it is full, senders are told to come back. Not here: decoding (done
//! before), HTTP, what the threads do (`keeper`, `worker`, `saver`).

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use compute::calendar::Calendar;
use compute::codes::CodeBook;
use compute::engine::{Engine, Part, Routed, Setup, Snapshot, Story, Tally, Who};
use compute::facts::Subject;
use compute::instant::Instant;
use compute::period::Period;
use ingest::durable::{Accepted, Came, Ledger};
use store::{DataFolder, LogReader, Snapshots};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::keeper::{Errand, LogState, SharedState};
use super::lists::{Count, no_list};
use super::problem::Problem;
use super::scale::{Asking, Merged};
use super::start::Start;
use super::worker::{Incoming, Request, StateSaved, Worker};
use crate::command::Failure;
use crate::telemetry::Telemetry;

/// Requests that may wait for the engine, and for the log.
const QUEUE_MAX: usize = 256;
/// KiB of events that may be on their way from a socket into the log.
const INTAKE_KIB_MAX: u32 = 256 << 10;
/// How long a stop waits for the log and the last snapshot.
const CLOSE_PATIENCE: Duration = Duration::from_mins(1);
/// Between two tries to put a request into a full queue.
const CLOSE_BEAT: Duration = Duration::from_millis(20);

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

/// Why a request was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// A queue is full.
    Busy,
    /// The engine has stopped.
    Stopped,
    /// The log cannot be written: what it says.
    NotKept(String),
}

/// Where the live index stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// What was is being restored: the offset reached, and the offset wanted.
    Recovering(u64, u64),
    /// Everything kept is counted.
    Running,
}

/// A data folder, and how often the state is saved into it.
#[derive(Debug)]
pub(crate) struct Storage {
    pub(crate) folder: DataFolder,
    pub(crate) save_every: Duration,
    /// After how many days events before the oldest snapshot kept are removed, if ever.
    pub(crate) forgets_after_days: Option<u32>,
    /// Where backups of the running server go.
    pub(crate) backups: Option<PathBuf>,
}

/// What a backup is made from, and where it goes.
#[derive(Clone, Debug)]
pub(crate) struct BackupSource {
    pub(crate) log: LogReader,
    pub(crate) snapshots: Snapshots,
    pub(crate) under: PathBuf,
}

/// One source: what came in, and what the engine made of it.
#[derive(Clone, Debug)]
pub(crate) struct SourceCounts {
    pub(crate) source: String,
    pub(crate) came: Came,
    pub(crate) tally: Tally,
}

/// Events that were handed over and of which nobody has heard yet.
#[derive(Debug)]
pub(crate) struct Applying {
    applied: oneshot::Receiver<Result<Applied, Refused>>,
    live: Live,
    is_any: bool,
    set_aside: usize,
}

impl Applying {
    /// What became of them; `None` while nobody knows.
    pub(crate) fn outcome(&mut self) -> Option<Result<Applied, Refused>> {
        let outcome = match self.applied.try_recv() {
            Ok(outcome) => outcome,
            Err(oneshot::error::TryRecvError::Empty) => return None,
            Err(oneshot::error::TryRecvError::Closed) => Err(Refused::Stopped),
        };
        if outcome.is_ok() {
            self.live.note_intake(self.is_any, self.set_aside);
        }
        Some(outcome)
    }
}

/// The handle everyone holds.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(super) engine: SyncSender<Request>,
    keeper: Option<SyncSender<Errand>>,
    log: Option<(LogReader, SharedState)>,
    pub(super) saved: Arc<Mutex<StateSaved>>,
    backup: Option<BackupSource>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    phase: watch::Receiver<Phase>,
    clock: Clock,
    shards: usize,
    calendar: Arc<Calendar>,
    pub(super) rejected: Arc<AtomicU64>,
    pub(super) last_event: Arc<AtomicI64>,
    intake: Arc<Semaphore>,
    merged: Option<Arc<Merged>>,
    /// Who has the dossiers, if others have them.
    pub(super) asking: Option<Asking>,
}

impl Live {
    /// Starts the threads. Without `storage` nothing outlives the process; with it, what was is restored first, while
    /// the handle already answers.
    pub(crate) fn start(
        setup: impl Fn() -> Setup + Send + 'static,
        (storage, merged): (Option<Storage>, Option<Arc<Merged>>),
        clock: Clock,
        telemetry: Telemetry,
    ) -> Result<Live, Failure> {
        let first = setup();
        let (calendar, shards) = (Arc::clone(&first.calendar), first.shards.max(1));
        let mut engine = Engine::new(first);
        let (requests, queue) = sync_channel(QUEUE_MAX);
        let is_recovering = storage.is_some();
        if !is_recovering {
            engine.advance(clock.now()).map_err(|error| Failure::broken(error.to_string()))?;
        }
        let (publish, snapshots) = watch::channel(Arc::new(engine.snapshot()));
        let (tell, phase) =
            watch::channel(if is_recovering { Phase::Recovering(0, 0) } else { Phase::Running });
        let mut live = Live {
            engine: requests,
            keeper: None,
            log: None,
            saved: Arc::default(),
            backup: None,
            snapshots,
            phase,
            clock: clock.clone(),
            shards,
            calendar,
            rejected: Arc::default(),
            last_event: Arc::new(AtomicI64::new(Instant::FIRST.to_bits())),
            intake: Arc::new(Semaphore::new(INTAKE_KIB_MAX as usize)),
            merged: merged.clone(),
            asking: None,
        };
        let worker = Worker {
            engine,
            clock,
            publish,
            merged,
            telemetry,
            came: Ledger::default(),
            offset: 0,
            saving: None,
            saver: None,
            is_leaving: false,
            last_saved: std::time::Instant::now(),
        };
        let Some(storage) = storage else {
            spawn("engine", move || worker.run(&queue))?;
            return Ok(live);
        };
        let (errands, errand_queue) = sync_channel(QUEUE_MAX);
        let state: SharedState = Arc::default();
        live.log = Some((storage.folder.log.reader(), Arc::clone(&state)));
        live.backup = storage.backups.clone().map(|under| BackupSource {
            log: storage.folder.log.reader(),
            snapshots: storage.folder.snapshots.clone(),
            under,
        });
        live.keeper = Some(errands.clone());
        let start = Start { live: live.clone(), errands, errand_queue, state, tell };
        spawn("engine", move || start.run(setup, storage, worker, &queue))?;
        Ok(live)
    }

    /// Dossiers are asked for from now on.
    pub(super) fn asks(&mut self, asking: Asking) {
        self.asking = Some(asking);
    }

    /// An empty batch that [`Live::apply`] takes.
    pub(crate) fn accepted(&self) -> Accepted {
        Accepted::new(Routed::new(self.shards), self.clock.now())
    }

    /// The codes events must be packed with.
    pub(crate) fn codes(&self) -> Arc<CodeBook> {
        Arc::clone(&self.snapshots.borrow().codes)
    }

    /// The working calendar figures are judged by.
    pub(crate) fn calendar(&self) -> Arc<Calendar> {
        Arc::clone(&self.calendar)
    }

    /// The instant now.
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Whether everything that should be counted is, as far as anyone knows.
    pub(super) fn is_complete(&self) -> bool {
        self.merged.as_ref().is_none_or(|merged| merged.is_complete())
    }

    /// Where it stands.
    pub(crate) fn phase(&self) -> Phase {
        if let Some(merged) = self.merged.as_ref().filter(|merged| !merged.is_ready()) {
            let (heard, wanted) = merged.progress();
            return Phase::Recovering(heard, wanted);
        }
        *self.phase.borrow()
    }

    /// Room for a request of so many bytes, given back when dropped; refused when too much is under way.
    pub(crate) fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refused> {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).clamp(1, INTAKE_KIB_MAX);
        Arc::clone(&self.intake).try_acquire_many_owned(kib).map_err(|_| Refused::Busy)
    }

    /// Hands events over; answers when they are kept, if there is a log, and a snapshot shows them.
    pub(crate) async fn apply(&self, accepted: Accepted) -> Result<Applied, Refused> {
        let (answer, applied) = oneshot::channel();
        let (is_any, set_aside) = (accepted.events > 0, accepted.set_aside.len());
        if let Some(keeper) = &self.keeper {
            try_send(keeper, Errand::Keep(accepted, answer))?;
        } else {
            let incoming = Incoming { accepted, next_offset: None, answer: Some(answer) };
            try_send(&self.engine, Request::Events(vec![incoming]))?;
        }
        let applied = applied.await.map_err(|_| Refused::Stopped)??;
        self.note_intake(is_any, set_aside);
        Ok(applied)
    }

    /// Hands events over from a thread, waiting for room; answers when a snapshot shows them.
    pub(crate) fn apply_blocking(&self, accepted: Accepted) -> Result<Applied, Refused> {
        let (answer, applied) = oneshot::channel();
        let (is_any, set_aside) = (accepted.events > 0, accepted.set_aside.len());
        let sent = if let Some(keeper) = &self.keeper {
            keeper.send(Errand::Keep(accepted, answer)).is_ok()
        } else {
            let incoming = Incoming { accepted, next_offset: None, answer: Some(answer) };
            let request = Request::Events(vec![incoming]);
            self.engine.send(request).is_ok()
        };
        let applied = if sent {
            applied.blocking_recv().map_err(|_| Refused::Stopped)??
        } else {
            return Err(Refused::Stopped);
        };
        self.note_intake(is_any, set_aside);
        Ok(applied)
    }

    /// Hands events over from a thread without waiting; what became of them is told to whoever holds the answer's end.
    pub(crate) fn begin_to_apply(&self, accepted: Accepted) -> Result<Applying, (Refused, Box<Accepted>)> {
        let (answer, applied) = oneshot::channel();
        let Some(keeper) = &self.keeper else { return Err((Refused::Stopped, Box::new(accepted))) };
        let (is_any, set_aside) = (accepted.events > 0, accepted.set_aside.len());
        match keeper.try_send(Errand::Keep(accepted, answer)) {
            Ok(()) => Ok(Applying { applied, live: self.clone(), is_any, set_aside }),
            Err(TrySendError::Full(Errand::Keep(accepted, _))) => Err((Refused::Busy, Box::new(accepted))),
            Err(TrySendError::Disconnected(Errand::Keep(accepted, _))) => {
                Err((Refused::Stopped, Box::new(accepted)))
            }
            Err(_) => unreachable!("what comes back is what was sent"),
        }
    }

    fn note_intake(&self, is_any: bool, set_aside: usize) {
        if is_any {
            self.last_event.store(self.clock.now().to_bits(), Ordering::Release);
        }
        self.rejected.fetch_add(set_aside as u64, Ordering::Relaxed);
    }

    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Worker) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (answer, answered) = oneshot::channel();
        let question = Request::Ask(Box::new(move |worker| {
            // The asker may have gone; then nobody wants the answer.
            let _ = answer.send(question(worker));
        }));
        try_send(&self.engine, question)?;
        answered.await.map_err(|_| Refused::Stopped)
    }

    /// The subjects behind a count.
    pub(super) async fn list(
        &self,
        period: Period,
        who: Who,
        indicator: compute::set::Indicator,
        part: Part,
    ) -> Result<Vec<String>, Problem> {
        if let Some(asking) = self.asking.as_ref().filter(|_| indicator.subject() == Subject::Dossier) {
            let count = Count::Indicator(Box::new(indicator), part);
            return asking.list(period, who, &count, &self.codes()).await;
        }
        // Procedures count by dossiers that others have.
        if self.asking.is_some() && indicator.subject() != Subject::Petition {
            return self.snapshot().list(period, who, &indicator, part).map_err(no_list);
        }
        let listed = self.ask(move |worker| worker.engine.list(period, who, &indicator, part)).await?;
        listed.map_err(no_list)
    }

    /// A dossier's story.
    pub(super) async fn story(&self, dossier: String) -> Result<Option<Story>, Problem> {
        if let Some(asking) = &self.asking {
            return asking.story(dossier, &self.codes()).await;
        }
        // An archive that cannot be read stops the engine.
        let story = self.ask(move |worker| worker.engine.story(&dossier)).await?;
        story.map_err(|_| Problem::Stopped)
    }

    /// What came from each source and what became of it, by the sender's name; and the log offset counted.
    pub(crate) async fn sources(&self) -> Result<(Vec<SourceCounts>, u64), Refused> {
        self.ask(|worker| {
            let codes = worker.engine.codes();
            let names = codes.names();
            let tallies = worker.engine.tallies().into_iter();
            let tallies: std::collections::BTreeMap<&str, Tally> =
                tallies.map(|(source, tally)| (names.text(source), tally)).collect();
            let of = |(source, came): (&str, Came)| SourceCounts {
                source: source.to_owned(),
                came,
                tally: tallies.get(source).copied().unwrap_or_default(),
            };
            let mut told: Vec<SourceCounts> = worker.came.sources().map(of).collect();
            let others = worker.came.others();
            if others != Came::default() {
                let unnamed = tallies.iter().filter(|(source, _)| !worker.came.knows(source));
                let tally = unnamed.fold(Tally::default(), |sum, (_, tally)| sum.plus(*tally));
                told.push(SourceCounts { source: "(others)".to_owned(), came: others, tally });
            }
            (told, worker.offset)
        })
        .await
    }

    /// The log for reading, and how it stands.
    pub(crate) fn log(&self) -> Option<(LogReader, LogState)> {
        let (reader, state) = self.log.as_ref()?;
        Some((reader.clone(), state.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }

    /// What a backup is made from; `None` unless the server was told where backups go.
    pub(crate) fn backup(&self) -> Option<BackupSource> {
        self.backup.clone()
    }

    /// How snapshots of the state stand.
    pub(crate) fn saved(&self) -> StateSaved {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A message set aside has been dealt with; whether it was there.
    pub(crate) async fn resolve(&self, number: u64) -> Result<bool, Refused> {
        let Some(keeper) = &self.keeper else { return Ok(false) };
        let (answer, answered) = oneshot::channel();
        try_send(keeper, Errand::Resolve(number, answer))?;
        answered.await.map_err(|_| Refused::Stopped)?
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

    /// Events set aside so far, and when the last event was taken.
    pub(crate) fn intake(&self) -> (u64, Option<Instant>) {
        let last = Instant::from_bits(self.last_event.load(Ordering::Acquire));
        (self.rejected.load(Ordering::Relaxed), (last > Instant::FIRST).then_some(last))
    }

    /// Keeps and counts what is under way, saves the state, closes the log.
    pub(crate) async fn close(&self) {
        if let Some(keeper) = &self.keeper {
            hand_over(keeper, Errand::Close).await;
        }
        hand_over(&self.engine, Request::Finish).await;
    }
}

/// Asks a thread to end behind everything that waits for it, and waits until it has.
async fn hand_over<T>(queue: &SyncSender<T>, request: impl Fn(oneshot::Sender<()>) -> T) {
    let asked = async {
        loop {
            let (answer, ended) = oneshot::channel();
            match try_send(queue, request(answer)) {
                // A thread that is gone has ended.
                Ok(()) => return ended.await.unwrap_or(()),
                Err(Refused::Busy) => tokio::time::sleep(CLOSE_BEAT).await,
                Err(_) => return,
            }
        }
    };
    if tokio::time::timeout(CLOSE_PATIENCE, asked).await.is_err() {
        tracing::warn!("a thread did not end in time; the next start reads on from what is kept");
    }
}

fn try_send<T>(queue: &SyncSender<T>, request: T) -> Result<(), Refused> {
    queue.try_send(request).map_err(|error| match error {
        TrySendError::Full(_) => Refused::Busy,
        TrySendError::Disconnected(_) => Refused::Stopped,
    })
}

pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map(|_| ()).map_err(|error| Failure::broken(format!("the {name} thread cannot start: {error}")))
}
