//! Months and instants: what is judged when, what time alone changes, what a late event reaches.

use acceptance_tests::story::check;

#[test]
fn an_open_dossier_is_judged_at_the_months_end_however_late_one_asks() {
    check(
        "25/10 08:00 accepted due=05/11 17:30
         => 2.1 1/1
         => 2.1 1/1 as-of 01/12 00:00
         => 2.1 0/1 in 2026-11 as-of 01/12 00:00",
    );
}

#[test]
fn a_late_end_after_the_month_counts_against_the_month_once_it_is_known() {
    check(
        "25/10 08:00 accepted due=05/11 17:30
         10/11 08:00 processed
         => 2.1 1/1 as-of 01/11 00:00
         => 2.1 1/1 as-of 10/11 08:00
         => 2.1 0/1 as-of 10/11 08:01",
    );
}

#[test]
fn a_dossier_becomes_late_by_time_alone() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         => 2.1 1/1 as-of 09/10 17:30
         => 2.1 0/1 as-of 09/10 17:30:01",
    );
}

#[test]
fn a_digital_result_of_november_counts_for_october_once_it_exists() {
    check(
        "01/01/2001 00:00 G procedure.defined paper_result=true
         20/10 08:00 accepted procedure=G due=05/11 17:30
         04/11 08:00 processed result_digital=true
         => 4.1 0/1
         => 4.1 1/1 as-of 05/11 00:00",
    );
}

#[test]
fn a_late_event_changes_exactly_the_months_it_belongs_to() {
    let before = "10/08 08:00 accepted due=09/10 17:30";
    let late = "30/09 10:00 processed recorded=20/11 08:00";
    check(&format!(
        "{before}
         => 2.1 1/1 in 2026-08 as-of 01/12 00:00
         => 2.1 1/1 in 2026-09 as-of 01/12 00:00
         => 2.1 0/1 in 2026-10 as-of 01/12 00:00
         => 2.1 0/1 in 2026-11 as-of 01/12 00:00"
    ));
    check(&format!(
        "{before}
         {late}
         => 2.1 1/1 in 2026-08 as-of 01/12 00:00
         => 2.1 1/1 in 2026-09 as-of 01/12 00:00
         => 2.1 0/0 in 2026-10 as-of 01/12 00:00
         => 2.1 0/0 in 2026-11 as-of 01/12 00:00"
    ));
}

#[test]
fn quarters_halves_and_years_follow_the_same_rules() {
    check(
        "10/02 08:00 accepted due=09/10 17:30
         12/10 08:00 processed
         => 2.1 1/1 in 2026-Q2
         => 2.1 1/1 in 2026-Q3
         => 2.1 0/1 in 2026-Q4
         => 2.1 1/1 in 2026-H1
         => 2.1 0/1 in 2026-H2
         => 2.1 0/1 in 2026
         => 2.1 0/1 in 2026-H1 as-of 01/11 00:00",
    );
}

#[test]
fn at_the_very_start_of_a_period_there_is_no_row_yet() {
    check(
        "01/01 08:00 accepted due=09/10 17:30
         => 2.1 none as-of 01/10 00:00
         => 2.1 1/1 as-of 01/10 00:00:01",
    );
}

#[test]
fn what_was_known_on_a_day_can_be_asked_again() {
    check(
        "01/10 08:00 accepted due=09/10 17:30 recorded=01/10 08:00
         08/10 08:00 processed recorded=03/11 09:00
         => 2.1 0/1 known-at 02/11 00:00
         => 2.1 1/1 known-at 03/11 09:00
         => 2.1 1/1",
    );
}
