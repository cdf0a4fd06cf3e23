//! What an import promises, told on small logs; and on the real municipal log, where it lies on this machine.

use std::io::Write;

use super::{ImportError, Imported, Mapping, import};

/// A small log with everything in it: a dated life, activities by hand, a value map, a derived procedure.
const MAPPING: &str = r#"
source = "/thu-nghiem"
defined_at = 2025-07-01T00:00:00+07:00

[time]
formats = ["yyyy-MM-dd HH:mm:ss"]
zone = "+07:00"

[columns]
dossier = "ho so"
row = "viec"
activity = "buoc"
time = "luc"
doer = "nguoi lam"
agency = "phong"
responsible = "chu tri"
channel = "kenh"

[columns.dates]
start = "nop"
due = "hen"
end = "xong"

[province]
code = "H27"
name = "Tỉnh thử"

[agencies]
kind = "department"
names = { TN = "Sở Tài nguyên" }

[channels]
"trực tuyến" = "online"
"quầy" = "counter"

[procedure]
code = "GP-{loai}"
name = "Giấy phép loại {loai}"
levels = ["province"]
duration = { value = 10, unit = "working_day" }
online = "full"
full_eligible = true
paper_result = false
fee = false
payment_integrated = false
for_citizens = true

[events.submitted]
date = "start"

[events.accepted]
date = "start"
officer = "responsible"
due = "due"

[events.assigned]
activities = "all"
officer = "doer_then_responsible"

[events.processed]
date = "end"
officer = "responsible"
outcome = "granted"
result_digital = true

[events.returned]
activities = ["Trả"]
occurrence = "last"
"#;

const HEADER: &str = "ho so,viec,buoc,luc,nguoi lam,phong,chu tri,kenh,nop,hen,xong,loai,nguoi nop\n";

const FIVE_ROWS: &str = "\
A/1,v1,Nhận,2026-10-01 12:05:00,An,TN,An,quầy,2026-10-01 12:00:00,2026-10-20 17:30:00,2026-10-19 09:00:00,X,Trần Văn Riêng
B-2,v1,Nhận,2026-10-02 08:00:00,,XD,Bình,trực tuyến,2026-10-02 07:59:59,,,X,Trần Văn Riêng
A/1,v3,Trả,2026-10-19 10:00:00,Chi,TN,An,quầy,2026-10-01 12:00:00,2026-10-20 17:30:00,2026-10-19 09:00:00,X,Trần Văn Riêng
A/1,v2,Xét,2026-10-05 00:30:00,Chi,TN,An,quầy,2026-10-01 12:00:00,2026-10-20 17:30:00,2026-10-19 09:00:00,X,Trần Văn Riêng
B-2,v2,\"Xét, kỹ\",2026-10-03 08:00:00,Bình,XD,Bình,trực tuyến,2026-10-02 07:59:59,,,X,Trần Văn Riêng
";

fn imported(mapping: &str, log: &str) -> (String, Vec<String>, Imported) {
    let mapping = Mapping::parse(mapping, "thu.toml").expect("the mapping is sound");
    let (mut events, mut rejects) = (Vec::new(), Vec::new());
    let done = import(&mapping, log.as_bytes(), &mut events, &mut |row| rejects.push(row.to_string()));
    let events = String::from_utf8(events).expect("events are UTF-8");
    (events, rejects, done.expect("the log can be read"))
}

/// Each line as `time type subject data`, without what is the same on all.
fn told(events: &str) -> Vec<String> {
    let tell = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} {} {}", text("time"), text("type"), text("subject"), event["data"])
    };
    events.lines().map(tell).collect()
}

#[test]
fn a_five_row_log_becomes_exactly_these_lines() {
    let expected = [
        r#"{"specversion":"1.0","id":"agency/H27","source":"/thu-nghiem","type":"agency.defined","subject":"H27","time":"2025-06-30T17:00:00Z","datacontenttype":"application/json","data":{"name":"Tỉnh thử","kind":"province"}}"#,
        r#"{"specversion":"1.0","id":"agency/TN","source":"/thu-nghiem","type":"agency.defined","subject":"TN","time":"2025-06-30T17:00:00Z","datacontenttype":"application/json","data":{"name":"Sở Tài nguyên","kind":"department","parent":"H27"}}"#,
        r#"{"specversion":"1.0","id":"agency/XD","source":"/thu-nghiem","type":"agency.defined","subject":"XD","time":"2025-06-30T17:00:00Z","datacontenttype":"application/json","data":{"name":"XD","kind":"department","parent":"H27"}}"#,
        r#"{"specversion":"1.0","id":"officer/An","source":"/thu-nghiem","type":"officer.defined","subject":"An","time":"2025-06-30T17:00:00Z","datacontenttype":"application/json","data":{"name":"An","agency":"TN"}}"#,
        r#"{"specversion":"1.0","id":"officer/Bình","source":"/thu-nghiem","type":"officer.defined","subject":"Bình","time":"2025-06-30T17:00:00Z","datacontenttype":"application/json","data":{"name":"Bình","agency":"XD"}}"#,
        r#"{"specversion":"1.0","id":"officer/Chi","source":"/thu-nghiem","type":"officer.defined","subject":"Chi","time":"2025-06-30T17:00:00Z","datacontenttype":"application/json","data":{"name":"Chi","agency":"TN"}}"#,
        r#"{"specversion":"1.0","id":"procedure/GP-X","source":"/thu-nghiem","type":"procedure.defined","subject":"GP-X","time":"2025-06-30T17:00:00Z","datacontenttype":"application/json","data":{"name":"Giấy phép loại X","levels":["province"],"agency":"H27","duration":{"value":10,"unit":"working_day"},"online":"full","full_eligible":true,"paper_result":false,"fee":false,"payment_integrated":false,"for_citizens":true}}"#,
        r#"{"specversion":"1.0","id":"dossier/A%2F1/1/submitted","source":"/thu-nghiem","type":"dossier.submitted","subject":"A/1","time":"2026-10-01T05:00:00Z","datacontenttype":"application/json","data":{"procedure":"GP-X","agency":"TN","channel":"counter"}}"#,
        r#"{"specversion":"1.0","id":"dossier/A%2F1/2/accepted","source":"/thu-nghiem","type":"dossier.accepted","subject":"A/1","time":"2026-10-01T05:00:00Z","datacontenttype":"application/json","data":{"procedure":"GP-X","agency":"TN","officer":"An","channel":"counter","due_at":"2026-10-20T10:30:00Z"}}"#,
        r#"{"specversion":"1.0","id":"dossier/A%2F1/3/v1/assigned","source":"/thu-nghiem","type":"dossier.assigned","subject":"A/1","time":"2026-10-01T05:05:00Z","datacontenttype":"application/json","data":{"officer":"An","step":"Nhận"}}"#,
        r#"{"specversion":"1.0","id":"dossier/A%2F1/3/v2/assigned","source":"/thu-nghiem","type":"dossier.assigned","subject":"A/1","time":"2026-10-04T17:30:00Z","datacontenttype":"application/json","data":{"officer":"Chi","step":"Xét"}}"#,
        r#"{"specversion":"1.0","id":"dossier/A%2F1/3/v2/assigned/responsible","source":"/thu-nghiem","type":"dossier.assigned","subject":"A/1","time":"2026-10-04T17:30:00Z","datacontenttype":"application/json","data":{"officer":"An","step":"Xét"}}"#,
        r#"{"specversion":"1.0","id":"dossier/A%2F1/4/processed","source":"/thu-nghiem","type":"dossier.processed","subject":"A/1","time":"2026-10-19T02:00:00Z","datacontenttype":"application/json","data":{"outcome":"granted","result_digital":true,"officer":"An"}}"#,
        r#"{"specversion":"1.0","id":"dossier/A%2F1/3/v3/assigned","source":"/thu-nghiem","type":"dossier.assigned","subject":"A/1","time":"2026-10-19T03:00:00Z","datacontenttype":"application/json","data":{"officer":"Chi","step":"Trả"}}"#,
        r#"{"specversion":"1.0","id":"dossier/A%2F1/3/v3/assigned/responsible","source":"/thu-nghiem","type":"dossier.assigned","subject":"A/1","time":"2026-10-19T03:00:00Z","datacontenttype":"application/json","data":{"officer":"An","step":"Trả"}}"#,
        r#"{"specversion":"1.0","id":"dossier/A%2F1/5/v3/returned","source":"/thu-nghiem","type":"dossier.returned","subject":"A/1","time":"2026-10-19T03:00:00Z","datacontenttype":"application/json","data":{}}"#,
        r#"{"specversion":"1.0","id":"dossier/B-2/1/submitted","source":"/thu-nghiem","type":"dossier.submitted","subject":"B-2","time":"2026-10-02T00:59:59Z","datacontenttype":"application/json","data":{"procedure":"GP-X","agency":"XD","channel":"online"}}"#,
        r#"{"specversion":"1.0","id":"dossier/B-2/2/accepted","source":"/thu-nghiem","type":"dossier.accepted","subject":"B-2","time":"2026-10-02T00:59:59Z","datacontenttype":"application/json","data":{"procedure":"GP-X","agency":"XD","officer":"Bình","channel":"online"}}"#,
        r#"{"specversion":"1.0","id":"dossier/B-2/3/v2/assigned","source":"/thu-nghiem","type":"dossier.assigned","subject":"B-2","time":"2026-10-03T01:00:00Z","datacontenttype":"application/json","data":{"officer":"Bình","step":"Xét, kỹ"}}"#,
    ];
    let (events, rejects, done) = imported(MAPPING, &format!("{HEADER}{FIVE_ROWS}"));
    assert_eq!(events.lines().collect::<Vec<_>>(), expected);
    assert_eq!(rejects, Vec::<String>::new());
    assert_eq!(done, Imported { rows: 5, dossiers: 2, events: 19, ..Imported::default() });
}

#[test]
fn importing_twice_gives_the_same_bytes() {
    let log = format!("{HEADER}{FIVE_ROWS}");
    assert_eq!(imported(MAPPING, &log).0, imported(MAPPING, &log).0);
}

#[test]
fn a_column_that_the_mapping_does_not_name_goes_no_further() {
    let broken = FIVE_ROWS.replace(",quầy,", ",Nguyễn Thị Kín,").replace("12:05:00", "Nguyễn Thị Kín");
    for log in [FIVE_ROWS, &broken] {
        let (events, rejects, _) = imported(MAPPING, &format!("{HEADER}{log}"));
        assert!(!events.contains("Riêng") && !events.contains("Kín"));
        assert!(!rejects.concat().contains("Riêng") && !rejects.concat().contains("Kín"));
    }
}

#[test]
fn bad_rows_are_set_aside_by_line_and_column_and_the_rest_goes_on() {
    let good = "C,v,Nhận,2026-10-01 08:00:00,An,TN,An,quầy,2026-10-01 07:00:00,,,X,\"hai\r\ndòng\"\r\n";
    let bad = [
        good.replace("2026-10-01 08:00:00", "01/10/2026 08:00"),
        good.replace("quầy", "fax"),
        good.replace(",TN,", ",,"),
        good.replace("C,v,", ",v,"),
        good.replace("2026-10-01 07:00:00,,", "2026-10-01 07:00:00,2101-01-01 00:00:00,"),
        good.replace(",X,", ",X,thừa,"),
        good.to_owned(),
    ];
    let log = format!("{}\r\n\r\n{good}{}", HEADER.replace('\n', "\r\n"), bad.concat());
    let (events, rejects, done) = imported(MAPPING, &log);
    assert_eq!(
        rejects,
        [
            "line 6, column luc: a value of the shape `99/99/9999 99:99` fits none of the time formats",
            "line 8, column kenh: the value is not listed under [channels]; add it there if it is meant",
            "line 10, column phong: the value is empty, and the mapping needs one",
            "line 12, column ho so: the value is empty, and the mapping needs one",
            "line 14, column hen: the instant lies outside 2000-01-01..2100-01-01",
            "line 16: the row has 14 fields and the header 13; look for a stray delimiter or an open quote",
            "line 18, column viec: an earlier row of the dossier has the same row id, or where the log has none, time, \
         activity and doer",
        ]
    );
    assert_eq!((done.rows, done.rejected, done.dossiers), (8, 7, 1));
    assert_eq!(events, imported(MAPPING, &format!("{HEADER}{good}")).0);
}

#[test]
fn a_value_that_is_not_utf8_costs_its_row_only() {
    let mut log = format!("{HEADER}{FIVE_ROWS}").into_bytes();
    let place = log.windows(3).position(|bytes| bytes == b"B-2").expect("B-2 is there");
    log[place] = 0xff;
    let mapping = Mapping::parse(MAPPING, "thu.toml").expect("the mapping is sound");
    let mut rejects = Vec::new();
    let done = import(&mapping, &log[..], &mut Vec::new(), &mut |row| rejects.push(row.to_string()));
    assert_eq!(rejects, ["line 3, column ho so: the value is not UTF-8; convert the file first"]);
    assert_eq!(done.expect("the rest is read").rows, 5);
}

#[test]
fn where_rows_of_a_dossier_disagree_the_first_counts_and_the_others_are_counted() {
    let log = format!(
        "{HEADER}{}",
        FIVE_ROWS.replace(
            "v2,Xét,2026-10-05 00:30:00,Chi,TN,An,quầy",
            "v2,Xét,2026-10-05 00:30:00,Chi,XD,An,trực tuyến"
        )
    );
    let (events, _, done) = imported(MAPPING, &log);
    assert!(
        told(&events)
            .iter()
            .any(|line| line.contains("dossier.accepted A/1") && line.contains(r#""agency":"TN""#))
    );
    assert_eq!(done.disagreements, [("phong".to_owned(), 1), ("kenh".to_owned(), 1)].into());
}

/// A log with activities only, and the people who did them.
const ACTIVITY_MAPPING: &str = r#"
source = "/viec"
delimiter = ";"
no_value = ["", "NULL"]
defined_at = 2020-01-01T00:00:00Z
[time]
formats = ["yyyyMMddHHmmss"]
zone = "Asia/Ho_Chi_Minh"
[columns]
dossier = "case"
activity = "activity"
time = "time"
doer = "who"
[only]
state = ["complete"]
[province]
code = "P"
name = "P"
[procedure]
code = "T"
name = "T"
levels = ["province", "commune"]
online = "none"
full_eligible = false
paper_result = false
fee = false
payment_integrated = false
for_citizens = false
[events.submitted]
activities = ["receive"]
occurrence = "first"
channel = "counter"
[events.accepted]
activities = ["receive", "register"]
occurrence = "last"
officer = "doer"
[events.processed]
activities = ["decide", "refuse"]
occurrence = "first"
officer = "doer"
outcome = "granted"
result_digital = false
"#;

#[test]
fn activities_alone_can_tell_a_life_by_first_and_last_occurrence() {
    let log = "case;activity;time;who;state\n\
               1;register;20261002120000;b;complete\n1;receive;20261001080000;a;complete\n\
               1;receive;20261001070000;a;start\n1;decide;20261003080000;NULL;complete\n\
               1;decide;20261004080000;c;complete\n2;register;20261001080000;NULL;complete\n";
    let (events, rejects, done) = imported(ACTIVITY_MAPPING, log);
    let dossier: Vec<String> = told(&events).into_iter().filter(|line| line.contains(" dossier.")).collect();
    assert_eq!(
        dossier,
        [
            r#"2026-10-01T01:00:00Z dossier.submitted 1 {"agency":"P","channel":"counter","procedure":"T"}"#,
            r#"2026-10-02T05:00:00Z dossier.accepted 1 {"agency":"P","officer":"b","procedure":"T"}"#,
            r#"2026-10-03T01:00:00Z dossier.processed 1 {"outcome":"granted","result_digital":false}"#,
        ]
    );
    assert_eq!(rejects, ["line 7, column who: the value is empty, and the mapping needs one"]);
    assert_eq!((done.rows, done.rows_left_out, done.rejected), (6, 1, 1));
    assert_eq!(done.activities_unseen, ["refuse"]);
    assert!(events.contains(r#""id":"dossier/1/2/2026-10-02T05:00:00Z/register/b/accepted""#));
}

#[test]
fn an_officer_belongs_where_most_of_their_dossiers_are_and_ties_go_by_code() {
    let row = |dossier: &str, agency: &str, officer: &str| {
        format!("{dossier},v,Nhận,2026-10-01 08:00:00,,{agency},{officer},quầy,2026-10-01 07:00:00,,,X,\n")
    };
    let log = [
        ("1", "Z", "o"),
        ("2", "M", "o"),
        ("3", "Z", "o"),
        ("4", "Z", "tie"),
        ("5", "B", "tie"),
        ("6", "H27", "p"),
    ]
    .map(|(dossier, agency, officer)| row(dossier, agency, officer));
    let (events, ..) = imported(MAPPING, &format!("{HEADER}{}", log.concat()));
    let agency_of = |officer: &str| {
        let line =
            told(&events).into_iter().find(|line| line.contains(&format!("officer.defined {officer} ")));
        line.unwrap_or_default()
            .split(r#""agency":""#)
            .nth(1)
            .map(|rest| rest[..rest.find('"').unwrap_or(0)].to_owned())
    };
    assert_eq!(agency_of("o").as_deref(), Some("Z"));
    assert_eq!(agency_of("tie").as_deref(), Some("B"));
    assert_eq!(agency_of("p").as_deref(), Some("H27"));
    assert_eq!(events.matches(r#""id":"agency/H27""#).count(), 1);
}

#[test]
fn a_header_without_a_mapped_column_ends_the_import_before_anything_is_written() {
    let mapping = Mapping::parse(MAPPING, "thu.toml").expect("the mapping is sound");
    let fault = |log: &str| {
        let mut events = Vec::new();
        let error =
            import(&mapping, log.as_bytes(), &mut events, &mut |_| {}).expect_err("the header is wrong");
        assert!(events.is_empty());
        error.to_string()
    };
    assert_eq!(fault(""), "the file is empty; its first line must name the columns");
    assert!(
        fault(&HEADER.replace("hen", "han")).starts_with("column `hen`, which the mapping names, is not in")
    );
    assert!(
        fault(&HEADER.replace("nguoi nop", "hen"))
            .starts_with("column `hen`, which the mapping names, is twice")
    );
}

#[test]
fn a_quote_that_is_never_closed_ends_the_import_and_says_where() {
    let mapping = Mapping::parse(MAPPING, "thu.toml").expect("the mapping is sound");
    let log = format!("{HEADER}{FIVE_ROWS}\n\"{}", "x\n".repeat(2 << 20));
    let error =
        import(&mapping, log.as_bytes(), &mut Vec::new(), &mut |_| {}).expect_err("the row has no end");
    assert!(matches!(error, ImportError::RecordTooLong { line: 8 }), "{error}");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_column() {
    let log = format!("\u{feff}{HEADER}\n{FIVE_ROWS}A");
    let (events, rejects, _) = imported(MAPPING, &log);
    assert_eq!(events, imported(MAPPING, &format!("{HEADER}{FIVE_ROWS}")).0);
    assert!(rejects.concat().starts_with("line 8: the row has 1 fields"), "{rejects:?}");
}

fn check_fault(change: (&str, &str), expected: &str) {
    assert!(MAPPING.contains(change.0), "{} is in the mapping", change.0);
    let error =
        Mapping::parse(&MAPPING.replacen(change.0, change.1, 1), "thu.toml").expect_err(expected).to_string();
    assert!(
        error.starts_with("mapping thu.toml: ") && error.contains(expected),
        "{error}\n  should say: {expected}"
    );
}

#[test]
fn what_toml_cannot_mean_is_told_with_its_line() {
    check_fault(
        ("kind = \"department\"", "kind = \"department\"\nheads = 3"),
        "line 30: unknown field `heads`",
    );
    check_fault(("[events.returned]", "[events.lost]"), "unknown field `lost`");
    check_fault(("\"quầy\" = \"counter\"", "\"quầy\" = \"desk\""), "line 34: unknown variant `desk`");
    check_fault(("source = \"/thu-nghiem\"\n", ""), "missing field `source`");
    check_fault(("source = \"/thu-nghiem\"", "source = \"/a\"\nsource = \"/b\""), "line 3: duplicate key");
    check_fault(("occurrence = \"last\"", "occurrence = \"second\""), "unknown variant `second`");
    check_fault(("kind = \"department\"", "kind = \"province\""), "line 29: unknown variant `province`");
    check_fault(("activities = \"all\"", "activities = \"every\""), "\"all\", or a list of activity names");
}

#[test]
fn keys_that_do_not_agree_are_told_by_name() {
    check_fault(
        ("due = \"hen\"", "due = \"nop\""),
        "column `nop` stands for both columns.dates.due and columns.dates.start",
    );
    check_fault(
        ("agency = \"phong\"", "agency = \"ho so\""),
        "column `ho so` stands for both columns.dossier and columns.agency",
    );
    check_fault(("channel = \"kenh\"\n", ""), "columns.channel is missing, and [channels] needs it");
    check_fault(("agency = \"phong\"\n", ""), "columns.agency is missing, and [agencies] needs it");
    check_fault(("due = \"due\"", "due = \"deadline\""), "columns.dates.due is used by nothing");
    check_fault(("date = \"end\"", "date = \"ended\""), "columns.dates.end is used by nothing");
    check_fault(("due = \"due\"\n", "due = \"due\"\ndate2 = \"x\"\n"), "unknown field `date2`");
    check_fault(
        ("date = \"end\"", "date = \"end\"\noccurrence = \"first\""),
        "events.processed says when by `date` or by",
    );
    check_fault(("occurrence = \"last\"\n", ""), "events.returned says when by `date` or by");
    check_fault(
        ("activities = [\"Trả\"]", "activities = [\"Trả\", \"Trả\"]"),
        "events.returned.activities lists `Trả` twice",
    );
    check_fault(("activities = [\"Trả\"]", "activities = []"), "events.returned.activities is empty");
    check_fault(
        ("officer = \"doer_then_responsible\"", "officer = \"responsible\""),
        "columns.doer is used by nothing",
    );
    check_fault(("doer = \"nguoi lam\"\n", ""), "columns.doer is missing, and events.assigned needs it");
    check_fault(("time = \"luc\"\n", ""), "columns.time is missing, and events.returned needs it");
    check_fault(
        ("officer = \"responsible\"", "officer = \"doer\""),
        "events.accepted.officer asks for the doer, but a date",
    );
    check_fault(
        ("date = \"start\"", "date = \"start\"\nchannel = \"post\""),
        "events.submitted.channel contradicts columns.channel",
    );
    check_fault(("source = \"/thu-nghiem\"", "source = \"\""), "source is empty");
}

#[test]
fn values_that_could_not_be_used_are_told_by_name() {
    check_fault(("zone = \"+07:00\"", "zone = \"Asia/Hanoi\""), "zone `Asia/Hanoi` is not known");
    check_fault(
        ("zone = \"+07:00\"\n", ""),
        "time.formats: `yyyy-MM-dd HH:mm:ss` is no usable time format: it has no offset",
    );
    check_fault(("HH:mm:ss\"", "HH:mm:ssXXX\""), "time.zone is used by nothing");
    check_fault(("HH:mm:ss", "hh:mm:ss"), "`hh` is a 12-hour clock");
    check_fault(("\"yyyy-MM-dd HH:mm:ss\"", ""), "time.formats is empty");
    check_fault(
        ("source =", "delimiter = \",,\"\nsource ="),
        "delimiter `,,` is not one plain ASCII character",
    );
    check_fault(("2025-07-01T00:00:00+07:00", "2025-07-01T00:00:00"), "defined_at is no instant");
    check_fault(("GP-{loai}", "GP-{loai"), "procedure.code: `GP-{loai` is no usable template");
    check_fault(("GP-{loai}", "GP"), "procedure.name uses column `loai`, which procedure.code does not");
    check_fault(("value = 10", "value = 0"), "procedure.duration is not from 1");
    check_fault(("levels = [\"province\"]", "levels = []"), "procedure.levels is empty");
}

#[test]
fn a_bare_date_may_have_a_column_and_a_time_of_day_of_its_own() {
    let mapping = MAPPING.replace(
        "due = \"hen\"",
        "due = { column = \"hen\", formats = [{ pattern = \"d/M/yyyy\", clock = \"17:30\" }] }",
    );
    let log = format!("{HEADER}{}", FIVE_ROWS.replace("2026-10-20 17:30:00", "20/10/2026"));
    assert_eq!(imported(&mapping, &log).0, imported(MAPPING, &format!("{HEADER}{FIVE_ROWS}")).0);
}

/// The municipal log is not ours to ship; `docs/import.md` gives the figures.
#[test]
fn the_municipal_log_is_read_whole_by_the_shipped_mapping() {
    let path = std::env::var("NHIP_COSELOG").unwrap_or_else(|_| {
        // The shared folder lies beside the repository.
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/coselog-receipt.csv").to_owned()
    });
    let Ok(log) = std::fs::read_to_string(&path) else {
        // Past the harness, which keeps what a passing test prints to itself.
        let skipped =
            format!("SKIPPED: the municipal log is not at {path}; set NHIP_COSELOG to where it lies\n");
        return std::io::stderr().write_all(skipped.as_bytes()).expect("standard error can be written");
    };
    let (events, rejects, done) = imported(include_str!("../../mappings/coselog-receipt.toml"), &log);
    assert_eq!(rejects, Vec::<String>::new());
    assert_eq!(done, Imported { rows: 8577, dossiers: 1434, events: 16_500, ..Imported::default() });
    let count = |kind: &str| events.matches(&format!(r#""type":"{kind}""#)).count();
    let kinds =
        ["agency.defined", "officer.defined", "procedure.defined", "dossier.submitted", "dossier.accepted"];
    assert_eq!(kinds.map(count), [4, 53, 1, 1434, 1434]);
    assert_eq!(["dossier.assigned", "dossier.processed"].map(count), [12_245, 1329]);
    assert_eq!(events.matches(r#""due_at":"#).count(), 1434);
}
