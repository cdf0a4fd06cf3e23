//! From a mapping as written to a mapping that holds together: every column has one meaning, every key has a
//! use, every event has what the contract requires of it. The first fault ends the check. It never sees a
//! log; whether the columns exist there is found when importing.

use std::collections::{BTreeMap, BTreeSet};

use super::instant::Instant;
use super::mapping::{
    Accepted, ActivityColumns, ActivityFilter, Agencies, Assigned, Columns, DateColumn, Events, Mapping,
    Moment, Officers, Procedure, Processed, Province, Submitted,
};
use super::mapping_error::MappingFault;
use super::mapping_file::{
    Activities, Assignee, ColumnTable, DateEntry, DatedFormat, EventTables, FormatEntry, MappingFile,
    Occurrence, OfficerRole, ProcedureTable, TimeTable,
};
use super::template::Template;
use super::time_format::{PatternError, TimeFormat, zone_minutes};

/// The greatest integer the event contract takes.
const INTEGER_MAX: u64 = (1 << 53) - 1;

pub(super) fn checked(file: MappingFile) -> Result<Mapping, MappingFault> {
    check_texts(&file)?;
    check_columns_differ(&file.columns)?;
    check_columns_and_tables_agree(&file)?;
    let dates = DateNames(file.columns.dates.keys().cloned().collect());
    check_uses(&file.columns, &file.events)?;
    check_roles(&file.columns, &file.events)?;
    let events = checked_events(file.events, &dates)?;
    let columns = checked_columns(file.columns, &file.time)?;
    let officers = file.officers.map(|table| Officers { names: table.names, position: table.position });
    Ok(Mapping {
        source: file.source,
        delimiter: checked_delimiter(file.delimiter)?,
        no_value: file.no_value.map_or_else(|| [String::new()].into(), |values| values.into_iter().collect()),
        defined_at: checked_defined_at(&file.defined_at)?,
        only: checked_only(file.only)?,
        columns,
        province: Province {
            code: file.province.code,
            name: file.province.name,
            name_en: file.province.name_en,
        },
        agencies: file.agencies.map(|table| Agencies { kind: table.kind, names: table.names }),
        officers: officers.unwrap_or_default(),
        channels: file.channels.unwrap_or_default(),
        procedure: file.procedure.map(checked_procedure).transpose()?,
        events,
    })
}

fn check_texts(file: &MappingFile) -> Result<(), MappingFault> {
    let required = [
        ("source", &file.source),
        ("province.code", &file.province.code),
        ("province.name", &file.province.name),
    ];
    match required.iter().find(|(_, text)| text.is_empty()) {
        Some((key, _)) => Err(MappingFault::Empty { key: (*key).to_owned() }),
        None => Ok(()),
    }
}

/// Every column with the key that names it. Columns in templates and under [only] are read beside these and
/// may be any.
fn keyed_columns(columns: &ColumnTable) -> Vec<(String, &str)> {
    let optional = [
        ("columns.row", &columns.row),
        ("columns.activity", &columns.activity),
        ("columns.time", &columns.time),
        ("columns.doer", &columns.doer),
        ("columns.agency", &columns.agency),
        ("columns.responsible", &columns.responsible),
        ("columns.channel", &columns.channel),
    ];
    let mut keyed = vec![("columns.dossier".to_owned(), columns.dossier.as_str())];
    keyed.extend(optional.into_iter().filter_map(|(key, column)| Some((key.to_owned(), column.as_deref()?))));
    keyed.extend(
        columns.dates.iter().map(|(name, entry)| (format!("columns.dates.{name}"), date_column(entry))),
    );
    keyed
}

fn date_column(entry: &DateEntry) -> &str {
    match entry {
        DateEntry::Column(column) => column,
        DateEntry::Formatted(date) => &date.column,
    }
}

fn check_columns_differ(columns: &ColumnTable) -> Result<(), MappingFault> {
    let mut first_key = BTreeMap::new();
    for (key, column) in keyed_columns(columns) {
        if column.is_empty() {
            return Err(MappingFault::Empty { key });
        }
        if let Some(first) = first_key.insert(column, key.clone()) {
            return Err(MappingFault::ColumnTwice { column: column.to_owned(), first, second: key });
        }
    }
    Ok(())
}

/// A column of agencies needs their kind, a column of channels what its values mean, an acceptance a
/// procedure; and the other way round.
fn check_columns_and_tables_agree(file: &MappingFile) -> Result<(), MappingFault> {
    both_or_none(("columns.agency", file.columns.agency.is_some()), ("[agencies]", file.agencies.is_some()))?;
    both_or_none(
        ("columns.channel", file.columns.channel.is_some()),
        ("[channels]", file.channels.is_some()),
    )?;
    let names_procedure = file.events.submitted.is_some() || file.events.accepted.is_some();
    both_or_none(
        ("events.submitted or events.accepted", names_procedure),
        ("[procedure]", file.procedure.is_some()),
    )?;
    let constant = file.events.submitted.as_ref().is_some_and(|submitted| submitted.channel.is_some());
    match (file.columns.channel.is_some(), constant) {
        (true, true) => Err(MappingFault::Contradiction {
            key: "events.submitted.channel".to_owned(),
            other: "columns.channel".to_owned(),
        }),
        (false, false) if file.events.submitted.is_some() => {
            Err(missing("columns.channel or events.submitted.channel", "events.submitted"))
        }
        _ => Ok(()),
    }
}

fn both_or_none(left: (&str, bool), right: (&str, bool)) -> Result<(), MappingFault> {
    match (left.1, right.1) {
        (true, false) => Err(missing(right.0, left.0)),
        (false, true) => Err(missing(left.0, right.0)),
        (true, true) | (false, false) => Ok(()),
    }
}

fn missing(key: &str, needed_by: &str) -> MappingFault {
    MappingFault::Missing { key: key.to_owned(), needed_by: needed_by.to_owned() }
}

/// The moments of the events as written, with their keys.
fn written_moments(events: &EventTables) -> Vec<(&'static str, &Option<String>, &Option<Activities>)> {
    let mut moments = Vec::new();
    if let Some(table) = &events.submitted {
        moments.push(("events.submitted", &table.date, &table.activities));
    }
    if let Some(table) = &events.accepted {
        moments.push(("events.accepted", &table.date, &table.activities));
    }
    if let Some(table) = &events.processed {
        moments.push(("events.processed", &table.date, &table.activities));
    }
    if let Some(table) = &events.returned {
        moments.push(("events.returned", &table.date, &table.activities));
    }
    moments
}

/// Every column must be used by an event, and be there if one needs it.
fn check_uses(columns: &ColumnTable, events: &EventTables) -> Result<(), MappingFault> {
    let moments = written_moments(events);
    if moments.is_empty() && events.assigned.is_none() {
        return Err(MappingFault::NoEvents);
    }
    let dated = moments.iter().filter_map(|(_, date, _)| date.as_ref());
    let due = events.accepted.as_ref().and_then(|accepted| accepted.due.as_ref());
    let used_dates: BTreeSet<&String> = dated.chain(due).collect();
    if let Some(name) = columns.dates.keys().find(|name| !used_dates.contains(name)) {
        return Err(MappingFault::Unused { key: format!("columns.dates.{name}") });
    }
    let by_activity = moments.iter().find(|(_, _, activities)| activities.is_some()).map(|(key, ..)| *key);
    let by_activity = by_activity.or(events.assigned.as_ref().map(|_| "events.assigned"));
    for (key, column) in [("columns.activity", &columns.activity), ("columns.time", &columns.time)] {
        match (column, by_activity) {
            (Some(_), None) => return Err(MappingFault::Unused { key: key.to_owned() }),
            (None, Some(event)) => return Err(missing(key, event)),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    if columns.row.is_some() && by_activity.is_none() {
        return Err(MappingFault::Unused { key: "columns.row".to_owned() });
    }
    Ok(())
}

/// The people the events name must have a column, and a column of people an event.
fn check_roles(columns: &ColumnTable, events: &EventTables) -> Result<(), MappingFault> {
    let mut doer_of = None;
    let mut responsible_of = None;
    if let Some(table) = &events.assigned {
        match table.officer {
            Assignee::Doer => doer_of = Some("events.assigned"),
            Assignee::Responsible => responsible_of = Some("events.assigned"),
            Assignee::DoerThenResponsible => {
                (doer_of, responsible_of) = (Some("events.assigned"), Some("events.assigned"));
            }
        }
    }
    let accepted =
        events.accepted.as_ref().map(|table| ("events.accepted", Some(table.officer), &table.date));
    let processed = events.processed.as_ref().map(|table| ("events.processed", table.officer, &table.date));
    for (key, officer, date) in [accepted, processed].into_iter().flatten() {
        match officer {
            Some(OfficerRole::Doer) if date.is_some() => {
                return Err(MappingFault::DoerOfDate { key: format!("{key}.officer") });
            }
            Some(OfficerRole::Doer) => doer_of = Some(key),
            Some(OfficerRole::Responsible) => responsible_of = Some(key),
            None => {}
        }
    }
    for (key, column, user) in [
        ("columns.doer", &columns.doer, doer_of),
        ("columns.responsible", &columns.responsible, responsible_of),
    ] {
        match (column, user) {
            (Some(_), None) => return Err(MappingFault::Unused { key: key.to_owned() }),
            (None, Some(event)) => return Err(missing(key, event)),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    Ok(())
}

/// The names under [columns.dates], in the order of `Columns::dates`.
struct DateNames(Vec<String>);

impl DateNames {
    fn index_of(&self, date: &str, key: String) -> Result<usize, MappingFault> {
        let found = self.0.iter().position(|name| name == date);
        found.ok_or_else(|| MappingFault::UnknownDate { key, date: date.to_owned() })
    }

    fn moment(
        &self,
        key: &str,
        date: Option<String>,
        activities: Option<Activities>,
        occurrence: Option<Occurrence>,
    ) -> Result<Moment, MappingFault> {
        match (date, activities, occurrence) {
            (Some(date), None, None) => Ok(Moment::Date(self.index_of(&date, format!("{key}.date"))?)),
            (None, Some(activities), Some(occurrence)) => {
                Ok(Moment::Activity(activity_filter(key, activities)?, occurrence))
            }
            _ => Err(MappingFault::MomentUnclear { key: key.to_owned() }),
        }
    }
}

fn activity_filter(key: &str, activities: Activities) -> Result<ActivityFilter, MappingFault> {
    match activities {
        Activities::All(_) => Ok(ActivityFilter::All),
        Activities::Named(names) => Ok(ActivityFilter::Named(distinct(format!("{key}.activities"), names)?)),
    }
}

fn distinct(key: String, values: Vec<String>) -> Result<BTreeSet<String>, MappingFault> {
    if values.is_empty() {
        return Err(MappingFault::Empty { key });
    }
    let mut seen = BTreeSet::new();
    for value in values {
        if seen.contains(&value) {
            return Err(MappingFault::ValueTwice { key, value });
        }
        seen.insert(value);
    }
    Ok(seen)
}

fn checked_events(tables: EventTables, dates: &DateNames) -> Result<Events, MappingFault> {
    let submitted = tables.submitted.map(|table| {
        let at = dates.moment("events.submitted", table.date, table.activities, table.occurrence)?;
        Ok(Submitted { at, channel: table.channel })
    });
    let accepted = tables.accepted.map(|table| {
        let at = dates.moment("events.accepted", table.date, table.activities, table.occurrence)?;
        let due = table.due.map(|due| dates.index_of(&due, "events.accepted.due".to_owned())).transpose()?;
        Ok(Accepted { at, officer: table.officer, due })
    });
    let assigned = tables.assigned.map(|table| {
        Ok(Assigned {
            activities: activity_filter("events.assigned", table.activities)?,
            officer: table.officer,
        })
    });
    let processed = tables.processed.map(|table| {
        let at = dates.moment("events.processed", table.date, table.activities, table.occurrence)?;
        let (outcome, result_digital) = (table.outcome, table.result_digital);
        Ok(Processed { at, officer: table.officer, outcome, result_digital })
    });
    let returned = tables
        .returned
        .map(|table| dates.moment("events.returned", table.date, table.activities, table.occurrence));
    Ok(Events {
        submitted: submitted.transpose()?,
        accepted: accepted.transpose()?,
        assigned: assigned.transpose()?,
        processed: processed.transpose()?,
        returned: returned.transpose()?,
    })
}

fn checked_columns(table: ColumnTable, time: &TimeTable) -> Result<Columns, MappingFault> {
    let zone = checked_zone(time, &table)?;
    let shared = checked_formats("time.formats", &time.formats, zone)?;
    let mut dates = Vec::new();
    for (name, entry) in table.dates {
        dates.push(match entry {
            DateEntry::Column(column) => DateColumn { column, formats: shared.clone() },
            DateEntry::Formatted(date) => {
                let key = format!("columns.dates.{name}.formats");
                DateColumn { column: date.column, formats: checked_formats(&key, &date.formats, zone)? }
            }
        });
    }
    let (row, doer) = (table.row, table.doer);
    let activity = table.activity.zip(table.time);
    let activity =
        activity.map(|(name, time)| ActivityColumns { name, time, time_formats: shared, row, doer });
    Ok(Columns {
        dossier: table.dossier,
        activity,
        agency: table.agency,
        responsible: table.responsible,
        channel: table.channel,
        dates,
    })
}

/// A zone that no format needs would look as if it moved instants, hence the refusal.
fn checked_zone<'a>(time: &'a TimeTable, columns: &ColumnTable) -> Result<Option<&'a str>, MappingFault> {
    let Some(zone) = time.zone.as_deref() else {
        return Ok(None);
    };
    if zone_minutes(zone).is_none() {
        let error = PatternError::Zone(zone.to_owned());
        return Err(MappingFault::Pattern { key: "time.zone".to_owned(), pattern: zone.to_owned(), error });
    }
    let own = columns.dates.values().filter_map(|entry| match entry {
        DateEntry::Column(_) => None,
        DateEntry::Formatted(date) => Some(&date.formats),
    });
    let mut entries = own.flatten().chain(&time.formats);
    let is_any_written = !time.formats.is_empty();
    if is_any_written && entries.all(|entry| parsed_format(entry, None).is_ok()) {
        return Err(MappingFault::Unused { key: "time.zone".to_owned() });
    }
    Ok(Some(zone))
}

fn parsed_format(entry: &FormatEntry, zone: Option<&str>) -> Result<TimeFormat, PatternError> {
    match entry {
        FormatEntry::Pattern(pattern) => TimeFormat::parse(pattern, zone, None),
        FormatEntry::Dated(dated) => TimeFormat::parse(&dated.pattern, zone, Some(&dated.clock)),
    }
}

fn checked_formats(
    key: &str,
    entries: &[FormatEntry],
    zone: Option<&str>,
) -> Result<Vec<TimeFormat>, MappingFault> {
    if entries.is_empty() {
        return Err(MappingFault::Empty { key: key.to_owned() });
    }
    let parsed = entries.iter().map(|entry| {
        parsed_format(entry, zone).map_err(|error| {
            let (FormatEntry::Pattern(pattern) | FormatEntry::Dated(DatedFormat { pattern, .. })) = entry;
            MappingFault::Pattern { key: key.to_owned(), pattern: pattern.clone(), error }
        })
    });
    parsed.collect()
}

fn checked_delimiter(delimiter: Option<String>) -> Result<u8, MappingFault> {
    let delimiter = delimiter.unwrap_or_else(|| ",".to_owned());
    match delimiter.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n' | 0) => Ok(*byte),
        _ => Err(MappingFault::Delimiter { delimiter }),
    }
}

fn checked_defined_at(written: &toml::value::Datetime) -> Result<Instant, MappingFault> {
    let format =
        TimeFormat::parse("yyyy-MM-ddTHH:mm:ss[.S]XXX", None, None).map_err(|_| MappingFault::DefinedAt)?;
    let instant = format.read(&written.to_string()).filter(|instant| instant.is_within_bounds());
    instant.ok_or(MappingFault::DefinedAt)
}

fn checked_only(
    only: BTreeMap<String, Vec<String>>,
) -> Result<BTreeMap<String, BTreeSet<String>>, MappingFault> {
    only.into_iter()
        .map(|(column, values)| {
            let values = distinct(format!("only.{column}"), values)?;
            Ok((column, values))
        })
        .collect()
}

fn checked_procedure(fields: ProcedureTable) -> Result<Procedure, MappingFault> {
    let template = |key: &str, text: &str| {
        let (key, text) = (key.to_owned(), text.to_owned());
        Template::parse(&text).map_err(|error| MappingFault::Template { key, text, error })
    };
    let code = template("procedure.code", &fields.code)?;
    let name = template("procedure.name", &fields.name)?;
    let in_code: BTreeSet<&str> = code.columns().collect();
    if let Some(column) = name.columns().find(|column| !in_code.contains(column)) {
        return Err(MappingFault::NameWithoutCode { column: column.to_owned() });
    }
    if fields.levels.is_empty() {
        return Err(MappingFault::Empty { key: "procedure.levels".to_owned() });
    }
    if fields.duration.is_some_and(|duration| !(1..=INTEGER_MAX).contains(&duration.value)) {
        return Err(MappingFault::DurationOutOfRange);
    }
    Ok(Procedure { code, name, fields })
}
