//! Who and what a log names: the agencies, officers and procedures whose definitions precede its dossiers.
//! Everything named in an event is defined, or it would have no row. Officers move between agencies in real
//! life; a log does not say when, so each gets one agency for ever, and only lists are affected: figures go
//! by the dossier's.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{AgencyData, Data, Event, Kind, OfficerData, ProcedureData, event_id};
use super::log::{Dossier, Log};
use super::mapping::Mapping;
use super::translate::dossier_events;

/// All names found, in the order of their codes.
#[derive(Default)]
pub(super) struct Census<'a> {
    agencies: BTreeSet<&'a str>,
    officers: BTreeMap<&'a str, Belonging<'a>>,
    /// Name by code.
    procedures: BTreeMap<&'a str, &'a str>,
}

/// How many dossiers of each agency an officer has to do with.
#[derive(Default)]
struct Belonging<'a> {
    as_responsible: BTreeMap<&'a str, u64>,
    as_doer: BTreeMap<&'a str, u64>,
}

impl<'a> Census<'a> {
    pub(super) fn take(mapping: &'a Mapping, log: &'a Log) -> Census<'a> {
        let mut census = Census::default();
        for dossier in &log.dossiers {
            census.count(mapping, dossier);
        }
        census.agencies.remove(mapping.province.code.as_str());
        census
    }

    fn count(&mut self, mapping: &'a Mapping, dossier: &'a Dossier) {
        let agency = dossier.facts.agency.as_deref().unwrap_or(&mapping.province.code);
        let responsible = dossier.facts.responsible.as_deref();
        self.agencies.insert(agency);
        if let Some(procedure) = &dossier.facts.procedure {
            self.procedures.entry(&procedure.code).or_insert(&procedure.name);
        }
        let events = dossier_events(mapping, dossier);
        let named: BTreeSet<&'a str> = events.iter().filter_map(|event| event.data.officer()).collect();
        for officer in named {
            let belonging = self.officers.entry(officer).or_default();
            let is_responsible = responsible == Some(officer);
            let counts = if is_responsible { &mut belonging.as_responsible } else { &mut belonging.as_doer };
            *counts.entry(agency).or_default() += 1;
        }
    }

    /// The definitions: province, agencies, officers, procedures, each by code.
    pub(super) fn definitions(&self, mapping: &'a Mapping) -> Vec<Event<'a>> {
        let event = |family: &str, subject: &'a str, data| Event {
            id: event_id(&[family, subject]),
            time: mapping.defined_at,
            subject,
            data,
        };
        let province = &mapping.province;
        let mut definitions = vec![event(
            "agency",
            &province.code,
            Data::AgencyDefined(AgencyData {
                name: &province.name,
                name_en: province.name_en.as_deref(),
                kind: Kind::Province,
                parent: None,
            }),
        )];
        if let Some(agencies) = &mapping.agencies {
            definitions.extend(self.agencies.iter().map(|code| {
                let name = agencies.names.get(*code).map_or(*code, String::as_str);
                let (kind, parent) = (Kind::Below(agencies.kind), Some(province.code.as_str()));
                event("agency", code, Data::AgencyDefined(AgencyData { name, name_en: None, kind, parent }))
            }));
        }
        definitions.extend(self.officers.iter().map(|(code, belonging)| {
            let name = mapping.officers.names.get(*code).map_or(*code, String::as_str);
            let position = mapping.officers.position.as_deref();
            let agency = belonging.agency().unwrap_or(&province.code);
            event("officer", code, Data::OfficerDefined(OfficerData { name, agency, position }))
        }));
        if let Some(procedure) = &mapping.procedure {
            let fields = &procedure.fields;
            definitions.extend(self.procedures.iter().map(|(code, name)| {
                event(
                    "procedure",
                    code,
                    Data::ProcedureDefined(ProcedureData {
                        name,
                        field: fields.field.as_deref(),
                        levels: &fields.levels,
                        agency: fields.agency.as_deref().unwrap_or(&province.code),
                        duration: fields.duration,
                        online: fields.online,
                        full_eligible: fields.full_eligible,
                        paper_result: fields.paper_result,
                        fee: fields.fee,
                        payment_integrated: fields.payment_integrated,
                        for_citizens: fields.for_citizens,
                    }),
                )
            }));
        }
        definitions
    }
}

impl<'a> Belonging<'a> {
    /// The agency of most of the dossiers they are responsible for, or of those they worked on if there are
    /// none; of equals the one with the smaller code.
    fn agency(&self) -> Option<&'a str> {
        let counts = if self.as_responsible.is_empty() { &self.as_doer } else { &self.as_responsible };
        let most = counts.iter().max_by(|(left, more), (right, less)| more.cmp(less).then(right.cmp(left)));
        most.map(|(agency, _)| *agency)
    }
}
