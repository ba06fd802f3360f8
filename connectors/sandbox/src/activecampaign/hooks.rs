//! Webhooks: who wants to be told of what, and the deliveries, form-encoded with bracket keys and without a signature (sheet 7).

use bytes::Bytes;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::account::Account;
use super::answer::{Answer, Refusal, Reply};
use super::call::{Call, lenient};
use super::event::{Event, Kind};
use super::reports::Known;
use crate::people::{Seconds, World};

/// The names of what can be told (sheet 7).
const EVENTS: [&str; 25] = [
    "bounce",
    "click",
    "contact_tag_added",
    "contact_tag_removed",
    "deal_add",
    "deal_note_add",
    "deal_pipeline_add",
    "deal_stage_add",
    "deal_task_add",
    "deal_task_complete",
    "deal_tasktype_add",
    "deal_update",
    "forward",
    "list_add",
    "open",
    "reply",
    "sent",
    "share",
    "sms_reply",
    "sms_sent",
    "sms_unsub",
    "subscribe",
    "subscriber_note",
    "unsubscribe",
    "update",
];

/// Who may have begun something.
const SOURCES: [&str; 4] = ["public", "admin", "api", "system"];

/// Who began something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Initiator {
    /// The contact.
    Public,
    /// The marketer, on a screen.
    Admin,
    /// A write.
    Api,
    /// An import, of which no webhook tells (sheet 6).
    Import,
}

impl Initiator {
    const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Admin => "admin",
            Self::Api | Self::Import => "api",
        }
    }
}

/// What a webhook could tell of.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// A campaign went out: told once for it, not for each contact (sheet 4.6).
    Sent {
        report: usize,
    },
    Read {
        report: usize,
        known: Known,
    },
    Bounce {
        bounce: usize,
    },
    Leave {
        list: usize,
        campaign: Option<u32>,
    },
    Join {
        list: usize,
    },
    Update,
    Tag {
        tag: usize,
        on: bool,
    },
    Reply {
        report: usize,
    },
}

/// Something that happened while there were webhooks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happening {
    /// The place of the contact; none for a campaign.
    pub(super) contact: Option<usize>,
    pub(super) at: Seconds,
    pub(super) by: Initiator,
    pub(super) what: What,
}

/// A webhook.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    id: u32,
    name: String,
    url: String,
    events: Vec<String>,
    sources: Vec<String>,
    list: u64,
    created: Seconds,
    /// A receiver who answered 410 is called no more (sheet 7).
    active: bool,
    /// The first happening that it was not told of yet.
    next: usize,
}

/// One call of a webhook, ready to be carried: the stand-in sends nothing by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The id of the webhook.
    pub hook: String,
    /// `open`, `click` and so on.
    pub kind: &'static str,
    /// Always `POST`.
    pub method: &'static str,
    /// The webhook's address.
    pub url: String,
    /// The headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The body, to the byte.
    pub body: Bytes,
    /// The key of the event that it tells of, see [`Event::key`]; none for an update, a tag, or a campaign that went out.
    pub event: Option<String>,
}

fn words(value: Option<&Value>) -> Vec<String> {
    let rows = value.and_then(Value::as_array);
    let words = rows.into_iter().flatten().filter_map(Value::as_str);
    words.map(str::to_owned).collect()
}

fn hook_body(account: &Account, hook: &Hook) -> Value {
    json!({
        "cdate": account.zone.stamp(hook.created), "listid": hook.list.to_string(), "name": hook.name, "url": hook.url,
        "events": hook.events, "sources": hook.sources, "links": [], "id": hook.id.to_string(),
    })
}

/// `GET /webhook/events`.
pub(super) fn names() -> Answer {
    Answer::read(json!({"webhookEvents": EVENTS, "meta": {"total": EVENTS.len()}}))
}

/// `/webhooks` and `/webhooks/{id}`.
pub(super) fn route(account: &mut Account, call: &Call, id: Option<&str>) -> Reply {
    let place = id.map(|id| {
        let found = account
            .hooks
            .iter()
            .position(|hook| hook.id.to_string() == id);
        found.ok_or_else(|| Refusal::no_result("Webhook", id))
    });
    let place = place.transpose()?;
    match (call.method.as_str(), place) {
        ("GET", None) => Ok(list(account, call)),
        ("GET", Some(place)) => Ok(Answer::read(
            json!({"webhook": hook_body(account, &account.hooks[place])}),
        )),
        ("POST", None) => make(account, call),
        ("PUT", Some(place)) => {
            let body = call.object("webhook")?;
            edit(&mut account.hooks[place], &body)?;
            let body = hook_body(account, &account.hooks[place]);
            Ok(Answer::written(json!({"webhook": body}), true))
        }
        ("DELETE", Some(place)) => {
            account.hooks.remove(place);
            Ok(Answer::written(json!({}), true))
        }
        _ => Err(Refusal::no_route()),
    }
}

fn list(account: &Account, call: &Call) -> Answer {
    let (name, url) = (
        call.parameter("filters[name]"),
        call.parameter("filters[url]"),
    );
    let rows: Vec<&Hook> = account
        .hooks
        .iter()
        .filter(|hook| {
            name.is_none_or(|name| hook.name == name) && url.is_none_or(|url| hook.url == url)
        })
        .collect();
    let page: Vec<Value> = call
        .page(&rows)
        .iter()
        .map(|hook| hook_body(account, hook))
        .collect();
    Answer::read(json!({"webhooks": page, "meta": {"total": rows.len().to_string()}}))
}

fn make(account: &mut Account, call: &Call) -> Reply {
    let body = call.object("webhook")?;
    for name in ["name", "url", "events", "sources"] {
        if !body.contains_key(name) {
            return Err(Refusal::missing(name));
        }
    }
    let mut hook = Hook {
        id: account.next_id(),
        name: String::new(),
        url: String::new(),
        events: Vec::new(),
        sources: Vec::new(),
        list: 0,
        created: account.now,
        active: true,
        next: account.happenings.len(),
    };
    edit(&mut hook, &body)?;
    let answer = hook_body(account, &hook);
    account.hooks.push(hook);
    Ok(Answer::created(json!({"webhook": answer}), true))
}

fn edit(hook: &mut Hook, body: &serde_json::Map<String, Value>) -> Result<(), Refusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let url = text("url").unwrap_or_else(|| hook.url.clone());
    let parsed = url::Url::parse(&url).ok();
    // For https only port 443 (sheet 7).
    let fits = |url: &url::Url| url.scheme() == "http" || url.port().is_none();
    if !parsed.as_ref().is_some_and(fits) {
        return Err(Refusal::invalid("Webhook url is not valid", "", "url"));
    }
    let events = body.get("events").map(|_| words(body.get("events")));
    let sources = body.get("sources").map(|_| words(body.get("sources")));
    for (given, all, name) in [
        (&events, &EVENTS[..], "events"),
        (&sources, &SOURCES[..], "sources"),
    ] {
        let odd = |word: &String| !all.contains(&word.as_str());
        if given.iter().flatten().any(odd) {
            return Err(Refusal::invalid("Webhook is not valid", "", name));
        }
    }
    hook.url = url;
    hook.name = text("name").unwrap_or_else(|| hook.name.clone());
    hook.events = events.unwrap_or_else(|| hook.events.clone());
    hook.sources = sources.unwrap_or_else(|| hook.sources.clone());
    hook.list = body.get("listid").and_then(lenient).unwrap_or(hook.list);
    Ok(())
}

impl Account {
    /// The deliveries for what happened since the last time, hook by hook, by time.
    pub(super) fn deliveries(&mut self, world: &World) -> Vec<Delivery> {
        let mut made = Vec::new();
        for place in 0..self.hooks.len() {
            let from = self.hooks[place].next;
            self.hooks[place].next = self.happenings.len();
            let mut new: Vec<Happening> = self.happenings[from..].to_vec();
            new.sort_by_key(|happening| happening.at);
            let hook = &self.hooks[place];
            for happening in new.iter().filter(|_| hook.active) {
                made.extend(self.delivery(world, hook, happening));
            }
        }
        self.told.extend(made.iter().cloned());
        made
    }

    fn delivery(&self, world: &World, hook: &Hook, happening: &Happening) -> Option<Delivery> {
        let kind = kind(&happening.what);
        let wanted = hook.events.iter().any(|event| event == kind)
            && hook
                .sources
                .iter()
                .any(|source| source == happening.by.word())
            && happening.by != Initiator::Import
            && self.in_reach(hook, happening);
        let repeated = matches!(happening.what, What::Read { known, .. } if known.link.is_some() && !known.first);
        if !wanted || (repeated && self.options.click_once) {
            return None;
        }
        let at = i64::from(happening.at) + i64::from(self.options.hook_lag);
        let at = Seconds::try_from(at).unwrap_or(happening.at);
        let mut form = Serializer::new(String::new());
        form.append_pair("type", kind)
            .append_pair("date_time", &self.zone.stamp(at))
            .append_pair("initiated_from", happening.by.word())
            .append_pair("initiated_by", happening.by.word())
            .append_pair("list", &hook.list.to_string());
        if let Some(contact) = happening.contact {
            self.contact_block(world, contact, &mut form);
        }
        self.block(world, &happening.what, &mut form);
        Some(Delivery {
            hook: hook.id.to_string(),
            kind,
            method: "POST",
            url: hook.url.clone(),
            headers: vec![
                (
                    "Content-Type".to_owned(),
                    "application/x-www-form-urlencoded".to_owned(),
                ),
                ("User-Agent".to_owned(), "ActiveCampaign".to_owned()),
            ],
            body: Bytes::from(form.finish()),
            event: self.event_of(world, happening).map(|event| event.key()),
        })
    }

    /// Whether a webhook of one list is concerned.
    fn in_reach(&self, hook: &Hook, happening: &Happening) -> bool {
        let list = match happening.what {
            What::Leave { list, .. } | What::Join { list } => Some(list),
            _ => None,
        };
        let of = |list: usize| u64::from(self.lists[list].id) == hook.list;
        hook.list == 0 || list.is_none_or(of)
    }

    /// The event that a happening is.
    pub(super) fn event_of(&self, world: &World, happening: &Happening) -> Option<Event> {
        let contact = self.contacts[happening.contact?].id.to_string();
        let (kind, campaign, detail) = match happening.what {
            What::Read { report, known } => {
                let report = &self.reports[report];
                let url = known
                    .link
                    .and_then(|link| report.campaign(world).links.get(usize::from(link)));
                let kind = url.map_or(Kind::Open, |_| Kind::Click);
                (
                    kind,
                    report.id.to_string(),
                    url.cloned().unwrap_or_default(),
                )
            }
            What::Bounce { bounce } => {
                let event = super::campaigns::bounce_event(self, bounce, &self.bounces[bounce]);
                return Some(event);
            }
            What::Leave { list, campaign } => {
                let campaign = campaign.map(|id| id.to_string()).unwrap_or_default();
                (Kind::Unsubscribe, campaign, self.lists[list].id.to_string())
            }
            What::Join { list } => {
                let list = self.lists[list].id.to_string();
                (Kind::Subscribe, String::new(), list)
            }
            What::Reply { report } => {
                let report = self.reports[report].id.to_string();
                (Kind::Reply, report, String::new())
            }
            What::Sent { .. } | What::Update | What::Tag { .. } => return None,
        };
        Some(Event::new(kind, &campaign, &contact, happening.at, &detail))
    }

    fn contact_block(&self, world: &World, index: usize, form: &mut Serializer<'_, String>) {
        let contact = &self.contacts[index];
        let [first, last, phone] = contact.names(world);
        let tags = contact
            .tags
            .iter()
            .map(|worn| self.tags[worn.tag].name.as_str());
        let tags = tags.collect::<Vec<_>>().join(", ");
        form.append_pair("contact[id]", &contact.id.to_string())
            .append_pair("contact[email]", &contact.address(world))
            .append_pair("contact[first_name]", &first)
            .append_pair("contact[last_name]", &last)
            .append_pair("contact[phone]", &phone)
            .append_pair("contact[orgname]", "")
            .append_pair("contact[customer_acct_name]", "")
            .append_pair("contact[tags]", &tags)
            .append_pair("contact[ip]", "192.0.2.7");
        for (number, field) in self.fields.iter().enumerate() {
            if let Some((value, _)) = self.value(world, contact, number) {
                form.append_pair(&format!("contact[fields][{}]", field.perstag), &value);
            }
        }
    }

    fn campaign_block(&self, world: &World, report: usize, form: &mut Serializer<'_, String>) {
        let report = &self.reports[report];
        let (id, campaign) = (report.id.to_string(), report.campaign(world));
        let recipients = campaign.recipients.len().to_string();
        form.append_pair("campaign[id]", &id)
            .append_pair("campaign[name]", &campaign.subject)
            .append_pair("campaign[type]", "single")
            .append_pair("campaign[status]", "5")
            .append_pair("campaign[recipients]", &recipients)
            .append_pair("campaign[message][id]", &id)
            .append_pair("campaign[message][subject]", &campaign.subject)
            .append_pair(
                "campaign[webcopy_url]",
                &format!("https://example.org/web/{id}"),
            );
    }

    /// What each kind has of its own.
    fn block(&self, world: &World, what: &What, form: &mut Serializer<'_, String>) {
        match *what {
            What::Sent { report } | What::Reply { report } => {
                self.campaign_block(world, report, form);
            }
            What::Read { report, known } => {
                self.campaign_block(world, report, form);
                let (report, link) = (&self.reports[report], known.link);
                let url = link.and_then(|link| report.campaign(world).links.get(usize::from(link)));
                if let (Some(link), Some(url)) = (link, url) {
                    let id = report.first_link + report.trackers + u32::from(link);
                    form.append_pair("link[id]", &id.to_string())
                        .append_pair("link[url]", url);
                } else {
                    form.append_pair("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)");
                }
            }
            What::Bounce { bounce } => {
                let bounce = &self.bounces[bounce];
                let [hard, soft] = self.options.bounce_words;
                let (_, status) = super::campaigns::code(bounce);
                let id = self.reports[bounce.report].id.to_string();
                // Of the campaign, the id alone (sheet 7).
                form.append_pair("campaign[id]", &id)
                    .append_pair("bounce[type]", if bounce.hard { hard } else { soft })
                    .append_pair("bounce[code]", status)
                    .append_pair("bounce[description]", "");
            }
            What::Leave { list, campaign } => {
                let of = |report: &super::reports::Report| Some(report.id) == campaign;
                if let Some(report) = self.reports.iter().position(of) {
                    self.campaign_block(world, report, form);
                }
                form.append_pair("list[][id]", &self.lists[list].id.to_string())
                    .append_pair("unsubscribe[reason]", "")
                    .append_pair("form[id]", "")
                    .append_pair("active_subscriptions[0]", "");
            }
            What::Join { list } => {
                form.append_pair("list[id]", &self.lists[list].id.to_string());
            }
            What::Tag { tag, .. } => {
                form.append_pair(self.options.tag_key, &self.tags[tag].name);
            }
            What::Update => {}
        }
    }

    /// A receiver answered: with 410 it is called no more. Says whether there is such a webhook.
    pub(super) fn hook_answered(&mut self, id: &str, status: u16) -> bool {
        let found = self.hooks.iter_mut().find(|hook| hook.id.to_string() == id);
        found.map(|hook| hook.active &= status != 410).is_some()
    }
}

const fn kind(what: &What) -> &'static str {
    match what {
        What::Sent { .. } => "sent",
        What::Read { known, .. } => match known.link {
            Some(_) => "click",
            None => "open",
        },
        What::Bounce { .. } => "bounce",
        What::Leave { .. } => "unsubscribe",
        What::Join { .. } => "subscribe",
        What::Update => "update",
        What::Tag { on: true, .. } => "contact_tag_added",
        What::Tag { .. } => "contact_tag_removed",
        What::Reply { .. } => "reply",
    }
}
