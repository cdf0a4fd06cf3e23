//! The life of one share in one process: taken over, caught up, counted and published until it is given away.
//!
//! State is what the messages of its partition, and of the topics everybody reads, make of it: a snapshot on shared
//! storage is only a shortcut. Whatever goes wrong, the state is dropped and taken up again; that a process which stood
//! still can do no harm is the topic's doing (`ingest::kafka::CountsTopic`). Not here: who has which share (`worker`).

mod publication;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use compute::codes::LocalCodes;
use compute::engine::{Cells, Engine, Routed, Setup};
use compute::event::{Draft, Family};
use ingest::durable::consumed::Positions;
use ingest::durable::{KeptShare, ShareMark};
use ingest::kafka::{
    self, CountsError, CountsTopic, DeadLetters, Feed, Heard, KafkaError, Origin, ShareState, Stop, Wanted,
};

use super::answering::{Waiting, answer_all};
use super::told::{ShareStatus, SharedWorking, Step};
use crate::serve::live::Clock;

/// Messages taken before anything else is looked at.
const TURN_MESSAGES: usize = 20_000;
/// How long is waited for a message.
const TURN_WAIT: Duration = Duration::from_millis(50);
/// The least time between two publications.
const PUBLISH_EVERY: Duration = Duration::from_secs(1);
/// A share of which nothing changed says so often that it lives.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Before a share that failed is taken up again.
const PAUSE: Duration = Duration::from_secs(3);
/// Between two looks whether it is still wanted.
const BEAT: Duration = Duration::from_millis(50);
/// Retractions in its partition that are remembered, to be held against what they name.
const RETRACTED_MAX: usize = 10_000;

/// Why a share was dropped.
#[derive(Debug, thiserror::Error)]
enum Dropped {
    #[error(transparent)]
    Counts(#[from] CountsError),
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    #[error(transparent)]
    Compute(#[from] compute::ComputeError),
    #[error(
        "the topic of dossiers had {before} partitions and has {now}: subjects no longer stay in theirs; make topics under a new prefix (dossiers with as many partitions as are ever wanted, counts with as many), send every event to them again and start workers and readers with that topic_prefix"
    )]
    PartitionsChanged { before: usize, now: usize },
}

/// What every share of a process has in common.
pub(super) struct Common {
    pub(super) settings: kafka::Settings,
    /// The topic of counts.
    pub(super) topic: String,
    pub(super) setup: Box<dyn Fn() -> Setup + Send + Sync>,
    /// The year from which periods are kept.
    pub(super) from_year: i32,
    pub(super) data: PathBuf,
    /// A name no other process has.
    pub(super) member: String,
    pub(super) save_every: Duration,
    pub(super) clock: Clock,
    pub(super) status: SharedWorking,
}

/// One share of this process.
pub(super) struct Share {
    pub(super) number: i32,
    /// Partitions of the topic of dossiers.
    pub(super) shares: usize,
    pub(super) stop: Stop,
    pub(super) common: Arc<Common>,
}

impl Share {
    /// Until it is given away; what was counted is published and saved before.
    pub(super) fn run(self) {
        while !self.stop.is_asked() {
            let Err(dropped) = self.live() else { break };
            self.tell(|status| {
                *status = ShareStatus { trouble: Some(dropped.to_string()), ..ShareStatus::default() };
            });
            if let Dropped::Counts(CountsError::Fenced { .. }) = &dropped {
                self.common.status.note_fenced();
                tracing::warn!(share = self.number, "{dropped}");
                // The group may not have said yet who has it; whoever is patient does not take it back and forth.
                self.wait(Duration::from_millis(self.common.settings.session_milliseconds.into()));
            } else {
                tracing::error!(share = self.number, "{dropped}; it is taken up again in a moment");
                self.wait(PAUSE);
            }
        }
        self.common.status.forget(self.number);
    }

    fn live(&self) -> Result<(), Dropped> {
        self.tell(|status| status.step = Step::Taking);
        let Some(topic) = self.open_topic()? else { return Ok(()) };
        let former = topic.former().cloned();
        if let Some(former) = former.as_ref().filter(|former| former.shares != self.shares) {
            return Err(Dropped::PartitionsChanged { before: former.shares, now: self.shares });
        }
        let kept = KeptShare::new(&self.common.data, self.number, &self.common.member);
        let (restored, passed_over) = kept.restore(&self.common.setup);
        for problem in passed_over {
            tracing::warn!(share = self.number, %problem, "a snapshot could not be used");
        }
        let restored = restored.filter(|(_, mark)| mark.shares == self.shares);
        let is_restored = restored.is_some();
        let (engine, mark) = restored.unwrap_or_else(|| {
            let mark = ShareMark { shares: self.shares, ..ShareMark::default() };
            (Engine::new((self.common.setup)()), mark)
        });
        tracing::info!(share = self.number, is_restored, messages = ?mark.consumed.positions, "a share is taken over");
        let (wanted, consumed) =
            (Wanted::of_share(&self.common.settings, self.number), mark.consumed.clone());
        let feed = Feed::open(&self.common.settings, wanted, (consumed, former.is_some()), self.now())?;
        let questions = self.common.status.doors().open(self.number);
        let life = Life {
            questions,
            share: self,
            codes: LocalCodes::new(&engine.codes()),
            fingerprint: (self.common.setup)().fingerprint(),
            engine,
            mark,
            feed,
            letters: DeadLetters::open(&self.common.settings, self.common.status.letters())?,
            sent: former.map(|former| former.positions).unwrap_or_default(),
            topic: Some(topic),
            kept,
            is_current: false,
            published: None,
            fresh: Vec::new(),
            last_published: None,
            last_failed: None,
            last_saved: Instant::now(),
            last_counted: Instant::now(),
        };
        life.run()
    }

    /// Fences whoever had the share.
    fn open_topic(&self) -> Result<Option<CountsTopic>, CountsError> {
        let share = (self.number, self.shares);
        CountsTopic::open(&self.common.settings, &self.common.topic, share, &self.stop)
    }

    fn now(&self) -> (Instant, compute::instant::Instant) {
        (Instant::now(), self.common.clock.now())
    }

    fn tell(&self, change: impl FnOnce(&mut ShareStatus)) {
        self.common.status.change(self.number, change);
    }

    fn wait(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.stop.is_asked() && Instant::now() < until {
            std::thread::sleep(BEAT);
        }
    }
}

/// What was last published.
struct Published {
    cells: BTreeMap<String, Arc<Cells>>,
    state: ShareState,
}

/// A share that is taken over.
struct Life<'s> {
    share: &'s Share,
    engine: Engine,
    codes: LocalCodes,
    questions: Receiver<Waiting>,
    mark: ShareMark,
    feed: Feed,
    letters: Option<DeadLetters>,
    /// How far dead letters were sent by a former owner.
    sent: Positions,
    /// `None` while it could not be written; it is then opened anew.
    topic: Option<CountsTopic>,
    kept: KeptShare,
    fingerprint: String,
    /// Everything that was there when it was taken over has been counted.
    is_current: bool,
    published: Option<Published>,
    /// Identities of events of its partition that are not published yet.
    fresh: Vec<u64>,
    last_published: Option<Instant>,
    last_failed: Option<Instant>,
    last_saved: Instant,
    last_counted: Instant,
}

impl Life<'_> {
    fn run(mut self) -> Result<(), Dropped> {
        while !self.share.stop.is_asked() {
            let is_drained = self.take()?;
            self.is_current |= is_drained && self.feed.is_caught_up();
            self.look_at_partitions()?;
            if self.is_current {
                self.engine.advance(self.share.common.clock.now())?;
                self.publish()?;
                self.save();
            }
            answer_all(&self.questions, &mut self.engine, (&self.fingerprint, self.is_current));
            self.tell();
        }
        self.share.common.status.doors().close(self.share.number);
        if self.is_current {
            self.last_published = None;
            self.publish()?;
            self.write_snapshot();
        }
        Ok(())
    }

    /// Takes what has come into the engine; whether nothing more had come.
    fn take(&mut self) -> Result<bool, KafkaError> {
        let (mut own, mut whole) = (Routed::new(self.engine.shards()), Routed::new(self.engine.shards()));
        let (mark, codes, number) = (&mut self.mark, &mut self.codes, self.share.number);
        let (fresh, letters, sent) = (&mut self.fresh, &mut self.letters, &self.sent);
        let status = &self.share.common.status;
        let mut hear = |heard: Heard<'_>| match heard {
            Heard::Event(draft, Origin::Share) => {
                note_retraction(&draft, mark);
                if draft.event_type.family() != Family::Source {
                    fresh.push(kafka::identity(&draft.source, &draft.id));
                }
                own.push(&draft, codes);
            }
            Heard::Event(draft, Origin::Whole) => whole.push(&draft, codes),
            Heard::SetAside(rejection, origin, at, letter) => {
                mark.set_aside += u64::from(origin == Origin::Share);
                // What everybody reads is told by one of them, and what a former owner has published was told by it.
                let is_told = origin == Origin::Whole && number != 0
                    || sent.get(at.topic).and_then(|known| known.get(&at.partition)) > Some(&at.offset);
                if let Some(letters) = letters.as_mut().filter(|_| !is_told) {
                    letters.send(vec![letter]);
                }
                status.note_rejected(rejection.reason.code());
                tracing::warn!(share = number, %at, reason = rejection.reason.code(), "message set aside");
            }
            Heard::Misplaced(Origin::Share, at) => {
                mark.misplaced += 1;
                tracing::error!(
                    share = number,
                    %at,
                    "an event stands in the topic of dossiers and is none of a dossier"
                );
            }
            // Whoever reads the topic for everybody says so.
            Heard::Misplaced(Origin::Whole, _) => {}
        };
        let now = self.share.now();
        let is_drained = self.feed.take(TURN_MESSAGES, TURN_WAIT, now, &mut hear)?;
        let before = self.engine.tally();
        self.engine.apply(&[own]);
        let after = self.engine.tally();
        self.engine.apply(&[whole]);
        let known = self.mark.tally();
        self.mark.set_tally(compute::engine::Tally {
            consumed: known.consumed + after.consumed - before.consumed,
            applied: known.applied + after.applied - before.applied,
            duplicate: known.duplicate + after.duplicate - before.duplicate,
            superseded: known.superseded + after.superseded - before.superseded,
        });
        Ok(is_drained)
    }

    /// More partitions put subjects elsewhere: their counts would stand twice.
    fn look_at_partitions(&mut self) -> Result<(), Dropped> {
        let every = Duration::from_millis(self.share.common.settings.refresh_milliseconds.into());
        if self.last_counted.elapsed() < every {
            return Ok(());
        }
        self.last_counted = Instant::now();
        // Whoever cannot be asked now is asked again in a moment.
        let Ok(now) = self.feed.partitions(&self.share.common.settings.dossiers()) else { return Ok(()) };
        let before = self.mark.shares;
        if before == now { Ok(()) } else { Err(Dropped::PartitionsChanged { before, now }) }
    }

    /// Retractions in this partition that name what everybody reads: others have not seen them.
    fn retracted_elsewhere(&self) -> u64 {
        let others = [Family::Petition, Family::Procedure, Family::Agency, Family::Officer];
        let is_elsewhere = |code: &&String| {
            !self.engine.knows(Family::Dossier, code)
                && others.iter().any(|family| self.engine.knows(*family, code))
        };
        self.mark.retracted.iter().filter(is_elsewhere).count() as u64
    }

    fn save(&mut self) {
        if self.last_saved.elapsed() >= self.share.common.save_every {
            self.write_snapshot();
        }
    }

    /// Nothing unless all of it is published: whoever takes it over could not know which identities were not.
    fn write_snapshot(&mut self) {
        if !self.fresh.is_empty() {
            return;
        }
        self.last_saved = Instant::now();
        self.mark.consumed = self.feed.consumed().clone();
        match self.kept.save(&mut self.engine, &self.mark) {
            Ok(bytes) => self.share.tell(|status| status.saved_bytes = Some(bytes)),
            Err(error) => {
                tracing::warn!(share = self.share.number, %error, "no snapshot can be written; the broker keeps every event");
            }
        }
    }

    fn tell(&self) {
        let trouble = self.feed.trouble();
        let own = self.share.common.settings.dossiers();
        self.share.tell(|status| {
            status.step = if self.is_current { Step::Current } else { Step::CatchingUp };
            status.position = self.feed.consumed().position(&own, self.share.number);
            status.gaps = self.feed.consumed().gaps();
            status.misplaced = self.mark.misplaced;
            status.set_aside = self.mark.set_aside;
            status.consumed = self.mark.tally().consumed;
            status.trouble = trouble.or(status.trouble.take().filter(|_| self.topic.is_none()));
        });
    }
}

fn note_retraction(draft: &Draft<'_>, mark: &mut ShareMark) {
    if draft.event_type.family() != Family::Retraction
        || mark.retracted.iter().any(|code| *code == draft.subject)
    {
        return;
    }
    if mark.retracted.len() < RETRACTED_MAX {
        mark.retracted.push(draft.subject.clone().into_owned());
    } else {
        // What cannot be looked at is not vouched for.
        mark.misplaced += 1;
    }
}
