//! Figures and lists as of an earlier instant: counted from an excerpt that stands there.
//!
//! By the same fold as what is, from what is known now: an event of then that came later is counted. Ranks are of all
//! units and an excerpt has one, so none is told. Not here: what was shown on a day (`history`), why it differs (`change`).

use compute::engine::{CodePage, Engine, Part, Who};
use compute::figures::{Figures, Level, UnitFigures};
use compute::instant::Instant;
use compute::set::Indicator;

use super::{About, Why};
use crate::serve::live::{Live, Refused};
use crate::serve::problem::Problem;

/// What an excerpt answered, and from what is known until when.
#[derive(Debug)]
pub(in crate::serve) struct Earlier<T> {
    pub(in crate::serve) answer: T,
    pub(in crate::serve) known_at: Instant,
}

impl Why {
    /// The figures of a unit and of those below it, as of `at`.
    pub(in crate::serve) async fn figures_at(
        &self,
        live: &Live,
        about: About,
        at: Instant,
    ) -> Result<Earlier<Figures>, Problem> {
        self.at(live, about, at, |engine, about| {
            let snapshot = engine.snapshot();
            let nothing = || Problem::unknown("standing", "nothing is counted as of then".to_owned());
            let period = snapshot.period(about.period).ok_or_else(nothing)?;
            let mut figures = Figures::of(&snapshot, period, &about.set, Level::Agency);
            let unit = snapshot.codes.names().text(about.unit).to_owned();
            let all = std::mem::take(&mut figures.units);
            let is_theirs = |one: &&UnitFigures| is_at_or_below(&all, one, &unit);
            let theirs = all.iter().filter(is_theirs).cloned();
            figures.units = theirs.map(|one| UnitFigures { rank: None, peers: 0, ..one }).collect();
            if figures.units.is_empty() {
                let why = format!("{unit} has no row in {} as of then; choose a later instant", about.period);
                return Err(Problem::unknown("standing", why));
            }
            Ok(figures)
        })
        .await
    }

    /// A page of the subjects behind a count of a unit, as of `at`.
    pub(in crate::serve) async fn list_at(
        &self,
        live: &Live,
        (about, at): (About, Instant),
        (indicator, part): (Indicator, Part),
        (after, limit): (Option<&str>, usize),
    ) -> Result<Earlier<CodePage>, Problem> {
        let after = after.map(str::to_owned);
        self.at(live, about, at, move |engine, about| {
            let (whose, count) = ((about.period, Who::Agency(about.unit)), (&indicator, part));
            let listed = engine.list_page(whose, count, (after.as_deref(), limit));
            listed.map_err(|error| Problem::unknown("list", error.to_string()))
        })
        .await
    }

    async fn at<T: Send + 'static>(
        &self,
        live: &Live,
        about: About,
        at: Instant,
        question: impl FnOnce(&mut Engine, &About) -> Result<T, Problem> + Send + 'static,
    ) -> Result<Earlier<T>, Problem> {
        self.work(live, about, move |excerpt, about| {
            let known_at = excerpt.as_of();
            if at > known_at {
                let advice = format!("it is {} here; choose an instant that has passed", known_at.to_local());
                return Err(Problem::malformed("as_of", advice));
            }
            let start = about.period.start();
            if at <= start {
                let advice = format!(
                    "{} begins at {}; choose a later instant or an earlier period",
                    about.period,
                    start.to_local()
                );
                return Err(Problem::malformed("as_of", advice));
            }
            let mut engine = excerpt.engine();
            engine.advance(at).map_err(|_| Refused::Stopped)?;
            Ok(Earlier { answer: question(&mut engine, about)?, known_at })
        })
        .await
    }
}

/// Whether a row is of `unit` or of a unit below it.
fn is_at_or_below(all: &[UnitFigures], one: &UnitFigures, unit: &str) -> bool {
    let above = |one: &UnitFigures| {
        let parent = one.parent.as_ref()?;
        let place = all.binary_search_by(|known| known.code.as_bytes().cmp(parent.as_bytes())).ok()?;
        Some(&all[place])
    };
    // A tree is no deeper than it has units.
    std::iter::successors(Some(one), |one| above(one)).take(all.len()).any(|one| one.code == unit)
}
