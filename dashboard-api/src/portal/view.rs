//! A comparison as JSON and CSV: the fields are a promise to programs.
//!
//! Not here: pages.

use compute::engine::{Difference, Part, Turn};
use compute::reconciliation::{Gap, Moved, Published, Unmatched};
use compute::result::quoted;
use compute::set::points::decimal;
use serde_json::{Value, json};

use super::{Behind, Compared, moved_by};

/// The header of the CSV of gaps, before a pair of columns for each kind of difference.
const HEADER: &str = "unit,name,indicator,metric_code,numerator_ours,numerator_theirs,denominator_ours,\
                      denominator_theirs,points_ours,points_theirs,classes,rule_of";

/// The header of a list of dossiers.
const HEADER_OF_DOSSIERS: &str = "dossier,class,moved,facts\n";

/// What was compared, and how it came out for the units that `is_shown`, without the rows.
pub(crate) fn summary(compared: &Compared, is_shown: impl Fn(&str) -> bool) -> Value {
    let classes = compared.rows_by_class(&is_shown);
    let classes = classes.iter().map(|(class, rows)| (class.name().to_owned(), json!(rows)));
    let shown = compared.gaps.rows.iter().filter(|gap| is_shown(&gap.unit));
    let agreeing = shown.clone().filter(|gap| gap.classes.is_empty()).count();
    json!({
        "period": compared.publication.period.to_string(),
        "snapshot": compared.publication.snapshot.to_local(),
        "as_of": compared.as_of().to_local(),
        "set": compared.set,
        "evidence": if compared.reconciled.has_list { "list" } else { "log" },
        "tells_progress": compared.reconciled.tells_progress,
        "rows": shown.count(),
        "agreeing": agreeing,
        "classes": classes.collect::<serde_json::Map<_, _>>(),
    })
}

/// Everything, of the units that `is_shown`.
pub(crate) fn json(compared: &Compared, is_shown: impl Fn(&str) -> bool) -> Value {
    let mut told = summary(compared, &is_shown);
    let rows = compared.gaps.rows.iter().filter(|gap| is_shown(&gap.unit)).map(|gap| row(compared, gap));
    told["gaps"] = rows.collect();
    let unmatched = compared.gaps.unmatched.iter().map(|unmatched| match unmatched {
        Unmatched::Unit(row) => ("unit", &**row),
        Unmatched::Indicator(row) => ("indicator", &**row),
    });
    let unmatched = unmatched.filter(|(_, row)| is_shown(&row.unit));
    let line = |(what, row): (&str, &Published)| json!({ "unknown": what, "line": row.line, "unit": row.unit, "metric_code": row.portal_code });
    told["unmatched"] = unmatched.map(line).collect();
    told
}

fn moved(moved: Moved) -> Value {
    json!({ "numerator": moved.numerator, "denominator": moved.denominator })
}

fn row(compared: &Compared, gap: &Gap) -> Value {
    let indicator = &compared.set().indicators[gap.indicator].file;
    let kinds = gap.moved.iter().map(|(kind, by)| (kind.name().to_owned(), moved(*by)));
    json!({
        "unit": gap.unit,
        "name": gap.name,
        "indicator": indicator.code,
        "metric_code": indicator.portal_code,
        "ours": {
            "numerator": gap.ours.numerator,
            "denominator": gap.ours.denominator,
            "points": decimal(gap.ours.points),
        },
        "theirs": {
            "numerator": gap.theirs.numerator,
            "denominator": gap.theirs.denominator,
            "points": gap.theirs.points.map(decimal),
            "line": gap.theirs.line,
        },
        "classes": gap.classes.iter().map(|class| class.name()).collect::<Vec<_>>(),
        "moved": kinds.collect::<serde_json::Map<_, _>>(),
        "left": gap.left.map(moved),
        "points_by_our_rule": gap.points_by_our_rule.map(decimal),
        "rule_of": gap.rule_of,
    })
}

/// One line a published row.
pub(crate) fn csv(compared: &Compared, is_shown: impl Fn(&str) -> bool) -> String {
    let mut out = HEADER.to_owned();
    for kind in Difference::ALL {
        for part in ["numerator", "denominator"] {
            out.extend([",", kind.name(), "_", part]);
        }
    }
    out += ",left_numerator,left_denominator\n";
    for gap in compared.gaps.rows.iter().filter(|gap| is_shown(&gap.unit)) {
        let indicator = &compared.set().indicators[gap.indicator].file;
        let given = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
        let classes: Vec<&str> = gap.classes.iter().map(|class| class.name()).collect();
        let mut fields = vec![
            quoted(&gap.unit),
            quoted(&gap.name),
            indicator.code.clone(),
            indicator.portal_code.clone(),
            gap.ours.numerator.to_string(),
            given(gap.theirs.numerator),
            gap.ours.denominator.to_string(),
            given(gap.theirs.denominator),
            decimal(gap.ours.points),
            gap.theirs.points.map(decimal).unwrap_or_default(),
            classes.join(" "),
            gap.rule_of.clone().unwrap_or_default(),
        ];
        for kind in Difference::ALL {
            let by = moved_by(gap, kind);
            fields.extend([by.numerator.to_string(), by.denominator.to_string()]);
        }
        let left = |of: fn(Moved) -> i64| gap.left.map(|left| of(left).to_string()).unwrap_or_default();
        fields.extend([left(|left| left.numerator), left(|left| left.denominator)]);
        out += &fields.join(",");
        out.push('\n');
    }
    out
}

/// The dossiers behind a part of a gap: code, kind, theirs less ours, the facts that are other.
pub(crate) fn behind(listed: &[Behind<'_>], part: Part) -> Value {
    let turns = |one: &Behind<'_>| -> Value {
        let turn = |(turn, moved): &(&Turn, i64)| {
            let said = turn.said.iter();
            let said =
                said.map(|said| json!({ "fact": said.fact, "ours": said.ours, "theirs": said.theirs }));
            json!({ "class": turn.difference.name(), "moved": moved, "facts": said.collect::<Vec<_>>() })
        };
        one.turns.iter().map(turn).collect()
    };
    let dossiers = listed.iter().map(|one| json!({ "dossier": one.dossier.dossier, "turns": turns(one) }));
    json!({ "part": if part == Part::Numerator { "num" } else { "den" }, "dossiers": dossiers.collect::<Vec<_>>() })
}

/// The same as CSV.
pub(crate) fn behind_csv(listed: &[Behind<'_>]) -> String {
    let lines = listed.iter().flat_map(|one| {
        one.turns.iter().map(|(turn, moved)| line(&one.dossier.dossier, turn, &moved.to_string()))
    });
    [HEADER_OF_DOSSIERS.to_owned()].into_iter().chain(lines).collect()
}

/// Every dossier in which the two sides differ, whether it moves a figure or not.
pub(crate) fn differing_csv(compared: &Compared) -> String {
    let dossiers = compared.reconciled.dossiers.iter();
    let lines = dossiers.flat_map(|one| one.turns.iter().map(|turn| line(&one.dossier, turn, "")));
    [HEADER_OF_DOSSIERS.to_owned()].into_iter().chain(lines).collect()
}

/// A dossier and one class of its differences.
fn line(dossier: &str, turn: &Turn, moved: &str) -> String {
    let said = turn.said.iter().map(|said| format!("{}: {} → {}", said.fact, said.ours, said.theirs));
    let facts = said.collect::<Vec<_>>().join("; ");
    format!("{},{},{moved},{}\n", quoted(dossier), turn.difference.name(), quoted(&facts))
}
