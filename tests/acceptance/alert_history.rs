//! Much at once: what was seen twice between two looks, and alerts that were history from the start.
//!
//! Not here: stories (`alerts`), measures (`alert_measures`).

use acceptance_tests::watch::{built_in, instant};
use alerts::{Desk, Memory, Observation, Rule};
use compute::calendar::Calendar;
use compute::codes::CodeBook;
use compute::engine::{Cause, Holding, Sighting, Watched};
use compute::event::Family;

/// H1 as the engine saw it: overdue since this instant, or nothing.
fn seen(code: &str, overdue_since: Option<&str>) -> Sighting {
    let holdings = overdue_since.map(|at| {
        let since = instant(at);
        Holding { watched: 0, since, cause: Cause::At(since) }
    });
    let holdings = holdings.into_iter().collect();
    Sighting {
        family: Family::Dossier,
        code: code.to_owned(),
        agency: None,
        officer: None,
        due: None,
        holdings,
    }
}

fn observed(seen: Vec<Sighting>) -> Vec<Observation> {
    let watched = [("overdue".to_owned(), Watched::Overdue)];
    Observation::all(seen, &watched, &CodeBook::default().names())
}

#[test]
fn of_what_was_seen_more_than_once_between_two_looks_the_last_stands() {
    let all = observed(vec![
        seen("H1", Some("05/10 16:00")),
        seen("H2", None),
        seen("H1", None),
        seen("H2", Some("05/10 16:00")),
    ]);
    let told: Vec<(String, usize)> = all
        .into_iter()
        .map(|one| match one {
            Observation::Subject { subject, conditions, .. } => (subject, conditions.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [("H1".to_owned(), 0), ("H2".to_owned(), 1)]);
}

#[test]
fn history_that_is_over_is_forgotten_and_is_history_again_when_it_comes_back() {
    let calendar = Calendar::embedded().expect("they are part of the program");
    let mut desk = Desk::new(built_in(&["overdue"]), Vec::new(), Memory::default(), &calendar);
    let mut step = |at: &str, since: Option<&str>| {
        let step = desk.step(instant(at), observed(vec![seen("H1", since)]), &calendar);
        let told: Vec<&str> = step.notices.iter().map(|notice| notice.phase.name()).collect();
        let alerts: Vec<bool> = desk.alerts().map(|alert| alert.is_history).collect();
        (told.join(" "), alerts)
    };
    let nothing = String::new();
    let old = Some("05/10 16:00");
    assert_eq!(step("09/10 08:00", old), (nothing.clone(), vec![true]), "it held before anyone looked");
    assert_eq!(step("09/10 08:01", None), (nothing.clone(), vec![]), "nobody was told, nothing is kept");
    assert_eq!(step("09/10 08:02", old), (nothing.clone(), vec![true]), "the same cause is no news");
    // What begins while somebody watches is kept after its end, so that it is told once.
    let new = Some("09/10 08:30");
    assert_eq!(step("09/10 08:31", new), ("raised".to_owned(), vec![false]));
    assert_eq!(step("09/10 08:32", None), ("resolved".to_owned(), vec![false]));
    assert_eq!(step("09/10 08:33", new), (nothing, vec![false]), "once is enough");
}

#[test]
fn whoever_was_told_of_history_they_had_put_off_is_told_that_it_is_over() {
    let calendar = Calendar::embedded().expect("they are part of the program");
    let mut desk = Desk::new(built_in(&["overdue"]), Vec::new(), Memory::default(), &calendar);
    let mut step = |at: &str, since: Option<&str>, put_off_until: Option<&str>| {
        let step = desk.step(instant(at), observed(vec![seen("H1", since)]), &calendar);
        if let Some(until) = put_off_until {
            let id = desk.alerts().next().expect("an alert").id();
            let times = (instant(at), instant(until));
            desk.snooze(&id, ("An", "x"), times, &calendar).expect("it is open");
        }
        step.notices.iter().map(|notice| notice.phase.name()).collect::<Vec<_>>().join(" ")
    };
    let old = Some("05/10 16:00");
    assert_eq!(step("09/10 08:00", old, Some("09/10 08:10")), "");
    assert_eq!(step("09/10 08:11", old, None), "raised");
    assert_eq!(step("09/10 08:12", None, None), "resolved");
}

#[test]
fn only_what_a_new_process_would_not_come_to_by_itself_presses() {
    let calendar = Calendar::embedded().expect("they are part of the program");
    let mut desk = Desk::new(built_in(&["overdue"]), Vec::new(), Memory::default(), &calendar);
    let mut presses = |at: &str, since: Option<&str>| {
        desk.step(instant(at), observed(vec![seen("H1", since)]), &calendar).is_pressing
    };
    assert!(presses("09/10 08:00", None), "since when it is looked for");
    let old = Some("05/10 16:00");
    assert!(!presses("09/10 08:01", old), "history is found again");
    assert!(!presses("09/10 08:02", None), "and so is that it is over");
    let new = Some("09/10 08:02");
    assert!(presses("09/10 08:03", new), "somebody is told");
    assert!(!presses("09/10 08:04", new), "nothing is new");
    assert!(presses("09/10 08:05", None), "they are told that it is over");
}

#[test]
fn that_every_measure_was_taken_once_presses_once() {
    let calendar = Calendar::embedded().expect("they are part of the program");
    let measured = Rule::built_in().expect("they are part of the program");
    let measured = measured.into_iter().filter(|rule| rule.marks().is_some()).take(1).collect();
    let mut desk = Desk::new(measured, Vec::new(), Memory::default(), &calendar);
    let mut presses = |at: &str, observed| desk.step(instant(at), observed, &calendar).is_pressing;
    assert!(presses("09/10 08:00", Vec::new()), "since when it is looked for");
    assert!(presses("09/10 08:01", vec![Observation::RoundEnds]), "what comes from here on is news");
    assert!(!presses("09/10 08:02", vec![Observation::RoundEnds]), "it is known already");
}
