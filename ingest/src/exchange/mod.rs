//! National exchange messages become events (events.md, last section; [docs/exchange.md](../../../docs/exchange.md)).
//!
//! Provincial systems already send JSON about their dossiers to the National Public Service Portal. [`read`] takes those
//! bytes as they are, with the source they come from, and gives for every message the events it makes, what is odd about
//! it, or why it was set aside. It knows one message at a time and keeps nothing, so that neither the order of messages
//! nor their number matters. Personal data of applicants reaches no struct (`fields`). Not here: where bytes come from,
//! where events go, any clock.

mod conformance;
mod dossier;
mod event;
mod fields;
mod finding;
mod kept;
mod progress;
mod shape;
mod snapshot;
mod spelling;
mod status;

pub use conformance::{Conformance, Example, FieldCount, FindingCount, NEEDS, Need};
pub use event::MappedEvent;
pub use finding::{Finding, FindingKind};
pub(crate) use spelling::parse_date;
pub use status::Status;

use compute::instant::Instant;
use serde_json::Value;

use crate::rejection::{Reason, Rejection};
use dossier::Dossier;
use event::Telling;
use fields::Fields;
use progress::Progress;

/// How a message came, where what was set aside is listed; with more behind a colon when it came from a broker.
pub const VIA: &str = "exchange";

/// What became of one message.
#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    /// Its dossier's code, if it could be read.
    pub dossier: Option<String>,
    /// What it says, or why it was set aside.
    pub outcome: Result<Mapped, Unmapped>,
    seen: conformance::Seen,
}

/// A message that was understood.
#[derive(Clone, PartialEq, Debug)]
pub struct Mapped {
    /// The events it makes, in the order in which they take effect.
    pub events: Vec<MappedEvent>,
    /// What is odd about it.
    pub findings: Vec<Finding>,
    /// Where it leaves the dossier, and when, if it says so.
    pub status: Option<(Instant, Status)>,
    /// The due date it was accepted with.
    base_due: Option<Instant>,
}

/// A message that was set aside.
#[derive(Clone, PartialEq, Debug)]
pub struct Unmapped {
    /// What is wrong.
    pub rejection: Rejection,
    /// What may be kept of it: the fields the mapping reads, of those that cannot be read only the shape.
    pub kept: Option<Value>,
    /// The message's own bytes, for its hash; they may hold personal data.
    pub sha256: [u8; 32],
    /// Its length in bytes.
    pub bytes: usize,
}

/// Reads all messages in `bytes`, sent by `source`; nothing is dropped, and nothing else is looked at.
pub fn read(bytes: &[u8], source: &str) -> Vec<Message> {
    let mut messages = Vec::new();
    read_each(bytes, source, |message| messages.push(message));
    messages
}

/// The same, a message at a time, for bytes that may hold millions of them.
pub fn read_each(bytes: &[u8], source: &str, mut take: impl FnMut(Message)) {
    for piece in shape::pieces(bytes) {
        take(read_one(&piece, source));
    }
}

/// The one message to set aside when `bytes` hold none.
pub fn nothing_in(bytes: &[u8]) -> Message {
    nothing_read(bytes, Rejection::whole(Reason::NotObject))
}

fn nothing_read(bytes: &[u8], rejection: Rejection) -> Message {
    let outcome = Err(kept::unmapped(bytes, rejection, None));
    Message { dossier: None, outcome, seen: conformance::Seen::default() }
}

fn read_one(piece: &shape::Piece<'_>, source: &str) -> Message {
    if let Some(fault) = &piece.fault {
        return nothing_read(piece.bytes, fault.clone());
    }
    let text = std::str::from_utf8(piece.bytes).unwrap_or_default();
    let Ok(fields) = Fields::read(text) else {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        let reason = if is_json { Reason::NotObject } else { Reason::NotJson };
        return nothing_read(piece.bytes, Rejection::whole(reason));
    };
    let code = fields.row.code("MaHoSo").ok().flatten().map(str::to_owned);
    let mapped = map(&fields, source, piece.sent.as_deref());
    let outcome = mapped.map_err(|rejection| kept::unmapped(piece.bytes, rejection, Some(&fields)));
    Message { dossier: code, outcome, seen: conformance::Seen::of(&fields) }
}

fn map(fields: &Fields, source: &str, sent: Option<&str>) -> Result<Mapped, Rejection> {
    let code = fields.row.code("MaHoSo")?.ok_or(Rejection::field(Reason::Missing, "MaHoSo"))?;
    let sent = match sent {
        None => None,
        Some(text) => {
            Some(spelling::parse_date(text).ok_or(Rejection::field(Reason::NotExchangeDate, "time"))?)
        }
    };
    let (mut telling, mut findings) = (Telling::new(code, source), Vec::new());
    let is_progress = progress::is_progress(fields);
    let progress = is_progress.then(|| Progress::read(&fields.row, sent)).transpose()?;
    let dossier = Dossier::read(fields, sent)?;
    let (mut status, mut base_due) = (None, None);
    if dossier::is_dossier(fields) {
        snapshot::tell(&dossier, &mut telling, &mut findings);
        status = dossier.as_of().zip(dossier.status);
        base_due = dossier.accepted.and(snapshot::base_due(&dossier));
    }
    if let Some(progress) = progress {
        progress.tell(&mut telling, &mut findings);
        status = status.or(progress.status.map(|status| (progress.handled, status)));
    }
    let events = telling.done();
    if events.is_empty() {
        findings.push(Finding { kind: FindingKind::NothingSaid, field: "MaHoSo" });
    }
    // Dates alone are in bounds here, so that this can fail only by a slip of this module.
    for event in &events {
        event.draft()?;
    }
    Ok(Mapped { events, findings, status, base_due })
}

#[cfg(test)]
mod tests;
