//! What librdkafka calls back with: partitions that come and go, ends of partitions, errors.
//!
//! Nothing is decided in a callback: what the group wants is noted, and the loop answers when it is ready. Not here:
//! the answer (`source`).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Statistics, TopicPartitionList};

use super::status::SharedStatus;

/// A topic and a partition.
pub(super) type Place = (String, i32);

/// What the group wants of this member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// To read these, too.
    Read(Vec<Place>),
    /// To leave these to others.
    Leave(Vec<Place>),
}

/// What is shared with librdkafka's callbacks.
pub(super) struct Group {
    wanted: Mutex<VecDeque<Wanted>>,
    is_closing: AtomicBool,
    status: SharedStatus,
}

impl Group {
    pub(super) fn new(status: SharedStatus) -> Group {
        Group { wanted: Mutex::default(), is_closing: AtomicBool::new(false), status }
    }

    /// What the group wanted first and has no answer to.
    pub(super) fn next(&self) -> Option<Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// From now on everything is left to others at once.
    pub(super) fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
    }
}

impl ClientContext for Group {
    fn stats(&self, told: Statistics) {
        let mut status = self.status.write();
        status.is_connected = told.brokers.values().any(|broker| broker.state == "UP");
        for (topic, told) in told.topics {
            for (partition, told) in told.partitions {
                let end = if told.ls_offset >= 0 { told.ls_offset } else { told.hi_offset };
                if end >= 0
                    && let Some(known) = status.partitions.get_mut(&(topic.clone(), partition))
                {
                    known.end = Some(end);
                }
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let mut status = self.status.write();
        status.is_connected = false;
        status.trouble = Some(format!("{error}: {reason}"));
    }
}

impl ConsumerContext for Group {
    fn rebalance(&self, consumer: &BaseConsumer<Group>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let places = list.elements().iter().map(|one| (one.topic().to_owned(), one.partition())).collect();
        let wanted = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Wanted::Read(places),
            _ => Wanted::Leave(places),
        };
        if self.is_closing.load(Ordering::Acquire) {
            // Both group protocols of `client` change assignments by difference. An error here is a consumer that is
            // gone, which is what is wanted.
            let _ = match wanted {
                Wanted::Read(_) => consumer.incremental_assign(&TopicPartitionList::new()),
                Wanted::Leave(_) => consumer.incremental_unassign(list),
            };
            return;
        }
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).push_back(wanted);
    }
}
