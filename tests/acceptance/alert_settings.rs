//! The settings of alerts: every one is in the example and explained, its defaults are true, a slip is refused.
//!
//! Not here: the settings of Kafka (`settings`), channels at work (`alert_delivery`).

use std::collections::BTreeSet;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{NotStarted, Server};
use acceptance_tests::shared;
use alerts::Settings;

fn example() -> String {
    let text = std::fs::read_to_string(shared::root().join("deploy/settings.example.toml"));
    let text = text.expect("the example is there");
    let (_, alerts) = text.split_once("\n[alerts]\n").expect("it has alerts");
    let (alerts, _) = alerts.split_once("# Who gets in").expect("what follows is the business of `access`");
    format!("[alerts]\n{alerts}")
}

/// The name a line sets, with its table before it, and whether it is commented out.
fn names(text: &str) -> Vec<(String, bool)> {
    let mut table = "";
    let mut found = Vec::new();
    for line in text.lines() {
        let on = line.trim_start_matches("# ");
        if on == "[[alerts.channels]]" {
            table = "channels.";
        } else if let Some((name, _)) = on.split_once(" = ")
            && name.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_')
        {
            found.push((format!("{table}{name}"), line.starts_with('#')));
        }
    }
    found
}

/// With every setting on.
fn all_on(text: &str) -> String {
    let is_setting = |line: &str| !names(line).is_empty() || line == "# [[alerts.channels]]";
    text.lines()
        .map(|line| if is_setting(line) { line.trim_start_matches("# ") } else { line })
        .fold(String::new(), |text, line| text + line + "\n")
}

fn read(text: &str) -> Result<Settings, String> {
    let mut table: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
    let Some(toml::Value::Table(table)) = table.remove("alerts") else { return Err("no table".to_owned()) };
    Settings::read(Some(table)).map_err(|error| error.to_string())
}

fn launch(text: &str) -> Result<(Server, Folder), NotStarted> {
    let folder = Folder::new();
    let file = folder.write("settings.toml", text);
    Ok((Server::launch(&["--settings", &file])?, folder))
}

#[test]
fn the_example_explains_every_setting_once_and_no_other() {
    let known: BTreeSet<String> = Settings::names().into_iter().collect();
    let is_whole = |text: &str| {
        let named: Vec<String> = names(text).into_iter().map(|(name, _)| name).collect();
        named.len() == known.len() && named.into_iter().collect::<BTreeSet<_>>() == known
    };
    assert!(is_whole(&example()), "{:?} are not {known:?}", names(&example()));
    assert!(!is_whole(&example().replace("# steps = ", "# whoever: ")), "a setting that is left out is seen");
    for name in known {
        let short = name.trim_start_matches("channels.");
        let slip = all_on(&example()).replace(&format!("\n{short} = "), &format!("\n{short}x = "));
        let refused = read(&slip).expect_err("it is refused");
        assert!(refused.contains(&format!("{short}x")) || refused.contains(short), "{name}: {refused}");
    }
}

#[test]
fn what_the_example_says_is_the_default_and_with_every_setting_on_it_is_accepted() {
    assert_eq!(read(&example()).expect("it is understood"), Settings::default());
    assert_ne!(read(&example().replace("hour = 60", "hour = 6")), Ok(Settings::default()), "a slip is seen");
    let all = read(&all_on(&example())).expect("it is understood");
    assert_eq!(all.channels.len(), 1);
}

#[test]
fn what_cannot_be_used_is_refused_at_the_start_by_name() {
    let check = |text: &str, says: &str| {
        let not = launch(text).expect_err("it is refused");
        assert_eq!(not.status, Some(2), "{}", not.stderr);
        assert!(not.stderr.contains(says), "{}", not.stderr);
    };
    check("[alerts]\nrules = \"/nowhere/alerts.toml\"\n", "/nowhere/alerts.toml");
    check("[alerts]\ntemplates = \"/nowhere\"\n", "template /nowhere: there is no such folder");
    check("[alerts]\nmessages_per_hour = 0\n", "messages_per_hour goes from 1");
    check("alerts = 1\n", "alerts is a table: write [alerts]");
    check("[alrts]\n", "alrts is not known; there are [kafka], [access], [alerts], [editions] and [map]");
    let channel = "[[alerts.channels]]\nname = \"a\"\nkind = \"alertmanager\"\nurl = \"http://a\"\n";
    check(&format!("{channel}rules = [\"overdu\"]\n"), "channel a: there is no rule overdu");
}
