//! The API as a page, from its own description: readable without internet and without a script.
//!
//! Not here: the description itself (`openapi.json`).

use std::sync::LazyLock;

use askama::Template;
use serde_json::Value;

use super::links::Place;
use super::shell::{Shell, languages};
use super::{Asked, Made, html};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../openapi.json")).unwrap_or_else(|error| {
        // It is part of the binary, and read by a test.
        unreachable!("openapi.json: {error}")
    })
});

#[derive(Template)]
#[template(path = "reference.html")]
struct ReferencePage {
    shell: Shell,
    about: String,
    parts: Vec<Part>,
}

struct Part {
    id: String,
    title: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    parameters: Vec<Parameter>,
    answers: Vec<(String, String, String)>,
    example: String,
}

struct Parameter {
    name: String,
    place: String,
    is_needed: bool,
    description: String,
}

/// `GET /tai-lieu-api`.
pub(super) async fn reference(asked: Asked) -> Made {
    let words = asked.words();
    let shell = Shell::bare(words, words.t("reference"));
    let shell =
        Shell { languages: languages(&Place::new("/tai-lieu-api", None, None, words), words), ..shell };
    let about = text(&DOCUMENT["info"]["description"]);
    Ok(html(&ReferencePage { shell, about, parts: parts(&DOCUMENT) }))
}

fn parts(document: &Value) -> Vec<Part> {
    let tags = document["tags"].as_array().into_iter().flatten();
    tags.map(|tag| {
        let name = text(&tag["name"]);
        let operations = operations(document, &name);
        Part { id: format!("tag-{name}"), title: text(&tag["description"]), operations }
    })
    .collect()
}

fn operations(document: &Value, tag: &str) -> Vec<Operation> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, methods)| {
        methods.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
    });
    let tagged = all.filter(|(.., operation)| operation["tags"][0] == tag);
    tagged
        .map(|(path, method, operation)| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let answers = operation["responses"].as_object().into_iter().flatten();
            let good = ["200", "202"].iter().find_map(|status| operation["responses"].get(*status));
            let example = good.and_then(|good| good["content"]["application/json"].get("example"));
            Operation {
                id: text(&operation["operationId"]),
                method: method.to_uppercase(),
                path: path.clone(),
                summary: text(&operation["summary"]),
                description: text(&operation["description"]),
                parameters: parameters.map(|one| parameter(resolved(document, one))).collect(),
                answers: answers.map(|(status, one)| answer(status, resolved(document, one))).collect(),
                example: example.and_then(|one| serde_json::to_string_pretty(one).ok()).unwrap_or_default(),
            }
        })
        .collect()
}

fn parameter(one: &Value) -> Parameter {
    let values = one["schema"]["enum"].as_array().into_iter().flatten();
    let values: Vec<String> = values.map(text).collect();
    let listed = if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
    Parameter {
        name: text(&one["name"]),
        place: text(&one["in"]),
        is_needed: one["required"] == true,
        description: text(&one["description"]) + &listed,
    }
}

fn answer(status: &str, one: &Value) -> (String, String, String) {
    let kinds: Vec<&str> =
        one["content"].as_object().into_iter().flatten().map(|(kind, _)| kind.as_str()).collect();
    (status.to_owned(), text(&one["description"]), kinds.join(", "))
}

/// What a reference leads to.
fn resolved<'a>(document: &'a Value, one: &'a Value) -> &'a Value {
    let pointer = one["$ref"].as_str().map(|pointer| pointer.trim_start_matches('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(one)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
