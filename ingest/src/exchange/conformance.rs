//! Conformance: which fields the index needs are there, in how many dossiers, and what was odd.
//!
//! A dossier is judged by all its messages together: a field that one of them gives is given. Which indicators a field
//! feeds is not known here: a [`Need`] names fact columns, and whoever reports asks the indicator set. Not here: words
//! and points (`nhip exchange check`).

use std::collections::{BTreeMap, BTreeSet};

use compute::instant::Instant;

use super::fields::{Fields, Found, List};
use super::finding::FindingKind;
use super::status::Status;
use super::{Mapped, Message};

/// Examples told of one kind of trouble.
const EXAMPLES_MAX: usize = 3;

/// Which dossiers a field is needed of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Of {
    /// All.
    Every,
    /// Those that were processed or returned.
    Ended,
    /// Those that were asked for a supplement.
    Supplemented,
}

/// A field the index needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Need {
    /// The field, and of a list which member of its elements.
    pub field: &'static str,
    /// The member at fault when the field cannot be read.
    leaf: &'static str,
    /// Fact columns that are unknown or wrong without it.
    pub columns: &'static [&'static str],
    of: Of,
}

const fn need(field: &'static str, leaf: &'static str, columns: &'static [&'static str], of: Of) -> Need {
    Need { field, leaf, columns, of }
}

/// Columns of a dossier that was not accepted: it is in no figure.
const ENTRY: &[&str] = &["received", "in_hand"];

/// Every field the index needs.
pub const NEEDS: &[Need] = &[
    need("NgayTiepNhan", "NgayTiepNhan", ENTRY, Of::Every),
    need("MaTTHC", "MaTTHC", ENTRY, Of::Every),
    need("DonViXuLy", "DonViXuLy", ENTRY, Of::Every),
    need("NgayHenTra", "NgayHenTra", &["has_due", "late"], Of::Every),
    need("NgayKetThucXuLy", "NgayKetThucXuLy", &["late"], Of::Ended),
    need("DanhSachHoSoBoSung[].NgayBoSung", "NgayBoSung", &["late"], Of::Supplemented),
    need("KenhThucHien", "KenhThucHien", &["channel"], Of::Every),
    need("DanhSachLePhi[].Gia", "Gia", &["fee_vnd", "fee_exempt"], Of::Every),
    need("DuocThanhToanTrucTuyen", "DuocThanhToanTrucTuyen", &["paid_online"], Of::Every),
    need(
        "DanhSachGiayToKetQua[].DuongDanTepTinKetQua",
        "DuongDanTepTinKetQua",
        &["result_digital"],
        Of::Ended,
    ),
    need("TaiLieuNop[].DuocSoHoa", "DuocSoHoa", &["digitised"], Of::Every),
    need("TaiLieuNop[].DuocTaiSuDung", "DuocTaiSuDung", &["reused"], Of::Every),
    need("TaiLieuNop[].DuocLayTuKhoDMQG", "DuocLayTuKhoDMQG", &["from_portal_store"], Of::Every),
    need("TaiKhoanDuocXacThucVoiVNeID", "TaiKhoanDuocXacThucVoiVNeID", &["population_data"], Of::Every),
];

impl Need {
    /// Columns that a value which cannot be read puts at risk: the whole message is set aside.
    pub fn columns_if_unusable(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().chain(ENTRY).copied()
    }
}

/// What one message gives; a bit for each of [`NEEDS`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    given: u32,
    is_dossier: bool,
    is_ended: bool,
    is_supplemented: bool,
}

impl Seen {
    pub(super) fn of(fields: &Fields) -> Seen {
        let given = |need: &Need| match need.field.split_once("[].") {
            None => fields.row.get(need.field).is_some(),
            Some((list, member)) => match fields.list(list) {
                Some(List::Rows(rows)) => {
                    // Whoever says for the dossier as a whole that parts are digitised has said it.
                    !rows.is_empty() && rows.iter().all(|row| row.get(member).is_some())
                }
                Some(List::Other) | None => false,
            },
        };
        let is_given = |need: &Need| {
            given(need) || (need.leaf == "DuocSoHoa" && fields.row.get("HoSoCoThanhPhanSoHoa").is_some())
        };
        let bits = NEEDS.iter().enumerate().filter(|(_, need)| is_given(need));
        let status = ["TrangThaiHoSo", "TrangThai"].map(|name| match fields.row.get(name) {
            Some(Found::Whole(number)) => *number,
            Some(Found::Text(digits)) => digits.parse().unwrap_or_default(),
            _ => 0,
        });
        let has_list =
            matches!(fields.list("DanhSachHoSoBoSung"), Some(List::Rows(rows)) if !rows.is_empty());
        Seen {
            given: bits.fold(0, |sum, (place, _)| sum | 1 << place),
            is_dossier: super::dossier::is_dossier(fields),
            is_ended: status.iter().any(|status| [9, 10].contains(status))
                || fields.row.get("NgayTra").is_some(),
            is_supplemented: status.contains(&5) || has_list,
        }
    }

    fn needs(self, need: &Need) -> bool {
        match need.of {
            Of::Every => true,
            Of::Ended => self.is_ended,
            Of::Supplemented => self.is_supplemented,
        }
    }

    fn and(self, other: Seen) -> Seen {
        Seen {
            given: self.given | other.given,
            is_dossier: self.is_dossier || other.is_dossier,
            is_ended: self.is_ended || other.is_ended,
            is_supplemented: self.is_supplemented || other.is_supplemented,
        }
    }
}

/// Where trouble was seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// The dossier, if its code could be read.
    pub dossier: Option<String>,
    /// Place of the message among all that were read, from 1.
    pub position: usize,
}

/// How often a field was needed, and was not there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldCount {
    /// Which field.
    pub need: &'static Need,
    /// Dossiers that need it.
    pub dossiers: usize,
    /// Those of them for which no message gives it.
    pub missing: usize,
    /// Those for which it cannot be read.
    pub unusable: usize,
    /// Some of them.
    pub examples: Vec<Example>,
}

/// How often something was odd or set aside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FindingCount {
    /// Code of the reason or the oddity.
    pub code: &'static str,
    /// What to do about it.
    pub advice: &'static str,
    /// Whether the messages were set aside.
    pub is_rejection: bool,
    /// The field, if one is at fault.
    pub field: Option<&'static str>,
    /// Messages.
    pub count: usize,
    /// Some of them.
    pub examples: Vec<Example>,
}

#[derive(Default, Debug)]
struct OneDossier {
    seen: Seen,
    unusable: u32,
    first: usize,
    /// What was said of its status, when, and where.
    statuses: BTreeSet<(Instant, Status, usize)>,
    base_dues: BTreeMap<Instant, usize>,
    /// Messages that already say by themselves that a status steps back.
    told_back: BTreeSet<usize>,
}

type FindingKey = (bool, &'static str, Option<&'static str>);

/// Counts over messages.
#[derive(Default, Debug)]
pub struct Conformance {
    /// Messages read.
    pub messages: usize,
    /// Those of them that were set aside.
    pub rejected: usize,
    /// Different events they make.
    pub events: usize,
    ids: BTreeSet<String>,
    dossiers: BTreeMap<String, OneDossier>,
    findings: BTreeMap<FindingKey, (&'static str, usize, Vec<Example>)>,
}

impl Conformance {
    /// Counts one more message.
    pub fn add(&mut self, message: &Message) {
        self.messages += 1;
        let position = self.messages;
        let name = message.dossier.as_deref();
        match &message.outcome {
            Ok(mapped) => self.add_mapped(name, mapped, position),
            Err(unmapped) => {
                self.rejected += 1;
                let (reason, field) = (unmapped.rejection.reason, unmapped.rejection.field);
                self.find((true, reason.code(), field), reason.advice(), name, position);
            }
        }
        let Some(name) = name else { return };
        let dossier = self.dossiers.entry(name.to_owned()).or_default();
        if dossier.first == 0 {
            dossier.first = position;
        }
        dossier.seen = dossier.seen.and(message.seen);
        if let Err(unmapped) = &message.outcome {
            let at_fault =
                NEEDS.iter().enumerate().filter(|(_, need)| Some(need.leaf) == unmapped.rejection.field);
            // A required field that is not there at all is missing, and counted as such.
            let is_there = unmapped.rejection.reason != crate::rejection::Reason::Missing;
            at_fault.filter(|_| is_there).for_each(|(place, _)| dossier.unusable |= 1 << place);
        }
    }

    fn add_mapped(&mut self, name: Option<&str>, mapped: &Mapped, position: usize) {
        self.ids
            .extend(mapped.events.iter().map(|event| format!("{} {}", name.unwrap_or_default(), event.id)));
        self.events = self.ids.len();
        for finding in &mapped.findings {
            self.find(
                (false, finding.kind.code(), Some(finding.field)),
                finding.kind.advice(),
                name,
                position,
            );
        }
        let Some(name) = name else { return };
        let dossier = self.dossiers.entry(name.to_owned()).or_default();
        dossier.statuses.extend(mapped.status.map(|(at, status)| (at, status, position)));
        if let Some(due) = mapped.base_due {
            dossier.base_dues.entry(due).or_insert(position);
        }
        if mapped.findings.iter().any(|finding| finding.kind == FindingKind::StatusBackwards) {
            dossier.told_back.insert(position);
        }
    }

    fn find(&mut self, key: FindingKey, advice: &'static str, name: Option<&str>, position: usize) {
        let (_, count, examples) = self.findings.entry(key).or_insert((advice, 0, Vec::new()));
        *count += 1;
        if examples.len() < EXAMPLES_MAX {
            examples.push(Example { dossier: name.map(str::to_owned), position });
        }
    }

    /// Dossiers seen.
    pub fn dossiers(&self) -> usize {
        self.dossiers.len()
    }

    /// For every need how it was met, in the order of [`NEEDS`].
    pub fn fields(&self) -> Vec<FieldCount> {
        let count = |(place, need): (usize, &'static Need)| {
            let mut count = FieldCount { need, dossiers: 0, missing: 0, unusable: 0, examples: Vec::new() };
            for (name, dossier) in &self.dossiers {
                if !dossier.seen.is_dossier || !dossier.seen.needs(need) {
                    continue;
                }
                let (bit, is_unusable) = (1 << place, dossier.unusable & (1 << place) != 0);
                let is_missing = dossier.seen.given & bit == 0;
                count.dossiers += 1;
                count.missing += usize::from(is_missing && !is_unusable);
                count.unusable += usize::from(is_unusable);
                if (is_missing || is_unusable) && count.examples.len() < EXAMPLES_MAX {
                    let dossier_code = Some(name.clone());
                    count.examples.push(Example { dossier: dossier_code, position: dossier.first });
                }
            }
            count
        };
        NEEDS.iter().enumerate().map(count).collect()
    }

    /// What was set aside and what was odd, also what only several messages of a dossier show.
    pub fn findings(mut self) -> Vec<FindingCount> {
        for (name, dossier) in std::mem::take(&mut self.dossiers) {
            let statuses: Vec<_> = dossier.statuses.iter().collect();
            for pair in statuses.windows(2) {
                let ((_, earlier, _), (_, later, position)) = (pair[0], pair[1]);
                if later.is_before(*earlier) && !dossier.told_back.contains(position) {
                    let kind = FindingKind::StatusBackwards;
                    let key = (false, kind.code(), Some("TrangThaiHoSo"));
                    self.find(key, kind.advice(), Some(&name), *position);
                }
            }
            for position in dossier.base_dues.values().skip(1) {
                let kind = FindingKind::DueMovedUnexplained;
                self.find((false, kind.code(), Some("NgayHenTra")), kind.advice(), Some(&name), *position);
            }
        }
        let told = |((is_rejection, code, field), (advice, count, examples))| FindingCount {
            code,
            advice,
            is_rejection,
            field,
            count,
            examples,
        };
        self.findings.into_iter().map(told).collect()
    }
}
