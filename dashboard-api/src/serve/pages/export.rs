//! A list to take along: CSV for programs (`machine`) and for a Vietnamese Excel (`excel-vi`), whole, a portion at a time.
//!
//! What a spreadsheet would run as a formula is written as text. Not here: which list (`list`).

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use compute::engine::Line;
use compute::facts::Subject;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::super::Server;
use super::super::lists::{LINES_MAX, Question};
use super::super::problem::Problem;
use super::list::named;
use super::shell::Ground;
use super::{Asked, Made, with_dossiers};

/// Rows of one list.
const ROWS_MAX: usize = 500_000;
/// Portions that may wait for a slow reader.
const WAITING_MAX: usize = 2;
const HEADS: [&str; 10] = [
    "dossier",
    "procedure",
    "agency",
    "officer",
    "accepted_at",
    "due_at",
    "ended_at",
    "late",
    "clock_stopped",
    "working_seconds_left",
];

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// RFC 4180, UTF-8, commas.
    Machine,
    /// With the mark by which Excel knows UTF-8, and semicolons.
    ExcelVi,
}

impl Form {
    fn delimiter(self) -> u8 {
        match self {
            Form::Machine => b',',
            Form::ExcelVi => b';',
        }
    }
}

/// `GET /danh-sach.csv`.
pub(super) async fn list(State(server): State<Server>, asked: Asked) -> Made {
    let trouble = asked.trouble();
    make(server, asked).await.map_err(trouble)
}

async fn make(server: Server, asked: Asked) -> Result<Response, Problem> {
    with_dossiers(&server)?;
    let form = match asked.form.as_deref() {
        None | Some("" | "machine") => Form::Machine,
        Some("excel-vi") => Form::ExcelVi,
        Some(_) => return Err(Problem::malformed("form", "form is machine or excel-vi")),
    };
    let (snapshot, view) = (server.live.snapshot(), asked.view()?);
    let ground = Ground::new(&snapshot, &view, super::list::place_of(&asked), asked.words())?;
    let named = named(&ground, &asked)?;
    if named.count.subject() != Subject::Dossier {
        // A table without their rows would say that there are none.
        let advice = "only dossiers go into this table; /danh-sach and /api/v1/lists give the codes";
        return Err(Problem::malformed("list", advice));
    }
    let name = format!("nhip-{}-{}.csv", ground.period, ground.set.file.id);
    let (who, count) = (named.who, named.count);
    let question = Question { period: ground.period, who, count, by_due: false, from: 0, limit: 0 };
    let codes = server.live.part_of_list(question).await?.codes;
    if codes.len() > ROWS_MAX {
        return Err(Problem::malformed("list", format!("more than {ROWS_MAX} rows; ask for a smaller unit")));
    }
    let (send, receive) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        let mark = if form == Form::ExcelVi { "\u{feff}" } else { "" };
        let head = rows(form, [HEADS.map(str::to_owned)].into_iter());
        let mut portion = Ok([mark.as_bytes(), &head].concat());
        let mut portions = codes.chunks(LINES_MAX);
        loop {
            let is_end = portion.is_err();
            // A reader that has gone wants no more.
            if send.send(portion).await.is_err() || is_end {
                return;
            }
            let Some(codes) = portions.next() else { return };
            portion = match server.live.lines(codes.to_vec()).await {
                Ok(lines) => {
                    let book = server.live.codes();
                    let known = book.names();
                    Ok(rows(form, lines.iter().map(|line| cells(line, &known))))
                }
                // The connection breaks off: half a list must not look whole.
                Err(problem) => Err(std::io::Error::other(format!("{problem:?}"))),
            };
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(ReceiverStream::new(receive))).into_response())
}

fn cells(line: &Line, names: &compute::codes::Names) -> [String; 10] {
    let text =
        |code: Option<compute::codes::Code>| code.map_or_else(String::new, |code| harmless(names.text(code)));
    let at = |at: Option<compute::instant::Instant>| {
        at.map_or_else(String::new, compute::instant::Instant::to_local)
    };
    [
        harmless(&line.code),
        text(line.procedure),
        text(line.agency),
        text(line.officer),
        at(line.accepted_at),
        at(line.due),
        at(line.ended_at),
        line.is_late.to_string(),
        line.is_stopped.to_string(),
        line.seconds_left.map_or_else(String::new, |seconds| seconds.to_string()),
    ]
}

/// A spreadsheet runs what begins so; an apostrophe before it makes it text.
fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

fn rows(form: Form, rows: impl Iterator<Item = [String; 10]>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(form.delimiter())
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        // Writing to memory cannot fail.
        let _ = writer.write_record(&row);
    }
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for (text, written) in
            [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-2", "'-2"), ("H28-1", "H28-1")]
        {
            assert_eq!(harmless(text), written);
        }
    }

    #[test]
    fn rows_are_written_as_each_reader_wants_them() {
        let mut row: [String; 10] = std::array::from_fn(|place| place.to_string());
        row[0] = "a,b;\"c\"".to_owned();
        let text = |form| String::from_utf8(rows(form, [row.clone()].into_iter())).expect("UTF-8");
        assert_eq!(text(Form::Machine), "\"a,b;\"\"c\"\"\",1,2,3,4,5,6,7,8,9\r\n");
        assert_eq!(text(Form::ExcelVi), "\"a,b;\"\"c\"\"\";1;2;3;4;5;6;7;8;9\r\n");
    }
}
