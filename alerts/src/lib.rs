//! Alerts: rules on what the engine knows, one alert a cause, and messages that arrive.
//!
//! [`Desk`] is the pure core: observations and the time go in, alerts and notices come out. [`Outbox`] decides which
//! channel takes a notice, [`Keeping`] makes both durable before anything is sent, `channel` sends. It exists apart
//! from the server so that every story of alerts can be told without one.
//!
//! It deliberately observes nothing, has no thread and asks no clock: who runs it does (`dashboard-api`).

mod alert;
mod channel;
mod desk;
mod keeping;
mod message;
mod outbox;
mod rule;
mod settings;
mod text;

pub use alert::{About, Alert, Key, Phase, State};
pub use channel::{Channel, signature};
pub use desk::{ALERTS_MAX, Condition, Desk, DigestLine, KeySet, Memory, Notice, Observation, Refusal, Step};
pub use keeping::{Attempt, Keeping, Kept};
pub use message::{Item, Message, Outcome, pause_after};
pub use outbox::{Outbox, Parcel};
pub use rule::{Level, LookFor, Marks, Rule, RuleError, Severity, Tell};
pub use settings::{ChannelKind, ChannelSettings, Secret, Settings, SettingsError};
pub use text::{Names, Texts, TextsError};
