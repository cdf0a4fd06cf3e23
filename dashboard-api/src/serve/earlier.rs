//! `?as_of=`: scores and lists as they stood at an earlier instant, asked for one unit at a time.
//!
//! Not here: how they are counted (`why`), the same answers as of now (`routes`).

use axum::response::{IntoResponse, Json, Response};
use compute::engine::{CodePage, Part};
use compute::figures::Level;
use compute::instant::Instant;
use compute::set::Indicator;
use serde_json::json;

use super::Server;
use super::access::{
    self,
    scope::{Scope, What},
};
use super::paging::{self, Wanted};
use super::problem::Problem;
use super::why::{About, Earlier};
use crate::view;

/// What is asked, but for the unit.
#[derive(Debug)]
pub(super) struct At<'a> {
    pub(super) instant: Instant,
    pub(super) level: Level,
    pub(super) scope: &'a Scope,
}

/// The instant a caller names.
pub(super) fn instant(text: &str) -> Result<Instant, Problem> {
    let advice = "write an instant that has passed, with its offset, such as 2026-11-20T08:00:00+07:00";
    Instant::parse(text).ok_or_else(|| Problem::malformed("as_of", advice))
}

impl At<'_> {
    fn check(&self, server: &Server, unit: &str) -> Result<(), Problem> {
        if server.reading.is_some() {
            return Err(Problem::elsewhere(
                "lists_at_workers",
                "a reader has counts as of now; what was is told by a server that stands alone (`--role all`)",
            ));
        }
        if self.level == Level::Officer {
            return Err(Problem::Impossible(
                "what officers had at an earlier instant is not kept; ask for a unit, or use `nhip score --by officer --as-of`"
                    .to_owned(),
            ));
        }
        access::only(self.scope, What::DossiersOf(unit), &server.live.snapshot())
    }

    /// The scores of a unit and of those below it.
    pub(super) async fn scores(
        &self,
        server: &Server,
        unit: &str,
        about: About,
    ) -> Result<Response, Problem> {
        self.check(server, unit)?;
        let set = about.set.clone();
        let found = server.board.why.figures_at(&server.live, about, self.instant).await?;
        let mut told = view::scores(&found.answer, &set, &server.live.snapshot().catalogue);
        told["known_at"] = json!(found.known_at.to_local());
        told["count"] = json!(found.answer.units.len());
        Ok(Json(told).into_response())
    }

    /// A page of a list of a unit.
    pub(super) async fn list(
        &self,
        server: &Server,
        (unit, about): (&str, About),
        count: (Indicator, Part),
        wanted: &Wanted,
    ) -> Result<(paging::Page, Instant), Problem> {
        self.check(server, unit)?;
        let found = server.board.why.list_at(&server.live, (about, self.instant), count, wanted.bounds());
        let Earlier::<CodePage> { answer, known_at } = found.await?;
        Ok((paging::page(answer, wanted)?, known_at))
    }
}
