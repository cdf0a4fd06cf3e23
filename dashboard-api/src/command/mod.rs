//! The command line: what can be asked, and how a failed command ends.

mod admin;
mod audit;
mod backup;
mod doctor;
mod exchange;
mod import;
mod points;
mod reconcile;
mod rejects;
mod replay;
mod roles;
mod score;
mod serve;
mod server;
mod simulate;
mod table;
mod token;
mod verify;
mod verify_edition;

use std::fmt;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use compute::figures::Level;
use compute::instant::{Day, Instant};

pub(crate) use serve::{DemoArguments, ServeArguments};
pub(crate) use server::ServerArgument;

/// Nhịp: dossier events in, the Decision 766 index out.
#[derive(Debug, Parser)]
#[command(name = "nhip", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Score files of events: the index of a period, a list behind a count, or a dossier's story
    Score(score::ScoreArguments),
    /// Add the points to rows of published or own counts
    Points(points::PointsArguments),
    /// The portal's published figures beside ours, every gap classed
    Reconcile(reconcile::ReconcileArguments),
    /// Turn any CSV event log into events, by a mapping
    Import(import::ImportArguments),
    /// National exchange messages: check what the index needs of them, or turn them into events
    Exchange(exchange::ExchangeArguments),
    /// Write the life of a made-up province
    Simulate(simulate::SimulateArguments),
    /// Take events over HTTP and keep the index live
    Serve(ServeArguments),
    /// Serve, with a made-up province streaming in
    Demo(DemoArguments),
    /// Send events of files to Kafka or to a running server, at a chosen rate
    Replay(replay::ReplayArguments),
    /// Messages a server set aside: list, show, retry
    Rejects(rejects::RejectsArguments),
    /// Recount everything a data folder keeps, and compare
    Verify(verify::VerifyArguments),
    /// Check a published edition: its seal, its figures, and its rows against the log
    VerifyEdition(verify_edition::VerifyEditionArguments),
    /// Copy a data folder, of a running server or a stopped one
    Backup(backup::BackupArguments),
    /// Bring a backup back into a new data folder
    Restore(backup::RestoreArguments),
    /// Keys of programs: make, list, revoke
    Token(token::TokenArguments),
    /// The local account
    Admin(admin::AdminArguments),
    /// The record of who saw and changed what
    Audit(audit::AuditArguments),
    /// Say whether machine, folder and server are fit
    Doctor(doctor::DoctorArguments),
}

/// Where indicator sets and calendars come from.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ReferenceArguments {
    /// Folder of indicator sets that replaces the embedded ones
    #[arg(long, value_name = "DIR")]
    pub(crate) sets: Option<PathBuf>,
    /// Folder of working calendars that replaces the embedded ones
    #[arg(long, value_name = "DIR")]
    pub(crate) calendars: Option<PathBuf>,
}

/// Agencies or officers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum By {
    Agency,
    Officer,
}

impl From<By> for Level {
    fn from(by: By) -> Level {
        match by {
            By::Agency => Level::Agency,
            By::Officer => Level::Officer,
        }
    }
}

/// A command that could not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    status: u8,
}

impl Failure {
    /// The question is wrong, or what it names cannot be read: status 2.
    pub(crate) fn question(text: impl Into<String>) -> Failure {
        Failure { text: text.into(), status: 2 }
    }

    /// Something broke on the way: status 1.
    pub(crate) fn broken(text: impl Into<String>) -> Failure {
        Failure { text: text.into(), status: 1 }
    }

    pub(crate) fn status(&self) -> u8 {
        self.status
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Runs a command; its status.
pub(crate) fn run(arguments: Arguments) -> Result<u8, Failure> {
    match arguments.command {
        Command::Score(arguments) => score::run(&arguments),
        Command::Points(arguments) => points::run(&arguments),
        Command::Reconcile(arguments) => reconcile::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Exchange(arguments) => exchange::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Demo(arguments) => serve::demo(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Rejects(arguments) => rejects::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::VerifyEdition(arguments) => verify_edition::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Restore(arguments) => backup::restore(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Admin(arguments) => admin::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
    }
}

/// An instant on the command line: RFC 3339, or a date for its first instant at +07:00.
pub(crate) fn instant(text: &str) -> Result<Instant, String> {
    Day::parse(text)
        .map(Day::start)
        .or_else(|| Instant::parse(text))
        .ok_or_else(|| format!("{text:?} is no instant; write 2026-10-31T17:30:00+07:00 or 2026-10-31"))
}

/// Writes `text` to standard output; a reader that has gone away is no failure.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::broken(format!("standard output cannot be written: {error}"))),
    }
}
