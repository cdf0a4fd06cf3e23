//! The wording of the conformance report, Vietnamese first. Every text stands in both languages, side by side.

use clap::ValueEnum;

/// Language of the report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Language {
    /// Tiếng Việt
    Vi,
    /// English
    En,
}

impl Language {
    /// The one of two texts that is in this language.
    pub(super) fn of<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        match self {
            Language::Vi => vi,
            Language::En => en,
        }
    }
}

/// A sentence for a code of a finding or a rejection; `None` where the code itself must do.
pub(super) fn sentence(code: &str, language: Language) -> Option<&'static str> {
    let (_, vi, en) = SENTENCES.iter().find(|(known, ..)| *known == code)?;
    Some(match language {
        Language::Vi => vi,
        Language::En => en,
    })
}

/// Code, Vietnamese, English.
pub(super) const SENTENCES: &[(&str, &str, &str)] = &[
    (
        "nothing_said",
        "Thông điệp không cho biết điều gì tạo thành sự kiện: gửi ít nhất một mốc thời gian của hồ sơ",
        "The message says nothing that makes an event: send at least one date of the dossier",
    ),
    (
        "due_missing",
        "Hồ sơ đã tiếp nhận mà không có ngày hẹn trả: bổ sung NgayHenTra",
        "An accepted dossier has no due date: give NgayHenTra",
    ),
    (
        "status_without_time",
        "Trạng thái không có mốc thời gian nên không tạo sự kiện: bổ sung ngày của trạng thái đó, hoặc NgayCapNhat",
        "A status without a time makes no event: give the date that belongs to it, or NgayCapNhat",
    ),
    (
        "status_backwards",
        "Trạng thái lùi lại so với trạng thái đã đạt: được giữ và gắn dấu hiệu cần kiểm tra; nếu mở lại hồ sơ, ghi thời điểm vào NgayCapNhat",
        "A status lies before one already reached: kept and flagged; when a dossier is taken up again, say when with NgayCapNhat",
    ),
    (
        "supplement_without_dates",
        "Lần yêu cầu bổ sung không có NgayBoSung: bổ sung ngày yêu cầu và NgayTiepNhanBoSung khi đã nhận",
        "A supplement without NgayBoSung: give the date of the request, and NgayTiepNhanBoSung once received",
    ),
    (
        "supplement_without_due",
        "Đã nhận bổ sung nhưng không có NgayHenTraMoi: hạn trả được lùi đúng bằng thời gian chờ bổ sung",
        "A supplement came without NgayHenTraMoi: the due date moves by the time the clock stood",
    ),
    (
        "due_moved_unexplained",
        "Ngày hẹn trả thay đổi mà không rõ từ khi nào: ghi NgayHenTraTruoc và NgayHenTraMoi cho mỗi lần thay đổi",
        "The due date moved and nothing says when: give NgayHenTraTruoc and NgayHenTraMoi for every change",
    ),
    (
        "officer_missing",
        "Bước xử lý không có NguoiXuLy: không biết ai đang giữ hồ sơ",
        "A step without NguoiXuLy: nobody is known to hold the dossier",
    ),
    (
        "impossible_order",
        "Thứ tự các mốc thời gian không thể xảy ra: kiểm tra ngày nộp, tiếp nhận, kết thúc, trả kết quả",
        "Dates in an order that cannot be: check filing, acceptance, end and return",
    ),
    (
        "not_exchange_date",
        "Ngày không đúng dạng: viết yyyyMMddHHmmss theo giờ Việt Nam 24 giờ (20261001133000) hoặc ISO 8601 (2026-10-01T13:30:00+07:00)",
        "Not a date: write yyyyMMddHHmmss, 24-hour Vietnam time (20261001133000), or ISO 8601 (2026-10-01T13:30:00+07:00)",
    ),
    (
        "not_in_table",
        "Giá trị ngoài bảng mã: dùng mã trong docs/exchange.md",
        "A value outside the table: use a number of docs/exchange.md",
    ),
    ("missing", "Thiếu trường bắt buộc", "A required field is missing"),
    ("wrong_type", "Sai kiểu dữ liệu", "The wrong type"),
    (
        "not_whole",
        "Số tiền phải là số nguyên đồng, không có dấu phẩy hay dấu chấm",
        "An amount is whole đồng, without a point",
    ),
    ("out_of_range", "Ngày nằm ngoài 2000–2100", "A date outside 2000 to 2100"),
    ("not_json", "Không phải JSON", "Not JSON"),
    ("not_object", "Không phải đối tượng JSON", "Not a JSON object"),
    ("not_utf8", "Không phải UTF-8", "Not UTF-8"),
    ("too_long", "Một thông điệp tối đa 1 MiB", "A message has 1 MiB at most"),
    ("too_deep", "Lồng quá sâu", "Nested too deep"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_a_sentence_in_both_languages() {
        for kind in ingest::exchange::FindingKind::ALL {
            assert!(sentence(kind.code(), Language::Vi).is_some(), "{}", kind.code());
        }
        for (code, vi, en) in SENTENCES {
            assert!(!vi.is_empty() && !en.is_empty(), "{code}");
        }
    }
}
