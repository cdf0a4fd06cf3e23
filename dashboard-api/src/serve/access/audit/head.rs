//! How far the record goes, signed, so that lines cut off at its end are missed; and how far it was cut off at its
//! beginning.
//!
//! The key lies beside the record, for the server alone; whoever wants to find out that somebody with that key rewrote it
//! all keeps the public key and a head elsewhere. Not here: the chain (`chain`).

use std::fs;
use std::path::Path;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::super::hexadecimal;
use super::super::tokens::write_private;
use super::chain::End;

const KEY: &str = "key.pkcs8";
/// The mark of a cut, in records and backups made by an earlier build.
const CUT_BEFORE: &str = "cut.json";

/// What is signed of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mark {
    /// How far it goes.
    Head,
    /// How far it was cut off.
    Cut,
}

impl Mark {
    /// A backup copies files in the order of their names: a head before the record, which may have grown since; the
    /// mark of a cut behind it, since a record may reach back further than its mark, and never less far.
    pub(super) fn file(self) -> &'static str {
        match self {
            Mark::Head => "head.json",
            Mark::Cut => "start.json",
        }
    }

    /// What is signed: a head is no mark of a cut.
    fn text(self, number: u64, hash: &str, at: &str) -> String {
        let what = match self {
            Mark::Head => "",
            Mark::Cut => ", cut off",
        };
        format!("nhip record of access{what}\n{number}\n{hash}\n{at}\n")
    }
}

/// The signed head.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    /// How many records.
    pub(crate) number: u64,
    /// The hash of the last.
    pub(crate) hash: String,
    /// When it was signed.
    pub(crate) at: String,
    /// Ed25519, in hexadecimal digits.
    public_key: String,
    signature: String,
}

/// The key that signs.
pub(super) struct Key(Ed25519KeyPair);

impl Key {
    /// The folder's key; a new one where there is none and nothing was ever signed.
    pub(super) fn of(folder: &Path) -> Result<Key, String> {
        let path = folder.join(KEY);
        let said = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        if !path.exists() {
            if folder.join(Mark::Head.file()).exists() {
                return Err(said(
                    &"the key is gone and the record was signed with it; restore it, or move the folder away",
                ));
            }
            let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|error| said(&error))?;
            write_private(&path, made.as_ref()).map_err(|error| said(&error))?;
        }
        let bytes = fs::read(&path).map_err(|error| said(&error))?;
        Ed25519KeyPair::from_pkcs8(&bytes).map(Key).map_err(|error| said(&error))
    }

    /// Signs an end and writes it down.
    pub(super) fn sign(&self, folder: &Path, mark: Mark, end: &End, at: &str) -> std::io::Result<()> {
        let signature = self.0.sign(mark.text(end.number, &end.hash, at).as_bytes());
        let head = Head {
            number: end.number,
            hash: end.hash.clone(),
            at: at.to_owned(),
            public_key: hexadecimal(self.0.public_key().as_ref()),
            signature: hexadecimal(signature.as_ref()),
        };
        let unfinished = folder.join("head.unfinished");
        fs::write(&unfinished, serde_json::to_vec(&head).unwrap_or_default())?;
        fs::rename(unfinished, folder.join(mark.file()))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

/// The mark of a folder; nothing when none was signed yet.
pub(crate) fn read(folder: &Path, mark: Mark) -> Result<Option<Head>, String> {
    match read_file(&folder.join(mark.file()))? {
        None if mark == Mark::Cut => read_file(&folder.join(CUT_BEFORE)),
        found => Ok(found),
    }
}

fn read_file(path: &Path) -> Result<Option<Head>, String> {
    match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map(Some).map_err(|_| format!("{} is damaged", path.display()))
        }
    }
}

impl Head {
    /// Whether the folder's own key signed it.
    pub(crate) fn is_signed(&self, folder: &Path, mark: Mark) -> Result<bool, String> {
        let key = Key::of(folder)?;
        let public = key.0.public_key().as_ref();
        let text = mark.text(self.number, &self.hash, &self.at);
        let signature = bytes(&self.signature).unwrap_or_default();
        let verified = UnparsedPublicKey::new(&ED25519, public).verify(text.as_bytes(), &signature);
        Ok(hexadecimal(public) == self.public_key && verified.is_ok())
    }

    /// The key, as it can be written down elsewhere.
    pub(crate) fn public_key(&self) -> &str {
        &self.public_key
    }
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let pair = |place: usize| u8::from_str_radix(hexadecimal.get(place..place + 2)?, 16).ok();
    (0..hexadecimal.len()).step_by(2).map(pair).collect()
}
