//! The state of a share where any worker finds it: snapshots on shared storage, each with the positions it stands at.
//!
//! A state is what its messages make of it, so it does not matter who wrote it. Each process writes into a folder of its
//! own, so that no two ever write one file; whoever takes a share over reads them all and uses the newest good one. What
//! cannot be used is passed over: the messages themselves are at the broker. Not here: when a state is saved.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use compute::engine::{Engine, STATE_FORMAT, Setup, Tally};
use serde::{Deserialize, Serialize};
use store::{LocalDisk, LocalDiskError, SnapshotError, Snapshots};
use thiserror::Error;

use super::consumed::Consumed;
use super::recovery::Content;

/// Snapshots a process keeps of a share.
const KEPT: usize = 2;
/// Bytes the engine writes at a time.
const PIECE_BYTES: usize = 1 << 20;
/// Bytes of a mark.
const MARK_BYTES_MAX: usize = 64 << 20;

/// Where a share stands, beside its engine.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct ShareMark {
    /// Partitions of the topic of dossiers when the share began.
    pub shares: usize,
    /// How far each partition was taken, and what was missing.
    pub consumed: Consumed,
    /// Events of its partition handed in; then stored, the same again, lost against another copy.
    pub tally: [u64; 4],
    /// Messages of its partition that were not understood.
    pub set_aside: u64,
    /// Messages in a topic where they do not belong.
    pub misplaced: u64,
    /// What retractions in its partition name.
    pub retracted: Vec<String>,
}

impl ShareMark {
    /// What became of the events of its partition.
    pub fn tally(&self) -> Tally {
        let [consumed, applied, duplicate, superseded] = self.tally;
        Tally { consumed, applied, duplicate, superseded }
    }

    /// What became of them came to this.
    pub fn set_tally(&mut self, tally: Tally) {
        self.tally = [tally.consumed, tally.applied, tally.duplicate, tally.superseded];
    }

    /// Rises with every message taken: snapshots are named for it.
    fn messages(&self) -> u64 {
        let positions = self.consumed.positions.values().flat_map(|partitions| partitions.values());
        positions.map(|next| u64::try_from(*next).unwrap_or(0)).sum()
    }
}

/// Why a state could not be saved.
#[derive(Debug, Error)]
pub enum KeptShareError {
    /// The folder cannot be used.
    #[error(transparent)]
    Disk(#[from] LocalDiskError),
    /// The snapshot cannot be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// The folder of one share.
#[derive(Debug)]
pub struct KeptShare {
    folder: PathBuf,
    member: String,
    own: Option<Snapshots>,
}

impl KeptShare {
    /// The share's folder under `data`, written by the process `member`. Nothing is looked at yet.
    pub fn new(data: &Path, share: i32, member: &str) -> KeptShare {
        let folder = data.join("shares").join(share.to_string());
        KeptShare { folder, member: member.to_owned(), own: None }
    }

    /// The newest state that can be used, and why others could not.
    pub fn restore(&self, setup: &dyn Fn() -> Setup) -> (Option<(Engine, ShareMark)>, Vec<String>) {
        let mut found: Vec<(u64, Snapshots)> = Vec::new();
        for member in self.members() {
            let snapshots = Snapshots::open_to_read(Arc::new(LocalDisk::open_to_read(&member)));
            let offsets = snapshots.list().unwrap_or_default();
            found.extend(offsets.into_iter().map(|offset| (offset, snapshots.clone())));
        }
        found.sort_by_key(|(offset, _)| std::cmp::Reverse(*offset));
        let mut passed_over = Vec::new();
        for (offset, snapshots) in found {
            match read(&snapshots, offset, setup()) {
                Ok(restored) => return (Some(restored), passed_over),
                Err(why) => passed_over.push(why),
            }
        }
        (None, passed_over)
    }

    /// Saves the state as it is between two steps, whole or not at all; its bytes. Older ones of other processes are
    /// removed once this process has two.
    ///
    /// # Errors
    /// [`KeptShareError`]; the engine is as before.
    pub fn save(&mut self, engine: &mut Engine, mark: &ShareMark) -> Result<u64, KeptShareError> {
        let own = match &self.own {
            Some(own) => own.clone(),
            None => self.own.insert(self.open_own()?).clone(),
        };
        let mut writer = own.begin(mark.messages(), STATE_FORMAT)?;
        let said = serde_json::to_vec(mark).unwrap_or_default();
        writer.push(&u64::try_from(said.len()).unwrap_or(u64::MAX).to_le_bytes())?;
        writer.push(&said)?;
        engine.begin_save();
        let mut piece = Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 4);
        loop {
            piece.clear();
            let is_whole = engine.save_some(PIECE_BYTES, &mut piece);
            if let Err(error) = writer.push(&piece) {
                engine.abandon_save();
                return Err(error.into());
            }
            if is_whole {
                break;
            }
        }
        let bytes = writer.finish()?.bytes;
        self.tidy_away(&own);
        Ok(bytes)
    }

    fn open_own(&self) -> Result<Snapshots, KeptShareError> {
        let folder = self.folder.join(&self.member);
        Ok(Snapshots::open(Arc::new(LocalDisk::open(&folder)?), KEPT)?)
    }

    fn members(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    }

    /// A process that stood still may have its folder taken away: its next snapshot then fails, and nothing else.
    fn tidy_away(&self, own: &Snapshots) {
        let kept = own.list().unwrap_or_default();
        let [oldest, _, ..] = kept.as_slice() else { return };
        for member in self.members().into_iter().filter(|member| !member.ends_with(&self.member)) {
            let snapshots = Snapshots::open_to_read(Arc::new(LocalDisk::open_to_read(&member)));
            let newest = snapshots.list().unwrap_or_default().last().copied();
            if newest.is_none_or(|newest| newest < *oldest) {
                // What cannot be removed now is removed after the next snapshot.
                let _ = fs::remove_dir_all(&member);
            }
        }
    }
}

fn read(snapshots: &Snapshots, offset: u64, setup: Setup) -> Result<(Engine, ShareMark), String> {
    let reader = snapshots.open_snapshot(offset, STATE_FORMAT).map_err(|problem| problem.to_string())?;
    let mut input = Content::of(reader);
    let torn = |problem: io::Error| format!("snapshot {offset}: {problem}");
    let mut length = [0; 8];
    input.read_exact(&mut length).map_err(torn)?;
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > MARK_BYTES_MAX {
        return Err(format!("snapshot {offset}: its mark is beyond all bounds"));
    }
    let mut said = vec![0; length];
    input.read_exact(&mut said).map_err(torn)?;
    let mark = serde_json::from_slice(&said).map_err(|problem| format!("snapshot {offset}: {problem}"))?;
    let restored = Engine::restore(setup, &mut input, None);
    let (engine, _) = restored.map_err(|problem| format!("snapshot {offset}: {problem}"))?;
    // Only behind the last block stands whether this was the whole.
    io::copy(&mut input, &mut io::sink()).map_err(torn)?;
    Ok((engine, mark))
}
