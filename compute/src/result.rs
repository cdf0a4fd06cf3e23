//! The canonical result: the bytes by which batch, live, restart and oracle are compared (index-766.md §6).

use std::fmt::Write;

use crate::engine::Snapshot;
use crate::figures::{Figures, Level, UnitFigures};
use crate::set::IndicatorSet;
use crate::set::points::{Ratio, decimal};

/// The header of the canonical CSV.
pub const HEADER: &str = "period,as_of,set,level,unit,indicator,numerator,denominator,ratio,points,max";

/// The canonical CSV: sorted bytewise by level, unit, indicator; UTF-8; LF.
pub fn csv(figures: &Figures, set: &IndicatorSet) -> String {
    let head =
        format!("{},{},{},{}", figures.period, figures.as_of.to_local(), set.file.id, figures.level.name());
    let mut out = format!("{HEADER}\n");
    for unit in &figures.units {
        write_unit(&mut out, &head, unit, set);
    }
    out
}

fn write_unit(out: &mut String, head: &str, unit: &UnitFigures, set: &IndicatorSet) {
    let code = quoted(&unit.code);
    let mut lines: Vec<(&str, String)> = Vec::with_capacity(unit.figures.len() + 1);
    for figure in &unit.figures {
        let indicator = set.indicators[figure.indicator].file.code.as_str();
        let rest = format!(
            "{},{},{},{},{}",
            figure.numerator,
            figure.denominator,
            ratio(figure.ratio),
            decimal(figure.points),
            figure.max
        );
        lines.push((indicator, rest));
    }
    let total = unit.total.map(decimal).unwrap_or_default();
    lines.push(("TOTAL", format!(",,,{total},{}", unit.measured_max)));
    lines.sort_unstable_by(|one, other| one.0.as_bytes().cmp(other.0.as_bytes()));
    for (indicator, rest) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{head},{code},{},{rest}", quoted(indicator));
    }
}

/// A ratio as percent with two decimals, half-up; empty when there is nothing to measure.
pub fn ratio(ratio: Ratio) -> String {
    ratio.percent_hundredths().map(decimal).unwrap_or_default()
}

/// RFC 4180: quoted only where needed.
pub fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Every result of every period kept, under every set, one after the other.
pub fn all(snapshot: &Snapshot, levels: &[Level]) -> String {
    let mut out = String::new();
    for period in &snapshot.periods {
        for set in &snapshot.catalogue.sets {
            for level in levels {
                out += &csv(&Figures::of(snapshot, period, set, *level), set);
            }
        }
    }
    out
}
