//! A batch as it is sent: an array of rows, or a row a line.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    ingest::ROWS_MAX,
    web::{
        api::extract::{malformed, parse},
        error::Refusal,
    },
};

/// What was sent: for which connection, and its rows with their places.
pub(super) struct Sent<'b> {
    pub(super) connection: Option<String>,
    pub(super) rows: Box<dyn Iterator<Item = (usize, &'b str)> + 'b>,
}

impl<'b> Sent<'b> {
    /// An array of rows with the name of its connection.
    pub(super) fn array(body: &'b [u8]) -> Result<Self, Refusal> {
        let Array { connection, rows } = parse(body)?;
        if rows.0.len() > ROWS_MAX {
            return Err(Refusal::TooLarge);
        }
        let rows = rows.0.into_iter().map(RawValue::get).enumerate();
        Ok(Self {
            connection,
            rows: Box::new(rows),
        })
    }

    /// A row a line.
    pub(super) fn lines(body: &'b [u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).map_err(|_| malformed("the body is not UTF-8"))?;
        if text.lines().count() > ROWS_MAX {
            return Err(Refusal::TooLarge);
        }
        Ok(Self {
            connection: None,
            rows: Box::new(text.lines().enumerate()),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Array<'b> {
    connection: Option<String>,
    #[serde(borrow)]
    rows: Few<'b>,
}

/// Rows as they are written; of too many, one more than may come.
struct Few<'b>(Vec<&'b RawValue>);

impl<'de: 'b, 'b> Deserialize<'de> for Few<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Fill)
    }
}

struct Fill;

impl<'de> Visitor<'de> for Fill {
    type Value = Few<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Few<'de>, A::Error> {
        let mut few = Vec::new();
        while few.len() <= ROWS_MAX {
            match rows.next_element()? {
                Some(row) => few.push(row),
                None => return Ok(Few(few)),
            }
        }
        while rows.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Few(few))
    }
}

/// An array of rows, as the document describes it.
pub(super) struct EventBatch;

/// A row a line, as the document describes them.
pub(super) struct EventLines;

impl JsonSchema for EventBatch {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventBatch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "Rows, and whose they are.",
            "required": ["rows"],
            "additionalProperties": false,
            "properties": {
                "connection": {
                    "type": ["string", "null"],
                    "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,39}$",
                    "default": "api",
                    "description": "The connection that the rows belong to. It is made if it is not there; one that is synced \
                        from a platform is refused.",
                },
                "rows": {
                    "type": "array",
                    "maxItems": 10_000,
                    "items": generator.subschema_for::<Row>(),
                },
            },
        })
    }
}

impl JsonSchema for EventLines {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventLines".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "One `Row` a line, at most 10,000. Blank lines are passed over.",
        })
    }
}

/// A row. What does not fit is no reason to refuse the batch: the row is left out and named.
struct Row;

impl JsonSchema for Row {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Row".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let text = |of: &str| json_schema!({ "type": ["string", "null"], "description": of });
        json_schema!({
            "type": "object",
            "description": "A row with `gap` is a hole, a row with `kind` an event, any other a contact. A key that is not here \
                means nothing and is told in `unknown_keys`.",
            "properties": {
                "email": text("Contact and event: the address, by which contacts are told apart."),
                "id": text("Event: stable for ever within the connection and kind."),
                "kind": text("Event: `send`, `open`, `click`, `purchase` and the others, or one declared under `[events] kinds`."),
                "at": text("Event: RFC 3339 with its offset."),
                "campaign": text("Event: the mailing."),
                "link": text("Click: the link."),
                "url": text("Page visit: the page."),
                "item": text("Purchase: what was bought."),
                "quantity": { "type": ["integer", "string", "null"], "description": "Purchase: a whole number." },
                "value": { "type": ["number", "string", "null"], "description": "Purchase: the amount of the whole row, `260.00`." },
                "currency": text("Purchase: ISO 4217."),
                "order": text("Purchase and refund: the order's number; an order that several connections tell counts once."),
                "tracked": { "type": ["boolean", "string", "null"], "description": "Send: `false` where opens and clicks cannot be seen." },
                "verdict": text("Event: `human`, `unknown`, `privacy_proxy` or `scanner`."),
                "bounce": text("Bounce: `hard` or `soft`."),
                "properties": { "type": ["object", "null"], "description": "Event: anything, for `where`." },
                "subscribed_at": text("Contact: when first subscribed, RFC 3339."),
                "status": text("Contact: `subscribed`, `unsubscribed`, `bounced`, `complained` or `suppressed`."),
                "lists": { "type": ["array", "null"], "items": { "type": "string" }, "description": "Contact: names." },
                "fields": { "type": ["object", "null"], "description": "Contact: its profile." },
                "gap": {
                    "type": ["object", "null"],
                    "description": "Days of which not everything is known: `from` and `to` are local dates, both included; without \
                        `kinds`, all kinds.",
                    "properties": {
                        "from": { "type": "string", "format": "date" },
                        "to": { "type": "string", "format": "date" },
                        "kinds": { "type": "array", "items": { "type": "string" } },
                    },
                },
            },
        })
    }
}
