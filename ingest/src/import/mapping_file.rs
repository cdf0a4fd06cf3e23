//! The shape of a mapping file, key by key, as TOML gives it: what may be written and of which type. Unknown
//! keys are refused here, so that a misspelt one cannot silently mean nothing. Whether the parts agree is
//! `mapping_check`'s.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingFile {
    pub source: String,
    pub delimiter: Option<String>,
    pub no_value: Option<Vec<String>>,
    pub defined_at: toml::value::Datetime,
    pub time: TimeTable,
    pub columns: ColumnTable,
    #[serde(default)]
    pub only: BTreeMap<String, Vec<String>>,
    pub province: ProvinceTable,
    pub agencies: Option<AgencyTable>,
    pub officers: Option<OfficerTable>,
    pub channels: Option<BTreeMap<String, Channel>>,
    pub procedure: Option<ProcedureTable>,
    #[serde(default)]
    pub events: EventTables,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimeTable {
    pub formats: Vec<FormatEntry>,
    pub zone: Option<String>,
}

/// `"pattern"`, or a table where a bare date needs its time of day.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a pattern, or { pattern = \"…\", clock = \"HH:mm\" }")]
pub(super) enum FormatEntry {
    Pattern(String),
    Dated(DatedFormat),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DatedFormat {
    pub pattern: String,
    pub clock: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnTable {
    pub dossier: String,
    pub row: Option<String>,
    pub activity: Option<String>,
    pub time: Option<String>,
    pub doer: Option<String>,
    pub agency: Option<String>,
    pub responsible: Option<String>,
    pub channel: Option<String>,
    #[serde(default)]
    pub dates: BTreeMap<String, DateEntry>,
}

/// `"column"`, or a table where the column has formats of its own.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a column, or { column = \"…\", formats = [\"…\"] }")]
pub(super) enum DateEntry {
    Column(String),
    Formatted(FormattedDate),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormattedDate {
    pub column: String,
    pub formats: Vec<FormatEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProvinceTable {
    pub code: String,
    pub name: String,
    pub name_en: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgencyTable {
    pub kind: AgencyKind,
    #[serde(default)]
    pub names: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfficerTable {
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    pub position: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "the contract's own fields")]
pub(super) struct ProcedureTable {
    pub code: String,
    pub name: String,
    pub agency: Option<String>,
    pub field: Option<String>,
    pub levels: Vec<Level>,
    pub duration: Option<Duration>,
    pub online: Online,
    pub full_eligible: bool,
    pub paper_result: bool,
    pub fee: bool,
    pub payment_integrated: bool,
    pub for_citizens: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventTables {
    pub submitted: Option<SubmittedTable>,
    pub accepted: Option<AcceptedTable>,
    pub assigned: Option<AssignedTable>,
    pub processed: Option<ProcessedTable>,
    pub returned: Option<ReturnedTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubmittedTable {
    pub date: Option<String>,
    pub activities: Option<Activities>,
    pub occurrence: Option<Occurrence>,
    pub channel: Option<Channel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptedTable {
    pub date: Option<String>,
    pub activities: Option<Activities>,
    pub occurrence: Option<Occurrence>,
    pub officer: OfficerRole,
    pub due: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignedTable {
    pub activities: Activities,
    pub officer: Assignee,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProcessedTable {
    pub date: Option<String>,
    pub activities: Option<Activities>,
    pub occurrence: Option<Occurrence>,
    pub officer: Option<OfficerRole>,
    pub outcome: Outcome,
    pub result_digital: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReturnedTable {
    pub date: Option<String>,
    pub activities: Option<Activities>,
    pub occurrence: Option<Occurrence>,
}

/// `"all"`, or a list of activity names.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "\"all\", or a list of activity names")]
pub(super) enum Activities {
    All(All),
    Named(Vec<String>),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum All {
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Occurrence {
    First,
    Last,
}

/// Which of the log's people an event names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OfficerRole {
    Responsible,
    Doer,
}

/// Whom an activity puts the dossier in the hands of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Assignee {
    Responsible,
    Doer,
    /// The one who did it, and at the same instant back to the responsible officer.
    DoerThenResponsible,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Channel {
    Online,
    Counter,
    Post,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Granted,
    Rejected,
}

/// What discovered agencies may be; the province is stated, never discovered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AgencyKind {
    Department,
    District,
    Commune,
    Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    Province,
    Commune,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Online {
    None,
    Partial,
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Duration {
    pub value: u64,
    pub unit: DurationUnit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DurationUnit {
    WorkingDay,
    WorkingHour,
    Day,
}
