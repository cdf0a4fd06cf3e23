//! Where people come in and go out: a form without a script, and what it does.
//!
//! Every form bears a mark of the browser's own cookie, so that a page elsewhere can neither sign somebody in nor out.
//! Not here: what an account may see (`access`).

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::super::Server;
use super::super::access::audit::Entry;
use super::super::access::guard::{cookie, session_id};
use super::super::access::oidc::flow::AtProvider;
use super::super::access::role::{Field, Role};
use super::super::access::scope::Scope;
use super::super::access::sessions::{form_token, new_id};
use super::super::access::{Guarded, accounts};
use super::super::problem::Problem;
use super::links::{Place, encoded};
use super::shell::{Shell, languages};
use super::words::Words;
use super::{Asked, Made, Trouble, html};

/// The cookie of a browser that has not signed in yet.
pub(super) const ENTRY: &str = "nhip-entry";
/// The way "back" of somebody who has just signed out.
const OUT: &str = "out";
/// Letters of a name.
const NAME_MAX: usize = 128;

#[derive(Template)]
#[template(path = "entrance.html")]
struct EntrancePage {
    shell: Shell,
    who: String,
    role: String,
    form_token: String,
    there: String,
    trouble: String,
    has_records: bool,
    /// Where the way to the provider begins; empty when there is none.
    provider: String,
    /// Where somebody who is out here goes to be out there too; empty when there is no such door.
    way_out: String,
}

/// What a form of the doors says.
#[derive(Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    there: String,
    #[serde(default)]
    mark: String,
    #[serde(default)]
    lang: String,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Said")
    }
}

/// To the door, and back afterwards.
pub(super) fn to_entrance(asked: &Uri, words: Words) -> Response {
    let back = asked.path_and_query().map_or("/", |path| path.as_str());
    let lang = words.one_of("", "&lang=en");
    see(&format!("/dang-nhap?there={}{lang}", encoded(back)))
}

pub(super) fn see(address: &str) -> Response {
    let mut response = (StatusCode::SEE_OTHER, ()).into_response();
    let address = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, address);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A way back within this server; its start page where another was named.
pub(super) fn within(there: &str) -> &str {
    let is_ours = there.starts_with('/')
        && !there.starts_with("//")
        && !there.contains('\\')
        && there.bytes().all(|byte| byte.is_ascii_graphic());
    if is_ours { there } else { "/" }
}

/// Where a role begins.
fn home(scope: &Scope) -> &'static str {
    if scope.has(Field::Figures) { "/" } else { "/van-hanh" }
}

pub(super) fn asks(server: &Server) -> Result<&Guarded, Problem> {
    let guarded = server.access.guarded();
    guarded
        .map(std::convert::AsRef::as_ref)
        .ok_or_else(|| Problem::unknown("sign_in", "this server listens on loopback only and asks nobody"))
}

/// `GET /dang-nhap`.
pub(super) async fn entrance(
    State(server): State<Server>,
    headers: HeaderMap,
    uri: Uri,
    asked: Asked,
) -> Made {
    let guarded = asks(&server).map_err(asked.trouble())?;
    let query = uri.query().unwrap_or_default();
    let there = query.split('&').find_map(|pair| pair.strip_prefix("there=")).unwrap_or_default();
    let there = super::super::exchange::plain(there).unwrap_or_default();
    Ok(page(guarded, &headers, &asked.scope, (asked.words(), &there), ""))
}

pub(super) fn page(
    guarded: &Guarded,
    headers: &HeaderMap,
    scope: &Scope,
    (words, there): (Words, &str),
    trouble: &str,
) -> Response {
    let mut shell = Shell::bare(words, words.t("sign_in"));
    let place = Place::new("/dang-nhap", None, None, words).with("there", Some(within(there)));
    shell.languages = languages(&place, words);
    let is_in = scope.is_somebody();
    let mark = if is_in { session_id(guarded, headers) } else { cookie(headers, ENTRY) };
    let mark = mark.filter(|mark| !mark.is_empty()).unwrap_or_else(new_id);
    let page = EntrancePage {
        shell,
        who: scope.who.clone(),
        role: if is_in { words.t(&format!("role.{}", scope.role.name())).to_owned() } else { String::new() },
        form_token: form_token(&mark),
        there: within(there).to_owned(),
        trouble: trouble.to_owned(),
        has_records: scope.has(Field::Records),
        provider: match &guarded.flow {
            Some(_) if !is_in => format!("/dang-nhap/oidc?there={}", encoded(within(there))),
            _ => String::new(),
        },
        way_out: match &guarded.flow {
            Some(flow) if !is_in && there == OUT => flow.way_out().unwrap_or_default(),
            _ => String::new(),
        },
    };
    let mut response = html(&page);
    if !is_in {
        set_cookie(guarded, response.headers_mut(), ENTRY, &mark, 1800);
    }
    response
}

pub(super) fn set_cookie(guarded: &Guarded, headers: &mut HeaderMap, name: &str, value: &str, seconds: u32) {
    let secure = if guarded.settings.is_secure() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    headers.extend(HeaderValue::from_str(&text).ok().map(|value| (header::SET_COOKIE, value)));
}

fn said_of(said: Result<Form<Said>, FormRejection>) -> Result<Said, Problem> {
    let said = said.map(|Form(said)| said);
    said.map_err(|_| Problem::malformed("body", "send the form of /dang-nhap, each field once"))
}

/// `POST /dang-nhap`.
pub(super) async fn sign_in(
    State(server): State<Server>,
    headers: HeaderMap,
    said: Result<Form<Said>, FormRejection>,
) -> Made {
    let said = said_of(said).map_err(|problem| Trouble { problem, words: Words::default() })?;
    let words = Words::of((said.lang == "en").then_some("en"));
    let trouble = |problem| Trouble { problem, words };
    let guarded = asks(&server).map_err(trouble)?;
    let is_ours = cookie(&headers, ENTRY).is_some_and(|entry| form_token(&entry) == said.mark);
    let again = |key| Ok(page(guarded, &headers, &Scope::nobody(), (words, &said.there), words.t(key)));
    if !is_ours {
        return again("sign_in_again");
    }
    guarded.try_password().map_err(trouble)?;
    let (folder, name, password) = (guarded.folder.clone(), said.name.clone(), said.password.clone());
    // Checking a password takes its time on purpose.
    let checked = tokio::task::spawn_blocking(move || accounts::scope_of(&folder, &name, &password)).await;
    let scope = checked.map_err(|_| trouble(Problem::Stopped))?;
    let entry = |who: String, role: Role, did| Entry {
        who,
        role: role.name(),
        did,
        what: "POST /dang-nhap".to_owned(),
        of: Vec::new(),
    };
    let Some(scope) = scope else {
        // What was typed may be a password in the wrong place, so it is not written down.
        let _ = guarded.audit.record(entry("account:?".to_owned(), Role::Public, "sign_in_refused")).await;
        return again("sign_in_wrong");
    };
    if said.name.len() > NAME_MAX {
        return again("sign_in_wrong");
    }
    let recorded = guarded.audit.record(entry(scope.who.clone(), scope.role, "signed_in")).await;
    recorded.map_err(|_| trouble(Problem::NotRecorded))?;
    Ok(inside(guarded, &headers, scope, AtProvider::default(), &said.there))
}

/// Begins a session, and goes where the way led.
pub(super) fn inside(
    guarded: &Guarded,
    headers: &HeaderMap,
    scope: Scope,
    at_provider: AtProvider,
    there: &str,
) -> Response {
    let there = if within(there) == "/" { home(&scope) } else { within(there) };
    let mut response = see(there);
    // Whatever session the browser had before ends with it.
    if let Some(id) = session_id(guarded, headers) {
        guarded.sessions().end(&id);
    }
    let id = guarded.sessions().begin(scope, at_provider, std::time::Instant::now());
    let seconds = guarded.settings.session_hours * 3600;
    set_cookie(guarded, response.headers_mut(), guarded.cookie_name(), &id, seconds);
    set_cookie(guarded, response.headers_mut(), ENTRY, "", 0);
    response
}

/// `POST /dang-xuat`.
pub(super) async fn sign_out(
    State(server): State<Server>,
    headers: HeaderMap,
    asked: Asked,
    said: Result<Form<Said>, FormRejection>,
) -> Made {
    let guarded = asks(&server).map_err(asked.trouble())?;
    let said = said_of(said).map_err(asked.trouble())?;
    let session = session_id(guarded, &headers).filter(|id| form_token(id) == said.mark);
    let Some(id) = session else {
        let why = "sign out by the form of /dang-nhap".to_owned();
        return Err(asked.trouble()(Problem::Forbidden(why)));
    };
    guarded.sessions().end(&id);
    let (who, role) = (asked.scope.who.clone(), asked.scope.role.name());
    let out =
        if who.starts_with("oidc:") { format!("/dang-nhap?there={OUT}") } else { "/dang-nhap".to_owned() };
    let what = "POST /dang-xuat".to_owned();
    // They are out whether it can be written down or not.
    let _ = guarded.audit.record(Entry { who, role, did: "signed_out", what, of: Vec::new() }).await;
    let mut response = see(&out);
    set_cookie(guarded, response.headers_mut(), guarded.cookie_name(), "", 0);
    // Nothing of what was shown stays in the browser.
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_leads_to_no_other_host() {
        for (there, leads_to) in [
            ("/don-vi/C1?period=2026-10", "/don-vi/C1?period=2026-10"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nset-cookie: x", "/"),
            ("", "/"),
        ] {
            assert_eq!(within(there), leads_to, "{there}");
        }
    }

    #[test]
    fn what_a_form_says_is_not_shown_by_accident() {
        let said = Said {
            name: "n".to_owned(),
            password: "secret".to_owned(),
            there: String::new(),
            mark: String::new(),
            lang: String::new(),
        };
        assert!(!format!("{said:?}").contains("secret"));
    }
}
