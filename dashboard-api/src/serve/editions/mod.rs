//! Editions beside the live index: closing a period, and everything that leads from there to a published result.
//!
//! `closing` takes the rows out of the engine in portions, `keeping` is the files, `views` reads them back and judges
//! them, `acts` lets people object, decide, approve and publish, `later` compares with what was heard since, `api`
//! answers. One act is done at a time, and is durable before anyone hears of it. Not here: what an edition says and who
//! may decide what (`editions`), pages (`pages`).

mod acts;
mod api;
mod closing;
mod keeping;
mod later;
mod views;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use compute::calendar::Calendar;
use compute::period::Period;
use compute::set::Catalogue;
use editions::case::{Case, Done};
use editions::content;
use editions::schedule::{BUILT_IN, Due, Schedule, Settings};
use tokio::sync::Mutex;

use super::Server;
use super::live::Live;
use super::problem::Problem;
use crate::command::{Failure, ReferenceArguments};
use crate::reference_data;

pub(super) use acts::{
    Asking, Deciding, Objecting, approve as approve_it, asks_who, close as close_period, decide as decide_on,
    leads, may_object, object as object_to, publish as publish_it, sees_whole,
};
pub(super) use api::{approve, close, decide, differences, file, list, object, proof, publish, show};
pub(crate) use keeping::Keeping;
pub(super) use later::Later;
pub(super) use views::View;

/// Editions kept of one period.
const NUMBER_MAX: u32 = 99;

/// What editions are made from.
#[derive(Debug)]
pub(crate) struct EditionsSetup {
    settings: Settings,
    schedule: Schedule,
    sources: Vec<(String, String)>,
    data: Option<PathBuf>,
}

impl EditionsSetup {
    /// Reads the schedule and the files of the indicator sets; `data` is the data folder, if there is one.
    pub(crate) fn read(
        settings: Settings,
        reference: &ReferenceArguments,
        data: Option<PathBuf>,
    ) -> Result<EditionsSetup, Failure> {
        let failed = |error: String| Failure::question(error);
        let text = if settings.schedule.as_os_str().is_empty() {
            BUILT_IN.to_owned()
        } else {
            let path = &settings.schedule;
            std::fs::read_to_string(path).map_err(|error| failed(format!("{}: {error}", path.display())))?
        };
        let schedule = Schedule::read(&text).map_err(|error| failed(error.to_string()))?;
        let sources = reference_data::set_files(reference.sets.as_deref())?;
        Ok(EditionsSetup { settings, schedule, sources, data })
    }
}

/// An edition, as far as its acts tell.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) period: Period,
    pub(super) number: u32,
    pub(super) acts: Vec<Done>,
    pub(super) case: Case,
}

/// What is known of an edition: where it stands, or what is wrong with its file.
type Known = Result<Entry, String>;

/// The handle everyone holds.
#[derive(Clone, Debug)]
pub(crate) struct Editions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    schedule: Schedule,
    sources: Vec<(String, String)>,
    catalogue: Arc<Catalogue>,
    calendar: Arc<Calendar>,
    calendar_hash: String,
    keeping: Keeping,
    /// By id. Held while an act is done: one after the other.
    known: Mutex<BTreeMap<String, Known>>,
    views: Mutex<views::Views>,
    closing: Mutex<()>,
}

impl Editions {
    /// Opens what is kept; nothing without a data folder, since what is published must outlive the process.
    pub(crate) fn start(
        setup: EditionsSetup,
        live: &Live,
        reference: &ReferenceArguments,
    ) -> Result<Option<Editions>, Failure> {
        let Some(data) = setup.data else { return Ok(None) };
        let keeping = Keeping::open(&data).map_err(Failure::question)?;
        let known = keeping.list().map_err(Failure::question)?;
        for (id, why) in known.iter().filter_map(|(id, known)| Some((id, known.as_ref().err()?))) {
            tracing::error!(edition = id, %why, "an edition is damaged; restore its file from a backup");
        }
        tracing::info!(
            editions = known.len(),
            key = keeping.public_key(),
            "editions are signed with this key"
        );
        let calendar = live.calendar();
        let told = content::hash_of_files(&[(String::new(), format!("{calendar:?}"))]);
        Ok(Some(Editions(Arc::new(Inner {
            settings: setup.settings,
            schedule: setup.schedule,
            sources: setup.sources,
            catalogue: reference_data::catalogue(reference.sets.as_deref())?,
            calendar,
            calendar_hash: told,
            keeping,
            known: Mutex::new(known),
            views: Mutex::default(),
            closing: Mutex::default(),
        }))))
    }

    /// Every edition, newest period first, then by number.
    pub(super) async fn all(&self) -> Vec<(String, Known)> {
        let known = self.0.known.lock().await;
        let mut all: Vec<(String, Known)> =
            known.iter().map(|(id, known)| (id.clone(), known.clone())).collect();
        all.sort_by_key(|(_, known)| {
            std::cmp::Reverse(known.as_ref().ok().map(|entry| (entry.period.end(), entry.number)))
        });
        all
    }

    /// One edition.
    pub(super) async fn entry(&self, id: &str) -> Result<Entry, Problem> {
        let known = self.0.known.lock().await;
        match known.get(id) {
            None => Err(Problem::unknown("edition", format!("there is no edition {id}"))),
            Some(Err(why)) => Err(Problem::Damaged(why.clone())),
            Some(Ok(entry)) => Ok(entry.clone()),
        }
    }

    /// The periods that are to be closed and are not, of those that are counted here.
    pub(super) async fn due(&self, live: &Live) -> Vec<Due> {
        let (now, snapshot) = (live.now(), live.snapshot());
        let known = self.0.known.lock().await;
        let is_closed = |period: Period| known.contains_key(&content::id(period, 1));
        let due = self.0.schedule.due(now, &self.0.calendar).into_iter();
        due.filter(|due| !is_closed(due.period) && snapshot.period(due.period).is_some()).collect()
    }

    /// The key editions are signed with, to be written down elsewhere.
    pub(super) fn public_key(&self) -> &str {
        self.0.keeping.public_key()
    }

    /// From how many delayed dossiers on a delay is a repeated one.
    pub(super) fn repeated_from(&self) -> u64 {
        self.0.settings.repeated_from
    }
}

/// The editions of a server that has a data folder and stands alone.
pub(super) fn of(server: &Server) -> Result<&Editions, Problem> {
    server.editions.as_ref().ok_or_else(|| {
        let advice =
            "editions are made by a server that stands alone (`--role all`) and has a data folder (--data)";
        Problem::elsewhere("editions_elsewhere", advice)
    })
}
