//! Dossiers parted among several engines, their counts carried over by difference and added: the bytes of one engine.
//!
//! Whatever the number of shares, the moments of carrying over and the numbers of codes, in open periods as in closed
//! ones. Not here: topics and processes (`tests/kafka`).

use std::collections::BTreeMap;
use std::sync::Arc;

use compute::engine::{At, Cells, Engine, Keep, Scope, Setup, ShiftError, Snapshot};
use compute::event::Family;
use compute::event::record::subject_hash;
use ingest::decode;

use crate::stream::{Chance, Lines, engine, push_all, seeds, setup};
use crate::{all_results, all_results_of};

/// A place by texts.
type Place = (&'static str, String, String);

/// One share and what was last carried over from it.
struct Share {
    engine: Engine,
    carried: BTreeMap<String, Arc<Cells>>,
    rows: BTreeMap<(String, Place), Vec<u32>>,
}

fn place(snapshot: &Snapshot, at: At) -> Option<Place> {
    let names = snapshot.codes.names();
    let text = |code: compute::codes::Code| (code.index() < names.len()).then(|| names.text(code).to_owned());
    Some(match at {
        At::Unit(code) => ("unit", text(code)?, String::new()),
        At::Officer(code) => ("officer", text(code)?, String::new()),
        At::Procedure { unit, procedure } => ("procedure", text(unit)?, text(procedure)?),
    })
}

/// Carries over what changed since the last time.
fn carry_over(share: &mut Share, reader: &Engine, sums: &mut BTreeMap<String, Cells>) {
    let snapshot = share.engine.snapshot();
    let codes = reader.codes();
    for period in &snapshot.periods {
        let name = period.frame.period.to_string();
        let sum = sums.entry(name.clone()).or_insert_with(|| Cells::of(&snapshot.catalogue));
        let before = share.carried.get(&name).map(AsRef::as_ref);
        period.cells.changed(before, |at, counts| {
            let Some(place) = place(&snapshot, at) else { return };
            let (one, other) = (codes.code(&place.1), codes.code(&place.2));
            let there = match place.0 {
                "unit" => At::Unit(one),
                "officer" => At::Officer(one),
                _ => At::Procedure { unit: one, procedure: other },
            };
            let row = share.rows.entry((name.clone(), place)).or_default();
            sum.shift(there, row, counts).unwrap();
            *row = counts.to_vec();
        });
        share.carried.insert(name, Arc::clone(&period.cells));
    }
}

fn shown(reader: &Engine, sums: &BTreeMap<String, Cells>) -> String {
    let mut snapshot = reader.snapshot();
    for period in &mut snapshot.periods {
        if let Some(sum) = sums.get(&period.frame.period.to_string()) {
            period.cells = Arc::new(sum.plus(&period.cells).unwrap());
        }
    }
    all_results_of(&snapshot)
}

fn share_of(line: &str, shares: usize) -> Option<usize> {
    let draft = decode::decode(line.as_bytes()).unwrap();
    let is_dossier = draft.event_type.family() == Family::Dossier;
    is_dossier.then(|| usize::try_from(subject_hash(&draft.subject)).unwrap() % shares)
}

#[test]
fn counts_of_parted_dossiers_add_up_to_the_bytes_of_one_engine() {
    for seed in seeds(4) {
        let lines = Lines::of(seed, 5_000);
        let mut chance = Chance::new(seed);
        let count = 1 + usize::try_from(chance.below(5)).unwrap();
        let keep = Keep::From(lines.from());
        let (mut one, mut reader) = (engine(2, keep), engine(1, keep));
        let of_share = || Setup { scope: Scope::Dossiers, ..setup(1, keep) };
        let new =
            |_| Share { engine: Engine::new(of_share()), carried: BTreeMap::new(), rows: BTreeMap::new() };
        let mut shares: Vec<Share> = (0..count).map(new).collect();
        let mut sums = BTreeMap::new();
        let all: Vec<_> = lines.arrivals().collect();
        let mut rest = all.as_slice();
        while !rest.is_empty() {
            let size = (1 + usize::try_from(chance.below(400)).unwrap()).min(rest.len());
            let (now, later) = rest.split_at(size);
            rest = later;
            let as_of = now[size - 1].0;
            push_all(&mut one, now.iter().map(|(_, line)| *line), usize::MAX);
            let whole = |line: &&str| share_of(line, count).is_none();
            push_all(&mut reader, now.iter().map(|(_, line)| *line).filter(whole), usize::MAX);
            for (number, share) in shares.iter_mut().enumerate() {
                let own = |line: &&str| share_of(line, count).is_none_or(|share| share == number);
                push_all(&mut share.engine, now.iter().map(|(_, line)| *line).filter(own), 100);
                share.engine.advance(as_of).unwrap();
                // Not each time: differences add up over several steps.
                if chance.below(3) == 0 {
                    carry_over(share, &reader, &mut sums);
                }
            }
            one.advance(as_of).unwrap();
            reader.advance(as_of).unwrap();
            if chance.below(4) == 0 {
                for share in &mut shares {
                    carry_over(share, &reader, &mut sums);
                }
                assert!(
                    shown(&reader, &sums) == all_results(&one),
                    "seed {seed}, {count} shares: other bytes"
                );
            }
        }
        for share in &mut shares {
            carry_over(share, &reader, &mut sums);
        }
        assert!(
            shown(&reader, &sums) == all_results(&one),
            "seed {seed}, {count} shares: other bytes at the end"
        );
        let dossiers =
            one.snapshot().periods.iter().any(|period| !sums[&period.frame.period.to_string()].is_empty());
        assert!(dossiers, "seed {seed}: something was carried over");
    }
}

#[test]
fn counts_of_other_conditions_and_more_than_was_put_in_are_refused() {
    let reader = engine(1, Keep::From(Lines::of(1, 10).from()));
    let snapshot = reader.snapshot();
    let (mut cells, code) = (Cells::of(&snapshot.catalogue), reader.codes().code("H"));
    let bits = snapshot.catalogue.conditions.len();
    let (one, few) = (vec![1; bits], vec![1; bits - 1]);
    assert_eq!(cells.shift(At::Unit(code), &[], &few), Err(ShiftError::OtherConditions));
    assert_eq!(cells.shift(At::Unit(code), &one, &[]), Err(ShiftError::OutOfBounds));
    assert_eq!(cells.unit(code, 0), 0, "nothing has changed");
    cells.shift(At::Unit(code), &[], &one).unwrap();
    cells.shift(At::Unit(code), &one, &[]).unwrap();
    assert!(cells.is_empty());
}
