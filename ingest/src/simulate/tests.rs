//! What the simulator promises, read off the lines it writes.

use std::collections::{BTreeMap, BTreeSet};

use super::{AgencyCounts, Disorder, Plan, Stream, Written, write_events};

const TYPES_AND_REQUIRED: [(&str, &[&str]); 40] = [
    ("dossier.submitted", &["procedure", "agency", "channel"]),
    ("dossier.accepted", &["procedure", "agency", "officer"]),
    ("dossier.refused", &[]),
    ("dossier.assigned", &["officer"]),
    ("dossier.supplement_requested", &[]),
    ("dossier.supplement_received", &[]),
    ("dossier.paused", &["reason"]),
    ("dossier.resumed", &["reason"]),
    ("dossier.due_changed", &["due_at", "reason"]),
    ("dossier.part_digitised", &["count"]),
    ("dossier.fee_set", &["fee_vnd"]),
    ("dossier.paid", &["amount_vnd", "method"]),
    ("dossier.processed", &["outcome", "result_digital"]),
    ("dossier.result_attached", &[]),
    ("dossier.returned", &[]),
    ("dossier.withdrawn", &[]),
    ("dossier.stopped", &["reason"]),
    ("dossier.reopened", &["reason"]),
    ("dossier.closed", &[]),
    ("dossier.synced", &["message", "accepted"]),
    ("dossier.rated", &["satisfied"]),
    ("dossier.apologised", &["letter"]),
    ("dossier.deleted", &["reason"]),
    ("event.retracted", &["id"]),
    (
        "procedure.defined",
        &[
            "name",
            "levels",
            "agency",
            "online",
            "full_eligible",
            "paper_result",
            "fee",
            "payment_integrated",
            "for_citizens",
        ],
    ),
    ("procedure.announced", &["decision", "decided_on", "legal_effective_on", "kind"]),
    ("procedure.published", &["published_on", "parts"]),
    ("procedure.unpublished", &[]),
    ("petition.received", &["agency", "about", "via"]),
    ("petition.transferred", &["agency"]),
    ("petition.refused", &[]),
    ("petition.supplement_requested", &[]),
    ("petition.answered", &[]),
    ("petition.published", &[]),
    ("petition.rated", &["satisfied"]),
    ("agency.defined", &["name", "kind"]),
    ("officer.defined", &["name", "agency"]),
    ("portal.reported", &["period", "received"]),
    ("certified_copy.served", &["count"]),
    ("source.heartbeat", &[]),
];

fn small_plan() -> Plan {
    Plan {
        events: 20_000,
        agencies: AgencyCounts { departments: 4, communes: 12 },
        officers: 120,
        procedures: 150,
        ..Plan::default()
    }
}

fn lines(plan: &Plan) -> (String, Written) {
    let mut bytes = Vec::new();
    let written = write_events(plan, &mut bytes).expect("memory takes every line");
    (String::from_utf8(bytes).expect("lines are UTF-8"), written)
}

/// The text value of the first member of that name.
fn text<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let start = line.find(&format!("\"{name}\":\""))? + name.len() + 4;
    line[start..].split('"').next()
}

/// Unix seconds of an instant as the simulator writes it.
fn seconds(instant: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| instant[range].parse::<i64>().expect("digits");
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let mut days = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum::<i64>() + day - 1;
    let february = if is_leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days += lengths[..month as usize - 1].iter().sum::<i64>();
    let zone = if instant.ends_with("+07:00") { 7 * 3600 } else { 0 };
    days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19) - zone
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    assert!(lines(&small_plan()) == lines(&small_plan()));
}

#[test]
fn another_seed_gives_other_bytes() {
    let other = Plan { seed: 767, ..small_plan() };
    assert!(lines(&small_plan()).0 != lines(&other).0);
}

#[test]
fn every_event_type_occurs_and_carries_its_required_fields() {
    let (lines, _) = lines(&Plan { events: 200_000, ..Plan::default() });
    let required = BTreeMap::from(TYPES_AND_REQUIRED);
    let mut seen = BTreeSet::new();
    for line in lines.lines() {
        let event_type = text(line, "type").expect("a type");
        seen.insert(event_type);
        let (_, data) = line.split_once("\"data\":").unwrap_or((line, "{}}"));
        for field in required[event_type] {
            assert!(data.contains(&format!("\"{field}\":")), "{field} is missing: {line}");
        }
        for attribute in ["specversion", "id", "source", "subject", "time", "recordedtime", "datacontenttype"]
        {
            assert!(text(line, attribute).is_some_and(|value| !value.is_empty()), "{attribute}: {line}");
        }
        assert!(line.starts_with('{') && line.ends_with('}') && !line.contains(['\\', '\t']), "{line}");
        assert_eq!(line.matches('{').count(), line.matches('}').count(), "{line}");
        assert!(!line.contains(",}") && !line.contains("{,") && !line.contains(",,"), "{line}");
    }
    assert_eq!(
        seen.len(),
        required.len(),
        "missing: {:?}",
        required.keys().filter(|name| !seen.contains(*name))
    );
}

#[test]
fn times_lie_in_the_plan_and_nothing_is_recorded_before_it_happens() {
    let plan = small_plan();
    for line in lines(&plan).0.lines() {
        let time = seconds(text(line, "time").expect("a time"));
        let recorded = seconds(text(line, "recordedtime").expect("a recorded time"));
        assert!((plan.from..plan.until).contains(&time), "{line}");
        assert!((time..plan.until).contains(&recorded), "{line}");
    }
}

#[test]
fn arrivals_never_go_back_and_end_before_the_plan_does() {
    let plan = small_plan();
    let arrivals: Vec<i64> = Stream::new(&plan).map(|(arrival_nanos, _)| arrival_nanos).collect();
    assert!(arrivals.is_sorted());
    assert!(arrivals.last().is_some_and(|last| *last < plan.until * 1_000_000_000));
}

#[test]
fn a_source_gives_an_id_twice_only_to_the_same_line() {
    let (lines, written) = lines(&small_plan());
    let mut known = BTreeMap::new();
    let mut duplicates = 0;
    for line in lines.lines() {
        if let Some(first) = known.insert((text(line, "source"), text(line, "id")), line) {
            assert_eq!(first, line);
            duplicates += 1;
        }
    }
    assert!(duplicates > 0);
    assert_eq!(written.events, lines.lines().count() as u64);
}

#[test]
fn a_retraction_names_an_event_of_its_subject() {
    let (lines, _) = lines(&small_plan());
    let subjects: BTreeMap<_, _> =
        lines.lines().map(|line| ((text(line, "source"), text(line, "id")), text(line, "subject"))).collect();
    let mut late = 0;
    for line in lines.lines().filter(|line| line.contains("event.retracted\",\"subject")) {
        let (_, data) = line.split_once("\"data\":").expect("a retraction has data");
        match subjects.get(&(text(line, "source"), text(data, "id"))) {
            Some(subject) => assert_eq!(*subject, text(line, "subject")),
            None => late += 1,
        }
    }
    assert_eq!(late, 0, "a retraction leaves after what it names");
}

#[test]
fn about_as_many_events_come_as_were_planned() {
    let plan = Plan::default();
    let one_week = plan.from + 4 * 86_400..plan.from + 11 * 86_400;
    let one_afternoon = plan.from + 4 * 86_400 + 13 * 3600..plan.from + 4 * 86_400 + 17 * 3600;
    for days in [plan.from..plan.until, one_week, one_afternoon] {
        for events in [100_000, 400_000] {
            let (_, written) = lines(&Plan { events, from: days.start, until: days.end, ..plan });
            assert!(written.events.abs_diff(events) < events / 20, "{events} in {days:?}: {written:?}");
        }
    }
}

#[test]
fn some_dossiers_remain_open() {
    let (lines, _) = lines(&small_plan());
    let subjects = |event_type: &str| -> BTreeSet<&str> {
        let marker = format!("\"type\":\"{event_type}\"");
        lines.lines().filter(|line| line.contains(&marker)).filter_map(|line| text(line, "subject")).collect()
    };
    let open = subjects("dossier.accepted").difference(&subjects("dossier.processed")).count();
    assert!(open > 20, "{open}");
}

#[test]
fn nobody_files_at_tet() {
    let (lines, _) = lines(&small_plan());
    let filed = |day: &str| {
        lines.lines().filter(|line| line.contains("submitted\",\"subject") && line.contains(day)).count()
    };
    assert_eq!(filed("\"time\":\"2026-02-17"), 0);
    assert!(filed("\"time\":\"2026-02-24") > 5);
}

#[test]
fn without_disorder_everything_arrives_once_and_in_the_order_of_time() {
    let (lines, _) = lines(&Plan { disorder: Disorder::NONE, ..small_plan() });
    assert!(!lines.contains("event.retracted\",\"subject"));
    let mut newest = 0;
    for line in lines.lines() {
        let time = seconds(text(line, "time").expect("a time"));
        assert!(time > newest - 10, "{line}");
        newest = newest.max(time);
    }
}

#[test]
fn disorder_tells_of_the_same_dossiers() {
    let submissions = |plan: &Plan| -> BTreeSet<(String, String)> {
        let (lines, _) = lines(plan);
        let filed = lines.lines().filter(|line| line.contains("submitted\",\"subject"));
        let part = |line: &str, name: &str| text(line, name).unwrap_or_default().to_owned();
        filed.map(|line| (part(line, "subject"), part(line, "time"))).collect()
    };
    let tidy = submissions(&Plan { disorder: Disorder::NONE, ..small_plan() });
    let untidy = submissions(&small_plan());
    let unknown = untidy.difference(&tidy).count();
    assert!(unknown == 0, "{unknown} of {} unknown to {}", untidy.len(), tidy.len());
    assert!(untidy.len() * 100 > tidy.len() * 97, "{} of {}", untidy.len(), tidy.len());
}

#[test]
fn odd_plans_are_lived_through() {
    let plan = small_plan();
    let one_of_each = AgencyCounts { departments: 0, communes: 0 };
    let afternoon = plan.from + 4 * 86_400 + 15 * 3600;
    let odd_plans = [
        Plan { events: 0, ..plan },
        Plan { until: plan.from, ..plan },
        Plan { until: plan.from - 1, from: plan.from + 1, ..plan },
        Plan { agencies: one_of_each, officers: 0, procedures: 0, ..plan },
        Plan { agencies: AgencyCounts { departments: 500, communes: 900 }, ..plan },
        Plan { from: afternoon, until: afternoon + 3600, ..plan },
        Plan { from: i64::MIN, until: 946_684_800 + 86_400 * 30, events: 2_000, ..plan },
        Plan { from: 4_102_444_800 - 86_400 * 30, until: i64::MAX, events: 2_000, ..plan },
    ];
    for odd in odd_plans {
        let (lines, written) = lines(&odd);
        assert_eq!(lines.lines().count() as u64, written.events, "{odd:?}");
    }
}
