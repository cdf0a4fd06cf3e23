//! A chain of lines: each bears its number and the hash of the whole line before it, so that none is changed, taken out or
//! moved without the rest showing it.
//!
//! Not here: that lines are cut off at the end (`head` tells), files.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::super::hexadecimal;

/// What stands before the first line.
pub(crate) const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// How far a chain goes: how many lines, and the hash of the last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct End {
    pub(crate) number: u64,
    pub(crate) hash: String,
}

impl Default for End {
    fn default() -> End {
        End { number: 0, hash: NOTHING.to_owned() }
    }
}

/// Where a chain does not hold.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(crate) enum Broken {
    /// A line is no line of a record.
    #[error("line {line} is no record")]
    NoRecord { line: u64 },
    /// A line has the number of another.
    #[error("line {line} says it is record {says}: lines were taken out, put in or moved before it")]
    Number { line: u64, says: u64 },
    /// A line does not follow from the one before.
    #[error("record {number} does not follow from the one before: it or record {} was changed or replaced", number - 1)]
    Hash { number: u64 },
}

/// The line that follows `end`, without its line end, and the new end.
pub(crate) fn next(end: &End, mut told: Map<String, Value>) -> (String, End) {
    let number = end.number + 1;
    told.insert("n".to_owned(), json!(number));
    told.insert("before".to_owned(), json!(end.hash));
    let line = Value::Object(told).to_string();
    let hash = hash(line.as_bytes());
    (line, End { number, hash })
}

fn hash(line: &[u8]) -> String {
    hexadecimal(&Sha256::digest(line))
}

/// Follows the chain from `start` through all whole lines, telling `see` of the end after each and of the record; bytes after the last line end are left
/// out.
pub(crate) fn follow(bytes: &[u8], start: &End, mut see: impl FnMut(&End, &Value)) -> Result<End, Broken> {
    let mut end = start.clone();
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    for line in bytes[..whole].split_inclusive(|byte| *byte == b'\n') {
        let line = &line[..line.len() - 1];
        let place = end.number + 1;
        let record: Value = serde_json::from_slice(line).map_err(|_| Broken::NoRecord { line: place })?;
        let (Some(number), Some(before)) = (record["n"].as_u64(), record["before"].as_str()) else {
            return Err(Broken::NoRecord { line: place });
        };
        if number != place {
            return Err(Broken::Number { line: place, says: number });
        }
        if before != end.hash {
            return Err(Broken::Hash { number });
        }
        end = End { number, hash: hash(line) };
        see(&end, &record);
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<String> {
        let mut end = End::default();
        let line = |count: u64| {
            let told = json!({ "who": format!("token:{count}") }).as_object().cloned().expect("an object");
            let (line, next) = next(&end, told);
            end = next;
            line
        };
        (0..4).map(line).collect()
    }

    fn followed(lines: &[String]) -> Result<u64, Broken> {
        let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
        follow(text.as_bytes(), &End::default(), |_, _| {}).map(|end| end.number)
    }

    #[test]
    fn a_change_a_gap_a_line_put_in_and_a_swap_are_found_where_they_are() {
        let whole = lines();
        assert_eq!(followed(&whole), Ok(4));
        assert_eq!(followed(&whole[..2]), Ok(2), "an end that is cut off is not seen by the chain itself");
        let mut changed = whole.clone();
        changed[1] = changed[1].replace("token:1", "token:9");
        assert_eq!(followed(&changed), Err(Broken::Hash { number: 3 }));
        let mut gap = whole.clone();
        gap.remove(1);
        assert_eq!(followed(&gap), Err(Broken::Number { line: 2, says: 3 }));
        let mut twice = whole.clone();
        twice.insert(1, whole[0].clone());
        assert_eq!(followed(&twice), Err(Broken::Number { line: 2, says: 1 }));
        let mut swapped = whole.clone();
        swapped.swap(1, 2);
        assert_eq!(followed(&swapped), Err(Broken::Number { line: 2, says: 3 }));
        let mut spoiled = whole;
        spoiled[2].truncate(10);
        assert_eq!(followed(&spoiled), Err(Broken::NoRecord { line: 3 }));
    }
}
