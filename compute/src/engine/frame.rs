//! The frame of a period: which units and officers have a row, and every count that comes from procedures and
//! agencies rather than from dossiers.
//!
//! Built from the reference just before the cut; built anew when the reference changes or the cut crosses an
//! edge of it. Not here: counts of dossiers and petitions (`cells`), ratios and points (`figures`).

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::reference::Reference;
use super::rows::Window;
use crate::ComputeError;
use crate::calendar::Calendar;
use crate::codes::Code;
use crate::event::contract::ONLINE_LEVELS;
use crate::facts::{Fact, FactRows, Subject};
use crate::organisation::AgencyKind;
use crate::period::Period;
use crate::procedure::{Definition, Procedure};
use crate::set::{Catalogue, Mask};

/// An agency with a row.
#[derive(Clone, Debug)]
pub struct UnitFrame {
    /// Its code.
    pub code: Code,
    /// Its kind, which is its peer class.
    pub kind: AgencyKind,
    /// Its name.
    pub name: String,
    /// Its English name.
    pub name_en: Option<String>,
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
#[derive(Clone, Debug)]
struct ProcedureFrame {
    /// What holds when it is in the unit's authority, and when not.
    masks: [Mask; 2],
    is_in_force: bool,
    is_communal: bool,
    is_provincial: bool,
    /// The owner and every unit above it.
    owners: Vec<Code>,
}

/// An agency, counted as one of its units' communes.
#[derive(Clone, Debug)]
struct AgencyFrame {
    code: Code,
    /// What holds seen from a unit it is no commune of, and from one it is.
    masks: [Mask; 2],
    /// The units whose commune it is; none if it is no commune.
    units: Vec<Code>,
}

/// Rows and procedure counts of a period.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The period.
    pub period: Period,
    units: Vec<UnitFrame>,
    /// The first so many units have a row; the others are provinces whose figures units with a row inherit.
    rows: usize,
    places: HashMap<Code, usize, RandomState>,
    procedures: HashMap<Code, ProcedureFrame, RandomState>,
    agencies: Vec<AgencyFrame>,
    /// Officers with a row, and their names and agencies.
    pub officers: Vec<(Code, String, Code)>,
}

impl Frame {
    /// A frame without rows, until it is built.
    pub(super) fn empty(period: Period) -> Frame {
        Frame {
            period,
            units: Vec::new(),
            rows: 0,
            places: HashMap::default(),
            procedures: HashMap::default(),
            agencies: Vec::new(),
            officers: Vec::new(),
        }
    }

    pub(super) fn build(
        window: &Window,
        reference: &Reference,
        calendar: &Calendar,
        catalogue: &Catalogue,
    ) -> Result<Frame, ComputeError> {
        let mut frame = Frame::empty(window.period);
        frame.fill_procedures(window, reference, calendar, catalogue)?;
        frame.fill_units(window, reference, catalogue.conditions.len());
        frame.count_procedures(catalogue.conditions.len());
        frame.count_agencies(window, reference, catalogue)?;
        frame.fill_officers(window, reference);
        Ok(frame)
    }

    fn fill_procedures(
        &mut self,
        window: &Window,
        reference: &Reference,
        calendar: &Calendar,
        catalogue: &Catalogue,
    ) -> Result<(), ComputeError> {
        let known: Vec<(&Code, &Procedure)> = reference.procedures.iter().collect();
        self.take_procedures(&known, window, reference, calendar, catalogue)
    }

    fn take_procedures(
        &mut self,
        known: &[(&Code, &Procedure)],
        window: &Window,
        reference: &Reference,
        calendar: &Calendar,
        catalogue: &Catalogue,
    ) -> Result<(), ComputeError> {
        let before = window.cut.just_before();
        let mut facts = FactRows::new(Subject::Procedure);
        for is_in_authority in [true, false] {
            for (_, procedure) in known {
                let publicity = procedure.publicity(window.period, window.cut, calendar);
                facts.push(&procedure_facts(procedure, publicity, is_in_authority));
            }
        }
        let masks = catalogue.conditions.evaluate(Subject::Procedure, &mut facts)?;
        for (place, (code, procedure)) in known.iter().enumerate() {
            let definition = procedure.current();
            let owners = definition.map(|definition| reference.organisation.chain(definition.owner, before));
            let frame = ProcedureFrame {
                masks: [masks[place + known.len()], masks[place]],
                is_in_force: definition.is_some() && !procedure.is_repealed_on(before.day()),
                is_communal: definition.is_some_and(|definition| definition.is_communal),
                is_provincial: definition.is_some_and(|definition| definition.is_provincial),
                owners: owners.unwrap_or_default(),
            };
            self.procedures.insert(**code, frame);
        }
        Ok(())
    }

    fn fill_units(&mut self, window: &Window, reference: &Reference, bits: usize) {
        let before = window.cut.just_before();
        let organisation = &reference.organisation;
        let has_row = |code: &Code| {
            organisation.agency(*code).is_some_and(|versions| versions.meets(window.start, window.cut))
        };
        let (mut codes, others): (Vec<Code>, Vec<Code>) =
            organisation.agencies().map(|(code, _)| code).partition(has_row);
        self.rows = codes.len();
        codes.extend(others.into_iter().filter(|code| organisation.is_province(*code, before)));
        for code in codes {
            let Some(versions) = organisation.agency(code) else { continue };
            let Some(version) = versions.at_or_last(before) else { continue };
            let is_in_force = versions.at(before).is_some();
            let chain = if is_in_force { organisation.chain(code, before) } else { vec![code] };
            let reported =
                (reference.reported(code, window.period), reference.share_of_last_year(code, window.period));
            self.places.insert(code, self.units.len());
            self.units.push(UnitFrame {
                code,
                kind: version.kind,
                name: version.name.clone(),
                name_en: version.name_en.clone(),
                parent: version.parent,
                province: chain.iter().copied().find(|unit| organisation.is_province(*unit, before)),
                counts: vec![0; bits].into_boxed_slice(),
                reported,
            });
        }
    }

    fn count_procedures(&mut self, bits: usize) {
        let mut base = vec![0u64; bits];
        for procedure in self.procedures.values() {
            add_bits(&mut base, procedure.masks[0], 1);
        }
        for unit in &mut self.units {
            unit.counts.copy_from_slice(&base);
            for procedure in self.procedures.values() {
                if is_in_authority(unit.code, unit.kind, procedure) {
                    add_bits(&mut unit.counts, procedure.masks[1], 1);
                    add_bits(&mut unit.counts, procedure.masks[0], -1);
                }
            }
        }
    }

    fn count_agencies(
        &mut self,
        window: &Window,
        reference: &Reference,
        catalogue: &Catalogue,
    ) -> Result<(), ComputeError> {
        let before = window.cut.just_before();
        let organisation = &reference.organisation;
        let known: Vec<(Code, AgencyKind)> = organisation
            .agencies()
            .filter_map(|(code, versions)| versions.at_or_last(before).map(|version| (code, version.kind)))
            .collect();
        let mut facts = FactRows::new(Subject::Agency);
        for is_commune_in_unit in [false, true] {
            for (code, _) in &known {
                let copies = reference.copies(*code, window.start, window.cut);
                let copies = Fact::Whole(Some(i64::try_from(copies).unwrap_or(i64::MAX)));
                facts.push(&[Fact::Bool(is_commune_in_unit), copies]);
            }
        }
        let masks = catalogue.conditions.evaluate(Subject::Agency, &mut facts)?;
        for (place, (code, kind)) in known.iter().enumerate() {
            let units = match *kind {
                // An abolished commune is in no unit but itself (ours).
                AgencyKind::COMMUNE if organisation.is_in_force(*code, before) => {
                    organisation.chain(*code, before)
                }
                AgencyKind::COMMUNE => vec![*code],
                _ => Vec::new(),
            };
            let masks = [masks[place], masks[place + known.len()]];
            self.agencies.push(AgencyFrame { code: *code, masks, units });
        }
        let mut base = vec![0u64; catalogue.conditions.len()];
        self.agencies.iter().for_each(|agency| add_bits(&mut base, agency.masks[0], 1));
        for unit in &mut self.units {
            unit.counts.iter_mut().zip(&base).for_each(|(count, base)| *count += base);
        }
        for agency in &self.agencies {
            for unit in agency.units.iter().filter_map(|unit| self.places.get(unit)) {
                add_bits(&mut self.units[*unit].counts, agency.masks[1], 1);
                add_bits(&mut self.units[*unit].counts, agency.masks[0], -1);
            }
        }
        Ok(())
    }

    /// The same frame after events of some procedures: only they are counted anew.
    pub(super) fn with_procedures_of(
        &self,
        changed: &[Code],
        window: &Window,
        reference: &Reference,
        calendar: &Calendar,
        catalogue: &Catalogue,
    ) -> Result<Frame, ComputeError> {
        let mut frame = self.clone();
        frame.count_some(changed, -1);
        let known: Vec<(&Code, &Procedure)> =
            changed.iter().filter_map(|code| reference.procedures.get_key_value(code)).collect();
        frame.take_procedures(&known, window, reference, calendar, catalogue)?;
        frame.count_some(changed, 1);
        Ok(frame)
    }

    /// Counts some procedures in every unit, or takes them back.
    fn count_some(&mut self, codes: &[Code], step: i64) {
        for procedure in codes.iter().filter_map(|code| self.procedures.get(code)) {
            for unit in &mut self.units {
                let is_in = is_in_authority(unit.code, unit.kind, procedure);
                add_bits(&mut unit.counts, procedure.masks[usize::from(is_in)], step);
            }
        }
    }

    /// The same frame after reports or copies changed: only what comes from them is counted anew.
    pub(super) fn with_agencies_of(
        &self,
        window: &Window,
        reference: &Reference,
        catalogue: &Catalogue,
    ) -> Result<Frame, ComputeError> {
        let mut frame = self.clone();
        frame.agencies.clear();
        let bits = catalogue.conditions.bits_of(Subject::Agency);
        for unit in &mut frame.units {
            for bit in &bits {
                unit.counts[*bit] = 0;
            }
            unit.reported = (
                reference.reported(unit.code, window.period),
                reference.share_of_last_year(unit.code, window.period),
            );
        }
        frame.count_agencies(window, reference, catalogue)?;
        Ok(frame)
    }

    fn fill_officers(&mut self, window: &Window, reference: &Reference) {
        let before = window.cut.just_before();
        let officers = reference.organisation.officers();
        let rows = officers.filter(|(_, versions)| versions.meets(window.start, window.cut));
        self.officers = rows
            .filter_map(|(code, versions)| {
                let officer = versions.at_or_last(before)?;
                Some((code, officer.name.clone(), officer.agency))
            })
            .collect();
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
        frame.masks[usize::from(is_in_authority(unit.code, unit.kind, frame))]
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

/// index-766.md §3 (ours): a province has all; a commune those at commune level; another unit those at
/// province level whose owner is the unit or below it.
fn is_in_authority(unit: Code, kind: AgencyKind, procedure: &ProcedureFrame) -> bool {
    procedure.is_in_force
        && match kind {
            AgencyKind::PROVINCE => true,
            AgencyKind::COMMUNE => procedure.is_communal,
            _ => procedure.is_provincial && procedure.owners.contains(&unit),
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
