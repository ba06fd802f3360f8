//! `/crm/v3/properties`: which properties there are; one must exist before it is used (sheet 6).

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::contact::{TYPES, stamp};
use super::portal::Portal;

/// One property of contacts.
#[derive(Debug, Clone)]
pub(super) struct Property {
    pub(super) name: String,
    label: String,
    group: String,
    pub(super) kind: String,
    field_kind: String,
    description: String,
    options: Value,
    pub(super) read_only: bool,
    own: bool,
}

/// Name, type, field type, whether only the platform writes it.
const DEFINED: [(&str, &str, &str, bool); 30] = [
    ("email", "string", "text", false),
    ("firstname", "string", "text", false),
    ("lastname", "string", "text", false),
    ("city", "string", "text", false),
    ("country", "string", "text", false),
    ("jobtitle", "string", "text", false),
    ("lifecyclestage", "enumeration", "radio", false),
    ("hs_lead_status", "enumeration", "radio", false),
    ("createdate", "datetime", "date", true),
    ("lastmodifieddate", "datetime", "date", true),
    ("hs_object_id", "number", "number", true),
    ("hs_merged_object_ids", "enumeration", "checkbox", true),
    ("hs_email_optout", "bool", "booleancheckbox", true),
    ("hs_email_last_send_date", "datetime", "date", true),
    ("hs_email_first_open_date", "datetime", "date", true),
    ("hs_email_last_open_date", "datetime", "date", true),
    ("hs_email_last_click_date", "datetime", "date", true),
    ("hs_email_delivered", "number", "number", true),
    ("hs_email_open", "number", "number", true),
    ("hs_email_click", "number", "number", true),
    ("hs_email_bounce", "number", "number", true),
    (
        "hs_email_sends_since_last_engagement",
        "number",
        "number",
        true,
    ),
    (
        "hs_email_hard_bounce_reason_enum",
        "enumeration",
        "select",
        true,
    ),
    ("hs_email_bad_address", "bool", "booleancheckbox", true),
    ("hs_marketable_status", "enumeration", "select", true),
    ("num_conversion_events", "number", "number", true),
    ("recent_conversion_date", "datetime", "date", true),
    ("hs_analytics_num_page_views", "number", "number", true),
    ("hs_analytics_num_visits", "number", "number", true),
    ("hs_analytics_last_timestamp", "datetime", "date", true),
];

/// Types of a property, and how a form shows each (sheet 6).
const KINDS: [(&str, &[&str]); 7] = [
    (
        "string",
        &["text", "textarea", "html", "file", "phonenumber"],
    ),
    ("number", &["number"]),
    ("date", &["date"]),
    ("datetime", &["date"]),
    (
        "enumeration",
        &["select", "radio", "checkbox", "booleancheckbox"],
    ),
    ("bool", &["booleancheckbox", "radio", "select"]),
    ("phone_number", &["phonenumber", "text"]),
];

/// The properties of a new account, with one of its owner's.
pub(super) fn defined(optout_writable: bool) -> Vec<Property> {
    let outs = TYPES.map(|id| format!("hs_email_optout_{id}"));
    let outs = outs
        .iter()
        .map(|name| (name.as_str(), "bool", "booleancheckbox", true));
    let mine = [("loyalty_points", "number", "number", false)];
    (DEFINED.into_iter().chain(outs).chain(mine))
        .map(|(name, kind, field_kind, read_only)| Property {
            name: name.to_owned(),
            label: name.replace('_', " "),
            group: "contactinformation".to_owned(),
            kind: kind.to_owned(),
            field_kind: field_kind.to_owned(),
            description: String::new(),
            options: json!([]),
            read_only: read_only && !(optout_writable && name == "hs_email_optout"),
            own: name == "loyalty_points",
        })
        .collect()
}

impl Property {
    /// Reads the body that makes one.
    fn read(body: &Map<String, Value>) -> Result<Self, Problem> {
        let text = |name: &str| {
            let value = body.get(name).and_then(Value::as_str).unwrap_or_default();
            value.to_owned()
        };
        let need = |name: &str| {
            Some(text(name))
                .filter(|value| !value.is_empty())
                .ok_or_else(|| {
                    Problem::invalid(format!("Some required fields were not set: [{name}]"))
                })
        };
        let (name, kind, field_kind) = (need("name")?, need("type")?, need("fieldType")?);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !name.chars().all(plain) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(Problem::invalid(format!(
                "The property name {name} is not valid"
            )));
        }
        let fits = KINDS
            .iter()
            .any(|(known, fields)| *known == kind && fields.contains(&field_kind.as_str()));
        if !fits {
            return Err(Problem::invalid(format!(
                "{kind} and {field_kind} do not go together"
            )));
        }
        let options = body.get("options").cloned().unwrap_or_else(|| json!([]));
        if kind == "enumeration" && options.as_array().is_none_or(Vec::is_empty) {
            return Err(Problem::invalid("Enumerations must have options"));
        }
        Ok(Self {
            label: need("label")?,
            group: need("groupName")?,
            description: text("description"),
            name,
            kind,
            field_kind,
            options,
            read_only: false,
            own: true,
        })
    }

    fn body(&self, at: &str) -> Value {
        json!({
            "name": self.name, "label": self.label, "type": self.kind, "fieldType": self.field_kind,
            "description": self.description, "groupName": self.group, "options": self.options,
            "displayOrder": -1, "calculated": false, "externalOptions": false, "hasUniqueValue": self.name == "email",
            "hidden": false, "hubspotDefined": !self.own, "formField": !self.read_only, "archived": false,
            "createdAt": at, "updatedAt": at,
            "modificationMetadata": {"archivable": self.own, "readOnlyDefinition": !self.own, "readOnlyValue": self.read_only},
        })
    }

    /// Whether it takes this text; empty clears it (sheet 6).
    pub(super) fn takes(&self, value: &str) -> Result<(), Problem> {
        let bad = |code: &str, what: &str| {
            let message = format!("{value} was not a valid {what}.");
            Err(Problem::property(code, &message, &self.name))
        };
        if self.read_only {
            let message = format!(
                "{} is a read only property; its value cannot be set.",
                self.name
            );
            return Err(Problem::property("READ_ONLY_VALUE", &message, &self.name));
        }
        if value.is_empty() {
            return Ok(());
        }
        match self.kind.as_str() {
            "number" if value.parse::<f64>().is_err() => bad("INVALID_INTEGER", "number"),
            "bool" if !matches!(value, "true" | "false") => bad("INVALID_OPTION", "boolean"),
            // Midnight in UTC, or a day (sheet 6).
            "date" => {
                let midnight = value.parse::<i64>().is_ok_and(|at| at % 86_400_000 == 0);
                let day = value.len() == 10 && value.parse::<chrono::NaiveDate>().is_ok();
                if midnight || day {
                    Ok(())
                } else {
                    bad("INVALID_DATE", "date")
                }
            }
            "datetime"
                if value.parse::<i64>().is_err()
                    && value.parse::<chrono::DateTime<chrono::Utc>>().is_err() =>
            {
                bad("INVALID_DATE", "datetime")
            }
            "enumeration" if self.own => {
                let known = self.options.as_array().into_iter().flatten();
                if known.into_iter().any(|option| option["value"] == value) {
                    Ok(())
                } else {
                    bad("INVALID_OPTION", "option")
                }
            }
            _ => Ok(()),
        }
    }
}

impl Portal {
    /// The property of contacts with this name.
    pub(super) fn property(&self, name: &str) -> Option<&Property> {
        self.properties
            .iter()
            .find(|property| property.name == name)
    }

    /// Everything below `/crm/v3/properties/contacts`.
    pub(super) fn properties(&mut self, call: &Call, rest: &[&str]) -> Reply {
        let writes = !matches!(
            (call.method.as_str(), rest),
            ("GET", _) | (_, ["batch", "read"])
        );
        self.need(if writes {
            "crm.schemas.contacts.write"
        } else {
            "crm.schemas.contacts.read"
        })?;
        let at = stamp(self.founded);
        let unknown =
            |name: &str| Problem::not_found(format!("Property \"{name}\" does not exist"));
        match (call.method.as_str(), rest) {
            ("GET", []) => {
                let all: Vec<Value> = self.properties.iter().map(|one| one.body(&at)).collect();
                Ok(Answer::read(json!({"results": all})))
            }
            ("GET", ["groups"]) => Ok(Answer::read(
                json!({"results": self.groups.iter().map(|name| json!({
                "name": name, "label": name, "displayOrder": -1, "archived": false,
            })).collect::<Vec<_>>()}),
            )),
            ("GET", ["groups", name]) if self.groups.iter().any(|group| group == name) => {
                Ok(Answer::read(
                    json!({"name": name, "label": name, "displayOrder": -1, "archived": false}),
                ))
            }
            ("POST", ["groups"]) => {
                let body = call.object()?;
                let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
                if self.groups.iter().any(|group| group == name) {
                    return Err(self.taken(name));
                }
                self.groups.push(name.to_owned());
                let made = json!({"name": name, "label": body.get("label"), "displayOrder": -1, "archived": false});
                Ok(Answer::written(made, true).with(StatusCode::CREATED))
            }
            ("GET", [name]) => {
                let found = self.property(name).ok_or_else(|| unknown(name))?;
                Ok(Answer::read(found.body(&at)))
            }
            ("POST", ["batch", "read"]) => {
                let names = call.inputs(100)?;
                let found = names
                    .iter()
                    .filter_map(|input| self.property(input["name"].as_str()?));
                let rows: Vec<Value> = found.map(|one| one.body(&at)).collect();
                Ok(Answer::read(
                    json!({"status": "COMPLETE", "results": rows, "startedAt": at, "completedAt": at}),
                ))
            }
            ("POST", []) => {
                let made = self.make_property(&call.object()?)?;
                Ok(Answer::written(made, true).with(StatusCode::CREATED))
            }
            ("POST", ["batch", "create"]) => {
                let inputs = call.inputs(100)?;
                let made = inputs.iter().map(|input| {
                    let input = input
                        .as_object()
                        .ok_or_else(|| Problem::invalid("inputs must be objects"))?;
                    self.make_property(input)
                });
                let rows = made.collect::<Result<Vec<Value>, Problem>>()?;
                let body = json!({"status": "COMPLETE", "results": rows, "startedAt": at, "completedAt": at});
                Ok(Answer::written(body, true).with(StatusCode::CREATED))
            }
            _ => Err(Problem::not_found("resource not found")),
        }
    }

    /// A name that is there already; how that is refused is unconfirmed (sheet 6).
    fn taken(&self, name: &str) -> Problem {
        let status = if self.options.taken_is_conflict {
            StatusCode::CONFLICT
        } else {
            StatusCode::BAD_REQUEST
        };
        let message = format!("A property named '{name}' already exists.");
        Problem::new(status, "OBJECT_ALREADY_EXISTS", message)
    }

    fn make_property(&mut self, body: &Map<String, Value>) -> Result<Value, Problem> {
        let made = Property::read(body)?;
        if self.property(&made.name).is_some() {
            return Err(self.taken(&made.name));
        }
        if !self.groups.contains(&made.group) {
            return Err(Problem::invalid(format!(
                "The group {} does not exist",
                made.group
            )));
        }
        let body = made.body(&stamp(self.now));
        self.properties.push(made);
        Ok(body)
    }
}
