//! A reader asks the owners of all shares for what it has no dossiers for: every count is a list here too.
//!
//! A dossier lies in one share, so lists are put together by adding them; an answer is whole or it is none: a share that
//! cannot be asked is named. Who may see what the reader has decided before it asks. Not here: shapes (`wire`), sums
//! (`merged`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use compute::codes::CodeBook;
use compute::engine::{Line, Story, Who};
use compute::period::Period;
use tokio::sync::Semaphore;
use ureq::http::header::AUTHORIZATION;

use super::answering::Shown;
use super::merged::Merged;
use super::wire::{Answer, Asked, Counted, Question, Side, Whose};
use crate::serve::lists::{Count, LINES_MAX, Portion, Question as ListQuestion};
use crate::serve::problem::Problem;

/// How long a share may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of one answer.
const ANSWER_BYTES_MAX: u64 = 64 << 20;
/// Questions under way to all shares.
const UNDER_WAY_MAX: usize = 64;

/// The way to all shares.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Asking {
    merged: Arc<Merged>,
    agent: ureq::Agent,
    secret: Option<Shown>,
    under_way: Arc<Semaphore>,
}

impl Asking {
    pub(super) fn new(merged: Arc<Merged>, secret: Option<Shown>) -> Asking {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .http_status_as_error(false);
        let under_way = Arc::new(Semaphore::new(UNDER_WAY_MAX));
        Asking { merged, agent: config.build().into(), secret, under_way }
    }

    /// The dossiers behind a count, sorted by their bytes.
    pub(in crate::serve) async fn list(
        &self,
        period: Period,
        who: Who,
        count: &Count,
        codes: &CodeBook,
    ) -> Result<Vec<String>, Problem> {
        let text = |code| codes.names().text(code).to_owned();
        let whose = match who {
            Who::Agency(code) => Whose::Agency(text(code)),
            Who::Officer(code) => Whose::Officer(text(code)),
        };
        let count = match count {
            Count::Indicator(indicator, part) => Counted::Indicator {
                code: indicator.file.code.clone(),
                bits: (indicator.numerator_bit, indicator.denominator_bit),
                side: Side::of(*part),
            },
            Count::Management(count) => Counted::Management { id: count.file.id.clone(), bit: count.bit },
        };
        let mut listed = Vec::new();
        for (share, answer) in self.ask(Question::List { period: period.to_string(), whose, count }).await? {
            match answer {
                Answer::List(codes) => listed.extend(codes),
                Answer::NoList(why) => return Err(Problem::unknown("list", why)),
                other => return Err(strange(share, &other)),
            }
        }
        listed.sort_unstable();
        Ok(listed)
    }

    /// A part of a list, and how long the whole is.
    pub(in crate::serve) async fn part_of_list(
        &self,
        question: ListQuestion,
        book: &CodeBook,
    ) -> Result<Portion, Problem> {
        let ListQuestion { period, who, count, by_due, from, limit } = question;
        let codes = self.list(period, who, &count, book).await?;
        let is_by_due = by_due && codes.len() <= LINES_MAX;
        let end = codes.len().min(from.saturating_add(limit.min(LINES_MAX)));
        let wanted = if is_by_due { &codes[..] } else { &codes[from.min(end)..end] };
        let mut lines = self.lines(wanted.to_vec(), book).await?;
        if is_by_due {
            lines.sort_by_key(|line| (line.seconds_left.is_none(), line.seconds_left));
            // What has moved on since the list was made is no longer there.
            let end = end.min(lines.len());
            lines = lines.drain(from.min(end)..end).collect();
        }
        Ok(Portion { codes, lines, is_by_due })
    }

    /// What is known of these dossiers, in their order.
    pub(in crate::serve) async fn lines(
        &self,
        codes: Vec<String>,
        book: &CodeBook,
    ) -> Result<Vec<Line>, Problem> {
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        let mut found: HashMap<String, Line> = HashMap::new();
        for (share, answer) in self.ask(Question::Lines(codes.clone())).await? {
            let Answer::Lines(lines) = answer else { return Err(strange(share, &answer)) };
            found.extend(lines.into_iter().map(|line| line.line(book)).map(|line| (line.code.clone(), line)));
        }
        Ok(codes.iter().filter_map(|code| found.remove(code)).collect())
    }

    /// A dossier's story.
    pub(in crate::serve) async fn story(
        &self,
        dossier: String,
        book: &CodeBook,
    ) -> Result<Option<Story>, Problem> {
        for (share, answer) in self.ask(Question::Story(dossier)).await? {
            match answer {
                Answer::Story(None) => {}
                Answer::Story(Some(told)) => {
                    let story = told.story(book);
                    let of_another =
                        || unreachable_share(share, "it speaks of what this release does not know");
                    return story.map(Some).ok_or_else(of_another);
                }
                other => return Err(strange(share, &other)),
            }
        }
        Ok(None)
    }

    /// Asks every share; all answers or none.
    async fn ask(&self, question: Question) -> Result<Vec<(i32, Answer)>, Problem> {
        let asked = Asked { fingerprint: self.merged.fingerprint().to_owned(), question };
        let asked = Arc::new(serde_json::to_vec(&asked).unwrap_or_default());
        let mut asking = Vec::new();
        for (share, owner) in self.merged.owners()? {
            let permit = Arc::clone(&self.under_way).try_acquire_owned().map_err(|_| Problem::Busy)?;
            let (agent, asked, secret) = (self.agent.clone(), Arc::clone(&asked), self.secret.clone());
            asking.push((
                share,
                tokio::task::spawn_blocking(move || {
                    let answer = ask_one(&agent, &format!("{owner}/api/v1/shares/{share}"), &asked, secret);
                    drop(permit);
                    answer.map_err(|why| format!("its worker at {owner}: {why}"))
                }),
            ));
        }
        let mut answers = Vec::new();
        for (share, answer) in asking {
            let answer = answer.await.map_err(|_| Problem::Stopped)?;
            match answer.map_err(|why| unreachable_share(share, &why))? {
                Answer::NotNow(why) => return Err(unreachable_share(share, &why)),
                answer => answers.push((share, answer)),
            }
        }
        Ok(answers)
    }
}

fn ask_one(agent: &ureq::Agent, url: &str, asked: &[u8], secret: Option<Shown>) -> Result<Answer, String> {
    let mut request = agent.post(url).header("content-type", "application/json");
    if let Some(secret) = secret {
        request = request.header(AUTHORIZATION, secret.header());
    }
    let mut answer = request.send(asked).map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("it answers {}; have both the same worker_secret_file?", answer.status()));
    }
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    serde_json::from_slice(&body.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
}

/// A list without one share's dossiers would be a lie.
fn unreachable_share(share: i32, why: &str) -> Problem {
    Problem::NotReachable(format!(
        "share {share} cannot be asked for its dossiers: {why}; ask again in a moment"
    ))
}

fn strange(share: i32, answer: &Answer) -> Problem {
    tracing::error!(share, ?answer, "a share answers something else");
    unreachable_share(share, "it answers something else")
}
