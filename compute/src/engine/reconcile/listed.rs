//! Our own dossiers in the shape of the portal's list: what it would say if it believed what we know.
//!
//! For an office that compares by hand, and to have the portal's side of a test. Not here: how it is written.

use std::collections::BTreeMap;

use super::super::Engine;
use super::super::rows::{DossierRows, Window};
use super::believed::{Listed, Standing};
use crate::dossier::{Life, State};
use crate::event::Family;
use crate::period::Period;

impl Engine {
    /// Every dossier in a set of `period`, as of where the engine stands.
    pub fn listed(&self, period: Period) -> BTreeMap<String, Listed> {
        let window = Window::new(period, self.as_of);
        let around = self.around();
        let names = self.setup.codes.names();
        let mut listed = BTreeMap::new();
        for shard in &self.shards {
            for (place, subject) in shard.subjects.iter().enumerate() {
                if subject.family != Family::Dossier || subject.is_vacant() {
                    continue;
                }
                let (records, _) = shard.standing(place, self.as_of, &names);
                let rows = DossierRows::fold(records, around, false);
                if rows.membership(&window).is_none() {
                    continue;
                }
                let (is_late, _) = rows.lateness(&window, self.as_of, around);
                let code = String::from_utf8_lossy(subject.code()).into_owned();
                listed.insert(code, of(&rows.life, is_late));
            }
        }
        listed
    }
}

fn of(life: &Life<'_>, is_late: bool) -> Listed {
    let standing = match life.state() {
        State::Running => Standing::Running,
        State::Waiting => Standing::Waiting,
        State::Paused => Standing::Paused,
        State::Ended => Standing::Ended,
    };
    Listed {
        line: 0,
        agency: life.agency,
        procedure: life.procedure,
        channel: Some(life.channel.unwrap_or(0)),
        standing: Some(standing),
        accepted_at: life.accepted_at,
        due: Some(life.clock.due),
        ended_at: life.ended_at,
        stopped_since: life.clock.stop.map(|stop| stop.since),
        supplement_requests: Some(life.supplement_requests),
        result_digital: Some(life.has_digital_result),
        parts: life.parts.map(|count| Some(count > 0)),
        population_data: Some(life.population_data),
        fee_vnd: life.fee_vnd,
        paid_online: Some(life.is_paid_online),
        satisfied: Some(!life.is_dissatisfied),
        late: Some(is_late),
    }
}
