//! Every count is a list: the subjects behind a numerator or denominator, and one dossier's story.
//!
//! Lists read what subjects were counted as, by the same bits the counts were made of, so a list's length is the
//! count. Not here: how a list or a story is shown.

use thiserror::Error;

use super::behind::{Asked, Wanted};
use super::pages::{CodePage, Codes};
use super::{Cells, Engine, Frame, Snapshot, Window};
use crate::ComputeError;
use crate::codes::{Code, Names};
use crate::dossier::{Apology, Flags, Life, Step, Surroundings};
use crate::event::{EventType, Family, Record, canonical};
use crate::facts::Subject;
use crate::instant::Instant;
use crate::period::Period;
use crate::set::{Catalogue, Indicator, IndicatorSet, Management};

/// Whose figures are asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// An agency, with everything below it.
    Agency(Code),
    /// An officer.
    Officer(Code),
}

/// Which side of the fraction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// What counts.
    Numerator,
    /// What it is divided by.
    Denominator,
    /// What is in the denominator and not in the numerator: what costs the points.
    Missing,
}

/// Why there is no list.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ListError {
    /// The period is not kept.
    #[error("period {0} is not among those kept")]
    Period(Period),
    /// The unit has no row in the period.
    #[error("the unit has no row in {0}")]
    Unit(Period),
    /// What is at rest cannot be read.
    #[error("subjects at rest cannot be read ({0}); restore the data folder from a backup")]
    AtRest(String),
    /// Officers are not scored on it.
    #[error("officers are not scored on {0}")]
    NotForOfficers(String),
}

/// A dossier as a line of a list, as of now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its code.
    pub code: String,
    /// Its procedure.
    pub procedure: Option<Code>,
    /// Where it was accepted.
    pub agency: Option<Code>,
    /// Who holds it.
    pub officer: Option<Code>,
    /// When it was accepted.
    pub accepted_at: Option<Instant>,
    /// The due date in force.
    pub due: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// The clock stands still.
    pub is_stopped: bool,
    /// Late now, or ended late.
    pub is_late: bool,
    /// Seconds of working time until it is due, negative when overdue, as of the stop if the clock stands; `None` when it
    /// has ended or the due date or a calendar is not known.
    pub seconds_left: Option<i64>,
    /// The letter owed or sent for a due date that was missed.
    pub apology: Option<Apology>,
    /// How often the due date was replaced; the rules allow one new date.
    pub due_changes: u32,
}

/// One event of a story.
#[derive(Clone, Debug)]
pub struct StoryEvent {
    /// When.
    pub time: Instant,
    /// Its type.
    pub event_type: EventType,
    /// The sending system.
    pub source: String,
    /// The identity within it.
    pub id: String,
    /// Its kept data, canonical JSON.
    pub data: String,
    /// A retraction took it back, or (of a retraction) it is a retraction.
    pub is_standing: bool,
}

/// One dossier's story: events, turns, and where it counts.
#[derive(Clone, Debug)]
pub struct Story {
    /// Its events before `as_of`, in the order they take effect.
    pub events: Vec<StoryEvent>,
    /// The turns of the fold.
    pub steps: Vec<Step>,
    /// Irregularities its own events show.
    pub flags: Flags,
    /// First submission and acceptance, and the end.
    pub dates: (Option<Instant>, Option<Instant>, Option<Instant>),
    /// The due date in force.
    pub due: Option<Instant>,
    /// Procedure, agency and officer.
    pub codes: (Option<Code>, Option<Code>, Option<Code>),
    /// The units it counts for, nearest first.
    pub chain: Vec<Code>,
    /// By period: late as judged there, and the mask of conditions that hold.
    pub periods: Vec<(Period, bool, crate::set::Mask)>,
}

impl Engine {
    /// What a fold looks up.
    pub(super) fn around(&self) -> Surroundings<'_> {
        Surroundings {
            calendar: &self.setup.calendar,
            procedures: &self.reference.procedures,
            duties: self.setup.catalogue.duties,
        }
    }

    /// What counts are counted.
    pub fn catalogue(&self) -> &Catalogue {
        &self.setup.catalogue
    }

    /// The codes behind a count, sorted bytewise; for a denominator taken from the portal's reports, the
    /// dossiers received (R).
    ///
    /// # Errors
    /// [`ListError`] naming what is not there.
    pub fn list(
        &self,
        period: Period,
        who: Who,
        indicator: &Indicator,
        part: Part,
    ) -> Result<Vec<String>, ListError> {
        let asked = self.asked(period, who, indicator, part)?;
        Ok(self.found_behind((period, who), (indicator, part), asked.as_ref())?.sorted())
    }

    /// A page of the codes behind a count, which is as long as the page and not as the list; the codes after `after`. A
    /// list that took long to find is at hand when it is asked for again.
    ///
    /// # Errors
    /// [`ListError`] naming what is not there.
    pub fn list_page(
        &mut self,
        (period, who): (Period, Who),
        (indicator, part): (&Indicator, Part),
        (after, limit): (Option<&str>, usize),
    ) -> Result<CodePage, ListError> {
        let asked = self.asked(period, who, indicator, part)?;
        if let Some(list) = asked.as_ref().and_then(|asked| self.kept.find(asked)) {
            return Ok(list.page(after, limit));
        }
        let found = self.found_behind((period, who), (indicator, part), asked.as_ref())?;
        let page = CodePage::of(&found, after, limit);
        if let Some(asked) = asked {
            self.kept.keep(asked, &found);
        }
        Ok(page)
    }

    /// What is looked for where subjects are counted; nothing where the frame has the list.
    fn asked(
        &self,
        period: Period,
        who: Who,
        indicator: &Indicator,
        part: Part,
    ) -> Result<Option<Asked>, ListError> {
        let place = self.place_of(period)?;
        if matches!(who, Who::Officer(_)) && !indicator.file.officers {
            return Err(ListError::NotForOfficers(indicator.file.code.clone()));
        }
        let family = match indicator.subject() {
            Subject::Dossier => Family::Dossier,
            Subject::Petition => Family::Petition,
            Subject::Procedure | Subject::Agency => return Ok(None),
        };
        let (met, all) = (1 << indicator.numerator_bit, 1 << indicator.denominator_bit);
        let wanted = match part {
            Part::Numerator => Wanted { any: met, none: 0 },
            Part::Denominator => Wanted { any: all, none: 0 },
            Part::Missing => Wanted { any: all, none: met },
        };
        Ok(Some(Asked { place, who, family, wanted }))
    }

    fn place_of(&self, period: Period) -> Result<usize, ListError> {
        let place = self.periods.iter().position(|state| state.period == period);
        place.ok_or(ListError::Period(period))
    }

    /// The codes behind a count, in no order.
    fn found_behind(
        &self,
        (period, who): (Period, Who),
        (indicator, part): (&Indicator, Part),
        asked: Option<&Asked>,
    ) -> Result<Codes, ListError> {
        if let Some(asked) = asked {
            return self.behind(asked);
        }
        let Who::Agency(unit) = who else {
            return Err(ListError::NotForOfficers(indicator.file.code.clone()));
        };
        let state = &self.periods[self.place_of(period)?];
        let codes = of_frame_in_part((&*state.frame, &*state.cells), unit, indicator, part)?;
        let names = self.setup.codes.names();
        Ok(codes.into_iter().map(|code| names.text(code)).collect())
    }

    /// The codes behind a figure without points, sorted bytewise.
    ///
    /// # Errors
    /// [`ListError`] naming what is not there.
    pub fn list_of_count(
        &self,
        period: Period,
        who: Who,
        count: &Management,
    ) -> Result<Vec<String>, ListError> {
        let family = match count.file.subject {
            Subject::Dossier => Family::Dossier,
            Subject::Petition => Family::Petition,
            Subject::Procedure | Subject::Agency => return Ok(Vec::new()),
        };
        let wanted = Wanted { any: 1 << count.bit, none: 0 };
        Ok(self.behind(&Asked { place: self.place_of(period)?, who, family, wanted })?.sorted())
    }

    /// Dossiers as lines of a list, as of now, in the order of `codes`; codes of anything else are left out. One at rest
    /// is brought back.
    ///
    /// # Errors
    /// [`ComputeError::AtRest`] when what is at rest cannot be read.
    pub fn lines(&mut self, codes: &[String]) -> Result<Vec<Line>, ComputeError> {
        let lines = codes.iter().filter_map(|code| {
            let (number, place) = self.find_or_wake(code)?;
            Some(self.line(code, number, place))
        });
        let lines = lines.collect();
        self.refuse_trouble()?;
        Ok(lines)
    }

    fn line(&self, code: &str, number: usize, place: usize) -> Line {
        let names = self.setup.codes.names();
        let (standing, _) = self.shards[number].standing(place, self.as_of, &names);
        let around = self.around();
        let calendar = around.calendar;
        let life = Life::fold(&standing, around, &mut |_| {});
        let seconds = |from, to| {
            let seconds = calendar.session_seconds_between(from, to)?;
            i64::try_from(seconds).ok()
        };
        let due = life.clock.due.filter(|_| life.ended_at.is_none());
        // A clock that stands shows what was left when it stopped.
        let now = life.clock.stop.map_or(self.as_of, |stop| stop.since);
        let seconds_left = due
            .and_then(|due| if due < now { seconds(due, now).map(|over| -over) } else { seconds(now, due) });
        Line {
            code: code.to_owned(),
            procedure: life.procedure,
            agency: life.agency,
            officer: life.officer,
            accepted_at: life.accepted_at,
            due: life.clock.due,
            ended_at: life.ended_at,
            is_stopped: life.ended_at.is_none() && life.clock.stop.is_some(),
            is_late: life.is_late(self.as_of),
            seconds_left,
            apology: life.apology((self.as_of, self.as_of), around.duties, calendar),
            due_changes: life.clock.changes,
        }
    }

    /// Bytes of memory held for events, and how many subjects hold them.
    pub fn memory(&self) -> (usize, usize) {
        let subjects = self.shards.iter().flat_map(|shard| &shard.subjects);
        let subjects = subjects.filter(|subject| !subject.is_vacant());
        subjects.fold((0, 0), |(bytes, count), subject| (bytes + subject.memory(), count + 1))
    }

    /// The story of a dossier, which is brought back if it is at rest; `None` if no event names it.
    ///
    /// # Errors
    /// [`ComputeError::AtRest`] when what is at rest cannot be read.
    pub fn story(&mut self, dossier: &str) -> Result<Option<Story>, ComputeError> {
        let found = self.find_or_wake(dossier);
        self.refuse_trouble()?;
        Ok(found.map(|found| self.story_of(found)))
    }

    fn story_of(&self, (number, place): (usize, usize)) -> Story {
        let shard = &self.shards[number];
        let names = self.setup.codes.names();
        let (standing, _) = shard.standing(place, self.as_of, &names);
        let is_standing = |record: &Record<'_>| {
            standing.iter().any(|known| known.source == record.source && known.id == record.id)
        };
        let mut all: Vec<_> =
            shard.subjects[place].records().filter(|record| record.time < self.as_of).collect();
        all.sort_unstable_by(|one, other| canonical::takes_effect(one, other, &names));
        let events = all.iter().map(|record| StoryEvent {
            time: record.time,
            event_type: record.event_type,
            source: names.text(record.source).to_owned(),
            id: String::from_utf8_lossy(record.id).into_owned(),
            data: canonical::kept_json(record, &names),
            is_standing: is_standing(record),
        });
        let mut steps = Vec::new();
        let around = self.around();
        let life = Life::fold(&standing, around, &mut |step| steps.push(step));
        let counted = shard.subjects[place].counted();
        let rows = counted.map_or(&[][..], |counted| &self.row_lists[counted.rows as usize]);
        let periods = rows.iter().map(|row| {
            let period = self.periods[row.period as usize].period;
            let cut = Window::new(period, self.as_of).cut;
            let before = standing.partition_point(|record| record.time < cut);
            let is_late = match life.ended_at {
                Some(_) => life.is_late(cut),
                None => Life::fold(&standing[..before], around, &mut |_| {}).is_late(cut),
            };
            (period, is_late, self.classes[row.class as usize])
        });
        Story {
            events: events.collect(),
            flags: life.flags,
            dates: (life.submitted_at, life.accepted_at, life.ended_at),
            due: life.clock.due,
            codes: (life.procedure, life.agency, life.officer),
            chain: counted.map_or(Vec::new(), |counted| shard.chains.units(counted.chain).to_vec()),
            periods: periods.collect(),
            steps,
        }
    }
}

impl Snapshot {
    /// The procedures or agencies behind a count, sorted bytewise, as the snapshot has them; nothing of dossiers and
    /// petitions.
    ///
    /// # Errors
    /// [`ListError`] naming what is not there.
    pub fn list(
        &self,
        period: Period,
        who: Who,
        indicator: &Indicator,
        part: Part,
    ) -> Result<Vec<String>, ListError> {
        let Who::Agency(unit) = who else {
            return Err(ListError::NotForOfficers(indicator.file.code.clone()));
        };
        let state = self.period(period).ok_or(ListError::Period(period))?;
        let codes = of_frame_in_part((&*state.frame, &*state.cells), unit, indicator, part)?;
        let mut listed = texts(codes, &self.codes.names());
        listed.sort_unstable();
        Ok(listed)
    }
}

fn texts(codes: Vec<Code>, names: &Names) -> Vec<String> {
    codes.into_iter().map(|code| names.text(code).to_owned()).collect()
}

/// The procedures or agencies behind a count of a unit, or those that cost its points.
fn of_frame_in_part(
    known: (&Frame, &Cells),
    unit: Code,
    indicator: &Indicator,
    part: Part,
) -> Result<Vec<Code>, ListError> {
    if part != Part::Missing {
        return of_frame(known, unit, indicator, part);
    }
    let met = of_frame(known, unit, indicator, Part::Numerator)?;
    let mut all = of_frame(known, unit, indicator, Part::Denominator)?;
    all.retain(|code| !met.contains(code));
    Ok(all)
}

/// The procedures or agencies behind a count of a unit.
fn of_frame(
    (frame, cells): (&Frame, &Cells),
    unit: Code,
    indicator: &Indicator,
    part: Part,
) -> Result<Vec<Code>, ListError> {
    let bit = if part == Part::Numerator { indicator.numerator_bit } else { indicator.denominator_bit };
    let mut row = frame.unit(unit).ok_or(ListError::Unit(frame.period))?;
    if indicator.is_inherited() {
        let province = row.province.and_then(|province| frame.unit(province));
        let Some(province) = province else { return Ok(Vec::new()) };
        row = province;
    }
    if indicator.subject() == Subject::Agency {
        return Ok(frame.agencies_with(row, bit));
    }
    Ok(match (part, indicator.with_dossier_bit) {
        (Part::Numerator, Some(with)) => {
            let holds = |code: &Code| frame.procedure_mask(row, *code) & (1 << bit) != 0;
            cells.procedures(row.code, with).filter(holds).collect()
        }
        _ => frame.procedures_with(row, bit),
    })
}

/// The indicators of `set` in which a mask of dossier conditions counts: code, and whether in the numerator.
pub fn counts_in(set: &IndicatorSet, mask: crate::set::Mask) -> impl Iterator<Item = (&Indicator, bool)> {
    let dossiers = set.indicators.iter().filter(|indicator| indicator.subject() == Subject::Dossier);
    dossiers
        .filter(move |indicator| mask & (1 << indicator.denominator_bit) != 0)
        .map(move |indicator| (indicator, mask & (1 << indicator.numerator_bit) != 0))
}
