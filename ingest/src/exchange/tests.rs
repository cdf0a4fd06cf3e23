//! The mapping, row by row: a message goes in, its events come out; what is sent again adds nothing.

use std::collections::BTreeSet;

use compute::instant::Instant;
use serde_json::{Value, json};

use super::{FindingKind, Message, read};

const SOURCE: &str = "/hoa-binh/mot-cua";

/// The events of `message`, as `type time data`, in the order in which they take effect.
fn events(message: &Value) -> Vec<String> {
    told(&one(message)).into_iter().map(|(event, _)| event).collect()
}

fn one(message: &Value) -> Message {
    let mut messages = read(message.to_string().as_bytes(), SOURCE);
    assert_eq!(messages.len(), 1, "{message}");
    messages.remove(0)
}

fn told(message: &Message) -> Vec<(String, String)> {
    let mapped = message.outcome.as_ref().unwrap_or_else(|unmapped| panic!("{}", unmapped.rejection));
    let tell = |line: &str| {
        let event: Value = serde_json::from_str(line).expect("an event is JSON");
        assert_eq!((&event["source"], &event["subject"]), (&json!(SOURCE), &json!("H1")), "{line}");
        let time = Instant::parse(event["time"].as_str().expect("a time")).expect("an instant").to_local();
        let kind = event["type"].as_str().expect("a type").trim_start_matches("dossier.");
        let mut data = event["data"].clone();
        for name in ["procedure", "agency", "channel", "officer", "reason"] {
            if ["T", "C1", "counter", ""].iter().any(|usual| data[name] == *usual) {
                data.as_object_mut().expect("data is an object").remove(name);
            }
        }
        let short = format!("{kind} {}/{} {} {data}", &time[8..10], &time[5..7], &time[11..16]);
        (short, event["id"].as_str().expect("an id").to_owned())
    };
    mapped.events.iter().map(|event| tell(&event.line)).collect()
}

fn findings(message: &Value) -> Vec<FindingKind> {
    one(message).outcome.expect("understood").findings.iter().map(|finding| finding.kind).collect()
}

/// Reason and field of a message that is set aside.
fn rejection(message: &Value) -> String {
    let rejection = one(message).outcome.expect_err("set aside").rejection;
    format!("{} {}", rejection.reason.code(), rejection.field.unwrap_or("-"))
}

/// An accepted dossier, with `more` members.
fn dossier(more: Value) -> Value {
    let mut message = json!({
        "MaHoSo": "H1", "MaTTHC": "T", "DonViXuLy": "C1", "NgayNopHoSo": "20261001073000",
        "NgayTiepNhan": "20261001080000", "NgayHenTra": "20261009173000",
    });
    let Value::Object(more) = more else { panic!("members") };
    message.as_object_mut().expect("a message is an object").extend(more);
    message
}

/// Only what `more` adds to an accepted dossier.
fn added(more: Value) -> Vec<String> {
    let known: BTreeSet<String> = events(&dossier(json!({}))).into_iter().collect();
    events(&dossier(more)).into_iter().filter(|event| !known.contains(event)).collect()
}

const ACCEPTED: [&str; 2] =
    ["submitted 01/10 07:30 {}", "accepted 01/10 08:00 {\"due_at\":\"2026-10-09T10:30:00Z\"}"];

#[test]
fn filing_acceptance_and_due_date_have_their_events() {
    assert_eq!(events(&dossier(json!({}))), ACCEPTED);
    let iso =
        dossier(json!({ "NgayTiepNhan": "2026-10-01T01:00:00Z", "NgayNopHoSo": "2026-10-01T07:30:00" }));
    assert_eq!(events(&iso), ACCEPTED);
    assert_eq!(told(&one(&iso)), told(&one(&dossier(json!({})))), "spelling is no part of an identity");
    let online = events(&dossier(json!({ "KenhThucHien": "2" })));
    assert_eq!(online[0], "submitted 01/10 07:30 {\"channel\":\"online\"}");
    assert!(events(&dossier(json!({ "KenhThucHien": 3 })))[1].contains("\"channel\":\"post\""));
    let same = dossier(json!({ "NgayNopHoSo": "20261001080000" }));
    assert!(events(&same)[0].starts_with("submitted"), "filed before it is accepted, at one instant");
}

#[test]
fn every_status_has_its_event() {
    let at = |status: u64, more: Value| {
        let mut stated = json!({ "MaHoSo": "H1", "TrangThai": status, "ThoiDiemXuLy": "20261005100000" });
        stated.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        events(&stated)
    };
    let none: [&str; 0] = [];
    assert_eq!(at(1, json!({})), none);
    assert_eq!(at(2, json!({})), none);
    assert_eq!(at(3, json!({})), ["refused 05/10 10:00 {}"]);
    assert_eq!(
        at(4, json!({})),
        ["supplement_received 05/10 10:00 {}", "resumed 05/10 10:00 {\"reason\":\"financial_duty\"}"]
    );
    assert_eq!(at(5, json!({})), ["supplement_requested 05/10 10:00 {}"]);
    assert_eq!(at(6, json!({})), ["paused 05/10 10:00 {\"reason\":\"financial_duty\"}"]);
    assert_eq!(at(7, json!({})), ["withdrawn 05/10 10:00 {}"]);
    assert_eq!(at(8, json!({})), ["stopped 05/10 10:00 {}"]);
    let processed = "processed 05/10 10:00 {\"outcome\":\"granted\",\"result_digital\":false}";
    assert_eq!(at(9, json!({})), [processed]);
    assert_eq!(at(10, json!({})), ["returned 05/10 10:00 {}"]);
    let entry = json!({ "MaHoSo": "H1", "MaTTHC": "T", "DonViXuLy": "C1", "NgayCapNhat": "20261005100000" });
    for (status, last) in [(1, "submitted 05/10 10:00 {}"), (2, "accepted 05/10 10:00 {}")] {
        let mut entry = entry.clone();
        entry["TrangThaiHoSo"] = json!(status);
        assert_eq!(events(&entry).last().map(String::as_str), Some(last));
    }
    for status in [3, 5, 6, 7, 8, 9, 10] {
        let more = json!({ "TrangThaiHoSo": status });
        assert_eq!(findings(&dossier(more.clone())), [FindingKind::StatusWithoutTime], "{status}");
        assert!(added(more).is_empty(), "no time, no event");
        let stated = added(json!({ "TrangThaiHoSo": status, "NgayCapNhat": "20261005100000" }));
        assert!(at(status, json!({})).iter().all(|event| stated.contains(event)), "{status}: {stated:?}");
    }
}

#[test]
fn ends_have_their_dates() {
    let ended = added(json!({ "NgayKetThucXuLy": "20261008150000", "NgayTra": "20261009090000" }));
    assert_eq!(ended[0], "processed 08/10 15:00 {\"outcome\":\"granted\",\"result_digital\":false}");
    assert!(ended.contains(&"returned 09/10 09:00 {}".to_owned()), "{ended:?}");
    assert_eq!(added(json!({ "NgayTuChoi": "20261001080000" })), ["refused 01/10 08:00 {}"]);
    let halted = added(json!({ "TrangThaiHoSo": 8, "NgayKetThucXuLy": "20261008150000" }));
    let is_told = |name: &str| halted.iter().any(|one| one.starts_with(name));
    assert!(is_told("stopped 08/10 15:00") && !is_told("processed"), "{halted:?}");
}

#[test]
fn supplements_stop_the_clock_and_carry_the_new_due_date() {
    let asked = json!({ "NgayBoSung": "20261002090000", "NgayTiepNhanBoSung": "20261006090000",
        "NgayHenTraTruoc": "20261009173000", "NgayHenTraMoi": "20261013173000" });
    let moved = dossier(json!({ "NgayHenTra": "20261013173000", "DanhSachHoSoBoSung": [asked] }));
    assert_eq!(
        events(&moved),
        [
            ACCEPTED[0],
            ACCEPTED[1],
            "supplement_requested 02/10 09:00 {}",
            "submitted 06/10 09:00 {}",
            "supplement_received 06/10 09:00 {\"due_at\":\"2026-10-13T10:30:00Z\"}",
        ],
        "the base due date is the one before"
    );
    let nameless = json!({ "NgayBoSung": "20261002090000", "NgayHenTraMoi": "20261013173000" });
    let nameless =
        dossier(json!({ "NgayHenTra": "20261013173000", "DanhSachHoSoBoSung": [nameless, asked] }));
    assert_eq!(events(&nameless)[1], "accepted 01/10 08:00 {}", "what it was before is not said");
    let mut open = asked.clone();
    open["NgayTiepNhanBoSung"] = Value::Null;
    let open = added(json!({ "DanhSachHoSoBoSung": [open] }));
    assert!(
        open.contains(&"due_changed 02/10 09:00 {\"due_at\":\"2026-10-13T10:30:00Z\"}".to_owned()),
        "{open:?}"
    );
    let bare = dossier(json!({ "DanhSachHoSoBoSung": [
        { "NgayBoSung": "20261002090000", "NgayTiepNhanBoSung": "20261006090000" }] }));
    assert_eq!(findings(&bare), [FindingKind::SupplementWithoutDue]);
    assert!(!events(&bare).iter().any(|event| event.starts_with("due_changed")), "the rules move it");
    let dateless = dossier(json!({ "DanhSachHoSoBoSung": [{ "NgayHenTraMoi": "20261013173000" }] }));
    assert_eq!(findings(&dateless), [FindingKind::SupplementWithoutDates]);
    assert!(events(&dateless).iter().any(|event| event.starts_with("due_changed")), "every change is kept");
    let unexplained = dossier(json!({ "NgayHenTra": "20261020173000", "DanhSachHoSoBoSung": [asked, {
        "NgayBoSung": "20261008090000", "NgayHenTraTruoc": "20261016173000" }] }));
    assert!(findings(&unexplained).contains(&FindingKind::DueMovedUnexplained));
    let told = events(&unexplained);
    assert!(
        told.contains(&"due_changed 08/10 09:00 {\"due_at\":\"2026-10-16T10:30:00Z\"}".to_owned()),
        "{told:?}"
    );
    assert!(
        told.contains(&"due_changed 08/10 09:00 {\"due_at\":\"2026-10-20T10:30:00Z\"}".to_owned()),
        "{told:?}"
    );
}

#[test]
fn parts_fees_payment_result_and_population_data_have_their_events() {
    let parts = added(json!({ "TaiLieuNop": [
        { "DuocSoHoa": 1, "DuocTaiSuDung": "0" }, { "DuocSoHoa": 1 }, { "DuocTaiSuDung": true, "DuocLayTuKhoDMQG": 1 },
        { "DuocSoHoa": 0 }] }));
    let mut parts = parts;
    parts.sort();
    assert_eq!(
        parts,
        [
            "part_digitised 01/10 08:00 {\"count\":0,\"from_portal_store\":1,\"reused\":1}",
            "part_digitised 01/10 08:00 {\"count\":1,\"from_portal_store\":0,\"reused\":0}",
            "part_digitised 01/10 08:00 {\"count\":1,\"from_portal_store\":0,\"reused\":0}",
        ]
    );
    assert_eq!(added(json!({ "HoSoCoThanhPhanSoHoa": 1 })), ["part_digitised 01/10 08:00 {\"count\":1}"]);
    assert_eq!(added(json!({ "HoSoCoThanhPhanSoHoa": 0 })).len(), 0);
    let fees =
        added(json!({ "DanhSachLePhi": [{ "Gia": 20000 }, { "Gia": "5000" }], "DuocThanhToanTrucTuyen": 2 }));
    assert_eq!(
        fees,
        [
            "fee_set 01/10 08:00 {\"fee_vnd\":25000}",
            "paid 01/10 08:00 {\"amount_vnd\":25000,\"method\":\"gateway\"}"
        ]
    );
    assert_eq!(added(json!({ "DanhSachLePhi": [{ "Gia": 0 }] })), ["fee_set 01/10 08:00 {\"fee_vnd\":0}"]);
    assert!(added(json!({ "DuocThanhToanTrucTuyen": "1" }))[0].contains("\"method\":\"portal\""));
    assert!(added(json!({ "DuocThanhToanTrucTuyen": 0 })).is_empty());
    let result = json!({ "NgayKetThucXuLy": "20261008150000", "DanhSachGiayToKetQua": [
        { "DuongDanTepTinKetQua": "https://x/NguyenVanA.pdf" }] });
    assert!(added(result).contains(&"result_attached 08/10 15:00 {}".to_owned()));
    let none = json!({ "NgayKetThucXuLy": "20261008150000", "DanhSachGiayToKetQua": [{ "DuongDanTepTinKetQua": " " }] });
    assert!(!added(none).iter().any(|event| event.starts_with("result_attached")));
    assert!(added(json!({ "TaiKhoanDuocXacThucVoiVNeID": 1 }))[0].contains("\"population_data\":true"));
}

#[test]
fn a_step_says_who_holds_the_dossier() {
    let step = json!({ "MaHoSo": "H1", "NguoiXuLy": "O1", "ChucDanh": "Chuyên viên", "PhongBanXuLy": "Phòng A",
        "ThoiDiemXuLy": "20261005100000", "NgayBatDau": "20261002080000",
        "NgayKetThucTheoQuyDinh": "20261006173000", "TrangThai": 9 });
    assert_eq!(
        events(&step)[0],
        "assigned 02/10 08:00 {\"officer\":\"O1\",\"step\":\"Phòng A · Chuyên viên\",\"step_due_at\":\"2026-10-06T10:30:00Z\"}"
    );
    assert!(events(&step)[1].starts_with("processed 05/10 10:00"));
    assert_eq!(rejection(&json!({ "MaHoSo": "H1", "NguoiXuLy": "O1" })), "missing ThoiDiemXuLy");
    let nobody = json!({ "MaHoSo": "H1", "ThoiDiemXuLy": "20261005100000", "TrangThai": 5 });
    assert_eq!(findings(&nobody), [FindingKind::OfficerMissing]);
}

#[test]
fn what_cannot_be_read_is_set_aside_whole_and_names_its_field() {
    let with = |name: &str, value: Value| {
        let mut message = dossier(json!({}));
        message[name] = value;
        rejection(&message)
    };
    for name in [
        "NgayNopHoSo",
        "NgayTiepNhan",
        "NgayHenTra",
        "NgayKetThucXuLy",
        "NgayTra",
        "NgayTuChoi",
        "NgayCapNhat",
    ] {
        for odd in
            [json!("01/10/2026"), json!("20261001"), json!(7), json!(true), json!({}), json!("2026-10-01")]
        {
            assert_eq!(with(name, odd), format!("not_exchange_date {name}"));
        }
    }
    assert_eq!(with("NgayTra", json!("21000101070000")), "out_of_range NgayTra");
    for odd in [json!(0), json!(11), json!("x"), json!(-1), json!(2.5), json!(true)] {
        assert_eq!(with("TrangThaiHoSo", odd), "not_in_table TrangThaiHoSo");
    }
    assert_eq!(with("KenhThucHien", json!(4)), "not_in_table KenhThucHien");
    assert_eq!(with("DuocThanhToanTrucTuyen", json!(3)), "not_in_table DuocThanhToanTrucTuyen");
    assert_eq!(with("TaiLieuNop", json!([{ "DuocSoHoa": 2 }])), "not_in_table DuocSoHoa");
    assert_eq!(with("TaiLieuNop", json!("x")), "wrong_type TaiLieuNop");
    assert_eq!(with("DanhSachLePhi", json!([{ "Gia": 5000.5 }])), "not_whole Gia");
    assert_eq!(with("DanhSachHoSoBoSung", json!([{ "NgayBoSung": "x" }])), "not_exchange_date NgayBoSung");
    assert_eq!(with("MaTTHC", Value::Null), "missing MaTTHC");
    assert_eq!(with("DonViXuLy", json!("")), "missing DonViXuLy");
    assert_eq!(with("MaHoSo", Value::Null), "missing MaHoSo");
    assert_eq!(with("MaHoSo", json!(7)), "wrong_type MaHoSo");
    assert_eq!(findings(&json!({ "MaHoSo": "H1" })), [FindingKind::NothingSaid]);
    let sentence =
        one(&dossier(json!({ "NgayTra": "mai" }))).outcome.expect_err("set aside").rejection.to_string();
    assert!(sentence.contains("NgayTra") && sentence.contains("yyyyMMddHHmmss"), "{sentence}");
}

#[test]
fn an_ended_dossier_at_work_again_is_reopened_or_flagged() {
    let back = |more: Value| {
        let mut ended = json!({ "NgayKetThucXuLy": "20261008150000", "TrangThaiHoSo": 4 });
        ended.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        let message = dossier(ended);
        assert!(findings(&message).contains(&FindingKind::StatusBackwards), "{message}");
        events(&message)
    };
    assert!(back(json!({ "NgayCapNhat": "20261012080000" })).contains(&"reopened 12/10 08:00 {}".to_owned()));
    let asked = json!({ "DanhSachHoSoBoSung": [{ "NgayBoSung": "20261012090000" }] });
    assert!(back(asked).contains(&"reopened 12/10 09:00 {}".to_owned()));
    let touched = "resumed 08/10 15:00 {\"reason\":\"financial_duty\"}".to_owned();
    assert_eq!(back(json!({})).last(), Some(&touched), "no time is made up");
    let returned = back(json!({ "NgayTra": "20261009090000", "NgayCapNhat": "20261012080000" }));
    assert!(!returned.iter().any(|event| event.starts_with("reopened")), "{returned:?}");
}

#[test]
fn the_same_fact_is_the_same_event_however_it_is_sent() {
    let small = dossier(json!({}));
    let grown = dossier(json!({ "TaiLieuNop": [{ "DuocSoHoa": 1 }], "NgayKetThucXuLy": "20261008150000" }));
    let ids = |message: &Value| told(&one(message)).into_iter().map(|(_, id)| id).collect::<BTreeSet<_>>();
    assert!(ids(&small).is_subset(&ids(&grown)));
    let fuller =
        dossier(json!({ "TaiLieuNop": [{ "DuocTaiSuDung": 1 }, { "DuocSoHoa": 1 }, { "DuocSoHoa": 1 }] }));
    assert_eq!(
        ids(&fuller).difference(&ids(&grown)).count(),
        2,
        "one document more is one event more, and the reuse"
    );
    let mut other = small.clone();
    other["MaHoSo"] = json!("H2");
    let others = read(other.to_string().as_bytes(), SOURCE);
    let others: BTreeSet<String> =
        others[0].outcome.as_ref().expect("understood").events.iter().map(|event| event.id.clone()).collect();
    assert!(ids(&small).is_disjoint(&others), "ids are unique within the source");
}

#[test]
fn messages_come_bare_in_arrays_in_lines_and_in_wrappers() {
    let one = dossier(json!({})).to_string();
    let count = |text: &str| {
        let messages = read(text.as_bytes(), SOURCE);
        let taken = messages.iter().filter(|message| message.outcome.is_ok()).count();
        (taken, messages.len() - taken)
    };
    assert_eq!(count(&one), (1, 0));
    assert_eq!(count(&format!("[{one},{one}]")), (2, 0));
    assert_eq!(count(&format!("{one}\n\n{one}\r\n")), (2, 0));
    assert_eq!(count(&format!("\u{feff}{one}\n[{one},{one}]\n{{\"data\":{one}}}")), (4, 0));
    let pretty = format!("{:#}", dossier(json!({})));
    assert_eq!(count(&pretty), (1, 0));
    assert_eq!(
        count(&format!("{{\"service\":\"DongBoHoSoMC\",\"session\":\"s\",\"data\":[{one},{one}]}}")),
        (2, 0)
    );
    assert_eq!(count(&format!("{{\"DanhSachHoSo\":[{one}]}}")), (1, 0));
    assert_eq!(count(&format!("{one}\nnot json\n{one}")), (2, 1));
    assert_eq!(count(&format!("[{one},7,null,[]]")), (1, 2));
    assert_eq!(count(&pretty[..pretty.len() - 2]), (0, 1), "a broken object is one fault, not one a line");
    assert_eq!(count("{\"data\":7}"), (0, 1));
    assert_eq!(count(""), (0, 0));
    assert_eq!(count(&"[".repeat(100_000)), (0, 1));
    let long = format!("{{\"MaHoSo\":\"H1\",\"x\":\"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(count(&long), (0, 1));
    let spoiled = [one.as_bytes(), b"\n\xff\n", one.as_bytes()].concat();
    let messages = read(&spoiled, SOURCE);
    assert_eq!(messages.iter().filter(|message| message.outcome.is_ok()).count(), 2);
    assert_eq!(messages.len(), 3);
    let wrapped =
        json!({ "time": "2026-10-05T10:00:00+07:00", "data": dossier(json!({ "TrangThaiHoSo": 6 })) });
    let told = events(&wrapped);
    assert!(told.contains(&"paused 05/10 10:00 {\"reason\":\"financial_duty\"}".to_owned()), "{told:?}");
}

#[test]
fn the_last_of_repeated_members_counts() {
    let text = r#"{"MaHoSo":"H0","MaTTHC":"T","DonViXuLy":"C1","NgayTiepNhan":"x","NgayTiepNhan":"20261001080000","MaHoSo":"H1"}"#;
    let messages = read(text.as_bytes(), SOURCE);
    assert_eq!(messages[0].dossier.as_deref(), Some("H1"));
    assert!(messages[0].outcome.is_ok());
}

#[test]
fn applicants_data_reaches_nothing() {
    let planted = json!({
        "ChuHoSo": "NGUYEN PLANTED", "SoDinhDanh": "001099PLANTED", "SoDienThoai": "09PLANTED", "Email": "PLANTED@x",
        "DiaChi": "PLANTED", "TrichYeuHoSo": "PLANTED", "NoiDungXuLy": "PLANTED", "data": { "PLANTED": "PLANTED" },
        "TaiLieuNop": [{ "TenTepDinhKem": "PLANTED.pdf", "DuocSoHoa": 1 }],
        "DanhSachLePhi": [{ "TenPhiLePhi": "PLANTED", "Gia": 1 }],
        "DanhSachHoSoBoSung": [{ "NoiDungBoSung": "PLANTED", "NguoiYeuCauBoSung": "PLANTED", "NgayBoSung": "20261002090000" }],
        "DanhSachGiayToKetQua": [{ "TenGiayTo": "PLANTED", "DuongDanTepTinKetQua": "https://x/PLANTED" }],
    });
    let shown = format!("{:?}", one(&dossier(planted.clone())));
    assert!(!shown.contains("PLANTED"), "{shown}");
    for (name, value) in [
        ("NgayTra", json!("Nguyen PLANTED")),
        ("TrangThaiHoSo", json!("PLANTED")),
        ("ChucDanh", json!("PLANTED")),
        ("DanhSachLePhi", json!([{ "Gia": "PLANTED" }])),
    ] {
        let mut spoiled = dossier(planted.clone());
        spoiled["NgayHenTra"] = json!("0912345678");
        spoiled["KenhThucHien"] = json!(912_345_678);
        spoiled[name] = value;
        let message = one(&spoiled);
        let shown = format!("{message:?}");
        assert!(!shown.contains("PLANTED") && !shown.contains("912345678"), "{shown}");
        assert_eq!(message.dossier.as_deref(), Some("H1"), "what it was about is known");
        let kept = message.outcome.expect_err("set aside").kept.expect("its fields are kept");
        assert_eq!(
            (&kept["NgayTiepNhan"], &kept["NgayHenTra"]),
            (&json!("20261001080000"), &json!("9999999999"))
        );
    }
}
