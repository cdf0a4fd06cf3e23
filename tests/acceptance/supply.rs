//! What `nhip` is made of: the bill of materials, and that everything in it may be there (`deny.toml`).
//!
//! Not here: known weaknesses, which need a database from the network (`cargo deny check advisories`).

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use acceptance_tests::shared::root;
use serde_json::Value;
use toml::Table;

fn table(name: &str) -> Table {
    let text = std::fs::read_to_string(root().join(name)).expect("it can be read");
    text.parse().expect("it is TOML")
}

fn bill() -> Value {
    let ran = Command::new("python3").arg(root().join("deploy/sbom.py")).output().expect("python3 runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).expect("it is JSON")
}

fn components(bill: &Value) -> &[Value] {
    bill["components"].as_array().expect("components")
}

fn texts(table: &Table, path: [&str; 2]) -> BTreeSet<String> {
    let list = table[path[0]][path[1]].as_array().expect("a list");
    let text = |one: &toml::Value| one.as_str().or_else(|| one["name"].as_str()).expect("a name").to_owned();
    list.iter().map(text).collect()
}

/// Whether what may be chosen from `expression` is allowed: one of each choice, all that must go together.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let whole = expression.replace(['(', ')'], "");
    whole.split(" AND ").all(|choice| choice.split(" OR ").any(|one| allowed.contains(one)))
}

#[test]
fn the_bill_of_materials_is_what_the_lock_file_says_and_what_may_be_linked() {
    let (bill, lock, policy) = (bill(), table("Cargo.lock"), table("deny.toml"));
    let locked: BTreeMap<(&str, &str), Option<&str>> = lock["package"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|one| {
            let text = |name: &str| one.get(name).and_then(toml::Value::as_str);
            ((text("name").expect("a name"), text("version").expect("a version")), text("checksum"))
        })
        .collect();
    let (licences, banned) = (texts(&policy, ["licenses", "allow"]), texts(&policy, ["bans", "deny"]));
    let mut names = BTreeSet::new();
    for one in components(&bill) {
        let text = |name: &str| one[name].as_str().expect("a text");
        let (name, version) = (text("name"), text("version"));
        let checksum = locked.get(&(name, version)).unwrap_or_else(|| panic!("{name} {version} is locked"));
        assert_eq!(one["hashes"][0]["content"].as_str(), *checksum, "{name} {version}");
        let expression = one["licenses"][0]["expression"].as_str().expect("a licence");
        assert!(is_allowed(expression, &licences), "{name} {version} has the licence {expression}");
        assert!(!banned.contains(name), "{name} is banned by deny.toml");
        names.insert(name);
    }
    for needed in ["compute", "store", "ingest", "alerts", "editions", "arrow", "rdkafka", "axum", "tokio"] {
        assert!(names.contains(needed), "{needed} is linked");
    }
    for spared in ["acceptance-tests", "benches"] {
        assert!(!names.contains(spared), "{spared} is not linked");
    }
    assert_eq!(bill["metadata"]["component"]["name"], "nhip");
}

#[test]
fn a_licence_that_is_not_on_the_list_is_seen() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    for (expression, is_right) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("MIT AND ISC", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), is_right, "{expression}");
    }
}
