//! Worked examples and published rows, run at every start: a set whose examples do not come out is refused.

use toml::Value;

use super::catalogue::{Catalogue, Indicator, IndicatorSet, SetError, SetText, line};
use super::condition::Mask;
use super::definition::{Example, Published};
use super::points::{Ratio, decimal};
use crate::facts::{Column, Fact, FactRows, Subject};

/// Runs every example and published row of every set.
pub(super) fn check(catalogue: &Catalogue, files: &[SetText]) -> Result<(), SetError> {
    for set in &catalogue.sets {
        for indicator in &set.indicators {
            let (path, text) = file_of(set, indicator, files);
            for example in &indicator.file.example {
                let place = format!("{path}:{}", line(text, example.span().start));
                run(catalogue, indicator, example.get_ref(), &place)?;
            }
            for row in &indicator.file.published {
                let place = format!("{path}:{}", line(text, row.span().start));
                recompute(indicator, row.get_ref(), &place)?;
            }
        }
    }
    Ok(())
}

fn file_of<'a>(set: &'a IndicatorSet, indicator: &Indicator, files: &'a [SetText]) -> (&'a str, &'a str) {
    let folders = [Some(&set.file.id), set.file.based_on.as_ref()];
    let paths =
        folders.into_iter().flatten().map(|id| format!("{id}/indicators/{}.toml", indicator.file.code));
    paths
        .filter_map(|path| files.iter().find(|(known, _)| *known == path))
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .next()
        .unwrap_or(("", ""))
}

fn run(catalogue: &Catalogue, indicator: &Indicator, example: &Example, place: &str) -> Result<(), SetError> {
    let masks = masks(catalogue, indicator.subject(), &example.rows, place)?;
    let has = |mask: &Mask, bit: usize| mask & (1 << bit) != 0;
    let mut numerator = 0;
    for (mask, row) in masks.iter().zip(&example.rows) {
        let is_met = match indicator.with_dossier_bit {
            None => true,
            Some(bit) => {
                let dossiers = row.get("dossiers").and_then(Value::as_array).cloned().unwrap_or_default();
                let rows: Vec<toml::Table> =
                    dossiers.iter().filter_map(|dossier| dossier.as_table().cloned()).collect();
                let masks = self::masks(catalogue, Subject::Dossier, &rows, place)?;
                masks.iter().any(|mask| has(mask, bit))
            }
        };
        numerator += u64::from(is_met && has(mask, indicator.numerator_bit));
    }
    let counted = masks.iter().filter(|mask| has(mask, indicator.denominator_bit)).count() as u64;
    let denominator = if indicator.has_reported_floor() { counted.max(example.reported) } else { counted };
    let mut ratio = Ratio::of(numerator, denominator);
    if let Some(multiplier) = &example.multiplier {
        let (by, of) = multiplier
            .split_once('/')
            .and_then(|(by, of)| Some((by.parse().ok()?, of.parse().ok()?)))
            .ok_or_else(|| SetError::file(place, "multiplier must look like \"4/5\""))?;
        ratio = ratio.times(Ratio::of(by, of));
    }
    let points = decimal(indicator.points(ratio, indicator.file.max));
    let expect = &example.expect;
    if (numerator, denominator, &points) == (expect.numerator, expect.denominator, &expect.points) {
        return Ok(());
    }
    Err(SetError::file(
        place,
        format!(
            "the example gives {numerator}/{denominator} and {points} points, not {}/{} and {}: {}",
            expect.numerator, expect.denominator, expect.points, example.story
        ),
    ))
}

fn recompute(indicator: &Indicator, row: &Published, place: &str) -> Result<(), SetError> {
    let ratio = Ratio::of(row.numerator, row.denominator);
    let points = decimal(indicator.points(ratio, indicator.file.max));
    if points == row.points {
        return Ok(());
    }
    let (unit, period) = (&row.unit, &row.period);
    Err(SetError::file(place, format!("{unit} in {period}: gives {points} points, published {}", row.points)))
}

fn masks(
    catalogue: &Catalogue,
    subject: Subject,
    rows: &[toml::Table],
    place: &str,
) -> Result<Vec<Mask>, SetError> {
    let mut facts = FactRows::new(subject);
    for row in rows {
        facts.push(&read_row(subject, row, place)?);
    }
    catalogue
        .conditions
        .evaluate(subject, &mut facts)
        .map_err(|problem| SetError::Condition { place: place.to_owned(), problem })
}

fn read_row(subject: Subject, row: &toml::Table, place: &str) -> Result<Vec<Fact>, SetError> {
    let is_known =
        |name: &str| subject.column(name).is_some() || (subject == Subject::Procedure && name == "dossiers");
    if let Some(unknown) = row.keys().find(|name| !is_known(name)) {
        return Err(SetError::file(place, format!("there is no fact {unknown:?} about a {subject:?}")));
    }
    let columns = subject.columns().iter();
    columns
        .map(|column| match row.get(column.name) {
            None => Ok(column.default),
            Some(value) => read_fact(column, value)
                .ok_or_else(|| SetError::file(place, format!("{} cannot be {value}", column.name))),
        })
        .collect()
}

fn read_fact(column: &Column, value: &Value) -> Option<Fact> {
    match (column.default, value) {
        (Fact::Bool(_), Value::Boolean(yes)) => Some(Fact::Bool(*yes)),
        (Fact::Maybe(_), Value::Boolean(yes)) => Some(Fact::Maybe(Some(*yes))),
        (Fact::Whole(_), Value::Integer(number)) => Some(Fact::Whole(Some(*number))),
        (Fact::Word(_), Value::String(word)) => known_word(word).map(|word| Fact::Word(Some(word))),
        _ => None,
    }
}

/// The words fact columns can hold.
fn known_word(word: &str) -> Option<&'static str> {
    use crate::event::contract::{APPLICANTS, CHANNELS, ONLINE_LEVELS, PETITION_ROUTES, PETITION_SUBJECTS};
    const STATES: &[&str] = &["running", "waiting", "paused", "ended"];
    [APPLICANTS, CHANNELS, ONLINE_LEVELS, PETITION_ROUTES, PETITION_SUBJECTS, STATES]
        .into_iter()
        .flatten()
        .find(|known| **known == word)
        .copied()
}
