//! Alerts as stories: events and the clock in, messages out.
//!
//! Not here: channels and what outlives a process (`alert_delivery`), settings (`alert_settings`).

use acceptance_tests::watch::{built_in, check, messages};

/// Overdue dossiers, without escalation.
fn calm() -> Vec<alerts::Rule> {
    let rules = built_in(&["overdue"]).into_iter();
    rules.map(|rule| alerts::Rule { escalate_after_hours: Vec::new(), ..rule }).collect()
}

#[test]
fn a_dossier_alerts_when_it_is_due_soon_and_when_it_is_overdue_and_no_second_time() {
    check(
        &built_in(&["due_soon", "overdue"]),
        "01/10 08:00 accepted due=09/10 16:00
         12/10 16:00 processed
         => 08/10 16:00 raised due_soon C1 H1
         => 09/10 16:05 resolved due_soon C1 H1
         => 09/10 16:05 raised overdue C1 H1
         => 12/10 10:05 escalated overdue C1 for-head H1
         => 12/10 16:05 resolved overdue C1 for-head H1",
        ("01/10 07:00", "20/10 07:00"),
    );
}

#[test]
fn what_is_not_at_once_waits_for_the_next_opening_of_the_working_calendar() {
    // 24/04/2026 is a Friday; Monday the 27th and Thursday the 30th are holidays.
    let rules = built_in(&["not_accepted"]);
    check(
        &rules,
        "23/04 16:45 submitted channel=online
         => 24/04 16:50 raised not_accepted C1 H1",
        ("22/04 07:00", "24/04 17:30"),
    );
    // Tết: filed on the last working day, Friday 13 February; the next is Monday the 23rd.
    check(
        &rules,
        "13/02 16:45 submitted channel=online
         => 23/02 16:50 raised not_accepted C1 H1",
        ("13/02 07:00", "23/02 17:30"),
    );
    // Saturday 22/08/2026 is worked instead of Monday the 31st.
    check(
        &rules,
        "21/08 16:45 submitted channel=online
         => 22/08 16:50 raised not_accepted C1 H1",
        ("21/08 07:00", "24/08 08:00"),
    );
}

#[test]
fn an_alert_that_begins_at_night_is_told_in_the_morning_unless_it_is_over_by_then() {
    let rules: Vec<_> = built_in(&["overdue"])
        .into_iter()
        .map(|rule| alerts::Rule { at_once: false, escalate_after_hours: Vec::new(), ..rule })
        .collect();
    check(
        &rules,
        "01/10 08:00 H1 accepted due=09/10 17:30
         01/10 08:00 H2 accepted due=09/10 18:00
         09/10 20:00 H2 processed
         => 12/10 07:30 raised overdue C1 H1",
        ("01/10 07:00", "12/10 17:00"),
    );
}

#[test]
fn alerts_of_one_unit_and_rule_are_told_together() {
    check(
        &calm(),
        "01/10 08:00 H1 accepted due=09/10 17:30
         01/10 08:00 H2 accepted due=09/10 17:30
         01/10 08:00 H3 accepted due=09/10 17:30 agency=C2
         01/10 08:00 H4 accepted due=09/10 17:36
         => 09/10 17:35 raised overdue C1 H1 H2
         => 09/10 17:35 raised overdue C2 H3
         => 09/10 17:40 raised overdue C1 H4",
        ("01/10 07:00", "10/10 07:00"),
    );
}

#[test]
fn a_new_due_date_is_a_new_cause_and_the_old_one_again_is_not() {
    let rules = calm();
    // A due date changed before it passed moves the alert; a stop that moves it does too.
    check(
        &rules,
        "01/10 08:00 accepted due=09/10 16:00
         08/10 08:00 due_changed due=12/10 16:00
         => 12/10 16:05 raised overdue C1 H1",
        ("01/10 07:00", "14/10 07:00"),
    );
    // The end arrives late, is taken back, and the dossier is overdue as before: the same cause.
    check(
        &rules,
        "01/10 08:00 accepted due=09/10 16:00
         @12/10 08:00 09/10 15:00 processed id=end
         @13/10 08:00 12/10 09:00 event.retracted names=end reason=x
         => 09/10 16:05 raised overdue C1 H1
         => 12/10 08:00 resolved overdue C1 H1",
        ("01/10 07:00", "14/10 17:00"),
    );
}

#[test]
fn nobody_is_told_what_held_before_alerts_began() {
    check(
        &built_in(&["overdue"]),
        "01/10 08:00 H1 accepted due=05/10 16:00
         01/10 08:00 H2 accepted due=09/10 16:00
         => 09/10 16:05 raised overdue C1 H2",
        ("08/10 07:00", "09/10 17:00"),
    );
}

#[test]
fn a_restart_and_a_rebuild_from_the_log_tell_nothing_again() {
    let story = "01/10 08:00 accepted due=09/10 16:00
         02/10 08:00 H2 submitted channel=online";
    let rules = built_in(&["due_soon", "overdue", "not_accepted"]);
    let span = ("01/10 07:00", "12/10 09:00");
    let once = messages(&rules, story, span);
    assert!(once.len() >= 4, "{once:?}");
    for at in ["08/10 16:05", "08/10 20:00", "09/10 15:55", "09/10 16:05", "09/10 16:10", "12/10 07:30"] {
        assert_eq!(messages(&rules, &format!("{story}\n! {at} restart"), span), once, "restarted {at}");
    }
    let forgotten = messages(&rules, &format!("{story}\n! 10/10 08:00 forget"), span);
    let before: Vec<String> = once.iter().filter(|line| line.as_str() < "10/10").cloned().collect();
    assert_eq!(forgotten, before, "what was lost is history and nobody is told again");
}

#[test]
fn a_day_of_outage_is_one_message_a_unit_and_rule() {
    let accepted = |number: usize| {
        let (unit, hour, minute) = (["C1", "C2"][number % 2], 8 + number % 9, number % 60);
        format!("01/10 08:00 H{number} accepted due=09/10 {hour:02}:{minute:02} agency={unit}\n")
    };
    let mut story: String = (0..500).map(accepted).fold(String::new(), |story, line| story + &line);
    story += "! 09/10 07:00 down\n! 10/10 07:00 up\n";
    let rules = calm();
    let told = messages(&rules, &story, ("01/10 07:00", "10/10 12:00"));
    let shapes: Vec<(&str, usize)> =
        told.iter().map(|line| (&line[..30], line.split(' ').count() - 5)).collect();
    assert_eq!(
        shapes,
        [("10/10 07:00 raised overdue C1 ", 250), ("10/10 07:00 raised overdue C2 ", 250)],
        "{told:?}"
    );
}

#[test]
fn after_a_day_of_outage_no_unit_hears_of_a_rule_twice() {
    // Due at any hour of the outage and of the days around it; some were only filed.
    let dossier = |number: usize| {
        let (unit, hour, minute) = (["C1", "C2"][number % 2], 8 + number % 9, number % 60);
        let day = ["07", "08", "09"][number % 3];
        match number % 4 {
            0 => format!("{day}/10 {hour:02}:{minute:02} H{number} submitted channel=online agency={unit}\n"),
            _ => format!("01/10 08:00 H{number} accepted due={day}/10 {hour:02}:{minute:02} agency={unit}\n"),
        }
    };
    let mut story: String = (0..300).map(dossier).collect();
    story += "! 08/10 09:00 down\n! 09/10 09:00 up\n";
    let rules = built_in(&["due_soon", "overdue", "not_accepted", "apology_overdue"]);
    let told = messages(&rules, &story, ("01/10 07:00", "09/10 09:05"));
    let after: Vec<&str> = told.iter().map(String::as_str).filter(|line| *line >= "09/10 09:00").collect();
    // Phase, rule, unit and whom it is for: what stands before the first dossier.
    let is_dossier = |word: &&str| word.strip_prefix('H').is_some_and(|number| number.parse::<u32>().is_ok());
    let heads: std::collections::BTreeSet<Vec<&str>> = after
        .iter()
        .map(|line| line.split(' ').skip(2).take_while(|word| !is_dossier(word)).collect())
        .collect();
    assert!(!after.is_empty(), "{told:?}");
    assert_eq!(heads.len(), after.len(), "one message a phase, rule, unit and step: {after:#?}");
    assert!(after.len() <= 4 * rules.len() * 2, "{after:#?}");
}

#[test]
fn an_alert_that_nobody_takes_on_waits_for_working_hours_over_tet() {
    check(
        &built_in(&["overdue"]),
        "02/02 08:00 accepted due=13/02 16:00
         => 13/02 16:05 raised overdue C1 H1
         => 23/02 10:05 escalated overdue C1 for-head H1
         => 24/02 10:05 escalated overdue C1 for-province H1",
        ("02/02 07:00", "26/02 07:00"),
    );
}

#[test]
fn an_outage_of_nine_days_is_news_and_not_history_however_long_everything_is_looked_at() {
    // Tết: down from the last working day until the next, with a dossier due on the first day of it.
    let story = "01/02 08:00 H1 accepted due=13/02 17:00
         02/02 08:00 H2 accepted due=16/02 17:00
         ! 13/02 16:00 down
         ! 23/02 07:00 up
         => 23/02 07:00 raised overdue C1 H1 H2";
    let rules = calm();
    check(&rules, story, ("01/02 07:00", "23/02 12:00"));
}

#[test]
fn replaying_last_years_events_tells_nothing() {
    check(
        &built_in(&["overdue", "not_accepted"]),
        "05/10 08:00 H0 accepted due=30/10 16:00
         @12/10 08:00 01/09 08:00 H1 accepted due=10/09 16:00
         @12/10 08:00 01/09 08:00 H2 submitted channel=online
         @12/10 08:00 08/10 08:00 H3 accepted due=12/10 07:00
         => 12/10 08:00 raised overdue C1 H3",
        ("01/10 07:00", "12/10 09:00"),
    );
}

#[test]
fn who_acknowledges_stops_the_escalation_and_who_snoozes_puts_it_off() {
    let rules = built_in(&["overdue"]);
    check(
        &rules,
        "01/10 08:00 accepted due=08/10 10:00
         ! 08/10 10:30 acknowledge H1
         => 08/10 10:05 raised overdue C1 H1",
        ("01/10 07:00", "16/10 07:00"),
    );
    check(
        &rules,
        "01/10 08:00 accepted due=08/10 10:00
         ! 08/10 10:30 snooze H1 12/10 08:00
         => 08/10 10:05 raised overdue C1 H1
         => 12/10 08:00 again overdue C1 H1
         => 12/10 14:00 escalated overdue C1 for-head H1
         => 13/10 14:00 escalated overdue C1 for-province H1",
        ("01/10 07:00", "16/10 07:00"),
    );
}

#[test]
fn a_petition_alerts_two_working_days_before_its_limit_and_past_it() {
    // Received on Thursday 1 October: 15 working days end on Thursday the 22nd.
    check(
        &built_in(&["petition_near", "petition_past"]),
        "01/10 08:00 PA1 petition.received
         => 20/10 07:30 raised petition_near C1 PA1
         => 23/10 07:30 resolved petition_near C1 PA1
         => 23/10 07:30 raised petition_past C1 PA1",
        ("01/10 07:00", "23/10 10:00"),
    );
    check(
        &built_in(&["petition_near", "petition_past"]),
        "01/10 08:00 PA1 petition.received
         20/10 16:00 PA1 petition.refused
         => 20/10 07:30 raised petition_near C1 PA1
         => 20/10 16:05 resolved petition_near C1 PA1",
        ("01/10 07:00", "23/10 10:00"),
    );
}

#[test]
fn a_clock_that_stands_alerts_nobody() {
    check(
        &built_in(&["due_soon", "overdue"]),
        "01/10 08:00 accepted due=09/10 16:00
         05/10 08:00 supplement_requested
         12/10 08:00 supplement_received
         => 15/10 16:00 raised due_soon C1 H1
         => 16/10 16:05 resolved due_soon C1 H1
         => 16/10 16:05 raised overdue C1 H1",
        ("01/10 07:00", "16/10 17:00"),
    );
}
