//! All that is at rest, folded again: when the tree, the calendar, the conditions or the program have changed.
//!
//! A slice at a time comes into memory; what counts as before goes back at once, the others stay until the next save.
//! Not here: bringing back a single subject (`wake`).

use std::fmt::Display;
use std::sync::Arc;

use super::entry::all_subjects;
use super::wake::Woken;
use crate::ComputeError;
use crate::engine::subject::Counted;
use crate::engine::{Engine, shard_of};
use crate::event::Family;
use crate::event::record::subject_hash;
use crate::instant::Instant;

/// Subjects brought back at a time.
const SLICE_SUBJECTS: usize = 1 << 14;

/// Where one lies, and what it counted as.
type Slice = Vec<(usize, Woken, Option<Counted>)>;

impl Engine {
    /// Has everything at rest folded again at the next step. `is_counted`: it is among the counts as it is.
    pub(in crate::engine) fn refold_at_rest(&mut self, is_counted: bool) {
        self.refold = Some(is_counted && self.refold != Some(false));
    }

    /// Does so.
    pub(in crate::engine) fn refold_archive(&mut self) -> Result<(), ComputeError> {
        let Some(is_counted) = self.refold.take() else { return Ok(()) };
        let Some(archive) = self.archive.clone() else { return Ok(()) };
        // What is at rest may not be among the counts yet.
        self.kept.clear();
        let mut slice = Slice::new();
        for entry in archive.scan(all_subjects()) {
            let (key, value) = entry.map_err(at_rest)?;
            let code = &key[all_subjects().len()..];
            let text = std::str::from_utf8(code).map_err(at_rest)?;
            // What is in memory stands before its copy here.
            if self.find(Family::Dossier, text).is_some() {
                continue;
            }
            let hash = subject_hash(text);
            let number = shard_of(hash, self.shards.len());
            let woken = self.shards[number].put_back(code, hash, value).map_err(at_rest)?;
            let counted = woken.counted.as_ref().and_then(|counted| self.numbers(number, counted));
            let shard = &mut self.shards[number];
            shard.count_as(woken.place, counted.filter(|_| is_counted));
            shard.mark(woken.place);
            slice.push((number, woken, counted));
            if slice.len() == SLICE_SUBJECTS {
                self.refold_slice(&mut slice)?;
            }
        }
        self.refold_slice(&mut slice)
    }

    fn refold_slice(&mut self, slice: &mut Slice) -> Result<(), ComputeError> {
        while self.fold(Family::Dossier)? {}
        let codes = Arc::clone(&self.setup.codes);
        let names = codes.names();
        for (number, woken, before) in slice.drain(..) {
            let subject = &self.shards[number].subjects[woken.place];
            let is_as_before =
                subject.counted() == before && !subject.is_open && subject.next_change == Instant::LAST;
            if is_as_before {
                self.shards[number].forget(woken.place);
            } else {
                let (counted, place) = (subject.counted(), woken.place);
                let identities = self.shards[number].identities_of(place, &names);
                self.welcome(number, [Woken { place, counted: None, identities }]);
                self.shards[number].count_as(place, counted);
            }
        }
        Ok(())
    }
}

/// What is at rest cannot be had.
fn at_rest(error: impl Display) -> ComputeError {
    ComputeError::AtRest(error.to_string())
}
