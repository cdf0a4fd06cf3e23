//! The example of a settings file against the program: every setting is in it, its defaults are true, it is accepted.
//!
//! Not here: each setting at work against a broker (`tests/kafka`).

use std::collections::BTreeSet;
use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{NotStarted, Server, within};
use acceptance_tests::shared;
use ingest::kafka::Settings;

/// Longer than a start takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// Brokers nobody listens at.
const NOWHERE: [(&str, &str); 1] = [("NHIP_KAFKA_BOOTSTRAP", "127.0.0.1:1")];

fn example() -> String {
    let text = std::fs::read_to_string(shared::root().join("deploy/settings.example.toml"));
    let text = text.expect("the example is there");
    // What follows is the business of `alert_settings`.
    text.split("\n[alerts]\n").next().unwrap_or_default().to_owned()
}

/// A line that sets something: its name with the table before it, what it says, whether it is commented out.
#[derive(Debug)]
struct Line {
    name: String,
    value: String,
    is_off: bool,
}

fn lines(text: &str) -> Vec<Line> {
    let mut table = "";
    let mut found = Vec::new();
    for line in text.lines() {
        match line {
            "[kafka]" => table = "",
            "[kafka.security]" => table = "security.",
            _ => found.extend(setting(table, line)),
        }
    }
    found
}

fn setting(table: &str, line: &str) -> Option<Line> {
    let on = line.trim_start_matches("# ");
    let (name, value) = on.split_once(" = ")?;
    let is_name = name.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_');
    let (name, value) = (format!("{table}{name}"), value.trim_matches('"').to_owned());
    is_name.then(|| Line { name, value, is_off: line.starts_with('#') })
}

/// With every setting on.
fn all_on(text: &str) -> String {
    let on = |line: &str| match setting("", line) {
        Some(_) => line.trim_start_matches("# ").to_owned(),
        None => line.to_owned(),
    };
    text.lines().map(|line| on(line) + "\n").collect()
}

/// The server lives no longer than its folder.
fn launch(text: &str) -> Result<(Server, Folder), NotStarted> {
    let folder = Folder::new();
    let (data, file) = (folder.path("data"), folder.write("settings.toml", text));
    Ok((Server::launch_in(&NOWHERE, &["--data", &data, "--settings", &file])?, folder))
}

#[test]
fn the_example_has_every_setting_once_and_no_other() {
    let named = |text: &str| -> Vec<String> { lines(text).into_iter().map(|line| line.name).collect() };
    let known: BTreeSet<String> = Settings::names().into_iter().collect();
    let check = |text: &str| {
        let named = named(text);
        named.len() == known.len() && named.into_iter().collect::<BTreeSet<_>>() == known
    };
    assert!(check(&example()), "{:?} are not {known:?}", named(&example()));
    assert!(!check(&example().replace("group = ", "grop = ")), "a slip is seen");
    assert!(!check(&example().replace("# user = ", "# whoever: ")), "a setting that is left out is seen");
}

#[test]
fn what_the_example_says_is_the_default() {
    let said = |text: &str| {
        let on = lines(text).into_iter().filter(|line| !line.is_off && line.name != "bootstrap");
        let variable = |name: &str| format!("NHIP_KAFKA_{}", name.replace('.', "_").to_ascii_uppercase());
        let overlay = on.map(|line| (variable(&line.name), line.value));
        let nowhere = NOWHERE.map(|(name, text)| (name.to_owned(), text.to_owned()));
        Settings::read(None, overlay.chain(nowhere)).expect("it is understood")
    };
    let default = said("");
    assert_eq!(said(&example()), default);
    assert_ne!(said(&example().replace("= 45000", "= 4500")), default, "a slip is seen");
}

#[test]
fn the_example_is_accepted_as_it_stands_and_with_every_setting_on() {
    for text in [example(), all_on(&example())] {
        let (server, _folder) =
            launch(&text).unwrap_or_else(|not| panic!("it does not start: {not:?}\n{text}"));
        let is_told = || server.get("/api/v1/health").json()["kafka"]["group"] == "nhip";
        assert!(within(PATIENCE, is_told), "the group is not told of:\n{}", server.stderr());
    }
    assert_eq!(lines(&all_on(&example())).iter().filter(|line| line.is_off).count(), 0);
}

#[test]
fn each_setting_written_wrongly_is_refused_by_name() {
    let text = all_on(&example());
    for name in Settings::names() {
        let short = name.trim_start_matches("security.");
        let slip = format!("\n{short}x = ");
        let not = launch(&text.replace(&format!("\n{short} = "), &slip)).expect_err("it is refused");
        assert_eq!(not.status, Some(2), "{name}: {}", not.stderr);
        assert!(not.stderr.contains(slip.trim().trim_end_matches(" =")), "{name}: {}", not.stderr);
    }
}
