//! The document: whole, true to what is served, and nothing in it leads nowhere.

use std::collections::BTreeSet;

use super::*;
use crate::web::stage::RULES;

/// The document.
pub(super) fn whole() -> Value {
    serde_json::from_str(&DOCUMENT).unwrap()
}

/// Every operation of the document: path, method, what is said of it.
pub(super) fn all(document: &Value) -> Vec<(String, Method, Value)> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            all.push((path.clone(), method, operation.clone()));
        }
    }
    all
}

#[tokio::test]
async fn the_document_tells_of_what_is_served_and_of_nothing_else() {
    let site = Site::new(RULES, "").await;
    let served = site
        .table
        .iter()
        .filter(|route| route.path.starts_with("/api/"));
    let served: BTreeSet<(String, String)> = served
        .map(|route| (route.path.to_owned(), route.method.to_string()))
        .collect();
    let answer = site.ask(Method::GET, "/api/v1/openapi.json", &[], "").await;
    assert_eq!(answer.status, StatusCode::OK);
    let document = answer.json();
    assert_eq!(document, whole());
    let told = all(&document).into_iter();
    let told: BTreeSet<(String, String)> = told
        .map(|(path, method, _)| (path, method.to_string()))
        .collect();
    assert_eq!(served, told);
    assert!(told.len() > 10, "{told:?}");
    for route in &site.table {
        let Some(operation) = document["paths"].get(route.path) else {
            continue;
        };
        let operation = &operation[route.method.as_str().to_ascii_lowercase()];
        match route.access {
            Access::Token(scope) => {
                assert_eq!(operation["x-scope"], scope.as_str(), "{}", route.path);
                assert_eq!(
                    operation["security"],
                    json!([{ "token": [scope.as_str()] }])
                );
            }
            _ => assert_eq!(route.path, "/api/v1/openapi.json"),
        }
    }
}

#[test]
fn nothing_in_the_document_is_without_a_name_or_leads_nowhere() {
    let document = whole();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let groups = document["tags"].as_array().unwrap();
    let groups: Vec<&Value> = groups.iter().map(|group| &group["name"]).collect();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in all(&document) {
        let at = format!("{method} {path}");
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
            "{at}"
        );
        assert!(groups.contains(&&operation["tags"][0]), "{at}");
        for said in ["summary", "description"] {
            assert!(
                !operation[said].as_str().unwrap().is_empty(),
                "{at}: {said}"
            );
        }
        let parameters = operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut in_path = BTreeSet::new();
        for parameter in &parameters {
            assert!(
                parameter["schema"].is_object() && parameter["description"].is_string(),
                "{at}: {parameter}"
            );
            assert_ne!(
                parameter["schema"]["type"],
                json!(["string", "null"]),
                "{at}"
            );
            if parameter["in"] == "path" {
                assert_eq!(parameter["required"], true, "{at}");
                in_path.insert(format!("{{{}}}", parameter["name"].as_str().unwrap()));
            }
        }
        let named = path.split('/').filter(|part| part.starts_with('{'));
        assert_eq!(in_path, named.map(str::to_owned).collect(), "{at}");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{at}");
    }
    let mut seen = 0;
    follow(&document, &document, &mut seen);
    assert!(seen > 50, "{seen}");
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
        assert!(schema["description"].is_string(), "{name} is not described");
    }
}

/// Every reference in a part of the document leads somewhere.
fn follow(document: &Value, part: &Value, seen: &mut usize) {
    match part {
        Value::Object(members) => {
            if members.get("$ref").is_some_and(Value::is_string) {
                *seen += 1;
                schema::resolved(document, part);
            }
            members
                .values()
                .for_each(|each| follow(document, each, seen));
        }
        Value::Array(items) => items.iter().for_each(|each| follow(document, each, seen)),
        _ => {}
    }
}

#[test]
fn every_example_fits_its_schema() {
    let document = whole();
    let mut seen = 0;
    for (path, method, operation) in all(&document) {
        let bodies = [&operation["requestBody"]].into_iter();
        let answers = operation["responses"].as_object().unwrap().values();
        for content in bodies
            .chain(answers)
            .filter_map(|each| each["content"].as_object())
        {
            for (kind, content) in content {
                let Some(example) = content.get("example") else {
                    continue;
                };
                seen += 1;
                let faults = schema::faults(&document, &content["schema"], example);
                assert!(faults.is_empty(), "{method} {path} {kind}: {faults:?}");
            }
        }
    }
    assert!(seen > 8, "{seen}");
}
