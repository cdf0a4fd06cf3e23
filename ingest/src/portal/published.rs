//! Published figures: one row a unit and indicator, as the portal's evaluation pages give them.
//!
//! Columns `snapshot`, `period`, `unit_code`, `metric_code`, `numerator`, `denominator`, `score`; `unit_name` if there;
//! others are not looked at. A row without counts keeps its points. Not here: whose units they are.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use compute::instant::Instant;
use compute::period::Period;
use compute::reconciliation::Published;

use super::table::{Fault, Refusal, Table, only_known};

/// Bytes of a file of published figures.
pub const PUBLISHED_BYTES_MAX: u64 = 32 << 20;
/// Rows of it: every unit of every province, by 21 indicators, more than once.
pub const PUBLISHED_ROWS_MAX: usize = 200_000;

/// What the portal published of one period, as it stood at one instant.
#[derive(Clone, Debug)]
pub struct Publication {
    /// When its figures were taken; a bare date is its first instant.
    pub snapshot: Instant,
    /// Of this period.
    pub period: Period,
    /// In the order of the file.
    pub rows: Vec<Published>,
}

/// Reads the rows of one period and snapshot: of `period` and `snapshot` where they are given.
///
/// # Errors
/// [`Refusal`] with line and column; also when the file holds several and none is chosen.
pub fn read_published(
    input: impl Read,
    period: Option<Period>,
    snapshot: Option<Instant>,
) -> Result<Publication, Refusal> {
    let all = read_publications(input)?;
    let whole = |fault| Refusal { line: 1, column: None, fault };
    let told = all.iter().map(|one| format!("{} as of {}", one.period, one.snapshot.to_local()));
    let told = told.collect::<Vec<_>>().join(", ");
    let is_asked = |one: &Publication| {
        period.is_none_or(|period| period == one.period)
            && snapshot.is_none_or(|snapshot| snapshot == one.snapshot)
    };
    let mut asked = all.into_iter().filter(is_asked);
    let Some(one) = asked.next() else { return Err(whole(Fault::NotThere(told))) };
    if asked.next().is_some() {
        return Err(whole(Fault::Several(told)));
    }
    Ok(one)
}

/// The columns that are looked at.
const COLUMNS: [&str; 8] =
    ["snapshot", "period", "unit_code", "metric_code", "numerator", "denominator", "score", "unit_name"];

/// A file that [`read_publications`] reads, without columns that say nothing here.
///
/// # Errors
/// Those of CSV that cannot be read.
pub fn kept_of_published(input: &[u8]) -> Result<Vec<u8>, csv::Error> {
    only_known(input, |name| COLUMNS.contains(&name))
}

/// Reads everything a file holds, in the order of period and snapshot.
///
/// # Errors
/// [`Refusal`] with line and column.
pub fn read_publications(input: impl Read) -> Result<Vec<Publication>, Refusal> {
    let mut table = Table::open(input, PUBLISHED_BYTES_MAX, PUBLISHED_ROWS_MAX)?;
    let at = table.needed(&["snapshot"])?;
    let of = table.needed(&["period"])?;
    let unit = table.needed(&["unit_code"])?;
    let code = table.needed(&["metric_code"])?;
    let numerator = table.needed(&["numerator"])?;
    let denominator = table.needed(&["denominator"])?;
    let points = table.needed(&["score"])?;
    let name = table.column(&["unit_name"]);
    let mut found: BTreeMap<(Period, Instant), Vec<Published>> = BTreeMap::new();
    let mut seen: HashMap<(Period, Instant, String, String), u64> = HashMap::new();
    while let Some(row) = table.next()? {
        let text = row.needed(of)?;
        let not_period = || row.refuse(of, Fault::NotPeriod);
        let period = Period::parse(text).ok_or_else(not_period)?;
        let snapshot = row.instant(Some(at))?.ok_or_else(|| row.refuse(at, Fault::Empty))?;
        let published = Published {
            unit: row.needed(unit)?.to_owned(),
            unit_name: row.text(name)?.unwrap_or_default().to_owned(),
            portal_code: row.needed(code)?.to_owned(),
            numerator: row.whole(Some(numerator))?,
            denominator: row.whole(Some(denominator))?,
            points: row.points(Some(points))?,
            line: row.line,
        };
        let key = (period, snapshot, published.unit.clone(), published.portal_code.clone());
        if let Some(line) = seen.insert(key, row.line) {
            return Err(row.refuse(code, Fault::Twice(line)));
        }
        found.entry((period, snapshot)).or_default().push(published);
    }
    if found.is_empty() {
        return Err(Refusal { line: 1, column: None, fault: Fault::NoRow });
    }
    let publication = |((period, snapshot), rows)| Publication { snapshot, period, rows };
    Ok(found.into_iter().map(publication).collect())
}
