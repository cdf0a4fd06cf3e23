//! The topic of counts as readers take it: each share's publications, whole and in their order.
//!
//! Only what was committed is seen, and what a publication changes is held back until its state comes behind it, so that
//! no reader shows half of one. Not here: adding counts up.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::counts_message::{CountKey, Counts, Key, ShareState, read_key};
use super::counts_topic::partitions;
use super::identities::{self, Followed};
use super::settings::Settings;
use super::{KafkaError, client};

/// What one publication changed, and how far the share then was.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The share.
    pub share: i32,
    /// The counts that changed; `None` for those that are gone.
    pub changed: Vec<(CountKey, Option<Counts>)>,
    /// Identities of events of the share, each told once.
    pub identities: Vec<u64>,
    /// How far the share was.
    pub state: ShareState,
}

/// What came of a share since its last state.
#[derive(Default)]
struct Waiting {
    changed: Vec<(CountKey, Option<Counts>)>,
    identities: Vec<u64>,
}

/// All partitions of the topic of counts.
pub struct CountsReader {
    consumer: BaseConsumer,
    waiting: HashMap<i32, Waiting>,
    followed: Followed,
    /// Partitions of which the end was not reached yet.
    open: BTreeSet<i32>,
}

impl std::fmt::Debug for CountsReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CountsReader").field("open", &self.open).finish_non_exhaustive()
    }
}

impl CountsReader {
    /// From the beginning of every partition.
    ///
    /// # Errors
    /// When a broker cannot be reached, or has no such topic.
    pub fn open(settings: &Settings, topic: &str) -> Result<CountsReader, KafkaError> {
        let consumer: BaseConsumer = client::figures_reader(settings)?.create()?;
        let open = partitions(&consumer, topic)?;
        let mut list = TopicPartitionList::new();
        for partition in &open {
            list.add_partition_offset(topic, *partition, Offset::Beginning)?;
        }
        consumer.assign(&list)?;
        Ok(CountsReader { consumer, waiting: HashMap::new(), followed: Followed::default(), open })
    }

    /// Whether each partition's end was reached once.
    pub fn is_read_back(&self) -> bool {
        self.open.is_empty()
    }

    /// The next publication, if one comes within `wait`.
    ///
    /// # Errors
    /// When the topic cannot be read on; the counts may be incomplete.
    pub fn next(&mut self, wait: Duration) -> Result<Option<Publication>, KafkaError> {
        loop {
            let message = match self.consumer.poll(wait) {
                None => return Ok(None),
                Some(Ok(message)) => message,
                Some(Err(ClientError::PartitionEOF(partition))) => {
                    self.open.remove(&partition);
                    continue;
                }
                Some(Err(error)) => return Err(error.into()),
            };
            match read_key(message.key().unwrap_or_default()) {
                Some(Key::Counts(share, key)) => {
                    let counts = message.payload().and_then(|value| serde_json::from_slice(value).ok());
                    self.waiting.entry(share).or_default().changed.push((key, counts));
                }
                Some(Key::Identities(share, number)) => {
                    let said = identities::read(message.payload().unwrap_or_default()).unwrap_or_default();
                    let news = self.followed.news(share, number, said);
                    self.waiting.entry(share).or_default().identities.extend(news);
                }
                Some(Key::State(share)) => {
                    let state = message.payload().and_then(|value| serde_json::from_slice(value).ok());
                    if let Some(state) = state {
                        let Waiting { changed, identities } = self.waiting.remove(&share).unwrap_or_default();
                        return Ok(Some(Publication { share, changed, identities, state }));
                    }
                }
                // Nobody but us writes here; what is not ours says nothing.
                None => {}
            }
        }
    }
}
