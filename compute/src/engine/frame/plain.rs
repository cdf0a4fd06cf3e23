//! A frame as plain data, and a frame of such data: what a frozen period keeps of procedures and agencies.
//!
//! Counts are not taken over: they are counted again, so that every one of them is a list of rows. Not here: files.

use std::sync::Arc;

use super::{AgencyFrame, Frame, OfficerFrame, ProcedureFrame, UnitFrame};
use crate::codes::Code;
use crate::organisation::AgencyKind;
use crate::period::Period;
use crate::set::Mask;

/// Unit, the unit above, the province it inherits from.
type Places = (Code, Option<Code>, Option<Code>);
/// Name, and English name.
type NamedSo = (Arc<str>, Option<Arc<str>>);
/// A unit: where it stands, what it is, what it is called, what it reported, whether it has a row.
type PlainUnit = (Places, AgencyKind, NamedSo, (u64, u64), bool);
/// A procedure: its masks; in force, communal, provincial; the owner and the units above it.
type PlainProcedure = (Code, [Mask; 2], [bool; 3], Vec<Code>);
/// An agency: its masks, and the units whose commune it is.
type PlainAgency = (Code, [Mask; 2], Vec<Code>);

/// Everything a frame is made of.
#[derive(Debug)]
pub(in crate::engine) struct PlainFrame {
    pub(in crate::engine) period: Period,
    pub(in crate::engine) units: Vec<PlainUnit>,
    pub(in crate::engine) procedures: Vec<PlainProcedure>,
    pub(in crate::engine) agencies: Vec<PlainAgency>,
    pub(in crate::engine) officers: Vec<(Code, Arc<str>, Code)>,
}

impl Frame {
    /// The agencies with a row, then the provinces without one.
    pub(in crate::engine) fn all_units(&self) -> &[UnitFrame] {
        &self.units
    }

    /// Every procedure.
    pub(in crate::engine) fn plain_procedures(&self) -> impl Iterator<Item = PlainProcedure> {
        self.procedures.iter().map(|(code, procedure)| {
            let is = [procedure.is_in_force, procedure.is_communal, procedure.is_provincial];
            (*code, procedure.masks, is, self.owners_of(procedure).to_vec())
        })
    }

    /// Every agency.
    pub(in crate::engine) fn plain_agencies(&self) -> impl Iterator<Item = PlainAgency> {
        self.agencies.iter().map(|agency| (agency.code, agency.masks, agency.units.clone()))
    }

    /// A frame of plain data, counted anew under so many conditions.
    pub(in crate::engine) fn of_plain(plain: PlainFrame, bits: usize) -> Frame {
        let mut frame = Frame::empty(plain.period);
        let (mut units, others): (Vec<PlainUnit>, Vec<PlainUnit>) =
            plain.units.into_iter().partition(|(.., has_row)| *has_row);
        frame.rows = units.len();
        units.extend(others);
        let mut places = hashbrown::HashMap::default();
        for ((code, parent, province), kind, (name, name_en), reported, _) in units {
            places.insert(code, frame.units.len());
            let counts = vec![0; bits].into_boxed_slice();
            frame.units.push(UnitFrame { code, kind, name, name_en, parent, province, counts, reported });
        }
        frame.places = Arc::new(places);
        let owners = Arc::make_mut(&mut frame.owners);
        for (code, masks, [is_in_force, is_communal, is_provincial], chain) in plain.procedures {
            let owner = chain.first().copied();
            if let Some(owner) = owner {
                owners.entry(owner).or_insert(chain);
            }
            let procedure = ProcedureFrame { masks, is_in_force, is_communal, is_provincial, owner };
            frame.procedures.insert(code, procedure);
        }
        frame.count_procedures(bits);
        let agency = |(code, masks, units)| AgencyFrame { code, masks, units };
        frame.count_agencies(plain.agencies.into_iter().map(agency).collect(), bits);
        let officer = |(code, name, agency)| OfficerFrame { code, name, agency };
        frame.officers = Arc::new(plain.officers.into_iter().map(officer).collect());
        frame
    }
}
