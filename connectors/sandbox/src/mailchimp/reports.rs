//! What became of each campaign, as far as Mailchimp knows by now: sorted by recipient, counted once, served by the page.

use std::collections::HashMap;

use super::Skew;
use super::audience::Audience;
use crate::people::{Act, Campaign, Deed, Fate, Seconds, World};
use crate::rng;

/// How many opens, and how many clicks, email-activity gives of one member and campaign.
pub(super) const CAP: usize = 1_000;

/// Mail sent from here on (2024-06-22) has opens by privacy proxies told apart.
pub(super) const PROXIES_KNOWN_SINCE: Seconds = 1_719_014_400;

/// The counters of a report.
#[derive(Debug, Clone, Default)]
pub(super) struct Counters {
    pub(super) hard: usize,
    pub(super) soft: usize,
    pub(super) opens: usize,
    pub(super) human_opens: usize,
    pub(super) unique_opens: usize,
    pub(super) unique_human_opens: usize,
    pub(super) last_open: Option<Seconds>,
    pub(super) clicks: usize,
    pub(super) unique_clicks: usize,
    pub(super) clickers: usize,
    pub(super) last_click: Option<Seconds>,
    pub(super) unsubscribes: usize,
    pub(super) complaints: usize,
}

/// The rows of a report that have something after a time.
#[derive(Debug, Clone)]
struct View {
    key: (Kind, Option<Seconds>),
    rows: Vec<u32>,
}

/// Which rows a view holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Recipients with any activity.
    Active,
    /// Recipients who opened, or for whom a machine did.
    Openers,
    /// Recipients who left by this campaign.
    Leavers,
    /// Recipients who followed the link with this number.
    Clickers(u8),
}

/// One campaign, sorted by recipient.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) id: String,
    seen: usize,
    forgotten: usize,
    /// When something becomes known that is not yet.
    next: Option<Seconds>,
    acts: Vec<Act>,
    /// The places in [`Campaign::recipients`] of those who were not deleted for good.
    pub(super) rows: Vec<u32>,
    pub(super) counters: Counters,
    views: Vec<View>,
}

impl Report {
    /// What one recipient did, by time.
    pub(super) fn acts_of(&self, recipient: u32) -> &[Act] {
        let from = self.acts.partition_point(|act| act.recipient < recipient);
        let length = self.acts[from..].partition_point(|act| act.recipient == recipient);
        &self.acts[from..from + length]
    }

    /// Everything that was done, by recipient and time.
    pub(super) fn acts(&self) -> &[Act] {
        &self.acts
    }

    fn stale(&self, campaign: &Campaign, forgotten: usize, now: Seconds) -> bool {
        self.seen != campaign.acts.len()
            || self.forgotten != forgotten
            || self.rows.is_empty()
            || self.next.is_some_and(|next| next <= now)
    }

    fn build(&mut self, campaign: &Campaign, skew: Option<Skew>, now: Seconds) {
        let known = |act: &Act| act.at + Seconds::from(act.lag) * 60;
        let (acts, coming): (Vec<Act>, Vec<Act>) =
            campaign.acts.iter().partition(|act| known(act) <= now);
        let bounces = campaign
            .recipients
            .iter()
            .map(|mail| campaign.sent_at + Seconds::from(mail.after));
        let extra = skew.map(|skew| skewed(campaign, skew)).unwrap_or_default();
        let later = coming.iter().map(known);
        self.next = later
            .chain(bounces)
            .chain(extra.iter().map(|act| act.at))
            .filter(|at| *at > now)
            .min();
        self.seen = campaign.acts.len();
        self.acts = acts;
        self.acts.extend(extra.iter().filter(|act| act.at <= now));
        self.acts
            .sort_by_key(|act| (act.recipient, act.at, act.deed));
        self.counters = self.count(campaign, now);
        self.views.clear();
    }

    fn count(&self, campaign: &Campaign, now: Seconds) -> Counters {
        let mut sum = Counters::default();
        for mail in &campaign.recipients {
            match fate(campaign, mail.fate, mail.after, now) {
                Fate::HardBounce => sum.hard += 1,
                Fate::SoftBounce => sum.soft += 1,
                Fate::Delivered => {}
            }
        }
        for acts in self.acts.chunk_by(|a, b| a.recipient == b.recipient) {
            let opens = acts.iter().filter(|act| is_open(act.deed));
            let human = opens
                .clone()
                .filter(|act| !by_proxy(campaign, act.deed))
                .count();
            let all = opens.clone().count();
            sum.opens += all;
            sum.human_opens += human;
            sum.unique_opens += usize::from(all > 0);
            sum.unique_human_opens += usize::from(human > 0);
            sum.last_open = sum.last_open.max(opens.map(|act| act.at).max());
            let mut links: Vec<u8> = acts.iter().filter_map(|act| link(act.deed)).collect();
            sum.clicks += links.len();
            sum.clickers += usize::from(!links.is_empty());
            links.sort_unstable();
            links.dedup();
            sum.unique_clicks += links.len();
            let clicked = acts.iter().filter(|act| link(act.deed).is_some());
            sum.last_click = sum.last_click.max(clicked.map(|act| act.at).max());
            let did = |deed: Deed| acts.iter().filter(|act| act.deed == deed).count();
            sum.unsubscribes += did(Deed::Unsubscribe);
            sum.complaints += did(Deed::Complaint);
        }
        sum
    }

    /// The rows that have something of this kind after a time.
    pub(super) fn view(
        &mut self,
        campaign: &Campaign,
        kind: Kind,
        after: Option<Seconds>,
        now: Seconds,
    ) -> &[u32] {
        let key = (kind, after);
        let place = self.views.iter().position(|view| view.key == key);
        let place = place.unwrap_or_else(|| {
            let wanted = |act: &Act| {
                let is = match kind {
                    Kind::Active => is_open(act.deed) || link(act.deed).is_some(),
                    Kind::Openers => is_open(act.deed),
                    Kind::Leavers => act.deed == Deed::Unsubscribe,
                    Kind::Clickers(number) => link(act.deed) == Some(number),
                };
                is && after.is_none_or(|after| act.at > after)
            };
            let bounced = |row: u32| {
                kind == Kind::Active
                    && bounce(campaign, row, now)
                        .is_some_and(|(_, at)| after.is_none_or(|after| at > after))
            };
            let rows = self
                .rows
                .iter()
                .copied()
                .filter(|row| bounced(*row) || self.acts_of(*row).iter().any(wanted))
                .collect();
            if self.views.len() == 3 {
                self.views.remove(0);
            }
            self.views.push(View { key, rows });
            self.views.len() - 1
        });
        &self.views[place].rows
    }
}

/// How often somebody was mailed and reacted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) received: u32,
    pub(super) opened: u32,
    pub(super) clicked: u32,
}

/// The reports of a list, one for each campaign that was sent.
#[derive(Debug)]
pub(super) struct Reports {
    pub(super) list: Vec<Report>,
    by_id: HashMap<String, usize>,
    tallies: Vec<Tally>,
    tallied: (usize, usize),
    salt: u64,
}

impl Reports {
    pub(super) fn new(salt: u64) -> Self {
        Self {
            list: Vec::new(),
            by_id: HashMap::new(),
            tallies: Vec::new(),
            tallied: (0, 0),
            salt,
        }
    }

    /// The place of a campaign.
    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The id of a campaign, by number.
    pub(super) fn id(&self, campaign: u16) -> &str {
        self.list
            .get(usize::from(campaign))
            .map_or("", |report| &report.id)
    }

    /// How often a person was mailed and reacted.
    pub(super) fn tally(&self, person: u32) -> Tally {
        self.tallies
            .get(person as usize)
            .copied()
            .unwrap_or_default()
    }
}

impl Audience {
    /// The campaigns that were sent by now.
    pub(super) fn sent<'w>(&self, world: &'w World, now: Seconds) -> &'w [Campaign] {
        let all = world.campaigns(self.publication);
        let sent = all
            .iter()
            .take_while(|campaign| campaign.sent_at <= now)
            .count();
        &all[..sent]
    }

    /// Brings the reports up to date. Only what changed is sorted again.
    pub(super) fn refresh_reports(&mut self, world: &World, skew: Option<Skew>, now: Seconds) {
        let forgotten = self.forgotten.len();
        for (number, campaign) in self.sent(world, now).iter().enumerate() {
            if number == self.reports.list.len() {
                let id = format!(
                    "{:010x}",
                    rng::mix(&[self.reports.salt, 3, number as u64]) >> 24
                );
                self.reports.by_id.insert(id.clone(), number);
                self.reports.list.push(Report {
                    id,
                    ..Report::default()
                });
            }
            if !self.reports.list[number].stale(campaign, forgotten, now) {
                continue;
            }
            let rows = (0_u32..)
                .zip(&campaign.recipients)
                .filter(|(_, mail)| {
                    self.of_person(mail.person)
                        .is_some_and(|index| !self.members[index as usize].forgotten)
                })
                .map(|(row, _)| row)
                .collect();
            let report = &mut self.reports.list[number];
            report.rows = rows;
            report.forgotten = forgotten;
            report.build(campaign, skew, now);
        }
    }

    /// Counts anew how often everybody was mailed and reacted, where that changed.
    pub(super) fn refresh_tallies(&mut self, world: &World) {
        let reports = &mut self.reports;
        let state = (
            reports.list.len(),
            reports.list.iter().map(|report| report.acts.len()).sum(),
        );
        if reports.tallied == state {
            return;
        }
        reports.tallied = state;
        reports.tallies = vec![Tally::default(); world.people().len()];
        for (campaign, report) in world.campaigns(self.publication).iter().zip(&reports.list) {
            for mail in &campaign.recipients {
                reports.tallies[mail.person as usize].received += 1;
            }
            for acts in report.acts.chunk_by(|a, b| a.recipient == b.recipient) {
                let person = campaign.recipients[acts[0].recipient as usize].person;
                let tally = &mut reports.tallies[person as usize];
                tally.opened += u32::from(acts.iter().any(|act| is_open(act.deed)));
                tally.clicked += u32::from(acts.iter().any(|act| link(act.deed).is_some()));
            }
        }
    }
}

/// What became of a mail as far as it is known.
fn fate(campaign: &Campaign, fate: Fate, after: u16, now: Seconds) -> Fate {
    if campaign.sent_at + Seconds::from(after) <= now {
        fate
    } else {
        Fate::Delivered
    }
}

/// The bounce of a recipient, when there is one and it is known.
pub(super) fn bounce(campaign: &Campaign, row: u32, now: Seconds) -> Option<(Fate, Seconds)> {
    let mail = campaign.recipients[row as usize];
    let fate = fate(campaign, mail.fate, mail.after, now);
    (fate != Fate::Delivered).then_some((fate, campaign.sent_at + Seconds::from(mail.after)))
}

/// Whether a deed counts as an open: Mailchimp cannot tell machines from people here.
pub(super) const fn is_open(deed: Deed) -> bool {
    matches!(deed, Deed::Open | Deed::ProxyOpen | Deed::ScannerOpen)
}

/// Whether Mailchimp marks an open as made by a privacy proxy; scanners are not marked.
pub(super) fn by_proxy(campaign: &Campaign, deed: Deed) -> bool {
    deed == Deed::ProxyOpen && campaign.sent_at >= PROXIES_KNOWN_SINCE
}

/// The link that was followed.
pub(super) const fn link(deed: Deed) -> Option<u8> {
    match deed {
        Deed::Click(link) | Deed::ScannerClick(link) => Some(link),
        _ => None,
    }
}

/// More activity than the world has, of a few recipients.
fn skewed(campaign: &Campaign, skew: Skew) -> Vec<Act> {
    let chosen = (0_u32..)
        .zip(&campaign.recipients)
        .filter(|(row, mail)| row % skew.every.max(1) == 0 && mail.fate == Fate::Delivered);
    chosen
        .flat_map(|(recipient, _)| {
            (0..u32::from(skew.activities)).map(move |number| Act {
                recipient,
                at: campaign.sent_at + 3_600 + number * 37,
                lag: 0,
                deed: if number % 3 == 2 {
                    Deed::Click(0)
                } else {
                    Deed::Open
                },
            })
        })
        .collect()
}
