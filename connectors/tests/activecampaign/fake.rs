//! An `ActiveCampaign` account in memory: enough of the API to be read and written, every request kept, and a hook that
//! may change the account or the answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Clock, Connector, ConnectorError, Cursor, Page, Stream,
    activecampaign::{ActiveCampaign, Settings},
    http::{Transport, TransportError},
};
use http::{HeaderMap, Request, Response, StatusCode};
use serde_json::{Value, json};

pub(crate) const NOW: &str = "2026-11-22T12:00:00Z";
/// Long before, as the platform writes it.
pub(crate) const BEFORE: &str = "2026-02-03T00:13:02-06:00";

/// One request as it went out.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Below `/api/3`, without the query.
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

pub(crate) type Reply = Result<(u16, String), TransportError>;
type Hook = Box<dyn FnMut(&mut Account, &Asked) -> Option<Reply> + Send>;

/// Everything in the account. Lists of rows by the path that gives them.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) rows: BTreeMap<String, Vec<Value>>,
    /// The most rows on a page.
    pub(crate) page_max: usize,
    /// Whether the status of the filter is that of the list of the filter; otherwise it is that of any list.
    pub(crate) status_of_list: bool,
    /// Whether lists tell their total.
    pub(crate) totals: bool,
    made: u64,
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

impl Fake {
    pub(crate) fn new() -> Arc<Self> {
        let account = Account {
            page_max: 100,
            totals: true,
            made: 9_000,
            ..Account::default()
        };
        let fake = Self {
            account: Mutex::new(account),
            asked: Mutex::default(),
            hook: Mutex::default(),
            now: Mutex::new(NOW.parse().unwrap()),
        };
        fake.set(
            "lists",
            vec![
                json!({"id": "1", "name": "Nieuws"}),
                json!({"id": "2", "name": "Winkel"}),
            ],
        );
        for name in [
            "contacts",
            "fields",
            "fieldValues",
            "tags",
            "contactTags",
            "contactLists",
            "contactAutomations",
            "campaigns",
            "bounceLogs",
            "ecomOrders",
        ] {
            fake.set(name, vec![]);
        }
        Arc::new(fake)
    }

    pub(crate) fn connector(self: &Arc<Self>) -> ActiveCampaign {
        self.following(&[])
    }

    pub(crate) fn following(self: &Arc<Self>, lists: &[&str]) -> ActiveCampaign {
        ActiveCampaign::new(&settings(lists), self.clone(), self.clone()).unwrap()
    }

    /// One that may use the bulk import.
    pub(crate) fn importing(self: &Arc<Self>) -> ActiveCampaign {
        let settings = Settings {
            bulk_import: true,
            ..settings(&[])
        };
        ActiveCampaign::new(&settings, self.clone(), self.clone()).unwrap()
    }

    pub(crate) fn set(&self, path: &str, rows: Vec<Value>) {
        self.change(|account| account.rows.insert(path.to_owned(), rows));
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Account) -> T) -> T {
        change(&mut self.account.lock().unwrap())
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

    /// Puts a contact on lists: list and status.
    pub(crate) fn join(&self, number: u64, lists: &[(u64, &str)]) {
        self.change(|account| {
            let rows = account.rows.get_mut("contacts").unwrap();
            rows.push(contact(number));
            rows.sort_by_key(|row| row["id"].as_str().unwrap().parse::<u64>().unwrap());
            for (list, status) in lists {
                let row = json!({"id": format!("{}", number * 10 + list), "contact": number.to_string(),
                    "list": list.to_string(), "status": status, "sdate": BEFORE, "udate": BEFORE, "campaign": null,
                    "unsubreason": null, "ip4Unsub": "0"});
                account.rows.get_mut("contactLists").unwrap().push(row);
            }
        });
    }

    /// What was asked since the last time.
    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// Requests that were no reads.
    pub(crate) fn writes(&self) -> Vec<(String, String, Value)> {
        let writes = self
            .take()
            .into_iter()
            .filter(|asked| asked.method != "GET");
        writes
            .map(|asked| (asked.method, asked.path, asked.body))
            .collect()
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let mut account = self.account.lock().unwrap();
        if let Some(hook) = &mut *self.hook.lock().unwrap()
            && let Some(reply) = hook(&mut account, asked)
        {
            return reply;
        }
        let (status, body) = account.answer(asked);
        Ok((status, body.to_string()))
    }
}

fn settings(lists: &[&str]) -> Settings {
    Settings {
        base_url: "https://krant.api-us1.com".into(),
        key: "0123456789abcdef0123456789abcdef".to_owned().into(),
        lists: lists.iter().map(|&name| name.to_owned()).collect(),
        tag_prefix: "engaged:".into(),
        start_tags: vec!["win terug".into()],
        start_fields: vec!["BEGIN".into()],
        bulk_import: false,
    }
}

/// A contact's row in the list.
pub(crate) fn contact(number: u64) -> Value {
    json!({"id": number.to_string(), "email": format!("lezer{number}@example.org"), "firstName": "Marit", "phone": "",
        "cdate": BEFORE, "udate": BEFORE, "deleted": "0", "bounced_hard": "0"})
}

fn missing() -> (u16, Value) {
    (
        404,
        json!({"message": "No Result found for Subscriber with id 100"}),
    )
}

impl Account {
    fn answer(&mut self, asked: &Asked) -> (u16, Value) {
        let parts: Vec<&str> = asked.path.split('/').collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("GET", ["users", "me"]) => (200, json!({"user": {"id": "1", "username": "marit"}})),
            ("GET", ["contacts", own, name]) => {
                if self.find("contacts", own).is_none() {
                    return missing();
                }
                let rows = self.of(own, name);
                (200, self.page(name, rows, &asked.query))
            }
            ("GET", ["contacts", own]) => match self.find("contacts", own) {
                Some(row) => {
                    let (lists, values) =
                        (self.of(own, "contactLists"), self.of(own, "fieldValues"));
                    (
                        200,
                        json!({"contact": row, "contactLists": lists, "fieldValues": values}),
                    )
                }
                None => missing(),
            },
            ("GET", _) => match self.rows.get(&asked.path) {
                Some(rows) => {
                    let fits = |row: &&Value| self.fits(row, &asked.query);
                    let rows = rows.iter().filter(fits).cloned().collect();
                    let name = parts.last().unwrap();
                    (200, self.page(name, rows, &asked.query))
                }
                None => missing(),
            },
            ("PUT", ["contacts", own]) => match self.find("contacts", own) {
                Some(row) => {
                    for value in asked.body["contact"]["fieldValues"].as_array().unwrap() {
                        let field = &value["field"];
                        let values = self.rows.get_mut("fieldValues").unwrap();
                        values.retain(|row| row["contact"] != *own || row["field"] != *field);
                        values.push(json!({"id": format!("{own}{}", field.as_str().unwrap()), "contact": own,
                            "field": field, "value": value["value"]}));
                    }
                    (200, json!({"contact": row}))
                }
                None => missing(),
            },
            ("POST", [name]) => self.make(name, &asked.body),
            ("DELETE", [name, own]) => {
                let rows = self.rows.get_mut(*name).unwrap();
                let before = rows.len();
                rows.retain(|row| row["id"] != *own);
                if rows.len() < before {
                    (200, json!({}))
                } else {
                    missing()
                }
            }
            other => panic!("not in the account: {other:?}"),
        }
    }

    fn find(&self, name: &str, own: &str) -> Option<Value> {
        self.rows[name].iter().find(|row| row["id"] == own).cloned()
    }

    fn of(&self, own: &str, name: &str) -> Vec<Value> {
        let rows = self.rows.get(name).into_iter().flatten();
        rows.filter(|row| row["contact"] == own).cloned().collect()
    }

    fn fits(&self, row: &Value, query: &BTreeMap<String, String>) -> bool {
        let number = |row: &Value| row["id"].as_str().unwrap().parse::<u64>().unwrap();
        let behind = query
            .get("id_greater")
            .is_none_or(|id| number(row) > id.parse().unwrap());
        let since = query.get("filters[updated_after]").is_none_or(|since| {
            let since: DateTime<Utc> = since.parse().unwrap();
            row["udate"]
                .as_str()
                .unwrap()
                .parse::<DateTime<Utc>>()
                .unwrap()
                > since
        });
        let ids = query
            .get("ids[]")
            .is_none_or(|ids| ids.split(',').any(|id| row["id"] == id));
        let behind = behind && ids;
        let named = query
            .get("search")
            .is_none_or(|word| row["tag"].as_str().unwrap().contains(word.as_str()));
        let lists = self.of(row["id"].as_str().unwrap_or_default(), "contactLists");
        let (list, status) = (query.get("listid"), query.get("status"));
        let on = list.is_none_or(|list| lists.iter().any(|row| row["list"] == *list));
        let with = status.is_none_or(|status| {
            let own =
                |row: &&Value| !self.status_of_list || list.is_none_or(|list| row["list"] == *list);
            lists.iter().filter(own).any(|row| row["status"] == *status)
        });
        behind && since && named && on && with
    }

    fn page(&self, name: &str, rows: Vec<Value>, query: &BTreeMap<String, String>) -> Value {
        let number = |name: &str, or: usize| query.get(name).map_or(or, |n| n.parse().unwrap());
        let total = rows.len();
        let count = number("limit", 20).min(self.page_max);
        let rows: Vec<Value> = rows
            .into_iter()
            .skip(number("offset", 0))
            .take(count)
            .collect();
        let meta = if self.totals {
            json!({"total": total.to_string()})
        } else {
            json!({})
        };
        json!({name: rows, "meta": meta})
    }

    fn make(&mut self, name: &str, body: &Value) -> (u16, Value) {
        self.made += 1;
        let (own, key) = (self.made.to_string(), name.strip_suffix('s').unwrap());
        if key == "fieldRel" {
            return (201, json!({"fieldRel": {"id": own}}));
        }
        let mut row = body[key].clone();
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        for field in ["contact", "tag", "list", "automation"] {
            if row.get(field).is_some() {
                row[field] = text(&row[field]).into();
            }
        }
        if key == "contactList" {
            let rows = self.rows.get_mut("contactLists").unwrap();
            let same =
                |old: &&mut Value| old["contact"] == row["contact"] && old["list"] == row["list"];
            let old = rows.iter_mut().find(same).unwrap();
            old["status"] = row["status"].clone();
            return (200, json!({"contactList": old}));
        }
        if key == "contactTag"
            && self
                .find("contacts", row["contact"].as_str().unwrap())
                .is_none()
        {
            return (
                404,
                json!({"errors": [{"status": 404, "title": "Not Found", "detail": "Contact not found"}]}),
            );
        }
        row["id"] = own.into();
        if key == "contactAutomation" {
            row["status"] = "1".into();
        }
        self.rows.get_mut(name).unwrap().push(row.clone());
        (201, json!({key: row}))
    }
}

#[async_trait]
impl Transport for Fake {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let url = url::Url::parse(&request.uri().to_string()).unwrap();
        assert_eq!(url.host_str(), Some("krant.api-us1.com"));
        let asked = Asked {
            method: request.method().to_string(),
            path: url.path().strip_prefix("/api/3/").unwrap().to_owned(),
            query: query(&url),
            headers: request.headers().clone(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
        };
        self.asked.lock().unwrap().push(asked.clone());
        let (status, body) = self.answer(&asked)?;
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Ok(response)
    }
}

/// The query; values of one name are joined.
fn query(url: &url::Url) -> BTreeMap<String, String> {
    let mut query = BTreeMap::<String, String>::new();
    for (name, value) in url.query_pairs() {
        let own = query.entry(name.into_owned()).or_default();
        if !own.is_empty() {
            own.push(',');
        }
        own.push_str(&value);
    }
    query
}

/// Pulls until the stream has nothing more.
pub(crate) async fn pull_all(
    connector: &ActiveCampaign,
    stream: Stream,
    mut cursor: Option<Cursor>,
) -> Result<Vec<Page>, ConnectorError> {
    let mut pages = Vec::new();
    loop {
        let page = connector.pull(stream, cursor.as_ref()).await?;
        let done = page.done;
        cursor = Some(page.next.clone());
        pages.push(page);
        assert!(pages.len() < 1_000, "the stream does not end");
        if done {
            return Ok(pages);
        }
    }
}

/// The cursor after the last page.
pub(crate) fn last(pages: &[Page]) -> Option<Cursor> {
    pages.last().map(|page| page.next.clone())
}
