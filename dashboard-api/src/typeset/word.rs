//! A filled document as `WordprocessingML` (ECMA-376, Transitional): what a word processor opens, to be gone on with by
//! hand.
//!
//! The same blocks in the same order as on paper; where lines and pages break is the word processor's matter. Not here:
//! the package around it (`export::letters`), the lines that every page of a PDF has.

use std::fmt::Write as _;

use super::template::{Align, Document, Filled, FilledTable, Paragraph};

const MAIN: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
/// A4 and its margins, in twentieths of a point.
const PAGE: &str = "<w:pgSz w:w=\"11906\" w:h=\"16838\"/><w:pgMar w:top=\"1134\" w:right=\"1134\" w:bottom=\"1134\" w:left=\"1701\" w:header=\"567\" w:footer=\"567\" w:gutter=\"0\"/>";
/// The width between the margins, likewise.
const BODY: usize = 9071;
/// Twentieths of a point.
const TWENTIETHS: u16 = 20;

/// The text of `word/document.xml`.
pub(super) fn document(document: &Document) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<w:document xmlns:w=\"{MAIN}\"><w:body>"
    );
    for part in &document.parts {
        match part {
            Filled::Text(text) => paragraph(&mut out, text, &document.lang),
            Filled::Beside(left, right) => {
                out.push_str(&table_head(&[BODY / 2, BODY / 2]));
                out.push_str("<w:tr>");
                for side in [left, right] {
                    cell(&mut out, side, &document.lang);
                }
                out.push_str("</w:tr></w:tbl>");
            }
            Filled::Table(table) => rows(&mut out, table, &document.lang),
        }
    }
    // Writing to a String cannot fail, here and below.
    let _ = write!(out, "<w:sectPr>{PAGE}</w:sectPr></w:body></w:document>");
    out
}

fn table_head(widths: &[usize]) -> String {
    let mut out = format!("<w:tbl><w:tblPr><w:tblW w:w=\"{BODY}\" w:type=\"dxa\"/></w:tblPr><w:tblGrid>");
    for width in widths {
        let _ = write!(out, "<w:gridCol w:w=\"{width}\"/>");
    }
    out + "</w:tblGrid>"
}

fn cell(out: &mut String, texts: &[Paragraph], lang: &str) {
    out.push_str("<w:tc><w:tcPr/>");
    for text in texts {
        paragraph(out, text, lang);
    }
    if texts.is_empty() {
        // A cell has a paragraph.
        out.push_str("<w:p/>");
    }
    out.push_str("</w:tc>");
}

fn rows(out: &mut String, table: &FilledTable, lang: &str) {
    let width = BODY / table.columns.len().max(1);
    out.push_str(&table_head(&vec![width; table.columns.len()]));
    let head = (!table.is_plain).then(|| table.columns.iter().map(|column| column.head.clone()).collect());
    for (place, row) in head.iter().chain(&table.rows).enumerate() {
        let bold = place == 0 && head.is_some();
        out.push_str("<w:tr>");
        for (text, column) in row.iter().zip(&table.columns) {
            let text =
                Paragraph { text: text.clone(), size: table.size, bold, align: column.align, after: 0 };
            cell(out, &[text], lang);
        }
        out.push_str("</w:tr>");
    }
    out.push_str("</w:tbl>");
}

fn paragraph(out: &mut String, paragraph: &Paragraph, lang: &str) {
    let align = match paragraph.align {
        Align::Left => "both",
        Align::Centre => "center",
        Align::Right => "right",
    };
    let (after, half_points) = (paragraph.after * TWENTIETHS, paragraph.size * 2);
    let bold = if paragraph.bold { "<w:b/>" } else { "" };
    let _ = write!(
        out,
        "<w:p><w:pPr><w:spacing w:before=\"0\" w:after=\"{after}\"/><w:jc w:val=\"{align}\"/></w:pPr>"
    );
    let run = format!(
        "<w:rPr><w:rFonts w:ascii=\"Times New Roman\" w:hAnsi=\"Times New Roman\" w:cs=\"Times New Roman\"/>{bold}\
         <w:sz w:val=\"{half_points}\"/><w:szCs w:val=\"{half_points}\"/><w:lang w:val=\"{lang}\"/></w:rPr>"
    );
    for (place, line) in paragraph.text.split('\n').enumerate() {
        let turn = if place > 0 { "<w:br/>" } else { "" };
        let _ = write!(out, "<w:r>{run}{turn}<w:t xml:space=\"preserve\">{}</w:t></w:r>", escaped(line));
    }
    out.push_str("</w:p>");
}

/// As XML 1.0 can hold it; what it cannot is left out.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(letter),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Template;
    use super::*;

    #[test]
    fn blocks_stand_in_their_order_and_signs_of_xml_are_text() {
        let template = Template::parse(
            "lang = \"vi\"\ntitle = \"t\"\nrunning = \"\"\npage = \"\"\n\
             [[blocks]]\nbeside = { left = [{ text = \"{left}\" }], right = [{ text = \"right\", align = \"centre\" }] }\n\
             [[blocks]]\ntext = { text = \"one\\ntwo\", bold = true, size = 14, after = 6 }\n\
             [[blocks]]\ntable = { columns = \"columns\", rows = \"rows\" }\n",
        )
        .expect("a template");
        let data = json!({ "left": "a<b & c\u{1}", "columns": [{ "head": "h", "align": "right" }], "rows": [["1"]] });
        let text = document(&template.fill(&data).expect("it is filled"));
        let places: Vec<usize> =
            ["a&lt;b &amp; c</w:t>", ">right<", ">one<", "<w:br/>", ">two<", ">h<", ">1<", "<w:sectPr>"]
                .iter()
                .map(|part| text.find(part).unwrap_or_else(|| panic!("{part} in {text}")))
                .collect();
        assert!(places.is_sorted(), "{places:?}");
        assert!(text.contains("<w:b/><w:sz w:val=\"28\"/>") && text.contains("w:after=\"120\""), "{text}");
        let (opened, closed) = (text.matches("<w:tc>").count(), text.matches("</w:tc>").count());
        assert_eq!((opened, closed), (4, 4));
    }
}
