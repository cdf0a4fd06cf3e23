//! Senders: a made-up province's events in batches of odd sizes, sent again until they are acknowledged.
//!
//! What was answered 202 is remembered, and so is how much; a server may be killed at any moment, and nobody here
//! minds. Not here: what the events count to (`truth`).

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use acceptance_tests::server::{self, Answer, Server};
use ingest::simulate::{AgencyCounts, Plan, Stream};
use serde_json::Value;

/// Events of the largest batch.
const BATCH_EVENTS_MAX: u64 = 500;
/// Before a sender that was refused comes again.
const PAUSE: Duration = Duration::from_millis(2);
/// Senders at once.
const SENDERS: usize = 3;
/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// The seed of a run.
pub(crate) fn seed() -> u64 {
    std::env::var("NHIP_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Chance from a seed.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

/// About so many events of the first quarter of 2026, with ten times the usual disorder.
pub(crate) fn events(seed: u64, events: u64) -> Vec<String> {
    let mut plan = Plan {
        seed,
        events,
        agencies: AgencyCounts { departments: 3, communes: 6 },
        officers: 25,
        procedures: 30,
        petitions: 60,
        ..Plan::default()
    };
    plan.disorder.duplicates *= 10;
    plan.disorder.corrections *= 10;
    plan.disorder.late_arrivals *= 10;
    plan.disorder.shuffled *= 10;
    let mut stream = Stream::new(&plan);
    let mut lines = Vec::new();
    while let Some((_, line)) = stream.next_line() {
        lines.push(String::from_utf8(line.to_vec()).unwrap());
    }
    lines
}

/// How many different events there are among `lines`: a source and an id are one event.
pub(crate) fn identities(lines: &[String]) -> u64 {
    let identity = |line: &String| {
        let event: Value = serde_json::from_str(line).unwrap();
        (event["source"].to_string(), event["id"].to_string())
    };
    lines.iter().map(identity).collect::<BTreeSet<_>>().len() as u64
}

/// Events as the body of one request.
pub(crate) fn body(lines: &[String]) -> Vec<u8> {
    format!("[{}]", lines.join(",")).into_bytes()
}

/// Sends a body once; nothing when nobody answered.
pub(crate) fn send(address: &str, body: &[u8]) -> Option<Answer> {
    let kind = "content-type: application/cloudevents-batch+json\r\n";
    server::ask(address, "POST", "/api/v1/events", kind, body)
}

/// Sends events until they are acknowledged.
pub(crate) fn send_all(server: &Server, lines: &[String]) {
    for batch in lines.chunks(1000) {
        let body = body(batch);
        let is_taken = || send(server.address(), &body).is_some_and(|answer| answer.status == 202);
        assert!(server::within(PATIENCE, is_taken), "refused:\n{}", server.stderr());
    }
}

/// What is to be sent, and how much was acknowledged. Nothing acknowledged is sent again: it would hide a loss.
pub(crate) struct Load {
    waiting: Mutex<VecDeque<Vec<String>>>,
    events: u64,
    acknowledged: AtomicU64,
}

impl Load {
    /// `lines` in batches of chance sizes.
    pub(crate) fn of(lines: &[String], chance: &mut Chance) -> Load {
        let (mut waiting, mut rest) = (VecDeque::new(), lines);
        while !rest.is_empty() {
            let size = usize::try_from(1 + chance.below(BATCH_EVENTS_MAX)).unwrap().min(rest.len());
            waiting.push_back(rest[..size].to_vec());
            rest = &rest[size..];
        }
        Load { waiting: Mutex::new(waiting), events: lines.len() as u64, acknowledged: AtomicU64::new(0) }
    }

    /// Events that were answered 202.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    /// Whether each event has been acknowledged.
    pub(crate) fn is_done(&self) -> bool {
        self.acknowledged() == self.events
    }

    /// Sends to `address` with several senders while `meanwhile` runs, which hears the answers as they come, until it
    /// ends or everything is acknowledged.
    pub(crate) fn while_sending<T>(&self, address: &str, meanwhile: impl FnOnce(&Receiver<u16>) -> T) -> T {
        let (tell, answers) = channel();
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..SENDERS {
                let (tell, is_over) = (tell.clone(), &is_over);
                scope.spawn(move || self.run_sender(address, is_over, &tell));
            }
            drop(tell);
            // A test that fails does not wait for its senders.
            let _over = Over(&is_over);
            meanwhile(&answers)
        })
    }

    /// Sends until everything is acknowledged.
    pub(crate) fn send_rest(&self, address: &str) {
        self.while_sending(address, |answers| while answers.recv_timeout(PATIENCE).is_ok() {});
        assert!(self.is_done(), "every event is acknowledged at last");
    }

    fn run_sender(&self, address: &str, is_over: &AtomicBool, tell: &Sender<u16>) {
        let waiting = || self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while !is_over.load(Ordering::Acquire) && !self.is_done() {
            let next = waiting().pop_front();
            let Some(batch) = next else {
                // What others have under way may come back.
                std::thread::sleep(PAUSE);
                continue;
            };
            let status = send(address, &body(&batch)).map_or(0, |answer| answer.status);
            assert!(matches!(status, 0 | 202 | 503 | 507), "{status} is no answer to good events");
            if status == 202 {
                self.acknowledged.fetch_add(batch.len() as u64, Ordering::AcqRel);
            } else {
                waiting().push_front(batch);
                std::thread::sleep(PAUSE);
            }
            // Whoever listens may have heard enough.
            let _ = tell.send(status);
        }
    }
}

/// Tells the senders that it is over.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
