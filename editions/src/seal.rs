//! Lines under a seal: how many they are, the hash of all, and an Ed25519 signature of that.
//!
//! The last line is the seal. There is one way to write it, so that a byte changed anywhere is found. Not here: what
//! the lines say (`content`), where the key lies.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::tree::{self, Hash};
use crate::{bytes, hexadecimal};

/// Why lines are not what was sealed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SealError {
    /// No seal at the end.
    #[error("the file has no seal at its end; it is cut off or is no edition")]
    NoSeal,
    /// The seal is not written as seals are.
    #[error("the seal is damaged")]
    Damaged,
    /// There are more or fewer lines.
    #[error("the seal speaks of {sealed} lines and there are {found}; some were added or taken out")]
    Count {
        /// As sealed.
        sealed: usize,
        /// As found.
        found: usize,
    },
    /// The lines are others.
    #[error("the lines are not those that were sealed; the file was changed")]
    Changed,
    /// The signature does not fit.
    #[error("the signature does not fit; the seal was changed or made with another key")]
    Signature,
    /// Signed, by somebody else.
    #[error("the file is signed with the key {found}, not with {wanted}")]
    OtherKey {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        wanted: String,
    },
}

/// The key that signs.
pub struct Key(Ed25519KeyPair);

impl std::fmt::Debug for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Key")
    }
}

impl Key {
    /// Of a private key as PKCS #8; nothing when it is none.
    pub fn of(pkcs8: &[u8]) -> Option<Key> {
        Ed25519KeyPair::from_pkcs8(pkcs8).ok().map(Key)
    }

    /// The public key, in hexadecimal digits: to be written down elsewhere.
    pub fn public(&self) -> String {
        hexadecimal(self.0.public_key().as_ref())
    }

    /// The lines with their seal, as a file.
    pub fn seal(&self, lines: &[String]) -> String {
        let leaves: Vec<Hash> = lines.iter().map(|line| tree::leaf(line.as_bytes())).collect();
        let root = hexadecimal(&tree::root(&leaves));
        let signature = hexadecimal(self.0.sign(signed(lines.len(), &root).as_bytes()).as_ref());
        let seal = Seal { row: Word::Seal, rows: lines.len(), root, key: self.public(), signature };
        let size = lines.iter().map(|line| line.len() + 1).sum::<usize>() + 512;
        let mut file = String::with_capacity(size);
        for line in lines {
            file.push_str(line);
            file.push('\n');
        }
        file + &seal.line() + "\n"
    }
}

/// What is signed.
fn signed(rows: usize, root: &str) -> String {
    format!("nhip edition\n{rows}\n{root}\n")
}

/// The hash of lines, in hexadecimal digits.
pub fn root_of(lines: &[String]) -> String {
    let leaves: Vec<Hash> = lines.iter().map(|line| tree::leaf(line.as_bytes())).collect();
    hexadecimal(&tree::root(&leaves))
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Seal,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seal {
    row: Word,
    rows: usize,
    root: String,
    key: String,
    signature: String,
}

impl Seal {
    fn line(&self) -> String {
        // A struct of texts and numbers can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A file whose seal holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed<'a> {
    /// Its lines without the seal.
    pub lines: Vec<&'a str>,
    /// The hash of all, in hexadecimal digits.
    pub root: String,
    /// The public key that fits the signature.
    pub key: String,
}

impl<'a> Sealed<'a> {
    /// Checks the seal of a file.
    ///
    /// # Errors
    /// [`SealError`] when one byte is not as it was sealed.
    pub fn read(file: &'a [u8]) -> Result<Sealed<'a>, SealError> {
        let text = std::str::from_utf8(file).map_err(|_| SealError::Changed)?;
        let text = text.strip_suffix('\n').ok_or(SealError::NoSeal)?;
        let mut lines: Vec<&str> = text.split('\n').collect();
        let last = lines.pop().filter(|last| last.contains("\"seal\"")).ok_or(SealError::NoSeal)?;
        let seal: Seal = serde_json::from_str(last).map_err(|_| SealError::Damaged)?;
        // One way to write it: what a reader would pass over is no seal of ours.
        if seal.line() != last {
            return Err(SealError::Damaged);
        }
        if seal.rows != lines.len() {
            return Err(SealError::Count { sealed: seal.rows, found: lines.len() });
        }
        let leaves: Vec<Hash> = lines.iter().map(|line| tree::leaf(line.as_bytes())).collect();
        if hexadecimal(&tree::root(&leaves)) != seal.root {
            return Err(SealError::Changed);
        }
        let (key, signature) = (bytes(&seal.key), bytes(&seal.signature));
        let (key, signature) = (key.ok_or(SealError::Damaged)?, signature.ok_or(SealError::Damaged)?);
        UnparsedPublicKey::new(&ED25519, key)
            .verify(signed(seal.rows, &seal.root).as_bytes(), &signature)
            .map_err(|_| SealError::Signature)?;
        Ok(Sealed { lines, root: seal.root, key: seal.key })
    }

    /// Goes on only if `wanted` signed it.
    ///
    /// # Errors
    /// [`SealError::OtherKey`].
    pub fn signed_by(self, wanted: &str) -> Result<Sealed<'a>, SealError> {
        if self.key == wanted {
            return Ok(self);
        }
        Err(SealError::OtherKey { found: self.key, wanted: wanted.to_owned() })
    }

    /// The proof that the line at `place` is among those sealed: hashes from the line upwards.
    pub fn proof(&self, place: usize) -> Vec<String> {
        let leaves: Vec<Hash> = self.lines.iter().map(|line| tree::leaf(line.as_bytes())).collect();
        tree::proof(&leaves, place).iter().map(|hash| hexadecimal(hash)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;

    fn key() -> Key {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("chance");
        Key::of(pkcs8.as_ref()).expect("a key")
    }

    #[test]
    fn a_byte_changed_anywhere_is_found() {
        let key = key();
        let file = key.seal(&["{\"a\":1}".to_owned(), "{\"b\":\"đ\"}".to_owned()]);
        assert_eq!(Sealed::read(file.as_bytes()).map(|sealed| sealed.lines.len()), Ok(2));
        for place in 0..file.len() {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128] {
                let mut bytes = file.clone().into_bytes();
                bytes[place] ^= flip;
                assert!(Sealed::read(&bytes).is_err(), "byte {place}, bit {flip}");
            }
        }
        for cut in 0..file.len() {
            assert!(Sealed::read(&file.as_bytes()[..cut]).is_err(), "cut off at {cut}");
        }
        let longer = [file.as_bytes(), b"\n"].concat();
        assert!(Sealed::read(&longer).is_err());
    }

    #[test]
    fn another_key_is_found() {
        let (ours, theirs) = (key(), key());
        let file = theirs.seal(&["{}".to_owned()]);
        let sealed = Sealed::read(file.as_bytes()).expect("it is whole");
        assert!(matches!(sealed.signed_by(&ours.public()), Err(SealError::OtherKey { .. })));
    }
}
