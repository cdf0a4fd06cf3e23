//! The events one by one, in the order of their arrival.
//!
//! Walks the plan day by day: what the organisation does, who files what, which petitions come in; hands
//! their lives to the courier, and lets the day's arrivals out. A live demonstration paces itself by the
//! arrival instants; nothing waits here.

use super::caseload::Caseload;
use super::catalogue::{self, Amendment};
use super::chance::Chance;
use super::courier::Courier;
use super::dossier_life::{DossierLife, Filing};
use super::happening::{CaseCode, DossierCode, ProcedureEvent, What};
use super::line;
use super::petition_life::PetitionLife;
use super::province::{CentralSystem, Province};
use super::reports::Reports;
use super::working_clock::{WorkingClock, day_of, midnight};
use super::{Disorder, Plan, Written};

/// The contract's bounds for instants; a plan is cut to them.
const YEAR_2000: i64 = 946_684_800;
const YEAR_2100: i64 = 4_102_444_800;
/// Enough lives to know within some percent how many events one tells before the plan's end.
const PILOT_DOSSIERS: u64 = 2_000;
/// Of the default shares of answers and ratings.
const EVENTS_A_PETITION: f64 = 3.3;
/// Due dates reach beyond the plan's end.
const CLOCK_MARGIN_DAYS: i64 = 400;
/// Petitions name one of the last dossiers filed.
const RECENT_DOSSIERS: usize = 4096;

/// A walk through a plan in bounded memory; as an iterator it gives owned lines, `next_line` lends them.
#[derive(Debug)]
pub struct Stream {
    plan: Plan,
    province: Province,
    clock: WorkingClock,
    courier: Courier,
    caseload: Caseload,
    reports: Reports,
    amendments: std::iter::Peekable<std::vec::IntoIter<Amendment>>,
    chance: Chance,
    next_day: i64,
    last_day: i64,
    dossiers_by_agency: Vec<u32>,
    recent_dossiers: Vec<DossierCode>,
    petition_share: u64,
    line: Vec<u8>,
    written: Written,
}

impl Stream {
    /// Builds the province and sends who is who; nothing has arrived yet.
    pub fn new(plan: &Plan) -> Self {
        let mut plan = *plan;
        plan.from = plan.from.clamp(YEAR_2000, YEAR_2100 - 1);
        plan.until = plan.until.clamp(plan.from, YEAR_2100);
        let days = day_of(plan.from)..day_of(plan.until - 1).max(day_of(plan.from)) + 1;
        let clock = WorkingClock::new(days.start - 20, days.end + CLOCK_MARGIN_DAYS);
        let province = Province::new(&plan);
        let mut chance = Chance::new(plan.seed, "lives");
        let mut courier = Courier::new(&plan, days.start, province.sources.len());
        let working_days = days.clone().filter(|day| clock.works_on(*day)).count() as u64;
        let reports = Reports::new(&province, plan.events, working_days, &mut chance);
        Reports::introduce(&province, plan.from, &mut courier, &mut chance);
        let source = province.source_of(CentralSystem::Procedures);
        let count = province.procedures.len();
        let mut catalogue_chance = Chance::new(plan.seed, "catalogue");
        let amendments = catalogue::send_catalogue(
            count,
            source,
            plan.from + 2,
            days.clone(),
            &clock,
            &mut catalogue_chance,
            &mut courier,
        );
        let beside_dossiers = reports.expected_events(&province, working_days) + 2 * count as u64;
        let dossiers = expected_dossiers(&plan, &province, &clock, beside_dossiers);
        Self {
            caseload: Caseload::new(&plan, dossiers, &clock),
            dossiers_by_agency: vec![0; province.agencies.len()],
            recent_dossiers: Vec::with_capacity(RECENT_DOSSIERS),
            petition_share: 0,
            next_day: days.start,
            last_day: days.end - 1,
            line: Vec::with_capacity(2048),
            written: Written::default(),
            amendments: amendments.into_iter().peekable(),
            plan,
            province,
            clock,
            courier,
            reports,
            chance,
        }
    }

    /// The next event: its arrival in Unix nanoseconds, never earlier than the one before, and its line
    /// without the line end. `None` when nothing more arrives before the plan's end.
    pub fn next_line(&mut self) -> Option<(i64, &[u8])> {
        loop {
            if let Some((happening, number)) = self.courier.next() {
                self.line.clear();
                line::push_line(&mut self.line, &self.province, &happening, number);
                self.written.events += 1;
                return Some((happening.arrival_nanos, &self.line));
            }
            if self.next_day > self.last_day {
                return None;
            }
            self.live_through(self.next_day);
            self.courier.open(self.next_day);
            self.next_day += 1;
        }
    }

    /// What has been written so far; dossiers and petitions count from their beginning.
    pub fn written(&self) -> Written {
        self.written
    }

    fn live_through(&mut self, day: i64) {
        while let Some(amendment) = self.amendments.next_if(|amendment| amendment.day <= day) {
            let subject = amendment.apply(&mut self.province.procedures, &mut self.chance);
            let source = self.province.source_of(CentralSystem::Procedures);
            self.courier.send_settled(
                midnight(day),
                source,
                subject,
                What::Procedure(ProcedureEvent::Defined),
            );
        }
        Reports::send_changes(day, &mut self.province, &mut self.courier, &mut self.chance);
        self.reports.send_day(day, &self.province, &self.clock, &mut self.courier, &mut self.chance);
        let filings = self.caseload.filings_on(day, &self.province, &self.clock, &mut self.chance);
        for filing in filings {
            self.file(filing);
        }
    }

    /// A filing, and the one after it if the dossier is deleted and filed again.
    fn file(&mut self, filing: Filing) {
        let mut next = Some(filing);
        while let Some(filing) = next.take() {
            if !(self.plan.from..self.plan.until).contains(&filing.at_seconds) {
                return;
            }
            let count = &mut self.dossiers_by_agency[filing.agency.0 as usize];
            *count += 1;
            let day = day_of(filing.at_seconds);
            let code = DossierCode { agency: filing.agency, day: day as i32, number: *count };
            let life = DossierLife::new(
                &self.province,
                &self.clock,
                &mut self.chance,
                &mut self.courier,
                filing,
                code,
            );
            let story = life.tell();
            if let Some(accepted_at) = story.accepted_at {
                self.reports.count_acceptance(filing.agency, day_of(accepted_at));
            }
            self.remember(code);
            self.maybe_petition(filing.at_seconds);
            next = story.filed_again_at.map(|at_seconds| Filing { at_seconds, ..filing });
        }
    }

    fn remember(&mut self, code: DossierCode) {
        if self.recent_dossiers.len() < RECENT_DOSSIERS {
            self.recent_dossiers.push(code);
        } else {
            self.recent_dossiers[self.written.dossiers as usize % RECENT_DOSSIERS] = code;
        }
        self.written.dossiers += 1;
    }

    fn maybe_petition(&mut self, at_seconds: i64) {
        self.petition_share += u64::from(self.plan.petitions);
        while self.petition_share >= 1000 {
            self.petition_share -= 1000;
            self.written.petitions += 1;
            let code = CaseCode { day: day_of(at_seconds) as i32, number: self.written.petitions as u32 };
            let dossier = self.chance.pick(&self.recent_dossiers);
            let about_dossier = self.chance.perhaps(450, dossier);
            let received_at = at_seconds + self.chance.between(0, 3600);
            let life = PetitionLife {
                province: &self.province,
                clock: &self.clock,
                chance: &mut self.chance,
                courier: &mut self.courier,
                code,
                about_dossier,
            };
            life.tell(received_at);
        }
    }
}

impl Iterator for Stream {
    type Item = (i64, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        self.next_line().map(|(arrival_nanos, line)| (arrival_nanos, line.to_vec()))
    }
}

/// How many dossiers make the events that the organisation leaves, found by trying some. Disorder is left
/// out, so that it does not change who files what; it adds its percent on top.
fn expected_dossiers(plan: &Plan, province: &Province, clock: &WorkingClock, beside_dossiers: u64) -> u64 {
    let events = plan.events.saturating_sub(beside_dossiers).max(plan.events / 2);
    let mut chance = Chance::new(plan.seed, "pilot");
    let tidy = Plan { disorder: Disorder::NONE, ..*plan };
    let mut courier = Courier::new(&tidy, day_of(plan.from), province.sources.len());
    let mut caseload = Caseload::new(plan, PILOT_DOSSIERS, clock);
    let mut dossiers = 0;
    for day in day_of(plan.from)..=day_of(plan.until) {
        for filing in caseload.filings_on(day, province, clock, &mut chance) {
            let code = DossierCode { agency: filing.agency, day: day as i32, number: 0 };
            DossierLife::new(province, clock, &mut chance, &mut courier, filing, code).tell();
            dossiers += 1;
        }
    }
    if dossiers == 0 {
        return 0;
    }
    let for_petitions = EVENTS_A_PETITION * f64::from(plan.petitions) / 1000.0;
    let a_dossier = courier.noted() as f64 / f64::from(dossiers) + for_petitions;
    (events as f64 / a_dossier.max(0.5)) as u64
}
