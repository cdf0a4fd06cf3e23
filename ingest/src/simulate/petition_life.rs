//! The life of a petition (phản ánh, kiến nghị): received, perhaps passed on, answered, published, rated.
//!
//! Most answers come within the fifteen working days; slack agencies miss them more often. Petitions that
//! name a dossier name one that was really filed shortly before.

use super::chance::Chance;
use super::courier::Courier;
use super::happening::{Agency, CaseCode, DossierCode, Officer, PetitionEvent, Subject, What};
use super::province::{CentralSystem, PROVINCE, Province};
use super::working_clock::{WORKING_DAY, WORKING_HOUR, WorkingClock};

pub(super) struct PetitionLife<'a> {
    pub(super) province: &'a Province,
    pub(super) clock: &'a WorkingClock,
    pub(super) chance: &'a mut Chance,
    pub(super) courier: &'a mut Courier,
    pub(super) code: CaseCode,
    pub(super) about_dossier: Option<DossierCode>,
}

impl PetitionLife<'_> {
    pub(super) fn tell(mut self, received_at: i64) {
        let agency = match self.about_dossier {
            Some(dossier) => dossier.agency,
            None => self.province.any_filing_agency(self.chance),
        };
        let first_agency = if self.chance.happens(280) { PROVINCE } else { agency };
        self.receive(received_at, first_agency, agency);
        let mut worked = self.clock.worked(received_at);
        if first_agency != agency {
            worked += self.chance.between(WORKING_HOUR, 4 * WORKING_DAY);
            self.send(worked, PetitionEvent::Transferred { agency });
        }
        match self.chance.below(100) {
            0..9 => {
                let most = if self.chance.happens(850) { 2 * WORKING_DAY } else { 5 * WORKING_DAY };
                worked += self.chance.between(WORKING_HOUR, most);
                self.send(worked, PetitionEvent::Refused);
            }
            9..18 => {
                worked += self.chance.between(WORKING_HOUR, 6 * WORKING_DAY);
                self.send(worked, PetitionEvent::SupplementRequested);
                if self.chance.happens(600) {
                    self.answer(worked, agency);
                }
            }
            18..22 => {}
            _ => self.answer(worked, agency),
        }
    }

    fn send(&mut self, worked: i64, event: PetitionEvent) {
        self.send_at(self.clock.instant(worked), event);
    }

    fn send_at(&mut self, at_seconds: i64, event: PetitionEvent) {
        let source = self.province.source_of(CentralSystem::Petitions);
        self.courier.send(at_seconds, source, Subject::Petition(self.code), What::Petition(event));
    }

    fn receive(&mut self, received_at: i64, first_agency: Agency, agency: Agency) {
        let about = if self.chance.happens(580) { "conduct" } else { "regulation" };
        let officer: Option<Officer> = if about == "conduct" && self.chance.happens(550) {
            Some(self.province.any_officer(agency, self.chance))
        } else {
            None
        };
        let via = if self.chance.happens(700) { "direct" } else { "transferred" };
        let dossier = self.about_dossier;
        self.send_at(
            received_at,
            PetitionEvent::Received { agency: first_agency, about, dossier, officer, via },
        );
    }

    fn answer(&mut self, worked: i64, agency: Agency) {
        let is_slack = self.province.agency(agency).habits.is_slack;
        let is_late = self.chance.happens(if is_slack { 350 } else { 90 });
        let (least, most) = if is_late { (17, 30) } else { (1, 14) };
        let answered = worked + self.chance.between(least * WORKING_DAY, most * WORKING_DAY);
        self.send(answered, PetitionEvent::Answered);
        if self.chance.happens(880) {
            let most = if self.chance.happens(850) { WORKING_DAY } else { 6 * WORKING_DAY };
            let published = answered + self.chance.between(WORKING_HOUR, most);
            self.send(published, PetitionEvent::Published);
        }
        if self.chance.happens(450) {
            let rated_at = self.clock.instant(answered + 2) + self.chance.between(3_600, 10 * 86_400);
            let is_satisfied = self.chance.happens(if is_late { 450 } else { 820 });
            self.send_at(rated_at, PetitionEvent::Rated { is_satisfied });
        }
    }
}
