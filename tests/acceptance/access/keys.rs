//! Tokens: made, bounded, refused; and what a sender may write with one.

use acceptance_tests::program::{Folder, nhip};
use acceptance_tests::server::{Server, within};
use acceptance_tests::story::events;
use serde_json::Value;

use super::scene::{MONTH, PATIENCE, Scene, bearer};

#[test]
fn only_the_whole_token_opens_and_only_as_long_as_it_is_good() {
    let scene = Scene::empty("");
    let token = scene.token(&["--role", "leader"]);
    let asked = |headers: &str| scene.ask("GET", "/api/v1/ranking", headers, b"").status;
    assert_eq!(asked(&bearer(Some(&token))), 200);
    assert_eq!(asked(&format!("Authorization: bearer  {token} \r\n")), 200);
    for wrong in [
        String::new(),
        bearer(Some(&token[..token.len() - 1])),
        bearer(Some(&format!("{token}0"))),
        bearer(Some("nhip_")),
        bearer(Some("eyJhbGciOiJub25lIn0.eyJyb2xlIjoibGVhZGVyIn0.")),
        format!("authorization: Basic {token}\r\n"),
        format!("authorization: {token}\r\n"),
        format!("x-token: {token}\r\n"),
        format!("cookie: nhip={token}\r\n"),
    ] {
        assert_eq!(asked(&wrong), 401, "{wrong}");
    }
    assert_eq!(scene.get(&format!("/api/v1/ranking?token={token}"), None).status, 401);
    let path = scene.folder.path("data/access/tokens.json");
    let kept = std::fs::read_to_string(&path).expect("it can be read");
    let first_of_expiry = kept.find("\"expires\": \"").map(|place| place + "\"expires\": \"".len());
    let mut expired = kept.clone();
    let place = first_of_expiry.expect("it expires");
    expired.replace_range(place..place + 4, "2020");
    std::fs::write(&path, &expired).expect("it can be written");
    assert!(within(PATIENCE, || asked(&bearer(Some(&token))) == 401), "it has expired");
    std::fs::write(&path, "spoiled").expect("it can be written");
    let is_said = || {
        asked(&bearer(Some(&token)));
        scene.server.stderr().contains("no token is let in")
    };
    assert!(within(PATIENCE, is_said));
    std::fs::write(&path, &kept).expect("it can be written");
    assert!(within(PATIENCE, || asked(&bearer(Some(&token))) == 200), "it is good again");
    assert!(!scene.server.stderr().contains(&token), "it is not in what the server says");
}

#[test]
fn a_token_that_asks_too_often_is_told_when_to_come_back() {
    let scene = Scene::empty("requests_per_second = 2\n");
    let (one, other) = (scene.token(&["--role", "leader"]), scene.token(&["--role", "auditor"]));
    let answers: Vec<_> = (0..20).map(|_| scene.get("/api/v1/indicators", Some(&one))).collect();
    let refused = answers.iter().find(|answer| answer.status == 429).expect("it asks too often");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    assert_eq!(refused.json()["code"], "too_often");
    assert!(answers.iter().all(|answer| [200, 429].contains(&answer.status)));
    assert!(within(PATIENCE, || scene.get("/api/v1/indicators", Some(&other)).status == 200));
}

#[test]
fn tokens_are_made_with_what_their_role_needs() {
    let scene = Scene::empty("");
    let data = scene.folder.path("data");
    let refused = |words: &[&str]| {
        let ran = nhip(&[&["token", "add", "--data", &data, "--name", "x"], words].concat(), b"");
        assert_eq!((ran.status, ran.stdout.len()), (2, 0), "{words:?}");
        ran.stderr
    };
    assert!(refused(&["--role", "agency_head"]).contains("--unit"));
    assert!(refused(&["--role", "officer", "--unit", "C1"]).contains("--officer"));
    assert!(refused(&["--role", "producer"]).contains("--source"));
    assert!(refused(&["--role", "leader", "--source", "/x"]).contains("--source"));
    assert!(refused(&["--role", "mayor"]).contains("agency_head"));
    assert!(refused(&["--role", "leader", "--days", "4000"]).contains("4000"));
    let elsewhere = nhip(&["token", "list", "--data", &scene.folder.path("none")], b"");
    assert!(elsewhere.stderr.contains("is no data folder"), "{}", elsewhere.stderr);
    assert_eq!(nhip(&["token", "revoke", "--data", &data, "none"], b"").status, 2);
}

/// What becomes of events, by position: the code of the reason, or nothing when taken.
fn outcome(answer: &Value, count: usize) -> Vec<String> {
    let mut all = vec![String::new(); count];
    for rejected in answer["rejected"].as_array().expect("what was refused is told") {
        let place = rejected["position"].as_u64().and_then(|place| usize::try_from(place).ok());
        rejected["reason"].as_str().unwrap_or("?").clone_into(&mut all[place.expect("a position")]);
    }
    all
}

#[test]
fn a_sender_writes_its_own_source_about_its_own_subtree_and_nothing_else() {
    let scene = Scene::told();
    let token = scene.token(&["--role", "producer", "--source", "/mot-cua", "--unit", "C1"]);
    let table = [
        ("06/10 08:00 NEWONE accepted agency=C1 officer=OFFICERONE", ""),
        ("06/10 08:00 NEWTWO accepted agency=C2 officer=OFFICERTWO", "not_your_unit"),
        ("06/10 08:00 NEWTHREE accepted agency=C1 source=/other", "not_your_source"),
        ("06/10 08:01 DOSSIERONE returned", ""),
        ("06/10 08:01 DOSSIERTWO returned", "not_your_unit"),
        ("06/10 08:02 DOSSIERTWO accepted agency=C1 officer=OFFICERONE", "not_your_unit"),
        ("06/10 08:03 DOSSIERTWO event.retracted names=e10", "not_your_unit"),
        ("06/10 08:03 DOSSIERONE event.retracted names=e9 source=/mot-cua", ""),
        ("06/10 08:04 C9 agency.defined kind=unit parent=C1", ""),
        ("06/10 08:04 C8 agency.defined kind=unit parent=C2", "not_your_unit"),
        ("06/10 08:04 C2 agency.defined kind=commune parent=C1", "not_your_unit"),
        ("06/10 08:05 OFFICERTWO officer.defined agency=C1", "not_your_unit"),
        ("06/10 08:06 T procedure.defined", "not_your_unit"),
        ("06/10 08:07 C2 portal.reported period=2026-10 received=9", "not_your_unit"),
        ("06/10 08:08 K petition.received agency=C2", "not_your_unit"),
        ("06/10 08:09 DOSSIERMINE assigned officer=OFFICERTWO agency=C2", ""),
    ];
    let world = events("").lines().count();
    // Every line its own identity, apart from those of the story.
    let story: String = table
        .iter()
        .enumerate()
        .fold(String::new(), |text, (place, (line, _))| text + &format!("{line} id=k{place}\n"));
    let lines: Vec<String> = events(&story).lines().skip(world).map(str::to_owned).collect();
    let answer = scene.send(&token, &lines.join("\n"));
    assert_eq!(answer.status, 202, "{}", answer.text());
    let wanted: Vec<String> = table.iter().map(|(_, reason)| (*reason).to_owned()).collect();
    assert_eq!(outcome(&answer.json(), table.len()), wanted, "{}", answer.text());
    let operator = scene.token(&["--role", "operator"]);
    let rejects = scene.get("/api/v1/rejects", Some(&operator)).json();
    assert_eq!(
        rejects["rejects"].as_array().map(Vec::len),
        Some(0),
        "what is not theirs is not kept: {rejects}"
    );
    let leader = scene.token(&["--role", "leader"]);
    for (dossier, status) in [("NEWONE", 200), ("NEWTWO", 404), ("NEWTHREE", 404)] {
        assert_eq!(
            scene.get(&format!("/api/v1/subjects/{dossier}"), Some(&leader)).status,
            status,
            "{dossier}"
        );
    }
    let story = scene.get("/api/v1/subjects/DOSSIERTWO", Some(&leader)).json();
    assert_eq!(story["events"].as_array().map(Vec::len), Some(2), "nothing was added: {story}");
    for path in ["/api/v1/events", "/api/v1/exchange?source=/mot-cua"] {
        let asked = bearer(Some(&leader)) + "content-type: application/json\r\n";
        assert_eq!(scene.ask("POST", path, &asked, b"{}").status, 403, "a reader writes nothing");
    }
    let exchange = |source: &str| {
        let asked = bearer(Some(&token)) + "content-type: application/json\r\n";
        scene.ask("POST", &format!("/api/v1/exchange?source={source}"), &asked, b"{\"MaHoSo\":\"X\"}").status
    };
    assert_eq!((exchange("/mot-cua"), exchange("/other")), (202, 403));
    assert_eq!(scene.get(&format!("/api/v1/ranking?period={MONTH}"), Some(&token)).status, 403);
}

#[test]
fn a_compressed_body_is_not_unpacked_and_a_deep_one_not_followed() {
    let scene = Scene::empty("");
    let token = scene.token(&["--role", "producer", "--source", "/mot-cua"]);
    let kind = bearer(Some(&token)) + "content-type: application/cloudevents-batch+json\r\n";
    let packed = scene.ask(
        "POST",
        "/api/v1/events",
        &(kind.clone() + "content-encoding: gzip\r\n"),
        b"\x1f\x8b\x08\x00",
    );
    assert_eq!(packed.status, 400, "{}", packed.text());
    let deep = format!("[{}]", "[".repeat(100_000) + &"]".repeat(100_000));
    let answer = scene.ask("POST", "/api/v1/events", &kind, deep.as_bytes());
    assert!(
        answer.status == 400 || answer.json()["rejected"][0]["reason"] == "too_deep",
        "{}",
        answer.text()
    );
    assert_eq!(scene.get("/livez", None).status, 200, "it lives");
}

#[test]
fn listening_wider_needs_people_to_sign_in_and_says_so() {
    let folder = Folder::new();
    let launch = |settings: &str| {
        let file = folder.write("settings.toml", settings);
        nhip(&["serve", "--listen", "0.0.0.0:0", "--settings", &file], b"").stderr
    };
    assert!(launch("").contains("needs people to sign in"));
    let text = launch("[access]\npublic_url = \"http://nhip.example.vn\"\n");
    assert!(text.contains("need https"), "{text}");
    let text = launch("[access]\npublic_url = \"https://nhip.example.vn\"\n");
    assert!(text.contains("--data DIR"), "{text}");
    let file = folder.write("right.toml", "[access]\npublic_url = \"https://nhip.example.vn\"\n");
    let mut ran = std::process::Command::new(acceptance_tests::program::binary())
        .args(["serve", "--listen", "0.0.0.0:0", "--data", &folder.path("data"), "--settings", &file])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("nhip starts");
    let mut line = String::new();
    let mut output = std::io::BufReader::new(ran.stdout.take().expect("it is piped"));
    std::io::BufRead::read_line(&mut output, &mut line).expect("it says where it listens");
    assert!(line.starts_with("listening on http://0.0.0.0:"), "{line}");
    ran.kill().expect("it can be ended");
    ran.wait().expect("it ends");
}

#[test]
fn a_server_that_asks_nobody_answers_to_no_public_name_and_no_other_page() {
    let server = Server::start();
    let ask = |method, path, headers: &str| {
        let mut stream = acceptance_tests::server::connect(server.address()).expect("it listens");
        let head =
            format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n{headers}content-length: 0\r\n\r\n");
        std::io::Write::write_all(&mut stream, head.as_bytes()).expect("it takes the request");
        acceptance_tests::server::answer(&mut stream).expect("it answers").status
    };
    for host in ["127.0.0.1:7660", "localhost:7660", "nhip", "[::1]:7660"] {
        assert_eq!(ask("GET", "/api/v1/ranking", &format!("host: {host}\r\n")), 200, "{host}");
    }
    for host in ["nhip.example.vn", "evil.example:7660", "127.0.0.1.evil.example"] {
        assert_eq!(ask("GET", "/api/v1/ranking", &format!("host: {host}\r\n")), 403, "{host}");
    }
    let page = "host: 127.0.0.1:7660\r\norigin: ";
    assert_eq!(ask("POST", "/api/v1/backups", &format!("{page}https://evil.example\r\n")), 403);
    assert_eq!(
        ask("POST", "/api/v1/backups", &format!("{page}http://127.0.0.1:7660\r\n")),
        404,
        "it goes through"
    );
}
