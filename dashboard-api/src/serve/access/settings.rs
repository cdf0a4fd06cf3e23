//! What an operator may choose about who gets in: the table `[access]` of the settings file.
//!
//! Without the table the server asks nobody and listens on loopback only. A name that is not known is refused. Not here:
//! tokens and the local administrator, who are made by commands and lie in the data folder.

use std::path::PathBuf;

use serde::Deserialize;
use thiserror::Error;

use super::oidc;
use super::oidc::grants::Grant;

/// Settings that cannot be used.
#[derive(Debug, Error)]
#[error("settings of access: {0}")]
pub(crate) struct SettingsError(String);

/// Who may read health and metrics without a token.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Monitoring {
    /// Nobody: a token or account of an operator or auditor is needed.
    #[default]
    Operator,
    /// Whoever asks from this machine without a proxy between.
    Loopback,
}

/// The table `[access.tls]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_field_names, reason = "settings say of a path that it is a file's")]
pub(crate) struct Tls {
    /// The certificate and what it was signed by, PEM.
    pub(crate) certificate_file: PathBuf,
    /// Its key, PEM.
    pub(crate) key_file: PathBuf,
    /// Who signs the certificates of sending systems, PEM; none is asked for without it.
    #[serde(default)]
    pub(crate) client_authority_file: Option<PathBuf>,
}

/// The table `[access]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// How browsers reach the server: scheme, host, port.
    pub(crate) public_url: String,
    /// Where tokens and records lie; `access` in the data folder unless named.
    #[serde(default)]
    pub(crate) folder: Option<PathBuf>,
    #[serde(default)]
    pub(crate) monitoring: Monitoring,
    /// Requests a token may make in a second, in the long run.
    #[serde(default = "requests_per_second")]
    pub(crate) requests_per_second: u32,
    /// Minutes without a request after which a session ends.
    #[serde(default = "session_idle_minutes")]
    pub(crate) session_idle_minutes: u32,
    /// Hours after which a session ends whatever happens.
    #[serde(default = "session_hours")]
    pub(crate) session_hours: u32,
    /// Days for which the record of access is kept; for good unless given.
    #[serde(default)]
    pub(crate) audit_days: Option<u32>,
    /// The provider at which people sign in.
    #[serde(default)]
    pub(crate) oidc: Option<oidc::Settings>,
    /// How TLS is spoken here, if no proxy does.
    #[serde(default)]
    pub(crate) tls: Option<Tls>,
    /// What its claims make of them, the first that fits.
    #[serde(default)]
    pub(crate) grants: Vec<Grant>,
}

fn requests_per_second() -> u32 {
    50
}

fn session_idle_minutes() -> u32 {
    30
}

fn session_hours() -> u32 {
    10
}

impl Settings {
    /// Reads the table.
    ///
    /// # Errors
    /// [`SettingsError`] naming the setting.
    pub(crate) fn read(table: toml::Table) -> Result<Settings, SettingsError> {
        let said = |error: toml::de::Error| SettingsError(error.message().to_owned());
        let settings: Settings = toml::Value::Table(table).try_into().map_err(said)?;
        let bounds = [
            ("requests_per_second", settings.requests_per_second, 10_000),
            ("session_idle_minutes", settings.session_idle_minutes, 24 * 60),
            ("session_hours", settings.session_hours, 24 * 7),
        ];
        for (name, value, most) in bounds {
            if !(1..=most).contains(&value) {
                return Err(SettingsError(format!("{name} is {value}; it may be 1 to {most}")));
            }
        }
        if let Some(days) = settings.audit_days.filter(|days| !(30..=36_500).contains(days)) {
            return Err(SettingsError(format!("audit_days is {days}; it may be 30 to 36500")));
        }
        settings.check_url()?;
        settings.check_provider()?;
        Ok(settings)
    }

    fn check_provider(&self) -> Result<(), SettingsError> {
        let Some(provider) = &self.oidc else {
            return if self.grants.is_empty() {
                Ok(())
            } else {
                Err(SettingsError("grants without [access.oidc] are given to nobody".to_owned()))
            };
        };
        if !oidc::provider::is_safe(&provider.issuer) {
            let issuer = &provider.issuer;
            return Err(SettingsError(format!(
                "issuer is {issuer:?}; it needs https, unless it is this machine"
            )));
        }
        if !provider.scopes.iter().any(|scope| scope == "openid") {
            return Err(SettingsError("scopes must have \"openid\"".to_owned()));
        }
        if self.grants.is_empty() {
            return Err(SettingsError("[access.oidc] without [[access.grants]] lets nobody in".to_owned()));
        }
        let trouble =
            self.grants.iter().zip(1..).find_map(|(grant, number)| Some((number, grant.trouble()?)));
        trouble.map_or(Ok(()), |(number, why)| Err(SettingsError(format!("grant {number}: {why}"))))
    }

    fn check_url(&self) -> Result<(), SettingsError> {
        let url = &self.public_url;
        let refused = |why: &str| Err(SettingsError(format!("public_url is {url:?}; {why}")));
        let Some((scheme, authority)) = url.split_once("://") else {
            return refused("write https://host or https://host:port");
        };
        if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
            return refused("write scheme, host and port only, without a path");
        }
        match scheme {
            "https" => Ok(()),
            "http" if is_loopback(authority) => Ok(()),
            _ => refused("passwords and sessions need https, unless the host is this machine"),
        }
    }

    /// Whether browsers come by TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// Whether a host, with or without a port, is this machine.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let table = text.parse::<toml::Table>().expect("it is TOML");
        Settings::read(table).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_has_a_default_and_what_is_not_known_is_refused_by_name() {
        let settings = read("public_url = \"https://nhip.example.vn\"").expect("it is enough");
        assert_eq!((settings.session_idle_minutes, settings.session_hours), (30, 10));
        assert_eq!(settings.monitoring, Monitoring::Operator);
        let refused = |text: &str| read(text).expect_err("it is refused");
        assert!(refused("").contains("public_url"));
        let url = "public_url = \"https://nhip.example.vn\"\n";
        assert!(refused(&format!("{url}sesion_hours = 1")).contains("sesion_hours"));
        assert!(refused(&format!("{url}session_hours = 0")).contains("session_hours is 0"));
        assert!(refused(&format!("{url}audit_days = 7")).contains("audit_days is 7"));
        assert!(refused(&format!("{url}monitoring = \"all\"")).contains("all"));
    }

    #[test]
    fn a_password_is_not_asked_for_without_tls_beyond_this_machine() {
        for (url, is_right) in [
            ("https://nhip.example.vn", true),
            ("https://nhip.example.vn:8443", true),
            ("http://127.0.0.1:7660", true),
            ("http://[::1]:7660", true),
            ("http://localhost", true),
            ("http://nhip.example.vn", false),
            ("http://127.0.0.1.example.vn", false),
            ("https://nhip.example.vn/nhip", false),
            ("https://user@nhip.example.vn", false),
            ("nhip.example.vn", false),
            ("https://", false),
        ] {
            assert_eq!(read(&format!("public_url = {url:?}")).is_ok(), is_right, "{url}");
        }
    }
}
