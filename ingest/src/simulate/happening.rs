//! What can happen, as small values waiting for their moment.
//!
//! One variant for each event type of the contract, holding indices and numbers instead of text: an open
//! dossier then costs some hundred bytes, and its JSON is written only when it leaves. The fields are those
//! of `spec/events.md`; rendering is in `line`.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agency(pub(super) u32);
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Officer(pub(super) u32);
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Procedure(pub(super) u32);
/// A sending system; the one-stop system of an agency has the agency's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source(pub(super) u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DossierCode {
    pub(super) agency: Agency,
    pub(super) day: i32,
    pub(super) number: u32,
}

/// A code that counts cases of a day: petitions, and cases of linked services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CaseCode {
    pub(super) day: i32,
    pub(super) number: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Subject {
    Dossier(DossierCode),
    Petition(CaseCode),
    Procedure(Procedure),
    Agency(Agency),
    Officer(Officer),
    Source(Source),
}

/// An event before it has an id. `recorded_millis` is when the sending side noted it, `arrival_nanos` when it
/// comes in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happening {
    pub(super) time_millis: i64,
    pub(super) recorded_millis: i64,
    pub(super) arrival_nanos: i64,
    pub(super) source: Source,
    pub(super) subject: Subject,
    pub(super) what: What,
    pub(super) passage: Passage,
}

/// How an event travels; only a first passage meets disorder.
#[derive(Debug, Clone, Copy)]
pub(super) enum Passage {
    First,
    Settled,
    Again(EventNumber),
}

/// The counted part of an event id, unique within its source.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventNumber {
    pub(super) year: u32,
    pub(super) number: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    Dossier(DossierEvent),
    Procedure(ProcedureEvent),
    Petition(PetitionEvent),
    Organisation(OrganisationEvent),
    Retracted { event: EventNumber, names_source: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    Online,
    Counter,
    Post,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum PausedFor {
    FinancialDuty,
    OtherAgency,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PaidBy {
    Portal,
    Gateway,
    Cash,
    Transfer,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    pub(super) total: u32,
    pub(super) digitised: u32,
    pub(super) reused: u32,
    pub(super) from_portal_store: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Submission {
    pub(super) procedure: Procedure,
    pub(super) channel: Channel,
    pub(super) applicant: Option<&'static str>,
    pub(super) on_behalf: Option<bool>,
    pub(super) bundle: Option<CaseCode>,
    /// Some systems send the applicant's particulars, which a receiver must drop; the number makes them up.
    pub(super) person: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Acceptance {
    pub(super) procedure: Procedure,
    pub(super) officer: Officer,
    pub(super) channel: Option<Channel>,
    pub(super) due_at: Option<i64>,
    pub(super) fee_vnd: Option<u32>,
    pub(super) parts: Option<Parts>,
    pub(super) population_data: Option<bool>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum DossierEvent {
    Submitted(Submission),
    Accepted(Acceptance),
    Refused {
        reason: &'static str,
        officer: Option<Officer>,
    },
    Assigned {
        officer: Officer,
        agency: Option<Agency>,
        step: Option<&'static str>,
        step_due_at: Option<i64>,
    },
    SupplementRequested {
        officer: Officer,
        reason: Option<&'static str>,
    },
    SupplementReceived {
        due_at: Option<i64>,
    },
    Paused {
        reason: PausedFor,
    },
    Resumed {
        reason: PausedFor,
        due_at: Option<i64>,
    },
    DueChanged {
        due_at: i64,
        reason: &'static str,
        letter: Option<u32>,
    },
    PartDigitised {
        count: u32,
        reused: Option<u32>,
        from_portal_store: Option<u32>,
    },
    FeeSet {
        fee_vnd: u32,
    },
    Paid {
        amount_vnd: u32,
        method: PaidBy,
        on_behalf: Option<bool>,
    },
    Processed {
        is_granted: bool,
        is_digital: bool,
        officer: Option<Officer>,
    },
    ResultAttached,
    Returned {
        channel: Option<Channel>,
    },
    Withdrawn {
        reason: Option<&'static str>,
    },
    Stopped {
        reason: &'static str,
    },
    Reopened {
        reason: &'static str,
    },
    Closed,
    Synced {
        message: &'static str,
        is_accepted: bool,
    },
    Rated {
        is_satisfied: bool,
        aspects: Option<&'static str>,
    },
    Apologised {
        letter: u32,
        new_due_at: Option<i64>,
    },
    Deleted {
        reason: &'static str,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum ProcedureEvent {
    Defined,
    Announced { decision: u32, decided_on: i64, effective_on: i64, kind: &'static str },
    Published { decision: Option<u32>, published_on: i64, parts: usize },
    Unpublished,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum PetitionEvent {
    Received {
        agency: Agency,
        about: &'static str,
        dossier: Option<DossierCode>,
        officer: Option<Officer>,
        via: &'static str,
    },
    Transferred {
        agency: Agency,
    },
    Refused,
    SupplementRequested,
    Answered,
    Published,
    Rated {
        is_satisfied: bool,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum OrganisationEvent {
    AgencyDefined,
    OfficerDefined,
    PortalReported { period: Period, received: u64 },
    CertifiedCopyServed { count: u32 },
    Heartbeat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Month(i64, u32),
    Year(i64),
}

impl What {
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Dossier(event) => event.type_name(),
            Self::Procedure(event) => event.type_name(),
            Self::Petition(event) => event.type_name(),
            Self::Organisation(event) => event.type_name(),
            Self::Retracted { .. } => "event.retracted",
        }
    }
}

impl DossierEvent {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Submitted(_) => "dossier.submitted",
            Self::Accepted(_) => "dossier.accepted",
            Self::Refused { .. } => "dossier.refused",
            Self::Assigned { .. } => "dossier.assigned",
            Self::SupplementRequested { .. } => "dossier.supplement_requested",
            Self::SupplementReceived { .. } => "dossier.supplement_received",
            Self::Paused { .. } => "dossier.paused",
            Self::Resumed { .. } => "dossier.resumed",
            Self::DueChanged { .. } => "dossier.due_changed",
            Self::PartDigitised { .. } => "dossier.part_digitised",
            Self::FeeSet { .. } => "dossier.fee_set",
            Self::Paid { .. } => "dossier.paid",
            Self::Processed { .. } => "dossier.processed",
            Self::ResultAttached => "dossier.result_attached",
            Self::Returned { .. } => "dossier.returned",
            Self::Withdrawn { .. } => "dossier.withdrawn",
            Self::Stopped { .. } => "dossier.stopped",
            Self::Reopened { .. } => "dossier.reopened",
            Self::Closed => "dossier.closed",
            Self::Synced { .. } => "dossier.synced",
            Self::Rated { .. } => "dossier.rated",
            Self::Apologised { .. } => "dossier.apologised",
            Self::Deleted { .. } => "dossier.deleted",
        }
    }
}

impl ProcedureEvent {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Defined => "procedure.defined",
            Self::Announced { .. } => "procedure.announced",
            Self::Published { .. } => "procedure.published",
            Self::Unpublished => "procedure.unpublished",
        }
    }
}

impl PetitionEvent {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Received { .. } => "petition.received",
            Self::Transferred { .. } => "petition.transferred",
            Self::Refused => "petition.refused",
            Self::SupplementRequested => "petition.supplement_requested",
            Self::Answered => "petition.answered",
            Self::Published => "petition.published",
            Self::Rated { .. } => "petition.rated",
        }
    }
}

impl OrganisationEvent {
    fn type_name(&self) -> &'static str {
        match self {
            Self::AgencyDefined => "agency.defined",
            Self::OfficerDefined => "officer.defined",
            Self::PortalReported { .. } => "portal.reported",
            Self::CertifiedCopyServed { .. } => "certified_copy.served",
            Self::Heartbeat => "source.heartbeat",
        }
    }
}
