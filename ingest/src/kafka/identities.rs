//! Identities of a share's events, as the topic of counts carries them: so that one identity in two shares is found.
//!
//! `(source, id)` is one event wherever it stands, and a share sees only its own partition. Each publication carries the
//! identities that are new, before the counts they are counted in; a reader that adds the counts up therefore knows of
//! every event that could count twice. Eight bytes of SHA-256 an event; the last message of a share grows until it is
//! full, so that compaction leaves few. Not here: what is said about a clash (the reader).

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Identities of one message.
const FULL: usize = 1024;
/// Identities of one publication; more go before it in publications of their own.
pub const IDENTITIES_MAX: usize = 200_000;
/// Hexadecimal digits of one.
const DIGITS: usize = 16;

/// What stands for the identity of an event: the same in every process and release.
pub fn identity(source: &str, id: &str) -> u64 {
    let mut digest = Sha256::new_with_prefix(source.as_bytes());
    // No letter of UTF-8 has this byte.
    digest.update([0xff]);
    digest.update(id.as_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    digest[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Identities are hashes already.
#[derive(Clone, Copy, Default, Debug)]
pub struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |number, byte| number << 8 | u64::from(*byte));
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// A set of identities.
pub type Identities = HashSet<u64, BuildHasherDefault<Plain>>;

/// The value of a message.
#[derive(Serialize, Deserialize)]
struct Said {
    identities: String,
}

fn written(identities: &[u64]) -> Vec<u8> {
    use std::fmt::Write;
    let mut text = String::with_capacity(identities.len() * DIGITS);
    for identity in identities {
        // A text takes everything.
        let _ = write!(text, "{identity:016x}");
    }
    serde_json::to_vec(&Said { identities: text }).unwrap_or_default()
}

/// The identities of a message, in their order; `None` for what is none of ours.
pub(super) fn read(value: &[u8]) -> Option<Vec<u64>> {
    let said: Said = serde_json::from_slice(value).ok()?;
    let digits = said.identities.as_bytes();
    let one = |digits: &[u8]| u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    if digits.len().is_multiple_of(DIGITS) { digits.chunks(DIGITS).map(one).collect() } else { None }
}

/// How far the identities of shares were read: the last message of each, and how many it had.
#[derive(Clone, Debug, Default)]
pub(super) struct Followed(BTreeMap<i32, (u64, usize)>);

impl Followed {
    /// Those of `said` that were not said before: the last message of a share is said again whenever it grew.
    pub(super) fn news(&mut self, share: i32, number: u64, mut said: Vec<u64>) -> Vec<u64> {
        let known = self.0.entry(share).or_insert((0, 0));
        if number < known.0 {
            return Vec::new();
        }
        let before = if number == known.0 { known.1.min(said.len()) } else { 0 };
        *known = (number, said.len());
        said.drain(..before);
        said
    }
}

/// What a share's partition holds, as its owner knows it.
#[derive(Debug, Default)]
pub(super) struct Held {
    known: Identities,
    followed: Followed,
    number: u64,
    last: Vec<u64>,
}

impl Held {
    /// Takes over one message that was read back.
    pub(super) fn note(&mut self, share: i32, number: u64, value: &[u8]) {
        let Some(said) = read(value) else { return };
        (self.number, self.last) = (number, said.clone());
        self.known.extend(self.followed.news(share, number, said));
    }

    /// The messages that say these too, by number; those known say nothing new.
    pub(super) fn messages(&mut self, fresh: &[u64]) -> Vec<(u64, Vec<u8>)> {
        let mut messages = Vec::new();
        let mut is_grown = false;
        for identity in fresh.iter().filter(|identity| self.known.insert(**identity)) {
            if self.last.len() >= FULL {
                if is_grown {
                    messages.push((self.number, written(&self.last)));
                }
                self.number += 1;
                self.last.clear();
            }
            self.last.push(*identity);
            is_grown = true;
        }
        if is_grown {
            messages.push((self.number, written(&self.last)));
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_the_pair_and_not_its_letters() {
        assert_eq!(identity("a", "b"), identity("a", "b"));
        assert_ne!(identity("a", "bc"), identity("ab", "c"));
        // It stands in topics for years: no release may change it.
        assert_eq!(format!("{:016x}", identity("/hoa-binh/mot-cua", "e-1")), "59d313197a5bd107");
    }

    #[test]
    fn whatever_was_said_in_pieces_is_read_once() {
        let all: Vec<u64> = (0..5_000).collect();
        let (mut writer, mut topic) = (Held::default(), BTreeMap::new());
        let (mut reader, mut heard) = (Followed::default(), Vec::new());
        for some in [&all[..10], &all[5..1_030], &all[..2], &all[1_000..], &[]] {
            for (number, value) in writer.messages(some) {
                heard.extend(reader.news(3, number, read(&value).expect("ours")));
                topic.insert(number, value);
            }
        }
        heard.sort_unstable();
        assert_eq!(heard, all);
        // What compaction leaves says all, once; whoever takes the share over goes on where it ended.
        assert_eq!(topic.len(), 5);
        let (mut again, mut heir) = (Followed::default(), Held::default());
        let mut left = Vec::new();
        for (number, value) in &topic {
            left.extend(again.news(3, *number, read(value).expect("ours")));
            heir.note(3, *number, value);
        }
        left.sort_unstable();
        assert_eq!(left, all);
        assert!(heir.messages(&all).is_empty());
        let more = heir.messages(&[9_999]);
        assert_eq!(again.news(3, more[0].0, read(&more[0].1).expect("ours")), [9_999]);
        assert_eq!(read(b"{\"identities\":\"0\"}"), None);
        assert_eq!(read(b"{}"), None);
    }
}
