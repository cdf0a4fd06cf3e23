//! `nhip serve` and `nhip demo`: wiring, until a signal ends them.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use clap::Args;
use compute::codes::CodeBook;
use compute::engine::{Keep, Scope, Setup};
use compute::instant::{Day, Instant};
use ingest::simulate::Plan;
use store::{DataFolder, FolderSettings, LogSettings};
use tokio_rustls::TlsAcceptor;

use super::roles::{self, Role};
use super::{Failure, ReferenceArguments, instant};
use crate::reference_data;
use crate::serve::access::settings::Settings as Asking;
use crate::serve::access::{Access, folder_in};
use crate::serve::doorway::{self, Doorway, Peer};
use crate::serve::live::{Clock, Live, Storage};
use crate::serve::{
    Alerting, AlertsSetup, Board, Consuming, Editions, EditionsSetup, Publishing, Reading, Reconciling,
    Server, demo as story, router,
};
use crate::settings;
use crate::telemetry::Telemetry;
use crate::tiles::{self, Positions, Tiles};

/// How long open answers may take to end when the server stops.
const GOODBYE: std::time::Duration = std::time::Duration::from_secs(3);
/// How long leaving the consumer group may take.
const KAFKA_GOODBYE: Duration = Duration::from_secs(15);

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address to listen on; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:7660")]
    listen: SocketAddr,
    /// What this process does: a whole server, or part of one province's work over Kafka
    #[arg(long, value_enum, default_value_t = Role::All)]
    role: Role,
    /// Folder for the log of events and the saved state; without it nothing outlives the process
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// File of settings (TOML): [kafka] names topics to consume, [access] who gets in, [alerts] where messages go, [editions] when periods are closed, [map] where agencies lie
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Minutes between two snapshots of the state
    #[arg(long, value_name = "MINUTES", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1440))]
    save_minutes: u64,
    /// The most GiB the log may take; beyond it events are refused
    #[arg(long, value_name = "GIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    log_gib_max: u64,
    /// Remove events that every kept snapshot of the state already holds; they can then no longer be recounted
    #[arg(long)]
    forget_saved_events: bool,
    /// The same, of events that came in at least so many days ago only
    #[arg(long, value_name = "DAYS", conflicts_with = "forget_saved_events", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    forget_after_days: Option<u32>,
    /// Folder under which backups of a running server are written
    #[arg(long, value_name = "DIR", requires = "data")]
    backups: Option<PathBuf>,
    /// Keep the periods from the year of this date on [default: last year]
    #[arg(long, value_name = "DATE", value_parser = instant)]
    from: Option<Instant>,
    /// Shards of the engine
    #[arg(long, default_value_t = 2)]
    shards: usize,
    #[command(flatten)]
    reference: ReferenceArguments,
}

impl ServeArguments {
    pub(super) fn listen(&self) -> SocketAddr {
        self.listen
    }

    pub(super) fn save_every(&self) -> Duration {
        Duration::from_mins(self.save_minutes)
    }

    pub(super) fn shards(&self) -> usize {
        self.shards.clamp(1, 64)
    }

    pub(super) fn reference(&self) -> &ReferenceArguments {
        &self.reference
    }
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Address to listen on; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:7660")]
    listen: SocketAddr,
    /// Another seed is another province
    #[arg(long, default_value_t = 766)]
    seed: u64,
    /// Events a second once the past is read
    #[arg(long, default_value_t = 20)]
    rate: u32,
    /// About how many events in the four months of the story
    #[arg(long, default_value_t = 400_000)]
    events: u64,
    #[command(flatten)]
    reference: ReferenceArguments,
}

pub(super) fn run(arguments: &ServeArguments) -> Result<u8, Failure> {
    let settings = settings::read(arguments.settings.as_deref())?;
    let is_guarded = match arguments.role {
        Role::All | Role::Reader => settings.access.is_some(),
        Role::Worker => settings.kafka.as_ref().is_some_and(|kafka| !kafka.worker_secret_file.is_empty()),
    };
    if !is_guarded {
        loopback_only(arguments.listen, arguments.role)?;
    }
    begin_to_log();
    let now = Clock::System.now();
    let from = arguments.from.unwrap_or_else(|| last_year(now));
    let from = start_of_year(from.day().year());
    match arguments.role {
        Role::All => serve(arguments, settings, from),
        Role::Worker => roles::work(arguments, settings, from),
        Role::Reader => roles::read(arguments, settings, from),
    }
}

/// A server that stands alone.
fn serve(arguments: &ServeArguments, settings: settings::Settings, from: Instant) -> Result<u8, Failure> {
    if settings.kafka.is_some() && arguments.data.is_none() {
        return Err(Failure::question(
            "the settings name Kafka, which needs --data DIR: how far topics were taken is kept with the events",
        ));
    }
    let alerts = AlertsSetup::read(settings.alerts, arguments.data.clone(), settings.kafka.as_ref())?;
    let tiles = map(&settings.map)?;
    let editions = EditionsSetup::read(settings.editions, &arguments.reference, arguments.data.clone())?;
    let storage = arguments.data.as_deref().map(|data| storage(data, arguments)).transpose()?;
    if storage.is_none() {
        eprintln!("nhip: no --data DIR: events and figures are lost when this process ends");
    }
    let mut server = server(&arguments.reference, arguments.shards, from, storage, Clock::System)?;
    server.access = access(settings.access, arguments.data.as_deref())?;
    server.tiles = tiles;
    server.alerts = Some(Alerting::start(alerts, &server.live, server.telemetry.clone())?);
    server.editions = Editions::start(editions, &server.live, &arguments.reference)?;
    server.reconciling = arguments.data.as_deref().map(|data| Reconciling::new(data, &server.live));
    if let Some(kafka) = settings.kafka {
        server.figures = Publishing::start(&kafka, &server.live)?;
        server.kafka = Some(Consuming::start(kafka, server.live.clone(), server.telemetry.clone())?);
    }
    listen(arguments.listen, server, |_| {})
}

/// What is asked of those who come, as the settings say; without them it is said that nobody is asked.
pub(super) fn access(settings: Option<Asking>, data: Option<&Path>) -> Result<Access, Failure> {
    let Some(settings) = settings else {
        tracing::info!(
            "no [access] in the settings: nobody is asked who they are, so only this machine is listened to"
        );
        return Ok(Access::default());
    };
    let folder = settings.folder.clone().or_else(|| data.map(folder_in));
    let folder = folder.ok_or_else(|| {
        Failure::question("settings of access: tokens and records need a place: give --data DIR, or `folder` under [access]")
    })?;
    Access::start(settings, folder).map_err(Failure::question)
}

/// Where agencies lie, as the settings say.
pub(super) fn map(settings: &tiles::Settings) -> Result<Arc<Tiles>, Failure> {
    let positions = Positions::read(settings).map_err(|error| Failure::question(error.to_string()))?;
    Ok(Arc::new(Tiles::new(positions)))
}

fn storage(data: &Path, arguments: &ServeArguments) -> Result<Storage, Failure> {
    let log = LogSettings { log_bytes_max: arguments.log_gib_max << 30, ..LogSettings::default() };
    let settings = FolderSettings { log, ..FolderSettings::default() };
    Ok(Storage {
        folder: open(data, settings)?,
        save_every: Duration::from_mins(arguments.save_minutes),
        forgets_after_days: arguments.forget_after_days.or(arguments.forget_saved_events.then_some(0)),
        backups: arguments.backups.clone(),
    })
}

/// Opens a data folder, or says why not.
pub(super) fn open(data: &Path, settings: FolderSettings) -> Result<DataFolder, Failure> {
    DataFolder::open(data, settings)
        .map_err(|error| Failure::question(format!("{}: {error}", data.display())))
}

/// Says on standard error what the server does; `NHIP_LOG` chooses how much.
fn begin_to_log() {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("NHIP_LOG").unwrap_or_else(|_| "info".into()),
        )
        .init();
}

const DAY: i64 = 86_400;

/// The story runs over the four months around the last working days before today.
pub(super) fn demo(arguments: &DemoArguments) -> Result<u8, Failure> {
    loopback_only(arguments.listen, Role::All)?;
    begin_to_log();
    let today = Clock::System.now().day();
    let opening = Day::from_number(today.number()).start().unix_seconds() + 8 * 3600;
    let plan = Plan {
        seed: arguments.seed,
        events: arguments.events,
        from: opening - 80 * DAY,
        until: opening + 40 * DAY,
        ..Plan::default()
    };
    let told = Arc::new(AtomicI64::new(Instant::from_unix(plan.from, 0).to_bits()));
    let clock = Clock::Told(Arc::clone(&told));
    let from = start_of_year(Instant::from_unix(plan.from, 0).day().year());
    let folder = DemoFolder::new();
    let settings = FolderSettings::default();
    let storage = Storage {
        folder: open(&folder.0, settings)?,
        save_every: Duration::from_mins(5),
        forgets_after_days: None,
        backups: None,
    };
    let mut server = server(&arguments.reference, 2, from, Some(storage), clock)?;
    server.tiles = Arc::new(Tiles::new(Positions::demo()));
    let alerts = AlertsSetup::read(alerts::Settings::default(), Some(folder.0.clone()), None)?;
    server.alerts = Some(Alerting::start(alerts, &server.live, server.telemetry.clone())?);
    let usual = editions::schedule::Settings::default();
    let editions = EditionsSetup::read(usual, &arguments.reference, Some(folder.0.clone()))?;
    server.editions = Editions::start(editions, &server.live, &arguments.reference)?;
    server.reconciling = Some(Reconciling::new(&folder.0, &server.live));
    let (opening, rate) = (Instant::from_unix(opening, 0), arguments.rate);
    listen(arguments.listen, server, move |server| {
        // It ends with the process, or when the engine stops.
        let told = Arc::clone(&told);
        let server = server.clone();
        std::thread::spawn(move || story::run(&server, &plan, opening, rate, &told));
    })
}

/// The first instant of the year before `now`'s: periods are kept from here on unless told otherwise.
pub(super) fn last_year(now: Instant) -> Instant {
    start_of_year(now.day().year() - 1)
}

fn start_of_year(year: i32) -> Instant {
    Day::from_civil(year, 1, 1).map_or(Instant::FIRST, Day::start)
}

fn server(
    reference: &ReferenceArguments,
    shards: usize,
    from: Instant,
    storage: Option<Storage>,
    clock: Clock,
) -> Result<Server, Failure> {
    let telemetry = Telemetry::new().map_err(|error| Failure::broken(error.to_string()))?;
    let catalogue = reference_data::catalogue(reference.sets.as_deref())?;
    let calendar = reference_data::calendar(reference.calendars.as_deref())?;
    let setup = move || Setup {
        catalogue: Arc::clone(&catalogue),
        calendar: Arc::clone(&calendar),
        codes: Arc::new(CodeBook::default()),
        shards: shards.clamp(1, 64),
        keep: Keep::From(from),
        scope: Scope::All,
    };
    let days = storage.as_ref().map(|storage| storage.folder.days.clone());
    let live = Live::start(setup, (storage, None), clock, telemetry.clone())?;
    let board: Arc<Board> = Arc::default();
    board.history.start(live.watch(), days);
    let access = Access::default();
    let (kafka, reading, figures, alerts) = (None, None, None, None);
    let (editions, reconciling) = (None, None);
    let tiles = Arc::default();
    Ok(Server {
        live,
        board,
        telemetry,
        access,
        kafka,
        reading,
        figures,
        alerts,
        editions,
        reconciling,
        tiles,
    })
}

/// A data folder that lasts as long as the demo.
struct DemoFolder(PathBuf);

impl DemoFolder {
    fn new() -> DemoFolder {
        DemoFolder(std::env::temp_dir().join(format!("nhip-demo-{}", std::process::id())))
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        // What cannot be removed is the system's to clean.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn loopback_only(address: SocketAddr, role: Role) -> Result<(), Failure> {
    if !address.ip().is_loopback() && role == Role::Worker {
        return Err(Failure::question(format!(
            "{address} is not loopback; a worker that readers on other machines ask needs a secret: give worker_secret_file under [kafka] (deploy/README.md)"
        )));
    }
    if !address.ip().is_loopback() {
        return Err(Failure::question(format!(
            "{address} is not loopback; listening wider needs people to sign in: give [access] in the settings of `nhip serve` (docs/security.md)"
        )));
    }
    Ok(())
}

pub(super) fn listen(
    address: SocketAddr,
    server: Server,
    started: impl FnOnce(&Server),
) -> Result<u8, Failure> {
    let (live, kafka, figures) = (server.live.clone(), server.kafka.clone(), server.figures.clone());
    let (reading, alerts) = (server.reading.clone(), server.alerts.clone());
    let router = router(server.clone());
    let files = server.access.guarded().and_then(|guarded| guarded.settings.tls.as_ref());
    let tls = files.map(doorway::tls).transpose();
    let tls = tls.map_err(|why| Failure::question(format!("settings of access.tls: {why}")))?;
    answer((address, tls), router, move |_| started(&server), async move {
        if kafka.is_some() || figures.is_some() || reading.is_some() || alerts.is_some() {
            // Before the log closes, so that what was gathered is kept; a broker that is gone does not hold the end up.
            let ending = tokio::task::spawn_blocking(move || {
                kafka.iter().for_each(Consuming::end);
                figures.iter().for_each(Publishing::end);
                reading.iter().for_each(Reading::end);
                alerts.iter().for_each(Alerting::end);
            });
            if tokio::time::timeout(KAFKA_GOODBYE, ending).await.is_err() {
                tracing::warn!("topics were not left in time; the next start reads on from the log");
            }
        }
        live.close().await;
    })
}

/// Answers over HTTP until a signal comes, then waits for `ending`.
pub(super) fn answer(
    (address, tls): (SocketAddr, Option<TlsAcceptor>),
    router: axum::Router,
    started: impl FnOnce(SocketAddr),
    ending: impl Future<Output = ()>,
) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::broken(error.to_string()))?;
    runtime.block_on(async {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = doorway::listen(address)
            .map_err(|error| Failure::question(format!("{address} cannot be listened on: {error}")))?;
        let address = listener.local_addr().map_err(|error| Failure::broken(error.to_string()))?;
        let mut out = std::io::stdout().lock();
        // Nobody may be reading; the server serves all the same.
        let _ = writeln!(out, "listening on {scheme}://{address}").and_then(|()| out.flush());
        drop(out);
        started(address);
        let doorway = Doorway::open(listener, tls).map_err(|error| Failure::broken(error.to_string()))?;
        let serving = axum::serve(doorway, router.into_make_service_with_connect_info::<Peer>());
        let ended = tokio::select! {
            ended = serving => ended.map_err(|error| Failure::broken(error.to_string())),
            () = signal() => Ok(()),
        };
        ending.await;
        ended
    })?;
    runtime.shutdown_timeout(GOODBYE);
    Ok(0)
}

async fn signal() {
    let kind = tokio::signal::unix::SignalKind::terminate();
    let Ok(mut terminate) = tokio::signal::unix::signal(kind) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
