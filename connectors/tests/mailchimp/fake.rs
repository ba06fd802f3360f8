//! A Mailchimp account in memory: enough of the API to be read and written, every
//! request kept, and a hook that may change the account or the answer.

use std::{
    collections::BTreeMap,
    io::Write as _,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Clock, Connector, ConnectorError, Cursor, Page, Stream,
    http::{Transport, TransportError},
    mailchimp::{Mailchimp, Settings},
};
use http::{HeaderMap, Request, Response, StatusCode};
use serde_json::{Value, json};

pub(crate) const LIST: &str = "4d0c7e21aa";
pub(crate) const NOW: &str = "2026-11-22T12:00:00Z";

/// One request as it went out.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) host: String,
    /// Below `/3.0`, without the query.
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

pub(crate) type Reply = Result<(u16, Vec<u8>), TransportError>;
type Hook = Box<dyn FnMut(&mut Account, &Asked) -> Option<Reply> + Send>;

/// Everything in the account. Lists of rows by the path that gives them.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) rows: BTreeMap<String, Vec<Value>>,
    pub(crate) batches: Vec<Value>,
    /// The most rows on a page; Mailchimp's own limit is 1,000.
    pub(crate) page_max: usize,
    /// Whether `since` leaves out recipients to whom nothing happened after it.
    pub(crate) since_drops: bool,
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
            page_max: 1000,
            ..Account::default()
        };
        let fake = Self {
            account: Mutex::new(account),
            asked: Mutex::default(),
            hook: Mutex::default(),
            now: Mutex::new(NOW.parse().unwrap()),
        };
        fake.set("lists", vec![json!({"id": LIST, "name": "Newsletter"})]);
        Arc::new(fake)
    }

    pub(crate) fn connector(self: &Arc<Self>) -> Mailchimp {
        self.following(&[])
    }

    pub(crate) fn following(self: &Arc<Self>, lists: &[&str]) -> Mailchimp {
        let settings = Settings {
            base_url: None,
            key: "0123456789abcdef0123456789abcdef-us19".to_owned().into(),
            lists: lists.iter().map(|&name| name.to_owned()).collect(),
            tag_prefix: "engaged:".into(),
            start_tags: Vec::new(),
            start_fields: Vec::new(),
        };
        Mailchimp::new(&settings, self.clone(), self.clone()).unwrap()
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

    /// The paths asked for since the last time.
    pub(crate) fn paths(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.into_iter().map(|asked| asked.path).collect()
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let mut account = self.account.lock().unwrap();
        if let Some(hook) = &mut *self.hook.lock().unwrap()
            && let Some(reply) = hook(&mut account, asked)
        {
            return reply;
        }
        let (status, body) = account.answer(asked);
        Ok((status, body))
    }
}

/// The end of the path names the rows on the wire.
fn name(path: &str) -> &str {
    match path.rsplit('/').next().unwrap() {
        "sent-to" => "sent_to",
        "open-details" => "members",
        "email-activity" => "emails",
        "unsubscribed" => "unsubscribes",
        "abuse-reports" => "abuse_reports",
        "merge-fields" => "merge_fields",
        other => other,
    }
}

impl Account {
    fn answer(&mut self, asked: &Asked) -> (u16, Vec<u8>) {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "archive") => (200, archive(&asked.query["id"], &self.batches)),
            ("GET", "") => (
                200,
                bytes(&json!({"account_name": "Krant", "role": "owner"})),
            ),
            ("GET", path) if path.starts_with("batches/") => {
                let id: usize = path["batches/".len()..].parse().unwrap();
                (200, bytes(&self.batches[id]))
            }
            ("GET", path) if path.starts_with("campaigns/") => {
                (200, bytes(&json!({"id": "x", "tracking": {"opens": true}})))
            }
            ("GET", path) => match self.rows.get(path) {
                Some(rows) => (200, bytes(&self.page(path, rows, &asked.query))),
                None => (404, problem(404, "Resource Not Found")),
            },
            ("POST", "batches") => {
                let id = self.batches.len().to_string();
                let url = format!("https://archives.example/{id}?id={id}");
                self.batches.push(json!({
                    "id": id, "status": "finished", "response_body_url": url,
                    "operations": asked.body["operations"],
                }));
                (
                    200,
                    bytes(&json!({"id": id, "status": "pending", "response_body_url": ""})),
                )
            }
            ("POST", path) if path.ends_with("/merge-fields") => {
                self.rows.get_mut(path).unwrap().push(asked.body.clone());
                (200, bytes(&asked.body))
            }
            other => panic!("not in the account: {other:?}"),
        }
    }

    fn page(&self, path: &str, rows: &[Value], query: &BTreeMap<String, String>) -> Value {
        let number = |name: &str, or: usize| query.get(name).map_or(or, |n| n.parse().unwrap());
        let fits = |row: &&Value| filter(path, row, query, self.since_drops);
        let mut rows: Vec<Value> = rows.iter().filter(fits).cloned().collect();
        if query
            .get("sort_field")
            .is_some_and(|field| field == "last_changed")
        {
            rows.sort_by_key(|row| row["last_changed"].as_str().unwrap().to_owned());
        }
        let total = rows.len();
        let count = number("count", 10).min(self.page_max);
        let rows: Vec<Value> = rows
            .into_iter()
            .skip(number("offset", 0))
            .take(count)
            .collect();
        json!({name(path): rows, "total_items": total})
    }
}

fn filter(path: &str, row: &Value, query: &BTreeMap<String, String>, since_drops: bool) -> bool {
    if path.ends_with("/members") {
        let archived = query
            .get("status")
            .is_some_and(|status| status == "archived");
        let since = query.get("since_last_changed").map_or("", String::as_str);
        return (row["status"] == "archived") == archived
            && row["last_changed"].as_str() > Some(since);
    }
    match query.get("since") {
        Some(since) if since_drops => {
            let deeds = row["activity"].as_array().or(row["opens"].as_array());
            deeds
                .unwrap()
                .iter()
                .any(|deed| deed["timestamp"].as_str() > Some(since.as_str()))
        }
        _ => true,
    }
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

pub(crate) fn problem(status: u16, title: &str) -> Vec<u8> {
    bytes(
        &json!({"type": "x", "title": title, "status": status, "detail": "Sorry.", "instance": "x"}),
    )
}

/// The results of a batch: what `results` of the batch says, else success for each operation.
fn archive(id: &str, batches: &[Value]) -> Vec<u8> {
    let batch = &batches[id.parse::<usize>().unwrap()];
    let fine = |operation: &Value| {
        let patched = operation["body"]
            .as_str()
            .filter(|_| operation["method"] == "PATCH");
        let response = patched.unwrap_or_default();
        json!({"status_code": 200, "operation_id": operation["operation_id"], "response": response})
    };
    let results = match batch["results"].as_array() {
        Some(results) => results.clone(),
        None => batch["operations"]
            .as_array()
            .unwrap()
            .iter()
            .map(fine)
            .collect(),
    };
    let text = Value::from(results).to_string();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    tar.append_data(&mut header, "1.json", text.as_bytes())
        .unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar.into_inner().unwrap()).unwrap();
    gzip.finish().unwrap()
}

#[async_trait]
impl Transport for Fake {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let url = url::Url::parse(&request.uri().to_string()).unwrap();
        let host = url.host_str().unwrap().to_owned();
        let path = match url.path().strip_prefix("/3.0/") {
            Some(path) => path.to_owned(),
            None => "archive".to_owned(),
        };
        let asked = Asked {
            method: request.method().to_string(),
            host,
            path,
            query: url.query_pairs().into_owned().collect(),
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

/// Pulls until the stream has nothing more: the pages, and the cursor after each.
pub(crate) async fn pull_all(
    connector: &Mailchimp,
    stream: Stream,
    mut cursor: Option<Cursor>,
) -> Result<Vec<Page>, ConnectorError> {
    let mut pages = Vec::new();
    loop {
        let page = connector.pull(stream, cursor.as_ref()).await?;
        let done = page.done;
        cursor = Some(page.next.clone());
        pages.push(page);
        assert!(pages.len() < 10_000, "the stream does not end");
        if done {
            return Ok(pages);
        }
    }
}

/// The cursor after the last page.
pub(crate) fn last(pages: &[Page]) -> Option<Cursor> {
    pages.last().map(|page| page.next.clone())
}

/// The instant, seconds after the campaign went out, as the wire has it.
pub(crate) fn stamp(start: &str, seconds: i64) -> String {
    let at: DateTime<Utc> = start.parse().unwrap();
    (at + TimeDelta::seconds(seconds))
        .format("%Y-%m-%dT%H:%M:%S+00:00")
        .to_string()
}
