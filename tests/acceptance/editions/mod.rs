//! Published editions on a real server: closed, objected to, decided, recounted, approved, published, checked.
//!
//! `acts` is who may do what and in which order, `truth` that an edition is what the events give and stays so, `stops`
//! that it outlives every stop and that damage is said. Who sees what of it: `access::editions`.

mod acts;
mod kept;
mod public;
mod stops;
mod truth;

use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Answer, Server, within};
use acceptance_tests::story::events;
use serde_json::{Value, json};

/// Longer than a start, or the time units have in these tests.
const PATIENCE: Duration = Duration::from_mins(1);
/// The month of the story.
const MONTH: &str = "2026-10";
/// Units have their time, and it is over at once.
const AT_ONCE: &str = "[editions]\nobjection_working_days = 0\n";

/// Two late dossiers of C1, one late of C2, one in time; one late by its due date only.
const STORY: &str = "
    01/10 08:00 LATE1 accepted agency=C1 officer=O1 due=02/10 17:30
    01/10 08:10 LATE2 accepted agency=C1 officer=O1 due=05/10 17:30
    01/10 08:20 LATE3 accepted agency=C2 officer=O2 due=02/10 17:30
    01/10 08:30 GOOD1 accepted agency=C1 officer=O1 due=20/10 17:30
    06/10 10:00 LATE1 processed
    07/10 10:00 LATE2 processed
    08/10 10:00 LATE3 processed
    09/10 10:00 GOOD1 processed
    03/10 10:00 KIEN1 petition.received agency=C1
";

/// Twenty dossiers of a named officer, four of them late: enough for numbers to be shown.
fn many() -> String {
    let dossier = |number: u32| {
        let due = if number < 14 { "02/10" } else { "20/10" };
        format!(
            "01/10 08:{number} D{number} accepted agency=C1 officer=CANBO due={due} 17:30\n\
             06/10 10:{number} D{number} processed\n"
        )
    };
    let dossiers: String = (10..30).map(dossier).collect();
    events(&format!("01/01/2001 00:00 CANBO officer.defined agency=C1 name=NGUYENVANTEN\n{dossiers}"))
}

/// A server that was told the story.
struct Scene {
    server: Server,
    folder: Folder,
    settings: String,
}

impl Scene {
    fn empty(settings: &str) -> Scene {
        let folder = Folder::new();
        let settings = folder.write("settings.toml", settings);
        let server = launch(&folder, &settings);
        Scene { server, folder, settings }
    }

    fn told(settings: &str) -> Scene {
        let scene = Scene::empty(settings);
        let taken = scene.server.post_batch(&events(STORY));
        assert_eq!(taken.status, 202, "{}", taken.text());
        scene
    }

    /// As a power cut, and a start after it.
    fn killed_and_started(self) -> Scene {
        let Scene { server, folder, settings } = self;
        server.kill();
        let server = launch(&folder, &settings);
        Scene { server, folder, settings }
    }

    /// Where a file of editions lies.
    fn file(&self, name: &str) -> String {
        format!("{}/editions/{name}", self.folder.path("data"))
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.server.post(path, "application/json", body.to_string().as_bytes())
    }

    /// An act that must be done.
    fn act(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body);
        assert_eq!(answer.status, 200, "{path} {body}: {}", answer.text());
        answer.json()
    }

    fn close(&self) {
        self.act("/api/v1/editions", &json!({ "by": "an", "period": MONTH }));
    }

    fn object(&self, dossier: &str, reason: &str) {
        let body =
            json!({ "by": "của C1", "unit": "C1", "dossier": dossier, "reason": reason, "text": "mất mạng" });
        self.act(&format!("/api/v1/editions/{MONTH}/objections"), &body);
    }

    fn decide(&self, by: &str, number: usize, is_accepted: bool) -> Answer {
        let body = json!({ "by": by, "objection": number, "accepted": is_accepted, "why": "có biên bản" });
        self.post(&format!("/api/v1/editions/{MONTH}/decisions"), &body)
    }

    fn accept(&self, number: usize) {
        for by in ["bình", "chi"] {
            assert_eq!(self.decide(by, number, true).status, 200, "{by} decides");
        }
    }

    /// Approves when units have had their time, and publishes.
    fn approve_and_publish(&self, id: &str) {
        self.approve(id);
        self.act(&format!("/api/v1/editions/{id}/publication"), &json!({ "by": "an" }));
    }

    fn approve(&self, id: &str) {
        let path = format!("/api/v1/editions/{id}/approval");
        let approved = within(PATIENCE, || self.post(&path, &json!({ "by": "an" })).status == 200);
        assert!(approved, "{}", self.post(&path, &json!({ "by": "an" })).text());
    }

    fn shown(&self, id: &str) -> Value {
        let answer = self.server.get(&format!("/api/v1/editions/{id}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    fn sealed(&self, id: &str) -> Vec<u8> {
        let answer = self.server.get(&format!("/api/v1/editions/{id}/file"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.body
    }
}

fn launch(folder: &Folder, settings: &str) -> Server {
    let server = Server::launch(&["--data", &folder.path("data"), "--settings", settings]);
    let server = server.unwrap_or_else(|not| panic!("it does not start: {not:?}"));
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready at last");
    server
}

/// An instant so many seconds from now.
fn in_seconds(seconds: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    let now = i64::try_from(now.as_secs()).expect("it is before the year 2100");
    compute::instant::Instant::from_unix(now + seconds, 0).to_local()
}
