//! The contract, clause by clause: what is taken and what is set aside, with reason and field.

use compute::event::Draft;

use super::decode;

fn outcome(decoded: &Result<Draft<'_>, crate::Rejection>) -> String {
    match decoded {
        Ok(_) => "taken".to_owned(),
        Err(rejection) => format!("{} {}", rejection.reason.code(), rejection.field.unwrap_or("-")),
    }
}

fn check(line: &str, expected: &str) {
    assert_eq!(outcome(&decode(line.as_bytes())), expected, "{}", &line[..line.len().min(300)]);
}

fn event(kind: &str, data: &str) -> String {
    format!(
        r#"{{"id":"1","source":"/s","type":"{kind}","subject":"D","time":"2026-10-01T08:00:00+07:00","data":{data}}}"#
    )
}

#[test]
fn the_envelope_must_be_whole() {
    let whole = event("dossier.closed", "{}");
    check(&whole, "taken");
    check(&whole.replace(r#","data":{}"#, ""), "taken");
    check(&whole.replace("{}", "null"), "taken");
    check(&whole.replace("{}", "[]"), "wrong_type data");
    for name in ["id", "source", "type", "subject", "time"] {
        check(&whole.replace(&format!("\"{name}\":"), "\"x\":"), &format!("missing {name}"));
    }
    check(&whole.replace(r#""id":"1""#, r#""id":"""#), "empty id");
    check(&whole.replace(r#""id":"1""#, r#""id":7"#), "wrong_type id");
    check(&whole.replace(r#""id":"1""#, r#""id":null"#), "missing id");
    check(&whole.replace("dossier.closed", "dossier.shut"), "unknown_type type");
    check("", "not_json -");
    check("[]", "not_object -");
    check("7", "not_object -");
    check(&format!("{whole}x"), "not_json -");
    check(&whole.replace("{}", "{\"a\":01}"), "not_json -");
    check(&whole.replace("{}", "{\"a\":NaN}"), "not_json -");
    check(&whole.replace("{}", "{\"a\":\"\u{1}\"}"), "not_json -");
    check(&whole.replace("{}", "{\"a\":1,}"), "not_json -");
    assert_eq!(outcome(&decode(b"{\"id\":\"\xff\"}")), "not_utf8 -");
}

#[test]
fn times_are_rfc_3339_within_the_century() {
    let at = |time: &str| event("dossier.closed", "{}").replace("2026-10-01T08:00:00+07:00", time);
    check(&at("2000-01-01T00:00:00Z"), "taken");
    check(&at("1999-12-31T23:59:59.999Z"), "out_of_range time");
    check(&at("2000-01-01T06:59:59+07:00"), "out_of_range time");
    check(&at("2099-12-31T23:59:59.999999999Z"), "taken");
    check(&at("2100-01-01T00:00:00Z"), "out_of_range time");
    check(&at("2026-10-01T08:00:00"), "not_instant time");
    check(&at("2026-10-01"), "not_instant time");
    let recorded = event("dossier.closed", "{}").replace("\"id\"", "\"recordedtime\":\"soon\",\"id\"");
    check(&recorded, "not_instant recordedtime");
    check(&recorded.replace("\"soon\"", "null"), "taken");
}

#[test]
fn fields_hold_what_the_contract_names() {
    let paid = |data: &str| event("dossier.paid", data);
    check(&paid(r#"{"amount_vnd":5000,"method":"cash"}"#), "taken");
    check(&paid(r#"{"amount_vnd":0,"method":"cash","on_behalf":null,"who":{"name":"x"}}"#), "taken");
    for number in ["5000.0", "5e3", "-1", "9007199254740992", "99999999999999999999", "\"5000\"", "true"] {
        let reason = if number.starts_with('"') || number == "true" { "wrong_type" } else { "not_whole" };
        check(
            &paid(&format!(r#"{{"amount_vnd":{number},"method":"cash"}}"#)),
            &format!("{reason} amount_vnd"),
        );
    }
    check(&paid(r#"{"amount_vnd":9007199254740991,"method":"cash"}"#), "taken");
    check(&paid(r#"{"amount_vnd":-0,"method":"cash"}"#), "taken");
    check(&paid(r#"{"amount_vnd":1}"#), "missing method");
    check(&paid(r#"{"amount_vnd":null,"method":"cash"}"#), "missing amount_vnd");
    check(&paid(r#"{"amount_vnd":1,"method":"barter"}"#), "not_in_list method");
    check(&paid(r#"{"amount_vnd":1,"method":"cash","on_behalf":"no"}"#), "wrong_type on_behalf");
    check(&paid(r#"{"amount_vnd":"x","method":"cash","amount_vnd":1}"#), "taken");
    check(&paid(r#"{"amount_vnd":1,"method":"cash","amount_vnd":null}"#), "missing amount_vnd");
    check(&event("dossier.stopped", "{}"), "missing reason");
    check(&event("dossier.stopped", r#"{"reason":""}"#), "taken");
    check(&event("dossier.stopped", r#"{"reason":{}}"#), "wrong_type reason");
    check(&event("dossier.paused", r#"{"reason":"lunch"}"#), "not_in_list reason");
    check(&event("dossier.rated", r#"{"satisfied":true,"aspects":[{"a":[1]}]}"#), "taken");
}

#[test]
fn nested_members_are_checked_too() {
    let accepted = |rest: &str| {
        event("dossier.accepted", &format!(r#"{{"procedure":"P","agency":"A","officer":"O"{rest}}}"#))
    };
    check(&accepted(""), "taken");
    let parts = r#","parts":{"total":3,"digitised":1,"reused":0,"from_portal_store":0}"#;
    check(&accepted(parts), "taken");
    check(&accepted(&parts.replace("\"reused\":0", "\"reused\":1.0")), "not_whole parts");
    check(&accepted(&parts.replace("\"reused\":0,", "")), "missing parts");
    check(&accepted(r#","parts":[]"#), "wrong_type parts");
    check(&accepted(r#","parts":null"#), "taken");
    check(&accepted(r#","due_at":"2026-13-01T00:00:00Z""#), "not_instant due_at");
    let defined = |duration: &str, levels: &str| {
        event(
            "procedure.defined",
            &format!(
                r#"{{"name":"n","levels":{levels},"agency":"A","duration":{duration},"online":"full","full_eligible":true,"paper_result":false,"fee":true,"payment_integrated":false,"for_citizens":true}}"#
            ),
        )
    };
    check(&defined(r#"{"value":5,"unit":"working_day"}"#, r#"["commune"]"#), "taken");
    check(&defined(r#"{"value":0,"unit":"working_day"}"#, "[]"), "zero_duration duration");
    check(&defined(r#"{"value":5,"unit":"week"}"#, "[]"), "not_in_list duration");
    check(&defined(r#"{"value":5}"#, "[]"), "missing duration");
    check(&defined("null", r#"["ward"]"#), "not_in_list levels");
    check(&defined("null", r#"["commune",7]"#), "wrong_type levels");
    let agency = |data: &str| event("agency.defined", &format!(r#"{{"name":"n","kind":"unit",{data}}}"#));
    check(&agency(r#""valid_from":"1997-01-01","valid_to":"9999-12-31","predecessors":["X"]"#), "taken");
    check(&agency(r#""valid_from":"01/01/1997""#), "not_instant valid_from");
    check(&agency(r#""predecessors":"X""#), "wrong_type predecessors");
    check(&event("portal.reported", r#"{"period":"2026-13","received":1}"#), "not_period period");
}

#[test]
fn the_type_may_stand_anywhere_and_the_last_member_counts() {
    let line = r#"{"data":{"amount_vnd":1,"method":"cash"},"type":"dossier.paid","id":"1","source":"/s","subject":"D","time":"2026-10-01T08:00:00Z"}"#;
    check(line, "taken");
    check(&line.replace("\"cash\"", "\"barter\""), "not_in_list method");
    check(&line.replace("\"id\":\"1\"", "\"type\":\"dossier.fee_set\",\"id\":\"1\""), "missing fee_vnd");
    let typed_first = event("dossier.closed", r#"{"fee_vnd":1}"#);
    let again = typed_first.replace("}}", "},\"type\":\"dossier.fee_set\"}");
    check(&again, "taken");
    check(&typed_first.replace("\"id\":\"1\"", "\"id\":\"1\",\"id\":2"), "wrong_type id");
}

#[test]
fn half_a_surrogate_pair_is_not_utf_8_wherever_it_stands() {
    let with = |text: &str| event("dossier.closed", &format!("{{\"note\":\"{text}\"}}"));
    check(&with(r"\ud83d\ude00 \u00e1 \\ud800"), "taken");
    check(&with(r"\ud83d"), "not_utf8 -");
    check(&with(r"\ude00\ud83d"), "not_utf8 -");
    check(&with(r"\ud83d\u0041"), "not_utf8 -");
}

#[test]
fn no_input_exhausts_the_stack_or_the_memory() {
    check(&"[".repeat(900_000), "too_deep -");
    check(&event("dossier.closed", &format!("{{\"x\":{}1{}}}", "[".repeat(400), "]".repeat(400))), "taken");
    check(&format!("{}{}", event("dossier.closed", "{}"), " ".repeat(1 << 20)), "too_long -");
    let exactly = event("dossier.closed", "{}");
    check(&format!("{exactly}{}", " ".repeat((1 << 20) - exactly.len())), "taken");
}

#[test]
fn personal_data_is_not_in_the_draft() {
    let line = event(
        "dossier.submitted",
        r#"{"procedure":"P","agency":"A","channel":"online","applicant_name":"Nguyễn Văn An","phone":"0912345678"}"#,
    );
    let draft = decode(line.as_bytes()).unwrap();
    let shown = format!("{draft:?}");
    assert!(!shown.contains("Nguyễn") && !shown.contains("0912345678"), "{shown}");
    let line = event("dossier.stopped", r#"{"reason":"Ông Nguyễn Văn An, 0912345678"}"#);
    assert!(!format!("{:?}", decode(line.as_bytes()).unwrap()).contains("Nguyễn"));
}
