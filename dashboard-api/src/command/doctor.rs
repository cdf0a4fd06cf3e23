//! `nhip doctor`: is this machine, this folder, this server fit to go on?
//!
//! Each line is one question and its answer; the status is 1 when something must be done. Nothing is changed beyond a
//! small file that is written and removed to see how fast the disk is.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use compute::calendar::Calendar;
use compute::instant::Day;
use serde_json::Value;
use store::FolderSettings;

use super::{Failure, ReferenceArguments, ServerArgument, print, serve};
use crate::reference_data;
use crate::serve::live::Clock;

/// Writes tried to see how fast the disk is.
const SYNCS: u32 = 20;
/// A sync slower than this makes intake slow.
const SYNC_SLOW: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// The data folder of a server that is stopped
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgument,
    #[command(flatten)]
    reference: ReferenceArguments,
}

/// What was found.
enum Finding {
    Good(String),
    Bad(String),
}

pub(super) fn run(arguments: &DoctorArguments) -> Result<u8, Failure> {
    let mut findings = vec![reference(arguments)];
    findings.extend(calendars(arguments));
    match &arguments.data {
        Some(data) => findings.extend([disk(data), folder(data)]),
        None => findings.push(server(&arguments.server)),
    }
    let mut is_well = true;
    for finding in findings {
        match finding {
            Finding::Good(text) => print(&format!("good  {text}\n"))?,
            Finding::Bad(text) => {
                is_well = false;
                print(&format!("BAD   {text}\n"))?;
            }
        }
    }
    Ok(u8::from(!is_well))
}

fn reference(arguments: &DoctorArguments) -> Finding {
    match reference_data::catalogue(arguments.reference.sets.as_deref()) {
        Ok(catalogue) => Finding::Good(format!("indicator sets hold together: {}", catalogue.ids())),
        Err(problem) => Finding::Bad(problem.to_string()),
    }
}

/// Due dates a few months ahead need the next year's calendar.
fn calendars(arguments: &DoctorArguments) -> Vec<Finding> {
    let calendar: std::sync::Arc<Calendar> =
        match reference_data::calendar(arguments.reference.calendars.as_deref()) {
            Ok(calendar) => calendar,
            Err(problem) => return vec![Finding::Bad(problem.to_string())],
        };
    let year = Clock::System.now().day().year();
    let known = |year| Day::from_civil(year, 1, 1).is_some_and(|day| calendar.is_working(day).is_some());
    let found = |year| {
        if known(year) {
            Finding::Good(format!("the working calendar of {year} is there"))
        } else {
            Finding::Bad(format!(
                "no working calendar for {year}: due dates in it cannot be counted; give --calendars"
            ))
        }
    };
    vec![found(year), found(year + 1)]
}

fn disk(data: &Path) -> Finding {
    let path = data.join(".doctor");
    let tried = std::fs::create_dir_all(data).and_then(|()| {
        let mut file = std::fs::File::create(&path)?;
        let started = Instant::now();
        for _ in 0..SYNCS {
            file.write_all(&[7; 4096])?;
            file.sync_data()?;
        }
        Ok(started.elapsed() / SYNCS)
    });
    // What could not be made need not be removed.
    let _ = std::fs::remove_file(&path);
    match tried {
        Ok(each) if each <= SYNC_SLOW => {
            Finding::Good(format!("the disk makes a write durable in {each:.1?}"))
        }
        Ok(each) => {
            Finding::Bad(format!("the disk takes {each:.1?} to make a write durable; intake will be slow"))
        }
        Err(error) => Finding::Bad(format!("{} cannot be written: {error}", data.display())),
    }
}

fn folder(data: &Path) -> Finding {
    let opened = serve::open(data, FolderSettings::default()).map_err(|problem| problem.to_string());
    let checked = opened.and_then(|mut folder| {
        let report = folder.verify(|_| {}).map_err(|error| error.to_string());
        let kept = folder.snapshots.list().map_err(|error| error.to_string());
        let closed = folder.close().map_err(|error| error.to_string());
        closed.and(report.and_then(|report| Ok((report, kept?))))
    });
    match checked {
        Ok((report, kept)) => {
            Finding::Good(format!("every file of the folder is whole: {report:?}, snapshots at {kept:?}"))
        }
        Err(problem) => Finding::Bad(problem),
    }
}

fn server(server: &ServerArgument) -> Finding {
    let health = match server.get("/api/v1/health") {
        Ok(text) => serde_json::from_str::<Value>(&text).unwrap_or_default(),
        Err(problem) => return Finding::Bad(problem.to_string()),
    };
    let is_conserved = health["is_conserved"].as_bool().unwrap_or(false);
    let told =
        format!("the server says {}, conserved: {is_conserved}, as of {}", health["status"], health["as_of"]);
    if health["status"] == "ok" && is_conserved { Finding::Good(told) } else { Finding::Bad(told) }
}
