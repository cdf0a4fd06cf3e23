//! The promises of the data folder under every accident the simulated disk knows.
//!
//! A schedule of appends, reads, rolls, retirements, snapshots and restarts is drawn from a seed. When a seed
//! fails it is in the message; to run it alone, put it into `ONLY_SEED`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod folders;

use folders::{Chance, SMALL, append, open, read_all};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{
    Chunk, DataFolder, EventLog, Lasting, LogError, LogSettings, SimulatedDisk, SnapshotError, Snapshots,
    StoredChunk, Trouble,
};

/// The one seed to run, for example `Some(17)`; `None` runs them all.
const ONLY_SEED: Option<u64> = None;
const SEEDS: u64 = if cfg!(debug_assertions) { 20 } else { 200 };
/// The accidents of one seed.
const LIVES: u64 = 4;
/// The operations of one life when no accident ends it, as a full disk does not bother who reads.
const STEPS_MAX: usize = 100;
const FORMAT: u32 = 1;

fn seeds() -> Vec<u64> {
    ONLY_SEED.map_or_else(|| (0..SEEDS).collect(), |seed| vec![seed])
}

/// What one append, or one resolved message, leaves behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Content {
    chunks: Vec<StoredChunk>,
    next: u64,
    set_aside: BTreeMap<u64, Vec<u8>>,
    next_set_aside: u64,
    ledger: Vec<u8>,
}

/// What must be true of the folder.
#[derive(Debug, Default)]
struct Truth {
    acknowledged: Content,
    /// What an unacknowledged operation would leave, when there was one.
    in_flight: Option<Content>,
    /// Up to here events may be gone, as retirement was asked for.
    retired: u64,
    snapshots: BTreeMap<u64, Vec<u8>>,
    newest_snapshot: Option<u64>,
}

impl Truth {
    fn settle(&mut self, content: Content) {
        self.acknowledged = content;
        self.in_flight = None;
    }

    /// Compares the log with what was acknowledged, and with what was under way.
    fn check_log(&mut self, log: &EventLog, when: &str) {
        let found = content_of(log, when);
        let candidates = [Some(self.acknowledged.clone()), self.in_flight.clone()];
        let fits = candidates.into_iter().flatten().find(|candidate| {
            let kept = candidate.chunks.iter().filter(|chunk| chunk.first >= log.first_offset()).cloned();
            *candidate == Content { chunks: candidate.chunks.clone(), ..found.clone() }
                && kept.collect::<Vec<_>>() == found.chunks
        });
        assert!(log.first_offset() <= self.retired, "{when}: {} is retired unasked", log.first_offset());
        let sizes = |content: &Content| (content.chunks.len(), content.next, content.next_set_aside);
        let content = fits.unwrap_or_else(|| {
            panic!(
                "{when}: the log has {:?}, acknowledged were {:?}, under way {:?}",
                sizes(&found),
                sizes(&self.acknowledged),
                self.in_flight.as_ref().map(sizes)
            )
        });
        self.settle(content);
    }

    /// Every snapshot in the folder is whole, and the newest acknowledged one, or a newer one, is there.
    fn check_snapshots(&self, snapshots: &Snapshots, when: &str) {
        let offsets = snapshots.list().unwrap();
        for &offset in &offsets {
            let content = read_snapshot(snapshots, offset).unwrap_or_else(|error| panic!("{when}: {error}"));
            assert_eq!(Some(&content), self.snapshots.get(&offset), "{when}: snapshot {offset}");
        }
        assert!(offsets.last().copied() >= self.newest_snapshot, "{when}: the newest snapshot is gone");
    }
}

fn content_of(log: &EventLog, when: &str) -> Content {
    let set_aside = log.reader().set_aside_list(0, usize::MAX);
    let set_aside = set_aside.unwrap_or_else(|error| panic!("{when}: {error}"));
    Content {
        chunks: read_all(log, when),
        next: log.next_offset(),
        next_set_aside: log.next_set_aside(),
        set_aside: set_aside.into_iter().map(|message| (message.number, message.bytes)).collect(),
        ledger: log.ledger().to_vec(),
    }
}

fn read_snapshot(snapshots: &Snapshots, offset: u64) -> Result<Vec<u8>, SnapshotError> {
    let mut reader = snapshots.open_snapshot(offset, FORMAT)?;
    let mut content = Vec::new();
    while let Some(block) = reader.next_block()? {
        content.extend(block);
    }
    Ok(content)
}

/// One schedule on one disk.
struct Run {
    disk: SimulatedDisk,
    chance: Chance,
    truth: Truth,
    folder: Option<DataFolder>,
}

impl Run {
    fn new(seed: u64) -> Run {
        Run { disk: SimulatedDisk::new(seed), chance: Chance(seed), truth: Truth::default(), folder: None }
    }

    /// Does one thing; `false` when the disk got in the way.
    fn step(&mut self) -> bool {
        let Some(folder) = &mut self.folder else {
            self.folder = open(&self.disk).ok();
            return self.folder.is_some();
        };
        let (truth, chance) = (&mut self.truth, &mut self.chance);
        match chance.draw(20) {
            0..=11 => append_something(&mut folder.log, truth, chance),
            12 | 13 => resolve_something(&mut folder.log, truth, chance),
            14 => retire_something(&mut folder.log, truth, chance),
            15 | 16 => snapshot_something(&folder.snapshots, truth, chance),
            17 => read_something(&folder.log, truth, chance),
            18 => folder.log.verify(|_| {}).is_ok(),
            _ => self.folder.take().expect("is open").close().is_ok(),
        }
    }

    /// Brings the disk back and compares everything.
    fn recover(&mut self, when: &str) {
        self.disk.heal();
        let reopens = self.disk.is_powered() && self.folder.is_some() && self.chance.draw(2) == 0;
        if reopens {
            let log = &mut self.folder.as_mut().expect("just seen").log;
            // An error while reading closes the newest file too; nobody has told the writer yet.
            if log.trouble().is_some() || log.reader().set_aside_list(0, 1).is_err() {
                log.reopen().unwrap_or_else(|error| panic!("{when}: {error}"));
            }
        } else {
            self.restart();
        }
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => open(&self.disk).unwrap_or_else(|error| panic!("{when}: {error}")),
        };
        self.truth.check_log(&folder.log, when);
        self.truth.check_snapshots(&folder.snapshots, when);
        self.folder = Some(folder);
    }

    fn restart(&mut self) {
        // A kill leaves readable what a failed sync left in memory, which no program can tell. So a process is
        // only killed where no operation failed: in the middle of one, in place of the power cut, or between two.
        let failed = self.folder.as_ref().is_none_or(|folder| folder.log.trouble().is_some());
        if (!self.disk.is_powered() || !failed) && self.chance.draw(2) == 0 {
            self.disk.kill_process();
        } else {
            self.disk.power_cycle();
        }
        self.folder = None;
    }
}

fn append_something(log: &mut EventLog, truth: &mut Truth, chance: &mut Chance) -> bool {
    let mut content = truth.acknowledged.clone();
    let events = u32::try_from(chance.draw(5)).unwrap();
    let bytes = if events == 0 {
        Vec::new()
    } else {
        let length = 1 + chance.draw(15_000);
        chance.bytes(length)
    };
    let set_aside: Vec<Vec<u8>> = (0..chance.draw(4).saturating_sub(1)).map(|_| chance.bytes(300)).collect();
    let messages: Vec<&[u8]> = set_aside.iter().map(Vec::as_slice).collect();
    let arrived = i64::try_from(chance.draw(1 << 40)).unwrap();
    content.ledger = chance.bytes(40);
    if events > 0 {
        content.chunks.push(StoredChunk { first: content.next, arrived, events, bytes: bytes.clone() });
    }
    content.next += u64::from(events);
    for message in &set_aside {
        content.set_aside.insert(content.next_set_aside, message.clone());
        content.next_set_aside += 1;
    }
    while content.set_aside.len() as u64 > SMALL.log.set_aside_max {
        content.set_aside.pop_first();
    }
    let chunk = Chunk { arrived, events, bytes: &bytes, set_aside: &messages, ledger: &content.ledger };
    let result = log.append(chunk);
    if let Ok(appended) = &result {
        assert_eq!(appended.first_offset, truth.acknowledged.next);
        assert_eq!(appended.first_set_aside, truth.acknowledged.next_set_aside);
        truth.settle(content);
    } else {
        truth.in_flight = Some(content);
    }
    result.is_ok()
}

fn resolve_something(log: &mut EventLog, truth: &mut Truth, chance: &mut Chance) -> bool {
    let mut content = truth.acknowledged.clone();
    let Some(&number) = content.set_aside.keys().nth(usize::try_from(chance.draw(8)).unwrap()) else {
        return true;
    };
    content.set_aside.remove(&number);
    let result = log.set_aside_resolve(number);
    if result.is_ok() {
        truth.settle(content);
    } else {
        truth.in_flight = Some(content);
    }
    result.is_ok()
}

fn retire_something(log: &mut EventLog, truth: &mut Truth, chance: &mut Chance) -> bool {
    let before = chance.draw(truth.acknowledged.next + 1);
    truth.retired = truth.retired.max(before);
    log.retire(before).is_ok()
}

fn snapshot_something(snapshots: &Snapshots, truth: &mut Truth, chance: &mut Chance) -> bool {
    let offset = truth.acknowledged.next;
    // A second snapshot of one state has the same content.
    let length = 1 + chance.draw(3000);
    let content = truth.snapshots.entry(offset).or_insert_with(|| chance.bytes(length)).clone();
    let result = (|| {
        let mut writer = snapshots.begin(offset, FORMAT)?;
        for piece in content.chunks(700) {
            writer.push(piece)?;
        }
        writer.finish()
    })();
    if result.is_ok() {
        truth.newest_snapshot = truth.newest_snapshot.max(Some(offset));
    }
    result.is_ok()
}

fn read_something(log: &EventLog, truth: &Truth, chance: &mut Chance) -> bool {
    let first = log.first_offset();
    let offset = first + chance.draw(truth.acknowledged.next - first + 1);
    let expected = truth.acknowledged.chunks.iter().filter(|chunk| chunk.next() > offset);
    for (found, expected) in log.reader().read_from(offset).zip(expected) {
        match found {
            Ok(found) => assert_eq!(&found, expected),
            Err(LogError::Io { .. } | LogError::Closed { .. }) => return false,
            Err(error) => panic!("reading on from {offset}: {error}"),
        }
    }
    true
}

#[test]
fn what_was_acknowledged_survives_200_drawn_histories_of_accidents() {
    let mut steps = 0;
    for seed in seeds() {
        let mut run = Run::new(seed);
        for life in 0..LIVES {
            let at = run.disk.operations() + run.chance.draw(400);
            let trouble = match run.chance.draw(4) {
                0 | 1 => Trouble::PowerLost,
                2 => Trouble::InputOutput,
                _ => Trouble::NoSpace,
            };
            let lasting = if run.chance.draw(2) == 0 { Lasting::Once } else { Lasting::UntilHealed };
            run.disk.arrange(at, trouble, lasting);
            let undisturbed = (0..STEPS_MAX).take_while(|_| run.step()).count();
            steps += undisturbed;
            run.recover(&format!("seed {seed}, life {life}, {trouble:?} {lasting:?} at operation {at}"));
        }
    }
    assert!(steps > seeds().len() * 50, "the histories are long enough to mean something: {steps} steps");
}

/// Appends, a roll, messages, a snapshot, retirement, a clean close: everything once.
fn fixed_schedule(run: &mut Run) -> bool {
    run.folder = open(&run.disk).ok();
    let Some(folder) = &mut run.folder else { return false };
    let (truth, chance) = (&mut run.truth, &mut run.chance);
    for round in 0..10 {
        if !append_something(&mut folder.log, truth, chance) {
            return false;
        }
        let went_on = match round {
            3 => resolve_something(&mut folder.log, truth, chance),
            4 | 6 | 7 | 8 => snapshot_something(&folder.snapshots, truth, chance),
            9 => {
                truth.retired = truth.acknowledged.next;
                folder.log.retire(truth.acknowledged.next).is_ok()
            }
            _ => true,
        };
        if !went_on {
            return false;
        }
    }
    run.folder.take().expect("is open").close().is_ok() && {
        run.folder = open(&run.disk).ok();
        run.folder.is_some()
    }
}

fn check_every_operation(trouble: Trouble, lasting: Lasting, seeds: u64) {
    for seed in 0..seeds {
        let mut undisturbed = Run::new(seed);
        assert!(fixed_schedule(&mut undisturbed));
        assert!(undisturbed.truth.acknowledged.next > 10);
        for at in 0..undisturbed.disk.operations() {
            let mut run = Run::new(seed);
            run.disk.arrange(at, trouble, lasting);
            let _ = fixed_schedule(&mut run);
            let when = format!("seed {seed}, {trouble:?} {lasting:?} at operation {at}");
            run.recover(&when);
            // Life goes on, and a second accident finds what came after the first.
            for _ in 0..3 {
                let log = &mut run.folder.as_mut().expect("is open").log;
                assert!(
                    append_something(log, &mut run.truth, &mut run.chance),
                    "{when}: an append afterwards"
                );
            }
            run.disk.power_cycle();
            run.folder = None;
            run.recover(&format!("{when}, and the power cut after it"));
        }
    }
}

#[test]
fn a_power_cut_at_every_single_operation_loses_nothing() {
    check_every_operation(Trouble::PowerLost, Lasting::Once, if cfg!(debug_assertions) { 1 } else { 3 });
}

#[test]
fn an_io_error_at_every_single_operation_loses_nothing() {
    check_every_operation(Trouble::InputOutput, Lasting::Once, if cfg!(debug_assertions) { 1 } else { 2 });
    check_every_operation(Trouble::InputOutput, Lasting::UntilHealed, 1);
}

#[test]
fn a_disk_full_at_every_single_operation_loses_nothing() {
    check_every_operation(Trouble::NoSpace, Lasting::Once, 1);
    check_every_operation(Trouble::NoSpace, Lasting::UntilHealed, 1);
}

#[test]
fn a_full_disk_is_said_readers_go_on_and_the_log_opens_again_when_space_returns() {
    let disk = SimulatedDisk::new(1);
    let mut log = open(&disk).unwrap().log;
    append(&mut log, 2, b"one\ntwo\n");
    let reader = log.reader();
    disk.arrange(disk.operations(), Trouble::NoSpace, Lasting::UntilHealed);
    let chunk = Chunk { events: 1, bytes: b"three\n", ..Chunk::default() };
    assert!(matches!(log.append(chunk), Err(LogError::NoSpace { .. })));
    assert!(matches!(log.append(chunk), Err(LogError::Closed { .. })));
    assert!(matches!(reader.read_from(0).next(), Some(Err(LogError::Closed { .. }))));
    assert!(matches!(log.reopen(), Err(LogError::NoSpace { .. })));
    disk.heal();
    log.reopen().unwrap();
    assert_eq!(log.trouble(), None);
    assert_eq!(reader.read_from(0).next().unwrap().unwrap().bytes, b"one\ntwo\n");
    assert!(
        log.next_offset() == 2 || read_all(&log, "reopened").len() == 2,
        "the failed append is there whole or not"
    );
    append(&mut log, 1, b"four\n");
}

#[test]
fn a_log_at_its_bound_says_so_before_anything_is_written() {
    let disk = SimulatedDisk::new(1);
    let settings = LogSettings { log_bytes_max: 9000, ..SMALL.log };
    let mut log = EventLog::open(Arc::new(disk.clone()), settings).unwrap();
    let noise = Chance(1).bytes(3000);
    append(&mut log, 1, &noise);
    append(&mut log, 1, &noise);
    let before = disk.operations();
    let chunk = Chunk { events: 1, bytes: &noise, ..Chunk::default() };
    assert!(matches!(log.append(chunk), Err(LogError::Full { limit: 9000, .. })));
    assert_eq!((disk.operations(), log.trouble()), (before, None));
}
