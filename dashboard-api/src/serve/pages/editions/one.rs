//! One edition, for whoever it concerns: figures, delayed dossiers, objections and what was decided, and what comes next.
//!
//! Units see their own subtree, before and after the recount. Not here: the public (`published`).

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use compute::engine::{Snapshot, Who};
use compute::figures::{Figures, Level};
use compute::instant::Instant;
use compute::set::points::decimal;
use editions::case::{Objection, Reason, Stage};

use super::super::super::Server;
use super::super::super::access;
use super::super::super::access::scope::{Scope, What};
use super::super::super::editions::{self as served, View, asks_who, leads, sees_whole};
use super::super::super::problem::Problem;
use super::super::links::{Link, Place};
use super::super::shell::{Choice, Shell, languages};
use super::super::words::Words;
use super::super::{Asked, Made, html, restored};
use super::parts::{self, ChangeRow};
use super::{Id, id_of};

/// Delayed dossiers of one page.
const PAGE: usize = 50;
/// Figures before and after that are shown; the API has all.
const CHANGES_MAX: usize = 200;

#[derive(Template)]
#[template(path = "edition.html")]
struct EditionPage {
    shell: Shell,
    id: String,
    state: &'static str,
    state_text: String,
    facts: Vec<(String, String)>,
    asks_who: bool,
    leads: bool,
    may_object: bool,
    may_approve: bool,
    may_publish: bool,
    waits: String,
    units: Vec<UnitRow>,
    delayed_count: String,
    delayed: Vec<DelayedRow>,
    pages: Vec<Link>,
    reasons: Vec<Choice>,
    objections: Vec<ObjectionRow>,
    changes: Vec<ChangeRow>,
    changes_note: String,
    repeated_units: Vec<RepeatedRow>,
    repeated_officers: Vec<RepeatedRow>,
    repeated_text: String,
    links: Vec<Link>,
    kept: Vec<(&'static str, String)>,
}

struct UnitRow {
    name: String,
    total: String,
    rank: String,
    delayed: String,
}

struct DelayedRow {
    dossier: Link,
    unit: String,
    unit_code: String,
    officer: String,
    due: String,
    ended: String,
    over: String,
    /// How its objection stands, if there is one.
    objection: String,
}

struct ObjectionRow {
    number: usize,
    dossier: Link,
    unit: String,
    by: String,
    at: String,
    reason: String,
    text: String,
    votes: Vec<String>,
    outcome: &'static str,
    outcome_text: String,
    asks: String,
    is_open: bool,
}

struct RepeatedRow {
    name: String,
    agency: String,
    delayed: String,
}

/// `GET /an-ban/{edition}`.
pub(in crate::serve::pages) async fn page(State(server): State<Server>, id: Id, asked: Asked) -> Made {
    let trouble = asked.trouble();
    let id = id_of(id, asked.words())?;
    let made = async {
        restored(&server)?;
        let view = served::of(&server)?.view(&id).await?;
        make(&server, &view, &asked)
    };
    made.await.map(|page| html(&page)).map_err(trouble)
}

/// What a page is made from.
struct Making<'a> {
    view: &'a View,
    scope: &'a Scope,
    /// The tree by which scopes are judged.
    live: Arc<Snapshot>,
    words: Words,
    place: Place,
}

fn make(server: &Server, view: &View, asked: &Asked) -> Result<EditionPage, Problem> {
    let words = asked.words();
    let place = Place::new(&format!("/an-ban/{}", view.id), None, None, words);
    let making = Making { view, scope: &asked.scope, live: server.live.snapshot(), words, place };
    let (case, scope) = (&view.entry.case, &asked.scope);
    let now = server.live.now();
    let from = asked.from.as_deref().unwrap_or("0").parse::<usize>();
    let from = from.map_err(|_| Problem::malformed("from", "write a whole number"))?;
    let (delayed_count, delayed) = making.delayed(from);
    let open = case.objections.iter().filter(|objection| objection.outcome.is_none()).count();
    let is_leader = leads(scope);
    let is_time = now > case.objections_until;
    let changes = making.changes();
    let (repeated_units, repeated_officers) = making.repeated(served::of(server)?.repeated_from());
    let closed = case.stage == Stage::Closed;
    Ok(EditionPage {
        state: case.stage.name(),
        state_text: parts::stage(&view.entry, words),
        facts: making.facts(served::of(server)?.public_key()),
        asks_who: asks_who(scope),
        leads: is_leader,
        may_object: closed && !is_time && served::may_object(scope),
        may_approve: closed && is_leader && is_time && open == 0,
        may_publish: case.stage == Stage::Approved && is_leader,
        waits: making.waits(open, is_time),
        units: making.units(),
        pages: making.pages(from, delayed_count),
        delayed_count: words.fill("entries", &[("count", &words.number(delayed_count as u64))]),
        delayed,
        reasons: making.reasons(),
        objections: making.objections(),
        changes_note: if changes.len() > CHANGES_MAX {
            words.fill("edition_changes_more", &[("count", &words.number(changes.len() as u64))])
        } else {
            String::new()
        },
        changes: changes.into_iter().take(CHANGES_MAX).collect(),
        repeated_text: words
            .fill("edition_repeated_why", &[("count", &served::of(server)?.repeated_from().to_string())]),
        repeated_units,
        repeated_officers,
        links: making.links(),
        kept: making.place.kept(),
        shell: making.shell(),
        id: view.id.clone(),
    })
}

impl Making<'_> {
    fn shell(&self) -> Shell {
        let words = self.words;
        let title = words.fill("edition_of", &[("edition", &parts::name(&self.view.entry, words))]);
        let mut shell = Shell::bare(words, &title);
        shell.crumbs = vec![Link::new(self.place.to("/an-ban", &[]), words.t("editions"))];
        shell.languages = languages(&self.place, words);
        shell.as_of = words.fill("as_of", &[("as_of", &words.moment(self.view.content.frozen.as_of))]);
        shell
    }

    fn facts(&self, key: &str) -> Vec<(String, String)> {
        let (words, view) = (self.words, self.view);
        let fact = |key: &str, value: String| (words.t(key).to_owned(), value);
        let frozen = &view.content.frozen;
        let mut facts = vec![
            fact("edition_as_of", words.moment(frozen.as_of)),
            fact("export.cut", words.moment(frozen.as_of.min(frozen.period.end()))),
            fact("edition_until", words.moment(view.entry.case.objections_until)),
        ];
        if let Some(offset) = view.content.head.log_offset {
            facts.push(fact("edition_offset", words.number(offset)));
        }
        if let Some(reason) = &view.content.head.reason {
            facts.push(fact("edition_reason", reason.clone()));
        }
        facts.push(fact("edition_root", view.root.clone()));
        facts.push(fact("edition_key", key.to_owned()));
        facts
    }

    /// What is waited for, in words.
    fn waits(&self, open: usize, is_time: bool) -> String {
        let (words, case) = (self.words, &self.view.entry.case);
        match case.stage {
            Stage::Closed if open > 0 => {
                words.fill("edition_waits_decisions", &[("count", &words.number(open as u64))])
            }
            Stage::Closed if !is_time => {
                words.fill("edition_waits_units", &[("until", &words.moment(case.objections_until))])
            }
            Stage::Closed => words.t("edition_waits_approval").to_owned(),
            Stage::Approved => words.t("edition_waits_publication").to_owned(),
            Stage::Published => words.t("edition_is_public").to_owned(),
        }
    }

    fn unit_name(&self, code: &str) -> String {
        let unit = self.view.content.frozen.units.iter().find(|unit| unit.code == code);
        unit.map_or_else(
            || code.to_owned(),
            |unit| self.words.one_of(&unit.name, unit.name_en.as_deref().unwrap_or(&unit.name)).to_owned(),
        )
    }

    fn units(&self) -> Vec<UnitRow> {
        let (view, words) = (self.view, self.words);
        let Some(set) = view.catalogue.sets.iter().find(|set| set.file.based_on.is_none()) else {
            return Vec::new();
        };
        let figures = Figures::of(&view.snapshot, &view.snapshot.periods[0], set, Level::Agency);
        let theirs =
            figures.units.iter().filter(|unit| self.scope.may(What::DossiersOf(&unit.code), &self.live));
        let row = |unit: &compute::figures::UnitFigures| UnitRow {
            name: self.unit_name(&unit.code),
            total: unit.total.map_or_else(|| "–".to_owned(), |total| words.decimals(&decimal(total))),
            rank: unit.rank.map_or_else(|| "–".to_owned(), |rank| format!("{rank}/{}", unit.peers)),
            delayed: words.number(delayed_of(view, Level::Agency, &unit.code)),
        };
        theirs.map(row).collect()
    }

    /// How many delayed dossiers somebody may see, and a page of them.
    fn delayed(&self, from: usize) -> (usize, Vec<DelayedRow>) {
        let (view, words) = (self.view, self.words);
        let chains = &view.content.frozen.chains;
        let theirs = |unit: &&String| self.scope.may(What::DossiersOf(unit), &self.live);
        // A chain is asked about once, not once a dossier.
        let nearest: Vec<Option<&String>> = chains.iter().map(|chain| chain.iter().find(theirs)).collect();
        let listed: Vec<_> = (view.content.delayed())
            .filter_map(|(subject, delay)| Some((subject, delay, (*nearest.get(subject.chain as usize)?)?)))
            .collect();
        let row =
            |(subject, delay, unit): &(&compute::engine::FrozenSubject, &compute::engine::Delay, &String)| {
                let objection = view.entry.case.objections.iter().find(|known| known.dossier == subject.code);
                DelayedRow {
                    dossier: Link::new(self.place.to_code("/ho-so", &subject.code), subject.code.clone()),
                    unit: self.unit_name(unit),
                    unit_code: (*unit).clone(),
                    officer: self.officer(subject.officer.as_deref()),
                    due: words.moment_or(delay.due),
                    ended: words.moment_or(delay.ended_at),
                    over: delay.over_seconds.map_or_else(
                        || "–".to_owned(),
                        |seconds| words.working_time(-i64::try_from(seconds).unwrap_or(i64::MAX)),
                    ),
                    objection: objection.map_or_else(String::new, |known| outcome(known, words).1),
                }
            };
        (listed.len(), listed.iter().skip(from).take(PAGE).map(row).collect())
    }

    /// An officer's name, for whoever may see officers.
    fn officer(&self, code: Option<&str>) -> String {
        let Some(code) = code else { return "–".to_owned() };
        if access::only_whose_list(self.scope, code, Level::Officer, &self.live).is_err() {
            return "–".to_owned();
        }
        let known = self.view.content.frozen.officers.iter().find(|officer| officer.code == code);
        known.map_or_else(|| code.to_owned(), |officer| officer.name.clone())
    }

    fn pages(&self, from: usize, count: usize) -> Vec<Link> {
        let to = |from: usize, key: &str| {
            let path = format!("/an-ban/{}", self.view.id);
            Link::new(self.place.to(&path, &[("from", &from.to_string())]), self.words.t(key))
        };
        let mut pages = Vec::new();
        if from > 0 {
            pages.push(to(from.saturating_sub(PAGE), "previous"));
        }
        if from.saturating_add(PAGE) < count {
            pages.push(to(from + PAGE, "next"));
        }
        pages
    }

    fn reasons(&self) -> Vec<Choice> {
        let choice = |reason: Reason| Choice {
            value: reason.name().to_owned(),
            text: self.words.t(&format!("objection.{}", reason.name())).to_owned(),
            is_chosen: false,
        };
        Reason::ALL.into_iter().map(choice).collect()
    }

    fn objections(&self) -> Vec<ObjectionRow> {
        let words = self.words;
        let theirs = self.view.entry.case.objections.iter();
        let theirs = theirs.filter(|known| self.scope.may(What::DossiersOf(&known.unit), &self.live));
        let moment = |text: &str| Instant::parse(text).map_or_else(|| text.to_owned(), |at| words.moment(at));
        let row = |known: &Objection| {
            let (outcome, outcome_text) = outcome(known, words);
            let vote = |vote: &editions::case::Vote| {
                let key = if vote.is_accepted { "objection_vote.yes" } else { "objection_vote.no" };
                words.fill(key, &[("by", &vote.by), ("at", &moment(&vote.at)), ("why", &vote.why)])
            };
            ObjectionRow {
                number: known.number,
                dossier: Link::new(self.place.to_code("/ho-so", &known.dossier), known.dossier.clone()),
                unit: self.unit_name(&known.unit),
                by: known.by.clone(),
                at: moment(&known.at),
                reason: words.t(&format!("objection.{}", known.reason.name())).to_owned(),
                text: known.text.clone(),
                votes: known.votes.iter().map(vote).collect(),
                outcome,
                outcome_text,
                asks: words
                    .t(if known.first().is_some() { "objection_second" } else { "objection_first" })
                    .to_owned(),
                is_open: known.outcome.is_none() && self.view.entry.case.stage == Stage::Closed,
            }
        };
        theirs.map(row).collect()
    }

    fn changes(&self) -> Vec<ChangeRow> {
        let is_theirs = |unit: &str, level: &str| match level {
            "officer" => access::only_whose_list(self.scope, unit, Level::Officer, &self.live).is_ok(),
            _ => self.scope.may(What::DossiersOf(unit), &self.live),
        };
        let changed = self.view.recount.figures.iter();
        changed
            .filter(|change| is_theirs(&change.unit, change.level))
            .map(|change| ChangeRow {
                unit: if change.level == "officer" {
                    self.officer(Some(&change.unit))
                } else {
                    self.unit_name(&change.unit)
                },
                ..parts::change(change, self.words)
            })
            .collect()
    }

    /// Units and officers with repeated delay, for inspection: whoever sees all of the edition.
    fn repeated(&self, from: u64) -> (Vec<RepeatedRow>, Vec<RepeatedRow>) {
        if !sees_whole(self.scope) {
            return (Vec::new(), Vec::new());
        }
        let (frozen, words) = (&self.view.content.frozen, self.words);
        let above: BTreeSet<&str> = frozen.units.iter().filter_map(|unit| unit.parent.as_deref()).collect();
        let mut units: Vec<(u64, RepeatedRow)> = frozen
            .units
            .iter()
            .filter(|unit| !above.contains(unit.code.as_str()))
            .map(|unit| {
                let delayed = delayed_of(self.view, Level::Agency, &unit.code);
                let (name, agency) = (self.unit_name(&unit.code), String::new());
                (delayed, RepeatedRow { name, agency, delayed: words.number(delayed) })
            })
            .collect();
        let officer = |officer: &compute::engine::FrozenOfficer| {
            let delayed = delayed_of(self.view, Level::Officer, &officer.code);
            let (name, agency) = (self.officer(Some(&officer.code)), self.unit_name(&officer.agency));
            (delayed, RepeatedRow { name, agency, delayed: words.number(delayed) })
        };
        let mut officers: Vec<(u64, RepeatedRow)> = frozen.officers.iter().map(officer).collect();
        for rows in [&mut units, &mut officers] {
            rows.retain(|(delayed, _)| *delayed >= from);
            rows.sort_by_key(|(delayed, _)| std::cmp::Reverse(*delayed));
        }
        let plain = |rows: Vec<(u64, RepeatedRow)>| rows.into_iter().map(|(_, row)| row).collect();
        (plain(units), plain(officers))
    }

    fn links(&self) -> Vec<Link> {
        let (words, view) = (self.words, self.view);
        let mut links = Vec::new();
        if parts::is_published(&view.entry) {
            links.push(Link::new(
                self.place.to(&parts::public_path(&view.entry), &[]),
                words.t("edition_public"),
            ));
        }
        if sees_whole(self.scope) {
            let path = format!("/an-ban/{}/khac-biet", view.id);
            links.push(Link::new(self.place.to(&path, &[]), words.t("edition_differences")));
            let file = format!("/api/v1/editions/{}/file", view.id);
            links.push(Link::new(file, words.t("edition_file")));
        }
        links
    }
}

/// How many delayed dossiers an agency or officer has after the recount.
pub(in crate::serve::pages) fn delayed_of(view: &View, level: Level, code: &str) -> u64 {
    let (bit, cells) = (view.catalogue.delayed_bit, &view.snapshot.periods[0].cells);
    let code = view.snapshot.codes.names().find(code);
    let who = code.map(|code| match level {
        Level::Agency => Who::Agency(code),
        Level::Officer => Who::Officer(code),
    });
    match who {
        None => 0,
        Some(Who::Agency(code)) => cells.unit(code, bit),
        Some(Who::Officer(code)) => cells.officer(code, bit),
    }
}

fn outcome(objection: &Objection, words: Words) -> (&'static str, String) {
    let key = match (objection.outcome, objection.first()) {
        (Some(true), _) => "accepted",
        (Some(false), _) => "rejected",
        (None, Some(_)) => "second",
        (None, None) => "open",
    };
    (key, words.t(&format!("objection_state.{key}")).to_owned())
}
