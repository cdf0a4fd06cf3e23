//! The command line: what it answers, what it refuses, and how it ends.

use acceptance_tests::program::{Folder, Ran, nhip};
use acceptance_tests::story::events;

const STORY: &str = "
    01/10 08:00 accepted due=09/10 17:30
    05/10 08:00 supplement_requested reason=NGUYEN_VAN_ANH_0912345678
    12/10 08:00 supplement_received
    16/10 17:30 processed";

fn score(arguments: &[&str], input: &str) -> Ran {
    let asked = ["score", "-", "--period", "2026-10", "--as-of", "2026-11-01", "--format", "csv"];
    nhip(&[&asked, arguments].concat(), input.as_bytes())
}

#[test]
fn an_instant_before_the_period_is_a_wrong_question() {
    let asked = ["score", "-", "--period", "2026-10", "--as-of", "2026-09-30T23:59:59+07:00"];
    let ran = nhip(&asked, events(STORY).as_bytes());
    assert_eq!((ran.status, ran.stdout.as_slice()), (2, b"".as_slice()));
    assert!(ran.stderr.contains("2026-10, which begins 2026-10-01T00:00:00+07:00"), "{}", ran.stderr);
}

#[test]
fn a_refusal_names_the_thing_and_the_way_out() {
    let table: &[(&[&str], &str, &str)] = &[
        (&["--set", "portal-1999"], "\"portal-1999\"", "method-note-2026, portal-2026"),
        (&["--list", "C1", "9.9", "num"], "\"9.9\"", "1.1, 1.2, 1.3"),
        (&["--list", "C1", "2.1", "top"], "\"top\"", "num nor den"),
        (&["--list", "NOWHERE", "2.1", "num"], "\"NOWHERE\"", "no event names the unit"),
        (&["--explain", "H404"], "\"H404\"", "no event names the dossier"),
        (&["--known-at", "yesterday"], "yesterday", "2026-10-31T17:30:00+07:00 or 2026-10-31"),
        (&["--sets", "/nowhere/at/all"], "/nowhere/at/all", "cannot be read"),
    ];
    for (arguments, thing, way_out) in table {
        let ran = score(arguments, &events(STORY));
        assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{arguments:?} printed something");
        assert!(ran.stderr.contains(thing) && ran.stderr.contains(way_out), "{arguments:?}: {}", ran.stderr);
    }
    let ran = nhip(&["score", "-", "--period", "2026-13"], b"");
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("2026-13") && ran.stderr.contains("2026-Q4"), "{}", ran.stderr);
    let ran = nhip(&["score", "/nowhere.ndjson", "--period", "2026-10"], b"");
    assert_eq!((ran.status, ran.stderr.contains("/nowhere.ndjson")), (2, true), "{}", ran.stderr);
}

#[test]
fn set_aside_events_end_a_strict_run_with_status_3_and_figures_all_the_same() {
    let spoiled = format!("{}not an event\n", events(STORY));
    let (plain, strict) = (score(&[], &spoiled), score(&["--strict"], &spoiled));
    assert_eq!((plain.status, strict.status), (0, 3));
    assert_eq!(plain.stdout, strict.stdout);
    assert_eq!(score(&["--strict"], &events(STORY)).status, 0);
    assert_eq!(plain.stdout, score(&[], &events(STORY)).stdout);
}

#[test]
fn files_compressed_or_not_one_or_several_or_piped_give_the_same_bytes() {
    let folder = Folder::new();
    let told = events(STORY);
    let (one, two) = told.split_at(told.match_indices('\n').nth(8).expect("nine lines").0 + 1);
    let whole = folder.write("whole.ndjson", &told);
    let (first, second) = (folder.write("1.ndjson", one), folder.write("2.ndjson", two));
    let mut asked = vec![vec![whole.clone()], vec![first.clone(), second.clone()], vec![second, first]];
    for (program, arguments, ending) in [("gzip", "-k", "gz"), ("zstd", "-kq", "zst")] {
        match std::process::Command::new(program).args([arguments, &whole]).status() {
            Ok(status) => {
                assert!(status.success(), "{program} failed");
                asked.push(vec![format!("{whole}.{ending}")]);
            }
            Err(_) => eprintln!("!!! NOT CHECKED: .{ending} files, because there is no {program}"),
        }
    }
    let piped = score(&[], &told);
    for files in asked {
        let names: Vec<&str> = files.iter().map(String::as_str).collect();
        let rest = ["--period", "2026-10", "--as-of", "2026-11-01", "--format", "csv"];
        let ran = nhip(&[&["score"], names.as_slice(), &rest].concat(), b"");
        assert_eq!((ran.status, &ran.stdout), (0, &piped.stdout), "{files:?}: {}", ran.stderr);
    }
}

#[test]
fn explaining_a_dossier_shows_its_stops_and_the_arithmetic_of_its_due_date() {
    let told = score(&["--explain", "H1"], &events(STORY)).text();
    for needed in [
        "2026-10-05T08:00:00+07:00  đồng hồ dừng / clock stops",
        "604800 s; hạn / due 2026-10-16T17:30:00+07:00",
        "so / compared 2026-10-16T17:30:00+07:00",
        "2.1   ✓",
    ] {
        assert!(told.contains(needed), "{needed:?} is not in\n{told}");
    }
    let by_duration = "01/01/2001 00:00 N procedure.defined duration=2-working_day
         12/02 08:00 accepted procedure=N";
    let told = score(&["--explain", "H1"], &events(by_duration)).text();
    assert!(told.contains("2026-02-13  ngày thứ 1 / day 1"), "{told}");
    assert!(told.contains("2026-02-16  nghỉ / off"), "{told}");
    assert!(told.contains("2026-02-23  ngày thứ 2 / day 2"), "{told}");
}

#[test]
fn no_personal_data_comes_out_anywhere() {
    let named = events(STORY).replace(
        "\"data\":{",
        "\"data\":{\"applicant_name\":\"NGUYEN_VAN_ANH\",\"phone\":\"0912345678\",\"address\":{\"x\":\"0912345678\"},",
    );
    let spoiled = "{\"id\":\"NGUYEN_VAN_ANH\",\"source\":\"/s\",\"type\":\"0912345678\",\"subject\":\"x\"}\n";
    let input = format!("{named}{spoiled}");
    let folder = Folder::new();
    let rejects = folder.path("rejects.ndjson");
    let mut said = String::new();
    for arguments in [
        vec!["--rejects", &rejects],
        vec!["--explain", "H1"],
        vec!["--list", "C1", "2.1", "num"],
        vec!["--format", "json"],
        vec!["--format", "table"],
    ] {
        let asked = ["score", "-", "--period", "2026-10", "--as-of", "2026-11-01"];
        let ran = nhip(&[asked.as_slice(), &arguments].concat(), input.as_bytes());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        said += &ran.text();
        said += &ran.stderr;
    }
    said += &std::fs::read_to_string(&rejects).expect("rejects were written");
    for secret in ["NGUYEN_VAN_ANH", "0912345678"] {
        assert!(input.contains(secret) && !said.contains(secret), "{secret} came out:\n{said}");
    }
}

#[test]
fn the_same_seed_makes_the_same_province_and_another_seed_another() {
    let simulate = |seed: &str| nhip(&["simulate", "--events", "3000", "--seed", seed], b"").stdout;
    assert!(simulate("1").len() > 100_000);
    assert_eq!(simulate("1"), simulate("1"));
    assert_ne!(simulate("1"), simulate("2"));
}
