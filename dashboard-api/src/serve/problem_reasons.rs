//! Reasons in Vietnamese: each sentence that says why something cannot be done, beside the English one it is found by.
//!
//! `{}` stands for a name or number of the case, or for a reason inside a reason; both sentences have them in the same
//! order. What the operating system or a parser says has no sentence here and is told as it is. Not here: what kind of
//! problem it is (`problem_words`).

/// Reasons inside reasons at most.
const DEPTH_MAX: usize = 4;

/// English, Vietnamese. The first that fits counts: what is more particular stands first.
const REASONS: &[(&str, &str)] = &[
    // Who may do what.
    (
        "the leader of the whole province closes, decides, approves and publishes",
        "chỉ lãnh đạo của cả tỉnh chốt, quyết định, phê duyệt và công bố",
    ),
    ("whoever reads only does not object", "người chỉ được xem thì không phản hồi"),
    (
        "the whole of an edition is for the province's leader and auditors",
        "toàn bộ ấn bản chỉ dành cho lãnh đạo tỉnh và kiểm toán viên",
    ),
    ("whoever reads only marks nothing as sent", "người chỉ được xem thì không đánh dấu đã gửi thư"),
    (
        "the role {} does not cover this; ask whoever gives roles",
        "vai trò {} không bao gồm việc này; liên hệ người phân quyền",
    ),
    (
        "no role may use this method here; /openapi.json tells which there are",
        "không vai trò nào được dùng phương thức này ở đây; /openapi.json liệt kê các phương thức",
    ),
    ("the role {} has nothing to do with this", "vai trò {} không liên quan đến việc này"),
    (
        "a request that changes something must come from a page of {}",
        "yêu cầu làm thay đổi dữ liệu phải được gửi từ một trang của {}",
    ),
    (
        "this server asks nobody who they are, so it answers to no public name such as {}; give it [access] in its settings",
        "máy chủ này không hỏi người dùng là ai nên không trả lời cho tên công khai như {}; thêm [access] vào cài đặt",
    ),
    ("a page of {} may change nothing here", "trang của {} không được thay đổi gì ở đây"),
    ("figures of officers are not shown to this role", "vai trò này không được xem số liệu của cán bộ"),
    ("sign out by the form of /dang-nhap", "đăng xuất bằng biểu mẫu ở /dang-nhap"),
    (
        "only who leads the province imports what the portal published",
        "chỉ lãnh đạo tỉnh được nhập số liệu mà Cổng đã công bố",
    ),
    // Editions.
    (
        "{} is not over, and is not due to be closed before that",
        "{} chưa kết thúc và chưa đến lịch chốt trước khi kết thúc",
    ),
    ("edition {} is {} and not published yet", "ấn bản {} {} và chưa được công bố"),
    ("{} has {} editions already", "{} đã có {} ấn bản"),
    (
        "the edition is {}; this can no longer, or not yet, be done",
        "ấn bản {}; việc này chưa hoặc không còn làm được",
    ),
    ("objections were taken until {}", "đã hết hạn phản hồi: {}"),
    (
        "units may object until {}; approve after that",
        "đơn vị được phản hồi đến {}; phê duyệt sau thời điểm đó",
    ),
    ("there is an objection about dossier {} already", "đã có phản hồi về hồ sơ {}"),
    ("there are {} objections already", "đã có {} phản hồi"),
    ("there is no objection {}", "không có phản hồi {}"),
    ("objection {} is decided", "phản hồi {} đã được quyết định"),
    (
        "two different people decide: {} has decided about this objection already",
        "hai người khác nhau cùng quyết định: {} đã quyết định về phản hồi này",
    ),
    (
        "whoever objected, or belongs to the objecting unit, does not decide about it",
        "người đã phản hồi, hoặc thuộc đơn vị phản hồi, không quyết định về phản hồi đó",
    ),
    ("{} objections are not decided by two people yet", "còn {} phản hồi chưa được hai người quyết định"),
    (
        "what would be published is not what was approved; approve it again",
        "nội dung sắp công bố không phải nội dung đã phê duyệt; hãy phê duyệt lại",
    ),
    ("closed", "đã chốt"),
    ("approved", "đã được phê duyệt"),
    ("published", "đã được công bố"),
    (
        "period {} is not among those kept; start the server with an earlier --from",
        "kỳ {} không được lưu giữ; chạy máy chủ với --from sớm hơn",
    ),
    ("period {} has not begun yet", "kỳ {} chưa bắt đầu"),
    (
        "figures of the period changed while they were lifted out; close it again",
        "số liệu của kỳ đã thay đổi trong lúc được lấy ra; hãy chốt lại",
    ),
    (
        "dossiers at rest cannot be read ({}); restore the data folder from a backup",
        "không đọc được hồ sơ đã cất ({}); khôi phục thư mục dữ liệu từ bản sao lưu",
    ),
    ("the frozen rows do not hold together: {}", "các dòng đã chốt không khớp nhau: {}"),
    ("edition {} is damaged and is not shown: {}", "ấn bản {} bị hỏng và không được hiển thị: {}"),
    ("edition {}: {}", "ấn bản {}: {}"),
    (
        "the file has no seal at its end; it is cut off or is no edition",
        "cuối tệp không có niêm phong; tệp bị cắt cụt hoặc không phải ấn bản",
    ),
    ("the seal is damaged", "niêm phong bị hỏng"),
    (
        "the seal speaks of {} lines and there are {}; some were added or taken out",
        "niêm phong ghi {} dòng mà tệp có {}; có dòng đã bị thêm hoặc bớt",
    ),
    (
        "the lines are not those that were sealed; the file was changed",
        "các dòng không phải những dòng đã niêm phong; tệp đã bị sửa",
    ),
    (
        "the signature does not fit; the seal was changed or made with another key",
        "chữ ký không khớp; niêm phong đã bị sửa hoặc lập bằng khóa khác",
    ),
    (
        "the edition has format {}, this program reads {}; use a later release",
        "ấn bản có định dạng {}, chương trình này đọc được {}; dùng bản mới hơn",
    ),
    ("its indicator sets cannot be used: {}", "không dùng được bộ chỉ số của ấn bản: {}"),
    ("line {} cannot be read: {}", "không đọc được dòng {}: {}"),
    ("line {} is not what the rows give: {}", "dòng {} không khớp với kết quả tính từ các dòng hồ sơ: {}"),
    // Letters of apology.
    (
        "no due date of {} was missed, so no letter is owed",
        "hồ sơ {} chưa lỡ hạn hẹn nào nên không phải xin lỗi",
    ),
    (
        "{} ended in time, or has no due date: there is nothing to apologise for",
        "hồ sơ {} kết thúc đúng hạn hoặc không có hạn: không có gì phải xin lỗi",
    ),
    (
        "write the letter's number, 1 to {} letters on one line",
        "viết số thư, từ 1 đến {} ký tự trên một dòng",
    ),
    ("write a day like 2026-10-20", "viết một ngày như 2026-10-20"),
    (
        "{} is not a day from tomorrow on, at most a year away",
        "{} không phải một ngày từ ngày mai và trong vòng một năm",
    ),
    ("{} is no working day; choose one", "{} không phải ngày làm việc; chọn một ngày làm việc"),
    ("{} is in a year without a working calendar", "{} thuộc năm chưa có lịch làm việc"),
    // What cannot be worked out.
    (
        "the unit has more than {} dossiers; ask about one of the units below it",
        "đơn vị có hơn {} hồ sơ; hỏi về một đơn vị trực thuộc",
    ),
    (
        "dossiers of {} are at rest; ask about a period that is not over, or use `nhip score --as-of`",
        "hồ sơ của {} đã được cất; hỏi về kỳ chưa kết thúc, hoặc dùng `nhip score --as-of`",
    ),
    ("period {} is not among those kept", "kỳ {} không được lưu giữ"),
    (
        "subjects at rest cannot be read ({}); restore the data folder from a backup",
        "không đọc được hồ sơ đã cất ({}); khôi phục thư mục dữ liệu từ bản sao lưu",
    ),
    ("officers are not scored on {}", "chỉ số {} không tính cho cán bộ"),
    (
        "the unit has no row in the period as of {}; choose a later instant",
        "đơn vị không có dòng trong kỳ tại {}; chọn thời điểm muộn hơn",
    ),
    (
        "{} has no row in {} as of then; choose a later instant",
        "{} không có dòng trong {} tại thời điểm đó; chọn thời điểm muộn hơn",
    ),
    ("the unit has no row in {}", "đơn vị không có dòng trong {}"),
    ("nothing is counted as of then", "chưa có gì được tính tại thời điểm đó"),
    ("{} is later than now", "{} muộn hơn hiện tại"),
    // Bodies.
    ("send JSON as /openapi.json says: {}", "gửi JSON như /openapi.json mô tả: {}"),
    ("the body could not be decoded", "không giải mã được nội dung"),
    ("the body could not be read whole", "không đọc được trọn nội dung"),
    ("a batch is a JSON array of events", "một lô là một mảng JSON các sự kiện"),
    (
        "send one message, an array of them, or one a line",
        "gửi một thông điệp, một mảng thông điệp, hoặc mỗi dòng một thông điệp",
    ),
    ("send JSON: {}, and to snooze {} too", "gửi JSON: {}, và để hoãn thì thêm {}"),
    ("send JSON: {}", "gửi JSON: {}"),
    (
        "only the hash of this message was kept; send the mended event as the body",
        "chỉ lưu mã băm của thông điệp này; gửi sự kiện đã sửa trong nội dung",
    ),
    ("send logout_token as a form", "gửi logout_token bằng biểu mẫu"),
    ("send the form of /dang-nhap, each field once", "gửi biểu mẫu của /dang-nhap, mỗi trường một lần"),
    // Events (`ingest::Reason`).
    (
        "send UTF-8; an escaped character beyond U+FFFF needs both halves",
        "gửi UTF-8; ký tự thoát ngoài U+FFFF cần đủ hai nửa",
    ),
    ("send one JSON object", "gửi một đối tượng JSON"),
    (
        "send a JSON object with the CloudEvents attributes",
        "gửi một đối tượng JSON có các thuộc tính CloudEvents",
    ),
    ("an event may have 1 MiB at most", "một sự kiện nhiều nhất 1 MiB"),
    ("nest at most 512 levels", "lồng nhiều nhất 512 cấp"),
    ("give the required field", "điền trường bắt buộc"),
    ("give a value that is not empty", "điền giá trị, không để trống"),
    ("give the type the event contract names", "dùng đúng kiểu dữ liệu trong mô tả sự kiện"),
    (
        "write RFC 3339 with an offset, such as 2026-10-01T08:00:00+07:00",
        "viết theo RFC 3339 có múi giờ, ví dụ 2026-10-01T08:00:00+07:00",
    ),
    ("write YYYY-MM-DD", "viết YYYY-MM-DD"),
    (
        "time must lie in 2000-01-01..2100-01-01 (UTC)",
        "thời điểm phải nằm trong 2000-01-01..2100-01-01 (UTC)",
    ),
    ("use a type of event contract version 1", "dùng một loại sự kiện của mô tả phiên bản 1"),
    ("use one of the words the event contract lists", "dùng một trong các từ mà mô tả sự kiện liệt kê"),
    (
        "write an integer from 0 to 9007199254740991, without a point",
        "viết số nguyên từ 0 đến 9007199254740991, không có dấu chấm",
    ),
    ("a duration is 1 or more", "thời lượng từ 1 trở lên"),
    (
        "write a period such as 2026-10, 2026-Q4, 2026-H2 or 2026",
        "viết kỳ như 2026-10, 2026-Q4, 2026-H2 hoặc 2026",
    ),
    (
        "write yyyyMMddHHmmss, 24-hour Vietnam time, such as 20261001133000, or ISO 8601 with seconds, such as {}",
        "viết yyyyMMddHHmmss, giờ Việt Nam 24 giờ, ví dụ 20261001133000, hoặc ISO 8601 có giây, ví dụ {}",
    ),
    ("write a number of the table in docs/exchange.md", "viết một số trong bảng ở docs/exchange.md"),
    (
        "send with the token of this source; nothing of the event was kept",
        "gửi bằng vé truy cập của nguồn này; chưa lưu gì của sự kiện",
    ),
    (
        "send with a token that covers this unit, dossier or procedure; nothing of the event was kept",
        "gửi bằng vé truy cập bao gồm đơn vị, hồ sơ hoặc thủ tục này; chưa lưu gì của sự kiện",
    ),
    // Files of the portal.
    ("the file cannot be read: {}", "không đọc được tệp: {}"),
    ("the file is larger than {} bytes; send it in parts", "tệp lớn hơn {} byte; gửi thành nhiều phần"),
    ("there are more than {} rows; send them in parts", "có hơn {} dòng; gửi thành nhiều phần"),
    ("the column is missing; name the columns in the first line", "thiếu cột; ghi tên các cột ở dòng đầu"),
    ("the column is there twice", "cột xuất hiện hai lần"),
    ("the column stands only together with {}", "cột này chỉ đi cùng với {}"),
    ("the value is empty, and one is needed", "giá trị để trống mà phải có"),
    (
        "the value is longer than {} bytes; look for an open quote",
        "giá trị dài hơn {} byte; kiểm tra dấu ngoặc kép chưa đóng",
    ),
    ("the value is no whole number", "giá trị không phải số nguyên"),
    (
        "the value is no number of points with a decimal point",
        "giá trị không phải số điểm viết với dấu chấm thập phân",
    ),
    ("the value is neither 0 nor 1", "giá trị không phải 0 hay 1"),
    (
        "the value is no instant; write 2026-10-31T17:30:00+07:00 or 20261031173000",
        "giá trị không phải thời điểm; viết 2026-10-31T17:30:00+07:00 hoặc 20261031173000",
    ),
    (
        "the value is no period; write 2026-10, 2026-Q4, 2026-H2 or 2026",
        "giá trị không phải kỳ; viết 2026-10, 2026-Q4, 2026-H2 hoặc 2026",
    ),
    (
        "a dossier that has ended has an end, and only such a one",
        "hồ sơ đã kết thúc thì có thời điểm kết thúc, và chỉ hồ sơ đó mới có",
    ),
    ("the same is already on line {}", "đã có ở dòng {}"),
    ("there is no row", "không có dòng nào"),
    (
        "the file holds {}; choose one with --period and --snapshot",
        "tệp gồm {}; chọn một kỳ và bản chụp bằng --period và --snapshot",
    ),
    (
        "no row is of the period and snapshot asked for; the file holds {}",
        "không có dòng nào của kỳ và bản chụp được hỏi; tệp gồm {}",
    ),
    ("line {}, column {}: {}", "dòng {}, cột {}: {}"),
    ("line {}: {}", "dòng {}: {}"),
    ("the value is none of {}", "giá trị không thuộc {}"),
    // The log.
    (
        "no space is left on the disk for {}; free some space, the log then opens again",
        "đĩa hết chỗ cho {}; giải phóng dung lượng, nhật ký sẽ tự mở lại",
    ),
    (
        "no space is left on the disk for {}; free some space, the next attempt then succeeds",
        "đĩa hết chỗ cho {}; giải phóng dung lượng, lần sau sẽ ghi được",
    ),
    ("the disk failed at {}: {}", "đĩa lỗi tại {}: {}"),
    (
        "the log holds {} bytes and may hold {}; raise the limit or shorten how long events are kept",
        "nhật ký có {} byte, giới hạn {}; nâng giới hạn hoặc giữ sự kiện ngắn hơn",
    ),
    (
        "the log is closed since an earlier error ({}); reopen it",
        "nhật ký đã đóng do lỗi trước đó ({}); mở lại nhật ký",
    ),
    ("a backup is reading {}; try again when it is done", "bản sao lưu đang đọc {}; thử lại khi xong"),
    (
        "{} of {} bytes is larger than the {} the log takes; send it in smaller parts",
        "{} gồm {} byte, lớn hơn {} mà nhật ký nhận; gửi thành phần nhỏ hơn",
    ),
    (
        "the file {} is damaged: {}; restore the folder from a backup",
        "tệp {} bị hỏng: {}; khôi phục thư mục từ bản sao lưu",
    ),
    (
        "events {} to {} are missing in {}; restore the folder from a backup",
        "thiếu sự kiện từ {} đến {} trong {}; khôi phục thư mục từ bản sao lưu",
    ),
    (
        "the file {} is missing; restore the folder from a backup",
        "thiếu tệp {}; khôi phục thư mục từ bản sao lưu",
    ),
    (
        "offset {} is no longer kept; the log begins at {}",
        "vị trí {} không còn được giữ; nhật ký bắt đầu từ {}",
    ),
    (
        "the batch does not go on where the log ends; it is read again from there",
        "lô không nối tiếp cuối nhật ký; sẽ được đọc lại từ đó",
    ),
    // Other processes, files.
    (
        "share {} cannot be asked for its dossiers: {}; ask again in a moment",
        "không hỏi được hồ sơ của phần {}: {}; hỏi lại sau giây lát",
    ),
    ("its worker at {}: {}", "worker của phần này ở {}: {}"),
    (
        "it answers {}; have both the same worker_secret_file?",
        "trả lời {}; hai bên có cùng worker_secret_file không?",
    ),
    ("it speaks of what this release does not know", "nói về điều mà bản này không biết"),
    ("it answers something else", "trả lời việc khác"),
    ("this process no longer has the share", "tiến trình này không còn giữ phần này"),
    ("too much is asked of the share", "phần này bị hỏi quá nhiều"),
    ("the share was left", "phần này đã được trả lại"),
    ("the share has much to do", "phần này đang bận"),
    ("the share is catching up", "phần này đang bắt kịp"),
    (
        "share {} was never published; start workers",
        "phần {} chưa từng được công bố; khởi động các tiến trình worker",
    ),
    (
        "nothing of this request was taken; send it again after Retry-After seconds: {}",
        "chưa nhận gì của yêu cầu này; gửi lại sau số giây trong Retry-After: {}",
    ),
    (
        "the log cannot be read at present, ask again after Retry-After seconds: {}",
        "hiện không đọc được nhật ký sự kiện, hỏi lại sau số giây trong Retry-After: {}",
    ),
    (
        "the file could not be made, tell whoever runs the server: {}",
        "không lập được tệp, báo cho người vận hành: {}",
    ),
    ("reading the file stopped", "việc đọc tệp bị dừng"),
    ("comparing stopped", "việc đối soát bị dừng"),
];

/// A reason in Vietnamese, if it is one of ours; the field it is about may stand before it.
pub(super) fn reason_in_vietnamese(english: &str) -> Option<String> {
    told(english, DEPTH_MAX).or_else(|| {
        let (field, reason) = english.split_once(": ").filter(|(field, _)| !field.contains(' '))?;
        Some(format!("{field}: {}", told(reason, DEPTH_MAX)?))
    })
}

fn told(english: &str, depth: usize) -> Option<String> {
    let (holes, vietnamese) =
        REASONS.iter().find_map(|(pattern, told)| Some((filled(pattern, english)?, *told)))?;
    let mut pieces = vietnamese.split("{}");
    let mut sentence = pieces.next().unwrap_or_default().to_owned();
    for (hole, piece) in holes.into_iter().zip(pieces) {
        let inner = if depth > 0 { told(hole, depth - 1) } else { None };
        sentence += inner.as_deref().unwrap_or(hole);
        sentence += piece;
    }
    Some(sentence)
}

/// What stands where the pattern has `{}`, if the text is of the pattern.
fn filled<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, between)) = pieces.split_last() else { return rest.is_empty().then(Vec::new) };
    let mut holes = Vec::new();
    for piece in between {
        let (hole, after) = rest.split_once(piece)?;
        holes.push(hole);
        rest = after;
    }
    holes.push(rest.strip_suffix(last)?);
    holes.iter().all(|hole| !hole.is_empty()).then_some(holes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_and_the_reasons_inside_it_are_told_in_vietnamese() {
        for (english, vietnamese) in [
            ("the seal is damaged", Some("niêm phong bị hỏng")),
            (
                "the role officer has nothing to do with this",
                Some("vai trò officer không liên quan đến việc này"),
            ),
            ("edition 2026-10.1: the seal is damaged", Some("ấn bản 2026-10.1: niêm phong bị hỏng")),
            (
                "line 4, column end: the value is no whole number",
                Some("dòng 4, cột end: giá trị không phải số nguyên"),
            ),
            ("edition 2026-10.1: No such file", Some("ấn bản 2026-10.1: No such file")),
            (
                "the edition is closed; this can no longer, or not yet, be done",
                Some("ấn bản đã chốt; việc này chưa hoặc không còn làm được"),
            ),
            ("time: write YYYY-MM-DD", Some("time: viết YYYY-MM-DD")),
            ("No such file or directory", None),
            ("", None),
        ] {
            assert_eq!(reason_in_vietnamese(english).as_deref(), vietnamese, "{english}");
        }
    }

    #[test]
    fn both_sentences_have_the_same_holes_and_none_is_hidden_by_one_before_it() {
        for (place, (english, vietnamese)) in REASONS.iter().enumerate() {
            assert_eq!(english.matches("{}").count(), vietnamese.matches("{}").count(), "{english}");
            let first = REASONS.iter().position(|(pattern, _)| filled(pattern, english).is_some());
            assert_eq!(first, Some(place), "{english}");
        }
    }
}
