//! Renewing the reference and the frames: as little as an event asks for, all of it where that is safer.
//!
//! Definitions of agencies and officers hardly ever change, and then everything is built anew; reports, copies,
//! announcements and publications come every day and touch only themselves. Not here: folding dossiers (`step`).

use std::sync::Arc;

use super::frame::Frame;
use super::reference::Reference;
use super::rows::Window;
use super::{Engine, known};
use crate::ComputeError;
use crate::codes::Code;
use crate::event::Family;
use crate::instant::Instant;

/// What of the reference was taken anew without building all of it.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    has_agencies: bool,
    procedures: Vec<Code>,
}

impl Fresh {
    pub(super) fn is_any(&self) -> bool {
        self.has_agencies || !self.procedures.is_empty()
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
                _ => false,
            };
            self.is_reference_dirty |= !is_light;
        }
        drop(names);
        self.mark_of_procedures(redefined);
        fresh
    }

    /// Has the dossiers of procedures folded again.
    fn mark_of_procedures(&mut self, mut changed: Vec<Code>) {
        if changed.is_empty() {
            return;
        }
        changed.sort_unstable();
        self.mark_all(|shard, place| {
            let subject = &shard.subjects[place];
            let procedure = subject.counted.as_ref().and_then(|counted| known(counted.procedure));
            subject.is_mixed || procedure.is_some_and(|code| changed.binary_search(&code).is_ok())
        });
    }

    pub(super) fn rebuild_reference(&mut self) {
        let codes = Arc::clone(&self.setup.codes);
        let version = self.reference.version + 1;
        let reference = Reference::build(&self.shards, self.as_of, &codes.names(), version);
        let before = std::mem::replace(&mut self.reference, Arc::new(reference));
        self.is_reference_dirty = false;
        let after = Arc::clone(&self.reference);
        if before.organisation.tree() != after.organisation.tree() {
            self.mark_all(|_, _| true);
            return;
        }
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
            state.frame = Arc::new(Frame::build(
                &window,
                &self.reference,
                &self.setup.calendar,
                &self.setup.catalogue,
            )?);
        }
        // Frames change with the tree and at midnight; "just before the cut" and "≤ the day's end" turn one
        // instant later.
        let day = self.as_of.day();
        let edges = [day.start(), day.end()].into_iter().chain(self.reference.tree_edges.iter().copied());
        let candidates = edges.flat_map(|edge| [edge, edge.just_after()]);
        self.next_frame_change = candidates.filter(|edge| *edge > self.as_of).min().unwrap_or(Instant::LAST);
        Ok(())
    }

    /// Takes what is fresh into the frames as they are.
    pub(super) fn renew_frames(&mut self, fresh: &Fresh) -> Result<(), ComputeError> {
        let (catalogue, calendar, reference) = (&self.setup.catalogue, &self.setup.calendar, &self.reference);
        for state in &mut self.periods {
            let window = Window::new(state.period, self.as_of);
            if fresh.has_agencies {
                state.frame = Arc::new(state.frame.with_agencies_of(&window, reference, catalogue)?);
            }
            if !fresh.procedures.is_empty() {
                let changed = &fresh.procedures;
                let frame =
                    state.frame.with_procedures_of(changed, &window, reference, calendar, catalogue)?;
                state.frame = Arc::new(frame);
            }
        }
        Ok(())
    }
}
