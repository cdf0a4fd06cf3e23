//! Members that come and go, and partitions that become more.

use acceptance_tests::server::Answer;
use ingest::kafka::{Compression, Mode};

use super::broker::shared;
use super::independent::begin;
use super::load::{events, seed};
use super::scene::{Scene, await_counted, await_told, told};
use super::truth::assert_shows;

const STORMS: usize = 4;

#[test]
fn another_member_that_comes_and_goes_costs_nothing() {
    let broker = shared();
    let scene = Scene::new(broker, "storm.", 4, &[]);
    let lines = events(seed() + 120, 20_000);
    let server = scene.serve();
    let rebalances = || told(&server)["kafka"]["rebalances"].as_u64().unwrap_or(0);
    for some in lines.chunks(lines.len().div_ceil(STORMS)) {
        scene.while_producing(some, || {
            let before = rebalances();
            // A second nhip of the same group, with a folder of its own, takes half of the partitions for a while.
            let data = scene.folder.path(&format!("other-{before}"));
            let other = acceptance_tests::server::Server::launch(&[
                "--data",
                &data,
                "--settings",
                scene.settings_file(),
            ])
            .unwrap();
            await_told(&server, "a rebalance", |_| rebalances() > before);
            // Half of them leave in good order, half are found out by the broker.
            if before % 2 == 0 { other.terminate() } else { other.kill() }
        });
    }
    await_told(&server, "every partition", |health| health["kafka"]["assigned"] == 16);
    await_counted(&server, &lines);
    assert_shows(&server, &lines);
    println!("{} rebalances", rebalances());
}

#[test]
fn new_partitions_are_read_from_their_first_message() {
    let scene = Scene::new(shared(), "growth.", 1, &[]);
    let lines = events(seed() + 121, 4_000);
    let server = scene.serve();
    let (first, rest) = lines.split_at(lines.len() / 2);
    scene.produce(first, Compression::Lz4, Mode::Structured);
    await_counted(&server, first);
    scene.client(&["grow", &scene.topic("dossiers"), "5"]);
    // The producer finds the new partitions by itself; what it sends there before we know of them must not be lost.
    scene.produce(rest, Compression::Lz4, Mode::Structured);
    await_told(&server, "the new partitions", |health| health["kafka"]["assigned"] == 8);
    await_counted(&server, &lines);
    assert_shows(&server, &lines);
}

#[test]
fn metrics_tell_lag_and_rebalances() {
    let broker = shared();
    let scene = Scene::new(broker, "metrics.", 1, &[]);
    let lines = events(seed() + 122, 500);
    let server = scene.serve();
    scene.produce(&lines, Compression::None, Mode::Structured);
    await_counted(&server, &lines);
    let metrics: Answer = server.get("/metrics");
    let text = metrics.text();
    let lag = format!("nhip_kafka_lag{{partition=\"0\",topic=\"{}\"}} 0", scene.topic("dossiers"));
    for line in
        [lag.as_str(), "nhip_kafka_connected 1", "nhip_kafka_rebalances_total 1", "nhip_kafka_incomplete 0"]
    {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    // A member that is no nhip at all is just another member.
    let mut other =
        begin(&broker.address(), &["join", &scene.topics(), &format!("{}-2", scene.group()), "10"]);
    other.wait().unwrap();
}
