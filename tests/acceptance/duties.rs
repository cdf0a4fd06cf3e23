//! Letters of apology: when one is owed, until when, and what counts as sent. Every count is the length of its list.
//!
//! Told as tables: a story, and what is owed as of some instants. Not here: pages and the API (`duties_pages`).

use std::sync::Arc;

use acceptance_tests::story::events;
use acceptance_tests::watch::{built_in, check as check_alerts, instant};
use compute::calendar::Calendar;
use compute::codes::LocalCodes;
use compute::engine::{Engine, Keep, Routed, Scope, Setup, Who};
use compute::figures::{Figures, Level};
use compute::period::{Kind, Period};
use compute::set::Catalogue;
use ingest::decode;

/// The figures for duties.
const COUNTS: [&str; 4] = ["apology_owed", "apology_overdue", "apologised", "apologised_late"];

fn engine(text: &str) -> Engine {
    let mut engine = Engine::new(Setup {
        catalogue: Arc::new(Catalogue::embedded().expect("they are part of the program")),
        calendar: Arc::new(Calendar::embedded().expect("they are part of the program")),
        codes: Arc::default(),
        shards: 2,
        keep: Keep::From(instant("01/01 00:00")),
        scope: Scope::All,
    });
    let mut codes = LocalCodes::new(&engine.codes());
    let mut routed = Routed::new(engine.shards());
    for line in events(text).lines() {
        routed.push(&decode::decode(line.as_bytes()).expect("a story is understood"), &mut codes);
    }
    engine.apply(&[routed]);
    engine
}

/// The counts of the commune, checked against their lists, the officer's and the province's.
fn counts(engine: &Engine, period: Period) -> [u64; 4] {
    let snapshot = engine.snapshot();
    let set = snapshot.catalogue.set("portal-2026").expect("it is embedded");
    let state = snapshot.period(period).expect("it is kept");
    let agencies = Figures::of(&snapshot, state, set, Level::Agency);
    let officers = Figures::of(&snapshot, state, set, Level::Officer);
    COUNTS.map(|id| {
        let place = set.management.iter().position(|count| count.file.id == id).expect("it is counted");
        let whose = [(&agencies, "C1"), (&agencies, "P"), (&officers, "O1")];
        let found = whose.map(|(figures, unit)| {
            let row = figures.units.iter().find(|row| row.code == unit).expect("it has a row");
            let code = snapshot.codes.names().find(unit).expect("an event names it");
            let who = if unit == "O1" { Who::Officer(code) } else { Who::Agency(code) };
            let listed = engine.list_of_count(period, who, &set.management[place]).expect("a list");
            assert_eq!(listed.len() as u64, row.management[place], "{id} of {unit}");
            row.management[place]
        });
        assert!(found.iter().all(|count| *count == found[0]), "{id}: {found:?}");
        found[0]
    })
}

/// Lines `=> 12/10 17:30 owed` in the story: what is owed as of then, of its one dossier, in the year.
fn check(text: &str) {
    let wanted: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("=> "))
        .map(|line| (&line[..11], line[11..].trim()))
        .collect();
    assert!(!wanted.is_empty(), "the story expects nothing");
    let mut live = engine(text);
    for (at, duty) in wanted {
        let as_of = instant(at);
        let expected = match duty {
            "nothing" => [0, 0, 0, 0],
            "owed" => [1, 0, 0, 0],
            "overdue" => [1, 1, 0, 0],
            "sent" => [0, 0, 1, 0],
            "sent late" => [0, 0, 1, 1],
            other => panic!("{other} is no duty"),
        };
        let period = Period::containing(as_of, Kind::Year);
        let mut batch = engine(text);
        batch.advance(as_of).expect("conditions hold");
        assert_eq!(counts(&batch, period), expected, "{at}\n{text}");
        // The same, as time goes on in the same engine.
        live.advance(as_of).expect("conditions hold");
        assert_eq!(counts(&live, period), expected, "{at}, step by step\n{text}");
    }
}

#[test]
fn a_letter_is_owed_once_the_due_date_has_passed_until_the_end_of_the_next_working_day() {
    for (due, owed_from, in_time_until, overdue_from) in [
        // A Friday: the weekend gives no working day.
        ("09/10 17:30", "09/10 17:31", "12/10 17:30", "12/10 17:31"),
        // In the middle of a Tuesday: to the end of Wednesday.
        ("13/10 10:00", "13/10 10:01", "14/10 17:30", "14/10 17:31"),
        // A Friday before a Saturday that is worked, and the Friday before the holidays it is worked for.
        ("21/08 17:30", "21/08 17:31", "22/08 17:30", "22/08 17:31"),
        ("28/08 17:30", "28/08 17:31", "03/09 17:30", "03/09 17:31"),
        // The last day before Tet.
        ("13/02 17:30", "13/02 17:31", "23/02 17:30", "23/02 17:31"),
    ] {
        check(&format!(
            "02/02 08:00 accepted due={due}
             => {due} nothing
             => {owed_from} owed
             => {in_time_until} owed
             => {overdue_from} overdue"
        ));
    }
}

#[test]
fn a_letter_counts_as_sent_in_time_or_late_and_an_end_sends_none() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         12/10 17:30 apologised new_due_at=20/10 17:30
         => 12/10 17:30 owed
         => 12/10 17:31 sent
         => 30/10 08:00 sent",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         13/10 07:30 apologised
         => 13/10 07:30 overdue
         => 13/10 07:31 sent late",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         12/10 09:00 processed
         => 12/10 10:00 owed
         => 13/10 08:00 overdue",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         12/10 09:00 processed
         14/10 09:00 apologised
         => 14/10 09:00 overdue
         => 14/10 09:01 sent late",
    );
}

#[test]
fn a_letter_before_the_due_date_is_in_time_and_one_that_moves_it_is_about_the_old_date() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         08/10 08:00 apologised
         => 09/10 17:30 nothing
         => 12/10 08:00 sent",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         08/10 08:00 apologised new_due_at=16/10 17:30
         => 12/10 08:00 nothing
         => 16/10 17:31 owed
         => 20/10 08:00 overdue",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         08/10 08:00 apologised new_due_at=16/10 17:30
         19/10 08:00 apologised
         => 20/10 08:00 sent",
    );
}

#[test]
fn a_change_of_the_due_date_that_names_a_letter_is_one() {
    for (letter, expected) in [("letter=5/XL", "sent"), ("reason=x", "owed")] {
        check(&format!(
            "01/10 08:00 accepted due=09/10 17:30
             12/10 08:00 due_changed due=20/10 17:30 {letter}
             => 12/10 09:00 {expected}"
        ));
    }
}

#[test]
fn what_was_stopped_in_time_owes_nothing_and_what_was_stopped_late_keeps_the_date_it_missed() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         08/10 08:00 supplement_requested
         => 20/10 08:00 nothing",
    );
    // Late for the index by its second request, and no promise is broken.
    check(
        "01/10 08:00 accepted due=30/10 17:30
         02/10 08:00 supplement_requested
         05/10 08:00 supplement_requested
         => 20/10 08:00 nothing",
    );
    // Running again moves the due date; what was owed stays owed, by the same limit.
    check(
        "01/10 08:00 accepted due=09/10 17:30
         12/10 08:00 supplement_requested
         23/10 08:00 supplement_received
         => 12/10 09:00 owed
         => 13/10 08:00 overdue
         => 23/10 09:00 overdue",
    );
}

#[test]
fn a_letter_taken_back_is_owed_again_and_a_deleted_dossier_owes_nothing() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         12/10 08:00 apologised id=L
         13/10 08:00 event.retracted names=L
         => 12/10 09:00 sent
         => 13/10 09:00 overdue",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         13/10 08:00 deleted
         => 12/10 09:00 owed
         => 13/10 09:00 nothing",
    );
}

#[test]
fn a_second_letter_is_no_error_and_counts_once() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         12/10 08:00 apologised letter=1/XL
         12/10 08:30 apologised letter=1/XL
         14/10 08:30 apologised letter=2/XL
         => 15/10 08:00 sent",
    );
}

#[test]
fn a_period_that_is_over_says_what_is_still_owed_of_its_late_dossiers() {
    let mut engine = engine(
        "01/09 08:00 H1 accepted due=29/09 17:30
         30/09 08:00 H1 processed
         01/09 08:00 H2 accepted due=02/10 17:30
         08/10 08:00 H1 apologised",
    );
    let september = Period::parse("2026-09").expect("a month");
    for (at, expected) in [
        ("30/09 12:00", [1, 0, 0, 0]),
        ("05/10 08:00", [1, 1, 0, 0]),
        // What was missed after its end is another month's.
        ("08/10 09:00", [0, 0, 1, 1]),
    ] {
        engine.advance(instant(at)).expect("conditions hold");
        assert_eq!(counts(&engine, september), expected, "{at}");
    }
    assert_eq!(counts(&engine, Period::parse("2026-10").expect("a month")), [1, 1, 0, 0]);
}

#[test]
fn a_letter_that_is_overdue_alerts_once_also_when_the_dossier_has_ended_and_the_program_starts_again() {
    check_alerts(
        &built_in(&["apology_overdue"]).into_iter().map(at_once).collect::<Vec<_>>(),
        "01/10 08:00 H1 accepted due=09/10 16:00
         12/10 08:00 H1 processed
         01/10 08:00 H2 accepted due=09/10 16:00
         12/10 09:00 H2 apologised
         ! 14/10 08:00 restart
         15/10 08:00 H1 apologised
         ! 16/10 08:00 restart
         => 12/10 17:35 raised apology_overdue C1 H1
         => 15/10 08:05 resolved apology_overdue C1 H1",
        ("01/10 08:00", "17/10 08:00"),
    );
}

#[test]
fn what_was_overdue_before_alerts_began_is_told_to_nobody() {
    check_alerts(
        &built_in(&["apology_overdue"]).into_iter().map(at_once).collect::<Vec<_>>(),
        "01/10 08:00 H1 accepted due=09/10 16:00",
        ("15/10 08:00", "17/10 08:00"),
    );
}

/// Told at any hour, and to nobody else later.
fn at_once(mut rule: alerts::Rule) -> alerts::Rule {
    (rule.at_once, rule.every_minutes) = (true, 0);
    rule.escalate_after_hours.clear();
    rule
}
