//! The topic of figures: the newest value of each row under its key, for a topic that is compacted.
//!
//! What the topic holds is read back first; from then on it is known what differs, and only that is sent. A row that
//! was not taken is known as such and sent again with the value it then has: nothing waits here but keys, and a broker
//! that is slow or gone holds nobody up. Not here: figures (the caller has them), and how often they are looked at.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use serde::{Deserialize, Serialize};

use super::settings::Settings;
use super::source::Stop;
use super::status::SharedFiguresStatus;
use super::{KafkaError, client};

/// How long a broker may take to say which partitions there are.
const ASK_PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks whether it is still wanted.
const BEAT: Duration = Duration::from_millis(100);
/// Reading back ends when at so many looks in a row nothing had come: half a minute.
const SILENT_BEATS_MAX: u32 = 300;
/// How long a stop waits for what is under way.
const GOODBYE: Duration = Duration::from_secs(3);

/// One figure of one unit, as it is published.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FigureRow {
    /// The period, as `2026-03`.
    pub period: String,
    /// The unit's code.
    pub unit: String,
    /// The set's id.
    pub set: String,
    /// The indicator's code.
    pub indicator: String,
    /// What counts.
    pub numerator: u64,
    /// What it is divided by.
    pub denominator: u64,
    /// Percent with two decimals; `None` when there is nothing to measure.
    pub ratio: Option<String>,
    /// Points with two decimals.
    pub points: String,
    /// The instant of the snapshot that first showed it so.
    pub as_of: String,
    /// The version of that snapshot.
    pub version: u64,
}

impl FigureRow {
    fn put_key(&self, key: &mut String) {
        key.clear();
        for (place, part) in [&self.period, &self.unit, &self.set, &self.indicator].into_iter().enumerate() {
            if place > 0 {
                key.push('|');
            }
            key.push_str(part);
        }
    }

    /// Two rows of one key with the same content are the same figure.
    fn content(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.numerator, self.denominator, &self.ratio, &self.points).hash(&mut hasher);
        hasher.finish()
    }
}

/// A period and a set: rows that are brought together.
pub type Table = (String, String);

/// The table a key belongs to; of a unit's code nothing is assumed. `None` if it is no key of ours.
fn table_of(key: &str) -> Option<Table> {
    let (period, rest) = key.split_once('|')?;
    let (rest, _indicator) = rest.rsplit_once('|')?;
    let (_unit, set) = rest.rsplit_once('|')?;
    Some((period.to_owned(), set.to_owned()))
}

/// What the topic holds under a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Held {
    /// `None` if that is not known.
    content: Option<u64>,
    /// The last look at which the row was there.
    seen: u64,
}

type Tables = BTreeMap<Table, HashMap<String, Held>>;

/// What became of messages.
struct Outcome {
    status: SharedFiguresStatus,
    not_taken: Arc<Mutex<Vec<String>>>,
}

impl ClientContext for Outcome {
    fn error(&self, error: ClientError, reason: &str) {
        self.status.note(format!("figures: {error}: {reason}"));
    }
}

impl ProducerContext for Outcome {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let mut status = self.status.write();
        match result {
            Ok(message) if message.payload().is_none() => status.removed += 1,
            Ok(_) => status.published += 1,
            Err((error, message)) => {
                status.failed += 1;
                status.trouble = Some(format!("a figure was not taken: {error}"));
                if let Some(Ok(key)) = message.key().map(std::str::from_utf8) {
                    let mut not_taken = self.not_taken.lock().unwrap_or_else(PoisonError::into_inner);
                    not_taken.push(key.to_owned());
                }
                return;
            }
        }
        status.trouble = None;
    }
}

/// The topic, and what it is known to hold.
pub struct FiguresTopic {
    producer: BaseProducer<Outcome>,
    topic: String,
    tables: Tables,
    /// Tables with rows that are not as they were brought.
    behind: BTreeSet<Table>,
    not_taken: Arc<Mutex<Vec<String>>>,
    status: SharedFiguresStatus,
    look: u64,
    key: String,
}

impl std::fmt::Debug for FiguresTopic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FiguresTopic").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl FiguresTopic {
    /// Reads back what `topic` holds; nothing is sent yet. `None` when it was asked to stop meanwhile.
    ///
    /// # Errors
    /// When a broker cannot be reached, or has no such topic.
    pub fn open(
        settings: &Settings,
        topic: &str,
        status: &SharedFiguresStatus,
        stop: &Stop,
    ) -> Result<Option<FiguresTopic>, KafkaError> {
        status.write().is_read_back = false;
        let not_taken = Arc::<Mutex<Vec<String>>>::default();
        let outcome = Outcome { status: status.clone(), not_taken: Arc::clone(&not_taken) };
        let producer = client::figures_producer(settings)?.create_with_context(outcome)?;
        let Some(tables) = read_back(settings, topic, stop)? else { return Ok(None) };
        status.write().is_read_back = true;
        let (topic, behind, status) = (topic.to_owned(), BTreeSet::new(), status.clone());
        let key = String::new();
        Ok(Some(FiguresTopic { producer, topic, tables, behind, not_taken, status, look: 0, key }))
    }

    /// Hears what became of what was sent.
    ///
    /// # Errors
    /// When the producer is of no more use.
    pub fn hear(&mut self) -> Result<(), KafkaError> {
        self.producer.poll(Duration::ZERO);
        let not_taken = std::mem::take(&mut *self.not_taken.lock().unwrap_or_else(PoisonError::into_inner));
        for key in not_taken {
            let Some(table) = table_of(&key) else { continue };
            let held = Held { content: None, seen: 0 };
            self.tables.entry(table.clone()).or_default().entry(key).insert_entry(held);
            self.behind.insert(table);
        }
        if let Some((code, reason)) = self.producer.client().fatal_error() {
            self.status.note(format!("figures: {reason}"));
            return Err(ClientError::MessageProduction(code).into());
        }
        let mut status = self.status.write();
        status.under_way = u64::try_from(self.producer.in_flight_count()).unwrap_or(0);
        status.tables_behind = self.behind.len() as u64;
        Ok(())
    }

    /// Whether the topic holds (or is about to) what was last brought of `table`.
    pub fn is_settled(&self, table: &Table) -> bool {
        !self.behind.contains(table)
    }

    /// Whether every table is settled.
    pub fn is_all_settled(&self) -> bool {
        self.behind.is_empty()
    }

    /// Sends what differs from `rows`, which are all there are of `table`.
    pub fn bring(&mut self, table: &Table, rows: impl Iterator<Item = FigureRow>) {
        self.look += 1;
        let mut held = self.tables.remove(table).unwrap_or_default();
        let (mut key, mut is_whole) = (std::mem::take(&mut self.key), true);
        for row in rows {
            row.put_key(&mut key);
            let content = Some(row.content());
            let known = held.get_mut(key.as_str());
            let is_there = known.as_ref().is_some_and(|known| known.content == content);
            // A full queue is not tried for every row: what is not sent now is looked at again.
            let is_sent = is_there || (is_whole && self.send(&key, serde_json::to_vec(&row).ok().as_deref()));
            is_whole &= is_sent;
            let now = Held { content: content.filter(|_| is_sent), seen: self.look };
            match known {
                Some(known) => *known = now,
                None => drop(held.insert(key.clone(), now)),
            }
        }
        held.retain(|key, known| {
            let is_gone = known.seen != self.look;
            let is_removed = is_gone && is_whole && self.send(key, None);
            is_whole &= !is_gone || is_removed;
            !is_removed
        });
        self.key = key;
        if is_whole {
            self.behind.remove(table)
        } else {
            self.behind.insert(table.clone())
        };
        if !held.is_empty() {
            self.tables.insert(table.clone(), held);
        }
    }

    /// Takes away all tables but these.
    pub fn keep_only(&mut self, tables: &BTreeSet<Table>) {
        let gone: Vec<Table> = self.tables.keys().filter(|table| !tables.contains(table)).cloned().collect();
        for table in &gone {
            self.bring(table, std::iter::empty());
        }
    }

    fn send(&self, key: &str, value: Option<&[u8]>) -> bool {
        let mut record = BaseRecord::to(&self.topic).key(key);
        if let Some(value) = value {
            record = record.payload(value);
        }
        match self.producer.send(record) {
            Ok(()) => true,
            Err((error, _)) => {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                    self.status.note(format!("a figure was not sent: {error}"));
                }
                false
            }
        }
    }

    /// Waits a while for what is under way; what is not taken is sent after the next start.
    pub fn close(self) {
        if let Err(error) = self.producer.flush(GOODBYE) {
            self.status.note(format!("figures: {error}"));
        }
    }
}

/// What every partition holds from its beginning to the end it has now; `None` when asked to stop.
fn read_back(settings: &Settings, topic: &str, stop: &Stop) -> Result<Option<Tables>, KafkaError> {
    let consumer: BaseConsumer = client::figures_reader(settings)?.create()?;
    let metadata = consumer.fetch_metadata(Some(topic), ASK_PATIENCE)?;
    let found = metadata.topics().first().filter(|found| found.error().is_none());
    let mut open: BTreeSet<i32> = found
        .iter()
        .flat_map(|found| found.partitions())
        .map(rdkafka::metadata::MetadataPartition::id)
        .collect();
    if open.is_empty() {
        return Err(KafkaError::NoTopic { topic: topic.to_owned() });
    }
    let mut list = TopicPartitionList::new();
    for partition in &open {
        list.add_partition_offset(topic, *partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let (mut tables, mut silent_beats) = (Tables::new(), 0);
    while !open.is_empty() {
        if stop.is_asked() {
            return Ok(None);
        }
        match consumer.poll(BEAT) {
            None if silent_beats < SILENT_BEATS_MAX => {
                silent_beats += 1;
                continue;
            }
            None => return Err(ClientError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut).into()),
            Some(Ok(message)) => note(&message, &mut tables),
            Some(Err(ClientError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            Some(Err(error)) => return Err(error.into()),
        }
        silent_beats = 0;
    }
    Ok(Some(tables))
}

/// Takes over what one message says of its key.
fn note(message: &BorrowedMessage<'_>, tables: &mut Tables) {
    let Some(Ok(key)) = message.key().map(std::str::from_utf8) else { return };
    let Some(table) = table_of(key) else { return };
    let held = tables.entry(table).or_default();
    match message.payload() {
        None => drop(held.remove(key)),
        Some(value) => {
            let row = serde_json::from_slice::<FigureRow>(value).ok();
            held.insert(key.to_owned(), Held { content: row.map(|row| row.content()), seen: 0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_table_whatever_the_unit_is_called() {
        let table = |period: &str, set: &str| Some((period.to_owned(), set.to_owned()));
        assert_eq!(table_of("2026-03|H44.1|portal-2026|1.1"), table("2026-03", "portal-2026"));
        assert_eq!(table_of("2026-03|a|b|c|portal-2026|1.1"), table("2026-03", "portal-2026"));
        assert_eq!(table_of("2026-03|portal-2026|1.1"), None);
    }

    #[test]
    fn the_instant_alone_is_no_change() {
        let row = FigureRow {
            period: "2026-03".to_owned(),
            unit: "H".to_owned(),
            set: "s".to_owned(),
            indicator: "1".to_owned(),
            numerator: 1,
            denominator: 2,
            ratio: Some("50.00".to_owned()),
            points: "1.00".to_owned(),
            as_of: "then".to_owned(),
            version: 1,
        };
        let later = FigureRow { as_of: "now".to_owned(), version: 9, ..row.clone() };
        assert_eq!(row.content(), later.content());
        for other in [
            FigureRow { numerator: 2, ..row.clone() },
            FigureRow { denominator: 3, ..row.clone() },
            FigureRow { ratio: None, ..row.clone() },
            FigureRow { points: "1.01".to_owned(), ..row.clone() },
        ] {
            assert_ne!(row.content(), other.content());
        }
        let mut key = String::new();
        row.put_key(&mut key);
        assert_eq!(key, "2026-03|H|s|1");
    }
}
