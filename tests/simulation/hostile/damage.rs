//! Making something else of good bytes: cut, flipped, repeated, put into one another, with what readers trip over.
//!
//! Not here: who reads them (`mod`).

use crate::stream::Chance;

/// What readers of text trip over.
const SPLINTERS: [&str; 34] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "\r\n",
    "\n",
    "\0",
    ",",
    ";",
    ":",
    "=",
    "-",
    "-0",
    "1e999",
    "18446744073709551616",
    "-9223372036854775809",
    "0.1",
    "null",
    "true",
    "NaN",
    "9999-12-31T23:59:60Z",
    "0000-01-01T00:00:00+00:00",
    "2026-02-29T24:00:00+14:00",
    "1685-01-01T00:00:00.000000001Z",
    "20261332",
    "\u{1f}",
    "ệ",
    "\u{202e}",
    "'",
];
/// Bytes at most; what grows beyond is cut.
const BYTES_MAX: usize = 1 << 16;

/// One to eight slips in `good`, of which some bring parts of `other`.
pub(super) fn damaged(good: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..=chance.below(8) {
        slip(&mut bytes, other, chance);
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

fn slip(bytes: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    let (from, to) = range(bytes.len(), chance);
    match chance.below(9) {
        0 => {
            if let Some(byte) = bytes.get_mut(from) {
                *byte ^= 1 << chance.below(8);
            }
        }
        1 => bytes.truncate(from),
        2 => drop(bytes.drain(from..to)),
        3 => {
            let again = bytes[from..to].to_vec();
            drop(bytes.splice(from..from, again));
        }
        4 => {
            let splinter = SPLINTERS[place(SPLINTERS.len(), chance)];
            drop(bytes.splice(from..from, splinter.bytes()));
        }
        5 => {
            let splinter = SPLINTERS[place(SPLINTERS.len(), chance)];
            drop(bytes.splice(from..to, splinter.bytes()));
        }
        6 => {
            let (start, end) = range(other.len(), chance);
            drop(bytes.splice(from..to, other[start..end].iter().copied()));
        }
        7 => digits(bytes, from, chance),
        _ => exchange(bytes, from, to),
    }
}

/// The next digits become others: dates, codes and numbers that look as they should.
fn digits(bytes: &mut [u8], from: usize, chance: &mut Chance) {
    let digits = bytes[from..].iter_mut().skip_while(|byte| !byte.is_ascii_digit());
    for byte in digits.take_while(|byte| byte.is_ascii_digit()) {
        *byte = b'0' + u8::try_from(chance.below(10)).expect("a digit");
    }
}

/// Two neighbouring parts change places.
fn exchange(bytes: &mut [u8], from: usize, to: usize) {
    let middle = from + (to - from) / 2;
    bytes[from..to].rotate_left(middle - from);
}

/// Somewhere below `length`; 0 when there is nothing.
fn place(length: usize, chance: &mut Chance) -> usize {
    usize::try_from(chance.below(length.max(1) as u64)).expect("it is below a length")
}

/// A part, mostly a short one.
fn range(length: usize, chance: &mut Chance) -> (usize, usize) {
    let from = place(length + 1, chance);
    let reach = if chance.below(4) == 0 { length } else { 12 };
    (from, (from + place(reach + 1, chance)).min(length))
}
