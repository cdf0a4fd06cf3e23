//! Two sides of one simulated province: ours, and the portal's with faults planted by a seed.
//!
//! The portal's published rows are scored from its own side's events, so that what is compared was never ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use acceptance_tests::program::{Folder, figures, nhip};
use acceptance_tests::shared;
use serde_json::{Value, json};

/// The period compared.
pub(super) const PERIOD: &str = "2026-10";
/// When dossiers must be accepted to be chosen for a fault.
const BEGINS: &str = "2026-10-01T00:00:00+07:00";
/// Dossiers of each kind of fault in a province.
const EACH: usize = 12;

/// Kinds of faults, by the class they must be found in.
pub(super) const KINDS: [&str; 9] = [
    "not_synced",
    "synced_late",
    "missing_there",
    "missing_here",
    "status",
    "due",
    "channel_or_flag",
    "channel_or_flag",
    "rule",
];

/// What happens to a dossier's facts when it is a fault of this place in [`KINDS`].
const PLACE_OF_FLAG: usize = 7;

/// Events of both sides, and the class of every dossier that differs.
#[derive(Debug)]
pub(super) struct Sides {
    pub(super) ours: Vec<Value>,
    pub(super) theirs: Vec<Value>,
    pub(super) classes: BTreeMap<String, &'static str>,
}

/// Whole numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

pub(super) fn text<'v>(event: &'v Value, name: &str) -> &'v str {
    event[name].as_str().unwrap_or_default()
}

/// The events of a small province.
pub(super) fn simulated(seed: u64, is_orderly: bool) -> Vec<Value> {
    let seed = seed.to_string();
    let mut asked = vec!["simulate", "--seed", &seed, "--events", "30000", "--from", "2026-09-01"];
    asked.extend(["--until", "2026-11-20", "--departments", "4", "--communes", "6", "--officers", "60"]);
    asked.extend(["--procedures", "40"]);
    asked.extend(is_orderly.then_some("--orderly"));
    let ran = nhip(&asked, b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    ran.text().lines().map(|line| serde_json::from_str(line).expect("an event is JSON")).collect()
}

/// The events as a file.
pub(super) fn lines(events: &[Value]) -> String {
    events.iter().fold(String::new(), |mut out, event| {
        let _ = writeln!(out, "{event}");
        out
    })
}

fn is_of(event: &Value, kind: &str) -> bool {
    text(event, "type") == format!("dossier.{kind}")
}

fn is_of_any(event: &Value, kinds: &[&str]) -> bool {
    kinds.iter().any(|kind| is_of(event, kind))
}

/// An instant of an event, to be compared: all of them are written at +07:00 with the same number of digits, or `Z`.
pub(super) fn time(event: &Value) -> compute::instant::Instant {
    compute::instant::Instant::parse(text(event, "time")).expect("an event has a time")
}

fn instant(text: &str) -> compute::instant::Instant {
    compute::instant::Instant::parse(text).expect("a test knows its instants")
}

/// The portal took a message about the dossier before it published.
pub(super) fn is_acknowledged(event: &Value, message: &str) -> bool {
    is_of(event, "synced") && event["data"]["message"] == message && event["data"]["accepted"] == true
}

/// By dossier: its events, in the order of the file.
pub(super) fn by_dossier(events: &[Value]) -> BTreeMap<&str, Vec<&Value>> {
    let mut dossiers: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for event in events.iter().filter(|event| text(event, "type").starts_with("dossier.")) {
        dossiers.entry(text(event, "subject")).or_default().push(event);
    }
    dossiers
}

/// Plants faults of every kind.
pub(super) fn plant(seed: u64, events: &[Value], snapshot: &str) -> Sides {
    let at = instant(snapshot);
    let retracted: BTreeSet<&str> = events
        .iter()
        .filter(|event| text(event, "type") == "event.retracted")
        .map(|event| text(event, "subject"))
        .collect();
    let complained: BTreeSet<&str> =
        events.iter().filter_map(|event| event["data"]["dossier"].as_str()).collect();
    let dossiers = by_dossier(events);
    let mut classes: BTreeMap<String, &'static str> = BTreeMap::new();
    let mut able: Vec<(&str, &Vec<&Value>)> = Vec::new();
    // A message that was taken back was never taken.
    let taken_back: BTreeSet<&str> = events
        .iter()
        .filter(|event| text(event, "type") == "event.retracted" && time(event) < at)
        .filter_map(|event| event["data"]["id"].as_str())
        .collect();
    for (code, of) in &dossiers {
        let acknowledged = of.iter().filter(|one| is_acknowledged(one, "dossier"));
        let acknowledged = acknowledged.filter(|one| !taken_back.contains(text(one, "id")));
        let acknowledged: Vec<bool> = acknowledged.map(|one| time(one) < at).collect();
        let accepted: Vec<_> =
            of.iter().filter(|one| is_of(one, "accepted")).map(|one| (time(one), text(one, "id"))).collect();
        let is_received =
            accepted.iter().all(|(when, id)| *when >= instant(BEGINS) && *when < at && *id == accepted[0].1);
        if !acknowledged.contains(&true) {
            // What the portal never had is a natural fault.
            let class = if acknowledged.is_empty() { "not_synced" } else { "synced_late" };
            classes.insert((*code).to_owned(), class);
        } else if is_received
            && !accepted.is_empty()
            && !complained.contains(code)
            && !retracted.contains(code)
        {
            able.push((code, of));
        }
    }
    let mut dice = Dice(seed);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (kind, class) in KINDS.iter().enumerate() {
        for _ in 0..EACH {
            let fits: Vec<usize> = (0..able.len()).filter(|place| suits(kind, able[*place].1, at)).collect();
            if fits.is_empty() {
                break;
            }
            let (code, _) = able.swap_remove(fits[dice.below(fits.len())]);
            kinds.insert(code.to_owned(), kind);
            classes.insert(code.to_owned(), class);
        }
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for event in events {
        let code = text(event, "subject");
        let is_dossier = text(event, "type").starts_with("dossier.");
        match (is_dossier.then(|| kinds.get(code)).flatten(), is_dossier && classes.contains_key(code)) {
            (None, false) => {
                ours.push(event.clone());
                theirs.push(event.clone());
            }
            (None, true) => ours.push(event.clone()),
            (Some(kind), _) => {
                ours.extend(ours_of(*kind, event, snapshot));
                theirs.extend(theirs_of(*kind, event));
            }
        }
    }
    Sides { ours, theirs, classes }
}

/// Whether a fault of this kind changes just one kind of fact of such a dossier.
fn suits(kind: usize, events: &[&Value], at: compute::instant::Instant) -> bool {
    let has = |kinds: &[&str]| events.iter().any(|event| is_of_any(event, kinds));
    match KINDS[kind] {
        "status" => {
            let ended = events.iter().filter(|event| is_of(event, "processed")).map(|event| time(event));
            ended.clone().count() > 0
                && ended.max().is_some_and(|last| last < at)
                && !has(&["reopened", "deleted"])
        }
        "due" => !has(&[
            "reopened",
            "deleted",
            "due_changed",
            "apologised",
            "supplement_requested",
            "paused",
            "resumed",
        ]),
        "rule" => !has(&["rated", "reopened", "deleted", "refused", "withdrawn"]),
        _ => {
            let is_by_post = events.iter().any(|event| event["data"]["channel"] == "post");
            !has(&["deleted"]) && !is_by_post
        }
    }
}

fn ours_of(kind: usize, event: &Value, snapshot: &str) -> Option<Value> {
    match KINDS[kind] {
        "not_synced" if is_of(event, "synced") => None,
        "synced_late" if is_of(event, "synced") => {
            let mut later = event.clone();
            later["time"] =
                json!(instant(snapshot).day().plus(1).expect("there is a next day").start().to_local());
            Some(later)
        }
        "missing_here" => None,
        _ => Some(event.clone()),
    }
}

fn theirs_of(kind: usize, event: &Value) -> Option<Value> {
    let mut theirs = event.clone();
    match KINDS[kind] {
        "not_synced" | "synced_late" | "missing_there" => return None,
        "status" if is_of(event, "processed") && event["data"]["result_digital"] == true => {
            theirs["type"] = json!("dossier.result_attached");
            theirs["data"] = json!({});
        }
        "status"
            if is_of_any(event, &["processed", "returned", "refused", "stopped", "withdrawn", "closed"]) =>
        {
            return None;
        }
        "due" if is_of(event, "accepted") => {
            let due = time(event).day().plus(45).expect("there is such a day").start();
            theirs["data"]["due_at"] = json!(due.to_local());
        }
        "channel_or_flag" if kind == PLACE_OF_FLAG && is_of(event, "accepted") => {
            let used = event["data"]["population_data"] == true;
            theirs["data"]["population_data"] = json!(!used);
        }
        "channel_or_flag" if kind != PLACE_OF_FLAG && is_of_any(event, &["submitted", "accepted"]) => {
            theirs["data"]["channel"] = json!("post");
        }
        _ => {}
    }
    Some(theirs)
}

/// Indicators by our code and the portal's.
pub(super) fn portal_codes() -> BTreeMap<String, String> {
    let folder = shared::root().join("compute/sets/portal-2026/indicators");
    let files = std::fs::read_dir(folder).expect("the set is there");
    let value = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='));
        line.map(|value| value.trim().trim_matches('"').to_owned()).expect("an indicator says its codes")
    };
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("a file can be read");
        (value(&text, "code "), value(&text, "portal_code "))
    };
    files.map(read).collect()
}

/// What the portal publishes of a side: rows as in its evaluation pages.
pub(super) fn published(folder: &Folder, events: &str, snapshot: &str, set: &str) -> String {
    let asked = ["score", events, "--period", PERIOD, "--as-of", snapshot, "--format", "csv", "--set", set];
    let ran = nhip(&asked, b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let codes = portal_codes();
    let mut out = "snapshot,period,unit_code,unit_name,group,metric_code,numerator,denominator,ratio_pct,score,max_score\n".to_owned();
    for row in figures(&ran.text()).iter().filter(|row| row.indicator != "TOTAL") {
        let (code, ratio) = (&codes[&row.indicator], &row.ratio);
        let _ = writeln!(
            out,
            "{snapshot},{PERIOD},{},x,g,{code},{},{},{ratio},{},{}",
            row.unit, row.numerator, row.denominator, row.points, row.max
        );
    }
    folder.write("published.csv", out)
}
