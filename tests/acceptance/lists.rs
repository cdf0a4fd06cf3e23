//! Lists behind numbers, as pages and exports show them: their lines say what the dossier's clock says.

use std::time::Duration;

use acceptance_tests::server::{Server, within};
use acceptance_tests::story::events;

/// Longer than a start takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The rows of a list, without the head, cell by cell.
fn rows(server: &Server, asked: &str) -> Vec<Vec<String>> {
    let answer = server.get(&format!("/danh-sach.csv?period=2026&{asked}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn a_clock_that_stands_shows_what_was_left_when_it_stopped() {
    let server = Server::launch(&["--from", "2026-01-01"]).expect("it serves");
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready");
    let told = events(
        "02/02 08:00 H1 accepted due=09/02 17:30
         05/02 10:00 H1 supplement_requested
         02/02 08:00 H2 accepted due=09/02 17:30",
    );
    assert_eq!(server.post_batch(&told).status, 202);
    let waiting = rows(&server, "unit=C1&count=waiting");
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    // Thursday 10:00 to Monday 17:30: five and a half hours, eight, eight.
    let (stopped, left) = (waiting[0][8].as_str(), waiting[0][9].as_str());
    assert_eq!((waiting[0][0].as_str(), stopped, left), ("H1", "true", "77400"));
    let overdue = rows(&server, "unit=C1&count=overdue");
    assert_eq!(overdue.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["H2"]);
    assert!(overdue[0][9].starts_with('-'), "{overdue:?}");
}

#[test]
fn a_table_of_what_are_no_dossiers_has_their_codes() {
    let server = Server::launch(&["--from", "2026-01-01"]).expect("it serves");
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready");
    assert_eq!(server.post_batch(&events("02/02 08:00 K petition.received")).status, 202);
    let page = server.get("/danh-sach?period=2026&unit=C1&count=petitions_conduct").text();
    assert!(page.contains("data-count=\"1\""), "the page has it: {page}");
    // Petitions, and procedures.
    for asked in ["count=petitions_conduct", "indicator=1.1&part=den"] {
        let page = server.get(&format!("/danh-sach?period=2026&unit=C1&{asked}")).text();
        let table = server.get(&format!("/danh-sach.csv?period=2026&unit=C1&{asked}")).text();
        let mut lines = table.lines();
        assert_eq!(lines.next(), Some("code"), "{asked}");
        assert!(page.contains(&format!("data-count=\"{}\"", lines.count())), "{asked}: {table}");
    }
}
