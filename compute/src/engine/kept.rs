//! Lists at hand: long ones that are asked for again and again, kept as subjects come to count otherwise.
//!
//! To find a list of a province takes a walk through its subjects, and whoever turns its pages would have the engine walk
//! for each. One that took long is kept in order from then on; a subject that comes to count otherwise is put in or taken
//! out where its count changes, so it is always the list the count is of. One that nobody asks for again is dropped after
//! as many changes as subjects were looked at to find it. Not here: the walk (`behind`).

use std::collections::BTreeSet;
use std::ops::Bound;

use super::Engine;
use super::behind::Asked;
use super::pages::{CodePage, Codes, Mark};
use super::subject::Counted;

/// Lists kept at most.
const LISTS_MAX: usize = 8;
/// Codes kept at most, of all lists: some 30 MB.
const CODES_MAX: usize = 500_000;
/// A list found by looking at fewer subjects is not worth keeping.
const LOOKED_MIN: usize = 4_000;

/// The lists kept, the one asked for last behind the others.
#[derive(Default, Debug)]
pub(super) struct KeptLists {
    lists: Vec<KeptList>,
}

/// A list that is at hand.
#[derive(Debug)]
pub(super) struct KeptList {
    asked: Asked,
    codes: BTreeSet<Box<[u8]>>,
    mark: Mark,
    /// Subjects looked at to find it.
    looked: usize,
    /// Changes that it is still kept for.
    patience: usize,
}

impl KeptLists {
    /// The list that is asked for, if it is at hand.
    pub(super) fn find(&mut self, asked: &Asked) -> Option<&KeptList> {
        let place = self.lists.iter().position(|list| list.asked == *asked)?;
        let mut list = self.lists.remove(place);
        list.patience = list.looked;
        self.lists.push(list);
        self.lists.last()
    }

    /// Keeps a list that was found, if that is worth it and there is room.
    pub(super) fn keep(&mut self, asked: Asked, found: &Codes) {
        if found.looked < LOOKED_MIN || found.len() > CODES_MAX {
            return;
        }
        let is_full = |lists: &[KeptList]| {
            let codes: usize = lists.iter().map(|list| list.codes.len()).sum();
            lists.len() >= LISTS_MAX || codes + found.len() > CODES_MAX
        };
        while is_full(&self.lists) {
            self.lists.remove(0);
        }
        let codes = found.iter().map(Box::from).collect();
        let (mark, looked) = (found.mark(), found.looked);
        self.lists.push(KeptList { asked, codes, mark, looked, patience: looked });
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.lists.clear();
    }
}

impl KeptList {
    /// A page of it.
    pub(super) fn page(&self, after: Option<&str>, limit: usize) -> CodePage {
        let after = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.as_bytes()));
        let mut rest = self.codes.range::<[u8], _>((after, Bound::Unbounded));
        let codes = rest.by_ref().take(limit);
        let codes = codes.map(|code| String::from_utf8_lossy(code).into_owned()).collect();
        CodePage { count: self.codes.len(), mark: self.mark.short(), codes, has_more: rest.next().is_some() }
    }
}

impl Engine {
    /// Puts a subject that comes to count otherwise into the lists at hand, or takes it out of them.
    pub(super) fn keep_lists(
        &mut self,
        (shard, place): (usize, usize),
        (before, after): (Option<Counted>, Option<Counted>),
    ) {
        if self.kept.lists.is_empty() {
            return;
        }
        let mut lists = std::mem::take(&mut self.kept.lists);
        let shard = &self.shards[shard];
        let subject = &shard.subjects[place];
        lists.retain_mut(|list| {
            let is_in =
                |counted| list.asked.family == subject.family && self.is_behind(&list.asked, shard, counted);
            match (is_in(before), is_in(after)) {
                (false, true) => {
                    list.codes.insert(subject.code().into());
                    list.mark.put_in(subject.code());
                }
                (true, false) => {
                    list.codes.remove(subject.code());
                    list.mark.take_out(subject.code());
                }
                _ => {}
            }
            list.patience -= 1;
            list.patience > 0
        });
        self.kept.lists = lists;
    }
}
