//! A law of lists at hand: whatever comes after a list was found, its pages are those of the list walked for anew.

use compute::engine::{CodePage, Engine, Keep, Part, Who};
use compute::instant::Instant;
use compute::period::Period;
use compute::set::Indicator;

use super::stream::{Chance, Lines, engine, push_all, seeds};

/// So many that lists of the province are kept, and few enough to forget some.
const EVENTS: u64 = 60_000;
const QUESTIONS: usize = 7;

type Question = (Period, Who, Indicator, Part);

/// Lists of the province, of the periods that are longest and so change most.
fn questions(engine: &Engine, dice: &mut Chance) -> Vec<Question> {
    let snapshot = engine.snapshot();
    let mut all = Vec::new();
    for state in &snapshot.periods {
        let top = state.frame.units().iter().find(|unit| unit.parent.is_none());
        let Some(top) = top else { continue };
        for indicator in &snapshot.catalogue.sets[0].indicators {
            for part in [Part::Numerator, Part::Denominator, Part::Missing] {
                all.push((state.frame.period, Who::Agency(top.code), indicator.clone(), part));
            }
        }
    }
    dice.shuffle(&mut all);
    all.sort_by_key(|(period, ..)| std::cmp::Reverse(period.end().seconds_since(period.start())));
    all.truncate(QUESTIONS * 3);
    dice.shuffle(&mut all);
    all.truncate(QUESTIONS);
    all
}

#[test]
fn a_page_of_a_list_at_hand_is_the_page_of_the_list() {
    let mut changes = 0;
    for seed in seeds(3) {
        let lines = Lines::of(seed, EVENTS);
        let all: Vec<&str> = lines.iter().collect();
        let (first, rest) = all.split_at(all.len() / 2);
        let mut live = engine(2, Keep::From(lines.from()));
        push_all(&mut live, first.iter().copied(), usize::MAX);
        let start = lines.from().unix_seconds();
        let days = u32::try_from(lines.until().seconds_since(lines.from()) / 86_400).unwrap();
        live.advance(Instant::from_unix(start + i64::from(days / 2) * 86_400, 0)).unwrap();
        let mut dice = Chance::new(seed);
        let asked = questions(&live, &mut dice);
        let mut seen = vec![None; asked.len()];
        for (step, part) in rest.chunks(rest.len() / 40 + 1).enumerate() {
            push_all(&mut live, part.iter().copied(), usize::MAX);
            let day = days / 2 + u32::try_from(step).unwrap() * days / 80;
            live.advance(Instant::from_unix(start + i64::from(day) * 86_400, 0)).unwrap();
            for ((period, who, indicator, part), seen) in asked.iter().zip(&mut seen) {
                let walked = live.list(*period, *who, indicator, *part).unwrap();
                let after = walked.get(usize::try_from(dice.below(40)).unwrap()).cloned();
                let walked = walked.iter().map(String::as_str).collect();
                let wanted = CodePage::of(&walked, after.as_deref(), 50);
                let count = (indicator, *part);
                let found = live.list_page((*period, *who), count, (after.as_deref(), 50)).unwrap();
                assert_eq!(
                    found, wanted,
                    "seed {seed}, step {step}: {} {part:?} of {period}",
                    indicator.file.code
                );
                changes += usize::from(seen.replace(found.mark).is_some_and(|mark| mark != found.mark));
            }
        }
    }
    assert!(changes > 100, "lists changed {changes} times only");
}

#[test]
fn a_unit_that_has_most_of_all_dossiers_does_not_have_those_of_others() {
    let event = |id: u32, kind: &str, subject: &str, data: &str| {
        format!(
            r#"{{"id":"{id}","source":"/s","type":"{kind}","subject":"{subject}","time":"2026-03-02T09:00:00+07:00","data":{data}}}"#
        )
    };
    let accepted = |agency: &str| {
        format!(r#"{{"procedure":"T","agency":"{agency}","officer":"O","due_at":"2026-03-05T10:00:00Z"}}"#)
    };
    let mut lines = vec![event(0, "agency.defined", "P", r#"{"name":"P","kind":"province"}"#)];
    for (id, agency) in [(1, "C1"), (2, "C2"), (3, "C3")] {
        let above = if agency == "C3" { "" } else { r#","parent":"P""# };
        let defined = format!(r#"{{"name":"{agency}","kind":"commune"{above}}}"#);
        lines.push(event(id, "agency.defined", agency, &defined));
        lines.push(event(id + 10, "dossier.accepted", &format!("D{id}"), &accepted(agency)));
    }
    let period = Period::parse("2026-03").unwrap();
    let mut live = engine(1, Keep::From(period.start()));
    push_all(&mut live, lines.iter().map(String::as_str), usize::MAX);
    live.advance(Instant::parse("2026-03-03T12:00:00+07:00").unwrap()).unwrap();
    let province = live.codes().names().find("P").unwrap();
    let catalogue = live.snapshot().catalogue;
    let received = catalogue.sets[0].management.iter().find(|count| count.file.id == "received").unwrap();
    assert_eq!(live.list_of_count(period, Who::Agency(province), received).unwrap(), ["D1", "D2"]);
}
