//! Writing a snapshot beside the engine: a thread that compresses and writes what the engine hands it, piece by piece.
//!
//! The engine spends a fraction of a millisecond on a piece between two steps; the disk's waits are this thread's. Not
//! here: what the pieces hold (`compute::engine`), how they are kept (`store`).

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::Instant;

use compute::engine::{Engine, STATE_FORMAT};
use compute::figures::Level;
use compute::result;
use store::{SnapshotError, SnapshotInfo, Snapshots};

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
    pieces: Option<SyncSender<Vec<u8>>>,
    waiting: Option<Vec<u8>>,
    is_whole: bool,
    done: Receiver<Result<SnapshotInfo, SnapshotError>>,
}

/// How a snapshot ended.
#[derive(Debug)]
pub(super) struct Saved {
    /// The log offset it was taken at.
    pub(super) offset: u64,
    /// Seconds it took.
    pub(super) seconds: f64,
    /// Its size, or why there is none.
    pub(super) outcome: Result<SnapshotInfo, SnapshotError>,
}

impl Saver {
    /// Begins a snapshot of `engine` as it is, at the log offset `offset`.
    pub(super) fn begin(
        engine: &mut Engine,
        snapshots: &Snapshots,
        offset: u64,
    ) -> Result<Saver, SnapshotError> {
        let mut writer = snapshots.begin(offset, STATE_FORMAT)?;
        let (pieces, handed) = sync_channel::<Vec<u8>>(PIECES_MAX);
        let (tell, done) = sync_channel(1);
        let shown = engine.snapshot();
        std::thread::spawn(move || {
            let mut written = Ok(());
            let mut last_was_whole = false;
            for piece in handed {
                // An empty piece says that the state is whole; without it the engine gave up.
                last_was_whole = piece.is_empty();
                if written.is_ok() {
                    written = writer.push(&piece);
                }
            }
            let outcome = match written {
                // What was shown stands behind the state, so that a recount can say what it moved.
                Ok(()) if last_was_whole => {
                    let figures = result::all(&shown, &[Level::Agency]);
                    writer.push(figures.as_bytes()).and_then(|()| writer.finish())
                }
                Ok(()) => return,
                Err(error) => Err(error),
            };
            // The engine may have stopped meanwhile.
            let _ = tell.send(outcome);
        });
        engine.begin_save();
        let (pieces, began) = (Some(pieces), Instant::now());
        Ok(Saver { offset, began, pieces, waiting: None, is_whole: false, done })
    }

    /// Hands the next piece over if there is room; how it ended, once it has.
    pub(super) fn go_on(&mut self, engine: &mut Engine) -> Option<Saved> {
        if let Some(pieces) = &self.pieces {
            if self.waiting.is_none() && !self.is_whole {
                let mut piece = Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 4);
                self.is_whole = engine.save_some(PIECE_BYTES, &mut piece);
                self.waiting = Some(piece);
            }
            let piece = self.waiting.take().unwrap_or_default();
            let is_end = piece.is_empty();
            match pieces.try_send(piece) {
                Ok(()) if is_end => self.pieces = None,
                Ok(()) => {}
                Err(TrySendError::Full(piece)) => self.waiting = (!piece.is_empty()).then_some(piece),
                Err(TrySendError::Disconnected(_)) => self.pieces = None,
            }
            return None;
        }
        let outcome = match self.done.try_recv() {
            Ok(outcome) => outcome,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(SnapshotError::Failed { file: "state".to_owned() }),
        };
        engine.abandon_save();
        Some(Saved { offset: self.offset, seconds: self.began.elapsed().as_secs_f64(), outcome })
    }
}
