//! `nhip score`: the index of a period from files of events, in one batch.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use compute::codes::CodeBook;
use compute::engine::{Engine, Keep, Part, Scope, Setup, Who};
use compute::explain;
use compute::figures::{Figures, Level};
use compute::instant::Instant;
use compute::period::Period;
use compute::result;
use compute::set::{Catalogue, IndicatorSet};
use ingest::files::{Files, Reading, SetAside};

use super::{By, Failure, ReferenceArguments, instant, print, table};
use crate::{reference_data, view};

/// Form of the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// The canonical result
    Csv,
    /// Everything known of each figure
    Json,
    /// For reading
    Table,
}

#[derive(Debug, Args)]
pub(super) struct ScoreArguments {
    /// Files of events, NDJSON, plain, .gz or .zst; `-` for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Period: 2026-10, 2026-Q4, 2026-H2 or 2026
    #[arg(long, value_parser = period)]
    period: Period,
    /// Facts as of this instant [default: now]
    #[arg(long, value_name = "T", value_parser = instant)]
    as_of: Option<Instant>,
    /// Only what was recorded by this instant
    #[arg(long, value_name = "T", value_parser = instant)]
    known_at: Option<Instant>,
    /// Indicator set
    #[arg(long, default_value = "portal-2026")]
    set: String,
    /// Agencies or officers
    #[arg(long, value_enum, default_value = "agency")]
    by: By,
    /// Form of the result
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Write what was set aside to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// End with status 3 if anything was set aside
    #[arg(long)]
    strict: bool,
    /// Print the subjects behind a count: unit, indicator, num or den
    #[arg(long, num_args = 3, value_names = ["UNIT", "INDICATOR", "num|den"])]
    list: Option<Vec<String>>,
    /// Print one dossier's story
    #[arg(long, value_name = "DOSSIER")]
    explain: Option<String>,
    /// Threads that read and shards that fold [default: the machine's cores]
    #[arg(long)]
    threads: Option<usize>,
    #[command(flatten)]
    reference: ReferenceArguments,
}

pub(super) fn period(text: &str) -> Result<Period, String> {
    Period::parse(text)
        .ok_or_else(|| format!("{text:?} is no period; write 2026-10, 2026-Q4, 2026-H2 or 2026"))
}

pub(super) fn run(arguments: &ScoreArguments) -> Result<u8, Failure> {
    let as_of = arguments.as_of.unwrap_or_else(now_to_the_second);
    if as_of < arguments.period.start() {
        let (period, start) = (arguments.period, arguments.period.start().to_local());
        return Err(Failure::question(format!(
            "{} lies before {period}, which begins {start}",
            as_of.to_local()
        )));
    }
    let catalogue = reference_data::catalogue(arguments.reference.sets.as_deref())?;
    let calendar = reference_data::calendar(arguments.reference.calendars.as_deref())?;
    let Some(set) = catalogue.set(&arguments.set) else {
        let (wanted, known) = (&arguments.set, catalogue.ids());
        return Err(Failure::question(format!("there is no set {wanted:?}; there are {known}")));
    };
    let question = arguments.list.as_ref().map(|list| ListQuestion::read(list, set)).transpose()?;
    let codes = Arc::new(CodeBook::default());
    let threads = arguments
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
        .clamp(1, 256);
    let mut engine = Engine::new(Setup {
        catalogue: Arc::clone(&catalogue),
        calendar: Arc::clone(&calendar),
        codes: Arc::clone(&codes),
        shards: threads,
        keep: Keep::Only(arguments.period),
        scope: Scope::All,
    });
    let set_aside = read(arguments, threads, &codes, &mut engine)?;
    engine.advance(as_of).map_err(|error| Failure::broken(error.to_string()))?;
    if let Some(dossier) = &arguments.explain {
        let story = engine.story(dossier).map_err(|error| Failure::broken(error.to_string()))?;
        let story =
            story.ok_or_else(|| Failure::question(format!("no event names the dossier {dossier:?}")))?;
        print(&explain::tell(dossier, &story, set, &codes.names(), &calendar))?;
    } else if let Some(question) = question {
        print(&question.answer(&engine, &codes, arguments.period, arguments.by)?)?;
    } else {
        print_result(&engine, arguments, set, &catalogue)?;
    }
    Ok(if arguments.strict && set_aside > 0 { 3 } else { 0 })
}

fn now_to_the_second() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), 0)
}

/// Reads all files into the engine; how many events were set aside.
fn read(
    arguments: &ScoreArguments,
    threads: usize,
    codes: &Arc<CodeBook>,
    engine: &mut Engine,
) -> Result<u64, Failure> {
    let mut rejects = match &arguments.rejects {
        None => None,
        Some(path) => {
            let failed = |error| Failure::question(format!("{} cannot be written: {error}", path.display()));
            Some(BufWriter::new(File::create(path).map_err(failed)?))
        }
    };
    let reading = Reading { threads, shards: engine.shards(), known_at: arguments.known_at };
    let mut files = Files::new(arguments.files.clone(), reading, codes);
    let (mut bytes, mut set_aside, mut unknown_yet) = (0, 0, 0);
    let is_terminal = std::io::stderr().is_terminal();
    while let Some(round) = files.round().map_err(|error| Failure::question(error.to_string()))? {
        bytes += round.bytes;
        unknown_yet += round.unknown_yet;
        set_aside += round.set_aside.len() as u64;
        if let Some(rejects) = &mut rejects {
            let write = |one: &SetAside| writeln!(rejects, "{}", view::set_aside(one, &arguments.files));
            round
                .set_aside
                .iter()
                .try_for_each(write)
                .map_err(|error| Failure::broken(format!("rejects cannot be written: {error}")))?;
        }
        engine.apply(&round.routed);
        files.recycle(round.routed);
        if is_terminal {
            eprint!("\r{} MB, {} events", bytes >> 20, engine.tally().consumed);
        }
    }
    if let Some(mut rejects) = rejects {
        rejects.flush().map_err(|error| Failure::broken(format!("rejects cannot be written: {error}")))?;
    }
    let tally = engine.tally();
    eprintln!(
        "{}consumed {} = applied {} + duplicate {} + superseded {} + set aside {}{}",
        if is_terminal { "\r" } else { "" },
        tally.consumed + set_aside,
        tally.applied,
        tally.duplicate,
        tally.superseded,
        set_aside,
        if unknown_yet > 0 { format!("; not yet known {unknown_yet}") } else { String::new() }
    );
    Ok(set_aside)
}

fn print_result(
    engine: &Engine,
    arguments: &ScoreArguments,
    set: &IndicatorSet,
    catalogue: &Catalogue,
) -> Result<(), Failure> {
    let (snapshot, level) = (engine.snapshot(), Level::from(arguments.by));
    let period = snapshot.period(arguments.period);
    let period = period.ok_or_else(|| Failure::broken("the period asked about was not kept".to_owned()))?;
    let figures = Figures::of(&snapshot, period, set, level);
    match arguments.format {
        Format::Csv => print(&result::csv(&figures, set)),
        Format::Table => print(&table::figures(&figures, set)),
        Format::Json => {
            let mut json = view::scores(&figures, set, catalogue);
            json["survey"] = view::survey(&engine.survey(arguments.period), &snapshot.codes.names());
            print(&format!("{}\n", serde_json::to_string_pretty(&json).unwrap_or_default()))
        }
    }
}

/// A question for the list behind a count.
struct ListQuestion<'a> {
    unit: String,
    indicator: &'a compute::set::Indicator,
    part: Part,
}

impl<'a> ListQuestion<'a> {
    fn read(list: &[String], set: &'a IndicatorSet) -> Result<ListQuestion<'a>, Failure> {
        let [unit, indicator, part] = list else {
            return Err(Failure::question("--list takes a unit, an indicator, and num or den"));
        };
        let found = set.position(indicator).map(|place| &set.indicators[place]);
        let found = found.or_else(|| set.by_portal_code(indicator)).ok_or_else(|| {
            let codes: Vec<_> = set.indicators.iter().map(|known| known.file.code.as_str()).collect();
            Failure::question(format!("there is no indicator {indicator:?}; there are {}", codes.join(", ")))
        })?;
        let part = match part.as_str() {
            "num" => Part::Numerator,
            "den" => Part::Denominator,
            other => return Err(Failure::question(format!("{other:?} is neither num nor den"))),
        };
        Ok(ListQuestion { unit: unit.clone(), indicator: found, part })
    }

    fn answer(&self, engine: &Engine, codes: &CodeBook, period: Period, by: By) -> Result<String, Failure> {
        let unknown = || Failure::question(format!("no event names the unit {:?}", self.unit));
        let code = codes.names().find(&self.unit).ok_or_else(unknown)?;
        let who = match by {
            By::Agency => Who::Agency(code),
            By::Officer => Who::Officer(code),
        };
        let list = engine.list(period, who, self.indicator, self.part);
        let list = list.map_err(|error| Failure::question(format!("{}: {error}", self.unit)))?;
        if self.part == Part::Denominator && self.indicator.has_reported_floor() {
            eprintln!(
                "the denominator may be what was reported to the portal; listed are the dossiers received"
            );
        }
        Ok(list.into_iter().map(|subject| subject + "\n").collect())
    }
}
