//! Duties where people and programs meet them: page, list, API and drafts say the same, and a letter marked as sent stays
//! so.
//!
//! Not here: when a letter is owed (`duties`), who may see and mark what (`access`).

use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Server, within};
use acceptance_tests::story::events;
use acceptance_tests::taken;
use compute::calendar::Calendar;
use compute::instant::Instant;
use serde_json::Value;

/// Longer than a start takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Two dossiers of C1 are owed a letter, one of them has ended; one was apologised for in time, one late; one of C2 is
/// owed one; one is not late.
const STORY: &str = "
    02/02 08:00 H1 accepted due=09/02 17:30
    02/02 08:00 H2 accepted due=09/02 17:30
    10/02 08:00 H2 processed
    02/02 08:00 H3 accepted due=09/02 17:30
    10/02 08:00 H3 apologised
    02/02 08:00 H4 accepted due=09/02 17:30
    12/02 08:00 H4 apologised
    02/02 08:00 H5 accepted agency=C2 officer=O2 due=09/02 17:30
    02/02 08:00 H6 accepted due=09/02 17:30
    09/02 08:00 H6 processed
";

fn launch(folder: &Folder) -> Server {
    let data = folder.path("data");
    let server = Server::launch(&["--data", &data]).expect("it serves");
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready");
    let is_looking = || server.get("/api/v1/health").json()["alerts"]["is_looking"] == false;
    assert!(within(PATIENCE, is_looking), "everything was looked at:\n{}", server.stderr());
    server
}

fn told(server: &Server) {
    let taken = server.post_batch(&events(STORY));
    assert_eq!((taken.status, taken.json()["rejected_count"].as_u64()), (202, Some(0)), "{}", taken.text());
}

/// The dossiers the API lists.
fn duties(server: &Server, asked: &str) -> (Value, Vec<String>) {
    let answer = server.get(&format!("/api/v1/duties?period=2026&{asked}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let listed = answer["duties"].as_array().expect("duties").iter();
    let listed = listed.map(|duty| duty["dossier"].as_str().expect("a code").to_owned()).collect();
    (answer["counts"].clone(), listed)
}

fn mark(server: &Server, dossier: &str, body: &str) -> (u16, Value) {
    let path = format!("/api/v1/duties/{dossier}/sent");
    let answer = server.post(&path, "application/json", body.as_bytes());
    (answer.status, answer.json())
}

/// The first working day a week from now.
fn next_week() -> (String, String) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    let week = i64::try_from(now.as_secs()).expect("it is before the year 2100") + 7 * 86_400;
    let calendar = Calendar::embedded().expect("it is part of the program");
    let day = calendar.working_day_from(Instant::from_unix(week, 0).day()).expect("a year with a calendar");
    let text = day.start().to_local();
    (text[..10].to_owned(), format!("{}/{}/{}", &text[8..10], &text[5..7], &text[..4]))
}

#[test]
fn page_list_and_api_have_the_same_duties_for_units_and_officers() {
    let server = launch(&Folder::new());
    told(&server);
    for (whose, owed, overdue, sent, late) in [
        ("unit=C1", 2, 2, 2, 1),
        ("unit=C2", 1, 1, 0, 0),
        ("unit=P", 3, 3, 2, 1),
        ("unit=S1", 0, 0, 0, 0),
        ("officer=O1", 2, 2, 2, 1),
        ("officer=O2", 1, 1, 0, 0),
    ] {
        let wanted = [
            ("owed", "apology_owed", owed),
            ("overdue", "apology_overdue", overdue),
            ("sent", "apologised", sent),
            ("sent_late", "apologised_late", late),
        ];
        for (state, id, count) in wanted {
            let (counts, mut listed) = duties(&server, &format!("{whose}&state={state}"));
            assert_eq!(
                (counts[state].as_u64(), listed.len() as u64),
                (Some(count), count),
                "{whose} {state}"
            );
            let table = server.get(&format!("/danh-sach.csv?period=2026&{whose}&count={id}")).text();
            let in_table: Vec<&str> =
                table.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
            listed.sort();
            assert_eq!(in_table, listed, "{whose} {id}");
            for path in ["/danh-sach", "/viec-phai-lam"] {
                let asked =
                    if path == "/danh-sach" { format!("count={id}") } else { format!("what={state}") };
                let page = server.get(&format!("{path}?period=2026&{whose}&{asked}")).text();
                assert!(page.contains(&format!("data-count=\"{count}\"")), "{path} {whose} {id}: {page}");
                for dossier in &listed {
                    assert!(page.contains(&format!("data-dossier=\"{dossier}\"")), "{path} {whose} {id}");
                }
            }
        }
    }
    // Whoever asks for nobody's gets those of the units nothing is above.
    assert_eq!(duties(&server, "state=owed").1, ["H1", "H2", "H5"]);
    let page = server.get("/don-vi/C1?period=2026").text();
    assert!(page.contains("count=apology_owed") && page.contains("count=apology_overdue"), "{page}");
}

#[test]
fn drafts_have_the_dossier_and_the_new_date_and_a_dotted_line_for_who_applied() {
    let server = launch(&Folder::new());
    told(&server);
    let (day, written) = next_week();
    let asked = format!("new_due_at={day}&reason=workload");
    for (paper, heading) in [("thu-xin-loi", "PHIẾU XIN LỖI"), ("giai-trinh", "BÁO CÁO GIẢI TRÌNH")]
    {
        let pdf = server.get(&format!("/ho-so/H1/{paper}.pdf?{asked}"));
        assert_eq!((pdf.status, pdf.header("content-type")), (200, "application/pdf"), "{}", pdf.text());
        let on_paper = taken::pdf(&pdf.body);
        let docx = server.get(&format!("/ho-so/H1/{paper}.docx?{asked}"));
        assert!(docx.header("content-disposition").contains(&format!("{paper}.docx")));
        let parts = taken::unzipped(&docx.body);
        assert!(parts["[Content_Types].xml"].contains("/word/document.xml"));
        assert!(parts["_rels/.rels"].contains("word/document.xml"));
        for text in [on_paper.as_str(), &parts["word/document.xml"]] {
            for words in [heading, "H1", "17:30 09/02/2026", &format!("17:30 {written}"), "số lượng hồ sơ"]
            {
                assert!(text.contains(words), "{paper} has {words}: {text}");
            }
            assert!(text.contains("Kính gửi: ......"), "{paper}: {text}");
        }
    }
    // Without a date and a reason there are lines to write on; one that has ended is not put off again.
    let open = taken::pdf(&server.get("/ho-so/H1/thu-xin-loi.pdf").body);
    assert!(open.contains("Lý do: ....") && open.contains("Hẹn lại ngày trả kết quả:"), "{open}");
    let ended = taken::pdf(&server.get("/ho-so/H2/thu-xin-loi.pdf").body);
    assert!(ended.contains("08:00 10/02/2026") && !ended.contains("Hẹn lại ngày"), "{ended}");
    for (path, status) in [
        ("/ho-so/H6/thu-xin-loi.pdf", 409),
        ("/ho-so/NONE/thu-xin-loi.pdf", 404),
        ("/ho-so/H1/thu-xin-loi.pdf?new_due_at=2026-02-10", 400),
        ("/ho-so/H1/giai-trinh.docx?reason=x", 400),
    ] {
        assert_eq!(server.get(path).status, status, "{path}");
    }
}

#[test]
fn a_letter_marked_as_sent_is_counted_once_and_survives_a_kill() {
    let folder = Folder::new();
    let server = launch(&folder);
    told(&server);
    let (day, _) = next_week();
    let said = format!("{{\"letter\":\"12/PXL\",\"new_due_at\":\"{day}\"}}");
    let (status, first) = mark(&server, "H1", &said);
    assert_eq!((status, &first["is_new"]), (202, &Value::Bool(true)), "{first}");
    let (status, again) = mark(&server, "H1", &said);
    assert_eq!((status, &again["is_new"], &again["sent_at"]), (200, &Value::Bool(false), &first["sent_at"]));
    let is_as_marked = |server: &Server| {
        assert_eq!(duties(server, "unit=C1").1, ["H2"]);
        assert_eq!(duties(server, "unit=C1&state=sent_late").1, ["H1", "H4"]);
        let health = server.get("/api/v1/health").json();
        let sources = health["sources"].as_array().cloned().unwrap_or_default();
        let ours = sources.iter().find(|source| source["source"] == "/nhip/viec-phai-lam");
        let ours = ours.unwrap_or_else(|| panic!("it is a source: {health}"));
        assert_eq!(ours["applied"], 1, "{ours}");
    };
    is_as_marked(&server);
    server.kill();
    let server = launch(&folder);
    is_as_marked(&server);
    assert_eq!(mark(&server, "H1", &said).0, 200);
    // The agency's own event beside it is no error and no second letter.
    let own = events(&format!("{STORY}\n    01/03 08:00 H1 apologised id=own"));
    assert_eq!(server.post_batch(&own).status, 202);
    is_as_marked(&server);
    let story = server.get("/ho-so/H1").text();
    assert!(story.contains("/nhip/viec-phai-lam") && story.contains("12/PXL"), "{story}");
    // The form of the page does the same, and leads back to what was chosen.
    let form = b"letter=13%2FPXL&unit=C1&period=2026&lang=en";
    let sent = server.post("/viec-phai-lam/H2/da-gui", "application/x-www-form-urlencoded", form);
    assert_eq!((sent.status, sent.header("location")), (303, "/viec-phai-lam?unit=C1&period=2026&lang=en"));
    assert!(duties(&server, "unit=C1").1.is_empty());
}

#[test]
fn what_cannot_be_marked_is_told_and_writes_nothing() {
    let server = launch(&Folder::new());
    told(&server);
    let applied = || server.get("/api/v1/ranking?period=2026").json()["freshness"]["events_applied"].clone();
    let before = applied();
    assert!(before.is_u64());
    for (dossier, body, status, code) in [
        ("H1", r#"{"letter":" "}"#, 400, "malformed_letter"),
        ("H1", r#"{"letter":"1","new_due_at":"2026-02-10"}"#, 400, "malformed_new_due_at"),
        ("H1", r#"{"letter":"1","new_due_at":"soon"}"#, 400, "malformed_new_due_at"),
        ("H1", r#"{"number":"1"}"#, 400, "malformed_body"),
        ("H6", r#"{"letter":"1"}"#, 409, "impossible"),
        ("NONE", r#"{"letter":"1"}"#, 404, "unknown_subject"),
    ] {
        let (found, problem) = mark(&server, dossier, body);
        assert_eq!((found, problem["code"].as_str()), (status, Some(code)), "{dossier} {body}: {problem}");
    }
    assert_eq!(duties(&server, "state=owed").1, ["H1", "H2", "H5"]);
    assert_eq!(applied(), before);
}

#[test]
fn an_overdue_letter_is_one_alert_until_it_is_sent_also_for_what_has_ended_and_over_a_restart() {
    let folder = Folder::new();
    let server = launch(&folder);
    told(&server);
    let alerts = |server: &Server| -> Vec<(String, String)> {
        let all = server.get("/api/v1/alerts?state=all&rule=apology_overdue").json();
        let listed = all["alerts"].as_array().cloned().unwrap_or_default();
        let told = |alert: &Value| {
            let text = |name: &str| alert[name].as_str().unwrap_or_default().to_owned();
            (text("subject"), text("state"))
        };
        let mut told: Vec<(String, String)> = listed.iter().map(told).collect();
        told.sort();
        told
    };
    let are = |server: &Server, wanted: &[(&str, &str)]| {
        let wanted: Vec<(String, String)> =
            wanted.iter().map(|(code, state)| ((*code).to_owned(), (*state).to_owned())).collect();
        within(PATIENCE, || alerts(server) == wanted)
    };
    let firing = [("H1", "firing"), ("H2", "firing"), ("H5", "firing")];
    assert!(are(&server, &firing), "{:?}", alerts(&server));
    server.kill();
    let server = launch(&folder);
    assert!(are(&server, &firing), "{:?}", alerts(&server));
    assert_eq!(mark(&server, "H2", r#"{"letter":"1/PXL"}"#).0, 202);
    // They were overdue before anyone watched: history leaves when it is over.
    let left = [("H1", "firing"), ("H5", "firing")];
    assert!(are(&server, &left), "{:?}", alerts(&server));
}

#[test]
fn what_is_owed_of_last_year_is_a_duty_this_year_too() {
    let server = launch(&Folder::new());
    told(&server);
    let last_year =
        "02/11/2025 08:00 OLD accepted due=10/11/2025 17:30 id=old\n11/11/2025 08:00 OLD processed id=oldend";
    let taken = server.post_batch(&events(last_year));
    assert_eq!((taken.status, taken.json()["rejected_count"].as_u64()), (202, Some(0)), "{}", taken.text());
    let listed = |asked: &str| {
        let answer = server.get(&format!("/api/v1/duties?unit=C1{asked}")).json();
        let duties = answer["duties"].as_array().cloned().unwrap_or_default();
        let codes = duties.iter().filter_map(|duty| duty["dossier"].as_str().map(str::to_owned));
        (codes.collect::<Vec<_>>(), answer["counts"]["owed"].as_u64(), answer["counts"]["sent"].as_u64())
    };
    let all = vec!["OLD".to_owned(), "H1".to_owned(), "H2".to_owned()];
    assert_eq!(listed(""), (all, Some(3), Some(2)), "the oldest first");
    assert_eq!(listed("&state=overdue").1, Some(3));
    let this_year = vec!["H1".to_owned(), "H2".to_owned()];
    assert_eq!(listed("&period=2026"), (this_year, Some(2), Some(2)), "a year that is named is that year");
    assert_eq!(listed("&period=2025"), (vec!["OLD".to_owned()], Some(1), Some(0)));
    let page = server.get("/viec-phai-lam?unit=C1").text();
    assert!(page.contains("data-dossier=\"OLD\"") && page.contains("data-count=\"3\""), "{page}");
    // Marked as sent, it is owed no more.
    assert_eq!(mark(&server, "OLD", r#"{"letter":"9/XL"}"#).0, 202);
    assert!(within(PATIENCE, || listed("").1 == Some(2)), "{:?}", listed(""));
}
