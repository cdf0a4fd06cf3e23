//! Figures and lists as of an earlier instant: counted from an excerpt that stands there.
//!
//! By the same fold as what is, from what is known now: an event of then that came later is counted. Ranks are of all
//! units or officers and an excerpt has one, so none is told. Not here: what was shown on a day (`history`), why it differs (`change`).

use compute::engine::{CodePage, Engine, Part, Who};
use compute::figures::{Figures, Level, UnitFigures};
use compute::instant::Instant;
use compute::period::Period;
use compute::set::{Indicator, IndicatorSet};

use super::Why;
use crate::serve::live::{Live, Refused};
use crate::serve::problem::Problem;

/// What an excerpt answered, and from what is known until when.
#[derive(Debug)]
pub(in crate::serve) struct Earlier<T> {
    pub(in crate::serve) answer: T,
    pub(in crate::serve) known_at: Instant,
}

/// Whose figures, of which period, as of when.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) struct AsOf {
    pub(in crate::serve) who: Who,
    pub(in crate::serve) period: Period,
    pub(in crate::serve) at: Instant,
}

impl Why {
    /// The figures of a unit and of those below it, or of an officer.
    pub(in crate::serve) async fn figures_at(
        &self,
        live: &Live,
        asked: AsOf,
        set: IndicatorSet,
    ) -> Result<Earlier<Figures>, Problem> {
        self.at(live, asked, move |engine| {
            let snapshot = engine.snapshot();
            let nothing = || Problem::unknown("standing", "nothing is counted as of then".to_owned());
            let period = snapshot.period(asked.period).ok_or_else(nothing)?;
            let (code, level) = match asked.who {
                Who::Agency(unit) => (unit, Level::Agency),
                Who::Officer(officer) => (officer, Level::Officer),
            };
            let figures = Figures::of(&snapshot, period, &set, level);
            let code = snapshot.codes.names().text(code).to_owned();
            let is_theirs = |one: &&UnitFigures| match level {
                Level::Agency => is_at_or_below(&figures.units, one, &code),
                Level::Officer => one.code == code,
            };
            let theirs = figures.units.iter().filter(is_theirs).map(UnitFigures::unranked);
            let figures = figures.of_units(theirs.collect());
            if figures.units.is_empty() {
                let why = format!("{code} has no row in {} as of then; choose a later instant", asked.period);
                return Err(Problem::unknown("standing", why));
            }
            Ok(figures)
        })
        .await
    }

    /// A page of the subjects behind a count.
    pub(in crate::serve) async fn list_at(
        &self,
        live: &Live,
        asked: AsOf,
        (indicator, part): (Indicator, Part),
        (after, limit): (Option<&str>, usize),
    ) -> Result<Earlier<CodePage>, Problem> {
        let after = after.map(str::to_owned);
        self.at(live, asked, move |engine| {
            let whose = (asked.period, asked.who);
            let listed = engine.list_page(whose, (&indicator, part), (after.as_deref(), limit));
            listed.map_err(|error| Problem::unknown("list", error.to_string()))
        })
        .await
    }

    async fn at<T: Send + 'static>(
        &self,
        live: &Live,
        AsOf { who, period, at }: AsOf,
        question: impl FnOnce(&mut Engine) -> Result<T, Problem> + Send + 'static,
    ) -> Result<Earlier<T>, Problem> {
        self.work_on(live, (who, period), move |excerpt| {
            let known_at = excerpt.as_of();
            if at > known_at {
                let advice = format!("it is {} here; choose an instant that has passed", known_at.to_local());
                return Err(Problem::malformed("as_of", advice));
            }
            let start = period.start();
            if at <= start {
                let start = start.to_local();
                let advice =
                    format!("{period} begins at {start}; choose a later instant or an earlier period");
                return Err(Problem::malformed("as_of", advice));
            }
            let mut engine = excerpt.engine();
            engine.advance(at).map_err(|_| Refused::Stopped)?;
            Ok(Earlier { answer: question(&mut engine)?, known_at })
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
