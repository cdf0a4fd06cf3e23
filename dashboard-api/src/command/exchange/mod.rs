//! `nhip exchange`: national exchange messages, checked against what the index needs, or turned into events.
//!
//! Nothing is sent anywhere. Not here: what a message means (`ingest::exchange`), the wording (`words`).

mod report;
mod words;

use std::collections::BTreeSet;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use compute::set::IndicatorSet;
use ingest::exchange::{self, Conformance, Message};

use super::{Failure, ReferenceArguments, print};
use crate::reference_data;
use report::Report;
use words::Language;

/// Bytes of one file, which is held in memory.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// The source where none is named and no event is kept.
const SOURCE_OF_A_CHECK: &str = "/exchange";

#[derive(Debug, Args)]
pub(crate) struct ExchangeArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say what is missing for which indicator, and how many points that puts at risk
    Check(CheckArguments),
    /// Print the events the messages make, one a line, for `nhip score`
    Events(EventsArguments),
}

/// Form of the report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// For reading
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Args)]
struct CheckArguments {
    /// Files of messages: JSON, an array, or one a line; `-` for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Indicator set whose points are at risk
    #[arg(long, default_value = "portal-2026")]
    set: String,
    /// Language of the text
    #[arg(long, value_enum, default_value = "vi")]
    lang: Language,
    /// Form of the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    reference: ReferenceArguments,
}

#[derive(Debug, Args)]
struct EventsArguments {
    /// Files of messages: JSON, an array, or one a line; `-` for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The sending system, the `source` of every event
    #[arg(long, value_name = "SOURCE")]
    source: String,
    /// End with status 3 if anything was set aside
    #[arg(long)]
    strict: bool,
}

/// Runs the command; its status.
pub(super) fn run(arguments: &ExchangeArguments) -> Result<u8, Failure> {
    match &arguments.action {
        Action::Check(arguments) => check(arguments),
        Action::Events(arguments) => events(arguments),
    }
}

fn check(arguments: &CheckArguments) -> Result<u8, Failure> {
    let catalogue = reference_data::catalogue(arguments.reference.sets.as_deref())?;
    let set: &IndicatorSet = catalogue.set(&arguments.set).ok_or_else(|| {
        let (wanted, known) = (&arguments.set, catalogue.ids());
        Failure::question(format!("there is no set {wanted:?}; there are {known}"))
    })?;
    let mut conformance = Conformance::default();
    for file in &arguments.files {
        messages(file, SOURCE_OF_A_CHECK)?.iter().for_each(|message| conformance.add(message));
    }
    if conformance.messages == 0 {
        return Err(Failure::question("there is no message to check; send JSON objects, an array, or lines"));
    }
    let report = Report::new(conformance, set);
    match arguments.format {
        Format::Text => print(&report.text(arguments.lang))?,
        Format::Json => print(&format!("{:#}\n", report.json()))?,
    }
    Ok(u8::from(!report.conforms()))
}

fn events(arguments: &EventsArguments) -> Result<u8, Failure> {
    if arguments.source.is_empty() {
        return Err(Failure::question(
            "--source is empty; name the sending system, such as /hoa-binh/mot-cua",
        ));
    }
    let (mut told, mut position, mut rejected) = (BTreeSet::new(), 0, 0);
    for file in &arguments.files {
        for message in messages(file, &arguments.source)? {
            position += 1;
            match message.outcome {
                Ok(mapped) => {
                    for event in mapped.events.iter().filter(|event| told.insert(event.line.clone())) {
                        print(&format!("{}\n", event.line))?;
                    }
                }
                Err(unmapped) => {
                    rejected += 1;
                    let dossier = message.dossier.as_deref().unwrap_or("?");
                    eprintln!("message {position}, dossier {dossier}: {}", unmapped.rejection);
                }
            }
        }
    }
    Ok(if arguments.strict && rejected > 0 { 3 } else { 0 })
}

/// All messages of a file; `-` is standard input.
fn messages(file: &Path, source: &str) -> Result<Vec<Message>, Failure> {
    let failed =
        |error: std::io::Error| Failure::question(format!("{} cannot be read: {error}", file.display()));
    let mut bytes = Vec::new();
    let is_standard = file.as_os_str() == "-";
    if is_standard && std::io::stdin().is_terminal() {
        eprintln!("reading messages from standard input");
    }
    let input: Box<dyn Read> = if is_standard {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(file).map_err(failed)?)
    };
    input.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Failure::question(format!(
            "{} has more than {FILE_BYTES_MAX} bytes; check it in parts",
            file.display()
        )));
    }
    Ok(exchange::read(&bytes, source))
}
