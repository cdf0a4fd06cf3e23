//! The data folder on the disk of this machine: reopening, the lock, the marker, backup and restore.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod folders;

use folders::{Chance, SMALL, append, read_all};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use store::{BackupError, Chunk, DataFolder, FolderError, LocalDiskError, LogError, restore};

/// An empty folder that goes when the test is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("nhip-store-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(root: &Path) -> DataFolder {
    DataFolder::open(root, SMALL).unwrap()
}

fn fill(folder: &mut DataFolder) {
    let mut chance = Chance(1);
    for _ in 0..10 {
        append(&mut folder.log, 3, &chance.bytes(20_000));
    }
    let chunk = Chunk { set_aside: &[b"not an event"], ledger: b"counts", ..Chunk::default() };
    folder.log.append(chunk).unwrap();
    let mut writer = folder.snapshots.begin(30, 1).unwrap();
    writer.push(b"state").unwrap();
    writer.finish().unwrap();
}

#[test]
fn a_folder_is_as_it_was_after_a_clean_close_and_after_none() {
    let scratch = Scratch::new();
    let root = scratch.folder("data");
    let mut folder = open(&root);
    fill(&mut folder);
    let expected = read_all(&folder.log, "reading back");
    assert_eq!(expected.len(), 10);
    folder.close().unwrap();
    assert_eq!(read_all(&open(&root).log, "reading back"), expected, "closed cleanly, then dropped");
    let mut folder = open(&root);
    assert_eq!(read_all(&folder.log, "reading back"), expected);
    assert_eq!(folder.log.ledger(), b"counts");
    assert_eq!(folder.log.reader().set_aside(0).unwrap().unwrap().bytes, b"not an event");
    assert_eq!(folder.snapshots.list().unwrap(), [30]);
    assert_eq!(folder.verify(|_| {}).unwrap().events, 30);
}

#[test]
fn a_second_nhip_is_kept_out_of_the_folder_by_name() {
    let scratch = Scratch::new();
    let root = scratch.folder("data");
    let _first = open(&root);
    let error = DataFolder::open(&root, SMALL).unwrap_err();
    assert!(matches!(error, FolderError::Disk(LocalDiskError::InUse { .. })), "{error}");
    assert!(error.to_string().contains(root.to_str().unwrap()), "{error}");
}

#[test]
fn a_folder_of_something_else_or_of_a_newer_release_is_refused() {
    let scratch = Scratch::new();
    let root = scratch.folder("data");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("thesis.doc"), "words").unwrap();
    assert!(
        matches!(DataFolder::open(&root, SMALL), Err(FolderError::Foreign { file }) if file == "thesis.doc")
    );
    assert!(!root.join("log").exists(), "nothing is written into it");
    fs::remove_file(root.join("thesis.doc")).unwrap();
    open(&root).close().unwrap();
    let marker = fs::read_to_string(root.join("format")).unwrap();
    assert_eq!(marker.lines().take(2).collect::<Vec<_>>(), ["nhip data folder", "layout 1"]);
    // The checksum of layout 2, as a later release would write it.
    fs::write(root.join("format"), "nhip data folder\nlayout 2\nchecksum 1d14e32b\n").unwrap();
    let error = DataFolder::open(&root, SMALL).unwrap_err();
    assert!(matches!(error, FolderError::Newer { found: 2, known: 1 }), "{error}");
}

#[test]
fn a_backup_of_a_folder_in_use_is_the_folder_after_restoring() {
    let scratch = Scratch::new();
    let (data, copy, restored) = (scratch.folder("data"), scratch.folder("copy"), scratch.folder("restored"));
    let mut folder = open(&data);
    fill(&mut folder);
    folder.backup(&copy).unwrap();
    let expected = read_all(&folder.log, "reading back");
    append(&mut folder.log, 1, b"after the backup\n");
    assert!(matches!(DataFolder::open(&copy, SMALL), Err(FolderError::IsBackup)));
    assert!(matches!(folder.backup(&copy), Err(BackupError::NotEmpty { .. })));
    restore(&copy, &restored).unwrap();
    let mut back = open(&restored);
    assert_eq!(read_all(&back.log, "reading back"), expected);
    assert_eq!(back.log.ledger(), b"counts");
    assert_eq!(back.snapshots.list().unwrap(), [30]);
    assert_eq!(back.log.reader().set_aside_list(0, 10).unwrap().len(), 1);
    assert_eq!(back.verify(|_| {}).unwrap().chunks, 10);
    append(&mut back.log, 1, b"life goes on\n");
}

#[test]
fn an_unfinished_backup_is_not_restored() {
    let scratch = Scratch::new();
    let (data, copy) = (scratch.folder("data"), scratch.folder("copy"));
    let mut folder = open(&data);
    fill(&mut folder);
    folder.backup(&copy).unwrap();
    fs::remove_file(copy.join("backup")).unwrap();
    assert!(matches!(restore(&copy, &scratch.folder("restored")), Err(BackupError::Unfinished)));
}

#[test]
fn readers_and_a_backup_run_while_the_log_is_written_and_rolls() {
    let scratch = Scratch::new();
    let mut folder = open(&scratch.folder("data"));
    let (reader, snapshots) = (folder.log.reader(), folder.snapshots.clone());
    let mut chance = Chance(1);
    let noise = chance.bytes(9000);
    append(&mut folder.log, 1, &noise);
    std::thread::scope(|threads| {
        let reading = threads.spawn(|| {
            let mut chunks = reader.read_from(0);
            let mut seen = 0;
            while seen < 200 {
                let Some(chunk) = chunks.next() else {
                    std::thread::yield_now();
                    continue;
                };
                assert_eq!(chunk.unwrap().first, seen);
                seen += 1;
            }
        });
        let copying = threads.spawn(|| {
            for number in 0..5 {
                let (copy, restored) = (format!("copy {number}"), format!("restored {number}"));
                let to = store::LocalDisk::open(&scratch.folder(&copy)).unwrap();
                store::backup(&reader, &snapshots, &[], &to).unwrap();
                drop(to);
                restore(&scratch.folder(&copy), &scratch.folder(&restored)).unwrap();
                let log = open(&scratch.folder(&restored)).log;
                assert_eq!(read_all(&log, "reading back").len() as u64, log.next_offset());
            }
        });
        for _ in 1..200 {
            append(&mut folder.log, 1, &noise);
        }
        reading.join().unwrap();
        copying.join().unwrap();
    });
    assert_eq!(folder.verify(|_| {}).unwrap().events, 200);
}

#[test]
fn retirement_frees_whole_files_and_keeps_what_was_set_aside() {
    let scratch = Scratch::new();
    let mut folder = open(&scratch.folder("data"));
    let chunk = Chunk { set_aside: &[b"early"], ..Chunk::default() };
    folder.log.append(chunk).unwrap();
    fill(&mut folder);
    let before = folder.log.bytes_on_disk();
    let freed = folder.log.retire(20).unwrap();
    assert_eq!(folder.log.bytes_on_disk(), before - freed);
    let first = folder.log.first_offset();
    assert!(freed > 0 && first > 0 && first <= 20, "{first}");
    assert!(matches!(folder.log.reader().read_from(0).next(), Some(Err(LogError::Retired { .. }))));
    assert!(matches!(
        folder.log.reader().read_from(99).next(),
        Some(Err(LogError::BeyondEnd { next: 30, .. }))
    ));
    let messages = folder.log.reader().set_aside_list(0, 10).unwrap();
    assert_eq!(
        messages.iter().map(|message| message.bytes.as_slice()).collect::<Vec<_>>(),
        [b"early".as_slice(), b"not an event"]
    );
    assert!(folder.log.set_aside_resolve(0).unwrap());
    assert!(!folder.log.set_aside_resolve(0).unwrap());
}

#[test]
fn whole_files_are_old_when_what_follows_them_is() {
    let scratch = Scratch::new();
    let mut folder = open(&scratch.folder("data"));
    let noise = Chance(3).bytes(9_000);
    for arrived in 0..40 {
        folder.log.append(Chunk { arrived, events: 1, bytes: &noise, ..Chunk::default() }).unwrap();
    }
    let reader = folder.log.reader();
    let old = |arrived| reader.offset_arrived_before(arrived).unwrap();
    assert_eq!(old(0), 0, "nothing arrived before");
    let middle = old(20);
    assert!(0 < middle && middle < 20, "whole files only, and no event of the rest: {middle}");
    let all = old(i64::MAX);
    assert!(all > middle && all < 40, "the newest file is never old: {all}");
    let freed = folder.log.retire(middle).unwrap();
    assert!(freed > 0 && folder.log.first_offset() == middle, "{freed}");
    assert_eq!(old(20), middle, "what is forgotten is old");
}

#[test]
fn reading_from_the_middle_of_a_chunk_gives_the_whole_chunk() {
    let scratch = Scratch::new();
    let mut folder = open(&scratch.folder("data"));
    fill(&mut folder);
    for offset in 0..30 {
        let chunk = folder.log.reader().read_from(offset).next().unwrap().unwrap();
        assert_eq!(chunk.first, offset / 3 * 3);
    }
    assert!(folder.log.reader().read_from(30).next().is_none());
}

#[test]
fn too_many_messages_set_aside_drop_the_oldest_and_are_counted() {
    let scratch = Scratch::new();
    let mut folder = open(&scratch.folder("data"));
    let messages = [b"message".as_slice(); 11];
    folder.log.append(Chunk { set_aside: &messages, ..Chunk::default() }).unwrap();
    let left = folder.log.reader().set_aside_list(0, 100).unwrap();
    assert_eq!(left.iter().map(|message| message.number).collect::<Vec<_>>(), (3..11).collect::<Vec<_>>());
    assert_eq!(folder.log.set_aside_dropped(), 3);
}
