//! A thread that works beside the live index from when the state is restored until it is asked to end.
//!
//! Not here: what it does.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ingest::kafka::Stop;

use super::live::{Live, Phase};
use crate::command::Failure;

/// Between two looks whether the state is restored.
const BEAT: Duration = Duration::from_millis(20);

/// A thread and the way to end it.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    name: &'static str,
    stop: Stop,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Beside {
    /// Has `work` begin once the state is restored; it ends by itself soon after `stop` is asked.
    pub(super) fn start(
        name: &'static str,
        live: Live,
        stop: Stop,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<Beside, Failure> {
        let is_wanted = stop.clone();
        let run = move || {
            while matches!(live.phase(), Phase::Recovering(..)) {
                if is_wanted.is_asked() || !live.is_running() {
                    return;
                }
                std::thread::sleep(BEAT);
            }
            drop(live);
            work();
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        let thread =
            thread.map_err(|error| Failure::broken(format!("the thread {name} cannot start: {error}")))?;
        Ok(Beside { name, stop, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// Has `work` begin at once.
    pub(super) fn start_now(
        name: &'static str,
        stop: Stop,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<Beside, Failure> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        let thread =
            thread.map_err(|error| Failure::broken(format!("the thread {name} cannot start: {error}")))?;
        Ok(Beside { name, stop, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// Asks it to end and waits until it has.
    pub(super) fn end(&self) {
        self.stop.ask();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(thread = self.name, "a thread had broken; the next start goes on from the log");
        }
    }
}
