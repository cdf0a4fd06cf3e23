//! The description of the topics against the program: every type, field, list, header and example.
//!
//! The contract's table in the core is what the description is compared with, the real decoder is what its examples
//! go through. Not here: the grammar of such descriptions, beyond references that lead somewhere.

use std::collections::BTreeSet;

use acceptance_tests::program::{Folder, nhip};
use acceptance_tests::shared::root;
use compute::event::contract::{DURATION_UNITS, EventType, Field, FieldKind};
use ingest::decode::decode;
use ingest::kafka::{Counts, Settings, ShareState, topic_of};
use serde_json::{Map, Value, json};

const RETRACTION: &str = "event.retracted";
const PREFIX: &str = "hoa-binh.";
const ATTRIBUTES: [&str; 5] = ["id", "source", "type", "subject", "time"];

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn document() -> Value {
    serde_json::from_str(&text("docs/asyncapi.json")).expect("it is JSON")
}

fn members(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("{value} is no object"))
}

fn payloads<'a>(document: &'a Value, message: &str) -> Vec<&'a Value> {
    let examples = document["components"]["messages"][message]["examples"].as_array();
    examples.into_iter().flatten().map(|example| &example["payload"]).collect()
}

/// Every event of the contract as the description shows it, with its type.
fn examples(document: &Value) -> Vec<(EventType, Value)> {
    let every = EventType::ALL.iter().copied();
    every
        .flat_map(|kind| payloads(document, kind.name()).into_iter().map(move |one| (kind, one.clone())))
        .collect()
}

/// The schema of a field, but for words of explanation.
fn schema(kind: FieldKind) -> Value {
    let whole = json!({ "type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991_u64 });
    match kind {
        FieldKind::Code | FieldKind::Text | FieldKind::FreeText => json!({ "type": "string" }),
        FieldKind::Anything => json!({}),
        FieldKind::Bool => json!({ "type": "boolean" }),
        FieldKind::Whole => whole,
        FieldKind::Instant => json!({ "type": "string", "format": "date-time" }),
        FieldKind::Date => json!({ "type": "string", "format": "date" }),
        FieldKind::DateOrInstant => {
            json!({ "type": "string", "anyOf": [{ "format": "date" }, { "format": "date-time" }] })
        }
        FieldKind::OneOf(words) => json!({ "type": "string", "enum": words }),
        FieldKind::SomeOf(words) => json!({ "type": "array", "items": { "type": "string", "enum": words } }),
        FieldKind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        FieldKind::Parts => json!({
            "type": "object", "required": ["total", "digitised", "reused", "from_portal_store"],
            "properties": { "total": whole, "digitised": whole, "reused": whole, "from_portal_store": whole },
        }),
        FieldKind::Duration => json!({
            "type": "object", "required": ["value", "unit"],
            "properties": {
                "value": { "type": "integer", "minimum": 1, "maximum": 9_007_199_254_740_991_u64 },
                "unit": { "type": "string", "enum": DURATION_UNITS },
            },
        }),
        FieldKind::Period => {
            json!({ "type": "string", "pattern": "^[0-9]{4}(-(0[1-9]|1[0-2])|-Q[1-4]|-H[12])?$" })
        }
    }
}

fn unexplained(described: &Value) -> Value {
    let mut bare = described.clone();
    bare.as_object_mut().expect("a schema is an object").remove("description");
    bare
}

/// What the description says of `data` that the contract does not, or the other way round.
fn differences(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for kind in EventType::ALL {
        let (name, described) = (kind.name(), &document["components"]["schemas"][kind.name()]);
        let names = |is_wanted: fn(&&Field) -> bool| -> BTreeSet<&str> {
            kind.fields().iter().filter(is_wanted).map(|field| field.id.name()).collect()
        };
        let required = described["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        if required.collect::<BTreeSet<_>>() != names(|field| field.is_required) {
            found.push(format!("{name} requires other fields"));
        }
        let properties = described["properties"].as_object();
        if properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect::<BTreeSet<_>>()
            != names(|_| true)
        {
            found.push(format!("{name} has other fields"));
        }
        for field in kind.fields() {
            let place = &described["properties"][field.id.name()];
            if !place.is_object() || unexplained(place) != schema(field.kind) {
                found.push(format!("{name}.{} is {place}, not {}", field.id.name(), schema(field.kind)));
            }
        }
    }
    found
}

#[test]
fn every_field_of_every_type_is_described_as_the_contract_has_it() {
    let described = document();
    assert_eq!(differences(&described), Vec::<String>::new());
    let slips: [(&str, Value); 4] = [
        ("/components/schemas/dossier.paid/required", json!(["amount_vnd"])),
        ("/components/schemas/dossier.paid/properties/method/enum", json!(["portal", "gateway", "cash"])),
        ("/components/schemas/agency.defined/properties/valid_to", json!({ "type": "string" })),
        ("/components/schemas/source.heartbeat", json!({ "properties": { "x": {} } })),
    ];
    for (place, slip) in slips {
        let mut planted = described.clone();
        *planted.pointer_mut(place).expect("the place is there") = slip;
        assert_eq!(differences(&planted).len(), 1, "{place}: a slip is seen");
    }
}

#[test]
fn every_type_is_a_message_of_its_topic_in_both_modes() {
    let document = document();
    let schemes = &document["components"];
    for kind in EventType::ALL.iter().map(|kind| kind.name()) {
        let of_topic = [topic_of(kind)];
        let every = ["dossiers", "procedures", "petitions", "organisation"];
        for topic in if kind == RETRACTION { &every[..] } else { &of_topic[..] } {
            for name in [kind.to_owned(), format!("{kind}.binary")] {
                let reference = &document["channels"][topic]["messages"][&name]["$ref"];
                assert_eq!(reference, &json!(format!("#/components/messages/{name}")), "{topic}");
            }
        }
        let schema = json!(format!("#/components/schemas/{kind}"));
        let structured = &schemes["messages"][kind]["payload"]["allOf"][1];
        assert_eq!(structured["properties"]["type"]["const"], kind);
        assert_eq!(structured["properties"]["data"]["$ref"], schema, "{kind}");
        let needs_data = schemes["schemas"][kind]["required"].is_array();
        assert_eq!(structured["required"] == json!(["data"]), needs_data, "{kind}");
        let binary = &schemes["messages"][format!("{kind}.binary")];
        assert_eq!(binary["headers"]["allOf"][1]["properties"]["ce_type"]["const"], kind);
        assert_eq!(binary["payload"]["$ref"], schema, "{kind}");
    }
    let known = |name: &&String| {
        let name = name.trim_end_matches(".binary");
        EventType::find(name).is_none() && !name.starts_with("exchange.")
    };
    let others: Vec<&String> = members(&schemes["messages"]).keys().filter(known).collect();
    assert_eq!(
        others,
        ["alert", "count", "dead_letter", "figure", "identities", "share_state"],
        "no message is of a type nobody knows"
    );
}

#[test]
fn every_example_is_accepted_with_all_fields_and_with_the_required_ones_alone() {
    let document = document();
    let examples = examples(&document);
    let shown: BTreeSet<EventType> = examples.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(shown, EventType::ALL.iter().copied().collect(), "every type has an example");
    let accept = |event: &Value| {
        let bytes = event.to_string();
        decode(bytes.as_bytes())
            .map(|draft| draft.event_type)
            .map_err(|rejection| (rejection.reason, rejection.field))
    };
    for (kind, event) in &examples {
        assert_eq!(accept(event), Ok(*kind), "{event}");
        let data = |event: &Value| event["data"].as_object().cloned().unwrap_or_default();
        let names: BTreeSet<&str> = kind.fields().iter().map(|field| field.id.name()).collect();
        assert_eq!(data(event).keys().map(String::as_str).collect::<BTreeSet<_>>(), names, "{}", kind.name());
        let mut least = event.clone();
        for field in kind.fields().iter().filter(|field| !field.is_required) {
            least["data"].as_object_mut().expect("data").remove(field.id.name());
        }
        assert_eq!(accept(&least), Ok(*kind), "{least}");
        for field in kind.fields() {
            let without = |event: &Value| {
                let mut event = event.clone();
                event["data"].as_object_mut().expect("data").remove(field.id.name());
                accept(&event)
            };
            let wanted = if field.is_required {
                Err((ingest::Reason::Missing, Some(field.id.name())))
            } else {
                Ok(*kind)
            };
            assert_eq!(without(event), wanted, "{}.{}", kind.name(), field.id.name());
        }
        for attribute in ATTRIBUTES {
            let mut without = event.clone();
            without.as_object_mut().expect("an event").remove(attribute);
            assert_eq!(accept(&without), Err((ingest::Reason::Missing, Some(attribute))), "{without}");
        }
    }
    assert_eq!(document["components"]["schemas"]["Envelope"]["required"], json!(ATTRIBUTES));
}

#[test]
fn every_word_of_every_list_is_accepted_and_no_other() {
    let document = document();
    for (kind, event) in examples(&document) {
        for field in kind.fields() {
            let FieldKind::OneOf(words) = field.kind else { continue };
            let with = |word: &str| {
                let mut event = event.clone();
                event["data"][field.id.name()] = word.into();
                decode(event.to_string().as_bytes()).is_ok()
            };
            assert!(words.iter().all(|word| with(word)), "{}.{}", kind.name(), field.id.name());
            assert!(!with("cheque"), "{}.{}", kind.name(), field.id.name());
        }
    }
}

#[test]
fn examples_in_binary_mode_are_the_events_of_their_structured_ones() {
    let document = document();
    let mut compared = 0;
    for kind in EventType::ALL.iter().map(|kind| kind.name()) {
        let binary = &document["components"]["messages"][format!("{kind}.binary")]["examples"];
        for example in binary.as_array().into_iter().flatten() {
            let mut event = Map::new();
            for (name, value) in members(&example["headers"]) {
                event.extend(name.strip_prefix("ce_").map(|name| (name.to_owned(), value.clone())));
            }
            event.insert("data".to_owned(), example["payload"].clone());
            assert_eq!(&Value::Object(event), payloads(&document, kind)[0]);
            compared += 1;
        }
    }
    assert_eq!(compared, 4, "one for each topic");
}

#[test]
fn the_program_scores_the_examples_and_sets_none_aside() {
    let examples = examples(&document());
    let lines: Vec<String> = examples.iter().map(|(_, event)| event.to_string()).collect();
    let lines = lines.join("\n");
    let ask = ["score", "-", "--period", "2026-10", "--as-of", "2026-11-01", "--format", "csv", "--strict"];
    let ran = nhip(&ask, lines.as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(nhip(&ask, lines.replace("\"portal\"", "\"cheque\"").as_bytes()).status, 3, "a slip is seen");
}

#[test]
fn channels_are_the_topics_of_the_settings() {
    let document = document();
    let variables = [("BOOTSTRAP", "a:1"), ("TOPIC_PREFIX", PREFIX), ("DEAD_LETTERS", "aside")];
    let variables = variables.map(|(name, text)| (format!("NHIP_KAFKA_{name}"), text.to_owned()));
    let settings = Settings::read(None, variables).expect("understood").expect("there are some");
    let addresses: Vec<String> = members(&document["channels"])
        .values()
        .filter_map(|channel| channel["address"].as_str())
        .map(|address| address.replace("{prefix}", PREFIX).replace("{dead_letters}", "aside"))
        .collect();
    for topic in settings.topics().iter().map(String::as_str).chain(settings.dead_letters()) {
        assert!(addresses.iter().any(|address| address == topic), "{topic} is not among {addresses:?}");
    }
}

#[test]
fn dead_letters_carry_the_headers_and_reasons_described() {
    let document = document();
    let headers = &document["components"]["messages"]["dead_letter"]["headers"];
    let between = |path: &str, before: &str| -> BTreeSet<String> {
        let text = text(path);
        let found = text.split(before).skip(1).filter_map(|rest| rest.split('"').next());
        found.map(str::to_owned).collect()
    };
    let listed = |value: &Value| -> BTreeSet<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let ours = between("ingest/src/kafka/dead_letters.rs", "(\"nhip_");
    let ours = ours.into_iter().map(|name| format!("nhip_{name}")).collect();
    assert_eq!(listed(&headers["required"]), ours);
    let codes = text("ingest/src/rejection.rs");
    let codes = codes.split("pub fn code").nth(1).and_then(|rest| rest.split("pub fn").next());
    let codes =
        codes.expect("the codes are there").split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
    let codes: BTreeSet<String> = codes.map(str::to_owned).collect();
    assert_eq!(listed(&headers["properties"]["nhip_reason"]["enum"]), codes);
    for letter in document["components"]["messages"]["dead_letter"]["examples"].as_array().expect("examples")
    {
        let rejection = decode(letter["payload"].to_string().as_bytes()).expect_err("it is set aside");
        assert_eq!(letter["headers"]["nhip_reason"], rejection.reason.code());
        assert_eq!(letter["headers"]["nhip_field"], rejection.field.unwrap_or_default());
    }
}

#[test]
fn exchange_messages_are_taken_as_described() {
    let document = document();
    let explained = text("docs/exchange.md");
    let schemas = &document["components"]["schemas"];
    for name in ["ExchangeDossier", "ExchangeProgress"] {
        for field in members(&schemas[name]["properties"]).keys() {
            assert!(explained.contains(field), "{field} is not in docs/exchange.md");
        }
    }
    let folder = Folder::new();
    for name in ["exchange.dossier", "exchange.progress"] {
        let examples = payloads(&document, name);
        assert!(!examples.is_empty(), "{name} has an example");
        for example in examples {
            let file = folder.write("message.json", example.to_string());
            let ran = nhip(&["exchange", "events", &file, "--source", "/hoa-binh/mot-cua", "--strict"], b"");
            assert_eq!(ran.status, 0, "{example}: {}", ran.stderr);
            assert!(!ran.stdout.is_empty(), "{example} says something");
            for line in ran.text().lines() {
                assert!(decode(line.as_bytes()).is_ok(), "{line}");
            }
        }
    }
}

#[test]
fn figures_sent_out_are_shown_with_the_fields_described() {
    let document = document();
    let described = &document["components"]["schemas"]["Figure"];
    let (shown, gone): (Vec<&Value>, Vec<&Value>) =
        payloads(&document, "figure").into_iter().partition(|figure| figure.is_object());
    assert!(!shown.is_empty() && gone == [&Value::Null], "a figure and a tombstone are shown");
    for figure in shown {
        let names: Vec<&String> = members(figure).keys().collect();
        assert_eq!(names, members(&described["properties"]).keys().collect::<Vec<_>>());
        for name in described["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            assert!(!figure[name].is_null(), "{name} is there");
        }
    }
}

#[test]
fn counts_and_states_of_shares_are_shown_as_the_program_reads_and_writes_them() {
    let document = document();
    let check = |message: &str, schema: &str, written: &dyn Fn(&Value) -> Value| {
        let described = &document["components"]["schemas"][schema];
        let names: BTreeSet<&str> = members(&described["properties"]).keys().map(String::as_str).collect();
        let required = described["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        assert_eq!(required.collect::<BTreeSet<_>>(), names, "{schema}: nothing is left out");
        let shown: Vec<&Value> =
            payloads(&document, message).into_iter().filter(|one| one.is_object()).collect();
        assert!(!shown.is_empty(), "{message} has an example");
        for one in shown {
            assert_eq!(&written(one), one, "{message}");
            assert_eq!(members(one).keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
        }
    };
    check("count", "Count", &|shown| {
        let read: Counts = serde_json::from_value(shown.clone()).expect("it is read");
        json!(read)
    });
    check("share_state", "ShareState", &|shown| {
        let read: ShareState = serde_json::from_value(shown.clone()).expect("it is read");
        json!(read)
    });
}

#[test]
fn alerts_and_identities_are_shown_with_the_fields_described() {
    let document = document();
    for (message, schema) in [("alert", "Alert"), ("identities", "Identities")] {
        let described = &document["components"]["schemas"][schema];
        let names: BTreeSet<&str> = members(&described["properties"]).keys().map(String::as_str).collect();
        let required = described["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        assert_eq!(required.collect::<BTreeSet<_>>(), names, "{schema}: nothing is left out");
        let shown = payloads(&document, message);
        assert!(!shown.is_empty(), "{message} has an example");
        for one in shown {
            assert_eq!(members(one).keys().map(String::as_str).collect::<BTreeSet<_>>(), names, "{message}");
        }
    }
    let said = payloads(&document, "identities")[0]["identities"].as_str().expect("digits");
    let first = format!("{:016x}", ingest::kafka::identity("/hoa-binh/mot-cua", "e-1"));
    assert!(said.starts_with(&first), "{said} begins with what stands for an event");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut open = vec![&document];
    let mut followed = 0;
    while let Some(value) = open.pop() {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let pointer = target.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "nothing is at {target}");
            followed += 1;
        }
        open.extend(value.as_object().into_iter().flat_map(Map::values));
        open.extend(value.as_array().into_iter().flatten());
    }
    assert!(followed > EventType::ALL.len(), "references are looked at");
}
