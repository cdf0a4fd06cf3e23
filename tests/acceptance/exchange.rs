//! National exchange messages through the real program: over HTTP, from files, checked against what the index needs.
//!
//! The examples of `docs/exchange.md` are taken from there. Not here: the mapping row by row (`ingest::exchange`).

use acceptance_tests::program::{Folder, figures, nhip};
use acceptance_tests::server::{Answer, Server, within};
use acceptance_tests::shared;
use acceptance_tests::story::events;
use serde_json::{Value, json};

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const SOURCE: &str = "/api/v1/exchange?source=/hoa-binh/mot-cua";

/// A dossier of commune C1 and procedure T, accepted on 1 October and due on the 9th, with `more` members.
fn dossier(code: &str, more: Value) -> Value {
    let mut message = json!({
        "MaHoSo": code, "MaTTHC": "T", "DonViXuLy": "C1", "KenhThucHien": 2, "TrangThaiHoSo": 2,
        "NgayNopHoSo": "20261001073000", "NgayTiepNhan": "20261001080000", "NgayHenTra": "20261009173000",
        "HoSoCoThanhPhanSoHoa": 1, "TaiKhoanDuocXacThucVoiVNeID": 1, "DuocThanhToanTrucTuyen": 1,
        "TaiLieuNop": [{ "DuocSoHoa": 1, "DuocTaiSuDung": 0, "DuocLayTuKhoDMQG": 0 }],
        "DanhSachLePhi": [{ "Gia": 20000 }], "ChuHoSo": "PLANTED", "SoDinhDanh": "001099PLANTED",
    });
    let Value::Object(more) = more else { panic!("members") };
    message.as_object_mut().expect("a message is an object").extend(more);
    message
}

fn ended(at: &str) -> Value {
    json!({ "TrangThaiHoSo": 9, "NgayKetThucXuLy": at, "DanhSachGiayToKetQua": [{ "DuongDanTepTinKetQua": "https://x/1" }] })
}

fn lines(messages: &[Value]) -> String {
    messages.iter().flat_map(|message| [message.to_string(), "\n".to_owned()]).collect()
}

/// The canonical result of messages, scored from the events they make.
fn scored(messages: &str) -> String {
    let made = nhip(&["exchange", "events", "-", "--source", "/hoa-binh/mot-cua"], messages.as_bytes());
    assert_eq!(made.status, 0, "{}", made.stderr);
    let input = format!("{}{}", events(""), made.text());
    let ran = nhip(
        &["score", "-", "--period", "2026-10", "--as-of", "2026-11-01", "--format", "csv", "--threads", "1"],
        input.as_bytes(),
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    ran.text()
}

/// Numerator and denominator of `indicator` of commune C1.
fn counts(csv: &str, unit: &str, indicator: &str) -> String {
    let rows = figures(csv);
    let row = rows.iter().find(|row| row.unit == unit && row.indicator == indicator).expect("a row");
    format!("{}/{}", row.numerator, row.denominator)
}

#[test]
fn messages_count_as_the_events_they_stand_for() {
    // Four dossiers: on time, a day late, on time thanks to a supplement, and open past its due date at the cut.
    let supplement = json!({ "NgayBoSung": "20261002080000", "NgayTiepNhanBoSung": "20261006080000",
        "NgayHenTraTruoc": "20261009173000", "NgayHenTraMoi": "20261013173000" });
    let mut asked = ended("20261012100000");
    asked["DanhSachHoSoBoSung"] = json!([supplement]);
    asked["NgayHenTra"] = json!("2026-10-13T17:30:00+07:00");
    let csv = scored(&lines(&[
        dossier("H1", ended("2026-10-09T17:30:00+07:00")),
        dossier("H2", ended("20261010173000")),
        dossier("H3", asked),
        dossier("H4", json!({ "KenhThucHien": 1, "DanhSachLePhi": [], "DuocThanhToanTrucTuyen": 0 })),
    ]));
    for (indicator, expected) in
        [("2.1", "2/4"), ("3.3", "3/4"), ("4.2", "4/4"), ("4.3", "0/4"), ("4.4", "0/4"), ("4.5b", "4/4")]
    {
        assert_eq!(counts(&csv, "C1", indicator), expected, "{indicator}");
    }
}

#[test]
fn a_snapshot_that_corrects_a_value_takes_effect_in_any_order() {
    let first = dossier("H1", json!({}));
    let moved = dossier(
        "H1",
        json!({ "NgayHenTra": "20261020173000", "DonViXuLy": "C2", "NgayCapNhat": "20261005080000" }),
    );
    let last = dossier(
        "H1",
        json!({ "NgayHenTra": "20261020173000", "DonViXuLy": "C2", "TrangThaiHoSo": 9, "NgayKetThucXuLy": "20261019100000" }),
    );
    let csv = scored(&lines(&[first.clone(), moved.clone(), last.clone()]));
    assert_eq!((counts(&csv, "C1", "2.1"), counts(&csv, "C2", "2.1")), ("0/0".to_owned(), "1/1".to_owned()));
    assert_eq!(csv, scored(&lines(&[last, first.clone(), moved, first])));
}

#[test]
fn any_order_and_any_repetition_give_the_same_bytes() {
    let step = |at: &str, status: u64| json!({ "MaHoSo": "H2", "NguoiXuLy": "O1", "ThoiDiemXuLy": at, "TrangThai": status });
    let mut messages = vec![
        dossier("H1", json!({ "KenhThucHien": 1 })),
        dossier("H1", json!({ "NgayCapNhat": "20261003080000", "DonViXuLy": "C2" })),
        dossier("H1", ended("20261008150000")),
        dossier("H2", json!({})),
        step("20261002080000", 4),
        step("20261005080000", 9),
        step("20261006080000", 4),
        dossier(
            "H2",
            json!({ "NgayKetThucXuLy": "20261005080000", "TrangThaiHoSo": 4, "NgayCapNhat": "20261007080000" }),
        ),
    ];
    let expected = scored(&lines(&messages));
    // A small generator, so that a failure can be told by its round.
    let mut dice = 20_261_122u64;
    for round in 0..24 {
        for place in (1..messages.len()).rev() {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            messages.swap(place, usize::try_from(dice >> 33).expect("it fits") % (place + 1));
        }
        let doubled = [lines(&messages), lines(&messages[..round % messages.len()])].concat();
        assert_eq!(scored(&doubled), expected, "round {round}");
    }
}

#[test]
fn a_status_that_steps_back_is_applied_and_flagged() {
    let step = |at: &str, status: u64| json!({ "MaHoSo": "H1", "NguoiXuLy": "O1", "ThoiDiemXuLy": at, "TrangThai": status });
    let messages = [dossier("H1", json!({})), step("20261006080000", 4), step("20261005080000", 9)];
    let made = nhip(&["exchange", "events", "-", "--source", "/s"], lines(&messages).as_bytes());
    let input = format!("{}{}", events(""), made.text());
    let ran = nhip(
        &["score", "-", "--period", "2026-10", "--as-of", "2026-11-01", "--explain", "H1"],
        input.as_bytes(),
    );
    assert!(ran.text().contains("the clock is touched after the end"), "{}", ran.text());
    let usual = [dossier("H1", json!({})), step("20261004080000", 4), step("20261005080000", 9)];
    let made = nhip(&["exchange", "events", "-", "--source", "/s"], lines(&usual).as_bytes());
    let input = format!("{}{}", events(""), made.text());
    let ran = nhip(
        &["score", "-", "--period", "2026-10", "--as-of", "2026-11-01", "--explain", "H1"],
        input.as_bytes(),
    );
    assert!(!ran.text().contains("anomaly"), "{}", ran.text());
    let report = check(&lines(&messages));
    let codes: Vec<&Value> =
        report["findings"].as_array().expect("findings").iter().map(|one| &one["code"]).collect();
    assert!(codes.contains(&&json!("status_backwards")), "{report:#}");
}

#[test]
fn what_is_said_again_raises_no_flag() {
    let mut messages = Vec::new();
    for number in 0..25 {
        let code = format!("H{number}");
        messages.push(dossier(&code, json!({ "NgayCapNhat": "20261002080000" })));
        messages.push(dossier(&code, json!({ "NgayCapNhat": "20261005080000" })));
        messages.push(dossier(&code, ended("20261006090000")));
    }
    let made = nhip(&["exchange", "events", "-", "--source", "/s"], lines(&messages).as_bytes());
    let input = format!("{}{}", events(""), made.text());
    let asked = ["score", "-", "--period", "2026-10", "--as-of", "2026-11-01", "--format", "json"];
    let result: Value = serde_json::from_str(&nhip(&asked, input.as_bytes()).text()).expect("JSON");
    assert_eq!(
        result["survey"]["integrity_flags"],
        json!([]),
        "no change, no second filing, no bulk of one officer"
    );
}

fn problem(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn http_takes_messages_and_tells_what_became_of_each() {
    let folder = Folder::new();
    let server = Server::launch(&["--data", &folder.path("data"), "--from", "2026-10-01"]);
    let server = server.or_else(|_| Server::launch(&["--data", &folder.path("data")])).expect("it serves");
    assert!(within(std::time::Duration::from_secs(30), || server.get("/readyz").status == 200));
    server.post_batch(&events(""));
    let mut bad = dossier("H2", json!({ "NgayHenTra": "PLANTED 09/10/2026" }));
    bad["NgayTra"] = json!("20261010080000");
    let good = dossier("H1", json!({ "TrangThaiHoSo": 6 }));
    let body = format!("[{good},{bad},7]");
    let answer = server.post(SOURCE, JSON, body.as_bytes());
    assert_eq!(answer.status, 202, "{}", answer.text());
    let told = answer.json();
    assert_eq!((&told["messages"], &told["rejected_count"]), (&json!(3), &json!(2)));
    assert_eq!(told["outcomes"][0]["dossier"], "H1");
    assert_eq!(told["outcomes"][0]["findings"][0]["code"], "status_without_time");
    assert_eq!(
        told["outcomes"][0]["events"].as_array().map(Vec::len),
        told["events"].as_u64().and_then(|events| usize::try_from(events).ok())
    );
    assert_eq!(told["outcomes"][1]["rejection"]["field"], "NgayHenTra");
    assert!(
        told["outcomes"][1]["rejection"]["advice"]
            .as_str()
            .is_some_and(|text| text.contains("yyyyMMddHHmmss"))
    );
    assert_eq!(told["outcomes"][2]["rejection"]["reason"], "not_object");
    let applied = server.get("/api/v1/ranking").json()["freshness"]["events_applied"].clone();
    for (kind, body) in [(JSON, good.to_string()), (LINES, format!("{good}\n{good}\n"))] {
        assert_eq!(server.post(SOURCE, kind, body.as_bytes()).status, 202);
    }
    assert_eq!(
        server.get("/api/v1/ranking").json()["freshness"]["events_applied"],
        applied,
        "sent again: nothing new"
    );
    let rejects = server.get("/api/v1/rejects").json();
    let kept = &rejects["rejects"][0];
    assert_eq!((&kept["via"], &kept["source"]), (&json!("exchange"), &json!("/hoa-binh/mot-cua")));
    assert_eq!(
        (&kept["event"]["MaHoSo"], &kept["event"]["NgayTra"]),
        (&json!("H2"), &json!("20261010080000"))
    );
    assert!(!rejects.to_string().contains("PLANTED"), "{rejects:#}");
    let mended = dossier("H2", json!({}));
    let retried = server.post("/api/v1/rejects/0/retry", JSON, mended.to_string().as_bytes());
    assert_eq!(retried.status, 202, "{}", retried.text());
    assert_eq!(server.get("/api/v1/subjects/H2").status, 200, "the mended message counts");
    let unmended = server.post("/api/v1/rejects/1/retry", JSON, bad.to_string().as_bytes());
    assert_eq!(problem(&unmended), (400, "malformed_event".to_owned()));
    server.terminate();
    drop(server);
    for entry in walk(&folder.path("data")) {
        let bytes = std::fs::read(&entry).expect("a file of the data folder");
        assert!(!bytes.windows(7).any(|seven| seven == b"PLANTED"), "{entry} keeps an applicant's data");
    }
}

fn walk(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.display().to_string();
        if path.is_dir() { found.extend(walk(&name)) } else { found.push(name) }
    }
    found
}

#[test]
fn http_refuses_what_it_cannot_answer() {
    let server = Server::start();
    let one = dossier("H1", json!({})).to_string();
    let post = |path: &str, kind: &str, body: &str| problem(&server.post(path, kind, body.as_bytes()));
    for path in ["/api/v1/exchange", "/api/v1/exchange?source=", "/api/v1/exchange?source=a&source=b"] {
        assert_eq!(post(path, JSON, &one), (400, "malformed_source".to_owned()), "{path}");
    }
    assert_eq!(post(SOURCE, "text/plain", &one), (400, "malformed_content_type".to_owned()));
    assert_eq!(post(SOURCE, JSON, " \n"), (400, "malformed_body".to_owned()));
    let encoded = server.post("/api/v1/exchange?source=%2Fhoa-binh%2Fmot-cua", JSON, one.as_bytes());
    assert_eq!(encoded.status, 202, "{}", encoded.text());
    let health = server.get("/api/v1/health").json();
    assert!(health.to_string().contains("\"/hoa-binh/mot-cua\""), "{health}");
}

fn check(messages: &str) -> Value {
    let ran = nhip(&["exchange", "check", "-", "--format", "json"], messages.as_bytes());
    serde_json::from_str(&ran.text()).unwrap_or_else(|_| panic!("{}", ran.stderr))
}

#[test]
fn the_check_names_the_points_at_risk() {
    let whole = dossier("H1", ended("20261008150000"));
    let ran = nhip(&["exchange", "check", "-"], whole.to_string().as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.text());
    let mut less = dossier("H2", json!({}));
    for name in ["TaiKhoanDuocXacThucVoiVNeID", "NgayHenTra"] {
        less[name] = Value::Null;
    }
    let report = check(&lines(&[whole.clone(), less.clone()]));
    let field = |name: &str| {
        report["fields"]
            .as_array()
            .expect("fields")
            .iter()
            .find(|one| one["field"] == name)
            .expect("the field")
            .clone()
    };
    // Population data feeds 4.5a (2) and 4.5b (2); the due date 2.1 (20) and 5.4 (6).
    let vneid = field("TaiKhoanDuocXacThucVoiVNeID");
    assert_eq!((&vneid["missing"], &vneid["dossiers"]), (&json!(1), &json!(2)));
    assert_eq!(vneid["computation"], "4.5a (2) + 4.5b (2) = 4");
    assert_eq!(vneid["examples"], json!([{ "dossier": "H2", "position": 2 }]));
    assert_eq!(field("NgayHenTra")["computation"], "2.1 (20) + 5.4 (6) = 26");
    assert_eq!((&report["points_at_risk"], &report["conforms"]), (&json!(30), &json!(false)));
    // Payment: 3.5b (2) and 3.6 (6). A result: 3.3 (6), 4.1 (6) and 4.2 (4). A fee: 3.5a (2) and 3.6 (6).
    let mut least = dossier("H3", json!({ "TrangThaiHoSo": 9, "NgayKetThucXuLy": "20261008150000" }));
    least
        .as_object_mut()
        .expect("an object")
        .retain(|name, _| !name.starts_with("DuocThanhToan") && name != "DanhSachLePhi");
    let report = check(&least.to_string());
    let points = |name: &str| {
        let fields = report["fields"].as_array().expect("fields");
        fields.iter().find(|one| one["field"] == name).expect("the field")["points_at_risk"].clone()
    };
    assert_eq!(points("DuocThanhToanTrucTuyen"), 8);
    assert_eq!(points("DanhSachLePhi[].Gia"), 8);
    assert_eq!(points("DanhSachGiayToKetQua[].DuongDanTepTinKetQua"), 16);
    // 3.3, 3.5a, 3.5b, 3.6, 4.1, 4.2, each once: 6 + 2 + 2 + 6 + 6 + 4.
    assert_eq!(report["points_at_risk"], 26);
    assert_eq!(report["not_in_messages"], json!(["1.1", "1.2", "1.3", "1.4", "3.1", "4.6", "5.2", "5.3"]));
}

#[test]
fn the_check_speaks_both_languages_and_ends_as_other_commands_do() {
    let mut bad = dossier("H1", json!({ "NgayTra": "PLANTED" }));
    bad["KenhThucHien"] = Value::Null;
    let ran = nhip(&["exchange", "check", "-"], bad.to_string().as_bytes());
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(
        ran.text().contains("CHƯA ĐẠT") && ran.text().contains("NgayTra") && ran.text().contains("H1"),
        "{}",
        ran.text()
    );
    let english = nhip(&["exchange", "check", "-", "--lang", "en"], bad.to_string().as_bytes());
    assert!(
        english.text().contains("DOES NOT CONFORM") && english.text().contains("yyyyMMddHHmmss"),
        "{}",
        english.text()
    );
    for text in [ran.text(), english.text(), english.stderr] {
        assert!(!text.contains("PLANTED"), "{text}");
    }
    for (arguments, way_out) in [
        (vec!["exchange", "check", "/nowhere.json"], "/nowhere.json"),
        (vec!["exchange", "check", "-", "--set", "x"], "portal-2026"),
        (vec!["exchange", "check", "-"], "no message"),
        (vec!["exchange", "events", "-"], "--source"),
    ] {
        let ran = nhip(&arguments, b"");
        assert_eq!((ran.status, ran.stdout.is_empty()), (2, true), "{arguments:?}");
        assert!(ran.stderr.contains(way_out), "{}", ran.stderr);
    }
    let strict = nhip(&["exchange", "events", "-", "--source", "/s", "--strict"], bad.to_string().as_bytes());
    assert_eq!(strict.status, 3);
    assert!(strict.stderr.contains("H1") && !strict.stderr.contains("PLANTED"), "{}", strict.stderr);
}

#[test]
fn the_examples_of_the_guide_are_messages_and_make_the_events_it_shows() {
    let guide = std::fs::read_to_string(shared::root().join("docs/exchange.md")).expect("the guide is there");
    let blocks: Vec<&str> =
        guide.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let shown: Vec<&str> =
        guide.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 3 && shown.len() == blocks.len(), "each example shows its events");
    for (block, shown) in blocks.iter().zip(shown) {
        let made = nhip(&["exchange", "events", "-", "--source", "/s", "--strict"], block.as_bytes());
        assert_eq!(made.status, 0, "{block}\n{}", made.stderr);
        let told: Vec<String> = made
            .text()
            .lines()
            .map(|line| {
                let event: Value = serde_json::from_str(line).expect("an event");
                let text = |name: &str| event[name].as_str().expect("text").to_owned();
                format!("{} {} {}", text("time"), text("type"), event["data"])
            })
            .collect();
        assert_eq!(told, shown.lines().collect::<Vec<_>>(), "{block}");
    }
}
