//! Reading over the API as programs do: a long list in pages, an answer at hand not sent again, problems in words.

use acceptance_tests::server::Server;
use acceptance_tests::story::events;

/// The first `count` dossiers of a story; more of them are told as the same story with more at its end.
fn story(count: usize, more: &str) -> String {
    let story = (1..=count).map(|number| format!("02/02 08:00 H{number} accepted due=09/02 17:30\n"));
    events(&(story.collect::<String>() + more))
}

fn told() -> Server {
    let server = Server::launch(&["--from", "2026-01-01"]).expect("it serves");
    let ready = acceptance_tests::server::within(std::time::Duration::from_secs(30), || {
        server.get("/readyz").status == 200
    });
    assert!(ready, "it is ready");
    assert_eq!(server.post_batch(&story(5, "")).status, 202);
    server
}

const LIST: &str = "/api/v1/lists?period=2026&unit=C1&indicator=2.1&part=den";

#[test]
fn a_list_in_pages_is_the_list_and_says_when_it_has_changed() {
    let server = told();
    let whole = server.get(LIST).json();
    assert_eq!(
        (whole["count"].as_u64(), &whole["next"], &whole["changed"]),
        (Some(5), &().into(), &false.into())
    );
    assert_eq!(whole["set"], serde_json::json!({ "id": "portal-2026", "version": 1 }));
    let first = server.get(&format!("{LIST}&limit=2")).json();
    assert_eq!((&first["subjects"], first["count"].as_u64()), (&serde_json::json!(["H1", "H2"]), Some(5)));
    let next = first["next"].as_str().expect("there is more").to_owned();
    assert_eq!(server.post_batch(&story(5, "02/02 08:00 H25 accepted due=09/02 17:30")).status, 202);
    let second = server.get(&format!("{LIST}&limit=2&cursor={next}")).json();
    assert_eq!(second["subjects"], serde_json::json!(["H25", "H3"]), "it goes on after the last code");
    assert_eq!((second["count"].as_u64(), &second["changed"]), (Some(6), &true.into()));
    for (asked, code) in
        [("limit=0", "malformed_limit"), ("limit=2001", "malformed_limit"), ("cursor=x", "malformed_cursor")]
    {
        let answer = server.get(&format!("{LIST}&{asked}"));
        assert_eq!((answer.status, &answer.json()["code"]), (400, &code.into()), "{asked}");
    }
}

#[test]
fn scores_come_in_pages_that_are_the_whole() {
    let server = told();
    let scores = "/api/v1/scores?period=2026";
    let whole = server.get(scores).json();
    assert_eq!((whole["count"].as_u64(), &whole["next"]), (Some(4), &().into()), "agencies come whole");
    let (mut units, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{scores}&limit=3{cursor}")).json();
        units.extend(page["units"].as_array().expect("units").iter().cloned());
        assert_eq!((page["count"].as_u64(), &page["changed"]), (Some(4), &false.into()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(&serde_json::Value::Array(units), &whole["units"]);
    assert_eq!(server.get(&format!("{scores}&limit=0")).json()["code"], "malformed_limit");
}

#[test]
fn officers_come_two_hundred_at_a_time_unless_more_are_asked_for() {
    let server = told();
    let story: String = (1..=201)
        .flat_map(|number| {
            [
                format!("01/01/2001 00:00 CB{number:03} officer.defined agency=C1\n"),
                format!("02/02 08:00 P{number} accepted due=09/02 17:30 officer=CB{number:03}\n"),
            ]
        })
        .collect();
    assert_eq!(server.post_batch(&events(&story)).status, 202);
    let scores = "/api/v1/scores?period=2026&by=officer";
    let first = server.get(scores).json();
    let length = |page: &serde_json::Value| page["units"].as_array().map(Vec::len);
    assert_eq!(
        (length(&first), first["count"].as_u64()),
        (Some(200), Some(203)),
        "with the two of the world"
    );
    let next = first["next"].as_str().expect("there is more");
    assert_eq!(length(&server.get(&format!("{scores}&cursor={next}")).json()), Some(3));
    assert_eq!(length(&server.get(&format!("{scores}&limit=2000")).json()), Some(203));
}

#[test]
fn an_answer_at_hand_is_not_sent_again_until_a_figure_can_differ() {
    let server = told();
    for path in ["/api/v1/scores?period=2026", "/api/v1/indicators", "/openapi.json", "/assets/style.css"] {
        let first = server.get(path);
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{path} has a strong tag: {tag}");
        let asked = |tag: &str| server.get_with(path, &format!("if-none-match: {tag}\r\n"));
        let again = asked(&format!("\"other\", {tag}"));
        // A second may have gone by, and with it the instant figures are as of.
        if again.status == 304 {
            assert_eq!((again.body.len(), again.header("etag")), (0, tag.as_str()), "{path}");
        } else {
            assert_ne!(again.header("etag"), tag, "{path}");
            assert_eq!(asked(again.header("etag")).status, 304, "{path}");
        }
        assert_eq!(asked("\"other\"").status, 200, "{path}");
    }
    let scores = "/api/v1/scores?period=2026";
    let tag = server.get(scores).header("etag").to_owned();
    assert_eq!(server.post_batch(&story(5, "02/02 08:00 H9 accepted due=09/02 17:30")).status, 202);
    assert_eq!(
        server.get_with(scores, &format!("if-none-match: {tag}\r\n")).status,
        200,
        "there is a new figure"
    );
}

#[test]
fn a_problem_is_said_in_the_callers_language() {
    let server = told();
    let path = "/api/v1/scores?period=x";
    for (query, headers, title) in [
        ("", "", "Yêu cầu không đúng"),
        ("&lang=en", "", "Malformed"),
        ("", "accept-language: fr, en-GB;q=0.8\r\n", "Malformed"),
        ("", "accept-language: vi-VN, en;q=0.8\r\n", "Yêu cầu không đúng"),
        ("&lang=vi", "accept-language: en\r\n", "Yêu cầu không đúng"),
    ] {
        let problem = server.get_with(&format!("{path}{query}"), headers).json();
        assert_eq!(problem["title"], title, "{query} {headers}");
        assert_eq!(
            (&problem["title_vi"], &problem["title_en"]),
            (&"Yêu cầu không đúng".into(), &"Malformed".into())
        );
        assert_eq!(problem["code"], "malformed_period");
    }
}

#[test]
fn what_is_wrong_is_told_in_both_languages_with_the_same_names() {
    let server = told();
    let path = "/api/v1/lists?period=2026&unit=X9.77&indicator=2.1&part=den";
    let english = server.get(&format!("{path}&lang=en")).json();
    assert_eq!(english["detail"], "no event names X9.77");
    let vietnamese = server.get(path).json();
    let sentence = "Không sự kiện nào nêu đơn vị này, hoặc đơn vị không có dòng trong kỳ. (X9.77)";
    assert_eq!((&vietnamese["detail"], &vietnamese["detail_en"]), (&sentence.into(), &english["detail"]));
    let page = server.get("/ca-nhan/X9.77").text();
    assert!(page.contains("Không") && !page.contains("no event names"), "{page}");
}

#[test]
fn every_code_has_a_sentence_in_vietnamese() {
    let root = acceptance_tests::shared::root().join("dashboard-api/src");
    let sentences = std::fs::read_to_string(root.join("serve/problem_words.rs")).expect("it is there");
    let mut asked = 0;
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
            for kind in ["unknown", "malformed", "elsewhere"] {
                for rest in text.split(&format!("Problem::{kind}(")).skip(1) {
                    let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
                    let what = rest.split('"').next().unwrap_or_default();
                    let code = if kind == "elsewhere" { what.to_owned() } else { format!("{kind}_{what}") };
                    assert!(sentences.contains(&format!("\"{code}\",")), "{code} of {}", path.display());
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 80, "only {asked} problems were found");
}

#[test]
fn the_reference_page_names_every_address() {
    let server = told();
    let page = server.get("/tai-lieu-api").text();
    let document = server.get("/openapi.json").json();
    for path in document["paths"].as_object().expect("paths").keys() {
        assert!(page.contains(path.as_str()), "{path} is on the page");
    }
    assert!(!page.contains("<script"), "it needs no script");
}
