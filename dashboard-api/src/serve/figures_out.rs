//! Figures published for other systems: what changed between two snapshots goes to a topic, a row at most once a second.
//!
//! Snapshots hold only what is durable, hence so does the topic. It runs beside everything else and only reads: a broker
//! that is slow or gone makes the topic late, and nothing else. Agencies only, never officers. Not here: the topic
//! itself (`ingest::kafka`), figures (`compute`).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use compute::engine::{Cells, Frame, PeriodSnapshot, Snapshot};
use compute::figures::{Figures, Level, UnitFigures};
use compute::result::ratio;
use compute::set::IndicatorSet;
use compute::set::points::decimal;
use ingest::kafka::{
    self, FigureRow, FiguresStatus, FiguresTopic, KafkaError, SharedFiguresStatus, Stop, Table,
};
use serde_json::{Value, json};

use super::beside::Beside;
use super::live::{Live, Phase};
use crate::command::Failure;

/// The least time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looking takes at most one part in so many of the time.
const LOOK_SHARE: u32 = 10;
/// Between two looks whether it is still wanted.
const BEAT: Duration = Duration::from_millis(50);
/// Before a topic that failed is tried again.
const PAUSE: Duration = Duration::from_secs(3);

/// Figures being published.
#[derive(Clone, Debug)]
pub(crate) struct Publishing {
    status: SharedFiguresStatus,
    beside: Beside,
}

impl Publishing {
    /// Begins once the state is restored; `None` when no topic is named.
    pub(crate) fn start(settings: &kafka::Settings, live: &Live) -> Result<Option<Publishing>, Failure> {
        let Some(topic) = settings.figures() else { return Ok(None) };
        let (status, stop) = (SharedFiguresStatus::new(topic), Stop::default());
        let publisher = Publisher {
            settings: settings.clone(),
            topic: topic.to_owned(),
            live: live.clone(),
            status: status.clone(),
            stop: stop.clone(),
        };
        let beside = Beside::start("figures", live.clone(), stop, move || publisher.run())?;
        Ok(Some(Publishing { status, beside }))
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn end(&self) {
        self.beside.end();
    }

    /// How it stands.
    pub(crate) fn status(&self) -> FiguresStatus {
        self.status.read()
    }
}

/// For `/api/v1/health`.
pub(super) fn told(publishing: &Publishing) -> Value {
    let status = publishing.status();
    json!({
        "topic": status.topic, "is_read_back": status.is_read_back, "is_settled": status.is_settled(),
        "version": status.version, "published": status.published, "removed": status.removed,
        "failed": status.failed, "under_way": status.under_way, "tables_behind": status.tables_behind,
        "trouble": status.trouble,
    })
}

/// What was last brought of each table: the same counts give the same figures.
type Brought = HashMap<Table, (Arc<Frame>, Arc<Cells>)>;

/// The thread's own.
struct Publisher {
    settings: kafka::Settings,
    topic: String,
    live: Live,
    status: SharedFiguresStatus,
    stop: Stop,
}

impl Publisher {
    fn run(self) {
        while !self.is_over() {
            if let Err(error) = self.publish() {
                tracing::warn!(%error, topic = %self.topic, "figures are not published; tried again in a moment");
                self.status.note(error.to_string());
                // Nothing is done meanwhile, so nothing can go wrong.
                let _ = self.wait(PAUSE, || Ok(()));
            }
        }
    }

    fn is_over(&self) -> bool {
        self.stop.is_asked() || !self.live.is_running()
    }

    fn publish(&self) -> Result<(), KafkaError> {
        let opened = FiguresTopic::open(&self.settings, &self.topic, &self.status, &self.stop)?;
        let Some(mut topic) = opened else { return Ok(()) };
        let (mut brought, mut last) = (Brought::new(), None);
        while !self.is_over() {
            let (began, snapshot) = (Instant::now(), self.live.snapshot());
            topic.hear()?;
            // A share that is missing is no reason to take figures away.
            let is_whole = self.live.phase() == Phase::Running && self.live.is_complete();
            if is_whole && (last != Some(snapshot.version) || !topic.is_all_settled()) {
                look(&snapshot, &mut brought, &mut topic);
                last = Some(snapshot.version);
                topic.hear()?;
                self.status.looked_at(snapshot.version);
            }
            self.wait(LOOK_EVERY.max(began.elapsed() * LOOK_SHARE), || topic.hear())?;
        }
        topic.close();
        Ok(())
    }

    fn wait(
        &self,
        time: Duration,
        mut meanwhile: impl FnMut() -> Result<(), KafkaError>,
    ) -> Result<(), KafkaError> {
        let until = Instant::now() + time;
        while !self.is_over() && Instant::now() < until {
            meanwhile()?;
            std::thread::sleep(BEAT);
        }
        Ok(())
    }
}

/// Brings the topic every table that differs from what was last brought.
fn look(snapshot: &Snapshot, brought: &mut Brought, topic: &mut FiguresTopic) {
    let mut there = BTreeSet::new();
    for period in &snapshot.periods {
        for set in &snapshot.catalogue.sets {
            let table = (period.frame.period.to_string(), set.file.id.clone());
            let is_same = brought.get(&table).is_some_and(|(frame, cells)| {
                Arc::ptr_eq(frame, &period.frame) && Arc::ptr_eq(cells, &period.cells)
            });
            if !is_same || !topic.is_settled(&table) {
                bring(snapshot, (period, set), &table, topic);
                brought.insert(table.clone(), (Arc::clone(&period.frame), Arc::clone(&period.cells)));
            }
            there.insert(table);
        }
    }
    brought.retain(|table, _| there.contains(table));
    topic.keep_only(&there);
}

fn bring(
    snapshot: &Snapshot,
    (period, set): (&PeriodSnapshot, &IndicatorSet),
    table: &Table,
    topic: &mut FiguresTopic,
) {
    let figures = Figures::of(snapshot, period, set, Level::Agency);
    let as_of = snapshot.as_of.to_local();
    let row = |unit: &UnitFigures, figure: &compute::figures::Figure| FigureRow {
        period: table.0.clone(),
        unit: unit.code.clone(),
        set: table.1.clone(),
        indicator: set.indicators[figure.indicator].file.code.clone(),
        numerator: figure.numerator,
        denominator: figure.denominator,
        ratio: Some(ratio(figure.ratio)).filter(|text| !text.is_empty()),
        points: decimal(figure.points),
        as_of: as_of.clone(),
        version: snapshot.version,
    };
    let rows = figures.units.iter().flat_map(|unit| unit.figures.iter().map(move |figure| (unit, figure)));
    topic.bring(table, rows.map(|(unit, figure)| row(unit, figure)));
}
