//! Which partitions of the topic of dossiers are this process's: a member of the group that reads nothing.
//!
//! The group's only work is to share partitions out and to notice who is gone; positions and counts are kept elsewhere,
//! and what a member that stood still believes does no harm (`counts_topic`). Not here: reading (`feed`).

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;

use super::group::{Group, Wanted};
use super::settings::Settings;
use super::status::SharedStatus;
use super::{KafkaError, client};

/// How long a broker may take to say which partitions there are.
const ASK_PATIENCE: Duration = Duration::from_secs(5);

/// What the group wants of this process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wish {
    /// To have these partitions, too.
    Take(Vec<i32>),
    /// To leave these to others; they go on waiting until [`Membership::leave`] says so.
    Leave(Vec<i32>),
}

/// A member of the group.
pub struct Membership {
    consumer: BaseConsumer<Group>,
    topic: String,
}

impl std::fmt::Debug for Membership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Membership").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl Membership {
    /// Joins the group.
    ///
    /// # Errors
    /// When librdkafka refuses a setting.
    pub fn open(settings: &Settings, status: &SharedStatus) -> Result<Membership, KafkaError> {
        let consumer: BaseConsumer<Group> =
            client::member(settings)?.create_with_context(Group::new(status.clone()))?;
        let topic = settings.dossiers();
        consumer.subscribe(&[&topic])?;
        status.write().group.clone_from(&settings.group);
        Ok(Membership { consumer, topic })
    }

    /// What the group wants next, if anything within `wait`.
    ///
    /// # Errors
    /// When this member is of no more use.
    pub fn next(&self, wait: Duration) -> Result<Option<Wish>, KafkaError> {
        // What was fetched before a partition was held back is read elsewhere.
        if let Some(Err(error @ ClientError::MessageConsumptionFatal(_))) = self.consumer.poll(wait) {
            return Err(error.into());
        }
        let partitions = |places: Vec<(String, i32)>| places.into_iter().map(|(_, partition)| partition);
        Ok(self.consumer.context().next().map(|wanted| match wanted {
            Wanted::Read(places) => Wish::Take(partitions(places).collect()),
            Wanted::Leave(places) => Wish::Leave(partitions(places).collect()),
        }))
    }

    /// How many partitions there are.
    ///
    /// # Errors
    /// When a broker cannot be asked, or has no such topic.
    pub fn partitions(&self) -> Result<usize, KafkaError> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), ASK_PATIENCE)?;
        let found = metadata.topics().first().filter(|found| found.error().is_none());
        let count = found.map_or(0, |found| found.partitions().len());
        if count == 0 { Err(KafkaError::NoTopic { topic: self.topic.clone() }) } else { Ok(count) }
    }

    /// These partitions are ours from now on.
    ///
    /// # Errors
    /// When librdkafka refuses.
    pub fn take(&self, partitions: &[i32]) -> Result<(), KafkaError> {
        let list = self.list(partitions)?;
        self.consumer.incremental_assign(&list)?;
        Ok(self.consumer.pause(&list)?)
    }

    /// These partitions are no longer ours.
    ///
    /// # Errors
    /// When librdkafka refuses.
    pub fn leave(&self, partitions: &[i32]) -> Result<(), KafkaError> {
        Ok(self.consumer.incremental_unassign(&self.list(partitions)?)?)
    }

    /// From now on everything is left to others at once.
    pub fn close(&self) {
        self.consumer.context().close();
    }

    fn list(&self, partitions: &[i32]) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition_offset(&self.topic, *partition, rdkafka::Offset::End)?;
        }
        Ok(list)
    }
}
