//! The life of one dossier, told from filing to rating.
//!
//! A life is planned whole when it begins and handed to the courier event by event, in an order in which an
//! office could have done it. Officers act in working time, applicants whenever they like. Some lives break
//! rules on purpose (closed before any result, filed on the applicant's behalf, due date moved after it
//! passed), so that integrity flags have something to find. Shares are per thousand and chosen to resemble a
//! real province: about 12 % late, 60 % online, 8 events a dossier. What follows the decision is in
//! `dossier_ending`.

use super::catalogue::{Duration, ProcedureRecord};
use super::chance::Chance;
use super::courier::Courier;
use super::happening::{
    Acceptance, Agency, CaseCode, Channel, DossierCode, DossierEvent, Officer, PaidBy, Parts, PausedFor,
    Procedure, Source, Subject, Submission, What,
};
use super::names;
use super::province::{CentralSystem, Habits, Province};
use super::working_clock::{WORKING_DAY, WORKING_HOUR, WorkingClock};

pub(super) const MINUTE: i64 = 60;
pub(super) const CALENDAR_DAY: i64 = 86_400;
/// What an office plans for when the procedure states no duration.
const USUAL_DURATION: i64 = 5 * WORKING_DAY;

#[derive(Debug, Clone, Copy)]
pub(super) struct Filing {
    pub(super) at_seconds: i64,
    pub(super) agency: Agency,
    pub(super) procedure: Procedure,
    pub(super) channel: Channel,
    pub(super) bundle: Option<CaseCode>,
}

/// What the rest of the simulator needs to know of a life.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LifeStory {
    pub(super) accepted_at: Option<i64>,
    /// The dossier was deleted, and its applicant comes back at this instant.
    pub(super) filed_again_at: Option<i64>,
}

/// `worked` is the present, in working seconds: it only moves forward.
pub(super) struct DossierLife<'a> {
    pub(super) province: &'a Province,
    pub(super) clock: &'a WorkingClock,
    pub(super) chance: &'a mut Chance,
    pub(super) courier: &'a mut Courier,
    pub(super) filing: Filing,
    pub(super) code: DossierCode,
    pub(super) officer: Officer,
    pub(super) worked: i64,
    pub(super) due_at: i64,
    pub(super) story: LifeStory,
}

impl<'a> DossierLife<'a> {
    pub(super) fn new(
        province: &'a Province,
        clock: &'a WorkingClock,
        chance: &'a mut Chance,
        courier: &'a mut Courier,
        filing: Filing,
        code: DossierCode,
    ) -> Self {
        let officer = province.any_officer(filing.agency, chance);
        let worked = clock.worked(filing.at_seconds);
        let story = LifeStory::default();
        Self { province, clock, chance, courier, filing, code, officer, worked, due_at: 0, story }
    }

    pub(super) fn tell(mut self) -> LifeStory {
        self.submit();
        if !self.is_taken_in() {
            return self.story;
        }
        self.accept();
        self.synchronise();
        self.hand_over();
        self.complete_file();
        if self.lies_forgotten() || !self.survives_interruptions() {
            return self.story;
        }
        self.end();
        self.story
    }

    pub(super) fn send_at(&mut self, at_seconds: i64, event: DossierEvent) {
        let source = Source(self.filing.agency.0);
        self.courier.send(at_seconds, source, Subject::Dossier(self.code), What::Dossier(event));
    }

    pub(super) fn send(&mut self, event: DossierEvent) {
        self.send_at(self.now(), event);
    }

    pub(super) fn send_through(&mut self, system: CentralSystem, at_seconds: i64, event: DossierEvent) {
        let source = self.province.source_of(system);
        self.courier.send(at_seconds, source, Subject::Dossier(self.code), What::Dossier(event));
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.instant(self.worked)
    }

    /// Lets an officer's working time pass.
    pub(super) fn pass(&mut self, least: i64, most: i64) {
        self.worked += self.chance.between(least.max(2), most.max(2));
    }

    pub(super) fn habits(&self) -> Habits {
        self.province.agency(self.filing.agency).habits
    }

    pub(super) fn procedure(&self) -> &'a ProcedureRecord {
        &self.province.procedures[self.filing.procedure.0 as usize]
    }

    fn submit(&mut self) {
        let counter = self.filing.channel == Channel::Counter;
        // Many counters type a dossier in only when they accept it.
        if counter && self.filing.bundle.is_none() && self.chance.happens(170) {
            return;
        }
        let habits = self.habits();
        let on_behalf = self.filing.channel == Channel::Online && self.chance.happens(habits.filed_on_behalf);
        let says_on_behalf = on_behalf || self.chance.happens(200);
        let applicants =
            ["citizen", "citizen", "citizen", "citizen", "citizen", "business", "business", "organisation"];
        let submission = Submission {
            procedure: self.filing.procedure,
            channel: self.filing.channel,
            applicant: self.chance.pick_perhaps(940, &applicants),
            on_behalf: says_on_behalf.then_some(on_behalf),
            bundle: self.filing.bundle,
            person: habits.sends_particulars.then_some(self.chance.below(1 << 30) as u32),
        };
        self.send_at(self.filing.at_seconds, DossierEvent::Submitted(submission));
    }

    /// False if the dossier never gets a receipt: refused, taken back, or left lying.
    fn is_taken_in(&mut self) -> bool {
        match self.filing.channel {
            Channel::Counter => self.pass(2 * MINUTE, 15 * MINUTE),
            Channel::Post => self.pass(WORKING_HOUR, WORKING_DAY),
            Channel::Online if self.chance.happens(self.habits().slow_to_accept) => {
                self.pass(9 * WORKING_HOUR, 4 * WORKING_DAY);
            }
            Channel::Online => {
                let wait = self.chance.long_tailed(90 * MINUTE).min(7 * WORKING_HOUR);
                self.pass(3 * MINUTE, 3 * MINUTE + wait);
            }
        }
        match self.chance.below(1000) {
            0..10 => false,
            10..35 => {
                let officer = self.province.receiving_officer(self.filing.agency, self.chance);
                let reason = self.chance.pick(&names::REFUSAL_REASONS);
                let officer = self.chance.perhaps(800, officer);
                self.send(DossierEvent::Refused { reason, officer });
                false
            }
            35..40 => {
                let reason = self.chance.perhaps(500, names::WITHDRAWAL_REASONS[1]);
                self.send(DossierEvent::Withdrawn { reason });
                false
            }
            _ => true,
        }
    }

    fn accept(&mut self) {
        let accepted_at = self.now();
        self.story.accepted_at = Some(accepted_at);
        let duration = self.procedure().duration;
        self.due_at = self.due_from(duration, accepted_at);
        let tells_due = self.chance.happens(860);
        let fee_vnd = self.procedure().fee_vnd;
        let fee_at_acceptance =
            fee_vnd > 0 && self.chance.happens(800) || fee_vnd == 0 && self.chance.happens(60);
        let parts = self.any_parts();
        let is_online = self.filing.channel == Channel::Online;
        let population_data = self.chance.happens(if is_online { 880 } else { 480 });
        let acceptance = Acceptance {
            procedure: self.filing.procedure,
            officer: self.province.receiving_officer(self.filing.agency, self.chance),
            channel: self.chance.perhaps(800, self.filing.channel),
            due_at: tells_due.then_some(self.due_at),
            fee_vnd: fee_at_acceptance.then_some(fee_vnd),
            parts: self.chance.perhaps(820, parts),
            population_data: self.chance.perhaps(850, population_data),
        };
        self.send(DossierEvent::Accepted(acceptance));
        if fee_vnd > 0 {
            self.settle_fee(fee_at_acceptance);
        }
    }

    fn due_from(&mut self, duration: Option<Duration>, accepted_at: i64) -> i64 {
        let accepted_worked = self.clock.worked(accepted_at);
        match duration {
            Some(Duration::WorkingHours(hours)) => {
                self.clock.instant_used_up(accepted_worked + i64::from(hours) * WORKING_HOUR)
            }
            Some(Duration::WorkingDays(days)) => {
                self.clock.end_of_working_day_after(accepted_at, i64::from(days))
            }
            Some(Duration::Days(days)) => self.clock.end_of_day_after(accepted_at, i64::from(days)),
            None => self.clock.instant_used_up(accepted_worked + USUAL_DURATION),
        }
    }

    fn any_parts(&mut self) -> Parts {
        let total = self.chance.between(1, 8) as u32;
        let is_digitised = self.chance.happens(self.habits().digitised);
        let digitised = if is_digitised { self.chance.between(1, i64::from(total)) as u32 } else { 0 };
        let reused = if self.chance.happens(340) { digitised.min(2) } else { 0 };
        let from_portal_store = u32::from(self.chance.happens(70));
        Parts { total, digitised, reused, from_portal_store }
    }

    fn settle_fee(&mut self, is_told: bool) {
        let is_exempt = !is_told && self.chance.happens(300);
        let fee_vnd = if is_exempt { 0 } else { self.procedure().fee_vnd };
        if !is_told {
            self.pass(MINUTE, 20 * MINUTE);
            self.send(DossierEvent::FeeSet { fee_vnd });
        }
        if is_exempt || !self.chance.happens(880) {
            return;
        }
        let is_online = self.filing.channel == Channel::Online;
        // In tenths: portal, gateway, transfer, and cash for the rest.
        let (portal, gateway, transfer) = if is_online { (5, 8, 9) } else { (1, 3, 5) };
        let method = match self.chance.below(10) {
            drawn if drawn < portal => PaidBy::Portal,
            drawn if drawn < gateway => PaidBy::Gateway,
            drawn if drawn < transfer => PaidBy::Transfer,
            _ => PaidBy::Cash,
        };
        self.pass(MINUTE, 40 * MINUTE);
        let on_behalf = method != PaidBy::Cash && self.chance.happens(self.habits().filed_on_behalf);
        let paid = DossierEvent::Paid { amount_vnd: fee_vnd, method, on_behalf: on_behalf.then_some(true) };
        match method {
            PaidBy::Portal | PaidBy::Gateway => self.send_through(CentralSystem::Payment, self.now(), paid),
            PaidBy::Cash | PaidBy::Transfer => self.send(paid),
        }
    }

    fn synchronise(&mut self) {
        let accepted = |is_accepted| DossierEvent::Synced { message: "dossier", is_accepted };
        let mut at = self.now() + self.chance.between(5, 600);
        let is_synced = self.chance.happens(self.habits().synced);
        if !is_synced && self.chance.happens(600) || self.chance.happens(30) {
            self.send_through(CentralSystem::NationalExchange, at, accepted(false));
            at += self.chance.between(20 * MINUTE, 30 * 60 * MINUTE);
        }
        if is_synced {
            self.send_through(CentralSystem::NationalExchange, at, accepted(true));
        }
    }

    /// From the counter to the officer who resolves it, the same day.
    fn hand_over(&mut self) {
        self.pass(2 * MINUTE, 20 * MINUTE);
        let step_due_at = self.chance.perhaps(600, self.due_at);
        let agency = self.chance.perhaps(350, self.filing.agency);
        let step = self.chance.perhaps(900, names::STEPS[0]);
        self.send(DossierEvent::Assigned { officer: self.officer, agency, step, step_due_at });
    }

    fn complete_file(&mut self) {
        if self.chance.happens(130) {
            self.pass(MINUTE, 15 * MINUTE);
            let count = self.chance.between(1, 4) as u32;
            let reused = if self.chance.happens(400) { Some(self.chance.below(2) as u32) } else { None };
            let from_portal_store =
                if self.chance.happens(300) { Some(self.chance.below(2) as u32) } else { None };
            self.send(DossierEvent::PartDigitised { count, reused, from_portal_store });
        }
    }

    /// Nothing is heard of it again: it is simply late one day.
    fn lies_forgotten(&mut self) -> bool {
        let per_thousand = if self.habits().is_slack { 20 } else { 3 };
        self.chance.happens(per_thousand)
    }

    /// Supplements and pauses; false if the applicant never came back.
    fn survives_interruptions(&mut self) -> bool {
        match self.chance.below(1000) {
            0..62 => self.supplement(),
            62..74 => self.supplement() && self.supplement(),
            74..94 => {
                self.pause(PausedFor::FinancialDuty);
                true
            }
            94..108 => {
                let reason = if self.chance.happens(600) { PausedFor::OtherAgency } else { PausedFor::Other };
                self.pause(reason);
                true
            }
            _ => true,
        }
    }

    fn supplement(&mut self) -> bool {
        let left = (self.clock.worked(self.due_at) - self.worked).max(WORKING_HOUR);
        // A few ask only when time has run out.
        let most = if self.chance.happens(60) { left + WORKING_DAY } else { left / 2 };
        self.pass(10 * MINUTE, most);
        let reason = self.chance.pick_perhaps(850, &names::SUPPLEMENT_REASONS);
        let asked_at = self.now();
        self.send(DossierEvent::SupplementRequested { officer: self.officer, reason });
        if self.chance.happens(120) {
            if self.chance.happens(600) {
                self.pass(15 * WORKING_DAY, 17 * WORKING_DAY);
                self.send(DossierEvent::Stopped { reason: names::STOP_REASONS[0] });
            }
            return false;
        }
        let received_at =
            asked_at + CALENDAR_DAY / 12 + self.chance.long_tailed(4 * CALENDAR_DAY).min(25 * CALENDAR_DAY);
        let due_at = self.run_again(asked_at, received_at);
        self.send_at(received_at, DossierEvent::SupplementReceived { due_at });
        true
    }

    fn pause(&mut self, reason: PausedFor) {
        let left = (self.clock.worked(self.due_at) - self.worked).max(WORKING_HOUR);
        self.pass(10 * MINUTE, left * 3 / 4);
        let paused_at = self.now();
        self.send(DossierEvent::Paused { reason });
        let most = if matches!(reason, PausedFor::FinancialDuty) { 6 * WORKING_DAY } else { left / 3 };
        self.pass(WORKING_HOUR / 2, most);
        let due_at = match reason {
            PausedFor::FinancialDuty => self.run_again(paused_at, self.now()),
            PausedFor::OtherAgency | PausedFor::Other => None,
        };
        self.send(DossierEvent::Resumed { reason, due_at });
    }

    /// The clock runs again: a new due date is told, or it moves by the time the clock stood.
    fn run_again(&mut self, stopped_at: i64, resumed_at: i64) -> Option<i64> {
        self.worked = self.clock.worked(resumed_at) + 2;
        if stopped_at > self.due_at {
            return None;
        }
        let left = (self.clock.worked(self.due_at) - self.clock.worked(stopped_at)).max(WORKING_HOUR);
        if self.chance.happens(550) {
            self.due_at = self.clock.instant_used_up(self.worked + left);
            Some(self.due_at)
        } else {
            self.due_at += resumed_at - stopped_at;
            None
        }
    }
}
