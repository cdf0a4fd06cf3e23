//! A server that asks, a province with two communes, and somebody of every role.
//!
//! Not here: what anybody may see, which each test says for itself.

use std::time::Duration;

use acceptance_tests::program::{Folder, nhip};
use acceptance_tests::server::{Answer, Server, ask, within};
use acceptance_tests::story::events;

/// Longer than a start takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// What the account's password is.
pub(super) const PASSWORD: &str = "một mật khẩu đủ dài";

/// Dossiers of both communes, some late; officers besides those of every story.
const STORY: &str = "
    01/01/2001 00:00 OFFICERONE officer.defined agency=C1
    01/01/2001 00:00 OFFICERTWO officer.defined agency=C2
    01/10 08:00 DOSSIERONE accepted agency=C1 officer=OFFICERONE due=02/10 17:30
    01/10 09:00 DOSSIERTWO accepted agency=C2 officer=OFFICERTWO due=02/10 17:30
    01/10 09:30 DOSSIERMINE accepted agency=C1 officer=OFFICERMINE due=30/12 17:30
    01/01/2001 00:00 OFFICERMINE officer.defined agency=C1
    05/10 10:00 DOSSIERONE processed
    05/10 11:00 DOSSIERTWO processed
";

/// The month of the story.
pub(super) const MONTH: &str = "2026-10";

/// A server that asks.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) server: Server,
    pub(super) folder: Folder,
}

/// Somebody, by the words that make their token.
pub(super) const PEOPLE: [(&str, &[&str]); 8] = [
    ("leader", &["--role", "leader"]),
    ("head of C1", &["--role", "agency_head", "--unit", "C1"]),
    ("staff of C1", &["--role", "agency_staff", "--unit", "C1"]),
    ("head of S1", &["--role", "agency_head", "--unit", "S1"]),
    ("officer", &["--role", "officer", "--unit", "C1", "--officer", "OFFICERMINE"]),
    ("auditor", &["--role", "auditor"]),
    ("operator", &["--role", "operator"]),
    ("producer", &["--role", "producer", "--source", "/mot-cua"]),
];

impl Scene {
    /// Without events.
    pub(super) fn empty(settings: &str) -> Scene {
        Scene::of(Folder::new(), settings)
    }

    /// Over what a folder has; backups go into `backups` beside it.
    pub(super) fn of(folder: Folder, settings: &str) -> Scene {
        let text = format!("[access]\npublic_url = \"http://127.0.0.1:7660\"\n{settings}");
        let file = folder.write("settings.toml", text);
        let (data, backups) = (folder.path("data"), folder.path("backups"));
        let server = Server::launch(&["--data", &data, "--backups", &backups, "--settings", &file]);
        let scene =
            Scene { server: server.unwrap_or_else(|not| panic!("it does not start: {not:?}")), folder };
        assert!(within(PATIENCE, || scene.get("/readyz", None).status == 200), "it is ready at last");
        scene
    }

    /// With the story told.
    pub(super) fn told() -> Scene {
        let scene = Scene::empty("requests_per_second = 10000\n[editions]\nobjection_working_days = 0\n");
        let producer = scene.token(&["--role", "producer", "--source", "/mot-cua"]);
        let taken = scene.send(&producer, &events(STORY));
        assert_eq!(
            (taken.status, taken.json()["rejected_count"].as_u64()),
            (202, Some(0)),
            "{}",
            taken.text()
        );
        scene
    }

    /// Closes a period, for the leader; the answer.
    pub(super) fn close(&self, period: &str) -> String {
        let leader = self.token(&["--role", "leader"]);
        let body = format!("{{\"period\":\"{period}\"}}");
        let closed = self.ask("POST", "/api/v1/editions", &bearer(Some(&leader)), body.as_bytes());
        assert_eq!(closed.status, 200, "{}", closed.text());
        leader
    }

    /// Closes, approves and publishes a period; nobody has time to object here.
    pub(super) fn close_and_publish(&self, period: &str) {
        let leader = self.token(&["--role", "leader"]);
        let body = format!("{{\"period\":\"{period}\"}}");
        let post = |path: &str, body: &str| self.ask("POST", path, &bearer(Some(&leader)), body.as_bytes());
        let closed = post("/api/v1/editions", &body);
        assert_eq!(closed.status, 200, "{}", closed.text());
        let edition = format!("/api/v1/editions/{period}");
        assert!(
            within(PATIENCE, || post(&format!("{edition}/approval"), "{}").status == 200),
            "it is approved"
        );
        assert_eq!(post(&format!("{edition}/publication"), "{}").status, 200);
    }

    /// A new token.
    pub(super) fn token(&self, words: &[&str]) -> String {
        let data = self.folder.path("data");
        let ran = nhip(&[&["token", "add", "--data", &data, "--name", "test"], words].concat(), b"");
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let token = ran.text().trim().to_owned();
        // The server looks once a second for new ones.
        let is_known = || {
            let answer = self.get("/api/v1/indicators", Some(&token));
            answer.status != 401
        };
        assert!(within(PATIENCE, is_known), "the token becomes known");
        token
    }

    pub(super) fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.ask("GET", path, &bearer(token), b"")
    }

    pub(super) fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        ask(self.server.address(), method, path, headers, body)
            .unwrap_or_else(|| panic!("no answer to {method} {path}:\n{}", self.server.stderr()))
    }

    /// Sends a story's lines as one batch.
    pub(super) fn send(&self, token: &str, ndjson: &str) -> Answer {
        let body = format!("[{}]", ndjson.lines().collect::<Vec<_>>().join(","));
        let kind = "content-type: application/cloudevents-batch+json\r\n";
        self.ask("POST", "/api/v1/events", &(bearer(Some(token)) + kind), body.as_bytes())
    }
}

/// The header of a token.
pub(super) fn bearer(token: Option<&str>) -> String {
    token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"))
}
