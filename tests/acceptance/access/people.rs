//! People: signing in, what a session is worth, forms from elsewhere, and going out.

use acceptance_tests::program::nhip;
use acceptance_tests::server::Answer;

use super::scene::{PASSWORD, Scene};

const ORIGIN: &str = "origin: http://127.0.0.1:7660\r\n";

fn with_account(role: &str) -> Scene {
    let scene = Scene::told();
    let data = scene.folder.path("data");
    let ran = nhip(&["admin", "set-password", "--data", &data, "--role", role], PASSWORD.as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    scene
}

/// The cookie of this name that an answer sets: its value and all that is said of it.
fn cookie(answer: &Answer, name: &str) -> Option<(String, String)> {
    let set = answer.headers.iter().filter(|(header, _)| header == "set-cookie");
    let mut found = set.filter_map(|(_, value)| value.strip_prefix(&format!("{name}=")));
    let value = found.find(|value| !value.starts_with(';'))?;
    let (value, rest) = value.split_once(';').unwrap_or((value, ""));
    Some((value.to_owned(), rest.to_owned()))
}

/// The mark of a form on a page.
fn mark(page: &str) -> String {
    let rest = page.split("name=\"mark\" value=\"").nth(1).expect("the form has a mark");
    rest.split('"').next().expect("it ends").to_owned()
}

/// What a form sends.
fn form(pairs: &[(&str, &str)]) -> String {
    let encoded = |text: &str| text.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02X}"));
    pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

/// Signs in; the answer.
fn sign_in(scene: &Scene, name: &str, password: &str, there: &str, also: &str) -> Answer {
    let page = scene.get("/dang-nhap", None);
    let (entry, _) = cookie(&page, "nhip-entry").expect("the page sets a cookie");
    let said =
        form(&[("name", name), ("password", password), ("there", there), ("mark", &mark(&page.text()))]);
    let headers = format!("{ORIGIN}{FORM}cookie: nhip-entry={entry}{also}\r\n");
    scene.ask("POST", "/dang-nhap", &headers, said.as_bytes())
}

#[test]
fn who_knows_the_password_gets_a_session_and_who_signs_out_loses_it() {
    let scene = with_account("auditor");
    assert_eq!(
        scene.get("/don-vi/C1?lang=en", None).header("location"),
        "/dang-nhap?there=%2Fdon-vi%2FC1%3Flang%3Den&lang=en"
    );
    let wrong = sign_in(&scene, "quan-tri", "một mật khẩu khác hẳn", "/", "");
    assert_eq!((wrong.status, cookie(&wrong, "nhip")), (200, None));
    assert!(wrong.text().contains("không đúng"), "it says so");
    let inside = sign_in(&scene, "quan-tri", PASSWORD, "/don-vi/C1", "");
    assert_eq!((inside.status, inside.header("location")), (303, "/don-vi/C1"), "{}", inside.text());
    let (session, said) = cookie(&inside, "nhip").expect("a session");
    for word in ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=36000"] {
        assert!(said.contains(word), "{said}");
    }
    let own = format!("cookie: other=1; nhip={session}\r\n");
    for (path, status) in
        [("/don-vi/C1", 200), ("/api/v1/ranking", 200), ("/nhat-ky", 200), ("/api/v1/rejects", 403)]
    {
        assert_eq!(scene.ask("GET", path, &own, b"").status, status, "{path}");
    }
    let page = scene.ask("GET", "/dang-nhap", &own, b"").text();
    assert!(page.contains("account:quan-tri") && page.contains("kiểm toán"), "{page}");
    let out = |mark: &str, origin: &str| {
        scene.ask("POST", "/dang-xuat", &format!("{origin}{FORM}{own}"), form(&[("mark", mark)]).as_bytes())
    };
    assert_eq!(out("", ORIGIN).status, 403, "without the form's mark");
    assert_eq!(out(&mark(&page), "origin: https://evil.example\r\n").status, 403, "from a page elsewhere");
    assert_eq!(out(&mark(&page), "").status, 403, "from nobody knows where");
    assert_eq!(scene.ask("GET", "/nhat-ky", &own, b"").status, 200, "still inside");
    assert_eq!(out(&mark(&page), ORIGIN).status, 303);
    assert_eq!(scene.ask("GET", "/nhat-ky", &own, b"").status, 303, "the session has ended");
}

#[test]
fn a_session_is_never_one_that_somebody_else_chose() {
    let scene = with_account("leader");
    let fixed = "a".repeat(64);
    let own = format!("cookie: nhip={fixed}\r\n");
    assert_eq!(scene.ask("GET", "/api/v1/ranking", &own, b"").status, 401);
    let inside = sign_in(&scene, "quan-tri", PASSWORD, "/", &format!("; nhip={fixed}"));
    let (session, _) = cookie(&inside, "nhip").expect("a session");
    assert_ne!(session, fixed);
    assert_eq!(scene.ask("GET", "/api/v1/ranking", &own, b"").status, 401, "the fixed one is worth nothing");
    let again = sign_in(&scene, "quan-tri", PASSWORD, "/", &format!("; nhip={session}"));
    let (second, _) = cookie(&again, "nhip").expect("a session");
    assert_ne!(second, session, "every sign-in makes a new one");
    let asked = |session: &str| {
        scene.ask("GET", "/api/v1/ranking", &format!("cookie: nhip={session}\r\n"), b"").status
    };
    assert_eq!((asked(&session), asked(&second)), (401, 200), "the one before has ended");
}

#[test]
fn a_page_elsewhere_can_neither_sign_anybody_in_nor_change_anything() {
    let scene = with_account("operator");
    let page = scene.get("/dang-nhap", None);
    let (entry, _) = cookie(&page, "nhip-entry").expect("the page sets a cookie");
    let said = form(&[("name", "quan-tri"), ("password", PASSWORD), ("mark", &mark(&page.text()))]);
    let post = |headers: &str| scene.ask("POST", "/dang-nhap", &format!("{FORM}{headers}"), said.as_bytes());
    let evil = format!("origin: https://evil.example\r\ncookie: nhip-entry={entry}\r\n");
    assert_eq!(post(&evil).status, 403);
    let without = post(ORIGIN);
    assert_eq!((without.status, cookie(&without, "nhip")), (200, None), "without the browser's own cookie");
    let inside = sign_in(&scene, "quan-tri", PASSWORD, "//evil.example/", "");
    assert_eq!(inside.header("location"), "/van-hanh", "not to another host");
    let (session, _) = cookie(&inside, "nhip").expect("a session");
    for origin in
        ["", "origin: null\r\n", "origin: https://evil.example\r\n", "origin: http://127.0.0.1:7661\r\n"]
    {
        let headers = format!("{origin}cookie: nhip={session}\r\n");
        assert_eq!(scene.ask("POST", "/api/v1/backups", &headers, b"").status, 403, "{origin}");
    }
    let headers = format!("{ORIGIN}cookie: nhip={session}\r\n");
    assert_eq!(scene.ask("POST", "/api/v1/backups", &headers, b"").status, 200, "it goes through");
}

#[test]
fn guessing_is_slowed_down() {
    let scene = with_account("operator");
    let tries: Vec<u16> =
        (0..14).map(|_| sign_in(&scene, "quan-tri", "wrong wrong wrong", "/", "").status).collect();
    assert!(tries[..9].iter().all(|status| *status == 200), "{tries:?}");
    assert!(tries.contains(&429), "{tries:?}");
    assert_eq!(sign_in(&scene, "quan-tri", PASSWORD, "/", "").status, 429, "whoever tries waits");
    assert!(!scene.server.stderr().contains("wrong wrong"), "what was typed is not in the log");
}

#[test]
fn by_tls_cookies_are_bound_to_the_host_and_browsers_stay_with_tls() {
    let scene = Scene::empty("");
    assert_eq!(scene.get("/livez", None).header("strict-transport-security"), "");
    let folder = acceptance_tests::program::Folder::new();
    let file = folder.write("settings.toml", "[access]\npublic_url = \"https://nhip.example.vn\"\n");
    let (data, password) = (folder.path("data"), PASSWORD.as_bytes());
    let server =
        acceptance_tests::server::Server::launch(&["--data", &data, "--settings", &file]).expect("it serves");
    assert_eq!(nhip(&["admin", "set-password", "--data", &data], password).status, 0);
    let scene = Scene { server, folder };
    let page = scene.get("/dang-nhap", None);
    assert!(page.header("strict-transport-security").contains("max-age=63072000"));
    assert!(!page.text().contains("<script"), "no script is needed to come in");
    let (entry, said) = cookie(&page, "nhip-entry").expect("a cookie");
    assert!(said.contains("Secure"), "{said}");
    let body = form(&[("name", "quan-tri"), ("password", PASSWORD), ("mark", &mark(&page.text()))]);
    let headers = format!("origin: https://nhip.example.vn\r\n{FORM}cookie: nhip-entry={entry}\r\n");
    let inside = scene.ask("POST", "/dang-nhap", &headers, body.as_bytes());
    let (_, said) = cookie(&inside, "__Host-nhip").expect("a session");
    assert!(said.contains("Secure") && said.contains("Path=/") && !said.contains("Domain"), "{said}");
}
