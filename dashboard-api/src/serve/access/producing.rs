//! What a sender may write: events of its own source, about units of its own subtree.
//!
//! Judged on the event as it was decoded, so that no second reading of the text can differ from the first. An event that is
//! refused is the sender's still: nothing of it is kept. Handing a dossier or petition over to another unit is the business
//! of whoever has it, so where it goes is not judged. Not here: whether the event is one of the contract (`ingest`).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use compute::engine::Snapshot;
use compute::event::contract::{Family, FieldId};
use compute::event::{Draft, EventType, Given};
use ingest::{Reason, Rejection};

use super::scope::{Scope, Units, agency_of_officer};
use crate::serve::lists::LINES_MAX;
use crate::serve::live::Live;
use crate::serve::problem::Problem;

/// What a sender may write.
#[derive(Debug)]
pub(in crate::serve) struct Permit {
    scope: Scope,
    snapshot: Arc<Snapshot>,
    /// Where dossiers are that are known already; filled for senders of some units only.
    homes: HashMap<String, String>,
}

impl Permit {
    /// For `scope`.
    pub(in crate::serve) fn of(scope: Scope, live: &Live) -> Permit {
        Permit { scope, snapshot: live.snapshot(), homes: HashMap::new() }
    }

    /// Whether it depends on where dossiers are.
    pub(in crate::serve) fn needs_homes(&self) -> bool {
        self.scope.units != Units::All
    }

    /// Learns where these dossiers are.
    pub(in crate::serve) async fn learn(
        &mut self,
        live: &Live,
        dossiers: HashSet<String>,
    ) -> Result<(), Problem> {
        let dossiers: Vec<String> = dossiers.into_iter().collect();
        for some in dossiers.chunks(LINES_MAX) {
            let lines = live.lines(some.to_vec()).await?;
            let book = live.codes();
            let names = book.names();
            let homes =
                lines.into_iter().filter_map(|line| Some((line.code, names.text(line.agency?).to_owned())));
            self.homes.extend(homes);
        }
        Ok(())
    }

    /// Whether the source is the sender's.
    pub(in crate::serve) fn check_source(&self, source: &str) -> Result<(), Rejection> {
        let is_theirs = self.scope.source.as_deref().is_none_or(|own| own == source);
        if is_theirs { Ok(()) } else { Err(Rejection::field(Reason::NotYourSource, "source")) }
    }

    /// Whether the event is the sender's to write.
    pub(in crate::serve) fn check(&self, draft: &Draft<'_>) -> Result<(), Rejection> {
        self.check_source(&draft.source)?;
        let retracted = text(draft, FieldId::Source).filter(|_| draft.event_type == EventType::Retracted);
        retracted.map_or(Ok(()), |source| self.check_source(source))?;
        if self.scope.units == Units::All {
            return Ok(());
        }
        self.check_subject(draft)?;
        let hands_over = matches!(draft.event_type, EventType::Assigned | EventType::PetitionTransferred);
        let named = if hands_over { None } else { text(draft, FieldId::Agency) };
        let is_covered = named.is_none_or(|unit| self.covers(unit));
        if is_covered { Ok(()) } else { Err(Rejection::field(Reason::NotYourUnit, "agency")) }
    }

    fn check_subject(&self, draft: &Draft<'_>) -> Result<(), Rejection> {
        let subject = draft.subject.as_ref();
        let is_theirs = match draft.event_type.family() {
            Family::Dossier | Family::Retraction => {
                self.homes.get(subject).is_none_or(|home| self.covers(home))
            }
            Family::Agency if draft.event_type == EventType::AgencyDefined => {
                let is_below = text(draft, FieldId::Parent).is_some_and(|parent| self.covers(parent));
                // A unit that is known stays where it is; a new one begins below what is theirs.
                let is_new = self.snapshot.codes.names().find(subject).is_none();
                self.covers(subject) || (is_new && is_below)
            }
            Family::Agency => self.covers(subject),
            Family::Officer => {
                agency_of_officer(subject, &self.snapshot).is_none_or(|agency| self.covers(&agency))
            }
            // Procedures are the whole province's.
            Family::Procedure => false,
            Family::Petition | Family::Source => true,
        };
        if is_theirs { Ok(()) } else { Err(Rejection::field(Reason::NotYourUnit, "subject")) }
    }

    fn covers(&self, unit: &str) -> bool {
        self.scope.covers(unit, &self.snapshot)
    }
}

/// A field's text.
fn text<'a>(draft: &'a Draft<'_>, id: FieldId) -> Option<&'a str> {
    let place = draft.event_type.fields().iter().position(|field| field.id == id)?;
    match draft.values[place].as_ref()? {
        Given::Text(text) => Some(text.as_ref()),
        _ => None,
    }
}

/// The dossiers that events are about, as far as they can be read.
pub(in crate::serve) fn dossiers<'a>(events: impl Iterator<Item = &'a [u8]>) -> HashSet<String> {
    let drafts = events.filter_map(|bytes| ingest::decode::decode(bytes).ok());
    let of_dossiers =
        drafts.filter(|draft| matches!(draft.event_type.family(), Family::Dossier | Family::Retraction));
    of_dossiers.map(|draft| draft.subject.into_owned()).collect()
}
