//! Editions: a period's result, frozen with its evidence, objected to, decided by two, approved, signed and published.
//!
//! `content` is what an edition says, as rows and as lines; `tree` hashes the lines, `seal` signs them; `case` is how an
//! edition moves from closed to published and who may not decide what; `public` lists the files everybody may check; `difference` compares two contents; `schedule`
//! says which periods are due. All of it is pure: time, keys and bytes are arguments. Not here: files, threads, HTTP,
//! taking rows out of the engine (`compute`).

pub mod case;
pub mod content;
pub mod difference;
mod line;
pub mod public;
pub mod schedule;
pub mod seal;
pub mod tree;

/// In hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes of small hexadecimal digits; nothing else is read.
pub(crate) fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let is_small = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if !hexadecimal.len().is_multiple_of(2) || !hexadecimal.bytes().all(is_small) {
        return None;
    }
    let pair = |place: usize| u8::from_str_radix(hexadecimal.get(place..place + 2)?, 16).ok();
    (0..hexadecimal.len()).step_by(2).map(pair).collect()
}
