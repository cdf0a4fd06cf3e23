//! A progress message: one step of the work on a dossier.
//!
//! Who holds the dossier from the step's start on, and the status the step left it in. Not here: the dossier as a whole
//! (`snapshot`).

use compute::event::EventType;
use compute::instant::Instant;
use serde_json::json;

use super::event::{Place, Telling};
use super::fields::{Fields, Row};
use super::finding::{Finding, FindingKind};
use super::status::Status;
use crate::rejection::{Reason, Rejection};

/// Members that only a progress message has.
const OF_PROGRESS: &[&str] = &[
    "NguoiXuLy",
    "ChucDanh",
    "PhongBanXuLy",
    "ThoiDiemXuLy",
    "TrangThai",
    "NgayBatDau",
    "NgayKetThucTheoQuyDinh",
];

/// Between the department and the position, in the name of a step.
const STEP_JOINT: &str = " · ";

/// Whether the message says something of a step.
pub(super) fn is_progress(fields: &Fields) -> bool {
    OF_PROGRESS.iter().any(|name| fields.row.get(name).is_some())
}

/// What a progress message says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Progress {
    officer: Option<String>,
    agency: Option<String>,
    step: Option<String>,
    /// When it was handled.
    pub(super) handled: Instant,
    started: Instant,
    due: Option<Instant>,
    /// What it left the dossier in.
    pub(super) status: Option<Status>,
}

impl Progress {
    /// Reads a message; `sent` is the time of the wrapper, if it has one.
    pub(super) fn read(row: &Row, sent: Option<Instant>) -> Result<Progress, Rejection> {
        let (handled, started) = (row.date("ThoiDiemXuLy")?, row.date("NgayBatDau")?);
        let Some(time) = handled.or(started).or(sent) else {
            return Err(Rejection::field(Reason::Missing, "ThoiDiemXuLy"));
        };
        let named: Vec<&str> =
            [row.code("PhongBanXuLy")?, row.code("ChucDanh")?].into_iter().flatten().collect();
        Ok(Progress {
            officer: row.code("NguoiXuLy")?.map(str::to_owned),
            agency: row.code("DonViXuLy")?.map(str::to_owned),
            step: (!named.is_empty()).then(|| named.join(STEP_JOINT)),
            handled: time,
            started: started.unwrap_or(time),
            due: row.date("NgayKetThucTheoQuyDinh")?,
            status: Status::read(row, "TrangThai")?,
        })
    }

    /// Tells the events of the step, and what is odd about it.
    pub(super) fn tell(&self, telling: &mut Telling<'_>, findings: &mut Vec<Finding>) {
        match &self.officer {
            Some(officer) => {
                let data = json!({
                    "officer": officer, "agency": self.agency, "step": self.step,
                    "step_due_at": self.due.map(Instant::to_utc),
                });
                telling.tell(EventType::Assigned, Place::Assigned, self.started, data);
            }
            None => findings.push(Finding { kind: FindingKind::OfficerMissing, field: "NguoiXuLy" }),
        }
        if let Some(status) = self.status {
            status.tell(self.handled, telling);
        }
    }
}
