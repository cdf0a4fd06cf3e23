//! Renewing the reference and the frames: as little as an event asks for, all of it where that is safer.
//!
//! Definitions of agencies hardly ever change, and then everything is built anew; reports, copies,
//! announcements, publications and officers come every day and touch only themselves. Not here: folding dossiers (`step`).

use std::sync::Arc;

use super::Engine;
use super::frame::{Frame, Sources};
use super::reference::{Reference, is_reference};
use super::rows::Window;
use super::shard::SubjectRef;
use super::subject::MIXED;
use crate::ComputeError;
use crate::codes::Code;
use crate::event::Family;
use crate::instant::Instant;

/// What of the reference was taken anew without building all of it.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    has_agencies: bool,
    procedures: Vec<Code>,
    officers: Vec<Code>,
}

impl Fresh {
    pub(super) fn is_any(&self) -> bool {
        self.has_agencies || !self.procedures.is_empty() || !self.officers.is_empty()
    }
}

impl Engine {
    /// Single agencies and procedures are taken without building the reference anew, where that will do: reports,
    /// copies, announcements and publications come often, definitions hardly ever.
    pub(super) fn refresh(&mut self, places: &[(usize, usize)]) -> Fresh {
        let codes = Arc::clone(&self.setup.codes);
        let names = codes.names();
        let (mut fresh, mut redefined) = (Fresh::default(), Vec::new());
        for (number, place) in places {
            let (as_of, shard) = (self.as_of, &self.shards[*number]);
            let reference = Arc::get_mut(&mut self.reference).filter(|_| !self.is_reference_dirty);
            let is_light = match (reference, shard.subjects[*place].family) {
                (Some(reference), Family::Agency) => {
                    fresh.has_agencies = true;
                    reference.refresh_agency(shard, *place, as_of, &names)
                }
                (Some(reference), Family::Procedure) => {
                    let procedure = reference.refresh_procedure(shard, *place, as_of, &names);
                    fresh.procedures.extend(procedure.map(|(code, _)| code));
                    redefined.extend(procedure.filter(|(_, is_changed)| *is_changed).map(|(code, _)| code));
                    procedure.is_some()
                }
                (Some(reference), Family::Officer) => {
                    let officer = reference.refresh_officer(shard, *place, as_of, &names);
                    fresh.officers.extend(officer);
                    officer.is_some()
                }
                _ => false,
            };
            self.is_reference_dirty |= !is_light;
        }
        drop(names);
        for (number, place) in places {
            self.time_reference(*number, *place);
        }
        self.mark_of_procedures(redefined);
        fresh
    }

    /// Has what counts for units that moved folded again; most definitions give a name or a kind, and move nobody.
    fn mark_of_units(&mut self, moved: &[Code]) {
        if moved.is_empty() {
            return;
        }
        for shard in &mut self.shards {
            let is_moved = shard.chains.that_name(moved);
            for place in 0..shard.subjects.len() {
                if shard.subjects[place].counted().is_some_and(|counted| is_moved[counted.chain as usize]) {
                    shard.mark(place);
                }
            }
        }
        self.refold_at_rest(true);
    }

    /// Has the dossiers of procedures folded again.
    fn mark_of_procedures(&mut self, mut changed: Vec<Code>) {
        if changed.is_empty() {
            return;
        }
        changed.sort_unstable();
        self.wake_procedures(&changed);
        self.mark_all(|shard, place| {
            let procedure = shard.procedures[place];
            procedure == MIXED || changed.binary_search_by_key(&procedure, |code| code.0).is_ok()
        });
    }

    /// Events dated in the future take effect when their time has come.
    fn time_reference(&mut self, number: usize, place: usize) {
        let shards = self.shards.len();
        let shard = &mut self.shards[number];
        let next_change = shard.next_event(place, self.as_of).map_or(Instant::LAST, Instant::just_after);
        shard.before_change(place);
        let subject = &mut shard.subjects[place];
        if subject.next_change != next_change && next_change < Instant::LAST {
            self.timers.entry(next_change).or_default().push(SubjectRef::new(number, place, shards));
        }
        subject.next_change = next_change;
    }

    pub(super) fn rebuild_reference(&mut self) {
        let codes = Arc::clone(&self.setup.codes);
        let version = self.reference.version + 1;
        let reference = Reference::build(&self.shards, self.as_of, &codes.names(), version);
        let before = std::mem::replace(&mut self.reference, Arc::new(reference));
        self.is_reference_dirty = false;
        for number in 0..self.shards.len() {
            for place in 0..self.shards[number].subjects.len() {
                if is_reference(self.shards[number].subjects[place].family) {
                    self.time_reference(number, place);
                }
            }
        }
        let after = Arc::clone(&self.reference);
        self.mark_of_units(&after.organisation.moved_since(&before.organisation));
        let mut changed: Vec<Code> = Vec::new();
        for (code, procedure) in &after.procedures {
            if before.procedures.get(code).map(crate::procedure::Procedure::definitions)
                != Some(procedure.definitions())
            {
                changed.push(*code);
            }
        }
        let gone = before.procedures.keys().filter(|code| !after.procedures.contains_key(*code));
        changed.extend(gone);
        self.mark_of_procedures(changed);
    }

    /// Builds frames anew: all of them, or only those whose cut has moved.
    pub(super) fn rebuild_frames(&mut self, is_reference_new: bool) -> Result<(), ComputeError> {
        for state in &mut self.periods {
            let window = Window::new(state.period, self.as_of);
            if !is_reference_new && state.frame_cut == window.cut {
                continue;
            }
            state.frame_cut = window.cut;
            let sources = Sources {
                window: &window,
                reference: &self.reference,
                calendar: &self.setup.calendar,
                catalogue: &self.setup.catalogue,
            };
            state.frame = Arc::new(Frame::build(sources, &mut self.frame_masks)?);
        }
        self.time_frames();
        Ok(())
    }

    /// Frames change with the tree, with officers' validities and at midnight; "just before the cut" and "≤ the
    /// day's end" turn one instant later.
    fn time_frames(&mut self) {
        let (day, as_of) = (self.as_of.day(), self.as_of);
        let edges = [day.start(), day.end()].into_iter();
        let edges = edges.chain(self.reference.tree_edges.iter().copied());
        let edges = edges.chain(self.reference.organisation.officer_edges());
        let candidates = edges.flat_map(|edge| [edge, edge.just_after()]);
        self.next_frame_change = candidates.filter(|edge| *edge > as_of).min().unwrap_or(Instant::LAST);
    }

    /// Takes what is fresh into the frames as they are.
    pub(super) fn renew_frames(&mut self, fresh: &Fresh) -> Result<(), ComputeError> {
        for state in &mut self.periods {
            let window = Window::new(state.period, self.as_of);
            let sources = Sources {
                window: &window,
                reference: &self.reference,
                calendar: &self.setup.calendar,
                catalogue: &self.setup.catalogue,
            };
            // Most of what is fresh says nothing new of most periods: their frames stay the ones readers have.
            if fresh.has_agencies
                && let Some(frame) = state.frame.with_agencies_of(sources, &mut self.frame_masks)?
            {
                state.frame = Arc::new(frame);
            }
            if !fresh.procedures.is_empty()
                && let Some(frame) =
                    state.frame.with_procedures_of(&fresh.procedures, sources, &mut self.frame_masks)?
            {
                state.frame = Arc::new(frame);
            }
            if !fresh.officers.is_empty() {
                state.frame = Arc::new(state.frame.with_officers_of(&fresh.officers, sources));
            }
        }
        if !fresh.officers.is_empty() {
            self.time_frames();
        }
        Ok(())
    }
}
