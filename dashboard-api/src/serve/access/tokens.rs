//! Tokens of programs: made once, shown once, kept as a hash, bounded in time, revoked at any moment. A sending system
//! may have a certificate instead of a text: then the connection is the token.
//!
//! They lie in one small file that the command line writes whole and a running server reads again when it changed, so that
//! a revocation holds within seconds. A file that cannot be read lets nobody in. Not here: what a role may see (`scope`),
//! how often a token may ask (`rate`).

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use compute::instant::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::role::Role;
use super::scope::{Pass, Scope, Units};
use super::{hexadecimal, random};
use crate::serve::doorway::Fingerprint;

/// What a token's text begins with, so that one that leaked is found by a search.
pub(crate) const PREFIX: &str = "nhip_";
/// The file, in the folder of access.
const FILE: &str = "tokens.json";
/// The file's largest size; beyond it nobody is added.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Tokens kept, revoked ones included.
const TOKENS_MAX: usize = 4096;
/// How long a look at the file is good for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why tokens cannot be read or written.
#[derive(Debug, Error)]
pub(crate) enum TokenError {
    /// The disk refused.
    #[error("{path}: {error}")]
    Disk { path: String, error: io::Error },
    /// The file is not as it was written.
    #[error("{path} is damaged ({error}); restore it, or take it away and make new tokens")]
    Damaged { path: String, error: String },
    /// Two tokens of one certificate would not be told apart.
    #[error("the certificate is that of the token {0}; `nhip token revoke` ends that one first")]
    Known(String),
    /// There are too many.
    #[error("there are {TOKENS_MAX} tokens; remove {FILE} when none of them is used any more")]
    TooMany,
    /// No token has this id.
    #[error("no token has the id {0}; `nhip token list` shows them")]
    Unknown(String),
}

/// A token as it is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Token {
    /// Its name in records and lists.
    pub(crate) id: String,
    /// SHA-256 of its text, which has 256 bits of chance in it, so that nothing slower is needed; or of a certificate.
    pub(crate) sha256: String,
    /// It has no text: whoever comes with the certificate of that hash has it.
    #[serde(default)]
    pub(crate) is_certificate: bool,
    /// What it is for, in words of whoever made it.
    pub(crate) name: String,
    pub(crate) role: Role,
    /// Units whose subtree it covers; none for all.
    pub(crate) units: Vec<String>,
    /// The officer it stands for.
    pub(crate) officer: Option<String>,
    /// The one source it writes for.
    pub(crate) source: Option<String>,
    pub(crate) made: String,
    pub(crate) expires: String,
    pub(crate) revoked: Option<String>,
}

impl Token {
    /// Whether it is good at `now`.
    pub(crate) fn is_good(&self, now: Instant) -> bool {
        let expires = Instant::parse(&self.expires);
        self.revoked.is_none() && expires.is_some_and(|expires| now < expires)
    }

    fn scope(&self) -> Scope {
        Scope {
            who: format!("token:{}", self.id),
            role: self.role,
            units: match (self.units.as_slice(), self.role.needs_units()) {
                ([], false) => Units::All,
                (units, _) => Units::Under(units.to_vec()),
            },
            officer: self.officer.clone(),
            fields: self.role.fields(),
            source: self.source.clone(),
            pass: Pass::Token(self.id.clone()),
        }
    }
}

/// What is wanted of a new token.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) units: Vec<String>,
    pub(crate) officer: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) expires: Instant,
    /// The certificate it is shown by (DER), instead of a text.
    pub(crate) certificate: Option<Vec<u8>>,
}

/// The hash by which a token's text is found.
fn hash(shown: impl AsRef<[u8]>) -> String {
    hexadecimal(&Sha256::digest(shown))
}

/// All tokens of a folder, sorted as they were made.
pub(crate) fn read(folder: &Path) -> Result<Vec<Token>, TokenError> {
    let path = folder.join(FILE);
    let shown = || path.display().to_string();
    let mut text = String::new();
    match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(TokenError::Disk { path: shown(), error }),
        Ok(file) => file
            .take(FILE_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| TokenError::Disk { path: shown(), error })?,
    };
    serde_json::from_str(&text)
        .map_err(|error| TokenError::Damaged { path: shown(), error: error.to_string() })
}

/// Makes a token; its text, which is shown to nobody again and empty for a certificate, and its id.
pub(crate) fn add(folder: &Path, wanted: Wanted, now: Instant) -> Result<(String, String), TokenError> {
    let _held = hold(folder)?;
    let mut tokens = read(folder)?;
    if tokens.len() >= TOKENS_MAX {
        return Err(TokenError::TooMany);
    }
    let text = match wanted.certificate {
        Some(_) => String::new(),
        None => format!("{PREFIX}{}", hexadecimal(&random::<32>())),
    };
    let sha256 = wanted.certificate.as_ref().map_or_else(|| hash(&text), hash);
    if let Some(known) = tokens.iter().find(|token| token.sha256 == sha256 && token.is_good(now)) {
        return Err(TokenError::Known(known.id.clone()));
    }
    let id = hexadecimal(&random::<4>());
    tokens.push(Token {
        id: id.clone(),
        sha256,
        is_certificate: wanted.certificate.is_some(),
        name: wanted.name,
        role: wanted.role,
        units: wanted.units,
        officer: wanted.officer,
        source: wanted.source,
        made: now.to_utc(),
        expires: wanted.expires.to_utc(),
        revoked: None,
    });
    write(folder, &tokens)?;
    Ok((text, id))
}

/// Revokes a token for good.
pub(crate) fn revoke(folder: &Path, id: &str, now: Instant) -> Result<(), TokenError> {
    let _held = hold(folder)?;
    let mut tokens = read(folder)?;
    let found = tokens.iter_mut().find(|token| token.id == id);
    let token = found.ok_or_else(|| TokenError::Unknown(id.to_owned()))?;
    token.revoked.get_or_insert_with(|| now.to_utc());
    write(folder, &tokens)
}

/// Keeps a second command away while one writes.
fn hold(folder: &Path) -> Result<File, TokenError> {
    let path = folder.join("tokens.lock");
    let refused = |error| TokenError::Disk { path: path.display().to_string(), error };
    let file = private().create(true).truncate(false).open(&path).map_err(refused)?;
    file.lock().map_err(refused)?;
    Ok(file)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn write(folder: &Path, tokens: &[Token]) -> Result<(), TokenError> {
    let text = serde_json::to_vec_pretty(tokens).unwrap_or_default();
    write_private(&folder.join(FILE), &text)
        .map_err(|error| TokenError::Disk { path: folder.join(FILE).display().to_string(), error })
}

/// Replaces a file whole, readable by its owner only.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = private().create(true).truncate(true).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// By what a changed file is told from the one that was read.
type Stamp = Option<(SystemTime, u64)>;

#[derive(Debug)]
struct Known {
    looked: Option<std::time::Instant>,
    stamp: Stamp,
    /// By hash; nothing when the file cannot be read.
    by_hash: HashMap<String, Token>,
}

/// The tokens a running server knows.
#[derive(Debug)]
pub(crate) struct Tokens {
    folder: PathBuf,
    known: Mutex<Known>,
}

impl Tokens {
    /// Those of a folder.
    pub(crate) fn of(folder: &Path) -> Tokens {
        let known = Known { looked: None, stamp: None, by_hash: HashMap::new() };
        Tokens { folder: folder.to_owned(), known: Mutex::new(known) }
    }

    /// Whose a token's text is, if it is good at `now`.
    pub(crate) fn scope_of(&self, text: &str, now: Instant) -> Option<Scope> {
        self.scope_by(&hash(text), false, now)
    }

    /// Whose a certificate is, if its token is good at `now`.
    pub(crate) fn scope_of_certificate(&self, fingerprint: &Fingerprint, now: Instant) -> Option<Scope> {
        self.scope_by(&hexadecimal(fingerprint), true, now)
    }

    fn scope_by(&self, hash: &str, is_certificate: bool, now: Instant) -> Option<Scope> {
        let is_it = |token: &&Token| token.is_certificate == is_certificate && token.is_good(now);
        self.with(|tokens| tokens.get(hash).filter(is_it).map(Token::scope))
    }

    /// Whether the token of this id is good at `now`.
    pub(crate) fn is_good(&self, id: &str, now: Instant) -> bool {
        self.with(|tokens| tokens.values().any(|token| token.id == id && token.is_good(now)))
    }

    fn with<T>(&self, ask: impl FnOnce(&HashMap<String, Token>) -> T) -> T {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY) {
            self.look(&mut known);
        }
        ask(&known.by_hash)
    }

    fn look(&self, known: &mut Known) {
        let stamp = fs::metadata(self.folder.join(FILE))
            .ok()
            .and_then(|file| Some((file.modified().ok()?, file.len())));
        if known.looked.is_none() || known.stamp != stamp {
            match read(&self.folder) {
                Ok(tokens) => {
                    let by_hash = tokens.into_iter().map(|token| (token.sha256.clone(), token));
                    known.by_hash = by_hash.collect();
                }
                Err(problem) => {
                    tracing::error!(%problem, "tokens cannot be read; no token is let in");
                    known.by_hash.clear();
                }
            }
            known.stamp = stamp;
        }
        known.looked = Some(std::time::Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Instant {
        Instant::from_unix(1_800_000_000 + second, 0)
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("nhip-tokens-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder can be made");
        folder
    }

    fn wanted() -> Wanted {
        let (name, expires) = ("test".to_owned(), at(100));
        let units = Vec::new();
        Wanted { name, role: Role::Auditor, units, officer: None, source: None, expires, certificate: None }
    }

    #[test]
    fn a_token_is_good_from_its_making_until_it_expires_or_is_revoked() {
        let folder = folder("good");
        let (text, id) = add(&folder, wanted(), at(0)).expect("it is made");
        let (other, _) = add(&folder, wanted(), at(0)).expect("it is made");
        assert_ne!(text, other);
        let tokens = Tokens::of(&folder);
        let scope = tokens.scope_of(&text, at(99)).expect("it is good");
        assert_eq!((scope.role, scope.pass), (Role::Auditor, Pass::Token(id.clone())));
        assert_eq!(tokens.scope_of(&text, at(100)), None, "it has expired");
        for wrong in ["", "nhip_", &text[..text.len() - 1], &text.to_uppercase(), &hash(&text)] {
            assert_eq!(tokens.scope_of(wrong, at(99)), None, "{wrong}");
        }
        revoke(&folder, &id, at(50)).expect("it is there");
        assert_eq!(Tokens::of(&folder).scope_of(&text, at(99)), None, "it is revoked");
        assert!(Tokens::of(&folder).scope_of(&other, at(99)).is_some(), "the other is not");
        assert!(matches!(revoke(&folder, "none", at(50)), Err(TokenError::Unknown(_))));
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }

    #[test]
    fn a_certificate_is_a_token_that_no_text_stands_for() {
        let folder = folder("certificate");
        let certificate = b"the bytes of a certificate".to_vec();
        let of = |certificate: &[u8]| Wanted { certificate: Some(certificate.to_vec()), ..wanted() };
        let (text, id) = add(&folder, of(&certificate), at(0)).expect("it is made");
        assert_eq!(text, "");
        let fingerprint: Fingerprint = Sha256::digest(&certificate).into();
        let tokens = Tokens::of(&folder);
        let scope = tokens.scope_of_certificate(&fingerprint, at(99)).expect("it is good");
        assert_eq!(scope.pass, Pass::Token(id.clone()));
        assert_eq!(tokens.scope_of_certificate(&fingerprint, at(100)), None, "it has expired");
        assert_eq!(tokens.scope_of("the bytes of a certificate", at(99)), None, "it is no text");
        let (text, _) = add(&folder, wanted(), at(0)).expect("it is made");
        let of_text: Fingerprint = Sha256::digest(&text).into();
        assert_eq!(
            Tokens::of(&folder).scope_of_certificate(&of_text, at(99)),
            None,
            "a text is no certificate"
        );
        assert!(
            matches!(add(&folder, of(&certificate), at(50)), Err(TokenError::Known(known)) if known == id)
        );
        revoke(&folder, &id, at(50)).expect("it is there");
        assert_eq!(Tokens::of(&folder).scope_of_certificate(&fingerprint, at(60)), None, "it is revoked");
        add(&folder, of(&certificate), at(70)).expect("it may be made known again");
        assert!(Tokens::of(&folder).scope_of_certificate(&fingerprint, at(80)).is_some());
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }

    #[test]
    fn the_file_holds_no_token_is_the_owners_alone_and_lets_nobody_in_when_damaged() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = folder("file");
        let (text, _) = add(&folder, wanted(), at(0)).expect("it is made");
        let path = folder.join(FILE);
        let kept = fs::read_to_string(&path).expect("it can be read");
        assert!(!kept.contains(&text[PREFIX.len()..]), "only its hash is kept");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
        fs::write(&path, &kept[..kept.len() / 2]).expect("it can be written");
        assert_eq!(Tokens::of(&folder).scope_of(&text, at(1)), None);
        assert!(
            matches!(add(&folder, wanted(), at(0)), Err(TokenError::Damaged { .. })),
            "nothing is overwritten"
        );
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }
}
