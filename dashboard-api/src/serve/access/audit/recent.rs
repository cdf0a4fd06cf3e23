//! What somebody saw a short while ago: a page that is kept open and comes anew by itself is one sight, and one line.
//!
//! Known only after it was written down. Not here: what is taken along or changed, which is a line each time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::Entry;

/// How long a sight is the same one.
const SAME_FOR: Duration = Duration::from_mins(10);
/// Sights known; when there are more, all are forgotten, which writes lines more and none less.
const KNOWN_MAX: usize = 65_536;

/// The sights of the last minutes.
#[derive(Debug, Default)]
pub(in crate::serve::access) struct Recent(Mutex<HashMap<[u8; 32], Instant>>);

fn hash(entry: &Entry) -> [u8; 32] {
    Sha256::digest(format!("{entry:?}")).into()
}

impl Recent {
    /// Whether this sight was written down a short while ago.
    pub(in crate::serve::access) fn has(&self, entry: &Entry, now: Instant) -> bool {
        self.held().get(&hash(entry)).is_some_and(|at| now.saturating_duration_since(*at) < SAME_FOR)
    }

    /// It was written down just now.
    pub(in crate::serve::access) fn note(&self, entry: &Entry, now: Instant) {
        let mut known = self.held();
        if known.len() >= KNOWN_MAX {
            known.retain(|_, at| now.saturating_duration_since(*at) < SAME_FOR);
        }
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(hash(entry), now);
    }

    fn held(&self) -> MutexGuard<'_, HashMap<[u8; 32], Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sight_is_the_same_for_ten_minutes_by_the_same_person_of_the_same_thing() {
        let entry = |who: &str, dossier: &str| Entry {
            who: who.to_owned(),
            role: "auditor",
            did: "seen",
            what: "GET /ho-so/{dossier}".to_owned(),
            of: vec![("dossier".to_owned(), dossier.to_owned())],
        };
        let (recent, start) = (Recent::default(), Instant::now());
        assert!(!recent.has(&entry("a", "1"), start));
        recent.note(&entry("a", "1"), start);
        assert!(recent.has(&entry("a", "1"), start + Duration::from_secs(599)));
        assert!(!recent.has(&entry("a", "1"), start + SAME_FOR));
        assert!(!recent.has(&entry("b", "1"), start) && !recent.has(&entry("a", "2"), start));
    }
}
