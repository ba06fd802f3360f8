//! A Copernica account in memory: enough of the API to be read and written, every
//! request kept, and a hook that may change the account or the answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Clock, Connector, ConnectorError, Cursor, Page, Stream,
    copernica::{Copernica, Settings},
    http::{Transport, TransportError},
};
use http::{HeaderMap, Request, Response};
use serde_json::{Value, json};

pub(crate) const NOW: &str = "2026-02-10T12:00:00Z";
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// One request as it went out.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Below `/v4`, without the query; `auth` for the exchange of the token.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    fn filters(&self) -> impl Iterator<Item = &str> {
        let ours = self.query.iter().filter(|(name, _)| name == "fields[]");
        ours.map(|(_, value)| value.as_str())
    }
}

pub(crate) type Reply = Result<(u16, String), TransportError>;
type Hook = Box<dyn FnMut(&mut Account, &Asked) -> Option<Reply> + Send>;

pub(crate) struct Account {
    pub(crate) fields: Vec<Value>,
    pub(crate) behaviour: Value,
    pub(crate) profiles: BTreeMap<u64, Value>,
    pub(crate) subprofiles: BTreeMap<u64, Value>,
    /// Event rows by path.
    pub(crate) events: BTreeMap<String, Vec<Value>>,
    /// Files by name, and the dates that have some.
    pub(crate) files: BTreeMap<String, Value>,
    /// Interests that are defined; others are dropped in silence.
    pub(crate) interests: BTreeSet<String>,
    pub(crate) page_max: usize,
    pub(crate) ignores_filters: bool,
    /// Whether imports find profiles by `ID`, or take every profile for a match.
    pub(crate) imports_by_id: bool,
    pub(crate) mailed: Vec<Value>,
    /// The number of the valid token; a new one is given for each exchange.
    pub(crate) session: u32,
}

pub(crate) struct Fake {
    pub(crate) account: Mutex<Account>,
    asked: Mutex<Vec<Asked>>,
    hook: Mutex<Option<Hook>>,
    now: Mutex<DateTime<Utc>>,
}

impl Clock for Fake {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }
}

pub(crate) fn profile(id: u64, modified: &str) -> Value {
    json!({"ID": id.to_string(), "fields": {"Email": format!("p{id}@example.org"), "EngScore": "0", "Nieuwsbrief": "ja"},
        "interests": [], "database": "7616", "modified": modified, "created": "2025-03-09 09:11:12", "removed": false})
}

pub(crate) fn settings() -> Settings {
    Settings {
        base_url: Some("http://127.0.0.1:9/v4".into()),
        auth_url: Some("http://127.0.0.1:9/auth".into()),
        token: TOKEN.to_owned().into(),
        database: "7616".into(),
        time_zone: None,
        products: Vec::new(),
        retention_days: Some(30),
        collections: Vec::new(),
        unsubscribe_may_remove: false,
        imports: false,
        tag_prefix: "engaged:".into(),
        start_tags: vec!["nurture".into()],
        start_fields: vec!["NurtureStart".into()],
        webhook_account: None,
    }
}

impl Fake {
    pub(crate) fn new() -> Arc<Self> {
        let field = |id: u64, name: &str, kind: &str| json!({"ID": id.to_string(), "name": name, "type": kind});
        let account = Account {
            fields: vec![
                field(1, "Email", "email"),
                field(2, "EngScore", "integer"),
                field(3, "Nieuwsbrief", "select"),
                field(4, "NurtureStart", "empty_date"),
            ],
            behaviour: json!({"behavior": "update", "fields": {"Nieuwsbrief": "nee"}}),
            profiles: BTreeMap::new(),
            subprofiles: BTreeMap::new(),
            events: BTreeMap::new(),
            files: BTreeMap::new(),
            interests: BTreeSet::new(),
            page_max: 1000,
            ignores_filters: false,
            imports_by_id: true,
            mailed: Vec::new(),
            session: 0,
        };
        Arc::new(Self {
            account: Mutex::new(account),
            asked: Mutex::default(),
            hook: Mutex::default(),
            now: Mutex::new(NOW.parse().unwrap()),
        })
    }

    pub(crate) fn connector(self: &Arc<Self>) -> Copernica {
        self.with(&settings())
    }

    pub(crate) fn with(self: &Arc<Self>, settings: &Settings) -> Copernica {
        Copernica::new(settings, self.clone(), self.clone()).unwrap()
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Account) -> T) -> T {
        change(&mut self.account.lock().unwrap())
    }

    pub(crate) fn people(&self, ids: impl IntoIterator<Item = u64>) {
        let row = |id| (id, profile(id, "2026-02-03 07:13:02"));
        self.change(|account| account.profiles.extend(ids.into_iter().map(row)));
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

    /// What was asked since the last time.
    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// Method and path of the requests that were to write, since the last time; not the exchange of tokens.
    pub(crate) fn writes(&self) -> Vec<String> {
        let writes = self
            .take()
            .into_iter()
            .filter(|asked| asked.method != "GET" && asked.path != "auth");
        writes
            .map(|asked| format!("{} {}", asked.method, asked.path))
            .collect()
    }
}

impl Account {
    fn answer(&mut self, asked: &Asked, now: DateTime<Utc>) -> (u16, Value) {
        let parts: Vec<&str> = asked.path.split('/').collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("GET", ["identity"]) => (
                200,
                json!({"ID": "12", "name": "Schoenen BV", "company": "Schoenen"}),
            ),
            ("GET", ["databases"]) => (200, json!({"data": [{"ID": "7616", "name": "Klanten"}]})),
            ("GET", ["consumption"]) => (200, json!({"apicalls": 1234, "emails": 5})),
            ("GET", ["database", _, "fields"]) => (200, json!({"data": self.fields})),
            ("POST", ["database", _, "fields"]) => {
                self.fields.push(asked.body.clone());
                (201, Value::Null)
            }
            ("GET", ["database", _, "unsubscribe"]) => (200, self.behaviour.clone()),
            ("GET", ["database", _, "profiles"]) => (200, page(&self.profiles, asked, self)),
            ("GET", ["collection", _, "subprofiles"]) => {
                (200, page(&self.subprofiles, asked, self))
            }
            ("POST", ["database", _, "interests"]) => {
                self.interests
                    .insert(asked.body["name"].as_str().unwrap().into());
                (201, Value::Null)
            }
            (_, ["profile", id, rest @ ..]) => self.profile(asked, id.parse().unwrap(), rest, now),
            ("GET", ["logfiles"]) => (200, self.names(asked)),
            ("GET", ["logfile", name, "json"]) => (200, self.files[*name].clone()),
            ("GET", ["ms" | "publisher", "emailings"]) => (
                200,
                json!({"data": [{"id": 9, "subject": "Winter", "timestamp": "2026-02-02 07:00:00"}]}),
            ),
            ("GET", ["ms" | "publisher", ..]) => (200, self.list(asked)),
            ("POST", ["ms" | "publisher", "emailing"]) => {
                self.mailed.push(asked.body.clone());
                (201, Value::Null)
            }
            ("POST", ["imports"]) => {
                let wanted: Vec<Value> = asked.body["source"].as_array().unwrap().clone();
                for row in wanted {
                    let own = row["ID"].as_u64().unwrap();
                    let ids: Vec<u64> = self
                        .profiles
                        .keys()
                        .copied()
                        .filter(|id| !self.imports_by_id || *id == own)
                        .collect();
                    for id in ids {
                        self.profiles.get_mut(&id).unwrap()["fields"]["EngScore"] =
                            row["EngScore"].to_string().into();
                    }
                }
                (201, json!("made"))
            }
            ("GET", ["import", _]) => (
                200,
                json!({"status": "?", "processedLines": 100_000, "lasterror": false}),
            ),
            other => panic!("not in the account: {other:?}"),
        }
    }

    fn profile(
        &mut self,
        asked: &Asked,
        id: u64,
        rest: &[&str],
        now: DateTime<Utc>,
    ) -> (u16, Value) {
        let gone = || {
            (
                400,
                json!({"error": {"message": "No entity with the supplied ID"}}),
            )
        };
        let columns: Vec<String> = self
            .fields
            .iter()
            .map(|field| field["name"].as_str().unwrap().to_owned())
            .collect();
        let Some(profile) = self.profiles.get_mut(&id) else {
            return gone();
        };
        match (asked.method.as_str(), rest) {
            ("PUT", ["fields"]) => {
                for (name, value) in asked.body.as_object().unwrap() {
                    // What is not known is dropped in silence.
                    if let Some(name) = columns.iter().find(|own| own.eq_ignore_ascii_case(name)) {
                        let text = value
                            .as_str()
                            .map_or_else(|| value.to_string(), str::to_owned);
                        profile["fields"][name] = text.into();
                        profile["modified"] = now.format("%Y-%m-%d %H:%M:%S").to_string().into();
                    }
                }
                (204, Value::Null)
            }
            ("POST", ["interests"]) => {
                let mut own: BTreeSet<String> =
                    serde_json::from_value(profile["interests"].clone()).unwrap();
                for (name, on) in asked.body.as_object().unwrap() {
                    if *on == json!(0) {
                        own.remove(name);
                    } else if self.interests.contains(name) {
                        own.insert(name.clone());
                    }
                }
                profile["interests"] = json!(own);
                (201, Value::Null)
            }
            ("PUT", ["unsubscribe"]) => {
                match self.behaviour["behavior"].as_str().unwrap() {
                    "remove" => drop(self.profiles.remove(&id)),
                    "update" => profile["fields"]["Nieuwsbrief"] = "nee".into(),
                    _ => {}
                }
                (204, Value::Null)
            }
            ("DELETE", []) => {
                self.profiles.remove(&id);
                (200, Value::Null)
            }
            other => panic!("not in the account: {other:?}"),
        }
    }

    fn names(&self, asked: &Asked) -> Value {
        let date = |name: &String| name.split('.').nth(1).unwrap().to_owned();
        match asked.get("date") {
            None => json!(self.files.keys().map(date).collect::<BTreeSet<_>>()),
            Some(day) => {
                let fits = |name: &&String| {
                    date(name) == day
                        && (self.ignores_filters || name.split('.').next() == asked.get("type"))
                };
                json!(self.files.keys().filter(fits).collect::<Vec<_>>())
            }
        }
    }

    fn list(&self, asked: &Asked) -> Value {
        let number = |name: &str, or: usize| asked.get(name).map_or(or, |n| n.parse().unwrap());
        let (mut from, mut to) = (
            asked.get("begintime").unwrap_or(""),
            asked.get("endtime").unwrap_or("9"),
        );
        for filter in asked.filters() {
            from = filter.strip_prefix("timestamp>=").unwrap_or(from);
            to = filter.strip_prefix("timestamp<=").unwrap_or(to);
        }
        let fits = |row: &&Value| {
            let at = row["timestamp"].as_str().unwrap_or("5");
            self.ignores_filters || (at >= from && at <= to)
        };
        let none = Vec::new();
        let rows = self
            .events
            .get(&asked.path)
            .unwrap_or(&none)
            .iter()
            .filter(fits);
        let limit = number("limit", 100).min(self.page_max);
        let rows: Vec<&Value> = rows.skip(number("start", 0)).take(limit).collect();
        json!({"start": number("start", 0), "limit": limit, "count": rows.len(), "data": rows})
    }
}

/// A page of profiles, filtered and sorted by id.
fn page(rows: &BTreeMap<u64, Value>, asked: &Asked, account: &Account) -> Value {
    let fits = |row: &&Value| {
        let id: u64 = row["ID"].as_str().unwrap().parse().unwrap();
        let modified = row["modified"].as_str().unwrap();
        account.ignores_filters
            || asked.filters().all(|filter| match filter {
                _ if filter.starts_with("id>") => id > filter[3..].parse().unwrap(),
                _ if filter.starts_with("id<=") => id <= filter[4..].parse().unwrap(),
                _ => modified >= filter.strip_prefix("modified>=").unwrap(),
            })
    };
    let limit = asked
        .get("limit")
        .unwrap()
        .parse::<usize>()
        .unwrap()
        .min(account.page_max);
    let rows: Vec<&Value> = rows.values().filter(fits).take(limit).collect();
    json!({"start": 0, "limit": limit, "count": rows.len(), "data": rows})
}

#[async_trait]
impl Transport for Fake {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let uri = request.uri();
        let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let path = uri.path().trim_start_matches("/v4").trim_start_matches('/');
        let asked = Asked {
            method: request.method().to_string(),
            path: path.to_owned(),
            query: pairs.into_owned().collect(),
            headers: request.headers().clone(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
        };
        self.asked.lock().unwrap().push(asked.clone());
        let now = self.now();
        let account = &mut self.account.lock().unwrap();
        let hooked = self
            .hook
            .lock()
            .unwrap()
            .as_mut()
            .and_then(|hook| hook(account, &asked));
        let mut made = String::new();
        let (status, body) = if let Some(reply) = hooked {
            reply?
        } else if path == "auth" {
            assert_eq!(request.body(), format!("access_token={TOKEN}").as_bytes());
            account.session += 1;
            (
                200,
                format!("eyJhbGciOiJub25lIn0.eyJzdWIiOjF9.s{}", account.session),
            )
        } else if asked.headers["authorization"]
            != format!(
                "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOjF9.s{}",
                account.session
            )
        {
            (
                400,
                r#"{"error":{"message":"Invalid access token"}}"#.to_owned(),
            )
        } else {
            let (status, body) = account.answer(&asked, now);
            if body == json!("made") {
                made = "5".into();
            }
            (
                status,
                if body.is_null() {
                    String::new()
                } else {
                    body.to_string()
                },
            )
        };
        let answer = Response::builder().status(status).header("x-created", made);
        Ok(answer.body(Bytes::from(body)).unwrap())
    }
}

/// Reads a stream to its end.
pub(crate) async fn read(
    connector: &dyn Connector,
    stream: Stream,
    from: Option<Cursor>,
) -> Result<(Vec<Page>, Cursor), ConnectorError> {
    let (mut pages, mut cursor) = (Vec::new(), from);
    for _ in 0..500 {
        let page = connector.pull(stream, cursor.as_ref()).await?;
        let (done, next) = (page.done, page.next.clone());
        pages.push(page);
        if done {
            return Ok((pages, next));
        }
        cursor = Some(next);
    }
    panic!("no end");
}
