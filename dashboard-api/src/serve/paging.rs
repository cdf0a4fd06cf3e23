//! A long list in pages: a cursor says after which code to go on, and whether the list is still the one it began with.
//!
//! Lists are in the order of their codes, so a page goes on after the last code whatever has come and gone since. Not
//! here: how a list comes about (`lists`).

use compute::engine::CodePage;

use super::problem::Problem;

/// Entries of a page at most.
pub(super) const PAGE_MAX: usize = 2_000;
/// Entries of a list that is asked for whole.
pub(super) const WHOLE_MAX: usize = 200_000;

/// Which part of a list is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    /// Entries at most; a whole list, if it is not too long, where nobody says.
    limit: Option<usize>,
    /// The mark of the list at its first page, and the last entry of the page before.
    reached: Option<(u32, String)>,
}

/// A page of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Page {
    /// How many entries the whole list has.
    pub(super) count: usize,
    pub(super) entries: Vec<String>,
    /// Where the next page begins; nothing after the last.
    pub(super) next: Option<String>,
    /// Entries came or went since the first page.
    pub(super) has_changed: bool,
}

impl Wanted {
    /// What a caller says of pages; `unsaid` entries where they say nothing, and all of them if that is nothing.
    pub(super) fn read(
        limit: Option<&str>,
        cursor: Option<&str>,
        unsaid: Option<usize>,
    ) -> Result<Wanted, Problem> {
        let limit = match limit {
            None if cursor.is_none() => unsaid,
            None => Some(unsaid.unwrap_or(PAGE_MAX)),
            Some(limit) => {
                let number = limit.parse().ok().filter(|number| (1..=PAGE_MAX).contains(number));
                let advice =
                    || Problem::malformed("limit", format!("write a whole number from 1 to {PAGE_MAX}"));
                Some(number.ok_or_else(advice)?)
            }
        };
        let reached = cursor.map(|cursor| {
            read(cursor).ok_or_else(|| {
                Problem::malformed("cursor", "send back `next` of the page before as it came, or nothing")
            })
        });
        Ok(Wanted { limit, reached: reached.transpose()? })
    }

    /// The entry after which the page begins, and how many it has.
    pub(super) fn bounds(&self) -> (Option<&str>, usize) {
        (self.reached.as_ref().map(|(_, after)| after.as_str()), self.limit.unwrap_or(WHOLE_MAX))
    }
}

/// What was found of a list, as the page that is wanted.
pub(super) fn page(found: CodePage, wanted: &Wanted) -> Result<Page, Problem> {
    if wanted.limit.is_none() && found.has_more {
        let advice =
            format!("the list has {} entries, more than {WHOLE_MAX}; ask in pages with limit", found.count);
        return Err(Problem::malformed("limit", advice));
    }
    let began = wanted.reached.as_ref().map_or(found.mark, |(began, _)| *began);
    let last = found.codes.last().filter(|_| found.has_more);
    Ok(Page {
        count: found.count,
        next: last.map(|last| written(began, last)),
        has_changed: began != found.mark,
        entries: found.codes,
    })
}

fn written(began: u32, after: &str) -> String {
    after.bytes().fold(format!("{began:08x}"), |text, byte| text + &format!("{byte:02x}"))
}

fn read(cursor: &str) -> Option<(u32, String)> {
    if !cursor.is_ascii() || cursor.len() < 8 || !cursor.len().is_multiple_of(2) {
        return None;
    }
    let (began, after) = cursor.split_at(8);
    let pair = |place: usize| u8::from_str_radix(after.get(place..place + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..after.len()).step_by(2).map(pair).collect();
    Some((u32::from_str_radix(began, 16).ok()?, String::from_utf8(bytes?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    fn ask(listed: &str, limit: Option<&str>, cursor: Option<&str>) -> Page {
        let wanted = Wanted::read(limit, cursor, None).expect("it can be asked so");
        let (after, limit) = wanted.bounds();
        page(CodePage::of(&listed.split(' ').collect(), after, limit), &wanted).expect("a page")
    }

    #[test]
    fn pages_put_together_are_the_list() {
        let first = ask("a b c d e", Some("2"), None);
        let second = ask("a b c d e", Some("2"), first.next.as_deref());
        let third = ask("a b c d e", Some("2"), second.next.as_deref());
        assert_eq!([first.entries, second.entries, third.entries].concat(), codes("a b c d e"));
        assert_eq!((third.next, third.has_changed), (None, false));
    }

    #[test]
    fn a_list_that_changes_goes_on_after_the_last_code_and_says_so() {
        let first = ask("a c e", Some("2"), None);
        let second = ask("b d e", Some("2"), first.next.as_deref());
        assert_eq!((second.entries, second.has_changed), (codes("d e"), true));
    }

    #[test]
    fn limits_and_cursors_that_mean_nothing_are_refused() {
        for (limit, cursor) in [
            (Some("0"), None),
            (Some("2001"), None),
            (Some("x"), None),
            (None, Some("zz")),
            (None, Some("0000000")),
        ] {
            assert!(Wanted::read(limit, cursor, None).is_err(), "{limit:?} {cursor:?}");
        }
    }
}
