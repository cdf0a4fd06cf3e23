//! Channels: a message on its way out, as signed JSON, as Alertmanager has it, or as mail.
//!
//! One try: it is taken or not, and says why. A receiver can tell our messages by their signature and a repeated one by its
//! id. Not here: when to try again (`message`), what is said (`text`).

use std::path::Path;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{SmtpTransport, Transport};
use sha2::{Digest, Sha256};
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use crate::alert::hex;
use crate::message::Message;
use crate::settings::{ChannelKind, ChannelSettings, Protection, Secret};

/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a file of authorities: as many as a machine trusts by itself.
const AUTHORITIES_BYTES_MAX: u64 = 1 << 20;
/// What SHA-256 works on at once.
const BLOCK_BYTES: usize = 64;

/// A channel that can be sent through.
#[derive(Debug)]
pub struct Channel {
    settings: ChannelSettings,
    agent: ureq::Agent,
    /// Who may vouch for the receiver, in PEM; those the machine trusts if nobody is named.
    authorities: Vec<String>,
}

impl Channel {
    /// A channel as it is set.
    ///
    /// # Errors
    /// The file of authorities cannot be read, with its name.
    pub fn new(settings: ChannelSettings) -> Result<Channel, String> {
        let authorities = settings.authority_file.as_deref().map_or(Ok(Vec::new()), authorities)?;
        // What the machine trusts is trusted here too, unless the office names authorities of its own.
        let roots = if authorities.is_empty() {
            RootCerts::PlatformVerifier
        } else {
            let read = authorities.iter().map(|pem| ureq::tls::Certificate::from_pem(pem.as_bytes()));
            let read: Result<Vec<_>, _> = read.collect();
            RootCerts::new_with_certs(&read.map_err(|error| error.to_string())?)
        };
        let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(roots);
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .http_status_as_error(false)
            .tls_config(tls.build())
            .build();
        Ok(Channel { settings, agent: config.into(), authorities })
    }

    /// How it is set.
    pub fn settings(&self) -> &ChannelSettings {
        &self.settings
    }

    /// One try, at `now` in seconds since 1970.
    ///
    /// # Errors
    /// What went wrong, in words and without secrets.
    pub fn send(&self, message: &Message, now: i64) -> Result<(), String> {
        match self.settings.kind {
            ChannelKind::Webhook | ChannelKind::Alertmanager => self.post(message, now),
            ChannelKind::Smtp => self.mail(message),
            // Whoever has brokers writes topics.
            ChannelKind::Kafka => Err("a topic needs [kafka] in the settings".to_owned()),
        }
    }

    fn post(&self, message: &Message, now: i64) -> Result<(), String> {
        let mut request = self
            .agent
            .post(&self.settings.url)
            .header("content-type", "application/json")
            .header("idempotency-key", &message.id);
        if let Some(file) = &self.settings.secret_file {
            let secret = Secret::read(file)?;
            request = request.header("nhip-timestamp", now.to_string()).header(
                "nhip-signature",
                signature(secret.reveal().as_bytes(), now, message.body.as_bytes()),
            );
        }
        let answer = request.send(message.body.as_bytes()).map_err(|error| error.to_string())?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("the receiver answers {status}")) }
    }

    fn mail(&self, message: &Message) -> Result<(), String> {
        let settings = &self.settings;
        let wrong = |what: &str, error: &dyn std::fmt::Display| format!("{what} is no address: {error}");
        let domain =
            settings.from.rsplit_once('@').map_or("nhip", |(_, domain)| domain.trim_end_matches('>'));
        let mut mail = lettre::Message::builder()
            .from(settings.from.parse().map_err(|error| wrong("from", &error))?)
            .message_id(Some(format!("<{}@{domain}>", message.id)))
            .subject(&message.subject)
            .header(ContentType::TEXT_PLAIN);
        for to in &settings.to {
            mail = mail.to(to.parse().map_err(|error| wrong(to, &error))?);
        }
        let mail = mail.body(message.body.clone()).map_err(|error| error.to_string())?;
        self.transport()?.send(&mail).map(|_| ()).map_err(|error| error.to_string())
    }

    fn transport(&self) -> Result<SmtpTransport, String> {
        let settings = &self.settings;
        let parameters = || {
            let mut parameters = TlsParameters::builder(settings.host.clone());
            if !self.authorities.is_empty() {
                parameters = parameters.certificate_store(CertificateStore::None);
            }
            for pem in &self.authorities {
                let authority = Certificate::from_pem(pem.as_bytes()).map_err(|error| error.to_string())?;
                parameters = parameters.add_root_certificate(authority);
            }
            parameters.build().map_err(|error| error.to_string())
        };
        let (tls, port) = match settings.tls {
            Protection::Starttls => (Tls::Required(parameters()?), 587),
            Protection::Tls => (Tls::Wrapper(parameters()?), 465),
            Protection::None => (Tls::None, 25),
        };
        let mut transport = SmtpTransport::builder_dangerous(&settings.host)
            .port(settings.port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let (Some(user), Some(file)) = (&settings.user, &settings.password_file) {
            let password = Secret::read(file)?;
            transport = transport.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
        }
        Ok(transport.build())
    }
}

/// The certificates of a file, each in PEM.
fn authorities(path: &Path) -> Result<Vec<String>, String> {
    const END: &str = "-----END CERTIFICATE-----";
    let said = |why: &dyn std::fmt::Display| format!("authority_file {}: {why}", path.display());
    let length = std::fs::metadata(path).map_err(|error| said(&error))?.len();
    if length > AUTHORITIES_BYTES_MAX {
        return Err(said(&"it is too large to be a file of authorities"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| said(&error))?;
    let found: Vec<String> =
        text.split_inclusive(END).filter(|one| one.ends_with(END)).map(str::to_owned).collect();
    let are_certificates = found.iter().all(|pem| Certificate::from_pem(pem.as_bytes()).is_ok());
    if found.is_empty() || !are_certificates {
        return Err(said(&"it holds no certificates in PEM"));
    }
    Ok(found)
}

/// `v1=` and HMAC-SHA256 (RFC 2104) over the timestamp, a dot and the body: an old message cannot be sent again under a
/// new time.
pub fn signature(secret: &[u8], timestamp: i64, body: &[u8]) -> String {
    let code = hmac(secret, &[timestamp.to_string().as_bytes(), b".", body]);
    format!("v1={}", hex(&code))
}

fn hmac(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut key = [0; BLOCK_BYTES];
    if secret.len() > BLOCK_BYTES {
        key[..32].copy_from_slice(&Sha256::digest(secret));
    } else {
        key[..secret.len()].copy_from_slice(secret);
    }
    let mut inner = Sha256::new_with_prefix(key.map(|byte| byte ^ 0x36));
    for part in parts {
        inner.update(part);
    }
    let mut outer = Sha256::new_with_prefix(key.map(|byte| byte ^ 0x5c));
    outer.update(inner.finalize());
    outer.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_message_is_that_of_the_standard() {
        // RFC 4231, cases 1, 2 and 6.
        let check =
            |key: &[u8], text: &str, wanted: &str| assert_eq!(hex(&hmac(key, &[text.as_bytes()])), wanted);
        check(&[0x0b; 20], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let what = "what do ya want for nothing?";
        check(b"Jefe", what, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = "Test Using Larger Than Block-Size Key - Hash Key First";
        check(&[0xaa; 131], long, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
        assert_ne!(signature(b"a", 1, b"x"), signature(b"a", 2, b"x"), "the time is under it");
    }
}
