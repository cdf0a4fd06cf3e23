//! The frame of a period: which units and officers have a row, and every count that comes from procedures and
//! agencies rather than from dossiers.
//!
//! Built from the reference just before the cut; built anew when agencies are redefined or the cut crosses an edge
//! of the tree, else renewed in part. Parts that stay are shared with the frame before. Not here: counts of dossiers and petitions (`cells`), ratios and points (`figures`).

mod plain;

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::reference::Reference;
use super::rows::Window;
use crate::ComputeError;
use crate::calendar::Calendar;
use crate::codes::Code;
use crate::event::contract::ONLINE_LEVELS;
use crate::facts::{Fact, Subject};
use crate::instant::Instant;
use crate::organisation::AgencyKind;
use crate::period::Period;
use crate::procedure::{Definition, Procedure};
use crate::set::memo::Masks;
use crate::set::{Catalogue, Mask};
pub(super) use plain::PlainFrame;

/// An agency with a row.
#[derive(Clone, Debug)]
pub struct UnitFrame {
    /// Its code.
    pub code: Code,
    /// Its kind, which is its peer class.
    pub kind: AgencyKind,
    /// Its name.
    pub name: Arc<str>,
    /// Its English name.
    pub name_en: Option<Arc<str>>,
    /// The unit above it.
    pub parent: Option<Code>,
    /// The province whose rows it inherits; itself for a province.
    pub province: Option<Code>,
    /// By bit: rows of procedures and agencies for which the condition holds.
    counts: Box<[u64]>,
    /// What it reported as received, and its share of last year's reports.
    pub reported: (u64, u64),
}

impl UnitFrame {
    /// How many procedures or agencies meet the condition of `bit`.
    pub fn count(&self, bit: usize) -> u64 {
        self.counts[bit]
    }
}

/// A procedure as a frame sees it.
#[derive(Clone, Copy, PartialEq, Debug)]
struct ProcedureFrame {
    /// What holds when it is not in the unit's authority, and when it is.
    masks: [Mask; 2],
    is_in_force: bool,
    is_communal: bool,
    is_provincial: bool,
    /// The owner, if it is defined.
    owner: Option<Code>,
}

/// An agency, counted as one of its units' communes.
#[derive(Clone, PartialEq, Debug)]
struct AgencyFrame {
    code: Code,
    /// What holds seen from a unit it is no commune of, and from one it is.
    masks: [Mask; 2],
    /// The units whose commune it is; none if it is no commune.
    units: Vec<Code>,
}

/// An officer with a row.
#[derive(Clone, Debug)]
pub struct OfficerFrame {
    /// Their code.
    pub code: Code,
    /// Their name; internal, never in logs.
    pub name: Arc<str>,
    /// Where they serve.
    pub agency: Code,
}

/// Rows and procedure counts of a period.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The period.
    pub period: Period,
    units: Vec<UnitFrame>,
    /// The first so many units have a row; the others are provinces whose figures units with a row inherit.
    rows: usize,
    places: Arc<HashMap<Code, usize, RandomState>>,
    procedures: HashMap<Code, ProcedureFrame, RandomState>,
    /// By owner of a procedure: the owner and every unit above it.
    owners: Arc<HashMap<Code, Vec<Code>, RandomState>>,
    agencies: Arc<Vec<AgencyFrame>>,
    /// Officers with a row.
    pub officers: Arc<Vec<OfficerFrame>>,
}

/// What a frame is built from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources<'a> {
    pub(super) window: &'a Window,
    pub(super) reference: &'a Reference,
    pub(super) calendar: &'a Calendar,
    pub(super) catalogue: &'a Catalogue,
}

impl Sources<'_> {
    /// The last instant that counts.
    fn before(&self) -> Instant {
        self.window.cut.just_before()
    }
}

/// Masks of rows of procedures and agencies, remembered.
#[derive(Debug)]
pub(super) struct FrameMasks {
    procedures: Masks,
    agencies: Masks,
}

impl Default for FrameMasks {
    fn default() -> FrameMasks {
        FrameMasks { procedures: Masks::new(Subject::Procedure), agencies: Masks::new(Subject::Agency) }
    }
}

impl Frame {
    /// A frame without rows, until it is built.
    pub(super) fn empty(period: Period) -> Frame {
        Frame {
            period,
            units: Vec::new(),
            rows: 0,
            places: Arc::default(),
            procedures: HashMap::default(),
            owners: Arc::default(),
            agencies: Arc::default(),
            officers: Arc::default(),
        }
    }

    pub(super) fn build(from: Sources<'_>, masks: &mut FrameMasks) -> Result<Frame, ComputeError> {
        let mut frame = Frame::empty(from.window.period);
        let known: Vec<(&Code, &Procedure)> = from.reference.procedures.iter().collect();
        frame.take_procedures(procedure_frames(&known, from, masks)?, from);
        frame.fill_units(from);
        frame.count_procedures(from.catalogue.conditions.len());
        frame.count_agencies(agency_frames(from, masks)?, from.catalogue.conditions.len());
        frame.fill_officers(from);
        Ok(frame)
    }

    fn take_procedures(&mut self, procedures: Vec<(Code, ProcedureFrame)>, from: Sources<'_>) {
        let owners = Arc::make_mut(&mut self.owners);
        for owner in procedures.iter().filter_map(|(_, procedure)| procedure.owner) {
            owners.entry(owner).or_insert_with(|| from.reference.organisation.chain(owner, from.before()));
        }
        self.procedures.extend(procedures);
    }

    fn fill_units(&mut self, from: Sources<'_>) {
        let (before, window, organisation) = (from.before(), from.window, &from.reference.organisation);
        let has_row = |code: &Code| {
            organisation.agency(*code).is_some_and(|versions| versions.meets(window.start, window.cut))
        };
        let (mut codes, others): (Vec<Code>, Vec<Code>) =
            organisation.agencies().map(|(code, _)| code).partition(has_row);
        self.rows = codes.len();
        codes.extend(others.into_iter().filter(|code| organisation.is_province(*code, before)));
        let mut places = HashMap::default();
        for code in codes {
            let Some(versions) = organisation.agency(code) else { continue };
            let Some(version) = versions.at_or_last(before) else { continue };
            let is_in_force = versions.at(before).is_some();
            let chain = if is_in_force { organisation.chain(code, before) } else { vec![code] };
            places.insert(code, self.units.len());
            self.units.push(UnitFrame {
                code,
                kind: version.kind,
                name: Arc::clone(&version.name),
                name_en: version.name_en.clone(),
                parent: version.parent,
                province: chain.iter().copied().find(|unit| organisation.is_province(*unit, before)),
                counts: vec![0; from.catalogue.conditions.len()].into_boxed_slice(),
                reported: reported(code, from),
            });
        }
        self.places = Arc::new(places);
    }

    /// Every procedure counts in every unit; what differs is only where it is in the unit's authority. So those in
    /// no authority are summed once, and a unit differs by the procedures in its own.
    fn count_procedures(&mut self, bits: usize) {
        let mut base = vec![0i64; bits];
        let (mut province, mut commune) = (base.clone(), base.clone());
        let mut owned: HashMap<Code, Vec<i64>, RandomState> = HashMap::default();
        for procedure in self.procedures.values() {
            add_signed(&mut base, procedure.masks[0], 1);
            if !procedure.is_in_force {
                continue;
            }
            let differ = |counts: &mut Vec<i64>| {
                add_signed(counts, procedure.masks[1], 1);
                add_signed(counts, procedure.masks[0], -1);
            };
            differ(&mut province);
            if procedure.is_communal {
                differ(&mut commune);
            }
            if procedure.is_provincial {
                for unit in self.owners_of(procedure) {
                    differ(owned.entry(*unit).or_insert_with(|| vec![0; bits]));
                }
            }
        }
        let none = vec![0; bits];
        for unit in &mut self.units {
            let own = match unit.kind {
                AgencyKind::PROVINCE => &province,
                AgencyKind::COMMUNE => &commune,
                _ => owned.get(&unit.code).unwrap_or(&none),
            };
            for (count, (base, own)) in unit.counts.iter_mut().zip(base.iter().zip(own)) {
                *count = u64::try_from(base + own).expect("a count is never negative");
            }
        }
    }

    fn owners_of(&self, procedure: &ProcedureFrame) -> &[Code] {
        let owners = procedure.owner.and_then(|owner| self.owners.get(&owner));
        owners.map_or(&[], Vec::as_slice)
    }

    /// index-766.md §3 (ours): a province has all; a commune those at commune level; another unit those at
    /// province level whose owner is the unit or below it.
    fn is_in_authority(&self, unit: Code, kind: AgencyKind, procedure: &ProcedureFrame) -> bool {
        procedure.is_in_force
            && match kind {
                AgencyKind::PROVINCE => true,
                AgencyKind::COMMUNE => procedure.is_communal,
                _ => procedure.is_provincial && self.owners_of(procedure).contains(&unit),
            }
    }

    fn count_agencies(&mut self, agencies: Vec<AgencyFrame>, bits: usize) {
        let mut base = vec![0u64; bits];
        for agency in &agencies {
            add_bits(&mut base, agency.masks[0], 1);
        }
        for unit in &mut self.units {
            unit.counts.iter_mut().zip(&base).for_each(|(count, base)| *count += base);
        }
        for agency in &agencies {
            for unit in agency.units.iter().filter_map(|unit| self.places.get(unit)) {
                add_bits(&mut self.units[*unit].counts, agency.masks[1], 1);
                add_bits(&mut self.units[*unit].counts, agency.masks[0], -1);
            }
        }
        self.agencies = Arc::new(agencies);
    }

    /// The frame after events of some procedures: only they are counted anew. `None` when it is as it was, as for most
    /// periods that are over.
    pub(super) fn with_procedures_of(
        &self,
        changed: &[Code],
        from: Sources<'_>,
        masks: &mut FrameMasks,
    ) -> Result<Option<Frame>, ComputeError> {
        let known: Vec<(&Code, &Procedure)> =
            changed.iter().filter_map(|code| from.reference.procedures.get_key_value(code)).collect();
        let mut procedures = procedure_frames(&known, from, masks)?;
        procedures.retain(|(code, procedure)| self.procedures.get(code) != Some(procedure));
        if procedures.is_empty() {
            return Ok(None);
        }
        let changed: Vec<Code> = procedures.iter().map(|(code, _)| *code).collect();
        let mut frame = self.clone();
        frame.count_some(&changed, -1);
        frame.take_procedures(procedures, from);
        frame.count_some(&changed, 1);
        Ok(Some(frame))
    }

    /// Counts some procedures in every unit, or takes them back.
    fn count_some(&mut self, codes: &[Code], step: i64) {
        let mut units = std::mem::take(&mut self.units);
        for procedure in codes.iter().filter_map(|code| self.procedures.get(code)) {
            for unit in &mut units {
                let is_in = self.is_in_authority(unit.code, unit.kind, procedure);
                add_bits(&mut unit.counts, procedure.masks[usize::from(is_in)], step);
            }
        }
        self.units = units;
    }

    /// The frame after reports or copies changed: only what comes from them is counted anew. `None` when it is as it was.
    pub(super) fn with_agencies_of(
        &self,
        from: Sources<'_>,
        masks: &mut FrameMasks,
    ) -> Result<Option<Frame>, ComputeError> {
        let agencies = agency_frames(from, masks)?;
        let is_reported = |unit: &UnitFrame| unit.reported == reported(unit.code, from);
        if agencies == *self.agencies && self.units.iter().all(is_reported) {
            return Ok(None);
        }
        let mut frame = self.clone();
        let bits = from.catalogue.conditions.bits_of(Subject::Agency);
        for unit in &mut frame.units {
            for bit in &bits {
                unit.counts[*bit] = 0;
            }
            unit.reported = reported(unit.code, from);
        }
        frame.count_agencies(agencies, from.catalogue.conditions.len());
        Ok(Some(frame))
    }

    /// The same frame after some officers were defined anew.
    pub(super) fn with_officers_of(&self, changed: &[Code], from: Sources<'_>) -> Frame {
        let mut frame = self.clone();
        let officers = Arc::make_mut(&mut frame.officers);
        officers.retain(|officer| !changed.contains(&officer.code));
        officers.extend(changed.iter().filter_map(|code| officer(*code, from)));
        frame
    }

    fn fill_officers(&mut self, from: Sources<'_>) {
        let known = from.reference.organisation.officers();
        self.officers = Arc::new(known.filter_map(|(code, _)| officer(code, from)).collect());
    }

    /// The agencies with a row, in no order.
    pub fn units(&self) -> &[UnitFrame] {
        &self.units[..self.rows]
    }

    /// The frame of one agency.
    pub fn unit(&self, code: Code) -> Option<&UnitFrame> {
        self.places.get(&code).map(|place| &self.units[*place])
    }

    /// What holds for `procedure` seen from `unit`.
    pub fn procedure_mask(&self, unit: &UnitFrame, procedure: Code) -> Mask {
        let Some(frame) = self.procedures.get(&procedure) else { return 0 };
        frame.masks[usize::from(self.is_in_authority(unit.code, unit.kind, frame))]
    }

    /// The agencies for which `bit` holds, seen from `unit`, in no order.
    pub fn agencies_with(&self, unit: &UnitFrame, bit: usize) -> Vec<Code> {
        let holds = |agency: &&AgencyFrame| {
            agency.masks[usize::from(agency.units.contains(&unit.code))] & (1 << bit) != 0
        };
        self.agencies.iter().filter(holds).map(|agency| agency.code).collect()
    }

    /// The procedures for which `bit` holds, seen from `unit`, in no order.
    pub fn procedures_with(&self, unit: &UnitFrame, bit: usize) -> Vec<Code> {
        let holds = |code: &&Code| self.procedure_mask(unit, **code) & (1 << bit) != 0;
        self.procedures.keys().filter(holds).copied().collect()
    }
}

/// Procedures as a frame sees them.
fn procedure_frames(
    known: &[(&Code, &Procedure)],
    from: Sources<'_>,
    masks: &mut FrameMasks,
) -> Result<Vec<(Code, ProcedureFrame)>, ComputeError> {
    let before = from.before();
    let mut found = Vec::with_capacity(known.len());
    for (_, procedure) in known {
        let publicity = procedure.publicity(from.window.period, from.window.cut, from.calendar);
        let rows = [false, true].map(|is_in| procedure_facts(procedure, publicity, is_in));
        found.push(rows.map(|row| masks.procedures.find(&row)));
    }
    let fresh = masks.procedures.evaluate(&from.catalogue.conditions)?;
    let framed = known.iter().zip(found).map(|((code, procedure), found)| {
        let definition = procedure.current();
        let frame = ProcedureFrame {
            masks: found.map(|found| found.mask(&fresh)),
            is_in_force: definition.is_some() && !procedure.is_repealed_on(before.day()),
            is_communal: definition.is_some_and(|definition| definition.is_communal),
            is_provincial: definition.is_some_and(|definition| definition.is_provincial),
            owner: definition.map(|definition| definition.owner),
        };
        (**code, frame)
    });
    Ok(framed.collect())
}

/// Agencies as a frame counts them.
fn agency_frames(from: Sources<'_>, masks: &mut FrameMasks) -> Result<Vec<AgencyFrame>, ComputeError> {
    let (before, window, organisation) = (from.before(), from.window, &from.reference.organisation);
    let known: Vec<(Code, AgencyKind)> = organisation
        .agencies()
        .filter_map(|(code, versions)| versions.at_or_last(before).map(|version| (code, version.kind)))
        .collect();
    let mut found = Vec::with_capacity(known.len());
    for (code, _) in &known {
        let copies = from.reference.copies(*code, window.start, window.cut);
        let copies = Fact::Whole(Some(i64::try_from(copies).unwrap_or(i64::MAX)));
        found.push([false, true].map(|is_in| masks.agencies.find(&[Fact::Bool(is_in), copies])));
    }
    let fresh = masks.agencies.evaluate(&from.catalogue.conditions)?;
    let framed = known.iter().zip(found).map(|((code, kind), found)| {
        let units = match *kind {
            // An abolished commune is in no unit but itself (ours).
            AgencyKind::COMMUNE if organisation.is_in_force(*code, before) => {
                organisation.chain(*code, before)
            }
            AgencyKind::COMMUNE => vec![*code],
            _ => Vec::new(),
        };
        AgencyFrame { code: *code, masks: found.map(|found| found.mask(&fresh)), units }
    });
    Ok(framed.collect())
}

/// What `unit` reported as received, and its share of last year's reports.
fn reported(unit: Code, from: Sources<'_>) -> (u64, u64) {
    let period = from.window.period;
    (from.reference.reported(unit, period), from.reference.share_of_last_year(unit, period))
}

/// The row of an officer; `None` when no validity meets the period.
fn officer(code: Code, from: Sources<'_>) -> Option<OfficerFrame> {
    let versions = from.reference.organisation.officer(code)?;
    let officer =
        versions.meets(from.window.start, from.window.cut).then(|| versions.at_or_last(from.before()));
    let officer = officer.flatten()?;
    Some(OfficerFrame { code, name: Arc::clone(&officer.name), agency: officer.agency })
}

fn add_signed(counts: &mut [i64], mut mask: Mask, step: i64) {
    while mask != 0 {
        counts[mask.trailing_zeros() as usize] += step;
        mask &= mask - 1;
    }
}

fn add_bits(counts: &mut [u64], mut mask: Mask, step: i64) {
    while mask != 0 {
        let bit = mask.trailing_zeros() as usize;
        counts[bit] = counts[bit].checked_add_signed(step).expect("a count is never negative");
        mask &= mask - 1;
    }
}

/// The facts of a procedure, in the order of the procedure columns.
fn procedure_facts(
    procedure: &Procedure,
    publicity: crate::procedure::Publicity,
    is_in_authority: bool,
) -> [Fact; 12] {
    let definition = procedure.current();
    let is = |test: fn(&Definition) -> bool| Fact::Bool(definition.is_some_and(test));
    let online = definition.map_or(0, |definition| definition.online);
    [
        Fact::Bool(is_in_authority),
        Fact::Bool(publicity.is_decided),
        Fact::Maybe(publicity.is_announced_in_time),
        Fact::Maybe(publicity.is_published_in_time),
        Fact::Bool(procedure.is_public()),
        Fact::Bool(procedure.is_complete()),
        Fact::Word(ONLINE_LEVELS.get(online as usize).copied()),
        is(|definition| definition.has_fee),
        is(|definition| definition.payment_integrated),
        is(|definition| definition.paper_result),
        is(|definition| definition.for_citizens),
        is(|definition| definition.full_eligible),
    ]
}
