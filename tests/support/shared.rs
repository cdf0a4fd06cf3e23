//! Data that lies beside the repository and is not shipped: published figures, the municipal log.

use std::path::PathBuf;

/// The repository's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the repository").to_owned()
}

/// A file of `NHIP_SHARED`, or of `shared` beside the repository. Says so loudly when it is not there.
pub fn file(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("NHIP_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("!!! NOT CHECKED: {} is absent; set NHIP_SHARED to the folder that has {name}", path.display());
    None
}
