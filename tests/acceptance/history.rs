//! What each day began with: noted by itself, kept over a stop, left out when its file is damaged.
//!
//! Not here: what changed since (`why` pages in the browser tests, `excerpt` in the simulation).

use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Server, within};
use acceptance_tests::story::events;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

fn days(server: &Server) -> Vec<Value> {
    let told = server.get("/api/v1/history?unit=C1").json();
    told["days"].as_array().expect("days").clone()
}

#[test]
fn a_day_is_noted_once_and_outlives_the_server() {
    let folder = Folder::new();
    let data = folder.path("data");
    let mut server = Server::launch(&["--data", &data]).expect("it serves");
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready at last");
    server.post_batch(&events("01/02 08:00 H1 accepted due=09/02 17:30"));
    // An engine that had not moved yet once ended the thread that notes days.
    assert!(within(PATIENCE, || days(&server).len() == 1), "the day is noted: {}", server.stderr());
    let noted = days(&server);
    let row = || server.get("/api/v1/ranking").json()["rows"][0]["day_start"].clone();
    assert!(within(PATIENCE, || !row().is_null()), "the ranking tells it");
    server.terminate();
    assert_eq!(server.ended(PATIENCE), Some(0), "{}", server.stderr());

    let mut server = Server::launch(&["--data", &data]).expect("it serves again");
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready at last");
    assert_eq!(days(&server), noted, "kept, and not noted again");
    server.terminate();
    assert_eq!(server.ended(PATIENCE), Some(0), "{}", server.stderr());

    let file =
        std::fs::read_dir(format!("{data}/days")).expect("a folder").next().expect("a file").expect("read");
    let mut bytes = std::fs::read(file.path()).expect("it is there");
    bytes[3] ^= 1;
    std::fs::write(file.path(), bytes).expect("it is written");
    let server = Server::launch(&["--data", &data]).expect("it serves without");
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready at last");
    let name = file.file_name().into_string().expect("a name");
    assert!(within(PATIENCE, || server.stderr().contains(&name)), "it says which:\n{}", server.stderr());
}
