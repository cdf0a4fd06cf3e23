//! The live ranking page and the files of all pages, embedded in the binary: no CDN, works without internet.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use include_dir::{Dir, include_dir};

use crate::serve::Server;

static WEB: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/web");

/// Hides the link to who is signed in.
const NO_ACCOUNT: &str = r#"class="account" hidden"#;

/// The ranking page.
pub(in crate::serve) async fn index(State(server): State<Server>) -> Response {
    // Where nobody is asked who they are, nobody has an account.
    let account = server.access.guarded().map_or(NO_ACCOUNT, |_| r#"class="account""#);
    match WEB.get_file("index.html").and_then(|file| file.contents_utf8()) {
        Some(text) => Html(text.replacen(NO_ACCOUNT, account, 1)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A file of the page.
pub(in crate::serve) async fn asset(path: Result<Path<String>, PathRejection>) -> Response {
    // A name that is no UTF-8 is no file's.
    let path = path.map(|Path(path)| path).unwrap_or_default();
    let Some(file) = WEB.get_file(&path).filter(|_| path != "index.html") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = match path.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "png" => "image/png",
        _ => "text/plain; charset=utf-8",
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], file.contents()).into_response()
}
