//! The indicators beside 2.1: what is in the numerator, what in the denominator, what it earns.

use acceptance_tests::story::check;

#[test]
fn synchronisation_is_measured_against_what_the_portal_was_told() {
    let two_received = "01/10 08:00 H1 accepted
         02/10 08:00 H1 synced
         01/10 08:00 H2 accepted
         02/10 08:00 H2 synced accepted=false
         02/10 08:00 H2 synced message=progress";
    check(&format!("{two_received}\n=> 1.4 1/2 points 3.00"));
    check(&format!(
        "{two_received}
         05/10 08:00 C1 portal.reported period=2026-10 received=4
         => 1.4 1/4 points 1.50
         => 1.4 1/2 of P"
    ));
    check(&format!(
        "{two_received}
         05/10 08:00 C1 portal.reported period=2026-10 received=1
         => 1.4 1/2"
    ));
}

#[test]
fn a_quarter_is_its_months_reports_unless_it_was_reported_itself() {
    let months = "05/10 08:00 C1 portal.reported period=2026-10 received=4
         05/11 08:00 C1 portal.reported period=2026-11 received=3";
    check(&format!("{months}\n=> 1.4 0/7 in 2026-Q4"));
    check(&format!(
        "{months}
         06/11 08:00 C1 portal.reported period=2026-Q4 received=2
         => 1.4 0/2 in 2026-Q4"
    ));
}

#[test]
fn with_nothing_received_last_years_share_is_missing() {
    check(
        "05/01 08:00 C1 portal.reported period=2025 received=30
         => 1.4 0/3 in 2026-10 points 0.00
         => 1.4 0/8 in 2026-Q4
         => 1.4 0/15 in 2026-H2
         => 1.4 0/30 in 2026",
    );
}

#[test]
fn online_filing_is_multiplied_by_synchronisation() {
    check(
        "01/10 08:00 H1 accepted channel=online
         02/10 08:00 H1 synced
         01/10 08:00 H2 accepted channel=online
         02/10 08:00 H2 synced
         01/10 08:00 H3 accepted
         01/10 08:00 H4 accepted channel=post
         => 3.3 2/4 ratio 25.00 points 3.00",
    );
}

#[test]
fn an_acceptance_without_channel_keeps_the_submissions() {
    check(
        "01/10 08:00 submitted channel=online
         02/10 08:00 accepted
         02/10 09:00 synced
         => 3.3 1/1 points 6.00",
    );
}

#[test]
fn filing_online_for_a_paper_result_counts_once_the_result_is_digital() {
    let paper = "01/01/2001 00:00 G procedure.defined paper_result=true
         01/10 08:00 accepted procedure=G channel=online parts=2/1/0/0";
    check(&format!("{paper}\n=> 3.3 0/1\n=> 4.1 0/1\n=> 4.2 0/1"));
    check(&format!("{paper}\n20/10 08:00 result_attached\n=> 3.3 1/1\n=> 4.1 1/1\n=> 4.2 1/1"));
}

#[test]
fn digitisation_reuse_and_the_portal_store_are_counted_from_the_parts() {
    check(
        "01/10 08:00 H1 accepted parts=2/1/0/1 population_data=true
         01/10 08:00 H2 accepted parts=2/0/0/0
         03/10 08:00 H2 part_digitised count=1 reused=1
         01/10 08:00 H3 accepted
         => 4.2 2/3 points 2.67
         => 4.3 1/3 points 0.83
         => 4.4 1/3 points 1.33
         => 4.5b 1/3 points 0.67
         => 4.2 2/3 points 3.33 set method-note-2026",
    );
}

#[test]
fn paying_online_is_measured_where_a_fee_is_due() {
    check(
        "01/01/2001 00:00 F procedure.defined fee=true
         01/10 08:00 H1 accepted procedure=F fee_vnd=5000
         02/10 08:00 H1 paid method=gateway
         01/10 08:00 H2 accepted procedure=F fee_vnd=5000
         02/10 08:00 H2 paid method=cash
         01/10 08:00 H3 accepted procedure=F fee_vnd=5000
         02/10 08:00 H3 fee_set fee_vnd=0
         01/10 08:00 H4 accepted procedure=F
         01/10 08:00 H5 accepted
         => 3.6 1/3 points 2.00
         => 3.5a 1/1 points 2.00
         => 3.5b 1/1 points 2.00",
    );
}

#[test]
fn online_services_are_provided_by_procedure_and_used_by_dossier() {
    check(
        "01/01/2001 00:00 A procedure.defined online=partial
         01/01/2001 00:00 B procedure.defined online=none
         01/01/2001 00:00 D procedure.defined levels=province
         01/10 08:00 accepted procedure=A channel=online population_data=true
         => 3.1 2/3 points 1.67
         => 3.2 1/2 points 2.00
         => 4.5a 1/3 points 0.67
         => 3.1 3/4 of P",
    );
}

#[test]
fn a_repealed_procedure_is_out_of_the_authority_from_its_day() {
    check(
        "15/09 08:00 T procedure.announced decision=9 kind=repealed decided_on=2026-09-15 legal_effective_on=2026-10-20
         => 3.1 1/1 as-of 20/10 00:00
         => 3.1 0/0 as-of 20/10 00:00:01",
    );
}

#[test]
fn publicity_is_the_provinces_and_inherited_by_every_unit() {
    // In time: at least five working days before it takes effect, published within five after the decision.
    let story = |decided: &str, published: &str, expected: [&str; 2]| {
        check(&format!(
            "{decided}T procedure.announced decision=7 decided_on=2026-10-05 legal_effective_on=2026-10-12
             {published} T procedure.published decision=7 published_on=2026-10-12 parts=name,steps,method,documents,duration,subjects,agency
             => 1.1 {} of P
             => 1.1 {} of C1
             => 1.2 {} of C1
             => 1.3 1/1 of C1",
            expected[0], expected[0], expected[1]
        ));
    };
    story("05/10 08:00 ", "12/10 08:00", ["1/1", "1/1"]);
    check(
        "06/10 08:00 T procedure.announced decision=7 decided_on=2026-10-06 legal_effective_on=2026-10-12
         14/10 08:00 T procedure.published decision=7 published_on=2026-10-14 parts=name
         => 1.1 0/1
         => 1.2 0/1
         => 1.3 0/1
         => 1.2 1/1 as-of 13/10 23:59",
    );
}

#[test]
fn certified_copies_are_counted_by_commune() {
    check(
        "05/10 08:00 C1 certified_copy.served count=3
         => 4.6 1/1 of C1 points 2.00
         => 4.6 0/1 of C2 points 0.00
         => 4.6 1/2 of P points 1.00
         => 4.6 0/0 of S1 points 2.00
         => 4.6 0/1 of C1 in 2026-11",
    );
}

#[test]
fn a_total_says_how_much_of_it_could_be_measured() {
    // Nothing received: only 3.1, 3.2, 4.5a, 4.6 have a denominator, 5.2 and 5.3 earn full points for it.
    check("=> TOTAL / points 14.00 max 22");
}
