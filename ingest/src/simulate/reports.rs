//! What the organisation itself sends: who is who, monthly totals, certified copies, signs of life.
//!
//! Heartbeats come hourly in working hours. In a small plan they and the copies would drown the dossiers, so
//! both are thinned until they are a tenth of the events at most.

use super::chance::Chance;
use super::courier::Courier;
use super::happening::{Agency, Officer, OrganisationEvent, Period, Source, Subject, What};
use super::province::{AgencyKind, CentralSystem, PROVINCE, Province};
use super::working_clock::{Date, WorkingClock, date_of, midnight};

const FIRST_BEAT_HOUR: i64 = 7;
const BEATS_A_DAY: i64 = 12;

#[derive(Debug)]
pub(super) struct Reports {
    /// Acceptances by agency of the months not yet reported.
    accepted: Vec<Vec<(Period, u64)>>,
    has_copying_service: Vec<bool>,
    heartbeat_hours: i64,
    copies_per_thousand: u32,
}

impl Reports {
    pub(super) fn new(province: &Province, events: u64, working_days: u64, chance: &mut Chance) -> Self {
        let beats = province.sources.len() as u64 * BEATS_A_DAY as u64 * working_days;
        let heartbeat_hours = (beats * 14 / events.max(1)).max(1) as i64;
        let communes =
            province.agencies.iter().filter(|agency| agency.kind == AgencyKind::Commune).count() as u64;
        let copy_days = (communes * working_days).max(1);
        let copies_per_thousand = (events * 1000 / 40 / copy_days).clamp(1, 700) as u32;
        Self {
            accepted: vec![Vec::new(); province.agencies.len()],
            has_copying_service: province.agencies.iter().map(|_| chance.happens(780)).collect(),
            heartbeat_hours,
            copies_per_thousand,
        }
    }

    /// About how many events come from here, to leave the rest to dossiers.
    pub(super) fn expected_events(&self, province: &Province, working_days: u64) -> u64 {
        let beats =
            province.sources.len() as u64 * working_days * BEATS_A_DAY as u64 / self.heartbeat_hours as u64;
        let copying = self.has_copying_service.iter().filter(|has_service| **has_service).count() as u64;
        let copies = copying * working_days * u64::from(self.copies_per_thousand) / 1000;
        let months = 1 + working_days / 21;
        beats + copies + province.officers.len() as u64 + province.agencies.len() as u64 * (1 + months)
    }

    /// Agencies and officers as they stand on the first day, and last year's totals; seconds apart, so that
    /// nobody is named before being known.
    pub(super) fn introduce(
        province: &Province,
        at_seconds: i64,
        courier: &mut Courier,
        chance: &mut Chance,
    ) {
        let source = province.source_of(CentralSystem::Organisation);
        for number in 0..province.agencies.len() as u32 {
            let subject = Subject::Agency(Agency(number));
            courier.send_settled(
                at_seconds,
                source,
                subject,
                What::Organisation(OrganisationEvent::AgencyDefined),
            );
        }
        for number in 0..province.officers.len() as u32 {
            let subject = Subject::Officer(Officer(number));
            let event = OrganisationEvent::OfficerDefined;
            courier.send_settled(at_seconds + 1, source, subject, What::Organisation(event));
        }
        let last_year = date_of(super::working_clock::day_of(at_seconds)).year - 1;
        for number in 0..province.agencies.len() as u32 {
            let received = chance.between(1_500, 12_000) as u64;
            let event = OrganisationEvent::PortalReported { period: Period::Year(last_year), received };
            let source = province.source_of(CentralSystem::Reports);
            courier.send_settled(
                at_seconds + 4,
                source,
                Subject::Agency(Agency(number)),
                What::Organisation(event),
            );
        }
    }

    pub(super) fn count_acceptance(&mut self, agency: Agency, day: i64) {
        let period = month_of(day);
        for counted in [PROVINCE, agency] {
            let months = &mut self.accepted[counted.0 as usize];
            match months.iter_mut().find(|(month, _)| *month == period) {
                Some((_, count)) => *count += 1,
                None => months.push((period, 1)),
            }
        }
    }

    pub(super) fn send_day(
        &mut self,
        day: i64,
        province: &Province,
        clock: &WorkingClock,
        courier: &mut Courier,
        chance: &mut Chance,
    ) {
        if date_of(day).day == 3 {
            self.send_month(month_of(day - 3), midnight(day) + 8 * 3600, province, courier, chance);
        }
        if clock.works_on(day) {
            self.send_copies(day, province, courier, chance);
            self.send_heartbeats(day, province, courier);
        }
    }

    /// On the 15th some officers move or leave, and one commune becomes a ward.
    pub(super) fn send_changes(
        day: i64,
        province: &mut Province,
        courier: &mut Courier,
        chance: &mut Chance,
    ) {
        if date_of(day).day != 15 {
            return;
        }
        let source = province.source_of(CentralSystem::Organisation);
        let at_seconds = midnight(day);
        for _ in 0..province.officers.len().div_ceil(250) {
            let from = province.any_filing_agency(chance);
            let to = province.any_filing_agency(chance);
            let to = chance.perhaps(700, to);
            if let Some(officer) = province.release_officer(from, to, day) {
                let event = What::Organisation(OrganisationEvent::OfficerDefined);
                courier.send_settled(at_seconds, source, Subject::Officer(officer), event);
            }
        }
        let drawn = province.any_filing_agency(chance);
        if let Some(agency) = province.raise_to_ward(drawn, day) {
            let event = What::Organisation(OrganisationEvent::AgencyDefined);
            courier.send_settled(at_seconds, source, Subject::Agency(agency), event);
        }
    }

    /// What the national reporting system says of the month; it counts a little differently from the
    /// province.
    fn send_month(
        &mut self,
        period: Period,
        at_seconds: i64,
        province: &Province,
        courier: &mut Courier,
        chance: &mut Chance,
    ) {
        let source = province.source_of(CentralSystem::Reports);
        for (number, months) in self.accepted.iter_mut().enumerate() {
            let counted = months.iter().find(|(month, _)| *month == period).map_or(0, |(_, count)| *count);
            months.retain(|(month, _)| *month != period);
            let received =
                if chance.happens(600) { counted } else { counted * chance.between(985, 1060) as u64 / 1000 };
            let event = OrganisationEvent::PortalReported { period, received };
            let at_seconds = at_seconds + number as i64;
            let subject = Subject::Agency(Agency(number as u32));
            courier.send_settled(at_seconds, source, subject, What::Organisation(event));
        }
    }

    fn send_copies(&self, day: i64, province: &Province, courier: &mut Courier, chance: &mut Chance) {
        for (number, agency) in province.agencies.iter().enumerate() {
            let serves = agency.kind == AgencyKind::Commune && self.has_copying_service[number];
            if serves && chance.happens(self.copies_per_thousand) {
                let number = number as u32;
                let at_seconds = midnight(day) + 17 * 3600 + chance.between(0, 1800);
                let count = 1 + chance.long_tailed(6) as u32;
                let event = OrganisationEvent::CertifiedCopyServed { count };
                let subject = Subject::Agency(Agency(number));
                courier.send(at_seconds, Source(number), subject, What::Organisation(event));
            }
        }
    }

    fn send_heartbeats(&self, day: i64, province: &Province, courier: &mut Courier) {
        for number in 0..province.sources.len() as u32 {
            let source = Source(number);
            let first_beat = day * BEATS_A_DAY + i64::from(number);
            for beat in (0..BEATS_A_DAY).filter(|beat| (first_beat + beat) % self.heartbeat_hours == 0) {
                let hour = FIRST_BEAT_HOUR + beat;
                let at_seconds = midnight(day) + hour * 3600 + i64::from(number % 60);
                courier.send_heartbeat(at_seconds, source);
            }
        }
    }
}

fn month_of(day: i64) -> Period {
    let Date { year, month, .. } = date_of(day);
    Period::Month(year, month)
}
