//! `/api/v1/editions`: which there are, what one says, and every act.
//!
//! Whoever sees a part sees their own subtree of it, and nothing of anybody else's objections. Not here: pages.

use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Json, Response};
use compute::engine::Snapshot;
use compute::figures::Level;
use compute::instant::Instant;
use editions::case::Objection;
use editions::difference::{Difference, FigureChange, Values};
use editions::seal::Sealed;
use serde::Deserialize;
use serde_json::{Value, json};

use super::acts::{self, Asking, Deciding, Objecting, leads, sees_whole};
use super::later::{Later, later};
use super::views::View;
use super::{Entry, of};
use crate::serve::Server;
use crate::serve::access;
use crate::serve::access::scope::{Scope, What};
use crate::serve::alerting::asking;
use crate::serve::problem::Problem;
use crate::view;

/// Bytes of a request.
const BODY_BYTES_MAX: usize = 8 << 10;

/// What somebody asks to be done.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    by: String,
    period: String,
    reason: String,
    objections_until: String,
    unit: String,
    dossier: String,
    text: String,
    objection: usize,
    accepted: Option<bool>,
    why: String,
    names_officers: bool,
}

fn read(body: &Bytes) -> Result<Asked, Problem> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Problem::TooLarge { bytes_max: BODY_BYTES_MAX });
    }
    serde_json::from_slice(body)
        .map_err(|error| Problem::malformed("body", format!("send JSON as /openapi.json says: {error}")))
}

fn id_of(id: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    id.map(|Path(id)| id).map_err(|_| Problem::malformed("edition", "write 2026-10 or 2026-10.2"))
}

/// Goes on only if somebody sees all of an edition.
pub(super) fn only_whole(scope: &Scope) -> Result<(), Problem> {
    if sees_whole(scope) {
        return Ok(());
    }
    Err(Problem::Forbidden("the whole of an edition is for the province's leader and auditors".to_owned()))
}

/// `GET /api/v1/editions`.
pub(in crate::serve) async fn list(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
) -> Result<Json<Value>, Problem> {
    let (editions, now, scope) = (of(&server)?, server.live.now(), asking(scope));
    let told = editions.all().await.into_iter().map(|(id, known)| match known {
        Ok(entry) => {
            let mut told = told(&id, &entry);
            let theirs =
                entry.case.objections.iter().filter(|one| is_theirs(&scope, one, &server.live.snapshot()));
            told["objections"] = json!(theirs.count());
            told
        }
        Err(why) => json!({ "id": id, "state": "damaged", "trouble": why }),
    });
    let told: Vec<Value> = told.collect();
    let due: Vec<Value> = editions
        .due(&server.live)
        .await
        .iter()
        .map(|due| {
            json!({
                "period": due.period.to_string(), "from": due.from.to_local(),
                "by": due.by.map(Instant::to_local), "is_overdue": due.by.is_some_and(|by| by < now),
            })
        })
        .collect();
    Ok(Json(json!({ "public_key": editions.public_key(), "editions": told, "due": due })))
}

fn told(id: &str, entry: &Entry) -> Value {
    let case = &entry.case;
    json!({
        "id": id, "period": entry.period.to_string(), "number": entry.number, "state": case.stage.name(),
        "objections_until": case.objections_until.to_local(),
        "closed_at": entry.acts.first().map(|done| done.at.clone()),
        "root": case.published.as_ref().map_or(&case.frozen_root, |(root, _)| root),
        "published_at": case.published.as_ref().map(|(_, at)| at.clone()),
    })
}

fn is_theirs(scope: &Scope, objection: &Objection, snapshot: &Snapshot) -> bool {
    scope.may(What::DossiersOf(&objection.unit), snapshot)
}

/// `GET /api/v1/editions/{edition}`.
pub(in crate::serve) async fn show(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Problem> {
    let (id, scope) = (id_of(id)?, asking(scope));
    let view = of(&server)?.view(&id).await?;
    let snapshot = server.live.snapshot();
    let mut answer = told(&id, &view.entry);
    let head = &view.content.head;
    answer["as_of"] = json!(view.content.frozen.as_of.to_local());
    answer["log_offset"] = json!(head.log_offset);
    answer["sets"] = view
        .catalogue
        .sets
        .iter()
        .map(|set| json!({ "id": set.file.id, "version": set.file.version }))
        .collect();
    let theirs = view.entry.case.objections.iter().filter(|one| is_theirs(&scope, one, &snapshot));
    answer["objections"] = theirs.map(objection).collect();
    let may = |unit: &str, level: &str| may_see(&scope, (unit, level), &snapshot);
    answer["recount"] = figures(&view.recount, may);
    answer["units"] = units(&view, |unit| scope.may(What::DossiersOf(unit), &snapshot));
    answer["delayed"] = delayed(&view, &scope, &snapshot);
    Ok(Json(answer))
}

/// Whether somebody may see a figure of an edition that is not public.
fn may_see(scope: &Scope, (unit, level): (&str, &str), snapshot: &Snapshot) -> bool {
    match level {
        "officer" => access::only_whose_list(scope, unit, Level::Officer, snapshot).is_ok(),
        _ => scope.may(What::DossiersOf(unit), snapshot),
    }
}

fn units(view: &View, may: impl Fn(&str) -> bool) -> Value {
    let sets = view.catalogue.sets.iter().map(|set| {
        let mut figures =
            compute::figures::Figures::of(&view.snapshot, &view.snapshot.periods[0], set, Level::Agency);
        figures.units.retain(|unit| may(&unit.code));
        view::scores(&figures, set, &view.catalogue)
    });
    sets.collect()
}

/// The delayed dossiers somebody may see.
fn delayed(view: &View, scope: &Scope, snapshot: &Snapshot) -> Value {
    let chains = &view.content.frozen.chains;
    let listed = view.content.delayed().filter_map(|(subject, delay)| {
        let chain = chains.get(subject.chain as usize)?;
        let is_theirs = chain.iter().any(|unit| scope.may(What::DossiersOf(unit), snapshot));
        is_theirs.then(|| {
            json!({
                "dossier": subject.code, "units": chain, "officer": subject.officer,
                "procedure": subject.procedure, "due": delay.due.map(Instant::to_local),
                "ended_at": delay.ended_at.map(Instant::to_local), "over_seconds": delay.over_seconds,
            })
        })
    });
    listed.collect()
}

fn objection(one: &Objection) -> Value {
    let votes = one
        .votes
        .iter()
        .map(|vote| json!({ "at": vote.at, "by": vote.by, "accepted": vote.is_accepted, "why": vote.why }));
    json!({
        "number": one.number, "at": one.at, "by": one.by, "unit": one.unit, "dossier": one.dossier,
        "reason": one.reason.name(), "text": one.text, "votes": votes.collect::<Vec<_>>(),
        "accepted": one.outcome,
    })
}

fn figures(difference: &Difference, may: impl Fn(&str, &str) -> bool) -> Value {
    let values = |values: &Option<Values>| {
        values.as_ref().map(|(numerator, denominator, ratio, points)| {
            json!({ "numerator": numerator, "denominator": denominator, "ratio": ratio, "points": points })
        })
    };
    let told = |change: &FigureChange| {
        json!({
            "set": change.set, "level": change.level, "unit": change.unit, "indicator": change.indicator,
            "before": values(&change.before), "after": values(&change.after),
        })
    };
    difference.figures.iter().filter(|change| may(&change.unit, change.level)).map(told).collect()
}

/// `POST /api/v1/editions`: closes a period.
pub(in crate::serve) async fn close(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let (asked, scope) = (read(&body)?, asking(scope));
    let who = Asking { scope, by: asked.by };
    let id = acts::close(&server, &who, (&asked.period, &asked.reason, &asked.objections_until)).await?;
    let entry = of(&server)?.entry(&id).await?;
    Ok(Json(told(&id, &entry)))
}

/// `POST /api/v1/editions/{edition}/objections`.
pub(in crate::serve) async fn object(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let (id, asked, scope) = (id_of(id)?, read(&body)?, asking(scope));
    let who = Asking { scope, by: asked.by };
    let Asked { unit, dossier, reason, text, .. } = asked;
    let given = Objecting { unit, dossier, reason, text };
    let number = acts::object(&server, &who, (&id, &given)).await?;
    Ok(Json(json!({ "id": id, "objection": number })))
}

/// `POST /api/v1/editions/{edition}/decisions`.
pub(in crate::serve) async fn decide(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let (id, asked, scope) = (id_of(id)?, read(&body)?, asking(scope));
    let is_accepted = asked.accepted.ok_or_else(|| {
        Problem::malformed("accepted", "say whether the objection is accepted: true or false")
    })?;
    let who = Asking { scope, by: asked.by };
    let given = Deciding { objection: asked.objection, is_accepted, why: asked.why };
    let outcome = acts::decide(&server, &who, (&id, &given)).await?;
    Ok(Json(json!({ "id": id, "objection": asked.objection, "accepted": outcome })))
}

/// `POST /api/v1/editions/{edition}/approval`.
pub(in crate::serve) async fn approve(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let (id, asked, scope) = (id_of(id)?, read(&body)?, asking(scope));
    acts::approve(&server, &Asking { scope, by: asked.by }, (&id, asked.names_officers)).await?;
    let entry = of(&server)?.entry(&id).await?;
    Ok(Json(told(&id, &entry)))
}

/// `POST /api/v1/editions/{edition}/publication`.
pub(in crate::serve) async fn publish(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let (id, asked, scope) = (id_of(id)?, read(&body)?, asking(scope));
    acts::publish(&server, &Asking { scope, by: asked.by }, &id).await?;
    let entry = of(&server)?.entry(&id).await?;
    Ok(Json(told(&id, &entry)))
}

/// `GET /api/v1/editions/{edition}/file`: the sealed file, for `nhip verify-edition`.
pub(in crate::serve) async fn file(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let (id, scope) = (id_of(id)?, asking(scope));
    only_whole(&scope)?;
    let bytes = of(&server)?.sealed(&id).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"nhip-{id}.edition\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// Which row.
#[derive(Clone, Default, Debug, Deserialize)]
pub(in crate::serve) struct RowAsked {
    row: Option<usize>,
}

/// `GET /api/v1/editions/{edition}/proof?row=…`: a line, and the hashes that prove it is among those sealed.
pub(in crate::serve) async fn proof(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Result<Path<String>, PathRejection>,
    asked: Result<Query<RowAsked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let (id, scope) = (id_of(id)?, asking(scope));
    only_whole(&scope)?;
    let Query(asked) = asked.map_err(|_| Problem::malformed("row", "write a whole number"))?;
    let (row, bytes) = (asked.row.unwrap_or(0), of(&server)?.sealed(&id).await?);
    let proven = tokio::task::spawn_blocking(move || {
        let sealed = Sealed::read(&bytes).map_err(|why| Problem::Damaged(why.to_string()))?;
        let line = sealed.lines.get(row).ok_or_else(|| {
            Problem::unknown("row", format!("there are rows 0 to {}", sealed.lines.len().saturating_sub(1)))
        })?;
        Ok::<_, Problem>(json!({
            "id": id, "row": row, "rows": sealed.lines.len(), "line": line, "root": sealed.root,
            "proof": sealed.proof(row),
        }))
    });
    Ok(Json(proven.await.map_err(|_| Problem::Stopped)??))
}

/// `GET /api/v1/editions/{edition}/differences`: what would differ today.
pub(in crate::serve) async fn differences(
    State(server): State<Server>,
    scope: Option<Extension<Scope>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Problem> {
    let (id, scope) = (id_of(id)?, asking(scope));
    only_whole(&scope)?;
    let Later { difference, events, events_note, as_of } = later(&server, &id).await?;
    let causes = difference.causes.iter().map(|cause| {
        let came = events.get(&cause.code).into_iter().flatten();
        let came: Vec<Value> = came.map(|(kind, at)| json!({ "type": kind, "time": at })).collect();
        json!({
            "subject": cause.code, "is_petition": cause.is_petition, "change": cause.change.name(),
            "units": cause.units, "events": came,
        })
    });
    let causes: Vec<Value> = causes.collect();
    Ok(Json(json!({
        "id": id, "as_of": as_of, "count": difference.figures.len(), "figures": figures(&difference, |_, _| true),
        "causes": causes, "events_note": events_note, "may_revise": leads(&scope),
    })))
}
