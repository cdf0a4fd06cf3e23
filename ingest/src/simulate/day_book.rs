//! Happenings in the order in which they arrive, one day open at a time.
//!
//! Lives are planned whole when they begin, so most happenings lie in the future. They wait in a bucket for
//! the day of their arrival; only the open day is ordered, by a heap, because an event leaving may cause
//! another one the same day. Memory holds what open dossiers still have to tell, and one day.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::happening::Happening;
use super::working_clock::day_of;

pub(super) const NANOS: i64 = 1_000_000_000;

#[derive(Debug)]
pub(super) struct DayBook {
    first_day: i64,
    days: Vec<Vec<Happening>>,
    /// Arrival, then the order in which they were noted.
    open: BinaryHeap<Reverse<(i64, usize)>>,
    open_day: Option<i64>,
    open_happenings: Vec<Happening>,
    until_nanos: i64,
    pub(super) noted: u64,
}

impl DayBook {
    /// What would arrive at `until_seconds` or later has not arrived yet and is not kept.
    pub(super) fn new(first_day: i64, until_seconds: i64) -> Self {
        let count = (day_of(until_seconds) - first_day + 1).max(1) as usize;
        Self {
            first_day,
            days: (0..count).map(|_| Vec::new()).collect(),
            open: BinaryHeap::new(),
            open_day: None,
            open_happenings: Vec::new(),
            until_nanos: until_seconds.saturating_mul(NANOS),
            noted: 0,
        }
    }

    pub(super) fn note(&mut self, happening: Happening) {
        if happening.arrival_nanos >= self.until_nanos {
            return;
        }
        self.noted += 1;
        let day = day_of(happening.arrival_nanos.div_euclid(NANOS));
        if self.open_day.is_some_and(|open_day| day <= open_day) {
            self.open.push(Reverse((happening.arrival_nanos, self.open_happenings.len())));
            self.open_happenings.push(happening);
        } else if let Some(bucket) = self.days.get_mut((day - self.first_day).max(0) as usize) {
            bucket.push(happening);
        }
    }

    /// Nothing that arrives before this day may be noted afterwards.
    pub(super) fn open(&mut self, day: i64) {
        self.open_happenings.clear();
        if let Some(bucket) = self.days.get_mut((day - self.first_day).max(0) as usize) {
            self.open_happenings = std::mem::take(bucket);
        }
        self.open.extend(
            self.open_happenings
                .iter()
                .enumerate()
                .map(|(order, happening)| Reverse((happening.arrival_nanos, order))),
        );
        self.open_day = Some(day);
    }

    pub(super) fn next(&mut self) -> Option<Happening> {
        self.open.pop().map(|Reverse((_, order))| self.open_happenings[order])
    }
}
