//! Channels over TLS, to real receivers with an authority of their own; and a channel that is in the settings no more.
//!
//! The authority and its certificates lie in `tls`; nobody else trusts it. Not here: plain receivers, kills (`alert_delivery`).

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Server, within};
use serde_json::Value;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::alert_delivery::{PATIENCE, Receiver, launch, post, settings, soon};

/// A certificate and its key, for TLS.
fn certificate(pem: &str, key: &str) -> Arc<ServerConfig> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain.expect("certificates"), key);
    Arc::new(config.expect("they fit"))
}

/// What is spoken, and from when on under TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaks {
    Https,
    /// Mail, under TLS from the first byte.
    Smtps,
    /// Mail, that offers STARTTLS.
    Starttls,
    /// Mail, that does not.
    Plain,
}

/// A receiver under TLS that remembers what it was told.
struct Peer {
    port: u16,
    /// Everything it was sent that is a message, or a password.
    heard: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    fn start(speaks: Speaks, certificate: &Arc<ServerConfig>) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let (peer, config) = (Peer { port, heard: Arc::default() }, Arc::clone(certificate));
        let heard = Arc::clone(&peer.heard);
        // It ends with the tests' process.
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let note = |said: String| heard.lock().unwrap_or_else(PoisonError::into_inner).push(said);
                if matches!(speaks, Speaks::Starttls | Speaks::Plain) {
                    // Nobody who stays in the clear is listened to further.
                    if !smtp(&mut stream, true, speaks == Speaks::Starttls, &note) {
                        continue;
                    }
                }
                let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
                let mut stream = StreamOwned::new(connection, stream);
                if speaks == Speaks::Https {
                    https(&mut stream, &note);
                } else {
                    smtp(&mut stream, speaks == Speaks::Smtps, false, &note);
                }
            }
        });
        peer
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A line, byte by byte: what follows it may be TLS.
fn line(wire: &mut impl Read) -> Option<String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while !line.ends_with(b"\n") {
        wire.read_exact(&mut byte).ok()?;
        line.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn https(wire: &mut (impl Read + Write), note: &impl Fn(String)) {
    let mut length = 0;
    loop {
        let Some(line) = line(wire) else { return };
        if line.is_empty() {
            break;
        }
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    if wire.read_exact(&mut body).is_ok() {
        note(String::from_utf8_lossy(&body).into_owned());
        let _ = wire.write_all(b"HTTP/1.1 204 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = wire.flush();
    }
}

/// Speaks SMTP as a server; whether TLS is to begin.
fn smtp(wire: &mut (impl Read + Write), greets: bool, offers: bool, note: &impl Fn(String)) -> bool {
    let say = |wire: &mut dyn Write, text: &str| {
        let _ = wire.write_all(text.as_bytes()).and_then(|()| wire.flush());
    };
    if greets {
        say(wire, "220 localhost\r\n");
    }
    while let Some(command) = line(wire) {
        let verb = command.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" if offers => say(wire, "250-localhost\r\n250 STARTTLS\r\n"),
            "EHLO" => say(wire, "250-localhost\r\n250 AUTH PLAIN\r\n"),
            "STARTTLS" => {
                say(wire, "220 go on\r\n");
                return true;
            }
            "AUTH" => {
                note(command);
                say(wire, "235 ok\r\n");
            }
            "DATA" => {
                say(wire, "354 go on\r\n");
                let mut mail = String::new();
                while let Some(line) = line(wire).filter(|line| line != ".") {
                    mail += &line;
                    mail.push('\n');
                }
                note(mail);
                say(wire, "250 ok\r\n");
            }
            "QUIT" => {
                say(wire, "221 bye\r\n");
                return false;
            }
            _ => say(wire, "250 ok\r\n"),
        }
    }
    false
}

/// A channel's standing, as health has it.
fn channel(server: &Server, name: &str) -> Value {
    let health = server.get("/api/v1/health").json();
    let channels = health["alerts"]["channels"].as_array().cloned().unwrap_or_default();
    channels.into_iter().find(|channel| channel["channel"] == name).unwrap_or_default()
}

#[test]
fn a_receiver_is_trusted_by_the_authority_that_settings_name_and_by_no_other() {
    let ours = certificate(include_str!("tls/server.pem"), include_str!("tls/server.key"));
    let elsewhere = certificate(include_str!("tls/elsewhere.pem"), include_str!("tls/elsewhere.key"));
    let folder = Folder::new();
    let authority = folder.write("authority.pem", include_str!("tls/authority.pem"));
    let stranger = folder.write("stranger.pem", include_str!("access/authority.pem"));
    let password = folder.write("password", "a password of the test");
    // Name, what is spoken, whose certificate, which authority settings name, whether the message arrives.
    let cases = [
        ("web", Speaks::Https, &ours, Some(&authority), true),
        ("web-unknown", Speaks::Https, &ours, None, false),
        ("web-stranger", Speaks::Https, &ours, Some(&stranger), false),
        ("web-elsewhere", Speaks::Https, &elsewhere, Some(&authority), false),
        ("mail", Speaks::Starttls, &ours, Some(&authority), true),
        ("mail-tls", Speaks::Smtps, &ours, Some(&authority), true),
        ("mail-unknown", Speaks::Starttls, &ours, None, false),
        ("mail-stranger", Speaks::Smtps, &ours, Some(&stranger), false),
        ("mail-elsewhere", Speaks::Starttls, &elsewhere, Some(&authority), false),
        ("mail-plain", Speaks::Plain, &ours, Some(&authority), false),
    ];
    let plain = Receiver::start(204);
    let mut text = std::fs::read_to_string(settings(&folder, &plain, "")).expect("it is there");
    let mut peers = Vec::new();
    for (name, speaks, certificate, authority, arrives) in cases {
        let peer = Peer::start(speaks, certificate);
        let port = peer.port;
        let way = match speaks {
            Speaks::Https => format!("kind = \"alertmanager\"\nurl = \"https://localhost:{port}/\"\n"),
            mail => format!(
                "kind = \"smtp\"\nhost = \"localhost\"\nport = {port}\ntls = \"{}\"\nuser = \"u\"\npassword_file = \
                 {password:?}\nfrom = \"nhip@example.vn\"\nto = [\"a@example.vn\"]\n",
                if mail == Speaks::Smtps { "tls" } else { "starttls" }
            ),
        };
        let trusts = authority.map_or_else(String::new, |file| format!("authority_file = {file:?}\n"));
        text = [&text, "\n[[alerts.channels]]\nname = \"", name, "\"\n", &way, &trusts].concat();
        peers.push((name, peer, arrives));
    }
    let server = launch(&folder, &folder.write("settings.toml", text));
    post(&server, &format!("{} H1 accepted due={}", soon(-3600), soon(1)));
    for (name, peer, arrives) in &peers {
        if *arrives {
            // A mail's body is in base64; its head tells that it is one.
            let is_mail = name.starts_with("mail");
            let mark = if is_mail { "Message-ID: <" } else { "H1" };
            let is_there = || peer.heard().iter().any(|said| said.contains(mark));
            assert!(within(PATIENCE, is_there), "{name}: {:?} {}", peer.heard(), channel(&server, name));
            let has_signed_in = peer.heard().iter().any(|said| said.starts_with("AUTH PLAIN "));
            assert_eq!(has_signed_in, is_mail, "{name}: who sends mail signs in");
            assert!(within(PATIENCE, || channel(&server, name)["owed"] == 0), "{name}: {}", server.stderr());
        } else {
            assert!(within(PATIENCE, || channel(&server, name)["is_dead"] == true), "{name}");
            assert_eq!(peer.heard(), [""; 0], "{name}: neither a message nor a password leaves");
            assert_ne!(channel(&server, name)["owed"], 0, "{name}: it is owed");
            let page = server.get("/canh-bao").text();
            assert!(page.contains(&format!("Kênh {name} không gửi được tin")), "{page}");
        }
    }
}

#[test]
fn a_file_of_authorities_that_is_none_is_refused_at_the_start() {
    let (folder, plain) = (Folder::new(), Receiver::start(204));
    let own = std::fs::read_to_string(settings(&folder, &plain, "")).expect("it is there");
    let empty = folder.write("empty.pem", "nothing");
    for (file, says) in
        [(empty.as_str(), "it holds no certificates in PEM"), ("/nowhere.pem", "/nowhere.pem")]
    {
        let settings = folder.write("settings.toml", format!("{own}authority_file = {file:?}\n"));
        let not = Server::launch(&["--data", &folder.path("data"), "--settings", &settings]);
        let not = not.expect_err("it is refused");
        assert!(not.stderr.contains("channel van-phong: authority_file"), "{}", not.stderr);
        assert!(not.stderr.contains(says), "{}", not.stderr);
    }
}

#[test]
fn what_a_removed_channel_is_owed_is_shown_and_arrives_when_it_is_put_back() {
    let (folder, receiver) = (Folder::new(), Receiver::start(500));
    let with = std::fs::read_to_string(settings(&folder, &receiver, "")).expect("it is there");
    let (without, _) = with.split_once("[[alerts.channels]]").expect("it has a channel");
    let file = |text: &str| folder.write("settings.toml", text);
    let server = launch(&folder, &file(&with));
    post(&server, &format!("{} H1 accepted due={}", soon(-3600), soon(1)));
    assert!(within(PATIENCE, || channel(&server, "van-phong")["failures"] != 0), "{}", server.stderr());
    server.kill();
    let tries = receiver.heard().len();

    let server = launch(&folder, &file(without));
    let is_shown = || channel(&server, "van-phong")["is_dead"] == true;
    assert!(within(PATIENCE, is_shown), "{}", server.get("/api/v1/health").text());
    let standing = channel(&server, "van-phong");
    assert_eq!((&standing["kind"], &standing["owed"]), (&"removed".into(), &1.into()), "{standing}");
    assert!(standing["trouble"].as_str().is_some_and(|why| why.contains("put it back")), "{standing}");
    assert!(server.get("/van-hanh").text().contains("van-phong"));
    assert!(server.get("/canh-bao").text().contains("Kênh van-phong không gửi được tin"));
    assert!(server.stderr().contains("given up after a day"), "{}", server.stderr());
    assert_eq!(receiver.heard().len(), tries, "nothing is sent to it");
    server.kill();

    receiver.status.store(204, Ordering::Relaxed);
    let server = launch(&folder, &file(&with));
    assert!(within(PATIENCE, || receiver.heard().len() > tries), "{}", server.stderr());
    let heard = receiver.heard();
    assert_eq!(
        heard[tries].header("idempotency-key"),
        heard[0].header("idempotency-key"),
        "the same message"
    );
    assert!(within(PATIENCE, || channel(&server, "van-phong")["owed"] == 0), "{}", server.stderr());
}
