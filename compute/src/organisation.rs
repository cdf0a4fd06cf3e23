//! Agencies and officers: definitions with validity, and the tree in force at an instant.
//!
//! The hierarchy is data and effective-dated (events.md): two tiers since July 2025, three before. Not here:
//! what a unit's figures are; who may see them.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::codes::Code;
use crate::event::contract::AGENCY_KINDS;
use crate::event::{EventType, FieldId, Record, Value};
use crate::instant::Instant;

/// What an agency is; also its peer class. The place of the word in [`AGENCY_KINDS`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AgencyKind(pub(crate) u8);

impl AgencyKind {
    /// The province itself.
    pub const PROVINCE: AgencyKind = AgencyKind(0);
    /// A commune or ward.
    pub const COMMUNE: AgencyKind = AgencyKind(3);

    /// The kind with this word.
    pub fn find(word: &str) -> Option<AgencyKind> {
        let place = AGENCY_KINDS.iter().position(|known| *known == word)?;
        u8::try_from(place).ok().map(AgencyKind)
    }

    /// The word of the contract.
    pub fn name(self) -> &'static str {
        AGENCY_KINDS[self.0 as usize]
    }
}

/// One definition, valid in `[from, to)`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version<T> {
    /// First instant of validity.
    pub from: Instant,
    /// First instant after it.
    pub to: Instant,
    /// What was defined.
    pub what: T,
}

/// An agency as defined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agency {
    /// Name, Vietnamese.
    pub name: Arc<str>,
    /// Name, English.
    pub name_en: Option<Arc<str>>,
    /// Kind and peer class.
    pub kind: AgencyKind,
    /// The unit above.
    pub parent: Option<Code>,
}

/// An officer as defined.
#[derive(Clone, Debug)]
pub struct Officer {
    /// Name; internal, never in logs.
    pub name: Arc<str>,
    /// Where they serve.
    pub agency: Code,
}

/// The versions of one agency or officer, in the order of their events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Versions<T>(Vec<Version<T>>);

impl<T> Default for Versions<T> {
    fn default() -> Self {
        Versions(Vec::new())
    }
}

impl<T> Versions<T> {
    fn define(&mut self, record: &Record<'_>, what: T) {
        let from = record.instant(FieldId::ValidFrom);
        // Without a start the first definition holds from ever, later ones from their own time.
        let from = from.unwrap_or(if self.0.is_empty() { Instant::FIRST } else { record.time });
        let to = record.instant(FieldId::ValidTo).unwrap_or(Instant::LAST);
        self.0.push(Version { from, to, what });
    }

    /// The version in force at `at`: the greatest start among the valid ones, then the later event.
    pub fn at(&self, at: Instant) -> Option<&T> {
        let valid = self.0.iter().filter(|version| version.from <= at && at < version.to);
        valid.max_by_key(|version| version.from).map(|version| &version.what)
    }

    /// The version in force at `at`, else the one that was last in force before it.
    pub fn at_or_last(&self, at: Instant) -> Option<&T> {
        self.at(at).or_else(|| {
            let past = self.0.iter().filter(|version| version.from < version.to && version.to <= at);
            past.map(|version| version.to).max().and_then(|to| self.at(to.just_before()))
        })
    }

    /// Whether any validity meets `[start, end)`.
    pub fn meets(&self, start: Instant, end: Instant) -> bool {
        self.0.iter().any(|version| version.from.max(start) < version.to.min(end))
    }

    /// The last definition given, whatever its validity.
    pub fn latest(&self) -> Option<&T> {
        self.0.last().map(|version| &version.what)
    }

    /// Instants at which the version in force may change.
    pub fn edges(&self) -> impl Iterator<Item = Instant> {
        self.0.iter().flat_map(|version| [version.from, version.to])
    }
}

impl Versions<Agency> {
    /// From when on it has which parent, for as long as that changes nothing. None where no version is in force: a
    /// chain ends there either way.
    fn parents(&self) -> Vec<(Instant, Option<Code>)> {
        let mut edges: Vec<Instant> = self.edges().collect();
        edges.sort_unstable();
        let parents = edges.into_iter().map(|edge| (edge, self.at(edge).and_then(|version| version.parent)));
        let mut kept: Vec<(Instant, Option<Code>)> = Vec::new();
        for (edge, parent) in parents {
            if kept.last().and_then(|(_, last)| *last) != parent {
                kept.push((edge, parent));
            }
        }
        kept
    }
}

/// Everything known of agencies and officers.
#[derive(Clone, Debug, Default)]
pub struct Organisation {
    agencies: HashMap<Code, Versions<Agency>, RandomState>,
    officers: HashMap<Code, Versions<Officer>, RandomState>,
}

impl Organisation {
    /// Takes one standing `agency.defined` or `officer.defined`; events of a subject come in order.
    pub fn define(&mut self, subject: Code, record: &Record<'_>) {
        let text = |id| Arc::<str>::from(record.text(id).unwrap_or_default());
        match (record.event_type, record.field(FieldId::Kind), record.code(FieldId::Agency)) {
            (EventType::AgencyDefined, Some(Value::Choice(kind)), _) => {
                let agency = Agency {
                    name: text(FieldId::Name),
                    name_en: record.text(FieldId::NameEn).map(Arc::from),
                    kind: AgencyKind(kind),
                    parent: record.code(FieldId::Parent),
                };
                self.agencies.entry(subject).or_default().define(record, agency);
            }
            (EventType::OfficerDefined, _, Some(agency)) => {
                let officer = Officer { name: text(FieldId::Name), agency };
                self.officers.entry(subject).or_default().define(record, officer);
            }
            _ => {}
        }
    }

    /// An agency's versions; `None` when it was never defined.
    pub fn agency(&self, code: Code) -> Option<&Versions<Agency>> {
        self.agencies.get(&code)
    }

    /// An officer's versions; `None` when never defined.
    pub fn officer(&self, code: Code) -> Option<&Versions<Officer>> {
        self.officers.get(&code)
    }

    /// All agencies ever defined, in no order.
    pub fn agencies(&self) -> impl Iterator<Item = (Code, &Versions<Agency>)> {
        self.agencies.iter().map(|(code, versions)| (*code, versions))
    }

    /// All officers ever defined, in no order.
    pub fn officers(&self) -> impl Iterator<Item = (Code, &Versions<Officer>)> {
        self.officers.iter().map(|(code, versions)| (*code, versions))
    }

    /// Whether a version of `agency` is in force at `at`.
    pub fn is_in_force(&self, agency: Code, at: Instant) -> bool {
        self.agency(agency).is_some_and(|versions| versions.at(at).is_some())
    }

    /// Whether `agency` is a province just at `at`, or was one when last in force.
    pub fn is_province(&self, agency: Code, at: Instant) -> bool {
        let version = self.agency(agency).and_then(|versions| versions.at_or_last(at));
        version.is_some_and(|version| version.kind == AgencyKind::PROVINCE)
    }

    /// `agency` and every unit above it by the tree in force at `at`, nearest first, each once.
    ///
    /// A unit whose parent has no version in force still counts for that parent, and the chain stops there.
    pub fn chain(&self, agency: Code, at: Instant) -> Vec<Code> {
        let mut chain = vec![agency];
        let mut unit = agency;
        while let Some(parent) =
            self.agency(unit).and_then(|versions| versions.at(at)).and_then(|version| version.parent)
        {
            if chain.contains(&parent) {
                break;
            }
            chain.push(parent);
            unit = parent;
        }
        chain
    }

    /// The agencies whose parent, at any instant, is another than in `before`: only chains that name one of them can
    /// differ. Sorted. A new name or kind moves nobody.
    pub fn moved_since(&self, before: &Organisation) -> Vec<Code> {
        let known =
            self.agencies.keys().chain(before.agencies.keys().filter(|code| self.agency(**code).is_none()));
        let parents = |organisation: &Organisation, code| organisation.agency(code).map(Versions::parents);
        let is_moved = |code: &Code| {
            parents(self, *code).unwrap_or_default() != parents(before, *code).unwrap_or_default()
        };
        let mut moved: Vec<Code> = known.copied().filter(is_moved).collect();
        moved.sort_unstable();
        moved
    }

    /// Forgets an officer, who is about to be defined anew.
    pub fn forget_officer(&mut self, code: Code) {
        self.officers.remove(&code);
    }

    /// Instants at which the tree may change.
    pub fn tree_edges(&self) -> impl Iterator<Item = Instant> {
        self.agencies.values().flat_map(Versions::edges)
    }

    /// Instants at which an officer's row may change.
    pub fn officer_edges(&self) -> impl Iterator<Item = Instant> {
        self.officers.values().flat_map(Versions::edges)
    }
}
