//! Dossiers at rest: an engine that lets go of what is closed prints, lists and tells the same as one that keeps all in
//! memory, whatever comes late.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use compute::engine::{Archive, ArchiveEntry, Engine, Keep, Part, RestRule, RestoreError, Who};
use compute::instant::Instant;

use crate::all_results;
use crate::saved::OTHER_YEAR;
use crate::stream::{Chance, Lines, engine, push_all, seeds, setup};

/// An archive in memory.
#[derive(Clone, Default, Debug)]
struct Shelf(BTreeMap<Vec<u8>, Vec<u8>>);

impl Archive for Shelf {
    fn get(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.get(key).cloned())
    }

    fn may_hold(&self, key: &[u8]) -> bool {
        self.0.range(key.to_vec()..).next().is_some_and(|(found, _)| found.starts_with(key))
    }

    fn scan<'a>(&'a self, prefix: &[u8]) -> Box<dyn Iterator<Item = io::Result<ArchiveEntry>> + 'a> {
        let prefix = prefix.to_vec();
        let from = self.0.range(prefix.clone()..);
        let found = from.take_while(move |(key, _)| key.starts_with(&prefix));
        Box::new(found.map(|(key, value)| Ok((key.clone(), value.clone()))))
    }
}

/// An engine that rests, what it rests on, and its last save.
pub(crate) struct Resting {
    pub(crate) engine: Engine,
    shelf: Shelf,
}

impl Resting {
    /// One that rests on nothing yet.
    pub(crate) fn of(engine: Engine) -> Resting {
        Resting { engine, shelf: Shelf::default() }
    }

    /// Saves, a little at a time, while `during` happens between; then lets go of what went to rest.
    pub(crate) fn save(&mut self, rule: RestRule, during: &mut dyn FnMut(&mut Engine)) -> Vec<u8> {
        let (mut bytes, mut next) = (Vec::new(), self.shelf.clone());
        self.engine.begin_save_and_rest(rule);
        loop {
            let is_whole = self.engine.save_some(20_000, &mut bytes);
            for (key, _, value) in self.engine.take_rest_draft().iter() {
                next.0.insert(key.to_vec(), value.to_vec());
            }
            if is_whole {
                break;
            }
            during(&mut self.engine);
        }
        self.engine.rest_on(Arc::new(next.clone()));
        self.shelf = next;
        while !self.engine.leave_some(50) {
            during(&mut self.engine);
        }
        bytes
    }
}

fn days_after(lines: &Lines, days: i64) -> Instant {
    Instant::from_unix(lines.until().unix_seconds() + days * 86_400, 0)
}

/// Lists of every indicator and period, of some agencies and officers.
fn lists(engine: &Engine) -> String {
    use std::fmt::Write;
    let snapshot = engine.snapshot();
    let mut out = String::new();
    let names = snapshot.codes.names();
    for period in &snapshot.periods {
        let mut units: Vec<_> =
            period.frame.units().iter().map(|unit| (names.text(unit.code), unit.code)).collect();
        units.sort_unstable();
        for set in &snapshot.catalogue.sets {
            for indicator in &set.indicators {
                for (name, unit) in units.iter().step_by(3) {
                    for part in [Part::Numerator, Part::Denominator] {
                        let list = engine.list(period.frame.period, Who::Agency(*unit), indicator, part);
                        writeln!(out, "{} {} {name} {list:?}", period.frame.period, indicator.file.code)
                            .unwrap();
                    }
                }
            }
        }
    }
    out
}

/// Events that touch what is at rest in every way there is.
fn troublemakers(lines: &Lines, chance: &mut Chance, round: u64) -> Vec<String> {
    let all: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let pick = |chance: &mut Chance, kind: &str| {
        let of_kind: Vec<_> =
            all.iter().filter(|event| event["type"].as_str().unwrap().starts_with(kind)).collect();
        (*of_kind[usize::try_from(chance.below(of_kind.len() as u64)).unwrap()]).clone()
    };
    let mut made = Vec::new();
    for number in 0..6 {
        // The same event again, and the same identity about another dossier.
        let again = pick(chance, "dossier.");
        made.push(again.to_string());
        let mut elsewhere = pick(chance, "dossier.");
        elsewhere["subject"] = pick(chance, "dossier.")["subject"].clone();
        made.push(elsewhere.to_string());
        let named = pick(chance, "dossier.");
        let mut retraction = named.clone();
        retraction["id"] = format!("retraction-{round}-{number}").into();
        retraction["type"] = "event.retracted".into();
        retraction["time"] = "2027-01-05T10:00:00+07:00".into();
        retraction["data"] = serde_json::json!({"id": named["id"], "source": named["source"]});
        made.push(retraction.to_string());
        let mut rated = pick(chance, "dossier.processed");
        rated["id"] = format!("rated-{round}-{number}").into();
        rated["type"] = "dossier.rated".into();
        rated["data"] = serde_json::json!({"satisfied": number % 2 == 0});
        made.push(rated.to_string());
    }
    let mut petition = pick(chance, "petition.received");
    petition["id"] = format!("petition-{round}").into();
    petition["subject"] = format!("PAKN-{round}").into();
    petition["data"]["dossier"] = pick(chance, "dossier.processed")["subject"].clone();
    petition["data"]["about"] = "conduct".into();
    made.push(petition.to_string());
    let mut procedure = pick(chance, "procedure.defined");
    procedure["id"] = format!("procedure-{round}").into();
    // In force before most was accepted, so that its dossiers are judged by it.
    procedure["time"] = format!("2026-01-02T00:00:{round:02}+07:00").into();
    procedure["subject"] = pick(chance, "dossier.accepted")["data"]["procedure"].clone();
    for of in ["full_eligible", "payment_integrated", "fee", "paper_result"] {
        procedure["data"][of] = (chance.below(2) == 0).into();
    }
    procedure["data"]["online"] =
        ["none", "partial", "full"][usize::try_from(chance.below(3)).unwrap()].into();
    made.push(procedure.to_string());
    if round % 3 == 2 {
        let mut agency = pick(chance, "agency.defined");
        agency["id"] = format!("agency-{round}").into();
        agency["time"] = format!("2026-02-01T00:00:{round:02}+07:00").into();
        agency["data"]["valid_from"] = "2026-02-01".into();
        agency["data"]["parent"] = pick(chance, "agency.defined")["subject"].clone();
        made.push(agency.to_string());
    }
    made
}

#[test]
fn dossiers_at_rest_count_and_are_listed_as_if_they_were_in_memory() {
    let (mut rested, mut woken) = (0, 0);
    for seed in seeds(6) {
        let lines = Lines::of(seed, 2_500);
        let mut chance = Chance::new(seed);
        let mut keeping = engine(2, Keep::From(lines.from()));
        let mut resting = Resting { engine: engine(2, Keep::From(lines.from())), shelf: Shelf::default() };
        let all: Vec<&str> = lines.iter().collect();
        let (early, late) = all.split_at(all.len() * 4 / 5);
        for engine in [&mut keeping, &mut resting.engine] {
            push_all(engine, early.iter().copied(), 400);
            engine.advance(lines.until()).unwrap();
        }
        for round in 0..10 {
            // The year is over from the fifth round on.
            let now = days_after(&lines, 60 * i64::try_from(round).unwrap());
            let share = late.len() / 10;
            let mut events: Vec<String> = late[share * usize::try_from(round).unwrap()..][..share]
                .iter()
                .map(ToString::to_string)
                .collect();
            events.extend(troublemakers(&lines, &mut chance, round));
            let quiet_since = if chance.below(2) == 0 { now } else { days_after(&lines, -20) };
            let rule =
                RestRule { quiet_since, subjects_max: 1 + usize::try_from(chance.below(500)).unwrap() };
            let mut next = 0;
            let before = resting.engine.at_rest().subjects;
            let bytes = resting.save(rule, &mut |engine| {
                let end = (next + 3).min(events.len());
                push_all(engine, events[next..end].iter().map(String::as_str), 2);
                push_all(&mut keeping, events[next..end].iter().map(String::as_str), 2);
                next = end;
                if next.is_multiple_of(2) {
                    engine.advance(now).unwrap();
                }
            });
            rested += resting.engine.at_rest().subjects.saturating_sub(before);
            if chance.below(3) == 0 {
                // A restart: the state, and all events after its cut.
                let shards = 1 + usize::try_from(chance.below(4)).unwrap();
                let setup = setup(shards, Keep::From(lines.from()));
                let archive = Arc::new(resting.shelf.clone());
                let (engine, restored) = Engine::restore(setup, &mut &*bytes, Some(archive)).unwrap();
                assert!(restored.is_counted);
                resting.engine = engine;
                push_all(&mut resting.engine, events[..next].iter().map(String::as_str), 5);
            }
            let before = resting.engine.at_rest().subjects;
            for engine in [&mut keeping, &mut resting.engine] {
                push_all(engine, events[next..].iter().map(String::as_str), 9);
                engine.advance(now).unwrap();
            }
            woken += before.saturating_sub(resting.engine.at_rest().subjects);
            assert_alike(&resting.engine, &keeping, &format!("seed {seed}, round {round}"));
        }
        for code in ["nobody", &dossier_of(all[all.len() / 2]), &dossier_of(all[all.len() / 3])] {
            let (ours, theirs) = (resting.engine.story(code).unwrap(), keeping.story(code).unwrap());
            assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "seed {seed}: {code}");
        }
        assert!(resting.engine.memory().1 < keeping.memory().1, "seed {seed}: nothing left memory");
    }
    assert!(rested > 500 && woken > 20, "hardly anything rested ({rested}) or came back ({woken})");
}

/// Both count and list the same.
fn assert_alike(resting: &Engine, keeping: &Engine, place: &str) {
    // Of three copies of one identity the order of arrival says which are duplicates and which superseded.
    let came = |engine: &Engine| (engine.tally().consumed, engine.tally().applied);
    assert_eq!(came(resting), came(keeping), "{place}");
    for told in [all_results, lists] {
        let (ours, theirs) = (told(resting), told(keeping));
        let differs = ours.lines().zip(theirs.lines()).find(|(one, other)| one != other);
        assert!(ours == theirs, "{place}: {differs:?}");
    }
}

fn dossier_of(line: &str) -> String {
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    event["subject"].as_str().unwrap().to_owned()
}

#[test]
fn another_calendar_recounts_what_is_at_rest() {
    let mut moved = 0;
    for seed in seeds(2) {
        let lines = Lines::of(seed, 2_000);
        let now = days_after(&lines, 300);
        let mut resting = Resting { engine: engine(2, Keep::From(lines.from())), shelf: Shelf::default() };
        push_all(&mut resting.engine, lines.iter(), usize::MAX);
        resting.engine.advance(now).unwrap();
        let rule = RestRule { quiet_since: now, subjects_max: usize::MAX };
        resting.save(rule, &mut |_| {});
        let at_rest = resting.engine.at_rest().subjects;
        assert!(at_rest > 100, "only {at_rest} went to rest");
        let bytes = resting.save(rule, &mut |_| {});
        let mut calendar = compute::calendar::Calendar::default();
        for year in ["2025", "2026", "2027"] {
            calendar.add(&format!("vn-{year}.toml"), &OTHER_YEAR.replace("YEAR", year)).unwrap();
        }
        let changed = |from: Instant| {
            let mut setup = setup(3, Keep::From(from));
            setup.calendar = Arc::new(calendar.clone());
            setup
        };
        // A year earlier has all periods of the year before counted too.
        for from in [lines.from(), days_after(&lines, -400)] {
            let archive = Arc::new(resting.shelf.clone());
            let (mut restored, told) = Engine::restore(changed(from), &mut &*bytes, Some(archive)).unwrap();
            assert!(!told.is_counted, "the calendar is another one");
            restored.advance(now).unwrap();
            let mut anew = Engine::new(changed(from));
            push_all(&mut anew, lines.iter(), usize::MAX);
            anew.advance(now).unwrap();
            assert!(all_results(&restored) == all_results(&anew), "seed {seed}");
            // In some small provinces no due date falls otherwise.
            moved += usize::from(all_results(&restored) != all_results(&resting.engine));
            let left = restored.at_rest().subjects;
            assert!(left > 0 && left < at_rest, "seed {seed}: {left} of {at_rest} stayed at rest");
        }
    }
    assert!(moved > 0, "another calendar moves something");
}

#[test]
fn a_state_without_its_archive_is_refused() {
    let lines = Lines::of(1, 1_500);
    let now = days_after(&lines, 300);
    let mut resting = Resting { engine: engine(1, Keep::From(lines.from())), shelf: Shelf::default() };
    push_all(&mut resting.engine, lines.iter(), usize::MAX);
    resting.engine.advance(now).unwrap();
    let bytes = resting.save(RestRule { quiet_since: now, subjects_max: 10 }, &mut |_| {});
    assert_eq!(resting.engine.at_rest().subjects, 10);
    let refused = Engine::restore(setup(1, Keep::From(lines.from())), &mut &*bytes, None);
    assert!(matches!(refused, Err(RestoreError::NoArchive(10))), "{refused:?}");
}

/// An archive of which nothing can be read.
#[derive(Debug)]
struct Broken;

impl Archive for Broken {
    fn get(&self, _: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Err(io::Error::other("a flipped bit"))
    }

    fn may_hold(&self, _: &[u8]) -> bool {
        true
    }

    fn scan<'a>(&'a self, _: &[u8]) -> Box<dyn Iterator<Item = io::Result<ArchiveEntry>> + 'a> {
        Box::new(std::iter::once(Err(io::Error::other("a flipped bit"))))
    }
}

#[test]
fn an_archive_that_cannot_be_read_stops_the_engine_and_never_makes_a_dossier_new() {
    let lines = Lines::of(1, 1_500);
    let mut engine = engine(2, Keep::From(lines.from()));
    engine.advance(lines.until()).unwrap();
    engine.rest_on(Arc::new(Broken));
    push_all(&mut engine, lines.iter(), 100);
    let refused = engine.advance(lines.until()).unwrap_err().to_string();
    assert!(refused.contains("a flipped bit") && refused.contains("backup"), "{refused}");
}
