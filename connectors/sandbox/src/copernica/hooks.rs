//! Webhooks: what Copernica would send for what happened since it was asked last (sheet 7).
//!
//! Nothing is sent from here: a test carries the deliveries, drops some, repeats and reorders them. A complaint has no
//! webhook, since no page describes one.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::answer::{Answer, Problem, Reply, listed};
use super::call::{Call, text};
use super::options::Options;
use super::state::{Kind, Product, Row, What};
use super::statistics::key;
use super::{lists, signature, time};
use crate::people::Seconds;
use crate::rng::mix;

/// The triggers; the last one is there in the UI only, or in the API too (sheet 7).
const TRIGGERS: [&str; 9] = [
    "create",
    "update",
    "delete",
    "click",
    "delivery",
    "open",
    "bounce",
    "failure",
    "unsubscribe",
];

/// A webhook that somebody made.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    id: u32,
    handler: String,
    trigger: String,
    callers: Vec<String>,
    database: Option<u32>,
}

/// What happened to a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happened {
    Created,
    Updated,
    Deleted,
}

impl Happened {
    const fn trigger(self) -> &'static str {
        match self {
            Self::Created => "create",
            Self::Updated => "update",
            Self::Deleted => "delete",
        }
    }
}

/// A change of a profile, by whatever hand, writes of ours included (sheet 8).
#[derive(Debug, Clone)]
pub(super) struct Stir {
    pub(super) what: Happened,
    pub(super) profile: u32,
    /// Names of columns.
    pub(super) changed: Vec<String>,
    pub(super) at: Seconds,
}

/// One call of a webhook, ready to be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Counted from 1.
    pub number: u64,
    /// `POST`.
    pub method: &'static str,
    /// The handler's address.
    pub url: String,
    /// All headers in their order, the signature included.
    pub headers: Vec<(String, String)>,
    /// The body, to the byte.
    pub body: Vec<u8>,
    /// What it tells of: the name of an event, or `profile/ID create` and the like.
    pub tells: String,
    /// What set it off.
    pub trigger: &'static str,
}

/// The webhooks that the owner made in the UI.
pub(super) fn made_by_hand(options: &Options) -> Vec<Hook> {
    let handlers = options.handler.iter();
    let all = handlers.flat_map(|handler| (1_u32..).zip(TRIGGERS).map(move |pair| (handler, pair)));
    all.map(|(handler, (id, trigger))| Hook {
        id,
        handler: handler.clone(),
        trigger: trigger.to_owned(),
        callers: Product::ALL
            .map(|product| product.word().to_owned())
            .to_vec(),
        database: None,
    })
    .collect()
}

pub(super) fn route(account: &mut Account, call: &Call) -> Reply {
    match call.method.as_str() {
        "GET" => {
            let row = |hook: &Hook| {
                json!({
                    "ID": hook.id.to_string(), "handler": hook.handler, "trigger": hook.trigger,
                    "callers": hook.callers, "database": hook.database,
                })
            };
            Ok(listed(
                call.page(false),
                account.hooks.iter().map(row).collect(),
            ))
        }
        "POST" => add(account, call),
        _ => Err(Problem::method()),
    }
}

fn host(address: &str) -> (&str, &str) {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    }
}

/// A handler's domain must have been validated before (sheet 7): only that of the option is.
fn add(account: &mut Account, call: &Call) -> Reply {
    let body = call.object()?;
    let word = |name: &str| body.get(name).map(text).unwrap_or_default();
    let (handler, trigger) = (word("handler"), word("trigger"));
    let in_ui_only = trigger == "unsubscribe" && !account.options.unsubscribe_trigger;
    if !TRIGGERS.contains(&trigger.as_str()) || in_ui_only {
        return Err(Problem::new("Invalid trigger"));
    }
    let valid = account
        .options
        .handler
        .as_deref()
        .is_some_and(|own| host(own).0 == host(&handler).0);
    if !valid {
        return Err(Problem::new(
            "The domain of the handler has not been validated",
        ));
    }
    let callers = body.get("callers").and_then(Value::as_array);
    let id = account.fresh();
    account.hooks.push(Hook {
        id,
        handler,
        trigger,
        callers: callers.into_iter().flatten().map(text).collect(),
        database: word("database").parse().ok(),
    });
    Ok(Answer::created(
        "webhook",
        id,
        account.options.created_header,
    ))
}

/// Something to tell, before it is known to whom.
struct Tale {
    at: Seconds,
    trigger: &'static str,
    tells: String,
    database: u32,
    caller: Option<&'static str>,
    body: Map<String, Value>,
}

impl Account {
    /// Passes over what happened until now, as if there had been no webhook.
    pub(super) fn forget_news(&mut self) {
        let lengths = |product: Product| {
            Kind::TABLES.map(|kind| self.tables[product.index()][kind as usize].len())
        };
        self.told = (self.stirs.len(), Product::ALL.map(lengths));
    }

    /// The calls for everything that happened since the last time.
    pub(super) fn deliveries(&mut self) -> Vec<Delivery> {
        let mut tales: Vec<Tale> = self.stirs[self.told.0..]
            .iter()
            .map(|stir| self.of_profile(stir))
            .collect();
        for product in Product::ALL {
            for kind in Kind::TABLES {
                let from = self.told.1[product.index()][kind as usize];
                for row in &self.tables[product.index()][kind as usize][from..] {
                    tales.extend(self.of_row(product, kind, row));
                }
            }
        }
        tales.sort_by(|a, b| (a.at, &a.tells).cmp(&(b.at, &b.tells)));
        self.forget_news();
        let mut made = Vec::new();
        for tale in tales {
            for hook in &self.hooks {
                let asked = hook.trigger == tale.trigger
                    && hook.database.is_none_or(|only| only == tale.database)
                    && tale
                        .caller
                        .is_none_or(|caller| hook.callers.iter().any(|own| own == caller));
                if asked {
                    self.hooked += 1;
                    made.push(self.call(hook, &tale, self.hooked));
                }
            }
        }
        made
    }

    fn call(&self, hook: &Hook, tale: &Tale, number: u64) -> Delivery {
        let (kind, body) = if self.options.hooks_as_json {
            let body = Value::Object(tale.body.clone()).to_string();
            ("application/json", body)
        } else {
            ("application/x-www-form-urlencoded", form(&tale.body))
        };
        let body = body.into_bytes();
        Delivery {
            number,
            method: "POST",
            headers: signature::headers(host(&hook.handler), kind, &body, self.now, number),
            url: hook.handler.clone(),
            body,
            tells: tale.tells.clone(),
            trigger: tale.trigger,
        }
    }

    /// The same call again, signed now.
    pub(super) fn again(&self, old: &Delivery) -> Delivery {
        let kind = old.headers.iter().find(|(name, _)| name == "Content-Type");
        let kind = kind.map_or("", |(_, value)| value.as_str());
        // Another number gives another nonce.
        let nonce = old.number ^ mix(&[40, u64::from(self.now)]);
        Delivery {
            headers: signature::headers(host(&old.url), kind, &old.body, self.now, nonce),
            ..old.clone()
        }
    }

    fn of_profile(&self, stir: &Stir) -> Tale {
        let profile = &self.profiles[&stir.profile];
        let database = &self.databases[profile.database];
        let trigger = stir.what.trigger();
        let columns = database.fields.iter().enumerate();
        let fields: Map<String, Value> = columns
            .map(|(place, field)| (field.name.clone(), json!(profile.value(database, place))))
            .collect();
        let mut body = json!({
            "type": trigger, "profile": profile.id, "database": database.id, "fields": fields,
        });
        if stir.what != Happened::Deleted {
            body["parameters"] = json!(stir.changed);
            body["interests"] = lists::interests(self, profile);
            body["created"] = json!(time::stamp(profile.created));
            body["modified"] = json!(time::stamp(stir.at));
            body["timestamp"] = json!(time::stamp(stir.at));
            body["time"] = json!(stir.at);
        }
        Tale {
            at: stir.at,
            trigger,
            tells: format!("profile/{} {trigger}", profile.id),
            database: database.id,
            caller: None,
            body: object(body),
        }
    }

    /// An error sets off two webhooks: `failure`, and `bounce` for the mail that came back.
    fn of_row(&self, product: Product, kind: Kind, row: &Row) -> Vec<Tale> {
        let triggers: &[&'static str] = match kind {
            Kind::Impression => &["open"],
            Kind::Click => &["click"],
            Kind::Delivery => &["delivery"],
            Kind::Error => &["failure", "bounce"],
            Kind::Unsubscribe => &["unsubscribe"],
            Kind::Abuse | Kind::Destination => &[],
        };
        let database = self.databases[self.mails[row.mail as usize].database].id;
        let tale = |trigger: &&'static str| Tale {
            at: row.known,
            trigger,
            tells: key(product, kind, row.id),
            database,
            caller: Some(product.word()),
            body: object(self.body_of_row(trigger, row)),
        };
        triggers.iter().map(tale).collect()
    }

    fn body_of_row(&self, trigger: &str, row: &Row) -> Value {
        let mail = &self.mails[row.mail as usize];
        let database = &self.databases[mail.database];
        let id = mail.to[row.to as usize].profile;
        let recipient = self
            .profiles
            .get(&id)
            .map(|profile| profile.email(database));
        let (stamp, message) = (time::stamp(row.at), mail.message(row.to));
        let mut body = json!({"type": trigger, "timestamp": stamp, "time": row.at});
        let more = match (trigger, row.what) {
            ("unsubscribe", _) => json!({
                "id": row.id, "database": database.id, "profile": id, "mailing": mail.id,
            }),
            ("bounce", _) => json!({
                "id": message, "recipient": recipient, "envelope": "bounces@example.nl", "mime": "Subject: Undelivered", "tags": [],
            }),
            ("failure", What::Failed(code, said)) => json!({
                "id": message, "recipient": recipient, "action": "failed", "state": "bounce", "code": code,
                "extended": code, "description": said, "tags": [],
            }),
            (_, What::Seen(agent)) => json!({
                "id": message, "recipient": recipient, "ip": agent.ip(), "useragent": agent.name(), "referer": "", "tags": [],
            }),
            (_, What::Followed(link, agent)) => json!({
                "id": message, "recipient": recipient, "ip": agent.ip(), "useragent": agent.name(), "referer": "", "tags": [],
                "original": mail.links[usize::from(link) % mail.links.len().max(1)],
            }),
            _ => json!({"id": message, "recipient": recipient, "tags": []}),
        };
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        if self.options.hooks_name_profile && trigger != "bounce" {
            body["profile"] = json!(id);
            body["mailing"] = json!(mail.id);
        }
        body
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// A form: `fields[Email]=…` for objects, `interests[]=…` for lists (sheet 7).
fn form(body: &Map<String, Value>) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in body {
        match value {
            Value::Object(inner) => {
                for (key, value) in inner {
                    form.append_pair(&format!("{name}[{key}]"), &text(value));
                }
            }
            Value::Array(inner) => {
                for value in inner {
                    form.append_pair(&format!("{name}[]"), &text(value));
                }
            }
            plain => {
                form.append_pair(name, &text(plain));
            }
        }
    }
    form.finish()
}
