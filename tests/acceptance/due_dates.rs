//! Due dates that are given, changed, refused their effect, or never given at all.
//!
//! Not here: due dates from a procedure's duration (`calendar`).

use acceptance_tests::story::check;

#[test]
fn equality_is_on_time() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         09/10 17:30 processed
         => 2.1 1/1 points 20.00",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         09/10 17:30:00.000000001 processed
         => 2.1 0/1 points 0.00",
    );
}

#[test]
fn a_due_date_can_be_changed_until_it_has_passed_and_not_after() {
    for (at, expected) in [("08/10 08:00", "1/1"), ("09/10 17:30", "1/1"), ("09/10 17:30:01", "0/1")] {
        check(&format!(
            "01/10 08:00 accepted due=09/10 17:30
             {at} due_changed due=20/10 17:30
             19/10 08:00 processed
             => 2.1 {expected}"
        ));
    }
}

#[test]
fn a_due_date_can_also_come_nearer() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         02/10 08:00 due_changed due=05/10 17:30
         06/10 08:00 processed
         => 2.1 0/1",
    );
}

#[test]
fn a_change_while_the_clock_stands_is_judged_by_when_it_stopped() {
    // The whole stop, four days, is added to the changed due date: 20/10 becomes 24/10.
    for (end, expected) in [("24/10 17:30", "1/1"), ("24/10 17:31", "0/1")] {
        check(&format!(
            "01/10 08:00 accepted due=09/10 17:30
             08/10 08:00 supplement_requested
             10/10 08:00 due_changed due=20/10 17:30
             12/10 08:00 supplement_received
             {end} processed
             => 2.1 {expected}"
        ));
    }
}

#[test]
fn a_date_given_with_papers_that_were_asked_for_too_late_has_no_effect() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         10/10 08:00 supplement_requested
         12/10 08:00 supplement_received due=20/10 17:30
         13/10 08:00 processed
         => 2.1 0/1",
    );
}

#[test]
fn an_apology_with_a_new_date_counts_only_before_the_old_one_has_passed() {
    for (at, expected) in [("09/10 08:00", "1/1"), ("10/10 08:00", "0/1")] {
        check(&format!(
            "01/10 08:00 accepted due=09/10 17:30
             {at} apologised new_due_at=20/10 17:30
             19/10 08:00 processed
             => 2.1 {expected}"
        ));
    }
}

#[test]
fn an_apology_without_a_date_changes_nothing() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         08/10 08:00 apologised
         12/10 08:00 processed
         => 2.1 0/1",
    );
}

#[test]
fn a_second_acceptance_is_a_change_of_the_due_date_and_no_second_dossier() {
    check(
        "30/09 08:00 accepted due=09/10 17:30
         05/10 08:00 accepted due=20/10 17:30
         15/10 08:00 processed
         => 2.1 1/1
         => 1.4 0/1 in 2026-09
         => 1.4 0/0",
    );
}

#[test]
fn a_change_after_the_end_changes_nothing() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         08/10 08:00 processed
         08/10 09:00 due_changed due=05/10 17:30
         => 2.1 1/1",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         12/10 08:00 processed
         12/10 09:00 due_changed due=20/10 17:30
         => 2.1 0/1",
    );
}

#[test]
fn without_a_due_date_a_dossier_is_neither_on_time_nor_late() {
    check(
        "01/10 08:00 accepted
         12/10 08:00 processed
         => 2.1 0/0 points 0.00
         => 5.4 0/0 points 0.00
         => 1.4 0/1",
    );
}

#[test]
fn the_first_date_given_later_becomes_the_due_date() {
    check(
        "01/10 08:00 accepted
         05/10 08:00 due_changed due=09/10 17:30
         12/10 08:00 processed
         => 2.1 0/1",
    );
}

#[test]
fn a_first_date_given_after_the_end_makes_nothing_late() {
    check(
        "01/10 08:00 accepted
         08/10 08:00 processed
         12/10 08:00 due_changed due=05/10 17:30
         => 2.1 1/1",
    );
}

#[test]
fn a_first_date_given_after_the_month_does_not_make_the_month_late() {
    check(
        "01/10 08:00 accepted
         05/11 08:00 due_changed due=06/11 17:30
         => 2.1 0/0
         => 2.1 1/1 as-of 15/11 00:00
         => 2.1 0/1 in 2026-11",
    );
}
