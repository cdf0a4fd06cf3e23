//! The demo: a made-up province streams in, and the story's own clock moves with it.
//!
//! Events before the opening are taken at full speed; then the story goes on at a steady rate, its clock told by
//! the events, so that nights and weekends pass in a moment. Not here: the story (`ingest::simulate`).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use compute::codes::LocalCodes;
use compute::instant::Instant;
use ingest::simulate::{Plan, Stream};

use super::Server;
use super::live::Phase;

/// Events handed over at a time while the past is read.
const PAST_BATCH: usize = 10_000;
/// How often the demo hands over what has happened since.
const BEAT: Duration = Duration::from_millis(50);

/// Streams the story until it ends or the server stops.
pub(crate) fn run(server: &Server, plan: &Plan, opening: Instant, rate: u32, clock: &Arc<AtomicI64>) {
    while server.live.phase() != Phase::Running {
        std::thread::sleep(BEAT);
    }
    let mut codes = LocalCodes::new(&server.live.codes());
    let mut story = Stream::new(plan);
    let mut accepted = server.live.accepted();
    let mut now = Instant::from_unix(plan.from, 0);
    let per_beat = (f64::from(rate) * BEAT.as_secs_f64()).max(1.0);
    let mut owed = 0.0;
    while let Some((arrival, line)) = story.next_line() {
        let nanos = u32::try_from(arrival.rem_euclid(1_000_000_000)).unwrap_or(0);
        now = now.max(Instant::from_unix(arrival.div_euclid(1_000_000_000), nanos));
        if let Err(rejection) = accepted.take(line, "demo", 0, &mut codes) {
            tracing::warn!(%rejection, "the demo made an event that is set aside");
        }
        let is_past = now < opening;
        owed += 1.0;
        if (is_past && accepted.routed.len() < PAST_BATCH) || (!is_past && owed < per_beat) {
            continue;
        }
        clock.store(now.to_bits(), Ordering::Release);
        let batch = std::mem::replace(&mut accepted, server.live.accepted());
        if server.live.apply_blocking(batch).is_err() {
            return;
        }
        if is_past {
            owed = 0.0;
        } else {
            owed -= per_beat;
            std::thread::sleep(BEAT);
        }
    }
    tracing::info!("the demo's story has ended; the figures stay");
}
