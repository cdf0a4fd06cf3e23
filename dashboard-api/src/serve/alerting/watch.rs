//! The thread of alerts: asks the engine what was seen, steps the desk, keeps what changed, hands messages on.
//!
//! Nothing is handed to a channel before it is durable. What cannot be kept is tried again at every beat, and said.
//! The instant of a step is the engine's: facts and alerts are as of the same moment. Not here: sending (`send`),
//! measures (`measures`).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant as Moment};

use alerts::{Attempt, Desk, Keeping, Message, Names, Observation, Outbox, Refusal, Settings, Step, Texts};
use compute::engine::{Seen, Snapshot, Watched};
use compute::instant::Instant;
use compute::period::{Kind, Period};
use ingest::kafka::Stop;

use super::super::duties::SOURCE;
use super::super::live::Live;
use super::super::worker::Request;
use super::measures::{Silence, measures};
use super::send::{ChannelState, Sender, Way};
use super::{Handed, Question, Unwritten};
use crate::command::Failure;
use crate::telemetry::Telemetry;

/// How often the engine is asked what was seen.
const BEAT: Duration = Duration::from_millis(100);
/// The part of the time beats may take when history is told fast, and the longest they are put off for it.
const BEAT_SHARE: u32 = 10;
const BEAT_MAX: Duration = Duration::from_secs(1);
/// How long an answer of the engine is waited for; then it is asked again.
const PATIENCE: Duration = Duration::from_secs(30);
/// The least time between two looks at figures, and the part of the time they may take.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
const MEASURE_SHARE: u32 = 10;
/// How often what is remembered is written when nothing presses, with what a restart would find by itself.
const WRITE_EVERY: Duration = Duration::from_mins(1);
/// Alerts that may wait for that.
const UNWRITTEN_MAX: usize = 100_000;
/// Places of each shard looked at between two beats.
const LOOK_PLACES_MAX: usize = 10_000;
/// Dossiers remembered that are looked at between two beats; each may be read from the disk.
const LOOK_REMEMBERED_MAX: usize = 500;
/// Events so much before the last step may not have been seen then.
const HEARD_BEFORE_SECONDS: i64 = 3600;
/// Tries shown; as many as are kept.
const ATTEMPTS_MAX: usize = 1000;

/// How far looking at everything has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Look {
    /// Not begun.
    Wanted,
    /// The place to go on from.
    At(usize),
    /// All was marked; what is seen next is the rest.
    Marked,
    /// Done.
    Over,
}

/// What the engine answers.
struct Answer {
    as_of: Instant,
    seen: Seen,
    look: Look,
    /// By source: how many events came.
    sources: BTreeMap<String, u64>,
}

/// The thread's own.
pub(in crate::serve) struct Watcher {
    live: Live,
    stop: Stop,
    telemetry: Telemetry,
    pub(super) desk: Desk,
    pub(super) outbox: Outbox,
    keeping: Keeping,
    settings: Arc<Settings>,
    texts: Texts,
    watched: Vec<(String, Watched)>,
    heard_since: Instant,
    look: Look,
    /// Dossiers with an open alert that may be at rest: to be looked at with everything.
    remembered: Vec<String>,
    silence: Silence,
    unwritten: Unwritten,
    last_written: Moment,
    last_measured: Option<Moment>,
    measure_pause: Duration,
    pub(super) trouble: Option<String>,
    /// The instant of the last step of this process.
    last_step: Instant,
    pub(super) attempts: VecDeque<Attempt>,
    pub(super) channels: BTreeMap<String, ChannelState>,
    handed: BTreeMap<String, Handed>,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Watcher").field("look", &self.look).finish_non_exhaustive()
    }
}

impl Watcher {
    pub(super) fn new(
        (live, stop, telemetry): (Live, Stop, Telemetry),
        (desk, outbox, keeping): (Desk, Outbox, Keeping),
        (settings, texts): (Arc<Settings>, Texts),
        last_step: Option<Instant>,
    ) -> Watcher {
        let watched = desk.rules().iter().filter_map(|rule| Some((rule.id.clone(), rule.watched()?)));
        let back = |at: Instant| Instant::from_unix(at.unix_seconds() - HEARD_BEFORE_SECONDS, 0);
        Watcher {
            watched: watched.collect(),
            live,
            stop,
            telemetry,
            desk,
            outbox,
            keeping,
            settings,
            texts,
            // Where alerts begin, what has ended is history.
            heard_since: last_step.map_or(Instant::LAST, back),
            look: Look::Wanted,
            remembered: Vec::new(),
            silence: Silence::default(),
            unwritten: Unwritten::default(),
            last_written: Moment::now(),
            last_measured: None,
            measure_pause: MEASURE_EVERY,
            trouble: None,
            last_step: Instant::LAST,
            attempts: VecDeque::new(),
            channels: BTreeMap::new(),
            handed: BTreeMap::new(),
        }
    }

    /// Starts a thread for each channel, with what it owes.
    pub(super) fn open_channels(
        &mut self,
        channels: Vec<Way>,
        owed: Vec<Message>,
        questions: &SyncSender<Question>,
    ) -> Result<(), Failure> {
        for channel in channels {
            let name = channel.name().to_owned();
            let state = ChannelState::default();
            let sender = Sender::new(channel, self.live.clone(), self.stop.clone(), questions.clone());
            let handed = sender.start(state.clone())?;
            self.channels.insert(name.clone(), state);
            self.handed.insert(name, handed);
        }
        for message in owed {
            self.hand(message);
        }
        Ok(())
    }

    /// What a channel is handed fails if it is no longer set (`Way::Removed`).
    fn hand(&mut self, message: Message) {
        if let (Some(handed), Some(state)) =
            (self.handed.get(&message.channel), self.channels.get(&message.channel))
        {
            state.owe(1);
            // Its thread ends only when this one does.
            let _ = handed.send(message);
        }
    }

    pub(super) fn run(mut self, queue: &Receiver<Question>) {
        let mut next_beat = Moment::now();
        while !self.stop.is_asked() && self.live.is_running() {
            let wait = next_beat.saturating_duration_since(Moment::now());
            match queue.recv_timeout(wait) {
                Ok(question) => question(&mut self),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let began = Moment::now();
                    self.beat();
                    let rest = (began.elapsed() * BEAT_SHARE).clamp(BEAT, BEAT_MAX);
                    next_beat = began + rest;
                }
            }
        }
        self.write();
    }

    fn beat(&mut self) {
        let Some(answer) = self.ask_engine() else { return };
        let began = Moment::now();
        let (as_of, snapshot) = (answer.as_of, self.live.snapshot());
        let mut observed = Vec::new();
        if self.look == Look::Wanted && answer.look != Look::Wanted {
            observed.push(Observation::LookBegins);
        }
        {
            let codes = snapshot.codes.names();
            observed.extend(Observation::all(answer.seen.sightings, &self.watched, &codes));
        }
        self.look = match (self.look, answer.look) {
            _ if answer.seen.is_partial => Look::Wanted,
            (Look::Marked, _) => {
                observed.push(Observation::LookEnds);
                Look::Over
            }
            (_, look) => look,
        };
        self.silence.note(&answer.sources, as_of);
        // Figures are measured when everything was looked at: then they are whole.
        let is_due = self.last_measured.is_none_or(|last| last.elapsed() >= self.measure_pause);
        if is_due && self.look == Look::Over {
            let calendar = self.live.calendar();
            observed.extend(measures(&snapshot, self.desk.rules(), &self.silence, (as_of, &calendar)));
            observed.push(Observation::RoundEnds);
            self.last_measured = Some(Moment::now());
            self.measure_pause = MEASURE_EVERY.max(began.elapsed() * MEASURE_SHARE);
        }
        let is_waiting = self.outbox.is_waiting(as_of);
        let before = std::mem::replace(&mut self.last_step, as_of);
        let step = self.desk.step(as_of, observed, &self.live.calendar());
        // Those that time alone raised in this step.
        let raised = step.changed.iter().filter_map(|key| self.desk.alert(key));
        let raised: Vec<Instant> = raised
            .filter(|alert| alert.raised_at == as_of && alert.since > before)
            .map(|alert| alert.since)
            .collect();
        self.take(as_of, step, is_waiting, &snapshot);
        let now = self.live.now();
        for since in raised {
            self.telemetry.alerts.lag.observe(seconds_between(since, now));
        }
        self.telemetry.alerts.note_firing(self.desk.count("firing"));
    }

    /// Asks the engine without ever waiting for room in its queue.
    fn ask_engine(&mut self) -> Option<Answer> {
        let (answer, answered) = sync_channel(1);
        let (look, heard_since) = (self.look, self.heard_since);
        let watched: Vec<Watched> = self.watched.iter().map(|(_, watched)| *watched).collect();
        if look == Look::Wanted {
            self.remembered = self.alerted_of_duties();
        }
        let left = self.remembered.len().saturating_sub(LOOK_REMEMBERED_MAX);
        let remembered = self.remembered.split_off(left);
        let question = Request::Ask(Box::new(move |worker| {
            if look == Look::Wanted {
                worker.engine.watch(&watched);
            }
            let seen = worker.engine.take_seen();
            let place = match look {
                Look::Wanted => Some(0),
                Look::At(place) => Some(place),
                Look::Marked | Look::Over => None,
            };
            let look = match place {
                None => look,
                Some(place) => worker
                    .engine
                    .look_again(place, LOOK_PLACES_MAX, heard_since)
                    .map_or(if left > 0 { Look::At(usize::MAX) } else { Look::Marked }, Look::At),
            };
            worker.engine.look_at(&remembered);
            // Nobody waits for what people mark here.
            let others = worker.came.sources().filter(|(source, _)| *source != SOURCE);
            let sources = others.map(|(source, came)| (source.to_owned(), came.accepted));
            let sources = sources.collect();
            // Whoever asked may have lost patience.
            let _ = answer.send(Answer { as_of: worker.engine.as_of(), seen, look, sources });
        }));
        match self.live.engine.try_send(question) {
            Ok(()) => {
                let answer = answered.recv_timeout(PATIENCE).ok();
                if answer.is_none() {
                    // What was seen went with the answer.
                    self.look = Look::Wanted;
                }
                answer
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => None,
        }
    }

    /// The dossiers with an open alert about a letter: it stays owed when a dossier has ended, and at rest.
    fn alerted_of_duties(&self) -> Vec<String> {
        let is_duty =
            |rule: &str| self.watched.iter().any(|(id, one)| id == rule && *one == Watched::ApologyOverdue);
        let open = self.desk.alerts().filter(|alert| alert.state.is_open() && is_duty(&alert.key.rule));
        open.map(|alert| alert.key.subject.clone()).collect()
    }

    /// Keeps what a step came to, then hands its messages on.
    fn take(&mut self, as_of: Instant, step: Step, is_waiting: bool, snapshot: &Snapshot) {
        if !step.notices.is_empty() || step.digest.is_some() || is_waiting {
            let units = Units::of(snapshot);
            let parcels = self.outbox.take(as_of, &step, &self.settings, |unit| units.lineage(unit));
            for (place, parcel) in parcels {
                let channel = &self.settings.channels[place];
                let message = self.texts.message(&parcel, channel, self.desk.rules(), &units);
                self.unwritten.messages.push(message);
            }
        }
        self.unwritten.is_pressing |= step.is_pressing || !self.unwritten.messages.is_empty();
        self.unwritten.changed.extend(step.changed);
        let is_due = self.last_written.elapsed() >= WRITE_EVERY || is_waiting;
        let is_much = self.unwritten.changed.len() >= UNWRITTEN_MAX;
        if self.unwritten.is_pressing || is_due || is_much {
            self.write();
        }
    }

    fn write(&mut self) {
        let Unwritten { changed, messages, .. } = &mut self.unwritten;
        match self.keeping.keep(&self.desk, changed, &self.outbox, messages) {
            Ok(()) => {
                self.last_written = Moment::now();
                self.trouble = None;
                let Unwritten { messages, .. } = std::mem::take(&mut self.unwritten);
                for message in messages {
                    self.hand(message);
                }
            }
            Err(error) => {
                if self.trouble.is_none() {
                    tracing::error!(%error, "alerts cannot be kept; nothing is sent until they can");
                }
                self.trouble = Some(error.to_string());
            }
        }
    }

    /// What a channel says became of a message.
    pub(super) fn note(&mut self, message: &Message, attempt: Attempt) {
        let is_dead = self.channels.get(&attempt.channel).is_some_and(|state| state.read().is_dead());
        self.telemetry.alerts.note_message(&attempt.channel, attempt.outcome.name(), is_dead);
        if let Err(error) = self.keeping.note(message, &attempt) {
            tracing::warn!(%error, "what became of a message is not kept; it may be sent again, with the same id");
        }
        if self.attempts.len() >= ATTEMPTS_MAX {
            self.attempts.pop_front();
        }
        self.attempts.push_back(attempt);
    }

    /// Whether everything was looked at.
    pub(super) fn has_looked(&self) -> bool {
        self.look == Look::Over
    }

    /// Somebody takes an alert on.
    pub(super) fn acknowledge(&mut self, id: &str, by: &str) -> Result<(), Refusal> {
        let (now, calendar) = (self.live.now(), self.live.calendar());
        let step = self.desk.acknowledge(id, by, now, &calendar)?;
        self.unwritten.changed.extend(step.changed);
        self.write();
        Ok(())
    }

    /// Somebody puts an alert off.
    pub(super) fn snooze(&mut self, id: &str, why: (&str, &str), until: Instant) -> Result<(), Refusal> {
        let (now, calendar) = (self.live.now(), self.live.calendar());
        let step = self.desk.snooze(id, why, (now, until), &calendar)?;
        self.unwritten.changed.extend(step.changed);
        self.write();
        Ok(())
    }
}

/// Seconds from one instant to a later one.
#[allow(clippy::cast_precision_loss, reason = "a metric")]
fn seconds_between(from: Instant, to: Instant) -> f64 {
    let nanos = i64::from(to.subsecond_nanos()) - i64::from(from.subsecond_nanos());
    (to.unix_seconds() - from.unix_seconds()) as f64 + nanos as f64 / 1e9
}

/// Units as the current month knows them.
pub(in crate::serve) struct Units {
    names: BTreeMap<String, (String, String, Option<String>)>,
}

impl Units {
    pub(in crate::serve) fn of(snapshot: &Snapshot) -> Units {
        let codes = snapshot.codes.names();
        let month = Period::containing(snapshot.as_of, Kind::Month);
        let units = snapshot.period(month).map_or(&[][..], |period| period.frame.units());
        let names = units.iter().map(|unit| {
            let english = unit.name_en.as_deref().unwrap_or(&unit.name);
            let parent = unit.parent.map(|parent| codes.text(parent).to_owned());
            (codes.text(unit.code).to_owned(), (unit.name.to_string(), english.to_owned(), parent))
        });
        Units { names: names.collect() }
    }

    /// A unit and everything above it.
    pub(in crate::serve) fn lineage(&self, unit: &str) -> Vec<String> {
        let mut lineage = vec![unit.to_owned()];
        while let Some(parent) = lineage.last().and_then(|last| self.names.get(last)?.2.clone()) {
            if lineage.contains(&parent) {
                break;
            }
            lineage.push(parent);
        }
        lineage
    }
}

impl Names for Units {
    fn unit(&self, code: &str) -> (String, String) {
        self.names
            .get(code)
            .map_or_else(|| (code.to_owned(), code.to_owned()), |(vi, en, _)| (vi.clone(), en.clone()))
    }
}
