//! Sessions of people: a random id in a cookie, its hash in memory, two ends in time.
//!
//! Nothing of a session is on disk: a restart signs everybody out. An id is made at sign-in and never taken from a
//! browser, so that nobody can fix one beforehand. Not here: cookies' words (`cookie`), passwords (`accounts`).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::oidc::flow::AtProvider;
use super::scope::{Pass, Scope};
use super::settings::Settings;
use super::{hexadecimal, random};

/// Sessions at once; beyond it the one that was idle longest ends.
const SESSIONS_MAX: usize = 10_000;

#[derive(Clone, Debug)]
struct Session {
    scope: Scope,
    /// By what a provider can end it.
    at_provider: AtProvider,
    began: Instant,
    last_asked: Instant,
}

/// All sessions there are.
#[derive(Debug)]
pub(crate) struct Sessions {
    idle: Duration,
    whole: Duration,
    known: Mutex<HashMap<[u8; 32], Session>>,
}

/// The hash by which a session is known.
fn hash(id: &str) -> [u8; 32] {
    Sha256::digest(id).into()
}

/// What a form of this session bears, so that a page of somebody else's cannot send it.
pub(crate) fn form_token(id: &str) -> String {
    hexadecimal(&Sha256::digest(format!("nhip form {id}")))
}

/// An id nobody can guess.
pub(crate) fn new_id() -> String {
    hexadecimal(&random::<32>())
}

impl Sessions {
    pub(super) fn new(settings: &Settings) -> Sessions {
        let idle = Duration::from_mins(settings.session_idle_minutes.into());
        let whole = Duration::from_hours(settings.session_hours.into());
        Sessions { idle, whole, known: Mutex::default() }
    }

    /// Begins a session; its id, for the cookie.
    pub(in crate::serve) fn begin(&self, scope: Scope, at_provider: AtProvider, now: Instant) -> String {
        let id = new_id();
        let mut known = self.held();
        known.retain(|_, session| self.is_alive(session, now));
        if known.len() >= SESSIONS_MAX {
            let idlest = known.iter().min_by_key(|(_, session)| session.last_asked).map(|(hash, _)| *hash);
            idlest.and_then(|hash| known.remove(&hash));
        }
        let scope = Scope { pass: Pass::Session(hash(&id)), ..scope };
        known.insert(hash(&id), Session { scope, at_provider, began: now, last_asked: now });
        id
    }

    /// Whose a session is; asking keeps it from idling.
    pub(crate) fn scope_of(&self, id: &str, now: Instant) -> Option<Scope> {
        let mut known = self.held();
        let session = known.get_mut(&hash(id)).filter(|session| self.is_alive(session, now))?;
        session.last_asked = now;
        Some(session.scope.clone())
    }

    /// Whether a session goes on; an open stream does not keep it from idling.
    pub(crate) fn is_good(&self, hash: &[u8; 32], now: Instant) -> bool {
        self.held().get(hash).is_some_and(|session| self.is_alive(session, now))
    }

    /// Ends a session.
    pub(crate) fn end(&self, id: &str) {
        self.held().remove(&hash(id));
    }

    /// Ends what a provider ends: one session of its own by its name, or all of somebody's. How many.
    pub(in crate::serve) fn end_at_provider(&self, ended: &AtProvider) -> usize {
        let is_ended = |session: &Session| match (&ended.session, &ended.subject) {
            (Some(_), subject) => {
                session.at_provider.session == ended.session
                    && (subject.is_none() || session.at_provider.subject == *subject)
            }
            (None, Some(_)) => session.at_provider.subject == ended.subject,
            (None, None) => false,
        };
        let mut known = self.held();
        let before = known.len();
        known.retain(|_, session| !is_ended(session));
        before - known.len()
    }

    fn is_alive(&self, session: &Session, now: Instant) -> bool {
        now.saturating_duration_since(session.last_asked) < self.idle
            && now.saturating_duration_since(session.began) < self.whole
    }

    fn held(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> Sessions {
        let table = "public_url = \"https://n\"\nsession_idle_minutes = 30\nsession_hours = 2".parse();
        Sessions::new(&Settings::read(table.expect("it is TOML")).expect("they are right"))
    }

    #[test]
    fn a_session_ends_when_idle_when_old_and_when_told() {
        let (sessions, start) = (sessions(), Instant::now());
        let after = |minutes| start + Duration::from_mins(minutes);
        let id = sessions.begin(Scope::open(), AtProvider::default(), start);
        assert!(sessions.scope_of(&id, after(29)).is_some());
        assert!(sessions.scope_of(&id, after(58)).is_some(), "asking keeps it");
        assert!(sessions.scope_of(&id, after(88)).is_none(), "it was idle");
        let id = sessions.begin(Scope::open(), AtProvider::default(), start);
        for minutes in (20..120).step_by(20) {
            assert!(sessions.scope_of(&id, after(minutes)).is_some());
        }
        assert!(sessions.scope_of(&id, after(120)).is_none(), "it is old");
        let id = sessions.begin(Scope::open(), AtProvider::default(), start);
        sessions.end(&id);
        assert!(sessions.scope_of(&id, start).is_none());
    }

    #[test]
    fn an_id_is_nobodys_who_was_not_given_it() {
        let (sessions, now) = (sessions(), Instant::now());
        let (one, other) = (
            sessions.begin(Scope::open(), AtProvider::default(), now),
            sessions.begin(Scope::open(), AtProvider::default(), now),
        );
        assert_ne!(one, other);
        let scope = sessions.scope_of(&one, now).expect("it is good");
        assert_eq!(scope.pass, Pass::Session(hash(&one)));
        for wrong in ["", "fixed", &one[1..], &hexadecimal(&hash(&one))] {
            assert!(sessions.scope_of(wrong, now).is_none(), "{wrong}");
        }
        assert_ne!(form_token(&one), form_token(&other));
    }

    #[test]
    fn a_provider_ends_one_session_or_all_of_somebody_and_nobody_elses() {
        let (sessions, now) = (sessions(), Instant::now());
        let named = |subject: &str, session: &str| AtProvider {
            subject: Some(subject.to_owned()).filter(|text| !text.is_empty()),
            session: Some(session.to_owned()).filter(|text| !text.is_empty()),
        };
        let ids = [("a", "1"), ("a", "2"), ("b", "3")]
            .map(|(subject, session)| sessions.begin(Scope::open(), named(subject, session), now));
        let local = sessions.begin(Scope::open(), AtProvider::default(), now);
        assert_eq!(sessions.end_at_provider(&named("", "")), 0);
        assert_eq!(sessions.end_at_provider(&named("b", "1")), 0, "both must fit");
        assert_eq!(sessions.end_at_provider(&named("", "1")), 1);
        assert_eq!(sessions.end_at_provider(&named("a", "")), 1);
        let alive = ids.map(|id| sessions.scope_of(&id, now).is_some());
        assert_eq!((alive, sessions.scope_of(&local, now).is_some()), ([false, false, true], true));
    }
}
