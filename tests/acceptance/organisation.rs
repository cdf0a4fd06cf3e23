//! For whom a dossier counts: the tree in force at its acceptance, and the officer responsible for it.

use acceptance_tests::story::check;

#[test]
fn a_dossier_counts_for_its_agency_and_everyone_above() {
    check(
        "01/10 08:00 H1 accepted due=09/10 17:30
         02/10 08:00 H2 accepted agency=C2 due=30/11 17:30
         => 2.1 0/1 of C1
         => 2.1 1/1 of C2
         => 2.1 0/0 of S1
         => 2.1 1/2 of P",
    );
}

#[test]
fn who_holds_a_dossier_does_not_change_whose_it_is() {
    check(
        "01/10 08:00 accepted due=30/11 17:30
         02/10 08:00 assigned officer=O2 agency=C2
         => 2.1 1/1 of C1
         => 2.1 0/0 of C2",
    );
}

#[test]
fn districts_count_until_july_2025_and_not_after() {
    check(
        "01/01/2001 00:00 X agency.defined kind=province
         01/01/2001 00:00 XD agency.defined kind=district parent=X valid_to=2025-07-01
         01/01/2001 00:00 XC agency.defined kind=commune parent=XD valid_to=2025-07-01
         20/06/2025 00:00 XC agency.defined kind=commune parent=X valid_from=2025-07-01
         30/06/2025 16:00 H1 accepted agency=XC due=15/07/2025 17:30
         01/07/2025 00:00 H2 accepted agency=XC due=15/07/2025 17:30
         => 2.1 1/1 in 2025-06 of XC
         => 2.1 1/1 in 2025-06 of XD
         => 2.1 1/1 in 2025-06 of X
         => 2.1 0/2 in 2025-07 of XC
         => 2.1 none in 2025-07 of XD
         => 2.1 0/2 in 2025-07 of X
         => 2.1 0/2 in 2025-Q3 of X as-of 16/07/2025 00:00",
    );
}

#[test]
fn a_unit_has_a_row_only_while_it_is_in_force() {
    check(
        "01/10 08:00 N agency.defined kind=commune parent=P valid_from=2026-10-15
         => 2.1 none in 2026-09 of N
         => 2.1 0/0 in 2026-10 of N
         => 2.1 none in 2026-10 of N as-of 15/10 00:00",
    );
}

#[test]
fn an_agency_never_defined_has_no_row_and_nobody_above_it() {
    check(
        "01/10 08:00 accepted agency=Z9 due=30/11 17:30
         => 2.1 none of Z9
         => 2.1 0/0 of P",
    );
}

#[test]
fn a_dossier_counts_for_the_officer_last_named() {
    check(
        "01/10 08:00 H1 accepted due=09/10 17:30
         02/10 08:00 H2 accepted due=09/10 17:30
         03/10 08:00 H2 assigned officer=O2
         05/10 08:00 H2 processed
         => 2.1 0/1 of O1
         => 2.1 1/1 of O2 points 20.00",
    );
    check(
        "01/10 08:00 accepted due=09/10 17:30
         03/10 08:00 processed officer=O2
         => 2.1 0/0 of O1
         => 2.1 1/1 of O2",
    );
}

#[test]
fn an_officers_total_is_the_share_of_what_could_be_measured() {
    // 2.1 20 of 20, 3.3 6 of 6 without the multiplier, 4.2–4.4 and 4.5b 0 of 12, 5.4 6 of 6: 32 of 44.
    check(
        "01/10 08:00 accepted channel=online due=09/10 17:30
         05/10 08:00 processed
         => 3.3 1/1 of O1 points 6.00
         => 3.3 1/1 of C1 ratio 0.00 points 0.00
         => TOTAL / of O1 points 72.73 max 44
         => TOTAL / of O2 max 0",
    );
}

#[test]
fn a_petition_that_names_an_officer_counts_for_the_officer() {
    check(
        "01/10 08:00 K petition.received officer=O2
         => 5.2 0/1 of O2
         => 5.2 0/0 of O1",
    );
}
