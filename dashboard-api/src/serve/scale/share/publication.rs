//! What a share publishes: identities first, then the counts that changed and how far it has come, in one transaction.
//!
//! Not here: the topic itself (`ingest::kafka::CountsTopic`), when a share is current.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use compute::codes::Names;
use compute::engine::{At, Cells, Snapshot};
use ingest::kafka::{CountKey, CountPlace, CountsError, IDENTITIES_MAX, ShareState};

use super::{Dropped, HEARTBEAT, Life, PUBLISH_EVERY, Published};

impl Life<'_> {
    pub(super) fn publish(&mut self) -> Result<(), Dropped> {
        if self.last_published.is_some_and(|last| last.elapsed() < PUBLISH_EVERY) {
            return Ok(());
        }
        let snapshot = self.engine.snapshot();
        let state = self.state(&snapshot);
        if !self.is_due(&snapshot, &state) {
            return Ok(());
        }
        match self.send(&snapshot, &state) {
            Ok(true) => {
                let cells = cells_of(&snapshot);
                self.published = Some(Published { cells, state });
                self.fresh.clear();
                self.last_published = Some(Instant::now());
                self.share.common.status.note_published();
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(fenced @ CountsError::Fenced { .. }) => Err(fenced.into()),
            Err(CountsError::Kafka(error)) => {
                tracing::warn!(share = self.share.number, %error, "counts are not published; tried again in a moment");
                self.share.tell(|status| status.trouble = Some(error.to_string()));
                // What the topic holds is no longer known, nor whether the share is still ours.
                (self.topic, self.published, self.last_failed) = (None, None, Some(Instant::now()));
                Ok(())
            }
        }
    }

    fn is_due(&self, snapshot: &Snapshot, state: &ShareState) -> bool {
        let Some(published) = &self.published else { return true };
        let is_same = snapshot.periods.iter().all(|period| {
            let known = published.cells.get(&period.frame.period.to_string());
            known.is_some_and(|known| Arc::ptr_eq(known, &period.cells))
        });
        if !self.fresh.is_empty() {
            return true;
        }
        let is_alive = self.last_published.is_some_and(|last| last.elapsed() < HEARTBEAT);
        !is_same || !is_alive || published.state.positions != state.positions
    }

    /// One publication; `false` when the topic is to be left alone for now.
    fn send(&mut self, snapshot: &Snapshot, state: &ShareState) -> Result<bool, CountsError> {
        if self.topic.is_none() {
            let pause = Duration::from_millis(self.share.common.settings.session_milliseconds.into());
            if self.last_failed.is_some_and(|last| last.elapsed() < pause) {
                return Ok(false);
            }
            self.topic = self.share.open_topic()?;
        }
        let Some(topic) = &mut self.topic else { return Ok(false) };
        let names = snapshot.codes.names();
        let mut keys = BTreeSet::new();
        let many = self.fresh.len().saturating_sub(IDENTITIES_MAX);
        for some in self.fresh[..many].chunks(IDENTITIES_MAX) {
            topic.begin()?;
            topic.put_identities(some)?;
            topic.commit_identities()?;
        }
        // Whoever takes the share over sends no letter of what is published.
        if self.letters.as_mut().is_some_and(|letters| !letters.settle()) {
            tracing::warn!(share = self.share.number, "dead letters are not taken yet");
        }
        topic.begin()?;
        topic.put_identities(&self.fresh[many..])?;
        for period in &snapshot.periods {
            let code = period.frame.period.to_string();
            let before = self.published.as_ref().and_then(|published| published.cells.get(&code));
            let mut outcome = Ok(());
            period.cells.changed(before.map(AsRef::as_ref), |at, counts| {
                let Some(place) = place(at, &names).filter(|_| outcome.is_ok()) else { return };
                let key = CountKey { period: code.clone(), place };
                outcome = topic.put(&key, &self.fingerprint, counts);
                if self.published.is_none() && counts.iter().any(|count| *count > 0) {
                    keys.insert(topic.key(&key));
                }
            });
            outcome?;
        }
        if self.published.is_none() {
            topic.keep_only(&keys)?;
        }
        topic.commit(state)?;
        Ok(true)
    }

    fn state(&self, snapshot: &Snapshot) -> ShareState {
        let (tally, consumed) = (self.mark.tally(), self.feed.consumed());
        ShareState {
            shares: self.mark.shares,
            owner: self.share.common.member.clone(),
            address: self.share.common.status.address(),
            fingerprint: self.fingerprint.clone(),
            from_year: self.share.common.from_year,
            as_of: snapshot.as_of.to_local(),
            positions: consumed.positions.clone(),
            consumed: tally.consumed,
            applied: tally.applied,
            duplicate: tally.duplicate,
            superseded: tally.superseded,
            set_aside: self.mark.set_aside,
            misplaced: self.mark.misplaced + self.retracted_elsewhere(),
            gaps: consumed.gaps(),
        }
    }
}

fn cells_of(snapshot: &Snapshot) -> BTreeMap<String, Arc<Cells>> {
    let of = |period: &compute::engine::PeriodSnapshot| {
        (period.frame.period.to_string(), Arc::clone(&period.cells))
    };
    snapshot.periods.iter().map(of).collect()
}

/// A place by its texts; `None` for room that no code has yet.
fn place(at: At, names: &Names) -> Option<CountPlace> {
    let text = |code: compute::codes::Code| (code.index() < names.len()).then(|| names.text(code).to_owned());
    Some(match at {
        At::Unit(code) => CountPlace::Unit(text(code)?),
        At::Officer(code) => CountPlace::Officer(text(code)?),
        At::Procedure { unit, procedure } => {
            CountPlace::Procedure { unit: text(unit)?, procedure: text(procedure)? }
        }
    })
}
