//! What the public can check: the files of a published edition, by their hashes, as lines to be sealed.
//!
//! The sealed edition itself names dossiers and officers and is not public. Its public files hide cells of few people,
//! so none of them follows from the other by hashing; a second seal, under the same key, says which files were
//! published, and the hash of the edition they were made from. Not here: making files, signing (`seal`).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hexadecimal;

/// The shape of the lines.
const FORMAT: u32 = 1;

/// Of which edition the files are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Of {
    /// Its name.
    pub edition: String,
    /// Its period.
    pub period: String,
    /// The instant it was closed as of.
    pub as_of: String,
    /// When it was published.
    pub published_at: String,
    /// The hash of the whole edition.
    pub root: String,
    /// Whether officers are named in public.
    pub names_officers: bool,
}

/// One public file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct PublicFile {
    /// Where it is given out.
    pub address: String,
    /// Its length.
    pub bytes: usize,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl PublicFile {
    /// The file at an address.
    pub fn new(address: String, bytes: &[u8]) -> PublicFile {
        PublicFile { address, bytes: bytes.len(), sha256: hash_of(bytes) }
    }
}

/// The hash a file is known by.
pub fn hash_of(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "row", rename_all = "snake_case")]
enum Line {
    Public {
        format: u32,
        #[serde(flatten)]
        of: Of,
    },
    File(PublicFile),
}

/// Why lines are not those of public files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the lines are not those of an edition's public files; take the seal from the page of the edition")]
pub struct NotPublic;

/// The public files of an edition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicFiles {
    /// Of which edition.
    pub of: Of,
    /// In the order of their tables.
    pub files: Vec<PublicFile>,
}

impl PublicFiles {
    /// As lines to be sealed.
    pub fn lines(&self) -> Vec<String> {
        let head = Line::Public { format: FORMAT, of: self.of.clone() };
        let files = self.files.iter().cloned().map(Line::File);
        // Texts and numbers can always be written.
        std::iter::once(head)
            .chain(files)
            .map(|line| serde_json::to_string(&line).unwrap_or_default())
            .collect()
    }

    /// Reads sealed lines.
    ///
    /// # Errors
    /// [`NotPublic`].
    pub fn read(lines: &[&str]) -> Result<PublicFiles, NotPublic> {
        let parsed: Result<Vec<Line>, _> = lines.iter().map(|line| serde_json::from_str(line)).collect();
        let mut parsed = parsed.map_err(|_| NotPublic)?.into_iter();
        let Some(Line::Public { format: FORMAT, of }) = parsed.next() else { return Err(NotPublic) };
        let files = parsed.map(|line| match line {
            Line::File(file) => Ok(file),
            Line::Public { .. } => Err(NotPublic),
        });
        Ok(PublicFiles { of, files: files.collect::<Result<_, _>>()? })
    }

    /// The file of these bytes, if it is one of them.
    pub fn find(&self, bytes: &[u8]) -> Option<&PublicFile> {
        let hash = hash_of(bytes);
        self.files.iter().find(|file| file.sha256 == hash && file.bytes == bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_bytes_and_by_no_others() {
        let text = |word: &str| word.to_owned();
        let of = Of {
            edition: text("2026-10"),
            period: text("2026-10"),
            as_of: text("2026-11-02T08:00:00+07:00"),
            published_at: text("2026-11-09T08:00:00+07:00"),
            root: text("00"),
            names_officers: false,
        };
        let files = vec![PublicFile::new(text("/ky/2026-10/ban-1.csv"), b"a,b\n")];
        let public = PublicFiles { of, files };
        let lines = public.lines();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(PublicFiles::read(&lines), Ok(public.clone()));
        assert_eq!(public.find(b"a,b\n").map(|file| file.bytes), Some(4));
        assert_eq!(public.find(b"a,c\n"), None);
        for wrong in [&lines[1..], &[lines[0], lines[0]], &[], &["{\"row\":\"edition\"}"]] {
            assert_eq!(PublicFiles::read(wrong), Err(NotPublic), "{wrong:?}");
        }
    }
}
