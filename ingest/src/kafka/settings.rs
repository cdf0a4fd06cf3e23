//! What an operator may choose about Kafka: the table `[kafka]` of the settings file, overlaid by the environment.
//!
//! `NHIP_KAFKA_GROUP` stands for `group`, `NHIP_KAFKA_SECURITY_USER` for `user` of `[kafka.security]`. A name that is
//! not known is refused, since a setting that is silently not used is worse than none. Secrets are never shown.
//! Not here: what librdkafka is told besides (`client`), the environment itself (the caller hands it in).

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use thiserror::Error;
use toml::{Table, Value};

/// What names of the environment begin with.
const PREFIX: &str = "NHIP_KAFKA_";
const SECURITY_PREFIX: &str = "SECURITY_";
/// Topics of events, behind the prefix.
pub(super) const EVENT_TOPICS: [&str; 4] = ["dossiers", "procedures", "petitions", "organisation"];
/// Bytes of a source's name.
const SOURCE_BYTES_MAX: usize = 256;

/// Settings that cannot be used.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A name or value is not known.
    #[error("settings of kafka: {0}")]
    Refused(String),
    /// A variable stands for nothing.
    #[error("{name} stands for no setting of kafka; take it away, or see docs/operations.md for the names")]
    UnknownVariable {
        /// Its name.
        name: String,
    },
    /// A setting that must be given is not.
    #[error("settings of kafka: {name} is missing; {way_out}")]
    Missing {
        /// The setting.
        name: &'static str,
        /// What to do.
        way_out: &'static str,
    },
    /// A file that is named cannot be read.
    #[error("{name}: {path} cannot be read: {error}")]
    File {
        /// The setting.
        name: &'static str,
        /// The file.
        path: String,
        /// Why.
        error: String,
    },
}

/// A word that is used and never shown.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The word itself, for whoever must send it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(not shown)")
    }
}

/// How members of a group agree on who reads what.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupProtocol {
    /// Every broker knows it.
    #[default]
    Classic,
    /// KIP-848, from Kafka 4.0 on: the broker assigns, members do not stop for each other.
    Consumer,
}

/// How the connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Not at all.
    #[default]
    Plaintext,
    /// TLS.
    Ssl,
    /// A name and a password, readable on the wire.
    SaslPlaintext,
    /// A name and a password under TLS.
    SaslSsl,
}

impl Protocol {
    fn signs_in(self) -> bool {
        matches!(self, Protocol::SaslPlaintext | Protocol::SaslSsl)
    }
}

/// How the password is proven.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
pub enum Mechanism {
    /// SCRAM with SHA-512: the password never travels.
    #[default]
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    /// SCRAM with SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// The password itself.
    #[serde(rename = "PLAIN")]
    Plain,
}

/// A topic of national exchange messages; whose they are is said here and never read from a message.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeTopic {
    /// Its name, behind the prefix.
    pub topic: String,
    /// The sending system.
    pub source: String,
}

/// The table `[kafka.security]`.
#[derive(Clone, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Security {
    /// How the connection is protected.
    pub protocol: Protocol,
    /// How the password is proven.
    pub mechanism: Mechanism,
    /// Who signs in.
    pub user: Option<String>,
    /// The password; better a file, or the environment.
    pub password: Option<Secret>,
    /// A file with the password; line ends at its end do not count.
    pub password_file: Option<PathBuf>,
    /// Certificates of those who may have signed the broker's, PEM; the system's if not given.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate, PEM, where the broker asks for one.
    pub certificate_file: Option<PathBuf>,
    /// Its key, PEM.
    pub key_file: Option<PathBuf>,
}

/// The table `[kafka]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Brokers to begin with: `host:port`, several with commas.
    pub bootstrap: String,
    /// What stands before `dossiers`, `procedures`, `petitions`, `organisation`.
    pub topic_prefix: String,
    /// The consumer group.
    pub group: String,
    /// A name of this process that outlives it, so that a restart moves no partition.
    pub instance: Option<String>,
    /// How members of the group agree.
    pub group_protocol: GroupProtocol,
    /// How long the broker waits for a silent member; `classic` only, under `consumer` the broker decides.
    pub session_milliseconds: u32,
    /// The topic for messages that are not understood, whole, without the prefix; none if empty.
    pub dead_letters: String,
    /// Topics of national exchange messages, and who sends them.
    pub exchange: Vec<ExchangeTopic>,
    /// Topic that changed figures go to; empty: none.
    pub figures: String,
    /// Topic that workers share counts by; empty: none.
    pub counts: String,
    /// Where readers reach this worker, `http://host:port`; empty: where it listens, on this machine.
    pub worker_address: String,
    /// A file with the secret that readers show to workers; empty: none.
    pub worker_secret_file: String,
    /// Messages of one batch.
    pub batch_messages: usize,
    /// Bytes of one batch.
    pub batch_bytes: usize,
    /// How long a batch waits to become full while others are under way.
    pub batch_milliseconds: u64,
    /// Bytes fetched ahead.
    pub ahead_bytes: usize,
    /// How often new topics and partitions are looked for.
    pub refresh_milliseconds: u32,
    /// Protection of the connection.
    pub security: Security,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            bootstrap: String::new(),
            topic_prefix: String::new(),
            group: "nhip".to_owned(),
            instance: None,
            group_protocol: GroupProtocol::default(),
            session_milliseconds: 45_000,
            dead_letters: String::new(),
            exchange: Vec::new(),
            figures: String::new(),
            counts: String::new(),
            worker_address: String::new(),
            worker_secret_file: String::new(),
            batch_messages: 20_000,
            batch_bytes: 8 << 20,
            batch_milliseconds: 100,
            ahead_bytes: 64 << 20,
            refresh_milliseconds: 10_000,
            security: Security::default(),
        }
    }
}

impl Settings {
    /// Reads the table `[kafka]`, if there is one, and what the environment says instead; `None` when neither names
    /// brokers.
    ///
    /// # Errors
    /// [`SettingsError`] with the name at fault and the way out.
    pub fn read(
        table: Option<Table>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Option<Settings>, SettingsError> {
        let is_asked_for = table.is_some();
        let mut table = table.unwrap_or_default();
        let mut is_overlaid = false;
        for (name, text) in environment {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            overlay(&mut table, &name, &rest.to_ascii_lowercase(), text)?;
            is_overlaid = true;
        }
        if !is_asked_for && !is_overlaid {
            return Ok(None);
        }
        let settings: Settings =
            table.try_into().map_err(|error| SettingsError::Refused(error.to_string().trim().to_owned()))?;
        settings.check()?;
        Ok(Some(settings))
    }

    fn check(&self) -> Result<(), SettingsError> {
        let missing = |name, way_out| Err(SettingsError::Missing { name, way_out });
        if self.bootstrap.is_empty() {
            return missing("bootstrap", "name the brokers: bootstrap = \"host:9092\"");
        }
        let security = &self.security;
        if security.protocol.signs_in() && security.user.is_none() {
            return missing("security.user", "say who signs in");
        }
        if security.protocol.signs_in() && security.password.is_none() && security.password_file.is_none() {
            return missing("security.password_file", "name a file with the password");
        }
        let bounds = [
            ("batch_messages", self.batch_messages, 100_000),
            ("batch_bytes", self.batch_bytes, 16 << 20),
            ("ahead_bytes", self.ahead_bytes, 1 << 30),
        ];
        self.check_topics()?;
        let address = &self.worker_address;
        if !address.is_empty() && (!address.starts_with("http://") || address.ends_with('/')) {
            return Err(SettingsError::Refused(format!(
                "worker_address is {address:?}; write it as \"http://10.0.0.3:7660\""
            )));
        }
        for (name, value, max) in bounds {
            if value == 0 || value > max {
                let advice = format!("{name} is {value}; choose from 1 to {max}");
                return Err(SettingsError::Refused(advice));
            }
        }
        Ok(())
    }

    /// The names of all settings, those of `[kafka.security]` with `security.` before them.
    pub fn names() -> Vec<String> {
        let security = SECURITY.iter().map(|name| format!("security.{name}"));
        let plain = TEXTS.iter().chain(&NUMBERS).chain(&[EXCHANGE]).map(|name| (*name).to_owned());
        plain.chain(security).collect()
    }

    /// The topics to consume.
    pub fn topics(&self) -> Vec<String> {
        let events = EVENT_TOPICS.iter().map(|name| format!("{}{name}", self.topic_prefix));
        events.chain(self.exchange_sources().map(|(topic, _)| topic)).collect()
    }

    /// The topics of national exchange messages, and the source of each.
    pub fn exchange_sources(&self) -> impl Iterator<Item = (String, String)> {
        let of = |one: &ExchangeTopic| (format!("{}{}", self.topic_prefix, one.topic), one.source.clone());
        self.exchange.iter().map(of)
    }

    /// The topic that changed figures go to.
    pub fn figures(&self) -> Option<&str> {
        Some(self.figures.as_str()).filter(|name| !name.is_empty())
    }

    /// The topic that workers share counts by.
    pub fn counts(&self) -> Option<&str> {
        Some(self.counts.as_str()).filter(|name| !name.is_empty())
    }

    /// Topics that would be read and written, or read in two ways, or that have no name or no source.
    fn check_topics(&self) -> Result<(), SettingsError> {
        let refused = |advice: String| Err(SettingsError::Refused(advice));
        let mut seen = BTreeSet::new();
        let written =
            self.dead_letters().into_iter().chain(self.figures()).chain(self.counts()).map(str::to_owned);
        for topic in self.topics().into_iter().chain(written) {
            if !seen.insert(topic.clone()) {
                return refused(format!("topic {topic} stands for two things; give each a topic of its own"));
            }
        }
        for one in &self.exchange {
            let is_plain = !one.source.is_empty()
                && one.source.len() <= SOURCE_BYTES_MAX
                && !one.source.chars().any(char::is_control);
            if one.topic.is_empty() || !is_plain {
                return refused(
                    "exchange needs a topic and its source: { topic = \"mot-cua\", source = \"/hoa-binh/mot-cua\" }"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }

    /// The topic for messages that are not understood.
    pub fn dead_letters(&self) -> Option<&str> {
        Some(self.dead_letters.as_str()).filter(|name| !name.is_empty())
    }
}

impl Security {
    /// The password, wherever it lies.
    pub(super) fn password(&self) -> Result<Option<Secret>, SettingsError> {
        // What is said outright beats the file: it is how the environment overlays it.
        if self.password.is_some() {
            return Ok(self.password.clone());
        }
        let Some(path) = &self.password_file else { return Ok(None) };
        let text = std::fs::read_to_string(path).map_err(|error| SettingsError::File {
            name: "security.password_file",
            path: path.display().to_string(),
            error: error.to_string(),
        })?;
        Ok(Some(Secret(text.trim_end_matches(['\r', '\n']).to_owned())))
    }
}

/// Settings that are numbers; all others are text.
const NUMBERS: [&str; 6] = [
    "session_milliseconds",
    "batch_messages",
    "batch_bytes",
    "batch_milliseconds",
    "ahead_bytes",
    "refresh_milliseconds",
];
/// Settings that are text.
const TEXTS: [&str; 10] = [
    "bootstrap",
    "topic_prefix",
    "group",
    "instance",
    "group_protocol",
    "dead_letters",
    "figures",
    "counts",
    "worker_address",
    "worker_secret_file",
];
/// The setting that is a list: `topic=source`, several with commas.
const EXCHANGE: &str = "exchange";
/// Settings of `[kafka.security]`.
const SECURITY: [&str; 8] =
    ["protocol", "mechanism", "user", "password", "password_file", "ca_file", "certificate_file", "key_file"];

fn overlay(table: &mut Table, variable: &str, name: &str, text: String) -> Result<(), SettingsError> {
    let security = name.strip_prefix(&SECURITY_PREFIX.to_ascii_lowercase());
    if let Some(name) = security.filter(|name| SECURITY.contains(name)) {
        let inner = table.entry("security").or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(inner) = inner {
            inner.insert(name.to_owned(), Value::String(text));
        }
        return Ok(());
    }
    let value = if NUMBERS.contains(&name) {
        let number = text
            .parse()
            .map_err(|_| SettingsError::Refused(format!("{variable} is {text:?}; write a whole number")))?;
        Value::Integer(number)
    } else if TEXTS.contains(&name) {
        Value::String(text)
    } else if name == EXCHANGE {
        let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
        let topic = |pair: &str| {
            let (topic, source) = pair.split_once('=').unwrap_or((pair, ""));
            let entries = [("topic", topic), ("source", source)];
            let entries =
                entries.map(|(name, text)| (name.to_owned(), Value::String(text.trim().to_owned())));
            Value::Table(entries.into_iter().collect())
        };
        Value::Array(pairs.map(topic).collect())
    } else {
        return Err(SettingsError::UnknownVariable { name: variable.to_owned() });
    };
    table.insert(name.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests;
