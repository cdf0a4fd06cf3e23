//! Where an agency's points are lost: by indicator, procedure, officer and dossier, each adding up to the whole.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};

use super::super::super::Server;
use super::super::super::problem::Problem;
use super::super::super::why::Lost;
use super::super::shell::Shell;
use super::super::{Asked, Made, code_of, html};
use super::{Asking, IndicatorPart, SubjectPart, asking, share};

/// Procedures or officers shown.
const SHOWN_MAX: usize = 200;

#[derive(Template)]
#[template(path = "loss.html")]
struct LossPage {
    shell: Shell,
    heading: String,
    total: String,
    share: String,
    indicators: Vec<IndicatorPart>,
    tables: Vec<LostTable>,
    subjects: Vec<SubjectPart>,
    others: String,
    rest: String,
}

struct LostTable {
    id: &'static str,
    title: String,
    label: String,
    rows: Vec<LostRow>,
}

struct LostRow {
    name: String,
    href: String,
    dossiers: String,
    share: String,
}

/// `GET /don-vi/{unit}/diem-mat`.
pub(in super::super) async fn loss(
    State(server): State<Server>,
    code: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Made {
    let trouble = asked.trouble();
    let code = code_of(code).map_err(&trouble)?;
    let page = make(&server, &code, &asked).await.map_err(trouble)?;
    Ok(html(&page))
}

async fn make(server: &Server, code: &str, asked: &Asked) -> Result<LossPage, Problem> {
    let snapshot = server.live.snapshot();
    let asking = asking(server, &snapshot, code, asked, ("diem-mat", &[]))?;
    let words = asking.ground.words;
    let losses = server.board.why.lost(&server.live, asking.about.clone()).await?;
    let (subjects, others) = asking.subjects(&losses.answer);
    let change = &losses.answer.change;
    let rest = change.rest();
    Ok(LossPage {
        heading: words.fill("loss.of", &[("unit", &asking.name)]),
        total: change.after.total.map_or_else(|| "–".to_owned(), |total| words.points(total)),
        share: share(words, change.share()),
        indicators: asking.indicators(change),
        tables: [
            Some(("loss-procedures", "loss.by_procedure", "procedure", &losses.by_procedure)),
            asking.sees_officers.then_some((
                "loss-officers",
                "loss.by_officer",
                "officer",
                &losses.by_officer,
            )),
        ]
        .into_iter()
        .flatten()
        .map(|(id, title, label, lost)| table(&asking, (id, title, label), lost))
        .collect(),
        subjects,
        others,
        rest: if rest == 0 {
            String::new()
        } else {
            words.fill("why.rest", &[("share", &share(words, rest))])
        },
        shell: Shell::new(server, &asking.ground, words.t("loss").to_owned(), asking.above).still(),
    })
}

fn table(asking: &Asking<'_>, (id, title, label): (&'static str, &str, &str), lost: &[Lost]) -> LostTable {
    let (words, names) = (asking.ground.words, asking.ground.snapshot.codes.names());
    let row = |one: &Lost| {
        let is_officer = label == "officer";
        let (name, href) = match one.code {
            Some(code) if is_officer => {
                (asking.ground.officer(Some(code)), asking.ground.place.to_code("/can-bo", names.text(code)))
            }
            Some(code) => (names.text(code).to_owned(), String::new()),
            None if one.dossiers == 0 => (words.t("loss.no_dossier").to_owned(), String::new()),
            None => (words.t("unknown").to_owned(), String::new()),
        };
        LostRow { name, href, dossiers: words.number(one.dossiers as u64), share: share(words, one.share) }
    };
    LostTable {
        id,
        title: words.t(title).to_owned(),
        label: words.t(label).to_owned(),
        rows: lost.iter().take(SHOWN_MAX).map(row).collect(),
    }
}
