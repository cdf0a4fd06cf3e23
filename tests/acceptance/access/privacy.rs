//! What is known of applicants is nowhere: planted in everything that comes in, looked for in everything there is.

use std::path::Path;

use acceptance_tests::story::events;

use super::scene::{MONTH, Scene, bearer};

/// A name, an identity number, a telephone number, an address.
const PLANTED: [&str; 4] = ["NGUYENVANPLANTED", "079099887766", "0912345987", "12 NGO PLANTED"];

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The planted values that stand in these bytes.
fn planted_in(bytes: &[u8]) -> Vec<&'static str> {
    let has = |value: &&&str| bytes.windows(value.len()).any(|window| window == value.as_bytes());
    PLANTED.iter().filter(has).copied().collect()
}

/// Sends personal data in every way that something comes in.
fn plant(scene: &Scene) {
    let producer = scene.token(&["--role", "producer", "--source", "/mot-cua"]);
    let [name, number, telephone, home] = PLANTED;
    let personal = format!(
        "\"applicant_name\":\"{name}\",\"cccd\":\"{number}\",\"phone\":{{\"mobile\":\"{telephone}\"}},\"address\":[\"{home}\"],"
    );
    let story = events(
        "07/10 08:00 PRIVATEONE accepted due=08/10 17:30\n07/10 09:00 PRIVATEONE withdrawn\n07/10 09:00 K petition.received",
    );
    let story = story.replace("\"data\":{}", "\"data\":{\"x\":1}");
    let story = story.replace("\"data\":{", &format!("\"data\":{{{personal}"));
    let story = story.replacen("\"specversion\"", &format!("{personal}\"specversion\""), 9);
    let taken = scene.send(&producer, &story);
    assert_eq!(taken.status, 202, "{}", taken.text());
    let kind = |kind: &str| format!("{}content-type: {kind}\r\n", bearer(Some(&producer)));
    let malformed = [
        format!("[{{\"id\":\"x\",{personal}\"source\":\"/mot-cua\"}}]"),
        format!(
            "[{{{personal}\"type\":\"dossier.accepted\",\"id\":\"y\",\"source\":\"/mot-cua\",\"subject\":\"Z\",\"time\":\"nonsense\",\"data\":{{{personal}\"agency\":7}}}}]"
        ),
        format!("{name} {number} {telephone} {home}"),
        format!("[\"{name}\", \"{number}\", {{\"reason\":\"{home}\",\"phone\":\"{telephone}\"}}]"),
        format!(
            "[{{\"id\":\"z\",\"source\":\"/mot-cua\",\"type\":\"dossier.withdrawn\",\"subject\":\"PRIVATEONE\",\"time\":\"2026-10-07T10:00:00+07:00\",\"data\":{{\"reason\":\"{name} {number} {telephone} {home}\"}}}}]"
        ),
    ];
    for body in &malformed {
        let answer =
            scene.ask("POST", "/api/v1/events", &kind("application/cloudevents-batch+json"), body.as_bytes());
        assert_eq!(planted_in(&answer.body), Vec::<&str>::new(), "{}", answer.text());
    }
    let message = format!(
        "{{\"MaHoSo\":\"H9\",\"ChuHoSo\":\"{name}\",\"SoGiayTo\":\"{number}\",\"SoDienThoai\":\"{telephone}\",\"DiaChi\":\"{home}\",\"NoiDung\":{{\"x\":\"{name}\"}}}}"
    );
    let answer =
        scene.ask("POST", "/api/v1/exchange?source=/mot-cua", &kind("application/json"), message.as_bytes());
    assert_eq!(planted_in(&answer.body), Vec::<&str>::new(), "{}", answer.text());
    plant_in_files(scene);
}

/// In files of the portal: in columns beside those that are read, in the place of those, and in names of files.
fn plant_in_files(scene: &Scene) {
    let [name, number, telephone, home] = PLANTED;
    let leader = scene.token(&["--role", "leader"]);
    let asked = |path: &str, kind: &str, body: &str| {
        let headers = bearer(Some(&leader)) + &format!("content-type: {kind}\r\n");
        let answer = scene.ask("POST", path, &headers, body.as_bytes());
        assert_eq!(planted_in(&answer.body), Vec::<&str>::new(), "{path}: {}", answer.text());
        answer.status
    };
    let published = format!(
        "snapshot,period,unit_code,metric_code,numerator,denominator,score,NguoiLap\n\
         {MONTH}-20,{MONTH},C1,ON_TIME,1,2,10,{name}\n"
    );
    let list = format!(
        "dossier,accepted_at,ChuHoSo,status,ended_at,SoGiayTo\nH1,20261002080000,{name},2,,{number}\n"
    );
    let slipped = format!("dossier,accepted_at,status,ended_at,late\nH1,20261002080000,{name},,{number}\n");
    let headless = format!("{name},{number},{telephone}\n");
    for (path, body, status) in [
        ("/api/v1/reconciliations/planted", &published, 200),
        ("/api/v1/reconciliations/planted/dossiers", &list, 200),
        ("/api/v1/reconciliations/planted/dossiers", &slipped, 400),
        ("/api/v1/reconciliations/planted/dossiers", &headless, 400),
        ("/api/v1/reconciliations/planted", &headless, 400),
    ] {
        assert_eq!(asked(path, "text/csv", body), status, "{path}: {body}");
    }
    let form = format!(
        "--x\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\nplanted\r\n\
         --x\r\ncontent-disposition: form-data; name=\"what\"\r\n\r\ndossiers\r\n\
         --x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name} {home}.csv\"\r\n\r\n{list}\r\n--x--\r\n"
    );
    asked("/doi-soat", "multipart/form-data; boundary=x", &form);
    let kept = std::fs::read_to_string(scene.folder.path("data/portal/planted.dossiers.csv"));
    assert!(kept.expect("the list is kept").starts_with("dossier,accepted_at,status,ended_at\nH1,"));
}

/// Asks for everything that may show it.
fn look_at_everything(scene: &Scene, leader: &str) {
    let operator = scene.token(&["--role", "operator"]);
    let auditor = scene.token(&["--role", "auditor"]);
    let mut read = 0;
    for (token, paths) in [
        (
            leader,
            vec![
                "/ho-so/PRIVATEONE".to_owned(),
                "/api/v1/subjects/PRIVATEONE".to_owned(),
                format!("/api/v1/scores?period={MONTH}"),
                format!("/danh-sach?period={MONTH}&unit=C1&count=received"),
            ],
        ),
        (
            &operator,
            vec![
                "/api/v1/rejects".to_owned(),
                "/api/v1/rejects/0".to_owned(),
                "/api/v1/rejects/1".to_owned(),
                "/metrics".to_owned(),
                "/api/v1/health".to_owned(),
                "/van-hanh".to_owned(),
            ],
        ),
        (&auditor, vec!["/nhat-ky".to_owned()]),
    ] {
        for path in paths {
            let answer = scene.get(&path, Some(token));
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(planted_in(&answer.body), Vec::<&str>::new(), "{path}");
            read += 1;
        }
    }
    assert!(read > 10);
}

#[test]
fn nothing_of_applicants_is_kept_shown_counted_or_logged() {
    let scene = Scene::told();
    plant(&scene);
    let leader = scene.token(&["--role", "leader"]);
    look_at_everything(&scene, &leader);
    let [name, number, telephone, _] = PLANTED;
    // What somebody types into an address is no better known.
    for path in [format!("/ho-so/X?name={name}"), format!("/api/v1/ranking?{number}={telephone}")] {
        scene.get(&path, Some(&leader));
    }
    assert_eq!(planted_in(scene.server.stderr().as_bytes()), Vec::<&str>::new(), "{}", scene.server.stderr());
    scene.server.terminate();
    let mut kept = Vec::new();
    files(Path::new(&scene.folder.path("data")), &mut kept);
    assert!(kept.len() > 5, "{kept:?}");
    for path in kept {
        let bytes = std::fs::read(&path).unwrap_or_default();
        assert_eq!(planted_in(&bytes), Vec::<&str>::new(), "{}", path.display());
    }
}
