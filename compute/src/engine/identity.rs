//! Which subject holds an event identity, across all subjects and families.
//!
//! `(source, id)` is unique in the whole system: the same pair on two subjects is one event, and the smaller
//! copy wins. Eight bytes an event: a fingerprint and the subject; a match is only a candidate, verified against
//! the stored records. Not here: copies within one subject (the subject's own list shows them).

use hashbrown::HashTable;

use super::shard::SubjectRef;

const PARTITIONS: usize = 64;

/// The identities of all stored events.
#[derive(Debug)]
pub(super) struct Identities {
    partitions: Vec<HashTable<(u32, SubjectRef)>>,
}

/// An event newly stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) identity_hash: u64,
    pub(super) subject: SubjectRef,
}

/// Two subjects that may hold one identity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) stored: Stored,
    pub(super) other: SubjectRef,
}

/// The partition of a hash. They are of unequal width, each a little wider than the one before and the last twice the
/// first, so that no two of them double their table at the same time: a table half empty is memory nobody uses.
fn partition(hash: u64) -> usize {
    usize::from(WIDTHS[(hash >> 52) as usize])
}

/// By the first twelve bits of a hash.
const WIDTHS: [u8; 4096] = widths();

/// Widths that grow evenly from `2/3` to `4/3` of the mean.
const fn widths() -> [u8; 4096] {
    let (mut table, mut place, mut partition) = ([0; 4096], 0, 0);
    // Where the partition ends: the sum of widths 2·63, 2·63 + 2, … up to 4·63, of 3·63·64 in all.
    let mut end = 0;
    while partition < PARTITIONS {
        end += 2 * (PARTITIONS - 1) + 2 * partition;
        let last = end * 4096 / (3 * (PARTITIONS - 1) * PARTITIONS);
        while place < last {
            table[place] = partition.to_le_bytes()[0];
            place += 1;
        }
        partition += 1;
    }
    table
}

fn fingerprint(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

fn spread(fingerprint: u32) -> u64 {
    u64::from(fingerprint).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Identities {
    pub(super) fn new() -> Identities {
        Identities { partitions: (0..PARTITIONS).map(|_| HashTable::new()).collect() }
    }

    /// Adds what was stored; gives the pairs of subjects to look at. Large batches use `threads` threads.
    pub(super) fn add(&mut self, stored: &[Vec<Stored>], threads: usize) -> Vec<Candidate> {
        let count: usize = stored.iter().map(Vec::len).sum();
        if threads < 2 || count < super::PARALLEL_FROM {
            return add_to(&mut self.partitions, 0, stored);
        }
        let share = PARTITIONS.div_ceil(threads);
        std::thread::scope(|scope| {
            let work: Vec<_> = self
                .partitions
                .chunks_mut(share)
                .enumerate()
                .map(|(place, part)| scope.spawn(move || add_to(part, place * share, stored)))
                .collect();
            work.into_iter().flat_map(|thread| thread.join().expect("a thread that only adds")).collect()
        })
    }

    /// Forgets one entry.
    pub(super) fn remove(&mut self, stored: Stored) {
        let wanted = (fingerprint(stored.identity_hash), stored.subject);
        let table = &mut self.partitions[partition(stored.identity_hash)];
        if let Ok(entry) = table.find_entry(spread(wanted.0), |entry| *entry == wanted) {
            entry.remove();
        }
    }
}

/// Tables that are this much larger than what they hold give memory back.
const SLACK: usize = 3;

impl Identities {
    /// Gives back memory that many removals have left.
    pub(super) fn tighten(&mut self) {
        for table in self.partitions.iter_mut().filter(|table| table.capacity() > SLACK * table.len()) {
            table.shrink_to(table.len() + table.len() / 4, |entry| spread(entry.0));
        }
    }
}

fn add_to(
    partitions: &mut [HashTable<(u32, SubjectRef)>],
    first: usize,
    stored: &[Vec<Stored>],
) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for stored in stored.iter().flatten() {
        let Some(table) =
            partition(stored.identity_hash).checked_sub(first).and_then(|place| partitions.get_mut(place))
        else {
            continue;
        };
        let print = fingerprint(stored.identity_hash);
        let others = table.iter_hash(spread(print)).filter(|entry| entry.0 == print);
        candidates.extend(
            others
                .filter(|entry| entry.1 != stored.subject)
                .map(|entry| Candidate { stored: *stored, other: entry.1 }),
        );
        table.insert_unique(spread(print), (print, stored.subject), |entry| spread(entry.0));
    }
    candidates
}
