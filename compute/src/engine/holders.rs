//! Who holds what: the subjects counted for each chain of units and officer, so that a list looks at its own only.
//!
//! The subjects of one holder are linked, each to the one before and the one after, in eight bytes of their own; so
//! taking one out needs no search. A subject stands with the holder it counts for and with no other;
//! `Shard::count_as` is the only way in and out. Not here: who of a chain is asked about (`listing`).

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::subject::{NOBODY, Subject};

/// Whom a subject counts for: the number of a chain of units, and the code of an officer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Holder {
    pub(super) chain: u32,
    pub(super) officer: u32,
}

/// The first subject of every holder that has one.
#[derive(Debug, Default)]
pub(super) struct Holders {
    first: HashMap<Holder, u32, RandomState>,
}

impl Holders {
    /// Takes a subject from the one and gives it to the other.
    pub(super) fn pass(
        &mut self,
        subjects: &mut [Subject],
        place: usize,
        (from, to): (Option<Holder>, Option<Holder>),
    ) {
        if let Some(holder) = from {
            self.take(subjects, place, holder);
        }
        if let Some(holder) = to {
            self.give(subjects, place, holder);
        }
    }

    fn take(&mut self, subjects: &mut [Subject], place: usize, holder: Holder) {
        let [before, after] = std::mem::replace(&mut subjects[place].beside, [NOBODY; 2]);
        if let Some(next) = subjects.get_mut(after as usize) {
            next.beside[0] = before;
        }
        if let Some(last) = subjects.get_mut(before as usize) {
            last.beside[1] = after;
        } else if after == NOBODY {
            self.first.remove(&holder);
        } else {
            self.first.insert(holder, after);
        }
    }

    fn give(&mut self, subjects: &mut [Subject], place: usize, holder: Holder) {
        let number = u32::try_from(place).expect("fewer than four billion subjects a shard");
        let after = self.first.insert(holder, number).unwrap_or(NOBODY);
        if let Some(next) = subjects.get_mut(after as usize) {
            next.beside[0] = number;
        }
        subjects[place].beside = [NOBODY, after];
    }

    /// The subjects of the holders asked for, in no order.
    pub(super) fn held<'a>(
        &'a self,
        subjects: &'a [Subject],
        is_theirs: impl Fn(Holder) -> bool,
    ) -> impl Iterator<Item = &'a Subject> {
        let firsts =
            self.first.iter().filter(move |(holder, _)| is_theirs(**holder)).map(|(_, first)| *first);
        firsts.flat_map(|first| {
            std::iter::successors(subjects.get(first as usize), |subject| {
                subjects.get(subject.beside[1] as usize)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Family;

    fn held(holders: &Holders, subjects: &[Subject], chain: u32) -> String {
        let mut codes: Vec<String> = holders
            .held(subjects, |holder| holder.chain == chain)
            .map(|subject| String::from_utf8_lossy(subject.code()).into_owned())
            .collect();
        codes.sort_unstable();
        codes.concat()
    }

    #[test]
    fn a_subject_is_with_the_one_who_holds_it_and_with_nobody_else() {
        let mut subjects: Vec<Subject> =
            ["a", "b", "c", "d"].map(|code| Subject::new(Family::Dossier, code.as_bytes(), 0)).into();
        let mut holders = Holders::default();
        let by = |chain, officer| Some(Holder { chain, officer });
        for place in 0..4 {
            holders.pass(&mut subjects, place, (None, by(1, 7)));
        }
        assert_eq!(held(&holders, &subjects, 1), "abcd");
        // From the middle, the end and the beginning.
        holders.pass(&mut subjects, 1, (by(1, 7), by(2, 7)));
        holders.pass(&mut subjects, 0, (by(1, 7), by(1, 8)));
        holders.pass(&mut subjects, 3, (by(1, 7), None));
        assert_eq!((held(&holders, &subjects, 1), held(&holders, &subjects, 2)), ("ac".into(), "b".into()));
        holders.pass(&mut subjects, 2, (by(1, 7), by(2, 7)));
        holders.pass(&mut subjects, 0, (by(1, 8), None));
        assert_eq!(
            (held(&holders, &subjects, 1), held(&holders, &subjects, 2)),
            (String::new(), "bc".into())
        );
        assert_eq!(holders.first.len(), 1, "a holder of nothing is forgotten");
    }
}
