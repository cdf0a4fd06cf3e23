//! What an operator may choose about alerts: the table `[alerts]` of the settings file and its channels.
//!
//! A name that is not known is refused. Secrets lie in files of their own, are read when they are used, so that they
//! can be renewed without a restart, and are never shown. Not here: rules (`rule`), sending (`channel`).

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;
use toml::Table;

/// Channels of one server.
const CHANNELS_MAX: usize = 16;
/// Messages of one channel and hour, at most.
const MESSAGES_PER_HOUR_MAX: u32 = 10_000;
/// The most bytes of a secret.
const SECRET_BYTES_MAX: usize = 4096;

/// Settings that cannot be used.
#[derive(Debug, Error)]
#[error("settings of alerts: {0}")]
pub struct SettingsError(String);

/// A word that is used and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Reads it from its file; line ends at its end do not count.
    pub fn read(path: &Path) -> Result<Secret, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() || text.len() > SECRET_BYTES_MAX {
            return Err(format!("{}: a secret has 1 to {SECRET_BYTES_MAX} bytes", path.display()));
        }
        Ok(Secret(text.to_owned()))
    }

    /// The word itself, for whoever must send it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(not shown)")
    }
}

/// How mail travels.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// TLS begun on a plain connection; without it nothing is sent.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Readable by everybody on the way.
    None,
}

/// What a channel is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// JSON of our own, signed.
    Webhook,
    /// The JSON that Alertmanager sends (version 4).
    Alertmanager,
    /// Mail.
    Smtp,
    /// A topic of Kafka, a message an alert.
    Kafka,
}

impl ChannelKind {
    /// The word in files and addresses.
    pub fn name(self) -> &'static str {
        match self {
            ChannelKind::Webhook => "webhook",
            ChannelKind::Alertmanager => "alertmanager",
            ChannelKind::Smtp => "smtp",
            ChannelKind::Kafka => "kafka",
        }
    }
}

/// One channel.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelSettings {
    /// Its name in logs and on pages.
    pub name: String,
    /// What it is.
    pub kind: ChannelKind,
    /// Where messages are posted (webhook, alertmanager).
    #[serde(default)]
    pub url: String,
    /// A file with the secret that signs messages (webhook).
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// A file with the authorities, in PEM, that may vouch for the receiver in place of those the machine trusts.
    #[serde(default)]
    pub authority_file: Option<PathBuf>,
    /// The topic: its whole name (kafka).
    #[serde(default)]
    pub topic: String,
    /// The mail server.
    #[serde(default)]
    pub host: String,
    /// Its port; 587, or 465 under TLS from the first byte.
    #[serde(default)]
    pub port: Option<u16>,
    /// How mail travels.
    #[serde(default)]
    pub tls: Protection,
    /// Who signs in at the mail server.
    #[serde(default)]
    pub user: Option<String>,
    /// A file with the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Who mail comes from.
    #[serde(default)]
    pub from: String,
    /// Who mail goes to.
    #[serde(default)]
    pub to: Vec<String>,
    /// Which steps of escalation it hears: officer, head, province; all if none is named.
    #[serde(default)]
    pub steps: Vec<Audience>,
    /// Only these units, with everything below them; all if none is named.
    #[serde(default)]
    pub units: Vec<String>,
    /// Only these rules; all if none is named.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Officers' codes, and alerts about officers; without them whoever reads it learns of no officer.
    #[serde(default = "yes")]
    pub officers: bool,
    /// The daily digest too.
    #[serde(default = "yes")]
    pub digest: bool,
    /// That an alert is over, too.
    #[serde(default)]
    pub resolved: bool,
}

fn yes() -> bool {
    true
}

/// Who hears of an alert, in the order of escalation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Who has the dossier in hand.
    Officer,
    /// The head of the unit.
    Head,
    /// The province office.
    Province,
}

/// The table `[alerts]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A file of rules; those built in if empty.
    pub rules: PathBuf,
    /// A folder with templates of messages; those built in if empty.
    pub templates: PathBuf,
    /// What addresses of pages begin with in messages; no addresses if empty.
    pub link_base: String,
    /// Messages of one channel and hour; more are folded into one.
    pub messages_per_hour: u32,
    /// Where messages go.
    pub channels: Vec<ChannelSettings>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            rules: PathBuf::new(),
            templates: PathBuf::new(),
            link_base: String::new(),
            messages_per_hour: 60,
            channels: Vec::new(),
        }
    }
}

impl Settings {
    /// Reads the table `[alerts]`, if there is one.
    ///
    /// # Errors
    /// [`SettingsError`] with the name at fault and the way out.
    pub fn read(table: Option<Table>) -> Result<Settings, SettingsError> {
        let table = table.unwrap_or_default();
        let settings: Settings =
            table.try_into().map_err(|error| SettingsError(error.to_string().trim().to_owned()))?;
        settings.check().map_err(SettingsError)?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), String> {
        if self.messages_per_hour == 0 || self.messages_per_hour > MESSAGES_PER_HOUR_MAX {
            return Err(format!("messages_per_hour goes from 1 to {MESSAGES_PER_HOUR_MAX}"));
        }
        if !self.link_base.is_empty() && !is_address(&self.link_base) {
            return Err("link_base begins with https:// or http://".to_owned());
        }
        if self.channels.len() > CHANNELS_MAX {
            return Err(format!("there are {} channels; keep at most {CHANNELS_MAX}", self.channels.len()));
        }
        let mut names = BTreeSet::new();
        for channel in &self.channels {
            if !names.insert(channel.name.as_str()) {
                return Err(format!("there are two channels {}; give each its own name", channel.name));
            }
            channel.check().map_err(|problem| format!("channel {}: {problem}", channel.name))?;
        }
        Ok(())
    }

    /// The names of all settings, those of a channel with `channels.` before them.
    pub fn names() -> Vec<String> {
        let plain = ["rules", "templates", "link_base", "messages_per_hour"].map(str::to_owned);
        let channel = CHANNEL.map(|name| format!("channels.{name}"));
        plain.into_iter().chain(channel).collect()
    }
}

/// The names of a channel's settings.
const CHANNEL: [&str; 19] = [
    "name",
    "kind",
    "url",
    "secret_file",
    "authority_file",
    "topic",
    "host",
    "port",
    "tls",
    "user",
    "password_file",
    "from",
    "to",
    "steps",
    "units",
    "rules",
    "officers",
    "digest",
    "resolved",
];

fn is_address(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && !text.chars().any(char::is_whitespace)
}

impl ChannelSettings {
    fn check(&self) -> Result<(), String> {
        if self.name.is_empty()
            || self.name.chars().any(|letter| letter.is_control() || letter.is_whitespace())
        {
            return Err("a name has no spaces and is not empty".to_owned());
        }
        let is_mail = self.kind == ChannelKind::Smtp;
        let is_topic = self.kind == ChannelKind::Kafka;
        if is_topic && (self.topic.is_empty() || self.topic.chars().any(char::is_whitespace)) {
            return Err("topic is missing; name the topic that alerts go to: topic = \"alerts\"".to_owned());
        }
        if !is_mail && !is_topic && !is_address(&self.url) {
            return Err("url is missing; say where messages are posted: url = \"https://…\"".to_owned());
        }
        if self.kind == ChannelKind::Webhook && self.secret_file.is_none() {
            return Err("secret_file is missing; name a file with the secret that signs messages".to_owned());
        }
        if is_mail && (self.host.is_empty() || self.from.is_empty() || self.to.is_empty()) {
            return Err("mail needs host, from and to".to_owned());
        }
        if self.user.is_some() != self.password_file.is_some() {
            return Err("user and password_file go together".to_owned());
        }
        Ok(())
    }

    /// Whether it hears this step of escalation.
    pub(crate) fn hears(&self, step: u8) -> bool {
        let audience = match step {
            0 => Audience::Officer,
            1 => Audience::Head,
            _ => Audience::Province,
        };
        self.steps.is_empty() || self.steps.contains(&audience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        Settings::read(Some(text.parse().expect("TOML"))).map_err(|error| error.to_string())
    }

    #[test]
    fn a_slip_is_refused_by_name() {
        let check = |text: &str, says: &str| {
            let error = read(text).expect_err("it is refused");
            assert!(error.contains(says), "{error}");
        };
        check("ruls = \"x\"", "ruls");
        check("[[channels]]\nname = \"a\"\nkind = \"kafka\"", "topic is missing");
        check("messages_per_hour = 0", "messages_per_hour goes from 1");
        check("link_base = \"nhip.vn\"", "link_base begins with");
        let webhook = "[[channels]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"http://a\"\n";
        check(webhook, "channel a: secret_file is missing");
        check("[[channels]]\nname = \"a\"\nkind = \"webhook\"", "channel a: url is missing");
        check("[[channels]]\nname = \"a\"\nkind = \"pigeon\"", "pigeon");
        check("[[channels]]\nname = \"a b\"\nkind = \"smtp\"", "a name has no spaces");
        check("[[channels]]\nname = \"a\"\nkind = \"smtp\"\nhost = \"h\"", "channel a: mail needs host");
        let whole = format!("{webhook}secret_file = \"s\"\n");
        check(&format!("{whole}{whole}"), "two channels a");
        check(&format!("{whole}user = \"u\"\n"), "user and password_file go together");
        assert!(read(&whole).is_ok());
        assert_eq!(Settings::read(None).expect("nothing is chosen"), Settings::default());
    }
}
