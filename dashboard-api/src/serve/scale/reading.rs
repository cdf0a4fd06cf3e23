//! What a reader takes in: events of the topics everybody reads into its own engine, publications of shares into the sums.
//!
//! Two threads beside the live index, each of which begins again by itself when something fails. Positions live in
//! memory: a reader keeps nothing and can be started anywhere. Not here: adding (`merged`), answering (`routes`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use compute::codes::LocalCodes;
use compute::engine::Setup;
use compute::event::Family;
use ingest::durable::Consumed;
use ingest::kafka::{self, CountsReader, Feed, Heard, KafkaError, Stop, Wanted};

use super::answering::Shown;
use super::asking::Asking;
use super::merged::Merged;
use crate::command::Failure;
use crate::serve::Server;
use crate::serve::access::Access;
use crate::serve::beside::Beside;
use crate::serve::live::{Clock, Live};
use crate::telemetry::Telemetry;

/// Messages taken before anything else is looked at.
const TURN_MESSAGES: usize = 20_000;
/// How long is waited for a message.
const TURN_WAIT: Duration = Duration::from_millis(100);
/// Before a topic that failed is read again.
const PAUSE: Duration = Duration::from_secs(3);
/// Between two looks whether it is still wanted.
const BEAT: Duration = Duration::from_millis(50);

/// A reader at work.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    merged: Arc<Merged>,
    beside: [Beside; 2],
}

impl Reading {
    /// A server that shows the sums of all shares; `setup` makes its own engine, with periods from `from_year` on.
    pub(crate) fn server(
        settings: &kafka::Settings,
        topic: &str,
        setup: impl Fn() -> Setup + Send + 'static,
        from_year: i32,
        (telemetry, secret): (Telemetry, Option<Shown>),
    ) -> Result<Server, Failure> {
        let first = setup();
        let merged = Merged::new(Arc::clone(&first.catalogue), first.fingerprint(), from_year);
        let merged = Arc::new(merged);
        let asking = Asking::new(Arc::clone(&merged), secret);
        let mut live =
            Live::start(setup, (None, Some(Arc::clone(&merged))), Clock::System, telemetry.clone())?;
        live.asks(asking);
        let reading = Some(Reading::start(settings, topic, &live, merged)?);
        Ok(Server {
            live,
            board: Arc::default(),
            telemetry,
            kafka: None,
            reading,
            figures: None,
            access: Access::default(),
            alerts: None,
            editions: None,
            reconciling: None,
            tiles: Arc::default(),
        })
    }

    /// Begins to read; `live` shows what `merged` adds up.
    fn start(
        settings: &kafka::Settings,
        topic: &str,
        live: &Live,
        merged: Arc<Merged>,
    ) -> Result<Reading, Failure> {
        let stop = Stop::default();
        let whole = WholeTopics {
            settings: settings.clone(),
            live: live.clone(),
            merged: Arc::clone(&merged),
            stop: stop.clone(),
            consumed: Consumed::default(),
            misplaced: 0,
        };
        let counts = CountsOfShares {
            settings: settings.clone(),
            topic: topic.to_owned(),
            live: live.clone(),
            merged: Arc::clone(&merged),
            stop: stop.clone(),
        };
        let whole = Beside::start_now("whole-topics", stop.clone(), move || whole.run())?;
        let counts = Beside::start_now("counts", stop, move || counts.run())?;
        Ok(Reading { merged, beside: [whole, counts] })
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn end(&self) {
        self.beside.iter().for_each(Beside::end);
    }

    /// The sums.
    pub(in crate::serve) fn merged(&self) -> &Merged {
        &self.merged
    }
}

/// The thread that reads what everybody reads.
struct WholeTopics {
    settings: kafka::Settings,
    live: Live,
    merged: Arc<Merged>,
    stop: Stop,
    consumed: Consumed,
    misplaced: u64,
}

impl WholeTopics {
    fn run(mut self) {
        while !self.stop.is_asked() && self.live.is_running() {
            if let Err(error) = self.follow() {
                tracing::error!(%error, "topics that everybody reads cannot be read; tried again in a moment");
                self.merged.note_trouble(Some(error.to_string()));
                wait(&self.stop);
            }
        }
    }

    fn follow(&mut self) -> Result<(), KafkaError> {
        let now = || (Instant::now(), self.live.now());
        let (wanted, consumed) = (Wanted::of_reader(&self.settings), self.consumed.clone());
        let mut feed = Feed::open(&self.settings, wanted, (consumed, false), now())?;
        let dossiers = self.settings.dossiers();
        self.merged.note_shares(feed.partitions(&dossiers)?);
        self.merged.note_trouble(None);
        let mut codes = LocalCodes::new(&self.live.codes());
        let refresh = Duration::from_millis(self.settings.refresh_milliseconds.into());
        let mut last_look = Instant::now();
        while !self.stop.is_asked() && self.live.is_running() {
            let (mut accepted, mut misplaced) = (self.live.accepted(), 0);
            let merged = &self.merged;
            let mut hear = |heard: Heard<'_>| match heard {
                Heard::Event(draft, _) => {
                    if !matches!(draft.event_type.family(), Family::Retraction | Family::Source) {
                        merged.note_identity(kafka::identity(&draft.source, &draft.id));
                    }
                    accepted.routed.push(&draft, &mut codes);
                    accepted.came.of(&draft.source).accepted += 1;
                    accepted.events += 1;
                }
                Heard::SetAside(rejection, _, at, _) => {
                    accepted.came.of("").set_aside += 1;
                    tracing::warn!(%at, reason = rejection.reason.code(), "message set aside");
                }
                Heard::Misplaced(_, at) => {
                    misplaced += 1;
                    tracing::error!(%at, "an event of a dossier stands in a topic that everybody reads");
                }
            };
            let moment = (Instant::now(), self.live.now());
            let is_drained = feed.take(TURN_MESSAGES, TURN_WAIT, moment, &mut hear)?;
            if accepted.events > 0 && self.live.apply_blocking(accepted).is_err() {
                return Ok(());
            }
            self.misplaced += misplaced;
            self.consumed = feed.consumed().clone();
            let is_caught_up = is_drained && feed.is_caught_up();
            self.merged.note_reference(is_caught_up, self.consumed.gaps(), self.misplaced);
            if last_look.elapsed() >= refresh {
                last_look = Instant::now();
                self.merged.note_shares(feed.partitions(&dossiers)?);
            }
        }
        Ok(())
    }
}

/// The thread that reads the topic of counts.
struct CountsOfShares {
    settings: kafka::Settings,
    topic: String,
    live: Live,
    merged: Arc<Merged>,
    stop: Stop,
}

impl CountsOfShares {
    fn run(self) {
        while !self.stop.is_asked() && self.live.is_running() {
            if let Err(problem) = self.follow() {
                tracing::error!(problem, "the topic of counts is read from its beginning again");
                self.merged.note_trouble(Some(problem));
                wait(&self.stop);
            }
        }
    }

    fn follow(&self) -> Result<(), String> {
        self.merged.begin_again();
        let opened = CountsReader::open(&self.settings, &self.topic);
        let mut reader = opened.map_err(|error| error.to_string())?;
        let codes = self.live.codes();
        let mut is_told = false;
        while !self.stop.is_asked() && self.live.is_running() {
            if let Some(publication) = reader.next(TURN_WAIT).map_err(|error| error.to_string())? {
                self.merged.apply(publication, &codes).map_err(|error| error.to_string())?;
            }
            if !is_told && reader.is_read_back() {
                self.merged.read_back();
                is_told = true;
            }
        }
        Ok(())
    }
}

fn wait(stop: &Stop) {
    let until = Instant::now() + PAUSE;
    while !stop.is_asked() && Instant::now() < until {
        std::thread::sleep(BEAT);
    }
}
