//! Petitions: fifteen working days to answer, two to publish or refuse, five to ask for more.

use acceptance_tests::story::check;

/// A petition received on Thursday 1 October: its 15th working day is the 22nd, its 2nd the 5th, its 5th the 8th.
fn received_on_the_first(events: &str, expected: &str) {
    check(&format!("01/10 10:00 K petition.received\n{events}\n=> 5.2 {expected}"));
}

#[test]
fn an_answer_has_fifteen_working_days_and_its_publication_two_more() {
    received_on_the_first("22/10 23:59 K petition.answered\n26/10 23:59 K petition.published", "1/1");
    received_on_the_first("23/10 00:01 K petition.answered\n23/10 08:00 K petition.published", "0/1");
    received_on_the_first("22/10 23:59 K petition.answered\n27/10 08:00 K petition.published", "0/1");
    received_on_the_first("22/10 08:00 K petition.answered", "0/1");
    received_on_the_first("22/10 08:00 K petition.answered", "1/1 as-of 26/10 23:59");
}

#[test]
fn a_refusal_has_two_working_days() {
    received_on_the_first("05/10 23:59 K petition.refused", "1/1");
    received_on_the_first("06/10 08:00 K petition.refused", "0/1");
}

#[test]
fn a_request_for_more_has_five_working_days_and_the_last_one_counts() {
    received_on_the_first("08/10 23:59 K petition.supplement_requested", "1/1");
    received_on_the_first("09/10 08:00 K petition.supplement_requested", "0/1");
    received_on_the_first(
        "05/10 08:00 K petition.supplement_requested\n09/10 08:00 K petition.supplement_requested",
        "0/1",
    );
}

#[test]
fn an_open_petition_is_in_time_until_its_fifteenth_working_day_ends() {
    received_on_the_first("", "1/1 as-of 22/10 23:59");
    received_on_the_first("", "0/1 as-of 23/10 00:01");
    received_on_the_first("", "0/1");
}

#[test]
fn a_transfer_moves_a_petition_and_restarts_its_clock() {
    check(
        "01/10 10:00 K petition.received
         21/10 10:00 K petition.transferred agency=C2
         => 5.2 0/0 points 6.00
         => 5.2 1/1 of C2
         => 5.2 1/1 of P
         => 5.2 1/1 of C2 in 2026-11 as-of 11/11 23:59
         => 5.2 0/1 of C2 in 2026-11 as-of 12/11 00:01",
    );
}

#[test]
fn a_petition_closed_before_the_period_is_not_in_it() {
    check(
        "10/09 08:00 K petition.received
         15/09 08:00 K petition.answered
         16/09 08:00 K petition.published
         => 5.2 1/1 in 2026-09
         => 5.2 0/0 in 2026-10",
    );
    check(
        "28/09 08:00 K petition.received
         05/10 08:00 K petition.answered
         06/10 08:00 K petition.published
         => 5.2 1/1 in 2026-10
         => 5.3 0/0 in 2026-10
         => 5.3 1/1 in 2026-09 as-of 01/11 00:00",
    );
}

#[test]
fn the_last_rating_decides_satisfaction() {
    check(
        "01/10 10:00 K petition.received
         02/10 08:00 K petition.answered
         02/10 09:00 K petition.published
         03/10 08:00 K petition.rated satisfied=true
         04/10 08:00 K petition.rated satisfied=false
         => 5.2 1/1
         => 5.3 0/1",
    );
}

#[test]
fn a_dossier_someone_complains_about_does_not_satisfy() {
    check(
        "01/10 08:00 H1 accepted due=09/10 17:30
         02/10 08:00 H1 processed
         01/10 08:00 H2 accepted due=09/10 17:30
         02/10 08:00 H2 processed
         03/10 08:00 H2 rated satisfied=false
         01/10 08:00 H3 accepted due=09/10 17:30
         02/10 08:00 H3 processed
         05/10 08:00 K petition.received dossier=H1
         => 2.1 3/3
         => 5.4 1/3",
    );
}

#[test]
fn a_petition_and_a_dossier_may_share_a_code() {
    check(
        "01/10 08:00 X1 accepted due=09/10 17:30
         01/10 08:00 X1 petition.received
         02/10 08:00 X1 processed
         => 2.1 1/1
         => 5.2 1/1 as-of 10/10 00:00",
    );
}

#[test]
fn with_no_petition_there_is_nothing_to_reproach() {
    check(
        "01/10 08:00 accepted due=09/10 17:30
         => 5.2 0/0 points 6.00 max 6
         => 5.3 0/0 points 6.00 max 6
         => 5.2 0/0 points 9.00 max 9 set method-note-2026
         => 5.3 0/0 points 0.00 max 0 set method-note-2026
         => 5.4 0/1 max 9 set method-note-2026",
    );
}
