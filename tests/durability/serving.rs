//! Who asks while the state is being restored is told so, and never sees the figures of a part.

use std::sync::mpsc::channel;
use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Server, within};

use super::load::{body, events, identities, seed, send, send_all};
use super::truth::{assert_shows, serve};

/// So many that reading them again takes longer than asking.
const EVENTS: u64 = 200_000;
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn while_the_state_is_restored_nobody_sees_figures_of_a_part() {
    let (folder, lines) = (Folder::new(), events(seed() + 30, EVENTS));
    let data = folder.path("data");
    let server = serve(&data);
    send_all(&server, &lines);
    // No snapshot was written: everything is read from the log.
    server.kill();
    let (whole, mut told_to_wait) = (identities(&lines), 0);
    let (tell, figures) = channel();
    let server = Server::launch(&["--data", &data]).unwrap();
    let has_figures = within(PATIENCE, || {
        let answer = server.get("/api/v1/ranking?period=2026-Q1");
        if answer.status == 200 {
            tell.send(answer.json()["events_applied"].clone()).unwrap();
            return true;
        }
        let (status, wait) = (answer.status, answer.header("retry-after").to_owned());
        let code = answer.json()["code"].clone();
        assert_eq!((status, code.as_str(), wait.as_str()), (503, Some("recovering"), "1"));
        told_to_wait += 1;
        let posted = send(server.address(), &body(&lines[..1])).expect("the server answers");
        // It may be ready meanwhile; then this is a duplicate.
        assert!(matches!(posted.status, 202 | 503), "{}", posted.text());
        false
    });
    assert!(has_figures, "it is not restored:\n{}", server.stderr());
    println!("{told_to_wait} askers were told to wait");
    assert_eq!(figures.recv().unwrap(), whole, "the first figures shown are of all events");
    assert!(told_to_wait > 0, "nobody asked in time");
    assert_shows(&server, &lines);
}

#[test]
fn health_answers_while_the_state_is_restored_and_says_how_far_it_is() {
    let (folder, lines) = (Folder::new(), events(seed() + 31, EVENTS));
    let data = folder.path("data");
    let server = serve(&data);
    send_all(&server, &lines);
    server.kill();
    let server = Server::launch(&["--data", &data]).unwrap();
    let mut recovering = 0;
    let is_well = within(PATIENCE, || {
        let health = server.get("/api/v1/health").json();
        if health["status"] == "recovering" {
            recovering += 1;
            let of = |name: &str| health["recovering"][name].as_u64().unwrap();
            assert!(of("reached_offset") <= of("wanted_offset"), "{health}");
            assert_eq!(health.get("sources"), None, "no counts of a part: {health}");
            return false;
        }
        assert_eq!(health["status"], "ok", "{health}");
        assert_eq!(health["log"]["next_offset"], lines.len(), "{health}");
        true
    });
    assert!(is_well && recovering > 0, "it was recovering for {recovering} askers");
}
