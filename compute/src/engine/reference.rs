//! What dossiers and petitions are judged against: the organisation, procedures, portal reports, copies.
//!
//! Small beside the dossiers, so it is built anew from its standing events whenever one of them changes. Not
//! here: what follows from it for a period (`frame`).

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::shard::Shard;
use crate::codes::{Code, Names};
use crate::event::{EventType, Family, FieldId, Value};
use crate::instant::Instant;
use crate::organisation::Organisation;
use crate::period::Period;
use crate::procedure::{Procedure, Procedures};

/// Everything known, at an instant, that is not a dossier or petition.
#[derive(Debug, Default)]
pub struct Reference {
    /// Agencies and officers.
    pub organisation: Organisation,
    /// Procedures.
    pub procedures: Procedures,
    /// What a unit reported as received in a period; the last report counts.
    reports: HashMap<(Code, Period), u64, RandomState>,
    /// Certified copies a unit served: when, how many.
    copies: HashMap<Code, Vec<(Instant, u64)>, RandomState>,
    /// Instants at which the tree may change, sorted.
    pub(super) tree_edges: Vec<Instant>,
    /// Rises whenever it is built.
    pub(super) version: u64,
}

impl Reference {
    /// Builds it from the standing events before `as_of`.
    pub(super) fn build(shards: &[Shard], as_of: Instant, names: &Names, version: u64) -> Reference {
        let mut reference = Reference { version, ..Reference::default() };
        for shard in shards {
            for (place, subject) in shard.subjects.iter().enumerate() {
                if !is_reference(subject.family) {
                    continue;
                }
                let text = std::str::from_utf8(subject.code()).unwrap_or_default();
                // A code nobody interned is named by no event but its own: intern happens on the way in.
                let Some(code) = names.find(text) else { continue };
                for record in shard.standing(place, as_of, names).0 {
                    reference.take(code, &record);
                }
            }
        }
        reference.tree_edges = reference.organisation.tree_edges().collect();
        reference.tree_edges.sort_unstable();
        reference.tree_edges.dedup();
        reference
    }

    /// Takes one agency's events anew if they leave its definitions as they are: reports and copies come often,
    /// definitions hardly ever. `false` when everything must be built anew.
    pub(super) fn refresh_agency(
        &mut self,
        shard: &Shard,
        place: usize,
        as_of: Instant,
        names: &Names,
    ) -> bool {
        let subject = &shard.subjects[place];
        let text = std::str::from_utf8(subject.code()).unwrap_or_default();
        let Some(code) = names.find(text) else { return false };
        let records = shard.standing(place, as_of, names).0;
        let mut fresh = Organisation::default();
        for record in &records {
            fresh.define(code, record);
        }
        if fresh.agency(code) != self.organisation.agency(code) {
            return false;
        }
        self.reports.retain(|(unit, _), _| *unit != code);
        self.copies.remove(&code);
        for record in records.iter().filter(|record| record.event_type != EventType::AgencyDefined) {
            self.take(code, record);
        }
        true
    }

    /// Takes one officer's events anew: their code. `None` when everything must be built anew.
    pub(super) fn refresh_officer(
        &mut self,
        shard: &Shard,
        place: usize,
        as_of: Instant,
        names: &Names,
    ) -> Option<Code> {
        let code = names.find(std::str::from_utf8(shard.subjects[place].code()).ok()?)?;
        self.organisation.forget_officer(code);
        for record in shard.standing(place, as_of, names).0 {
            self.take(code, &record);
        }
        Some(code)
    }

    /// Takes one procedure's events anew: its code, and whether its definitions changed. `None` when everything
    /// must be built anew.
    pub(super) fn refresh_procedure(
        &mut self,
        shard: &Shard,
        place: usize,
        as_of: Instant,
        names: &Names,
    ) -> Option<(Code, bool)> {
        let subject = &shard.subjects[place];
        let code = names.find(std::str::from_utf8(subject.code()).ok()?)?;
        let before = self.procedures.remove(&code);
        for record in shard.standing(place, as_of, names).0 {
            self.take(code, &record);
        }
        let definitions = |procedure: Option<&Procedure>| procedure.map(|known| known.definitions().to_vec());
        let is_changed = definitions(before.as_ref()) != definitions(self.procedures.get(&code));
        Some((code, is_changed))
    }

    fn take(&mut self, code: Code, record: &crate::event::Record<'_>) {
        match record.event_type {
            EventType::AgencyDefined | EventType::OfficerDefined => self.organisation.define(code, record),
            EventType::PortalReported => {
                let period = record.text(FieldId::Period).and_then(Period::parse);
                if let (Some(period), Some(Value::Whole(received))) =
                    (period, record.field(FieldId::Received))
                {
                    self.reports.insert((code, period), received);
                }
            }
            EventType::CertifiedCopyServed => {
                if let Some(Value::Whole(count)) = record.field(FieldId::Count) {
                    self.copies.entry(code).or_default().push((record.time, count));
                }
            }
            _ => self.procedures.entry(code).or_default().take(record),
        }
    }

    /// What `unit` reported for exactly `period`, else the sum of its months in it; 0 if nothing.
    pub fn reported(&self, unit: Code, period: Period) -> u64 {
        let exact = self.reports.get(&(unit, period)).copied();
        exact.unwrap_or_else(|| {
            let months = period.months().filter_map(|month| self.reports.get(&(unit, month)));
            months.fold(0, |sum: u64, month| sum.saturating_add(*month))
        })
    }

    /// The share of last year's reported total that falls on `period`, rounded half-up.
    pub fn share_of_last_year(&self, unit: Code, period: Period) -> u64 {
        let (total, parts) = (self.reported(unit, period.previous_year()), period.per_year());
        total.saturating_mul(2).saturating_add(parts) / (2 * parts)
    }

    /// Electronic certified copies `unit` served in `[start, end)`.
    pub fn copies(&self, unit: Code, start: Instant, end: Instant) -> u64 {
        let served = self.copies.get(&unit).map_or(&[][..], Vec::as_slice);
        let within = served.iter().filter(|(at, _)| start <= *at && *at < end);
        within.fold(0, |sum: u64, (_, count)| sum.saturating_add(*count))
    }
}

/// Whether a family's events make up the reference.
pub(super) fn is_reference(family: Family) -> bool {
    match family {
        Family::Procedure | Family::Agency | Family::Officer => true,
        // A heartbeat tells that a source lives; no figure depends on it.
        Family::Dossier | Family::Petition | Family::Retraction | Family::Source => false,
    }
}
