//! How the live index comes to life from a data folder: what was is restored, then the keeper of the log and the engine
//! begin to work.
//!
//! It runs on the engine's thread while the handle already answers that it is recovering. What cannot be restored is said
//! once, loudly, and nothing is served. Not here: what restoring means (`ingest::durable::recovery`).

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use compute::engine::Setup;
use ingest::durable::{Kept, Ledger, Recovered, recover};
use store::{Archive, DataFolder, EventLog, Snapshots};
use tokio::sync::watch;

use super::keeper::{Errand, Keeper, SharedState};
use super::live::{Live, Phase, Storage, spawn};
use super::worker::{Request, Saving, Worker};

/// A start from a data folder.
pub(super) struct Start {
    pub(super) live: Live,
    pub(super) errands: SyncSender<Errand>,
    pub(super) errand_queue: Receiver<Errand>,
    pub(super) state: SharedState,
    pub(super) tell: watch::Sender<Phase>,
}

impl Start {
    /// On the engine's thread: restores what was, starts the keeper, runs.
    pub(super) fn run(
        self,
        setup: impl Fn() -> Setup,
        storage: Storage,
        mut worker: Worker,
        queue: &Receiver<Request>,
    ) {
        let DataFolder { log, snapshots, archive, .. } = storage.folder;
        let (recovered, ledger) = match self.recover(&setup, &log, &snapshots, &archive) {
            Ok(recovered) => recovered,
            // Stop rather than lie: the handle sees that the thread has gone.
            Err(problem) => {
                return tracing::error!(%problem, "what is kept cannot be restored; nothing is served");
            }
        };
        self.live.rejected.store(ledger.set_aside(), Ordering::Relaxed);
        if let Some(at) = ledger.last_arrived() {
            self.live.last_event.store(at.to_bits(), Ordering::Release);
        }
        {
            let mut saved = self.live.saved.lock().unwrap_or_else(PoisonError::into_inner);
            (saved.offset, saved.moved) = (recovered.snapshot, recovered.moved);
            saved.resting_bytes = recovered.at_rest.bytes;
        }
        let at_rest = recovered.at_rest.segments;
        worker.engine = recovered.engine;
        (worker.came, worker.offset) = (ledger.clone(), recovered.next_offset);
        if let Err(problem) = worker.catch_up() {
            return tracing::error!(%problem, "what is kept cannot be counted; nothing is served");
        }
        let reader = log.reader();
        let keeper = Keeper {
            log,
            ledger,
            engine: self.live.engine.clone(),
            state: self.state,
            telemetry: worker.telemetry.clone(),
            last_tried: std::time::Instant::now(),
            handed: recovered.next_offset,
            codes: worker.engine.codes(),
            shards: worker.engine.shards(),
        };
        // Before anyone is told that it runs, how the log stands can be read.
        keeper.note(None);
        let errand_queue = self.errand_queue;
        if spawn("keeper", move || keeper.run(&errand_queue)).is_err() {
            return tracing::error!("the keeper's thread cannot start; nothing is served");
        }
        worker.saving = Some(Saving {
            snapshots,
            archive,
            at_rest,
            every: storage.save_every,
            keeper: self.errands,
            forgets_after_days: storage.forgets_after_days,
            log: reader,
            state: Arc::clone(&self.live.saved),
        });
        self.tell.send_replace(Phase::Running);
        // The handle kept here would keep the queue open for ever.
        drop(self.live);
        worker.run(queue);
    }

    fn recover(
        &self,
        setup: &impl Fn() -> Setup,
        log: &EventLog,
        snapshots: &Snapshots,
        archive: &Archive,
    ) -> Result<(Recovered, Ledger), ingest::durable::RecoveryError> {
        let started = std::time::Instant::now();
        let mut last_told = started;
        let progress = &mut |reached, wanted| {
            self.tell.send_replace(Phase::Recovering(reached, wanted));
            if last_told.elapsed() > Duration::from_secs(2) {
                last_told = std::time::Instant::now();
                tracing::info!(reached, wanted, "reading the log");
            }
        };
        let recovered = recover(Kept { log: &log.reader(), snapshots, archive }, &mut || setup(), progress)?;
        for problem in &recovered.passed_over {
            tracing::warn!(%problem, "a snapshot could not be used; an older one or the log was");
        }
        if let Some(moved) = &recovered.moved {
            tracing::warn!(
                figures = moved.figures,
                "calendar, indicator sets or program changed: all was counted anew"
            );
            for (before, after) in &moved.examples {
                tracing::info!(%before, %after, "a figure moved");
            }
        }
        let ledger = Ledger::read(log.ledger())?;
        recovered.check(&ledger)?;
        let seconds = started.elapsed().as_secs_f64();
        let (snapshot, replayed) = (recovered.snapshot, recovered.replayed);
        tracing::info!(?snapshot, replayed, counted = recovered.is_counted, seconds, "state restored");
        Ok((recovered, ledger))
    }
}
