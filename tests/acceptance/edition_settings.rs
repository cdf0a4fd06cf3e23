//! The settings of editions: every one is in the example and explained, its defaults are true, a slip is refused.

use acceptance_tests::program::Folder;
use acceptance_tests::server::Server;
use acceptance_tests::shared;
use editions::schedule::{BUILT_IN, Schedule, Settings};

fn example() -> String {
    let path = shared::root().join("deploy/settings.example.toml");
    let text = std::fs::read_to_string(path).expect("the example is there");
    let (_, editions) = text.split_once("\n[editions]\n").expect("it has editions");
    editions.split("\n[").next().unwrap_or_default().to_owned()
}

fn read(text: &str) -> Settings {
    let table: toml::Table = text.parse().expect("it is TOML");
    Settings::read(Some(table)).expect("it is understood")
}

#[test]
fn the_example_says_the_defaults_and_every_setting_there_is() {
    let example = example();
    assert_eq!(read(&example), Settings::default());
    let all: String = example
        .lines()
        .map(|line| {
            line.strip_prefix("# ").filter(|line| line.contains(" = ")).unwrap_or(line).to_owned() + "\n"
        })
        .collect();
    let Settings { schedule, .. } = read(&all);
    assert_eq!(schedule.to_str(), Some("/etc/nhip/editions.toml"));
    Schedule::read(BUILT_IN).expect("the schedule that is built in is one");
}

#[test]
fn a_slip_is_refused_with_a_way_out() {
    let folder = Folder::new();
    let check = |text: &str, wanted: &str| {
        let file = folder.write("settings.toml", text);
        let not = Server::launch(&["--data", &folder.path("data"), "--settings", &file]).expect_err(text);
        assert!(not.stderr.contains(wanted), "{}", not.stderr);
    };
    check("[editions]\nobjections = 3\n", "unknown field");
    check("[editions]\nobjection_working_days = 90\n", "at most 60");
    check("[editions]\nrepeated_from = 0\n", "at least 1");
    check("[editions]\nschedule = \"/nowhere/editions.toml\"\n", "/nowhere/editions.toml");
    let wrong = folder.write("schedule.toml", "[[close]]\nperiod = \"week\"\n");
    check(&format!("[editions]\nschedule = \"{wrong}\"\n"), "week is no period");
}

#[test]
fn a_schedule_of_ones_own_says_what_is_due() {
    let folder = Folder::new();
    let schedule = folder.write("schedule.toml", "[[close]]\nperiod = \"half\"\nwithin_working_days = 5\n");
    let settings = folder.write("settings.toml", format!("[editions]\nschedule = \"{schedule}\"\n"));
    let server =
        Server::launch(&["--data", &folder.path("data"), "--settings", &settings]).expect("it serves");
    let patience = std::time::Duration::from_secs(30);
    assert!(acceptance_tests::server::within(patience, || server.get("/readyz").status == 200));
    let due = server.get("/api/v1/editions").json()["due"].clone();
    let due = due.as_array().expect("a list");
    assert!(
        !due.is_empty()
            && due.iter().all(|due| due["period"].as_str().is_some_and(|text| text.contains("-H"))),
        "{due:?}"
    );
}
