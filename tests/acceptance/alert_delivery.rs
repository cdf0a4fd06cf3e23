//! Alerts on their way out of a real server, into a real receiver: signed, once a cause, also over a kill.
//!
//! The server's clock is the system's: dossiers are due a moment from now. Not here: mail (`tests/browser`), which alerts
//! there are (`alerts`).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Server, within};
use acceptance_tests::story::events;
use compute::instant::Instant;
use serde_json::{Value, json};

/// Longer than any alert takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What came in one request.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    headers: Vec<(String, String)>,
    body: String,
}

impl Heard {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a message is JSON")
    }
}

/// A receiver that remembers what it heard, and answers with a status; 0 breaks the connection off unanswered.
#[derive(Clone)]
pub(super) struct Receiver {
    address: String,
    pub(super) status: Arc<AtomicU16>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Receiver {
    pub(super) fn start(status: u16) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address").to_string();
        let receiver = Receiver { address, status: Arc::new(AtomicU16::new(status)), heard: Arc::default() };
        let own = receiver.clone();
        // It ends with the tests' process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                own.take(stream);
            }
        });
        receiver
    }

    fn take(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a stream can be shared"));
        let mut headers = Vec::new();
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            line.clear();
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.and_then(|(_, text)| text.parse().ok()).unwrap_or(0)];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let body = String::from_utf8(body).expect("a body is UTF-8");
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(Heard { headers, body });
        let status = self.status.load(Ordering::Relaxed);
        if status > 0 {
            // The sender may have been killed meanwhile.
            let _ = write!(stream, "HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    }

    pub(super) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// `seconds` from now, as stories write it.
pub(super) fn soon(seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    let then = i64::try_from(now.as_secs()).expect("it is before the year 2100") + seconds;
    let local = Instant::from_unix(then, 0).to_local();
    format!("{}/{}/{} {}", &local[8..10], &local[5..7], &local[..4], &local[11..19])
}

/// Settings with a webhook, and one rule that is told at any hour.
pub(super) fn settings(folder: &Folder, receiver: &Receiver, more: &str) -> String {
    let rules = folder.write(
        "rules.toml",
        "[[rule]]\nid = \"overdue\"\nlook_for = \"overdue\"\nseverity = \"critical\"\nvi = \"Hồ sơ quá hạn\"\n\
         en = \"Dossier overdue\"\nat_once = true\nevery_minutes = 0\n",
    );
    let secret = folder.write("secret", "a secret of the test\n");
    let (address, quoted) = (&receiver.address, |text: &str| json!(text).to_string());
    folder.write(
        "settings.toml",
        format!(
            "[alerts]\nrules = {}\nlink_base = \"https://nhip.example.vn\"\n{more}\n[[alerts.channels]]\n\
             name = \"van-phong\"\nkind = \"webhook\"\nurl = \"http://{address}/hook\"\nsecret_file = {}\n",
            quoted(&rules),
            quoted(&secret)
        ),
    )
}

pub(super) fn launch(folder: &Folder, settings: &str) -> Server {
    let data = folder.path("data");
    let server = Server::launch(&["--data", &data, "--settings", settings]).expect("it starts");
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready at last");
    let is_looking = || server.get("/api/v1/health").json()["alerts"]["is_looking"] == false;
    assert!(within(PATIENCE, is_looking), "everything was looked at:\n{}", server.stderr());
    server
}

pub(super) fn post(server: &Server, story: &str) {
    let taken = server.post_batch(&events(story));
    assert_eq!((taken.status, taken.json()["rejected_count"].as_u64()), (202, Some(0)), "{}", taken.text());
}

fn subjects(heard: &Heard) -> Vec<String> {
    let alerts = heard.json()["alerts"].as_array().cloned().unwrap_or_default();
    alerts.iter().filter_map(|alert| alert["subject"].as_str().map(str::to_owned)).collect()
}

#[test]
fn an_overdue_dossier_is_told_once_signed_and_without_a_word_of_the_applicant() {
    let (folder, receiver) = (Folder::new(), Receiver::start(204));
    let server = launch(&folder, &settings(&folder, &receiver, ""));
    let (then, due) = (soon(-3600), soon(2));
    post(&server, &format!("{then} H1 accepted due={due}\n{then} H2 accepted due={due}"));
    assert!(within(PATIENCE, || receiver.heard().len() == 1), "{}", server.stderr());
    let heard = &receiver.heard()[0];
    assert_eq!(subjects(heard), ["H1", "H2"]);
    let told = heard.json();
    assert_eq!(
        (&told["rule"], &told["unit"]["code"], &told["count"]),
        (&"overdue".into(), &"C1".into(), &2.into())
    );
    assert_eq!(told["alerts"][0]["link"], "https://nhip.example.vn/ho-so/H1");
    assert_eq!(told["title"]["vi"], "Hồ sơ quá hạn");
    let timestamp: i64 = heard.header("nhip-timestamp").parse().expect("a number");
    let wanted = alerts::signature(b"a secret of the test", timestamp, heard.body.as_bytes());
    assert_eq!(heard.header("nhip-signature"), wanted);
    assert!(!server.stderr().contains("a secret of the test"));
    // The receiver hears it before the server hears that it did. The lag of each of the two is measured.
    let is_counted = || {
        let metrics = server.get("/metrics").text();
        let delivered = "nhip_alert_messages_total{channel=\"van-phong\",outcome=\"delivered\"} 1";
        ["nhip_alerts_firing 2", "nhip_alert_lag_seconds_count 2", delivered]
            .iter()
            .all(|wanted| metrics.contains(wanted))
    };
    assert!(within(PATIENCE, is_counted), "{}", server.get("/metrics").text());
    let listed = server.get("/api/v1/alerts").json();
    assert_eq!((&listed["count"], &listed["alerts"][0]["state"]), (&2.into(), &"firing".into()));
}

#[test]
fn a_kill_between_keeping_and_sending_loses_no_message_and_repeats_it_only_under_its_id() {
    let (folder, receiver) = (Folder::new(), Receiver::start(0));
    let settings = settings(&folder, &receiver, "");
    let server = launch(&folder, &settings);
    post(&server, &format!("{} H1 accepted due={}", soon(-3600), soon(1)));
    // The receiver has it, the server never hears so, and is killed.
    assert!(within(PATIENCE, || !receiver.heard().is_empty()), "{}", server.stderr());
    server.kill();
    let before = receiver.heard();
    receiver.status.store(204, Ordering::Relaxed);
    let server = launch(&folder, &settings);
    // Kept, not only sent: a kill before that would send it once more.
    let is_told = || server.get("/api/v1/health").json()["alerts"]["attempts"][0]["outcome"] == "delivered";
    assert!(within(PATIENCE, || receiver.heard().len() > before.len() && is_told()), "{}", server.stderr());
    let ids: Vec<String> =
        receiver.heard().iter().map(|heard| heard.header("idempotency-key").to_owned()).collect();
    assert!(ids.iter().all(|id| *id == ids[0] && id.len() == 16), "{ids:?}");
    // Once more from what is kept: nobody is told again.
    let count = receiver.heard().len();
    server.kill();
    let server = launch(&folder, &settings);
    post(&server, &format!("{} H2 accepted id=h2 due={}", soon(-3600), soon(1)));
    assert!(within(PATIENCE, || receiver.heard().len() > count), "{}", server.stderr());
    assert_eq!(subjects(&receiver.heard()[count]), ["H2"], "only what is new");
    assert_eq!(server.get("/api/v1/alerts?state=firing").json()["count"], 2);
}

#[test]
fn without_what_was_kept_the_log_is_history_and_says_so() {
    let (folder, receiver) = (Folder::new(), Receiver::start(204));
    let settings = settings(&folder, &receiver, "");
    let server = launch(&folder, &settings);
    post(&server, &format!("{} H1 accepted due={}", soon(-3600), soon(1)));
    assert!(within(PATIENCE, || receiver.heard().len() == 1), "{}", server.stderr());
    server.kill();
    std::fs::remove_file(folder.path("data/alerts.redb")).expect("it is there");
    let server = launch(&folder, &settings);
    assert!(server.stderr().contains("what holds already is shown as history"), "{}", server.stderr());
    let listed = server.get("/api/v1/alerts").json();
    assert_eq!((&listed["count"], &listed["alerts"][0]["is_history"]), (&1.into(), &true.into()));
    post(&server, &format!("{} H2 accepted id=h2 due={}", soon(-3600), soon(1)));
    assert!(within(PATIENCE, || receiver.heard().len() == 2), "{}", server.stderr());
    assert_eq!(subjects(&receiver.heard()[1]), ["H2"]);
}

#[test]
fn a_dead_channel_is_visible_and_what_it_owes_arrives_when_it_is_back() {
    let (folder, receiver) = (Folder::new(), Receiver::start(500));
    let server = launch(&folder, &settings(&folder, &receiver, ""));
    post(&server, &format!("{} H1 accepted due={}", soon(-3600), soon(1)));
    let channel = || server.get("/api/v1/health").json()["alerts"]["channels"][0].clone();
    assert!(within(PATIENCE, || channel()["is_dead"] == true), "{}", channel());
    assert!(channel()["trouble"].as_str().is_some_and(|why| why.contains("500")), "{}", channel());
    let page = server.get("/canh-bao").text();
    assert!(page.contains("Kênh van-phong không gửi được tin"), "{page}");
    assert!(server.get("/van-hanh").text().contains("van-phong"));
    let is_dead =
        || server.get("/metrics").text().contains("nhip_alert_channel_dead{channel=\"van-phong\"} 1");
    assert!(within(PATIENCE, is_dead), "{}", server.get("/metrics").text());
    receiver.status.store(200, Ordering::Relaxed);
    assert!(within(PATIENCE, || channel()["owed"] == 0 && channel()["is_dead"] == false), "{}", channel());
}

#[test]
fn a_channel_in_the_shape_of_alertmanager_says_what_fires_and_what_is_over() {
    let (folder, receiver) = (Folder::new(), Receiver::start(200));
    let own = std::fs::read_to_string(settings(&folder, &receiver, "")).expect("it is there");
    let (head, _) = own.split_once("[[alerts.channels]]").expect("it has a channel");
    let channel = format!(
        "name = \"am\"\nkind = \"alertmanager\"\nurl = \"http://{}/\"\nresolved = true\n",
        receiver.address
    );
    let server =
        launch(&folder, &folder.write("settings.toml", format!("{head}[[alerts.channels]]\n{channel}")));
    post(&server, &format!("{} H1 accepted due={}", soon(-3600), soon(1)));
    assert!(within(PATIENCE, || receiver.heard().len() == 1), "{}", server.stderr());
    post(&server, &format!("{} H1 processed id=end", soon(-1)));
    assert!(within(PATIENCE, || receiver.heard().len() == 2), "{}", server.stderr());
    let [firing, over] = [0, 1].map(|place| receiver.heard()[place].json());
    for (told, status) in [(&firing, "firing"), (&over, "resolved")] {
        assert_eq!((&told["version"], &told["receiver"]), (&"4".into(), &"am".into()), "{told}");
        assert_eq!(
            (&told["status"], &told["alerts"][0]["status"]),
            (&status.into(), &status.into()),
            "{told}"
        );
        assert_eq!(told["groupLabels"], json!({ "alertname": "overdue", "unit": "C1" }));
        assert_eq!(told["alerts"][0]["labels"]["subject"], "H1");
    }
    assert_eq!(firing["alerts"][0]["fingerprint"], over["alerts"][0]["fingerprint"], "it is the same alert");
    assert_eq!(firing["alerts"][0]["startsAt"], over["alerts"][0]["startsAt"]);
    assert!(firing["alerts"][0]["endsAt"].as_str() < over["alerts"][0]["endsAt"].as_str());
}

#[test]
fn too_many_messages_of_an_hour_are_folded_and_counted() {
    let (folder, receiver) = (Folder::new(), Receiver::start(204));
    let server = launch(&folder, &settings(&folder, &receiver, "messages_per_hour = 1"));
    let (then, due) = (soon(-3600), soon(1));
    post(&server, &format!("{then} H1 accepted due={due}\n{then} H2 accepted due={due} agency=C2"));
    let waiting = || server.get("/api/v1/health").json()["alerts"]["channels"][0]["folded"].as_u64();
    assert!(within(PATIENCE, || waiting() == Some(1)), "{}", server.stderr());
    assert!(within(PATIENCE, || receiver.heard().len() == 1), "{}", server.stderr());
    assert_eq!(server.get("/api/v1/alerts").json()["count"], 2, "the page has them all");
}

#[test]
fn an_alert_is_acknowledged_and_snoozed_over_the_api() {
    let (folder, receiver) = (Folder::new(), Receiver::start(204));
    let server = launch(&folder, &settings(&folder, &receiver, ""));
    let (then, due) = (soon(-3600), soon(1));
    post(&server, &format!("{then} H1 accepted due={due}\n{then} H2 accepted due={due} agency=C2"));
    let listed = |filter: &str| server.get(&format!("/api/v1/alerts?{filter}")).json();
    assert!(within(PATIENCE, || listed("state=firing")["count"] == 2), "{}", server.stderr());
    assert_eq!((&listed("unit=C1")["count"], &listed("unit=P")["count"]), (&1.into(), &2.into()));
    let id =
        |unit: &str| listed(&format!("unit={unit}"))["alerts"][0]["id"].as_str().expect("an id").to_owned();
    let act = |id: &str, what: &str, body: Value| {
        let answer = server.post(
            &format!("/api/v1/alerts/{id}/{what}"),
            "application/json",
            body.to_string().as_bytes(),
        );
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    let fine = (200, String::new());
    assert_eq!(act(&id("C1"), "acknowledge", json!({ "by": "Nguyễn An" })), fine);
    assert_eq!(listed("state=acknowledged")["alerts"][0]["by"], "Nguyễn An");
    let due = listed("unit=C2")["alerts"][0]["due"].as_str().and_then(Instant::parse).expect("a due date");
    let day = Instant::from_unix(due.unix_seconds() + 86_400, 0).to_local();
    let snooze = json!({ "by": "An", "reason": "chờ họp", "until": day });
    assert_eq!(act(&id("C2"), "snooze", snooze.clone()), fine);
    assert_eq!(listed("state=snoozed")["alerts"][0]["reason"], "chờ họp");
    let refused = |status, code: &str| (status, code.to_owned());
    assert_eq!(act("0000", "acknowledge", json!({ "by": "An" })), refused(404, "unknown_alert"));
    assert_eq!(act(&id("C1"), "acknowledge", json!({})), refused(400, "malformed_by"));
    assert_eq!(act(&id("C1"), "acknowledge", json!({ "who": "An" })), refused(400, "malformed_body"));
    let long_ago = json!({ "by": "An", "reason": "x", "until": "2020-01-01T00:00:00+07:00" });
    assert_eq!(act(&id("C2"), "snooze", long_ago), refused(400, "malformed_until"));
    let no_reason = json!({ "by": "An", "until": day });
    assert_eq!(act(&id("C2"), "snooze", no_reason), refused(400, "malformed_reason"));
    assert_eq!(server.get("/api/v1/alerts?state=loud").status, 400);
    assert_eq!(server.get("/api/v1/alerts?sort=x").status, 400);
}
