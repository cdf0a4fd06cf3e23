//! `/api/v1/reconciliations`: imports, gaps, and the dossiers behind a gap.
//!
//! Who leads the province brings imports; everybody sees the rows of units whose dossiers are theirs to see.

use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::response::Json;
use compute::engine::{Difference, Part, Snapshot};
use compute::figures::Level;
use compute::instant::{Day, Instant};
use compute::period::Period;
use compute::set::Indicator;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Server;
use super::super::access::only_whose_list;
use super::super::access::role::Role;
use super::super::access::scope::{Scope, Units, What};
use super::super::alerting::asking;
use super::super::problem::Problem;
use super::{Asked, Counted, is_name, of};
use crate::portal::view;

/// The set when none is named.
const SET: &str = "portal-2026";

/// What an address asks for beside its path.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Question {
    pub(in crate::serve) set: Option<String>,
    pub(in crate::serve) period: Option<String>,
    pub(in crate::serve) snapshot: Option<String>,
    pub(in crate::serve) unit: Option<String>,
    pub(in crate::serve) indicator: Option<String>,
    pub(in crate::serve) part: Option<String>,
    pub(in crate::serve) class: Option<String>,
    pub(in crate::serve) anew: Option<String>,
}

type Read = Result<Query<Question>, QueryRejection>;

fn read(question: Read) -> Result<Question, Problem> {
    let advice = "there are set, period, snapshot, unit, indicator, part, class and anew";
    question.map(|Query(question)| question).map_err(|_| Problem::malformed("query", advice))
}

fn name(given: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    given.map_err(|_| unnamed()).and_then(|Path(name)| name_of(&name))
}

fn name_of(given: &str) -> Result<String, Problem> {
    if is_name(given) { Ok(given.to_owned()) } else { Err(unnamed()) }
}

fn unnamed() -> Problem {
    Problem::malformed("import", "name an import with a-z, 0-9 and -, at most 64 letters")
}

/// What is to be compared.
pub(in crate::serve) fn choose(import: String, question: &Question) -> Result<Asked, Problem> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let period = given(&question.period).map(|text| {
        Period::parse(&text)
            .ok_or_else(|| Problem::malformed("period", "write 2026-10, 2026-Q4, 2026-H2 or 2026"))
    });
    let snapshot = given(&question.snapshot).map(|text| {
        let at = Instant::parse(&text).or_else(|| Day::parse(&text).map(Day::start));
        at.ok_or_else(|| Problem::malformed("snapshot", "write an instant like 2026-10-10T00:00:00+07:00"))
    });
    if !is_name(&import) {
        return Err(Problem::unknown("import", "there is no such import"));
    }
    let set = given(&question.set).unwrap_or_else(|| SET.to_owned());
    Ok(Asked { import, set, period: period.transpose()?, snapshot: snapshot.transpose()? })
}

/// `GET /api/v1/reconciliations`.
pub(in crate::serve) async fn imports(State(server): State<Server>) -> Result<Json<Value>, Problem> {
    let imports = of(&server)?.imports()?;
    let told =
        imports.iter().map(|import| json!({ "name": import.name, "has_dossiers": import.has_dossiers }));
    Ok(Json(json!({ "imports": told.collect::<Vec<_>>() })))
}

/// `GET /api/v1/reconciliations/{name}`.
pub(in crate::serve) async fn gaps(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    import: Result<Path<String>, PathRejection>,
    question: Read,
) -> Result<Json<Value>, Problem> {
    let (question, scope) = (read(question)?, asking(scope));
    let asked = choose(name(import)?, &question)?;
    let counted = of(&server)?.counted(asked, question.anew.is_some()).await?;
    let snapshot = server.live.snapshot();
    let is_asked =
        |unit: &str| question.unit.as_deref().is_none_or(|asked| asked.is_empty() || asked == unit);
    let is_shown = |unit: &str| is_asked(unit) && scope.may(What::DossiersOf(unit), &snapshot);
    let mut told = view::json(&counted.compared, is_shown);
    told["offset"] = json!(counted.offset);
    told["counted_at"] = json!(counted.at.to_local());
    Ok(Json(told))
}

/// The unit, indicator, part and class that a list is of, and that the unit's dossiers are theirs to see.
pub(in crate::serve) fn part_of<'c>(
    counted: &'c Counted,
    question: &Question,
    scope: &Scope,
    snapshot: &Snapshot,
) -> Result<(String, &'c Indicator, Part, Option<Difference>), Problem> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let unit = given(&question.unit).ok_or_else(|| Problem::malformed("unit", "name a unit"))?;
    only_whose_list(scope, &unit, Level::Agency, snapshot)?;
    let set = counted.compared.set();
    let code = given(&question.indicator).unwrap_or_default();
    let indicator = set.position(&code).map(|place| &set.indicators[place]);
    let indicator = indicator.or_else(|| set.by_portal_code(&code));
    let indicator =
        indicator.ok_or_else(|| Problem::unknown("indicator", "/api/v1/indicators lists them"))?;
    let part = match question.part.as_deref() {
        Some("num") => Part::Numerator,
        Some("den") => Part::Denominator,
        _ => return Err(Problem::malformed("part", "write num or den")),
    };
    let class = given(&question.class).map(|class| {
        let found = Difference::ALL.into_iter().find(|kind| kind.name() == class);
        let known = Difference::ALL.map(Difference::name).join(", ");
        found.ok_or_else(|| Problem::malformed("class", format!("there are {known}")))
    });
    Ok((unit, indicator, part, class.transpose()?))
}

/// `GET /api/v1/reconciliations/{name}/dossiers`.
pub(in crate::serve) async fn list(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    import: Result<Path<String>, PathRejection>,
    question: Read,
) -> Result<Json<Value>, Problem> {
    let (question, scope) = (read(question)?, asking(scope));
    let asked = choose(name(import)?, &question)?;
    let counted = of(&server)?.counted(asked, false).await?;
    let snapshot = server.live.snapshot();
    let (unit, indicator, part, class) = part_of(&counted, &question, &scope, &snapshot)?;
    let behind = counted.compared.behind(&unit, indicator, part, class);
    Ok(Json(view::behind(&behind, part)))
}

/// Only who leads the province brings what all are measured by.
pub(in crate::serve) fn may_import(scope: &Scope) -> bool {
    scope.role == Role::Leader && scope.units == Units::All
}

/// Only who leads the province brings what the portal published.
pub(in crate::serve) fn may_import_by(scope: &Scope) -> Result<(), Problem> {
    if may_import(scope) {
        return Ok(());
    }
    Err(Problem::Forbidden("only who leads the province imports what the portal published".to_owned()))
}

/// Which file of an import.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::serve) enum Brought {
    /// What the portal published.
    Published,
    /// Its list of dossiers.
    Dossiers,
}

/// Keeps a file of an import; how many rows it has.
pub(in crate::serve) async fn keep(
    server: &Server,
    scope: &Scope,
    (name, what, body): (String, Brought, Bytes),
) -> Result<usize, Problem> {
    may_import_by(scope)?;
    let (name, reconciling) = (name_of(&name)?, of(server)?.clone());
    let keeping = tokio::task::spawn_blocking(move || match what {
        Brought::Published => reconciling.keep_published(&name, &body),
        Brought::Dossiers => reconciling.keep_dossiers(&name, &body),
    });
    keeping.await.map_err(|_| Problem::NotReadable("reading the file stopped".to_owned()))?
}

async fn add(
    server: &Server,
    scope: Option<Extension<Scope>>,
    (import, what, body): (Result<Path<String>, PathRejection>, Brought, Bytes),
) -> Result<Json<Value>, Problem> {
    let (scope, name) = (asking(scope), name(import)?);
    let rows = keep(server, &scope, (name.clone(), what, body)).await?;
    Ok(Json(json!({ "import": name, "rows": rows })))
}

/// `POST /api/v1/reconciliations/{name}`.
pub(in crate::serve) async fn add_published(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    import: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    add(&server, scope, (import, Brought::Published, body)).await
}

/// `POST /api/v1/reconciliations/{name}/dossiers`.
pub(in crate::serve) async fn add_list(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    import: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    add(&server, scope, (import, Brought::Dossiers, body)).await
}
