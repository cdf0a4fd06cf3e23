//! The shapes that leave the program as JSON. Core types are not serializable; these are the promise.
//!
//! Numbers with decimals are strings with a point, so that no reader rounds them again. `null` is "nothing to
//! measure", never 0.

use std::path::PathBuf;

use compute::codes::{Code, Names};
use compute::dossier::Flag;
use compute::dossier::Step;
use compute::engine::{Story, Survey, counts_in};
use compute::figures::{Figures, UnitFigures};
use compute::result::ratio;
use compute::set::definition::Grade;
use compute::set::points::{decimal, half_up};
use compute::set::{Catalogue, Indicator, IndicatorSet};
use ingest::files::SetAside;
use serde_json::{Map, Value, json};

/// Counts without points that the ranking shows, by their id in the set's `management.toml`.
const RANKING_COUNTS: [&str; 2] = ["overdue", "due_soon"];

/// One event set aside, as a line of a rejects file.
pub(crate) fn set_aside(one: &SetAside, files: &[PathBuf]) -> Value {
    let file = files.get(one.file).map(|path| path.display().to_string());
    let sha256 = one.sha256.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    json!({
        "file": file, "line": one.line, "offset": one.offset,
        "reason": one.rejection.reason.code(), "field": one.rejection.field,
        "advice": one.rejection.reason.advice(), "sha256": sha256,
    })
}

fn head(figures: &Figures, set: &IndicatorSet) -> Map<String, Value> {
    let groups: Vec<Value> = set
        .groups()
        .iter()
        .map(|group| {
            json!({ "id": group.id, "law_group": group.law_group, "vi": group.vi, "en": group.en, "max": group.max })
        })
        .collect();
    let head = json!({
        "period": figures.period.to_string(),
        "start": figures.period.start().to_local(),
        "end": figures.period.end().to_local(),
        "as_of": figures.as_of.to_local(),
        "cut": figures.cut.to_local(),
        "provisional": figures.is_provisional(),
        "level": figures.level.name(),
        "set": {
            "id": set.file.id, "version": set.file.version,
            "title": { "vi": set.file.title.vi, "en": set.file.title.en },
            "received_min": set.ranking.received_min,
        },
        "grades": set.file.grades.iter().map(grade_words).collect::<Vec<_>>(),
        "groups": groups,
    });
    head.as_object().cloned().unwrap_or_default()
}

/// Points and maximum by group.
fn groups(unit: &UnitFigures, set: &IndicatorSet) -> Value {
    let group = |id: &str| {
        let (mut points, mut max, mut measured_max) = (0, 0, 0);
        for figure in &unit.figures {
            let indicator = &set.indicators[figure.indicator];
            if indicator.file.group == id {
                let is_measured = figure.denominator > 0 || indicator.is_full_when_empty();
                points += figure.points;
                max += figure.max;
                measured_max += if is_measured { figure.max } else { 0 };
            }
        }
        json!({ "points": decimal(points), "max": max, "measured_max": measured_max })
    };
    let groups = set.groups().iter().map(|known| (known.id.clone(), group(&known.id)));
    Value::Object(groups.collect())
}

fn grade(unit: &UnitFigures, set: &IndicatorSet) -> Value {
    let grade = unit.total.and_then(|total| set.grade(total));
    grade.map_or(Value::Null, grade_words)
}

fn grade_words(grade: &Grade) -> Value {
    json!({ "vi": grade.vi, "en": grade.en, "from": grade.from })
}

/// All figures of a period: every indicator of every unit.
pub(crate) fn scores(figures: &Figures, set: &IndicatorSet, catalogue: &Catalogue) -> Value {
    let units: Vec<Value> = figures.units.iter().map(|unit| scored(unit, set)).collect();
    let mut scores = scores_head(figures, set, catalogue);
    scores.insert("units".to_owned(), Value::Array(units));
    Value::Object(scores)
}

/// The scores without their units.
pub(crate) fn scores_head(
    figures: &Figures,
    set: &IndicatorSet,
    catalogue: &Catalogue,
) -> Map<String, Value> {
    let mut scores = head(figures, set);
    scores.insert("sets".to_owned(), sets(catalogue));
    scores
}

/// Every indicator of one unit.
pub(crate) fn scored(unit: &UnitFigures, set: &IndicatorSet) -> Value {
    let indicators: Vec<Value> = unit
        .figures
        .iter()
        .map(|figure| {
            let indicator = &set.indicators[figure.indicator].file;
            let ratio = ratio(figure.ratio);
            json!({
                "code": indicator.code, "portal_code": indicator.portal_code, "group": indicator.group,
                "numerator": figure.numerator, "denominator": figure.denominator,
                "ratio": if ratio.is_empty() { Value::Null } else { ratio.into() },
                "points": decimal(figure.points), "max": figure.max,
                "denominator_is_reported": figure.is_reported,
            })
        })
        .collect();
    let management = set.management.iter().zip(&unit.management);
    let management: Map<String, Value> =
        management.map(|(count, value)| (count.file.id.clone(), (*value).into())).collect();
    json!({
        "code": unit.code, "name": unit.name, "name_en": unit.name_en, "class": unit.class,
        "parent": unit.parent, "rank": unit.rank, "peers": unit.peers,
        "total": unit.total.map(decimal), "measured_max": unit.measured_max, "grade": grade(unit, set),
        "received": unit.received, "in_hand_with_due": unit.in_hand_with_due,
        "groups": groups(unit, set), "indicators": indicators, "management": management,
    })
}

/// Figures without points, and integrity flags.
pub(crate) fn survey(survey: &Survey, names: &Names) -> Value {
    let text = |code: &Option<Code>| code.map(|code| names.text(code).to_owned());
    let handling = survey.handling.iter().map(|one| {
        let average = half_up(u128::from(one.seconds), 100, u128::from(one.ended * one.unit_seconds));
        json!({
            "procedure": names.text(one.procedure), "ended": one.ended, "seconds": one.seconds,
            "average": decimal(average), "unit": one.unit,
        })
    });
    let waiting = survey.waiting_for_acceptance.iter();
    let bundles = survey.bundles.iter().map(|bundle| {
        json!({
            "code": bundle.code, "dossiers": bundle.dossiers, "complete": bundle.is_complete,
            "on_time": bundle.is_on_time, "held_up_by": bundle.held_up_by,
        })
    });
    let flagged = survey.flagged.iter().map(|one| {
        let flags: Vec<&str> = one.flags.iter().map(Flag::name).collect();
        json!({ "dossier": one.dossier, "agency": text(&one.agency), "flags": flags })
    });
    json!({
        "average_handling": handling.collect::<Vec<_>>(),
        "waiting_for_acceptance": waiting
            .map(|(dossier, agency)| json!({ "dossier": dossier, "agency": text(agency) }))
            .collect::<Vec<_>>(),
        "linked_services": bundles.collect::<Vec<_>>(),
        "integrity_flags": flagged.collect::<Vec<_>>(),
        "defects": { "agency_never_defined": survey.without_agency, "no_due_date": survey.without_due },
    })
}

fn sets(catalogue: &Catalogue) -> Value {
    let set = |set: &IndicatorSet| json!({ "id": set.file.id, "title": { "vi": set.file.title.vi, "en": set.file.title.en } });
    Value::Array(catalogue.sets.iter().map(set).collect())
}

/// The ranking without its rows.
pub(crate) fn ranking_head(
    figures: &Figures,
    set: &IndicatorSet,
    catalogue: &Catalogue,
    periods: &[String],
    version: u64,
) -> Map<String, Value> {
    let mut ranking = head(figures, set);
    ranking.insert("version".to_owned(), version.into());
    ranking.insert("sets".to_owned(), sets(catalogue));
    ranking.insert("periods".to_owned(), periods.into());
    ranking
}

/// One row of the ranking.
pub(crate) fn ranking_row(unit: &UnitFigures, set: &IndicatorSet) -> Value {
    let mut row = json!({
        "rank": unit.rank, "peers": unit.peers, "code": unit.code, "name": unit.name, "name_en": unit.name_en,
        "kind": unit.class, "parent": unit.parent, "total": unit.total.map(decimal),
        "measured_max": unit.measured_max, "grade": grade(unit, set), "received": unit.received,
        "groups": groups(unit, set),
    });
    for id in RANKING_COUNTS {
        let place = set.management.iter().position(|count| count.file.id == id);
        row[id] = place.map(|place| unit.management[place]).into();
    }
    row
}

/// The indicators of a set, in words and as conditions.
pub(crate) fn indicators(set: &IndicatorSet) -> Value {
    let indicator = |indicator: &Indicator| {
        let file = &indicator.file;
        let words = |words: &compute::set::definition::Wording| {
            json!({
                "title": words.title, "population": words.population, "denominator": words.denominator,
                "numerator": words.numerator, "scoring": words.scoring,
            })
        };
        let measure = &file.measure;
        json!({
            "code": file.code, "portal_code": file.portal_code, "group": file.group, "max": file.max,
            "basis": file.basis, "officers": file.officers,
            "words": { "vi": words(&file.words.vi), "en": words(&file.words.en) },
            "measure": {
                "population": measure.population.get_ref(), "denominator": measure.denominator.get_ref(),
                "numerator": measure.numerator.get_ref(),
                "with_dossier": measure.with_dossier.as_ref().map(toml::Spanned::get_ref),
            },
        })
    };
    json!({
        "set": { "id": set.file.id, "version": set.file.version, "basis": set.file.basis },
        "indicators": set.indicators.iter().map(indicator).collect::<Vec<_>>(),
    })
}

/// One dossier's story.
pub(crate) fn story(code: &str, story: &Story, set: &IndicatorSet, text: &str) -> Value {
    let events: Vec<Value> = story
        .events
        .iter()
        .map(|event| {
            json!({
                "time": event.time.to_local(), "type": event.event_type.name(), "source": event.source,
                "id": event.id, "standing": event.is_standing,
                "data": serde_json::from_str::<Value>(&event.data).unwrap_or(Value::Null),
            })
        })
        .collect();
    let periods: Vec<Value> = story
        .periods
        .iter()
        .map(|(period, is_late, mask)| {
            let counts: Vec<Value> = counts_in(set, *mask)
                .map(
                    |(indicator, counts)| json!({ "indicator": indicator.file.code, "in_numerator": counts }),
                )
                .collect();
            json!({ "period": period.to_string(), "late": is_late, "counts_in": counts })
        })
        .collect();
    let ended = story.steps.iter().filter(|step| matches!(step, Step::Ended { .. })).count();
    json!({
        "code": code, "events": events, "periods": periods,
        "accepted_at": story.dates.1.map(compute::instant::Instant::to_local),
        "ended_at": story.dates.2.map(compute::instant::Instant::to_local),
        "due_at": story.due.map(compute::instant::Instant::to_local),
        "segments_ended": ended,
        "flags": story.flags.iter().map(Flag::name).collect::<Vec<_>>(),
        "text": text,
    })
}
