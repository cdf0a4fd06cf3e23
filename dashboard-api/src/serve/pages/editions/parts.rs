//! Pieces the pages of editions are made of: names, stages, addresses, figures before and after.
//!
//! Not here: which of them somebody may see.

use editions::case::Stage;
use editions::difference::{FigureChange, Values};

use super::super::super::editions::Entry;
use super::super::words::Words;

/// What people call an edition.
pub(in crate::serve::pages) fn name(entry: &Entry, words: Words) -> String {
    let period = words.period(entry.period);
    if entry.number == 1 {
        return period;
    }
    words.fill("edition_number", &[("period", &period), ("number", &entry.number.to_string())])
}

/// Where it stands, in words.
pub(super) fn stage(entry: &Entry, words: Words) -> String {
    words.t(&format!("edition_state.{}", entry.case.stage.name())).to_owned()
}

/// Whether it is published.
pub(super) fn is_published(entry: &Entry) -> bool {
    entry.case.stage == Stage::Published
}

/// The address for everybody, for good.
pub(super) fn public_path(entry: &Entry) -> String {
    if entry.number == 1 {
        format!("/ky/{}", entry.period)
    } else {
        format!("/ky/{}/ban-{}", entry.period, entry.number)
    }
}

/// A figure before and after.
pub(super) struct ChangeRow {
    pub(super) unit: String,
    pub(super) indicator: String,
    pub(super) set: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// A figure before and after, in words.
pub(super) fn change(change: &FigureChange, words: Words) -> ChangeRow {
    ChangeRow {
        unit: change.unit.clone(),
        indicator: if change.indicator == "TOTAL" {
            words.t("total").to_owned()
        } else {
            change.indicator.clone()
        },
        set: change.set.clone(),
        before: values(change.before.as_ref(), words),
        after: values(change.after.as_ref(), words),
    }
}

fn values(values: Option<&Values>, words: Words) -> String {
    let Some((numerator, denominator, ratio_or_rank, points)) = values else { return "–".to_owned() };
    let points = if points.is_empty() { "–".to_owned() } else { words.decimals(points) };
    match (numerator, denominator) {
        (Some(numerator), Some(denominator)) => {
            format!("{}/{} · {points}", words.number(*numerator), words.number(*denominator))
        }
        _ if ratio_or_rank.is_empty() => points,
        _ => format!("{points} ({} {ratio_or_rank})", words.t("rank")),
    }
}
