//! The durable core in made-up worlds: whatever the disk, the power, the clock and the senders do, what was accepted
//! is kept once, and counts as one batch over it.
//!
//! A world is a seed: `NHIP_SEEDS=2000` tries more of them, a failing one tells its seed and what happened last. The
//! program's threads are played by one (`process`), so that a seed is one order of everything.

mod process;
mod seen;
mod source;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use compute::engine::{Engine, Keep};
use compute::instant::Instant;
use seen::Seen;
use source::Source;
use store::{Lasting, Trouble};
use world::World;

use crate::all_results;
use crate::stream::{Chance, Lines, engine, push_all, seeds, setup};

/// Turns a world may take until everything is delivered.
const TURNS_MAX: u64 = 3_000;

/// Some days behind the last arrival, when open dossiers have fallen due.
fn end_of(lines: &Lines) -> Instant {
    Instant::from_unix(lines.until().unix_seconds() + 3 * 86_400, 0)
}

/// The figures of a world in which nothing went wrong and nothing was sent twice.
fn undisturbed(lines: &Lines) -> String {
    let mut batch = engine(1, Keep::From(lines.from()));
    push_all(&mut batch, lines.iter(), usize::MAX);
    batch.advance(end_of(lines)).unwrap();
    all_results(&batch)
}

/// One world from its first turn to its last; its trace, and what was seen.
fn live(seed: u64) -> (u64, Seen) {
    let mut chance = Chance::new(seed);
    let events = 1_500 + chance.below(1_000);
    // In every other world a year ends, so that dossiers go to rest.
    let lines =
        if seed.is_multiple_of(2) { Lines::around_new_year(seed, events) } else { Lines::of(seed, events) };
    let source = Source::new(&lines, &mut chance);
    let settings = World::settings(&mut chance);
    let mut world = World::new(seed, &lines, source, settings);
    world.start();
    let mut turns = 0;
    while !world.source.is_done() && turns < TURNS_MAX {
        world.turn();
        turns += 1;
    }
    world.conclude(end_of(&lines), &undisturbed(&lines));
    (world.trace(), world.seen)
}

/// Does `work` for each of `count`, on two threads.
fn on_two_threads(count: std::ops::Range<u64>, work: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(count.start);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(one) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|one| count.contains(one))
                {
                    work(one);
                }
            });
        }
    });
}

/// The seeds of a run, or the one in `NHIP_SEED`.
fn worlds() -> std::ops::Range<u64> {
    let one = std::env::var("NHIP_SEED").ok().and_then(|text| text.parse().ok());
    one.map_or_else(|| seeds(200), |seed| seed..seed + 1)
}

#[test]
fn whatever_fails_what_was_accepted_is_kept_once_and_counts_as_one_batch() {
    let (all, failed) = (Mutex::new(Seen::default()), Mutex::new(Vec::new()));
    on_two_threads(worlds(), |seed| match std::panic::catch_unwind(|| live(seed)) {
        Ok((_, seen)) => all.lock().unwrap().add(seen),
        Err(_) => failed.lock().unwrap().push(seed),
    });
    let (mut all, failed) = (all.into_inner().unwrap(), failed.into_inner().unwrap());
    println!("{all:?}");
    assert!(failed.is_empty(), "these seeds failed, each alone with NHIP_SEED: {failed:?}");
    let is_anything_missing = all.counts().into_iter().any(|count| *count == 0);
    assert!(!is_anything_missing || worlds().count() < 100, "something never happened: {all:?}");
}

#[test]
fn one_seed_is_one_world() {
    for seed in [1, 2, 3] {
        let (one, other) = (live(seed).0, live(seed).0);
        println!("seed {seed}: {one:016x}");
        assert_eq!(one, other, "seed {seed} gave two worlds");
    }
}

/// A few appends, a new file, a snapshot, a few appends; the power goes, or the disk fails, `ahead` operations on.
fn short_story(lines: &Lines, trouble: Option<(u64, Trouble)>, expected: &str) -> u64 {
    let mut world = World::new(1, lines, Source::cut(lines, || 45), World::settings(&mut Chance::new(4)));
    if let Some((ahead, trouble)) = trouble {
        world.arrange(ahead, trouble, Lasting::Once);
    }
    world.start();
    for act in "kksbks/kkksbks/kkbs".chars() {
        match act {
            'k' => world.deliver_next(),
            'b' => world.deliver_broken(),
            's' => world.step(),
            _ => world.save_whole(),
        }
        if !world.disk.is_powered() {
            world.crash();
        }
    }
    let operations = world.disk.operations();
    world.conclude(end_of(lines), expected);
    operations
}

#[test]
fn a_crash_or_a_failure_at_every_single_operation_loses_nothing() {
    let lines = Lines::of(7, 350);
    let expected = undisturbed(&lines);
    let operations = short_story(&lines, None, &expected);
    assert!(operations > 100, "only {operations} operations");
    println!("{operations} operations");
    on_two_threads(0..operations, |at| {
        for trouble in [Trouble::PowerLost, Trouble::InputOutput, Trouble::NoSpace] {
            short_story(&lines, Some((at, trouble)), &expected);
        }
    });
}

/// So many dossiers accepted before noon of the last of September, all due within a day of it, one every half minute.
fn due_within_a_day(dossiers: u32) -> Vec<String> {
    let event = |id: String, kind: &str, subject: &str, time: &str, data: &str| {
        format!(
            r#"{{"id":"{id}","source":"/s","type":"{kind}","subject":"{subject}","time":"{time}","data":{data}}}"#
        )
    };
    let agency = r#"{"name":"A","kind":"department"}"#;
    let mut lines = vec![event("0".into(), "agency.defined", "A", "2025-01-01T00:00:00Z", agency)];
    let noon = Instant::parse("2026-09-30T12:00:00+07:00").unwrap().unix_seconds();
    for number in 1..=dossiers {
        let due = Instant::from_unix(noon + 30 * i64::from(number), 0).to_utc();
        let data = format!(
            r#"{{"procedure":"P{}","agency":"A","officer":"O{}","due_at":"{due}"}}"#,
            number % 9,
            number % 7
        );
        let subject = format!("D{number}");
        lines.push(event(
            format!("a{number}"),
            "dossier.accepted",
            &subject,
            "2026-09-10T09:00:00+07:00",
            &data,
        ));
        if number % 3 == 0 {
            // A result that is dated inside the outage, known before it.
            let time = Instant::from_unix(noon + 25 * i64::from(number), 0).to_utc();
            let data = r#"{"outcome":"granted","result_digital":true}"#;
            lines.push(event(format!("b{number}"), "dossier.processed", &subject, &time, data));
        }
    }
    lines
}

#[test]
fn a_day_of_outage_is_caught_up_to_the_figures_of_a_day_without() {
    let world = Lines::of(3, 2_000);
    let made = due_within_a_day(2_800);
    let noon = Instant::parse("2026-09-30T12:00:00+07:00").unwrap();
    let from = Instant::parse("2026-06-01T00:00:00+07:00").unwrap();
    let hours = |hours: i64| Instant::from_unix(noon.unix_seconds() + hours * 3_600, 0);
    let known = world.arrivals().filter(|(at, _)| *at <= noon).map(|(_, line)| line);
    let mut never_stopped = engine(2, Keep::From(from));
    push_all(&mut never_stopped, known.chain(made.iter().map(String::as_str)), 700);
    never_stopped.advance(noon).unwrap();
    let mut saved = Vec::new();
    never_stopped.begin_save();
    while !never_stopped.save_some(50_000, &mut saved) {}
    let before = all_results(&never_stopped);
    for hour in 1..=24 {
        never_stopped.advance(hours(hour)).unwrap();
    }
    let expected = all_results(&never_stopped);
    assert!(before != expected, "nothing fell due in the outage");
    for shards in [2, 1, 5] {
        let (mut restored, _) = Engine::restore(setup(shards, Keep::From(from)), &mut &*saved, None).unwrap();
        restored.advance(hours(24)).unwrap();
        let ours = all_results(&restored);
        let differs = ours.lines().zip(expected.lines()).find(|(one, other)| one != other);
        assert!(ours == expected, "{shards} shards: the outage left a trace: {differs:?}");
    }
}
