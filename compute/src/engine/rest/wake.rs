//! Back from rest: a subject that an event, a retraction, a complaint, a redefinition or a question is about.
//!
//! It comes back with what it counts as, so that nothing need be counted for it. An archive that cannot be read stops the
//! engine at its next step. Not here: what an archive holds of a subject (`entry`).

use std::io;
use std::sync::Arc;

use super::entry::{RestingCount, RestingSubject, key_of_identity, key_of_procedure, key_of_subject};
use super::leave::hash_of;
use super::{Archive, ArchiveEntry};
use crate::ComputeError;
use crate::codes::{Code, Names};
use crate::engine::identity::Stored;
use crate::engine::shard::{Shard, SubjectRef};
use crate::engine::subject::{Counted, CountedRow, MIXED};
use crate::engine::{Engine, shard_of};
use crate::event::Family;
use crate::event::record::subject_hash;
use crate::instant::Instant;

/// A subject brought back into its shard, and what it counts as.
#[derive(Debug)]
pub(in crate::engine) struct Woken {
    pub(in crate::engine) place: usize,
    pub(super) counted: Option<RestingCount>,
    /// Of its events, before any other is taken.
    pub(super) identities: Vec<u64>,
}

impl Shard {
    /// Brings a dossier that is not in memory back, if it is at rest.
    pub(in crate::engine) fn wake(
        &mut self,
        archive: &dyn Archive,
        names: &Names,
        code: &[u8],
        hash: u64,
    ) -> io::Result<Option<Woken>> {
        let key = key_of_subject(code);
        if !archive.may_hold(&key) {
            return Ok(None);
        }
        let Some(value) = archive.get(&key)? else { return Ok(None) };
        let mut woken = self.put_back(code, hash, value)?;
        woken.identities = self.identities_of(woken.place, names);
        Ok(Some(woken))
    }

    /// The hashes of the identities of a subject's events.
    pub(super) fn identities_of(&self, place: usize, names: &Names) -> Vec<u64> {
        self.subjects[place].records().map(|record| hash_of(&record, names)).collect()
    }

    /// Takes what the archive holds of a dossier, but for its identities.
    pub(super) fn put_back(&mut self, code: &[u8], hash: u64, value: Vec<u8>) -> io::Result<Woken> {
        let resting = RestingSubject::read(value).map_err(io::Error::other)?;
        let place = self.restore(Family::Dossier, code, hash, &resting.events);
        self.procedures[place] = resting.procedure;
        let subject = &mut self.subjects[place];
        (subject.is_open, subject.next_change) = (false, Instant::LAST);
        Ok(Woken { place, counted: resting.counted, identities: Vec::new() })
    }
}

impl Engine {
    /// The place of a dossier, which is brought back if it is at rest.
    pub(in crate::engine) fn find_or_wake(&mut self, code: &str) -> Option<(usize, usize)> {
        if let Some(found) = self.find(Family::Dossier, code) {
            return Some(found);
        }
        let archive = self.archive.clone()?;
        let hash = subject_hash(code);
        let number = shard_of(hash, self.shards.len());
        let codes = Arc::clone(&self.setup.codes);
        let woken = self.shards[number].wake(archive.as_ref(), &codes.names(), code.as_bytes(), hash);
        match woken {
            Ok(woken) => {
                let woken = woken?;
                let place = woken.place;
                self.welcome(number, [woken]);
                Some((number, place))
            }
            Err(error) => {
                self.note_trouble(&error);
                None
            }
        }
    }

    /// Takes over what subjects brought back count as, and their identities.
    pub(in crate::engine) fn welcome(&mut self, number: usize, woken: impl IntoIterator<Item = Woken>) {
        let shards = self.shards.len();
        let mut stored = Vec::new();
        for woken in woken {
            let counted = woken.counted.as_ref().and_then(|counted| self.numbers(number, counted));
            let subject = SubjectRef::new(number, woken.place, shards);
            self.at_rest.subjects -= 1;
            self.at_rest.events -= woken.identities.len() as u64;
            stored
                .extend(woken.identities.into_iter().map(|identity_hash| Stored { identity_hash, subject }));
            let shard = &mut self.shards[number];
            if self.refold == Some(false) {
                // Nothing at rest is among the counts yet.
                shard.mark(woken.place);
            } else {
                shard.count_as(woken.place, counted);
            }
        }
        // Clashes were settled before they went to rest, so none can come of this.
        self.identities.add(&[stored], 1);
    }

    /// What a subject counts as, in this engine's numbers. A period that is not kept is left out.
    pub(super) fn numbers(&mut self, number: usize, counted: &RestingCount) -> Option<Counted> {
        let mut rows = Vec::with_capacity(counted.rows.len());
        for (period, mask) in &counted.rows {
            let Some(place) = self.periods.iter().position(|state| state.period == *period) else { continue };
            let period = u16::try_from(place).expect("fewer periods than that");
            rows.push(CountedRow { period, class: self.class(*mask) });
        }
        if rows.is_empty() {
            return None;
        }
        rows.sort_unstable_by_key(|row| row.period);
        Some(Counted {
            chain: self.shards[number].chains.number(counted.chain.clone()),
            officer: counted.officer,
            procedure: counted.procedure,
            rows: self.rows(&rows),
        })
    }

    /// Brings back whoever may hold the identity of an event newly stored.
    pub(in crate::engine) fn wake_holders(&mut self, stored: &[Vec<Stored>]) {
        let Some(archive) = self.archive.clone() else { return };
        for stored in stored.iter().flatten() {
            let prefix = key_of_identity(stored.identity_hash);
            if !archive.may_hold(&prefix) {
                continue;
            }
            for code in self.codes_behind(archive.scan_held(&prefix), prefix.len()) {
                self.find_or_wake(&code);
            }
        }
    }

    /// Has the dossiers at rest of these procedures folded again.
    pub(in crate::engine) fn wake_procedures(&mut self, changed: &[Code]) {
        // What is all folded again need not be brought back for this.
        let Some(archive) = self.archive.clone().filter(|_| self.refold.is_none()) else { return };
        for procedure in changed.iter().map(|code| code.0).chain([MIXED]) {
            let prefix = key_of_procedure(procedure);
            for code in self.codes_behind(archive.scan(&prefix), prefix.len()) {
                if let Some((number, place)) = self.find_or_wake(&code) {
                    self.shards[number].mark(place);
                }
            }
        }
    }

    /// The codes behind so many bytes of keys.
    fn codes_behind(
        &mut self,
        entries: impl Iterator<Item = io::Result<ArchiveEntry>>,
        prefix: usize,
    ) -> Vec<String> {
        let found = entries.map(|entry| {
            let (key, _) = entry?;
            String::from_utf8(key[prefix..].to_vec()).map_err(io::Error::other)
        });
        found.collect::<io::Result<_>>().unwrap_or_else(|error| {
            self.note_trouble(&error);
            Vec::new()
        })
    }

    /// The archive failed: the next step says so.
    pub(in crate::engine) fn note_trouble(&mut self, error: &dyn std::fmt::Display) {
        self.trouble.get_or_insert_with(|| error.to_string());
    }

    /// Stop rather than lie.
    pub(in crate::engine) fn refuse_trouble(&self) -> Result<(), ComputeError> {
        self.trouble.as_ref().map_or(Ok(()), |why| Err(ComputeError::AtRest(why.clone())))
    }
}
