//! Which events stand: deleted dossiers, retractions, duplicates and clashes, arrival in any order.

use acceptance_tests::program::nhip;
use acceptance_tests::story::{check, events};

#[test]
fn a_deleted_dossier_is_in_no_figure() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         12/10 08:00 deleted
         => 2.1 0/0
         => 1.4 0/0
         => 5.4 0/0
         => 2.1 0/1 as-of 12/10 08:00",
    );
}

#[test]
fn a_dossier_never_accepted_is_in_no_figure() {
    check(
        "01/10 08:00 submitted channel=online
         02/10 08:00 refused
         => 2.1 0/0
         => 1.4 0/0
         => 3.3 0/0",
    );
}

#[test]
fn a_retracted_event_never_happened_from_the_retraction_on() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         08/10 08:00 processed id=done
         20/10 08:00 event.retracted names=done
         => 2.1 1/1 as-of 20/10 08:00
         => 2.1 0/1
         => 2.1 0/0 in 2026-09 as-of 01/11 00:00",
    );
}

#[test]
fn a_retraction_can_be_retracted() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         08/10 08:00 processed id=done
         20/10 08:00 event.retracted names=done id=undo
         21/10 08:00 event.retracted names=undo
         => 2.1 0/1 as-of 21/10 08:00
         => 2.1 1/1",
    );
}

#[test]
fn a_retraction_reaches_only_earlier_events_of_its_own_subject() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         07/10 08:00 event.retracted names=done
         08/10 08:00 processed id=done
         08/10 09:00 H2 event.retracted names=done
         => 2.1 1/1",
    );
}

#[test]
fn the_same_event_twice_is_one_event() {
    check(
        "01/10 08:00 accepted due=09/10 17:30 id=same
         01/10 08:00 accepted due=09/10 17:30 id=same
         05/10 08:00 supplement_requested id=once
         05/10 08:00 supplement_requested id=once
         => 2.1 1/1
         => 1.4 0/1",
    );
}

#[test]
fn the_same_id_from_another_source_is_another_event() {
    check(
        "01/10 08:00 accepted due=30/10 17:30
         05/10 08:00 supplement_requested id=x source=/a
         05/10 08:00 supplement_requested id=x source=/b
         => 2.1 0/1 as-of 06/10 00:00",
    );
}

#[test]
fn of_two_copies_that_clash_the_earlier_wins_in_whatever_order_they_come() {
    let early = "08/10 08:00 processed id=end";
    let late = "12/10 08:00 processed id=end";
    for (first, second) in [(early, late), (late, early)] {
        check(&format!("01/10 08:00 accepted due=09/10 17:30\n{first}\n{second}\n=> 2.1 1/1"));
    }
}

#[test]
fn of_two_copies_at_one_instant_the_smaller_content_wins() {
    let near = "01/10 08:00 accepted due=09/10 17:30 id=in";
    let far = "01/10 08:00 accepted due=20/10 17:30 id=in";
    for (first, second) in [(near, far), (far, near)] {
        check(&format!("{first}\n{second}\n12/10 08:00 processed\n=> 2.1 0/1"));
    }
}

#[test]
fn a_clash_and_a_duplicate_are_counted() {
    let input = events(
        "01/10 08:00 accepted due=09/10 17:30 id=in
         01/10 08:00 accepted due=09/10 17:30 id=in
         01/10 08:00 accepted due=20/10 17:30 id=in",
    );
    let ran = nhip(&["score", "-", "--period", "2026-10", "--format", "csv"], input.as_bytes());
    let tally = "consumed 10 = applied 8 + duplicate 1 + superseded 1 + set aside 0";
    assert_eq!(ran.stderr.trim(), tally);
}

#[test]
fn arrival_in_any_order_gives_the_same_bytes() {
    let told = events(
        "01/10 08:00 accepted due=09/10 17:30
         05/10 08:00 supplement_requested
         05/10 08:00 supplement_received
         12/10 08:00 processed
         13/10 08:00 reopened
         14/10 08:00 processed id=last
         15/10 08:00 event.retracted names=last
         02/10 08:00 H2 accepted due=09/10 17:30
         03/10 08:00 K petition.received dossier=H2",
    );
    let score = |input: &str| {
        let asked = ["score", "-", "--period", "2026-10", "--as-of", "2026-11-01", "--format", "csv"];
        nhip(&asked, input.as_bytes()).text()
    };
    let lines: Vec<&str> = told.lines().collect();
    let backwards: String = lines.iter().rev().flat_map(|line| [*line, "\n"]).collect();
    let doubled: String = lines.iter().rev().chain(&lines).flat_map(|line| [*line, "\n"]).collect();
    assert_eq!(score(&told), score(&backwards));
    assert_eq!(score(&told), score(&doubled));
}
