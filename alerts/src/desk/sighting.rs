//! What the engine saw of a subject, as an observation with texts for codes.

use std::collections::HashSet;

use compute::codes::{Code, Names};
use compute::engine::{Cause, Sighting, Watched};
use compute::event::Family;

use super::{Condition, Observation};
use crate::alert::About;

impl Observation {
    /// All that was seen between two looks. Of a subject that was seen more than once the last stands: what held and
    /// ended in between is over before anyone could have acted on it. `watched` are the rules' ids and what the engine
    /// was told to look for, in the same order.
    pub fn all(seen: Vec<Sighting>, watched: &[(String, Watched)], names: &Names) -> Vec<Observation> {
        let mut later = HashSet::new();
        let mut stands: Vec<bool> =
            seen.iter().rev().map(|one| later.insert((one.family, one.code.as_str()))).collect();
        stands.reverse();
        let standing = seen.into_iter().zip(stands).filter_map(|(one, stands)| stands.then_some(one));
        standing.map(|one| Observation::of(one, watched, names)).collect()
    }

    fn of(sighting: Sighting, watched: &[(String, Watched)], names: &Names) -> Observation {
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
