//! Pieces several pages are made of: a grade, a count with its list, a dossier's line, an indicator's row.

use compute::codes::Code;
use compute::engine::Line;
use compute::facts::Subject;
use compute::figures::{Figure, UnitFigures};
use compute::result::ratio;
use compute::set::IndicatorSet;
use compute::set::points::Hundredths;

use super::links::Place;
use super::shell::Ground;
use super::words::Words;

/// A grade in colour, icon and word: step 1 is best, 5 least.
#[derive(Clone, Debug)]
pub(super) struct Chip {
    pub(super) step: usize,
    pub(super) word: String,
}

/// The grade of a total.
pub(super) fn chip(set: &IndicatorSet, total: Option<Hundredths>, words: Words) -> Option<Chip> {
    let grade = set.grade(total?)?;
    let word = words.one_of(&grade.vi, &grade.en).to_owned();
    Some(Chip { step: step(set, total?, 100), word })
}

/// Where points stand between 0 and `max` among the set's grades: 1 (best) to 5.
pub(super) fn step(set: &IndicatorSet, points: Hundredths, max: u64) -> usize {
    let place = set.file.grades.iter().position(|grade| points >= grade.from * max);
    place.map_or(5, |place| (place + 1).min(5))
}

/// A count and the list behind it.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) href: String,
    pub(super) is_alarming: bool,
}

/// A figure without points of a unit or officer (`whose` is the name of the parameter).
pub(super) fn counted(ground: &Ground<'_>, whose: &str, unit: &UnitFigures, id: &str) -> Counted {
    let place = ground.set.management.iter().position(|count| count.file.id == id);
    let value = place.map_or(0, |place| unit.management[place]);
    Counted {
        label: ground.words.t(id).to_owned(),
        value: ground.words.number(value),
        href: list_of_count(&ground.place, whose, &unit.code, id),
        is_alarming: matches!(id, "overdue" | "apology_overdue") && value > 0,
    }
}

/// The list behind a figure without points.
pub(super) fn list_of_count(place: &Place, whose: &str, code: &str, id: &str) -> String {
    place.to("/danh-sach", &[(whose, code), ("count", id)])
}

/// A dossier's line, in words.
#[derive(Clone, Debug)]
pub(super) struct DossierLine {
    pub(super) code: String,
    pub(super) href: String,
    pub(super) procedure: String,
    pub(super) agency: String,
    pub(super) officer: String,
    pub(super) accepted: String,
    pub(super) due: String,
    pub(super) state: String,
    pub(super) left: String,
    pub(super) is_late: bool,
}

/// How a dossier stands, in words.
pub(super) fn state(line: &Line, words: Words) -> String {
    match line.ended_at {
        Some(at) if line.is_late => words.fill("state.ended_late", &[("at", &words.moment(at))]),
        Some(at) => words.fill("state.ended", &[("at", &words.moment(at))]),
        None if line.is_stopped => words.t("state.stopped").to_owned(),
        None if line.is_late => words.t("state.late").to_owned(),
        None if line.due.is_none() => words.t("state.no_due").to_owned(),
        None => words.t("state.open").to_owned(),
    }
}

/// Lines of dossiers, in words.
pub(super) fn dossiers(lines: &[Line], ground: &Ground<'_>) -> Vec<DossierLine> {
    let (words, names) = (ground.words, ground.snapshot.codes.names());
    let text = |code: Option<Code>| code.map_or("–", |code| names.text(code)).to_owned();
    let line = |line: &Line| DossierLine {
        code: line.code.clone(),
        href: ground.place.to_code("/ho-so", &line.code),
        procedure: text(line.procedure),
        agency: ground.agency(line.agency),
        officer: ground.officer(line.officer),
        accepted: words.moment_or(line.accepted_at),
        due: words.moment_or(line.due),
        state: state(line, words),
        left: line.seconds_left.map_or_else(|| "–".to_owned(), |seconds| words.working_time(seconds)),
        is_late: line.is_late && line.ended_at.is_none(),
    };
    lines.iter().map(line).collect()
}

/// One indicator of one unit.
#[derive(Clone, Debug)]
pub(super) struct FigureRow {
    /// The indicator's code, or the unit's.
    pub(super) code: String,
    pub(super) title: String,
    pub(super) href: String,
    pub(super) lost: String,
    pub(super) lost_points: Hundredths,
    pub(super) missing: u64,
    pub(super) missing_text: String,
    pub(super) missing_href: String,
    pub(super) each: String,
    pub(super) numerator: String,
    pub(super) numerator_href: String,
    pub(super) denominator: String,
    pub(super) denominator_href: String,
    pub(super) is_reported: bool,
    pub(super) is_measured: bool,
    pub(super) ratio: String,
    pub(super) points: String,
    pub(super) max: u64,
    pub(super) step: usize,
}

/// A figure as a row with links to its lists; what it is called and leads to is the caller's.
pub(super) fn figure_row(ground: &Ground<'_>, unit: &UnitFigures, figure: &Figure) -> FigureRow {
    let (words, indicator) = (ground.words, &ground.set.indicators[figure.indicator]);
    let code = indicator.file.code.as_str();
    let to_list = |part: &str| {
        ground.place.to("/danh-sach", &[("unit", &unit.code), ("indicator", code), ("part", part)])
    };
    let lost = (figure.max * 100).saturating_sub(figure.points);
    let missing = figure.denominator.saturating_sub(figure.numerator);
    let is_measured = figure.denominator > 0 || indicator.is_full_when_empty();
    // A share of the points for each is fair only where each is one dossier.
    let is_each = indicator.subject() == Subject::Dossier && missing > 1 && lost > 0 && !figure.is_reported;
    let each = is_each.then(|| words.fill("each", &[("points", &words.points(lost.div_ceil(missing)))]));
    let ratio = ratio(figure.ratio);
    FigureRow {
        code: code.to_owned(),
        title: words.one_of(&indicator.file.words.vi.title, &indicator.file.words.en.title).to_owned(),
        href: ground.place.to_code("/chi-tieu", code),
        lost: if is_measured && lost > 0 { format!("−{}", words.points(lost)) } else { "–".to_owned() },
        lost_points: if is_measured { lost } else { 0 },
        missing: if is_measured && !figure.is_reported { missing } else { 0 },
        missing_text: words.fill("missing_count", &[("count", &words.number(missing))]),
        missing_href: to_list("missing"),
        each: each.unwrap_or_default(),
        numerator: words.number(figure.numerator),
        numerator_href: to_list("num"),
        denominator: words.number(figure.denominator),
        denominator_href: to_list("den"),
        is_reported: figure.is_reported,
        is_measured,
        ratio: if ratio.is_empty() {
            words.t("not_measured").to_owned()
        } else {
            words.decimals(&ratio) + " %"
        },
        points: words.points(figure.points),
        max: figure.max,
        step: step(ground.set, figure.points, figure.max),
    }
}

/// Points, maximum and what is measured of one group of a unit, in permille of the maximum too.
#[derive(Clone, Debug)]
pub(super) struct GroupMeter {
    pub(super) title: String,
    pub(super) points: String,
    pub(super) max: u64,
    pub(super) permille: u64,
    pub(super) is_measured: bool,
    pub(super) step: usize,
}

/// The groups of a unit, in the set's order.
pub(super) fn groups(ground: &Ground<'_>, unit: &UnitFigures) -> Vec<GroupMeter> {
    let meter = |group: &compute::set::definition::Group| {
        let (mut points, mut max, mut is_measured) = (0, 0, false);
        for figure in &unit.figures {
            let indicator = &ground.set.indicators[figure.indicator];
            if indicator.file.group == group.id {
                points += figure.points;
                max += figure.max;
                is_measured |= figure.denominator > 0 || indicator.is_full_when_empty();
            }
        }
        GroupMeter {
            title: ground.words.one_of(&group.vi, &group.en).to_owned(),
            points: ground.words.points(points),
            max,
            permille: (points * 10).checked_div(max).unwrap_or(0).min(1000),
            is_measured,
            step: step(ground.set, points, max.max(1)),
        }
    };
    ground.set.groups().iter().map(meter).collect()
}
