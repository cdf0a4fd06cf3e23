//! The files of the repository, read once, or a few planted ones.
//!
//! What git is told to leave alone is left alone here too. Not here: what a file may hold.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Folders and files that are made, not written.
const MADE: &[&str] = &[".git", "target", "node_modules", "__pycache__", "Cargo.lock", "package-lock.json"];

/// Under this path a tree holds what `cargo metadata` says of the workspace.
pub(crate) const METADATA: &str = "cargo metadata";

#[derive(Debug)]
pub(crate) struct SourceFile {
    /// From the root, with `/`.
    pub(crate) path: String,
    /// Empty if it is no text.
    pub(crate) text: String,
}

impl SourceFile {
    pub(crate) fn has_ending(&self, endings: &[&str]) -> bool {
        let ending = Path::new(&self.path).extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| endings.contains(&ending))
    }

    /// Lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(place, line)| (place + 1, line))
    }

    pub(crate) fn is_below(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// Rust that ships: below a crate's `src`, and no file of tests.
    pub(crate) fn is_library_rust(&self) -> bool {
        let is_test = self.path.split('/').any(|part| part == "tests" || part == "tests.rs");
        self.has_ending(&["rs"]) && self.path.contains("/src/") && !is_test
    }
}

#[derive(Debug)]
pub(crate) struct Tree {
    /// Sorted by path.
    pub(crate) files: Vec<SourceFile>,
}

impl Tree {
    /// A few files, made up.
    pub(crate) fn planted(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| SourceFile { path: (*path).into(), text: (*text).into() };
        Tree { files: files.iter().map(file).collect() }
    }

    /// The repository this test was built from.
    pub(crate) fn of_repository() -> &'static Tree {
        static TREE: OnceLock<Tree> = OnceLock::new();
        TREE.get_or_init(|| {
            let root = root();
            let mut files = Vec::new();
            gather(&root, &root, &mut files);
            files.push(SourceFile { path: METADATA.into(), text: metadata(&root) });
            files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
            Tree { files }
        })
    }

    pub(crate) fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The text at `path`, empty if there is no such file.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.file(path).map_or("", |file| &file.text)
    }

    /// Whether there is a file or folder at `path`.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let is_it = |file: &SourceFile| {
            file.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        path.is_empty() || self.files.iter().any(is_it)
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.has_ending(&["rs"]))
    }

    pub(crate) fn library_rust(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.is_library_rust())
    }

    /// The visible folders at the root.
    pub(crate) fn top_folders(&self) -> Vec<&str> {
        let first = |file: &'_ SourceFile| -> Option<usize> { file.path.find('/') };
        let mut folders: Vec<&str> =
            self.files.iter().filter_map(|file| first(file).map(|end| &file.path[..end])).collect();
        folders.retain(|folder| !folder.starts_with('.'));
        folders.dedup();
        folders
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package lies in the workspace").to_owned()
}

fn gather(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the repository can be read");
    for entry in entries.map(|entry| entry.expect("an entry of the repository can be read")) {
        let (path, kind) = (entry.path(), entry.file_type().expect("an entry has a kind"));
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_log = path.extension().is_some_and(|ending| ending == "log");
        let is_kept_data = folder == root && name == "data";
        if MADE.contains(&name.as_str()) || is_log || is_kept_data {
            continue;
        }
        if kind.is_dir() {
            gather(root, &path, files);
        } else if kind.is_file() {
            let bytes = std::fs::read(&path).expect("a file of the repository can be read");
            let text = String::from_utf8(bytes).unwrap_or_default();
            let path = path.strip_prefix(root).expect("gathered below the root");
            files.push(SourceFile { path: path.to_string_lossy().replace('\\', "/"), text });
        }
    }
}

/// What cargo itself says, since a manifest can be written in many ways.
fn metadata(root: &Path) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}
