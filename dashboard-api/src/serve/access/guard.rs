//! The guard: finds out who asks, decides by the table, puts the scope into the request, has what is seen written down.
//!
//! A route without a row is refused; a request without a scope is nobody's. Requests that change something must come from a
//! page of this server's own if a browser's cookie says who asks. Not here: what a handler filters (`scope`).

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::audit::{Entry, NotRecorded};
use super::scope::{Pass, Scope};
use super::settings::{Monitoring, is_loopback};
use super::table::{self, Door, Recorded, Row, Shape};
use super::{Guarded, now, record, tags};
use crate::serve::Server;
use crate::serve::doorway::Peer;
use crate::serve::pages;
use crate::serve::problem::Problem;

/// What an answer bears that shows officers where the route need not.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) struct OfficersShown;

/// Every request passes here.
pub(in crate::serve) async fn guard(
    State(server): State<Server>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(guarded) = server.access.guarded() else {
        if let Err(problem) = only_from_here(&request) {
            return problem.into_response();
        }
        request.extensions_mut().insert(Scope::open());
        return next.run(request).await;
    };
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        // There is no such path: the answer is the same for everybody.
        return next.run(request).await;
    };
    let Some(row) = table::find(request.method(), path.as_str()) else {
        return Problem::Forbidden(
            "no role may use this method here; /openapi.json tells which there are".to_owned(),
        )
        .into_response();
    };
    let scope = match who(guarded, &request) {
        Ok(scope) => scope,
        // What everybody may see is not refused to whoever has an old key.
        Err(_) if matches!(row.door, Door::Open | Door::Signed) => Scope::nobody(),
        Err(problem) => return refuse(problem, row, request.uri()),
    };
    if let Err(problem) = let_in(guarded, row, &request, &scope) {
        if scope.is_somebody() {
            let entry = record::entry(&scope, "refused", row.path, row.method, None);
            // It is refused either way.
            let _ = guarded.audit.record(entry).await;
        }
        return refuse(problem, row, request.uri());
    }
    let uri = request.uri().clone();
    if row.recorded == Recorded::Changed {
        let entry = record::entry(&scope, "changed", row.path, row.method, Some(&uri));
        if guarded.audit.record(entry).await.is_err() {
            return refuse(Problem::NotRecorded, row, &uri);
        }
    }
    let mark = scope.mark();
    tags::strip(request.headers_mut(), &mark);
    request.extensions_mut().insert(scope.clone());
    let mut response = next.run(request).await;
    keep_apart(response.headers_mut(), row, &mark);
    let did = match row.recorded {
        Recorded::Seen => "seen",
        Recorded::OfficersSeen if response.extensions().get::<OfficersShown>().is_some() => "seen",
        Recorded::Exported => "exported",
        Recorded::No | Recorded::Changed | Recorded::OfficersSeen => return response,
    };
    let is_seen = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    if is_seen {
        let entry = record::entry(&scope, did, row.path, row.method, Some(&uri));
        if write_down(guarded, entry).await.is_err() {
            return refuse(Problem::NotRecorded, row, &uri);
        }
    }
    response
}

/// Writes a sight down, unless it is one of the last minutes, and anything else in any case.
async fn write_down(guarded: &Guarded, entry: Entry) -> Result<(), NotRecorded> {
    let now = std::time::Instant::now();
    let is_sight = entry.did == "seen";
    if is_sight && guarded.recent.has(&entry, now) {
        return Ok(());
    }
    guarded.audit.record(entry.clone()).await?;
    if is_sight {
        guarded.recent.note(&entry, now);
    }
    Ok(())
}

/// Whether whoever asks may use the route at all.
fn let_in(guarded: &Guarded, row: &Row, request: &Request, scope: &Scope) -> Result<(), Problem> {
    if let Pass::Token(id) = &scope.pass {
        super::too_often(guarded.rate.take(id, std::time::Instant::now()))?;
    }
    let is_by_browser = !matches!(scope.pass, Pass::Token(_)) && row.door != Door::Signed;
    if is_unsafe(request.method()) && is_by_browser {
        from_our_page(guarded, request.headers())?;
    }
    let field = match row.door {
        Door::Open | Door::Signed => return Ok(()),
        Door::Watched(_) if guarded.settings.monitoring == Monitoring::Loopback && is_from_here(request) => {
            return Ok(());
        }
        Door::Has(field) | Door::Watched(field) => field,
    };
    if scope.has(field) {
        return Ok(());
    }
    if scope.is_somebody() {
        return Err(Problem::Forbidden(format!(
            "the role {} has nothing to do with this",
            scope.role.name()
        )));
    }
    Err(Problem::SignIn("sign in, or send a token as `Authorization: Bearer …`"))
}

/// Who asks: a program by its token, somebody by their session, a sending system by its certificate, or nobody.
fn who(guarded: &Guarded, request: &Request) -> Result<Scope, Problem> {
    let headers = request.headers();
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let is_wrong = || Problem::SignIn("the token is not known, has expired or was revoked");
        let text = value.to_str().map_err(|_| is_wrong())?;
        let (kind, token) = text.split_once(' ').ok_or_else(is_wrong)?;
        if !kind.eq_ignore_ascii_case("bearer") {
            return Err(Problem::SignIn("send the token as `Authorization: Bearer …`"));
        }
        return guarded.tokens.scope_of(token.trim(), now()).ok_or_else(is_wrong);
    }
    let session = session_id(guarded, headers);
    let scope = session.and_then(|id| guarded.sessions.scope_of(&id, std::time::Instant::now()));
    let shown =
        request.extensions().get::<ConnectInfo<Peer>>().and_then(|ConnectInfo(peer)| peer.certificate);
    match (scope, shown) {
        (None, Some(certificate)) => {
            let known = guarded.tokens.scope_of_certificate(&certificate, now());
            known.ok_or(Problem::SignIn(
                "the certificate is not known here, has expired or was revoked; `nhip token add --certificate FILE` makes it known",
            ))
        }
        (scope, _) => Ok(scope.unwrap_or_default()),
    }
}

/// The id in the cookie of a session.
pub(in crate::serve) fn session_id(guarded: &Guarded, headers: &HeaderMap) -> Option<String> {
    cookie(headers, guarded.cookie_name())
}

/// A cookie's value.
pub(in crate::serve) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A browser says which page sends a request that changes something; it must be one of ours.
fn from_our_page(guarded: &Guarded, headers: &HeaderMap) -> Result<(), Problem> {
    let refused = || {
        Problem::Forbidden(format!(
            "a request that changes something must come from a page of {}",
            guarded.settings.public_url
        ))
    };
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).ok_or_else(refused)?;
    // By the way through this machine the address is another one, and no page from elsewhere has it.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_here = is_loopback(host) && origin == format!("http://{host}");
    if origin == guarded.settings.public_url || is_here { Ok(()) } else { Err(refused()) }
}

/// An open server is for who sits at this machine: not for a page elsewhere that a browser here was led to.
fn only_from_here(request: &Request) -> Result<(), Problem> {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    // A name with a point can be made to lead here by whoever owns it; an address and a bare name cannot.
    let is_foreign = name.contains('.') && name.parse::<std::net::IpAddr>().is_err();
    if is_foreign {
        return Err(Problem::Forbidden(format!(
            "this server asks nobody who they are, so it answers to no public name such as {name}; give it [access] in its settings"
        )));
    }
    match text(header::ORIGIN) {
        Some(origin) if is_unsafe(request.method()) && origin != format!("http://{host}") => {
            Err(Problem::Forbidden(format!("a page of {origin} may change nothing here")))
        }
        _ => Ok(()),
    }
}

fn is_from_here(request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    // A proxy on this machine asks for others.
    let is_passed_on = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    peer.is_some_and(|ConnectInfo(peer)| peer.address.ip().is_loopback())
        && !is_passed_on.iter().any(|name| request.headers().contains_key(*name))
}

/// Answers are somebody's own: nothing between keeps them for somebody else.
fn keep_apart(headers: &mut HeaderMap, row: &Row, mark: &str) {
    if row.door == Door::Open {
        return;
    }
    tags::mark(headers, mark);
    headers.append(header::VARY, HeaderValue::from_static("authorization, cookie"));
    let kept = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kept = match kept {
        "" | "no-store" => "private, no-store".to_owned(),
        other if other.contains("private") => other.to_owned(),
        other => format!("private, {}", other.replace("public", "").trim_matches([',', ' '])),
    };
    if let Ok(value) = HeaderValue::from_str(&kept) {
        headers.insert(header::CACHE_CONTROL, value);
    }
}

fn refuse(problem: Problem, row: &Row, asked: &Uri) -> Response {
    match row.shape {
        Shape::Program => problem.into_response(),
        Shape::Page => pages::refused(problem, asked),
    }
}
