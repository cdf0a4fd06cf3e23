//! Alerts beside the live index: a thread that observes and keeps, one thread a channel that sends.
//!
//! `watch` observes the engine and steps the desk, `measures` turns figures into observations, `send` is a channel's
//! thread, `api` answers and `told` says how it all stands. The desk is asked by questions, as the engine is, so that
//! it has one owner. Not here: what an alert is (`alerts`), pages (`pages`).

mod api;
mod measures;
mod send;
mod told;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use alerts::{Channel, ChannelKind, ChannelSettings, Desk, Keeping, Message, Outbox, Rule, Settings, Texts};
use ingest::kafka::{self, AlertsTopic, Stop};
use store::Book;
use tokio::sync::oneshot;

use super::beside::Beside;
use super::live::{Live, Refused};
use crate::command::Failure;
use crate::telemetry::Telemetry;
use send::Way;
use watch::Watcher;

pub(super) use api::{Act, acknowledge, asking, list, of, put_off, snooze, take_on};
pub(super) use told::{Filter, PAGE, Shown, told};
pub(super) use watch::Units;

/// Questions that may wait for the desk.
const QUESTIONS_MAX: usize = 256;
/// The file in the data folder.
const FILE: &str = "alerts.redb";

/// What the desk is asked.
type Question = Box<dyn FnOnce(&mut Watcher) + Send>;

/// What alerts are made from.
#[derive(Debug)]
pub(crate) struct AlertsSetup {
    settings: Settings,
    rules: Vec<Rule>,
    texts: Texts,
    data: Option<PathBuf>,
    topics: BTreeMap<String, AlertsTopic>,
}

impl AlertsSetup {
    /// Reads rules and templates; `data` is the data folder, if there is one.
    /// Topics are written at the brokers of `kafka`.
    pub(crate) fn read(
        settings: Settings,
        data: Option<PathBuf>,
        kafka: Option<&kafka::Settings>,
    ) -> Result<AlertsSetup, Failure> {
        let failed = |error: String| Failure::question(error);
        let rules = if settings.rules.as_os_str().is_empty() {
            Rule::built_in()
        } else {
            let path = settings.rules.display();
            let text = std::fs::read_to_string(&settings.rules);
            Rule::read(&text.map_err(|error| failed(format!("{path}: {error}")))?)
        };
        let rules = rules.map_err(|error| failed(error.to_string()))?;
        for channel in &settings.channels {
            let known = |name: &String| rules.iter().any(|rule| rule.id == *name);
            if let Some(name) = channel.rules.iter().find(|name| !known(name)) {
                return Err(failed(format!("channel {}: there is no rule {name}", channel.name)));
            }
        }
        let folder = Some(settings.templates.as_path()).filter(|path| !path.as_os_str().is_empty());
        let texts = Texts::read(folder, &settings.link_base).map_err(|error| failed(error.to_string()))?;
        let topics = topics(&settings, kafka)?;
        Ok(AlertsSetup { settings, rules, texts, data, topics })
    }
}

/// The topics of channels, by the channel's name.
fn topics(
    settings: &Settings,
    kafka: Option<&kafka::Settings>,
) -> Result<BTreeMap<String, AlertsTopic>, Failure> {
    let mut topics = BTreeMap::new();
    for channel in settings.channels.iter().filter(|channel| channel.kind == ChannelKind::Kafka) {
        let refused = |why: &str| Failure::question(format!("channel {}: {why}", channel.name));
        let Some(kafka) = kafka else {
            return Err(refused("a topic needs brokers: give [kafka] with bootstrap"));
        };
        let written = [kafka.dead_letters(), kafka.figures(), kafka.counts()];
        if kafka.topics().contains(&channel.topic) || written.contains(&Some(channel.topic.as_str())) {
            return Err(refused("its topic stands for something else too; give alerts a topic of their own"));
        }
        topics.insert(channel.name.clone(), AlertsTopic::new(kafka, &channel.topic));
    }
    Ok(topics)
}

/// Alerts that are watched for.
#[derive(Clone, Debug)]
pub(crate) struct Alerting {
    questions: SyncSender<Question>,
    beside: Beside,
    pub(super) settings: Arc<Settings>,
    book: Book,
}

impl Alerting {
    /// Begins once the state is restored. The data folder must be open by then, so that its lock is held.
    pub(crate) fn start(setup: AlertsSetup, live: &Live, telemetry: Telemetry) -> Result<Alerting, Failure> {
        let AlertsSetup { settings, rules, texts, data, mut topics } = setup;
        let path = data.map(|data| data.join(FILE));
        let (keeping, kept) =
            Keeping::open(path.as_deref()).map_err(|error| Failure::question(error.to_string()))?;
        if kept.is_new {
            tracing::info!("alerts begin here: what holds already is shown as history and nobody is told");
        }
        let (questions, queue) = sync_channel(QUESTIONS_MAX);
        let (settings, stop, book) = (Arc::new(settings), Stop::default(), keeping.book());
        let heard_since = kept.memory.last_step();
        let desk = Desk::new(rules, kept.alerts, kept.memory, &live.calendar());
        let mut watcher = Watcher::new(
            (live.clone(), stop.clone(), telemetry),
            (desk, kept.outbox, keeping),
            (Arc::clone(&settings), texts),
            heard_since,
        );
        watcher.attempts.extend(kept.attempts);
        let way = |channel: &ChannelSettings| match topics.remove(&channel.name) {
            Some(topic) => Ok(Way::Topic(channel.name.clone(), Box::new(topic))),
            None => Channel::new(channel.clone())
                .map(|channel| Way::Post(Box::new(channel)))
                .map_err(|why| Failure::question(format!("channel {}: {why}", channel.name))),
        };
        let mut channels = settings.channels.iter().map(way).collect::<Result<Vec<Way>, Failure>>()?;
        channels.extend(removed(&settings, &kept.messages));
        watcher.open_channels(channels, kept.messages, &questions)?;
        let beside = Beside::start("alerts", live.clone(), stop, move || watcher.run(&queue))?;
        Ok(Alerting { questions, beside, settings, book })
    }

    /// The open book, with its name in the data folder.
    pub(super) fn book(&self) -> (&'static str, Book) {
        (FILE, self.book.clone())
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn end(&self) {
        self.beside.end();
    }

    /// Asks the desk.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Watcher) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (answer, answered) = oneshot::channel();
        let question: Question = Box::new(move |watcher| {
            // The asker may have gone; then nobody wants the answer.
            let _ = answer.send(question(watcher));
        });
        self.questions.try_send(question).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Busy,
            TrySendError::Disconnected(_) => Refused::Stopped,
        })?;
        answered.await.map_err(|_| Refused::Stopped)
    }
}

/// Channels that are owed messages and are in the settings no more: each is shown until its messages are given up.
fn removed(settings: &Settings, owed: &[Message]) -> Vec<Way> {
    let is_set = |name: &str| settings.channels.iter().any(|channel| channel.name == name);
    let names: BTreeSet<&str> = owed.iter().map(|message| message.channel.as_str()).collect();
    let gone = names.into_iter().filter(|name| !is_set(name));
    gone.map(|name| {
        tracing::warn!(
            channel = name,
            "a channel is not in the settings and is owed messages; put it back, or they are given up after a day"
        );
        Way::Removed(name.to_owned())
    })
    .collect()
}

/// Messages handed to a channel's thread.
type Handed = std::sync::mpsc::Sender<Message>;

/// What is kept of a step until it is written.
#[derive(Debug, Default)]
struct Unwritten {
    changed: alerts::KeySet,
    messages: Vec<Message>,
    /// Some of it a new process would not come to by itself.
    is_pressing: bool,
}

/// The desk as it is asked.
impl Watcher {
    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    pub(super) fn outbox(&self) -> &Outbox {
        &self.outbox
    }
}
