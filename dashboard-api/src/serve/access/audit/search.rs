//! Looking something up in the record, newest first.
//!
//! Not here: whether the record holds together (`nhip audit verify`).

use std::path::Path;

use serde_json::Value;

/// Records of one page.
pub(crate) const PAGE: usize = 50;

/// What is looked for: records before a number, that have a text somewhere.
#[derive(Clone, Default, Debug)]
pub(crate) struct Asked {
    pub(crate) text: String,
    pub(crate) before: Option<u64>,
}

/// The records found, and the number to go on before.
pub(crate) fn find(folder: &Path, asked: &Asked) -> Result<(Vec<Value>, Option<u64>), String> {
    let bytes = super::bytes(&folder.join(super::FOLDER))?;
    let wanted = asked.text.to_lowercase();
    let lines = bytes.rsplit(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let records = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let earlier = records.filter(|record| {
        asked.before.is_none_or(|before| record["n"].as_u64().is_some_and(|number| number < before))
    });
    let has = |record: &Value| {
        let mut shown = record.clone();
        // Hashes and numbers are not what anybody looks for.
        shown.as_object_mut().map(|fields| (fields.remove("before"), fields.remove("n")));
        wanted.is_empty() || shown.to_string().to_lowercase().contains(&wanted)
    };
    let mut found: Vec<Value> = earlier.filter(has).take(PAGE + 1).collect();
    let is_more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = is_more.then(|| found.last().and_then(|record| record["n"].as_u64())).flatten();
    Ok((found, next))
}
