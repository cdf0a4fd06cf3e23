//! Forms of pages, as browsers send them: fields as an address has them, or `multipart/form-data` (RFC 7578) with a file,
//! read whole within the bound of the route.
//!
//! Fields are small texts; a file is handed on as bytes. Not here: what the file says, who may send it. That the form is
//! one of ours is asked by the guard of all routes, by where the request comes from.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::{HeaderMap, Uri, header};
use serde::de::DeserializeOwned;

use super::super::problem::Problem;

/// Fields of a form, and bytes of one that is no file.
const FIELDS_MAX: usize = 16;
const FIELD_BYTES_MAX: usize = 4096;

/// Bytes of a form without a file.
const FORM_BYTES_MAX: usize = 8 << 10;

/// The fields of a form without a file.
///
/// # Errors
/// It is too large, or not as a browser sends it.
pub(super) fn read<F: DeserializeOwned>(body: &Bytes) -> Result<F, Problem> {
    if body.len() > FORM_BYTES_MAX {
        return Err(Problem::TooLarge { bytes_max: FORM_BYTES_MAX });
    }
    let wrong = || Problem::malformed("form", "send the form as the page makes it");
    let uri: Uri = format!("/?{}", String::from_utf8_lossy(body)).parse().map_err(|_| wrong())?;
    Query::<F>::try_from_uri(&uri).map(|Query(form)| form).map_err(|_| wrong())
}

/// What a form brought.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Upload {
    fields: BTreeMap<String, String>,
    /// The bytes of the file; empty if none was chosen.
    pub(super) file: Bytes,
}

impl Upload {
    /// Reads the body of a form.
    ///
    /// # Errors
    /// It is not as a browser sends it.
    pub(super) fn read(headers: &HeaderMap, body: &Bytes) -> Result<Upload, Problem> {
        let wrong = || Problem::malformed("form", "send the form as the page makes it");
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = kind.filter(|kind| kind.starts_with("multipart/form-data"));
        let boundary = boundary.and_then(|kind| kind.split_once("boundary=")).ok_or_else(wrong)?.1;
        let boundary = boundary.split(';').next().unwrap_or_default().trim().trim_matches('"');
        if boundary.is_empty() {
            return Err(wrong());
        }
        let mark = [b"\r\n--", boundary.as_bytes()].concat();
        let mut upload = Upload::default();
        // The first mark has no line before it.
        let mut at = mark.len() - 2;
        if !body.starts_with(&mark[2..]) {
            return Err(wrong());
        }
        for _ in 0..FIELDS_MAX {
            let rest = body.get(at..).ok_or_else(wrong)?;
            if rest.starts_with(b"--") {
                return Ok(upload);
            }
            let head = find(rest, b"\r\n\r\n").ok_or_else(wrong)?;
            let end = head + 4 + find(&rest[head + 4..], &mark).ok_or_else(wrong)?;
            let told = std::str::from_utf8(&rest[..head]).map_err(|_| wrong())?;
            let value = body.slice(at + head + 4..at + end);
            upload.take(told, value).ok_or_else(wrong)?;
            at += end + mark.len();
        }
        Err(wrong())
    }

    fn take(&mut self, head: &str, value: Bytes) -> Option<()> {
        let lines = head.split("\r\n");
        let told =
            lines.into_iter().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
        if told.contains("; filename=\"") {
            self.file = value;
            return Some(());
        }
        let name = told.split_once("; name=\"")?.1.split('"').next()?;
        let text = std::str::from_utf8(&value).ok().filter(|text| text.len() <= FIELD_BYTES_MAX)?;
        self.fields.insert(name.to_owned(), text.to_owned());
        Some(())
    }

    /// A field, trimmed; empty if it is not there.
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |text| text.trim())
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, body: &str) -> Option<Upload> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().expect("a header"));
        Upload::read(&headers, &Bytes::from(body.to_owned())).ok()
    }

    #[test]
    fn a_form_of_a_browser_is_read_and_nothing_else() {
        let kind = "multipart/form-data; boundary=----x";
        let body = "------x\r\nContent-Disposition: form-data; name=\"import\"\r\n\r\nmay\r\n------x\r\n\
                    Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n\
                    a,b\r\n--1,2\r\n\r\n------x--\r\n";
        let upload = read(kind, body).expect("it is a form");
        assert_eq!((upload.field("import"), upload.field("what")), ("may", ""));
        assert_eq!(upload.file.as_ref(), b"a,b\r\n--1,2\r\n");
        for cut in 0..body.len() - 4 {
            assert_eq!(read(kind, &body[..cut]), None, "cut off at {cut}");
        }
        assert_eq!(read("text/csv", body), None);
        assert_eq!(read("multipart/form-data; boundary=", body), None);
        let long = body.replace("may", &"m".repeat(FIELD_BYTES_MAX + 1));
        assert_eq!(read(kind, &long), None, "a field is no file");
    }
}
