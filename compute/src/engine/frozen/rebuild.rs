//! A snapshot of frozen rows: the engine's own frame and cells, filled from plain data.
//!
//! Figures, lists and exports read it as they read the live one, so a frozen period is counted by the same program as a
//! running one, and a row that is judged otherwise changes exactly what it would have changed. Not here: folding.

use std::sync::Arc;

use super::{FreezeError, Frozen};
use crate::codes::{Code, CodeBook};
use crate::engine::cells::{Cells, Target};
use crate::engine::frame::{Frame, PlainFrame};
use crate::engine::{AtRest, PeriodSnapshot, Snapshot, Tally};
use crate::organisation::AgencyKind;
use crate::set::{Catalogue, Mask};

impl Frozen {
    /// The figures' ground, as if the engine stood there.
    ///
    /// # Errors
    /// [`FreezeError::Torn`] when rows name what is not there.
    pub fn snapshot(&self, catalogue: &Arc<Catalogue>) -> Result<Snapshot, FreezeError> {
        let codes = Arc::new(CodeBook::default());
        let bits = catalogue.conditions.len();
        let known: Mask = if bits >= Mask::BITS as usize { Mask::MAX } else { (1 << bits) - 1 };
        let is_strange = |mask: Mask| mask & !known != 0;
        let masks = self.procedures.iter().map(|procedure| procedure.masks);
        let masks = masks.chain(self.agencies.iter().map(|agency| agency.masks)).flatten();
        if masks.chain(self.subjects.iter().map(|subject| subject.mask)).any(is_strange) {
            return Err(torn("a row has conditions that the indicator sets do not have"));
        }
        let frame = Frame::of_plain(self.plain_frame(&codes)?, bits);
        let cells = self.cells(catalogue, &codes)?;
        let period = PeriodSnapshot {
            cut: self.as_of.min(self.period.end()),
            frame: Arc::new(frame),
            cells: Arc::new(cells),
        };
        Ok(Snapshot {
            as_of: self.as_of,
            version: 0,
            tally: Tally::default(),
            at_rest: AtRest::default(),
            periods: vec![period],
            catalogue: Arc::clone(catalogue),
            codes,
        })
    }

    fn plain_frame(&self, codes: &CodeBook) -> Result<PlainFrame, FreezeError> {
        let all = |texts: &[String]| texts.iter().map(|text| codes.code(text)).collect::<Vec<Code>>();
        let units = self.units.iter().map(|unit| {
            let kind = AgencyKind::find(&unit.kind).ok_or_else(|| torn("an agency is of no known kind"))?;
            let code = |text: &Option<String>| text.as_deref().map(|text| codes.code(text));
            let places = (codes.code(&unit.code), code(&unit.parent), code(&unit.province));
            let names = (unit.name.as_str().into(), unit.name_en.as_deref().map(Into::into));
            Ok((places, kind, names, unit.reported, unit.has_row))
        });
        Ok(PlainFrame {
            period: self.period,
            units: units.collect::<Result<_, FreezeError>>()?,
            procedures: (self.procedures.iter())
                .map(|one| {
                    let is = [one.is_in_force, one.is_communal, one.is_provincial];
                    (codes.code(&one.code), one.masks, is, all(&one.owners))
                })
                .collect(),
            agencies: (self.agencies.iter())
                .map(|one| (codes.code(&one.code), one.masks, all(&one.units)))
                .collect(),
            officers: (self.officers.iter())
                .map(|one| (codes.code(&one.code), one.name.as_str().into(), codes.code(&one.agency)))
                .collect(),
        })
    }

    fn cells(&self, catalogue: &Catalogue, codes: &CodeBook) -> Result<Cells, FreezeError> {
        let mut cells = Cells::of(catalogue);
        let chains: Vec<Vec<Code>> =
            (self.chains.iter()).map(|chain| chain.iter().map(|unit| codes.code(unit)).collect()).collect();
        for subject in &self.subjects {
            let units = chains.get(subject.chain as usize);
            let units = units.ok_or_else(|| torn("a dossier counts for a chain that is not there"))?;
            let code = |text: &Option<String>| text.as_deref().map(|text| codes.code(text));
            let (officer, procedure) = (code(&subject.officer), code(&subject.procedure));
            cells.count(Target { units, officer, procedure }, subject.mask, true);
        }
        Ok(cells)
    }
}

fn torn(why: &str) -> FreezeError {
    FreezeError::Torn(why.to_owned())
}
