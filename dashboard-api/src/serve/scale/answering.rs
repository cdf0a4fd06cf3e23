//! A worker answers what a reader asks of its shares: lists and stories, from the state its counts come from.
//!
//! Who may see what was decided by the reader; a worker answers whoever shows the secret that both have, and without one
//! only this machine. Not here: the question's shape (`wire`), the share's thread (`share`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path as InPath, State};
use axum::http::{HeaderMap, header};
use axum::response::Json;
use compute::engine::{Engine, ListError, Who};
use compute::period::Period;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::told::WorkerServer;
use super::wire::{Answer, Asked, Counted, Question, ToldLine, ToldStory, Whose};
use crate::command::Failure;
use crate::serve::problem::Problem;

/// Questions that may wait for one share.
const WAITING_MAX: usize = 64;
/// How long a share may take to answer; the reader waits a little longer.
const PATIENCE: Duration = Duration::from_secs(4);
/// The fewest letters of a secret.
const SECRET_MIN: usize = 16;
/// What stands before the secret.
const BEARER: &str = "Bearer ";

/// A secret as it is compared: by its hash, so that no comparison tells where two differ.
#[derive(Clone)]
pub(crate) struct Shown {
    text: String,
    hash: [u8; 32],
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(not shown)")
    }
}

impl Shown {
    /// Reads it from its file.
    pub(crate) fn read(path: &Path) -> Result<Shown, Failure> {
        let wrong = |what: String| {
            Failure::question(format!("settings of kafka: worker_secret_file: {}: {what}", path.display()))
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let text = text.trim().to_owned();
        if text.len() < SECRET_MIN || !text.bytes().all(|letter| letter.is_ascii_graphic()) {
            return Err(wrong(format!("a secret has at least {SECRET_MIN} letters and no spaces")));
        }
        let hash = Sha256::digest(&text).into();
        Ok(Shown { text, hash })
    }

    /// The header a reader shows.
    pub(super) fn header(&self) -> String {
        format!("{BEARER}{}", self.text)
    }

    fn is_in(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|text| text.strip_prefix(BEARER)).unwrap_or_default();
        let hash: [u8; 32] = Sha256::digest(shown).into();
        hash == self.hash
    }
}

/// A question on its way to a share's thread.
pub(super) struct Waiting {
    asked: Asked,
    answer: oneshot::Sender<Answer>,
}

/// The shares of this process that can be asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Doors(Arc<Mutex<BTreeMap<i32, SyncSender<Waiting>>>>);

impl Doors {
    /// Questions to this share go here from now on.
    pub(super) fn open(&self, share: i32) -> Receiver<Waiting> {
        let (door, questions) = sync_channel(WAITING_MAX);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(share, door);
        questions
    }

    pub(super) fn close(&self, share: i32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&share);
    }

    async fn ask(&self, share: i32, asked: Asked) -> Answer {
        let door = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&share).cloned();
        let Some(door) = door else {
            return Answer::NotNow("this process no longer has the share".to_owned());
        };
        let (answer, answered) = oneshot::channel();
        match door.try_send(Waiting { asked, answer }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Answer::NotNow("too much is asked of the share".to_owned()),
            Err(TrySendError::Disconnected(_)) => return Answer::NotNow("the share was left".to_owned()),
        }
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Answer::NotNow("the share was left".to_owned()),
            Err(_) => Answer::NotNow("the share has much to do".to_owned()),
        }
    }
}

/// `POST /api/v1/shares/{share}`.
pub(super) async fn share(
    State(server): State<WorkerServer>,
    InPath(share): InPath<i32>,
    headers: HeaderMap,
    Json(asked): Json<Asked>,
) -> Result<Json<Answer>, Problem> {
    // Where people are asked who they are nobody is told without being asked.
    if server.working.status().address().is_empty() {
        let advice = "this worker tells nobody; give it worker_secret_file, or worker_address, under [kafka]";
        return Err(Problem::elsewhere("lists_at_workers", advice));
    }
    if server.secret.as_ref().is_some_and(|secret| !secret.is_in(&headers)) {
        return Err(Problem::SignIn("show the secret of worker_secret_file"));
    }
    Ok(Json(server.working.status().doors().ask(share, asked).await))
}

/// On the share's thread: answers what waits.
pub(super) fn answer_all(questions: &Receiver<Waiting>, engine: &mut Engine, own: (&str, bool)) {
    while let Ok(Waiting { asked, answer }) = questions.try_recv() {
        // The asker may have gone; then nobody wants the answer.
        let _ = answer.send(answered(asked, engine, own));
    }
}

fn answered(asked: Asked, engine: &mut Engine, (fingerprint, is_current): (&str, bool)) -> Answer {
    if asked.fingerprint != fingerprint {
        return Answer::NotNow(
            "the share is counted by another release, indicator set or calendar".to_owned(),
        );
    }
    if !is_current {
        return Answer::NotNow("the share is catching up".to_owned());
    }
    let codes = engine.codes();
    match asked.question {
        Question::List { period, whose, count } => match list(engine, &period, &whose, &count) {
            Ok(codes) => Answer::List(codes),
            Err(ListError::AtRest(why)) => Answer::NotNow(why),
            Err(error) => Answer::NoList(error.to_string()),
        },
        Question::Lines(wanted) => match engine.lines(&wanted) {
            Ok(lines) => {
                let names = codes.names();
                Answer::Lines(lines.into_iter().map(|line| ToldLine::of(line, &names)).collect())
            }
            Err(error) => Answer::NotNow(error.to_string()),
        },
        Question::Story(dossier) => match engine.story(&dossier) {
            Ok(story) => {
                let names = codes.names();
                Answer::Story(story.map(|story| Box::new(ToldStory::of(story, &names))))
            }
            Err(error) => Answer::NotNow(error.to_string()),
        },
    }
}

fn list(engine: &Engine, period: &str, whose: &Whose, count: &Counted) -> Result<Vec<String>, ListError> {
    let Some(period) = Period::parse(period) else { return Ok(Vec::new()) };
    let codes = engine.codes();
    let find = |text: &str| codes.names().find(text);
    let who = match whose {
        Whose::Agency(code) => find(code).map(Who::Agency),
        Whose::Officer(code) => find(code).map(Who::Officer),
    };
    // Whoever no event of this share names has nothing in it.
    let Some(who) = who else { return Ok(Vec::new()) };
    let catalogue = engine.catalogue();
    match count {
        Counted::Indicator { code, bits, side } => {
            let mut all = catalogue.sets.iter().flat_map(|set| &set.indicators);
            let found =
                all.find(|one| one.file.code == *code && (one.numerator_bit, one.denominator_bit) == *bits);
            found.map_or(Ok(Vec::new()), |indicator| engine.list(period, who, indicator, side.part()))
        }
        Counted::Management { id, bit } => {
            let mut all = catalogue.sets.iter().flat_map(|set| &set.management);
            let found = all.find(|one| one.file.id == *id && one.bit == *bit);
            found.map_or(Ok(Vec::new()), |count| engine.list_of_count(period, who, count))
        }
    }
}
