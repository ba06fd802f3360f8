//! What became of each campaign: counters that are true to the world, and one row for each contact and link (sheet 4.1, 4.2).

use std::collections::{HashMap, HashSet};

use super::account::Account;
use super::hooks::{Happening, Initiator, What};
use crate::people::{Act, Campaign, Deed, Fate, Publication, Seconds, World};

/// The id of the first campaign that was sent; a draft has a lower one.
const FIRST_CAMPAIGN: u32 = 11;

/// So many seconds after the sending every bounce has come.
const LAST_BOUNCE: Seconds = 400;

/// The counters of a campaign.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counters {
    pub(super) opens: u32,
    pub(super) unique_opens: u32,
    pub(super) clicks: u32,
    /// Different pairs of contact and link.
    pub(super) unique_clicks: u32,
    /// Different contacts who clicked.
    pub(super) clickers: u32,
    pub(super) hard: u32,
    pub(super) soft: u32,
    pub(super) unsubscribes: u32,
    pub(super) replies: u32,
}

/// What one contact did with one link: how often, and when last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// The place of the contact in the account.
    pub(super) contact: usize,
    pub(super) at: Seconds,
    pub(super) times: u32,
}

/// Something that somebody did, as the platform knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) contact: usize,
    pub(super) at: Seconds,
    /// The place of the link; none for an open.
    pub(super) link: Option<u8>,
    /// Whether the contact did this with this link for the first time, as far as the platform knew then.
    pub(super) first: bool,
}

/// A bounce.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounce {
    pub(super) contact: usize,
    /// The place of the report.
    pub(super) report: usize,
    pub(super) at: Seconds,
    pub(super) hard: bool,
}

/// One campaign.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) id: u32,
    pub(super) publication: Publication,
    /// The place in the world's campaigns.
    pub(super) place: usize,
    /// The id of the first of its links, the pseudo links first.
    pub(super) first_link: u32,
    /// The mail of an automation, which the world does not know.
    pub(super) flow: Option<Campaign>,
    /// How many pseudo links it has.
    pub(super) trackers: u32,
    seen: usize,
    pending: Vec<Act>,
    sends_counted: bool,
    bounces_taken: bool,
    /// Rows of the opens, then of each link, by first appearance.
    pub(super) rows: Vec<Vec<Row>>,
    index: HashMap<(usize, usize), usize>,
    clickers: HashSet<usize>,
    pub(super) acts: Vec<Known>,
    pub(super) replies: Vec<(usize, Seconds)>,
    pub(super) counters: Counters,
}

impl Report {
    /// The campaign: its own, or in the world.
    pub(super) fn campaign<'w>(&'w self, world: &'w World) -> &'w Campaign {
        let whole = || &world.campaigns(self.publication)[self.place];
        self.flow.as_ref().unwrap_or_else(whole)
    }

    /// Takes an act in.
    pub(super) fn take(&mut self, contact: usize, at: Seconds, link: Option<u8>) -> Known {
        let slot = link.map_or(0, |link| usize::from(link) + 1);
        let rows = &mut self.rows[slot];
        let row = *self.index.entry((slot, contact)).or_insert_with(|| {
            rows.push(Row {
                contact,
                at,
                times: 0,
            });
            rows.len() - 1
        });
        let row = &mut rows[row];
        row.at = row.at.max(at);
        row.times += 1;
        let first = row.times == 1;
        let counters = &mut self.counters;
        if link.is_none() {
            counters.opens += 1;
            counters.unique_opens += u32::from(first);
        } else {
            counters.clicks += 1;
            counters.unique_clicks += u32::from(first);
            counters.clickers += u32::from(self.clickers.insert(contact));
        }
        let known = Known {
            contact,
            at,
            link,
            first,
        };
        self.acts.push(known);
        known
    }

    /// The acts that have become known, in that order.
    fn due(&mut self, campaign: &Campaign, now: Seconds) -> Vec<Act> {
        let known = |act: &Act| act.at + Seconds::from(act.lag) * 60;
        self.pending.extend_from_slice(&campaign.acts[self.seen..]);
        self.seen = campaign.acts.len();
        let (mut due, coming): (Vec<Act>, Vec<Act>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|act| known(act) <= now);
        self.pending = coming;
        due.sort_by_key(|act| (known(act), act.at, act.deed));
        due
    }
}

/// The link that was followed.
const fn link(deed: Deed) -> Option<u8> {
    match deed {
        Deed::Click(link) | Deed::ScannerClick(link) => Some(link),
        _ => None,
    }
}

impl Account {
    /// Makes a report with so many links.
    pub(super) fn open(
        &mut self,
        links: usize,
        publication: Publication,
        place: usize,
        flow: Option<Campaign>,
    ) {
        let number = u32::try_from(self.reports.len()).unwrap_or(u32::MAX / 2);
        let trackers = self.options.read_trackers.count();
        self.reports.push(Report {
            id: FIRST_CAMPAIGN + number,
            publication,
            place,
            flow,
            first_link: self.next_link,
            trackers,
            seen: 0,
            pending: Vec::new(),
            sends_counted: false,
            bounces_taken: false,
            rows: vec![Vec::new(); links + 1],
            index: HashMap::new(),
            clickers: HashSet::new(),
            acts: Vec::new(),
            replies: Vec::new(),
            counters: Counters::default(),
        });
        self.next_link += trackers + u32::try_from(links).unwrap_or(0);
    }

    /// Makes the report of the first automation's mail.
    pub(super) fn open_flow(&mut self) {
        let campaign = Campaign {
            number: u16::MAX,
            publication: Publication::Weekly,
            sent_at: self.now,
            subject: "Welkom".to_owned(),
            links: vec!["https://winkel.example.nl/welkom".to_owned()],
            recipients: Vec::new(),
            acts: Vec::new(),
        };
        self.open(1, Publication::Weekly, usize::MAX, Some(campaign));
    }

    /// Makes a report for each campaign that has gone out since.
    pub(super) fn open_reports(&mut self, world: &World) {
        let mut new = Vec::new();
        for list in &self.lists {
            let publication = list.publication;
            let of = |report: &&Report| report.publication == publication && report.flow.is_none();
            let known = self.reports.iter().filter(of).count();
            let campaigns = world.campaigns(publication).iter().enumerate().skip(known);
            let sent = campaigns.take_while(|(_, campaign)| campaign.sent_at <= self.now);
            new.extend(sent.map(|(place, campaign)| (campaign, publication, place)));
        }
        new.sort_by_key(|(campaign, publication, _)| (campaign.sent_at, *publication));
        for (campaign, publication, place) in new {
            self.open(campaign.links.len(), publication, place, None);
            if !self.hooks.is_empty() {
                self.happenings.push(Happening {
                    contact: None,
                    at: campaign.sent_at,
                    by: Initiator::Public,
                    what: What::Sent {
                        report: self.reports.len() - 1,
                    },
                });
            }
        }
    }

    /// Takes in what has become known of every campaign. What a contact did after its deletion is nobody's.
    pub(super) fn refresh_reports(&mut self, world: &World) {
        for place in 0..self.reports.len() {
            let report = &self.reports[place];
            if report.flow.is_some() {
                continue;
            }
            let campaign = &world.campaigns(report.publication)[report.place];
            self.take_bounces(campaign, place);
            for act in self.reports[place].due(campaign, self.now) {
                let person = campaign.recipients[act.recipient as usize].person;
                // Whoever left is told of by the milestones.
                let leaving = matches!(act.deed, Deed::Unsubscribe | Deed::Complaint);
                let Some(contact) = self.of_person(person).filter(|_| !leaving) else {
                    continue;
                };
                self.contacts[contact].proxied |= act.deed == Deed::ProxyOpen;
                let known = self.reports[place].take(contact, act.at, link(act.deed));
                let what = What::Read {
                    report: place,
                    known,
                };
                self.tell(contact, act.at, Initiator::Public, what);
            }
        }
    }

    fn take_bounces(&mut self, campaign: &Campaign, place: usize) {
        if !self.reports[place].sends_counted {
            self.reports[place].sends_counted = true;
            for mail in &campaign.recipients {
                if let Some(contact) = self.of_person(mail.person) {
                    self.contacts[contact].sent += 1;
                }
            }
        }
        // Bounces come within minutes of the sending: they are taken in when all of them have come.
        if self.reports[place].bounces_taken || self.now < campaign.sent_at + LAST_BOUNCE {
            return;
        }
        self.reports[place].bounces_taken = true;
        let mut bounced: Vec<_> = campaign
            .recipients
            .iter()
            .filter(|mail| mail.fate != Fate::Delivered)
            .collect();
        bounced.sort_by_key(|mail| mail.after);
        for mail in bounced {
            let Some(contact) = self.of_person(mail.person) else {
                continue;
            };
            let (at, hard) = (
                campaign.sent_at + Seconds::from(mail.after),
                mail.fate == Fate::HardBounce,
            );
            let counters = &mut self.reports[place].counters;
            counters.hard += u32::from(hard);
            counters.soft += u32::from(!hard);
            let member = &mut self.contacts[contact];
            member.hard += u32::from(hard);
            member.soft += u32::from(!hard);
            member.bounced_at = Some(at);
            member.changed = member.changed.max(at);
            self.bounces.push(Bounce {
                contact,
                report: place,
                at,
                hard,
            });
            let bounce = self.bounces.len() - 1;
            self.tell(contact, at, Initiator::Public, What::Bounce { bounce });
        }
    }
}
