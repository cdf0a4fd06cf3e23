//! What an address of the API says behind its question mark, read in one way: who asks, which period, which set.
//!
//! Not here: what each address asks besides, and the pages' own (`pages`), which answer in words.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use compute::period::Period;
use serde::de::DeserializeOwned;

use super::access::scope::Scope;
use super::board::View;
use super::problem::Problem;

/// The parameters, each once, and who asks: nobody unless the guard says so.
pub(super) async fn read<Q: DeserializeOwned, S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
) -> Result<(Q, Scope), Problem> {
    let read = Query::<Q>::from_request_parts(parts, state).await;
    let scope = parts.extensions.get::<Scope>().cloned().unwrap_or_default();
    read.map(|Query(asked)| (asked, scope))
        .map_err(|_| Problem::malformed("query", "give each parameter once, as UTF-8"))
}

/// What is looked at; an empty parameter says nothing.
pub(super) fn view(period: Option<&str>, set: Option<&str>) -> Result<View, Problem> {
    let is_said = |text: &&str| !text.is_empty();
    let period = period.filter(is_said).map(|code| {
        let advice = "write 2026-10, 2026-Q4, 2026-H2 or 2026";
        Period::parse(code).ok_or_else(|| Problem::malformed("period", advice))
    });
    Ok(View { period: period.transpose()?, set: set.filter(is_said).map(str::to_owned) })
}
