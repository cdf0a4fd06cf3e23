//! Dossiers of a year that is over leave memory, are asked about and come back, and every figure stays what it was.
//!
//! Not here: every way in which one is brought back (`tests/simulation/rest.rs`).

use std::path::Path;
use std::time::Duration;

use acceptance_tests::program::{Folder, nhip};
use acceptance_tests::server::Server;
use serde_json::Value;

use super::load::{events, seed, send_all};
use super::truth::{assert_same, batch_of_last_year, files, health, serve, shown_of_last_year};

const PATIENCE: Duration = Duration::from_mins(1);

/// Events of the year before the one that runs.
fn events_of_last_year(count: u64) -> Vec<String> {
    events(seed() + 40, count).into_iter().map(|line| line.replace("2026-", "2025-")).collect()
}

/// Stops in good order, which saves the state; a new server on the same folder.
fn restart(mut server: Server, data: &str) -> Server {
    server.terminate();
    assert_eq!(server.ended(PATIENCE), Some(0), "{}", server.stderr());
    serve(data)
}

fn at_rest(server: &Server) -> u64 {
    health(server)["at_rest"]["subjects"].as_u64().unwrap()
}

/// How many dossiers the list behind a figure has, and how many the figure says.
fn listed_and_counted(server: &Server) -> (u64, u64) {
    let scores = server.get("/api/v1/scores?period=2025&set=portal-2026&by=agency").json();
    let unit = &scores["units"][0];
    let figure =
        unit["indicators"].as_array().unwrap().iter().find(|figure| figure["code"] == "2.1").unwrap();
    let code = unit["code"].as_str().unwrap();
    let path = format!("/api/v1/lists?period=2025&unit={code}&set=portal-2026&indicator=2.1&part=den");
    let list = server.get(&path).json();
    (list["count"].as_u64().unwrap(), figure["denominator"].as_u64().unwrap())
}

#[test]
fn a_year_that_is_over_lies_at_rest_and_wakes_for_what_comes_late() {
    let (folder, lines) = (Folder::new(), events_of_last_year(16_000));
    let (early, late) = lines.split_at(12_000);
    let data = folder.path("data");
    let server = serve(&data);
    send_all(&server, early);
    assert_eq!(at_rest(&server), 0);
    let server = restart(server, &data);
    let resting = at_rest(&server);
    assert!(resting > 300, "only {resting} are at rest");
    assert_same(&shown_of_last_year(&server), &batch_of_last_year(early));
    let (listed, counted) = listed_and_counted(&server);
    assert!(listed > 0 && listed == counted, "{counted} is a list of {listed}");
    send_all(&server, late);
    assert!(at_rest(&server) < resting, "nothing was brought back");
    let expected = batch_of_last_year(&lines);
    assert_same(&shown_of_last_year(&server), &expected);
    server.kill();
    let server = serve(&data);
    assert_same(&shown_of_last_year(&server), &expected);
    let server = restart(restart(server, &data), &data);
    assert!(at_rest(&server) > resting, "what was brought back goes to rest again");
    assert_same(&shown_of_last_year(&server), &expected);
    server.kill();
    let verified = nhip(&["verify", "--data", &data], b"");
    assert_eq!(verified.status, 0, "{}", verified.stderr);
    damaged_segments_are_found(&folder, &data);
}

/// A bit flipped in what is at rest: `nhip verify` names the file.
fn damaged_segments_are_found(folder: &Folder, data: &str) {
    let segments = files(Path::new(data)).into_iter().filter(|file| file.ends_with(".segment"));
    let mut flipped = 0;
    for file in segments {
        let path = folder.path(&format!("data/{file}"));
        let whole = std::fs::read(&path).unwrap();
        for place in [9, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[place] ^= 4;
            std::fs::write(&path, damaged).unwrap();
            let verified = nhip(&["verify", "--data", data], b"");
            assert_ne!(verified.status, 0, "{file}, byte {place}: nobody noticed");
            assert!(verified.stderr.contains(&file), "{file} is not named: {}", verified.stderr);
            flipped += 1;
        }
        std::fs::write(&path, whole).unwrap();
    }
    assert!(flipped > 0, "there is no segment");
}

#[test]
fn the_story_of_a_dossier_at_rest_is_told() {
    let (folder, lines) = (Folder::new(), events_of_last_year(4_000));
    let data = folder.path("data");
    let server = serve(&data);
    send_all(&server, &lines);
    let named = |line: &String| -> Option<String> {
        let event: Value = serde_json::from_str(line).unwrap();
        let is_dossier = event["type"].as_str().unwrap().starts_with("dossier.processed");
        is_dossier.then(|| event["subject"].as_str().unwrap().to_owned())
    };
    let stories = |server: &Server| -> Vec<Value> {
        let codes = lines.iter().filter_map(named).take(200).step_by(10);
        let told = codes.map(|code| server.get(&format!("/api/v1/subjects/{code}")));
        told.map(|answer| {
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.json()
        })
        .collect()
    };
    let before = stories(&server);
    let server = restart(server, &data);
    let resting = at_rest(&server);
    assert_eq!(stories(&server), before);
    assert!(at_rest(&server) < resting, "none of them was at rest");
}
