//! An edition's case: what was done about it, by whom, and what may be done next.
//!
//! A case is its acts, in order: replayed, they give where it stands, so nothing about it is kept that is not an act.
//! What cannot be done is refused with a sentence, and a refused act changes nothing. Not here: who somebody is, what an
//! edition says (`content`).

use compute::instant::Instant;
use serde::{Deserialize, Serialize};

use crate::content::Treatment;

/// Objections of one edition.
pub const OBJECTIONS_MAX: usize = 20_000;

/// Why a delay is said not to be the unit's.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A system or a line was down.
    Outage,
    /// Another agency held it.
    OtherAgency,
    /// The applicant held it.
    Applicant,
    /// What was synchronised is wrong.
    WrongSync,
    /// Anything else.
    Other,
}

impl Reason {
    /// All of them, as they are offered.
    pub const ALL: [Reason; 5] =
        [Reason::Outage, Reason::OtherAgency, Reason::Applicant, Reason::WrongSync, Reason::Other];

    /// The word in files and requests.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Outage => "outage",
            Reason::OtherAgency => "other_agency",
            Reason::Applicant => "applicant",
            Reason::WrongSync => "wrong_sync",
            Reason::Other => "other",
        }
    }

    /// The reason with this word.
    pub fn find(word: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.name() == word)
    }

    /// How a dossier is counted whose objection with this reason is accepted.
    pub fn treatment(self) -> Treatment {
        match self {
            // Nothing of a row is to be relied on whose data came over wrong.
            Reason::WrongSync => Treatment::LeftOut,
            Reason::Outage | Reason::OtherAgency | Reason::Applicant | Reason::Other => Treatment::InTime,
        }
    }
}

/// An act, without when and by whom.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// The figures were frozen; units may object until `objections_until`.
    Closed {
        /// The hash of what was frozen.
        root: String,
        /// The instant the figures hold for.
        as_of: String,
        /// The last instant of objections.
        objections_until: String,
        /// Why a revision was asked for.
        reason: Option<String>,
    },
    /// A unit objects to the lateness of a dossier.
    Objected {
        /// The unit.
        unit: String,
        /// The dossier.
        dossier: String,
        /// Why.
        reason: Reason,
        /// In its own words.
        text: String,
    },
    /// The first of two says what becomes of an objection, or the second does.
    Decided {
        /// The objection, from 1.
        objection: usize,
        /// Whether it is accepted.
        is_accepted: bool,
        /// Why.
        why: String,
    },
    /// The result is approved as it stands.
    Approved {
        /// The hash of what will be published.
        root: String,
        /// Whether officers with repeated delay are shown to the public.
        names_officers: bool,
    },
    /// It is published.
    Published {
        /// The hash of what was published.
        root: String,
    },
}

/// An act that was done.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Done {
    /// When, RFC 3339.
    pub at: String,
    /// By whom.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub act: Act,
}

/// Whoever acts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// By what name they are recorded.
    pub name: String,
    /// The units they belong to; `None` when to none in particular.
    pub units: Option<Vec<String>>,
}

/// Why something cannot be done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The edition is not where that can be done.
    #[error("the edition is {0}; this can no longer, or not yet, be done")]
    Stage(&'static str),
    /// Too late.
    #[error("objections were taken until {0}")]
    Late(String),
    /// Too early.
    #[error("units may object until {0}; approve after that")]
    StillOpen(String),
    /// Somebody objected to it before.
    #[error("there is an objection about dossier {0} already")]
    Again(String),
    /// Too many.
    #[error("there are {OBJECTIONS_MAX} objections already")]
    Full,
    /// No such objection.
    #[error("there is no objection {0}")]
    Unknown(usize),
    /// It is decided.
    #[error("objection {0} is decided")]
    Settled(usize),
    /// The second is the first.
    #[error("two different people decide: {0} has decided about this objection already")]
    SamePerson(String),
    /// One of those who object.
    #[error("whoever objected, or belongs to the objecting unit, does not decide about it")]
    OwnCause,
    /// Some are open.
    #[error("{0} objections are not decided by two people yet")]
    Undecided(usize),
    /// What is to be published is not what was approved.
    #[error("what would be published is not what was approved; approve it again")]
    OtherContent,
}

/// Where an edition stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Frozen; units object and objections are decided.
    Closed,
    /// As it will be published.
    Approved,
    /// For everybody, for good.
    Published,
}

impl Stage {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Closed => "closed",
            Stage::Approved => "approved",
            Stage::Published => "published",
        }
    }
}

/// What somebody said of an objection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vote {
    /// When.
    pub at: String,
    /// Who.
    pub by: String,
    /// What.
    pub is_accepted: bool,
    /// Why.
    pub why: String,
}

/// An objection and what was said of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Objection {
    /// From 1.
    pub number: usize,
    /// When.
    pub at: String,
    /// By whom.
    pub by: String,
    /// For which unit.
    pub unit: String,
    /// About which dossier.
    pub dossier: String,
    /// Why.
    pub reason: Reason,
    /// In the unit's words.
    pub text: String,
    /// What was said of it: when two in a row say the same it is settled, when they differ a third begins anew.
    pub votes: Vec<Vote>,
    /// What two people agree on.
    pub outcome: Option<bool>,
}

impl Objection {
    /// The one who decided and whom nobody has joined or contradicted yet.
    pub fn first(&self) -> Option<&Vote> {
        (self.outcome.is_none() && self.votes.len() % 2 == 1).then(|| self.votes.last()).flatten()
    }
}

/// The case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// Where it stands.
    pub stage: Stage,
    /// The hash of what was frozen.
    pub frozen_root: String,
    /// The last instant of objections.
    pub objections_until: Instant,
    /// In the order they came.
    pub objections: Vec<Objection>,
    /// What was approved: its hash, and whether officers are shown.
    pub approved: Option<(String, bool)>,
    /// The hash of what was published, and when.
    pub published: Option<(String, String)>,
}

impl Case {
    /// Replays acts.
    ///
    /// # Errors
    /// A sentence when they cannot have been done in this order.
    pub fn of(acts: &[Done]) -> Result<Case, String> {
        let Some((Done { act: Act::Closed { root, objections_until, .. }, .. }, rest)) = acts.split_first()
        else {
            return Err("the acts do not begin with closing".to_owned());
        };
        let until = Instant::parse(objections_until).ok_or("the end of objections is no instant")?;
        let mut case = Case {
            stage: Stage::Closed,
            frozen_root: root.clone(),
            objections_until: until,
            objections: Vec::new(),
            approved: None,
            published: None,
        };
        for done in rest {
            let at = Instant::parse(&done.at).ok_or("an act has no instant")?;
            // Where somebody belonged then was checked then.
            let by = Person { name: done.by.clone(), units: None };
            case.check(&done.act, &by, at).map_err(|refusal| format!("an act is impossible: {refusal}"))?;
            case.take(done);
        }
        Ok(case)
    }

    /// Whether `by` may do this at `at`.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check(&self, act: &Act, by: &Person, at: Instant) -> Result<(), Refusal> {
        let only_at =
            |stage: Stage| if self.stage == stage { Ok(()) } else { Err(Refusal::Stage(self.stage.name())) };
        match act {
            Act::Closed { .. } => Err(Refusal::Stage(self.stage.name())),
            Act::Objected { dossier, .. } => {
                only_at(Stage::Closed)?;
                if at > self.objections_until {
                    return Err(Refusal::Late(self.objections_until.to_local()));
                }
                if self.objections.iter().any(|known| known.dossier == *dossier) {
                    return Err(Refusal::Again(dossier.clone()));
                }
                if self.objections.len() >= OBJECTIONS_MAX { Err(Refusal::Full) } else { Ok(()) }
            }
            Act::Decided { objection, .. } => {
                only_at(Stage::Closed)?;
                self.check_decision(*objection, by)
            }
            Act::Approved { .. } => {
                only_at(Stage::Closed)?;
                if at <= self.objections_until {
                    return Err(Refusal::StillOpen(self.objections_until.to_local()));
                }
                match self.objections.iter().filter(|known| known.outcome.is_none()).count() {
                    0 => Ok(()),
                    open => Err(Refusal::Undecided(open)),
                }
            }
            Act::Published { root } => {
                only_at(Stage::Approved)?;
                let is_same = self.approved.as_ref().is_some_and(|(approved, _)| approved == root);
                if is_same { Ok(()) } else { Err(Refusal::OtherContent) }
            }
        }
    }

    fn check_decision(&self, number: usize, by: &Person) -> Result<(), Refusal> {
        let place = number.checked_sub(1).and_then(|place| self.objections.get(place));
        let objection = place.ok_or(Refusal::Unknown(number))?;
        if objection.outcome.is_some() {
            return Err(Refusal::Settled(number));
        }
        let belongs = by.units.as_ref().is_some_and(|units| units.contains(&objection.unit));
        if belongs || by.name == objection.by {
            return Err(Refusal::OwnCause);
        }
        match objection.first() {
            Some(first) if first.by == by.name => Err(Refusal::SamePerson(by.name.clone())),
            _ => Ok(()),
        }
    }

    /// Takes an act that was checked.
    pub fn take(&mut self, done: &Done) {
        let (at, by) = (done.at.clone(), done.by.clone());
        match done.act.clone() {
            Act::Closed { .. } => {}
            Act::Objected { unit, dossier, reason, text } => {
                let number = self.objections.len() + 1;
                let (votes, outcome) = (Vec::new(), None);
                self.objections.push(Objection {
                    number,
                    at,
                    by,
                    unit,
                    dossier,
                    reason,
                    text,
                    votes,
                    outcome,
                });
            }
            Act::Decided { objection, is_accepted, why } => {
                if let Some(known) = objection.checked_sub(1).and_then(|place| self.objections.get_mut(place))
                {
                    let agrees = known.first().map(|first| first.is_accepted == is_accepted);
                    known.votes.push(Vote { at, by, is_accepted, why });
                    known.outcome = (agrees == Some(true)).then_some(is_accepted);
                }
            }
            Act::Approved { root, names_officers } => {
                (self.stage, self.approved) = (Stage::Approved, Some((root, names_officers)));
            }
            Act::Published { root } => {
                (self.stage, self.published) = (Stage::Published, Some((root, at)));
            }
        }
    }

    /// The objections that were accepted.
    pub fn accepted(&self) -> impl Iterator<Item = &Objection> {
        self.objections.iter().filter(|objection| objection.outcome == Some(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).expect("an instant")
    }

    fn person(name: &str) -> Person {
        Person { name: name.to_owned(), units: None }
    }

    fn closed() -> Case {
        let act = Act::Closed {
            root: "r".to_owned(),
            as_of: "2026-11-04T08:00:00+07:00".to_owned(),
            objections_until: "2026-11-10T17:30:00+07:00".to_owned(),
            reason: None,
        };
        let done = Done { at: "2026-11-04T08:00:00+07:00".to_owned(), by: "an".to_owned(), act };
        Case::of(&[done]).expect("a case")
    }

    fn act(case: &mut Case, by: &Person, when: &str, act: Act) -> Result<(), Refusal> {
        case.check(&act, by, at(when))?;
        case.take(&Done { at: when.to_owned(), by: by.name.clone(), act });
        Ok(())
    }

    const BEFORE: &str = "2026-11-05T08:00:00+07:00";
    const AFTER: &str = "2026-11-11T08:00:00+07:00";

    fn objected(dossier: &str) -> Act {
        let (unit, text) = ("C1".to_owned(), "mất điện".to_owned());
        Act::Objected { unit, dossier: dossier.to_owned(), reason: Reason::Outage, text }
    }

    fn decided(is_accepted: bool) -> Act {
        Act::Decided { objection: 1, is_accepted, why: "có biên bản".to_owned() }
    }

    #[test]
    fn two_different_people_decide_and_none_of_them_objected() {
        let mut case = closed();
        act(&mut case, &person("của C1"), BEFORE, objected("H1")).expect("in time");
        assert_eq!(act(&mut case, &person("của C1"), AFTER, decided(true)), Err(Refusal::OwnCause));
        let of_unit = Person { name: "cũng của C1".to_owned(), units: Some(vec!["C1".to_owned()]) };
        assert_eq!(act(&mut case, &of_unit, AFTER, decided(true)), Err(Refusal::OwnCause));
        act(&mut case, &person("bình"), AFTER, decided(true)).expect("the first");
        let again = act(&mut case, &person("bình"), AFTER, decided(true));
        assert_eq!(again, Err(Refusal::SamePerson("bình".to_owned())));
        assert_eq!(case.objections[0].outcome, None);
        act(&mut case, &person("chi"), AFTER, decided(true)).expect("the second");
        assert_eq!(case.objections[0].outcome, Some(true));
        assert_eq!(act(&mut case, &person("dung"), AFTER, decided(false)), Err(Refusal::Settled(1)));
    }

    #[test]
    fn two_who_disagree_leave_it_open_for_two_others_or_themselves_anew() {
        let mut case = closed();
        act(&mut case, &person("u"), BEFORE, objected("H1")).expect("in time");
        act(&mut case, &person("bình"), AFTER, decided(true)).expect("the first");
        act(&mut case, &person("chi"), AFTER, decided(false)).expect("the second");
        assert_eq!((case.objections[0].outcome, case.objections[0].first()), (None, None));
        let approve = Act::Approved { root: "x".to_owned(), names_officers: false };
        assert_eq!(act(&mut case, &person("bình"), AFTER, approve), Err(Refusal::Undecided(1)));
        act(&mut case, &person("bình"), AFTER, decided(false)).expect("anew");
        act(&mut case, &person("chi"), AFTER, decided(false)).expect("and joined");
        assert_eq!(case.objections[0].outcome, Some(false));
    }

    #[test]
    fn nothing_is_approved_before_units_had_their_time_and_nothing_published_that_was_not_approved() {
        let mut case = closed();
        let approve = || Act::Approved { root: "x".to_owned(), names_officers: false };
        assert!(matches!(act(&mut case, &person("a"), BEFORE, approve()), Err(Refusal::StillOpen(_))));
        assert!(matches!(act(&mut case, &person("a"), AFTER, objected("H1")), Err(Refusal::Late(_))));
        let publish = |root: &str| Act::Published { root: root.to_owned() };
        assert_eq!(act(&mut case, &person("a"), AFTER, publish("x")), Err(Refusal::Stage("closed")));
        act(&mut case, &person("a"), AFTER, approve()).expect("after the deadline");
        assert_eq!(act(&mut case, &person("a"), AFTER, publish("y")), Err(Refusal::OtherContent));
        act(&mut case, &person("a"), AFTER, publish("x")).expect("what was approved");
        assert_eq!(act(&mut case, &person("a"), AFTER, approve()), Err(Refusal::Stage("published")));
    }

    #[test]
    fn a_dossier_is_objected_to_once() {
        let mut case = closed();
        act(&mut case, &person("u"), BEFORE, objected("H1")).expect("once");
        let again = act(&mut case, &person("u"), BEFORE, objected("H1"));
        assert_eq!(again, Err(Refusal::Again("H1".to_owned())));
    }
}
