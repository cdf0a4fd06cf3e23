//! A subject: its code, its packed events, and what it was last counted as.
//!
//! A province has millions of them, so they are laid out for that: code and events lie in one piece of memory, and
//! what a subject counted as is four numbers. Not here: finding subjects (`shard`), folding them (`rows`).

use super::holders::Holder;
use crate::codes::Code;
use crate::event::record::{append, without};
use crate::event::{Family, Record};
use crate::instant::Instant;

/// No officer, no procedure.
pub(super) const NOBODY: u32 = u32::MAX;
/// More than one procedure.
pub(super) const MIXED: u32 = u32::MAX - 1;

/// One period a subject counts in, and as what.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct CountedRow {
    pub(super) period: u16,
    /// Place in the engine's table of masks.
    pub(super) class: u32,
}

/// What a subject was counted as: exactly this is taken back before it is counted anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Counted {
    /// Place in the shard's table of chains.
    pub(super) chain: u32,
    /// Code of the officer, [`NOBODY`] for none.
    pub(super) officer: u32,
    /// Code of the procedure, [`NOBODY`] for none.
    pub(super) procedure: u32,
    /// Place in the engine's table of row lists: many subjects count as the same.
    pub(super) rows: u32,
}

impl Counted {
    /// Who holds it.
    pub(super) fn holder(&self) -> Holder {
        Holder { chain: self.chain, officer: self.officer }
    }

    /// Whether both count for the same units, officer and procedure.
    pub(super) fn is_counted_for_the_same(&self, other: &Counted) -> bool {
        (self.chain, self.officer, self.procedure) == (other.chain, other.officer, other.procedure)
    }
}

#[derive(Debug)]
pub(super) struct Subject {
    /// The code, then the packed events.
    bytes: Vec<u8>,
    code_length: u32,
    pub(super) family: Family,
    pub(super) is_dirty: bool,
    /// It may be in hand in periods to come: a dossier that has not ended, or a petition.
    pub(super) is_open: bool,
    /// Something that is looked for held when it was folded last.
    pub(super) is_seen: bool,
    /// When time alone changes what it counts as; `Instant::LAST` for never.
    pub(super) next_change: Instant,
    /// What it counts as; nothing where `rows` is [`NOBODY`].
    counted: Counted,
    /// The subjects before and after it among those of the same chain and officer (`holders`).
    pub(super) beside: [u32; 2],
}

/// Millions of them: what every one has in memory beside its code and events.
const _: () = assert!(std::mem::size_of::<Subject>() <= 64);

/// Counts for nothing.
const NOTHING: Counted = Counted { chain: NOBODY, officer: NOBODY, procedure: NOBODY, rows: NOBODY };

impl Subject {
    /// A subject without events; `room` bytes are kept for the first.
    pub(super) fn new(family: Family, code: &[u8], room: usize) -> Subject {
        let mut bytes = Vec::with_capacity(code.len() + room);
        bytes.extend_from_slice(code);
        Subject {
            bytes,
            code_length: u32::try_from(code.len()).expect("a code is shorter than an event may be"),
            family,
            is_dirty: false,
            is_open: true,
            is_seen: false,
            next_change: Instant::LAST,
            counted: NOTHING,
            beside: [NOBODY; 2],
        }
    }

    /// A place nobody has.
    pub(super) fn vacant() -> Subject {
        Subject::new(Family::Source, &[], 0)
    }

    /// Whether nobody has this place; a code is never empty.
    pub(super) fn is_vacant(&self) -> bool {
        self.code_length == 0
    }

    /// What it was counted as; `None` when in no period.
    pub(super) fn counted(&self) -> Option<Counted> {
        (self.counted.rows != NOBODY).then_some(self.counted)
    }

    /// For [`super::shard::Shard::count_as`] alone, which keeps who holds what in step.
    pub(super) fn set_counted(&mut self, counted: Option<Counted>) {
        self.counted = counted.unwrap_or(NOTHING);
    }

    /// Its code, as the sender wrote it.
    pub(super) fn code(&self) -> &[u8] {
        &self.bytes[..self.code_length as usize]
    }

    /// Its packed records, in no order.
    pub(super) fn events(&self) -> &[u8] {
        &self.bytes[self.code_length as usize..]
    }

    /// Its records, in no order.
    pub(super) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        Record::all(self.events())
    }

    /// Bytes of memory it takes, without what is remembered of it elsewhere.
    pub(super) fn memory(&self) -> usize {
        std::mem::size_of::<Subject>() + self.bytes.capacity()
    }

    /// Adds a record.
    pub(super) fn append(&mut self, identity_hash: u64, record: &[u8]) {
        append(&mut self.bytes, identity_hash, record);
    }

    /// Takes saved records over.
    pub(super) fn restore(&mut self, events: &[u8]) {
        self.bytes.extend_from_slice(events);
    }

    /// Drops the record of this identity.
    pub(super) fn remove(&mut self, source: Code, id: &[u8]) {
        let kept = without(self.events(), source, id);
        self.bytes.truncate(self.code_length as usize);
        self.bytes.extend_from_slice(&kept);
    }
}
