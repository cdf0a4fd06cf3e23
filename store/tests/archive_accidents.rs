//! The archive under power cuts, failing disks and flipped bits.
//!
//! Every operation of a small life is the last one before a power cut, or fails, once; after that what was listed is
//! there as it was, and nothing is left that nobody lists.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod folders;

use folders::Chance;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{Archive, ArchiveDraft, ArchiveError, Disk, Lasting, Segments, SimulatedDisk, Trouble};

/// A life has the same operations with each seed; only what a power cut leaves of them is drawn, so that one has
/// many seeds.
const POWER_CUTS: u64 = if cfg!(debug_assertions) { 2 } else { 10 };

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

fn archive(disk: &SimulatedDisk) -> Result<Archive, ArchiveError> {
    Archive::open(Arc::new(disk.clone()))
}

/// Entries of several blocks, some of which every round has.
fn entries(round: u64) -> Entries {
    let mut chance = Chance(round);
    let keys = (0..40).map(|_| 4 * chance.draw(200) + chance.draw(2) * round).collect::<BTreeSet<_>>();
    keys.into_iter().map(|key| (format!("subject {key}").into_bytes(), chance.bytes(900))).collect()
}

fn write(archive: &Archive, entries: &Entries) -> Result<u64, ArchiveError> {
    let mut draft = ArchiveDraft::new();
    for (key, value) in entries {
        draft.push(key, key.len(), value)?;
    }
    Ok(archive.write(draft)?.expect("there are entries"))
}

fn read(segments: &Segments) -> Result<Entries, ArchiveError> {
    segments.scan(b"").collect()
}

/// What must be true of the archive.
#[derive(Debug, Default)]
struct Truth {
    /// What the list of an offset means, for each list that was ever asked for.
    meant: BTreeMap<u64, Entries>,
    /// The lists that must be there.
    set: BTreeSet<u64>,
}

/// The life of an archive as the engine lives it: a segment, its list, tidying; now and then a merge.
fn live(archive: &Archive, truth: &mut Truth, first_offset: u64) -> Result<(), ArchiveError> {
    let last = truth.set.last().copied();
    let mut model = last.map_or_else(Entries::new, |offset| truth.meant[&offset].clone());
    let mut ids = last.map_or_else(|| Ok(Vec::new()), |offset| archive.list(offset))?;
    for offset in first_offset..first_offset + 4 {
        let rested = entries(offset);
        ids.insert(0, write(archive, &rested)?);
        model.extend(rested);
        if ids.len() > 2 {
            let merged = archive.merge(&ids[..2])?;
            archive.give_up(&ids[..2]);
            ids.splice(..2, [merged]);
        }
        truth.meant.insert(offset, model.clone());
        archive.set_list(offset, &ids)?;
        truth.set.insert(offset);
        let keep = truth.set.iter().rev().take(2).copied().collect::<Vec<_>>();
        truth.set = keep.iter().copied().collect();
        archive.tidy(&keep)?;
    }
    Ok(())
}

/// Lists that were set are there and right; those under way are there and right, or not there.
fn check(archive: &Archive, truth: &Truth, when: &str) {
    for (offset, model) in &truth.meant {
        match archive.list(*offset) {
            Ok(ids) => {
                let segments = archive.open_segments(&ids).unwrap_or_else(|error| panic!("{when}: {error}"));
                let found = read(&segments).unwrap_or_else(|error| panic!("{when}: {error}"));
                assert!(found == *model, "{when}: the list of {offset} means something else");
            }
            Err(ArchiveError::NotListed { .. }) => {
                assert!(!truth.set.contains(offset), "{when}: the list of {offset} is gone");
            }
            Err(error) => panic!("{when}: {error}"),
        }
    }
    archive.check().unwrap_or_else(|error| panic!("{when}: {error}"));
}

/// Tidies and looks that there is no file that nobody lists.
fn check_tidy(disk: &SimulatedDisk, archive: &Archive, truth: &Truth, when: &str) {
    let keep: Vec<u64> = truth.set.iter().copied().collect();
    archive.tidy(&keep).unwrap_or_else(|error| panic!("{when}: {error}"));
    let listed: BTreeSet<u64> = keep.iter().flat_map(|offset| archive.list(*offset).unwrap()).collect();
    let files = disk.files().len();
    assert_eq!(files, listed.len() + keep.len(), "{when}: {:?}", disk.files());
    check(archive, truth, when);
}

/// Lets trouble come at every operation of a life, once each; `recover` brings the archive back.
fn at_every_operation(
    seeds: u64,
    trouble: Trouble,
    lasting: Lasting,
    recover: impl Fn(&SimulatedDisk, Option<Archive>) -> Archive,
) {
    let mut met = 0;
    for seed in 0..seeds {
        for at in 0.. {
            let when = format!("seed {seed}, {trouble:?} at operation {at}");
            let disk = SimulatedDisk::new(seed);
            disk.arrange(at, trouble, lasting);
            let mut truth = Truth::default();
            let opened = archive(&disk);
            let lived = opened.as_ref().is_ok_and(|archive| live(archive, &mut truth, 10).is_ok());
            let is_over = disk.operations() <= at;
            disk.heal();
            let archive = recover(&disk, opened.ok());
            check(&archive, &truth, &when);
            live(&archive, &mut truth, 20).unwrap_or_else(|error| panic!("{when}: {error}"));
            let reopened = self::archive(&disk).unwrap();
            check_tidy(&disk, &reopened, &truth, &when);
            met += u64::from(!lived);
            if is_over {
                break;
            }
        }
    }
    assert!(met > seeds * 15, "only {met} operations were met");
}

#[test]
fn after_a_power_cut_at_any_operation_what_was_listed_is_there_and_the_rest_is_tidied_away() {
    at_every_operation(POWER_CUTS, Trouble::PowerLost, Lasting::Once, |disk, archive| {
        drop(archive);
        disk.power_cycle();
        self::archive(disk).unwrap()
    });
}

#[test]
fn after_a_kill_at_any_operation_what_was_listed_is_there_and_the_rest_is_tidied_away() {
    at_every_operation(1, Trouble::PowerLost, Lasting::Once, |disk, archive| {
        drop(archive);
        disk.kill_process();
        self::archive(disk).unwrap()
    });
}

#[test]
fn a_full_disk_is_an_error_and_the_same_archive_goes_on_when_there_is_space() {
    for lasting in [Lasting::Once, Lasting::UntilHealed] {
        at_every_operation(1, Trouble::NoSpace, lasting, |disk, archive| {
            archive.unwrap_or_else(|| self::archive(disk).unwrap())
        });
    }
}

#[test]
fn a_failing_disk_is_an_error_and_the_same_archive_goes_on_when_it_works() {
    for lasting in [Lasting::Once, Lasting::UntilHealed] {
        at_every_operation(1, Trouble::InputOutput, lasting, |disk, archive| {
            archive.unwrap_or_else(|| self::archive(disk).unwrap())
        });
    }
}

#[test]
fn a_full_disk_is_told_by_name() {
    let disk = SimulatedDisk::new(1);
    let archive = archive(&disk).unwrap();
    // Its name cannot be made, or its bytes cannot be written.
    for operations in [0, 1] {
        disk.arrange(disk.operations() + operations, Trouble::NoSpace, Lasting::UntilHealed);
        let error = write(&archive, &entries(1)).unwrap_err();
        assert!(matches!(error, ArchiveError::NoSpace { .. }), "{error}");
        assert_eq!(disk.files(), [""; 0], "nothing is left of it");
    }
}

/// Two segments and a list, and what they mean together.
fn archive_at_rest() -> (SimulatedDisk, Entries) {
    let disk = SimulatedDisk::new(1);
    let archive = archive(&disk).unwrap();
    // A segment of several blocks and one so small that every bit of it can be flipped.
    let large = entries(1);
    let small = (0..30).map(|number| (format!("subject {number}").into_bytes(), b"newer".to_vec())).collect();
    let ids = [write(&archive, &large).unwrap(), write(&archive, &small).unwrap()];
    archive.set_list(10, &[ids[1], ids[0]]).unwrap();
    (disk, large.into_iter().chain(small).collect())
}

/// Asks for everything: each answer is an error or right.
fn check_no_wrong_answer(disk: &SimulatedDisk, model: &Entries, when: &str) {
    let Ok(segments) = archive(disk).and_then(|archive| archive.open_segments(&archive.list(10)?)) else {
        return;
    };
    if let Ok(found) = read(&segments) {
        assert!(found == *model, "{when}: a scan gives what was not written");
    }
    for number in 0..60 {
        let key = format!("subject {number}").into_bytes();
        if let Ok(found) = segments.get(&key) {
            assert_eq!(found.as_ref(), model.get(&key), "{when}: {key:?}");
        }
    }
}

#[test]
fn a_flipped_bit_is_found_by_checking_and_never_gives_a_wrong_answer() {
    let (disk, model) = archive_at_rest();
    archive(&disk).unwrap().check().unwrap();
    let mut chance = Chance(1);
    let mut flips = 0;
    for path in disk.files() {
        let length = disk.content(&path).unwrap().len();
        // Each bit of the small files, one of each 97 of the large one.
        let step = if length < 2000 { 1 } else { 97 };
        for bit in
            (0..length * 8).step_by(step).map(|bit| bit + usize::try_from(chance.draw(step as u64)).unwrap())
        {
            if bit >= length * 8 {
                continue;
            }
            let flipped = disk.duplicate();
            flipped.flip_bit(&path, bit / 8, u8::try_from(bit % 8).unwrap());
            let when = format!("bit {} of byte {} of {path}", bit % 8, bit / 8);
            let error = archive(&flipped).unwrap().check().expect_err(&when);
            assert!(matches!(&error, ArchiveError::Damaged { file, .. } if *file == path), "{when}: {error}");
            if flips % 7 == 0 {
                check_no_wrong_answer(&flipped, &model, &when);
            }
            flips += 1;
        }
    }
    assert!(flips > 5_000, "only {flips} bits were flipped");
}

#[test]
fn damage_outside_the_blocks_is_found_by_opening() {
    let (disk, _) = archive_at_rest();
    let path = "archive/00000000000000000000.segment";
    let length = disk.content(path).unwrap().len();
    // The header; most of the index, the filter of one line, the trailer.
    for byte in (0..24).chain(length - 20 - 64 - 52..length) {
        for bit in 0..8 {
            let flipped = disk.duplicate();
            flipped.flip_bit(path, byte, bit);
            let opened = archive(&flipped).unwrap().open_segments(&[0]);
            assert!(
                matches!(opened, Err(ArchiveError::Damaged { .. })),
                "bit {bit} of byte {byte} of {length}"
            );
        }
    }
}

#[test]
fn a_segment_that_is_cut_off_lengthened_or_under_another_name_is_damaged() {
    let (disk, _) = archive_at_rest();
    let paths = disk.files();
    for path in paths.iter().filter(|path| path.ends_with(".segment")) {
        let length = disk.content(path).unwrap().len() as u64;
        for changed in
            (0..40).chain([length / 2, length - 53, length - 52, length - 1, length + 1, length + 52])
        {
            let other = disk.duplicate();
            other.open(path).unwrap().set_length(changed).unwrap();
            let error = archive(&other).unwrap().check().unwrap_err();
            assert!(matches!(error, ArchiveError::Damaged { .. }), "{changed} bytes: {error}");
        }
    }
    let renamed = disk.duplicate();
    renamed.rename(&paths[0], "archive/00000000000000000007.segment").unwrap();
    assert!(matches!(archive(&renamed).unwrap().check(), Err(ArchiveError::Damaged { .. })));
}

#[test]
fn a_damaged_list_keeps_every_file_and_a_missing_segment_is_named() {
    let (disk, _) = archive_at_rest();
    let list = "archive/00000000000000000010.list";
    let damaged = disk.duplicate();
    damaged.flip_bit(list, 25, 0);
    let error = archive(&damaged).unwrap().tidy(&[10]).unwrap_err();
    assert!(error.to_string().contains(list), "{error}");
    assert_eq!(damaged.files(), disk.files());
    archive(&damaged).unwrap().tidy(&[]).unwrap();
    assert_eq!(damaged.files(), [""; 0], "the list of no snapshot is not needed");
    let missing = disk.duplicate();
    missing.remove(&disk.files()[0]).unwrap();
    let archive = archive(&missing).unwrap();
    assert!(matches!(archive.check(), Err(ArchiveError::Missing { .. })));
    assert!(write(&archive, &entries(1)).unwrap() > 1, "an id that is listed is not given out again");
}
