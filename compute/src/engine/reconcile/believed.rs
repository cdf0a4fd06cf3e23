//! What the portal believes of a dossier: as its own list says, or as our log says it was told.
//!
//! Both are given as a [`Life`], so that the portal's picture is counted by the conditions that count ours. What a list
//! leaves out is as we know it. Not here: how the two are compared (`steps`), how a list is read (`ingest::portal`).

use hashbrown::HashMap;

use super::super::rows::{DossierRows, Window};
use super::Difference;
use crate::codes::Code;
use crate::dossier::{Life, Stop, Surroundings};
use crate::event::contract::FieldId;
use crate::event::{EventType, Record};
use crate::instant::Instant;

/// Place of `dossier` and of `progress` among the messages of `dossier.synced`.
const MESSAGE_DOSSIER: u8 = 0;
const MESSAGE_PROGRESS: u8 = 1;

/// Where the portal says a dossier stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Filed, not accepted.
    Filed,
    /// The clock runs.
    Running,
    /// Waiting for the applicant's supplement.
    Waiting,
    /// Paused for a financial duty.
    Paused,
    /// Ended.
    Ended,
}

/// A dossier as the portal's list has it; `None` is what the list does not say.
#[derive(Clone, Default, Debug)]
pub struct Listed {
    /// The line of the list, for whoever looks it up.
    pub line: u64,
    /// Where it was accepted.
    pub agency: Option<Code>,
    /// Its procedure.
    pub procedure: Option<Code>,
    /// Place in `CHANNELS`.
    pub channel: Option<u8>,
    /// Where it stands.
    pub standing: Option<Standing>,
    /// When it was accepted.
    pub accepted_at: Option<Instant>,
    /// The due date; `Some(None)` says that there is none.
    pub due: Option<Option<Instant>>,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// Since when its clock stands.
    pub stopped_since: Option<Instant>,
    /// Supplement requests.
    pub supplement_requests: Option<u32>,
    /// A digital result exists.
    pub result_digital: Option<bool>,
    /// Parts digitised, reused, from the portal's store.
    pub parts: [Option<bool>; 3],
    /// Population data were used.
    pub population_data: Option<bool>,
    /// The fee.
    pub fee_vnd: Option<u64>,
    /// Paid by portal or gateway.
    pub paid_online: Option<bool>,
    /// The last rating.
    pub satisfied: Option<bool>,
    /// What the portal judged.
    pub late: Option<bool>,
}

/// The portal's list of dossiers, by code.
#[derive(Clone, Default, Debug)]
pub struct PortalList {
    /// What it says.
    pub dossiers: HashMap<Box<str>, Listed, foldhash::fast::RandomState>,
    /// It is of this unit and those below it only; `None` when it is of all.
    pub covers: Option<Code>,
}

/// What the portal believes of one dossier.
#[derive(Debug)]
pub(super) enum Believed<'a> {
    /// It does not have it, and why.
    Absent(Difference),
    /// It has it.
    Present {
        life: Box<Life<'a>>,
        /// Late, and late against the base due date, when it is known from events.
        judged: Option<(bool, bool)>,
        /// What it says itself.
        verdict: Option<bool>,
    },
}

/// What the portal acknowledged of a dossier before an instant, and whether it took it after.
#[derive(Debug)]
pub(super) struct Acknowledged {
    pub(super) is_told: bool,
    pub(super) is_told_later: bool,
    /// When it last took a message.
    pub(super) last: Option<Instant>,
}

impl Acknowledged {
    /// Read from the `records` that stand at an instant, and from `all`, those after it too.
    pub(super) fn of(records: &[Record<'_>], all: &[Record<'_>], at: Instant) -> Acknowledged {
        let is_dossier = |record: &Record<'_>| record.choice(FieldId::Message) == Some(MESSAGE_DOSSIER);
        let is_first = |record: &Record<'_>| is_acknowledged(record) && is_dossier(record);
        Acknowledged {
            is_told: records.iter().any(is_first),
            is_told_later: all.iter().any(|record| record.time >= at && is_first(record)),
            last: records.iter().rfind(|record| is_acknowledged(record)).map(|record| record.time),
        }
    }

    /// Why a dossier is not at the portal; `None` when it was acknowledged in time.
    pub(super) fn absence(&self) -> Option<Difference> {
        match (self.is_told, self.is_told_later) {
            (true, _) => None,
            (false, true) => Some(Difference::SyncedLate),
            (false, false) => Some(Difference::NotSynced),
        }
    }
}

fn is_acknowledged(record: &Record<'_>) -> bool {
    record.event_type == EventType::Synced && record.is_set(FieldId::Accepted)
}

/// Whether a record says that the portal took a message about progress before `at`.
pub(super) fn is_progress_told(record: &Record<'_>, at: Instant) -> bool {
    record.time < at && is_acknowledged(record) && record.choice(FieldId::Message) == Some(MESSAGE_PROGRESS)
}

/// By our log: the dossier as it was when the portal last took a message about it. `then` are the records that stood at
/// that instant.
pub(super) fn told<'a>(
    ours: &DossierRows<'a>,
    then: Vec<Record<'a>>,
    (window, as_of): (&Window, Instant),
    around: Surroundings<'_>,
) -> Believed<'a> {
    let mut then = DossierRows::fold(then, around, ours.is_complained_about);
    let judged = Some(then.lateness(window, as_of, around));
    // The portal takes ratings and payments itself and does not wait to be told.
    then.life.is_dissatisfied = ours.life.is_dissatisfied;
    then.life.is_paid_online = ours.life.is_paid_online;
    then.life.is_synced = ours.life.is_synced;
    Believed::Present { life: Box::new(then.life), judged, verdict: None }
}

impl Listed {
    /// The dossier as the list has it; `ours` where the list is silent.
    pub(super) fn life<'a>(&self, ours: Option<&Life<'a>>, as_of: Instant) -> Life<'a> {
        let mut life = ours.cloned().unwrap_or_default();
        life.is_synced = true;
        life.is_deleted = false;
        life.agency = self.agency.or(life.agency);
        life.procedure = self.procedure.or(life.procedure);
        life.channel = self.channel.or(life.channel);
        life.accepted_at = same_second(self.accepted_at, life.accepted_at);
        self.take_standing(&mut life, as_of);
        if let Some(due) = self.due {
            life.clock.due = due.and_then(|due| same_second(Some(due), life.clock.due));
        }
        life.supplement_requests = self.supplement_requests.unwrap_or(life.supplement_requests);
        life.has_digital_result = self.result_digital.unwrap_or(life.has_digital_result);
        for (part, said) in life.parts.iter_mut().zip(self.parts) {
            *part = match said {
                Some(true) => (*part).max(1),
                Some(false) => 0,
                None => *part,
            };
        }
        life.population_data = self.population_data.unwrap_or(life.population_data);
        life.fee_vnd = self.fee_vnd.or(life.fee_vnd);
        life.is_paid_online = self.paid_online.unwrap_or(life.is_paid_online);
        life.is_dissatisfied = self.satisfied.map_or(life.is_dissatisfied, |satisfied| !satisfied);
        life
    }

    fn take_standing(&self, life: &mut Life<'_>, as_of: Instant) {
        let Some(standing) = self.standing else { return };
        let stop = |life: &Life<'_>, for_supplement: bool| {
            let known = life.clock.stop.map(|stop| stop.since);
            let since = same_second(self.stopped_since, known).unwrap_or(as_of);
            Some(Stop { since, for_supplement, for_finance: !for_supplement })
        };
        match standing {
            Standing::Filed => life.accepted_at = None,
            Standing::Running => (life.ended_at, life.clock.stop) = (None, None),
            Standing::Waiting => (life.ended_at, life.clock.stop) = (None, stop(life, true)),
            Standing::Paused => (life.ended_at, life.clock.stop) = (None, stop(life, false)),
            Standing::Ended => {
                life.ended_at = same_second(self.ended_at, life.ended_at).or(Some(as_of));
                life.clock.stop = None;
            }
        }
    }
}

/// Lists have whole seconds: an instant of ours within the second said is the one meant.
fn same_second(said: Option<Instant>, ours: Option<Instant>) -> Option<Instant> {
    let Some(said) = said else { return ours };
    Some(ours.filter(|ours| ours.unix_seconds() == said.unix_seconds()).unwrap_or(said))
}
