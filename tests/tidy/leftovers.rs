//! Rules about what must not be left behind: marks without an owner, paths of one machine, silent panics.

use crate::rule::{Rule, Slip};
use crate::rust_code::{code_only, shipped_lines, words};
use crate::tree::Tree;

/// Where the homes and workplaces of one machine begin.
const MACHINE_PATHS: &[&str] = &["/work/", "/root/", "/home/", "/Users/"];

#[test]
fn nothing_is_left_to_do_without_an_owner() {
    let rule = Rule {
        find: leftover_marks,
        excused: &[("tests/tidy/leftovers.rs", "names the marks it looks for")],
        planted: &[
            ("a.md", "a list of TODOS\nTODO(lan): ask the ministry\nTODO: ask\n"),
            ("a.rs", "//! x\n// FIXME(lan)\ndbg!(a);\nlet a = \"dbg!(a)\";\ntodo!();\nlet todo = 1;\n"),
        ],
        sees: &["a.md:3", "a.rs:2", "a.rs:3", "a.rs:5"],
    };
    rule.hold();
}

fn leftover_marks(tree: &Tree) -> Vec<Slip> {
    let mut slips = Vec::new();
    for file in &tree.files {
        for (number, line) in file.lines() {
            let is_open = words(line).any(|word| word == "TODO") && !line.contains("TODO(");
            if is_open || words(line).any(|word| word == "FIXME") {
                slips.push(Slip::new(&file.path, number, "do it, or write TODO(owner): what is to be done"));
            }
        }
        if !file.has_ending(&["rs"]) {
            continue;
        }
        for (place, line) in code_only(&file.text).lines().enumerate() {
            let is_macro = |name: &&&str| line.contains(**name);
            if let Some(name) = ["dbg!(", "todo!(", "unimplemented!("].iter().find(is_macro) {
                slips.push(Slip::new(&file.path, place + 1, format!("take `{name}…)` out")));
            }
        }
    }
    slips
}

#[test]
fn no_file_knows_a_path_of_one_machine() {
    let rule = Rule {
        find: machine_paths,
        excused: &[("tests/tidy/leftovers.rs", "names the paths it looks for")],
        planted: &[("a.md", "docs/work/a\n`/home/lan/nhip`\n"), ("a.py", "open('/work/data.csv')\n")],
        sees: &["a.md:2", "a.py:1"],
    };
    rule.hold();
}

fn machine_paths(tree: &Tree) -> Vec<Slip> {
    let mut slips = Vec::new();
    for file in tree.files.iter().filter(|file| file.path != crate::tree::METADATA) {
        for (number, line) in file.lines() {
            let stands_alone = |at: usize| {
                let before = line[..at].chars().next_back();
                before.is_none_or(|letter| !(letter.is_alphanumeric() || "._-}~".contains(letter)))
            };
            let has = |path: &&&str| line.match_indices(**path).any(|(at, _)| stands_alone(at));
            if let Some(path) = MACHINE_PATHS.iter().find(has) {
                let advice =
                    format!("`{path}…` is one machine's: use a relative path or an environment variable");
                slips.push(Slip::new(&file.path, number, advice));
            }
        }
    }
    slips
}

#[test]
fn library_code_does_not_unwrap() {
    let rule = Rule {
        find: unwraps,
        excused: &[],
        planted: &[
            (
                "compute/src/a.rs",
                "//! a.unwrap()\na.unwrap_or(b);\na\n    .unwrap();\n#[cfg(test)]\nmod t {\n    fn b() { c.unwrap() }\n}\n",
            ),
            ("ingest/src/tests.rs", "//! x\na.unwrap();\n"),
            ("tests/a/main.rs", "//! x\na.unwrap();\n"),
        ],
        sees: &["compute/src/a.rs:4"],
    };
    rule.hold();
}

fn unwraps(tree: &Tree) -> Vec<Slip> {
    let mut slips = Vec::new();
    for file in tree.library_rust() {
        for (number, line) in shipped_lines(&file.text) {
            if line.contains(".unwrap()") {
                let advice = "expected trouble is an error, a bug is `expect(\"why it cannot be\")`";
                slips.push(Slip::new(&file.path, number, advice));
            }
        }
    }
    slips
}
