//! What is asked of the provider over HTTP: where its doors are, its keys, and a code's token. Blocking: not on an async
//! thread.
//!
//! What it says of itself must agree with the settings; what it says is kept for a while, keys are asked for again when a
//! token names one that is not known. Not here: whether a token is good (`token`).

use std::io::Read as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use thiserror::Error;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::Settings;
use super::token::Refused;
use crate::serve::access::settings::is_loopback;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long what the provider said is good.
const GOOD_FOR: Duration = Duration::from_hours(1);
/// The least time between two questions for keys.
const KEYS_APART: Duration = Duration::from_secs(30);
/// Bytes of an answer.
const BYTES_MAX: u64 = 1 << 20;

/// Why somebody cannot be let in by the provider.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(in crate::serve) enum Trouble {
    /// It does not answer.
    #[error("{0} does not answer as a provider: {1}")]
    Silent(String, String),
    /// It is not what the settings say.
    #[error("the provider says its {0} is {1:?}, which does not go with the settings")]
    Other(&'static str, String),
    /// The way there was not begun here, or too long ago.
    #[error("this sign-in was not begun by this browser, or too long ago")]
    NotBegun,
    /// It refused.
    #[error("the provider refused: {0}")]
    Said(String),
    /// Its token is not good.
    #[error("the provider's token is refused: {0}")]
    Token(Refused),
    /// Who it is has no role here.
    #[error("{0} has no role here")]
    NoRole(String),
}

/// What it says of itself.
#[derive(Clone, Debug)]
pub(super) struct Doors {
    pub(super) authorization: String,
    token: String,
    keys: String,
    /// Where somebody ends the provider's own session, if it has such a door.
    end_session: Option<String>,
}

#[derive(Debug, Default)]
struct Known {
    doors: Option<(Instant, Doors)>,
    keys: Option<(Instant, Value)>,
}

/// A provider.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) settings: Settings,
    secret: Option<String>,
    agent: ureq::Agent,
    known: Mutex<Known>,
}

impl Provider {
    /// As the settings say; a sentence when a file they name cannot be used.
    pub(super) fn of(settings: &Settings) -> Result<Provider, String> {
        let text_of = |path: &std::path::Path| {
            std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let secret = settings.client_secret_file.as_deref().map(text_of).transpose()?;
        let roots = match settings.ca_file.as_deref().map(text_of).transpose()? {
            None => RootCerts::WebPki,
            Some(text) => {
                let items = parse_pem(text.as_bytes()).filter_map(Result::ok);
                let certificates: Vec<Certificate<'static>> = items
                    .filter_map(|item| match item {
                        PemItem::Certificate(certificate) => Some(certificate),
                        _ => None,
                    })
                    .collect();
                if certificates.is_empty() {
                    return Err("ca_file has no certificate".to_owned());
                }
                RootCerts::from(certificates)
            }
        };
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        let secret = secret.map(|text| text.trim().to_owned());
        Ok(Provider { settings: settings.clone(), secret, agent, known: Mutex::default() })
    }

    /// Where its doors are.
    pub(super) fn doors(&self) -> Result<Doors, Trouble> {
        if let Some((_, doors)) = self.held().doors.as_ref().filter(|(at, _)| at.elapsed() < GOOD_FOR) {
            return Ok(doors.clone());
        }
        let issuer = &self.settings.issuer;
        let told = self.ask(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))?;
        let text = |name: &'static str| told[name].as_str().unwrap_or_default().to_owned();
        if text("issuer") != *issuer {
            return Err(Trouble::Other("issuer", text("issuer")));
        }
        let door = |name: &'static str| {
            let url = text(name);
            if is_safe(&url) { Ok(url) } else { Err(Trouble::Other(name, url)) }
        };
        let doors = Doors {
            authorization: door("authorization_endpoint")?,
            token: door("token_endpoint")?,
            keys: door("jwks_uri")?,
            end_session: Some(text("end_session_endpoint")).filter(|url| is_safe(url)),
        };
        self.held().doors = Some((Instant::now(), doors.clone()));
        Ok(doors)
    }

    /// Where its own session ends, as it said last; nothing is asked.
    pub(super) fn way_out(&self) -> Option<String> {
        self.held().doors.as_ref()?.1.end_session.clone()
    }

    /// Its keys; asked for anew when `anew` says that one was missing, not too often.
    pub(super) fn keys(&self, anew: bool) -> Result<Value, Trouble> {
        let good_for = if anew { KEYS_APART } else { GOOD_FOR };
        if let Some((_, keys)) = self.held().keys.as_ref().filter(|(at, _)| at.elapsed() < good_for) {
            return Ok(keys.clone());
        }
        let keys = self.ask(&self.doors()?.keys)?;
        self.held().keys = Some((Instant::now(), keys.clone()));
        Ok(keys)
    }

    /// The token of identity for a code.
    pub(super) fn token_for(&self, code: &str, verifier: &str, back: &str) -> Result<String, Trouble> {
        let url = self.doors()?.token;
        let id = self.settings.client_id.as_str();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back),
            ("code_verifier", verifier),
            ("client_id", id),
        ];
        let asked = self.agent.post(&url).header("accept", "application/json");
        let asked = match &self.secret {
            None => asked,
            Some(secret) => {
                let both = format!("{}:{}", super::flow::escaped(id), super::flow::escaped(secret));
                asked.header("authorization", format!("Basic {}", STANDARD.encode(both)))
            }
        };
        let told = read(&url, asked.send_form(form))?;
        match told["id_token"].as_str() {
            Some(token) => Ok(token.to_owned()),
            None => {
                Err(Trouble::Said(told["error"].as_str().unwrap_or("no id_token").chars().take(64).collect()))
            }
        }
    }

    fn ask(&self, url: &str) -> Result<Value, Trouble> {
        if !is_safe(url) {
            return Err(Trouble::Other("address", url.to_owned()));
        }
        read(url, self.agent.get(url).header("accept", "application/json").call())
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer's JSON.
fn read(url: &str, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, Trouble> {
    let silent = |why: String| Trouble::Silent(url.to_owned(), why);
    let mut answer = answer.map_err(|error| silent(error.to_string()))?;
    let mut bytes = Vec::new();
    let read = answer.body_mut().as_reader().take(BYTES_MAX).read_to_end(&mut bytes);
    read.map_err(|error| silent(error.to_string()))?;
    let status = answer.status().as_u16();
    serde_json::from_slice(&bytes).map_err(|_| silent(format!("status {status} and no JSON")))
}

/// By TLS, or on this machine.
pub(in crate::serve::access) fn is_safe(url: &str) -> bool {
    match url.split_once("://") {
        Some(("https", _)) => true,
        Some(("http", rest)) => is_loopback(rest.split(['/', '?', '#']).next().unwrap_or_default()),
        _ => false,
    }
}
