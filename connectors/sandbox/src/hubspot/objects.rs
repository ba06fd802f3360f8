//! `/crm/v3/objects`: contacts, deals and orders as rows with properties that are texts or null (sheet 3).

use serde_json::{Map, Value, json};

use super::Millis;
use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::contact::{Field, stamp};
use super::portal::Portal;
use super::settings::Purchases;
use crate::people::World;

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    Contacts,
    Deals,
    Orders,
}

impl Object {
    /// By the name in a path, or the number of the type.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "contacts" | "contact" | "0-1" => Some(Self::Contacts),
            "deals" | "deal" | "0-3" => Some(Self::Deals),
            "orders" | "order" | "0-123" => Some(Self::Orders),
            _ => None,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Deals => "deals",
            Self::Orders => "orders",
        }
    }

    pub(super) const fn reading(self) -> &'static str {
        match self {
            Self::Contacts => "crm.objects.contacts.read",
            Self::Deals => "crm.objects.deals.read",
            Self::Orders => "crm.objects.orders.read",
        }
    }

    /// The properties that are given unless others are asked for.
    const fn usual(self) -> &'static [&'static str] {
        match self {
            Self::Contacts => &[
                "createdate",
                "email",
                "firstname",
                "hs_object_id",
                "lastmodifieddate",
                "lastname",
            ],
            Self::Deals => &[
                "amount",
                "closedate",
                "createdate",
                "dealname",
                "dealstage",
                "hs_lastmodifieddate",
                "hs_object_id",
                "pipeline",
            ],
            Self::Orders => &["hs_createdate", "hs_lastmodifieddate", "hs_object_id"],
        }
    }

    /// What stands in every row, asked for or not.
    const fn always(self) -> &'static [&'static str] {
        match self {
            Self::Contacts => &["createdate", "hs_object_id", "lastmodifieddate"],
            Self::Deals => &["createdate", "hs_lastmodifieddate", "hs_object_id"],
            Self::Orders => &["hs_createdate", "hs_lastmodifieddate", "hs_object_id"],
        }
    }
}

/// One row: an object and its place.
pub(super) type Record = (Object, u32);

/// How rows are shown.
pub(super) struct View {
    pub(super) properties: Vec<String>,
    pub(super) history: Vec<String>,
    /// Whether the rows are those that the index of searches knows.
    pub(super) indexed: bool,
    pub(super) associations: bool,
}

impl View {
    /// As asked for in parameters.
    fn asked(call: &Call) -> Self {
        Self {
            properties: call.several("properties"),
            history: call.several("propertiesWithHistory"),
            indexed: false,
            associations: call
                .several("associations")
                .iter()
                .any(|other| Object::named(other) == Some(Object::Contacts)),
        }
    }

    /// As asked for in a body.
    pub(super) fn of_body(body: &Map<String, Value>, indexed: bool) -> Self {
        let names = |key: &str| {
            let names = body
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            names
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect()
        };
        Self {
            properties: names("properties"),
            history: names("propertiesWithHistory"),
            indexed,
            associations: false,
        }
    }
}

impl Portal {
    /// Everything below `/crm/v3/objects/{kind}`.
    pub(super) fn objects(
        &mut self,
        world: &World,
        call: &Call,
        kind: &str,
        rest: &[&str],
    ) -> Reply {
        let unknown = || Problem::invalid(format!("Unable to infer object type from: {kind}"));
        let object = Object::named(kind).ok_or_else(unknown)?;
        match (call.method.as_str(), rest) {
            ("GET", []) => self.list(world, call, object),
            ("POST", ["search"]) => self.search(world, call, object),
            ("POST", ["batch", "read"]) => self.batch_read(world, call, object),
            ("GET", [id]) => self.read_one(world, call, object, id),
            _ if object == Object::Contacts => self.write(world, call, rest),
            _ => Err(Problem::method()),
        }
    }

    /// The places of all rows of an object, in the order of their ids.
    pub(super) fn records(&self, object: Object, archived: bool) -> Vec<Record> {
        let places = |many: usize| 0..u32::try_from(many).unwrap_or(u32::MAX);
        match object {
            Object::Contacts => places(self.contacts.len())
                .filter(|place| {
                    let contact = &self.contacts[*place as usize];
                    !contact.gone && contact.archived.is_some() == archived
                })
                .map(|place| (object, place))
                .collect(),
            _ if archived || !self.keeps(object) => Vec::new(),
            _ => places(self.shop.deals.len())
                .map(|place| (object, place))
                .collect(),
        }
    }

    /// Whether purchases stand as this object.
    fn keeps(&self, object: Object) -> bool {
        (object == Object::Orders) == (self.options.purchases == Purchases::Orders)
    }

    pub(super) fn record_id(&self, (object, place): Record) -> u64 {
        if object == Object::Contacts {
            self.contacts[place as usize].id
        } else {
            self.shop.deals[place as usize].id
        }
    }

    /// When a row was modified, as the CRM or as its index knows it.
    pub(super) fn modified(&self, (object, place): Record, indexed: bool) -> Millis {
        if object != Object::Contacts {
            return self.shop.deals[place as usize].at;
        }
        let contact = &self.contacts[place as usize];
        if indexed {
            contact.indexed(self.now, self.options.index_lag)
        } else {
            contact.modified
        }
    }

    /// The value of a property.
    pub(super) fn field(
        &self,
        world: &World,
        record: Record,
        name: &str,
        indexed: bool,
    ) -> Option<Field> {
        let (object, place) = record;
        if object != Object::Contacts {
            return self.shop.deals[place as usize].field(world, object.as_str(), name);
        }
        let contact = &self.contacts[place as usize];
        let spent = self.shop.spent(contact.person);
        contact.field(world, name, spent, self.modified(record, indexed))
    }

    /// A value on the wire; a number of some contacts has a needless digit (sheet 8.8).
    fn text(&self, world: &World, record: Record, name: &str, indexed: bool) -> Option<String> {
        let field = self.field(world, record, name, indexed)?;
        let number = record.0 == Object::Contacts
            && self.property(name).is_some_and(|one| one.kind == "number");
        let text = field.wire();
        let odd = self.options.decimals && record.1.is_multiple_of(5) && name != "hs_object_id";
        if number && odd && text.parse::<i64>().is_ok() {
            return Some(format!("{text}.0"));
        }
        Some(text)
    }

    /// A row as the answers have it.
    pub(super) fn body(&self, world: &World, record: Record, view: &View) -> Value {
        let (object, place) = record;
        let usual = if view.properties.is_empty() {
            object.usual()
        } else {
            object.always()
        };
        let wanted = view
            .properties
            .iter()
            .map(String::as_str)
            .chain(usual.iter().copied());
        // A property that does not exist is left out without a word; one without a value is null.
        let known = |name: &&str| object != Object::Contacts || self.property(name).is_some();
        let properties: Map<String, Value> = wanted
            .filter(known)
            .map(|name| {
                (
                    name.to_owned(),
                    json!(self.text(world, record, name, view.indexed)),
                )
            })
            .collect();
        let (created, archived) = if object == Object::Contacts {
            let contact = &self.contacts[place as usize];
            (contact.created, contact.archived)
        } else {
            (self.shop.deals[place as usize].at, None)
        };
        let modified = self.modified(record, view.indexed);
        let mut body = json!({
            "id": self.record_id(record).to_string(), "properties": properties,
            "createdAt": stamp(created), "updatedAt": stamp(modified), "archived": archived.is_some(),
        });
        if let Some(at) = archived {
            body["archivedAt"] = json!(stamp(at));
        }
        if !view.history.is_empty() {
            let past: Map<String, Value> = (view.history.iter())
                .filter_map(|name| Some((name.clone(), self.text(world, record, name, false)?)))
                .map(|(name, value)| {
                    (name, json!([{"value": value, "timestamp": stamp(modified), "sourceType": "CRM_UI"}]))
                })
                .collect();
            body["propertiesWithHistory"] = Value::Object(past);
        }
        if view.associations && object != Object::Contacts {
            let kind = object.as_str().trim_end_matches('s');
            let ids = self.buyers(record);
            let rows: Vec<Value> = ids
                .iter()
                .map(|id| json!({"id": id, "type": format!("{kind}_to_contact")}))
                .collect();
            body["associations"] = json!({"contacts": {"results": rows}});
        }
        body
    }

    /// `GET`: in the order of ids, without a filter on time; `after` is the id of the last row.
    fn list(&self, world: &World, call: &Call, object: Object) -> Reply {
        self.need(object.reading())?;
        let view = View::asked(call);
        let limit = call.limit(10, if view.history.is_empty() { 100 } else { 50 })?;
        let after = call
            .number("after")?
            .map_or(0, |after| u64::try_from(after).unwrap_or(0));
        let all = self.records(object, call.parameter("archived") == Some("true"));
        let rows = &all[all.partition_point(|record| self.record_id(*record) <= after)..];
        let page = &rows[..limit.min(rows.len())];
        let bodies: Vec<Value> = page
            .iter()
            .map(|record| self.body(world, *record, &view))
            .collect();
        let mut body = json!({"results": bodies});
        if let Some(last) = page.last().filter(|_| rows.len() > page.len()) {
            body["paging"] = next(&self.record_id(*last).to_string(), &call.path.join("/"));
        }
        Ok(Answer::events(body, self.deal_names(page)))
    }

    /// The names of purchases in an answer, for the ledger.
    pub(super) fn deal_names(&self, page: &[Record]) -> Vec<String> {
        let deals = page
            .iter()
            .filter(|(object, _)| *object != Object::Contacts);
        deals
            .map(|record| format!("{}/{}", record.0.as_str(), self.record_id(*record)))
            .collect()
    }

    /// The place of a row by its id, or by another property that is unique.
    pub(super) fn find(
        &self,
        object: Object,
        key: &str,
        by: Option<&str>,
    ) -> Result<Option<u32>, Problem> {
        match (object, by) {
            (Object::Contacts, None | Some("hs_object_id")) => Ok(self.find_id(key)),
            (Object::Contacts, Some("email")) => Ok(self.find_email(key)),
            (_, Some(other)) if other != "hs_object_id" => Err(Problem::invalid(format!(
                "{other} is not a unique property"
            ))),
            _ => Ok(self
                .records(object, false)
                .into_iter()
                .map(|(_, place)| place)
                .find(|place| self.shop.deals[*place as usize].id.to_string() == key)),
        }
    }

    /// Whether a row that was found is one of those asked for.
    fn shown(&self, object: Object, place: u32, archived: bool) -> bool {
        object != Object::Contacts || self.contacts[place as usize].archived.is_some() == archived
    }

    fn read_one(&self, world: &World, call: &Call, object: Object, id: &str) -> Reply {
        self.need(object.reading())?;
        let archived = call.parameter("archived") == Some("true");
        let place = self.find(object, id, call.parameter("idProperty"))?;
        let place = place.filter(|place| self.shown(object, *place, archived));
        let place = place.ok_or_else(|| Problem::not_found("resource not found"))?;
        Ok(Answer::events(
            self.body(world, (object, place), &View::asked(call)),
            self.deal_names(&[(object, place)]),
        ))
    }

    /// Up to 100 rows by id or address; what is not there is an error of its own (207).
    fn batch_read(&self, world: &World, call: &Call, object: Object) -> Reply {
        self.need(object.reading())?;
        let body = call.object()?;
        let view = View::of_body(&body, false);
        let inputs = call.inputs(if view.history.is_empty() { 100 } else { 50 })?;
        let by = body.get("idProperty").and_then(Value::as_str);
        let archived = call.parameter("archived") == Some("true");
        let (mut rows, mut missing) = (Vec::new(), Vec::new());
        for input in &inputs {
            let key = input["id"]
                .as_str()
                .ok_or_else(|| Problem::invalid("id must be a string"))?;
            match self
                .find(object, key, by)?
                .filter(|place| self.shown(object, *place, archived))
            {
                // The same row twice is given once.
                Some(place) if rows.contains(&(object, place)) => {}
                Some(place) => rows.push((object, place)),
                None => missing.push(key.to_owned()),
            }
        }
        // The rows come in an order of their own.
        rows.sort_by_key(|(_, place)| *place);
        let bodies: Vec<Value> = rows
            .iter()
            .map(|record| self.body(world, *record, &view))
            .collect();
        let failed = Problem::not_found(
            "Could not get some objects, they may be deleted or not exist. Check that ids are valid.",
        );
        let errors = if missing.is_empty() {
            Vec::new()
        } else {
            vec![failed.row(&missing)]
        };
        let (status, body) = self.batch(&bodies, errors);
        let mut answer = Answer::events(body, self.deal_names(&rows));
        answer = answer.with(status);
        Ok(answer)
    }

    /// The envelope of a batch: 200, or 207 with errors (sheet 6).
    pub(super) fn batch(
        &self,
        rows: &[Value],
        errors: Vec<Value>,
    ) -> (axum::http::StatusCode, Value) {
        let now = stamp(self.now);
        let mut body =
            json!({"status": "COMPLETE", "results": rows, "startedAt": now, "completedAt": now});
        if errors.is_empty() {
            return (axum::http::StatusCode::OK, body);
        }
        body["numErrors"] = json!(errors.len());
        body["errors"] = Value::Array(errors);
        (axum::http::StatusCode::MULTI_STATUS, body)
    }
}

/// `paging`: its link is absolute and leads to the real host (sheet 1), so that only `after` is of use.
pub(super) fn next(after: &str, path: &str) -> Value {
    json!({"next": {"after": after, "link": format!("https://api.hubapi.com/{path}?after={after}")}})
}
