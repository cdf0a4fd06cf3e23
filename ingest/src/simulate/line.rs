//! One happening as one event of CloudEvents 1.0: the names of `spec/events.md` in JSON.
//!
//! The only place of the simulator that knows the outside shape. The fields of the four families are in
//! `line_data`.

use super::happening::{CaseCode, DossierCode, EventNumber, Happening, Source, Subject};
use super::json::{self, Object};
use super::line_data;
use super::province::{InstantStyle, Province, SourceRecord};
use super::working_clock::{Date, date_of};

/// Appends the event to `bytes`, without a line end.
pub(super) fn push_line(
    bytes: &mut Vec<u8>,
    province: &Province,
    happening: &Happening,
    number: EventNumber,
) {
    let source = source_record(province, happening.source);
    let mut event = Object::open(bytes);
    event.text("specversion", "1.0");
    event.quoted("id", |bytes| push_event_id(bytes, source, number));
    event.text("source", &source.path);
    event.text("type", happening.what.type_name());
    event.quoted("subject", |bytes| push_subject(bytes, province, happening.subject));
    event.quoted("time", |bytes| push_instant(bytes, happening.time_millis, source.instant_style));
    event.quoted("recordedtime", |bytes| {
        push_instant(bytes, happening.recorded_millis, InstantStyle::LocalMillis);
    });
    event.text("datacontenttype", "application/json");
    event.quoted("dataschema", |bytes| {
        bytes.extend_from_slice(b"https://song-lam.example/hop-dong/1/");
        bytes.extend_from_slice(happening.what.type_name().as_bytes());
    });
    let before_data = event.bytes.len();
    event.name("data");
    let mut data = Object::open(event.bytes);
    line_data::write(&mut data, province, happening);
    data.close();
    if source.omits_empty_data && event.bytes.ends_with(b"{}") {
        event.bytes.truncate(before_data);
    }
    event.close();
}

pub(super) fn source_record(province: &Province, source: Source) -> &SourceRecord {
    &province.sources[source.0 as usize]
}

/// Such as `mc1-26-00001234`.
pub(super) fn push_event_id(bytes: &mut Vec<u8>, source: &SourceRecord, number: EventNumber) {
    bytes.extend_from_slice(source.id_prefix.as_bytes());
    bytes.push(b'-');
    json::push_padded::<2>(bytes, u64::from(number.year % 100));
    bytes.push(b'-');
    json::push_padded::<8>(bytes, u64::from(number.number));
}

fn push_subject(bytes: &mut Vec<u8>, province: &Province, subject: Subject) {
    let text = match subject {
        Subject::Dossier(code) => return push_dossier_code(bytes, province, code),
        Subject::Petition(code) => return push_case_code(bytes, "PAKN", code),
        Subject::Procedure(procedure) => &province.procedures[procedure.0 as usize].code,
        Subject::Agency(agency) => &province.agency(agency).code,
        Subject::Officer(officer) => &province.officers[officer.0 as usize].code,
        Subject::Source(source) => &source_record(province, source).path,
    };
    bytes.extend_from_slice(text.as_bytes());
}

/// Such as `H99.07-260113-000123`.
pub(super) fn push_dossier_code(bytes: &mut Vec<u8>, province: &Province, code: DossierCode) {
    bytes.extend_from_slice(province.agency(code.agency).code.as_bytes());
    push_day_and_number(bytes, code.day, code.number);
}

/// Such as `PAKN-260113-000012`.
pub(super) fn push_case_code(bytes: &mut Vec<u8>, prefix: &str, code: CaseCode) {
    bytes.extend_from_slice(prefix.as_bytes());
    push_day_and_number(bytes, code.day, code.number);
}

fn push_day_and_number(bytes: &mut Vec<u8>, day_number: i32, number: u32) {
    let Date { year, month, day } = date_of(i64::from(day_number));
    bytes.push(b'-');
    json::push_padded::<2>(bytes, (year % 100) as u64);
    json::push_padded::<2>(bytes, u64::from(month));
    json::push_padded::<2>(bytes, u64::from(day));
    bytes.push(b'-');
    json::push_padded::<6>(bytes, u64::from(number));
}

fn push_instant(bytes: &mut Vec<u8>, at_millis: i64, style: InstantStyle) {
    let (seconds, millis) = (at_millis.div_euclid(1000), at_millis.rem_euclid(1000) as u64);
    match style {
        InstantStyle::LocalSeconds => json::push_local_instant(bytes, seconds, None),
        InstantStyle::LocalMillis => json::push_local_instant(bytes, seconds, Some(millis)),
        InstantStyle::UniversalMillis => json::push_universal_instant(bytes, seconds, millis),
    }
}
