//! Who asks, and what they may see: one object that every answer is made through.
//!
//! A scope is a role, the units whose subtree it covers, the officer somebody is, and classes of data. It is decided once,
//! by the guard, and travels with the request; without one a request is nobody's, who may see nothing. The tree is the one
//! each unit last had. Not here: how somebody proves who they are (`guard`, `sessions`, `tokens`).

use compute::codes::Code;
use compute::engine::{Snapshot, Story};
use compute::figures::{Figures, Level, UnitFigures};

use super::role::{Field, Fields, Role};

/// Units above a unit that are looked at; a ring is refused at intake, a bound all the same.
const ABOVE_MAX: usize = 16;

/// How somebody proved who they are, to be asked again while an answer goes on.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) enum Pass {
    /// They did not.
    #[default]
    None,
    /// The server asks nobody: it listens on loopback only.
    Open,
    /// A token, by its id.
    Token(String),
    /// A session, by the hash of its id.
    Session([u8; 32]),
}

/// The units somebody has to do with.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Units {
    /// All of them.
    All,
    /// These and what is below them.
    Under(Vec<String>),
}

impl Units {
    /// Whether `unit` is one of them or below one.
    pub(crate) fn cover(&self, unit: &str, snapshot: &Snapshot) -> bool {
        let roots = match self {
            Units::All => return true,
            Units::Under(roots) => roots,
        };
        let names = snapshot.codes.names();
        let is_root = |code: &str| roots.iter().any(|root| root == code);
        let mut unit = unit.to_owned();
        for _ in 0..ABOVE_MAX {
            if is_root(&unit) {
                return true;
            }
            match names.find(&unit).and_then(|code| parent(snapshot, code)) {
                Some(above) => names.text(above).clone_into(&mut unit),
                None => return false,
            }
        }
        false
    }
}

/// Who asks and what they may see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Scope {
    /// By what name they are recorded: an account or a token, never a person's own name.
    pub(crate) who: String,
    pub(crate) role: Role,
    pub(crate) units: Units,
    /// The officer they are.
    pub(crate) officer: Option<String>,
    pub(crate) fields: Fields,
    /// The one source a sender writes for.
    pub(crate) source: Option<String>,
    pub(crate) pass: Pass,
}

impl Default for Scope {
    fn default() -> Scope {
        Scope::nobody()
    }
}

/// Something that is shown to some and not to others.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'a> {
    /// An agency's figures.
    Unit(&'a str),
    /// The dossiers behind an agency's figures.
    DossiersOf(&'a str),
    /// Figures and dossiers of an officer of an agency.
    Officer { officer: &'a str, agency: &'a str },
    /// A dossier.
    Dossier(&'a Story),
}

impl Scope {
    /// Nobody: nothing but what is published.
    pub(crate) fn nobody() -> Scope {
        Scope {
            who: String::new(),
            role: Role::Public,
            units: Units::Under(Vec::new()),
            officer: None,
            fields: Fields::default(),
            source: None,
            pass: Pass::None,
        }
    }

    /// Whoever can reach a server that asks nobody.
    pub(crate) fn open() -> Scope {
        Scope {
            who: "open".to_owned(),
            role: Role::Leader,
            units: Units::All,
            officer: None,
            fields: Fields::all(),
            source: None,
            pass: Pass::Open,
        }
    }

    /// Whether they asked as somebody.
    pub(crate) fn is_somebody(&self) -> bool {
        self.pass != Pass::None
    }

    /// Whether anything of `field` may be theirs to see.
    pub(crate) fn has(&self, field: Field) -> bool {
        self.fields.has(field)
    }

    /// Whether they may see `what`.
    pub(crate) fn may(&self, what: What<'_>, snapshot: &Snapshot) -> bool {
        match what {
            What::Unit(unit) => self.agencies().is_some_and(|units| units.cover(unit, snapshot)),
            What::DossiersOf(unit) => {
                self.has(Field::Dossiers) && self.role != Role::Officer && self.covers(unit, snapshot)
            }
            What::Officer { officer, agency } => {
                self.has(Field::Officers)
                    && match self.role {
                        Role::Officer => self.officer.as_deref() == Some(officer),
                        _ => self.covers(agency, snapshot),
                    }
            }
            What::Dossier(story) => self.has(Field::Dossiers) && self.may_dossier(story, snapshot),
        }
    }

    fn may_dossier(&self, story: &Story, snapshot: &Snapshot) -> bool {
        let names = snapshot.codes.names();
        let (_, agency, officer) = story.codes;
        if self.role == Role::Officer {
            return officer.is_some_and(|officer| self.officer.as_deref() == Some(names.text(officer)));
        }
        // Whoever may open the list of a unit may open what is on it.
        let mut units = story.chain.iter().copied().chain(agency);
        self.units == Units::All || units.any(|unit| self.covers(names.text(unit), snapshot))
    }

    /// The units whose agencies' figures they may see.
    pub(crate) fn agencies(&self) -> Option<&Units> {
        // All agencies' figures are published every month; only an officer is kept to their own units.
        let units = if self.role == Role::Officer { &self.units } else { &Units::All };
        self.has(Field::Figures).then_some(units)
    }

    /// Whether `unit` is one of their units or below one.
    pub(crate) fn covers(&self, unit: &str, snapshot: &Snapshot) -> bool {
        self.units.cover(unit, snapshot)
    }

    /// Whether a unit's figures may be shown.
    pub(crate) fn may_see(&self, unit: &UnitFigures, level: Level, snapshot: &Snapshot) -> bool {
        match level {
            Level::Agency => self.may(What::Unit(&unit.code), snapshot),
            Level::Officer => self.may(What::Officer { officer: &unit.code, agency: &unit.class }, snapshot),
        }
    }

    /// The rows of `figures` that are theirs to see; `None` when that is all of them.
    pub(crate) fn part_of(&self, figures: &Figures, snapshot: &Snapshot) -> Option<Figures> {
        let is_theirs = |unit: &UnitFigures| self.may_see(unit, figures.level, snapshot);
        if figures.units.iter().all(is_theirs) {
            return None;
        }
        Some(figures.of_units(figures.units.iter().filter(|unit| is_theirs(unit)).cloned().collect()))
    }

    /// A short text that two scopes share only if they see the same: answers kept by a browser bear it.
    pub(crate) fn mark(&self) -> String {
        use sha2::{Digest, Sha256};
        let told = format!("{:?}", (&self.role, &self.units, &self.officer, &self.fields, &self.who));
        super::hexadecimal(&Sha256::digest(told)[..6])
    }
}

/// The unit above `unit` in the newest period that knows it.
fn parent(snapshot: &Snapshot, unit: Code) -> Option<Code> {
    let mut known = snapshot.periods.iter().rev().filter_map(|period| period.frame.unit(unit));
    known.next().and_then(|unit| unit.parent)
}

/// Where an officer serves, by the newest period that knows them.
pub(super) fn agency_of_officer(officer: &str, snapshot: &Snapshot) -> Option<String> {
    let names = snapshot.codes.names();
    let code = names.find(officer)?;
    let mut known = snapshot.periods.iter().rev().filter_map(|period| {
        let officers = &period.frame.officers;
        officers.iter().find(|known| known.code == code).map(|known| known.agency)
    });
    known.next().map(|agency| names.text(agency).to_owned())
}
