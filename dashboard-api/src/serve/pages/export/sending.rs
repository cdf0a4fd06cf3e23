//! Hands a table on as it is written: a portion of rows is asked for, written off the async threads, and sent.
//!
//! At most [`AT_ONCE_MAX`] tables are on their way; who comes later waits a little and is then told to come back. A
//! reader that takes nothing for [`READER_PATIENCE`] is left. Not here: what is in the table, typesetting (`typeset`).

use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::super::words::Words;
use super::arrow::Arrow;
use super::csv::{Csv, Dialect};
use super::listed::{Lines, too_many};
use super::paper;
use super::parquet::Parquet;
use super::table::{PAPER_ROWS_MAX, Readers, Row, Table, only};
use super::xlsx::Xlsx;
use crate::serve::problem::Problem;
use crate::typeset::TypesetError;

/// Tables on their way at once.
const AT_ONCE_MAX: usize = 16;
/// How long a request waits for its turn.
const TURN_PATIENCE: Duration = Duration::from_secs(10);
/// Portions that may wait for a slow reader.
const WAITING_MAX: usize = 2;
/// How long a reader may take nothing.
const READER_PATIENCE: Duration = Duration::from_mins(1);

static TABLES: Semaphore = Semaphore::const_new(AT_ONCE_MAX);

/// How a table is taken along.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Csv(Dialect),
    Xlsx,
    Pdf,
    Arrow,
    Parquet,
}

/// Where rows come from.
#[derive(Debug)]
pub(super) enum Rows {
    /// They are there.
    Known(Vec<Row>),
    /// They are asked for.
    Listed(Box<Lines>),
}

/// A table being written.
enum Writer {
    Csv(Csv),
    Xlsx(Box<Xlsx>),
    Arrow(Box<Arrow>),
    Parquet(Box<Parquet>),
}

impl Form {
    /// The form an address ends in; CSV has two.
    pub(super) fn of(path: &str, form: Option<&str>) -> Result<Form, Problem> {
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        match (ending, form.unwrap_or("")) {
            ("csv", "" | "machine") => Ok(Form::Csv(Dialect::Machine)),
            ("csv", "excel-vi") => Ok(Form::Csv(Dialect::ExcelVi)),
            ("csv", _) => Err(Problem::malformed("form", "form is machine or excel-vi")),
            ("xlsx", "") => Ok(Form::Xlsx),
            ("pdf", "") => Ok(Form::Pdf),
            ("arrow", "") => Ok(Form::Arrow),
            ("parquet", "") => Ok(Form::Parquet),
            _ => Err(Problem::malformed(
                "form",
                "form is for .csv only; .csv, .xlsx, .pdf, .arrow and .parquet are there",
            )),
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Form::Csv(_) => "csv",
            Form::Xlsx => "xlsx",
            Form::Pdf => "pdf",
            Form::Arrow => "arrow",
            Form::Parquet => "parquet",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Form::Csv(_) => "text/csv; charset=utf-8",
            Form::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Form::Pdf => "application/pdf",
            Form::Arrow => "application/vnd.apache.arrow.stream",
            Form::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// Whom this form is not for.
    fn not_for(self) -> Readers {
        match self {
            Form::Csv(Dialect::Machine) | Form::Arrow | Form::Parquet => Readers::People,
            Form::Csv(Dialect::ExcelVi) | Form::Xlsx | Form::Pdf => Readers::Programs,
        }
    }
}

impl Rows {
    fn count(&self) -> usize {
        match self {
            Rows::Known(rows) => rows.len(),
            Rows::Listed(lines) => lines.count(),
        }
    }

    /// The next portion; nothing after the last.
    async fn next(&mut self) -> Result<Option<Vec<Row>>, Problem> {
        match self {
            Rows::Known(rows) if rows.is_empty() => Ok(None),
            Rows::Known(rows) => Ok(Some(std::mem::take(rows))),
            Rows::Listed(lines) => lines.next().await,
        }
    }
}

impl Writer {
    /// The writer, and everything before the first row.
    fn start(form: Form, table: &Table, words: Words) -> Result<(Writer, Vec<u8>), String> {
        match form {
            Form::Csv(dialect) => {
                let csv = Csv::new(dialect);
                let head = csv.start(table);
                Ok((Writer::Csv(csv), head))
            }
            Form::Arrow => {
                let arrow = Arrow::new(table).map_err(|error| error.to_string())?;
                Ok((Writer::Arrow(Box::new(arrow)), Vec::new()))
            }
            Form::Parquet => {
                let parquet = Parquet::new(table).map_err(|error| error.to_string())?;
                Ok((Writer::Parquet(Box::new(parquet)), Vec::new()))
            }
            Form::Xlsx | Form::Pdf => {
                let mut xlsx = Xlsx::default();
                let head = xlsx.start(table, words.t("export.metadata"));
                Ok((Writer::Xlsx(Box::new(xlsx)), head))
            }
        }
    }

    fn rows(mut self, rows: &[Row]) -> Result<(Writer, Vec<u8>), String> {
        let bytes = match &mut self {
            Writer::Csv(csv) => csv.rows(rows),
            Writer::Xlsx(xlsx) => xlsx.rows(rows),
            Writer::Arrow(arrow) => arrow.rows(rows).map_err(|error| error.to_string())?,
            Writer::Parquet(parquet) => parquet.rows(rows).map_err(|error| error.to_string())?,
        };
        Ok((self, bytes))
    }

    fn end(self) -> Result<Vec<u8>, String> {
        match self {
            Writer::Csv(_) => Ok(Vec::new()),
            Writer::Xlsx(xlsx) => Ok(xlsx.end()),
            Writer::Arrow(arrow) => arrow.end().map_err(|error| error.to_string()),
            Writer::Parquet(parquet) => parquet.end().map_err(|error| error.to_string()),
        }
    }
}

/// The answer: headers at once, rows as they are written.
pub(super) async fn send(form: Form, table: Table, rows: Rows, words: Words) -> Result<Response, Problem> {
    let turn = turn().await?;
    let (table, kept) = table.without_those_for(form.not_for());
    let headers = [
        (header::CONTENT_TYPE, form.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.{}\"", table.file, form.ending())),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    if form == Form::Pdf {
        let bytes = typeset(table, rows, &kept, words).await?;
        return Ok((headers, bytes).into_response());
    }
    let (writer, head) = Writer::start(form, &table, words).map_err(Problem::NotWritten)?;
    let (to_reader, receive) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        let _turn = turn;
        let sending = Sending { to_reader, kept };
        if let Err(why) = sending.all(writer, head, rows).await {
            tracing::warn!(%why, "a table was broken off");
            // The connection breaks off: half a table must not look whole.
            let _ = sending.to_reader.send(Err(std::io::Error::other(why))).await;
        }
    });
    Ok((headers, Body::from_stream(ReceiverStream::new(receive))).into_response())
}

/// A table on its way to its reader.
struct Sending {
    to_reader: mpsc::Sender<std::io::Result<Vec<u8>>>,
    kept: Vec<usize>,
}

impl Sending {
    async fn all(&self, mut writer: Writer, head: Vec<u8>, mut rows: Rows) -> Result<(), String> {
        self.hand_on(head).await?;
        while let Some(portion) = rows.next().await.map_err(|problem| format!("{problem:?}"))? {
            let kept = self.kept.clone();
            let written = tokio::task::spawn_blocking(move || {
                let portion: Vec<Row> = portion.into_iter().map(|row| only(row, &kept)).collect();
                writer.rows(&portion)
            });
            let (back, bytes) = written.await.map_err(|error| error.to_string())??;
            writer = back;
            self.hand_on(bytes).await?;
        }
        // The end of a Parquet file is a whole group of rows to pack.
        let ended = tokio::task::spawn_blocking(move || writer.end());
        self.hand_on(ended.await.map_err(|error| error.to_string())??).await
    }

    async fn hand_on(&self, bytes: Vec<u8>) -> Result<(), String> {
        if bytes.is_empty() {
            return Ok(());
        }
        let sent = self.to_reader.send_timeout(Ok(bytes), READER_PATIENCE).await;
        sent.map_err(|_| "the reader has gone or takes nothing".to_owned())
    }
}

async fn typeset(table: Table, mut rows: Rows, kept: &[usize], words: Words) -> Result<Vec<u8>, Problem> {
    if rows.count() > PAPER_ROWS_MAX {
        return Err(too_many(PAPER_ROWS_MAX, rows.count()));
    }
    let mut all = Vec::with_capacity(rows.count());
    while let Some(portion) = rows.next().await? {
        all.extend(portion.into_iter().map(|row| only(row, kept)));
    }
    let made = crate::typeset::print(move || paper::pdf(&table, all, words)).await;
    made.map_err(|error| match error {
        TypesetError::Busy => Problem::Busy,
        other => Problem::NotWritten(other.to_string()),
    })
}

async fn turn() -> Result<SemaphorePermit<'static>, Problem> {
    let turn = tokio::time::timeout(TURN_PATIENCE, TABLES.acquire()).await;
    turn.ok().and_then(Result::ok).ok_or(Problem::Busy)
}
