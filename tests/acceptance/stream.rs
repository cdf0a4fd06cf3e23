//! The live stream taken up again: who comes back with the last message's id gets what changed since, or all of it.

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Follower, Server, within};
use acceptance_tests::story::events;
use serde_json::Value;

const STREAM: &str = "/api/v1/stream?period=2026";

fn told(arguments: &[&str]) -> Server {
    let server = Server::launch(&[&["--from", "2026-01-01"], arguments].concat()).expect("it serves");
    assert!(within(std::time::Duration::from_secs(30), || server.get("/readyz").status == 200));
    server
}

fn tell(server: &Server, story: &str) {
    assert_eq!(server.post_batch(&events(story)).status, 202);
}

fn units(message: &Value) -> Vec<&str> {
    message["rows"].as_array().expect("rows").iter().filter_map(|row| row["code"].as_str()).collect()
}

/// The first message to one who had `last_id`.
fn back_with(server: &Server, path: &str, last_id: &str) -> Value {
    server.follow_with(path, &format!("last-event-id: {last_id}\r\n")).next_ranking()
}

#[test]
fn who_comes_back_gets_what_changed_since() {
    let server = told(&[]);
    tell(&server, "02/02 08:00 H1 accepted due=09/02 17:30");
    let mut follower = server.follow(STREAM);
    let first = follower.next_ranking();
    assert_eq!((first["is_whole"].as_bool(), units(&first).len()), (Some(true), 4), "{first}");
    let id = follower.last_id.clone();
    assert!(!id.is_empty(), "a message has an id");
    drop(follower);
    tell(&server, "02/02 08:00 H1 accepted due=09/02 17:30\n03/02 08:00 H2 accepted due=09/02 17:30");
    let missed = back_with(&server, STREAM, &id);
    assert_eq!(missed["is_whole"], false);
    assert!(units(&missed).contains(&"C1") && !units(&missed).contains(&"C2"), "what changed: {missed}");
    // A page says it in the address, since it can set no header.
    let by_address = server.follow(&format!("{STREAM}&last_event_id={id}")).next_ranking();
    assert_eq!((&by_address["is_whole"], units(&by_address)), (&missed["is_whole"], units(&missed)));
}

#[test]
fn who_comes_back_with_an_id_of_something_else_gets_everything() {
    let server = told(&[]);
    tell(&server, "02/02 08:00 H1 accepted due=09/02 17:30");
    let mut follower = server.follow(STREAM);
    follower.next_ranking();
    let id = follower.last_id.clone();
    let later = id.rsplit_once('-').map(|(stem, _)| format!("{stem}-99999999")).expect("an id has a version");
    for (path, last_id) in
        [("/api/v1/stream?period=2026-02", id.as_str()), (STREAM, &later), (STREAM, "x"), (STREAM, "7")]
    {
        let message = back_with(&server, path, last_id);
        assert_eq!((message["is_whole"].as_bool(), units(&message).len()), (Some(true), 4), "{last_id}");
    }
}

#[test]
fn after_a_restart_everything_is_sent_since_versions_begin_anew() {
    let folder = Folder::new();
    let data = folder.path("data");
    let before = told(&["--data", &data]);
    tell(&before, "02/02 08:00 H1 accepted due=09/02 17:30");
    let mut follower = before.follow(STREAM);
    follower.next_ranking();
    let id = follower.last_id.clone();
    drop(before);
    let after = told(&["--data", &data]);
    let message = back_with(&after, STREAM, &id);
    assert_eq!((message["is_whole"].as_bool(), units(&message).len()), (Some(true), 4), "{message}");
}

/// The rows a viewer has, by unit.
type Rows = std::collections::BTreeMap<String, Value>;

fn take(rows: &mut Rows, message: &Value) {
    if message["is_whole"] == true {
        rows.clear();
    }
    for row in message["rows"].as_array().expect("rows") {
        rows.insert(row["code"].as_str().expect("a code").to_owned(), row.clone());
    }
}

#[test]
fn whenever_a_viewer_came_their_rows_become_those_of_the_ranking() {
    let server = told(&[]);
    let mut story = String::new();
    let mut viewers: Vec<(Follower, Rows)> = Vec::new();
    for (day, line) in [
        ("02/02", "H1 accepted due=09/02 17:30"),
        ("03/02", "H2 accepted due=09/02 17:30"),
        ("04/02", "H1 returned"),
        ("05/02", "H3 accepted due=19/02 17:30"),
        ("06/02", "H2 returned"),
    ] {
        story.extend([day, " 08:00 ", line, "\n"]);
        tell(&server, &story);
        viewers.push((server.follow(STREAM), Rows::new()));
    }
    let ranking = server.get("/api/v1/ranking?period=2026").json();
    let mut wanted = Rows::new();
    take(&mut wanted, &ranking);
    assert!(wanted.len() >= 4, "{ranking}");
    for (place, (mut follower, mut rows)) in viewers.into_iter().enumerate() {
        // The first message is the whole; what follows is told once to all.
        for is_first in [true].into_iter().chain(std::iter::repeat(false)) {
            let message = follower.next_ranking();
            assert_eq!(message["is_whole"], is_first, "viewer {place}: {message}");
            take(&mut rows, &message);
            if rows == wanted {
                break;
            }
        }
    }
}

#[test]
fn when_a_unit_goes_all_rows_are_told_anew() {
    let server = told(&[]);
    let story = "01/02 08:00 C3 agency.defined kind=commune parent=P id=third\n";
    tell(&server, story);
    let mut follower = server.follow(STREAM);
    assert!(units(&follower.next_ranking()).contains(&"C3"));
    tell(&server, &format!("{story}06/02 08:00 C3 event.retracted names=third\n"));
    let message = follower.next_ranking();
    assert_eq!((message["is_whole"].as_bool(), units(&message).len()), (Some(true), 4), "{message}");
}
