//! One world: sources, a process, a disk that fails, and a clock, driven by one seed; after every accident it is asked
//! whether anything was lost, invented or counted otherwise.
//!
//! A world that stops tells its seed and what happened last. Not here: the program's protocol (`process`).

mod compared;

use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use compute::instant::Instant;
use ingest::durable::Accepted;
use store::{EventLog, FolderSettings, Lasting, LogSettings, SimulatedDisk, Trouble};

use super::process::{Process, Start};
use super::seen::Seen;
use super::source::{BROKEN, Model, Source};
use crate::stream::{Chance, Lines};

/// Starts in a row that may fail before the disk is left in peace.
const FAILED_STARTS_MAX: u64 = 3;
/// What happened last, for whoever looks for the fault.
const TOLD_MAX: usize = 25;
const DAY: i64 = 86_400;

/// Everything there is.
pub(super) struct World<'a> {
    seed: u64,
    pub(super) chance: Chance,
    lines: &'a Lines,
    pub(super) disk: SimulatedDisk,
    pub(super) source: Source<'a>,
    pub(super) model: Model,
    settings: FolderSettings,
    process: Option<Process>,
    /// The latest instant any clock has shown.
    now: Instant,
    /// By how many seconds the clock is behind it.
    behind: i64,
    /// The operation at which arranged trouble begins.
    trouble_at: Option<u64>,
    pub(super) seen: Seen,
    told: Vec<String>,
    trace: DefaultHasher,
}

impl Drop for World<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let last = self.told.len().saturating_sub(TOLD_MAX);
            eprintln!("seed {}, {:?}; at last:\n{}", self.seed, self.seen, self.told[last..].join("\n"));
        }
    }
}

impl<'a> World<'a> {
    /// A disk with nothing on it, and a process just started.
    pub(super) fn new(
        seed: u64,
        lines: &'a Lines,
        source: Source<'a>,
        settings: FolderSettings,
    ) -> World<'a> {
        World {
            seed,
            chance: Chance::new(seed ^ 0x5eed),
            lines,
            disk: SimulatedDisk::new(seed),
            source,
            model: Model::default(),
            settings,
            process: None,
            now: lines.from(),
            behind: 0,
            trouble_at: None,
            seen: Seen::default(),
            told: Vec::new(),
            trace: DefaultHasher::new(),
        }
    }

    /// Small files and few snapshots, as the seed will have it.
    pub(super) fn settings(chance: &mut Chance) -> FolderSettings {
        let segment_bytes = (32 << 10) * (1 + chance.below(4));
        let log = LogSettings { segment_bytes, log_bytes_max: u64::MAX, set_aside_max: 5 };
        FolderSettings { log, snapshots_kept: 1 + usize::try_from(chance.below(3)).unwrap() }
    }

    /// What identifies the sequence of everything that happened.
    pub(super) fn trace(&self) -> u64 {
        self.trace.finish()
    }

    fn tell(&mut self, what: impl Display) {
        let line = format!("{:>6} {what}", self.disk.operations());
        line.hash(&mut self.trace);
        self.told.push(line);
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.chance.below(below)
    }

    fn clock(&self) -> Instant {
        Instant::from_unix(self.now.unix_seconds() - self.behind, 0)
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("a process that runs")
    }

    /// Arranged trouble may have struck; without it nothing may fail.
    pub(super) fn is_troubled(&self) -> bool {
        !self.disk.is_powered() || self.trouble_at.is_some_and(|at| self.disk.operations() > at)
    }

    fn excuse(&self, what: &str, problem: impl Display) {
        assert!(self.is_troubled(), "{what} failed on a sound disk: {problem}");
    }

    /// Lets the operation after the next `ahead` go wrong.
    pub(super) fn arrange(&mut self, ahead: u64, trouble: Trouble, lasting: Lasting) {
        let at = self.disk.operations() + ahead;
        self.tell(format_args!("arranged for {at}: {trouble:?} {lasting:?}"));
        self.disk.arrange(at, trouble, lasting);
        self.trouble_at = Some(at);
    }

    fn peace(&mut self) {
        self.disk.heal();
        self.trouble_at = None;
    }

    /// Does the next thing that happens.
    pub(super) fn turn(&mut self) {
        match self.draw(100) {
            0..36 => self.deliver(),
            36..70 => self.step(),
            70..76 => self.begin_save(),
            76..78 => self.abandon_save(),
            78..81 => self.behind = i64::try_from(self.chance.below(40)).unwrap() * DAY,
            81..84 => self.retire(),
            84..89 => self.foul(),
            89..94 => self.fell(),
            94 => self.kill(),
            _ => {
                self.mend();
            }
        }
        if !self.disk.is_powered() {
            self.crash();
        }
    }

    fn fell(&mut self) {
        if self.trouble_at.is_none() {
            let ahead = self.draw(150);
            self.arrange(ahead, Trouble::PowerLost, Lasting::Once);
        }
    }

    fn foul(&mut self) {
        if self.trouble_at.is_some() {
            return;
        }
        let trouble = if self.draw(3) == 0 { Trouble::NoSpace } else { Trouble::InputOutput };
        let lasting = if self.draw(2) == 0 { Lasting::UntilHealed } else { Lasting::Once };
        let ahead = self.draw(60);
        self.arrange(ahead, trouble, lasting);
    }

    /// Sources send a few batches, which are kept together.
    fn deliver(&mut self) {
        let (mut batches, mut group) = (Vec::new(), Vec::new());
        for _ in 0..=self.draw(4).saturating_sub(1) {
            if self.source.is_done() {
                break;
            }
            let batch = self.source.draw(&mut self.chance);
            // A sender waits for the answer before it sends the same again.
            if !batches.contains(&batch) {
                batches.push(batch);
            }
        }
        for batch in &batches {
            let arrival = self.source.arrival(*batch);
            self.now = self.now.max(arrival);
            let broken = (self.draw(12) == 0).then_some(BROKEN);
            let messages = self.source.messages(*batch).chain(broken);
            let clock = self.clock();
            group.push(self.process.as_mut().expect("a process that runs").accept(messages, clock));
        }
        if self.draw(15) == 0 {
            return self.deliver_broken();
        }
        self.keep(&batches, group);
    }

    /// A message of which nothing is understood, alone; its sender does not ask again.
    pub(super) fn deliver_broken(&mut self) {
        let clock = self.clock();
        let group = vec![self.process().accept(std::iter::once(BROKEN), clock)];
        self.keep(&[], group);
    }

    /// The next batch alone.
    pub(super) fn deliver_next(&mut self) {
        let Some(batch) = self.source.next() else { return };
        self.now = self.now.max(self.source.arrival(batch));
        let (messages, clock) = (self.source.messages(batch), self.clock());
        let group = vec![self.process.as_mut().expect("a process that runs").accept(messages, clock)];
        self.keep(&[batch], group);
    }

    fn keep(&mut self, batches: &[usize], group: Vec<Accepted>) {
        if group.is_empty() || !self.mend() {
            return;
        }
        self.model.attempt(&group);
        let (first, process) = (self.model.lines.len() as u64, self.process());
        match process.keep(group) {
            Ok(offset) => {
                assert_eq!(offset, first, "the log appended elsewhere");
                let (next, set_aside) = (process.log.next_offset(), process.log.next_set_aside());
                let is_kept = self.model.resolve(next, set_aside);
                assert!(is_kept, "the log said that it kept what it did not keep");
                for batch in batches {
                    self.source.acknowledge(*batch);
                }
                self.tell(format_args!("kept {first}..{next}: batches {batches:?}"));
            }
            Err(error) => {
                self.excuse("an append", &error);
                self.seen.refused += 1;
                self.tell(format_args!("refused batches {batches:?}: {error}"));
            }
        }
    }

    /// Opens the log again if it is closed; whether it is open.
    pub(super) fn mend(&mut self) -> bool {
        if self.process().is_well() {
            return true;
        }
        if self.draw(2) == 0 {
            self.peace();
            if self.draw(3) == 0 {
                let ahead = self.draw(40);
                self.arrange(ahead, Trouble::InputOutput, Lasting::Once);
            }
        }
        let mut process = self.process.take().expect("a process that runs");
        let mut is_in_log = false;
        let model = &mut self.model;
        let healed = process.heal(|log: &EventLog| {
            is_in_log = model.resolve(log.next_offset(), log.next_set_aside());
        });
        self.process = Some(process);
        self.seen.handed_on += u64::from(is_in_log);
        match &healed {
            Ok(()) => self.tell(format_args!("the log is open again, {is_in_log}")),
            Err(error) => {
                self.excuse("opening the log again", error);
                self.tell(format_args!("the log stays closed, {is_in_log}: {error}"));
            }
        }
        healed.is_ok()
    }

    /// The engine takes some of what waits, moves with the clock, and a snapshot under way goes on.
    pub(super) fn step(&mut self) {
        let (clock, behind) = (self.clock(), self.behind > 0);
        let waiting = self.process().waiting() as u64;
        let count = usize::try_from(self.draw(waiting + 2)).unwrap();
        let process = self.process();
        let (before, rested) = (process.engine.as_of(), process.engine.at_rest().subjects);
        let stepped = process.step(count, clock);
        let (after, woken) = (process.engine.as_of(), rested - process.engine.at_rest().subjects);
        self.seen.woken += woken;
        let process = self.process();
        assert!(after >= before && process.engine.tally().is_conserved());
        self.tell(format_args!("step of {count}, clock {clock:?} behind {behind}"));
        if let Err(error) = stepped {
            return self.stop(&error);
        }
        self.save_on();
        if self.draw(4) == 0 {
            self.behind = 0;
        }
    }

    fn save_on(&mut self) {
        let piece = usize::try_from(1 + self.chance.below(60_000)).unwrap();
        let writes = usize::try_from(self.chance.below(3)).unwrap();
        let rested = self.process().engine.at_rest().subjects;
        let saved = self.process().save_on(piece, writes);
        self.seen.rested += self.process().engine.at_rest().subjects - rested;
        match saved {
            None => {}
            Some(Ok(info)) => {
                self.seen.snapshots += 1;
                self.tell(format_args!("snapshot of {} is whole, {} bytes", info.offset, info.bytes));
            }
            Some(Err(error)) => {
                self.excuse("a snapshot", &error);
                self.seen.failed_snapshots += 1;
                self.tell(format_args!("no snapshot: {error}"));
            }
        }
    }

    pub(super) fn begin_save(&mut self) {
        // A save begins between steps.
        let clock = self.clock();
        if let Err(error) = self.process().step(0, clock) {
            return self.stop(&error);
        }
        if let Err(error) = self.process().begin_save() {
            // A failed disk may have kept the unfinished file of an earlier one, which the next start removes.
            if !matches!(error, store::SnapshotError::InProgress { .. }) {
                self.excuse("beginning a snapshot", &error);
            }
            self.seen.failed_snapshots += 1;
        }
        let is_saving = self.process().is_saving();
        self.tell(format_args!("a snapshot begins: {is_saving}"));
    }

    fn abandon_save(&mut self) {
        if self.process().is_saving() {
            self.process().abandon_save();
            self.seen.abandoned += 1;
            self.tell("a snapshot is abandoned");
        }
    }

    /// Writes a snapshot to its end.
    pub(super) fn save_whole(&mut self) {
        self.begin_save();
        while self.disk.is_powered() && self.process().is_saving() {
            self.save_on();
        }
    }

    fn retire(&mut self) {
        if !self.process().is_well() {
            return;
        }
        match self.process().retire() {
            Ok(freed) => {
                self.seen.retired += u64::from(freed > 0);
                self.tell(format_args!("retired {freed} bytes"));
            }
            Err(problem) => {
                self.excuse("retiring", &problem);
                self.tell(format_args!("not retired: {problem}"));
            }
        }
    }

    /// The engine has stopped rather than lie: someone starts the program again.
    fn stop(&mut self, error: &dyn Display) {
        self.excuse("the engine", error);
        self.seen.stopped += 1;
        self.kill();
    }

    fn kill(&mut self) {
        self.seen.kills += 1;
        self.disk.kill_process();
        self.tell("killed");
        self.end_process();
    }

    /// The power goes and comes back; so does the process.
    pub(super) fn crash(&mut self) {
        self.seen.crashes += 1;
        self.disk.power_cycle();
        self.tell("the power was lost");
        self.end_process();
    }

    fn end_process(&mut self) {
        self.trouble_at = None;
        let segments = self.disk.files().iter().filter(|path| path.contains(".redb")).count() as u64;
        self.seen.sealed += segments.saturating_sub(1);
        // Its handles are dead, so what its end would still write is lost with it.
        self.process = None;
        self.start();
    }

    /// Starts the process, again and again until it runs, and looks whether everything is there.
    pub(super) fn start(&mut self) {
        let mut tries = 0;
        let process = loop {
            if tries < FAILED_STARTS_MAX && self.seen.crashes + self.seen.kills > 0 && self.draw(4) == 0 {
                let (ahead, kind) = (self.draw(80), self.draw(3));
                let trouble = if kind == 0 { Trouble::InputOutput } else { Trouble::PowerLost };
                self.arrange(ahead, trouble, Lasting::Once);
            }
            let shards = 1 + usize::try_from(self.draw(5)).unwrap();
            let start =
                Start { settings: self.settings, shards, from: self.lines.from(), clock: self.clock() };
            match Process::start(Arc::new(self.disk.clone()), start) {
                Ok(process) => break process,
                Err(problem) => {
                    self.excuse("a start", &problem);
                    self.tell(format_args!("no start: {problem}"));
                }
            }
            tries += 1;
            self.seen.failed_starts += 1;
            self.trouble_at = None;
            if self.disk.is_powered() { self.disk.kill_process() } else { self.disk.power_cycle() }
        };
        let (snapshot, passed_over, replayed) = &process.restored;
        assert!(
            passed_over.is_empty() || self.is_troubled(),
            "a snapshot is not as written: {passed_over:?}"
        );
        let (next, set_aside) = (process.log.next_offset(), process.log.next_set_aside());
        let is_in_log = self.model.resolve(next, set_aside);
        self.seen.from_snapshot += u64::from(snapshot.is_some());
        self.seen.from_log += u64::from(snapshot.is_none());
        self.seen.replayed += replayed;
        let told = format!("restored from {snapshot:?}, {replayed} replayed, up to {next} {is_in_log}");
        self.process = Some(process);
        self.tell(told);
        // It may have been struck behind the start: the next turn sees to that.
        if self.disk.is_powered() {
            self.compare();
        }
    }
}
