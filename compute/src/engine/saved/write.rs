//! Writing the state, a little at a time, as it stood at one cut.

use std::sync::Arc;

use super::bytes::{put_bytes, put_mask, put_number, put_signed};
use super::{STATE_FORMAT, fingerprint};
use crate::engine::cells::Cells;
use crate::engine::rest::{AtRest, Chooser};
use crate::engine::shard::{Shard, Tally};
use crate::engine::subject::{Counted, Subject};
use crate::engine::{Clash, Engine};
use crate::period::Period;

/// Subjects that go to rest in one call: choosing one costs more than writing it.
const CHOSEN_MAX: usize = 512;

/// Marks the next subject, and the end of subjects.
pub(super) const SUBJECT: u8 = 1;
pub(super) const TABLES: u8 = 0;
/// Last byte of a whole state.
pub(super) const END: u8 = 0xed;
/// Bits of a subject's byte.
pub(super) const IS_OPEN: u8 = 1;
pub(super) const IS_COUNTED: u8 = 2;

/// A save under way: what the engine was, beside its subjects, at the cut.
#[derive(Debug)]
pub(in crate::engine) struct Saving {
    has_head: bool,
    has_tables: bool,
    /// Periods written.
    periods_done: usize,
    as_of: i64,
    version: u64,
    at_rest: AtRest,
    tally: Vec<(crate::codes::Code, Tally)>,
    clashes: Vec<Clash>,
    periods: Vec<(Period, Arc<Cells>)>,
    codes: usize,
    classes: usize,
    row_lists: usize,
    chains: Vec<usize>,
}

/// How far a shard's subjects are saved.
#[derive(Debug)]
pub(in crate::engine) struct ShardSaving {
    next: usize,
    end: usize,
    /// One bit a subject: already written, because it was about to change.
    early: Vec<u64>,
    bytes: Vec<u8>,
}

impl ShardSaving {
    fn new(end: usize) -> ShardSaving {
        ShardSaving { next: 0, end, early: vec![0; end.div_ceil(64)], bytes: Vec::new() }
    }

    fn is_early(&self, place: usize) -> bool {
        self.early[place / 64] & (1 << (place % 64)) != 0
    }
}

impl Shard {
    /// A subject is about to change: if a save has yet to reach it, it is written as it is.
    pub(in crate::engine) fn before_change(&mut self, place: usize) {
        let number = self.number();
        if let Some(resting) = &mut self.resting {
            resting.stays(place);
        }
        let Some(saving) = &mut self.saving else { return };
        if place < saving.next || place >= saving.end || saving.is_early(place) {
            return;
        }
        saving.early[place / 64] |= 1 << (place % 64);
        put_subject(&mut saving.bytes, number, &self.subjects[place], self.procedures[place]);
    }
}

fn put_subject(out: &mut Vec<u8>, shard: usize, subject: &Subject, procedure: u32) {
    out.push(SUBJECT);
    put_number(out, shard as u64);
    out.push(subject.family as u8);
    let bits = if subject.is_open { IS_OPEN } else { 0 };
    out.push(bits | if subject.counted().is_some() { IS_COUNTED } else { 0 });
    put_signed(out, subject.next_change.to_bits());
    put_number(out, procedure.into());
    put_bytes(out, subject.code());
    put_bytes(out, subject.events());
    if let Some(Counted { chain, officer, procedure, rows }) = subject.counted() {
        for number in [chain, officer, procedure, rows] {
            put_number(out, number.into());
        }
    }
}

impl Engine {
    /// Begins a save of the state as it is now: after an [`Engine::advance`], with no events taken since.
    pub fn begin_save(&mut self) {
        assert!(self.saving.is_none() && self.leaving.is_none(), "one save at a time");
        assert!(
            self.shards.iter().all(|shard| shard.dirty.is_empty()) && !self.is_reference_dirty,
            "a save begins between steps"
        );
        for shard in &mut self.shards {
            shard.saving = Some(ShardSaving::new(shard.subjects.len()));
        }
        self.saving = Some(Saving {
            has_head: false,
            has_tables: false,
            periods_done: 0,
            as_of: self.as_of.to_bits(),
            version: self.version,
            at_rest: self.at_rest,
            tally: self.tallies(),
            clashes: self.clashes.clone(),
            periods: self.periods.iter().map(|state| (state.period, Arc::clone(&state.cells))).collect(),
            codes: self.setup.codes.names().len(),
            classes: self.classes.len(),
            row_lists: self.row_lists.len(),
            chains: self.shards.iter().map(|shard| shard.chains.len()).collect(),
        });
    }

    /// Forgets the save under way; who was to go to rest with it stays.
    pub fn abandon_save(&mut self) {
        self.abandon_leaving();
        self.end_save();
    }

    fn end_save(&mut self) {
        self.saving = None;
        self.shards.iter_mut().for_each(|shard| shard.saving = None);
    }

    /// Appends about `bytes_wanted` more bytes of the save to `out`; `true` when it is whole.
    pub fn save_some(&mut self, bytes_wanted: usize, out: &mut Vec<u8>) -> bool {
        let Some(mut saving) = self.saving.take() else { return true };
        if !saving.has_head {
            saving.has_head = true;
            put_number(out, STATE_FORMAT.into());
            put_number(out, fingerprint(&self.setup));
        }
        let enough = out.len().saturating_add(bytes_wanted);
        self.put_subjects(enough, out);
        // A table or a period at a time, each after all subjects: none of them makes a step wait for the others.
        let is_behind_subjects = out.len() < enough && self.has_put_subjects();
        if is_behind_subjects && !saving.has_tables {
            saving.has_tables = true;
            self.put_tables(&saving, out);
        } else if is_behind_subjects && let Some((period, cells)) = saving.periods.get(saving.periods_done) {
            saving.periods_done += 1;
            put_bytes(out, period.to_string().as_bytes());
            cells.put(out);
        } else if is_behind_subjects {
            out.push(END);
            self.end_save();
            return true;
        }
        self.saving = Some(saving);
        false
    }

    /// Appends subjects until there are `enough` bytes; those that go to rest are left out.
    fn put_subjects(&mut self, enough: usize, out: &mut Vec<u8>) {
        let codes = Arc::clone(&self.setup.codes);
        let names = codes.names();
        let mut chooser = self.leaving.as_mut().map(|leaving| Chooser {
            periods: &self.periods,
            row_lists: &self.row_lists,
            classes: &self.classes,
            names: &names,
            archive: self.archive.as_deref(),
            leaving,
        });
        let mut chosen = 0;
        for (number, shard) in self.shards.iter_mut().enumerate() {
            let Some(mut progress) = shard.saving.take() else { continue };
            out.append(&mut progress.bytes);
            while progress.next < progress.end && out.len() < enough && chosen < CHOSEN_MAX {
                let place = progress.next;
                progress.next += 1;
                if progress.is_early(place) || shard.subjects[place].is_vacant() {
                    continue;
                }
                if chooser.as_mut().is_some_and(|chooser| chooser.choose(shard, place)) {
                    chosen += 1;
                } else {
                    put_subject(out, number, &shard.subjects[place], shard.procedures[place]);
                }
            }
            shard.saving = Some(progress);
        }
    }

    /// Whether every subject that belongs to the save is written.
    fn has_put_subjects(&self) -> bool {
        let saving = self.shards.iter().filter_map(|shard| shard.saving.as_ref());
        saving.fold(true, |all, saving| all && saving.next == saving.end && saving.bytes.is_empty())
    }

    fn put_tables(&self, saving: &Saving, out: &mut Vec<u8>) {
        out.push(TABLES);
        put_signed(out, saving.as_of);
        put_number(out, saving.version);
        let leaving = self.leaving.as_ref().map(|leaving| leaving.chosen).unwrap_or_default();
        put_number(out, saving.at_rest.subjects + leaving.subjects);
        put_number(out, saving.at_rest.events + leaving.events);
        let names = self.setup.codes.names();
        put_number(out, saving.codes as u64);
        for code in 0..saving.codes {
            put_bytes(out, names.text(crate::codes::Code::from_index(code)).as_bytes());
        }
        put_number(out, saving.tally.len() as u64);
        for (source, tally) in &saving.tally {
            put_number(out, source.index() as u64);
            for count in [tally.consumed, tally.applied, tally.duplicate, tally.superseded] {
                put_number(out, count);
            }
        }
        put_number(out, saving.clashes.len() as u64);
        for clash in &saving.clashes {
            for text in [&clash.source, &clash.id, &clash.subject] {
                put_bytes(out, text.as_bytes());
            }
        }
        put_number(out, saving.classes as u64);
        self.classes[..saving.classes].iter().for_each(|mask| put_mask(out, *mask));
        put_number(out, saving.row_lists as u64);
        for rows in &self.row_lists[..saving.row_lists] {
            put_number(out, rows.len() as u64);
            for row in rows {
                put_number(out, row.period.into());
                put_number(out, row.class.into());
            }
        }
        put_number(out, saving.chains.len() as u64);
        for (shard, count) in self.shards.iter().zip(&saving.chains) {
            put_number(out, *count as u64);
            for chain in 0..*count {
                let units = shard.chains.units(u32::try_from(chain).unwrap_or(u32::MAX));
                put_number(out, units.len() as u64);
                for unit in units {
                    put_number(out, unit.index() as u64);
                }
            }
        }
        put_number(out, saving.periods.len() as u64);
    }
}
