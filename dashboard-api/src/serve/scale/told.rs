//! How workers and readers stand: what they say on health, and what they answer to questions that are not theirs.
//!
//! A worker serves health and metrics, and answers readers about its shares; a reader has no dossiers and asks for them. Not
//! here: shares themselves (`share`), sums (`merged`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Json};
use axum::routing::{get, post};
use ingest::kafka::{SharedStatus, Status, Turn};
use serde_json::{Value, json};

use super::answering::{self, Doors, Shown};
use super::reading::Reading;
use super::worker::Working;
use crate::serve::problem::Problem;
use crate::telemetry::Telemetry;

/// Bytes of one question: codes of as many dossiers as a list tells of at once.
const QUESTION_BYTES_MAX: usize = 8 << 20;

/// Where a share stands.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Step {
    /// Its former owner is fenced, its state looked for.
    #[default]
    Taking,
    /// Messages that were there are read.
    CatchingUp,
    /// Everything is counted as it comes.
    Current,
    /// Its thread met a bug; it is not counted any more.
    Broken,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Step::Taking => "taking",
            Step::CatchingUp => "catching_up",
            Step::Current => "current",
            Step::Broken => "broken",
        }
    }
}

/// One share of a worker.
#[derive(Clone, Default, Debug)]
pub(super) struct ShareStatus {
    pub(super) step: Step,
    pub(super) position: Option<i64>,
    pub(super) gaps: u64,
    pub(super) misplaced: u64,
    pub(super) set_aside: u64,
    pub(super) consumed: u64,
    pub(super) saved_bytes: Option<u64>,
    pub(super) trouble: Option<String>,
}

/// All of a worker.
#[derive(Clone, Default, Debug)]
struct WorkerStatus {
    shares: BTreeMap<i32, ShareStatus>,
    fenced: u64,
    published: u64,
    group: Status,
    exchange: ExchangeCounts,
    trouble: Option<String>,
}

/// What became of exchange messages in this process.
#[derive(Clone, Default, Debug)]
struct ExchangeCounts {
    messages: u64,
    events: u64,
    set_aside: u64,
    gaps: u64,
    trouble: Option<String>,
}

/// The same, written by its threads and read by others.
#[derive(Clone, Debug)]
pub(super) struct SharedWorking {
    member: String,
    inner: Arc<Mutex<WorkerStatus>>,
    letters: SharedStatus,
    doors: Doors,
    address: Arc<OnceLock<String>>,
    telemetry: Telemetry,
}

impl SharedWorking {
    pub(super) fn new(member: &str, telemetry: Telemetry) -> SharedWorking {
        SharedWorking {
            member: member.to_owned(),
            inner: Arc::default(),
            letters: SharedStatus::default(),
            doors: Doors::default(),
            address: Arc::default(),
            telemetry,
        }
    }

    fn held(&self) -> MutexGuard<'_, WorkerStatus> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self, share: i32, change: impl FnOnce(&mut ShareStatus)) {
        change(self.held().shares.entry(share).or_default());
    }

    pub(super) fn forget(&self, share: i32) {
        self.held().shares.remove(&share);
    }

    /// Told once.
    pub(super) fn note_broken(&self, share: i32) {
        let mut held = self.held();
        let status = held.shares.entry(share).or_default();
        if status.step != Step::Broken {
            status.step = Step::Broken;
            tracing::error!(share, "the thread of a share has broken; it is not counted any more");
        }
    }

    pub(super) fn note_fenced(&self) {
        self.held().fenced += 1;
    }

    pub(super) fn note_published(&self) {
        self.held().published += 1;
    }

    pub(super) fn note_rejected(&self, reason: &str) {
        self.telemetry.rejected.with_label_values(&[reason]).inc();
    }

    /// Where questions to shares go.
    pub(super) fn doors(&self) -> &Doors {
        &self.doors
    }

    /// Where readers ask this process; empty: nowhere.
    pub(super) fn address(&self) -> String {
        self.address.get().cloned().unwrap_or_default()
    }

    /// It is known where readers ask this process.
    pub(super) fn set_address(&self, address: String) {
        // The first is the one that was listened on.
        let _ = self.address.set(address);
    }

    /// What became of dead letters, written by who sends them.
    pub(super) fn letters(&self) -> &SharedStatus {
        &self.letters
    }

    /// Exchange messages were mapped.
    pub(super) fn note_mapped(&self, turn: &Turn) {
        for rejection in &turn.rejections {
            self.note_rejected(rejection.reason.code());
        }
        for (finding, count) in &turn.findings {
            self.telemetry.findings.with_label_values(&[finding.code()]).inc_by(*count);
        }
        let mut held = self.held();
        let counts = &mut held.exchange;
        counts.messages += turn.messages;
        counts.events += turn.events;
        counts.set_aside += turn.rejections.len() as u64;
        counts.gaps += turn.gaps;
        counts.trouble = None;
    }

    /// Exchange messages are not mapped for now.
    pub(super) fn note_unmapped(&self, trouble: String) {
        self.held().exchange.trouble = Some(trouble);
    }

    pub(super) fn note_group(&self, group: Status) {
        let mut held = self.held();
        (held.group, held.trouble) = (group, None);
    }

    pub(super) fn note_trouble(&self, trouble: Option<String>) {
        self.held().trouble = trouble;
    }

    fn told(&self) -> Value {
        let (status, letters) = (self.held().clone(), self.letters.read());
        let is_current = status.shares.values().all(|share| share.step == Step::Current);
        let is_complete = status.exchange.gaps == 0
            && status.shares.values().all(|share| share.gaps == 0 && share.misplaced == 0);
        let word = match (is_current, is_complete) {
            (_, false) => "incomplete",
            (false, true) => "catching_up",
            (true, true) => "ok",
        };
        let exchange = &status.exchange;
        let shares = status.shares.iter().map(|(number, share)| {
            json!({
                "share": number, "step": share.step.name(), "position": share.position, "gaps": share.gaps,
                "misplaced": share.misplaced, "set_aside": share.set_aside, "consumed": share.consumed,
                "saved_bytes": share.saved_bytes, "trouble": share.trouble,
            })
        });
        json!({
            "status": word, "role": "worker", "member": self.member, "group": status.group.group,
            "shares": shares.collect::<Vec<_>>(), "fenced": status.fenced, "published": status.published,
            "rebalances": status.group.rebalances,
            "exchange": {
                "messages": exchange.messages, "events": exchange.events, "set_aside": exchange.set_aside,
                "gaps": exchange.gaps, "trouble": exchange.trouble,
            },
            "dead_letters": { "produced": letters.dead_letters.produced, "failed": letters.dead_letters.failed },
            "trouble": status.trouble.or(status.group.trouble).or(letters.trouble),
        })
    }

    fn note_metrics(&self) {
        let status = self.held().clone();
        let metrics = &self.telemetry.scale;
        self.telemetry.kafka.note_letters(self.letters.read().dead_letters);
        let current = status.shares.values().filter(|share| share.step == Step::Current).count();
        let incomplete = status.shares.values().filter(|share| share.gaps + share.misplaced > 0).count();
        metrics.note_worker([status.shares.len(), current, incomplete], status.fenced, status.published);
    }
}

/// What a worker's answers come from.
#[derive(Clone, Debug)]
pub(crate) struct WorkerServer {
    pub(crate) working: Working,
    /// What readers show; without one whoever is on this machine is answered.
    pub(crate) secret: Option<Shown>,
    pub(crate) telemetry: Telemetry,
}

/// All that a worker serves.
pub(crate) fn worker_router(server: WorkerServer) -> Router {
    Router::new()
        .route("/livez", get(|| async { "live\n" }))
        .route("/readyz", get(|| async { "ready\n" }))
        .route("/metrics", get(metrics))
        .route("/api/v1/health", get(worker_health))
        .route("/api/v1/shares/{share}", post(answering::share))
        .layer(DefaultBodyLimit::max(QUESTION_BYTES_MAX))
        .fallback(not_a_workers)
        .with_state(server)
}

async fn worker_health(State(server): State<WorkerServer>) -> Json<Value> {
    Json(server.working.status().told())
}

async fn metrics(State(server): State<WorkerServer>) -> impl IntoResponse {
    server.working.status().note_metrics();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], server.telemetry.text())
}

async fn not_a_workers(uri: Uri) -> Problem {
    let detail = format!(
        "{} is not served by a worker: events come over Kafka, figures are served by `nhip serve --role reader`",
        uri.path()
    );
    Problem::elsewhere("role_worker", detail)
}

/// What a reader answers to what only a server that stands alone has; `None` for what it serves itself.
pub(in crate::serve) fn elsewhere(path: &str) -> Option<Problem> {
    let problem = match path {
        "/api/v1/events" | "/api/v1/exchange" => Problem::elsewhere(
            "intake_at_topics",
            "a reader takes no events; send them to the topics of Kafka (`nhip replay --to kafka`)",
        ),
        path if path.starts_with("/api/v1/rejects") || path.starts_with("/api/v1/backups") => {
            Problem::elsewhere(
                "no_data_folder",
                "a reader keeps nothing: events are kept by Kafka, what was not understood is in the topic of dead letters",
            )
        }
        _ => return None,
    };
    Some(problem)
}

/// Notes how a reader stands, for its metrics.
pub(in crate::serve) fn note_metrics(reading: &Reading, telemetry: &Telemetry) {
    let merged = reading.merged().told();
    let missing = merged.wanted.unwrap_or(0).saturating_sub(merged.shares.len());
    telemetry.scale.note_reader(missing, merged.why_incomplete.len());
}

/// Adds how shares stand to a reader's health.
pub(in crate::serve) fn health(reading: &Reading, told: &mut Value) {
    let merged = reading.merged().told();
    let known: Vec<i32> = merged.shares.iter().map(|share| share.share).collect();
    let missing: Vec<i32> = (0..i32::try_from(merged.wanted.unwrap_or(0)).unwrap_or(0))
        .filter(|share| !known.contains(share))
        .collect();
    let shares = merged.shares.iter().map(|share| {
        let state = &share.state;
        json!({
            "share": share.share, "owner": state.owner, "as_of": state.as_of,
            "age_seconds": share.age_seconds, "positions": state.positions, "is_counted": share.is_counted,
            "is_complete": state.is_complete(), "gaps": state.gaps, "misplaced": state.misplaced,
            "set_aside": state.set_aside, "consumed": state.consumed, "applied": state.applied,
            "duplicate": state.duplicate, "superseded": state.superseded,
        })
    });
    told["role"] = json!("reader");
    told["shares"] = shares.collect();
    told["shares_wanted"] = json!(merged.wanted);
    told["shares_missing"] = json!(missing);
    told["identities_clashing"] = json!(merged.clashes);
    told["incomplete"] = json!(merged.why_incomplete);
    told["trouble"] = json!(merged.trouble);
    if told["status"] == "ok" && !merged.why_incomplete.is_empty() {
        told["status"] = json!("incomplete");
    }
}
