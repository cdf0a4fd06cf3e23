//! Pages the server writes: each answers a question somebody has at work, and works without a script.
//!
//! A page is a template (`templates/`) and a struct of what it shows, already in words and numbers of its language. All
//! of its state is its address. `shell` is what pages have in common, `words` the words, `write` numbers and dates,
//! `links` addresses. The live ranking is a page of its own (`assets`, `web/`). Not here: figures and lists
//! (`compute`), the API (`routes`).

mod agency;
mod alerts;
mod assets;
mod bringing;
mod doors;
mod dossier;
mod duties;
mod editions;
mod export;
mod forms;
mod indicator;
mod links;
mod list;
mod map;
mod officer;
mod operations;
mod parts;
mod provider;
mod public;
mod reconciliation;
mod records;
mod reference;
mod shell;
mod why;
mod withheld;
mod words;
mod write;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri, header};
use axum::middleware::from_fn;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use compute::engine::Snapshot;
use serde::Deserialize;

use super::Server;
use super::access::scope::Scope;
use super::board::View;
use super::conditional;
use super::live::Phase;
use super::problem::Problem;
use super::query;
use links::Place;
use shell::Shell;
use words::Words;

/// The addresses of all pages.
pub(super) fn router() -> Router<Server> {
    let brought = DefaultBodyLimit::max(bringing::FILE_BYTES_MAX);
    Router::new()
        .route("/", get(assets::index))
        .route("/assets/{*path}", get(assets::asset).layer(from_fn(conditional::of_content)))
        .route("/tai-lieu-api", get(reference::reference))
        .route("/don-vi/{unit}", get(agency::agency))
        .route("/don-vi/{unit}/thay-doi", get(why::change))
        .route("/don-vi/{unit}/diem-mat", get(why::loss))
        .route("/don-vi/{unit}/dau-hieu", get(why::survey))
        .route("/don-vi/{unit}/neu", get(why::forecast))
        .route("/can-bo/{officer}", get(officer::officer))
        .route("/chi-tieu/{indicator}", get(indicator::indicator))
        .route("/danh-sach", get(list::list))
        .route("/ho-so/{dossier}", get(dossier::dossier))
        .route("/cong-khai", get(public::public))
        .route("/ban-do", get(map::map))
        .route("/van-hanh", get(operations::operations))
        .route("/dang-nhap", get(doors::entrance).post(doors::sign_in))
        .route("/dang-nhap/oidc", get(provider::begin))
        .route("/dang-nhap/ve", get(provider::arrive))
        .route("/dang-xuat", post(doors::sign_out))
        .route("/dang-xuat/nguon", post(provider::end))
        .route("/nhat-ky", get(records::records))
        .merge(export::router())
        .route("/doi-soat", get(reconciliation::page).post(bringing::bring).layer(brought))
        .route("/doi-soat/ho-so", get(reconciliation::dossiers))
        .route("/canh-bao", get(alerts::page))
        .route("/canh-bao/{id}/nhan", post(alerts::acknowledge))
        .route("/canh-bao/{id}/hoan", post(alerts::snooze))
        .route("/viec-phai-lam", get(duties::page))
        .route("/viec-phai-lam/{dossier}/da-gui", post(duties::send))
        .route("/an-ban", get(editions::list).post(editions::close))
        .route("/an-ban/{edition}", get(editions::one))
        .route("/an-ban/{edition}/khac-biet", get(editions::differing))
        .route("/an-ban/{edition}/phan-hoi", post(editions::object))
        .route("/an-ban/{edition}/quyet-dinh", post(editions::decide))
        .route("/an-ban/{edition}/duyet", post(editions::approve))
        .route("/an-ban/{edition}/cong-bo", post(editions::publish))
        .route("/ky", get(editions::all))
        .route("/ky/{period}", get(editions::first))
        .route("/ky/{period}/{edition}", get(editions::numbered))
}

/// What an address asks for beside its path. What is not given is left at its default.
#[derive(Clone, Default, Debug, Deserialize)]
struct Asked {
    period: Option<String>,
    set: Option<String>,
    lang: Option<String>,
    unit: Option<String>,
    officer: Option<String>,
    indicator: Option<String>,
    part: Option<String>,
    count: Option<String>,
    kind: Option<String>,
    sort: Option<String>,
    from: Option<String>,
    form: Option<String>,
    by: Option<String>,
    what: Option<String>,
    flag: Option<String>,
    group: Option<String>,
    /// Who asks; nobody unless the guard says so.
    #[serde(skip)]
    scope: Scope,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Trouble;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked, Trouble> {
        let read = Query::<Asked>::from_request_parts(parts, state).await;
        let problem = || Problem::malformed("query", "give each parameter once, as UTF-8");
        let scope = parts.extensions.get::<Scope>().cloned().unwrap_or_default();
        read.map(|Query(asked)| Asked { scope, ..asked })
            .map_err(|_| Trouble { problem: problem(), words: Words::default() })
    }
}

impl Asked {
    fn words(&self) -> Words {
        Words::of(self.lang.as_deref())
    }

    fn view(&self) -> Result<View, Problem> {
        query::view(self.period.as_deref(), self.set.as_deref())
    }

    /// What every page about figures begins with: what is known now, what is looked at, in which words.
    fn opening(&self, server: &Server) -> Result<(Arc<Snapshot>, View, Words), Problem> {
        restored(server)?;
        Ok((server.live.snapshot(), self.view()?, self.words()))
    }

    /// Where this address stands, as a base for links.
    fn place(&self, path: &str) -> Place {
        let given = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
        Place::new(path, given(&self.period), given(&self.set), self.words())
    }

    fn trouble(&self) -> impl Fn(Problem) -> Trouble + use<> {
        let words = self.words();
        move |problem| Trouble { problem, words }
    }
}

/// A problem on its way to a person.
#[derive(Debug)]
struct Trouble {
    problem: Problem,
    words: Words,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    shell: Shell,
    detail: String,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let told = self.problem.told();
        let title = if self.words.is_english() { told.en } else { told.vi };
        let page = ProblemPage {
            shell: Shell::bare(self.words, title),
            detail: told.detail_in(self.words.is_english()),
        };
        let mut response = (told.status, html(&page)).into_response();
        if told.status == axum::http::StatusCode::SERVICE_UNAVAILABLE {
            // A browser that is left alone comes back by itself.
            response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("3"));
        }
        response
    }
}

/// The page for somebody who may not see what they asked for: the door where they can say who they are, or why not.
pub(super) fn refused(problem: Problem, asked: &Uri) -> Response {
    let is_english = asked.query().is_some_and(|query| query.split('&').any(|pair| pair == "lang=en"));
    let words = Words::of(is_english.then_some("en"));
    match problem {
        Problem::SignIn(_) => doors::to_entrance(asked, words),
        problem => Trouble { problem, words }.into_response(),
    }
}

/// A page made.
type Made = Result<Response, Trouble>;

fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => ([(header::CACHE_CONTROL, "no-store")], Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be written");
            axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Figures that are not all there yet are not shown.
fn restored(server: &Server) -> Result<(), Problem> {
    match server.live.phase() {
        Phase::Recovering(..) if !server.live.is_running() => Err(Problem::Stopped),
        Phase::Recovering(reached, wanted) => Err(Problem::Recovering { reached, wanted }),
        Phase::Running => Ok(()),
    }
}

/// A reader has no dossiers, and what is behind a change is worked out from all of a unit's at once.
fn with_dossiers(server: &Server) -> Result<(), Problem> {
    restored(server)?;
    if server.reading.is_some() {
        let advice = "a reader asks workers for lists and stories; what changed and why is told by a server that stands alone (`--role all`)";
        return Err(Problem::elsewhere("lists_at_workers", advice));
    }
    Ok(())
}

fn code_of(code: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    code.map(|Path(code)| code).map_err(|_| Problem::malformed("code", "write the code as UTF-8"))
}
