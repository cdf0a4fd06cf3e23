//! The server from outside: `nhip serve --data` over HTTP, with the log on a real disk.
//!
//! `cargo bench --workspace --bench serve --profile release -- [EVENTS] [RATE] [SECONDS]`. First as many batches as it
//! takes, then an open loop at RATE events a second: an event is due at a fixed instant, whatever is due goes out as one
//! batch on the next free connection, and its latency runs from the instant it was due to the 202, which says that it is
//! durable and shown. Then the page: from the post of one acceptance to the message of the live stream that carries the
//! changed figures. Making the events is not inside the clock. Not a test: figures go to `baselines.md`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Server, within};
use ingest::simulate::{Disorder, Plan, Stream};

/// Connections that post side by side.
const CONNECTIONS: usize = 8;
/// Events of a batch when only throughput counts.
const BATCH: usize = 1000;
/// How much of the past the events tell of.
const WEEKS: i64 = 13;
/// How long the page is waited for.
const PATIENCE: Duration = Duration::from_millis(500);
/// What an acceptance says of itself.
const ACCEPTED: &[u8] = b"dossier.accepted";
/// Events posted one by one for the page.
const PAGE_EVENTS: usize = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let mut number = |default: usize| numbers.next().and_then(|word| word.parse().ok()).unwrap_or(default);
    let (events, rate, seconds) = (number(1_000_000), number(10_000), number(20));
    let folder = Folder::new();
    let data = folder.path("data");
    let server = Server::launch(&["--data", &data, "--save-minutes", "1"]).map_err(|not| not.stderr)?;
    assert!(within(Duration::from_secs(30), || server.get("/readyz").status == 200), "it is ready");
    let wanted = events + rate * seconds + PAGE_EVENTS;
    // The weeks up to now, as a server that is told of them lives them.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let until = i64::try_from(now)?;
    let plan = Plan {
        events: wanted as u64,
        from: until - WEEKS * 7 * 86_400,
        until,
        disorder: Disorder::NONE,
        ..Plan::default()
    };
    let mut story = Stream::new(&plan);
    let mut lines: Vec<Vec<u8>> = Vec::with_capacity(wanted);
    while let Some((_, line)) = story.next_line() {
        lines.push(line.to_vec());
    }
    // At night and on Sundays little of what comes changes a figure: the page is shown the last acceptances there were.
    let (mut page, mut rest) = (Vec::new(), Vec::with_capacity(lines.len()));
    for line in lines.into_iter().rev() {
        let is_accepted =
            line.windows(ACCEPTED.len()).any(|part| part == ACCEPTED) && page.len() < PAGE_EVENTS;
        if is_accepted { &mut page } else { &mut rest }.push(line);
    }
    rest.reverse();
    let (bulk, live) = rest.split_at(rest.len().saturating_sub(rate * seconds));
    intake(server.address(), bulk);
    println!("spent: {}", spent(&server.get("/metrics").text()));
    println!("processor: {}", processor(server.id())?);
    open_loop(server.address(), live, rate);
    stream(&server, &page)?;
    println!("load {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

/// As many batches as it takes.
fn intake(address: &str, lines: &[Vec<u8>]) {
    let batches: Vec<Vec<u8>> = lines
        .chunks(BATCH)
        .map(|lines| lines.join(&b','))
        .map(|inner| [b"[", inner.as_slice(), b"]"].concat())
        .collect();
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut connection = Connection::open(address);
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    connection.post(batch);
                }
            });
        }
    });
    let (wall, count) = (started.elapsed().as_secs_f64(), u32::try_from(lines.len()).unwrap_or(u32::MAX));
    println!(
        "intake: {count} events in batches of {BATCH}, {wall:.2} s, {:.0} events/s",
        f64::from(count) / wall
    );
}

/// What the log and the engine spent, in seconds and turns.
fn spent(metrics: &str) -> String {
    let told = ["nhip_log_append_seconds", "nhip_step_seconds"];
    let lines = metrics.lines().filter(|line| told.iter().any(|name| line.starts_with(name)));
    lines.filter(|line| !line.contains("_bucket")).collect::<Vec<_>>().join(", ")
}

/// What each kind of thread took of the processor, in seconds: on a shared machine it says more than the clock on the wall.
fn processor(process: u32) -> std::io::Result<String> {
    let mut ticks = std::collections::BTreeMap::<String, u64>::new();
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let stat = std::fs::read_to_string(thread?.path().join("stat"))?;
        // Behind the name, which may hold spaces: state is the first, user and system time the 12th and 13th.
        let Some((head, rest)) = stat.rsplit_once(") ") else { continue };
        let name = head.split_once('(').map_or("", |(_, name)| name).to_owned();
        let times = rest.split(' ').skip(11).take(2).filter_map(|text| text.parse::<u64>().ok());
        *ticks.entry(name).or_default() += times.sum::<u64>();
    }
    let text = |(name, ticks): (&String, &u64)| format!("{name} {}.{:02}", ticks / 100, ticks % 100);
    let all = ticks.values().sum();
    Ok(ticks.iter().map(text).chain([text((&"all".to_owned(), &all))]).collect::<Vec<_>>().join(", "))
}

/// Events due at fixed instants.
fn open_loop(address: &str, lines: &[Vec<u8>], rate: usize) {
    let gap = Duration::from_nanos(1_000_000_000 / rate as u64);
    let due = |place: usize| gap * u32::try_from(place).unwrap_or(u32::MAX);
    let (next, started) = (std::sync::Mutex::new(0usize), Instant::now());
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        let work: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let (mut connection, mut waits) = (Connection::open(address), Vec::new());
                    loop {
                        let range = {
                            let mut next = next.lock().expect("a lock");
                            let now = started.elapsed();
                            let first = *next;
                            while *next < lines.len() && due(*next) <= now {
                                *next += 1;
                            }
                            first..*next
                        };
                        if range.start == lines.len() {
                            return waits;
                        }
                        if range.is_empty() {
                            std::thread::sleep(gap.max(Duration::from_micros(200)));
                            continue;
                        }
                        let inner = lines[range.clone()].join(&b',');
                        connection.post(&[b"[", inner.as_slice(), b"]"].concat());
                        let now = started.elapsed();
                        waits.extend(range.map(|place| now.saturating_sub(due(place))));
                    }
                })
            })
            .collect();
        work.into_iter().flat_map(|thread| thread.join().expect("a sender")).collect()
    });
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() - 1) * share / 1000].as_secs_f64() * 1000.0;
    println!(
        "durable and shown, {} events at {rate}/s: p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.2} ms",
        waits.len(),
        at(500),
        at(990),
        at(999),
        at(1000)
    );
}

/// From the post of an event to the message of the live stream with a version that holds it.
fn stream(server: &Server, lines: &[Vec<u8>]) -> Result<(), Box<dyn std::error::Error>> {
    let mut follower = BufReader::new(TcpStream::connect(server.address())?);
    follower.get_ref().set_read_timeout(Some(PATIENCE))?;
    write!(follower.get_mut(), "GET /api/v1/stream?period=2026 HTTP/1.1\r\nhost: nhip\r\n\r\n")?;
    let mut connection = Connection::open(server.address());
    let mut waits = Vec::new();
    for line in lines {
        let started = Instant::now();
        let answer = connection.post(&[b"[", line.as_slice(), b"]"].concat());
        let version = number_after(&answer, "\"version\":");
        let (mut text, mut is_ranking) = (String::new(), false);
        // An event that changes no figure of the period is told with the next one that does; a tick tells of none.
        while started.elapsed() < PATIENCE {
            text.clear();
            match follower.read_line(&mut text) {
                Ok(0) => return Err("the stream ended".into()),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
            if let Some(event) = text.strip_prefix("event:") {
                is_ranking = event.trim() == "ranking";
            }
            if let Some(id) = text.strip_prefix("id:").filter(|_| is_ranking) {
                // Run, view and version; the version stands last.
                let mut parts = id.trim().rsplit(|one: char| !one.is_ascii_digit());
                let shown: u64 = parts.next().unwrap_or_default().parse().unwrap_or(0);
                if shown >= version {
                    waits.push(started.elapsed());
                    break;
                }
            }
        }
    }
    if waits.is_empty() {
        return Err("no event was seen in the live stream".into());
    }
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    println!(
        "page: {} events seen in the live stream, p50 {:.1} ms, p90 {:.1} ms, max {:.1} ms",
        waits.len(),
        at(50),
        at(90),
        at(100)
    );
    Ok(())
}

fn number_after(text: &str, name: &str) -> u64 {
    let digits = text.split_once(name).map_or("", |(_, rest)| rest);
    digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(u64::MAX)
}

/// A connection kept open: HTTP/1.1, one request at a time.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(address: &str) -> Connection {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket can be told not to wait");
        Connection(BufReader::new(stream))
    }

    /// Posts a batch until it is taken; the answer's body.
    fn post(&mut self, batch: &[u8]) -> String {
        loop {
            let head = format!(
                "POST /api/v1/events HTTP/1.1\r\nhost: nhip\r\ncontent-type: application/cloudevents-batch+json\r\ncontent-length: {}\r\n\r\n",
                batch.len()
            );
            self.0.get_mut().write_all(&[head.as_bytes(), batch].concat()).expect("the server reads");
            let (mut status, mut length, mut line) = (0u16, 0usize, String::new());
            loop {
                line.clear();
                self.0.read_line(&mut line).expect("the server answers");
                if status == 0 {
                    status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).expect("the answer is whole");
            if status == 202 {
                return String::from_utf8_lossy(&body).into_owned();
            }
            assert_eq!(status, 503, "{}", String::from_utf8_lossy(&body));
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
