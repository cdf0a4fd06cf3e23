//! The shapes of indicator-set files, as a civil servant writes them (`compute/sets/README.md`).
//!
//! Only reading: checking and compiling is `catalogue`'s.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::facts::Subject;

/// `set.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetFile {
    /// Identity, also the folder's name.
    pub id: String,
    /// Rises whenever a number could change.
    pub version: u32,
    /// The set whose indicators, groups and grades hold where this one gives none.
    pub based_on: Option<String>,
    /// In force from this date.
    pub effective_from: toml::value::Datetime,
    /// Legal basis.
    pub basis: String,
    /// Title in both languages.
    pub title: Words2,
    /// Minima for being ranked.
    pub ranking: Option<Ranking>,
    /// Grades, highest first.
    #[serde(default)]
    pub grades: Vec<Grade>,
    /// The groups the portal shows.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// The groups the law names.
    #[serde(default)]
    pub law_groups: Vec<LawGroup>,
    /// Maxima that move when an indicator has nothing to measure; agencies only.
    #[serde(default)]
    pub max_shift: Vec<MaxShift>,
}

/// A text in both languages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words2 {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// Minima for being ranked.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranking {
    /// An agency that received fewer dossiers is shown, not ranked.
    pub received_min: u64,
    /// An officer with fewer dossiers in hand with a due date is not ranked.
    pub officer_in_hand_min: u64,
}

/// A grade.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    /// The least total, in points.
    pub from: u64,
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// A group the portal shows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Identity.
    pub id: String,
    /// The law's group it belongs to.
    pub law_group: String,
    /// Most points.
    pub max: u64,
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// A group the law names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LawGroup {
    /// Identity.
    pub id: String,
    /// Most points.
    pub max: u64,
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// Where an indicator's maximum goes when it has nothing to measure.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxShift {
    /// The indicator whose denominator is 0.
    pub when_empty: String,
    /// Points of maximum given to others.
    pub give: BTreeMap<String, u64>,
}

/// `indicators/<code>.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndicatorFile {
    /// Code in the index.
    pub code: String,
    /// Code on the national portal.
    pub portal_code: String,
    /// The portal's group.
    pub group: String,
    /// Most points.
    pub max: u64,
    /// Legal basis.
    pub basis: String,
    /// Counted for officers too.
    pub officers: bool,
    /// In words.
    pub words: Words,
    /// What is counted.
    pub measure: Measure,
    /// How counts become points.
    pub scoring: Scoring,
    /// Worked examples, at least one.
    #[serde(default)]
    pub example: Vec<Spanned<Example>>,
    /// Rows the portal published.
    #[serde(default)]
    pub published: Vec<Spanned<Published>>,
}

/// An indicator's words in both languages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Vietnamese.
    pub vi: Wording,
    /// English.
    pub en: Wording,
}

/// An indicator in words.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// Its name.
    pub title: String,
    /// Who is looked at.
    pub population: String,
    /// What is divided by.
    pub denominator: String,
    /// What counts.
    pub numerator: String,
    /// How points come about.
    pub scoring: String,
}

/// What is counted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// What the rows are.
    pub subject: Subject,
    /// Boolean SQL over the subject's columns.
    pub population: Spanned<String>,
    /// And-ed to the population.
    pub denominator: Spanned<String>,
    /// And-ed to both.
    pub numerator: Spanned<String>,
    /// Procedures only: the numerator also needs a dossier of the unit with this.
    pub with_dossier: Option<Spanned<String>>,
    /// Units below take the row of their province.
    pub inherit: Option<Inherit>,
    /// What the denominator is at least.
    pub denominator_floor: Option<Floor>,
    /// The indicator whose ratio multiplies this one's; agencies only.
    pub multiply_by: Option<String>,
}

/// Whose row is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inherit {
    /// The province's, by the tree just before the cut.
    Province,
}

/// What a denominator is at least.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Floor {
    /// What the unit reported as received; if that and the count are 0, a share of last year's reports.
    PortalReported,
}

/// How counts become points.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    /// `linear` or `cap`.
    pub kind: ScoringKind,
    /// With `cap`: the ratio in percent that earns full points.
    pub full_at_percent: Option<u64>,
    /// What an empty denominator earns.
    pub when_empty: WhenEmpty,
}

/// The shape of the points curve.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoringKind {
    /// max × ratio.
    Linear,
    /// max × min(1, ratio / threshold).
    Cap,
}

/// What an empty denominator earns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenEmpty {
    /// Nothing, and the maximum is not measured.
    Zero,
    /// Full points.
    Full,
}

/// A worked example: facts in, counts and points out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What it tells.
    pub story: String,
    /// Facts by column; what is left out is false, null or the column's default.
    pub rows: Vec<toml::Table>,
    /// What the unit reported (with `denominator_floor`).
    #[serde(default)]
    pub reported: u64,
    /// The multiplying ratio, `n/d` (with `multiply_by`).
    pub multiplier: Option<String>,
    /// What must come out.
    pub expect: Expected,
}

/// What an example must give.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The count.
    pub numerator: u64,
    /// What it is divided by.
    pub denominator: u64,
    /// Points with two decimals.
    pub points: String,
}

/// A row the portal published.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The unit's code.
    pub unit: String,
    /// The period's code.
    pub period: String,
    /// The count.
    pub numerator: u64,
    /// What it is divided by.
    pub denominator: u64,
    /// Points with two decimals.
    pub points: String,
}

/// `management.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagementFile {
    /// Within what duties are to be done.
    #[serde(default)]
    pub duties: Option<DutiesFile>,
    /// Counts without points.
    #[serde(default)]
    pub count: Vec<ManagementCount>,
}

/// `[duties]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DutiesFile {
    /// Working days for a letter of apology, after the day of the due date that was missed.
    pub apology_working_days: u64,
    /// The legal basis, and what is our own reading.
    pub basis: String,
}

/// A figure without points.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagementCount {
    /// Stable name.
    pub id: String,
    /// What the rows are.
    pub subject: Subject,
    /// Boolean SQL.
    pub condition: Spanned<String>,
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}
