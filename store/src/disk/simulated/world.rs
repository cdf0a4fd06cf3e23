//! What is on the simulated disk, seen and durable, and the accidents.
//!
//! It exists apart from the handles so that the model of a power cut is read in one place.
//!
//! It deliberately has no locks: the disk above holds it.

use super::{Lasting, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// Writes are torn at these boundaries, or at any byte.
const SECTOR_BYTES: usize = 512;

#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) at: u64,
    pub(super) trouble: Trouble,
    pub(super) lasting: Lasting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Reads,
    Writes,
    Frees,
}

pub(super) enum Verdict {
    Works,
    /// It fails, and may have happened in part.
    Fails(io::Error),
}

#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) random: u64,
    pub(super) operations: u64,
    pub(super) plan: Option<Plan>,
    pub(super) powered: bool,
    /// Handles remember the life they were opened in and die with it.
    pub(super) life: u64,
    pub(super) inodes: Vec<Inode>,
    pub(super) names: BTreeMap<String, usize>,
    pub(super) durable_names: BTreeMap<String, usize>,
    pub(super) folders: BTreeSet<String>,
    pub(super) durable_folders: BTreeSet<String>,
    pub(super) unsynced_names: Vec<NameChange>,
}

/// The content of a file; duplicates of a disk share it until one changes it.
#[derive(Debug, Clone, Default)]
pub(super) struct Inode {
    pub(super) seen: Arc<Vec<u8>>,
    pub(super) durable: Arc<Vec<u8>>,
    pub(super) unsynced: Vec<Change>,
    /// Whether `seen` may be ahead of `durable`.
    pub(super) ahead: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Change {
    Bytes { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Debug, Clone)]
pub(super) enum NameChange {
    Folder(String),
    Create { path: String, inode: usize },
    Rename { from: String, to: String, inode: usize },
    Remove(String),
}

impl Change {
    pub(super) fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Change::Length(length) => to.resize(*length, 0),
            Change::Bytes { offset, bytes } => {
                let end = offset + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                to[*offset..end].copy_from_slice(bytes);
            }
        }
    }
}

impl NameChange {
    pub(super) fn folder(&self) -> &str {
        let (NameChange::Folder(path)
        | NameChange::Create { path, .. }
        | NameChange::Rename { to: path, .. }
        | NameChange::Remove(path)) = self;
        folder_of(path)
    }
}

pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

pub(super) fn not_found(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{path} is not there"))
}

impl World {
    /// `SplitMix64`: small, and the same everywhere.
    pub(super) fn draw(&mut self, below: usize) -> usize {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).expect("below a usize")
    }

    pub(super) fn restart(&mut self) {
        self.life += 1;
        self.powered = true;
        self.plan = None;
    }

    pub(super) fn begin(&mut self, kind: Kind) -> io::Result<Verdict> {
        if !self.powered {
            return Err(io::Error::other("the power is lost"));
        }
        let number = self.operations;
        self.operations += 1;
        let Some(Plan { at, trouble, lasting }) = self.plan else { return Ok(Verdict::Works) };
        if number < at || (number > at && lasting == Lasting::Once) {
            return Ok(Verdict::Works);
        }
        Ok(match trouble {
            Trouble::PowerLost => {
                self.powered = false;
                Verdict::Fails(io::Error::other("the power is lost"))
            }
            Trouble::InputOutput => Verdict::Fails(io::Error::from_raw_os_error(5)),
            Trouble::NoSpace if kind == Kind::Writes => Verdict::Fails(io::ErrorKind::StorageFull.into()),
            Trouble::NoSpace => Verdict::Works,
        })
    }

    /// Does a change of names.
    pub(super) fn change_name(&mut self, kind: Kind, change: NameChange) -> io::Result<()> {
        let result = match self.begin(kind)? {
            Verdict::Works => Ok(()),
            // Cut short by the end of the power or the process, it happens or not; failed, it did not.
            Verdict::Fails(error) if self.powered || self.draw(2) == 0 => return Err(error),
            Verdict::Fails(error) => Err(error),
        };
        apply_name(&change, &mut self.names, &mut self.folders);
        self.unsynced_names.push(change);
        result
    }

    pub(super) fn sync_names(&mut self, folder: &str) {
        let changes = std::mem::take(&mut self.unsynced_names);
        let (now, later): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|change| change.folder() == folder);
        self.unsynced_names = later;
        for change in now {
            apply_name(&change, &mut self.durable_names, &mut self.durable_folders);
        }
    }

    /// The power cut: decides for each un-synced change whether it happened.
    pub(super) fn resolve(&mut self) {
        // Independent coins alone would almost never keep, or lose, everything.
        let mood = self.draw(4);
        let happens = |world: &mut World| match mood {
            0 => true,
            1 => false,
            _ => world.draw(2) == 0,
        };
        for change in std::mem::take(&mut self.unsynced_names) {
            if happens(self) {
                apply_name(&change, &mut self.durable_names, &mut self.durable_folders);
            }
        }
        for inode in 0..self.inodes.len() {
            for change in std::mem::take(&mut self.inodes[inode].unsynced) {
                if happens(self) {
                    let change =
                        if mood > 1 && self.draw(3) == 0 { self.torn(inode, change) } else { change };
                    change.apply(Arc::make_mut(&mut self.inodes[inode].durable));
                }
            }
            let Inode { seen, durable, ahead, .. } = &mut self.inodes[inode];
            if std::mem::take(ahead) {
                seen.clone_from(durable);
            }
        }
        let folders = self.durable_folders.clone();
        self.durable_names.retain(|path, _| folders.contains(folder_of(path)) || folder_of(path).is_empty());
        self.names = self.durable_names.clone();
        self.folders = folders;
    }

    /// A part of a write: some of its sectors, or its first bytes; the rest as it was on the disk.
    pub(super) fn torn(&mut self, inode: usize, change: Change) -> Change {
        let Change::Bytes { offset, mut bytes } = change else { return change };
        if self.draw(2) == 0 {
            bytes.truncate(self.draw(bytes.len() + 1));
            return Change::Bytes { offset, bytes };
        }
        for at in (0..bytes.len()).step_by(SECTOR_BYTES) {
            if self.draw(2) == 0 {
                for byte in at..bytes.len().min(at + SECTOR_BYTES) {
                    bytes[byte] = self.inodes[inode].durable.get(offset + byte).copied().unwrap_or(0);
                }
            }
        }
        Change::Bytes { offset, bytes }
    }

    pub(super) fn open(&self, path: &str) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| not_found(path))
    }
}

pub(super) fn apply_name(
    change: &NameChange,
    names: &mut BTreeMap<String, usize>,
    folders: &mut BTreeSet<String>,
) {
    match change {
        NameChange::Folder(path) => {
            folders.insert(path.clone());
        }
        NameChange::Create { path, inode } => {
            names.insert(path.clone(), *inode);
        }
        NameChange::Rename { from, to, inode } => {
            names.remove(from);
            names.insert(to.clone(), *inode);
        }
        NameChange::Remove(path) => {
            names.remove(path);
        }
    }
}
