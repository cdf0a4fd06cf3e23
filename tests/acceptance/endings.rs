//! What ends a dossier, what only looks like an end, and what a reopening does to it.

use acceptance_tests::story::check;

/// A dossier due 09/10 17:30, then `events`.
fn due_on_the_ninth(events: &str, expected: &str) {
    check(&format!("01/10 08:00 accepted due=09/10 17:30\n{events}\n=> 2.1 {expected}"));
}

#[test]
fn the_first_processed_ends_a_dossier_whatever_else_happened() {
    due_on_the_ninth("08/10 08:00 processed\n12/10 08:00 processed", "1/1");
    due_on_the_ninth("08/10 08:00 returned\n12/10 08:00 processed", "0/1");
    due_on_the_ninth("12/10 08:00 returned\n08/10 08:00 processed", "1/1");
}

#[test]
fn without_processed_the_first_returned_ends_it() {
    due_on_the_ninth("08/10 08:00 refused\n12/10 08:00 returned", "0/1");
    due_on_the_ninth("08/10 08:00 returned\n12/10 08:00 returned", "1/1");
}

#[test]
fn refused_stopped_and_withdrawn_end_it_whichever_comes_first() {
    for first in ["refused", "stopped", "withdrawn"] {
        for second in ["refused", "stopped", "withdrawn"] {
            due_on_the_ninth(&format!("08/10 08:00 {first}\n12/10 08:00 {second}"), "1/1");
        }
        due_on_the_ninth(&format!("12/10 08:00 {first}"), "0/1");
    }
}

#[test]
fn closing_the_electronic_process_is_no_end() {
    due_on_the_ninth("08/10 08:00 closed", "0/1");
}

#[test]
fn a_late_end_stays_late_however_often_it_is_reopened() {
    due_on_the_ninth("12/10 08:00 processed\n13/10 08:00 reopened\n13/10 09:00 processed", "0/1");
    let reopened_at_last = "12/10 08:00 processed
        13/10 08:00 reopened
        13/10 09:00 due_changed due=30/11 17:30
        14/10 08:00 supplement_requested";
    due_on_the_ninth(reopened_at_last, "0/1");
}

#[test]
fn a_dossier_reopened_in_time_is_judged_by_its_new_end() {
    due_on_the_ninth(
        "08/10 08:00 processed
         08/10 12:00 reopened
         08/10 13:00 due_changed due=20/10 17:30
         19/10 08:00 processed",
        "1/1",
    );
    due_on_the_ninth("08/10 08:00 processed\n08/10 12:00 reopened\n12/10 08:00 processed", "0/1");
    due_on_the_ninth("08/10 08:00 processed\n12/10 08:00 reopened", "0/1");
}

#[test]
fn reopening_what_has_not_ended_does_nothing() {
    due_on_the_ninth("05/10 08:00 reopened\n08/10 08:00 processed", "1/1");
    due_on_the_ninth("05/10 08:00 reopened\n12/10 08:00 processed", "0/1");
}

#[test]
fn an_end_before_the_acceptance_is_impossible_and_not_late() {
    check(
        "01/10 08:00 processed
         02/10 08:00 accepted due=01/10 07:30
         => 2.1 1/1",
    );
}

#[test]
fn a_dossier_is_in_hand_until_the_month_in_which_it_ends() {
    check(
        "10/09 08:00 accepted due=09/10 17:30
         01/10 00:00 processed
         => 2.1 1/1 in 2026-09
         => 2.1 1/1 in 2026-10
         => 2.1 0/0 in 2026-11",
    );
    check(
        "10/09 08:00 accepted due=09/10 17:30
         30/09 23:59:59 processed
         => 2.1 1/1 in 2026-09
         => 2.1 0/0 in 2026-10",
    );
}

#[test]
fn a_dossier_reopened_in_a_later_month_is_in_hand_again_and_leaves_its_month_on_time() {
    check(
        "10/09 08:00 accepted due=25/09 17:30
         24/09 08:00 processed
         05/10 08:00 reopened
         => 2.1 1/1 in 2026-09
         => 2.1 1/1 in 2026-09 as-of 01/12 00:00
         => 2.1 0/1 in 2026-10",
    );
}
