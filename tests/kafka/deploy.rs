//! The files of `deploy/` against a real broker: the example of settings, overlaid by the environment alone.
//!
//! Not here: what the example says of each setting (`acceptance`, `settings`).

use acceptance_tests::server::Server;
use acceptance_tests::shared::root;
use ingest::kafka::{Compression, Mode};
use serde_json::Value;

use super::broker::{PASSWORD, USER, shared};
use super::scene::{Scene, await_counted, await_told, told};

/// The events the description of the topics shows, one of every type.
fn described() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("docs/asyncapi.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let messages = document["components"]["messages"].as_object().unwrap();
    let shown =
        compute::event::EventType::ALL.iter().map(|kind| &messages[kind.name()]["examples"][0]["payload"]);
    shown.map(Value::to_string).collect()
}

#[test]
fn the_example_of_settings_reads_a_protected_broker_with_no_more_than_the_environment() {
    let broker = shared();
    let scene = Scene::new(broker, "example.", 2, &[]);
    let example = root().join("deploy/settings.example.toml").display().to_string();
    let (data, word) = (scene.folder.path("data"), scene.folder.write("password", format!("{PASSWORD}\n")));
    let (address, certificate) = (broker.secure_address(), broker.certificate());
    let environment = [
        ("NHIP_KAFKA_BOOTSTRAP", address.as_str()),
        ("NHIP_KAFKA_TOPIC_PREFIX", "example."),
        ("NHIP_KAFKA_DEAD_LETTERS", "example.dead-letters"),
        ("NHIP_KAFKA_SECURITY_PROTOCOL", "sasl_ssl"),
        ("NHIP_KAFKA_SECURITY_USER", USER),
        ("NHIP_KAFKA_SECURITY_PASSWORD_FILE", &word),
        ("NHIP_KAFKA_SECURITY_CA_FILE", &certificate),
    ];
    let server = Server::launch_in(&environment, &["--data", &data, "--settings", &example])
        .unwrap_or_else(|not| panic!("nhip does not serve: {not:?}"));
    let lines = described();
    scene.produce(&lines, Compression::Lz4, Mode::Structured);
    await_counted(&server, &lines);
    scene.produce(&["no event".to_owned()], Compression::None, Mode::Structured);
    await_told(&server, "a dead letter", |health| health["kafka"]["dead_letters"]["produced"] == 1);
    // The same in headers adds nothing.
    scene.produce(&lines, Compression::None, Mode::Binary);
    await_counted(&server, &lines);
    let health = told(&server);
    assert_eq!((&health["kafka"]["group"], &health["status"]), (&"nhip".into(), &"ok".into()), "{health}");
}
