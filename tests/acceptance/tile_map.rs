//! The tile map: every commune has a tile or is listed as not placed, and settings say where agencies lie.

use std::time::Duration;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{Server, within};
use acceptance_tests::shared;
use serde_json::json;

/// Longer than a start takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A province with three communes, of which one has a name that no commune has, and a department.
fn province() -> Vec<u8> {
    let agency = |code: &str, kind: &str, name: &str| {
        let parent = (code != "P").then_some("P");
        json!({
            "specversion": "1.0", "id": code, "source": "/s", "type": "agency.defined", "subject": code,
            "time": "2025-07-01T00:00:00+07:00", "data": {"kind": kind, "name": name, "parent": parent},
        })
    };
    let mut all = vec![
        agency("P", "province", "UBND tỉnh Phú Thọ"),
        agency("S1", "department", "Sở Y tế"),
        agency("C1", "commune", "Xã Đà Bắc"),
        agency("C2", "commune", "UBND phường Tân Hoà"),
        agency("C3", "commune", "Xã Không Có"),
    ];
    all[0]["data"].as_object_mut().expect("an object").remove("parent");
    serde_json::to_vec(&all).expect("JSON")
}

/// What the map shows where settings say `text`.
fn page(text: &str) -> String {
    let folder = Folder::new();
    let settings = folder.write("settings.toml", text);
    let server = Server::launch(&["--settings", &settings]).expect("it serves");
    assert!(within(PATIENCE, || server.get("/readyz").status == 200), "it is ready");
    let told = server.post("/api/v1/events", "application/cloudevents-batch+json", &province());
    assert_eq!((told.status, told.json()["accepted"].as_u64()), (202, Some(5)), "{}", told.text());
    let mut page = String::new();
    let is_there = within(PATIENCE, || {
        page = server.get("/ban-do").text();
        page.contains("Xã Không Có")
    });
    assert!(is_there, "the communes are shown: {page}");
    page
}

/// Codes of the tiles, from the north-west on.
fn tiles(page: &str) -> Vec<&str> {
    page.split("<li data-code=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The part of the page that lists who lies nowhere.
fn unplaced(page: &str) -> Option<&str> {
    page.split_once("id=\"map-unplaced\"")?.1.split("</section>").next()
}

#[test]
fn a_commune_lies_where_its_name_does_and_who_lies_nowhere_is_listed() {
    let page = page("");
    let mut shown = tiles(&page);
    shown.sort_unstable();
    assert_eq!(shown, ["C1", "C2"], "departments have no tile");
    let unplaced = unplaced(&page).expect("somebody lies nowhere");
    assert!(unplaced.contains("Xã Không Có") && unplaced.contains("/don-vi/C3"), "{unplaced}");
    assert!(!unplaced.contains("Xã Đà Bắc"), "{unplaced}");
    for code in ["C1", "C2"] {
        assert_eq!(page.matches(&format!("/don-vi/{code}\"")).count(), 2, "{code} has a tile and a row");
    }
}

#[test]
fn settings_say_where_agencies_lie() {
    let folder = Folder::new();
    // Tân Hòa moves to the far south of it, and who lay nowhere to the far north.
    let file = folder.write("positions.csv", "agency,commune,lat,lon\nC2,,9.2,105.1\nC3,,22.9,105.2\n");
    let page = page(&format!("[map]\nprovince = \"25\"\npositions = \"{file}\"\n"));
    assert_eq!(tiles(&page), ["C3", "C1", "C2"], "from the north to the south");
    assert_eq!(unplaced(&page), None);
    // In another province nobody has these names.
    let elsewhere = self::page("[map]\nprovince = \"Hà Nội\"\n");
    assert_eq!(tiles(&elsewhere).len(), 0);
}

#[test]
fn a_slip_is_refused_with_a_way_out() {
    let folder = Folder::new();
    let check = |text: &str, wanted: &str| {
        let file = folder.write("settings.toml", text);
        let not = Server::launch(&["--settings", &file]).expect_err(text);
        assert!(not.stderr.contains(wanted), "{}", not.stderr);
    };
    check("[map]\nregion = \"25\"\n", "unknown field");
    check("[map]\nprovince = \"Sông Lam\"\n", "there is no province");
    check("[map]\npositions = \"/nowhere/positions.csv\"\n", "/nowhere/positions.csv");
    let swapped = folder.write("positions.csv", "agency,commune,lat,lon\nC1,,105.1,21.2\n");
    check(
        &format!("[map]\npositions = \"{swapped}\"\n"),
        "line 2: C1: 105.1 north, 21.2 east is outside Vietnam",
    );
}

#[test]
fn the_example_has_every_setting_and_sets_none() {
    let path = shared::root().join("deploy/settings.example.toml");
    let text = std::fs::read_to_string(path).expect("the example is there");
    let (_, map) = text.split_once("\n[map]\n").expect("it has the map");
    let read = |text: &str| text.parse::<toml::Table>().expect("it is TOML");
    assert_eq!(read(map), toml::Table::new(), "as it stands it says what holds without it");
    let on =
        |line: &str| line.strip_prefix("# ").filter(|line| line.contains(" = ")).unwrap_or(line).to_owned();
    let all = read(&map.lines().map(|line| on(line) + "\n").collect::<String>());
    assert_eq!(all.keys().collect::<Vec<_>>(), ["positions", "province"]);
}
