//! Reconciliation: the portal's figures beside ours, the class of every gap, and the dossiers behind it.
//!
//! Every number that differs links to its dossiers. Not here: comparing (`reconciling`), the API.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use compute::engine::{Difference, Part};
use compute::reconciliation::{Gap, Moved};
use serde::Deserialize;

use super::super::Server;
use super::super::access::scope::{Scope, What};
use super::super::alerting::asking;
use super::super::problem::Problem;
use super::super::reconciling::{self, Counted, Question};
use super::links::{Link, Place};
use super::shell::{Choice, Shell, languages};
use super::words::Words;
use super::{Made, Trouble, html, restored};
use crate::portal::Behind;

/// Rows of a page.
const PAGE: usize = 100;

#[derive(Template)]
#[template(path = "reconciliation.html")]
struct ReconciliationPage {
    shell: Shell,
    imports: Vec<Choice>,
    units: Vec<Choice>,
    classes: Vec<Choice>,
    snapshots: Vec<Choice>,
    is_chosen: bool,
    may_bring: bool,
    notes: Vec<String>,
    summary: Vec<(String, String)>,
    again: String,
    count: usize,
    count_text: String,
    rows: Vec<Row>,
    pages: Vec<Link>,
}

/// A gap in words.
struct Row {
    unit: Link,
    indicator: String,
    code: String,
    ours: Counts,
    theirs: Counts,
    classes: Vec<(&'static str, String)>,
    moved: Vec<Cause>,
    left: String,
}

struct Counts {
    counts: String,
    points: String,
}

/// What one class moves, with the lists behind it.
struct Cause {
    text: String,
    parts: Vec<Link>,
}

#[derive(Template)]
#[template(path = "portal_dossiers.html")]
struct DifferingPage {
    shell: Shell,
    heading: String,
    count: usize,
    count_text: String,
    sum: String,
    rows: Vec<Differing>,
    pages: Vec<Link>,
}

struct Differing {
    dossier: Link,
    turns: Vec<TurnShown>,
}

/// One class of a dossier's differences.
struct TurnShown {
    class: String,
    moved: String,
    /// Name, ours, theirs.
    facts: Vec<[String; 3]>,
}

/// What the addresses of both pages ask for.
#[derive(Clone, Default, Debug, Deserialize)]
pub(super) struct Chosen {
    import: Option<String>,
    set: Option<String>,
    snapshot: Option<String>,
    period: Option<String>,
    unit: Option<String>,
    class: Option<String>,
    indicator: Option<String>,
    part: Option<String>,
    from: Option<usize>,
    anew: Option<String>,
    lang: Option<String>,
}

impl Chosen {
    fn words(&self) -> Words {
        Words::of(self.lang.as_deref())
    }

    fn question(&self) -> Question {
        // A choice of snapshot names its period too.
        let chosen = self.snapshot.as_deref().and_then(|chosen| chosen.split_once(' '));
        let (period, snapshot) = match chosen {
            Some((period, snapshot)) => (Some(period.to_owned()), Some(snapshot.to_owned())),
            None => (self.period.clone(), self.snapshot.clone()),
        };
        Question {
            set: self.set.clone(),
            period,
            snapshot,
            unit: self.unit.clone(),
            indicator: self.indicator.clone(),
            part: self.part.clone(),
            class: self.class.clone(),
            anew: self.anew.clone(),
        }
    }

    fn place(&self, path: &str) -> Place {
        let place = Place::new(path, None, None, self.words()).with("import", self.import.as_deref());
        let place = place.with("snapshot", self.snapshot.as_deref()).with("unit", self.unit.as_deref());
        place
            .with("class", self.class.as_deref())
            .with("indicator", self.indicator.as_deref())
            .with("part", self.part.as_deref())
    }

    /// The address of a list behind a gap, or of a page of this one.
    fn to(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut asked: Vec<(&str, &str)> = more.to_vec();
        let own = [("import", &self.import), ("snapshot", &self.snapshot)];
        asked.extend(own.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
        Place::new(path, None, None, self.words()).to(path, &asked)
    }
}

type Asked = Result<Query<Chosen>, QueryRejection>;

fn chosen(asked: Asked) -> Result<Chosen, Trouble> {
    asked.map(|Query(chosen)| chosen).map_err(|_| {
        let problem = Problem::malformed("query", "give each parameter once, as UTF-8");
        Trouble { problem, words: Words::default() }
    })
}

/// `GET /doi-soat`.
pub(super) async fn page(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    asked: Asked,
) -> Made {
    let chosen = chosen(asked)?;
    let words = chosen.words();
    let page = make(&server, &asking(scope), &chosen).await.map_err(|problem| Trouble { problem, words })?;
    Ok(html(&page))
}

async fn make(server: &Server, scope: &Scope, chosen: &Chosen) -> Result<ReconciliationPage, Problem> {
    restored(server)?;
    let words = chosen.words();
    // Where nothing can be compared the page says what would be needed.
    let imports = match reconciling::of(server) {
        Ok(reconciling) => reconciling.imports()?,
        Err(_) => Vec::new(),
    };
    let mut shell = Shell::bare(words, words.t("reconciliation"));
    shell.languages = languages(&chosen.place("/doi-soat"), words);
    let import = chosen.import.clone().filter(|name| !name.is_empty());
    let mut page = ReconciliationPage {
        imports: imports
            .iter()
            .map(|known| Choice {
                value: known.name.clone(),
                text: known.name.clone(),
                is_chosen: import.as_deref() == Some(known.name.as_str()),
            })
            .collect(),
        units: Vec::new(),
        classes: classes(chosen, words),
        snapshots: Vec::new(),
        is_chosen: import.is_some(),
        may_bring: server.reconciling.is_some() && reconciling::may_import(scope),
        notes: Vec::new(),
        summary: Vec::new(),
        again: String::new(),
        count: 0,
        count_text: String::new(),
        rows: Vec::new(),
        pages: Vec::new(),
        shell,
    };
    let Some(import) = import else {
        if server.reconciling.is_none() {
            page.notes.push(words.t("reconcile_elsewhere").to_owned());
        } else if imports.is_empty() {
            page.notes.push(words.t("reconcile_no_import").to_owned());
        }
        return Ok(page);
    };
    let asked = reconciling::choose(import, &chosen.question())?;
    let counted = reconciling::of(server)?.counted(asked, chosen.anew.is_some()).await?;
    let snapshot = server.live.snapshot();
    let shown = counted.compared.gaps.rows.iter();
    let shown: Vec<&Gap> = shown.filter(|gap| scope.may(What::DossiersOf(&gap.unit), &snapshot)).collect();
    fill(&mut page, chosen, &counted, &shown);
    Ok(page)
}

/// What was found, for who asks.
fn fill(page: &mut ReconciliationPage, chosen: &Chosen, counted: &Counted, shown: &[&Gap]) {
    let (words, compared) = (chosen.words(), &counted.compared);
    let mut units: Vec<(&str, &str)> =
        shown.iter().map(|gap| (gap.unit.as_str(), gap.name.as_str())).collect();
    units.sort_unstable();
    units.dedup();
    page.units = units
        .into_iter()
        .map(|(code, name)| Choice {
            value: code.to_owned(),
            text: format!("{name} ({code})"),
            is_chosen: chosen.unit.as_deref() == Some(code),
        })
        .collect();
    page.snapshots = counted
        .held
        .iter()
        .map(|(period, at)| Choice {
            value: format!("{period} {}", at.to_local()),
            text: format!("{} · {}", words.period(*period), words.moment(*at)),
            is_chosen: (*period, *at) == (compared.publication.period, compared.publication.snapshot),
        })
        .collect();
    let evidence = if compared.reconciled.has_list { "reconcile_by_list" } else { "reconcile_by_log" };
    page.notes.push(words.t(evidence).to_owned());
    if !compared.reconciled.has_list && !compared.reconciled.tells_progress {
        page.notes.push(words.t("reconcile_no_progress").to_owned());
    }
    if !compared.gaps.unmatched.is_empty() {
        let count = words.number(compared.gaps.unmatched.len() as u64);
        page.notes.push(words.fill("reconcile_unmatched", &[("count", &count)]));
    }
    page.shell.as_of = words.fill("as_of", &[("as_of", &words.moment(compared.as_of()))]);
    let number = |count: usize| words.number(count as u64);
    // What does not occur is left out, but that nothing is unexplained is worth a line.
    page.summary = class_names()
        .map(|class| (class, shown.iter().filter(|gap| has(gap, class)).count()))
        .filter(|(class, rows)| *rows > 0 || *class == "unexplained")
        .map(|(class, rows)| (words.t(&format!("gap.{class}")).to_owned(), number(rows)))
        .collect();
    let agreeing = shown.iter().filter(|gap| gap.classes.is_empty()).count();
    page.summary.push((words.t("gap.none").to_owned(), number(agreeing)));
    page.again = chosen.to("/doi-soat", &[("anew", "1")]);
    let is_wanted = |gap: &&&Gap| {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let is_unit = given(&chosen.unit).is_none_or(|unit| unit == gap.unit);
        let is_class = match given(&chosen.class).as_deref() {
            None => !gap.classes.is_empty(),
            Some("all") => true,
            Some(class) => has(gap, class),
        };
        is_unit && is_class
    };
    let wanted: Vec<&&Gap> = shown.iter().filter(is_wanted).collect();
    let from = chosen.from.unwrap_or(0);
    page.count = wanted.len();
    page.count_text = words.fill("reconcile_count", &[("count", &number(wanted.len()))]);
    page.rows = wanted.iter().skip(from).take(PAGE).map(|gap| row(gap, chosen, counted)).collect();
    page.pages = pages(from, wanted.len(), words, |from| {
        let own = [("unit", &chosen.unit), ("class", &chosen.class)];
        let own = own.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        chosen.to("/doi-soat", &own.chain([("from", from)]).collect::<Vec<_>>())
    });
}

/// Whether a gap is of the class of this name.
fn has(gap: &Gap, class: &str) -> bool {
    gap.classes.iter().any(|known| known.name() == class)
}

fn class_names() -> impl Iterator<Item = &'static str> {
    Difference::ALL.into_iter().map(Difference::name).chain(["unexplained"])
}

fn classes(chosen: &Chosen, words: Words) -> Vec<Choice> {
    let of = |value: &str| Choice {
        value: value.to_owned(),
        text: words.t(&format!("gap.{}", if value.is_empty() { "differing" } else { value })).to_owned(),
        is_chosen: chosen.class.as_deref().unwrap_or_default() == value,
    };
    [""].into_iter().chain(class_names()).chain(["all"]).map(of).collect()
}

fn pages(from: usize, count: usize, words: Words, to: impl Fn(&str) -> String) -> Vec<Link> {
    let mut pages = Vec::new();
    if from > 0 {
        pages.push(Link::new(to(&from.saturating_sub(PAGE).to_string()), words.t("previous")));
    }
    if from.saturating_add(PAGE) < count {
        pages.push(Link::new(to(&(from + PAGE).to_string()), words.t("next")));
    }
    pages
}

fn signed(number: i64, words: Words) -> String {
    let sign = if number < 0 { "−" } else { "+" };
    format!("{sign}{}", words.number(number.unsigned_abs()))
}

fn row(gap: &Gap, chosen: &Chosen, counted: &Counted) -> Row {
    let words = chosen.words();
    let indicator = &counted.compared.set().indicators[gap.indicator].file;
    let title = words.one_of(&indicator.words.vi.title, &indicator.words.en.title);
    let counts = |numerator: Option<u64>, denominator: Option<u64>| {
        let one = |count: Option<u64>| count.map_or("–".to_owned(), |count| words.number(count));
        format!("{} / {}", one(numerator), one(denominator))
    };
    let cause = |(kind, moved): &(Difference, Moved)| {
        let link = |part: Part, by: i64| {
            let (value, text) = match part {
                Part::Numerator => ("num", words.t("numerator")),
                _ => ("den", words.t("denominator")),
            };
            let asked = [
                ("unit", gap.unit.as_str()),
                ("indicator", indicator.code.as_str()),
                ("part", value),
                ("class", kind.name()),
            ];
            Link::new(chosen.to("/doi-soat/ho-so", &asked), format!("{text} {}", signed(by, words)))
        };
        let parts = [(Part::Numerator, moved.numerator), (Part::Denominator, moved.denominator)];
        let parts = parts.into_iter().filter(|(_, by)| *by != 0).map(|(part, by)| link(part, by));
        Cause { text: words.t(&format!("gap.{}", kind.name())).to_owned(), parts: parts.collect() }
    };
    let left = gap.left.filter(|left| !left.is_nothing());
    Row {
        unit: Link::new(
            Place::new("", None, None, words).to_code("/don-vi", &gap.unit),
            if gap.name.is_empty() { gap.unit.clone() } else { gap.name.clone() },
        ),
        indicator: title.to_owned(),
        code: indicator.code.clone(),
        ours: Counts {
            counts: counts(Some(gap.ours.numerator), Some(gap.ours.denominator)),
            points: words.points(gap.ours.points),
        },
        theirs: Counts {
            counts: counts(gap.theirs.numerator, gap.theirs.denominator),
            points: gap.theirs.points.map_or("–".to_owned(), |points| words.points(points)),
        },
        classes: gap
            .classes
            .iter()
            .map(|class| (class.name(), words.t(&format!("gap.{}", class.name())).to_owned()))
            .collect(),
        moved: gap.moved.iter().map(cause).collect(),
        left: left.map_or_else(String::new, |left| {
            let by = [("numerator", left.numerator), ("denominator", left.denominator)];
            let by = by.iter().filter(|(_, by)| *by != 0);
            let by = by.map(|(part, by)| format!("{} {}", words.t(part), signed(*by, words)));
            by.collect::<Vec<_>>().join(", ")
        }),
    }
}

/// `GET /doi-soat/ho-so`.
pub(super) async fn dossiers(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    asked: Asked,
) -> Made {
    let chosen = chosen(asked)?;
    let words = chosen.words();
    let page =
        listed(&server, &asking(scope), &chosen).await.map_err(|problem| Trouble { problem, words })?;
    Ok(html(&page))
}

async fn listed(server: &Server, scope: &Scope, chosen: &Chosen) -> Result<DifferingPage, Problem> {
    restored(server)?;
    let words = chosen.words();
    let question = chosen.question();
    let asked = reconciling::choose(chosen.import.clone().unwrap_or_default(), &question)?;
    let counted = reconciling::of(server)?.counted(asked, false).await?;
    let snapshot = server.live.snapshot();
    let (unit, indicator, part, class) = reconciling::part_of(&counted, &question, scope, &snapshot)?;
    let behind = counted.compared.behind(&unit, indicator, part, class);
    let title = words.one_of(&indicator.file.words.vi.title, &indicator.file.words.en.title);
    let name = class.map_or("differing", Difference::name);
    let heading = format!("{} {title} – {unit}: {}", indicator.file.code, words.t(&format!("gap.{name}")));
    let mut shell = Shell::bare(words, words.t("reconcile_gaps"));
    shell.languages = languages(&chosen.place("/doi-soat/ho-so"), words);
    shell.crumbs = vec![Link::new(chosen.to("/doi-soat", &[]), words.t("reconciliation"))];
    shell.as_of = words.fill("as_of", &[("as_of", &words.moment(counted.compared.as_of()))]);
    let sum: i64 = behind.iter().flat_map(|one| &one.turns).map(|(_, moved)| moved).sum();
    let from = chosen.from.unwrap_or(0);
    let count = words.number(behind.len() as u64);
    let pages = pages(from, behind.len(), words, |from| {
        let own = [
            ("unit", &chosen.unit),
            ("indicator", &chosen.indicator),
            ("part", &chosen.part),
            ("class", &chosen.class),
        ];
        let own = own.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        chosen.to("/doi-soat/ho-so", &own.chain([("from", from)]).collect::<Vec<_>>())
    });
    Ok(DifferingPage {
        heading,
        count: behind.len(),
        count_text: words.fill("entries", &[("count", &count)]),
        sum: words.fill("reconcile_sum", &[("sum", &signed(sum, words))]),
        rows: behind.iter().skip(from).take(PAGE).map(|one| differing(one, words)).collect(),
        pages,
        shell,
    })
}

fn differing(one: &Behind<'_>, words: Words) -> Differing {
    let code = &one.dossier.dossier;
    let value = |text: &str| {
        let at = compute::instant::Instant::parse(text);
        at.map_or_else(
            || if text.is_empty() { "–".to_owned() } else { text.to_owned() },
            |at| words.moment(at),
        )
    };
    let turns = one.turns.iter().map(|(turn, moved)| {
        let facts = turn.said.iter().map(|said| {
            [words.t(&format!("fact.{}", said.fact)).to_owned(), value(&said.ours), value(&said.theirs)]
        });
        let class = words.t(&format!("gap.{}", turn.difference.name())).to_owned();
        TurnShown { class, moved: signed(*moved, words), facts: facts.collect() }
    });
    Differing {
        dossier: Link::new(Place::new("", None, None, words).to_code("/ho-so", code), code.clone()),
        turns: turns.collect(),
    }
}
