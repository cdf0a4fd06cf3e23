//! A flipped bit in any file of a closed folder, or of a backup, is found.
//!
//! Every byte of the small files and drawn bytes of the large ones are flipped, one bit at a time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod folders;

use folders::{Chance, append, open};
use store::{ArchiveDraft, Chunk, FolderError, LogError, SimulatedDisk, backup, check_backup, restore_on};

/// Files up to this size are flipped at every byte.
const SMALL_FILE_BYTES: usize = 8192;
const DRAWN_FLIPS: usize = if cfg!(debug_assertions) { 40 } else { 250 };

/// A folder with sealed segments, a newest one, messages, a ledger, snapshots that rest on an archive, and a day noted;
/// cleanly closed.
fn closed_folder() -> SimulatedDisk {
    let disk = SimulatedDisk::new(3);
    let mut folder = open(&disk).unwrap();
    let mut chance = Chance(3);
    for _ in 0..10 {
        append(&mut folder.log, 3, &chance.bytes(20_000));
    }
    let chunk = Chunk { set_aside: &[b"not an event"], ledger: b"counts", ..Chunk::default() };
    folder.log.append(chunk).unwrap();
    for offset in [10, 30] {
        let mut writer = folder.snapshots.begin(offset, 1).unwrap();
        writer.push(&chance.bytes(1000)).unwrap();
        // More than a block, that compresses well.
        writer.push(&vec![7; if offset == 30 { 2 << 20 } else { 10 }]).unwrap();
        let mut draft = ArchiveDraft::new();
        draft.push(b"dossier", 7, &chance.bytes(300)).unwrap();
        let rested = folder.archive.write(draft).unwrap().unwrap();
        folder.archive.set_list(offset, &[rested]).unwrap();
        writer.finish().unwrap();
    }
    folder.days.write("2026-11-22", b"what it began with", 10).unwrap();
    folder.close().unwrap();
    disk
}

fn check_flips(disk: &SimulatedDisk, is_found: impl Fn(SimulatedDisk) -> bool) {
    let mut chance = Chance(11);
    let mut flips = 0;
    for path in disk.files() {
        let length = disk.content(&path).unwrap().len();
        let drawn: Vec<usize> = if length <= SMALL_FILE_BYTES {
            (0..length).collect()
        } else {
            (0..DRAWN_FLIPS).map(|_| usize::try_from(chance.draw(length as u64)).unwrap()).collect()
        };
        for byte in drawn {
            let bit = u8::try_from(chance.draw(8)).unwrap();
            let flipped = disk.duplicate();
            flipped.flip_bit(&path, byte, bit);
            assert!(is_found(flipped), "bit {bit} of byte {byte} of {path} ({length} bytes)");
            flips += 1;
        }
    }
    assert!(flips > 200, "only {flips} bits were flipped");
}

#[test]
fn a_flipped_bit_anywhere_in_a_closed_folder_is_found_by_opening_or_verifying_it() {
    let disk = closed_folder();
    assert!(disk.files().iter().filter(|path| path.contains(".redb")).count() > 2, "{:?}", disk.files());
    let is_found =
        |disk: SimulatedDisk| open(&disk).map_or(true, |mut folder| folder.verify(|_| {}).is_err());
    assert!(!is_found(disk.duplicate()), "an undamaged folder is found good");
    check_flips(&disk, is_found);
}

#[test]
fn a_flipped_bit_in_a_sealed_file_never_reaches_a_reader() {
    let disk = closed_folder();
    let sealed: Vec<_> = disk.files().into_iter().filter(|path| path.contains(".redb")).collect();
    let length = disk.content(&sealed[0]).unwrap().len();
    let mut chance = Chance(5);
    for _ in 0..200 {
        let flipped = disk.duplicate();
        flipped.flip_bit(&sealed[0], usize::try_from(chance.draw(length as u64)).unwrap(), 3);
        let log = open(&flipped).unwrap().log;
        let error = log.reader().read_from(0).next().unwrap().unwrap_err();
        assert!(error.to_string().contains(&sealed[0]), "{error}");
    }
}

#[test]
fn a_flipped_bit_anywhere_in_a_backup_is_found_by_checking_or_restoring_it() {
    let disk = closed_folder();
    let folder = open(&disk).unwrap();
    let copy = SimulatedDisk::new(1);
    backup(&folder.log.reader(), &folder.snapshots, &[], &copy).unwrap();
    check_backup(&copy).unwrap();
    restore_on(&copy, &SimulatedDisk::new(1)).unwrap();
    check_flips(&copy, |disk| check_backup(&disk).is_err());
    for path in copy.files() {
        let flipped = copy.duplicate();
        flipped.flip_bit(&path, 20, 4);
        let restored = SimulatedDisk::new(1);
        assert!(restore_on(&flipped, &restored).is_err(), "{path}");
        assert!(
            restored.content("format").is_none() || path == "format",
            "half of a backup is no data folder"
        );
    }
}

#[test]
fn a_file_that_is_missing_in_the_middle_together_with_its_seal_is_a_gap() {
    let disk = closed_folder();
    let middle = disk.files().into_iter().filter(|path| path.contains(".redb")).nth(1).unwrap();
    for path in [middle.clone(), middle.replace(".redb", ".seal")] {
        store::Disk::remove(&disk, &path).unwrap();
    }
    let error = open(&disk).unwrap_err();
    assert!(matches!(error, FolderError::Log(LogError::Gap { .. })), "{error}");
}

#[test]
fn a_file_that_is_missing_is_named() {
    let disk = closed_folder();
    for path in disk.files() {
        let without = disk.duplicate();
        store::Disk::remove(&without, &path).unwrap();
        if path.contains("archive/") {
            // A list with its snapshot would be as before both; a segment is missed by who reads it.
            let verified = open(&without).unwrap().verify(|_| {}).map_err(|error| error.to_string());
            let is_list = path.contains(".list");
            assert!(if is_list { verified.is_ok() } else { verified.unwrap_err().contains(&path) }, "{path}");
            continue;
        }
        let found = open(&without).map_err(|error| error.to_string());
        let newest_seal = disk.files().into_iter().rfind(|path| path.contains(".seal"));
        let oldest = path.contains("log/00000000000000000000.redb");
        // Without its oldest file the log looks retired; without the newest seal, like after a crash; without a
        // snapshot or a day, like before it was taken.
        if path.contains("state/") || path.contains("days/") || oldest || Some(&path) == newest_seal.as_ref()
        {
            assert!(found.is_ok(), "{path}: {found:?}");
        } else {
            assert!(found.is_err(), "{path} is not missed");
        }
    }
}
