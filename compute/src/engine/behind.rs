//! The subjects behind a count: those whose mask, as they were counted, is one that is wanted.
//!
//! A unit or officer with few of all subjects is found by who holds what; one with most of them by a walk through all in
//! the order they lie in memory, which is many times faster than from one to the next of each holder. Not here: lists
//! that are at hand (`kept`), what a list is of (`listing`).

use super::holders::Holder;
use super::listing::{ListError, Who};
use super::pages::Codes;
use super::rest::{Whose, key_of_rows, mask_of_row};
use super::shard::Shard;
use super::subject::{Counted, Subject};
use super::{Engine, known};
use crate::event::Family;
use crate::period::Period;
use crate::set::Mask;

/// Masks that hold one condition of some, and none of others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    pub(super) any: Mask,
    pub(super) none: Mask,
}

/// Which subjects are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    /// The place of the period among those kept, which it never leaves.
    pub(super) place: usize,
    pub(super) who: Who,
    pub(super) family: Family,
    pub(super) wanted: Wanted,
}

impl Wanted {
    pub(super) fn is_of(self, mask: Mask) -> bool {
        mask & self.any != 0 && mask & self.none == 0
    }
}

impl From<Who> for Whose {
    fn from(who: Who) -> Whose {
        match who {
            Who::Agency(unit) => Whose::Unit(unit),
            Who::Officer(officer) => Whose::Officer(officer),
        }
    }
}

impl Engine {
    /// The subjects asked for, in memory and at rest, in no order.
    pub(super) fn behind(&self, asked: &Asked) -> Result<Codes, ListError> {
        let mut codes = self.behind_in_memory(asked);
        if asked.family == Family::Dossier {
            let at_rest = self.behind_at_rest(asked, &mut codes);
            at_rest.map_err(|error| ListError::AtRest(error.to_string()))?;
        }
        Ok(codes)
    }

    fn behind_in_memory(&self, asked: &Asked) -> Codes {
        let mut codes = Codes::default();
        // By number of a list of rows: most subjects share few of them.
        let mut known_lists: Vec<Option<bool>> = vec![None; self.row_lists.len()];
        let mut take = |subject: &Subject, counted: Counted| {
            codes.looked += 1;
            let is_wanted =
                known_lists[counted.rows as usize].get_or_insert_with(|| self.is_counted_so(asked, counted));
            if *is_wanted && subject.family == asked.family {
                codes.push(subject.code());
            }
        };
        for shard in &self.shards {
            let of_unit = match asked.who {
                Who::Agency(unit) => shard.chains.that_name(&[unit]),
                Who::Officer(_) => Vec::new(),
            };
            let is_theirs = |holder: Holder| match asked.who {
                Who::Agency(_) => of_unit[holder.chain as usize],
                Who::Officer(officer) => known(holder.officer) == Some(officer),
            };
            let theirs = of_unit.iter().filter(|is_theirs| **is_theirs).count();
            if theirs * 2 > of_unit.len() {
                for subject in &shard.subjects {
                    if let Some(counted) = subject.counted().filter(|counted| is_theirs(counted.holder())) {
                        take(subject, counted);
                    }
                }
            } else {
                for subject in shard.held(is_theirs) {
                    if let Some(counted) = subject.counted() {
                        take(subject, counted);
                    }
                }
            }
        }
        codes
    }

    /// Whether rows counted so hold what is asked for.
    fn is_counted_so(&self, asked: &Asked, counted: Counted) -> bool {
        let rows = &self.row_lists[counted.rows as usize];
        let mut rows = rows.iter().filter(|row| usize::from(row.period) == asked.place);
        rows.any(|row| asked.wanted.is_of(self.classes[row.class as usize]))
    }

    /// Whether a subject of a shard counts among those asked for if it counts so.
    pub(super) fn is_behind(&self, asked: &Asked, shard: &Shard, counted: Option<Counted>) -> bool {
        counted.is_some_and(|counted| {
            let is_theirs = match asked.who {
                Who::Agency(unit) => shard.chains.units(counted.chain).contains(&unit),
                Who::Officer(officer) => known(counted.officer) == Some(officer),
            };
            is_theirs && self.is_counted_so(asked, counted)
        })
    }

    /// Whether anything of them is at rest in a period; what cannot be read counts as there.
    pub(super) fn has_at_rest(&self, who: Who, period: Period) -> bool {
        let archive = self.archive.as_ref().filter(|_| period.end() <= self.as_of);
        archive.is_some_and(|archive| archive.scan(&key_of_rows(who.into(), period)).next().is_some())
    }

    /// Adds the dossiers at rest counted so. Only periods that are over have any.
    fn behind_at_rest(&self, asked: &Asked, codes: &mut Codes) -> std::io::Result<()> {
        let period = self.periods[asked.place].period;
        let Some(archive) = self.archive.as_ref().filter(|_| period.end() <= self.as_of) else {
            return Ok(());
        };
        let prefix = key_of_rows(asked.who.into(), period);
        for entry in archive.scan(&prefix) {
            let (key, value) = entry?;
            codes.looked += 1;
            let code = String::from_utf8_lossy(&key[prefix.len()..]).into_owned();
            // One in memory is found there.
            if asked.wanted.is_of(mask_of_row(&value)?) && self.find(Family::Dossier, &code).is_none() {
                codes.push(code.as_bytes());
            }
        }
        Ok(())
    }
}
