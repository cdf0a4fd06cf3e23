//! The topic of counts as the owner of one share writes it: one partition, one transaction a publication.
//!
//! Opening it fences whoever had the share before: a process that stood still while its share was given away has its
//! next publication refused whole. What the partition then holds is read back, and only what differs is sent. Partition
//! `k` is share `k`'s alone, so nobody else's open transaction can hide what was committed. Not here: what is counted,
//! and when.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::{Offset, TopicPartitionList};

use super::counts_message::{CountKey, Counts, Key, ShareState, identities_key, read_key};
use super::identities;
use super::settings::Settings;
use super::source::Stop;
use super::{KafkaError, client};

/// How long a broker may take to say which partitions there are.
const ASK_PATIENCE: Duration = Duration::from_secs(5);
/// How long fencing the former owner may take: its open transaction is ended first.
const FENCE_PATIENCE: Duration = Duration::from_secs(30);
/// How long a publication may take; the broker gives it up after ten seconds.
const COMMIT_PATIENCE: Duration = Duration::from_secs(9);
/// Between two looks whether it is still wanted.
const BEAT: Duration = Duration::from_millis(100);
/// Reading back ends when at so many looks in a row nothing had come: half a minute.
const SILENT_BEATS_MAX: u32 = 300;

/// Why counts are not published.
#[derive(Debug, thiserror::Error)]
pub enum CountsError {
    /// Another process has the share now.
    #[error("share {share} was given to another process; what this one has of it is dropped")]
    Fenced {
        /// The share.
        share: i32,
    },
    /// Kafka cannot be worked with.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

/// The partition of one share.
pub struct CountsTopic {
    producer: BaseProducer<DefaultProducerContext>,
    topic: String,
    share: i32,
    /// What is held under each key, as committed.
    held: HashMap<String, u64>,
    former: Option<ShareState>,
    identities: identities::Held,
    /// What the open publication changes.
    pending: Vec<(String, Option<u64>)>,
}

impl std::fmt::Debug for CountsTopic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut told = f.debug_struct("CountsTopic");
        told.field("topic", &self.topic).field("share", &self.share).finish_non_exhaustive()
    }
}

impl CountsTopic {
    /// Becomes the owner of a share, one of `shares`, and reads back what its partition holds. `None` when it was asked
    /// to stop meanwhile.
    ///
    /// # Errors
    /// [`CountsError`] when a broker cannot be reached, has no such partition, or another process was quicker.
    pub fn open(
        settings: &Settings,
        topic: &str,
        (share, shares): (i32, usize),
        stop: &Stop,
    ) -> Result<Option<CountsTopic>, CountsError> {
        let producer: BaseProducer<DefaultProducerContext> =
            client::counts_producer(settings, share)?.create().map_err(KafkaError::from)?;
        producer.init_transactions(FENCE_PATIENCE).map_err(|error| said(share, &producer, error))?;
        let mut counts = CountsTopic {
            producer,
            topic: topic.to_owned(),
            share,
            held: HashMap::new(),
            former: None,
            identities: identities::Held::default(),
            pending: Vec::new(),
        };
        let is_whole = counts.read_back(settings, shares, stop)?;
        Ok(is_whole.then_some(counts))
    }

    /// What was last published of the share, by whomever.
    pub fn former(&self) -> Option<&ShareState> {
        self.former.as_ref()
    }

    /// Begins a publication.
    ///
    /// # Errors
    /// [`CountsError`] when it cannot be begun; the topic must then be opened anew.
    pub fn begin(&mut self) -> Result<(), CountsError> {
        self.producer.begin_transaction().map_err(|error| self.said(error))
    }

    /// Sends the counts of one place if the topic holds others; counts that are all zero are taken away.
    ///
    /// # Errors
    /// As for [`CountsTopic::begin`].
    pub fn put(&mut self, key: &CountKey, fingerprint: &str, counts: &[u32]) -> Result<(), CountsError> {
        let text = key.text(self.share);
        if counts.iter().all(|count| *count == 0) {
            return if self.held.contains_key(&text) { self.take_away(text) } else { Ok(()) };
        }
        let value = Counts { fingerprint: fingerprint.to_owned(), counts: counts.to_vec() };
        let value = serde_json::to_vec(&value).unwrap_or_default();
        let content = content(&value);
        if self.held.get(&text) == Some(&content) {
            return Ok(());
        }
        self.send(&text, Some(&value))?;
        self.pending.push((text, Some(content)));
        Ok(())
    }

    /// Sends the identities that the topic does not hold. A publication that does not become whole loses what is known of
    /// them: the topic must then be opened anew.
    ///
    /// # Errors
    /// As for [`CountsTopic::begin`].
    pub fn put_identities(&mut self, fresh: &[u64]) -> Result<(), CountsError> {
        for (number, value) in self.identities.messages(fresh) {
            self.send(&identities_key(self.share, number), Some(&value))?;
        }
        Ok(())
    }

    /// Ends a publication of identities alone: whoever counts what they stand for says so behind them.
    ///
    /// # Errors
    /// As for [`CountsTopic::begin`].
    pub fn commit_identities(&mut self) -> Result<(), CountsError> {
        self.producer.commit_transaction(COMMIT_PATIENCE).map_err(|error| self.said(error))
    }

    /// Takes away everything the topic holds but these keys.
    ///
    /// # Errors
    /// As for [`CountsTopic::begin`].
    pub fn keep_only(&mut self, keys: &BTreeSet<String>) -> Result<(), CountsError> {
        let gone: Vec<String> = self.held.keys().filter(|key| !keys.contains(*key)).cloned().collect();
        gone.into_iter().try_for_each(|key| self.take_away(key))
    }

    /// The key of a place's message.
    pub fn key(&self, key: &CountKey) -> String {
        key.text(self.share)
    }

    /// Ends the publication: all of it is there with `state`, or nothing is.
    ///
    /// # Errors
    /// As for [`CountsTopic::begin`]; [`CountsError::Fenced`] when another process has the share.
    pub fn commit(&mut self, state: &ShareState) -> Result<(), CountsError> {
        let value = serde_json::to_vec(state).unwrap_or_default();
        self.send(&ShareState::key(self.share), Some(&value))?;
        self.producer.commit_transaction(COMMIT_PATIENCE).map_err(|error| self.said(error))?;
        for (key, content) in std::mem::take(&mut self.pending) {
            match content {
                Some(content) => drop(self.held.insert(key, content)),
                None => drop(self.held.remove(&key)),
            }
        }
        Ok(())
    }

    fn take_away(&mut self, key: String) -> Result<(), CountsError> {
        self.send(&key, None)?;
        self.pending.push((key, None));
        Ok(())
    }

    fn send(&self, key: &str, value: Option<&[u8]>) -> Result<(), CountsError> {
        let mut record = BaseRecord::to(&self.topic).partition(self.share).key(key);
        if let Some(value) = value {
            record = record.payload(value);
        }
        loop {
            record = match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((error, again)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                    self.producer.poll(BEAT);
                    again
                }
                Err((error, _)) => return Err(self.said(error)),
            };
        }
    }

    fn said(&self, error: ClientError) -> CountsError {
        said(self.share, &self.producer, error)
    }

    /// What the share's partition holds from its beginning to its end; `false` when asked to stop.
    fn read_back(&mut self, settings: &Settings, shares: usize, stop: &Stop) -> Result<bool, KafkaError> {
        let consumer: BaseConsumer = client::figures_reader(settings)?.create()?;
        let found = partitions(&consumer, &self.topic)?;
        if found.len() < shares {
            return Err(KafkaError::TooFewPartitions {
                topic: self.topic.clone(),
                found: found.len(),
                wanted: shares,
            });
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, self.share, Offset::Beginning)?;
        consumer.assign(&list)?;
        let mut silent_beats = 0;
        loop {
            if stop.is_asked() {
                return Ok(false);
            }
            match consumer.poll(BEAT) {
                None if silent_beats < SILENT_BEATS_MAX => silent_beats += 1,
                None => {
                    return Err(ClientError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut).into());
                }
                Some(Ok(message)) => {
                    silent_beats = 0;
                    self.note(message.key().unwrap_or_default(), message.payload());
                }
                Some(Err(ClientError::PartitionEOF(_))) => return Ok(true),
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    fn note(&mut self, key: &[u8], value: Option<&[u8]>) {
        let Ok(text) = std::str::from_utf8(key) else { return };
        match read_key(key) {
            Some(Key::State(_)) => {
                self.former = value.and_then(|value| serde_json::from_slice(value).ok());
                return;
            }
            Some(Key::Identities(share, number)) => {
                self.identities.note(share, number, value.unwrap_or_default());
                return;
            }
            Some(Key::Counts(..)) | None => {}
        }
        match value {
            None => drop(self.held.remove(text)),
            Some(value) => drop(self.held.insert(text.to_owned(), content(value))),
        }
    }
}

/// The partitions of a topic.
pub(super) fn partitions(consumer: &BaseConsumer, topic: &str) -> Result<BTreeSet<i32>, KafkaError> {
    let metadata = consumer.fetch_metadata(Some(topic), ASK_PATIENCE)?;
    let found = metadata.topics().first().filter(|found| found.error().is_none());
    let found: BTreeSet<i32> = (found.iter())
        .flat_map(|found| found.partitions())
        .map(rdkafka::metadata::MetadataPartition::id)
        .collect();
    if found.is_empty() { Err(KafkaError::NoTopic { topic: topic.to_owned() }) } else { Ok(found) }
}

fn said(share: i32, producer: &BaseProducer<DefaultProducerContext>, error: ClientError) -> CountsError {
    let is_fenced = |code| {
        matches!(
            code,
            RDKafkaErrorCode::Fenced
                | RDKafkaErrorCode::ProducerFenced
                | RDKafkaErrorCode::InvalidProducerEpoch
        )
    };
    let fatal = producer.client().fatal_error().map(|(code, _)| code);
    if error.rdkafka_error_code().into_iter().chain(fatal).any(is_fenced) {
        return CountsError::Fenced { share };
    }
    CountsError::Kafka(error.into())
}

fn content(value: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
