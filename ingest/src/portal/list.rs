//! The portal's list of dossiers: one row a dossier, by our names of columns or those of the national messages.
//!
//! A column that is not there says nothing, so nothing is claimed about it; an empty due date says that there is none.
//! Personal data has no column here and is not looked at. Not here: what a difference means.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use compute::codes::{LocalCodes, Names};
use compute::engine::{Listed, PortalList, Standing};
use compute::event::contract::CHANNELS;
use compute::instant::Instant;

use super::table::{Fault, Refusal, Row, Table, only_known};

/// Bytes of a list.
pub const LIST_BYTES_MAX: u64 = 1 << 30;
/// Dossiers of a list: what the largest province receives in some years.
pub const LIST_ROWS_MAX: usize = 4_000_000;

/// The columns, each by our name and then by that of the national messages.
const COLUMNS: [&[&str]; 19] = [
    &["dossier", "MaHoSo"],
    &["agency", "DonViXuLy"],
    &["procedure", "MaTTHC"],
    &["channel", "KenhThucHien"],
    &["status", "TrangThaiHoSo"],
    &["accepted_at", "NgayTiepNhan"],
    &["due_at", "NgayHenTra"],
    &["ended_at", "NgayKetThucXuLy"],
    &["stopped_at"],
    &["supplement_requests"],
    &["result_digital"],
    &["digitised"],
    &["reused"],
    &["from_portal_store"],
    &["population_data"],
    &["fee_vnd"],
    &["paid_online"],
    &["satisfied"],
    &["late"],
];

const STATUSES: &str = "1 to 10, filed, running, waiting, paused, ended";
const CHANNELS_TOLD: &str = "1, 2, 3, counter, online, post";

/// Where the columns are, in the order of [`COLUMNS`].
struct Places([Option<usize>; COLUMNS.len()]);

/// Reads a list.
///
/// # Errors
/// [`Refusal`] with line and column.
pub fn read_list(input: impl Read, codes: &mut LocalCodes) -> Result<PortalList, Refusal> {
    let mut table = Table::open(input, LIST_BYTES_MAX, LIST_ROWS_MAX)?;
    table.needed(COLUMNS[0])?;
    table.needed(COLUMNS[5])?;
    let places = Places(COLUMNS.map(|names| table.column(names)));
    for (one, other) in [(4, 7), (7, 4), (8, 4)] {
        if places.0[one].is_some() && places.0[other].is_none() {
            let (column, fault) = (Some(COLUMNS[one][0].to_owned()), Fault::NeedsColumn(COLUMNS[other][0]));
            return Err(Refusal { line: 1, column, fault });
        }
    }
    let mut list = PortalList::default();
    let mut lines: HashMap<Box<str>, u64> = HashMap::new();
    while let Some(row) = table.next()? {
        let dossier: Box<str> = row.needed(places.0[0].unwrap_or_default())?.into();
        match lines.entry(dossier.clone()) {
            Entry::Occupied(known) => {
                return Err(row.refuse(places.0[0].unwrap_or_default(), Fault::Twice(*known.get())));
            }
            Entry::Vacant(place) => place.insert(row.line),
        };
        list.dossiers.insert(dossier, places.listed(&row, codes)?);
    }
    if lines.is_empty() {
        return Err(Refusal { line: 1, column: None, fault: Fault::NoRow });
    }
    Ok(list)
}

impl Places {
    fn listed(&self, row: &Row<'_>, codes: &mut LocalCodes) -> Result<Listed, Refusal> {
        let [_, agency, procedure, channel, status, accepted, due, ended, stopped, requests, rest @ ..] =
            self.0;
        let [digital, digitised, reused, stored, population, fee, paid, satisfied, late] = rest;
        let standing = row.one_of(status, standing, STATUSES)?;
        let accepted_at = row.instant(accepted)?;
        if accepted_at.is_none() && standing != Some(Standing::Filed) {
            return Err(row.refuse(accepted.unwrap_or_default(), Fault::Empty));
        }
        let ended_at = row.instant(ended)?;
        if standing.is_some() && (standing == Some(Standing::Ended)) != ended_at.is_some() {
            return Err(row.refuse(ended.unwrap_or_default(), Fault::EndWithoutEnding));
        }
        if status.is_some() && standing.is_none() {
            return Err(row.refuse(status.unwrap_or_default(), Fault::Empty));
        }
        let too_many = || row.refuse(requests.unwrap_or_default(), Fault::NotWhole);
        let small = |count: u64| u32::try_from(count).map_err(|_| too_many());
        Ok(Listed {
            line: row.line,
            agency: row.text(agency)?.map(|code| codes.code(code)),
            procedure: row.text(procedure)?.map(|code| codes.code(code)),
            channel: row.one_of(channel, channel_of, CHANNELS_TOLD)?,
            standing,
            accepted_at,
            due: due.map(|_| row.instant(due)).transpose()?,
            ended_at,
            stopped_since: row.instant(stopped)?,
            supplement_requests: row.whole(requests)?.map(small).transpose()?,
            result_digital: row.yes(digital)?,
            parts: [row.yes(digitised)?, row.yes(reused)?, row.yes(stored)?],
            population_data: row.yes(population)?,
            fee_vnd: row.whole(fee)?,
            paid_online: row.yes(paid)?,
            satisfied: row.yes(satisfied)?,
            late: row.yes(late)?,
        })
    }
}

fn standing(text: &str) -> Option<Standing> {
    Some(match text {
        "1" | "filed" => Standing::Filed,
        "2" | "4" | "running" => Standing::Running,
        "5" | "waiting" => Standing::Waiting,
        "6" | "paused" => Standing::Paused,
        "3" | "7" | "8" | "9" | "10" | "ended" => Standing::Ended,
        _ => return None,
    })
}

fn channel_of(text: &str) -> Option<u8> {
    let place = match text {
        "1" => 0,
        "2" => 1,
        "3" => 2,
        word => CHANNELS.iter().position(|known| *known == word)?,
    };
    u8::try_from(place).ok()
}

/// A list that [`read_list`] reads, without columns that say nothing here.
///
/// # Errors
/// Those of CSV that cannot be read.
pub fn kept_of_list(input: &[u8]) -> Result<Vec<u8>, csv::Error> {
    only_known(input, |name| COLUMNS.iter().any(|names| names.contains(&name)))
}

/// Writes a list in the shape that [`read_list`] reads.
pub fn write_list(dossiers: &BTreeMap<String, Listed>, names: &Names) -> Result<Vec<u8>, csv::Error> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    writer.write_record(COLUMNS.iter().map(|names| names[0]))?;
    let yes = |is: Option<bool>| is.map(|is| if is { "1" } else { "0" }.to_owned()).unwrap_or_default();
    let at = |at: Option<Instant>| at.map(Instant::to_local).unwrap_or_default();
    for (dossier, listed) in dossiers {
        let code = |code: Option<compute::codes::Code>| {
            code.map(|code| names.text(code).to_owned()).unwrap_or_default()
        };
        let standing = listed.standing.map_or("", |standing| match standing {
            Standing::Filed => "filed",
            Standing::Running => "running",
            Standing::Waiting => "waiting",
            Standing::Paused => "paused",
            Standing::Ended => "ended",
        });
        writer.write_record([
            dossier.clone(),
            code(listed.agency),
            code(listed.procedure),
            listed.channel.map(|channel| CHANNELS[usize::from(channel)].to_owned()).unwrap_or_default(),
            standing.to_owned(),
            at(listed.accepted_at),
            at(listed.due.flatten()),
            at(listed.ended_at),
            at(listed.stopped_since),
            listed.supplement_requests.map(|count| count.to_string()).unwrap_or_default(),
            yes(listed.result_digital),
            yes(listed.parts[0]),
            yes(listed.parts[1]),
            yes(listed.parts[2]),
            yes(listed.population_data),
            listed.fee_vnd.map(|fee| fee.to_string()).unwrap_or_default(),
            yes(listed.paid_online),
            yes(listed.satisfied),
            yes(listed.late),
        ])?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}
