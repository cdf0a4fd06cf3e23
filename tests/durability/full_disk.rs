//! A disk that runs full: the intake refuses clearly, reads go on marked stale, and space is all that is missing.
//!
//! A small file system in memory is mounted for it; where that is not permitted the test says so loudly and passes.
//! Not here: an error at every single write (the crate `store`).

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Answer, Server, within};

use super::load::{body, events, seed, send};
use super::truth::{assert_shows, await_ready, health, next_offset, serve};

/// The small disk, and what is freed of it later.
const DISK: &str = "size=8m";
const BALLAST_BYTES: usize = 5 << 20;
/// How long the intake may take to open again: the log is tried every second.
const PATIENCE: Duration = Duration::from_secs(20);

/// A file system of its own, taken away at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: &Folder) -> Option<SmallDisk> {
        let path = PathBuf::from(folder.path("disk"));
        std::fs::create_dir_all(&path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(&path).output();
        if mounted.is_ok_and(|ran| ran.status.success()) {
            return Some(SmallDisk(path));
        }
        println!("!!! NOT CHECKED: a full disk; a small file system cannot be mounted here (run as root)");
        eprintln!("!!! NOT CHECKED: a full disk; a small file system cannot be mounted here (run as root)");
        None
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A test that fails leaves its server for a moment; the mount then goes when that has gone.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_events_shows_stale_figures_and_heals_when_space_returns() {
    let folder = Folder::new();
    let Some(disk) = SmallDisk::mount(&folder) else { return };
    let (data, ballast) = (disk.path("data"), disk.path("ballast"));
    let server = serve(&data);
    std::fs::write(&ballast, vec![7; BALLAST_BYTES]).unwrap();
    let lines = events(seed() + 20, 60_000);
    let mut batches = lines.chunks(500);
    let mut sent = 0;
    // Until it is full; the batch refused is sent again later.
    let (refused, answer) = loop {
        let batch = batches.next().expect("the disk is full before the story ends");
        let answer = send(server.address(), &body(batch)).expect("the server answers");
        if answer.status != 202 {
            break (batch, answer);
        }
        sent += batch.len();
    };
    println!("full after {sent} events");
    assert_refused(&answer);
    assert_refused(&send(server.address(), &body(refused)).expect("the server answers"));
    let ranking = server.get("/api/v1/ranking?period=2026-Q1");
    assert_eq!(ranking.status, 200, "{}", ranking.text());
    assert_eq!(ranking.json()["freshness"]["is_stale"], true, "{}", ranking.text());
    let full = health(&server);
    assert_eq!(full["status"], "intake_refused", "{full}");
    assert!(full["log"]["trouble"].is_string(), "{full}");
    assert!(next_offset(&full) >= sent as u64, "{full}");

    std::fs::remove_file(&ballast).unwrap();
    let is_well = || server.get("/api/v1/health").json()["status"] == "ok";
    assert!(within(PATIENCE, is_well), "it does not heal by itself:\n{}", server.stderr());
    let ranking = server.get("/api/v1/ranking?period=2026-Q1").json();
    assert_eq!(ranking["freshness"]["is_stale"], false);
    for batch in [refused].into_iter().chain(batches.take(4)) {
        let answer = send(server.address(), &body(batch)).expect("the server answers");
        assert_eq!(answer.status, 202, "{}", answer.text());
        sent += batch.len();
    }
    assert_shows(&server, &lines[..sent]);
    server.kill();
    let server = serve(&data);
    assert_shows(&server, &lines[..sent]);
}

#[test]
fn a_server_killed_on_a_full_disk_shows_everything_acknowledged_once_there_is_space() {
    let folder = Folder::new();
    let Some(disk) = SmallDisk::mount(&folder) else { return };
    let (data, ballast) = (disk.path("data"), disk.path("ballast"));
    let server = serve(&data);
    std::fs::write(&ballast, vec![7; BALLAST_BYTES]).unwrap();
    let lines = events(seed() + 21, 60_000);
    let mut sent = 0;
    for batch in lines.chunks(500) {
        if send(server.address(), &body(batch)).expect("the server answers").status != 202 {
            break;
        }
        sent += batch.len();
    }
    assert!(sent < lines.len(), "the disk is full before the story ends");
    server.kill();
    // Still without space: it refuses and says why, or it shows what was acknowledged.
    match Server::launch(&["--data", &data]) {
        Err(refused) => {
            println!("without space: {refused:?}");
            assert_eq!(refused.status, Some(2), "{}", refused.stderr);
            assert!(refused.stderr.contains("no space"), "{}", refused.stderr);
        }
        Ok(server) => {
            await_ready(&server);
            println!("without space: it serves");
            assert!(next_offset(&health(&server)) >= sent as u64, "{sent} were acknowledged");
            server.kill();
        }
    }
    std::fs::remove_file(&ballast).unwrap();
    let server = serve(&data);
    assert!(next_offset(&health(&server)) >= sent as u64, "{sent} were acknowledged");
    // The batch in doubt may have been kept; sent again, it counts once.
    let end = (sent + 500).min(lines.len());
    let answer = send(server.address(), &body(&lines[sent..end])).expect("the server answers");
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_shows(&server, &lines[..end]);
}

fn assert_refused(answer: &Answer) {
    assert_eq!(answer.status, 507, "{}", answer.text());
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0), "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json()["code"], "not_kept", "{}", answer.text());
}
