//! Rules: what is worth an alert, as data in one TOML file, in words of both languages.
//!
//! A rule about a subject (a dossier, a petition) holds from an instant on; a rule about a measure (a count, points, a
//! silence) is raised at one mark and cleared at another, so that a value that trembles at the mark raises one alert.
//! Not here: whether a rule holds (`desk`), who is told (`settings`).

use compute::dossier::{Flag, Flags};
use compute::engine::Watched;
use serde::Deserialize;
use thiserror::Error;

/// Rules of one file.
const RULES_MAX: usize = 100;
/// Hours or days a rule may name.
const SPAN_MAX: u64 = 400;
/// Seconds of an hour.
const HOUR: u64 = 3600;
/// The file used when no other is named.
const BUILT_IN: &str = include_str!("../rules/alerts.toml");

/// Why a file of rules is refused.
#[derive(Debug, Error)]
pub enum RuleError {
    /// Not TOML, or not the documented keys.
    #[error("rules of alerts: {0}")]
    Unreadable(String),
    /// A rule cannot be.
    #[error("rule {rule}: {problem}")]
    Refused {
        /// The rule.
        rule: String,
        /// What is wrong, and what to write.
        problem: String,
    },
}

/// How much it matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Look today.
    Warning,
    /// Act now.
    Critical,
}

impl Severity {
    /// The word in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// How people hear of it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tell {
    /// In a message.
    #[default]
    Now,
    /// In the daily digest.
    Digest,
    /// On the page only.
    Page,
}

/// Whose figures.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Agencies.
    #[default]
    Unit,
    /// Officers.
    Officer,
}

/// What a rule looks for. Hours are working hours, points are points of 100, percents are percents.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LookFor {
    /// A dossier is due within so many working hours.
    DueWithin {
        /// Working hours.
        hours: u64,
    },
    /// A dossier is due today.
    DueToday,
    /// A dossier in hand is overdue.
    Overdue,
    /// A letter of apology for a missed due date was not sent in time.
    ApologyOverdue,
    /// A filed dossier is not accepted within so many working hours.
    NotAccepted {
        /// Working hours.
        hours: u64,
    },
    /// An open petition's limit is near.
    PetitionWithin {
        /// Working days.
        days: u64,
    },
    /// An open petition is past its limit.
    PetitionPast,
    /// An irregularity shows in a dossier.
    Flagged {
        /// Which; all if none is named.
        #[serde(default)]
        flags: Vec<String>,
    },
    /// A unit or an officer has many of something, by the name of a count of the indicator set.
    Count {
        /// The count, such as `overdue`.
        count: String,
        /// Whose.
        #[serde(default)]
        level: Level,
        /// Raised from here.
        at_least: i64,
        /// Cleared below this.
        clear_below: i64,
    },
    /// A unit's total is low.
    TotalBelow {
        /// Raised below so many points.
        below: f64,
        /// Cleared from so many points.
        clear_at: f64,
    },
    /// A unit's points in a group are low, in percent of what is measured there.
    GroupBelow {
        /// The group; every group if empty.
        #[serde(default)]
        group: String,
        /// Raised below so many percent.
        below: f64,
        /// Cleared from so many percent.
        clear_at: f64,
    },
    /// A unit's total has fallen.
    Falling {
        /// Raised when it fell by so many points.
        by: f64,
        /// Cleared when it is less than so many points lower.
        clear_below: f64,
        /// Against the total so many days ago.
        days: u32,
    },
    /// An indicator of a unit is below its full points.
    BelowFull {
        /// The indicator; every one if empty.
        #[serde(default)]
        indicator: String,
        /// Only where it is divided by so much or more.
        least: u64,
    },
    /// An indicator's ratio is low, such as that of dossiers synchronised with the portal.
    RatioBelow {
        /// The indicator.
        indicator: String,
        /// Raised below so many percent.
        below: f64,
        /// Cleared from so many percent.
        clear_at: f64,
        /// Only where it is divided by so much or more.
        least: u64,
    },
    /// Nothing came from a source in so much working time.
    SourceSilent {
        /// Working hours.
        hours: u64,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Rule>,
}

/// One rule.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name in addresses and messages.
    pub id: String,
    /// What it looks for.
    pub look_for: LookFor,
    /// How much it matters.
    pub severity: Severity,
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    pub en: String,
    /// How people hear of it.
    #[serde(default)]
    pub tell: Tell,
    /// Outside working time too.
    #[serde(default)]
    pub at_once: bool,
    /// A measure must stay beyond its mark for so many minutes.
    #[serde(default)]
    pub for_minutes: u32,
    /// Between two messages of one unit about this rule.
    #[serde(default = "five")]
    pub every_minutes: u32,
    /// Unless it is acknowledged: to the head of the unit after so many working hours, to the province office after so
    /// many more.
    #[serde(default)]
    pub escalate_after_hours: Vec<u64>,
}

fn five() -> u32 {
    5
}

/// The marks of a measure, in hundredths or whole counts: raised beyond one, cleared beyond the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Marks {
    /// Low values are bad, not high ones.
    pub is_low_bad: bool,
    /// Raised below this (low), or from this on (high).
    pub raise: i64,
    /// Cleared from this on (low), or below this (high).
    pub clear: i64,
}

impl Marks {
    /// Whether `value` raises an alert.
    pub fn is_raised_by(self, value: i64) -> bool {
        if self.is_low_bad { value < self.raise } else { value >= self.raise }
    }

    /// Whether `value` clears it.
    pub fn is_cleared_by(self, value: i64) -> bool {
        if self.is_low_bad { value >= self.clear } else { value < self.clear }
    }
}

impl Rule {
    /// The rules built in.
    pub fn built_in() -> Result<Vec<Rule>, RuleError> {
        Rule::read(BUILT_IN)
    }

    /// Reads a file of rules.
    ///
    /// # Errors
    /// [`RuleError`] naming the rule and what to write instead.
    pub fn read(text: &str) -> Result<Vec<Rule>, RuleError> {
        let file: File = toml::from_str(text).map_err(|error| RuleError::Unreadable(error.to_string()))?;
        let rules = file.rule;
        for (place, rule) in rules.iter().enumerate() {
            let refuse = |problem: String| RuleError::Refused { rule: rule.id.clone(), problem };
            rule.check().map_err(refuse)?;
            if rules[..place].iter().any(|other| other.id == rule.id) {
                return Err(refuse("there are two of this id; give each its own".to_owned()));
            }
        }
        if rules.len() > RULES_MAX {
            let problem = format!("there are {} rules; keep at most {RULES_MAX}", rules.len());
            return Err(RuleError::Unreadable(problem));
        }
        Ok(rules)
    }

    fn check(&self) -> Result<(), String> {
        let is_plain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
        };
        if !is_plain(&self.id) {
            return Err("an id is small letters, digits and _".to_owned());
        }
        if self.vi.is_empty() || self.en.is_empty() {
            return Err("vi and en are the rule in words; write both".to_owned());
        }
        let spans = match &self.look_for {
            LookFor::DueWithin { hours }
            | LookFor::NotAccepted { hours }
            | LookFor::SourceSilent { hours } => vec![*hours],
            LookFor::PetitionWithin { days } => vec![*days],
            LookFor::Falling { days, .. } => vec![u64::from(*days)],
            LookFor::Flagged { flags } => {
                for name in flags {
                    flag(name).ok_or_else(|| {
                        let known: Vec<&str> = Flag::ALL.iter().map(|flag| flag.name()).collect();
                        format!("there is no flag {name}; there are {}", known.join(", "))
                    })?;
                }
                Vec::new()
            }
            _ => Vec::new(),
        };
        if spans.iter().chain(&self.escalate_after_hours).any(|span| *span == 0 || *span > SPAN_MAX) {
            return Err(format!("hours and days go from 1 to {SPAN_MAX}"));
        }
        if self.escalate_after_hours.len() > 2 {
            return Err("there are two steps: to the head of the unit, and to the province office".to_owned());
        }
        let is_crossed = |marks: Marks| {
            if marks.is_low_bad { marks.clear < marks.raise } else { marks.clear > marks.raise }
        };
        if self.marks().is_some_and(is_crossed) {
            return Err(
                "what clears it would raise it again; put the clearing mark on the other side".to_owned()
            );
        }
        Ok(())
    }

    /// What the engine is told to look for; `None` for a rule about a measure.
    pub fn watched(&self) -> Option<Watched> {
        Some(match &self.look_for {
            LookFor::DueWithin { hours } => Watched::DueWithin(hours * HOUR),
            LookFor::DueToday => Watched::DueToday,
            LookFor::Overdue => Watched::Overdue,
            LookFor::ApologyOverdue => Watched::ApologyOverdue,
            LookFor::NotAccepted { hours } => Watched::NotAccepted(hours * HOUR),
            LookFor::PetitionWithin { days } => Watched::PetitionWithin(*days),
            LookFor::PetitionPast => Watched::PetitionPast,
            LookFor::Flagged { flags } if flags.is_empty() => Watched::Flagged(Flags::of(Flag::ALL)),
            LookFor::Flagged { flags } => {
                Watched::Flagged(Flags::of(flags.iter().filter_map(|name| flag(name))))
            }
            _ => return None,
        })
    }

    /// Where a measure is raised and cleared; `None` for a rule about a subject.
    pub fn marks(&self) -> Option<Marks> {
        let low = |below: f64, clear_at: f64| Marks {
            is_low_bad: true,
            raise: hundredths(below),
            clear: hundredths(clear_at),
        };
        let high = |raise, clear| Marks { is_low_bad: false, raise, clear };
        Some(match &self.look_for {
            LookFor::Count { at_least, clear_below, .. } => high(*at_least, *clear_below),
            LookFor::TotalBelow { below, clear_at }
            | LookFor::GroupBelow { below, clear_at, .. }
            | LookFor::RatioBelow { below, clear_at, .. } => low(*below, *clear_at),
            LookFor::Falling { by, clear_below, .. } => high(hundredths(*by), hundredths(*clear_below)),
            // What is measured is what is missing to the full points.
            LookFor::BelowFull { .. } => high(1, 1),
            LookFor::SourceSilent { hours } => {
                let seconds = i64::try_from(hours * HOUR).unwrap_or(i64::MAX);
                high(seconds, seconds)
            }
            _ => return None,
        })
    }

    /// It says what has happened and cannot be undone: once acknowledged it is over.
    pub fn is_notice(&self) -> bool {
        matches!(self.look_for, LookFor::Flagged { .. })
    }

    /// It holds of a dossier or petition for as long as the engine says so.
    pub(crate) fn is_of_subjects(&self) -> bool {
        self.watched().is_some() && !self.is_notice()
    }
}

fn flag(name: &str) -> Option<Flag> {
    Flag::ALL.into_iter().find(|flag| flag.name() == name)
}

/// Points or percents as hundredths; what no figure reaches saturates.
#[allow(clippy::cast_possible_truncation, reason = "a float beyond i64 saturates, and no figure is near it")]
fn hundredths(number: f64) -> i64 {
    (number * 100.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_built_in_load_and_cover_what_was_asked_for() {
        let rules = Rule::built_in().expect("they are part of the program");
        let about_subjects = rules.iter().filter(|rule| rule.watched().is_some()).count();
        assert!(about_subjects >= 7 && rules.len() - about_subjects >= 7, "{}", rules.len());
        assert!(rules.iter().all(|rule| rule.watched().is_some() != rule.marks().is_some()));
    }

    #[test]
    fn a_file_with_a_slip_is_refused_by_the_rules_name() {
        let rule = |id: &str, look_for: &str| {
            format!(
                "[[rule]]\nid = \"{id}\"\nlook_for = {look_for}\nseverity = \"info\"\nvi = \"a\"\nen = \"a\"\n"
            )
        };
        let check = |text: &str, says: &str| {
            let error = Rule::read(text).expect_err("it is refused").to_string();
            assert!(error.contains(says), "{error}");
        };
        check(&rule("A b", "\"overdue\""), "rule A b: an id is small letters");
        check(&rule("a", "\"overdu\""), "overdu");
        check(&rule("a", "{ due_within = { hours = 0 } }"), "rule a: hours and days go from 1");
        check(&rule("a", "{ due_within = { hours = 1, minutes = 2 } }"), "minutes");
        check(
            &rule("a", "{ flagged = { flags = [\"x\"] } }"),
            "there is no flag x; there are closed_before_result",
        );
        check(&rule("a", "{ total_below = { below = 70, clear_at = 60 } }"), "would raise it again");
        check(
            &rule("a", "{ count = { count = \"overdue\", at_least = 5, clear_below = 7 } }"),
            "would raise it again",
        );
        check(&format!("{}{}", rule("a", "\"overdue\""), rule("a", "\"due_today\"")), "two of this id");
        check("x = 1", "x");
    }

    #[test]
    fn a_value_between_the_marks_neither_raises_nor_clears() {
        let low = Marks { is_low_bad: true, raise: 7000, clear: 7200 };
        let high = Marks { is_low_bad: false, raise: 10, clear: 8 };
        for (marks, value, raises, clears) in [
            (low, 6999, true, false),
            (low, 7000, false, false),
            (low, 7199, false, false),
            (low, 7200, false, true),
            (high, 10, true, false),
            (high, 9, false, false),
            (high, 8, false, false),
            (high, 7, false, true),
        ] {
            assert_eq!((marks.is_raised_by(value), marks.is_cleared_by(value)), (raises, clears), "{value}");
        }
    }
}
