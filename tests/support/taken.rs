//! Tables that were taken along, read back by other means than they were written: CSV, spreadsheets, Arrow, Parquet, PDF.
//!
//! Spreadsheets are read by the archive's directory, Arrow and Parquet by their own crates, PDF by Debian's `pdftotext`. Not here:
//! what should stand in them.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

/// Rows of CSV, the head among them; quoted cells may hold the delimiter and quotes, not line ends.
pub fn csv(text: &str, delimiter: char) -> Vec<Vec<String>> {
    text.trim_start_matches('\u{feff}').lines().map(|line| cells(line, delimiter)).collect()
}

fn cells(line: &str, delimiter: char) -> Vec<String> {
    let (mut cells, mut cell, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => is_quoted = !is_quoted,
            letter if letter == delimiter && !is_quoted => cells.push(std::mem::take(&mut cell)),
            letter => cell.push(letter),
        }
    }
    cells.push(cell);
    cells
}

/// A cell of a spreadsheet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SheetCell {
    /// Its type: `inlineStr`, `b`, or nothing for a number.
    pub kind: String,
    /// Place of its look.
    pub style: String,
    /// What stands in it.
    pub text: String,
}

/// A spreadsheet: each sheet's rows, by column letters.
pub fn xlsx(bytes: &[u8]) -> Vec<Vec<HashMap<String, SheetCell>>> {
    let entries = unzipped(bytes);
    ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"]
        .iter()
        .map(|name| sheet(&entries[*name]))
        .collect()
}

fn sheet(xml: &str) -> Vec<HashMap<String, SheetCell>> {
    let rows = xml.split("<row ").skip(1).filter_map(|row| row.split("</row>").next());
    rows.map(|row| row.split("<c ").skip(1).map(sheet_cell).collect()).collect()
}

fn sheet_cell(xml: &str) -> (String, SheetCell) {
    let attribute = |name: &str| {
        let head = xml.split('>').next().unwrap_or_default();
        let value = head.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split('"').next());
        value.unwrap_or_default().to_owned()
    };
    let place = attribute("r").trim_end_matches(|letter: char| letter.is_ascii_digit()).to_owned();
    let body =
        ["<v>", "preserve\">"].iter().find_map(|begin| xml.split_once(begin)).map_or("", |(_, rest)| rest);
    let text = body.split('<').next().unwrap_or_default();
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    (place, SheetCell { kind: attribute(" t"), style: attribute(" s"), text })
}

/// The texts of an archive, found by its directory.
pub fn unzipped(bytes: &[u8]) -> HashMap<String, String> {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    let short = |at: usize| usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two bytes")));
    let end = bytes.len() - 22;
    assert_eq!(number(end), 0x0605_4b50, "the archive has an end");
    let mut at = number(end + 16);
    let mut entries = HashMap::new();
    for _ in 0..short(end + 10) {
        assert_eq!(number(at), 0x0201_4b50, "the directory has a line for each entry");
        let (crc, packed, plain, begins_at) =
            (number(at + 16), number(at + 20), number(at + 24), number(at + 42));
        let name = String::from_utf8(bytes[at + 46..at + 46 + short(at + 28)].to_vec()).expect("a name");
        let data = begins_at + 30 + short(begins_at + 26) + short(begins_at + 28);
        let mut text = String::new();
        let mut decoder = flate2::read::DeflateDecoder::new(&bytes[data..data + packed]);
        decoder.read_to_string(&mut text).expect("an entry is deflated UTF-8");
        assert_eq!(text.len(), plain, "{name} is as long as the directory says");
        let mut check = flate2::Crc::new();
        check.update(text.as_bytes());
        assert_eq!(check.sum() as usize, crc, "{name} is what the directory says");
        entries.insert(name, text);
        at += 46 + short(at + 28) + short(at + 30) + short(at + 32);
    }
    entries
}

/// The batches of an Arrow stream.
pub fn arrow(bytes: &[u8]) -> Vec<RecordBatch> {
    let reader = StreamReader::try_new(bytes, None).expect("a stream begins with its schema");
    reader.map(|batch| batch.expect("a batch is whole")).collect()
}

/// The batches of a Parquet file, and what it says of itself.
pub fn parquet(bytes: &[u8]) -> (Vec<RecordBatch>, HashMap<String, String>) {
    static FILES: AtomicU64 = AtomicU64::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("nhip-taken-{}-{number}.parquet", std::process::id()));
    std::fs::write(&path, bytes).expect("it can be laid down");
    let file = std::fs::File::open(&path).expect("it lies there");
    std::fs::remove_file(&path).expect("it stays open");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("it is a whole file");
    let told = reader.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    let told = told.into_iter().map(|told| (told.key, told.value.unwrap_or_default())).collect();
    let batches: ParquetRecordBatchReader = reader.build().expect("its columns can be read");
    (batches.map(|batch| batch.expect("a batch is whole")).collect(), told)
}

/// What a PDF says, laid out as on paper.
pub fn pdf(bytes: &[u8]) -> String {
    let mut child = Command::new("pdftotext")
        .args(["-layout", "-enc", "UTF-8", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("pdftotext of Debian's poppler-utils is there");
    let mut input = child.stdin.take().expect("standard input is piped");
    let bytes = bytes.to_vec();
    let writing = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().expect("it ends");
    writing.join().expect("it is written").expect("it is taken");
    assert!(output.status.success(), "pdftotext can read it");
    String::from_utf8(output.stdout).expect("UTF-8")
}
