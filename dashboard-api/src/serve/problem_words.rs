//! What is wrong, in Vietnamese: a sentence for each code of a problem, and the things the problem names.
//!
//! Details are composed in English where trouble is found, with the names and numbers of the case in them. Where the
//! reason has no sentence of its own (`problem_reasons`), the sentence here is the case's kind, and names and numbers are
//! carried over as they are. Not here: titles and status codes (`problem`).

use super::problem_reasons::reason_in_vietnamese;

/// Things carried over at most.
const NAMED_MAX: usize = 24;

/// Codes whose reason is another one case by case: one that is not ours is told whole, as it was found.
const TOLD_WHOLE: [&str; 16] = [
    "damaged",
    "forbidden",
    "impossible",
    "malformed_body",
    "malformed_dossiers",
    "malformed_event",
    "malformed_letter",
    "malformed_new_due_at",
    "malformed_published",
    "not_kept",
    "not_reachable",
    "not_readable",
    "not_written",
    "unknown_excerpt",
    "unknown_list",
    "unknown_standing",
];

/// By code.
const SENTENCES: &[(&str, &str)] = &[
    ("unknown_alert", "Không có cảnh báo này; danh sách cảnh báo cho biết những cảnh báo đang có."),
    ("unknown_backups", "Máy chủ chưa được chỉ nơi lưu bản sao lưu; chạy với --data và --backups."),
    ("unknown_count", "Bộ chỉ số không có số liệu này."),
    ("unknown_dossier", "Không có hồ sơ nào mang mã này."),
    ("unknown_edition", "Không có ấn bản này; trang ấn bản liệt kê những ấn bản đang có."),
    (
        "unknown_excerpt",
        "Không lập được phần trích để tính: đơn vị có quá nhiều hồ sơ, hoặc hồ sơ của kỳ đã được cất đi.",
    ),
    ("unknown_flag", "Không có dấu hiệu này."),
    ("unknown_form", "Dạng tệp này không có."),
    ("unknown_group", "Bộ chỉ số không có nhóm này."),
    ("unknown_import", "Không có lần nhập này; trang đối soát liệt kê những lần nhập đang có."),
    ("unknown_indicator", "Bộ chỉ số không có chỉ số này."),
    ("unknown_list", "Không lập được danh sách: kỳ hoặc đơn vị không có số liệu."),
    ("unknown_path", "Không có địa chỉ này; /openapi.json liệt kê các địa chỉ."),
    ("unknown_period", "Kỳ này không được lưu giữ."),
    ("unknown_records", "Chưa có bản ghi nào để hiển thị."),
    ("unknown_reject", "Không có thông điệp bị loại mang số này, hoặc máy chủ không có thư mục dữ liệu."),
    ("unknown_row", "Ấn bản không có dòng này."),
    ("unknown_set", "Không có bộ chỉ số này."),
    ("unknown_sign_in", "Máy chủ này không có lối đăng nhập đó."),
    ("unknown_snapshot", "Không có bản chụp số liệu này."),
    ("unknown_standing", "Không có số liệu của đơn vị tại thời điểm này."),
    ("unknown_subject", "Không sự kiện nào nêu hồ sơ này."),
    ("unknown_unit", "Không sự kiện nào nêu đơn vị này, hoặc đơn vị không có dòng trong kỳ."),
    ("malformed_accepted", "Cho biết chấp nhận hay không."),
    ("malformed_alert", "Mã cảnh báo không đúng dạng."),
    (
        "malformed_as_of",
        "Thời điểm không đúng: viết một thời điểm đã qua, có múi giờ, ví dụ 2026-11-20T08:00:00+07:00.",
    ),
    ("malformed_body", "Nội dung gửi lên không đọc được; xem mô tả trong /openapi.json."),
    (
        "malformed_by",
        "Tham số by không đúng: agency hoặc officer cho số liệu, tên người thực hiện hoặc thời điểm ở nơi khác.",
    ),
    ("malformed_class", "Loại chênh lệch này không có."),
    ("malformed_code", "Viết mã bằng UTF-8."),
    (
        "malformed_content_type",
        "Kiểu nội dung không nhận; gửi application/cloudevents+json hoặc application/cloudevents-batch+json.",
    ),
    ("malformed_cursor", "Gửi lại nguyên văn `next` của trang trước, hoặc bỏ trống."),
    ("malformed_dossiers", "Tệp danh sách hồ sơ không đọc được."),
    ("malformed_edition", "Số của ấn bản không đúng dạng."),
    ("malformed_event", "Sự kiện không đúng mô tả."),
    ("malformed_form", "Biểu mẫu gửi lên không đọc được."),
    (
        "malformed_from",
        "Giá trị bắt đầu không đúng: một số nguyên ở danh sách, hoặc một thời điểm đã qua có múi giờ.",
    ),
    ("malformed_id", "Số hiệu không đúng dạng."),
    ("malformed_import", "Tên lần nhập chỉ có chữ thường a-z, chữ số 0-9 và dấu -, nhiều nhất 64 ký tự."),
    (
        "malformed_limit",
        "Giới hạn không đúng: viết một số nguyên trong khoảng cho phép; danh sách dài phải hỏi theo trang.",
    ),
    ("malformed_letter", "Số thư không dùng được."),
    ("malformed_list", "Không cho biết danh sách nào."),
    ("malformed_logout_token", "Vé đăng xuất không đúng."),
    ("malformed_new_due_at", "Ngày hẹn lại không dùng được."),
    ("malformed_number", "Số hiệu không đúng: viết một số nguyên như trong danh sách."),
    ("malformed_objections_until", "Hạn phản hồi không đúng: viết một thời điểm sẽ tới, có múi giờ."),
    ("malformed_part", "Phần của tỷ lệ không đúng: num, den hoặc missing."),
    ("malformed_path", "Địa chỉ không đọc được; viết bằng UTF-8."),
    ("malformed_period", "Kỳ không đúng: viết 2026-10, 2026-Q4, 2026-H2 hoặc 2026."),
    ("malformed_published", "Tệp số liệu đã công bố không đọc được."),
    ("malformed_query", "Tham số còn thiếu hoặc không đúng: mỗi tham số một lần, bằng UTF-8."),
    ("malformed_reason", "Lý do không đúng."),
    ("malformed_row", "Dòng này không đúng."),
    ("malformed_snapshot", "Bản chụp số liệu không đúng."),
    ("malformed_source", "Nêu nguồn gửi bằng tham số source."),
    ("malformed_state", "Trạng thái này không có."),
    ("malformed_text", "Viết nội dung trên một dòng, không quá dài."),
    ("malformed_unit", "Nêu mã đơn vị."),
    ("malformed_until", "Thời hạn không đúng: viết một thời điểm sẽ tới, có múi giờ."),
    ("malformed_what", "Tham số what không đúng: due, overdue hoặc open."),
    ("malformed_why", "Viết lý do trên một dòng, không quá dài."),
    ("alerts_elsewhere", "Máy chủ khác giữ cảnh báo."),
    ("editions_elsewhere", "Máy chủ khác giữ ấn bản."),
    ("events_forgotten", "Sự kiện thuộc khoảng này không còn được giữ."),
    ("intake_at_topics", "Máy chủ này không nhận sự kiện; gửi vào các topic của Kafka."),
    ("lists_at_workers", "Máy chủ này chỉ đọc số liệu; hỏi máy chủ đứng riêng (`--role all`)."),
    ("no_data_folder", "Máy chủ chạy không có thư mục dữ liệu nên không giữ gì; chạy với --data."),
    ("reconciled_elsewhere", "Máy chủ khác đối soát."),
    ("role_worker", "Máy chủ này chỉ giữ hồ sơ; hỏi máy chủ hiển thị."),
    ("too_large", "Gửi mỗi lần không quá giới hạn này."),
    ("sign_in", "Đăng nhập, hoặc gửi vé truy cập trong đầu mục Authorization: Bearer."),
    ("forbidden", "Vai trò hoặc phạm vi của người hỏi không cho phép việc này."),
    ("too_often", "Không có gì được thực hiện; hỏi lại sau số giây này."),
    ("not_recorded", "Việc xem phải được ghi lại mà hiện không ghi được; báo cho người vận hành."),
    ("busy", "Chưa nhận gì của yêu cầu này; gửi lại sau số giây trong Retry-After."),
    ("stopped", "Số liệu đang hiển thị đã cũ; khởi động lại máy chủ và báo cho người vận hành."),
    ("not_kept", "Chưa nhận gì của yêu cầu này; gửi lại sau số giây trong Retry-After."),
    ("not_readable", "Hiện không đọc được nhật ký sự kiện; hỏi lại sau số giây trong Retry-After."),
    ("not_reachable", "Một tiến trình giữ một phần câu trả lời không trả lời; hỏi lại sau."),
    ("not_written", "Không lập được tệp; báo cho người vận hành."),
    ("damaged", "Nội dung đã lưu không còn nguyên vẹn nên không hiển thị; báo cho người vận hành."),
    ("impossible", "Với tình trạng hiện tại, việc này chưa hoặc không còn làm được."),
    ("recovering", "Dữ liệu đang được khôi phục; hỏi lại sau số giây trong Retry-After."),
];

/// The detail of a problem in Vietnamese.
pub(super) fn in_vietnamese(code: &str, detail: &str) -> String {
    if let Some(reason) = reason_in_vietnamese(detail) {
        return reason;
    }
    let known = SENTENCES.iter().find(|(known, _)| *known == code).map(|(_, sentence)| *sentence);
    let sentence = known.unwrap_or(match code.split('_').next() {
        Some("unknown") => "Không có mục được hỏi.",
        Some("malformed") => "Một phần của yêu cầu không đúng.",
        _ => "Yêu cầu không thực hiện được.",
    });
    if TOLD_WHOLE.contains(&code) && !detail.is_empty() {
        return format!("{sentence} ({detail})");
    }
    let named: Vec<&str> = named(detail).into_iter().filter(|thing| !sentence.contains(thing)).collect();
    if named.is_empty() { sentence.to_owned() } else { format!("{sentence} ({})", named.join(", ")) }
}

/// What a sentence names: what stands between backticks, and words that are no words of a sentence.
fn named(detail: &str) -> Vec<&str> {
    let mut named = Vec::new();
    for (place, piece) in detail.split('`').enumerate() {
        if place % 2 == 1 {
            named.push(piece);
            continue;
        }
        let words = piece.split_whitespace();
        let words = words.map(|word| word.trim_matches(|sign: char| ",.;:()?!\"'“”".contains(sign)));
        named.extend(words.filter(|word| is_name(word)));
    }
    let mut seen = std::collections::HashSet::new();
    named.retain(|thing| seen.insert(*thing));
    named.truncate(NAMED_MAX);
    named
}

fn is_name(word: &str) -> bool {
    let is_code = |sign: char| sign.is_ascii_digit() || "/_=@".contains(sign) || !sign.is_ascii();
    let has_point = word.trim_end_matches('.').contains('.');
    let capitals = word.chars().filter(char::is_ascii_uppercase).count();
    word.starts_with("--") || has_point || capitals > 1 || word.chars().any(is_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_names_the_same_things_in_both_languages() {
        for (code, detail, vietnamese) in [
            (
                "unknown_unit",
                "no event names H28.9",
                "Không sự kiện nào nêu đơn vị này, hoặc đơn vị không có dòng trong kỳ. (H28.9)",
            ),
            ("unknown_period", "there are 2026-10, 2026-Q4", "Kỳ này không được lưu giữ. (2026-10, 2026-Q4)"),
            (
                "too_large",
                "send at most 33554432 bytes at a time",
                "Gửi mỗi lần không quá giới hạn này. (33554432)",
            ),
            (
                "malformed_part",
                "part is num, den or missing",
                "Phần của tỷ lệ không đúng: num, den hoặc missing.",
            ),
            (
                "impossible",
                "the disk is gone",
                "Với tình trạng hiện tại, việc này chưa hoặc không còn làm được. (the disk is gone)",
            ),
            ("impossible", "objection 7 is decided", "phản hồi 7 đã được quyết định"),
            ("malformed_other", "write `that`", "Một phần của yêu cầu không đúng. (that)"),
        ] {
            assert_eq!(in_vietnamese(code, detail), vietnamese);
        }
    }

    #[test]
    fn a_code_has_one_sentence() {
        let mut codes: Vec<&str> = SENTENCES.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        let all = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}
