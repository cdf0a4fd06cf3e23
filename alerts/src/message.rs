//! A message: what goes to one channel, once, however often it is tried.
//!
//! Its id follows from what it says, so a receiver that hears it twice after a crash can drop the second. Not here: words
//! (`text`), sending (`channel`).

use compute::instant::Instant;
use serde::{Deserialize, Serialize};

use crate::alert::{Alert, fingerprint};

/// The first pause after a failure, and the longest, in seconds.
const PAUSE_SECONDS: u64 = 1;
const PAUSE_SECONDS_MAX: u64 = 600;
/// A message is given up when it is so old.
const LIFE_SECONDS: u64 = 86_400;

/// An alert as a message shows it: nothing of an applicant is known here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Item {
    /// The alert's id.
    pub id: String,
    /// The dossier, petition, officer, unit or source.
    pub subject: String,
    /// When it began, in Vietnam's zone.
    pub since: String,
    /// The due date or limit.
    pub due: Option<String>,
    /// The officer's code.
    pub officer: Option<String>,
    /// What was measured.
    pub value: Option<i64>,
    /// Its page.
    pub link: Option<String>,
}

impl Item {
    pub(crate) fn of(alert: &Alert, link: Option<String>) -> Item {
        Item {
            id: alert.id(),
            subject: alert.key.subject.clone(),
            since: alert.since.to_local(),
            due: alert.due.map(Instant::to_local),
            officer: alert.officer.clone(),
            value: alert.value,
            link,
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The channel took it.
    Delivered,
    /// It did not; it is tried again.
    Failed,
    /// It did not for a whole day.
    GivenUp,
}

impl Outcome {
    /// The word in metrics and on pages.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Delivered => "delivered",
            Outcome::Failed => "failed",
            Outcome::GivenUp => "given_up",
        }
    }
}

/// A message on its way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Its place in the order of all.
    pub number: u64,
    /// The same for every try.
    pub id: String,
    /// The channel's name.
    pub channel: String,
    /// One line.
    pub subject: String,
    /// What is sent: JSON, or text.
    pub body: String,
    /// When it was made, and when it is tried next, in seconds since 1970.
    pub made_at: i64,
    /// When it is tried next.
    pub next_try: i64,
    /// Tries so far.
    pub tries: u32,
}

impl Message {
    /// The id of a message with this body to this channel.
    pub(crate) fn id_of(channel: &str, body: &str) -> String {
        fingerprint([channel, body])
    }

    /// Notes a failed try; whether it is given up.
    pub fn put_off(&mut self, now: Instant) -> Outcome {
        self.tries += 1;
        let now = now.unix_seconds();
        let pause = i64::try_from(pause_after(self.tries, &self.id)).unwrap_or(i64::MAX);
        self.next_try = now.saturating_add(pause);
        let age = u64::try_from(now.saturating_sub(self.made_at)).unwrap_or(0);
        if age >= LIFE_SECONDS { Outcome::GivenUp } else { Outcome::Failed }
    }
}

/// Seconds to wait after so many failures: doubling, with up to a quarter more that follows from the id, so that
/// messages that failed together are not tried together.
pub fn pause_after(tries: u32, id: &str) -> u64 {
    let doubled = PAUSE_SECONDS << tries.saturating_sub(1).min(16);
    let pause = doubled.min(PAUSE_SECONDS_MAX);
    let spread =
        id.bytes().fold(u64::from(tries), |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    pause + spread % (pause / 4 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_ten_minutes_and_a_message_is_given_up_after_a_day() {
        let pauses: Vec<u64> = (1..=12).map(|tries| pause_after(tries, "0123456789abcdef")).collect();
        for (place, pause) in pauses.iter().enumerate() {
            let least = (1_u64 << place).min(600);
            assert!((least..=least + least / 4).contains(pause), "{pauses:?}");
        }
        assert_ne!(pause_after(9, "a"), pause_after(9, "b"), "not all at the same instant");
        let mut message = Message {
            number: 1,
            id: "a".to_owned(),
            channel: "c".to_owned(),
            subject: String::new(),
            body: String::new(),
            made_at: 0,
            next_try: 0,
            tries: 0,
        };
        let at = |seconds| Instant::from_unix(seconds, 0);
        assert_eq!(message.put_off(at(86_399)), Outcome::Failed);
        assert_eq!(message.put_off(at(86_400)), Outcome::GivenUp);
        assert!(message.next_try > 86_400 && message.tries == 2);
    }
}
