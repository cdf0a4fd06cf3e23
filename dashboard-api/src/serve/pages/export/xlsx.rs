//! A table as a spreadsheet (Office Open XML): real numbers, real dates, a sheet of metadata, written as it goes.
//!
//! Texts are written as texts, so that none is ever a formula; one that begins like a formula is marked as quoted too.
//! Not here: the archive (`zip`), which table.

use std::fmt::Write;

use compute::instant::Instant;

use super::csv::is_formula;
use super::table::{Cell, Column, Kind, Row, Table};
use super::zip::Zip;

/// Letters one cell can hold, by the format.
const CELL_LETTERS_MAX: usize = 32_767;
/// Days from 1899-12-30, the format's day 0, to 1970-01-01.
const EPOCH_DAYS: i64 = 25_569;
/// Vietnam's zone: the format's dates have none.
const ZONE_SECONDS: i64 = 7 * 3600;
const DAY_SECONDS: i64 = 86_400;

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// How cells look, by place in the sheet of styles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Style {
    Plain = 0,
    Head = 1,
    Whole = 2,
    Points = 3,
    Percent = 4,
    Moment = 5,
    Quoted = 6,
}

/// A table on its way into a spreadsheet.
#[derive(Debug, Default)]
pub(super) struct Xlsx {
    zip: Zip,
    row: usize,
    columns: Vec<Column>,
}

impl Xlsx {
    /// Everything up to the first row.
    pub(super) fn start(&mut self, table: &Table, metadata: &str) -> Vec<u8> {
        self.columns.clone_from(&table.columns);
        for (name, content) in parts(metadata) {
            self.zip.begin(name);
            self.zip.write(content.as_bytes());
        }
        self.zip.begin("xl/worksheets/sheet2.xml");
        self.zip.write(metadata_sheet(table).as_bytes());
        self.zip.begin("xl/worksheets/sheet1.xml");
        let mut sheet = format!(
            "{HEAD}<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView workbookViewId=\"0\">\
             <pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>\
             </sheetView></sheetViews><cols>"
        );
        for (place, column) in self.columns.iter().enumerate() {
            put(
                &mut sheet,
                format_args!(
                    "<col min=\"{0}\" max=\"{0}\" width=\"{1}\" customWidth=\"1\"/>",
                    place + 1,
                    width(column)
                ),
            );
        }
        sheet.push_str("</cols><sheetData>");
        self.row = 1;
        put(&mut sheet, format_args!("<row r=\"1\">"));
        for (place, column) in self.columns.iter().enumerate() {
            put_text(&mut sheet, &address(place, 1), &column.head, Style::Head);
        }
        sheet.push_str("</row>");
        self.zip.write(sheet.as_bytes());
        self.zip.taken()
    }

    /// Some rows.
    pub(super) fn rows(&mut self, rows: &[Row]) -> Vec<u8> {
        let mut sheet = String::with_capacity(rows.len() * self.columns.len() * 48);
        for row in rows {
            self.row += 1;
            put(&mut sheet, format_args!("<row r=\"{}\">", self.row));
            for (place, cell) in row.iter().enumerate() {
                put_cell(&mut sheet, &address(place, self.row), cell);
            }
            sheet.push_str("</row>");
        }
        self.zip.write(sheet.as_bytes());
        self.zip.taken()
    }

    /// The end.
    pub(super) fn end(mut self) -> Vec<u8> {
        let last = format!("{}{}", letters(self.columns.len().saturating_sub(1)), self.row);
        self.zip.write(format!("</sheetData><autoFilter ref=\"A1:{last}\"/></worksheet>").as_bytes());
        self.zip.finish()
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = out.write_fmt(text);
}

/// One cell as it stands in a sheet.
#[cfg(test)]
pub(super) fn cell(at: &str, cell: &Cell) -> String {
    let mut out = String::new();
    put_cell(&mut out, at, cell);
    out
}

fn put_cell(out: &mut String, at: &str, cell: &Cell) {
    let mut number = |value: std::fmt::Arguments<'_>, style: Style| {
        put(out, format_args!("<c r=\"{at}\" s=\"{}\"><v>{value}</v></c>", style as usize));
    };
    match cell {
        Cell::Nothing => {}
        Cell::Whole(whole) => number(format_args!("{whole}"), Style::Whole),
        Cell::Points(points) => {
            number(format_args!("{}.{:02}", points / 100, points % 100), Style::Points);
        }
        Cell::Percent(percent) => {
            number(format_args!("{}.{:04}", percent / 10_000, percent % 10_000), Style::Percent);
        }
        Cell::Moment(moment) => number(format_args!("{}", serial(*moment)), Style::Moment),
        Cell::YesNo(is_so) => {
            put(out, format_args!("<c r=\"{at}\" t=\"b\"><v>{}</v></c>", u8::from(*is_so)));
        }
        Cell::Text(text) => {
            put_text(out, at, text, if is_formula(text) { Style::Quoted } else { Style::Plain });
        }
    }
}

fn put_text(out: &mut String, at: &str, text: &str, style: Style) {
    put(
        out,
        format_args!("<c r=\"{at}\" s=\"{}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">", style as usize),
    );
    put_escaped(out, text);
    out.push_str("</t></is></c>");
}

/// XML 1.0 has no place for some letters; the format writes them as `_x0001_`.
fn put_escaped(out: &mut String, text: &str) {
    for letter in text.chars().take(CELL_LETTERS_MAX) {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' => out.push(letter),
            '\u{0}'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => {
                put(out, format_args!("_x{:04X}_", u32::from(letter)));
            }
            _ => out.push(letter),
        }
    }
}

/// Days since 1899-12-30 in Vietnam's zone, to the second, rounded so that readers find the second again.
fn serial(at: Instant) -> String {
    let local = at.unix_seconds() + ZONE_SECONDS;
    let (days, seconds) = (local.div_euclid(DAY_SECONDS) + EPOCH_DAYS, local.rem_euclid(DAY_SECONDS));
    format!("{days}.{:010}", (seconds * 10_000_000_000 + DAY_SECONDS / 2) / DAY_SECONDS)
}

/// `A1`.
fn address(column: usize, row: usize) -> String {
    format!("{}{row}", letters(column))
}

/// `A`, …, `Z`, `AA`, …
fn letters(mut column: usize) -> String {
    let mut text = String::new();
    loop {
        text.insert(0, char::from(b'A' + u8::try_from(column % 26).unwrap_or_default()));
        match column / 26 {
            0 => return text,
            more => column = more - 1,
        }
    }
}

fn width(column: &Column) -> usize {
    let least = match column.kind {
        Kind::Text => 18,
        Kind::Moment => 19,
        Kind::Whole | Kind::WorkingSeconds | Kind::Points | Kind::Percent | Kind::YesNo => 10,
    };
    least.max(column.head.chars().count() + 4)
}

fn metadata_sheet(table: &Table) -> String {
    let mut sheet = format!(
        "{HEAD}<worksheet xmlns=\"{MAIN}\"><cols><col min=\"1\" max=\"1\" width=\"28\" customWidth=\"1\"/>\
         <col min=\"2\" max=\"2\" width=\"80\" customWidth=\"1\"/></cols><sheetData>"
    );
    for (place, entry) in table.about.iter().enumerate() {
        put(&mut sheet, format_args!("<row r=\"{}\">", place + 1));
        put_text(&mut sheet, &address(0, place + 1), &entry.label, Style::Head);
        put_cell(&mut sheet, &address(1, place + 1), &entry.value);
        sheet.push_str("</row>");
    }
    sheet.push_str("</sheetData></worksheet>");
    sheet
}

/// Everything but the sheets.
fn parts(metadata: &str) -> [(&'static str, String); 5] {
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let mut name = String::new();
    put_escaped(&mut name, metadata);
    let sheet = |number: usize| {
        format!(
            "<Override PartName=\"/xl/worksheets/sheet{number}.xml\" ContentType=\"{kind}.worksheet+xml\"/>"
        )
    };
    [
        (
            "[Content_Types].xml",
            format!(
                "{HEAD}<Types xmlns=\"{PACKAGE}/content-types\">\
                 <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
                 <Override PartName=\"/xl/workbook.xml\" ContentType=\"{kind}.sheet.main+xml\"/>{}{}\
                 <Override PartName=\"/xl/styles.xml\" ContentType=\"{kind}.styles+xml\"/></Types>",
                sheet(1),
                sheet(2)
            ),
        ),
        (
            "_rels/.rels",
            format!(
                "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" \
                 Type=\"{RELATIONS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets>\
                 <sheet name=\"Nhịp\" sheetId=\"1\" r:id=\"rId1\"/>\
                 <sheet name=\"{name}\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\">\
                 <Relationship Id=\"rId1\" Type=\"{RELATIONS}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
                 <Relationship Id=\"rId2\" Type=\"{RELATIONS}/worksheet\" Target=\"worksheets/sheet2.xml\"/>\
                 <Relationship Id=\"rId3\" Type=\"{RELATIONS}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        ("xl/styles.xml", styles()),
    ]
}

/// The looks that [`Style`] names, in its order.
fn styles() -> String {
    let look = |format: u32, font: u32, more: &str| {
        format!(
            "<xf numFmtId=\"{format}\" fontId=\"{font}\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFont=\"1\"{more}/>"
        )
    };
    // 0 General, 3 "#,##0", 4 "#,##0.00", 10 "0.00%", 49 text: built into the format; 164 is ours.
    let looks = [
        look(0, 0, ""),
        look(0, 1, ""),
        look(3, 0, ""),
        look(4, 0, ""),
        look(10, 0, ""),
        look(164, 0, ""),
        look(49, 0, " quotePrefix=\"1\""),
    ];
    format!(
        "{HEAD}<styleSheet xmlns=\"{MAIN}\"><numFmts count=\"1\">\
         <numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy\\ hh:mm:ss\"/></numFmts>\
         <fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Times New Roman\"/></font>\
         <font><b/><sz val=\"11\"/><name val=\"Times New Roman\"/></font></fonts>\
         <fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>\
         <borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
         <cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>\
         <cellXfs count=\"{}\">{}</cellXfs>\
         <cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles></styleSheet>",
        looks.len(),
        looks.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(letters), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn an_instant_is_a_number_of_days_in_vietnam() {
        // 17:00 UTC is midnight there; day 46000 is 2025-12-09.
        let at = Instant::parse("2025-12-09T00:00:00+07:00").expect("an instant");
        assert_eq!(serial(at), "46000.0000000000");
        let noon = Instant::parse("2025-12-09T12:00:01+07:00").expect("an instant");
        assert_eq!(serial(noon), "46000.5000115741");
    }

    #[test]
    fn letters_that_xml_cannot_hold_are_written_another_way() {
        let mut out = String::new();
        put_escaped(&mut out, "a<b>&\u{1}\u{b}ộ\r");
        assert_eq!(out, "a&lt;b&gt;&amp;_x0001__x000B_ộ_x000D_");
    }
}
