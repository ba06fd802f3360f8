//! `/email/public/v1`: e-mail events, newest first, behind an opaque text as offset; campaigns; the timeline (sheet 4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Millis;
use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::contact::TYPES;
use super::mail::{Kind, Row, Source, row_id, soft};
use super::portal::{PORTAL, Portal};
use super::settings::uuid;
use super::timeline::What;
use crate::people::{Campaign, Deed, Publication, World};
use crate::rng;

/// The app of the newsletters.
pub(super) const MARKETING: (u64, &str) = (113, "Batch");

/// The app of order confirmations (sheet 8.9).
const RECEIPTS: (u64, &str) = (2_285, "TransactionalMail");

/// The id of a row on the wire.
pub(super) fn id_text(row: Row) -> String {
    uuid(&[row.id])
}

/// The id of the e-mail campaign, which is not that of the marketing e-mail (sheet 4).
pub(super) fn campaign_id(campaign: &Campaign) -> u64 {
    211_488_211 + u64::from(campaign.number) * 10 + campaign.publication as u64
}

/// An offset that holds for these parameters only, or an empty one.
pub(super) fn page_token(call: &Call, last: Option<(Millis, u64)>) -> String {
    let (at, id) = last.unwrap_or_default();
    URL_SAFE_NO_PAD.encode(format!("{:x}.{at}.{id}", fingerprint(call)))
}

/// What stands in an offset; `None` where it is not of these parameters.
pub(super) fn read_token(call: &Call, token: &str) -> Option<(Millis, u64)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.split('.');
    let print = u64::from_str_radix(parts.next()?, 16).ok()?;
    let place = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (print == fingerprint(call)).then_some(place)
}

fn fingerprint(call: &Call) -> u64 {
    let bytes = call.parameters_but("offset");
    bytes
        .bytes()
        .fold(7, |sum, byte| rng::mix(&[sum, u64::from(byte)]))
}

/// The types that are asked for: one, or all.
fn kinds(call: &Call) -> Result<Vec<Kind>, Problem> {
    let Some(name) = call.parameter("eventType") else {
        return Ok(Kind::ALL.to_vec());
    };
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
    kind.map(|kind| vec![kind])
        .ok_or_else(|| Problem::invalid("Unknown eventType"))
}

impl Portal {
    /// Everything below `/email/public/v1`.
    pub(super) fn email(&self, world: &World, call: &Call, rest: &[&str]) -> Reply {
        self.need("content")?;
        match rest {
            ["events"] => self.events(world, call),
            ["events", created, id] => {
                let mut rows = self.mail.all();
                let found =
                    rows.find(|row| row.at.to_string() == *created && id_text(**row) == *id);
                let row = found.ok_or_else(|| Problem::not_found("Event not found"))?;
                Ok(Answer::events(self.event(world, *row), vec![id_text(*row)]))
            }
            ["campaigns" | "campaigns/by-id"] | ["campaigns", "by-id"] => {
                self.campaigns(world, call)
            }
            ["campaigns", id] => self.campaign_body(world, call, id),
            ["subscriptions", "timeline"] => self.timeline(call),
            _ => Err(Problem::not_found("resource not found")),
        }
    }

    fn events(&self, world: &World, call: &Call) -> Reply {
        let limit = call.limit(10, 1_000)?;
        let (from, to) = (call.number("startTimestamp")?, call.number("endTimestamp")?);
        let kinds = kinds(call)?;
        let campaign = call.number("campaignId")?;
        if campaign.is_some() && call.parameter("appId").is_none() {
            return Err(Problem::invalid("campaignId requires appId"));
        }
        let app = call
            .number("appId")?
            .map(|id| u64::try_from(id).unwrap_or(0));
        let campaign = campaign.map(|id| u64::try_from(id).unwrap_or(0));
        let unfiltered = call.parameter("excludeFilteredEvents") == Some("true");
        let wanted = |row: &Row| {
            call.parameter("recipient")
                .is_none_or(|address| self.recipient(world, *row).eq_ignore_ascii_case(address))
                && app.is_none_or(|app| app_of(*row).0 == app)
                && campaign.is_none_or(|id| {
                    self.campaign(world, *row)
                        .is_some_and(|one| campaign_id(one) == id)
                })
                && !(unfiltered && self.filtered(world, *row))
        };
        let before = match call.parameter("offset") {
            None => None,
            Some(token) => Some(
                read_token(call, token).ok_or_else(|| Problem::invalid("offset is not valid"))?,
            ),
        };
        // Where each type stands, from its newest row downwards.
        let below = |row: &Row| {
            to.is_none_or(|to| row.at <= to)
                && before.is_none_or(|before| (row.at, row.id) < before)
        };
        let mut heads: Vec<&[Row]> = (kinds.iter())
            .map(|kind| self.mail.rows(*kind))
            .map(|rows| &rows[..rows.partition_point(below)])
            .collect();
        let mut page: Vec<Row> = Vec::new();
        while page.len() <= limit {
            let newest = heads
                .iter_mut()
                .max_by_key(|rows| rows.last().map(|row| (row.at, row.id)));
            let Some((row, rest)) = newest.as_ref().and_then(|rows| rows.split_last()) else {
                break;
            };
            if from.is_some_and(|from| row.at < from) {
                break;
            }
            if wanted(row) {
                page.push(*row);
            }
            if let Some(rows) = newest {
                *rows = rest;
            }
        }
        let more = page.len() > limit;
        page.truncate(limit);
        let token = page_token(call, page.last().map(|row| (row.at, row.id)));
        let bodies: Vec<Value> = page.iter().map(|row| self.event(world, *row)).collect();
        let served = page.iter().map(|row| id_text(*row)).collect();
        Ok(Answer::events(
            json!({"hasMore": more, "offset": token, "events": bodies}),
            served,
        ))
    }

    /// An event as the answers have it.
    pub(super) fn event(&self, world: &World, row: Row) -> Value {
        if row.kind == Kind::Unbounce {
            // It lacks the common fields (sheet 4).
            let recipient = self.recipient(world, row);
            return json!({"id": id_text(row), "created": row.at, "type": "UNBOUNCE", "recipient": recipient, "portalId": PORTAL});
        }
        let (app, name) = app_of(row);
        let mut recipient = self.recipient(world, row);
        // Events keep the address as it was typed; contacts have it in lower case.
        if row.id.is_multiple_of(11) {
            recipient[..1].make_ascii_uppercase();
        }
        let mut body = json!({
            "id": id_text(row), "created": row.at, "type": row.kind.as_str(), "recipient": recipient, "portalId": PORTAL,
            "appId": app, "appName": name, "hmid": format!("{:016x}", row.id), "smtpId": null,
            "filteredEvent": self.filtered(world, row),
        });
        let campaign = self.campaign(world, row);
        if let Some(campaign) = campaign {
            let id = campaign_id(campaign);
            body["emailCampaignId"] = json!(id);
            body["emailCampaignGroupId"] = json!(id - id % 10);
            let sent = i64::from(campaign.sent_at) * 1_000;
            body["sentBy"] = json!({"id": uuid(&[id, rng::mix(&[row.id])]), "created": sent});
        }
        self.add_details(world, row, campaign, &mut body);
        body
    }

    fn add_details(&self, world: &World, row: Row, campaign: Option<&Campaign>, body: &mut Value) {
        match row.kind {
            Kind::Sent => {
                body.as_object_mut().map(|body| body.remove("sentBy"));
                body["subject"] =
                    json!(campaign.map_or("Uw bestelling", |campaign| &campaign.subject));
                body["from"] = json!("Voorbeeld <post@example.nl>");
                (body["replyTo"], body["cc"], body["bcc"]) =
                    (json!(["post@example.nl"]), json!([]), json!([]));
            }
            Kind::Dropped => {
                body["dropReason"] = json!("PREVIOUSLY_BOUNCED");
                body["dropMessage"] = json!("The recipient bounced before");
            }
            Kind::Delivered => {
                body["response"] = json!("250 2.0.0 OK");
                body["smtpId"] = json!(format!("<{:016x}@example.net>", row.id));
            }
            Kind::Deferred => {
                body["response"] = json!("451 4.7.1 Greylisted");
                body["attempt"] = json!(1);
            }
            Kind::Bounce => {
                let (category, status, response) = if self.is_hard(world, row) {
                    (
                        "UNKNOWN_USER",
                        "5.1.1",
                        "550 5.1.1 The email account that you tried to reach does not exist",
                    )
                } else {
                    soft(row.source)
                };
                (body["status"], body["response"]) = (json!(status), json!(response));
                if !category.is_empty() {
                    body["category"] = json!(category);
                }
            }
            Kind::Open | Kind::Click => self.add_reading(world, row, campaign, body),
            Kind::StatusChange => self.add_consent(row, body),
            Kind::Processed | Kind::SpamReport | Kind::Unbounce => {}
        }
    }

    fn add_reading(&self, world: &World, row: Row, campaign: Option<&Campaign>, body: &mut Value) {
        let proxy = self.filtered(world, row);
        body["deviceType"] = json!(if row.id.is_multiple_of(3) {
            "MOBILE"
        } else {
            "COMPUTER"
        });
        body["userAgent"] = json!("Mozilla/5.0");
        let browser = if proxy {
            "Google Image Cache"
        } else {
            "Chrome"
        };
        body["browser"] = json!({"name": browser, "family": browser, "type": if proxy { "Proxy" } else { "Browser" }, "version": ["128"]});
        body["location"] = json!({"country": "NETHERLANDS", "state": "utrecht", "city": "utrecht"});
        let link = match self.act(world, row).map(|act| act.deed) {
            Some(Deed::Click(link) | Deed::ScannerClick(link)) => usize::from(link),
            _ => 0,
        };
        if row.kind == Kind::Click {
            let url = campaign.and_then(|campaign| campaign.links.get(link));
            (body["url"], body["linkId"]) = (json!(url), json!(0));
            body["referer"] = json!("https://mail.example/");
        } else if !proxy {
            body["duration"] = json!(row.id % 60_000);
        }
        if let Source::Act {
            publication,
            campaign,
            act,
            replaced: true,
        } = row.source
        {
            let by = Source::Act {
                publication,
                campaign,
                act,
                replaced: false,
            };
            let id = uuid(&[row_id(row.kind, by, 0)]);
            body["obsoletedBy"] = json!({"id": id, "created": row.at + 1});
        }
    }

    fn add_consent(&self, row: Row, body: &mut Value) {
        let Source::Shift(place) = row.source else {
            return;
        };
        let shift = &self.shifts[place as usize];
        body["source"] = json!(shift.source);
        body["requestedBy"] = json!(shift.recipient);
        body["bounced"] = json!(false);
        // Out of everything comes without a word on types (sheet 8.11).
        let (portal, types) = match shift.what {
            What::All => (shift.to, json!([])),
            What::Type(of) => ("SUBSCRIBED", json!([{"id": TYPES[of], "status": shift.to}])),
        };
        body["portalSubscriptionStatus"] = json!(portal);
        body["subscriptions"] = types;
    }

    fn sent<'w>(&self, world: &'w World) -> Vec<&'w Campaign> {
        let now = self.now;
        let second = self.options.second_type;
        let mut all: Vec<&Campaign> = (Publication::ALL.into_iter())
            .filter(|publication| second || *publication == Publication::Weekly)
            .flat_map(|publication| world.campaigns(publication))
            .filter(|campaign| i64::from(campaign.sent_at) * 1_000 <= now)
            .collect();
        all.sort_by_key(|campaign| std::cmp::Reverse((campaign.sent_at, campaign.number)));
        all
    }

    fn campaigns(&self, world: &World, call: &Call) -> Reply {
        let limit = call.limit(10, 1_000)?;
        let mut all = self.sent(world);
        if let Some(token) = call.parameter("offset") {
            let (_, id) =
                read_token(call, token).ok_or_else(|| Problem::invalid("offset is not valid"))?;
            let seen = all
                .iter()
                .position(|campaign| campaign_id(campaign) == id)
                .map_or(all.len(), |place| place + 1);
            all.drain(..seen);
        }
        let more = all.len() > limit;
        all.truncate(limit);
        let last = all.last().map(|campaign| (0, campaign_id(campaign)));
        let rows: Vec<Value> = (all.iter())
            .map(|one| {
                json!({
                    "id": campaign_id(one), "appId": MARKETING.0, "appName": MARKETING.1,
                    "lastUpdatedTime": i64::from(one.sent_at) * 1_000,
                })
            })
            .collect();
        Ok(Answer::read(
            json!({"hasMore": more, "offset": page_token(call, last), "campaigns": rows}),
        ))
    }

    fn campaign_body(&self, world: &World, call: &Call, id: &str) -> Reply {
        let all = self.sent(world);
        let found = all
            .iter()
            .find(|campaign| campaign_id(campaign).to_string() == id);
        let app = call.number("appId")?.unwrap_or(113);
        let campaign = found
            .filter(|_| app == 113)
            .ok_or_else(|| Problem::not_found("Campaign not found"))?;
        let count = |kind: Kind| {
            let own = |row: &&Row| {
                self.campaign(world, **row)
                    .is_some_and(|one| campaign_id(one) == campaign_id(campaign))
            };
            self.mail
                .rows(kind)
                .iter()
                .filter(own)
                .filter(|row| !self.filtered(world, **row))
                .count()
        };
        Ok(Answer::read(json!({
            "id": campaign_id(campaign), "appId": MARKETING.0, "appName": MARKETING.1,
            "contentId": 9_000_000 + campaign_id(campaign) % 100_000, "subject": campaign.subject, "name": campaign.subject,
            "type": "BATCH_EMAIL", "numIncluded": campaign.recipients.len(), "numQueued": campaign.recipients.len(),
            "counters": {
                "sent": count(Kind::Sent), "delivered": count(Kind::Delivered), "open": count(Kind::Open),
                "click": count(Kind::Click), "bounce": count(Kind::Bounce), "spamreport": count(Kind::SpamReport),
                "statuschange": count(Kind::StatusChange),
            },
            "lastUpdatedTime": i64::from(campaign.sent_at) * 1_000,
        })))
    }
}

/// The app that a mail came from.
pub(super) const fn app_of(row: Row) -> (u64, &'static str) {
    if matches!(row.source, Source::Receipt(_)) {
        RECEIPTS
    } else {
        MARKETING
    }
}
