//! One operation of the API: where it is, what it needs, takes and answers. The
//! routes are made of it, and so is the document.

use std::sync::Arc;

use axum::{
    handler::Handler,
    middleware,
    routing::{MethodFilter, MethodRouter, on},
};
use http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

use super::extract::only_known;
use crate::{
    account::Scope,
    web::{
        Web,
        access::{Access, Routes},
    },
};

/// The schema of a type.
type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// An operation.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) access: Access,
    /// Under which heading it stands.
    pub(super) group: &'static str,
    /// Its name for programs that are made of the document.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) parameters: Vec<Parameter>,
    pub(super) bodies: Vec<Content>,
    /// Whether a body must be sent.
    pub(super) needs_body: bool,
    pub(super) answers: Vec<Answer>,
    /// The statuses by which it is refused, besides those that any operation may have.
    pub(super) refusals: Vec<u16>,
    handler: MethodRouter<Arc<Web>>,
}

/// A parameter of a query or a path.
pub(super) struct Parameter {
    pub(super) name: String,
    /// `query` or `path`.
    pub(super) place: &'static str,
    pub(super) needed: bool,
    pub(super) description: Option<String>,
    pub(super) schema: Value,
}

/// What may be sent, or comes back.
pub(super) struct Content {
    pub(super) media: &'static str,
    pub(super) schema: SchemaOf,
    pub(super) example: Value,
}

/// An answer that is no refusal.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) description: &'static str,
    pub(super) content: Content,
}

impl Operation {
    /// Something that is read.
    pub(super) fn get<H, T>(path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Arc<Web>>,
        T: 'static,
    {
        Self::new(Method::GET, path, access, on(MethodFilter::GET, handler))
    }

    /// Something that is done.
    pub(super) fn post<H, T>(path: &'static str, scope: Scope, handler: H) -> Self
    where
        H: Handler<T, Arc<Web>>,
        T: 'static,
    {
        let handler = on(MethodFilter::POST, handler);
        Self::new(Method::POST, path, Access::Token(scope), handler)
    }

    fn new(
        method: Method,
        path: &'static str,
        access: Access,
        handler: MethodRouter<Arc<Web>>,
    ) -> Self {
        Self {
            method,
            path,
            access,
            group: "",
            id: "",
            summary: "",
            description: "",
            parameters: Vec::new(),
            bodies: Vec::new(),
            needs_body: false,
            answers: Vec::new(),
            refusals: Vec::new(),
            handler,
        }
    }

    /// What it is called, and what it does.
    #[must_use]
    pub(super) fn named(
        mut self,
        (group, id): (&'static str, &'static str),
        summary: &'static str,
        description: &'static str,
    ) -> Self {
        (self.group, self.id) = (group, id);
        (self.summary, self.description) = (summary, description);
        self
    }

    /// The fields of this type are its query.
    #[must_use]
    pub(super) fn query<T: JsonSchema>(mut self) -> Self {
        self.parameters.extend(parameters::<T>("query"));
        self
    }

    /// The fields of this type are the parts of its path. A path may name what is not there.
    #[must_use]
    pub(super) fn path<T: JsonSchema>(mut self) -> Self {
        self.parameters.extend(parameters::<T>("path"));
        self.refused(&[404])
    }

    /// It takes a body of this type, as JSON.
    #[must_use]
    pub(super) fn body<T: JsonSchema>(self, example: Value) -> Self {
        let needed = schema_alone::<T>().get("required").is_some();
        let mut operation = self.body_as::<T>("application/json", example);
        operation.needs_body = needed;
        operation
    }

    /// It takes a body of this type in this form.
    #[must_use]
    pub(super) fn body_as<T: JsonSchema>(mut self, media: &'static str, example: Value) -> Self {
        self.bodies.push(Content {
            media,
            schema: SchemaGenerator::subschema_for::<T>,
            example,
        });
        self.needs_body = true;
        self.refused(&[400, 413, 415])
    }

    /// It answers with this.
    #[must_use]
    pub(super) fn answer<T: JsonSchema>(
        mut self,
        status: u16,
        description: &'static str,
        example: Value,
    ) -> Self {
        self.answers.push(Answer {
            status,
            description,
            content: Content {
                media: "application/json",
                schema: SchemaGenerator::subschema_for::<T>,
                example,
            },
        });
        self
    }

    /// It may be refused by these statuses, too.
    #[must_use]
    pub(super) fn refused(mut self, statuses: &[u16]) -> Self {
        self.refusals.extend(statuses);
        self
    }

    /// Every status by which it may be refused, in order.
    pub(super) fn all_refusals(&self) -> Vec<u16> {
        let mut all = vec![421, 422, 500, 503];
        if matches!(self.access, Access::Token(_)) {
            all.extend([401, 403]);
        }
        all.extend(&self.refusals);
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Adds its route. A parameter that is not in its table is refused behind the token.
    pub(super) fn add_to(self, routes: Routes) -> Routes {
        let queries = self.parameters.into_iter();
        let queries = queries.filter(|parameter| parameter.place == "query");
        let known: Arc<[String]> = queries.map(|parameter| parameter.name).collect();
        let handler = self
            .handler
            .layer(middleware::from_fn_with_state(known, only_known));
        routes.add(self.method, self.path, self.access, handler)
    }
}

/// A type's schema with everything in it.
fn schema_alone<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>()
}

fn parameters<T: JsonSchema>(place: &'static str) -> Vec<Parameter> {
    let whole = schema_alone::<T>().to_value();
    let required = whole["required"].as_array().cloned().unwrap_or_default();
    let properties = whole["properties"].as_object().cloned().unwrap_or_default();
    let properties = properties.into_iter().map(|(name, mut schema)| {
        let description = schema
            .as_object_mut()
            .and_then(|schema| schema.remove("description"));
        // What is left out of a query is not null there.
        if let Some(kinds) = schema["type"].as_array_mut() {
            kinds.retain(|kind| kind != "null");
            if let [only] = kinds.as_slice() {
                schema["type"] = only.clone();
            }
        }
        Parameter {
            needed: required.iter().any(|each| *each == name.as_str()),
            description: description.and_then(|text| text.as_str().map(str::to_owned)),
            name,
            place,
            schema,
        }
    });
    properties.collect()
}
