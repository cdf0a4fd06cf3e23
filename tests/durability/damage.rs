//! A bit flipped anywhere in a data folder: the server refuses and names the file, or shows exactly the right figures.
//!
//! The latter only where the damaged file is not needed: a snapshot, which is passed over with a warning, or pages of a
//! log that a killed process left and that hold nothing. A log that is gone is damage too. Not here: other releases.

use std::path::Path;
use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{NotStarted, Server, within};

use super::load::{Chance, Load, events, seed, send_all};
use super::truth::{Figures, assert_same, await_ready, batch, files, health, serve, shown};

/// How long a start may take to come to an end, good or bad.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of a start on a damaged folder.
enum Outcome {
    /// It ended, and this is what it said.
    Refused(String),
    /// It shows the right figures, and this is what it said.
    Right(String),
}

/// A folder to be damaged.
struct Kept {
    _folder: Folder,
    data: String,
    expected: Figures,
}

impl Kept {
    /// A folder with a log and two snapshots, and what it must show; and more events to come.
    fn new() -> (Kept, Vec<String>) {
        let mut lines = events(seed() + 10, 24_000);
        let rest = lines.split_off(12_000);
        let folder = Folder::new();
        let data = folder.path("data");
        for half in lines.chunks(8_000) {
            let mut server = serve(&data);
            send_all(&server, half);
            server.terminate();
            assert_eq!(server.ended(PATIENCE), Some(0), "{}", server.stderr());
        }
        let expected = batch(&lines);
        (Kept { _folder: folder, data, expected }, [lines, rest].concat())
    }

    fn files(&self) -> Vec<String> {
        files(Path::new(&self.data))
    }

    fn size(&self, file: &str) -> u64 {
        std::fs::metadata(format!("{}/{file}", self.data)).unwrap().len()
    }

    /// Copies the folder, flips one bit, starts.
    fn start_with_flip(&self, file: &str, byte: u64, bit: u8) -> Outcome {
        let copy = Folder::new();
        let to = copy.path("data");
        for file in self.files() {
            copy.write(&format!("data/{file}"), std::fs::read(format!("{}/{file}", self.data)).unwrap());
        }
        flip(&format!("{to}/{file}"), byte, bit);
        self.start(&to)
    }

    fn start(&self, data: &str) -> Outcome {
        let server = match Server::launch(&["--data", data]) {
            Err(NotStarted { status, stderr }) => {
                assert_eq!(status, Some(2), "{stderr}");
                return Outcome::Refused(stderr);
            }
            Ok(server) => server,
        };
        let mut status = String::new();
        let has_settled = within(PATIENCE, || {
            let ready = server.get("/readyz");
            let is_ready = ready.status == 200;
            status =
                if is_ready { "ok".to_owned() } else { ready.json()["code"].as_str().unwrap().to_owned() };
            status != "recovering"
        });
        assert!(has_settled, "it neither comes nor goes:\n{}", server.stderr());
        if status == "stopped" {
            assert_eq!(server.get("/api/v1/ranking").status, 503, "no figures of a part");
            assert_eq!(server.get("/api/v1/health").json()["status"], "stopped");
            // What it said before it stopped may still be on its way.
            assert!(within(PATIENCE, || !server.stderr().is_empty()), "it says why");
            return Outcome::Refused(server.stderr());
        }
        await_ready(&server);
        assert_eq!(health(&server)["status"], "ok");
        assert_same(&shown(&server), &self.expected);
        Outcome::Right(server.stderr())
    }
}

fn is_segment(file: &str) -> bool {
    file.starts_with("log/") && Path::new(file).extension().is_some_and(|ending| ending == "redb")
}

/// No source of figures: what of it is not in use may change.
fn is_book(file: &str) -> bool {
    file == "alerts.redb"
}

fn flip(path: &str, byte: u64, bit: u8) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[usize::try_from(byte).unwrap()] ^= 1 << bit;
    std::fs::write(path, bytes).unwrap();
}

/// `count` places in a file, the first and the last byte among them.
fn places(bytes: u64, count: usize, chance: &mut Chance) -> Vec<(u64, u8)> {
    let places = (0..count).map(|number| match number {
        0 => 0,
        1 => bytes - 1,
        _ => chance.below(bytes),
    });
    let places: Vec<u64> = places.collect();
    places.into_iter().map(|byte| (byte, u8::try_from(chance.below(8)).unwrap())).collect()
}

#[test]
fn a_flipped_bit_is_refused_by_the_name_of_its_file_or_makes_no_difference() {
    let (kept, _) = Kept::new();
    let files = kept.files();
    println!("{files:?}");
    let last = |ending: &str| files.iter().rfind(|file| file.ends_with(ending)).expect("there is one");
    let newest = [last(".snapshot"), last(".list")];
    let mut chance = Chance::new(seed());
    let (mut flips, mut refused) = (0, 0);
    for file in &files {
        // What a snapshot rests on goes with it: the one before is used. From a day nothing is counted.
        let is_snapshot =
            [".snapshot", ".list", ".segment", ".day"].iter().any(|ending| file.ends_with(ending));
        let bytes = kept.size(file);
        let count = match file.as_str() {
            "lock" => 0,
            _ if newest.contains(&file) => 6,
            _ if is_snapshot => 2,
            file if is_segment(file) => 12,
            _ => 5,
        };
        for (byte, bit) in places(bytes, count, &mut chance) {
            let place = format!("{file}, byte {byte} of {bytes}, bit {bit}");
            flips += 1;
            match kept.start_with_flip(file, byte, bit) {
                Outcome::Refused(told) => {
                    refused += 1;
                    assert!(!is_snapshot, "{place}: an older snapshot or the log would do:\n{told}");
                    assert!(told.contains(file.as_str()), "{place}: the file is not named:\n{told}");
                }
                Outcome::Right(told) => {
                    assert!(is_snapshot || is_book(file), "{place}: nobody noticed:\n{told}");
                    // Nobody reads an older one as long as the newest is good.
                    let is_told = told.contains("WARN") && told.contains(file.as_str());
                    assert!(is_told || !newest.contains(&file), "{place}: passed over in silence:\n{told}");
                }
            }
        }
    }
    println!("{flips} flips, {refused} refused");
    assert!(flips >= 30 && refused >= 20, "{flips} flips, {refused} refused");
}

#[test]
fn a_bit_flipped_in_a_log_that_a_kill_left_is_found_or_makes_no_difference() {
    let (mut kept, lines) = Kept::new();
    let server = serve(&kept.data);
    let load = Load::of(&lines[12_000..], &mut Chance::new(seed()));
    load.send_rest(server.address());
    server.kill();
    kept.expected = batch(&lines);
    let file = kept.files().into_iter().find(|file| is_segment(file)).unwrap();
    let bytes = kept.size(&file);
    let mut refused = 0;
    for (byte, bit) in places(bytes, 12, &mut Chance::new(seed())) {
        if let Outcome::Refused(told) = kept.start_with_flip(&file, byte, bit) {
            refused += 1;
            let place = format!("byte {byte} of {bytes}, bit {bit}");
            assert!(told.contains(&file), "{place}: the file is not named:\n{told}");
        }
    }
    println!("12 flips, {refused} refused");
}

#[test]
fn with_every_snapshot_damaged_the_state_is_built_from_the_log() {
    let (kept, _) = Kept::new();
    let snapshots: Vec<String> =
        kept.files().into_iter().filter(|file| file.ends_with(".snapshot")).collect();
    assert_eq!(snapshots.len(), 2, "one for each stop");
    for file in &snapshots {
        flip(&format!("{}/{file}", kept.data), kept.size(file) / 2, 0);
    }
    let Outcome::Right(told) = kept.start(&kept.data) else { panic!("the log is whole") };
    for file in &snapshots {
        assert!(told.contains(file.as_str()), "{file} is passed over in silence:\n{told}");
    }
}

#[test]
fn a_log_that_ends_before_a_snapshot_was_taken_is_refused() {
    let (kept, _) = Kept::new();
    for file in kept.files().iter().filter(|file| file.starts_with("log/")) {
        std::fs::remove_file(format!("{}/{file}", kept.data)).unwrap();
    }
    // The snapshots prove that there were events; to begin anew would be to lose them in silence.
    let Outcome::Refused(told) = kept.start(&kept.data) else { panic!("the log is gone") };
    assert!(told.contains("log"), "{told}");
    assert!(told.contains("12000"), "the offset that is missing is named:\n{told}");
}
