//! Snapshots are whole or not there, and each that cannot be used says why.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod folders;

use folders::Chance;
use std::sync::Arc;
use store::{Disk, SimulatedDisk, SnapshotError, SnapshotInfo, Snapshots};

const MIB: u64 = 1 << 20;

fn snapshots(disk: &SimulatedDisk) -> Snapshots {
    Snapshots::open(Arc::new(disk.clone()), 3).unwrap()
}

fn write(snapshots: &Snapshots, offset: u64, content: &[u8]) -> SnapshotInfo {
    let mut writer = snapshots.begin(offset, 4).unwrap();
    for piece in content.chunks(3000) {
        writer.push(piece).unwrap();
    }
    writer.finish().unwrap()
}

fn read(snapshots: &Snapshots, offset: u64) -> Result<Vec<u8>, SnapshotError> {
    let mut reader = snapshots.open_snapshot(offset, 4)?;
    let mut content = Vec::new();
    while let Some(block) = reader.next_block()? {
        content.extend(block);
    }
    Ok(content)
}

#[test]
fn what_was_pushed_in_small_pieces_is_read_back_in_blocks() {
    let disk = SimulatedDisk::new(1);
    let snapshots = snapshots(&disk);
    for bytes in [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5] {
        let content = Chance(bytes).bytes(bytes);
        let info = write(&snapshots, bytes, &content);
        assert_eq!((info.bytes, info.blocks), (bytes, bytes.div_ceil(MIB)));
        assert_eq!(snapshots.check(bytes).unwrap(), info);
        assert!(read(&snapshots, bytes).unwrap() == content, "{bytes} bytes");
    }
}

#[test]
fn the_newest_three_are_kept() {
    let snapshots = snapshots(&SimulatedDisk::new(1));
    for offset in [10, 20, 30, 40, 50] {
        write(&snapshots, offset, b"state");
    }
    assert_eq!(snapshots.list().unwrap(), [30, 40, 50]);
}

#[test]
fn an_abandoned_snapshot_leaves_nothing_and_an_interrupted_one_is_removed_at_the_next_open() {
    let disk = SimulatedDisk::new(1);
    let first = snapshots(&disk);
    drop(first.begin(10, 4).unwrap());
    assert_eq!(disk.files(), [""; 0]);
    let interrupted = first.begin(20, 4).unwrap();
    disk.kill_process();
    drop(interrupted);
    snapshots(&disk);
    assert_eq!(snapshots(&disk).list().unwrap(), [0; 0]);
}

#[test]
fn two_writers_of_one_snapshot_do_not_mix() {
    let snapshots = snapshots(&SimulatedDisk::new(1));
    let _first = snapshots.begin(10, 4).unwrap();
    assert!(matches!(snapshots.begin(10, 4), Err(SnapshotError::InProgress { .. })));
}

#[test]
fn a_snapshot_of_another_format_says_which() {
    let snapshots = snapshots(&SimulatedDisk::new(1));
    write(&snapshots, 10, b"state");
    let error = snapshots.open_snapshot(10, 5).unwrap_err();
    assert!(matches!(error, SnapshotError::Incompatible { found: 4, wanted: 5, .. }), "{error}");
}

/// What stays of a snapshot file under another content.
fn check_damage(change: impl Fn(Vec<u8>) -> Vec<u8>, expected: &str) {
    let disk = SimulatedDisk::new(1);
    let snapshots = snapshots(&disk);
    write(&snapshots, 10, &Chance(1).bytes(3 * MIB));
    let path = "state/00000000000000000010.snapshot";
    let file = disk.open(path).unwrap();
    let changed = change(disk.content(path).unwrap());
    file.set_length(0).unwrap();
    file.write_at(0, &changed).unwrap();
    let error = read(&snapshots, 10).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_damaged_block_is_named() {
    check_damage(
        |mut bytes| {
            bytes[1_500_000] ^= 1;
            bytes
        },
        "block 1 has a checksum that does not fit",
    );
}

#[test]
fn a_snapshot_that_was_cut_off_is_damaged_wherever_it_was_cut() {
    let whole = std::cell::Cell::new(0);
    check_damage(
        |bytes| {
            whole.set(bytes.len());
            bytes[..bytes.len() - 1].to_vec()
        },
        "block 3 is cut off",
    );
    for kept in [0, 10, 28, 29, 100, 1_500_000, whole.get() - 25] {
        check_damage(|bytes| bytes[..kept].to_vec(), "damaged");
    }
}

#[test]
fn a_snapshot_with_something_behind_its_end_is_damaged() {
    check_damage(|bytes| [bytes, vec![0]].concat(), "more behind it");
}

#[test]
fn blocks_in_another_order_are_damaged() {
    // The blocks hold noise of one length, so that they are equally long in the file.
    check_damage(
        |bytes| {
            let (header, trailer) = (28, 25);
            let block = (bytes.len() - header - trailer) / 3;
            let (first, second) = (header..header + block, header + block..header + 2 * block);
            [&bytes[..header], &bytes[second], &bytes[first], &bytes[header + 2 * block..]].concat()
        },
        "block 0 belongs to another place",
    );
}

#[test]
fn a_snapshot_under_the_name_of_another_offset_is_damaged() {
    let disk = SimulatedDisk::new(1);
    let snapshots = snapshots(&disk);
    write(&snapshots, 10, b"state");
    disk.rename("state/00000000000000000010.snapshot", "state/00000000000000000011.snapshot").unwrap();
    assert!(matches!(read(&snapshots, 11), Err(SnapshotError::Damaged { .. })));
}
