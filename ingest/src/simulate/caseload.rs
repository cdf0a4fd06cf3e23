//! How many dossiers are filed on which day, when, where and for what.
//!
//! Mondays, the last working days of a month and the days after a long feast are busy; at weekends people
//! file only online; at Tết nobody files. Now and then one office is flooded for twenty minutes. The total is
//! spread over the plan's days beforehand, so that the number of events comes out about right whatever the
//! dates are.

use super::Plan;
use super::catalogue::OnlineService;
use super::chance::Chance;
use super::dossier_life::Filing;
use super::happening::{Agency, CaseCode, Channel, Procedure};
use super::province::{AgencyKind, Province};
use super::working_clock::{DAY_SECONDS, WORKING_DAY, WorkingClock, day_of, midnight, weekday};

/// Monday to Friday, and a make-up Saturday; 1000 is an ordinary day.
const WEEKDAY_WEIGHTS: [u64; 7] = [1330, 1110, 1010, 950, 920, 520, 0];
const DAY_OFF_WEIGHT: u64 = 80;
const SEVEN: i64 = 7 * 3600;
/// On a day that the plan only touches, most instants drawn fall outside it.
const TRIES_A_FILING: u64 = 200;
const FLOOD_SECONDS: i64 = 20 * 60;

#[derive(Debug)]
pub(super) struct Caseload {
    from: i64,
    until: i64,
    first_day: i64,
    weights_before: Vec<u64>,
    dossiers: u64,
    bundles: u32,
}

/// One office, one procedure, twenty minutes: a school enrols, a land survey is handed out.
#[derive(Debug, Clone, Copy)]
struct Flood {
    agency: Agency,
    procedure: Procedure,
    starts: i64,
}

impl Caseload {
    pub(super) fn new(plan: &Plan, dossiers: u64, clock: &WorkingClock) -> Self {
        let mut chance = Chance::new(plan.seed, "days");
        let days = day_of(plan.from)..=day_of(plan.until);
        let first_day = *days.start();
        let mut total = 0;
        let mut weights_before = vec![0];
        for day in days {
            total += covered_weight(day, plan, clock) * chance.between(850, 1150) as u64;
            weights_before.push(total);
        }
        Self { from: plan.from, until: plan.until, first_day, weights_before, dossiers, bundles: 0 }
    }

    /// The day's filings in the order of their instants.
    pub(super) fn filings_on(
        &mut self,
        day: i64,
        province: &Province,
        clock: &WorkingClock,
        chance: &mut Chance,
    ) -> Vec<Filing> {
        let count = self.count_on(day);
        let works = clock.works_on(day);
        let flood = (works && chance.happens(150)).then(|| any_flood(day, province, chance));
        let mut filings = Vec::new();
        let mut tries = count.saturating_mul(TRIES_A_FILING);
        while (filings.len() as u64) < count && tries > 0 {
            tries -= 1;
            let filing = match flood {
                Some(flood) if chance.happens(50) => flooded_filing(flood, chance),
                _ => any_filing(day, works, province, chance),
            };
            if !(self.from..self.until).contains(&filing.at_seconds) {
                continue;
            }
            if province.agency(filing.agency).kind == AgencyKind::Commune && chance.happens(8) {
                self.bundle(filing, day, province, chance, &mut filings);
            } else {
                filings.push(filing);
            }
        }
        filings.sort_by_key(|filing| filing.at_seconds);
        filings
    }

    fn count_on(&self, day: i64) -> u64 {
        let position = (day - self.first_day) as usize;
        let total = u128::from(self.weights_before.last().copied().unwrap_or(0).max(1));
        let up_to = |position: usize| {
            let weight = self.weights_before.get(position).copied().unwrap_or(0);
            (u128::from(self.dossiers) * u128::from(weight) / total) as u64
        };
        up_to(position + 1) - up_to(position)
    }

    /// Linked services: one errand, two or three dossiers filed together.
    fn bundle(
        &mut self,
        first: Filing,
        day: i64,
        province: &Province,
        chance: &mut Chance,
        filings: &mut Vec<Filing>,
    ) {
        self.bundles += 1;
        let bundle = Some(CaseCode { day: day as i32, number: self.bundles });
        filings.push(Filing { bundle, ..first });
        for place in 1..=chance.between(1, 2) {
            let procedure = province.any_procedure(first.agency, chance);
            let at_seconds = first.at_seconds + place;
            filings.push(Filing { at_seconds, procedure, bundle, ..first });
        }
    }
}

/// The day's weight as far as the plan covers the day; most filing is done in the sessions.
fn covered_weight(day: i64, plan: &Plan, clock: &WorkingClock) -> u64 {
    let from = plan.from.clamp(midnight(day), midnight(day + 1));
    let until = plan.until.clamp(midnight(day), midnight(day + 1));
    let covered = (until - from) as u64 * 1000 / DAY_SECONDS as u64;
    let worked = (clock.worked(until) - clock.worked(from)) as u64 * 1000 / WORKING_DAY as u64;
    let share = if clock.works_on(day) { (8 * worked + 2 * covered) / 10 } else { covered };
    day_weight(day, clock) * share / 100
}

fn day_weight(day: i64, clock: &WorkingClock) -> u64 {
    if clock.is_quiet_on(day) {
        return 0;
    }
    if !clock.works_on(day) {
        return DAY_OFF_WEIGHT;
    }
    let mut weight = WEEKDAY_WEIGHTS[weekday(day) as usize];
    if clock.closes_month(day) {
        weight = weight * 13 / 10;
    }
    if (1..=3).all(|before| !clock.works_on(day - before)) {
        weight = weight * 13 / 10;
    }
    weight
}

fn any_flood(day: i64, province: &Province, chance: &mut Chance) -> Flood {
    let agency = province.any_filing_agency(chance);
    let procedure = province.any_procedure(agency, chance);
    let opens = chance.pick(&[8, 9, 14, 15]) * 3600;
    Flood { agency, procedure, starts: midnight(day) + opens + chance.between(0, 1800) }
}

fn flooded_filing(flood: Flood, chance: &mut Chance) -> Filing {
    let at_seconds = flood.starts + chance.between(0, FLOOD_SECONDS);
    let channel = Channel::Counter;
    Filing { at_seconds, agency: flood.agency, procedure: flood.procedure, channel, bundle: None }
}

fn any_filing(day: i64, works: bool, province: &Province, chance: &mut Chance) -> Filing {
    let agency = province.any_filing_agency(chance);
    let wants_online = !works || chance.happens(province.agency(agency).habits.online);
    let mut procedure = province.any_procedure(agency, chance);
    let is_offered =
        |procedure: Procedure| province.procedures[procedure.0 as usize].online != OnlineService::None;
    let mut tries = 0;
    while wants_online && !is_offered(procedure) && tries < 8 {
        procedure = province.any_procedure(agency, chance);
        tries += 1;
    }
    let channel = match (wants_online && is_offered(procedure), chance.happens(60)) {
        (true, _) => Channel::Online,
        (false, true) => Channel::Post,
        (false, false) => Channel::Counter,
    };
    let second = match channel {
        Channel::Online if !works => chance.between(7 * 3600, 22 * 3600 + 1800),
        Channel::Online if chance.happens(250) => outside_hours(chance),
        Channel::Online | Channel::Counter | Channel::Post => in_session(chance),
    };
    Filing { at_seconds: midnight(day) + second, agency, procedure, channel, bundle: None }
}

/// Both sessions fill early and thin out towards their end.
fn in_session(chance: &mut Chance) -> i64 {
    let opens = if chance.happens(580) { SEVEN + 1800 } else { SEVEN + 6 * 3600 + 1800 };
    let drawn = chance.fraction();
    let into = f64::midpoint(drawn, drawn * chance.fraction());
    opens + (into * 14_200.0) as i64
}

/// Early morning, noon, and mostly the evening.
fn outside_hours(chance: &mut Chance) -> i64 {
    match chance.below(10) {
        0..2 => chance.between(5 * 3600 + 1800, 7 * 3600 + 1800),
        2..4 => chance.between(11 * 3600 + 1800, 13 * 3600 + 1800),
        _ => chance.between(17 * 3600 + 1800, 23 * 3600),
    }
}
