//! Due dates counted from a procedure's duration, over weekends, Tết 2026 and make-up working days.

use acceptance_tests::story::check;

/// A dossier of a procedure with `duration`, accepted at `from`: due exactly at `due`, in `month`.
fn due_exactly(duration: &str, from: &str, due: &str, month: &str) {
    for (end, expected) in [(due.to_owned(), "1/1"), (format!("{due}:00.5"), "0/1")] {
        check(&format!(
            "01/01/2001 00:00 N procedure.defined duration={duration}
             {from} accepted procedure=N
             {end} processed
             => 2.1 {expected} in {month}"
        ));
    }
}

#[test]
fn working_days_run_to_the_end_of_the_last_one_and_leave_out_weekends() {
    due_exactly("3-working_day", "01/10 08:00", "06/10 17:30", "2026-10");
    due_exactly("1-working_day", "03/10 10:00", "05/10 17:30", "2026-10");
}

#[test]
fn tet_does_not_count() {
    due_exactly("2-working_day", "12/02 08:00", "23/02 17:30", "2026-02");
    due_exactly("2-working_hour", "13/02 16:30", "23/02 08:30", "2026-02");
    due_exactly("7-day", "12/02 08:00", "23/02 17:30", "2026-02");
}

#[test]
fn a_make_up_saturday_is_a_working_day_and_the_day_swapped_for_it_is_not() {
    due_exactly("2-working_day", "08/01 08:00", "10/01 17:30", "2026-01");
    due_exactly("1-working_day", "31/12/2025 08:00", "05/01 17:30", "2026-01");
    due_exactly("1-day", "21/08 08:00", "22/08 17:30", "2026-08");
}

#[test]
fn working_hours_run_through_the_sessions_and_end_with_them() {
    due_exactly("4-working_hour", "01/10 07:30", "01/10 11:30", "2026-10");
    due_exactly("5-working_hour", "01/10 07:30", "01/10 14:30", "2026-10");
    due_exactly("8-working_hour", "01/10 12:15", "02/10 11:30", "2026-10");
}

#[test]
fn calendar_days_count_weekends_but_do_not_end_on_them() {
    due_exactly("1-day", "01/10 08:00", "02/10 17:30", "2026-10");
    due_exactly("2-day", "01/10 08:00", "05/10 17:30", "2026-10");
    due_exactly("5-day", "01/10 08:00", "06/10 17:30", "2026-10");
}

#[test]
fn a_date_promised_at_acceptance_beats_the_duration() {
    check(
        "01/01/2001 00:00 N procedure.defined duration=1-working_day
         01/10 08:00 accepted procedure=N due=20/10 17:30
         20/10 17:30 processed
         => 2.1 1/1",
    );
}

#[test]
fn the_duration_is_that_of_the_definition_in_force_at_acceptance() {
    check(
        "01/01/2001 00:00 N procedure.defined duration=1-working_day
         05/10 00:00 N procedure.defined duration=10-working_day
         01/10 08:00 H1 accepted procedure=N
         06/10 08:00 H1 processed
         05/10 08:00 H2 accepted procedure=N
         19/10 08:00 H2 processed
         => 2.1 1/2",
    );
}

#[test]
fn a_count_that_needs_a_year_without_calendar_gives_no_due_date() {
    check(
        "01/01/2001 00:00 N procedure.defined duration=5-working_day
         30/12/2027 08:00 accepted procedure=N
         => 2.1 0/0 in 2027-12
         => 1.4 0/1 in 2027-12",
    );
}
