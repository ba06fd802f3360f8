//! The document that describes the API: `OpenAPI` 3.1, made of the table of
//! operations, so that it cannot tell of anything else than what is served.

use http::StatusCode;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::operation::{Content, Operation};
use crate::web::{
    access::Access,
    problem::{PROBLEM, Problem},
};

/// What is said of the whole API.
const ABOUT: &str = "Read contacts, scores and what the daemon does; bring events; make, show and apply plans; let pass what a \
    guard holds; settle what is in doubt.\n\n\
    Every request but the one for this document brings a token in `Authorization: Bearer`. Each operation needs one scope, named \
    in `x-scope`; no scope implies another. Lists come in pages: `next` is the cursor of the next one, null after the last. A \
    cursor is opaque and good for the same question only. Times are RFC 3339 in UTC, dates are local dates of the configured zone.\n\n\
    What is refused or fails is told as `application/problem+json` with a stable `code`. A parameter or field that is not \
    in this document is refused (422), a path that is not in it is not there (404), another method is answered with 405 and `Allow`.";

/// The headings, and what stands under each.
const GROUPS: [(&str, &str); 6] = [
    ("contacts", "Who is there, and why they are what they are."),
    ("scores", "How everybody is spread."),
    ("daemon", "What runs, what is held, what was asked for."),
    ("plans", "What would be written, and doing it."),
    ("automations", "What was started, and what is in doubt."),
    ("events", "What happened elsewhere."),
];

/// Why a request is refused, by status.
const REFUSALS: [(u16, &str, &str); 12] = [
    (
        400,
        "Malformed",
        "The body is not JSON, or did not come whole.",
    ),
    (
        401,
        "NoToken",
        "No token came, or one that is unknown, expired or revoked.",
    ),
    (
        403,
        "Scope",
        "The token lacks the scope that the operation needs.",
    ),
    (404, "NotFound", "There is no such thing."),
    (
        409,
        "Conflict",
        "Things are otherwise by now: the plan is stale, nothing is held, the entry is in no doubt.",
    ),
    (413, "TooLarge", "The body is too large."),
    (415, "Media", "A body of this kind is not read here."),
    (421, "Host", "The request named a host that we are not."),
    (
        422,
        "Bad",
        "It cannot be done as asked: a parameter or field that does not fit, a name that nothing has.",
    ),
    (
        429,
        "Busy",
        "Too much at once. Nothing was done; try again after `Retry-After` seconds.",
    ),
    (
        500,
        "Ours",
        "A fault of ours. The log has the details under the number in `detail`.",
    ),
    (
        503,
        "Unavailable",
        "It took too long, the daemon is stopping, or a platform is not to be had or refuses us.",
    ),
];

/// The whole document.
pub(super) fn document(operations: &[Operation]) -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for operation in operations {
        let path = paths
            .entry(operation.path)
            .or_insert_with(|| Value::Object(Map::new()));
        let method = operation.method.as_str().to_ascii_lowercase();
        path[method] = one(operation, &mut schemas);
    }
    let responses = refusals(&mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "engaged",
            "summary": "Engagement scores for e-mail lists.",
            "description": ABOUT,
            // Of this interface. Whoever has no token does not learn which version of the program runs.
            "version": "1",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": GROUPS.map(|(name, description)| json!({ "name": name, "description": description })),
        "paths": paths,
        "components": {
            "schemas": schemas.finish(),
            "responses": responses,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made with `engaged web token` or on the page Settings. It ends by itself after the days it was \
                        made for. A session of the dashboard opens nothing here.",
                },
            },
        },
    })
}

/// The schemas of what is sent and of what comes back.
struct Schemas {
    sent: SchemaGenerator,
    told: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self {
            sent: settings.clone().for_deserialize().into_generator(),
            told: settings.for_serialize().into_generator(),
        }
    }

    fn finish(mut self) -> Map<String, Value> {
        let mut all = self.sent.take_definitions(true);
        all.append(&mut self.told.take_definitions(true));
        all
    }
}

fn content(content: &Content, generator: &mut SchemaGenerator) -> Value {
    let mut described = json!({ "schema": (content.schema)(generator) });
    if !content.example.is_null() {
        described["example"] = content.example.clone();
    }
    json!({ content.media: described })
}

fn one(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.group],
        "summary": operation.summary,
        "description": operation.description,
        "responses": answers(operation, schemas),
    });
    if let Access::Token(scope) = operation.access {
        described["security"] = json!([{ "token": [scope.as_str()] }]);
        described["x-scope"] = scope.as_str().into();
    } else {
        described["security"] = json!([]);
    }
    let parameters = operation.parameters.iter().map(|each| {
        let mut parameter = json!({
            "name": each.name, "in": each.place, "required": each.needed, "schema": each.schema,
        });
        if let Some(description) = &each.description {
            parameter["description"] = description.as_str().into();
        }
        parameter
    });
    let parameters: Vec<Value> = parameters.collect();
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if !operation.bodies.is_empty() {
        let mut kinds = Map::new();
        for body in &operation.bodies {
            if let Value::Object(kind) = content(body, &mut schemas.sent) {
                kinds.extend(kind);
            }
        }
        described["requestBody"] = json!({ "required": operation.needs_body, "content": kinds });
    }
    described
}

fn answers(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut answers = Map::new();
    for answer in &operation.answers {
        let mut described = json!({
            "description": answer.description,
            "content": content(&answer.content, &mut schemas.told),
        });
        if answer.status == StatusCode::ACCEPTED.as_u16() {
            described["headers"] = json!({ "Location": {
                "description": "Where the task is.", "required": true, "schema": { "type": "string" },
            } });
        }
        answers.insert(answer.status.to_string(), described);
    }
    for status in operation.all_refusals() {
        if let Some((_, name, _)) = REFUSALS.iter().find(|each| each.0 == status) {
            let reference = format!("#/components/responses/{name}");
            answers.insert(status.to_string(), json!({ "$ref": reference }));
        }
    }
    Value::Object(answers)
}

/// The answers that are the same wherever they occur.
fn refusals(schemas: &mut Schemas) -> Map<String, Value> {
    let schema = schemas.told.subschema_for::<Problem>();
    let described = REFUSALS.iter().map(|(status, name, description)| {
        let mut answer = json!({
            "description": description,
            "content": { PROBLEM: { "schema": schema } },
        });
        let header = match status {
            401 => Some(("WWW-Authenticate", json!({ "type": "string" }))),
            429 => Some(("Retry-After", json!({ "type": "integer", "minimum": 1 }))),
            _ => None,
        };
        if let Some((header, schema)) = header {
            answer["headers"] = json!({ header: { "required": true, "schema": schema } });
        }
        ((*name).to_owned(), answer)
    });
    described.collect()
}
