//! Every kind of event, both modes, every compression, both listeners, both group protocols, another client.

use std::collections::BTreeSet;

use acceptance_tests::program::nhip;
use acceptance_tests::server::Server;
use acceptance_tests::story;
use ingest::kafka::{Compression, Mode};

use super::broker::{PASSWORD, USER, shared};
use super::load::{events, seed};
use super::scene::{Scene, await_counted, told};
use super::truth::assert_shows;

/// Types that the made-up province does not send.
const RARE: &str = "
    03/02 08:00 H1 submitted channel=online
    03/02 08:30 H1 accepted due=09/02 17:30
    03/02 09:00 H1 assigned officer=O1
    03/02 10:00 H1 paused
    04/02 10:00 H1 resumed
    04/02 11:00 H1 supplement_requested
    05/02 08:00 H1 supplement_received
    05/02 08:10 H1 due_changed due=10/02 17:30
    05/02 08:20 H1 part_digitised
    05/02 08:30 H1 fee_set fee_vnd=5000
    05/02 08:40 H1 paid
    05/02 09:00 H1 processed
    05/02 09:10 H1 result_attached
    05/02 09:20 H1 returned
    05/02 09:30 H1 synced
    05/02 09:40 H1 rated satisfied=true
    05/02 09:50 H1 apologised
    05/02 10:00 H1 reopened
    05/02 10:10 H1 closed
    06/02 08:00 H2 submitted channel=counter
    06/02 08:10 H2 refused
    06/02 09:00 H3 submitted channel=post
    06/02 09:10 H3 withdrawn
    06/02 10:00 H4 submitted channel=counter
    06/02 10:10 H4 stopped
    06/02 11:00 H5 submitted channel=counter
    06/02 11:10 H5 deleted
    06/02 11:20 H4 event.retracted names=e1
    07/02 08:00 K1 petition.received
    07/02 08:10 K1 petition.transferred agency=C2
    07/02 08:20 K1 petition.supplement_requested
    07/02 08:30 K1 petition.answered
    07/02 08:40 K1 petition.published
    07/02 08:50 K1 petition.rated satisfied=true
    07/02 09:00 K2 petition.received
    07/02 09:10 K2 petition.refused
    08/02 08:00 T procedure.announced decided_on=2026-02-01 legal_effective_on=2026-03-01
    08/02 08:10 T procedure.published published_on=2026-02-03 parts=name
    08/02 08:20 T procedure.unpublished
    09/02 08:00 C1 portal.reported period=2026-01 received=7
    09/02 08:10 C1 certified_copy.served count=3
    09/02 08:20 S1 source.heartbeat
";

/// A province's events and one of every type.
fn every_type(seed: u64, count: u64) -> Vec<String> {
    let mut lines = events(seed, count);
    lines.extend(story::events(RARE).lines().map(str::to_owned));
    let kind = |line: &String| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        event["type"].as_str().unwrap().to_owned()
    };
    let kinds: BTreeSet<String> = lines.iter().map(kind).collect();
    let known = compute::event::EventType::ALL.iter().map(|kind| kind.name().to_owned());
    assert_eq!(kinds, known.collect(), "every type of the contract is sent");
    lines
}

fn check(server: &Server, lines: &[String]) {
    await_counted(server, lines);
    assert_shows(server, lines);
    let kafka = &told(server)["kafka"];
    assert_eq!(
        (&kafka["is_complete"], &kafka["dead_letters"]["failed"]),
        (&true.into(), &0.into()),
        "{kafka}"
    );
}

#[test]
fn every_type_of_event_in_both_modes_and_every_compression_counts_as_in_one_batch() {
    let scene = Scene::new(shared(), "round.", 3, &[]);
    let lines = every_type(seed() + 100, 12_000);
    let packings =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
    let ways: Vec<_> =
        packings.into_iter().flat_map(|one| [(one, Mode::Structured), (one, Mode::Binary)]).collect();
    let server = scene.serve();
    for (place, (compression, mode)) in ways.iter().copied().enumerate() {
        // Every tenth, so that each way carries every type sooner or later.
        let some: Vec<String> = lines.iter().skip(place).step_by(ways.len()).cloned().collect();
        scene.produce(&some, compression, mode);
    }
    check(&server, &lines);
    // Once more: every type in every way. Identity absorbs all of it.
    let rare: Vec<String> = story::events(RARE).lines().map(str::to_owned).collect();
    for (compression, mode) in ways {
        scene.produce(&rare, compression, mode);
    }
    check(&server, &lines);
    server.kill();
    check(&scene.serve(), &lines);
}

#[test]
fn events_of_an_independent_client_count_as_in_one_batch() {
    let scene = Scene::new(shared(), "other.", 2, &[]);
    let lines = events(seed() + 101, 4_000);
    let server = scene.serve();
    for (place, mode) in ["binary", "structured", "raw"].into_iter().enumerate() {
        let some: Vec<String> = lines.iter().skip(place).step_by(3).cloned().collect();
        let file = scene.folder.write("events.ndjson", some.join("\n") + "\n");
        let packing = if mode == "raw" { "none" } else { "gzip" };
        // A topic holds what senders put there: the type says what an event is about.
        scene.client(&["produce", &scene.topic("dossiers"), &file, mode, packing]);
    }
    check(&server, &lines);
}

#[test]
fn a_broker_with_tls_and_scram_is_read_with_a_password_from_a_file() {
    let broker = shared();
    let scene = Scene::new(broker, "secure.", 2, &[]);
    let lines = events(seed() + 102, 2_000);
    let word = scene.folder.write("password", format!("{PASSWORD}\n"));
    let security = |word: &str| {
        format!(
            "[kafka.security]\nprotocol = \"sasl_ssl\"\nmechanism = \"SCRAM-SHA-512\"\nuser = \"{USER}\"\n\
             password_file = \"{word}\"\nca_file = \"{}\"",
            broker.certificate()
        )
    };
    scene.set_for(&broker.secure_address(), "", &security(&word));
    let server = scene.serve();
    let file = scene.folder.write("events.ndjson", lines.join("\n") + "\n");
    let ran = nhip(&["replay", &file, "--to", "kafka", "--settings", scene.settings_file()], b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    check(&server, &lines);
    let shown = [server.stderr(), server.get("/metrics").text(), told(&server).to_string()].concat();
    assert!(!shown.contains(PASSWORD), "a password is never shown");
    server.kill();

    let wrong = scene.folder.write("wrong", "wrong");
    scene.set_for(&broker.secure_address(), "", &security(&wrong));
    let server = scene.serve();
    let health = super::scene::await_told(&server, "a refusal", |health| {
        health["kafka"]["trouble"].as_str().is_some_and(|text| text.contains("uthentication"))
    });
    assert_eq!(health["kafka"]["is_connected"], false, "{health}");
}

#[test]
fn the_newer_group_protocol_reads_the_same() {
    let scene = Scene::new(shared(), "newer.", 3, &[]);
    scene.set("group_protocol = \"consumer\"\ninstance = \"nhip-1\"", "");
    let lines = events(seed() + 103, 4_000);
    let server = scene.serve();
    let (first, rest) = lines.split_at(lines.len() / 2);
    scene.produce(first, Compression::Zstd, Mode::Binary);
    await_counted(&server, first);
    server.terminate();
    drop(server);
    scene.produce(rest, Compression::Zstd, Mode::Binary);
    check(&scene.serve(), &lines);
}

#[test]
fn settings_that_cannot_be_used_are_refused_with_the_way_out() {
    let scene = Scene::without_topics(shared(), "settings.");
    let refused = |arguments: &[&str]| {
        let not = Server::launch(arguments).expect_err("it does not start");
        assert_eq!(not.status, Some(2), "{}", not.stderr);
        not.stderr
    };
    let told = refused(&["--settings", scene.settings_file()]);
    assert!(told.contains("--data"), "{told}");
    let data = scene.folder.path("data");
    scene.set("boostrap = \"x\"", "");
    let told = refused(&["--data", &data, "--settings", scene.settings_file()]);
    assert!(told.contains("boostrap"), "{told}");
}
