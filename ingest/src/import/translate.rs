//! A dossier of the log becomes events of the contract, moment by moment as the mapping decides; the
//! definitions of the people and places it names are `census`'s. It computes no figure and checks no
//! plausibility: a dossier that ends before it starts is passed on as it is, for the engine to raise the
//! anomaly.
//!
//! Ids carry a digit before the kind, because events of one instant take effect in the order of their ids:
//! submitted, accepted, assigned, processed, returned.

use super::event::{AcceptedData, Data, Event, ProcessedData, event_id};
use super::instant::Instant;
use super::log::Dossier;
use super::mapping::{Assigned, Mapping, Moment};
use super::mapping_file::{Assignee, Occurrence, OfficerRole};
use super::row::Activity;

/// The events of one dossier, in the order of time.
pub(super) fn dossier_events<'a>(mapping: &'a Mapping, dossier: &'a Dossier) -> Vec<Event<'a>> {
    let translator = Translator { mapping, dossier };
    let mut events = Vec::new();
    events.extend(translator.submitted());
    events.extend(translator.accepted());
    events.extend(translator.assigned());
    events.extend(translator.processed());
    events.extend(translator.returned());
    events.sort_by(|left, right| (left.time, &left.id).cmp(&(right.time, &right.id)));
    events
}

struct Translator<'a> {
    mapping: &'a Mapping,
    dossier: &'a Dossier,
}

/// A moment found: when, and the activity if it was one.
struct Found<'a> {
    time: Instant,
    activity: Option<&'a Activity>,
}

impl<'a> Translator<'a> {
    fn submitted(&self) -> Option<Event<'a>> {
        let submitted = self.mapping.events.submitted.as_ref()?;
        let found = self.find(&submitted.at)?;
        let procedure = &*self.dossier.facts.procedure.as_ref()?.code;
        let channel = self.dossier.facts.channel.or(submitted.channel)?;
        Some(self.event(
            "1",
            "submitted",
            &found,
            Data::Submitted { procedure, agency: self.agency(), channel },
        ))
    }

    fn accepted(&self) -> Option<Event<'a>> {
        let accepted = self.mapping.events.accepted.as_ref()?;
        let found = self.find(&accepted.at)?;
        let due = accepted.due.and_then(|due| self.dossier.facts.dates.get(due).copied().flatten());
        let data = AcceptedData {
            procedure: &self.dossier.facts.procedure.as_ref()?.code,
            agency: self.agency(),
            officer: self.officer(accepted.officer, &found)?,
            channel: self.dossier.facts.channel,
            due_at: due.map(|due| due.to_string()),
        };
        Some(self.event("2", "accepted", &found, Data::Accepted(data)))
    }

    fn assigned(&self) -> Vec<Event<'a>> {
        let Some(assigned) = &self.mapping.events.assigned else {
            return Vec::new();
        };
        let taken =
            self.dossier.activities.iter().filter(|activity| assigned.activities.takes(&activity.name));
        taken.flat_map(|activity| self.assigned_by(assigned, activity)).collect()
    }

    /// Restating the responsible officer at the same instant keeps both truths: who did the step, and whose
    /// dossier it is at every instant anyone may ask about.
    fn assigned_by(&self, assigned: &Assigned, activity: &'a Activity) -> Vec<Event<'a>> {
        let responsible = self.dossier.facts.responsible.as_deref();
        let doer = activity.doer.as_deref();
        let (officer, restated) = match assigned.officer {
            Assignee::Responsible => (responsible, None),
            Assignee::Doer => (doer, None),
            Assignee::DoerThenResponsible => {
                (doer, responsible.filter(|_| doer.is_some() && doer != responsible))
            }
        };
        let event = |officer: &'a str, kind: &str| Event {
            id: self.id("3", Some(activity), kind),
            time: activity.time,
            subject: &self.dossier.code,
            data: Data::Assigned { officer, step: &activity.name },
        };
        let first = officer.map(|officer| event(officer, "assigned"));
        let second = restated.map(|officer| event(officer, "assigned/responsible"));
        first.into_iter().chain(second).collect()
    }

    fn processed(&self) -> Option<Event<'a>> {
        let processed = self.mapping.events.processed.as_ref()?;
        let found = self.find(&processed.at)?;
        let data = ProcessedData {
            outcome: processed.outcome,
            result_digital: processed.result_digital,
            officer: processed.officer.and_then(|officer| self.officer(officer, &found)),
        };
        Some(self.event("4", "processed", &found, Data::Processed(data)))
    }

    fn returned(&self) -> Option<Event<'a>> {
        let found = self.find(self.mapping.events.returned.as_ref()?)?;
        Some(self.event("5", "returned", &found, Data::Returned {}))
    }

    fn find(&self, moment: &Moment) -> Option<Found<'a>> {
        match moment {
            Moment::Date(date) => {
                let time = self.dossier.facts.dates.get(*date).copied().flatten()?;
                Some(Found { time, activity: None })
            }
            Moment::Activity(filter, occurrence) => {
                let mut taken =
                    self.dossier.activities.iter().filter(|activity| filter.takes(&activity.name));
                let activity = match occurrence {
                    Occurrence::First => taken.next(),
                    Occurrence::Last => taken.next_back(),
                }?;
                Some(Found { time: activity.time, activity: Some(activity) })
            }
        }
    }

    fn officer(&self, role: OfficerRole, found: &Found<'a>) -> Option<&'a str> {
        match role {
            OfficerRole::Responsible => self.dossier.facts.responsible.as_deref(),
            OfficerRole::Doer => found.activity.and_then(|activity| activity.doer.as_deref()),
        }
    }

    fn agency(&self) -> &'a str {
        self.dossier.facts.agency.as_deref().unwrap_or(&self.mapping.province.code)
    }

    fn event(&self, rank: &str, kind: &str, found: &Found<'a>, data: Data<'a>) -> Event<'a> {
        Event { id: self.id(rank, found.activity, kind), time: found.time, subject: &self.dossier.code, data }
    }

    /// The dossier, the rank of the kind, the row if it comes from one, and the kind.
    fn id(&self, rank: &str, activity: Option<&Activity>, kind: &str) -> String {
        let start = event_id(&["dossier", &self.dossier.code, rank]);
        match activity {
            Some(activity) => format!("{start}/{}/{kind}", activity.row),
            None => format!("{start}/{kind}"),
        }
    }
}
