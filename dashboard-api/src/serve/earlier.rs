//! `?as_of=`: scores and lists as they stood at an earlier instant, asked for one unit or officer at a time.
//!
//! Not here: how they are counted (`why`), the same answers as of now (`routes`).

use axum::response::{IntoResponse, Json, Response};
use compute::engine::{CodePage, Part, Who};
use compute::figures::Level;
use compute::instant::Instant;
use compute::set::{Indicator, IndicatorSet};
use serde_json::json;

use super::Server;
use super::access::{self, guard::OfficersShown, scope::Scope};
use super::paging::{self, Wanted};
use super::problem::Problem;
use super::why::{AsOf, Earlier};
use crate::view;

/// What is asked, and by whom.
#[derive(Debug)]
pub(super) struct At<'a> {
    /// The unit's or officer's code.
    pub(super) code: &'a str,
    pub(super) asked: AsOf,
    pub(super) scope: &'a Scope,
}

/// The instant a caller names.
pub(super) fn instant(text: &str) -> Result<Instant, Problem> {
    let advice = "write an instant that has passed, with its offset, such as 2026-11-20T08:00:00+07:00";
    Instant::parse(text).ok_or_else(|| Problem::malformed("as_of", advice))
}

impl At<'_> {
    fn level(&self) -> Level {
        match self.asked.who {
            Who::Agency(_) => Level::Agency,
            Who::Officer(_) => Level::Officer,
        }
    }

    fn check(&self, server: &Server) -> Result<(), Problem> {
        if server.reading.is_some() {
            return Err(Problem::elsewhere(
                "lists_at_workers",
                "a reader has counts as of now; what was is told by a server that stands alone (`--role all`)",
            ));
        }
        access::only_whose_list(self.scope, self.code, self.level(), &server.live.snapshot())
    }

    /// The scores of a unit and of those below it, or of an officer.
    pub(super) async fn scores(&self, server: &Server, set: IndicatorSet) -> Result<Response, Problem> {
        self.check(server)?;
        let found = server.board.why.figures_at(&server.live, self.asked, set.clone()).await?;
        let mut told = view::scores(&found.answer, &set, &server.live.snapshot().catalogue);
        told["known_at"] = json!(found.known_at.to_local());
        told["count"] = json!(found.answer.units.len());
        let mut response = Json(told).into_response();
        if self.level() == Level::Officer {
            response.extensions_mut().insert(OfficersShown);
        }
        Ok(response)
    }

    /// A page of a list.
    pub(super) async fn list(
        &self,
        server: &Server,
        count: (Indicator, Part),
        wanted: &Wanted,
    ) -> Result<(paging::Page, Instant), Problem> {
        self.check(server)?;
        let found = server.board.why.list_at(&server.live, self.asked, count, wanted.bounds());
        let Earlier::<CodePage> { answer, known_at } = found.await?;
        Ok((paging::page(answer, wanted)?, known_at))
    }
}
