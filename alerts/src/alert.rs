//! An alert: what it is about, its cause, and how it stands.
//!
//! Rule, subject and cause are its identity: the same cause is the same alert, however often it is heard of. Not here:
//! how it moves from state to state (`desk`).

use std::fmt::Write;

use compute::instant::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What makes an alert this one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Key {
    /// The rule.
    pub rule: String,
    /// The dossier, petition, officer, unit, indicator of a unit, or source.
    pub subject: String,
    /// The due date, the limit, the irregularity, or when the episode began.
    pub cause: String,
}

impl Key {
    /// A name for addresses and messages, the same in every run.
    pub fn id(&self) -> String {
        fingerprint([self.rule.as_str(), &self.subject, &self.cause])
    }
}

/// Sixteen hexadecimal digits for these words.
pub(crate) fn fingerprint<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for word in words {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize()[..8])
}

/// Two hexadecimal digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What kind of thing an alert is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A dossier.
    Dossier,
    /// A petition.
    Petition,
    /// An officer.
    Officer,
    /// A unit, or an indicator of it.
    Unit,
    /// A source.
    Source,
}

/// How an alert stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Beyond its mark, not yet long enough.
    Pending {
        /// When it will have been.
        #[serde(with = "bits")]
        until: Instant,
    },
    /// It holds, and nobody has taken it on.
    Firing,
    /// Somebody has taken it on.
    Acknowledged {
        /// When.
        #[serde(with = "bits")]
        at: Instant,
        /// Who, as given.
        by: String,
    },
    /// Put off.
    Snoozed {
        /// Until when.
        #[serde(with = "bits")]
        until: Instant,
        /// By whom, as given.
        by: String,
        /// Why.
        reason: String,
    },
    /// It no longer holds.
    Resolved {
        /// Since when.
        #[serde(with = "bits")]
        at: Instant,
    },
}

impl State {
    /// The word in files and addresses.
    pub fn name(&self) -> &'static str {
        match self {
            State::Pending { .. } => "pending",
            State::Firing => "firing",
            State::Acknowledged { .. } => "acknowledged",
            State::Snoozed { .. } => "snoozed",
            State::Resolved { .. } => "resolved",
        }
    }

    /// Whether it still holds.
    pub fn is_open(&self) -> bool {
        !matches!(self, State::Resolved { .. })
    }
}

/// What people have not been told of an alert yet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// That it fires.
    Raised,
    /// That nobody has taken it on.
    Escalated,
    /// That it still holds after it was put off.
    Again,
    /// That it is over.
    Resolved,
}

impl Phase {
    /// The word in messages.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Raised => "raised",
            Phase::Escalated => "escalated",
            Phase::Again => "again",
            Phase::Resolved => "resolved",
        }
    }
}

/// An alert.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// What makes it this one.
    #[serde(flatten)]
    pub key: Key,
    /// What it is about.
    pub about: About,
    /// The unit it belongs to; empty for a source.
    pub unit: String,
    /// The officer named last.
    pub officer: Option<String>,
    /// How it stands.
    #[serde(flatten)]
    pub state: State,
    /// From when on its cause holds.
    #[serde(with = "bits")]
    pub since: Instant,
    /// When it was raised.
    #[serde(with = "bits")]
    pub raised_at: Instant,
    /// The due date or limit.
    #[serde(with = "maybe_bits")]
    pub due: Option<Instant>,
    /// What was measured last.
    pub value: Option<i64>,
    /// It held before anyone watched: shown, never told.
    pub is_history: bool,
    /// Who has been told: 0 officer, 1 head of the unit, 2 province office.
    pub step: u8,
    /// When people were told last.
    #[serde(with = "maybe_bits")]
    pub told_at: Option<Instant>,
    /// What they are to be told.
    pub owed: Option<Phase>,
}

impl Alert {
    /// Its name in addresses.
    pub fn id(&self) -> String {
        self.key.id()
    }
}

/// Instants as the bits the core orders them by: exact.
mod bits {
    use compute::instant::Instant;
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(at: &Instant, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.to_bits())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Instant, D::Error> {
        i64::deserialize(from).map(Instant::from_bits)
    }
}

mod maybe_bits {
    use compute::instant::Instant;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(at: &Option<Instant>, to: S) -> Result<S::Ok, S::Error> {
        at.map(Instant::to_bits).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Instant>, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.map(Instant::from_bits))
    }
}
