//! A serving `nhip` and plain HTTP/1.1 over a socket: enough to test with, nothing to build on.
//!
//! A server can be killed, asked to stop, and found to have refused to start. Not here: what is sent to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::binary;

/// Longer than any answer takes, so that a hung server fails a test instead of holding it.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks at something that is waited for.
const BEAT: Duration = Duration::from_millis(2);

/// A server of its own, ended with the test by its id.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: String,
    told: Told,
}

/// A server that ended before it said where it listens.
#[derive(Clone, Debug)]
pub struct NotStarted {
    /// Exit status; nothing when a signal ended it.
    pub status: Option<i32>,
    /// Standard error.
    pub stderr: String,
}

/// Standard error as it comes.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<String>>);

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the server writes UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

impl Server {
    /// Starts `nhip serve` on a free port.
    pub fn start() -> Server {
        Server::launch(&[]).unwrap_or_else(|not| panic!("nhip does not serve: {not:?}"))
    }

    /// Starts `nhip serve` on a free port with these arguments; what it said when it would not.
    pub fn launch(arguments: &[&str]) -> Result<Server, NotStarted> {
        Server::launch_in(&[], arguments)
    }

    /// As `launch`, with these variables besides.
    pub fn launch_in(environment: &[(&str, &str)], arguments: &[&str]) -> Result<Server, NotStarted> {
        let mut starting = Starting::spawn(environment, arguments);
        let mut line = String::new();
        let mut output = BufReader::new(starting.child.stdout.take().expect("standard output is piped"));
        output.read_line(&mut line).expect("standard output is text");
        let said = line.trim();
        let address = ["listening on http://", "listening on https://"];
        let Some(address) = address.iter().find_map(|start| said.strip_prefix(start)) else {
            assert_eq!(line, "", "the first line says the address");
            let status = starting.child.wait().expect("a child can be waited for").code();
            starting.reader.join().expect("standard error can be read");
            return Err(NotStarted { status, stderr: starting.told.text() });
        };
        Ok(Server { address: address.to_owned(), child: starting.child, told: starting.told })
    }

    /// Starts a server and kills it after `moment`, wherever it then is.
    pub fn launch_and_kill(arguments: &[&str], moment: Duration) {
        let mut starting = Starting::spawn(&[], arguments);
        // Nothing is waited for: the moment is a matter of chance.
        std::thread::sleep(moment);
        starting.child.kill().expect("a child can be killed");
        starting.child.wait().expect("a child can be waited for");
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What it has said on standard error.
    pub fn stderr(&self) -> String {
        self.told.text()
    }

    /// SIGKILL: it ends where it is.
    pub fn kill(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// SIGTERM: it is asked to end in good order.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// SIGSTOP: it stands still wherever it is, and knows nothing of it.
    pub fn stand_still(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT: it goes on as if nothing had been.
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill can be run").success(), "the signal was sent");
    }

    /// Its exit status, waited for at most so long; nothing when a signal ended it.
    pub fn ended(&mut self, patience: Duration) -> Option<i32> {
        let mut status = None;
        let has_ended = within(patience, || {
            status = self.child.try_wait().expect("a child can be waited for");
            status.is_some()
        });
        assert!(has_ended, "the server did not end within {patience:?}:\n{}", self.stderr());
        status.and_then(|status| status.code())
    }

    /// `GET path`.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", b"")
    }

    /// `GET path` with headers, each ended by CRLF.
    pub fn get_with(&self, path: &str, headers: &str) -> Answer {
        self.ask("GET", path, headers, b"")
    }

    /// `POST path` with a body of a type.
    pub fn post(&self, path: &str, kind: &str, body: &[u8]) -> Answer {
        self.ask("POST", path, &format!("content-type: {kind}\r\n"), body)
    }

    /// Posts a story's lines as one batch.
    pub fn post_batch(&self, ndjson: &str) -> Answer {
        let body = format!("[{}]", ndjson.lines().collect::<Vec<_>>().join(","));
        self.post("/api/v1/events", "application/cloudevents-batch+json", body.as_bytes())
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let answer = ask(&self.address, method, path, headers, body);
        answer.unwrap_or_else(|| panic!("no answer to {method} {path}; the server said:\n{}", self.stderr()))
    }

    /// Opens the live stream.
    pub fn follow(&self, path: &str) -> Follower {
        self.follow_with(path, "")
    }

    /// Opens the live stream with more `headers`, each with its line end.
    pub fn follow_with(&self, path: &str, headers: &str) -> Follower {
        let mut stream = self.connect();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: nhip\r\n{headers}\r\n")
            .expect("the server takes the request");
        Follower { lines: BufReader::new(stream), last_id: String::new() }
    }

    fn connect(&self) -> TcpStream {
        connect(&self.address).expect("the server listens")
    }
}

struct Starting {
    child: Child,
    reader: std::thread::JoinHandle<()>,
    told: Told,
}

impl Starting {
    fn spawn(environment: &[(&str, &str)], arguments: &[&str]) -> Starting {
        let level = if arguments.is_empty() { "error" } else { "info" };
        let mut child = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("NHIP_LOG", level)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nhip serves");
        let (told, stderr) = (Told::default(), child.stderr.take().expect("standard error is piped"));
        let heard = told.clone();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                heard.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(&(line + "\n"));
            }
        });
        Starting { child, reader, told }
    }
}

impl Told {
    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whether it came true within `patience`.
pub fn within(patience: Duration, mut is_true: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    loop {
        if is_true() {
            return true;
        }
        if started.elapsed() > patience {
            return false;
        }
        std::thread::sleep(BEAT);
    }
}

/// Asks whoever listens at `address`; nothing when no whole head of an answer comes back.
pub fn ask(address: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> Option<Answer> {
    let mut stream = connect(address)?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: nhip\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    // A server that refuses a body too large need not read it to the end.
    let _ = stream.write_all(body);
    let answer = answer(&mut stream)?;
    if answer.header("content-type") == "application/problem+json" && method != "HEAD" {
        check_is_vietnamese(&answer.json());
    }
    Some(answer)
}

/// What may hold words of the operating system or a library, which has them in English only.
const QUOTED: [&str; 5] = ["damaged", "not_kept", "not_reachable", "not_readable", "not_written"];

/// Whoever reads Vietnamese is not told in English what is wrong: these are words of our sentences, and of no parser's.
fn check_is_vietnamese(problem: &Value) {
    if QUOTED.iter().any(|code| problem["code"] == *code) {
        return;
    }
    let told = problem["detail_vi"].as_str().expect("a problem says what is wrong");
    let is_ours = |word: &str| ["the", "is", "are", "there", "send", "write", "whoever"].contains(&word);
    assert!(!told.split(' ').any(is_ours), "a reason without a Vietnamese sentence: {problem}");
}

/// Opens a connection with a limit to waiting.
pub fn connect(address: &str) -> Option<TcpStream> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    Some(stream)
}

/// Reads an answer to the end of the connection.
pub fn answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    // The server may reset the connection after its answer, or be killed; what came before counts.
    let _ = stream.read_to_end(&mut bytes);
    bytes.windows(4).any(|four| four == b"\r\n\r\n").then(|| parse(&bytes))
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Messages of a live stream, as they come.
#[derive(Debug)]
pub struct Follower {
    lines: BufReader<TcpStream>,
    /// The id of the newest message that has come.
    pub last_id: String,
}

impl Follower {
    /// The next message of event type `ranking`.
    pub fn next_ranking(&mut self) -> Value {
        let (mut kind, mut told) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("the stream goes on");
            assert!(read > 0, "the stream ended");
            if let Some(name) = line.strip_prefix("event:") {
                name.trim().clone_into(&mut kind);
            } else if let Some(id) = line.strip_prefix("id:") {
                id.trim().clone_into(&mut self.last_id);
            } else if let Some(data) = line.strip_prefix("data:") {
                data.trim().clone_into(&mut told);
            } else if line.trim().is_empty() && kind == "ranking" && !told.is_empty() {
                return serde_json::from_str(&told).expect("a message is JSON");
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
    let head = std::str::from_utf8(&bytes[..end]).expect("a head is ASCII");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = &bytes[end + 4..];
    let body = if is_chunked { unchunked(body) } else { body.to_vec() };
    Answer { status: status.expect("an answer has a status"), headers, body }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|two| two == b"\r\n") {
        let size =
            std::str::from_utf8(&body[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let size = size.expect("a chunk has a size");
        if size == 0 {
            break;
        }
        // A server that is killed does not end its answer.
        let Some(chunk) = body.get(end + 2..end + 2 + size) else { break };
        whole.extend_from_slice(chunk);
        body = body.get(end + 4 + size..).unwrap_or_default();
    }
    whole
}
