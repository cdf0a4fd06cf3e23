//! How wide letters are: Noto Serif, cut down to Latin with Vietnamese and the signs of figures (`fonts/`).
//!
//! Lengths are in thousandths of a point, whole numbers, so that the same text is broken the same way everywhere. Not
//! here: how fonts stand in a PDF (`writing`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ttf_parser::Face;

/// A length in thousandths of a point.
pub(super) type Milli = i32;

/// One point.
pub(super) const POINT: Milli = 1000;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// A font as measured.
#[derive(Debug)]
pub(super) struct Font {
    pub(super) data: &'static [u8],
    pub(super) name: &'static str,
    pub(super) units: i32,
    pub(super) ascent: i32,
    pub(super) descent: i32,
    pub(super) bounds: [i16; 4],
    /// By glyph.
    pub(super) advances: Vec<u16>,
    pub(super) glyphs: BTreeMap<char, u16>,
}

static REGULAR: LazyLock<Font> =
    LazyLock::new(|| read(include_bytes!("../../fonts/noto-serif-regular.ttf"), "NotoSerif-Regular"));
static BOLD: LazyLock<Font> =
    LazyLock::new(|| read(include_bytes!("../../fonts/noto-serif-bold.ttf"), "NotoSerif-Bold"));

/// One of the two fonts.
pub(super) fn font(weight: Weight) -> &'static Font {
    match weight {
        Weight::Regular => &REGULAR,
        Weight::Bold => &BOLD,
    }
}

fn read(data: &'static [u8], name: &'static str) -> Font {
    let face = Face::parse(data, 0).unwrap_or_else(|error| {
        // It is part of the binary, and read by a test.
        unreachable!("{name}: {error}")
    });
    let mut glyphs = BTreeMap::new();
    for table in face
        .tables()
        .cmap
        .iter()
        .flat_map(|cmap| cmap.subtables)
        .filter(ttf_parser::cmap::Subtable::is_unicode)
    {
        table.codepoints(|code| {
            if let (Some(letter), Some(glyph)) = (char::from_u32(code), table.glyph_index(code)) {
                glyphs.insert(letter, glyph.0);
            }
        });
    }
    let bounds = face.global_bounding_box();
    let advance = |glyph| face.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or(0);
    Font {
        data,
        name,
        units: i32::from(face.units_per_em()),
        ascent: i32::from(face.ascender()),
        descent: i32::from(face.descender()),
        bounds: [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max],
        advances: (0..face.number_of_glyphs()).map(advance).collect(),
        glyphs,
    }
}

impl Font {
    /// The glyph of a letter; glyph 0, an empty box, for one the font does not have.
    pub(super) fn glyph(&self, letter: char) -> u16 {
        // The font's dash is as wide as its minus would be.
        let letter = if letter == '−' { '–' } else { letter };
        self.glyphs.get(&letter).copied().unwrap_or(0)
    }

    fn advance(&self, letter: char, size: u16) -> Milli {
        let advance = self.advances.get(usize::from(self.glyph(letter))).copied().unwrap_or(0);
        i32::from(advance) * i32::from(size) * POINT / self.units
    }

    /// How wide a line is at a size in points.
    pub(super) fn width(&self, text: &str, size: u16) -> Milli {
        text.chars().map(|letter| self.advance(letter, size)).sum()
    }

    /// The lines of a text that are at most `max` wide: broken at spaces, within a word only where it alone is wider.
    pub(super) fn lines(&self, text: &str, size: u16, max: Milli) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let (mut line, mut width) = (String::new(), 0);
            let space = self.advance(' ', size);
            // A space that does not break is part of its word.
            for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
                let wide = self.width(word, size);
                if !line.is_empty() && width + space + wide > max {
                    lines.push(std::mem::take(&mut line));
                    width = 0;
                }
                if !line.is_empty() {
                    line.push(' ');
                    width += space;
                }
                for letter in word.chars() {
                    let advance = self.advance(letter, size);
                    if wide > max && width + advance > max && !line.is_empty() {
                        lines.push(std::mem::take(&mut line));
                        width = 0;
                    }
                    line.push(letter);
                    width += advance;
                }
            }
            lines.push(line);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fonts_have_every_letter_of_vietnamese() {
        let vowels = "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵ";
        let all = format!("{vowels}{}đĐbcdghklmnpqrstvx0123456789 .,;:()%/–·", vowels.to_uppercase());
        for weight in [Weight::Regular, Weight::Bold] {
            let missing: String =
                all.chars().filter(|letter| !font(weight).glyphs.contains_key(letter)).collect();
            assert_eq!(missing, "", "{weight:?}");
        }
    }

    #[test]
    fn lines_break_at_spaces_and_within_a_word_only_where_it_is_too_wide() {
        let font = font(Weight::Regular);
        let max = font.width("tiếp nhận hồ", 10);
        assert_eq!(font.lines("tiếp nhận hồ sơ", 10, max), ["tiếp nhận hồ", "sơ"]);
        let max = font.width("000", 10);
        assert_eq!(font.lines("0000000 0", 10, max), ["000", "000", "0 0"]);
        assert_eq!(font.lines("", 10, max), [""]);
    }
}
