//! What one request, or one batch from a broker, brought: events ready for the engine, their lines for the log, and what was set aside.

use compute::codes::LocalCodes;
use compute::engine::Routed;
use compute::event::Draft;
use compute::instant::Instant;

use super::consumed::Begin;
use super::ledger::Ledger;
use super::set_aside::SetAsideMessage;
use crate::rejection::{Reason, Rejection};
use crate::{decode, encode, exchange};

/// Events and messages of one request.
#[derive(Debug)]
pub struct Accepted {
    /// For [`compute::engine::Engine::apply`].
    pub routed: Routed,
    /// The events as the log keeps them, a line each.
    pub lines: Vec<u8>,
    /// How many events.
    pub events: u32,
    /// Messages set aside, as the log keeps them.
    pub set_aside: Vec<Vec<u8>>,
    /// How much came from each source.
    pub came: Ledger,
    /// Where it takes up each partition of a broker; the log takes it only if it has come that far and no further.
    pub begins: Vec<Begin>,
    /// When it arrived.
    pub arrived: Instant,
}

impl Accepted {
    /// Nothing yet; `routed` is an empty batch of the engine's.
    pub fn new(routed: Routed, arrived: Instant) -> Accepted {
        let (lines, set_aside, came, begins) = (Vec::new(), Vec::new(), Ledger::default(), Vec::new());
        Accepted { routed, lines, events: 0, set_aside, came, begins, arrived }
    }

    /// Makes room for the lines of so many bytes of events, so that they are not copied as they grow.
    pub fn reserve(&mut self, bytes: usize) {
        // A line is its event and when it arrived.
        self.lines.reserve(bytes + bytes / 4);
    }

    /// Takes one event, or sets it aside; `via` and `position` say where it stood.
    ///
    /// # Errors
    /// The [`Rejection`] of a message that was set aside.
    pub fn take(
        &mut self,
        bytes: &[u8],
        via: &str,
        position: usize,
        codes: &mut LocalCodes,
    ) -> Result<(), Rejection> {
        self.take_from(bytes, || via.to_owned(), position, codes)
    }

    /// As [`Accepted::take`], unless `may` refuses the event: then nothing of it is kept, since it is not its sender's.
    ///
    /// # Errors
    /// The [`Rejection`] of a message that was set aside or refused.
    pub fn take_if(
        &mut self,
        bytes: &[u8],
        via: &str,
        position: usize,
        codes: &mut LocalCodes,
        may: impl FnOnce(&Draft<'_>) -> Result<(), Rejection>,
    ) -> Result<(), Rejection> {
        match decode::decode(bytes) {
            Ok(draft) => may(&draft).map(|()| self.put(&draft, codes)),
            Err(rejection) => {
                self.set_aside(bytes, &rejection, via, position);
                Err(rejection)
            }
        }
    }

    /// As [`Accepted::take`]; where it stood is put into words only if it is set aside.
    ///
    /// # Errors
    /// The [`Rejection`] of a message that was set aside.
    pub fn take_from(
        &mut self,
        bytes: &[u8],
        via: impl FnOnce() -> String,
        position: usize,
        codes: &mut LocalCodes,
    ) -> Result<(), Rejection> {
        match decode::decode(bytes) {
            Ok(draft) => {
                self.put(&draft, codes);
                Ok(())
            }
            Err(rejection) => {
                self.set_aside(bytes, &rejection, &via(), position);
                Err(rejection)
            }
        }
    }

    fn put(&mut self, draft: &Draft<'_>, codes: &mut LocalCodes) {
        encode::line(draft, self.arrived, &mut self.lines);
        self.lines.push(b'\n');
        self.routed.push(draft, codes);
        self.came.of(&draft.source).accepted += 1;
        self.events += 1;
    }

    /// Takes one national exchange message whole: all the events it makes, or none and it is set aside, as one that
    /// came from `source` by way of `via`.
    pub fn take_exchange(
        &mut self,
        message: &exchange::Message,
        (source, via): (&str, &str),
        position: usize,
        codes: &mut LocalCodes,
    ) {
        match &message.outcome {
            Ok(mapped) => {
                for event in &mapped.events {
                    let taken = self.take(event.line.as_bytes(), via, position, codes);
                    debug_assert!(taken.is_ok(), "an event the mapping made is an event of the contract");
                }
            }
            Err(unmapped) => {
                let message = SetAsideMessage::of_exchange(unmapped, (source, via), position, self.arrived);
                self.put_aside(&message);
            }
        }
    }

    /// Takes national exchange messages that were set aside before; nothing is set aside again.
    ///
    /// # Errors
    /// The [`Rejection`] of the first that cannot be understood now either; then none is taken.
    pub fn retake_exchange(
        &mut self,
        bytes: &[u8],
        source: &str,
        codes: &mut LocalCodes,
    ) -> Result<(), Rejection> {
        let messages = exchange::read(bytes, source);
        if messages.is_empty() {
            return Err(Rejection::whole(Reason::NotObject));
        }
        for message in &messages {
            message.outcome.as_ref().map_err(|unmapped| unmapped.rejection.clone())?;
        }
        for (position, message) in messages.iter().enumerate() {
            self.take_exchange(message, (source, exchange::VIA), position, codes);
        }
        Ok(())
    }

    /// Sets a message aside.
    pub fn set_aside(&mut self, bytes: &[u8], rejection: &Rejection, via: &str, position: usize) {
        let message = SetAsideMessage::new(bytes, rejection, via, position, self.arrived);
        self.put_aside(&message);
    }

    fn put_aside(&mut self, message: &SetAsideMessage) {
        self.came.of(message.source.as_deref().unwrap_or_default()).set_aside += 1;
        self.set_aside.push(message.to_bytes());
    }
}
