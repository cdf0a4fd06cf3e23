//! Seeded streams and engines for the laws.

use std::sync::{Arc, OnceLock};

use compute::calendar::Calendar;
use compute::codes::{CodeBook, LocalCodes};
use compute::engine::{Engine, Keep, Routed, Scope, Setup};
use compute::figures::{Figures, Level};
use compute::instant::Instant;
use compute::period::Period;
use compute::result;
use compute::set::Catalogue;
use ingest::decode;
use ingest::simulate::{AgencyCounts, Plan, Stream};

/// The seeds of a run: so many, or `NHIP_SEEDS`.
pub(crate) fn seeds(default: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("NHIP_SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..1 + number("NHIP_SEEDS").unwrap_or(default),
    }
}

/// A made-up province's events.
pub(crate) struct Lines {
    plan: Plan,
    lines: Vec<(Instant, String)>,
}

impl Lines {
    /// About so many events, with ten times the usual disorder.
    pub(crate) fn of(seed: u64, events: u64) -> Lines {
        Lines::with(Lines::plan(seed, events))
    }

    /// The same from November to January.
    pub(crate) fn around_new_year(seed: u64, events: u64) -> Lines {
        let at = |text: &str| Instant::parse(text).unwrap().unix_seconds();
        let (from, until) = (at("2025-11-01T00:00:00+07:00"), at("2026-02-01T00:00:00+07:00"));
        Lines::with(Plan { from, until, ..Lines::plan(seed, events) })
    }

    fn plan(seed: u64, events: u64) -> Plan {
        let mut plan = Plan {
            seed,
            events,
            agencies: AgencyCounts { departments: 3, communes: 6 },
            officers: 25,
            procedures: 30,
            petitions: 60,
            ..Plan::default()
        };
        plan.disorder.duplicates *= 10;
        plan.disorder.corrections *= 10;
        plan.disorder.late_arrivals *= 5;
        plan
    }

    fn with(plan: Plan) -> Lines {
        let mut stream = Stream::new(&plan);
        let mut lines = Vec::new();
        while let Some((nanos, line)) = stream.next_line() {
            let at = Instant::from_unix(nanos.div_euclid(1_000_000_000), 0);
            lines.push((at, String::from_utf8(line.to_vec()).unwrap()));
        }
        Lines { plan, lines }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|(_, line)| line.as_str())
    }

    pub(crate) fn arrivals(&self) -> impl Iterator<Item = (Instant, &str)> {
        self.lines.iter().map(|(at, line)| (*at, line.as_str()))
    }

    pub(crate) fn from(&self) -> Instant {
        Instant::from_unix(self.plan.from, 0)
    }

    pub(crate) fn until(&self) -> Instant {
        Instant::from_unix(self.plan.until, 0)
    }
}

fn catalogue() -> Arc<Catalogue> {
    static CATALOGUE: OnceLock<Arc<Catalogue>> = OnceLock::new();
    Arc::clone(CATALOGUE.get_or_init(|| Arc::new(Catalogue::embedded().unwrap())))
}

/// An engine with the shipped sets and calendars.
pub(crate) fn engine(shards: usize, keep: Keep) -> Engine {
    engine_with(Arc::default(), shards, keep)
}

/// The same with codes numbered before.
pub(crate) fn engine_with(codes: Arc<CodeBook>, shards: usize, keep: Keep) -> Engine {
    Engine::new(Setup { codes, ..setup(shards, keep) })
}

/// What such an engine is made of, with codes of its own.
pub(crate) fn setup(shards: usize, keep: Keep) -> Setup {
    let calendar = Arc::new(Calendar::embedded().unwrap());
    Setup { catalogue: catalogue(), calendar, codes: Arc::default(), shards, keep, scope: Scope::All }
}

/// Hands lines over in batches of so many.
pub(crate) fn push_all<'a>(engine: &mut Engine, lines: impl Iterator<Item = &'a str>, batch: usize) {
    let mut codes = LocalCodes::new(&engine.codes());
    let mut routed = Routed::new(engine.shards());
    for line in lines {
        routed.push(&decode::decode(line.as_bytes()).unwrap(), &mut codes);
        if routed.len() >= batch {
            engine.apply(&[std::mem::replace(&mut routed, Routed::new(engine.shards()))]);
        }
    }
    engine.apply(&[routed]);
}

/// The canonical result of one batch over `lines`.
pub(crate) fn batch_csv(lines: &[&str], period: Period, as_of: Instant, set: &str, level: Level) -> String {
    let mut engine = engine(1, Keep::Only(period));
    push_all(&mut engine, lines.iter().copied(), usize::MAX);
    engine.advance(as_of).unwrap();
    let snapshot = engine.snapshot();
    let set = snapshot.catalogue.set(set).unwrap();
    result::csv(&Figures::of(&snapshot, snapshot.period(period).unwrap(), set, level), set)
}

/// Chance from a seed.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// Another order.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for place in (1..things.len()).rev() {
            let other = usize::try_from(self.below(place as u64 + 1)).unwrap();
            things.swap(place, other);
        }
    }
}
