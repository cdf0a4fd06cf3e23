//! What `deploy/` ships against the program and against rules that need no engine: unit, image, compose, topics.
//!
//! Each rule is shown planted slips first. Not here: settings (`settings`), a broker (`tests/kafka`); building the
//! image and starting the containers need an engine and are not tested.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use acceptance_tests::program::{Folder, binary};
use acceptance_tests::server::{Server, within};
use acceptance_tests::shared::root;
use serde_json::Value;

/// Longer than a start takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

fn text(name: &str) -> String {
    let path = root().join("deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a rule finds in a file as it is, and in the file with a slip planted.
fn check(name: &str, find: fn(&str) -> Vec<String>, slips: &[(&str, &str)]) {
    let text = text(name);
    assert_eq!(find(&text), Vec::<String>::new(), "{name}");
    for (right, wrong) in slips {
        assert!(text.contains(right), "{name} has no {right}");
        assert!(!find(&text.replace(right, wrong)).is_empty(), "{name}: {wrong:?} is seen");
    }
}

/// An image by a whole version, not by whatever is newest.
pub(crate) fn is_pinned(image: &str) -> bool {
    image.rsplit_once(':').is_some_and(|(_, tag)| tag.starts_with(|first: char| first.is_ascii_digit()))
}

fn containerfile_slips(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut slips = Vec::new();
    let words = |name: &str| -> Vec<&str> {
        let found = lines.iter().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.map(str::trim).collect()
    };
    for from in words("FROM") {
        let image = from.split(' ').next().unwrap_or_default();
        if !is_pinned(image) {
            slips.push(format!("{image} is no version"));
        }
    }
    let last_from = lines.iter().rposition(|line| line.starts_with("FROM ")).unwrap_or(0);
    let user = lines[last_from..].iter().rev().find_map(|line| line.strip_prefix("USER "));
    if user.is_none_or(|user| user.starts_with("root") || user.split(':').any(|part| part == "0")) {
        slips.push("it runs as root".to_owned());
    }
    for needed in ["HEALTHCHECK", "VOLUME", "EXPOSE", "ENTRYPOINT"] {
        if words(needed).len() != 1 {
            slips.push(format!("{needed} stands once"));
        }
    }
    if words("ADD").len()
        + lines.iter().filter(|line| line.contains("curl ") || line.contains("sudo ")).count()
        > 0
    {
        slips.push("ADD, curl and sudo fetch or do what nobody sees".to_owned());
    }
    // The form with a shell would keep SIGTERM from the program.
    for line in lines.iter().filter(|line| line.starts_with("ENTRYPOINT") || line.starts_with("CMD")) {
        if !line.contains(" [\"") {
            slips.push(format!("{line}: name the words one by one"));
        }
    }
    for copied in words("COPY").iter().filter(|copied| copied.starts_with("deploy/")) {
        let file = copied.split(' ').next().unwrap_or_default();
        if !root().join(file).exists() {
            slips.push(format!("there is no {file}"));
        }
    }
    slips
}

#[test]
fn the_image_is_pinned_runs_without_root_and_says_whether_it_is_well() {
    let slips = [
        ("debian:13-slim", "debian:latest"),
        ("rust:1.95-trixie", "rust"),
        ("USER 10001:10001\n", ""),
        ("USER 10001:10001", "USER 0"),
        ("HEALTHCHECK ", "# "),
        ("ENTRYPOINT [\"nhip\"]", "ENTRYPOINT nhip"),
        ("COPY deploy/healthcheck.sh", "COPY deploy/gone.sh"),
    ];
    check("Containerfile", containerfile_slips, &slips);
    let rust = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest is there");
    let wanted = rust.split("rust-version = \"").nth(1).and_then(|rest| rest.split('"').next());
    let image = format!("FROM rust:{}-", wanted.expect("a version"));
    assert!(text("Containerfile").contains(&image), "it is built with {image}");
}

fn unit_slips(text: &str) -> Vec<String> {
    let mut said: BTreeMap<&str, &str> = BTreeMap::new();
    said.extend(text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')));
    let wanted = [
        ("DynamicUser", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("StateDirectory", "nhip"),
        ("Restart", "on-failure"),
        ("KillSignal", "SIGTERM"),
        ("EnvironmentFile", "-/etc/nhip/environment"),
    ];
    let mut slips: Vec<String> = wanted
        .iter()
        .filter(|(name, value)| said.get(name) != Some(value))
        .map(|(name, value)| format!("{name} is not {value}"))
        .collect();
    // Leaving topics takes up to 15 s, then the state is saved.
    let minutes = said.get("TimeoutStopSec").and_then(|text| text.strip_suffix("min")?.parse::<u32>().ok());
    if minutes.is_none_or(|minutes| minutes < 2) {
        slips.push("TimeoutStopSec is too short to save the state".to_owned());
    }
    if said.get("LimitNOFILE").and_then(|text| text.parse::<u32>().ok()).is_none_or(|files| files < 4096) {
        slips.push("LimitNOFILE is small".to_owned());
    }
    slips
}

#[test]
fn the_unit_is_hardened_and_gives_time_to_end() {
    let slips = [
        ("DynamicUser=yes", "User=root"),
        ("ProtectSystem=strict", "ProtectSystem=full"),
        ("TimeoutStopSec=5min", "TimeoutStopSec=30"),
        ("Restart=on-failure", "Restart=no"),
        ("LimitNOFILE=65536", "LimitNOFILE=1024"),
    ];
    check("nhip.service", unit_slips, &slips);
}

#[test]
fn systemd_understands_the_unit() {
    let verify = |text: &str| {
        let folder = Folder::new();
        let text = text.replace("/usr/local/bin/nhip", &binary().display().to_string());
        let file = folder.write("nhip.service", text);
        let ran = Command::new("systemd-analyze").args(["verify", &file]).output();
        ran.map(|ran| (ran.status.success(), String::from_utf8_lossy(&ran.stderr).into_owned()))
    };
    let unit = text("nhip.service");
    let Ok((is_right, told)) = verify(&unit) else {
        eprintln!("!!! NOT CHECKED: there is no systemd-analyze, so nhip.service was not verified");
        return;
    };
    // It speaks of other units of the machine too, and of a key it does not know with status 0.
    assert!(is_right && !told.contains("nhip.service"), "{told}");
    for slip in [unit.replace("ProtectSystem=", "ProtectSystm="), unit.replace("Type=exec", "Type=exce")] {
        let (_, told) = verify(&slip).expect("it was there a moment ago");
        assert!(told.contains("nhip.service"), "a slip is seen: {told}");
    }
}

/// The words of `nhip` in the unit, in the image, and in compose, without the program's name.
fn command_lines() -> [(&'static str, Vec<String>); 3] {
    let plain = |line: String| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let listed = |line: String| serde_json::from_str::<Vec<String>>(&line).expect("a list of words");
    [
        ("nhip.service", plain(after("nhip.service", "ExecStart=/usr/local/bin/nhip "))),
        ("Containerfile", listed(after("Containerfile", "CMD "))),
        (
            "compose.yaml",
            listed(after("compose.yaml", "    command: [\"serve\"").replacen(',', "[\"serve\",", 1)),
        ),
    ]
}

fn after(name: &str, start: &str) -> String {
    let text = text(name);
    let found = text.lines().find_map(|line| line.strip_prefix(start));
    found.unwrap_or_else(|| panic!("{name} has no {start}")).to_owned()
}

/// Starts the server with these words, on paths of the test's own.
fn run(folder: &Folder, words: &[String]) -> Result<Server, String> {
    let words: Vec<String> = words
        .iter()
        .map(|word| match word.as_str() {
            "/etc/nhip/settings.toml" => root().join("deploy/settings.example.toml").display().to_string(),
            path => path.replace("/var/lib/nhip", &folder.path("state")),
        })
        .collect();
    assert_eq!(words[0], "serve");
    let mut words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    if let Some(place) = words.iter().position(|word| *word == "--listen") {
        // The test listens where nobody does.
        assert!(words.remove(place + 1).starts_with("127.0.0.1:"), "it listens on loopback");
        words.remove(place);
    }
    let nowhere = [("NHIP_KAFKA_BOOTSTRAP", "127.0.0.1:1")];
    Server::launch_in(&nowhere, &words).map_err(|not| not.stderr)
}

#[test]
fn every_command_line_shipped_starts_the_program() {
    for (name, words) in command_lines() {
        let folder = Folder::new();
        let server = run(&folder, &words).unwrap_or_else(|told| panic!("{name}: {told}"));
        assert!(within(PATIENCE, || server.get("/readyz").status == 200), "{name}: it is ready at last");
        let slip = [&words[..], &["--no-such-thing".to_owned()]].concat();
        assert!(run(&Folder::new(), &slip).is_err(), "{name}: a slip is seen");
    }
}

#[test]
fn the_health_check_tells_a_ready_server_from_one_that_is_not() {
    let is_well = |address: &str| {
        let script = root().join("deploy/healthcheck.sh");
        let ran = Command::new("bash").arg(script).arg(address).output().expect("bash can be run");
        ran.status.success()
    };
    let server = Server::start();
    assert!(within(PATIENCE, || is_well(server.address())), "a ready server is well");
    let busy = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = busy.local_addr().expect("it has an address").to_string();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = busy.accept().expect("someone asks");
        let _ = stream.read(&mut [0; 1024]);
        stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").expect("it hears");
    });
    assert!(!is_well(&address), "a server that restores its state is not ready");
    answering.join().expect("it has answered");
    assert!(!is_well(&address), "nobody is not well");
}

/// A YAML file as JSON; nothing where Python has no YAML.
pub(crate) fn yaml(text: &str) -> Option<Value> {
    let folder = Folder::new();
    let file = folder.write("file.yaml", text);
    let program =
        "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1], encoding='utf-8')), sys.stdout)";
    let ran = Command::new("python3").args(["-c", program, &file]).output().ok()?;
    let told = String::from_utf8_lossy(&ran.stderr);
    if told.contains("No module named") {
        return None;
    }
    assert!(ran.status.success(), "{told}");
    Some(serde_json::from_slice(&ran.stdout).expect("Python writes JSON"))
}

fn compose_slips(text: &str) -> Vec<String> {
    let compose = yaml(text).expect("it was there a moment ago");
    let mut slips = Vec::new();
    let list = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    for (name, service) in compose["services"].as_object().expect("services") {
        let image = service["image"].as_str().unwrap_or_default();
        if !is_pinned(image) {
            slips.push(format!("{name}: {image} is no version"));
        }
        if service["restart"] != "no" && !service["healthcheck"]["test"].is_array() {
            slips.push(format!("{name} does not say how it is"));
        }
        let ports = list(&service["ports"]);
        slips.extend(
            ports.iter().filter(|port| !port.starts_with("127.0.0.1:")).map(|port| format!("{name}: {port}")),
        );
        for volume in list(&service["volumes"]) {
            let from = volume.split(':').next().unwrap_or_default();
            let is_there = match from.strip_prefix("./") {
                Some(file) => root().join("deploy").join(file).exists(),
                None => compose["volumes"].get(from).is_some(),
            };
            if !is_there {
                slips.push(format!("{name}: there is no {from}"));
            }
        }
        for other in service["depends_on"].as_object().into_iter().flat_map(|others| others.keys()) {
            if compose["services"].get(other).is_none() {
                slips.push(format!("{name} waits for {other}, which is not there"));
            }
        }
        for (variable, value) in service["environment"].as_object().into_iter().flatten() {
            let is_secret = ["PASSWORD", "SECRET", "JAAS"].iter().any(|word| variable.contains(word));
            if (is_secret && !variable.ends_with("_FILE")) || !value.is_string() {
                slips.push(format!("{name}: {variable} is a secret or no text"));
            }
        }
    }
    let nhip = &compose["services"]["nhip"];
    if nhip["network_mode"] != "host" || !nhip["ports"].is_null() {
        slips.push("nhip listens on loopback only: no port of its own network reaches it".to_owned());
    }
    if nhip["read_only"] != true || nhip["cap_drop"] != serde_json::json!(["ALL"]) {
        slips.push("nhip may do more than it needs".to_owned());
    }
    slips
}

#[test]
fn compose_is_bound_to_loopback_pinned_and_whole() {
    if yaml("a: 1").is_none() {
        eprintln!("!!! NOT CHECKED: python3 has no module yaml (python3-yaml), so compose.yaml was not read");
        return;
    }
    let slips = [
        ("\"127.0.0.1:9092:9092\"", "\"9092:9092\""),
        ("apache/kafka:4.1.0", "apache/kafka:latest"),
        ("network_mode: host", "network_mode: bridge"),
        ("./topics.sh", "./gone.sh"),
        ("- nhip:/var", "- data:/var"),
        ("      topics:\n        condition", "      topic:\n        condition"),
        ("NHIP_LOG: info", "NHIP_KAFKA_SECURITY_PASSWORD: x"),
        ("read_only: true", "read_only: false"),
    ];
    check("compose.yaml", compose_slips, &slips);
}

/// Topic, partitions, cleanup policy and retention, as the table, the script and the description have them.
fn topics_of_table(text: &str) -> Vec<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.map(|row| row.replace("\\|", "/")).map(|row| {
        let cells: Vec<String> =
            row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect();
        cells
    });
    cells
        .filter(|cells| cells.len() > 5 && cells[2].parse::<u32>().is_ok())
        .map(|cells| {
            format!("{} {} {} {}", cells[0], cells[2], cells[3], cells[4].replace('–', "")).trim().to_owned()
        })
        .collect()
}

fn topics_of_script(text: &str) -> Vec<String> {
    let made = text.lines().filter_map(|line| line.strip_prefix("make \"${prefix}"));
    made.map(|line| line.replace('"', "").replace("cleanup.policy=", "").replace("retention.ms=", ""))
        .collect()
}

fn topics_of_description() -> Vec<String> {
    let path = root().join("docs/asyncapi.json");
    let document: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("it is there")).expect("it is JSON");
    let channels = document["channels"].as_object().expect("channels");
    let line = |channel: &Value| {
        let kafka = &channel["bindings"]["kafka"];
        let name = channel["address"].as_str().unwrap_or_default().replace("{prefix}", "");
        let settings = &kafka["topicConfiguration"];
        let policy = settings["cleanup.policy"][0].as_str().unwrap_or_default();
        let retention = settings["retention.ms"].as_u64().map_or(String::new(), |number| number.to_string());
        let name = name.replace("{dead_letters}", "dead-letters");
        format!("{name} {} {policy} {retention}", kafka["partitions"]).trim().to_owned()
    };
    channels.values().map(line).collect()
}

#[test]
fn table_script_and_description_name_the_same_topics() {
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    let table = sorted(topics_of_table(&text("topics.md")));
    assert!(table.len() >= 6, "{table:?}");
    assert_eq!(table, sorted(topics_of_script(&text("topics.sh"))));
    assert_eq!(table, sorted(topics_of_description()));
    let slip = text("topics.sh").replace("dossiers\" 12", "dossiers\" 13");
    assert_ne!(table, sorted(topics_of_script(&slip)), "a slip is seen");
}
