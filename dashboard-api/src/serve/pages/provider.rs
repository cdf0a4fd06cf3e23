//! The doors to a provider of `OpenID` Connect: where the way begins, where it comes back, and where the provider ends sessions.
//!
//! Not here: what is asked of the provider and whether its tokens are good (`access::oidc`).

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::super::Server;
use super::super::access::Guarded;
use super::super::access::audit::Entry;
use super::super::access::guard::cookie;
use super::super::access::oidc::flow::{Arrived, Flow};
use super::super::access::oidc::provider::Trouble;
use super::super::access::role::Role;
use super::super::access::scope::Scope;
use super::super::access::sessions::new_id;
use super::super::problem::Problem;
use super::doors::{ENTRY, asks, inside, page, see, set_cookie, within};
use super::{Asked, Made};

/// Seconds a way may take.
const WAY_SECONDS: u32 = 600;

/// What a provider sends to end sessions.
#[derive(Debug, Deserialize)]
pub(super) struct Ends {
    logout_token: String,
}

fn flow(guarded: &Guarded) -> Result<Arc<Flow>, Problem> {
    let none =
        || Problem::unknown("sign_in", "no provider is named in the settings; use the server's own account");
    guarded.flow.clone().ok_or_else(none)
}

/// A parameter of an address, without escapes.
fn given(uri: &Uri, name: &str) -> Option<String> {
    let mut pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| *known == name)?;
    super::super::exchange::plain(value)
}

/// `GET /dang-nhap/oidc`: to the provider.
pub(super) async fn begin(State(server): State<Server>, headers: HeaderMap, uri: Uri, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let guarded = asks(&server).map_err(&trouble)?;
    let flow = flow(guarded).map_err(&trouble)?;
    guarded.try_provider("begin").map_err(&trouble)?;
    let browser = cookie(&headers, ENTRY).filter(|entry| !entry.is_empty()).unwrap_or_else(new_id);
    let there = within(&given(&uri, "there").unwrap_or_default()).to_owned();
    let bound = browser.clone();
    // The provider is asked over the network.
    let begun =
        tokio::task::spawn_blocking(move || flow.begin(&bound, &there, std::time::Instant::now())).await;
    match begun.map_err(|_| trouble(Problem::Stopped))? {
        Ok(address) => {
            let mut response = see(&address);
            set_cookie(guarded, response.headers_mut(), ENTRY, &browser, WAY_SECONDS);
            Ok(response)
        }
        Err(problem) => Ok(refused(guarded, &headers, &asked, &problem)),
    }
}

/// The door again, with what went wrong; the reason in the log, since it is the operator's.
fn refused(guarded: &Guarded, headers: &HeaderMap, asked: &Asked, problem: &Trouble) -> Response {
    tracing::warn!(%problem, "somebody was not let in by the provider");
    let words = asked.words();
    let text = words.t(match problem {
        Trouble::NoRole(_) => "sign_in_no_role",
        Trouble::NotBegun => "sign_in_again",
        Trouble::Said(_) | Trouble::Silent(..) | Trouble::Other(..) | Trouble::Token(_) => "sign_in_refused",
    });
    let mut response = page(guarded, headers, &Scope::nobody(), (words, "/"), text);
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

/// `GET /dang-nhap/ve`: back from the provider.
pub(super) async fn arrive(State(server): State<Server>, headers: HeaderMap, uri: Uri, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let guarded = asks(&server).map_err(&trouble)?;
    let flow = flow(guarded).map_err(&trouble)?;
    let browser = cookie(&headers, ENTRY).unwrap_or_default();
    let arrived = tokio::task::spawn_blocking(move || {
        flow.arrive(&browser, &|name| given(&uri, name), std::time::Instant::now())
    });
    let arrived = arrived.await.map_err(|_| trouble(Problem::Stopped))?;
    let entry = |who: &str, role: Role, did| {
        let what = "GET /dang-nhap/ve".to_owned();
        Entry { who: who.to_owned(), role: role.name(), did, what, of: Vec::new() }
    };
    let Arrived { scope, there, at_provider } = match arrived {
        Ok(arrived) => arrived,
        Err(problem) => {
            let who = if let Trouble::NoRole(who) = &problem { who.as_str() } else { "oidc:?" };
            // They stay outside either way.
            let _ = guarded.audit.record(entry(who, Role::Public, "sign_in_refused")).await;
            return Ok(refused(guarded, &headers, &asked, &problem));
        }
    };
    let recorded = guarded.audit.record(entry(&scope.who, scope.role, "signed_in")).await;
    recorded.map_err(|_| trouble(Problem::NotRecorded))?;
    Ok(inside(guarded, &headers, scope, at_provider, &there))
}

/// `POST /dang-xuat/nguon`: the provider ends sessions (`OpenID` Connect Back-Channel Logout).
pub(super) async fn end(
    State(server): State<Server>,
    ends: Result<Form<Ends>, FormRejection>,
) -> Result<Response, Problem> {
    let guarded = asks(&server)?;
    let flow = flow(guarded)?;
    let Form(ends) = ends.map_err(|_| Problem::malformed("body", "send logout_token as a form"))?;
    guarded.try_provider("end")?;
    let ended = tokio::task::spawn_blocking(move || flow.ended(&ends.logout_token)).await;
    let ended = ended.map_err(|_| Problem::Stopped)?.map_err(|problem| {
        tracing::warn!(%problem, "a token that would end sessions was refused");
        Problem::malformed("logout_token", "it is not one of the provider's for this server")
    })?;
    let count = guarded.sessions().end_at_provider(&ended);
    let who = format!("oidc:{}", ended.subject.as_deref().unwrap_or("?"));
    let of = vec![("sessions".to_owned(), count.to_string())];
    let what = "POST /dang-xuat/nguon".to_owned();
    // They have ended whether it can be written down or not.
    let _ = guarded.audit.record(Entry { who, role: "public", did: "ended", what, of }).await;
    Ok((StatusCode::OK, [("cache-control", "no-store")]).into_response())
}
