//! Marking a letter of apology as sent: an event of Nhịp's own, through the log like any other.
//!
//! Before it is written it is asked whether the letter is still owed, one after the other, so that marking twice writes
//! one event. An agency's own `dossier.apologised` beside it is no error: a letter counts once. Not here: printing the
//! letter (`pages::export::letters`).

use compute::calendar::Calendar;
use compute::codes::LocalCodes;
use compute::instant::{Day, Instant};
use serde_json::json;
use tokio::sync::Mutex;

use crate::serve::Server;
use crate::serve::access;
use crate::serve::access::role::Role;
use crate::serve::access::scope::Scope;
use crate::serve::live::Phase;
use crate::serve::problem::Problem;

/// The source of what is marked here.
pub(in crate::serve) const SOURCE: &str = "/nhip/viec-phai-lam";
/// Letters of a letter's number.
const LETTER_MAX: usize = 100;
/// Days away a new date may be.
const NEW_DATE_DAYS_MAX: i32 = 366;

/// One after the other: what the second finds is what the first wrote.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// What is said of a letter that was sent.
#[derive(Clone, Default, Debug)]
pub(in crate::serve) struct Sending {
    /// Its number.
    pub(in crate::serve) letter: String,
    /// The new date it gives; empty if none.
    pub(in crate::serve) new_due_at: String,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) struct Sent {
    /// When the first letter was sent.
    pub(in crate::serve) at: Instant,
    /// Whether it was marked now, not before.
    pub(in crate::serve) is_new: bool,
    /// Of the snapshot that shows it.
    pub(in crate::serve) version: u64,
}

/// Whether somebody does what is owed; whoever reads only does not.
pub(in crate::serve) fn may_send(scope: &Scope) -> bool {
    matches!(scope.role, Role::Leader | Role::AgencyHead | Role::AgencyStaff | Role::Officer)
}

/// A new date: the end of work on a working day after today.
///
/// # Errors
/// What is wrong with it, and what to write.
pub(in crate::serve) fn new_date(
    given: &str,
    now: Instant,
    calendar: &Calendar,
) -> Result<Option<Instant>, Problem> {
    let refuse = |why: String| Problem::malformed("new_due_at", why);
    let given = given.trim();
    if given.is_empty() {
        return Ok(None);
    }
    let (day, at) = match (Day::parse(given), Instant::parse(given)) {
        (Some(day), _) => (day, calendar.end_of_work(day)),
        (None, Some(at)) => (at.day(), Some(at)),
        (None, None) => return Err(refuse("write a day like 2026-10-20".to_owned())),
    };
    let away = day.number() - now.day().number();
    if !(1..=NEW_DATE_DAYS_MAX).contains(&away) {
        return Err(refuse(format!("{given} is not a day from tomorrow on, at most a year away")));
    }
    match (calendar.is_working(day), at) {
        (Some(true), Some(at)) => Ok(Some(at)),
        (Some(false), _) => Err(refuse(format!("{given} is no working day; choose one"))),
        _ => Err(refuse(format!("{given} is in a year without a working calendar"))),
    }
}

/// Marks the letter for a dossier as sent, now.
pub(in crate::serve) async fn send(
    server: &Server,
    scope: &Scope,
    dossier: &str,
    given: &Sending,
) -> Result<Sent, Problem> {
    if !may_send(scope) {
        return Err(Problem::Forbidden("whoever reads only marks nothing as sent".to_owned()));
    }
    if server.reading.is_some() {
        let advice = "a reader takes no events; mark it at a server that stands alone (`--role all`), or send dossier.apologised";
        return Err(Problem::elsewhere("intake_at_topics", advice));
    }
    if let Phase::Recovering(reached, wanted) = server.live.phase() {
        return Err(Problem::Recovering { reached, wanted });
    }
    let letter = given.letter.trim();
    if letter.is_empty() || letter.chars().count() > LETTER_MAX || letter.chars().any(char::is_control) {
        let advice = format!("write the letter's number, 1 to {LETTER_MAX} letters on one line");
        return Err(Problem::malformed("letter", advice));
    }
    let now = Instant::from_unix(server.live.now().unix_seconds(), 0);
    let new_due = new_date(&given.new_due_at, now, &server.live.calendar())?;
    let _turn = ONE_AT_A_TIME.lock().await;
    let story = server.live.story(dossier.to_owned()).await?;
    let snapshot = server.live.snapshot();
    access::only_whose_dossier(scope, story, dossier, &snapshot)?;
    let lines = server.live.lines(vec![dossier.to_owned()]).await?;
    let apology = lines.first().and_then(|line| line.apology).ok_or_else(|| {
        Problem::Impossible(format!("no due date of {dossier} was missed, so no letter is owed"))
    })?;
    if let Some(at) = apology.sent_at {
        return Ok(Sent { at, is_new: false, version: snapshot.version });
    }
    let mut data = json!({ "letter": letter });
    if let Some(new_due) = new_due {
        data["new_due_at"] = json!(new_due.to_local());
    }
    let event = json!({
        "specversion": "1.0", "id": format!("apology/{dossier}/{}/{letter}", apology.missed.to_local()),
        "source": SOURCE, "type": "dossier.apologised", "subject": dossier, "time": now.to_local(),
        "data": data,
    });
    let mut accepted = server.live.accepted();
    let mut codes = LocalCodes::new(&server.live.codes());
    // What cannot be understood is told, not set aside: whoever wrote it is still there.
    if let Err(rejection) = ingest::decode::decode(event.to_string().as_bytes()) {
        let field = rejection.field.unwrap_or("letter");
        return Err(Problem::malformed("letter", format!("{field}: {}", rejection.reason.advice())));
    }
    let taken = accepted.take(event.to_string().as_bytes(), "duties", 0, &mut codes);
    taken.map_err(|rejection| Problem::malformed("letter", rejection.reason.advice()))?;
    let applied = server.live.apply(accepted).await?;
    tracing::info!(dossier, "a letter of apology is marked as sent");
    Ok(Sent { at: now, is_new: true, version: applied.version })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_date_is_a_working_day_after_today() {
        let calendar = Calendar::embedded().expect("it is part of the program");
        let now = Instant::parse("2026-10-13T10:00:00+07:00").expect("an instant");
        let given = |text: &str| new_date(text, now, &calendar);
        let end = Instant::parse("2026-10-20T17:30:00+07:00");
        assert_eq!(given("2026-10-20").expect("a working day"), end);
        assert_eq!(given("2026-10-20T17:30:00+07:00").expect("an instant of one"), end);
        assert_eq!(given(" ").expect("none is none"), None);
        for (text, says) in [
            ("2026-10-13", "from tomorrow on"),
            ("2026-10-12", "from tomorrow on"),
            ("2028-01-03", "at most a year away"),
            ("2026-10-17", "no working day"),
            ("20/10/2026", "write a day like"),
        ] {
            let problem = format!("{:?}", given(text).expect_err(text));
            assert!(problem.contains(says), "{text}: {problem}");
        }
    }
}
