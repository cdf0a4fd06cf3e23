//! Tile = list = export = API: one number, wherever it is shown or taken along, for every indicator of every set.
//!
//! A made-up province is told to a real server; a month that is over is asked about, so that no clock moves figures
//! between two answers.

use std::time::Duration;

use acceptance_tests::server::{Server, within};
use acceptance_tests::story::events;
use acceptance_tests::taken;
use compute::instant::Instant;
use compute::period::{Kind, Period};
use ingest::simulate::{AgencyCounts, Disorder, Plan, Stream};
use serde_json::Value;

/// Longer than a start takes.
const PATIENCE: Duration = Duration::from_secs(30);
const BATCH: usize = 2_000;
const DAY: i64 = 86_400;

/// A server that was told of some months up to now, and the month before this one.
fn province() -> (Server, String) {
    let server = Server::launch(&["--from", "2026-01-01"]).expect("it serves");
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    let until = i64::try_from(now.as_secs()).expect("it is before the year 2100");
    let plan = Plan {
        events: 30_000,
        from: until - 100 * DAY,
        until,
        agencies: AgencyCounts { departments: 4, communes: 6 },
        officers: 40,
        procedures: 60,
        petitions: 20,
        disorder: Disorder::NONE,
        ..Plan::default()
    };
    let mut story = Stream::new(&plan);
    let mut lines = Vec::new();
    while let Some((_, line)) = story.next_line() {
        lines.push(line.to_vec());
    }
    for batch in lines.chunks(BATCH) {
        let body = [b"[".as_slice(), &batch.join(&b','), b"]"].concat();
        assert_eq!(server.post("/api/v1/events", "application/cloudevents-batch+json", &body).status, 202);
    }
    let this_month = Period::containing(Instant::from_unix(until, 0), Kind::Month);
    let last_month = Period::containing(this_month.start().just_before(), Kind::Month);
    (server, last_month.to_string())
}

/// The number of a link of an indicator's row on an agency's page.
fn tile(page: &str, indicator: &str, part: &str) -> Option<u64> {
    let row = page.split_once(&format!("data-indicator=\"{indicator}\""))?.1.split("</tr>").next()?;
    let link = row.split_once(&format!("data-part=\"{part}\""))?.1;
    let text = link.split_once('>')?.1.split('<').next()?;
    Some(text.chars().filter(char::is_ascii_digit).collect::<String>().parse().expect("a number"))
}

fn count_of(page: &str) -> Option<u64> {
    page.split_once("data-count=\"")?.1.split('"').next()?.parse().ok()
}

/// How many rows each form of a list has.
fn rows_taken_along(server: &Server, asked: &str) -> [usize; 5] {
    let body = |ending: &str| {
        let answer = server.get(&format!("/danh-sach.{ending}?{asked}"));
        assert_eq!(answer.status, 200, "{ending} {asked}: {}", String::from_utf8_lossy(&answer.body));
        answer.body
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let excel = server.get(&format!("/danh-sach.csv?form=excel-vi&{asked}"));
    [
        taken::csv(&text(body("csv")), ',').len() - 1,
        taken::csv(&text(excel.body), ';').len() - 1,
        taken::xlsx(&body("xlsx"))[0].len() - 1,
        taken::arrow(&body("arrow")).iter().map(arrow_array::RecordBatch::num_rows).sum(),
        taken::parquet(&body("parquet")).0.iter().map(arrow_array::RecordBatch::num_rows).sum(),
    ]
}

#[test]
fn a_number_is_the_same_on_the_page_in_its_list_in_every_export_and_over_the_api() {
    let (server, month) = province();
    let mut compared = 0;
    for set in ["portal-2026", "method-note-2026"] {
        let view = format!("period={month}&set={set}");
        let scores = server.get(&format!("/api/v1/scores?{view}")).json();
        for unit in ["H99", "H99.01", "H99.100"] {
            let page = server.get(&format!("/don-vi/{unit}?{view}")).text();
            let table = server.get(&format!("/don-vi/{unit}/chi-tieu.csv?{view}")).text();
            let table = taken::csv(&table, ',');
            let units = scores["units"].as_array().expect("units");
            let figures = units.iter().find(|known| known["code"] == unit).expect("the unit has figures");
            for figure in figures["indicators"].as_array().expect("indicators") {
                compared += compare(&server, (&view, unit), (&page, &table), figure);
            }
        }
    }
    assert!(compared > 100, "there was something to compare: {compared}");
}

fn compare(
    server: &Server,
    (view, unit): (&str, &str),
    (page, table): (&str, &[Vec<String>]),
    figure: &Value,
) -> usize {
    let code = figure["code"].as_str().expect("a code");
    let place = format!("{unit} {code} {view}");
    let row = table.iter().find(|row| row[1] == code).unwrap_or_else(|| panic!("{place} is in the table"));
    let number = |name: &str| figure[name].as_u64().expect("a count");
    let (numerator, denominator) = (number("numerator"), number("denominator"));
    assert_eq!(
        (row[4].as_str(), row[5].as_str()),
        (&*numerator.to_string(), &*denominator.to_string()),
        "{place}"
    );
    assert_eq!(row[7], figure["ratio"].as_str().unwrap_or_default(), "{place}");
    assert_eq!(row[8], figure["points"].as_str().expect("points"), "{place}");
    assert_eq!(
        (tile(page, code, "num"), tile(page, code, "den")),
        (Some(numerator), Some(denominator)),
        "{place}"
    );
    // A denominator that was reported is a number without subjects: its list is what was received.
    let is_reported = figure["denominator_is_reported"] == true;
    let mut wanted = vec![("num", numerator)];
    if !is_reported {
        wanted.extend([("den", denominator), ("missing", denominator - numerator)]);
        if let Some(missing) = tile(page, code, "missing") {
            assert_eq!(missing, denominator - numerator, "{place}");
        }
    }
    for (part, count) in &wanted {
        let asked = format!("unit={unit}&indicator={code}&part={part}&{view}");
        let listed = server.get(&format!("/api/v1/lists?{asked}")).json();
        assert_eq!(listed["count"].as_u64(), Some(*count), "{place} {part}");
        assert_eq!(
            listed["subjects"].as_array().map(|codes| codes.len() as u64),
            Some(*count),
            "{place} {part}"
        );
        assert_eq!(
            count_of(&server.get(&format!("/danh-sach?{asked}")).text()),
            Some(*count),
            "{place} {part}"
        );
        let count = usize::try_from(*count).expect("a count");
        assert_eq!(rows_taken_along(server, &asked), [count; 5], "{place} {part}");
    }
    wanted.len()
}

#[test]
fn a_table_says_what_it_holds_for() {
    let (server, month) = province();
    let asked = format!("period={month}&set=method-note-2026");
    let answer = server.get(&format!("/don-vi/H99.01/chi-tieu.xlsx?{asked}"));
    let name = format!("attachment; filename=\"nhip-H99.01-chi-tieu-{month}-method-note-2026.xlsx\"");
    assert_eq!(answer.header("content-disposition"), name);
    let metadata = &taken::xlsx(&answer.body)[1];
    let told = |label: &str| {
        let row = metadata.iter().find(|row| row["A"].text == label);
        row.unwrap_or_else(|| panic!("{label} is told: {metadata:?}"))["B"].text.clone()
    };
    assert_eq!(
        (told("Bộ chỉ số"), told("Phiên bản bộ chỉ số")),
        ("method-note-2026".to_owned(), "1".to_owned())
    );
    assert!(told("Kỳ").starts_with(&month), "{metadata:?}");
    let batches = taken::arrow(&server.get(&format!("/xep-hang.arrow?{asked}")).body);
    let schema = batches[0].schema();
    assert_eq!(schema.metadata()["set"], "method-note-2026");
    assert_eq!(schema.metadata()["rows"], batches[0].num_rows().to_string());
    let (same, told) = taken::parquet(&server.get(&format!("/xep-hang.parquet?{asked}")).body);
    // Two files of a month that runs are made at two instants.
    for (key, value) in schema.metadata().iter().filter(|(key, _)| *key != "made_at" && *key != "as_of") {
        assert_eq!(told.get(key), Some(value), "{key} is told as in Arrow");
    }
    assert_eq!(same[0].schema().fields(), schema.fields());
    assert_eq!(same[0].columns(), batches[0].columns(), "columns of Parquet are those of Arrow");
    let paper = taken::pdf(&server.get(&format!("/xep-hang.pdf?{asked}")).body);
    assert!(paper.contains("Xếp hạng các cơ quan, đơn vị") && paper.contains("method-note-2026"), "{paper}");
}

#[test]
fn a_number_looks_as_its_form_writes_numbers() {
    let (server, month) = province();
    let asked = format!("period={month}");
    let read = |ending: &str| server.get(&format!("/don-vi/H99/chi-tieu.{ending}{asked}"));
    let machine = taken::csv(&read("csv?").text(), ',');
    let excel = taken::csv(&read("csv?form=excel-vi&").text(), ';');
    let sheet = taken::xlsx(&read("xlsx?").body).remove(0);
    let (paper, english) = (taken::pdf(&read("pdf?").body), taken::pdf(&read("pdf?lang=en&").body));
    let page = server.get(&format!("/don-vi/H99?{asked}")).text();
    let page_in_english = server.get(&format!("/don-vi/H99?lang=en&{asked}")).text();
    let place = |head: &str| machine[0].iter().position(|known| known == head).expect("the column is there");
    let (ratio, points, received) = (place("ratio"), place("points"), place("denominator"));
    let mut seen = 0;
    for (number, row) in machine.iter().enumerate().skip(1).filter(|(_, row)| !row[ratio].is_empty()) {
        // People have no column for the unit's code.
        let (theirs, cells) = (&excel[number], &sheet[number]);
        for (place, column) in [(ratio, "G"), (points, "H")] {
            let comma = row[place].replace('.', ",");
            assert_eq!(theirs[place - 1], comma);
            let shown: f64 = cells[column].text.parse().expect("a real number");
            let wanted: f64 = row[place].parse().expect("a number");
            let scale = if place == ratio { 100.0 } else { 1.0 };
            assert!((shown * scale - wanted).abs() < 1e-9, "{cells:?} for {row:?}");
            assert_eq!(cells[column].kind, "", "a number is no text");
            assert_eq!(cells[column].style, if place == ratio { "4" } else { "3" }, "and has its format");
            for (text, number) in
                [(&paper, &comma), (&page, &comma), (&english, &row[place]), (&page_in_english, &row[place])]
            {
                assert!(text.contains(number.as_str()), "{number} is written in {text}");
            }
        }
        if row[received].len() > 3 {
            let digits = &row[received];
            let (thousands, rest) = digits.split_at(digits.len() - 3);
            assert!(
                paper.contains(&format!("{thousands}.{rest}"))
                    && page.contains(&format!("{thousands}.{rest}"))
            );
            assert!(english.contains(&format!("{thousands},{rest}")));
            seen += 1;
        }
    }
    assert!(seen > 0, "some number has thousands");
}

#[test]
fn what_a_spreadsheet_would_run_is_text_in_every_form() {
    let server = Server::launch(&["--from", "2026-01-01"]).expect("it serves");
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready");
    let told = events("02/02 08:00 H1 accepted due=09/02 17:30").replace("\"H1\"", "\"=1+1\"");
    assert_eq!(server.post_batch(&told).status, 202);
    let asked = "period=2026&unit=C1&count=received";
    let machine = server.get(&format!("/danh-sach.csv?{asked}")).text();
    assert!(machine.contains("\r\n'=1+1,"), "{machine}");
    let sheet = taken::xlsx(&server.get(&format!("/danh-sach.xlsx?{asked}")).body).remove(0);
    let cell = &sheet[1]["A"];
    assert_eq!((cell.kind.as_str(), cell.style.as_str(), cell.text.as_str()), ("inlineStr", "6", "=1+1"));
}

#[test]
fn a_form_that_is_not_there_and_a_paper_too_long_say_so() {
    let (server, month) = province();
    let table = [
        (format!("/danh-sach.xlsx?unit=H99&count=received&period={month}&form=machine"), 400),
        (format!("/xep-hang.csv?period={month}&form=word"), 400),
        (format!("/don-vi/H404/chi-tieu.csv?period={month}"), 404),
        ("/xep-hang.docx".to_owned(), 404),
    ];
    for (path, status) in table {
        assert_eq!(server.get(&path).status, status, "{path}");
    }
}
