//! Workers and readers that cannot be what they are told to be say so, by name, and end.
//!
//! Not here: what they do (`tests/kafka`).

use acceptance_tests::program::{Folder, nhip};

/// What it says when it will not start with these settings.
fn refused(role: &str, more: &[&str], settings: &str) -> String {
    let folder = Folder::new();
    let file = folder.write("settings.toml", settings.replace("FOLDER", &folder.path("")));
    folder.write("secret", "0123456789abcdef");
    folder.write("short", "short");
    let words = ["serve", "--role", role, "--settings", &file];
    let ran = nhip(&[&words, more].concat(), b"");
    assert_ne!(ran.status, 0, "{role} {more:?} starts with {settings}");
    ran.stderr
}

const KAFKA: &str = "[kafka]\nbootstrap = \"127.0.0.1:1\"\n";
const COUNTS: &str = "[kafka]\nbootstrap = \"127.0.0.1:1\"\ncounts = \"counts\"\n";

#[test]
fn what_a_role_cannot_do_is_refused_by_name_with_the_way_out() {
    let check = |role: &str, more: &[&str], settings: &str, says: &str| {
        let told = refused(role, more, settings);
        assert!(told.contains(says), "{role}: {told}");
    };
    let data = ["--data", "/nowhere"];
    for role in ["worker", "reader"] {
        check(role, &[], "", "[kafka]");
        check(role, &[], KAFKA, "give `counts` under [kafka]");
        check(role, &[], &format!("{COUNTS}[alerts]\nmessages_per_hour = 5\n"), "leave [alerts] out");
    }
    check("worker", &[], COUNTS, "a worker needs --data DIR");
    check("reader", &data, COUNTS, "leave --data out");
    check("reader", &["--listen", "0.0.0.0:0"], COUNTS, "give [access]");
    check("worker", &[&data[..], &["--listen", "0.0.0.0:0"]].concat(), COUNTS, "give worker_secret_file");
    let with = |more: &str| format!("{COUNTS}{more}\n");
    check("worker", &data, &with("worker_address = \"10.0.0.3:7660\""), "http://10.0.0.3:7660");
    check("worker", &data, &with("worker_secret_file = \"FOLDER/short\""), "at least 16 letters");
    check("reader", &[], &with("worker_secret_file = \"FOLDER/gone\""), "worker_secret_file: ");
}

#[test]
fn a_channel_that_is_a_topic_needs_brokers_and_a_topic_of_its_own() {
    let channel = "[[alerts.channels]]\nname = \"others\"\nkind = \"kafka\"\ntopic = \"dossiers\"\n";
    assert!(refused("all", &[], channel).contains("give [kafka] with bootstrap"));
    let folder = Folder::new();
    let told = refused("all", &["--data", &folder.path("data")], &format!("{KAFKA}{channel}"));
    assert!(told.contains("give alerts a topic of their own"), "{told}");
}
