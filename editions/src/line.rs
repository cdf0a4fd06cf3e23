//! Rows as lines: the one place that says how an edition is written. A line is JSON with its members in this order.
//!
//! Masks are hexadecimal digits, instants RFC 3339 at +07:00. Not here: what rows mean (`content`).

use serde::{Deserialize, Serialize};

/// A line.
#[derive(Clone, PartialEq, Serialize, Deserialize, Debug)]
#[serde(tag = "row", rename_all = "snake_case")]
pub(crate) enum Line {
    Edition(HeadLine),
    /// A file of the indicator sets it was counted under.
    Source {
        file: String,
        text: String,
    },
    Unit(UnitLine),
    Officer {
        code: String,
        name: String,
        agency: String,
    },
    Procedure {
        code: String,
        masks: [String; 2],
        in_force: bool,
        commune: bool,
        province: bool,
        owners: Vec<String>,
    },
    Agency {
        code: String,
        masks: [String; 2],
        units: Vec<String>,
    },
    /// The units that dossiers count for; numbered from 0 in the order of the file.
    Chain {
        units: Vec<String>,
    },
    Dossier(SubjectLine),
    Petition(SubjectLine),
    /// A dossier that was judged otherwise because an objection was accepted.
    Judged(JudgedLine),
    Figure(FigureLine),
    Total(TotalLine),
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub(crate) struct HeadLine {
    pub(crate) format: u32,
    pub(crate) period: String,
    pub(crate) number: u32,
    pub(crate) as_of: String,
    pub(crate) cut: String,
    pub(crate) is_provisional: bool,
    /// Events of the log before this were counted; null where there is no log.
    pub(crate) log_offset: Option<u64>,
    /// By id.
    pub(crate) sets: Vec<(String, u32)>,
    /// SHA-256 of the sets' files and of the calendar's.
    pub(crate) sets_hash: String,
    pub(crate) calendar_hash: String,
    pub(crate) program: String,
    /// The edition it revises, and why.
    pub(crate) revises: Option<String>,
    pub(crate) reason: Option<String>,
    /// Whether officers may be shown to the public, once that is decided.
    pub(crate) names_officers: Option<bool>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub(crate) struct UnitLine {
    pub(crate) code: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) name_en: Option<String>,
    pub(crate) parent: Option<String>,
    pub(crate) inherits: Option<String>,
    pub(crate) reported: (u64, u64),
    pub(crate) has_row: bool,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub(crate) struct SubjectLine {
    pub(crate) code: String,
    pub(crate) chain: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) officer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) procedure: Option<String>,
    pub(crate) mask: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delay: Option<DelayLine>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub(crate) struct DelayLine {
    pub(crate) due: Option<String>,
    pub(crate) ended_at: Option<String>,
    /// Working seconds.
    pub(crate) over_seconds: Option<u64>,
    pub(crate) mask_in_time: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub(crate) struct JudgedLine {
    pub(crate) dossier: String,
    pub(crate) reason: String,
    pub(crate) judged: String,
    /// The edition that decided it, and the objection's number there.
    pub(crate) edition: String,
    pub(crate) objection: usize,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub(crate) struct FigureLine {
    pub(crate) set: String,
    pub(crate) level: String,
    pub(crate) unit: String,
    pub(crate) indicator: String,
    pub(crate) numerator: u64,
    pub(crate) denominator: u64,
    /// Percent with two decimals; empty when nothing is measured.
    pub(crate) ratio: String,
    pub(crate) points: String,
    pub(crate) max: u64,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub(crate) struct TotalLine {
    pub(crate) set: String,
    pub(crate) level: String,
    pub(crate) unit: String,
    pub(crate) total: Option<String>,
    pub(crate) measured_max: u64,
    /// Points by group of the set.
    pub(crate) groups: Vec<(String, String)>,
    pub(crate) grade: Option<String>,
    pub(crate) rank: Option<u32>,
    pub(crate) peers: u32,
    /// How many delayed dossiers: as many as there are rows of them.
    pub(crate) delayed: u64,
}

impl Line {
    pub(crate) fn text(&self) -> String {
        // Structs of texts and numbers can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}
