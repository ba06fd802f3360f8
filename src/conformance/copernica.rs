//! Copernica, ready to be examined.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::{Europe::Amsterdam, Tz};
use engaged_connectors::{
    Action, Clock, Connector, ConnectorError, Write,
    conformance::{
        Access, Edit, Edited, Golden, HandClock, KeyKind, PREFIX, Rights, Scene, Sent, Settings,
        Shown, Skip, Stand, Subject, Truth, Unwritable,
    },
    copernica::{
        CLICKS, COLLECTIONS, CONTACTS, Collection, Copernica, LOGS, Settings as Own, UNSUBSCRIBES,
    },
    http::Transport,
    model::{Event, EventKind},
};
use engaged_sandbox::{
    copernica::{
        Contact, Copernica as Sandbox, Delivery, Event as Row, Kind, Options, Product,
        Rights as Allowed,
    },
    fault::FaultPlan,
    people::{SharedWorld, seconds, time},
};
use http::{Request, Response, StatusCode};
use serde_json::Value;

use super::{Ask, Line, news, settings, touched, world};

/// Copernica.
pub(super) static COPERNICA: Platform = Platform;

pub(super) struct Platform;

static SKIPS: &[Skip] = &[
    Skip {
        check: "K4",
        part: Some("unknown kinds"),
        reason: "each list and each logfile has rows of one kind: there are none of another in it",
    },
    Skip {
        check: "K10",
        part: Some("quota headers"),
        reason: "Copernica publishes no limit and sends no quota headers",
    },
    Skip {
        check: "K18",
        part: Some(".fields.Nieuwsbrief Gone"),
        reason: "to set no column is how a database does nothing with whoever leaves",
    },
    Skip {
        check: "K18",
        part: Some(".data[].fields.Nieuwsbrief Empty"),
        reason: "an empty column is not the value that shows who left",
    },
    Skip {
        check: "K18",
        part: Some("[].code"),
        reason: "a row of bounces without a code is a refusal of Copernica's own and no bounce (sheet 4.3)",
    },
    Skip {
        check: "K18",
        part: Some(".data[].profile"),
        reason: "no profile at all in it means somebody who is gone; a row without the field is rejected",
    },
    Skip {
        check: "K11",
        part: Some("renewal"),
        reason: "the token of the day outlives the hours that this check lets pass; its renewal is proved in the \
                 connector's own tests",
    },
];

/// For how many days the account keeps its data, of half a year: a read has as many pages as there are weeks and days in it.
const RETENTION: u32 = 130;
/// The zone of the account.
const ZONE: Tz = Amsterdam;
/// The collection of the shop, by name.
const ORDERS: &str = "Bestellingen";

/// The exchange of the token, which comes first.
const SIGNED: (&str, &str) = ("/token", "e30.e30.c2lnbmVk");
/// A list without rows.
const NONE: &str = r#"{"start":0,"limit":1000,"count":0,"data":[]}"#;

macro_rules! fixture {
    ($name:literal) => {
        recorded!("copernica/", $name, ".json")
    };
}

macro_rules! golden {
    ($name:literal) => {
        recorded!("copernica/golden/", $name, ".jsonl")
    };
}

/// A day of logfiles.
const fn logs() -> Golden {
    Golden {
        name: "logs",
        stream: LOGS,
        answers: &[
            SIGNED,
            ("/logfiles", r#"["2026-02-02"]"#),
            (
                "/ms/emailings",
                r#"{"data":[{"id":2345,"timestamp":"2026-02-02 07:13:00","subject":"Nieuws"}]}"#,
            ),
            ("/logfiles", r#"["cdm-attempts.2026-02-02.log"]"#),
            (
                "/logfile/cdm-attempts.2026-02-02.log/json",
                fixture!("logfile-attempts"),
            ),
            ("/logfiles", "[]"),
            ("/logfiles", r#"["cdm-error.2026-02-02.log"]"#),
            (
                "/logfile/cdm-error.2026-02-02.log/json",
                fixture!("logfile-errors"),
            ),
        ],
        expected: golden!("logs"),
    }
}

#[async_trait]
impl Subject for Platform {
    fn platform(&self) -> &'static str {
        "copernica"
    }

    fn skips(&self) -> &'static [Skip] {
        SKIPS
    }

    fn settings(&self) -> Settings {
        Settings {
            now: settings("copernica", &[], &[]),
            released: fixture!("settings"),
        }
    }

    fn golden(&self) -> Vec<Golden> {
        vec![
            Golden {
                name: "profiles",
                stream: CONTACTS,
                answers: &[
                    SIGNED,
                    ("/fields", fixture!("fields")),
                    ("/unsubscribe", fixture!("unsubscribe-update")),
                    ("/profiles", fixture!("profiles-odd")),
                    ("/profiles", NONE),
                ],
                expected: golden!("profiles"),
            },
            Golden {
                name: "clicks",
                stream: CLICKS,
                answers: &[
                    SIGNED,
                    ("/ms/clicks", fixture!("clicks-index")),
                    ("/ms/clicks", fixture!("clicks-index")),
                    ("/ms/emailing/2345/clicks", fixture!("clicks-mailing")),
                    // The page behind begins with the last row again.
                    (
                        "/ms/emailing/2345/clicks",
                        r#"{"data":[{"ID":"90112233"}]}"#,
                    ),
                    ("/publisher/clicks", fixture!("clicks-publisher")),
                ],
                expected: golden!("clicks"),
            },
            Golden {
                name: "unsubscribes",
                stream: UNSUBSCRIBES,
                answers: &[
                    SIGNED,
                    ("/ms/unsubscribes", NONE),
                    (
                        "/publisher/unsubscribes",
                        fixture!("unsubscribes-publisher"),
                    ),
                ],
                expected: golden!("unsubscribes"),
            },
            logs(),
            Golden {
                name: "purchases",
                stream: COLLECTIONS,
                answers: &[
                    SIGNED,
                    ("/subprofiles", fixture!("subprofiles")),
                    ("/subprofiles", NONE),
                ],
                expected: golden!("purchases"),
            },
        ]
    }

    fn page_size(&self) -> &'static str {
        "limit"
    }

    fn unwritable(&self) -> Vec<Unwritable> {
        let add = |tag: String| Write::AddTag { tag };
        let set = |field: String, value: String| Write::SetField {
            field,
            value: Some(value),
        };
        vec![
            Unwritable {
                write: add("VIP".into()),
                limit: "a tag of somebody else's",
            },
            Unwritable {
                write: Write::RemoveTag { tag: "VIP".into() },
                limit: "taking off a tag of somebody else's",
            },
            Unwritable {
                write: add(format!("{PREFIX}{}", "x".repeat(64))),
                limit: "a tag of more than 64 letters",
            },
            Unwritable {
                write: add(format!("{PREFIX}a\nb")),
                limit: "a tag on two lines",
            },
            Unwritable {
                write: set("S".repeat(65), "1".into()),
                limit: "a field's name of more than 64 letters",
            },
            Unwritable {
                write: set("ENGSCORE".into(), "9".repeat(256)),
                limit: "a value of more than 255 letters",
            },
        ]
    }

    fn actions(&self) -> Vec<Action> {
        vec![Action::Automation("mailing:579".into())]
    }

    /// The exchange of the token, at a host of its own: it has a path here only so that it can be told from writes.
    fn searches(&self) -> &'static [(&'static str, &'static str)] {
        &[("POST", SIGNED.0)]
    }

    fn signed_headers(&self) -> &'static [&'static str] {
        &[
            "Signature",
            "Date",
            "Digest",
            "Content-Type",
            "X-Copernica-ID",
            "X-Nonce",
        ]
    }

    async fn stand(&self, scene: Scene) -> Result<Box<dyn Stand>, String> {
        let world = world(&scene);
        let options = Options {
            rights: match scene.rights {
                Rights::All => Allowed::All,
                Rights::Few => Allowed::NoStatistics,
            },
            // An event that becomes known days later is the connector's own tests' affair.
            late_events: false,
            retention_days: Some(RETENTION),
            retention_covers_logs: true,
            events_in_ledger: false,
            ..Options::default()
        };
        let sandbox = Sandbox::start(options, Arc::clone(&world), FaultPlan::none())
            .await
            .map_err(|error| error.to_string())?;
        let clock = Arc::clone(&scene.clock);
        sandbox.follow(move || clock.now());
        let mut collections = sandbox.collections().into_iter();
        let orders = collections.find(|(_, name)| name == ORDERS);
        let (orders, _) = orders.ok_or("the stand has no collection of orders")?;
        Ok(Box::new(Account {
            sandbox: Arc::new(sandbox),
            world,
            clock: scene.clock,
            orders,
            sent: Mutex::default(),
        }))
    }
}

/// One account.
struct Account {
    sandbox: Arc<Sandbox>,
    world: SharedWorld,
    clock: Arc<HandClock>,
    orders: u32,
    /// Deliveries that were made, so that each can be made again.
    sent: Mutex<Vec<(Delivery, Sent)>>,
}

#[async_trait]
impl Ask for Sandbox {
    async fn ask(&self, request: Request<Bytes>) -> std::io::Result<Response<Bytes>> {
        self.ask(request).await
    }
}

/// What keeps the ids of the two products apart.
const fn product(product: Product) -> &'static str {
    match product {
        Product::MarketingSuite => "ms",
        Product::Publisher => "pub",
    }
}

/// The day on which something is in the account's zone.
fn day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&ZONE).date_naive()
}

/// A bounce by what a logfile says of it: two rows that say the same are one to whoever reads them.
fn bounce(kind: &str, message: &str, at: DateTime<Utc>, code: &str) -> String {
    format!("{kind}/{message}/{at}/{code}")
}

/// A delivery as it comes; each is a hint, since the lists tell the same (sheets 4.4 and 7).
fn sent(delivery: &Delivery) -> Sent {
    Sent {
        method: delivery.method.to_owned(),
        url: delivery.url.clone(),
        headers: delivery.headers.clone(),
        body: delivery.body.clone(),
        tells: BTreeSet::new(),
    }
}

impl Account {
    fn settings(&self, access: &Access) -> Own {
        let token = match access.key {
            KeyKind::Good => self.sandbox.key().to_owned(),
            KeyKind::Wrong => "0".repeat(64),
            KeyKind::Misshapen => "no key of Copernica's".to_owned(),
        };
        let database = self.sandbox.databases().first().map(u32::to_string);
        let wanted = access.lists.first().cloned();
        Own {
            base_url: Some(self.sandbox.base_url()),
            auth_url: Some(format!("{}{}", self.sandbox.auth_url(), SIGNED.0)),
            token: token.into(),
            database: wanted.or(database).unwrap_or_default(),
            time_zone: Some(ZONE.name().to_owned()),
            products: Vec::new(),
            retention_days: Some(RETENTION),
            collections: vec![Collection {
                id: self.orders.into(),
                kind: EventKind::Purchase,
                at: Some("Datum".into()),
                amount: Some("Bedrag".into()),
                order: Some("Ordernummer".into()),
                item: Some("Artikel".into()),
            }],
            unsubscribe_may_remove: false,
            imports: false,
            tag_prefix: PREFIX.to_owned(),
            start_tags: Vec::new(),
            start_fields: Vec::new(),
            webhook_account: match access.hook {
                KeyKind::Good => Some(Sandbox::account_id().to_owned()),
                KeyKind::Wrong => Some("account-4321".to_owned()),
                KeyKind::Misshapen => None,
            },
        }
    }

    fn contact(&self, id: &str) -> Option<Contact> {
        let mut all = self.sandbox.contacts().into_iter();
        all.find(|contact| contact.id.to_string() == id)
    }

    /// The name of a row where its kind is read: lists tell of what happened more than a minute ago, logfiles of days that
    /// have been over for an hour.
    fn name(&self, row: &Row, logged: &BTreeSet<String>) -> Option<String> {
        let (now, at) = (self.clock.now(), time(row.at));
        let numbered = |kind| format!("{kind}/{}:{}", product(row.product), row.id);
        let message = format!("{}:{}", product(row.product), row.message);
        let name = match row.kind {
            Kind::Impression => numbered("open"),
            Kind::Click => numbered("click"),
            Kind::Unsubscribe => numbered("unsubscribe"),
            Kind::Destination => format!("send/{message}"),
            Kind::Delivery => format!("delivery/{message}"),
            Kind::Abuse => format!("complaint/{message}"),
            Kind::Error => match row.code.bytes().next() {
                Some(b'5') => bounce("hard_bounce", &message, at, &row.code),
                Some(b'4') => bounce("soft_bounce", &message, at, &row.code),
                _ => return None,
            },
        };
        let listed = matches!(row.kind, Kind::Impression | Kind::Click | Kind::Unsubscribe);
        let readable = if listed {
            at <= now - TimeDelta::minutes(1)
        } else {
            logged.contains(&row.key()) && day(at) < day(now - TimeDelta::hours(1))
        };
        readable.then_some(name)
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
        Ok(Box::new(Copernica::new(
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

    fn truth(&self) -> Truth {
        let logged = self.sandbox.events_in_logs();
        let rows = self.sandbox.events();
        let mut events: BTreeSet<String> = rows
            .iter()
            .filter_map(|row| self.name(row, &logged))
            .collect();
        let orders = self.sandbox.subprofiles().into_iter();
        let orders = orders.filter(|row| row.collection == self.orders);
        events.extend(orders.map(|row| format!("purchase/{}", row.fields["Ordernummer"])));
        let people = self.sandbox.contacts().into_iter();
        Truth {
            contacts: people
                .map(|contact| (contact.id.to_string(), contact.address))
                .collect(),
            events,
        }
    }

    fn tell(&self, event: &Event) -> Option<String> {
        let (kind, id) = (event.kind.as_str(), event.id.as_deref()?);
        Some(match event.kind {
            EventKind::HardBounce | EventKind::SoftBounce => {
                let message: Vec<&str> = id.split(':').take(2).collect();
                let code = event.properties.get("code").and_then(Value::as_str)?;
                bounce(kind, &message.join(":"), time(seconds(event.at)), code)
            }
            EventKind::Purchase => format!("{kind}/{}", event.order.as_deref().unwrap_or(id)),
            _ => format!("{kind}/{id}"),
        })
    }

    fn shown(&self) -> BTreeMap<String, Shown> {
        let shown = |mut contact: Contact| {
            contact.interests.sort();
            let shown = Shown {
                fields: contact.fields,
                tags: contact.interests,
            };
            (contact.id.to_string(), shown)
        };
        self.sandbox.contacts().into_iter().map(shown).collect()
    }

    fn mailed(&self) -> BTreeSet<String> {
        let contacts = self.sandbox.contacts().into_iter();
        let mailed = contacts.filter(|contact| contact.mailed);
        mailed.map(|contact| contact.id.to_string()).collect()
    }

    fn starts(&self) -> BTreeMap<String, usize> {
        self.sandbox.starts()
    }

    async fn leaves(&self, contact: &str) -> Result<(), String> {
        let found = self.contact(contact);
        let left = found.is_some_and(|one| self.sandbox.leaves(one.id));
        left.then_some(())
            .ok_or_else(|| "there is no such profile that got a mail".into())
    }

    async fn deliveries(&self) -> Vec<Sent> {
        let all = self.sandbox.deliveries().into_iter();
        let sent = all.map(|delivery| {
            let sent = sent(&delivery);
            (delivery, sent)
        });
        let sent: Vec<(Delivery, Sent)> = sent.collect();
        let all = sent.iter().map(|(_, sent)| sent.clone()).collect();
        self.sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(sent);
        all
    }

    fn sent_again(&self, first: &Sent) -> Sent {
        let known = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let own = known.iter().find(|(_, sent)| sent == first);
        own.map_or_else(
            || first.clone(),
            |(own, _)| sent(&self.sandbox.deliver_again(own)),
        )
    }

    fn published(&self, name: &str) -> Option<String> {
        Sandbox::txt_record(name)
    }

    fn writes(&self) -> usize {
        self.sandbox.ledger().writes().len()
    }

    async fn edit(&self, edit: Edit) -> Result<Edited, String> {
        let now = self.clock.now();
        let numbered = |ids: &[u32]| touched(ids.iter().map(u32::to_string));
        Ok(match edit {
            Edit::News => news(self, &self.world, &self.clock),
            Edit::Change(many) => numbered(&self.sandbox.annotate(many)),
            Edit::Delete(many) => numbered(&self.sandbox.delete_by_hand(many)),
            Edit::Burst(many) => {
                // The present minute is not read yet.
                let at = now - TimeDelta::minutes(2);
                let before = self.truth().events;
                for product in Product::ALL {
                    self.sandbox.click_at(product, at, many);
                }
                Edited {
                    events: self.truth().events.difference(&before).cloned().collect(),
                    ..Edited::default()
                }
            }
            Edit::Postdate => numbered(&self.sandbox.touch_at(now + TimeDelta::days(3_650), 3)),
        })
    }

    fn add_unknown(&self, _: &str, _: &mut Value) -> u64 {
        0
    }
}
