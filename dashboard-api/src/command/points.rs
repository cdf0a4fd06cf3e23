//! `nhip points`: rows of counts, with the points they earn.

use std::path::PathBuf;

use clap::Args;
use compute::set::points::{Ratio, decimal};

use super::{Failure, ReferenceArguments, print};
use crate::reference_data;

#[derive(Debug, Args)]
pub(super) struct PointsArguments {
    /// CSV with columns `metric_code`, numerator, denominator (portal codes of the set); others pass through
    counts: PathBuf,
    /// Indicator set
    #[arg(long, default_value = "portal-2026")]
    set: String,
    #[command(flatten)]
    reference: ReferenceArguments,
}

pub(super) fn run(arguments: &PointsArguments) -> Result<u8, Failure> {
    let catalogue = reference_data::catalogue(arguments.reference.sets.as_deref())?;
    let Some(set) = catalogue.set(&arguments.set) else {
        let (wanted, known) = (&arguments.set, catalogue.ids());
        return Err(Failure::question(format!("there is no set {wanted:?}; there are {known}")));
    };
    let name = arguments.counts.display();
    let failed = |error: csv::Error| Failure::question(format!("{name} cannot be read: {error}"));
    let mut reader = csv::Reader::from_path(&arguments.counts).map_err(failed)?;
    let header = reader.headers().map_err(failed)?.clone();
    let column = |wanted: &str| {
        header
            .iter()
            .position(|column| column == wanted)
            .ok_or_else(|| Failure::question(format!("{name} has no column {wanted}")))
    };
    let (code, numerator, denominator) =
        (column("metric_code")?, column("numerator")?, column("denominator")?);
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    let broken = |error: csv::Error| Failure::broken(format!("the result cannot be written: {error}"));
    writer.write_record(header.iter().chain(["points"])).map_err(broken)?;
    for (place, row) in reader.records().enumerate() {
        let row = row.map_err(failed)?;
        let line = place + 2;
        let field = |column: usize| row.get(column).unwrap_or_default();
        let count = |column: usize| match field(column) {
            "" => Ok(None),
            text => text.parse::<u64>().map(Some).map_err(|_| {
                let column = &header[column];
                Failure::question(format!("{name}:{line}: {column} is {text:?}, not a whole number"))
            }),
        };
        let indicator = set.by_portal_code(field(code)).ok_or_else(|| {
            let (code, set) = (field(code), &set.file.id);
            Failure::question(format!("{name}:{line}: {code:?} is no portal code of {set}"))
        })?;
        let points = match (count(numerator)?, count(denominator)?) {
            (Some(numerator), Some(denominator)) => {
                decimal(indicator.points(Ratio::of(numerator, denominator), indicator.file.max))
            }
            _ => String::new(),
        };
        writer.write_record(row.iter().chain([points.as_str()])).map_err(broken)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::broken(error.to_string()))?;
    print(&String::from_utf8_lossy(&bytes))?;
    Ok(0)
}
