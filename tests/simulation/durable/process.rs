//! The keeper, the worker and the saver of `nhip serve`, their protocol without their threads: who goes next is the
//! caller's choice, so that one seed is one order.
//!
//! It mirrors `dashboard-api/src/serve/{keeper,worker,saver}.rs` step by step; where they send, this queues. Not here:
//! chance, sources, what ought to be (`world`).

use std::collections::VecDeque;
use std::sync::Arc;

use compute::codes::LocalCodes;
use compute::engine::{Engine, Keep, RestDraft, RestRule, Routed, STATE_FORMAT};
use compute::instant::Instant;
use ingest::durable::{
    Accepted, Kept, Ledger, RecoveryError, RestWriter, RestingPlace, left_behind, recover, recovery,
};
use store::{
    Archive, Chunk, DataFolder, Disk, EventLog, FolderSettings, LogError, SnapshotError, SnapshotInfo,
    SnapshotWriter, Snapshots,
};

use crate::stream::setup;

/// Events of one request on their way from the keeper to the engine.
struct Request {
    accepted: Accepted,
    next_offset: u64,
}

/// A snapshot under way: what the engine has handed over, and how far the disk has come.
struct Saver {
    offset: u64,
    writer: SnapshotWriter,
    resting: RestWriter,
    pieces: VecDeque<(Vec<u8>, RestDraft)>,
    is_whole: bool,
    written: Result<(), String>,
}

/// What a process is started with.
#[derive(Clone, Copy)]
pub(super) struct Start {
    pub(super) settings: FolderSettings,
    pub(super) shards: usize,
    pub(super) from: Instant,
    pub(super) clock: Instant,
}

/// One life of the program, from its start to its end or the power's.
pub(super) struct Process {
    pub(super) log: EventLog,
    pub(super) snapshots: Snapshots,
    archive: Archive,
    /// The segments the state rests on.
    at_rest: Vec<u64>,
    pub(super) ledger: Ledger,
    /// Events before this offset were handed to the engine.
    handed: u64,
    queue: VecDeque<Request>,
    pub(super) engine: Engine,
    came: Ledger,
    offset: u64,
    /// The offset of the newest snapshot.
    newest: Option<u64>,
    saver: Option<Saver>,
    /// The snapshot it came from, snapshots it could not use, and events read from the log.
    pub(super) restored: (Option<u64>, Vec<String>, u64),
}

impl Process {
    /// Opens the folder and restores what was, as `nhip serve --data` does.
    pub(super) fn start(disk: Arc<dyn Disk>, start: Start) -> Result<Process, String> {
        let DataFolder { log, snapshots, archive, .. } =
            DataFolder::open_on(disk, start.settings).map_err(|error| error.to_string())?;
        let mut fresh = || setup(start.shards, Keep::From(start.from));
        let recovered = recover(
            Kept { log: &log.reader(), snapshots: &snapshots, archive: &archive },
            &mut fresh,
            &mut |_, _| {},
        );
        let recovered = recovered.map_err(|error| error.to_string())?;
        let ledger = Ledger::read(log.ledger()).map_err(|error| error.to_string())?;
        recovered.check(&ledger).map_err(|error| error.to_string())?;
        let mut engine = recovered.engine;
        engine.advance(start.clock).map_err(|error| error.to_string())?;
        Ok(Process {
            log,
            snapshots,
            archive,
            at_rest: recovered.at_rest.segments,
            came: ledger.clone(),
            ledger,
            handed: recovered.next_offset,
            queue: VecDeque::new(),
            engine,
            offset: recovered.next_offset,
            newest: recovered.snapshot,
            saver: None,
            restored: (recovered.snapshot, recovered.passed_over, recovered.replayed),
        })
    }

    /// What one request brings; broken messages are set aside.
    pub(super) fn accept<'a>(&self, messages: impl Iterator<Item = &'a str>, arrived: Instant) -> Accepted {
        let mut codes = LocalCodes::new(&self.engine.codes());
        let mut accepted = Accepted::new(Routed::new(self.engine.shards()), arrived);
        for (position, message) in messages.enumerate() {
            // A message that is set aside is counted by the ledger.
            let _ = accepted.take(message.as_bytes(), "simulated", position, &mut codes);
        }
        accepted
    }

    /// Makes a group durable in one transaction and queues it for the engine; the offset of its first event.
    pub(super) fn keep(&mut self, group: Vec<Accepted>) -> Result<u64, LogError> {
        let mut ledger = self.ledger.clone();
        let (mut lines, mut set_aside, mut events, mut arrived) = (Vec::new(), Vec::new(), 0, i64::MIN);
        for accepted in &group {
            lines.extend_from_slice(&accepted.lines);
            set_aside.extend(accepted.set_aside.iter().map(Vec::as_slice));
            events += accepted.events;
            arrived = arrived.max(accepted.arrived.to_bits());
            ledger.add(&accepted.came);
        }
        ledger.note_arrival(arrived);
        let bytes = ledger.to_bytes();
        let chunk = Chunk { arrived, events, bytes: &lines, set_aside: &set_aside, ledger: &bytes };
        let appended = self.log.append(chunk)?;
        self.ledger = ledger;
        self.handed = appended.first_offset;
        for accepted in group {
            self.handed += u64::from(accepted.events);
            self.queue.push_back(Request { accepted, next_offset: self.handed });
        }
        Ok(appended.first_offset)
    }

    /// Whether the log is open and everything in it was handed on.
    pub(super) fn is_well(&self) -> bool {
        self.log.trouble().is_none() && self.handed == self.log.next_offset()
    }

    /// Opens the log again; `looked` sees it before what it holds after all is handed on.
    pub(super) fn heal(&mut self, looked: impl FnOnce(&EventLog)) -> Result<(), LogError> {
        self.log.reopen()?;
        looked(&self.log);
        self.hand_on()?;
        let ledger = self.ledger.to_bytes();
        self.log.append(Chunk { ledger: &ledger, ..Chunk::default() })?;
        Ok(())
    }

    fn hand_on(&mut self) -> Result<(), LogError> {
        let codes = self.engine.codes();
        let left = left_behind(&self.log, &self.ledger, self.handed, (self.engine.shards(), &codes));
        let left = left.map_err(|problem| match problem {
            RecoveryError::Log(problem) => problem,
            other => panic!("the log holds what cannot be handed on: {other}"),
        })?;
        if let Some(left) = left {
            (self.ledger, self.handed) = (left.ledger, left.next_offset);
            self.queue.push_back(Request { accepted: left.accepted, next_offset: self.handed });
        }
        Ok(())
    }

    /// Nothing waits: the engine, who handed to it and the log agree on what came in.
    pub(super) fn check(&self) {
        recovery::check(&self.engine, &self.ledger).unwrap();
        assert_eq!(self.came, self.ledger, "the engine was told of other messages than the log keeps");
        assert_eq!(Ledger::read(self.log.ledger()).unwrap(), self.ledger);
        assert_eq!((self.offset, self.handed), (self.log.next_offset(), self.log.next_offset()));
    }

    /// Requests the engine has not taken yet.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// The engine takes so many requests and moves on to `clock`; it stops when what is at rest cannot be read.
    pub(super) fn step(&mut self, requests: usize, clock: Instant) -> Result<(), compute::ComputeError> {
        for Request { accepted, next_offset } in self.queue.drain(..requests.min(self.queue.len())) {
            self.engine.apply(std::slice::from_ref(&accepted.routed));
            self.came.add(&accepted.came);
            self.came.note_arrival(accepted.arrived.to_bits());
            self.offset = next_offset;
        }
        self.engine.advance(clock)
    }

    /// Whether a snapshot is under way.
    pub(super) fn is_saving(&self) -> bool {
        self.saver.is_some()
    }

    /// Begins a snapshot behind a step, unless there is one of this state; no event lost and none counted twice.
    pub(super) fn begin_save(&mut self) -> Result<(), SnapshotError> {
        if self.saver.is_some() || self.newest == Some(self.offset) {
            return Ok(());
        }
        recovery::check(&self.engine, &self.came).unwrap();
        let writer = self.snapshots.begin(self.offset, STATE_FORMAT)?;
        let resting = RestWriter::new(&self.archive, &self.at_rest);
        self.engine.begin_save_and_rest(RestRule { quiet_since: self.engine.as_of(), subjects_max: 40 });
        let (pieces, is_whole, written) = (VecDeque::new(), false, Ok(()));
        self.saver = Some(Saver { offset: self.offset, writer, resting, pieces, is_whole, written });
        Ok(())
    }

    /// The engine hands a piece over and the disk takes `writes` of those that wait; how it ended, once it has.
    pub(super) fn save_on(
        &mut self,
        piece_bytes: usize,
        writes: usize,
    ) -> Option<Result<SnapshotInfo, String>> {
        let mut saver = self.saver.take()?;
        if !saver.is_whole {
            let mut piece = Vec::new();
            saver.is_whole = self.engine.save_some(piece_bytes, &mut piece);
            saver.pieces.push_back((piece, self.engine.take_rest_draft()));
        }
        for (piece, draft) in saver.pieces.drain(..writes.min(saver.pieces.len())) {
            if saver.written.is_ok() {
                let taken = saver.resting.take(&draft).map_err(|error| error.to_string());
                saver.written =
                    taken.and_then(|()| saver.writer.push(&piece).map_err(|error| error.to_string()));
            }
        }
        if !saver.is_whole || !saver.pieces.is_empty() {
            self.saver = Some(saver);
            return None;
        }
        let listed = saver
            .written
            .and_then(|()| saver.resting.finish(saver.offset).map_err(|error| error.to_string()));
        let outcome = listed.and_then(|segments| {
            let info = saver.writer.finish().map_err(|error| error.to_string())?;
            Ok((info, segments))
        });
        match &outcome {
            Ok((_, segments)) => {
                self.newest = Some(saver.offset);
                self.at_rest = segments.ids().to_vec();
                self.engine.rest_on(Arc::new(RestingPlace(segments.clone())));
                while !self.engine.leave_some(7) {}
                // What cannot be tidied now is tidied behind the next snapshot.
                let _ = self.snapshots.list().map(|kept| self.archive.tidy(&kept));
            }
            Err(_) => self.engine.abandon_save(),
        }
        Some(outcome.map(|(info, _)| info))
    }

    /// Gives up the snapshot under way.
    pub(super) fn abandon_save(&mut self) {
        self.saver = None;
        self.engine.abandon_save();
    }

    /// Removes events that no snapshot kept needs any more.
    pub(super) fn retire(&mut self) -> Result<u64, String> {
        let kept = self.snapshots.list().map_err(|error| error.to_string())?;
        let Some(oldest) = kept.first() else { return Ok(0) };
        self.log.retire(*oldest).map_err(|error| error.to_string())
    }
}
