//! Ghost, ready to be examined.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;
use engaged_connectors::{
    Clock, Connector, ConnectorError, Stream, Write,
    conformance::{
        Access, Edit, Edited, Golden, HandClock, KeyKind, PREFIX, Rights, Scene, Sent, Settings,
        Shown, Skip, Stand, Subject, Truth, Unwritable,
    },
    ghost::{Ghost, GhostSettings},
    http::Transport,
    model::{Event, EventKind},
};
use engaged_sandbox::{
    fault::FaultPlan,
    ghost::{Delivery, Ghost as Sandbox, GhostConfig, GhostServing},
    people::{Publication, SharedWorld},
};
use http::{Request, Response, StatusCode};
use serde_json::Value;

use super::{Ask, Line, hook_secrets, news, settings, touched, world};

/// Ghost.
pub(super) static GHOST: Platform = Platform;

pub(super) struct Platform;

static SKIPS: &[Skip] = &[
    Skip {
        check: "K14",
        part: Some("addresses"),
        reason: "Ghost signs the body and the time, and not where it is sent",
    },
    Skip {
        check: "K10",
        part: Some("quota headers"),
        reason: "Ghost sets no limit and sends no quota headers",
    },
    Skip {
        check: "K11",
        part: Some("renewal"),
        reason: "each request signs a token of its own: there is none to renew",
    },
];

/// Where the site's webhooks go.
const HANDLER: &str = "https://hooks.example.nl/hooks/site/a-secret-part";

const EVENTS: &str = "/members/events/";

macro_rules! fixture {
    ($name:literal) => {
        recorded!("ghost/", $name, ".json")
    };
}

macro_rules! golden {
    ($name:literal) => {
        recorded!("ghost/golden/", $name, ".jsonl")
    };
}

/// A case that reads one page of a stream of events.
macro_rules! events {
    ($name:literal, $stream:literal, $fixture:literal) => {
        Golden {
            name: $name,
            stream: Stream($stream),
            answers: &[(EVENTS, fixture!($fixture))],
            expected: golden!($name),
        }
    };
}

#[async_trait]
impl Subject for Platform {
    fn platform(&self) -> &'static str {
        "ghost"
    }

    fn skips(&self) -> &'static [Skip] {
        SKIPS
    }

    fn settings(&self) -> Settings {
        Settings {
            now: settings("ghost", &["push.fields", "push.deadband"], &["base_url"]),
            released: fixture!("settings"),
        }
    }

    fn golden(&self) -> Vec<Golden> {
        vec![
            Golden {
                name: "members",
                stream: Stream("members"),
                answers: &[("/members/", fixture!("members"))],
                expected: golden!("members"),
            },
            events!("sent", "sends", "events-sent"),
            events!("opened", "opens", "events-opened"),
            events!("opened-member-gone", "opens", "events-opened-member-gone"),
            events!("complained", "complaints", "events-complained"),
            events!("clicked", "clicks", "events-clicked"),
            events!("newsletter", "newsletters", "events-newsletter"),
            events!("signup", "signups", "events-signup"),
            events!("comment", "comments", "events-comment"),
            events!("payment", "payments", "events-payment"),
        ]
    }

    fn unseen(&self) -> &'static [(EventKind, &'static str)] {
        &[
            (
                EventKind::Comment,
                "the stand-in has no comments; recorded ones are read in K4",
            ),
            (
                EventKind::Purchase,
                "the stand-in has no payments; recorded ones are read in K4",
            ),
        ]
    }

    fn page_size(&self) -> &'static str {
        "limit"
    }

    fn unwritable(&self) -> Vec<Unwritable> {
        let add = |tag: String| Write::AddTag { tag };
        vec![
            Unwritable {
                write: add(format!("{PREFIX}{}", "x".repeat(191))),
                limit: "a tag of more than 191 characters",
            },
            Unwritable {
                write: add("vip".into()),
                limit: "a tag of somebody else's",
            },
            Unwritable {
                write: Write::RemoveTag { tag: "vip".into() },
                limit: "taking off a tag of somebody else's",
            },
            Unwritable {
                write: Write::SetField {
                    field: "SCORE".into(),
                    value: Some("1".into()),
                },
                limit: "a field, which Ghost does not have",
            },
        ]
    }

    fn signed_headers(&self) -> &'static [&'static str] {
        &["X-Ghost-Signature"]
    }

    async fn stand(&self, scene: Scene) -> Result<Box<dyn Stand>, String> {
        let world = world(&scene);
        let config = GhostConfig {
            publication: Publication::Weekly,
            key_of_an_author: scene.rights == Rights::Few,
            webhook_url: Some(HANDLER.to_owned()),
            ..GhostConfig::default()
        };
        let ghost = Sandbox::new(config, Arc::clone(&world));
        let clock = Arc::clone(&scene.clock);
        ghost.follow(move || clock.now());
        let serving = ghost
            .serve(FaultPlan::none(), 0)
            .await
            .map_err(|error| error.to_string())?;
        Ok(Box::new(Site {
            serving: Arc::new(serving),
            world,
            clock: scene.clock,
        }))
    }
}

/// One site.
struct Site {
    serving: Arc<GhostServing>,
    world: SharedWorld,
    clock: Arc<HandClock>,
}

#[async_trait]
impl Ask for GhostServing {
    async fn ask(&self, request: Request<Bytes>) -> std::io::Result<Response<Bytes>> {
        self.ask(request).await
    }
}

impl Site {
    fn settings(&self, access: &Access) -> GhostSettings {
        let key = match access.key {
            KeyKind::Good => self.serving.key(),
            KeyKind::Wrong => format!("{}:{}", "6700000000000000000000b2", "77".repeat(32)),
            KeyKind::Misshapen => "no key of Ghost's".to_owned(),
        };
        GhostSettings {
            base_url: self.serving.base_url(),
            key: key.into(),
            newsletters: access.lists.clone(),
            tag_prefix: PREFIX.to_owned(),
            start_tags: Vec::new(),
        }
    }
}

/// The names that a row of the platform's has in the truth.
fn names(row: &str) -> Vec<String> {
    let Some((kind, id)) = row.split_once('/') else {
        return Vec::new();
    };
    let kinds: &[&str] = match kind {
        "email_sent_event" => &["send"],
        "email_delivered_event" => &["send", "delivery"],
        "email_failed_event" => &["send", "hard_bounce"],
        "email_opened_event" => &["open"],
        "email_complaint_event" => &["complaint"],
        "click_event" => &["click"],
        "newsletter_event" => &["newsletter"],
        "signup_event" => &["signup"],
        _ => &["something else"],
    };
    kinds.iter().map(|kind| format!("{kind}/{id}")).collect()
}

#[async_trait]
impl Stand for Site {
    fn connect(
        &self,
        access: &Access,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Result<Box<dyn Connector>, ConnectorError> {
        let site = self.serving.ghost();
        let secrets = hook_secrets(access, site.webhook_secret());
        let ghost = Ghost::new(&self.settings(access), clock, transport)?;
        Ok(Box::new(ghost.with_webhook(secrets)))
    }

    fn line(&self) -> Arc<dyn Transport> {
        Arc::new(Line(Arc::clone(&self.serving)))
    }

    fn secrets(&self) -> Vec<String> {
        let key = self.serving.key();
        let secret = key.split_once(':').map(|(_, secret)| secret.to_owned());
        [key].into_iter().chain(secret).collect()
    }

    fn settings_shown(&self) -> String {
        format!("{:?}", self.settings(&Access::good()))
    }

    async fn refusal(&self, status: StatusCode) -> Response<Bytes> {
        self.serving.refusal(status).await
    }

    fn truth(&self) -> Truth {
        let site = self.serving.ghost();
        Truth {
            contacts: site
                .members()
                .into_iter()
                .map(|member| (member.id, member.email))
                .collect(),
            events: site.events().iter().flat_map(|row| names(row)).collect(),
        }
    }

    fn tell(&self, event: &Event) -> Option<String> {
        let kind = match event.kind {
            // Which of the two it is does not stand in the platform's list.
            EventKind::Subscribe | EventKind::Unsubscribe => "newsletter",
            ref other => other.as_str(),
        };
        Some(format!("{kind}/{}", event.id.as_deref()?))
    }

    fn shown(&self) -> BTreeMap<String, Shown> {
        let members = self.serving.ghost().members().into_iter();
        let shown = |mut tags: Vec<String>| {
            tags.sort();
            Shown {
                fields: BTreeMap::new(),
                tags,
            }
        };
        members
            .map(|member| (member.id, shown(member.labels)))
            .collect()
    }

    fn mailed(&self) -> BTreeSet<String> {
        let members = self.serving.ghost().members().into_iter();
        let mailed = members.filter(|member| member.subscribed);
        mailed.map(|member| member.id).collect()
    }

    async fn leaves(&self, contact: &str) -> Result<(), String> {
        let site = self.serving.ghost();
        let mut members = site.members().into_iter();
        let found = members.find(|member| member.id == contact);
        let left = found.is_some_and(|member| site.leaves(&member.email));
        left.then_some(())
            .ok_or_else(|| "there is no such member".into())
    }

    async fn deliveries(&self) -> Vec<Sent> {
        let sent = |delivery: Delivery| Sent {
            method: delivery.method.to_owned(),
            url: delivery.url,
            headers: delivery.headers,
            body: delivery.body.into(),
            tells: BTreeSet::new(),
        };
        let all = self.serving.ghost().deliveries();
        all.into_iter().map(sent).collect()
    }

    fn writes(&self) -> usize {
        self.serving.ledger().writes().len()
    }

    async fn edit(&self, edit: Edit) -> Result<Edited, String> {
        let site = self.serving.ghost();
        let clicks = |rows: Vec<String>| Edited {
            events: rows.iter().flat_map(|row| names(row)).collect(),
            ..Edited::default()
        };
        Ok(match edit {
            Edit::News => news(self, &self.world, &self.clock),
            Edit::Change(many) => touched(site.annotate(many)),
            Edit::Delete(many) => {
                let members = site
                    .members()
                    .into_iter()
                    .filter(|member| member.subscribed);
                let gone = members
                    .take(many)
                    .filter(|member| site.delete_member(&member.email))
                    .map(|member| member.id);
                touched(gone)
            }
            Edit::Burst(many) => clicks(site.click_at(self.clock.now(), many)),
            Edit::Postdate => clicks(site.click_at(self.clock.now() + TimeDelta::days(3_650), 3)),
        })
    }

    fn add_unknown(&self, path: &str, answer: &mut Value) -> u64 {
        let rows = answer["events"].as_array().map_or(&[][..], Vec::as_slice);
        if !path.ends_with(EVENTS) {
            return 0;
        }
        // Only between rows of two seconds, so that the order by time and id still holds.
        let place = rows
            .windows(2)
            .position(|pair| pair[0]["data"]["created_at"] != pair[1]["data"]["created_at"]);
        let Some((place, mut row)) = place.map(|place| (place, rows[place].clone())) else {
            return 0;
        };
        row["type"] = "teleport_event".into();
        row["data"]["id"] = "0".repeat(24).into();
        let total = answer["meta"]["pagination"]["total"]
            .as_u64()
            .unwrap_or_default();
        answer["meta"]["pagination"]["total"] = (total + 1).into();
        if let Some(rows) = answer["events"].as_array_mut() {
            rows.insert(place + 1, row);
        }
        1
    }
}
