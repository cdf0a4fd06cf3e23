//! The local account for when nothing else lets anybody in: one name, a password kept as an Argon2id hash.
//!
//! It is made by `nhip admin set-password` and lies in the folder of access. Not here: sessions, how often one may try.

use std::fs;
use std::path::Path;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Argon2, password_hash};
use serde::{Deserialize, Serialize};

use super::random;
use super::role::Role;
use super::scope::{Pass, Scope, Units};
use super::tokens::write_private;

/// The file.
const FILE: &str = "account.json";
/// Characters a password has at least, and bytes at most.
pub(crate) const PASSWORD_MIN: usize = 15;
pub(crate) const PASSWORD_BYTES_MAX: usize = 1024;
/// Stands for the hash of an account that is not there, so that trying takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ib2R5$dGhpcyBpcyBub2JvZHkncyBoYXNoIGF0IGFsbCEhISE";

/// The account as it is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) hash: String,
}

/// Makes or replaces the account.
pub(crate) fn set(folder: &Path, name: &str, role: Role, password: &str) -> Result<(), String> {
    if password.chars().count() < PASSWORD_MIN || password.len() > PASSWORD_BYTES_MAX {
        return Err(format!(
            "a password has {PASSWORD_MIN} characters at least and {PASSWORD_BYTES_MAX} bytes at most"
        ));
    }
    let hash = hashed(password).map_err(|error| error.to_string())?;
    let account = Account { name: name.to_owned(), role, hash };
    let text = serde_json::to_vec_pretty(&account).unwrap_or_default();
    let path = folder.join(FILE);
    write_private(&path, &text).map_err(|error| format!("{}: {error}", path.display()))
}

fn hashed(password: &str) -> Result<String, password_hash::Error> {
    let salt = SaltString::encode_b64(&random::<16>())?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt)?.to_string())
}

/// The scope of whoever knows the account's name and password. It takes its time: not on an async thread.
pub(crate) fn scope_of(folder: &Path, name: &str, password: &str) -> Option<Scope> {
    if password.len() > PASSWORD_BYTES_MAX {
        return None;
    }
    let account =
        fs::read(folder.join(FILE)).ok().and_then(|bytes| serde_json::from_slice::<Account>(&bytes).ok());
    let hash = account.as_ref().map_or(NOBODY, |account| account.hash.as_str());
    let is_right = PasswordHash::new(hash)
        .and_then(|hash| Argon2::default().verify_password(password.as_bytes(), &hash))
        .is_ok();
    let account = account.filter(|account| is_right && account.name == name)?;
    Some(Scope {
        who: format!("account:{}", account.name),
        role: account.role,
        units: Units::All,
        officer: None,
        fields: account.role.fields(),
        source: None,
        pass: Pass::None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_name_and_password_together_are_somebody() {
        let folder = std::env::temp_dir().join(format!("nhip-account-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder can be made");
        let password = "đúng mười lăm ký tự";
        assert_eq!(scope_of(&folder, "quan-tri", password), None, "there is no account yet");
        assert!(set(&folder, "quan-tri", Role::Operator, "too short").is_err());
        set(&folder, "quan-tri", Role::Operator, password).expect("it is made");
        let scope = scope_of(&folder, "quan-tri", password).expect("it is right");
        assert_eq!((scope.who.as_str(), scope.role), ("account:quan-tri", Role::Operator));
        for (name, wrong) in [("quan-tri", "đúng mười lăm ký tu"), ("quan", password), ("quan-tri", "")]
        {
            assert_eq!(scope_of(&folder, name, wrong), None);
        }
        let kept = fs::read_to_string(folder.join(FILE)).expect("it can be read");
        assert!(kept.contains("$argon2id$") && !kept.contains("mười"));
        assert!(PasswordHash::new(NOBODY).is_ok(), "trying a name that is not there takes as long");
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }
}
