//! Answers that need not be sent again: strong tags, and 304 to who has the answer already (RFC 9110, 13).
//!
//! `of_figures` knows the tag before the answer is made: figures depend on the snapshot, on how fresh it is, and on
//! what is asked. `of_content` takes it from the bytes, for what is the same until the next build. Not here: which
//! route is which (`routes`).

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Server;
use super::routes::freshness;

/// The largest file of the pages, with room.
const CONTENT_BYTES_MAX: usize = 4 << 20;

/// Tells processes apart: versions of snapshots begin anew with each.
pub(super) static PROCESS: LazyLock<u128> = LazyLock::new(|| {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos() ^ (u128::from(std::process::id()) << 64)
});

/// For reads of figures.
pub(super) async fn of_figures(State(server): State<Server>, request: Request, next: Next) -> Response {
    let asked = request.uri().to_string();
    let before = tag_of_figures(&server, &asked);
    if is_known(request.method(), request.headers(), &before) {
        return not_modified(&before);
    }
    let response = next.run(request).await;
    // A snapshot published while the answer was made: nobody knows which of both it shows.
    if tag_of_figures(&server, &asked) == before { tagged(response, &before) } else { response }
}

/// For files that come with the program.
pub(super) async fn of_content(request: Request, next: Next) -> Response {
    let (method, asked) = (request.method().clone(), request.headers().clone());
    let (head, body) = next.run(request).await.into_parts();
    if head.status != StatusCode::OK {
        return Response::from_parts(head, body);
    }
    let Ok(content) = to_bytes(body, CONTENT_BYTES_MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = format!("\"{:08x}-{:x}\"", crc32fast::hash(&content), content.len());
    if is_known(&method, &asked, &tag) {
        return not_modified(&tag);
    }
    tagged(Response::from_parts(head, Body::from(content)), &tag)
}

fn tag_of_figures(server: &Server, asked: &str) -> String {
    let snapshot = server.live.snapshot();
    let fresh = freshness(&server.live).to_string();
    let asked = crc32fast::hash(format!("{asked} {fresh}").as_bytes());
    format!("\"{:x}-{:x}-{:x}-{asked:08x}\"", *PROCESS, snapshot.version, snapshot.as_of.to_bits())
}

fn is_known(method: &Method, headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    let mut tags = known.flat_map(|value| value.split(',')).map(str::trim);
    (method == Method::GET || method == Method::HEAD)
        // What was compressed on the way comes back as a weak tag.
        && tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn not_modified(tag: &str) -> Response {
    tagged(StatusCode::NOT_MODIFIED.into_response(), tag)
}

fn tagged(mut response: Response, tag: &str) -> Response {
    let is_good = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    if let (true, Ok(value)) = (is_good, HeaderValue::from_str(tag)) {
        response.headers_mut().insert(header::ETAG, value);
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_among_several_and_weakened_but_not_to_a_post() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"a\", W/\"b\""));
        for (tag, is_there) in [("\"a\"", true), ("\"b\"", true), ("\"c\"", false)] {
            assert_eq!(is_known(&Method::GET, &headers, tag), is_there, "{tag}");
        }
        assert!(!is_known(&Method::POST, &headers, "\"a\""));
    }
}
