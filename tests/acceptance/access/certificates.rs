//! Sending systems that show a certificate instead of a token's text, over real TLS with an independent client.
//!
//! The certificates lie in `senders/`: `known` and `unknown` are signed by the authority the settings name, `stranger`
//! bears the same name as `known` and is signed by another. Not here: what a producer may write (`keys`).

use acceptance_tests::program::{Folder, nhip};
use acceptance_tests::server::{Server, within};
use acceptance_tests::story::events;
use serde_json::Value;
use ureq::tls::{Certificate, ClientCert, PrivateKey, TlsConfig};

use super::scene::{MONTH, PATIENCE, bearer};

const KNOWN: (&[u8], &[u8]) = (include_bytes!("senders/known.pem"), include_bytes!("senders/known.key"));
const UNKNOWN: (&[u8], &[u8]) =
    (include_bytes!("senders/unknown.pem"), include_bytes!("senders/unknown.key"));
const STRANGER: (&[u8], &[u8]) =
    (include_bytes!("senders/stranger.pem"), include_bytes!("senders/stranger.key"));

const STORY: &str = "
    01/10 08:00 D1 submitted agency=C1 procedure=P1
    01/10 08:30 D1 accepted agency=C1 due=02/10 17:30
";

struct Secured {
    server: Server,
    folder: Folder,
}

impl Secured {
    fn start() -> Secured {
        let folder = Folder::new();
        let certificate = folder.write("tls.pem", include_str!("server.pem"));
        let key = folder.write("tls.key", include_str!("server.key"));
        let authority = folder.write("senders.pem", include_str!("senders/authority.pem"));
        let settings = format!(
            "[access]\npublic_url = \"https://localhost\"\n[access.tls]\ncertificate_file = {certificate:?}\n\
             key_file = {key:?}\nclient_authority_file = {authority:?}\n"
        );
        let (data, file) = (folder.path("data"), folder.write("settings.toml", settings));
        let server = Server::launch(&["--data", &data, "--settings", &file]);
        Secured { server: server.unwrap_or_else(|not| panic!("it does not start: {not:?}")), folder }
    }

    fn token(&self, words: &[&str]) -> (i32, String, String) {
        let data = self.folder.path("data");
        let ran = nhip(&[&["token", "add", "--data", &data, "--name", "test"], words].concat(), b"");
        (ran.status, ran.text().trim().to_owned(), ran.stderr)
    }

    /// Status and answer; nothing when the handshake or the connection fails.
    fn ask(
        &self,
        shown: Option<(&[u8], &[u8])>,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Option<(u16, Value)> {
        let certificate = shown.map(|(certificate, key)| {
            let certificate = Certificate::from_pem(certificate).expect("it is a certificate");
            let key = PrivateKey::from_pem(key).expect("it is a key");
            ClientCert::new_with_certs(&[certificate], key)
        });
        // Who the server is does not matter here; who comes does.
        let tls = TlsConfig::builder().disable_verification(true).client_cert(certificate).build();
        let agent = ureq::Agent::config_builder().tls_config(tls).http_status_as_error(false).build();
        let agent = agent.new_agent();
        let url = format!("https://{}{path}", self.server.address());
        let mut answer = match body {
            None => {
                let request =
                    headers.iter().fold(agent.get(url), |one, (name, value)| one.header(*name, *value));
                request.call().ok()?
            }
            Some(body) => {
                let request =
                    headers.iter().fold(agent.post(url), |one, (name, value)| one.header(*name, *value));
                request.send(body).ok()?
            }
        };
        let text = answer.body_mut().read_to_string().ok()?;
        Some((answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    fn send(&self, shown: Option<(&[u8], &[u8])>, source: &str) -> Option<(u16, Value)> {
        let lines = events(STORY).replace("/mot-cua", source);
        let body = format!("[{}]", lines.lines().collect::<Vec<_>>().join(","));
        let kind = [("content-type", "application/cloudevents-batch+json")];
        self.ask(shown, "/api/v1/events", &kind, Some(&body))
    }
}

#[test]
fn a_known_certificate_writes_for_its_source_and_does_nothing_else() {
    let secured = Secured::start();
    let known = secured.folder.write("known.pem", std::str::from_utf8(KNOWN.0).expect("it is text"));
    let (status, text, said) =
        secured.token(&["--role", "producer", "--source", "/mot-cua", "--certificate", &known]);
    assert_eq!((status, text.as_str()), (0, ""), "{said}");
    let is_taken = || secured.send(Some(KNOWN), "/mot-cua").is_some_and(|(status, _)| status == 202);
    assert!(within(PATIENCE, is_taken), "{}", secured.server.stderr());
    let (_, answer) = secured.send(Some(KNOWN), "/mot-cua").expect("it is answered");
    assert_eq!(
        (answer["accepted"].as_u64(), answer["rejected_count"].as_u64()),
        (Some(events(STORY).lines().count() as u64), Some(0)),
        "{answer}"
    );

    let (_, answer) = secured.send(Some(KNOWN), "/cua-khac").expect("it is answered");
    assert_eq!(answer["rejected"][0]["reason"], "not_your_source", "{answer}");
    let ranking = format!("/api/v1/ranking?period={MONTH}");
    let status = |shown, headers: &[(&str, &str)]| {
        secured.ask(shown, &ranking, headers, None).map(|(status, _)| status)
    };
    assert_eq!(status(Some(KNOWN), &[]), Some(403), "a producer reads nothing");

    // Another token on the same connection counts for itself.
    let (_, leader, _) = secured.token(&["--role", "leader"]);
    let bearer = bearer(Some(&leader));
    let bearer = bearer.trim().strip_prefix("authorization: ").expect("it is a header");
    let as_leader = || status(Some(KNOWN), &[("authorization", bearer)]) == Some(200);
    assert!(within(PATIENCE, as_leader));
    assert_eq!(status(None, &[("authorization", bearer)]), Some(200), "people need none");
    assert_eq!(
        status(Some(KNOWN), &[("authorization", "Bearer nhip_0")]),
        Some(401),
        "a wrong token is no token"
    );
}

#[test]
fn a_certificate_nobody_made_known_or_another_authority_signed_opens_nothing() {
    let secured = Secured::start();
    let known = secured.folder.write("known.pem", std::str::from_utf8(KNOWN.0).expect("it is text"));
    let words = ["--role", "producer", "--source", "/mot-cua", "--certificate", known.as_str()];
    let (_, _, said) = secured.token(&words);
    let is_taken = || secured.send(Some(KNOWN), "/mot-cua").is_some_and(|(status, _)| status == 202);
    assert!(within(PATIENCE, is_taken), "{said}");

    let (status, answer) = secured.send(Some(UNKNOWN), "/mot-cua").expect("it is answered");
    assert_eq!(status, 401, "{answer}");
    assert!(answer["detail_en"].as_str().is_some_and(|why| why.contains("--certificate")), "{answer}");
    assert_eq!(secured.send(None, "/mot-cua").map(|(status, _)| status), Some(403), "like a page elsewhere");
    assert_eq!(secured.send(Some(STRANGER), "/mot-cua"), None, "it does not get through the handshake");
    // What everybody may see is not refused for a certificate nobody knows.
    assert_eq!(secured.ask(Some(UNKNOWN), "/readyz", &[], None).map(|(status, _)| status), Some(200));

    let (status, _, said) = secured.token(&words);
    assert!(status != 0 && said.contains("is that of the token"), "{said}");
    let id = said.split("is that of the token ").nth(1).and_then(|rest| rest.split(';').next());
    let revoked =
        nhip(&["token", "revoke", "--data", &secured.folder.path("data"), id.expect("it is named")], b"");
    assert_eq!(revoked.status, 0, "{}", revoked.stderr);
    let is_refused = || secured.send(Some(KNOWN), "/mot-cua").is_some_and(|(status, _)| status == 401);
    assert!(within(PATIENCE, is_refused), "it is revoked");
}

#[test]
fn only_a_producer_may_come_by_certificate_and_only_with_one() {
    let secured = Secured::start();
    let known = secured.folder.write("known.pem", std::str::from_utf8(KNOWN.0).expect("it is text"));
    let (status, _, said) = secured.token(&["--role", "leader", "--certificate", &known]);
    assert!(status == 2 && said.contains("--role producer"), "{said}");
    for (name, text) in [("key.pem", include_str!("senders/known.key")), ("none.pem", "nothing")] {
        let path = secured.folder.write(name, text);
        let words = ["--role", "producer", "--source", "/mot-cua", "--certificate", path.as_str()];
        let (status, _, said) = secured.token(&words);
        assert!(status == 2 && said.contains(name) && said.contains("PEM"), "{said}");
    }
}
