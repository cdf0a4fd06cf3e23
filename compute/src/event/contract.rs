//! The event contract as data: every type, its family and its fields, as `events.md` lists them.
//!
//! Decoding, storage and the canonical form all read this one table, so that a field exists in one place.
//! Not here: what an event does to a figure (`dossier`, `petition`, `procedure`, `organisation`).

use Family::{Agency, Dossier, Officer, Petition, Procedure, Retraction, Source};
use FieldKind::{
    Anything, Bool, Code, Date, DateOrInstant, Duration, FreeText, Instant, OneOf, Parts, Period, SomeOf,
    Text, Texts, Whole,
};

/// The thing an event is about. The same code may name a dossier and a petition; families keep them apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// Mã hồ sơ.
    Dossier,
    /// Phản ánh, kiến nghị.
    Petition,
    /// Mã TTHC.
    Procedure,
    /// Agency definitions, portal reports, certified copies.
    Agency,
    /// Officer definitions.
    Officer,
    /// Heartbeats.
    Source,
    /// Retractions take the family of the event they name, which may arrive later.
    Retraction,
}

/// What a field of `data` holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// A code shared by many events (procedure, agency, officer).
    Code,
    /// A string kept as given.
    Text,
    /// A string that may hold personal data: checked, never kept.
    FreeText,
    /// Any JSON value: checked to be JSON, never kept.
    Anything,
    /// `true` or `false`.
    Bool,
    /// A JSON integer from 0 to 2^53 − 1.
    Whole,
    /// RFC 3339.
    Instant,
    /// `YYYY-MM-DD`.
    Date,
    /// RFC 3339, or `YYYY-MM-DD` for its first instant at +07:00.
    DateOrInstant,
    /// One of the listed words.
    OneOf(&'static [&'static str]),
    /// A list of the listed words.
    SomeOf(&'static [&'static str]),
    /// A list of strings.
    Texts,
    /// `{total, digitised, reused, from_portal_store}`, all whole numbers.
    Parts,
    /// `{value, unit}`: value ≥ 1, unit a word of [`DURATION_UNITS`].
    Duration,
    /// A period's code.
    Period,
}

/// A field of `data`.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Which one.
    pub id: FieldId,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether the event is rejected without it.
    pub is_required: bool,
}

impl Family {
    /// All of them, in the order of declaration.
    pub const ALL: [Family; 7] = [Dossier, Petition, Procedure, Agency, Officer, Source, Retraction];
}

macro_rules! names {
    ($(#[$about:meta])* $type:ident { $($id:ident = $name:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $type { $(#[doc = concat!("`", $name, "`")] $id),+ }
        impl $type {
            /// All of them, in the order of declaration.
            pub const ALL: &'static [$type] = &[$($type::$id),+];
            /// The name on the wire.
            #[inline]
            pub const fn name(self) -> &'static str { match self { $($type::$id => $name),+ } }
            /// The one with this name on the wire.
            pub fn find(name: &str) -> Option<$type> { match name { $($name => Some($type::$id),)+ _ => None } }
        }
    };
}

names! {
    /// The fields that occur in `data`.
    FieldId {
        About = "about", Accepted = "accepted", Agency = "agency", AmountVnd = "amount_vnd",
        Applicant = "applicant", Aspects = "aspects", Bundle = "bundle", Channel = "channel", Count = "count",
        DecidedOn = "decided_on", Decision = "decision", Dossier = "dossier", DueAt = "due_at",
        Duration = "duration", Fee = "fee", FeeVnd = "fee_vnd", Field = "field", ForCitizens = "for_citizens",
        FromPortalStore = "from_portal_store", FullEligible = "full_eligible", Id = "id", Kind = "kind",
        LegalEffectiveOn = "legal_effective_on", Letter = "letter", Levels = "levels", Message = "message",
        Method = "method", Name = "name", NameEn = "name_en", NewDueAt = "new_due_at", Officer = "officer",
        OnBehalf = "on_behalf", Online = "online", Outcome = "outcome", PaperResult = "paper_result",
        Parent = "parent", Parts = "parts", PaymentIntegrated = "payment_integrated", Period = "period",
        PopulationData = "population_data", Position = "position", Predecessors = "predecessors",
        Procedure = "procedure", PublishedOn = "published_on", Reason = "reason", Received = "received",
        ResultDigital = "result_digital", Reused = "reused", Satisfied = "satisfied", Source = "source",
        Step = "step", StepDueAt = "step_due_at", ValidFrom = "valid_from", ValidTo = "valid_to", Via = "via",
    }
}

names! {
    /// Every event type of contract version 1.
    EventType {
        Submitted = "dossier.submitted", Accepted = "dossier.accepted", Refused = "dossier.refused",
        Assigned = "dossier.assigned", SupplementRequested = "dossier.supplement_requested",
        SupplementReceived = "dossier.supplement_received", Paused = "dossier.paused",
        Resumed = "dossier.resumed", DueChanged = "dossier.due_changed",
        PartDigitised = "dossier.part_digitised", FeeSet = "dossier.fee_set", Paid = "dossier.paid",
        Processed = "dossier.processed", ResultAttached = "dossier.result_attached",
        Returned = "dossier.returned", Withdrawn = "dossier.withdrawn", Stopped = "dossier.stopped",
        Reopened = "dossier.reopened", Closed = "dossier.closed", Synced = "dossier.synced",
        Rated = "dossier.rated", Apologised = "dossier.apologised", Deleted = "dossier.deleted",
        Retracted = "event.retracted",
        ProcedureDefined = "procedure.defined", ProcedureAnnounced = "procedure.announced",
        ProcedurePublished = "procedure.published", ProcedureUnpublished = "procedure.unpublished",
        PetitionReceived = "petition.received", PetitionTransferred = "petition.transferred",
        PetitionRefused = "petition.refused",
        PetitionSupplementRequested = "petition.supplement_requested",
        PetitionAnswered = "petition.answered", PetitionPublished = "petition.published",
        PetitionRated = "petition.rated",
        AgencyDefined = "agency.defined", OfficerDefined = "officer.defined",
        PortalReported = "portal.reported", CertifiedCopyServed = "certified_copy.served",
        SourceHeartbeat = "source.heartbeat",
    }
}

/// How a dossier reaches the office; the first is what "no channel" means.
pub const CHANNELS: &[&str] = &["counter", "online", "post"];
/// Who applies.
pub const APPLICANTS: &[&str] = &["citizen", "business", "organisation"];
/// Why a dossier is paused; only the first stops the clock.
pub const PAUSE_REASONS: &[&str] = &["financial_duty", "other_agency", "other"];
/// How a fee is paid; the first two are online.
pub const PAYMENT_METHODS: &[&str] = &["portal", "gateway", "cash", "transfer"];
/// What `dossier.processed` decided.
pub const OUTCOMES: &[&str] = &["granted", "rejected"];
/// Which message the portal acknowledged; only the first makes a dossier synced.
pub const SYNC_MESSAGES: &[&str] = &["dossier", "progress"];
/// Levels a procedure is handled at.
pub const LEVELS: &[&str] = &["province", "commune"];
/// Units of a procedure's duration.
pub const DURATION_UNITS: &[&str] = &["working_day", "working_hour", "day"];
/// How far a procedure is served online.
pub const ONLINE_LEVELS: &[&str] = &["none", "partial", "full"];
/// What an announcement does to a procedure; the last repeals it.
pub const ANNOUNCEMENT_KINDS: &[&str] = &["new", "amended", "repealed"];
/// The seven mandatory parts of a published procedure.
pub const PROCEDURE_PARTS: &[&str] =
    &["name", "steps", "method", "documents", "duration", "subjects", "agency"];
/// What a petition is about.
pub const PETITION_SUBJECTS: &[&str] = &["regulation", "conduct"];
/// How a petition came.
pub const PETITION_ROUTES: &[&str] = &["direct", "transferred"];
/// Kinds of agency, which are also the peer classes.
pub const AGENCY_KINDS: &[&str] = &["province", "department", "district", "commune", "unit"];

const fn need(id: FieldId, kind: FieldKind) -> Field {
    Field { id, kind, is_required: true }
}

const fn may(id: FieldId, kind: FieldKind) -> Field {
    Field { id, kind, is_required: false }
}

impl EventType {
    /// The family its subject belongs to.
    pub fn family(self) -> Family {
        // Asked for every event, so by prefixes of known length rather than by a search for the point.
        match self.name() {
            name if name.starts_with("dossier.") => Dossier,
            name if name.starts_with("procedure.") => Procedure,
            name if name.starts_with("petition.") => Petition,
            name if name.starts_with("officer.") => Officer,
            name if name.starts_with("source.") => Source,
            name if name.starts_with("event.") => Retraction,
            _ => Agency,
        }
    }

    /// The fields known in its `data`, in the order they are stored.
    #[inline]
    #[rustfmt::skip]
    pub fn fields(self) -> &'static [Field] {
        use FieldId as F;
        match self {
            EventType::Submitted => const { &[need(F::Procedure, Code), need(F::Agency, Code), need(F::Channel, OneOf(CHANNELS)),
                may(F::Applicant, OneOf(APPLICANTS)), may(F::OnBehalf, Bool), may(F::Bundle, Text)] },
            EventType::Accepted => const { &[need(F::Procedure, Code), need(F::Agency, Code), need(F::Officer, Code),
                may(F::Channel, OneOf(CHANNELS)), may(F::DueAt, Instant), may(F::FeeVnd, Whole), may(F::Parts, Parts),
                may(F::PopulationData, Bool)] },
            EventType::Refused => const { &[may(F::Reason, FreeText), may(F::Officer, Code)] },
            EventType::Assigned => const { &[need(F::Officer, Code), may(F::Agency, Code), may(F::Step, Text), may(F::StepDueAt, Instant)] },
            EventType::SupplementRequested => const { &[may(F::Officer, Code), may(F::Reason, FreeText)] },
            EventType::SupplementReceived => const { &[may(F::DueAt, Instant)] },
            EventType::Paused => const { &[need(F::Reason, OneOf(PAUSE_REASONS))] },
            EventType::Resumed => const { &[need(F::Reason, OneOf(PAUSE_REASONS)), may(F::DueAt, Instant)] },
            EventType::DueChanged => const { &[need(F::DueAt, Instant), need(F::Reason, FreeText), may(F::Letter, Text)] },
            EventType::PartDigitised => const { &[need(F::Count, Whole), may(F::Reused, Whole), may(F::FromPortalStore, Whole)] },
            EventType::FeeSet => const { &[need(F::FeeVnd, Whole)] },
            EventType::Paid => const { &[need(F::AmountVnd, Whole), need(F::Method, OneOf(PAYMENT_METHODS)), may(F::OnBehalf, Bool)] },
            EventType::Processed => const { &[need(F::Outcome, OneOf(OUTCOMES)), need(F::ResultDigital, Bool), may(F::Officer, Code)] },
            EventType::Returned => const { &[may(F::Channel, OneOf(CHANNELS))] },
            EventType::Withdrawn => const { &[may(F::Reason, FreeText)] },
            EventType::Stopped | EventType::Reopened | EventType::Deleted => const { &[need(F::Reason, FreeText)] },
            EventType::Synced => const { &[need(F::Message, OneOf(SYNC_MESSAGES)), need(F::Accepted, Bool)] },
            EventType::Rated => const { &[need(F::Satisfied, Bool), may(F::Aspects, Anything)] },
            EventType::Apologised => const { &[need(F::Letter, Text), may(F::NewDueAt, Instant)] },
            EventType::Retracted => const { &[need(F::Id, Text), may(F::Source, Text)] },
            EventType::ProcedureDefined => const { &[need(F::Name, Text), may(F::Field, Text), need(F::Levels, SomeOf(LEVELS)),
                need(F::Agency, Code), may(F::Duration, Duration), need(F::Online, OneOf(ONLINE_LEVELS)),
                need(F::FullEligible, Bool), need(F::PaperResult, Bool), need(F::Fee, Bool),
                need(F::PaymentIntegrated, Bool), need(F::ForCitizens, Bool)] },
            EventType::ProcedureAnnounced => const { &[need(F::Decision, Text), need(F::DecidedOn, Date), need(F::LegalEffectiveOn, Date),
                need(F::Kind, OneOf(ANNOUNCEMENT_KINDS))] },
            EventType::ProcedurePublished => const { &[may(F::Decision, Text), need(F::PublishedOn, Date), need(F::Parts, SomeOf(PROCEDURE_PARTS))] },
            EventType::PetitionReceived => const { &[need(F::Agency, Code), need(F::About, OneOf(PETITION_SUBJECTS)), may(F::Dossier, Text),
                may(F::Officer, Code), need(F::Via, OneOf(PETITION_ROUTES))] },
            EventType::PetitionTransferred => const { &[need(F::Agency, Code)] },
            EventType::PetitionRated => const { &[need(F::Satisfied, Bool)] },
            EventType::AgencyDefined => const { &[need(F::Name, Text), may(F::NameEn, Text), need(F::Kind, OneOf(AGENCY_KINDS)), may(F::Parent, Code),
                may(F::ValidFrom, DateOrInstant), may(F::ValidTo, DateOrInstant), may(F::Predecessors, Texts)] },
            EventType::OfficerDefined => const { &[need(F::Name, Text), need(F::Agency, Code), may(F::Position, Text),
                may(F::ValidFrom, DateOrInstant), may(F::ValidTo, DateOrInstant)] },
            EventType::PortalReported => const { &[need(F::Period, Period), need(F::Received, Whole)] },
            EventType::CertifiedCopyServed => const { &[need(F::Count, Whole)] },
            EventType::ResultAttached | EventType::Closed | EventType::ProcedureUnpublished
            | EventType::PetitionRefused | EventType::PetitionSupplementRequested | EventType::PetitionAnswered
            | EventType::PetitionPublished | EventType::SourceHeartbeat => &[],
        }
    }
}

/// The most fields any type has; presence is one bit each.
pub const FIELDS_MAX: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_family_and_at_most_so_many_fields() {
        for kind in EventType::ALL {
            assert!(kind.fields().len() <= FIELDS_MAX, "{}", kind.name());
            assert_eq!(EventType::find(kind.name()), Some(*kind));
        }
        for (kind, family) in [
            (EventType::Submitted, Dossier),
            (EventType::ProcedurePublished, Procedure),
            (EventType::PetitionRated, Petition),
            (EventType::AgencyDefined, Agency),
            (EventType::OfficerDefined, Officer),
            (EventType::CertifiedCopyServed, Agency),
            (EventType::SourceHeartbeat, Source),
        ] {
            assert_eq!(kind.family(), family, "{}", kind.name());
        }
        assert_eq!(EventType::PortalReported.family(), Agency);
        assert_eq!(EventType::Retracted.family(), Retraction);
    }
}
