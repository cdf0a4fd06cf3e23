//! A log that cannot be written: partitions are held back, the member stays, and everything goes on by itself.

use std::io::Write;

use ingest::kafka::{Compression, Mode};
use serde_json::Value;

use super::broker::shared;
use super::load::{events, seed};
use super::scene::{Scene, await_counted, await_told, told};
use super::truth::assert_shows;

#[test]
fn a_log_that_is_full_holds_partitions_back_until_there_is_room() {
    // What may be kept is bounded to a GiB at the least; a small file system is the way to fill a log quickly.
    let scene = Scene::new(shared(), "stall.", 2, &[]);
    let disk = scene.folder.path("data");
    std::fs::create_dir_all(&disk).unwrap();
    let mount = |words: &[&str]| {
        std::process::Command::new("mount")
            .args(words)
            .arg(&disk)
            .status()
            .is_ok_and(|status| status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=8m", "tmpfs"]) {
        println!("!!! NOT CHECKED: a full disk; a small file system cannot be mounted here (run as root)");
        return;
    }
    let lines = events(seed() + 150, 40_000);
    let ballast = format!("{disk}/ballast");
    let server = scene.serve();
    let mut file = std::fs::File::create(&ballast).unwrap();
    // Until the disk is full.
    while file.write_all(&[7; 4096]).is_ok() {}
    // A file that is open takes its room even when it is removed.
    drop(file);
    scene.produce(&lines, Compression::Lz4, Mode::Structured);
    let held = |health: &Value| {
        let partitions = health["kafka"]["partitions"].as_array().cloned().unwrap_or_default();
        !partitions.is_empty() && partitions.iter().all(|one| one["is_paused"] == true)
    };
    let health = await_told(&server, "paused partitions", held);
    assert_eq!(health["status"], "intake_refused", "{health}");
    assert_eq!(health["kafka"]["assigned"], 8, "the member keeps its partitions: {health}");
    std::fs::remove_file(&ballast).unwrap();
    await_counted(&server, &lines);
    let health = told(&server);
    assert!(!held(&health) && health["kafka"]["refused_batches"].as_u64() > Some(0), "{health}");
    assert_shows(&server, &lines);
    server.kill();
    let unmounted = std::process::Command::new("umount").arg("--lazy").arg(&disk).status();
    assert!(unmounted.unwrap().success());
}
