//! A serving `nhip` and plain HTTP/1.1 over a socket: enough to test with, nothing to build on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::program::binary;

/// Longer than any answer takes, so that a hung server fails a test instead of holding it.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server of its own, ended with the test by its id.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: String,
}

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
        let mut child = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("NHIP_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("nhip serves");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("standard output is piped"));
        output.read_line(&mut line).expect("the first line says the address");
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("{line:?} does not say the address")).to_owned();
        Server { child, address }
    }

    /// `GET path`.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", b"")
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
        let mut stream = self.connect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: nhip\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("the server takes the head");
        // A server that refuses a body too large need not read it to the end.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        // It may also reset the connection after its answer; what came before counts.
        let _ = stream.read_to_end(&mut bytes);
        parse(&bytes)
    }

    /// Opens the live stream.
    pub fn follow(&self, path: &str) -> Follower {
        let mut stream = self.connect();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: nhip\r\n\r\n").expect("the server takes the request");
        Follower { lines: BufReader::new(stream) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket can have a limit");
        stream
    }
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
}

impl Follower {
    /// The next message of event type `ranking`.
    pub fn next_ranking(&mut self) -> Value {
        let mut kind = String::new();
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("the stream goes on");
            assert!(read > 0, "the stream ended");
            if let Some(name) = line.strip_prefix("event:") {
                name.trim().clone_into(&mut kind);
            } else if let Some(data) = line.strip_prefix("data:").filter(|_| kind == "ranking") {
                return serde_json::from_str(data.trim()).expect("a message is JSON");
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
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
    whole
}
