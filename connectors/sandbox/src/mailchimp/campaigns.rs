//! Campaigns and the counters of their reports.

use serde_json::{Value, json};

use super::account::Account;
use super::activity::share;
use super::answer::{Answer, Reply};
use super::audience::Audience;
use super::call::{Call, stamp, stamp_or_empty};
use super::reports::Report;
use super::shop::Shop;
use crate::people::{Campaign, DAY, Seconds, World};

/// The campaigns of all lists that the filters let through, newest first, as the lists' and campaigns' places.
fn chosen(account: &Account, world: &World, call: &Call) -> Vec<(usize, usize)> {
    let (since, before) = (call.time("since_send_time"), call.time("before_send_time"));
    let inclusive = account.options.inclusive_bounds;
    let regular = call.parameter("type").is_none_or(|kind| kind == "regular");
    let mut all: Vec<(Seconds, usize, usize)> = Vec::new();
    for (list, audience) in account.audiences.iter().enumerate() {
        let wanted = call.parameter("list_id").is_none_or(|id| id == audience.id);
        for (place, campaign) in audience.sent(world, account.now).iter().enumerate() {
            let at = campaign.sent_at;
            let within = since.is_none_or(|since| at > since || inclusive && at == since)
                && before.is_none_or(|before| at < before || inclusive && at == before);
            if regular && wanted && within {
                all.push((at, list, place));
            }
        }
    }
    all.sort_unstable();
    if call.parameter("sort_dir") != Some("ASC") {
        all.reverse();
    }
    all.into_iter()
        .map(|(_, list, place)| (list, place))
        .collect()
}

/// `GET /reports`.
pub(super) fn reports(account: &Account, world: &World, call: &Call) -> Reply {
    let all = chosen(account, world, call);
    let rows: Vec<Value> = call
        .paging()?
        .of(&all)
        .iter()
        .map(|(list, place)| {
            let audience = &account.audiences[*list];
            let campaign = &world.campaigns(audience.publication)[*place];
            report(
                audience,
                campaign,
                &audience.reports.list[*place],
                &account.shop,
            )
        })
        .collect();
    Ok(Answer::read(
        json!({"reports": rows, "total_items": all.len()}),
    ))
}

/// One report: the counters, without the details.
pub(super) fn report(list: &Audience, campaign: &Campaign, report: &Report, shop: &Shop) -> Value {
    let sum = &report.counters;
    let sent = campaign.recipients.len();
    let delivered = sent - sum.hard - sum.soft;
    let (orders, cents) = shop.earned(list.publication, campaign.number);
    let industry = json!({
        "type": "Retail", "open_rate": 0.17, "click_rate": 0.02, "bounce_rate": 0.01, "unopen_rate": 0.8,
        "unsub_rate": 0.002, "abuse_rate": 0.0003,
    });
    json!({
        "id": report.id, "campaign_title": campaign.subject, "type": "regular", "list_id": list.id,
        "list_is_active": true, "list_name": list.name, "subject_line": campaign.subject, "preview_text": "",
        "emails_sent": sent, "abuse_reports": sum.complaints, "unsubscribed": sum.unsubscribes,
        "send_time": stamp(campaign.sent_at),
        "bounces": {"hard_bounces": sum.hard, "soft_bounces": sum.soft, "syntax_errors": 0},
        "forwards": {"forwards_count": 0, "forwards_opens": 0},
        "opens": {
            "opens_total": sum.opens, "proxy_excluded_opens": sum.human_opens,
            "unique_opens": sum.unique_opens, "proxy_excluded_unique_opens": sum.unique_human_opens,
            "open_rate": share(sum.unique_opens, delivered),
            "proxy_excluded_open_rate": share(sum.unique_human_opens, delivered),
            "last_open": stamp_or_empty(sum.last_open),
        },
        "clicks": {
            "clicks_total": sum.clicks, "unique_clicks": sum.unique_clicks, "unique_subscriber_clicks": sum.clickers,
            "click_rate": share(sum.clickers, delivered), "last_click": stamp_or_empty(sum.last_click),
        },
        "facebook_likes": {"recipient_likes": 0, "unique_likes": 0, "facebook_likes": 0},
        "industry_stats": industry,
        "list_stats": {"sub_rate": 0, "unsub_rate": 0, "open_rate": 0, "proxy_excluded_open_rate": 0, "click_rate": 0},
        "timeseries": [], "share_report": {"share_url": "", "share_password": ""},
        "ecommerce": {"total_orders": orders, "total_spent": money(cents), "total_revenue": money(cents), "currency_code": "EUR"},
        "delivery_status": {"enabled": false},
    })
}

/// Euros from cents.
pub(super) fn money(cents: u32) -> f64 {
    f64::from(cents) / 100.0
}

/// `GET /campaigns`: what was sent, and one draft whose times are empty.
pub(super) fn campaigns(account: &Account, world: &World, call: &Call) -> Reply {
    let timed =
        call.parameter("since_send_time").is_some() || call.parameter("before_send_time").is_some();
    let status = call.parameter("status");
    let mut rows: Vec<Value> = Vec::new();
    if status.is_none_or(|status| status == "save") && !timed {
        rows.extend(
            account
                .audiences
                .first()
                .map(|list| draft(list, account.now)),
        );
    }
    if status.is_none_or(|status| status == "sent") {
        rows.extend(
            chosen(account, world, call)
                .into_iter()
                .map(|(list, place)| {
                    let list = &account.audiences[list];
                    let campaign = &world.campaigns(list.publication)[place];
                    sent(list, campaign, &list.reports.list[place])
                }),
        );
    }
    let page = call.paging()?.of(&rows).to_vec();
    Ok(Answer::read(
        json!({"campaigns": page, "total_items": rows.len()}),
    ))
}

/// `GET /campaigns/{id}`.
pub(super) fn one(account: &Account, world: &World, id: &str) -> Reply {
    let (list, place) = account.campaign(id)?;
    let list = &account.audiences[list];
    let campaign = &world.campaigns(list.publication)[place];
    Ok(Answer::read(sent(
        list,
        campaign,
        &list.reports.list[place],
    )))
}

fn sent(list: &Audience, campaign: &Campaign, report: &Report) -> Value {
    let sum = &report.counters;
    let mut body = frame(
        list,
        &campaign.subject,
        campaign.sent_at.saturating_sub(DAY),
    );
    body["id"] = json!(report.id);
    body["web_id"] = json!(600_000 + u32::from(campaign.number));
    body["status"] = json!("sent");
    body["emails_sent"] = json!(campaign.recipients.len());
    body["send_time"] = json!(stamp(campaign.sent_at));
    body["recipients"]["recipient_count"] = json!(campaign.recipients.len());
    body["report_summary"] = json!({
        "opens": sum.opens, "unique_opens": sum.unique_opens,
        "open_rate": share(sum.unique_opens, campaign.recipients.len()),
        "clicks": sum.clicks, "subscriber_clicks": sum.clickers,
        "click_rate": share(sum.clickers, campaign.recipients.len()),
    });
    body
}

fn draft(list: &Audience, now: Seconds) -> Value {
    let mut body = frame(list, "", now.saturating_sub(DAY));
    body["id"] = json!(format!("d{}", &list.id[1..]));
    body["web_id"] = json!(599_999);
    body["status"] = json!("save");
    body["emails_sent"] = json!(0);
    body["send_time"] = json!("");
    body
}

fn frame(list: &Audience, subject: &str, created: Seconds) -> Value {
    json!({
        "type": "regular", "create_time": stamp(created), "archive_url": "https://archive.example.com/a",
        "long_archive_url": "https://archive.example.com/long", "content_type": "template",
        "needs_block_refresh": false, "resendable": false,
        "recipients": {"list_id": list.id, "list_is_active": true, "list_name": list.name, "segment_text": "", "recipient_count": 0},
        "settings": {
            "subject_line": subject, "preview_text": "", "title": subject, "from_name": "Voorbeeld",
            "reply_to": "post@example.nl", "use_conversation": false, "to_name": "", "folder_id": "",
            "authenticate": true, "auto_footer": false, "inline_css": false, "auto_tweet": false,
            "fb_comments": false, "timewarp": false, "template_id": 0, "drag_and_drop": true,
        },
        "tracking": {"opens": true, "html_clicks": true, "text_clicks": false, "goal_tracking": false,
            "ecomm360": true, "google_analytics": "", "clicktale": ""},
        "delivery_status": {"enabled": false},
    })
}
