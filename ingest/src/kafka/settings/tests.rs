//! What is taken and what is refused of the table `[kafka]` and the environment. Not here: brokers.

use super::*;

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Option<Settings>, SettingsError> {
    let table = (!text.is_empty()).then(|| text.parse().expect("TOML"));
    Settings::read(table, environment.iter().map(|(name, text)| ((*name).into(), (*text).into())))
}

#[test]
fn the_environment_says_it_last() {
    let text = "bootstrap = \"a:1\"\ngroup = \"g\"\n[security]\nprotocol = \"ssl\"";
    let environment = [("NHIP_KAFKA_GROUP", "h"), ("NHIP_KAFKA_BATCH_MESSAGES", "7"), ("PATH", "x")];
    let settings = read(text, &environment).expect("it is understood").expect("there are some");
    assert_eq!((settings.group.as_str(), settings.batch_messages), ("h", 7));
    assert_eq!((settings.bootstrap.as_str(), settings.security.protocol), ("a:1", Protocol::Ssl));
    assert_eq!(read("", &[("NHIP_LOG", "info")]).expect("nothing is wrong"), None);
    assert!(read("", &[("NHIP_KAFKA_BOOTSTRAP", "a:1")]).expect("it is enough").is_some());
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let refused = |text: &str, environment: &[(&str, &str)]| {
        read(text, environment).expect_err("it is refused").to_string()
    };
    assert!(refused("bootstrap = \"a:1\"\nboostrap = \"a\"", &[]).contains("boostrap"));
    assert!(refused("bootstrap = \"a:1\"\n[security]\npasword = \"a\"", &[]).contains("pasword"));
    assert!(refused("", &[("NHIP_KAFKA_BOOT", "a")]).contains("NHIP_KAFKA_BOOT"));
    assert!(refused("group = \"g\"", &[]).contains("bootstrap"));
    let text = "bootstrap = \"a:1\"\n[security]\nprotocol = \"sasl_ssl\"\nuser = \"u\"";
    assert!(refused(text, &[]).contains("password_file"));
    assert!(refused("bootstrap = \"a:1\"\nbatch_bytes = 0", &[]).contains("batch_bytes"));
    let address = "bootstrap = \"a:1\"\nworker_address = \"10.0.0.3:7660\"";
    assert!(refused(address, &[]).contains("worker_address"));
}

#[test]
fn exchange_topics_have_a_source_and_a_topic_of_their_own() {
    let text = "bootstrap = \"a:1\"\ntopic_prefix = \"p.\"\nexchange = [{ topic = \"mc\", source = \"/x\" }]";
    let settings = read(text, &[]).expect("it is understood").expect("there are some");
    assert_eq!(settings.topics()[4], "p.mc");
    assert_eq!(settings.exchange_sources().collect::<Vec<_>>(), [("p.mc".to_owned(), "/x".to_owned())]);
    let said = read(text, &[("NHIP_KAFKA_EXCHANGE", "a=/1, b=/2")]).expect("it is understood");
    assert_eq!(said.expect("there are some").topics()[4..], ["p.a", "p.b"]);
    for wrong in ["a", "a=", "=/x", "dossiers=/x", "a=/1,a=/2"] {
        assert!(read(text, &[("NHIP_KAFKA_EXCHANGE", wrong)]).is_err(), "{wrong}");
    }
    let both = [("NHIP_KAFKA_FIGURES", "f"), ("NHIP_KAFKA_DEAD_LETTERS", "f")];
    assert!(read(text, &both).is_err(), "one topic for two things");
}

#[test]
fn a_password_is_never_shown() {
    let text = "bootstrap = \"a:1\"\n[security]\nuser = \"u\"\npassword = \"tiger\"";
    let settings = read(text, &[]).expect("it is understood").expect("there are some");
    let shown = format!("{settings:?}");
    assert!(shown.contains("not shown") && !shown.contains("tiger"), "{shown}");
    assert_eq!(settings.security.password().expect("it is there").expect("given").reveal(), "tiger");
}

#[test]
fn every_setting_has_a_name() {
    // A refusal lists every field there is.
    let fields = |text: &str, before: &str| -> Vec<String> {
        let told = read(text, &[]).expect_err("no such setting").to_string();
        // What comes on the next line is the table they are in.
        let listed = told.split("expected one of").nth(1).and_then(|rest| rest.lines().next());
        let listed = listed.expect("the refusal lists them");
        listed.split('`').skip(1).step_by(2).map(|name| format!("{before}{name}")).collect()
    };
    let mut known = fields("x = 1", "");
    known.retain(|name| name != "security");
    known.extend(fields("[security]\nx = 1", "security."));
    known.sort();
    let mut names = Settings::names();
    names.sort();
    assert_eq!(names, known);
}

#[test]
fn every_name_of_the_environment_is_a_setting() {
    for name in NUMBERS.iter().chain(&TEXTS) {
        let value = match *name {
            "worker_address" => "http://10.0.0.3:7660",
            _ if NUMBERS.contains(name) => "9",
            _ => "classic",
        };
        let variable = format!("{PREFIX}{}", name.to_ascii_uppercase());
        let environment = [("NHIP_KAFKA_BOOTSTRAP", "a:1"), (variable.as_str(), value)];
        assert!(read("", &environment).is_ok(), "{name}");
    }
    for name in SECURITY {
        let value = match name {
            "protocol" => "ssl",
            "mechanism" => "PLAIN",
            _ => "x",
        };
        let variable = format!("{PREFIX}{SECURITY_PREFIX}{}", name.to_ascii_uppercase());
        let environment = [("NHIP_KAFKA_BOOTSTRAP", "a:1"), (variable.as_str(), value)];
        assert!(read("", &environment).is_ok(), "{name}");
    }
}
