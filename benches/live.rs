//! Live: one event applied and visible in-process, at an open-loop rate, on a large state.
//!
//! `cargo bench -p benches --bench live --profile release -- [DOSSIERS] [RATE] [SECONDS]`. Builds the state first,
//! then events are due at fixed instants; latency runs from the instant an event was due to the snapshot that shows
//! it, so a slow step is charged to every event that waited for it. Decoding is inside the clock, making the
//! events is not. Not a test: figures go to `baselines.md` with machine and load.

use std::sync::Arc;
use std::time::{Duration, Instant};

use compute::calendar::Calendar;
use compute::codes::{CodeBook, LocalCodes};
use compute::engine::{Engine, Keep, Routed, Scope, Setup};
use compute::figures::{Figures, Level};
use compute::instant::Instant as At;
use compute::set::Catalogue;
use ingest::decode;
use ingest::simulate::{Disorder, Plan, Stream};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes of a save written between two steps.
const PIECE_BYTES: usize = 128 << 10;
/// The longest steps are told, with what they were about.
const LONGEST_SHOWN: usize = 12;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let mut number = |default: u64| numbers.next().and_then(|word| word.parse().ok()).unwrap_or(default);
    let (dossiers, rate, seconds) = (number(1_000_000), number(10_000), number(10));
    let plan = Plan { events: dossiers * 8, disorder: Disorder::NONE, ..Plan::default() };
    let mut engine = Engine::new(setup(plan.from)?);
    let codes = engine.codes();
    let mut local = LocalCodes::new(&codes);
    let mut story = Stream::new(&plan);
    let wanted = usize::try_from(rate * seconds)?;
    let mut live: std::collections::VecDeque<(i64, Vec<u8>)> = std::collections::VecDeque::new();
    let mut routed = Routed::new(2);
    // All but the last events build the state; those are kept for the clock.
    while let Some((arrival, line)) = story.next_line() {
        live.push_back((arrival, line.to_vec()));
        if live.len() > wanted {
            let (_, past) = live.pop_front().unwrap_or_default();
            routed.push(&decode::decode(&past).map_err(|rejection| rejection.to_string())?, &mut local);
        }
        if routed.len() == 100_000 {
            engine.apply(&[std::mem::replace(&mut routed, Routed::new(2))]);
        }
    }
    engine.apply(&[routed]);
    let first = live.front().map_or(plan.until * 1_000_000_000, |(arrival, _)| *arrival);
    let built = Instant::now();
    engine.advance(arrived(first))?;
    let (bytes, subjects) = engine.memory();
    println!(
        "state: {} events, {subjects} subjects, {} bytes of events a subject, counted in {:.2} s, rss {} MiB",
        engine.tally().applied,
        bytes / subjects.max(1),
        built.elapsed().as_secs_f64(),
        resident() >> 20
    );
    run(&mut engine, &mut local, &live, rate)?;
    restart(engine, plan.from)
}

/// The state saved between steps, restored as after a stop, and a day of downtime caught up.
fn restart(mut engine: Engine, from: i64) -> Result<(), Box<dyn std::error::Error>> {
    let (began, mut longest, mut bytes) = (Instant::now(), Duration::ZERO, Vec::new());
    engine.begin_save();
    loop {
        let (started, mut piece) = (Instant::now(), Vec::with_capacity(2 * PIECE_BYTES));
        let is_whole = engine.save_some(PIECE_BYTES, &mut piece);
        longest = longest.max(started.elapsed());
        bytes.append(&mut piece);
        if is_whole {
            break;
        }
    }
    let (saved, as_of) = (began.elapsed().as_secs_f64(), engine.as_of());
    drop(engine);
    let began = Instant::now();
    let (mut engine, restored) = Engine::restore(setup(from)?, &mut bytes.as_slice(), None)?;
    let read = began.elapsed().as_secs_f64();
    engine.advance(as_of)?;
    println!(
        "saved: {} MiB in {saved:.2} s, longest pause {:.1} ms; restored {} subjects in {read:.2} s, counting in {:.2} s",
        bytes.len() >> 20,
        longest.as_secs_f64() * 1000.0,
        restored.subjects,
        began.elapsed().as_secs_f64()
    );
    drop(bytes);
    let (before, began) = (resident(), Instant::now());
    engine.advance(At::from_unix(as_of.unix_seconds() + 86_400, 0))?;
    println!(
        "a day of downtime caught up in {:.2} s; rss {} MiB before, {} MiB after ({} bytes a subject)",
        began.elapsed().as_secs_f64(),
        before >> 20,
        resident() >> 20,
        resident() / restored.subjects.max(1) as u64
    );
    Ok(())
}

fn setup(from: i64) -> Result<Setup, Box<dyn std::error::Error>> {
    Ok(Setup {
        catalogue: Arc::new(Catalogue::embedded()?),
        calendar: Arc::new(Calendar::embedded()?),
        codes: Arc::new(CodeBook::default()),
        shards: 2,
        keep: Keep::From(At::from_unix(from, 0)),
        scope: Scope::All,
    })
}

fn run(
    engine: &mut Engine,
    codes: &mut LocalCodes,
    live: &std::collections::VecDeque<(i64, Vec<u8>)>,
    rate: u64,
) -> Result<(), Box<dyn std::error::Error>> {
    let (started, gap) = (Instant::now(), Duration::from_nanos(1_000_000_000 / rate));
    let mut waits: Vec<Duration> = Vec::with_capacity(live.len());
    let mut next = 0;
    let mut steps = 0u32;
    let mut longest: Vec<(Duration, std::ops::Range<usize>)> = Vec::new();
    let used = processor_seconds();
    while next < live.len() {
        let due = |place: usize| gap * u32::try_from(place).unwrap_or(u32::MAX);
        let Some(early) = due(next).checked_sub(started.elapsed()) else {
            let (first, mut routed) = (next, Routed::new(engine.shards()));
            while next < live.len() && due(next) <= started.elapsed() && next - first < 4096 {
                let draft = decode::decode(&live[next].1).map_err(|rejection| rejection.to_string())?;
                routed.push(&draft, codes);
                next += 1;
            }
            let step = Instant::now();
            engine.apply(&[routed]);
            engine.advance(arrived(live[next - 1].0))?;
            longest.push((step.elapsed(), first..next));
            let snapshot = engine.snapshot();
            assert!(snapshot.version > 0, "a step publishes");
            steps += 1;
            waits.extend((first..next).map(|place| started.elapsed().saturating_sub(due(place))));
            continue;
        };
        std::thread::sleep(early.min(Duration::from_micros(200)));
    }
    let used = (processor_seconds() - used) * 1e6 / f64::from(u32::try_from(live.len()).unwrap_or(u32::MAX));
    println!("{used:.2} µs of processor time an event, decoding and waiting included");
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() - 1) * share / 1000].as_secs_f64() * 1000.0;
    println!(
        "{} events at {rate}/s in {steps} steps: p50 {:.3} ms, p99 {:.3} ms, p99.9 {:.3} ms, max {:.3} ms",
        waits.len(),
        at(500),
        at(990),
        at(999),
        at(1000)
    );
    longest.sort_unstable_by_key(|(length, _)| std::cmp::Reverse(*length));
    for (length, events) in longest.iter().take(LONGEST_SHOWN) {
        let second = (live[events.end - 1].0 / 1_000_000_000 + 7 * 3600) % 86_400;
        let kinds = events.clone().filter_map(|place| kind(&live[place].1));
        let others: std::collections::BTreeSet<&str> =
            kinds.filter(|kind| !kind.starts_with("dossier.")).collect();
        println!(
            "  {:.1} ms for {} events at {:02}:{:02}:{:02} {others:?}",
            length.as_secs_f64() * 1000.0,
            events.len(),
            second / 3600,
            second / 60 % 60,
            second % 60
        );
    }
    read_figures(engine);
    println!("load {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

/// All figures of all periods, read once.
fn read_figures(engine: &Engine) {
    let read = Instant::now();
    let snapshot = engine.snapshot();
    let units: usize = snapshot
        .periods
        .iter()
        .map(|period| Figures::of(&snapshot, period, &snapshot.catalogue.sets[1], Level::Agency).units.len())
        .sum();
    println!("figures of {units} unit rows read in {:.3} ms", read.elapsed().as_secs_f64() * 1000.0);
}

/// The instant of an arrival, given in Unix nanoseconds.
fn arrived(nanos: i64) -> At {
    At::from_unix(
        nanos.div_euclid(1_000_000_000),
        u32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or(0),
    )
}

/// The type of an event, read off its line.
fn kind(line: &[u8]) -> Option<&str> {
    let (_, rest) = std::str::from_utf8(line).ok()?.split_once("\"type\":\"")?;
    rest.split('"').next()
}

/// Processor time of this process so far, of all its threads.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
    let ticks = fields.skip(12).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Resident memory in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
