//! The events an import can make, and how each is written: one structured `CloudEvent` a line, keys in a
//! fixed order, so that the same log gives the same bytes. The vocabulary is `spec/events.md`; nothing is
//! decided here.

use std::io::{self, Write};

use serde::Serialize;

use super::instant::Instant;
use super::mapping_file::{AgencyKind, Channel, Duration, Level, Online, Outcome};

pub(super) struct Event<'a> {
    pub id: String,
    pub time: Instant,
    pub subject: &'a str,
    pub data: Data<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Data<'a> {
    Submitted { procedure: &'a str, agency: &'a str, channel: Channel },
    Accepted(AcceptedData<'a>),
    Assigned { officer: &'a str, step: &'a str },
    Processed(ProcessedData<'a>),
    Returned {},
    AgencyDefined(AgencyData<'a>),
    OfficerDefined(OfficerData<'a>),
    ProcedureDefined(ProcedureData<'a>),
}

#[derive(Serialize)]
pub(super) struct AcceptedData<'a> {
    pub procedure: &'a str,
    pub agency: &'a str,
    pub officer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
}

#[derive(Serialize)]
pub(super) struct ProcessedData<'a> {
    pub outcome: Outcome,
    pub result_digital: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub officer: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct AgencyData<'a> {
    pub name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_en: Option<&'a str>,
    pub kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Province,
    #[serde(untagged)]
    Below(AgencyKind),
}

#[derive(Serialize)]
pub(super) struct OfficerData<'a> {
    pub name: &'a str,
    pub agency: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<&'a str>,
}

#[derive(Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "the contract's own fields")]
pub(super) struct ProcedureData<'a> {
    pub name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'a str>,
    pub levels: &'a [Level],
    pub agency: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Duration>,
    pub online: Online,
    pub full_eligible: bool,
    pub paper_result: bool,
    pub fee: bool,
    pub payment_integrated: bool,
    pub for_citizens: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'static str,
    subject: &'a str,
    time: String,
    datacontenttype: &'static str,
    data: &'a Data<'a>,
}

impl Event<'_> {
    pub(super) fn write(&self, source: &str, out: &mut dyn Write) -> io::Result<()> {
        let line = Line {
            specversion: "1.0",
            id: &self.id,
            source,
            r#type: self.data.event_type(),
            subject: self.subject,
            time: self.time.to_string(),
            datacontenttype: "application/json",
            data: &self.data,
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")
    }
}

impl<'a> Data<'a> {
    fn event_type(&self) -> &'static str {
        match self {
            Data::Submitted { .. } => "dossier.submitted",
            Data::Accepted(_) => "dossier.accepted",
            Data::Assigned { .. } => "dossier.assigned",
            Data::Processed(_) => "dossier.processed",
            Data::Returned {} => "dossier.returned",
            Data::AgencyDefined(_) => "agency.defined",
            Data::OfficerDefined(_) => "officer.defined",
            Data::ProcedureDefined(_) => "procedure.defined",
        }
    }

    /// The officer a dossier's event names.
    pub(super) fn officer(&self) -> Option<&'a str> {
        match self {
            Data::Accepted(data) => Some(data.officer),
            Data::Assigned { officer, .. } => Some(officer),
            Data::Processed(data) => data.officer,
            Data::Submitted { .. }
            | Data::Returned {}
            | Data::AgencyDefined(_)
            | Data::OfficerDefined(_)
            | Data::ProcedureDefined(_) => None,
        }
    }
}

/// An id made of the content's own codes, so that importing the same log again adds nothing. The separator is
/// escaped inside the parts: no two different lists of parts give the same id.
pub(super) fn event_id(parts: &[&str]) -> String {
    let escaped = parts.iter().map(|part| part.replace('%', "%25").replace('/', "%2F"));
    escaped.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::event_id;

    #[test]
    fn a_separator_inside_a_code_cannot_make_two_ids_one() {
        assert_eq!(
            event_id(&["dossier", "H27.16-260731-0001", "1", "submitted"]),
            "dossier/H27.16-260731-0001/1/submitted"
        );
        assert_ne!(event_id(&["a/b", "c"]), event_id(&["a", "b/c"]));
        assert_ne!(event_id(&["a%2Fb"]), event_id(&["a/b"]));
    }
}
