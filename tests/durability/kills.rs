//! Killed again and again under load, the server loses nothing it acknowledged and counts nothing twice.
//!
//! A third of the ends are asked for (SIGTERM), so that snapshots of the state are written and restarts begin from
//! them. Not here: a stop while many send at once (`bounds`).

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::Server;

use super::load::{Chance, Load, events, seed};
use super::truth::{assert_shows, await_ready, health, next_offset};

/// Events of the story for each kill, so that there is always something to send.
const EVENTS_A_KILL: u64 = 3_000;
/// How long a server in good order may take to end.
const STOP_PATIENCE: Duration = Duration::from_secs(30);
/// How long answers may be waited for.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);

/// What happened in a run.
#[derive(Default, Debug)]
struct Run {
    killed_starting: u64,
    killed_recovering: u64,
    killed_under_load: u64,
    stopped: u64,
    began_from_snapshot: u64,
    began_from_snapshot_and_tail: u64,
    /// Log offset of the last snapshot that must be there.
    saved: u64,
}

#[test]
fn a_server_killed_again_and_again_loses_nothing_and_counts_nothing_twice() {
    let kills = std::env::var("NHIP_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let seed = seed();
    let (lines, mut chance) = (events(seed, kills * EVENTS_A_KILL), Chance::new(seed));
    let (load, folder) = (Load::of(&lines, &mut chance), Folder::new());
    let data = folder.path("data");
    let mut run = Run::default();
    println!("seed {seed}, {} events, {kills} kills", lines.len());
    while run.kills() < kills {
        match chance.below(6) {
            0 => {
                Server::launch_and_kill(&arguments(&data), Duration::from_millis(chance.below(150)));
                run.killed_starting += 1;
            }
            1 => {
                Server::launch(&arguments(&data)).unwrap().kill();
                run.killed_recovering += 1;
            }
            2 | 3 => stop_under_load(&data, &load, &mut chance, &mut run),
            _ => kill_under_load(&data, &load, &mut chance, &mut run),
        }
    }
    let server = start(&data, &load, &mut run);
    println!("{} of {} acknowledged at the last kill", load.acknowledged(), lines.len());
    load.send_rest(server.address());
    // Once more, so that what is compared was read from the folder.
    server.kill();
    let server = start(&data, &load, &mut run);
    println!("{run:?}, {} kept", next_offset(&health(&server)));
    assert_shows(&server, &lines);
    assert!(run.killed_under_load > 0 && run.stopped > 0, "{run:?}");
    assert!(run.began_from_snapshot_and_tail > 0, "{run:?}");
}

impl Run {
    fn kills(&self) -> u64 {
        self.killed_starting + self.killed_recovering + self.killed_under_load
    }
}

fn arguments(data: &str) -> [&str; 4] {
    ["--data", data, "--save-minutes", "1"]
}

/// Starts the server; what was acknowledged is there, and a snapshot written was used.
fn start(data: &str, load: &Load, run: &mut Run) -> Server {
    let acknowledged = load.acknowledged();
    let server = Server::launch(&arguments(data)).unwrap();
    await_ready(&server);
    let health = health(&server);
    let next = next_offset(&health);
    assert!(next >= acknowledged, "{acknowledged} were acknowledged and {next} are there: {health}");
    let saved = health["state"]["saved_offset"].as_u64().unwrap_or(0);
    assert!(saved >= run.saved, "a snapshot at {} was written and not used: {health}", run.saved);
    run.began_from_snapshot += u64::from(saved > 0);
    run.began_from_snapshot_and_tail += u64::from(saved > 0 && saved < next);
    server
}

fn kill_under_load(data: &str, load: &Load, chance: &mut Chance, run: &mut Run) {
    let server = start(data, load, run);
    let address = server.address().to_owned();
    let (answers_wanted, pause) = (chance.below(12), Duration::from_micros(chance.below(20_000)));
    load.while_sending(&address, |answers| {
        hear(answers, answers_wanted);
        // The others go on; the next answer, or a moment of chance, is the end.
        let _ = answers.recv_timeout(pause);
        server.kill();
    });
    run.killed_under_load += 1;
}

fn stop_under_load(data: &str, load: &Load, chance: &mut Chance, run: &mut Run) {
    let mut server = start(data, load, run);
    let address = server.address().to_owned();
    let answers_wanted = 1 + chance.below(12);
    load.while_sending(&address, |answers| {
        hear(answers, answers_wanted);
        server.terminate();
        let status = server.ended(STOP_PATIENCE);
        assert_eq!(status, Some(0), "{}", server.stderr());
    });
    run.stopped += 1;
    // Everything acknowledged was in the log before the state was saved.
    run.saved = load.acknowledged();
}

/// Waits for so many acknowledgements, or for the end of the story.
fn hear(answers: &Receiver<u16>, wanted: u64) {
    let mut heard = 0;
    while heard < wanted {
        match answers.recv_timeout(ANSWER_PATIENCE) {
            Ok(status) => heard += u64::from(status == 202),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => panic!("nobody is answered"),
        }
    }
}
