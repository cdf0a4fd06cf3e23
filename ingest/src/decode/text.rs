//! Checks on raw JSON text that the parser does not make: nesting, and halves of surrogate pairs.

/// How deep `text` nests; brackets within strings do not count.
pub(super) fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut is_string, mut is_escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b'{' | b'[' if !is_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Whether every `\uXXXX` escape of a surrogate has its other half right after it. Backslashes occur only
/// within strings, so this needs no parser.
pub(super) fn has_whole_surrogates(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        at += found;
        let Some(unit) = unit(&bytes[at..]) else {
            // Another escape, or one that the parser will refuse.
            at = (at + 2).min(bytes.len());
            continue;
        };
        at += 6;
        match unit {
            0xD800..=0xDBFF => match self::unit(&bytes[at..]) {
                Some(0xDC00..=0xDFFF) => at += 6,
                _ => return false,
            },
            0xDC00..=0xDFFF => return false,
            _ => {}
        }
    }
    true
}

/// The UTF-16 unit of a `\uXXXX` at the start of `bytes`.
fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}
