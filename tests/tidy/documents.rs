//! Rules that keep the documents true: links, folders, fact columns, glossary, dependencies, locales.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::rule::{Rule, Slip};
use crate::rust_code::words;
use crate::tree::{SourceFile, Tree};

const ARCHITECTURE: &str = "ARCHITECTURE.md";
const GLOSSARY: &str = "docs/glossary.md";
const DEPENDENCIES: &str = "docs/adr/0003-dependencies.md";
const FACTS: &str = "compute/src/facts.rs";
const COLUMNS: &str = "compute/sets/README.md";
const VIETNAMESE: &str = "dashboard-api/web/locale/vi.json";
const ENGLISH: &str = "dashboard-api/web/locale/en.json";

#[test]
fn every_decision_record_is_linked_from_architecture() {
    let rule = Rule {
        find: unlinked_records,
        excused: &[],
        planted: &[
            (ARCHITECTURE, "[one](docs/adr/0001-a.md)"),
            ("docs/adr/0001-a.md", ""),
            ("docs/adr/0002-b.md", ""),
        ],
        sees: &["docs/adr/0002-b.md"],
    };
    rule.hold();
}

fn unlinked_records(tree: &Tree) -> Vec<Slip> {
    let records = tree.files.iter().filter(|file| file.is_below("docs/adr/"));
    let is_unlinked = |file: &&SourceFile| !tree.text(ARCHITECTURE).contains(&format!("({})", file.path));
    let advice = "link it from ARCHITECTURE.md";
    records.filter(is_unlinked).map(|file| Slip::new(&file.path, 0, advice)).collect()
}

#[test]
fn architecture_names_every_folder_and_no_other() {
    let rule = Rule {
        find: folders_at_odds,
        excused: &[],
        planted: &[
            (".ci/run", ""),
            (ARCHITECTURE, "`compute/` and `compute/src/set/`\nand `gone/`\n"),
            ("compute/src/set/mod.rs", ""),
            ("new/a.rs", ""),
        ],
        sees: &["ARCHITECTURE.md:2", "new/"],
    };
    rule.hold();
}

fn folders_at_odds(tree: &Tree) -> Vec<Slip> {
    let Some(architecture) = tree.file(ARCHITECTURE) else {
        return vec![Slip::new(ARCHITECTURE, 0, "is missing")];
    };
    let mut slips = Vec::new();
    let mut named = BTreeSet::new();
    for (number, line) in architecture.lines() {
        for folder in quoted(line).filter_map(|name| name.strip_suffix('/')) {
            if !tree.has(folder) {
                slips.push(Slip::new(ARCHITECTURE, number, format!("there is no folder `{folder}/`")));
            }
            named.insert(folder);
        }
    }
    for folder in tree.top_folders().into_iter().filter(|folder| !named.contains(folder)) {
        slips.push(Slip::new(&format!("{folder}/"), 0, "say in ARCHITECTURE.md what it is for"));
    }
    slips
}

#[test]
fn links_between_documents_lead_somewhere() {
    let rule = Rule {
        find: dead_links,
        excused: &[],
        planted: &[
            ("a.md", "[b](docs/b.md#part) [c](https://c.vn/x) [up](#here)\n[gone](docs/gone.md)\n"),
            ("docs/b.md", "[a](../a.md) [docs](../docs/)\n![picture](picture.png)\n"),
        ],
        sees: &["a.md:2", "docs/b.md:2"],
    };
    rule.hold();
}

fn dead_links(tree: &Tree) -> Vec<Slip> {
    let mut slips = Vec::new();
    for file in tree.files.iter().filter(|file| file.has_ending(&["md"])) {
        for (number, line) in file.lines() {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            for target in targets.filter(|target| !target.contains(':') && !target.starts_with('#')) {
                let path = target.split('#').next().unwrap_or_default();
                if !tree.has(&beside(&file.path, path)) {
                    slips.push(Slip::new(&file.path, number, format!("nothing lies at {target}")));
                }
            }
        }
    }
    slips
}

/// The path from the root of `relative`, as written in the file at `from`.
fn beside(from: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in relative.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

#[test]
fn every_fact_column_is_explained_and_every_explained_column_exists() {
    let rule = Rule {
        find: columns_at_odds,
        excused: &[],
        planted: &[
            (
                COLUMNS,
                "### dossier — hồ sơ\n| `late` | B |\n| `gone` | B |\n### agency — cơ quan\n| `late` | B |\n",
            ),
            (
                FACTS,
                "const DOSSIER: &[Column] = &[\n    bool(\"late\"),\n    word(\"new\", None),\n];\nconst AGENCY: &[Column] = &[bool(\"late\"), whole(\"few\", None)];\n",
            ),
        ],
        sees: &["compute/src/facts.rs:3", "compute/src/facts.rs:5", "compute/sets/README.md:3"],
    };
    rule.hold();
}

fn columns_at_odds(tree: &Tree) -> Vec<Slip> {
    let (mut subject, mut facts) = (String::new(), Vec::new());
    for (number, line) in tree.file(FACTS).into_iter().flat_map(SourceFile::lines) {
        if line.starts_with("const ") && line.contains(": &[Column]") {
            subject = words(line).nth(1).unwrap_or_default().to_lowercase();
        }
        for kind in ["bool(\"", "maybe(\"", "word(\"", "whole(\""] {
            let names = line.split(kind).skip(1).filter_map(|rest| rest.split('"').next());
            facts.extend(names.map(|name| (number, subject.clone(), name)));
        }
    }
    let (mut subject, mut explained) = (String::new(), Vec::new());
    for (number, line) in tree.file(COLUMNS).into_iter().flat_map(SourceFile::lines) {
        if let Some(title) = line.strip_prefix('#') {
            words(title).next().unwrap_or_default().clone_into(&mut subject);
        }
        let is_row = line.starts_with("| `") && facts.iter().any(|(_, known, _)| *known == subject);
        explained.extend(quoted(line).next().filter(|_| is_row).map(|name| (number, subject.clone(), name)));
    }
    let is_in = |list: &[(usize, String, &str)], (_, subject, name): &(usize, String, &str)| {
        list.iter().any(|(_, other, known)| other == subject && known == name)
    };
    let unexplained = facts.iter().filter(|fact| !is_in(&explained, fact));
    let gone = explained.iter().filter(|column| !is_in(&facts, column));
    let advice = |name: &str| format!("explain the column `{name}` in {COLUMNS}");
    let slips = unexplained.map(|(line, _, name)| Slip::new(FACTS, *line, advice(name)));
    let advice = |name: &str| format!("there is no fact column `{name}`");
    slips.chain(gone.map(|(line, _, name)| Slip::new(COLUMNS, *line, advice(name)))).collect()
}

#[test]
fn every_name_in_the_glossary_exists_in_the_code_and_every_term_stands_once() {
    let rule = Rule {
        find: glossary_at_odds,
        excused: &[],
        planted: &[
            ("compute/src/a.rs", "//! x\nstruct Life;\n"),
            (
                GLOSSARY,
                "| term | |\n|---|---|\n| hồ sơ | dossier | `Life` |\n| trễ | late | `Lif` |\n| hồ sơ | file | — |\n",
            ),
        ],
        sees: &["docs/glossary.md:4", "docs/glossary.md:5"],
    };
    rule.hold();
}

fn glossary_at_odds(tree: &Tree) -> Vec<Slip> {
    let is_source = |file: &&SourceFile| {
        file.has_ending(&["rs", "toml"]) && !file.is_below("tests/") && !file.is_below("docs/")
    };
    let sources: Vec<&SourceFile> = tree.files.iter().filter(is_source).collect();
    let mut slips = Vec::new();
    if tree.file(GLOSSARY).is_none() {
        slips.push(Slip::new(GLOSSARY, 0, "is missing"));
    }
    let mut terms = BTreeSet::new();
    let lines: Vec<(usize, &str)> = tree.file(GLOSSARY).into_iter().flat_map(SourceFile::lines).collect();
    for (place, (number, line)) in lines.iter().copied().enumerate() {
        let is_rule = |line: &str| line.starts_with("|-");
        let is_head = lines.get(place + 1).is_some_and(|(_, next)| is_rule(next));
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, term, _, code, ..] = cells.as_slice() else { continue };
        if is_head || is_rule(line) {
            continue;
        }
        if !terms.insert(term.to_lowercase()) {
            slips.push(Slip::new(GLOSSARY, number, format!("`{term}` stands twice; one word, one idea")));
        }
        for name in quoted(code).filter(|name| !sources.iter().any(|file| stands_in(&file.text, name))) {
            slips.push(Slip::new(GLOSSARY, number, format!("the code knows no `{name}`")));
        }
    }
    slips
}

/// Whether `name` stands in `text` as a whole word.
fn stands_in(text: &str, name: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[test]
fn every_dependency_says_what_it_saves_us() {
    let rule = Rule {
        find: unexplained_dependencies,
        excused: &[],
        planted: &[
            (
                "Cargo.toml",
                "[workspace.dependencies]\nown = { path = \"own\" }\ncsv = \"1\"\ntoml = \"1\"\n[workspace.lints]\nunsafe = \"a\"\n",
            ),
            (DEPENDENCIES, "| `csv` | RFC 4180 |\n"),
        ],
        sees: &["Cargo.toml:4"],
    };
    rule.hold();
}

fn unexplained_dependencies(tree: &Tree) -> Vec<Slip> {
    let mut is_inside = false;
    let mut slips = Vec::new();
    for (number, line) in tree.file("Cargo.toml").into_iter().flat_map(SourceFile::lines) {
        if line.starts_with('[') {
            is_inside = line == "[workspace.dependencies]";
        }
        let Some((name, rest)) = line.split_once(" = ").filter(|_| is_inside && !line.starts_with('#'))
        else {
            continue;
        };
        if !rest.contains("path = ") && !tree.text(DEPENDENCIES).contains(&format!("`{name}`")) {
            let advice = format!("say in {DEPENDENCIES} what `{name}` saves us");
            slips.push(Slip::new("Cargo.toml", number, advice));
        }
    }
    slips
}

#[test]
fn both_locales_say_the_same_things() {
    let rule = Rule {
        find: locales_at_odds,
        excused: &[],
        planted: &[
            (ENGLISH, r#"{"a": {"b": "B"}, "d": "D", "e": ""}"#),
            (VIETNAMESE, r#"{"a": {"b": "B", "c": "C"}, "d": "D", "e": "E"}"#),
        ],
        sees: &[ENGLISH],
    };
    rule.hold();
}

fn locales_at_odds(tree: &Tree) -> Vec<Slip> {
    let (Some(vietnamese), Some(english)) = (tree.file(VIETNAMESE), tree.file(ENGLISH)) else {
        return Vec::new();
    };
    let (vi, en) = (said(vietnamese), said(english));
    let missing = |here: &SourceFile, key: &String| {
        Slip::new(&here.path, 0, format!("`{key}` is said in the other language only"))
    };
    let mut slips: Vec<Slip> = vi.difference(&en).map(|key| missing(english, key)).collect();
    slips.extend(en.difference(&vi).map(|key| missing(vietnamese, key)));
    slips
}

/// The keys that have words, as `a.b.c`.
fn said(file: &SourceFile) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let value: Value = serde_json::from_str(&file.text).expect("a locale file is JSON");
    let mut open = vec![(String::new(), &value)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(members) => {
                let deeper =
                    |key: &String| if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                open.extend(members.iter().map(|(key, value)| (deeper(key), value)));
            }
            Value::String(words) if words.is_empty() => {}
            Value::Null => {}
            _ => {
                keys.insert(path);
            }
        }
    }
    keys
}

/// What stands between backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}
