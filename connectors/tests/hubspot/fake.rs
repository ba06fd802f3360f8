//! A HubSpot account in memory: enough of the API to be read and written, every
//! request kept, and a hook that may change the account or the answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Clock, Connector, ConnectorError, Cursor, Page, Stream,
    http::{Transport, TransportError},
    hubspot::{HubSpot, Purchases, Settings},
    model::Address,
};
use http::{HeaderMap, Request, Response, StatusCode};
use serde_json::{Value, json};

pub(crate) const NOW: &str = "2026-11-22T12:00:00Z";

/// One request as it went out.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) body: Value,
}

pub(crate) type Reply = Result<(u16, Value), TransportError>;
type Hook = Box<dyn FnMut(&mut Account, &Asked) -> Option<Reply> + Send>;

/// Everything in the account.
#[derive(Default)]
pub(crate) struct Account {
    /// Contacts by id: their properties.
    pub(crate) contacts: BTreeMap<u64, Value>,
    pub(crate) deals: BTreeMap<u64, Value>,
    /// Mail events.
    pub(crate) events: Vec<Value>,
    pub(crate) timeline: Vec<Value>,
    pub(crate) visits: Vec<Value>,
    /// Submissions by form.
    pub(crate) forms: BTreeMap<String, Vec<Value>>,
    /// Number properties that exist.
    pub(crate) properties: Vec<String>,
    /// Lists by name: how they are filled, and who is on them.
    pub(crate) lists: BTreeMap<String, (String, Vec<String>)>,
    /// The most rows on a page of mail events.
    pub(crate) page_max: usize,
    /// Headers of every answer.
    pub(crate) headers: HeaderMap,
}

pub(crate) struct Fake {
    pub(crate) account: Mutex<Account>,
    pub(crate) asked: Mutex<Vec<Asked>>,
    hook: Mutex<Option<Hook>>,
    now: Mutex<DateTime<Utc>>,
}

impl Clock for Fake {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        base_url: None,
        token: "pat-eu1-00000000-1111".to_owned().into(),
        lists: Vec::new(),
        apps: Vec::new(),
        properties: vec!["engagement_score".into()],
        purchases: Purchases::Deals,
        page_visits: true,
        tag_prefix: "engaged:".into(),
        start_tags: vec!["win them back".into()],
    }
}

impl Fake {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            account: Mutex::new(Account {
                page_max: 1_000,
                ..Account::default()
            }),
            asked: Mutex::default(),
            hook: Mutex::default(),
            now: Mutex::new(NOW.parse().unwrap()),
        })
    }

    pub(crate) fn connector(self: &Arc<Self>) -> HubSpot {
        self.with(&settings())
    }

    pub(crate) fn with(self: &Arc<Self>, settings: &Settings) -> HubSpot {
        HubSpot::new(settings, self.clone(), self.clone()).unwrap()
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Account) -> T) -> T {
        change(&mut self.account.lock().unwrap())
    }

    /// Adds a contact that changed so many seconds ago.
    pub(crate) fn person(&self, id: u64, ago: i64) {
        let at = stamp(self.now() - TimeDelta::seconds(ago));
        let email = format!("p{id}@example.org");
        let row = json!({"email": email, "lastmodifieddate": at, "createdate": at, "hs_object_id": id.to_string()});
        self.change(|account| account.contacts.insert(id, row));
    }

    pub(crate) fn hook(
        &self,
        hook: impl FnMut(&mut Account, &Asked) -> Option<Reply> + Send + 'static,
    ) {
        *self.hook.lock().unwrap() = Some(Box::new(hook));
    }

    pub(crate) fn unhook(&self) {
        *self.hook.lock().unwrap() = None;
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        *self.now.lock().unwrap() += time;
    }

    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let mut account = self.account.lock().unwrap();
        if let Some(hook) = &mut *self.hook.lock().unwrap()
            && let Some(reply) = hook(&mut account, asked)
        {
            return reply;
        }
        Ok(account.answer(asked))
    }
}

pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

pub(crate) fn refusal(category: &str, message: &str) -> Value {
    json!({"status": "error", "message": message, "correlationId": "0f4c", "category": category})
}

fn millis(value: &Value) -> i64 {
    let at: DateTime<Utc> = value.as_str().unwrap().parse().unwrap();
    at.timestamp_millis()
}

impl Account {
    fn answer(&mut self, asked: &Asked) -> (u16, Value) {
        let parts: Vec<&str> = asked.path.split('/').collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("GET", ["crm", "v3", "objects", "contacts"]) => (200, self.listed(asked)),
            ("GET", ["crm", "v3", "objects", "contacts", id]) => {
                let id: u64 = id.parse().unwrap();
                match self.contacts.get(&id) {
                    Some(row) => (200, record(id, row)),
                    None => (404, refusal("OBJECT_NOT_FOUND", "resource not found")),
                }
            }
            ("POST", ["crm", "v3", "objects", "contacts", "batch", "read"]) => {
                let ids = ids(&asked.body["inputs"]);
                let found = ids
                    .iter()
                    .filter_map(|id| Some(record(*id, self.contacts.get(id)?)));
                (
                    200,
                    json!({"status": "COMPLETE", "results": found.collect::<Vec<_>>()}),
                )
            }
            ("POST", ["crm", "v3", "objects", "contacts", "batch", "update"]) => {
                self.update(&asked.body["inputs"])
            }
            ("POST", ["crm", "v3", "objects", kind, "search"]) => {
                let rows = if *kind == "contacts" {
                    &self.contacts
                } else {
                    &self.deals
                };
                (200, search(rows, &asked.body))
            }
            _ => self.feeds(asked, &parts),
        }
    }

    fn feeds(&mut self, asked: &Asked, parts: &[&str]) -> (u16, Value) {
        match (asked.method.as_str(), parts) {
            ("GET", ["crm", "v3", "objects", _]) => (200, json!({"results": []})),
            (
                "POST",
                [
                    "crm",
                    "v4",
                    "associations",
                    "deals",
                    "contacts",
                    "batch",
                    "read",
                ],
            ) => {
                let one =
                    |id: u64| json!({"from": {"id": id.to_string()}, "to": [{"toObjectId": 51}]});
                let rows: Vec<Value> = ids(&asked.body["inputs"]).into_iter().map(one).collect();
                (200, json!({"status": "COMPLETE", "results": rows}))
            }
            ("GET", ["email", "public", "v1", "events"]) => (200, self.mail(asked)),
            ("GET", ["email", "public", "v1", "subscriptions", "timeline"]) => {
                let inside = |row: &&Value| within(asked, row["timestamp"].as_i64().unwrap());
                let rows: Vec<&Value> = self.timeline.iter().filter(inside).collect();
                (
                    200,
                    json!({"hasMore": false, "offset": "x", "timeline": rows}),
                )
            }
            ("GET", ["events", "v3", "events", ..]) => (200, json!({"results": self.visits})),
            ("GET", ["marketing", "v3", "forms"]) => {
                let rows: Vec<Value> = self
                    .forms
                    .keys()
                    .map(|id| json!({"id": id, "name": id}))
                    .collect();
                (200, json!({"results": rows}))
            }
            ("GET", ["form-integrations", "v1", "submissions", "forms", id]) => {
                let from: usize = asked
                    .query
                    .get("after")
                    .map_or(0, |after| after.parse().unwrap());
                let rows = &self.forms[*id];
                let page: Vec<&Value> = rows.iter().skip(from).take(50).collect();
                let next = from + page.len();
                let paging =
                    (next < rows.len()).then(|| json!({"next": {"after": next.to_string()}}));
                (200, json!({"results": page, "paging": paging}))
            }
            _ => self.settings(asked, parts),
        }
    }

    fn settings(&mut self, asked: &Asked, parts: &[&str]) -> (u16, Value) {
        match (asked.method.as_str(), parts) {
            ("GET", ["communication-preferences", "v4", "definitions"]) => (
                200,
                json!({"status": "COMPLETE", "results": [{"id": "7", "name": "News"}, {"id": "8", "name": "Offers"}]}),
            ),
            ("POST", ["communication-preferences", "v4", "statuses", ..]) => {
                (200, json!({"status": "COMPLETE"}))
            }
            ("GET", ["crm", "v3", "properties", "contacts"]) => {
                let rows: Vec<Value> = self
                    .properties
                    .iter()
                    .map(|name| json!({"name": name, "type": "number"}))
                    .collect();
                (200, json!({"results": rows}))
            }
            ("GET", ["crm", "v3", "properties", "contacts", name]) => {
                if self.properties.iter().any(|own| own == name) {
                    return (200, json!({"name": name, "type": "number"}));
                }
                if *name == "firstname" {
                    return (200, json!({"name": name, "type": "string"}));
                }
                (404, refusal("OBJECT_NOT_FOUND", "no such property"))
            }
            ("POST", ["crm", "v3", "properties", "contacts"]) => {
                self.properties
                    .push(asked.body["name"].as_str().unwrap().to_owned());
                (201, asked.body.clone())
            }
            _ => self.lists(asked, parts),
        }
    }

    fn lists(&mut self, asked: &Asked, parts: &[&str]) -> (u16, Value) {
        let list = |number: usize, kind: &str| json!({"list": {"listId": (number + 1).to_string(), "processingType": kind}});
        match (asked.method.as_str(), parts) {
            ("GET", ["crm", "v3", "lists", "object-type-id", "0-1", "name", name]) => {
                match self
                    .lists
                    .iter()
                    .enumerate()
                    .find(|(_, (own, _))| own == name)
                {
                    Some((number, (_, (kind, _)))) => (200, list(number, kind)),
                    None => (404, refusal("OBJECT_NOT_FOUND", "no such list")),
                }
            }
            ("POST", ["crm", "v3", "lists"]) => {
                let name = asked.body["name"].as_str().unwrap().to_owned();
                self.lists
                    .insert(name.clone(), ("MANUAL".into(), Vec::new()));
                let number = self.lists.keys().position(|own| *own == name).unwrap();
                (200, list(number, "MANUAL"))
            }
            ("PUT", ["crm", "v3", "lists", id, "memberships", verb]) => {
                let ids: Vec<String> = serde_json::from_value(asked.body.clone()).unwrap();
                let (there, gone): (Vec<_>, Vec<_>) = ids
                    .into_iter()
                    .partition(|id| self.contacts.contains_key(&id.parse().unwrap()));
                let place: usize = id.parse::<usize>().unwrap() - 1;
                let (_, members) = self.lists.values_mut().nth(place).unwrap();
                members.retain(|id| !there.contains(id));
                if *verb == "add" {
                    members.extend(there.clone());
                }
                (
                    200,
                    json!({"recordsIdsAdded": there, "recordIdsRemoved": [], "recordIdsMissing": gone}),
                )
            }
            ("POST", ["automation", "v2", "workflows", ..]) => (204, Value::Null),
            other => panic!("not in the account: {other:?}"),
        }
    }

    fn listed(&self, asked: &Asked) -> Value {
        let after: u64 = asked
            .query
            .get("after")
            .map_or(0, |after| after.parse().unwrap());
        let limit: usize = asked.query["limit"].parse().unwrap();
        assert!(limit <= 100, "the list gives no more");
        let rows: Vec<(&u64, &Value)> = self.contacts.range(after + 1..).take(limit).collect();
        let last = rows.last().map_or(after, |(id, _)| **id);
        let more = self.contacts.range(last + 1..).next().is_some();
        let paging = more.then(
            || json!({"next": {"after": last.to_string(), "link": "https://elsewhere.example/x"}}),
        );
        let rows: Vec<Value> = rows.into_iter().map(|(id, row)| record(*id, row)).collect();
        json!({"results": rows, "paging": paging})
    }

    fn mail(&self, asked: &Asked) -> Value {
        let from: usize = asked
            .query
            .get("offset")
            .map_or(0, |offset| offset[1..].parse().unwrap());
        let limit: usize = asked
            .query
            .get("limit")
            .map_or(10, |limit| limit.parse().unwrap());
        let kind = asked.query.get("eventType");
        let mut rows: Vec<&Value> = self
            .events
            .iter()
            .filter(|row| kind.is_none_or(|kind| row["type"] == kind.as_str()))
            .filter(|row| within(asked, row["created"].as_i64().unwrap()))
            .collect();
        rows.sort_by_key(|row| -row["created"].as_i64().unwrap());
        let page: Vec<&Value> = rows
            .iter()
            .skip(from)
            .take(limit.min(self.page_max))
            .copied()
            .collect();
        let next = from + page.len();
        json!({"hasMore": next < rows.len(), "offset": format!("C{next}"), "events": page})
    }

    /// As HubSpot: a bad property refuses the whole batch, a contact that is gone its row alone.
    fn update(&mut self, inputs: &Value) -> (u16, Value) {
        let own = ids(inputs);
        assert!(own.len() <= 100, "too many in one batch");
        let mut once = own.clone();
        once.dedup();
        if once.len() != own.len() {
            return (
                400,
                refusal("VALIDATION_ERROR", "Duplicate IDs found in batch input"),
            );
        }
        let rows = inputs.as_array().unwrap();
        if let Some(odd) = rows
            .iter()
            .find(|row| row["properties"]["engagement_score"] == "much")
        {
            return (
                400,
                refusal(
                    "VALIDATION_ERROR",
                    &format!("{} was not a number", odd["id"]),
                ),
            );
        }
        for row in rows {
            for name in row["properties"].as_object().unwrap().keys() {
                if !self.properties.contains(name) {
                    let context = json!({"propertyName": [name]});
                    let error = json!({"message": "no such property", "code": "PROPERTY_DOESNT_EXIST", "context": context});
                    return (
                        400,
                        json!({"status": "error", "category": "VALIDATION_ERROR", "errors": [error]}),
                    );
                }
            }
        }
        let (mut results, mut errors) = (Vec::new(), Vec::new());
        for (id, row) in own.iter().zip(rows) {
            match self.contacts.get_mut(id) {
                Some(contact) => {
                    for (name, value) in row["properties"].as_object().unwrap() {
                        contact[name] = value.clone();
                    }
                    results.push(record(*id, contact));
                }
                None => {
                    errors.push(json!({"status": "error", "category": "OBJECT_NOT_FOUND",
                    "message": "could not get some objects", "context": {"ids": [id.to_string()]}}));
                }
            }
        }
        let status = if errors.is_empty() { 200 } else { 207 };
        (
            status,
            json!({"status": "COMPLETE", "results": results, "numErrors": errors.len(), "errors": errors}),
        )
    }
}

fn ids(inputs: &Value) -> Vec<u64> {
    let rows = inputs.as_array().unwrap();
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

fn record(id: u64, properties: &Value) -> Value {
    json!({"id": id.to_string(), "properties": properties, "archived": false})
}

/// Whether a time lies between the bounds, both of which are inclusive.
fn within(asked: &Asked, at: i64) -> bool {
    let bound = |name: &str, or: i64| {
        asked
            .query
            .get(name)
            .map_or(or, |text| text.parse().unwrap())
    };
    (bound("startTimestamp", 0)..=bound("endTimestamp", i64::MAX)).contains(&at)
}

/// A search as HubSpot answers it: no more than 200 rows, and none beyond the first 10,000.
fn search(rows: &BTreeMap<u64, Value>, body: &Value) -> Value {
    let filters = body["filterGroups"][0]["filters"].as_array().unwrap();
    let holds = |id: u64, row: &Value| {
        filters.iter().all(|filter| {
            let wanted = filter["value"].as_str().unwrap();
            let number = || wanted.parse::<i64>().unwrap();
            match (
                filter["propertyName"].as_str().unwrap(),
                filter["operator"].as_str().unwrap(),
            ) {
                (name, "GTE") => millis(&row[name]) >= number(),
                ("hs_object_id", "GT") => i64::try_from(id).unwrap() > number(),
                (name, "EQ") if name.ends_with("modifieddate") => millis(&row[name]) == number(),
                (name, "EQ") => row[name] == wanted,
                other => panic!("{other:?}"),
            }
        })
    };
    let mut found: Vec<(&u64, &Value)> = rows.iter().filter(|(id, row)| holds(**id, row)).collect();
    let sort = body["sorts"][0]["propertyName"].as_str().unwrap();
    found.sort_by_key(|(id, row)| {
        if sort == "hs_object_id" {
            (0, **id)
        } else {
            (millis(&row[sort]), 0)
        }
    });
    let limit = usize::try_from(body["limit"].as_u64().unwrap()).unwrap();
    let after: usize = body["after"]
        .as_str()
        .map_or(0, |after| after.parse().unwrap());
    assert!(limit <= 200 && after < 10_000, "beyond the ceiling");
    let page: Vec<Value> = found
        .iter()
        .skip(after)
        .take(limit)
        .map(|(id, row)| record(**id, row))
        .collect();
    let next = after + page.len();
    let paging = (next < found.len()).then(|| json!({"next": {"after": next.to_string()}}));
    json!({"total": found.len(), "results": page, "paging": paging})
}

#[async_trait]
impl Transport for Fake {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let url = url::Url::parse(&request.uri().to_string()).unwrap();
        assert_eq!(url.host_str(), Some("api.hubapi.com"), "followed a link");
        assert!(url.as_str().len() < 8_000, "HubSpot answers 414");
        let path = url
            .path()
            .trim_start_matches('/')
            .replace("%3A", ":")
            .replace("%20", " ");
        let asked = Asked {
            method: request.method().to_string(),
            path,
            query: url.query_pairs().into_owned().collect(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
        };
        self.asked.lock().unwrap().push(asked.clone());
        let (status, body) = self.answer(&asked)?;
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        let headers = self.change(|account| account.headers.clone());
        response.headers_mut().extend(headers);
        Ok(response)
    }
}

/// Pulls until the stream has nothing more: the pages.
pub(crate) async fn pull_all(
    connector: &HubSpot,
    stream: Stream,
    mut cursor: Option<Cursor>,
) -> Result<Vec<Page>, ConnectorError> {
    let mut pages = Vec::new();
    loop {
        let page = connector.pull(stream, cursor.as_ref()).await?;
        let done = page.done;
        cursor = Some(page.next.clone());
        pages.push(page);
        assert!(pages.len() < 2_000, "the stream does not end");
        if done {
            return Ok(pages);
        }
    }
}

/// The cursor after the last page.
pub(crate) fn last(pages: &[Page]) -> Option<Cursor> {
    pages.last().map(|page| page.next.clone())
}

pub(crate) fn address(id: u64) -> Option<Address> {
    Address::parse(&format!("p{id}@example.org"))
}
