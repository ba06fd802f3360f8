//! The API for programs, under `/api/v1`: one table of operations, of which the
//! routes are made and the document that describes them.
//!
//! A program brings a token; a session's cookie opens nothing here. What an
//! operation takes and answers is a type, and its schema is made of that. What
//! is not in the table does not exist, and what is not in the document is refused.

mod automations;
mod contacts;
mod daemon;
mod document;
mod events;
mod extract;
mod operation;
mod plans;
mod scores;
mod wire;

use std::sync::LazyLock;

use http::header;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use self::{document::document, operation::Operation};
use super::access::{Access, Routes};

/// Adds every operation's route.
pub(super) fn add(routes: Routes) -> Routes {
    let operations = operations().into_iter();
    operations.fold(routes, |routes, operation| operation.add_to(routes))
}

/// The table.
fn operations() -> Vec<Operation> {
    let groups = [
        automations::operations(),
        contacts::operations(),
        daemon::operations(),
        events::operations(),
        plans::operations(),
        scores::operations(),
        // Open: it is the same wherever engaged runs, tells of no contact and no version, and a program that is made
        // of it need not have a token.
        vec![
            Operation::get("/api/v1/openapi.json", Access::Open, show_document)
                .named(
                    ("daemon", "getDocument"),
                    "This document",
                    "OpenAPI 3.1. It is the same for everybody.",
                )
                .answer::<Document>(200, "The document.", json!(null)),
        ],
    ];
    groups.into_iter().flatten().collect()
}

/// A document of `OpenAPI` 3.1.
#[derive(Serialize, JsonSchema)]
struct Document(serde_json::Map<String, Value>);

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document(&operations()).to_string());

async fn show_document() -> ([(header::HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/json")], &DOCUMENT)
}

#[cfg(test)]
mod tests;
