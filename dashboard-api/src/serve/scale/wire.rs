//! What a reader asks of a share and what the share answers: everything by texts, since codes differ between processes.
//!
//! Both sides are of one program, and the fingerprint says so; nobody else is promised these shapes. Not here: who is
//! asked (`asking`), who answers (`answering`).

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use compute::codes::{Code, CodeBook, Names};
use compute::dossier::step::DueSource;
use compute::dossier::{Apology, Duty, Flag, Flags, Step};
use compute::engine::{Line, Part, Story, StoryEvent};
use compute::event::EventType;
use compute::instant::Instant;
use compute::period::Period;
use compute::procedure::Duration;
use serde::{Deserialize, Serialize};

/// Sentences about anomalies that are kept; there are far fewer.
const SENTENCES_MAX: usize = 64;

/// A question to one share.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    /// What the reader's counts depend on beside the events.
    pub(super) fingerprint: String,
    pub(super) question: Question,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Question {
    /// The codes behind a count.
    List { period: String, whose: Whose, count: Counted },
    /// What is known of these dossiers, where they are the share's.
    Lines(Vec<String>),
    /// A dossier's story.
    Story(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Whose {
    Agency(String),
    Officer(String),
}

/// A count by its place in the catalogue, which both have.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Counted {
    Indicator { code: String, bits: (usize, usize), side: Side },
    Management { id: String, bit: usize },
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    Numerator,
    Denominator,
    Missing,
}

impl Side {
    pub(super) fn of(part: Part) -> Side {
        match part {
            Part::Numerator => Side::Numerator,
            Part::Denominator => Side::Denominator,
            Part::Missing => Side::Missing,
        }
    }

    pub(super) fn part(self) -> Part {
        match self {
            Side::Numerator => Part::Numerator,
            Side::Denominator => Part::Denominator,
            Side::Missing => Part::Missing,
        }
    }
}

/// What a share says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// Sorted by their bytes.
    List(Vec<String>),
    Lines(Vec<ToldLine>),
    Story(Option<Box<ToldStory>>),
    /// There is no such list, and why.
    NoList(String),
    /// Not now, and why.
    NotNow(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ToldLine {
    code: String,
    places: [Option<String>; 3],
    instants: [Option<i64>; 3],
    is_stopped: bool,
    is_late: bool,
    seconds_left: Option<i64>,
    /// What was missed, the limit, the letter, and where it stands.
    apology: Option<(i64, Option<i64>, Option<i64>, String)>,
    due_changes: u32,
}

fn bits(at: Option<Instant>) -> Option<i64> {
    at.map(Instant::to_bits)
}

fn at(bits: Option<i64>) -> Option<Instant> {
    bits.map(Instant::from_bits)
}

fn texts<const N: usize>(codes: [Option<Code>; N], names: &Names) -> [Option<String>; N] {
    codes.map(|code| code.map(|code| names.text(code).to_owned()))
}

fn coded(text: Option<String>, codes: &CodeBook) -> Option<Code> {
    text.map(|text| codes.code(&text))
}

impl ToldLine {
    pub(super) fn of(line: Line, names: &Names) -> ToldLine {
        ToldLine {
            places: texts([line.procedure, line.agency, line.officer], names),
            instants: [line.accepted_at, line.due, line.ended_at].map(bits),
            code: line.code,
            is_stopped: line.is_stopped,
            is_late: line.is_late,
            seconds_left: line.seconds_left,
            apology: line.apology.map(|one| {
                (one.missed.to_bits(), bits(one.limit), bits(one.sent_at), one.duty.name().to_owned())
            }),
            due_changes: line.due_changes,
        }
    }

    pub(super) fn line(self, codes: &CodeBook) -> Line {
        let [procedure, agency, officer] = self.places.map(|text| coded(text, codes));
        let [accepted_at, due, ended_at] = self.instants.map(at);
        let ToldLine { code, is_stopped, is_late, seconds_left, due_changes, apology, .. } = self;
        let apology = apology.and_then(|(missed, limit, sent_at, duty)| {
            Some(Apology {
                missed: Instant::from_bits(missed),
                limit: at(limit),
                sent_at: at(sent_at),
                duty: Duty::ALL.into_iter().find(|known| known.name() == duty)?,
            })
        });
        Line {
            code,
            procedure,
            agency,
            officer,
            accepted_at,
            due,
            ended_at,
            is_stopped,
            is_late,
            seconds_left,
            apology,
            due_changes,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ToldStory {
    events: Vec<ToldEvent>,
    steps: Vec<ToldStep>,
    flags: Vec<String>,
    dates: [Option<i64>; 3],
    due: Option<i64>,
    codes: [Option<String>; 3],
    chain: Vec<String>,
    /// The period, whether it is late there, and its mask in hexadecimal digits.
    periods: Vec<(String, bool, String)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ToldEvent {
    time: i64,
    kind: String,
    source: String,
    id: String,
    data: String,
    is_standing: bool,
}

/// As [`Step`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ToldStep {
    Accepted(i64),
    BaseDue(i64, ToldSource),
    Stopped(i64, bool),
    Moved(i64, i64, Option<i64>),
    DueGiven(i64, i64, bool),
    Ended(i64, i64, Option<i64>, bool),
    Reopened(i64),
    Anomaly(i64, String),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ToldSource {
    Acceptance,
    WorkingDays(u64),
    WorkingHours(u64),
    Days(u64),
    GivenLater,
}

impl ToldStep {
    fn of(step: &Step) -> ToldStep {
        match *step {
            Step::Accepted { at } => ToldStep::Accepted(at.to_bits()),
            Step::BaseDue { due, source } => ToldStep::BaseDue(
                due.to_bits(),
                match source {
                    DueSource::Acceptance => ToldSource::Acceptance,
                    DueSource::Duration(Duration::WorkingDays(days)) => ToldSource::WorkingDays(days),
                    DueSource::Duration(Duration::WorkingHours(hours)) => ToldSource::WorkingHours(hours),
                    DueSource::Duration(Duration::Days(days)) => ToldSource::Days(days),
                    DueSource::GivenLater => ToldSource::GivenLater,
                },
            ),
            Step::Stopped { at, is_supplement } => ToldStep::Stopped(at.to_bits(), is_supplement),
            Step::Moved { at, since, due } => ToldStep::Moved(at.to_bits(), since.to_bits(), bits(due)),
            Step::DueGiven { at, due, is_effective } => {
                ToldStep::DueGiven(at.to_bits(), due.to_bits(), is_effective)
            }
            Step::Ended { at, compared, due, is_late } => {
                ToldStep::Ended(at.to_bits(), compared.to_bits(), bits(due), is_late)
            }
            Step::Reopened { at } => ToldStep::Reopened(at.to_bits()),
            Step::Anomaly { at, what } => ToldStep::Anomaly(at.to_bits(), what.to_owned()),
        }
    }

    fn step(self) -> Step {
        let of = Instant::from_bits;
        match self {
            ToldStep::Accepted(at) => Step::Accepted { at: of(at) },
            ToldStep::BaseDue(due, source) => Step::BaseDue {
                due: of(due),
                source: match source {
                    ToldSource::Acceptance => DueSource::Acceptance,
                    ToldSource::WorkingDays(days) => DueSource::Duration(Duration::WorkingDays(days)),
                    ToldSource::WorkingHours(hours) => DueSource::Duration(Duration::WorkingHours(hours)),
                    ToldSource::Days(days) => DueSource::Duration(Duration::Days(days)),
                    ToldSource::GivenLater => DueSource::GivenLater,
                },
            },
            ToldStep::Stopped(at, is_supplement) => Step::Stopped { at: of(at), is_supplement },
            ToldStep::Moved(at, since, due) => {
                Step::Moved { at: of(at), since: of(since), due: self::at(due) }
            }
            ToldStep::DueGiven(at, due, is_effective) => {
                Step::DueGiven { at: of(at), due: of(due), is_effective }
            }
            ToldStep::Ended(at, compared, due, is_late) => {
                Step::Ended { at: of(at), compared: of(compared), due: self::at(due), is_late }
            }
            ToldStep::Reopened(at) => Step::Reopened { at: of(at) },
            ToldStep::Anomaly(at, what) => Step::Anomaly { at: of(at), what: sentence(what) },
        }
    }
}

/// A sentence of the program's own, kept for good: there are a dozen.
fn sentence(text: String) -> &'static str {
    static KNOWN: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if let Some(same) = known.get(text.as_str()) {
        return same;
    }
    if known.len() >= SENTENCES_MAX {
        return "an event that is impossible here";
    }
    let kept: &'static str = Box::leak(text.into_boxed_str());
    known.insert(kept);
    kept
}

impl ToldStory {
    pub(super) fn of(story: Story, names: &Names) -> ToldStory {
        let event = |event: StoryEvent| ToldEvent {
            time: event.time.to_bits(),
            kind: event.event_type.name().to_owned(),
            source: event.source,
            id: event.id,
            data: event.data,
            is_standing: event.is_standing,
        };
        let period = |(period, is_late, mask): (Period, bool, u128)| {
            (period.to_string(), is_late, format!("{mask:x}"))
        };
        let (procedure, agency, officer) = story.codes;
        ToldStory {
            events: story.events.into_iter().map(event).collect(),
            steps: story.steps.iter().map(ToldStep::of).collect(),
            flags: story.flags.iter().map(|flag| flag.name().to_owned()).collect(),
            dates: [story.dates.0, story.dates.1, story.dates.2].map(bits),
            due: bits(story.due),
            codes: texts([procedure, agency, officer], names),
            chain: story.chain.iter().map(|code| names.text(*code).to_owned()).collect(),
            periods: story.periods.into_iter().map(period).collect(),
        }
    }

    /// `None` for a word that this program does not know.
    pub(super) fn story(self, codes: &CodeBook) -> Option<Story> {
        let event = |event: ToldEvent| {
            Some(StoryEvent {
                time: Instant::from_bits(event.time),
                event_type: EventType::find(&event.kind)?,
                source: event.source,
                id: event.id,
                data: event.data,
                is_standing: event.is_standing,
            })
        };
        let flag = |name: String| Flag::ALL.into_iter().find(|flag| flag.name() == name);
        let period = |(period, is_late, mask): (String, bool, String)| {
            Some((Period::parse(&period)?, is_late, u128::from_str_radix(&mask, 16).ok()?))
        };
        let [submitted, accepted, ended] = self.dates.map(at);
        let [procedure, agency, officer] = self.codes.map(|text| coded(text, codes));
        Some(Story {
            events: self.events.into_iter().map(event).collect::<Option<_>>()?,
            steps: self.steps.into_iter().map(ToldStep::step).collect(),
            flags: Flags::of(self.flags.into_iter().map(flag).collect::<Option<Vec<_>>>()?),
            dates: (submitted, accepted, ended),
            due: at(self.due),
            codes: (procedure, agency, officer),
            chain: self.chain.iter().map(|text| codes.code(text)).collect(),
            periods: self.periods.into_iter().map(period).collect::<Option<_>>()?,
        })
    }
}
