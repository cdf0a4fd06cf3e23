//! The counts of all shares, added up, and put to what a reader counts itself.
//!
//! Only differences are added: what a share said before is taken back and what it says now put in, so that a sum is
//! exact whatever order shares speak in. Counts of another program, calendar or catalogue are never added; what is
//! missing is told. Not here: where publications come from (`reading`).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::serve::problem::Problem;
use compute::codes::CodeBook;
use compute::engine::{At, Cells, ShiftError, Snapshot};
use compute::set::Catalogue;
use ingest::kafka::{CountKey, CountPlace, Counts, Identities, Publication, ShareState};

/// A share that lives speaks every five seconds; one that was silent for longer is not counted as it comes.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// What one share said last.
#[derive(Debug)]
pub(super) struct Said {
    rows: HashMap<CountKey, Counts>,
    pub(super) state: ShareState,
    /// Whether its counts are in the sums.
    pub(super) is_in: bool,
    /// When it was last heard.
    pub(super) heard: Instant,
}

/// Sums of what shares said.
#[derive(Debug, Default)]
struct Sums {
    shares: BTreeMap<i32, Said>,
    by_period: BTreeMap<String, Arc<Cells>>,
    /// Of events of all shares.
    identities: Identities,
    /// Identities that stand in two shares, or in a share and in what everybody reads.
    clashes: u64,
}

/// What was last put together, so that periods that stay are the same objects.
type Together = BTreeMap<String, (Arc<Cells>, Arc<Cells>, Arc<Cells>)>;

#[derive(Debug, Default)]
struct Inner {
    shown: Sums,
    /// While the topic is read from its beginning: not shown before its end.
    incoming: Option<Sums>,
    is_read: bool,
    is_reference_read: bool,
    /// Partitions of the topic of dossiers, once known.
    shares: Option<usize>,
    together: Together,
    misplaced: u64,
    gaps: u64,
    /// Of events that everybody reads.
    whole: Identities,
    trouble: Option<String>,
}

/// The sums, as shared by those who bring publications in and those who look.
#[derive(Debug)]
pub(crate) struct Merged {
    catalogue: Arc<Catalogue>,
    fingerprint: String,
    from_year: i32,
    inner: Mutex<Inner>,
}

/// How one share stands, for health.
#[derive(Clone, Debug)]
pub(super) struct ShareTold {
    pub(super) share: i32,
    pub(super) state: ShareState,
    pub(super) age_seconds: u64,
    pub(super) is_counted: bool,
}

/// How all of them stand.
#[derive(Clone, Debug, Default)]
pub(super) struct MergedTold {
    pub(super) shares: Vec<ShareTold>,
    pub(super) wanted: Option<usize>,
    pub(super) clashes: u64,
    pub(super) why_incomplete: Vec<String>,
    pub(super) trouble: Option<String>,
}

impl Merged {
    /// Nothing was heard yet; `fingerprint` is the reader's own setup's.
    pub(super) fn new(catalogue: Arc<Catalogue>, fingerprint: String, from_year: i32) -> Merged {
        let inner = Inner { incoming: Some(Sums::default()), ..Inner::default() };
        Merged { catalogue, fingerprint, from_year, inner: Mutex::new(inner) }
    }

    fn held(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The topic is read from its beginning again.
    pub(super) fn begin_again(&self) {
        self.held().incoming = Some(Sums::default());
    }

    /// The topic was read to its end.
    pub(super) fn read_back(&self) {
        let mut inner = self.held();
        if let Some(sums) = inner.incoming.take() {
            (inner.shown, inner.is_read, inner.trouble) = (sums, true, None);
        }
    }

    /// What everybody reads was read to the end it had; gaps and misplaced messages as known by now.
    pub(super) fn note_reference(&self, is_caught_up: bool, gaps: u64, misplaced: u64) {
        let mut inner = self.held();
        inner.is_reference_read |= is_caught_up;
        (inner.gaps, inner.misplaced) = (gaps, misplaced);
    }

    /// An event that everybody reads has this identity.
    pub(super) fn note_identity(&self, identity: u64) {
        let mut inner = self.held();
        let inner = &mut *inner;
        if inner.whole.insert(identity) {
            for sums in std::iter::once(&mut inner.shown).chain(&mut inner.incoming) {
                sums.clashes += u64::from(sums.identities.contains(&identity));
            }
        }
    }

    /// The topic of dossiers has so many partitions.
    pub(super) fn note_shares(&self, shares: usize) {
        self.held().shares = Some(shares);
    }

    /// What the reader's own counts depend on beside the events.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Where each share's owner is asked.
    ///
    /// # Errors
    /// A [`Problem`] that names the share nobody can be asked for.
    pub(super) fn owners(&self) -> Result<Vec<(i32, String)>, Problem> {
        let inner = self.held();
        let wanted = i32::try_from(inner.shares.unwrap_or(0)).unwrap_or(i32::MAX);
        let owner = |share: i32| {
            let Some(said) = inner.shown.shares.get(&share) else {
                return Err(Problem::NotReachable(format!(
                    "share {share} was never published; start workers"
                )));
            };
            let address = Some(said.state.address.clone()).filter(|address| !address.is_empty());
            let advice = "workers have counts and say no address; give them worker_secret_file (and, on other machines, worker_address) under [kafka]";
            Ok((share, address.ok_or_else(|| Problem::elsewhere("lists_at_workers", advice))?))
        };
        (0..wanted).map(owner).collect()
    }

    /// Something went wrong, or nothing does any more.
    pub(super) fn note_trouble(&self, trouble: Option<String>) {
        self.held().trouble = trouble;
    }

    /// Whether there is something to show: what is missing was told by then.
    pub(in crate::serve) fn is_ready(&self) -> bool {
        let inner = self.held();
        inner.is_read && inner.is_reference_read && inner.shares.is_some()
    }

    /// Shares heard of, and wanted.
    pub(in crate::serve) fn progress(&self) -> (u64, u64) {
        let inner = self.held();
        (inner.shown.shares.len() as u64, inner.shares.unwrap_or(0) as u64)
    }

    /// Takes one publication in.
    ///
    /// # Errors
    /// [`ShiftError`] when the sums can no longer be trusted; everything is then read again.
    pub(super) fn apply(&self, publication: Publication, codes: &CodeBook) -> Result<(), ShiftError> {
        let mut inner = self.held();
        let inner = &mut *inner;
        let sums = inner.incoming.as_mut().unwrap_or(&mut inner.shown);
        let Publication { share, changed, identities, state } = publication;
        for identity in identities {
            let is_new = sums.identities.insert(identity);
            sums.clashes += u64::from(!is_new || inner.whole.contains(&identity));
        }
        let fits = |counts: &Counts| counts.fingerprint == self.fingerprint;
        let said = sums.shares.entry(share).or_insert_with(|| Said {
            rows: HashMap::new(),
            state: state.clone(),
            is_in: true,
            heard: Instant::now(),
        });
        let is_ours = state.fingerprint == self.fingerprint && state.from_year <= self.from_year;
        let is_plain = said.is_in && is_ours && changed.iter().all(|(_, counts)| counts.iter().all(fits));
        if !is_plain && said.is_in {
            for (key, counts) in &said.rows {
                shift(&mut sums.by_period, &self.catalogue, codes, key, Some(counts), None)?;
            }
            said.is_in = false;
        }
        for (key, counts) in changed {
            let before = match &counts {
                Some(counts) => said.rows.insert(key.clone(), counts.clone()),
                None => said.rows.remove(&key),
            };
            if is_plain {
                let by_period = &mut sums.by_period;
                shift(by_period, &self.catalogue, codes, &key, before.as_ref(), counts.as_ref())?;
            }
        }
        if !said.is_in && is_ours && said.rows.values().all(fits) {
            for (key, counts) in &said.rows {
                shift(&mut sums.by_period, &self.catalogue, codes, key, None, Some(counts))?;
            }
            said.is_in = true;
        }
        (said.state, said.heard) = (state, Instant::now());
        Ok(())
    }

    /// A reader's own snapshot with the counts of all shares in it.
    pub(in crate::serve) fn add_to(&self, mut snapshot: Snapshot) -> Result<Snapshot, ShiftError> {
        let mut inner = self.held();
        let Inner { shown, together, .. } = &mut *inner;
        for period in &mut snapshot.periods {
            let code = period.frame.period.to_string();
            let Some(sum) = shown.by_period.get(&code) else { continue };
            let known = together
                .get(&code)
                .filter(|(own, shares, _)| Arc::ptr_eq(own, &period.cells) && Arc::ptr_eq(shares, sum));
            if let Some((.., both)) = known {
                period.cells = Arc::clone(both);
                continue;
            }
            let both = Arc::new(sum.plus(&period.cells)?);
            let own = std::mem::replace(&mut period.cells, Arc::clone(&both));
            together.insert(code, (own, Arc::clone(sum), both));
        }
        let tallies = shown.shares.values().filter(|said| said.is_in).map(|said| said.state.tally());
        snapshot.tally = tallies.fold(snapshot.tally, compute::engine::Tally::plus);
        Ok(snapshot)
    }

    /// Whether every share is heard of and none lacks anything.
    pub(in crate::serve) fn is_complete(&self) -> bool {
        self.told().why_incomplete.is_empty()
    }

    /// How they all stand.
    pub(super) fn told(&self) -> MergedTold {
        let inner = self.held();
        let mut why_incomplete = Vec::new();
        let wanted = inner.shares;
        for share in 0..i32::try_from(wanted.unwrap_or(0)).unwrap_or(0) {
            let Some(said) = inner.shown.shares.get(&share) else {
                why_incomplete.push(format!("share {share} was never published"));
                continue;
            };
            let state = &said.state;
            if !said.is_in {
                why_incomplete.push(format!(
                    "share {share} is counted by another release, indicator set or calendar, or from a later year"
                ));
            }
            if Some(state.shares) != wanted {
                why_incomplete.push(format!(
                    "share {share} was one of {} partitions of the topic of dossiers",
                    state.shares
                ));
            }
            let age = said.heard.elapsed();
            if age > SILENCE_MAX {
                why_incomplete.push(format!("share {share} was not heard of for {} seconds", age.as_secs()));
            }
            if !state.is_complete() {
                why_incomplete.push(format!("share {share} lacks messages or has some that were misplaced"));
            }
        }
        if inner.gaps > 0 || inner.misplaced > 0 {
            why_incomplete.push(
                "topics that everybody reads lack messages or have some that were misplaced".to_owned(),
            );
        }
        let clashes = inner.shown.clashes;
        if clashes > 0 {
            why_incomplete.push(format!(
                "{clashes} events have the source and id of an event in another share, so that what is one event may count twice; have the sender give every event an id of its own, or count with one server (--role all)"
            ));
        }
        let told = |(share, said): (&i32, &Said)| ShareTold {
            share: *share,
            state: said.state.clone(),
            age_seconds: said.heard.elapsed().as_secs(),
            is_counted: said.is_in,
        };
        let shares = inner.shown.shares.iter().map(told).collect();
        MergedTold { shares, wanted, clashes, why_incomplete, trouble: inner.trouble.clone() }
    }
}

/// Takes one row back and puts one in.
fn shift(
    by_period: &mut BTreeMap<String, Arc<Cells>>,
    catalogue: &Catalogue,
    codes: &CodeBook,
    key: &CountKey,
    before: Option<&Counts>,
    after: Option<&Counts>,
) -> Result<(), ShiftError> {
    if !by_period.contains_key(&key.period) {
        by_period.insert(key.period.clone(), Arc::new(Cells::of(catalogue)));
    }
    let Some(cells) = by_period.get_mut(&key.period) else { return Ok(()) };
    let at = match &key.place {
        CountPlace::Unit(code) => At::Unit(codes.code(code)),
        CountPlace::Officer(code) => At::Officer(codes.code(code)),
        CountPlace::Procedure { unit, procedure } => {
            At::Procedure { unit: codes.code(unit), procedure: codes.code(procedure) }
        }
    };
    let of = |counts: Option<&Counts>| counts.map_or_else(Vec::new, |counts| counts.counts.clone());
    Arc::make_mut(cells).shift(at, &of(before), &of(after))
}
