//! One step of time: what changed is folded again, and the difference is counted.
//!
//! Petitions come first, since they decide which dossiers are complained about; the reference comes before both.
//! Shards fold side by side; counting is one thread's work. Not here: taking events (`mod`), what a fold means.

use std::sync::Arc;

use super::cells::Target;
use super::reference::{Reference, is_reference};
use super::rows::{DossierRows, Window, petition_facts};
use super::shard::{Folded, Shard, SubjectRef};
use super::subject::{Counted, CountedRow, MIXED, NOBODY};
use super::watch::Outlook;
use super::{Engine, PARALLEL_FROM, Scope, known, number};
use crate::ComputeError;
use crate::calendar::Calendar;
use crate::codes::Names;
use crate::dossier::Surroundings;
use crate::event::record::subject_hash;
use crate::event::{EventType, Family, FieldId};
use crate::facts::{Fact, Subject};
use crate::instant::Instant;
use crate::petition::Petition;
use crate::set::memo::{Found, Masks};
use crate::set::{Catalogue, Mask};

/// Rows evaluated together: large enough to spread the cost of a batch, small enough to stay in the cache.
const ROWS_MAX: usize = 4096;

/// Dossiers a shard folds before their difference is counted.
const SLICE_SUBJECTS_MAX: usize = 1 << 15;

/// What folding needs from the engine, shared by all shards.
#[derive(Clone, Copy)]
struct Context<'a> {
    as_of: Instant,
    windows: &'a [Window],
    scope: Scope,
    reference: &'a Reference,
    calendar: &'a Calendar,
    catalogue: &'a Catalogue,
    names: &'a Names,
    complaints: &'a hashbrown::HashMap<Box<[u8]>, u32, foldhash::fast::RandomState>,
}

impl Engine {
    /// Moves time on to `as_of` (never back) and counts everything that changed.
    ///
    /// # Errors
    /// [`ComputeError`] if a condition fails on real facts; the engine must then be discarded.
    pub fn advance(&mut self, as_of: Instant) -> Result<(), ComputeError> {
        self.refuse_trouble()?;
        self.as_of = self.as_of.max(as_of);
        self.version += 1;
        let has_new_period = self.begin_periods();
        self.ring_timers();
        let places = self.note_dirty();
        let fresh = self.refresh(&places);
        if has_new_period {
            // Only what has not ended can be in hand in a period that begins now.
            self.mark_all(|shard, place| shard.subjects[place].is_open);
        }
        let is_reference_due = self.is_reference_dirty;
        if is_reference_due {
            self.rebuild_reference();
        }
        if is_reference_due || has_new_period || self.next_frame_change <= self.as_of {
            self.rebuild_frames(is_reference_due || fresh.is_any())?;
        } else if fresh.is_any() {
            self.renew_frames(&fresh)?;
        }
        self.fold(Family::Petition)?;
        // A day of downtime with a million due dates is caught up a slice at a time, in bounded memory.
        while self.fold(Family::Dossier)? {}
        self.refold_archive()?;
        // What was to be brought back in this step may not have been.
        self.refuse_trouble()
    }

    /// Looks at what the events since the last step were about, and who else they touch.
    fn note_dirty(&mut self) -> Vec<(usize, usize)> {
        let mut fresh = Vec::new();
        let mut retracted: Vec<(usize, Vec<u8>)> = Vec::new();
        for (number, shard) in self.shards.iter_mut().enumerate() {
            let mut others = Vec::new();
            for place in std::mem::take(&mut shard.dirty) {
                let subject = &mut shard.subjects[place as usize];
                match subject.family {
                    Family::Dossier | Family::Petition => others.push(place),
                    Family::Retraction => {
                        subject.is_dirty = false;
                        retracted.push((number, subject.code().to_vec()));
                    }
                    Family::Source => subject.is_dirty = false,
                    Family::Agency | Family::Procedure | Family::Officer => {
                        subject.is_dirty = false;
                        fresh.push((number, place as usize));
                    }
                }
            }
            shard.dirty = others;
        }
        for (number, code) in retracted {
            let text = String::from_utf8_lossy(&code).into_owned();
            let hash = subject_hash(&text);
            self.find_or_wake(&text);
            let shard = &mut self.shards[number];
            for family in
                [Family::Dossier, Family::Petition, Family::Procedure, Family::Agency, Family::Officer]
            {
                let Some(place) = shard.place(family, &code, hash) else { continue };
                if is_reference(family) {
                    self.is_reference_dirty = true;
                } else {
                    shard.mark(place);
                }
            }
        }
        fresh
    }

    fn ring_timers(&mut self) {
        let shards = self.shards.len();
        let later = self.timers.split_off(&self.as_of.just_after());
        for (at, subjects) in std::mem::replace(&mut self.timers, later) {
            for subject in subjects {
                let shard = &mut self.shards[subject.shard(shards)];
                let place = subject.place(shards);
                if shard.subjects[place].next_change == at {
                    shard.mark(place);
                }
            }
        }
    }

    /// Has every dossier and petition that `touches` folded again.
    pub(super) fn mark_all(&mut self, touches: impl Fn(&Shard, usize) -> bool) {
        for shard in &mut self.shards {
            for place in 0..shard.subjects.len() {
                // What `touches` looks at lies closer together than the subjects do, so it is asked first.
                if touches(shard, place)
                    && matches!(shard.subjects[place].family, Family::Dossier | Family::Petition)
                {
                    shard.mark(place);
                }
            }
        }
    }

    /// Folds what is dirty, of dossiers at most a slice; whether there may be more.
    pub(super) fn fold(&mut self, family: Family) -> Result<bool, ComputeError> {
        let (codes, reference) = (Arc::clone(&self.setup.codes), Arc::clone(&self.reference));
        let (calendar, catalogue) = (Arc::clone(&self.setup.calendar), Arc::clone(&self.setup.catalogue));
        let (names, windows) = (codes.names(), self.windows());
        let context = Context {
            as_of: self.as_of,
            windows: &windows,
            scope: self.setup.scope,
            reference: &reference,
            calendar: &calendar,
            catalogue: &catalogue,
            names: &names,
            complaints: &self.complaints,
        };
        if family == Family::Petition {
            let folded = self.shards.iter_mut().map(|shard| fold_petitions(shard, context));
            let folded = folded.collect::<Result<Vec<_>, _>>()?;
            self.note_complaints(&folded);
            let rows =
                folded.into_iter().map(|petitions| petitions.into_iter().map(|(one, _)| one).collect());
            self.count(rows.collect());
            return Ok(false);
        }
        let dirty: usize = self.shards.iter().map(|shard| shard.dirty.len()).sum();
        if dirty == 0 {
            return Ok(false);
        }
        let folded = if dirty < PARALLEL_FROM {
            let folded = self.shards.iter_mut().map(|shard| fold_dossiers(shard, context));
            folded.collect::<Result<Vec<_>, _>>()?
        } else {
            std::thread::scope(|scope| {
                let work: Vec<_> = self
                    .shards
                    .iter_mut()
                    .map(|shard| scope.spawn(move || fold_dossiers(shard, context)))
                    .collect();
                let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                    thread.join().expect("a shard that can be trusted")
                };
                work.into_iter().map(join).collect::<Result<Vec<_>, ComputeError>>()
            })?
        };
        self.count(folded);
        Ok(true)
    }

    /// Remembers which dossiers the petitions name; dossiers newly named, or no longer, are folded again.
    fn note_complaints(&mut self, folded: &[Vec<FoldedPetition>]) {
        let count = self.shards.len();
        let mut touched: Vec<Box<[u8]>> = Vec::new();
        for (shard, petitions) in folded.iter().enumerate() {
            for (petition, names) in petitions {
                let petition = SubjectRef::new(shard, petition.place as usize, count);
                let before = if names.is_empty() {
                    self.named.remove(&petition)
                } else {
                    self.named.insert(petition, names.clone())
                };
                let before = before.unwrap_or_default();
                if before == *names {
                    continue;
                }
                for code in before {
                    if let Some(complaints) = self.complaints.get_mut(&code) {
                        *complaints -= 1;
                    }
                    touched.push(code);
                }
                for code in names {
                    *self.complaints.entry(code.clone()).or_default() += 1;
                    touched.push(code.clone());
                }
            }
        }
        for code in touched {
            let text = String::from_utf8_lossy(&code).into_owned();
            if let Some((shard, place)) = self.find_or_wake(&text) {
                self.shards[shard].mark(place);
            }
        }
    }

    /// Takes back what subjects counted as, and puts in what they count as now.
    fn count(&mut self, folded: Vec<Vec<Folded>>) {
        let shards = self.shards.len();
        for (shard_number, folded) in folded.into_iter().enumerate() {
            for folded in folded {
                let place = folded.place as usize;
                if self.is_timed && folded.is_timer_new {
                    let at = self.shards[shard_number].subjects[place].next_change;
                    if at < Instant::LAST {
                        let subject = SubjectRef::new(shard_number, place, shards);
                        self.timers.entry(at).or_default().push(subject);
                    }
                }
                let before = self.shards[shard_number].subjects[place].counted();
                let after = self.counted(&folded);
                // Most events change nothing that is counted.
                if before == after {
                    continue;
                }
                if let Some(before) = before {
                    self.count_one(shard_number, before, after, false);
                }
                if let Some(after) = after {
                    self.count_one(shard_number, after, before, true);
                }
                self.keep_lists((shard_number, place), (before, after));
                self.shards[shard_number].count_as(place, after);
            }
        }
    }

    /// What a subject counts as; `None` when in no period.
    fn counted(&mut self, folded: &Folded) -> Option<Counted> {
        if folded.rows.is_empty() {
            return None;
        }
        let mut rows = std::mem::take(&mut self.row_buffer);
        rows.clear();
        for (period, mask) in &folded.rows {
            rows.push(CountedRow { period: *period, class: self.class(*mask) });
        }
        let number = self.rows(&rows);
        self.row_buffer = rows;
        Some(Counted {
            chain: folded.chain,
            officer: folded.officer,
            procedure: folded.procedure,
            rows: number,
        })
    }

    /// Counts a subject in, or takes it back; what it counts as either way is left alone.
    fn count_one(&mut self, shard: usize, counted: Counted, other: Option<Counted>, is_in: bool) {
        let target = Target {
            units: self.shards[shard].chains.units(counted.chain),
            officer: known(counted.officer),
            procedure: known(counted.procedure),
        };
        let other = other.filter(|other| other.is_counted_for_the_same(&counted));
        let others = other.map_or(&[][..], |other| &self.row_lists[other.rows as usize]);
        for row in &self.row_lists[counted.rows as usize] {
            let also = others.iter().find(|also| also.period == row.period);
            let kept = also.map_or(0, |also| self.classes[also.class as usize]);
            let mask = self.classes[row.class as usize] & !kept;
            if mask != 0 {
                Arc::make_mut(&mut self.periods[row.period as usize].cells).count(target, mask, is_in);
            }
        }
    }
}

/// Rows on their way to masks: most are remembered, the others wait for their conditions.
struct Pending {
    masks: Masks,
    /// Whose row, which of its rows, and where it waits.
    owners: Vec<(usize, usize, usize)>,
}

impl Pending {
    fn new(masks: Option<Masks>, subject: Subject) -> Pending {
        Pending { masks: masks.unwrap_or_else(|| Masks::new(subject)), owners: Vec::new() }
    }

    /// Adds the row of `period` to `rows`, which will be the rows of the subject folded as number `owner`.
    fn push(&mut self, owner: usize, period: usize, row: &[Fact], rows: &mut Vec<(u16, Mask)>) {
        let mask = match self.masks.find(row) {
            Found::Mask(mask) => mask,
            Found::Waiting(place) => {
                self.owners.push((owner, rows.len(), place));
                0
            }
        };
        rows.push((u16::try_from(period).unwrap_or(u16::MAX), mask));
    }

    fn is_full(&self) -> bool {
        self.masks.waiting() >= ROWS_MAX
    }

    fn flush(&mut self, catalogue: &Catalogue, folded: &mut [Folded]) -> Result<(), ComputeError> {
        let masks = self.masks.evaluate(&catalogue.conditions)?;
        for (owner, row, place) in self.owners.drain(..) {
            folded[owner].rows[row].1 = masks[place];
        }
        Ok(())
    }
}

fn fold_dossiers(shard: &mut Shard, context: Context<'_>) -> Result<Vec<Folded>, ComputeError> {
    let around = Surroundings {
        calendar: context.calendar,
        procedures: &context.reference.procedures,
        duties: context.catalogue.duties,
    };
    let watched = Arc::clone(&shard.watched);
    let dirty = shard.dirty.split_off(shard.dirty.len().saturating_sub(SLICE_SUBJECTS_MAX));
    let mut folded = Vec::with_capacity(dirty.len());
    let mut pending = Pending::new(shard.dossier_masks.take(), Subject::Dossier);
    for place in dirty {
        let at = place as usize;
        let future = next_future(shard, at, context.as_of);
        let (records, idle) = shard.standing(at, context.as_of, context.names);
        let is_mixed = has_mixed_procedures(&records);
        let complaints = context.complaints.get(shard.subjects[at].code()).copied().unwrap_or(0);
        let mut dossier = DossierRows::fold(records, around, complaints > 0);
        if idle > 0 {
            dossier.life.flags.raise(crate::dossier::Flag::ImpossibleOrder);
        }
        let mut one = Folded {
            place,
            chain: 0,
            officer: number(dossier.life.officer),
            procedure: number(dossier.life.procedure),
            rows: Vec::new(),
            is_timer_new: false,
        };
        for (period, window) in context.windows.iter().enumerate() {
            let Some(membership) = dossier.membership(window) else { continue };
            let facts = dossier.facts(window, membership, context.as_of, around);
            pending.push(folded.len(), period, &facts, &mut one.rows);
        }
        let mut next_change = dossier.next_change(context.as_of, around.duties, context.calendar).min(future);
        let outlook = (!watched.is_empty()).then(|| {
            let last = dossier.records.last().map_or(Instant::FIRST, |record| record.time);
            Outlook::of_dossier(&watched, &dossier.life, last, context.as_of, around)
        });
        next_change = next_change.min(outlook.as_ref().map_or(Instant::LAST, |outlook| outlook.next));
        let home = dossier.life.agency.zip(dossier.life.accepted_at);
        let is_open = dossier.life.ended_at.is_none();
        drop(dossier);
        let subject = &mut shard.subjects[at];
        one.is_timer_new = subject.next_change != next_change;
        (subject.is_dirty, subject.is_open, subject.next_change) = (false, is_open, next_change);
        if let Some(outlook) = outlook {
            shard.note(at, outlook);
        }
        shard.procedures[at] = if is_mixed { MIXED } else { one.procedure };
        if let Some((agency, accepted_at)) = home {
            let (organisation, edges) = (&context.reference.organisation, &context.reference.tree_edges);
            one.chain = shard.chains.of(agency, accepted_at, organisation, edges, context.reference.version);
        }
        folded.push(one);
        if pending.is_full() {
            pending.flush(context.catalogue, &mut folded)?;
        }
    }
    pending.flush(context.catalogue, &mut folded)?;
    shard.dossier_masks = Some(pending.masks);
    Ok(folded)
}

type FoldedPetition = (Folded, Vec<Box<[u8]>>);

fn fold_petitions(shard: &mut Shard, context: Context<'_>) -> Result<Vec<FoldedPetition>, ComputeError> {
    let watched = Arc::clone(&shard.watched);
    let is_petition = |place: &u32| shard.subjects[*place as usize].family == Family::Petition;
    let (dirty, others): (Vec<u32>, Vec<u32>) = shard.dirty.iter().partition(|place| is_petition(place));
    shard.dirty = others;
    let (mut folded, mut names) = (Vec::with_capacity(dirty.len()), Vec::with_capacity(dirty.len()));
    let mut pending = Pending::new(shard.petition_masks.take(), Subject::Petition);
    for place in dirty {
        let at = place as usize;
        let mut next_change = next_future(shard, at, context.as_of);
        let mut one = Folded {
            place,
            chain: 0,
            officer: NOBODY,
            procedure: NOBODY,
            rows: Vec::new(),
            is_timer_new: false,
        };
        let mut complained: Vec<Box<[u8]>> = Vec::new();
        let (mut home, mut outlook) = (None, None);
        let (records, _) = shard.standing(at, context.as_of, context.names);
        if let Some(petition) = Petition::fold(&records) {
            one.officer = number(petition.officer);
            home = Some((petition.agency, petition.base));
            complained = petition.dossiers.iter().map(|code| code.as_bytes().into()).collect();
            let next = petition.next_change(context.as_of, context.calendar);
            next_change = next_change.min(next.unwrap_or(Instant::LAST));
            if !watched.is_empty() {
                let seen = Outlook::of_petition(&watched, &petition, context.as_of, context.calendar);
                next_change = next_change.min(seen.next);
                outlook = Some(seen);
            }
            let windows = match context.scope {
                Scope::All => context.windows,
                Scope::Dossiers => &[],
            };
            for (period, window) in windows.iter().enumerate() {
                let Some(facts) = petition_facts(&petition, window, context.calendar) else { continue };
                pending.push(folded.len(), period, &facts, &mut one.rows);
            }
        }
        if let Some((agency, base)) = home {
            let (organisation, edges) = (&context.reference.organisation, &context.reference.tree_edges);
            one.chain = shard.chains.of(agency, base, organisation, edges, context.reference.version);
        }
        if let Some(outlook) = outlook {
            shard.note(at, outlook);
        }
        let subject = &mut shard.subjects[at];
        one.is_timer_new = subject.next_change != next_change;
        (subject.is_dirty, subject.next_change, subject.is_open) = (false, next_change, true);
        folded.push(one);
        names.push(complained);
    }
    pending.flush(context.catalogue, &mut folded)?;
    shard.petition_masks = Some(pending.masks);
    Ok(folded.into_iter().zip(names).collect())
}

/// The instant from which the next event of the future counts.
fn next_future(shard: &Shard, place: usize, as_of: Instant) -> Instant {
    shard.next_event(place, as_of).map_or(Instant::LAST, Instant::just_after)
}

fn has_mixed_procedures(records: &[crate::event::Record<'_>]) -> bool {
    let is_entry = |kind| matches!(kind, EventType::Submitted | EventType::Accepted);
    let mut procedures = records
        .iter()
        .filter(|record| is_entry(record.event_type))
        .map(|record| record.code(FieldId::Procedure));
    let first = procedures.next();
    procedures.any(|procedure| Some(procedure) != first)
}
