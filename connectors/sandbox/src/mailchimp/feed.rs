//! The activity feed of one member: campaigns, mails of flows, and leaving, newest first, without a total.

use serde_json::{Value, json};

use super::Mailchimp;
use super::account::Account;
use super::activity::reactions;
use super::answer::{Answer, Reply};
use super::audience::Audience;
use super::call::{Call, stamp};
use super::event::Kind;
use super::member::{Happened, Moment};
use crate::people::{Seconds, World};

/// The campaign id that mails of flows show, which has no report.
const FLOW: &str = "f10f10f10f";

/// `GET` of a member's activity feed.
pub(super) fn read(
    account: &mut Account,
    world: &World,
    call: &Call,
    list: usize,
    index: u32,
) -> Reply {
    let paging = call.paging()?;
    let (now, audience) = (account.now, &account.audiences[list]);
    let member = &audience.members[index as usize];
    let mut rows = campaigns(audience, world, index, now);
    rows.extend(
        member
            .moments
            .iter()
            .map(|moment| (moment.at, moment_body(*moment))),
    );
    rows.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let wanted: Option<Vec<&str>> = call
        .parameter("activity_filters")
        .map(|filters| filters.split(',').collect());
    let wanted = |row: &Value| {
        let kind = row["activity_type"].as_str().unwrap_or_default();
        wanted.as_ref().is_none_or(|wanted| wanted.contains(&kind))
    };
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|(_, row)| row)
        .filter(wanted)
        .collect();
    Ok(Answer::read(json!({
        "activity": paging.of(&rows), "email_id": hex::encode(member.hash), "list_id": audience.id,
    })))
}

/// What the reports know of one member.
fn campaigns(
    audience: &Audience,
    world: &World,
    index: u32,
    now: Seconds,
) -> Vec<(Seconds, Value)> {
    let Some(person) = audience.members[index as usize].person else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    for (place, campaign) in audience.sent(world, now).iter().enumerate() {
        let report = &audience.reports.list[place];
        let found = report
            .rows
            .iter()
            .copied()
            .find(|row| campaign.recipients[*row as usize].person == person);
        let Some(row) = found else { continue };
        let title = &campaign.subject;
        let body = |kind: &str, at: Seconds| {
            json!({
                "activity_type": kind, "created_at_timestamp": stamp(at),
                "campaign_id": report.id, "campaign_title": title,
            })
        };
        rows.push((campaign.sent_at, body("sent", campaign.sent_at)));
        for event in reactions(audience, campaign, place, row, now) {
            let row = match event.kind {
                Kind::Open => body("open", event.at),
                Kind::Click => {
                    let mut row = body("click", event.at);
                    row["link_clicked"] = json!(event.detail);
                    row
                }
                Kind::HardBounce | Kind::SoftBounce => {
                    let mut row = body("bounce", event.at);
                    let hard = event.kind == Kind::HardBounce;
                    row["bounce_type"] = json!(if hard { "hard" } else { "soft" });
                    row["bounce_has_open_activity"] = json!(false);
                    row
                }
                _ => continue,
            };
            rows.push((event.at, row));
        }
    }
    rows
}

fn moment_body(moment: Moment) -> Value {
    let at = stamp(moment.at);
    let flow = |kind: &str| {
        json!({
            "activity_type": kind, "created_at_timestamp": at, "campaign_id": FLOW,
            "campaign_title": "Welkom",
        })
    };
    match moment.what {
        Happened::FlowMail => flow("sent"),
        Happened::FlowOpen => flow("open"),
        Happened::Left { by_themselves } => json!({
            "activity_type": "unsub", "created_at_timestamp": at, "campaign_id": "",
            "campaign_title": "", "is_admin_unsubscribed": !by_themselves,
            "unsubscribe_reason": if by_themselves { "" } else { "N/A (Unsubscribed by admin)" },
        }),
    }
}

impl Mailchimp {
    /// A flow mails somebody now, which no report will show; `opened` says whether the mail is opened at once. Says whether
    /// there was such a member.
    pub fn flow_mails(&self, address: &str, opened: bool) -> bool {
        self.by_hand(address, |member, now| {
            let mut happen = |what| member.moments.push(Moment { at: now, what });
            happen(Happened::FlowMail);
            if opened {
                happen(Happened::FlowOpen);
            }
        })
    }

    /// Somebody leaves by their own hand, from every list, the archived included; says whether there was such a member.
    pub fn leaves(&self, address: &str) -> bool {
        self.by_hand(address, super::member::Member::leave)
    }
}
