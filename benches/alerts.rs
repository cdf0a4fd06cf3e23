//! Alerts from outside: from the instant a due date passes to the message at its receiver, beside many open dossiers.
//!
//! `cargo bench --workspace --bench alerts --profile release -- [DOSSIERS] [DUE]`. So many dossiers are open; so many of
//! them fall due, one every 100 ms, each in a unit of its own, so that each is a message of its own. The lag runs from
//! the due date to the request at the receiver. Not a test: figures go to `baselines.md`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Server, within};
use compute::instant::Instant as At;

/// Events of a batch.
const BATCH: i64 = 2_000;
/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_mins(10);
/// Between two due dates.
const EVERY_MILLISECONDS: i64 = 100;
/// From the last post to the first due date: sightings, looks and figures have settled by then.
const LEAD_SECONDS: i64 = 20;
const RULES: &str = "[[rule]]\nid = \"overdue\"\nlook_for = \"overdue\"\nseverity = \"critical\"\nvi = \"a\"\nen = \"a\"\nat_once = true\n\
                     [[rule]]\nid = \"due_soon\"\nlook_for = { due_within = { hours = 8 } }\nseverity = \"info\"\nvi = \"a\"\nen = \"a\"\ntell = \"page\"\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let mut number = |default: i64| numbers.next().and_then(|word| word.parse().ok()).unwrap_or(default);
    let (dossiers, due) = (number(1_000_000), number(200));
    let (folder, (heard, messages)) = (Folder::new(), channel());
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| take(stream, &heard)));
    let (rules, secret) = (folder.write("rules.toml", RULES), folder.write("secret", "s"));
    let settings = format!(
        "[alerts]\nrules = {rules:?}\nmessages_per_hour = 10000\n[[alerts.channels]]\nname = \"a\"\nkind = \"webhook\"\n\
         url = \"http://{address}/\"\nsecret_file = {secret:?}\n"
    );
    let (settings, data) = (folder.write("settings.toml", settings), folder.path("data"));
    let server = Server::launch(&["--data", &data, "--settings", &settings]).map_err(|not| not.stderr)?;
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready");
    let started = Instant::now();
    let far = now() + 20 * 86_400_000;
    let accepted = now() - 60_000;
    for first in (0..dossiers).step_by(usize::try_from(BATCH)?) {
        let batch = first..(first + BATCH).min(dossiers);
        let events: Vec<String> = batch.map(|one| event(one, accepted, far, one % 200)).collect();
        post(&server, &events);
    }
    println!("{dossiers} open dossiers posted in {:.1} s", started.elapsed().as_secs_f64());
    let first = now() + LEAD_SECONDS * 1000;
    let at = |one: i64| first + one * EVERY_MILLISECONDS;
    let events: Vec<String> = (0..due).map(|one| event(dossiers + one, accepted, at(one), one)).collect();
    post(&server, &events);
    let mut lags = Vec::new();
    while lags.len() < usize::try_from(due)? {
        let (came, body) = messages.recv_timeout(PATIENCE)?;
        for code in body.split("\"subject\":\"D").skip(1) {
            let one: i64 = code.split('"').next().unwrap_or_default().parse()?;
            lags.push(came - at(one - dossiers));
        }
    }
    lags.sort_unstable();
    let part = |hundredths: usize| lags[(lags.len() - 1) * hundredths / 100];
    println!("lag of {due} alerts: p50 {} ms, p99 {} ms, max {} ms", part(50), part(99), part(100));
    for line in server.get("/metrics").text().lines().filter(|line| line.starts_with("nhip_alert")) {
        println!("{line}");
    }
    println!("resident {}", resident(server.id()));
    println!("load {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn event(one: i64, accepted: i64, due: i64, unit: i64) -> String {
    let text = |at: i64| {
        At::from_unix(at.div_euclid(1000), u32::try_from(at.rem_euclid(1000)).unwrap_or(0) * 1_000_000)
            .to_utc()
    };
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"e{one}\",\"source\":\"/s\",\"type\":\"dossier.accepted\",\"subject\":\"D{one}\",\
         \"time\":\"{}\",\"data\":{{\"procedure\":\"T\",\"agency\":\"U{unit}\",\"officer\":\"O{unit}\",\"due_at\":\"{}\"}}}}",
        text(accepted),
        text(due)
    )
}

fn post(server: &Server, events: &[String]) {
    let taken = server.post_batch(&events.join("\n"));
    assert_eq!(taken.status, 202, "{}", taken.text());
}

/// One request: when its body was there, and the body.
fn take(mut stream: TcpStream, heard: &Sender<(i64, String)>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream can be shared"));
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_ok() {
        // Nobody may be listening any more.
        let _ = heard.send((now(), String::from_utf8_lossy(&body).into_owned()));
        let _ = stream.write_all(b"HTTP/1.1 204 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }
}

fn resident(id: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}
