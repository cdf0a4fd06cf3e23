//! Figures as a table for reading in a terminal.

use std::fmt::Write;

use compute::figures::{Figures, Level, UnitFigures};
use compute::set::IndicatorSet;
use compute::set::points::decimal;

/// One line a unit, best first within its peer class, then the groups' points.
pub(super) fn figures(figures: &Figures, set: &IndicatorSet) -> String {
    let mut out = String::new();
    let provisional = if figures.is_provisional() { ", tạm tính / provisional" } else { "" };
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        out,
        "{} ({}{provisional})  {}",
        figures.period,
        figures.as_of.to_local(),
        set.file.title.vi
    );
    let groups: Vec<&str> = set.groups().iter().map(|group| group.id.as_str()).collect();
    let _ = write!(out, "{:>5} {:<16} {:>7} {:>4}  {:<11}", "hạng", "đơn vị", "điểm", "/", "loại");
    for group in &groups {
        let _ = write!(out, " {group:>12}");
    }
    let _ = writeln!(out, " {:>9}  tên", "tiếp nhận");
    let mut units: Vec<&UnitFigures> = figures.units.iter().collect();
    units.sort_by_key(|unit| {
        let class = if figures.level == Level::Agency { unit.class.as_str() } else { "" };
        (class, unit.rank.is_none(), unit.rank, std::cmp::Reverse(unit.total), unit.code.as_str())
    });
    for unit in units {
        let rank = unit.rank.map_or("–".to_owned(), |rank| rank.to_string());
        let total = unit.total.map_or("–".to_owned(), decimal);
        let grade = unit.total.and_then(|total| set.grade(total)).map_or("–", |grade| grade.vi.as_str());
        let _ = write!(out, "{rank:>5} {:<16} {total:>7} {:>4}  {grade:<11}", unit.code, unit.measured_max);
        for group in &groups {
            let members =
                unit.figures.iter().filter(|figure| set.indicators[figure.indicator].file.group == *group);
            let points: u64 = members.map(|figure| figure.points).sum();
            let _ = write!(out, " {:>12}", decimal(points));
        }
        let _ = writeln!(out, " {:>9}  {}", unit.received, unit.name);
    }
    out
}
