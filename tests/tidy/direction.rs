//! Rules about who may know whom: crates, foreign libraries, the clock and the environment.

use serde_json::Value;

use crate::rule::{Rule, Slip};
use crate::rust_code::{code_only, shipped_lines, words};
use crate::tree::{METADATA, SourceFile, Tree};

/// The members of the workspace and the siblings each may know.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("compute", &[]),
    ("store", &[]),
    ("ingest", &["compute", "store"]),
    ("alerts", &["compute", "store"]),
    ("editions", &["compute"]),
    ("dashboard-api", &["compute", "ingest", "store", "alerts", "editions"]),
    ("acceptance-tests", &["compute", "ingest", "store", "alerts", "editions", "dashboard-api"]),
    ("fuzz", &["acceptance-tests"]),
    ("benches", &["compute", "ingest", "store", "alerts", "editions", "dashboard-api", "acceptance-tests"]),
];

/// Libraries kept in one place, so that they could be replaced there.
const HOMES: &[(&str, &str)] = &[
    ("datafusion", "compute/src/set/condition.rs"),
    ("axum", "dashboard-api/"),
    ("rdkafka", "ingest/src/kafka/"),
    ("redb", "store/"),
];

#[test]
fn crates_know_each_other_only_towards_compute() {
    let planted = r#"{"packages": [
        {"name": "compute", "dependencies": [{"name": "serde", "path": null}, {"name": "ingest", "path": "x"}]},
        {"name": "ingest", "dependencies": [{"name": "compute", "path": "x"}]},
        {"name": "sixth", "dependencies": []}]}"#;
    let rule = Rule {
        find: wrong_edges,
        excused: &[],
        planted: &[(METADATA, planted)],
        sees: &["compute/Cargo.toml", "sixth/Cargo.toml"],
    };
    rule.hold();
}

fn wrong_edges(tree: &Tree) -> Vec<Slip> {
    let metadata: Value = serde_json::from_str(tree.text(METADATA)).expect("cargo metadata is JSON");
    let mut slips = Vec::new();
    for package in array(&metadata, "packages") {
        let name = text(package, "name");
        let folder = text(package, "manifest_path").rsplit('/').nth(1).unwrap_or(name);
        let path = format!("{folder}/Cargo.toml");
        let Some((_, known)) = MAY_KNOW.iter().find(|(member, _)| *member == name) else {
            let advice = "a new member: say in an ADR and in tests/tidy/direction.rs whom it may know";
            slips.push(Slip::new(&path, 0, advice));
            continue;
        };
        let siblings = array(package, "dependencies").filter(|one| !one["path"].is_null());
        for sibling in siblings.map(|one| text(one, "name")).filter(|sibling| !known.contains(sibling)) {
            let advice =
                format!("{name} may not know {sibling}: compute ← ingest ← dashboard-api ← tests, benches");
            slips.push(Slip::new(&path, 0, advice));
        }
    }
    slips
}

fn array<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[name].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[test]
fn versions_stand_in_the_root_manifest_only_and_there_are_no_features() {
    let rule = Rule {
        find: own_versions,
        excused: &[(
            "tests/fuzz/Cargo.toml",
            "changes no dependency of others and spares them a C++ library (ADR 0024)",
        )],
        planted: &[
            ("Cargo.toml", "[workspace.dependencies]\ncsv = \"1\"\n"),
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\n[dependencies]\n# why\ncsv.workspace = true\ntoml = \"1\"\n",
            ),
            ("b/Cargo.toml", "[features]\nfast = []\n[dev-dependencies]\ncsv = { workspace = true }\n"),
        ],
        sees: &["a/Cargo.toml:6", "b/Cargo.toml:1"],
    };
    rule.hold();
}

fn own_versions(tree: &Tree) -> Vec<Slip> {
    let mut slips = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        let mut section = "";
        for (number, line) in file.lines() {
            if line.starts_with('[') {
                section = line;
            }
            if line.starts_with("[features]") {
                let advice = "one feature set: a setting is a documented argument, not a second build";
                slips.push(Slip::new(&file.path, number, advice));
            }
            let is_entry = section.ends_with("dependencies]") && line.contains('=') && !line.starts_with('#');
            if is_entry && !line.contains("workspace = true") {
                let advice = "write the version in the root Cargo.toml, here `name.workspace = true`";
                slips.push(Slip::new(&file.path, number, advice));
            }
        }
    }
    slips
}

#[test]
fn the_umbrella_crate_of_datafusion_is_not_used() {
    let rule = Rule {
        find: umbrella,
        excused: &[],
        planted: &[
            ("Cargo.toml", "[workspace.dependencies]\ndatafusion-expr = \"55\"\n"),
            ("a/Cargo.toml", "[dependencies]\ndatafusion.workspace = true\n"),
        ],
        sees: &["a/Cargo.toml:2"],
    };
    rule.hold();
}

fn umbrella(tree: &Tree) -> Vec<Slip> {
    let mut slips = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        for (number, line) in file.lines() {
            if line.starts_with("datafusion ") || line.starts_with("datafusion.") {
                let advice =
                    "the umbrella crate brings a whole query engine: name the sub-crate you need (ADR 0002)";
                slips.push(Slip::new(&file.path, number, advice));
            }
        }
    }
    slips
}

#[test]
fn each_library_with_a_home_is_named_there_only() {
    let rule = Rule {
        find: strays,
        excused: &[],
        planted: &[
            ("compute/src/engine/mod.rs", "//! datafusion_expr\n// axum\nuse datafusion_expr::Expr;\n"),
            ("compute/src/set/condition.rs", "//! x\nuse datafusion_sql::parser;\n"),
            ("dashboard-api/src/main.rs", "//! x\nuse axum::Router;\nuse rdkafka::Message;\n"),
            ("ingest/src/kafka/consumer.rs", "//! x\nuse rdkafka::Message;\nlet text = \"axum\";\n"),
            ("ingest/src/lib.rs", "//! x\nuse axum::Router;\n"),
        ],
        sees: &["compute/src/engine/mod.rs:3", "dashboard-api/src/main.rs:3", "ingest/src/lib.rs:2"],
    };
    rule.hold();
}

fn strays(tree: &Tree) -> Vec<Slip> {
    let mut slips = Vec::new();
    for file in tree.rust() {
        for (place, line) in code_only(&file.text).lines().enumerate() {
            for (library, home) in HOMES.iter().filter(|(_, home)| !file.is_below(home)) {
                let is_it = |word: &str| {
                    word.strip_prefix(library)
                        .is_some_and(|rest| matches!(rest.chars().next(), None | Some('_')))
                };
                if words(line).any(is_it) {
                    let advice =
                        format!("{library} is named in {home} only; put what you need behind a name there");
                    slips.push(Slip::new(&file.path, place + 1, advice));
                }
            }
        }
    }
    slips
}

#[test]
fn the_core_asks_neither_clock_nor_environment_nor_disk_nor_network() {
    let rule = Rule {
        find: |tree| asks(tree, "compute/src/", &["SystemTime", "env", "fs", "net", "process"]),
        excused: &[],
        planted: &[
            (
                "compute/src/a.rs",
                "//! std::fs\nuse std::fs;\nuse std::{fmt, env::var};\nlet now = std::time::Instant::now();\n\
                 let env = fs(net);\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n",
            ),
            ("ingest/src/a.rs", "//! x\nuse std::fs;\n"),
        ],
        sees: &["compute/src/a.rs:2", "compute/src/a.rs:3", "compute/src/a.rs:4"],
    };
    rule.hold();
}

#[test]
fn ingest_asks_neither_clock_nor_environment() {
    let rule = Rule {
        find: |tree| asks(tree, "ingest/src/", &["SystemTime", "env"]),
        excused: &[],
        planted: &[(
            "ingest/src/a.rs",
            "//! x\nuse std::fs;\nuse std::time::SystemTime;\nlet a = std::env::var(b);\nlet c = Instant::now();\n",
        )],
        sees: &["ingest/src/a.rs:3", "ingest/src/a.rs:4", "ingest/src/a.rs:5"],
    };
    rule.hold();
}

/// Lines below `folder` that name one of `banned` modules or types of std, or ask for the instant it is.
fn asks(tree: &Tree, folder: &str, banned: &[&str]) -> Vec<Slip> {
    let mut slips = Vec::new();
    let is_below = |file: &&SourceFile| file.is_below(folder);
    for file in tree.library_rust().filter(is_below) {
        for (number, line) in shipped_lines(&file.text) {
            let is_of_std = line.contains("std::");
            let names = words(&line).any(|word| is_of_std && banned.contains(&word));
            if names || line.contains("Instant::now(") || line.contains("SystemTime::now(") {
                let advice = "what it asks for is an argument here: let the caller give it";
                slips.push(Slip::new(&file.path, number, advice));
            }
        }
    }
    slips
}
