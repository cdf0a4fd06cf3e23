//! The portal's picture, built from ours: which dossiers, and which of their facts, make its counts other than ours.
//!
//! Every dossier in which the two pictures differ is taken from ours to the portal's one kind of difference at a time
//! (`steps`), and after each kind all counts are kept. So what a kind moves in a figure is the figure after it less the
//! figure before it, worked out by the reader of all figures, and the kinds add up. Not here: what the portal published,
//! and what is left over (`reconciliation`).

mod believed;
mod listed;
mod steps;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use believed::{Listed, PortalList, Standing};
pub use steps::Said;

use super::cells::{Cells, Target};
use super::rows::{DossierRows, Window};
use super::shard::Shard;
use super::{Engine, known};
use crate::ComputeError;
use crate::codes::{Code, Names};
use crate::dossier::{Life, Surroundings};
use crate::event::{Family, Record};
use crate::facts::Subject;
use crate::instant::Instant;
use crate::period::Period;
use crate::set::Mask;
use crate::set::memo::{Found, Masks};
use believed::{Acknowledged, Believed, is_progress_told, told};
use steps::{Judged, steps};

/// Rows evaluated together.
const ROWS_MAX: usize = 4096;

/// Why a dossier counts otherwise at the portal; in this order the portal's picture is built.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Difference {
    /// The portal never acknowledged it.
    NotSynced,
    /// The portal acknowledged it after its figures were taken.
    SyncedLate,
    /// The portal acknowledged it in time and its list does not have it.
    MissingThere,
    /// The portal has it and no event names it here.
    MissingHere,
    /// It stands elsewhere: accepted, waiting, ended, or when.
    Status,
    /// Its due date is another.
    Due,
    /// Its channel, agency, procedure, fee or a mark is another.
    ChannelOrFlag,
    /// The facts are the same and are judged otherwise.
    Rule,
}

impl Difference {
    /// All, in their order.
    pub const ALL: [Difference; 8] = [
        Difference::NotSynced,
        Difference::SyncedLate,
        Difference::MissingThere,
        Difference::MissingHere,
        Difference::Status,
        Difference::Due,
        Difference::ChannelOrFlag,
        Difference::Rule,
    ];

    /// The stable name in files and addresses.
    pub fn name(self) -> &'static str {
        match self {
            Difference::NotSynced => "not_synced",
            Difference::SyncedLate => "synced_late",
            Difference::MissingThere => "missing_there",
            Difference::MissingHere => "missing_here",
            Difference::Status => "status",
            Difference::Due => "due",
            Difference::ChannelOrFlag => "channel_or_flag",
            Difference::Rule => "rule",
        }
    }
}

/// What a dossier counts as in the period, in one of the pictures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CountsAs {
    /// For these units, nearest first.
    pub units: Arc<[Code]>,
    /// The procedure it counts for.
    pub procedure: Option<Code>,
    /// The conditions that hold.
    pub mask: Mask,
}

/// One kind of difference of one dossier.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The kind.
    pub difference: Difference,
    /// The facts that are other; none when the dossier is missing on one side.
    pub said: Vec<Said>,
    /// What it counted as before it, `None` for nothing.
    pub before: Option<CountsAs>,
    /// What it counts as after it.
    pub after: Option<CountsAs>,
}

/// A dossier in which the pictures differ.
#[derive(Clone, Debug)]
pub struct Differing {
    /// Its code.
    pub dossier: String,
    /// The kinds, in their order.
    pub turns: Vec<Turn>,
}

/// Our picture, the portal's, and those between.
#[derive(Debug)]
pub struct Reconciled {
    /// The period.
    pub period: Period,
    /// Both pictures are as of here.
    pub as_of: Instant,
    /// The counts before any difference, and after each of [`Difference::ALL`].
    pub pictures: Vec<Cells>,
    /// Sorted by code.
    pub dossiers: Vec<Differing>,
    /// The log holds messages about progress that the portal took; without them only who is there can be judged.
    pub tells_progress: bool,
    /// Whether the portal's list was compared with.
    pub has_list: bool,
}

/// What is known of the portal's picture.
#[derive(Clone, Copy, Default, Debug)]
pub struct Evidence<'e> {
    /// The portal's list of dossiers; without it, what our log says the portal was told.
    pub list: Option<&'e PortalList>,
}

/// A dossier whose rows wait for their masks.
struct Waiting {
    dossier: String,
    /// What it is counted as here.
    counted: Option<Mask>,
    ours: Option<View>,
    turns: Vec<(Difference, Vec<Said>, Option<View>)>,
}

/// What a dossier counts as, its mask perhaps still to be worked out.
struct View {
    units: Arc<[Code]>,
    procedure: Option<Code>,
    found: Found,
}

/// All that comparing needs of the engine.
struct Comparing<'e> {
    engine: &'e Engine,
    window: Window,
    evidence: Evidence<'e>,
    tells_progress: bool,
    names: &'e Names,
    masks: Masks,
    chains: BTreeMap<(Code, usize), Arc<[Code]>>,
    waiting: Vec<Waiting>,
}

impl Engine {
    /// Compares the dossiers of `period` with what the portal believes of them, as of where the engine stands. Events
    /// after that instant only say who was synchronised later. `None` when the period is not kept.
    ///
    /// # Errors
    /// [`ComputeError`] when conditions fail on real facts, or dossiers are at rest.
    pub fn reconcile(
        &self,
        period: Period,
        evidence: Evidence<'_>,
    ) -> Result<Option<Reconciled>, ComputeError> {
        if self.archive.is_some() {
            return Err(ComputeError::AtRest("what is reconciled is counted from the log".to_owned()));
        }
        let Some(place) = self.periods.iter().position(|state| state.period == period) else {
            return Ok(None);
        };
        let codes = self.codes();
        let names = codes.names();
        let mut comparing = Comparing {
            engine: self,
            window: Window::new(period, self.as_of),
            evidence,
            tells_progress: self.tells_progress(),
            names: &names,
            masks: Masks::new(Subject::Dossier),
            chains: BTreeMap::new(),
            waiting: Vec::new(),
        };
        let ours = Cells::clone(&self.periods[place].cells);
        let mut reconciled = Reconciled {
            period,
            as_of: self.as_of,
            pictures: vec![ours; Difference::ALL.len() + 1],
            dossiers: Vec::new(),
            tells_progress: comparing.tells_progress,
            has_list: evidence.list.is_some(),
        };
        for shard in &self.shards {
            for (at, subject) in shard.subjects.iter().enumerate() {
                if subject.family == Family::Dossier && !subject.is_vacant() {
                    comparing.compare(shard, at, place);
                    comparing.flush_if_full(&mut reconciled)?;
                }
            }
        }
        comparing.look_for_missing(&mut reconciled)?;
        comparing.flush(&mut reconciled)?;
        reconciled.dossiers.sort_unstable_by(|one, other| one.dossier.cmp(&other.dossier));
        Ok(Some(reconciled))
    }

    fn tells_progress(&self) -> bool {
        let dossiers = self.shards.iter().flat_map(|shard| &shard.subjects);
        let mut dossiers = dossiers.filter(|subject| subject.family == Family::Dossier);
        dossiers.any(|subject| subject.records().any(|record| is_progress_told(&record, self.as_of)))
    }
}

impl Comparing<'_> {
    fn around(&self) -> Surroundings<'_> {
        self.engine.around()
    }

    fn compare(&mut self, shard: &Shard, at: usize, place: usize) {
        let engine = self.engine;
        let subject = &shard.subjects[at];
        let code = String::from_utf8_lossy(subject.code()).into_owned();
        let (as_of, window) = (engine.as_of, self.window);
        let around = engine.around();
        let (records, idle) = shard.standing(at, as_of, self.names);
        let complaints = engine.complaints.get(subject.code()).copied().unwrap_or(0);
        let mut rows = DossierRows::fold(records, around, complaints > 0);
        if idle > 0 {
            rows.life.flags.raise(crate::dossier::Flag::ImpossibleOrder);
        }
        let (all, _) = shard.standing(at, Instant::LAST, self.names);
        let acknowledged = Acknowledged::of(&rows.records, &all, as_of);
        let then = acknowledged.last.filter(|_| self.tells_progress).map(|last| {
            let (then, _) = shard.standing(at, last.just_after().min(as_of), self.names);
            then
        });
        let Some(believed) = self.believed(&code, &rows, &acknowledged, then) else { return };
        let late = rows.lateness(&window, as_of, around);
        let ours = Judged { rows, late };
        let taken = steps(&ours, &believed, &window, around);
        if taken.is_empty() {
            return;
        }
        let counted = subject.counted().and_then(|counted| {
            let rows = &engine.row_lists[counted.rows as usize];
            let row = rows.iter().find(|row| usize::from(row.period) == place)?;
            Some((counted, engine.classes[row.class as usize]))
        });
        if counted.is_none() && taken.iter().all(|step| !self.is_in_period(step.after.as_ref())) {
            return;
        }
        let ours = counted.and_then(|(counted, _)| {
            let units = Arc::from(shard.chains.units(counted.chain));
            self.view(&ours).map(|view| View { units, procedure: known(counted.procedure), ..view })
        });
        let turns = taken.into_iter().map(|step| {
            let view = step.after.as_ref().and_then(|after| self.view(after));
            (step.difference, step.said, view)
        });
        let turns = turns.collect();
        self.waiting.push(Waiting { dossier: code, counted: counted.map(|(_, mask)| mask), ours, turns });
    }

    fn is_in_period(&self, after: Option<&Judged<'_>>) -> bool {
        after.is_some_and(|after| after.rows.membership(&self.window).is_some())
    }

    /// What the portal believes; `None` when nobody says otherwise than we. `then` stood when it was last told.
    fn believed<'a>(
        &self,
        code: &str,
        ours: &DossierRows<'a>,
        acknowledged: &Acknowledged,
        then: Option<Vec<Record<'a>>>,
    ) -> Option<Believed<'a>> {
        let as_of = self.engine.as_of;
        let absence = acknowledged.absence();
        if let Some(list) = self.evidence.list {
            if let Some(listed) = list.dossiers.get(code) {
                let life = Box::new(listed.life(Some(&ours.life), as_of));
                return Some(Believed::Present { life, judged: None, verdict: listed.late });
            }
            if self.covers(list, &ours.life) {
                let is_counted = ours.membership(&self.window).is_some();
                return is_counted.then(|| Believed::Absent(absence.unwrap_or(Difference::MissingThere)));
            }
        }
        match absence {
            Some(absence) => Some(Believed::Absent(absence)),
            None => then.map(|then| told(ours, then, (&self.window, as_of), self.around())),
        }
    }

    /// Whether a list would have a dossier of ours.
    fn covers(&self, list: &PortalList, life: &Life<'_>) -> bool {
        let Some(unit) = list.covers else { return true };
        let home = life.agency.zip(life.accepted_at);
        home.is_some_and(|(agency, at)| self.engine.reference.organisation.chain(agency, at).contains(&unit))
    }

    /// What a dossier counts as; `None` when it is in no set of the period.
    fn view(&mut self, judged: &Judged<'_>) -> Option<View> {
        let rows = &judged.rows;
        let membership = rows.membership(&self.window)?;
        let facts = rows.facts_judged(&self.window, membership, judged.late, self.around());
        let found = self.masks.find(&facts);
        let (agency, accepted_at) = (rows.life.agency, rows.life.accepted_at?);
        let units = agency.map_or_else(|| Arc::from([]), |agency| self.chain(agency, accepted_at));
        Some(View { units, procedure: rows.life.procedure, found })
    }

    fn chain(&mut self, agency: Code, at: Instant) -> Arc<[Code]> {
        let reference = &self.engine.reference;
        let stretch = reference.tree_edges.partition_point(|edge| *edge <= at);
        let chain = self.chains.entry((agency, stretch));
        Arc::clone(chain.or_insert_with(|| reference.organisation.chain(agency, at).into()))
    }

    /// What the portal's list has and no event of ours names.
    fn look_for_missing(&mut self, reconciled: &mut Reconciled) -> Result<(), ComputeError> {
        let Some(list) = self.evidence.list else { return Ok(()) };
        let (as_of, window) = (self.engine.as_of, self.window);
        for (code, listed) in &list.dossiers {
            if self.engine.find(Family::Dossier, code).is_some() {
                continue;
            }
            let life = listed.life(None, as_of);
            let around = self.around();
            let rows = DossierRows::of(life, Vec::new(), around, false);
            let late = listed.late.unwrap_or_else(|| steps::is_late(&rows.life, window.cut));
            let view = self.view(&Judged { rows, late: (late, late) });
            if view.is_some() {
                let turns = vec![(Difference::MissingHere, Vec::new(), view)];
                self.waiting.push(Waiting { dossier: code.to_string(), counted: None, ours: None, turns });
                self.flush_if_full(reconciled)?;
            }
        }
        Ok(())
    }

    fn flush_if_full(&mut self, reconciled: &mut Reconciled) -> Result<(), ComputeError> {
        let is_full = self.masks.waiting() >= ROWS_MAX || self.waiting.len() >= ROWS_MAX;
        if is_full { self.flush(reconciled) } else { Ok(()) }
    }

    /// Works out the masks that wait, and counts every picture.
    fn flush(&mut self, reconciled: &mut Reconciled) -> Result<(), ComputeError> {
        let fresh = self.masks.evaluate(&self.engine.setup.catalogue.conditions)?;
        let counts_as = |view: Option<View>| {
            view.map(|View { units, procedure, found }| CountsAs {
                units,
                procedure,
                mask: found.mask(&fresh),
            })
        };
        for waiting in self.waiting.drain(..) {
            let ours = counts_as(waiting.ours);
            // A picture that does not begin with what is counted would explain something else.
            assert_eq!(ours.as_ref().map(|ours| ours.mask), waiting.counted, "{}", waiting.dossier);
            let mut before = ours.clone();
            let mut turns = Vec::with_capacity(waiting.turns.len());
            for (difference, said, view) in waiting.turns {
                let after = counts_as(view);
                turns.push(Turn { difference, said, before: before.clone(), after: after.clone() });
                before = after;
            }
            for (place, picture) in reconciled.pictures.iter_mut().enumerate().skip(1) {
                let until = turns.iter().rev().find(|turn| (turn.difference as usize) < place);
                let then = until.map_or(&ours, |turn| &turn.after);
                if *then != ours {
                    count(picture, ours.as_ref(), false);
                    count(picture, then.as_ref(), true);
                }
            }
            reconciled.dossiers.push(Differing { dossier: waiting.dossier, turns });
        }
        Ok(())
    }
}

fn count(picture: &mut Cells, counts: Option<&CountsAs>, is_in: bool) {
    if let Some(CountsAs { units, procedure, mask }) = counts {
        let target = Target { units, officer: None, procedure: *procedure };
        picture.count(target, *mask, is_in);
    }
}
