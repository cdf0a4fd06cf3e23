//! A long list in pages: a cursor says after which code to go on, and whether the list is still the one it began with.
//!
//! Lists are in the order of their codes, so a page goes on after the last code whatever has come and gone since. Not
//! here: how a list comes about (`lists`).

use super::problem::Problem;

/// Entries of a page at most.
pub(super) const PAGE_MAX: usize = 2_000;
/// Entries of a list that is asked for whole.
pub(super) const WHOLE_MAX: usize = 200_000;

/// What a caller may say about pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) limit: Option<&'a str>,
    pub(super) cursor: Option<&'a str>,
}

/// A page of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Page {
    pub(super) entries: Vec<String>,
    /// Where the next page begins; nothing after the last.
    pub(super) next: Option<String>,
    /// Entries came or went since the first page.
    pub(super) has_changed: bool,
}

/// The page that is wanted of a list in the order of its codes; the whole list where nothing is said.
pub(super) fn page(listed: Vec<String>, wanted: Wanted<'_>) -> Result<Page, Problem> {
    let limit = match wanted.limit {
        None if wanted.cursor.is_none() => None,
        None => Some(PAGE_MAX),
        Some(limit) => {
            let number = limit.parse().ok().filter(|number| (1..=PAGE_MAX).contains(number));
            let advice = || Problem::malformed("limit", format!("write a whole number from 1 to {PAGE_MAX}"));
            Some(number.ok_or_else(advice)?)
        }
    };
    let Some(limit) = limit else {
        if listed.len() > WHOLE_MAX {
            let advice = format!(
                "the list has {} entries, more than {WHOLE_MAX}; ask in pages with limit",
                listed.len()
            );
            return Err(Problem::malformed("limit", advice));
        }
        return Ok(Page { entries: listed, next: None, has_changed: false });
    };
    let mark = mark(&listed);
    let (began, after) = match wanted.cursor {
        None => (mark, None),
        Some(cursor) => {
            let (began, after) = read(cursor).ok_or_else(|| {
                Problem::malformed("cursor", "send back `next` of the page before as it came, or nothing")
            })?;
            (began, Some(after))
        }
    };
    let first = after.map_or(0, |after| listed.partition_point(|code| *code <= after));
    let end = listed.len().min(first + limit);
    let next = (end < listed.len()).then(|| written(began, &listed[end - 1]));
    Ok(Page { entries: listed[first..end].to_vec(), next, has_changed: began != mark })
}

/// Tells lists apart.
fn mark(listed: &[String]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for code in listed {
        hasher.update(code.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize()
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
        page(codes(listed), Wanted { limit, cursor }).expect("a page")
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
            assert!(page(codes("a"), Wanted { limit, cursor }).is_err(), "{limit:?} {cursor:?}");
        }
    }
}
