//! What changed for an agency since an instant, and which dossiers made it.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use compute::instant::{Day, Instant};

use super::super::super::Server;
use super::super::super::problem::Problem;
use super::super::links::Link;
use super::super::shell::Shell;
use super::super::{Asked, Made, code_of, html};
use super::{Asking, IndicatorPart, SubjectPart, asking, instant, share};

#[derive(Template)]
#[template(path = "change.html")]
struct ChangePage {
    shell: Shell,
    heading: String,
    since: Vec<Link>,
    from_date: String,
    kept: Vec<(&'static str, String)>,
    before: String,
    after: String,
    share: String,
    is_loss: bool,
    span: String,
    indicators: Vec<IndicatorPart>,
    subjects: Vec<SubjectPart>,
    others: String,
    rest: String,
}

/// `GET /don-vi/{unit}/thay-doi`.
pub(in super::super) async fn change(
    State(server): State<Server>,
    code: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Made {
    let trouble = asked.trouble();
    let code = code_of(code).map_err(&trouble)?;
    let page = make(&server, &code, &asked).await.map_err(trouble)?;
    Ok(html(&page))
}

async fn make(server: &Server, code: &str, asked: &Asked) -> Result<ChangePage, Problem> {
    let snapshot = server.live.snapshot();
    let from = asked.from.as_deref().filter(|text| !text.is_empty());
    let asking = asking(server, &snapshot, code, asked, ("thay-doi", &[("from", from)]))?;
    let words = asking.ground.words;
    let start = asking.about.period.start().just_after();
    let since = match from {
        Some(text) => instant("from", text)?,
        None => snapshot.as_of.just_before().day().start(),
    };
    let since = since.max(start);
    let answer = server.board.why.changed(&server.live, asking.about.clone(), since).await?;
    let (subjects, others) = asking.subjects(&answer);
    let total = |total: Option<u64>| total.map_or_else(|| "–".to_owned(), |total| words.points(total));
    let whole = answer.change.share();
    let span = [("from", words.moment(answer.from)), ("to", words.moment(answer.to))];
    let span: Vec<(&str, &str)> = span.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let rest = answer.change.rest();
    Ok(ChangePage {
        heading: words.fill("change.of", &[("unit", &asking.name)]),
        since: choices(&asking, snapshot.as_of, since, code),
        from_date: since.day().to_string(),
        kept: asking.ground.place.kept().into_iter().filter(|(name, _)| *name != "from").collect(),
        before: total(answer.change.before.total),
        after: total(answer.change.after.total),
        share: share(words, whole),
        is_loss: whole < 0,
        span: words.fill("change.span", &span),
        indicators: asking.indicators(&answer.change),
        subjects,
        others,
        rest: if rest == 0 {
            String::new()
        } else {
            words.fill("why.rest", &[("share", &share(words, rest))])
        },
        shell: Shell::new(server, &asking.ground, words.t("change").to_owned(), asking.above).still(),
    })
}

/// Instants people ask about.
fn choices(asking: &Asking<'_>, now: Instant, since: Instant, code: &str) -> Vec<Link> {
    let today = now.just_before().day();
    let start = asking.about.period.start();
    let days = [("change.today", 0), ("change.yesterday", 1), ("change.week", 7), ("change.month", 30)];
    let of_day = |(key, back): (&'static str, i32)| (key, Day::from_number(today.number() - back));
    let mut choices: Vec<(&str, Day)> =
        days.map(of_day).into_iter().filter(|(_, day)| day.start() > start).collect();
    choices.push(("change.period", start.day()));
    let path = format!("/don-vi/{}/thay-doi", super::super::links::encoded(code));
    choices
        .into_iter()
        .map(|(key, day)| Link {
            href: asking.ground.place.to(&path, &[("from", &day.to_string())]),
            text: asking.ground.words.t(key).to_owned(),
            is_chosen: since == day.start() || since == day.start().just_after(),
        })
        .collect()
}
