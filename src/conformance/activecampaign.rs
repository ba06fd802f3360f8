//! `ActiveCampaign`, ready to be examined.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;
use engaged_connectors::{
    Action, Clock, Connector, ConnectorError, Write,
    activecampaign::{
        ActiveCampaign, BOUNCES, CONTACTS, ORDERS, REPORTS, Settings as Own, UNSUBSCRIBES,
    },
    conformance::{
        Access, Edit, Edited, Golden, HandClock, KeyKind, PREFIX, Rights, Scene, Sent, Settings,
        Shown, Skip, Stand, Subject, Truth, Unwritable,
    },
    http::Transport,
    model::{Event, EventKind},
};
use engaged_sandbox::{
    activecampaign::{
        ActiveCampaign as Sandbox, Contact, Delivery, Event as Happened, Kind, Options,
    },
    fault::FaultPlan,
    people::{SharedWorld, seconds},
};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{Ask, Line, news, settings, touched, world};

/// `ActiveCampaign`.
pub(super) static ACTIVECAMPAIGN: Platform = Platform;

pub(super) struct Platform;

/// The lists of the stand-in, by the names that users see.
const LISTS: [(&str, &str); 2] = [("Nieuwsbrief", "2"), ("Maandblad", "3")];

static SKIPS: &[Skip] = &[
    Skip {
        check: "K4",
        part: Some("unknown kinds"),
        reason: "no row says of what kind it is: each list holds one kind, and no other list is asked for",
    },
    Skip {
        check: "K10",
        part: Some("quota headers"),
        reason: "the headers tell how much of a second's requests is left, and not until when; the connector stays below",
    },
    Skip {
        check: "K11",
        part: Some("one request"),
        reason: "a refused key and a feature that the plan does not have get the same 403: where a list may be such a \
                 feature the key is asked about once more, and then everything stops",
    },
    Skip {
        check: "K11",
        part: Some("renewal"),
        reason: "an API key is static: there is no token to renew",
    },
    Skip {
        check: "K18",
        part: Some(".contactLists[].udate Empty"),
        reason: "whoever was brought in as having left has no time of it",
    },
    Skip {
        check: "K18",
        part: Some(".ecomOrders[].email Empty"),
        reason: "an order of nobody has no address",
    },
    Skip {
        check: "K18",
        part: Some(".bounceLogs[].source Empty"),
        reason: "a bounce of which the mail server said nothing has no words of it",
    },
    Skip {
        check: "K14",
        part: Some("signatures"),
        reason: "ActiveCampaign signs nothing: the address is the secret, and whoever knows it is believed in opens and \
                 clicks alone",
    },
];

macro_rules! fixture {
    ($name:literal) => {
        recorded!("activecampaign/", $name, ".json")
    };
}

macro_rules! golden {
    ($name:literal) => {
        recorded!("activecampaign/golden/", $name, ".jsonl")
    };
}

#[async_trait]
impl Subject for Platform {
    fn platform(&self) -> &'static str {
        "activecampaign"
    }

    fn skips(&self) -> &'static [Skip] {
        SKIPS
    }

    fn settings(&self) -> Settings {
        Settings {
            now: settings("activecampaign", &[], &["base_url"]),
            released: fixture!("settings"),
        }
    }

    fn golden(&self) -> Vec<Golden> {
        vec![
            Golden {
                name: "contacts",
                stream: CONTACTS,
                answers: &[
                    ("/lists", fixture!("lists")),
                    ("/contacts", fixture!("contacts-odd")),
                    ("/contacts", fixture!("contacts-active")),
                    (
                        "/contacts/4127/contactLists",
                        fixture!("contact-lists-active"),
                    ),
                    ("/contacts", fixture!("contacts-none")),
                    ("/contacts", fixture!("contacts-none")),
                    ("/contacts", fixture!("contacts-active")),
                    ("/contacts", fixture!("contacts-none")),
                    ("/contacts", fixture!("contacts-none")),
                    ("/contacts", fixture!("contacts-none")),
                    ("/fields", fixture!("fields")),
                    ("/tags", fixture!("tags")),
                    ("/contacts/4128", fixture!("contact-whole")),
                    ("/contacts/4128/contactTags", fixture!("contact-tags")),
                ],
                expected: golden!("contacts"),
            },
            Golden {
                name: "reports",
                stream: REPORTS,
                answers: &[
                    ("/campaigns", fixture!("campaigns")),
                    ("/campaigns/31/links", fixture!("links")),
                    ("/links/7/linkData", fixture!("linkdata")),
                    ("/links/9/linkData", fixture!("linkdata-clicks")),
                ],
                expected: golden!("reports"),
            },
            Golden {
                name: "bounces",
                stream: BOUNCES,
                answers: &[("/bounceLogs", fixture!("bouncelogs"))],
                expected: golden!("bounces"),
            },
            Golden {
                name: "unsubscribes",
                stream: UNSUBSCRIBES,
                answers: &[
                    ("/lists", fixture!("lists")),
                    ("/contactLists", fixture!("contactlists")),
                ],
                expected: golden!("unsubscribes"),
            },
            Golden {
                name: "orders",
                stream: ORDERS,
                answers: &[("/ecomOrders", fixture!("orders"))],
                expected: golden!("orders"),
            },
        ]
    }

    fn unseen(&self) -> &'static [(EventKind, &'static str)] {
        &[(
            EventKind::Bounce,
            "the stand-in's rows always have the mail server's status; a recorded one without is read in K4",
        )]
    }

    fn page_size(&self) -> &'static str {
        "limit"
    }

    fn unwritable(&self) -> Vec<Unwritable> {
        let add = |tag: String| Write::AddTag { tag };
        let create = |field: &str| Write::CreateField {
            field: field.into(),
        };
        vec![
            Unwritable {
                write: add("vip".into()),
                limit: "a tag of somebody else's",
            },
            Unwritable {
                write: Write::RemoveTag { tag: "vip".into() },
                limit: "taking off a tag of somebody else's",
            },
            Unwritable {
                write: add(format!("{PREFIX}{}", "x".repeat(250))),
                limit: "a tag of more than 250 characters",
            },
            Unwritable {
                write: create("engscore"),
                limit: "a personalisation tag in small letters",
            },
            Unwritable {
                write: create(&"A".repeat(51)),
                limit: "a personalisation tag of more than 50 letters",
            },
        ]
    }

    fn actions(&self) -> Vec<Action> {
        vec![Action::Automation("automation 7".into())]
    }

    async fn stand(&self, scene: Scene) -> Result<Box<dyn Stand>, String> {
        let world = world(&scene);
        let options = Options {
            // The checks' time stands still while requests go out: a second would never end.
            per_second: None,
            forbidden: if scene.rights == Rights::Few {
                &["campaigns"]
            } else {
                &[]
            },
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
            hooked: AtomicBool::default(),
        }))
    }
}

/// One account.
struct Account {
    sandbox: Arc<Sandbox>,
    world: SharedWorld,
    clock: Arc<HandClock>,
    /// Whether its webhooks were made.
    hooked: AtomicBool,
}

#[async_trait]
impl Ask for Sandbox {
    async fn ask(&self, request: Request<Bytes>) -> std::io::Result<Response<Bytes>> {
        self.ask(request).await
    }
}

impl Account {
    fn settings(&self, access: &Access) -> Own {
        let key = match access.key {
            KeyKind::Good => self.sandbox.key().to_owned(),
            KeyKind::Wrong => "0".repeat(72),
            KeyKind::Misshapen => "no key of ActiveCampaign's".to_owned(),
        };
        Own {
            base_url: self.sandbox.base_url(),
            key: key.into(),
            lists: access.lists.clone(),
            tag_prefix: PREFIX.to_owned(),
            start_tags: Vec::new(),
            start_fields: Vec::new(),
            bulk_import: false,
        }
    }

    /// Contacts who may be mailed, by id, as a read meets them.
    fn first(&self, many: usize) -> Vec<Contact> {
        let mut contacts = self.sandbox.contacts();
        contacts.retain(Contact::mailed);
        contacts.truncate(many);
        contacts
    }

    /// Makes a webhook for one list, or for all by "0".
    async fn hook(&self, list: &str) {
        let webhook = json!({"webhook": {
            "name": "engaged", "url": "https://hooks.example.nl/hooks/letters/a-secret-part", "listid": list,
            "events": ["open", "click", "bounce", "unsubscribe", "subscribe", "update", "contact_tag_added"],
            "sources": ["public", "admin", "system"],
        }});
        let request = Request::post(format!("{}/webhooks", self.sandbox.base_url()))
            .header("Api-Token", self.sandbox.key())
            .body(Bytes::from(webhook.to_string()));
        if let Ok(request) = request {
            // Without it no delivery comes, which the check tells.
            let _ = self.sandbox.ask(request).await;
        }
    }

    /// Contacts show this as the time of their last change.
    fn dated(&self, at: chrono::DateTime<chrono::Utc>, many: usize) -> Edited {
        let addresses = self.sandbox.touch_at(at, many);
        let ids = addresses.iter();
        touched(ids.filter_map(|address| self.sandbox.id_of(address)))
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
        Ok(Box::new(ActiveCampaign::new(
            &self.settings(access),
            clock,
            transport,
        )?))
    }

    fn line(&self) -> Arc<dyn Transport> {
        Arc::new(Line(Arc::clone(&self.sandbox)))
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.sandbox.key().to_owned()]
    }

    fn settings_shown(&self) -> String {
        format!("{:?}", self.settings(&Access::good()))
    }

    async fn refusal(&self, status: StatusCode) -> Response<Bytes> {
        self.sandbox.refusal(status).await
    }

    /// Of opens and clicks only those count that a poll finds: one for each contact and link, so that equals are one row.
    fn truth(&self) -> Truth {
        let read =
            |event: &Happened| event.polled && !matches!(event.kind, Kind::Subscribe | Kind::Reply);
        let contacts = self.sandbox.contacts().into_iter();
        let events = self.sandbox.events().into_iter();
        Truth {
            contacts: contacts
                .map(|contact| (contact.id, contact.address))
                .collect(),
            events: events.filter(read).map(|event| event.key()).collect(),
        }
    }

    fn tell(&self, event: &Event) -> Option<String> {
        let id = event.id.as_deref().unwrap_or_default();
        let number = || id.rsplit(':').next().unwrap_or_default().to_owned();
        let (kind, detail) = match event.kind {
            EventKind::Open => (Kind::Open, String::new()),
            EventKind::Click => (Kind::Click, event.link.clone()?),
            EventKind::HardBounce => (Kind::HardBounce, number()),
            EventKind::SoftBounce => (Kind::SoftBounce, number()),
            EventKind::Unsubscribe => {
                let name = event.properties.get("list")?.as_str()?;
                let list = LISTS.iter().find(|(list, _)| *list == name);
                (Kind::Unsubscribe, list?.1.to_owned())
            }
            EventKind::Purchase => (Kind::Order, number()),
            ref other => return Some(format!("{}|{id}", other.as_str())),
        };
        let email = event.contact.email.as_ref();
        let contact = event.contact.id.clone();
        let contact = contact.or_else(|| self.sandbox.id_of(email?.reveal()))?;
        let happened = Happened {
            kind,
            campaign: event.campaign.clone().unwrap_or_default(),
            contact,
            at: seconds(event.at),
            detail,
            ordinal: 0,
            polled: true,
            hooked: true,
        };
        Some(happened.key())
    }

    fn shown(&self) -> BTreeMap<String, Shown> {
        let shown = |mut contact: Contact| {
            contact.tags.sort();
            let shown = Shown {
                fields: contact.fields,
                tags: contact.tags,
            };
            (contact.id, shown)
        };
        self.sandbox.contacts().into_iter().map(shown).collect()
    }

    fn mailed(&self) -> BTreeSet<String> {
        let mailed = self.first(usize::MAX).into_iter();
        mailed.map(|contact| contact.id).collect()
    }

    fn starts(&self) -> BTreeMap<String, usize> {
        self.sandbox.starts()
    }

    async fn leaves(&self, contact: &str) -> Result<(), String> {
        let mut contacts = self.sandbox.contacts().into_iter();
        let found = contacts.find(|one| one.id == contact);
        let left = found.is_some_and(|one| self.sandbox.leaves(&one.address));
        left.then_some(())
            .ok_or_else(|| "there is no such contact".into())
    }

    async fn deliveries(&self) -> Vec<Sent> {
        // Two webhooks, as after a mistake of the user's: each open comes by both.
        if !self.hooked.swap(true, Ordering::Relaxed) {
            for list in ["0", LISTS[0].1] {
                self.hook(list).await;
            }
        }
        let sent = |delivery: Delivery| Sent {
            method: delivery.method.to_owned(),
            url: delivery.url,
            headers: delivery.headers,
            body: delivery.body.to_vec(),
            // Everything else is polled (sheet 4).
            tells: (delivery.event.into_iter())
                .filter(|_| matches!(delivery.kind, "open" | "click"))
                .collect(),
        };
        self.sandbox.deliveries().into_iter().map(sent).collect()
    }

    fn writes(&self) -> usize {
        self.sandbox.ledger().writes().len()
    }

    async fn edit(&self, edit: Edit) -> Result<Edited, String> {
        Ok(match edit {
            Edit::News => news(self, &self.world, &self.clock),
            Edit::Change(many) => {
                let chosen = self.first(many);
                let city = format!("Plaats {}", self.clock.now().timestamp());
                for contact in &chosen {
                    self.sandbox.edit_by_hand(&contact.address, "CITY", &city);
                }
                touched(chosen.into_iter().map(|contact| contact.id))
            }
            Edit::Delete(many) => {
                let mut chosen = self.first(many);
                chosen.retain(|contact| self.sandbox.delete_by_hand(&contact.address));
                touched(chosen.into_iter().map(|contact| contact.id))
            }
            Edit::Burst(many) => self.dated(self.clock.now(), many),
            Edit::Postdate => self.dated(self.clock.now() + TimeDelta::days(3_650), 3),
        })
    }

    fn add_unknown(&self, _: &str, _: &mut Value) -> u64 {
        0
    }
}
