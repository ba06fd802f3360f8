//! HubSpot, ready to be examined.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;
use engaged_connectors::{
    Action, Clock, Connector, ConnectorError, Write,
    conformance::{
        Access, Edit, Edited, Golden, HandClock, KeyKind, PREFIX, Rights, Scene, Sent, Settings,
        Shown, Skip, Stand, Subject, Truth, Unwritable,
    },
    http::Transport,
    hubspot::{
        CONTACTS, EMAIL, FORMS, HubSpot, PURCHASES, Purchases, SUBSCRIPTIONS, Settings as Own,
        VISITS,
    },
    model::{Event, EventKind},
};
use engaged_sandbox::{
    fault::FaultPlan,
    hubspot::{Contact, Delivery, Event as Mail, HubSpot as Sandbox, Kind, Options},
    people::SharedWorld,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use serde_json::Value;

use super::{Ask, Line, hook_secrets, news, settings, touched, world};

/// HubSpot.
pub(super) static HUBSPOT: Platform = Platform;

pub(super) struct Platform;

static SKIPS: &[Skip] = &[
    Skip {
        check: "K11",
        part: Some("renewal"),
        reason: "a private app's token is static: there is no token to renew",
    },
    Skip {
        check: "K18",
        part: Some(".results[].properties.hs_email_optout Gone"),
        reason: "most contacts have no value of it: that it is gone looks like nobody who left",
    },
    Skip {
        check: "K18",
        part: Some(".results[].properties.hs_email_optout Empty"),
        reason: "most contacts have no value of it: that it is gone looks like nobody who left",
    },
    Skip {
        check: "K18",
        part: Some(".results[].properties.email Gone"),
        reason: "a contact need not have an address",
    },
    Skip {
        check: "K18",
        part: Some(".results[].properties.email Empty"),
        reason: "a contact need not have an address",
    },
    Skip {
        check: "K18",
        part: Some(".paging Gone"),
        reason: "the last page has none",
    },
    Skip {
        check: "K18",
        part: Some(".paging Empty"),
        reason: "the last page has none",
    },
    Skip {
        check: "K18",
        part: Some(".paging.next Gone"),
        reason: "the last page has none",
    },
    Skip {
        check: "K18",
        part: Some(".paging.next Empty"),
        reason: "the last page has none",
    },
    Skip {
        check: "K18",
        part: Some(".events[].obsoletedBy"),
        reason: "nearly all events are without it: that it is gone looks like an event that stands",
    },
];

/// Near the present HubSpot does not show everything yet, and readers leave out the last five minutes (sheet 4): so much
/// later than the newest thing that happened it is at the stand.
const SETTLED: TimeDelta = TimeDelta::minutes(10);

/// Where the app's webhooks go.
const HANDLER: &str = "https://hooks.example.nl/hooks/crm/a-secret-part?of=app%3A1";

const EVENTS: &str = "/email/public/v1/events";

macro_rules! fixture {
    ($name:literal) => {
        recorded!("hubspot/", $name, ".json")
    };
}

macro_rules! golden {
    ($name:literal) => {
        recorded!("hubspot/golden/", $name, ".jsonl")
    };
}

#[async_trait]
impl Subject for Platform {
    fn platform(&self) -> &'static str {
        "hubspot"
    }

    fn skips(&self) -> &'static [Skip] {
        SKIPS
    }

    fn settings(&self) -> Settings {
        Settings {
            now: settings("hubspot", &[], &[]),
            released: fixture!("settings"),
        }
    }

    fn golden(&self) -> Vec<Golden> {
        vec![
            Golden {
                name: "contacts",
                stream: CONTACTS,
                answers: &[("/crm/v3/objects/contacts", fixture!("contacts-odd"))],
                expected: golden!("contacts"),
            },
            Golden {
                name: "email",
                stream: EMAIL,
                answers: &[
                    (EVENTS, fixture!("mail-sent")),
                    (EVENTS, fixture!("mail-open")),
                    (EVENTS, fixture!("mail-click")),
                    (EVENTS, fixture!("mail-bounce")),
                    (EVENTS, fixture!("mail-spamreport")),
                ],
                expected: golden!("email"),
            },
            Golden {
                name: "subscriptions",
                stream: SUBSCRIPTIONS,
                answers: &[("/subscriptions/timeline", fixture!("timeline"))],
                expected: golden!("subscriptions"),
            },
            Golden {
                name: "forms",
                stream: FORMS,
                answers: &[
                    ("/marketing/v3/forms", fixture!("forms")),
                    ("/submissions/forms/form-1", fixture!("submissions")),
                ],
                expected: golden!("forms"),
            },
            Golden {
                name: "purchases",
                stream: PURCHASES,
                answers: &[
                    ("/deals/search", fixture!("deals")),
                    ("/deals/contacts/batch/read", fixture!("deals-contacts")),
                ],
                expected: golden!("purchases"),
            },
            Golden {
                name: "visits",
                stream: VISITS,
                answers: &[("/events/v3/events", fixture!("visits"))],
                expected: golden!("visits"),
            },
        ]
    }

    fn page_size(&self) -> &'static str {
        "limit"
    }

    fn field(&self) -> &'static str {
        "engagement_score"
    }

    fn unwritable(&self) -> Vec<Unwritable> {
        let add = |tag: String| Write::AddTag { tag };
        let set = |field: &str, value: String| Write::SetField {
            field: field.into(),
            value: Some(value),
        };
        vec![
            Unwritable {
                write: add(format!("{PREFIX}{}", "x".repeat(200))),
                limit: "a list whose name is longer than 200 letters",
            },
            Unwritable {
                write: add("vip".into()),
                limit: "a list of somebody else's",
            },
            Unwritable {
                write: Write::RemoveTag { tag: "vip".into() },
                limit: "taking off a list of somebody else's",
            },
            Unwritable {
                write: set("ENGSCORE", "1".into()),
                limit: "a property in capital letters",
            },
            Unwritable {
                write: set(&"x".repeat(101), "1".into()),
                limit: "a property whose name is longer than 100 letters",
            },
            Unwritable {
                write: set("engagement_score", "9".repeat(65_537)),
                limit: "a value of more than 65,536 bytes",
            },
            Unwritable {
                write: set("hs_email_optout", "false".into()),
                limit: "a property of consent",
            },
        ]
    }

    fn actions(&self) -> Vec<Action> {
        vec![Action::Automation("9401".into())]
    }

    fn searches(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("POST", "/crm/v3/objects/contacts/search"),
            ("POST", "/crm/v3/objects/contacts/batch/read"),
            ("POST", "/crm/v3/objects/deals/search"),
            ("POST", "/crm/v3/objects/orders/search"),
            ("POST", "/crm/v4/associations/"),
        ]
    }

    fn quota_spent(&self) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-hubspot-ratelimit-max", "190"),
            ("x-hubspot-ratelimit-interval-milliseconds", "10000"),
            ("x-hubspot-ratelimit-remaining", "0"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Some(headers)
    }

    fn signed_headers(&self) -> &'static [&'static str] {
        &["X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp"]
    }

    async fn stand(&self, scene: Scene) -> Result<Box<dyn Stand>, String> {
        let world = world(&scene);
        scene.clock.advance(SETTLED);
        let options = Options {
            webhook_url: Some(HANDLER.to_owned()),
            events_in_ledger: false,
            ..Options::default()
        };
        let options = match scene.rights {
            Rights::All => options,
            Rights::Few => options.without(&["forms"]),
        };
        let sandbox = Sandbox::start(options, Arc::clone(&world), FaultPlan::none())
            .await
            .map_err(|error| error.to_string())?;
        let clock = Arc::clone(&scene.clock);
        sandbox.follow(move || clock.now());
        Ok(Box::new(Account {
            sandbox: Arc::new(sandbox),
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

/// The name of a mail event; `None` where it is none that counts: what was dropped or only handed on, what the timeline
/// tells of, and what a later version took the place of (sheet 4).
fn mail(event: &Mail) -> Option<String> {
    let kind = match event.kind {
        Kind::Sent => EventKind::Send,
        Kind::Open => EventKind::Open,
        Kind::Click => EventKind::Click,
        Kind::Bounce if event.hard => EventKind::HardBounce,
        Kind::Bounce => EventKind::SoftBounce,
        Kind::SpamReport => EventKind::Complaint,
        _ => return None,
    };
    // Documents name an event by its id and its time together (sheet 4).
    let name = format!("{}/{}/{}", kind.as_str(), event.id, event.created);
    (!event.obsolete).then_some(name)
}

/// A delivery as it comes; each is a hint (sheet 7).
fn sent(delivery: &Delivery) -> Sent {
    Sent {
        method: delivery.method.to_owned(),
        url: delivery.url.clone(),
        headers: delivery.headers.clone(),
        body: delivery.body.clone().into(),
        tells: BTreeSet::new(),
    }
}

impl Account {
    fn settings(&self, access: &Access) -> Own {
        let token = match access.key {
            KeyKind::Good => self.sandbox.key(),
            KeyKind::Wrong => "pat-eu1-00000000-0000-4000-8000-000000000000",
            KeyKind::Misshapen => "no token of HubSpot's",
        };
        Own {
            base_url: Some(self.sandbox.base_url()),
            token: token.to_owned().into(),
            lists: access.lists.clone(),
            apps: Vec::new(),
            properties: Vec::new(),
            purchases: Purchases::Deals,
            page_visits: true,
            tag_prefix: PREFIX.to_owned(),
            start_tags: Vec::new(),
        }
    }

    /// Everybody who is there, by rising ids, as the list gives them.
    fn contacts(&self) -> Vec<Contact> {
        let mut contacts = self.sandbox.contacts();
        contacts.retain(|contact| !contact.archived);
        contacts.sort_by_key(|contact| contact.id.parse::<u64>().unwrap_or(u64::MAX));
        contacts
    }

    /// Those among them who get mail.
    fn mailed(&self) -> Vec<Contact> {
        let mailed = self.sandbox.mailed();
        let mut contacts = self.contacts();
        contacts.retain(|contact| mailed.contains(&contact.id));
        contacts
    }

    /// Somebody who left comes back, too rare to come about by itself among few people; what tells of it.
    fn somebody_returns(&self) -> Vec<String> {
        let before = self.sandbox.decisions();
        let left = |contact: &Contact| contact.left_themselves && !contact.out_of_all;
        if let Some(contact) = self.contacts().into_iter().find(left) {
            self.sandbox.returns(&contact.address);
        }
        let mut events = self.sandbox.decisions();
        events.retain(|event| !before.contains(event));
        events
    }

    /// Lets something happen to so many of those who get mail; their ids.
    fn each(&self, many: usize, happen: impl Fn(&Contact) -> bool) -> Edited {
        let mut contacts = self.mailed();
        // Whoever keeps contacts by the text of their ids, as the checks do, meets 100 before 51.
        contacts.sort_by(|a, b| a.id.cmp(&b.id));
        let contacts = contacts.into_iter().take(many);
        touched(contacts.filter(happen).map(|contact| contact.id))
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
        let secrets = hook_secrets(access, self.sandbox.client_secret());
        let hubspot = HubSpot::new(&self.settings(access), clock, transport)?;
        Ok(Box::new(hubspot.with_webhook(secrets)))
    }

    fn line(&self) -> Arc<dyn Transport> {
        Arc::new(Line(Arc::clone(&self.sandbox)))
    }

    fn secrets(&self) -> Vec<String> {
        let key = self.sandbox.key();
        let bare = key.strip_prefix("pat-eu1-").map(str::to_owned);
        [key.to_owned()].into_iter().chain(bare).collect()
    }

    fn settings_shown(&self) -> String {
        format!("{:?}", self.settings(&Access::good()))
    }

    async fn refusal(&self, status: StatusCode) -> Response<Bytes> {
        self.sandbox.refusal(status).await
    }

    fn truth(&self) -> Truth {
        let contacts = self.contacts().into_iter();
        let mut events: BTreeSet<String> = self.sandbox.events().iter().filter_map(mail).collect();
        events.extend(self.sandbox.decisions());
        let forms = self.sandbox.submissions();
        events.extend(forms.iter().map(|id| format!("form_submit/{id}")));
        let visits = self.sandbox.page_views();
        events.extend(visits.iter().map(|id| format!("page_visit/{id}")));
        // A deal that no contact is linked with is nobody's.
        let deals = self.sandbox.purchases().into_iter();
        events.extend(deals.filter_map(|(name, buyer)| buyer.map(|_| name)));
        Truth {
            contacts: contacts
                .map(|contact| (contact.id, contact.address))
                .collect(),
            events,
        }
    }

    fn tell(&self, event: &Event) -> Option<String> {
        match event.kind {
            EventKind::Subscribe | EventKind::Unsubscribe => {
                let who = event.contact.email.as_ref()?.reveal();
                let account = Sandbox::account();
                Some(format!(
                    "timeline/{}/{account}/{who}",
                    event.at.timestamp_millis()
                ))
            }
            // The stand-in links each deal with one contact, whose id comes last.
            EventKind::Purchase => Some(event.id.as_deref()?.rsplit_once('/')?.0.to_owned()),
            ref kind => Some(format!("{}/{}", kind.as_str(), event.id.as_deref()?)),
        }
    }

    fn shown(&self) -> BTreeMap<String, Shown> {
        let shown = |mut contact: Contact| {
            contact.lists.sort();
            // When somebody was changed last is no field of theirs.
            contact.fields.remove("lastmodifieddate");
            let shown = Shown {
                fields: contact.fields,
                tags: contact.lists,
            };
            (contact.id, shown)
        };
        self.contacts().into_iter().map(shown).collect()
    }

    fn mailed(&self) -> BTreeSet<String> {
        self.mailed()
            .into_iter()
            .map(|contact| contact.id)
            .collect()
    }

    fn starts(&self) -> BTreeMap<String, usize> {
        self.sandbox.starts()
    }

    async fn leaves(&self, contact: &str) -> Result<(), String> {
        let mut contacts = self.contacts().into_iter();
        let found = contacts.find(|one| one.id == contact);
        let left = found.is_some_and(|one| self.sandbox.leaves(&one.address));
        left.then_some(())
            .ok_or_else(|| "there is no such contact".into())
    }

    async fn deliveries(&self) -> Vec<Sent> {
        self.sandbox.deliveries().iter().map(sent).collect()
    }

    fn sent_again(&self, first: &Sent) -> Sent {
        let delivery = Delivery {
            method: "POST",
            url: first.url.clone(),
            headers: first.headers.clone(),
            body: String::from_utf8_lossy(&first.body).into_owned(),
            happenings: Vec::new(),
        };
        sent(&self.sandbox.redelivery(&delivery, 1))
    }

    fn writes(&self) -> usize {
        self.sandbox.writes()
    }

    async fn edit(&self, edit: Edit) -> Result<Edited, String> {
        let now = self.clock.now();
        Ok(match edit {
            Edit::News => {
                let mut edited = news(self, &self.world, &self.clock);
                edited.events.extend(self.somebody_returns());
                self.clock.advance(SETTLED);
                edited
            }
            Edit::Change(many) => {
                let city = format!("Plaats {}", now.timestamp());
                self.each(many, |contact| {
                    self.sandbox.change_by_hand(&contact.address, &city)
                })
            }
            Edit::Delete(many) => self.each(many, |contact| {
                self.sandbox.delete_by_hand(&contact.address, true)
            }),
            Edit::Burst(many) => {
                let clicked = self.sandbox.click_at(now, many);
                self.clock.advance(SETTLED);
                let events = self.sandbox.events().into_iter();
                let burst = events.filter(|event| clicked.contains(&event.id));
                Edited {
                    events: burst.filter_map(|event| mail(&event)).collect(),
                    ..Edited::default()
                }
            }
            Edit::Postdate => {
                let addresses = self.sandbox.touch_at(now + TimeDelta::days(3_650), 3);
                let contacts = self.contacts().into_iter();
                let dated = contacts.filter(|contact| addresses.contains(&contact.address));
                touched(dated.map(|contact| contact.id))
            }
        })
    }

    fn add_unknown(&self, path: &str, answer: &mut Value) -> u64 {
        if !path.ends_with(EVENTS) {
            return 0;
        }
        let rows = answer["events"].as_array_mut();
        let Some((rows, mut row)) = rows.and_then(|rows| {
            let row = rows.last().cloned()?;
            Some((rows, row))
        }) else {
            return 0;
        };
        row["type"] = "TELEPORT".into();
        row["id"] = "00000000-0000-4000-8000-000000000000".into();
        rows.push(row);
        1
    }
}
