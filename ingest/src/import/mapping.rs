//! A mapping that has been checked: which column means what, and which moments of a dossier's life become
//! events. Everything downstream trusts it. Checking is `mapping_check`'s; the spelling in TOML is
//! `mapping_file`'s.

use std::collections::{BTreeMap, BTreeSet};

use super::instant::Instant;
use super::mapping_check;
use super::mapping_error::{MappingError, MappingFault};
use super::mapping_file::{
    AgencyKind, Assignee, Channel, MappingFile, Occurrence, OfficerRole, Outcome, ProcedureTable,
};
use super::template::Template;
use super::time_format::TimeFormat;

/// How one kind of CSV log is read as events.
#[derive(Debug)]
pub struct Mapping {
    pub(super) source: String,
    pub(super) delimiter: u8,
    /// Spellings in the log that mean "nothing here".
    pub(super) no_value: BTreeSet<String>,
    /// The `time` of the definitions of agencies, officers and procedures, which no log carries.
    pub(super) defined_at: Instant,
    /// Rows are read only where each of these columns has one of its values.
    pub(super) only: BTreeMap<String, BTreeSet<String>>,
    pub(super) columns: Columns,
    pub(super) province: Province,
    pub(super) agencies: Option<Agencies>,
    pub(super) officers: Officers,
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) procedure: Option<Procedure>,
    pub(super) events: Events,
}

#[derive(Debug)]
pub(super) struct Columns {
    pub dossier: String,
    pub activity: Option<ActivityColumns>,
    pub agency: Option<String>,
    pub responsible: Option<String>,
    pub channel: Option<String>,
    pub dates: Vec<DateColumn>,
}

/// What a row says about one thing done.
#[derive(Debug)]
pub(super) struct ActivityColumns {
    pub name: String,
    pub time: String,
    pub time_formats: Vec<TimeFormat>,
    pub row: Option<String>,
    pub doer: Option<String>,
}

#[derive(Debug)]
pub(super) struct DateColumn {
    pub column: String,
    pub formats: Vec<TimeFormat>,
}

#[derive(Debug)]
pub(super) struct Province {
    pub code: String,
    pub name: String,
    pub name_en: Option<String>,
}

#[derive(Debug)]
pub(super) struct Agencies {
    pub kind: AgencyKind,
    pub names: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
pub(super) struct Officers {
    pub names: BTreeMap<String, String>,
    pub position: Option<String>,
}

pub(super) struct Procedure {
    pub code: Template,
    pub name: Template,
    pub fields: ProcedureTable,
}

impl std::fmt::Debug for Procedure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Procedure")
            .field("code", &self.code)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(super) struct Events {
    pub submitted: Option<Submitted>,
    pub accepted: Option<Accepted>,
    pub assigned: Option<Assigned>,
    pub processed: Option<Processed>,
    pub returned: Option<Moment>,
}

/// When something happened to a dossier: an index into `Columns::dates`, or one of its rows.
#[derive(Debug)]
pub(super) enum Moment {
    Date(usize),
    Activity(ActivityFilter, Occurrence),
}

#[derive(Debug)]
pub(super) enum ActivityFilter {
    All,
    Named(BTreeSet<String>),
}

#[derive(Debug)]
pub(super) struct Submitted {
    pub at: Moment,
    /// For a log without a channel column.
    pub channel: Option<Channel>,
}

#[derive(Debug)]
pub(super) struct Accepted {
    pub at: Moment,
    pub officer: OfficerRole,
    pub due: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Assigned {
    pub activities: ActivityFilter,
    pub officer: Assignee,
}

#[derive(Debug)]
pub(super) struct Processed {
    pub at: Moment,
    pub officer: Option<OfficerRole>,
    pub outcome: Outcome,
    pub result_digital: bool,
}

impl Mapping {
    /// Reads and checks a mapping; `name` is what errors call it, usually the file's path.
    pub fn parse(text: &str, name: &str) -> Result<Mapping, MappingError> {
        let in_this_mapping = |fault| MappingError { mapping: name.to_owned(), fault };
        let file: MappingFile =
            toml::from_str(text).map_err(|error| in_this_mapping(toml_fault(text, &error)))?;
        mapping_check::checked(file).map_err(in_this_mapping)
    }

    /// Every column the log must have, in a fixed order.
    pub(super) fn column_names(&self) -> BTreeSet<&str> {
        let columns = &self.columns;
        let mut names: BTreeSet<&str> = self.only.keys().map(String::as_str).collect();
        names.insert(&columns.dossier);
        names.extend(
            [&columns.agency, &columns.responsible, &columns.channel]
                .into_iter()
                .flatten()
                .map(String::as_str),
        );
        names.extend(columns.dates.iter().map(|date| date.column.as_str()));
        if let Some(activity) = &columns.activity {
            names.extend([activity.name.as_str(), activity.time.as_str()]);
            names.extend([&activity.row, &activity.doer].into_iter().flatten().map(String::as_str));
        }
        if let Some(procedure) = &self.procedure {
            names.extend(procedure.code.columns());
        }
        names
    }
}

impl ActivityFilter {
    pub(super) fn takes(&self, activity: &str) -> bool {
        match self {
            ActivityFilter::All => true,
            ActivityFilter::Named(names) => names.contains(activity),
        }
    }
}

impl Events {
    /// The activities this mapping waits for by name, to be told when a log never shows one of them.
    pub(super) fn activity_names(&self) -> BTreeSet<&str> {
        let moments = [
            self.submitted.as_ref().map(|submitted| &submitted.at),
            self.accepted.as_ref().map(|accepted| &accepted.at),
            self.processed.as_ref().map(|processed| &processed.at),
            self.returned.as_ref(),
        ];
        let by_moment = moments.into_iter().flatten().filter_map(|moment| match moment {
            Moment::Date(_) => None,
            Moment::Activity(filter, _) => Some(filter),
        });
        let filters = by_moment.chain(self.assigned.as_ref().map(|assigned| &assigned.activities));
        let named = filters.filter_map(|filter| match filter {
            ActivityFilter::All => None,
            ActivityFilter::Named(names) => Some(names.iter().map(String::as_str)),
        });
        named.flatten().collect()
    }
}

fn toml_fault(text: &str, error: &toml::de::Error) -> MappingFault {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
    MappingFault::Toml { line, problem: error.message().replace('\n', "; ") }
}
