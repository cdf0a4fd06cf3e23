//! Rules about the shape of files: what stands first, how long things are, how they are named.

use crate::rule::{Rule, Slip};
use crate::rust_code::{code_only, functions, words};
use crate::tree::Tree;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Endings of files that people write as code.
const CODE: &[&str] = &["rs", "js", "mjs", "py", "sh", "css", "html"];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "types", "manager"];

#[test]
fn every_rust_file_begins_with_what_it_is_for() {
    let rule = Rule {
        find: files_without_header,
        excused: &[],
        planted: &[("a.rs", "//! A header.\n"), ("b.rs", "// No header.\n"), ("c.rs", "\n//! Too late.\n")],
        sees: &["b.rs:1", "c.rs:1"],
    };
    rule.hold();
}

fn files_without_header(tree: &Tree) -> Vec<Slip> {
    let bare = tree.rust().filter(|file| !file.text.starts_with("//! "));
    let advice = "begin with `//!`: what this is, why it exists, what it deliberately does not do";
    bare.map(|file| Slip::new(&file.path, 1, advice)).collect()
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let (full, long) = ("\n".repeat(500), "\n".repeat(501));
    let rule = Rule {
        find: long_files,
        excused: &[],
        planted: &[("full.rs", &full), ("long.js", &long), ("long.md", &long), ("long.rs", &long)],
        sees: &["long.js:501", "long.rs:501"],
    };
    rule.hold();
}

fn long_files(tree: &Tree) -> Vec<Slip> {
    let mut slips = Vec::new();
    for file in tree.files.iter().filter(|file| file.has_ending(CODE)) {
        let count = file.text.lines().count();
        if count > FILE_LINES_MAX {
            let advice =
                format!("{count} lines; at most {FILE_LINES_MAX}: give one of its ideas its own file");
            slips.push(Slip::new(&file.path, FILE_LINES_MAX + 1, advice));
        }
    }
    slips
}

#[test]
fn no_function_is_longer_than_70_lines() {
    let long = format!("//! x\nfn long() {{{}}}\nfn short() {{}}\n", "\n".repeat(70));
    let full = format!("//! x\nfn full() {{\n// }}\n\"}}\";{}}}\n", "\n".repeat(67));
    let rule = Rule {
        find: long_functions,
        excused: &[],
        planted: &[("full.rs", &full), ("long.rs", &long)],
        sees: &["long.rs:2"],
    };
    rule.hold();
}

fn long_functions(tree: &Tree) -> Vec<Slip> {
    let mut slips = Vec::new();
    for file in tree.rust() {
        for function in functions(&code_only(&file.text)) {
            let (first, last) = (*function.lines.start(), *function.lines.end());
            let count = last + 1 - first;
            if count > FUNCTION_LINES_MAX {
                let name = function.name;
                let advice = format!(
                    "`{name}` has {count} lines, at most {FUNCTION_LINES_MAX}: keep the decisions, move the work below"
                );
                slips.push(Slip::new(&file.path, first, advice));
            }
        }
    }
    slips
}

#[test]
fn files_and_modules_are_named_for_the_idea_they_hold() {
    let rule = Rule {
        find: empty_names,
        excused: &[],
        planted: &[
            ("a/lib.rs", "//! x\nmod petition;\nmod step_helpers;\n// mod utils;\n"),
            ("common/petition.rs", "//! x\n"),
            ("web/utils.js", ""),
        ],
        sees: &["a/lib.rs:3", "common/petition.rs", "web/utils.js"],
    };
    rule.hold();
}

fn empty_names(tree: &Tree) -> Vec<Slip> {
    let is_empty = |name: &str| name.split(['_', '-', '.']).any(|word| EMPTY_NAMES.contains(&word));
    let mut slips = Vec::new();
    for file in &tree.files {
        for part in file.path.split('/').filter(|part| is_empty(part)) {
            slips.push(Slip::new(
                &file.path,
                0,
                format!("`{part}` names no idea; name it for what it holds"),
            ));
        }
        if !file.has_ending(&["rs"]) {
            continue;
        }
        for (place, line) in code_only(&file.text).lines().enumerate() {
            let module = words(line).skip_while(|word| *word != "mod").nth(1);
            if let Some(module) = module.filter(|module| is_empty(module)) {
                let advice = format!("module `{module}` names no idea; name it for what it holds");
                slips.push(Slip::new(&file.path, place + 1, advice));
            }
        }
    }
    slips
}
