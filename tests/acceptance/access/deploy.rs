//! What `deploy/` says of access against the program: every setting is in the example, is accepted, and a slip is refused
//! by its name; the realm for Keycloak goes with it.

use std::collections::BTreeSet;

use acceptance_tests::program::Folder;
use acceptance_tests::server::{NotStarted, Server};
use acceptance_tests::shared::root;
use serde_json::Value;

/// The settings there are, as the program's own words have them.
const NAMES: [&str; 22] = [
    "public_url",
    "folder",
    "monitoring",
    "requests_per_second",
    "session_idle_minutes",
    "session_hours",
    "audit_days",
    "certificate_file",
    "key_file",
    "client_authority_file",
    "issuer",
    "client_id",
    "client_secret_file",
    "ca_file",
    "scopes",
    "claim",
    "value",
    "role",
    "units",
    "units_claim",
    "officer_claim",
    "grants",
];

fn text(name: &str) -> String {
    let path = root().join("deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The part about access with every mark taken off that stands before a setting or a table.
fn all_on() -> String {
    let text = text("settings.example.toml");
    let (_, access) = text.split_once("# Who gets in").expect("the example tells who gets in");
    let on = |line: &str| {
        let rest = line.strip_prefix("# ")?;
        let is_table = rest.starts_with('[') && rest.ends_with(']');
        let is_setting = rest.split_once(" = ").is_some_and(|(name, _)| NAMES.contains(&name));
        (is_table || is_setting).then(|| format!("{rest}\n"))
    };
    access.lines().filter_map(on).collect()
}

fn launch(text: &str) -> Result<(Server, Folder), NotStarted> {
    let folder = Folder::new();
    let secret = folder.write("secret", "x");
    let authority = folder.write("ca.pem", include_str!("authority.pem"));
    let certificate = folder.write("tls.pem", include_str!("server.pem"));
    let key = folder.write("tls.key", include_str!("server.key"));
    let text = text
        .replace("/etc/nhip/tls.pem", &certificate)
        .replace("/etc/nhip/tls.key", &key)
        .replace("/etc/nhip/senders-ca.pem", &authority)
        .replace("/etc/nhip/oidc-secret", &secret)
        .replace("/etc/nhip/oidc-ca.pem", &authority)
        .replace("/var/lib/nhip/access", &folder.path("access"));
    let (data, file) = (folder.path("data"), folder.write("settings.toml", text));
    Ok((Server::launch(&["--data", &data, "--settings", &file])?, folder))
}

/// The example is of a head of an agency, who names no officer.
fn of_a_head() -> String {
    all_on().replace("officer_claim = \"ma_can_bo\"\n", "")
}

#[test]
fn the_example_has_every_setting_and_is_accepted() {
    let on = all_on();
    let named: BTreeSet<&str> =
        on.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name).collect();
    let known: BTreeSet<&str> = NAMES.into_iter().filter(|name| *name != "grants").collect();
    assert_eq!(named, known);
    launch(&of_a_head()).unwrap_or_else(|not| panic!("it does not start: {not:?}"));
    let officer = on.replace("role = \"agency_head\"", "role = \"officer\"");
    launch(&officer).unwrap_or_else(|not| panic!("it does not start: {not:?}"));
}

#[test]
fn each_setting_written_wrongly_is_refused_by_name() {
    for name in NAMES.into_iter().filter(|name| *name != "grants" && *name != "officer_claim") {
        let slip = format!("\n{name}x = ");
        let wrong = of_a_head().replacen(&format!("\n{name} = "), &slip, 1);
        assert_ne!(wrong, of_a_head(), "{name} is there");
        let not = launch(&wrong).expect_err("it is refused");
        assert_eq!(not.status, Some(2), "{name}: {}", not.stderr);
        assert!(not.stderr.contains(&format!("{name}x")), "{name}: {}", not.stderr);
    }
    for (right, wrong, says) in [
        ("https://nhip.example.vn", "http://nhip.example.vn", "https"),
        ("https://id.example.vn", "http://id.example.vn", "https"),
        ("role = \"agency_head\"", "role = \"producer\"", "no role for people"),
        ("role = \"agency_head\"", "role = \"officer\"", "officer_claim"),
        ("\"openid\", ", "", "openid"),
        ("session_hours = 10", "session_hours = 1000", "session_hours"),
        ("audit_days = 1825", "audit_days = 7", "audit_days"),
        ("/etc/nhip/oidc-secret", "/etc/nhip/no-such-file", "no-such-file"),
        ("/etc/nhip/tls.key", "/etc/nhip/no-such-key", "no-such-key"),
        ("/etc/nhip/senders-ca.pem", "/etc/nhip/no-such-signer", "no-such-signer"),
    ] {
        let not = launch(&of_a_head().replacen(right, wrong, 1)).expect_err("it is refused");
        assert!(not.stderr.contains(says), "{wrong}: {}", not.stderr);
    }
}

#[test]
fn the_realm_goes_with_the_example() {
    let realm: Value = serde_json::from_str(&text("keycloak-realm.json")).expect("it is JSON");
    let (client, on) = (&realm["clients"][0], all_on());
    let said = |name: &str| {
        let line = on.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
        line.unwrap_or_else(|| panic!("no {name}")).trim_matches('"').to_owned()
    };
    assert_eq!(client["clientId"], said("client_id"));
    assert_eq!(client["redirectUris"][0], said("public_url") + "/dang-nhap/ve");
    assert_eq!(client["attributes"]["post.logout.redirect.uris"], said("public_url") + "/dang-nhap");
    assert_eq!(client["attributes"]["backchannel.logout.url"], said("public_url") + "/dang-xuat/nguon");
    assert_eq!(client["attributes"]["pkce.code.challenge.method"], "S256");
    assert!(said("issuer").ends_with(&format!("/realms/{}", realm["realm"].as_str().expect("a name"))));
    let claims: Vec<&Value> = client["protocolMappers"]
        .as_array()
        .expect("mappers")
        .iter()
        .map(|mapper| &mapper["config"]["claim.name"])
        .collect();
    for name in ["claim", "units_claim", "officer_claim"] {
        assert!(claims.iter().any(|claim| **claim == said(name)), "{name}");
    }
    let roles = realm["roles"]["realm"].as_array().expect("roles");
    assert!(roles.iter().any(|role| role["name"] == said("value")));
    for role in ["leader", "agency_head", "agency_staff", "officer", "auditor", "operator"] {
        let is_told = |known: &Value| {
            known["description"].as_str().is_some_and(|text| text.ends_with(&format!(": {role}")))
        };
        assert!(roles.iter().any(is_told), "{role}");
    }
}
