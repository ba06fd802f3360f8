//! Mailchimp, ready to be examined.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use engaged_connectors::{
    Action, Clock, Connector, ConnectorError, Write,
    conformance::{
        Access, Edit, Edited, Golden, HandClock, KeyKind, PREFIX, Rights, Scene, Settings, Shown,
        Skip, Stand, Subject, Truth, Unwritable,
    },
    http::Transport,
    mailchimp::{ACTIVITY, COMPLAINTS, CONTACTS, Mailchimp, ORDERS, Settings as Own},
    model::{Event, EventKind},
};
use engaged_sandbox::{
    fault::FaultPlan,
    mailchimp::{Contact, Mailchimp as Sandbox, Options, Status},
    people::{SharedWorld, seconds, time},
};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{Ask, Line, news, settings, touched, world};

/// Mailchimp.
pub(super) static MAILCHIMP: Platform = Platform;

pub(super) struct Platform;

static SKIPS: &[Skip] = &[
    Skip {
        check: "K14",
        part: None,
        reason: "the connector reads no webhooks of Mailchimp's: everything that they would tell is polled",
    },
    Skip {
        check: "K10",
        part: Some("quota headers"),
        reason: "Mailchimp limits simultaneous requests only and sends no quota headers",
    },
    Skip {
        check: "K11",
        part: Some("renewal"),
        reason: "an API key is static: there is no token to renew",
    },
];

macro_rules! fixture {
    ($name:literal) => {
        recorded!("mailchimp/", $name, ".json")
    };
}

macro_rules! golden {
    ($name:literal) => {
        recorded!("mailchimp/golden/", $name, ".jsonl")
    };
}

#[async_trait]
impl Subject for Platform {
    fn platform(&self) -> &'static str {
        "mailchimp"
    }

    fn skips(&self) -> &'static [Skip] {
        SKIPS
    }

    fn settings(&self) -> Settings {
        Settings {
            now: settings("mailchimp", &[], &[]),
            released: fixture!("settings"),
        }
    }

    fn golden(&self) -> Vec<Golden> {
        vec![
            Golden {
                name: "members",
                stream: CONTACTS,
                answers: &[
                    ("/lists", fixture!("lists")),
                    ("/members", fixture!("members-sorted-odd")),
                    ("/members", fixture!("members-sorted-odd")),
                    ("/members", fixture!("members-none")),
                ],
                expected: golden!("members"),
            },
            Golden {
                name: "activity",
                stream: ACTIVITY,
                answers: &[
                    ("/lists", fixture!("lists")),
                    ("/reports", fixture!("reports-automation")),
                    ("/campaigns/c0ffee1234", fixture!("campaign-untracked")),
                    ("/c0ffee1234/sent-to", fixture!("sent-to-bounced")),
                    ("/c0ffee1234/open-details", fixture!("open-details-proxy")),
                    (
                        "/c0ffee1234/email-activity",
                        fixture!("email-activity-skewed"),
                    ),
                    ("/c0ffee1234/unsubscribed", fixture!("unsubscribed")),
                    ("/a0t0/open-details", fixture!("open-details-none")),
                ],
                expected: golden!("activity"),
            },
            Golden {
                name: "complaints",
                stream: COMPLAINTS,
                answers: &[
                    ("/lists", fixture!("lists")),
                    ("/abuse-reports", fixture!("abuse-reports")),
                ],
                expected: golden!("complaints"),
            },
            Golden {
                name: "orders",
                stream: ORDERS,
                answers: &[("/ecommerce/orders", fixture!("orders-cancelled"))],
                expected: golden!("orders"),
            },
        ]
    }

    fn unseen(&self) -> &'static [(EventKind, &'static str)] {
        &[(
            EventKind::Refund,
            "the stand-in's shop cancels nothing; a recorded one is read in K4",
        )]
    }

    fn page_size(&self) -> &'static str {
        "count"
    }

    fn unwritable(&self) -> Vec<Unwritable> {
        let add = |tag: String| Write::AddTag { tag };
        let set = |field: &str, value: String| Write::SetField {
            field: field.into(),
            value: Some(value),
        };
        vec![
            Unwritable {
                write: add(format!("{PREFIX}hot ")),
                limit: "a tag that ends in a space",
            },
            Unwritable {
                write: add(format!("{PREFIX}a\u{7}b")),
                limit: "a tag with a control character",
            },
            Unwritable {
                write: add("vip".into()),
                limit: "a tag of somebody else's",
            },
            Unwritable {
                write: set("engscore", "1".into()),
                limit: "a merge tag in small letters",
            },
            Unwritable {
                write: set("ENGAGEMENT_SCORE", "1".into()),
                limit: "a merge tag of more than 10 letters",
            },
            Unwritable {
                write: set("ENGSCORE", "9".repeat(256)),
                limit: "a value of more than 255 bytes",
            },
        ]
    }

    fn actions(&self) -> Vec<Action> {
        vec![
            Action::Automation("journey 12 step 34".into()),
            Action::Event("gone quiet".into()),
        ]
    }

    fn reads_elsewhere(&self) -> bool {
        true
    }

    async fn stand(&self, scene: Scene) -> Result<Box<dyn Stand>, String> {
        let world = world(&scene);
        let options = Options {
            role: if scene.rights == Rights::Few {
                "viewer"
            } else {
                "owner"
            },
            batch_steps: 1,
            events_in_ledger: false,
            ..Options::default()
        };
        let account = Sandbox::start(options, Arc::clone(&world), FaultPlan::none())
            .await
            .map_err(|error| error.to_string())?;
        let clock = Arc::clone(&scene.clock);
        account.follow(move || clock.now());
        Ok(Box::new(Account {
            sandbox: Arc::new(account),
            world,
            clock: scene.clock,
        }))
    }
}

/// One account.
struct Account {
    sandbox: Arc<Sandbox>,
    world: SharedWorld,
    clock: Arc<HandClock>,
}

#[async_trait]
impl Ask for Sandbox {
    async fn ask(&self, request: Request<Bytes>) -> std::io::Result<Response<Bytes>> {
        self.ask(request).await
    }
}

/// A contact's id as the connector gives it.
fn id(contact: &Contact) -> String {
    format!("{}:{}", contact.list, contact.contact_id)
}

/// A field's value as text.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

impl Account {
    fn settings(&self, access: &Access) -> Own {
        let (key, base_url) = match access.key {
            KeyKind::Good => (self.sandbox.key().to_owned(), Some(self.sandbox.base_url())),
            KeyKind::Wrong => (
                format!("{}-us1", "0".repeat(32)),
                Some(self.sandbox.base_url()),
            ),
            // Only without an address of its own does the connector read the key.
            KeyKind::Misshapen => ("no key of Mailchimp's".to_owned(), None),
        };
        Own {
            base_url,
            key: key.into(),
            lists: access.lists.clone(),
            tag_prefix: PREFIX.to_owned(),
            start_tags: Vec::new(),
            start_fields: Vec::new(),
        }
    }

    /// Members who may be mailed, those that changed longest ago first, as a read meets them.
    fn mailed(&self) -> Vec<Contact> {
        let mut contacts = self.sandbox.contacts();
        contacts.retain(|contact| contact.status == Status::Subscribed);
        contacts.sort_by_key(|contact| contact.last_changed);
        contacts
    }

    /// Somebody does something to a member with another tool.
    async fn by_hand(
        &self,
        method: Method,
        contact: &Contact,
        path: &str,
        body: &Value,
    ) -> Result<(), String> {
        let url = format!(
            "{}/lists/{}/members/{}{path}",
            self.sandbox.base_url(),
            contact.list,
            contact.email_id
        );
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", format!("Bearer {}", self.sandbox.key()))
            .body(Bytes::from(body.to_string()))
            .map_err(|error| error.to_string())?;
        let answer = self
            .sandbox
            .ask(request)
            .await
            .map_err(|error| error.to_string())?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(format!("{path}: {}", answer.status()))
        }
    }

    fn ids_of(&self, addresses: &[String]) -> BTreeSet<String> {
        let contacts = self.sandbox.contacts();
        contacts
            .iter()
            .filter(|contact| addresses.contains(&contact.address))
            .map(id)
            .collect()
    }
}

#[async_trait]
impl Stand for Account {
    fn connect(
        &self,
        access: &Access,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Result<Box<dyn Connector>, ConnectorError> {
        Ok(Box::new(Mailchimp::new(
            &self.settings(access),
            clock,
            transport,
        )?))
    }

    fn line(&self) -> Arc<dyn Transport> {
        Arc::new(Line(Arc::clone(&self.sandbox)))
    }

    fn secrets(&self) -> Vec<String> {
        let key = self.sandbox.key().to_owned();
        let bare = key.split('-').next().map(str::to_owned);
        [key].into_iter().chain(bare).collect()
    }

    fn settings_shown(&self) -> String {
        format!("{:?}", self.settings(&Access::good()))
    }

    async fn refusal(&self, status: StatusCode) -> Response<Bytes> {
        self.sandbox.refusal(status).await
    }

    fn truth(&self) -> Truth {
        let name = |event: engaged_sandbox::mailchimp::Event| {
            let ordinal = if event.ordinal == 0 {
                String::new()
            } else {
                format!("#{}", event.ordinal + 1)
            };
            format!(
                "{}|{}|{}|{}|{}{ordinal}",
                event.kind,
                event.campaign,
                event.email_id,
                time(event.at),
                event.detail
            )
        };
        Truth {
            contacts: self
                .sandbox
                .contacts()
                .into_iter()
                .map(|contact| (id(&contact), contact.address))
                .collect(),
            events: self.sandbox.events().into_iter().map(name).collect(),
        }
    }

    fn tell(&self, event: &Event) -> Option<String> {
        use engaged_sandbox::mailchimp::Kind;
        let kind = match event.kind {
            EventKind::Send => Kind::Send,
            EventKind::Open => Kind::Open,
            EventKind::Click => Kind::Click,
            EventKind::HardBounce => Kind::HardBounce,
            EventKind::SoftBounce => Kind::SoftBounce,
            EventKind::Unsubscribe => Kind::Unsubscribe,
            EventKind::Complaint => Kind::Complaint,
            EventKind::Purchase => Kind::Order,
            _ => return None,
        };
        // The lines of an order are one thing to the stand-in.
        let order = event
            .id
            .as_deref()
            .filter(|_| event.kind == EventKind::Purchase);
        let order = order.and_then(|id| id.split('/').nth(1));
        let detail = order.or(event.link.as_deref()).unwrap_or_default();
        let who = Sandbox::email_id(event.contact.email.as_ref()?.reveal());
        let campaign = event.campaign.as_deref().unwrap_or_default();
        let at: chrono::DateTime<Utc> = time(seconds(event.at));
        Some(format!("{kind}|{campaign}|{who}|{at}|{detail}"))
    }

    fn shown(&self) -> BTreeMap<String, Shown> {
        let shown = |mut contact: Contact| {
            contact.tags.sort();
            let fields = contact
                .fields
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect();
            (
                id(&contact),
                Shown {
                    fields,
                    tags: contact.tags,
                },
            )
        };
        self.sandbox.contacts().into_iter().map(shown).collect()
    }

    fn mailed(&self) -> BTreeSet<String> {
        self.mailed().iter().map(id).collect()
    }

    fn starts(&self) -> BTreeMap<String, usize> {
        self.sandbox.starts()
    }

    async fn leaves(&self, contact: &str) -> Result<(), String> {
        let mut contacts = self.sandbox.contacts().into_iter();
        let found = contacts.find(|one| id(one) == contact);
        let left = found.is_some_and(|one| self.sandbox.leaves(&one.address));
        left.then_some(())
            .ok_or_else(|| "there is no such member".into())
    }

    fn writes(&self) -> usize {
        self.sandbox.ledger().writes().len()
    }

    async fn edit(&self, edit: Edit) -> Result<Edited, String> {
        Ok(match edit {
            Edit::News => news(self, &self.world, &self.clock),
            Edit::Change(many) => {
                let chosen: Vec<Contact> = self.mailed().into_iter().take(many).collect();
                let body = json!({"merge_fields": {"CITY": format!("Plaats {}", self.clock.now().timestamp())}});
                for contact in &chosen {
                    self.by_hand(Method::PATCH, contact, "?skip_merge_validation=true", &body)
                        .await?;
                }
                touched(chosen.iter().map(id))
            }
            Edit::Delete(many) => {
                let chosen: Vec<Contact> = self.mailed().into_iter().take(many).collect();
                for contact in &chosen {
                    self.by_hand(
                        Method::POST,
                        contact,
                        "/actions/delete-permanent",
                        &json!({}),
                    )
                    .await?;
                }
                touched(chosen.iter().map(id))
            }
            Edit::Burst(many) => {
                touched(self.ids_of(&self.sandbox.touch_at(self.clock.now(), many)))
            }
            Edit::Postdate => touched(
                self.ids_of(
                    &self
                        .sandbox
                        .touch_at(self.clock.now() + TimeDelta::days(3_650), 3),
                ),
            ),
        })
    }

    fn add_unknown(&self, path: &str, answer: &mut Value) -> u64 {
        if !path.ends_with("/email-activity") {
            return 0;
        }
        let mut added = 0;
        for row in answer["emails"].as_array_mut().into_iter().flatten() {
            if let Some(deeds) = row["activity"].as_array_mut() {
                deeds.push(json!({"action": "teleport", "timestamp": "2026-06-01T00:00:00+00:00", "ip": "192.0.2.1"}));
                added += 1;
            }
        }
        added
    }
}
