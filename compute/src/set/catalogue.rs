//! Loads indicator sets from their files' text, checks them, and refuses what does not hold together.
//!
//! A set that loads has compiled conditions, maxima that add up, words in both languages, and worked examples
//! and published rows that come out. Errors name file and line. Not here: the shapes (`definition`), SQL
//! (`condition`), reading folders (the binary does).

use std::collections::BTreeMap;

use include_dir::{Dir, DirEntry, include_dir};
use thiserror::Error;

use super::condition::{ConditionError, Conditions};
use super::definition::{
    Floor, Grade, Group, IndicatorFile, LawGroup, ManagementCount, ManagementFile, MaxShift, Ranking,
    SetFile, WhenEmpty,
};
use super::points::{Hundredths, Ratio};
use crate::dossier::Duties;
use crate::facts::Subject;

/// A letter of apology is owed.
const OWED: &str = "apology IN ('owed', 'overdue')";
/// The most working days a letter of apology may take.
const APOLOGY_DAYS_MAX: u64 = 60;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sets");

/// Why the sets are refused.
#[derive(Debug, Error)]
pub enum SetError {
    /// A file that is not what it should be; `place` is file and line.
    #[error("{place}: {problem}")]
    File {
        /// File, and line if known.
        place: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A condition that does not compile.
    #[error("{place}: {problem}")]
    Condition {
        /// File and line.
        place: String,
        /// What is wrong.
        problem: ConditionError,
    },
    /// No set at all.
    #[error("no indicator set found; a set is a folder with a set.toml")]
    Empty,
}

impl SetError {
    pub(super) fn file(place: impl Into<String>, problem: impl Into<String>) -> SetError {
        SetError::File { place: place.into(), problem: problem.into() }
    }
}

/// An indicator, checked and compiled.
#[derive(Clone, Debug)]
pub struct Indicator {
    /// What its file says.
    pub file: IndicatorFile,
    /// The bit of population ∧ denominator.
    pub denominator_bit: usize,
    /// The bit of population ∧ denominator ∧ numerator.
    pub numerator_bit: usize,
    /// The dossier bit its numerator also needs one of.
    pub with_dossier_bit: Option<usize>,
}

impl Indicator {
    /// What its rows are.
    pub fn subject(&self) -> Subject {
        self.file.measure.subject
    }

    /// Whether the denominator is at least what the portal was reported.
    pub fn has_reported_floor(&self) -> bool {
        self.file.measure.denominator_floor == Some(Floor::PortalReported)
    }

    /// Whether units below a province take its row.
    pub fn is_inherited(&self) -> bool {
        self.file.measure.inherit.is_some()
    }

    /// Points of `ratio`, out of `max`.
    pub fn points(&self, ratio: Ratio, max: u64) -> Hundredths {
        ratio.points(max, self.file.scoring)
    }

    /// Whether a denominator of 0 earns full points.
    pub fn is_full_when_empty(&self) -> bool {
        self.file.scoring.when_empty == WhenEmpty::Full
    }
}

/// A figure without points, compiled.
#[derive(Clone, Debug)]
pub struct Management {
    /// What its file says.
    pub file: ManagementCount,
    /// Its bit.
    pub bit: usize,
}

/// A set, checked and compiled.
#[derive(Clone, Debug)]
pub struct IndicatorSet {
    /// What `set.toml` says; groups, grades and ranking filled from the base set.
    pub file: SetFile,
    /// Minima for being ranked.
    pub ranking: Ranking,
    /// Sorted by code, bytewise.
    pub indicators: Vec<Indicator>,
    /// Figures without points.
    pub management: Vec<Management>,
}

impl IndicatorSet {
    /// The groups the portal shows.
    pub fn groups(&self) -> &[Group] {
        &self.file.groups
    }

    /// The groups the law names.
    pub fn law_groups(&self) -> &[LawGroup] {
        &self.file.law_groups
    }

    /// The place of an indicator.
    pub fn position(&self, code: &str) -> Option<usize> {
        self.indicators.iter().position(|indicator| indicator.file.code == code)
    }

    /// The indicator with this portal code.
    pub fn by_portal_code(&self, portal_code: &str) -> Option<&Indicator> {
        self.indicators.iter().find(|indicator| indicator.file.portal_code == portal_code)
    }

    /// The grade of a total.
    pub fn grade(&self, total: Hundredths) -> Option<&Grade> {
        self.file.grades.iter().find(|grade| total >= grade.from * 100)
    }

    /// Maxima that move when an indicator is empty.
    pub fn max_shifts(&self) -> &[MaxShift] {
        &self.file.max_shift
    }
}

/// The sets loaded, sharing their compiled conditions.
#[derive(Debug)]
pub struct Catalogue {
    /// By id, bytewise.
    pub sets: Vec<IndicatorSet>,
    /// Compiled conditions.
    pub conditions: Conditions,
    /// Bit of "accepted in the period" (R).
    pub received_bit: usize,
    /// Bit of H ∧ has due.
    pub in_hand_with_due_bit: usize,
    /// Bit of H ∧ has due ∧ late: the delayed dossiers.
    pub delayed_bit: usize,
    /// Bit of "a letter of apology is owed".
    pub owed_bit: usize,
    /// Within what duties are to be done, whatever the set: a dossier's facts are the same for all.
    pub duties: Duties,
}

/// A file of a set: path below the sets folder (`portal-2026/indicators/2.1.toml`) and text.
pub type SetText = (String, String);

impl Catalogue {
    /// The sets shipped with Nhịp.
    ///
    /// # Errors
    /// None in a release: the embedded files are checked by the tests.
    pub fn embedded() -> Result<Catalogue, SetError> {
        Catalogue::load(Catalogue::embedded_files())
    }

    /// Their files.
    pub fn embedded_files() -> Vec<SetText> {
        fn collect(dir: &Dir<'_>, files: &mut Vec<SetText>) {
            for entry in dir.entries() {
                match entry {
                    DirEntry::Dir(dir) => collect(dir, files),
                    DirEntry::File(file) => files.push((
                        file.path().to_string_lossy().into_owned(),
                        file.contents_utf8().unwrap_or_default().to_owned(),
                    )),
                }
            }
        }
        let mut files = Vec::new();
        collect(&EMBEDDED, &mut files);
        files
    }

    /// Loads sets from their files; other files than `.toml` are passed over.
    ///
    /// # Errors
    /// [`SetError`] naming file and line.
    pub fn load(mut files: Vec<SetText>) -> Result<Catalogue, SetError> {
        files.retain(|(path, _)| std::path::Path::new(path).extension().is_some_and(|kind| kind == "toml"));
        files.sort();
        let mut conditions = Conditions::default();
        let builtin = |problem| SetError::Condition { place: "built-in".to_owned(), problem };
        let received_bit = conditions.bit(Subject::Dossier, "received").map_err(builtin)?;
        let in_hand_with_due_bit =
            conditions.bit(Subject::Dossier, "in_hand AND has_due").map_err(builtin)?;
        let delayed = "in_hand AND has_due AND late";
        let delayed_bit = conditions.bit(Subject::Dossier, delayed).map_err(builtin)?;
        let mut drafts: BTreeMap<String, SetDraft> = BTreeMap::new();
        for (path, text) in &files {
            let folder = path.split('/').next().unwrap_or_default();
            drafts.entry(folder.to_owned()).or_default().take(folder, path, text)?;
        }
        let mut sets = Vec::new();
        for (folder, draft) in &drafts {
            let base = match draft.set.as_ref().and_then(|set| set.based_on.as_ref()) {
                None => None,
                Some(base) => Some(drafts.get(base).filter(|base| base.is_whole()).ok_or_else(|| {
                    SetError::file(
                        format!("{folder}/set.toml"),
                        format!("based_on names {base:?}, which is no set that stands alone"),
                    )
                })?),
            };
            sets.push(draft.finish(folder, base, &mut conditions)?);
        }
        if sets.is_empty() {
            return Err(SetError::Empty);
        }
        // The last: an edition's masks keep their bits.
        let owed_bit = conditions.bit(Subject::Dossier, OWED).map_err(builtin)?;
        let catalogue = Catalogue {
            sets,
            conditions,
            received_bit,
            in_hand_with_due_bit,
            delayed_bit,
            owed_bit,
            duties: duties(&drafts)?,
        };
        super::example::check(&catalogue, &files)?;
        Ok(catalogue)
    }

    /// The set with this id.
    pub fn set(&self, id: &str) -> Option<&IndicatorSet> {
        self.sets.iter().find(|set| set.file.id == id)
    }

    /// The ids there are, for messages.
    pub fn ids(&self) -> String {
        self.sets.iter().map(|set| set.file.id.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// One folder's files, parsed.
#[derive(Default)]
struct SetDraft {
    set: Option<SetFile>,
    indicators: BTreeMap<String, (String, String, IndicatorFile)>,
    management: Option<(String, String, ManagementFile)>,
}

impl SetDraft {
    fn is_whole(&self) -> bool {
        self.set.as_ref().is_some_and(|set| set.based_on.is_none())
    }

    fn take(&mut self, folder: &str, path: &str, text: &str) -> Result<(), SetError> {
        let read_error = |error: toml::de::Error| {
            let line = error.span().map_or(1, |span| line(text, span.start));
            SetError::file(format!("{path}:{line}"), error.message().to_owned())
        };
        match path.split('/').skip(1).collect::<Vec<_>>().as_slice() {
            ["set.toml"] => {
                let set: SetFile = toml::from_str(text).map_err(read_error)?;
                if set.id != folder {
                    let problem = format!("id is {:?}; it must be the folder's name", set.id);
                    return Err(SetError::file(path, problem));
                }
                self.set = Some(set);
            }
            ["management.toml"] => {
                let parsed = toml::from_str(text).map_err(read_error)?;
                self.management = Some((path.to_owned(), text.to_owned(), parsed));
            }
            ["indicators", name] => {
                let indicator: IndicatorFile = toml::from_str(text).map_err(read_error)?;
                if *name != format!("{}.toml", indicator.code) {
                    let problem = format!("code is {:?}; the file must be named for it", indicator.code);
                    return Err(SetError::file(path, problem));
                }
                self.indicators.insert(indicator.code.clone(), (path.to_owned(), text.to_owned(), indicator));
            }
            _ => {
                return Err(SetError::file(
                    path,
                    "a set has set.toml, management.toml and indicators/*.toml",
                ));
            }
        }
        Ok(())
    }

    fn finish(
        &self,
        folder: &str,
        base: Option<&SetDraft>,
        conditions: &mut Conditions,
    ) -> Result<IndicatorSet, SetError> {
        let place = format!("{folder}/set.toml");
        let mut file = self.set.clone().ok_or_else(|| SetError::file(&place, "is missing"))?;
        if let Some(base) = base.and_then(|base| base.set.as_ref()) {
            file.ranking = file.ranking.or(base.ranking);
            fill(&mut file.grades, &base.grades);
            fill(&mut file.groups, &base.groups);
            fill(&mut file.law_groups, &base.law_groups);
        }
        let ranking = file.ranking.ok_or_else(|| SetError::file(&place, "has no [ranking]"))?;
        let mut merged: BTreeMap<_, _> =
            base.map(|base| base.indicators.iter().collect()).unwrap_or_default();
        merged.extend(self.indicators.iter());
        let indicators = merged
            .values()
            .map(|(path, text, file)| compile(path, text, file, conditions))
            .collect::<Result<Vec<_>, _>>()?;
        let management = self.management.as_ref().or(base.and_then(|base| base.management.as_ref()));
        let mut counts = Vec::new();
        if let Some((path, text, parsed)) = management {
            for count in &parsed.count {
                let bit = bit(conditions, count.subject, count.condition.get_ref(), || {
                    format!("{path}:{}", line(text, count.condition.span().start))
                })?;
                counts.push(Management { file: count.clone(), bit });
            }
        }
        let set = IndicatorSet { file, ranking, indicators, management: counts };
        check_sums(&set, &place)?;
        Ok(set)
    }
}

/// What the sets say of duties; they must agree.
fn duties(drafts: &BTreeMap<String, SetDraft>) -> Result<Duties, SetError> {
    let told = drafts.values().filter_map(|draft| draft.management.as_ref());
    let told = told.filter_map(|(path, _, parsed)| Some((path, parsed.duties.as_ref()?)));
    let mut found: Option<u64> = None;
    for (path, said) in told {
        let days = said.apology_working_days;
        if !(1..=APOLOGY_DAYS_MAX).contains(&days) {
            let problem = format!("apology_working_days goes from 1 to {APOLOGY_DAYS_MAX}");
            return Err(SetError::file(path, problem));
        }
        if found.is_some_and(|found| found != days) {
            let problem = "apology_working_days is another than in the other sets; write the same in all";
            return Err(SetError::file(path, problem));
        }
        found = Some(days);
    }
    Ok(found.map_or_else(Duties::default, |days| Duties { apology_working_days: days }))
}

fn fill<T: Clone>(own: &mut Vec<T>, base: &[T]) {
    if own.is_empty() {
        own.extend_from_slice(base);
    }
}

/// The line of a byte offset, from 1.
pub(super) fn line(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

fn bit(
    conditions: &mut Conditions,
    subject: Subject,
    text: &str,
    place: impl Fn() -> String,
) -> Result<usize, SetError> {
    conditions.bit(subject, text).map_err(|problem| SetError::Condition { place: place(), problem })
}

fn compile(
    path: &str,
    text: &str,
    file: &IndicatorFile,
    conditions: &mut Conditions,
) -> Result<Indicator, SetError> {
    let measure = &file.measure;
    let at = |offset: usize| format!("{path}:{}", line(text, offset));
    let (population, denominator, numerator) =
        (&measure.population, &measure.denominator, &measure.numerator);
    // Each alone first, so that an error names its own line.
    for part in [population, denominator, numerator] {
        let mut alone = Conditions::default();
        bit(&mut alone, measure.subject, part.get_ref(), || at(part.span().start))?;
    }
    let den_text = format!("({}) AND ({})", population.get_ref(), denominator.get_ref());
    let num_text = format!("{den_text} AND ({})", numerator.get_ref());
    let with_dossier_bit = match &measure.with_dossier {
        None => None,
        Some(_) if measure.subject != Subject::Procedure => {
            return Err(SetError::file(path, "with_dossier is for procedures only"));
        }
        Some(with) => Some(bit(conditions, Subject::Dossier, with.get_ref(), || at(with.span().start))?),
    };
    if file.scoring.kind == super::definition::ScoringKind::Cap
        && !file.scoring.full_at_percent.is_some_and(|percent| (1..=100).contains(&percent))
    {
        return Err(SetError::file(path, "a cap needs full_at_percent from 1 to 100"));
    }
    if file.example.is_empty() {
        return Err(SetError::file(path, "has no worked example; give at least one [[example]]"));
    }
    Ok(Indicator {
        file: file.clone(),
        denominator_bit: bit(conditions, measure.subject, &den_text, || at(denominator.span().start))?,
        numerator_bit: bit(conditions, measure.subject, &num_text, || at(numerator.span().start))?,
        with_dossier_bit,
    })
}

/// Maxima must add up to each group's, and groups to each of the law's.
fn check_sums(set: &IndicatorSet, place: &str) -> Result<(), SetError> {
    for group in set.groups() {
        let members = set.indicators.iter().filter(|indicator| indicator.file.group == group.id);
        let sum: u64 = members.map(|indicator| indicator.file.max).sum();
        if sum != group.max {
            let problem = format!("group {} has max {}, its indicators have {sum}", group.id, group.max);
            return Err(SetError::file(place, problem));
        }
    }
    for law in set.law_groups() {
        let sum: u64 =
            set.groups().iter().filter(|group| group.law_group == law.id).map(|group| group.max).sum();
        if sum != law.max {
            let problem = format!("law group {} has max {}, its groups have {sum}", law.id, law.max);
            return Err(SetError::file(place, problem));
        }
    }
    for indicator in &set.indicators {
        let (code, measure) = (&indicator.file.code, &indicator.file.measure);
        let is_known = |id: &String| set.position(id).is_some();
        if !set.groups().iter().any(|group| group.id == indicator.file.group) {
            return Err(SetError::file(place, format!("{code} is in no known group")));
        }
        if measure.multiply_by.as_ref().is_some_and(|other| !is_known(other)) {
            return Err(SetError::file(
                place,
                format!("{code} is multiplied by an indicator not in the set"),
            ));
        }
    }
    let shifts = set.max_shifts().iter();
    let named = shifts.flat_map(|shift| shift.give.keys().chain(std::iter::once(&shift.when_empty)));
    for code in named {
        if set.position(code).is_none() {
            return Err(SetError::file(place, format!("max_shift names {code}, which is not in the set")));
        }
    }
    Ok(())
}
