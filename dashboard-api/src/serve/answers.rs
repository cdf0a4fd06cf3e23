//! What figures look like as JSON, written once for each unit and kept until its figures change.
//!
//! Most events change the figures of a few units among thousands; an answer is put together from texts that are there.
//! Not here: the shape of a unit's JSON (`view`), who may see which unit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use compute::figures::{Figures, Level, UnitFigures};
use compute::set::IndicatorSet;
use serde_json::{Map, Value};

use super::board::View;
use crate::view;

/// Bytes of texts kept; more, and all are written anew when they are asked for again.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// By unit: the figures a text was written from, and the text.
type Texts = HashMap<String, (UnitFigures, Arc<str>)>;

/// The texts written so far.
#[derive(Debug, Default)]
pub(super) struct Answers {
    kept: Mutex<Kept>,
    /// By id of a set, which is there as long as the program runs.
    indicators: Mutex<HashMap<String, Arc<str>>>,
}

#[derive(Debug, Default)]
struct Kept {
    texts: HashMap<(View, Level), Texts>,
    bytes: usize,
}

impl Answers {
    /// The scores of `units`, which are among `figures`, with what `head` says first.
    pub(super) fn scores<'a>(
        &self,
        view: &View,
        (figures, set): (&Figures, &IndicatorSet),
        head: &Map<String, Value>,
        units: impl Iterator<Item = &'a UnitFigures>,
    ) -> String {
        let units: Vec<&UnitFigures> = units.collect();
        let key = (view.clone(), figures.level);
        let known = self.known(&key, &units);
        // Nobody waits while texts are written; two who write the same write the same.
        let mut new = Vec::new();
        let told = units.into_iter().zip(known).map(|(unit, known)| {
            known.unwrap_or_else(|| {
                let text: Arc<str> = view::scored(unit, set).to_string().into();
                new.push((unit.clone(), Arc::clone(&text)));
                text
            })
        });
        let told: Vec<Arc<str>> = told.collect();
        self.keep(key, new);
        with_rows(head, "units", &told)
    }

    /// The texts that are there.
    fn known(&self, key: &(View, Level), units: &[&UnitFigures]) -> Vec<Option<Arc<str>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = kept.texts.get(key);
        let known = |unit: &&UnitFigures| {
            let (figures, text) = texts?.get(&unit.code)?;
            (figures == *unit).then(|| Arc::clone(text))
        };
        units.iter().map(known).collect()
    }

    fn keep(&self, key: (View, Level), new: Vec<(UnitFigures, Arc<str>)>) {
        if new.is_empty() {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes > TEXT_BYTES_MAX {
            *kept = Kept::default();
        }
        let Kept { texts, bytes } = &mut *kept;
        let texts = texts.entry(key).or_default();
        for (unit, text) in new {
            *bytes += text.len();
            if let Some((_, old)) = texts.insert(unit.code.clone(), (unit, text)) {
                *bytes -= old.len();
            }
        }
    }
}

impl Answers {
    /// The indicators of a set.
    pub(super) fn indicators(&self, set: &IndicatorSet) -> Arc<str> {
        let mut kept = self.indicators.lock().unwrap_or_else(PoisonError::into_inner);
        let text = kept.entry(set.file.id.clone());
        Arc::clone(text.or_insert_with(|| view::indicators(set).to_string().into()))
    }
}

/// An object of what `head` says and a list of rows, each of which is written already.
pub(super) fn with_rows(head: &Map<String, Value>, name: &str, rows: &[Arc<str>]) -> String {
    let mut text = serde_json::to_string(head).unwrap_or_else(|_| "{}".to_owned());
    let bytes: usize = rows.iter().map(|row| row.len() + 1).sum();
    text.reserve(bytes + name.len() + 8);
    text.pop();
    if !head.is_empty() {
        text.push(',');
    }
    text.push('"');
    text.push_str(name);
    text.push_str("\":[");
    for (place, row) in rows.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(row);
    }
    text.push_str("]}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_with_rows_is_the_object_it_would_be() {
        let rows: Vec<Arc<str>> = [r#"{"code":"a"}"#, r#"{"code":"b"}"#].map(Arc::from).into();
        let read = |text: String| serde_json::from_str::<Value>(&text).expect("it is JSON");
        let head = serde_json::json!({ "period": "2026" }).as_object().cloned().unwrap_or_default();
        let told = read(with_rows(&head, "rows", &rows));
        assert_eq!(told, serde_json::json!({ "period": "2026", "rows": [{ "code": "a" }, { "code": "b" }] }));
        assert_eq!(read(with_rows(&Map::new(), "rows", &[])), serde_json::json!({ "rows": [] }));
    }
}
