//! The words of the made-up province Sông Lam: places, offices, people and reasons.
//!
//! No such province exists, and nobody is meant by the people: names are put together from common syllables,
//! and identity and phone numbers begin with zeros that are never issued.

pub(super) const PROVINCE: &str = "Tỉnh Sông Lam";
pub(super) const PROVINCE_ENGLISH: &str = "Song Lam Province";

pub(super) const DEPARTMENTS: [(&str, &str); 20] = [
    ("Sở Nông nghiệp và Môi trường", "Department of Agriculture and Environment"),
    ("Sở Xây dựng", "Department of Construction"),
    ("Sở Tư pháp", "Department of Justice"),
    ("Sở Tài chính", "Department of Finance"),
    ("Sở Nội vụ", "Department of Home Affairs"),
    ("Sở Y tế", "Department of Health"),
    ("Sở Công Thương", "Department of Industry and Trade"),
    ("Sở Giáo dục và Đào tạo", "Department of Education and Training"),
    ("Sở Văn hóa, Thể thao và Du lịch", "Department of Culture, Sports and Tourism"),
    ("Sở Khoa học và Công nghệ", "Department of Science and Technology"),
    ("Ban Quản lý khu kinh tế", "Economic Zone Authority"),
    ("Sở Ngoại vụ", "Department of Foreign Affairs"),
    ("Sở Dân tộc và Tôn giáo", "Department of Ethnic and Religious Affairs"),
    ("Thanh tra tỉnh", "Provincial Inspectorate"),
    ("Công an tỉnh", "Provincial Public Security"),
    ("Bảo hiểm xã hội tỉnh", "Provincial Social Security"),
    ("Thuế tỉnh", "Provincial Tax Office"),
    ("Kho bạc Nhà nước tỉnh", "Provincial State Treasury"),
    ("Sở Du lịch", "Department of Tourism"),
    ("Văn phòng Ủy ban nhân dân tỉnh", "Office of the Provincial People's Committee"),
];

pub(super) const PLACE_FIRST: [&str; 20] = [
    "Thanh", "Đông", "Nam", "Yên", "Tân", "Vĩnh", "Hưng", "Quỳnh", "Diễn", "Nghi", "Đại", "Phúc", "Kim",
    "Xuân", "Long", "Bình", "Hợp", "Minh", "Sơn", "An",
];
pub(super) const PLACE_SECOND: [&str; 21] = [
    "Hà",
    "Sơn",
    "Thịnh",
    "Lộc",
    "Phong",
    "Giang",
    "Hòa",
    "Lâm",
    "Châu",
    "Đồng",
    "Trung",
    "Mỹ",
    "Thành",
    "Hải",
    "Phú",
    "Khê",
    "Thượng",
    "Xá",
    "Tiến",
    "Lương",
    "Bảng",
];
pub(super) const PLACE_FIRST_PLAIN: [&str; 20] = [
    "Thanh", "Dong", "Nam", "Yen", "Tan", "Vinh", "Hung", "Quynh", "Dien", "Nghi", "Dai", "Phuc", "Kim",
    "Xuan", "Long", "Binh", "Hop", "Minh", "Son", "An",
];
pub(super) const PLACE_SECOND_PLAIN: [&str; 21] = [
    "Ha", "Son", "Thinh", "Loc", "Phong", "Giang", "Hoa", "Lam", "Chau", "Dong", "Trung", "My", "Thanh",
    "Hai", "Phu", "Khe", "Thuong", "Xa", "Tien", "Luong", "Bang",
];

const FAMILY_NAMES: [&str; 14] =
    ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Cao"];
const MIDDLE_NAMES: [&str; 12] =
    ["Văn", "Thị", "Đức", "Thu", "Minh", "Ngọc", "Quang", "Hữu", "Thanh", "Xuân", "Khánh", "Bảo"];
const GIVEN_NAMES: [&str; 20] = [
    "An", "Bình", "Chi", "Dũng", "Giang", "Hà", "Hạnh", "Hiếu", "Hoa", "Hùng", "Lan", "Linh", "Long", "Mai",
    "Nam", "Phương", "Quân", "Sơn", "Trang", "Tuấn",
];

/// The parts of a person's name; every number makes one.
pub(super) fn person(number: usize) -> [&'static str; 3] {
    let family = FAMILY_NAMES[number % FAMILY_NAMES.len()];
    let middle = MIDDLE_NAMES[number / FAMILY_NAMES.len() % MIDDLE_NAMES.len()];
    let given = GIVEN_NAMES[number / (FAMILY_NAMES.len() * MIDDLE_NAMES.len()) % GIVEN_NAMES.len()];
    [family, middle, given]
}

pub(super) const POSITIONS: [&str; 4] =
    ["Chuyên viên", "Chuyên viên chính", "Phó Trưởng phòng", "Công chức Tư pháp - Hộ tịch"];
pub(super) const RECEIVING_POSITION: &str = "Cán bộ tiếp nhận và trả kết quả";

/// What most people come to a commune for, most wanted first: name and field.
pub(super) const COMMUNE_PROCEDURES: [(&str, &str); 16] = [
    ("Chứng thực bản sao từ bản chính giấy tờ, văn bản", "Chứng thực"),
    ("Đăng ký khai sinh", "Hộ tịch"),
    ("Cấp Giấy xác nhận tình trạng hôn nhân", "Hộ tịch"),
    ("Chứng thực chữ ký trong các giấy tờ, văn bản", "Chứng thực"),
    ("Cấp bản sao Trích lục hộ tịch", "Hộ tịch"),
    ("Đăng ký kết hôn", "Hộ tịch"),
    ("Đăng ký khai tử", "Hộ tịch"),
    ("Đăng ký biến động quyền sử dụng đất, quyền sở hữu tài sản gắn liền với đất", "Đất đai"),
    ("Cấp Giấy chứng nhận quyền sử dụng đất lần đầu", "Đất đai"),
    ("Đăng ký hộ kinh doanh", "Thành lập và hoạt động của hộ kinh doanh"),
    ("Liên thông đăng ký khai sinh, đăng ký thường trú, cấp thẻ bảo hiểm y tế", "Hộ tịch"),
    ("Hưởng trợ cấp hưu trí xã hội", "Bảo trợ xã hội"),
    ("Đăng ký nhận chăm sóc, nuôi dưỡng đối tượng cần bảo vệ khẩn cấp", "Bảo trợ xã hội"),
    ("Công nhận hộ nghèo, hộ cận nghèo", "Giảm nghèo"),
    ("Cấp giấy phép xây dựng nhà ở riêng lẻ", "Hoạt động xây dựng"),
    ("Chứng thực di chúc", "Chứng thực"),
];
pub(super) const PROCEDURE_ACTS: [&str; 12] = [
    "Cấp",
    "Cấp lại",
    "Cấp đổi",
    "Điều chỉnh",
    "Gia hạn",
    "Thẩm định",
    "Đăng ký",
    "Công nhận",
    "Thu hồi",
    "Phê duyệt",
    "Xác nhận",
    "Chấm dứt",
];
pub(super) const PROCEDURE_THINGS: [&str; 24] = [
    "giấy phép xây dựng công trình",
    "chứng chỉ hành nghề",
    "giấy chứng nhận đủ điều kiện kinh doanh",
    "phiếu lý lịch tư pháp",
    "giấy phép môi trường",
    "giấy phép lái xe",
    "giấy phép khai thác nước dưới đất",
    "chủ trương đầu tư dự án",
    "giấy phép lao động cho người nước ngoài",
    "chứng chỉ hành nghề dược",
    "giấy phép hoạt động trung tâm ngoại ngữ",
    "giấy phép kinh doanh vận tải",
    "giấy phép tổ chức biểu diễn",
    "giấy chứng nhận an toàn thực phẩm",
    "giấy phép bán buôn rượu",
    "phù hiệu xe ô tô kinh doanh vận tải",
    "giấy chứng nhận đăng ký hợp tác xã",
    "giấy phép hoạt động điện lực",
    "kế hoạch lựa chọn nhà thầu",
    "báo cáo đánh giá tác động môi trường",
    "giấy phép hoạt động khám bệnh, chữa bệnh",
    "quyết định hưởng chế độ người có công",
    "giấy chứng nhận đăng ký tàu cá",
    "thẻ hướng dẫn viên du lịch",
];
pub(super) const PROCEDURE_FIELDS: [&str; 14] = [
    "Đất đai",
    "Hoạt động xây dựng",
    "Lý lịch tư pháp",
    "Đấu thầu",
    "Việc làm",
    "Dược phẩm",
    "Điện lực",
    "Giáo dục và Đào tạo",
    "Du lịch",
    "Hoạt động khoa học và công nghệ",
    "Đầu tư tại Việt Nam",
    "Công tác lãnh sự",
    "Công tác dân tộc",
    "Giải quyết khiếu nại",
];

pub(super) const STEPS: [&str; 5] =
    ["Thụ lý hồ sơ", "Thẩm định", "Xác minh thực địa", "Trình lãnh đạo ký duyệt", "Đóng dấu, phát hành"];
pub(super) const REFUSAL_REASONS: [&str; 3] =
    ["Không thuộc thẩm quyền giải quyết", "Thành phần hồ sơ không đúng quy định", "Trùng hồ sơ đã tiếp nhận"];
pub(super) const SUPPLEMENT_REASONS: [&str; 4] = [
    "Bổ sung bản sao giấy chứng nhận quyền sử dụng đất",
    "Tờ khai thiếu chữ ký của người yêu cầu",
    "Bản chụp mờ, đề nghị tải lại",
    "Thiếu văn bản ủy quyền",
];
pub(super) const DELAY_REASONS: [&str; 3] =
    ["Chờ ý kiến của cơ quan phối hợp", "Cần xác minh thực địa", "Số lượng hồ sơ tăng đột biến"];
pub(super) const STOP_REASONS: [&str; 3] =
    ["Quá thời hạn bổ sung hồ sơ", "Đất đang có tranh chấp", "Người nộp không thực hiện nghĩa vụ tài chính"];
pub(super) const WITHDRAWAL_REASONS: [&str; 2] = ["Không còn nhu cầu", "Nộp nhầm thủ tục"];
pub(super) const REOPENING_REASONS: [&str; 2] =
    ["Sai sót trên kết quả", "Theo kết luận giải quyết kiến nghị"];
pub(super) const DELETION_REASONS: [&str; 2] = ["Hồ sơ nhập thử", "Trùng hồ sơ"];
pub(super) const RATED_ASPECTS: [&str; 3] =
    ["thái độ phục vụ", "thời gian giải quyết", "cơ sở vật chất nơi tiếp nhận"];
