//! Campaigns with their counters, their links with who followed them, and bounces (sheet 4).

use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, Refusal, Reply};
use super::call::Call;
use super::event::{Event, Kind};
use super::reports::{Bounce, Report, Row};
use super::{ReadTrackers, Shape};
use crate::people::World;

/// The id of a campaign that was never sent.
const DRAFT: &str = "1";

/// A campaign's body; the report's, or the draft's.
fn body(account: &Account, world: &World, report: Option<&Report>) -> Value {
    let zone = account.zone;
    let (id, name, sent) =
        report.map_or((DRAFT.to_owned(), "Concept".to_owned(), None), |report| {
            let campaign = report.campaign(world);
            (
                report.id.to_string(),
                campaign.subject.clone(),
                Some(campaign),
            )
        });
    let count = report.map(|report| report.counters).unwrap_or_default();
    let sends = sent.map_or(0, |campaign| campaign.recipients.len());
    let made = zone.stamp(sent.map_or(world.start(), |campaign| campaign.sent_at));
    let at = sent.map(|_| made.clone());
    let wall = zone.wall(sent.map_or(world.start(), |campaign| campaign.sent_at));
    let flow = report.is_some_and(|report| report.flow.is_some());
    let series = if flow { "1" } else { "0" };
    let automation = flow.then_some(series);
    let below = |name: &str| format!("{}/campaigns/{id}/{name}", account.base);
    let mut body = json!({
        "id": id, "type": "single", "userid": "1", "user": "1", "segmentid": "0", "bounceid": "-1", "realcid": "0",
        "sendid": "0", "threadid": "0", "seriesid": series, "formid": "0", "basemessageid": "0", "source": "web",
        "name": name, "cdate": made, "mdate": made, "sdate": at, "ldate": at,
        "send_amt": sends.to_string(), "total_amt": sends.to_string(),
        "status": if sent.is_some() { "5" } else { "0" }, "public": "1", "tracklinks": "all", "trackreads": "1",
        "htmlunsubdata": null, "scheduleddate": null, "deletestamp": null, "automation": automation,
        "updated_timestamp": wall, "created_timestamp": wall,
        "links": {
            "user": below("user"), "automation": below("automation"), "campaignMessage": below("campaignMessage"),
            "campaignMessages": below("campaignMessages"), "links": below("links"),
            "campaignLists": below("campaignLists"),
        },
    });
    for (name, count) in [
        ("opens", count.opens),
        ("uniqueopens", count.unique_opens),
        ("linkclicks", count.clicks),
        ("uniquelinkclicks", count.unique_clicks),
        ("subscriberclicks", count.clickers),
        ("hardbounces", count.hard),
        ("softbounces", count.soft),
        ("unsubscribes", count.unsubscribes),
        ("replies", count.replies),
        ("uniquereplies", count.replies),
        ("forwards", 0),
        ("uniqueforwards", 0),
        ("unsubreasons", 0),
        ("updates", 0),
        ("socialshares", 0),
    ] {
        body[name] = json!(count.to_string());
    }
    body
}

/// `GET /campaigns`: oldest first, unless `orders[sdate]` says otherwise.
pub(super) fn campaigns(account: &Account, world: &World, call: &Call) -> Answer {
    let series = ["filters[seriesid]", "filters[automation]"].map(|name| call.number(name));
    let series = series.into_iter().flatten().next();
    let reports = account.reports.iter().map(Some);
    let mut rows: Vec<Option<&Report>> = std::iter::once(None).chain(reports).collect();
    rows.retain(|report| {
        let flow = report.is_some_and(|report| report.flow.is_some());
        series.is_none_or(|series| series == u64::from(flow))
    });
    let order = call.order("sdate").or_else(|| call.order("ldate"));
    if order == Some(true) {
        rows.reverse();
    }
    let page: Vec<Value> = call
        .page(&rows)
        .iter()
        .map(|report| body(account, world, *report))
        .collect();
    Answer::read(json!({"campaigns": page, "meta": {"total": rows.len().to_string()}}))
}

fn known<'a>(account: &'a Account, id: &str) -> Result<&'a Report, Refusal> {
    let found = account
        .reports
        .iter()
        .find(|report| report.id.to_string() == id);
    found.ok_or_else(|| Refusal::no_result("Campaign", id))
}

/// `GET /campaigns/{id}`.
pub(super) fn campaign(account: &Account, world: &World, id: &str) -> Reply {
    let report = if id == DRAFT {
        None
    } else {
        Some(known(account, id)?)
    };
    let mut body = body(account, world, report);
    super::write::without(&mut body["links"], &["campaignMessages", "campaignLists"]);
    Ok(Answer::read(json!({"campaign": body})))
}

/// `GET /campaigns/{id}/links`: the tracked links and the pseudo link, perhaps twice, the second without a message (sheet 4.2).
pub(super) fn links(account: &Account, world: &World, id: &str) -> Reply {
    if id == DRAFT {
        return Ok(Answer::read(json!({"links": []})));
    }
    let report = known(account, id)?;
    let body = |number: u32, link: &str, name: &str, message: Option<u32>| {
        let id = report.first_link + number;
        let below = |name: &str| format!("{}/links/{id}/{name}", account.base);
        let message_id = message.map(|id| id.to_string());
        json!({
            "campaignid": report.id.to_string(), "messageid": message_id.as_deref().unwrap_or("0"), "link": link,
            "name": name, "ref": "", "tracked": "1",
            "links": {"campaign": below("campaign"), "message": below("message")},
            "id": id.to_string(), "campaign": report.id.to_string(), "message": message_id,
        })
    };
    let message = Some(report.id);
    let trackers = (0..report.trackers).map(|number| {
        let message = message.filter(|_| number == 0);
        body(number, "open", "Read Tracker", message)
    });
    let urls = (report.trackers..).zip(&report.campaign(world).links);
    let tracked = urls.map(|(number, url)| body(number, url, "", message));
    let rows: Vec<Value> = trackers.chain(tracked).collect();
    Ok(Answer::read(json!({"links": rows})))
}

/// The report and the rows behind the id of a link.
fn rows_of(account: &Account, id: u32) -> Option<(&Report, u32, Vec<&Row>)> {
    let report = account
        .reports
        .iter()
        .rfind(|report| report.first_link <= id)?;
    let number = id - report.first_link;
    let trackers = report.trackers;
    let slot = number.checked_sub(trackers).map_or(0, |link| link + 1);
    let rows = report.rows.get(slot as usize)?;
    let here = |row: &&Row| {
        let contact = &account.contacts[row.contact];
        let kept = account.options.deleted_keep_rows || contact.deleted.is_none();
        let mine = match account.options.read_trackers {
            _ if slot > 0 => true,
            ReadTrackers::Split => contact.id % 2 == number,
            ReadTrackers::One | ReadTrackers::SecondEmpty => number == 0,
        };
        kept && mine
    };
    Some((report, slot, rows.iter().filter(here).collect()))
}

/// `GET /links/{id}/linkData`: one row for each contact and link, with the latest time and how often. Undocumented: its shape
/// and order are the account's settings (sheet 4.2).
pub(super) fn link_data(account: &Account, world: &World, call: &Call, id: &str) -> Reply {
    let found = id.parse().ok().and_then(|id| rows_of(account, id));
    let Some((report, slot, mut rows)) = found.filter(|_| account.options.link_data) else {
        return Err(Refusal::no_result("Link", id));
    };
    if account.options.link_data_newest_first {
        rows.sort_by_key(|row| std::cmp::Reverse(row.at));
    }
    let (shape, campaign) = (account.options.link_data_shape, report.id.to_string());
    let mut served = Vec::new();
    let body = |row: &&Row| {
        let contact = &account.contacts[row.contact];
        let key = contact.id.to_string();
        served.push(row_event(account, world, report, slot, row).key());
        let mut body = json!({
            "tstamp": account.zone.stamp(row.at), "campaignid": campaign, "linkid": id,
            "id": format!("{}{:04}", contact.id, report.first_link + slot),
        });
        if shape != Shape::Subscriber {
            body["contact"] = json!(key);
        }
        if shape != Shape::Contact {
            body["subscriberid"] = json!(key);
            body["email"] = json!(contact.address(world));
            body["times"] = json!(row.times.to_string());
        }
        body
    };
    let page: Vec<Value> = call.page(&rows).iter().map(body).collect();
    let mut body = json!({"linkData": page});
    if account.options.link_data_total {
        body["meta"] = json!({"total": rows.len().to_string()});
    }
    Ok(Answer::events(body, served))
}

/// The event that a row tells of: the latest.
fn row_event(account: &Account, world: &World, report: &Report, slot: u32, row: &Row) -> Event {
    let links = &report.campaign(world).links;
    let link = slot
        .checked_sub(1)
        .and_then(|link| links.get(link as usize));
    let kind = link.map_or(Kind::Open, |_| Kind::Click);
    let contact = account.contacts[row.contact].id.to_string();
    let detail = link.map_or("", String::as_str);
    Event::new(kind, &report.id.to_string(), &contact, row.at, detail)
}

/// The event of a bounce, whose number is its place.
pub(super) fn bounce_event(account: &Account, number: usize, bounce: &Bounce) -> Event {
    let kind = if bounce.hard {
        Kind::HardBounce
    } else {
        Kind::SoftBounce
    };
    let contact = account.contacts[bounce.contact].id.to_string();
    let campaign = account.reports[bounce.report].id.to_string();
    Event::new(
        kind,
        &campaign,
        &contact,
        bounce.at,
        &(number + 1).to_string(),
    )
}

/// A row has no word on hard or soft: one follows `links.code`, or reads the status in `source`, which may be long (sheet 4.4).
fn bounce_body(account: &Account, world: &World, number: usize, bounce: &Bounce) -> Value {
    let contact = &account.contacts[bounce.contact];
    let (id, email) = (number + 1, contact.address(world));
    let (code, status) = code(bounce);
    let campaign = account.reports[bounce.report].id.to_string();
    let trace = "Received: from mx.example.org (unknown [192.0.2.1])\n".repeat(1 + number % 40);
    let source =
        format!("Return-Path: <>\n{trace}Final-Recipient: rfc822; {email}\nStatus: {status}\n");
    let below = |name: &str| format!("{}/bounceLogs/{id}/{name}", account.base);
    let wall = account.zone.wall(bounce.at);
    json!({
        "id": id.to_string(), "tstamp": account.zone.stamp(bounce.at), "bounceid": "1",
        "subscriberid": contact.id.to_string(), "contact": contact.id.to_string(), "campaignid": campaign,
        "messageid": campaign, "codeid": code, "code": code, "email": email, "error": "", "source": source,
        "created_timestamp": wall, "updated_timestamp": wall, "created_by": null, "updated_by": null,
        "bounce": "1", "campaign": campaign, "message": campaign,
        "links": {
            "bounce": below("bounce"), "contact": below("contact"), "campaign": below("campaign"),
            "message": below("message"), "code": below("code"),
        },
    })
}

/// The id of a bounce's code, and the status of the mail server.
pub(super) fn code(bounce: &Bounce) -> (&'static str, &'static str) {
    if bounce.hard {
        ("48", "5.1.1")
    } else {
        ("51", "4.2.2")
    }
}

/// The bounces of one contact, with their keys.
pub(super) fn bounces_of(account: &Account, world: &World, id: u32) -> (Vec<Value>, Vec<String>) {
    let all = account.bounces.iter().enumerate();
    let mine = all.filter(|(_, bounce)| account.contacts[bounce.contact].id == id);
    mine.map(|(number, bounce)| {
        let key = bounce_event(account, number, bounce).key();
        (bounce_body(account, world, number, bounce), key)
    })
    .unzip()
}

/// `GET /bounceLogs`: undocumented, and so is whether it can be ordered (sheet 4.4).
pub(super) fn bounces(account: &Account, world: &World, call: &Call) -> Reply {
    if !account.options.global_bounces {
        return Err(Refusal::no_route());
    }
    let mut rows: Vec<(usize, &Bounce)> = account
        .bounces
        .iter()
        .enumerate()
        .filter(|(_, bounce)| account.contacts[bounce.contact].deleted.is_none())
        .collect();
    if account.options.bounce_order && call.order("id") == Some(true) {
        rows.reverse();
    }
    let mut served = Vec::new();
    let page: Vec<Value> = call
        .page(&rows)
        .iter()
        .map(|(number, bounce)| {
            served.push(bounce_event(account, *number, bounce).key());
            bounce_body(account, world, *number, bounce)
        })
        .collect();
    let total = rows.len().to_string();
    Ok(Answer::events(
        json!({"bounceLogs": page, "meta": {"total": total}}),
        served,
    ))
}

/// `GET /bounceLogs/{id}/code`. The sheet says to follow the link, not what lies there: this shape is a guess.
pub(super) fn bounce_code(account: &Account, id: &str) -> Reply {
    let number: Option<usize> = id.parse().ok();
    let bounce = number
        .and_then(|number| account.bounces.get(number.checked_sub(1)?))
        .ok_or_else(|| Refusal::no_result("BounceLog", id))?;
    let (code, status) = code(bounce);
    let kind = if bounce.hard { "hard" } else { "soft" };
    Ok(Answer::read(json!({
        "bounceCode": {"id": code, "code": status, "type": kind, "descript": "", "links": []},
    })))
}

/// `GET /activities`: of all contacts, or with `contact` of one; only of those whose page was asked for, if the account is
/// so, and with a vocabulary that is not documented (sheet 4.3). The time of a row has its offset.
pub(super) fn activities(account: &Account, call: &Call) -> Answer {
    let only = call.number("contact");
    let after = call
        .parameter("after")
        .and_then(|text| account.zone.parse(text));
    let lazy = account.options.activities_need_fetch;
    let mut rows = Vec::new();
    for report in &account.reports {
        for (number, known) in report.acts.iter().enumerate() {
            let contact = &account.contacts[known.contact];
            let wanted = contact.deleted.is_none()
                && (contact.fetched || !lazy)
                && only.is_none_or(|only| u64::from(contact.id) == only)
                && after.is_none_or(|after| known.at >= after);
            if wanted {
                rows.push((known.at, report, number, contact.id, known.link));
            }
        }
    }
    rows.sort_by_key(|(at, report, number, ..)| (*at, report.id, *number));
    if call.order("tstamp") == Some(true) {
        rows.reverse();
    }
    let page: Vec<Value> = call
        .page(&rows)
        .iter()
        .map(|(at, report, number, contact, link)| {
            let slot = link.map_or(0, |link| report.trackers + u32::from(link));
            let reference = (report.first_link + slot).to_string();
            json!({
                "id": format!("{}{number:06}", report.id), "tstamp": account.zone.stamp(*at),
                "subscriberid": contact.to_string(), "reference_type": "LinkData", "reference_id": reference,
                "reference_action": if link.is_some() { "click" } else { "open" }, "referenceModelName": "link-data",
                "reference": {"type": "link-data", "id": reference}, "jsonData": null, "userid": "1", "user": "1",
                "notes": [], "recipients": [],
            })
        })
        .collect();
    Answer::read(json!({"activities": page, "meta": {"total": rows.len().to_string()}}))
}
