//! The one mapping from errors to HTTP: RFC 9457 problems with stable codes, in the language of who asks.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::live::Refused;
use super::problem_words::in_vietnamese;

/// What went wrong, for the caller.
#[derive(Clone, Debug)]
pub(super) enum Problem {
    /// Something named is not there.
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// What there is instead.
        detail: String,
    },
    /// The request cannot be understood.
    Malformed {
        /// Which part.
        what: &'static str,
        /// What is wrong and what to send.
        detail: String,
    },
    /// Too large.
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// Another process has it.
    Elsewhere {
        /// Which kind of thing.
        code: &'static str,
        /// Who has it.
        detail: String,
    },
    /// Nobody knows who asks: what to do.
    SignIn(&'static str),
    /// Who asks is known and may not: why.
    Forbidden(String),
    /// Who asks does so too often.
    TooOften {
        /// How long to wait.
        seconds: u64,
    },
    /// It cannot be written down who saw this, so nobody sees it.
    NotRecorded,
    /// The engine has more to do than it may have waiting.
    Busy,
    /// The engine stopped; what is shown is stale.
    Stopped,
    /// The log cannot be written: what it says.
    NotKept(String),
    /// The log cannot be read at present: what it says.
    NotReadable(String),
    /// A process that has part of the answer cannot be asked: which, and why.
    NotReachable(String),
    /// A table or document could not be written: what was wrong.
    NotWritten(String),
    /// What is kept is not what was kept: what is wrong.
    Damaged(String),
    /// What is asked cannot be done as things stand: why.
    Impossible(String),
    /// What was is being restored.
    Recovering {
        /// The log offset reached.
        reached: u64,
        /// The log offset wanted.
        wanted: u64,
    },
}

impl Problem {
    /// `what` is not there; `detail` says what is.
    pub(super) fn unknown(what: &'static str, detail: impl Into<String>) -> Problem {
        Problem::Unknown { what, detail: detail.into() }
    }

    /// Another process has it; `detail` says which.
    pub(super) fn elsewhere(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::Elsewhere { code, detail: detail.into() }
    }

    /// `what` cannot be understood.
    pub(super) fn malformed(what: &'static str, detail: impl Into<String>) -> Problem {
        Problem::Malformed { what, detail: detail.into() }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        match refused {
            Refused::Busy => Problem::Busy,
            Refused::Stopped => Problem::Stopped,
            Refused::NotKept(why) => Problem::NotKept(why),
        }
    }
}

/// A problem, as a person or a program is told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) code: String,
    pub(super) vi: &'static str,
    pub(super) en: &'static str,
    pub(super) detail: String,
}

impl Problem {
    /// In both languages, with its status.
    pub(super) fn told(self) -> Told {
        let (status, code, vi, en, detail) = match self {
            Problem::Unknown { what, detail } => {
                (StatusCode::NOT_FOUND, format!("unknown_{what}"), "Không tìm thấy", "Not found", detail)
            }
            Problem::Malformed { what, detail } => (
                StatusCode::BAD_REQUEST,
                format!("malformed_{what}"),
                "Yêu cầu không đúng",
                "Malformed",
                detail,
            ),
            Problem::Elsewhere { code, detail } => (
                StatusCode::CONFLICT,
                code.to_owned(),
                "Tiến trình khác phụ trách",
                "Served elsewhere",
                detail,
            ),
            Problem::TooLarge { bytes_max } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large".to_owned(),
                "Quá lớn",
                "Too large",
                format!("send at most {bytes_max} bytes at a time"),
            ),
            Problem::SignIn(_) | Problem::Forbidden(_) | Problem::TooOften { .. } | Problem::NotRecorded => {
                return self.told_of_access();
            }
            Problem::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy".to_owned(),
                "Hệ thống đang bận",
                "Busy",
                "nothing of this request was taken; send it again after Retry-After seconds".to_owned(),
            ),
            Problem::Stopped => (
                StatusCode::SERVICE_UNAVAILABLE,
                "stopped".to_owned(),
                "Bộ tính đã dừng",
                "The engine has stopped",
                "figures shown are stale; restart the server and tell whoever runs it".to_owned(),
            ),
            Problem::NotKept(why) => (
                StatusCode::INSUFFICIENT_STORAGE,
                "not_kept".to_owned(),
                "Không ghi được dữ liệu",
                "Not kept",
                format!("nothing of this request was taken; send it again after Retry-After seconds: {why}"),
            ),
            Problem::NotReadable(why) => return Told::not_readable(&why),
            Problem::NotReachable(why) => return Told::not_reachable(why),
            Problem::NotWritten(_) | Problem::Damaged(_) | Problem::Impossible(_) => return self.told_kept(),
            Problem::Recovering { reached, wanted } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "recovering".to_owned(),
                "Đang khôi phục dữ liệu",
                "Recovering",
                format!(
                    "the state is being restored, event {reached} of {wanted}; ask again after Retry-After seconds"
                ),
            ),
        };
        Told { status, code, vi, en, detail }
    }

    /// The problems of what is written and kept, and of what may follow what.
    fn told_kept(self) -> Told {
        let (status, code, vi, en, detail) = match self {
            Problem::NotWritten(why) => return Told::not_written(&why),
            Problem::Impossible(why) => (
                StatusCode::CONFLICT,
                "impossible",
                "Chưa hoặc không còn làm được",
                "Cannot be done as things stand",
                why,
            ),
            other => {
                let detail = if let Problem::Damaged(why) = other { why } else { String::new() };
                tracing::error!(%detail, "something kept is damaged and is not shown");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                (status, "damaged", "Tệp lưu đã hỏng, không hiển thị", "Damaged, and so not shown", detail)
            }
        };
        Told { status, code: code.to_owned(), vi, en, detail }
    }

    /// The problems of who may see and do what.
    fn told_of_access(self) -> Told {
        let (status, code, vi, en, detail) = match self {
            Problem::SignIn(way_out) => {
                (StatusCode::UNAUTHORIZED, "sign_in", "Cần đăng nhập", "Sign in first", way_out.to_owned())
            }
            Problem::Forbidden(why) => {
                (StatusCode::FORBIDDEN, "forbidden", "Không có quyền", "Not allowed", why)
            }
            Problem::TooOften { seconds } => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_often",
                "Yêu cầu quá dồn dập",
                "Too often",
                format!("nothing of this request was done; ask again after {seconds} s"),
            ),
            _ => (
                StatusCode::SERVICE_UNAVAILABLE,
                "not_recorded",
                "Không ghi được nhật ký truy cập",
                "Not recorded",
                "who sees this must be written down and cannot be at present; tell whoever runs the server"
                    .to_owned(),
            ),
        };
        Told { status, code: code.to_owned(), vi, en, detail }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let wait = if let Problem::TooOften { seconds } = &self { Some(*seconds) } else { None };
        let mut response = self.told().response(false);
        response.headers_mut().extend(wait.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds))));
        response
    }
}

impl Told {
    fn not_readable(why: &str) -> Told {
        Told {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "not_readable".to_owned(),
            vi: "Chưa đọc được dữ liệu",
            en: "Not readable",
            detail: format!("the log cannot be read at present, ask again after Retry-After seconds: {why}"),
        }
    }

    fn not_reachable(detail: String) -> Told {
        Told {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "not_reachable".to_owned(),
            vi: "Chưa hỏi được tiến trình giữ hồ sơ",
            en: "Not reachable",
            detail,
        }
    }

    fn not_written(why: &str) -> Told {
        Told {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "not_written".to_owned(),
            vi: "Không lập được tệp",
            en: "Not written",
            detail: format!("the file could not be made, tell whoever runs the server: {why}"),
        }
    }

    /// What is wrong and what to do, in one of the languages.
    pub(super) fn detail_in(&self, is_english: bool) -> String {
        if is_english { self.detail.clone() } else { in_vietnamese(&self.code, &self.detail) }
    }

    /// The problem with its words in one of the languages; both stand beside it.
    fn response(self, is_english: bool) -> Response {
        let Told { status, code, vi, en, detail } = &self;
        let in_vietnamese = self.detail_in(false);
        let body = json!({
            "type": format!("urn:nhip:problem:{code}"), "title": if is_english { en } else { vi },
            "title_vi": vi, "title_en": en, "status": status.as_u16(), "code": code,
            "detail": if is_english { detail } else { &in_vietnamese },
            "detail_vi": in_vietnamese, "detail_en": detail,
        });
        let mut response = (*status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers
            .insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(if is_english { "en" } else { "vi" }));
        if let Some(seconds) = retry_after(*status) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if *status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"nhip\""));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Says a problem in English to who asks for it with `lang=en`, or with `Accept-Language` before Vietnamese.
pub(super) async fn in_the_callers_words(request: Request, next: Next) -> Response {
    let is_english = wants_english(request.uri().query(), request.headers());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Told>() {
        Some(told) if is_english => told.response(true),
        _ => response,
    }
}

fn wants_english(query: Option<&str>, headers: &HeaderMap) -> bool {
    let named = query.unwrap_or_default().split('&').find_map(|one| one.strip_prefix("lang="));
    if let Some(lang) = named {
        return lang == "en";
    }
    let accepted =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Callers name what they like best first; weights are not weighed.
    let tags = accepted.split(',').map(|tag| tag.trim().to_ascii_lowercase());
    tags.into_iter()
        .find_map(|tag| match tag.get(..2) {
            Some("en") => Some(true),
            Some("vi") => Some(false),
            _ => None,
        })
        .unwrap_or(false)
}

/// When to come back, for what passes by itself.
fn retry_after(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::SERVICE_UNAVAILABLE => Some("1"),
        StatusCode::INSUFFICIENT_STORAGE => Some("10"),
        _ => None,
    }
}
