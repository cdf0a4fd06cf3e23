//! A channel's thread: sends what it owes, the oldest due first, and says what became of each try.
//!
//! Each message has pauses of its own, so that one that is never taken holds up no other. Not here: one try (`alerts::Channel`, `ingest::kafka::AlertsTopic`), keeping (`watch`).

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alerts::{Attempt, Channel, Message, Outcome};
use ingest::kafka::{AlertsTopic, Stop};

use super::super::live::Live;
use super::{Handed, Question};
use crate::command::Failure;

/// Between two looks at the clock, and whether it is to end.
const BEAT: Duration = Duration::from_millis(50);
/// Failures in a row from which a channel counts as dead.
const DEAD_AFTER: u32 = 3;

/// How a channel stands.
#[derive(Clone, Debug, Default)]
pub(in crate::serve) struct ChannelState(Arc<Mutex<Standing>>);

#[derive(Clone, Debug, Default)]
pub(in crate::serve) struct Standing {
    /// Messages it owes.
    pub(in crate::serve) owed: u64,
    /// Failures since the last success.
    pub(in crate::serve) failures: u32,
    /// Why it failed last.
    pub(in crate::serve) trouble: Option<String>,
    /// When it last took one, in seconds since 1970.
    pub(in crate::serve) last_delivered: Option<i64>,
}

impl Standing {
    /// It has failed several times in a row.
    pub(in crate::serve) fn is_dead(&self) -> bool {
        self.failures >= DEAD_AFTER
    }
}

impl ChannelState {
    pub(in crate::serve) fn read(&self) -> Standing {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn owe(&self, more: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).owed += more;
    }

    fn note(&self, outcome: Outcome, why: Option<&str>, now: i64) {
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        standing.trouble = why.map(str::to_owned);
        match outcome {
            Outcome::Delivered => (standing.failures, standing.last_delivered) = (0, Some(now)),
            Outcome::Failed | Outcome::GivenUp => standing.failures = standing.failures.saturating_add(1),
        }
        if outcome != Outcome::Failed {
            standing.owed = standing.owed.saturating_sub(1);
        }
    }
}

/// How messages of a channel go.
pub(super) enum Way {
    /// Posted, or as mail.
    Post(Box<Channel>),
    /// To a topic; the channel's name.
    Topic(String, Box<AlertsTopic>),
    /// Nowhere: the channel of this name is in the settings no more. What it is owed fails, is shown, and is given up
    /// when it is a day old; a channel of the name that is put back before that sends it.
    Removed(String),
}

impl Way {
    /// The channel's name.
    pub(super) fn name(&self) -> &str {
        match self {
            Way::Post(channel) => &channel.settings().name,
            Way::Topic(name, _) | Way::Removed(name) => name,
        }
    }

    /// One try.
    fn send(&mut self, message: &Message, now: i64) -> Result<(), String> {
        match self {
            Way::Post(channel) => channel.send(message, now),
            Way::Removed(_) => Err("the channel is not in the settings; put it back".to_owned()),
            Way::Topic(_, topic) => topic.send(&message.id, &message.body).map_err(|error| error.to_string()),
        }
    }
}

/// The thread's own.
pub(super) struct Sender {
    channel: Way,
    live: Live,
    stop: Stop,
    questions: SyncSender<Question>,
    /// By the instant of the next try, then in the order they were made.
    waiting: BTreeMap<(i64, u64), Message>,
}

impl Sender {
    pub(super) fn new(channel: Way, live: Live, stop: Stop, questions: SyncSender<Question>) -> Sender {
        Sender { channel, live, stop, questions, waiting: BTreeMap::new() }
    }

    /// Starts the thread; what is handed to it is sent.
    pub(super) fn start(self, state: ChannelState) -> Result<Handed, Failure> {
        let (handed, queue) = channel();
        let name = format!("alerts-{}", self.channel.name());
        let name: String = name.chars().take(15).collect();
        super::super::live::spawn(&name, move || self.run(&queue, &state))?;
        Ok(handed)
    }

    fn run(mut self, queue: &Receiver<Message>, state: &ChannelState) {
        while !self.stop.is_asked() {
            match queue.recv_timeout(BEAT) {
                Ok(message) => {
                    self.waiting.insert((message.next_try, message.number), message);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while let Some(message) = self.next_due() {
                self.send(message, state);
                if self.stop.is_asked() {
                    return;
                }
            }
        }
    }

    fn now(&self) -> i64 {
        self.live.now().unix_seconds()
    }

    fn next_due(&mut self) -> Option<Message> {
        let (due, _) = *self.waiting.first_key_value()?.0;
        if due > self.now() {
            return None;
        }
        self.waiting.pop_first().map(|(_, message)| message)
    }

    fn send(&mut self, mut message: Message, state: &ChannelState) {
        let now = self.now();
        let sent = self.channel.send(&message, now);
        let outcome = match &sent {
            Ok(()) => Outcome::Delivered,
            Err(_) => message.put_off(self.live.now()),
        };
        let why = sent.err();
        if outcome == Outcome::Failed && !state.read().is_dead() {
            let (channel, id) = (&message.channel, &message.id);
            tracing::warn!(%channel, %id, why = why.as_deref().unwrap_or_default(), "a message is tried again later");
        }
        if outcome == Outcome::GivenUp {
            tracing::error!(channel = %message.channel, id = %message.id, "a message is given up after a day");
        }
        state.note(outcome, why.as_deref(), now);
        let attempt = Attempt {
            message: message.id.clone(),
            channel: message.channel.clone(),
            subject: message.subject.clone(),
            at: now,
            outcome,
            why,
        };
        self.tell(message.clone(), attempt);
        if outcome == Outcome::Failed {
            self.waiting.insert((message.next_try, message.number), message);
        }
    }

    /// Tells whoever keeps it; waits while they are busy.
    fn tell(&self, message: Message, attempt: Attempt) {
        let mut question: Question = Box::new(move |watcher| watcher.note(&message, attempt));
        while !self.stop.is_asked() {
            match self.questions.try_send(question) {
                Err(TrySendError::Full(back)) => question = back,
                Ok(()) | Err(TrySendError::Disconnected(_)) => return,
            }
            std::thread::sleep(BEAT);
        }
    }
}
