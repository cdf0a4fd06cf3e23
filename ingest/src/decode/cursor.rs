//! A cursor over one line, for the plain JSON that machines write.
//!
//! Every step takes one thing in plain form or gives `None`, after which the cursor is of no further use and
//! the line goes to the full parser. Plain means: strings without escapes, integers where a value is wanted,
//! little nesting. What is skipped is checked to be JSON all the same, and kept nowhere. Not here: what the
//! members mean (`plain`).

use compute::instant::Instant;

/// Unknown members nested deeper than this are left to the full parser.
const SKIP_DEPTH_MAX: u32 = 16;

/// Lengths of instants as most senders write them: seconds or milliseconds, at +07:00 or `Z`.
const USUAL_INSTANTS: [usize; 3] = [25, 29, 24];

/// What stands next in an object.
pub(super) enum Member<'a> {
    /// A member of this name; its value is next.
    Named(&'a str),
    /// The object's end, taken.
    End,
}

/// A place in a line.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `text`.
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    /// The next byte that is not white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        let next = *self.text.as_bytes().get(self.at)?;
        if next > b' ' { Some(next) } else { self.peek_past_space() }
    }

    #[cold]
    fn peek_past_space(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let space = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.at += space.unwrap_or(rest.len());
        rest.get(space?).copied()
    }

    /// Takes `byte` if it is next.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> Option<()> {
        let is_next = self.peek()? == byte;
        self.at += usize::from(is_next);
        is_next.then_some(())
    }

    /// Takes `literal` if it is next, byte for byte.
    #[inline]
    pub(super) fn take_all<const LENGTH: usize>(&mut self, literal: &[u8; LENGTH]) -> Option<()> {
        let next = self.text.as_bytes().get(self.at..)?.first_chunk::<LENGTH>()?;
        if next != literal {
            return None;
        }
        self.at += LENGTH;
        Some(())
    }

    /// The next member of an object; `is_first` right after its brace.
    #[inline]
    pub(super) fn member(&mut self, is_first: bool) -> Option<Member<'a>> {
        match self.peek()? {
            b'}' => {
                self.at += 1;
                return Some(Member::End);
            }
            b',' if !is_first => self.at += 1,
            b'"' if is_first => {}
            _ => return None,
        }
        let name = self.string()?;
        self.take(b':')?;
        Some(Member::Named(name))
    }

    /// Whether the next member is called `name` and is written without white space; its name is taken.
    #[inline]
    pub(super) fn takes_member(&mut self, name: &str, is_first: bool) -> bool {
        let bytes = self.text.as_bytes();
        let start = self.at + usize::from(!is_first);
        let end = start + 1 + name.len();
        let is_next = (is_first || bytes.get(self.at) == Some(&b','))
            && bytes.get(end..end + 2) == Some(b"\":")
            && bytes.get(start + 1..end) == Some(name.as_bytes())
            && bytes[start] == b'"';
        if is_next {
            self.at = end + 2;
        }
        is_next
    }

    /// Whether the list goes on; `is_first` right after its bracket. Its end is taken.
    #[inline]
    pub(super) fn goes_on(&mut self, is_first: bool) -> Option<bool> {
        match self.peek()? {
            b']' => {
                self.at += 1;
                return Some(false);
            }
            b',' if !is_first => self.at += 1,
            _ if is_first => {}
            _ => return None,
        }
        Some(true)
    }

    /// A string without escapes.
    #[inline]
    pub(super) fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        self.rest_of_string()
    }

    fn rest_of_string(&mut self) -> Option<&'a str> {
        let start = self.at;
        let end = start + closing_quote(self.text.as_bytes().get(start..)?)?;
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// A string that is an instant. The usual lengths are tried before the closing quote is looked for: an instant
    /// holds neither quotes nor escapes.
    #[inline]
    pub(super) fn instant(&mut self) -> Option<Instant> {
        self.take(b'"')?;
        for length in USUAL_INSTANTS {
            let end = self.at + length;
            if self.text.as_bytes().get(end) == Some(&b'"')
                && let Some(instant) = self.text.get(self.at..end).and_then(Instant::parse)
            {
                self.at = end + 1;
                return Some(instant);
            }
        }
        Instant::parse(self.rest_of_string()?)
    }

    /// Whether `null` was next; it is taken.
    #[inline]
    pub(super) fn null(&mut self) -> Option<bool> {
        if self.peek()? != b'n' {
            return Some(false);
        }
        self.take_all(b"null").map(|()| true)
    }

    /// `true` or `false`.
    #[inline]
    pub(super) fn truth(&mut self) -> Option<bool> {
        match self.peek()? {
            b't' => self.take_all(b"true").map(|()| true),
            b'f' => self.take_all(b"false").map(|()| false),
            _ => None,
        }
    }

    /// Digits only, at most sixteen of them. What follows is for the next step to refuse: a point or an
    /// exponent is no comma.
    #[inline]
    pub(super) fn whole(&mut self) -> Option<u64> {
        let first = self.peek()?;
        let digits = self.digits();
        if !(1..=16).contains(&digits.len()) || (first == b'0' && digits.len() > 1) {
            return None;
        }
        Some(digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    }

    fn digits(&mut self) -> &'a [u8] {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        &rest[..length]
    }

    /// Any value, checked to be JSON.
    #[inline]
    pub(super) fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            _ => self.skip_other(SKIP_DEPTH_MAX),
        }
    }

    fn skip_other(&mut self, depth: u32) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' if depth > 0 => {
                self.at += 1;
                let mut is_first = true;
                while let Member::Named(_) = self.member(is_first)? {
                    self.skip_other(depth - 1)?;
                    is_first = false;
                }
                Some(())
            }
            b'[' if depth > 0 => {
                self.at += 1;
                let mut is_first = true;
                while self.goes_on(is_first)? {
                    self.skip_other(depth - 1)?;
                    is_first = false;
                }
                Some(())
            }
            b't' => self.take_all(b"true"),
            b'f' => self.take_all(b"false"),
            b'n' => self.take_all(b"null"),
            _ => self.skip_number(),
        }
    }

    /// An integer or a decimal fraction. Exponents, which may go beyond what a number can hold, are not plain: the
    /// next step refuses them.
    fn skip_number(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        self.at += usize::from(bytes.get(self.at) == Some(&b'-'));
        let first = bytes.get(self.at).copied();
        let digits = self.digits().len();
        if !(1..=16).contains(&digits) || (first == Some(b'0') && digits > 1) {
            return None;
        }
        if bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            return (!self.digits().is_empty()).then_some(());
        }
        Some(())
    }

    /// Nothing but white space is left.
    #[inline]
    pub(super) fn end(&mut self) -> Option<()> {
        self.peek().is_none().then_some(()).filter(|()| self.at == self.text.len())
    }
}

/// Where the closing quote is, in `bytes` right after the opening one; `None` if an escape or a control character
/// stands before it, or there is none.
#[inline]
fn closing_quote(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(eight) = bytes.get(from..).and_then(|rest| rest.first_chunk()) {
        let marks = marks(u64::from_le_bytes(*eight));
        if marks != 0 {
            let end = from + (marks.trailing_zeros() / 8) as usize;
            return (bytes[end] == b'"').then_some(end);
        }
        from += 8;
    }
    let rest = &bytes[from..];
    let end = rest.iter().position(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\'))?;
    (rest[end] == b'"').then_some(from + end)
}

/// The top bit of the lowest byte of `word` that is a quote, a backslash or a control character; 0 if there is
/// none. Bits above that one mean nothing, for a borrow runs upwards.
#[inline]
fn marks(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // With their bit 1 turned over, a quote is 0x20 and control characters stay below it.
    let turned = word ^ (ONES * 0x02);
    let quote_or_control = turned.wrapping_sub(ONES * 0x21) & !turned;
    let slashed = word ^ (ONES * u64::from(b'\\'));
    let backslash = slashed.wrapping_sub(ONES) & !slashed;
    (quote_or_control | backslash) & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_its_quote_wherever_that_stands() {
        for byte in 0..=u8::MAX {
            for place in 0..20 {
                let mut bytes = [b'x'; 40];
                bytes[place] = byte;
                bytes[23] = b'"';
                let expected = match byte {
                    b'"' => Some(place),
                    b'\\' | 0..b' ' => None,
                    _ => Some(23),
                };
                assert_eq!(closing_quote(&bytes), expected, "byte {byte} at {place}");
                assert_eq!(closing_quote(&bytes[..24]), expected, "byte {byte} at {place}");
            }
        }
        assert_eq!(closing_quote(&[b'x'; 40]), None);
        assert_eq!(closing_quote(b""), None);
    }
}
