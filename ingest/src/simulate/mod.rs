//! A made-up province whose whole administrative life is written as CloudEvents, from a seed.
//!
//! Behind `nhip simulate`: demonstrations, load tests and property tests need years of believable events that
//! belong to nobody. The same plan gives the same bytes on every machine. It writes what `spec/events.md`
//! allows and nothing malformed (rejections have their own examples), computes no indicator, and reads
//! neither clock nor file.

// Numbers here are counts and instants inside the bounds that `Stream::new` sets, so no cast can lose a
// value; a checked conversion on every field would cost more than the writing.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "bounded counts and instants"
)]

mod caseload;
mod catalogue;
mod chance;
mod courier;
mod day_book;
mod dossier_ending;
mod dossier_life;
mod happening;
mod json;
mod line;
mod line_data;
mod names;
mod petition_life;
mod province;
mod reports;
mod stream;
#[cfg(test)]
mod tests;
mod working_clock;

pub use stream::Stream;

/// What to make. The default is a plausible province in the first quarter of 2026.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Same seed, same bytes.
    pub seed: u64,
    /// About how many events; fewer than some ten thousand leave little room beside the organisation's own.
    pub events: u64,
    /// Start, in Unix seconds; usually a midnight at +07:00.
    pub from: i64,
    /// End, in Unix seconds, excluded: what has not arrived by then is left out, so dossiers remain open.
    pub until: i64,
    /// How many agencies below the province.
    pub agencies: AgencyCounts,
    /// How many officers; every agency has at least one.
    pub officers: u32,
    /// How many procedures, about a fifth of them done at communes.
    pub procedures: u32,
    /// Petitions to a thousand dossiers.
    pub petitions: u32,
    /// How untidily the events arrive.
    pub disorder: Disorder,
}

/// Departments are coded from `H99.01` and at most 99, communes from `H99.100`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgencyCounts {
    /// Agencies at provincial level.
    pub departments: u32,
    /// Communes and wards.
    pub communes: u32,
}

/// Shares of the events, per thousand. They change the way of the events and never the lives told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disorder {
    /// Sent a second time, unchanged.
    pub duplicates: u32,
    /// Sent wrongly, retracted, and sent corrected; kinds that hold nothing to get wrong are spared.
    pub corrections: u32,
    /// Arriving hours to two months late. 0 also means that no source is ever cut off.
    pub late_arrivals: u32,
    /// Arriving minutes to three hours late, so out of order.
    pub shuffled: u32,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Lines, duplicates included.
    pub events: u64,
    /// Dossiers begun.
    pub dossiers: u64,
    /// Petitions begun.
    pub petitions: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 766,
            events: 1_600_000,
            from: 1_767_200_400,  // 2026-01-01T00:00:00+07:00
            until: 1_774_976_400, // 2026-04-01T00:00:00+07:00
            agencies: AgencyCounts { departments: 14, communes: 135 },
            officers: 2_000,
            procedures: 1_800,
            petitions: 4,
            disorder: Disorder::default(),
        }
    }
}

impl Disorder {
    /// Everything arrives once and within seconds.
    pub const NONE: Self = Self { duplicates: 0, corrections: 0, late_arrivals: 0, shuffled: 0 };
}

impl Default for Disorder {
    fn default() -> Self {
        Self { duplicates: 8, corrections: 4, late_arrivals: 12, shuffled: 30 }
    }
}

/// Enough to keep system calls rare and stay inside a processor cache.
const CHUNK_BYTES: usize = 256 * 1024;

/// Writes the plan's events in the order of arrival, one a line. Memory holds what open dossiers have yet to
/// tell.
pub fn write_events(plan: &Plan, out: &mut dyn std::io::Write) -> std::io::Result<Written> {
    let mut stream = Stream::new(plan);
    let mut chunk = Vec::with_capacity(CHUNK_BYTES + 4096);
    while let Some((_, line)) = stream.next_line() {
        chunk.extend_from_slice(line);
        chunk.push(b'\n');
        if chunk.len() >= CHUNK_BYTES {
            out.write_all(&chunk)?;
            chunk.clear();
        }
    }
    out.write_all(&chunk)?;
    out.flush()?;
    Ok(stream.written())
}
