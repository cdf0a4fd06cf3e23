//! Law of reorganisation: units that are moved, closed, renamed and moved back while events come in leave the figures
//! of one batch.
//!
//! Only what counts for units that moved is folded again, so it must be exactly those. Not here: which unit a dossier
//! counts for (`tests/acceptance/organisation.rs`).

use compute::engine::Keep;
use serde_json::{Value, json};

use crate::all_results;
use crate::compare_with_batch;
use crate::stream::{Chance, Lines, engine, push_all, seeds};

/// A definition that moves, closes, opens again or renames one of the units, known at some time of the story.
fn reorganisation(units: &[Value], chance: &mut Chance, number: u64) -> String {
    let place = |chance: &mut Chance| usize::try_from(chance.below(units.len() as u64)).unwrap();
    let mut event = units[place(chance)].clone();
    let day = |chance: &mut Chance| format!("2026-{:02}-{:02}", 1 + chance.below(3), 1 + chance.below(28));
    event["id"] = format!("reorganisation-{number}").into();
    event["time"] = format!("{}T00:00:{:02}+07:00", day(chance), number % 60).into();
    let data = &mut event["data"];
    match chance.below(4) {
        0 => data["name"] = format!("Renamed {number}").into(),
        1 => data["parent"] = units[place(chance)]["subject"].clone(),
        2 => data["valid_to"] = day(chance).into(),
        _ => {
            data["parent"] = units[place(chance)]["subject"].clone();
            data["valid_from"] = day(chance).into();
            data["valid_to"] = Value::Null;
        }
    }
    if data["valid_to"].is_null() {
        data.as_object_mut().unwrap().remove("valid_to");
    }
    event.to_string()
}

#[test]
fn units_that_move_take_exactly_their_dossiers_along() {
    for seed in seeds(6) {
        let lines = Lines::of(seed, 2_500);
        let units: Vec<Value> = lines
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|event| event["type"] == json!("agency.defined"))
            .collect();
        let mut chance = Chance::new(seed);
        let moves: Vec<String> = (0..40).map(|number| reorganisation(&units, &mut chance, number)).collect();
        let mut live = engine(2, Keep::From(lines.from()));
        let mut taken: Vec<&str> = Vec::new();
        for (place, (arrival, line)) in lines.arrivals().enumerate() {
            push_all(&mut live, std::iter::once(line), 1);
            taken.push(line);
            // Dossiers are counted first, then their units move.
            if place % 64 == 63
                && let Some(moved) = moves.get(place / 64)
            {
                live.advance(arrival).unwrap();
                push_all(&mut live, std::iter::once(moved.as_str()), 1);
                taken.push(moved);
                live.advance(arrival).unwrap();
            }
            if place % 977 == 976 {
                live.advance(arrival).unwrap();
                compare_with_batch(&live, &taken, seed);
            }
        }
        live.advance(lines.until()).unwrap();
        compare_with_batch(&live, &taken, seed);
        let mut batch = engine(3, Keep::From(lines.from()));
        push_all(&mut batch, taken.iter().copied(), usize::MAX);
        batch.advance(lines.until()).unwrap();
        assert!(all_results(&batch) == all_results(&live), "seed {seed}: moving units left a trace");
    }
}
