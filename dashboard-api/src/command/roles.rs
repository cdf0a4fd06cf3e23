//! `nhip serve --role worker` and `--role reader`: wiring of processes that share one province.
//!
//! Not here: what they do (`serve::scale`), a server that stands alone (`serve`).

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use compute::calendar::Calendar;
use compute::codes::CodeBook;
use compute::engine::{Keep, Scope, Setup};
use compute::instant::Instant;
use compute::set::Catalogue;
use ingest::kafka;

use super::Failure;
use super::serve::{ServeArguments, access, answer, listen, map};
use crate::reference_data;
use crate::serve::live::Clock;
use crate::serve::{Publishing, Reading, Shown, WorkerServer, Working, WorkingSetup, worker_router};
use crate::settings::Settings;
use crate::telemetry::Telemetry;

/// What a process does of the work.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Role {
    /// Everything: a server that stands alone
    All,
    /// Counts the shares (partitions) that its consumer group gives it, and publishes their counts
    Worker,
    /// Adds the counts of all shares up and serves the figures
    Reader,
}

/// How long leaving may take: shares are published and saved first.
const GOODBYE: Duration = Duration::from_secs(15);

/// Counts shares until a signal ends it.
pub(super) fn work(arguments: &ServeArguments, settings: Settings, from: Instant) -> Result<u8, Failure> {
    let is_guarded = settings.access.is_some();
    let (settings, topic) = shared(settings)?;
    let secret = secret(&settings)?;
    let Some(data) = arguments.data.clone() else {
        return Err(Failure::question(
            "a worker needs --data DIR, on storage that all workers share: whoever takes a share over finds its state there",
        ));
    };
    let telemetry = telemetry()?;
    let (catalogue, calendar) = reference(arguments)?;
    let make = move || setup(&catalogue, &calendar, (1, from), Scope::Dossiers);
    // Dossiers are told to nobody who is not asked who they are, where somebody asks.
    let is_asked = secret.is_some() || !is_guarded;
    let address = settings.worker_address.clone();
    let member = format!("{}-{:x}", std::process::id(), Clock::System.now().to_bits());
    let working = WorkingSetup {
        settings,
        topic,
        setup: Box::new(make),
        from_year: from.day().year(),
        data,
        member,
        save_every: arguments.save_every(),
        clock: Clock::System,
    };
    let working = Working::start(working, telemetry.clone())?;
    let ending = working.clone();
    let named = working.clone();
    let name = move |listening: SocketAddr| {
        let own = if listening.ip().is_loopback() { format!("http://{listening}") } else { String::new() };
        if is_asked {
            named.set_address(if address.is_empty() { own } else { address });
        }
    };
    let router = worker_router(WorkerServer { working, secret, telemetry });
    answer((arguments.listen(), None), router, name, async move {
        let ended = tokio::task::spawn_blocking(move || ending.end());
        if tokio::time::timeout(GOODBYE, ended).await.is_err() {
            tracing::warn!(
                "the group was not left in time; others take the shares over when the session ends"
            );
        }
    })
}

/// Serves the sums of all shares until a signal ends it.
pub(super) fn read(arguments: &ServeArguments, settings: Settings, from: Instant) -> Result<u8, Failure> {
    let (asking, tiles) = (settings.access.clone(), map(&settings.map)?);
    let (settings, topic) = shared(settings)?;
    if arguments.data.is_some() {
        return Err(Failure::question("a reader keeps nothing: leave --data out"));
    }
    let (catalogue, calendar) = reference(arguments)?;
    let shards = arguments.shards();
    let make = move || setup(&catalogue, &calendar, (shards, from), Scope::All);
    let with = (telemetry()?, secret(&settings)?);
    let mut server = Reading::server(&settings, &topic, make, from.day().year(), with)?;
    server.access = access(asking, None)?;
    server.tiles = tiles;
    server.figures = Publishing::start(&settings, &server.live)?;
    listen(arguments.listen(), server, |_| {})
}

/// The settings of Kafka and the topic of counts; what these roles do not do is refused rather than left out in silence.
/// One file serves both: workers map exchange messages and send dead letters, a reader publishes figures.
fn shared(settings: Settings) -> Result<(kafka::Settings, String), Failure> {
    if settings.alerts != alerts::Settings::default() {
        return Err(Failure::question(
            "alerts are watched for by `--role all` only; leave [alerts] out for workers and readers",
        ));
    }
    let Some(kafka) = settings.kafka else {
        return Err(Failure::question("workers and readers need --settings FILE with a table [kafka]"));
    };
    let Some(topic) = kafka.counts().map(str::to_owned) else {
        return Err(Failure::question(
            "workers and readers need the topic of counts: give `counts` under [kafka], create it compacted, with as many partitions as the topic of dossiers",
        ));
    };
    Ok((kafka, topic))
}

/// What readers show to workers.
fn secret(settings: &kafka::Settings) -> Result<Option<Shown>, Failure> {
    let file = Some(settings.worker_secret_file.as_str()).filter(|file| !file.is_empty());
    file.map(|file| Shown::read(Path::new(file))).transpose()
}

fn telemetry() -> Result<Telemetry, Failure> {
    Telemetry::new().map_err(|error| Failure::broken(error.to_string()))
}

fn reference(arguments: &ServeArguments) -> Result<(Arc<Catalogue>, Arc<Calendar>), Failure> {
    let reference = arguments.reference();
    Ok((
        reference_data::catalogue(reference.sets.as_deref())?,
        reference_data::calendar(reference.calendars.as_deref())?,
    ))
}

fn setup(
    catalogue: &Arc<Catalogue>,
    calendar: &Arc<Calendar>,
    (shards, from): (usize, Instant),
    scope: Scope,
) -> Setup {
    Setup {
        catalogue: Arc::clone(catalogue),
        calendar: Arc::clone(calendar),
        codes: Arc::new(CodeBook::default()),
        shards,
        keep: Keep::From(from),
        scope,
    }
}
