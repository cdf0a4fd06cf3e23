//! What is behind a count: the engine asked for codes and lines, so much at a time that intake is not held up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use compute::engine::{CodePage, Line, ListError, Part, Who};
use compute::facts::Subject;
use compute::period::Period;
use compute::set::{Indicator, Management};

use super::live::{Live, Refused};
use super::problem::Problem;
use super::worker::Worker;

/// Lines folded for one question; more are sorted by code only.
pub(super) const LINES_MAX: usize = 2000;

/// Lines asked for at once where a whole list is wanted: some two thousandths of a second of the engine's thread.
pub(super) const LISTED_AT_ONCE: usize = 500;

/// How long the answer to a question that many pages ask is good for.
const KEPT_FOR: Duration = Duration::from_secs(2);
/// Answers kept.
const KEPT_MAX: usize = 256;

/// Which unit, in which period, under which set.
type Urgent = (Period, compute::codes::Code, String);

/// When it was asked, and a portion for each count.
type Answered = (Instant, Arc<Vec<Portion>>);

/// The dossiers of a unit that are due soon or overdue, asked for once for everybody who looks at the unit.
#[derive(Debug, Default)]
pub(super) struct UrgentLists {
    // Held while the engine is asked: the second who asks waits for the answer of the first.
    kept: tokio::sync::Mutex<HashMap<Urgent, Answered>>,
}

impl UrgentLists {
    /// The first `limit` of each of `counts`, the most urgent first.
    pub(super) async fn of(
        &self,
        live: &Live,
        (period, unit, set): Urgent,
        counts: &[&Management],
        limit: usize,
    ) -> Result<Arc<Vec<Portion>>, Problem> {
        let key = (period, unit, set);
        let mut kept = self.kept.lock().await;
        if let Some((_, known)) = kept.get(&key).filter(|(at, _)| at.elapsed() < KEPT_FOR) {
            return Ok(Arc::clone(known));
        }
        let mut portions = Vec::with_capacity(counts.len());
        for count in counts {
            let count = Count::Management(Box::new((*count).clone()));
            let question = Question { period, who: Who::Agency(unit), count, by_due: true, from: 0, limit };
            portions.push(live.part_of_list(question).await?);
        }
        if kept.len() >= KEPT_MAX {
            kept.retain(|_, (at, _)| at.elapsed() < KEPT_FOR);
        }
        let portions = Arc::new(portions);
        kept.insert(key, (Instant::now(), Arc::clone(&portions)));
        Ok(portions)
    }
}

/// A count with a list behind it.
#[derive(Clone, Debug)]
pub(super) enum Count {
    /// One side of an indicator, or what costs its points.
    Indicator(Box<Indicator>, Part),
    /// A figure without points.
    Management(Box<Management>),
}

impl Count {
    /// What the list is of.
    pub(super) fn subject(&self) -> Subject {
        match self {
            Count::Indicator(indicator, _) => indicator.subject(),
            Count::Management(count) => count.file.subject,
        }
    }
}

/// Which list, whose, and which part of it.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) period: Period,
    pub(super) who: Who,
    pub(super) count: Count,
    /// The most urgent first, where there are few enough.
    pub(super) by_due: bool,
    /// The first entry wanted, from 0, and how many.
    pub(super) from: usize,
    pub(super) limit: usize,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub(super) struct Portion {
    /// The codes of the whole list.
    pub(super) codes: Vec<String>,
    /// The part wanted, with what is known of each; empty when they are no dossiers.
    pub(super) lines: Vec<Line>,
    pub(super) is_by_due: bool,
}

impl Live {
    /// A part of a list, and how long the whole is.
    pub(super) async fn part_of_list(&self, question: Question) -> Result<Portion, Problem> {
        if let Some(asking) = self.asking.as_ref().filter(|_| question.count.subject() == Subject::Dossier) {
            return asking.part_of_list(question, &self.codes()).await;
        }
        if let (Some(_), Count::Indicator(indicator, part)) = (&self.asking, &question.count)
            && question.count.subject() != Subject::Petition
        {
            let codes = self.list(question.period, question.who, (**indicator).clone(), *part).await?;
            return Ok(Portion { codes, lines: Vec::new(), is_by_due: false });
        }
        let answered = self.ask(move |worker| {
            let Question { period, who, count, by_due, from, limit } = question;
            let engine = &mut worker.engine;
            let codes = match &count {
                Count::Indicator(indicator, part) => engine.list(period, who, indicator, *part),
                Count::Management(count) => engine.list_of_count(period, who, count),
            };
            let codes = match codes {
                Ok(codes) => codes,
                Err(error) => return Ok(Err(error)),
            };
            if count.subject() != Subject::Dossier {
                return Ok(Ok(Portion { codes, lines: Vec::new(), is_by_due: false }));
            }
            let is_by_due = by_due && codes.len() <= LINES_MAX;
            let end = codes.len().min(from.saturating_add(limit.min(LINES_MAX)));
            let lines = if is_by_due {
                let mut all = engine.lines(&codes)?;
                all.sort_by_key(|line| (line.seconds_left.is_none(), line.seconds_left));
                all.drain(from.min(end)..end).collect()
            } else {
                engine.lines(&codes[from.min(end)..end])?
            };
            Ok(Ok(Portion { codes, lines, is_by_due }))
        });
        // An archive that cannot be read stops the engine.
        let answered = answered.await?.map_err(|_: compute::ComputeError| Refused::Stopped)?;
        answered.map_err(no_list)
    }

    /// A page of the subjects behind a count: the codes after one of them, so many.
    pub(super) async fn list_page(
        &self,
        (period, who): (Period, Who),
        (indicator, part): (Indicator, Part),
        (after, limit): (Option<&str>, usize),
    ) -> Result<CodePage, Problem> {
        if self.asking.is_some() {
            let listed = self.list(period, who, indicator, part).await?;
            let listed = listed.iter().map(String::as_str).collect();
            return Ok(CodePage::of(&listed, after, limit));
        }
        let after = after.map(str::to_owned);
        let question = move |worker: &mut Worker| {
            worker.engine.list_page((period, who), (&indicator, part), (after.as_deref(), limit))
        };
        self.ask(question).await?.map_err(no_list)
    }

    /// What is known of some dossiers, at most [`LINES_MAX`].
    pub(super) async fn lines(&self, codes: Vec<String>) -> Result<Vec<Line>, Problem> {
        if let Some(asking) = &self.asking {
            return asking.lines(codes[..codes.len().min(LINES_MAX)].to_vec(), &self.codes()).await;
        }
        let asked = self.ask(move |worker| worker.engine.lines(&codes[..codes.len().min(LINES_MAX)]));
        Ok(asked.await?.map_err(|_| Refused::Stopped)?)
    }
}

/// Why there is no list, for whoever asked.
pub(super) fn no_list(error: ListError) -> Problem {
    match error {
        ListError::AtRest(why) => Problem::NotReadable(why),
        other => Problem::unknown("list", other.to_string()),
    }
}
