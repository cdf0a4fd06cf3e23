//! What may be kept of a message that was set aside, so that it can be looked at, mended and sent again.
//!
//! Only the fields the mapping reads. A value that is not spelt as its field demands might be anything, a name or a
//! number of somebody: of it only the shape is kept, `Aaaaa 99/99`. Not here: where it is stored (`durable`).

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Unmapped;
use super::fields::{Fields, Found, List, Row};
use super::spelling::parse_date;
use crate::rejection::Rejection;

/// Members kept as they are: codes that name no applicant.
const CODES: &[&str] = &["MaHoSo", "MaTTHC", "DonViXuLy"];
/// Shapes longer than this are cut.
const SHAPE_LETTERS_MAX: usize = 40;

/// The record of a message that was set aside.
pub(super) fn unmapped(bytes: &[u8], rejection: Rejection, fields: Option<&Fields>) -> Unmapped {
    Unmapped { rejection, kept: fields.map(kept), sha256: Sha256::digest(bytes).into(), bytes: bytes.len() }
}

fn kept(fields: &Fields) -> Value {
    let mut kept = row(&fields.row);
    for (name, list) in fields.lists() {
        let value = match list {
            List::Rows(rows) => Value::Array(rows.iter().map(|one| Value::Object(row(one))).collect()),
            List::Other => json!("?"),
        };
        kept.insert(name.to_owned(), value);
    }
    Value::Object(kept)
}

fn row(row: &Row) -> Map<String, Value> {
    let value = |name: &str, found: &Found| match found {
        Found::Text(text) if CODES.contains(&name) || parse_date(text).is_some() => json!(text),
        Found::Text(text) if text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit()) => json!(text),
        Found::Text(text) => json!(shape(text)),
        Found::Whole(number) if *number <= 99 || parse_date(&number.to_string()).is_some() => json!(number),
        Found::Whole(number) if name == "Gia" => json!(number),
        Found::Whole(number) => json!(shape(&number.to_string())),
        Found::Truth(is_set) => json!(is_set),
        Found::Something => json!("*"),
        Found::Other => json!("?"),
    };
    row.iter().map(|(name, found)| (name.to_owned(), value(name, found))).collect()
}

/// Digits as 9, letters as A and a; the rest as it is.
fn shape(text: &str) -> String {
    let mark = |letter: char| match letter {
        letter if letter.is_numeric() => '9',
        letter if letter.is_uppercase() => 'A',
        letter if letter.is_alphabetic() => 'a',
        letter if letter.is_ascii() => letter,
        _ => '?',
    };
    text.chars().take(SHAPE_LETTERS_MAX).map(mark).collect()
}
