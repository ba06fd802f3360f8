//! The activity feed of one member: the only place that shows mails of automation flows.
//!
//! It names no machine. An open in it may be a privacy proxy's, so that an open
//! of a mail with a report is asked for there, where proxies are marked. The
//! specification states no order, so none is relied on.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    Mailchimp, lists,
    wire::{FeedPage, FeedRow, OpenRow, ReportKindRow, time},
};
use crate::error::ConnectorError;

/// The largest page.
const ROWS: usize = 1_000;
/// How many pages are read of one member.
const PAGES: usize = 5;
/// What is asked for.
const KINDS: &str = "open,click,sent,unsub,order,conversation,survey_response,web_engagement,\
                     website_signup,landing_page_signup,ecommerce_signup,squatter_signup";

/// Something in a member's feed.
#[derive(Debug)]
pub(super) struct Item {
    kind: String,
    at: DateTime<Utc>,
    campaign: Option<String>,
    by_admin: Option<bool>,
}

/// Everything in a member's feed that tells of them; nothing for a member who is gone.
pub(super) async fn read(mailchimp: &Mailchimp, member: &str) -> Result<Vec<Item>, ConnectorError> {
    let (path, mut items) = (format!("{member}/activity-feed"), Vec::new());
    for page in 0..PAGES {
        let call = mailchimp.client.get(&path).query("count", ROWS);
        let call = call.query("offset", page * ROWS);
        let answer = call.query("activity_filters", KINDS).send().await?;
        if answer.status() == ::http::StatusCode::NOT_FOUND {
            break;
        }
        let rows = answer.json::<FeedPage>()?.activity;
        let full = rows.len() >= ROWS;
        items.extend(rows.into_iter().filter_map(item));
        if !full {
            break;
        }
    }
    Ok(items)
}

fn item(row: FeedRow) -> Option<Item> {
    Some(Item {
        kind: row.activity_type?,
        at: time(row.created_at_timestamp.as_deref()).ok().flatten()?,
        campaign: row.campaign_id.filter(|id| !id.is_empty()),
        by_admin: row.is_admin_unsubscribed,
    })
}

/// The ids of all mails whose sends we read from reports. Those of classic automations show opens and clicks only.
pub(super) async fn reported(mailchimp: &Mailchimp) -> Result<BTreeSet<String>, ConnectorError> {
    let fields = "reports.id,reports.type,total_items".to_owned();
    let rows: Vec<ReportKindRow> = lists::all(mailchimp, "reports", &[("fields", fields)]).await?;
    let sent = rows
        .into_iter()
        .filter(|row| row.r#type.as_deref() != Some("automation"));
    Ok(sent.map(|row| row.id).collect())
}

/// The last mail that no report shows, by its sending or by what was done with it.
pub(super) fn unreported_mail_at(
    items: &[Item],
    reported: &BTreeSet<String>,
) -> Option<DateTime<Utc>> {
    let mails = items
        .iter()
        .filter(|item| matches!(item.kind.as_str(), "sent" | "open" | "click"));
    mails
        .filter(|item| !item.is_reported(reported))
        .map(|item| item.at)
        .max()
}

/// The last sign of life. `member` is the digest of the address, by which reports know people.
pub(super) async fn last_active_at(
    mailchimp: &Mailchimp,
    items: &[Item],
    reported: &BTreeSet<String>,
    member: Option<&str>,
) -> Result<Option<DateTime<Utc>>, ConnectorError> {
    let own = items.iter().filter(|item| item.is_life(reported));
    let own = own.map(|item| item.at).max();
    let opens = items
        .iter()
        .filter(|item| item.kind == "open" && item.is_reported(reported));
    let newest = opens.max_by_key(|item| item.at);
    // Older opens of mails with a report have come with their marks by the stream.
    let Some((open, member)) = newest.filter(|open| Some(open.at) > own).zip(member) else {
        return Ok(own);
    };
    let campaign = open.campaign.as_deref().unwrap_or_default();
    let path = format!("reports/{campaign}/open-details/{member}");
    let answer = mailchimp.client.get(&path).send().await?;
    if !answer.status().is_success() {
        // Nobody says that it was a machine.
        return Ok(Some(open.at));
    }
    let person = answer.json::<OpenRow>()?.opens.into_iter();
    let person = person.filter(|open| open.is_proxy_open != Some(true));
    let person = person.filter_map(|open| time(open.timestamp.as_deref()).ok().flatten());
    Ok(own.max(person.max()))
}

/// Whether the last word of the member was to leave, by their own hand. What an
/// admin or the API did is marked as such; a mail's link names its campaign.
pub(super) fn left_themselves(items: &[Item]) -> bool {
    let word = |item: &&Item| item.kind == "unsub" || item.kind.ends_with("_signup");
    let last = items.iter().filter(word).max_by_key(|item| item.at);
    last.is_some_and(|item| {
        item.kind == "unsub"
            && match item.by_admin {
                Some(by_admin) => !by_admin,
                None => item.campaign.is_some(),
            }
    })
}

impl Item {
    /// Whether it belongs to a mail that has a report.
    fn is_reported(&self, reported: &BTreeSet<String>) -> bool {
        self.campaign
            .as_ref()
            .is_some_and(|id| reported.contains(id))
    }

    /// Whether it tells of a person by itself.
    fn is_life(&self, reported: &BTreeSet<String>) -> bool {
        match self.kind.as_str() {
            "open" => !self.is_reported(reported),
            "sent" | "unsub" => false,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn items(rows: &serde_json::Value) -> Vec<Item> {
        let page: FeedPage = serde_json::from_value(json!({"activity": rows})).unwrap();
        page.activity.into_iter().filter_map(item).collect()
    }

    fn row(kind: &str, day: u8) -> serde_json::Value {
        let at = format!("2026-11-{day:02}T08:00:00+00:00");
        json!({"activity_type": kind, "created_at_timestamp": at, "campaign_id": "c1"})
    }

    #[test]
    fn the_last_word_counts_in_whatever_order_the_feed_is() {
        let mut by_admin = row("unsub", 3);
        by_admin["is_admin_unsubscribed"] = json!(true);
        let mut themselves = row("unsub", 3);
        themselves["is_admin_unsubscribed"] = json!(false);
        let mut from_nowhere = row("unsub", 3);
        from_nowhere["campaign_id"] = json!("");
        let cases = [
            (json!([by_admin, row("unsub", 2)]), false),
            (json!([row("unsub", 2), by_admin]), false),
            (json!([by_admin, row("unsub", 4)]), true),
            (json!([themselves]), true),
            // A campaign is named by the link in its mail alone.
            (json!([row("unsub", 3)]), true),
            (json!([from_nowhere]), false),
            (json!([themselves, row("website_signup", 4)]), false),
            (json!([themselves, row("website_signup", 2)]), true),
            (json!([]), false),
        ];
        for (rows, left) in cases {
            assert_eq!(left_themselves(&items(&rows)), left, "{rows}");
        }
    }

    #[test]
    fn what_has_no_report_is_a_mail_that_is_not_reported() {
        let reported = BTreeSet::from(["c1".to_owned()]);
        let mut flow = row("open", 5);
        flow["campaign_id"] = json!("flow");
        let last = |rows: serde_json::Value| {
            unreported_mail_at(&items(&rows), &reported).map(|at| at.to_rfc3339())
        };
        assert_eq!(last(json!([row("sent", 7), row("click", 8)])), None);
        let rows = json!([row("sent", 7), flow, {"activity_type": "sent"}, 7, row("order", 9)]);
        assert_eq!(last(rows).as_deref(), Some("2026-11-05T08:00:00+00:00"));
    }
}
