//! Kafka: topics of events into the embedded log, each message once; figures out to a topic.
//!
//! `settings` is what an operator may choose, `client` what is chosen for librdkafka and why, `message` turns both
//! CloudEvents modes into the bytes the decoder takes, `batch` gathers, `position` decides where a partition is taken
//! up, `source` keeps it going, `reader` is the loop of one consumer, `dead_letters`, `figures_topic`, `alerts_topic` and `producer` write, `status` is what is told.
//! For several processes: `membership` says which partitions are whose, `mapper` makes events of exchange messages, `feed` reads without a group, `counts_topic`
//! writes a share's counts as its only owner, `identities` what they were made from, `counts_reader` reads all of them, `counts_message` is what they say. The positions are the
//! log's (`durable::consumed`), never the broker's. Not here: keeping and counting; that is behind [`Intake`].

mod alerts_topic;
mod batch;
mod client;
mod counts_message;
mod counts_reader;
mod counts_topic;
mod dead_letters;
mod feed;
mod figures_topic;
mod group;
mod identities;
mod mapper;
mod membership;
mod message;
mod position;
mod producer;
mod reader;
mod settings;
mod source;
mod status;

pub use alerts_topic::AlertsTopic;
pub use counts_message::{CountKey, CountPlace, Counts, ShareState};
pub use counts_reader::{CountsReader, Publication};
pub use counts_topic::{CountsError, CountsTopic};
pub use dead_letters::{DeadLetters, Letter};
pub use feed::{Feed, Heard, Origin, Place, Wanted};
pub use figures_topic::{FigureRow, FiguresTopic, Table};
pub use identities::{IDENTITIES_MAX, Identities, identity};
pub use mapper::{Mapper, Turn};
pub use membership::{Membership, Wish};
pub use producer::{Compression, Mode, Producer, topic_of};
pub use settings::{
    ExchangeTopic, GroupProtocol, Mechanism, Protocol, Secret, Security, Settings, SettingsError,
};
pub use source::{Answer, Intake, NotNow, Source, Stop, Ticket};
pub use status::{
    DeadLetterCounts, FiguresStatus, PartitionStatus, SharedFiguresStatus, SharedStatus, Status,
};

/// Why a broker cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// librdkafka refuses a setting or a request.
    #[error("kafka: {0}")]
    Client(#[from] rdkafka::error::KafkaError),
    /// Messages were not acknowledged.
    #[error("kafka: {failed} of {sent} messages were not taken; the last reason: {reason}")]
    NotTaken {
        /// How many.
        failed: u64,
        /// Of how many.
        sent: u64,
        /// What the broker said last.
        reason: String,
    },
    /// A topic that is to be written does not exist.
    #[error("kafka: there is no topic {topic} that this account may see; create it, compacted")]
    NoTopic {
        /// Its name.
        topic: String,
    },
    /// The topic of counts is too small.
    #[error(
        "kafka: topic {topic} has {found} partitions; make it with as many as the topic of dossiers ({wanted})"
    )]
    TooFewPartitions {
        /// Its name.
        topic: String,
        /// How many it has.
        found: usize,
        /// How many it needs.
        wanted: usize,
    },
    /// A file of the settings cannot be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}
