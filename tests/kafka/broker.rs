//! One Apache Kafka node of its own (KRaft, broker and controller in one), on loopback, in a folder of its own.
//!
//! It can be killed and started again on the same folder. It ends with the test, even with one that is killed: a shell
//! holds its id and ends it when our end of a pipe closes. Not here: topics and messages (`independent`).

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::within;

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// Its memory.
const HEAP: &str = "-Xmx512m";
/// Starts quickly: a test does not run long enough for the better compiler to pay.
const JVM: [&str; 3] =
    ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"];
/// Who signs in at the protected listener.
pub(crate) const USER: &str = "nhip";
pub(crate) const PASSWORD: &str = "mat-khau thu";
const STORE_PASSWORD: &str = "changeit";
/// Ends what it starts when its input ends.
const WARDEN: &str = r#""$@" >>"$0" 2>&1 & echo $!; read -r _; kill -9 $! 2>/dev/null; wait"#;

/// A node.
pub(crate) struct Broker {
    folder: Folder,
    ports: [u16; 3],
    warden: Option<Child>,
    process: u32,
}

/// The one node of tests that do it no harm.
pub(crate) fn shared() -> &'static Broker {
    static BROKER: OnceLock<Broker> = OnceLock::new();
    BROKER.get_or_init(Broker::start)
}

fn home() -> String {
    std::env::var("NHIP_BROKER_HOME").unwrap_or_else(|_| {
        panic!("NHIP_BROKER_HOME names no folder with Apache Kafka; run bash tests/kafka/run.sh, which fetches it")
    })
}

/// A port nobody listens on at this moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn run(command: &mut Command) {
    let ran = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(ran.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

impl Broker {
    /// A node with an empty folder, ready for clients.
    pub(crate) fn start() -> Broker {
        let folder = Folder::new();
        let ports = [free_port(), free_port(), free_port()];
        let mut broker = Broker { folder, ports, warden: None, process: 0 };
        broker.make_keys();
        broker.write_settings();
        let mut format = broker.java("kafka.tools.StorageTool");
        let user = format!("SCRAM-SHA-512=[name={USER},password={PASSWORD}]");
        format.args(["format", "--standalone", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "--add-scram", &user, "-c"]);
        run(format.arg(broker.folder.path("server.properties")));
        broker.up();
        broker
    }

    /// `host:port` without protection.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports[0])
    }

    /// `host:port` with TLS and SCRAM.
    pub(crate) fn secure_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports[1])
    }

    /// The certificate to trust, PEM.
    pub(crate) fn certificate(&self) -> String {
        self.folder.path("broker.pem")
    }

    /// SIGKILL: it ends where it is.
    pub(crate) fn kill(&mut self) {
        run(Command::new("kill").args(["-9", &self.process.to_string()]));
        self.end();
    }

    /// Starts it (again) on its folder; returns when clients are served.
    pub(crate) fn up(&mut self) {
        assert!(self.warden.is_none(), "it runs");
        let mut java = self.java("kafka.Kafka");
        java.arg(self.folder.path("server.properties"));
        let mut warden = Command::new("sh")
            .args(["-c", WARDEN, &self.folder.path("broker.out")])
            .arg(java.get_program())
            .args(java.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(warden.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.process = line.trim().parse().expect("the shell tells the id");
        self.warden = Some(warden);
        let is_up = within(PATIENCE, || {
            self.ports[..2].iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok())
        });
        assert!(is_up, "the broker does not start:\n{}", self.told());
    }

    fn told(&self) -> String {
        std::fs::read_to_string(self.folder.path("broker.out")).unwrap_or_default()
    }

    fn end(&mut self) {
        if let Some(mut warden) = self.warden.take() {
            // Its input ends, and with it the broker.
            drop(warden.stdin.take());
            // A shell that is gone has nothing more to end.
            let _ = warden.wait();
        }
    }

    fn java(&self, main: &str) -> Command {
        let mut java = Command::new("java");
        java.arg(HEAP).args(JVM).args(["-cp", &format!("{}/*", home()), main]);
        java.current_dir(PathBuf::from(self.folder.path("")));
        java
    }

    fn make_keys(&self) {
        let store = self.folder.path("broker.p12");
        let name =
            ["-alias", "broker", "-dname", "CN=127.0.0.1", "-ext", "SAN=IP:127.0.0.1", "-validity", "30"];
        let key =
            ["-keyalg", "EC", "-storetype", "PKCS12", "-storepass", STORE_PASSWORD, "-keystore", &store];
        run(Command::new("keytool").arg("-genkeypair").args(name).args(key));
        let out =
            ["-exportcert", "-rfc", "-alias", "broker", "-storepass", STORE_PASSWORD, "-keystore", &store];
        run(Command::new("keytool").args(out).args(["-file", &self.certificate()]));
    }

    fn write_settings(&self) {
        let [plain, secure, controller] = self.ports;
        let (logs, store) = (self.folder.path("logs"), self.folder.path("broker.p12"));
        let text = format!(
            "process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{plain},SECURE://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SECURE://127.0.0.1:{secure}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={logs}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
initial.broker.registration.timeout.ms=60000
controller.quorum.election.timeout.ms=200
controller.quorum.election.backoff.max.ms=200
group.min.session.timeout.ms=1000
log.retention.check.interval.ms=300
log.initial.task.delay.ms=300
log.segment.delete.delay.ms=100
listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PKCS12
ssl.keystore.location={store}
ssl.keystore.password={STORE_PASSWORD}
ssl.key.password={STORE_PASSWORD}
"
        );
        let mut file = File::create(self.folder.path("server.properties")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.end();
    }
}
