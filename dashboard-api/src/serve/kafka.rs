//! Topics consumed into the live index: a thread beside it, and how it stands for health and metrics.
//!
//! Not here: Kafka itself (`ingest::kafka`), keeping and counting (`keeper`, `worker`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use compute::codes::CodeBook;
use ingest::Rejection;
use ingest::durable::{Accepted, Consumed, Gap, GapKind};
use ingest::exchange::FindingKind;
use ingest::kafka::{self, Intake, NotNow, SharedStatus, Source, Status, Ticket};
use serde_json::{Value, json};

use super::beside::Beside;
use super::live::{Applying, Live, Refused};
use crate::command::Failure;
use crate::telemetry::Telemetry;

/// Gaps told on the page of health; all are counted.
const GAPS_TOLD_MAX: usize = 100;

/// Topics being consumed.
#[derive(Clone, Debug)]
pub(crate) struct Consuming {
    status: SharedStatus,
    beside: Beside,
}

impl Consuming {
    /// Begins once the state is restored: only then is known how far topics were taken.
    pub(crate) fn start(
        settings: kafka::Settings,
        live: Live,
        telemetry: Telemetry,
    ) -> Result<Consuming, Failure> {
        let source = Source::new(settings, IntoLive { live: live.clone(), telemetry });
        let (status, stop) = (source.status(), source.stop());
        let beside = Beside::start("kafka", live, stop, move || source.run())?;
        Ok(Consuming { status, beside })
    }

    /// Asks it to end and waits until it has; what was gathered is kept.
    pub(crate) fn end(&self) {
        self.beside.end();
    }

    /// How it stands.
    pub(crate) fn status(&self) -> Status {
        self.status.read()
    }
}

/// The live index as the source sees it.
#[derive(Debug)]
struct IntoLive {
    live: Live,
    telemetry: Telemetry,
}

impl Ticket for Applying {
    fn answer(&mut self) -> Option<kafka::Answer> {
        self.outcome().map(|outcome| match outcome {
            Ok(_) => kafka::Answer::Kept,
            Err(Refused::Busy) => kafka::Answer::Refused("the log is busy".to_owned()),
            Err(Refused::Stopped) => kafka::Answer::Refused("the engine has stopped".to_owned()),
            Err(Refused::NotKept(why)) => kafka::Answer::Refused(why),
        })
    }
}

impl Intake for IntoLive {
    type Ticket = Applying;

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn begin(&self) -> Accepted {
        self.live.accepted()
    }

    fn codes(&self) -> Arc<CodeBook> {
        self.live.codes()
    }

    fn consumed(&self) -> Consumed {
        self.live.log().map(|(_, state)| state.consumed).unwrap_or_default()
    }

    fn is_open(&self) -> bool {
        self.live.is_running() && self.live.log().is_some_and(|(_, state)| state.trouble.is_none())
    }

    fn hand_over(&self, accepted: Accepted) -> Result<Applying, NotNow> {
        self.live.begin_to_apply(accepted).map_err(|(refused, accepted)| match refused {
            Refused::Busy => NotNow::Busy(accepted),
            Refused::Stopped | Refused::NotKept(_) => NotNow::Stopped,
        })
    }

    fn note(&self, rejections: &[Rejection], findings: &BTreeMap<FindingKind, u64>) {
        for rejection in rejections {
            self.telemetry.rejected.with_label_values(&[rejection.reason.code()]).inc();
        }
        for (finding, count) in findings {
            self.telemetry.findings.with_label_values(&[finding.code()]).inc_by(*count);
        }
    }

    fn alarm(&self, text: &str) {
        tracing::error!("{text}");
    }

    fn tell(&self, text: &str) {
        tracing::info!("{text}");
    }
}

/// For `/api/v1/health`: how consuming stands, and what is missing for good.
pub(super) fn told(consuming: &Consuming, consumed: &Consumed) -> Value {
    let status = consuming.status();
    let partitions = status.partitions.iter().map(|((topic, partition), one)| {
        json!({
            "topic": topic, "partition": partition, "position": one.position, "end": one.end,
            "lag": one.lag(), "is_paused": one.is_paused,
        })
    });
    json!({
        "group": status.group, "is_connected": status.is_connected, "assigned": status.partitions.len(),
        "partitions": partitions.collect::<Vec<_>>(), "rebalances": status.rebalances,
        "refused_batches": status.refused, "repeated_messages": status.repeated,
        "dead_letters": {
            "produced": status.dead_letters.produced, "failed": status.dead_letters.failed,
        },
        "trouble": status.trouble, "is_complete": consumed.gaps() == 0, "incomplete_count": consumed.gaps(),
        "incomplete": consumed.incomplete.iter().rev().take(GAPS_TOLD_MAX).map(gap).collect::<Vec<_>>(),
    })
}

fn gap(gap: &Gap) -> Value {
    let kind = match gap.kind {
        GapKind::Expired => "expired",
        GapKind::Truncated => "truncated",
    };
    json!({
        "topic": gap.topic, "partition": gap.partition, "from": gap.from, "to": gap.to, "kind": kind,
        "noticed": gap.noticed,
    })
}
