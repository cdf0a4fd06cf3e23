//! Who may use which route, in one table: a route that is not in it is refused to everybody.
//!
//! A row says which class of data a route shows, what it filters by the scope, and what is written into the record of
//! access. A test compares it with the routes there are. Not here: what a scope may see of a class (`scope`).

use axum::http::Method;

use super::role::Field;

/// Who comes in at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Door {
    /// Everybody: nothing here is anybody's.
    Open,
    /// Whoever brings what the provider signed; no browser asks.
    Signed,
    /// Whoever has this class of data.
    Has(Field),
    /// Whoever has it; on loopback everybody, if the settings say so.
    Watched(Field),
}

/// What an answer that is no answer looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// Somebody reads it in a browser.
    Page,
    /// A program reads it.
    Program,
}

/// What the record of access says of a route that was used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Recorded {
    /// Nothing: no dossier and no officer is seen.
    No,
    /// Somebody saw dossiers or officers.
    Seen,
    /// Somebody saw officers, if the answer says so.
    OfficersSeen,
    /// Somebody took them along.
    Exported,
    /// Somebody changed something.
    Changed,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// GET or POST.
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) door: Door,
    pub(crate) shape: Shape,
    pub(crate) recorded: Recorded,
    /// What of the answer depends on the scope, in words.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for who reads the table"))]
    pub(crate) filters: &'static str,
}

const fn row(
    (method, path): (&'static str, &'static str),
    door: Door,
    shape: Shape,
    recorded: Recorded,
    filters: &'static str,
) -> Row {
    Row { method, path, door, shape, recorded, filters }
}

use Door::{Has, Open, Signed, Watched};
use Field::{Definitions, Dossiers, Figures, Intake, Officers, Operations, Records, Upkeep};
use Recorded::{Changed, Exported, No, OfficersSeen, Seen};
use Shape::{Page, Program};

const fn get(path: &'static str) -> (&'static str, &'static str) {
    ("GET", path)
}

const fn post(path: &'static str) -> (&'static str, &'static str) {
    ("POST", path)
}

/// All routes.
#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    row(get("/"), Has(Figures), Page, No, "holds no figures; its script asks the API"),
    row(get("/assets/{*path}"), Open, Page, No, "the same for everybody"),
    row(get("/cong-khai"), Open, Page, No, "small cells hidden from everybody"),
    row(get("/ban-do"), Has(Figures), Page, No, "an officer's own units"),
    row(get("/don-vi/{unit}"), Has(Figures), Page, Seen, "an officer's own units; dossiers and officers of the subtree"),
    row(get("/don-vi/{unit}/thay-doi"), Has(Dossiers), Page, Seen, "units of the subtree; officers for whoever has them"),
    row(get("/don-vi/{unit}/diem-mat"), Has(Dossiers), Page, Seen, "units of the subtree; officers for whoever has them"),
    row(get("/don-vi/{unit}/dau-hieu"), Has(Dossiers), Page, Seen, "units of the subtree; officers for whoever has them"),
    row(get("/don-vi/{unit}/neu"), Has(Dossiers), Page, Seen, "units of the subtree; officers for whoever has them"),
    row(get("/can-bo/{officer}"), Has(Officers), Page, Seen, "officers of the subtree; an officer themselves"),
    row(get("/chi-tieu/{indicator}"), Has(Figures), Page, No, "an officer's own units"),
    row(get("/danh-sach"), Has(Dossiers), Page, Seen, "units and officers of the subtree; an officer themselves"),
    row(get("/danh-sach.csv"), Has(Dossiers), Page, Exported, "units and officers of the subtree; an officer themselves"),
    row(get("/danh-sach.xlsx"), Has(Dossiers), Page, Exported, "units and officers of the subtree; an officer themselves"),
    row(get("/danh-sach.pdf"), Has(Dossiers), Page, Exported, "units and officers of the subtree; an officer themselves"),
    row(get("/danh-sach.arrow"), Has(Dossiers), Page, Exported, "units and officers of the subtree; an officer themselves"),
    row(get("/danh-sach.parquet"), Has(Dossiers), Page, Exported, "units and officers of the subtree; an officer themselves"),
    row(get("/xep-hang.csv"), Has(Figures), Page, No, "an officer's own units"),
    row(get("/xep-hang.xlsx"), Has(Figures), Page, No, "an officer's own units"),
    row(get("/xep-hang.pdf"), Has(Figures), Page, No, "an officer's own units"),
    row(get("/xep-hang.arrow"), Has(Figures), Page, No, "an officer's own units"),
    row(get("/xep-hang.parquet"), Has(Figures), Page, No, "an officer's own units"),
    row(get("/don-vi/{unit}/chi-tieu.csv"), Has(Figures), Page, No, "an officer's own units"),
    row(get("/don-vi/{unit}/chi-tieu.xlsx"), Has(Figures), Page, No, "an officer's own units"),
    row(get("/don-vi/{unit}/chi-tieu.pdf"), Has(Figures), Page, No, "an officer's own units"),
    row(get("/don-vi/{unit}/chi-tieu.arrow"), Has(Figures), Page, No, "an officer's own units"),
    row(get("/don-vi/{unit}/chi-tieu.parquet"), Has(Figures), Page, No, "an officer's own units"),
    row(get("/ho-so/{dossier}"), Has(Dossiers), Page, Seen, "dossiers that count for the subtree; an officer's own"),
    row(get("/van-hanh"), Has(Operations), Page, No, "the same for whoever has it"),
    row(post("/api/v1/events"), Has(Intake), Program, No, "events of the sender's source about its subtree"),
    row(post("/api/v1/exchange"), Has(Intake), Program, No, "messages of the sender's source about its subtree"),
    row(get("/api/v1/scores"), Has(Figures), Program, OfficersSeen, "agencies: an officer's own units; officers: of the subtree"),
    row(get("/api/v1/ranking"), Has(Figures), Program, No, "an officer's own units"),
    row(get("/api/v1/stream"), Has(Figures), Program, No, "an officer's own units; asked again while it goes on"),
    row(get("/api/v1/indicators"), Has(Definitions), Program, No, "the same for whoever has it"),
    row(get("/api/v1/lists"), Has(Dossiers), Program, Exported, "units and officers of the subtree; an officer themselves"),
    row(get("/api/v1/subjects/{code}"), Has(Dossiers), Program, Seen, "dossiers that count for the subtree; an officer's own"),
    row(get("/api/v1/history"), Has(Figures), Program, No, "an officer's own units"),
    row(get("/api/v1/changes"), Has(Dossiers), Program, Exported, "units of the subtree"),
    row(get("/api/v1/losses"), Has(Dossiers), Program, Exported, "units of the subtree; officers for whoever has them"),
    row(get("/api/v1/forecasts"), Has(Dossiers), Program, Exported, "units of the subtree"),
    row(get("/tai-lieu-api"), Open, Page, No, "the same for everybody"),
    row(get("/canh-bao"), Has(Dossiers), Page, Seen, "units of the subtree; alerts about officers for whoever has them"),
    row(post("/canh-bao/{id}/nhan"), Has(Dossiers), Page, Changed, "alerts of the subtree"),
    row(post("/canh-bao/{id}/hoan"), Has(Dossiers), Page, Changed, "alerts of the subtree"),
    row(get("/ho-so/{dossier}/thu-xin-loi.pdf"), Has(Dossiers), Page, Exported, "dossiers that count for the subtree; an officer's own"),
    row(get("/ho-so/{dossier}/thu-xin-loi.docx"), Has(Dossiers), Page, Exported, "dossiers that count for the subtree; an officer's own"),
    row(get("/ho-so/{dossier}/giai-trinh.pdf"), Has(Dossiers), Page, Exported, "dossiers that count for the subtree; an officer's own"),
    row(get("/ho-so/{dossier}/giai-trinh.docx"), Has(Dossiers), Page, Exported, "dossiers that count for the subtree; an officer's own"),
    row(get("/viec-phai-lam"), Has(Dossiers), Page, Seen, "units and officers of the subtree; an officer themselves"),
    row(post("/viec-phai-lam/{dossier}/da-gui"), Has(Dossiers), Page, Changed, "dossiers that count for the subtree; an officer's own; not who reads only"),
    row(get("/api/v1/duties"), Has(Dossiers), Program, Seen, "units and officers of the subtree; an officer themselves"),
    row(post("/api/v1/duties/{dossier}/sent"), Has(Dossiers), Program, Changed, "dossiers that count for the subtree; an officer's own; not who reads only"),
    row(get("/an-ban"), Has(Dossiers), Page, Seen, "names of editions only"),
    row(post("/an-ban"), Has(Dossiers), Page, Changed, "the province's leader"),
    row(get("/an-ban/{edition}"), Has(Dossiers), Page, Seen, "units of the subtree; officers for whoever has them"),
    row(get("/an-ban/{edition}/khac-biet"), Has(Dossiers), Page, Seen, "the province's leader and auditors"),
    row(post("/an-ban/{edition}/phan-hoi"), Has(Dossiers), Page, Changed, "units of the subtree"),
    row(post("/an-ban/{edition}/quyet-dinh"), Has(Dossiers), Page, Changed, "the province's leader"),
    row(post("/an-ban/{edition}/duyet"), Has(Dossiers), Page, Changed, "the province's leader"),
    row(post("/an-ban/{edition}/cong-bo"), Has(Dossiers), Page, Changed, "the province's leader"),
    row(get("/ky"), Open, Page, No, "what is published only"),
    row(get("/ky/{period}"), Open, Page, No, "what is published only; small cells hidden from everybody"),
    row(get("/ky/{period}/{edition}"), Open, Page, No, "what is published only; small cells hidden from everybody"),
    row(get("/api/v1/alerts"), Has(Dossiers), Program, Seen, "units of the subtree; officers for whoever has them"),
    row(post("/api/v1/alerts/{id}/acknowledge"), Has(Dossiers), Program, Changed, "alerts of the subtree"),
    row(post("/api/v1/alerts/{id}/snooze"), Has(Dossiers), Program, Changed, "alerts of the subtree"),
    row(get("/api/v1/editions"), Has(Dossiers), Program, Seen, "objections of the subtree"),
    row(post("/api/v1/editions"), Has(Dossiers), Program, Changed, "the province's leader"),
    row(get("/api/v1/editions/{edition}"), Has(Dossiers), Program, Exported, "units of the subtree; officers for whoever has them"),
    row(post("/api/v1/editions/{edition}/objections"), Has(Dossiers), Program, Changed, "units of the subtree"),
    row(post("/api/v1/editions/{edition}/decisions"), Has(Dossiers), Program, Changed, "the province's leader"),
    row(post("/api/v1/editions/{edition}/approval"), Has(Dossiers), Program, Changed, "the province's leader"),
    row(post("/api/v1/editions/{edition}/publication"), Has(Dossiers), Program, Changed, "the province's leader"),
    row(get("/api/v1/editions/{edition}/file"), Has(Dossiers), Program, Exported, "the province's leader and auditors"),
    row(get("/api/v1/editions/{edition}/proof"), Has(Dossiers), Program, Exported, "the province's leader and auditors"),
    row(get("/api/v1/editions/{edition}/differences"), Has(Dossiers), Program, Exported, "the province's leader and auditors"),
    row(get("/doi-soat"), Has(Dossiers), Page, Seen, "rows of units of the subtree"),
    row(post("/doi-soat"), Has(Dossiers), Page, Changed, "who leads the province"),
    row(get("/doi-soat/ho-so"), Has(Dossiers), Page, Seen, "units of the subtree"),
    row(get("/api/v1/reconciliations"), Has(Dossiers), Program, No, "the same for whoever has it"),
    row(get("/api/v1/reconciliations/{name}"), Has(Dossiers), Program, Seen, "rows of units of the subtree"),
    row(post("/api/v1/reconciliations/{name}"), Has(Dossiers), Program, Changed, "who leads the province"),
    row(get("/api/v1/reconciliations/{name}/dossiers"), Has(Dossiers), Program, Exported, "units of the subtree"),
    row(post("/api/v1/reconciliations/{name}/dossiers"), Has(Dossiers), Program, Changed, "who leads the province"),
    row(get("/api/v1/health"), Watched(Operations), Program, No, "the same for whoever has it"),
    row(get("/api/v1/rejects"), Has(Upkeep), Program, Seen, "the same for whoever has it"),
    row(get("/api/v1/rejects/{number}"), Has(Upkeep), Program, Seen, "the same for whoever has it"),
    row(post("/api/v1/rejects/{number}/retry"), Has(Upkeep), Program, Changed, "the same for whoever has it"),
    row(post("/api/v1/backups"), Has(Upkeep), Program, Changed, "the same for whoever has it"),
    row(get("/livez"), Open, Program, No, "the same for everybody"),
    row(get("/readyz"), Open, Program, No, "the same for everybody"),
    row(get("/metrics"), Watched(Operations), Program, No, "the same for whoever has it"),
    row(get("/openapi.json"), Open, Program, No, "the same for everybody"),
    row(get("/dang-nhap"), Open, Page, No, "the same for everybody"),
    row(post("/dang-nhap"), Open, Page, No, "answers by who signs in; recorded there"),
    row(get("/dang-nhap/oidc"), Open, Page, No, "the same for everybody"),
    row(get("/dang-nhap/ve"), Open, Page, No, "answers by who signs in; recorded there"),
    row(post("/dang-xuat/nguon"), Signed, Program, No, "ends the sessions that a signed token names; recorded there"),
    row(post("/dang-xuat"), Open, Page, No, "ends the session that asks; recorded there"),
    row(get("/nhat-ky"), Has(Records), Page, Seen, "the same for whoever has it"),
];

/// The row of a route; HEAD is GET without its body.
pub(crate) fn find(method: &Method, path: &str) -> Option<&'static Row> {
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    ROWS.iter().find(|row| row.method == method && row.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// `METHOD path` of every `.route("…", get(…).post(…))` in a text.
    fn routes(text: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for rest in text.split(".route(\"").skip(1) {
            let Some((path, rest)) = rest.split_once('"') else { continue };
            let call = rest.split('\n').next().unwrap_or_default();
            for (word, method) in [("get(", "GET"), ("post(", "POST"), ("put(", "PUT"), ("delete(", "DELETE")]
            {
                if call.contains(word) {
                    found.insert(format!("{method} {path}"));
                }
            }
        }
        found
    }

    #[test]
    fn every_route_has_a_row_and_every_row_a_route() {
        let text = concat!(
            include_str!("../routes.rs"),
            include_str!("../pages/mod.rs"),
            include_str!("../pages/export/mod.rs")
        );
        let rows: BTreeSet<String> = ROWS.iter().map(|row| format!("{} {}", row.method, row.path)).collect();
        assert_eq!(rows.len(), ROWS.len(), "each once");
        let routes = routes(text);
        assert!(routes.len() > 25, "the search finds them");
        assert_eq!(rows, routes);
        assert!(ROWS.iter().all(|row| !row.filters.is_empty()));
    }

    #[test]
    fn what_is_open_shows_nobody() {
        let open: Vec<&str> = ROWS.iter().filter(|row| row.door == Door::Open).map(|row| row.path).collect();
        assert_eq!(
            open,
            [
                "/assets/{*path}",
                "/cong-khai",
                "/tai-lieu-api",
                "/ky",
                "/ky/{period}",
                "/ky/{period}/{edition}",
                "/livez",
                "/readyz",
                "/openapi.json",
                "/dang-nhap",
                "/dang-nhap",
                "/dang-nhap/oidc",
                "/dang-nhap/ve",
                "/dang-xuat"
            ]
        );
    }
}
