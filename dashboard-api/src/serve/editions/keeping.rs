//! The files of editions: what was frozen, what was done, what was published, and the key.
//!
//! `2026-10.frozen` and `2026-10.edition` are sealed and written once; `2026-10.acts` is written anew with every act,
//! whole or not at all, with a hash at its end. An edition exists from its first act on: what lies there without acts is
//! what a stop left behind, and the next closing writes over it. Not here: what the lines say.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use compute::period::Period;
use editions::case::{Case, Done};
use editions::content;
use editions::seal::{Key, root_of};
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;

use super::{Entry, Known, NUMBER_MAX};

/// The folder, in the data folder.
const FOLDER: &str = "editions";
const KEY: &str = "key.pkcs8";
const ACTS: &str = ".acts";
/// Bytes of one file: a year of a large province.
const FILE_BYTES_MAX: u64 = 2 << 30;

/// Which of the sealed files.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Part {
    /// As it was closed.
    Frozen,
    /// As it was published.
    Published,
}

impl Part {
    fn ending(self) -> &'static str {
        match self {
            Part::Frozen => ".frozen",
            Part::Published => ".edition",
        }
    }
}

/// The folder of editions.
#[derive(Debug)]
pub(crate) struct Keeping {
    folder: PathBuf,
    key: Key,
    public_key: String,
}

impl Keeping {
    /// Opens the folder, making it and the key where there is none.
    pub(crate) fn open(data: &Path) -> Result<Keeping, String> {
        let folder = data.join(FOLDER);
        let said = |why: &dyn std::fmt::Display| format!("{}: {why}", folder.display());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|why| said(&why))?;
        let path = folder.join(KEY);
        if !path.exists() {
            let mut there = fs::read_dir(&folder).map_err(|why| said(&why))?.filter_map(Result::ok);
            if there.any(|entry| entry.file_name().to_string_lossy().ends_with(ACTS)) {
                return Err(said(
                    &"the key is gone and editions were signed with it; restore key.pkcs8 from a backup",
                ));
            }
            let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|why| said(&why))?;
            write(&folder, KEY, made.as_ref()).map_err(|why| said(&why))?;
        }
        let key = fs::read(&path).map_err(|why| said(&why))?;
        let key = Key::of(&key)
            .ok_or_else(|| format!("{}: it is no key; restore it from a backup", path.display()))?;
        Ok(Keeping { public_key: key.public(), key, folder })
    }

    /// The public key of a data folder, if it has one.
    pub(crate) fn public_key_in(data: &Path) -> Result<Option<String>, String> {
        let path = data.join(FOLDER).join(KEY);
        let said = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(said(&error)),
            Ok(bytes) => Key::of(&bytes).map(|key| Some(key.public())).ok_or_else(|| said(&"it is no key")),
        }
    }

    /// The key editions are signed with.
    pub(crate) fn public_key(&self) -> &str {
        &self.public_key
    }

    /// Every edition that has acts.
    pub(super) fn list(&self) -> Result<BTreeMap<String, Known>, String> {
        let said = |why: std::io::Error| format!("{}: {why}", self.folder.display());
        let mut known = BTreeMap::new();
        for entry in fs::read_dir(&self.folder).map_err(said)? {
            let name = entry.map_err(said)?.file_name().to_string_lossy().into_owned();
            let Some(id) = name.strip_suffix(ACTS) else { continue };
            known.insert(id.to_owned(), self.entry(id));
        }
        Ok(known)
    }

    fn entry(&self, id: &str) -> Known {
        let path = self.folder.join(format!("{id}{ACTS}"));
        let damaged = |why: &str| format!("{}: {why}; restore it from a backup", path.display());
        let (period, number) = read_id(id).ok_or_else(|| damaged("its name is no edition's"))?;
        let text = fs::read_to_string(&path).map_err(|error| damaged(&error.to_string()))?;
        let lines = text.strip_suffix('\n').ok_or_else(|| damaged("it is cut off"))?;
        let mut lines: Vec<String> = lines.split('\n').map(str::to_owned).collect();
        let seal = lines.pop().unwrap_or_default();
        if seal != seal_of(id, &lines) {
            return Err(damaged("it is damaged"));
        }
        let acts: Result<Vec<Done>, _> = lines.iter().map(|line| serde_json::from_str(line)).collect();
        let acts = acts.map_err(|error| damaged(&error.to_string()))?;
        let case = Case::of(&acts).map_err(|why| damaged(&why))?;
        Ok(Entry { period, number, acts, case })
    }

    /// Writes the acts of an edition, durable when it returns.
    pub(super) fn write_acts(&self, id: &str, acts: &[Done]) -> Result<(), String> {
        // An act is texts and numbers, and can always be written.
        let lines: Vec<String> =
            acts.iter().map(|done| serde_json::to_string(done).unwrap_or_default()).collect();
        let text = lines.join("\n") + "\n" + &seal_of(id, &lines) + "\n";
        write(&self.folder, &format!("{id}{ACTS}"), text.as_bytes())
            .map_err(|error| format!("{}: {error}", self.folder.display()))
    }

    /// The lines under the seal of this server.
    pub(super) fn seal(&self, lines: &[String]) -> String {
        self.key.seal(lines)
    }

    /// Seals lines and writes them, durable when it returns.
    pub(super) fn write_sealed(&self, id: &str, part: Part, lines: &[String]) -> Result<(), String> {
        let file = self.key.seal(lines);
        write(&self.folder, &format!("{id}{}", part.ending()), file.as_bytes())
            .map_err(|error| format!("{}: {error}", self.folder.display()))
    }

    /// The bytes of a sealed file.
    pub(super) fn read(&self, id: &str, part: Part) -> Result<Vec<u8>, String> {
        let path = self.folder.join(format!("{id}{}", part.ending()));
        let said =
            |why: &dyn std::fmt::Display| format!("{}: {why}; restore it from a backup", path.display());
        let length = fs::metadata(&path).map_err(|error| said(&error))?.len();
        if length > FILE_BYTES_MAX {
            return Err(said(&"it is too large to be an edition"));
        }
        fs::read(&path).map_err(|error| said(&error))
    }
}

/// The last line of acts: their hash, with the edition's name.
fn seal_of(id: &str, lines: &[String]) -> String {
    let named: Vec<String> = std::iter::once(id.to_owned()).chain(lines.iter().cloned()).collect();
    format!("acts {}", root_of(&named))
}

/// The period and number an edition's name says; a name of another spelling is none.
pub(super) fn read_id(id: &str) -> Option<(Period, u32)> {
    let (period, number) = match id.split_once('.') {
        None => (id, 1),
        Some((period, number)) => {
            (period, number.parse().ok().filter(|number| (2..=NUMBER_MAX).contains(number))?)
        }
    };
    let period = Period::parse(period)?;
    (content::id(period, number) == id).then_some((period, number))
}

/// Writes a file whole, for its owner only: under another name, to the disk, then renamed.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished = folder.join(format!("{name}.unfinished"));
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(name))?;
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_has_one_name() {
        for id in ["2026-10", "2026-10.2", "2026-Q4", "2026.99"] {
            assert!(read_id(id).is_some(), "{id}");
        }
        for id in ["2026-10.1", "2026-10.02", "2026-10.100", "2026-13", "../2026-10", "", "2026-10.x"] {
            assert_eq!(read_id(id), None, "{id}");
        }
    }
}
