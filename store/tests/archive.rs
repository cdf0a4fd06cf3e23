//! The archive answers as one sorted map would, whatever was written, merged and tidied before.
//!
//! What accidents do to it is in `archive_accidents.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod folders;

use folders::{Chance, append, open};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{
    ARCHIVE_KEY_BYTES_MAX, Archive, ArchiveDraft, ArchiveError, BackupError, Segments, SimulatedDisk, backup,
    check_backup, restore_on,
};

const SEEDS: u64 = if cfg!(debug_assertions) { 4 } else { 25 };

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

fn archive(disk: &SimulatedDisk) -> Archive {
    Archive::open(Arc::new(disk.clone())).unwrap()
}

/// A segment of these entries, all with their whole key in the filter.
fn write(archive: &Archive, entries: &[(&[u8], &[u8])]) -> u64 {
    let mut draft = ArchiveDraft::new();
    for (key, value) in entries {
        draft.push(key, key.len(), value).unwrap();
    }
    archive.write(draft).unwrap().unwrap()
}

fn all(segments: &Segments, prefix: &[u8]) -> Entries {
    let entries: Vec<_> = segments.scan(prefix).map(Result::unwrap).collect();
    assert!(entries.is_sorted_by(|one, other| one.0 < other.0), "in order, each key once");
    entries.into_iter().collect()
}

/// Keys of three kinds, which say by their first letter what of them is in the filter, drawn from few, so that
/// segments have keys in common.
fn draw_key(chance: &mut Chance, subjects: u64) -> (Vec<u8>, usize) {
    let subject = chance.draw(subjects);
    match chance.draw(3) {
        0 => (format!("w{subject:05}").into_bytes(), 6),
        1 => (format!("p{subject:05}/{}", chance.draw(9)).into_bytes(), 6),
        _ => (format!("n{subject}").into_bytes(), 0),
    }
}

fn draw_value(chance: &mut Chance) -> Vec<u8> {
    let length = match chance.draw(40) {
        0 => 50_000,
        1..=9 => 400,
        _ => 0,
    };
    let length = chance.draw(length + 1);
    chance.bytes(length)
}

fn write_drawn(archive: &Archive, chance: &mut Chance) -> (u64, Entries) {
    let (mut draft, mut model) = (ArchiveDraft::new(), Entries::new());
    let subjects = 1 + chance.draw(3000);
    for _ in 0..=chance.draw(2000) {
        let ((key, filter_bytes), value) = (draw_key(chance, subjects), draw_value(chance));
        draft.push(&key, filter_bytes, &value).unwrap();
        model.insert(key, value);
    }
    (archive.write(draft).unwrap().unwrap(), model)
}

/// Compares everything that can be asked with the model.
fn check_answers(segments: &Segments, model: &Entries, chance: &mut Chance, when: &str) {
    assert!(all(segments, b"") == *model, "{when}: the whole");
    for _ in 0..20 {
        let (key, filter_bytes) = draw_key(chance, 3500);
        let expected = model.get(&key).filter(|_| filter_bytes == key.len());
        assert_eq!(segments.get(&key).unwrap().as_ref(), expected, "{when}: {key:?}");
        let prefix = &key[..usize::try_from(chance.draw(key.len() as u64 + 1)).unwrap()];
        let begins = |(key, value): (&Vec<u8>, &Vec<u8>)| {
            key.starts_with(prefix).then(|| (key.clone(), value.clone()))
        };
        let expected: Entries = model.iter().filter_map(begins).collect();
        assert!(all(segments, prefix) == expected, "{when}: what begins with {prefix:?}");
        if filter_bytes > 0 {
            let filter_key = &key[..filter_bytes];
            let expected: Vec<_> = model
                .iter()
                .filter(|entry| entry.0.starts_with(filter_key))
                .map(|entry| entry.0.clone())
                .collect();
            let found: Vec<_> = segments.scan_filtered(filter_key).map(|entry| entry.unwrap().0).collect();
            assert_eq!(found, expected, "{when}: the filter and {filter_key:?}");
            assert!(expected.is_empty() || segments.may_hold(filter_key), "{when}: {filter_key:?} is denied");
        }
    }
}

#[test]
fn segments_answer_as_one_sorted_map_in_which_the_newest_wins() {
    for seed in 0..SEEDS {
        let (disk, mut chance) = (SimulatedDisk::new(seed), Chance(seed));
        let mut archive = archive(&disk);
        // Newest first, as the archive wants them.
        let mut stack: Vec<(u64, Entries)> = Vec::new();
        for step in 0..8 {
            let when = format!("seed {seed}, step {step}");
            match chance.draw(4) {
                0 | 1 => stack.insert(0, write_drawn(&archive, &mut chance)),
                2 if stack.len() > 1 => merge_drawn(&archive, &mut stack, &mut chance),
                _ => {
                    let ids: Vec<u64> = stack.iter().map(|(id, _)| *id).collect();
                    archive.set_list(step, &ids).unwrap();
                    archive = self::archive(&disk);
                    archive.tidy(&[step]).unwrap();
                    assert_eq!(archive.list(step).unwrap(), ids, "{when}");
                    assert_eq!(
                        archive.check().unwrap().segments,
                        ids.len() as u64,
                        "{when}: no other is left"
                    );
                }
            }
            let ids: Vec<u64> = stack.iter().map(|(id, _)| *id).collect();
            let segments = archive.open_segments(&ids).unwrap();
            let model = stack.iter().rev().flat_map(|(_, model)| model.clone()).collect();
            let entries: u64 = stack.iter().map(|(_, model)| model.len() as u64).sum();
            assert_eq!((segments.entries(), segments.ids()), (entries, &*ids), "{when}");
            check_answers(&segments, &model, &mut chance, &when);
        }
    }
}

/// Merges some neighbours and puts the result in their place.
fn merge_drawn(archive: &Archive, stack: &mut Vec<(u64, Entries)>, chance: &mut Chance) {
    let first = usize::try_from(chance.draw(stack.len() as u64 - 1)).unwrap();
    let count = usize::try_from(2 + chance.draw((stack.len() - first) as u64 - 1)).unwrap();
    let merged: Vec<(u64, Entries)> = stack.drain(first..first + count).collect();
    let ids: Vec<u64> = merged.iter().map(|(id, _)| *id).collect();
    let model = merged.into_iter().rev().flat_map(|(_, model)| model).collect();
    stack.insert(first, (archive.merge(&ids).unwrap(), model));
    archive.give_up(&ids);
}

#[test]
fn of_a_key_that_is_pushed_twice_the_later_push_counts() {
    let archive = archive(&SimulatedDisk::new(1));
    // The second pair differs behind the first eight bytes only.
    let entries: [(&[u8], &[u8]); 5] =
        [(b"a", b"1"), (b"same start 2", b"x"), (b"same start 1", b"y"), (b"a", b"2"), (b"a\0", b"zero")];
    let id = write(&archive, &entries);
    let segments = archive.open_segments(&[id]).unwrap();
    assert_eq!(segments.entries(), 4);
    assert_eq!(segments.get(b"a").unwrap().unwrap(), b"2");
    assert_eq!(segments.get(b"a\0").unwrap().unwrap(), b"zero");
    assert_eq!(segments.get(b"same start 1").unwrap().unwrap(), b"y");
}

#[test]
fn a_draft_without_entries_is_no_segment_and_ids_rise() {
    let disk = SimulatedDisk::new(1);
    let first = archive(&disk);
    assert_eq!(first.write(ArchiveDraft::new()).unwrap(), None);
    assert_eq!(disk.files(), [""; 0]);
    assert_eq!((write(&first, &[(b"a", b"")]), write(&first, &[(b"a", b"")])), (0, 1));
    first.set_list(7, &[1]).unwrap();
    let second = archive(&disk);
    second.tidy(&[7]).unwrap();
    assert_eq!(write(&second, &[(b"a", b"")]), 2);
}

#[test]
fn an_entry_that_is_too_large_is_refused_and_the_largest_key_is_kept() {
    let archive = archive(&SimulatedDisk::new(1));
    let mut draft = ArchiveDraft::new();
    let key = vec![7; ARCHIVE_KEY_BYTES_MAX + 1];
    assert!(matches!(draft.push(&key, 0, b""), Err(ArchiveError::TooLarge { .. })));
    assert!(draft.is_empty());
    let key = &key[1..];
    draft.push(key, key.len(), &vec![3; 3 << 20]).unwrap();
    let id = archive.write(draft).unwrap().unwrap();
    assert_eq!(archive.open_segments(&[id]).unwrap().get(key).unwrap().unwrap(), vec![3; 3 << 20]);
}

#[test]
fn what_the_filter_denies_costs_no_disk_and_it_denies_99_of_100() {
    let disk = SimulatedDisk::new(1);
    let archive = archive(&disk);
    let subject = |number: u64| format!("subject {number:07}").into_bytes();
    for count in [100, 3000, 40_000] {
        let mut draft = ArchiveDraft::new();
        for number in 0..count {
            draft.push(&subject(number * 2), 15, b"").unwrap();
        }
        let id = archive.write(draft).unwrap().unwrap();
        let segments = archive.open_segments(&[id]).unwrap();
        assert!((0..count).all(|number| segments.may_hold(&subject(number * 2))), "denied one of {count}");
        let before = disk.operations();
        let asked = 100_000;
        let wrong = (0..asked).filter(|number| segments.may_hold(&subject(number * 2 + 1))).count();
        assert!(wrong * 100 <= 100_000, "{wrong} of {asked} are not denied among {count}");
        let denied =
            (0..100).map(|number| subject(number * 2 + 1)).find(|key| !segments.may_hold(key)).unwrap();
        assert_eq!((segments.get(&denied).unwrap(), segments.scan_filtered(&denied).count()), (None, 0));
        assert_eq!(disk.operations(), before, "the disk was asked");
    }
}

#[test]
fn tidying_keeps_what_is_listed_and_what_is_about_to_be() {
    let disk = SimulatedDisk::new(1);
    let archive = archive(&disk);
    let ids: Vec<u64> = (0..4).map(|_| write(&archive, &[(b"key", b"value")])).collect();
    archive.set_list(10, &ids[..1]).unwrap();
    archive.set_list(20, &ids[..2]).unwrap();
    archive.give_up(&ids[3..]);
    archive.tidy(&[20, 30]).unwrap();
    let files = |archive: &Archive| archive.check().unwrap();
    assert_eq!(
        (files(&archive).segments, files(&archive).lists),
        (3, 1),
        "2 is not listed yet, 3 never will be"
    );
    assert!(matches!(archive.list(10), Err(ArchiveError::NotListed { offset: 10 })));
    assert_eq!(archive.list(20).unwrap(), [0, 1]);
    let reopened = self::archive(&disk);
    reopened.tidy(&[20]).unwrap();
    assert_eq!(files(&reopened).segments, 2, "nobody lists it after a restart");
}

#[test]
fn open_segments_are_read_on_when_their_names_are_gone() {
    let archive = archive(&SimulatedDisk::new(1));
    let id = write(&archive, &[(b"key", b"value")]);
    let segments = archive.open_segments(&[id]).unwrap();
    archive.give_up(&[id]);
    archive.tidy(&[]).unwrap();
    assert_eq!(segments.get(b"key").unwrap().unwrap(), b"value");
    drop(segments);
    assert!(matches!(archive.open_segments(&[id]), Err(ArchiveError::Missing { .. })));
    assert!(matches!(archive.set_list(1, &[id]), Err(ArchiveError::Missing { .. })));
}

#[test]
fn many_threads_read_while_others_write_merge_and_tidy() {
    let archive = archive(&SimulatedDisk::new(1));
    let first = write_drawn(&archive, &mut Chance(1));
    let second = write_drawn(&archive, &mut Chance(2));
    let model: Entries = first.1.into_iter().chain(second.1).collect();
    let segments = archive.open_segments(&[second.0, first.0]).unwrap();
    std::thread::scope(|threads| {
        for seed in 0..3 {
            let (segments, model) = (segments.clone(), &model);
            threads.spawn(move || check_answers(&segments, model, &mut Chance(seed), "in a thread"));
        }
        threads.spawn(|| {
            for offset in 0..5 {
                let merged = archive.merge(&[second.0, first.0]).unwrap();
                archive.set_list(offset, &[merged, second.0, first.0]).unwrap();
                archive.tidy(&[offset]).unwrap();
            }
        });
    });
    assert_eq!(archive.check().unwrap().segments, 3);
}

/// A folder with two snapshots, each with a list, and a segment that only the first needs.
fn folder_at_rest(disk: &SimulatedDisk) -> store::DataFolder {
    let mut folder = open(disk).unwrap();
    append(&mut folder.log, 30, b"events");
    for offset in [10, 20] {
        let own = write(&folder.archive, &[(b"dossier", format!("at {offset}").as_bytes()), (b"other", b"")]);
        let shared = folder.archive.list(10).map_or_else(|_| Vec::new(), |list| list[..1].to_vec());
        folder.archive.set_list(offset, &[&[own], &shared[..]].concat()).unwrap();
        let mut writer = folder.snapshots.begin(offset, 1).unwrap();
        writer.push(b"state").unwrap();
        writer.finish().unwrap();
    }
    folder
}

#[test]
fn a_backup_brings_back_what_each_snapshot_rests_on() {
    let disk = SimulatedDisk::new(1);
    let folder = folder_at_rest(&disk);
    write(&folder.archive, &[(b"not listed", b"yet")]);
    let (copy, back) = (SimulatedDisk::new(1), SimulatedDisk::new(1));
    backup(&folder.log.reader(), &folder.snapshots, &[], &copy).unwrap();
    check_backup(&copy).unwrap();
    restore_on(&copy, &back).unwrap();
    let mut restored = open(&back).unwrap();
    restored.verify(|_| {}).unwrap();
    assert_eq!(restored.archive.list(10).unwrap(), [0]);
    assert_eq!(restored.archive.list(20).unwrap(), [1, 0]);
    let segments = restored.archive.open_segments(&[1, 0]).unwrap();
    assert_eq!(segments.get(b"dossier").unwrap().unwrap(), b"at 20");
    assert_eq!(restored.archive.check().unwrap().segments, 2, "what no snapshot rests on stays behind");
}

#[test]
fn a_backup_is_refused_when_what_a_snapshot_rests_on_is_damaged_or_missing() {
    let disk = SimulatedDisk::new(1);
    drop(folder_at_rest(&disk));
    for path in disk.files().into_iter().filter(|path| path.starts_with("archive/")) {
        let (damaged, missing) = (disk.duplicate(), disk.duplicate());
        damaged.flip_bit(&path, 30, 1);
        store::Disk::remove(&missing, &path).unwrap();
        for (disk, is_missing) in [(damaged, false), (missing, true)] {
            let folder = open(&disk).unwrap();
            let made = backup(&folder.log.reader(), &folder.snapshots, &[], &SimulatedDisk::new(1));
            // A snapshot without a list rests on nothing, as all did before there was an archive.
            let is_list =
                path == "archive/00000000000000000010.list" || path == "archive/00000000000000000020.list";
            let is_refused =
                matches!(&made, Err(BackupError::Archive(error)) if error.to_string().contains(&path));
            assert_eq!(is_refused, !(is_missing && is_list), "{path}: {made:?}");
        }
    }
}

#[test]
fn a_folder_and_a_backup_from_before_the_archive_are_as_good_as_ever() {
    let (disk, copy, back) = (SimulatedDisk::new(1), SimulatedDisk::new(1), SimulatedDisk::new(1));
    let mut folder = open(&disk).unwrap();
    append(&mut folder.log, 3, b"events");
    backup(&folder.log.reader(), &folder.snapshots, &[], &copy).unwrap();
    assert!(copy.files().iter().all(|path| !path.starts_with("archive")), "{:?}", copy.files());
    restore_on(&copy, &back).unwrap();
    open(&back).unwrap().verify(|_| {}).unwrap();
}
