//! What people do with an edition: object, decide, approve, publish. Who they are is asked here, once.
//!
//! A unit's own people object; the province's leader closes, decides, approves and publishes; auditors read. Every act is
//! durable before it is answered. Not here: what may follow what (`editions::case`).

use std::sync::Arc;

use compute::engine::Snapshot;
use compute::instant::Instant;
use compute::period::Period;
use editions::case::{Act, Done, Person, Reason};
use editions::seal::root_of;

use super::keeping::Part;
use super::views::{View, as_approved};
use super::{Editions, of};
use crate::serve::Server;
use crate::serve::access;
use crate::serve::access::role::Role;
use crate::serve::access::scope::{Pass, Scope, Units, What};
use crate::serve::problem::Problem;

/// Letters of a name or a reason.
const LETTERS_MAX: usize = 500;

/// Who asks for an act: their scope, and the name given where nobody is asked.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Asking {
    pub(in crate::serve) scope: Scope,
    pub(in crate::serve) by: String,
}

/// An objection as it is made.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Objecting {
    pub(in crate::serve) unit: String,
    pub(in crate::serve) dossier: String,
    pub(in crate::serve) reason: String,
    pub(in crate::serve) text: String,
}

/// A decision as it is made.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Deciding {
    pub(in crate::serve) objection: usize,
    pub(in crate::serve) is_accepted: bool,
    pub(in crate::serve) why: String,
}

/// Whether somebody closes, decides, approves and publishes.
pub(in crate::serve) fn leads(scope: &Scope) -> bool {
    scope.role == Role::Leader && scope.units == Units::All
}

/// Whether somebody sees all of an edition.
pub(in crate::serve) fn sees_whole(scope: &Scope) -> bool {
    scope.units == Units::All && matches!(scope.role, Role::Leader | Role::Auditor)
}

/// Whether somebody may object for units they see; whoever reads only may not.
pub(in crate::serve) fn may_object(scope: &Scope) -> bool {
    matches!(scope.role, Role::Leader | Role::AgencyHead | Role::AgencyStaff)
}

/// Whether whoever acts has to say who they are.
pub(in crate::serve) fn asks_who(scope: &Scope) -> bool {
    !matches!(scope.pass, Pass::Token(_) | Pass::Session(_))
}

impl Asking {
    fn name(&self) -> Result<String, Problem> {
        if asks_who(&self.scope) { text("by", &self.by) } else { Ok(self.scope.who.clone()) }
    }

    fn leader(&self) -> Result<String, Problem> {
        if !leads(&self.scope) {
            return Err(Problem::Forbidden(
                "the leader of the whole province closes, decides, approves and publishes".to_owned(),
            ));
        }
        self.name()
    }
}

/// One line of some letters.
fn text(what: &'static str, given: &str) -> Result<String, Problem> {
    let given = given.trim();
    if given.is_empty() || given.chars().count() > LETTERS_MAX || given.chars().any(char::is_control) {
        return Err(Problem::malformed(what, format!("write 1 to {LETTERS_MAX} letters on one line")));
    }
    Ok(given.to_owned())
}

/// Closes a period; the name of its new edition.
pub(in crate::serve) async fn close(
    server: &Server,
    asking: &Asking,
    (period, reason, until): (&str, &str, &str),
) -> Result<String, Problem> {
    let by = asking.leader()?;
    let period = Period::parse(period)
        .ok_or_else(|| Problem::malformed("period", "write 2026-10, 2026-Q4, 2026-H2 or 2026"))?;
    let reason = if reason.trim().is_empty() { None } else { Some(text("reason", reason)?) };
    let until = match until.trim() {
        "" => None,
        given => Some(Instant::parse(given).ok_or_else(|| {
            Problem::malformed("objections_until", "write an instant like 2026-11-06T17:30:00+07:00")
        })?),
    };
    of(server)?.close(&server.live, &by, (period, reason, until)).await
}

/// A unit objects; the number of the objection.
pub(in crate::serve) async fn object(
    server: &Server,
    asking: &Asking,
    (id, given): (&str, &Objecting),
) -> Result<usize, Problem> {
    let by = asking.name()?;
    let snapshot = server.live.snapshot();
    if !may_object(&asking.scope) {
        return Err(Problem::Forbidden("whoever reads only does not object".to_owned()));
    }
    access::only(&asking.scope, What::DossiersOf(&given.unit), &snapshot)?;
    let reason = Reason::find(&given.reason).ok_or_else(|| {
        let known: Vec<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        Problem::malformed("reason", format!("there are {}", known.join(", ")))
    })?;
    let (editions, words) = (of(server)?, text("text", &given.text)?);
    let view = editions.view(id).await?;
    if !is_delayed(&view, given) {
        let advice =
            format!("{} is not among the delayed dossiers of {} in this edition", given.dossier, given.unit);
        return Err(Problem::unknown("dossier", advice));
    }
    let (unit, dossier) = (given.unit.clone(), given.dossier.clone());
    let act = Act::Objected { unit, dossier, reason, text: words };
    let entry = editions.act(server, id, Person { name: by, units: None }, act).await?;
    Ok(entry.case.objections.len())
}

/// Whether the dossier counts as delayed for the unit.
fn is_delayed(view: &View, given: &Objecting) -> bool {
    let mut delayed = view.content.delayed();
    let chains = &view.content.frozen.chains;
    delayed.any(|(subject, _)| {
        subject.code == given.dossier
            && chains.get(subject.chain as usize).is_some_and(|chain| chain.contains(&given.unit))
    })
}

/// Somebody decides; whether two agree by now, and on what.
pub(in crate::serve) async fn decide(
    server: &Server,
    asking: &Asking,
    (id, given): (&str, &Deciding),
) -> Result<Option<bool>, Problem> {
    let (name, why) = (asking.leader()?, text("why", &given.why)?);
    let editions = of(server)?;
    let number = given.objection;
    let act = Act::Decided { objection: number, is_accepted: given.is_accepted, why };
    let entry = editions.entry(id).await?;
    let place = number.checked_sub(1).and_then(|place| entry.case.objections.get(place));
    let unit = place.map(|objection| objection.unit.clone()).unwrap_or_default();
    let units = belongs(&asking.scope, &unit, &server.live.snapshot()).then(|| vec![unit]);
    let entry = editions.act(server, id, Person { name, units }, act).await?;
    Ok(entry.case.objections.get(number - 1).and_then(|objection| objection.outcome))
}

/// Whether somebody is of the unit, or answers for it.
fn belongs(scope: &Scope, unit: &str, snapshot: &Snapshot) -> bool {
    scope.units != Units::All && scope.covers(unit, snapshot)
}

/// Approves the result as it stands.
pub(in crate::serve) async fn approve(
    server: &Server,
    asking: &Asking,
    (id, names_officers): (&str, bool),
) -> Result<(), Problem> {
    let name = asking.leader()?;
    let editions = of(server)?;
    let view = editions.view(id).await?;
    let acts = view.entry.acts.len();
    let counted = tokio::task::spawn_blocking(move || {
        let content = as_approved(&view, names_officers);
        content.lines(&view.catalogue).map(|lines| root_of(&lines))
    });
    let root = counted.await.map_err(|_| Problem::Stopped)?;
    let root = root.map_err(|why| Problem::Damaged(why.to_string()))?;
    if editions.entry(id).await?.acts.len() != acts {
        // Somebody decided in between: what was counted is not what would be published.
        return Err(Problem::Busy);
    }
    let act = Act::Approved { root, names_officers };
    editions.act(server, id, Person { name, units: None }, act).await.map(|_| ())
}

/// Publishes what was approved.
pub(in crate::serve) async fn publish(server: &Server, asking: &Asking, id: &str) -> Result<(), Problem> {
    let name = asking.leader()?;
    let editions = of(server)?;
    let view = editions.view(id).await?;
    let person = Person { name, units: None };
    let act = Act::Published { root: view.root.clone() };
    view.entry
        .case
        .check(&act, &person, server.live.now())
        .map_err(|why| Problem::Impossible(why.to_string()))?;
    let inner = Arc::clone(&editions.0);
    let written = tokio::task::spawn_blocking(move || {
        let lines = view.content.lines(&view.catalogue).map_err(|why| Problem::Damaged(why.to_string()))?;
        inner.keeping.write_sealed(&view.id, Part::Published, &lines).map_err(Problem::NotKept)
    });
    written.await.map_err(|_| Problem::Stopped)??;
    editions.act(server, id, person, act).await?;
    tracing::info!(edition = id, "an edition is published");
    Ok(())
}

impl Editions {
    /// Does an act if it may be done, and answers when it is kept.
    async fn act(&self, server: &Server, id: &str, by: Person, act: Act) -> Result<super::Entry, Problem> {
        let now = server.live.now();
        let mut known = self.0.known.lock().await;
        let entry = match known.get_mut(id) {
            None => return Err(Problem::unknown("edition", format!("there is no edition {id}"))),
            Some(Err(why)) => return Err(Problem::Damaged(why.clone())),
            Some(Ok(entry)) => entry,
        };
        entry.case.check(&act, &by, now).map_err(|why| Problem::Impossible(why.to_string()))?;
        let done = Done { at: now.to_local(), by: by.name, act };
        let mut acts = entry.acts.clone();
        acts.push(done.clone());
        let (inner, name) = (Arc::clone(&self.0), id.to_owned());
        let written =
            tokio::task::spawn_blocking(move || inner.keeping.write_acts(&name, &acts).map(|()| acts));
        entry.acts = written.await.map_err(|_| Problem::Stopped)?.map_err(Problem::NotKept)?;
        entry.case.take(&done);
        Ok(entry.clone())
    }
}
