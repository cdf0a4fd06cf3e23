//! The end of a dossier's life: the decision, in time or late, and all that follows it.
//!
//! Whether it will be late is drawn before the day is chosen, from the habits of the agency and the officer.
//! An ending other than a decision (withdrawn, stopped, deleted) is here too; what comes before is in
//! `dossier_life`.

use super::dossier_life::{CALENDAR_DAY, DossierLife, MINUTE};
use super::happening::{Channel, DossierEvent};
use super::names;
use super::province::CentralSystem;
use super::working_clock::{WORKING_DAY, WORKING_HOUR, day_of, midnight, weekday};

impl DossierLife<'_> {
    pub(super) fn end(&mut self) {
        match self.chance.below(1000) {
            0..8 => self.withdraw(),
            8..15 => self.stop(),
            15..18 => self.delete(),
            _ => self.decide(),
        }
    }

    fn withdraw(&mut self) {
        self.pass(WORKING_HOUR, 3 * WORKING_DAY);
        let reason = self.chance.pick_perhaps(700, &names::WITHDRAWAL_REASONS);
        self.send(DossierEvent::Withdrawn { reason });
    }

    fn stop(&mut self) {
        self.pass(WORKING_HOUR, 5 * WORKING_DAY);
        let reason = self.chance.pick(&names::STOP_REASONS);
        self.send(DossierEvent::Stopped { reason });
        if self.chance.happens(300) {
            self.close_later();
        }
    }

    fn delete(&mut self) {
        self.pass(10 * MINUTE, WORKING_DAY);
        let reason = self.chance.pick(&names::DELETION_REASONS);
        self.send(DossierEvent::Deleted { reason });
        if self.chance.happens(500) {
            self.story.filed_again_at = Some(self.now() + self.chance.between(10 * MINUTE, 4 * 60 * MINUTE));
        }
    }

    fn decide(&mut self) {
        let is_late = self.chance.happens(self.lateness());
        let decided_worked = if is_late { self.late_moment() } else { self.timely_moment() };
        if is_late {
            self.excuse(decided_worked);
        }
        self.move_along(decided_worked);
        let habits = self.habits();
        if self.chance.happens(habits.closed_early) {
            let closed_at = self.clock.instant(i64::midpoint(self.worked, decided_worked));
            self.send_at(closed_at, DossierEvent::Closed);
        }
        self.worked = decided_worked.max(self.worked + 2);
        if habits.batches_its_ends && self.chance.happens(700) {
            self.wait_for_friday();
        }
        let is_digital = self.chance.happens(habits.digital_result);
        self.process(is_digital);
        if self.chance.happens(if is_digital { 10 } else { 200 }) {
            self.pass(30 * MINUTE, 4 * WORKING_DAY);
            self.send(DossierEvent::ResultAttached);
        }
        self.hand_out_result();
        if self.chance.happens(5) {
            self.reopen();
        }
    }

    /// Per thousand; a slow officer doubles it, and long procedures slip more often than those of an hour.
    fn lateness(&self) -> u32 {
        let mut late = self.habits().late;
        if self.province.officers[self.officer.0 as usize].is_slow {
            late = 2 * late + 150;
        }
        if self.clock.worked(self.due_at) - self.worked > 8 * WORKING_DAY {
            late += 35;
        }
        late.min(900)
    }

    fn timely_moment(&mut self) -> i64 {
        let left = self.clock.worked(self.due_at) - self.worked;
        let effort = 0.12 + 0.85 * self.chance.fraction().max(self.chance.fraction());
        self.worked + ((left as f64 * effort) as i64).max(5 * MINUTE)
    }

    fn late_moment(&mut self) -> i64 {
        let mean = if self.chance.happens(60) { 15 * WORKING_DAY } else { 2 * WORKING_DAY };
        let overrun = 10 * MINUTE + self.chance.long_tailed(mean);
        self.clock.worked(self.due_at).max(self.worked) + overrun
    }

    /// An apology before or after the due date, or the date itself moved; neither makes a late dossier timely
    /// unless it was told in time.
    fn excuse(&mut self, decided_worked: i64) {
        let due_worked = self.clock.worked(self.due_at);
        let in_time = due_worked - self.chance.between(WORKING_HOUR, WORKING_DAY);
        let at_worked = if self.chance.happens(700) { in_time } else { due_worked + 2 * WORKING_HOUR };
        let at = self.clock.instant(at_worked.min(decided_worked - 5 * MINUTE).max(self.worked + 2 * MINUTE));
        let new_due_at = self.clock.end_of_working_day_after(self.due_at, self.chance.between(1, 5));
        let letter = self.chance.between(100, 9_999) as u32;
        match self.chance.below(1000) {
            0..260 => {
                let new_due_at = self.chance.perhaps(250, new_due_at);
                self.send_at(at, DossierEvent::Apologised { letter, new_due_at });
            }
            260..330 => {
                let reason = self.chance.pick(&names::DELAY_REASONS);
                let letter = self.chance.perhaps(500, letter);
                self.send_at(at, DossierEvent::DueChanged { due_at: new_due_at, reason, letter });
                if self.chance.happens(150) {
                    let due_at = new_due_at + 2 * CALENDAR_DAY;
                    self.send_at(at + 65 * MINUTE, DossierEvent::DueChanged { due_at, reason, letter });
                }
            }
            _ => {}
        }
    }

    /// Further steps on the way: verification, signature.
    fn move_along(&mut self, decided_worked: i64) {
        let steps = match self.chance.below(100) {
            0..34 => 0,
            34..80 => 1,
            _ => 2,
        };
        let span = decided_worked - self.worked;
        if span < 20 * MINUTE {
            return;
        }
        for step in 1..=steps {
            self.worked += self.chance.between(span / 8, span / 3);
            if self.chance.happens(300) && !self.province.officers[self.officer.0 as usize].is_slow {
                self.officer = self.province.any_officer(self.filing.agency, self.chance);
            }
            let name = self.chance.perhaps(900, names::STEPS[step + 1]);
            let step_due_at = self.chance.perhaps(500, self.due_at);
            let officer = self.officer;
            self.send(DossierEvent::Assigned { officer, agency: None, step: name, step_due_at });
        }
    }

    /// The head signs everything of the week at once, shortly before five.
    fn wait_for_friday(&mut self) {
        let day = day_of(self.now());
        let friday = day + (4 - weekday(day)).rem_euclid(7);
        if self.clock.works_on(friday) {
            let signing = midnight(friday) + 16 * 3600 + 55 * MINUTE;
            let signed_worked = self.clock.worked(signing) + self.chance.between(0, 55);
            if signed_worked > self.worked {
                self.worked = signed_worked;
                self.officer = self.province.head_of(self.filing.agency);
            }
        }
    }

    fn process(&mut self, is_digital: bool) {
        let is_granted = self.chance.happens(970);
        let officer = self.officer;
        let officer = self.chance.perhaps(750, officer);
        let processed = DossierEvent::Processed { is_granted, is_digital, officer };
        if self.chance.happens(4) {
            // Handed out first and signed afterwards.
            let channel = None;
            self.send(DossierEvent::Returned { channel });
            self.pass(10 * MINUTE, WORKING_DAY);
        }
        self.send(processed);
        if self.chance.happens(460) {
            let at = self.now() + self.chance.between(3, 15 * MINUTE);
            let is_accepted = self.chance.happens(975);
            let synced = DossierEvent::Synced { message: "progress", is_accepted };
            self.send_through(CentralSystem::NationalExchange, at, synced);
        }
    }

    fn hand_out_result(&mut self) {
        if !self.chance.happens(935) {
            return;
        }
        match self.filing.channel {
            Channel::Online => self.pass(MINUTE, WORKING_DAY),
            Channel::Counter | Channel::Post => {
                let wait = self.chance.long_tailed(WORKING_DAY);
                self.pass(10 * MINUTE, 10 * MINUTE + wait);
            }
        }
        let returned_by = if self.chance.happens(120) { Channel::Counter } else { self.filing.channel };
        let channel = self.chance.perhaps(700, returned_by);
        self.send(DossierEvent::Returned { channel });
        let returned_at = self.now();
        if self.chance.happens(680) {
            self.close_later();
        }
        if self.chance.happens(115) {
            self.rate(returned_at);
        }
    }

    fn close_later(&mut self) {
        self.pass(MINUTE, WORKING_DAY);
        self.send(DossierEvent::Closed);
    }

    fn rate(&mut self, returned_at: i64) {
        let was_late = returned_at > self.due_at;
        let at = returned_at + 2 * MINUTE + self.chance.long_tailed(CALENDAR_DAY);
        let is_satisfied = self.chance.happens(if was_late { 620 } else { 955 });
        let aspects = self.chance.pick_perhaps(300, &names::RATED_ASPECTS);
        self.send_through(CentralSystem::Rating, at, DossierEvent::Rated { is_satisfied, aspects });
    }

    fn reopen(&mut self) {
        self.pass(WORKING_HOUR, 8 * WORKING_DAY);
        let reason = self.chance.pick(&names::REOPENING_REASONS);
        self.send(DossierEvent::Reopened { reason });
        self.pass(WORKING_HOUR, 3 * WORKING_DAY);
        self.process(true);
        self.hand_out_result();
    }
}
