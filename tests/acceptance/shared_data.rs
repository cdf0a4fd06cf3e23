//! Against data from outside: the portal's published points, and a real municipal log.
//!
//! The data lies beside the repository; without it these tests say so and pass.

use acceptance_tests::program::{Folder, figures, nhip};
use acceptance_tests::shared;

#[test]
fn published_counts_earn_the_published_points() {
    let Some(path) = shared::file("golden/metric_level.csv") else { return };
    let ran = nhip(&["points", &path.display().to_string()], b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let text = ran.text();
    let mut lines = text.lines().map(fields);
    let header = lines.next().expect("there is a header");
    let column = |name: &str| header.iter().position(|known| known == name).expect("the column is there");
    let (published, ours, denominator) = (column("score"), column("points"), column("denominator"));
    let mut compared = 0;
    for row in lines.filter(|row| !row[denominator].is_empty()) {
        let (published, ours): (f64, f64) =
            (row[published].parse().expect("a score"), row[ours].parse().expect("points"));
        assert!((published - ours).abs() <= 0.005 + 1e-9, "{row:?}");
        compared += 1;
    }
    assert!(compared > 100, "only {compared} rows could be compared");
}

/// One CSV line; quotes only keep commas together in these files.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut is_quoted) = (vec![String::new()], false);
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            _ => fields.last_mut().expect("there is a field").push(letter),
        }
    }
    fields
}

/// The tables of docs/import.md: who, then 2.1 of 2010, 2011 and 2012.
fn documented() -> Vec<(String, [String; 3])> {
    let text =
        std::fs::read_to_string(shared::root().join("docs/import.md")).expect("docs/import.md is there");
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [who, _, _, _, _, first, second, third] = cells[..] else { return None };
        let is_row = !who.is_empty() && !who.starts_with("--");
        is_row.then(|| (who.to_owned(), [first, second, third].map(|cell| cell.replace('–', "0/0"))))
    });
    rows.collect()
}

#[test]
fn the_municipal_log_gives_the_figures_its_documentation_counts() {
    let Some(log) = shared::file("data/coselog-receipt.csv") else { return };
    let folder = Folder::new();
    let out = folder.path("events.ndjson");
    let mapping = shared::root().join("ingest/mappings/coselog-receipt.toml").display().to_string();
    let ran = nhip(&["import", "--mapping", &mapping, &log.display().to_string(), "--out", &out], b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("8577 rows, 0 rejected, 1434 dossiers, 16500 events"), "{}", ran.stderr);
    let documented = documented();
    assert_eq!(documented.len(), 4 + 39, "docs/import.md documents departments and officers");
    for (place, year) in ["2010", "2011", "2012"].into_iter().enumerate() {
        let mut counted = Vec::new();
        for by in ["agency", "officer"] {
            let asked =
                ["score", &out, "--period", year, "--as-of", "2012-02-01", "--format", "csv", "--by", by];
            counted.extend(figures(&nhip(&asked, b"").text()));
        }
        for (who, figures) in &documented {
            let row = counted.iter().find(|row| row.indicator == "2.1" && row.unit == *who);
            let found = row.map_or("0/0".to_owned(), |row| format!("{}/{}", row.numerator, row.denominator));
            assert_eq!(found, figures[place], "2.1 of {who} in {year}");
        }
    }
}
