//! Why a figure is what it is: what changed, what was lost, what would be, worked out beside the engine.
//!
//! The engine's thread only lifts events out, a portion at a time between its steps; the rest is done on a thread of
//! its own from that excerpt, one question at a time. Not here: how points are parted (`compute::change`).

mod api;
mod earlier;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use compute::change::{Change, ChangeError, Standing};
use compute::codes::Code;
use compute::engine::{Engine, Excerpt, Happened, Line, Survey, Who};
use compute::facts::Subject;
use compute::forecast;
use compute::instant::Instant;
use compute::period::Period;
use compute::set::IndicatorSet;
use tokio::sync::{Mutex, Semaphore};

pub(super) use api::{changes, forecasts, losses};
pub(super) use earlier::{AsOf, Earlier};

use super::lists::LINES_MAX;
use super::live::{Live, Refused};
use super::problem::Problem;

/// Subjects looked at between two steps of the engine.
const PORTION: usize = 20_000;
/// How long an excerpt is good for.
const KEPT_FOR: Duration = Duration::from_secs(5);
/// Excerpts kept.
const KEPT_MAX: usize = 4;
/// How long a question waits for the one before it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Dossiers told by name in an answer.
pub(super) const TOLD_MAX: usize = 100;

/// Of whom, of which period, since when.
type Kept = (Who, Period, Moment, Arc<Excerpt>);

/// Excerpts taken lately, and whose turn it is.
#[derive(Debug)]
pub(super) struct Why {
    // Held while one is taken: the second who asks waits for the first.
    kept: Mutex<Vec<Kept>>,
    turn: Semaphore,
}

impl Default for Why {
    fn default() -> Why {
        Why { kept: Mutex::default(), turn: Semaphore::new(1) }
    }
}

/// A question about one unit in one period under one set.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) unit: Code,
    pub(super) period: Period,
    pub(super) set: IndicatorSet,
}

/// What changed, with what is known of the dossiers that made it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) from: Instant,
    pub(super) to: Instant,
    pub(super) change: Change,
    /// By dossier, of the first that matter: how it stands at the later instant (of a forecast: if nothing is done), and
    /// what happened to it in between.
    pub(super) dossiers: HashMap<String, (Line, Vec<Happened>)>,
}

/// A share of what was lost.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    /// A procedure or an officer; `None` for what is no dossier, or has none.
    pub(super) code: Option<Code>,
    pub(super) dossiers: usize,
    pub(super) share: i64,
}

/// What was lost, and by whom.
#[derive(Debug)]
pub(super) struct Losses {
    pub(super) answer: Answer,
    pub(super) by_procedure: Vec<Lost>,
    pub(super) by_officer: Vec<Lost>,
}

/// What would be at an instant to come.
#[derive(Debug)]
pub(super) struct Forecast {
    /// Now.
    pub(super) now: Standing,
    /// From nothing done to the dossiers finished, both at the instant asked about.
    pub(super) answer: Answer,
    /// How many are thought finished.
    pub(super) finished: usize,
}

/// What a look at whole dossiers found.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) survey: Survey,
    /// The first of the flagged dossiers, as they stand.
    pub(super) lines: Vec<Line>,
}

/// Which dossiers are thought finished.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Finished {
    /// Those overdue, and those that fall due until then.
    Due,
    /// Those overdue.
    Overdue,
    /// All whose clock runs.
    Open,
}

impl Why {
    /// What changed since `from`.
    pub(super) async fn changed(&self, live: &Live, about: About, from: Instant) -> Result<Answer, Problem> {
        self.work(live, about, move |excerpt, about| {
            let to = excerpt.as_of();
            if from >= to {
                return Err(Problem::malformed("from", "choose an instant that has passed"));
            }
            let mut engine = excerpt.engine();
            let change = Change::between(&mut engine, about.unit, &about.set, (from, to)).map_err(problem)?;
            Answer::of((&mut engine, None), about, change, (from, to))
        })
        .await
    }

    /// What lies between full points and what is.
    pub(super) async fn lost(&self, live: &Live, about: About) -> Result<Losses, Problem> {
        self.work(live, about, |excerpt, about| {
            let mut engine = excerpt.engine();
            let now = standing(&mut engine, about, excerpt.as_of())?;
            let change = Change::of(now.in_full(&about.set), now, &about.set);
            let by = lost_by(&mut engine, about, &change)?;
            let at = excerpt.as_of();
            let answer = Answer::of((&mut engine, None), about, change, (at, at))?;
            Ok(Losses { answer, by_procedure: by.0, by_officer: by.1 })
        })
        .await
    }

    /// What `by` would bring if dossiers were finished, against nothing being done.
    pub(super) async fn forecast(
        &self,
        live: &Live,
        about: About,
        by: Instant,
        finished: Finished,
    ) -> Result<Forecast, Problem> {
        self.work(live, about, move |excerpt, about| {
            let now_at = excerpt.as_of();
            if by <= now_at {
                return Err(Problem::malformed("by", "choose an instant that is to come"));
            }
            let mut idle = excerpt.engine();
            let now = standing(&mut idle, about, now_at)?;
            let chosen = chosen(&mut idle, about, (now_at, by), finished)?;
            let before = standing(&mut idle, about, by)?;
            let mut busy = excerpt.engine();
            forecast::finish(&mut busy, &chosen);
            let after = standing(&mut busy, about, by)?;
            let change = Change::of(before, after, &about.set);
            let answer = Answer::of((&mut idle, Some(&busy)), about, change, (now_at, by))?;
            Ok(Forecast { now, answer, finished: chosen.len() })
        })
        .await
    }

    /// Irregularities, waiting filings, handling times.
    pub(super) async fn surveyed(&self, live: &Live, about: About) -> Result<Surveyed, Problem> {
        self.work(live, about, |excerpt, about| {
            let mut engine = excerpt.engine();
            engine.advance(excerpt.as_of()).map_err(|_| Refused::Stopped)?;
            let survey = engine.survey(about.period);
            let codes = survey.flagged.iter().take(LINES_MAX).map(|flagged| flagged.dossier.clone());
            let codes: Vec<String> = codes.collect();
            let lines = engine.lines(&codes).map_err(|_| Refused::Stopped)?;
            Ok(Surveyed { survey, lines })
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        live: &Live,
        about: About,
        question: impl FnOnce(&Excerpt, &About) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.work_on(live, (Who::Agency(about.unit), about.period), move |excerpt| question(excerpt, &about))
            .await
    }

    async fn work_on<T: Send + 'static>(
        &self,
        live: &Live,
        (who, period): (Who, Period),
        question: impl FnOnce(&Excerpt) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = tokio::time::timeout(PATIENCE, self.turn.acquire()).await;
        let _turn = turn.map_err(|_| Problem::Busy)?.map_err(|_| Problem::Stopped)?;
        let excerpt = self.excerpt(live, who, period).await?;
        let work = tokio::task::spawn_blocking(move || question(&excerpt));
        work.await.map_err(|_| Problem::Stopped)?
    }

    async fn excerpt(&self, live: &Live, who: Who, period: Period) -> Result<Arc<Excerpt>, Problem> {
        let mut kept = self.kept.lock().await;
        kept.retain(|(_, _, at, _)| at.elapsed() < KEPT_FOR);
        if let Some((.., known)) = kept.iter().find(|(of, within, ..)| (*of, *within) == (who, period)) {
            return Ok(Arc::clone(known));
        }
        let too_large = |error: compute::engine::ExcerptError| Problem::unknown("excerpt", error.to_string());
        let begun = live.ask(move |worker| worker.engine.excerpt(who, period)).await?;
        let mut excerpt = begun.map_err(too_large)?;
        loop {
            let portion = move |worker: &mut super::worker::Worker| {
                let more = worker.engine.lift(&mut excerpt, PORTION);
                more.map(|more| (more, excerpt))
            };
            let (more, next) = live.ask(portion).await?.map_err(too_large)?;
            excerpt = next;
            if !more {
                break;
            }
        }
        let excerpt = Arc::new(excerpt);
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push((who, period, Moment::now(), Arc::clone(&excerpt)));
        Ok(excerpt)
    }
}

impl Answer {
    /// Dossiers stand as `engine` says; what happened to them says `other`, if there is one.
    fn of(
        (engine, other): (&mut Engine, Option<&Engine>),
        about: &About,
        change: Change,
        (from, to): (Instant, Instant),
    ) -> Result<Answer, Problem> {
        let subjects = change.subjects(&about.set);
        let dossiers = subjects.iter().filter(|one| one.subject == Subject::Dossier).take(TOLD_MAX);
        let codes: Vec<String> = dossiers.map(|one| one.code.clone()).collect();
        let lines = engine.lines(&codes).map_err(|_| Refused::Stopped)?;
        let dossiers = lines.into_iter().map(|line| {
            let happened = other.unwrap_or(engine).happened(&line.code, from, to);
            (line.code.clone(), (line, happened))
        });
        Ok(Answer { from, to, dossiers: dossiers.collect(), change })
    }
}

fn standing(engine: &mut Engine, about: &About, at: Instant) -> Result<Standing, Problem> {
    engine.advance(at).map_err(|_| Refused::Stopped)?;
    Standing::of(engine, about.unit, &about.set).map_err(problem)
}

fn problem(error: ChangeError) -> Problem {
    match error {
        ChangeError::Compute(_) => Problem::Stopped,
        other => Problem::unknown("standing", other.to_string()),
    }
}

/// The dossiers thought finished, each when it falls due, or at the end.
fn chosen(
    engine: &mut Engine,
    about: &About,
    (now, by): (Instant, Instant),
    finished: Finished,
) -> Result<Vec<(String, Instant)>, Problem> {
    let Some(open) = about.set.management.iter().find(|count| count.file.id == "in_progress") else {
        return Err(Problem::unknown("count", "the indicator set has no count in_progress"));
    };
    let codes = engine.list_of_count(about.period, Who::Agency(about.unit), open);
    let codes = codes.map_err(|error| Problem::unknown("list", error.to_string()))?;
    let lines = engine.lines(&codes).map_err(|_| Refused::Stopped)?;
    let running = lines.into_iter().filter(|line| !line.is_stopped && line.ended_at.is_none());
    let chosen = running.filter(|line| match finished {
        Finished::Overdue => line.is_late,
        Finished::Due => line.is_late || line.due.is_some_and(|due| due < by),
        Finished::Open => true,
    });
    // What falls due before then is finished in time; the rest just before the end.
    let last = by.just_before();
    Ok(chosen
        .map(|line| {
            let at = line.due.filter(|due| !line.is_late && now < *due && *due < last).unwrap_or(last);
            (line.code, at)
        })
        .collect())
}

/// What dossiers lost, by procedure and by officer, the most first.
fn lost_by(engine: &mut Engine, about: &About, change: &Change) -> Result<(Vec<Lost>, Vec<Lost>), Problem> {
    let subjects = change.subjects(&about.set);
    let dossiers = subjects.iter().filter(|one| one.subject == Subject::Dossier);
    let shares: HashMap<&str, i64> = dossiers.map(|one| (one.code.as_str(), one.share)).collect();
    let codes: Vec<String> = shares.keys().map(|code| (*code).to_owned()).collect();
    let lines = engine.lines(&codes).map_err(|_| Refused::Stopped)?;
    let (mut procedures, mut officers) = (HashMap::new(), HashMap::new());
    for line in &lines {
        let share = shares.get(line.code.as_str()).copied().unwrap_or(0);
        for (lost, code) in [(&mut procedures, line.procedure), (&mut officers, line.officer)] {
            let one: &mut (usize, i64) = lost.entry(code).or_default();
            *one = (one.0 + 1, one.1 + share);
        }
    }
    let others = change.share() - shares.values().sum::<i64>();
    let listed = |lost: HashMap<Option<Code>, (usize, i64)>| {
        let all = lost.into_iter().map(|(code, (dossiers, share))| Lost { code, dossiers, share });
        let mut all: Vec<Lost> = all.collect();
        all.sort_by_key(|lost| (lost.share, lost.code.map(Code::index)));
        if others != 0 {
            all.push(Lost { code: None, dossiers: 0, share: others });
        }
        all
    };
    Ok((listed(procedures), listed(officers)))
}

/// What kind of thing a subject is.
pub(super) fn kind(subject: Subject) -> &'static str {
    match subject {
        Subject::Dossier => "dossier",
        Subject::Petition => "petition",
        Subject::Procedure => "procedure",
        Subject::Agency => "agency",
    }
}
