//! The shares of one worker: as many as the group gives it, each on a thread of its own.
//!
//! The group is polled whatever the shares do. A share that is to be left is published and saved first, within a bounded
//! time; one that takes longer is fenced by whoever has it next. Not here: what a share does (`share`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use compute::engine::Setup;
use ingest::kafka::{self, KafkaError, Membership, SharedStatus, Stop, Wish};

use super::mapping::Mapping;
use super::share::{Common, Share};
use super::told::SharedWorking;
use crate::command::Failure;
use crate::serve::live::Clock;
use crate::telemetry::Telemetry;

/// How long the group is waited for at a time.
const BEAT: Duration = Duration::from_millis(100);
/// How long shares may take to be published and saved before they are left.
const LEAVE_PATIENCE: Duration = Duration::from_secs(5);
/// Before a member that ended is made anew.
const PAUSE: Duration = Duration::from_secs(3);

/// What a worker is made of.
pub(crate) struct WorkingSetup {
    /// Where brokers are.
    pub(crate) settings: kafka::Settings,
    /// The topic of counts.
    pub(crate) topic: String,
    /// An engine's.
    pub(crate) setup: Box<dyn Fn() -> Setup + Send + Sync>,
    /// The year from which periods are kept.
    pub(crate) from_year: i32,
    /// Shared storage.
    pub(crate) data: PathBuf,
    /// A name no other process has.
    pub(crate) member: String,
    /// Between two snapshots of a share.
    pub(crate) save_every: Duration,
    /// What time it is.
    pub(crate) clock: Clock,
}

/// A worker at work.
#[derive(Clone, Debug)]
pub(crate) struct Working {
    stop: Stop,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
    mapping: Option<Mapping>,
    status: SharedWorking,
}

/// A share that runs.
struct Running {
    stop: Stop,
    thread: JoinHandle<()>,
}

impl Working {
    /// Joins the group.
    pub(crate) fn start(setup: WorkingSetup, telemetry: Telemetry) -> Result<Working, Failure> {
        let status = SharedWorking::new(&setup.member, telemetry);
        let WorkingSetup { settings, topic, setup, from_year, data, member, save_every, clock } = setup;
        let common = Common {
            settings,
            topic,
            setup,
            from_year,
            data,
            member,
            save_every,
            clock,
            status: status.clone(),
        };
        let (stop, common) = (Stop::default(), Arc::new(common));
        let mapping = Mapping::start(&common.settings, &status, &stop)?;
        let asked = stop.clone();
        let thread = std::thread::Builder::new().name("group".to_owned());
        let thread = thread.spawn(move || run(&common, &asked));
        let thread =
            thread.map_err(|error| Failure::broken(format!("the thread group cannot start: {error}")))?;
        Ok(Working { stop, thread: Arc::new(Mutex::new(Some(thread))), mapping, status })
    }

    /// Leaves the group once every share is published and saved, and waits until it has.
    pub(crate) fn end(&self) {
        self.stop.ask();
        self.mapping.iter().for_each(Mapping::end);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the group had broken; others take its shares over");
        }
    }

    /// Where readers ask this process.
    pub(crate) fn set_address(&self, address: String) {
        self.status.set_address(address);
    }

    /// How it stands.
    pub(super) fn status(&self) -> &SharedWorking {
        &self.status
    }
}

fn run(common: &Arc<Common>, stop: &Stop) {
    while !stop.is_asked() {
        let group = SharedStatus::default();
        let mut running = BTreeMap::new();
        let ended = belong(common, stop, &group, &mut running);
        let all: Vec<i32> = running.keys().copied().collect();
        end(&mut running, &all);
        if let Err(error) = ended {
            tracing::error!(%error, "the group cannot be belonged to; a new member is made in a moment");
            common.status.note_trouble(Some(error.to_string()));
            let until = Instant::now() + PAUSE;
            while !stop.is_asked() && Instant::now() < until {
                std::thread::sleep(BEAT);
            }
        }
    }
}

/// One membership.
fn belong(
    common: &Arc<Common>,
    stop: &Stop,
    group: &SharedStatus,
    running: &mut BTreeMap<i32, Running>,
) -> Result<(), KafkaError> {
    let membership = Membership::open(&common.settings, group)?;
    while !stop.is_asked() {
        match membership.next(BEAT)? {
            None => {
                common.status.note_group(group.read());
                note_broken(common, running);
            }
            Some(Wish::Take(shares)) => {
                tracing::info!(?shares, "shares are given to this worker");
                let count = membership.partitions()?;
                membership.take(&shares)?;
                end(running, &shares);
                for share in shares {
                    running.insert(share, start(common, share, count));
                }
            }
            Some(Wish::Leave(shares)) => {
                tracing::info!(?shares, "shares are left to others");
                end(running, &shares);
                membership.leave(&shares)?;
            }
        }
    }
    let all: Vec<i32> = running.keys().copied().collect();
    end(running, &all);
    membership.close();
    Ok(())
}

fn start(common: &Arc<Common>, number: i32, shares: usize) -> Running {
    let stop = Stop::default();
    let share = Share { number, shares, stop: stop.clone(), common: Arc::clone(common) };
    let thread = std::thread::Builder::new().name(format!("share-{number}"));
    let thread = thread.spawn(move || share.run()).expect("the system has room for a thread a share");
    Running { stop, thread }
}

/// A share whose thread ended by itself met a bug: nobody counts it, and that is said.
fn note_broken(common: &Arc<Common>, running: &BTreeMap<i32, Running>) {
    for (share, _) in running.iter().filter(|(_, share)| share.thread.is_finished()) {
        common.status.note_broken(*share);
    }
}

/// Ends shares, waiting for them a bounded time.
fn end(running: &mut BTreeMap<i32, Running>, shares: &[i32]) {
    let ending: Vec<Running> = shares.iter().filter_map(|share| running.remove(share)).collect();
    for share in &ending {
        share.stop.ask();
    }
    let until = Instant::now() + LEAVE_PATIENCE;
    while Instant::now() < until && ending.iter().any(|share| !share.thread.is_finished()) {
        std::thread::sleep(BEAT / 10);
    }
}
