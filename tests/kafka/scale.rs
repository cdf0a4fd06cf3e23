//! Workers that share the partitions of one province, and readers that add their counts up.
//!
//! Real processes on a real broker: killed, standing still past their session, started again. In the end a reader shows
//! what one batch over the same events shows, byte for byte. Not here: one server that stands alone (the other files).

use std::time::Duration;

use acceptance_tests::server::{Server, within};
use ingest::kafka::{Compression, Mode, topic_of};
use serde_json::Value;

use super::broker::{Broker, shared};
use super::load::{events, seed};
use super::scene::{PATIENCE, Scene, told};
use super::truth::{assert_same, batch, shown};

/// Partitions of the topic of dossiers, hence shares.
const SHARES: u64 = 6;
/// How long a member that is silent is waited for.
const SESSION: Duration = Duration::from_secs(3);
/// Between two looks.
const BEAT: Duration = Duration::from_millis(50);

/// A province whose work is shared.
pub(crate) struct Province {
    pub(crate) scene: Scene,
    settings: String,
}

impl Province {
    /// `more` of `[kafka]`.
    pub(crate) fn new(broker: &Broker, prefix: &str, more: &str) -> Province {
        let scene = Scene::new(broker, prefix, 6, &[]);
        scene.client(&["create", &scene.topic("counts"), "6", "cleanup.policy=compact"]);
        let text = format!(
            "[kafka]\nbootstrap = \"{}\"\ntopic_prefix = \"{prefix}\"\ngroup = \"{prefix}group\"\n\
             counts = \"{prefix}counts\"\nsession_milliseconds = {}\nrefresh_milliseconds = 1000\n{more}",
            broker.address(),
            SESSION.as_millis()
        );
        let settings = scene.folder.write("scale.toml", text);
        Province { scene, settings }
    }

    /// The settings with `more` of `[kafka]` and other tables, as a file of its own.
    fn settings_with(&self, more: &str, tables: &str) -> String {
        let text = std::fs::read_to_string(&self.settings).unwrap();
        let name = format!("settings-{}.toml", (more.len() + 1000 * tables.len()));
        self.scene.folder.write(&name, format!("{text}{more}{tables}"))
    }

    /// A worker with `more` of `[kafka]`.
    pub(crate) fn worker_with(&self, more: &str) -> Server {
        self.worker_by("shared", &self.settings_with(more, ""))
    }

    /// A reader with `more` of `[kafka]`, and other tables.
    pub(crate) fn reader_with(&self, more: &str, tables: &str) -> Server {
        self.reader_by(&self.settings_with(more, tables))
    }

    pub(crate) fn worker_on(&self, data: &str) -> Server {
        self.worker_by(data, &self.settings)
    }

    fn worker_by(&self, data: &str, settings: &str) -> Server {
        let data = self.scene.folder.path(data);
        let words = ["--role", "worker", "--data", &data, "--settings", settings, "--save-minutes", "1"];
        Server::launch(&words).unwrap_or_else(|not| panic!("no worker: {not:?}"))
    }

    pub(crate) fn worker(&self) -> Server {
        self.worker_on("shared")
    }

    pub(crate) fn reader(&self) -> Server {
        self.reader_by(&self.settings)
    }

    fn reader_by(&self, settings: &str) -> Server {
        let words = ["--role", "reader", "--settings", settings];
        let reader = Server::launch(&words).unwrap_or_else(|not| panic!("no reader: {not:?}"));
        await_so(&reader, "figures", |_| reader.get("/readyz").status == 200);
        reader
    }

    pub(crate) fn produce(&self, lines: &[String]) {
        self.scene.produce(lines, Compression::Lz4, Mode::Structured);
    }
}

pub(crate) fn await_so(server: &Server, what: &str, is_so: impl Fn(&Value) -> bool) {
    let came = within(PATIENCE, || {
        std::thread::sleep(BEAT);
        is_so(&told(server))
    });
    assert!(came, "{what} does not come: {:#}\n{}", told(server), server.stderr());
}

/// Shares of a worker that are counted as they come.
fn current(health: &Value) -> u64 {
    let shares = health["shares"].as_array().into_iter().flatten();
    shares.filter(|share| share["step"] == "current").count() as u64
}

pub(crate) fn await_shares(workers: &[&Server]) {
    let sum = || workers.iter().map(|worker| current(&told(worker))).sum::<u64>();
    let each = || workers.iter().all(|worker| current(&told(worker)) > 0);
    let came = within(PATIENCE, || {
        std::thread::sleep(BEAT);
        sum() == SHARES && each()
    });
    let all: String =
        workers.iter().map(|worker| format!("{:#}\n{}", told(worker), worker.stderr())).collect();
    assert!(came, "{} of {SHARES} shares are current: {all}", sum());
}

fn topic_of_line(line: &String) -> &'static str {
    let event: Value = serde_json::from_str(line).unwrap();
    topic_of(event["type"].as_str().unwrap())
}

/// Waits until every share has read every message, and the reader shows what one batch shows.
pub(crate) fn assert_shows(reader: &Server, lines: &[String]) {
    let dossiers = lines.iter().filter(|line| topic_of_line(line) == "dossiers").count() as u64;
    let whole = lines.len() as u64 - dossiers;
    let positions = |share: &Value, is_own: bool| -> u64 {
        let topics = share["positions"].as_object().into_iter().flatten();
        let topics = topics.filter(|(topic, _)| topic.ends_with("dossiers") == is_own);
        topics
            .flat_map(|(_, partitions)| partitions.as_object().unwrap().values())
            .filter_map(Value::as_u64)
            .sum()
    };
    await_so(reader, "every message", |health| {
        let shares = health["shares"].as_array().cloned().unwrap_or_default();
        let own: u64 = shares.iter().map(|share| positions(share, true)).sum();
        own == dossiers && shares.iter().all(|share| positions(share, false) == whole)
    });
    // The reader reads what everybody reads by itself.
    await_so(reader, "what everybody reads", |health| {
        let sources = health["sources"].as_array().cloned().unwrap_or_default();
        sources.iter().filter_map(|source| source["consumed"].as_u64()).sum::<u64>() == whole
    });
    let health = told(reader);
    assert_eq!(health["status"], "ok", "{health:#}");
    let consumed: u64 =
        health["shares"].as_array().unwrap().iter().filter_map(|share| share["consumed"].as_u64()).sum();
    assert_eq!(consumed, dossiers, "each event is counted by one share: {health:#}");
    assert_same(&shown(reader), &batch(lines));
}

#[test]
fn three_workers_and_any_reader_show_what_one_batch_shows() {
    let province = Province::new(shared(), "scale.", "");
    let lines = events(seed() + 180, 20_000);
    // Without workers nothing is counted, and that is said.
    let reader = province.reader();
    let health = told(&reader);
    assert_eq!(
        (&health["status"], &health["shares_wanted"]),
        (&"incomplete".into(), &SHARES.into()),
        "{health}"
    );
    assert_eq!(health["shares_missing"].as_array().map(Vec::len), Some(6), "{health}");
    let workers = [province.worker(), province.worker(), province.worker()];
    await_shares(&workers.each_ref());
    province.produce(&lines);
    assert_shows(&reader, &lines);
    // A second reader, and one started again, show the same.
    let other = province.reader();
    assert_shows(&other, &lines);
    reader.kill();
    let reader = province.reader();
    assert_shows(&reader, &lines);
    // What is not theirs they say.
    let refused = |server: &Server, path: &str| server.get(path).json()["code"].clone();
    assert_eq!(refused(&reader, "/api/v1/changes?unit=P&period=2026-Q1"), "lists_at_workers");
    assert_eq!(reader.get("/don-vi/P/thay-doi").status, 409, "an empty page would be a lie");
    assert_eq!(refused(&reader, "/api/v1/rejects"), "no_data_folder");
    assert_eq!(reader.get("/cong-khai").status, 200);
    assert_eq!(refused(&workers[0], "/api/v1/scores"), "role_worker");
    assert_eq!(reader.post_batch("").json()["code"], "intake_at_topics");
    assert!(reader.get("/metrics").text().contains("nhip_shares{which=\"missing\"} 0"));
}

#[test]
fn a_worker_killed_and_one_that_stood_still_are_taken_over_and_nothing_counts_twice() {
    let province = Province::new(shared(), "zombie.", "");
    let lines = events(seed() + 181, 20_000);
    let (first, rest) = lines.split_at(lines.len() / 3);
    let (killed, zombie, heir) = (province.worker(), province.worker(), province.worker());
    let reader = province.reader();
    await_shares(&[&killed, &zombie, &heir]);
    province.produce(first);
    assert_shows(&reader, first);
    province.scene.while_producing(rest, || {
        killed.kill();
        zombie.stand_still();
        // Past their sessions, all is the third one's.
        await_shares(&[&heir]);
    });
    zombie.go_on();
    await_so(&zombie, "fencing", |health| health["fenced"].as_u64() > Some(0));
    assert_shows(&reader, &lines);
    // It goes on with what it is given again.
    await_shares(&[&zombie, &heir]);
    assert_shows(&reader, &lines);
    let metrics = zombie.get("/metrics").text();
    let fenced = metrics.lines().find_map(|line| line.strip_prefix("nhip_shares_fenced_total "));
    assert!(fenced.is_some_and(|count| count != "0"), "{metrics}");
}

#[test]
fn a_share_is_taken_over_from_its_snapshot_and_what_the_broker_lacks_is_said() {
    let province = Province::new(shared(), "heir.", "");
    let lines = events(seed() + 182, 6_000);
    let (first, rest) = lines.split_at(lines.len() / 2);
    let reader = province.reader();
    let mut worker = province.worker();
    province.produce(first);
    assert_shows(&reader, first);
    worker.terminate();
    worker.ended(PATIENCE);
    // What is counted may be forgotten by the broker.
    let dossiers = province.scene.topic("dossiers");
    for one in province.scene.client(&["offsets", &dossiers]).as_array().unwrap() {
        let (partition, end) = (one["partition"].to_string(), one["high"].as_str().unwrap().to_owned());
        province.scene.client(&["delete-records", &dossiers, &partition, &end]);
    }
    let worker = province.worker();
    province.produce(rest);
    assert_shows(&reader, &lines);
    worker.kill();
    // Without the state the events of the first half are nowhere any more.
    let worker = province.worker_on("elsewhere");
    await_shares(&[&worker]);
    await_so(&reader, "what is missing", |health| {
        let shares = health["shares"].as_array().cloned().unwrap_or_default();
        health["status"] == "incomplete" && shares.iter().all(|share| share["gaps"].as_u64() == Some(1))
    });
    assert_eq!(reader.get("/api/v1/scores?period=2026-Q1").json()["is_incomplete"], true);
    assert_eq!(told(&worker)["status"], "incomplete");
}
