//! Writing a snapshot beside the engine: a thread that compresses and writes what the engine hands it, piece by piece.
//!
//! The engine spends a fraction of a millisecond on a piece between two steps; the disk's waits are this thread's. Not
//! here: what the pieces hold (`compute::engine`), how they are kept (`store`).

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::Instant;

use compute::engine::{Engine, RestDraft, RestRule, STATE_FORMAT, Snapshot};
use compute::figures::Level;
use compute::result;
use ingest::durable::RestWriter;
use store::{ArchiveError, LogReader, Segments, SnapshotError, SnapshotInfo, SnapshotWriter, Snapshots};

/// Bytes the engine writes at a time.
const PIECE_BYTES: usize = 128 << 10;
/// Pieces that may wait for the disk.
const PIECES_MAX: usize = 16;

/// A snapshot under way.
#[derive(Debug)]
pub(super) struct Saver {
    offset: u64,
    began: Instant,
    /// `None` once all has been handed over.
    pieces: Option<SyncSender<Piece>>,
    waiting: Option<Piece>,
    is_whole: bool,
    done: Receiver<(Outcome, Option<u64>)>,
}

/// The snapshot's size and what it rests on, or why there is none.
type Outcome = Result<(SnapshotInfo, Segments), SaveError>;

/// Which events are old enough to be forgotten.
#[derive(Debug)]
pub(super) struct Forgetting {
    /// Where they lie.
    pub(super) log: LogReader,
    /// What came in before is old.
    pub(super) arrived_before: compute::instant::Instant,
}

impl Forgetting {
    /// The first offset that is not old, by whole files; nothing is old when they cannot be read.
    fn offset(&self) -> Option<u64> {
        let old = self.log.offset_arrived_before(self.arrived_before.to_bits());
        old.inspect_err(|error| tracing::warn!(%error, "nothing is removed: the log cannot be read")).ok()
    }
}

/// Part of the state, and of what goes to rest; an empty one says that all was handed over.
#[derive(Debug)]
struct Piece {
    state: Vec<u8>,
    resting: RestDraft,
}

impl Piece {
    /// Nothing more comes.
    fn is_end(&self) -> bool {
        self.state.is_empty() && self.resting.is_empty()
    }
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    /// The state could not be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// What goes to rest could not.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// How a snapshot ended.
#[derive(Debug)]
pub(super) struct Saved {
    /// The log offset it was taken at.
    pub(super) offset: u64,
    /// Seconds it took.
    pub(super) seconds: f64,
    /// Its size and what it rests on, or why there is none.
    pub(super) outcome: Outcome,
    /// Events before this offset are old enough to be forgotten.
    pub(super) old_before: Option<u64>,
}

impl Saver {
    /// Begins a snapshot of `engine` as it is, at the log offset `offset`.
    pub(super) fn begin(
        engine: &mut Engine,
        (snapshots, mut resting, rule): (&Snapshots, RestWriter, RestRule),
        offset: u64,
        forgetting: Option<Forgetting>,
    ) -> Result<Saver, SnapshotError> {
        let mut writer = snapshots.begin(offset, STATE_FORMAT)?;
        let (pieces, handed) = sync_channel::<Piece>(PIECES_MAX);
        let (tell, done) = sync_channel(1);
        let shown = engine.snapshot();
        std::thread::spawn(move || {
            let mut written: Result<(), SaveError> = Ok(());
            let mut last_was_whole = false;
            for piece in handed {
                // An empty piece says that the state is whole; without it the engine gave up.
                last_was_whole = piece.is_end();
                written = written.and_then(|()| {
                    resting.take(&piece.resting)?;
                    Ok(writer.push(&piece.state)?)
                });
            }
            let outcome = match written {
                Ok(()) if last_was_whole => finish(writer, resting, &shown, offset),
                Ok(()) => return,
                Err(error) => Err(error),
            };
            // Reading is for this thread, as writing is.
            let old_before = forgetting.and_then(|forgetting| forgetting.offset());
            // The engine may have stopped meanwhile.
            let _ = tell.send((outcome, old_before));
        });
        engine.begin_save_and_rest(rule);
        let (pieces, began) = (Some(pieces), Instant::now());
        Ok(Saver { offset, began, pieces, waiting: None, is_whole: false, done })
    }

    /// Hands the next piece over if there is room; how it ended, once it has.
    pub(super) fn go_on(&mut self, engine: &mut Engine) -> Option<Saved> {
        if let Some(pieces) = &self.pieces {
            if self.waiting.is_none() && !self.is_whole {
                let mut state = Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 4);
                self.is_whole = engine.save_some(PIECE_BYTES, &mut state);
                let resting = engine.take_rest_draft();
                // While dossiers are chosen there may be nothing to write.
                if state.is_empty() && resting.is_empty() {
                    return None;
                }
                self.waiting = Some(Piece { state, resting });
            }
            let end = || Piece { state: Vec::new(), resting: RestDraft::default() };
            let piece = self.waiting.take().unwrap_or_else(end);
            let is_end = piece.is_end();
            match pieces.try_send(piece) {
                Ok(()) if is_end => self.pieces = None,
                Ok(()) => {}
                Err(TrySendError::Full(piece)) => self.waiting = (!piece.is_end()).then_some(piece),
                Err(TrySendError::Disconnected(_)) => self.pieces = None,
            }
            return None;
        }
        let (outcome, old_before) = match self.done.try_recv() {
            Ok(told) => told,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => {
                (Err(SnapshotError::Failed { file: "state".to_owned() }.into()), None)
            }
        };
        if outcome.is_err() {
            engine.abandon_save();
        }
        let seconds = self.began.elapsed().as_secs_f64();
        Some(Saved { offset: self.offset, seconds, outcome, old_before })
    }
}

/// What rests is listed before the state has its name; what was shown stands behind the state, so that a recount can say
/// what it moved.
fn finish(mut writer: SnapshotWriter, resting: RestWriter, shown: &Snapshot, offset: u64) -> Outcome {
    writer.push(result::all(shown, &[Level::Agency]).as_bytes())?;
    let segments = resting.finish(offset)?;
    Ok((writer.finish()?, segments))
}
