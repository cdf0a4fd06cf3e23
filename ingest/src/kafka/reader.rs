//! One consumer: messages into batches, batches into the log, in the order the log has them.
//!
//! Each batch says from which position of each partition it goes on; the log takes it only if it ends there, so that
//! no order of failures loses a message or takes one twice. When a batch is refused everything under way is forgotten
//! and read again from where the log ends. While the log is busy partitions are paused; the group is polled all the
//! same, so that the member is not given up. Not here: what the log does (`Intake`), when the source ends (`source`).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::batch::{Batch, Bounds, Report};
use super::dead_letters::DeadLetters;
use super::group::{Group, Place, Wanted};
use super::position::{Kept, Start, start};
use super::settings::Settings;
use super::source::{Answer, Intake, NotNow, Stop, Ticket};
use super::status::{PartitionStatus, SharedStatus};
use super::{KafkaError, client};
use crate::durable::consumed::Positions;
use crate::durable::{Accepted, Begin, Gap};

/// Batches that may be under way.
const UNDER_WAY_MAX: usize = 2;
/// Messages taken before anything else is looked at.
const TURN_MESSAGES: usize = 1000;
/// How long is waited for a message when nothing is under way.
const IDLE_WAIT: Duration = Duration::from_millis(100);
/// And when something is.
const BUSY_WAIT: Duration = Duration::from_millis(1);
/// A log that is busy for longer has its partitions paused.
const STALL_MAX: Duration = Duration::from_millis(200);
/// How long partitions that must be left are held until what was read of them is kept.
const LEAVE_PATIENCE: Duration = Duration::from_secs(5);
/// How long a broker may take to say what it has.
const ASK_PATIENCE: Duration = Duration::from_secs(5);
/// Between two commits; they are for monitoring only.
const COMMIT_BEAT: Duration = Duration::from_secs(1);
/// Before a log that refused is tried again.
const REFUSED_PAUSE: Duration = Duration::from_millis(500);

/// A batch under way.
struct UnderWay<T> {
    ticket: T,
    positions: Positions,
    report: Report,
}

/// A batch that is ready and was not taken yet.
struct Ready {
    accepted: Accepted,
    report: Report,
}

/// One partition that is read.
#[derive(Default)]
struct Read {
    /// The next offset wanted, once everything under way is kept.
    next: Option<i64>,
    /// Whether the batch being gathered has it.
    is_in_batch: bool,
}

/// One consumer and what it has under way.
pub(super) struct Reader<'a, I: Intake> {
    consumer: Arc<BaseConsumer<Group>>,
    intake: &'a I,
    status: &'a SharedStatus,
    bounds: Bounds,
    read: HashMap<String, BTreeMap<i32, Read>>,
    batch: Option<Batch>,
    /// Bytes of lines of the last batch: the next will be about as large.
    lines_bytes: usize,
    /// The sources of topics with exchange messages.
    exchange: HashMap<String, String>,
    ready: Option<Ready>,
    under_way: VecDeque<UnderWay<I::Ticket>>,
    dead_letters: Option<DeadLetters>,
    /// Whether nothing more had come when last looked.
    is_drained: bool,
    stalled_since: Option<Instant>,
    is_paused: bool,
    /// Since when the log's refusal has everything forgotten and waiting.
    refused_since: Option<Instant>,
    to_commit: Positions,
    last_commit: Instant,
}

impl<'a, I: Intake> Reader<'a, I> {
    /// Joins the group.
    pub(super) fn open(
        settings: &Settings,
        intake: &'a I,
        status: &'a SharedStatus,
    ) -> Result<Reader<'a, I>, KafkaError> {
        let config = client::consumer(settings)?;
        let consumer: BaseConsumer<Group> = config.create_with_context(Group::new(status.clone()))?;
        let topics = settings.topics();
        consumer.subscribe(&topics.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(Reader {
            consumer: Arc::new(consumer),
            intake,
            status,
            bounds: Bounds::of(settings),
            read: HashMap::new(),
            batch: None,
            lines_bytes: 0,
            exchange: settings.exchange_sources().collect(),
            ready: None,
            under_way: VecDeque::new(),
            dead_letters: DeadLetters::open(settings, status)?,
            is_drained: true,
            stalled_since: None,
            is_paused: false,
            refused_since: None,
            to_commit: Positions::new(),
            last_commit: intake.now(),
        })
    }

    /// Until asked to end, or the consumer is of no more use.
    pub(super) fn run(mut self, stop: &Stop) -> Result<(), KafkaError> {
        let consumer = Arc::clone(&self.consumer);
        let mut ended = Ok(());
        while ended.is_ok() && !stop.is_asked() {
            self.settle();
            self.go_on();
            if self.stalled_since.is_some() && !self.is_paused {
                // A moment; the messages already fetched are not thrown away for it.
                std::thread::sleep(BUSY_WAIT);
                continue;
            }
            ended = self.turn(&consumer);
            while let Some(wanted) = consumer.context().next() {
                self.rebalance(wanted);
            }
        }
        self.finish();
        consumer.context().close();
        ended
    }

    /// Takes what has come.
    fn turn(&mut self, consumer: &BaseConsumer<Group>) -> Result<(), KafkaError> {
        let is_quiet = self.batch.is_none() && self.under_way.is_empty();
        let mut wait = if is_quiet { IDLE_WAIT } else { BUSY_WAIT };
        self.is_drained = false;
        for _ in 0..TURN_MESSAGES {
            match consumer.poll(wait) {
                None => {
                    self.is_drained = true;
                    break;
                }
                Some(Ok(message)) => self.take(&message),
                Some(Err(error)) => return self.hear(error),
            }
            if self.batch.as_ref().is_some_and(|batch| batch.is_full(&self.bounds)) {
                break;
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    fn take(&mut self, message: &BorrowedMessage<'_>) {
        // What was fetched before the log refused is read again.
        if self.refused_since.is_some() {
            return;
        }
        let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
        let Some(read) = self.read.get_mut(topic).and_then(|read| read.get_mut(&partition)) else { return };
        if read.next.is_some_and(|next| offset < next) {
            self.status.write().repeated += 1;
            return;
        }
        let at = read.next.replace(offset + 1);
        let is_first = !std::mem::replace(&mut read.is_in_batch, true);
        let batch = batch(&mut self.batch, self.intake, self.dead_letters.is_some(), self.lines_bytes);
        if is_first {
            batch.begin(Begin { topic: topic.to_owned(), partition, at });
        }
        match self.exchange.get(topic) {
            None => batch.take(message),
            Some(source) => batch.take_exchange(message, source),
        }
    }

    /// An error instead of a message.
    fn hear(&mut self, error: ClientError) -> Result<(), KafkaError> {
        if let ClientError::MessageConsumptionFatal(_) = error {
            return Err(error.into());
        }
        match error.rdkafka_error_code() {
            // The broker no longer has what is wanted: see what it has, mark what is missing, go on.
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                self.intake.alarm(&format!("a broker does not have what the log wants next: {error}"));
                self.read_again();
            }
            _ => self.status.note(error.to_string()),
        }
        Ok(())
    }

    /// Hears what became of batches under way.
    fn settle(&mut self) {
        while let Some(first) = self.under_way.front_mut() {
            let Some(answer) = first.ticket.answer() else { break };
            let Some(done) = self.under_way.pop_front() else { break };
            match answer {
                Answer::Kept => self.kept(done),
                Answer::Refused(why) => {
                    let mut status = self.status.write();
                    status.refused += 1;
                    status.trouble = Some(why);
                    drop(status);
                    self.read_again();
                }
            }
        }
        if let Some(dead_letters) = &mut self.dead_letters {
            dead_letters.go_on();
        }
        if self.intake.now().saturating_duration_since(self.last_commit) >= COMMIT_BEAT {
            self.commit();
        }
    }

    fn kept(&mut self, done: UnderWay<I::Ticket>) {
        let mut status = self.status.write();
        for (topic, partitions) in done.positions {
            for (partition, next) in partitions {
                if let Some(known) = status.partitions.get_mut(&(topic.clone(), partition)) {
                    known.position = Some(next);
                }
                self.to_commit.entry(topic.clone()).or_default().insert(partition, next);
            }
        }
        status.trouble = None;
        drop(status);
        self.intake.note(&done.report.rejections, &done.report.findings);
        if let Some(dead_letters) = &mut self.dead_letters {
            dead_letters.send(done.report.letters);
        }
    }

    /// Hands over, holds back, or begins again.
    fn go_on(&mut self) {
        let now = self.intake.now();
        if let Some(since) = self.refused_since {
            let is_time = now.saturating_duration_since(since) >= REFUSED_PAUSE;
            if is_time && self.under_way.is_empty() && self.intake.is_open() {
                self.refused_since = None;
                // Marks made meanwhile are made again.
                self.forget();
                self.pause(false);
                let places = self.places();
                // Without them there is nothing to take up; with them, from where the log ends.
                let _ = self.consumer.incremental_unassign(&list(&places));
                self.take_up(places);
            }
            return;
        }
        self.hand_over(now);
        let is_full = self.batch.as_ref().is_some_and(|batch| batch.is_full(&self.bounds));
        if !is_full {
            self.stalled_since = None;
            if self.is_paused {
                self.pause(false);
            }
            return;
        }
        let since = *self.stalled_since.get_or_insert(now);
        if !self.is_paused && now.saturating_duration_since(since) >= STALL_MAX {
            self.pause(true);
        }
    }

    /// Hands the batch over if it is due and there is room.
    fn hand_over(&mut self, now: Instant) {
        if self.ready.is_none() && self.under_way.len() < UNDER_WAY_MAX {
            let is_due = |batch: &mut Batch| {
                // While more keeps coming a batch grows: a step of the engine costs about the same for many events.
                (self.is_drained && self.under_way.is_empty())
                    || batch.is_full(&self.bounds)
                    || batch.is_old(&self.bounds, now)
            };
            self.ready = self.batch.take_if(is_due).map(|batch| self.close_batch(batch));
        }
        let Some(Ready { accepted, report }) = self.ready.take() else { return };
        let positions = accepted.came.consumed.positions.clone();
        match self.intake.hand_over(accepted) {
            Ok(ticket) => self.under_way.push_back(UnderWay { ticket, positions, report }),
            Err(NotNow::Busy(accepted)) => {
                self.ready = Some(Ready { accepted: *accepted, report });
            }
            Err(NotNow::Stopped) => {
                self.status.note("the engine has stopped; nothing more is consumed".to_owned());
                self.read_again();
            }
        }
    }

    /// Writes into the batch how far it goes.
    fn close_batch(&mut self, mut batch: Batch) -> Ready {
        for (topic, partitions) in &mut self.read {
            for (partition, read) in partitions {
                if std::mem::take(&mut read.is_in_batch)
                    && let Some(next) = read.next
                {
                    batch.end(topic, *partition, next);
                }
            }
        }
        let (accepted, report) = batch.finish();
        self.lines_bytes = accepted.lines.len();
        Ready { accepted, report }
    }

    /// Forgets what is not kept; once the log is open again it is read from where that ends.
    fn read_again(&mut self) {
        self.forget();
        self.pause(true);
        self.refused_since = Some(self.intake.now());
    }

    fn forget(&mut self) {
        (self.batch, self.ready, self.stalled_since) = (None, None, None);
        self.read.values_mut().flat_map(BTreeMap::values_mut).for_each(|read| read.is_in_batch = false);
    }

    /// Holds all partitions back, or lets them go on.
    fn pause(&mut self, is_paused: bool) {
        let list = list(&self.places());
        let done = if is_paused { self.consumer.pause(&list) } else { self.consumer.resume(&list) };
        if let Err(error) = done {
            self.status.note(error.to_string());
        }
        self.is_paused = is_paused;
        self.status.write().partitions.values_mut().for_each(|known| known.is_paused = is_paused);
    }

    fn places(&self) -> Vec<Place> {
        let of = |(topic, read): (&String, &BTreeMap<i32, Read>)| {
            read.keys().map(|partition| (topic.clone(), *partition)).collect::<Vec<_>>()
        };
        self.read.iter().flat_map(of).collect()
    }

    /// Does what the group wants.
    fn rebalance(&mut self, wanted: Wanted) {
        self.status.write().rebalances += 1;
        match wanted {
            Wanted::Read(places) => {
                self.intake.tell(&format!("{} partitions are read from now on", places.len()));
                self.take_up(places);
            }
            Wanted::Leave(places) => {
                self.intake.tell(&format!("{} partitions are left to others", places.len()));
                self.bring_in();
                for (topic, partition) in &places {
                    if let Some(read) = self.read.get_mut(topic) {
                        read.remove(partition);
                    }
                    self.status.write().partitions.remove(&(topic.clone(), *partition));
                }
                self.commit();
                if let Err(error) = self.consumer.incremental_unassign(&list(&places)) {
                    self.status.note(error.to_string());
                }
            }
        }
    }

    /// Has everything gathered kept, within a bounded time; what is not is read again by whoever has it then.
    fn bring_in(&mut self) {
        let until = self.intake.now() + LEAVE_PATIENCE;
        while self.refused_since.is_none() && !self.is_empty() && self.intake.now() < until {
            self.settle();
            let now = self.intake.now();
            self.is_drained = true;
            self.hand_over(now);
            std::thread::sleep(BUSY_WAIT);
        }
        if !self.is_empty() && self.refused_since.is_none() {
            self.read_again();
        }
    }

    fn is_empty(&self) -> bool {
        self.batch.is_none() && self.ready.is_none() && self.under_way.is_empty()
    }

    /// Reads partitions from where the log ends, marking what is missing.
    fn take_up(&mut self, places: Vec<Place>) {
        let consumed = self.intake.consumed();
        let mut list = TopicPartitionList::new();
        let mut is_answered = true;
        for (topic, partition) in places {
            let position = consumed.position(&topic, partition);
            let mut found = position.map_or(Start::Earliest, Start::At);
            if position.is_some() && is_answered {
                match self.consumer.fetch_watermarks(&topic, partition, ASK_PATIENCE) {
                    Ok((low, high)) => found = start(position, Kept { low, high }),
                    // It is read from where the log ends; if that is gone the broker will say so.
                    Err(error) => {
                        is_answered = false;
                        self.status.note(error.to_string());
                    }
                }
            }
            let (offset, next) = match found {
                Start::Earliest => (Offset::Beginning, None),
                Start::At(position) => (Offset::Offset(position), Some(position)),
                Start::Gap { at, .. } => (Offset::Offset(at), Some(at)),
            };
            if let Err(error) = list.add_partition_offset(&topic, partition, offset) {
                self.status.note(error.to_string());
            }
            let known = PartitionStatus { position, ..PartitionStatus::default() };
            self.status.write().partitions.insert((topic.clone(), partition), known);
            let read = Read { next, is_in_batch: matches!(found, Start::Gap { .. }) };
            if let (Start::Gap { from, to, kind, .. }, Some(_)) = (found, position) {
                let begin = Begin { topic: topic.clone(), partition, at: position };
                let batch = batch(&mut self.batch, self.intake, self.dead_letters.is_some(), 0);
                let noticed = batch.arrived().to_utc();
                batch.begin(begin);
                batch.mark(Gap { topic: topic.clone(), partition, from, to, kind, noticed });
                self.intake.alarm(&format!(
                    "incomplete: {topic}/{partition} lacks messages {from} to {to}; have their sender send them again"
                ));
            }
            self.read.entry(topic).or_default().insert(partition, read);
        }
        if let Err(error) = self.consumer.incremental_assign(&list) {
            self.status.note(error.to_string());
        }
        if self.is_paused {
            self.pause(true);
        }
    }

    fn commit(&mut self) {
        self.last_commit = self.intake.now();
        let mut list = TopicPartitionList::new();
        for (topic, partitions) in std::mem::take(&mut self.to_commit) {
            for (partition, next) in partitions {
                // What cannot be listed is not committed: nothing depends on it.
                let _ = list.add_partition_offset(&topic, partition, Offset::Offset(next));
            }
        }
        if list.count() > 0
            && let Err(error) = self.consumer.commit(&list, CommitMode::Async)
        {
            self.status.note(format!("positions for monitoring were not committed: {error}"));
        }
    }

    /// The end: what was gathered is kept, and others may read on.
    fn finish(&mut self) {
        self.bring_in();
        self.commit();
        if let Some(dead_letters) = self.dead_letters.take() {
            dead_letters.close();
        }
    }
}

/// The batch being gathered, begun if there is none.
fn batch<'b, I: Intake>(
    batch: &'b mut Option<Batch>,
    intake: &I,
    keeps_letters: bool,
    lines_bytes: usize,
) -> &'b mut Batch {
    batch.get_or_insert_with(|| {
        let mut accepted = intake.begin();
        // Growing step by step copies, and takes fresh memory, for twice as much as there is.
        accepted.lines.reserve(lines_bytes);
        Batch::new(accepted, &intake.codes(), keeps_letters, intake.now())
    })
}

fn list(places: &[Place]) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (topic, partition) in places {
        list.add_partition(topic, *partition);
    }
    list
}
