//! A scene: topics under a prefix, a data folder, settings, and a server that consumes.
//!
//! Not here: what is expected of it (`truth`).

use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Server, within};
use ingest::kafka::{Compression, Mode, Producer, Settings};
use serde_json::Value;

use super::broker::Broker;
use super::independent::client;
use super::load::identities;
use super::truth::{await_ready, sum};

/// How long figures may take to be whole.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// How long a broker may take to take everything.
const TAKEN_PATIENCE: Duration = Duration::from_secs(90);
/// Between two pieces of a load.
const LOAD_PAUSE: Duration = Duration::from_millis(20);
const TOPICS: [&str; 4] = ["dossiers", "procedures", "petitions", "organisation"];

/// Topics, folder and settings of one test.
pub(crate) struct Scene {
    pub(crate) folder: Folder,
    address: String,
    prefix: String,
    settings: String,
}

impl Scene {
    /// Topics with so many partitions each; `topic_settings` as the broker names them.
    pub(crate) fn new(broker: &Broker, prefix: &str, partitions: u32, topic_settings: &[&str]) -> Scene {
        let scene = Scene::without_topics(broker, prefix);
        scene.create(partitions, topic_settings);
        scene
    }

    pub(crate) fn without_topics(broker: &Broker, prefix: &str) -> Scene {
        let folder = Folder::new();
        let (address, settings) = (broker.address(), folder.path("settings.toml"));
        let scene = Scene { folder, address, prefix: prefix.to_owned(), settings };
        scene.set("", "");
        scene
    }

    /// Writes the settings: what every test has, `more` of `[kafka]`, and `[kafka.security]`.
    pub(crate) fn set(&self, more: &str, security: &str) {
        self.set_for(&self.address, more, security);
    }

    /// As `set`, for another listener.
    pub(crate) fn set_for(&self, address: &str, more: &str, security: &str) {
        let text = format!(
            "[kafka]\nbootstrap = \"{address}\"\ntopic_prefix = \"{0}\"\ngroup = \"{0}group\"\n\
             dead_letters = \"{0}dead-letters\"\nsession_milliseconds = 3000\nrefresh_milliseconds = 1000\n\
             {more}\n{security}\n",
            self.prefix
        );
        self.folder.write("settings.toml", text);
    }

    pub(crate) fn create(&self, partitions: u32, topic_settings: &[&str]) {
        let (topics, partitions) = (self.topics(), partitions.to_string());
        let words = [&["create", &topics, &partitions], topic_settings].concat();
        client(&self.address, &words);
        client(&self.address, &["create", &self.topic("dead-letters"), "1"]);
    }

    /// All consumed topics, with commas.
    pub(crate) fn topics(&self) -> String {
        TOPICS.map(|topic| self.topic(topic)).join(",")
    }

    pub(crate) fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(crate) fn group(&self) -> String {
        format!("{}group", self.prefix)
    }

    pub(crate) fn settings_file(&self) -> &str {
        &self.settings
    }

    /// The independent client, on these brokers.
    pub(crate) fn client(&self, words: &[&str]) -> Value {
        client(&self.address, words)
    }

    /// Starts the server, without waiting.
    pub(crate) fn launch(&self) -> Server {
        let data = self.folder.path("data");
        let arguments = ["--data", &data, "--settings", &self.settings, "--save-minutes", "1"];
        Server::launch(&arguments).unwrap_or_else(|not| panic!("nhip does not serve: {not:?}"))
    }

    /// Starts the server and waits until what it keeps is counted.
    pub(crate) fn serve(&self) -> Server {
        let server = self.launch();
        await_restored(&server);
        server
    }

    /// A producer of the program's own.
    pub(crate) fn producer(&self, compression: Compression, mode: Mode) -> Producer {
        let environment = [("BOOTSTRAP", self.address.as_str()), ("TOPIC_PREFIX", self.prefix.as_str())];
        let environment = environment.map(|(name, text)| (format!("NHIP_KAFKA_{name}"), text.to_owned()));
        let settings = Settings::read(None, environment).unwrap().unwrap();
        Producer::open(&settings, compression, mode).unwrap()
    }

    /// Sends events and waits until the broker has them.
    pub(crate) fn produce(&self, lines: &[String], compression: Compression, mode: Mode) {
        let mut producer = self.producer(compression, mode);
        for line in lines {
            producer.send(line.as_bytes()).unwrap();
        }
        let taken = producer.finish(TAKEN_PATIENCE).unwrap();
        assert_eq!(taken, lines.len() as u64);
    }

    /// Sends events, with a pause now and then, while `meanwhile` runs; returns when the broker has them all.
    pub(crate) fn while_producing(&self, lines: &[String], meanwhile: impl FnOnce()) {
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| {
                let mut producer = self.producer(Compression::Lz4, Mode::Structured);
                for some in lines.chunks(200) {
                    for line in some {
                        producer.send(line.as_bytes()).unwrap();
                    }
                    // The load is to last for some of what happens meanwhile.
                    std::thread::sleep(LOAD_PAUSE);
                }
                producer.finish(TAKEN_PATIENCE).unwrap()
            });
            meanwhile();
            assert_eq!(sending.join().unwrap(), lines.len() as u64, "the broker has every event");
        });
    }
}

fn await_restored(server: &Server) {
    let is_ready = within(PATIENCE, || server.get("/readyz").status == 200);
    assert!(is_ready, "it is not ready:\n{}", server.stderr());
}

/// `/api/v1/health`, at any moment.
pub(crate) fn told(server: &Server) -> Value {
    server.get("/api/v1/health").json()
}

/// Waits for something of health.
pub(crate) fn await_told(server: &Server, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let came = within(PATIENCE, || {
        std::thread::sleep(Duration::from_millis(20));
        is_so(&told(server))
    });
    assert!(came, "{what} does not come: {:#}\n{}", told(server), server.stderr());
    told(server)
}

/// Waits until each of these events is counted, and nothing more is on its way.
pub(crate) fn await_counted(server: &Server, lines: &[String]) {
    let wanted = identities(lines);
    await_told(server, &format!("{wanted} events applied"), |health| {
        health["sources"].is_array() && sum(health, "applied") >= wanted
    });
    await_idle(server);
}

/// Waits until no message waits at the broker.
pub(crate) fn await_idle(server: &Server) {
    await_told(server, "the end of every partition", |health| {
        let partitions = health["kafka"]["partitions"].as_array().cloned().unwrap_or_default();
        let is_read = |one: &Value| {
            let at = |name: &str| one[name].as_i64();
            at("end").is_some_and(|end| end <= at("position").unwrap_or(0))
        };
        !partitions.is_empty() && partitions.iter().all(is_read)
    });
    await_ready(server);
}
