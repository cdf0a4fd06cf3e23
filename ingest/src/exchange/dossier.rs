//! A dossier message: a snapshot of one dossier, read into its happenings.
//!
//! Everything is read before anything is told: a message is taken whole or set aside whole. Not here: which events the
//! happenings become (`snapshot`), steps of the work (`progress`).

use compute::instant::Instant;

use super::fields::{Fields, Found, List, Row};
use super::status::Status;
use crate::rejection::{Reason, Rejection};

/// What a dossier message says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Dossier {
    pub(super) procedure: Option<String>,
    pub(super) agency: Option<String>,
    pub(super) channel: &'static str,
    pub(super) filed: Option<Instant>,
    pub(super) accepted: Option<Instant>,
    pub(super) due: Option<Instant>,
    pub(super) ended: Option<Instant>,
    pub(super) returned: Option<Instant>,
    pub(super) refused: Option<Instant>,
    pub(super) status: Option<Status>,
    pub(super) supplements: Vec<Supplement>,
    pub(super) has_digitised_parts: bool,
    /// Digitised, reused, from the portal's store; a document each.
    pub(super) documents: Vec<[bool; 3]>,
    pub(super) population_data: bool,
    /// Place among the payment methods.
    pub(super) paid_by: Option<&'static str>,
    /// Sum of the fees, where a fee list is given.
    pub(super) fee_vnd: Option<u64>,
    pub(super) has_result_file: bool,
    /// When the sender says the dossier stood like this.
    pub(super) stated: Option<Instant>,
}

/// An element of `DanhSachHoSoBoSung`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Supplement {
    pub(super) requested: Option<Instant>,
    pub(super) received: Option<Instant>,
    pub(super) due_before: Option<Instant>,
    pub(super) due_after: Option<Instant>,
}

/// Members that only a dossier message has.
const OF_DOSSIERS: &[&str] = &[
    "NgayNopHoSo",
    "NgayTiepNhan",
    "NgayHenTra",
    "NgayKetThucXuLy",
    "NgayTra",
    "NgayTuChoi",
    "TrangThaiHoSo",
    "MaTTHC",
    "KenhThucHien",
    "HoSoCoThanhPhanSoHoa",
    "TaiKhoanDuocXacThucVoiVNeID",
    "DuocThanhToanTrucTuyen",
];

/// Whether the message says something of a dossier as a whole.
pub(super) fn is_dossier(fields: &Fields) -> bool {
    OF_DOSSIERS.iter().any(|name| fields.row.get(name).is_some()) || fields.lists().next().is_some()
}

impl Dossier {
    /// Reads a message; `sent` is the time of the wrapper, if it has one.
    pub(super) fn read(fields: &Fields, sent: Option<Instant>) -> Result<Dossier, Rejection> {
        let row = &fields.row;
        let stated = row.date("NgayCapNhat")?.or(row.date("ThoiDiemXuLy")?).or(sent);
        let mut supplements = Vec::new();
        for entry in rows(fields, "DanhSachHoSoBoSung")? {
            supplements.push(Supplement {
                requested: entry.date("NgayBoSung")?,
                received: entry.date("NgayTiepNhanBoSung")?,
                due_before: entry.date("NgayHenTraTruoc")?,
                due_after: entry.date("NgayHenTraMoi")?,
            });
        }
        supplements.sort_unstable_by_key(|entry| (entry.requested.or(entry.received), *entry));
        let mut documents = Vec::new();
        for entry in rows(fields, "TaiLieuNop")? {
            let mark = |name| entry.mark(name).map(Option::unwrap_or_default);
            documents.push([mark("DuocSoHoa")?, mark("DuocTaiSuDung")?, mark("DuocLayTuKhoDMQG")?]);
        }
        let mut results = rows(fields, "DanhSachGiayToKetQua")?.iter();
        let dossier = Dossier {
            procedure: row.code("MaTTHC")?.map(str::to_owned),
            agency: row.code("DonViXuLy")?.map(str::to_owned),
            channel: row.channel()?,
            filed: row.date("NgayNopHoSo")?,
            accepted: row.date("NgayTiepNhan")?,
            due: row.date("NgayHenTra")?,
            ended: row.date("NgayKetThucXuLy")?,
            returned: row.date("NgayTra")?,
            refused: row.date("NgayTuChoi")?,
            status: Status::read(row, "TrangThaiHoSo")?,
            supplements,
            has_digitised_parts: row.mark("HoSoCoThanhPhanSoHoa")?.unwrap_or_default(),
            documents,
            population_data: row.mark("TaiKhoanDuocXacThucVoiVNeID")?.unwrap_or_default(),
            paid_by: match row.number("DuocThanhToanTrucTuyen", (0, 2))? {
                Some(1) => Some("portal"),
                Some(2) => Some("gateway"),
                _ => None,
            },
            fee_vnd: fee(fields)?,
            has_result_file: results
                .any(|entry| entry.get("DuongDanTepTinKetQua") == Some(&Found::Something)),
            stated,
        };
        dossier.check()
    }

    /// What filing and acceptance cannot be told without.
    fn check(self) -> Result<Dossier, Rejection> {
        let is_entry = self.filed.is_some() || self.accepted.is_some();
        match (&self.procedure, &self.agency) {
            (None, _) if is_entry => Err(Rejection::field(Reason::Missing, "MaTTHC")),
            (_, None) if is_entry => Err(Rejection::field(Reason::Missing, "DonViXuLy")),
            _ => Ok(self),
        }
    }

    /// When the dossier stood like this: as stated, else its latest happening.
    pub(super) fn as_of(&self) -> Option<Instant> {
        let happened = [self.filed, self.accepted, self.ended, self.returned, self.refused];
        let asked = self.supplements.iter().flat_map(|entry| [entry.requested, entry.received]);
        self.stated.or(happened.into_iter().chain(asked).flatten().max())
    }

    /// The end its dates show.
    pub(super) fn end(&self) -> Option<Instant> {
        self.ended.or(self.returned).or(self.refused)
    }
}

fn fee(fields: &Fields) -> Result<Option<u64>, Rejection> {
    let mut sum: Option<u64> = None;
    for entry in rows(fields, "DanhSachLePhi")? {
        if let Some(amount) = entry.amount("Gia")? {
            sum = Some(sum.unwrap_or_default().saturating_add(amount));
        }
    }
    Ok(sum)
}

fn rows<'a>(fields: &'a Fields, name: &'static str) -> Result<&'a [Row], Rejection> {
    match fields.list(name) {
        None => Ok(&[]),
        Some(List::Rows(rows)) => Ok(rows),
        Some(List::Other) => Err(Rejection::field(Reason::WrongType, name)),
    }
}
