//! A page of a long list, without putting the rest of it in order.
//!
//! A list of a province has hundreds of thousands of codes; whoever reads a page of it waits for the page. Not here:
//! whose codes they are (`listing`), how a page is asked for.

use std::collections::BinaryHeap;

use crate::event::record::subject_hash;

/// Codes in no order, side by side in memory: to compare two of them costs no way through the whole engine.
#[derive(Clone, Default, Debug)]
pub struct Codes {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Subjects looked at to find them.
    pub(super) looked: usize,
}

impl Codes {
    /// Adds a code.
    pub fn push(&mut self, code: &[u8]) {
        self.bytes.extend_from_slice(code);
        self.ends.push(self.bytes.len());
    }

    /// All of them, sorted bytewise.
    pub fn sorted(&self) -> Vec<String> {
        let mut all: Vec<&[u8]> = self.iter().collect();
        all.sort_unstable();
        texts(&all)
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// What tells them from others.
    pub(super) fn mark(&self) -> Mark {
        let mut mark = Mark::default();
        self.iter().for_each(|code| mark.put_in(code));
        mark
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }
}

impl<'a> FromIterator<&'a str> for Codes {
    fn from_iter<T: IntoIterator<Item = &'a str>>(all: T) -> Codes {
        let mut codes = Codes::default();
        all.into_iter().for_each(|code| codes.push(code.as_bytes()));
        codes
    }
}

fn texts(codes: &[&[u8]]) -> Vec<String> {
    codes.iter().map(|code| String::from_utf8_lossy(code).into_owned()).collect()
}

/// Tells lists of other codes apart, whatever their order.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Mark(u64);

impl Mark {
    pub(super) fn put_in(&mut self, code: &[u8]) {
        self.0 = self.0.wrapping_add(hash(code));
    }

    pub(super) fn take_out(&mut self, code: &[u8]) {
        self.0 = self.0.wrapping_sub(hash(code));
    }

    /// As a page bears it.
    pub(super) fn short(self) -> u32 {
        u32::try_from(self.0 >> 32).unwrap_or_default()
    }
}

fn hash(code: &[u8]) -> u64 {
    subject_hash(std::str::from_utf8(code).unwrap_or_default())
}

/// A page of a list of codes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodePage {
    /// How many codes the whole list has.
    pub count: usize,
    /// Tells lists of other codes apart, whatever their order.
    pub mark: u32,
    /// The codes of the page, sorted bytewise.
    pub codes: Vec<String>,
    /// Codes follow after the last of them.
    pub has_more: bool,
}

impl CodePage {
    /// The first `limit` of `codes`, each there once, that stand after `after`.
    pub fn of(codes: &Codes, after: Option<&str>, limit: usize) -> CodePage {
        let is_wanted = |code: &&[u8]| after.is_none_or(|after| *code > after.as_bytes());
        // The first so many met so far, the last of them on top: few codes are compared with more than that one.
        let mut page = BinaryHeap::new();
        let mut has_more = false;
        for code in codes.iter().filter(is_wanted) {
            if page.len() < limit {
                page.push(code);
                continue;
            }
            has_more = true;
            if let Some(mut last) = page.peek_mut().filter(|last| code < **last) {
                *last = code;
            }
        }
        let page = page.into_sorted_vec();
        CodePage { count: codes.len(), mark: codes.mark().short(), codes: texts(&page), has_more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(codes: &str, after: Option<&str>, limit: usize) -> CodePage {
        CodePage::of(&codes.split(' ').collect(), after, limit)
    }

    #[test]
    fn a_page_is_the_first_codes_after_the_one_before_it() {
        let first = page("d b e a c", None, 2);
        assert_eq!((first.codes.concat(), first.count, first.has_more), ("ab".to_owned(), 5, true));
        let last = page("c e b d a", Some("b"), 3);
        assert_eq!((last.codes.concat(), last.count, last.has_more), ("cde".to_owned(), 5, false));
        assert_eq!(first.mark, last.mark, "the order codes come in says nothing");
        assert_ne!(first.mark, page("d b e a x", None, 2).mark);
    }
}
