//! `nhip reconcile`: the portal's published figures beside ours, and every gap classed.
//!
//! Ours are counted from files of events, or from a data folder, as of the instant the portal's were taken. Not here: the
//! classes (`compute::reconciliation`), the forms (`portal::view`).

use std::fs::File;
use std::io::{BufReader, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use compute::codes::{CodeBook, LocalCodes};
use compute::engine::{Difference, Engine, Keep, Part, PortalList, Scope, Setup};
use compute::instant::Instant;
use compute::period::Period;
use compute::set::IndicatorSet;
use compute::set::points::decimal;
use ingest::durable::replay;
use ingest::files::{Files, Reading};
use ingest::portal::{Publication, read_list, read_published, write_list};
use store::FolderSettings;

use super::score::period;
use super::{Failure, ReferenceArguments, instant, print, serve};
use crate::portal::{Compared, compare, view};
use crate::reference_data;

/// Gaps shown in the table.
const GAPS_SHOWN_MAX: usize = 200;

/// Form of the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// One line a published row
    Csv,
    /// Everything known of each gap
    Json,
    /// For reading
    Table,
}

#[derive(Debug, Args)]
pub(super) struct ReconcileArguments {
    /// Files of events, NDJSON, plain, .gz or .zst
    #[arg(required_unless_present = "data", conflicts_with = "data")]
    files: Vec<PathBuf>,
    /// The data folder of a server that is stopped
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// What the portal published: CSV with snapshot, period, `unit_code`, `metric_code`, numerator, denominator, score
    #[arg(long, value_name = "FILE")]
    published: PathBuf,
    /// The portal's list of dossiers, which classes each of them exactly
    #[arg(long, value_name = "FILE")]
    dossiers: Option<PathBuf>,
    /// The list is of this unit and those below it only
    #[arg(long, value_name = "UNIT", requires = "dossiers")]
    covers: Option<String>,
    /// The period, if the file holds several
    #[arg(long, value_parser = period)]
    period: Option<Period>,
    /// The snapshot, if the file holds several
    #[arg(long, value_name = "T", value_parser = instant)]
    snapshot: Option<Instant>,
    /// When the portal's figures were really taken, if the file gives only a date [default: its snapshot]
    #[arg(long, value_name = "T", value_parser = instant)]
    at: Option<Instant>,
    /// Indicator set
    #[arg(long, default_value = "portal-2026")]
    set: String,
    /// Form of the result
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Print the dossiers behind a gap: unit, indicator, num or den
    #[arg(long, num_args = 3, value_names = ["UNIT", "INDICATOR", "num|den"])]
    list: Option<Vec<String>>,
    /// Of the dossiers behind a gap only those of this class
    #[arg(long, value_name = "CLASS", requires = "list")]
    class: Option<String>,
    /// Print every dossier in which the two sides differ, also those that move no figure
    #[arg(long, conflicts_with = "list")]
    differing: bool,
    /// Write our own dossiers in the shape of the portal's list to this file
    #[arg(long, value_name = "FILE")]
    write_list: Option<PathBuf>,
    /// End with status 3 if any gap is unexplained
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    reference: ReferenceArguments,
}

pub(super) fn run(arguments: &ReconcileArguments) -> Result<u8, Failure> {
    let publication = published(arguments)?;
    let as_of = arguments.at.unwrap_or(publication.snapshot);
    if as_of <= publication.period.start() {
        let (period, start) = (publication.period, publication.period.start().to_local());
        let as_of = as_of.to_local();
        return Err(Failure::question(format!("{as_of} is not after the start of {period}, {start}")));
    }
    let catalogue = reference_data::catalogue(arguments.reference.sets.as_deref())?;
    let Some(set) = catalogue.set(&arguments.set) else {
        let (wanted, known) = (&arguments.set, catalogue.ids());
        return Err(Failure::question(format!("there is no set {wanted:?}; there are {known}")));
    };
    let codes = Arc::new(CodeBook::default());
    let mut engine = Engine::new(Setup {
        catalogue: Arc::clone(&catalogue),
        calendar: reference_data::calendar(arguments.reference.calendars.as_deref())?,
        codes: Arc::clone(&codes),
        shards: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        keep: Keep::Only(publication.period),
        scope: Scope::All,
    });
    read_events(arguments, &codes, &mut engine)?;
    let list = portal_list(arguments, &codes)?;
    engine.advance(as_of).map_err(|error| Failure::broken(error.to_string()))?;
    if let Some(path) = &arguments.write_list {
        let failed =
            |error: String| Failure::broken(format!("{} cannot be written: {error}", path.display()));
        let bytes = write_list(&engine.listed(publication.period), &codes.names());
        let bytes = bytes.map_err(|error| failed(error.to_string()))?;
        let written = File::create(path).and_then(|mut file| file.write_all(&bytes));
        written.map_err(|error| failed(error.to_string()))?;
    }
    let compared = compare(&engine, set, publication, list.as_ref()).map_err(Failure::broken)?;
    if let Some(asked) = &arguments.list {
        print(&behind(&compared, set, asked, arguments.class.as_deref())?)?;
    } else if arguments.differing {
        print(&view::differing_csv(&compared))?;
    } else {
        print(&match arguments.format {
            Format::Csv => view::csv(&compared, |_| true),
            Format::Json => {
                let json = view::json(&compared, |_| true);
                format!("{}\n", serde_json::to_string_pretty(&json).unwrap_or_default())
            }
            Format::Table => table(&compared),
        })?;
    }
    let is_unexplained = compared
        .rows_by_class(|_| true)
        .iter()
        .any(|(class, rows)| class.name() == "unexplained" && *rows > 0);
    Ok(if arguments.strict && is_unexplained { 3 } else { 0 })
}

fn published(arguments: &ReconcileArguments) -> Result<Publication, Failure> {
    let path = &arguments.published;
    let failed =
        |problem: &dyn std::fmt::Display| Failure::question(format!("{}: {problem}", path.display()));
    let file = File::open(path).map_err(|error| failed(&error))?;
    read_published(file, arguments.period, arguments.snapshot).map_err(|refusal| failed(&refusal))
}

fn portal_list(arguments: &ReconcileArguments, codes: &Arc<CodeBook>) -> Result<Option<PortalList>, Failure> {
    let Some(path) = &arguments.dossiers else { return Ok(None) };
    let failed =
        |problem: &dyn std::fmt::Display| Failure::question(format!("{}: {problem}", path.display()));
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut list =
        read_list(BufReader::new(file), &mut LocalCodes::new(codes)).map_err(|error| failed(&error))?;
    if let Some(unit) = &arguments.covers {
        let known = codes.names().find(unit);
        let unknown = || Failure::question(format!("no event names the unit {unit:?}"));
        list.covers = Some(known.ok_or_else(unknown)?);
    }
    Ok(Some(list))
}

fn read_events(
    arguments: &ReconcileArguments,
    codes: &Arc<CodeBook>,
    engine: &mut Engine,
) -> Result<(), Failure> {
    if let Some(data) = &arguments.data {
        let folder = serve::open(data, FolderSettings::default())?;
        let log = folder.log.reader();
        if log.first_offset() > 0 {
            return Err(Failure::question(format!(
                "events before offset {} were forgotten (--forget-saved-events) and cannot be recounted",
                log.first_offset()
            )));
        }
        let broken = |problem: &dyn std::fmt::Display| Failure::broken(problem.to_string());
        replay(engine, &log, 0, u64::MAX, &mut |_, _| {}).map_err(|error| broken(&error))?;
        return folder.close().map_err(|error| broken(&error));
    }
    let reading = Reading { threads: engine.shards(), shards: engine.shards(), known_at: None };
    let mut files = Files::new(arguments.files.clone(), reading, codes);
    let mut set_aside = 0;
    while let Some(round) = files.round().map_err(|error| Failure::question(error.to_string()))? {
        set_aside += round.set_aside.len();
        engine.apply(&round.routed);
        files.recycle(round.routed);
    }
    if set_aside > 0 {
        eprintln!("{set_aside} events were set aside; `nhip score --rejects` lists them");
    }
    Ok(())
}

fn behind(
    compared: &Compared,
    set: &IndicatorSet,
    asked: &[String],
    class: Option<&str>,
) -> Result<String, Failure> {
    let [unit, indicator, part] = asked else {
        return Err(Failure::question("--list takes a unit, an indicator, and num or den"));
    };
    let found = set.position(indicator).map(|place| &set.indicators[place]);
    let found = found.or_else(|| set.by_portal_code(indicator));
    let found = found.ok_or_else(|| Failure::question(format!("there is no indicator {indicator:?}")))?;
    let part = match part.as_str() {
        "num" => Part::Numerator,
        "den" => Part::Denominator,
        other => return Err(Failure::question(format!("{other:?} is neither num nor den"))),
    };
    let kind = class.map(|class| {
        let found = Difference::ALL.into_iter().find(|kind| kind.name() == class);
        let known: Vec<&str> = Difference::ALL.iter().map(|kind| kind.name()).collect();
        let unknown = || format!("{class:?} is no class of dossiers; there are {}", known.join(", "));
        found.ok_or_else(|| Failure::question(unknown()))
    });
    Ok(view::behind_csv(&compared.behind(unit, found, part, kind.transpose()?)))
}

/// The gaps for reading, the largest number of points first.
fn table(compared: &Compared) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    let told = view::summary(compared, |_| true);
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "{} · {} · {}", text("period"), text("as_of"), text("set"));
    let evidence = if compared.reconciled.has_list {
        "theo danh sách của Cổng / by the portal's list"
    } else {
        "theo nhật ký đồng bộ / by our log of synchronisation"
    };
    let _ = writeln!(out, "{evidence}");
    for (class, rows) in compared.rows_by_class(|_| true) {
        let _ = writeln!(out, "{:>8} × {}", rows, class.name());
    }
    let _ = writeln!(out, "{:>8} × khớp / agreeing\n", told["agreeing"]);
    let differing = compared.gaps.rows.iter().filter(|gap| !gap.classes.is_empty());
    for gap in differing.clone().take(GAPS_SHOWN_MAX) {
        let indicator = &compared.set().indicators[gap.indicator].file.code;
        let count = |count: Option<u64>| count.map_or("–".to_owned(), |count| count.to_string());
        let classes: Vec<&str> = gap.classes.iter().map(|class| class.name()).collect();
        let _ = writeln!(
            out,
            "{:<16} {:<5} {:>8}/{:<8} {:>6}  Cổng {:>8}/{:<8} {:>6}  {}",
            gap.unit,
            indicator,
            gap.ours.numerator,
            gap.ours.denominator,
            decimal(gap.ours.points),
            count(gap.theirs.numerator),
            count(gap.theirs.denominator),
            gap.theirs.points.map_or("–".to_owned(), decimal),
            classes.join(", ")
        );
    }
    let more = differing.count().saturating_sub(GAPS_SHOWN_MAX);
    if more > 0 {
        let _ = writeln!(out, "… {more} dòng nữa / more rows; --format csv");
    }
    if !compared.gaps.unmatched.is_empty() {
        let count = compared.gaps.unmatched.len();
        let _ =
            writeln!(out, "{count} dòng không có đơn vị hoặc chỉ tiêu ở đây / rows nothing here answers to");
    }
    out
}
