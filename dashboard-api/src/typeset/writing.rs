//! Pages as PDF 1.7: text by glyph with its letters beside it (so that it can be searched and copied), fonts embedded.
//!
//! No date and no identity is written: the same pages give the same bytes. Not here: where anything stands (`layout`).

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::font::{Font, Milli, POINT, Weight, font};
use super::layout::{Item, Pages};
use super::template::Document;

const IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
const CATALOG: Ref = Ref::new(1);
const TREE: Ref = Ref::new(2);
const INFO: Ref = Ref::new(3);
/// The first of five objects of the regular font, and of the bold one.
const FONTS: [(Weight, Name<'static>, i32); 2] =
    [(Weight::Regular, Name(b"R"), 4), (Weight::Bold, Name(b"B"), 9)];
/// The first of two objects of the first page.
const PAGES: i32 = 14;

/// The document's bytes.
pub(super) fn pdf(document: &Document, pages: &Pages) -> Vec<u8> {
    let mut pdf = Pdf::new();
    pdf.catalog(CATALOG).pages(TREE).lang(TextStr(&document.lang));
    pdf.document_info(INFO).title(TextStr(&document.title)).producer(TextStr("Nhịp"));
    let count = i32::try_from(pages.items.len()).unwrap_or(i32::MAX);
    pdf.pages(TREE).kids((0..count).map(page_of)).count(count);
    for (number, items) in (0..count).zip(&pages.items) {
        let mut page = pdf.page(page_of(number));
        page.media_box(Rect::new(0.0, 0.0, points(pages.width), points(pages.height))).parent(TREE);
        page.contents(content_of(number));
        let mut resources = page.resources();
        let mut fonts = resources.fonts();
        for (_, name, first) in FONTS {
            fonts.pair(name, Ref::new(first));
        }
        fonts.finish();
        resources.finish();
        page.finish();
        let content = packed(&content(items, pages.height));
        pdf.stream(content_of(number), &content).filter(Filter::FlateDecode);
    }
    for (weight, _, first) in FONTS {
        put_font(&mut pdf, font(weight), first);
    }
    pdf.finish()
}

fn page_of(number: i32) -> Ref {
    Ref::new(PAGES + 2 * number)
}

fn content_of(number: i32) -> Ref {
    Ref::new(PAGES + 2 * number + 1)
}

fn content(items: &[Item], height: Milli) -> Vec<u8> {
    let mut content = Content::new();
    for item in items {
        match item {
            Item::Rule { x, y, width, is_strong } => {
                let (line, gray) = if *is_strong { (0.8, 0.0) } else { (0.3, 0.6) };
                content.set_line_width(line).set_stroke_gray(gray);
                content.move_to(points(*x), points(height - y));
                content.line_to(points(x + width), points(height - y)).stroke();
            }
            Item::Text { x, y, size, weight, text } => {
                let known = font(*weight);
                let glyphs: Vec<u8> =
                    text.chars().flat_map(|letter| known.glyph(letter).to_be_bytes()).collect();
                let name = FONTS.iter().find(|(of, ..)| of == weight).map_or(FONTS[0].1, |font| font.1);
                content.begin_text().set_font(name, f32::from(*size));
                content.next_line(points(*x), points(height - y)).show(Str(&glyphs));
                content.end_text();
            }
        }
    }
    content.finish().into_vec()
}

fn put_font(pdf: &mut Pdf, font: &Font, first: i32) {
    let [whole, cid, descriptor, file, letters] = [0, 1, 2, 3, 4].map(|place| Ref::new(first + place));
    let name = Name(font.name.as_bytes());
    let mut type0 = pdf.type0_font(whole);
    type0.base_font(name).encoding_predefined(Name(b"Identity-H")).descendant_font(cid).to_unicode(letters);
    type0.finish();
    let mut cid_font = pdf.cid_font(cid);
    cid_font.subtype(CidFontType::Type2).base_font(name).system_info(IDENTITY).font_descriptor(descriptor);
    cid_font.cid_to_gid_map_predefined(Name(b"Identity")).default_width(0.0);
    let widths = font.advances.iter().map(|advance| per_mille(i32::from(*advance), font));
    cid_font.widths().consecutive(0, widths);
    cid_font.finish();
    let [left, low, right, high] = font.bounds.map(|edge| per_mille(i32::from(edge), font));
    let mut described = pdf.font_descriptor(descriptor);
    described
        .name(name)
        .flags(FontFlags::SYMBOLIC | FontFlags::SERIF)
        .bbox(Rect::new(left, low, right, high));
    described.italic_angle(0.0).ascent(per_mille(font.ascent, font)).descent(per_mille(font.descent, font));
    described.cap_height(per_mille(font.ascent, font)).stem_v(80.0).font_file2(file);
    described.finish();
    let data = packed(font.data);
    let length = i32::try_from(font.data.len()).unwrap_or(i32::MAX);
    pdf.stream(file, &data).filter(Filter::FlateDecode).pair(Name(b"Length1"), length);
    let mut by_glyph = BTreeMap::new();
    for (letter, glyph) in &font.glyphs {
        // Letters that look the same share a glyph; the first of them is meant.
        by_glyph.entry(*glyph).or_insert(*letter);
    }
    let mut map = UnicodeCmap::new(Name(b"Letters"), IDENTITY);
    for (glyph, letter) in by_glyph {
        map.pair(glyph, letter);
    }
    let map = packed(map.finish().as_slice());
    pdf.stream(letters, &map).filter(Filter::FlateDecode);
}

/// Thousandths of a point as the format writes lengths.
fn points(length: Milli) -> f32 {
    let whole = i16::try_from(length.div_euclid(POINT)).unwrap_or(i16::MAX);
    let rest = i16::try_from(length.rem_euclid(POINT)).unwrap_or(0);
    f32::from(whole) + f32::from(rest) / 1000.0
}

/// Units of the font in thousandths of its size.
fn per_mille(units: i32, font: &Font) -> f32 {
    points(Milli::try_from(i64::from(units) * 1_000_000 / i64::from(font.units)).unwrap_or(0))
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}
