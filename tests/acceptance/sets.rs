//! A new rule is data: a folder of indicator files replaces the embedded ones, checked before it counts anything.

use acceptance_tests::program::{Folder, Ran, figures, nhip};
use acceptance_tests::shared;
use acceptance_tests::story::events;

const NUMERATOR: &str = "numerator = \"channel = 'post'\"";

/// A set like `portal-2026`, in which 4.4 gives two of its four points to a new indicator with this numerator.
fn score_with(numerator: &str, expected_numerator: u32) -> Ran {
    let embedded = shared::root().join("compute/sets/portal-2026");
    let folder = Folder::new();
    let read = |name: &str| std::fs::read_to_string(embedded.join(name)).expect("the shipped set is there");
    for entry in std::fs::read_dir(embedded.join("indicators")).expect("the shipped indicators are there") {
        let name = format!("indicators/{}", entry.expect("a file").file_name().display());
        folder.write(&format!("trial/{name}"), read(&name));
    }
    folder.write("trial/management.toml", read("management.toml"));
    folder.write("trial/set.toml", read("set.toml").replace("portal-2026", "trial"));
    let shipped = read("indicators/4.4.toml");
    let (head, _) = shipped.split_once("[[example]]").expect("4.4 has examples");
    let halved = head.replace("max = 4", "max = 2");
    let example = |numerator: u32| {
        format!(
            "[[example]]\nstory = \"Một / One\"\nrows = [{{ received = true, from_portal_store = true, channel = \
             'post' }}]\nexpect = {{ numerator = {numerator}, denominator = 1, points = \"{}.00\" }}\n",
            2 * numerator
        )
    };
    folder.write("trial/indicators/4.4.toml", format!("{halved}{}", example(1)));
    let new =
        halved.replace("\"4.4\"", "\"4.7\"").replace("SYNCED_WITH_DVCQG_PERSONAL_STORAGE", "FILED_BY_POST");
    let new = new.replace("numerator = \"from_portal_store\"", numerator);
    folder.write("trial/indicators/4.7.toml", format!("{new}{}", example(expected_numerator)));
    let told = events("01/10 08:00 H1 accepted channel=post\n01/10 08:00 H2 accepted");
    let asked = ["score", "-", "--period", "2026-10", "--as-of", "2026-11-01", "--format", "csv"];
    nhip(&[&asked[..], &["--set", "trial", "--sets", &folder.path("")]].concat(), told.as_bytes())
}

#[test]
fn a_new_indicator_over_existing_facts_needs_only_a_file() {
    let ran = score_with(NUMERATOR, 1);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let figures = figures(&ran.text());
    let new = figures.iter().find(|row| row.unit == "C1" && row.indicator == "4.7").expect("4.7 has a row");
    assert_eq!((&*new.numerator, &*new.denominator, &*new.points), ("1", "2", "1.00"));
}

#[test]
fn a_condition_on_an_unknown_column_is_refused_with_file_and_line() {
    let ran = score_with("numerator = \"colour = 'red'\"", 1);
    assert_eq!((ran.status, ran.stdout.len()), (2, 0), "{}", ran.stderr);
    let place = "trial/indicators/4.7.toml:";
    let line =
        ran.stderr.split_once(place).map(|(_, rest)| rest.chars().next().is_some_and(char::is_numeric));
    assert_eq!(line, Some(true), "{}", ran.stderr);
    assert!(ran.stderr.contains("colour"), "{}", ran.stderr);
}

#[test]
fn an_example_that_does_not_come_out_is_refused() {
    let ran = score_with(NUMERATOR, 0);
    assert_eq!((ran.status, ran.stdout.len()), (2, 0), "{}", ran.stderr);
    assert!(ran.stderr.contains("trial/indicators/4.7.toml"), "{}", ran.stderr);
}
