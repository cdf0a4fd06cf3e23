//! A disk in memory that loses power, fails and fills up at a chosen operation, the same way for one seed.
//!
//! It exists to prove the claims of this crate, and those of the crates above it, in seconds. The model is
//! harsher than most disks: at a power cut each un-synced write is kept, dropped or torn on its own, in any
//! subset, and each un-synced name happens or not. A sync that failed leaves its writes readable but, like the
//! page cache of Linux, never writes them again by itself.
//!
//! It deliberately trusts what was synced, keeps a length change until it is synced (file systems journal it),
//! and knows no folders within folders.

mod world;

use super::{Disk, DiskFile};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use world::{Change, Inode, Kind, NameChange, Plan, Verdict, World, folder_of, not_found};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The power is lost during the operation; nothing works until [`SimulatedDisk::power_cycle`].
    PowerLost,
    /// The operation fails with `EIO`; a write may have happened in part.
    InputOutput,
    /// The operation fails with `ENOSPC`, when it writes.
    NoSpace,
}

/// How long it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// At this one operation.
    Once,
    /// From this operation on, until [`SimulatedDisk::heal`].
    UntilHealed,
}

/// A disk in memory. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimulatedDisk(Arc<Mutex<World>>);

impl SimulatedDisk {
    /// An empty disk whose accidents are decided by `seed`.
    pub fn new(seed: u64) -> SimulatedDisk {
        SimulatedDisk(Arc::new(Mutex::new(World { random: seed, powered: true, ..World::default() })))
    }

    /// Another disk with the same content, accidents and arranged trouble.
    #[must_use]
    pub fn duplicate(&self) -> SimulatedDisk {
        SimulatedDisk(Arc::new(Mutex::new(self.world().clone())))
    }

    /// The number of operations so far; the next one has this number.
    pub fn operations(&self) -> u64 {
        self.world().operations
    }

    /// Lets operation number `at` (and those after it) go wrong.
    pub fn arrange(&self, at: u64, trouble: Trouble, lasting: Lasting) {
        self.world().plan = Some(Plan { at, trouble, lasting });
    }

    /// Ends the arranged trouble; lost power stays lost.
    pub fn heal(&self) {
        self.world().plan = None;
    }

    /// Whether the power is on.
    pub fn is_powered(&self) -> bool {
        self.world().powered
    }

    /// Cuts the power and switches it on again: what was not synced is kept, dropped or torn. Open handles die.
    pub fn power_cycle(&self) {
        let mut world = self.world();
        world.resolve();
        world.restart();
    }

    /// Kills the process: open handles die, everything written stays readable, synced or not.
    pub fn kill_process(&self) {
        self.world().restart();
    }

    /// The paths of all files.
    pub fn files(&self) -> Vec<String> {
        self.world().names.keys().cloned().collect()
    }

    /// The bytes of a file, as a reader sees them.
    pub fn content(&self, path: &str) -> Option<Vec<u8>> {
        let world = self.world();
        world.names.get(path).map(|&inode| world.inodes[inode].seen.to_vec())
    }

    /// Flips bit `bit` (0 to 7) of byte `byte` of a file, unnoticed.
    pub fn flip_bit(&self, path: &str, byte: usize, bit: u8) {
        let mut world = self.world();
        let inode = world.names[path];
        let Inode { seen, durable, .. } = &mut world.inodes[inode];
        Arc::make_mut(seen)[byte] ^= 1 << bit;
        Arc::make_mut(durable)[byte] ^= 1 << bit;
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SimulatedDisk {
    fn read_names<T>(&self, read: impl FnOnce(&World) -> io::Result<T>) -> io::Result<T> {
        let mut world = self.world();
        match world.begin(Kind::Reads)? {
            Verdict::Works => read(&world),
            Verdict::Fails(error) => Err(error),
        }
    }

    fn handle(&self, inode: usize) -> Box<dyn DiskFile> {
        let life = self.world().life;
        Box::new(SimulatedFile { disk: self.clone(), inode, life })
    }
}

impl Disk for SimulatedDisk {
    fn create_folder(&self, folder: &str) -> io::Result<()> {
        let mut world = self.world();
        if world.folders.contains(folder) {
            return Ok(());
        }
        world.change_name(Kind::Writes, NameChange::Folder(folder.to_owned()))
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        if world.names.contains_key(path) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{path} is there already")));
        }
        let inode = world.inodes.len();
        world.inodes.push(Inode::default());
        world.change_name(Kind::Writes, NameChange::Create { path: path.to_owned(), inode })?;
        drop(world);
        Ok(self.handle(inode))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.read_names(|world| world.open(path))?;
        Ok(self.handle(inode))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        let inode = world.open(from)?;
        let change = NameChange::Rename { from: from.to_owned(), to: to.to_owned(), inode };
        world.change_name(Kind::Writes, change)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut world = self.world();
        world.open(path)?;
        world.change_name(Kind::Frees, NameChange::Remove(path.to_owned()))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.read_names(|world| {
            if !folder.is_empty() && !world.folders.contains(folder) {
                return Err(not_found(folder));
            }
            let paths = world.names.keys().chain(&world.folders).filter(|path| folder_of(path) == folder);
            let mut names: Vec<String> =
                paths.map(|path| path.rsplit('/').next().unwrap_or(path).to_owned()).collect();
            names.sort();
            Ok(names)
        })
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut world = self.world();
        match world.begin(Kind::Frees)? {
            Verdict::Works => {
                world.sync_names(folder);
                Ok(())
            }
            Verdict::Fails(error) => Err(error),
        }
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    inode: usize,
    life: u64,
}

impl SimulatedFile {
    fn world(&self) -> io::Result<MutexGuard<'_, World>> {
        let world = self.disk.world();
        if world.life == self.life {
            Ok(world)
        } else {
            Err(io::Error::other("the process of this handle is dead"))
        }
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut world = self.world()?;
        let (change, result) = match world.begin(Kind::Writes)? {
            Verdict::Works => (change, Ok(())),
            // Of a write that fails, any part may have happened.
            Verdict::Fails(error) => (world.torn(self.inode, change), Err(error)),
        };
        let inode = &mut world.inodes[self.inode];
        if result.is_ok() || matches!(change, Change::Bytes { .. }) {
            change.apply(Arc::make_mut(&mut inode.seen));
            inode.ahead = true;
            inode.unsynced.push(change);
        }
        result
    }
}

impl DiskFile for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.world()?.inodes[self.inode].seen.len() as u64)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let mut world = self.world()?;
        if let Verdict::Fails(error) = world.begin(Kind::Reads)? {
            return Err(error);
        }
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let bytes = world.inodes[self.inode].seen.get(start..start + into.len());
        into.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.change(Change::Bytes { offset, bytes: bytes.to_vec() })
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.change(Change::Length(usize::try_from(length).map_err(io::Error::other)?))
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.world()?;
        let verdict = world.begin(Kind::Reads)?;
        let powered = world.powered;
        match verdict {
            Verdict::Works => {
                let inode = &mut world.inodes[self.inode];
                for change in std::mem::take(&mut inode.unsynced) {
                    change.apply(Arc::make_mut(&mut inode.durable));
                }
                Ok(())
            }
            // The power went first: the power cut decides.
            Verdict::Fails(error) if !powered => Err(error),
            Verdict::Fails(error) => {
                // Some of it reached the disk; the rest is marked clean and is never written by a later sync.
                for change in std::mem::take(&mut world.inodes[self.inode].unsynced) {
                    if matches!(change, Change::Length(_)) {
                        world.inodes[self.inode].unsynced.push(change);
                    } else if world.draw(2) == 0 {
                        change.apply(Arc::make_mut(&mut world.inodes[self.inode].durable));
                    }
                }
                Err(error)
            }
        }
    }
}
