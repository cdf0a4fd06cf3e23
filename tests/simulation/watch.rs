//! A law of watching: what is told as events come and time goes on is what a look at everything tells at the end, and
//! nobody counts otherwise because somebody watches.

use std::collections::BTreeMap;

use compute::dossier::{Flag, Flags};
use compute::engine::{Engine, Holding, Keep, Watched};
use compute::instant::Instant;

use crate::all_results;
use crate::stream::{Chance, Lines, engine, push_all, seeds};

fn watched() -> Vec<Watched> {
    vec![
        Watched::DueWithin(8 * 3600),
        Watched::DueWithin(16 * 3600),
        Watched::DueToday,
        Watched::Overdue,
        Watched::NotAccepted(8 * 3600),
        Watched::PetitionWithin(2),
        Watched::PetitionPast,
        Watched::Flagged(Flags::of([Flag::SecondSupplement, Flag::ImpossibleOrder])),
    ]
}

/// By family and code: what holds.
type Held = BTreeMap<(String, String), Vec<Holding>>;

fn take(engine: &mut Engine, held: &mut Held) {
    let seen = engine.take_seen();
    assert!(!seen.is_partial);
    for sighting in seen.sightings {
        let key = (format!("{:?}", sighting.family), sighting.code);
        if sighting.holdings.is_empty() {
            held.remove(&key);
        } else {
            held.insert(key, sighting.holdings);
        }
    }
}

#[test]
fn what_is_told_step_by_step_is_what_one_look_at_the_end_tells() {
    for seed in seeds(4) {
        let lines = Lines::of(seed, 3_000);
        let (mut live, mut held) = (engine(2, Keep::From(lines.from())), Held::new());
        live.watch(&watched());
        let mut chance = Chance::new(seed);
        for (arrival, line) in lines.arrivals() {
            push_all(&mut live, std::iter::once(line), 1);
            if chance.below(4) == 0 {
                live.advance(arrival).unwrap();
                take(&mut live, &mut held);
            }
        }
        // With no event any more, time alone goes on for ten days.
        for hour in 0..240 {
            let at = lines.until().unix_seconds() + hour * 3600;
            live.advance(Instant::from_unix(at, 0)).unwrap();
            take(&mut live, &mut held);
        }
        let mut batch = engine(3, Keep::From(lines.from()));
        push_all(&mut batch, lines.iter(), usize::MAX);
        batch.advance(live.as_of()).unwrap();
        let unwatched = all_results(&batch);
        batch.watch(&watched());
        let mut from = Some(0);
        while let Some(place) = from {
            from = batch.look_again(place, 100, Instant::FIRST);
        }
        batch.advance(live.as_of()).unwrap();
        let mut looked = Held::new();
        take(&mut batch, &mut looked);
        let differs = held.iter().find(|(key, holdings)| looked.get(*key) != Some(*holdings));
        assert!(
            held == looked && !held.is_empty(),
            "seed {seed}: {differs:?}, {} {}",
            held.len(),
            looked.len()
        );
        let live = all_results(&live);
        let differs = live.lines().zip(unwatched.lines()).find(|(one, other)| one != other);
        assert!(live == unwatched, "seed {seed}: watching counts otherwise: {differs:?}");
    }
}
