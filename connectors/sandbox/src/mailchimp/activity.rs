//! `/reports`: counters of each campaign, and what its recipients did, one row for each recipient.

use axum::http::Method;
use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, Problem, Reply};
use super::audience::Audience;
use super::call::{Call, stamp, stamp_or_empty};
use super::campaigns;
use super::event::{self, Event, Kind};
use super::member::Member;
use super::reports::{self, CAP, Report, bounce, by_proxy, is_open, link};
use crate::people::{Campaign, Fate, Seconds, World};

/// Everything below `/reports`.
pub(super) fn route(account: &mut Account, world: &World, call: &Call, rest: &[&str]) -> Reply {
    if call.method != Method::GET {
        return Err(Problem::method());
    }
    let [id, rest @ ..] = rest else {
        return campaigns::reports(account, world, call);
    };
    let (list, place) = account.campaign(id)?;
    let Account {
        audiences,
        now,
        options,
        shop,
        ..
    } = account;
    let audience = &mut audiences[list];
    let campaign = &world.campaigns(audience.publication)[place];
    let mut desk = Desk {
        audience,
        place,
        campaign,
        world,
        call,
        now: *now,
    };
    match rest {
        [] => Ok(Answer::read(campaigns::report(
            desk.audience,
            campaign,
            desk.report(),
            shop,
        ))),
        ["email-activity"] => desk.email_activity(options.since_drops_quiet),
        ["open-details"] => desk.open_details(),
        ["open-details", member] => desk.opener(member),
        ["sent-to"] => desk.sent_to(),
        ["unsubscribed"] => desk.unsubscribed(),
        ["abuse-reports"] => Ok(desk.complaints()),
        ["click-details"] => desk.links(),
        ["click-details", link] => desk.link(link),
        ["click-details", link, "members"] => desk.clickers(link),
        ["sub-reports"] => Ok(Answer::read(
            json!({"reports": [], "campaign_id": *id, "total_items": 0}),
        )),
        _ => Err(Problem::not_found()),
    }
}

/// One campaign's report, while it is asked for something.
struct Desk<'a> {
    audience: &'a mut Audience,
    place: usize,
    campaign: &'a Campaign,
    world: &'a World,
    call: &'a Call,
    now: Seconds,
}

impl Desk<'_> {
    fn report(&self) -> &Report {
        &self.audience.reports.list[self.place]
    }

    /// A page of the recipients who have something of this kind, with the number of all of them.
    fn page(
        &mut self,
        kind: reports::Kind,
        after: Option<Seconds>,
    ) -> Result<(Vec<u32>, usize), Problem> {
        let paging = self.call.paging()?;
        let report = &mut self.audience.reports.list[self.place];
        let rows = report.view(self.campaign, kind, after, self.now);
        Ok((paging.of(rows).to_vec(), rows.len()))
    }

    fn member(&self, row: u32) -> Option<&Member> {
        let person = self.campaign.recipients[row as usize].person;
        let index = self.audience.of_person(person)?;
        self.audience.members.get(index as usize)
    }

    /// What the rows of all details begin with.
    fn head(&self, member: &Member) -> Value {
        json!({
            "email_id": hex::encode(member.hash), "email_address": member.address(self.world),
            "campaign_id": self.report().id, "list_id": self.audience.id, "list_is_active": true,
        })
    }

    /// The same with what rows about people have.
    fn person(&self, member: &Member) -> Value {
        let mut row = self.head(member);
        let names = ["FNAME", "LNAME"].into_iter().zip(0_u16..);
        row["merge_fields"] = names
            .map(|(tag, number)| {
                (
                    tag.to_owned(),
                    self.audience.field(self.world, member, number),
                )
            })
            .collect::<serde_json::Map<_, _>>()
            .into();
        row["vip"] = json!(false);
        row
    }

    fn body(&self, name: &str, rows: Vec<Value>, total: usize) -> Value {
        let mut body = json!({"campaign_id": self.report().id, "total_items": total});
        body[name] = Value::Array(rows);
        body
    }

    /// One row for each recipient, most of them without activity.
    fn email_activity(&mut self, since_drops_quiet: bool) -> Reply {
        let since = self.call.time("since");
        let (page, total) = if since.is_some() && since_drops_quiet {
            self.page(reports::Kind::Active, since)?
        } else {
            let rows = &self.report().rows;
            (self.call.paging()?.of(rows).to_vec(), rows.len())
        };
        let mut served = Vec::new();
        let mut rows = Vec::with_capacity(page.len());
        for row in page {
            let Some(member) = self.member(row) else {
                continue;
            };
            let events: Vec<Event> =
                reactions(self.audience, self.campaign, self.place, row, self.now)
                    .into_iter()
                    .filter(|event| since.is_none_or(|since| event.at > since))
                    .collect();
            let mut body = self.head(member);
            body["activity"] = events.iter().map(|event| activity(event, row)).collect();
            rows.push(body);
            served.extend(events.iter().map(Event::key));
        }
        Ok(Answer::events(self.body("emails", rows, total), served))
    }

    /// Who opened, and the only place where privacy proxies are told apart.
    fn open_details(&mut self) -> Reply {
        let since = self.call.time("since");
        let (page, total) = self.page(reports::Kind::Openers, since)?;
        let mut served = Vec::new();
        let mut rows = Vec::with_capacity(page.len());
        for row in page {
            let Some(member) = self.member(row) else {
                continue;
            };
            let events = reactions(self.audience, self.campaign, self.place, row, self.now);
            let shown = events.iter().filter(|event| {
                event.kind == Kind::Open && since.is_none_or(|since| event.at > since)
            });
            let body = self.opener_body(member, &events, since);
            rows.push(body);
            served.extend(shown.map(Event::key));
        }
        let mut body = self.body("members", rows, total);
        let counters = &self.report().counters;
        body["total_opens"] = json!(counters.opens);
        body["total_proxy_excluded_opens"] = json!(counters.human_opens);
        Ok(Answer::events(body, served))
    }

    /// One member who opened.
    fn opener_body(&self, member: &Member, events: &[Event], since: Option<Seconds>) -> Value {
        let opens = events.iter().filter(|event| event.kind == Kind::Open);
        let shown = opens
            .clone()
            .filter(|open| since.is_none_or(|since| open.at > since));
        let mut body = self.person(member);
        body["contact_status"] = json!(member.status.word());
        body["opens_count"] = json!(opens.clone().count());
        body["proxy_excluded_opens_count"] = json!(opens.filter(|open| !open.by_proxy).count());
        body["opens"] = shown
            .map(|open| json!({"timestamp": stamp(open.at), "is_proxy_open": open.by_proxy}))
            .collect();
        body
    }

    /// What `open-details` says of one member, by the hash of the address.
    fn opener(&self, key: &str) -> Reply {
        let rows = self.report().rows.iter().copied();
        let mut own = rows.filter_map(|row| Some((row, self.member(row)?)));
        let found = own.find(|(_, member)| hex::encode(member.hash) == key);
        let (row, member) = found.ok_or_else(Problem::not_found)?;
        let events = reactions(self.audience, self.campaign, self.place, row, self.now);
        if !events.iter().any(|event| event.kind == Kind::Open) {
            return Err(Problem::not_found());
        }
        Ok(Answer::read(self.opener_body(member, &events, None)))
    }

    fn sent_to(&mut self) -> Reply {
        let all = &self.report().rows;
        let total = all.len();
        let page = self.call.paging()?.of(all).to_vec();
        let mut served = Vec::new();
        let mut rows = Vec::with_capacity(page.len());
        for row in page {
            let Some(member) = self.member(row) else {
                continue;
            };
            let opens = self
                .report()
                .acts_of(row)
                .iter()
                .filter(|act| is_open(act.deed));
            let mut body = self.person(member);
            body["status"] = json!(match bounce(self.campaign, row, self.now) {
                Some((Fate::HardBounce, _)) => "hard",
                Some(_) => "soft",
                None => "sent",
            });
            body["open_count"] = json!(opens.clone().count());
            body["last_open"] = json!(stamp_or_empty(opens.map(|act| act.at).max()));
            body["gmt_offset"] = json!(0);
            rows.push(body);
            let id = &self.report().id;
            served.push(Event::new(Kind::Send, id, &member.hash, self.campaign.sent_at, "").key());
        }
        Ok(Answer::events(self.body("sent_to", rows, total), served))
    }

    fn unsubscribed(&mut self) -> Reply {
        let (page, total) = self.page(reports::Kind::Leavers, None)?;
        let mut served = Vec::new();
        let mut rows = Vec::with_capacity(page.len());
        for row in page {
            let acts = self.report().acts_of(row);
            let left = acts
                .iter()
                .find(|act| act.deed == crate::people::Deed::Unsubscribe);
            let (Some(member), Some(left)) = (self.member(row), left) else {
                continue;
            };
            let mut body = self.person(member);
            body["timestamp"] = json!(stamp(left.at));
            body["reason"] = json!(if row % 3 == 0 {
                "I no longer want to receive these emails"
            } else {
                "None given"
            });
            rows.push(body);
            let id = &self.report().id;
            served.push(Event::new(Kind::Unsubscribe, id, &member.hash, left.at, "").key());
        }
        Ok(Answer::events(
            self.body("unsubscribes", rows, total),
            served,
        ))
    }

    /// All of them on one page: this one route knows no paging.
    fn complaints(&self) -> Answer {
        let mut served = Vec::new();
        let mut rows = Vec::new();
        for complaint in &self.audience.complaints {
            let member = &self.audience.members[complaint.member as usize];
            if usize::from(complaint.campaign) != self.place || member.forgotten {
                continue;
            }
            let mut body = self.person(member);
            body["id"] = json!(complaint.id);
            body["date"] = json!(stamp(complaint.at));
            rows.push(body);
            let id = &self.report().id;
            served.push(Event::new(Kind::Complaint, id, &member.hash, complaint.at, "").key());
        }
        let total = rows.len();
        Answer::events(self.body("abuse_reports", rows, total), served)
    }

    fn links(&self) -> Reply {
        let paging = self.call.paging()?;
        let links: Vec<Value> = (0_u8..)
            .zip(&self.campaign.links)
            .map(|(number, _)| self.link_body(number))
            .collect();
        let rows = paging.of(&links).to_vec();
        Ok(Answer::read(self.body("urls_clicked", rows, links.len())))
    }

    fn link(&self, id: &str) -> Reply {
        Ok(Answer::read(self.link_body(self.link_number(id)?)))
    }

    fn link_number(&self, id: &str) -> Result<u8, Problem> {
        (0_u8..)
            .zip(&self.campaign.links)
            .map(|(number, _)| number)
            .find(|number| self.link_id(*number) == id)
            .ok_or_else(Problem::not_found)
    }

    fn link_id(&self, number: u8) -> String {
        format!("{}{number:02x}", &self.report().id[..8])
    }

    fn link_body(&self, number: u8) -> Value {
        let report = self.report();
        let clicks = report
            .acts()
            .iter()
            .filter(|act| link(act.deed) == Some(number));
        let mut people: Vec<u32> = clicks.clone().map(|act| act.recipient).collect();
        let total = people.len();
        people.dedup();
        let part = |number: usize, of: usize| share(number, of);
        json!({
            "id": self.link_id(number), "url": self.campaign.links[usize::from(number)],
            "total_clicks": total, "click_percentage": part(total, report.counters.clicks),
            "unique_clicks": people.len(), "unique_click_percentage": part(people.len(), report.counters.unique_clicks),
            "last_click": stamp_or_empty(clicks.map(|act| act.at).max()), "campaign_id": report.id,
        })
    }

    /// Who followed a link: how often, but not when.
    fn clickers(&mut self, id: &str) -> Reply {
        let number = self.link_number(id)?;
        let (page, total) = self.page(reports::Kind::Clickers(number), None)?;
        let mut rows = Vec::with_capacity(page.len());
        for row in page {
            let Some(member) = self.member(row) else {
                continue;
            };
            let acts = self.report().acts_of(row).iter();
            let mut body = self.person(member);
            body["clicks"] = json!(acts.filter(|act| link(act.deed) == Some(number)).count());
            body["url_id"] = json!(id);
            body["contact_status"] = json!(member.status.word());
            rows.push(body);
        }
        Ok(Answer::read(self.body("members", rows, total)))
    }
}

/// A part of a whole, 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "a rate needs no more precision")]
pub(super) fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// What email-activity has of one recipient by now: the bounce, at most 1,000 opens and 1,000 clicks, by time.
pub(super) fn reactions(
    audience: &Audience,
    campaign: &Campaign,
    place: usize,
    row: u32,
    now: Seconds,
) -> Vec<Event> {
    let report = &audience.reports.list[place];
    let person = campaign.recipients[row as usize].person;
    let Some(index) = audience.of_person(person) else {
        return Vec::new();
    };
    let hash = &audience.members[index as usize].hash;
    let mut events: Vec<Event> = Vec::new();
    if let Some((fate, at)) = bounce(campaign, row, now) {
        let kind = match fate {
            Fate::HardBounce => Kind::HardBounce,
            _ => Kind::SoftBounce,
        };
        events.push(Event::new(kind, &report.id, hash, at, ""));
    }
    let (mut opens, mut clicks) = (0, 0);
    for act in report.acts_of(row) {
        if is_open(act.deed) && opens < CAP {
            opens += 1;
            let mut open = Event::new(Kind::Open, &report.id, hash, act.at, "");
            open.by_proxy = by_proxy(campaign, act.deed);
            events.push(open);
        }
        if let Some(number) = link(act.deed).filter(|_| clicks < CAP) {
            clicks += 1;
            let url = &campaign.links[usize::from(number)];
            events.push(Event::new(Kind::Click, &report.id, hash, act.at, url));
        }
    }
    event::number(&mut events);
    events
}

/// One activity of a row; the IP address is missing now and then.
fn activity(event: &Event, row: u32) -> Value {
    let at = stamp(event.at);
    let mut body = match event.kind {
        Kind::HardBounce => json!({"action": "bounce", "type": "hard", "timestamp": at}),
        Kind::SoftBounce => json!({"action": "bounce", "type": "soft", "timestamp": at}),
        Kind::Click => json!({"action": "click", "timestamp": at, "url": event.detail}),
        _ => json!({"action": "open", "timestamp": at}),
    };
    let known = !matches!(event.kind, Kind::HardBounce | Kind::SoftBounce) && row % 11 != 5;
    if known {
        body["ip"] = json!(format!("203.0.113.{}", row % 250));
    }
    body
}
