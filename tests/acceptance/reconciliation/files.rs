//! What is read: the portal's own shape, and files that are refused with line and column.

use std::time::Duration;

use acceptance_tests::program::{Folder, nhip};
use acceptance_tests::server::{Server, within};
use acceptance_tests::shared;
use acceptance_tests::story::events;
use serde_json::Value;

const HEADER: &str =
    "snapshot,period,unit_code,unit_name,group,metric_code,numerator,denominator,ratio_pct,score,max_score";

#[test]
fn the_portals_own_file_is_read_and_its_points_follow_from_its_counts() {
    let Some(path) = shared::file("golden/metric_level.csv") else { return };
    let folder = Folder::new();
    let text = std::fs::read_to_string(&path).expect("it is there");
    let mut units: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').nth(2)).collect();
    units.sort_unstable();
    units.dedup();
    let defined = units.iter().enumerate().map(|(place, unit)| {
        format!(
            r#"{{"specversion":"1.0","id":"{place}","source":"/s","type":"agency.defined","subject":"{unit}","time":"2026-01-01T00:00:00+07:00","data":{{"name":"{unit}","kind":"province"}}}}"#
        ) + "\n"
    });
    let ours = folder.write("ours.ndjson", defined.collect::<String>());
    let path = path.display().to_string();
    let mut compared = 0;
    for snapshot in ["2026-09-26", "2026-10-10"] {
        let asked = ["reconcile", &ours, "--published", &path, "--snapshot", snapshot, "--format", "json"];
        let ran = nhip(&asked, b"");
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let told: Value = serde_json::from_str(&ran.text()).expect("gaps are JSON");
        assert_eq!(told["unmatched"].as_array().map(Vec::len), Some(0), "{}", told["unmatched"]);
        for gap in told["gaps"].as_array().expect("gaps") {
            if let Some(by_our_rule) = gap["points_by_our_rule"].as_str() {
                assert_eq!(gap["theirs"]["points"], by_our_rule, "{gap:#}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "only {compared} rows have counts");
    let ran = nhip(&["reconcile", &ours, "--published", &path], b"");
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("choose one with --period and --snapshot"), "{}", ran.stderr);
}

/// Refused with status 2, and the message says this.
fn refused(published: &str, list: Option<&str>, expected: &str) {
    let folder = Folder::new();
    let ours = folder.write("ours.ndjson", events("01/10 08:00 H1 accepted due=09/10 17:30"));
    let published = folder.write("published.csv", published);
    let list = list.map(|list| folder.write("list.csv", list));
    let mut asked = vec!["reconcile", ours.as_str(), "--published", &published];
    asked.extend(list.iter().flat_map(|list| ["--dossiers", list.as_str()]));
    let ran = nhip(&asked, b"");
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains(expected), "{expected:?} is not in {:?}", ran.stderr);
    assert!(ran.stdout.is_empty());
}

#[test]
fn what_does_not_fit_is_refused_with_its_line_and_column() {
    let row = "2026-10-20,2026-10,C1,x,g,ON_TIME,1,2,50,10,20";
    let with = |row: &str| format!("{HEADER}\n{row}\n");
    refused("", None, "line 1, column snapshot: the column is missing");
    refused(&with(""), None, "line 1: there is no row");
    refused(
        &with(&row.replace(",1,2,", ",one,2,")),
        None,
        "line 2, column numerator: the value is no whole number",
    );
    refused(
        &with(&row.replace("2026-10,C1", "10/2026,C1")),
        None,
        "line 2, column period: the value is no period",
    );
    refused(
        &with(&row.replace("2026-10-20", "20/10/2026")),
        None,
        "line 2, column snapshot: the value is no instant",
    );
    refused(
        &with(&row.replace(",10,20", ",1O,20")),
        None,
        "line 2, column score: the value is no number of points",
    );
    refused(
        &with(&format!("{row}\n{row}")),
        None,
        "line 3, column metric_code: the same is already on line 2",
    );
    refused(&with(&row.replace("2026-10-20", "2026-10-01")), None, "is not after the start of 2026-10");
    let list = |text: &str| format!("dossier,accepted_at,status,ended_at,due_at,late\n{text}\n");
    let good = "H1,20261001080000,4,,20261009173000,0";
    for (bad, expected) in [
        (good.replace("20261001080000", "01/10/2026"), "line 2, column accepted_at: the value is no instant"),
        (good.replace(",4,,", ",11,,"), "line 2, column status: the value is none of 1 to 10"),
        (good.replace(",4,,", ",9,,"), "line 2, column ended_at: a dossier that has ended has an end"),
        (
            good.replace(",4,,", ",4,20261002080000,"),
            "line 2, column ended_at: a dossier that has ended has an end",
        ),
        (good.replace(",0", ",no"), "line 2, column late: the value is neither 0 nor 1"),
        (format!("{good}\n{good}"), "line 3, column dossier: the same is already on line 2"),
        (good.replace("H1", ""), "line 2, column dossier: the value is empty"),
    ] {
        refused(&with(row), Some(&list(&bad)), expected);
    }
    refused(
        &with(row),
        Some("dossier,accepted_at,status\nH1,20261001080000,4\n"),
        "stands only together with ended_at",
    );
}

#[test]
fn names_of_the_national_messages_and_a_byte_order_mark_are_understood() {
    let folder = Folder::new();
    let ours = folder.write("ours.ndjson", events("01/10 08:00 H1 accepted due=09/10 17:30"));
    let row = "2026-10-20,2026-10,C1,x,g,ON_TIME,1,1,100,20,20";
    let published = folder.write("published.csv", format!("\u{feff}{HEADER}\n{row}\n"));
    // Theirs was due a week later, so that it is in time there and late here.
    let list =
        "MaHoSo,NgayTiepNhan,NgayHenTra,TrangThaiHoSo,NgayKetThucXuLy\nH1,20261001080000,20261023173000,4,\n";
    let list = folder.write("list.csv", list);
    let asked = ["reconcile", &ours, "--published", &published, "--dossiers", &list, "--format", "json"];
    let ran = nhip(&asked, b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let told: Value = serde_json::from_str(&ran.text()).expect("gaps are JSON");
    let gap = &told["gaps"][0];
    assert_eq!(gap["ours"]["numerator"], 0);
    assert_eq!(gap["classes"], serde_json::json!(["due"]));
    assert_eq!(gap["moved"]["due"]["numerator"], 1);
    let ran = nhip(&["reconcile", &ours, "--published", &published, "--strict"], b"");
    assert_eq!(ran.status, 3, "without the list it stays unexplained, and --strict says so");
}

#[test]
fn what_is_larger_than_it_may_be_is_refused_by_its_bound() {
    let row = |number: usize| format!("2026-10-20,2026-10,U{number},x,g,ON_TIME,1,2,50,10,20\n");
    let rows = ingest::portal::PUBLISHED_ROWS_MAX;
    let all = (0..=rows).fold(format!("{HEADER}\n"), |text, number| text + &row(number));
    refused(&all, None, &format!("there are more than {rows} rows"));
    let long = row(1).replace(",x,", &format!(",{},", "x".repeat(5000)));
    refused(
        &format!("{HEADER}\n{long}"),
        None,
        "the value is longer than 4096 bytes; look for an open quote",
    );
    let bytes = ingest::portal::PUBLISHED_BYTES_MAX;
    let wide = row(1).replace(",x,", &format!(",{},", "x".repeat(4000)));
    let large =
        format!("{HEADER}\n{}", wide.repeat(usize::try_from(bytes).expect("it fits") / wide.len() + 1));
    refused(&large, None, "line ");
}

#[test]
fn a_data_folder_is_compared_as_the_files_it_was_fed_with_are() {
    let folder = Folder::new();
    let story = events(
        "01/10 08:00 H1 accepted due=09/10 17:30
         01/10 08:00 H2 accepted due=09/10 17:30
         08/10 08:00 H2 processed",
    );
    let ours = folder.write("ours.ndjson", &story);
    let row = "2026-10-20,2026-10,C1,x,g,ON_TIME,2,2,100,20,20";
    let published = folder.write("published.csv", format!("{HEADER}\n{row}\n"));
    let data = folder.path("data");
    let mut server = Server::launch(&["--data", &data]).expect("it serves");
    let patience = Duration::from_mins(1);
    assert!(within(patience, || server.get("/readyz").status == 200), "it is ready");
    assert_eq!(server.post_batch(&story).status, 202);
    server.terminate();
    server.ended(patience);
    let compared = |from: &[&str]| {
        let asked = [&["reconcile"], from, &["--published", &published, "--format", "csv"]].concat();
        let ran = nhip(&asked, b"");
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.text()
    };
    let told = compared(&["--data", &data]);
    assert_eq!(told, compared(&[&ours]));
    assert!(told.lines().nth(1).is_some_and(|line| line.contains("C1")), "{told}");
}

#[test]
fn a_server_that_compares_nothing_says_what_would_be_needed() {
    let server = Server::start();
    let page = server.get("/doi-soat");
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("nhip serve --data"), "{}", page.text());
    assert!(!page.text().contains("type=\"file\""), "there is nowhere to keep a file");
    assert_eq!(server.get("/api/v1/reconciliations").status, 409, "a program is told so");
}

#[test]
fn a_start_takes_out_what_says_nothing_and_leaves_what_it_cannot_read() {
    let folder = Folder::new();
    let data = folder.path("data");
    let serve = || drop(Server::launch(&["--data", &data]).expect("it serves"));
    serve();
    let portal = std::path::Path::new(&data).join("portal");
    std::fs::create_dir_all(&portal).expect("it can be made");
    let good = "snapshot,period,unit_code,metric_code,numerator,denominator,score,NguoiLap\n\
                2026-10-20,2026-10,C1,ON_TIME,1,2,10,A\n";
    let files = [
        ("good.csv", good, "score\n2026-10-20,2026-10,C1,ON_TIME,1,2,10\n"),
        ("headless.csv", "A,079,B\nC,080,D\n", "A,079,B\nC,080,D\n"),
        ("other.csv", "snapshot;period\n2026-10-20;2026-10\n", "snapshot;period\n2026-10-20;2026-10\n"),
    ];
    for (name, text, _) in files {
        std::fs::write(portal.join(name), text).expect("it can be written");
    }
    serve();
    for (name, _, end) in files {
        let kept = std::fs::read_to_string(portal.join(name)).expect("it is there");
        assert!(kept.ends_with(end) && !kept.contains("NguoiLap"), "{name}: {kept}");
    }
}
