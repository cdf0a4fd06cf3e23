//! The thread of a worker that makes events of national exchange messages and sends them to the topic of dossiers.
//!
//! Not here: mapping and positions (`ingest::kafka::Mapper`), counting (`share`).

use std::time::{Duration, Instant};

use ingest::kafka::{self, KafkaError, Mapper, Stop};

use super::told::SharedWorking;
use crate::command::Failure;
use crate::serve::beside::Beside;

/// Before a member that ended is made anew.
const PAUSE: Duration = Duration::from_secs(3);
/// Between two looks whether it is still wanted.
const BEAT: Duration = Duration::from_millis(50);

/// Exchange messages being mapped.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    beside: Beside,
}

impl Mapping {
    /// `None` when no topic of exchange messages is named.
    pub(super) fn start(
        settings: &kafka::Settings,
        status: &SharedWorking,
        stop: &Stop,
    ) -> Result<Option<Mapping>, Failure> {
        if settings.exchange.is_empty() {
            return Ok(None);
        }
        let (settings, status, asked) = (settings.clone(), status.clone(), stop.clone());
        let beside = Beside::start_now("exchange", stop.clone(), move || run(&settings, &status, &asked))?;
        Ok(Some(Mapping { beside }))
    }

    /// Asks it to end and waits until it has.
    pub(super) fn end(&self) {
        self.beside.end();
    }
}

fn run(settings: &kafka::Settings, status: &SharedWorking, stop: &Stop) {
    while !stop.is_asked() {
        let Err(error) = follow(settings, status, stop) else { return };
        tracing::warn!(%error, "exchange messages are not mapped; tried again in a moment");
        status.note_unmapped(error.to_string());
        let until = Instant::now() + PAUSE;
        while !stop.is_asked() && Instant::now() < until {
            std::thread::sleep(BEAT);
        }
    }
}

fn follow(settings: &kafka::Settings, status: &SharedWorking, stop: &Stop) -> Result<(), KafkaError> {
    let Some(mut mapper) = Mapper::open(settings, status.letters())? else { return Ok(()) };
    while !stop.is_asked() {
        let turn = mapper.turn()?;
        if turn.gaps > 0 {
            tracing::error!(gaps = turn.gaps, "exchange messages were gone before they were mapped");
        }
        status.note_mapped(&turn);
    }
    mapper.close();
    Ok(())
}
