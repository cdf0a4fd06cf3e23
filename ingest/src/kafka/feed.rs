//! Events from topics for one engine: all of some topics and one partition of another, from positions its owner keeps.
//!
//! There is no group here: who reads what was decided before. What a broker no longer has is marked as a gap and never
//! jumped over. An event in a topic where it could be counted twice, or be missed by others, is told as misplaced and not
//! handed on. Not here: keeping positions, counting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};

use compute::event::{Draft, Family};
use compute::instant::Instant;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{ClientContext, Offset, Statistics, TopicPartitionList};

use super::dead_letters::Letter;
use super::message::event_bytes;
use super::position::{Kept, Start, start};
use super::settings::{EVENT_TOPICS, Settings};
use super::{KafkaError, client};
use crate::decode::decode;
use crate::durable::{Consumed, Gap, GapKind};
use crate::rejection::Rejection;

/// How long a broker may take to say what it has.
const ASK_PATIENCE: Duration = Duration::from_secs(5);

impl Settings {
    /// The topic whose partitions workers share among them.
    pub fn dossiers(&self) -> String {
        format!("{}{}", self.topic_prefix, EVENT_TOPICS[0])
    }

    /// The topics of events that every worker and reader needs whole.
    pub fn whole_topics(&self) -> impl Iterator<Item = String> {
        EVENT_TOPICS[1..].iter().map(|name| format!("{}{name}", self.topic_prefix))
    }
}

/// Part of a feed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// All partitions of a topic, also those to come.
    Whole(String),
    /// One partition of the topic of dossiers.
    Share(String, i32),
}

impl Wanted {
    /// The feed of a share: its partition, and all of the topics everybody reads.
    pub fn of_share(settings: &Settings, share: i32) -> Vec<Wanted> {
        let own = Wanted::Share(settings.dossiers(), share);
        std::iter::once(own).chain(Wanted::of_reader(settings)).collect()
    }

    /// The feed of a reader: all of the topics everybody reads.
    pub fn of_reader(settings: &Settings) -> Vec<Wanted> {
        settings.whole_topics().map(Wanted::Whole).collect()
    }
}

/// What one message was.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is handed on at once and never kept")]
pub enum Heard<'a> {
    /// An event; whether it is of the share, or everybody reads it.
    Event(Draft<'a>, Origin),
    /// Not understood: where it stands, and the message for the topic of dead letters.
    SetAside(Rejection, Origin, Place<'a>, Letter),
    /// It belongs in another topic, and where it stands.
    Misplaced(Origin, Place<'a>),
}

/// Where a message stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.partition, self.offset)
    }
}

/// Which part of the feed a message came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A topic that everybody reads.
    Whole,
    /// The share's partition.
    Share,
}

/// What librdkafka tells by itself.
#[derive(Debug, Default)]
struct Told {
    ends: Mutex<BTreeMap<(String, i32), i64>>,
    trouble: Mutex<Option<String>>,
}

impl ClientContext for Told {
    fn stats(&self, told: Statistics) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        for (topic, told) in told.topics {
            for (partition, told) in told.partitions {
                ends.insert((topic.clone(), partition), told.eof_offset);
            }
        }
    }

    fn error(&self, error: ClientError, reason: &str) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{error}: {reason}"));
    }
}

impl ConsumerContext for Told {}

/// Partitions being read.
pub struct Feed {
    consumer: Arc<BaseConsumer<Told>>,
    wanted: Vec<Wanted>,
    consumed: Consumed,
    /// The end each partition had when it was taken up.
    targets: BTreeMap<(String, i32), i64>,
    /// Whether there was a life before this one: then what is missing at a beginning was lost.
    has_past: bool,
    refresh: Duration,
    last_look: Moment,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

impl Feed {
    /// Takes everything wanted up where `consumed` says, else at its first message.
    ///
    /// # Errors
    /// When a broker cannot be asked, or lacks a topic.
    pub fn open(
        settings: &Settings,
        wanted: Vec<Wanted>,
        (consumed, has_past): (Consumed, bool),
        (moment, now): (Moment, Instant),
    ) -> Result<Feed, KafkaError> {
        let reader: BaseConsumer<Told> = client::feed(settings)?.create_with_context(Told::default())?;
        let mut feed = Feed {
            consumer: Arc::new(reader),
            wanted,
            consumed,
            targets: BTreeMap::new(),
            has_past,
            refresh: Duration::from_millis(settings.refresh_milliseconds.into()),
            last_look: moment,
        };
        feed.look_for_more(now)?;
        Ok(feed)
    }

    /// How far each partition was taken, and what was missing.
    pub fn consumed(&self) -> &Consumed {
        &self.consumed
    }

    /// What went wrong last.
    pub fn trouble(&self) -> Option<String> {
        self.consumer.context().trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// How many partitions a topic has.
    ///
    /// # Errors
    /// When a broker cannot be asked, or has no such topic.
    pub fn partitions(&self, topic: &str) -> Result<usize, KafkaError> {
        let metadata = self.consumer.fetch_metadata(Some(topic), ASK_PATIENCE)?;
        let found = metadata.topics().first().filter(|found| found.error().is_none());
        let count = found.map_or(0, |found| found.partitions().len());
        if count == 0 { Err(KafkaError::NoTopic { topic: topic.to_owned() }) } else { Ok(count) }
    }

    /// Whether every partition was read to the end it had when it was taken up.
    pub fn is_caught_up(&self) -> bool {
        let ends = self.consumer.context().ends.lock().unwrap_or_else(PoisonError::into_inner);
        self.targets.iter().all(|(place, target)| {
            let position = self.consumed.position(&place.0, place.1).unwrap_or(0);
            // Behind the last message there may be marks of transactions, which are never handed out.
            position >= *target || ends.get(place).is_some_and(|end| end >= target)
        })
    }

    /// Hands on what has come, at most so many messages; whether nothing more had come.
    ///
    /// # Errors
    /// When the consumer is of no more use, or a broker cannot say what it still has.
    pub fn take(
        &mut self,
        messages_max: usize,
        mut wait: Duration,
        (moment, now): (Moment, Instant),
        each: &mut dyn FnMut(Heard<'_>),
    ) -> Result<bool, KafkaError> {
        if moment.saturating_duration_since(self.last_look) >= self.refresh {
            self.last_look = moment;
            // A broker that is away for a moment is asked again; what is read goes on.
            if let Err(KafkaError::Client(error)) = self.look_for_more(now) {
                self.note(&error);
            }
        }
        let consumer = Arc::clone(&self.consumer);
        for _ in 0..messages_max {
            match consumer.poll(wait) {
                None => return Ok(true),
                Some(Ok(message)) => self.hear(&message, each),
                Some(Err(error @ ClientError::MessageConsumptionFatal(_))) => return Err(error.into()),
                Some(Err(error)) => match error.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                        let places: Vec<_> = self.targets.keys().cloned().collect();
                        consumer.unassign()?;
                        self.take_up(&places, now)?;
                    }
                    _ => self.note(&error),
                },
            }
            wait = Duration::ZERO;
        }
        Ok(false)
    }

    fn note(&self, error: &ClientError) {
        let mut trouble = self.consumer.context().trouble.lock().unwrap_or_else(PoisonError::into_inner);
        *trouble = Some(error.to_string());
    }

    fn hear(&mut self, message: &BorrowedMessage<'_>, each: &mut dyn FnMut(Heard<'_>)) {
        let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
        if self.consumed.position(topic, partition).is_none_or(|next| offset < next) {
            return;
        }
        self.consumed.set_position(topic, partition, offset + 1);
        let is_share = |wanted: &Wanted| matches!(wanted, Wanted::Share(share, _) if share == topic);
        let origin = if self.wanted.iter().any(is_share) { Origin::Share } else { Origin::Whole };
        let place = Place { topic, partition, offset };
        let value = message.payload().unwrap_or_default();
        let event = match message.headers() {
            Some(headers) => {
                let pairs = (0..headers.count()).filter_map(|place| headers.try_get(place));
                event_bytes(pairs.map(|header| (header.key, header.value)), value)
            }
            None => event_bytes(std::iter::empty(), value),
        };
        let read = event.fault.map_or_else(|| decode(&event.bytes), Err);
        match read {
            Err(rejection) => {
                let letter = Letter::of(message, &rejection);
                each(Heard::SetAside(rejection, origin, place, letter));
            }
            Ok(draft) if belongs(draft.event_type.family(), origin) => each(Heard::Event(draft, origin)),
            Ok(_) => each(Heard::Misplaced(origin, place)),
        }
    }

    /// Takes up partitions that were not there before.
    fn look_for_more(&mut self, now: Instant) -> Result<(), KafkaError> {
        let mut places = Vec::new();
        for wanted in &self.wanted {
            match wanted {
                Wanted::Share(topic, partition) => places.push((topic.clone(), *partition)),
                Wanted::Whole(topic) => {
                    let count = i32::try_from(self.partitions(topic)?).unwrap_or(i32::MAX);
                    places.extend((0..count).map(|partition| (topic.clone(), partition)));
                }
            }
        }
        places.retain(|place| !self.targets.contains_key(place));
        self.take_up(&places, now)
    }

    fn take_up(&mut self, places: &[(String, i32)], now: Instant) -> Result<(), KafkaError> {
        // First everything is asked: what is taken up in part would not be read.
        let ask = |(topic, partition): &(String, i32)| {
            self.consumer.fetch_watermarks(topic, *partition, ASK_PATIENCE)
        };
        let bounds: Vec<(i64, i64)> = places.iter().map(ask).collect::<Result<_, _>>()?;
        let mut list = TopicPartitionList::new();
        for ((topic, partition), (low, high)) in places.iter().zip(bounds) {
            let position = self.consumed.position(topic, *partition);
            let next = match start(position, Kept { low, high }) {
                Start::At(position) => position,
                Start::Earliest if low > 0 && self.has_past => {
                    self.mark((topic, *partition), (0, low), GapKind::Expired, now);
                    low
                }
                Start::Earliest => low,
                Start::Gap { from, to, at, kind } => {
                    self.mark((topic, *partition), (from, to), kind, now);
                    at
                }
            };
            self.consumed.set_position(topic, *partition, next);
            self.targets.insert((topic.clone(), *partition), high);
            list.add_partition_offset(topic, *partition, Offset::Offset(next))?;
        }
        if list.count() > 0 {
            self.consumer.incremental_assign(&list)?;
        }
        Ok(())
    }

    fn mark(&mut self, (topic, partition): (&str, i32), (from, to): (i64, i64), kind: GapKind, now: Instant) {
        let gap = Gap { topic: topic.to_owned(), partition, from, to, kind, noticed: now.to_utc() };
        self.consumed.add(&Consumed { incomplete: vec![gap], ..Consumed::default() });
    }
}

/// Whether an event of this family may stand in such a topic: dossiers are counted by the owner of their partition,
/// everything else is needed by everybody. A retraction takes the family of what it names; a heartbeat moves no figure.
fn belongs(family: Family, origin: Origin) -> bool {
    match family {
        Family::Dossier => origin == Origin::Share,
        Family::Petition | Family::Procedure | Family::Agency | Family::Officer => origin == Origin::Whole,
        Family::Retraction | Family::Source => true,
    }
}
