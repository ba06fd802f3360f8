//! What `ActiveCampaign` sends by itself: a form with keys in brackets, unsigned, once, never again (sheet 7).
//!
//! Opens and clicks count as they come, since the API reports them in no reliable way. Everything else is a hint to
//! ask early. Whoever knows the path could send anything: so an event names its contact by the number alone, and a
//! time in the future is not believed.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ActiveCampaign, BOUNCES, CONTACTS, UNSUBSCRIBES,
    wire::{instant, is_id},
};
use crate::{
    error::ConnectorError,
    model::{Campaign, ContactRef, Event, EventKind, Reject},
    webhook::{Delivery, Doubt, News, Trust, Webhook},
};

/// How far the platform's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::hours(1);
/// The longest link that is kept.
const LINK_MAX: usize = 4_000;

/// The first value of each key. Their order and number vary (sheet 7).
type Form = BTreeMap<String, String>;

fn form(body: &[u8]) -> Form {
    let mut form = Form::new();
    for (key, value) in url::form_urlencoded::parse(body) {
        form.entry(key.into_owned())
            .or_insert_with(|| value.into_owned());
    }
    form
}

fn filled<'f>(form: &'f Form, key: &str) -> Option<&'f str> {
    let value = form.get(key).map(|value| value.trim());
    value.filter(|value| !value.is_empty())
}

/// An id; "0" means none.
fn number<'f>(form: &'f Form, key: &str) -> Option<&'f str> {
    filled(form, key).filter(|id| is_id(id) && *id != "0")
}

impl Webhook for ActiveCampaign {
    fn trust(&self) -> Trust {
        Trust::PathOnly
    }

    fn verify(
        &self,
        _delivery: &Delivery<'_>,
        _key: Option<&str>,
        _now: DateTime<Utc>,
    ) -> Result<(), Doubt> {
        Ok(())
    }

    fn name(&self, delivery: &Delivery<'_>) -> Option<String> {
        // The same event may be written with its keys in another order, or with more of them.
        name(&form(delivery.body))
    }

    fn read(
        &self,
        delivery: &Delivery<'_>,
        received_at: DateTime<Utc>,
    ) -> Result<News, ConnectorError> {
        let form = form(delivery.body);
        let Some(kind) = filled(&form, "type") else {
            return Err(ConnectorError::Contract {
                what: "a webhook".into(),
                detail: "the form names no type".into(),
            });
        };
        let mut news = News::default();
        match kind {
            "open" | "click" => match event(&form, kind, received_at) {
                Ok(event) => {
                    news.campaigns.extend(campaign(&form));
                    news.events.push(event);
                }
                Err(reject) => news.rejects.push(reject),
            },
            "bounce" => news.poll.extend([BOUNCES, CONTACTS]),
            "unsubscribe" => news.poll.extend([UNSUBSCRIBES, CONTACTS]),
            "subscribe" | "update" | "contact_tag_added" | "contact_tag_removed" => {
                news.poll.push(CONTACTS);
            }
            // Nothing that is read would show these.
            "sent" | "reply" | "forward" | "share" | "list_add" | "subscriber_note" => {}
            other if other.starts_with("sms_") || other.starts_with("deal_") => {}
            other if other.starts_with("account_") || other == "contact_task_add" => {}
            _ => news.unknown += 1,
        }
        Ok(news)
    }
}

/// What an open or click is known by (sheet 4.7).
fn name(form: &Form) -> Option<String> {
    let kind = filled(form, "type")?;
    let what = match kind {
        "open" => number(form, "campaign[message][id]").unwrap_or("0"),
        "click" => number(form, "link[id]").or_else(|| filled(form, "link[url]"))?,
        _ => return None,
    };
    let who = number(form, "contact[id]")?;
    let campaign = number(form, "campaign[id]").unwrap_or("0");
    let at = filled(form, "date_time")?;
    let name = format!("{kind}:{who}:{campaign}:{what}:{at}");
    (name.len() <= LINK_MAX).then_some(name)
}

fn event(form: &Form, kind: &str, received_at: DateTime<Utc>) -> Result<Event, Reject> {
    let refuse = |at, reason: &str| Reject {
        id: None,
        at,
        reason: reason.to_owned(),
    };
    let at = match filled(form, "date_time").map(instant) {
        Some(Ok(Some(at))) => at,
        Some(Err(why)) => return Err(refuse(Some(received_at), why)),
        Some(Ok(None)) | None => received_at,
    };
    if at > received_at + AHEAD {
        return Err(refuse(Some(received_at), "the event lies in the future"));
    }
    let who = number(form, "contact[id]");
    let who = who.ok_or_else(|| refuse(Some(at), "the webhook names no contact"))?;
    let contact = ContactRef {
        id: Some(who.to_owned()),
        email: None,
    };
    let click = kind == "click";
    let link = filled(form, "link[url]").filter(|_| click);
    if link.is_some_and(|link| link.len() > LINK_MAX) {
        return Err(refuse(Some(at), "the link is too long to be one"));
    }
    let kind = if click {
        EventKind::Click
    } else {
        EventKind::Open
    };
    let mut event = Event {
        id: name(form).map(|name| format!("hook:{name}")),
        campaign: number(form, "campaign[id]").map(str::to_owned),
        link: link.map(str::to_owned),
        ..Event::new(contact, kind, at)
    };
    // What tells people from machines; the platform marks neither proxies nor scanners (sheet 4.6).
    if let Some(agent) = filled(form, "User-Agent") {
        event.properties.insert("user_agent".into(), agent.into());
    }
    Ok(event)
}

fn campaign(form: &Form) -> Option<Campaign> {
    Some(Campaign {
        id: number(form, "campaign[id]")?.to_owned(),
        name: filled(form, "campaign[name]")?.to_owned(),
        sent_at: None,
    })
}
