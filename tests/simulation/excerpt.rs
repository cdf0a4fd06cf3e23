//! Laws of excerpts: an engine made of the events of one unit or officer says of them what the whole engine says, at any
//! instant; and what changed adds up.

use compute::change::{Change, Standing};
use compute::codes::Code;
use compute::engine::{Engine, Excerpt, Keep, Who};
use compute::figures::{Figures, Level, UnitFigures};
use compute::forecast;
use compute::instant::Instant;
use compute::period::Period;

use super::stream::{Chance, Lines, engine, push_all, seeds};

/// Taken in small portions, as a server does.
fn excerpt(engine: &Engine, who: Who, period: Period) -> Excerpt {
    let mut excerpt = engine.excerpt(who, period).unwrap();
    while engine.lift(&mut excerpt, 97).unwrap() {}
    excerpt
}

fn rows(engine: &Engine, period: Period, (set, level): (usize, Level)) -> Vec<UnitFigures> {
    let snapshot = engine.snapshot();
    let set = &snapshot.catalogue.sets[set];
    Figures::of(&snapshot, snapshot.period(period).unwrap(), set, level).units
}

fn snapshot_code(engine: &Engine, code: &str) -> Code {
    engine.codes().names().find(code).unwrap()
}

/// All but rank and peers, which others decide.
fn told(row: &UnitFigures) -> String {
    let (figures, total, management) = (&row.figures, row.total, &row.management);
    format!("{} {figures:?} {total:?} {} {management:?}", row.code, row.measured_max)
}

#[test]
fn an_excerpt_says_of_its_unit_or_officer_what_everything_says() {
    let mut compared = [0; 2];
    for seed in seeds(4) {
        let lines = Lines::of(seed, 4_000);
        let mut live = engine(3, Keep::From(lines.from()));
        push_all(&mut live, lines.iter(), usize::MAX);
        live.advance(lines.until()).unwrap();
        let mut dice = Chance::new(seed);
        let periods: Vec<Period> = live.snapshot().periods.iter().map(|state| state.frame.period).collect();
        for _ in 0..6 {
            let period = periods[usize::try_from(dice.below(periods.len() as u64)).unwrap()];
            let at = instant_within(period, lines.until(), &mut dice);
            let mut then = engine(1, Keep::Only(period));
            push_all(&mut then, lines.iter(), usize::MAX);
            then.advance(at).unwrap();
            let sets = live.snapshot().catalogue.sets.len();
            for shown in (0..sets).flat_map(|set| [(set, Level::Agency), (set, Level::Officer)]) {
                for row in rows(&then, period, shown).iter().step_by(4) {
                    let code = snapshot_code(&live, &row.code);
                    let (who, kind) = match shown.1 {
                        Level::Agency => (Who::Agency(code), 0),
                        Level::Officer => (Who::Officer(code), 1),
                    };
                    let mut part = excerpt(&live, who, period).engine();
                    part.advance(at).unwrap();
                    let ours = rows(&part, period, shown);
                    let ours = ours.iter().find(|other| other.code == row.code).unwrap();
                    let (ours, row) = (told(ours), told(row));
                    assert!(ours == row, "seed {seed}, {period} as of {at:?}:\n{ours}\n{row}");
                    compared[kind] += 1;
                }
            }
        }
    }
    assert!(compared.iter().all(|rows| *rows > 100), "only {compared:?} rows were compared");
}

#[test]
fn what_changed_adds_up_and_is_what_lies_between_two_standings() {
    let (mut items, mut rests) = (0, 0);
    for seed in seeds(4) {
        let lines = Lines::of(seed, 4_000);
        let mut live = engine(2, Keep::From(lines.from()));
        push_all(&mut live, lines.iter(), usize::MAX);
        live.advance(lines.until()).unwrap();
        let mut dice = Chance::new(seed);
        let snapshot = live.snapshot();
        for state in snapshot.periods.iter().rev().take(4) {
            let period = state.frame.period;
            let from = instant_within(period, lines.until(), &mut dice);
            for set in &snapshot.catalogue.sets {
                for unit in state.frame.units().iter().step_by(5) {
                    let mut part = excerpt(&live, Who::Agency(unit.code), period).engine();
                    let change = Change::between(&mut part, unit.code, set, (from, lines.until())).unwrap();
                    let total = |row: &UnitFigures| i64::try_from(row.total.unwrap()).unwrap() * 100;
                    assert_eq!(change.share(), total(&change.after) - total(&change.before), "seed {seed}");
                    // An engine that went from one instant to the other once forgot what time alone changes.
                    for (at, row) in [(from, &change.before), (lines.until(), &change.after)] {
                        let mut then = excerpt(&live, Who::Agency(unit.code), period).engine();
                        then.advance(at).unwrap();
                        let then = Standing::of(&then, unit.code, set).unwrap().figures;
                        assert_eq!(told(row), told(&then), "seed {seed}: {period} as of {at:?}");
                    }
                    for indicator in &change.indicators {
                        let sum: i64 = indicator.items.iter().map(|item| item.share).sum();
                        assert_eq!(sum + indicator.rest, indicator.share(), "seed {seed}: {indicator:?}");
                        items += indicator.items.len();
                        rests += usize::from(indicator.rest != 0);
                    }
                    let subjects: i64 = change.subjects(set).iter().map(|subject| subject.share).sum();
                    assert_eq!(subjects + change.rest(), change.share(), "seed {seed}");
                    let now = Standing::of(&part, unit.code, set).unwrap();
                    let lost = Change::of(now.in_full(set), now, set);
                    let listed: i64 =
                        lost.indicators.iter().flat_map(|of| &of.items).map(|item| item.share).sum();
                    assert_eq!(listed + lost.rest(), lost.share(), "seed {seed}");
                    assert!(lost.share() <= 0, "seed {seed}: nothing is gained by what is missing");
                }
            }
        }
    }
    assert!(items > 1000, "only {items} subjects made a difference");
    assert!(rests < items / 10, "most of what changed has a subject: {rests} of {items}");
}

#[test]
fn what_would_be_is_what_is_once_it_happens() {
    let lines = Lines::of(3, 4_000);
    let mut live = engine(2, Keep::From(lines.from()));
    push_all(&mut live, lines.iter(), usize::MAX);
    live.advance(lines.until()).unwrap();
    let snapshot = live.snapshot();
    let state = snapshot.periods.iter().max_by_key(|state| state.cut).unwrap();
    let (period, set) = (state.frame.period, &snapshot.catalogue.sets[0]);
    let open = set.management.iter().find(|count| count.file.id == "in_progress").unwrap();
    let unit = state.frame.units().iter().max_by_key(|unit| state.cells.unit(unit.code, open.bit)).unwrap();
    let who = Who::Agency(unit.code);
    let dossiers = live.list_of_count(period, who, open).unwrap();
    assert!(dossiers.len() > 10, "there is something to finish");
    let soon = Instant::from_unix(lines.until().unix_seconds() + 60, 0);
    let friday = Instant::from_unix(lines.until().unix_seconds() + 2 * 86_400, 0);
    let finished: Vec<_> = dossiers.iter().map(|code| (code.clone(), soon)).collect();

    let mut part = excerpt(&live, Who::Agency(unit.code), period).engine();
    part.advance(lines.until()).unwrap();
    forecast::finish(&mut part, &finished);
    part.advance(friday).unwrap();

    let events: Vec<String> = dossiers
        .iter()
        .map(|code| {
            format!(
                r#"{{"id":"{code}","source":"/late","type":"dossier.processed","subject":"{code}","time":"{}","data":{{"outcome":"granted","result_digital":true}}}}"#,
                soon.to_local()
            )
        })
        .collect();
    push_all(&mut live, events.iter().map(String::as_str), usize::MAX);
    live.advance(friday).unwrap();
    let code = snapshot.codes.names().text(unit.code).to_owned();
    let of = |engine: &Engine| {
        let rows = rows(engine, period, (0, Level::Agency));
        told(rows.iter().find(|row| row.code == code).unwrap())
    };
    assert_eq!(of(&part), of(&live));
    assert_eq!(live.list_of_count(period, who, open).unwrap().len(), 0, "they are finished");
}

#[test]
fn what_left_the_unit_is_told_too() {
    let event = |id: u32, kind: &str, subject: &str, day: &str, data: &str| {
        format!(
            r#"{{"id":"{id}","source":"/s","type":"{kind}","subject":"{subject}","time":"2026-03-{day}T09:00:00+07:00","data":{data}}}"#
        )
    };
    let agency = r#"{"name":"A","kind":"commune"}"#;
    let entry = r#"{"procedure":"P","agency":"A","officer":"O","due_at":"2026-03-05T10:00:00Z"}"#;
    let lines = [
        event(0, "agency.defined", "A", "01", agency),
        event(1, "dossier.accepted", "D1", "02", entry),
        event(2, "dossier.accepted", "D2", "03", entry),
        event(3, "event.retracted", "D1", "09", r#"{"id":"1"}"#),
    ];
    let at = |day: &str| Instant::parse(&format!("2026-03-{day}T12:00:00+07:00")).unwrap();
    let period = Period::parse("2026-03").unwrap();
    let mut live = engine(1, Keep::From(period.start()));
    push_all(&mut live, lines.iter().map(String::as_str), usize::MAX);
    live.advance(at("10")).unwrap();
    let unit = live.codes().names().find("A").unwrap();
    let catalogue = live.snapshot().catalogue;
    let mut part = excerpt(&live, Who::Agency(unit), period).engine();
    let change = Change::between(&mut part, unit, &catalogue.sets[0], (at("04"), at("10"))).unwrap();
    assert_eq!((change.before.received, change.after.received), (2, 1));
    let told = change.subjects(&catalogue.sets[0]);
    assert!(told.iter().any(|subject| subject.code == "D1"), "the dossier that never was: {told:?}");
    assert!(
        told.iter().any(|subject| subject.code == "D2" && subject.share < 0),
        "the one that fell due: {told:?}"
    );
}

/// An instant of the period, but its first hour, and not after `until`.
fn instant_within(period: Period, until: Instant, dice: &mut Chance) -> Instant {
    let start = period.start().unix_seconds() + 3600;
    let end = period.end().unix_seconds().min(until.unix_seconds()).max(start + 1);
    let wide = u64::try_from(end - start).unwrap();
    Instant::from_unix(start + i64::try_from(dice.below(wide)).unwrap(), 0)
}
