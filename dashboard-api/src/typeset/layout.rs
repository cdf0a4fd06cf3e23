//! Lines and rows placed on pages of A4. Where a table goes on, its head stands again.
//!
//! Lengths run from the upper left corner, in thousandths of a point. Not here: the bytes of a PDF (`writing`).

use super::font::{Milli, POINT, Weight, font};
use super::template::{Align, Document, Filled, FilledTable, Paragraph};

/// A4, in points.
const A4: (Milli, Milli) = (595 * POINT, 842 * POINT);
const MARGIN: Milli = 42 * POINT;
/// Of the lines that every page has.
const SMALL: u16 = 8;
/// Around what stands in a cell.
const PAD: Milli = 3 * POINT;
/// From one line to the next, in hundredths of the size.
const LEADING: Milli = 125;

/// Something at a place: for text, where its line stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Item {
    Text { x: Milli, y: Milli, size: u16, weight: Weight, text: String },
    Rule { x: Milli, y: Milli, width: Milli, is_strong: bool },
}

/// What is on each page.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Pages {
    pub(super) width: Milli,
    pub(super) height: Milli,
    pub(super) items: Vec<Vec<Item>>,
}

/// The pages of a document.
pub(super) fn pages(document: &Document) -> Pages {
    let (width, height) = if document.is_wide { (A4.1, A4.0) } else { A4 };
    let mut flow = Flow { width, height, y: 0, pages: Vec::new() };
    flow.turn();
    for part in &document.parts {
        match part {
            Filled::Text(text) => flow.text(text),
            Filled::Beside(left, right) => flow.beside(left, right),
            Filled::Table(table) => flow.table(table),
        }
    }
    flow.frame(document);
    Pages { width, height, items: flow.pages }
}

struct Flow {
    width: Milli,
    height: Milli,
    y: Milli,
    pages: Vec<Vec<Item>>,
}

/// A box that lines stand in.
#[derive(Clone, Copy)]
struct Place {
    x: Milli,
    width: Milli,
    align: Align,
}

fn leading(size: u16) -> Milli {
    Milli::from(size) * POINT * LEADING / 100
}

impl Flow {
    fn body(&self) -> Milli {
        self.width - 2 * MARGIN
    }

    fn bottom(&self) -> Milli {
        self.height - MARGIN
    }

    /// Goes on to a new page.
    fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN + leading(SMALL);
    }

    fn put(&mut self, item: Item) {
        if let Some(page) = self.pages.last_mut() {
            page.push(item);
        }
    }

    fn line(&mut self, text: &str, (size, weight): (u16, Weight), place: Place, y: Milli) {
        let free = place.width - font(weight).width(text, size);
        let x = place.x
            + match place.align {
                Align::Left => 0,
                Align::Centre => free / 2,
                Align::Right => free,
            };
        if !text.is_empty() {
            self.put(Item::Text { x, y, size, weight, text: text.to_owned() });
        }
    }

    fn text(&mut self, text: &Paragraph) {
        let place = Place { x: MARGIN, width: self.body(), align: text.align };
        let weight = weight(text.bold);
        for line in font(weight).lines(&text.text, text.size, place.width) {
            if self.y + leading(text.size) > self.bottom() {
                self.turn();
            }
            self.y += leading(text.size);
            self.line(&line, (text.size, weight), place, self.y);
        }
        self.y += Milli::from(text.after) * POINT;
    }

    /// Two columns, on one page: heads and feet of letters are never broken.
    fn beside(&mut self, left: &[Paragraph], right: &[Paragraph]) {
        let half = self.body() / 2;
        let column = |texts: &[Paragraph]| {
            let all = texts.iter().flat_map(|text| {
                let lines = font(weight(text.bold)).lines(&text.text, text.size, half - PAD);
                lines.into_iter().map(|line| (line, text.size, weight(text.bold), text.align))
            });
            all.collect::<Vec<_>>()
        };
        let columns = [(MARGIN, column(left)), (MARGIN + half + PAD, column(right))];
        let height =
            |lines: &[(String, u16, Weight, Align)]| lines.iter().map(|line| leading(line.1)).sum::<Milli>();
        let tallest = columns.iter().map(|(_, lines)| height(lines)).max().unwrap_or(0);
        if self.y + tallest > self.bottom() {
            self.turn();
        }
        for (x, lines) in columns {
            let mut y = self.y;
            for (line, size, weight, align) in lines {
                y += leading(size);
                self.line(&line, (size, weight), Place { x, width: half - PAD, align }, y);
            }
        }
        self.y += tallest;
    }

    fn table(&mut self, table: &FilledTable) {
        let widths = widths(table, self.body());
        let mut x = MARGIN;
        let places: Vec<Place> = widths
            .iter()
            .zip(&table.columns)
            .map(|(width, column)| {
                let place = Place { x: x + PAD, width: width - 2 * PAD, align: column.align };
                x += width;
                place
            })
            .collect();
        let broken = |texts: Vec<&str>, weight: Weight| -> Vec<Vec<String>> {
            let cells = texts.into_iter().zip(&places);
            cells.map(|(text, place)| font(weight).lines(text, table.size, place.width)).collect()
        };
        let heads = broken(table.columns.iter().map(|column| column.head.as_str()).collect(), Weight::Bold);
        self.head(table, &heads, &places);
        for row in &table.rows {
            let cells = broken(row.iter().map(String::as_str).collect(), Weight::Regular);
            let lines = cells.iter().map(Vec::len).max().unwrap_or(0);
            let mut from = 0;
            while from < lines {
                let fits = self.lines_left(table.size);
                // A row goes on to the next page only when no page is high enough for it.
                let is_too_high =
                    lines - from > self.lines_of_a_page(table, heads.iter().map(Vec::len).max());
                if fits == 0 || (fits < lines - from && !is_too_high) {
                    self.turn();
                    self.head(table, &heads, &places);
                    continue;
                }
                let end = lines.min(from + fits);
                self.row(table, &cells, &places, (from, end));
                from = end;
            }
        }
        self.y += PAD;
    }

    /// Lines of a row that this page still has room for.
    fn lines_left(&self, size: u16) -> usize {
        usize::try_from((self.bottom() - self.y - 2 * PAD) / leading(size)).unwrap_or(0)
    }

    /// Lines of a row that an empty page has room for below the head; never none.
    fn lines_of_a_page(&self, table: &FilledTable, head: Option<usize>) -> usize {
        let body = self.bottom() - MARGIN - leading(SMALL) - 4 * PAD;
        let lines = usize::try_from(body / leading(table.size)).unwrap_or(1);
        lines.saturating_sub(head.unwrap_or(0)).max(1)
    }

    fn head(&mut self, table: &FilledTable, heads: &[Vec<String>], places: &[Place]) {
        if table.is_plain {
            return;
        }
        let lines = heads.iter().map(Vec::len).max().unwrap_or(0);
        let height = Milli::try_from(lines).unwrap_or(0) * leading(table.size) + 2 * PAD;
        if self.y + height + leading(table.size) > self.bottom() {
            self.turn();
        }
        self.rule(true);
        self.lines(heads, places, (0, lines), (table.size, Weight::Bold));
        self.rule(true);
    }

    fn row(&mut self, table: &FilledTable, cells: &[Vec<String>], places: &[Place], lines: (usize, usize)) {
        self.lines(cells, places, lines, (table.size, Weight::Regular));
        if !table.is_plain {
            self.rule(false);
        }
    }

    fn lines(
        &mut self,
        cells: &[Vec<String>],
        places: &[Place],
        (from, end): (usize, usize),
        (size, weight): (u16, Weight),
    ) {
        self.y += PAD / 2;
        for number in from..end {
            self.y += leading(size);
            for (cell, place) in cells.iter().zip(places) {
                if let Some(line) = cell.get(number) {
                    self.line(line, (size, weight), *place, self.y);
                }
            }
        }
        self.y += PAD;
    }

    fn rule(&mut self, is_strong: bool) {
        self.put(Item::Rule { x: MARGIN, y: self.y, width: self.body(), is_strong });
    }

    /// What stands on every page: what it is of, and which page of how many.
    fn frame(&mut self, document: &Document) {
        let count = self.pages.len();
        let whole = Place { x: MARGIN, width: self.body(), align: Align::Left };
        let (top, foot) = (MARGIN - leading(SMALL) / 2, self.height - MARGIN + 2 * leading(SMALL));
        let running = font(Weight::Regular).lines(&document.running, SMALL, self.body());
        for number in 0..count {
            let page = document.page.replace("{number}", &(number + 1).to_string());
            let page = page.replace("{count}", &count.to_string());
            // `line` writes on the last page: pages pass through that place one by one.
            self.pages.rotate_left(1);
            let first = running.first().cloned().unwrap_or_default();
            self.line(&first, (SMALL, Weight::Regular), whole, top);
            self.line(&page, (SMALL, Weight::Regular), Place { align: Align::Right, ..whole }, foot);
        }
    }
}

fn weight(is_bold: bool) -> Weight {
    if is_bold { Weight::Bold } else { Weight::Regular }
}

/// How wide each column is: as wide as its widest cell where all fit; otherwise each has its longest word, and what is
/// left is shared by how much more it wants.
fn widths(table: &FilledTable, body: Milli) -> Vec<Milli> {
    let (mut least, mut wanted) = (Vec::new(), Vec::new());
    for (place, column) in table.columns.iter().enumerate() {
        let heads = std::iter::once((column.head.as_str(), Weight::Bold));
        let cells = table.rows.iter().map(|row| (row[place].as_str(), Weight::Regular));
        let (mut longest, mut whole) = (0, 0);
        for (text, weight) in heads.chain(cells) {
            let width = |text: &str| font(weight).width(text, table.size);
            whole = whole.max(width(text));
            longest = longest.max(text.split([' ', '\n']).map(width).max().unwrap_or(0));
        }
        // A code of a hundred letters does not push the others off the page.
        least.push(longest.min(body / 5) + 2 * PAD + POINT);
        wanted.push(whole.max(longest.min(body / 5)) + 2 * PAD + POINT);
    }
    let sum = |widths: &[Milli]| widths.iter().map(|width| i64::from(*width)).sum::<i64>();
    let (least_sum, wanted_sum, body_sum) = (sum(&least), sum(&wanted), i64::from(body));
    let share = |part: i64, of: i64, whole: i64| Milli::try_from(part * of / whole.max(1)).unwrap_or(0);
    if wanted_sum <= body_sum {
        if table.is_plain {
            return wanted;
        }
        return wanted.iter().map(|width| share(i64::from(*width), body_sum, wanted_sum)).collect();
    }
    if least_sum >= body_sum {
        return least.iter().map(|width| share(i64::from(*width), body_sum, least_sum)).collect();
    }
    let more = |(least, wanted): (&Milli, &Milli)| {
        least + share(body_sum - least_sum, i64::from(wanted - least), wanted_sum - least_sum)
    };
    least.iter().zip(&wanted).map(more).collect()
}
