//! What must outlive the process: alerts, what is remembered, messages owed, and what became of the last ones.
//!
//! Alerts and the messages that tell of them change in one transaction, before anything is sent: a message may be sent
//! twice after a crash, with the same id, and none is lost. Not here: bytes on disk (`store`).

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Book, BookChange, BookError};

use crate::alert::{Alert, Key};
use crate::desk::{Desk, KeySet, Memory};
use crate::message::{Message, Outcome};
use crate::outbox::Outbox;

/// Tables of the book.
const ALERTS: &str = "alerts";
const MEMORY: &str = "memory";
const MESSAGES: &str = "messages";
const ATTEMPTS: &str = "attempts";
/// Tries that are remembered; the oldest are dropped.
pub(crate) const ATTEMPTS_MAX: u64 = 1000;

/// One try to send a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// The message.
    pub message: String,
    /// The channel's name.
    pub channel: String,
    /// One line.
    pub subject: String,
    /// When, in seconds since 1970.
    pub at: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it failed.
    pub why: Option<String>,
}

/// What was kept.
#[derive(Clone, Default, Debug)]
pub struct Kept {
    /// Alerts.
    pub alerts: Vec<Alert>,
    /// What is remembered besides.
    pub memory: Memory,
    /// Channels.
    pub outbox: Outbox,
    /// Messages that are owed.
    pub messages: Vec<Message>,
    /// The last tries, oldest first.
    pub attempts: Vec<Attempt>,
    /// There was nothing.
    pub is_new: bool,
}

/// The book of alerts.
#[derive(Debug)]
pub struct Keeping {
    book: Book,
    next_message: u64,
    next_attempt: u64,
}

impl Keeping {
    /// Opens the book at `path`, or one in memory, and reads it.
    ///
    /// # Errors
    /// [`BookError`] when it is damaged; entries of another shape are passed over.
    pub fn open(path: Option<&Path>) -> Result<(Keeping, Kept), BookError> {
        let book = path.map_or_else(Book::in_memory, Book::open)?;
        let mut kept = Kept::default();
        let mut keeping = Keeping { book, next_message: 1, next_attempt: 1 };
        let Keeping { book, next_message, next_attempt } = &mut keeping;
        book.read(ALERTS, |_, value| kept.alerts.extend(read::<Alert>(value)))?;
        let mut has_memory = false;
        book.read(MEMORY, |key, value| match key {
            b"desk" => {
                has_memory = true;
                kept.memory = read(value).unwrap_or_default();
            }
            _ => kept.outbox = read(value).unwrap_or_default(),
        })?;
        kept.is_new = !has_memory;
        book.read(MESSAGES, |key, value| {
            *next_message = (*next_message).max(number(key) + 1);
            kept.messages.extend(read::<Message>(value));
        })?;
        book.read(ATTEMPTS, |key, value| {
            *next_attempt = (*next_attempt).max(number(key) + 1);
            kept.attempts.extend(read::<Attempt>(value));
        })?;
        Ok((keeping, kept))
    }

    /// The book, for a backup.
    pub fn book(&self) -> Book {
        self.book.clone()
    }

    /// Keeps what a step changed, and the messages it brought, which get their numbers here.
    pub fn keep(
        &mut self,
        desk: &Desk,
        changed: &KeySet,
        outbox: &Outbox,
        messages: &mut [Message],
    ) -> Result<(), BookError> {
        let mut entries: Vec<BookChange> = Vec::with_capacity(changed.len() + messages.len() + 2);
        entries.extend(changed.iter().map(|key| change(ALERTS, name(key), desk.alert(key))));
        for message in messages {
            message.number = self.next_message;
            self.next_message += 1;
            entries.push(change(MESSAGES, message.number.to_be_bytes().to_vec(), Some(&*message)));
        }
        entries.push(change(MEMORY, b"desk".to_vec(), Some(desk.memory())));
        entries.push(change(MEMORY, b"outbox".to_vec(), Some(outbox)));
        self.book.write(&entries)
    }

    /// Notes what became of a message: it stays owed only if it failed.
    pub fn note(&mut self, message: &Message, attempt: &Attempt) -> Result<(), BookError> {
        let owed = (attempt.outcome == Outcome::Failed).then_some(message);
        let place = self.next_attempt;
        self.next_attempt += 1;
        let mut changes = vec![
            change(MESSAGES, message.number.to_be_bytes().to_vec(), owed),
            change(ATTEMPTS, place.to_be_bytes().to_vec(), Some(attempt)),
        ];
        if let Some(old) = place.checked_sub(ATTEMPTS_MAX) {
            changes.push(change::<Attempt>(ATTEMPTS, old.to_be_bytes().to_vec(), None));
        }
        self.book.write(&changes)
    }
}

fn name(key: &Key) -> Vec<u8> {
    [key.rule.as_str(), &key.subject, &key.cause].join("\0").into_bytes()
}

fn change<T: Serialize>(table: &'static str, key: Vec<u8>, value: Option<&T>) -> BookChange {
    let value = value.map(|value| serde_json::to_vec(value).expect("what is kept is JSON"));
    BookChange { table, key, value }
}

fn read<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    serde_json::from_slice(value)
        .inspect_err(
            |error| tracing::warn!(%error, "an entry of alerts has another shape and is passed over"),
        )
        .ok()
}

fn number(key: &[u8]) -> u64 {
    key.try_into().map_or(0, u64::from_be_bytes)
}
