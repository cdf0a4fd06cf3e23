//! Alerts: what needs somebody, for which unit, taken on and put off by plain forms.
//!
//! Every alert links to what it is about. Not here: what an alert is (`alerts`), the API (`alerting`).

use alerts::{About, Alert, Severity, State as Standing};
use askama::Template;
use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use compute::calendar::Calendar;
use compute::instant::Instant;
use compute::period::{Kind, Period};
use serde::Deserialize;

use super::super::Server;
use super::super::access::scope::{Pass, Scope, What};
use super::super::alerting::{self, Act, Filter, PAGE, Shown, Units, asking};
use super::super::problem::Problem;
use super::forms;
use super::links::{Link, Place};
use super::shell::{Choice, Shell};
use super::words::Words;
use super::{Made, Trouble, code_of, html, restored};

/// Working days a snooze may be chosen to last, besides until the next opening.
const SNOOZE_DAYS: [u64; 2] = [3, 10];

#[derive(Template)]
#[template(path = "alerts.html")]
struct AlertsPage {
    shell: Shell,
    count: usize,
    /// Nobody signed in: whoever acts says who they are.
    asks_who: bool,
    count_text: String,
    notes: Vec<String>,
    states: Vec<Choice>,
    rules: Vec<Choice>,
    units: Vec<Choice>,
    kept: Vec<(&'static str, String)>,
    until: Vec<(String, String)>,
    rows: Vec<Row>,
    pages: Vec<Link>,
}

/// An alert in words.
struct Row {
    id: String,
    severity: &'static str,
    severity_text: String,
    rule: String,
    subject: Link,
    unit: Link,
    since: String,
    due: String,
    state: &'static str,
    state_text: String,
    detail: String,
    is_open: bool,
}

/// What the address of the page asks for.
#[derive(Clone, Default, Debug, Deserialize)]
pub(super) struct Chosen {
    unit: Option<String>,
    state: Option<String>,
    rule: Option<String>,
    from: Option<usize>,
    lang: Option<String>,
}

impl Chosen {
    fn words(&self) -> Words {
        Words::of(self.lang.as_deref())
    }

    fn place(&self) -> Place {
        let place = Place::new("/canh-bao", None, None, self.words());
        place
            .with("unit", self.unit.as_deref())
            .with("state", self.state.as_deref())
            .with("rule", self.rule.as_deref())
    }

    /// The page with the same choices.
    fn address(&self) -> String {
        self.place().in_words(self.words())
    }
}

type Asked = Result<Query<Chosen>, QueryRejection>;

/// `GET /canh-bao`.
pub(super) async fn page(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    asked: Asked,
) -> Made {
    let chosen = chosen(asked)?;
    let words = chosen.words();
    let page = make(&server, asking(scope), &chosen).await.map_err(|problem| Trouble { problem, words })?;
    Ok(html(&page))
}

fn chosen(asked: Asked) -> Result<Chosen, Trouble> {
    asked.map(|Query(chosen)| chosen).map_err(|_| {
        let problem =
            Problem::malformed("query", "there are unit, state, rule, lang, and from, a whole number");
        Trouble { problem, words: Words::default() }
    })
}

/// What a form of the page sends.
#[derive(Clone, Debug, Deserialize)]
struct Form {
    #[serde(default)]
    by: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    until: String,
    unit: Option<String>,
    state: Option<String>,
    rule: Option<String>,
    lang: Option<String>,
}

impl Form {
    fn act(&self) -> Act {
        Act { by: self.by.clone(), reason: self.reason.clone(), until: self.until.clone() }
    }

    fn chosen(&self) -> Chosen {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (unit, state, rule) = (given(&self.unit), given(&self.state), given(&self.rule));
        Chosen { unit, state, rule, from: None, lang: given(&self.lang) }
    }
}

/// `POST /canh-bao/{id}/nhan`: somebody takes an alert on.
pub(super) async fn acknowledge(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Made {
    let form = forms::read::<Form>(&body).map_err(|problem| Trouble { problem, words: Words::default() })?;
    let words = form.chosen().words();
    let trouble = |problem| Trouble { problem, words };
    let id = code_of(id).map_err(trouble)?;
    alerting::take_on(&server, asking(scope), id, &form.act()).await.map_err(trouble)?;
    Ok(Redirect::to(&form.chosen().address()).into_response())
}

/// `POST /canh-bao/{id}/hoan`: somebody puts an alert off.
pub(super) async fn snooze(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Made {
    let form = forms::read::<Form>(&body).map_err(|problem| Trouble { problem, words: Words::default() })?;
    let words = form.chosen().words();
    let trouble = |problem| Trouble { problem, words };
    let id = code_of(id).map_err(trouble)?;
    let until = Instant::parse(&form.until)
        .ok_or_else(|| Problem::malformed("until", "choose until when"))
        .map_err(trouble)?;
    alerting::put_off(&server, asking(scope), id, &form.act(), until).await.map_err(trouble)?;
    Ok(Redirect::to(&form.chosen().address()).into_response())
}

async fn make(server: &Server, scope: Scope, chosen: &Chosen) -> Result<AlertsPage, Problem> {
    restored(server)?;
    let (words, snapshot) = (chosen.words(), server.live.snapshot());
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (unit, state, rule) = (given(&chosen.unit), given(&chosen.state), given(&chosen.rule));
    let from = chosen.from.unwrap_or(0);
    let asks_who = !matches!(scope.pass, Pass::Token(_) | Pass::Session(_));
    let filter =
        Filter { unit: unit.clone(), state: state.clone(), rule: rule.clone(), from, scope: scope.clone() };
    let alerting = alerting::of(server)?;
    let shown = alerting.shown(&server.live, filter).await?;
    let health = alerting::told(alerting).await?;
    let units = Units::of(&snapshot);
    let place = chosen.place();
    let mut shell = Shell::bare(words, words.t("alerts"));
    shell.languages = super::shell::languages(&place, words);
    shell.as_of = words.fill("as_of", &[("as_of", &words.moment(snapshot.as_of))]);
    let count = words.number(shown.count as u64);
    let rows = shown.alerts.iter().map(|alert| row(alert, &shown, &units, words, &place));
    let month = Period::containing(snapshot.as_of, Kind::Month);
    let known = snapshot.period(month).map_or(&[][..], |period| period.frame.units());
    let unit_choices = {
        let codes = snapshot.codes.names();
        let choice = |code: String| {
            let (vi, en) = alerts::Names::unit(&units, &code);
            let is_chosen = unit.as_deref() == Some(code.as_str());
            Choice { text: words.one_of(&vi, &en).to_owned(), value: code, is_chosen }
        };
        let theirs = known.iter().map(|unit| codes.text(unit.code).to_owned());
        theirs.filter(|code| scope.may(What::Unit(code), &snapshot)).map(choice).collect()
    };
    Ok(AlertsPage {
        count: shown.count,
        asks_who,
        count_text: words.fill("entries", &[("count", &count)]),
        notes: notes(&health, words),
        states: states(state.as_deref(), words),
        rules: rules(&shown, rule.as_deref(), words),
        units: unit_choices,
        kept: place.kept(),
        until: until(server.live.now(), &server.live.calendar(), words),
        rows: rows.collect(),
        pages: pages(&place, chosen, shown.count, words),
        shell,
    })
}

/// What somebody who reads the page must know about messages.
fn notes(health: &serde_json::Value, words: Words) -> Vec<String> {
    let mut notes = Vec::new();
    if health["is_looking"] == true {
        notes.push(words.t("alerts_looking").to_owned());
    }
    if !health["trouble"].is_null() {
        notes.push(words.t("alerts_not_kept").to_owned());
    }
    for channel in health["channels"].as_array().into_iter().flatten() {
        let name = channel["channel"].as_str().unwrap_or_default();
        if channel["is_dead"] == true {
            notes.push(words.fill("alerts_dead", &[("channel", name)]));
        }
        if let Some(folded) = channel["folded"].as_u64().filter(|folded| *folded > 0) {
            notes.push(words.fill("alerts_folded", &[("channel", name), ("count", &words.number(folded))]));
        }
    }
    notes
}

fn states(chosen: Option<&str>, words: Words) -> Vec<Choice> {
    ["open", "firing", "acknowledged", "snoozed", "resolved", "all"]
        .map(|state| Choice {
            value: state.to_owned(),
            text: words.t(&format!("alert_state.{state}")).to_owned(),
            is_chosen: chosen.unwrap_or("open") == state,
        })
        .to_vec()
}

fn rules(shown: &Shown, chosen: Option<&str>, words: Words) -> Vec<Choice> {
    let choice = |(id, vi, en, _): &(String, String, String, Severity)| Choice {
        value: id.clone(),
        text: words.one_of(vi, en).to_owned(),
        is_chosen: chosen == Some(id),
    };
    shown.rules.iter().map(choice).collect()
}

/// Instants a snooze may last until, with words.
fn until(now: Instant, calendar: &Calendar, words: Words) -> Vec<(String, String)> {
    let opening = calendar.next_opening(now);
    let mut choices: Vec<Instant> = opening.into_iter().collect();
    choices.extend(SNOOZE_DAYS.iter().filter_map(|days| {
        let day = calendar.working_day_after(now.day(), *days)?;
        calendar.next_opening(day.start())
    }));
    choices.into_iter().map(|at| (at.to_local(), words.moment(at))).collect()
}

fn pages(place: &Place, chosen: &Chosen, count: usize, words: Words) -> Vec<Link> {
    let from = chosen.from.unwrap_or(0);
    let to = |from: usize| {
        let from = from.to_string();
        let own = [("unit", &chosen.unit), ("state", &chosen.state), ("rule", &chosen.rule)];
        let own = own.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let asked: Vec<(&str, &str)> = own.chain([("from", from.as_str())]).collect();
        place.to("/canh-bao", &asked)
    };
    let mut pages = Vec::new();
    if from > 0 {
        pages.push(Link::new(to(from.saturating_sub(PAGE)), words.t("previous")));
    }
    if from.saturating_add(PAGE) < count {
        pages.push(Link::new(to(from + PAGE), words.t("next")));
    }
    pages
}

fn row(alert: &Alert, shown: &Shown, units: &Units, words: Words, place: &Place) -> Row {
    let rule = shown.rules.iter().find(|(id, ..)| *id == alert.key.rule);
    let severity = rule.map_or(Severity::Info, |(.., severity)| *severity);
    let subject = &alert.key.subject;
    let subject_href = match alert.about {
        About::Dossier => place.to_code("/ho-so", subject),
        About::Officer => place.to_code("/can-bo", subject),
        About::Unit => place.to_code("/don-vi", &alert.unit),
        About::Petition => place.to("/danh-sach", &[("unit", &alert.unit), ("count", "petitions_open")]),
        About::Source => place.to("/van-hanh", &[]),
    };
    let (vi, en) = alerts::Names::unit(units, &alert.unit);
    let detail = match &alert.state {
        Standing::Acknowledged { at, by } => {
            words.fill("alert_by", &[("by", by), ("at", &words.moment(*at))])
        }
        Standing::Snoozed { until, by, reason } => {
            words.fill("alert_until", &[("by", by), ("at", &words.moment(*until)), ("reason", reason)])
        }
        Standing::Resolved { at } => words.moment(*at),
        Standing::Firing if alert.is_history => words.t("alert_history").to_owned(),
        Standing::Firing if alert.step > 0 => {
            words.t(&format!("alert_step.{}", alert.step.min(2))).to_owned()
        }
        Standing::Firing | Standing::Pending { .. } => String::new(),
    };
    Row {
        id: alert.id(),
        severity: severity.name(),
        severity_text: words.t(&format!("severity.{}", severity.name())).to_owned(),
        rule: rule.map_or_else(|| alert.key.rule.clone(), |(_, vi, en, _)| words.one_of(vi, en).to_owned()),
        subject: Link::new(subject_href, subject.clone()),
        unit: Link::new(place.to_code("/don-vi", &alert.unit), words.one_of(&vi, &en)),
        since: words.moment(alert.since),
        due: words.moment_or(alert.due),
        state: alert.state.name(),
        state_text: words.t(&format!("alert_state.{}", alert.state.name())).to_owned(),
        detail,
        is_open: alert.state.is_open(),
    }
}
