//! Laws of freezing: the rows of a period give the bytes the engine prints, whatever the shards, portions and order, at
//! rest or in memory; and what changes while they are lifted is noticed.

use compute::engine::{Engine, FreezeError, Frozen, Keep, Lifted, RestRule};
use compute::figures::{Figures, Level};
use compute::period::Period;
use compute::result;
use editions::content::{Content, Head};

use crate::rest::Resting;
use crate::stream::{Chance, Lines, engine, push_all, seeds};

/// In small portions, as a server does; `between` happens between them.
fn frozen(
    engine: &mut Engine,
    (period, portion): (Period, usize),
    between: &mut dyn FnMut(&mut Engine),
) -> Result<Frozen, FreezeError> {
    let mut freezing = engine.freeze(period)?;
    freezing.read_archive()?;
    while engine.freeze_some(&mut freezing, portion) {
        between(engine);
    }
    engine.freeze_rest(freezing).and_then(Lifted::finish)
}

fn printed(engine: &Engine, period: Period) -> String {
    let snapshot = engine.snapshot();
    let state = snapshot.period(period).unwrap();
    let mut out = String::new();
    for set in &snapshot.catalogue.sets {
        for level in [Level::Agency, Level::Officer] {
            out += &result::csv(&Figures::of(&snapshot, state, set, level), set);
        }
    }
    out
}

fn counted(frozen: &Frozen, engine: &Engine) -> String {
    let snapshot = frozen.snapshot(&engine.snapshot().catalogue).unwrap();
    result::all(&snapshot, &[Level::Agency, Level::Officer])
}

fn periods(engine: &Engine) -> Vec<Period> {
    engine.snapshot().periods.iter().map(|state| state.frame.period).collect()
}

#[test]
fn frozen_rows_give_the_bytes_the_engine_prints() {
    let (mut compared, mut delayed) = (0, 0);
    for seed in seeds(3) {
        let lines = Lines::of(seed, 6_000);
        let mut one = engine(1, Keep::From(lines.from()));
        push_all(&mut one, lines.iter(), usize::MAX);
        one.advance(lines.until()).unwrap();
        let mut many = engine(3, Keep::From(lines.from()));
        let mut shuffled: Vec<&str> = lines.iter().collect();
        Chance::new(seed).shuffle(&mut shuffled);
        push_all(&mut many, shuffled.into_iter(), 500);
        many.advance(lines.until()).unwrap();
        for period in periods(&one) {
            let whole = one.freeze_whole(period).and_then(Lifted::finish).unwrap();
            let parts = frozen(&mut many, (period, 97), &mut |_| {}).unwrap();
            assert!(whole == parts, "seed {seed}, {period}: shards or order matter");
            assert!(counted(&whole, &one) == printed(&one, period), "seed {seed}, {period}: other bytes");
            let bit = one.snapshot().catalogue.delayed_bit;
            for subject in whole.subjects.iter().filter(|subject| !subject.is_petition) {
                let is_delayed = subject.mask & (1 << bit) != 0;
                assert_eq!(is_delayed, subject.delay.is_some(), "{}", subject.code);
                if let Some(delay) = subject.delay {
                    assert_eq!(delay.mask_in_time & (1 << bit), 0, "{} is in time then", subject.code);
                    delayed += 1;
                }
            }
            compared += whole.subjects.len();
        }
    }
    assert!(compared > 2_000 && delayed > 100, "{compared} rows, {delayed} delayed");
}

#[test]
fn what_changes_between_two_portions_is_noticed_and_what_does_not_matter_is_not() {
    let (mut moved, mut held) = (0, 0);
    for seed in seeds(4) {
        let lines = Lines::of(seed, 4_000);
        let all: Vec<&str> = lines.iter().collect();
        let (known, later) = all.split_at(all.len() * 9 / 10);
        let mut live = engine(2, Keep::From(lines.from()));
        push_all(&mut live, known.iter().copied(), usize::MAX);
        live.advance(lines.until()).unwrap();
        let mut rest = later.chunks(1 + later.len() / 100);
        for period in periods(&live).into_iter().rev() {
            let lifted = frozen(&mut live, (period, 11), &mut |engine| {
                if let Some(some) = rest.next() {
                    push_all(engine, some.iter().copied(), usize::MAX);
                    engine.advance(lines.until()).unwrap();
                }
            });
            match lifted {
                Err(FreezeError::Moved) => moved += 1,
                Err(other) => panic!("seed {seed}, {period}: {other}"),
                Ok(frozen) => {
                    let whole = live.freeze_whole(period).and_then(Lifted::finish).unwrap();
                    assert!(frozen == whole, "seed {seed}, {period}: a mixture of two instants");
                    held += 1;
                }
            }
        }
    }
    assert!(moved > 0 && held > 0, "{moved} moved, {held} held");
}

#[test]
fn dossiers_at_rest_are_frozen_as_if_they_were_in_memory() {
    let mut resting_rows = 0;
    for seed in seeds(3) {
        let lines = Lines::around_new_year(seed, 4_000);
        let mut live = engine(2, Keep::From(lines.from()));
        push_all(&mut live, lines.iter(), usize::MAX);
        live.advance(lines.until()).unwrap();
        let mut resting = Resting::of(engine(2, Keep::From(lines.from())));
        push_all(&mut resting.engine, lines.iter(), usize::MAX);
        resting.engine.advance(lines.until()).unwrap();
        let rule = RestRule { quiet_since: lines.until(), subjects_max: usize::MAX };
        resting.save(rule, &mut |_| {});
        resting_rows += resting.engine.snapshot().at_rest.subjects;
        for period in periods(&live) {
            let whole = live.freeze_whole(period).and_then(Lifted::finish).unwrap();
            let parts = frozen(&mut resting.engine, (period, 31), &mut |_| {}).unwrap();
            assert!(whole == parts, "seed {seed}, {period}");
        }
    }
    assert!(resting_rows > 100, "only {resting_rows} were at rest");
}

#[test]
fn an_edition_reads_back_as_it_was_written() {
    let lines = Lines::of(7, 5_000);
    let mut live = engine(2, Keep::From(lines.from()));
    push_all(&mut live, lines.iter(), usize::MAX);
    live.advance(lines.until()).unwrap();
    let mut sources = compute::set::Catalogue::embedded_files();
    sources.retain(|(name, _)| name != "README.md");
    sources.sort();
    let period = periods(&live)[0];
    let head = Head {
        number: 1,
        log_offset: Some(5_000),
        calendar_hash: String::new(),
        sources,
        program: "0.1.0".to_owned(),
        revises: None,
        reason: None,
        names_officers: None,
    };
    let frozen = live.freeze_whole(period).and_then(Lifted::finish).unwrap();
    let content = Content { head, frozen, judged: Vec::new() };
    let catalogue = content.catalogue().unwrap();
    let written = content.lines(&catalogue).unwrap();
    let told: Vec<&str> = written.iter().map(String::as_str).collect();
    let (read, _) = Content::read(&told).unwrap();
    assert!(read == content, "another content");
    // A count that no row gives is found, whichever it is.
    let mut chance = Chance::new(7);
    let figures: Vec<usize> =
        (0..told.len()).filter(|place| told[*place].starts_with("{\"row\":\"figure\"")).collect();
    for _ in 0..20 {
        let place = figures[usize::try_from(chance.below(figures.len() as u64)).unwrap()];
        let changed = told[place].replace("\"numerator\":", "\"numerator\":9");
        let mut lines = told.clone();
        lines[place] = &changed;
        assert!(Content::read(&lines).is_err(), "{changed}");
    }
    // A dossier taken out is missed by the figures.
    let dossier = told.iter().position(|line| line.starts_with("{\"row\":\"dossier\"")).unwrap();
    let mut lines = told.clone();
    lines.remove(dossier);
    assert!(Content::read(&lines).is_err());
}
