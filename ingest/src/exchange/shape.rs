//! What is sent, parted into messages: one object, an array, lines, each bare or within a wrapper.
//!
//! A wrapper is an object without `MaHoSo` whose `data` (or `DanhSachHoSo`, `DanhSachTienDo`) holds a message or a list
//! of them, as the synchronisation services of the portal and CloudEvents do. Of a wrapper only its `time` is read.
//! Bytes that are no JSON are one message that cannot be understood. Not here: what a message says (`fields`).

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::decode;
use crate::rejection::{Reason, Rejection};

/// A message as found.
pub(super) struct Piece<'a> {
    /// Its text, or all there was of it.
    pub(super) bytes: &'a [u8],
    /// The time of its wrapper.
    pub(super) sent: Option<String>,
    /// Why it is no message.
    pub(super) fault: Option<Rejection>,
}

/// Wrappers within wrappers beyond this are not opened.
const WRAPPERS_MAX: u32 = 3;

#[derive(Deserialize)]
struct Wrapper<'a> {
    #[serde(borrow, rename = "MaHoSo")]
    dossier: Option<&'a RawValue>,
    #[serde(borrow, alias = "DanhSachHoSo", alias = "DanhSachTienDo")]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    time: Option<&'a RawValue>,
}

/// The messages in `bytes`, in order.
pub(super) fn pieces(bytes: &[u8]) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let Ok(text) = std::str::from_utf8(bytes) else {
        // Lines that are UTF-8 are read all the same.
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            match std::str::from_utf8(line) {
                Ok(line) => value(line.trim(), &mut pieces),
                Err(_) => pieces.push(fault(line, Reason::NotUtf8)),
            }
        }
        return pieces;
    };
    let text = text.trim_start_matches('\u{feff}').trim();
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_whole = serde_json::from_str::<&RawValue>(text).is_ok();
    let is_lines =
        lines().nth(1).is_some() && lines().any(|line| line.starts_with('{') && line.ends_with('}'));
    if is_whole || !is_lines {
        if !text.is_empty() {
            value(text, &mut pieces);
        }
    } else {
        lines().for_each(|line| value(line, &mut pieces));
    }
    pieces
}

fn fault(bytes: &[u8], reason: Reason) -> Piece<'_> {
    Piece { bytes, sent: None, fault: Some(Rejection::whole(reason)) }
}

fn value<'a>(text: &'a str, pieces: &mut Vec<Piece<'a>>) {
    if decode::nests_too_deep(text) {
        return pieces.push(fault(text.as_bytes(), Reason::TooDeep));
    }
    open(text, None, WRAPPERS_MAX, pieces);
}

/// Opens arrays and wrappers; `sent` is the time of the wrapper around `text`.
fn open<'a>(text: &'a str, sent: Option<&str>, depth: u32, pieces: &mut Vec<Piece<'a>>) {
    if text.starts_with('[') {
        match decode::batch(text) {
            Ok(elements) if depth > 0 => {
                return elements.into_iter().for_each(|element| open(element, sent, depth - 1, pieces));
            }
            Ok(_) => return pieces.push(fault(text.as_bytes(), Reason::NotObject)),
            Err(rejection) => return pieces.push(fault(text.as_bytes(), rejection.reason)),
        }
    }
    if let Ok(Wrapper { dossier: None, data: Some(data), time }) = serde_json::from_str::<Wrapper<'a>>(text)
        && depth > 0
        && data.get().starts_with(['[', '{'])
    {
        let time = time.and_then(|time| serde_json::from_str::<String>(time.get()).ok());
        return open(data.get(), time.as_deref().or(sent), depth - 1, pieces);
    }
    let is_too_long = text.len() > decode::EVENT_BYTES_MAX;
    let fault = is_too_long.then_some(Rejection::whole(Reason::TooLong));
    pieces.push(Piece { bytes: text.as_bytes(), sent: sent.map(str::to_owned), fault });
}
