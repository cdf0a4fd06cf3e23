//! The list behind a number as a table: its lines are asked of the engine a portion at a time.
//!
//! A list of dossiers has their dates; petitions, procedures and agencies have their codes. Not here: which list an
//! address names (`pages::list`).

use std::sync::Arc;

use compute::codes::{Code, Names};
use compute::engine::{Line, Snapshot};
use compute::facts::Subject;
use compute::period::Period;

use super::super::list::{Named, told, whose};
use super::super::shell::Ground;
use super::super::words::Words;
use super::table::{Cell, Column, Entry, Kind, ROWS_MAX, Readers, Row, Table, file_name};
use crate::serve::Server;
use crate::serve::access::Access;
use crate::serve::access::scope::Scope;
use crate::serve::lists::{LISTED_AT_ONCE, Question};
use crate::serve::live::Live;
use crate::serve::problem::Problem;

/// The rows of a list that have not been asked for yet.
#[derive(Debug)]
pub(super) struct Lines {
    live: Live,
    /// Asked again at each portion: a pass may be withdrawn meanwhile.
    access: Access,
    scope: Scope,
    snapshot: Arc<Snapshot>,
    period: Period,
    words: Words,
    are_dossiers: bool,
    codes: Vec<String>,
    next: usize,
}

/// The table, and where its rows come from.
pub(super) async fn table(
    server: &Server,
    snapshot: &Arc<Snapshot>,
    ground: &Ground<'_>,
    (named, scope): (Named, Scope),
) -> Result<(Table, Lines), Problem> {
    let (what, _) = told(ground, &named.count);
    let whose = whose(server, ground, &named)?;
    let are_dossiers = named.count.subject() == Subject::Dossier;
    let (who, count) = (named.who, named.count);
    let question = Question { period: ground.period, who, count, by_due: false, from: 0, limit: 0 };
    let codes = server.live.part_of_list(question).await?.codes;
    if codes.len() > ROWS_MAX {
        return Err(too_many(ROWS_MAX, codes.len()));
    }
    let words = ground.words;
    let mut about = super::about(server, ground);
    about.splice(
        0..0,
        [
            Entry {
                id: "title",
                label: words.t("export.title").to_owned(),
                value: Cell::text(format!("{what} – {whose}")),
            },
            Entry {
                id: "list",
                label: words.t("export.list").to_owned(),
                value: Cell::text(ground.place.asked_for()),
            },
        ],
    );
    about.push(Entry {
        id: "rows",
        label: words.t("export.rows").to_owned(),
        value: Cell::count(codes.len() as u64),
    });
    let period = ground.period.to_string();
    let mut parts = vec!["nhip"];
    parts.extend(ground.place.own_values());
    parts.extend([period.as_str(), &ground.set.file.id]);
    let table = Table {
        file: file_name(&parts),
        title: words.fill("list_of", &[("what", &what), ("who", &whose)]),
        about,
        columns: if are_dossiers {
            columns(words)
        } else {
            vec![Column::new("code", words.t("code"), Kind::Text)]
        },
    };
    let lines = Lines {
        live: server.live.clone(),
        access: server.access.clone(),
        scope,
        snapshot: Arc::clone(snapshot),
        period: ground.period,
        words,
        are_dossiers,
        codes,
        next: 0,
    };
    Ok((table, lines))
}

/// More rows than a form takes.
pub(super) fn too_many(max: usize, there: usize) -> Problem {
    let advice = format!(
        "there are {there} rows and this form takes {max}; ask for a smaller unit, a shorter period or another form"
    );
    Problem::malformed("list", advice)
}

impl Lines {
    /// How many rows there are in all.
    pub(super) fn count(&self) -> usize {
        self.codes.len()
    }

    /// The next rows; nothing after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Row>>, Problem> {
        if !self.access.still_lets_in(&self.scope) {
            return Err(Problem::SignIn("whoever asked may no longer see it; sign in again"));
        }
        let end = self.codes.len().min(self.next + LISTED_AT_ONCE);
        let codes = self.codes[self.next..end].to_vec();
        self.next = end;
        if codes.is_empty() {
            return Ok(None);
        }
        if !self.are_dossiers {
            return Ok(Some(codes.into_iter().map(|code| vec![Cell::text(code)]).collect()));
        }
        let lines = self.live.lines(codes).await?;
        let book = self.live.codes();
        let names = book.names();
        let place = crate::serve::pages::links::Place::new("", None, None, self.words);
        let view = crate::serve::board::View { period: Some(self.period), set: None };
        let ground = Ground::new(&self.snapshot, &view, place, self.words)?;
        Ok(Some(lines.iter().map(|line| row(line, &names, &ground)).collect()))
    }
}

fn columns(words: Words) -> Vec<Column> {
    let of = |id: &str, key: &str, kind| Column::new(id, words.t(key), kind);
    vec![
        of("dossier", "dossier", Kind::Text),
        of("procedure", "procedure", Kind::Text),
        of("agency", "export.agency_code", Kind::Text).only_for(Readers::Programs),
        of("agency_name", "agency", Kind::Text).only_for(Readers::People),
        of("officer", "officer", Kind::Text),
        of("accepted_at", "accepted", Kind::Moment),
        of("due_at", "due", Kind::Moment),
        of("ended_at", "ended", Kind::Moment),
        of("late", "overdue", Kind::YesNo),
        of("clock_stopped", "export.stopped", Kind::YesNo),
        of("working_seconds_left", "export.left", Kind::WorkingSeconds),
    ]
}

fn row(line: &Line, names: &Names, ground: &Ground<'_>) -> Row {
    let text = |code: Option<Code>| code.map_or(Cell::Nothing, |code| Cell::text(names.text(code)));
    vec![
        Cell::text(line.code.clone()),
        text(line.procedure),
        text(line.agency),
        line.agency.map_or(Cell::Nothing, |code| Cell::text(ground.agency(Some(code)))),
        text(line.officer),
        Cell::moment(line.accepted_at),
        Cell::moment(line.due),
        Cell::moment(line.ended_at),
        Cell::YesNo(line.is_late),
        Cell::YesNo(line.is_stopped),
        line.seconds_left.map_or(Cell::Nothing, Cell::Whole),
    ]
}
