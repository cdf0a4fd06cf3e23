//! Bytes to events: one structured CloudEvent becomes a typed draft with only the allowed fields.
//!
//! Follows `events.md` to the letter: required fields, wrong types, lists, whole numbers, the last of repeated
//! members. Personal data of applicants is never read into anything: unknown members are skipped, free text is
//! checked and dropped. `plain` reads the lines machines write; `envelope` and `data` judge all others, and every
//! fault. Not here: where bytes come from (`files`), what an event means (`compute`).

mod cursor;
mod data;
mod envelope;
mod plain;
mod text;

use compute::event::Draft;

pub(crate) use envelope::is_in_range;

use crate::rejection::{Reason, Rejection};

/// The most bytes one event may have.
pub const EVENT_BYTES_MAX: usize = 1 << 20;
/// The deepest nesting accepted, so that no input can exhaust the stack.
pub const DEPTH_MAX: usize = 512;
/// Lines shorter than this cannot nest dangerously deep.
const DEPTH_CHECK_FROM: usize = 2 * DEPTH_MAX;

/// Decodes one event.
///
/// # Errors
/// [`Rejection`] with the reason and the field at fault.
pub fn decode(bytes: &[u8]) -> Result<Draft<'_>, Rejection> {
    if bytes.len() > EVENT_BYTES_MAX {
        return Err(Rejection::whole(Reason::TooLong));
    }
    let text = simdutf8::basic::from_utf8(bytes).map_err(|_| Rejection::whole(Reason::NotUtf8))?;
    decode_text(text)
}

/// Decodes one event whose bytes are known to be UTF-8 and short enough.
///
/// # Errors
/// [`Rejection`] with the reason and the field at fault.
pub fn decode_text(text: &str) -> Result<Draft<'_>, Rejection> {
    plain::read(text).map_or_else(|| judge(text), Ok)
}

/// Whether `text` nests deeper than is accepted.
pub(crate) fn nests_too_deep(text: &str) -> bool {
    text.len() > DEPTH_CHECK_FROM && text::depth(text) > DEPTH_MAX
}

/// Decodes one event the full way; the last word on every line that is not plain.
fn judge(text: &str) -> Result<Draft<'_>, Rejection> {
    if nests_too_deep(text) {
        return Err(Rejection::whole(Reason::TooDeep));
    }
    if !text::has_whole_surrogates(text) {
        return Err(Rejection::whole(Reason::NotUtf8));
    }
    envelope::read(text)
}

/// The elements of a CloudEvents batch (a JSON array), each as its own text.
///
/// # Errors
/// [`Rejection`] when the whole is not a JSON array.
pub fn batch(text: &str) -> Result<Vec<&str>, Rejection> {
    if text::depth(text) > DEPTH_MAX {
        return Err(Rejection::whole(Reason::TooDeep));
    }
    let elements: Vec<&serde_json::value::RawValue> =
        serde_json::from_str(text).map_err(|_| Rejection::whole(Reason::NotJson))?;
    Ok(elements.into_iter().map(serde_json::value::RawValue::get).collect())
}

#[cfg(test)]
mod plain_tests;
#[cfg(test)]
mod tests;
