//! Stories: one event a line, then what they must count to. Exists so that a test shows only what matters.
//!
//! `01/10 08:00 accepted due=09/10 17:30` is `dossier.accepted` of dossier `H1` in 2026. A word with a capital
//! before the type names another subject; a type with a point is taken whole (`petition.received`); what the
//! contract requires and the line leaves out is filled in. `=> 2.1 1/1` asks `nhip score` for the commune `C1`
//! in 2026-10 as of the month's end; `in`, `of`, `as-of`, `known-at`, `set`, `points`, `max`, `ratio` ask otherwise.
//! Not here: any rule by which events are counted.

use compute::period::Period;
use serde_json::{Map, Value, json};

use crate::program::{self, Figure};

/// Province P with department S1, communes C1 and C2, officers O1 and O2, procedure T.
const WORLD: &str = "
    01/01/2001 00:00 P agency.defined kind=province
    01/01/2001 00:00 S1 agency.defined kind=department parent=P
    01/01/2001 00:00 C1 agency.defined kind=commune parent=P
    01/01/2001 00:00 C2 agency.defined kind=commune parent=P
    01/01/2001 00:00 O1 officer.defined agency=C1
    01/01/2001 00:00 O2 officer.defined agency=C2
    01/01/2001 00:00 T procedure.defined
";

/// Keys that hold an instant.
const INSTANTS: &[&str] = &["due_at", "new_due_at", "step_due_at"];
/// Keys that hold a whole number.
const NUMBERS: &[&str] = &["fee_vnd", "amount_vnd", "count", "received", "reused", "from_portal_store"];

/// A question to the program, and the answer the story demands.
#[derive(Clone, Debug)]
pub struct Expectation {
    indicator: String,
    /// `numerator/denominator`, or `none` where there must be no row.
    counts: String,
    period: String,
    unit: String,
    as_of: String,
    known_at: Option<String>,
    set: String,
    others: Vec<(String, String)>,
    line: String,
}

/// The events of a story as NDJSON, the world's first.
pub fn events(text: &str) -> String {
    let told = text.lines().filter(|line| !line.trim().starts_with("=>"));
    let lines = WORLD.lines().chain(told).map(str::trim).filter(|line| !line.is_empty());
    lines.enumerate().flat_map(|(place, line)| [event(place, line).to_string(), "\n".to_owned()]).collect()
}

/// Scores the story with the real program and compares every expectation in it.
pub fn check(text: &str) {
    let input = events(text);
    let expected: Vec<Expectation> =
        text.lines().filter_map(|line| line.trim().strip_prefix("=>")).map(expectation).collect();
    assert!(!expected.is_empty(), "the story expects nothing:\n{text}");
    for one in &expected {
        let figure = figure(&input, one);
        let counts =
            figure.as_ref().map_or("none".to_owned(), |row| format!("{}/{}", row.numerator, row.denominator));
        assert_eq!(counts, one.counts, "\n{text}\n  =>{}", one.line);
        for (column, wanted) in &one.others {
            let row = figure.as_ref().expect("a row that is expected to have points is there");
            let found = match column.as_str() {
                "points" => &row.points,
                "max" => &row.max,
                "ratio" => &row.ratio,
                other => panic!("{other} is no column of the result"),
            };
            assert_eq!(found, wanted, "{column}\n{text}\n  =>{}", one.line);
        }
    }
}

fn figure(input: &str, asked: &Expectation) -> Option<Figure> {
    let by = if asked.unit.starts_with('O') { "officer" } else { "agency" };
    let mut arguments = vec!["score", "-", "--format", "csv", "--threads", "1", "--by", by];
    arguments.extend(["--period", &asked.period, "--as-of", &asked.as_of, "--set", &asked.set]);
    if let Some(known_at) = &asked.known_at {
        arguments.extend(["--known-at", known_at]);
    }
    let ran = program::nhip(&arguments, input.as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let figures = program::figures(&ran.text());
    figures.into_iter().find(|row| row.unit == asked.unit && row.indicator == asked.indicator)
}

/// `2.1 1/1 in 2026-10 of C1 as-of 15/10 08:00`.
fn expectation(line: &str) -> Expectation {
    let mut words = line.split_whitespace().peekable();
    let mut next = || words.next().unwrap_or_else(|| panic!("{line:?} breaks off")).to_owned();
    let mut asked = Expectation {
        indicator: next(),
        counts: next(),
        period: "2026-10".to_owned(),
        unit: "C1".to_owned(),
        as_of: String::new(),
        known_at: None,
        set: "portal-2026".to_owned(),
        others: Vec::new(),
        line: line.to_owned(),
    };
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap_or_else(|| panic!("{line:?} breaks off")).to_owned();
        match word {
            "in" => asked.period = next(),
            "of" => asked.unit = next(),
            "set" => asked.set = next(),
            "as-of" => asked.as_of = instant(&next(), &next()),
            "known-at" => asked.known_at = Some(instant(&next(), &next())),
            other => asked.others.push((other.to_owned(), next())),
        }
    }
    if asked.as_of.is_empty() {
        let period = Period::parse(&asked.period).unwrap_or_else(|| panic!("{line:?} names no period"));
        asked.as_of = period.end().to_local();
    }
    asked
}

/// One line as a `CloudEvent`; `place` gives it its id, unless the line does.
fn event(place: usize, line: &str) -> Value {
    let mut words = line.split_whitespace().peekable();
    let mut next = || words.next().unwrap_or_else(|| panic!("{line:?} breaks off"));
    let time = instant(next(), next());
    let first = next();
    let (subject, kind) =
        if first.starts_with(|letter: char| letter.is_uppercase()) { (first, next()) } else { ("H1", first) };
    let kind = if kind.contains('.') { kind.to_owned() } else { format!("dossier.{kind}") };
    let (mut data, mut envelope) = (defaults(&kind, subject), Map::new());
    // A word without `=` goes on with the value before it: `due=09/10 17:30`.
    let mut pairs: Vec<(String, String)> = Vec::new();
    for word in words {
        match (word.split_once('='), pairs.last_mut()) {
            (Some((key, value)), _) => pairs.push((key.to_owned(), value.to_owned())),
            (None, Some((_, value))) => *value = format!("{value} {word}"),
            (None, None) => panic!("{word:?} in {line:?} says nothing"),
        }
    }
    for (key, text) in pairs {
        match key.as_str() {
            "id" | "source" => envelope.insert(key, text.into()),
            "recorded" => envelope.insert("recordedtime".to_owned(), spelt_instant(&text).into()),
            "due" => data.insert("due_at".to_owned(), spelt_instant(&text).into()),
            "names" => data.insert("id".to_owned(), text.into()),
            _ => {
                let value = value(&kind, &key, &text);
                data.insert(key, value)
            }
        };
    }
    let mut event = json!({
        "specversion": "1.0", "id": format!("e{place}"), "source": "/mot-cua", "type": kind,
        "subject": subject, "time": time, "data": data,
    });
    event.as_object_mut().expect("an event is an object").extend(envelope);
    event
}

fn value(kind: &str, key: &str, text: &str) -> Value {
    match key {
        key if INSTANTS.contains(&key) => spelt_instant(text).into(),
        "parts" if kind.starts_with("dossier.") => {
            let counts: Vec<u64> =
                text.split('/').map(|count| count.parse().expect("parts are counts")).collect();
            let [total, digitised, reused, store] = counts[..] else { panic!("parts=2/1/0/0, not {text}") };
            json!({ "total": total, "digitised": digitised, "reused": reused, "from_portal_store": store })
        }
        "duration" => {
            let (number, unit) = text.split_once('-').expect("duration=3-working_day");
            json!({ "value": number.parse::<u64>().expect("a duration has a number"), "unit": unit })
        }
        "levels" | "parts" => text.split(',').collect(),
        key if NUMBERS.contains(&key) => text.parse::<u64>().expect("a whole number").into(),
        _ if text == "true" || text == "false" => Value::Bool(text == "true"),
        _ => text.into(),
    }
}

/// What the contract requires of an event of this type, where a story leaves it out.
fn defaults(kind: &str, subject: &str) -> Map<String, Value> {
    let data = match kind {
        "dossier.submitted" => json!({ "procedure": "T", "agency": "C1", "channel": "counter" }),
        "dossier.accepted" => json!({ "procedure": "T", "agency": "C1", "officer": "O1" }),
        "dossier.processed" => json!({ "outcome": "granted", "result_digital": false }),
        "dossier.paused" | "dossier.resumed" => json!({ "reason": "financial_duty" }),
        "dossier.due_changed" | "dossier.reopened" | "dossier.stopped" | "dossier.deleted" => {
            json!({ "reason": "x" })
        }
        "dossier.paid" => json!({ "amount_vnd": 5000, "method": "portal" }),
        "dossier.synced" => json!({ "message": "dossier", "accepted": true }),
        "dossier.apologised" => json!({ "letter": "1/XL" }),
        "dossier.part_digitised" => json!({ "count": 1 }),
        "petition.received" => json!({ "agency": "C1", "about": "conduct", "via": "direct" }),
        "agency.defined" | "officer.defined" => json!({ "name": subject }),
        "procedure.defined" => json!({
            "name": subject, "levels": ["province", "commune"], "agency": "P", "online": "full",
            "full_eligible": true, "paper_result": false, "fee": false, "payment_integrated": false,
            "for_citizens": true,
        }),
        "procedure.announced" => json!({ "decision": "1", "kind": "new" }),
        _ => json!({}),
    };
    data.as_object().cloned().unwrap_or_default()
}

fn spelt_instant(text: &str) -> String {
    let (day, clock) = text.split_once(' ').unwrap_or_else(|| panic!("{text:?} is no day and time"));
    instant(day, clock)
}

/// `09/10` and `17:30` at +07:00, in 2026 unless a year is given.
pub fn instant(day: &str, clock: &str) -> String {
    let parts: Vec<&str> = day.split('/').collect();
    let (day, month, year) = match parts[..] {
        [day, month] => (day, month, "2026"),
        [day, month, year] => (day, month, year),
        _ => panic!("{day:?} is no day; write 09/10 or 09/10/2025"),
    };
    let seconds = if clock.len() == 5 { ":00" } else { "" };
    format!("{year}-{month}-{day}T{clock}{seconds}+07:00")
}
