//! A file of the portal, brought by the form of `/doi-soat`: read field by field, kept as the API keeps one.
//!
//! Not here: what the file says (`reconciling`), the page (`reconciliation`).

use axum::body::Bytes;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::{Extension, Multipart, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};

use super::super::Server;
use super::super::access::scope::Scope;
use super::super::alerting::asking;
use super::super::problem::Problem;
use super::super::reconciling::{self, Brought};
use super::forms;
use super::links::Place;
use super::words::Words;
use super::{Made, Trouble};

/// Bytes of a form with a file: a published file of a province, or its list of dossiers.
pub(super) const FILE_BYTES_MAX: usize = 64 << 20;

/// What the form with a file brings.
#[derive(Default, Debug)]
struct Upload {
    import: String,
    what: String,
    lang: String,
    file: Bytes,
}

impl Upload {
    async fn read(form: Result<Multipart, MultipartRejection>) -> Result<Upload, Problem> {
        let (mut form, mut upload) = (form.map_err(|_| forms::wrong())?, Upload::default());
        while let Some(field) = form.next_field().await.map_err(unread)? {
            let text = match field.name() {
                Some("file") => {
                    upload.file = field.bytes().await.map_err(unread)?;
                    continue;
                }
                Some("import") => &mut upload.import,
                Some("what") => &mut upload.what,
                Some("lang") => &mut upload.lang,
                _ => return Err(forms::wrong()),
            };
            *text = field.text().await.map_err(unread)?;
        }
        Ok(upload)
    }
}

/// The bound of the route, or not as a browser sends it.
#[allow(clippy::needless_pass_by_value, reason = "as errors are mapped")]
fn unread(error: MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::TooLarge { bytes_max: FILE_BYTES_MAX }
    } else {
        forms::wrong()
    }
}

/// `POST /doi-soat`: who leads the province brings a file of the portal.
pub(super) async fn bring(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    form: Result<Multipart, MultipartRejection>,
) -> Made {
    let refused = |problem| Trouble { problem, words: Words::default() };
    let scope = asking(scope);
    // Nobody else's file is read.
    reconciling::may_import_by(&scope).map_err(refused)?;
    let upload = Upload::read(form).await.map_err(refused)?;
    let words = Words::of(Some(upload.lang.as_str()).filter(|lang| !lang.is_empty()));
    let what = if upload.what == "dossiers" { Brought::Dossiers } else { Brought::Published };
    let name = upload.import.trim().to_owned();
    let kept = reconciling::keep(&server, &scope, (name.clone(), what, upload.file)).await;
    kept.map_err(|problem| Trouble { problem, words })?;
    let place = Place::new("/doi-soat", None, None, words).with("import", Some(&name));
    Ok(Redirect::to(&place.in_words(words)).into_response())
}
