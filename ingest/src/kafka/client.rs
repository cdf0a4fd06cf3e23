//! What librdkafka is told, and why: its defaults that could lose, skip or hold back messages are changed here.
//!
//! Not here: what an operator chooses (`settings`).

use rdkafka::ClientConfig;

use super::KafkaError;
use super::settings::{GroupProtocol, Mechanism, Protocol, Settings};

/// How long a producer tries to have one message taken.
const DELIVERY_MILLISECONDS: &str = "60000";
/// How long one figure is tried.
const FIGURE_MILLISECONDS: &str = "5000";
/// How long a publication of counts may stay open.
const TRANSACTION_MILLISECONDS: &str = "10000";

/// Both kinds of clients: where the brokers are, and how the connection is protected.
fn shared(settings: &Settings) -> Result<ClientConfig, KafkaError> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.bootstrap)
        .set("client.id", "nhip")
        // Default: off. A firewall that forgets a quiet connection is noticed instead of waited for.
        .set("socket.keepalive.enable", "true")
        // Default: 10 s. A broker that restarts is looked for again soon.
        .set("reconnect.backoff.max.ms", "2000")
        // Default: 5 min. New partitions and topics are found while someone is looking at the figures.
        .set("topic.metadata.refresh.interval.ms", settings.refresh_milliseconds.to_string());
    let security = &settings.security;
    config.set(
        "security.protocol",
        match security.protocol {
            Protocol::Plaintext => "plaintext",
            Protocol::Ssl => "ssl",
            Protocol::SaslPlaintext => "sasl_plaintext",
            Protocol::SaslSsl => "sasl_ssl",
        },
    );
    if let Some(user) = &security.user {
        let mechanism = match security.mechanism {
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::Plain => "PLAIN",
        };
        config.set("sasl.mechanism", mechanism).set("sasl.username", user);
    }
    if let Some(password) = security.password()? {
        config.set("sasl.password", password.reveal());
    }
    let files = [
        ("ssl.ca.location", &security.ca_file),
        ("ssl.certificate.location", &security.certificate_file),
        ("ssl.key.location", &security.key_file),
    ];
    for (name, path) in files {
        if let Some(path) = path {
            config.set(name, path.display().to_string());
        }
    }
    Ok(config)
}

/// For the source.
pub(super) fn consumer(settings: &Settings) -> Result<ClientConfig, KafkaError> {
    let mut config = shared(settings)?;
    let ahead_kib = (settings.ahead_bytes / 1024).max(1).to_string();
    config
        .set("group.id", &settings.group)
        // Default: on. What is committed before it is kept is lost by a crash; ours are for monitoring only.
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // Default: `largest`. An offset that is gone would be jumped over in silence; an error is looked into.
        .set("auto.offset.reset", "error")
        // As the default, said because it matters: what a sender took back is never seen.
        .set("isolation.level", "read_committed")
        // Default: off. A flipped bit on the way is found and fetched again.
        .set("check.crcs", "true")
        // Default: 64 MiB in all, 100,000 messages a partition: one bound in bytes, so that memory is known.
        .set("queued.max.messages.kbytes", &ahead_kib)
        .set("queued.min.messages", "100000")
        // Default: 500 ms, the latency of a quiet topic. With at least a byte there the broker answers at once.
        .set("fetch.wait.max.ms", "100")
        .set("fetch.min.bytes", "1")
        // Default: 1 s. After a full queue fetching begins again while there is still something to do.
        .set("fetch.queue.backoff.ms", "50")
        // Default: off. The end of each partition, for the lag that is shown.
        .set("statistics.interval.ms", "1000")
        // As the default: a topic that is missing is told of, not made with whatever settings.
        .set("allow.auto.create.topics", "false");
    if let Some(instance) = &settings.instance {
        config.set("group.instance.id", instance);
    }
    match settings.group_protocol {
        GroupProtocol::Classic => config
            .set("group.protocol", "classic")
            // Default: range, which takes every partition from everybody whenever anyone comes or goes.
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", settings.session_milliseconds.to_string())
            // Default: 3 s, too seldom for a short session.
            .set("heartbeat.interval.ms", (settings.session_milliseconds / 3).clamp(1, 3_000).to_string()),
        // The broker decides about assignment and session.
        GroupProtocol::Consumer => config.set("group.protocol", "consumer"),
    };
    Ok(config)
}

/// For reading back what the topic of figures holds: all of it, once, without joining the group.
pub(super) fn figures_reader(settings: &Settings) -> Result<ClientConfig, KafkaError> {
    let mut config = shared(settings)?;
    config
        .set("group.id", &settings.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // What was removed at the beginning while it is read was overwritten later: begin at what is left.
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .set("check.crcs", "true")
        .set("queued.max.messages.kbytes", "8192")
        // Default: off. It says when everything was read.
        .set("enable.partition.eof", "true")
        .set("allow.auto.create.topics", "false");
    Ok(config)
}

/// For a member of the group that only asks which partitions are its own; others read them.
pub(super) fn member(settings: &Settings) -> Result<ClientConfig, KafkaError> {
    let mut config = consumer(settings)?;
    // It reads nothing: every partition is held back as soon as it is given.
    config.set("queued.max.messages.kbytes", "64").set("queued.min.messages", "1");
    Ok(config)
}

/// For reading partitions from positions of our own, without joining the group.
pub(super) fn feed(settings: &Settings) -> Result<ClientConfig, KafkaError> {
    let mut config = shared(settings)?;
    let ahead_kib = (settings.ahead_bytes / 1024).max(1).to_string();
    config
        .set("group.id", &settings.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // As for the source: an offset that is gone is looked into, never jumped over.
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_committed")
        .set("check.crcs", "true")
        .set("queued.max.messages.kbytes", &ahead_kib)
        .set("fetch.wait.max.ms", "100")
        .set("fetch.queue.backoff.ms", "50")
        // Default: 5 min. Nobody waits for us in a group; a long step is no reason to stop.
        .set("max.poll.interval.ms", "86400000")
        // The ends that were reached, behind which there may be marks that are no messages.
        .set("statistics.interval.ms", "500")
        .set("allow.auto.create.topics", "false");
    Ok(config)
}

/// For the counts of one share: whoever opens it again fences whoever had it before.
pub(super) fn counts_producer(settings: &Settings, share: i32) -> Result<ClientConfig, KafkaError> {
    let mut config = producer(settings, "lz4")?;
    config
        .set("transactional.id", format!("{}-{share}", settings.group))
        // Default: 60 s. A process that stands still holds readers of the topic up for no longer.
        .set("transaction.timeout.ms", TRANSACTION_MILLISECONDS)
        .set("delivery.timeout.ms", FIGURE_MILLISECONDS)
        .set("queue.buffering.max.kbytes", "65536");
    Ok(config)
}

/// For the topic of figures.
pub(super) fn figures_producer(settings: &Settings) -> Result<ClientConfig, KafkaError> {
    let mut config = producer(settings, "gzip")?;
    // What does not fit is not forgotten: it is looked at again with the value it then has.
    config.set("queue.buffering.max.kbytes", "16384");
    // As for us: a row that waits for longer is better sent anew, with the value it then has.
    config.set("delivery.timeout.ms", FIGURE_MILLISECONDS);
    // As Java's clients choose partitions, so that others who write or join by key agree.
    config.set("partitioner", "murmur2_random");
    Ok(config)
}

/// For dead letters and for sending events.
pub(super) fn producer(settings: &Settings, compression: &str) -> Result<ClientConfig, KafkaError> {
    let mut config = shared(settings)?;
    config
        // Default: off. A message sent again after a lost answer stands once in the topic, and in its order.
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("compression.type", compression)
        // As the default: a batch fills a little before it goes.
        .set("linger.ms", "5")
        .set("batch.size", "1000000")
        // Default: 5 min. Whoever waits wants to know earlier.
        .set("delivery.timeout.ms", DELIVERY_MILLISECONDS)
        // Default: 1 GiB.
        .set("queue.buffering.max.kbytes", "65536");
    Ok(config)
}
