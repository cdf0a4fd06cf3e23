//! What looks odd at an agency, with its evidence, and how long things take there. Never an accusation.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use compute::dossier::Flag;
use compute::engine::{Flagged, Handling};
use compute::set::points::{decimal, half_up};

use super::super::super::Server;
use super::super::super::problem::Problem;
use super::super::super::why::Surveyed;
use super::super::links::Link;
use super::super::parts::{DossierLine, dossiers};
use super::super::shell::Shell;
use super::super::{Asked, Made, code_of, html};
use super::{Asking, asking};

/// Dossiers, or procedures, shown.
const SHOWN_MAX: usize = 200;

#[derive(Template)]
#[template(path = "survey.html")]
struct SurveyPage {
    shell: Shell,
    heading: String,
    kinds: Vec<Link>,
    flagged: Vec<FlaggedRow>,
    shown: String,
    waiting: Vec<Link>,
    waiting_count: String,
    handling: Vec<HandlingRow>,
}

struct FlaggedRow {
    flags: String,
    line: DossierLine,
}

struct HandlingRow {
    procedure: String,
    ended: String,
    average: String,
}

/// `GET /don-vi/{unit}/dau-hieu`.
pub(in super::super) async fn survey(
    State(server): State<Server>,
    code: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Made {
    let trouble = asked.trouble();
    let code = code_of(code).map_err(&trouble)?;
    let page = make(&server, &code, &asked).await.map_err(trouble)?;
    Ok(html(&page))
}

async fn make(server: &Server, code: &str, asked: &Asked) -> Result<SurveyPage, Problem> {
    let snapshot = server.live.snapshot();
    let name = asked.flag.as_deref().filter(|name| !name.is_empty());
    let chosen = name.map(|name| {
        let flag = Flag::ALL.into_iter().find(|flag| flag.name() == name);
        flag.ok_or_else(|| {
            let names = Flag::ALL.map(Flag::name).join(", ");
            Problem::unknown("flag", format!("there are {names}"))
        })
    });
    let chosen = chosen.transpose()?;
    let asking = asking(server, &snapshot, code, asked, ("dau-hieu", &[("flag", name)]))?;
    let words = asking.ground.words;
    let Surveyed { survey, lines } = server.board.why.surveyed(&server.live, asking.about.clone()).await?;
    let is_chosen = |flagged: &&Flagged| chosen.is_none_or(|flag| flagged.flags.has(flag));
    let of_kind: Vec<&Flagged> = survey.flagged.iter().filter(is_chosen).collect();
    let rows = of_kind.iter().filter_map(|flagged| {
        let line = lines.iter().find(|line| line.code == flagged.dossier)?;
        let flags: Vec<&str> = flagged.flags.iter().map(|flag| words.t(flag.name())).collect();
        let mut line = dossiers(std::slice::from_ref(line), &asking.ground).pop()?;
        if !asking.sees_officers {
            line.officer = String::new();
        }
        Some(FlaggedRow { flags: flags.join(" · "), line })
    });
    let flagged: Vec<FlaggedRow> = rows.take(SHOWN_MAX).collect();
    let number = |number: usize| words.number(number as u64);
    let shown = [("shown", number(flagged.len())), ("count", number(of_kind.len()))];
    let shown: Vec<(&str, &str)> = shown.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let waiting = survey.waiting_for_acceptance.iter().take(SHOWN_MAX);
    Ok(SurveyPage {
        heading: words.fill("survey.of", &[("unit", &asking.name)]),
        kinds: kinds(&asking, &survey.flagged, chosen, code),
        shown: words.fill("survey.shown", &shown),
        flagged,
        waiting: waiting
            .map(|(dossier, _)| Link::new(asking.ground.place.to_code("/ho-so", dossier), dossier.clone()))
            .collect(),
        waiting_count: words
            .fill("survey.waiting", &[("count", &number(survey.waiting_for_acceptance.len()))]),
        handling: survey.handling.iter().take(SHOWN_MAX).map(|one| handling(&asking, one)).collect(),
        shell: Shell::new(server, &asking.ground, words.t("survey").to_owned(), asking.above).still(),
    })
}

/// Every kind of flag that was raised, with how often.
fn kinds(asking: &Asking<'_>, flagged: &[Flagged], chosen: Option<Flag>, code: &str) -> Vec<Link> {
    let path = format!("/don-vi/{}/dau-hieu", super::super::links::encoded(code));
    let link = |flag: Flag| {
        let count = flagged.iter().filter(|one| one.flags.has(flag)).count();
        (count > 0).then(|| Link {
            href: asking.ground.place.to(&path, &[("flag", flag.name())]),
            text: format!(
                "{} {}",
                asking.ground.words.t(flag.name()),
                asking.ground.words.number(count as u64)
            ),
            is_chosen: chosen == Some(flag),
        })
    };
    let all = Link {
        href: asking.ground.place.to(&path, &[]),
        text: format!(
            "{} {}",
            asking.ground.words.t("survey.all"),
            asking.ground.words.number(flagged.len() as u64)
        ),
        is_chosen: chosen.is_none(),
    };
    std::iter::once(all).chain(Flag::ALL.into_iter().filter_map(link)).collect()
}

fn handling(asking: &Asking<'_>, one: &Handling) -> HandlingRow {
    let words = asking.ground.words;
    let average = half_up(u128::from(one.seconds), 100, u128::from(one.ended * one.unit_seconds));
    HandlingRow {
        procedure: asking.ground.snapshot.codes.names().text(one.procedure).to_owned(),
        ended: words.number(one.ended),
        average: format!("{} {}", words.decimals(&decimal(average)), words.t(one.unit)),
    }
}
