//! What finishing dossiers would bring: the index at an instant to come, with and without.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use compute::instant::{Day, Instant};

use super::super::super::Server;
use super::super::super::problem::Problem;
use super::super::super::why::Finished;
use super::super::links::Link;
use super::super::shell::Shell;
use super::super::{Asked, Made, code_of, html};
use super::{Asking, IndicatorPart, SubjectPart, asking, instant, share};

/// The end of the working day.
const CLOSING: i64 = 17 * 3600;
/// How far ahead is asked about.
const DAYS_MAX: i32 = 62;

#[derive(Template)]
#[template(path = "forecast.html")]
struct ForecastPage {
    shell: Shell,
    heading: String,
    which: Vec<Link>,
    by_date: String,
    kept: Vec<(&'static str, String)>,
    by: String,
    finished: String,
    now: String,
    idle: String,
    idle_share: String,
    is_idle_loss: bool,
    busy: String,
    share: String,
    indicators: Vec<IndicatorPart>,
    subjects: Vec<SubjectPart>,
    others: String,
}

/// `GET /don-vi/{unit}/neu`.
pub(in super::super) async fn forecast(
    State(server): State<Server>,
    code: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Made {
    let trouble = asked.trouble();
    let code = code_of(code).map_err(&trouble)?;
    let page = make(&server, &code, &asked).await.map_err(trouble)?;
    Ok(html(&page))
}

async fn make(server: &Server, code: &str, asked: &Asked) -> Result<ForecastPage, Problem> {
    let snapshot = server.live.snapshot();
    let (by, what) = (asked.by.as_deref().filter(|text| !text.is_empty()), asked.what.as_deref());
    let asking = asking(server, &snapshot, code, asked, ("neu", &[("by", by), ("what", what)]))?;
    let words = asking.ground.words;
    let finished = match what {
        None | Some("" | "due") => Finished::Due,
        Some("overdue") => Finished::Overdue,
        Some("open") => Finished::Open,
        Some(_) => return Err(Problem::malformed("what", "what is due, overdue or open")),
    };
    let by = match by {
        Some(text) if Day::parse(text).is_some() => closing(instant("by", text)?.day()),
        Some(text) => instant("by", text)?,
        None => friday(snapshot.as_of),
    };
    if by.day().number() - snapshot.as_of.day().number() > DAYS_MAX {
        return Err(Problem::malformed("by", format!("choose a day within {DAYS_MAX} days")));
    }
    let told = server.board.why.forecast(&server.live, asking.about.clone(), by, finished).await?;
    let (subjects, others) = asking.subjects(&told.answer);
    let change = &told.answer.change;
    let total = |total: Option<u64>| total.map_or_else(|| "–".to_owned(), |total| words.points(total));
    let points = |total: Option<u64>| total.unwrap_or(0).cast_signed() * 100;
    let idle_share = points(change.before.total) - points(told.now.figures.total);
    let count = words.number(told.finished as u64);
    Ok(ForecastPage {
        heading: words.fill("forecast.of", &[("unit", &asking.name)]),
        which: which(&asking, finished, code),
        by_date: by.day().to_string(),
        kept: asking.ground.place.kept().into_iter().filter(|(name, _)| *name != "by").collect(),
        by: words.moment(by),
        finished: words.fill("forecast.finished", &[("count", &count)]),
        now: total(told.now.figures.total),
        idle: total(change.before.total),
        idle_share: share(words, idle_share),
        is_idle_loss: idle_share < 0,
        busy: total(change.after.total),
        share: share(words, change.share()),
        indicators: asking.indicators(change),
        subjects,
        others,
        shell: Shell::new(server, &asking.ground, words.t("forecast").to_owned(), asking.above).still(),
    })
}

fn which(asking: &Asking<'_>, chosen: Finished, code: &str) -> Vec<Link> {
    let path = format!("/don-vi/{}/neu", super::super::links::encoded(code));
    let kept = asking.ground.place.kept();
    let by = kept.iter().find(|(name, _)| *name == "by").map(|(_, value)| value.as_str());
    let all = [
        (Finished::Due, "due", "forecast.due"),
        (Finished::Overdue, "overdue", "forecast.overdue"),
        (Finished::Open, "open", "forecast.open"),
    ];
    let link = |(finished, value, key): (Finished, &'static str, &str)| {
        let own: Vec<(&str, &str)> = [("what", Some(value)), ("by", by)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        Link {
            href: asking.ground.place.to(&path, &own),
            text: asking.ground.words.t(key).to_owned(),
            is_chosen: finished == chosen,
        }
    };
    all.map(link).to_vec()
}

fn closing(day: Day) -> Instant {
    Instant::from_unix(day.start().unix_seconds() + CLOSING, 0)
}

/// The closing of the coming Friday; today's if today is one and it has not passed.
fn friday(now: Instant) -> Instant {
    // Day 0, 1 January 1970, was a Thursday.
    let today = now.day().number();
    let ahead = (1 - today).rem_euclid(7);
    let this = closing(Day::from_number(today + ahead));
    if this > now { this } else { closing(Day::from_number(today + ahead + 7)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn friday_is_the_next_that_has_not_closed() {
        for (now, expected) in [
            ("2026-11-22T10:00:00+07:00", "2026-11-27T17:00:00+07:00"),
            ("2026-11-27T16:59:00+07:00", "2026-11-27T17:00:00+07:00"),
            ("2026-11-27T17:00:00+07:00", "2026-12-04T17:00:00+07:00"),
        ] {
            let at = |text| Instant::parse(text).expect("an instant");
            assert_eq!(friday(at(now)), at(expected), "{now}");
        }
    }
}
