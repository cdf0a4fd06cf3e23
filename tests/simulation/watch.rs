//! A law of watching: what is told as events come and time goes on is what a look at everything tells at the end, and
//! nobody counts otherwise because somebody watches.

use std::collections::BTreeMap;

use compute::dossier::{Flag, Flags};
use compute::engine::{Engine, Holding, Keep, RestRule, Watched};
use compute::instant::Instant;

use crate::all_results;
use crate::rest::Resting;
use crate::stream::{Chance, Lines, engine, push_all, seeds};

fn watched() -> Vec<Watched> {
    vec![
        Watched::DueWithin(8 * 3600),
        Watched::DueWithin(16 * 3600),
        Watched::DueToday,
        Watched::Overdue,
        Watched::ApologyOverdue,
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

#[test]
fn a_letter_owed_by_a_dossier_at_rest_is_told_of_when_it_is_asked_about() {
    let mut brought_back = 0;
    for seed in seeds(3) {
        let lines = Lines::of(seed, 2_500);
        // Long after: what has ended may rest.
        let now = Instant::from_unix(lines.until().unix_seconds() + 400 * 86_400, 0);
        let mut keeping = engine(2, Keep::From(lines.from()));
        let mut resting = Resting::of(engine(2, Keep::From(lines.from())));
        for engine in [&mut keeping, &mut resting.engine] {
            push_all(engine, lines.iter(), 400);
            engine.advance(now).unwrap();
        }
        resting.save(RestRule { quiet_since: now, subjects_max: usize::MAX }, &mut |_| {});
        let look = |engine: &mut Engine, dossiers: &[String]| {
            engine.watch(&[Watched::ApologyOverdue]);
            // What a restart looks at, long after the last event.
            assert_eq!(engine.look_again(0, usize::MAX, Instant::LAST), None);
            engine.look_at(dossiers);
            engine.advance(now).unwrap();
            let mut held = Held::new();
            take(engine, &mut held);
            held
        };
        let all = look(&mut keeping, &[]);
        assert!(!all.is_empty(), "seed {seed}: somebody is owed a letter");
        let dossiers: Vec<String> = all.keys().map(|(_, code)| code.clone()).collect();
        let in_memory = look(&mut resting.engine, &[]);
        assert_eq!(look(&mut resting.engine, &dossiers), all, "seed {seed}");
        brought_back += all.len() - in_memory.len();
    }
    assert!(brought_back > 0, "some were at rest");
}
