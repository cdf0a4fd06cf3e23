//! Going to rest: chosen while a save is written, gone from memory once it is durable.
//!
//! A subject that changes in between stays: what is in memory stands before what the archive holds. Not here: what an
//! archive holds of a subject (`entry`).

use std::sync::Arc;

use super::entry::{RestingCount, RestingSubject, key_of_subject};
use super::{Archive, AtRest, RestDraft, RestRule};
use crate::codes::Names;
use crate::engine::identity::Stored;
use crate::engine::shard::{Shard, SubjectRef};
use crate::engine::subject::{Counted, CountedRow, Subject};
use crate::engine::{Engine, PeriodState};
use crate::event::{Family, Record};
use crate::instant::Instant;
use crate::set::Mask;

/// Subjects on their way to rest with the save under way, or the one just written.
#[derive(Debug)]
pub(in crate::engine) struct Leaving {
    rule: RestRule,
    /// As of the save.
    cut: Instant,
    /// Chosen so far.
    pub(in crate::engine) chosen: AtRest,
    draft: RestDraft,
    /// The save is durable: they may leave memory.
    is_durable: bool,
}

/// A shard's part of them.
#[derive(Debug, Default)]
pub(in crate::engine) struct ShardResting {
    places: Vec<u32>,
    /// One bit a place: it goes.
    goes: Vec<u64>,
}

impl ShardResting {
    fn choose(&mut self, place: usize) {
        if self.goes.len() <= place / 64 {
            self.goes.resize(place / 64 + 1, 0);
        }
        self.goes[place / 64] |= 1 << (place % 64);
        self.places.push(u32::try_from(place).expect("fewer than four billion subjects a shard"));
    }

    /// It changes, so it stays.
    pub(in crate::engine) fn stays(&mut self, place: usize) {
        if let Some(word) = self.goes.get_mut(place / 64) {
            *word &= !(1 << (place % 64));
        }
    }

    fn goes(&self, place: usize) -> bool {
        self.goes.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }
}

/// What choosing looks at beside the shard.
pub(in crate::engine) struct Chooser<'e> {
    pub(in crate::engine) periods: &'e [PeriodState],
    pub(in crate::engine) row_lists: &'e [Box<[CountedRow]>],
    pub(in crate::engine) classes: &'e [Mask],
    pub(in crate::engine) names: &'e Names,
    pub(in crate::engine) archive: Option<&'e dyn Archive>,
    pub(in crate::engine) leaving: &'e mut Leaving,
}

impl Chooser<'_> {
    /// Has the subject at `place` go to rest if the rule says so; whether it does.
    pub(in crate::engine) fn choose(&mut self, shard: &mut Shard, place: usize) -> bool {
        let subject = &shard.subjects[place];
        let is_full = self.leaving.chosen.subjects >= self.leaving.rule.subjects_max as u64;
        if is_full || !self.is_at_rest(subject) {
            return false;
        }
        let code = subject.code();
        let Ok(older) = self.older(code) else {
            // What it lay there as cannot be overwritten unseen: nobody else goes this time, and nothing is lost.
            self.leaving.rule.subjects_max = 0;
            return false;
        };
        let resting = RestingSubject {
            procedure: shard.procedures[place],
            counted: subject.counted().map(|counted| self.words(shard, counted)),
            events: subject.events().to_vec(),
        };
        let identities = shard.identities_of(place, self.names);
        resting.put(&mut self.leaving.draft, code, &identities, older.as_ref());
        self.leaving.chosen.subjects += 1;
        self.leaving.chosen.events += identities.len() as u64;
        shard.resting.get_or_insert_default().choose(place);
        true
    }

    /// What the archive already holds of a subject that was brought back.
    fn older(&self, code: &[u8]) -> std::io::Result<Option<RestingSubject>> {
        let key = key_of_subject(code);
        let Some(archive) = self.archive.filter(|archive| archive.may_hold(&key)) else { return Ok(None) };
        archive.get(&key)?.map(RestingSubject::read).transpose().map_err(std::io::Error::other)
    }

    /// It has ended, nothing was heard of it for a while, and no period it counts in goes on.
    fn is_at_rest(&self, subject: &Subject) -> bool {
        let rows = subject.counted().map_or(&[][..], |counted| &self.row_lists[counted.rows as usize]);
        let is_closed = |row: &CountedRow| self.periods[row.period as usize].period.end() <= self.leaving.cut;
        subject.family == Family::Dossier
            && !subject.is_open
            && subject.next_change == Instant::LAST
            && rows.iter().all(is_closed)
            && subject.records().all(|record| record.time < self.leaving.rule.quiet_since)
    }

    fn words(&self, shard: &Shard, counted: Counted) -> RestingCount {
        let rows = self.row_lists[counted.rows as usize].iter();
        RestingCount {
            chain: shard.chains.units(counted.chain).into(),
            officer: counted.officer,
            procedure: counted.procedure,
            rows: rows
                .map(|row| (self.periods[row.period as usize].period, self.classes[row.class as usize]))
                .collect(),
        }
    }
}

impl Engine {
    /// [`Engine::begin_save`], and dossiers go to rest with it.
    pub fn begin_save_and_rest(&mut self, rule: RestRule) {
        self.begin_save();
        self.leaving = Some(Leaving {
            rule,
            cut: self.as_of,
            chosen: AtRest::default(),
            draft: RestDraft::default(),
            is_durable: false,
        });
    }

    /// What goes to rest, as far as [`Engine::save_some`] has come since the last call: for the archive.
    pub fn take_rest_draft(&mut self) -> RestDraft {
        self.leaving.as_mut().map(|leaving| std::mem::take(&mut leaving.draft)).unwrap_or_default()
    }

    /// The save is durable and `archive` holds what goes to rest with it: [`Engine::leave_some`] may begin.
    pub fn rest_on(&mut self, archive: Arc<dyn Archive>) {
        self.archive = Some(archive);
        if let Some(leaving) = &mut self.leaving {
            leaving.is_durable = true;
        }
    }

    /// Has at most `subjects_max` of the subjects gone to rest leave memory; whether all have.
    pub fn leave_some(&mut self, subjects_max: usize) -> bool {
        if !self.leaving.as_ref().is_some_and(|leaving| leaving.is_durable) {
            return true;
        }
        let (codes, shards) = (Arc::clone(&self.setup.codes), self.shards.len());
        let names = codes.names();
        let mut left = 0;
        for number in 0..shards {
            while left < subjects_max
                && let Some(place) =
                    self.shards[number].resting.as_mut().and_then(|resting| resting.places.pop())
            {
                left += 1;
                let place = place as usize;
                let shard = &self.shards[number];
                if !shard.resting.as_ref().is_some_and(|resting| resting.goes(place)) {
                    continue;
                }
                let subject = SubjectRef::new(number, place, shards);
                for record in shard.subjects[place].records() {
                    self.identities.remove(Stored { identity_hash: hash_of(&record, &names), subject });
                    self.at_rest.events += 1;
                }
                self.at_rest.subjects += 1;
                self.shards[number].forget(place);
            }
        }
        let is_done = left < subjects_max;
        if is_done {
            self.abandon_leaving();
            self.identities.tighten();
        }
        is_done
    }

    /// Whoever was to go to rest stays in memory.
    pub fn abandon_leaving(&mut self) {
        self.leaving = None;
        self.shards.iter_mut().for_each(|shard| shard.resting = None);
    }

    /// How much is at rest.
    pub fn at_rest(&self) -> AtRest {
        self.at_rest
    }
}

/// The hash of a record's identity.
pub(in crate::engine) fn hash_of(record: &Record<'_>, names: &Names) -> u64 {
    let id = std::str::from_utf8(record.id).unwrap_or_default();
    crate::event::record::identity_hash(names.text(record.source), id)
}
