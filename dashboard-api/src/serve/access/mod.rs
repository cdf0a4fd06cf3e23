//! Who may see and do what: every request passes through one guard, which finds out who asks and puts one scope into it.
//!
//! `table` says for each route who comes in, `role` what an office has to do with, `scope` what somebody may see of it;
//! `tokens` are programs' keys, `sessions`, `accounts` and `oidc` people's; `rate`
//! bounds asking, `producing` what a sender may write, `tags` keeps caches apart, `record` tells who saw what and `audit`
//! keeps it. Without settings nobody is asked and the server listens on loopback only. Not here: TLS (`doorway`).

pub(crate) mod accounts;
pub(crate) mod audit;
pub(super) mod guard;
pub(crate) mod oidc;
pub(super) mod producing;
mod rate;
mod record;
pub(crate) mod role;
pub(crate) mod scope;
pub(super) mod sessions;
pub(crate) mod settings;
mod table;
mod tags;
pub(crate) mod tokens;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::rand::{SecureRandom as _, SystemRandom};

use compute::engine::{Snapshot, Story};
use compute::figures::Level;

use super::problem::Problem;
use audit::Audit;
use audit::recent::Recent;
use oidc::flow::Flow;
use rate::Rate;
use scope::{Pass, Scope, Units, What};
use sessions::Sessions;
use settings::Settings;
use tokens::Tokens;

/// The folder of access in a data folder.
const FOLDER: &str = "access";
/// Tries to sign in that may be made at once and in a second, by everybody together.
const SIGN_INS: (u32, f64) = (10, 0.2);
/// Ways to the provider that may be begun at once and in a second, and sessions it may end, by everybody together.
const WAYS: (u32, f64) = (200, 50.0);

/// What the server asks of those who come; nothing when it is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access(Option<Arc<Guarded>>);

/// A server that asks.
#[derive(Debug)]
pub(crate) struct Guarded {
    pub(crate) settings: Settings,
    pub(crate) folder: PathBuf,
    tokens: Tokens,
    sessions: Sessions,
    rate: Rate,
    sign_ins: Rate,
    ways: Rate,
    pub(crate) audit: Audit,
    recent: Recent,
    pub(in crate::serve) flow: Option<Arc<Flow>>,
}

impl Access {
    /// With these settings; everything it keeps lies in `folder`.
    ///
    /// # Errors
    /// A sentence naming what cannot be used.
    pub(crate) fn start(settings: Settings, folder: PathBuf) -> Result<Access, String> {
        prepare(&folder)?;
        let audit = Audit::start(&folder, settings.audit_days)?;
        let (tokens, sessions) = (Tokens::of(&folder), Sessions::new(&settings));
        let rate = Rate::new(f64::from(settings.requests_per_second), settings.requests_per_second * 2);
        let (sign_ins, ways) = (Rate::new(SIGN_INS.1, SIGN_INS.0), Rate::new(WAYS.1, WAYS.0));
        let through = |provider| Flow::of(provider, settings.grants.clone(), &settings.public_url);
        let flow = settings.oidc.as_ref().map(through).transpose();
        let flow = flow.map_err(|why| format!("settings of access.oidc: {why}"))?.map(Arc::new);
        let guarded = Guarded {
            settings,
            folder,
            tokens,
            sessions,
            rate,
            sign_ins,
            ways,
            audit,
            recent: Recent::default(),
            flow,
        };
        Ok(Access(Some(Arc::new(guarded))))
    }

    /// What asks, if anything does.
    pub(crate) fn guarded(&self) -> Option<&Arc<Guarded>> {
        self.0.as_ref()
    }

    /// Whether whoever got `scope` would still get in: asked again and again while an answer goes on.
    pub(crate) fn still_lets_in(&self, scope: &Scope) -> bool {
        let Some(guarded) = &self.0 else { return scope.pass == Pass::Open };
        match &scope.pass {
            Pass::None | Pass::Open => false,
            Pass::Token(id) => guarded.tokens.is_good(id, now()),
            Pass::Session(hash) => guarded.sessions.is_good(hash, std::time::Instant::now()),
        }
    }
}

impl Guarded {
    /// The name of the cookie of a session; by TLS one that no other host can set.
    pub(super) fn cookie_name(&self) -> &'static str {
        if self.settings.is_secure() { "__Host-nhip" } else { "nhip" }
    }

    /// Takes one try of a password, or says how long to wait.
    pub(super) fn try_password(&self) -> Result<(), Problem> {
        too_often(self.sign_ins.take("password", std::time::Instant::now()))
    }

    /// Takes one question to the provider of this kind, or says how long to wait.
    pub(super) fn try_provider(&self, kind: &str) -> Result<(), Problem> {
        too_often(self.ways.take(kind, std::time::Instant::now()))
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.sessions
    }
}

/// Goes on only if `scope` may see `what`.
pub(super) fn only(scope: &Scope, what: What<'_>, snapshot: &Snapshot) -> Result<(), Problem> {
    if scope.may(what, snapshot) {
        return Ok(());
    }
    Err(not_covered(scope))
}

fn not_covered(scope: &Scope) -> Problem {
    Problem::Forbidden(format!("the role {} does not cover this; ask whoever gives roles", scope.role.name()))
}

/// The story, if there is one and it is theirs; who sees only a part is not told whether the rest is there.
pub(super) fn only_whose_dossier(
    scope: &Scope,
    story: Option<Story>,
    code: &str,
    snapshot: &Snapshot,
) -> Result<Story, Problem> {
    match story {
        Some(story) => only(scope, What::Dossier(&story), snapshot).map(|()| story),
        None if scope.units == Units::All => {
            Err(Problem::unknown("subject", format!("no event names the dossier {code}")))
        }
        None => Err(not_covered(scope)),
    }
}

/// Goes on only if the list of this unit or officer is theirs.
pub(super) fn only_whose_list(
    scope: &Scope,
    code: &str,
    level: Level,
    snapshot: &Snapshot,
) -> Result<(), Problem> {
    match level {
        Level::Agency => only(scope, What::DossiersOf(code), snapshot),
        Level::Officer => {
            let agency = scope::agency_of_officer(code, snapshot);
            only(
                scope,
                What::Officer { officer: code, agency: agency.as_deref().unwrap_or_default() },
                snapshot,
            )
        }
    }
}

fn too_often(taken: Result<(), std::time::Duration>) -> Result<(), Problem> {
    taken.map_err(|wait| Problem::TooOften { seconds: wait.as_secs() + 1 })
}

/// The folder of access of a data folder.
pub(crate) fn folder_in(data: &Path) -> PathBuf {
    data.join(FOLDER)
}

/// Makes the folder, for its owner only.
pub(crate) fn prepare(folder: &Path) -> Result<(), String> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| format!("{}: {error}", folder.display()))
}

/// The instant now: whether a token has expired is a matter of the system's clock.
pub(crate) fn now() -> compute::instant::Instant {
    super::live::Clock::System.now()
}

/// Bytes nobody can guess.
pub(crate) fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).expect("the system gives chance, or nothing is safe");
    bytes
}

/// In hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
