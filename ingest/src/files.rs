//! Files of events: NDJSON, plain, gzip or zstd, one or many, or standard input, read on several threads.
//!
//! A worker takes the next piece of the input (whole lines, a few MiB), decodes it into packed events parted by
//! shard, and lists what it had to set aside. Pieces are handed out in order under a lock; decoding is side by
//! side. Memory is bounded by the piece and by the round. Not here: what the events mean.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use compute::codes::{CodeBook, LocalCodes};
use compute::engine::Routed;
use compute::instant::Instant;
use flate2::read::MultiGzDecoder;
use memchr::{memchr, memchr_iter, memrchr};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::decode::{EVENT_BYTES_MAX, decode_text};
use crate::rejection::{Reason, Rejection};

/// Bytes of input handed to a worker at a time.
const PIECE_BYTES: usize = 2 << 20;
/// Bytes of input decoded before the engine takes what there is.
const ROUND_BYTES: u64 = 24 << 20;

/// Why input cannot be read.
#[derive(Debug, Error)]
#[error("{file} cannot be read: {problem}")]
pub struct ReadError {
    /// The file's name, `-` for standard input.
    pub file: String,
    /// What the system says.
    pub problem: io::Error,
}

/// An event set aside, and where it stood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetAside {
    /// Place of the file among those given.
    pub file: usize,
    /// Line, from 1.
    pub line: u64,
    /// Byte offset of the line within the (decompressed) file.
    pub offset: u64,
    /// What is wrong.
    pub rejection: Rejection,
    /// SHA-256 of the line (of its first MiB if it is longer), so that it can be found without being kept.
    pub sha256: [u8; 32],
}

/// How input is read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Threads that decode.
    pub threads: usize,
    /// Shards of the engine that will take the events.
    pub shards: usize,
    /// Only events recorded at or before this.
    pub known_at: Option<Instant>,
}

/// What one round gave.
#[derive(Debug, Default)]
pub struct Round {
    /// Packed events, for [`compute::engine::Engine::apply`].
    pub routed: Vec<Routed>,
    /// In the order of file and line.
    pub set_aside: Vec<SetAside>,
    /// Events left out as not yet known.
    pub unknown_yet: u64,
    /// Bytes of input read.
    pub bytes: u64,
}

/// Input being read.
pub struct Files {
    input: Mutex<Input>,
    workers: Vec<Worker>,
    reading: Reading,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("reading", &self.reading).finish_non_exhaustive()
    }
}

impl Files {
    /// Opens nothing yet; `-` is standard input.
    pub fn new(paths: Vec<PathBuf>, reading: Reading, codes: &Arc<CodeBook>) -> Files {
        let workers = (0..reading.threads.max(1)).map(|_| Worker::new(codes)).collect();
        let input = Input { paths, next: 0, open: None, rest: Vec::new(), line: 0, offset: 0, skipped: None };
        Files { input: Mutex::new(input), workers, reading }
    }

    /// Gives a round's batches back, so that the next one need not ask for memory.
    pub fn recycle(&mut self, routed: Vec<Routed>) {
        for (worker, mut routed) in self.workers.iter_mut().zip(routed) {
            routed.clear();
            worker.spare = Some(routed);
        }
    }

    /// Reads on until the round is full; `None` at the end of all input.
    ///
    /// # Errors
    /// [`ReadError`] naming the file; what was read before stands.
    pub fn round(&mut self) -> Result<Option<Round>, ReadError> {
        let (input, reading) = (&self.input, &self.reading);
        let taken = Mutex::new(0u64);
        let rounds: Vec<Result<Round, ReadError>> = std::thread::scope(|scope| {
            let work: Vec<_> = self
                .workers
                .iter_mut()
                .map(|worker| scope.spawn(|| worker.work(input, &taken, reading)))
                .collect();
            work.into_iter().map(|thread| thread.join().expect("a worker that can be trusted")).collect()
        });
        let mut whole = Round::default();
        for round in rounds {
            let round = round?;
            whole.routed.extend(round.routed);
            whole.set_aside.extend(round.set_aside);
            whole.unknown_yet += round.unknown_yet;
            whole.bytes += round.bytes;
        }
        whole.set_aside.sort_by_key(|one| (one.file, one.line));
        Ok((whole.bytes > 0).then_some(whole))
    }
}

/// Where the input stands.
struct Input {
    paths: Vec<PathBuf>,
    next: usize,
    open: Option<Box<dyn Read + Send>>,
    /// Read, but not yet handed out: the beginning of a line.
    rest: Vec<u8>,
    line: u64,
    offset: u64,
    /// A line too long to keep is being skipped; what its rejection needs.
    skipped: Option<(u64, u64, [u8; 32])>,
}

/// Whole lines, and where they stand.
#[derive(Debug, Default)]
struct Piece {
    bytes: Vec<u8>,
    file: usize,
    line: u64,
    offset: u64,
    too_long: Option<SetAside>,
    read: u64,
}

impl Input {
    fn error(&self, problem: io::Error) -> ReadError {
        let file = self.paths.get(self.next).map_or_else(String::new, |path| path.display().to_string());
        ReadError { file, problem }
    }

    fn open_next(&mut self) -> Result<bool, ReadError> {
        let Some(path) = self.paths.get(self.next) else { return Ok(false) };
        let opened = open(path).map_err(|problem| self.error(problem))?;
        (self.open, self.line, self.offset) = (Some(opened), 0, 0);
        Ok(true)
    }

    /// Fills `piece` with the next whole lines; `false` at the end of all input.
    fn take(&mut self, piece: &mut Piece) -> Result<bool, ReadError> {
        piece.bytes.clear();
        (piece.too_long, piece.read) = (None, 0);
        loop {
            if self.open.is_none() && !self.open_next()? {
                return Ok(false);
            }
            piece.bytes.append(&mut self.rest);
            (piece.file, piece.line, piece.offset) = (self.next, self.line, self.offset);
            let before = piece.bytes.len();
            let room = PIECE_BYTES.max(before + PIECE_BYTES / 2) - before;
            let Some(reader) = self.open.as_mut() else { continue };
            let read = reader.take(room as u64).read_to_end(&mut piece.bytes);
            let read = read.map_err(|problem| self.error(problem))?;
            piece.read += read as u64;
            let is_end = read < room;
            if self.offset == 0 && piece.bytes.starts_with(b"\xef\xbb\xbf") {
                // A byte order mark at the very start is no part of the first line.
                piece.bytes.drain(..3);
            }
            self.cut(piece, is_end);
            if is_end {
                (self.open, self.next, self.skipped) = (None, self.next + 1, None);
            }
            if !piece.bytes.is_empty() || piece.too_long.is_some() {
                return Ok(true);
            }
        }
    }

    /// Leaves whole lines in `piece` and keeps the beginning of the next; a line too long is skipped and noted.
    fn cut(&mut self, piece: &mut Piece, is_end: bool) {
        if let Some((line, offset, sha256)) = self.skipped {
            let Some(end) = memchr(b'\n', &piece.bytes) else {
                self.offset += piece.bytes.len() as u64;
                piece.bytes.clear();
                if is_end {
                    piece.too_long = Some(too_long(self.next, line, offset, sha256));
                }
                return;
            };
            self.offset += end as u64 + 1;
            self.line += 1;
            piece.bytes.drain(..=end);
            (piece.line, piece.offset) = (self.line, self.offset);
            piece.too_long = Some(too_long(self.next, line, offset, sha256));
            self.skipped = None;
        }
        if is_end {
            return;
        }
        match memrchr(b'\n', &piece.bytes) {
            Some(end) => {
                self.rest.extend_from_slice(&piece.bytes[end + 1..]);
                piece.bytes.truncate(end + 1);
                self.line += memchr_iter(b'\n', &piece.bytes).count() as u64;
                self.offset += piece.bytes.len() as u64;
            }
            None if piece.bytes.len() > EVENT_BYTES_MAX => {
                let sha256 = Sha256::digest(&piece.bytes[..EVENT_BYTES_MAX]).into();
                self.skipped = Some((self.line + 1, self.offset, sha256));
                self.offset += piece.bytes.len() as u64;
                piece.bytes.clear();
            }
            None => {
                self.rest.append(&mut piece.bytes);
            }
        }
    }
}

fn too_long(file: usize, line: u64, offset: u64, sha256: [u8; 32]) -> SetAside {
    SetAside { file, line, offset, rejection: Rejection::whole(Reason::TooLong), sha256 }
}

/// Gives every line that is not blank to `take`, without its end.
///
/// # Errors
/// [`ReadError`] naming the file, or what `take` says.
pub fn each_line<E: From<ReadError>>(
    path: &PathBuf,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |problem| E::from(ReadError { file: path.display().to_string(), problem });
    let mut input = BufReader::with_capacity(1 << 16, open(path).map_err(failed)?);
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).map_err(failed)? > 0 {
        let text = line.trim_ascii();
        if !text.is_empty() {
            take(text)?;
        }
        line.clear();
    }
    Ok(())
}

/// Opens a file or standard input; compression is told by the first bytes, not the name.
fn open(path: &PathBuf) -> io::Result<Box<dyn Read + Send>> {
    let raw: Box<dyn Read + Send> =
        if path.as_os_str() == "-" { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut buffered = BufReader::with_capacity(1 << 16, raw);
    let start = buffered.fill_buf()?;
    if start.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(MultiGzDecoder::new(buffered)));
    }
    if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Ok(Box::new(zstd::stream::read::Decoder::with_buffer(buffered)?));
    }
    Ok(Box::new(buffered))
}

/// One thread's decoding.
#[derive(Debug)]
struct Worker {
    codes: LocalCodes,
    spare: Option<Routed>,
    piece: Piece,
}

impl Worker {
    fn new(codes: &Arc<CodeBook>) -> Worker {
        Worker { codes: LocalCodes::new(codes), spare: None, piece: Piece::default() }
    }

    fn work(
        &mut self,
        input: &Mutex<Input>,
        taken: &Mutex<u64>,
        reading: &Reading,
    ) -> Result<Round, ReadError> {
        let spare = self.spare.take().unwrap_or_else(|| Routed::new(reading.shards));
        let mut round = Round { routed: vec![spare], ..Round::default() };
        let mut piece = std::mem::take(&mut self.piece);
        let read = self.pieces(&mut piece, &mut round, input, taken, reading);
        self.piece = piece;
        read.map(|()| round)
    }

    fn pieces(
        &mut self,
        piece: &mut Piece,
        round: &mut Round,
        input: &Mutex<Input>,
        taken: &Mutex<u64>,
        reading: &Reading,
    ) -> Result<(), ReadError> {
        loop {
            {
                let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
                if *taken >= ROUND_BYTES {
                    return Ok(());
                }
                let mut input = input.lock().unwrap_or_else(PoisonError::into_inner);
                if !input.take(piece)? {
                    return Ok(());
                }
                *taken += piece.read.max(1);
            }
            round.bytes += piece.read.max(1);
            round.set_aside.extend(piece.too_long.take());
            self.decode(piece, reading, round);
        }
    }

    fn decode(&mut self, piece: &Piece, reading: &Reading, round: &mut Round) {
        // One look at all of it costs less than one at each line, which is needed only when something is wrong.
        let whole = simdutf8::basic::from_utf8(&piece.bytes).ok();
        let (mut start, mut line) = (0, piece.line);
        while start < piece.bytes.len() {
            let end = memchr(b'\n', &piece.bytes[start..]).map_or(piece.bytes.len(), |end| start + end);
            let mut bytes = &piece.bytes[start..end];
            bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            line += 1;
            let text = whole.and_then(|whole| whole.get(start..start + bytes.len()));
            if let Err(rejection) = self.take(bytes, text, reading, round) {
                round.set_aside.push(SetAside {
                    file: piece.file,
                    line,
                    offset: piece.offset + start as u64,
                    rejection,
                    sha256: Sha256::digest(&bytes[..bytes.len().min(EVENT_BYTES_MAX)]).into(),
                });
            }
            start = end + 1;
        }
    }

    /// Takes one line; `text` is the same as `bytes`, if that is known to be UTF-8.
    fn take(
        &mut self,
        bytes: &[u8],
        text: Option<&str>,
        reading: &Reading,
        round: &mut Round,
    ) -> Result<(), Rejection> {
        if bytes.len() > EVENT_BYTES_MAX {
            return Err(Rejection::whole(Reason::TooLong));
        }
        let text = match text {
            Some(text) => text,
            None => simdutf8::basic::from_utf8(bytes).map_err(|_| Rejection::whole(Reason::NotUtf8))?,
        };
        if text.trim_ascii().is_empty() {
            return Ok(());
        }
        let draft = decode_text(text)?;
        if let (Some(known_at), Some(recorded)) = (reading.known_at, draft.recorded)
            && recorded > known_at
        {
            round.unknown_yet += 1;
            return Ok(());
        }
        if let Some(routed) = round.routed.first_mut() {
            routed.push(&draft, &mut self.codes);
        }
        Ok(())
    }
}
