//! What the engine saw of a subject, as an observation with texts for codes.

use compute::codes::{Code, Names};
use compute::engine::{Cause, Sighting, Watched};
use compute::event::Family;

use super::{Condition, Observation};
use crate::alert::About;

impl Observation {
    /// `watched` are the rules' ids and what the engine was told to look for, in the same order.
    pub fn of(sighting: Sighting, watched: &[(String, Watched)], names: &Names) -> Observation {
        let text = |code: Option<Code>| code.map(|code| names.text(code).to_owned());
        let conditions = sighting.holdings.iter().filter_map(|holding| {
            let (rule, _) = watched.get(holding.watched)?;
            let cause = match holding.cause {
                Cause::At(at) => at.to_local(),
                Cause::Flag(flag) => flag.name().to_owned(),
            };
            Some(Condition { rule: rule.clone(), cause, since: holding.since })
        });
        Observation::Subject {
            about: if sighting.family == Family::Petition { About::Petition } else { About::Dossier },
            conditions: conditions.collect(),
            subject: sighting.code,
            unit: text(sighting.agency).unwrap_or_default(),
            officer: text(sighting.officer),
            due: sighting.due,
        }
    }
}
