//! The simulated disk does to files what it says, the same for one seed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeSet;
use store::{Disk, Lasting, SimulatedDisk, Trouble};

/// What is left of a file of 2000 synced ones, overwritten with twos and not synced.
fn after_the_power_cut(seed: u64) -> Vec<u8> {
    let disk = SimulatedDisk::new(seed);
    let file = disk.create("file").unwrap();
    file.write_at(0, &[1; 2000]).unwrap();
    file.sync().unwrap();
    disk.sync_folder("").unwrap();
    file.write_at(0, &[2; 2000]).unwrap();
    disk.power_cycle();
    assert!(file.length().is_err(), "handles die with the power");
    disk.content("file").unwrap()
}

#[test]
fn what_was_not_synced_is_kept_dropped_or_torn_and_what_was_synced_is_kept() {
    let outcomes: Vec<Vec<u8>> = (0..50).map(after_the_power_cut).collect();
    assert!(
        outcomes.iter().all(|bytes| bytes.len() == 2000 && bytes.iter().all(|byte| [1, 2].contains(byte)))
    );
    let twos: BTreeSet<usize> =
        outcomes.iter().map(|bytes| bytes.iter().map(|byte| usize::from(byte - 1)).sum()).collect();
    assert!(twos.contains(&0) && twos.contains(&2000), "{twos:?}");
    assert!(
        twos.iter().any(|count| count % 512 == 0 && (1..2000).contains(count)),
        "torn at sectors: {twos:?}"
    );
    assert!(twos.iter().any(|count| count % 512 != 0 && *count % 2000 != 0), "torn at bytes: {twos:?}");
    assert_eq!(outcomes, (0..50).map(after_the_power_cut).collect::<Vec<_>>(), "a seed decides everything");
}

#[test]
fn a_name_that_was_not_synced_happens_or_not_and_one_that_was_stays() {
    let names: BTreeSet<Vec<String>> = (0..50)
        .map(|seed| {
            let disk = SimulatedDisk::new(seed);
            disk.create("old").unwrap();
            disk.sync_folder("").unwrap();
            disk.rename("old", "new").unwrap();
            disk.power_cycle();
            disk.files()
        })
        .collect();
    assert_eq!(names, BTreeSet::from([vec!["new".to_owned()], vec!["old".to_owned()]]));
}

#[test]
fn after_a_failed_sync_a_later_one_does_not_write_what_was_lost() {
    let lost = (0..50).filter(|&seed| {
        let disk = SimulatedDisk::new(seed);
        let file = disk.create("file").unwrap();
        disk.sync_folder("").unwrap();
        file.write_at(0, b"content").unwrap();
        disk.arrange(disk.operations(), Trouble::InputOutput, Lasting::Once);
        assert!(file.sync().is_err());
        file.sync().unwrap();
        assert_eq!(disk.content("file").unwrap(), b"content", "it can be read");
        disk.power_cycle();
        disk.content("file").unwrap() != b"content"
    });
    assert!((1..50).contains(&lost.count()));
}

#[test]
fn a_full_disk_refuses_writes_until_it_is_healed_and_goes_on_reading() {
    let disk = SimulatedDisk::new(1);
    let file = disk.create("file").unwrap();
    file.write_at(0, b"content").unwrap();
    disk.arrange(disk.operations(), Trouble::NoSpace, Lasting::UntilHealed);
    for _ in 0..2 {
        let error = file.write_at(7, b"more").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
    file.read_at(0, &mut [0; 7]).unwrap();
    disk.heal();
    file.write_at(7, b"more").unwrap();
}

#[test]
fn a_killed_process_leaves_everything_it_wrote() {
    let disk = SimulatedDisk::new(1);
    let file = disk.create("file").unwrap();
    file.write_at(0, b"content").unwrap();
    disk.kill_process();
    assert!(file.sync().is_err());
    assert_eq!(disk.content("file").unwrap(), b"content");
}
