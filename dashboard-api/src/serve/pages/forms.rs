//! Forms of pages without a file, as browsers send them: fields as an address has them, read whole within a bound.
//!
//! Not here: what a form says, who may send it (that it is one of ours is asked by the guard of all routes), forms with a
//! file (`bringing`).

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::Uri;
use serde::de::DeserializeOwned;

use super::super::problem::Problem;

/// Bytes of a form.
const FORM_BYTES_MAX: usize = 8 << 10;

/// The fields of a form.
///
/// # Errors
/// It is too large, or not as a browser sends it.
pub(super) fn read<F: DeserializeOwned>(body: &Bytes) -> Result<F, Problem> {
    if body.len() > FORM_BYTES_MAX {
        return Err(Problem::TooLarge { bytes_max: FORM_BYTES_MAX });
    }
    let uri: Uri = format!("/?{}", String::from_utf8_lossy(body)).parse().map_err(|_| wrong())?;
    Query::<F>::try_from_uri(&uri).map(|Query(form)| form).map_err(|_| wrong())
}

/// What is said of a form that cannot be read.
pub(super) fn wrong() -> Problem {
    Problem::malformed("form", "send the form as the page makes it")
}
