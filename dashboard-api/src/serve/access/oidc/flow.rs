//! The way to the provider and back: what a browser carries is worth nothing without what is kept here.
//!
//! A way is begun with a state, a nonce and a verifier that nobody can guess, is bound to the cookie of the browser that
//! began it, and can be come back by once. Not here: HTTP to the provider (`provider`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::grants::{Grant, scope};
use super::provider::{Provider, Trouble};
use super::token::{self, Refused, Wanted};
use super::{Settings, grants};
use crate::serve::access::scope::Scope;
use crate::serve::access::{now, random};

/// Where the provider sends browsers back to.
pub(in crate::serve) const BACK: &str = "/dang-nhap/ve";
/// Where it sends them once they are out.
const OUT: &str = "/dang-nhap";
/// How long a way may take.
const GOOD_FOR: Duration = Duration::from_mins(10);
/// Ways begun and not ended.
const WAYS_MAX: usize = 10_000;

#[derive(Debug)]
struct Way {
    begun: Instant,
    /// The hash of the browser's cookie.
    browser: [u8; 32],
    nonce: String,
    verifier: String,
    there: String,
}

/// Somebody the provider told of.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Arrived {
    pub(in crate::serve) scope: Scope,
    pub(in crate::serve) there: String,
    pub(in crate::serve) at_provider: AtProvider,
}

/// By what the provider names a session of its own.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(in crate::serve) struct AtProvider {
    pub(in crate::serve) subject: Option<String>,
    pub(in crate::serve) session: Option<String>,
}

/// The ways through a provider.
#[derive(Debug)]
pub(in crate::serve) struct Flow {
    provider: Provider,
    grants: Vec<Grant>,
    back: String,
    out: String,
    ways: Mutex<HashMap<[u8; 32], Way>>,
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn unguessable() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

/// For an address or a form.
pub(super) fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escape).collect()
}

impl Flow {
    /// Through the provider of the settings, back to `public_url`.
    pub(in crate::serve::access) fn of(
        settings: &Settings,
        grants: Vec<grants::Grant>,
        public_url: &str,
    ) -> Result<Flow, String> {
        let provider = Provider::of(settings)?;
        let (back, out) = (format!("{public_url}{BACK}"), format!("{public_url}{OUT}"));
        Ok(Flow { provider, grants, back, out, ways: Mutex::default() })
    }

    /// Where somebody who is out here ends the provider's session too (`OpenID` Connect RP-Initiated Logout).
    pub(in crate::serve) fn way_out(&self) -> Option<String> {
        let door = self.provider.way_out()?;
        let joint = if door.contains('?') { '&' } else { '?' };
        let (id, out) = (escaped(&self.provider.settings.client_id), escaped(&self.out));
        Some(format!("{door}{joint}client_id={id}&post_logout_redirect_uri={out}"))
    }

    /// Begins a way for the browser with this cookie; where it goes.
    pub(in crate::serve) fn begin(&self, browser: &str, there: &str, at: Instant) -> Result<String, Trouble> {
        let door = self.provider.doors()?.authorization;
        let (state, nonce, verifier) = (unguessable(), unguessable(), unguessable());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let settings = &self.provider.settings;
        let asked = [
            ("response_type", "code"),
            ("client_id", &settings.client_id),
            ("redirect_uri", &self.back),
            ("scope", &settings.scopes.join(" ")),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let asked: Vec<String> =
            asked.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let joint = if door.contains('?') { '&' } else { '?' };
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        ways.retain(|_, way| at.saturating_duration_since(way.begun) < GOOD_FOR);
        if ways.len() >= WAYS_MAX {
            return Err(Trouble::Said("too many sign-ins are under way".to_owned()));
        }
        let (begun, browser, there) = (at, hash(browser), there.to_owned());
        ways.insert(hash(&state), Way { begun, browser, nonce, verifier, there });
        Ok(format!("{door}{joint}{}", asked.join("&")))
    }

    /// Comes back with what the provider gave the browser. A way is gone once it was come back by.
    pub(in crate::serve) fn arrive(
        &self,
        browser: &str,
        given: &dyn Fn(&str) -> Option<String>,
        at: Instant,
    ) -> Result<Arrived, Trouble> {
        let state = given("state").ok_or(Trouble::NotBegun)?;
        let way = self.ways.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash(&state));
        let is_theirs =
            |way: &Way| way.browser == hash(browser) && at.saturating_duration_since(way.begun) < GOOD_FOR;
        let way = way.filter(is_theirs).ok_or(Trouble::NotBegun)?;
        // A provider that names itself must be the one that was asked (RFC 9207).
        if given("iss").is_some_and(|issuer| issuer != self.provider.settings.issuer) {
            return Err(Trouble::Other("issuer", "another".to_owned()));
        }
        if let Some(error) = given("error") {
            return Err(Trouble::Said(error.chars().filter(char::is_ascii_graphic).take(64).collect()));
        }
        let code = given("code").ok_or(Trouble::NotBegun)?;
        let token = self.provider.token_for(&code, &way.verifier, &self.back)?;
        let claims = self.with_keys(|keys| token::identity(&token, keys, self.wanted(), &way.nonce))?;
        let subject = claims["sub"].as_str().unwrap_or_default().to_owned();
        let session = claims["sid"].as_str().map(str::to_owned);
        let scope = scope(&self.grants, &subject, &claims)
            .ok_or_else(|| Trouble::NoRole(format!("oidc:{subject}")))?;
        Ok(Arrived { scope, there: way.there, at_provider: AtProvider { subject: Some(subject), session } })
    }

    /// Whose sessions a token of the provider's ends.
    pub(in crate::serve) fn ended(&self, token: &str) -> Result<AtProvider, Trouble> {
        let claims = self.with_keys(|keys| token::logout(token, keys, self.wanted()))?;
        let text = |name: &str| claims[name].as_str().map(str::to_owned);
        Ok(AtProvider { subject: text("sub"), session: text("sid") })
    }

    fn wanted(&self) -> Wanted<'_> {
        let settings = &self.provider.settings;
        Wanted { issuer: &settings.issuer, client_id: &settings.client_id, now: now().unix_seconds() }
    }

    /// With the keys that are known, and with newer ones if the token names another.
    fn with_keys(&self, check: impl Fn(&Value) -> Result<Value, Refused>) -> Result<Value, Trouble> {
        match check(&self.provider.keys(false)?) {
            Err(Refused::Key) => check(&self.provider.keys(true)?).map_err(Trouble::Token),
            other => other.map_err(Trouble::Token),
        }
    }
}
