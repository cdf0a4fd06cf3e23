//! What the source does in a second, with the broker on the same machine: figures for `benches/baselines.md`.
//!
//! Not tests of speed: they hold only that nothing is missing, and print. Each is ignored; run it alone, on a quiet
//! machine, as the first lines of its output say.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use acceptance_tests::server::Server;
use ingest::kafka::{Compression, Mode};
use ingest::simulate::{Disorder, Plan, Stream};
use serde_json::{Value, json};

use super::broker::shared;
use super::load::identities;
use super::scene::{Scene, await_counted, await_idle, told};
use super::truth::sum;

/// Events of the story, unless NHIP_MEASURE_EVENTS says otherwise.
const EVENTS: u64 = 1_000_000;
/// A second, open loop.
const RATE: u32 = 5_000;
const SECONDS: u32 = 20;
/// Sent before the wait is measured.
const WARM_UP: u32 = 2 * RATE;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The weeks up to now, in order.
fn story(events: u64) -> Vec<String> {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let from = now - 13 * 7 * 86_400;
    let plan = Plan { events, from, until: now, disorder: Disorder::NONE, ..Plan::default() };
    let mut stream = Stream::new(&plan);
    let mut lines = Vec::new();
    while let Some((_, line)) = stream.next_line() {
        lines.push(String::from_utf8(line.to_vec()).unwrap());
    }
    lines
}

/// A number of `/proc/PID/status`, in KiB.
fn status(server: &Server, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[ignore = "a measure: run it alone, on a quiet machine"]
fn events_that_wait_at_the_broker_become_figures() {
    let lines = story(number("NHIP_MEASURE_EVENTS", EVENTS));
    let scene = Scene::new(shared(), "waiting.", 4, &[]);
    scene.produce(&lines, Compression::Lz4, Mode::Structured);
    let bytes: usize = lines.iter().map(String::len).sum();
    let wanted = identities(&lines);
    println!("{} events wait, {} bytes each", lines.len(), bytes / lines.len());
    drop(lines);
    let server = scene.serve();
    let (started, first) = (Instant::now(), sum(&told(&server), "consumed"));
    let mut half = None;
    loop {
        let counted = sum(&told(&server), "consumed");
        if half.is_none() && counted >= wanted / 2 {
            half = Some((counted, started.elapsed()));
        }
        if counted >= wanted {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let (seconds, (at_half, half)) = (started.elapsed().as_secs_f64(), half.unwrap());
    await_idle(&server);
    let per_second = |count: u64, seconds: f64| f64::from(u32::try_from(count).unwrap()) / seconds;
    println!(
        "{:.0} events/s from the first look on ({first} were counted by then), {:.0} events/s in the second half; \
         at most {} MiB resident, {} MiB at the end; load {}",
        per_second(wanted - first, seconds),
        per_second(wanted - at_half, seconds - half.as_secs_f64()),
        status(&server, "VmHWM") / 1024,
        status(&server, "VmRSS") / 1024,
        std::fs::read_to_string("/proc/loadavg").unwrap().trim(),
    );
}

/// A dossier accepted now, at `agency`.
fn accepted(number: u32, procedure: &str, agency: &str, officer: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let at = compute::instant::Instant::from_unix(i64::try_from(now.as_secs()).unwrap(), 0).to_local();
    json!({
        "specversion": "1.0", "id": format!("measure-{number}"), "source": "/measure", "type": "dossier.accepted",
        "subject": format!("measure-{number}"), "time": at.to_string(), "datacontenttype": "application/json",
        "data": {"procedure": procedure, "agency": agency, "officer": officer, "channel": "online"},
    })
    .to_string()
}

#[test]
#[ignore = "a measure: run it alone, on a quiet machine"]
fn a_produced_event_is_seen_in_the_live_stream() {
    let lines = story(200_000);
    let scene = Scene::new(shared(), "seen.", 4, &[]);
    scene.produce(&lines, Compression::Lz4, Mode::Structured);
    let server = scene.serve();
    await_counted(&server, &lines);
    let entry: Value =
        lines.iter().rev().find(|line| line.contains("dossier.accepted")).unwrap().parse().unwrap();
    let of = |name: &str| entry["data"][name].as_str().unwrap().to_owned();
    let (procedure, agency, officer) = (of("procedure"), of("agency"), of("officer"));
    drop(lines);
    let received = |message: &Value| {
        let rows = message["rows"].as_array().unwrap();
        rows.iter().find(|row| row["code"] == *agency).and_then(|row| row["received"].as_u64())
    };
    let mut follower = server.follow("/api/v1/stream?period=2026");
    let base = received(&follower.next_ranking()).expect("the agency has a row");
    let total = WARM_UP + RATE * SECONDS;
    let gap = Duration::from_secs(1) / RATE;
    let started = Instant::now();
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut producer = scene.producer(Compression::Lz4, Mode::Structured);
            for number in 0..total {
                let line = accepted(number, &procedure, &agency, &officer);
                std::thread::sleep((gap * number).saturating_sub(started.elapsed()));
                producer.send(line.as_bytes()).unwrap();
            }
            producer.finish(Duration::from_secs(30)).unwrap()
        });
        let (mut waits, mut seen) = (Vec::new(), 0);
        while seen < total {
            let Some(count) = received(&follower.next_ranking()) else { continue };
            let (now, count) = (started.elapsed(), u32::try_from(count - base).unwrap());
            waits.extend((seen.max(WARM_UP)..count).map(|number| now.saturating_sub(gap * number)));
            seen = count.max(seen);
        }
        waits
    });
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() - 1) * share / 1000].as_secs_f64() * 1000.0;
    println!(
        "{} events at {RATE}/s, from the instant they were due to be produced to the stream: p50 {:.0} ms, p90 {:.0} \
         ms, p99 {:.0} ms, max {:.0} ms; load {}",
        waits.len(),
        at(500),
        at(900),
        at(990),
        at(1000),
        std::fs::read_to_string("/proc/loadavg").unwrap().trim(),
    );
}
