//! Open dossiers: what a million of them take in memory, and a day of downtime in which all of them fall due.
//!
//! `cargo bench --workspace --bench open --profile release -- [DOSSIERS]`. Each dossier was filed, accepted and assigned
//! and has not ended; each falls due at its own instant within one day. Not a test: figures go to `baselines.md`.

use std::sync::Arc;
use std::time::Instant;

use compute::calendar::Calendar;
use compute::codes::{CodeBook, LocalCodes};
use compute::engine::{Engine, Keep, Routed, Scope, Setup};
use compute::instant::Instant as At;
use compute::set::Catalogue;
use ingest::decode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events handed over at a time.
const BATCH_EVENTS: usize = 100_000;
/// Agencies, officers and procedures they are spread over.
const AGENCIES: u64 = 200;
const OFFICERS: u64 = 2_000;
const PROCEDURES: u64 = 1_800;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let word = std::env::args().skip(1).find(|word| !word.starts_with("--"));
    let dossiers: u64 = word.and_then(|word| word.parse().ok()).unwrap_or(1_000_000);
    let noon = At::parse("2026-09-30T12:00:00+07:00").ok_or("an instant")?;
    let year = At::parse("2026-01-01T00:00:00+07:00").ok_or("an instant")?;
    let mut engine = Engine::new(Setup {
        catalogue: Arc::new(Catalogue::embedded()?),
        calendar: Arc::new(Calendar::embedded()?),
        codes: Arc::new(CodeBook::default()),
        shards: 2,
        keep: Keep::From(year),
        scope: Scope::All,
    });
    let mut codes = LocalCodes::new(&engine.codes());
    let mut routed = Routed::new(2);
    let empty = resident();
    let mut push = |line: String, engine: &mut Engine| -> Result<(), String> {
        let draft = decode::decode(line.as_bytes()).map_err(|rejection| rejection.to_string())?;
        routed.push(&draft, &mut codes);
        if routed.len() == BATCH_EVENTS {
            engine.apply(&[std::mem::replace(&mut routed, Routed::new(2))]);
        }
        Ok(())
    };
    for number in 0..dossiers {
        for line in open_dossier(number, dossiers, noon) {
            push(line, &mut engine)?;
        }
    }
    engine.apply(&[routed]);
    engine.advance(noon)?;
    let (bytes, subjects) = engine.memory();
    let before = resident();
    println!(
        "{subjects} open dossiers of 3 events: {} bytes each in memory, {} of them events, code and counts; rss {} MiB",
        (before - empty) / subjects as u64,
        bytes / subjects,
        before >> 20
    );
    let began = Instant::now();
    engine.advance(At::from_unix(noon.unix_seconds() + 86_400, 0))?;
    println!(
        "a day in which all fall due, caught up in {:.2} s, rss {} MiB, {} % of before",
        began.elapsed().as_secs_f64(),
        resident() >> 20,
        resident() * 100 / before
    );
    println!("load {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

/// The events of one: filed and accepted in September, due at its own instant of the day after `noon`.
fn open_dossier(number: u64, dossiers: u64, noon: At) -> [String; 3] {
    let share = i64::try_from(number * 86_400 / dossiers).unwrap_or(0);
    let due = At::from_unix(noon.unix_seconds() + share, 0).to_utc();
    let minute = i64::try_from(number % 20_000).unwrap_or(0) * 60;
    let at = |later: i64| At::from_unix(noon.unix_seconds() - 20 * 86_400 + minute + later, 0).to_utc();
    let (agency, officer, procedure) = (number % AGENCIES, number % OFFICERS, number % PROCEDURES);
    let event = |step: &str, later: i64, data: String| {
        let time = at(later);
        format!(
            r#"{{"specversion":"1.0","id":"{number}-{step}","source":"/song-lam/mot-cua","type":"dossier.{step}","subject":"H99.{agency:03}-260910-{number:07}","time":"{time}","data":{data}}}"#
        )
    };
    [
        event(
            "submitted",
            0,
            format!(
                r#"{{"procedure":"1.{procedure:06}","agency":"H99.{agency:03}","channel":"online","applicant":"citizen"}}"#
            ),
        ),
        event(
            "accepted",
            3_600,
            format!(
                r#"{{"procedure":"1.{procedure:06}","agency":"H99.{agency:03}","officer":"CB{officer:05}","due_at":"{due}","fee_vnd":20000,"parts":{{"total":4,"digitised":3,"reused":1,"from_portal_store":0}},"population_data":true}}"#
            ),
        ),
        event("assigned", 7_200, format!(r#"{{"officer":"CB{officer:05}","step":"tham-dinh"}}"#)),
    ]
}

/// Resident memory in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
