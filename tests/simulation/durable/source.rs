//! Sources that send until they hear that it is kept, and what the log must then hold.
//!
//! Not here: when something is sent (`world`).

use compute::instant::Instant;
use ingest::durable::Accepted;

use crate::stream::{Chance, Lines};

/// Events of a batch at most.
const BATCH_EVENTS_MAX: u64 = 60;
/// How far ahead of its turn a batch may be sent.
const AHEAD_MAX: u64 = 6;
/// A message nobody understands.
pub(super) const BROKEN: &str = r#"{"id":"1","source":"/broken","type":"dossier.eaten"}"#;

/// The batches of all sources, and which of them were acknowledged.
pub(super) struct Source<'a> {
    lines: Vec<(Instant, &'a str)>,
    /// Where each batch begins and ends.
    batches: Vec<(usize, usize)>,
    /// Not acknowledged, in order.
    pending: Vec<usize>,
    acknowledged: Vec<usize>,
}

impl<'a> Source<'a> {
    /// Batches of random sizes.
    pub(super) fn new(lines: &'a Lines, chance: &mut Chance) -> Source<'a> {
        Source::cut(lines, || chance.below(BATCH_EVENTS_MAX) + 1)
    }

    /// Batches of the sizes asked for.
    pub(super) fn cut(lines: &'a Lines, mut size: impl FnMut() -> u64) -> Source<'a> {
        let lines: Vec<_> = lines.arrivals().collect();
        let (mut batches, mut start) = (Vec::new(), 0);
        while start < lines.len() {
            let end = (start + usize::try_from(size()).unwrap()).min(lines.len());
            batches.push((start, end));
            start = end;
        }
        let pending = (0..batches.len()).collect();
        Source { lines, batches, pending, acknowledged: Vec::new() }
    }

    /// Whether everything was acknowledged.
    pub(super) fn is_done(&self) -> bool {
        self.pending.is_empty()
    }

    /// The next batch, or one out of its turn, or one that was sent and acknowledged before.
    pub(super) fn draw(&self, chance: &mut Chance) -> usize {
        let pick = |list: &[usize], chance: &mut Chance, limit: u64| {
            let place = chance.below((list.len() as u64).min(limit));
            list[usize::try_from(place).unwrap()]
        };
        match chance.below(10) {
            0 if !self.acknowledged.is_empty() => pick(&self.acknowledged, chance, u64::MAX),
            1 | 2 => pick(&self.pending, chance, AHEAD_MAX),
            _ => self.pending[0],
        }
    }

    /// The next batch that was not acknowledged.
    pub(super) fn next(&self) -> Option<usize> {
        self.pending.first().copied()
    }

    pub(super) fn messages(&self, batch: usize) -> impl Iterator<Item = &'a str> {
        let (start, end) = self.batches[batch];
        self.lines[start..end].iter().map(|(_, line)| *line)
    }

    /// When the last of a batch arrives.
    pub(super) fn arrival(&self, batch: usize) -> Instant {
        self.lines[self.batches[batch].1 - 1].0
    }

    /// The sender hears that it is kept.
    pub(super) fn acknowledge(&mut self, batch: usize) {
        if self.pending.contains(&batch) {
            self.pending.retain(|one| *one != batch);
            self.acknowledged.push(batch);
        }
    }
}

/// What the log must hold, offset by offset; of an append that failed, nothing or all.
#[derive(Default)]
pub(super) struct Model {
    pub(super) lines: Vec<Vec<u8>>,
    pub(super) set_aside: u64,
    maybe: Option<(Vec<Vec<u8>>, u64)>,
}

impl Model {
    /// A group is about to be appended.
    pub(super) fn attempt(&mut self, group: &[Accepted]) {
        assert!(self.maybe.is_none(), "an append while it is not known what became of the one before");
        let lines = group.iter().flat_map(|accepted| {
            let lines = accepted.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            lines.map(<[u8]>::to_vec)
        });
        let set_aside = group.iter().map(|accepted| accepted.set_aside.len() as u64).sum();
        self.maybe = Some((lines.collect(), set_aside));
    }

    /// The log says where it ends: whether the append that failed is in it after all.
    pub(super) fn resolve(&mut self, next_offset: u64, next_set_aside: u64) -> bool {
        let before = (self.lines.len() as u64, self.set_aside);
        let Some((lines, set_aside)) = self.maybe.take() else {
            assert_eq!((next_offset, next_set_aside), before, "the log ends elsewhere");
            return false;
        };
        if (next_offset, next_set_aside) == before {
            return false;
        }
        self.lines.extend(lines);
        self.set_aside += set_aside;
        let after = (self.lines.len() as u64, self.set_aside);
        assert_eq!((next_offset, next_set_aside), after, "the log ends in the middle of an append");
        true
    }
}
