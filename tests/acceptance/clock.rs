//! Clock stops: when the days of a dossier do not count, and what a stop at the wrong time costs.
//!
//! Not here: due dates that someone changes (`due_dates`), ends (`endings`).

use acceptance_tests::story::check;

#[test]
fn the_days_an_applicant_takes_to_supply_papers_move_the_due_date() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         05/10 08:00 supplement_requested
         12/10 08:00 supplement_received
         16/10 17:30 processed
         => 2.1 1/1",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         05/10 08:00 supplement_requested
         12/10 08:00 supplement_received
         16/10 17:30:01 processed
         => 2.1 0/1",
    );
}

#[test]
fn a_due_date_given_with_the_papers_replaces_the_move() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         05/10 08:00 supplement_requested
         12/10 08:00 supplement_received due=13/10 17:30
         14/10 08:00 processed
         => 2.1 0/1",
    );
}

#[test]
fn a_pause_for_financial_duty_moves_the_due_date_too() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         09/10 08:00 paused
         19/10 08:00 resumed
         19/10 17:30 processed
         => 2.1 1/1",
    );
}

#[test]
fn overlapping_stops_count_once_as_their_union() {
    let union_of_four_days = |end: &str, expected: &str| {
        check(&format!(
            "01/10 08:00 accepted due=09/10 17:30
             05/10 08:00 supplement_requested
             06/10 08:00 paused
             07/10 08:00 supplement_received
             09/10 08:00 resumed
             {end} processed
             => 2.1 {expected}"
        ));
    };
    union_of_four_days("13/10 17:30", "1/1");
    union_of_four_days("13/10 17:30:01", "0/1");
}

#[test]
fn starting_a_stop_that_stands_changes_nothing() {
    let two_days = |end: &str, expected: &str| {
        check(&format!(
            "01/10 08:00 accepted due=09/10 17:30
             05/10 08:00 paused
             06/10 08:00 paused
             07/10 08:00 resumed
             {end} processed
             => 2.1 {expected}"
        ));
    };
    two_days("11/10 17:30", "1/1");
    two_days("11/10 17:31", "0/1");
}

#[test]
fn resuming_what_does_not_stand_moves_nothing() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         05/10 08:00 resumed
         06/10 08:00 supplement_received
         09/10 17:31 processed
         => 2.1 0/1",
    );
}

#[test]
fn resuming_for_another_reason_leaves_a_financial_stop_standing() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         05/10 08:00 paused
         06/10 08:00 resumed reason=other
         07/10 08:00 resumed
         11/10 17:30 processed
         => 2.1 1/1",
    );
}

#[test]
fn waiting_for_another_agency_does_not_stop_the_clock() {
    for reason in ["other_agency", "other"] {
        check(&format!(
            "01/10 08:00 accepted due=09/10 17:30
             05/10 08:00 paused reason={reason}
             12/10 08:00 resumed reason={reason}
             12/10 09:00 processed
             => 2.1 0/1"
        ));
    }
}

#[test]
fn papers_asked_for_before_acceptance_do_not_stop_the_clock() {
    check(
        "01/10 08:00 submitted
         01/10 09:00 supplement_requested
         02/10 08:00 accepted due=09/10 17:30
         05/10 08:00 supplement_received
         12/10 08:00 processed
         => 2.1 0/1",
    );
}

#[test]
fn an_end_while_the_clock_stands_is_judged_at_the_start_of_the_stop() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         09/10 17:30 supplement_requested
         20/10 08:00 processed
         => 2.1 1/1",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         09/10 17:30:01 supplement_requested
         20/10 08:00 processed
         => 2.1 0/1",
    );
}

#[test]
fn waiting_for_the_first_supplement_is_never_late() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         05/10 08:00 supplement_requested
         => 2.1 1/1
         => 2.1 1/1 in 2026-12",
    );
}

#[test]
fn waiting_for_a_second_supplement_is_late_at_once() {
    check(
        "01/10 08:00 accepted due=30/10 17:30
         05/10 08:00 supplement_requested
         06/10 08:00 supplement_received
         07/10 08:00 supplement_requested
         => 2.1 1/1 as-of 07/10 08:00
         => 2.1 0/1 as-of 07/10 08:01",
    );
    check(
        "01/10 08:00 accepted due=30/10 17:30
         05/10 08:00 supplement_requested
         06/10 08:00 supplement_requested
         => 2.1 0/1 as-of 07/10 08:00",
    );
}

#[test]
fn two_supplements_that_were_supplied_are_no_lateness() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         05/10 08:00 supplement_requested
         06/10 08:00 supplement_received
         07/10 08:00 supplement_requested
         08/10 08:00 supplement_received
         11/10 17:30 processed
         => 2.1 1/1",
    );
}

#[test]
fn a_supplement_asked_for_after_the_due_date_does_not_hide_lateness() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         09/10 17:30 supplement_requested
         => 2.1 1/1",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         10/10 08:00 supplement_requested
         => 2.1 0/1",
    );
}

#[test]
fn a_financial_pause_protects_only_if_it_began_in_time() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         09/10 17:30 paused
         => 2.1 1/1",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         09/10 17:30:01 paused
         => 2.1 0/1",
    );
}

#[test]
fn a_supplement_asked_for_during_a_pause_counts_from_the_pause() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         05/10 08:00 paused
         12/10 08:00 supplement_requested
         => 2.1 1/1",
    );
}
