//! Closing a period: its rows out of the engine, a portion at a time, and sealed on a thread of their own.
//!
//! What changes while rows are lifted makes them begin again; after [`TRIES`] they are lifted in one go, so that closing
//! ends however busy the period is. Not here: which rows (`compute`), who may close (`acts`).

use compute::engine::{FreezeError, Frozen, Lifted};
use compute::instant::Instant;
use compute::period::Period;
use editions::case::{Act, Case, Done};
use editions::content::{self, Content, Head, Judged};
use editions::schedule::objections_until;
use editions::seal::root_of;

use super::keeping::Part;
use super::{Editions, Entry, NUMBER_MAX};
use crate::serve::live::{Live, Refused};
use crate::serve::problem::Problem;

/// Subjects looked at between two steps of the engine.
const PORTION: usize = 20_000;
/// How often rows are lifted in portions before they are lifted in one go.
const TRIES: usize = 3;
/// Units may object for so long at most.
const OBJECTION_SECONDS_MAX: u64 = 60 * 86_400;

impl Editions {
    /// Closes a period for the first time, or revises what was published of it; the edition's name.
    pub(super) async fn close(
        &self,
        live: &Live,
        by: &str,
        (period, reason, until): (Period, Option<String>, Option<Instant>),
    ) -> Result<String, Problem> {
        let Ok(_turn) = self.0.closing.try_lock() else { return Err(Problem::Busy) };
        let now = live.now();
        if !self.0.schedule.allows(period, now) {
            return Err(Problem::Impossible(format!(
                "{period} is not over, and is not due to be closed before that"
            )));
        }
        if until.is_some_and(|until| until < now || until.seconds_since(now) > OBJECTION_SECONDS_MAX) {
            return Err(Problem::malformed("objections_until", "choose an instant of the next 60 days"));
        }
        let (number, before) = self.number_of(period).await?;
        if number > 1 && reason.is_none() {
            return Err(Problem::malformed("reason", "say why the published result is revised"));
        }
        let carried = match &before {
            Some(id) => {
                let view = self.view(id).await?;
                Some((view.root.clone(), view.content.judged.clone()))
            }
            None => None,
        };
        let (frozen, log_offset) = frozen(live, period).await?;
        let head = Head {
            number,
            log_offset: live.log().is_some().then_some(log_offset),
            calendar_hash: self.0.calendar_hash.clone(),
            sources: self.0.sources.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            revises: carried.as_ref().map(|(root, _)| root.clone()),
            reason: reason.clone(),
            names_officers: None,
        };
        let judged: Vec<Judged> = carried.map(|(_, judged)| judged).unwrap_or_default();
        let until = until.unwrap_or_else(|| {
            objections_until(now, self.0.settings.objection_working_days, &self.0.calendar)
        });
        self.keep(Content { head, frozen, judged }, (by, now, reason), until).await
    }

    /// The number the next edition of a period has, and the name of the one before it.
    async fn number_of(&self, period: Period) -> Result<(u32, Option<String>), Problem> {
        let known = self.0.known.lock().await;
        let mut before = None;
        for number in 1..=NUMBER_MAX {
            let id = content::id(period, number);
            match known.get(&id) {
                None => return Ok((number, before)),
                Some(Err(why)) => return Err(Problem::Damaged(why.clone())),
                Some(Ok(entry)) if entry.case.published.is_none() => {
                    let stage = entry.case.stage.name();
                    return Err(Problem::Impossible(format!(
                        "edition {id} is {stage} and not published yet"
                    )));
                }
                Some(Ok(_)) => before = Some(id),
            }
        }
        Err(Problem::Impossible(format!("{period} has {NUMBER_MAX} editions already")))
    }

    /// Seals what was frozen, and begins its case.
    async fn keep(
        &self,
        content: Content,
        (by, now, reason): (&str, Instant, Option<String>),
        until: Instant,
    ) -> Result<String, Problem> {
        let (inner, by) = (std::sync::Arc::clone(&self.0), by.to_owned());
        let kept = tokio::task::spawn_blocking(move || {
            let lines =
                content.lines(&inner.catalogue).map_err(|error| Problem::Damaged(error.to_string()))?;
            let (id, period, number) = (content.id(), content.frozen.period, content.head.number);
            let act = Act::Closed {
                root: root_of(&lines),
                as_of: content.frozen.as_of.to_local(),
                objections_until: until.to_local(),
                reason,
            };
            let acts = vec![Done { at: now.to_local(), by, act }];
            let case = Case::of(&acts).map_err(Problem::Damaged)?;
            inner.keeping.write_sealed(&id, Part::Frozen, &lines).map_err(Problem::NotKept)?;
            inner.keeping.write_acts(&id, &acts).map_err(Problem::NotKept)?;
            Ok::<_, Problem>((id, Entry { period, number, acts, case }))
        });
        let (id, entry) = kept.await.map_err(|_| Problem::Stopped)??;
        tracing::info!(edition = id, "a period is closed");
        self.0.known.lock().await.insert(id.clone(), Ok(entry));
        Ok(id)
    }
}

/// Everything a period's figures rest on, as of now, and the log offset counted.
pub(super) async fn frozen(live: &Live, period: Period) -> Result<(Frozen, u64), Problem> {
    let (lifted, offset) = lifted(live, period).await?;
    let finished = tokio::task::spawn_blocking(move || lifted.finish());
    let frozen = finished.await.map_err(|_| Problem::Stopped)?.map_err(problem)?;
    Ok((frozen, offset))
}

async fn lifted(live: &Live, period: Period) -> Result<(Lifted, u64), Problem> {
    for _ in 0..TRIES {
        let freezing = live.ask(move |worker| worker.engine.freeze(period)).await?.map_err(problem)?;
        let read = tokio::task::spawn_blocking(move || {
            let mut freezing = freezing;
            freezing.read_archive().map(|()| freezing)
        });
        let mut freezing = read.await.map_err(|_| Problem::Stopped)?.map_err(problem)?;
        loop {
            let portion = move |worker: &mut super::super::worker::Worker| {
                let more = worker.engine.freeze_some(&mut freezing, PORTION);
                (more, freezing)
            };
            let (more, next) = live.ask(portion).await?;
            freezing = next;
            if !more {
                break;
            }
        }
        let rest =
            live.ask(move |worker| worker.engine.freeze_rest(freezing).map(|rest| (rest, worker.offset)));
        match rest.await? {
            Ok(lifted) => return Ok(lifted),
            Err(FreezeError::Moved) => {}
            Err(error) => return Err(problem(error)),
        }
    }
    let whole =
        live.ask(move |worker| worker.engine.freeze_whole(period).map(|whole| (whole, worker.offset)));
    whole.await?.map_err(problem)
}

fn problem(error: FreezeError) -> Problem {
    match error {
        FreezeError::Unknown(_) => Problem::unknown("period", error.to_string()),
        FreezeError::NotBegun(_) => Problem::Impossible(error.to_string()),
        FreezeError::Moved => Problem::from(Refused::Busy),
        FreezeError::AtRest(why) => Problem::NotReadable(why),
        FreezeError::Torn(why) => Problem::Damaged(why),
    }
}
