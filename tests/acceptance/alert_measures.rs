//! Alerts about measures, the daily digest, and what a channel may take: values and the clock in, messages out.
//!
//! A line is a time and a value: `09/10 10:00 12`; `-` is nothing to measure. `=>` is a message. Not here: subjects
//! (`alerts`), where values come from (`http`, `figures`).

use acceptance_tests::watch::{built_in, instant};
use alerts::{About, Desk, Memory, Notice, Observation, Outbox, Parcel, Rule, Settings, Step};
use compute::calendar::Calendar;

fn calendar() -> Calendar {
    Calendar::embedded().expect("they are part of the program")
}

fn desk(rules: &[Rule]) -> Desk {
    Desk::new(rules.to_vec(), Vec::new(), Memory::default(), &calendar())
}

fn rule(look_for: &str, more: &str) -> Rule {
    let text = format!(
        "[[rule]]\nid = \"r\"\nlook_for = {look_for}\nseverity = \"warning\"\nvi = \"a\"\nen = \"a\"\nat_once = true\n{more}"
    );
    Rule::read(&text).expect("a rule").remove(0)
}

fn measure(rule: &str, subject: &str, value: Option<i64>) -> Observation {
    let (rule, subject, unit) = (rule.to_owned(), subject.to_owned(), subject.to_owned());
    Observation::Measure { rule, about: About::Unit, subject, unit, value }
}

fn short(text: &str) -> String {
    format!("{}/{} {}", &text[8..10], &text[5..7], &text[11..16])
}

fn check(rule: &Rule, story: &str) {
    let (mut desk, calendar) = (desk(std::slice::from_ref(rule)), calendar());
    let (mut told, mut wanted, mut kept) = (Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
    for line in story.lines().map(str::trim) {
        if let Some(line) = line.strip_prefix("=> ") {
            wanted.push(line.to_owned());
            continue;
        }
        let (now, value) = (instant(&line[..11]), line[12..].parse().ok());
        let step = desk.step(now, vec![measure("r", "C1", value), Observation::RoundEnds], &calendar);
        told.extend(
            step.notices.iter().map(|one| format!("{} {}", short(&one.at.to_local()), one.phase.name())),
        );
        // A crash after any line, before anything is kept that does not press: nobody is told again, or not at all.
        if step.is_pressing {
            let alerts = desk.alerts().map(|alert| serde_json::to_vec(alert).expect("JSON"));
            kept = (alerts.collect(), serde_json::to_vec(desk.memory()).expect("JSON"));
        }
        let alerts = kept.0.iter().map(|bytes| serde_json::from_slice(bytes).expect("an alert")).collect();
        let memory = serde_json::from_slice(&kept.1).expect("a memory");
        desk = Desk::new(desk.rules().to_vec(), alerts, memory, &calendar);
    }
    assert_eq!(told, wanted, "{story}");
}

const MANY: &str = "{ count = { count = \"overdue\", at_least = 10, clear_below = 8 } }";

#[test]
fn a_value_that_trembles_at_its_mark_raises_one_alert() {
    check(
        &rule(MANY, ""),
        "09/10 09:00 0
         09/10 10:00 10
         09/10 10:10 9
         09/10 10:20 10
         09/10 10:30 8
         09/10 10:40 11
         09/10 10:50 7
         09/10 11:00 10
         => 09/10 10:00 raised
         => 09/10 10:50 resolved
         => 09/10 11:00 raised",
    );
}

#[test]
fn a_value_must_stay_beyond_its_mark_for_as_long_as_the_rule_says() {
    let rule = rule(MANY, "for_minutes = 30\n");
    check(
        &rule,
        "09/10 09:00 0
         09/10 10:00 10
         09/10 10:20 9
         09/10 10:40 10
         09/10 11:00 12
         09/10 11:10 10
         => 09/10 11:10 raised",
    );
    check(
        &rule,
        "09/10 09:00 0
         09/10 10:00 10
         09/10 10:20 -
         09/10 10:40 10
         09/10 11:00 -",
    );
}

#[test]
fn what_is_beyond_its_mark_when_it_is_first_measured_is_history() {
    check(
        &rule(MANY, ""),
        "09/10 10:00 12
         09/10 10:10 13
         09/10 10:20 7
         09/10 10:30 12
         => 09/10 10:30 raised",
    );
}

#[test]
fn nothing_to_measure_is_not_low() {
    check(
        &rule("{ total_below = { below = 70, clear_at = 72 } }", ""),
        "09/10 09:00 7500
         09/10 10:00 6999
         09/10 10:10 7100
         09/10 10:20 -
         09/10 10:30 7100
         09/10 10:40 6900
         => 09/10 10:00 raised
         => 09/10 10:20 resolved
         => 09/10 10:40 raised",
    );
}

#[test]
fn a_total_falls_against_that_of_so_many_days_ago() {
    check(
        &rule("{ falling = { by = 5, clear_below = 3, days = 3 } }", ""),
        "05/10 09:00 8000
         06/10 09:00 7800
         07/10 09:00 7600
         08/10 09:00 7400
         08/10 10:00 7500
         09/10 09:00 7600
         => 08/10 09:00 raised
         => 09/10 09:00 resolved",
    );
}

#[test]
fn the_first_total_of_a_month_has_not_fallen() {
    check(
        &rule("{ falling = { by = 5, clear_below = 3, days = 7 } }", ""),
        "30/10 09:00 9000
         31/10 09:00 9000
         01/11 09:00 4000
         02/11 09:00 3000
         => 02/11 09:00 raised",
    );
}

/// Nothing holds, then this does.
fn raise(desk: &mut Desk, units: &[&str], at: &str) -> Step {
    let observed = units.iter().map(|unit| measure("r", unit, Some(99))).collect();
    desk.step(instant(at), observed, &calendar())
}

#[test]
fn the_digest_comes_once_at_the_opening_of_a_working_day() {
    let (mut desk, calendar) = (desk(&[rule(MANY, "tell = \"digest\"\n")]), calendar());
    // Friday to Monday: nothing on the weekend.
    desk.step(instant("09/10 08:00"), vec![Observation::RoundEnds], &calendar);
    let told = raise(&mut desk, &["C1", "C2"], "09/10 09:00");
    assert_eq!((told.notices.len(), told.digest), (0, None));
    let mut digests = Vec::new();
    for at in [
        "09/10 18:00",
        "10/10 07:30",
        "11/10 08:00",
        "12/10 07:29",
        "12/10 07:30",
        "12/10 08:00",
        "13/10 09:00",
    ] {
        let step = desk.step(instant(at), Vec::new(), &calendar);
        let lines = step.digest.map(|lines| {
            lines.iter().map(|line| (line.unit.clone(), line.open, line.new)).collect::<Vec<_>>()
        });
        digests.extend(lines.map(|lines| (at, lines)));
    }
    let line = |unit: &str, new| (unit.to_owned(), 1, new);
    assert_eq!(
        digests,
        [
            ("12/10 07:30", vec![line("C1", 1), line("C2", 1)]),
            ("13/10 09:00", vec![line("C1", 0), line("C2", 0)])
        ]
    );
}

#[test]
fn the_digest_of_the_day_before_tet_is_followed_by_that_of_the_day_after_it() {
    let (mut desk, calendar) = (desk(&[rule(MANY, "tell = \"digest\"\n")]), calendar());
    desk.step(instant("12/02 18:00"), vec![Observation::RoundEnds], &calendar);
    raise(&mut desk, &["C1"], "12/02 19:00");
    let mut told = Vec::new();
    for day in 13..=24 {
        for clock in ["07:29", "07:30", "12:00", "18:00"] {
            let at = format!("{day}/02 {clock}");
            let step = desk.step(instant(&at), Vec::new(), &calendar);
            told.extend(step.digest.map(|lines| (at, lines.iter().map(|line| line.new).sum::<u64>())));
        }
    }
    let at = |text: &str, new| (text.to_owned(), new);
    assert_eq!(told, [at("13/02 07:30", 1), at("23/02 07:30", 0), at("24/02 07:30", 0)]);
}

fn settings(channels: &str) -> Settings {
    let text = format!("messages_per_hour = 2\n{channels}");
    Settings::read(Some(text.parse().expect("TOML"))).expect("they are right")
}

fn channel(name: &str, more: &str) -> String {
    format!("[[channels]]\nname = \"{name}\"\nkind = \"alertmanager\"\nurl = \"http://{name}\"\n{more}\n")
}

fn lineage(unit: &str) -> Vec<String> {
    if unit == "P" { vec!["P".to_owned()] } else { vec![unit.to_owned(), "P".to_owned()] }
}

#[test]
fn what_is_too_much_for_an_hour_is_one_message_of_the_next() {
    let settings = settings(&channel("a", ""));
    let (mut desk, mut outbox) = (desk(&[rule(MANY, "")]), Outbox::default());
    desk.step(instant("09/10 08:00"), vec![Observation::RoundEnds], &calendar());
    let step = raise(&mut desk, &["C1", "C2", "C3", "C4"], "09/10 09:00");
    assert_eq!(step.notices.len(), 4);
    let sent = outbox.take(instant("09/10 09:00"), &step, &settings, lineage);
    assert!(
        sent.iter().all(|(_, parcel)| matches!(parcel, Parcel::Notice(_))) && sent.len() == 2,
        "{sent:?}"
    );
    assert_eq!(outbox.folded("a"), 2);
    let (later, next) = (instant("09/10 09:59"), instant("09/10 10:00"));
    assert_eq!(outbox.take(later, &Step::default(), &settings, lineage), []);
    assert!(!outbox.is_waiting(later) && outbox.is_waiting(next));
    let sent = outbox.take(next, &Step::default(), &settings, lineage);
    let [(0, Parcel::Folded(_, lines))] = &sent[..] else { panic!("{sent:?}") };
    let folded: Vec<(&str, u64)> = lines.iter().map(|line| (line.unit.as_str(), line.open)).collect();
    assert_eq!((folded, outbox.folded("a")), (vec![("C3", 1), ("C4", 1)], 0));
}

#[test]
fn a_channel_hears_its_units_its_rules_and_its_steps_and_what_is_over_if_it_asks() {
    let settings = settings(
        &[
            channel("all", "resolved = true"),
            channel("unit", "units = [\"C1\"]"),
            channel("province", "units = [\"P\"]"),
            channel("other", "rules = [\"x\"]"),
            channel("head", "steps = [\"head\"]\nresolved = true"),
            channel("elsewhere", "units = [\"C2\"]"),
        ]
        .concat(),
    );
    let mut desk = desk(&[rule(MANY, "escalate_after_hours = [1]\n")]);
    desk.step(instant("09/10 08:00"), vec![Observation::RoundEnds], &calendar());
    let hears = |step: Step| -> Vec<(usize, String)> {
        let about = |notice: &Notice| format!("{} {}", notice.phase.name(), notice.unit);
        let taken = Outbox::default().take(instant("09/10 09:00"), &step, &settings, lineage);
        let told = taken.into_iter().filter_map(|(place, parcel)| match parcel {
            Parcel::Notice(notice) => Some((place, about(&notice))),
            Parcel::Digest(..) | Parcel::Folded(..) => None,
        });
        told.collect()
    };
    let to = |places: &[usize], what: &str| {
        places.iter().map(|place| (*place, what.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(hears(raise(&mut desk, &["C1"], "09/10 09:00")), to(&[0, 1, 2], "raised C1"));
    let quiet = |desk: &mut Desk, at: &str| desk.step(instant(at), Vec::new(), &calendar());
    assert_eq!(hears(quiet(&mut desk, "09/10 09:59")), []);
    assert_eq!(hears(quiet(&mut desk, "09/10 10:00")), to(&[0, 1, 2, 4], "escalated C1"));
    let over = desk.step(instant("09/10 10:30"), vec![measure("r", "C1", Some(0))], &calendar());
    assert_eq!(hears(over), to(&[0, 4], "resolved C1"));
}

#[test]
fn a_rule_that_is_gone_leaves_no_alert_behind() {
    let mut before = desk(&built_in(&["unit_overdue"]));
    before.step(instant("09/10 08:00"), vec![Observation::RoundEnds], &calendar());
    before.step(instant("09/10 09:00"), vec![measure("unit_overdue", "C1", Some(99))], &calendar());
    let (alerts, memory) = (before.alerts().cloned().collect(), before.memory().clone());
    let mut after = Desk::new(built_in(&["overdue"]), alerts, memory, &calendar());
    assert_eq!(after.count("firing"), 1);
    let step =
        after.step(instant("09/10 10:00"), vec![Observation::LookBegins, Observation::LookEnds], &calendar());
    assert_eq!((after.count("firing"), after.count("resolved"), step.notices.len()), (0, 1, 0));
}
