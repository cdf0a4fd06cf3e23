//! What one request brought: events ready for the engine, their lines for the log, and what was set aside.

use compute::codes::LocalCodes;
use compute::engine::Routed;
use compute::instant::Instant;

use super::ledger::Ledger;
use super::set_aside::SetAsideMessage;
use crate::rejection::Rejection;
use crate::{decode, encode};

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
    /// When it arrived.
    pub arrived: Instant,
}

impl Accepted {
    /// Nothing yet; `routed` is an empty batch of the engine's.
    pub fn new(routed: Routed, arrived: Instant) -> Accepted {
        let (lines, set_aside, came) = (Vec::new(), Vec::new(), Ledger::default());
        Accepted { routed, lines, events: 0, set_aside, came, arrived }
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
        match decode::decode(bytes) {
            Ok(draft) => {
                encode::line(&draft, self.arrived, &mut self.lines);
                self.lines.push(b'\n');
                self.routed.push(&draft, codes);
                self.came.of(&draft.source).accepted += 1;
                self.events += 1;
                Ok(())
            }
            Err(rejection) => {
                let message = SetAsideMessage::new(bytes, &rejection, via, position, self.arrived);
                self.came.of(message.source.as_deref().unwrap_or_default()).set_aside += 1;
                self.set_aside.push(message.to_bytes());
                Err(rejection)
            }
        }
    }
}
