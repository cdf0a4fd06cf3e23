//! National exchange messages made into events of the topic of dossiers, for workers: several members of a group of their own.
//!
//! A message says nothing of the partition its dossier lies in, so what it makes is sent on, keyed by the dossier, and
//! counted by whoever owns that partition. Positions are the group's, committed only behind what the broker has taken: a
//! crash maps some messages again, whose events have the same identities and add nothing. What a broker no longer has is
//! told as a gap. Not here: the mapping (`exchange`), counting.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::batch::{exchange_letter, origin};
use super::dead_letters::DeadLetters;
use super::group::{Group, Place, Wanted};
use super::position::{Kept, Start, start};
use super::producer::{Compression, Mode, Producer};
use super::settings::Settings;
use super::status::SharedStatus;
use super::{KafkaError, client};
use crate::exchange::{self, FindingKind};
use crate::rejection::Rejection;

/// Messages mapped before the broker is waited for.
const TURN_MESSAGES: usize = 2_000;
/// How long a turn waits for its first message.
const TURN_WAIT: Duration = Duration::from_millis(200);
/// How long a broker may take to answer.
const ASK_PATIENCE: Duration = Duration::from_secs(5);
/// How long a broker may take to have what a turn made.
const TAKEN_PATIENCE: Duration = Duration::from_secs(30);

/// What a turn came to.
#[derive(Debug, Default)]
pub struct Turn {
    /// Messages read.
    pub messages: u64,
    /// Events the broker has taken.
    pub events: u64,
    /// Why messages were set aside.
    pub rejections: Vec<Rejection>,
    /// What was odd about others.
    pub findings: BTreeMap<FindingKind, u64>,
    /// Stretches of messages the broker no longer had.
    pub gaps: u64,
}

/// A member of the group that maps.
pub struct Mapper {
    consumer: BaseConsumer<Group>,
    producer: Producer,
    letters: Option<DeadLetters>,
    sources: BTreeMap<String, String>,
    /// The next message wanted of each partition that was read since the last commit.
    next: BTreeMap<Place, i64>,
}

impl std::fmt::Debug for Mapper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mapper").field("sources", &self.sources).finish_non_exhaustive()
    }
}

impl Mapper {
    /// Joins the group; `None` when no topic of exchange messages is named.
    ///
    /// # Errors
    /// When librdkafka refuses a setting.
    pub fn open(settings: &Settings, letters: &SharedStatus) -> Result<Option<Mapper>, KafkaError> {
        let sources: BTreeMap<String, String> = settings.exchange_sources().collect();
        if sources.is_empty() {
            return Ok(None);
        }
        let group = format!("{}-exchange", settings.group);
        let settings = Settings { group, ..settings.clone() };
        let consumer: BaseConsumer<Group> =
            client::consumer(&settings)?.create_with_context(Group::new(SharedStatus::default()))?;
        let topics: Vec<&str> = sources.keys().map(String::as_str).collect();
        consumer.subscribe(&topics)?;
        let producer = Producer::open(&settings, Compression::Lz4, Mode::Structured)?;
        let letters = DeadLetters::open(&settings, letters)?;
        Ok(Some(Mapper { consumer, producer, letters, sources, next: BTreeMap::new() }))
    }

    /// Maps what has come, has the broker take it, and notes how far it came.
    ///
    /// # Errors
    /// When anything was not taken: the member must be made anew, and maps again what it did not note.
    pub fn turn(&mut self) -> Result<Turn, KafkaError> {
        let (mut turn, mut wait) = (Turn::default(), TURN_WAIT);
        for _ in 0..TURN_MESSAGES {
            let came = match self.consumer.poll(std::mem::take(&mut wait)) {
                None => false,
                Some(Ok(message)) => {
                    let place = (message.topic().to_owned(), message.partition());
                    // What a partition had fetched before it was left is another's.
                    if let Some(next) = self.next.get_mut(&place).filter(|next| message.offset() >= **next) {
                        *next = message.offset() + 1;
                        let source = self.sources.get(&place.0).map_or("", String::as_str);
                        let way_out = (&mut self.producer, self.letters.as_mut());
                        map(&message, source, way_out, &mut turn)?;
                    }
                    true
                }
                Some(Err(error)) => {
                    match error.rdkafka_error_code() {
                        // Looked into when the member is made anew.
                        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                            return Err(error.into());
                        }
                        _ if matches!(error, ClientError::MessageConsumptionFatal(_)) => {
                            return Err(error.into());
                        }
                        _ => {}
                    }
                    true
                }
            };
            while let Some(wanted) = self.consumer.context().next() {
                self.answer(wanted, &mut turn)?;
            }
            if !came {
                break;
            }
        }
        if turn.messages > 0 {
            self.note()?;
        }
        Ok(turn)
    }

    /// Leaves the group; what was mapped is noted.
    pub fn close(mut self) {
        // What could not be noted is mapped again.
        let _ = self.note();
        self.consumer.context().close();
    }

    fn answer(&mut self, wanted: Wanted, turn: &mut Turn) -> Result<(), KafkaError> {
        match wanted {
            Wanted::Read(places) => self.take_up(&places, turn),
            Wanted::Leave(places) => {
                self.note()?;
                let mut list = TopicPartitionList::new();
                for (topic, partition) in &places {
                    list.add_partition(topic, *partition);
                    self.next.remove(&(topic.clone(), *partition));
                }
                Ok(self.consumer.incremental_unassign(&list)?)
            }
        }
    }

    fn take_up(&mut self, places: &[Place], turn: &mut Turn) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::new();
        for (topic, partition) in places {
            list.add_partition(topic, *partition);
        }
        let committed = self.consumer.committed_offsets(list, ASK_PATIENCE)?;
        let mut list = TopicPartitionList::new();
        for one in committed.elements() {
            let (topic, partition) = (one.topic(), one.partition());
            let position = if let Offset::Offset(offset) = one.offset() { Some(offset) } else { None };
            let (low, high) = self.consumer.fetch_watermarks(topic, partition, ASK_PATIENCE)?;
            let next = match start(position, Kept { low, high }) {
                Start::At(position) => position,
                Start::Earliest => low,
                Start::Gap { at, .. } => {
                    turn.gaps += 1;
                    at
                }
            };
            self.next.insert((topic.to_owned(), partition), next);
            list.add_partition_offset(topic, partition, Offset::Offset(next))?;
        }
        Ok(self.consumer.incremental_assign(&list)?)
    }

    /// How far it came, behind what the broker has taken.
    fn note(&mut self) -> Result<(), KafkaError> {
        self.producer.settle(TAKEN_PATIENCE)?;
        if let Some(letters) = &mut self.letters {
            letters.settle();
        }
        let mut list = TopicPartitionList::new();
        for ((topic, partition), next) in &self.next {
            list.add_partition_offset(topic, *partition, Offset::Offset(*next))?;
        }
        if list.count() > 0 {
            self.consumer.commit(&list, CommitMode::Sync)?;
        }
        Ok(())
    }
}

fn map<M: Message>(
    message: &M,
    source: &str,
    (producer, mut letters): (&mut Producer, Option<&mut DeadLetters>),
    turn: &mut Turn,
) -> Result<(), KafkaError> {
    turn.messages += 1;
    let value = message.payload().unwrap_or_default();
    let mut messages = exchange::read(value, source);
    if messages.is_empty() {
        messages.push(exchange::nothing_in(value));
    }
    for one in messages {
        match one.outcome {
            Ok(mapped) => {
                for event in &mapped.events {
                    producer.send(event.line.as_bytes())?;
                    turn.events += 1;
                }
                for finding in mapped.findings {
                    *turn.findings.entry(finding.kind).or_default() += 1;
                }
            }
            Err(unmapped) => {
                if let Some(letters) = &mut letters {
                    letters.send(vec![exchange_letter(&unmapped, &origin(message))]);
                }
                turn.rejections.push(unmapped.rejection);
            }
        }
    }
    Ok(())
}
