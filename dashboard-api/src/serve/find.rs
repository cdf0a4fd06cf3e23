//! Finding units and officers by a few letters, as people type them: case and diacritics do not matter.
//!
//! Officers are found by their id only. The live ranking finds units by the same reading of letters (`web/js/ranking.js`).
//! Not here: who may see whom.

use compute::figures::{Level, UnitFigures};

/// Vietnamese letters with their marks, by the letter without.
const MARKED: [(char, &str); 7] = [
    ('a', "àáảãạăằắẳẵặâầấẩẫậ"),
    ('d', "đ"),
    ('e', "èéẻẽẹêềếểễệ"),
    ('i', "ìíỉĩị"),
    ('o', "òóỏõọôồốổỗộơờớởỡợ"),
    ('u', "ùúủũụưừứửữự"),
    ('y', "ỳýỷỹỵ"),
];

/// `text` in small letters without marks, whether its marks are letters of their own or follow them.
pub(super) fn folded(text: &str) -> String {
    let is_mark = |letter: &char| ('\u{300}'..='\u{36f}').contains(letter);
    let small = text.trim().chars().flat_map(char::to_lowercase).filter(|letter| !is_mark(letter));
    let plain = |letter: char| {
        let known = MARKED.iter().find(|(_, marked)| marked.contains(letter));
        known.map_or(letter, |(plain, _)| *plain)
    };
    small.map(plain).collect()
}

/// Whether `wanted`, folded, is in a code, or in the name of an agency.
pub(super) fn is_found(unit: &UnitFigures, level: Level, wanted: &str) -> bool {
    let names = match level {
        Level::Agency => [Some(unit.name.as_str()), unit.name_en.as_deref()],
        Level::Officer => [None, None],
    };
    folded(&unit.code).contains(wanted)
        || names.into_iter().flatten().any(|name| folded(name).contains(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_marks_do_not_matter() {
        for (text, plain) in
            [("Đà Bắc", "da bac"), ("ƯỠNG", "uong"), ("CB-12-0001 ", "cb-12-0001"), ("o\u{31b}\u{300}", "o")]
        {
            assert_eq!(folded(text), plain);
        }
    }
}
