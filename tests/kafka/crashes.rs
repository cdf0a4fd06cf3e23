//! Killed again and again under load, server or broker, nothing is lost and nothing counted twice.

use std::time::Duration;

use ingest::kafka::{Compression, Mode};
use serde_json::Value;

use super::broker::{Broker, shared};
use super::load::{Chance, events, seed};
use super::scene::{Scene, await_counted, await_told, told};
use super::truth::{assert_shows, sum};

const KILLS: usize = 10;
const BROKER_KILLS: usize = 5;

/// Events applied; none while nobody can say.
fn applied_in(health: &Value) -> u64 {
    if health["sources"].is_array() { sum(health, "applied") } else { 0 }
}

/// Messages that wait at the broker.
fn lag_in(health: &Value) -> u64 {
    let partitions = health["kafka"]["partitions"].as_array();
    partitions.into_iter().flatten().filter_map(|one| one["lag"].as_u64()).sum()
}

#[test]
fn a_server_killed_ten_times_while_consuming_shows_what_one_batch_shows() {
    let scene = Scene::new(shared(), "kills.", 3, &[]);
    // A member with a name of its own is let in again at once; a stranger waits until the former one is given up.
    scene.set("batch_messages = 100\ninstance = \"nhip-1\"", "");
    let (lines, mut chance) = (events(seed() + 110, 30_000), Chance::new(seed()));
    let (mut applied, mut waiting) = (Vec::new(), 0);
    for some in lines.chunks(lines.len().div_ceil(KILLS)) {
        scene.while_producing(some, || {
            let server = scene.serve();
            // Each life takes something in, and ends somewhere in the middle of it.
            let last = applied.last().copied().unwrap_or(0);
            await_told(&server, "something new", |health| applied_in(health) > last);
            std::thread::sleep(Duration::from_millis(chance.below(40)));
            let health = told(&server);
            server.kill();
            waiting += u64::from(lag_in(&health) > 0);
            applied.push(applied_in(&health));
        });
    }
    println!("applied at each kill: {applied:?}; messages waited at {waiting} of them");
    let server = scene.serve();
    await_counted(&server, &lines);
    assert_shows(&server, &lines);
    assert_eq!(told(&server)["kafka"]["is_complete"], true);
}

#[test]
fn a_message_kept_is_never_read_again_whatever_the_broker_believes() {
    let scene = Scene::new(shared(), "again.", 2, &[]);
    let lines = events(seed() + 111, 3_000);
    let server = scene.serve();
    scene.produce(&lines, Compression::Lz4, Mode::Structured);
    await_counted(&server, &lines);
    let before = told(&server);
    server.kill();
    // Another group has no committed positions at all: the log's are what counts.
    scene.set("", "");
    let text = std::fs::read_to_string(scene.settings_file()).unwrap();
    scene.folder.write("settings.toml", text.replace("again.group", "again.stranger"));
    let server = scene.serve();
    super::scene::await_idle(&server);
    let after = told(&server);
    for count in ["came", "consumed", "duplicate"] {
        assert_eq!(sum(&after, count), sum(&before, count), "{count}: {after}");
    }
    assert_shows(&server, &lines);
}

#[test]
fn a_broker_killed_five_times_under_load_costs_nothing() {
    let mut broker = Broker::start();
    let scene = Scene::new(&broker, "broker.", 3, &[]);
    let lines = events(seed() + 112, 30_000);
    let server = scene.serve();
    for some in lines.chunks(lines.len().div_ceil(BROKER_KILLS)) {
        scene.while_producing(some, || {
            let before = applied_in(&told(&server));
            await_told(&server, "something new", |health| applied_in(health) > before);
            broker.kill();
            broker.up();
        });
    }
    await_counted(&server, &lines);
    assert_shows(&server, &lines);
    let kafka = &told(&server)["kafka"];
    assert_eq!((&kafka["is_complete"], &kafka["is_connected"]), (&true.into(), &true.into()), "{kafka}");
}
