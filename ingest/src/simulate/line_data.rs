//! The `data` of every event type, member by member, as `spec/events.md` names them.
//!
//! Optional members are written when the sending system has them; some systems send an applicant's
//! particulars too, which the contract tells receivers to drop.

use super::catalogue::{Duration, OnlineService, ProcedureRecord};
use super::happening::{
    Acceptance, Agency, Channel, DossierEvent, Happening, Officer, OrganisationEvent, PaidBy, Parts,
    PausedFor, Period, PetitionEvent, ProcedureEvent, Subject, Submission, What,
};
use super::json::{self, Object};
use super::line::{push_case_code, push_dossier_code, push_event_id, source_record};
use super::names;
use super::province::{AgencyKind, AgencyRecord, OfficerRecord, Province};

const PUBLISHED_PARTS: [&str; 7] = ["name", "steps", "method", "documents", "duration", "subjects", "agency"];

pub(super) fn write(data: &mut Object, province: &Province, happening: &Happening) {
    match &happening.what {
        What::Dossier(event) => write_dossier(data, province, happening.subject, event),
        What::Procedure(event) => write_procedure(data, province, happening.subject, event),
        What::Petition(event) => write_petition(data, province, event),
        What::Organisation(event) => write_organisation(data, province, happening.subject, event),
        What::Retracted { event, names_source } => {
            let source = source_record(province, happening.source);
            data.quoted("id", |bytes| push_event_id(bytes, source, *event));
            if *names_source {
                data.text("source", &source.path);
            }
        }
    }
}

fn write_dossier(data: &mut Object, province: &Province, subject: Subject, event: &DossierEvent) {
    match event {
        DossierEvent::Submitted(submission) => write_submission(data, province, subject, submission),
        DossierEvent::Accepted(acceptance) => write_acceptance(data, province, subject, acceptance),
        DossierEvent::Refused { reason, officer } => {
            data.text("reason", reason);
            optional_officer(data, province, *officer);
        }
        DossierEvent::Assigned { officer, agency, step, step_due_at } => {
            optional_officer(data, province, Some(*officer));
            if let Some(agency) = agency {
                agency_member(data, province, *agency);
            }
            data.optional_text("step", *step);
            data.optional_instant("step_due_at", *step_due_at);
        }
        DossierEvent::SupplementRequested { officer, reason } => {
            optional_officer(data, province, Some(*officer));
            data.optional_text("reason", *reason);
        }
        DossierEvent::SupplementReceived { due_at } => data.optional_instant("due_at", *due_at),
        DossierEvent::Paused { reason } => data.text("reason", paused_for(*reason)),
        DossierEvent::Resumed { reason, due_at } => {
            data.text("reason", paused_for(*reason));
            data.optional_instant("due_at", *due_at);
        }
        DossierEvent::DueChanged { due_at, reason, letter } => {
            data.instant("due_at", *due_at);
            data.text("reason", reason);
            if let Some(letter) = letter {
                letter_member(data, *letter);
            }
        }
        DossierEvent::Processed { is_granted, is_digital, officer } => {
            data.text("outcome", if *is_granted { "granted" } else { "rejected" });
            data.truth("result_digital", *is_digital);
            optional_officer(data, province, *officer);
        }
        DossierEvent::PartDigitised { .. }
        | DossierEvent::FeeSet { .. }
        | DossierEvent::Paid { .. }
        | DossierEvent::ResultAttached
        | DossierEvent::Returned { .. }
        | DossierEvent::Withdrawn { .. }
        | DossierEvent::Stopped { .. }
        | DossierEvent::Reopened { .. }
        | DossierEvent::Closed
        | DossierEvent::Synced { .. }
        | DossierEvent::Rated { .. }
        | DossierEvent::Apologised { .. }
        | DossierEvent::Deleted { .. } => write_dossier_note(data, event),
    }
}

/// The dossier events that name neither officer nor agency.
fn write_dossier_note(data: &mut Object, event: &DossierEvent) {
    match event {
        DossierEvent::PartDigitised { count, reused, from_portal_store } => {
            data.number("count", u64::from(*count));
            data.optional_number("reused", *reused);
            data.optional_number("from_portal_store", *from_portal_store);
        }
        DossierEvent::FeeSet { fee_vnd } => data.number("fee_vnd", u64::from(*fee_vnd)),
        DossierEvent::Paid { amount_vnd, method, on_behalf } => {
            data.number("amount_vnd", u64::from(*amount_vnd));
            data.text("method", paid_by(*method));
            data.optional_truth("on_behalf", *on_behalf);
        }
        DossierEvent::Returned { channel } => data.optional_text("channel", channel.map(channel_text)),
        DossierEvent::Withdrawn { reason } => data.optional_text("reason", *reason),
        DossierEvent::Stopped { reason }
        | DossierEvent::Reopened { reason }
        | DossierEvent::Deleted { reason } => {
            data.text("reason", reason);
        }
        DossierEvent::Synced { message, is_accepted } => {
            data.text("message", message);
            data.truth("accepted", *is_accepted);
        }
        DossierEvent::Rated { is_satisfied, aspects } => {
            data.truth("satisfied", *is_satisfied);
            data.optional_text("aspects", *aspects);
        }
        DossierEvent::Apologised { letter, new_due_at } => {
            letter_member(data, *letter);
            data.optional_instant("new_due_at", *new_due_at);
        }
        DossierEvent::ResultAttached
        | DossierEvent::Closed
        | DossierEvent::Submitted(_)
        | DossierEvent::Accepted(_)
        | DossierEvent::Refused { .. }
        | DossierEvent::Assigned { .. }
        | DossierEvent::SupplementRequested { .. }
        | DossierEvent::SupplementReceived { .. }
        | DossierEvent::Paused { .. }
        | DossierEvent::Resumed { .. }
        | DossierEvent::DueChanged { .. }
        | DossierEvent::Processed { .. } => {}
    }
}

fn write_submission(data: &mut Object, province: &Province, subject: Subject, submission: &Submission) {
    data.text("procedure", &province.procedures[submission.procedure.0 as usize].code);
    own_agency(data, province, subject);
    data.text("channel", channel_text(submission.channel));
    data.optional_text("applicant", submission.applicant);
    data.optional_truth("on_behalf", submission.on_behalf);
    if let Some(bundle) = submission.bundle {
        data.quoted("bundle", |bytes| push_case_code(bytes, "LT", bundle));
    }
    if let Some(person) = submission.person {
        data.quoted("applicant_name", |bytes| bytes.extend(names::person(person as usize).join(" ").bytes()));
        data.quoted("applicant_identity_number", |bytes| json::push_padded::<12>(bytes, u64::from(person)));
        data.quoted("applicant_phone", |bytes| json::push_padded::<10>(bytes, u64::from(person % 1_000_000)));
    }
}

fn write_acceptance(data: &mut Object, province: &Province, subject: Subject, acceptance: &Acceptance) {
    data.text("procedure", &province.procedures[acceptance.procedure.0 as usize].code);
    own_agency(data, province, subject);
    optional_officer(data, province, Some(acceptance.officer));
    data.optional_text("channel", acceptance.channel.map(channel_text));
    data.optional_instant("due_at", acceptance.due_at);
    data.optional_number("fee_vnd", acceptance.fee_vnd);
    if let Some(Parts { total, digitised, reused, from_portal_store }) = acceptance.parts {
        data.name("parts");
        let mut parts = Object::open(data.bytes);
        parts.number("total", u64::from(total));
        parts.number("digitised", u64::from(digitised));
        parts.number("reused", u64::from(reused));
        parts.number("from_portal_store", u64::from(from_portal_store));
        parts.close();
    }
    data.optional_truth("population_data", acceptance.population_data);
}

fn write_procedure(data: &mut Object, province: &Province, subject: Subject, event: &ProcedureEvent) {
    match event {
        ProcedureEvent::Defined => {
            if let Subject::Procedure(procedure) = subject {
                write_definition(data, province, &province.procedures[procedure.0 as usize]);
            }
        }
        ProcedureEvent::Announced { decision, decided_on, effective_on, kind } => {
            decision_member(data, *decision);
            data.date("decided_on", *decided_on);
            data.date("legal_effective_on", *effective_on);
            data.text("kind", kind);
        }
        ProcedureEvent::Published { decision, published_on, parts } => {
            if let Some(decision) = decision {
                decision_member(data, *decision);
            }
            data.date("published_on", *published_on);
            write_list(data, "parts", &PUBLISHED_PARTS[..*parts]);
        }
        ProcedureEvent::Unpublished => {}
    }
}

fn write_definition(data: &mut Object, province: &Province, record: &ProcedureRecord) {
    data.text("name", &record.name);
    data.text("field", record.field);
    let levels: &[&str] = match (record.is_for_province, record.is_for_communes) {
        (true, true) => &["province", "commune"],
        (false, true) => &["commune"],
        (true | false, false) => &["province"],
    };
    write_list(data, "levels", levels);
    agency_member(data, province, record.owner);
    if let Some(duration) = record.duration {
        let (value, unit) = match duration {
            Duration::WorkingDays(days) => (days, "working_day"),
            Duration::WorkingHours(hours) => (hours, "working_hour"),
            Duration::Days(days) => (days, "day"),
        };
        data.name("duration");
        let mut member = Object::open(data.bytes);
        member.number("value", u64::from(value));
        member.text("unit", unit);
        member.close();
    }
    let online = match record.online {
        OnlineService::None => "none",
        OnlineService::Partial => "partial",
        OnlineService::Full => "full",
    };
    data.text("online", online);
    data.truth("full_eligible", record.is_full_eligible);
    data.truth("paper_result", record.has_paper_result);
    data.truth("fee", record.fee_vnd > 0);
    data.truth("payment_integrated", record.has_integrated_payment);
    data.truth("for_citizens", record.is_for_citizens);
}

fn write_petition(data: &mut Object, province: &Province, event: &PetitionEvent) {
    match event {
        PetitionEvent::Received { agency, about, dossier, officer, via } => {
            agency_member(data, province, *agency);
            data.text("about", about);
            if let Some(dossier) = dossier {
                data.quoted("dossier", |bytes| push_dossier_code(bytes, province, *dossier));
            }
            optional_officer(data, province, *officer);
            data.text("via", via);
        }
        PetitionEvent::Transferred { agency } => agency_member(data, province, *agency),
        PetitionEvent::Rated { is_satisfied } => data.truth("satisfied", *is_satisfied),
        PetitionEvent::Refused
        | PetitionEvent::SupplementRequested
        | PetitionEvent::Answered
        | PetitionEvent::Published => {}
    }
}

fn write_organisation(data: &mut Object, province: &Province, subject: Subject, event: &OrganisationEvent) {
    match (event, subject) {
        (OrganisationEvent::AgencyDefined, Subject::Agency(agency)) => {
            write_agency(data, province, province.agency(agency));
        }
        (OrganisationEvent::OfficerDefined, Subject::Officer(officer)) => {
            write_officer(data, province, &province.officers[officer.0 as usize]);
        }
        (OrganisationEvent::PortalReported { period, received }, _) => {
            data.quoted("period", |bytes| push_period(bytes, *period));
            data.number("received", *received);
        }
        (OrganisationEvent::CertifiedCopyServed { count }, _) => data.number("count", u64::from(*count)),
        (
            OrganisationEvent::AgencyDefined
            | OrganisationEvent::OfficerDefined
            | OrganisationEvent::Heartbeat,
            _,
        ) => {}
    }
}

fn write_agency(data: &mut Object, province: &Province, record: &AgencyRecord) {
    data.text("name", &record.name);
    data.text("name_en", &record.name_english);
    let kind = match record.kind {
        AgencyKind::Province => "province",
        AgencyKind::Department => "department",
        AgencyKind::Commune => "commune",
    };
    data.text("kind", kind);
    if record.kind != AgencyKind::Province {
        data.text("parent", &province.agencies[0].code);
    }
    if let Some(day) = record.valid_from {
        data.date("valid_from", day);
    }
    if !record.predecessors.is_empty() {
        data.name("predecessors");
        write_array(data.bytes, record.predecessors.iter().map(String::as_str));
    }
}

fn write_officer(data: &mut Object, province: &Province, record: &OfficerRecord) {
    data.text("name", &record.name);
    agency_member(data, province, record.agency);
    data.text("position", record.position);
    if let Some(day) = record.valid_from {
        data.date("valid_from", day);
    }
    if let Some(day) = record.valid_to {
        data.date("valid_to", day);
    }
}

fn write_list(data: &mut Object, name: &str, values: &[&str]) {
    data.name(name);
    write_array(data.bytes, values.iter().copied());
}

fn write_array<'a>(bytes: &mut Vec<u8>, values: impl Iterator<Item = &'a str>) {
    bytes.push(b'[');
    for (place, value) in values.enumerate() {
        if place > 0 {
            bytes.push(b',');
        }
        bytes.push(b'"');
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(b'"');
    }
    bytes.push(b']');
}

fn own_agency(data: &mut Object, province: &Province, subject: Subject) {
    if let Subject::Dossier(code) = subject {
        agency_member(data, province, code.agency);
    }
}

fn agency_member(data: &mut Object, province: &Province, agency: Agency) {
    data.text("agency", &province.agency(agency).code);
}

fn optional_officer(data: &mut Object, province: &Province, officer: Option<Officer>) {
    if let Some(officer) = officer {
        data.text("officer", &province.officers[officer.0 as usize].code);
    }
}

fn letter_member(data: &mut Object, letter: u32) {
    data.quoted("letter", |bytes| {
        json::push_number(bytes, u64::from(letter));
        bytes.extend_from_slice(b"/TXL");
    });
}

fn decision_member(data: &mut Object, decision: u32) {
    data.quoted("decision", |bytes| {
        json::push_number(bytes, u64::from(decision));
        bytes.extend_from_slice("/QĐ-UBND".as_bytes());
    });
}

fn push_period(bytes: &mut Vec<u8>, period: Period) {
    match period {
        Period::Month(year, month) => {
            json::push_padded::<4>(bytes, year as u64);
            bytes.push(b'-');
            json::push_padded::<2>(bytes, u64::from(month));
        }
        Period::Year(year) => json::push_padded::<4>(bytes, year as u64),
    }
}

fn channel_text(channel: Channel) -> &'static str {
    match channel {
        Channel::Online => "online",
        Channel::Counter => "counter",
        Channel::Post => "post",
    }
}

fn paused_for(reason: PausedFor) -> &'static str {
    match reason {
        PausedFor::FinancialDuty => "financial_duty",
        PausedFor::OtherAgency => "other_agency",
        PausedFor::Other => "other",
    }
}

fn paid_by(method: PaidBy) -> &'static str {
    match method {
        PaidBy::Portal => "portal",
        PaidBy::Gateway => "gateway",
        PaidBy::Cash => "cash",
        PaidBy::Transfer => "transfer",
    }
}
